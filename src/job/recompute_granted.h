/* job/recompute_granted.h - job/recompute.h in a job that may start nothing: git is run
 * by the runner, once. */
#ifndef JOB_RECOMPUTE_GRANTED_H
#define JOB_RECOMPUTE_GRANTED_H

#include "job/recompute.h"

struct arena;

struct recompute_granted {
	struct repo *repo;
	struct arena *arena;
	const char *directory; /* as the grant names it; NULL: there is none */
	int grant;             /* -1: none, or used */
};

/* judge.recompute; `data` is a struct recompute_granted. */
int recompute_granted(void *data, struct recompute_step *steps, size_t count,
		      struct error *err);
/* Closes the grant, and removes what git made. */
void recompute_granted_close(struct recompute_granted *granted);

#endif
