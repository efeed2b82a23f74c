/* repo/refs.c - refs by way of libgit2: loose and packed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repo/handle.h"

/* The id a ref leads to; symbolic ones are followed. 0, 1 for one that leads nowhere,
 * or a negative code. */
static int direct_id(const git_reference *ref, struct oid *out, struct error *err)
{
	if (git_reference_type(ref) == GIT_REFERENCE_DIRECT) {
		repo_oid_from_git(out, git_reference_target(ref));
		return 0;
	}
	git_reference *resolved;
	int rc = git_reference_resolve(&resolved, ref);
	if (rc == GIT_ENOTFOUND)
		return 1;
	if (rc != 0)
		return repo_git_error(err, rc, ERROR_IO, git_reference_name(ref));
	repo_oid_from_git(out, git_reference_target(resolved));
	git_reference_free(resolved);
	return 0;
}

static int visit(const git_reference *ref,
		 int (*each)(void *data, const char *name, const struct oid *id),
		 void *data, struct error *err)
{
	struct oid id;
	int rc = direct_id(ref, &id, err);
	if (rc > 0)
		return 0;
	return rc != 0 ? rc : each(data, git_reference_name(ref), &id);
}

/* Frees the iterator. */
static int visit_all(struct repo *repo, git_reference_iterator *iterator,
		     int (*each)(void *data, const char *name, const struct oid *id),
		     void *data, struct error *err)
{
	git_reference *ref;
	uint64_t count = 0;
	int git_rc = 0;
	int rc = 0;
	while (rc == 0 && (git_rc = git_reference_next(&ref, iterator)) == 0) {
		rc = limit_check(&repo->limits, LIMIT_GIT_REFS, ++count, repo->path,
				 err);
		if (rc == 0)
			rc = visit(ref, each, data, err);
		git_reference_free(ref);
	}
	git_reference_iterator_free(iterator);
	if (rc == 0 && git_rc != GIT_ITEROVER)
		return repo_git_error(err, git_rc, ERROR_IO, "cannot list refs");
	return rc;
}

int repo_each_ref(struct repo *repo,
		  int (*each)(void *data, const char *name, const struct oid *id),
		  void *data, struct error *err)
{
	git_reference_iterator *iterator;
	int git_rc = git_reference_iterator_new(&iterator, repo->handle);
	if (git_rc != 0)
		return repo_git_error(err, git_rc, ERROR_IO, "cannot list refs");
	return visit_all(repo, iterator, each, data, err);
}

int repo_each_ref_beneath(struct repo *repo, const char *prefix,
			  int (*each)(void *data, const char *name,
				      const struct oid *id),
			  void *data, struct error *err)
{
	git_reference_iterator *iterator;
	char *glob;
	if (asprintf(&glob, "%s*", prefix) < 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int git_rc = git_reference_iterator_glob_new(&iterator, repo->handle, glob);
	free(glob);
	if (git_rc != 0)
		return repo_git_error(err, git_rc, ERROR_IO, "cannot list refs");
	return visit_all(repo, iterator, each, data, err);
}

int repo_ref(struct repo *repo, const char *name, struct oid *out, struct error *err)
{
	git_oid id;
	int rc = git_reference_name_to_id(&id, repo->handle, name);
	if (rc == GIT_ENOTFOUND || rc == GIT_EINVALIDSPEC)
		return error_set(err, ERROR_NOT_FOUND, "there is no ref '%s' in '%s'",
				 name, repo->path);
	if (rc != 0)
		return repo_git_error(err, rc, ERROR_IO, "cannot read a ref");
	repo_oid_from_git(out, &id);
	return 0;
}

int repo_head(struct repo *repo, char **out, struct error *err)
{
	git_reference *head;
	int rc = git_reference_lookup(&head, repo->handle, "HEAD");
	if (rc != 0)
		return repo_git_error(err, rc, ERROR_IO, "cannot read HEAD");
	const char *target = git_reference_symbolic_target(head);
	char *copy = target != NULL ? strdup(target) : NULL;
	git_reference_free(head);
	if (target == NULL)
		return error_set(err, ERROR_NOT_FOUND,
				 "HEAD of '%s' is detached: it names no branch",
				 repo->path);
	if (copy == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*out = copy;
	return 0;
}
