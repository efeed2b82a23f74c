/* job/signature_queue.h - the signatures of the commits of a range, verified by as many
 * threads as there are processors.
 *
 * One thread, the caller's, reads objects, asks what is remembered and takes the
 * answers; others only verify, and only when there is more than one batch: a push of a
 * few commits starts none. Answers do not depend on which thread gave them, nor does
 * their order. Where threads cannot be had the caller does it all. */
#ifndef JOB_SIGNATURE_QUEUE_H
#define JOB_SIGNATURE_QUEUE_H

#include <stddef.h>

struct collector;
struct commit_text;
struct error;
struct oid;
struct signature_queue;

/* The collector must outlive the queue. */
int signature_queue_new(struct signature_queue **out, const struct collector *collector,
			struct error *err);
/* Ends the threads. */
void signature_queue_free(struct signature_queue *queue);

/* Queues the signature of a commit; the text is copied. */
int signature_queue_add(struct signature_queue *queue, const struct oid *id,
			const struct commit_text *text, struct error *err);
/* The answer about that commit is for facts->commits[index]: queues it if that was not
 * done. */
int signature_queue_claim(struct signature_queue *queue, size_t index,
			  const struct oid *id, const struct commit_text *text,
			  struct error *err);

/* Waits for all, fills in the signatures of facts->commits, and remembers those that
 * are good. The first error in the order of adding counts. */
int signature_queue_finish(struct signature_queue *queue, struct error *err);

#endif
