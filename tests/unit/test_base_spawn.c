/* Programs: what they get, what comes back, and that they end. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/spawn.h"
#include "unit.h"

#define SHELL(script) ((const char *const[]){ "sh", "-c", (script), NULL })

static struct spawn_result result;
static struct error err;

/* Runs a script of the shell with the other members given. */
static int run_script(const char *script, struct spawn spawn)
{
	spawn.arguments = SHELL(script);
	error_clear(&err);
	return spawn_run(&spawn, &result, &err);
}

START_TEST(output_errors_and_status_come_back)
{
	int code = run_script("echo out; echo err >&2; exit 7", (struct spawn){ 0 });
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(result.status, 7);
	ck_assert_str_eq(result.output.data, "out\n");
	ck_assert_str_eq(result.errors.data, "err\n");
	spawn_result_release(&result);
	ck_assert_int_eq(run_script("kill -TERM $$", (struct spawn){ 0 }), 0);
	ck_assert_int_eq(result.status, 128 + SIGTERM);
	spawn_result_release(&result);
}
END_TEST

START_TEST(input_of_any_size_is_given)
{
	static const size_t sizes[] = { 0, 1, 65536, 1000000 };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *input = calloc(1, sizes[i] + 1);
		memset(input, 'i', sizes[i]);
		struct spawn spawn = { .input = input, .input_length = sizes[i] };
		ck_assert_int_eq(run_script("cat", spawn), 0);
		ck_assert_uint_eq(result.output.length, sizes[i]);
		ck_assert_mem_eq(result.output.data, input, sizes[i] + 1);
		spawn_result_release(&result);
		/* A program that does not want it is no problem either. */
		ck_assert_int_eq(run_script("exit 0", spawn), 0);
		ck_assert_int_eq(result.status, 0);
		spawn_result_release(&result);
		free(input);
	}
	ck_assert_int_eq(run_script("cat", (struct spawn){ 0 }), 0);
	ck_assert_uint_eq(result.output.length, 0);
	spawn_result_release(&result);
}
END_TEST

START_TEST(too_much_output_is_cut)
{
	struct spawn spawn = { .output_maximum = 1000 };
	int code = run_script("head -c 300000 /dev/zero | tr '\\0' x;"
			      "head -c 999 /dev/zero | tr '\\0' y >&2",
			      spawn);
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(result.status, 0);
	ck_assert_uint_eq(result.output.length, 1000);
	ck_assert_uint_eq(result.errors.length, 999);
	spawn_result_release(&result);
}
END_TEST

START_TEST(environment_is_exactly_what_was_given)
{
	setenv("GITGATE_SECRET", "leaked", 1);
	const char *const env[] = { "env", NULL };
	struct spawn spawn = { .arguments = env };
	ck_assert_int_eq(spawn_run(&spawn, &result, NULL), 0);
	ck_assert_str_eq(result.output.data, "PATH=" SPAWN_PATH "\nLC_ALL=C.UTF-8\n");
	spawn_result_release(&result);
	const char *const own[] = { "PATH=/usr/bin:/bin", "A=b c", NULL };
	spawn.environment = own;
	ck_assert_int_eq(spawn_run(&spawn, &result, NULL), 0);
	ck_assert_str_eq(result.output.data, "PATH=/usr/bin:/bin\nA=b c\n");
	spawn_result_release(&result);
}
END_TEST

START_TEST(only_three_descriptors_are_inherited)
{
	int leaked[3];
	for (size_t i = 0; i < 3; i++)
		leaked[i] = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
	int code = run_script("for f in /proc/$$/fd/*; do echo ${f##*/}; done",
			      (struct spawn){ 0 });
	ck_assert_int_eq(code, 0);
	/* Some shells open a further one for the list itself. */
	ck_assert_int_eq(strncmp(result.output.data, "0\n1\n2\n", 6), 0);
	for (size_t i = 0; i < 3; i++) {
		char line[16];
		snprintf(line, sizeof(line), "\n%d\n", leaked[i]);
		ck_assert_ptr_null(strstr(result.output.data + 5, line));
		close(leaked[i]);
	}
	spawn_result_release(&result);
}
END_TEST

