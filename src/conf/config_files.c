/* conf/config_files.c - the texts that a configuration is made of, from disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "conf/config_build.h"
#include "conf/names.h"
#include "doc/kubernetes.h"

#define FOLDER "repositories.d"

static int read_text(struct arena *arena, const char *path, enum limit limit,
		     struct policy_file *out, struct error *err)
{
	struct buf text = BUF_INIT(limits_default.values[limit]);
	int code = buf_read_file(&text, path, err);
	if (code == ERROR_LIMIT)
		code = error_context(err, "limit %s", limit_name(limit));
	if (code == 0) {
		out->name = path;
		out->length = text.length;
		out->bytes = arena_copy(arena, text.data, text.length);
		if (out->bytes == NULL)
			code = error_set(err, ERROR_MEMORY, "out of memory for '%s'",
					 path);
	}
	buf_release(&text);
	return code;
}

static int absolute(struct arena *arena, const char *file, const char **out,
		    struct error *err)
{
	char *here = file[0] == '/' ? NULL : getcwd(NULL, 0);
	if (file[0] != '/' && here == NULL)
		return error_set_errno(err, errno, "cannot find the current directory");
	int code = name_path(arena, here == NULL ? "/" : here, file, out, err);
	free(here);
	return code;
}

/* Names that end with .yaml; the old spelling is refused, not overlooked. */
static int wanted(const char *name, bool *out, struct error *err)
{
	*out = false;
	if (name[0] == '.')
		return 0;
	if (text_ends_with(name, ".yml"))
		return error_set(err, ERROR_CONFIG,
				 "'%s/%s' would not be read: files there end with "
				 ".yaml",
				 FOLDER, name);
	*out = text_ends_with(name, ".yaml");
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_folder(struct arena *arena, const char *folder, struct strings *names,
		       struct error *err)
{
	DIR *directory = opendir(folder);
	if (directory == NULL && errno == ENOENT)
		return 0;
	if (directory == NULL)
		return error_set_errno(err, errno, "cannot read '%s'", folder);
	int code = 0;
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (entry == NULL && errno != 0)
			code = error_set_errno(err, errno, "cannot read '%s'", folder);
		if (entry == NULL)
			break;
		bool is_wanted = false;
		code = wanted(entry->d_name, &is_wanted, err);
		if (code == 0 && is_wanted)
			code = limit_check(&limits_default, LIMIT_CONFIG_FILES,
					   names->count + 1, folder, err);
		if (code == 0 && is_wanted) {
			const char *name =
				arena_printf(arena, "%s/%s", folder, entry->d_name);
			if (name == NULL || strings_add(arena, names, name) != 0)
				code = error_set(err, ERROR_MEMORY,
						 "out of memory for '%s'", folder);
		}
		if (code != 0)
			break;
	}
	closedir(directory);
	if (code == 0 && names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), compare_names);
	return code;
}

int config_read_files(struct arena *arena, const char *file, const char **directory,
		      struct policy_file **files, size_t *count, struct error *err)
{
	const char *path = NULL;
	const char *folder = NULL;
	struct strings names = { 0 };
	int code = absolute(arena, file, &path, err);
	if (code != 0)
		return code;
	size_t length = (size_t)(strrchr(path, '/') - path);
	const char *place = arena_copy(arena, path, length == 0 ? 1 : length);
	if (place == NULL || strings_add(arena, &names, path) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", path);
	code = name_path(arena, place, FOLDER, &folder, err);
	struct strings more = { 0 };
	if (code == 0)
		code = list_folder(arena, folder, &more, err);
	if (code != 0)
		return code;
	struct policy_file *list = arena_array(arena, more.count + 1, sizeof(*list));
	if (list == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", path);
	code = read_text(arena, path, LIMIT_CONFIG_BYTES, &list[0], err);
	for (size_t i = 0; code == 0 && i < more.count; i++)
		code = read_text(arena, more.items[i], LIMIT_CONFIG_BYTES, &list[i + 1],
				 err);
	if (code != 0)
		return code;
	*directory = place;
	*files = list;
	*count = more.count + 1;
	return 0;
}

int config_read_beside(struct arena *arena, const char *directory, const char *name,
		       struct policy_file *out, struct error *err)
{
	const char *path = NULL;
	struct policy_file file = { 0 };
	int code = name_path(arena, directory, name, &path, err);
	if (code == 0)
		code = read_text(arena, path, LIMIT_SCHEMA_BUNDLE_BYTES, &file, err);
	if (code != 0)
		return code;
	file.name = arena_string(arena, name);
	if (file.name == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", name);
	*out = file;
	return 0;
}

/* --- files that are read later --- */

struct open_file {
	int fd;
	uint64_t size;
	const char *path;
	char head[KUBERNETES_GLANCE_BYTES];
};

static int read_open(void *data, struct buf *out, struct error *err)
{
	const struct open_file *file = data;
	if (lseek(file->fd, 0, SEEK_SET) != 0)
		return error_set_errno(err, errno, "cannot read '%s'", file->path);
	int code = buf_read_fd(out, file->fd, err);
	return code == 0 ? 0 : error_context(err, "'%s'", file->path);
}

static void close_open(void *data)
{
	const struct open_file *file = data;
	close(file->fd);
}

static int find_file(struct open_file *file, struct policy_source *out,
		     struct error *err)
{
	struct stat status;
	if (fstat(file->fd, &status) != 0)
		return error_set_errno(err, errno, "cannot examine '%s'", file->path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_IO, "'%s' is not a regular file",
				 file->path);
	ssize_t got = pread(file->fd, file->head, sizeof(file->head), 0);
	if (got < 0)
		return error_set_errno(err, errno, "cannot read '%s'", file->path);
	file->size = (uint64_t)status.st_size;
	*out = (struct policy_source){ .bytes = file->head,
				       .length = (size_t)got,
				       .size = file->size,
				       .read = read_open,
				       .close = close_open,
				       .data = file };
	return 0;
}

int config_find_beside(struct arena *arena, const char *directory, const char *name,
		       struct policy_source *out, struct error *err)
{
	struct open_file *file = arena_new_of(arena, struct open_file);
	if (file == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", name);
	int code = name_path(arena, directory, name, &file->path, err);
	if (code != 0)
		return code;
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file->fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", file->path);
	code = find_file(file, out, err);
	if (code != 0)
		close(file->fd);
	return code;
}
