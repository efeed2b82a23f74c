/* tests/unit/test_review_forges.c - what an attacker, or an unlucky moment, makes of
 * merge requests and of forges that lag: each case once gave a status or a deployment
 * that policy had not allowed, or kept control busy without end. */
#include "review_world.h"

#define MAIN        "refs/heads/main"
#define PULL        "refs/pull/7/head"
#define WITHOUT_END 40 /* questions at one moment */

static const char shop_yaml[] =
	"store: state.db\n"
	"sources:\n"
	"  hub: {kind: github, secrets-file: s, token-file: t, statuses: false, "
	"comments: false}\n"
	"repositories:\n"
	"  shop: {source: hub, name: acme/shop, url: file:///nowhere, "
	"anchor: {refs/heads/main: root}, protected: [refs/heads/**]}\n"
	"rules:\n"
	"  - name: r\n"
	"    refs: {delete: false}\n"
	"targets:\n"
	"  web: {repository: shop, directory: {path: www}, drift: {mode: off}}\n";

struct forge_world {
	struct world world;
	struct channel runner; /* what would have tools run */
	struct msg_merge_request_row told;
	size_t asked;      /* lookup jobs so far */
	int code;          /* of their answers */
	uint64_t requests; /* that each makes */
};

static void open_forge(struct forge_world *forge, const char *yaml)
{
	struct error err = ERROR_INIT;
	struct control *control = &forge->world.control;
	int pair[2];
	memset(forge, 0, sizeof(*forge));
	world_open(&forge->world, yaml);
	mode_t before = umask(077);
	fixture_write(&forge->world.fixture, "t", "token");
	umask(before);
	ck_assert_int_eq(channel_pair(pair, &err), 0);
	ck_assert_int_eq(
		channel_open(&control->parts[PART_RUNNER], pair[0], true, &err), 0);
	ck_assert_int_eq(channel_open(&forge->runner, pair[1], true, &err), 0);
	control->part_there[PART_RUNNER] = true;
	forge->told = (struct msg_merge_request_row){
		.number = 7,
		.state = "open",
		.head = world_commit(70),
		.head_ref = "refs/heads/topic",
		.head_repository = "acme/shop",
		.base_ref = MAIN,
		.author = "alice",
	};
}

static void close_forge(struct forge_world *forge)
{
	channel_close(&forge->world.control.parts[PART_RUNNER]);
	channel_close(&forge->runner);
	world_close(&forge->world);
}

static void tell(struct forge_world *forge, struct played *job,
		 const struct msg_lookup_item *item)
{
	struct msg_looked_up looked = { .repository = item->repository,
					.mode = item->mode,
					.number = item->number,
					.commit = item->commit,
					.code = forge->code,
					.text = forge->code ? "no" : NULL };
	struct msg_merge_request_row row = forge->told;
	row.repository = item->repository;
	bool meant = strcmp(item->mode, "open") != 0 || strcmp(row.state, "open") == 0;
	if (forge->code == 0 && row.number && meant)
		world_say(job, MESSAGE_merge_request_row, &row, -1);
	world_say(job, MESSAGE_looked_up, &looked, -1);
}

/* The forge shows it. */
static void take_report(struct played *job, const struct msg_report_item *report)
{
	const struct msg_reported reported = { .id = report->id,
					       .created_at = report->created_at };
	world_say(job, MESSAGE_reported, &reported, -1);
}

/* Answers all that forges are asked now. */
static void answer_lookups(struct forge_world *forge)
{
	static const struct msg_done done = { 0 };
	const struct msg_forge_budget budget = { .remaining = -1,
						 .requests = forge->requests };
	struct world *world = &forge->world;
	struct error err = ERROR_INIT;
	for (struct played *job; forge->asked < WITHOUT_END &&
				 (job = world_job(world, MESSAGE_forge_session));) {
		enum message_type type = MESSAGE_lookup_item;
		void *message;
		forge->asked++;
		while (channel_receive(&job->channel, job->arena, &type, &message, NULL,
				       &err) == 1 &&
		       type != MESSAGE_done)
			if (type == MESSAGE_lookup_item)
				tell(forge, job, message);
			else if (type == MESSAGE_report_item)
				take_report(job, message);
		world_say(job, MESSAGE_forge_budget, &budget, -1);
		world_say(job, MESSAGE_done, &done, -1);
		world_forget(world, job);
		world_turn(world);
	}
}

