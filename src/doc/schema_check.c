/* doc/schema_check.c - whether bytes are an image that can be run: every offset leads
 * to a whole record within it, every index has its row, every string ends. */
#include <stdint.h>

#include "base/error.h"
#include "doc/schema_format.h"
#include "doc/schema_image.h"
#include "doc/schema_pattern.h"

#define VALUE_DEPTH 256 /* deeper than documents are */

struct checker {
	const unsigned char *bytes;
	size_t size;
	const struct image_header *header;
	uint64_t
		left; /* things to look at; records that are shared on purpose end it */
};

/* Whether `count` records stand at an offset, aligned, behind the header. */
static bool has_room(struct checker *checker, uint64_t offset, uint64_t count,
		     size_t bytes_each, size_t alignment)
{
	return offset >= sizeof(struct image_header) && offset <= checker->size &&
	       offset % alignment == 0 &&
	       count <= (checker->size - offset) / bytes_each;
}

/* An honest image has each record once. */
static bool spend(struct checker *checker, uint64_t count)
{
	count = count < checker->left ? count + 1 : checker->left;
	checker->left -= count;
	return checker->left > 0;
}

static const void *record(struct checker *checker, uint32_t offset, size_t bytes)
{
	bool good = has_room(checker, offset, 1, bytes, _Alignof(uint64_t));
	return good ? checker->bytes + offset : NULL;
}

static bool is_string(struct checker *checker, uint32_t offset)
{
	const struct image_string *string = record(checker, offset, sizeof(*string));
	if (string == NULL)
		return false;
	uint64_t end = (uint64_t)offset + sizeof(*string) + string->length;
	return end < checker->size && string->text[string->length] == '\0';
}

static bool is_schema(struct checker *checker, uint32_t index)
{
	return index < checker->header->schema_count;
}

static bool is_schema_or_none(struct checker *checker, uint32_t index)
{
	return index == SCHEMA_NONE || is_schema(checker, index);
}

static const struct image_list *list_at(struct checker *checker, uint32_t offset)
{
	const struct image_list *list = record(checker, offset, sizeof(*list));
	bool good = list != NULL &&
		    has_room(checker, (uint64_t)offset + sizeof(*list), list->count,
			     sizeof(uint32_t), sizeof(uint32_t)) &&
		    spend(checker, list->count);
	return good ? list : NULL;
}

static bool is_list(struct checker *checker, uint32_t offset,
		    bool (*is)(struct checker *checker, uint32_t item))
{
	const struct image_list *list = list_at(checker, offset);
	for (uint32_t i = 0; list != NULL && i < list->count; i++)
		if (!is(checker, list->items[i]))
			return false;
	return list != NULL;
}

/* Parts of a value stand behind it, so there is no circle. */
static bool is_value_at(struct checker *checker, uint32_t offset, unsigned int depth)
{
	const struct image_value *value = record(checker, offset, sizeof(*value));
	if (value == NULL || !spend(checker, 1) || value->kind == NODE_UNKNOWN ||
	    value->kind > NODE_MAPPING)
		return false;
	if (value->kind != NODE_SEQUENCE && value->kind != NODE_MAPPING)
		return is_string(checker, value->data);
	const struct image_list *list = list_at(checker, value->data);
	bool pairs = value->kind == NODE_MAPPING;
	if (list == NULL || depth == VALUE_DEPTH || (pairs && list->count % 2 != 0))
		return false;
	for (uint32_t i = 0; i < list->count; i++) {
		bool key = pairs && i % 2 == 0;
		if (key ? !is_string(checker, list->items[i])
			: list->items[i] <= offset ||
				    !is_value_at(checker, list->items[i], depth + 1))
			return false;
	}
	return true;
}

static bool is_value(struct checker *checker, uint32_t offset)
{
	return is_value_at(checker, offset, 0);
}

static bool is_bound(struct checker *checker, uint32_t offset)
{
	const struct image_bound *bound = record(checker, offset, sizeof(*bound));
	return bound != NULL && is_string(checker, bound->text);
}

static bool is_dependencies(struct checker *checker, uint32_t offset)
{
	const struct image_dependencies *list = record(checker, offset, sizeof(*list));
	if (list == NULL || !spend(checker, list->count) ||
	    !has_room(checker, (uint64_t)offset + sizeof(*list), list->count,
		      sizeof(struct image_dependency), sizeof(uint32_t)))
		return false;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct image_dependency *item = &list->items[i];
		if (!is_string(checker, item->name) ||
		    (item->needed != 0 && !is_list(checker, item->needed, is_string)) ||
		    !is_schema_or_none(checker, item->schema))
			return false;
	}
	return true;
}

