/* sandbox/sandbox.c - confining the calling process, layer by layer. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "sandbox/confine.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)

/* What a profile has beside its system calls and its row in profiles.def. */
struct traits {
	bool confines_files;
	bool speaks;      /* to hosts by name: reads the system's settings for that */
	rlim_t files;     /* descriptors */
	rlim_t file_size; /* bytes; 0: no limit */
	rlim_t processes; /* of a uid that is ours alone; 0: no limit */
	struct landlock_scope scope;
};

static const struct traits traits[PROFILE_COUNT] = {
	/* systemd may listen on an abstract socket */
	[PROFILE_CONTROL] = { true, false, 4096, 0, 0, { true, true, true, false } },
	[PROFILE_INTAKE] = { true, false, 16384, GIB, 0, { true, true, true, true } },
	[PROFILE_ZYGOTE] = { .files = 4096 },
	[PROFILE_RUNNER] = { .files = 4096 },
	[PROFILE_FETCH] = { true, false, 1024, 0, 1024, { false, true, true, true } },
	[PROFILE_JUDGE] = { true, false, 1024, GIB, 256, { true, true, true, true } },
	[PROFILE_DEPLOY] = { true, false, 1024, GIB, 256, { true, true, true, true } },
	[PROFILE_OBSERVE] = { true, false, 1024, MIB, 256, { true, true, true, true } },
	[PROFILE_READ] = { true, false, 64, GIB, 256, { true, true, true, true } },
	[PROFILE_REPORT] = { true, true, 256, GIB, 256, { false, true, true, true } },
};

static const char *const names[PROFILE_COUNT] = {
	[PROFILE_NONE] = "none",
#define PROFILE(name, shown, network, exec, help) [PROFILE_##name] = shown,
#include "sandbox/profiles.def"
#undef PROFILE
};

static const bool executes[PROFILE_COUNT] = {
#define PROFILE(name, shown, network, exec, help) [PROFILE_##name] = exec,
#include "sandbox/profiles.def"
#undef PROFILE
};

const char *profile_name(enum profile profile)
{
	return names[profile];
}

enum profile profile_by_name(const char *name)
{
	for (int profile = PROFILE_NONE + 1; profile < PROFILE_COUNT; profile++)
		if (strcmp(names[profile], name) == 0)
			return (enum profile)profile;
	return PROFILE_NONE;
}

void sandbox_close_from(int lowest)
{
	if (syscall(SYS_close_range, lowest, ~0U, 0) == 0)
		return;
	long count = sysconf(_SC_OPEN_MAX);
	for (int fd = lowest; fd < count; fd++)
		close(fd);
}

int sandbox_prepare(struct error *err)
{
	static const enum profile jobs[] = { PROFILE_ZYGOTE,  PROFILE_FETCH,
					     PROFILE_JUDGE,   PROFILE_DEPLOY,
					     PROFILE_OBSERVE, PROFILE_READ,
					     PROFILE_REPORT };
	int code = 0;
	for (size_t i = 0; code == 0 && i < sizeof(jobs) / sizeof(jobs[0]); i++)
		code = filter_prepare(jobs[i], err);
	return code;
}

int confine_failed(struct error *err, const char *format, ...)
{
	const char *reason = strerrordesc_np(errno);
	char what[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	return error_set(err, ERROR_SANDBOX, "%s: %s", what,
			 reason != NULL ? reason : "unknown error");
}

__attribute__((format(printf, 2, 3))) static void note_missing(
	struct sandbox_state *state, const char *format, ...)
{
	size_t used = strlen(state->missing);
	int added = 0;
	if (used > 0)
		added = snprintf(state->missing + used, sizeof(state->missing) - used,
				 "; ");
	used += (size_t)added;
	if (used >= sizeof(state->missing))
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(state->missing + used, sizeof(state->missing) - used, format,
		  arguments);
	va_end(arguments);
}

/* --- resource limits --- */

int confine_limit(__rlimit_resource_t resource, rlim_t wanted, struct error *err)
{
	struct rlimit limit;
	if (getrlimit(resource, &limit) != 0)
		return confine_failed(err, "cannot read resource limits");
	if (wanted > limit.rlim_max)
		wanted = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = wanted;
	return setrlimit(resource, &limit) == 0 ? 0
						: confine_failed(err, "cannot set "
								      "resource "
								      "limits");
}

static int enter_limits(const struct traits *of, bool own_uid, struct error *err)
{
	int code = confine_limit(RLIMIT_CORE, 0, err);
	if (code == 0)
		code = confine_limit(RLIMIT_NOFILE, of->files, err);
	if (code == 0 && of->file_size != 0)
		code = confine_limit(RLIMIT_FSIZE, of->file_size, err);
	if (code == 0 && own_uid && of->processes != 0)
		code = confine_limit(RLIMIT_NPROC, of->processes, err);
	return code;
}

/* --- user and capabilities --- */

void confine_bounding_set(void)
{
	for (int capability = 0;; capability++) {
		int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
		if (has < 0)
			return;
		if (has > 0)
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	}
}

static int drop_user(const struct sandbox_options *options, struct error *err)
{
	if (geteuid() != 0 || options->uid == 0)
		return 0;
	if (setgroups(options->group_count, options->groups) != 0)
		return confine_failed(err, "cannot drop supplementary groups");
	if (setresgid(options->gid, options->gid, options->gid) != 0 ||
	    setresuid(options->uid, options->uid, options->uid) != 0)
		return confine_failed(err, "cannot become the unprivileged user");
	if (setresuid(0, 0, 0) == 0)
		return error_set(err, ERROR_SANDBOX, "root could be had again");
	return 0;
}

int confine_capabilities(struct error *err)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	memset(data, 0, sizeof(data));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, data) != 0)
		return confine_failed(err, "cannot drop capabilities");
	return 0;
}

