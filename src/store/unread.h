/* store/unread.h - which webhooks wait to be read, by a hash of source and digest.
 *
 * An index in memory instead of one in the database: digests are random, and each would
 * touch a page of its own. It only names a candidate; the row says whether it is the
 * same. Not for other folders. */
#ifndef STORE_UNREAD_H
#define STORE_UNREAD_H

#include <stddef.h>
#include <stdint.h>

struct unread_slot {
	uint64_t hash;
	uint64_t id; /* of the delivery; 0: free */
};

struct unread {
	struct unread_slot *slots;
	size_t slot_count; /* a power of two */
	size_t count;
};

void unread_release(struct unread *unread); /* empty again */
/* 0 or ERROR_MEMORY. */
int unread_add(struct unread *unread, uint64_t hash, uint64_t id);
void unread_remove(struct unread *unread, uint64_t hash, uint64_t id);
/* A delivery with this hash; 0: none. */
uint64_t unread_find(const struct unread *unread, uint64_t hash);

#endif
