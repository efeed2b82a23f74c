/* Arenas and maps. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "unit.h"

START_TEST(arena_memory_is_zeroed_and_aligned)
{
	struct arena *arena = arena_new(1 << 20);
	for (size_t size = 0; size < 9000; size += 137) {
		unsigned char *bytes = arena_alloc(arena, size);
		ck_assert_ptr_nonnull(bytes);
		ck_assert_uint_eq((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(bytes[i], 0);
		memset(bytes, 0xff, size);
	}
	arena_free(arena);
	arena_free(NULL);
}
END_TEST

START_TEST(arena_stops_at_its_maximum)
{
	struct arena *arena = arena_new(1024);
	ck_assert_ptr_null(arena_alloc(arena, 1025));
	ck_assert_ptr_nonnull(arena_alloc(arena, 1000));
	ck_assert_ptr_null(arena_alloc(arena, 100));
	ck_assert_uint_le(arena_used(arena), 1024);
	ck_assert_ptr_null(arena_alloc(arena, SIZE_MAX));
	ck_assert_ptr_null(arena_array(arena, SIZE_MAX / 2, 3));
	ck_assert_ptr_null(arena_copy(arena, "", SIZE_MAX));
	arena_free(arena);
}
END_TEST

START_TEST(arena_copies_end_in_nul)
{
	struct arena *arena = arena_new(1 << 20);
	char *copy = arena_copy(arena, "abcdef", 3);
	ck_assert_str_eq(copy, "abc");
	ck_assert_str_eq(arena_copy(arena, NULL, 0), "");
	ck_assert_str_eq(arena_string(arena, "text"), "text");
	ck_assert_ptr_null(arena_string(arena, NULL));
	ck_assert_str_eq(arena_printf(arena, "%s %d", "n", 42), "n 42");
	char *wide = arena_printf(arena, "%20000s", "x");
	ck_assert_uint_eq(strlen(wide), 20000);
	arena_free(arena);
}
END_TEST

/* Whichever of the two has blocks, and in whichever order they are used after. */
START_TEST(arena_memory_can_be_wiped)
{
	static const char zeros[20000];
	struct arena *arena = arena_new(1 << 20);
	char *small = arena_string(arena, "secret");
	char *large = arena_alloc(arena, sizeof(zeros));
	char *last = arena_string(arena, "another");
	memset(large, 'x', sizeof(zeros));
	arena_wipe(arena);
	ck_assert_mem_eq(small, zeros, 6);
	ck_assert_mem_eq(large, zeros, sizeof(zeros));
	ck_assert_mem_eq(last, zeros, 7);
	arena_free(arena);
}
END_TEST

START_TEST(arenas_become_one)
{
	for (size_t i = 0; i < 4; i++) {
		struct arena *arena = arena_new(100000);
		struct arena *other = arena_new(100000);
		char *mine = i & 1 ? arena_string(arena, "mine") : NULL;
		char *theirs = i & 2 ? arena_string(other, "theirs") : NULL;
		size_t used = arena_used(arena) + arena_used(other);
		for (size_t j = 0; i & 2 && j < 5; j++)
			used += arena_alloc(other, 8192) ? 8192 : 0;
		arena_join(arena, other);
		ck_assert_uint_eq(arena_used(arena), used);
		ck_assert_ptr_nonnull(arena_alloc(arena, 20000));
		if (mine)
			ck_assert_str_eq(mine, "mine");
		if (theirs)
			ck_assert_str_eq(theirs, "theirs");
		arena_free(arena);
	}
	/* Over the maximum: what is there stays, nothing more is given. */
	struct arena *arena = arena_new(1000);
	struct arena *other = arena_new(100000);
	ck_assert_ptr_nonnull(arena_alloc(other, 50000));
	arena_join(arena, other);
	ck_assert_ptr_null(arena_alloc(arena, 1));
	arena_free(arena);
}
END_TEST

START_TEST(arena_arrays_grow)
{
	struct item {
		int number;
		const char *name;
	} *items = NULL;
	size_t count = 0, capacity = 0;
	struct arena *arena = arena_new(1 << 20);
	for (int i = 0; i < 1000; i++) {
		struct item *item = ARENA_PUSH(arena, &items, &count, &capacity);
		ck_assert_ptr_nonnull(item);
		ck_assert_int_eq(item->number, 0);
		ck_assert_ptr_null(item->name);
		item->number = i;
		item->name = "x";
	}
	ck_assert_uint_eq(count, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(items[i].number, i);
	arena_free(arena);
	arena = arena_new(64);
	items = NULL;
	count = capacity = 0;
	while (ARENA_PUSH(arena, &items, &count, &capacity) != NULL)
		;
	ck_assert_uint_eq(count, 4);
	arena_free(arena);
}
END_TEST

START_TEST(map_finds_what_was_put)
{
	static char keys[5000][16];
	struct map map = MAP_INIT;
	ck_assert_ptr_null(map_get(&map, "x", 1));
	for (size_t i = 0; i < 5000; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key-%zu", i);
		ck_assert_int_eq(map_put(&map, keys[i], strlen(keys[i]), keys[i]), 0);
	}
	ck_assert_uint_eq(map.count, 5000);
	for (size_t i = 0; i < 5000; i++) {
		ck_assert_ptr_eq(map_get(&map, keys[i], strlen(keys[i])), keys[i]);
		ck_assert_ptr_eq(map.entries[i].key, keys[i]);
	}
	ck_assert(!map_has(&map, "key-5000", 8));
	map_release(&map);
	ck_assert_uint_eq(map.count, 0);
	map_release(&map);
}
END_TEST

START_TEST(map_keys_are_bytes)
{
	int a, b, c;
	struct map map = MAP_INIT;
	map_put(&map, "a\0b", 3, &a);
	map_put(&map, "a\0c", 3, &b);
	map_put(&map, NULL, 0, &c);
	ck_assert_ptr_eq(map_get(&map, "a\0b", 3), &a);
	ck_assert_ptr_eq(map_get(&map, "a\0c", 3), &b);
	ck_assert_ptr_eq(map_get(&map, "", 0), &c);
	ck_assert(!map_has(&map, "a", 1));
	map_put(&map, "a\0b", 3, NULL);
	ck_assert_uint_eq(map.count, 3);
	ck_assert_ptr_null(map_get(&map, "a\0b", 3));
	ck_assert(map_has(&map, "a\0b", 3));
	map_release(&map);
}
END_TEST

START_TEST(hashes_depend_on_every_byte)
{
	unsigned char bytes[40] = { 0 };
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		unsigned long long whole = map_hash(bytes, length);
		ck_assert(whole == map_hash(bytes, length));
		ck_assert(length == 0 || whole != map_hash(bytes, length - 1));
		for (size_t i = 0; i < length; i++) {
			bytes[i] ^= 1;
			ck_assert(whole != map_hash(bytes, length));
			bytes[i] ^= 1;
		}
	}
}
END_TEST

UNIT_MAIN("base_memory", arena_memory_is_zeroed_and_aligned, arena_stops_at_its_maximum,
	  arena_copies_end_in_nul, arena_memory_can_be_wiped, arenas_become_one,
	  arena_arrays_grow, map_finds_what_was_put, map_keys_are_bytes,
	  hashes_depend_on_every_byte)
