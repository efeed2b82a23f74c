/* tests/unit/yaml_twin.c - libyaml's events to a tree of doc/. */
#include "yaml_twin.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "doc/scalar.h"
#include "doc/scan.h"
#include "doc/tree.h"

#define CORE_PREFIX "tag:yaml.org,2002:"

struct anchor {
	struct node node;
};

struct twin {
	struct arena *arena;
	struct tree tree;
	struct map anchors;
	struct docs docs;
	size_t capacity;
	struct buf mended;
	uint64_t alias_nodes;
	struct doc_problem *problem;
};

static struct place place_of(const yaml_event_t *event)
{
	return (struct place){ (uint32_t)event->start_mark.line + 1,
			       (uint32_t)event->start_mark.column + 1 };
}

static const char *core_name(const char *tag)
{
	size_t prefix = sizeof(CORE_PREFIX) - 1;
	return tag != NULL && strncmp(tag, CORE_PREFIX, prefix) == 0 ? tag + prefix
								     : NULL;
}

static const char *keep_tag(struct twin *twin, const yaml_char_t *given)
{
	const char *core = core_name((const char *)given);
	return core == NULL ? arena_string(twin->arena, (const char *)given)
			    : arena_printf(twin->arena, "!!%s", core);
}

static struct anchor *new_anchor(struct twin *twin, const yaml_char_t *name)
{
	if (name == NULL)
		return NULL;
	const char *kept = arena_string(twin->arena, (const char *)name);
	struct anchor *anchor = arena_new_of(twin->arena, struct anchor);
	map_put(&twin->anchors, kept, strlen(kept), anchor);
	return anchor;
}

static enum node_kind kind_by_tag(const char *core, enum node_kind kind)
{
	if (strcmp(core, "int") == 0 || strcmp(core, "bool") == 0 ||
	    strcmp(core, "null") == 0)
		return kind;
	if (strcmp(core, "float") == 0)
		return NODE_DECIMAL;
	return NODE_STRING;
}

static int read_scalar(struct twin *twin, const yaml_event_t *event)
{
	const char *tag = (const char *)event->data.scalar.tag;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		     (tag != NULL || event->data.scalar.plain_implicit);
	struct scalar scalar = { .text = (const char *)event->data.scalar.value,
				 .length = event->data.scalar.length,
				 .kind = NODE_STRING,
				 .flags = plain && tag == NULL ? NODE_FLAG_PLAIN : 0,
				 .tag = keep_tag(twin, event->data.scalar.tag),
				 .place = place_of(event) };
	struct reading reading = { .kind = NODE_STRING };
	struct node node;
	if (memchr(scalar.text, '\0', scalar.length) != NULL)
		return ERROR_ENCODING;
	const char *core = core_name(tag);
	if ((plain && tag == NULL) || core != NULL)
		if (scalar_read(&reading, DOC_YAML, scalar.text, scalar.length) != 0)
			return ERROR_SYNTAX;
	if (core != NULL)
		reading.kind = kind_by_tag(core, reading.kind);
	if (reading.kind == NODE_STRING)
		reading = (struct reading){ .kind = NODE_STRING };
	scalar.kind = reading.kind;
	scalar.flags |= reading.truth ? NODE_FLAG_TRUE : 0;
	if (reading.form != FORM_WRITTEN) {
		buf_reset(&twin->mended);
		scalar_write(&twin->mended, &reading, scalar.text, scalar.length);
		scalar.written = scalar.text;
		scalar.written_length = scalar.length;
		scalar.text = twin->mended.data;
		scalar.length = twin->mended.length;
	}
	struct anchor *anchor = new_anchor(twin, event->data.scalar.anchor);
	int status = tree_scalar(&twin->tree, &scalar, &node);
	if (status == 0 && anchor != NULL)
		anchor->node = node;
	return status != 0 ? status : tree_add(&twin->tree, &node, scalar.place);
}

static int open_container(struct twin *twin, const yaml_event_t *event)
{
	bool mapping = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag = mapping ? event->data.mapping_start.tag
					 : event->data.sequence_start.tag;
	const yaml_char_t *name = mapping ? event->data.mapping_start.anchor
					  : event->data.sequence_start.anchor;
	return tree_open(&twin->tree, mapping ? NODE_MAPPING : NODE_SEQUENCE,
			 place_of(event), keep_tag(twin, tag), new_anchor(twin, name));
}

static int close_container(struct twin *twin)
{
	struct frame frame = twin->tree.frames[twin->tree.depth - 1];
	struct node node;
	int status = tree_close(&twin->tree, &node);
	if (status != 0)
		return status;
	if (frame.owner != NULL)
		((struct anchor *)frame.owner)->node = node;
	return tree_add(&twin->tree, &node, frame.place);
}

static int read_alias(struct twin *twin, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct anchor *anchor = map_get(&twin->anchors, name, strlen(name));
	if (anchor == NULL || anchor->node.kind == NODE_UNKNOWN)
		return ERROR_SYNTAX;
	const uint64_t *limits = limits_default.values;
	const struct node *node = &anchor->node;
	uint64_t depth = twin->tree.depth;
	twin->alias_nodes += node_weight(node);
	depth += node_is_container(node) ? node->height : 0;
	if (twin->alias_nodes > limits[LIMIT_YAML_ALIAS_NODES] ||
	    depth > limits[LIMIT_YAML_DEPTH])
		return ERROR_LIMIT;
	return tree_add(&twin->tree, node, place_of(event));
}

