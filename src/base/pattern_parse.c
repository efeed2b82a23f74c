/* base/pattern_parse.c - the text of a pattern to a tree: what of PCRE2's language a
 * finite automaton can do and people write. Everything else, and everything that is
 * wrong, is not ours: PCRE2 knows it and its messages. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pattern_parts.h"
#include "base/text.h"

#define DEPTH        250 /* as PCRE2: deeper groups are an error there */
#define NAMES        16
#define NAME_BYTES   32
#define REPEAT_MOST  65535
#define FLAG_CASE    1u
#define FLAG_LINES   2u
#define FLAG_DOT_ALL 4u

struct parser {
	struct parsed_pattern *parsed;
	const char *at;
	const char *end;
	unsigned int flags;
	unsigned int depth;
	const char *names[NAMES];
	size_t name_lengths[NAMES];
	size_t name_count;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool looking_at(const struct parser *parser, const char *text)
{
	size_t length = strlen(text);
	return (size_t)(parser->end - parser->at) >= length &&
	       memcmp(parser->at, text, length) == 0;
}

static bool take(struct parser *parser, const char *text)
{
	if (!looking_at(parser, text))
		return false;
	parser->at += strlen(text);
	return true;
}

/* --- trees --- */

static struct tree *new_tree(struct parser *parser, enum tree_kind kind, uint32_t value)
{
	struct tree *tree = arena_new_of(parser->parsed->arena, struct tree);
	if (tree == NULL)
		return NULL;
	tree->kind = kind;
	tree->value = value;
	return tree;
}

static int make(struct parser *parser, enum tree_kind kind, uint32_t value,
		struct tree **out)
{
	*out = new_tree(parser, kind, value);
	return *out == NULL ? ERROR_MEMORY : 0;
}

static void append(struct tree *to, struct tree *child)
{
	child->previous = to->last;
	if (to->last != NULL)
		to->last->next = child;
	else
		to->first = child;
	to->last = child;
}

/* A list of one is that one, of none is empty: each tree that is left makes at least
 * one instruction. */
static struct tree *simplest(struct tree *list)
{
	if (list->first == NULL)
		list->kind = TREE_EMPTY;
	return list->first != NULL && list->first == list->last ? list->first : list;
}

/* --- sets --- */

static struct set_builder begin_set(const struct parser *parser)
{
	return (struct set_builder){ .arena = parser->parsed->arena,
				     .caseless = (parser->flags & FLAG_CASE) != 0 };
}

static int end_set(struct parser *parser, struct set_builder *builder,
		   struct tree **out)
{
	struct parsed_pattern *parsed = parser->parsed;
	struct character_set *set =
		ARENA_PUSH(parsed->arena, &parsed->sets, &parsed->set_count,
			   &parsed->set_capacity);
	if (set == NULL)
		return ERROR_MEMORY;
	int status = set_finish(builder, set);
	return status != 0
		       ? status
		       : make(parser, TREE_SET, (uint32_t)parsed->set_count - 1, out);
}

static int set_of(struct parser *parser, uint32_t character, struct tree **out)
{
	struct set_builder builder = begin_set(parser);
	int status = set_add(&builder, character, character);
	return status != 0 ? status : end_set(parser, &builder, out);
}

static int set_of_dot(struct parser *parser, struct tree **out)
{
	struct set_builder builder = begin_set(parser);
	builder.negated = true;
	int status =
		(parser->flags & FLAG_DOT_ALL) != 0 ? 0 : set_add(&builder, '\n', '\n');
	return status != 0 ? status : end_set(parser, &builder, out);
}

/* --- escapes --- */

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "\x". */
static int hex_escape(struct parser *parser, uint32_t *out)
{
	bool braces = take(parser, "{");
	size_t most = braces ? 6 : 2;
	size_t count = 0;
	uint32_t value = 0;
	while (count < most && parser->at < parser->end &&
	       hex_value(*parser->at) >= 0) {
		value = value * 16 + (uint32_t)hex_value(*parser->at++);
		count++;
	}
	bool surrogate = value >= 0xd800 && value <= 0xdfff;
	if (count == 0 || (braces && !take(parser, "}")) || value > LAST_CHARACTER ||
	    surrogate)
		return PATTERN_NOT_OURS;
	*out = value;
	return 0;
}

/* An escape that is a character; the backslash is taken. */
static int character_escape(struct parser *parser, bool in_class, uint32_t *out)
{
	static const char letters[] = "tnrfea";
	static const char meanings[] = "\t\n\r\f\x1b\a";
	if (parser->at == parser->end)
		return PATTERN_NOT_OURS;
	char c = *parser->at;
	const char *known = c == '\0' ? NULL : strchr(letters, c);
	if (known != NULL) {
		*out = (unsigned char)meanings[known - letters];
	} else if (c == 'x') {
		parser->at++;
		return hex_escape(parser, out);
	} else if (c == 'b' && in_class) {
		*out = '\b';
	} else if (c == '0' &&
		   (parser->at + 1 == parser->end || !is_digit(parser->at[1]))) {
		*out = 0;
	} else if (c == 'c' && parser->at + 1 < parser->end &&
		   is_letter(parser->at[1])) {
		parser->at++;
		*out = (unsigned char)*parser->at & 0x1f;
	} else if (is_letter(c) || is_digit(c)) {
		return PATTERN_NOT_OURS;
	} else {
		size_t count = text_utf8_next(parser->at,
					      (size_t)(parser->end - parser->at), out);
		parser->at += count;
		return count == 0 ? PATTERN_NOT_OURS : 0;
	}
	parser->at++;
	return 0;
}

/* The index of a property; a new one when it is new. */
static int property_index(struct parser *parser, const char *text, uint32_t *out)
{
	struct parsed_pattern *parsed = parser->parsed;
	for (*out = 0; *out < parsed->property_count; (*out)++)
		if (strcmp(parsed->properties[*out], text) == 0)
			return 0;
	if (parsed->property_count == PATTERN_PROPERTIES)
		return PATTERN_NOT_OURS;
	parsed->properties[parsed->property_count++] = text;
	return 0;
}

/* "p{Lu}", "pL", "P{...}"; the backslash is taken. */
static int add_property(struct parser *parser, struct set_builder *builder)
{
	bool opposite = *parser->at++ == 'P';
	bool braces = take(parser, "{");
	const char *name = parser->at;
	uint32_t index;
	while (parser->at < parser->end &&
	       (is_letter(*parser->at) || is_digit(*parser->at) || *parser->at == '_' ||
		*parser->at == '&') &&
	       (braces || parser->at == name))
		parser->at++;
	int length = (int)(parser->at - name);
	if (length == 0 || (braces && !take(parser, "}")) || builder->caseless)
		return PATTERN_NOT_OURS;
	const char *text =
		arena_printf(parser->parsed->arena, "\\p{%.*s}", length, name);
	if (text == NULL)
		return ERROR_MEMORY;
	int status = property_index(parser, text, &index);
	if (status != 0)
		return status;
	if (opposite)
		builder->not_properties |= (uint8_t)(1u << index);
	else
		builder->properties |= (uint8_t)(1u << index);
	return 0;
}

/* --- classes --- */

/* "[:alpha:]", "[.x.]", "[=x=]". */
static bool at_posix(const struct parser *parser)
{
	return looking_at(parser, "[:") || looking_at(parser, "[.") ||
	       looking_at(parser, "[=");
}

static int class_character(struct parser *parser, uint32_t *out)
{
	if (at_posix(parser))
		return PATTERN_NOT_OURS;
	if (take(parser, "\\"))
		return character_escape(parser, true, out);
	size_t count =
		text_utf8_next(parser->at, (size_t)(parser->end - parser->at), out);
	parser->at += count;
	return count == 0 ? PATTERN_NOT_OURS : 0;
}

/* \d and the like, \p. A hyphen behind it is an error of PCRE2's, but at the end. */
static int class_type(struct parser *parser, struct set_builder *builder)
{
	int status = 0;
	parser->at++;
	if (set_is_type(*parser->at))
		status = set_add_type(builder, *parser->at++);
	else
		status = add_property(parser, builder);
	bool hyphen = looking_at(parser, "-") && !looking_at(parser, "-]");
	return status == 0 && hyphen ? PATTERN_NOT_OURS : status;
}

static int class_range(struct parser *parser, struct set_builder *builder)
{
	uint32_t first;
	int status = class_character(parser, &first);
	uint32_t last = first;
	if (status != 0)
		return status;
	if (looking_at(parser, "-") && !looking_at(parser, "-]")) {
		parser->at++;
		status = class_character(parser, &last);
		if (status != 0)
			return status;
		if (last < first || looking_at(parser, "--"))
			return PATTERN_NOT_OURS;
	}
	return set_add(builder, first, last);
}

static bool at_type(const struct parser *parser)
{
	return parser->end - parser->at > 1 && parser->at[0] == '\\' &&
	       (set_is_type(parser->at[1]) || parser->at[1] == 'p' ||
		parser->at[1] == 'P');
}

/* The bracket is taken. */
static int parse_class(struct parser *parser, struct tree **out)
{
	struct set_builder builder = begin_set(parser);
	builder.negated = take(parser, "^");
	bool first = true;
	while (first || !take(parser, "]")) {
		if (parser->at == parser->end)
			return PATTERN_NOT_OURS;
		int status = at_type(parser) ? class_type(parser, &builder)
					     : class_range(parser, &builder);
		if (status != 0)
			return status;
		first = false;
	}
	return end_set(parser, &builder, out);
}

/* --- groups --- */

static int parse_choice(struct parser *parser, struct tree **out);

/* Letters of "(?im-s)" or "(?im-s:"; at their end. */
static int parse_flags(struct parser *parser)
{
	static const char letters[] = "ims";
	static const unsigned int values[] = { FLAG_CASE, FLAG_LINES, FLAG_DOT_ALL };
	bool off = false;
	const char *start = parser->at;
	for (; parser->at < parser->end; parser->at++) {
		char c = *parser->at;
		if (c == ')' || c == ':')
			break;
		if (c == '-' && !off && parser->at > start) {
			off = true;
			continue;
		}
		const char *letter = c == '\0' ? NULL : strchr(letters, c);
		if (letter == NULL)
			return PATTERN_NOT_OURS;
		unsigned int value = values[letter - letters];
		parser->flags = off ? parser->flags & ~value : parser->flags | value;
	}
	bool letters_there = parser->at > start && parser->at[-1] != '-';
	return parser->at < parser->end && letters_there ? 0 : PATTERN_NOT_OURS;
}

/* Up to the '>' behind it. PCRE2 wants names to be unique. */
static int parse_name(struct parser *parser)
{
	const char *name = parser->at;
	while (parser->at < parser->end &&
	       (is_letter(*parser->at) || is_digit(*parser->at) || *parser->at == '_'))
		parser->at++;
	size_t length = (size_t)(parser->at - name);
	if (length == 0 || length > NAME_BYTES || is_digit(*name) ||
	    parser->name_count == NAMES || !take(parser, ">"))
		return PATTERN_NOT_OURS;
	for (size_t i = 0; i < parser->name_count; i++)
		if (parser->name_lengths[i] == length &&
		    memcmp(parser->names[i], name, length) == 0)
			return PATTERN_NOT_OURS;
	parser->names[parser->name_count] = name;
	parser->name_lengths[parser->name_count++] = length;
	return 0;
}

/* What a lookaround of nothing is: true, or nothing ever matches. */
static int empty_look(struct parser *parser, bool unwanted, struct tree **out)
{
	struct set_builder none = begin_set(parser);
	return unwanted ? end_set(parser, &none, out)
			: make(parser, TREE_EMPTY, 0, out);
}

static int add_look(struct parser *parser, const struct tree *body, bool ahead,
		    bool unwanted, struct tree **out)
{
	struct parsed_pattern *parsed = parser->parsed;
	if (body->kind == TREE_EMPTY)
		return empty_look(parser, unwanted, out);
	if (parsed->look_count == PATTERN_LOOKS)
		return PATTERN_NOT_OURS;
	int status = make(parser, TREE_LOOK, (uint32_t)parsed->look_count, out);
	if (status != 0)
		return status;
	(*out)->unwanted = unwanted;
	parsed->looks[parsed->look_count++] = (struct look){ body, ahead };
	return 0;
}

/* What stands in a group, and its end. */
static int parse_inside(struct parser *parser, struct tree **out)
{
	int status = PATTERN_NOT_OURS;
	if (++parser->depth < DEPTH)
		status = parse_choice(parser, out);
	parser->depth--;
	return status == 0 && !take(parser, ")") ? PATTERN_NOT_OURS : status;
}

/* The parenthesis is taken. `repeats`: a quantifier may follow. */
static int parse_group(struct parser *parser, struct tree **out, bool *repeats)
{
	static const struct {
		const char *start;
		bool ahead;
		bool unwanted;
	} looks[] = { { "?=", true, false },
		      { "?!", true, true },
		      { "?<=", false, false },
		      { "?<!", false, true } };
	unsigned int flags = parser->flags;
	int status = 0;
	if (looking_at(parser, "*"))
		return PATTERN_NOT_OURS;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		if (!take(parser, looks[i].start))
			continue;
		struct tree *body = NULL;
		*repeats = false;
		status = parse_inside(parser, &body);
		parser->flags = flags;
		return status != 0 ? status
				   : add_look(parser, body, looks[i].ahead,
					      looks[i].unwanted, out);
	}
	if (take(parser, "?<") || take(parser, "?P<")) {
		status = parse_name(parser);
	} else if (take(parser, "?:")) {
		status = 0;
	} else if (take(parser, "?")) {
		status = parse_flags(parser);
		/* Until the end of the group that this stands in. */
		if (status == 0 && take(parser, ")")) {
			*repeats = false;
			return make(parser, TREE_EMPTY, 0, out);
		}
		if (status == 0)
			parser->at++;
	}
	if (status == 0)
		status = parse_inside(parser, out);
	parser->flags = flags;
	return status;
}