/* Answers fetches that wait by themselves. */
static bool answer_fetch(struct forge_world *forge, const char *const *refs,
			 const unsigned int *tips, size_t count)
{
	struct world *world = &forge->world;
	struct msg_fetched done = { .head = MAIN };
	struct played *job = world_job(world, MESSAGE_fetch);
	if (!job)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct msg_ref_row row = { .ref = refs[i],
					   .tip = world_commit(tips[i]) };
		if (tips[i])
			world_say(job, MESSAGE_ref_row, &row, -1);
	}
	world_say(job, MESSAGE_fetched, &done, -1);
	world_forget(world, job);
	world_turn(world);
	return true;
}

/* A webhook about the merge request was read. */
static void hint(struct forge_world *forge)
{
	struct error err = ERROR_INIT;
	forge->world.now += CLOCK_SECOND;
	ck_assert_int_eq(store_begin(forge->world.store, &err), 0);
	ck_assert_int_eq(store_merge_request_hint(forge->world.store, "shop",
						  forge->told.number, forge->world.now,
						  &err),
			 0);
	ck_assert_int_eq(store_commit(forge->world.store, &err), 0);
	world_turn(&forge->world);
	answer_lookups(forge);
}

/* main at one tip, the merge request's head at another, and one more ref. */
static void at_with(struct forge_world *forge, unsigned int base, unsigned int head,
		    const char *third, unsigned int tip)
{
	const char *const refs[] = { MAIN, PULL, third };
	const unsigned int tips[] = { base, head, tip };
	world_turn(&forge->world);
	world_hint(&forge->world, "shop");
	world_turn(&forge->world);
	answer_lookups(forge);
	for (int i = 0; i < WITHOUT_END && answer_fetch(forge, refs, tips, 3); i++)
		answer_lookups(forge);
}

/* The third is a branch "side". */
static void at(struct forge_world *forge, unsigned int base, unsigned int head,
	       unsigned int side)
{
	at_with(forge, base, head, "refs/heads/side", side);
}

static struct played *judge_of(struct forge_world *forge, unsigned int tip)
{
	struct oid id = world_commit(tip);
	for (size_t i = 0; i < forge->world.job_count; i++) {
		struct played *job = &forge->world.jobs[i];
		if (job->type == MESSAGE_judge &&
		    oid_equal(&((const struct msg_judge *)job->request)->new_id, &id))
			return job;
	}
	return NULL;
}

static void say_judged(struct forge_world *forge, unsigned int tip, const char *result)
{
	struct played *job = judge_of(forge, tip);
	struct msg_judged judged = { .result = result };
	ck_assert_msg(job != NULL, "%u is not judged", tip);
	world_say(job, MESSAGE_judged, &judged, -1);
	world_forget(&forge->world, job);
	world_turn(&forge->world);
}

/* What the forge shows, or is to show, on a commit. */
static const char *status_on(struct forge_world *forge, unsigned int tip)
{
	struct msg_outbox_row *rows;
	struct error err = ERROR_INIT;
	struct oid id = world_commit(tip);
	size_t count = 0;
	ck_assert_int_eq(store_outbox_list(forge->world.store, forge->world.arena,
					   "shop", 0, 200, &rows, &count, &err),
			 0);
	for (size_t i = 0; i < count; i++)
		if (oid_equal(&rows[i].commit, &id) &&
		    strcmp(rows[i].context, "gitgate/policy") == 0)
			return rows[i].state;
	return "none";
}

static struct oid accepted(struct forge_world *forge, const char *ref)
{
	struct msg_ref_row row = { 0 };
	store_ref_get(forge->world.store, forge->world.arena, "shop", ref, &row, NULL);
	return row.accepted;
}

static void is_accepted(struct forge_world *forge, unsigned int tip)
{
	struct oid found = accepted(forge, MAIN), wanted = world_commit(tip);
	ck_assert_str_eq(oid_text(&found), oid_text(&wanted));
}

/* main is accepted at 1, merge request 7 of commit 70 is told and waits for its
 * verdict. */
static void begin(struct forge_world *forge)
{
	open_forge(forge, shop_yaml);
	at(forge, 1, 70, 0);
	say_judged(forge, 1, "pass");
	at(forge, 1, 70, 0);
}

/* --- statuses that are not the truth --- */

/* Closed, its head gets the verdict of a branch without rules, reopened it would keep
 * that. */
