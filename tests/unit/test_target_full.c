/* tests/unit/test_target_full.c - full disks and failing calls: a clear error, what was
 * live stays live, nothing half done stays, and the next deployment works. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_target_fixture.h"

#define LARGE_BYTES 500000

static struct manifests large(struct fixture *fixture, unsigned char commit)
{
	char *content = arena_alloc(fixture->arena, LARGE_BYTES + 1);
	memset(content, 'x', LARGE_BYTES);
	return MANIFESTS(fixture, commit, { "a/small", PLAIN, "x" },
			 { "b/large", PLAIN, content });
}

static struct manifests small(struct fixture *fixture, unsigned char commit)
{
	return MANIFESTS(fixture, commit, { "index.html", PLAIN, "small\n" },
			 { "link", LINK, "index.html" });
}

static void check_untouched(struct fixture *fixture, const struct target_result *live)
{
	ck_assert(!fixture_drifts(fixture, live));
	ck_assert_uint_eq(fixture_count(fixture, "releases", "."), 0);
	ck_assert_uint_eq(fixture_count(fixture, "releases", ""), 2);
	ck_assert_uint_eq(fixture_count(fixture, ".", ".g"), 1);
}

static void check_full(struct fixture *fixture, int expected)
{
	struct manifests first = small(fixture, 1);
	struct target_result live = fixture_apply(fixture, 1, &first, 0);
	struct manifests second = large(fixture, 2);
	fixture_apply(fixture, 2, &second, expected);
	check_untouched(fixture, &live);
	struct manifests third = small(fixture, 3);
	live = fixture_apply(fixture, 3, &third, 0);
	ck_assert(!fixture_drifts(fixture, &live));
}

START_TEST(file_over_the_process_limit_is_refused_whole)
{
	struct fixture fixture;
	fixture_open(&fixture);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit = { LARGE_BYTES / 2, LARGE_BYTES };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	check_full(&fixture, ERROR_IO);
	fixture_close(&fixture);
}
END_TEST

START_TEST(full_disk_is_refused_whole)
{
	struct fixture fixture;
	fixture_open(&fixture);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", fixture.root, "tmpfs", 0, "size=256k") != 0) {
		printf("# skipped: a small file system cannot be mounted: %s\n",
		       strerror(errno));
	} else {
		check_full(&fixture, ERROR_NO_SPACE);
		ck_assert_int_eq(umount(fixture.root), 0);
	}
	fixture_close(&fixture);
}
END_TEST

/* --- calls that fail --- */

/* From now on the call fails with errno `number`; write(2) only beyond standard error.
 */
static bool let_fail(long call, int number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 0, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | ((unsigned int)number & 0xffff)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The code of an apply in a child where the call fails; 1: no filter can be had. */
static int apply_failing(struct fixture *fixture, const struct manifests *manifests,
			 long call, int number)
{
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct target_result result;
		if (!let_fail(call, number))
			_exit(255);
		int code = target_apply(&fixture->target, 2, manifests, fixture->arena,
					&result, NULL);
		_exit(-code);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status) == 255 ? 1 : -WEXITSTATUS(status);
}

START_TEST(failing_calls_leave_what_was_live)
{
	static const struct {
		long call;
		int number;
		int expected;
		size_t files; /* of the release: many are synced another way */
	} cases[] = {
		{ SYS_write, ENOSPC, ERROR_NO_SPACE, 2 },
		{ SYS_write, EDQUOT, ERROR_NO_SPACE, 2 },
		{ SYS_write, EIO, ERROR_IO, 2 },
		{ SYS_mkdirat, ENOSPC, ERROR_NO_SPACE, 2 },
		{ SYS_symlinkat, ENOSPC, ERROR_NO_SPACE, 2 },
		{ SYS_fchmod, EPERM, ERROR_PERMISSION, 2 },
		/* Lost writes are never a matter of trying again. */
		{ SYS_fsync, EIO, ERROR_IO, 2 },
		{ SYS_fsync, ENOSPC, ERROR_IO, 2 },
		{ SYS_syncfs, EIO, ERROR_IO, 100 },
		{ SYS_syncfs, ENOSPC, ERROR_IO, 100 },
		{ SYS_flock, ENOLCK, ERROR_IO, 2 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture fixture;
		fixture_open(&fixture);
		struct manifests first = small(&fixture, 1);
		struct target_result live = fixture_apply(&fixture, 1, &first, 0);
		struct file files[100];
		for (size_t j = 0; j < cases[i].files; j++)
			files[j] =
				(struct file){ arena_printf(fixture.arena, "f%02zu", j),
					       j == 0 ? LINK : PLAIN, "x" };
		struct manifests second =
			fixture_manifests(&fixture, files, cases[i].files, 2);
		int code = apply_failing(&fixture, &second, cases[i].call,
					 cases[i].number);
		if (code == 1) {
			printf("# skipped: no seccomp filter can be loaded here\n");
			fixture_close(&fixture);
			break;
		}
		ck_assert_msg(code == cases[i].expected, "row %zu: %s", i,
			      error_name(code));
		check_untouched(&fixture, &live);
		live = fixture_apply(&fixture, 2, &second, 0);
		ck_assert(!fixture_drifts(&fixture, &live));
		fixture_close(&fixture);
	}
}
END_TEST

UNIT_MAIN("target full", file_over_the_process_limit_is_refused_whole,
	  full_disk_is_refused_whole, failing_calls_leave_what_was_live)
