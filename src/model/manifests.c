/* model/manifests.c - packs and unpacks what the judge checked.
 *
 * The reader believes nothing: the digest is checked first, then every number, order
 * and path; only then does anybody see an entry. */
#include "model/manifests.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"

#define MAGIC        "GGMANIF1"
#define MAGIC_BYTES  8
#define VERSION      1
#define HEADER_BYTES 136
#define ENTRY_BYTES  56 /* and the path */
#define LINK_BYTES   4095

enum header_offset {
	AT_VERSION = 8,
	AT_COUNT = 12,
	AT_ID_LENGTH = 16,
	AT_COMMIT = 24,
	AT_TREE = 56,
	AT_POLICY = 88,
	AT_TABLE_SIZE = 120,
	AT_DATA_SIZE = 128,
};

enum entry_offset {
	AT_MODE = 0,
	AT_PATH_LENGTH = 4,
	AT_DATA = 8,
	AT_SIZE = 16,
	AT_BLOB = 24,
};

static uint64_t get_number(const unsigned char *bytes, size_t width)
{
	uint64_t value = 0;
	for (size_t i = width; i > 0; i--)
		value = value << 8 | bytes[i - 1];
	return value;
}

static void put_number(unsigned char *bytes, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
}

static int damaged(struct error *err, const char *why)
{
	return error_set(err, ERROR_MANIFESTS, "the manifests are damaged: %s", why);
}

/* --- checks that reader and writer share --- */

static int check_limits(uint64_t count, uint64_t bytes, struct error *err)
{
	int code = limit_check(&limits_default, LIMIT_MANIFESTS_FILES, count,
			       "the manifests", err);
	if (code == 0)
		code = limit_check(&limits_default, LIMIT_MANIFESTS_BYTES, bytes,
				   "the manifests", err);
	return code;
}

static int check_entry(const struct manifest *entry, struct error *err)
{
	if (entry->mode != 0100644 && entry->mode != 0100755 && entry->mode != 0120000)
		return damaged(err, "an entry has a mode that cannot be deployed");
	if (entry->mode == 0120000 && (entry->size == 0 || entry->size > LINK_BYTES))
		return damaged(err, "a symbolic link is empty or too long");
	if (oid_is_null(&entry->blob))
		return damaged(err, "an entry has no blob id");
	return path_check(entry->path, strlen(entry->path),
			  limits_default.values[LIMIT_GIT_PATH_BYTES], err);
}

