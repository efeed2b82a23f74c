/* tests/unit/test_target_crash.c - a worker that is killed at any call that changes
 * something leaves what was live or what shall be, and the same apply, done again,
 * brings the same end; an activate command never runs twice unasked. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_target_fixture.h"

/* --- a child that is killed right before its n-th call that changes something --- */

static bool changes_something(uint64_t number)
{
	static const long calls[] = { SYS_write,    SYS_fsync,    SYS_syncfs,
				      SYS_fchmod,   SYS_mkdirat,  SYS_symlinkat,
				      SYS_unlinkat, SYS_renameat, SYS_renameat2,
				      SYS_openat2,  SYS_openat };
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (number == (uint64_t)calls[i])
			return true;
	return false;
}

static bool is_at_point(pid_t child)
{
	struct ptrace_syscall_info info = { 0 };
	long got = ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info);
	return got > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY &&
	       changes_something(info.entry.nr);
}

enum crash { CRASH_UNKNOWN = 0, CRASH_KILLED, CRASH_ENDED, CRASH_UNTRACEABLE };

/* Runs `work` in a child. KILLED: at its point; ENDED: it was through before. */
static enum crash run_until(unsigned int point, void (*work)(void *data), void *data)
{
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(99);
		raise(SIGSTOP);
		work(data);
		_exit(0);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status))
		return CRASH_UNTRACEABLE;
	ptrace(PTRACE_SETOPTIONS, child, NULL,
	       (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	unsigned int seen = 0;
	while (true) {
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80) || !is_at_point(child) ||
		    ++seen < point)
			continue;
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		return CRASH_KILLED;
	}
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return CRASH_ENDED;
}

/* --- the scenes --- */

struct scene {
	struct fixture fixture;
	struct manifests manifests;
	uint64_t generation;
	int expected;
	const char *runs; /* a file: one byte for each run of the command */
	int command_code;
	struct target_activate activate;
};

static int run_command(void *data, const char *const *environment, struct error *err)
{
	const struct scene *scene = data;
	(void)environment;
	int fd = open(scene->runs, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "x", 1) != 1)
		abort();
	close(fd);
	return scene->command_code == 0
		       ? 0
		       : error_set(err, scene->command_code, "the command failed");
}

static size_t count_runs(struct scene *scene)
{
	struct stat status;
	return stat(scene->runs, &status) == 0 ? (size_t)status.st_size : 0;
}

static void apply_scene(void *data)
{
	struct scene *scene = data;
	struct target_result result;
	int code = target_apply(&scene->fixture.target, scene->generation,
				&scene->manifests, scene->fixture.arena, &result, NULL);
	if (code != scene->expected)
		abort();
}

static struct manifests site(struct fixture *fixture, unsigned char commit)
{
	return MANIFESTS(fixture, commit, { "a/b/deep", PLAIN, "deep\n" },
			 { "index.html", PLAIN, commit == 1 ? "one\n" : "two\n" },
			 { "link", LINK, "a/b" }, { "run", PROGRAM, "run\n" });
}

