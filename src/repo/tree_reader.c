/* repo/tree_reader.c - reads one raw tree entry by entry. */
#include "repo/tree_reader.h"

#include <stdlib.h>
#include <string.h>

bool raw_entry_is_directory(const struct raw_entry *entry)
{
	return entry->mode == TREE_MODE_DIRECTORY;
}

/* The byte of a name at an offset; behind its end a slash for directories. */
static int name_byte(const struct raw_entry *entry, size_t at)
{
	if (at < entry->name.length)
		return (unsigned char)entry->name.bytes[at];
	return at == entry->name.length && raw_entry_is_directory(entry) ? '/' : 0;
}

int raw_entry_compare(const struct raw_entry *a, const struct raw_entry *b)
{
	size_t common =
		a->name.length < b->name.length ? a->name.length : b->name.length;
	int order = memcmp(a->name.bytes, b->name.bytes, common);
	if (order != 0)
		return order;
	order = name_byte(a, common) - name_byte(b, common);
	if (order != 0)
		return order;
	/* "a/" against a name that goes on with a slash cannot be: names have none. */
	return (a->name.length > b->name.length) - (a->name.length < b->name.length);
}

#define refuse(reader, code, what, err)                                                \
	refuse_as((reader), error_here(code), (what), (err))

static int refuse_as(const struct tree_reader *reader, int code, const char *what,
		     struct error *err)
{
	return error_set(err, code, "the tree '%s' is malformed at byte %zu: %s",
			 oid_text(&reader->id), reader->at, what);
}

static bool is_known_mode(uint32_t mode, bool tolerant)
{
	return mode == 0100644 || mode == 0100755 || mode == 0120000 ||
	       mode == 0160000 || mode == TREE_MODE_DIRECTORY ||
	       (tolerant && mode == 0100664);
}

/* Octal digits up to a blank. */
static int read_mode(struct tree_reader *reader, const char **at, const char *end,
		     uint32_t *out, struct error *err)
{
	const char *start = *at;
	uint32_t mode = 0;
	while (*at < end && **at >= '0' && **at <= '7' && *at - start < 8)
		mode = mode * 8 + (uint32_t)(*(*at)++ - '0');
	if (*at == end)
		return refuse(reader, ERROR_TREE_TRUNCATED, "it ends within a mode",
			      err);
	if (**at != ' ' || !is_known_mode(mode, reader->tolerant))
		return refuse(reader, ERROR_TREE_MODE,
			      "a mode is none of those that git uses", err);
	if (*start == '0' && !reader->tolerant)
		return refuse(reader, ERROR_TREE_MODE_PADDED, "a mode starts with zero",
			      err);
	(*at)++;
	*out = mode;
	return 0;
}

static int read_name(const struct tree_reader *reader, const char **at, const char *end,
		     struct span *out, struct error *err)
{
	const char *nul = memchr(*at, '\0', (size_t)(end - *at));
	if (nul == NULL)
		return refuse(reader, ERROR_TREE_TRUNCATED, "it ends within a name",
			      err);
	size_t length = (size_t)(nul - *at);
	if (length == 0)
		return refuse(reader, ERROR_TREE_NAME_EMPTY, "an entry has no name",
			      err);
	if (memchr(*at, '/', length) != NULL)
		return refuse(reader, ERROR_TREE_NAME_SLASH, "a name holds a slash",
			      err);
	*out = (struct span){ *at, length };
	*at = nul + 1;
	return 0;
}

static int read_entry(struct tree_reader *reader, struct raw_entry *entry,
		      struct error *err)
{
	const char *at = reader->object.bytes + reader->at;
	const char *end = reader->object.bytes + reader->object.length;
	size_t hash_bytes = reader->repo->hash_bytes;
	int rc = read_mode(reader, &at, end, &entry->mode, err);
	if (rc == 0)
		rc = read_name(reader, &at, end, &entry->name, err);
	if (rc != 0)
		return rc;
	if ((size_t)(end - at) < hash_bytes)
		return refuse(reader, ERROR_TREE_TRUNCATED, "it ends within an id",
			      err);
	oid_set_bytes(&entry->id, at, hash_bytes);
	if (oid_is_null(&entry->id))
		return refuse(reader, ERROR_TREE_NULL_ID, "an entry's id is null", err);
	reader->at = (size_t)(at - reader->object.bytes) + hash_bytes;
	return 0;
}

static bool is_prefix(struct span prefix, struct span name)
{
	return prefix.length <= name.length &&
	       memcmp(prefix.bytes, name.bytes, prefix.length) == 0;
}

/* A file "a" and a directory "a" are both in order with names like "a.b" between them.
 * Kept are the file names that the present name starts with: only those can come again.
 */
static int check_repeated(struct tree_reader *reader, const struct raw_entry *entry,
			  struct error *err)
{
	while (reader->file_count > 0 &&
	       !is_prefix(reader->files[reader->file_count - 1], entry->name))
		reader->file_count--;
	if (raw_entry_is_directory(entry)) {
		if (reader->file_count > 0 &&
		    reader->files[reader->file_count - 1].length == entry->name.length)
			return refuse(reader, ERROR_TREE_DUPLICATE,
				      "a file and a directory have one name", err);
		return 0;
	}
	if (reader->file_count == reader->file_capacity) {
		size_t larger =
			reader->file_capacity == 0 ? 8 : 2 * reader->file_capacity;
		struct span *grown =
			reallocarray(reader->files, larger, sizeof(*grown));
		if (grown == NULL)
			return error_set(err, ERROR_MEMORY, "out of memory");
		reader->files = grown;
		reader->file_capacity = larger;
	}
	reader->files[reader->file_count++] = entry->name;
	return 0;
}

static int check_order(struct tree_reader *reader, const struct raw_entry *entry,
		       struct error *err)
{
	if (!reader->has_entry)
		return 0;
	int order = raw_entry_compare(&reader->entry, entry);
	if (order == 0)
		return refuse(reader, ERROR_TREE_DUPLICATE, "a name comes twice", err);
	if (order > 0)
		return refuse(reader, ERROR_TREE_UNSORTED,
			      "names are not in git's order", err);
	return 0;
}

int tree_reader_next(struct tree_reader *reader, struct error *err)
{
	struct raw_entry entry;
	if (reader->at == reader->object.length) {
		reader->has_entry = false;
		return 0;
	}
	int rc = read_entry(reader, &entry, err);
	if (rc == 0)
		rc = check_order(reader, &entry, err);
	if (rc == 0)
		rc = check_repeated(reader, &entry, err);
	if (rc != 0)
		return rc;
	reader->entry = entry;
	reader->has_entry = true;
	return 0;
}

int tree_reader_open(struct tree_reader *reader, struct repo *repo,
		     const struct oid *tree, bool tolerant, struct error *err)
{
	struct tree_reader opened = { .repo = repo, .id = *tree, .tolerant = tolerant };
	int rc = 0;
	if (tree->length != 0) {
		rc = repo_read(repo, tree, repo->limits.values[LIMIT_GIT_BLOB_BYTES],
			       &opened.object, err);
		if (rc == 0 && opened.object.type != OBJECT_TREE)
			rc = error_set(err, ERROR_OBJECT_TYPE,
				       "the object '%s' stands where a tree must, and "
				       "is none",
				       oid_text(tree));
		if (rc == 0)
			rc = tree_reader_next(&opened, err);
	}
	if (rc != 0) {
		tree_reader_close(&opened);
		return rc;
	}
	*reader = opened;
	return 0;
}

void tree_reader_close(struct tree_reader *reader)
{
	repo_object_release(&reader->object);
	free(reader->files);
	reader->files = NULL;
}
