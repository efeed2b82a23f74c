/* policy/forge_made.c - commits that the forge made and signed itself: merged, squashed
 * or rebased ones.
 *
 * The forge's key says only that the forge made it, for whoever clicked. So nothing but
 * the content counts, and only what verified commits give; message, author and date are
 * the forge's words, and nobody's rights follow from them. Parents need no look here:
 * they are commits of the change and judged as such, or they were judged before. */
#include "base/error.h"
#include "model/facts.h"
#include "model/finding.h"
#include "policy/evaluation.h"
#include "policy/signatures.h"

#define MEND_LOCALLY                                                                   \
	"merge it on a machine of yours, sign the result, and push that; the key of "  \
	"the forge stands for nobody"

#define NOT_MADE "it was not made again here; 'gitgate check' does that"

static int find(struct evaluation *evaluation, const struct commit_fact *commit,
		int code, const char *reason)
{
	const struct place place = { .commit = &commit->id };
	return evaluation_find(evaluation, code, &place, MEND_LOCALLY,
			       "made by the forge: %s", reason);
}

/* What the rule would say about a commit, without saying it. */
static int ask_quietly(const struct evaluation *evaluation,
		       const struct commit_fact *commit, struct verdict *verdict)
{
	struct evaluation quiet = *evaluation;
	int code = verdict_init(verdict, evaluation->err);
	quiet.verdict = verdict;
	return code == 0 ? signatures_check(&quiet, commit) : code;
}

static int check_source(struct evaluation *evaluation, const struct commit_fact *commit,
			const struct commit_fact *source, bool *verified)
{
	const struct place place = { .commit = &commit->id };
	struct verdict verdict = { .result = VERDICT_UNKNOWN };
	int code = 0;
	*verified = false;
	if (source->code != 0)
		return evaluation_find(evaluation, ERROR_RULE_FORGE_SOURCE, &place,
				       MEND_LOCALLY,
				       "made by the forge of %s (%s), which is "
				       "malformed: %s",
				       oid_short(&source->id),
				       commit->forge_made->source, source->reason);
	code = ask_quietly(evaluation, source, &verdict);
	*verified = code == 0 && verdict.errors + verdict.warnings == 0;
	if (code == 0 && !*verified)
		code = evaluation_find(
			evaluation, ERROR_RULE_FORGE_SOURCE, &place,
			"let every commit of the merge request be signed before it "
			"is merged",
			"made by the forge of %s (%s), which is not verified: %s",
			oid_short(&source->id), commit->forge_made->source,
			verdict.count != 0 ? verdict.findings[0].message : "");
	verdict_release(&verdict);
	return code;
}

int forge_made_check(struct evaluation *evaluation, const struct commit_fact *commit)
{
	const struct forge_made_fact *made = commit->forge_made;
	bool verified = true;
	int code = 0;
	if (commit->tag != NULL)
		return find(evaluation, commit, ERROR_RULE_FORGE_TAG,
			    "a tag can only be signed by a person");
	if (made == NULL)
		return find(evaluation, commit, ERROR_RULE_FORGE_UNCHECKED, NOT_MADE);
	if (!made->same)
		return find(evaluation, commit,
			    made->code != 0 ? made->code : ERROR_RULE_FORGE_UNCHECKED,
			    made->reason != NULL ? made->reason : NOT_MADE);
	for (size_t i = 0; code == 0 && verified && i < made->source_count; i++)
		code = check_source(evaluation, commit, &made->sources[i], &verified);
	return code;
}
