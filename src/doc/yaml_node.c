/* doc/yaml_node.c - tags, anchors, aliases, and nodes of the tree from them. */
#include "doc/yaml_parse.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/scalar.h"

#define CORE_PREFIX "tag:yaml.org,2002:"
#define SHOWN_NAME  60

/* In the name of an anchor to YAML 1.2, behind it to libyaml and all that come from it:
 * "*a: x" is the alias "*a:" to the one, a key to the other. */
#define DIVIDERS "?:%@`"

/* --- tags --- */

/* The core schema's name of a tag ("str"), or NULL. */
static const char *core_name(const char *tag)
{
	size_t prefix = sizeof(CORE_PREFIX) - 1;
	return tag != NULL && strncmp(tag, CORE_PREFIX, prefix) == 0 ? tag + prefix
								     : NULL;
}

static bool is_word_character(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-';
}

/* ns-uri-char, without what ends a tag in brackets. */
static bool is_tag_character(char c)
{
	return is_word_character(c) ||
	       (c != '\0' && strchr("#;/?:@&=+$_.~*'()%", c) != NULL);
}

static int hex_pair(const char *at, const char *end)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	if (end - at < 3 || at[1] == '\0' || at[2] == '\0')
		return -1;
	const char *high = strchr(digits, at[1]);
	const char *low = strchr(digits, at[2]);
	if (high == NULL || low == NULL)
		return -1;
	return (int)((high - digits) % 16 * 16 + (low - digits) % 16);
}

/* Adds a part of a tag, "%NN" decoded. */
static bool add_decoded(struct buf *tag, const char *at, const char *end)
{
	for (; at < end; at++) {
		int byte = (unsigned char)*at;
		if (*at == '%') {
			byte = hex_pair(at, end);
			at += 2;
		}
		if (byte <= 0)
			return false;
		buf_add_byte(tag, (unsigned char)byte);
	}
	return text_is_utf8(tag->data, tag->length);
}

static int refuse_tag(struct yaml_parser *parser, struct place place)
{
	return yaml_refuse(parser, place,
			   "write a tag like !name, or put the value in quotes",
			   "this is not a tag");
}

/* "!<...>"; the cursor stands at '!'. */
static int read_verbatim(struct yaml_parser *parser, struct place place,
			 struct buf *tag)
{
	const char *start = parser->at + 2;
	const char *at = start;
	while (at < parser->end && (is_tag_character(*at) || strchr(",[]!", *at)))
		at++;
	bool local_only = at == start + 1 && *start == '!';
	if (at >= parser->end || *at != '>' || at == start || local_only ||
	    !add_decoded(tag, start, at))
		return refuse_tag(parser, place);
	parser->at = at + 1;
	return 0;
}

/* The prefix of a handle, or NULL. */
static const char *prefix_of(const struct yaml_parser *parser, const char *handle,
			     size_t length)
{
	const char *prefix = map_get(&parser->handles, handle, length);
	if (prefix != NULL)
		return prefix;
	if (length == 1)
		return "!";
	return length == 2 ? CORE_PREFIX : NULL;
}

/* "!", "!name", "!!name", "!handle!name"; the cursor stands at '!'. */
static int read_shorthand(struct yaml_parser *parser, struct place place,
			  struct buf *tag)
{
	const char *start = parser->at;
	const char *at = start + 1;
	while (at < parser->end && is_word_character(*at))
		at++;
	bool has_handle = at < parser->end && *at == '!';
	const char *suffix = has_handle ? at + 1 : start + 1;
	for (at = suffix; at < parser->end && is_tag_character(*at);)
		at++;
	parser->at = at;
	if (at == start + 1) {
		buf_add_string(tag, "!");
		return 0;
	}
	const char *prefix = prefix_of(parser, start, (size_t)(suffix - start));
	if (prefix == NULL)
		return yaml_refuse(parser, place,
				   "declare the handle with %TAG, or use a tag like "
				   "!name",
				   "a tag with an unknown handle");
	buf_add_string(tag, prefix);
	return at > suffix && add_decoded(tag, suffix, at) ? 0
							   : refuse_tag(parser, place);
}