static void scene_open(struct scene *scene, bool activates)
{
	/* In memory: hundreds of deployments, each with its syncs. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	*scene = (struct scene){ .generation = 2 };
	struct fixture *fixture = &scene->fixture;
	fixture_open(fixture);
	fixture->target.keep = 2;
	scene->runs = arena_printf(fixture->arena, "%s/runs", fixture->outside);
	scene->manifests = site(fixture, 2);
	scene->activate = (struct target_activate){ run_command, scene };
	fixture->target.activate = activates ? &scene->activate : NULL;
}

static bool is_live(struct scene *scene, const struct target_result *result)
{
	return result->release != NULL && !fixture_drifts(&scene->fixture, result);
}

static void check_order(struct scene *scene)
{
	struct manifests old = site(&scene->fixture, 1);
	fixture_apply(&scene->fixture, 1, &old, ERROR_TARGET_NEWER);
	ck_assert_uint_eq(fixture_count(&scene->fixture, "releases", "."), 0);
	ck_assert_uint_eq(fixture_count(&scene->fixture, ".", "."), 1);
	ck_assert_uint_eq(fixture_count(&scene->fixture, ".", ""), 3);
}

static bool over(enum crash crash, unsigned int point, unsigned int least)
{
	if (crash == CRASH_UNTRACEABLE) {
		printf("# skipped: this system does not let a process be traced\n");
		return true;
	}
	if (crash == CRASH_ENDED)
		ck_assert_msg(point > least, "only %u points", point - 1);
	return crash == CRASH_ENDED;
}

START_TEST(first_deployment_killed_anywhere)
{
	enum crash crash = CRASH_KILLED;
	for (unsigned int point = 1; crash == CRASH_KILLED; point++) {
		struct scene scene;
		scene_open(&scene, false);
		crash = run_until(point, apply_scene, &scene);
		bool linked = fixture_link(&scene.fixture, "current") != NULL;
		if (linked)
			ck_assert_str_eq(fixture_read(&scene.fixture, "current/"
								      "index.html"),
					 "two\n");
		struct target_result result =
			fixture_apply(&scene.fixture, 2, &scene.manifests, 0);
		ck_assert(is_live(&scene, &result));
		check_order(&scene);
		fixture_close(&scene.fixture);
		if (over(crash, point, 20))
			break;
	}
}
END_TEST

START_TEST(later_deployment_killed_anywhere)
{
	enum crash crash = CRASH_KILLED;
	for (unsigned int point = 1; crash == CRASH_KILLED; point++) {
		struct scene scene;
		scene_open(&scene, false);
		struct manifests first = site(&scene.fixture, 1);
		struct target_result old = fixture_apply(&scene.fixture, 1, &first, 0);
		struct manifests more = site(&scene.fixture, 3);
		fixture_apply(&scene.fixture, 2, &more, 0);
		old = fixture_apply(&scene.fixture, 3, &first, 0);
		scene.generation = 4;
		struct target_result planned;
		ck_assert_int_eq(target_plan(&scene.fixture.target, 4, &scene.manifests,
					     scene.fixture.arena, &planned, NULL),
				 0);
		crash = run_until(point, apply_scene, &scene);
		/* At each moment one of the two is live, whole. */
		ck_assert_msg(is_live(&scene, &old) || is_live(&scene, &planned),
			      "point %u", point);
		struct target_result result =
			fixture_apply(&scene.fixture, 4, &scene.manifests, 0);
		ck_assert(is_live(&scene, &result));
		check_order(&scene);
		/* What a crash kept it from pruning the next one prunes. */
		fixture_apply(&scene.fixture, 5, &first, 0);
		ck_assert_uint_eq(fixture_count(&scene.fixture, "releases", ""), 4);
		fixture_close(&scene.fixture);
		if (over(crash, point, 20))
			break;
	}
}
END_TEST

/* The live release itself was edited, and is written again under the same name. */
START_TEST(mending_killed_anywhere)
{
	enum crash crash = CRASH_KILLED;
	for (unsigned int point = 1; crash == CRASH_KILLED; point++) {
		struct scene scene;
		scene_open(&scene, false);
		struct target_result result =
			fixture_apply(&scene.fixture, 2, &scene.manifests, 0);
		fixture_write(&scene.fixture, "current/index.html", "TWO\n");
		crash = run_until(point, apply_scene, &scene);
		/* The edited or the mended one: never none. */
		ck_assert_ptr_nonnull(fixture_read(&scene.fixture, "current/"
								   "index.html"));
		fixture_apply(&scene.fixture, 2, &scene.manifests, 0);
		ck_assert(is_live(&scene, &result));
		check_order(&scene);
		fixture_close(&scene.fixture);
		if (over(crash, point, 20))
			break;
	}
}
END_TEST

