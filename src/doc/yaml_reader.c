/* doc/yaml_reader.c - YAML text to trees by way of libyaml's events.
 *
 * libyaml scans; everything that it leaves open is decided here: kinds of scalars,
 * tags, anchors, aliases and limits. */
#include "doc/yaml_reader.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "doc/scalar.h"
#include "doc/scan.h"
#include "doc/tree.h"
#include "doc/yaml_problem.h"

#define CORE_PREFIX "tag:yaml.org,2002:"
#define SHOWN_NAME  60

/* What a name stands for; the node is NULL while it is still open. */
struct anchor {
	const struct node *node;
};

struct reader {
	struct arena *arena;
	const struct limits *limits;
	struct doc_problem *problem;
	struct tree tree;
	struct map anchors; /* name -> struct anchor, of this document */
	uint64_t anchor_count;
	uint64_t alias_nodes;
	const struct node **roots;
	size_t root_count;
	size_t root_capacity;
};

static struct place place_of(const yaml_event_t *event)
{
	return (struct place){ (uint32_t)event->start_mark.line + 1,
			       (uint32_t)event->start_mark.column + 1 };
}

/* The core schema's name of a tag ("str"), or NULL. */
static const char *core_name(const char *tag)
{
	size_t prefix = sizeof(CORE_PREFIX) - 1;
	return tag != NULL && strncmp(tag, CORE_PREFIX, prefix) == 0 ? tag + prefix
								     : NULL;
}

/* The tag as written, in the arena; NULL for none. */
static int keep_tag(struct reader *reader, const yaml_char_t *given, struct place place,
		    const char **out)
{
	const char *tag = (const char *)given;
	*out = NULL;
	if (tag == NULL)
		return 0;
	size_t length = strlen(tag);
	if (length > reader->limits->values[LIMIT_YAML_TAG_BYTES])
		return problem_limit(reader->problem, reader->limits,
				     LIMIT_YAML_TAG_BYTES, length, place);
	const char *core = core_name(tag);
	*out = core == NULL ? arena_string(reader->arena, tag)
			    : arena_printf(reader->arena, "!!%s", core);
	return *out == NULL ? problem_memory(reader->problem, place) : 0;
}

static int wrong_tag(struct reader *reader, const char *core, struct place place)
{
	return problem_set(reader->problem, ERROR_SYNTAX, place,
			   "remove the tag, or write a value of its kind",
			   "the tag !!%s does not fit its value", core);
}

/* The kind that a core tag gives to a text; NODE_UNKNOWN when they do not fit. */
static enum node_kind tagged_kind(const char *core, const char *text, size_t length)
{
	static const struct {
		const char *name;
		enum node_kind kind;
	} rows[] = { { "null", NODE_NULL },     { "bool", NODE_BOOLEAN },
		     { "int", NODE_INTEGER },   { "float", NODE_DECIMAL },
		     { "seq", NODE_SEQUENCE },  { "map", NODE_MAPPING },
		     { "set", NODE_MAPPING },   { "omap", NODE_SEQUENCE },
		     { "pairs", NODE_SEQUENCE } };
	enum node_kind kind = scalar_kind(text, length);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, core) != 0)
			continue;
		if (rows[i].kind == NODE_DECIMAL && kind == NODE_INTEGER)
			kind = NODE_DECIMAL;
		return kind == rows[i].kind ? kind : NODE_UNKNOWN;
	}
	return NODE_STRING;
}

static int read_kind(struct reader *reader, const yaml_event_t *event,
		     struct scalar *scalar)
{
	const char *tag = (const char *)event->data.scalar.tag;
	const char *core = core_name(tag);
	if (core != NULL)
		scalar->kind = tagged_kind(core, scalar->text, scalar->length);
	else if (tag == NULL && (scalar->flags & NODE_FLAG_PLAIN) != 0)
		scalar->kind = scalar_kind(scalar->text, scalar->length);
	else
		scalar->kind = NODE_STRING;
	if (scalar->kind == NODE_UNKNOWN)
		return wrong_tag(reader, core, scalar->place);
	if (scalar->kind == NODE_BOOLEAN &&
	    scalar_is_true(scalar->text, scalar->length))
		scalar->flags |= NODE_FLAG_TRUE;
	bool number = scalar->kind == NODE_INTEGER || scalar->kind == NODE_DECIMAL;
	if (!number || scalar_fits(scalar->text))
		return 0;
	return problem_set(reader->problem, ERROR_SYNTAX, scalar->place,
			   "write it in decimal, or put it in quotes",
			   "a hexadecimal or octal number of more than 64 bits");
}

