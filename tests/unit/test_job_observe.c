/* tests/unit/test_job_observe.c - edits beneath a target are noticed at once, and not
 * told more often than once a second. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "ipc/message.h"
#include "job/observe.h"
#include "test_target_fixture.h"

struct observer {
	struct fixture fixture;
	struct channel control; /* our end */
	struct channel job;
	pthread_t thread;
	intptr_t status;
};

static void *run_job(void *data)
{
	struct observer *observer = data;
	observer->status = job_observe(&observer->job);
	channel_close(&observer->job);
	return NULL;
}

static void deploy(struct observer *observer, unsigned int generation)
{
	struct manifests manifests = MANIFESTS(
		&observer->fixture, (unsigned char)generation,
		{ "a/b/deep", PLAIN, "deep\n" }, { "index.html", PLAIN, "index\n" });
	fixture_apply(&observer->fixture, generation, &manifests, 0);
}

static void observer_open(struct observer *observer)
{
	fixture_open(&observer->fixture);
	int fds[2];
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	ck_assert_int_eq(channel_open(&observer->control, fds[0], false, NULL), 0);
	ck_assert_int_eq(channel_open(&observer->job, fds[1], false, NULL), 0);
	ck_assert_int_eq(pthread_create(&observer->thread, NULL, run_job, observer), 0);
}

static void observer_end(struct observer *observer)
{
	channel_close(&observer->control);
	ck_assert_int_eq(pthread_join(observer->thread, NULL), 0);
	fixture_close(&observer->fixture);
}

static void observer_close(struct observer *observer)
{
	observer_end(observer);
	ck_assert_int_eq(observer->status, 0);
}

/* The touched path of the next hint, or NULL when none comes in so many milliseconds.
 */
static const char *next_hint(struct observer *observer, int milliseconds)
{
	struct pollfd ready = { observer->control.fd, POLLIN, 0 };
	if (poll(&ready, 1, milliseconds) != 1)
		return NULL;
	enum message_type type;
	void *message;
	ck_assert_int_eq(channel_receive(&observer->control, observer->fixture.arena,
					 &type, &message, NULL, NULL),
			 1);
	ck_assert_int_eq(type, MESSAGE_observed);
	const struct msg_observed *observed = message;
	ck_assert_str_eq(observed->target, "site");
	return observed->path != NULL ? observed->path : "";
}

/* Until no hint can be on its way: one comes within a second, or not at all. */
static void drain(struct observer *observer)
{
	while (next_hint(observer, 1050) != NULL)
		;
}

static void send_list(struct observer *observer, const char *root)
{
	static const char *const names[] = { "site" };
	const char *const roots[] = { root };
	struct msg_observe list = { .targets = { names, 1 }, .paths = { roots, 1 } };
	ck_assert_int_eq(
		channel_send(&observer->control, MESSAGE_observe, &list, NULL, 0, NULL),
		0);
}

/* The job answers nothing to a list: it watches when an edit is noticed. */
static void watch(struct observer *observer)
{
	send_list(observer, observer->fixture.root);
	for (int i = 0; i < 200; i++) {
		fixture_write(&observer->fixture, "probe", "x");
		if (next_hint(observer, 50) != NULL)
			break;
	}
	ck_assert_int_eq(unlink(fixture_path(&observer->fixture, "probe")), 0);
	drain(observer);
}

START_TEST(edits_are_noticed_wherever_they_are)
{
	static const char *const edits[] = { "current/index.html", "current/a/b/deep",
					     "current/a/new",
					     "releases/1-0101010101.list" };
	struct observer observer;
	observer_open(&observer);
	deploy(&observer, 1);
	watch(&observer);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		fixture_write(&observer.fixture, edits[i], "edited\n");
		const char *hint = next_hint(&observer, 3000);
		ck_assert_msg(hint != NULL, "'%s' was not noticed", edits[i]);
		const char *base = strrchr(edits[i], '/');
		ck_assert_msg(strstr(hint, base) != NULL, "'%s' as '%s'", edits[i],
			      hint);
		drain(&observer);
	}
	ck_assert_int_eq(
		chmod(fixture_path(&observer.fixture, "current/index.html"), 0600), 0);
	ck_assert_ptr_nonnull(next_hint(&observer, 3000));
	observer_close(&observer);
}
END_TEST

