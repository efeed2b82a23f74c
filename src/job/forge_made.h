/* job/forge_made.h - commits that the forge made and signed, and what git is asked
 * about them. Inside job/ only.
 *
 * A commit with two parents is a merge of these. One with a single parent was squashed
 * or rebased by the forge: it counts when it is what a head that is known here gives
 * (forge_sources.c). All questions of a judgement go to git at once. */
#ifndef JOB_FORGE_MADE_H
#define JOB_FORGE_MADE_H

#include <stdbool.h>
#include <stddef.h>

#include "job/recompute.h"

struct collector;
struct commit_fact;
struct error;
struct forge_made_fact;

/* A commit by the forge's key. */
struct made {
	const struct commit_fact *commit;
	struct forge_made_fact *fact;
	size_t step; /* of a merge */
	bool asked;  /* a merge whose answer is in the step; otherwise the fact is
			finished, or forge_sources.c finishes it */
};

struct forge_made {
	struct collector *collector;
	struct recompute_step *steps;
	size_t step_count;
	size_t step_capacity;
	size_t open; /* of them, those that git is asked */
	struct made *made;
	size_t made_count;
	size_t made_capacity;
	struct forge_sources *sources; /* NULL: nothing was squashed or rebased */
};

/* Whether a rule that applies lets commits of this one's key count when git makes them
 * again. */
bool forge_made_by_key(const struct collector *collector,
		       const struct commit_fact *commit);
/* Why a commit cannot be verified whatever the rule says, or NULL: git is not troubled
 * with what nobody who is known has signed. */
const char *forge_made_unverified(const struct forge_made *forge,
				  const struct commit_fact *commit);
/* Adds a question, or answers it where no git is needed for it: when one side has
 * nothing new. `step` gets its index. ERROR_LIMIT: forge_made.merges. */
int forge_made_ask(struct forge_made *forge, const struct recompute_step *question,
		   size_t *step, struct error *err);
/* Takes a commit by the forge's key; `nested`: it is a source of another one, where
 * only merges are made again. */
int forge_made_take(struct forge_made *forge, struct commit_fact *commit, bool nested,
		    struct error *err);
/* The reason stays out of it, in the arena. */
int forge_made_refuse(struct forge_made *forge, struct forge_made_fact *fact, int code,
		      const char *reason, struct error *err);
/* The first path in which what git made differs, or "". */
const char *forge_made_difference(const struct forge_made *forge,
				  const struct recompute_step *step);
/* The tree of a commit. */
int forge_made_tree(const struct forge_made *forge, const struct oid *commit,
		    struct oid *tree, struct error *err);

/* --- forge_sources.c --- */
/* Takes a commit with one parent. */
int forge_sources_add(struct forge_made *forge, const struct commit_fact *commit,
		      struct forge_made_fact *fact, struct error *err);
/* When all are there: asks whether heads that are known give them. */
int forge_sources_plan(struct forge_made *forge, struct error *err);
/* When git has answered. */
int forge_sources_conclude(struct forge_made *forge, struct error *err);

#endif
