/* cmd/check_definitions.c - `gitgate check --files`: the files beside the policy in
 * which CustomResourceDefinitions are looked for, whatever is being checked. */
#include "cmd/check_definitions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "job/collect_kubernetes.h"

struct search {
	const char *root;
	const struct definition_reader *reader;
	struct error *err;
};

static int search_path(const struct search *search, const char *path,
		       unsigned int depth);

/* What is too large is no definition; what was lost meanwhile neither. */
static int read_one(const struct search *search, const char *full, const char *path)
{
	struct buf text = BUF_INIT((size_t)limits_default.values[LIMIT_YAML_DOC_BYTES]);
	struct error cause = ERROR_INIT;

	int rc = buf_read_file(&text, full, &cause);
	if (rc == 0)
		rc = search->reader->read(search->reader->data, path, text.data,
					  text.length, search->err);
	else if (rc == ERROR_LIMIT || rc == ERROR_NOT_FOUND)
		rc = 0;
	else
		rc = error_set(search->err, rc, "%s", cause.text);
	buf_release(&text);
	return rc;
}

static int is_searched(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
	       strcmp(entry->d_name, ".git") != 0;
}

static int search_directory(const struct search *search, const char *full,
			    const char *path, unsigned int depth)
{
	struct dirent **entries = NULL;
	int rc = limit_check(&limits_default, LIMIT_GIT_TREE_DEPTH, depth, full,
			     search->err);

	if (rc != 0)
		return rc;
	int count = scandir(full, &entries, is_searched, alphasort);
	if (count < 0)
		return error_set_errno(search->err, errno, "cannot list '%s'", full);
	for (int i = 0; i < count; i++) {
		char *below = *path ? path_join(path, entries[i]->d_name)
				    : strdup(entries[i]->d_name);
		if (rc == 0)
			rc = below ? search_path(search, below, depth + 1)
				   : error_set(search->err, ERROR_MEMORY,
					       "out of memory");
		free(below);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/* Links are not followed: a tree in git has none either. */
static int search_path(const struct search *search, const char *path,
		       unsigned int depth)
{
	char *full = *path ? path_join(search->root, path) : strdup(search->root);
	struct stat status;
	int rc = 0;

	if (!full)
		return error_set(search->err, ERROR_MEMORY, "out of memory");
	if (lstat(full, &status) != 0)
		rc = error_set_errno(search->err, errno, "cannot examine '%s'", full);
	else if (S_ISDIR(status.st_mode))
		rc = search_directory(search, full, path, depth);
	else if (S_ISREG(status.st_mode) &&
		 search->reader->wants(search->reader->data, path))
		rc = read_one(search, full, path);
	free(full);
	return rc;
}

int check_each_definition_file(void *data, const struct definition_reader *reader,
			       struct error *err)
{
	const char *const *root = data;
	const struct search search = { *root, reader, err };

	return *root ? search_path(&search, "", 0) : 0;
}
