/* sandbox/zygote.h - the process that makes jobs: a warm parent without secrets.
 *
 * Control sends `spawn` with one end of a socketpair; the zygote forks, the child
 * enters its profile and runs the body with that end. Inputs, credentials and results
 * flow over the socketpair, never through the zygote. Children die with the zygote, the
 * zygote with control. */
#ifndef SANDBOX_ZYGOTE_H
#define SANDBOX_ZYGOTE_H

#include "sandbox/sandbox.h"

struct channel;
struct error;

/* The body of a job: reads its request from the channel, answers, returns the exit
 * status (0: it answered). */
struct job_body {
	enum profile profile;
	int (*run)(struct channel *channel);
	int (*prepare)(struct error *err); /* in the job, before it is confined and
					      hears anything: loads libraries that
					      only it needs; may be NULL */
};

struct zygote_setup {
	const struct job_body *bodies;     /* ends with profile PROFILE_NONE */
	int (*warm_up)(struct error *err); /* loads libraries once, before the first
					      fork; may be NULL */
	struct sandbox_options options; /* for the jobs; uid and gid are dropped to by
					   the zygote itself where given */
};

/* The main loop of the zygote process; returns its exit status when `control_fd`
 * closes. */
int zygote_main(int control_fd, const struct zygote_setup *setup);

/* The main loop of the runner process: takes `grant` messages with a descriptor each;
 * for each a child waits for one `run` on that descriptor, starts the tool in
 * namespaces (user, network unless granted, pid, mount) as far as they are allowed,
 * Landlock, rlimits, answers `ran` and ends. Output is bounded by tool.output_bytes. */
int runner_main(int control_fd, const struct sandbox_options *options);

#endif