/* What a row says of its schema is used without a look at that. */
static bool is_row(struct checker *checker, const struct image_object *object,
		   const struct image_property *row)
{
	const unsigned int plain = IMAGE_PLAIN_OBJECT | IMAGE_PLAIN_LIST;
	bool additional = row->name == 0 || (row->flags & IMAGE_ONLY_REQUIRED) != 0;
	if (row->name > checker->header->name_count || row->required > 1 ||
	    (additional && row->schema != object->additional))
		return false;
	if (row->schema == SCHEMA_NONE)
		return additional && row->sure == KINDS_ALL;
	if (!is_schema(checker, row->schema))
		return false;
	const struct image_schema *schemas =
		(const void *)(checker->bytes + checker->header->schemas);
	const struct image_schema *schema = &schemas[row->schema];
	bool unknown = additional && (schema->flags & IMAGE_NEVER) != 0;
	return row->sure == schema->sure && row->direct == schema->direct &&
	       (row->flags & plain) == (schema->flags & plain) &&
	       ((row->flags & IMAGE_UNKNOWN) != 0) == unknown;
}

/* A free place ends every search. */
static bool has_table(struct checker *checker, const struct image_object *object)
{
	uint64_t count = (uint64_t)object->mask + 1;
	bool free_place = false;
	if ((count & object->mask) != 0 || object->shift == 0 || object->shift > 31 ||
	    count != UINT64_C(1) << (32 - object->shift) ||
	    !has_room(checker, object->table, count, sizeof(struct image_property),
		      _Alignof(uint64_t)))
		return false;
	const struct image_property *rows =
		(const void *)(checker->bytes + object->table);
	for (uint64_t i = 0; i < count; i++) {
		free_place |= rows[i].name == 0;
		if (!is_row(checker, object, &rows[i]))
			return false;
	}
	return free_place;
}

static bool is_object(struct checker *checker, uint32_t offset)
{
	const struct image_object *object = record(checker, offset, sizeof(*object));
	if (object == NULL || !spend(checker, object->mask) ||
	    !spend(checker, object->pattern_count) || !has_table(checker, object) ||
	    !has_room(checker, object->patterns, object->pattern_count,
		      sizeof(struct image_pattern_property), sizeof(uint32_t)))
		return false;
	const struct image_pattern_property *patterns =
		(const void *)(checker->bytes + object->patterns);
	for (uint32_t i = 0; i < object->pattern_count; i++)
		if (patterns[i].pattern >= checker->header->pattern_count ||
		    !is_schema(checker, patterns[i].schema))
			return false;
	return is_schema_or_none(checker, object->additional) &&
	       (object->additional != SCHEMA_NONE ||
		object->additional_sure == KINDS_ALL) &&
	       is_list(checker, object->names, is_string) &&
	       (object->required_names == 0
			? object->required == 0
			: is_list(checker, object->required_names, is_string));
}

static bool is_items(struct checker *checker, uint32_t offset)
{
	const struct image_items *items = record(checker, offset, sizeof(*items));
	if (items == NULL || !spend(checker, items->prefix_count) ||
	    !is_schema_or_none(checker, items->rest) ||
	    !has_room(checker, (uint64_t)offset + sizeof(*items), items->prefix_count,
		      sizeof(uint32_t), sizeof(uint32_t)))
		return false;
	for (uint32_t i = 0; i < items->prefix_count; i++)
		if (!is_schema(checker, items->prefix[i]))
			return false;
	return true;
}

static bool is_contains(struct checker *checker, uint32_t offset)
{
	const struct image_contains *contains =
		record(checker, offset, sizeof(*contains));
	return contains != NULL && is_schema(checker, contains->schema);
}

static bool is_unique_keys(struct checker *checker, uint32_t offset)
{
	const struct image_unique_keys *keys = record(checker, offset, sizeof(*keys));
	return keys != NULL && is_list(checker, keys->names, is_string) &&
	       is_list(checker, keys->defaults, is_value) &&
	       list_at(checker, keys->names)->count ==
		       list_at(checker, keys->defaults)->count;
}