/* --- quantifiers --- */

static bool read_number(struct parser *parser, uint32_t *out)
{
	const char *start = parser->at;
	uint32_t value = 0;
	while (parser->at < parser->end && is_digit(*parser->at) &&
	       value <= REPEAT_MOST)
		value = value * 10 + (uint32_t)(*parser->at++ - '0');
	*out = value;
	return parser->at > start && value <= REPEAT_MOST;
}

/* "{2}", "{2,}", "{2,5}"; 0 and *is: there is one. A brace that begins none is a
 * character; what newer PCRE2 takes for one, "{,5}" and "{ 2 }", is not ours. */
static int parse_braces(struct parser *parser, uint32_t *minimum, uint32_t *maximum,
			bool *is)
{
	*is = false;
	if (!looking_at(parser, "{") || parser->end - parser->at < 2)
		return 0;
	char c = parser->at[1];
	if (c == ',' || c == ' ' || c == '\t')
		return PATTERN_NOT_OURS;
	if (!is_digit(c))
		return 0;
	parser->at++;
	if (!read_number(parser, minimum))
		return PATTERN_NOT_OURS;
	*maximum = *minimum;
	if (take(parser, ",")) {
		*maximum = REPEAT_FOREVER;
		if (parser->at < parser->end && is_digit(*parser->at) &&
		    !read_number(parser, maximum))
			return PATTERN_NOT_OURS;
	}
	*is = true;
	return take(parser, "}") && *minimum <= *maximum ? 0 : PATTERN_NOT_OURS;
}

