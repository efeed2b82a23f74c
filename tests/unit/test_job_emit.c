/* tests/unit/test_job_emit.c - packing a commit's files into sealed memory, and telling
 * whether a push concerns a target. */
#include "unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge_place.h"
#include "model/manifests.h"

struct pack {
	int fd;
	struct digest digest;
	size_t files;
	struct manifests manifests;
	struct arena *arena;
};

static int pack_make(struct pack *pack, struct place *place, const struct oid *commit,
		     const char *const *paths, size_t count)
{
	struct repo *repo = NULL;
	struct digest policy = { { 5 } };
	memset(pack, 0, sizeof(*pack));
	pack->fd = -1;
	error_clear(&place->err);
	ck_assert_int_eq(repo_open(&repo, place->scratch.directory, NULL, &place->err),
			 0);
	int rc = emit_manifests(repo, commit, paths, count, &policy, place->limits,
				&pack->fd, &pack->digest, &pack->files, &place->err);
	repo_close(repo);
	return rc;
}

static void pack_read(struct pack *pack)
{
	struct stat status;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(fstat(pack->fd, &status), 0);
	void *bytes =
		mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, pack->fd, 0);
	ck_assert_ptr_ne(bytes, MAP_FAILED);
	pack->arena = arena_new(1 << 20);
	ck_assert_msg(manifests_read(&pack->manifests, pack->arena, bytes,
				     (size_t)status.st_size, &err) == 0,
		      "%s", err.text);
	ck_assert(digest_equal(&pack->manifests.digest, &pack->digest));
	ck_assert_uint_eq(pack->manifests.count, pack->files);
}

static void pack_free(struct pack *pack)
{
	arena_free(pack->arena);
	if (pack->fd >= 0)
		close(pack->fd);
}

static struct oid fill(struct place *place)
{
	place_write(place, "site/index.html", "hello\n");
	place_write(place, "site/bin/run", "#!/bin/sh\n");
	place_write(place, "other/x", "x\n");
	DO(&place->scratch, "chmod", "+x", "site/bin/run");
	DO(&place->scratch, "ln", "-s", "index.html", "site/link");
	DO(&place->scratch, "mkdir", "site/module");
	char entry[128];
	snprintf(entry, sizeof(entry), "160000,%s,site/module",
		 oid_text(&place->anchor));
	DO(&place->scratch, "git", "add", "-A");
	DO(&place->scratch, "git", "update-index", "--add", "--cacheinfo", entry);
	DO(&place->scratch, "git", "commit", "-q", "-S", "-m", "files");
	return scratch_id(&place->scratch, "HEAD");
}

START_TEST(what_is_packed_is_what_the_commit_holds)
{
	static const char *const paths[] = { "site" };
	struct place place;
	struct pack pack, again;
	place_open(&place);
	struct oid tip = fill(&place);
	ck_assert_int_eq(pack_make(&pack, &place, &tip, paths, 1), 0);
	pack_read(&pack);
	static const struct {
		const char *path;
		uint32_t mode;
		const char *text;
	} wanted[] = { { "site/bin/run", 0100755, "#!/bin/sh\n" },
		       { "site/index.html", 0100644, "hello\n" },
		       { "site/link", 0120000, "index.html" } };
	ck_assert_uint_eq(pack.files, 3); /* nothing of the submodule */
	for (size_t i = 0; i < 3; i++) {
		const struct manifest *entry = &pack.manifests.entries[i];
		ck_assert_str_eq(entry->path, wanted[i].path);
		ck_assert_uint_eq(entry->mode, wanted[i].mode);
		ck_assert_uint_eq(entry->size, strlen(wanted[i].text));
		ck_assert_mem_eq(entry->data, wanted[i].text, entry->size);
	}
	ck_assert(oid_equal(&pack.manifests.commit, &tip));
	/* The same again has the same name. */
	ck_assert_int_eq(pack_make(&again, &place, &tip, paths, 1), 0);
	ck_assert(digest_equal(&pack.digest, &again.digest));
	pack_free(&again);
	pack_free(&pack);
	place_close(&place);
}
END_TEST

