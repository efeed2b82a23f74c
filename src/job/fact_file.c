/* job/fact_file.c - the hook's memory of facts: an append-only file that the
 * repository's owner writes. The service never reads it. Lines: "kind context key
 * value", the last counts; each ends with a checksum, so that a torn line is skipped.
 * Losing it costs time only; whoever can write it can also write refs. */
#include "job/judge.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/path.h"

#define FILE_BYTES_MAX ((size_t)16 << 20) /* then it is begun anew */

struct fact_file {
	char *path;
	struct buf content;
	struct buf added;
	struct map known; /* "kind context key" -> value */
	struct arena *arena;
};

static char *fact_key(struct arena *arena, const char *kind,
		      const struct digest *context, const struct oid *key)
{
	char hex[DIGEST_HEX_BYTES];

	digest_hex(context, hex);
	return arena_printf(arena, "%s %s %s", kind, hex, oid_text(key));
}

/* Eight digits of SHA-256 over the line: against torn writes, not against people. */
static void line_checksum(const char *line, size_t length, char out[9])
{
	struct digest digest = { { 0 } };
	char hex[DIGEST_HEX_BYTES];

	digest_of(line, length, &digest);
	digest_hex(&digest, hex);
	memcpy(out, hex, 8);
	out[8] = '\0';
}

static void learn_line(struct fact_file *file, char *line, size_t length)
{
	char checksum[9];

	if (length < 10 || line[length - 9] != '\t')
		return;
	line_checksum(line, length - 9, checksum);
	if (memcmp(checksum, line + length - 8, 8) != 0)
		return;
	line[length - 9] = '\0';
	char *value = strchr(line, '\t');
	if (!value)
		return;
	*value = '\0';
	map_put(&file->known, line, strlen(line), value + 1);
}

static void load(struct fact_file *file)
{
	if (buf_read_file(&file->content, file->path, NULL) != 0) {
		buf_reset(&file->content);
		return;
	}
	char *line = file->content.data;
	for (char *end = strchr(line, '\n'); end; end = strchr(line, '\n')) {
		*end = '\0';
		learn_line(file, line, (size_t)(end - line));
		line = end + 1;
	}
}

struct fact_file *fact_file_open(const char *repository)
{
	struct fact_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	buf_init(&file->content, FILE_BYTES_MAX);
	buf_init(&file->added, FILE_BYTES_MAX);
	file->arena = arena_new(FILE_BYTES_MAX * 4);
	file->path = path_join(repository, "gitgate/facts");
	if (!file->arena || !file->path) {
		fact_file_close(file);
		return NULL;
	}
	load(file);
	return file;
}

static const char *get_fact(void *data, const char *kind, const struct digest *context,
			    const struct oid *key, struct arena *arena)
{
	struct fact_file *file = data;
	char *name = fact_key(arena, kind, context, key);

	return name ? map_get(&file->known, name, strlen(name)) : NULL;
}

static void put_fact(void *data, const char *kind, const struct digest *context,
		     const struct oid *key, const char *value)
{
	struct fact_file *file = data;
	char checksum[9];
	char *name = fact_key(file->arena, kind, context, key);
	char *line = name ? arena_printf(file->arena, "%s\t%s", name, value) : NULL;

	if (!line || strpbrk(value, "\t\n"))
		return;
	line_checksum(line, strlen(line), checksum);
	buf_addf(&file->added, "%s\t%s\n", line, checksum);
	/* Also for the next ref of the same push. */
	map_put(&file->known, name, strlen(name), line + strlen(name) + 1);
}

struct fact_cache fact_file_cache(struct fact_file *file)
{
	return (struct fact_cache){ .get = get_fact, .put = put_fact, .data = file };
}

static void save(struct fact_file *file)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
	/* One write of whole lines: appends of two pushes do not mix. */
	if (file->content.length + file->added.length > FILE_BYTES_MAX ||
	    file->content.failed)
		flags |= O_TRUNC;
	int fd FD_CLOSING = open(file->path, flags, 0600);
	if (fd >= 0)
		fd_write_all(fd, file->added.data, file->added.length, NULL);
}

void fact_file_close(struct fact_file *file)
{
	if (!file)
		return;
	if (file->path && file->added.length && !file->added.failed)
		save(file);
	map_release(&file->known);
	buf_release(&file->content);
	buf_release(&file->added);
	arena_free(file->arena);
	free(file->path);
	free(file);
}
