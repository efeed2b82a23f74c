/* tests/unit/test_control_flow.c - I4 in the large: control's own schedule against a
 * pretended zygote, whose jobs end well, badly or not at all, in any order; the process
 * itself ends and starts again. Old never overwrites new, whatever happens.
 *
 * GITGATE_SEED repeats a run's choices. */
#include "unit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "conf_fixture.h"
#include "control/control.h"
#include "control/state.h"
#include "ipc/message.h"

#define HINTS    10000
#define LIVE_MAX 64
#define START    INT64_C(1800000000000000)

/* A job that the pretended zygote has. */
struct pretended {
	struct channel channel;
	enum message_type type;
	void *request;
	struct arena *arena;
	uint64_t tip; /* fetch: what the repository held when it looked */
};

struct world {
	struct fixture fixture;
	struct control control;
	struct control_setup setup;
	struct channel zygote; /* the other end */
	struct pretended jobs[LIVE_MAX];
	size_t job_count;
	int64_t now;
	uint64_t tip; /* commits are numbers: the branch only grows */
	/* the pretended target */
	uint64_t live_generation, live_commit;
	uint64_t switches, crashes, restarts, deployments;
};

static struct oid commit_id(uint64_t number)
{
	struct oid id = { .length = 20 };
	memcpy(id.bytes, &number, sizeof(number));
	id.bytes[19] = 1;
	return id;
}

static uint64_t commit_number(const struct oid *id)
{
	uint64_t number;
	memcpy(&number, id->bytes, sizeof(number));
	return number;
}

static const char yaml[] = "store: state.db\n"
			   "workers: 4\n"
			   "repositories:\n"
			   "  shop: {path: shop.git, anchor: {refs/heads/main: root}}\n"
			   "rules:\n"
			   "  - name: r\n"
			   "    refs: {delete: false}\n"
			   "targets:\n"
			   "  web: {repository: shop, directory: {path: www}, drift: "
			   "{mode: off}}\n";

/* --- the process begins and ends --- */

static void begin(struct world *world, struct store *store)
{
	struct control *control = &world->control;
	struct error err = ERROR_INIT;
	int pair[2];
	*control = (struct control){ .setup = &world->setup,
				     .floor_fd = -1,
				     .exit_status = -1,
				     .store = store };
	control->answers_end = &control->answers;
	ck_assert_msg(config_load(&control->config, world->fixture.file, &err) == 0,
		      "%s", err.text);
	control->floor_fd = dup(STDERR_FILENO);
	ck_assert_int_eq(store_begin(store, &err), 0);
	ck_assert_int_eq(store_repository_ensure(store, "shop", &err), 0);
	ck_assert_int_eq(store_target_ensure(store, "web", &err), 0);
	ck_assert_int_eq(store_commit(store, &err), 0);
	schedule_reset(control, NULL);
	ck_assert_int_eq(deployments_recover(control), 0);
	ck_assert_int_eq(channel_pair(pair, &err), 0);
	ck_assert_int_eq(
		channel_open(&control->parts[PART_ZYGOTE], pair[0], true, &err), 0);
	ck_assert_int_eq(channel_open(&world->zygote, pair[1], true, &err), 0);
	control->part_there[PART_ZYGOTE] = true;
	control->observer_stale = false;
}

static void forget_job(struct world *world, size_t index)
{
	struct pretended *job = &world->jobs[index];
	channel_close(&job->channel);
	arena_free(job->arena);
	*job = world->jobs[--world->job_count];
}

static void end(struct world *world)
{
	struct control *control = &world->control;
	while (world->job_count)
		forget_job(world, 0);
	for (struct job *job = control->jobs; job; job = job->next)
		job_finish(control, job);
	jobs_collect(control);
	channel_close(&control->parts[PART_ZYGOTE]);
	channel_close(&world->zygote);
	close(control->floor_fd);
	arena_free(control->watch_arena);
	config_free(control->config);
}

/* --- the pretended zygote and its jobs --- */

static void take_spawns(struct world *world)
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
		ck_assert_uint_lt(world->job_count, LIVE_MAX);
		struct pretended *job = &world->jobs[world->job_count++];
		*job = (struct pretended){ .arena = arena, .tip = world->tip };
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

static void answer_fetch(struct pretended *job)
{
	struct msg_ref_row row = { .ref = "refs/heads/main",
				   .tip = commit_id(job->tip) };
	struct msg_fetched done = { .head = "refs/heads/main" };
	channel_send(&job->channel, MESSAGE_ref_row, &row, NULL, 0, NULL);
	channel_send(&job->channel, MESSAGE_fetched, &done, NULL, 0, NULL);
}