static int read_tag(struct yaml_parser *parser, struct properties *out)
{
	struct place place = yaml_place(parser);
	struct buf *tag = &parser->scratch;
	if (out->tag != NULL)
		return yaml_refuse(parser, place, "remove one of the two",
				   "a value with two tags");
	buf_reset(tag);
	int status = yaml_peek_at(parser, 1) == '<'
			     ? read_verbatim(parser, place, tag)
			     : read_shorthand(parser, place, tag);
	if (status != 0)
		return status;
	if (tag->length > parser->limits->values[LIMIT_YAML_TAG_BYTES])
		return problem_limit(parser->problem, parser->limits,
				     LIMIT_YAML_TAG_BYTES, tag->length, place);
	out->tag = arena_copy(parser->arena, tag->data, tag->length);
	return out->tag == NULL ? problem_memory(parser->problem, place) : 0;
}

/* --- anchors and aliases --- */

/* ns-anchor-char+; the cursor stands at '&' or '*' and goes behind the name. */
static int read_name(struct yaml_parser *parser, const char **name, size_t *length)
{
	struct place place = yaml_place(parser);
	char sign = yaml_peek(parser);
	const char *at = ++parser->at;
	while (at < parser->end && !yaml_is_blank(*at) && !yaml_is_flow(*at))
		at++;
	*name = parser->at;
	*length = (size_t)(at - parser->at);
	parser->at = at;
	for (const char *c = *name; c < at; c++)
		if (strchr(DIVIDERS, *c) != NULL)
			return problem_set(parser->problem, ERROR_SYNTAX, place,
					   "write a space behind the name, or a name "
					   "without it",
					   "a '%c' in the name of an anchor, which "
					   "readers take differently",
					   *c);
	if (*length > 0)
		return 0;
	return problem_set(parser->problem, ERROR_SYNTAX, place,
			   sign == '&' ? "put a value that starts with '&' in quotes"
				       : "put a value that starts with '*' in quotes",
			   "a '%c' without the name of an anchor", sign);
}

static int read_anchor(struct yaml_parser *parser, struct properties *out)
{
	struct place place = yaml_place(parser);
	const char *name;
	size_t length;
	if (out->anchor != NULL)
		return yaml_refuse(parser, place, "remove one of the two",
				   "a value with two anchors");
	int status = read_name(parser, &name, &length);
	if (status != 0)
		return status;
	if (++parser->anchor_count > parser->limits->values[LIMIT_YAML_ANCHORS])
		return problem_limit(parser->problem, parser->limits,
				     LIMIT_YAML_ANCHORS, parser->anchor_count, place);
	const char *kept = arena_copy(parser->arena, name, length);
	struct anchor *anchor = arena_new_of(parser->arena, struct anchor);
	if (kept == NULL || anchor == NULL ||
	    map_put(&parser->anchors, kept, length, anchor) != 0)
		return problem_memory(parser->problem, place);
	out->anchor = anchor;
	return 0;
}

int yaml_read_properties(struct yaml_parser *parser, struct properties *out)
{
	if (!out->present)
		out->place = yaml_place(parser);
	while (yaml_at_property(parser)) {
		int status = yaml_peek(parser) == '&' ? read_anchor(parser, out)
						      : read_tag(parser, out);
		if (status != 0)
			return status;
		out->present = true;
		char next = yaml_peek(parser);
		if (!yaml_is_blank(next) && !yaml_is_flow(next))
			return refuse_tag(parser, out->place);
		yaml_pass_white(parser);
	}
	return 0;
}

