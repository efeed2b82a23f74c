/* tests/unit/test_job_report.c - the job that talks to a forge: every item is answered,
 * in order, whatever the forge does. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "forge_scene.h"
#include "ipc/message.h"
#include "job/report.h"
#include "unit.h"

#define SHA  "6dcb09b5b57875f334f61aebed695e2e4193db5e"
#define REPO "/api/v1/repos/acme/shop"
#define POST "POST " REPO "/statuses/" SHA
#define NOW  INT64_C(1795253400000000)

static struct scene scene;
static struct arena *arena;
static struct channel ours, theirs;
static struct error err;

static void begin(void)
{
	int fds[2];
	scene_begin(&scene);
	arena = arena_new((size_t)64 << 20);
	ck_assert_int_eq(channel_pair(fds, &err), 0);
	ck_assert_int_eq(channel_open(&ours, fds[0], false, &err), 0);
	ck_assert_int_eq(channel_open(&theirs, fds[1], false, &err), 0);
}

static void end(void)
{
	channel_close(&ours);
	channel_close(&theirs);
	arena_free(arena);
	scene_end(&scene);
}

static void say(enum message_type type, const void *message)
{
	ck_assert_msg(channel_send(&ours, type, message, NULL, 0, &err) == 0, "%s",
		      err.text);
}

static void say_session(const char *kind)
{
	struct msg_forge_session session = { .source = "forge",
					     .kind = kind,
					     .api = scene.base,
					     .token = "t0ken",
					     .timeout = 5 * CLOCK_SECOND };
	say(MESSAGE_forge_session, &session);
}

static void say_item(uint64_t id, const char *kind)
{
	struct msg_report_item item = { .id = id,
					.created_at = (int64_t)id * 1000,
					.kind = kind,
					.name = "acme/shop",
					.context = "gitgate/policy",
					.state = "failure",
					.description = "refused",
					.number = 7,
					.forge_ref = "77" };
	oid_parse(SHA, 40, &item.commit);
	say(MESSAGE_report_item, &item);
}

static void say_finding(const char *message)
{
	struct msg_finding_row row = { .severity = "error",
				       .rule = "r",
				       .message = message };
	say(MESSAGE_finding_row, &row);
}

static void say_done(void)
{
	static const struct msg_done done = { 0 };
	say(MESSAGE_done, &done);
}

static int run(void)
{
	int code = job_report(&theirs);
	channel_close(&theirs);
	return code;
}

static void *hear(enum message_type type)
{
	enum message_type heard;
	void *message;
	ck_assert_int_eq(channel_receive(&ours, arena, &heard, &message, NULL, &err),
			 1);
	ck_assert_int_eq(heard, type);
	return message;
}

static const struct msg_reported *hear_reported(uint64_t id)
{
	const struct msg_reported *reported = hear(MESSAGE_reported);
	ck_assert_uint_eq(reported->id, id);
	ck_assert_int_eq(reported->created_at, (int64_t)id * 1000);
	return reported;
}

static const struct msg_forge_budget *hear_end(void)
{
	const struct msg_forge_budget *budget = hear(MESSAGE_forge_budget);
	hear(MESSAGE_done);
	return budget;
}

START_TEST(each_item_is_posted_and_answered)
{
	begin();
	say_session("forgejo");
	say_item(1, "status");
	say_item(2, "comment");
	say_finding("of the second");
	say_item(3, "nonsense");
	say_done();
	scene_headers(&scene, POST, 201, "X-RateLimit-Remaining: 12\r\n",
		      "{\"id\":41}");
	scene_always(&scene, "PATCH " REPO "/issues/comments/77", 200, "{\"id\":77}");
	ck_assert_int_eq(run(), 0);
	const struct msg_reported *reported = hear_reported(1);
	ck_assert_int_eq(reported->code, 0);
	ck_assert_str_eq(reported->forge_ref, "41");
	reported = hear_reported(2);
	ck_assert_int_eq(reported->code, 0);
	ck_assert_str_eq(reported->forge_ref, "77");
	const struct scene_request *comment = scene_last(&scene, "PATCH " REPO "/issues"
								 "/commen"
								 "ts/77");
	ck_assert_ptr_nonnull(strstr(scene_text(&scene, comment, "body"), "`of the "
									  "second`"));
	reported = hear_reported(3);
	ck_assert_int_eq(reported->code, ERROR_USAGE);
	ck_assert_str_eq(reported->forge_ref, "77");
	ck_assert_int_eq(hear_end()->remaining, 12);
	end();
}
END_TEST

START_TEST(failed_item_stops_nobody)
{
	begin();
	say_session("forgejo");
	say_item(1, "status");
	say_item(2, "status");
	say_done();
	scene_once(&scene, POST, 422, "{\"message\":\"no such sha\"}");
	scene_always(&scene, POST, 201, "{\"id\":41}");
	ck_assert_int_eq(run(), 0);
	const struct msg_reported *reported = hear_reported(1);
	ck_assert_int_eq(reported->code, ERROR_FORGE_REFUSED);
	ck_assert_ptr_nonnull(strstr(reported->text, "no such sha"));
	ck_assert_int_eq(hear_reported(2)->code, 0);
	hear_end();
	end();
}
END_TEST

START_TEST(limit_ends_the_batch)
{
	clock_set_for_tests(NOW);
	begin();
	say_session("forgejo");
	for (uint64_t id = 1; id <= 3; id++)
		say_item(id, "status");
	say_done();
	scene_headers(&scene, POST, 429, "Retry-After: 90\r\n", "{}");
	ck_assert_int_eq(run(), 0);
	for (uint64_t id = 1; id <= 3; id++) {
		const struct msg_reported *reported = hear_reported(id);
		ck_assert_int_eq(reported->code, ERROR_RATE_LIMITED);
		ck_assert_int_eq(reported->retry_at, NOW + 90 * CLOCK_SECOND);
	}
	ck_assert_int_eq(hear_end()->retry_at, NOW + 90 * CLOCK_SECOND);
	ck_assert_uint_eq(scene_count(&scene, POST), 1);
	end();
	clock_set_for_tests(-1);
}
END_TEST

START_TEST(forge_that_is_away_is_not_tried_for_each)
{
	struct msg_forge_session session = { .kind = "forgejo",
					     .api = "http://127.0.0.1:1",
					     .timeout = CLOCK_SECOND };
	begin();
	say(MESSAGE_forge_session, &session);
	for (uint64_t id = 1; id <= 5; id++)
		say_item(id, "status");
	say_done();
	ck_assert_int_eq(run(), 0);
	for (uint64_t id = 1; id <= 5; id++)
		ck_assert_int_eq(hear_reported(id)->code, ERROR_NETWORK);
	ck_assert_int_eq(hear_end()->remaining, -1);
	end();
}
END_TEST

START_TEST(session_that_does_not_open_fails_each)
{
	begin();
	say_session("hmac");
	say_item(1, "status");
	say_item(2, "status");
	say_done();
	ck_assert_int_eq(run(), 0);
	ck_assert_int_eq(hear_reported(1)->code, ERROR_USAGE);
	ck_assert_int_eq(hear_reported(2)->code, ERROR_USAGE);
	hear_end();
	end();
}
END_TEST

/* --- lookups --- */

