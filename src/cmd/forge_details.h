/* cmd/forge_details.h - `gitgate status REPOSITORY`: what a forge has to do with it. */
#ifndef CMD_FORGE_DETAILS_H
#define CMD_FORGE_DETAILS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/service.h"

struct buf;
struct error;
struct json;
struct status;

/* A merge request and what is known about it; NULL: nothing. */
struct merge_details {
	const struct node *row;
	const struct node *verdict;
	const struct node *reviews;
};

#define MERGES_SHOWN 20

struct forge_details {
	const char *source;    /* NULL: none, or the configuration cannot be read */
	const char *full_name; /* at the source */
	const struct node *delivery; /* the newest one; NULL: none came */
	const struct node *merges;   /* all open ones (of the first page) */
	struct merge_details merge[MERGES_SHOWN];
	size_t merge_count;
	const struct node *outbox; /* what was last to be told, newest first */
};

/* Everything lives in the service's arena. */
int forge_details_read(struct forge_details *details, struct status *status,
		       const char *repository, struct error *err);
/* The lines under the repository's heading, then tables; each only when there is
 * something. */
void forge_details_lines(const struct forge_details *details, struct status *status,
			 struct buf *out);
void forge_details_tables(const struct forge_details *details, struct status *status,
			  struct buf *out);
/* Members of an object that is open. */
void forge_details_json(const struct forge_details *details, struct json *json);

#endif
