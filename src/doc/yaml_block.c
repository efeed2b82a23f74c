/* doc/yaml_block.c - collections by indentation, and the nodes in them. */
#include "doc/yaml_parse.h"

#include "base/error.h"

/* c-nb-json-text and ns-plain as keys: "at most 1024 characters". */
#define KEY_BYTES 1024

static const struct properties none = { 0 };

/* Where a node starts, and what may start there. */
struct start {
	struct place place;
	int column;
	bool block; /* a block collection may start here */
	bool tab;   /* none may, because of a tab before it */
};

static struct start start_of(struct yaml_parser *parser, unsigned int position)
{
	bool compact = (position & YAML_COMPACT) != 0 || yaml_is_first(parser);
	bool tab = yaml_behind_tab(parser);
	return (struct start){ .place = yaml_place(parser),
			       .column = yaml_column(parser),
			       .block = compact && !tab,
			       .tab = compact && tab };
}

/* Whether what stands at the cursor is part of the node that a block at `indent`
 * expects. */
static bool belongs(const struct yaml_parser *parser, int indent, unsigned int position)
{
	if (parser->at >= parser->end)
		return false;
	if (!yaml_is_first(parser) || parser->indent > indent)
		return true;
	return (position & YAML_SEQUENCE) != 0 && parser->indent == indent &&
	       yaml_at_indicator(parser, '-');
}

/* An alias, a text or a collection in brackets; of a plain text the first line. */
static int read_atom(struct yaml_parser *parser, int indent,
		     const struct properties *properties, struct atom *out)
{
	char c = yaml_peek(parser);
	*out = (struct atom){ .text = "", .place = yaml_place(parser) };
	if (c == '*')
		return yaml_read_alias(parser, out);
	if (c == '"' || c == '\'')
		return yaml_read_quoted(parser, indent, out);
	if (c == '[' || c == '{') {
		out->quoted = true;
		return yaml_flow_collection(parser, indent, properties, &out->node);
	}
	if (yaml_at_indicator(parser, ':')) {
		out->plain = true;
		if (properties->present)
			out->place = properties->place;
		return 0;
	}
	return yaml_read_plain(parser, false, out);
}

/* ':' behind an atom, on its line. */
static bool colon_follows(struct yaml_parser *parser, uint32_t line)
{
	const char *back = parser->at;
	yaml_pass_white(parser);
	if (parser->line == line && yaml_at_indicator(parser, ':'))
		return true;
	parser->at = back;
	return false;
}

static int refuse_alias_properties(struct yaml_parser *parser,
				   const struct properties *properties)
{
	return yaml_refuse(parser, properties->place, "remove it",
			   "an alias with a tag or anchor of its own");
}

/* --- mappings --- */

static int add_value(struct yaml_parser *parser, int column, unsigned int position)
{
	struct node node;
	int status = yaml_block_node(parser, column, position, &node);
	return status != 0 ? status : yaml_add(parser, &node, node_place(&node));
}

/* "? key", then maybe ": value" in the same column. */
static int explicit_entry(struct yaml_parser *parser, int column)
{
	parser->at++;
	int status = add_value(parser, column, YAML_COMPACT | YAML_SEQUENCE);
	if (status != 0)
		return status;
	struct place behind_key = yaml_place(parser);
	yaml_pass_space(parser);
	if (yaml_is_first(parser) && yaml_column(parser) == column &&
	    !yaml_behind_tab(parser) && yaml_at_indicator(parser, ':')) {
		parser->at++;
		return add_value(parser, column, YAML_COMPACT | YAML_SEQUENCE);
	}
	struct node node;
	status = yaml_empty_node(parser, behind_key, &none, &node);
	return status != 0 ? status : yaml_add(parser, &node, node_place(&node));
}

/* A key that has been read, up to its ':'. */
static int implicit_entry(struct yaml_parser *parser, int column,
			  const struct atom *key, const struct properties *properties)
{
	if (key->length > KEY_BYTES)
		return yaml_refuse(parser, key->place, "write '? ' before the key",
				   "a key of more than 1024 bytes");
	if (key->alias && properties->present)
		return refuse_alias_properties(parser, properties);
	int status = yaml_add_atom(parser, key, properties);
	if (status != 0)
		return status;
	parser->at++;
	return add_value(parser, column, YAML_SEQUENCE);
}

