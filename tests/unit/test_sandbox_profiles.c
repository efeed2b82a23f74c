/* tests/unit/test_sandbox_profiles.c - an evil job of each profile: what it tries is
 * denied, and the same is possible when it is not confined. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/spawn.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/sandbox.h"
#include "unit.h"

#define NOBODY 65534

/* --- the place: beneath it `allowed/` is granted, `secret` is not --- */
static char *place;
static char allowed[200], inside[220], secret[200], outside[200], socket_path[100],
	scratch[220];
static struct sockaddr_in tcp_address;
static struct sockaddr_un unix_address;
static int tcp_listener, unix_listener;
static pid_t victim;

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0666);
}

static void listen_tcp(void)
{
	socklen_t size = sizeof(tcp_address);
	tcp_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	tcp_address = (struct sockaddr_in){ .sin_family = AF_INET };
	tcp_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(tcp_listener, (struct sockaddr *)&tcp_address, size), 0);
	ck_assert_int_eq(listen(tcp_listener, 5), 0);
	getsockname(tcp_listener, (struct sockaddr *)&tcp_address, &size);
}

static void listen_unix(void)
{
	unix_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unix_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(unix_address.sun_path, sizeof(unix_address.sun_path), "%s",
		 socket_path);
	ck_assert_int_eq(bind(unix_listener, (struct sockaddr *)&unix_address,
			      sizeof(unix_address)),
			 0);
	ck_assert_int_eq(listen(unix_listener, 5), 0);
	chmod(socket_path, 0777);
}

static void open_place(void)
{
	/* Another user must get there. */
	setenv("TMPDIR", "/tmp", 1);
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-evil", NULL), 0);
	chmod(place, 0777);
	snprintf(allowed, sizeof(allowed), "%s/allowed", place);
	snprintf(inside, sizeof(inside), "%s/inside", allowed);
	snprintf(secret, sizeof(secret), "%s/secret", place);
	snprintf(outside, sizeof(outside), "%s/outside", place);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", place);
	snprintf(scratch, sizeof(scratch), "%s/scratch", allowed);
	mkdir(allowed, 0777);
	chmod(allowed, 0777);
	mkdir(scratch, 0777);
	chmod(scratch, 0777);
	write_file(inside, "inside");
	write_file(secret, "secret");
	listen_tcp();
	listen_unix();
	victim = fork();
	if (victim == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		for (;;)
			pause();
	}
}

static void close_place(void)
{
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	close(tcp_listener);
	close(unix_listener);
	int root = open("/", O_PATH);
	ck_assert_int_eq(path_remove_tree(root, place + 1, NULL), 0);
	close(root);
	free(place);
}

/* --- what is tried: true when it worked --- */

static bool open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool open_secret(void)
{
	return open(secret, O_RDONLY) >= 0;
}

static bool open_secret_openat2(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_RDONLY, 0, 0 };
	return syscall(SYS_openat2, AT_FDCWD, secret, &how, sizeof(how)) >= 0;
}

static bool truncate_secret(void)
{
	return open(secret, O_WRONLY | O_TRUNC) >= 0;
}

static bool make_file(void)
{
	return open(outside, O_WRONLY | O_CREAT, 0666) >= 0 && unlink(outside) == 0;
}

static bool list_place(void)
{
	return open(place, O_RDONLY | O_DIRECTORY) >= 0;
}

static bool connect_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd >= 0 &&
	       connect(fd, (struct sockaddr *)&tcp_address, sizeof(tcp_address)) == 0;
}

static bool connect_unix(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return fd >= 0 &&
	       connect(fd, (struct sockaddr *)&unix_address, sizeof(unix_address)) == 0;
}

static bool listen_itself(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
	       listen(fd, 1) == 0;
}

static bool exec_program(void)
{
	char *arguments[] = { strdup("true"), NULL };
	char *environment[] = { NULL };
	execve("/bin/true", arguments, environment);
	return false;
}

