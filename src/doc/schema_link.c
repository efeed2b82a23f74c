/* doc/schema_link.c - makes an image of a program. */
#include "doc/schema_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "doc/number.h"

#define IMAGE_BYTES    ((size_t)256 << 20)
#define ALIGNMENT      8
#define ALIASES        64   /* references to references that are followed */
#define FOLDED_MOST    1000 /* each is looked for among the properties */
#define INTEGER_DIGITS 18

uint32_t link_reserve(struct linker *linker, size_t bytes)
{
	struct buf *out = linker->out;
	size_t padding = -out->length & (ALIGNMENT - 1);
	char *room = buf_reserve(out, padding + bytes);
	if (room == NULL)
		return 0;
	memset(room, 0, padding + bytes);
	uint32_t offset = (uint32_t)(out->length + padding);
	out->length += padding + bytes;
	return offset;
}

void *link_at(struct linker *linker, uint32_t offset)
{
	return linker->out->data + offset;
}

/* Offsets are kept in the map as pointers. */
static void *offset_value(uint32_t offset)
{
	return (void *)(uintptr_t)offset;
}

uint32_t link_string(struct linker *linker, const char *text, size_t length)
{
	uint32_t known = (uint32_t)(uintptr_t)map_get(&linker->strings, text, length);
	if (known != 0)
		return known;
	uint32_t offset =
		link_reserve(linker, sizeof(struct image_string) + length + 1);
	if (offset == 0 ||
	    map_put(&linker->strings, text, length, offset_value(offset)) != 0) {
		linker->out->failed =
			linker->out->failed != 0 ? linker->out->failed : ERROR_MEMORY;
		return 0;
	}
	struct image_string *string = link_at(linker, offset);
	string->length = (uint32_t)length;
	if (length > 0)
		memcpy(string->text, text, length);
	return offset;
}

static uint32_t link_list(struct linker *linker, uint32_t count)
{
	uint32_t offset = link_reserve(linker, sizeof(struct image_list) +
						       count * sizeof(uint32_t));
	if (offset != 0)
		((struct image_list *)link_at(linker, offset))->count = count;
	return offset;
}

static void set_item(struct linker *linker, uint32_t list, uint32_t index,
		     uint32_t value)
{
	if (list != 0)
		((struct image_list *)link_at(linker, list))->items[index] = value;
}

uint32_t link_names(struct linker *linker, const struct names *names)
{
	if (names == NULL)
		return 0;
	uint32_t list = link_list(linker, names->count);
	for (uint32_t i = 0; i < names->count; i++)
		set_item(linker, list, i,
			 link_string(linker, names->names[i].text,
				     names->names[i].length));
	return list;
}

static uint32_t link_schemas(struct linker *linker, const struct subschemas *schemas)
{
	uint32_t list = link_list(linker, schemas->count);
	for (uint32_t i = 0; i < schemas->count; i++)
		set_item(linker, list, i, link_target(linker, schemas->indexes[i]));
	return list;
}

uint32_t link_target(const struct linker *linker, uint32_t schema)
{
	const struct program *program = linker->program;
	/* A dynamic reference asks which resources were entered on the way. */
	if (schema == SCHEMA_NONE || program->dynamic_count > 0)
		return schema;
	uint32_t target = schema;
	for (int i = 0; i < ALIASES; i++) {
		const struct subschema *subschema = &program->subschemas[target];
		if (subschema->operation_count != 1)
			return target;
		const struct operation *only = subschema->operations;
		if (only->kind == OPERATION_REFERENCE)
			target = only->reference->target;
		else if (only->kind == OPERATION_ALL_OF && only->subschemas->count == 1)
			target = only->subschemas->indexes[0];
		else
			return target;
	}
	/* A circle: it ends at a limit when it is run. */
	return schema;
}

/* --- constants --- */

