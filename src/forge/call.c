/* forge/call.c - one call of a forge's API, and lists page by page. */
#include "forge/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "doc/doc.h"
#include "net/http.h"

#define SAID_BYTES 300
#define PAGE_BYTES ((size_t)256 << 20) /* a page as nodes: at most */
#define UNTOLD_RETRY                                                                   \
	(60 * CLOCK_SECOND) /* limited, and the forge does not say when                \
			     */
#define RIGHT_UNKNOWN "it may not do this"
#define LAST_SUCCESS  299 /* of HTTP's statuses */

/* --- targets --- */

/* One segment, or several when slashes stay. Dots alone would climb. */
static bool add_segments(struct buf *out, const char *text, bool slashes)
{
	char segment[CALL_TARGET_BYTES];
	for (;;) {
		size_t length = slashes ? strcspn(text, "/") : strlen(text);
		if (length >= sizeof(segment))
			return false;
		memcpy(segment, text, length);
		segment[length] = '\0';
		if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
			return false;
		http_escape(out, segment);
		if (text[length] == '\0')
			return true;
		buf_add_byte(out, '/');
		text += length + 1;
	}
}

const char *call_target(struct arena *arena, const char *pattern, ...)
{
	struct buf target = BUF_INIT(CALL_TARGET_BYTES - 1);
	va_list arguments;
	bool good = true;
	va_start(arguments, pattern);
	while (good && *pattern != '\0') {
		if (text_starts_with(pattern, "{}")) {
			good = add_segments(&target, va_arg(arguments, const char *),
					    false);
			pattern += 2;
		} else if (text_starts_with(pattern, "{/}")) {
			good = add_segments(&target, va_arg(arguments, const char *),
					    true);
			pattern += 3;
		} else if (text_starts_with(pattern, "{#}")) {
			buf_addf(&target, "%llu",
				 (unsigned long long)va_arg(arguments, uint64_t));
			pattern += 3;
		} else {
			buf_add_byte(&target, (unsigned char)*pattern++);
		}
	}
	va_end(arguments);
	const char *made =
		good && target.failed == 0 ? arena_string(arena, target.data) : NULL;
	buf_release(&target);
	return made;
}

/* --- what the forge said --- */

static void add_said(struct buf *out, const struct node *node, const char *key);

/* Of the reply itself: the members in which forges say what is wrong. */
static void add_said_top(struct buf *out, const struct node *node)
{
	static const char *const members[] = { "message", "error", "errors",
					       "error_description", "detail" };
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		add_said(out, node_get(node, members[i]), NULL);
}

/* Within them: everything, by its name where that tells something. */
static void add_said_members(struct buf *out, const struct node *node)
{
	for (size_t i = 0; i < node_count(node) && out->failed == 0; i++) {
		const char *key = node_text(node_key(node, i), NULL);
		bool plain = strcmp(key, "message") == 0 || strcmp(key, "detail") == 0;
		add_said(out, node_item(node, i), plain ? NULL : key);
	}
}

/* Strings at any depth, joined. The reader bounds the depth. */
static void add_said(struct buf *out, const struct node *node, const char *key)
{
	switch (node_kind(node)) {
	case NODE_STRING:
		if (out->length > 0)
			buf_add_string(out, ", ");
		if (key != NULL)
			buf_addf(out, "%s ", key);
		buf_add_string(out, node_text(node, NULL));
		break;
	case NODE_SEQUENCE:
		for (size_t i = 0; i < node_count(node) && out->failed == 0; i++)
			add_said(out, node_item(node, i), key);
		break;
	case NODE_MAPPING:
		add_said_members(out, node);
		break;
	case NODE_UNKNOWN:
	case NODE_NULL:
	case NODE_BOOLEAN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
		break;
	}
}