START_TEST(mending_with_a_command_killed_anywhere)
{
	enum crash crash = CRASH_KILLED;
	for (unsigned int point = 1; crash == CRASH_KILLED; point++) {
		struct scene scene;
		scene_open(&scene, true);
		fixture_apply(&scene.fixture, 2, &scene.manifests, 0);
		fixture_write(&scene.fixture, "current/index.html", "TWO\n");
		crash = run_until(point, apply_scene, &scene);
		size_t runs = count_runs(&scene);
		struct target_result result;
		int code = target_apply(&scene.fixture.target, 2, &scene.manifests,
					scene.fixture.arena, &result, NULL);
		/* For what was mended it ran exactly once more, or there is doubt. */
		ck_assert_int_eq(code, result.in_doubt ? ERROR_CLOSED : 0);
		ck_assert_uint_eq(count_runs(&scene), result.in_doubt ? runs : 2);
		fixture_close(&scene.fixture);
		if (over(crash, point, 20))
			break;
	}
}
END_TEST

START_TEST(activation_killed_anywhere_never_runs_twice)
{
	enum crash crash = CRASH_KILLED;
	size_t doubts = 0;
	for (unsigned int point = 1; crash == CRASH_KILLED; point++) {
		struct scene scene;
		scene_open(&scene, true);
		crash = run_until(point, apply_scene, &scene);
		size_t runs = count_runs(&scene);
		struct target_result result;
		int code = target_apply(&scene.fixture.target, 2, &scene.manifests,
					scene.fixture.arena, &result, NULL);
		if (code != 0) {
			ck_assert_int_eq(code, ERROR_CLOSED);
			ck_assert(result.in_doubt);
			ck_assert_uint_eq(count_runs(&scene), runs);
			doubts++;
		} else {
			ck_assert_uint_eq(count_runs(&scene), 1);
		}
		ck_assert_uint_le(count_runs(&scene), 1);
		ck_assert_str_eq(fixture_read(&scene.fixture, "current/index.html"),
				 "two\n");
		/* Deployed again on purpose it runs, and doubt is gone. */
		runs = count_runs(&scene);
		fixture_apply(&scene.fixture, 3, &scene.manifests, 0);
		ck_assert_uint_eq(count_runs(&scene), runs + 1);
		check_order(&scene);
		fixture_close(&scene.fixture);
		if (over(crash, point, 20))
			break;
	}
	if (crash != CRASH_UNTRACEABLE)
		ck_assert_uint_ge(doubts, 3);
}
END_TEST

START_TEST(going_back_killed_anywhere)
{
	enum crash crash = CRASH_KILLED;
	for (unsigned int point = 1; crash == CRASH_KILLED; point++) {
		struct scene scene;
		scene_open(&scene, true);
		struct manifests first = site(&scene.fixture, 1);
		struct target_result old = fixture_apply(&scene.fixture, 1, &first, 0);
		scene.command_code = ERROR_CHILD;
		scene.expected = ERROR_CHILD;
		crash = run_until(point, apply_scene, &scene);
		ck_assert_ptr_nonnull(fixture_read(&scene.fixture, "current/"
								   "index.html"));
		/* Before the run, or after it failed, trying again goes back again;
		 * amid it nobody knows. */
		struct target_result result;
		int code = target_apply(&scene.fixture.target, 2, &scene.manifests,
					scene.fixture.arena, &result, NULL);
		ck_assert_int_eq(code, result.in_doubt ? ERROR_CLOSED : ERROR_CHILD);
		if (!result.in_doubt)
			ck_assert(is_live(&scene, &old));
		fixture_apply(&scene.fixture, 1, &first, ERROR_TARGET_NEWER);
		scene.command_code = 0;
		struct target_result next =
			fixture_apply(&scene.fixture, 3, &scene.manifests, 0);
		ck_assert(is_live(&scene, &next));
		fixture_close(&scene.fixture);
		if (over(crash, point, 20))
			break;
	}
}
END_TEST

UNIT_MAIN("target crash", first_deployment_killed_anywhere,
	  later_deployment_killed_anywhere, mending_killed_anywhere,
	  mending_with_a_command_killed_anywhere,
	  activation_killed_anywhere_never_runs_twice, going_back_killed_anywhere)
