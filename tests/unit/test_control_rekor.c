/* tests/unit/test_control_rekor.c - what control lets fetch jobs ask of a log, and what
 * it makes of their answers. */
#include "review_world.h"

#define MAIN "refs/heads/main"

static const char *const plain_yaml =
	"repositories:\n"
	"  a: {path: /srv/a.git, poll: 1h, anchor: {refs/heads/main: root}}\n"
	"  b: {path: /srv/b.git, poll: 1h, anchor: {refs/heads/main: root}}\n"
	"  c: {path: /srv/c.git, poll: 1h, rekor: false}\n";

static const char *const log_yaml =
	"rekor: {url: \"https://rekor.example.org/\", requests-per-minute: 100}\n"
	"repositories:\n"
	"  a: {path: /srv/a.git, poll: 1h, anchor: {refs/heads/main: root}}\n"
	"  b: {path: /srv/b.git, poll: 1h, anchor: {refs/heads/main: root}}\n"
	"  c: {path: /srv/c.git, poll: 1h, rekor: false}\n";

static struct played *fetch_of(struct world *world, const char *repository)
{
	for (size_t i = 0; i < world->job_count; i++) {
		const struct msg_fetch *request = world->jobs[i].request;
		if (world->jobs[i].type == MESSAGE_fetch &&
		    strcmp(request->repository, repository) == 0)
			return &world->jobs[i];
	}
	return NULL;
}

static const struct msg_fetch *asked(struct world *world, const char *repository)
{
	struct played *job = fetch_of(world, repository);
	ck_assert_msg(job != NULL, "no fetch of '%s'", repository);
	return job->request;
}

/* The fetch of `a`, or of whatever runs, ends with main at this tip (0: at none). */
static void answer(struct world *world, const char *repository, unsigned int tip,
		   struct msg_fetched fetched)
{
	struct played *job = fetch_of(world, repository);
	struct msg_ref_row row = { .ref = MAIN, .tip = world_commit(tip) };
	ck_assert_ptr_nonnull(job);
	fetched.head = MAIN;
	if (tip)
		world_say(job, MESSAGE_ref_row, &row, -1);
	world_say(job, MESSAGE_fetched, &fetched, -1);
	world_forget(world, job);
	world_turn(world);
}

static struct watch *watch_of(struct world *world, const char *repository)
{
	return watch_find(&world->control, false, repository);
}

/* What is waited for comes now. */
static void come_due(struct world *world, const char *repository)
{
	watch_of(world, repository)->due = 0;
	world_turn(world);
}

START_TEST(nothing_is_asked_of_a_log_that_nobody_configured)
{
	struct world world;
	world_open(&world, plain_yaml);
	world_turn(&world);
	const struct msg_fetch *request = asked(&world, "a");
	ck_assert(!is_set(request->log));
	ck_assert_uint_eq(request->log_requests, 0);
	world_close(&world);
}
END_TEST

START_TEST(fetches_share_what_may_be_asked_in_a_minute)
{
	struct world world;
	world_open(&world, log_yaml);
	world_turn(&world);
	ck_assert_str_eq(asked(&world, "a")->log, "https://rekor.example.org");
	ck_assert_uint_eq(asked(&world, "a")->log_requests, 64);
	ck_assert_uint_eq(asked(&world, "b")->log_requests, 36);
	ck_assert(!is_set(asked(&world, "c")->log));
	/* what was not used is there for others; what is said of more is bounded */
	answer(&world, "a", 0, (struct msg_fetched){ .log_requests = 4 });
	come_due(&world, "a");
	uint64_t left = asked(&world, "a")->log_requests;
	ck_assert_msg(left == 60 || left == 61, "%llu", (unsigned long long)left);
	answer(&world, "a", 0, (struct msg_fetched){ .log_requests = UINT64_MAX });
	come_due(&world, "a");
	ck_assert_uint_eq(asked(&world, "a")->log_requests, 0);
	ck_assert_str_eq(asked(&world, "a")->log, "https://rekor.example.org");
	world_close(&world);
}
END_TEST

START_TEST(a_log_that_is_away_is_left_alone_for_all)
{
	struct world world;
	world_open(&world, log_yaml);
	world_turn(&world);
	answer(&world, "a", 0,
	       (struct msg_fetched){ .log_code = ERROR_NETWORK,
				     .log_text = "refused",
				     .log_requests = 1,
				     .log_retry_at = world.now + 60 * CLOCK_SECOND,
				     .proofs_due = world.now });
	/* not before it may be asked */
	int64_t wait = watch_of(&world, "a")->due - clock_monotonic();
	ck_assert_int_gt(wait, 55 * CLOCK_SECOND);
	ck_assert_int_le(wait, 60 * CLOCK_SECOND);
	come_due(&world, "a");
	ck_assert_uint_eq(asked(&world, "a")->log_requests, 0);
	answer(&world, "a", 0, (struct msg_fetched){ .code = 0 });
	ck_assert_uint_eq(world.control.rekor.failures, 1);
	world.control.rekor.retry_at = 0;
	come_due(&world, "a");
	ck_assert_uint_gt(asked(&world, "a")->log_requests, 2);
	answer(&world, "a", 0, (struct msg_fetched){ .log_requests = 2 });
	ck_assert_uint_eq(world.control.rekor.failures, 0);
	world_close(&world);
}
END_TEST

