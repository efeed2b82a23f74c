/* base/map.c - a hash map from byte strings to pointers: entries in order of insertion
 * and an open-addressing table of indexes into them; keyed with SipHash-1-3. */
#include "base/map.h"

#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"

#define FIRST_ENTRIES 8

static uint64_t seed[2];
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	random_bytes(seed, sizeof(seed));
}

static inline uint64_t rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

unsigned long long map_hash(const void *bytes, size_t length)
{
	pthread_once(&seed_once, make_seed);
	const unsigned char *at = bytes;
	uint64_t v[4] = { seed[0] ^ UINT64_C(0x736f6d6570736575),
			  seed[1] ^ UINT64_C(0x646f72616e646f6d),
			  seed[0] ^ UINT64_C(0x6c7967656e657261),
			  seed[1] ^ UINT64_C(0x7465646279746573) };
	for (size_t left = length; left >= 8; left -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	uint64_t tail = (uint64_t)length << 56;
	for (size_t i = 0; i < length % 8; i++)
		tail |= (uint64_t)at[i] << (8 * i);
	v[3] ^= tail;
	sip_round(v);
	v[0] ^= tail;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_release(struct map *map)
{
	free(map->entries);
	free(map->slots);
	*map = (struct map)MAP_INIT;
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t find_slot(const struct map *map, const char *key, size_t key_length)
{
	size_t mask = map->slot_count - 1;
	size_t slot = (size_t)map_hash(key, key_length) & mask;
	for (; map->slots[slot] != 0; slot = (slot + 1) & mask) {
		const struct map_entry *entry = &map->entries[map->slots[slot] - 1];
		if (entry->key_length == key_length &&
		    (key_length == 0 || memcmp(entry->key, key, key_length) == 0))
			break;
	}
	return slot;
}

static struct map_entry *find(const struct map *map, const char *key, size_t key_length)
{
	if (map->count == 0)
		return NULL;
	unsigned int index = map->slots[find_slot(map, key, key_length)];
	return index == 0 ? NULL : &map->entries[index - 1];
}

void *map_get(const struct map *map, const char *key, size_t key_length)
{
	const struct map_entry *entry = find(map, key, key_length);
	return entry == NULL ? NULL : entry->value;
}

bool map_has(const struct map *map, const char *key, size_t key_length)
{
	return find(map, key, key_length) != NULL;
}

/* Twice the entries, and slots so that at most half of them are taken. */
static int grow(struct map *map)
{
	size_t capacity = map->capacity == 0 ? FIRST_ENTRIES : map->capacity * 2;
	if (capacity > UINT_MAX / 4 || capacity > SIZE_MAX / 4 / sizeof(*map->entries))
		return ERROR_MEMORY;
	struct map_entry *entries =
		realloc(map->entries, capacity * sizeof(*map->entries));
	if (entries == NULL)
		return ERROR_MEMORY;
	map->entries = entries;
	unsigned int *slots = calloc(capacity * 2, sizeof(*slots));
	if (slots == NULL)
		return ERROR_MEMORY;
	free(map->slots);
	map->slots = slots;
	map->slot_count = capacity * 2;
	map->capacity = capacity;
	for (size_t i = 0; i < map->count; i++) {
		size_t slot = find_slot(map, entries[i].key, entries[i].key_length);
		slots[slot] = (unsigned int)i + 1;
	}
	return 0;
}

int map_put(struct map *map, const char *key, size_t key_length, void *value)
{
	struct map_entry *entry = find(map, key, key_length);
	if (entry != NULL) {
		entry->value = value;
		return 0;
	}
	if (map->count == map->capacity && grow(map) != 0)
		return ERROR_MEMORY;
	map->slots[find_slot(map, key, key_length)] = (unsigned int)map->count + 1;
	map->entries[map->count++] = (struct map_entry){ key, key_length, value };
	return 0;
}
