/* tests/unit/test_review_control.c - what an attacker found in control: each case once
 * brought in what policy had refused, mixed repositories, or did half of a thing. */
#include "review_world.h"

#define MAIN "refs/heads/main"

static const char one_yaml[] = "store: state.db\n"
			       "repositories:\n"
			       "  shop: {path: shop.git, anchor: {refs/heads/main: "
			       "root}}\n"
			       "rules:\n"
			       "  - name: r\n"
			       "    refs: {delete: false}\n"
			       "targets:\n"
			       "  web: {repository: shop, directory: {path: www}, "
			       "drift: "
			       "{mode: off}}\n";

static const char two_yaml[] =
	"store: state.db\n"
	"repositories:\n"
	"  evil: {path: evil.git, anchor: {refs/heads/main: root}}\n"
	"  shop: {path: shop.git, anchor: {refs/heads/main: root}}\n"
	"rules:\n"
	"  - name: r\n"
	"    refs: {delete: false}\n"
	"targets:\n"
	"  web: {repository: shop, directory: {path: www}, drift: "
	"{mode: off}}\n";

static const char staging_yaml[] = "store: state.db\n"
				   "repositories:\n"
				   "  shop: {path: shop.git, anchor: {refs/heads/main: "
				   "root}}\n"
				   "rules:\n"
				   "  - name: r\n"
				   "    refs: {delete: false}\n"
				   "targets:\n"
				   "  web: {repository: shop, ref: refs/heads/staging, "
				   "directory: {path: www}, "
				   "drift: {mode: off}}\n";

static void fetch_main(struct world *world, const char *repository, unsigned int tip)
{
	const char *const refs[] = { MAIN };
	world_fetch(world, repository, refs, &tip, 1);
}

static const struct msg_judge *judging(struct world *world)
{
	struct played *job = world_job(world, MESSAGE_judge);
	ck_assert_msg(job != NULL, "nothing is judged");
	return job->request;
}

static size_t open_deployments(struct world *world, const char *target)
{
	struct msg_deployment_row *rows;
	struct error err = ERROR_INIT;
	size_t count = 0;
	ck_assert_int_eq(store_deployment_open(world->store, world->arena, target,
					       &rows, &count, &err),
			 0);
	return count;
}

/* A forced push is refused; a second one on top of it moves the ref without force as
 * far as the forge can see. What counts is what was accepted. */
START_TEST(a_push_on_top_of_a_refused_one_is_judged_from_what_was_accepted)
{
	struct world world;
	world_open(&world, one_yaml);
	fetch_main(&world, "shop", 1);
	world_judge(&world, "pass", NULL);
	fetch_main(&world, "shop", 2);
	struct oid accepted = world_commit(1);
	ck_assert(oid_equal(&judging(&world)->old_id, &accepted));
	world_judge(&world, "fail", NULL);
	fetch_main(&world, "shop", 3);
	ck_assert(oid_equal(&judging(&world)->old_id, &accepted));
	world_close(&world);
}
END_TEST

/* Deleting is refused, but has happened; making the ref anew moves it. */
START_TEST(a_ref_made_anew_after_a_refused_deletion_is_judged_as_moved)
{
	struct world world;
	world_open(&world, one_yaml);
	fetch_main(&world, "shop", 1);
	world_judge(&world, "pass", NULL);
	fetch_main(&world, "shop", 0);
	ck_assert(oid_is_null(&judging(&world)->new_id));
	world_judge(&world, "fail", NULL);
	fetch_main(&world, "shop", 2);
	struct oid accepted = world_commit(1);
	ck_assert(oid_equal(&judging(&world)->old_id, &accepted));
	world_close(&world);
}
END_TEST

/* Nothing was accepted yet: what follows a refused creation is a creation. And what
 * was never accepted can be deleted: that is still told as a deletion. */
START_TEST(a_push_after_a_refused_creation_is_judged_as_creation)
{
	struct world world;
	world_open(&world, one_yaml);
	fetch_main(&world, "shop", 1);
	world_judge(&world, "fail", NULL);
	fetch_main(&world, "shop", 2);
	ck_assert(oid_is_null(&judging(&world)->old_id));
	ck_assert_uint_eq(judging(&world)->old_id.length, 20);
	world_judge(&world, "fail", NULL);
	fetch_main(&world, "shop", 0);
	struct oid tip = world_commit(2);
	ck_assert(oid_equal(&judging(&world)->old_id, &tip));
	ck_assert(oid_is_null(&judging(&world)->new_id));
	world_close(&world);
}
END_TEST

