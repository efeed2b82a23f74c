/* doc/schema_keywords.h - facts about the keywords of JSON Schema; for doc/ only. */
#ifndef DOC_SCHEMA_KEYWORDS_H
#define DOC_SCHEMA_KEYWORDS_H

#include "doc/node.h"
#include "doc/schema.h"

struct compilation;

/* What a keyword's value is. The rows up to SHAPE_DEPENDENCIES hold schemas. */
enum keyword_shape {
	SHAPE_NONE = 0,
	SHAPE_SCHEMA,
	SHAPE_SCHEMA_LIST,
	SHAPE_SCHEMA_MAP,
	SHAPE_ITEMS,        /* a schema or, before 2020-12, a list of schemas */
	SHAPE_DEPENDENCIES, /* a map of schemas and of lists of names */
	SHAPE_ANYTHING,
	SHAPE_TEXT,
	SHAPE_FLAG,
	SHAPE_COUNT,
	SHAPE_NUMBER,
	SHAPE_DIVISOR,
	SHAPE_TYPE,
	SHAPE_LIST,
	SHAPE_NAMES,
	SHAPE_NAMES_MAP,
	SHAPE_FLAG_MAP,
};

enum keyword_vocabulary { VOCABULARY_CORE = 0, VOCABULARY_APPLY, VOCABULARY_VALIDATE };

struct keyword {
	const char *name;
	enum schema_draft first;
	enum schema_draft last;
	enum keyword_shape shape;
	enum keyword_vocabulary vocabulary;
	int (*compile)(struct compilation *compilation, const struct keyword *keyword,
		       const struct node *value);
};

/* The keyword as the draft knows it, or NULL. */
const struct keyword *keyword_of(enum schema_draft draft, const struct node *key);
/* The n-th keyword of the table, or NULL behind the last. */
const struct keyword *keyword_at(size_t index);
/* The draft of a $schema URI, or SCHEMA_DRAFT_UNKNOWN. */
enum schema_draft keyword_draft(const char *uri);

#endif
