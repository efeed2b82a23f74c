/* policy/evaluate.h - facts and policy in, verdict out: pure, no I/O, no clock.
 *
 * Every rule that applies is evaluated; a rule whose facts were not collected refuses
 * (an error, whatever the rule's severity). A ref that no rule speaks about passes only
 * when the policy holds a rule at all: a policy without any rule guards nothing and
 * fails. A deletion brings nothing in: rules of kind refs alone judge it. An unknown
 * severity counts as error.
 *
 * Whatever the rules say, the gate itself refuses malformed commits, unsafe paths and
 * ref names, and a clock that cannot be right; these findings have the rule "gitgate".
 * What a waiver covers is found all the same, marked, and not counted; a waiver that
 * does not count is a warning. */
#ifndef POLICY_EVALUATE_H
#define POLICY_EVALUATE_H

#include <stdint.h>

struct error;
struct facts;
struct policy;
struct verdict;

/* Signatures are judged at facts->change->received_at and at the time that the
 * committer claims. `now` before the date this program was built is refused, and so is
 * a time of receipt that lies more than a day after `now`. Initializes and concludes
 * `verdict`; after a failure it is unknown and empty (verdict_release() by the caller
 * is legal then too). ERROR_MEMORY; ERROR_INTERNAL without a change. */
int policy_evaluate(const struct policy *policy, const struct facts *facts, int64_t now,
		    struct verdict *verdict, struct error *err);

/* For a push to refs/waivers/: by the rule for waivers alone (policy/waivers.h), none
 * of the policy's; facts->waivers holds the new one and, when it replaces one, that. */
int policy_evaluate_waiver(const struct policy *policy, const struct facts *facts,
			   int64_t now, struct verdict *verdict, struct error *err);

/* For files outside of any commit (`gitgate check --files`; facts->change is NULL):
 * only kinds of rules that need no more than files and documents are evaluated, of
 * every rule whatever its refs. The caller names the others; a pass here lets nothing
 * in. */
int policy_evaluate_files(const struct policy *policy, const struct facts *facts,
			  int64_t now, struct verdict *verdict, struct error *err);

#endif
