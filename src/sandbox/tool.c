/* sandbox/tool.c - one run of an external tool, confined as far as the system allows.
 *
 * The calling process (the holder) enters user, network, mount and ipc namespaces; its
 * child is the first of a pid namespace and stays as the tool's parent, so that nothing
 * outlives the tool; the tool itself then enters Landlock and seccomp. */
#include "sandbox/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/path.h"
#include "base/spawn.h"
#include "sandbox/confine.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/namespaces.h"

#define FILES_MAX     4096
#define PROCESSES_MAX 1024
#define VARIABLES_MAX 1024
#define OTHER_BYTES   8192 /* of `ran`, beside the output */
#define JOB_PREFIX    "GITGATE_"

/* What the tool's process found out before it became the tool; in shared memory. */
struct report {
	struct error err;
};

struct tool {
	const struct msg_grant *grant;
	const struct msg_run *run;
	const struct tool_setup *setup;
	const struct sandbox_support *support;
	struct arena *arena;
	const char **arguments;
	const char **environment;
	bool full; /* nothing may be missing */
	struct report *report;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for a tool");
}

/* --- arguments and environment --- */

static bool same_name(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");
	return length == strcspn(b, "=") && strncmp(a, b, length) == 0;
}

static bool has_name(const char *const *variables, size_t count, const char *variable)
{
	for (size_t i = 0; i < count; i++)
		if (same_name(variables[i], variable))
			return true;
	return false;
}

static int make_arguments(struct tool *tool, struct error *err)
{
	const struct msg_strings *given = &tool->grant->arguments;
	if (given->count == 0)
		return error_set(err, ERROR_USAGE, "a tool has no arguments");
	tool->arguments =
		arena_array(tool->arena, given->count + 1, sizeof(*tool->arguments));
	if (tool->arguments == NULL)
		return no_memory(err);
	memcpy(tool->arguments, given->items, given->count * sizeof(*given->items));
	return 0;
}

/* The job's own variables: it could be hostile, the tool is not its to bend. */
static int check_variables(const struct msg_strings *own,
			   const struct msg_strings *granted, struct error *err)
{
	for (size_t i = 0; i < own->count; i++) {
		const char *variable = own->items[i];
		if (strncmp(variable, JOB_PREFIX, strlen(JOB_PREFIX)) != 0 ||
		    strchr(variable, '=') == NULL ||
		    has_name(granted->items, granted->count, variable) ||
		    has_name(own->items, i, variable))
			return error_set(err, ERROR_DENIED,
					 "a job may not set '%.*s' for a tool",
					 (int)strcspn(variable, "="), variable);
	}
	return 0;
}

/* What every tool gets unless the grant says otherwise. */
static int add_defaults(struct tool *tool, const char **variables, size_t *count,
			struct error *err)
{
	const char *defaults[] = {
		"PATH=" SPAWN_PATH, "LC_ALL=C.UTF-8",
		arena_printf(tool->arena, "HOME=%s", tool->setup->temporary),
		arena_printf(tool->arena, "TMPDIR=%s", tool->setup->temporary)
	};
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (defaults[i] == NULL)
			return no_memory(err);
		if (!has_name(variables, *count, defaults[i]))
			variables[(*count)++] = defaults[i];
	}
	return 0;
}

static int make_environment(struct tool *tool, const struct msg_strings *own,
			    struct error *err)
{
	const struct msg_strings *granted = &tool->grant->environment;
	if (granted->count > VARIABLES_MAX || own->count > VARIABLES_MAX)
		return error_set(err, ERROR_LIMIT,
				 "a tool may have at most %d variables", VARIABLES_MAX);
	int code = check_variables(own, granted, err);
	if (code != 0)
		return code;
	const char **variables = arena_array(
		tool->arena, granted->count + own->count + 5, sizeof(*variables));
	if (variables == NULL)
		return no_memory(err);
	size_t count = 0;
	for (size_t i = 0; i < granted->count; i++)
		variables[count++] = granted->items[i];
	for (size_t i = 0; i < own->count; i++)
		variables[count++] = own->items[i];
	tool->environment = variables;
	return add_defaults(tool, variables, &count, err);
}

/* --- in the tool's process, before it becomes the tool --- */

/* Grants the program itself, which may lie outside of the system's folders. */
static int allow_program(struct landlock *landlock, const struct tool *tool,
			 struct error *err)
{
	const char *name = tool->arguments[0];
	char path[PATH_MAX];
	if (strchr(name, '/') != NULL) /* seen from the directory we are in */
		return landlock_allow(landlock, name, LANDLOCK_READ_EXEC, true, err);
	const char *at = SPAWN_PATH;
	for (const char **variable = tool->environment; *variable != NULL; variable++)
		if (strncmp(*variable, "PATH=", 5) == 0)
			at = *variable + 5;
	int code = 0;
	while (code == 0 && *at != '\0') {
		int length = (int)strcspn(at, ":");
		snprintf(path, sizeof(path), "%.*s/%s", length, at, name);
		if (at[0] == '/')
			code = landlock_allow(landlock, path, LANDLOCK_READ_EXEC, true,
					      err);
		at += length + (at[length] == ':');
	}
	return code;
}

