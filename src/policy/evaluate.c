/* policy/evaluate.c - asks every rule that applies, and adds what the gate itself
 * refuses. */
#include "policy/evaluate.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/change.h"
#include "model/facts.h"
#include "model/finding.h"
#include "policy/evaluation.h"
#include "policy/waivers.h"

/* How far clocks may step back between receipt and evaluation. */
#define CLOCK_SLACK (24 * 3600 * CLOCK_SECOND)

#define FACTS_OF_FILES (FACTS_FILES | FACTS_DOCUMENTS)

typedef int (*evaluator)(struct evaluation *evaluation);

static const evaluator evaluators[RULE_KIND_COUNT] = {
#define RULE_BEGIN(kind, facts, help) [RULE_KIND_##kind] = rule_##kind##_evaluate,
#define RULE_OPTION(kind, type, field, key, value, help)
#define RULE_END(kind)
#include "model/rules.def"
#undef RULE_BEGIN
#undef RULE_OPTION
#undef RULE_END
};

static bool rule_has(const struct rule *rule, int kind)
{
	const void *block;
	memcpy(&block, (const char *)rule + rule_kind_rows[kind].offset, sizeof(block));
	return block != NULL;
}

static bool rule_is_empty(const struct rule *rule)
{
	for (int kind = 0; kind < RULE_KIND_COUNT; kind++)
		if (rule_has(rule, kind))
			return false;
	return true;
}

/* --- the gate's own findings --- */

static int check_rules(struct evaluation *gate)
{
	for (size_t i = 0; i < gate->policy->rule_count; i++)
		if (!rule_is_empty(&gate->policy->rules[i]))
			return 0;
	return evaluation_find(gate, ERROR_RULE_NONE, NULL,
			       "add at least one rule under 'rules:' in the server's "
			       "gitgate.yaml or in .gitgate.yaml on the protected side",
			       "the policy holds no rules, so it guards nothing");
}

static int check_clock(struct evaluation *gate, int64_t now)
{
	static const char mend[] = "set the clock of the machine that judges "
				   "(timedatectl), then push "
				   "again";
	const struct change *change = gate->facts->change;
	char now_text[CLOCK_TEXT_BYTES];
	char received_text[CLOCK_TEXT_BYTES];
	char built_text[CLOCK_TEXT_BYTES];
	clock_format(now, 0, now_text);
	clock_format(clock_built(), 0, built_text);
	if (now < clock_built())
		return evaluation_find(gate, ERROR_RULE_CLOCK, NULL, mend,
				       "the clock says %s, which is before this "
				       "program was built (%s)",
				       now_text, built_text);
	if (change == NULL)
		return 0;
	clock_format(change->received_at, 0, received_text);
	if (change->received_at <= 0 || change->received_at > now + CLOCK_SLACK)
		return evaluation_find(gate, ERROR_RULE_CLOCK, NULL, mend,
				       "the change was received at %s, but it is %s",
				       received_text, now_text);
	return 0;
}

static int check_change(struct evaluation *gate)
{
	const struct change *change = gate->facts->change;
	struct error problem = ERROR_INIT;
	if (change_kind(change) == CHANGE_UNKNOWN)
		return evaluation_find(gate, ERROR_RULE_FACTS_MISSING, NULL, NULL,
				       "the change has neither an old nor a new id");
	if (ref_check(change->ref, &problem) != 0)
		return evaluation_find(gate, ERROR_UNSAFE_PATH, NULL,
				       "choose another name: git branch -m NAME", "%s",
				       problem.text);
	return 0;
}

static int check_commits(struct evaluation *gate)
{
	const struct facts *facts = gate->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->commit_count; i++) {
		const struct commit_fact *commit = &facts->commits[i];
		const struct place place = { .commit = &commit->id };
		if (commit->code == 0)
			continue;
		code = evaluation_find(gate, commit->code, &place,
				       "make the commit again with git itself, on top "
				       "of its parent, "
				       "and push that",
				       "the commit is malformed: %s",
				       commit->reason != NULL
					       ? commit->reason
					       : error_meaning(commit->code));
	}
	return code;
}

static int check_paths(struct evaluation *gate)
{
	const struct facts *facts = gate->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->file_count; i++) {
		const struct file_fact *file = &facts->files[i];
		const struct place place = { .commit = &file->commit,
					     .path = file->path };
		if (file->code == 0)
			continue;
		code = evaluation_find(gate, file->code, &place,
				       "rename the file: git mv", "unsafe path: %s",
				       file->reason != NULL
					       ? file->reason
					       : error_meaning(file->code));
	}
	return code;
}

static bool is_evaluated(const struct evaluation *gate, const struct rule *rule)
{
	const struct change *change = gate->facts->change;
	for (size_t i = 0; i < gate->policy->rule_count; i++)
		if (&gate->policy->rules[i] == rule)
			return rule->schema != NULL &&
			       rule_applies(rule,
					    change != NULL ? change->repository : NULL,
					    change != NULL ? change->ref : NULL);
	return false;
}

/* What was found wrong with a document for the sake of a rule that nobody asks must not
 * be lost. */
