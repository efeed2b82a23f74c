/* doc/schema_program.h - a schema as the compiler's parts make it, before it is linked
 * to an image (doc/schema_image.h); for doc/ only.
 *
 * A program is an array of subschemas; a subschema is an array of operations in the
 * order of enum operation_kind. All of it lives in the compiler's arena. */
#ifndef DOC_SCHEMA_PROGRAM_H
#define DOC_SCHEMA_PROGRAM_H

#include "doc/node.h"
#include "doc/number.h"
#include "doc/schema_format.h"
#include "doc/schema_image.h"
#include "doc/schema_pattern.h"

struct pattern;

/* A regular expression, as it was written, and its index among all. */
struct schema_pattern {
	const struct node *text;
	enum pattern_flavour flavour;
	uint32_t index;
};

struct constants {
	const struct node *nodes;
	uint32_t count;
};

struct subschemas {
	uint32_t count;
	uint32_t indexes[];
};

struct name {
	const char *text;
	uint32_t length;
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
	const struct pattern_property *patterns;
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

/* Keys by which items of a list are told apart, and what each is without its key. */
struct unique_keys {
	const struct names *names;
	struct constants defaults;
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
	uint32_t index;
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
		const struct node *bound;
		struct constants constants;
		const struct subschemas *subschemas;
		const struct names *names;
		const struct dependencies *dependencies;
		const struct properties *properties;
		const struct items *items;
		const struct contains *contains;
		const struct unique_keys *unique_keys;
		const struct condition *condition;
		const struct reference *reference;
	};
};

/* Where in its document a schema stands: "#/properties/spec". */
struct location {
	uint32_t index;          /* 1 + that in the image; 0: it has none so far */
	struct location *parent; /* NULL: the document itself */
	const char *token;       /* of the root: the document's URI, "" for the
				    main one */
};

struct subschema {
	const struct operation *operations;
	uint32_t operation_count;
	uint32_t resource;
	struct location *location;
	bool unevaluated; /* it has an operation that needs to know what was evaluated
			   */
	bool never;       /* it is the schema false */
};

/* A subschema with a name of its own. */
struct program_entry {
	const char *name;
	uint32_t schema;
};

struct program {
	struct subschema *subschemas;
	size_t count;
	size_t capacity;
	const struct schema_pattern **patterns;
	size_t pattern_count;
	size_t pattern_capacity;
	struct dynamic_name **dynamics;
	size_t dynamic_count;
	size_t dynamic_capacity;
	struct program_entry *entries;
	size_t entry_count;
	size_t entry_capacity;
	size_t resource_count;
	uint32_t root;
};

#endif
