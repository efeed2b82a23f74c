/* job/emit.c - packs a commit's files into sealed memory: what was judged is what is
 * applied. */
#include "job/judge.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "model/manifests.h"
#include "repo/repo.h"

#define MODE_TREE      040000
#define MODE_SUBMODULE 0160000

struct emitter {
	struct repo *repo;
	const struct limits *limits;
	struct arena *arena;
	struct manifest *entries;
	size_t count;
	size_t capacity;
	uint64_t bytes;
	int fd;
	struct object object; /* loaded last */
	struct error *err;
};

static int add_entry(void *data, const char *path, uint32_t mode, const struct oid *id)
{
	struct emitter *emitter = data;
	uint64_t size;

	if (mode == MODE_SUBMODULE)
		return 0; /* nothing of it is in this repository */
	int rc =
		path_check(path, strlen(path),
			   emitter->limits->values[LIMIT_GIT_PATH_BYTES], emitter->err);
	if (rc == 0)
		rc = repo_stat(emitter->repo, id, NULL, &size, emitter->err);
	if (rc == 0)
		rc = limit_check(emitter->limits, LIMIT_GIT_BLOB_BYTES, size, path,
				 emitter->err);
	if (rc == 0)
		rc = limit_check(emitter->limits, LIMIT_MANIFESTS_BYTES,
				 emitter->bytes + size, "the deployment", emitter->err);
	if (rc == 0)
		rc = limit_check(emitter->limits, LIMIT_MANIFESTS_FILES,
				 emitter->count + 1, "the deployment", emitter->err);
	if (rc != 0)
		return rc;
	struct manifest *entry = ARENA_PUSH(emitter->arena, &emitter->entries,
					    &emitter->count, &emitter->capacity);
	char *kept = arena_string(emitter->arena, path);
	if (!entry || !kept)
		return error_set(emitter->err, ERROR_MEMORY, "out of memory");
	*entry = (struct manifest){
		.path = kept, .mode = mode, .blob = *id, .size = size
	};
	emitter->bytes += size;
	return 0;
}

static int add_path(struct emitter *emitter, const struct oid *tree, const char *path)
{
	struct tree_entry entry;

	int rc = repo_tree_find(emitter->repo, tree, path, &entry, emitter->err);
	if (rc != 0)
		return error_context(emitter->err, "the target's path '%s'", path);
	if (entry.mode == MODE_TREE)
		return repo_tree_walk(emitter->repo, &entry.id, path, add_entry,
				      emitter, emitter->err);
	return add_entry(emitter, path, entry.mode, &entry.id);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct manifest *)a)->path,
		      ((const struct manifest *)b)->path);
}

/* Paths may overlap ("a" and "a/b"): each file counts once. */
static void sort_entries(struct emitter *emitter)
{
	size_t kept = 0;

	if (emitter->count == 0)
		return;
	qsort(emitter->entries, emitter->count, sizeof(emitter->entries[0]), by_path);
	for (size_t i = 1; i < emitter->count; i++)
		if (strcmp(emitter->entries[kept].path, emitter->entries[i].path) != 0)
			emitter->entries[++kept] = emitter->entries[i];
	emitter->count = kept + 1;
}

static int load_blob(void *data, const struct manifest *entry, const void **bytes,
		     struct error *err)
{
	struct emitter *emitter = data;

	repo_object_release(&emitter->object);
	emitter->object = (struct object){ 0 };
	int rc = repo_read(emitter->repo, &entry->blob,
			   emitter->limits->values[LIMIT_GIT_BLOB_BYTES],
			   &emitter->object, err);
	if (rc != 0)
		return error_context(err, "'%s'", entry->path);
	if (emitter->object.type != OBJECT_BLOB ||
	    emitter->object.length != entry->size)
		return error_set(err, ERROR_MANIFESTS, "'%s' is not the blob it was",
				 entry->path);
	*bytes = emitter->object.bytes;
	return 0;
}