static int parse_quantifier(struct parser *parser, uint32_t *minimum, uint32_t *maximum,
			    bool *is)
{
	*is = true;
	*minimum = 0;
	*maximum = REPEAT_FOREVER;
	if (take(parser, "+"))
		*minimum = 1;
	else if (take(parser, "?"))
		*maximum = 1;
	else if (!take(parser, "*"))
		return parse_braces(parser, minimum, maximum, is);
	return 0;
}

/* Where an item should begin. */
static bool at_quantifier(struct parser *parser)
{
	const char *at = parser->at;
	uint32_t minimum;
	uint32_t maximum;
	bool is;
	int status = parse_quantifier(parser, &minimum, &maximum, &is);
	parser->at = at;
	return status != 0 || is;
}

/* --- items --- */

static int parse_escape(struct parser *parser, struct tree **out, bool *repeats)
{
	static const char letters[] = "AzZbB";
	static const enum assertion assertions[] = { ASSERTION_START, ASSERTION_END,
						     ASSERTION_END_OR_NEWLINE,
						     ASSERTION_BORDER,
						     ASSERTION_NO_BORDER };
	struct set_builder builder = begin_set(parser);
	uint32_t character;
	int status;
	if (at_type(parser)) {
		parser->at++;
		status = set_is_type(*parser->at)
				 ? set_add_type(&builder, *parser->at++)
				 : add_property(parser, &builder);
		return status != 0 ? status : end_set(parser, &builder, out);
	}
	parser->at++;
	if (parser->at == parser->end)
		return PATTERN_NOT_OURS;
	const char *known = *parser->at == '\0' ? NULL : strchr(letters, *parser->at);
	if (known != NULL) {
		enum assertion assertion = assertions[known - letters];
		parser->at++;
		*repeats = false;
		if (assertion == ASSERTION_BORDER || assertion == ASSERTION_NO_BORDER)
			parser->parsed->borders = true;
		return make(parser, TREE_ASSERTION, assertion, out);
	}
	status = character_escape(parser, false, &character);
	return status != 0 ? status : set_of(parser, character, out);
}

