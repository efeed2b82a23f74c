/* doc/schema_report.c - hands problems to the sink with their places and paths, and
 * finds the branch that came closest. */
#include "doc/schema_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PROBLEMS_DEFAULT  20
#define PROBLEMS_MEASURED 50
#define SHOWN_BYTES       60

void report_begin(struct report *report, const struct schema_sink *sink)
{
	*report = (struct report){ .sink = sink, .maximum = sink->maximum };
	if (report->maximum == 0)
		report->maximum = PROBLEMS_DEFAULT;
}

bool report_is_full(const struct report *report)
{
	if (report->measuring)
		return report->closeness.count >= PROBLEMS_MEASURED;
	return report->count >= report->maximum;
}

bool report_wants_words(const struct check *check)
{
	const struct report *report = check->run->report;
	return check->run->failure == 0 && report != NULL && !report->measuring;
}

void line_clear(struct line *line)
{
	line->length = 0;
	line->text[0] = '\0';
}

void line_add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list arguments;
	va_start(arguments, format);
	int count = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (count > 0)
		line->length += (size_t)count < room ? (size_t)count : room - 1;
}

static void add_bytes(struct line *line, const char *bytes, size_t length)
{
	size_t room = sizeof(line->text) - 1 - line->length;
	length = length < room ? length : room;
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
	line->text[line->length] = '\0';
}

void line_add_text(struct line *line, const char *text)
{
	add_bytes(line, text, strlen(text));
}

/* Nothing in it needs to be escaped. */
static bool is_plain_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

/* Escaped, and cut to SHOWN_BYTES. */
static void add_shown(struct line *line, const char *text, size_t length)
{
	char shown[SHOWN_BYTES + 4];
	if (length <= SHOWN_BYTES && is_plain_text(text, length)) {
		add_bytes(line, text, length);
		return;
	}
	text_escape_into(shown, sizeof(shown), text, length);
	line_add_text(line, shown);
}

void line_add_quoted(struct line *line, char quote, const char *text, size_t length)
{
	add_bytes(line, &quote, 1);
	add_shown(line, text, length);
	add_bytes(line, &quote, 1);
}

void line_add_value(struct line *line, const struct node *node)
{
	enum node_kind kind = node_kind(node);
	line_add_text(line, node_kind_name(kind));
	switch (kind) {
	case NODE_STRING:
		line_add_text(line, " ");
		line_add_quoted(line, '"', node->text, node->length);
		break;
	case NODE_BOOLEAN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
		line_add_text(line, " ");
		add_shown(line, node->text, node->length);
		break;
	case NODE_UNKNOWN:
	case NODE_NULL:
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		break;
	}
}

void line_add_types(struct line *line, unsigned int types)
{
	static const struct {
		unsigned int bits;
		const char *name;
	} rows[] = { { TYPE_STRING, "a string" },
		     { TYPE_INTEGER | TYPE_INTEGER_BY_TEXT, "an integer" },
		     { TYPE_NUMBER, "a number" },
		     { TYPE_BOOLEAN, "a boolean" },
		     { TYPE_ARRAY, "an array" },
		     { TYPE_OBJECT, "an object" },
		     { TYPE_NULL, "null" } };
	size_t left = 0;
	bool first = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		left += (types & rows[i].bits) != 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((types & rows[i].bits) == 0)
			continue;
		left--;
		line_add_text(line, first ? "" : left == 0 ? " or " : ", ");
		line_add_text(line, rows[i].name);
		first = false;
	}
}

static bool is_word(const struct node *key)
{
	for (uint32_t i = 0; i < key->length; i++) {
		char c = key->text[i];
		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
		    (c < '0' || c > '9') && c != '_' && c != '-' && c != '$')
			return false;
	}
	return key->length > 0 && key->length <= SHOWN_BYTES;
}

static void add_index(struct line *line, size_t index)
{
	char digits[24];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + index % 10);
		index /= 10;
	} while (index > 0);
	add_bytes(line, digits + at, sizeof(digits) - at);
}

