/* policy/evaluation.h - what the evaluators of the kinds of rules share.
 *
 * One evaluator a kind, named by rules.def, called once for each rule that applies and
 * whose facts are there. It looks at facts, adds findings, and decides nothing else:
 * neither what a severity means nor what is waived.
 * Not here: which rules apply, the gate's own findings (policy/evaluate.c). */
#ifndef POLICY_EVALUATION_H
#define POLICY_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "model/policy.h"

struct admitted_waiver;
struct commit_fact;
struct error;
struct facts;
struct pattern;
struct verdict;

struct evaluation {
	const struct policy *policy;
	const struct facts *facts;
	const struct rule *rule; /* the one that is evaluated; NULL: the gate itself */
	const char *kind;        /* of it */
	bool advises; /* what is found refuses nothing, whatever the rule's severity */
	const struct admitted_waiver *waivers; /* that count (policy/waivers.h) */
	size_t waiver_count;
	struct verdict *verdict;
	struct error *err;
};

/* rule_<kind>_evaluate(): 0, or ERROR_MEMORY. */
#define RULE_BEGIN(kind, facts, help)                                                  \
	int rule_##kind##_evaluate(struct evaluation *evaluation);
#define RULE_OPTION(kind, type, field, key, value, help)
#define RULE_END(kind)
#include "model/rules.def"
#undef RULE_BEGIN
#undef RULE_OPTION
#undef RULE_END

/* How much of a text that others wrote a message quotes, so that the reason behind it
 * is not cut off: "'%.*s'". */
#define SHOWN_BYTES 200

/* Where something is wrong; what is not known stays zero. */
struct place {
	const struct oid *commit;
	const char *path;
	uint32_t line;
	uint32_t column;
};

/* Adds a finding of the rule that is evaluated, with its severity; `mend` may be NULL,
 * `place` too. Raw text in the arguments is escaped by verdict_add(). 0 or
 * ERROR_MEMORY. */
int evaluation_find(struct evaluation *evaluation, int code, const struct place *place,
		    const char *mend, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Searches a pattern that may be NULL (then everything matches). Sets *matches; when
 * matching fails it does not, and *problem says why (base/pattern.h). ERROR_MEMORY. */
int evaluation_match(struct evaluation *evaluation, const struct pattern *pattern,
		     const char *text, size_t length, bool *matches,
		     struct error *problem);

/* The command that changes a commit that was pushed: `action` is run after it was made
 * again. For the tip it is the action alone; for others a rebase with the action. */
#define MEND_BYTES 512
void mend_by_command(const struct evaluation *evaluation,
		     const struct commit_fact *commit, const char *purpose,
		     const char *action, char out[MEND_BYTES]);
/* The same where a person has to do something: `git rebase -i` and the word to put. */
void mend_by_hand(const struct evaluation *evaluation, const struct commit_fact *commit,
		  const char *purpose, const char *action, const char *word,
		  char out[MEND_BYTES]);

#endif
