/* cmd/service.c - rows and requests: from the running service or its store. */
#include "cmd/service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "conf/config.h"
#include "doc/doc.h"
#include "net/local.h"
#include "store/store.h"

#define ARENA_BYTES   ((size_t)512 << 20)
#define PROBE_TIMEOUT (5 * CLOCK_SECOND)
#define LIST_TIMEOUT  (30 * CLOCK_SECOND)
#define SHORT_DIGITS  10
#define DEPTH_MAX     16

/* --- opening --- */

static int open_store(struct service *service, const char *config_file,
		      struct error *err)
{
	struct config *config = NULL;

	int rc = config_load(&config, config_file, err);
	if (rc == 0)
		rc = store_open(&service->store, config->server.store, STORE_READ_ONLY,
				err);
	config_free(config);
	return rc;
}

/* Whether somebody answers at the socket. */
static int probe(const char *socket, struct error *err)
{
	struct local_reply reply;

	int rc = local_request(socket, "GET", "/healthz", NULL, 0, PROBE_TIMEOUT,
			       &reply, err);
	local_reply_release(&reply);
	return rc;
}

int service_open(struct service *service, const char *socket, const char *config_file,
		 bool offline, struct error *err)
{
	struct error silence = ERROR_INIT;
	struct error closed = ERROR_INIT;

	*service = (struct service){ .arena = arena_new(ARENA_BYTES) };
	if (!service->arena)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = cmd_socket(socket, config_file, &service->socket, err);
	if (rc != 0)
		return rc;
	rc = probe(service->socket, &silence);
	if (rc == 0)
		return 0;
	if (rc != ERROR_NOT_FOUND || !offline || socket || !path_exists(config_file))
		return error_set(err, rc, "%s", silence.text);
	rc = open_store(service, config_file, &closed);
	if (rc != 0)
		return error_set(err, rc, "%s; and its store cannot be read: %s",
				 silence.text, closed.text);
	return 0;
}

void service_close(struct service *service)
{
	store_close(service->store);
	arena_free(service->arena);
	free(service->socket);
	*service = (struct service){ 0 };
}