static int refuse_no_colon(struct yaml_parser *parser, const struct atom *key)
{
	if (yaml_at_indicator(parser, ':'))
		return yaml_refuse(parser, key->place,
				   "write the key on one line, or '? ' before it",
				   "a key that goes over lines");
	yaml_pass_white(parser);
	if (!yaml_ends_line(yaml_peek(parser)) && yaml_peek(parser) != '#')
		return yaml_refuse_rest(parser);
	return yaml_refuse(parser, key->place,
			   "write 'key: value', with a space behind the colon",
			   "a key without its colon");
}

static int mapping_entry(struct yaml_parser *parser, int column)
{
	struct properties properties = none;
	struct atom key;
	if (yaml_at_indicator(parser, '?'))
		return explicit_entry(parser, column);
	if (yaml_at_indicator(parser, '-'))
		return yaml_refuse(parser, yaml_place(parser),
				   "indent the list, or put it below its key",
				   "a '- ' among the keys of a mapping");
	int status = yaml_read_properties(parser, &properties);
	if (status == 0)
		status = read_atom(parser, column, &properties, &key);
	if (status != 0)
		return status;
	if (!colon_follows(parser, key.place.line))
		return refuse_no_colon(parser, &key);
	return implicit_entry(parser, column, &key, &properties);
}

/* To the next entry of a collection in `column`: *more says whether there is one. */
static int next_entry(struct yaml_parser *parser, int column, bool mapping,
		      struct place start, bool *more)
{
	yaml_pass_space(parser);
	*more = false;
	if (parser->at >= parser->end)
		return 0;
	if (!yaml_is_first(parser))
		return yaml_refuse_rest(parser);
	if (parser->indent < column && !yaml_behind_tab(parser))
		return 0;
	if (yaml_behind_tab(parser))
		return yaml_refuse_rest(parser);
	if (parser->indent == column) {
		*more = true;
		return 0;
	}
	return problem_set(parser->problem, ERROR_SYNTAX, yaml_place(parser),
			   mapping ? "let the keys of one mapping start in one column, "
				     "and close quotes"
				   : "let the items of one list start with '- ' in one "
				     "column",
			   "a line that does not belong to the %s; it starts at %u:%u",
			   mapping ? "mapping" : "list", start.line, start.column);
}

/* `first` has been read; NULL when it starts with '?'. */
static int block_mapping(struct yaml_parser *parser, const struct start *start,
			 const struct properties *properties, const struct atom *first,
			 const struct properties *first_properties, struct node *out)
{
	int column = start->column;
	bool more = true;
	int status = yaml_open(parser, NODE_MAPPING, start->place, properties);
	if (status == 0 && first == NULL)
		status = explicit_entry(parser, column);
	else if (status == 0)
		status = implicit_entry(parser, column, first, first_properties);
	while (status == 0) {
		status = next_entry(parser, column, true, start->place, &more);
		if (status != 0 || !more)
			break;
		status = mapping_entry(parser, column);
	}
	return status != 0 ? status : yaml_close(parser, properties, out);
}

/* --- sequences --- */

static int block_sequence(struct yaml_parser *parser, int indent,
			  const struct start *start,
			  const struct properties *properties, struct node *out)
{
	int column = start->column;
	int status = yaml_open(parser, NODE_SEQUENCE, start->place, properties);
	bool more = true;
	while (status == 0 && more) {
		parser->at++;
		status = add_value(parser, column, YAML_COMPACT);
		if (status == 0)
			status = next_entry(parser, column, false, start->place, &more);
		if (status != 0 || !more || yaml_at_indicator(parser, '-'))
			continue;
		/* The next key of a mapping whose value is this list. */
		if (column != indent)
			status = problem_set(parser->problem, ERROR_SYNTAX,
					     yaml_place(parser),
					     "let the items of one list start with '- "
					     "' in one "
					     "column",
					     "a line that does not belong to the list; "
					     "it starts "
					     "at %u:%u",
					     start->place.line, start->place.column);
		more = false;
	}
	return status != 0 ? status : yaml_close(parser, properties, out);
}

/* --- nodes --- */