int yaml_join_properties(struct yaml_parser *parser, struct properties *out,
			 const struct properties *more)
{
	if (!more->present)
		return 0;
	if (out->anchor != NULL && more->anchor != NULL)
		return yaml_refuse(parser, more->place, "remove one of the two",
				   "a value with two anchors");
	if (out->tag != NULL && more->tag != NULL)
		return yaml_refuse(parser, more->place, "remove one of the two",
				   "a value with two tags");
	if (!out->present)
		out->place = more->place;
	out->present = true;
	out->anchor = more->anchor != NULL ? more->anchor : out->anchor;
	out->tag = more->tag != NULL ? more->tag : out->tag;
	return 0;
}

static int refuse_alias(struct yaml_parser *parser, const char *name, size_t length,
			struct place place, bool open)
{
	int shown = length < SHOWN_NAME ? (int)length : SHOWN_NAME;
	if (open)
		return problem_set(parser->problem, ERROR_SYNTAX, place,
				   "a document cannot contain itself: write out what "
				   "is meant",
				   "the alias '*%.*s' stands inside what it refers to",
				   shown, name);
	return problem_set(parser->problem, ERROR_SYNTAX, place,
			   "define it with '&' before its use, or put a value that "
			   "starts with '*' in quotes",
			   "the alias '*%.*s' refers to no anchor of this document",
			   shown, name);
}

int yaml_read_alias(struct yaml_parser *parser, struct atom *out)
{
	struct place place = yaml_place(parser);
	const uint64_t *limits = parser->limits->values;
	const char *name;
	size_t length;
	int status = read_name(parser, &name, &length);
	if (status != 0)
		return status;
	const struct anchor *anchor = map_get(&parser->anchors, name, length);
	if (anchor == NULL || anchor->node.kind == NODE_UNKNOWN)
		return refuse_alias(parser, name, length, place, anchor != NULL);
	parser->alias_nodes += node_weight(&anchor->node);
	if (parser->alias_nodes > limits[LIMIT_YAML_ALIAS_NODES])
		return problem_limit(parser->problem, parser->limits,
				     LIMIT_YAML_ALIAS_NODES, parser->alias_nodes,
				     place);
	uint64_t depth = parser->tree.depth;
	if (node_is_container(&anchor->node))
		depth += anchor->node.height;
	if (depth > limits[LIMIT_YAML_DEPTH])
		return problem_limit(parser->problem, parser->limits, LIMIT_YAML_DEPTH,
				     depth, place);
	*out = (struct atom){ .node = anchor->node, .place = place, .alias = true };
	return 0;
}

/* --- nodes --- */

static int wrong_tag(struct yaml_parser *parser, const char *core, struct place place)
{
	return problem_set(parser->problem, ERROR_SYNTAX, place,
			   "remove the tag, or write a value of its kind",
			   "the tag !!%s does not fit its value", core);
}

/* The kind that a core tag gives to a text; NODE_UNKNOWN when they do not fit. */
static enum node_kind tagged_kind(const char *core, enum node_kind kind)
{
	static const struct {
		const char *name;
		enum node_kind kind;
	} rows[] = { { "null", NODE_NULL },     { "bool", NODE_BOOLEAN },
		     { "int", NODE_INTEGER },   { "float", NODE_DECIMAL },
		     { "seq", NODE_SEQUENCE },  { "map", NODE_MAPPING },
		     { "set", NODE_MAPPING },   { "omap", NODE_SEQUENCE },
		     { "pairs", NODE_SEQUENCE } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, core) != 0)
			continue;
		if (rows[i].kind == NODE_DECIMAL && kind == NODE_INTEGER)
			kind = NODE_DECIMAL;
		return kind == rows[i].kind ? kind : NODE_UNKNOWN;
	}
	return NODE_STRING;
}

/* What differs between readers is noted; a doubt that does not concern Kubernetes is
 * none there. */
