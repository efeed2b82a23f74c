/* job/report.h - the body of the profile "report": everything that is told to a forge
 * or asked of it.
 *
 * Receives forge_session, then report_items, each followed by its finding_rows, and
 * lookup_items, in any order, and done. Does them in that order and answers each,
 * whatever came of it: `reported`; or merge_request_rows, each followed by its
 * review_rows, and looked_up, which has no rows before it when it failed. Then
 * forge_budget and done. When the forge says that it is too much, or cannot be reached,
 * the rest is not tried: each is answered with that reason. */
#ifndef JOB_REPORT_H
#define JOB_REPORT_H

struct channel;

/* 0, or 1 when what was received makes no sense or the channel is gone. */
int job_report(struct channel *channel);

#endif
