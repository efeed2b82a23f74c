/* forge/gitlab.h - GitLab's API, which is several files; for forge/gitlab*.c only.
 *
 * Source: docs.gitlab.com, "REST API": version 4, of GitLab.com and of own servers.
 * Projects are named by their percent-encoded path. */
#ifndef FORGE_GITLAB_H
#define FORGE_GITLAB_H

#include "forge/call.h"

#define GITLAB_PAGE_SIZE "100"

/* --- gitlab_report.c --- */

int gitlab_open(struct forge *forge, const struct msg_forge_session *session,
		struct error *err);
int gitlab_status(struct forge *forge, const struct msg_report_item *item,
		  const struct msg_finding_row *findings, size_t finding_count,
		  struct arena *arena, const char **forge_ref, int64_t *retry_at,
		  struct error *err);
int gitlab_comment(struct forge *forge, const struct msg_report_item *item,
		   const char *body, struct arena *arena, const char **forge_ref,
		   int64_t *retry_at, struct error *err);

/* --- gitlab_read.c --- */

int gitlab_merge_request(struct forge *forge, const char *name, uint64_t number,
			 struct arena *arena, struct forge_merge_request *out,
			 int64_t *retry_at, struct error *err);
int gitlab_open_merge_requests(struct forge *forge, const char *name,
			       struct arena *arena, uint64_t **numbers, size_t *count,
			       int64_t *retry_at, struct error *err);
int gitlab_commit_merge_requests(struct forge *forge, const char *name,
				 const struct oid *commit, struct arena *arena,
				 uint64_t **numbers, size_t *count, int64_t *retry_at,
				 struct error *err);

/* --- gitlab_set_up.c --- */

int gitlab_test(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, struct forge_check **out, size_t *count,
		struct error *err);
int gitlab_hook(struct forge *forge, const struct forge_set_up *set_up,
		struct arena *arena, const char **text, struct error *err);

#endif
