/* tests/unit/test_base_temporary.c - temporary directories, and what the killed leave.
 */
#include "base/temporary.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "unit.h"

#define NOBODY 65534

static char *place;

static void enter_place(void)
{
	setenv("TMPDIR", "/tmp", 1);
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-test", NULL), 0);
	setenv("TMPDIR", place, 1);
}

static void leave_place(void)
{
	ck_assert_int_eq(path_remove_named(place, NULL), 0);
	free(place);
}

static const char *at(const char *name)
{
	static char path[4096];
	snprintf(path, sizeof(path), "%s/%s", place, name);
	return path;
}

static int entries(void)
{
	DIR *stream = opendir(place);
	int count = -2; /* . and .. */
	while (readdir(stream) != NULL)
		count++;
	closedir(stream);
	return count;
}

static void fill(const char *directory)
{
	char *inner = path_join(directory, "a/b");
	char *file = path_join(inner, "file");
	ck_assert_int_eq(path_make_directories(inner, 0700, NULL), 0);
	ck_assert_int_eq(path_write_atomic(file, "x", 1, 0600, NULL), 0);
	free(file);
	free(inner);
}

static struct temporary make(const char *prefix)
{
	struct temporary made;
	struct error err = ERROR_INIT;
	int code = temporary_make(&made, prefix, &err);
	ck_assert_msg(code == 0, "%s", err.text);
	ck_assert(path_exists(made.path));
	return made;
}

START_TEST(one_is_private_and_goes_with_what_is_in_it)
{
	struct stat status;
	enter_place();
	struct temporary made = make("some");
	ck_assert_int_eq(strncmp(made.path, at("some-"), strlen(at("some-"))), 0);
	ck_assert_int_eq(stat(made.path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	fill(made.path);
	ck_assert_int_eq(temporary_remove(&made, NULL), 0);
	ck_assert_int_eq(entries(), 0);
	ck_assert_int_eq(temporary_remove(&made, NULL), 0);
	leave_place();
}
END_TEST

START_TEST(what_cannot_be_made_is_an_error)
{
	struct temporary made = { NULL, -1 };
	setenv("TMPDIR", "/nonexistent", 1);
	ck_assert_int_eq(temporary_make(&made, "some", NULL), ERROR_NOT_FOUND);
	ck_assert_ptr_null(made.path);
}
END_TEST

/* A process that has one, filled, until it is killed. */
static pid_t start_holder(void)
{
	int ready[2];
	char byte;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		fill(make("some").path);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void kill_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(the_next_one_removes_what_a_killed_one_left)
{
	enter_place();
	pid_t first = start_holder(), second = start_holder();
	ck_assert_int_eq(entries(), 2);
	kill_holder(first);
	struct temporary made = make("some");
	ck_assert_int_eq(entries(), 2); /* the second's, and ours */
	kill_holder(second);
	struct temporary other = make("other");
	ck_assert_int_eq(entries(), 3);
	temporary_remove(&made, NULL);
	made = make("some");
	ck_assert_int_eq(entries(), 2);
	temporary_remove(&made, NULL);
	temporary_remove(&other, NULL);
	ck_assert_int_eq(entries(), 0);
	leave_place();
}
END_TEST

/* Only what may be an abandoned one, and of our own. */
START_TEST(nothing_else_is_removed)
{
	static const char *const names[] = { "some",
					     "some-",
					     "some-12345",
					     "some-1234567",
					     "sometimes-123456",
					     "other-123456" };
	enter_place();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fill(at(names[i]));
	ck_assert_int_eq(path_write_atomic(at("some-aaaaaa"), "x", 1, 0600, NULL), 0);
	ck_assert_int_eq(symlink("other-123456", at("some-bbbbbb")), 0);
	ck_assert_int_eq(mkfifo(at("some-cccccc"), 0600), 0);
	fill(at("some-dddddd"));
	if (geteuid() == 0)
		ck_assert_int_eq(chown(at("some-dddddd"), NOBODY, NOBODY), 0);
	int before = entries();
	struct temporary made = make("some");
	ck_assert_int_eq(entries(), geteuid() == 0 ? before + 1 : before);
	ck_assert_int_eq(path_exists(at("some-dddddd")), geteuid() == 0);
	ck_assert(path_exists(at("other-123456/a/b/file")));
	temporary_remove(&made, NULL);
	leave_place();
}
END_TEST

/* Nobody takes another's for abandoned, in the moment between making and locking it
 * either. */
START_TEST(many_at_once_do_not_remove_each_others)
{
	enum { PROCESSES = 6, ROUNDS = 100 };
	pid_t pids[PROCESSES];
	enter_place();
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			struct temporary made = make("some");
			fill(made.path);
			ck_assert(path_exists(made.path));
			ck_assert_int_eq(temporary_remove(&made, NULL), 0);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(entries(), 0);
	leave_place();
}
END_TEST

UNIT_MAIN("base", one_is_private_and_goes_with_what_is_in_it,
	  what_cannot_be_made_is_an_error, the_next_one_removes_what_a_killed_one_left,
	  nothing_else_is_removed, many_at_once_do_not_remove_each_others)
