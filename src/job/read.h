/* job/read.h - the body of the profile "read": stored webhooks become hints.
 *
 * Receives `read` and that many `read_item`, answers each with its hint_rows and a
 * read_done. One that cannot be read never spoils the others: its read_done says why.
 * No files, no network: everything comes and goes over the channel. */
#ifndef JOB_READ_H
#define JOB_READ_H

struct channel;

/* 0: every item was answered. */
int job_read(struct channel *channel);

#endif
