/* doc/yaml_flow.c - collections in brackets and braces. */
#include "doc/yaml_parse.h"

#include "base/error.h"

struct flow {
	struct yaml_parser *parser;
	int indent; /* of the block around it */
	bool mapping;
	struct place place;
	char close;
};

static int refuse_end(const struct flow *flow)
{
	struct yaml_parser *parser = flow->parser;
	return problem_set(parser->problem, ERROR_SYNTAX, yaml_place(parser),
			   flow->mapping ? "put ',' between pairs and '}' at the end"
					 : "put ',' between items and ']' at the end",
			   "a %s is not closed; it starts at %u:%u",
			   flow->mapping ? "mapping in braces" : "list in brackets",
			   flow->place.line, flow->place.column);
}

/* To the next token. Lines stand further in than the block around them; what closes may
 * stand in the block's own column, as every reader takes it. */
static int pass_space(const struct flow *flow)
{
	struct yaml_parser *parser = flow->parser;
	yaml_pass_space(parser);
	if (!yaml_is_first(parser) || parser->indent > flow->indent)
		return 0;
	if (parser->at >= parser->end)
		return refuse_end(flow);
	if (parser->indent == flow->indent && yaml_peek(parser) == flow->close)
		return 0;
	return problem_set(parser->problem, ERROR_SYNTAX, yaml_place(parser),
			   "indent it further than the line on which the brackets "
			   "start",
			   "a line within brackets is not indented; they start at "
			   "%u:%u",
			   flow->place.line, flow->place.column);
}

/* A ':' that ends a key. Behind quotes and brackets a value may follow directly. */
static bool at_colon(const struct yaml_parser *parser, bool adjacent)
{
	char next = yaml_peek_at(parser, 1);
	return yaml_peek(parser) == ':' &&
	       (adjacent || yaml_is_blank(next) || yaml_is_flow(next));
}

static bool ends_entry(const struct yaml_parser *parser)
{
	char c = yaml_peek(parser);
	return c == ',' || c == ']' || c == '}' || c == '\0';
}

static int flow_atom(const struct flow *flow, struct properties *properties,
		     struct atom *out)
{
	struct yaml_parser *parser = flow->parser;
	char c = yaml_peek(parser);
	*out = (struct atom){ .text = "", .plain = true, .place = yaml_place(parser) };
	if (c == '*') {
		if (properties->present)
			return yaml_refuse(parser, properties->place, "remove it",
					   "an alias with a tag or anchor of its own");
		return yaml_read_alias(parser, out);
	}
	if (ends_entry(parser) || at_colon(parser, false)) {
		if (properties->present)
			out->place = properties->place;
		return 0;
	}
	*out = (struct atom){ .place = out->place };
	if (c == '"' || c == '\'')
		return yaml_read_quoted(parser, flow->indent, out);
	if (c == '[' || c == '{') {
		out->quoted = true;
		return yaml_flow_collection(parser, flow->indent, properties,
					    &out->node);
	}
	int status = yaml_read_plain(parser, true, out);
	if (status == 0)
		yaml_read_plain_lines(parser, flow->indent, true, out);
	return status;
}

/* Properties and what they belong to. */
static int flow_node(const struct flow *flow, struct properties *properties,
		     struct atom *out)
{
	struct yaml_parser *parser = flow->parser;
	*properties = (struct properties){ 0 };
	while (yaml_at_property(parser)) {
		int status = yaml_read_properties(parser, properties);
		if (status == 0)
			status = pass_space(flow);
		if (status != 0)
			return status;
	}
	return flow_atom(flow, properties, out);
}

static int add_node(const struct flow *flow)
{
	struct properties properties;
	struct atom atom;
	int status = flow_node(flow, &properties, &atom);
	return status != 0 ? status : yaml_add_atom(flow->parser, &atom, &properties);
}

static int add_empty(const struct flow *flow, struct place place)
{
	static const struct properties none = { 0 };
	struct node node;
	int status = yaml_empty_node(flow->parser, place, &none, &node);
	return status != 0 ? status : yaml_add(flow->parser, &node, place);
}

