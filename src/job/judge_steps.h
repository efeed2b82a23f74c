/* job/judge_steps.h - the commits that a branch's tip went over, one merge at a time.
 */
#ifndef JOB_JUDGE_STEPS_H
#define JOB_JUDGE_STEPS_H

#include <stdbool.h>

#include "model/messages.h"

struct arena;
struct error;
struct repo;
struct verdict;

/* The commits from `from` (left out) to `to` along first parents, oldest first; none
 * when there is only one, when they are more than 64, or when `from` is not among them.
 */
int steps_between(struct repo *repo, const struct oid *from, const struct oid *to,
		  struct arena *arena, struct msg_oids *out, struct error *err);

/* Whether it failed for a reason that judging step by step may do away with: what was
 * pushed is not what the reviews are about. */
bool verdict_is_of_several(const struct verdict *verdict);

#endif