static int note(struct yaml_parser *parser, const struct atom *atom,
		enum scalar_doubt doubt)
{
	char shown[SHOWN_NAME + 4];
	bool elsewhere = doubt == DOUBT_ZERO_EIGHT || doubt == DOUBT_OCTAL ||
			 doubt == DOUBT_BASE_60 || doubt == DOUBT_DATE ||
			 doubt == DOUBT_EXPONENT || doubt == DOUBT_MERGE;
	if (doubt == DOUBT_NONE || parser->docs.note_count >= DOC_NOTES ||
	    (elsewhere && parser->format == DOC_KUBERNETES))
		return 0;
	struct doc_note *slot =
		ARENA_PUSH(parser->arena, &parser->notes, &parser->docs.note_count,
			   &parser->note_capacity);
	if (slot == NULL)
		return problem_memory(parser->problem, atom->place);
	parser->docs.notes = parser->notes;
	text_escape_into(shown, sizeof(shown), atom->text, atom->length);
	*slot = (struct doc_note){
		.line = atom->place.line,
		.column = atom->place.column,
		.message = arena_printf(parser->arena, "'%s' %s", shown,
					scalar_doubt_message(doubt)),
		.mend = scalar_doubt_mend(doubt),
	};
	return slot->message == NULL ? problem_memory(parser->problem, atom->place) : 0;
}

/* What the text is to the reader. */
static int resolve(struct yaml_parser *parser, const struct atom *atom,
		   const struct properties *properties, struct reading *out)
{
	const char *core = core_name(properties->tag);
	*out = (struct reading){ .kind = NODE_STRING };
	if (core == NULL && (properties->tag != NULL || !atom->plain))
		return 0;
	int status = scalar_read(out, parser->format, atom->text, atom->length);
	if (status != 0)
		return yaml_refuse(parser, atom->place,
				   "write it in decimal, or put it in quotes",
				   "a hexadecimal or octal number of more than 64 "
				   "bits");
	if (core != NULL) {
		enum node_kind kind = tagged_kind(core, out->kind);
		if (kind == NODE_UNKNOWN)
			return wrong_tag(parser, core, properties->place);
		if (kind == NODE_STRING)
			*out = (struct reading){ .kind = kind };
		out->kind = kind;
	}
	if (parser->format != DOC_KUBERNETES)
		return 0;
	if (core != NULL && strcmp(core, "binary") == 0)
		return yaml_refuse(parser, properties->place,
				   "write the text itself, or base64 in quotes",
				   "a !!binary, which Kubernetes decodes");
	if (out->doubt == DOUBT_NOT_JSON)
		return yaml_refuse(parser, atom->place, "put it in quotes",
				   "an infinite number, which Kubernetes cannot read");
	return 0;
}

/* The tag as it is shown: "!!str" for those of the core schema. */
static int shown_tag(struct yaml_parser *parser, const struct properties *properties,
		     const char **out)
{
	const char *core = core_name(properties->tag);
	*out = core == NULL ? properties->tag
			    : arena_printf(parser->arena, "!!%s", core);
	return properties->tag != NULL && *out == NULL
		       ? problem_memory(parser->problem, properties->place)
		       : 0;
}

/* Puts the JSON text in the place of the written one, where they differ. */
static int mend_text(struct yaml_parser *parser, const struct reading *reading,
		     struct scalar *scalar)
{
	if (reading->form == FORM_WRITTEN)
		return 0;
	buf_reset(&parser->mended);
	scalar_write(&parser->mended, reading, scalar->text, scalar->length);
	if (parser->mended.failed != 0)
		return problem_memory(parser->problem, scalar->place);
	scalar->written = scalar->text;
	scalar->written_length = scalar->length;
	scalar->text = parser->mended.data;
	scalar->length = parser->mended.length;
	return 0;
}

