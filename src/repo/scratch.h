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

/* Makes the directory `path`, which must not exist, for `repo` and its quarantine.
 * ERROR_UNSUPPORTED: its ids are not SHA-1. The caller removes the directory, after a
 * failure too. */
int scratch_make(const char *path, const struct repo *repo, struct error *err);

/* Writes a commit that is nobody's: of a tree, on a parent (NULL: none). */
int scratch_commit(const char *path, const struct oid *tree, const struct oid *parent,
		   struct oid *out, struct error *err);

/* The git that merges there what stands on its standard input, two commits a line, and
 * its environment but for PATH: lists without an end. */
#define SCRATCH_MERGE_ARGUMENTS(directory)                                             \
	"git", "--git-dir", (directory), "merge-tree", "--write-tree",                 \
		"--no-messages", "--name-only", "--stdin"
#define SCRATCH_MERGE_ENVIRONMENT                                                      \
	"LC_ALL=C", "HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent",               \
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",                \
		"GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1",                     \
		"GIT_NO_LAZY_FETCH=1"
#define SCRATCH_MERGE_LINE ((size_t)2 * OID_HEX_BYTES) /* at most */

#endif
