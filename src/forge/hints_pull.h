/* forge/hints_pull.h - what GitHub's payloads share with Gitea's, which were made after
 * them; for their readers only. */
#ifndef FORGE_HINTS_PULL_H
#define FORGE_HINTS_PULL_H

#include "forge/hints.h"

/* A branch or tag came (`create`) or went (`delete`). */
void pull_read_create(struct hints *hints, const struct node *payload);
void pull_read_delete(struct hints *hints, const struct node *payload);
/* The pull request that the payload is about. Kinds and actions: hints.h. */
void pull_add(struct hints *hints, const struct node *payload, const char *kind,
	      const char *action);
/* The event of a pull request itself. `retarget`: what the payload has when it got
 * another base. */
void pull_read(struct hints *hints, const struct node *payload,
	       const struct hint_action *actions, const char *retarget);

#endif
