/* policy/signatures.h - what the files of the rules of kind signatures share.
 *
 * Inside policy/ only. */
#ifndef POLICY_SIGNATURES_H
#define POLICY_SIGNATURES_H

struct commit_fact;
struct evaluation;

/* Adds a finding when the signature of a commit or tag does not count by the rule. 0 or
 * ERROR_MEMORY. */
int signatures_check(struct evaluation *evaluation, const struct commit_fact *commit);

/* The same for one whose key is the forge's: it counts when it is exactly what git
 * makes of commits that count themselves (policy/forge_made.c). */
int forge_made_check(struct evaluation *evaluation, const struct commit_fact *commit);

#endif