/* Paths are as deep as documents may be: recursion is bounded. */
static void add_dotted(struct line *line, const struct path *path)
{
	if (path == NULL)
		return;
	add_dotted(line, path->parent);
	if (path->key == NULL) {
		line_add_text(line, "[");
		add_index(line, path->index);
		line_add_text(line, "]");
	} else if (is_word(path->key)) {
		line_add_text(line, line->length > 0 ? "." : "");
		add_bytes(line, path->key->text, path->key->length);
	} else {
		line_add_text(line, "[");
		line_add_quoted(line, '"', path->key->text, path->key->length);
		line_add_text(line, "]");
	}
}

void line_add_subject(struct line *line, const struct path *path)
{
	if (path != NULL && path->is_name) {
		line_add_text(line, "the key ");
		line_add_quoted(line, '\'', path->key->text, path->key->length);
		if (path->parent == NULL)
			return;
		line_add_text(line, " of ");
		path = path->parent;
	}
	if (path == NULL) {
		line_add_text(line, "the document");
		return;
	}
	if (line->length == 0) {
		add_dotted(line, path);
		return;
	}
	/* It starts anew in the middle of a line. */
	struct line dotted;
	line_clear(&dotted);
	add_dotted(&dotted, path);
	add_bytes(line, dotted.text, dotted.length);
}

/* A token of a JSON Pointer, escaped to be shown; it may hold anything. */
static void add_token(struct line *line, const char *token, size_t length)
{
	line_add_text(line, "/");
	if (is_plain_text(token, length) && memchr(token, '~', length) == NULL &&
	    memchr(token, '/', length) == NULL) {
		add_bytes(line, token, length);
		return;
	}
	struct line raw;
	struct line shown;
	line_clear(&raw);
	for (size_t i = 0; i < length; i++) {
		if (token[i] == '~' || token[i] == '/')
			line_add_text(&raw, token[i] == '~' ? "~0" : "~1");
		else
			add_bytes(&raw, token + i, 1);
	}
	text_escape_into(shown.text, sizeof(shown.text), raw.text, raw.length);
	line_add_text(line, shown.text);
}

static void add_pointer(struct line *line, const struct path *path)
{
	if (path == NULL)
		return;
	add_pointer(line, path->parent);
	if (path->key != NULL) {
		add_token(line, path->key->text, path->key->length);
	} else {
		line_add_text(line, "/");
		add_index(line, path->index);
	}
}

/* Parents have smaller indexes: recursion ends, and is as deep as schemas may be. */
static void add_location(struct line *line, const struct schema *schema, uint32_t index)
{
	const struct image_location *locations =
		image_at(schema, schema->header->locations);
	const struct image_location *location = &locations[index];
	const struct image_string *token = image_at(schema, location->token);
	if (location->parent == SCHEMA_NONE) {
		add_shown(line, token->text, token->length);
		line_add_text(line, "#");
		return;
	}
	add_location(line, schema, location->parent);
	add_token(line, token->text, token->length);
}

/* The keyword that is not kept. */
static const char *keyword_of_check(const struct check *check,
				    const struct complaint *complaint)
{
	if (complaint->keyword != NULL)
		return complaint->keyword;
	if (check->operation->kind == OPERATION_TYPE)
		return "type";
	const struct image_string *keyword = check_at(check, check->operation->keyword);
	return keyword->text;
}

/* What a branch lacks; the outermost fault counts most. */
static void measure(struct report *report, const struct check *check,
		    const struct complaint *complaint)
{
	struct closeness *closeness = &report->closeness;
	const struct path *path =
		complaint->path != NULL ? complaint->path : check->path;
	unsigned int depth = path == NULL ? 0 : path->depth;
	if (closeness->count++ == 0 || depth < closeness->least_depth)
		closeness->least_depth = depth;
	if (complaint->types != 0 && depth == report->base_depth) {
		closeness->wrong_type = true;
		closeness->types |= complaint->types;
	}
	if (complaint->constant && depth <= report->base_depth + 1)
		closeness->wrong_kind = true;
}

