/* policy/refs.c - rules of kind refs: which updates of refs are allowed at all. */
#include <string.h>

#include "base/error.h"
#include "base/pattern.h"
#include "model/change.h"
#include "model/facts.h"
#include "policy/evaluation.h"

static int check_name(struct evaluation *evaluation, const struct change *change)
{
	const struct pattern *name = evaluation->rule->refs->name;
	struct error problem = ERROR_INIT;
	bool matches;
	int code = evaluation_match(evaluation, name, change->ref, strlen(change->ref),
				    &matches, &problem);
	if (code != 0 || matches)
		return code;
	if (problem.code != 0)
		return evaluation_find(evaluation, problem.code, NULL, NULL,
				       "the name '%s' cannot be matched: %s",
				       change->ref, problem.text);
	return evaluation_find(evaluation, ERROR_RULE_REF_NAME, NULL,
			       "choose a name that matches: git branch -m NAME, then "
			       "push that",
			       "the name '%s' does not match '%s'", change->ref,
			       pattern_text(name));
}

static int check_create(struct evaluation *evaluation, const struct change *change)
{
	if (evaluation->rule->refs->create)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_REF_CREATE, NULL,
			       "push to a ref that exists, or ask for this one to be "
			       "made by an administrator",
			       "'%s' must not be created", change->ref);
}

static int check_update(struct evaluation *evaluation, const struct change *change)
{
	const struct rule_refs *rule = evaluation->rule->refs;
	if (!rule->update)
		return evaluation_find(evaluation, ERROR_RULE_REF_UPDATE, NULL,
				       "push under a new name; this one stays",
				       "'%s' must not be moved", change->ref);
	if (rule->force || !evaluation->facts->forced)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_REF_FORCE, NULL,
			       "build on what is there: git pull --rebase, then push "
			       "without --force",
			       "'%s' would lose commits: %s does not contain %s",
			       change->ref, oid_short(&change->new_id),
			       oid_short(&change->old_id));
}

static int check_remove(struct evaluation *evaluation, const struct change *change)
{
	if (evaluation->rule->refs->remove)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_REF_DELETE, NULL,
			       "leave it, or ask an administrator to delete it",
			       "'%s' must not be deleted", change->ref);
}

int rule_refs_evaluate(struct evaluation *evaluation)
{
	const struct change *change = evaluation->facts->change;
	int code = 0;
	switch (change_kind(change)) {
	case CHANGE_CREATE:
		code = check_create(evaluation, change);
		break;
	case CHANGE_UPDATE:
		code = check_update(evaluation, change);
		break;
	case CHANGE_DELETE:
		return check_remove(evaluation, change);
	case CHANGE_UNKNOWN:
		return 0; /* refused by the gate itself */
	}
	return code == 0 ? check_name(evaluation, change) : code;
}
