/* repo/handle.h - what is behind struct repo, and libgit2's errors as ours. Inside
 * repo/ only. */
#ifndef REPO_HANDLE_H
#define REPO_HANDLE_H

/* One by one: git2.h as a whole uses a word that base/banned.h takes away. */
#include <git2/errors.h>
#include <git2/global.h>
#include <git2/object.h>
#include <git2/odb.h>
#include <git2/odb_backend.h>
#include <git2/oid.h>
#include <git2/refs.h>
#include <git2/repository.h>
#include <git2/revparse.h>

#include "base/error.h"
#include "base/limits.h"
#include "repo/repo.h"

struct repo {
	git_repository *handle;
	git_odb *odb;
	char *path;       /* of the common directory, absolute */
	char *quarantine; /* its real path; NULL: none */
	struct limits limits;
	size_t hash_bytes;
};

/* libgit2's last error with "what" in front; GIT_ENOTFOUND is ERROR_NOT_FOUND,
 * everything that has no code of its own `otherwise`. */
int repo_git_error(struct error *err, int git_code, int otherwise, const char *what);

void repo_oid_from_git(struct oid *out, const git_oid *id);
/* ERROR_NOT_FOUND when the id is not of the repository's hash. */
int repo_oid_to_git(git_oid *out, const struct repo *repo, const struct oid *id,
		    struct error *err);

/* repo_config_each() over one file; a file that is absent has no values. */
int config_file_each(const char *path, size_t maximum, const char *key,
		     int (*each)(void *data, const char *value), void *data,
		     struct error *err);

#endif
