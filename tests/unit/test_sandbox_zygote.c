/* tests/unit/test_sandbox_zygote.c - jobs from the zygote: made, told of, ended. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "ipc/message.h"
#include "sandbox/zygote.h"
#include "unit.h"

#define ARENA_BYTES ((size_t)16 << 20)

/* --- bodies --- */

/* Answers each message with the file it names, or the reason why not. */
static int judge(struct channel *channel)
{
	for (;;) {
		struct arena *arena = arena_new(ARENA_BYTES);
		enum message_type type;
		void *message;
		int code = channel_receive(channel, arena, &type, &message, NULL, NULL);
		if (code < 0) {
			arena_free(arena);
			return code == ERROR_CLOSED ? 0 : 7;
		}
		const struct msg_done *request = message;
		struct buf text = BUF_INIT(10000);
		struct error err = ERROR_INIT;
		struct msg_done answer = { 0 };
		if (strcmp(request->text, "crash") == 0)
			_exit(41);
		if (strcmp(request->text, "hang") == 0)
			for (;;)
				pause();
		answer.code = buf_read_file(&text, request->text, &err);
		answer.text = answer.code == 0 ? text.data : err.text;
		channel_send(channel, MESSAGE_done, &answer, NULL, 0, NULL);
		buf_release(&text);
		arena_free(arena);
	}
}

/* Leaves a grandchild behind that holds the job's channel open. */
static int fetch(struct channel *channel)
{
	struct msg_done answer = { .code = -1 };
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			fcntl(channel->fd, F_SETFD, 0);
			execl("/bin/sleep", "sleep", "1000", (char *)NULL);
			_exit(1);
		}
		_exit(0);
	}
	wait(NULL);
	channel_send(channel, MESSAGE_done, &answer, NULL, 0, NULL);
	return 3;
}

static int count_descriptors_of_deploy(struct channel *channel)
{
	int count = 0;
	for (int fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	struct msg_done answer = { .code = count };
	channel_send(channel, MESSAGE_done, &answer, NULL, 0, NULL);
	return 0;
}

/* Its job's profile may not read it. */
static int read_early(struct error *err)
{
	struct buf text = BUF_INIT(100);
	int code = buf_read_file(&text, "/etc/passwd", err);
	buf_release(&text);
	return code == ERROR_LIMIT ? 0 : code;
}

static int fail_early(struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, "a library is missing");
}

static const struct job_body bodies[] = {
	{ PROFILE_READ, judge, read_early },
	{ PROFILE_REPORT, judge, fail_early },
	{ PROFILE_JUDGE, judge, NULL },
	{ PROFILE_FETCH, fetch, NULL },
	{ PROFILE_DEPLOY, count_descriptors_of_deploy, NULL },
	{ PROFILE_NONE, NULL, NULL },
};

/* --- control --- */

static struct channel control;
static pid_t zygote;
static struct arena *memory;
static char *place;
static char readable[200], unreadable[200];

