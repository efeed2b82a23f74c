/* tests/unit/test_model_manifests.c - a block reads back as it was written; one that
 * was tampered with, with or without a new digest, is refused. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "model/manifests.h"

#define HEADER_BYTES 136
#define ENTRY_BYTES  56
#define BLOCK_BYTES  ((size_t)1 << 20)

/* --- a small genuine block --- */

static struct manifest genuine_entries[] = {
	{ .path = "a",
	  .mode = 0100644,
	  .data = (const unsigned char *)"one",
	  .size = 3 },
	{ .path = "b/c",
	  .mode = 0100755,
	  .data = (const unsigned char *)"two2",
	  .size = 4 },
	{ .path = "b/d",
	  .mode = 0120000,
	  .data = (const unsigned char *)"../a",
	  .size = 4 },
	{ .path = "e", .mode = 0100644, .data = (const unsigned char *)"", .size = 0 },
};
#define GENUINE_COUNT (sizeof(genuine_entries) / sizeof(genuine_entries[0]))

static struct oid an_id(unsigned char length, unsigned char seed)
{
	struct oid id = { .length = length };
	memset(id.bytes, seed, length);
	return id;
}

static struct manifests genuine(unsigned char id_length)
{
	struct manifests manifests = {
		.commit = an_id(id_length, 0xc0),
		.tree = an_id(id_length, 0x7e),
		.entries = genuine_entries,
		.count = GENUINE_COUNT,
	};
	memset(manifests.policy.bytes, 0x90, DIGEST_BYTES);
	for (size_t i = 0; i < GENUINE_COUNT; i++)
		genuine_entries[i].blob = an_id(id_length, (unsigned char)(i + 1));
	return manifests;
}

static int load(void *data, const struct manifest *entry, const void **bytes,
		struct error *err)
{
	(void)data;
	(void)err;
	*bytes = entry->data;
	return 0;
}

static int sink(void *data, const void *bytes, size_t length, struct error *err)
{
	struct buf *out = data;
	buf_add(out, bytes, length);
	return buf_status(out, "block", err);
}

static int write_block(const struct manifests *manifests, struct buf *out,
		       struct digest *digest, struct error *err)
{
	const struct manifests_io io = { load, sink, out };
	return manifests_write(manifests, &io, digest, err);
}

static struct buf genuine_block(void)
{
	struct buf block = BUF_INIT(BLOCK_BYTES);
	struct digest digest;
	const struct manifests manifests = genuine(20);
	ck_assert_int_eq(write_block(&manifests, &block, &digest, NULL), 0);
	return block;
}

/* Copied so that the sanitizer sees every byte read beyond the end. */
static int read_bytes(const void *bytes, size_t length, struct error *err)
{
	struct arena *arena = arena_new(BLOCK_BYTES);
	struct manifests out = { 0 };
	void *copy = malloc(length > 0 ? length : 1);
	memcpy(copy, bytes, length);
	int code = manifests_read(&out, arena, copy, length, err);
	ck_assert(code == 0 || (out.entries == NULL && out.count == 0));
	free(copy);
	arena_free(arena);
	return code;
}

static void seal_again(unsigned char *block, size_t length)
{
	struct digest digest;
	ck_assert_int_eq(digest_of(block, length - DIGEST_BYTES, &digest), 0);
	memcpy(block + length - DIGEST_BYTES, digest.bytes, DIGEST_BYTES);
}

START_TEST(a_block_reads_back_as_it_was_written)
{
	for (unsigned char id_length = 20; id_length <= 32; id_length += 12) {
		struct buf block = BUF_INIT(BLOCK_BYTES);
		struct arena *arena = arena_new(BLOCK_BYTES);
		struct manifests out = { 0 };
		struct digest digest;
		const struct manifests in = genuine(id_length);
		ck_assert_int_eq(write_block(&in, &block, &digest, NULL), 0);
		ck_assert_int_eq(
			manifests_read(&out, arena, block.data, block.length, NULL), 0);
		ck_assert(digest_equal(&out.digest, &digest));
		ck_assert(digest_equal(&out.policy, &in.policy));
		ck_assert(oid_equal(&out.commit, &in.commit));
		ck_assert(oid_equal(&out.tree, &in.tree));
		ck_assert_uint_eq(out.count, in.count);
		for (size_t i = 0; i < in.count; i++) {
			ck_assert_str_eq(out.entries[i].path, in.entries[i].path);
			ck_assert_uint_eq(out.entries[i].mode, in.entries[i].mode);
			ck_assert(oid_equal(&out.entries[i].blob, &in.entries[i].blob));
			ck_assert_uint_eq(out.entries[i].size, in.entries[i].size);
			ck_assert_int_eq(memcmp(out.entries[i].data, in.entries[i].data,
						in.entries[i].size),
					 0);
		}
		arena_free(arena);
		buf_release(&block);
	}
}
END_TEST

