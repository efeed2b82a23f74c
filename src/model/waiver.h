/* model/waiver.h - the text of a waiver: one commit is excused from one rule of one
 * repository, until a time, for a reason.
 *
 * It stands as the message of a signed annotated tag object at
 * refs/waivers/<commit>/<rule>, whose name is that ref without "refs/" and whose target
 * is the empty tree: a waiver brings nothing into a repository but itself, so that it
 * can come before the commit and can never make a commit known. Exactly:
 *
 *   gitgate waiver 1
 *   repository: shop
 *   commit: <all digits of its id>
 *   rule: everything-is-signed
 *   until: 2026-12-31T23:59:59Z
 *   reason: one line
 *
 * "until: withdrawn" takes back an earlier one. Nothing else may stand there, neither
 * before nor behind nor in another order, and no character that cannot be shown. Who
 * signed it, and whether that counts, is not known here (policy/waivers.h). */
#ifndef MODEL_WAIVER_H
#define MODEL_WAIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"

struct arena;
struct buf;
struct error;

#define WAIVER_REFS "refs/waivers/"

struct waiver {
	const char *repository; /* configured name */
	struct oid commit;
	const char *rule; /* its name in the policy */
	int64_t until;    /* the last moment in which it counts, whole seconds */
	bool withdrawn;   /* it never counts; `until` is 0 */
	const char *reason;
};

/* Text goes into the arena. ERROR_WAIVER_FORM with the line that is wrong, or
 * ERROR_MEMORY. */
int waiver_parse(struct waiver *out, struct arena *arena, const char *message,
		 size_t length, struct error *err);
/* Writes the message, which waiver_parse() then reads; what cannot be written in it is
 * ERROR_WAIVER_FORM. */
int waiver_write(const struct waiver *waiver, struct buf *out, struct error *err);

bool waiver_is_ref(const char *ref);
/* The commit and the rule that a ref is about; `rule` points into the ref.
 * ERROR_WAIVER_REF. */
int waiver_read_ref(const char *ref, struct oid *commit, const char **rule,
		    struct error *err);
/* Writes the ref's name. ERROR_WAIVER_REF: the rule's name cannot stand in one. */
int waiver_write_ref(const struct waiver *waiver, struct buf *out, struct error *err);

#endif
