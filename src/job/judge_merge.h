/* job/judge_merge.h - what a judge learns of the merge request by which a change comes.
 * Inside job/ only.
 *
 * The merge is git's own (ort): the runner makes it, with objects in a directory of its
 * own, which is read beside the repository's while the judge works and removed at the
 * end whatever happens. */
#ifndef JOB_JUDGE_MERGE_H
#define JOB_JUDGE_MERGE_H

#include <stdbool.h>

#include "job/judge.h"
#include "job/recompute_granted.h"

struct arena;
struct channel;
struct error;
struct merge_request_fact;
struct msg_judge;
struct repo;

struct merger {
	const struct msg_judge *request;
	struct repo *repo;
	struct arena *arena;
	int grant;          /* of the runner; -1: none, or used */
	bool has_directory; /* for the merge's objects */
	struct review_fact *reviews;
	struct judge_merge merge;
	struct recompute_granted made; /* by the forge */
};

/* Takes the reviews that come behind the request. */
int merger_receive(struct merger *merger, struct channel *channel, struct error *err);
/* Whether the request is about a merge request that is still open, not about a push. */
bool merger_is_request(const struct merger *merger);
/* Merges. What conflicts is no error: see merger->merge. ERROR_CHILD with what git
 * said.
 */
int merger_run(struct merger *merger, struct error *err);
/* judge.reviews; `data` is the merger. Of a push: merges, and compares. */
int merger_describe(void *data, struct merge_request_fact *out, struct error *err);
void merger_close(struct merger *merger);

#endif