/* Recursion is as deep as the document, whose depth was limited when it was read. */
static uint32_t link_value(struct linker *linker, const struct node *node)
{
	uint32_t offset = link_reserve(linker, sizeof(struct image_value));
	uint32_t data;
	if (offset == 0)
		return 0;
	if (node->kind == NODE_SEQUENCE || node->kind == NODE_MAPPING) {
		bool pairs = node->kind == NODE_MAPPING;
		data = link_list(linker, node->length * (pairs ? 2 : 1));
		for (uint32_t i = 0; data != 0 && i < node->length; i++) {
			const struct node *key = node_key(node, i);
			uint32_t value = link_value(linker, node_item(node, i));
			if (pairs)
				set_item(linker, data, 2 * i,
					 link_string(linker, key->text, key->length));
			set_item(linker, data, pairs ? 2 * i + 1 : i, value);
		}
	} else {
		data = link_string(linker, node->text, node->length);
	}
	*(struct image_value *)link_at(linker, offset) = (struct image_value){
		.kind = node->kind,
		.truth = node_boolean(node),
		.weight = node_weight(node),
		.data = data,
	};
	return offset;
}

static uint32_t link_constants(struct linker *linker, const struct constants *constants)
{
	uint32_t list = link_list(linker, constants->count);
	for (uint32_t i = 0; i < constants->count; i++)
		set_item(linker, list, i, link_value(linker, &constants->nodes[i]));
	return list;
}

static uint32_t link_bound(struct linker *linker, const struct node *node)
{
	uint32_t text = link_string(linker, node->text, node->length);
	uint32_t offset = link_reserve(linker, sizeof(struct image_bound));
	if (offset == 0)
		return 0;
	struct image_bound *bound = link_at(linker, offset);
	bound->text = text;
	bound->fits = node->kind == NODE_INTEGER && node->length <= INTEGER_DIGITS &&
		      number_to_int64(node->text, &bound->value) == 0;
	return offset;
}

/* --- lists of schemas --- */

static uint32_t link_dependencies(struct linker *linker,
				  const struct dependencies *dependencies)
{
	size_t bytes = sizeof(struct image_dependencies) +
		       dependencies->count * sizeof(struct image_dependency);
	uint32_t offset = link_reserve(linker, bytes);
	if (offset == 0)
		return 0;
	((struct image_dependencies *)link_at(linker, offset))->count =
		dependencies->count;
	for (uint32_t i = 0; i < dependencies->count; i++) {
		const struct dependency *from = &dependencies->items[i];
		struct image_dependency item = {
			.name = link_string(linker, from->name.text, from->name.length),
			.needed = link_names(linker, from->needed),
			.schema = link_target(linker, from->schema),
		};
		((struct image_dependencies *)link_at(linker, offset))->items[i] = item;
	}
	return offset;
}

static uint32_t link_items(struct linker *linker, const struct items *items)
{
	uint32_t count = items->prefix == NULL ? 0 : items->prefix->count;
	uint32_t offset = link_reserve(linker, sizeof(struct image_items) +
						       count * sizeof(uint32_t));
	if (offset == 0)
		return 0;
	struct image_items *to = link_at(linker, offset);
	to->rest = link_target(linker, items->rest);
	to->prefix_count = count;
	for (uint32_t i = 0; i < count; i++)
		to->prefix[i] = link_target(linker, items->prefix->indexes[i]);
	return offset;
}

static uint32_t link_contains(struct linker *linker, const struct contains *contains)
{
	uint32_t offset = link_reserve(linker, sizeof(struct image_contains));
	if (offset == 0)
		return 0;
	*(struct image_contains *)link_at(linker, offset) = (struct image_contains){
		.minimum = contains->minimum,
		.maximum = contains->maximum,
		.schema = link_target(linker, contains->schema),
		.marks = contains->marks,
	};
	return offset;
}

static uint32_t link_unique_keys(struct linker *linker, const struct unique_keys *from)
{
	struct image_unique_keys to = { link_names(linker, from->names),
					link_constants(linker, &from->defaults) };
	uint32_t offset = link_reserve(linker, sizeof(to));
	if (offset != 0)
		memcpy(link_at(linker, offset), &to, sizeof(to));
	return offset;
}

/* --- schemas --- */

