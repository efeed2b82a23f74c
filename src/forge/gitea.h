/* forge/gitea.h - the API of Gitea and Forgejo, which is several files; for
 * forge/gitea*.c only.
 *
 * Sources: Forgejo's published OpenAPI document (11 and 16), Gitea's modules/structs.
 * Both speak the same, below <address>/api/v1; neither limits rates by itself. */
#ifndef FORGE_GITEA_H
#define FORGE_GITEA_H

#include "forge/call.h"

#define GITEA_COMMENT_BYTES ((size_t)65536)
/* A server caps it, often at 50. */
#define GITEA_PAGE_SIZE "50"

#define GITEA_RIGHT_REPOSITORY      "'repository: read and write' (write:repository)"
#define GITEA_RIGHT_ISSUE           "'issue: read and write' (write:issue)"
#define GITEA_RIGHT_REPOSITORY_READ "'repository: read' (read:repository)"
#define GITEA_RIGHT_ADMINISTRATION                                                     \
	"'repository: read and write' (write:repository) of an administrator of the "  \
	"repository"

/* --- gitea_api.c --- */

int gitea_open(struct forge *forge, const struct msg_forge_session *session,
	       struct error *err);
int gitea_status(struct forge *forge, const struct msg_report_item *item,
		 const struct msg_finding_row *findings, size_t finding_count,
		 struct arena *arena, const char **forge_ref, int64_t *retry_at,
		 struct error *err);
int gitea_comment(struct forge *forge, const struct msg_report_item *item,
		  const char *body, struct arena *arena, const char **forge_ref,
		  int64_t *retry_at, struct error *err);
int gitea_merge_request(struct forge *forge, const char *name, uint64_t number,
			struct arena *arena, struct forge_merge_request *out,
			int64_t *retry_at, struct error *err);
int gitea_open_merge_requests(struct forge *forge, const char *name,
			      struct arena *arena, uint64_t **numbers, size_t *count,
			      int64_t *retry_at, struct error *err);
int gitea_commit_merge_requests(struct forge *forge, const char *name,
				const struct oid *commit, struct arena *arena,
				uint64_t **numbers, size_t *count, int64_t *retry_at,
				struct error *err);

/* --- gitea_set_up.c --- */

int gitea_test(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, struct forge_check **out, size_t *count,
	       struct error *err);
int gitea_hook(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, const char **text, struct error *err);

#endif