static void write_file(const char *path, const char *text)
{
	ck_assert_int_eq(path_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static void start_zygote(uid_t uid)
{
	int fds[2];
	setenv("TMPDIR", "/tmp", 1);
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-zygote", NULL), 0);
	chmod(place, 0755);
	snprintf(readable, sizeof(readable), "%s/readable", place);
	snprintf(unreadable, sizeof(unreadable), "%s/unreadable", place);
	write_file(readable, "text");
	write_file(unreadable, "secret");
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	fflush(stdout);
	zygote = fork();
	if (zygote == 0) {
		log_set_level(LOG_LEVEL_WARNING);
		close(fds[0]);
		struct zygote_setup setup = { .bodies = bodies,
					      .options = { .uid = uid, .gid = uid } };
		_exit(zygote_main(fds[1], &setup));
	}
	close(fds[1]);
	ck_assert_int_eq(channel_open(&control, fds[0], false, NULL), 0);
	memory = arena_new(ARENA_BYTES);
}

static void stop_zygote(void)
{
	int status = -1;
	channel_close(&control);
	ck_assert_int_eq(waitpid(zygote, &status, 0), zygote);
	ck_assert_int_eq(status, 0);
	int root = open("/", O_PATH);
	path_remove_tree(root, place + 1, NULL);
	close(root);
	free(place);
	arena_free(memory);
}

/* Asks for a job; the control end of its channel. */
static struct channel spawn_job(uint64_t job, const char *profile)
{
	const char *paths[] = { readable, "/nowhere" };
	struct msg_spawn spawn = { .job = job,
				   .profile = profile,
				   .read_paths = { paths, 2 } };
	struct channel channel;
	int fds[2];
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	ck_assert_int_eq(
		channel_send(&control, MESSAGE_spawn, &spawn, &fds[1], 1, NULL), 0);
	close(fds[1]);
	ck_assert_int_eq(channel_open(&channel, fds[0], false, NULL), 0);
	return channel;
}

static const void *receive(struct channel *channel, enum message_type wanted)
{
	enum message_type type;
	void *message;
	struct error err = ERROR_INIT;
	int code = channel_receive(channel, memory, &type, &message, NULL, &err);
	ck_assert_msg(code == 1, "%s", err.text);
	ck_assert_int_eq(type, wanted);
	return message;
}

static pid_t is_spawned(uint64_t job)
{
	const struct msg_spawned *spawned = receive(&control, MESSAGE_spawned);
	ck_assert_uint_eq(spawned->job, job);
	return (pid_t)spawned->pid;
}

static int is_ended(uint64_t job)
{
	const struct msg_ended *ended = receive(&control, MESSAGE_ended);
	ck_assert_uint_eq(ended->job, job);
	return (int)ended->status;
}

static const struct msg_done *ask(struct channel *job, const char *text)
{
	struct msg_done request = { .text = text };
	ck_assert_int_eq(channel_send(job, MESSAGE_done, &request, NULL, 0, NULL), 0);
	return receive(job, MESSAGE_done);
}

static bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

/* --- cases --- */

static void job_reads_only_its_file(uid_t uid)
{
	start_zygote(uid);
	struct channel job = spawn_job(5, "judge");
	pid_t pid = is_spawned(5);
	ck_assert(is_alive(pid));
	ck_assert_str_eq(ask(&job, readable)->text, "text");
	ck_assert_int_eq(ask(&job, unreadable)->code, ERROR_PERMISSION);
	ck_assert_int_eq(ask(&job, "/etc/passwd")->code, ERROR_PERMISSION);
	channel_close(&job);
	ck_assert_int_eq(is_ended(5), 0);
	ck_assert(!is_alive(pid));
	stop_zygote();
}

START_TEST(a_job_runs_in_its_profile_and_its_end_is_told)
{
	job_reads_only_its_file(0);
	if (geteuid() == 0)
		job_reads_only_its_file(65534);
}
END_TEST

START_TEST(a_crash_is_told)
{
	start_zygote(0);
	struct channel job = spawn_job(6, "judge");
	is_spawned(6);
	struct msg_done request = { .text = "crash" };
	channel_send(&job, MESSAGE_done, &request, NULL, 0, NULL);
	ck_assert_int_eq(is_ended(6), 41 << 8);
	channel_close(&job);
	stop_zygote();
}
END_TEST

START_TEST(a_job_can_be_killed)
{
	start_zygote(0);
	struct channel job = spawn_job(7, "judge");
	struct channel other = spawn_job(8, "judge");
	is_spawned(7);
	is_spawned(8);
	struct msg_done request = { .text = "hang" };
	channel_send(&job, MESSAGE_done, &request, NULL, 0, NULL);
	struct msg_kill_job unknown = { 99 }, known = { 7 };
	channel_send(&control, MESSAGE_kill_job, &unknown, NULL, 0, NULL);
	channel_send(&control, MESSAGE_kill_job, &known, NULL, 0, NULL);
	ck_assert_int_eq(is_ended(7), SIGKILL);
	ck_assert_str_eq(ask(&other, readable)->text, "text");
	channel_close(&job);
	channel_close(&other);
	ck_assert_int_eq(is_ended(8), 0);
	stop_zygote();
}
END_TEST

START_TEST(what_cannot_be_made_has_ended)
{
	start_zygote(0);
	static const char *const profiles[] = { "observe", "zygote", "nonsense", NULL };
	for (uint64_t i = 0; i < 4; i++) {
		struct channel job = spawn_job(20 + i, profiles[i]);
		ck_assert_int_eq(is_ended(20 + i), 125 << 8);
		channel_close(&job);
	}
	struct msg_spawn no_descriptor = { .job = 30, .profile = "judge" };
	channel_send(&control, MESSAGE_spawn, &no_descriptor, NULL, 0, NULL);
	ck_assert_int_eq(is_ended(30), 125 << 8);
	/* Two of one name. */
	struct channel job = spawn_job(31, "judge");
	is_spawned(31);
	struct channel twin = spawn_job(31, "judge");
	ck_assert_int_eq(is_ended(31), 125 << 8);
	ck_assert_str_eq(ask(&job, readable)->text, "text");
	channel_close(&job);
	channel_close(&twin);
	ck_assert_int_eq(is_ended(31), 0);
	stop_zygote();
}
END_TEST

START_TEST(a_job_prepares_itself_before_it_is_confined)
{
	start_zygote(0);
	struct channel job = spawn_job(40, "read");
	is_spawned(40);
	ck_assert_int_eq(ask(&job, "/etc/passwd")->code, ERROR_PERMISSION);
	channel_close(&job);
	ck_assert_int_eq(is_ended(40), 0);
	job = spawn_job(41, "report");
	is_spawned(41);
	const struct msg_done *done = receive(&job, MESSAGE_done);
	ck_assert_int_eq(done->code, ERROR_UNSUPPORTED);
	ck_assert_str_eq(done->text, "a library is missing");
	ck_assert_int_eq(is_ended(41), 125 << 8);
	channel_close(&job);
	stop_zygote();
}
END_TEST

START_TEST(a_job_that_cannot_be_confined_says_why)
{
	start_zygote(0);
	const char *paths[] = { "/nowhere/to/write" };
	struct msg_spawn spawn = { .job = 1,
				   .profile = "judge",
				   .write_paths = { paths, 1 } };
	int fds[2];
	struct channel job;
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	channel_send(&control, MESSAGE_spawn, &spawn, &fds[1], 1, NULL);
	close(fds[1]);
	ck_assert_int_eq(channel_open(&job, fds[0], false, NULL), 0);
	const struct msg_done *done = receive(&job, MESSAGE_done);
	ck_assert_int_eq(done->code, ERROR_SANDBOX);
	ck_assert_ptr_nonnull(strstr(done->text, "/nowhere/to/write"));
	channel_close(&job);
	is_spawned(1);
	ck_assert_int_eq(is_ended(1), 125 << 8);
	stop_zygote();
}
END_TEST

START_TEST(a_job_has_four_descriptors)
{
	start_zygote(0);
	struct channel job = spawn_job(1, "deploy");
	const struct msg_done *done = receive(&job, MESSAGE_done);
	ck_assert_int_eq(done->code, 4);
	channel_close(&job);
	is_spawned(1);
	is_ended(1);
	stop_zygote();
}
END_TEST

START_TEST(what_a_job_leaves_behind_is_ended)
{
	start_zygote(0);
	struct channel job = spawn_job(1, "fetch");
	receive(&job, MESSAGE_done);
	is_spawned(1);
	ck_assert_int_eq(is_ended(1), 3 << 8);
	/* The grandchild holds the other end: it closes when it dies. */
	enum message_type type;
	void *message;
	ck_assert_int_eq(channel_receive(&job, memory, &type, &message, NULL, NULL),
			 ERROR_CLOSED);
	channel_close(&job);
	stop_zygote();
}
END_TEST

START_TEST(jobs_die_with_the_zygote_and_it_with_control)
{
	for (int killed = 0; killed < 2; killed++) {
		start_zygote(0);
		struct channel job = spawn_job(1, "judge");
		pid_t pid = is_spawned(1);
		struct msg_done request = { .text = "hang" };
		channel_send(&job, MESSAGE_done, &request, NULL, 0, NULL);
		ck_assert(is_alive(pid));
		if (killed)
			kill(zygote, SIGKILL);
		else
			channel_close(&control);
		enum message_type type;
		void *message;
		ck_assert_int_lt(
			channel_receive(&job, memory, &type, &message, NULL, NULL), 0);
		channel_close(&job);
		if (!killed) {
			stop_zygote();
			continue;
		}
		waitpid(zygote, NULL, 0);
		zygote = fork();
		if (zygote == 0)
			_exit(0);
		stop_zygote();
	}
}
END_TEST

START_TEST(signals_that_end_control_do_not_end_jobs)
{
	start_zygote(0);
	struct channel job = spawn_job(1, "judge");
	pid_t pid = is_spawned(1);
	ck_assert_str_eq(ask(&job, readable)->text, "text");
	const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	for (int i = 0; i < 4; i++) {
		kill(zygote, signals[i]);
		kill(pid, signals[i]);
	}
	ck_assert_str_eq(ask(&job, readable)->text, "text");
	channel_close(&job);
	ck_assert_int_eq(is_ended(1), 0);
	stop_zygote();
}
END_TEST

START_TEST(malformed_control_ends_it)
{
	start_zygote(0);
	struct msg_done nonsense = { .code = 1 };
	channel_send(&control, MESSAGE_done, &nonsense, NULL, 0, NULL);
	int status = -1;
	ck_assert_int_eq(waitpid(zygote, &status, 0), zygote);
	ck_assert_int_eq(status, EXIT_FAILURE << 8);
	zygote = fork();
	if (zygote == 0)
		_exit(0);
	stop_zygote();
}
END_TEST

START_TEST(jobs_are_cheap)
{
	enum { JOBS = 100 };
	start_zygote(0);
	channel_close(&(struct channel){ 0 });
	int64_t start = clock_monotonic();
	for (uint64_t i = 1; i <= JOBS; i++) {
		struct channel job = spawn_job(i, "judge");
		is_spawned(i);
		channel_close(&job);
		ck_assert_int_eq(is_ended(i), 0);
	}
	int64_t each = (clock_monotonic() - start) / JOBS;
	printf("# a job takes %d us from spawn to ended\n", (int)each);
	ck_assert_int_lt(each, 100000);
	stop_zygote();
}
END_TEST

UNIT_MAIN("sandbox-zygote", a_job_runs_in_its_profile_and_its_end_is_told,
	  a_crash_is_told, a_job_can_be_killed, what_cannot_be_made_has_ended,
	  a_job_prepares_itself_before_it_is_confined,
	  a_job_that_cannot_be_confined_says_why, a_job_has_four_descriptors,
	  what_a_job_leaves_behind_is_ended,
	  jobs_die_with_the_zygote_and_it_with_control,
	  signals_that_end_control_do_not_end_jobs, malformed_control_ends_it,
	  jobs_are_cheap)
