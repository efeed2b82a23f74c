/* sandbox/sandbox.h - confining a process: profiles of rights, and what the system lets
 * us do of them.
 *
 * Order in a child: descriptors (the caller's: only it knows which it needs), resource
 * limits, uid, no_new_privs, capabilities, Landlock, seccomp. What a kernel or
 * container denies is recorded, not hidden: sandbox_probe() for `doctor`, and
 * `require_all` for configurations that demand all of it. The sanitizer build loads a
 * relaxed filter (its runtime needs more calls) and says so.
 *
 * A process is confined while it has one thread: Landlock and seccomp bind the calling
 * thread and what it makes from then on. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct error;

/* What a profile may do beyond computing: rows of sandbox/profiles.def. */
enum profile {
	PROFILE_NONE = 0,
#define PROFILE(name, shown, network, exec, help) PROFILE_##name,
#include "sandbox/profiles.def"
#undef PROFILE
	PROFILE_COUNT
};

const char *profile_name(enum profile profile);
enum profile profile_by_name(const char *name); /* PROFILE_NONE: unknown */

struct sandbox_paths {
	const char *const *read; /* may be read (and executed where the profile may
				    exec: FETCH, which has the system's programs,
				    libraries and settings besides; REPORT has the
				    settings for names and the authorities); missing
				    ones are ignored */
	size_t read_count;
	const char *const *write; /* may be read, written, created and removed
				     beneath; they must exist */
	size_t write_count;
	const uint16_t *ports; /* of a profile with a network: the only TCP ports that
				  it connects to, from Landlock's version 4 on */
	size_t port_count;
	bool bounds_ports; /* false: to any */
};

struct sandbox_options {
	bool require_all;         /* refuse to go on when a layer cannot be had */
	int landlock_abi_maximum; /* 0: what the kernel has; tests cap it at 2 */
	uid_t uid;                /* to drop to when started as root; 0: stay */
	gid_t gid;
	const gid_t *groups; /* supplementary groups to drop to; none unless given */
	size_t group_count;
};

/* Which layers hold in this process: filled by sandbox_enter(), shown by doctor. */
struct sandbox_state {
	bool no_new_privs;
	bool no_capabilities;
	int landlock_abi; /* 0: not available (zygote and runner: left to their
			     children) */
	bool seccomp;
	bool unprivileged; /* uid is not 0 */
	char missing[256]; /* what was denied, in words; "" */
};

/* Confines the calling process for good. 0, or ERROR_SANDBOX (a layer failed in the
 * middle, or require_all and one is missing): the process must end then. `paths` and
 * `options` may be NULL. ZYGOTE and RUNNER have no paths: Landlock would bind their
 * children too. */
int sandbox_enter(enum profile profile, const struct sandbox_paths *paths,
		  const struct sandbox_options *options, struct sandbox_state *state,
		  struct error *err);

/* Prepares the filters of all jobs once, in the zygote, so that a child only loads
 * bytes. (sandbox_enter() makes what is not prepared.) */
int sandbox_prepare(struct error *err);

/* What this system can do, found by trying in a child: for doctor. One line of text
 * each, "yes", "no" and why. */
struct sandbox_support {
	int landlock_abi;
	bool seccomp;
	bool user_namespaces;
	bool network_namespaces;
	bool pid_namespaces;
	bool mounts;                      /* in a namespace of its own */
	bool private_proc;                /* a /proc that shows nobody else */
	char user_namespaces_reason[128]; /* why not; "" */
};
void sandbox_probe(struct sandbox_support *support);

/* Closes all descriptors from `lowest` up. */
void sandbox_close_from(int lowest);

const char *sandbox_library_version(void); /* of libseccomp: "2.5.4" */

#endif