/* --- what jobs say about others --- */

static void put_fact(struct played *job, const struct oid *key)
{
	static const char *const value = "good ssh SHA256:x";
	struct msg_facts_put put = {
		"signature-1", { { 0 } }, { key, 1 }, { &value, 1 }
	};
	world_say(job, MESSAGE_facts_put, &put, -1);
}

static size_t known_facts(struct world *world, struct played *job,
			  const struct oid *key)
{
	struct msg_facts_get get = { "signature-1", { { 0 } }, { key, 1 } };
	enum message_type type;
	void *message;
	struct error err = ERROR_INIT;
	world_say(job, MESSAGE_facts_get, &get, -1);
	world_turn(world);
	ck_assert_int_eq(channel_receive(&job->channel, world->arena, &type, &message,
					 NULL, &err),
			 1);
	ck_assert_int_eq(type, MESSAGE_facts_known);
	return ((const struct msg_facts_known *)message)->keys.count;
}

START_TEST(facts_of_one_repository_are_not_believed_for_another)
{
	struct world world;
	struct oid key = world_commit(77);
	world_open(&world, two_yaml);
	fetch_main(&world, "evil", 1);
	put_fact(world_job(&world, MESSAGE_judge), &key);
	world_judge(&world, "pass", NULL);
	fetch_main(&world, "shop", 2);
	ck_assert_uint_eq(known_facts(&world, world_job(&world, MESSAGE_judge), &key),
			  0);
	world_judge(&world, "pass", NULL);
	fetch_main(&world, "evil", 3);
	ck_assert_uint_eq(known_facts(&world, world_job(&world, MESSAGE_judge), &key),
			  1);
	world_close(&world);
}
END_TEST

/* One transaction a verdict, not one a fact; and nothing of a job that came to grief.
 */
START_TEST(facts_are_kept_when_their_job_ends_well)
{
	struct world world;
	struct oid key = world_commit(77);
	world_open(&world, one_yaml);
	fetch_main(&world, "shop", 1);
	struct played *job = world_job(&world, MESSAGE_judge);
	put_fact(job, &key);
	world_begin(&world);
	job_hear(&world.control, world.control.jobs);
	ck_assert(!store_in_transaction(world.store));
	world_commit_round(&world);
	world_forget(&world, job); /* it crashes */
	world_turn(&world);
	world.now += 10 * CLOCK_SECOND;
	world_turn(&world);
	job = world_job(&world, MESSAGE_judge);
	ck_assert_uint_eq(known_facts(&world, job, &key), 0);
	world_close(&world);
}
END_TEST

START_TEST(a_judge_cannot_deploy_to_targets_of_others)
{
	struct world world;
	world_open(&world, two_yaml);
	fetch_main(&world, "evil", 1);
	world_judge(&world, "pass", "web");
	ck_assert_uint_eq(open_deployments(&world, "web"), 0);
	fetch_main(&world, "shop", 2);
	world_judge(&world, "pass", "web");
	ck_assert_uint_eq(open_deployments(&world, "web"), 1);
	world_close(&world);
}
END_TEST

/* --- the configuration becomes another while work is on its way --- */

START_TEST(what_waits_for_a_target_that_follows_another_ref_now_is_cancelled)
{
	struct world world;
	struct msg_deployment_row *rows;
	struct msg_query query = { .limit = 1 };
	struct error err = ERROR_INIT;
	size_t count;
	world_open(&world, staging_yaml);
	const char *const refs[] = { "refs/heads/staging" };
	const unsigned int tip = 1;
	world_fetch(&world, "shop", refs, &tip, 1);
	world.control.config->server.workers = 1;
	world_judge(&world, "pass", "web");
	ck_assert_uint_eq(open_deployments(&world, "web"), 1);
	while (world.job_count) /* the packing crashes: it waits for another try */
		world_forget(&world, &world.jobs[0]);
	world_turn(&world);
	ck_assert_uint_eq(open_deployments(&world, "web"), 1);
	world_reload(&world, one_yaml);
	world.now += 400 * CLOCK_SECOND;
	world_turn(&world);
	world_turn(&world);
	struct played *job = world_job(&world, MESSAGE_judge);
	ck_assert(!job || !((const struct msg_judge *)job->request)->emit);
	ck_assert_uint_eq(open_deployments(&world, "web"), 0);
	ck_assert_int_eq(store_deployment_list(world.store, world.arena, &query, &rows,
					       &count, &err),
			 0);
	ck_assert_str_eq(rows[0].state, deployment_state_name(DEPLOYMENT_CANCELLED));
	world_close(&world);
}
END_TEST

