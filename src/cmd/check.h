/* cmd/check.h - what the two halves of `gitgate check` share. */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/cmd.h"

struct error;
struct policy;
struct verdict;

/* The command line. */
struct check {
	const char *floor;      /* the server's configuration; NULL: not known here */
	const char *repository; /* name for the server's rules */
	const char *ref;
	const char *policy; /* "worktree" or NULL */
	bool json;
	bool sarif;
	bool junit;
	bool files;
	/* of files */
	const char *schema;     /* judge by this JSON Schema and by no policy */
	const char *kubernetes; /* the same by this bundle of Kubernetes' schemas */
	bool ignore_missing;    /* of the bundle */
	bool lax;               /* fields that it does not know are valid */
	const char *skip[CMD_REPEATED + 1];   /* kinds, with commas, that are not looked
						 at */
	const char *ignore[CMD_REPEATED + 1]; /* globs of what is left out */
	const char *jobs;
	size_t job_count; /* the same as a number; 0: as many as processors */
	bool summary;     /* on standard output too */
};

/* Says on a terminal how far a long run is. */
struct progress {
	bool terminal;
	bool shown;
	int64_t next; /* when to say it again */
	size_t count;
};
void progress_begin(struct progress *progress);
void progress_step(struct progress *progress);
void progress_at(struct progress *progress, size_t done, size_t of);
void progress_end(struct progress *progress);

/* Begins a policy: with the floor that was given, or empty. policy_finish() follows. */
int check_begin_policy(const struct check *check, struct policy **out,
		       struct error *err);

/* Whether the command line says by what to judge, and no policy counts. */
bool check_is_given(const struct check *check);

/* Adds the .gitgate.yaml of a directory and what it names. ERROR_NOT_FOUND: there is
 * none. */
int check_add_policy(struct policy *policy, const char *directory, struct error *err);

/* The directory with the nearest .gitgate.yaml, from here upward, not beyond the root
 * of the work tree. NULL: there is none (or no memory). Caller frees. */
char *check_find_policy(void);

/* The policy that --schema and --kubernetes mean: one rule about every path. Finished.
 */
int check_given_policy(const struct check *check, struct policy **out,
		       struct error *err);

/* Writes the report as asked for; returns the exit code. */
struct report_item;
int check_report(const struct check *check, const struct report_item *item);

/* `gitgate check --files`: the exit code. */
int check_files(const struct check *check, char **paths, int count);

#endif