START_TEST(a_merge_request_that_is_reopened_is_judged_again)
{
	struct forge_world forge;
	begin(&forge);
	say_judged(&forge, 70, "fail");
	ck_assert_str_eq(status_on(&forge, 70), "failure");
	forge.told.state = "closed";
	hint(&forge);
	at(&forge, 1, 70, 70);
	say_judged(&forge, 70, "pass"); /* refs/heads/side */
	ck_assert_str_eq(status_on(&forge, 70), "success");
	forge.told.state = "open";
	hint(&forge);
	ck_assert_str_eq(status_on(&forge, 70), "pending");
	ck_assert_ptr_nonnull(judge_of(&forge, 70));
	close_forge(&forge);
}
END_TEST

static struct oid policy_for(struct forge_world *forge, unsigned int tip)
{
	struct played *job = judge_of(forge, tip);
	ck_assert_msg(job != NULL, "%u is not judged", tip);
	return ((const struct msg_judge *)job->request)->policy_commit;
}

/* Its policy, and its history, are those of what was accepted. */
START_TEST(a_merge_request_is_judged_when_its_base_was)
{
	struct forge_world forge;
	struct oid two = world_commit(2);
	begin(&forge);
	say_judged(&forge, 70, "pass");
	at(&forge, 2, 70, 0);
	ck_assert_str_eq(status_on(&forge, 70), "pending");
	ck_assert_ptr_null(judge_of(&forge, 70));
	say_judged(&forge, 2, "pass");
	struct oid policy = policy_for(&forge, 70);
	ck_assert(oid_equal(&policy, &two));
	say_judged(&forge, 70, "fail");
	at(&forge, 2, 70, 0); /* and no more than once */
	ck_assert_ptr_null(judge_of(&forge, 70));
	ck_assert_str_eq(status_on(&forge, 70), "failure");
	close_forge(&forge);
}
END_TEST

START_TEST(a_base_that_is_accepted_later_has_its_merge_requests_judged_again)
{
	struct forge_world forge;
	struct oid one = world_commit(1), two = world_commit(2);
	begin(&forge);
	say_judged(&forge, 70, "pass");
	at(&forge, 2, 70, 0);
	say_judged(&forge, 2, "fail");
	struct oid policy = policy_for(&forge, 70);
	ck_assert(oid_equal(&policy, &one));
	say_judged(&forge, 70, "pass");
	schedule_again(&forge.world.control);
	at(&forge, 2, 70, 0);
	say_judged(&forge, 2, "pass");
	policy = policy_for(&forge, 70);
	ck_assert(oid_equal(&policy, &two));
	ck_assert_str_eq(status_on(&forge, 70), "pending");
	close_forge(&forge);
}
END_TEST

/* --- what is accepted --- */

/* A queue's ref is judged by its branch's rules, which need not be its own. */
START_TEST(what_waits_in_a_merge_queue_is_not_accepted_on_a_ref)
{
	static const char queue[] = "refs/heads/gh-readonly-queue/side/pr-7-x";
	static const char *const refs[] = { MAIN, queue };
	static const unsigned int tips[] = { 1, 9 };
	struct forge_world forge;
	begin(&forge);
	say_judged(&forge, 70, "fail");
	world_hint(&forge.world, "shop");
	world_turn(&forge.world);
	ck_assert(answer_fetch(&forge, refs, tips, 2));
	say_judged(&forge, 9, "pass");
	ck_assert_str_eq(status_on(&forge, 9), "success");
	struct oid found = accepted(&forge, queue);
	ck_assert(oid_is_null(&found));
	close_forge(&forge);
}
END_TEST

/* While the first of several merges waits the next push must not overtake it: what is
 * accepted would go back afterwards. */
START_TEST(a_push_does_not_overtake_the_merges_before_it)
{
	struct forge_world forge;
	struct oid steps[] = { world_commit(11), world_commit(2) };
	struct msg_judged several = { .result = "fail", .steps = { steps, 2 } };
	begin(&forge);
	say_judged(&forge, 70, "fail");
	at(&forge, 2, 70, 0);
	at(&forge, 3, 70, 0);
	struct played *job = judge_of(&forge, 2);
	ck_assert_ptr_nonnull(job);
	world_say(job, MESSAGE_judged, &several, -1);
	world_forget(&forge.world, job);
	world_turn(&forge.world);
	ck_assert_ptr_null(judge_of(&forge, 3));
	say_judged(&forge, 11, "pass");
	say_judged(&forge, 2, "pass");
	is_accepted(&forge, 2);
	say_judged(&forge, 3, "pass");
	is_accepted(&forge, 3);
	close_forge(&forge);
}
END_TEST