START_TEST(no_files_at_all_is_a_block_too)
{
	struct buf block = BUF_INIT(BLOCK_BYTES);
	struct digest digest;
	struct manifests in = genuine(20);
	in.count = 0;
	ck_assert_int_eq(write_block(&in, &block, &digest, NULL), 0);
	ck_assert_int_eq(read_bytes(block.data, block.length, NULL), 0);
	buf_release(&block);
}
END_TEST

START_TEST(each_flipped_byte_is_found)
{
	struct buf block = genuine_block();
	for (size_t i = 0; i < block.length; i++) {
		block.data[i] ^= 1;
		ck_assert_int_ne(read_bytes(block.data, block.length, NULL), 0);
		block.data[i] ^= 1;
	}
	ck_assert_int_eq(read_bytes(block.data, block.length, NULL), 0);
	buf_release(&block);
}
END_TEST

START_TEST(each_cut_and_each_addition_is_found)
{
	struct buf block = genuine_block();
	for (size_t length = 0; length < block.length; length++)
		ck_assert_int_ne(read_bytes(block.data, length, NULL), 0);
	buf_add_byte(&block, 0);
	ck_assert_int_eq(read_bytes(block.data, block.length, NULL), ERROR_MANIFESTS);
	buf_release(&block);
}
END_TEST

START_TEST(cuts_with_a_new_digest_are_found)
{
	struct buf block = genuine_block();
	for (size_t length = DIGEST_BYTES; length < block.length; length++) {
		unsigned char *copy = malloc(length);
		memcpy(copy, block.data, length);
		seal_again(copy, length);
		ck_assert_int_ne(read_bytes(copy, length, NULL), 0);
		free(copy);
	}
	buf_release(&block);
}
END_TEST

/* Where the entries of the genuine block stand. */
#define FIRST  HEADER_BYTES
#define SECOND (FIRST + ENTRY_BYTES + 1)
#define THIRD  (SECOND + ENTRY_BYTES + 3)
#define FOURTH (THIRD + ENTRY_BYTES + 3)
#define DATA   (FOURTH + ENTRY_BYTES + 1)

