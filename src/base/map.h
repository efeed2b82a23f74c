/* base/map.h - a hash map from byte strings to pointers.
 *
 * Keys are hashed with a secret seed of the process, so hostile keys cannot make it
 * slow. Keys are borrowed: they must outlive the map. Values are borrowed. Order of
 * iteration is the order of insertion. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_entry {
	const char *key;
	size_t key_length;
	void *value;
};

struct map {
	struct map_entry *entries; /* in order of insertion */
	size_t count;
	size_t capacity;
	unsigned int *slots; /* index + 1 into entries; 0 = free */
	size_t slot_count;   /* a power of two */
};

#define MAP_INIT                                                                       \
	{                                                                              \
		0                                                                      \
	}

void map_release(struct map *map);
/* The value, or NULL. */
void *map_get(const struct map *map, const char *key, size_t key_length);
bool map_has(const struct map *map, const char *key, size_t key_length);
/* Adds or replaces. 0 or ERROR_MEMORY. */
int map_put(struct map *map, const char *key, size_t key_length, void *value);

/* 64 bits keyed by the process's secret seed; equal only within one process. */
unsigned long long map_hash(const void *bytes, size_t length);

#endif
