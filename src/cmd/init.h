/* cmd/init.h - the parts of `gitgate init`; for cmd/init*.c only. */
#ifndef CMD_INIT_H
#define CMD_INIT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/policy.h"

struct arena;
struct error;
struct repo;

#define INIT_PRIVATE      "gitgate" /* our directory in the repository */
#define INIT_POLICY_FILE  ".gitgate.yaml"
#define INIT_REFS_MAXIMUM 64

struct init_hook {
	const char *name;
	char *target; /* the program, absolute */
};

struct init {
	/* the command line */
	const char *anchor;
	bool from_root;
	bool remove;
	const char *config;
	const char *name;
	const char *socket;
	const char *refs[INIT_REFS_MAXIMUM];
	size_t ref_count;
	/* what was found */
	struct arena *arena;
	struct repo *repo;
	const char *path; /* of the repository, absolute */
	char *home;       /* of its owner */
	char *hooks_directory;
	struct init_hook hooks[2];
	struct strings anchors; /* "REF=COMMIT" */
	struct error *err;
};

int init_no_memory(struct init *init);

/* --- init_history.c: what is there already, and what is believed of it --- */

/* Only a bare repository can be guarded. */
int init_open_repository(struct init *init);
/* Up to where the history that is there already is trusted. Nobody guesses that. */
int init_decide_anchors(struct init *init);
/* The floor must be one that the hook can use, with the rights of the repository's
 * owner. */
int init_check_floor(struct init *init);
/* The hook trusts the tips that are there: so "from the root" means to judge them now.
 */
int init_judge_history(struct init *init);
/* Whether a rule, the server's or one on the default branch, asks for signed pushes. A
 * policy that is broken asks for nothing: the hook says what is wrong with it. */
bool init_wants_signed_pushes(struct init *init);

#endif
