/* doc/yaml_parse.h - the parts of the YAML parser; for doc/yaml_*.c only.
 *
 * YAML 1.2.2 (https://yaml.org/spec/1.2.2/), by recursive descent into tree.h. The
 * cursor sees one document at a time: a line that starts with "---" or "..." ends it
 * wherever it stands (c-forbidden), so nothing below yaml_reader.c knows of them.
 * Recursion is as deep as the tree, whose depth is a limit.
 *
 * Functions return 0, or a code with parser->problem filled. Indentation is counted in
 * bytes: only spaces and indicators stand before the column of a block. */
#ifndef DOC_YAML_PARSE_H
#define DOC_YAML_PARSE_H

#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "doc/tree.h"

/* What a name stands for; the kind is unknown while it is still open. */
struct anchor {
	struct node node;
};

/* Tag and anchor of a node. */
struct properties {
	const char *tag; /* in full, in the arena; NULL: none */
	struct anchor *anchor;
	struct place place;
	bool present;
};

/* A scalar that has been read and is not a node yet, since it may be a key; or a node.
 */
struct atom {
	const char *text; /* in the source or parser->scratch */
	size_t length;
	const char *written; /* in scratch: from here to the cursor it is written */
	struct place place;
	struct node node; /* an alias or a collection in brackets; or unknown */
	bool plain;
	bool quoted; /* in brackets, a ':' may follow it directly; also of collections
		      */
	bool alias;
};

struct yaml_parser {
	struct arena *arena;
	const struct limits *limits;
	struct doc_problem *problem;
	struct tree tree;
	struct docs docs;
	size_t root_capacity;
	enum doc_format format;

	char *text;
	const char *text_end;
	const char *at;
	const char *end; /* of this document */
	const char *line_start;
	const char *first; /* what stands first on its line, as far as known */
	uint32_t line;
	int indent;            /* spaces that the line starts with */
	bool ascii;            /* columns are bytes */
	const char *counted;   /* in this line: up to here */
	size_t counted_column; /* there are so many characters */

	struct map anchors; /* name -> struct anchor, of this document */
	uint64_t anchor_count;
	uint64_t alias_nodes;
	struct map handles; /* "!name!" -> prefix, of this document */
	uint64_t directive_count;
	bool versioned; /* there was a %YAML */
	struct buf scratch;
	struct buf mended; /* the JSON text of a scalar */
	struct doc_note *notes;
	size_t note_capacity;
};

/* --- the cursor (yaml_cursor.c) --- */

static inline char yaml_peek(const struct yaml_parser *parser)
{
	return parser->at < parser->end ? *parser->at : '\0';
}

/* NUL, which no text holds, stands for the end. */
static inline char yaml_peek_at(const struct yaml_parser *parser, size_t offset)
{
	return (size_t)(parser->end - parser->at) > offset ? parser->at[offset] : '\0';
}

static inline bool yaml_is_white(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool yaml_ends_line(char c)
{
	return c == '\n' || c == '\r' || c == '\0';
}

static inline bool yaml_is_blank(char c)
{
	return yaml_is_white(c) || yaml_ends_line(c);
}

static inline bool yaml_is_flow(char c)
{
	return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

/* An indicator ('-', '?', ':') with white space behind it. */
static inline bool yaml_at_indicator(const struct yaml_parser *parser, char indicator)
{
	return yaml_peek(parser) == indicator && yaml_is_blank(yaml_peek_at(parser, 1));
}

/* True when only white space stands before the cursor on its line. */
static inline bool yaml_is_first(const struct yaml_parser *parser)
{
	return parser->at == parser->first;
}

/* Where in the line, in bytes from 0. */
static inline int yaml_column(const struct yaml_parser *parser)
{
	return (int)(parser->at - parser->line_start);
}

struct place yaml_place_of(struct yaml_parser *parser, const char *at);
struct place yaml_place(struct yaml_parser *parser);
void yaml_pass_white(struct yaml_parser *parser);
/* At the end of a line: to the start of the next one, or the end. */
void yaml_next_line(struct yaml_parser *parser);
/* Over white space, comments and line breaks. */
void yaml_pass_space(struct yaml_parser *parser);
/* A tab in the white space before the cursor: no block can start behind it. */
bool yaml_behind_tab(const struct yaml_parser *parser);
int yaml_refuse(struct yaml_parser *parser, struct place place, const char *mend,
		const char *message);
/* Refuses what stands at the cursor, where a value has ended. */
int yaml_refuse_rest(struct yaml_parser *parser);

/* --- the text of scalars (yaml_text.c) --- */

/* `indent`: of the block around it; lines must be further in. */
int yaml_read_quoted(struct yaml_parser *parser, int indent, struct atom *out);
/* The first line. */
int yaml_read_plain(struct yaml_parser *parser, bool in_flow, struct atom *out);
/* The lines behind it, if any. */
void yaml_read_plain_lines(struct yaml_parser *parser, int indent, bool in_flow,
			   struct atom *atom);
int yaml_read_block_text(struct yaml_parser *parser, int indent, struct atom *out);

/* --- nodes (yaml_node.c) --- */

/* All properties on this line, added to `out`. */
int yaml_read_properties(struct yaml_parser *parser, struct properties *out);
/* Adds `more` to `out`; a second tag or anchor is refused. */
int yaml_join_properties(struct yaml_parser *parser, struct properties *out,
			 const struct properties *more);
static inline bool yaml_at_property(const struct yaml_parser *parser)
{
	return yaml_peek(parser) == '&' || yaml_peek(parser) == '!';
}
int yaml_read_alias(struct yaml_parser *parser, struct atom *out);
int yaml_scalar_node(struct yaml_parser *parser, const struct atom *atom,
		     const struct properties *properties, struct node *out);
/* A node without content; its place is that of its properties, if any. */
int yaml_empty_node(struct yaml_parser *parser, struct place place,
		    const struct properties *properties, struct node *out);
int yaml_open(struct yaml_parser *parser, enum node_kind kind, struct place place,
	      const struct properties *properties);
int yaml_close(struct yaml_parser *parser, const struct properties *properties,
	       struct node *out);
/* Hangs a node in, as key or value; `place` as for tree_add(). */
int yaml_add(struct yaml_parser *parser, const struct node *node, struct place place);
/* Makes a node of an atom and hangs it in. */
int yaml_add_atom(struct yaml_parser *parser, const struct atom *atom,
		  const struct properties *properties);

/* --- collections --- */

/* yaml_flow.c: at '[' or '{'. */
int yaml_flow_collection(struct yaml_parser *parser, int indent,
			 const struct properties *properties, struct node *out);

enum yaml_position {
	YAML_INLINE = 0,  /* behind "key:" or "---": no block collection on this line */
	YAML_COMPACT = 1, /* behind "- ", "? " or ": ": one may start on this line */
	YAML_SEQUENCE = 2, /* a sequence may stand in the column `indent` itself */
};

/* yaml_block.c: a node within a block that stands at `indent` (-1: the document). */
int yaml_block_node(struct yaml_parser *parser, int indent, unsigned int position,
		    struct node *out);

#endif