static void put_request(struct forge_world *forge, uint64_t number, const char *state,
			unsigned int head)
{
	struct error err = ERROR_INIT;
	struct msg_merge_request_row row = forge->told;
	row.repository = "shop";
	row.number = number;
	row.state = state;
	row.head = world_commit(head);
	ck_assert_int_eq(store_begin(forge->world.store, &err), 0);
	ck_assert_int_eq(
		store_merge_request_put(forge->world.store, &row, NULL, 0, &err), 0);
	ck_assert_int_eq(store_commit(forge->world.store, &err), 0);
}

static uint64_t comes_by(struct forge_world *forge, unsigned int tip)
{
	struct msg_change_row change = { .repository = "shop",
					 .ref = MAIN,
					 .new_id = world_commit(tip) };
	struct msg_merge_request_row found;
	world_begin(&forge->world);
	ck_assert_int_eq(
		merge_request_of_change(&forge->world.control, &change, &found), 0);
	uint64_t number = found.number;
	world_commit_round(&forge->world);
	return number;
}

/* Whoever opens another one of the same head, or closed one that was approved, does not
 * say by which one it came. */
START_TEST(a_push_comes_by_the_merge_request_that_was_merged)
{
	struct forge_world forge;
	begin(&forge);
	put_request(&forge, 20, "closed", 80);
	ck_assert_uint_eq(comes_by(&forge, 80), 0);
	put_request(&forge, 21, "open", 80);
	ck_assert_uint_eq(comes_by(&forge, 80), 21);
	put_request(&forge, 22, "merged", 80);
	put_request(&forge, 23, "open", 80);
	ck_assert_uint_eq(comes_by(&forge, 80), 22);
	close_forge(&forge);
}
END_TEST

/* At Bitbucket Cloud a merge request's change has the name of its branch. */
START_TEST(a_merge_requests_verdict_deploys_nothing_by_hand)
{
	struct forge_world forge;
	struct error err = ERROR_INIT;
	uint64_t id;
	begin(&forge);
	struct msg_verdict_row row = { .repository = "shop",
				       .ref = MAIN,
				       .commit = world_commit(90),
				       .result = "pass",
				       .judged_at = forge.world.now,
				       .number = 7 };
	ck_assert_int_eq(store_begin(forge.world.store, &err), 0);
	ck_assert_int_eq(store_verdict_add(forge.world.store, &row, NULL, 0, &id, &err),
			 0);
	ck_assert_int_eq(store_commit(forge.world.store, &err), 0);
	struct msg_command command = { .verb = "deploy",
				       .target = "web",
				       .commit = row.commit };
	ck_assert_int_eq(world_command(&forge.world, command), ERROR_DENIED);
	close_forge(&forge);
}
END_TEST

/* A forge that tells of the push before it knows of the merge. */
START_TEST(a_push_whose_merge_request_is_known_later_is_judged_again)
{
	struct forge_world forge;
	begin(&forge);
	say_judged(&forge, 70, "pass");
	at(&forge, 5, 70, 0);
	say_judged(&forge, 5, "fail");
	say_judged(&forge, 70, "pass");
	forge.told.state = "merged";
	forge.told.merge_commit = world_commit(5);
	hint(&forge);
	say_judged(&forge, 5, "fail");
	hint(&forge); /* it is no news */
	ck_assert_ptr_null(judge_of(&forge, 5));
	close_forge(&forge);
}
END_TEST

/* Known by its head from before, and the forge does not name it for the commit: its
 * reviews may have been taken back since. */
