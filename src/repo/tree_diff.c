/* repo/tree_diff.c - what differs between two trees: one walk down both, equal subtrees
 * left unread. */
#include <string.h>

#include "base/buf.h"
#include "repo/tree_reader.h"

struct differ {
	struct repo *repo;
	struct buf path;
	uint64_t depth;
	uint64_t changes;
	bool counted; /* git.changed_files holds */
	tree_change_each each;
	void *data;
};

static const struct oid no_tree = OID_INIT;

static int diff_trees(struct differ *differ, const struct oid *old_tree,
		      const struct oid *new_tree, struct error *err);

static int path_push(struct differ *differ, struct span name, struct error *err)
{
	if (differ->path.length != 0)
		buf_add_byte(&differ->path, '/');
	buf_add(&differ->path, name.bytes, name.length);
	if (differ->path.failed == ERROR_LIMIT)
		return error_set(err, ERROR_LIMIT,
				 "a path in the repository is over the limit %s "
				 "(%zu): '%s'",
				 limit_name(LIMIT_GIT_PATH_BYTES), differ->path.maximum,
				 differ->path.data);
	return buf_status(&differ->path, "path", err);
}

static int report(struct differ *differ, const struct raw_entry *old,
		  const struct raw_entry *new, struct error *err)
{
	if (differ->counted) {
		int rc = limit_check(&differ->repo->limits, LIMIT_GIT_CHANGED_FILES,
				     ++differ->changes, "the difference of two trees",
				     err);
		if (rc != 0)
			return rc;
	}
	return differ->each(
		differ->data, differ->path.data, old != NULL ? old->mode : 0,
		old != NULL ? &old->id : &no_tree, new != NULL ? new->mode : 0,
		new != NULL ? &new->id : &no_tree);
}

/* One entry on one side or both (then of the same name and both directories or both
 * not). */
static int diff_entries(struct differ *differ, const struct raw_entry *old,
			const struct raw_entry *new, struct error *err)
{
	const struct raw_entry *either = new != NULL ? new : old;
	bool same_id = old != NULL && new != NULL &&oid_equal(&old->id, &new->id);
	if (same_id && old->mode == new->mode)
		return 0;
	size_t length = differ->path.length;
	int rc = path_push(differ, either->name, err);
	if (rc == 0 && !raw_entry_is_directory(either))
		rc = report(differ, old, new, err);
	else if (rc == 0)
		rc = diff_trees(differ, old != NULL ? &old->id : &no_tree,
				new != NULL ? &new->id : &no_tree, err);
	buf_truncate(&differ->path, length);
	return rc;
}

static int merge_readers(struct differ *differ, struct tree_reader *old,
			 struct tree_reader *new, struct error *err)
{
	int rc = 0;
	while (rc == 0 && (old->has_entry || new->has_entry)) {
		int order = !old->has_entry ? 1
			    : !new->has_entry
				    ? -1
				    : raw_entry_compare(&old->entry, &new->entry);
		rc = diff_entries(differ, order <= 0 ? &old->entry : NULL,
				  order >= 0 ? &new->entry : NULL, err);
		if (rc == 0 && order <= 0)
			rc = tree_reader_next(old, err);
		if (rc == 0 && order >= 0)
			rc = tree_reader_next(new, err);
	}
	return rc;
}

/* The old side is history: it may hold what old gits wrote. */
static int diff_trees(struct differ *differ, const struct oid *old_tree,
		      const struct oid *new_tree, struct error *err)
{
	struct tree_reader old;
	struct tree_reader new;
	int rc = limit_check(&differ->repo->limits, LIMIT_GIT_TREE_DEPTH,
			     ++differ->depth, differ->path.data, err);
	if (rc == 0)
		rc = tree_reader_open(&old, differ->repo, old_tree, true, err);
	if (rc == 0) {
		rc = tree_reader_open(&new, differ->repo, new_tree, false, err);
		if (rc == 0) {
			rc = merge_readers(differ, &old, &new, err);
			tree_reader_close(&new);
		}
		tree_reader_close(&old);
	}
	differ->depth--;
	return rc;
}

int repo_tree_diff(struct repo *repo, const struct oid *old_tree,
		   const struct oid *new_tree, tree_change_each each, void *data,
		   struct error *err)
{
	if (oid_equal(old_tree, new_tree))
		return 0;
	struct differ differ = {
		.repo = repo,
		.path = BUF_INIT(repo->limits.values[LIMIT_GIT_PATH_BYTES]),
		.counted = true,
		.each = each,
		.data = data,
	};
	int rc = diff_trees(&differ, old_tree, new_tree, err);
	buf_release(&differ.path);
	return rc;
}

struct walk {
	tree_each each;
	void *data;
};

static int visit_added(void *data, const char *path, uint32_t old_mode,
		       const struct oid *old_id, uint32_t new_mode,
		       const struct oid *new_id)
{
	const struct walk *walk = data;
	(void)old_mode;
	(void)old_id;
	return walk->each(walk->data, path, new_mode, new_id);
}

/* The difference to nothing. */
int repo_tree_walk(struct repo *repo, const struct oid *tree, const char *prefix,
		   tree_each each, void *data, struct error *err)
{
	struct walk walk = { each, data };
	struct differ differ = {
		.repo = repo,
		.path = BUF_INIT(repo->limits.values[LIMIT_GIT_PATH_BYTES]),
		.each = visit_added,
		.data = &walk,
	};
	struct span start = { prefix, prefix != NULL ? strlen(prefix) : 0 };
	int rc = start.length != 0 ? path_push(&differ, start, err) : 0;
	if (rc == 0)
		rc = diff_trees(&differ, &no_tree, tree, err);
	buf_release(&differ.path);
	return rc;
}