static void answer_judge(struct pretended *job)
{
	const struct msg_judge *request = job->request;
	static const char *const changed[] = { "web" };
	struct msg_judged judged = { .result = "pass", .changed = { changed, 1 } };
	int fd = request->emit ? dup(STDERR_FILENO) : -1;
	digest_of(request->new_id.bytes, 20, &judged.manifests);
	/* Now and then policy says no: then that commit never goes live. */
	if (!request->emit && random_below(10) == 0)
		judged = (struct msg_judged){ .result = "fail" };
	channel_send(&job->channel, MESSAGE_judged, &judged, &fd, fd >= 0 ? 1 : 0,
		     NULL);
	if (fd >= 0)
		close(fd);
}

/* As the directory target does it: never below what is there. */
static void apply(struct world *world, const struct msg_deploy *request,
		  struct msg_deployed *out)
{
	uint64_t commit = commit_number(&request->commit);
	if (request->generation < world->live_generation) {
		*out = (struct msg_deployed){ .code = ERROR_TARGET_NEWER,
					      .generation = world->live_generation };
		return;
	}
	if (request->generation > world->live_generation) {
		/* The heart of it. */
		ck_assert_msg(commit > world->live_commit,
			      "commit %llu goes over %llu (generations %llu and %llu)",
			      (unsigned long long)commit,
			      (unsigned long long)world->live_commit,
			      (unsigned long long)request->generation,
			      (unsigned long long)world->live_generation);
		world->switches++;
	} else {
		ck_assert_uint_eq(commit, world->live_commit);
	}
	world->live_generation = request->generation;
	world->live_commit = commit;
	*out = (struct msg_deployed){ .release = "r",
				      .generation = request->generation,
				      .text = "done" };
	digest_of(&commit, sizeof(commit), &out->listing);
}

static void answer_deploy(struct world *world, struct pretended *job)
{
	struct msg_deployed deployed;
	apply(world, job->request, &deployed);
	if (random_below(8) != 0)
		channel_send(&job->channel, MESSAGE_deployed, &deployed, NULL, 0, NULL);
	else
		world->crashes++; /* after the switch, before it is told */
}

static void finish_one(struct world *world)
{
	if (world->job_count == 0)
		return;
	size_t index = random_below(world->job_count);
	struct pretended *job = &world->jobs[index];
	if (random_below(12) == 0)
		world->crashes++;
	else if (job->type == MESSAGE_fetch)
		answer_fetch(job);
	else if (job->type == MESSAGE_judge)
		answer_judge(job);
	else if (job->type == MESSAGE_deploy)
		answer_deploy(world, job);
	forget_job(world, index);
}

/* --- a round, as control's loop makes it --- */

static void turn(struct world *world)
{
	struct control *control = &world->control;
	struct error err = ERROR_INIT;
	world->now += 20000;
	clock_set_for_tests(world->now);
	control->round = arena_new((size_t)64 << 20);
	for (struct job *job = control->jobs; job; job = job->next)
		if (job->started && !job->finished)
			job_hear(control, job);
	jobs_expire(control, clock_monotonic());
	schedule(control, clock_monotonic());
	ck_assert_int_lt(control->exit_status, 0);
	if (store_in_transaction(control->store))
		ck_assert_int_eq(store_commit(control->store, &err), 0);
	control->answers = NULL;
	control->answers_end = &control->answers;
	jobs_start_prepared(control);
	bool pending = false;
	channel_flush(&control->parts[PART_ZYGOTE], &pending, NULL);
	jobs_collect(control);
	arena_free(control->round);
	control->round = NULL;
	take_spawns(world);
}

/* Old and new are any two commits, in any order: a hint says "look" and nothing else.
 */
static void hint(struct world *world)
{
	struct control *control = &world->control;
	char line[160];
	struct oid from = commit_id(random_below(world->tip + 1));
	struct oid to = commit_id(random_below(world->tip + 1));
	snprintf(line, sizeof(line), "%s %s refs/heads/main", oid_text(&from),
		 oid_text(&to));
	const char *refs[] = { line };
	struct msg_notify notify = { .request = 1,
				     .uid = geteuid(),
				     .repository = "shop",
				     .refs = { refs, random_below(4) != 0 },
				     .pusher = "p" };
	struct error err = ERROR_INIT;
	control->round = arena_new((size_t)64 << 20);
	request_take(control, MESSAGE_notify, &notify, NULL);
	ck_assert_ptr_nonnull(control->answers);
	const struct msg_answer *answer = control->answers->message;
	ck_assert_int_eq(answer->code, 0);
	ck_assert_int_eq(store_commit(control->store, &err), 0);
	control->answers = NULL;
	control->answers_end = &control->answers;
	arena_free(control->round);
	control->round = NULL;
}

