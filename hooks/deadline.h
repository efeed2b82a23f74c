/* hooks/deadline.h - the whole hook ends in time, whatever it is busy with. */
#ifndef HOOKS_DEADLINE_H
#define HOOKS_DEADLINE_H

#include <stdint.h>

struct error;

#define DEADLINE_SECONDS 60

/* From now on the process ends after this many seconds, with a message and status 1:
 * the push is refused. Replaces an earlier deadline. Signals that could keep it from
 * doing so are set as at the start of a process. */
int deadline_set(uint64_t seconds, struct error *err);
/* For a hook that we become: our deadline is not its. */
void deadline_clear(void);

#endif
