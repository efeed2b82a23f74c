/* doc/schema_link_object.c - the tables of objects in an image, and which values need
 * no look. */
#include <string.h>

#include "base/buf.h"
#include "doc/schema_link.h"

#define TRIES  16 /* multipliers that are tried for a table */
#define ROUNDS 8  /* references that "sure" is carried over */

/* A fixed sequence of odd numbers without a pattern (splitmix64). */
static uint32_t multiplier_at(unsigned int index)
{
	uint64_t x = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(x ^ x >> 31) | 1;
}

/* Puts rows into a table; the number of steps beside the right place. */
static uint32_t fill_table(struct image_property *table, uint32_t mask,
			   const struct image_property *rows, uint32_t count,
			   uint32_t multiplier, uint32_t shift)
{
	uint32_t steps = 0;
	for (uint64_t i = 0; i <= mask; i++)
		table[i] = (struct image_property){ .schema = SCHEMA_NONE };
	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = property_slot(multiplier, shift, rows[i].name);
		for (; table[slot].name != 0; slot = (slot + 1) & mask)
			steps++;
		table[slot] = rows[i];
	}
	return steps;
}

/* A table for rows, with the best of some multipliers. */
static void make_table(struct linker *linker, struct image_object *object,
		       const struct buf *from)
{
	const struct image_property *rows = (const void *)from->data;
	uint32_t count = (uint32_t)(from->length / sizeof(*rows));
	uint32_t bits = 1;
	while ((UINT64_C(1) << bits) < 2 * (uint64_t)count + 1)
		bits++;
	object->row_count = count;
	object->mask = (uint32_t)(UINT64_C(1) << bits) - 1;
	object->shift = 32 - bits;
	object->table =
		link_reserve(linker, ((size_t)object->mask + 1) * sizeof(*rows));
	if (object->table == 0)
		return;
	struct image_property *table = link_at(linker, object->table);
	uint32_t least = UINT32_MAX;
	for (unsigned int i = 0; i < TRIES && least > 0; i++) {
		uint32_t steps = fill_table(table, object->mask, rows, count,
					    multiplier_at(i), object->shift);
		if (steps >= least)
			continue;
		least = steps;
		object->multiplier = multiplier_at(i);
	}
	fill_table(table, object->mask, rows, count, object->multiplier, object->shift);
}

static struct image_property make_row(struct linker *linker, const struct name *name,
				      uint32_t schema)
{
	return (struct image_property){
		.name = link_name(linker, name->text, name->length),
		.schema = schema == SCHEMA_NONE ? SCHEMA_NONE
						: link_target(linker, schema),
	};
}

/* The row of a name, or NULL. */
static struct image_property *find_row(struct buf *rows, uint32_t name)
{
	struct image_property *all = (struct image_property *)(void *)rows->data;
	size_t count = rows->length / sizeof(*all);
	for (size_t i = 0; i < count; i++)
		if (all[i].name == name)
			return &all[i];
	return NULL;
}

/* Marks the rows of required names; those that "properties" lacks get one, too. How
 * many there are. */
static uint32_t mark_required(struct linker *linker, struct buf *rows,
			      const struct names *required)
{
	uint32_t count = 0;
	for (uint32_t i = 0; required != NULL && i < required->count; i++) {
		const struct name *name = &required->names[i];
		struct image_property row = make_row(linker, name, SCHEMA_NONE);
		struct image_property *found = find_row(rows, row.name);
		row.flags = IMAGE_ONLY_REQUIRED;
		row.required = 1;
		count += found == NULL || found->required == 0;
		if (found == NULL)
			buf_add(rows, &row, sizeof(row));
		else
			found->required = 1;
	}
	return count;
}

/* The names of "properties", in their order. */
static uint32_t link_property_names(struct linker *linker,
				    const struct properties *properties)
{
	uint32_t offset =
		link_reserve(linker, sizeof(struct image_list) +
					     properties->count * sizeof(uint32_t));
	if (offset == 0)
		return 0;
	((struct image_list *)link_at(linker, offset))->count = properties->count;
	for (uint32_t i = 0; i < properties->count; i++) {
		const struct name *name = &properties->properties[i].name;
		uint32_t string = link_string(linker, name->text, name->length);
		((struct image_list *)link_at(linker, offset))->items[i] = string;
	}
	return offset;
}

static uint32_t link_pattern_properties(struct linker *linker,
					const struct properties *properties)
{
	size_t bytes =
		properties->pattern_count * sizeof(struct image_pattern_property);
	uint32_t offset = link_reserve(linker, bytes);
	struct image_pattern_property *rows =
		offset == 0 ? NULL : link_at(linker, offset);
	for (uint32_t i = 0; rows != NULL && i < properties->pattern_count; i++)
		rows[i] = (struct image_pattern_property){
			properties->patterns[i].pattern->index,
			link_target(linker, properties->patterns[i].schema)
		};
	return offset;
}

