/* control/judge.h - the parts of a judge job: its request, and what its answer means.
 *
 * Not for other folders; only for the files judge_*.c, work_judge.c, work_emit.c and
 * work_catch_up.c. */
#ifndef CONTROL_JUDGE_H
#define CONTROL_JUDGE_H

#include "base/clock.h"
#include "control/state.h"

#define REVIEWS_PATIENCE (300 * CLOCK_SECOND) /* then a judge asks for them again */

/* --- judge_trust.c --- */
/* The same request for the first judgement of a change and for the one right before it
 * is deployed: `base` is what was accepted on the ref before. */
int judgement_fill(struct control *control, struct job *job,
		   const struct conf_repository_entry *entry,
		   const struct msg_change_row *change, const struct oid *base,
		   struct msg_judge *request);

/* Fills what a judge may take for judged; of a request whose ref is "" for no ref of
 * its own. */
int judgement_trusted(struct control *control, struct job *job,
		      const struct conf_repository_entry *entry, const char *head,
		      struct msg_judge *request);

/* The ref whose rules count: that of the change, or the base of its merge request. */
const char *change_target_ref(const struct msg_change_row *change);

/* --- judge_reviews.c --- */
/* The merge request by which the change comes, its reviews, and the runner's step that
 * merges it into request->old_id, as far as they are known. */
int judgement_reviews(struct control *control, struct job *job,
		      const struct conf_repository_entry *entry,
		      const struct msg_change_row *change, struct msg_judge *request);
/* Whether the judge could not decide for want of reviews that can be had: they are
 * asked for then, and the work waits. */
bool judgement_needs_reviews(struct control *control, const struct job *job,
			     const struct msg_judged *judged);

/* A list of texts for a message; its items are not copied. */
struct msg_strings judgement_list(struct arena *arena, const char *const *list,
				  size_t count);

/* --- judge_merges.c --- */
/* A step of the runner in which git makes again what the forge made, where a judge of
 * this repository had need of it. */
int judgement_merges(struct control *control, struct job *job,
		     const struct conf_repository_entry *entry,
		     struct msg_judge *request);
/* Whether the judge could not decide for want of it: the next one gets it. */
bool judgement_needs_merges(struct control *control, const struct job *job,
			    const struct msg_judged *judged);

/* --- judge_watch.c --- */
/* So that the judge can tell whom the change concerns. */
int judgement_watch(struct control *control, const struct job *job,
		    struct msg_judge *request);
/* The same for one target, which has `since` (null: nothing). */
int judgement_watch_target(struct control *control, const struct job *job,
			   const struct conf_target_entry *target,
			   const struct oid *since, struct msg_judge *request);
/* Whether an entry of the list is not a target but, behind its target, a commit that
 * was rolled back there. */
bool watch_is_quarantine(const char *label);

/* Where merges of this repository are made: a directory in its mirror. */
const char *judgement_scratch(struct arena *arena,
			      const struct conf_repository_entry *entry);

/* --- work_judge.c --- */
/* With the floor policy as its first descriptor. NULL: no memory or descriptor. */
struct job *judgement_new(struct control *control, const struct job_kind *kind,
			  struct msg_judge **request);
/* Sends a request that is filled: with the mirror's path. */
void judgement_start(struct control *control, struct job *job,
		     const struct conf_repository_entry *entry,
		     struct msg_judge *request);

/* --- judge_outcome.c --- */
/* Moves the change to a state; after `delay`, 0: at once, it is due. */
void change_move(struct control *control, uint64_t id, const char *state,
		 const char *reason, uint64_t attempts, int64_t delay);
/* Writes the verdict and what follows from it. */
void verdict_take(struct control *control, struct job *job,
		  const struct msg_judged *judged);
/* A job that could not say yes or no: again later, in the end unknown. */
void judgement_failed(struct control *control, const struct msg_change_row *change,
		      const char *reason, bool crashed);

/* Why and for whom something is deployed. */
struct occasion {
	enum deployment_cause cause;
	const char *actor;
	const char *reason;
	int64_t hinted_at;
};
/* Queues what the judge found changed, but for what was rolled back. Only targets that
 * were asked about: a judge has no say in what others deploy. */
int targets_queue(struct control *control, const struct job *job,
		  const struct msg_change_row *change, const struct msg_judged *judged,
		  const struct occasion *occasion, struct error *err);

/* --- work_emit.c --- */
/* Goes on with the manifests (takes fds[0] when it does), or ends the deployment. */
void emit_take(struct control *control, struct job *job,
	       const struct msg_judged *judged, int *fds);
void emit_failed(struct control *control, struct job *job, const char *reason,
		 bool crashed);

#endif
