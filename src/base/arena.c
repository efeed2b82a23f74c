/* base/arena.c - memory that is freed all at once: a list of blocks that only grows. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK   4096
#define LARGEST_BLOCK 262144
#define ALIGNMENT     alignof(max_align_t)
#define FIRST_ITEMS   4

struct block {
	struct block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct block *blocks; /* the first one is the one in use */
	size_t maximum;
	size_t used;
	size_t next_size;
};

struct arena *arena_new(size_t maximum_bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	if (arena == NULL)
		return NULL;
	arena->maximum = maximum_bytes;
	arena->next_size = FIRST_BLOCK;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	struct block *block = arena->blocks;
	while (block != NULL) {
		struct block *next = block->next;
		free(block);
		block = next;
	}
	free(arena);
}

void arena_wipe(struct arena *arena)
{
	struct block *block = arena->blocks;
	while (block != NULL) {
		struct block *next = block->next;
		explicit_bzero(block->bytes, block->used);
		block = next;
	}
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}

void arena_join(struct arena *arena, struct arena *from)
{
	struct block **end = &from->blocks;
	while (*end != NULL)
		end = &(*end)->next;
	/* Behind the block in use, as what is large. */
	if (arena->blocks != NULL) {
		*end = arena->blocks->next;
		arena->blocks->next = from->blocks;
	} else {
		arena->blocks = from->blocks;
	}
	if (from->used > arena->maximum - arena->used)
		arena->used = arena->maximum;
	else
		arena->used += from->used;
	free(from);
}

/* A block with room for `bytes`. One that is large for a single owner goes behind the
 * block in use, whose rest is not wasted then. */
static struct block *add_block(struct arena *arena, size_t bytes)
{
	size_t size = bytes > arena->next_size / 2 ? bytes : arena->next_size;
	if (size > SIZE_MAX - sizeof(struct block))
		return NULL;
	struct block *block = calloc(1, sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	block->size = size;
	if (size == bytes && arena->blocks != NULL) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
		return block;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	if (arena->next_size < LARGEST_BLOCK)
		arena->next_size *= 2;
	return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	if (bytes > SIZE_MAX - ALIGNMENT)
		return NULL;
	size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (rounded == 0)
		rounded = ALIGNMENT;
	if (rounded > arena->maximum - arena->used)
		return NULL;
	struct block *block = arena->blocks;
	if (block == NULL || rounded > block->size - block->used)
		block = add_block(arena, rounded);
	if (block == NULL)
		return NULL;
	void *result = block->bytes + block->used;
	block->used += rounded;
	arena->used += rounded;
	return result;
}

void *arena_array(struct arena *arena, size_t count, size_t bytes_each)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, bytes_each, &bytes))
		return NULL;
	return arena_alloc(arena, bytes);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t length)
{
	if (length == SIZE_MAX)
		return NULL;
	unsigned char *copy = arena_alloc(arena, length + 1);
	if (copy != NULL && length != 0)
		memcpy(copy, bytes, length);
	return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
	return string == NULL ? NULL : arena_copy(arena, string, strlen(string));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
	if (text == NULL)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

void *arena_push(struct arena *arena, void **items, size_t *count, size_t *capacity,
		 size_t bytes_each)
{
	/* The pointer at `items` has another type: it is read and written as bytes. */
	unsigned char *block;
	memcpy(&block, items, sizeof(block));
	if (*count >= *capacity) {
		size_t larger = *capacity == 0 ? FIRST_ITEMS : *capacity * 2;
		if (larger < *capacity)
			return NULL;
		unsigned char *grown = arena_array(arena, larger, bytes_each);
		if (grown == NULL)
			return NULL;
		if (*count != 0)
			memcpy(grown, block, *count * bytes_each);
		block = grown;
		memcpy(items, &block, sizeof(block));
		*capacity = larger;
	}
	return block + bytes_each * (*count)++;
}
