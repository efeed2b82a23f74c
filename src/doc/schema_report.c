/* doc/schema_report.c - hands problems to the sink with their places and paths, and
 * finds the branch that came closest. */
#include "doc/schema_report.h"

#include <string.h>

#include "base/buf.h"

#define PROBLEMS_DEFAULT 20
#define NEEDED           5 /* names that a message lists at most */

/* Parents have smaller indexes: recursion ends, and is as deep as schemas may be. */
static void add_location(struct line *line, const struct schema *schema, uint32_t index)
{
	const struct image_location *locations =
		image_at(schema, schema->header->locations);
	const struct image_location *location = &locations[index];
	const struct image_string *token = image_at(schema, location->token);
	if (location->parent == SCHEMA_NONE) {
		line_add_shown(line, token->text, token->length);
		line_add_text(line, "#");
		return;
	}
	add_location(line, schema, location->parent);
	line_add_token(line, token->text, token->length);
}

void schema_problem_location(const struct schema_problem *problem, struct buf *out)
{
	struct line line;
	line_clear(&line);
	add_location(&line, problem->schema, problem->location);
	if (!problem->never)
		line_add_token(&line, problem->keyword, strlen(problem->keyword));
	buf_add(out, line.text, line.length);
}

void report_begin(struct report *report, const struct schema_sink *sink)
{
	report->sink = sink;
	report->count = 0;
	report->maximum = sink->maximum == 0 ? PROBLEMS_DEFAULT : sink->maximum;
	report->measuring = false;
	report->forms = 0;
	paths_begin(&report->paths);
}

/* The keyword that is not kept. */
static const char *keyword_of(const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	if (complaint->keyword != NULL)
		return complaint->keyword;
	if (check->operation->kind == OPERATION_TYPE)
		return "type";
	const struct image_string *keyword = check_at(check, check->operation->keyword);
	return keyword->text;
}

static const struct path *path_of(const struct complaint *complaint)
{
	return complaint->path != NULL ? complaint->path : complaint->check->path;
}

/* What a branch lacks; the outermost fault counts most. */
static void measure(struct report *report, const struct complaint *complaint)
{
	struct closeness *closeness = &report->closeness;
	unsigned int depth = path_depth(path_of(complaint));
	if (closeness->count++ == 0 || depth < closeness->least_depth)
		closeness->least_depth = depth;
	if (complaint->types != 0 && depth == report->base_depth) {
		closeness->wrong_type = true;
		closeness->types |= complaint->types;
	}
	if (complaint->constant && depth <= report->base_depth + 1)
		closeness->wrong_kind = true;
}

static void tell(struct report *report, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct node *node =
		complaint->node != NULL ? complaint->node : check->node;
	const struct node *place = complaint->key != NULL ? complaint->key : node;
	line_clear(&report->message);
	complaint->say(&report->message, complaint);
	if (report->forms > 1)
		line_add(&report->message, " (by the closest of %u forms)",
			 report->forms);
	paths_write(&report->paths, path_of(complaint));
	struct schema_problem problem = {
		.node = node,
		.line = node_line(place),
		.column = node_column(place),
		.instance_path = report->paths.pointer.text,
		.keyword = keyword_of(complaint),
		.message = report->message.text,
		.schema = check->run->schema,
		.location = check->subschema->location,
		.never = check->operation->kind == OPERATION_NEVER,
		.misplaced = check->operation->kind == OPERATION_NEVER ||
			     complaint->key != NULL,
		.complaint = complaint,
	};
	report->count++;
	report->sink->problem(report->sink->data, &problem);
	paths_leave(&report->paths);
}

bool report_complaint(const struct complaint *complaint)
{
	const struct run *run = complaint->check->run;
	struct report *report = run->report;
	if (report == NULL || run->failure != 0 || report_is_full(report))
		return false;
	if (report->measuring)
		measure(report, complaint);
	else
		tell(report, complaint);
	return false;
}

const char *schema_problem_mend(const struct schema_problem *problem)
{
	const struct complaint *complaint = problem->complaint;
	if (complaint == NULL || complaint->suggest == NULL)
		return problem->fixed_mend;
	struct report *report = complaint->check->run->report;
	line_clear(&report->mend);
	complaint->suggest(&report->mend, complaint);
	paths_write(&report->paths, path_of(complaint)); /* of other places before */
	return report->mend.length > 0 ? report->mend.text : NULL;
}

static struct closeness try_branch(const struct check *check, uint32_t schema)
{
	struct report *report = check->run->report;
	report->measuring = true;
	report->base_depth = path_depth(check->path);
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

static void say_no_branch(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_list *list = check_at(check, check->operation->a);
	report_subject(line, check, check->path);
	line_add(line, " fits none of the %u forms that are allowed", list->count);
}

/* Forms that need a property each, and say nothing else. */
static bool need_names(const struct check *check, const struct image_list *forms)
{
	for (uint32_t i = 0; i < forms->count; i++)
		if (needed_name(check, forms->items[i]) == NULL)
			return false;
	return forms->count > 1 && forms->count <= NEEDED &&
	       check->node->kind == NODE_MAPPING;
}

static void say_needed(struct line *line, const struct complaint *complaint)
{
	const struct check *check = complaint->check;
	const struct image_list *list = check_at(check, check->operation->a);
	report_subject(line, check, check->path);
	line_add_text(line, " needs ");
	for (uint32_t i = 0; i < list->count; i++) {
		const struct image_string *name = needed_name(check, list->items[i]);
		line_add_text(line, i == 0 ? "" : i + 1 == list->count ? " or " : ", ");
		line_add_quoted(line, '\'', name->text, name->length);
	}
}

static void suggest_needed(struct line *mend, const struct complaint *complaint)
{
	(void)complaint;
	line_add_text(mend, "add one of them");
}

bool report_branches(const struct check *check)
{
	const struct image_list *list = check_at(check, check->operation->a);
	struct report *report = check->run->report;
	const struct complaint none = { .check = check, .say = say_no_branch };
	if (report == NULL || report->measuring)
		return report_complaint(&none);
	if (need_names(check, list))
		return report_complaint(&(struct complaint){
			.check = check, .say = say_needed, .suggest = suggest_needed });
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
	/* No branch is for values of this type: one message names all types. */
	if (all_types)
		return report_types(check, types);
	size_t before = report->count;
	uint32_t forms = report->forms;
	report->forms = list->count;
	run_schema(check->run, closest, check->node, check->path, NULL);
	report->forms = forms;
	return report->count > before ? false : report_complaint(&none);
}