/* ": what it said", or nothing. */
static void describe(char out[SAID_BYTES + 3], const struct http_reply *reply,
		     const struct node *body)
{
	struct buf said = BUF_INIT(16 * SAID_BYTES);
	if (node_kind(body) == NODE_MAPPING)
		add_said_top(&said, body);
	else
		add_said(&said, body, NULL);
	out[0] = '\0';
	if (said.length > 0) {
		memcpy(out, ": ", 3);
		text_escape_into(out + 2, SAID_BYTES, said.data, said.length);
	} else if (body == NULL && reply->body.length > 0 &&
		   strstr(reply->content_type, "html") == NULL) {
		memcpy(out, ": ", 3);
		text_escape_into(out + 2, SAID_BYTES, reply->body.data,
				 reply->body.length);
	}
	buf_release(&said);
}

/* --- statuses --- */

static bool is_limited(const struct http_reply *reply)
{
	return reply->status == 429 ||
	       (reply->status == 403 &&
		(reply->retry_after != 0 || reply->remaining == 0));
}

static int code_of_status(const struct http_reply *reply, const struct call *call)
{
	int status = reply->status;
	if (status >= 200 && status <= LAST_SUCCESS)
		return 0;
	if (is_limited(reply))
		return ERROR_RATE_LIMITED;
	if (status == 401 || status == 403)
		return ERROR_FORGE_DENIED;
	if (status == 404 || status == 410)
		return ERROR_NOT_FOUND;
	if (status >= 500 || status == 408 || status == 425)
		return ERROR_FORGE;
	if (status == 409 && call->conflict_passes)
		return ERROR_FORGE;
	return ERROR_FORGE_REFUSED;
}

static int refuse(int code, const struct call *call, const struct http_reply *reply,
		  const struct node *body, struct error *err)
{
	char said[SAID_BYTES + 3];
	char why[160] = "";
	describe(said, reply, body);
	if (reply->status == 401)
		snprintf(why, sizeof(why), " (the token is not accepted)");
	else if (code == ERROR_FORGE_DENIED)
		snprintf(why, sizeof(why), " (the token lacks a right: %s)",
			 call->right != NULL ? call->right : RIGHT_UNKNOWN);
	return error_set(err, code, "%s '%.300s' was answered %d%s%s", call->method,
			 call->target, reply->status, why, said);
}

static void note_limits(struct forge *forge, const struct http_reply *reply,
			int64_t *retry_at)
{
	int64_t when = reply->retry_after;
	if (reply->remaining >= 0)
		forge->budget.remaining = reply->remaining;
	if (is_limited(reply) && when == 0)
		when = clock_now() + UNTOLD_RETRY;
	if (is_limited(reply) || reply->remaining == 0)
		forge->budget.retry_at = when;
	if (reply->status > LAST_SUCCESS && when != 0 && retry_at != NULL)
		*retry_at = when;
}

/* *out NULL for a reply without a body. */
static int parse(const struct http_reply *reply, struct arena *arena,
		 const struct node **out, struct doc_problem *problem)
{
	struct docs docs = { 0 };
	*out = NULL;
	if (reply->body.length == 0)
		return 0;
	int code = docs_parse(&docs, arena, DOC_JSON, reply->body.data,
			      reply->body.length, &limits_default, problem);
	if (code == 0 && docs.count > 0)
		*out = docs.roots[0];
	return code;
}

