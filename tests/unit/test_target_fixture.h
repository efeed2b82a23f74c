/* tests/unit/test_target_fixture.h - a directory target in a private directory, and
 * manifests made by hand: the reader of manifests, which refuses much, is passed by. */
#ifndef TESTS_UNIT_TEST_TARGET_FIXTURE_H
#define TESTS_UNIT_TEST_TARGET_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/manifests.h"
#include "target/target.h"

#define PLAIN   0100644
#define PROGRAM 0100755
#define LINK    0120000

struct fixture {
	char *outside; /* the private directory */
	char *root;    /* of the target, in it */
	struct arena *arena;
	struct target target;
	struct error err;
};

void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

struct file {
	const char *path;
	uint32_t mode;
	const char *content;
};

/* In the order given. The commit's id is `commit` in every byte. */
struct manifests fixture_manifests(struct fixture *fixture, const struct file *files,
				   size_t count, unsigned char commit);
#define MANIFESTS(fixture, commit, ...)                                                \
	fixture_manifests((fixture), (const struct file[]){ __VA_ARGS__ },             \
			  sizeof((const struct file[]){ __VA_ARGS__ }) /               \
				  sizeof(struct file),                                 \
			  (commit))

/* Applies, expecting the code; the result. */
struct target_result fixture_apply(struct fixture *fixture, uint64_t generation,
				   const struct manifests *manifests, int expected);
/* Compares what is live with a result; drift or not. */
bool fixture_drifts(struct fixture *fixture, const struct target_result *result);

/* "<root>/<name>", in the arena. */
const char *fixture_path(struct fixture *fixture, const char *name);
/* Content of a file beneath the root, or NULL. */
const char *fixture_read(struct fixture *fixture, const char *name);
void fixture_write(struct fixture *fixture, const char *name, const char *content);
/* Where the link beneath the root leads, or NULL. */
const char *fixture_link(struct fixture *fixture, const char *name);
/* Every name beneath a directory, with types, modes and contents, as one digest. */
struct digest fixture_digest(const char *path);
/* How many entries beneath the root's directory have names that begin so. */
size_t fixture_count(struct fixture *fixture, const char *directory,
		     const char *prefix);

#endif