/* An operator mends what stood in the way, and reloads. */
START_TEST(what_was_refused_is_judged_once_more_after_a_reload)
{
	struct world world;
	world_open(&world, one_yaml);
	const char *const refs[] = { MAIN, "refs/heads/other" };
	const unsigned int tips[] = { 1, 2 };
	world_fetch(&world, "shop", refs, tips, 2);
	for (int i = 0; i < 2; i++) {
		const struct msg_judge *request = judging(&world);
		world_judge(&world, strcmp(request->ref, MAIN) == 0 ? "fail" : "pass",
			    NULL);
	}
	world_fetch(&world, "shop", refs, tips, 2);
	ck_assert_ptr_null(world_job(&world, MESSAGE_judge));
	world_reload(&world, one_yaml);
	schedule_again(&world.control);
	world_fetch(&world, "shop", refs, tips, 2);
	ck_assert_str_eq(judging(&world)->ref, MAIN);
	world_judge(&world, "pass", "web");
	ck_assert_uint_eq(open_deployments(&world, "web"), 1);
	while (world.job_count)
		world_forget(&world, &world.jobs[0]);
	world_fetch(&world, "shop", refs, tips, 2);
	ck_assert(!world_job(&world, MESSAGE_judge) || judging(&world)->emit);
	world_close(&world);
}
END_TEST

START_TEST(a_backup_goes_on_when_the_configuration_is_reloaded)
{
	struct world world;
	world_open(&world, one_yaml);
	struct msg_command command = { .request = 1,
				       .uid = geteuid(),
				       .verb = "backup" };
	world_begin(&world);
	request_take(&world.control, MESSAGE_command, &command, NULL);
	world_commit_round(&world);
	world_reload(&world, one_yaml);
	/* The sanitizer would tell. */
	ck_assert(strstr(world.control.backup_path, "state.db.backup-") != NULL);
	world.control.backup_request = 0;
	free(world.control.backup_path);
	world_close(&world);
}
END_TEST

/* --- commands that are refused do nothing --- */

static void deploy(struct world *world, unsigned int tip)
{
	fetch_main(world, "shop", tip);
	world_judge(world, "pass", "web");
	world_judge(world, "pass", NULL); /* packs */
	world_deployed(world);
}

static bool is_quarantined(struct world *world, unsigned int tip)
{
	struct oid id = world_commit(tip);
	return store_quarantine_has(world->store, "web", &id);
}

START_TEST(a_rollback_to_what_is_quarantined_does_nothing)
{
	struct world world;
	world_open(&world, one_yaml);
	deploy(&world, 1);
	deploy(&world, 2);
	ck_assert_int_eq(world_command(&world, (struct msg_command){ .verb = "rollback",
								     .target = "web" }),
			 0);
	world_turn(&world);
	world_judge(&world, "pass", NULL);
	world_deployed(&world);
	ck_assert(is_quarantined(&world, 2));
	/* 1 is live as generation 3; generation 2 was the bad one */
	ck_assert_int_eq(world_command(&world, (struct msg_command){ .verb = "rollback",
								     .target = "web",
								     .generation = 2 }),
			 ERROR_STALE);
	ck_assert(!is_quarantined(&world, 1));
	world_close(&world);
}
END_TEST

START_TEST(a_deployment_that_is_refused_leaves_the_target_held)
{
	struct world world;
	struct msg_target_row row;
	struct error err = ERROR_INIT;
	world_open(&world, one_yaml);
	deploy(&world, 1);
	deploy(&world, 2);
	ck_assert_int_eq(world_command(&world, (struct msg_command){ .verb = "rollback",
								     .target = "web" }),
			 0);
	world_turn(&world);
	world_judge(&world, "pass", NULL);
	world_deployed(&world);
	ck_assert_int_eq(store_target_get(world.store, world.arena, "web", &row, &err),
			 0);
	row.held = "for a reason";
	ck_assert_int_eq(store_begin(world.store, &err), 0);
	ck_assert_int_eq(store_target_put(world.store, &row, &err), 0);
	ck_assert_int_eq(store_commit(world.store, &err), 0);
	ck_assert_int_eq(
		world_command(&world,
			      (struct msg_command){ .verb = "deploy",
						    .target = "web",
						    .commit = world_commit(2) }),
		ERROR_STALE);
	ck_assert_int_eq(store_target_get(world.store, world.arena, "web", &row, &err),
			 0);
	ck_assert(row.held && *row.held);
	world_close(&world);
}
END_TEST

