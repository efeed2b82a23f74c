/* repo/objects.c - raw objects, their hash verified. */
#include <string.h>

#include "repo/handle.h"
#include "repo/lines.h"

#define TAGS_FOLLOWED 8

static enum object_type type_from_git(git_object_t type)
{
	switch ((int)type) {
	case GIT_OBJECT_COMMIT:
		return OBJECT_COMMIT;
	case GIT_OBJECT_TREE:
		return OBJECT_TREE;
	case GIT_OBJECT_BLOB:
		return OBJECT_BLOB;
	case GIT_OBJECT_TAG:
		return OBJECT_TAG;
	}
	return OBJECT_UNKNOWN;
}

static int failed(const struct repo *repo, const struct oid *id, int git_code,
		  struct error *err)
{
	int rc = repo_git_error(err, git_code, ERROR_IO, "libgit2");
	if (rc == ERROR_NOT_FOUND && err != NULL) {
		error_clear(err);
		return error_set(err, rc, "the object '%s' is not in '%s'",
				 oid_text(id), repo->path);
	}
	error_context(err, "cannot read the object '%s'", oid_text(id));
	return rc;
}

int repo_stat(struct repo *repo, const struct oid *id, enum object_type *type,
	      uint64_t *size, struct error *err)
{
	git_oid git_id;
	git_object_t git_type;
	size_t length;
	int rc = repo_oid_to_git(&git_id, repo, id, err);
	if (rc != 0)
		return rc;
	rc = git_odb_read_header(&length, &git_type, repo->odb, &git_id);
	if (rc != 0)
		return failed(repo, id, rc, err);
	if (type != NULL)
		*type = type_from_git(git_type);
	if (size != NULL)
		*size = length;
	return 0;
}

/* The size is asked first: what is over the maximum is never unpacked. */
int repo_read(struct repo *repo, const struct oid *id, size_t maximum,
	      struct object *out, struct error *err)
{
	git_oid git_id;
	git_odb_object *handle;
	enum object_type type;
	uint64_t size;
	int rc = repo_stat(repo, id, &type, &size, err);
	if (rc != 0)
		return rc;
	if (size > maximum)
		return error_set(err, ERROR_LIMIT,
				 "the object '%s' has %llu bytes, over the limit of "
				 "%zu",
				 oid_text(id), (unsigned long long)size, maximum);
	rc = repo_oid_to_git(&git_id, repo, id, err);
	if (rc != 0)
		return rc;
	rc = git_odb_read(&handle, repo->odb, &git_id);
	if (rc != 0)
		return failed(repo, id, rc, err);
	*out = (struct object){ .type = type_from_git(git_odb_object_type(handle)),
				.bytes = git_odb_object_data(handle),
				.length = git_odb_object_size(handle),
				.handle = handle };
	return 0;
}

void repo_object_release(struct object *object)
{
	git_odb_object_free(object->handle);
	*object = (struct object){ .type = OBJECT_UNKNOWN };
}

int repo_read_commit(struct repo *repo, const struct oid *id, size_t maximum,
		     struct object *object, struct commit_text *text, struct error *err)
{
	int rc = repo_read(repo, id, maximum, object, err);
	if (rc != 0)
		return rc;
	if (object->type != OBJECT_COMMIT)
		rc = error_set(err, ERROR_NOT_A_COMMIT, "'%s' is not a commit",
			       oid_text(id));
	else
		rc = commit_split(text, object->bytes, object->length, repo->hash_bytes,
				  err);
	if (rc != 0)
		repo_object_release(object);
	return rc;
}

int repo_commit_tree(struct repo *repo, const struct oid *id, size_t maximum,
		     struct oid *tree, struct error *err)
{
	struct object object;
	struct commit_text text;
	int rc = repo_read_commit(repo, id, maximum, &object, &text, err);
	if (rc != 0)
		return rc;
	*tree = text.tree;
	repo_object_release(&object);
	return 0;
}

/* What a tag names, read as git reads it: its first line. How well-formed the rest is
 * matters to those who ask for its signature, not here. */
static int tag_target(const struct repo *repo, const struct object *tag,
		      struct oid *target)
{
	static const char start[] = "object ";
	size_t digits = 2 * repo->hash_bytes;
	size_t skip = sizeof(start) - 1;
	if (tag->length <= skip + digits || memcmp(tag->bytes, start, skip) != 0 ||
	    tag->bytes[skip + digits] != '\n')
		return ERROR_NOT_FOUND;
	return oid_parse(tag->bytes + skip, digits, target) == 0 ? 0 : ERROR_NOT_FOUND;
}

int repo_peel(struct repo *repo, const struct oid *id, struct oid *commit,
	      struct error *err)
{
	struct oid at = *id;
	for (int followed = 0; followed <= TAGS_FOLLOWED; followed++) {
		struct object object;
		enum object_type type;
		uint64_t size;
		int rc = repo_stat(repo, &at, &type, &size, err);
		if (rc != 0)
			return rc;
		if (type == OBJECT_COMMIT) {
			*commit = at;
			return 0;
		}
		if (type != OBJECT_TAG)
			break;
		rc = repo_read(repo, &at, repo->limits.values[LIMIT_GIT_COMMIT_BYTES],
			       &object, err);
		if (rc != 0)
			return rc;
		rc = tag_target(repo, &object, &at);
		repo_object_release(&object);
		if (rc != 0)
			break;
	}
	return error_set(err, ERROR_NOT_FOUND, "'%s' does not lead to a commit",
			 oid_text(id));
}

int repo_resolve(struct repo *repo, const char *revision, struct oid *out,
		 struct error *err)
{
	git_object *object;
	int rc = git_revparse_single(&object, repo->handle, revision);
	if (rc != 0) {
		rc = repo_git_error(err, rc, ERROR_USAGE, "libgit2");
		error_context(err, "'%s' does not name one object of '%s'", revision,
			      repo->path);
		return rc;
	}
	repo_oid_from_git(out, git_object_id(object));
	git_object_free(object);
	return 0;
}
