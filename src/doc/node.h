/* doc/node.h - the layout of the tree; for doc/ only.
 *
 * 24 bytes a node. The nodes in a container stand side by side, keys and values in
 * turn, behind a head of 16 bytes. A node is immutable once it hangs in a tree; an
 * alias is a copy of its node, and both have the same children: a tree is a graph
 * without cycles whose expanded size is bounded when it is built.
 *
 * Texts stand in the source where that has them as they are, else in the arena; behind
 * each is a NUL. DOC_TEXT_ROOM bytes of a key can be read however short it is (what
 * stands behind its NUL says nothing). */
#ifndef DOC_NODE_H
#define DOC_NODE_H

#include "doc/doc.h"

#define DOC_TEXT_ROOM 8

enum node_flag {
	NODE_FLAG_PLAIN = 1,  /* an unquoted scalar */
	NODE_FLAG_TRUE = 2,   /* of a boolean */
	NODE_FLAG_TAGGED = 4, /* its tag's address stands before the text or the head */
	NODE_FLAG_MENDED = 8, /* behind the text's NUL stands what was written */
};

struct pair;

struct node {
	uint8_t kind;
	uint8_t flags;
	union {
		uint16_t height; /* of a container: levels of them, with it */
		uint16_t symbol; /* of a key (doc/symbol.h) */
	};
	uint32_t length; /* bytes of text, items or pairs */
	uint32_t line;
	uint32_t column;
	union {
		const char *text; /* of numbers and booleans: as JSON writes them */
		const struct node *items;
		const struct pair *pairs;
	};
};

struct pair {
	struct node key;
	struct node value;
};

/* What stands before the items or pairs. Small mappings are searched from the front;
 * large ones by a table of index + 1. */
struct node_head {
	uint32_t weight; /* nodes when aliases are expanded, saturating */
	uint32_t mask;
	const uint32_t *slots; /* NULL: none */
};

/* Mappings up to this size have no table. */
#define MAPPING_LINEAR 8

static inline const struct node_head *node_head(const struct node *container)
{
	return (const struct node_head *)(const void *)container->items - 1;
}

static inline bool node_is_container(const struct node *node)
{
	return node->kind == NODE_SEQUENCE || node->kind == NODE_MAPPING;
}

/* How many nodes it is with all below it. */
static inline uint32_t node_weight(const struct node *node)
{
	return node_is_container(node) ? node_head(node)->weight : 1;
}

/* The pair of a key, or NULL. */
const struct pair *mapping_find(const struct node *mapping, const char *key,
				size_t length);
/* Ends each text in the source by a NUL, over what stands behind it. */
void node_end_texts(const struct node *root);
/* Equal for nodes that node_equal() calls equal; keyed. */
uint64_t node_hash(const struct node *node);

#endif