static int allow_paths(struct landlock *landlock, const struct tool *tool,
		       struct error *err)
{
	const struct msg_grant *grant = tool->grant;
	int code = landlock_allow_devices(landlock, err);
	if (code == 0)
		code = landlock_allow_system(landlock, err);
	if (code == 0)
		code = landlock_allow(landlock, "/opt", LANDLOCK_READ_EXEC, true, err);
	if (code == 0 && tool->support->private_proc)
		code = landlock_allow(landlock, "/proc", LANDLOCK_READ, true, err);
	if (code == 0 && grant->directory != NULL)
		code = landlock_allow(landlock, grant->directory, LANDLOCK_READ_EXEC,
				      true, err);
	if (code == 0)
		code = landlock_allow(landlock, tool->setup->temporary, LANDLOCK_TOOL,
				      false, err);
	for (size_t i = 0; code == 0 && i < grant->write_paths.count; i++)
		code = landlock_allow(landlock, grant->write_paths.items[i],
				      LANDLOCK_TOOL, false, err);
	return code == 0 ? allow_program(landlock, tool, err) : code;
}

static int enter_landlock(const struct tool *tool, struct error *err)
{
	bool offline = !tool->grant->network;
	const struct landlock_scope scope = { offline, offline, true, true };
	int abi = landlock_abi(tool->setup->options->landlock_abi_maximum);
	if (abi == 0)
		return 0; /* said by missing_layers() */
	struct landlock landlock;
	int code = landlock_open(&landlock, abi, &scope, err);
	if (code != 0)
		return code;
	code = allow_paths(&landlock, tool, err);
	if (code == 0)
		code = landlock_enter(&landlock, err);
	landlock_close(&landlock);
	return code;
}

static int enter_limits(const struct tool *tool, struct error *err)
{
	int code = confine_limit(RLIMIT_CORE, 0, err);
	if (code == 0)
		code = confine_limit(RLIMIT_NOFILE, FILES_MAX, err);
	/* Counted for each user namespace: elsewhere it would count other processes. */
	if (code == 0 && tool->support->user_namespaces)
		code = confine_limit(RLIMIT_NPROC, PROCESSES_MAX, err);
	return code;
}

static int enter_layers(const struct tool *tool, struct error *err)
{
	int code = enter_limits(tool, err);
	confine_bounding_set();
	if (code == 0)
		code = confine_capabilities(err);
	if (code == 0)
		code = enter_landlock(tool, err);
	if (code == 0 && tool->support->seccomp)
		code = filter_load(
			tool->grant->network ? FILTER_TOOL : FILTER_TOOL_OFFLINE, err);
	return code;
}

/* Stays as the tool's parent: takes what it leaves behind, ends as it ends. Where it is
 * the first of a pid namespace, the kernel then ends all others there. */
