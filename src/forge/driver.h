/* forge/driver.h - what a forge's file provides; for forge/ only.
 *
 * Drivers of the API get `struct forge` (its HTTP client is forge->http) and use the
 * helpers of forge/call.h. A NULL member: the forge cannot do that; the wrapper says
 * so. */
#ifndef FORGE_DRIVER_H
#define FORGE_DRIVER_H

#include "forge/forge.h"

struct http_client;
struct node;

struct forge_driver {
	enum forge_kind kind;
	const char *head_ref; /* "refs/pull/%llu/head"; NULL: none */

	/* must: whose signature is it; see forge_authenticate() */
	int (*authenticate)(const struct forge_webhook *webhook,
			    struct forge_authentic *out, struct error *err);
	/* must: a parsed payload to hints, by forge/hints.h */
	int (*read)(const struct msg_read_item *item, const struct node *payload,
		    struct arena *arena, struct msg_hint_row **out, size_t *count,
		    struct error *err);

	/* may: the API */
	int (*open)(struct forge *forge, const struct msg_forge_session *session,
		    struct error *err);
	int (*status)(struct forge *forge, const struct msg_report_item *item,
		      const struct msg_finding_row *findings, size_t finding_count,
		      struct arena *arena, const char **forge_ref, int64_t *retry_at,
		      struct error *err);
	/* body: Markdown, bounded by the driver's own maximum */
	size_t comment_bytes;
	int (*comment)(struct forge *forge, const struct msg_report_item *item,
		       const char *body, struct arena *arena, const char **forge_ref,
		       int64_t *retry_at, struct error *err);
	int (*merge_request)(struct forge *forge, const char *name, uint64_t number,
			     struct arena *arena, struct forge_merge_request *out,
			     int64_t *retry_at, struct error *err);
	int (*open_merge_requests)(struct forge *forge, const char *name,
				   struct arena *arena, uint64_t **numbers,
				   size_t *count, int64_t *retry_at, struct error *err);
	int (*commit_merge_requests)(struct forge *forge, const char *name,
				     const struct oid *commit, struct arena *arena,
				     uint64_t **numbers, size_t *count,
				     int64_t *retry_at, struct error *err);
	int (*test)(struct forge *forge, const struct forge_set_up *set_up,
		    struct arena *arena, struct forge_check **out, size_t *count,
		    struct error *err);
	int (*hook)(struct forge *forge, const struct forge_set_up *set_up,
		    struct arena *arena, const char **text, struct error *err);
};

struct forge {
	const struct forge_driver *driver;
	struct http_client *http;
	const char *api; /* the base address, where a driver wants it again */
	struct msg_forge_budget budget; /* installation_token is owned by `arena` */
	struct arena *arena;            /* of the session */
	/* GitHub as an App */
	uint64_t app_id;
	const char *app_key;
	const char *installation_owner; /* whose the token is; NULL: not asked yet */
};

/* NULL: there is none. */
const struct forge_driver *forge_driver_of(enum forge_kind kind);

extern const struct forge_driver forge_github, forge_gitlab, forge_gitea, forge_forgejo,
	forge_bitbucket_cloud, forge_bitbucket_server, forge_hmac, forge_standard;

#endif
