/* repo/scratch.h - a bare repository of nothing, in which git merges what stands in
 * another one.
 *
 * It has no ref, no hook, no attributes, no configuration but four lines of ours: so
 * nothing that stands in the other repository, its configuration or its info/attributes
 * can make git run anything or merge otherwise than it does by itself. It reads the
 * other one's objects; what git makes goes into its own. */
#ifndef REPO_SCRATCH_H
#define REPO_SCRATCH_H

#include "base/oid.h"

struct error;
struct repo;
struct scratch;

/* Makes the directory `path`, which must not exist, for `repo` and its quarantine.
 * ERROR_UNSUPPORTED: its ids are not SHA-1. The caller removes the directory, after a
 * failure too. */
int scratch_make(struct scratch **out, const char *path, const struct repo *repo,
		 struct error *err);
void scratch_free(struct scratch *scratch); /* NULL is legal */

/* Writes a commit that is nobody's: of a tree, on a parent (NULL: none). */
int scratch_commit(struct scratch *scratch, const struct oid *tree,
		   const struct oid *parent, struct oid *out, struct error *err);

#endif
