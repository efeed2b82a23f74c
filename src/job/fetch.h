/* job/fetch.h - the body of the fetch job: one remote into its bare mirror, by git. */
#ifndef JOB_FETCH_H
#define JOB_FETCH_H

struct channel;

int job_fetch(struct channel *channel);

#endif
