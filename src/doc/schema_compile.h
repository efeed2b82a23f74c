/* doc/schema_compile.h - what the functions that compile keywords share; for doc/ only.
 *
 * Each keyword's function adds operations to the subschema at hand; subschemas that it
 * mentions get an index at once and are compiled later from a queue, so nothing
 * recurses. */
#ifndef DOC_SCHEMA_COMPILE_H
#define DOC_SCHEMA_COMPILE_H

#include "doc/schema_index.h"

struct compilation {
	uint64_t pattern_states; /* of all patterns */
	struct index index;
	struct arena *arena; /* of all that the compiler makes */
	struct error *err;

	struct program program; /* so far; position i is compiled into subschema i */
	struct position **queue;
	size_t queue_count;
	size_t queue_capacity;

	/* the subschema at hand */
	const struct position *position;
	struct operation *operations;
	size_t operation_count;
	size_t operation_capacity;
};

/* --- the frame (schema_compile.c) --- */

int compile_error(struct compilation *compilation, const struct node *node,
		  const char *format, ...) __attribute__((format(printf, 3, 4)));
int compile_no_memory(struct compilation *compilation);
enum schema_draft compile_draft(const struct compilation *compilation);
/* A sibling keyword of the one at hand, or NULL when it is absent or not in the draft.
 */
const struct node *compile_sibling(const struct compilation *compilation,
				   const char *keyword);
/* A new operation of the subschema at hand, or NULL: out of memory. */
struct operation *compile_add(struct compilation *compilation, enum operation_kind kind,
			      const char *keyword);
bool compile_has(const struct compilation *compilation, enum operation_kind kind);
/* The index of the subschema that stands below the one at hand: behind `keyword`, and
 * behind `token` in it unless that is NULL. */
int compile_child(struct compilation *compilation, const struct node *node,
		  const char *keyword, const char *token, uint32_t *out);
int compile_position(struct compilation *compilation, struct position *position,
		     uint32_t *out);
/* As schema patterns are written: ECMA 262. */
int compile_regex(struct compilation *compilation, const struct node *node,
		  const struct node *place, const struct schema_pattern **out);
/* Borrowed from the schema's document. */
struct name compile_name(const struct node *node);
/* The value as a count: a whole number from 0 on. */
int compile_count(struct compilation *compilation, const char *keyword,
		  const struct node *value, uint64_t *out);

/* --- keywords (schema_compile_*.c) --- */

#define KEYWORD_FUNCTION(name)                                                         \
	int name(struct compilation *compilation, const struct keyword *keyword,       \
		 const struct node *value)

KEYWORD_FUNCTION(compile_nothing);
KEYWORD_FUNCTION(compile_reference);
KEYWORD_FUNCTION(compile_dynamic_reference);
KEYWORD_FUNCTION(compile_recursive_reference);
KEYWORD_FUNCTION(compile_type);
KEYWORD_FUNCTION(compile_nullable);
KEYWORD_FUNCTION(compile_const);
KEYWORD_FUNCTION(compile_enum);
KEYWORD_FUNCTION(compile_minimum);
KEYWORD_FUNCTION(compile_maximum);
KEYWORD_FUNCTION(compile_exclusive_minimum);
KEYWORD_FUNCTION(compile_exclusive_maximum);
KEYWORD_FUNCTION(compile_multiple_of);
KEYWORD_FUNCTION(compile_min_length);
KEYWORD_FUNCTION(compile_max_length);
KEYWORD_FUNCTION(compile_min_items);
KEYWORD_FUNCTION(compile_max_items);
KEYWORD_FUNCTION(compile_min_properties);
KEYWORD_FUNCTION(compile_max_properties);
KEYWORD_FUNCTION(compile_pattern);
KEYWORD_FUNCTION(compile_format);
KEYWORD_FUNCTION(compile_required);
KEYWORD_FUNCTION(compile_dependent_required);
KEYWORD_FUNCTION(compile_dependent_schemas);
KEYWORD_FUNCTION(compile_dependencies);
KEYWORD_FUNCTION(compile_properties);
KEYWORD_FUNCTION(compile_property_names);
KEYWORD_FUNCTION(compile_unevaluated_properties);
KEYWORD_FUNCTION(compile_items);
KEYWORD_FUNCTION(compile_contains);
KEYWORD_FUNCTION(compile_unique_items);
KEYWORD_FUNCTION(compile_unique_keys);
KEYWORD_FUNCTION(compile_unevaluated_items);
KEYWORD_FUNCTION(compile_all_of);
KEYWORD_FUNCTION(compile_any_of);
KEYWORD_FUNCTION(compile_one_of);
KEYWORD_FUNCTION(compile_not);
KEYWORD_FUNCTION(compile_condition);

#endif