static int parse_item(struct parser *parser, struct tree **out, bool *repeats)
{
	bool lines = (parser->flags & FLAG_LINES) != 0;
	uint32_t character;
	*repeats = true;
	if (looking_at(parser, "\\"))
		return parse_escape(parser, out, repeats);
	if (take(parser, "["))
		return parse_class(parser, out);
	if (take(parser, "("))
		return parse_group(parser, out, repeats);
	if (take(parser, "."))
		return set_of_dot(parser, out);
	if (looking_at(parser, "^") || looking_at(parser, "$")) {
		bool start = *parser->at++ == '^';
		*repeats = false;
		return make(parser, TREE_ASSERTION,
			    start   ? lines ? ASSERTION_LINE_START : ASSERTION_START
			    : lines ? ASSERTION_LINE_END
				    : ASSERTION_END_OR_NEWLINE,
			    out);
	}
	if (at_quantifier(parser))
		return PATTERN_NOT_OURS;
	size_t count = text_utf8_next(parser->at, (size_t)(parser->end - parser->at),
				      &character);
	parser->at += count;
	return count == 0 ? PATTERN_NOT_OURS : set_of(parser, character, out);
}

/* Whether what is repeated wants much or little does not change what matches. But what
 * never gives back does. */
static int repeat(struct parser *parser, struct tree *item, bool repeats,
		  struct tree **out)
{
	uint32_t minimum;
	uint32_t maximum;
	bool is;
	*out = item;
	int status = parse_quantifier(parser, &minimum, &maximum, &is);
	if (status != 0 || !is)
		return status;
	if (!repeats || looking_at(parser, "+"))
		return PATTERN_NOT_OURS;
	take(parser, "?");
	if (item->kind == TREE_EMPTY || (minimum == 1 && maximum == 1))
		return 0;
	if (maximum == 0)
		return make(parser, TREE_EMPTY, 0, out);
	status = make(parser, TREE_REPEAT, 0, out);
	if (status != 0)
		return status;
	(*out)->minimum = minimum;
	(*out)->maximum = maximum;
	append(*out, item);
	return 0;
}