/* Properties on lines before the node are `outer`: those of a collection. `inner` stand
 * on the node's line: those of its first key, when it is a mapping. */
struct head {
	struct properties outer;
	struct properties inner;
	struct start start;
	struct place before; /* that of a node without content */
	bool empty;
};

static int read_head(struct yaml_parser *parser, int indent, unsigned int position,
		     struct head *head)
{
	for (;;) {
		yaml_pass_space(parser);
		int status = yaml_join_properties(parser, &head->outer, &head->inner);
		head->inner = none;
		head->empty = !belongs(parser, indent, position);
		head->start = start_of(parser, position);
		if (status != 0 || head->empty || !yaml_at_property(parser))
			return status;
		status = yaml_read_properties(parser, &head->inner);
		if (status != 0)
			return status;
		if (!yaml_ends_line(yaml_peek(parser)) && yaml_peek(parser) != '#')
			return 0;
	}
}

/* A block collection where none may start; the cursor stands at its indicator. */
static int refuse_block(struct yaml_parser *parser, const struct head *head)
{
	struct place place = yaml_place(parser);
	char c = yaml_peek(parser);
	if (head->start.tab)
		return yaml_refuse(parser, head->start.place, "use spaces",
				   "a tab cannot indent");
	if (c == '-' && head->inner.present)
		return yaml_refuse(parser, place, "start the list on the next line",
				   "a list on the line of its tag or anchor");
	if (c == '-')
		return yaml_refuse(parser, place,
				   "start the list on a line of its own, and check "
				   "the indentation",
				   "a '- ' where no list item can stand");
	if (c == '?')
		return yaml_refuse(parser, place, "check the indentation",
				   "a key where none can stand");
	return yaml_refuse_rest(parser);
}

/* A scalar, an alias, brackets, or a mapping that starts with one of them. */
static int inline_node(struct yaml_parser *parser, int indent, struct head *head,
		       struct node *out)
{
	struct properties both = head->outer;
	struct atom atom;
	bool two = yaml_join_properties(parser, &both, &head->inner) != 0;
	bool brackets = yaml_peek(parser) == '[' || yaml_peek(parser) == '{';
	int status = read_atom(parser, indent, brackets && !two ? &both : &head->inner,
			       &atom);
	if (status != 0)
		return status;
	if (colon_follows(parser, atom.place.line)) {
		if (!head->start.block)
			return refuse_block(parser, head);
		return block_mapping(parser, &head->start, &head->outer, &atom,
				     &head->inner, out);
	}
	if (two)
		return yaml_join_properties(parser, &head->outer, &head->inner);
	if (atom.alias && both.present)
		return refuse_alias_properties(parser, &both);
	*out = atom.node;
	if (atom.node.kind != NODE_UNKNOWN)
		return 0;
	if (atom.plain)
		yaml_read_plain_lines(parser, indent, false, &atom);
	return yaml_scalar_node(parser, &atom, &both, out);
}

static int block_text(struct yaml_parser *parser, int indent, struct head *head,
		      struct node *out)
{
	struct atom atom;
	int status = yaml_join_properties(parser, &head->outer, &head->inner);
	if (status == 0)
		status = yaml_read_block_text(parser, indent, &atom);
	return status != 0 ? status
			   : yaml_scalar_node(parser, &atom, &head->outer, out);
}

int yaml_block_node(struct yaml_parser *parser, int indent, unsigned int position,
		    struct node *out)
{
	struct head head = { .before = yaml_place(parser) };
	int status = read_head(parser, indent, position, &head);
	if (status != 0)
		return status;
	if (head.empty)
		return yaml_empty_node(parser, head.before, &head.outer, out);
	char c = yaml_peek(parser);
	if (c == '|' || c == '>')
		return block_text(parser, indent, &head, out);
	bool dash = yaml_at_indicator(parser, '-');
	bool question = yaml_at_indicator(parser, '?');
	if (!dash && !question)
		return inline_node(parser, indent, &head, out);
	if (!head.start.block || head.inner.present)
		return refuse_block(parser, &head);
	if (dash)
		return block_sequence(parser, indent, &head.start, &head.outer, out);
	return block_mapping(parser, &head.start, &head.outer, NULL, NULL, out);
}
