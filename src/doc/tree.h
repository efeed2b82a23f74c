/* doc/tree.h - builds a tree from the events of a parser, under limits; for doc/ only.
 *
 * No recursion: open containers are frames, and what waits to be put into them stands
 * in one stack. A function that fails has filled tree->problem. */
#ifndef DOC_TREE_H
#define DOC_TREE_H

#include "doc/node.h"

struct place {
	uint32_t line;
	uint32_t column;
};

static inline struct place node_place(const struct node *node)
{
	return (struct place){ node->line, node->column };
}

struct scalar {
	enum node_kind kind;
	uint8_t flags;
	const char *text; /* copied, unless it stands in the source */
	size_t length;
	const char *written; /* where it differs from the text; copied */
	size_t written_length;
	char *room; /* of the source, for a text that differs; NULL: none */
	size_t room_length;
	const char *tag; /* borrowed, in the arena; NULL: none */
	struct place place;
};

struct frame {
	enum node_kind kind;
	struct place place;
	const char *tag;
	size_t first;   /* in tree->pending */
	void *owner;    /* of the caller: what to do when it closes */
	bool has_merge; /* one of its keys is "<<" */
};

struct tree {
	struct arena *arena;
	const struct limits *limits;
	enum limit depth_limit;
	enum limit node_limit;
	bool merges;       /* "<<" is the merge key */
	bool merge_at_end; /* its reader lets it win over keys before it: refused */
	struct doc_problem *problem;
	const char *source; /* texts in it are not copied; NULL: there is none */
	const char *source_end;
	char *text; /* room for texts, which need no alignment */
	size_t text_room;
	struct node *pending;
	size_t pending_count;
	size_t pending_capacity;
	struct frame *frames;
	size_t depth;
	size_t frame_capacity;
	uint64_t nodes; /* of this document */
	struct node root;
};

/* A text in the arena, for a tree that refers to it, with DOC_TEXT_ROOM bytes behind it
 * that are its own, too. NULL: out of memory. */
char *tree_keep_text(struct arena *arena, const char *text, size_t length);

void tree_release(struct tree *tree);
/* Forgets the last document. */
void tree_start(struct tree *tree);

/* A new scalar, counted; it does not hang anywhere yet. */
int tree_scalar(struct tree *tree, const struct scalar *scalar, struct node *out);
int tree_open(struct tree *tree, enum node_kind kind, struct place place,
	      const char *tag, void *owner);
/* Makes a node of the innermost frame; it does not hang anywhere yet. */
int tree_close(struct tree *tree, struct node *out);
/* Hangs a copy of a node into the innermost frame, as key where one is due, or makes it
 * the root. `place` is where it is used: an alias stands elsewhere than its node. */
int tree_add(struct tree *tree, const struct node *node, struct place place);
bool tree_wants_key(const struct tree *tree);
/* The root in the arena; NULL: out of memory. */
const struct node *tree_root(const struct tree *tree);

/* Fills the problem and returns `code`. Everything shown is escaped. */
int problem_set(struct doc_problem *problem, int code, struct place place,
		const char *mend, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
int problem_limit(struct doc_problem *problem, const struct limits *limits,
		  enum limit limit, uint64_t value, struct place place);
int problem_memory(struct doc_problem *problem, struct place place);

#endif