__attribute__((noreturn)) static void be_parent(pid_t tool)
{
	int status = 0;
	sandbox_close_from(STDERR_FILENO + 1);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (;;) {
		int ended;
		pid_t pid = waitpid(-1, &ended, 0);
		if (pid == tool)
			status = ended;
		if (pid == tool || (pid < 0 && errno != EINTR))
			break;
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* spawn's hook in the child; its parent is the holder. */
static int become_tool(void *data)
{
	const struct tool *tool = data;
	struct error *err = &tool->report->err;
	pid_t self = getpid();
	if (tool->support->private_proc && namespaces_mount_proc() != 0)
		return confine_failed(err, "cannot mount a private /proc");
	pid_t pid = fork();
	if (pid > 0)
		be_parent(pid);
	if (pid < 0)
		return confine_failed(err, "cannot fork");
	/* One stream, in the order of writing. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != self ||
	    dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		return -1;
	return enter_layers(tool, err);
}

/* --- in the holder --- */

static void add_word(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);
	snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", word);
}

/* What the system denies of a full sandbox. */
static void missing_layers(const struct tool *tool, char *out, size_t size)
{
	const struct sandbox_support *support = tool->support;
	out[0] = '\0';
	if (!support->user_namespaces)
		add_word(out, size, "user namespaces");
	if (!support->pid_namespaces)
		add_word(out, size, "pid namespaces");
	if (!support->mounts)
		add_word(out, size, "mount namespaces");
	if (!support->private_proc)
		add_word(out, size, "a private /proc");
	if (!support->network_namespaces && !tool->grant->network)
		add_word(out, size, "network namespaces");
	if (landlock_abi(tool->setup->options->landlock_abi_maximum) == 0)
		add_word(out, size, "Landlock");
	if (!support->seccomp)
		add_word(out, size, "seccomp");
}

static int check_layers(const struct tool *tool, struct error *err)
{
	char missing[160];
	missing_layers(tool, missing, sizeof(missing));
	if (missing[0] == '\0')
		return 0;
	if (tool->full)
		return error_set(err, ERROR_SANDBOX,
				 "a full sandbox is required, but the system denies %s",
				 missing);
	log_warning("tool runs with less than a full sandbox",
		    LOG_S("missing", missing),
		    LOG_S("reason", tool->support->user_namespaces_reason));
	return 0;
}

static int enter_namespaces(const struct tool *tool, struct error *err)
{
	const struct sandbox_support *support = tool->support;
	int flags = 0;
	if (!support->user_namespaces)
		return 0;
	if (support->mounts)
		flags |= CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
	if (support->pid_namespaces)
		flags |= CLONE_NEWPID;
	if (support->network_namespaces && !tool->grant->network)
		flags |= CLONE_NEWNET;
	if (namespaces_enter(flags) != 0 ||
	    (support->mounts && namespaces_own_mounts() != 0))
		return confine_failed(err, "cannot make namespaces for a tool");
	return 0;
}

static struct report *make_report(void)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return report == MAP_FAILED ? NULL : report;
}

static size_t output_maximum(void)
{
	uint64_t message = limits_default.values[LIMIT_MESSAGE_BYTES] - OTHER_BYTES;
	uint64_t output = limits_default.values[LIMIT_TOOL_OUTPUT_BYTES];
	return (size_t)(output < message ? output : message);
}

static int start(struct tool *tool, struct msg_ran *ran, struct error *err)
{
	const struct spawn spawn = {
		.arguments = tool->arguments,
		.environment = tool->environment,
		.directory =
			tool->grant->directory != NULL ? tool->grant->directory : "/",
		.input = tool->run->input.length ? tool->run->input.data : NULL,
		.input_length = tool->run->input.length,
		.orphan_signal = SIGKILL,
		.timeout = tool->grant->timeout,
		.output_maximum = output_maximum(),
		.before_exec = become_tool,
		.data = tool,
	};
	struct spawn_result result;
	int code = spawn_run(&spawn, &result, err);
	if (tool->report->err.code != 0) { /* the cause of what spawn saw */
		error_clear(err);
		code = error_set(err, tool->report->err.code, "%s",
				 tool->report->err.text);
	}
	ran->output.data =
		arena_copy(tool->arena, result.output.data, result.output.length);
	ran->output.length = ran->output.data != NULL ? result.output.length : 0;
	ran->status = code == 0 ? (uint64_t)result.status : 0;
	spawn_result_release(&result);
	return code;
}

static int check_input(const struct tool *tool, struct error *err)
{
	if (tool->run->input.length <= tool->grant->input_maximum)
		return 0;
	return error_set(err, ERROR_DENIED, "a job may not give a tool %zu bytes",
			 tool->run->input.length);
}

static int prepare(struct tool *tool, struct error *err)
{
	int code = check_layers(tool, err);
	if (code == 0)
		code = check_input(tool, err);
	if (code == 0 && mkdir(tool->setup->temporary, 0700) != 0)
		code = error_set_errno(err, errno, "cannot make '%s'",
				       tool->setup->temporary);
	if (code == 0)
		code = make_arguments(tool, err);
	if (code == 0)
		code = make_environment(tool, &tool->run->environment, err);
	tool->report = make_report();
	if (code == 0 && tool->report == NULL)
		code = no_memory(err);
	if (code == 0)
		code = enter_namespaces(tool, err);
	return code;
}

void tool_run(const struct msg_grant *grant, const struct msg_run *run,
	      const struct tool_setup *setup, struct arena *arena, struct msg_ran *ran)
{
	struct error err = ERROR_INIT;
	struct tool tool = { .grant = grant,
			     .run = run,
			     .setup = setup,
			     .support = setup->support,
			     .arena = arena,
			     .full = grant->require_sandbox ||
				     setup->options->require_all };
	*ran = (struct msg_ran){ 0 };
	int code = prepare(&tool, &err);
	if (code == 0)
		code = start(&tool, ran, &err);
	if (tool.report != NULL)
		munmap(tool.report, sizeof(*tool.report));
	ran->code = code;
	ran->text = code == 0 ? NULL : arena_string(arena, err.text);
}
