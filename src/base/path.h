/* base/path.h - file names and safe file operations.
 *
 * "Beneath" functions never follow a symbolic link and never leave the directory they
 * start from (openat2). */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct error;

/* Closes *fd when it is not negative and sets it to -1; for __attribute__((cleanup)).
 */
void fd_close(int *fd);
#define FD_CLOSING __attribute__((cleanup(fd_close)))
/* All bytes, over short writes and EINTR. 0 or an errno code via err. */
int fd_write_all(int fd, const void *bytes, size_t length, struct error *err);
/* fsync; an error here is final (do not call again): ERROR_IO. */
int fd_sync(int fd, const char *name, struct error *err);

/* "a/b" from "a" and "b"; absolute `name` wins. Caller frees with free(). NULL: out of
 * memory. */
char *path_join(const char *directory, const char *name);

/* A relative path as git stores it, safe on every system we deploy to: no empty, ".",
 * ".." component, no NUL, no leading '/', no component that is a look-alike of .git
 * (case, trailing dots and blanks, NTFS short name git~1, HFS ignorable code points),
 * at most `maximum` bytes. 0 or ERROR_UNSAFE_PATH with the reason. */
int path_check(const char *path, size_t length, size_t maximum, struct error *err);

/* Adds to `out` where the symbolic link at `path` leads in its tree, put together from
 * names alone ("": to the top). NULL, or what is wrong with its target, to be said
 * behind it: "is absolute". A buffer that failed says so itself. */
const char *path_resolve_link(struct buf *out, const char *path, const char *target);

/* Opens beneath `directory`; flags as open(2) (O_CLOEXEC | O_NOFOLLOW are added).
 * Descriptor or negative code. */
int path_open_beneath(int directory, const char *path, int flags, mode_t mode,
		      struct error *err);
/* Makes the parent directories of `path` beneath `directory`. */
int path_make_parents(int directory, const char *path, mode_t mode, struct error *err);
/* Removes a file or a whole tree beneath `directory`; not existing is no error. Never
 * crosses a symbolic link. */
int path_remove_tree(int directory, const char *path, struct error *err);
/* The same of an absolute path, but for its last component as the system follows it. */
int path_remove_named(const char *path, struct error *err);
/* Writes a file so that it exists whole or not at all: temporary name, fsync, rename,
 * fsync of the directory. */
int path_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode,
		      struct error *err);
/* mkdir -p for an absolute or relative path. */
int path_make_directories(const char *path, mode_t mode, struct error *err);
bool path_exists(const char *path);

/* A private directory (0700) under $TMPDIR or /tmp; caller frees the name. */
int path_make_temporary(char **out, const char *prefix, struct error *err);

#endif
