/* repo/repo.h - a git repository, read only: refs, objects, ranges of commits,
 * differences of trees.
 *
 * Over libgit2's object database; commits and trees are parsed here, from the raw bytes
 * whose hash was checked. Replace refs, grafts and shallow boundaries are never
 * honoured: a repository that has grafts or is shallow is refused (ERROR_REPO_SHALLOW,
 * ERROR_REPO_GRAFTS). No configuration of user or system is read; ownership is not
 * asked (rights are the kernel's business). Threads: one at a time. */
#ifndef REPO_REPO_H
#define REPO_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/oid.h"
#include "repo/object.h"

struct arena;
struct error;
struct repo;

/* Once per process, before the first repo_open() (4 ms): also done by it. */
int repo_library_init(struct error *err);

struct repo_options {
	/* A push's quarantine: an object directory that is read before the repository's
	 * own. It must lie beneath the repository's "objects" directory (both by their
	 * real paths), else ERROR_UNSAFE_PATH. NULL: none. */
	const char *quarantine;
	const struct limits *limits; /* NULL: the defaults */
};

/* `path`: a bare repository, a .git directory or a work tree that has one; nothing is
 * searched upwards. Object directories named in objects/info/alternates are read too:
 * the repository's owner wrote them. ERROR_NOT_FOUND, ERROR_REPO_FORMAT (SHA-256 where
 * libgit2 has none), ERROR_REPO_SHALLOW, ERROR_REPO_GRAFTS. */
int repo_open(struct repo **out, const char *path, const struct repo_options *options,
	      struct error *err);
void repo_close(struct repo *repo);
/* Reads from another object directory too, after the repository's own: what a merge
 * made. Its objects are checked as all others are. */
int repo_add_objects(struct repo *repo, const char *directory, struct error *err);
const char *repo_path(
	const struct repo *repo); /* absolute, of the .git or bare directory */
size_t repo_hash_bytes(const struct repo *repo); /* 20 or 32 */

enum object_type {
	OBJECT_UNKNOWN = 0,
	OBJECT_COMMIT,
	OBJECT_TREE,
	OBJECT_BLOB,
	OBJECT_TAG
};

/* The raw object, its hash verified, valid until repo_object_release().
 * ERROR_NOT_FOUND, ERROR_LIMIT (`maximum` bytes), ERROR_OBJECT_HASH. */
struct object {
	enum object_type type;
	const char *bytes;
	size_t length;
	void *handle;
};
int repo_read(struct repo *repo, const struct oid *id, size_t maximum,
	      struct object *out, struct error *err);
void repo_object_release(struct object *object);
/* A commit, split: `text` points into `object`, to be released. ERROR_NOT_A_COMMIT, and
 * as repo_read() and commit_split(). */
int repo_read_commit(struct repo *repo, const struct oid *id, size_t maximum,
		     struct object *object, struct commit_text *text,
		     struct error *err);
/* Its tree alone. */
int repo_commit_tree(struct repo *repo, const struct oid *id, size_t maximum,
		     struct oid *tree, struct error *err);
/* Type and size without the bytes; either may be NULL. */
int repo_stat(struct repo *repo, const struct oid *id, enum object_type *type,
	      uint64_t *size, struct error *err);

/* Refs: every ref under "refs/" with its direct id (tags are not peeled); stops when
 * `each` returns non-zero and returns that. */
int repo_each_ref(struct repo *repo,
		  int (*each)(void *data, const char *name, const struct oid *id),
		  void *data, struct error *err);
/* The same of those beneath `prefix`, which ends in a slash, alone. */
int repo_each_ref_beneath(struct repo *repo, const char *prefix,
			  int (*each)(void *data, const char *name,
				      const struct oid *id),
			  void *data, struct error *err);
/* 0 with the id; ERROR_NOT_FOUND. */
int repo_ref(struct repo *repo, const char *name, struct oid *out, struct error *err);
/* The full name that HEAD points to ("refs/heads/main"), whether or not it exists.
 * Caller frees. */
int repo_head(struct repo *repo, char **out, struct error *err);
/* Every value of one key ("section.name", "section.subsection.name") of the
 * repository's own configuration file, in order; what it includes is not read. A key
 * without "=" is "true". Stops when `each` returns non-zero and returns that.
 * ERROR_REPO_CONFIG. */
int repo_config_each(struct repo *repo, const char *key,
		     int (*each)(void *data, const char *value), void *data,
		     struct error *err);
/* "HEAD", "main", "v1.0", full or unique abbreviated ids, "HEAD~2", "a..b" is not
 * understood here. Only for the command line. */