/* Whether one of the sorted entries is exactly the first `length` bytes of `path`. */
static bool is_file(const struct manifest *entries, size_t count, const char *path,
		    size_t length)
{
	size_t low = 0;
	size_t high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other = entries[middle].path;
		int order = strncmp(other, path, length);
		if (order == 0 && other[length] == '\0')
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Entry `i` stands behind all before it and is beneath none of them. */
static int check_place(const struct manifest *entries, size_t i, struct error *err)
{
	const char *path = entries[i].path;
	if (i > 0 && strcmp(entries[i - 1].path, path) >= 0)
		return damaged(err, "paths are not in order, or one occurs twice");
	for (const char *slash = strchr(path, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/'))
		if (is_file(entries, i, path, (size_t)(slash - path)))
			return damaged(err, "a path is a file and a directory");
	return 0;
}

static int check_link(const struct manifest *entry, const void *bytes,
		      struct error *err)
{
	if (entry->mode == 0120000 && memchr(bytes, '\0', entry->size) != NULL)
		return damaged(err, "a symbolic link holds a NUL");
	return 0;
}

/* --- reader --- */

struct reader {
	const unsigned char *table;
	const unsigned char *table_end;
	const unsigned char *data;
	uint64_t data_size;
	uint64_t data_used;
	size_t id_length;
	struct arena *arena;
};

/* An id of `length` bytes in a field of 32 whose rest is zero. */
static bool get_oid(const unsigned char *bytes, size_t length, struct oid *out)
{
	for (size_t i = length; i < OID_MAX_BYTES; i++)
		if (bytes[i] != 0)
			return false;
	oid_set_bytes(out, bytes, length);
	return !oid_is_null(out);
}

static int check_frame(const unsigned char *block, size_t length, struct digest *digest,
		       struct error *err)
{
	if (length < HEADER_BYTES + DIGEST_BYTES)
		return damaged(err, "they are cut");
	int code = limit_check(&limits_default, LIMIT_MANIFESTS_BYTES, length,
			       "the manifests", err);
	if (code != 0)
		return code;
	if (memcmp(block, MAGIC, MAGIC_BYTES) != 0)
		return damaged(err, "they do not begin with " MAGIC);
	if (get_number(block + AT_VERSION, 4) != VERSION)
		return damaged(err, "their version is not known");
	if (digest_of(block, length - DIGEST_BYTES, digest) != 0)
		return error_set(err, ERROR_MEMORY, "no memory for a digest");
	if (memcmp(digest->bytes, block + length - DIGEST_BYTES, DIGEST_BYTES) != 0)
		return damaged(err, "their digest is not that of their bytes");
	return 0;
}

static int read_header(struct manifests *out, struct reader *reader,
		       const unsigned char *block, size_t length, struct error *err)
{
	static const unsigned char zeros[7];
	reader->id_length = block[AT_ID_LENGTH];
	if ((reader->id_length != 20 && reader->id_length != 32) ||
	    memcmp(block + AT_ID_LENGTH + 1, zeros, sizeof(zeros)) != 0)
		return damaged(err, "the length of ids is wrong");
	if (!get_oid(block + AT_COMMIT, reader->id_length, &out->commit) ||
	    !get_oid(block + AT_TREE, reader->id_length, &out->tree))
		return damaged(err, "the id of the commit or the tree is wrong");
	memcpy(out->policy.bytes, block + AT_POLICY, DIGEST_BYTES);
	out->count = get_number(block + AT_COUNT, 4);
	int code = check_limits(out->count, length, err);
	if (code != 0)
		return code;
	uint64_t body = length - HEADER_BYTES - DIGEST_BYTES;
	uint64_t table_size = get_number(block + AT_TABLE_SIZE, 8);
	reader->data_size = get_number(block + AT_DATA_SIZE, 8);
	if (table_size > body || reader->data_size != body - table_size)
		return damaged(err, "the sizes of table and data are wrong");
	reader->table = block + HEADER_BYTES;
	reader->table_end = reader->table + table_size;
	reader->data = reader->table_end;
	return 0;
}

/* The path in the table becomes a string in the arena. */
static int read_path(struct manifest *entry, struct reader *reader, size_t length,
		     struct error *err)
{
	if (length > (size_t)(reader->table_end - reader->table))
		return damaged(err, "the table is cut");
	if (memchr(reader->table, '\0', length) != NULL)
		return damaged(err, "a path holds a NUL");
	entry->path = arena_copy(reader->arena, reader->table, length);
	if (entry->path == NULL)
		return error_set(err, ERROR_MEMORY, "no memory for manifests");
	reader->table += length;
	return 0;
}

static int read_entry(struct manifest *entry, struct reader *reader, struct error *err)
{
	const unsigned char *row = reader->table;
	if (reader->table_end - row < ENTRY_BYTES)
		return damaged(err, "the table is cut");
	entry->mode = (uint32_t)get_number(row + AT_MODE, 4);
	entry->size = get_number(row + AT_SIZE, 8);
	if (get_number(row + AT_DATA, 8) != reader->data_used ||
	    entry->size > reader->data_size - reader->data_used)
		return damaged(err, "an entry's data is not where it must be");
	if (!get_oid(row + AT_BLOB, reader->id_length, &entry->blob))
		return damaged(err, "the id of a blob is wrong");
	entry->data = reader->data + reader->data_used;
	reader->data_used += entry->size;
	reader->table += ENTRY_BYTES;
	int code = read_path(entry, reader, get_number(row + AT_PATH_LENGTH, 4), err);
	if (code == 0)
		code = check_entry(entry, err);
	return code == 0 ? check_link(entry, entry->data, err) : code;
}

static int read_entries(struct manifests *out, struct reader *reader, struct error *err)
{
	if (out->count > (size_t)(reader->table_end - reader->table) / ENTRY_BYTES)
		return damaged(err, "the table is cut");
	out->entries =
		arena_array(reader->arena, out->count + 1, sizeof(*out->entries));
	if (out->entries == NULL)
		return error_set(err, ERROR_MEMORY, "no memory for manifests");
	for (size_t i = 0; i < out->count; i++) {
		int code = read_entry(&out->entries[i], reader, err);
		if (code == 0)
			code = check_place(out->entries, i, err);
		if (code != 0)
			return code;
	}
	if (reader->table != reader->table_end ||
	    reader->data_used != reader->data_size)
		return damaged(err, "bytes that belong to no entry");
	return 0;
}

int manifests_read(struct manifests *out, struct arena *arena, const void *block,
		   size_t length, struct error *err)
{
	struct manifests manifests = { 0 };
	struct reader reader = { .arena = arena };
	int code = check_frame(block, length, &manifests.digest, err);
	if (code == 0)
		code = read_header(&manifests, &reader, block, length, err);
	if (code == 0)
		code = read_entries(&manifests, &reader, err);
	if (code == 0)
		*out = manifests;
	return code;
}

/* --- writer --- */

struct writer {
	const struct manifests_io *io;
	struct hasher *hasher;
};

static int put(struct writer *writer, const void *bytes, size_t length,
	       struct error *err)
{
	hasher_add(writer->hasher, bytes, length);
	return writer->io->sink(writer->io->data, bytes, length, err);
}

/* Everything that a reader would refuse is refused before the first byte is out. */
static int check_all(const struct manifests *manifests, uint64_t *table_size,
		     uint64_t *data_size, struct error *err)
{
	const size_t id_length = manifests->commit.length;
	if (oid_is_null(&manifests->commit) || oid_is_null(&manifests->tree) ||
	    manifests->tree.length != id_length)
		return damaged(err, "the id of the commit or the tree is wrong");
	*table_size = 0;
	*data_size = 0;
	for (size_t i = 0; i < manifests->count; i++) {
		const struct manifest *entry = &manifests->entries[i];
		int code = check_entry(entry, err);
		if (code == 0)
			code = check_place(manifests->entries, i, err);
		if (code == 0 && entry->blob.length != id_length)
			code = damaged(err, "the id of a blob is wrong");
		if (code == 0)
			code = limit_check(&limits_default, LIMIT_MANIFESTS_BYTES,
					   entry->size, entry->path, err);
		if (code != 0)
			return code;
		*table_size += ENTRY_BYTES + strlen(entry->path);
		*data_size += entry->size;
		code = check_limits(
			i + 1, HEADER_BYTES + *table_size + *data_size + DIGEST_BYTES,
			err);
		if (code != 0)
			return code;
	}
	return 0;
}

static int put_header(struct writer *writer, const struct manifests *manifests,
		      uint64_t table_size, uint64_t data_size, struct error *err)
{
	unsigned char header[HEADER_BYTES] = MAGIC;
	put_number(header + AT_VERSION, VERSION, 4);
	put_number(header + AT_COUNT, manifests->count, 4);
	header[AT_ID_LENGTH] = manifests->commit.length;
	memcpy(header + AT_COMMIT, manifests->commit.bytes, manifests->commit.length);
	memcpy(header + AT_TREE, manifests->tree.bytes, manifests->tree.length);
	memcpy(header + AT_POLICY, manifests->policy.bytes, DIGEST_BYTES);
	put_number(header + AT_TABLE_SIZE, table_size, 8);
	put_number(header + AT_DATA_SIZE, data_size, 8);
	return put(writer, header, sizeof(header), err);
}

static int put_table(struct writer *writer, const struct manifests *manifests,
		     struct error *err)
{
	uint64_t offset = 0;
	int code = 0;
	for (size_t i = 0; code == 0 && i < manifests->count; i++) {
		const struct manifest *entry = &manifests->entries[i];
		unsigned char row[ENTRY_BYTES] = { 0 };
		size_t path_length = strlen(entry->path);
		put_number(row + AT_MODE, entry->mode, 4);
		put_number(row + AT_PATH_LENGTH, path_length, 4);
		put_number(row + AT_DATA, offset, 8);
		put_number(row + AT_SIZE, entry->size, 8);
		memcpy(row + AT_BLOB, entry->blob.bytes, entry->blob.length);
		code = put(writer, row, sizeof(row), err);
		if (code == 0)
			code = put(writer, entry->path, path_length, err);
		offset += entry->size;
	}
	return code;
}

static int put_data(struct writer *writer, const struct manifests *manifests,
		    struct error *err)
{
	for (size_t i = 0; i < manifests->count; i++) {
		const struct manifest *entry = &manifests->entries[i];
		const void *bytes = NULL;
		if (entry->size == 0)
			continue;
		int code = writer->io->load(writer->io->data, entry, &bytes, err);
		if (code == 0)
			code = check_link(entry, bytes, err);
		if (code == 0)
			code = put(writer, bytes, entry->size, err);
		if (code != 0)
			return code;
	}
	return 0;
}

int manifests_write(const struct manifests *manifests, const struct manifests_io *io,
		    struct digest *digest, struct error *err)
{
	uint64_t table_size = 0;
	uint64_t data_size = 0;
	int code = check_all(manifests, &table_size, &data_size, err);
	if (code != 0)
		return code;
	struct writer writer = { .io = io, .hasher = hasher_new() };
	if (writer.hasher == NULL)
		return error_set(err, ERROR_MEMORY, "no memory for a digest");
	code = put_header(&writer, manifests, table_size, data_size, err);
	if (code == 0)
		code = put_table(&writer, manifests, err);
	if (code == 0)
		code = put_data(&writer, manifests, err);
	if (code != 0) {
		hasher_free(writer.hasher);
		return code;
	}
	struct digest made;
	if (hasher_finish(writer.hasher, &made) != 0)
		return error_set(err, ERROR_MEMORY, "no memory for a digest");
	code = io->sink(io->data, made.bytes, DIGEST_BYTES, err);
	if (code == 0)
		*digest = made;
	return code;
}