static bool fork_itself(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool trace_other(void)
{
	return ptrace(PTRACE_SEIZE, victim, NULL, NULL) == 0;
}

static bool read_other(void)
{
	char there[1] = "";
	struct iovec local = { there, 1 }, remote = { place, 1 };
	return process_vm_readv(victim, &local, 1, &remote, 1, 0) == 1;
}

static bool kill_parent(void)
{
	return kill(getppid(), SIGCONT) == 0;
}

static bool kill_other(void)
{
	return syscall(SYS_tkill, victim, SIGCONT) == 0;
}

/* F_SETOWN and F_SETSIG make the kernel send any signal. */
static bool signal_by_kernel(void)
{
	int fds[2];
	return pipe(fds) == 0 && fcntl(fds[0], F_SETOWN, victim) == 0;
}

static bool execute_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool make_user_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool raise_limits(void)
{
	struct rlimit limit = { 10, 10 };
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

enum who {
	CONTROL = 1 << PROFILE_CONTROL,
	INTAKE = 1 << PROFILE_INTAKE,
	ZYGOTE = 1 << PROFILE_ZYGOTE,
	FETCH = 1 << PROFILE_FETCH,
	REPORT = 1 << PROFILE_REPORT,
	NOBODY_MAY = 0,
};

struct attempt {
	const char *name;
	bool (*run)(void);
	unsigned int granted;    /* to whom */
	unsigned int before_abi; /* those whom an older Landlock does not stop */
	int abi;
	bool strict; /* only the whole filter denies it */
};

static const struct attempt attempts[] = {
	{ "open /etc/passwd", open_passwd, ZYGOTE | FETCH, 0, 0, false },
	{ "open a secret", open_secret, ZYGOTE, 0, 0, false },
	{ "open a secret by openat2", open_secret_openat2, ZYGOTE, 0, 0, false },
	{ "truncate a secret", truncate_secret, ZYGOTE, 0, 0, false },
	{ "make a file", make_file, ZYGOTE, 0, 0, false },
	{ "list a directory", list_place, ZYGOTE, 0, 0, false },
	{ "connect by TCP", connect_tcp, ZYGOTE | FETCH | REPORT, 0, 0, false },
	{ "connect to a unix socket", connect_unix, NOBODY_MAY, 0, 0, true },
	{ "listen", listen_itself, NOBODY_MAY, 0, 0, true },
	{ "exec", exec_program, ZYGOTE | FETCH, 0, 0, false },
	{ "fork", fork_itself, ZYGOTE | FETCH, 0, 0, true },
	{ "ptrace", trace_other, NOBODY_MAY, 0, 0, true },
	{ "read another's memory", read_other, NOBODY_MAY, 0, 0, true },
	{ "kill the parent", kill_parent, ZYGOTE, FETCH, 6, false },
	{ "kill a sibling", kill_other, ZYGOTE, FETCH, 6, false },
	{ "have the kernel signal", signal_by_kernel, NOBODY_MAY, 0, 0, true },
	{ "execute memory", execute_memory, ZYGOTE | FETCH, 0, 0, true },
	{ "make a user namespace", make_user_namespace, NOBODY_MAY, 0, 0, true },
	{ "change limits", raise_limits, ZYGOTE | FETCH, 0, 0, true },
};

#define ATTEMPT_COUNT (sizeof(attempts) / sizeof(attempts[0]))

/* --- running them --- */

static struct sandbox_paths paths_of(enum profile profile)
{
	static const char *paths[1], *scratches[1];
	struct sandbox_paths none = { 0 };
	paths[0] = allowed;
	scratches[0] = scratch;
	struct sandbox_paths read = { .read = paths, .read_count = 1 };
	struct sandbox_paths write = { .write = paths, .write_count = 1 };
	switch (profile) {
	case PROFILE_NONE:
	case PROFILE_COUNT:
	case PROFILE_INTAKE:
	case PROFILE_ZYGOTE:
	case PROFILE_RUNNER:
	case PROFILE_READ:
	case PROFILE_REPORT:
		return none;
	case PROFILE_JUDGE:
		read.write = scratches;
		read.write_count = 1;
		return read;
	case PROFILE_OBSERVE:
		return read;
	case PROFILE_CONTROL:
	case PROFILE_FETCH:
	case PROFILE_DEPLOY:
		return write;
	}
	return none;
}

/* Runs it in a child under a profile (PROFILE_NONE: free). True when it worked; what
 * ends the child is a denial. */
static bool works(bool (*run)(void), enum profile profile,
		  const struct sandbox_options *options)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct error err = ERROR_INIT;
		struct sandbox_paths paths = paths_of(profile);
		if (profile != PROFILE_NONE &&
		    sandbox_enter(profile, &paths, options, NULL, &err) != 0) {
			fprintf(stderr, "%s\n", err.text);
			_exit(99);
		}
		if (profile == PROFILE_NONE && geteuid() == 0 && options->uid != 0 &&
		    (setresgid(options->gid, options->gid, options->gid) != 0 ||
		     setresuid(options->uid, options->uid, options->uid) != 0))
			_exit(99);
		_exit(run() ? 0 : 1);
	}
	int status = -1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_ne(status, 99 << 8);
	return status == 0;
}