/* The required names of a subschema that has properties, too, and not many. */
static const struct names *folded_names(const struct subschema *subschema)
{
	const struct names *names = NULL;
	bool properties = false;
	for (uint32_t i = 0; i < subschema->operation_count; i++) {
		const struct operation *operation = &subschema->operations[i];
		if (operation->kind == OPERATION_REQUIRED)
			names = operation->names;
		properties |= operation->kind == OPERATION_PROPERTIES;
	}
	bool folds = properties && names != NULL && names->count <= FOLDED_MOST;
	return folds ? names : NULL;
}

/* The argument that most operations have. */
static uint32_t link_argument(struct linker *linker, const struct subschema *subschema,
			      const struct operation *from)
{
	switch (from->kind) {
	case OPERATION_NONE:
	case OPERATION_NEVER:
	case OPERATION_TYPE:
	case OPERATION_NULLABLE:
	case OPERATION_UNIQUE_ITEMS:
		break;
	case OPERATION_CONST:
	case OPERATION_ENUM:
		return link_constants(linker, &from->constants);
	case OPERATION_MINIMUM:
	case OPERATION_EXCLUSIVE_MINIMUM:
	case OPERATION_MAXIMUM:
	case OPERATION_EXCLUSIVE_MAXIMUM:
	case OPERATION_MULTIPLE_OF:
		return link_bound(linker, from->bound);
	case OPERATION_MIN_LENGTH:
	case OPERATION_MAX_LENGTH:
	case OPERATION_MIN_ITEMS:
	case OPERATION_MAX_ITEMS:
	case OPERATION_MIN_PROPERTIES:
	case OPERATION_MAX_PROPERTIES:
		return (uint32_t)from->count;
	case OPERATION_REQUIRED:
		return link_names(linker, from->names);
	case OPERATION_DEPENDENT_REQUIRED:
	case OPERATION_DEPENDENT_SCHEMAS:
		return link_dependencies(linker, from->dependencies);
	case OPERATION_PATTERN:
		return from->pattern->index;
	case OPERATION_FORMAT:
		return from->format;
	case OPERATION_PROPERTY_NAMES:
	case OPERATION_NOT:
	case OPERATION_UNEVALUATED_ITEMS:
	case OPERATION_UNEVALUATED_PROPERTIES:
		return link_target(linker, from->schema);
	case OPERATION_PROPERTIES:
		return link_object(linker, from->properties, folded_names(subschema));
	case OPERATION_ITEMS:
		return link_items(linker, from->items);
	case OPERATION_UNIQUE_KEYS:
		return link_unique_keys(linker, from->unique_keys);
	case OPERATION_CONTAINS:
		return link_contains(linker, from->contains);
	case OPERATION_REFERENCE:
		return link_target(linker, from->reference->target);
	case OPERATION_ALL_OF:
	case OPERATION_ANY_OF:
	case OPERATION_ONE_OF:
		return link_schemas(linker, from->subschemas);
	case OPERATION_CONDITION:
		return link_target(linker, from->condition->test);
	}
	return 0;
}

static bool has_count(enum operation_kind kind)
{
	return kind == OPERATION_MIN_LENGTH || kind == OPERATION_MAX_LENGTH ||
	       kind == OPERATION_MIN_ITEMS || kind == OPERATION_MAX_ITEMS ||
	       kind == OPERATION_MIN_PROPERTIES || kind == OPERATION_MAX_PROPERTIES;
}

static struct image_operation link_operation(struct linker *linker,
					     const struct subschema *subschema,
					     const struct operation *from)
{
	struct image_operation to = {
		.kind = from->kind,
		.keyword = link_string(linker, from->keyword, strlen(from->keyword)),
	};
	to.a = link_argument(linker, subschema, from);
	if (has_count(from->kind))
		to.b = (uint32_t)(from->count >> 32);
	if (from->kind == OPERATION_REFERENCE && from->reference->dynamic != NULL)
		to.b = from->reference->dynamic->index + 1;
	if (from->kind == OPERATION_CONDITION) {
		to.b = link_target(linker, from->condition->when_true);
		to.c = link_target(linker, from->condition->when_false);
	}
	return to;
}

/* Locations stand in the order of their depth: parents first. Recursion is as deep as
 * schemas are. */
