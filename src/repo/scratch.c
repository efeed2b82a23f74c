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

#define FILE_BYTES    ((size_t)3 * PATH_MAX)
#define OBJECT_BYTES  4096
#define SHA1_BYTES    20
#define ADLER_MODULUS 65521 /* RFC 1950, 8.2 */
#define CONFIGURATION                                                                  \
	"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"                       \
	"\thooksPath = /dev/null\n\tattributesFile = /dev/null\n"

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

	if (strchr(repo->path, '\n') ||
	    (repo->quarantine && strchr(repo->quarantine, '\n')))
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

static int write_layout(const char *path, const struct repo *repo, struct error *err)
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

int scratch_make(const char *path, const struct repo *repo, struct error *err)
{
	if (repo->hash_bytes != SHA1_BYTES)
		return error_set(err, ERROR_UNSUPPORTED,
				 "commits of the forge are made again in repositories "
				 "with SHA-1 ids only");
	/* The longest name beneath it, with room. */
	if (strlen(path) + 64 > PATH_MAX)
		return error_set(err, ERROR_LIMIT, "'%s' is too long", path);
	return write_layout(path, repo, err);
}

/* --- objects --- */

static void add_number(struct buf *out, uint32_t number, int bytes, bool big_endian)
{
	for (int i = 0; i < bytes; i++)
		buf_add_byte(out,
			     (unsigned char)(number >>
					     8 * (big_endian ? bytes - 1 - i : i)));
}

/* zlib without compressing (RFC 1950, RFC 1951 3.2.4): one block that is stored. */
static void add_stored(struct buf *out, const struct buf *text)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < text->length; i++) {
		a = (a + (unsigned char)text->data[i]) % ADLER_MODULUS;
		b = (b + a) % ADLER_MODULUS;
	}
	add_number(out, 0x7801, 2, true);
	buf_add_byte(out, 1);
	add_number(out, (uint32_t)text->length, 2, false);
	add_number(out, ~(uint32_t)text->length & 0xffff, 2, false);
	buf_add(out, text->data, text->length);
	add_number(out, b << 16 | a, 4, true);
}

/* What is there has the same name, and so the same content. Nothing is renamed or
 * linked: the judge may not. */
static int write_object(const char *path, const struct oid *id,
			const struct buf *content, struct error *err)
{
	char name[PATH_MAX];
	const char *hex = oid_text(id);
	int fd FD_CLOSING = -1;

	snprintf(name, sizeof(name), "%s/objects/%.2s", path, hex);
	if (mkdir(name, 0700) != 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make '%s'", name);
	snprintf(name, sizeof(name), "%s/objects/%.2s/%s", path, hex, hex + 2);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return error_set_errno(err, errno, "cannot make '%s'", name);
	return fd_write_all(fd, content->data, content->length, err);
}

static void describe(const struct oid *tree, const struct oid *parent, struct buf *body)
{
	buf_addf(body, "tree %s\n", oid_text(tree));
	if (parent)
		buf_addf(body, "parent %s\n", oid_text(parent));
	buf_add_string(body, "author nobody <nobody@localhost> 0 +0000\n"
			     "committer nobody <nobody@localhost> 0 +0000\n\n");
}

int scratch_commit(const char *path, const struct oid *tree, const struct oid *parent,
		   struct oid *out, struct error *err)
{
	struct buf body = BUF_INIT(OBJECT_BYTES), whole = BUF_INIT(OBJECT_BYTES);
	struct buf stored = BUF_INIT(OBJECT_BYTES);
	git_oid id;

	describe(tree, parent, &body);
	buf_addf(&whole, "commit %zu", body.length);
	buf_add_byte(&whole, '\0');
	buf_add(&whole, body.data, body.length);
	add_stored(&stored, &whole);
	int rc = buf_status(&stored, "a commit", err);
	if (rc == 0 && (body.failed || whole.failed))
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	if (rc == 0 &&
	    git_odb_hash(&id, body.data, body.length, GIT_OBJECT_COMMIT) != 0)
		rc = repo_git_error(err, -1, ERROR_IO, "a commit cannot be named");
	if (rc == 0) {
		repo_oid_from_git(out, &id);
		rc = write_object(path, out, &stored, err);
	}
	buf_release(&body);
	buf_release(&whole);
	buf_release(&stored);
	return rc;
}
