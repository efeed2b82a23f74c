/* cmd/service.h - rows and requests: from the running service, or, where that is
 * enough, read straight from the store of one that does not run.
 *
 * Both give the same: the API's JSON, parsed. Rows live until service_forget() or
 * service_close(). */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/oid.h"
#include "model/messages.h"

struct arena;
struct buf;
struct error;
struct json;
struct node;
struct store;

struct service {
	char *socket;
	struct store *store; /* NULL: the service runs */
	struct arena *arena;
};

/* `socket` and `config_file` as given on the command line (socket NULL: from the
 * configuration). ERROR_NOT_FOUND when no service answers; with `offline` the store is
 * opened instead, read only. service_close() in every case. */
int service_open(struct service *service, const char *socket, const char *config_file,
		 bool offline, struct error *err);
void service_close(struct service *service);
int service_forget(struct service *service, struct error *err);

/* One list of the API, one page: *items a sequence. `query->what` names it; *next may
 * be NULL. */
int service_list(struct service *service, const struct msg_query *query,
		 const struct node **items, uint64_t *next, struct error *err);
/* The first row, or ERROR_NOT_FOUND with nothing recorded in `err`. */
int service_first(struct service *service, const struct msg_query *query,
		  const struct node **row, struct error *err);
/* POST to a running service; `body` NULL: {}. *answer is an object. */
int service_post(struct service *service, const char *path, const char *body,
		 int64_t timeout, const struct node **answer, struct error *err);
/* POST /api/v1/targets/<target>/<verb>. */
int service_command(struct service *service, const char *target, const char *verb,
		    const struct buf *body, const struct node **answer,
		    struct error *err);

/* Text that the service gave, as a tree: an object, or ERROR_SYNTAX and the like. */
int service_parse(struct service *service, const char *text, size_t length,
		  const struct node **out, struct error *err);

/* The same list from a store: {"items":[...],"next":N}. */
int rows_from_store(struct store *store, struct arena *arena,
		    const struct msg_query *query, struct buf *out, struct error *err);

/* --- one row --- */
const char *row_text(const struct node *row, const char *key); /* NULL: none */
uint64_t row_number(const struct node *row, const char *key);
bool row_flag(const struct node *row, const char *key);
int64_t row_time(const struct node *row, const char *key); /* 0: none */
/* The first 10 digits of an id, "-" for none; one of 8 buffers used in turn. */
const char *row_short(const struct node *row, const char *key);
/* Writes a parsed value back as JSON. */
void json_node(struct json *json, const struct node *node);

#endif
