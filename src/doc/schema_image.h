/* doc/schema_image.h - a compiled schema as it is run, saved and loaded: one block of
 * bytes; for doc/ only.
 *
 * Everything in it refers to everything else by offsets from its start or by indexes,
 * so it can be mapped anywhere and shared between processes. It holds no hash that
 * depends on the process. Subschemas refer to each other by index: cycles are free. It
 * is never written after it was linked, and one that comes from outside is checked
 * once, record by record (schema_check.c), so that running it needs no checks. The
 * layout belongs to IMAGE_VERSION: change both together. */
#ifndef DOC_SCHEMA_IMAGE_H
#define DOC_SCHEMA_IMAGE_H

#include "base/hash.h"
#include "doc/node.h"
#include "doc/schema.h"
#include "doc/symbol.h"

struct pattern;

#define IMAGE_MAGIC      "gitgate\x1b"
#define IMAGE_VERSION    4
#define IMAGE_BYTE_ORDER 0x01020304u
#define SCHEMA_NONE      UINT32_MAX

/* In the order in which they are checked: cheap and telling ones first, those that need
 * to know what the others evaluated last. */
enum operation_kind {
	OPERATION_NONE = 0,
	OPERATION_NEVER,    /* the schema false */
	OPERATION_TYPE,     /* stands in struct image_schema */
	OPERATION_NULLABLE, /* so does this */
	OPERATION_CONST,
	OPERATION_ENUM,
	OPERATION_MINIMUM,
	OPERATION_EXCLUSIVE_MINIMUM,
	OPERATION_MAXIMUM,
	OPERATION_EXCLUSIVE_MAXIMUM,
	OPERATION_MULTIPLE_OF,
	OPERATION_MIN_LENGTH,
	OPERATION_MAX_LENGTH,
	OPERATION_MIN_ITEMS,
	OPERATION_MAX_ITEMS,
	OPERATION_MIN_PROPERTIES,
	OPERATION_MAX_PROPERTIES,
	OPERATION_REQUIRED,
	OPERATION_DEPENDENT_REQUIRED,
	OPERATION_PATTERN,
	OPERATION_FORMAT,
	OPERATION_PROPERTY_NAMES,
	OPERATION_PROPERTIES,
	OPERATION_ITEMS,
	OPERATION_CONTAINS,
	OPERATION_UNIQUE_ITEMS,
	OPERATION_UNIQUE_KEYS,
	OPERATION_DEPENDENT_SCHEMAS,
	OPERATION_REFERENCE,
	OPERATION_ALL_OF,
	OPERATION_ANY_OF,
	OPERATION_ONE_OF,
	OPERATION_NOT,
	OPERATION_CONDITION,
	OPERATION_UNEVALUATED_ITEMS,
	OPERATION_UNEVALUATED_PROPERTIES,
};

/* Bits of a set of types. */
enum type_bit {
	TYPE_NULL = 1,
	TYPE_BOOLEAN = 2,
	TYPE_INTEGER = 4, /* by value: 1.0 counts, except in draft 4 */
	TYPE_NUMBER = 8,
	TYPE_STRING = 16,
	TYPE_ARRAY = 32,
	TYPE_OBJECT = 64,
	TYPE_INTEGER_BY_TEXT = 128, /* draft 4: 1.0 is no integer */
};

/* A set of enum node_kind. */
#define KIND_BIT(kind) (1u << (kind))
#define KINDS_ALL      0xffu

struct image_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t size;        /* of all of it */
	struct digest digest; /* SHA-256 of what follows it */
	uint32_t schemas;     /* struct image_schema[] */
	uint32_t schema_count;
	uint32_t locations; /* struct image_location[] */
	uint32_t location_count;
	uint32_t patterns; /* struct image_pattern[] */
	uint32_t pattern_count;
	uint32_t entries; /* struct image_entry[], sorted by name */
	uint32_t entry_count;
	uint32_t dynamics; /* for each dynamic anchor, the targets of all resources */
	uint32_t dynamic_count;
	uint32_t resource_count;
	uint32_t root;
	uint32_t names; /* struct image_name[], sorted */
	uint32_t name_count;
};

