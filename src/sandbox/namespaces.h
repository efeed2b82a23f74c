/* sandbox/namespaces.h - namespaces for tools: what the system allows of them. */
#ifndef SANDBOX_NAMESPACES_H
#define SANDBOX_NAMESPACES_H

#include <stdbool.h>

#include "sandbox/sandbox.h"

/* Moves the calling process into a user namespace in which it keeps its uid and gid,
 * and into the others of `flags` (CLONE_NEW...). 0, or -1 with errno. */
int namespaces_enter(int flags);
/* Makes the mounts of a new mount namespace its own. */
int namespaces_own_mounts(void);
/* A /proc of the process's own pid namespace over the old one. */
int namespaces_mount_proc(void);

#endif
