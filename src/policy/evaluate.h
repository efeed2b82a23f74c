/* policy/evaluate.h - facts and policy in, verdict out: pure, no I/O, no clock.
 *
 * Every rule that applies is evaluated; a rule whose facts were not collected refuses.
 * Without any rule that applies and without `allow_empty` the verdict fails with a
 * finding that says so (a gate without rules guards nothing). */
#ifndef POLICY_EVALUATE_H
#define POLICY_EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct facts;
struct policy;
struct verdict;

/* Signatures are judged at facts->change->received_at and at the time that the
 * committer claims. `now` before the date this program was built is refused.
 * Initializes and concludes `verdict` (verdict_release() by the caller, also after a
 * failure). */
int policy_evaluate(const struct policy *policy, const struct facts *facts, int64_t now,
		    struct verdict *verdict, struct error *err);

#endif