static bool is_granted(const struct attempt *attempt, enum profile profile, int abi)
{
	unsigned int who = 1U << profile;
	return (attempt->granted & who) != 0 ||
	       ((attempt->before_abi & who) != 0 && abi < attempt->abi);
}

static void try_everything(const struct sandbox_options *options)
{
	static const enum profile profiles[] = { PROFILE_CONTROL, PROFILE_INTAKE,
						 PROFILE_ZYGOTE,  PROFILE_FETCH,
						 PROFILE_JUDGE,   PROFILE_DEPLOY,
						 PROFILE_OBSERVE, PROFILE_READ,
						 PROFILE_REPORT };
	int abi = landlock_abi(options->landlock_abi_maximum);
	int denied = 0;
	open_place();
	for (size_t a = 0; a < ATTEMPT_COUNT; a++) {
		const struct attempt *attempt = &attempts[a];
		if (attempt->strict && filter_is_relaxed())
			continue;
		/* Without it the denials would prove nothing. Whether the system lets
		 * others be traced or namespaces be made is not ours to say. */
		bool possible = works(attempt->run, PROFILE_NONE, options);
		bool may_lack = attempt->run == trace_other ||
				attempt->run == read_other ||
				attempt->run == make_user_namespace;
		ck_assert_msg(possible || may_lack, "%s is not possible here",
			      attempt->name);
		if (!possible)
			printf("# not possible here without a filter either: %s\n",
			       attempt->name);
		for (size_t p = 0; p < sizeof(profiles) / sizeof(profiles[0]); p++) {
			bool granted = is_granted(attempt, profiles[p], abi);
			bool worked = works(attempt->run, profiles[p], options);
			ck_assert_msg(worked == granted, "%s: %s %s",
				      profile_name(profiles[p]), attempt->name,
				      worked ? "worked" : "was denied");
			denied += !worked;
		}
	}
	ck_assert_int_gt(denied, filter_is_relaxed() ? 40 : 80);
	close_place();
}

START_TEST(evil_jobs_are_denied)
{
	struct sandbox_options options = { 0 };
	try_everything(&options);
}
END_TEST

START_TEST(evil_jobs_are_denied_with_the_landlock_of_kernel_6_1)
{
	struct sandbox_options options = { .landlock_abi_maximum = 2 };
	try_everything(&options);
}
END_TEST

START_TEST(evil_jobs_are_denied_as_another_user)
{
	struct sandbox_options options = { .uid = NOBODY, .gid = NOBODY };
	if (geteuid() != 0) {
		printf("# skipped: not root\n");
		return;
	}
	try_everything(&options);
}
END_TEST

/* --- what each profile is for works --- */

static bool read_inside(void)
{
	struct buf text = BUF_INIT(100);
	bool read = buf_read_file(&text, inside, NULL) == 0 &&
		    strcmp(text.data, "inside") == 0;
	buf_release(&text);
	return read;
}

static bool scratch_inside(void)
{
	char path[250];
	snprintf(path, sizeof(path), "%s/7", scratch);
	int directory = open(scratch, O_RDONLY | O_DIRECTORY);
	bool worked = mkdir(path, 0700) == 0 &&
		      path_remove_tree(directory, "7", NULL) == 0 &&
		      access(path, F_OK) != 0;
	close(directory);
	return worked;
}

