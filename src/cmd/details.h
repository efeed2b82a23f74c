/* cmd/details.h - `gitgate status NAME`: all about one target or repository. */
#ifndef CMD_DETAILS_H
#define CMD_DETAILS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/service.h"

struct status {
	struct service service;
	bool json;
	bool colour;
	const char *config; /* the file */
	const struct node *targets;
	const struct node *repositories;
	const struct node *quarantine;
	const struct node *sources;
};

/* How many commits a target must not get again. */
size_t quarantine_count(const struct status *status, const char *target);
/* ERROR_NOT_FOUND names the nearest. */
int details_write(struct status *status, const char *name, struct buf *out,
		  struct error *err);

#endif
