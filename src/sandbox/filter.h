/* sandbox/filter.h - seccomp filters: made from sandbox/calls.def, kept as bytes.
 *
 * A filter is made once in a process (or inherited through fork) and loaded as bytes,
 * without libseccomp. In the sanitizer build filters are relaxed: whatever is not exec,
 * network or kill is allowed. */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <stdbool.h>

#include "sandbox/sandbox.h"

/* Filters beside those of the profiles. */
#define FILTER_TOOL         PROFILE_COUNT       /* a tool with network */
#define FILTER_TOOL_OFFLINE (PROFILE_COUNT + 1) /* a tool without */
#define FILTER_COUNT        (PROFILE_COUNT + 2)

/* Makes a filter unless it is there. 0 or ERROR_SANDBOX. */
int filter_prepare(int filter, struct error *err);
/* Puts the calling thread under a filter (no_new_privs is set already); 0,
 * ERROR_UNSUPPORTED (the kernel has no seccomp) or ERROR_SANDBOX. */
int filter_load(int filter, struct error *err);
bool filter_is_relaxed(void);

#endif
