/* tests/unit/test_sandbox_runner.c - tools from the runner, evil ones among them.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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
#include "sandbox/landlock.h"
#include "sandbox/tool.h"
#include "sandbox/zygote.h"
#include "unit.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define NOBODY      65534

/* --- control and a job at once --- */

static struct channel control;
static pid_t runner_pid;
static struct arena *memory;
static char *place;
static char work[200], secret[200];
static int listener;
static unsigned int port;
static struct sandbox_options options;
static bool killed; /* the runner, by the test */

static void open_place(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	setenv("TMPDIR", "/tmp", 1);
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-runner", NULL), 0);
	chmod(place, 0777);
	snprintf(work, sizeof(work), "%s/work", place);
	snprintf(secret, sizeof(secret), "%s/secret", place);
	mkdir(work, 0777);
	chmod(work, 0777);
	ck_assert_int_eq(path_write_atomic(secret, "treasure\n", 9, 0644, NULL), 0);
	chmod(secret, 0666);
	/* What is killed cannot tidy up. */
	setenv("TMPDIR", place, 1);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 20), 0);
	getsockname(listener, (struct sockaddr *)&address, &size);
	port = ntohs(address.sin_port);
}

static void start_runner(bool drop)
{
	int fds[2];
	open_place();
	memory = arena_new(ARENA_BYTES);
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	fflush(stdout);
	runner_pid = fork();
	if (runner_pid == 0) {
		log_set_level(LOG_LEVEL_ERROR);
		close(fds[0]);
		if (drop && geteuid() == 0)
			options.uid = options.gid = NOBODY;
		_exit(runner_main(fds[1], &options));
	}
	close(fds[1]);
	ck_assert_int_eq(channel_open(&control, fds[0], false, NULL), 0);
}

/* The runner leaves nothing behind. */
static void is_tidy(void)
{
	DIR *directory = opendir(place);
	for (struct dirent *entry = readdir(directory); entry != NULL;
	     entry = readdir(directory))
		ck_assert_msg(killed || strncmp(entry->d_name, "gitgate-", 8) != 0,
			      "%s is left behind", entry->d_name);
	closedir(directory);
}

static void stop_runner(void)
{
	int status = -1;
	channel_close(&control);
	ck_assert_int_eq(waitpid(runner_pid, &status, 0), runner_pid);
	ck_assert_int_eq(status, 0);
	close(listener);
	is_tidy();
	int root = open("/", O_PATH);
	path_remove_tree(root, place + 1, NULL);
	close(root);
	free(place);
	arena_free(memory);
}

static struct channel grant(const struct msg_grant *granted)
{
	int fds[2];
	struct channel job;
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	ck_assert_int_eq(
		channel_send(&control, MESSAGE_grant, granted, &fds[1], 1, NULL), 0);
	close(fds[1]);
	ck_assert_int_eq(channel_open(&job, fds[0], false, NULL), 0);
	return job;
}

static const struct msg_ran *run_granted(struct channel *job, const char *variable)
{
	enum message_type type;
	void *message;
	struct error err = ERROR_INIT;
	struct msg_run run = { .environment = { &variable, variable != NULL } };
	ck_assert_int_eq(channel_send(job, MESSAGE_run, &run, NULL, 0, NULL), 0);
	int code = channel_receive(job, memory, &type, &message, NULL, &err);
	ck_assert_msg(code == 1, "%s", err.text);
	ck_assert_int_eq(type, MESSAGE_ran);
	return message;
}

static const char *output_of(const struct msg_ran *ran)
{
	return arena_printf(memory, "%.*s", (int)ran->output.length,
			    ran->output.data != NULL ? (const char *)ran->output.data
						     : "");
}

/* A grant for a script of bash (which knows /dev/tcp). */
static struct msg_grant script(const char *text)
{
	static const char *arguments[4] = { "bash", "-c", NULL, NULL };
	static const char *writable[1];
	arguments[2] = text;
	writable[0] = work;
	return (struct msg_grant){ .arguments = { arguments, 3 },
				   .directory = work,
				   .timeout = 20 * CLOCK_SECOND,
				   .write_paths = { writable, 1 } };
}

static const struct msg_ran *run_script(const char *text, bool network)
{
	struct msg_grant granted = script(text);
	granted.network = network;
	struct channel job = grant(&granted);
	const struct msg_ran *ran = run_granted(&job, NULL);
	channel_close(&job);
	return ran;
}