static uint64_t seed(void)
{
	const char *given = getenv("GITGATE_SEED");
	uint64_t value = given ? strtoull(given, NULL, 10) : random_below(1 << 30);
	printf("# GITGATE_SEED=%llu\n", (unsigned long long)value);
	fflush(stdout);
	return value;
}

/* Nothing waits any more, and every row has its end. */
static void settle(struct world *world)
{
	struct control *control = &world->control;
	for (int i = 0; i < 3000; i++) {
		if (i % 50 == 0)
			hint(world);
		world->now += 400 * CLOCK_SECOND; /* past every waiting */
		turn(world);
		while (world->job_count) {
			struct pretended *job = &world->jobs[0];
			struct msg_deployed deployed;
			if (job->type == MESSAGE_fetch) {
				answer_fetch(job);
			} else if (job->type == MESSAGE_judge) {
				answer_judge(job);
			} else if (job->type == MESSAGE_deploy) {
				apply(world, job->request, &deployed);
				channel_send(&job->channel, MESSAGE_deployed, &deployed,
					     NULL, 0, NULL);
			}
			forget_job(world, 0);
		}
		if (!control->jobs && i > 100)
			return;
	}
	ck_abort_msg("it does not come to rest");
}

static void check_rows(struct world *world)
{
	struct arena *arena = arena_new((size_t)256 << 20);
	struct error err = ERROR_INIT;
	struct msg_deployment_row *rows;
	struct msg_query query = { .limit = 200 };
	uint64_t later = UINT64_MAX;
	size_t count;
	ck_assert_int_eq(store_deployment_open(world->control.store, arena, NULL, &rows,
					       &count, &err),
			 0);
	ck_assert_uint_eq(count, 0);
	do {
		ck_assert_int_eq(store_deployment_list(world->control.store, arena,
						       &query, &rows, &count, &err),
				 0);
		for (size_t i = 0; i < count; i++) {
			enum deployment_state state =
				deployment_state_by_name(rows[i].state);
			ck_assert(deployment_state_is_terminal(state));
			if (state != DEPLOYMENT_DEPLOYED)
				continue;
			world->deployments++;
			/* From the newest on: strictly older ones, each once. */
			ck_assert_uint_lt(commit_number(&rows[i].commit), later);
			later = commit_number(&rows[i].commit);
		}
		query.before = count ? rows[count - 1].id : 0;
	} while (count == query.limit);
	arena_free(arena);
}

START_TEST(ten_thousand_hints_in_any_order_never_bring_old_over_new)
{
	struct world world = { .now = START, .tip = 1 };
	struct store *store = NULL;
	struct error err = ERROR_INIT;
	random_seed_for_tests(seed());
	world.fixture = fixture_new(yaml);
	ck_assert_int_eq(store_open(&store, "memory:", STORE_CREATE, &err), 0);
	clock_set_for_tests(world.now);
	begin(&world, store);
	for (int i = 0; i < HINTS; i++) {
		hint(&world);
		if (random_below(6) == 0)
			world.tip += 1 + random_below(2);
		if (random_below(2) == 0)
			turn(&world);
		for (uint64_t n = random_below(3); n > 0; n--)
			finish_one(&world);
		if (random_below(20) == 0)
			world.now += (int64_t)random_below(10) * CLOCK_SECOND;
		if (random_below(200) == 0) {
			end(&world);
			begin(&world, store);
			world.restarts++;
		}
	}
	world.tip++;
	settle(&world);
	/* The last commit may have been refused; then the one before is live. */
	uint64_t last = world.tip;
	for (int i = 0; i < 40 && world.live_commit != world.tip; i++) {
		world.tip++;
		settle(&world);
	}
	ck_assert_uint_ge(world.live_commit, last);
	ck_assert_uint_eq(world.live_commit, world.tip);
	check_rows(&world);
	printf("# %llu switches, %llu crashes, %llu restarts, %llu deployments\n",
	       (unsigned long long)world.switches, (unsigned long long)world.crashes,
	       (unsigned long long)world.restarts,
	       (unsigned long long)world.deployments);
	ck_assert_uint_gt(world.switches, 100);
	ck_assert_uint_gt(world.crashes, 100);
	ck_assert_uint_gt(world.restarts, 10);
	end(&world);
	store_close(store);
	fixture_free(&world.fixture);
}
END_TEST

UNIT_MAIN("control", ten_thousand_hints_in_any_order_never_bring_old_over_new)