#define IMAGE_SIGNED offsetof(struct image_header, schemas) /* from here on */

/* Strings are counted, and end with a NUL that does not count. */
struct image_string {
	uint32_t length;
	char text[];
};

/* Where a schema stands: "#/properties/spec". */
struct image_location {
	uint32_t parent; /* a smaller index; SCHEMA_NONE: the document itself */
	uint32_t token;  /* string; of the root: the document's URI, "" for the main one
			  */
};

enum image_schema_flag {
	IMAGE_UNEVALUATED = 1, /* it needs to know what was evaluated */
	IMAGE_NEVER = 2,       /* it is the schema false */
	IMAGE_PLAIN_OBJECT =
		4,            /* objects: `direct` is all there is, without patterns */
	IMAGE_PLAIN_LIST = 8, /* arrays: every item fits the schema `direct` */
	IMAGE_NULLABLE = 16,  /* null fits, whatever else it says */
};

struct image_schema {
	uint8_t kinds; /* of values that have one of the types, whatever they are */
	uint8_t sure;  /* of values that fit without being looked at */
	uint8_t types;
	uint8_t flags;
	uint32_t operation_count;
	uint32_t operations; /* struct image_operation[] */
	uint32_t resource;
	uint32_t location;
	uint32_t direct;
};

/* What a, b and c are stands beside the records below. */
struct image_operation {
	uint32_t kind;
	uint32_t keyword; /* string */
	uint32_t a;
	uint32_t b;
	uint32_t c;
};

/* PATTERN: a is an index. Its text is as written. */
struct image_pattern {
	uint32_t text;
	uint32_t flavour; /* enum pattern_flavour */
};

/* A schema that has a name of its own in a bundle. */
struct image_entry {
	uint32_t name;
	uint32_t schema;
};

/* A name that objects have rows for. Sorted by first, last, length, and the bytes. */
struct image_name {
	uint64_t first; /* as in struct name_words */
	uint64_t last;
	uint32_t length;
	uint32_t text;   /* string, behind which is room to read eight bytes */
	uint32_t number; /* from 1 to name_count */
	uint32_t padding;
};

/* Several of a kind: strings (REQUIRED, a), schemas (ALL_OF, ANY_OF, ONE_OF: a; b has
 * the kinds that surely fit), values (CONST, ENUM: a). */
struct image_list {
	uint32_t count;
	uint32_t items[];
};

/* A constant. Scalars: data is a string. Sequences: a list of values. Mappings: a list
 * of strings and values in turn. */
struct image_value {
	uint8_t kind; /* enum node_kind */
	uint8_t truth;
	uint16_t padding;
	uint32_t weight; /* values in it, with it */
	uint32_t data;
};

/* MINIMUM ... MULTIPLE_OF: a */
struct image_bound {
	int64_t value; /* when it is an integer that fits */
	uint32_t fits;
	uint32_t text;
};

/* DEPENDENT_REQUIRED, DEPENDENT_SCHEMAS: a is such a list */
struct image_dependency {
	uint32_t name;
	uint32_t needed; /* list of strings, 0: none */
	uint32_t schema; /* SCHEMA_NONE: none */
};

struct image_dependencies {
	uint32_t count;
	struct image_dependency items[];
};

enum image_property_flag {
	IMAGE_UNKNOWN = 64,        /* nothing may stand there */
	IMAGE_ONLY_REQUIRED = 128, /* "properties" does not have it */
};

/* A place of an object's table. A free one says of what is not there: the schema is
 * that of additional properties. */
struct image_property {
	uint32_t name;   /* the number of a name; 0: a free place */
	uint32_t schema; /* IMAGE_ONLY_REQUIRED: that of additional properties, too;
			    SCHEMA_NONE: anything */
	uint32_t direct; /* as in its schema */
	uint8_t sure;    /* as in its schema */
	uint8_t flags;   /* IMAGE_PLAIN_* as in its schema, and enum image_property_flag
			  */
	uint8_t required; /* 1: the name is required */
	uint8_t padding;
};

struct image_pattern_property {
	uint32_t pattern;
	uint32_t schema;
};

