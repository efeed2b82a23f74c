/* base/arena.h - memory that is freed all at once.
 *
 * For the lifetimes "configuration snapshot" and "job or request". Everything is zeroed
 * and aligned for any type. Functions return NULL when memory or the arena's maximum is
 * exhausted; nothing else fails. Threads: one at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(size_t maximum_bytes); /* NULL: out of memory */
void arena_free(struct arena *arena);          /* NULL is legal */
/* Zeros everything that was handed out: secrets, before arena_free(). */
void arena_wipe(struct arena *arena);
size_t arena_used(const struct arena *arena); /* bytes handed out */
/* Everything in `from` becomes part of `arena`, also over its maximum; `from` is gone.
 */
void arena_join(struct arena *arena, struct arena *from);

void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_array(struct arena *arena, size_t count,
		  size_t bytes_each); /* overflow-checked */
void *arena_copy(struct arena *arena, const void *bytes,
		 size_t length);                             /* with a NUL behind */
char *arena_string(struct arena *arena, const char *string); /* NULL stays NULL */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define arena_new_of(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/* Makes room for one more element in a growing array that lives in the arena:
 *   struct rule *rule = ARENA_PUSH(arena, &policy->rules, &policy->rule_count,
 * &policy->rule_capacity); returns the new, zeroed element or NULL. The old block is
 * abandoned to the arena when it grows. */
#define ARENA_PUSH(arena, items, count, capacity)                                      \
	((__typeof__(*(items)))arena_push((arena), (void **)(items), (count),          \
					  (capacity), sizeof(**(items))))
void *arena_push(struct arena *arena, void **items, size_t *count, size_t *capacity,
		 size_t bytes_each);

#endif