static void prints(const char *text, const char *expected)
{
	const struct msg_ran *ran = run_script(text, false);
	ck_assert_msg(ran->code == 0, "%s: %s", text, ran->text);
	ck_assert_str_eq(output_of(ran), expected);
}

/* --- ordinary tools --- */

START_TEST(a_tool_runs_and_answers)
{
	start_runner(true);
	const struct msg_ran *ran = run_script("echo out; echo err >&2; exit 7", false);
	ck_assert_int_eq(ran->code, 0);
	ck_assert_uint_eq(ran->status, 7);
	ck_assert_str_eq(output_of(ran), "out\nerr\n");
	ran = run_script("kill -TERM $$; sleep 5", false);
	ck_assert_uint_eq(ran->status, 128 + SIGTERM);
	prints("pwd -P; echo text > file; cat file; rm file; ls -A | wc -l",
	       arena_printf(memory, "%s\ntext\n0\n", work));
	prints("cat; cat <<< here; echo $((1 + 1)) | cat", "here\n2\n");
	prints("echo x > \"$TMPDIR/x\" && cat \"$HOME/x\"", "x\n");
	prints("sort <(echo b; echo a) 2>/dev/null || echo no proc", "a\nb\n");
	stop_runner();
}
END_TEST

/* A job may be hostile: what it says to a tool, and how much, is bounded. */
START_TEST(a_tool_takes_input_only_as_far_as_its_grant_says)
{
	enum { LARGE = 90000 };
	static const struct {
		uint64_t maximum;
		size_t length;
		int code;
	} cases[] = {
		{ 0, 0, 0 },
		{ 5, 5, 0 },
		{ 0, 1, ERROR_DENIED },
		{ 5, 6, ERROR_DENIED },
		{ LARGE, LARGE, 0 },
	};
	start_runner(true);
	char *text = arena_alloc(memory, LARGE);
	memset(text, 'x', LARGE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg_grant granted = script("wc -c");
		granted.input_maximum = cases[i].maximum;
		struct channel job = grant(&granted);
		struct msg_run run = { .input = { text, cases[i].length } };
		enum message_type type;
		void *message;
		ck_assert_int_eq(channel_send(&job, MESSAGE_run, &run, NULL, 0, NULL),
				 0);
		ck_assert_int_eq(
			channel_receive(&job, memory, &type, &message, NULL, NULL), 1);
		const struct msg_ran *ran = message;
		ck_assert_msg(ran->code == cases[i].code, "%zu: %s", i,
			      ran->text ? ran->text : "ran");
		if (cases[i].code == 0)
			ck_assert_str_eq(output_of(ran), arena_printf(memory, "%zu\n",
								      cases[i].length));
		channel_close(&job);
	}
	stop_runner();
}
END_TEST

START_TEST(a_tool_that_is_not_there_is_said)
{
	start_runner(true);
	const char *arguments[] = { "no-such-program" };
	const char *nowhere[] = { "/nowhere" };
	struct msg_grant granted = { .arguments = { arguments, 1 } };
	struct channel job = grant(&granted);
	const struct msg_ran *ran = run_granted(&job, NULL);
	ck_assert_int_eq(ran->code, ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(ran->text, "no-such-program"));
	channel_close(&job);
	granted = script("true");
	granted.directory = "/nowhere";
	job = grant(&granted);
	ran = run_granted(&job, NULL);
	ck_assert_int_ne(ran->code, 0);
	ck_assert_ptr_nonnull(strstr(ran->text, "/nowhere"));
	channel_close(&job);
	granted = script("true");
	granted.write_paths = (struct msg_strings){ nowhere, 1 };
	job = grant(&granted);
	ran = run_granted(&job, NULL);
	ck_assert_int_eq(ran->code, ERROR_SANDBOX);
	ck_assert_ptr_nonnull(strstr(ran->text, "/nowhere"));
	channel_close(&job);
	granted = (struct msg_grant){ 0 };
	job = grant(&granted);
	ran = run_granted(&job, NULL);
	ck_assert_int_eq(ran->code, ERROR_USAGE);
	channel_close(&job);
	stop_runner();
}
END_TEST

