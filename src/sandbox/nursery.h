/* sandbox/nursery.h - the loop of a process that only makes children: takes messages,
 * forks, tells when children end.
 *
 * The zygote and the runner are nurseries. Children die with it (and what they leave
 * behind is ended), it ends when the other side of its channel closes. One thread. */
#ifndef SANDBOX_NURSERY_H
#define SANDBOX_NURSERY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/message.h"

struct error;

#define NURSERY_CHILDREN_MAX 512

struct nursery_child {
	pid_t pid;
	uint64_t job; /* the owner's name for it */
};

struct nursery {
	struct channel channel;
	int signals; /* signalfd: SIGCHLD */
	struct nursery_child *children;
	int child_count;
	/* A message came; the descriptors are the handler's. Negative: the loop ends.
	 */
	int (*on_message)(struct nursery *nursery, enum message_type type,
			  const void *message, int fds[MESSAGE_FDS_MAX],
			  struct error *err);
	/* A child ended; status as of waitpid(2). */
	int (*on_end)(struct nursery *nursery, uint64_t job, int status,
		      struct error *err);
	void *data; /* the owner's */
};

/* Makes the process a nursery: standard input from /dev/null, signals for ending it
 * ignored (it ends when control does, who drains first), SIGCHLD by descriptor, its
 * descendants' orphans its own. Takes control_fd. */
int nursery_open(struct nursery *nursery, int control_fd, struct error *err);
/* Until the other side closes (0) or an error. Children are ended then. */
int nursery_loop(struct nursery *nursery, struct error *err);
/* Forks. In the child (0): only `keep` (as descriptor 3) and 0 to 2 are open, signals
 * are as in a new program but for those that end it, and it dies with the nursery. In
 * the nursery: the pid, or a negative code (ERROR_LIMIT, ERROR_CHILD). */
int nursery_fork(struct nursery *nursery, uint64_t job, int keep, struct error *err);
/* Ends the job now; its end is told as usual. False: there is none. */
bool nursery_kill(struct nursery *nursery, uint64_t job);
bool nursery_has(const struct nursery *nursery, uint64_t job);
void nursery_close(struct nursery *nursery);

#define NURSERY_KEPT_FD 3

#endif