/* --- one does not starve the others --- */

START_TEST(many_changes_of_one_repository_do_not_hold_up_another)
{
	enum { MANY = 300 };
	struct world world;
	static char names[MANY][32];
	const char *refs[MANY];
	unsigned int tips[MANY];
	world_open(&world, two_yaml);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "refs/heads/r%03u", i);
		refs[i] = names[i];
		tips[i] = 1000 + i;
	}
	world_fetch(&world, "evil", refs, tips, MANY);
	fetch_main(&world, "shop", 1);
	for (int i = 0; i < 20; i++) {
		for (size_t j = 0; j < world.job_count; j++) {
			const struct msg_judge *request = world.jobs[j].request;
			if (world.jobs[j].type == MESSAGE_judge &&
			    strcmp(request->repository, "shop") == 0) {
				world_close(&world);
				return;
			}
		}
		world_judge(&world, "pass", NULL);
	}
	ck_abort_msg("twenty judgements later it still waits");
}
END_TEST

/* What was accepted goes live though there is always another change to judge. */
START_TEST(deployments_do_not_wait_for_all_changes)
{
	enum { MANY = 40 };
	struct world world;
	static char names[MANY][32];
	const char *refs[MANY];
	unsigned int tips[MANY];
	world_open(&world, two_yaml);
	fetch_main(&world, "shop", 1);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "refs/heads/r%03u", i);
		refs[i] = names[i];
		tips[i] = 1000 + i;
	}
	world_fetch(&world, "evil", refs, tips, MANY);
	for (int i = 0; i < 10 && !world_job(&world, MESSAGE_deploy); i++) {
		const struct msg_judge *request = judging(&world);
		world_judge(&world, "pass",
			    strcmp(request->repository, "shop") == 0 ? "web" : NULL);
	}
	ck_assert_ptr_nonnull(world_job(&world, MESSAGE_deploy));
	world_close(&world);
}
END_TEST

/* Nothing of these can be judged now: they wait for their next try. */
START_TEST(changes_that_wait_for_another_try_do_not_hold_up_others)
{
	enum { MANY = 100 };
	struct world world;
	static char names[MANY][32];
	const char *refs[MANY + 1];
	unsigned int tips[MANY + 1];
	world_open(&world, one_yaml);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "refs/heads/r%03u", i);
		refs[i] = names[i];
		tips[i] = 1000 + i;
	}
	refs[MANY] = "refs/heads/zzz";
	tips[MANY] = 5;
	world_fetch(&world, "shop", refs, tips, MANY + 1);
	for (int i = 0; i < MANY + 10; i++) {
		world.now -= 20000; /* time stands still */
		struct played *job = world_job(&world, MESSAGE_judge);
		ck_assert_msg(job != NULL, "after %d nothing is judged", i);
		const struct msg_judge *request = job->request;
		if (strcmp(request->ref, "refs/heads/zzz") == 0) {
			world_close(&world);
			return;
		}
		world_judge(&world, "unknown", NULL);
	}
	ck_abort_msg("it still waits");
}
END_TEST

UNIT_MAIN("review of control",
	  a_push_on_top_of_a_refused_one_is_judged_from_what_was_accepted,
	  a_ref_made_anew_after_a_refused_deletion_is_judged_as_moved,
	  a_push_after_a_refused_creation_is_judged_as_creation,
	  facts_of_one_repository_are_not_believed_for_another,
	  facts_are_kept_when_their_job_ends_well,
	  a_judge_cannot_deploy_to_targets_of_others,
	  what_waits_for_a_target_that_follows_another_ref_now_is_cancelled,
	  what_was_refused_is_judged_once_more_after_a_reload,
	  a_backup_goes_on_when_the_configuration_is_reloaded,
	  a_rollback_to_what_is_quarantined_does_nothing,
	  a_deployment_that_is_refused_leaves_the_target_held,
	  many_changes_of_one_repository_do_not_hold_up_another,
	  deployments_do_not_wait_for_all_changes,
	  changes_that_wait_for_another_try_do_not_hold_up_others)