#define PULL                                                                           \
	"{\"number\":7,\"state\":\"open\",\"head\":{\"sha\":\"" SHA                    \
	"\",\"ref\":\"topic\"},\"base\":{\"sha\":\"" SHA "\",\"ref\":\"main\"}}"
#define REVIEW                                                                         \
	"[{\"user\":{\"login\":\"bob\"},\"state\":\"APPROVED\",\"official\":true,"     \
	"\"commit_id\":\"" SHA "\"}]"

static void say_lookup(const char *mode, uint64_t number)
{
	struct msg_lookup_item item = { .repository = "shop",
					.name = "acme/shop",
					.mode = mode,
					.number = number };
	if (strcmp(mode, "commit") == 0)
		oid_parse(SHA, 40, &item.commit);
	say(MESSAGE_lookup_item, &item);
}

static void hear_pull(void)
{
	const struct msg_merge_request_row *row = hear(MESSAGE_merge_request_row);
	ck_assert_str_eq(row->repository, "shop");
	ck_assert_uint_eq(row->number, 7);
	const struct msg_review_row *review = hear(MESSAGE_review_row);
	ck_assert_str_eq(review->repository, "shop");
	ck_assert_uint_eq(review->number, 7);
	ck_assert_str_eq(review->reviewer, "bob");
}