START_TEST(the_environment_is_the_grants_and_the_jobs)
{
	start_runner(true);
	setenv("SECRET_OF_THE_PARENT", "x", 1);
	const char *variables[] = { "PATH=/bin:/usr/bin", "GITGATE_TARGET=shop",
				    "HOME=/", "TMPDIR=/x" };
	struct msg_grant granted = script("env | grep -vE '^(PWD|SHLVL|_)=' | sort");
	granted.environment = (struct msg_strings){ variables, 4 };
	struct channel job = grant(&granted);
	const struct msg_ran *ran = run_granted(&job, "GITGATE_COMMIT=abc");
	ck_assert_str_eq(output_of(ran), "GITGATE_COMMIT=abc\nGITGATE_TARGET=shop\n"
					 "HOME=/\nLC_ALL=C.UTF-8\n"
					 "PATH=/bin:/usr/bin\nTMPDIR=/x\n");
	channel_close(&job);
	static const char *const refused[] = { "PATH=/evil", "LD_PRELOAD=x",
					       "",           "GITGATE_TARGET=other",
					       "GITGATE_X",  "gitgate_x=1" };
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		job = grant(&granted);
		ran = run_granted(&job, refused[i]);
		ck_assert_msg(ran->code == ERROR_DENIED, "%s", refused[i]);
		ck_assert_uint_eq(ran->output.length, 0);
		channel_close(&job);
	}
	stop_runner();
}
END_TEST

START_TEST(a_slow_tool_is_ended)
{
	start_runner(true);
	struct msg_grant granted = script("echo begun; (setsid sleep 1000 &) ; sleep "
					  "1000");
	granted.timeout = CLOCK_SECOND / 2;
	struct channel job = grant(&granted);
	int64_t begun = clock_monotonic();
	const struct msg_ran *ran = run_granted(&job, NULL);
	ck_assert_int_lt(clock_monotonic() - begun, 20 * CLOCK_SECOND);
	ck_assert_int_eq(ran->code, ERROR_TIMEOUT);
	ck_assert_str_eq(output_of(ran), "begun\n");
	channel_close(&job);
	stop_runner();
}
END_TEST

START_TEST(output_is_bounded)
{
	start_runner(true);
	const struct msg_ran *ran =
		run_script("head -c 5000000 /dev/zero; exit 3", false);
	ck_assert_int_eq(ran->code, 0);
	ck_assert_uint_eq(ran->status, 3);
	ck_assert(ran->output.length > 1000000 && ran->output.length < 1048576);
	stop_runner();
}
END_TEST

START_TEST(a_grant_without_a_run_ends_with_its_descriptor)
{
	start_runner(true);
	struct msg_grant granted = script("echo x > ran");
	struct channel job = grant(&granted);
	channel_close(&job);
	/* Another message than `run` is refused. */
	job = grant(&granted);
	struct msg_done nonsense = { .code = 1 };
	channel_send(&job, MESSAGE_done, &nonsense, NULL, 0, NULL);
	enum message_type type;
	void *message;
	ck_assert_int_eq(channel_receive(&job, memory, &type, &message, NULL, NULL),
			 ERROR_CLOSED);
	channel_close(&job);
	/* And once is once. */
	job = grant(&granted);
	ck_assert_int_eq(run_granted(&job, NULL)->code, 0);
	struct msg_run run = { .environment = { NULL, 0 } };
	channel_send(&job, MESSAGE_run, &run, NULL, 0, NULL);
	ck_assert_int_lt(channel_receive(&job, memory, &type, &message, NULL, NULL), 0);
	channel_close(&job);
	stop_runner();
}
END_TEST

START_TEST(tools_die_with_the_runner)
{
	for (int turn = 0; turn < 2; turn++) {
		killed = turn == 1;
		start_runner(true);
		struct msg_grant granted = script("sleep 1000");
		struct channel job = grant(&granted);
		struct msg_run run = { .environment = { NULL, 0 } };
		channel_send(&job, MESSAGE_run, &run, NULL, 0, NULL);
		usleep(100000);
		if (killed) {
			kill(runner_pid, SIGKILL);
			waitpid(runner_pid, NULL, 0);
		} else {
			channel_close(&control);
		}
		enum message_type type;
		void *message;
		ck_assert_int_lt(
			channel_receive(&job, memory, &type, &message, NULL, NULL), 0);
		channel_close(&job);
		if (killed) {
			runner_pid = fork();
			if (runner_pid == 0)
				_exit(0);
		}
		stop_runner();
	}
}
END_TEST

