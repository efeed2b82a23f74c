/* hooks/updates.h - the lines that git gives to a receive hook: "<old> <new> <ref>". */
#ifndef HOOKS_UPDATES_H
#define HOOKS_UPDATES_H

#include <stddef.h>

#include "base/buf.h"
#include "base/oid.h"

struct error;
struct limits;

struct update {
	struct oid old_id; /* null: the ref is created */
	struct oid new_id; /* null: the ref is deleted */
	const char *ref;   /* into `names` */
};

struct updates {
	struct buf text; /* byte for byte as it was read: for the chained hook */
	char *names;     /* the same bytes, cut into pieces */
	struct update *items;
	size_t count;
};

/* Reads everything to the end of file. Refused: a read error, no line at all, a line
 * that is not whole or not exactly of this form, ids of different lengths, one ref
 * twice, more lines than git.refs_per_push. updates_release() in every case. */
int updates_read(struct updates *out, int fd, const struct limits *limits,
		 struct error *err);
void updates_release(struct updates *updates);

#endif