static int new_anchor(struct reader *reader, const yaml_char_t *name,
		      struct place place, struct anchor **out)
{
	*out = NULL;
	if (name == NULL)
		return 0;
	if (++reader->anchor_count > reader->limits->values[LIMIT_YAML_ANCHORS])
		return problem_limit(reader->problem, reader->limits,
				     LIMIT_YAML_ANCHORS, reader->anchor_count, place);
	const char *kept = arena_string(reader->arena, (const char *)name);
	struct anchor *anchor = arena_new_of(reader->arena, struct anchor);
	if (kept == NULL || anchor == NULL ||
	    map_put(&reader->anchors, kept, strlen(kept), anchor) != 0)
		return problem_memory(reader->problem, place);
	*out = anchor;
	return 0;
}

static int read_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct scalar scalar = { .text = (const char *)event->data.scalar.value,
				 .length = event->data.scalar.length,
				 .place = place_of(event) };
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	scalar.flags = plain ? NODE_FLAG_PLAIN : 0;
	struct anchor *anchor;
	const struct node *node;
	if (memchr(scalar.text, '\0', scalar.length) != NULL)
		return problem_set(reader->problem, ERROR_ENCODING, scalar.place,
				   "remove it",
				   "U+0000 in a string: texts with NUL are not "
				   "accepted");
	int status = read_kind(reader, event, &scalar);
	if (status == 0)
		status = keep_tag(reader, event->data.scalar.tag, scalar.place,
				  &scalar.tag);
	if (status == 0)
		status = new_anchor(reader, event->data.scalar.anchor, scalar.place,
				    &anchor);
	if (status == 0)
		status = tree_scalar(&reader->tree, &scalar, &node);
	if (status != 0)
		return status;
	if (anchor != NULL)
		anchor->node = node;
	return tree_add(&reader->tree, node, scalar.place);
}

static int open_container(struct reader *reader, const yaml_event_t *event)
{
	bool mapping = event->type == YAML_MAPPING_START_EVENT;
	enum node_kind kind = mapping ? NODE_MAPPING : NODE_SEQUENCE;
	const yaml_char_t *given = mapping ? event->data.mapping_start.tag
					   : event->data.sequence_start.tag;
	const yaml_char_t *name = mapping ? event->data.mapping_start.anchor
					  : event->data.sequence_start.anchor;
	struct place place = place_of(event);
	const char *core = core_name((const char *)given);
	static const char *const of_mappings[] = { "seq",  "omap", "pairs",
						   "str",  "int",  "float",
						   "bool", "null", NULL };
	static const char *const of_sequences[] = { "map",   "set",  "str",  "int",
						    "float", "bool", "null", NULL };
	const char *const *foreign = mapping ? of_mappings : of_sequences;
	for (; core != NULL && *foreign != NULL; foreign++)
		if (strcmp(core, *foreign) == 0)
			return wrong_tag(reader, core, place);
	const char *tag;
	struct anchor *anchor;
	int status = keep_tag(reader, given, place, &tag);
	if (status == 0)
		status = new_anchor(reader, name, place, &anchor);
	return status != 0 ? status
			   : tree_open(&reader->tree, kind, place, tag, anchor);
}

static int close_container(struct reader *reader)
{
	struct tree *tree = &reader->tree;
	struct frame frame = tree->frames[tree->depth - 1];
	const struct node *node;
	int status = tree_close(tree, &node);
	if (status != 0)
		return status;
	struct anchor *anchor = frame.owner;
	if (anchor != NULL)
		anchor->node = node;
	return tree_add(tree, node, frame.place);
}

