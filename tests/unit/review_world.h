/* tests/unit/review_world.h - control between a pretended zygote and a test that plays
 * its jobs one by one: what an attacker or an unlucky moment can make of them. */
#ifndef TESTS_UNIT_REVIEW_WORLD_H
#define TESTS_UNIT_REVIEW_WORLD_H

#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "conf_fixture.h"
#include "control/control.h"
#include "control/state.h"
#include "ipc/message.h"
#include "unit.h"

#define WORLD_JOBS  64
#define WORLD_START INT64_C(1800000000000000)

/* A job that the pretended zygote has. */
struct played {
	struct channel channel;
	enum message_type type;
	void *request;
	struct arena *arena;
};

struct world {
	struct fixture fixture;
	struct control control;
	struct control_setup setup;
	struct store *store;
	struct channel zygote; /* the other end */
	struct played jobs[WORLD_JOBS];
	size_t job_count;
	int64_t now;
	struct arena *arena; /* for what the test reads */
};

static inline struct oid world_commit(unsigned int number)
{
	struct oid id = { .length = 20 };
	memcpy(id.bytes, &number, sizeof(number));
	id.bytes[19] = 1;
	return id;
}

static inline void world_use(struct world *world)
{
	struct control *control = &world->control;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(store_begin(world->store, &err), 0);
	for (size_t i = 0; i < control->config->repository_count; i++)
		ck_assert_int_eq(store_repository_ensure(
					 world->store,
					 control->config->repositories[i].name, &err),
				 0);
	for (size_t i = 0; i < control->config->target_count; i++)
		ck_assert_int_eq(store_target_ensure(world->store,
						     control->config->targets[i].name,
						     &err),
				 0);
	ck_assert_int_eq(store_commit(world->store, &err), 0);
	schedule_reset(control, NULL);
	control->observer_stale = false;
}

static inline void world_open(struct world *world, const char *yaml)
{
	struct control *control = &world->control;
	struct error err = ERROR_INIT;
	int pair[2];
	memset(world, 0, sizeof(*world));
	world->now = WORLD_START;
	log_set_level(LOG_LEVEL_ERROR);
	world->arena = arena_new((size_t)64 << 20);
	clock_set_for_tests(world->now);
	world->fixture = fixture_new(yaml);
	ck_assert_int_eq(store_open(&world->store, "memory:", STORE_CREATE, &err), 0);
	*control = (struct control){ .setup = &world->setup,
				     .exit_status = -1,
				     .store = world->store };
	control->answers_end = &control->answers;
	ck_assert_msg(config_load(&control->config, world->fixture.file, &err) == 0,
		      "%s", err.text);
	control->floor_fd = dup(STDERR_FILENO);
	world_use(world);
	ck_assert_int_eq(channel_pair(pair, &err), 0);
	ck_assert_int_eq(
		channel_open(&control->parts[PART_ZYGOTE], pair[0], true, &err), 0);
	ck_assert_int_eq(channel_open(&world->zygote, pair[1], true, &err), 0);
	control->part_there[PART_ZYGOTE] = true;
}

/* The configuration becomes another, as by SIGHUP. */
static inline void world_reload(struct world *world, const char *yaml)
{
	struct config *old = world->control.config;
	struct error err = ERROR_INIT;
	fixture_write(&world->fixture, "gitgate.yaml", yaml);
	ck_assert_msg(config_load(&world->control.config, world->fixture.file, &err) ==
			      0,
		      "%s", err.text);
	world_use(world);
	config_free(old);
}

static inline void world_forget(struct world *world, struct played *job)
{
	channel_close(&job->channel);
	arena_free(job->arena);
	*job = world->jobs[--world->job_count];
}

static inline void world_close(struct world *world)
{
	struct control *control = &world->control;
	while (world->job_count)
		world_forget(world, &world->jobs[0]);
	for (struct job *job = control->jobs; job; job = job->next)
		job_finish(control, job);
	jobs_collect(control);
	channel_close(&control->parts[PART_ZYGOTE]);
	channel_close(&world->zygote);
	close(control->floor_fd);
	arena_free(control->watch_arena);
	config_free(control->config);
	store_close(world->store);
	arena_free(world->arena);
	fixture_free(&world->fixture);
}

static inline void world_take_spawns(struct world *world)
{
	struct error err = ERROR_INIT;
	for (;;) {
		struct arena *arena = arena_new((size_t)16 << 20);
		enum message_type type;
		void *message;
		int fds[MESSAGE_FDS_MAX] = { -1, -1, -1, -1 };
		if (channel_receive(&world->zygote, arena, &type, &message, fds,
				    &err) != 1) {
			arena_free(arena);
			return;
		}
		if (type != MESSAGE_spawn) {
			arena_free(arena);
			continue;
		}
		ck_assert_uint_lt(world->job_count, WORLD_JOBS);
		struct played *job = &world->jobs[world->job_count++];
		*job = (struct played){ .arena = arena };
		ck_assert_int_eq(channel_open(&job->channel, fds[0], true, &err), 0);
		int extra[MESSAGE_FDS_MAX] = { -1, -1, -1, -1 };
		ck_assert_int_eq(channel_receive(&job->channel, arena, &job->type,
						 &job->request, extra, &err),
				 1);
		for (int i = 0; i < MESSAGE_FDS_MAX; i++)
			if (extra[i] >= 0)
				close(extra[i]);
	}
}