START_TEST(closed_standard_descriptors_do_not_confuse)
{
	int saved[3];
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		close(fd);
	}
	struct spawn spawn = { .input = "in", .input_length = 2 };
	int code = run_script("cat; echo err >&2", spawn);
	for (int fd = 0; fd < 3; fd++) {
		dup2(saved[fd], fd);
		close(saved[fd]);
	}
	ck_assert_int_eq(code, 0);
	ck_assert_str_eq(result.output.data, "in");
	ck_assert_str_eq(result.errors.data, "err\n");
	spawn_result_release(&result);
}
END_TEST

START_TEST(directory_is_entered)
{
	struct spawn spawn = { .directory = "/usr" };
	ck_assert_int_eq(run_script("pwd", spawn), 0);
	ck_assert_str_eq(result.output.data, "/usr\n");
	spawn_result_release(&result);
	spawn.directory = "/nonexistent";
	ck_assert_int_eq(run_script("pwd", spawn), ERROR_CHILD);
	ck_assert_ptr_nonnull(strstr(err.text, "'/nonexistent'"));
	spawn_result_release(&result);
}
END_TEST

START_TEST(missing_programs_are_named)
{
	static const char *const names[] = { "no-such-program-here", "/no/such/program",
					     "" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *const arguments[] = { names[i], NULL };
		struct spawn spawn = { .arguments = arguments };
		error_clear(&err);
		ck_assert_int_eq(spawn_run(&spawn, &result, &err), ERROR_NOT_FOUND);
		ck_assert_ptr_nonnull(strstr(err.text, names[i]));
		spawn_result_release(&result);
	}
	const char *const directory[] = { "/usr", NULL };
	struct spawn spawn = { .arguments = directory };
	ck_assert_int_eq(spawn_run(&spawn, &result, NULL), ERROR_CHILD);
	spawn_result_release(&result);
}
END_TEST

START_TEST(deadline_kills_the_whole_group)
{
	char *directory;
	ck_assert_int_eq(path_make_temporary(&directory, "gitgate-spawn", NULL), 0);
	struct spawn spawn = { .timeout = CLOCK_SECOND / 2, .directory = directory };
	int64_t start = clock_monotonic();
	int code = run_script("trap '' TERM; (sleep 3; touch survived) & "
			      "echo early; sleep 100",
			      spawn);
	ck_assert_int_eq(code, ERROR_TIMEOUT);
	ck_assert_int_lt(clock_monotonic() - start, 20 * CLOCK_SECOND);
	ck_assert_ptr_nonnull(strstr(err.text, "500 ms"));
	ck_assert_str_eq(result.output.data, "early\n");
	spawn_result_release(&result);
	sleep(4);
	ck_assert_int_eq(rmdir(directory), 0);
	free(directory);
}
END_TEST

START_TEST(endless_output_does_not_hide_the_deadline)
{
	struct spawn spawn = { .timeout = CLOCK_SECOND / 2, .output_maximum = 100 };
	ck_assert_int_eq(run_script("yes", spawn), ERROR_TIMEOUT);
	ck_assert_uint_eq(result.output.length, 100);
	spawn_result_release(&result);
}
END_TEST

START_TEST(closing_the_output_early_is_not_the_end)
{
	int code = run_script("exec >&- 2>&-; sleep 1; exit 5", (struct spawn){ 0 });
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(result.status, 5);
	spawn_result_release(&result);
}
END_TEST