int yaml_scalar_node(struct yaml_parser *parser, const struct atom *atom,
		     const struct properties *properties, struct node *out)
{
	bool plain = atom->plain && properties->tag == NULL;
	struct scalar scalar = { .text = atom->text,
				 .length = atom->length,
				 .flags = plain ? NODE_FLAG_PLAIN : 0,
				 .place = atom->place };
	struct reading reading;
	if (parser->scratch.failed != 0)
		return problem_memory(parser->problem, atom->place);
	if (memchr(scalar.text, '\0', scalar.length) != NULL)
		return problem_set(parser->problem, ERROR_ENCODING, scalar.place,
				   "remove it",
				   "U+0000 in a string: texts with NUL are not "
				   "accepted");
	int status = resolve(parser, atom, properties, &reading);
	if (status == 0)
		status = note(parser, atom, reading.doubt);
	if (status == 0)
		status = shown_tag(parser, properties, &scalar.tag);
	if (status == 0)
		status = mend_text(parser, &reading, &scalar);
	if (status != 0)
		return status;
	scalar.kind = reading.kind;
	scalar.flags |= reading.truth ? NODE_FLAG_TRUE : 0;
	if (atom->written != NULL) {
		yaml_place(parser); /* columns before the cursor are not asked again */
		scalar.room = parser->text + (atom->written - parser->text);
		scalar.room_length = (size_t)(parser->at - atom->written);
	}
	status = tree_scalar(&parser->tree, &scalar, out);
	if (status == 0 && properties->anchor != NULL)
		properties->anchor->node = *out;
	return status;
}

int yaml_empty_node(struct yaml_parser *parser, struct place place,
		    const struct properties *properties, struct node *out)
{
	struct atom atom = { .text = "", .place = place, .plain = true };
	if (properties->present)
		atom.place = properties->place;
	return yaml_scalar_node(parser, &atom, properties, out);
}

int yaml_open(struct yaml_parser *parser, enum node_kind kind, struct place place,
	      const struct properties *properties)
{
	static const char *const of_mappings[] = { "seq",  "omap", "pairs",
						   "str",  "int",  "float",
						   "bool", "null", NULL };
	static const char *const of_sequences[] = { "map",   "set",  "str",  "int",
						    "float", "bool", "null", NULL };
	const char *core = core_name(properties->tag);
	const char *const *foreign = kind == NODE_MAPPING ? of_mappings : of_sequences;
	for (; core != NULL && *foreign != NULL; foreign++)
		if (strcmp(core, *foreign) == 0)
			return wrong_tag(parser, core, properties->place);
	const char *tag;
	int status = shown_tag(parser, properties, &tag);
	return status != 0 ? status : tree_open(&parser->tree, kind, place, tag, NULL);
}

int yaml_close(struct yaml_parser *parser, const struct properties *properties,
	       struct node *out)
{
	int status = tree_close(&parser->tree, out);
	if (status == 0 && properties->anchor != NULL)
		properties->anchor->node = *out;
	return status;
}

/* Kubernetes knows a key by its JSON name, and has none for these. */
static int check_key(struct yaml_parser *parser, const struct node *node,
		     struct place place)
{
	enum node_kind kind = node_kind(node);
	if (parser->format != DOC_KUBERNETES || !tree_wants_key(&parser->tree) ||
	    (kind != NODE_NULL && kind != NODE_DECIMAL))
		return 0;
	return yaml_refuse(parser, place, "put the key in quotes",
			   kind == NODE_NULL ? "a key of a mapping is null"
					     : "a key of a mapping is a number with a "
					       "fraction");
}

int yaml_add(struct yaml_parser *parser, const struct node *node, struct place place)
{
	int status = check_key(parser, node, place);
	return status != 0 ? status : tree_add(&parser->tree, node, place);
}

int yaml_add_atom(struct yaml_parser *parser, const struct atom *atom,
		  const struct properties *properties)
{
	struct node node = atom->node;
	int status = 0;
	if (node.kind == NODE_UNKNOWN)
		status = yaml_scalar_node(parser, atom, properties, &node);
	return status != 0 ? status : yaml_add(parser, &node, atom->place);
}