static bool is_operation(struct checker *checker,
			 const struct image_operation *operation)
{
	uint32_t a = operation->a;
	if (operation->kind > OPERATION_UNEVALUATED_PROPERTIES ||
	    !is_string(checker, operation->keyword))
		return false;
	switch ((enum operation_kind)operation->kind) {
	case OPERATION_NONE:
	case OPERATION_TYPE:
	case OPERATION_NULLABLE:
		return false;
	case OPERATION_NEVER:
	case OPERATION_UNIQUE_ITEMS:
	case OPERATION_MIN_LENGTH:
	case OPERATION_MAX_LENGTH:
	case OPERATION_MIN_ITEMS:
	case OPERATION_MAX_ITEMS:
	case OPERATION_MIN_PROPERTIES:
	case OPERATION_MAX_PROPERTIES:
		return true;
	case OPERATION_CONST:
	case OPERATION_ENUM:
		return is_list(checker, a, is_value);
	case OPERATION_MINIMUM:
	case OPERATION_EXCLUSIVE_MINIMUM:
	case OPERATION_MAXIMUM:
	case OPERATION_EXCLUSIVE_MAXIMUM:
	case OPERATION_MULTIPLE_OF:
		return is_bound(checker, a);
	case OPERATION_REQUIRED:
		return is_list(checker, a, is_string);
	case OPERATION_DEPENDENT_REQUIRED:
	case OPERATION_DEPENDENT_SCHEMAS:
		return is_dependencies(checker, a);
	case OPERATION_PATTERN:
		return a < checker->header->pattern_count;
	case OPERATION_FORMAT:
		return a <= FORMAT_LAST;
	case OPERATION_PROPERTY_NAMES:
	case OPERATION_NOT:
	case OPERATION_UNEVALUATED_ITEMS:
	case OPERATION_UNEVALUATED_PROPERTIES:
		return is_schema(checker, a);
	case OPERATION_PROPERTIES:
		return is_object(checker, a);
	case OPERATION_ITEMS:
		return is_items(checker, a);
	case OPERATION_UNIQUE_KEYS:
		return is_unique_keys(checker, a);
	case OPERATION_CONTAINS:
		return is_contains(checker, a);
	case OPERATION_REFERENCE:
		return is_schema(checker, a) &&
		       operation->b <= checker->header->dynamic_count;
	case OPERATION_ALL_OF:
	case OPERATION_ANY_OF:
	case OPERATION_ONE_OF:
		return is_list(checker, a, is_schema) && list_at(checker, a)->count > 0;
	case OPERATION_CONDITION:
		return is_schema(checker, a) &&
		       is_schema_or_none(checker, operation->b) &&
		       is_schema_or_none(checker, operation->c);
	}
	return false;
}

/* What is used without a look at the operation must be what the operation says. */
static bool is_direct(struct checker *checker, const struct image_schema *schema,
		      const struct image_operation *operations)
{
	bool object = (schema->flags & IMAGE_PLAIN_OBJECT) != 0;
	if (!object && (schema->flags & IMAGE_PLAIN_LIST) == 0)
		return true;
	if (schema->operation_count != 1 ||
	    operations->kind != (object ? OPERATION_PROPERTIES : OPERATION_ITEMS))
		return false;
	return object ? schema->direct == operations->a
		      : is_schema(checker, schema->direct);
}

static bool is_subschema(struct checker *checker, const struct image_schema *schema)
{
	if (schema->location >= checker->header->location_count ||
	    schema->resource >= checker->header->resource_count ||
	    !spend(checker, schema->operation_count) ||
	    !has_room(checker, schema->operations, schema->operation_count,
		      sizeof(struct image_operation), sizeof(uint32_t)))
		return false;
	const struct image_operation *operations =
		(const void *)(checker->bytes + schema->operations);
	bool marks = (schema->flags & IMAGE_UNEVALUATED) != 0;
	for (uint32_t i = 0; i < schema->operation_count; i++)
		if (!is_operation(checker, &operations[i]) ||
		    (!marks && operations[i].kind >= OPERATION_UNEVALUATED_ITEMS))
			return false;
	return is_direct(checker, schema, operations);
}

static bool has_schemas(struct checker *checker)
{
	const struct image_header *header = checker->header;
	const struct image_schema *schemas =
		(const void *)(checker->bytes + header->schemas);
	if (!has_room(checker, header->schemas, header->schema_count, sizeof(*schemas),
		      sizeof(uint32_t)))
		return false;
	for (uint32_t i = 0; i < header->schema_count; i++)
		if (!is_subschema(checker, &schemas[i]))
			return false;
	return is_schema(checker, header->root);
}

