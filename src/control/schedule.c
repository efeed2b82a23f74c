/* control/schedule.c - what is due: polls, fetches, judgements, deployments,
 * comparisons. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "control/state.h"

#define IDLE (60 * CLOCK_SECOND)

int64_t backoff(uint64_t attempts)
{
	int64_t delay = CLOCK_SECOND;

	for (uint64_t i = 1; i < attempts && delay < 300 * CLOCK_SECOND; i++)
		delay *= 4;
	return delay < 300 * CLOCK_SECOND ? delay : 300 * CLOCK_SECOND;
}

/* A tenth of jitter, so that many repositories do not come at once. */
static int64_t jittered(int64_t interval)
{
	return interval - (int64_t)random_below((uint64_t)(interval / 10) + 1);
}

struct watch *watch_find(struct control *control, bool target, const char *name)
{
	struct watch *watches = target ? control->targets : control->repositories;
	size_t count = target ? control->config->target_count
			      : control->config->repository_count;

	for (size_t i = 0; name && i < count; i++)
		if (strcmp(watches[i].name, name) == 0)
			return &watches[i];
	return NULL;
}

static bool same_paths(const struct strings *a, const struct strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* Nobody pushes because a target was written into the configuration. */
static enum catch_up catch_up_of(const struct config *old,
				 const struct conf_target_entry *target)
{
	const struct conf_target_entry *before =
		old ? config_target(old, target->name) : NULL;

	if (before &&
	    (strcmp(before->options.repository, target->options.repository) != 0 ||
	     strcmp(before->options.ref, target->options.ref) != 0 ||
	     !same_paths(&before->options.paths, &target->options.paths)))
		return CATCH_UP_ANEW;
	return CATCH_UP_NEW;
}

/* Everything is looked at once after a start or reload: that repairs what was missed.
 */
void schedule_reset(struct control *control, const struct config *old)
{
	const struct config *config = control->config;
	struct arena *arena = arena_new((size_t)16 << 20);

	if (!arena)
		abort();
	control->repositories =
		arena_array(arena, config->repository_count + 1, sizeof(struct watch));
	control->targets =
		arena_array(arena, config->target_count + 1, sizeof(struct watch));
	struct forge_watch *forges =
		arena_array(arena, config->source_count + 1, sizeof(*forges));
	if (!control->repositories || !control->targets || !forges)
		abort();
	for (size_t i = 0; i < config->repository_count; i++) {
		control->repositories[i].name =
			arena_string(arena, config->repositories[i].name);
		control->repositories[i].list_merge_requests = true;
	}
	for (size_t i = 0; i < config->source_count; i++)
		forges[i].name = arena_string(arena, config->sources[i].name);
	for (size_t i = 0; i < control->forge_count; i++)
		config_secret_wipe(control->forges[i].token);
	control->forges = forges;
	control->rekor = (struct rekor_watch){ 0 }; /* it may be another */
	control->forge_count = config->source_count;
	for (size_t i = 0; i < config->target_count; i++) {
		control->targets[i].name = arena_string(arena, config->targets[i].name);
		control->targets[i].catch_up = catch_up_of(old, &config->targets[i]);
	}
	arena_free(control->watch_arena);
	control->watch_arena = arena;
	control->observer_stale = true;
}

/* A hint ends the waiting after failures. */
void schedule_hint(struct control *control, const char *repository)
{
	struct watch *watch = watch_find(control, false, repository);

	if (watch)
		watch->due = 0;
}

void schedule_again(struct control *control)
{
	for (size_t i = 0; i < control->config->repository_count; i++)
		control->repositories[i].again = true;
}

static bool has_worker(const struct control *control)
{
	return !control->draining && control->part_there[PART_ZYGOTE] &&
	       control->running < control->config->server.workers;
}

static void sooner(int64_t *until, int64_t when)
{
	if (when < *until)
		*until = when;
}

/* A poll is a hint of our own; a hint that no fetch has answered yet starts one. */
static void fetch_due(struct control *control, int64_t now, int64_t *until)
{
	const struct config *config = control->config;

	for (size_t i = 0; i < config->repository_count; i++) {
		const struct conf_repository_entry *entry = &config->repositories[i];
		struct watch *watch = &control->repositories[i];
		struct msg_repository_row row;
		int64_t interval =
			entry->options.poll ? entry->options.poll : config->server.poll;
		if (store_repository_get(control->store, control->round, entry->name,
					 &row, NULL) != 0)
			continue;
		bool wanted = row.wanted > row.fetched;
		if (now < watch->due && (!wanted || row.failures)) {
			sooner(until, watch->due);
			continue;
		}
		if (jobs_any(control, &fetch_kind, entry->name, NULL))
			continue;
		if (!has_worker(control)) {
			continue;
		}
		if (!wanted && control_write(control) == 0) {
			store_repository_hint(control->store, entry->name, clock_now(),
					      NULL);
			if (!watch->for_proofs)
				merge_requests_poll(control, entry->name);
		}
		watch->for_proofs = false;
		store_repository_get(control->store, control->round, entry->name, &row,
				     NULL);
		watch->due =
			now + jittered(row.failures ? backoff(row.failures) : interval);
		fetch_prepare(control, entry, &row);
		sooner(until, watch->due);
	}
}

static size_t judges_of(const struct control *control, const char *repository)
{
	size_t count = 0;

	for (const struct job *job = control->jobs; job; job = job->next)
		count += !job->finished && job->kind == &judge_kind && !job->emits &&
			 strcmp(job->repository, repository) == 0;
	return count;
}

static bool change_is_judged(const struct control *control, uint64_t change)
{
	for (const struct job *job = control->jobs; job; job = job->next)
		if (!job->finished && job->kind == &judge_kind && !job->emits &&
		    job->change == change)
			return true;
	return false;
}

/* The oldest of the repository that has the fewest judges now: many changes of one do
 * not hold up the others. */
static struct msg_change_row *fairest(const struct control *control,
				      struct msg_change_row *rows, size_t count)
{
	struct msg_change_row *best = NULL;
	size_t fewest = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].id == 0 || change_is_judged(control, rows[i].id))
			continue;
		size_t judges = judges_of(control, rows[i].repository);
		if (!best || judges < fewest) {
			best = &rows[i];
			fewest = judges;
		}
	}
	return best;
}