static int enter_user(enum profile profile, const struct sandbox_options *options,
		      struct sandbox_state *state, struct error *err)
{
	confine_bounding_set();
	int code = drop_user(options, err);
	if (code != 0)
		return code;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return confine_failed(err, "cannot set no_new_privs");
	code = confine_capabilities(err);
	if (code != 0)
		return code;
	/* Not traceable by others of the same uid. The runner's children must write
	 * their own /proc/self/uid_map; LeakSanitizer traces. */
	bool dumpable = profile == PROFILE_RUNNER || filter_is_relaxed();
	prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
	state->no_new_privs = true;
	state->no_capabilities = true;
	state->unprivileged = geteuid() != 0;
	return 0;
}

/* --- files and calls --- */

static int allow_paths(struct landlock *landlock, enum profile profile,
		       const struct sandbox_paths *paths, struct error *err)
{
	bool exec = executes[profile];
	enum landlock_right right = exec ? LANDLOCK_READ_EXEC : LANDLOCK_READ;
	int code = landlock_allow_devices(landlock, err);
	if (code == 0 && exec)
		code = landlock_allow_system(landlock, err);
	if (code == 0 && traits[profile].speaks)
		code = landlock_allow_names(landlock, err);
	for (size_t i = 0; code == 0 && i < paths->read_count; i++)
		code = landlock_allow(landlock, paths->read[i], right, true, err);
	for (size_t i = 0; code == 0 && i < paths->write_count; i++)
		code = landlock_allow(landlock, paths->write[i], LANDLOCK_WRITE, false,
				      err);
	for (size_t i = 0; code == 0 && i < paths->port_count; i++)
		code = landlock_allow_connect(landlock, paths->ports[i], err);
	return code;
}

static int enter_landlock(enum profile profile, const struct sandbox_paths *paths,
			  const struct sandbox_options *options,
			  struct sandbox_state *state, struct error *err)
{
	const struct traits *of = &traits[profile];
	if (!of->confines_files)
		return 0;
	int abi = landlock_abi(options->landlock_abi_maximum);
	if (abi == 0) {
		note_missing(state, "Landlock: the kernel has none, or has it off");
		return 0;
	}
	struct landlock_scope scope = of->scope;
	scope.no_connect |= paths->bounds_ports;
	struct landlock landlock;
	int code = landlock_open(&landlock, abi, &scope, err);
	if (code != 0)
		return code;
	code = allow_paths(&landlock, profile, paths, err);
	if (code == 0)
		code = landlock_enter(&landlock, err);
	landlock_close(&landlock);
	if (code == 0)
		state->landlock_abi = abi;
	return code;
}

static int enter_filter(enum profile profile, struct sandbox_state *state,
			struct error *err)
{
	struct error cause = ERROR_INIT;
	int code = filter_load(profile, &cause);
	state->seccomp = code == 0;
	if (code == 0)
		return 0;
	if (code != ERROR_UNSUPPORTED)
		return error_set(err, ERROR_SANDBOX, "%s", cause.text);
	note_missing(state, "seccomp: %s", cause.text);
	return 0;
}

/* Whether what is missing may be missing. Comes before seccomp, after which no log
 * could be opened; the filter itself is checked behind it. */
static int check_required(const struct sandbox_options *options,
			  const struct sandbox_state *state, struct error *err)
{
	if (!options->require_all || state->missing[0] == '\0')
		return 0;
	return error_set(err, ERROR_SANDBOX, "a full sandbox is required, but %s",
			 state->missing);
}

static int enter_layers(enum profile profile, const struct sandbox_paths *paths,
			const struct sandbox_options *options,
			struct sandbox_state *state, struct error *err)
{
	const struct traits *of = &traits[profile];
	bool own_uid = geteuid() == 0 && options->uid != 0;
	int code = enter_limits(of, own_uid, err);
	if (code == 0)
		code = enter_user(profile, options, state, err);
	if (code == 0)
		code = enter_landlock(profile, paths, options, state, err);
	if (code == 0)
		code = enter_filter(profile, state, err);
	if (code == 0)
		code = check_required(options, state, err);
	return code;
}

int sandbox_enter(enum profile profile, const struct sandbox_paths *paths,
		  const struct sandbox_options *options, struct sandbox_state *state,
		  struct error *err)
{
	static const struct sandbox_paths no_paths;
	static const struct sandbox_options no_options;
	struct sandbox_state reached = { .missing = "" };
	if (profile <= PROFILE_NONE || profile >= PROFILE_COUNT)
		return error_set(err, ERROR_SANDBOX, "there is no profile %d", profile);
	/* Made before capabilities and files are gone. */
	int code = filter_prepare(profile, err);
	if (code == 0)
		code = enter_layers(profile, paths != NULL ? paths : &no_paths,
				    options != NULL ? options : &no_options, &reached,
				    err);
	if (code != 0) {
		error_context(err, "cannot enter the profile '%s'",
			      profile_name(profile));
		return code;
	}
	if (state != NULL)
		*state = reached;
	return 0;
}