static bool write_inside(void)
{
	char path[250], other[250], link[250];
	snprintf(path, sizeof(path), "%s/d/e", allowed);
	snprintf(other, sizeof(other), "%s/f", allowed);
	snprintf(link, sizeof(link), "%s/current", allowed);
	char *directory = strndup(path, strlen(path) - 2);
	bool worked = mkdir(directory, 0700) == 0 &&
		      path_write_atomic(path, "text", 4, 0600, NULL) == 0 &&
		      symlink("d", link) == 0 && chmod(path, 0644) == 0 &&
		      truncate(path, 2) == 0 && rename(path, other) == 0 &&
		      unlink(other) == 0 && unlink(link) == 0 && rmdir(directory) == 0;
	free(directory);
	return worked;
}

static bool read_names(void)
{
	static const char *const files[] = { "/etc/hosts", "/etc/nsswitch.conf",
					     "/etc/resolv.conf", "/etc/ssl/certs" };
	bool readable = true;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		readable =
			readable && (open(files[i], O_RDONLY) >= 0 || errno == ENOENT);
	return readable;
}

static bool watch_inside(void)
{
	int fd = inotify_init1(IN_CLOEXEC);
	return fd >= 0 && inotify_add_watch(fd, allowed, IN_CREATE) >= 0;
}

static bool seal_memory(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd >= 0 && ftruncate(fd, 5000) == 0 && write(fd, "x", 1) == 1 &&
	       fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW) == 0 &&
	       mmap(NULL, 5000, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED;
}

static void *add_one(void *number)
{
	++*(int *)number;
	return NULL;
}

static bool start_thread(void)
{
	pthread_t thread;
	int number = 1;
	return pthread_create(&thread, NULL, add_one, &number) == 0 &&
	       pthread_join(thread, NULL) == 0 && number == 2;
}

static bool accept_there(void)
{
	/* Somebody connects from outside. */
	int fd = accept4(tcp_listener, NULL, NULL, SOCK_CLOEXEC);
	return fd >= 0;
}

static bool run_git(void)
{
	char directory[250];
	snprintf(directory, sizeof(directory), "%s/mirror.git", allowed);
	char home[250];
	snprintf(home, sizeof(home), "HOME=%s", allowed);
	const char *init[] = { "git", "init", "-q", "--bare", directory, NULL };
	const char *fetch[] = { "git", "-C",      "mirror.git",     "fetch",
				"-q",  directory, "+refs/*:refs/*", NULL };
	const char *environment[] = { "PATH=" SPAWN_PATH, home, "GIT_CONFIG_NOSYSTEM=1",
				      NULL };
	struct spawn spawn = { .arguments = init,
			       .environment = environment,
			       .directory = allowed };
	struct spawn_result result;
	struct error err = ERROR_INIT;
	bool worked = spawn_check(&spawn, &result, &err) == 0;
	spawn_result_release(&result);
	spawn.arguments = fetch;
	worked = worked && spawn_check(&spawn, &result, &err) == 0;
	if (!worked)
		fprintf(stderr, "%s\n", err.text);
	return worked;
}

struct use {
	const char *name;
	bool (*run)(void);
	unsigned int profiles;
};

#define WITH(name) (1U << PROFILE_##name)

static const struct use uses[] = {
	{ "read", read_inside,
	  WITH(CONTROL) | WITH(FETCH) | WITH(JUDGE) | WITH(DEPLOY) | WITH(OBSERVE) },
	{ "make and remove a scratch directory", scratch_inside,
	  WITH(JUDGE) | WITH(FETCH) | WITH(DEPLOY) },
	{ "write", write_inside, WITH(CONTROL) | WITH(FETCH) | WITH(DEPLOY) },
	{ "watch", watch_inside, WITH(OBSERVE) | WITH(ZYGOTE) },
	{ "seal", seal_memory,
	  WITH(JUDGE) | WITH(CONTROL) | WITH(FETCH) | WITH(ZYGOTE) },
	{ "thread", start_thread,
	  WITH(CONTROL) | WITH(INTAKE) | WITH(JUDGE) | WITH(DEPLOY) | WITH(REPORT) },
	{ "names", read_names, WITH(REPORT) | WITH(FETCH) },
	{ "git", run_git, WITH(FETCH) },
};

