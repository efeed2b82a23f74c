/* job/signature_queue.c - batches of signatures, a list of those that wait, and the
 * threads that take from it. */
#include "job/signature_queue.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "job/judge.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/object.h"
#include "trust/signature.h"

#define BATCH                                                                          \
	RECALLED_MAX /* signatures: 3 ms of work, a hundred times what a thread costs  \
		      */
#define THREADS_MAX  8 /* more than a judge should take of a machine */
#define STACK_BYTES  ((size_t)512 << 10) /* verifying takes under 64 KiB */
#define BATCH_BYTES  ((size_t)1 << 20)   /* of texts: then a batch is full, too */
#define QUEUE_BYTES  ((size_t)32 << 20)  /* of texts that wait: then the caller helps */
#define INPUT_BYTES  ((size_t)8 << 20)   /* over git.commit_bytes and sig.bytes */
#define ANSWER_BYTES ((size_t)64 << 20)

#define UNCLAIMED SIZE_MAX

struct task {
	size_t index; /* of facts->commits; UNCLAIMED: of none */
	struct oid id;
	struct trust_span payload[3];
	size_t payload_count;
	const char *armor;
	size_t armor_length;
	const struct digest *context;
	bool known; /* it was remembered */
	struct signature_fact fact;
};

struct batch {
	struct batch *next;         /* in the order of adding */
	struct batch *next_waiting; /* in the list of those that wait */
	struct task tasks[BATCH];
	size_t count;
	struct arena *input;  /* texts; freed when they were verified */
	struct arena *answer; /* what the facts point to */
	size_t bytes;
	struct error err;
	int rc;
};

struct signature_queue {
	const struct collector *collector;
	struct signature_keys keys;
	struct batch *first;
	struct batch *last; /* is being filled, until another one follows */
	struct map tasks;   /* by id */
	/* From here under the lock, once there are threads. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct batch *waiting;
	struct batch **waiting_end;
	size_t waiting_bytes;
	bool closed;
	pthread_t threads[THREADS_MAX];
	size_t thread_count;
	bool started;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory while verifying signatures");
}

/* --- batches --- */

static void batch_free(struct batch *batch)
{
	arena_free(batch->input);
	arena_free(batch->answer);
	free(batch);
}

static struct batch *batch_new(struct signature_queue *queue)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	batch->input = arena_new(INPUT_BYTES);
	batch->answer = arena_new(ANSWER_BYTES);
	if (!batch->input || !batch->answer) {
		batch_free(batch);
		return NULL;
	}
	if (queue->last)
		queue->last->next = batch;
	else
		queue->first = batch;
	queue->last = batch;
	return batch;
}

/* By whichever thread: nothing but the batch is written to. */
static void batch_verify(const struct signature_queue *queue, struct batch *batch)
{
	for (size_t i = 0; batch->rc == 0 && i < batch->count; i++) {
		struct task *task = &batch->tasks[i];
		if (!task->known)
			batch->rc = signature_verify_with(
				&task->fact, batch->answer, &queue->keys, task->payload,
				task->payload_count, task->armor, task->armor_length,
				&batch->err);
	}
	arena_free(batch->input);
	batch->input = NULL;
}

/* --- threads --- */

/* Under the lock. */
static struct batch *take(struct signature_queue *queue)
{
	struct batch *batch = queue->waiting;
	if (!batch)
		return NULL;
	queue->waiting = batch->next_waiting;
	if (!queue->waiting)
		queue->waiting_end = &queue->waiting;
	queue->waiting_bytes -= batch->bytes;
	return batch;
}

