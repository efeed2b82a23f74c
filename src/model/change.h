/* model/change.h - one ref update to judge. */
#ifndef MODEL_CHANGE_H
#define MODEL_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/oid.h"

enum change_kind {
	CHANGE_UNKNOWN = 0,
	CHANGE_CREATE,
	CHANGE_UPDATE,
	CHANGE_DELETE,
};

struct change {
	const char *repository; /* configured name */
	const char *ref;        /* full name: "refs/heads/main" */
	struct oid old_id;      /* null or length 0: the ref did not exist */
	struct oid new_id;      /* null: deleted */
	const char *pusher;     /* as the transport says; NULL: unknown */
	int64_t received_at;    /* clock_now() at receipt: signatures are judged at this
				   time too */
};

enum change_kind change_kind(const struct change *change);
const char *change_kind_name(enum change_kind kind); /* "create", "update", "delete" */

/* A full ref name as git accepts it ("refs/..." by git-check-ref-format's rules, at
 * most 255 bytes, printable, no '-' first in a component). 0 or ERROR_UNSAFE_PATH. */
struct error;
int ref_check(const char *ref, struct error *err);

#endif