uint32_t link_object(struct linker *linker, const struct properties *properties,
		     const struct names *required)
{
	struct buf rows = BUF_INIT(linker->out->maximum);
	for (uint32_t i = 0; i < properties->count; i++) {
		struct image_property row =
			make_row(linker, &properties->properties[i].name,
				 properties->properties[i].schema);
		buf_add(&rows, &row, sizeof(row));
	}
	struct image_object object = {
		.names = link_property_names(linker, properties),
		.required = mark_required(linker, &rows, required),
		.required_names = link_names(linker, required),
		.patterns = link_pattern_properties(linker, properties),
		.pattern_count = properties->pattern_count,
		.additional = link_target(linker, properties->additional),
	};
	if (rows.failed == 0)
		make_table(linker, &object, &rows);
	else if (linker->out->failed == 0)
		linker->out->failed = rows.failed;
	uint32_t offset = link_reserve(linker, sizeof(object));
	if (linker->out->failed == 0) {
		memcpy(link_at(linker, offset), &object, sizeof(object));
		buf_add(&linker->objects, &offset, sizeof(offset));
	}
	buf_release(&rows);
	return offset;
}

/* --- what needs no look --- */

unsigned int types_kinds(unsigned int types)
{
	unsigned int kinds = 0;
	if ((types & TYPE_NULL) != 0)
		kinds |= KIND_BIT(NODE_NULL);
	if ((types & TYPE_BOOLEAN) != 0)
		kinds |= KIND_BIT(NODE_BOOLEAN);
	if ((types & (TYPE_INTEGER | TYPE_INTEGER_BY_TEXT | TYPE_NUMBER)) != 0)
		kinds |= KIND_BIT(NODE_INTEGER);
	if ((types & TYPE_NUMBER) != 0)
		kinds |= KIND_BIT(NODE_DECIMAL);
	if ((types & TYPE_STRING) != 0)
		kinds |= KIND_BIT(NODE_STRING);
	if ((types & TYPE_ARRAY) != 0)
		kinds |= KIND_BIT(NODE_SEQUENCE);
	if ((types & TYPE_OBJECT) != 0)
		kinds |= KIND_BIT(NODE_MAPPING);
	return kinds;
}

/* Kinds that may fit: a whole decimal is an integer, too. */
static unsigned int possible(const struct image_schema *schema)
{
	unsigned int kinds = schema->kinds;
	if ((schema->types & TYPE_INTEGER) != 0)
		kinds |= KIND_BIT(NODE_DECIMAL);
	return kinds;
}

static const struct image_schema *schemas_of(struct linker *linker)
{
	const struct image_header *header = link_at(linker, 0);
	return link_at(linker, header->schemas);
}

/* The kinds that surely fit one branch at least and, for oneOf, can fit no other. */
static unsigned int sure_of_list(struct linker *linker,
				 const struct image_operation *operation)
{
	const struct image_list *list = link_at(linker, operation->a);
	const struct image_schema *schemas = schemas_of(linker);
	unsigned int any = 0;
	unsigned int all = KINDS_ALL;
	unsigned int once = 0;
	unsigned int more = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct image_schema *schema = &schemas[list->items[i]];
		more |= once & possible(schema);
		once |= possible(schema);
		any |= schema->sure;
		all &= schema->sure;
	}
	if (operation->kind == OPERATION_ALL_OF)
		return all;
	return operation->kind == OPERATION_ANY_OF ? any : any & ~more;
}

