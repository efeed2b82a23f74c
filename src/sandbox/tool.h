/* sandbox/tool.h - one run of an external tool, confined as far as the system allows.
 */
#ifndef SANDBOX_TOOL_H
#define SANDBOX_TOOL_H

#include "model/messages.h"
#include "sandbox/sandbox.h"

struct arena;
struct error;

/* What tools of one runner have in common, and where this one may write. */
struct tool_setup {
	const struct sandbox_options *options;
	const struct sandbox_support *support;
	const char *temporary; /* a name for its private directory, which it makes; the
				  caller removes it when nobody is left in it */
};

/* Runs what is granted, with the job's own variables (only GITGATE_..., and none that
 * the grant has) added, and its input as far as the grant allows one. The calling
 * process is the tool's alone: it enters namespaces. Fills `ran`, whose memory is the
 * arena's; failures stand in its code and text. */
void tool_run(const struct msg_grant *grant, const struct msg_run *run,
	      const struct tool_setup *setup, struct arena *arena, struct msg_ran *ran);

#endif