static int refuse_alias(struct reader *reader, const char *name, struct place place,
			bool open)
{
	if (open)
		return problem_set(reader->problem, ERROR_SYNTAX, place,
				   "a document cannot contain itself: write out what "
				   "is "
				   "meant",
				   "the alias '*%.*s' stands inside what it refers to",
				   SHOWN_NAME, name);
	return problem_set(reader->problem, ERROR_SYNTAX, place,
			   "define it with '&' before its use, or put a value that "
			   "starts with '*' in quotes",
			   "the alias '*%.*s' refers to no anchor of this document",
			   SHOWN_NAME, name);
}

static int read_alias(struct reader *reader, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct place place = place_of(event);
	const struct anchor *anchor = map_get(&reader->anchors, name, strlen(name));
	if (anchor == NULL || anchor->node == NULL)
		return refuse_alias(reader, name, place, anchor != NULL);
	const struct node *node = anchor->node;
	const uint64_t *limits = reader->limits->values;
	reader->alias_nodes += node->weight;
	if (reader->alias_nodes > limits[LIMIT_YAML_ALIAS_NODES])
		return problem_limit(reader->problem, reader->limits,
				     LIMIT_YAML_ALIAS_NODES, reader->alias_nodes,
				     place);
	uint64_t depth = reader->tree.depth + node->height;
	if (depth > limits[LIMIT_YAML_DEPTH])
		return problem_limit(reader->problem, reader->limits, LIMIT_YAML_DEPTH,
				     depth, place);
	return tree_add(&reader->tree, node, place);
}

static int start_document(struct reader *reader, const yaml_event_t *event)
{
	tree_start(&reader->tree);
	map_release(&reader->anchors);
	reader->anchor_count = 0;
	reader->alias_nodes = 0;
	uint64_t count = reader->root_count + 1;
	if (count > reader->limits->values[LIMIT_YAML_DOCS])
		return problem_limit(reader->problem, reader->limits, LIMIT_YAML_DOCS,
				     count, place_of(event));
	return 0;
}

static int end_document(struct reader *reader, const yaml_event_t *event)
{
	const struct node **slot =
		ARENA_PUSH(reader->arena, &reader->roots, &reader->root_count,
			   &reader->root_capacity);
	if (slot == NULL)
		return problem_memory(reader->problem, place_of(event));
	*slot = reader->tree.root;
	return 0;
}

static int read_event(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(reader, event);
	case YAML_DOCUMENT_END_EVENT:
		return end_document(reader, event);
	case YAML_ALIAS_EVENT:
		return read_alias(reader, event);
	case YAML_SCALAR_EVENT:
		return read_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return open_container(reader, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_container(reader);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
		break;
	}
	return 0;
}

static int read_events(struct reader *reader, yaml_parser_t *parser, const char *text,
		       size_t length)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event))
			return yaml_problem(parser, text, length, reader->problem);
		bool end = event.type == YAML_STREAM_END_EVENT;
		int status = read_event(reader, &event);
		yaml_event_delete(&event);
		if (status != 0 || end)
			return status;
	}
}

int yaml_read(struct docs *out, struct arena *arena, const char *text, size_t length,
	      const struct limits *limits, struct doc_problem *problem)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		text += 3;
		length -= 3;
	}
	int status = scan_yaml(text, length, limits, problem);
	if (status != 0)
		return status;
	struct reader reader = { .arena = arena,
				 .limits = limits,
				 .problem = problem,
				 .tree = { .arena = arena,
					   .limits = limits,
					   .depth_limit = LIMIT_YAML_DEPTH,
					   .node_limit = LIMIT_YAML_NODES,
					   .merges = true,
					   .problem = problem } };
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return problem_memory(problem, (struct place){ 1, 1 });
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	status = read_events(&reader, &parser, text, length);
	yaml_parser_delete(&parser);
	tree_release(&reader.tree);
	map_release(&reader.anchors);
	if (status == 0)
		*out = (struct docs){ reader.roots, reader.root_count };
	if (status == ERROR_SYNTAX && doc_looks_like_template(text, length))
		snprintf(problem->mend, sizeof(problem->mend),
			 "this looks like a template: render it, or leave it out of "
			 "the rule's paths");
	return status;
}

const char *doc_library_version(void)
{
	return yaml_get_version_string();
}
