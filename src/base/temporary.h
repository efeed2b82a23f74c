/* base/temporary.h - private directories of processes that may be killed.
 *
 * They lie under $TMPDIR or /tmp, named after a prefix. Each is locked (flock(2)) while
 * its process lives. Who makes one also removes those of the same prefix and user that
 * nobody has locked: what is killed cannot tidy up, so the next one does. Where the
 * file system knows no such locks, what a killed process leaves stays. */
#ifndef BASE_TEMPORARY_H
#define BASE_TEMPORARY_H

struct error;

struct temporary {
	char *path; /* absolute, unless $TMPDIR is not; NULL: there is none */
	int lock;   /* of no meaning without a path */
};

/* Makes a directory (0700), and removes what was left behind. ERROR_MEMORY, or what
 * keeps $TMPDIR from being written to. */
int temporary_make(struct temporary *out, const char *prefix, struct error *err);
/* Removes it with what is in it. A code says that something stays; it is given up all
 * the same. Without a path nothing is done. */
int temporary_remove(struct temporary *temporary, struct error *err);

#endif
