/* sandbox/sandbox.h - confining a process: profiles of rights, and what the system lets
 * us do of them.
 *
 * Order in a child: descriptors, resource limits, uid, no_new_privs, capabilities,
 * Landlock, seccomp. What a kernel or container denies is recorded, not hidden:
 * sandbox_support() for `doctor`, and `require` for configurations that demand all of
 * it. The sanitizer build loads a relaxed filter (its runtime needs more calls) and
 * says so. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
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
				    exec); missing ones are ignored */
	size_t read_count;
	const char *const
		*write; /* may be read, written, created and removed beneath */
	size_t write_count;
};

struct sandbox_options {
	bool require_all;         /* refuse to go on when a layer cannot be had */
	int landlock_abi_maximum; /* 0: what the kernel has; tests cap it at 2 */
	uid_t uid;                /* to drop to when started as root; 0: stay */
	gid_t gid;
};

/* Which layers hold in this process: filled by sandbox_enter(), shown by doctor. */
struct sandbox_state {
	bool no_new_privs;
	bool no_capabilities;
	int landlock_abi; /* 0: not available */
	bool seccomp;
	bool unprivileged; /* uid is not 0 */
	char missing[256]; /* what was denied, in words; "" */
};

/* Confines the calling process for good. 0, or ERROR_SANDBOX (a layer failed in the
 * middle, or require_all and one is missing). */
int sandbox_enter(enum profile profile, const struct sandbox_paths *paths,
		  const struct sandbox_options *options, struct sandbox_state *state,
		  struct error *err);

/* Prepares every profile's filter once, in the zygote, so that a child only loads
 * bytes. */
int sandbox_prepare(struct error *err);

/* What this system can do, found by trying in a child: for doctor. One line of text
 * each, "yes", "no" and why. */
struct sandbox_support {
	int landlock_abi;
	bool seccomp;
	bool user_namespaces;
	bool network_namespaces;
	bool pid_namespaces;
	char user_namespaces_reason[128];
};
void sandbox_probe(struct sandbox_support *support);

/* Closes all descriptors from `lowest` up. */
void sandbox_close_from(int lowest);

#endif