int service_forget(struct service *service, struct error *err)
{
	arena_free(service->arena);
	service->arena = arena_new(ARENA_BYTES);
	return service->arena ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* --- lists --- */

static void add_text(struct buf *path, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', name);
	local_escape(path, value);
}

static void add_number(struct buf *path, const char *name, uint64_t value)
{
	if (value)
		buf_addf(path, "%c%s=%" PRIu64, strchr(path->data, '?') ? '&' : '?',
			 name, value);
}

static void write_path(struct buf *path, const struct msg_query *query)
{
	buf_addf(path, "/api/v1/%s", query->what);
	add_text(path, "repository", query->repository);
	add_text(path, "target", query->target);
	add_text(path, "ref", query->ref);
	add_text(path, "state", query->state);
	add_text(path, "source", query->source);
	add_number(path, "before", query->before);
	add_number(path, "limit", query->limit);
	add_number(path, "id", query->id);
	add_number(path, "number", query->number);
}

/* Text of the API as a tree; all of it is our own, so what cannot be read is a fault of
 * the service. */
int service_parse(struct service *service, const char *text, size_t length,
		  const struct node **out, struct error *err)
{
	struct doc_problem problem = { 0 };
	struct docs docs = { 0 };
	struct limits limits = limits_default;

	limits.values[LIMIT_JSON_NODES] *= 8; /* 50,000 refs */
	int rc = docs_parse(&docs, service->arena, DOC_JSON, text, length, &limits,
			    &problem);
	if (rc != 0)
		return error_set(err, rc, "the service's answer cannot be read: %s",
				 problem.message);
	if (docs.count != 1 || node_kind(docs.roots[0]) != NODE_MAPPING)
		return error_set(err, ERROR_SYNTAX,
				 "the service's answer is no object");
	*out = docs.roots[0];
	return 0;
}

static int request_list(const struct service *service, const struct msg_query *query,
			struct buf *out, struct error *err)
{
	struct buf path = BUF_INIT(8192);
	struct local_reply reply = { 0, BUF_INIT(0) };

	write_path(&path, query);
	int rc = buf_status(&path, "the request", err);
	if (rc == 0)
		rc = cmd_request(service->socket, "GET", path.data, NULL, LIST_TIMEOUT,
				 &reply, err);
	buf_release(&path);
	if (rc != 0) {
		local_reply_release(&reply);
		return rc;
	}
	*out = reply.body;
	return 0;
}

int service_list(struct service *service, const struct msg_query *query,
		 const struct node **items, uint64_t *next, struct error *err)
{
	struct buf text;
	const struct node *root;

	buf_init(&text, (size_t)limits_default.values[LIMIT_HTTP_MAX_BODY]);
	int rc = service->store ? rows_from_store(service->store, service->arena, query,
						  &text, err)
				: request_list(service, query, &text, err);
	if (rc == 0)
		rc = service_parse(service, text.data, text.length, &root, err);
	buf_release(&text);
	if (rc != 0)
		return rc;
	*items = node_get(root, "items");
	if (node_kind(*items) != NODE_SEQUENCE)
		return error_set(err, ERROR_SYNTAX, "the service's answer has no rows");
	if (next)
		*next = row_number(root, "next");
	return 0;
}

int service_first(struct service *service, const struct msg_query *query,
		  const struct node **row, struct error *err)
{
	const struct node *items;

	int rc = service_list(service, query, &items, NULL, err);
	if (rc == 0 && node_count(items) == 0)
		return ERROR_NOT_FOUND;
	if (rc == 0)
		*row = node_item(items, 0);
	return rc;
}

/* --- commands --- */

int service_post(struct service *service, const char *path, const char *body,
		 int64_t timeout, const struct node **answer, struct error *err)
{
	struct local_reply reply = { 0, BUF_INIT(0) };

	int rc = cmd_request(service->socket, "POST", path, body ? body : "{}", timeout,
			     &reply, err);
	if (rc == 0)
		rc = service_parse(service, reply.body.data, reply.body.length, answer,
				   err);
	local_reply_release(&reply);
	return rc;
}

int service_command(struct service *service, const char *target, const char *verb,
		    const struct buf *body, const struct node **answer,
		    struct error *err)
{
	struct buf path = BUF_INIT(4096);

	buf_add_string(&path, "/api/v1/targets/");
	local_escape(&path, target);
	buf_addf(&path, "/%s", verb);
	int rc = buf_status(&path, "the request", err);
	if (rc == 0)
		rc = buf_status(body, "the request", err);
	if (rc == 0)
		rc = service_post(service, path.data, body->data, LIST_TIMEOUT, answer,
				  err);
	buf_release(&path);
	return rc;
}

/* --- one row --- */

const char *row_text(const struct node *row, const char *key)
{
	const struct node *value = node_get(row, key);
	const char *text =
		node_kind(value) == NODE_STRING ? node_text(value, NULL) : NULL;

	return text && *text ? text : NULL;
}

uint64_t row_number(const struct node *row, const char *key)
{
	const struct node *value = node_get(row, key);
	uint64_t number = 0;

	if (node_kind(value) != NODE_INTEGER ||
	    text_parse_u64(node_text(value, NULL), &number) != 0)
		return 0;
	return number;
}

bool row_flag(const struct node *row, const char *key)
{
	return node_boolean(node_get(row, key));
}

int64_t row_time(const struct node *row, const char *key)
{
	const char *text = row_text(row, key);
	int64_t when = 0;

	return text && clock_parse(text, &when) == 0 ? when : 0;
}

const char *row_short(const struct node *row, const char *key)
{
	static char shown[8][SHORT_DIGITS + 1];
	static unsigned int turn;
	const char *text = row_text(row, key);

	if (!text)
		return "-";
	return text_escape_into(shown[turn++ % 8], SHORT_DIGITS + 1, text,
				strnlen(text, SHORT_DIGITS));
}

static void write_node(struct json *json, const struct node *node, int depth)
{
	size_t length = 0;
	const char *text;

	switch (node_kind(node)) {
	case NODE_UNKNOWN:
	case NODE_NULL:
		json_null(json);
		return;
	case NODE_BOOLEAN:
		json_boolean(json, node_boolean(node));
		return;
	case NODE_INTEGER:
	case NODE_DECIMAL:
		text = node_text(node, &length);
		json_raw(json, text, length);
		return;
	case NODE_STRING:
		text = node_text(node, &length);
		json_bytes(json, text, length);
		return;
	case NODE_SEQUENCE:
		json_array(json);
		for (size_t i = 0; depth > 0 && i < node_count(node); i++)
			write_node(json, node_item(node, i), depth - 1);
		json_array_end(json);
		return;
	case NODE_MAPPING:
		json_object(json);
		for (size_t i = 0; depth > 0 && i < node_count(node); i++) {
			json_key(json, node_text(node_key(node, i), NULL));
			write_node(json, node_item(node, i), depth - 1);
		}
		json_object_end(json);
		return;
	}
}

void json_node(struct json *json, const struct node *node)
{
	write_node(json, node, DEPTH_MAX);
}
