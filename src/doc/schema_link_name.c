/* doc/schema_link_name.c - the names of properties in an image, and their numbers. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "doc/schema_link.h"

uint32_t link_name(struct linker *linker, const char *text, size_t length)
{
	uint32_t known = (uint32_t)(uintptr_t)map_get(&linker->names, text, length);
	if (known != 0)
		return known;
	uintptr_t number = linker->names.count + 1;
	if (map_put(&linker->names, text, length, (void *)number) != 0 &&
	    linker->out->failed == 0)
		linker->out->failed = ERROR_MEMORY;
	return (uint32_t)number;
}

struct sortable {
	struct image_name name;
	const char *text;
};

static int compare_names(const void *left, const void *right)
{
	const struct sortable *a = left;
	const struct sortable *b = right;
	if (a->name.first != b->name.first)
		return a->name.first < b->name.first ? -1 : 1;
	if (a->name.last != b->name.last)
		return a->name.last < b->name.last ? -1 : 1;
	if (a->name.length != b->name.length)
		return a->name.length < b->name.length ? -1 : 1;
	return memcmp(a->text, b->text, a->name.length);
}

static void put_names(struct linker *linker, uint32_t offset, struct sortable *names)
{
	size_t count = linker->names.count;
	for (size_t i = 0; i < count; i++) {
		const struct map_entry *entry = &linker->names.entries[i];
		struct name_words words = name_words_of(entry->key, entry->key_length);
		names[i].text = entry->key;
		names[i].name = (struct image_name){
			.first = words.first,
			.last = words.last,
			.length = (uint32_t)entry->key_length,
			.text = link_string(linker, entry->key, entry->key_length),
			.number = (uint32_t)(uintptr_t)entry->value,
		};
	}
	qsort(names, count, sizeof(*names), compare_names);
	struct image_name *rows = link_at(linker, offset);
	for (size_t i = 0; linker->out->failed == 0 && i < count; i++)
		rows[i] = names[i].name;
}

uint32_t link_all_names(struct linker *linker)
{
	size_t count = linker->names.count;
	uint32_t offset = link_reserve(linker, count * sizeof(struct image_name));
	struct sortable *names = calloc(count + 1, sizeof(*names));
	if (names == NULL && linker->out->failed == 0)
		linker->out->failed = ERROR_MEMORY;
	if (names != NULL && offset != 0)
		put_names(linker, offset, names);
	free(names);
	/* Eight bytes of the last string can be read, too. */
	link_reserve(linker, sizeof(uint64_t));
	return offset;
}