START_TEST(what_is_missing_is_fetched_for_sooner_than_a_poll)
{
	struct world world;
	world_open(&world, log_yaml);
	world_turn(&world);
	struct watch *watch = watch_of(&world, "a");
	watch->list_merge_requests = false;
	answer(&world, "a", 0,
	       (struct msg_fetched){ .log_requests = 1,
				     .proofs_due = world.now + 8 * CLOCK_SECOND });
	int64_t wait = watch->due - clock_monotonic();
	ck_assert_int_gt(wait, 6 * CLOCK_SECOND);
	ck_assert_int_le(wait, 8 * CLOCK_SECOND);
	come_due(&world, "a");
	/* the forge is not asked for that, and one that is due at once waits, too */
	ck_assert(!watch->list_merge_requests);
	answer(&world, "a", 0, (struct msg_fetched){ .proofs_due = 1 });
	wait = watch->due - clock_monotonic();
	ck_assert_int_gt(wait, CLOCK_SECOND / 2);
	ck_assert_int_le(wait, CLOCK_SECOND);
	/* never later than the poll */
	come_due(&world, "a");
	answer(&world, "a", 0, (struct msg_fetched){ .proofs_due = INT64_MAX / 2 });
	ck_assert_int_le(watch->due - clock_monotonic(), 3600 * CLOCK_SECOND);
	come_due(&world, "a");
	ck_assert(watch->list_merge_requests);
	world_close(&world);
}
END_TEST

START_TEST(what_was_refused_is_judged_again_when_its_proof_came)
{
	struct world world;
	world_open(&world, log_yaml);
	world_turn(&world);
	answer(&world, "a", 1, (struct msg_fetched){ .log_requests = 1 });
	world_judge(&world, "fail", NULL);
	ck_assert_ptr_null(world_job(&world, MESSAGE_judge));
	come_due(&world, "a");
	answer(&world, "a", 1, (struct msg_fetched){ .log_requests = 1 });
	ck_assert_ptr_null(world_job(&world, MESSAGE_judge));
	come_due(&world, "a");
	answer(&world, "a", 1, (struct msg_fetched){ .proofs = 1 });
	ck_assert_ptr_nonnull(world_job(&world, MESSAGE_judge));
	/* another comes while it is judged: that judgement may have missed it */
	come_due(&world, "a");
	answer(&world, "a", 1, (struct msg_fetched){ .proofs = 1 });
	world_judge(&world, "fail", NULL);
	world_turn(&world);
	ck_assert_ptr_nonnull(world_job(&world, MESSAGE_judge));
	world_judge(&world, "pass", NULL);
	ck_assert_ptr_null(world_job(&world, MESSAGE_judge));
	world_close(&world);
}
END_TEST

START_TEST(a_poll_asks_for_all_and_judges_again)
{
	struct world world;
	world_open(&world, log_yaml);
	world_turn(&world);
	ck_assert(!asked(&world, "a")->again);
	answer(&world, "a", 1, (struct msg_fetched){ .code = 0 });
	world_judge(&world, "fail", NULL);
	ck_assert_int_eq(
		world_command(&world, (struct msg_command){ .verb = "poll",
							    .repository = "a" }),
		0);
	world_turn(&world);
	ck_assert(asked(&world, "a")->again);
	answer(&world, "a", 1, (struct msg_fetched){ .code = 0 });
	ck_assert_ptr_nonnull(world_job(&world, MESSAGE_judge));
	world_judge(&world, "pass", NULL);
	/* what was accepted is hidden from the walk */
	come_due(&world, "a");
	const struct msg_fetch *request = asked(&world, "a");
	struct oid accepted = world_commit(1);
	ck_assert(!request->again);
	ck_assert_uint_ge(request->judged.count, 1);
	ck_assert(oid_equal(&request->judged.items[0], &accepted));
	world_close(&world);
}
END_TEST

UNIT_MAIN("control/rekor", nothing_is_asked_of_a_log_that_nobody_configured,
	  fetches_share_what_may_be_asked_in_a_minute,
	  a_log_that_is_away_is_left_alone_for_all,
	  what_is_missing_is_fetched_for_sooner_than_a_poll,
	  what_was_refused_is_judged_again_when_its_proof_came,
	  a_poll_asks_for_all_and_judges_again)