START_TEST(children_left_behind_do_not_delay)
{
	int64_t start = clock_monotonic();
	int code = run_script("sleep 50 & echo done", (struct spawn){ 0 });
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(result.status, 0);
	ck_assert_str_eq(result.output.data, "done\n");
	ck_assert_int_lt(clock_monotonic() - start, 20 * CLOCK_SECOND);
	spawn_result_release(&result);
}
END_TEST

static int refuse(void *data)
{
	return *(const int *)data;
}

START_TEST(before_exec_may_refuse)
{
	int answer = 1;
	struct spawn spawn = { .before_exec = refuse, .data = &answer };
	ck_assert_int_eq(run_script("echo ran", spawn), 0);
	ck_assert_int_eq(result.status, 126);
	ck_assert_uint_eq(result.output.length, 0);
	spawn_result_release(&result);
	answer = 0;
	ck_assert_int_eq(run_script("echo ran", spawn), 0);
	ck_assert_str_eq(result.output.data, "ran\n");
	spawn_result_release(&result);
}
END_TEST

START_TEST(signals_are_as_they_were_at_birth)
{
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	int code = run_script("grep -E '^Sig(Blk|Ign)' /proc/self/status",
			      (struct spawn){ 0 });
	ck_assert_int_eq(code, 0);
	/* 32 and 33 belong to the C library: nobody can set them, some starters of
	 * programs leave them ignored. */
	const unsigned long long library = 3ull << 31;
	unsigned long long mask, ignored;
	ck_assert_int_eq(sscanf(result.output.data, "SigBlk: %llx SigIgn: %llx", &mask,
				&ignored),
			 2);
	ck_assert_uint_eq(mask, 0);
	ck_assert_uint_eq(ignored & ~library, 0);
	spawn_result_release(&result);
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	ck_assert_int_eq(sigismember(&now, SIGTERM), 1);
	ck_assert_int_eq(sigismember(&now, SIGINT), 0);
}
END_TEST

START_TEST(check_shows_the_last_line_of_errors)
{
	struct spawn spawn = { .arguments = SHELL("echo first >&2; echo 'the "
						  "\033reason' "
						  ">&2; exit 3") };
	error_clear(&err);
	ck_assert_int_eq(spawn_check(&spawn, &result, &err), ERROR_CHILD);
	ck_assert_str_eq(err.text, "'sh' ended with status 3: the \\x1breason");
	spawn_result_release(&result);
	spawn.arguments = SHELL("echo hint >&2; echo 'fatal: no repository' >&2; "
				"echo 'a hint follows' >&2; exit 128");
	error_clear(&err);
	ck_assert_int_eq(spawn_check(&spawn, &result, &err), ERROR_CHILD);
	ck_assert_str_eq(err.text, "'sh' ended with status 128: fatal: no repository");
	spawn_result_release(&result);
	spawn.arguments = SHELL("exit 4");
	error_clear(&err);
	ck_assert_int_eq(spawn_check(&spawn, &result, &err), ERROR_CHILD);
	ck_assert_str_eq(err.text, "'sh' ended with status 4");
	spawn_result_release(&result);
	spawn.arguments = SHELL("exit 0");
	ck_assert_int_eq(spawn_check(&spawn, &result, NULL), 0);
	spawn_result_release(&result);
}
END_TEST

static void *spawn_many(void *unused)
{
	(void)unused;
	static int fine;
	for (int i = 0; i < 10; i++) {
		struct spawn_result own;
		struct spawn spawn = { .arguments = SHELL("cat; exit 9"),
				       .input = "x",
				       .input_length = 1 };
		int code = spawn_run(&spawn, &own, NULL);
		bool good = code == 0 && own.status == 9 && own.output.length == 1;
		spawn_result_release(&own);
		if (!good)
			return NULL;
	}
	return &fine;
}

START_TEST(threads_may_spawn_at_the_same_time)
{
	pthread_t threads[3];
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, spawn_many, NULL),
				 0);
	for (size_t i = 0; i < 3; i++) {
		void *good;
		ck_assert_int_eq(pthread_join(threads[i], &good), 0);
		ck_assert_ptr_nonnull(good);
	}
}
END_TEST

