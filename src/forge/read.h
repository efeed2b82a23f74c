/* forge/read.h - the readers of payloads, one a forge; for forge/ only.
 *
 * Each has a table of every event that its forge sends: what is looked at, and what is
 * not, with the reason. An event in no table is ignored with a reason of its own; an
 * action of a merge request that is in no table is looked at. Whatever a reader
 * returns went through forge/hints.h. */
#ifndef FORGE_READ_H
#define FORGE_READ_H

#include <stddef.h>

#include "model/messages.h"

struct arena;
struct error;
struct node;

#define FORGE_READER(name)                                                             \
	int name(const struct msg_read_item *item, const struct node *payload,         \
		 struct arena *arena, struct msg_hint_row **out, size_t *count,        \
		 struct error *err)

FORGE_READER(read_github);
FORGE_READER(read_gitlab);
FORGE_READER(read_gitea); /* and Forgejo */
FORGE_READER(read_bitbucket_cloud);
FORGE_READER(read_bitbucket_server);
FORGE_READER(read_generic); /* hmac and Standard Webhooks */

#endif
