/* sandbox/landlock.h - Landlock rulesets: which files a process may touch at all.
 *
 * The kernel's interface is spelled out here, because Debian 12's headers end at ABI 2.
 * Rights that the kernel's ABI does not know yet are left out. */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct landlock {
	int fd;  /* of the ruleset; -1: none */
	int abi; /* what is used of the kernel's */
	uint64_t handled;
};

/* What is confined beside files. */
struct landlock_scope {
	bool no_connect;  /* TCP; from ABI 4 on */
	bool no_bind;     /* TCP; from ABI 4 on */
	bool no_signals;  /* to processes outside; from ABI 6 on */
	bool no_abstract; /* unix sockets of processes outside; from ABI 6 on */
};

enum landlock_right {
	LANDLOCK_READ,
	LANDLOCK_READ_EXEC,
	LANDLOCK_WRITE,
	LANDLOCK_TOOL
};

/* The kernel's ABI, capped (0: no cap); 0: it has none, or it is switched off. */
int landlock_abi(int maximum);

int landlock_open(struct landlock *landlock, int abi,
		  const struct landlock_scope *scope, struct error *err);
/* Grants a right on a file or beneath a directory. LANDLOCK_WRITE: read, write, make
 * and remove; LANDLOCK_TOOL: and execute. A path that does not exist is skipped when
 * `may_be_missing`. */
int landlock_allow(struct landlock *landlock, const char *path,
		   enum landlock_right right, bool may_be_missing, struct error *err);
/* Grants connecting to a TCP port, on any host: of a ruleset with `no_connect`. Nothing
 * below ABI 4, which confines no connections. */
int landlock_allow_connect(struct landlock *landlock, uint16_t port, struct error *err);
/* /dev/null, /dev/urandom and the like. */
int landlock_allow_devices(struct landlock *landlock, struct error *err);
/* Programs, libraries and settings of the system: read and execute; without the folders
 * in which gitgate keeps its own. */
int landlock_allow_system(struct landlock *landlock, struct error *err);
/* What finding a host by its name and trusting its certificate takes: read. */
int landlock_allow_names(struct landlock *landlock, struct error *err);
/* Confines the calling thread and its children for good (no_new_privs is set already).
 */
int landlock_enter(struct landlock *landlock, struct error *err);
void landlock_close(struct landlock *landlock);

#endif
