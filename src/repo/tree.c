/* repo/tree.c - one tree as a list, and the way down a path. */
#include <string.h>

#include "base/arena.h"
#include "repo/tree_reader.h"

int repo_tree(struct repo *repo, struct arena *arena, const struct oid *tree,
	      struct tree_entry **out, size_t *count, struct error *err)
{
	struct tree_reader reader;
	struct tree_entry *entries = NULL;
	size_t used = 0;
	size_t capacity = 0;
	int rc = tree_reader_open(&reader, repo, tree, false, err);
	if (rc != 0)
		return rc;
	while (rc == 0 && reader.has_entry) {
		const struct raw_entry *raw = &reader.entry;
		struct tree_entry *entry =
			ARENA_PUSH(arena, &entries, &used, &capacity);
		char *name = arena_copy(arena, raw->name.bytes, raw->name.length);
		if (entry == NULL || name == NULL) {
			rc = error_set(err, ERROR_MEMORY, "out of memory");
			break;
		}
		*entry = (struct tree_entry){ raw->mode, raw->id, name };
		rc = tree_reader_next(&reader, err);
	}
	tree_reader_close(&reader);
	if (rc != 0)
		return rc;
	*out = entries;
	*count = used;
	return 0;
}

/* The entry of one name. The tree is read to its end: only then no name comes twice. */
static int find_name(struct repo *repo, const struct oid *tree, struct span name,
		     struct tree_entry *out, bool *found, struct error *err)
{
	struct tree_reader reader;
	*found = false;
	int rc = tree_reader_open(&reader, repo, tree, false, err);
	if (rc != 0)
		return rc;
	while (rc == 0 && reader.has_entry) {
		const struct raw_entry *raw = &reader.entry;
		if (raw->name.length == name.length &&
		    memcmp(raw->name.bytes, name.bytes, name.length) == 0) {
			*out = (struct tree_entry){ raw->mode, raw->id, NULL };
			*found = true;
		}
		rc = tree_reader_next(&reader, err);
	}
	tree_reader_close(&reader);
	return rc;
}

int repo_tree_find(struct repo *repo, const struct oid *tree, const char *path,
		   struct tree_entry *out, struct error *err)
{
	struct tree_entry entry = { TREE_MODE_DIRECTORY, *tree, NULL };
	const char *at = path;
	while (*at != '\0') {
		struct span name = { at, strcspn(at, "/") };
		bool found = false;
		struct error why = ERROR_INIT;
		int rc = 0;
		if (entry.mode == TREE_MODE_DIRECTORY && name.length != 0)
			rc = find_name(repo, &entry.id, name, &entry, &found, &why);
		/* "Not there" is an answer: a tree that is missing gives none. */
		if (rc != 0)
			return error_set(err, rc == ERROR_NOT_FOUND ? ERROR_IO : rc,
					 "%s", why.text);
		at += name.length;
		bool ends_in_slash = at[0] == '/' && at[1] == '\0';
		if (!found || ends_in_slash)
			return error_set(err, ERROR_NOT_FOUND,
					 "'%s' is not in the tree '%s'", path,
					 oid_text(tree));
		at += *at == '/';
	}
	*out = entry;
	return 0;
}