/* --- evil tools; each is possible where nothing is confined --- */

static struct evil {
	const char *name;
	char script[600];
	bool needs_scope;     /* of signals: Landlock 6, or a pid namespace */
	bool needs_namespace; /* only a pid namespace hides it */
} evils[12];
static size_t evil_count;

__attribute__((format(printf, 2, 3))) static struct evil *evil(const char *name,
							       const char *format, ...)
{
	struct evil *at = &evils[evil_count++];
	va_list arguments;
	memset(at, 0, sizeof(*at));
	at->name = name;
	va_start(arguments, format);
	vsnprintf(at->script, sizeof(at->script), format, arguments);
	va_end(arguments);
	return at;
}

static void list_evils(void)
{
	evil_count = 0;
	evil("connect", "exec 3<>/dev/tcp/127.0.0.1/%u && echo WORKED", port);
	evil("read", "read -r x < %s && echo WORKED", secret);
	evil("write", "echo x > %s && echo WORKED", secret);
	evil("make", "echo x > %s/new && echo WORKED", place);
	evil("list", "cd %s && for f in *; do [ \"$f\" != '*' ] && echo WORKED; done",
	     place);
	evil("remove", "mv %s %s/moved && echo WORKED && mv %s/moved %s", secret, place,
	     place, secret);
	evil("link", "ln %s link && echo WORKED", secret);
	evil("kill", "kill -CONT %d && echo WORKED", (int)getpid())->needs_scope = true;
	evil("see", "read -r x < /proc/%d/status && echo WORKED", (int)getpid());
	evil("look in", "[ -r /proc/%d/status ] && echo WORKED", (int)getpid())
		->needs_namespace = true;
}

static bool worked(const char *output)
{
	return strstr(output, "WORKED") != NULL;
}

/* Without the runner: the script does what it says. */
static bool is_possible(const char *text)
{
	char output[10000] = "";
	int fds[2];
	ck_assert_int_eq(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		if (chdir(work) != 0)
			_exit(1);
		execl("/bin/bash", "bash", "-c", text, (char *)NULL);
		_exit(1);
	}
	close(fds[1]);
	ssize_t got = read(fds[0], output, sizeof(output) - 1);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	unlink(arena_printf(memory, "%s/new", place));
	unlink(arena_printf(memory, "%s/link", work));
	return got > 0 && worked(output);
}

static void restore_secret(void)
{
	FILE *file = fopen(secret, "w");
	fputs("treasure\n", file);
	fclose(file);
}

START_TEST(evil_tools_are_denied)
{
	struct sandbox_support support;
	sandbox_probe(&support);
	for (int landlock = 0; landlock <= 2; landlock += 2) {
		options.landlock_abi_maximum = landlock;
		start_runner(true);
		list_evils();
		for (size_t i = 0; i < evil_count; i++) {
			const struct evil *tried = &evils[i];
			if (tried->needs_namespace && !support.private_proc)
				continue;
			if (tried->needs_scope && !support.pid_namespaces &&
			    landlock_abi(landlock) < 6)
				continue;
			ck_assert_msg(is_possible(tried->script), "%s: not possible",
				      tried->name);
			restore_secret();
			const struct msg_ran *ran = run_script(tried->script, false);
			ck_assert_msg(!worked(output_of(ran)), "%s worked",
				      tried->name);
			ck_assert_int_eq(ran->code, 0);
		}
		stop_runner();
	}
}
END_TEST

START_TEST(a_granted_network_is_there)
{
	start_runner(true);
	list_evils();
	const struct msg_ran *ran = run_script(evils[0].script, true);
	ck_assert_str_eq(output_of(ran), "WORKED\n");
	stop_runner();
}
END_TEST