START_TEST(bursts_become_one_hint_a_second_and_the_last_edit_counts)
{
	struct observer observer;
	observer_open(&observer);
	deploy(&observer, 1);
	watch(&observer);
	int64_t start = clock_monotonic();
	int64_t last_edit = start;
	size_t hints = 0;
	int64_t last_hint = 0;
	while (clock_monotonic() - start < 2 * CLOCK_SECOND) {
		fixture_write(&observer.fixture, "current/index.html", "again\n");
		last_edit = clock_monotonic();
		if (next_hint(&observer, 5) != NULL) {
			hints++;
			last_hint = clock_monotonic();
		}
	}
	while (next_hint(&observer, 1500) != NULL) {
		hints++;
		last_hint = clock_monotonic();
	}
	ck_assert_uint_ge(hints, 2);
	ck_assert_uint_le(hints, 4);
	ck_assert(last_hint >= last_edit);
	observer_close(&observer);
}
END_TEST

START_TEST(new_releases_and_directories_are_followed)
{
	struct observer observer;
	observer_open(&observer);
	deploy(&observer, 1);
	watch(&observer);
	deploy(&observer, 2);
	ck_assert_ptr_nonnull(next_hint(&observer, 3000));
	drain(&observer);
	fixture_write(&observer.fixture, "current/a/b/deep", "edited\n");
	const char *hint = next_hint(&observer, 3000);
	ck_assert_ptr_nonnull(hint);
	ck_assert_ptr_nonnull(strstr(hint, "2-0202020202/a/b/deep"));
	drain(&observer);
	/* A directory made by somebody, and then a file in it. */
	ck_assert_int_eq(mkdir(fixture_path(&observer.fixture, "current/a/own"), 0755),
			 0);
	ck_assert_ptr_nonnull(next_hint(&observer, 3000));
	drain(&observer);
	fixture_write(&observer.fixture, "current/a/own/file", "x");
	ck_assert_ptr_nonnull(next_hint(&observer, 3000));
	/* The release that is not live any more is nobody's concern. */
	drain(&observer);
	fixture_write(&observer.fixture, "releases/1-0101010101/index.html", "x");
	ck_assert_ptr_null(next_hint(&observer, 1050));
	observer_close(&observer);
}
END_TEST

START_TEST(missing_roots_are_found_when_they_come)
{
	struct observer observer;
	observer_open(&observer);
	ck_assert_int_eq(rmdir(observer.fixture.root), 0);
	send_list(&observer, observer.fixture.root);
	ck_assert_ptr_null(next_hint(&observer, 300));
	ck_assert_int_eq(mkdir(observer.fixture.root, 0755), 0);
	ck_assert_ptr_nonnull(next_hint(&observer, 8000));
	drain(&observer);
	fixture_write(&observer.fixture, "probe", "x");
	ck_assert_ptr_nonnull(next_hint(&observer, 3000));
	observer_close(&observer);
}
END_TEST

START_TEST(hints_are_escaped)
{
	struct observer observer;
	observer_open(&observer);
	deploy(&observer, 1);
	watch(&observer);
	fixture_write(&observer.fixture, "current/\033[31m\n\xff", "x");
	const char *hint = next_hint(&observer, 3000);
	ck_assert_ptr_nonnull(hint);
	ck_assert_str_eq(hint, "releases/1-0101010101/\\x1b[31m\\x0a\\xff");
	observer_close(&observer);
}
END_TEST

START_TEST(new_list_replaces_the_old)
{
	struct observer observer;
	observer_open(&observer);
	deploy(&observer, 1);
	watch(&observer);
	struct msg_observe none = { 0 };
	ck_assert_int_eq(
		channel_send(&observer.control, MESSAGE_observe, &none, NULL, 0, NULL),
		0);
	ck_assert_ptr_null(next_hint(&observer, 200));
	fixture_write(&observer.fixture, "current/index.html", "x");
	ck_assert_ptr_null(next_hint(&observer, 1050));
	watch(&observer);
	observer_close(&observer);
}
END_TEST

START_TEST(what_is_not_a_list_ends_it)
{
	struct observer observer;
	observer_open(&observer);
	struct msg_deploy_phase other = { .phase = "x" };
	ck_assert_int_eq(channel_send(&observer.control, MESSAGE_deploy_phase, &other,
				      NULL, 0, NULL),
			 0);
	observer_end(&observer);
	ck_assert_int_eq(observer.status, 1);
}
END_TEST

UNIT_MAIN("observe", edits_are_noticed_wherever_they_are,
	  bursts_become_one_hint_a_second_and_the_last_edit_counts,
	  new_releases_and_directories_are_followed,
	  missing_roots_are_found_when_they_come, hints_are_escaped,
	  new_list_replaces_the_old, what_is_not_a_list_ends_it)