static int take_reply(const struct call *call, const struct http_reply *reply,
		      struct arena *arena, struct call_reply *out, struct error *err)
{
	struct call_reply made = { .status = reply->status, .date = reply->date };
	struct doc_problem problem = { 0 };
	int refused = code_of_status(reply, call);
	int code = out != NULL || refused != 0
			   ? parse(reply, arena, &made.body, &problem)
			   : 0;
	if (refused != 0)
		return refuse(refused, call, reply, made.body, err);
	if (code == ERROR_MEMORY)
		return error_set(err, code, "out of memory for a reply");
	if (code != 0)
		return error_set(err, ERROR_FORGE,
				 "the reply to %s '%.300s' is not JSON: %s",
				 call->method, call->target, problem.message);
	made.next = arena_string(arena, reply->next);
	made.scopes = arena_string(arena, reply->scopes);
	if (made.next == NULL || made.scopes == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a reply");
	if (out != NULL)
		*out = made;
	return 0;
}

int forge_call(struct forge *forge, const struct call *call, struct arena *arena,
	       struct call_reply *out, int64_t *retry_at, struct error *err)
{
	static const struct http_header json[] = { { "Content-Type", "application/"
								     "json" },
						   { NULL, NULL } };
	const struct http_header *headers = call->headers;
	struct http_reply reply;
	if (call->target == NULL)
		return error_set(err, ERROR_MEMORY,
				 "a request's path cannot be built: a name is too "
				 "long, or none of this forge");
	if (call->body != NULL && call->body->failed != 0)
		return buf_status(call->body, "a request's body", err);
	if (headers == NULL && call->body != NULL)
		headers = json;
	forge->budget.requests++;
	int code =
		http_request(forge->http, call->method, call->target, headers,
			     call->body != NULL ? call->body->data : NULL,
			     call->body != NULL ? call->body->length : 0, &reply, err);
	if (code != 0)
		return code;
	note_limits(forge, &reply, retry_at);
	code = take_reply(call, &reply, arena, out, err);
	http_reply_release(&reply);
	return code;
}

int forge_call_made(struct forge *forge, const struct call *call, struct arena *arena,
		    const char **id, int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	int code = forge_call(forge, call, arena, &reply, retry_at, err);
	if (code != 0 || reply.body == NULL)
		return code;
	call_fields_begin(&fields, arena, reply.body, "what was posted");
	const char *made = call_text(&fields, "id", CALL_NEEDED);
	code = call_fields_status(&fields, err);
	if (code == 0)
		*id = made;
	return code;
}

int forge_get(struct forge *forge, const char *target, const char *right,
	      struct arena *arena, struct call_reply *out, int64_t *retry_at,
	      struct error *err)
{
	struct call call = { .method = "GET", .target = target, .right = right };
	return forge_call(forge, &call, arena, out, retry_at, err);
}

/* --- lists --- */

static int take_page(struct forge *forge, char next[CALL_TARGET_BYTES],
		     const char *right, call_page take, void *data, int64_t *retry_at,
		     struct error *err)
{
	struct arena *arena = arena_new(PAGE_BYTES);
	struct call_reply page;
	if (arena == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a page");
	int code = forge_get(forge, next, right, arena, &page, retry_at, err);
	if (code == 0) {
		snprintf(next, CALL_TARGET_BYTES, "%s", page.next);
		code = take(data, &page, next, err);
	}
	arena_free(arena);
	return code;
}

int forge_call_pages(struct forge *forge, const char *target, const char *right,
		     call_page take, void *data, int64_t *retry_at, struct error *err)
{
	char next[CALL_TARGET_BYTES];
	if (target == NULL || strlen(target) >= sizeof(next))
		return error_set(err, ERROR_MEMORY,
				 "a request's path cannot be built: a name is too "
				 "long, or none of this forge");
	snprintf(next, sizeof(next), "%s", target);
	for (uint64_t pages = 1;; pages++) {
		int code = limit_check(&limits_default, LIMIT_FORGE_PAGES, pages,
				       target, err);
		if (code == 0)
			code = take_page(forge, next, right, take, data, retry_at, err);
		if (code != 0 || next[0] == '\0')
			return code;
	}
}

int call_numbers_add(struct call_numbers *numbers, struct arena *arena, uint64_t number,
		     struct error *err)
{
	int code = limit_check(&limits_default, LIMIT_FORGE_MERGE_REQUESTS,
			       numbers->count + 1, "the repository", err);
	if (code != 0)
		return code;
	uint64_t *item =
		ARENA_PUSH(arena, &numbers->items, &numbers->count, &numbers->capacity);
	if (item == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a list");
	*item = number;
	return 0;
}