static int end_document(struct twin *twin)
{
	const struct node **slot = ARENA_PUSH(twin->arena, &twin->docs.roots,
					      &twin->docs.count, &twin->capacity);
	if (slot == NULL)
		return ERROR_MEMORY;
	*slot = tree_root(&twin->tree);
	return *slot == NULL ? ERROR_MEMORY : 0;
}

static int read_event(struct twin *twin, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		tree_start(&twin->tree);
		map_release(&twin->anchors);
		twin->alias_nodes = 0;
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		return end_document(twin);
	case YAML_ALIAS_EVENT:
		return read_alias(twin, event);
	case YAML_SCALAR_EVENT:
		return read_scalar(twin, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return open_container(twin, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_container(twin);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
		break;
	}
	return 0;
}

static int read_events(struct twin *twin, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event)) {
			snprintf(twin->problem->message, sizeof(twin->problem->message),
				 "%s", parser->problem);
			return ERROR_SYNTAX;
		}
		bool end = event.type == YAML_STREAM_END_EVENT;
		int status = read_event(twin, &event);
		yaml_event_delete(&event);
		if (status != 0 || end)
			return status;
	}
}

int twin_parse(struct docs *out, struct arena *arena, const char *text, size_t length,
	       struct doc_problem *problem)
{
	struct twin twin = { .arena = arena,
			     .tree = { .arena = arena,
				       .limits = &limits_default,
				       .depth_limit = LIMIT_YAML_DEPTH,
				       .node_limit = LIMIT_YAML_NODES,
				       .merges = true,
				       .problem = problem },
			     .mended = BUF_INIT(2 * length + 64),
			     .problem = problem };
	yaml_parser_t parser;
	bool ascii;
	int status = scan_yaml(text, length, &limits_default, &ascii, problem);
	if (status != 0)
		return status;
	yaml_parser_initialize(&parser);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	status = read_events(&twin, &parser);
	yaml_parser_delete(&parser);
	tree_release(&twin.tree);
	map_release(&twin.anchors);
	buf_release(&twin.mended);
	if (status == 0)
		*out = twin.docs;
	return status;
}

/* --- comparing --- */

static bool differ(const struct node *ours, const char *what, char *why, size_t size)
{
	snprintf(why, size, "%s at %u:%u", what, node_line(ours), node_column(ours));
	return false;
}

/* Where a node without content stands is a matter of taste. Of a node with a tag or an
 * anchor libyaml knows where that stands, we where the value does. */
static bool same_place(const struct node *ours, const struct node *theirs)
{
	if (node_kind(ours) == NODE_NULL && ours->length == 0)
		return true;
	if (node_line(ours) != node_line(theirs))
		return node_line(ours) > node_line(theirs);
	return node_column(ours) >= node_column(theirs);
}

static bool same_text(const struct node *ours, const struct node *theirs)
{
	size_t length;
	size_t other;
	const char *text = node_text(ours, &length);
	const char *other_text = node_text(theirs, &other);
	return length == other && memcmp(text, other_text, length) == 0;
}

/* libyaml tells of "!" in another way. */
static const char *shown_tag(const struct node *node)
{
	const char *tag = node_tag(node);
	return tag != NULL && strcmp(tag, "!") == 0 ? NULL : tag;
}

static bool nodes_equal(const struct node *ours, const struct node *theirs, char *why,
			size_t size)
{
	const char *tag = shown_tag(ours);
	const char *other_tag = shown_tag(theirs);
	if (node_kind(ours) != node_kind(theirs))
		return differ(ours, "another kind", why, size);
	if (!same_text(ours, theirs) || node_boolean(ours) != node_boolean(theirs))
		return differ(ours, "another text", why, size);
	if ((tag == NULL) != (other_tag == NULL) ||
	    (tag != NULL && strcmp(tag, other_tag) != 0))
		return differ(ours, "another tag", why, size);
	if (!same_place(ours, theirs))
		return differ(ours, "another place", why, size);
	if (node_count(ours) != node_count(theirs))
		return differ(ours, "another count", why, size);
	for (size_t i = 0; i < node_count(ours); i++) {
		if (node_kind(ours) == NODE_MAPPING &&
		    !nodes_equal(node_key(ours, i), node_key(theirs, i), why, size))
			return false;
		if (!nodes_equal(node_item(ours, i), node_item(theirs, i), why, size))
			return false;
	}
	return true;
}

bool twin_equal(const struct docs *ours, const struct docs *theirs, char *why,
		size_t size)
{
	if (ours->count != theirs->count) {
		snprintf(why, size, "%zu documents, not %zu", ours->count,
			 theirs->count);
		return false;
	}
	for (size_t i = 0; i < ours->count; i++)
		if (!nodes_equal(ours->roots[i], theirs->roots[i], why, size))
			return false;
	return true;
}
