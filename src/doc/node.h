/* doc/node.h - the layout of the tree; for doc/ only.
 *
 * 32 bytes a node. A node is immutable once it hangs in a tree; aliases share nodes, so
 * a tree is a graph without cycles whose expanded size is bounded when it is built.
 * Texts are blocks of an arena, which are rounded up to 16 bytes: so eight bytes of a
 * key can be read however short it is (what stands behind its NUL says nothing). */
#ifndef DOC_NODE_H
#define DOC_NODE_H

#include "doc/doc.h"

enum node_flag {
	NODE_FLAG_PLAIN = 1,  /* an unquoted scalar */
	NODE_FLAG_TRUE = 2,   /* of a boolean */
	NODE_FLAG_TAGGED = 4, /* it is the start of a struct tagged_node */
};

struct pair {
	const struct node *key;
	const struct node *value;
};

/* Small mappings are searched from the front; large ones by a table of index + 1. */
struct mapping {
	const uint32_t *slots; /* NULL: none */
	uint32_t mask;
	struct pair pairs[];
};

struct node {
	uint8_t kind;
	uint8_t flags;
	uint16_t height; /* levels of containers below and with it */
	uint32_t length; /* bytes of text, items or pairs */
	uint32_t line;
	uint32_t column;
	uint32_t weight; /* nodes when aliases are expanded, saturating */
	uint32_t hash;   /* of the text of a key, keyed by the process's seed */
	union {
		const char *text;
		const struct node *const *items;
		const struct mapping *mapping;
	};
};

struct tagged_node {
	struct node node;
	const char *tag;
};

/* Mappings up to this size have no table. */
#define MAPPING_LINEAR 8

uint32_t node_text_hash(const char *text, size_t length);
/* The pair of a key whose hash is known, or NULL. */
const struct pair *mapping_find(const struct mapping *mapping, uint32_t count,
				const char *key, size_t length, uint32_t hash);
/* A deep copy in another arena; NULL: out of memory. */
const struct node *node_copy(struct arena *arena, const struct node *node);
/* Equal for nodes that node_equal() calls equal; keyed. */
uint64_t node_hash(const struct node *node);

#endif
