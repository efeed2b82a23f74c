/* tests/unit/doc_shared.h - finds and reads the shared test data, for tests that print
 * TAP themselves: without the data they are skipped as a whole. */
#ifndef TESTS_UNIT_DOC_SHARED_H
#define TESTS_UNIT_DOC_SHARED_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "doc/doc.h"

#define SHARED_MEMORY ((size_t)1 << 30)

/* "$GITGATE_SHARED/data/<what>", or beside the sources. */
static inline void shared_path(char out[PATH_MAX], const char *what)
{
	const char *shared = getenv("GITGATE_SHARED");
	const char *source = getenv("srcdir");
	if (shared != NULL)
		snprintf(out, PATH_MAX, "%s/data/%s", shared, what);
	else
		snprintf(out, PATH_MAX, "%s/../shared/data/%s",
			 source == NULL ? "." : source, what);
}

/* False, and the plan that skips all, when the folder is not there. */
static inline bool shared_present(const char *path)
{
	struct stat status;
	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return true;
	printf("1..0 # SKIP the shared data is not there: %s\n", path);
	return false;
}

/* Calls `visit` for every regular file below a folder, in any order. */
static inline void shared_walk(const char *folder, bool below,
			       void (*visit)(void *data, const char *path), void *data)
{
	DIR *listing = opendir(folder);
	struct dirent *entry;
	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		char path[PATH_MAX];
		struct stat status;
		if (entry->d_name[0] == '.')
			continue;
		int length =
			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (length >= (int)sizeof(path) || stat(path, &status) != 0)
			continue;
		if (S_ISREG(status.st_mode))
			visit(data, path);
		else if (S_ISDIR(status.st_mode) && below)
			shared_walk(path, below, visit, data);
	}
	if (listing != NULL)
		closedir(listing);
}

/* Reads a whole file; ends the program when it cannot: the data is there. */
static inline void shared_read(struct buf *text, const char *path)
{
	struct error err = ERROR_INIT;
	buf_init(text, SHARED_MEMORY);
	if (buf_read_file(text, path, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(EXIT_FAILURE);
	}
}

static inline const struct node *shared_document(struct arena *arena, const char *path,
						 enum doc_format format)
{
	struct buf text;
	struct docs docs;
	struct doc_problem problem;
	shared_read(&text, path);
	int status = docs_parse(&docs, arena, format, text.data, text.length,
				&limits_default, &problem);
	if (status != 0)
		printf("# %s:%u:%u: %s\n", path, problem.line, problem.column,
		       problem.message);
	buf_release(&text);
	return status == 0 ? docs.roots[0] : NULL;
}

static inline const struct node *shared_json(struct arena *arena, const char *path)
{
	return shared_document(arena, path, DOC_JSON);
}

/* U+0000 in strings is accepted. */
static inline const struct node *shared_any_text(struct arena *arena, const char *path)
{
	return shared_document(arena, path, DOC_JSON_ANY_TEXT);
}

static inline bool shared_ends_in(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t end_length = strlen(end);
	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

#endif