static const struct msg_looked_up *hear_looked_up(const char *mode)
{
	const struct msg_looked_up *looked = hear(MESSAGE_looked_up);
	ck_assert_str_eq(looked->repository, "shop");
	ck_assert_str_eq(looked->mode, mode);
	return looked;
}

START_TEST(lookups_are_answered)
{
	begin();
	scene_always(&scene, "GET " REPO "/pulls?state=open&limit=50", 200,
		     "[{\"number\":7}]");
	scene_always(&scene, "GET " REPO "/pulls/7", 200, PULL);
	scene_always(&scene, "GET " REPO "/pulls/8", 404, "{}");
	scene_always(&scene, "GET " REPO "/pulls/7/reviews?limit=50", 200, REVIEW);
	scene_always(&scene, "GET " REPO "/commits/" SHA "/pull", 200,
		     "{\"number\":7}");
	say_session("gitea");
	say_lookup("open", 0);
	say_lookup("number", 7);
	say_lookup("number", 8);
	say_lookup("commit", 0);
	say_lookup("all", 0);
	say_done();
	ck_assert_int_eq(run(), 0);
	hear_pull();
	ck_assert_int_eq(hear_looked_up("open")->code, 0);
	hear_pull();
	ck_assert_int_eq(hear_looked_up("number")->code, 0);
	const struct msg_looked_up *gone = hear_looked_up("number");
	ck_assert_int_eq(gone->code, ERROR_NOT_FOUND);
	ck_assert_uint_eq(gone->number, 8);
	hear_pull();
	const struct msg_looked_up *commit = hear_looked_up("commit");
	ck_assert_int_eq(commit->code, 0);
	ck_assert_str_eq(oid_text(&commit->commit), SHA);
	ck_assert_int_eq(hear_looked_up("all")->code, ERROR_USAGE);
	hear_end();
	end();
}
END_TEST

START_TEST(half_a_list_is_not_sent)
{
	begin();
	scene_always(&scene, "GET " REPO "/pulls?state=open&limit=50", 200,
		     "[{\"number\":7},{\"number\":9}]");
	scene_always(&scene, "GET " REPO "/pulls/7", 200, PULL);
	scene_always(&scene, "GET " REPO "/pulls/7/reviews?limit=50", 200, REVIEW);
	scene_always(&scene, "GET " REPO "/pulls/9", 500, "{}");
	say_session("gitea");
	say_lookup("open", 0);
	say_done();
	ck_assert_int_eq(run(), 0);
	ck_assert_int_eq(hear_looked_up("open")->code, ERROR_FORGE);
	hear_end();
	end();
}
END_TEST

/* --- requests that are none --- */

START_TEST(request_without_a_session_is_none)
{
	begin();
	say_item(1, "status");
	say_done();
	ck_assert_int_eq(run(), 1);
	end();
}
END_TEST

START_TEST(finding_without_an_item_is_none)
{
	begin();
	say_session("forgejo");
	say_finding("of nothing");
	say_done();
	ck_assert_int_eq(run(), 1);
	end();
}
END_TEST

START_TEST(half_a_request_is_none)
{
	begin();
	say_session("forgejo");
	say_item(1, "status");
	shutdown(ours.fd, SHUT_WR);
	ck_assert_int_eq(run(), 1);
	ck_assert_uint_eq(scene.request_count, 0);
	end();
}
END_TEST

UNIT_MAIN("job", each_item_is_posted_and_answered, failed_item_stops_nobody,
	  limit_ends_the_batch, forge_that_is_away_is_not_tried_for_each,
	  session_that_does_not_open_fails_each, lookups_are_answered,
	  half_a_list_is_not_sent, request_without_a_session_is_none,
	  finding_without_an_item_is_none, half_a_request_is_none)
