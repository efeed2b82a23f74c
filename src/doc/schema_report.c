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

void line_add_quoted(struct line *line, char quote, const char *text, size_t length)
{
	char shown[SHOWN_BYTES + 4];
	text_escape_into(shown, sizeof(shown), text, length);
	line_add(line, "%c%s%c", quote, shown, quote);
}

void line_add_value(struct line *line, const struct node *node)
{
	enum node_kind kind = node_kind(node);
	char shown[SHOWN_BYTES + 4];
	line_add(line, "%s", node_kind_name(kind));
	switch (kind) {
	case NODE_STRING:
		line_add(line, " ");
		line_add_quoted(line, '"', node->text, node->length);
		break;
	case NODE_BOOLEAN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
		text_escape_into(shown, sizeof(shown), node->text, node->length);
		line_add(line, " %s", shown);
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
		line_add(line, "%s%s",
			 first       ? ""
			 : left == 0 ? " or "
				     : ", ",
			 rows[i].name);
		first = false;
	}
}

static bool is_word(const struct node *key)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
					 "TUVWXYZ0123456789_-$";
	return key->length > 0 && key->length <= SHOWN_BYTES &&
	       strspn(key->text, characters) == key->length;
}

/* Paths are as deep as documents may be: recursion is bounded. */
static void add_dotted(struct line *line, const struct path *path)
{
	if (path == NULL)
		return;
	add_dotted(line, path->parent);
	if (path->key == NULL) {
		line_add(line, "[%zu]", path->index);
	} else if (is_word(path->key)) {
		line_add(line, "%s%s", line->length > 0 ? "." : "", path->key->text);
	} else {
		line_add(line, "[");
		line_add_quoted(line, '"', path->key->text, path->key->length);
		line_add(line, "]");
	}
}

void line_add_subject(struct line *line, const struct path *path)
{
	struct line dotted = { .length = 0 };
	if (path != NULL && path->is_name) {
		line_add(line, "the key ");
		line_add_quoted(line, '\'', path->key->text, path->key->length);
		if (path->parent == NULL)
			return;
		line_add(line, " of ");
		path = path->parent;
	}
	add_dotted(&dotted, path);
	line_add(line, "%s", dotted.length == 0 ? "the document" : dotted.text);
}

/* A token of a JSON Pointer; it may hold anything. */
static void add_token(struct line *line, const char *token, size_t length)
{
	line_add(line, "/");
	for (size_t i = 0; i < length; i++) {
		if (token[i] == '~' || token[i] == '/')
			line_add(line, "~%c", token[i] == '~' ? '0' : '1');
		else if (line->length + 1 < sizeof(line->text))
			line->text[line->length++] = token[i];
	}
	line->text[line->length] = '\0';
}

static void add_pointer(struct line *line, const struct path *path)
{
	if (path == NULL)
		return;
	add_pointer(line, path->parent);
	if (path->key != NULL)
		add_token(line, path->key->text, path->key->length);
	else
		line_add(line, "/%zu", path->index);
}

/* Parents have smaller indexes: recursion ends, and is as deep as schemas may be. */
static void add_location(struct line *line, const struct schema *schema, uint32_t index)
{
	const struct image_location *locations =
		image_at(schema, schema->header->locations);
	const struct image_location *location = &locations[index];
	const struct image_string *token = image_at(schema, location->token);
	if (location->parent == SCHEMA_NONE) {
		line_add(line, "%s#", token->text);
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

static void escape_line(struct line *line)
{
	struct line raw = *line;
	text_escape_into(line->text, sizeof(line->text), raw.text, raw.length);
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
	struct line pointer = { .length = 0 };
	struct line dotted = { .length = 0 };
	struct line location = { .length = 0 };
	struct line message = *complaint->message;
	add_pointer(&pointer, path);
	add_dotted(&dotted, path);
	add_location(&location, check->run->schema, check->subschema->location);
	if (check->operation->kind != OPERATION_NEVER)
		add_token(&location, keyword, strlen(keyword));
	if (report->forms > 1)
		line_add(&message, " (by the closest of %u forms)", report->forms);
	escape_line(&pointer);
	escape_line(&dotted);
	escape_line(&location);
	escape_line(&message);
	struct schema_problem problem = { .node = node,
					  .line = node_line(place),
					  .column = node_column(place),
					  .instance_path = pointer.text,
					  .dotted_path = dotted.text,
					  .keyword = keyword,
					  .schema_path = location.text,
					  .message = message.text,
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
	struct line line = { .length = 0 };
	line_add_subject(&line, check->path);
	line_add(&line, " must be ");
	line_add_types(&line, types);
	line_add(&line, ", found ");
	line_add_value(&line, check->node);
	return report_complaint(
		check, &(struct complaint){ .message = &line, .types = types });
}

static bool report_no_branch(const struct check *check)
{
	struct line line = { .length = 0 };
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
