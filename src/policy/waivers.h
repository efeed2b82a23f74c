/* policy/waivers.h - which waivers count, and what they cover.
 *
 * A waiver counts when it is of its form, for this repository and a rule that the
 * policy has, has not ended, and is signed by somebody whom the server lets waive that
 * rule: now, and at the time that it claims. When it came is not asked: a right that
 * was lost since is lost. The gate's own findings and rules about refs are never
 * waived. Inside policy/ only. */
#ifndef POLICY_WAIVERS_H
#define POLICY_WAIVERS_H

#include <stdbool.h>
#include <stdint.h>

struct evaluation;
struct finding_waiver;
struct oid;
struct principal;
struct waiver_fact;

struct admitted_waiver {
	const struct waiver_fact *fact;
	const struct principal *by;
};

/* Sets the gate's list of waivers that count. 0 or ERROR_MEMORY. */
int waivers_admit(struct evaluation *gate, int64_t now);
/* A warning for each other one says why it does not; behind what the rules found. */
int waivers_tell(struct evaluation *gate, int64_t now);

/* Whether what the evaluated rule finds about a commit (length 0: about the change as a
 * whole) is waived. `out` borrows. */
bool waivers_cover(const struct evaluation *evaluation, const struct oid *commit,
		   struct finding_waiver *out);

/* Findings of the gate about a push to refs/waivers/: facts->waivers[0] is to stand
 * there, facts->waivers[1], if there is one, stands there. */
int waivers_check_push(struct evaluation *gate, int64_t now);

#endif