int repo_resolve(struct repo *repo, const char *revision, struct oid *out,
		 struct error *err);

/* Follows annotated tags to a commit (at most 8). ERROR_NOT_FOUND when it ends
 * elsewhere. */
int repo_peel(struct repo *repo, const struct oid *id, struct oid *commit,
	      struct error *err);

/* --- ranges (range.c) --- */

/* Visits every commit reachable from `tips` and not from `hidden`, parents after
 * children in no other promised order, each once. `each` gets the split commit; when a
 * commit is malformed, `text` is NULL and `problem` says why: its parents are then not
 * followed, so the caller must refuse (`object` is then NULL too when it is over
 * git.commit_bytes). Tags among the ids are peeled. Ids in `hidden` that do not exist
 * are ignored; a missing object in the range is ERROR_NOT_FOUND. Stops when `each`
 * returns non-zero and returns that. Over `maximum` commits: ERROR_LIMIT
 * (git.commits_per_push). */
typedef int (*range_seen)(void *data, const struct oid *id,
			  const struct commit_text *text);
struct range {
	const struct oid *tips;
	size_t tip_count;
	const struct oid *hidden;
	size_t hidden_count;
	size_t maximum; /* 0: the limit git.commits_per_push */
	/* Gets each well-formed commit as soon as the walk comes by, before any is
	 * visited: work can begin meanwhile. Some may turn out not to be in the range.
	 * Stops when it returns non-zero. NULL: not needed. */
	range_seen seen;
};
typedef int (*range_each)(void *data, const struct oid *id,
			  const struct commit_text *text, const struct object *object,
			  const struct error *problem);
int repo_range(struct repo *repo, const struct range *range, range_each each,
	       void *data, struct error *err);

/* 1 when `ancestor` is reachable from `descendant` (or equal), 0 when not. */
int repo_is_ancestor(struct repo *repo, const struct oid *ancestor,
		     const struct oid *descendant, struct error *err);

/* 1 when two commits have an ancestor in common (which may be one of them), 0 when
 * their histories are unrelated. */
int repo_is_related(struct repo *repo, const struct oid *a, const struct oid *b,
		    struct error *err);
/* The newest commits that both histories have; `one` itself when the other contains it;
 * none when they have nothing in common (merge_base.c). In the arena. Malformed commits
 * in between: their code. */
int repo_merge_bases(struct repo *repo, struct arena *arena, const struct oid *one,
		     const struct oid *other, struct oid **out, size_t *count,
		     struct error *err);

/* --- trees (tree.c) --- */

struct tree_entry {
	uint32_t mode; /* git's; 040000 for a directory */
	struct oid id;
	const char *name; /* not the whole path; NUL-terminated */
};

/* Whether a mode is that of a regular file. */
static inline bool repo_is_file(uint32_t mode)
{
	return mode == 0100644 || mode == 0100755;
}

/* Reads one tree into the arena; entries in git's order. Malformed trees:
 * ERROR_TREE_...
 */
int repo_tree(struct repo *repo, struct arena *arena, const struct oid *tree,
	      struct tree_entry **out, size_t *count, struct error *err);
/* The entry at a path beneath a tree ("" is the tree itself, mode 040000).
 * ERROR_NOT_FOUND: there is no such path; a tree that cannot be read is ERROR_IO.
 * `name` is not set. */
int repo_tree_find(struct repo *repo, const struct oid *tree, const char *path,
		   struct tree_entry *out, struct error *err);

/* Visits every file (not directories) beneath a tree in path order; `prefix` (may be
 * NULL or "") and a slash are put before each path. */
typedef int (*tree_each)(void *data, const char *path, uint32_t mode,
			 const struct oid *id);
int repo_tree_walk(struct repo *repo, const struct oid *tree, const char *prefix,
		   tree_each each, void *data, struct error *err);

/* Visits every file that differs between two trees (either may have length 0: empty);
 * equal subtrees are skipped unread. old_mode 0: added; new_mode 0: deleted (the id has
 * then length 0). In path order. Malformed trees: ERROR_TREE_..., on the old side modes
 * that old gits wrote (padded with zero, 0100664) are let pass. Over git.changed_files:
 * ERROR_LIMIT. */
typedef int (*tree_change_each)(void *data, const char *path, uint32_t old_mode,
				const struct oid *old_id, uint32_t new_mode,
				const struct oid *new_id);
int repo_tree_diff(struct repo *repo, const struct oid *old_tree,
		   const struct oid *new_tree, tree_change_each each, void *data,
		   struct error *err);

const char *repo_library_version(void); /* of libgit2: "1.5.1" */

#endif
