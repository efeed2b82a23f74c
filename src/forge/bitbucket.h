/* forge/bitbucket.h - the APIs of Bitbucket Cloud and Bitbucket Data Center, which have
 * little in common; for forge/bitbucket*.c only.
 *
 * Sources: Bitbucket Cloud's REST reference (2.0) and its published Swagger document;
 * Bitbucket Data Center's REST reference (7.14 and later). */
#ifndef FORGE_BITBUCKET_H
#define FORGE_BITBUCKET_H

#include "forge/call.h"

struct json;

#define BITBUCKET_COMMENT_BYTES ((size_t)32768)

/* --- bitbucket.c: what both have --- */

/* Bearer token, or with a username basic authentication. `base`: without an end slash;
 * it stays as forge->api. */
int bitbucket_open(struct forge *forge, const struct msg_forge_session *session,
		   const char *base, struct error *err);

struct bitbucket_build {
	const char *key; /* of the context: at most 40 bytes */
	const char *state;
	const char *name;
	const char *url; /* never "": both want one */
	const char *description;
};
/* `page`: where the link leads when the item has none. */
int bitbucket_build(const struct msg_report_item *item, const char *page,
		    struct arena *arena, struct bitbucket_build *out,
		    struct error *err);
/* The members of a build status, into the object that is open. */
void bitbucket_put_build(struct json *json, const struct bitbucket_build *build);
/* Whether the forge shows exactly this already. */
bool bitbucket_is_build(const struct node *shown, const struct bitbucket_build *build,
			struct arena *arena);

/* One page of a list: its items are beneath "values". ERROR_FORGE when it is none. */
int bitbucket_values(const struct call_reply *page, const struct node **values,
		     struct error *err);
/* What both call the same things by. */
struct bitbucket_hook_names {
	const char *id;
	const char *push;          /* the event */
	const char *pull_requests; /* what their events begin with */
};
/* Adds one of the listed webhooks when it sends to the address that is looked for. */
int bitbucket_take_hook(struct call_hooks *hooks, const struct node *node,
			const struct bitbucket_hook_names *names, struct error *err);

/* --- bitbucket_cloud_api.c, bitbucket_cloud_set_up.c --- */

#define CLOUD_RIGHT_READ "'pullrequest' and 'repository' (read)"

int cloud_open(struct forge *forge, const struct msg_forge_session *session,
	       struct error *err);
int cloud_status(struct forge *forge, const struct msg_report_item *item,
		 const struct msg_finding_row *findings, size_t finding_count,
		 struct arena *arena, const char **forge_ref, int64_t *retry_at,
		 struct error *err);
int cloud_comment(struct forge *forge, const struct msg_report_item *item,
		  const char *body, struct arena *arena, const char **forge_ref,
		  int64_t *retry_at, struct error *err);
int cloud_merge_request(struct forge *forge, const char *name, uint64_t number,
			struct arena *arena, struct forge_merge_request *out,
			int64_t *retry_at, struct error *err);
int cloud_open_merge_requests(struct forge *forge, const char *name,
			      struct arena *arena, uint64_t **numbers, size_t *count,
			      int64_t *retry_at, struct error *err);
int cloud_commit_merge_requests(struct forge *forge, const char *name,
				const struct oid *commit, struct arena *arena,
				uint64_t **numbers, size_t *count, int64_t *retry_at,
				struct error *err);
int cloud_test(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, struct forge_check **out, size_t *count,
	       struct error *err);
int cloud_hook(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, const char **text, struct error *err);
/* `next` of a page of Cloud. */
int cloud_next(const struct call_reply *page, char next[CALL_TARGET_BYTES],
	       struct error *err);

/* --- bitbucket_server_api.c, bitbucket_server_set_up.c --- */

int server_open(struct forge *forge, const struct msg_forge_session *session,
		struct error *err);
int server_status(struct forge *forge, const struct msg_report_item *item,
		  const struct msg_finding_row *findings, size_t finding_count,
		  struct arena *arena, const char **forge_ref, int64_t *retry_at,
		  struct error *err);
int server_comment(struct forge *forge, const struct msg_report_item *item,
		   const char *body, struct arena *arena, const char **forge_ref,
		   int64_t *retry_at, struct error *err);
int server_merge_request(struct forge *forge, const char *name, uint64_t number,
			 struct arena *arena, struct forge_merge_request *out,
			 int64_t *retry_at, struct error *err);
int server_open_merge_requests(struct forge *forge, const char *name,
			       struct arena *arena, uint64_t **numbers, size_t *count,
			       int64_t *retry_at, struct error *err);
int server_commit_merge_requests(struct forge *forge, const char *name,
				 const struct oid *commit, struct arena *arena,
				 uint64_t **numbers, size_t *count, int64_t *retry_at,
				 struct error *err);
int server_test(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, struct forge_check **out, size_t *count,
		struct error *err);
int server_hook(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, const char **text, struct error *err);
/* "<api>/projects/<key>/repos/<slug><rest>"; `rest` is a path of ours, escaped. NULL as
 * call_target(). */
const char *server_target(struct arena *arena, const char *api, const char *name,
			  const char *rest);
/* A list of Data Center, whose pages are told by a start. */
struct server_list {
	struct arena *arena;
	const char *target; /* ends with "start=" */
	call_page take;     /* one page; `next` is not its business */
	void *data;
};
int server_pages(struct forge *forge, struct server_list *list, const char *right,
		 int64_t *retry_at, struct error *err);

#define SERVER_API        "/rest/api/latest"
#define SERVER_RIGHT_READ "'repository read' (an HTTP access token)"

#endif
