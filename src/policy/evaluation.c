/* policy/evaluation.c - what the evaluators share: adding findings, matching patterns,
 * saying how to mend commits. */
#include "policy/evaluation.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/pattern.h"
#include "model/facts.h"
#include "model/finding.h"
#include "policy/waivers.h"

/* More than verdict_add() keeps of it. */
#define MESSAGE_BYTES 4200

int evaluation_find(struct evaluation *evaluation, int code, const struct place *place,
		    const char *mend, const char *format, ...)
{
	const struct rule *rule = evaluation->rule;
	char message[MESSAGE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	struct finding_waiver waiver;
	struct finding finding = {
		.severity = SEVERITY_ERROR,
		.code = code != 0 ? code : ERROR_INTERNAL,
		.rule = rule != NULL ? rule->name : "gitgate",
		.kind = evaluation->kind,
		.message = message,
		.mend = mend,
	};
	if (evaluation->advises || (rule != NULL && rule->severity == SEVERITY_WARNING))
		finding.severity = SEVERITY_WARNING;
	if (place != NULL) {
		if (place->commit != NULL)
			finding.commit = *place->commit;
		finding.path = place->path;
		finding.line = place->line;
		finding.column = place->column;
	}
	if (waivers_cover(evaluation, &finding.commit, &waiver))
		finding.waiver = &waiver;
	return verdict_add(evaluation->verdict, &finding, evaluation->err);
}

int evaluation_match(struct evaluation *evaluation, const struct pattern *pattern,
		     const char *text, size_t length, bool *matches,
		     struct error *problem)
{
	*matches = true;
	if (pattern == NULL)
		return 0;
	int found = pattern_search(pattern, text, length, problem);
	*matches = found > 0;
	if (found == ERROR_MEMORY)
		return error_set(evaluation->err, ERROR_MEMORY,
				 "no memory to match a pattern");
	return 0;
}

static bool is_tip(const struct evaluation *evaluation,
		   const struct commit_fact *commit)
{
	const struct change *change = evaluation->facts->change;
	return change != NULL && oid_equal(&change->new_id, &commit->id);
}

#define BASE_BYTES 32

/* From where a rebase must start so that this commit is made again: the old tip where
 * there is one, so that one command mends every commit of the push. */
static void rebase_base(const struct evaluation *evaluation,
			const struct commit_fact *commit, char out[BASE_BYTES])
{
	const struct facts *facts = evaluation->facts;
	if (facts->change != NULL && change_kind(facts->change) == CHANGE_UPDATE &&
	    !facts->forced)
		snprintf(out, BASE_BYTES, "%s", oid_short(&facts->change->old_id));
	else if (commit->parent_count == 0)
		snprintf(out, BASE_BYTES, "--root");
	else
		snprintf(out, BASE_BYTES, "%s^", oid_short(&commit->id));
}

void mend_by_command(const struct evaluation *evaluation,
		     const struct commit_fact *commit, const char *purpose,
		     const char *action, char out[MEND_BYTES])
{
	char base[BASE_BYTES];
	rebase_base(evaluation, commit, base);
	if (is_tip(evaluation, commit) && evaluation->facts->commit_count <= 1)
		snprintf(out, MEND_BYTES, "%s: %s", purpose, action);
	else
		snprintf(out, MEND_BYTES, "%s: git rebase --exec '%s' %s", purpose,
			 action, base);
}

void mend_by_hand(const struct evaluation *evaluation, const struct commit_fact *commit,
		  const char *purpose, const char *action, const char *word,
		  char out[MEND_BYTES])
{
	char base[BASE_BYTES];
	rebase_base(evaluation, commit, base);
	if (is_tip(evaluation, commit))
		snprintf(out, MEND_BYTES, "%s: %s", purpose, action);
	else
		snprintf(out, MEND_BYTES, "%s: git rebase -i %s, with '%s' before %s",
			 purpose, base, word, oid_short(&commit->id));
}
