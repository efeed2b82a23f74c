/* doc/schema_load.c - images as schemas: opened, loaded from bytes, asked for names. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/pattern.h"
#include "doc/schema_image.h"
#include "doc/schema_pattern.h"

static int no_memory(const char *name, struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for the schema '%s'", name);
}

static int open_patterns(struct schema *schema, const char *name, struct error *err)
{
	uint32_t count = schema->header->pattern_count;
	const struct image_pattern *rows = image_at(schema, schema->header->patterns);
	schema->patterns = calloc((size_t)count + 1, sizeof(*schema->patterns));
	uint64_t states = 0;
	if (schema->patterns == NULL)
		return no_memory(name, err);
	for (uint32_t i = 0; i < count; i++) {
		const struct image_string *text = image_at(schema, rows[i].text);
		struct error reason = ERROR_INIT;
		int status = schema_pattern_new(
			&schema->patterns[i], text->text, text->length,
			(enum pattern_flavour)rows[i].flavour, &reason);
		if (status != 0)
			return error_set(err, status, "%s: %s", name, reason.text);
		states += pattern_states(schema->patterns[i]);
		if (limit_check(&limits_default, LIMIT_SCHEMA_PATTERN_STATES, states,
				name, err) != 0)
			return ERROR_LIMIT;
	}
	return 0;
}

static int compare_name(const struct schema *schema, const struct image_name *name,
			struct name_words words, const char *text, size_t length)
{
	if (name->first != words.first)
		return name->first < words.first ? -1 : 1;
	if (name->last != words.last)
		return name->last < words.last ? -1 : 1;
	if (name->length != length)
		return name->length < length ? -1 : 1;
	return memcmp(image_string_at(schema, name->text)->text, text, length);
}

static uint32_t number_of(const struct schema *schema, const char *text, size_t length)
{
	const struct image_name *names = image_at(schema, schema->header->names);
	struct name_words words = name_words_of(text, length);
	size_t first = 0;
	size_t end = schema->header->name_count;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		int order = compare_name(schema, &names[middle], words, text, length);
		if (order == 0)
			return names[middle].number;
		if (order < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return 0;
}

uint32_t schema_number_of(const struct schema *schema, const struct node *key)
{
	uint32_t number = schema->numbers[key->symbol];
	if (number == 0 && schema->symbols_missing)
		return number_of(schema, key->text, key->length);
	/* It may have got its number after the document was read. */
	if (key->symbol == 0)
		number = schema->numbers[symbol_of(key->text, key->length)];
	return number;
}

const struct image_property *object_find_text(const struct schema *schema,
					      const struct image_object *object,
					      const struct node *key)
{
	if (object->row_count == 0)
		return image_at(schema, object->table);
	return object_find_number(schema, object, schema_number_of(schema, key));
}

/* The symbols of all names, and the way back. */
static int open_names(struct schema *schema, const char *name, struct error *err)
{
	const struct image_name *names = image_at(schema, schema->header->names);
	schema->numbers = calloc(SYMBOL_MOST + 1, sizeof(*schema->numbers));
	if (schema->numbers == NULL)
		return no_memory(name, err);
	for (uint32_t i = 0; i < schema->header->name_count; i++) {
		const struct image_string *text =
			image_string_at(schema, names[i].text);
		uint16_t symbol = symbol_add(text->text, text->length);
		if (symbol == 0)
			schema->symbols_missing = true;
		else
			schema->numbers[symbol] = names[i].number;
	}
	return 0;
}

int image_open(struct schema **out, const char *name, const void *bytes, void *owned,
	       struct error *err)
{
	struct schema *schema = calloc(1, sizeof(*schema));
	if (schema == NULL)
		return no_memory(name, err);
	schema->bytes = bytes;
	schema->header = bytes;
	schema->schemas = image_at(schema, schema->header->schemas);
	int status = open_patterns(schema, name, err);
	if (status == 0)
		status = open_names(schema, name, err);
	if (status != 0) {
		schema_free(schema);
		return status;
	}
	schema->owned = owned;
	*out = schema;
	return 0;
}

int schema_load(struct schema **out, const char *name, const void *bytes, size_t size,
		struct error *err)
{
	struct error reason = ERROR_INIT;
	int status = image_check(bytes, size, &reason);
	if (status != 0)
		return error_set(err, status, "the compiled schema '%s' %s", name,
				 reason.text);
	return image_open(out, name, bytes, NULL, err);
}

void schema_free(struct schema *schema)
{
	if (schema == NULL)
		return;
	for (uint32_t i = 0;
	     schema->patterns != NULL && i < schema->header->pattern_count; i++)
		pattern_free(schema->patterns[i]);
	free(schema->patterns);
	free(schema->numbers);
	free(schema->owned);
	free(schema);
}

const void *schema_bytes(const struct schema *schema, size_t *size)
{
	*size = schema->header->size;
	return schema->bytes;
}

const struct digest *schema_digest(const struct schema *schema)
{
	return &schema->header->digest;
}

const char *schema_name(const struct schema *schema, size_t index)
{
	const struct image_entry *entries = image_at(schema, schema->header->entries);
	if (index >= schema->header->entry_count)
		return NULL;
	return image_string_at(schema, entries[index].name)->text;
}

bool schema_find(const struct schema *schema, const char *name, uint32_t *out)
{
	const struct image_entry *entries = image_at(schema, schema->header->entries);
	size_t first = 0;
	size_t end = schema->header->entry_count;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		int order = strcmp(name, schema_name(schema, middle));
		if (order == 0) {
			*out = entries[middle].schema;
			return true;
		}
		if (order < 0)
			end = middle;
		else
			first = middle + 1;
	}
	return false;
}
