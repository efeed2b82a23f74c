/* hooks/updates.c - reading what git says is pushed: strict, bounded. */
#include "hooks/updates.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/map.h"

/* Two SHA-256 ids, two blanks, a ref of git's longest file name, a line feed. */
#define LINE_BYTES_MAX 4400

static int bad_line(size_t number, const char *what, struct error *err)
{
	return error_set(err, ERROR_SYNTAX,
			 "line %zu of what git says is pushed is not understood: %s",
			 number, what);
}

/* Cuts "<hex> " off the front of a line. */
static bool take_id(char **line, struct oid *out)
{
	size_t length = strcspn(*line, " ");

	if ((*line)[length] != ' ' || oid_parse(*line, length, out) != 0)
		return false;
	*line += length + 1;
	return true;
}

static bool is_ref_text(const char *ref)
{
	if (strncmp(ref, "refs/", 5) != 0 || !ref[5])
		return false;
	for (const char *at = ref; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return false;
	return true;
}

static int parse_line(struct update *out, char *line, size_t number, struct error *err)
{
	if (!take_id(&line, &out->old_id) || !take_id(&line, &out->new_id))
		return bad_line(number, "it does not start with two full object ids",
				err);
	if (out->old_id.length != out->new_id.length)
		return bad_line(number, "its ids are of different lengths", err);
	if (!is_ref_text(line))
		return bad_line(number, "it does not end with a ref's full name", err);
	out->ref = line;
	return 0;
}

static int parse_lines(struct updates *updates, struct map *seen, struct error *err)
{
	char *line = updates->names;

	for (size_t i = 0; i < updates->count; i++) {
		struct update *update = &updates->items[i];
		char *end = strchr(line, '\n');
		*end = '\0';
		int rc = parse_line(update, line, i + 1, err);
		if (rc != 0)
			return rc;
		size_t length = strlen(update->ref);
		if (map_has(seen, update->ref, length))
			return bad_line(i + 1, "its ref stands in an earlier line too",
					err);
		if (map_put(seen, update->ref, length, update) != 0)
			return error_set(err, ERROR_MEMORY, "out of memory");
		if (update->old_id.length != updates->items[0].old_id.length)
			return bad_line(i + 1,
					"its ids are of another length than the "
					"first line's",
					err);
		line = end + 1;
	}
	return 0;
}

static int check_text(const struct buf *text, const struct limits *limits,
		      size_t *count, struct error *err)
{
	if (text->length == 0)
		return error_set(err, ERROR_SYNTAX,
				 "git did not say what is pushed: standard input is "
				 "empty");
	if (memchr(text->data, '\0', text->length))
		return error_set(err, ERROR_SYNTAX,
				 "what git says is pushed holds a NUL byte");
	if (text->data[text->length - 1] != '\n')
		return error_set(err, ERROR_SYNTAX,
				 "what git says is pushed ends within a line");
	*count = 0;
	for (size_t i = 0; i < text->length; i++)
		*count += text->data[i] == '\n';
	return limit_check(limits, LIMIT_GIT_REFS_PER_PUSH, *count, "the push", err);
}

int updates_read(struct updates *out, int fd, const struct limits *limits,
		 struct error *err)
{
	uint64_t refs = limits->values[LIMIT_GIT_REFS_PER_PUSH];
	struct map seen = MAP_INIT;

	*out = (struct updates){ 0 };
	buf_init(&out->text, (size_t)refs * LINE_BYTES_MAX);
	int rc = buf_read_fd(&out->text, fd, err);
	if (rc == ERROR_LIMIT)
		error_context(err, "git.refs_per_push (%llu)",
			      (unsigned long long)refs);
	if (rc == 0)
		rc = check_text(&out->text, limits, &out->count, err);
	if (rc != 0)
		return error_context(err, "standard input"), rc;
	out->names = strdup(out->text.data);
	out->items = calloc(out->count, sizeof(out->items[0]));
	if (!out->names || !out->items)
		return error_set(err, ERROR_MEMORY, "out of memory");
	rc = parse_lines(out, &seen, err);
	map_release(&seen);
	return rc;
}

void updates_release(struct updates *updates)
{
	buf_release(&updates->text);
	free(updates->names);
	free(updates->items);
	*updates = (struct updates){ .text = BUF_INIT(0) };
}
