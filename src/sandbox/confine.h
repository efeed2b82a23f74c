/* sandbox/confine.h - the layers that profiles and tools have in common. */
#ifndef SANDBOX_CONFINE_H
#define SANDBOX_CONFINE_H

#include <sys/resource.h>

struct error;

/* Records what failed with the text of errno behind; returns ERROR_SANDBOX. */
int confine_failed(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Lowers a limit for good (never raises it over the hard one). 0 or ERROR_SANDBOX. */
int confine_limit(__rlimit_resource_t resource, rlim_t wanted, struct error *err);
/* Takes every capability that a program could be given, where that is allowed. */
void confine_bounding_set(void);
/* Drops the capabilities that there are. 0 or ERROR_SANDBOX. */
int confine_capabilities(struct error *err);

#endif