START_TEST(reviews_of_before_do_not_count)
{
	struct forge_world forge;
	static const struct msg_judged wants = { .result = "fail",
						 .needs_reviews = true };
	begin(&forge);
	say_judged(&forge, 70, "pass");
	put_request(&forge, 21, "open", 80);
	forge.told.number = 0;
	forge.world.now += 300 * CLOCK_SECOND;
	at(&forge, 80, 70, 0);
	for (int i = 0; i < 2; i++) {
		struct played *job = judge_of(&forge, 80);
		ck_assert_ptr_nonnull(job);
		const struct msg_judge *request = job->request;
		ck_assert(!request->has_reviews);
		if (i) {
			forge.told.number = 21;
			forge.told.head = world_commit(80);
		}
		world_say(job, MESSAGE_judged, &wants, -1);
		world_forget(&forge.world, job);
		world_turn(&forge.world);
		world_turn(&forge.world);
		answer_lookups(&forge);
	}
	struct played *job = judge_of(&forge, 80);
	ck_assert_ptr_nonnull(job);
	ck_assert_uint_eq(((const struct msg_judge *)job->request)->number, 21);
	close_forge(&forge);
}
END_TEST

/* --- without end --- */

/* The forge tells of a head that it does not give: a ref that lags, or objects that
 * fsck refuses, from whatever fork. */
START_TEST(a_head_that_cannot_be_had_is_asked_for_now_and_then)
{
	static const char *const refs[] = { MAIN, PULL };
	static const unsigned int tips[] = { 1, 70 };
	struct forge_world forge;
	size_t fetches = 0;
	begin(&forge);
	say_judged(&forge, 70, "pass");
	forge.told.head = world_commit(71);
	forge.told.updated_at = forge.world.now;
	hint(&forge);
	forge.asked = 0;
	while (fetches < WITHOUT_END && answer_fetch(&forge, refs, tips, 2)) {
		answer_lookups(&forge);
		fetches++;
	}
	ck_assert_msg(fetches < 3 && forge.asked < 3, "%zu fetches, %zu lookups",
		      fetches, forge.asked);
	/* It is not forgotten either. */
	forge.world.now += 6 * CLOCK_SECOND;
	world_turn(&forge.world);
	ck_assert_ptr_nonnull(world_job(&forge.world, MESSAGE_forge_session));
	close_forge(&forge);
}
END_TEST

/* Renamed or deleted at the forge, or with more of them than can be read. */
START_TEST(a_list_that_cannot_be_had_waits_for_the_next_poll)
{
	static const int codes[] = { ERROR_NOT_FOUND, ERROR_LIMIT, ERROR_SYNTAX };
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct forge_world forge;
		open_forge(&forge, shop_yaml);
		forge.code = codes[i];
		world_turn(&forge.world);
		answer_lookups(&forge);
		ck_assert_msg(forge.asked < 3, "%s: %zu lookups", error_name(codes[i]),
			      forge.asked);
		close_forge(&forge);
	}
}
END_TEST

/* One forge is silent, and much is to be asked of it. */
START_TEST(questions_to_a_silent_forge_do_not_hold_up_another)
{
	static const char two_yaml[] =
		"store: state.db\n"
		"sources:\n"
		"  hub: {kind: github, secrets-file: s, token-file: t}\n"
		"  lab: {kind: gitlab, secrets-file: s, token-file: t}\n"
		"repositories:\n"
		"  much: {source: hub, name: acme/much, url: file:///nowhere}\n"
		"  shop: {source: lab, name: acme/shop, url: file:///nowhere}\n"
		"rules:\n"
		"  - name: r\n"
		"    refs: {delete: false}\n";
	struct forge_world forge;
	struct error err = ERROR_INIT;
	open_forge(&forge, two_yaml);
	world_turn(&forge.world);
	answer_lookups(&forge);
	forge_watch_find(&forge.world.control, "hub")->retry_at =
		clock_monotonic() + 3600 * CLOCK_SECOND;
	ck_assert_int_eq(store_begin(forge.world.store, &err), 0);
	for (uint64_t i = 1; i <= 2 * LIST_ROWS_MAX; i++)
		ck_assert_int_eq(
			store_merge_request_hint(forge.world.store, "much", i, 1, &err),
			0);
	ck_assert_int_eq(
		store_merge_request_hint(forge.world.store, "shop", 7, 2, &err), 0);
	ck_assert_int_eq(store_commit(forge.world.store, &err), 0);
	world_turn(&forge.world);
	ck_assert_ptr_nonnull(world_job(&forge.world, MESSAGE_forge_session));
	close_forge(&forge);
}
END_TEST