START_TEST(each_profile_can_do_its_work)
{
	struct sandbox_options options = { 0 };
	for (size_t u = 0; u < sizeof(uses) / sizeof(uses[0]); u++) {
		for (int profile = 1; profile < PROFILE_COUNT; profile++) {
			if ((uses[u].profiles & (1U << profile)) == 0)
				continue;
			open_place();
			bool worked =
				works(uses[u].run, (enum profile)profile, &options);
			ck_assert_msg(worked, "%s cannot %s",
				      profile_name((enum profile)profile),
				      uses[u].name);
			close_place();
		}
	}
	open_place();
	ck_assert(!works(write_inside, PROFILE_JUDGE, &options));
	ck_assert(!works(write_inside, PROFILE_OBSERVE, &options));
	close_place();
}
END_TEST

START_TEST(intake_serves)
{
	struct sandbox_options options = { 0 };
	open_place();
	pid_t client = fork();
	if (client == 0) {
		connect_tcp();
		_exit(0);
	}
	ck_assert(works(accept_there, PROFILE_INTAKE, &options));
	waitpid(client, NULL, 0);
	close_place();
}
END_TEST

/* --- what the kernel says of a confined process --- */

static int status_fd;

static bool has_line(const char *text, const char *name, const char *value)
{
	const char *at = strstr(text, name);
	if (at == NULL)
		return false;
	at += strlen(name) + 1;
	at += strspn(at, "\t ");
	return strncmp(at, value, strlen(value)) == 0 &&
	       (at[strlen(value)] == '\n' || at[strlen(value)] == '\t');
}