static bool at_end(const struct parser *parser)
{
	return parser->at == parser->end || *parser->at == '|' || *parser->at == ')';
}

static int parse_sequence(struct parser *parser, struct tree **out)
{
	struct tree *sequence = new_tree(parser, TREE_SEQUENCE, 0);
	if (sequence == NULL)
		return ERROR_MEMORY;
	while (!at_end(parser)) {
		struct tree *item = NULL;
		bool repeats;
		int status = parse_item(parser, &item, &repeats);
		if (status == 0)
			status = repeat(parser, item, repeats, &item);
		if (status != 0)
			return status;
		if (item->kind != TREE_EMPTY)
			append(sequence, item);
	}
	*out = simplest(sequence);
	return 0;
}

static int parse_choice(struct parser *parser, struct tree **out)
{
	struct tree *choice = new_tree(parser, TREE_CHOICE, 0);
	if (choice == NULL)
		return ERROR_MEMORY;
	do {
		struct tree *sequence = NULL;
		int status = parse_sequence(parser, &sequence);
		if (status != 0)
			return status;
		append(choice, sequence);
	} while (take(parser, "|"));
	*out = simplest(choice);
	return 0;
}

int pattern_parse(struct parsed_pattern *parsed, const char *text, size_t length)
{
	struct parser parser = { .parsed = parsed, .at = text, .end = text + length };
	struct tree *root = NULL;
	int status = parse_choice(&parser, &root);
	if (status != 0)
		return status;
	parsed->root = root;
	return parser.at == parser.end ? 0 : PATTERN_NOT_OURS;
}