START_TEST(a_tool_is_confined_says_the_kernel)
{
	start_runner(true);
	struct sandbox_support support;
	sandbox_probe(&support);
	if (support.private_proc) {
		const struct msg_ran *ran = run_script("grep -E "
						       "'^(NoNewPrivs|Seccomp|CapEff|"
						       "CapPrm|CapBnd):' "
						       "/proc/self/status; ls -d "
						       "/proc/[0-9]* | wc -l; id -u; "
						       "unshare -U true || echo none",
						       false);
		uid_t uid = geteuid() == 0 ? NOBODY : geteuid();
		const char *text = output_of(ran);
		ck_assert_ptr_nonnull(strstr(text, "CapPrm:\t0000000000000000\n"
						   "CapEff:\t0000000000000000\n"
						   "CapBnd:\t0000000000000000\n"
						   "NoNewPrivs:\t1\nSeccomp:\t2\n"));
		ck_assert_ptr_nonnull(
			strstr(text, arena_printf(memory, "\n%u\n", uid)));
		ck_assert_ptr_nonnull(strstr(text, "none\n"));
	}
	stop_runner();
}
END_TEST

/* --- a system that denies layers --- */

static const struct msg_ran *run_with(const struct sandbox_support *support,
				      const struct msg_grant *granted)
{
	int fds[2];
	struct channel child, parent;
	ck_assert_int_eq(channel_pair(fds, NULL), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct arena *arena = arena_new(ARENA_BYTES);
		struct msg_ran ran;
		struct msg_run none = { 0 };
		log_set_level(LOG_LEVEL_ERROR);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		channel_open(&child, fds[1], false, NULL);
		char temporary[300];
		snprintf(temporary, sizeof(temporary), "%s/tool-%d", place,
			 (int)getpid());
		struct tool_setup setup = { &options, support, temporary };
		tool_run(granted, &none, &setup, arena, &ran);
		channel_send(&child, MESSAGE_ran, &ran, NULL, 0, NULL);
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(channel_open(&parent, fds[0], false, NULL), 0);
	enum message_type type;
	void *message;
	ck_assert_int_eq(channel_receive(&parent, memory, &type, &message, NULL, NULL),
			 1);
	channel_close(&parent);
	waitpid(pid, NULL, 0);
	return message;
}

START_TEST(without_namespaces_the_rest_still_holds)
{
	const struct sandbox_support poor = { .landlock_abi = landlock_abi(0),
					      .seccomp = true };
	start_runner(false);
	list_evils();
	for (size_t i = 0; i < evil_count; i++) {
		if (evils[i].needs_namespace ||
		    (evils[i].needs_scope && landlock_abi(0) < 6))
			continue;
		struct msg_grant granted = script(evils[i].script);
		const struct msg_ran *ran = run_with(&poor, &granted);
		ck_assert_msg(ran->code == 0 && !worked(output_of(ran)), "%s: %s",
			      evils[i].name, output_of(ran));
	}
	/* The runner of root without a user of its own has none either. */
	prints("echo fine", "fine\n");
	stop_runner();
}
END_TEST

START_TEST(a_full_sandbox_can_be_demanded)
{
	struct sandbox_support support;
	start_runner(true);
	struct msg_grant granted = script("echo ran");
	granted.require_sandbox = true;
	struct sandbox_support poor = { .landlock_abi = 7, .seccomp = true };
	const struct msg_ran *ran = run_with(&poor, &granted);
	ck_assert_int_eq(ran->code, ERROR_SANDBOX);
	ck_assert_ptr_nonnull(strstr(ran->text, "network namespaces"));
	ck_assert_uint_eq(ran->output.length, 0);
	sandbox_probe(&support);
	if (support.private_proc && support.network_namespaces) {
		struct channel job = grant(&granted);
		ran = run_granted(&job, NULL);
		ck_assert_msg(ran->code == 0, "%s", ran->text);
		ck_assert_str_eq(output_of(ran), "ran\n");
		channel_close(&job);
	}
	stop_runner();
}
END_TEST

UNIT_MAIN("sandbox-runner", a_tool_runs_and_answers,
	  a_tool_takes_input_only_as_far_as_its_grant_says,
	  a_tool_that_is_not_there_is_said, the_environment_is_the_grants_and_the_jobs,
	  a_slow_tool_is_ended, output_is_bounded,
	  a_grant_without_a_run_ends_with_its_descriptor, tools_die_with_the_runner,
	  evil_tools_are_denied, a_granted_network_is_there,
	  a_tool_is_confined_says_the_kernel, without_namespaces_the_rest_still_holds,
	  a_full_sandbox_can_be_demanded)
