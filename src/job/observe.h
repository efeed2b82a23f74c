/* job/observe.h - the body of the profile "observe": notices edits by others at once.
 *
 * Receives `observe`: names of targets and, in the same order, their roots; a new one
 * replaces the list. Sends `observed` when something beneath a root, beneath releases/
 * or beneath the live release was touched, at most once a second a target, the last
 * edit never without a message after it. It is a hint to compare, not a finding: our
 * own deployments cause it too. What cannot be watched is left to the comparison at an
 * interval, which control does anyway. */
#ifndef JOB_OBSERVE_H
#define JOB_OBSERVE_H

struct channel;

/* Returns when the channel closes. 0: that was all. */
int job_observe(struct channel *channel);

#endif