START_TEST(packed_memory_cannot_be_changed)
{
	struct place place;
	struct pack pack;
	place_open(&place);
	struct oid tip = fill(&place);
	ck_assert_int_eq(pack_make(&pack, &place, &tip, NULL, 0), 0);
	ck_assert_int_lt((int)pwrite(pack.fd, "x", 1, 0), 0);
	ck_assert_int_ne(ftruncate(pack.fd, 0), 0);
	ck_assert_int_ne(fcntl(pack.fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	ck_assert_ptr_eq(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, pack.fd, 0),
			 MAP_FAILED);
	pack_free(&pack);
	place_close(&place);
}
END_TEST

START_TEST(paths_may_overlap_name_files_or_be_wrong)
{
	static const struct {
		const char *paths[3];
		size_t count;
		int files; /* below 0: an error */
	} cases[] = {
		{ { "site", "site/bin" }, 2, 3 },
		{ { "site/bin", "site" }, 2, 3 },
		{ { "site/index.html" }, 1, 1 },
		{ { "other", "site/bin" }, 2, 2 },
		{ { "" }, 1, 5 },
		{ { NULL }, 0, 5 },
		{ { "sit" }, 1, -1 },
		{ { "site", "gone" }, 2, -1 },
		{ { "site/index.html/x" }, 1, -1 },
	};
	struct place place;
	struct pack pack;
	place_open(&place);
	struct oid tip = fill(&place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = pack_make(&pack, &place, &tip, cases[i].paths, cases[i].count);
		if (cases[i].files < 0) {
			ck_assert_int_lt(rc, 0);
			ck_assert_int_eq(pack.fd, -1);
			continue;
		}
		ck_assert_msg(rc == 0, "%s", place.err.text);
		ck_assert_uint_eq(pack.files, (size_t)cases[i].files);
		pack_free(&pack);
	}
	place_close(&place);
}
END_TEST

START_TEST(limits_name_themselves)
{
	static const struct {
		enum limit limit;
		uint64_t value;
		const char *name;
	} cases[] = {
		{ LIMIT_MANIFESTS_BYTES, 10, "manifests.bytes" },
		{ LIMIT_MANIFESTS_FILES, 2, "manifests.files" },
		{ LIMIT_GIT_BLOB_BYTES, 3, "git.blob_bytes" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		struct pack pack;
		struct limits limits = limits_default;
		place_open(&place);
		struct oid tip = fill(&place);
		limits.values[cases[i].limit] = cases[i].value;
		place.limits = &limits;
		ck_assert_int_eq(pack_make(&pack, &place, &tip, NULL, 0), ERROR_LIMIT);
		ck_assert_msg(strstr(place.err.text, cases[i].name) != NULL, "%s: %s",
			      cases[i].name, place.err.text);
		place_close(&place);
	}
}
END_TEST

START_TEST(a_path_that_would_leave_the_root_is_not_packed)
{
	static const char *const names[] = { "..", ".git", "a\\b", "con\nrol" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct place place;
		struct pack pack;
		char tree[64], commit[256];
		place_open(&place);
		struct oid blob = scratch_object(&place.scratch, "blob", "x", 1);
		int length = snprintf(tree, sizeof(tree), "100644 %s", names[i]);
		memcpy(tree + length + 1, blob.bytes, 20);
		struct oid root = scratch_object(&place.scratch, "tree", tree,
						 (size_t)length + 21);
		length = snprintf(commit, sizeof(commit),
				  "tree %s\nauthor A <a@b> 1 +0000\ncommitter A <a@b> "
				  "1 "
				  "+0000\n\nx\n",
				  oid_text(&root));
		struct oid tip = scratch_object(&place.scratch, "commit", commit,
						(size_t)length);
		ck_assert_int_lt(pack_make(&pack, &place, &tip, NULL, 0), 0);
		ck_assert_int_eq(pack.fd, -1);
		place_close(&place);
	}
}
END_TEST

START_TEST(a_push_concerns_a_target_when_a_path_of_it_changed)
{
	static const struct {
		const char *path; /* changed; NULL: nothing */
		const char *watched[2];
		int changed;
	} cases[] = {
		{ "site/index.html", { "site" }, 1 },
		{ "site/index.html", { "site/index.html" }, 1 },
		{ "site/index.html", { "site/bin" }, 0 },
		{ "site/index.html", { "other" }, 0 },
		{ "site/index.html", { "other", "site" }, 1 },
		{ "site/index.html", { NULL }, 1 }, /* everything */
		{ "site/new/file", { "site/new" }, 1 },
		{ "site/new/file", { "sit" }, 0 },
		{ "other/x", { "site" }, 0 },
		{ NULL, { NULL }, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		struct repo *repo = NULL;
		struct error err = ERROR_INIT;
		struct oid none = { .length = 20 }, gone = { .length = 20 };
		/* Where nothing was, what exists now is a change. */
		int exists =
			!cases[i].watched[0] || strcmp(cases[i].watched[0], "sit") != 0;
		size_t count = cases[i].watched[0] ? cases[i].watched[1] ? 2 : 1 : 0;
		place_open(&place);
		struct oid before = fill(&place);
		if (cases[i].path)
			place_write(&place, cases[i].path, "changed\n");
		struct oid after = place_commit(&place, "change");
		gone.bytes[0] = 1;
		ck_assert_int_eq(repo_open(&repo, place.scratch.directory, NULL, &err),
				 0);
		ck_assert_int_eq(paths_changed(repo, &before, &after, cases[i].watched,
					       count, &err),
				 cases[i].changed);
		ck_assert_int_eq(paths_changed(repo, &none, &after, cases[i].watched,
					       count, &err),
				 exists);
		ck_assert_int_eq(paths_changed(repo, &gone, &after, cases[i].watched,
					       count, &err),
				 1);
		ck_assert_int_lt(paths_changed(repo, &before, &gone, cases[i].watched,
					       count, &err),
				 0);
		repo_close(repo);
		place_close(&place);
	}
}
END_TEST

UNIT_MAIN("job", what_is_packed_is_what_the_commit_holds,
	  packed_memory_cannot_be_changed, paths_may_overlap_name_files_or_be_wrong,
	  limits_name_themselves, a_path_that_would_leave_the_root_is_not_packed,
	  a_push_concerns_a_target_when_a_path_of_it_changed)
