/* forge/github.h - GitHub's API, which is several files; for forge/github*.c only.
 *
 * Sources: docs.github.com (REST, version 2022-11-28) and the OpenAPI document that
 * GitHub publishes (@octokit/openapi); github.com and GitHub Enterprise Server speak
 * the same, below another base. */
#ifndef FORGE_GITHUB_H
#define FORGE_GITHUB_H

#include "forge/call.h"

#define GITHUB_PAGE_SIZE "100"

/* --- github_jwt.c --- */

/* What proves to be the App `app_id`, valid now and for 9 minutes. ERROR_USAGE: the key
 * is none that can be used. */
int github_jwt(const char *key_pem, uint64_t app_id, int64_t now, struct arena *arena,
	       const char **out, struct error *err);

/* --- github_app.c --- */

int github_open(struct forge *forge, const struct msg_forge_session *session,
		struct error *err);
bool github_is_app(const struct forge *forge);
/* From now on calls are made as the App itself (which only /app takes). */
int github_enter_as_app(struct forge *forge, struct arena *arena, struct error *err);
/* Makes sure that calls about this repository carry a token that is valid and its
 * owner's. Nothing to do for a personal access token. */
int github_enter(struct forge *forge, const char *name, struct arena *arena,
		 int64_t *retry_at, struct error *err);
/* To be passed what calls since then returned; returns it. A token that was denied
 * something is not kept: rights may be granted meanwhile, and only a new one has them.
 */
int github_leave(struct forge *forge, int rc);
/* Our own login, as it stands at what we write ("gitgate[bot]" for an App). */
int github_login(struct forge *forge, const char *name, struct arena *arena,
		 const char **out, int64_t *retry_at, struct error *err);

/* --- github_report.c, github_checks.c --- */

int github_status(struct forge *forge, const struct msg_report_item *item,
		  const struct msg_finding_row *findings, size_t finding_count,
		  struct arena *arena, const char **forge_ref, int64_t *retry_at,
		  struct error *err);
int github_check_run(struct forge *forge, const struct msg_report_item *item,
		     const struct msg_finding_row *findings, size_t finding_count,
		     struct arena *arena, const char **forge_ref, int64_t *retry_at,
		     struct error *err);
int github_comment(struct forge *forge, const struct msg_report_item *item,
		   const char *body, struct arena *arena, const char **forge_ref,
		   int64_t *retry_at, struct error *err);

/* --- github_read.c --- */

int github_merge_request(struct forge *forge, const char *name, uint64_t number,
			 struct arena *arena, struct forge_merge_request *out,
			 int64_t *retry_at, struct error *err);
int github_open_merge_requests(struct forge *forge, const char *name,
			       struct arena *arena, uint64_t **numbers, size_t *count,
			       int64_t *retry_at, struct error *err);
int github_commit_merge_requests(struct forge *forge, const char *name,
				 const struct oid *commit, struct arena *arena,
				 uint64_t **numbers, size_t *count, int64_t *retry_at,
				 struct error *err);

/* --- github_set_up.c --- */

int github_test(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, struct forge_check **out, size_t *count,
		struct error *err);
int github_hook(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, const char **text, struct error *err);

#endif