static int tell(void *data)
{
	const int *pipe_end = data;
	return write(*pipe_end, "x", 1) == 1 ? 0 : -1;
}

START_TEST(a_program_ends_with_its_caller)
{
	const char *const arguments[] = { "sleep", "1000", NULL };
	int told[2];
	int status;
	char byte;
	ck_assert_int_eq(pipe(told), 0);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid_t caller = fork();
	if (caller == 0) {
		const struct spawn spawn = { .arguments = arguments,
					     .timeout = 1000 * CLOCK_SECOND,
					     .before_exec = tell,
					     .data = &told[1] };
		struct spawn_result ended;
		spawn_run(&spawn, &ended, NULL);
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(read(told[0], &byte, 1), 1);
	ck_assert_int_eq(kill(caller, SIGKILL), 0);
	ck_assert_int_eq(waitpid(caller, NULL, 0), caller);
	ck_assert_int_gt(waitpid(-1, &status, 0), 0);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	close(told[0]);
	close(told[1]);
}
END_TEST

/* What the child does first of all, as the caller asks for that: tells that it is
 * there, and waits for an answer. */
static int born[2], go_on[2];

static void wait_at_birth(void)
{
	char byte = 'x';
	if (write(born[1], &byte, 1) != 1 || read(go_on[0], &byte, 1) != 1)
		_exit(1);
}

/* The status of a program whose caller died right after the fork; -1: it cannot be
 * tried. */
static int status_without_caller(int namespaces)
{
	char byte = 'x';
	int status;
	ck_assert_int_eq(pipe(born), 0);
	ck_assert_int_eq(pipe(go_on), 0);
	fflush(stdout);
	pid_t caller = fork();
	if (caller == 0) {
		const char *const arguments[] = { "sh", "-c", "exit 7", NULL };
		const struct spawn spawn = { .arguments = arguments };
		struct spawn_result ended;
		if (namespaces != 0 && unshare(namespaces) != 0)
			_exit(EXIT_FAILURE);
		pthread_atfork(NULL, NULL, wait_at_birth);
		spawn_run(&spawn, &ended, NULL);
		_exit(EXIT_SUCCESS);
	}
	close(born[1]);
	bool is_born = read(born[0], &byte, 1) == 1;
	kill(caller, SIGKILL);
	ck_assert_int_eq(waitpid(caller, NULL, 0), caller);
	ck_assert_int_eq(write(go_on[1], &byte, 1), 1);
	if (is_born)
		ck_assert_int_gt(waitpid(-1, &status, 0), 0);
	close(born[0]);
	close(go_on[0]);
	close(go_on[1]);
	return is_born ? WEXITSTATUS(status) : -1;
}

/* The signal would come too late. */
START_TEST(a_program_does_not_begin_without_its_caller)
{
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	ck_assert_int_eq(status_without_caller(0), 126);
	int status = status_without_caller(CLONE_NEWUSER | CLONE_NEWPID);
	ck_assert(status == 126 || status == -1);
}
END_TEST

UNIT_MAIN("base_spawn", output_errors_and_status_come_back, input_of_any_size_is_given,
	  too_much_output_is_cut, environment_is_exactly_what_was_given,
	  only_three_descriptors_are_inherited,
	  closed_standard_descriptors_do_not_confuse, directory_is_entered,
	  missing_programs_are_named, deadline_kills_the_whole_group,
	  endless_output_does_not_hide_the_deadline,
	  closing_the_output_early_is_not_the_end, children_left_behind_do_not_delay,
	  before_exec_may_refuse, signals_are_as_they_were_at_birth,
	  check_shows_the_last_line_of_errors, threads_may_spawn_at_the_same_time,
	  a_program_ends_with_its_caller, a_program_does_not_begin_without_its_caller)