/* The rules may be others now. */
START_TEST(an_open_merge_request_is_judged_again_after_a_reload)
{
	struct forge_world forge;
	begin(&forge);
	say_judged(&forge, 70, "pass");
	ck_assert_str_eq(status_on(&forge, 70), "success");
	at(&forge, 1, 70, 0);
	ck_assert_ptr_null(judge_of(&forge, 70));
	world_reload(&forge.world, shop_yaml);
	schedule_again(&forge.world.control);
	at(&forge, 1, 70, 0);
	say_judged(&forge, 70, "fail");
	ck_assert_str_eq(status_on(&forge, 70), "failure");
	close_forge(&forge);
}
END_TEST

#define WAIVER "refs/waivers/6dcb09b5b57875f334f61aebed695e2e4193db5e/signed"

START_TEST(what_was_refused_is_judged_again_when_a_waiver_comes)
{
	struct forge_world forge;
	begin(&forge);
	say_judged(&forge, 70, "fail");
	at(&forge, 2, 70, 0);
	say_judged(&forge, 2, "fail");
	say_judged(&forge, 70, "fail");
	for (unsigned int waiver = 90; waiver <= 91; waiver++) {
		at_with(&forge, 2, 70, WAIVER, waiver);
		say_judged(&forge, 2, "fail");
		say_judged(&forge, 70, "fail");
		/* The same, seen again, is nothing new. */
		at_with(&forge, 2, 70, WAIVER, waiver);
		ck_assert_ptr_null(judge_of(&forge, 2));
		ck_assert_ptr_null(judge_of(&forge, 70));
	}
	/* One that went and came back is. */
	at(&forge, 2, 70, 0);
	ck_assert_ptr_null(judge_of(&forge, 2));
	at_with(&forge, 2, 70, WAIVER, 91);
	say_judged(&forge, 2, "pass");
	is_accepted(&forge, 2);
	/* A waiver itself is no change, and nothing is accepted of it. */
	struct oid none = accepted(&forge, WAIVER);
	ck_assert_uint_eq(none.length, 0);
	ck_assert_ptr_null(judge_of(&forge, 91));
	close_forge(&forge);
}
END_TEST

/* It may have come too late for the judge that is at work. */
START_TEST(a_waiver_that_comes_while_it_is_judged_is_not_missed)
{
	struct forge_world forge;
	begin(&forge);
	ck_assert_ptr_nonnull(judge_of(&forge, 70));
	at_with(&forge, 1, 70, WAIVER, 90);
	say_judged(&forge, 70, "fail");
	ck_assert_str_ne(status_on(&forge, 70), "failure");
	say_judged(&forge, 70, "pass");
	ck_assert_str_eq(status_on(&forge, 70), "success");
	close_forge(&forge);
}
END_TEST

/* Reading many merge requests is paid for by what comes after it. */
START_TEST(lookups_are_charged_to_the_budget)
{
	struct forge_world forge;
	begin(&forge);
	struct forge_watch *watch = &forge.world.control.forges[0];
	forge.requests = 1000;
	hint(&forge);
	ck_assert_int_lt(watch->allowance, 0);
	size_t asked = forge.asked;
	hint(&forge);
	ck_assert_uint_eq(forge.asked, asked);
	watch->refilled_at = clock_monotonic() - 120 * CLOCK_SECOND;
	watch->allowance = 0;
	world_turn(&forge.world);
	answer_lookups(&forge);
	ck_assert_uint_eq(forge.asked, asked + 1);
	close_forge(&forge);
}
END_TEST

UNIT_MAIN("review of forges", a_merge_request_that_is_reopened_is_judged_again,
	  a_merge_request_is_judged_when_its_base_was,
	  a_base_that_is_accepted_later_has_its_merge_requests_judged_again,
	  what_waits_in_a_merge_queue_is_not_accepted_on_a_ref,
	  a_push_does_not_overtake_the_merges_before_it,
	  a_push_comes_by_the_merge_request_that_was_merged,
	  a_merge_requests_verdict_deploys_nothing_by_hand,
	  a_push_whose_merge_request_is_known_later_is_judged_again,
	  reviews_of_before_do_not_count,
	  a_head_that_cannot_be_had_is_asked_for_now_and_then,
	  a_list_that_cannot_be_had_waits_for_the_next_poll,
	  questions_to_a_silent_forge_do_not_hold_up_another,
	  an_open_merge_request_is_judged_again_after_a_reload,
	  what_was_refused_is_judged_again_when_a_waiver_comes,
	  a_waiver_that_comes_while_it_is_judged_is_not_missed,
	  lookups_are_charged_to_the_budget)