static int check_documents(struct evaluation *gate)
{
	const struct facts *facts = gate->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->document_count; i++) {
		const struct document_fact *document = &facts->documents[i];
		const struct place place = { .path = document->path,
					     .line = document->line,
					     .column = document->column };
		if (is_evaluated(gate, document->rule))
			continue;
		code = evaluation_find(
			gate, document->code, &place, document->mend, "%s",
			document->message != NULL ? document->message
						  : error_meaning(document->code));
	}
	return code;
}

static int check_gate(struct evaluation *gate, int64_t now)
{
	int code = check_rules(gate);
	if (code == 0)
		code = check_clock(gate, now);
	if (code == 0 && gate->facts->change != NULL)
		code = check_change(gate);
	if (code == 0)
		code = check_commits(gate);
	if (code == 0)
		code = check_paths(gate);
	return code == 0 ? check_documents(gate) : code;
}

/* --- the rules --- */

static int refuse_for_missing_facts(struct evaluation *gate, const struct rule *rule,
				    const char *kind)
{
	return evaluation_find(gate, ERROR_RULE_FACTS_MISSING, NULL, NULL,
			       "rule '%s' (%s) could not be judged here: what it needs "
			       "to "
			       "know was not collected",
			       rule->name, kind);
}

static bool kind_is_asked(const struct facts *facts, int kind)
{
	if (facts->change == NULL)
		return (rule_kind_rows[kind].facts & ~FACTS_OF_FILES) == 0;
	if (change_kind(facts->change) == CHANGE_DELETE)
		return kind == RULE_KIND_refs || kind == RULE_KIND_push;
	return true;
}

static int evaluate_rule(struct evaluation *gate, const struct rule *rule)
{
	const struct facts *facts = gate->facts;
	int code = 0;
	for (int kind = 0; code == 0 && kind < RULE_KIND_COUNT; kind++) {
		const struct rule_kind_row *row = &rule_kind_rows[kind];
		if (!rule_has(rule, kind) || !kind_is_asked(facts, kind))
			continue;
		if ((row->facts & ~facts->kinds) != 0) {
			code = refuse_for_missing_facts(gate, rule, row->name);
			continue;
		}
		struct evaluation evaluation = *gate;
		evaluation.rule = rule;
		evaluation.kind = row->name;
		code = evaluators[kind](&evaluation);
	}
	return code;
}

static int evaluate_rules(struct evaluation *gate)
{
	const struct change *change = gate->facts->change;
	const char *repository = change != NULL ? change->repository : NULL;
	const char *ref = change != NULL ? change->ref : NULL;
	int code = 0;
	for (size_t i = 0; code == 0 && i < gate->policy->rule_count; i++) {
		const struct rule *rule = &gate->policy->rules[i];
		if (rule_applies(rule, repository, ref))
			code = evaluate_rule(gate, rule);
	}
	return code;
}

static int evaluate(const struct policy *policy, const struct facts *facts, int64_t now,
		    struct verdict *verdict, struct error *err)
{
	struct evaluation gate = {
		.policy = policy,
		.facts = facts,
		.verdict = verdict,
		.err = err,
	};
	int code = verdict_init(verdict, err);
	if (code != 0)
		return code;
	verdict->policy = policy->digest;
	code = check_gate(&gate, now);
	if (code == 0)
		code = waivers_admit(&gate, now);
	if (code == 0)
		code = evaluate_rules(&gate);
	if (code == 0)
		code = waivers_tell(&gate, now);
	if (code == 0)
		verdict_conclude(verdict);
	else
		verdict_release(verdict); /* half a verdict is none */
	return code;
}

int policy_evaluate(const struct policy *policy, const struct facts *facts, int64_t now,
		    struct verdict *verdict, struct error *err)
{
	memset(verdict, 0, sizeof(*verdict));
	if (facts->change == NULL || facts->change->ref == NULL)
		return error_set(err, ERROR_INTERNAL, "no change to judge was given");
	return evaluate(policy, facts, now, verdict, err);
}

int policy_evaluate_waiver(const struct policy *policy, const struct facts *facts,
			   int64_t now, struct verdict *verdict, struct error *err)
{
	struct evaluation gate = {
		.policy = policy, .facts = facts, .verdict = verdict, .err = err
	};
	int code = verdict_init(verdict, err);
	if (code != 0)
		return code;
	verdict->policy = policy->digest;
	code = check_clock(&gate, now);
	if (code == 0)
		code = check_change(&gate);
	if (code == 0)
		code = waivers_check_push(&gate, now);
	if (code == 0)
		verdict_conclude(verdict);
	else
		verdict_release(verdict);
	return code;
}

int policy_evaluate_files(const struct policy *policy, const struct facts *facts,
			  int64_t now, struct verdict *verdict, struct error *err)
{
	memset(verdict, 0, sizeof(*verdict));
	if (facts->change != NULL)
		return error_set(err, ERROR_INTERNAL,
				 "a change is not judged by its "
				 "files alone");
	return evaluate(policy, facts, now, verdict, err);
}