START_TEST(tampering_with_a_new_digest_is_refused_for_its_own_reason)
{
	static const struct {
		const char *what;
		size_t at;
		const char *bytes;
		size_t length;
		int code;
		const char *reason;
	} cases[] = {
		{ "magic", 0, "X", 1, ERROR_MANIFESTS, "do not begin with" },
		{ "version", 8, "\2", 1, ERROR_MANIFESTS, "version" },
		{ "fewer entries", 12, "\3", 1, ERROR_MANIFESTS, "belong to no entry" },
		{ "more entries", 12, "\5", 1, ERROR_MANIFESTS, "table is cut" },
		{ "most entries", 12, "\xff\xff\xff\xff", 4, ERROR_LIMIT,
		  "manifests.files" },
		{ "id length", 16, "\x15", 1, ERROR_MANIFESTS, "length of ids" },
		{ "reserved", 17, "\1", 1, ERROR_MANIFESTS, "length of ids" },
		{ "null commit", 24, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20,
		  ERROR_MANIFESTS, "id of the commit" },
		{ "commit padding", 44, "\1", 1, ERROR_MANIFESTS, "id of the commit" },
		{ "tree padding", 87, "\1", 1, ERROR_MANIFESTS, "id of the commit" },
		{ "table size", 120, "\1", 1, ERROR_MANIFESTS, "sizes of table" },
		{ "huge table", 127, "\x80", 1, ERROR_MANIFESTS, "sizes of table" },
		{ "data size", 128, "\1", 1, ERROR_MANIFESTS, "sizes of table" },
		{ "mode of a directory", FIRST, "\x00\x40\x00\x00", 4, ERROR_MANIFESTS,
		  "mode" },
		{ "mode of a submodule", FIRST, "\x00\xe0\x00\x00", 4, ERROR_MANIFESTS,
		  "mode" },
		{ "setuid", FIRST, "\xa4\x89\x00\x00", 4, ERROR_MANIFESTS, "mode" },
		{ "path length", FIRST + 4, "\2", 1, ERROR_UNSAFE_PATH, "" },
		{ "huge path length", FIRST + 4, "\xff\xff\xff\xff", 4, ERROR_MANIFESTS,
		  "table is cut" },
		{ "offset", FIRST + 8, "\1", 1, ERROR_MANIFESTS, "where it must be" },
		{ "size", FIRST + 16, "\2", 1, ERROR_MANIFESTS, "where it must be" },
		{ "huge size", FIRST + 23, "\xff", 1, ERROR_MANIFESTS,
		  "where it must be" },
		{ "null blob", FIRST + 24, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		  20, ERROR_MANIFESTS, "id of a blob" },
		{ "blob padding", FIRST + 44, "\1", 1, ERROR_MANIFESTS,
		  "id of a blob" },
		{ "dot", FIRST + ENTRY_BYTES, ".", 1, ERROR_UNSAFE_PATH, "" },
		{ "absolute", SECOND + ENTRY_BYTES, "/bc", 3, ERROR_UNSAFE_PATH, "" },
		{ "up", SECOND + ENTRY_BYTES, "../", 3, ERROR_UNSAFE_PATH, "" },
		{ "NUL", SECOND + ENTRY_BYTES, "b\0c", 3, ERROR_MANIFESTS, "NUL" },
		{ "order", SECOND + ENTRY_BYTES, "c/c", 3, ERROR_MANIFESTS,
		  "not in order" },
		{ "twice", THIRD + ENTRY_BYTES, "b/c", 3, ERROR_MANIFESTS,
		  "occurs twice" },
		{ "file and directory", SECOND + ENTRY_BYTES, "a/c", 3, ERROR_MANIFESTS,
		  "file and a directory" },
		{ "empty link", FOURTH, "\x00\xa0\x00\x00", 4, ERROR_MANIFESTS,
		  "symbolic link" },
		{ "NUL in a link", DATA + 7, "\0", 1, ERROR_MANIFESTS, "holds a NUL" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf block = genuine_block();
		struct error err = ERROR_INIT;
		memcpy(block.data + cases[i].at, cases[i].bytes, cases[i].length);
		seal_again((unsigned char *)block.data, block.length);
		int code = read_bytes(block.data, block.length, &err);
		ck_assert_msg(code == cases[i].code, "%s: %s", cases[i].what, err.text);
		ck_assert_msg(strstr(err.text, cases[i].reason) != NULL, "%s: %s",
			      cases[i].what, err.text);
		buf_release(&block);
	}
}
END_TEST

START_TEST(random_tampering_with_a_new_digest_never_reads_beyond)
{
	struct buf genuine_bytes = genuine_block();
	random_seed_for_tests(11);
	for (int i = 0; i < 3000; i++) {
		struct buf block = BUF_INIT(BLOCK_BYTES);
		buf_add(&block, genuine_bytes.data, genuine_bytes.length);
		for (uint64_t left = 1 + random_below(3); left > 0; left--)
			block.data[random_below(block.length)] =
				(char)random_below(256);
		seal_again((unsigned char *)block.data, block.length);
		read_bytes(block.data, block.length, NULL);
		buf_release(&block);
	}
	buf_release(&genuine_bytes);
}
END_TEST

/* --- the writer --- */

struct writer_case {
	const char *what;
	size_t entry;
	struct manifest value; /* size and mode of zero: those of the genuine entry */
	int code;
};

START_TEST(the_writer_refuses_what_a_reader_would)
{
	static const struct writer_case cases[] = {
		{ "order", 0, { .path = "z" }, ERROR_MANIFESTS },
		{ "twice", 1, { .path = "a" }, ERROR_MANIFESTS },
		{ "file and directory", 1, { .path = "a/b" }, ERROR_MANIFESTS },
		{ "up", 0, { .path = "../a" }, ERROR_UNSAFE_PATH },
		{ "git", 0, { .path = ".git/a" }, ERROR_UNSAFE_PATH },
		{ "mode", 0, { .mode = 0160000 }, ERROR_MANIFESTS },
		{ "long link", 2, { .size = 5000 }, ERROR_MANIFESTS },
		{ "too large", 0, { .size = UINT64_MAX }, ERROR_LIMIT },
		{ "too large in sum", 1, { .size = 268435456 - 100 }, ERROR_LIMIT },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct manifest entries[GENUINE_COUNT];
		struct manifests manifests = genuine(20);
		struct buf block = BUF_INIT(BLOCK_BYTES);
		struct digest digest;
		memcpy(entries, genuine_entries, sizeof(entries));
		manifests.entries = entries;
		struct manifest *entry = &entries[cases[i].entry];
		if (cases[i].value.path != NULL)
			entry->path = cases[i].value.path;
		if (cases[i].value.mode != 0)
			entry->mode = cases[i].value.mode;
		if (cases[i].value.size != 0)
			entry->size = cases[i].value.size;
		ck_assert_msg(write_block(&manifests, &block, &digest, NULL) ==
				      cases[i].code,
			      "%s", cases[i].what);
		ck_assert_msg(block.length == 0, "%s: bytes were written",
			      cases[i].what);
		buf_release(&block);
	}
}
END_TEST

START_TEST(the_writer_refuses_ids_that_are_missing_or_mixed)
{
	struct manifests no_commit = genuine(20);
	struct manifests mixed = genuine(20);
	struct buf block = BUF_INIT(BLOCK_BYTES);
	struct digest digest;
	no_commit.commit.length = 0;
	mixed.tree = an_id(32, 1);
	ck_assert_int_eq(write_block(&no_commit, &block, &digest, NULL),
			 ERROR_MANIFESTS);
	ck_assert_int_eq(write_block(&mixed, &block, &digest, NULL), ERROR_MANIFESTS);
	struct manifests other = genuine(20);
	genuine_entries[1].blob = an_id(32, 1);
	ck_assert_int_eq(write_block(&other, &block, &digest, NULL), ERROR_MANIFESTS);
}
END_TEST

static int failing_load(void *data, const struct manifest *entry, const void **bytes,
			struct error *err)
{
	(void)data;
	(void)entry;
	(void)bytes;
	return error_set(err, ERROR_NOT_FOUND, "gone");
}

START_TEST(a_failing_load_or_sink_ends_the_writing)
{
	struct buf small = BUF_INIT(10);
	struct buf block = BUF_INIT(BLOCK_BYTES);
	struct digest digest = { { 0 } };
	const struct manifests manifests = genuine(20);
	const struct manifests_io no_load = { failing_load, sink, &block };
	ck_assert_int_eq(manifests_write(&manifests, &no_load, &digest, NULL),
			 ERROR_NOT_FOUND);
	ck_assert_int_eq(write_block(&manifests, &small, &digest, NULL), ERROR_LIMIT);
	ck_assert(digest_is_none(&digest));
	buf_release(&small);
	buf_release(&block);
}
END_TEST

START_TEST(many_files_are_read_in_order)
{
	enum { COUNT = 5000 };
	static char paths[COUNT][32];
	static struct manifest entries[COUNT];
	struct manifests manifests = genuine(20);
	struct buf block = BUF_INIT(BLOCK_BYTES);
	struct digest digest;
	for (int i = 0; i < COUNT; i++) {
		snprintf(paths[i], sizeof(paths[i]), "d%02d/e%02d/f%04d", i / 100,
			 i / 10 % 10, i);
		entries[i] = genuine_entries[0];
		entries[i].path = paths[i];
	}
	manifests.entries = entries;
	manifests.count = COUNT;
	ck_assert_int_eq(write_block(&manifests, &block, &digest, NULL), 0);
	ck_assert_int_eq(read_bytes(block.data, block.length, NULL), 0);
	buf_release(&block);
}
END_TEST

UNIT_MAIN("model manifests", a_block_reads_back_as_it_was_written,
	  no_files_at_all_is_a_block_too, each_flipped_byte_is_found,
	  each_cut_and_each_addition_is_found, cuts_with_a_new_digest_are_found,
	  tampering_with_a_new_digest_is_refused_for_its_own_reason,
	  random_tampering_with_a_new_digest_never_reads_beyond,
	  the_writer_refuses_what_a_reader_would,
	  the_writer_refuses_ids_that_are_missing_or_mixed,
	  a_failing_load_or_sink_ends_the_writing, many_files_are_read_in_order)
