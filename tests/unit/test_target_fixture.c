/* tests/unit/test_target_fixture.c - what the tests of targets share. */
#include "test_target_fixture.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"

void fixture_open(struct fixture *fixture)
{
	*fixture = (struct fixture){ .err = ERROR_INIT };
	ck_assert_int_eq(
		path_make_temporary(&fixture->outside, "gitgate-target", &fixture->err),
		0);
	fixture->root = path_join(fixture->outside, "site");
	ck_assert_int_eq(mkdir(fixture->root, 0755), 0);
	fixture->arena = arena_new((size_t)1 << 30);
	fixture->target = (struct target){
		.name = "site", .kind = "directory", .path = fixture->root, .keep = 3
	};
}

void fixture_close(struct fixture *fixture)
{
	char *slash = strrchr(fixture->outside, '/');
	*slash = '\0';
	FD_CLOSING int parent = open(fixture->outside, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(path_remove_tree(parent, slash + 1, NULL), 0);
	arena_free(fixture->arena);
	free(fixture->outside);
	free(fixture->root);
}

struct manifests fixture_manifests(struct fixture *fixture, const struct file *files,
				   size_t count, unsigned char commit)
{
	unsigned char id[20];
	memset(id, commit, sizeof(id));
	struct manifests manifests = { .count = count };
	oid_set_bytes(&manifests.commit, id, sizeof(id));
	manifests.tree = manifests.commit;
	manifests.entries = arena_array(fixture->arena, count, sizeof(struct manifest));
	for (size_t i = 0; i < count; i++)
		manifests.entries[i] = (struct manifest){
			.path = files[i].path,
			.mode = files[i].mode,
			.blob = manifests.commit,
			.data = (const unsigned char *)files[i].content,
			.size = strlen(files[i].content),
		};
	return manifests;
}

struct target_result fixture_apply(struct fixture *fixture, uint64_t generation,
				   const struct manifests *manifests, int expected)
{
	struct target_result result;
	error_clear(&fixture->err);
	int code = target_apply(&fixture->target, generation, manifests, fixture->arena,
				&result, &fixture->err);
	ck_assert_msg(code == expected, "generation %" PRIu64 ": %s instead of %s: %s",
		      generation, error_name(code), error_name(expected),
		      fixture->err.text);
	return result;
}

bool fixture_drifts(struct fixture *fixture, const struct target_result *result)
{
	struct target_result found;
	error_clear(&fixture->err);
	int code =
		target_observe(&fixture->target, result->generation, result->release,
			       &result->listing, fixture->arena, &found, &fixture->err);
	ck_assert_msg(code == 0, "observe: %s", fixture->err.text);
	ck_assert(!found.drift || found.detail != NULL);
	return found.drift;
}

const char *fixture_path(struct fixture *fixture, const char *name)
{
	return arena_printf(fixture->arena, "%s/%s", fixture->root, name);
}

const char *fixture_read(struct fixture *fixture, const char *name)
{
	struct buf text = BUF_INIT(1 << 20);
	int code = buf_read_file(&text, fixture_path(fixture, name), NULL);
	const char *copy =
		code == 0 ? arena_copy(fixture->arena, text.data, text.length) : NULL;
	buf_release(&text);
	return copy;
}

void fixture_write(struct fixture *fixture, const char *name, const char *content)
{
	FD_CLOSING int fd = open(fixture_path(fixture, name),
				 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "cannot write '%s': %s", name, strerror(errno));
	ck_assert_int_eq(fd_write_all(fd, content, strlen(content), NULL), 0);
}

const char *fixture_link(struct fixture *fixture, const char *name)
{
	char text[PATH_MAX];
	ssize_t length = readlink(fixture_path(fixture, name), text, sizeof(text) - 1);
	return length < 0 ? NULL : arena_copy(fixture->arena, text, (size_t)length);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void describe(struct hasher *hasher, const char *path)
{
	struct stat status;
	ck_assert_int_eq(lstat(path, &status), 0);
	hasher_add_field(hasher, path, strlen(path));
	hasher_add(hasher, &status.st_mode, sizeof(status.st_mode));
	char text[PATH_MAX];
	struct buf content = BUF_INIT(64 << 20);
	if (S_ISLNK(status.st_mode))
		hasher_add_field(hasher, text,
				 (size_t)readlink(path, text, sizeof(text)));
	else if (S_ISREG(status.st_mode) && buf_read_file(&content, path, NULL) == 0)
		hasher_add_field(hasher, content.data, content.length);
	buf_release(&content);
	if (!S_ISDIR(status.st_mode))
		return;
	struct dirent **names;
	int count = scandir(path, &names, NULL, by_name);
	ck_assert_int_ge(count, 0);
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i]->d_name, ".") != 0 &&
		    strcmp(names[i]->d_name, "..") != 0) {
			char *below = path_join(path, names[i]->d_name);
			describe(hasher, below);
			free(below);
		}
		free(names[i]);
	}
	free(names);
}

struct digest fixture_digest(const char *path)
{
	struct hasher *hasher = hasher_new();
	struct digest digest;
	describe(hasher, path);
	ck_assert_int_eq(hasher_finish(hasher, &digest), 0);
	return digest;
}

size_t fixture_count(struct fixture *fixture, const char *directory, const char *prefix)
{
	DIR *stream = opendir(fixture_path(fixture, directory));
	ck_assert_ptr_nonnull(stream);
	size_t count = 0;
	for (const struct dirent *entry = readdir(stream); entry != NULL;
	     entry = readdir(stream))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			count++;
	closedir(stream);
	return count;
}