/* Behind a key: ':' and a value, or nothing. */
static int add_value(const struct flow *flow, bool adjacent)
{
	struct place behind_key = yaml_place(flow->parser);
	int status = pass_space(flow);
	if (status != 0)
		return status;
	if (!at_colon(flow->parser, adjacent))
		return add_empty(flow, behind_key);
	flow->parser->at++;
	status = pass_space(flow);
	return status != 0 ? status : add_node(flow);
}

/* "? key : value"; the cursor stands at '?'. */
static int explicit_pair(const struct flow *flow)
{
	struct properties properties;
	struct atom key;
	flow->parser->at++;
	int status = pass_space(flow);
	if (status == 0)
		status = flow_node(flow, &properties, &key);
	if (status == 0)
		status = yaml_add_atom(flow->parser, &key, &properties);
	return status != 0 ? status : add_value(flow, key.quoted);
}

static int mapping_entry(const struct flow *flow)
{
	struct properties properties;
	struct atom key;
	if (yaml_at_indicator(flow->parser, '?'))
		return explicit_pair(flow);
	int status = flow_node(flow, &properties, &key);
	if (status == 0)
		status = yaml_add_atom(flow->parser, &key, &properties);
	return status != 0 ? status : add_value(flow, key.quoted);
}

/* A pair in a list is a mapping of its own: [a: b]. */
static int single_pair(const struct flow *flow, const struct atom *key,
		       const struct properties *properties, struct place place)
{
	static const struct properties none = { 0 };
	struct yaml_parser *parser = flow->parser;
	struct node node;
	int status = yaml_open(parser, NODE_MAPPING, place, &none);
	if (status == 0 && key == NULL)
		status = explicit_pair(flow);
	else if (status == 0)
		status = yaml_add_atom(parser, key, properties);
	if (status == 0 && key != NULL)
		status = add_value(flow, key->quoted);
	if (status == 0)
		status = yaml_close(parser, &none, &node);
	return status != 0 ? status : yaml_add(parser, &node, place);
}

static int sequence_item(const struct flow *flow)
{
	struct yaml_parser *parser = flow->parser;
	struct place place = yaml_place(parser);
	struct properties properties;
	struct atom atom;
	if (yaml_at_indicator(parser, '?'))
		return single_pair(flow, NULL, NULL, place);
	int status = flow_node(flow, &properties, &atom);
	if (status != 0)
		return status;
	uint32_t line = parser->line;
	status = pass_space(flow);
	if (status != 0)
		return status;
	if (!at_colon(parser, atom.quoted))
		return yaml_add_atom(parser, &atom, &properties);
	if (line != place.line || parser->line != line)
		return yaml_refuse(parser, yaml_place(parser),
				   "write the key and its ':' on one line, or '? ' "
				   "before the key",
				   "a key in a list in brackets goes over lines");
	return single_pair(flow, &atom, &properties, place);
}

/* What stands between two commas. */
static int entry(const struct flow *flow)
{
	struct yaml_parser *parser = flow->parser;
	if (yaml_peek(parser) == ',')
		return yaml_refuse(parser, yaml_place(parser),
				   "write the value, or null", "a value is missing");
	if (parser->at >= parser->end)
		return refuse_end(flow);
	int status = flow->mapping ? mapping_entry(flow) : sequence_item(flow);
	if (status == 0)
		status = pass_space(flow);
	if (status != 0)
		return status;
	if (yaml_peek(parser) == ',') {
		parser->at++;
		return pass_space(flow);
	}
	if (yaml_peek(parser) == flow->close)
		return 0;
	return yaml_peek(parser) == '#' ? yaml_refuse_rest(parser) : refuse_end(flow);
}

int yaml_flow_collection(struct yaml_parser *parser, int indent,
			 const struct properties *properties, struct node *out)
{
	bool mapping = yaml_peek(parser) == '{';
	struct flow flow = { .parser = parser,
			     .indent = indent,
			     .mapping = mapping,
			     .place = yaml_place(parser),
			     .close = mapping ? '}' : ']' };
	int status = yaml_open(parser, mapping ? NODE_MAPPING : NODE_SEQUENCE,
			       flow.place, properties);
	if (status != 0)
		return status;
	parser->at++;
	status = pass_space(&flow);
	while (status == 0 && yaml_peek(parser) != flow.close)
		status = entry(&flow);
	if (status != 0)
		return status;
	parser->at++;
	return yaml_close(parser, properties, out);
}