static void judge_due(struct control *control, int64_t *until)
{
	struct msg_change_row *rows;
	size_t count;
	int64_t now = clock_now(), later;

	if (!has_worker(control))
		return;
	/* As many as could be judged at one time, so that one more is among them. */
	if (store_change_next(control->store, control->round, now,
			      control->config->server.workers + 1, &rows, &count,
			      &later, NULL) != 0)
		return;
	metric_set(METRIC_QUEUE_LENGTH, (int64_t)count);
	while (has_worker(control)) {
		struct msg_change_row *row = fairest(control, rows, count);
		if (!row)
			break;
		judge_prepare(control, row);
		row->id = 0; /* had its turn */
	}
	if (later)
		sooner(until, clock_monotonic() + later - now);
}

static const struct msg_deployment_row *queued_for(
	const struct msg_deployment_row *rows, size_t count, const char *target)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].target, target) == 0 &&
		    strcmp(rows[i].state, deployment_state_name(DEPLOYMENT_QUEUED)) ==
			    0)
			return &rows[i];
	return NULL;
}

static void deploy_due(struct control *control, int64_t *until)
{
	const struct config *config = control->config;
	struct msg_deployment_row *rows;
	size_t count;
	int64_t now = clock_now();

	if (store_deployment_open(control->store, control->round, NULL, &rows, &count,
				  NULL) != 0)
		return;
	for (size_t i = 0; i < config->target_count && has_worker(control); i++) {
		const char *name = config->targets[i].name;
		const struct msg_deployment_row *row = queued_for(rows, count, name);
		struct msg_target_row target;
		if (!row || jobs_any(control, NULL, NULL, name) ||
		    store_target_get(control->store, control->round, name, &target,
				     NULL) != 0 ||
		    target.suspended || (target.held && *target.held))
			continue;
		if (row->due_at > now)
			sooner(until, clock_monotonic() + row->due_at - now);
		else
			emit_prepare(control, &config->targets[i], row);
	}
}

static void catch_up_due(struct control *control)
{
	const struct config *config = control->config;

	for (size_t i = 0; i < config->target_count && has_worker(control); i++) {
		struct watch *watch = &control->targets[i];
		enum catch_up why = watch->catch_up;
		if (why == CATCH_UP_NONE || jobs_any(control, NULL, NULL, watch->name))
			continue;
		watch->catch_up = CATCH_UP_NONE;
		catch_up_prepare(control, &config->targets[i], why);
	}
}

static void compare_due(struct control *control, int64_t now, int64_t *until)
{
	const struct config *config = control->config;

	for (size_t i = 0; i < config->target_count; i++) {
		const struct conf_target_entry *entry = &config->targets[i];
		struct watch *watch = &control->targets[i];
		struct msg_target_row row;
		if (entry->drift_mode == DRIFT_OFF)
			continue;
		if (!watch->hinted && now < watch->due) {
			sooner(until, watch->due);
			continue;
		}
		if (!has_worker(control) ||
		    jobs_any(control, NULL, NULL, entry->name) ||
		    store_target_get(control->store, control->round, entry->name, &row,
				     NULL) != 0)
			continue;
		watch->due = now + jittered(entry->drift.every);
		watch->hinted = false;
		sooner(until, watch->due);
		if (row.deployment && !row.suspended)
			compare_prepare(control, entry, &row);
	}
}

int64_t schedule(struct control *control, int64_t now)
{
	int64_t until = now + IDLE;

	if (control->draining)
		sooner(&until, control->drain_deadline);
	for (struct job *job = control->jobs; job; job = job->next)
		if (!job->finished && !job->standing)
			sooner(&until, job->deadline);
	if (!control->part_there[PART_ZYGOTE] || control->draining)
		return until;
	if (control->observer_stale)
		observer_refresh(control);
	read_due(control, now, &until);
	lookup_due(control, now, &until);
	report_due(control, now, &until);
	fetch_due(control, now, &until);
	/* Deployments first: they are few, and changes without end must not keep what
	 * was accepted from going live. */
	deploy_due(control, &until);
	catch_up_due(control);
	judge_due(control, &until);
	compare_due(control, now, &until);
	return until;
}