static int write_memory(void *data, const void *bytes, size_t length, struct error *err)
{
	struct emitter *emitter = data;

	return fd_write_all(emitter->fd, bytes, length, err);
}

static int seal(int fd, struct error *err)
{
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		return error_set(err, ERROR_IO, "cannot seal the manifests");
	return 0;
}

static int collect_entries(struct emitter *emitter, const struct oid *commit,
			   const char *const *paths, size_t path_count,
			   struct oid *tree)
{
	int rc = repo_commit_tree(emitter->repo, commit,
				  emitter->limits->values[LIMIT_GIT_COMMIT_BYTES], tree,
				  emitter->err);
	if (rc == 0 && path_count == 0)
		rc = add_path(emitter, tree, "");
	for (size_t i = 0; rc == 0 && i < path_count; i++)
		rc = add_path(emitter, tree, paths[i]);
	if (rc == 0)
		sort_entries(emitter);
	return rc;
}

int emit_manifests(struct repo *repo, const struct oid *commit,
		   const char *const *paths, size_t path_count,
		   const struct digest *policy, const struct limits *limits, int *fd,
		   struct digest *digest, size_t *files, struct error *err)
{
	struct error local = ERROR_INIT;
	struct emitter emitter = {
		.repo = repo,
		.limits = limits ? limits : &limits_default,
		.arena = arena_new((size_t)256 << 20),
		.fd = -1,
		.err = &local,
	};
	struct manifests manifests = { .commit = *commit, .policy = *policy };
	struct manifests_io io = { load_blob, write_memory, &emitter };

	if (!emitter.arena)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = collect_entries(&emitter, commit, paths, path_count, &manifests.tree);
	manifests.entries = emitter.entries;
	manifests.count = emitter.count;
	if (rc == 0) {
		emitter.fd = memfd_create("manifests", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (emitter.fd < 0)
			rc = error_set(&local, ERROR_MEMORY,
				       "cannot make sealed memory");
	}
	if (rc == 0)
		rc = manifests_write(&manifests, &io, digest, &local);
	if (rc == 0)
		rc = seal(emitter.fd, &local);
	repo_object_release(&emitter.object);
	arena_free(emitter.arena);
	if (rc != 0) {
		fd_close(&emitter.fd);
		return error_set(err, rc, "%s", local.text);
	}
	*fd = emitter.fd;
	*files = manifests.count;
	return 0;
}

/* The entry at a path of a commit; an absent one has mode 0. */
static int entry_at(struct repo *repo, const struct oid *commit, const char *path,
		    struct tree_entry *entry, struct error *err)
{
	struct oid tree;
	struct error missing = ERROR_INIT;

	int rc = repo_commit_tree(repo, commit,
				  limits_default.values[LIMIT_GIT_COMMIT_BYTES], &tree,
				  err);
	if (rc != 0)
		return rc;
	*entry = (struct tree_entry){ 0 };
	rc = repo_tree_find(repo, &tree, path, entry, &missing);
	if (rc == ERROR_NOT_FOUND) {
		*entry = (struct tree_entry){ 0 };
		return 0;
	}
	return rc == 0 ? 0 : error_set(err, rc, "%s", missing.text);
}

int paths_changed(struct repo *repo, const struct oid *since, const struct oid *now,
		  const char *const *paths, size_t path_count, struct error *err)
{
	static const char *const everything[] = { "" };

	if (path_count == 0) {
		paths = everything;
		path_count = 1;
	}
	for (size_t i = 0; i < path_count; i++) {
		struct tree_entry before = { 0 }, after;
		/* What was deployed may be gone from the repository: then everything
		 * changed. */
		if (!oid_is_null(since) &&
		    entry_at(repo, since, paths[i], &before, NULL) != 0)
			return 1;
		int rc = entry_at(repo, now, paths[i], &after, err);
		if (rc != 0)
			return rc;
		if (before.mode != after.mode || !oid_equal(&before.id, &after.id))
			return 1;
	}
	return 0;
}
