/* job/recompute.h - has git make merges again, many in one run.
 *
 * git is asked by `git merge-tree --write-tree --stdin` (ort) in a repository of
 * nothing that reads the other one's objects (repo/scratch.h), so that the settings are
 * git's own, as a forge has them, and nothing that was pushed or configured can run
 * anything. Picks are merges of commits of nobody: the tree they were made from is the
 * parent of both sides. */
#ifndef JOB_RECOMPUTE_H
#define JOB_RECOMPUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/oid.h"
#include "base/temporary.h"

struct buf;
struct error;
struct repo;

enum recompute_result {
	RECOMPUTE_UNKNOWN = 0, /* counts as different */
	RECOMPUTE_SAME,
	RECOMPUTE_DIFFERENT,
	RECOMPUTE_CONFLICT,
};

/* One merge of two commits, whose bases git finds; or, as a pick, of three trees. */
struct recompute_step {
	bool pick;
	struct oid base; /* tree of a pick */
	struct oid ours;
	struct oid theirs;
	struct oid expected; /* tree */
	enum recompute_result result;
	struct oid tree; /* of the result, when git had to make it */
};

struct recompute {
	struct repo *repo;
	const char *directory; /* is made, and stays: the caller removes it */
	/* Runs git by SCRATCH_MERGE_ARGUMENTS with the input; its output, both streams
	 * in one, goes into the buffer. 0 when it ran to its end. */
	int (*run)(void *data, const struct buf *input, struct buf *output, int *status,
		   struct error *err);
	void *data;
};

/* Fills the results; objects that git made can be read from the repository then.
 * ERROR_FORGE_GIT: git is older than 2.39, or failed (with what it said). */
int recompute_run(const struct recompute *recompute, struct recompute_step *steps,
		  size_t count, struct error *err);

/* In a process that may start programs: the hook, `gitgate check`. */
struct recompute_here {
	struct repo *repo;
	struct temporary directory; /* made when it is needed */
	unsigned int runs;
};
/* judge.recompute; `data` is a struct recompute_here. */
int recompute_here(void *data, struct recompute_step *steps, size_t count,
		   struct error *err);
/* Removes what git made: after the last judgement. */
void recompute_here_close(struct recompute_here *here);

#endif
