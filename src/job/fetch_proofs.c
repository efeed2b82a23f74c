/* job/fetch_proofs.c - stored log entries come along with a local repository. */
#include "job/fetch_proofs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/oid.h"
#include "base/path.h"
#include "job/judge.h"

/* As many as a push may bring commits. */
#define PROOFS_MAX LIMIT_GIT_COMMITS_PER_PUSH

static bool is_proof(int directory, const char *name, struct stat *status)
{
	struct oid id;

	return oid_parse(name, strlen(name), &id) == 0 &&
	       fstatat(directory, name, status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status->st_mode);
}

/* Stored again it has another size, or is as young as what was copied. */
static bool was_copied(int directory, const char *name, const struct stat *source)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_size == source->st_size &&
	       status.st_mtim.tv_sec > source->st_mtim.tv_sec;
}

static int copy(int source, const char *target, const char *name, struct error *err)
{
	struct buf content =
		BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	char *path = path_join(target, name);
	int file FD_CLOSING =
		openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = !path      ? error_set(err, ERROR_MEMORY, "out of memory")
		 : file < 0 ? error_set_errno(err, errno, "cannot open '%s'", name)
			    : buf_read_fd(&content, file, err);

	if (rc == 0)
		rc = path_write_atomic(path, content.data, content.length, 0644, err);
	buf_release(&content);
	free(path);
	return rc;
}

static int copy_all(DIR *stream, const char *target, struct error *err)
{
	int known FD_CLOSING = -1;
	uint64_t count = 0;
	int rc = path_make_directories(target, 0755, err);

	if (rc == 0)
		known = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rc == 0 && known < 0)
		rc = error_set_errno(err, errno, "cannot open '%s'", target);
	for (const struct dirent *entry; rc == 0 && (entry = readdir(stream));) {
		struct stat status;
		if (!is_proof(dirfd(stream), entry->d_name, &status) ||
		    was_copied(known, entry->d_name, &status))
			continue;
		rc = limit_check(&limits_default, PROOFS_MAX, ++count,
				 "stored log entries", err);
		if (rc == 0)
			rc = copy(dirfd(stream), target, entry->d_name, err);
	}
	return rc;
}

/* 0 when there is no such directory. */
static int copy_from(const char *source, const char *where, const char *target,
		     struct error *err)
{
	char *path = path_join(source, where);
	int directory =
		path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	DIR *stream = directory >= 0 ? fdopendir(directory) : NULL;
	int rc = 0;

	if (stream)
		rc = copy_all(stream, target, err);
	else if (!path || directory >= 0)
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	else if (errno != ENOENT)
		rc = error_set_errno(err, errno, "cannot open '%s'", path);
	if (stream)
		closedir(stream);
	else
		fd_close(&directory);
	free(path);
	return rc;
}

int fetch_proofs(const char *source, const char *mirror, struct error *err)
{
	char *target = path_join(mirror, PROOF_DIRECTORY);
	int rc = target ? copy_from(source, PROOF_DIRECTORY, target, err)
			: error_set(err, ERROR_MEMORY, "out of memory");

	if (rc == 0)
		rc = copy_from(source, ".git/" PROOF_DIRECTORY, target, err);
	free(target);
	return rc;
}
