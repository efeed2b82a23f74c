/* repo/tree_reader.h - the entries of one raw tree, each checked against git's rules.
 * Inside repo/ only.
 *
 * Refuses what git's fsck refuses: modes that git does not use, empty names and names
 * with a slash, wrong order, duplicates (a file and a directory of one name too), null
 * ids. Names that are dangerous to write to a disk (".git", "..") are left to
 * path_check(). */
#ifndef REPO_TREE_READER_H
#define REPO_TREE_READER_H

#include "repo/handle.h"

#define TREE_MODE_DIRECTORY 0040000

struct raw_entry {
	uint32_t mode;
	struct span name;
	struct oid id;
};

struct tree_reader {
	const struct repo *repo;
	struct oid id;
	struct object object;
	size_t at;
	bool tolerant;  /* modes of old gits pass */
	bool has_entry; /* `entry` is the present one, else the end was reached */
	struct raw_entry entry;
	struct span *files; /* names that a directory to come could repeat */
	size_t file_count;
	size_t file_capacity;
};

/* Opens and reads the first entry; `tree` of length 0 is the empty tree. */
int tree_reader_open(struct tree_reader *reader, struct repo *repo,
		     const struct oid *tree, bool tolerant, struct error *err);
int tree_reader_next(struct tree_reader *reader, struct error *err);
void tree_reader_close(struct tree_reader *reader);

bool raw_entry_is_directory(const struct raw_entry *entry);
/* git's order: names bytewise, those of directories as if a slash followed. */
int raw_entry_compare(const struct raw_entry *a, const struct raw_entry *b);

#endif
