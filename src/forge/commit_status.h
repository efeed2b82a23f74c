/* forge/commit_status.h - the commit statuses of GitHub's API, which Gitea and Forgejo
 * have too; for their drivers only.
 *
 * Source: GitHub's REST reference, "Commit statuses". */
#ifndef FORGE_COMMIT_STATUS_H
#define FORGE_COMMIT_STATUS_H

#include <stdbool.h>

struct buf;
struct call_fields;

struct commit_status {
	const char *context;
	const char *state;
	const char *description;
	const char *link; /* "": none */
};

/* "pending", "success", "failure" or "error" for one of ours. */
const char *commit_status_state(const char *name);
/* Whether one that the forge shows says the same; its state is the member `state`. */
bool commit_status_is_shown(const struct commit_status *status,
			    struct call_fields *fields, const char *state);
/* The body of the call that posts it. */
void commit_status_write(struct buf *out, const struct commit_status *status);

#endif
