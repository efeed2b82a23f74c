/* doc/schema_kubernetes.c - compiles the keywords of SCHEMA_DRAFT_KUBERNETES.
 *
 * They are not written as clusters publish them but as doc/kubernetes_write.c does: the
 * keys of a list come with the values that they have when they are not there. */
#include "base/arena.h"
#include "base/error.h"
#include "doc/schema_compile.h"

int compile_nullable(struct compilation *compilation, const struct keyword *keyword,
		     const struct node *value)
{
	if (!node_boolean(value))
		return 0;
	return compile_add(compilation, OPERATION_NULLABLE, keyword->name) == NULL
		       ? compile_no_memory(compilation)
		       : 0;
}

int compile_unique_keys(struct compilation *compilation, const struct keyword *keyword,
			const struct node *value)
{
	size_t count = node_count(value);
	if (node_kind(value) != NODE_MAPPING || count == 0)
		return compile_error(compilation, value,
				     "'%s' must map keys to their defaults",
				     keyword->name);
	struct operation *operation =
		compile_add(compilation, OPERATION_UNIQUE_KEYS, keyword->name);
	struct unique_keys *keys = arena_new_of(compilation->arena, struct unique_keys);
	struct names *names = arena_alloc(
		compilation->arena, sizeof(*names) + count * sizeof(names->names[0]));
	struct node *defaults =
		arena_array(compilation->arena, count, sizeof(*defaults));
	if (operation == NULL || keys == NULL || names == NULL || defaults == NULL)
		return compile_no_memory(compilation);
	names->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		names->names[i] = compile_name(node_key(value, i));
		defaults[i] = *node_item(value, i);
	}
	keys->names = names;
	keys->defaults = (struct constants){ defaults, (uint32_t)count };
	operation->unique_keys = keys;
	return 0;
}
