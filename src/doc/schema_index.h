/* doc/schema_index.h - where schemas stand in the documents given: resources with their
 * URIs, anchors, and the position of every subschema; for doc/ only.
 *
 * Only places that a keyword declares to be schemas are looked at: what looks like
 * "$id" inside of enum, const or examples is data. */
#ifndef DOC_SCHEMA_INDEX_H
#define DOC_SCHEMA_INDEX_H

#include "base/map.h"
#include "doc/schema_keywords.h"
#include "doc/schema_program.h"

struct error;

/* A schema with a URI of its own. */
struct resource {
	const char *uri; /* without fragment; "" for a main document without $id */
	const struct node *root;
	struct location *location;
	enum schema_draft draft;
	bool validates;       /* its dialect has the validation vocabulary */
	bool asserts_formats; /* its dialect wants so */
	uint32_t index;
	struct map anchors;         /* name -> struct position */
	struct map dynamic_anchors; /* name -> struct position */
};

/* A place where a schema stands. */
struct position {
	struct position_key {
		const struct node *node;
		const struct resource *resource;
	} key;
	struct location *location;
	uint32_t subschema; /* SCHEMA_NONE: not needed so far */
};

struct index {
	struct arena *arena;     /* of the compiler */
	const char *main_name;   /* of the main document, for errors */
	const char *name;        /* of the document at hand, for errors */
	enum schema_draft draft; /* when none is declared */
	bool assert_formats;
	const struct limits *limits;
	struct map documents; /* URI -> root of the documents given */
	struct map by_uri;    /* -> struct resource */
	struct map
		by_node; /* struct position_key (node, enclosing) -> struct resource */
	struct map positions; /* struct position_key (node, own) -> struct position */
	struct resource **resources;
	size_t resource_count;
	size_t resource_capacity;
	struct error *err;
};

/* The name under which $recursiveAnchor is kept; no JSON text can be this anchor. */
#define RECURSIVE_ANCHOR "$recursiveAnchor"

void index_release(struct index *index);
/* Knows a document from now on, under its URI; it is looked at when it is needed. */
int index_add_document(struct index *index, const char *uri, const struct node *root);
/* Looks at a document: finds its resources, anchors and positions. */
int index_read_document(struct index *index, const char *uri, const struct node *root,
			struct position **out);

/* The position of a schema that stands in `enclosing`; it is looked at when it was not
 * yet. */
int index_position(struct index *index, const struct resource *enclosing,
		   const struct node *node, struct location *location,
		   struct position **out);
/* What a reference of a schema means. ERROR_SCHEMA with a reason. `anchor` receives the
 * name when the target was found by a dynamic anchor, else NULL. */
int index_resolve(struct index *index, const struct position *from,
		  const struct node *reference, struct position **out,
		  const char **anchor);

struct location *location_below(struct arena *arena, struct location *parent,
				const char *token);
/* The document's name of a location, for errors. */
const char *location_document(struct location *location, const char *main_name);
/* ERROR_SCHEMA (or `code`) with the place of a node in the text. */
int index_error(const struct index *index, int code, const struct node *node,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
