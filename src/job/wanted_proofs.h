/* job/wanted_proofs.h - objects that gitsign signed in its online mode and whose log
 * entry is not there yet: kept in the mirror from one fetch to the next.
 *
 * The log is asked again after 2, 8, 32 ... seconds, then every hour, for a day. Losing
 * the file costs requests only. Items lie in the caller's arena. Only the fetch job
 * reads and writes it, one at a time. */
#ifndef JOB_WANTED_PROOFS_H
#define JOB_WANTED_PROOFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/oid.h"

struct arena;
struct error;

struct wanted_proof {
	struct oid id;
	unsigned int attempts; /* times that the log had none */
	int64_t due;           /* clock_now() terms: not asked before */
	bool done;             /* nothing is wanted any more */
};

struct wanted_proofs {
	struct arena *arena;
	char *path;
	struct wanted_proof *items;
	size_t count, capacity;
	struct map known; /* ids */
	bool changed;
};

/* Reads the file; one that is not there, or cannot be read, is empty. ERROR_MEMORY. */
int wanted_proofs_open(struct wanted_proofs *wanted, struct arena *arena,
		       const char *path, struct error *err);
void wanted_proofs_release(struct wanted_proofs *wanted);
/* Adds one that is due at once, unless it is known. Over as many as a push may bring
 * commits: ERROR_LIMIT. */
int wanted_proofs_add(struct wanted_proofs *wanted, const struct oid *id,
		      struct error *err);
/* The log had none. */
void wanted_proof_missed(struct wanted_proofs *wanted, struct wanted_proof *proof);
void wanted_proof_end(struct wanted_proofs *wanted, struct wanted_proof *proof);
/* When the first of them is due; 0: there is none. */
int64_t wanted_proofs_due(const struct wanted_proofs *wanted);
/* Writes the file when something changed. */
int wanted_proofs_save(struct wanted_proofs *wanted, struct error *err);

#endif
