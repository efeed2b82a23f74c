/* tests/fuzz/doc_walk.h - walks a whole tree and holds what doc/doc.h promises of it.
 */
#ifndef TESTS_FUZZ_DOC_WALK_H
#define TESTS_FUZZ_DOC_WALK_H

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"

static inline void doc_promise(bool kept)
{
	if (!kept)
		abort();
}

/* The nodes of a tree, aliases expanded. */
static inline size_t doc_walk(const struct node *node, unsigned int depth)
{
	size_t length;
	size_t count = 1;
	doc_promise(depth <= 64);
	doc_promise(node != NULL && node_kind(node) != NODE_UNKNOWN);
	doc_promise(node_line(node) > 0 && node_column(node) > 0);
	const char *text = node_text(node, &length);
	doc_promise(strlen(text) == length);
	for (size_t i = 0; i < node_count(node); i++) {
		const struct node *key = node_key(node, i);
		const struct node *item = node_item(node, i);
		doc_promise((key != NULL) == (node_kind(node) == NODE_MAPPING));
		if (key != NULL) {
			text = node_text(key, &length);
			doc_promise(node_kind(key) == NODE_STRING);
			doc_promise(node_get_bytes(node, text, length) == item);
			count++;
		}
		count += doc_walk(item, depth + 1);
	}
	return count;
}

/* A refusal says where and why in one safe line. */
static inline void doc_check_problem(const struct doc_problem *problem, int status)
{
	doc_promise(problem->code == status);
	doc_promise(problem->message[0] != '\0');
	doc_promise(problem->line > 0 && problem->column > 0);
	for (const char *at = problem->message; *at != '\0'; at++)
		doc_promise((unsigned char)*at >= 0x20 && *at != 0x7f);
}

#endif