static uint32_t link_location(struct linker *linker, struct location *location)
{
	if (location->index != 0)
		return location->index - 1;
	struct image_location record = { .parent = SCHEMA_NONE };
	if (location->parent != NULL)
		record.parent = link_location(linker, location->parent);
	record.token = link_string(linker, location->token, strlen(location->token));
	buf_add(&linker->locations, &record, sizeof(record));
	location->index = (uint32_t)(linker->locations.length / sizeof(record));
	return location->index - 1;
}

/* Whether an operation is left out: it stands in the schema, or in its properties. */
static bool is_folded(const struct subschema *subschema,
		      const struct operation *operation)
{
	return operation->kind == OPERATION_TYPE ||
	       operation->kind == OPERATION_NULLABLE ||
	       (operation->kind == OPERATION_REQUIRED &&
		folded_names(subschema) != NULL);
}

static void link_schema(struct linker *linker, const struct subschema *from,
			uint32_t record)
{
	struct image_schema to = {
		.kinds = KINDS_ALL,
		.flags = (uint8_t)((from->unevaluated ? IMAGE_UNEVALUATED : 0) |
				   (from->never ? IMAGE_NEVER : 0)),
		.resource = from->resource,
		.location = link_location(linker, from->location),
	};
	for (uint32_t i = 0; i < from->operation_count; i++)
		to.operation_count += !is_folded(from, &from->operations[i]);
	to.operations = link_reserve(linker, to.operation_count *
						     sizeof(struct image_operation));
	uint32_t at = to.operations;
	for (uint32_t i = 0; i < from->operation_count; i++) {
		const struct operation *operation = &from->operations[i];
		if (operation->kind == OPERATION_TYPE) {
			to.types = (uint8_t)operation->types;
			to.kinds = (uint8_t)types_kinds(operation->types);
		}
		if (operation->kind == OPERATION_NULLABLE)
			to.flags |= IMAGE_NULLABLE;
		if (is_folded(from, operation))
			continue;
		struct image_operation linked = link_operation(linker, from, operation);
		if (linker->out->failed == 0)
			memcpy(link_at(linker, at), &linked, sizeof(linked));
		at += sizeof(linked);
	}
	if (linker->out->failed == 0)
		memcpy(link_at(linker, record), &to, sizeof(to));
}

/* A reference that also takes null is what it refers to, with null: the way there
 * would cost more than the check. The two share all that they say. */
static void share_nullable(struct linker *linker, uint32_t schemas)
{
	const struct program *program = linker->program;
	for (size_t i = 0; i < program->count && linker->out->failed == 0; i++) {
		const struct subschema *from = &program->subschemas[i];
		const struct operation *operations = from->operations;
		if (from->operation_count != 2 ||
		    operations[0].kind != OPERATION_NULLABLE ||
		    operations[1].kind != OPERATION_REFERENCE ||
		    program->dynamic_count > 0)
			continue;
		struct image_schema *records = link_at(linker, schemas);
		uint32_t target = link_target(linker, operations[1].reference->target);
		records[i] = records[target];
		records[i].flags |= IMAGE_NULLABLE;
	}
}

/* --- tables of the whole --- */

static int compare_entries(const void *left, const void *right)
{
	const struct program_entry *a = left;
	const struct program_entry *b = right;
	return strcmp(a->name, b->name);
}

static uint32_t link_entries(struct linker *linker)
{
	const struct program *program = linker->program;
	uint32_t first =
		link_reserve(linker, program->entry_count * sizeof(struct image_entry));
	if (program->entry_count > 0)
		qsort(program->entries, program->entry_count, sizeof(*program->entries),
		      compare_entries);
	for (size_t i = 0; first != 0 && i < program->entry_count; i++) {
		const struct program_entry *from = &program->entries[i];
		struct image_entry to = { link_string(linker, from->name,
						      strlen(from->name)),
					  link_target(linker, from->schema) };
		struct image_entry *entries = link_at(linker, first);
		entries[i] = to;
	}
	return first;
}