/* PROPERTIES: a. properties, patternProperties, additionalProperties, and `required`
 * unless it is long. At least one place of the table is free. */
struct image_object {
	uint32_t required; /* rows that are */
	uint32_t multiplier;
	uint32_t shift;
	uint32_t mask;
	uint32_t table;          /* struct image_property[mask + 1] */
	uint32_t row_count;      /* places that are taken; 0: no name says anything */
	uint32_t names;          /* of "properties": list of strings, in their order */
	uint32_t required_names; /* list of strings; 0: none */
	uint32_t patterns;       /* struct image_pattern_property[] */
	uint32_t pattern_count;
	uint32_t additional; /* SCHEMA_NONE: anything */
	uint32_t additional_sure;
};

/* ITEMS: a. prefixItems and items, or items and additionalItems. */
struct image_items {
	uint32_t rest; /* SCHEMA_NONE: anything */
	uint32_t prefix_count;
	uint32_t prefix[];
};

/* CONTAINS: a */
struct image_contains {
	uint64_t minimum;
	uint64_t maximum;
	uint32_t schema;
	uint32_t marks; /* from 2020-12 on what it matched counts as evaluated */
};

/* UNIQUE_KEYS: a. Items are told apart by these keys of theirs; a key that is not there
 * counts as its default (null: none). */
struct image_unique_keys {
	uint32_t names;    /* list of strings */
	uint32_t defaults; /* list of values, in the same order */
};

/* Of the others: MIN_LENGTH ... MAX_PROPERTIES: a and b are the lower and upper half of
 * a count. FORMAT: a is an enum schema_format. PROPERTY_NAMES, NOT, UNEVALUATED_*: a is
 * a schema. REFERENCE: a is a schema, b 1 + index of a dynamic anchor or 0. CONDITION:
 * a is the test, b and c what follows, SCHEMA_NONE for nothing. */

struct schema {
	const unsigned char *bytes; /* the image */
	const struct image_header *header;
	const struct image_schema *schemas;
	struct pattern **patterns;
	uint32_t *numbers;    /* of names, by symbol; 0: none of this schema's */
	bool symbols_missing; /* some names have none */
	void *owned;          /* the image's memory, when it is the schema's */
};

static inline const void *image_at(const struct schema *schema, uint32_t offset)
{
	return schema->bytes + offset;
}

static inline const struct image_string *image_string_at(const struct schema *schema,
							 uint32_t offset)
{
	return image_at(schema, offset);
}

/* Makes a schema of an image that was checked or linked here: its patterns are
 * compiled. It takes `owned` over when it succeeds. */
int image_open(struct schema **out, const char *name, const void *bytes, void *owned,
	       struct error *err);
/* 0, or ERROR_SCHEMA: bytes that are no image, or one that is broken. */
int image_check(const void *bytes, size_t size, struct error *err);

/* The number of a name; 0: the schema does not know it. As in symbol.h, eight bytes of
 * it can be read. */
uint32_t schema_number_of(const struct schema *schema, const struct node *key);
/* The row of a key that has no number by its symbol. As in symbol.h, eight bytes of it
 * can be read. */
const struct image_property *object_find_text(const struct schema *schema,
					      const struct image_object *object,
					      const struct node *key);

static inline uint32_t property_slot(uint32_t multiplier, uint32_t shift,
				     uint32_t number)
{
	return (number * multiplier) >> shift;
}

static inline const struct image_property *object_find_number(
	const struct schema *schema, const struct image_object *object, uint32_t number)
{
	const struct image_property *table = image_at(schema, object->table);
	uint32_t slot = property_slot(object->multiplier, object->shift, number);
	while (table[slot].name != number && table[slot].name != 0)
		slot = (slot + 1) & object->mask;
	return &table[slot];
}

/* The row of a key in an object: a free one when there is none. */
static inline const struct image_property *object_find(
	const struct schema *schema, const struct image_object *object,
	const struct node *key)
{
	uint32_t number = schema->numbers[key->symbol];
	return number == 0 ? object_find_text(schema, object, key)
			   : object_find_number(schema, object, number);
}

#endif
