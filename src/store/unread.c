/* store/unread.c - which webhooks wait to be read: open addressing, linear probing. */
#include "store/unread.h"

#include <stdlib.h>

#include "base/error.h"

#define FIRST_SLOTS 1024

void unread_release(struct unread *unread)
{
	free(unread->slots);
	*unread = (struct unread){ 0 };
}

static size_t next_of(const struct unread *unread, size_t at)
{
	return (at + 1) & (unread->slot_count - 1);
}

static void put(struct unread *unread, struct unread_slot slot)
{
	size_t at = slot.hash & (unread->slot_count - 1);
	while (unread->slots[at].id != 0)
		at = next_of(unread, at);
	unread->slots[at] = slot;
}

static int grow(struct unread *unread)
{
	size_t count = unread->slot_count == 0 ? FIRST_SLOTS : unread->slot_count * 2;
	struct unread larger = { calloc(count, sizeof(*larger.slots)), count,
				 unread->count };
	if (larger.slots == NULL)
		return ERROR_MEMORY;
	for (size_t i = 0; i < unread->slot_count; i++)
		if (unread->slots[i].id != 0)
			put(&larger, unread->slots[i]);
	free(unread->slots);
	*unread = larger;
	return 0;
}

int unread_add(struct unread *unread, uint64_t hash, uint64_t id)
{
	if ((unread->count + 1) * 2 > unread->slot_count) {
		int rc = grow(unread);
		if (rc < 0)
			return rc;
	}
	put(unread, (struct unread_slot){ hash, id });
	unread->count++;
	return 0;
}

/* Closes the gap, so that no search ends at it before its time. */
static void close_gap(struct unread *unread, size_t gap)
{
	size_t at = next_of(unread, gap);
	while (unread->slots[at].id != 0) {
		struct unread_slot slot = unread->slots[at];
		unread->slots[at].id = 0;
		put(unread, slot);
		at = next_of(unread, at);
	}
}

void unread_remove(struct unread *unread, uint64_t hash, uint64_t id)
{
	if (unread->count == 0)
		return;
	size_t at = hash & (unread->slot_count - 1);
	while (unread->slots[at].id != 0 && unread->slots[at].id != id)
		at = next_of(unread, at);
	if (unread->slots[at].id == 0)
		return;
	unread->slots[at].id = 0;
	unread->count--;
	close_gap(unread, at);
}

uint64_t unread_find(const struct unread *unread, uint64_t hash)
{
	if (unread->count == 0)
		return 0;
	size_t at = hash & (unread->slot_count - 1);
	while (unread->slots[at].id != 0 && unread->slots[at].hash != hash)
		at = next_of(unread, at);
	return unread->slots[at].id;
}