static bool is_confined(void)
{
	char text[8192];
	ssize_t length = pread(status_fd, text, sizeof(text) - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return has_line(text, "NoNewPrivs:", "1") && has_line(text, "Seccomp:", "2") &&
	       has_line(text, "CapEff:", "0000000000000000") &&
	       has_line(text, "CapPrm:", "0000000000000000") &&
	       has_line(text, "CapInh:", "0000000000000000") &&
	       has_line(text, "CapAmb:", "0000000000000000");
}

static bool is_nobody(void)
{
	char text[8192];
	ssize_t length = pread(status_fd, text, sizeof(text) - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return is_confined() && has_line(text, "Uid:", "65534") &&
	       has_line(text, "Gid:", "65534") && getgroups(0, NULL) == 0 &&
	       has_line(text, "CapBnd:", "0000000000000000");
}

/* The file of the process that opens it: by the thread that confines itself. */
static bool confined_status(enum profile profile, const struct sandbox_options *options,
			    bool (*check)(void), struct sandbox_state *state)
{
	struct sandbox_state *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	if (pid == 0) {
		status_fd = open("/proc/self/status", O_RDONLY);
		if (sandbox_enter(profile, NULL, options, shared, NULL) != 0)
			_exit(99);
		_exit(check() ? 0 : 1);
	}
	int status = -1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	*state = *shared;
	munmap(shared, sizeof(*shared));
	return status == 0;
}

START_TEST(the_kernel_says_that_each_profile_is_confined)
{
	for (int profile = 1; profile < PROFILE_COUNT; profile++) {
		struct sandbox_options options = { .require_all = true };
		struct sandbox_state state;
		bool files = profile != PROFILE_ZYGOTE && profile != PROFILE_RUNNER;
		ck_assert_msg(confined_status((enum profile)profile, &options,
					      is_confined, &state),
			      "%s", profile_name((enum profile)profile));
		ck_assert(state.no_new_privs && state.no_capabilities && state.seccomp);
		ck_assert_int_eq(state.landlock_abi, files ? landlock_abi(0) : 0);
		ck_assert_int_eq(state.unprivileged, geteuid() != 0);
		ck_assert_str_eq(state.missing, "");
		if (geteuid() != 0)
			continue;
		options.uid = options.gid = NOBODY;
		ck_assert_msg(confined_status((enum profile)profile, &options,
					      is_nobody, &state),
			      "%s", profile_name((enum profile)profile));
		ck_assert(state.unprivileged);
	}
}
END_TEST

START_TEST(what_cannot_be_granted_is_an_error)
{
	const char *missing[] = { "/nowhere/at/all" };
	struct sandbox_paths read = { .read = missing, .read_count = 1 };
	struct sandbox_paths write = { .write = missing, .write_count = 1 };
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct error err = ERROR_INIT;
			int code = sandbox_enter(i == 2 ? PROFILE_NONE : PROFILE_DEPLOY,
						 i == 0 ? &read : &write, NULL, NULL,
						 &err);
			bool named = strstr(err.text, missing[0]) != NULL;
			if (i == 0)
				_exit(code == 0 ? 0 : 1);
			_exit(code == ERROR_SANDBOX && (i == 2 || named) ? 0 : 1);
		}
		int status = -1;
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

/* 0 when a fetch that is bound to these ports connects, errno otherwise. */
static int connects(const uint16_t *ports, size_t count, bool bound, int abi)
{
	pid_t pid = fork();
	if (pid == 0) {
		const struct sandbox_options options = { .landlock_abi_maximum = abi };
		const struct sandbox_paths paths = { .ports = ports,
						     .port_count = count,
						     .bounds_ports = bound };
		if (sandbox_enter(PROFILE_FETCH, &paths, &options, NULL, NULL) != 0)
			_exit(99);
		_exit(connect_tcp() ? 0 : errno);
	}
	int status = -1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 99);
	return WEXITSTATUS(status);
}

START_TEST(a_fetch_connects_to_its_ports_alone)
{
	open_place();
	const uint16_t here = ntohs(tcp_address.sin_port);
	const uint16_t with[] = { 443, here }, without[] = { 443, 53 };
	const int refused = landlock_abi(0) >= 4 ? EACCES : 0;
	ck_assert_int_eq(connects(NULL, 0, false, 0), 0);
	ck_assert_int_eq(connects(with, 2, true, 0), 0);
	ck_assert_int_eq(connects(without, 2, true, 0), refused);
	ck_assert_int_eq(connects(NULL, 0, true, 0), refused);
	ck_assert_int_eq(connects(with, 2, true, 3), 0);
	ck_assert_int_eq(connects(without, 2, true, 3), 0); /* nor can it be had */
	close_place();
}
END_TEST

START_TEST(names_are_those_of_the_rows)
{
	for (int profile = 1; profile < PROFILE_COUNT; profile++)
		ck_assert_int_eq(profile_by_name(profile_name((enum profile)profile)),
				 profile);
	ck_assert_int_eq(profile_by_name("judge"), PROFILE_JUDGE);
	ck_assert_int_eq(profile_by_name("none"), PROFILE_NONE);
	ck_assert_int_eq(profile_by_name(""), PROFILE_NONE);
	ck_assert_int_eq(profile_by_name("Judge"), PROFILE_NONE);
}
END_TEST

START_TEST(descriptors_are_closed_from_a_number_up)
{
	pid_t pid = fork();
	if (pid == 0) {
		dup2(0, 57);
		dup2(0, 58);
		dup2(0, 300);
		sandbox_close_from(58);
		_exit(fcntl(57, F_GETFD) >= 0 && fcntl(58, F_GETFD) < 0 &&
				      fcntl(300, F_GETFD) < 0
			      ? 0
			      : 1);
	}
	int status = -1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(the_probe_tells_what_the_system_has)
{
	struct sandbox_support support;
	sandbox_probe(&support);
	ck_assert_int_eq(support.landlock_abi, landlock_abi(0));
	ck_assert(support.seccomp);
	printf("# landlock %d, namespaces: user %d, network %d, pid %d, mounts %d, "
	       "proc "
	       "%d %s\n",
	       support.landlock_abi, support.user_namespaces,
	       support.network_namespaces, support.pid_namespaces, support.mounts,
	       support.private_proc, support.user_namespaces_reason);
	ck_assert_int_eq(support.user_namespaces && support.mounts,
			 support.user_namespaces_reason[0] == '\0');
	ck_assert(support.user_namespaces || !support.pid_namespaces);
}
END_TEST

UNIT_MAIN("sandbox-profiles", evil_jobs_are_denied,
	  evil_jobs_are_denied_with_the_landlock_of_kernel_6_1,
	  evil_jobs_are_denied_as_another_user, each_profile_can_do_its_work,
	  intake_serves, the_kernel_says_that_each_profile_is_confined,
	  what_cannot_be_granted_is_an_error, a_fetch_connects_to_its_ports_alone,
	  names_are_those_of_the_rows, descriptors_are_closed_from_a_number_up,
	  the_probe_tells_what_the_system_has)
