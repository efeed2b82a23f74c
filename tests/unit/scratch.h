/* tests/unit/scratch.h - a private directory in which real git and ssh-keygen run.
 *
 * Everything that goes wrong fails the test at once. Strings returned are freed by the
 * caller. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"

struct scratch {
	char *directory; /* also HOME of what is run */
	int64_t date;    /* seconds: of the next commit; rises by 60 with each run */
};

void scratch_open(struct scratch *scratch);
void scratch_close(struct scratch *scratch);
/* "directory/name". */
char *scratch_path(const struct scratch *scratch, const char *name);
void scratch_write(const struct scratch *scratch, const char *name, const void *bytes,
		   size_t length);
char *scratch_read(const struct scratch *scratch, const char *name, size_t *length);

/* Runs a program in the directory; the list ends with NULL. Gives its status; `output`
 * (may be NULL) gets what it wrote, `length` (may be NULL) how much. */
int scratch_try(struct scratch *scratch, const void *input, size_t input_length,
		char **output, size_t *length, const char *const *arguments);
/* The output without its last line feed; fails when the status is not 0. */
char *scratch_run(struct scratch *scratch, const char *const *arguments);
void scratch_do(struct scratch *scratch, const char *const *arguments);
#define RUN(scratch, ...)                                                              \
	scratch_run(scratch, (const char *const[]){ __VA_ARGS__, NULL })
#define DO(scratch, ...) scratch_do(scratch, (const char *const[]){ __VA_ARGS__, NULL })
#define TRY(scratch, ...)                                                              \
	scratch_try(scratch, NULL, 0, NULL, NULL,                                      \
		    (const char *const[]){ __VA_ARGS__, NULL })

/* "git init" of a work tree with a user and no hooks. */
void scratch_init_repository(struct scratch *scratch);
/* Writes an object whatever it holds; its id. */
struct oid scratch_object(struct scratch *scratch, const char *type, const void *bytes,
			  size_t length);
/* The raw bytes of an object that a revision names. */
char *scratch_cat(struct scratch *scratch, const char *type, const char *revision,
		  size_t *length);
struct oid scratch_id(struct scratch *scratch, const char *revision);
/* Makes a key pair `name`, `name.pub` of a type and size ("" for the default). */
void scratch_key(struct scratch *scratch, const char *name, const char *type,
		 const char *bits);

#endif
