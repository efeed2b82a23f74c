/* control/control.h - the process that keeps configuration, store and schedule.
 *
 * One loop. A round: wait; begin a transaction; take every message, deadline and due
 * piece of work; commit once (group commit); only then answer and start jobs. So
 * whatever anybody was told, or whatever a job does, stands on disk before. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/sandbox.h"

#define CONTROL_FULL   4
#define CONTROL_LOCKED 5

struct control_setup {
	const char *config_file;
	struct sandbox_options sandbox;
};

/* The main loop; `keeper_fd` is the channel on which `part` messages bring the channels
 * to zygote, runner and intake. Returns the exit status: 0 after an orderly drain, 3 on
 * errors (the keeper starts it again), 2 when the configuration or store cannot be used
 * (the keeper gives up), CONTROL_FULL when the store's disk is full (the keeper starts
 * it again, however often), CONTROL_LOCKED when another process has the store (the
 * keeper gives up if it never was ready). SIGTERM drains, SIGHUP reloads. */
int control_main(int keeper_fd, const struct control_setup *setup);

#endif