static void *work(void *data)
{
	struct signature_queue *queue = data;

	pthread_mutex_lock(&queue->lock);
	for (;;) {
		struct batch *batch = take(queue);
		if (!batch && queue->closed)
			break;
		if (!batch) {
			pthread_cond_wait(&queue->changed, &queue->lock);
			continue;
		}
		pthread_mutex_unlock(&queue->lock);
		batch_verify(queue, batch);
		pthread_mutex_lock(&queue->lock);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/* How many the process may run at one time, beside the caller. */
static size_t threads_wanted(void)
{
	cpu_set_t processors;

	if (sched_getaffinity(0, sizeof(processors), &processors) != 0)
		return 0;
	size_t count = (size_t)CPU_COUNT(&processors);
	return count > THREADS_MAX ? THREADS_MAX - 1 : count - 1;
}

/* Signals are the first thread's business: deadlines and orders to end. */
static void start_threads(struct signature_queue *queue)
{
	size_t wanted = threads_wanted();
	pthread_attr_t attributes;
	sigset_t all, before;

	queue->started = true;
	if (wanted == 0 || pthread_attr_init(&attributes) != 0)
		return;
	sigfillset(&all);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (queue->thread_count < wanted &&
	       pthread_create(&queue->threads[queue->thread_count], &attributes, work,
			      queue) == 0)
		queue->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

static void end_threads(struct signature_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	for (size_t i = 0; i < queue->thread_count; i++)
		pthread_join(queue->threads[i], NULL);
	queue->thread_count = 0;
}

static void put_waiting(struct signature_queue *queue, struct batch *batch)
{
	*queue->waiting_end = batch;
	queue->waiting_end = &batch->next_waiting;
	queue->waiting_bytes += batch->bytes;
	pthread_cond_signal(&queue->changed);
}

/* Verifies what waits until at most so many bytes of it are left. */
static void help(struct signature_queue *queue, size_t bytes)
{
	struct batch *batch = NULL;

	do {
		pthread_mutex_lock(&queue->lock);
		batch = queue->waiting_bytes > bytes || bytes == 0 ? take(queue) : NULL;
		pthread_mutex_unlock(&queue->lock);
		if (batch)
			batch_verify(queue, batch);
	} while (batch);
}

/* --- what is remembered --- */

static void recall(const struct signature_queue *queue, struct batch *batch)
{
	struct recalled items[BATCH];

	for (size_t i = 0; i < batch->count; i++) {
		struct task *task = &batch->tasks[i];
		task->context = signature_context(queue->collector, task->armor,
						  task->armor_length);
		items[i] = (struct recalled){ &task->id, task->context, &task->fact,
					      false };
	}
	recall_signatures(queue->collector, items, batch->count);
	for (size_t i = 0; i < batch->count; i++)
		batch->tasks[i].known = items[i].known;
}

/* --- the caller's side --- */

int signature_queue_new(struct signature_queue **out, const struct collector *collector,
			struct error *err)
{
	struct signature_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return no_memory(err);
	queue->collector = collector;
	queue->keys.openpgp = collector->policy->openpgp;
	queue->tasks = (struct map)MAP_INIT;
	queue->waiting_end = &queue->waiting;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	*out = queue;
	return 0;
}

void signature_queue_free(struct signature_queue *queue)
{
	if (!queue)
		return;
	pthread_mutex_lock(&queue->lock);
	queue->waiting = NULL;
	pthread_mutex_unlock(&queue->lock);
	end_threads(queue);
	for (struct batch *batch = queue->first; batch;) {
		struct batch *next = batch->next;
		batch_free(batch);
		batch = next;
	}
	map_release(&queue->tasks);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

/* To the threads, or verified at once when there are none. */
static void hand_over(struct signature_queue *queue, struct batch *batch)
{
	recall(queue, batch);
	batch->bytes = arena_used(batch->input);
	if (queue->thread_count == 0) {
		batch_verify(queue, batch);
		return;
	}
	pthread_mutex_lock(&queue->lock);
	put_waiting(queue, batch);
	pthread_mutex_unlock(&queue->lock);
	help(queue, QUEUE_BYTES);
}

static int fill(struct task *task, struct arena *input, const struct commit_text *text)
{
	task->armor = signature_unfold(input, text->signature, &task->armor_length);
	task->payload_count = text->payload_count;
	for (size_t i = 0; i < text->payload_count; i++) {
		struct span span = text->payload[i];
		const char *copy = arena_copy(input, span.bytes, span.length);
		if (!copy)
			return ERROR_MEMORY;
		task->payload[i] = (struct trust_span){ copy, span.length };
	}
	return task->armor ? 0 : ERROR_MEMORY;
}

int signature_queue_add(struct signature_queue *queue, const struct oid *id,
			const struct commit_text *text, struct error *err)
{
	struct batch *batch = queue->last;

	if (batch &&
	    (batch->count == BATCH || arena_used(batch->input) > BATCH_BYTES)) {
		if (!queue->started)
			start_threads(queue);
		hand_over(queue, batch);
		batch = NULL;
	}
	if (!batch)
		batch = batch_new(queue);
	if (!batch)
		return no_memory(err);
	struct task *task = &batch->tasks[batch->count];
	*task = (struct task){ .index = UNCLAIMED, .id = *id };
	if (fill(task, batch->input, text) != 0 ||
	    map_put(&queue->tasks, (const char *)task->id.bytes, task->id.length,
		    task) != 0)
		return no_memory(err);
	batch->count++;
	return 0;
}

static struct task *find(const struct signature_queue *queue, const struct oid *id)
{
	return map_get(&queue->tasks, (const char *)id->bytes, id->length);
}

int signature_queue_claim(struct signature_queue *queue, size_t index,
			  const struct oid *id, const struct commit_text *text,
			  struct error *err)
{
	int rc = find(queue, id) ? 0 : signature_queue_add(queue, id, text, err);

	if (rc == 0)
		find(queue, id)->index = index;
	return rc;
}

static int take_answers(struct signature_queue *queue, struct batch *batch,
			struct error *err)
{
	const struct collector *collector = queue->collector;

	if (batch->rc != 0)
		return error_set(err, batch->rc, "%s", batch->err.text);
	for (size_t i = 0; i < batch->count; i++) {
		const struct task *task = &batch->tasks[i];
		if (task->index == UNCLAIMED)
			continue;
		struct signature_fact *fact =
			&collector->facts->commits[task->index].signature;
		*fact = task->fact;
		int rc = trace_signature(collector, fact, err);
		if (rc != 0)
			return rc;
	}
	arena_join(collector->arena, batch->answer);
	batch->answer = NULL;
	return 0;
}

int signature_queue_finish(struct signature_queue *queue, struct error *err)
{
	const struct collector *collector = queue->collector;
	int rc = 0;

	if (queue->last)
		hand_over(queue, queue->last);
	help(queue, 0);
	end_threads(queue);
	for (struct batch *batch = queue->first; rc == 0 && batch; batch = batch->next)
		rc = take_answers(queue, batch, err);
	for (struct batch *batch = queue->first; rc == 0 && batch; batch = batch->next)
		for (size_t i = 0; i < batch->count; i++) {
			const struct task *task = &batch->tasks[i];
			if (!task->known)
				remember_signature(collector, &task->id, task->context,
						   &task->fact);
		}
	return rc;
}