/* The kinds of values that an operation surely lets pass. */
static unsigned int sure_of_operation(struct linker *linker,
				      const struct image_operation *operation)
{
	const unsigned int numbers = KIND_BIT(NODE_INTEGER) | KIND_BIT(NODE_DECIMAL);
	switch ((enum operation_kind)operation->kind) {
	case OPERATION_MINIMUM:
	case OPERATION_EXCLUSIVE_MINIMUM:
	case OPERATION_MAXIMUM:
	case OPERATION_EXCLUSIVE_MAXIMUM:
	case OPERATION_MULTIPLE_OF:
		return KINDS_ALL & ~numbers;
	case OPERATION_MIN_LENGTH:
	case OPERATION_MAX_LENGTH:
	case OPERATION_PATTERN:
	case OPERATION_FORMAT:
		return KINDS_ALL & ~KIND_BIT(NODE_STRING);
	case OPERATION_MIN_ITEMS:
	case OPERATION_MAX_ITEMS:
	case OPERATION_ITEMS:
	case OPERATION_CONTAINS:
	case OPERATION_UNIQUE_ITEMS:
	case OPERATION_UNEVALUATED_ITEMS:
		return KINDS_ALL & ~KIND_BIT(NODE_SEQUENCE);
	case OPERATION_MIN_PROPERTIES:
	case OPERATION_MAX_PROPERTIES:
	case OPERATION_REQUIRED:
	case OPERATION_DEPENDENT_REQUIRED:
	case OPERATION_DEPENDENT_SCHEMAS:
	case OPERATION_PROPERTY_NAMES:
	case OPERATION_PROPERTIES:
	case OPERATION_UNEVALUATED_PROPERTIES:
		return KINDS_ALL & ~KIND_BIT(NODE_MAPPING);
	case OPERATION_REFERENCE:
		return operation->b == 0 ? schemas_of(linker)[operation->a].sure : 0;
	case OPERATION_ALL_OF:
	case OPERATION_ANY_OF:
	case OPERATION_ONE_OF:
		return sure_of_list(linker, operation);
	case OPERATION_NONE:
	case OPERATION_NEVER:
	case OPERATION_TYPE:
	case OPERATION_CONST:
	case OPERATION_ENUM:
	case OPERATION_NOT:
	case OPERATION_CONDITION:
		break;
	}
	return 0;
}

/* From nothing upwards, so what a circle of references says of itself is never
 * believed.
 */
static bool make_surer(struct linker *linker, struct image_schema *schema)
{
	struct image_operation *operations = link_at(linker, schema->operations);
	unsigned int sure = schema->kinds;
	for (uint32_t i = 0; i < schema->operation_count; i++) {
		unsigned int kinds = sure_of_operation(linker, &operations[i]);
		bool either = operations[i].kind == OPERATION_ANY_OF ||
			      operations[i].kind == OPERATION_ONE_OF;
		if (either)
			operations[i].b = kinds;
		sure &= kinds;
	}
	bool more = schema->sure != sure;
	schema->sure = (uint8_t)sure;
	return more;
}

/* Most objects and lists have nothing but properties or items. */
static void find_direct(struct linker *linker, struct image_schema *schema)
{
	const struct image_operation *only = link_at(linker, schema->operations);
	if (schema->operation_count != 1)
		return;
	if (only->kind == OPERATION_PROPERTIES &&
	    (schema->kinds & KIND_BIT(NODE_MAPPING)) != 0) {
		const struct image_object *object = link_at(linker, only->a);
		if (object->pattern_count > 0)
			return;
		schema->flags |= IMAGE_PLAIN_OBJECT;
		schema->direct = only->a;
	} else if (only->kind == OPERATION_ITEMS &&
		   (schema->kinds & KIND_BIT(NODE_SEQUENCE)) != 0) {
		const struct image_items *items = link_at(linker, only->a);
		if (items->prefix_count > 0 || items->rest == SCHEMA_NONE)
			return;
		schema->flags |= IMAGE_PLAIN_LIST;
		schema->direct = items->rest;
	}
}

/* What a row says of its schema. */
static void finish_row(const struct image_schema *schemas,
		       const struct image_object *object, struct image_property *row)
{
	bool additional = row->name == 0 || (row->flags & IMAGE_ONLY_REQUIRED) != 0;
	if (additional)
		row->schema = object->additional;
	row->sure = KINDS_ALL;
	if (row->schema == SCHEMA_NONE)
		return;
	const struct image_schema *schema = &schemas[row->schema];
	row->sure = schema->sure;
	row->direct = schema->direct;
	row->flags |= schema->flags & (IMAGE_PLAIN_OBJECT | IMAGE_PLAIN_LIST);
	if (additional && (schema->flags & IMAGE_NEVER) != 0)
		row->flags |= IMAGE_UNKNOWN;
}

void link_sure(struct linker *linker)
{
	const struct image_header *header = link_at(linker, 0);
	struct image_schema *schemas = link_at(linker, header->schemas);
	bool more = true;
	for (int round = 0; round < ROUNDS && more; round++) {
		more = false;
		for (uint32_t i = 0; i < header->schema_count; i++)
			more |= make_surer(linker, &schemas[i]);
	}
	for (uint32_t i = 0; i < header->schema_count; i++)
		find_direct(linker, &schemas[i]);
	for (size_t i = 0; i < linker->objects.length; i += sizeof(uint32_t)) {
		uint32_t offset;
		memcpy(&offset, linker->objects.data + i, sizeof(offset));
		struct image_object *object = link_at(linker, offset);
		struct image_property *rows = link_at(linker, object->table);
		for (uint32_t k = 0; k <= object->mask; k++)
			finish_row(schemas, object, &rows[k]);
		object->additional_sure = KINDS_ALL;
		if (object->additional != SCHEMA_NONE)
			object->additional_sure = schemas[object->additional].sure;
	}
}