static inline void world_begin(struct world *world)
{
	world->control.round = arena_new((size_t)64 << 20);
}

static inline void world_commit_round(struct world *world)
{
	struct control *control = &world->control;
	struct error err = ERROR_INIT;
	bool pending = false;
	ck_assert_int_lt(control->exit_status, 0);
	if (store_in_transaction(control->store))
		ck_assert_int_eq(store_commit(control->store, &err), 0);
	control->answers = NULL;
	control->answers_end = &control->answers;
	jobs_start_prepared(control);
	channel_flush(&control->parts[PART_ZYGOTE], &pending, NULL);
	jobs_collect(control);
	arena_free(control->round);
	control->round = NULL;
}

/* One round of control's loop. */
static inline void world_turn(struct world *world)
{
	struct control *control = &world->control;
	world->now += 20000;
	clock_set_for_tests(world->now);
	world_begin(world);
	for (struct job *job = control->jobs; job; job = job->next)
		if (job->started && !job->finished)
			job_hear(control, job);
	jobs_expire(control, clock_monotonic());
	schedule(control, clock_monotonic());
	world_commit_round(world);
	world_take_spawns(world);
}

/* A command as intake hands it over; its answer's code. */
static inline int world_command(struct world *world, struct msg_command command)
{
	command.request = 1;
	command.uid = geteuid();
	world_begin(world);
	request_take(&world->control, MESSAGE_command, &command, NULL);
	const struct answer *at = world->control.answers;
	while (at && at->type != MESSAGE_answer) /* followers are told beside */
		at = at->next;
	ck_assert_ptr_nonnull(at);
	int code = (int)((const struct msg_answer *)at->message)->code;
	world_commit_round(world);
	return code;
}

static inline void world_hint(struct world *world, const char *repository)
{
	struct msg_notify notify = { .request = 1,
				     .uid = geteuid(),
				     .repository = repository };
	world_begin(world);
	request_take(&world->control, MESSAGE_notify, &notify, NULL);
	world_commit_round(world);
}

/* The job of that kind that runs for a repository or target; NULL: there is none. */
static inline struct played *world_job(struct world *world, enum message_type type)
{
	for (size_t i = 0; i < world->job_count; i++)
		if (world->jobs[i].type == type)
			return &world->jobs[i];
	return NULL;
}

static inline void world_say(struct played *job, enum message_type type,
			     const void *message, int fd)
{
	struct error err = ERROR_INIT;
	ck_assert_int_eq(
		channel_send(&job->channel, type, message, &fd, fd >= 0 ? 1 : 0, &err),
		0);
}

/* Fetches the repository; its refs are these (tip 0: not there). */
static inline void world_fetch(struct world *world, const char *repository,
			       const char *const *refs, const unsigned int *tips,
			       size_t count)
{
	world_hint(world, repository);
	world_turn(world);
	struct played *job = NULL;
	for (size_t i = 0; i < world->job_count; i++) {
		const struct msg_fetch *request = world->jobs[i].request;
		if (world->jobs[i].type == MESSAGE_fetch &&
		    strcmp(request->repository, repository) == 0)
			job = &world->jobs[i];
	}
	ck_assert_msg(job != NULL, "no fetch of '%s'", repository);
	struct msg_fetched done = { .head = "refs/heads/main" };
	for (size_t i = 0; i < count; i++) {
		struct msg_ref_row row = { .ref = refs[i],
					   .tip = world_commit(tips[i]) };
		if (tips[i])
			world_say(job, MESSAGE_ref_row, &row, -1);
		if (i % 50 == 49) { /* no more than fits into the socket */
			world_turn(world);
		}
	}
	world_say(job, MESSAGE_fetched, &done, -1);
	world_forget(world, job);
	world_turn(world);
}

/* The judge that runs says this. */
static inline void world_judge(struct world *world, const char *result,
			       const char *changed)
{
	struct played *job = world_job(world, MESSAGE_judge);
	ck_assert_msg(job != NULL, "nothing is judged");
	const struct msg_judge *request = job->request;
	struct msg_judged judged = { .result = result,
				     .changed = { &changed, changed != NULL } };
	int fd = request->emit ? dup(STDERR_FILENO) : -1;
	digest_of(request->new_id.bytes, 20, &judged.manifests);
	world_say(job, MESSAGE_judged, &judged, fd);
	if (fd >= 0)
		close(fd);
	world_forget(world, job);
	world_turn(world);
}

static inline void world_deployed(struct world *world)
{
	struct played *job = world_job(world, MESSAGE_deploy);
	ck_assert_msg(job != NULL, "nothing is deployed");
	const struct msg_deploy *request = job->request;
	struct msg_deployed deployed = { .release = "r",
					 .generation = request->generation,
					 .text = "done" };
	digest_of(request->commit.bytes, 20, &deployed.listing);
	world_say(job, MESSAGE_deployed, &deployed, -1);
	world_forget(world, job);
	world_turn(world);
}

#endif