static uint32_t link_patterns(struct linker *linker)
{
	const struct program *program = linker->program;
	uint32_t first = link_reserve(linker, program->pattern_count *
						      sizeof(struct image_pattern));
	for (size_t i = 0; first != 0 && i < program->pattern_count; i++) {
		const struct node *text = program->patterns[i]->text;
		uint32_t string = link_string(linker, text->text, text->length);
		struct image_pattern *patterns = link_at(linker, first);
		patterns[i].text = string;
		patterns[i].flavour = program->patterns[i]->flavour;
	}
	return first;
}

static uint32_t link_dynamics(struct linker *linker)
{
	const struct program *program = linker->program;
	size_t row = program->resource_count * sizeof(uint32_t);
	uint32_t first = link_reserve(linker, program->dynamic_count * row);
	for (size_t i = 0; first != 0 && i < program->dynamic_count; i++)
		memcpy((char *)link_at(linker, first) + i * row,
		       program->dynamics[i]->targets, row);
	return first;
}

static void link_all(struct linker *linker)
{
	const struct program *program = linker->program;
	struct image_header header = {
		.magic = IMAGE_MAGIC,
		.version = IMAGE_VERSION,
		.byte_order = IMAGE_BYTE_ORDER,
		.schema_count = (uint32_t)program->count,
		.pattern_count = (uint32_t)program->pattern_count,
		.entry_count = (uint32_t)program->entry_count,
		.dynamic_count = (uint32_t)program->dynamic_count,
		.resource_count = (uint32_t)program->resource_count,
		.root = link_target(linker, program->root),
	};
	link_reserve(linker, sizeof(header));
	header.schemas =
		link_reserve(linker, program->count * sizeof(struct image_schema));
	for (size_t i = 0; i < program->count && linker->out->failed == 0; i++)
		link_schema(linker, &program->subschemas[i],
			    header.schemas +
				    (uint32_t)(i * sizeof(struct image_schema)));
	share_nullable(linker, header.schemas);
	header.entries = link_entries(linker);
	header.patterns = link_patterns(linker);
	header.dynamics = link_dynamics(linker);
	header.name_count = (uint32_t)linker->names.count;
	header.names = link_all_names(linker);
	header.locations = link_reserve(linker, linker->locations.length);
	header.location_count =
		(uint32_t)(linker->locations.length / sizeof(struct image_location));
	header.size = linker->out->length;
	if (linker->out->failed != 0 || linker->locations.failed != 0 ||
	    linker->objects.failed != 0)
		return;
	memcpy(link_at(linker, header.locations), linker->locations.data,
	       linker->locations.length);
	memcpy(linker->out->data, &header, sizeof(header));
	link_sure(linker);
}

static int sign(struct buf *image)
{
	struct digest digest;
	if (digest_of(image->data + IMAGE_SIGNED, image->length - IMAGE_SIGNED,
		      &digest) != 0)
		return ERROR_MEMORY;
	memcpy(image->data + offsetof(struct image_header, digest), &digest,
	       sizeof(digest));
	return 0;
}

int program_link(struct schema **out, const char *name, const struct program *program,
		 struct error *err)
{
	struct buf image = BUF_INIT(IMAGE_BYTES);
	struct linker linker = { .program = program,
				 .out = &image,
				 .locations = BUF_INIT(IMAGE_BYTES),
				 .objects = BUF_INIT(IMAGE_BYTES) };
	link_all(&linker);
	int status = buf_status(&image, name, err);
	if (status == 0)
		status = buf_status(&linker.locations, name, err);
	if (status == 0)
		status = buf_status(&linker.objects, name, err);
	if (status == 0 && sign(&image) != 0)
		status = error_set(err, ERROR_MEMORY,
				   "out of memory for the schema '%s'", name);
	map_release(&linker.strings);
	map_release(&linker.names);
	buf_release(&linker.locations);
	buf_release(&linker.objects);
	char *bytes = status == 0 ? buf_detach(&image, NULL) : NULL;
	if (status == 0)
		status = image_open(out, name, bytes, bytes, err);
	if (status != 0)
		free(bytes);
	buf_release(&image);
	return status;
}
