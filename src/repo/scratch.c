/* repo/scratch.c - a bare repository of nothing, in which git merges. */
#include "repo/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"
#include "repo/handle.h"

#define FILE_BYTES     ((size_t)3 * PATH_MAX)
#define SHA1_BYTES     20
#define CONFIGURATION                                                                  \
	"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"                       \
	"\thooksPath = /dev/null\n\tattributesFile = /dev/null\n"

struct scratch {
	git_odb *odb;
};

static int make_directory(const char *path, const char *name, struct error *err)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", path, name);
	if (mkdir(whole, 0700) != 0)
		return error_set_errno(err, errno, "cannot make '%s'", whole);
	return 0;
}

static int write_file(const char *path, const char *name, const char *text,
		      struct error *err)
{
	char whole[PATH_MAX];
	int fd FD_CLOSING = -1;

	snprintf(whole, sizeof(whole), "%s%s", path, name);
	fd = open(whole, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot make '%s'", whole);
	return fd_write_all(fd, text, strlen(text), err);
}

/* A line each; what git would read otherwise than as a path is refused. */
static int write_alternates(const char *path, const struct repo *repo,
			    struct error *err)
{
	struct buf text = BUF_INIT(FILE_BYTES);

	if (strchr(repo->path, '\n') || (repo->quarantine && strchr(repo->quarantine, '\n')))
		return error_set(err, ERROR_UNSAFE_PATH,
				 "the path of the repository holds a line feed");
	if (repo->quarantine)
		buf_addf(&text, "%s\n", repo->quarantine);
	buf_addf(&text, "%s/objects\n", repo->path);
	int rc = buf_status(&text, "the scratch repository", err);
	if (rc == 0)
		rc = write_file(path, "/objects/info/alternates", text.data, err);
	buf_release(&text);
	return rc;
}

static int write_layout(const char *path, const struct repo *repo,
			struct error *err)
{
	static const char *const directories[] = { "", "/refs", "/objects",
						   "/objects/info", "/objects/pack" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(directories) / sizeof(*directories);
	     i++)
		rc = make_directory(path, directories[i], err);
	if (rc == 0)
		rc = write_file(path, "/HEAD", "ref: refs/heads/nothing\n", err);
	if (rc == 0)
		rc = write_file(path, "/config", CONFIGURATION, err);
	return rc == 0 ? write_alternates(path, repo, err) : rc;
}

int scratch_make(struct scratch **out, const char *path, const struct repo *repo,
		 struct error *err)
{
	char objects[PATH_MAX];
	struct scratch *scratch;

	if (repo->hash_bytes != SHA1_BYTES)
		return error_set(err, ERROR_UNSUPPORTED,
				 "commits of the forge are made again in repositories "
				 "with SHA-1 ids only");
	/* The longest name beneath it, with room. */
	if (strlen(path) + 64 > sizeof(objects))
		return error_set(err, ERROR_LIMIT, "'%s' is too long", path);
	int rc = write_layout(path, repo, err);
	if (rc != 0)
		return rc;
	scratch = calloc(1, sizeof(*scratch));
	if (!scratch)
		return error_set(err, ERROR_MEMORY, "out of memory");
	snprintf(objects, sizeof(objects), "%s/objects", path);
	rc = git_odb_open(&scratch->odb, objects);
	if (rc != 0) {
		scratch_free(scratch);
		return repo_git_error(err, rc, ERROR_IO,
				      "a scratch repository cannot be opened");
	}
	*out = scratch;
	return 0;
}

void scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	git_odb_free(scratch->odb);
	free(scratch);
}

int scratch_commit(struct scratch *scratch, const struct oid *tree,
		   const struct oid *parent, struct oid *out, struct error *err)
{
	struct buf text = BUF_INIT(FILE_BYTES);
	git_oid id;

	buf_addf(&text, "tree %s\n", oid_text(tree));
	if (parent)
		buf_addf(&text, "parent %s\n", oid_text(parent));
	buf_add_string(&text, "author nobody <nobody@localhost> 0 +0000\n"
			      "committer nobody <nobody@localhost> 0 +0000\n\n");
	int rc = buf_status(&text, "a commit", err);
	if (rc == 0) {
		rc = git_odb_write(&id, scratch->odb, text.data, text.length,
				   GIT_OBJECT_COMMIT);
		if (rc != 0)
			rc = repo_git_error(err, rc, ERROR_IO,
					    "a commit cannot be written");
		else
			repo_oid_from_git(out, &id);
	}
	buf_release(&text);
	return rc;
}
