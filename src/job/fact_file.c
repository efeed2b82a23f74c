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

/* 20,000 commits, 5,000 with X.509 certificates; then it is begun anew. Every push
 * reads the file, whatever it asks: a few milliseconds when it is full. */
#define FILE_BYTES_MAX ((size_t)4 << 20)
#define ARENA_BYTES    (FILE_BYTES_MAX * 8)
#define CHECKSUM_BYTES 8
/* A push of few commits searches the bytes; more look-ups are worth an index. */
#define SEARCHES_MAX 8

struct fact_file {
	char *path;
	struct buf content;
	struct buf added;
	struct map known; /* of what was added: "kind context key" -> value */
	struct map index; /* of the content: the same -> start of the line */
	bool indexed;
	size_t searches;
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
static void line_checksum(const char *line, size_t length, char out[CHECKSUM_BYTES + 1])
{
	struct digest digest = { { 0 } };
	char hex[DIGEST_HEX_BYTES];

	digest_of(line, length, &digest);
	digest_hex(&digest, hex);
	memcpy(out, hex, CHECKSUM_BYTES);
	out[CHECKSUM_BYTES] = '\0';
}

/* The value of a line, from its start to the end of the file, when it is whole. */
static const char *whole_value(const char *line, const char *end, size_t *length)
{
	char checksum[CHECKSUM_BYTES + 1];
	const char *last = memchr(line, '\n', (size_t)(end - line));
	const char *value = memchr(line, '\t', (size_t)(end - line));

	if (!last || !value || last - value < CHECKSUM_BYTES + 2 ||
	    last[-CHECKSUM_BYTES - 1] != '\t')
		return NULL;
	const char *value_end = last - CHECKSUM_BYTES - 1;
	line_checksum(line, (size_t)(value_end - line), checksum);
	if (memcmp(checksum, value_end + 1, CHECKSUM_BYTES) != 0)
		return NULL;
	*length = (size_t)(value_end - (value + 1));
	return value + 1;
}

/* The last whole line that starts with the name and a tab. Looked for is the key, at
 * the name's end: what stands before it is in every line. */
static const char *search(const struct fact_file *file, const char *name)
{
	const char *start = file->content.data;
	const char *end = start + file->content.length;
	const char *key = strrchr(name, ' ') + 1;
	const size_t before = (size_t)(key - name);
	const size_t length = strlen(name);
	const char *found = NULL;
	size_t unused;

	for (const char *at = start;
	     (at = memmem(at, (size_t)(end - at), key, length - before)) != NULL;
	     at++) {
		const char *line = at - start >= (ptrdiff_t)before ? at - before : NULL;
		if (line && (line == start || line[-1] == '\n') &&
		    end - line > (ptrdiff_t)length && memcmp(line, name, length) == 0 &&
		    line[length] == '\t' && whole_value(line, end, &unused))
			found = line;
	}
	return found;
}

/* Of what stands there twice the last whole one counts; whether a single one is whole
 * is seen when somebody asks for it. */
static void make_index(struct fact_file *file)
{
	char *line = file->content.data;
	char *end = line + file->content.length;
	char *next;
	size_t unused;

	file->indexed = true;
	for (; (next = memchr(line, '\n', (size_t)(end - line))) != NULL;
	     line = next + 1) {
		const char *name_end = memchr(line, '\t', (size_t)(next - line));
		size_t length = name_end ? (size_t)(name_end - line) : 0;
		if (name_end && (!map_has(&file->index, line, length) ||
				 whole_value(line, end, &unused)))
			map_put(&file->index, line, length, line);
	}
}

static const char *find_line(struct fact_file *file, const char *name)
{
	if (file->content.length == 0)
		return NULL;
	if (!file->indexed && file->searches++ < SEARCHES_MAX)
		return search(file, name);
	if (!file->indexed)
		make_index(file);
	return map_get(&file->index, name, strlen(name));
}

static void load(struct fact_file *file)
{
	if (buf_read_file(&file->content, file->path, NULL) != 0)
		buf_reset(&file->content);
}

struct fact_file *fact_file_open(const char *repository)
{
	struct fact_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	buf_init(&file->content, FILE_BYTES_MAX);
	buf_init(&file->added, FILE_BYTES_MAX);
	file->arena = arena_new(ARENA_BYTES);
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
	const char *value = name ? map_get(&file->known, name, strlen(name)) : NULL;
	size_t length;

	if (value || !name)
		return value;
	const char *line = find_line(file, name);
	if (line)
		value = whole_value(line, file->content.data + file->content.length,
				    &length);
	return value ? arena_copy(arena, value, length) : NULL;
}

static void put_fact(void *data, const char *kind, const struct digest *context,
		     const struct oid *key, const char *value)
{
	struct fact_file *file = data;
	char checksum[CHECKSUM_BYTES + 1];
	char *name = fact_key(file->arena, kind, context, key);
	char *line = name ? arena_printf(file->arena, "%s\t%s", name, value) : NULL;

	if (!line || strpbrk(value, "\t\n"))
		return;
	/* What does not fit is found out again; the rest is kept. */
	if (file->added.length + strlen(line) + CHECKSUM_BYTES + 2 > FILE_BYTES_MAX)
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
	map_release(&file->index);
	buf_release(&file->content);
	buf_release(&file->added);
	arena_free(file->arena);
	free(file->path);
	free(file);
}