static void tell(struct report *report, const struct check *check,
		 const struct complaint *complaint)
{
	const struct path *path =
		complaint->path != NULL ? complaint->path : check->path;
	const struct node *node =
		complaint->node != NULL ? complaint->node : check->node;
	const struct node *place = complaint->key != NULL ? complaint->key : node;
	const char *keyword = keyword_of_check(check, complaint);
	struct line pointer;
	line_clear(&pointer);
	struct line dotted;
	line_clear(&dotted);
	struct line location;
	line_clear(&location);
	add_pointer(&pointer, path);
	add_dotted(&dotted, path);
	add_location(&location, check->run->schema, check->subschema->location);
	if (check->operation->kind != OPERATION_NEVER)
		add_token(&location, keyword, strlen(keyword));
	if (report->forms > 1)
		line_add(complaint->message, " (by the closest of %u forms)",
			 report->forms);
	struct schema_problem problem = { .node = node,
					  .line = node_line(place),
					  .column = node_column(place),
					  .instance_path = pointer.text,
					  .dotted_path = dotted.text,
					  .keyword = keyword,
					  .schema_path = location.text,
					  .message = complaint->message->text,
					  .mend = complaint->mend };
	report->count++;
	report->sink->problem(report->sink->data, &problem);
}

bool report_complaint(const struct check *check, const struct complaint *complaint)
{
	struct report *report = check->run->report;
	if (report == NULL || check->run->failure != 0 || report_is_full(report))
		return false;
	if (report->measuring)
		measure(report, check, complaint);
	else
		tell(report, check, complaint);
	return false;
}

static struct closeness try_branch(const struct check *check, uint32_t schema)
{
	struct report *report = check->run->report;
	report->measuring = true;
	report->base_depth = check->path == NULL ? 0 : check->path->depth;
	report->closeness = (struct closeness){ 0 };
	run_schema(check->run, schema, check->node, check->path, NULL);
	report->measuring = false;
	return report->closeness;
}

static bool is_closer(const struct closeness *a, const struct closeness *b)
{
	if (a->wrong_type != b->wrong_type)
		return !a->wrong_type;
	if (a->wrong_kind != b->wrong_kind)
		return !a->wrong_kind;
	if (a->least_depth != b->least_depth)
		return a->least_depth > b->least_depth;
	return a->count < b->count;
}

/* No branch is for values of this type: one message names all types. */
static bool report_all_types(const struct check *check, unsigned int types)
{
	struct line line;
	line_clear(&line);
	line_add_subject(&line, check->path);
	line_add_text(&line, " must be ");
	line_add_types(&line, types);
	line_add_text(&line, ", found ");
	line_add_value(&line, check->node);
	return report_complaint(
		check, &(struct complaint){ .message = &line, .types = types });
}

static bool report_no_branch(const struct check *check)
{
	struct line line;
	line_clear(&line);
	line_add_subject(&line, check->path);
	const struct image_list *list = check_at(check, check->operation->a);
	line_add(&line, " fits none of the %u forms that are allowed", list->count);
	return report_complaint(check, &(struct complaint){ .message = &line });
}

bool report_branches(const struct check *check)
{
	const struct image_list *list = check_at(check, check->operation->a);
	struct report *report = check->run->report;
	if (!report_wants_words(check))
		return report_complaint(check, &(struct complaint){ 0 });
	struct closeness best = { 0 };
	uint32_t closest = SCHEMA_NONE;
	unsigned int types = 0;
	bool all_types = true;
	for (uint32_t i = 0; i < list->count && check->run->failure == 0; i++) {
		struct closeness closeness = try_branch(check, list->items[i]);
		all_types = all_types && closeness.wrong_type;
		types |= closeness.types;
		if (closest == SCHEMA_NONE || is_closer(&closeness, &best)) {
			closest = list->items[i];
			best = closeness;
		}
	}
	if (all_types)
		return report_all_types(check, types);
	size_t before = report->count;
	uint32_t forms = report->forms;
	report->forms = list->count;
	run_schema(check->run, closest, check->node, check->path, NULL);
	report->forms = forms;
	return report->count > before ? false : report_no_branch(check);
}
