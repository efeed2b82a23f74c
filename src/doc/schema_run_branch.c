/* doc/schema_run_branch.c - checks that combine schemas: allOf, anyOf, oneOf, not, if.
 */
#include "doc/schema_report.h"
#include "doc/schema_run.h"

/* A schema that may fail without harm: only what it evaluated when it fits counts. */
static bool try_branch(const struct check *check, uint32_t schema)
{
	struct run *run = check->run;
	if (check->marks == NULL)
		return run_quietly(run, schema, check->node, check->path, NULL);
	struct marks marks;
	if (!marks_begin(run, &marks, check->node))
		return false;
	bool valid = run_quietly(run, schema, check->node, check->path, &marks);
	if (valid)
		marks_add(check->marks, &marks);
	marks_end(run, &marks);
	return valid;
}

bool check_all_of(const struct check *check)
{
	const struct image_list *list = check_at(check, check->operation->a);
	bool valid = true;
	for (uint32_t i = 0; i < list->count && run_goes_on(check->run, valid); i++)
		valid &= run_schema(check->run, list->items[i], check->node,
				    check->path, check->marks);
	return valid;
}

/* Values of some kinds need no branch to be tried, when nobody asks what it evaluates.
 */
static bool surely_fits(const struct check *check)
{
	return check->marks == NULL &&
	       (check->operation->b & KIND_BIT(check->node->kind)) != 0;
}

bool check_any_of(const struct check *check)
{
	const struct image_list *list = check_at(check, check->operation->a);
	bool valid = false;
	if (surely_fits(check))
		return true;
	for (uint32_t i = 0; i < list->count && check->run->failure == 0; i++) {
		valid |= try_branch(check, list->items[i]);
		if (valid && check->marks == NULL)
			break;
	}
	return valid || report_branches(check);
}

bool check_one_of(const struct check *check)
{
	const struct image_list *list = check_at(check, check->operation->a);
	uint32_t first = SCHEMA_NONE;
	if (surely_fits(check))
		return true;
	for (uint32_t i = 0; i < list->count && check->run->failure == 0; i++) {
		if (!try_branch(check, list->items[i]))
			continue;
		if (first != SCHEMA_NONE)
			return report_too_many(check, first, i);
		first = i;
	}
	return first != SCHEMA_NONE || report_branches(check);
}

bool check_not(const struct check *check)
{
	bool fits = run_quietly(check->run, check->operation->a, check->node,
				check->path, NULL);
	if (check->run->failure != 0)
		return false;
	return !fits || report_not(check);
}

bool check_condition(const struct check *check)
{
	bool fits = try_branch(check, check->operation->a);
	uint32_t next = fits ? check->operation->b : check->operation->c;
	if (check->run->failure != 0)
		return false;
	if (next == SCHEMA_NONE)
		return true;
	return run_schema(check->run, next, check->node, check->path, check->marks);
}
