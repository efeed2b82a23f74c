/* job/grant.h - uses a grant: a tool that control lets this job have run by the runner,
 * once. */
#ifndef JOB_GRANT_H
#define JOB_GRANT_H

#include <stdint.h>

struct arena;
struct error;
struct msg_ran;
struct msg_run;

/* Starts the tool with the environment of `run` beside its own, and waits for its end,
 * at most `timeout` and a little longer. Takes the descriptor. 0 with how it
 * ended, in the arena; ERROR_CHILD: it was not begun; ERROR_CLOSED: nobody knows its
 * end. */
int grant_run(int fd, const struct msg_run *run, int64_t timeout, struct arena *arena,
	      const struct msg_ran **out, struct error *err);

#endif