static bool has_locations(struct checker *checker)
{
	const struct image_header *header = checker->header;
	const struct image_location *locations =
		(const void *)(checker->bytes + header->locations);
	if (!has_room(checker, header->locations, header->location_count,
		      sizeof(*locations), sizeof(uint32_t)))
		return false;
	for (uint32_t i = 0; i < header->location_count; i++)
		if (!is_string(checker, locations[i].token) ||
		    (locations[i].parent != SCHEMA_NONE && locations[i].parent >= i))
			return false;
	return true;
}

static bool has_names(struct checker *checker)
{
	const struct image_header *header = checker->header;
	const struct image_pattern *patterns =
		(const void *)(checker->bytes + header->patterns);
	const struct image_entry *entries =
		(const void *)(checker->bytes + header->entries);
	if (!has_room(checker, header->patterns, header->pattern_count,
		      sizeof(*patterns), sizeof(uint32_t)) ||
	    !has_room(checker, header->entries, header->entry_count, sizeof(*entries),
		      sizeof(uint32_t)))
		return false;
	for (uint32_t i = 0; i < header->pattern_count; i++)
		if (!is_string(checker, patterns[i].text) ||
		    patterns[i].flavour > PATTERN_GO)
			return false;
	for (uint32_t i = 0; i < header->entry_count; i++)
		if (!is_string(checker, entries[i].name) ||
		    !is_schema(checker, entries[i].schema))
			return false;
	return true;
}

/* Eight bytes of each can be read. */
static bool has_property_names(struct checker *checker)
{
	const struct image_header *header = checker->header;
	const struct image_name *names = (const void *)(checker->bytes + header->names);
	if (!has_room(checker, header->names, header->name_count, sizeof(*names),
		      _Alignof(uint64_t)))
		return false;
	for (uint32_t i = 0; i < header->name_count; i++) {
		const struct image_name *name = &names[i];
		const struct image_string *string =
			(const void *)(checker->bytes + name->text);
		if (!is_string(checker, name->text) ||
		    !has_room(checker, name->text, 1,
			      sizeof(*string) + sizeof(uint64_t), 1) ||
		    string->length != name->length || name->number == 0 ||
		    name->number > header->name_count)
			return false;
	}
	return true;
}

static bool has_dynamics(struct checker *checker)
{
	const struct image_header *header = checker->header;
	const uint32_t *targets = (const void *)(checker->bytes + header->dynamics);
	uint64_t count = (uint64_t)header->dynamic_count * header->resource_count;
	if (!has_room(checker, header->dynamics, count, sizeof(*targets),
		      sizeof(uint32_t)))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!is_schema_or_none(checker, targets[i]))
			return false;
	return true;
}

static int check_header(struct checker *checker, struct error *err)
{
	const struct image_header *header = checker->header;
	struct digest digest;
	if (checker->size < sizeof(*header) ||
	    memcmp(header->magic, IMAGE_MAGIC, sizeof(header->magic)) != 0)
		return error_set(err, ERROR_SCHEMA, "is not one");
	if (header->byte_order != IMAGE_BYTE_ORDER || header->version != IMAGE_VERSION)
		return error_set(err, ERROR_SCHEMA,
				 "was made by another version or on another kind of "
				 "machine; compile it again");
	if (header->size != checker->size)
		return error_set(err, ERROR_SCHEMA,
				 "is cut or has something behind it");
	if (digest_of(checker->bytes + IMAGE_SIGNED, checker->size - IMAGE_SIGNED,
		      &digest) != 0)
		return error_set(err, ERROR_MEMORY, "needs memory");
	if (!digest_equal(&digest, &header->digest))
		return error_set(err, ERROR_SCHEMA, "was changed: its digest differs");
	return 0;
}

int image_check(const void *bytes, size_t size, struct error *err)
{
	struct checker checker = { bytes, size, bytes, size };
	if ((uintptr_t)bytes % _Alignof(uint64_t) != 0 || size > UINT32_MAX)
		return error_set(err, ERROR_SCHEMA, "is too large, or not aligned");
	int status = check_header(&checker, err);
	if (status != 0)
		return status;
	if (!has_locations(&checker) || !has_names(&checker) ||
	    !has_property_names(&checker) || !has_dynamics(&checker) ||
	    !has_schemas(&checker))
		return error_set(err, ERROR_SCHEMA, "is broken inside");
	return 0;
}
