/* doc/schema_program.h - a compiled schema: what the compiler makes and the validator
 * runs; for doc/ only.
 *
 * A schema is an array of subschemas; a subschema is an array of operations in the
 * order of enum operation_kind: cheap and telling ones first, those that need to know
 * what the others evaluated last. Subschemas refer to each other by index, so cycles
 * are free. All of it lives in one arena and is never written again. */
#ifndef DOC_SCHEMA_PROGRAM_H
#define DOC_SCHEMA_PROGRAM_H

#include "doc/node.h"
#include "doc/number.h"
#include "doc/schema.h"
#include "doc/schema_format.h"

struct pattern;

#define SCHEMA_NONE UINT32_MAX

enum operation_kind {
	OPERATION_NONE = 0,
	OPERATION_NEVER, /* the schema false */
	OPERATION_TYPE,
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

/* A regular expression, and how it was written. */
struct schema_pattern {
	const struct pattern *pattern;
	const char *text;
};

/* A number in a schema, and how it was written. */
struct bound {
	struct number number;
	const char *text;
};

struct constants {
	uint32_t count;
	const struct node *nodes[];
};

struct subschemas {
	uint32_t count;
	uint32_t indexes[];
};

struct name {
	const char *text;
	uint32_t length;
	uint32_t hash;
};

struct names {
	uint32_t count;
	struct name names[];
};

/* When an object has `name`, it needs `needed` and must fit `schema`. */
struct dependency {
	struct name name;
	const struct names *needed; /* NULL: none */
	uint32_t schema;            /* SCHEMA_NONE: none */
};

struct dependencies {
	uint32_t count;
	struct dependency items[];
};

struct property {
	struct name name;
	uint32_t schema;
};

struct pattern_property {
	const struct schema_pattern *pattern;
	uint32_t schema;
};

/* properties, patternProperties and additionalProperties of one subschema. */
struct properties {
	const struct property *properties;
	const uint32_t *slots; /* index + 1; NULL: none */
	const char **names;    /* as in `properties`, for suggestions */
	const struct pattern_property *patterns;
	uint32_t mask;
	uint32_t count;
	uint32_t pattern_count;
	uint32_t additional; /* SCHEMA_NONE: anything */
};

/* prefixItems and items, or items and additionalItems. */
struct items {
	const struct subschemas *prefix; /* NULL: none */
	uint32_t rest;                   /* SCHEMA_NONE: anything */
	const char *rest_keyword;
};

struct contains {
	uint64_t minimum;
	uint64_t maximum;
	uint32_t schema;
	bool marks; /* from 2020-12 on what it matched counts as evaluated */
};

struct condition {
	uint32_t test;
	uint32_t when_true;  /* SCHEMA_NONE: none */
	uint32_t when_false; /* SCHEMA_NONE: none */
};

/* A dynamic reference's targets by resource; SCHEMA_NONE where there is no such anchor.
 */
struct dynamic_name {
	const char *name;
	const uint32_t *targets;
};

struct reference {
	uint32_t target;
	const struct dynamic_name *dynamic; /* NULL: a plain one */
};

struct operation {
	enum operation_kind kind;
	const char *keyword;
	union {
		unsigned int types;
		uint64_t count;
		uint32_t schema;
		const struct schema_pattern *pattern;
		enum schema_format format;
		const struct bound *bound;
		const struct constants *constants;
		const struct subschemas *subschemas;
		const struct names *names;
		const struct dependencies *dependencies;
		const struct properties *properties;
		const struct items *items;
		const struct contains *contains;
		const struct condition *condition;
		const struct reference *reference;
	};
};

/* Where in its document a schema stands: "#/properties/spec". */
struct location {
	const struct location *parent; /* NULL: the document itself */
	const char *token;             /* of the root: the document's URI, "" for the
					  main one */
};

struct subschema {
	const struct operation *operations;
	uint32_t operation_count;
	uint32_t resource;
	const struct location *location;
	bool unevaluated; /* it has an operation that needs to know what was evaluated
			   */
	bool never;       /* it is the schema false */
};

struct schema {
	struct arena *arena;
	const struct subschema *subschemas;
	size_t count;
	uint32_t root;
	struct pattern **patterns; /* freed with the schema */
	size_t pattern_count;
	size_t pattern_capacity;
};

/* The property with this key, or NULL. */
const struct property *properties_find(const struct properties *properties,
				       const struct node *key);

#endif
