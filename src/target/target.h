/* target/target.h - a place to deploy to: plan, apply, verify, observe; one driver a
 * kind.
 *
 * A driver takes plain parameters and a block of checked manifests; it knows neither
 * repository nor store. apply is idempotent and carries the generation: old never
 * overwrites new (ERROR_TARGET_NEWER), and the same generation twice is one effect.
 * Callers use the wrappers below. */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/oid.h"
#include "model/manifests.h"

struct arena;
struct error;

/* Runs the target's activate command through the runner; 0, ERROR_CHILD with its last
 * line, ERROR_TIMEOUT. ERROR_CLOSED: it was begun and its end is unknown; it is then
 * not run again for the same generation (in_doubt). Called a second time when the first
 * run failed and the earlier release is live again. */
struct target_activate {
	int (*run)(void *data, const char *const *environment, struct error *err);
	void *data;
};

struct target {
	const char *name;
	const char *kind; /* "directory", "null" */
	const char *path; /* directory: the root, holds releases/ and current */
	const char *const
		*paths; /* of the repository, that feed it; a file a/b/c under path a/b
			   is deployed as c. Exactly one path: its content is the root
			   of the release; several: each keeps its whole name */
	size_t path_count;
	uint64_t keep;                          /* releases kept, at least 2 */
	const struct target_activate *activate; /* NULL: none */
};

/* What apply changed, or would change. After a failure only generation (found) and
 * in_doubt mean something. */
struct target_result {
	const char *release;   /* "12-3f1c0a9be2"; in the arena */
	struct digest listing; /* SHA-256 of the release's list of files: what observe
				  compares with */
	uint64_t files;
	uint64_t changed;    /* files that differ from what was there */
	uint64_t generation; /* found at the target (observe) or written (apply) */
	bool drift;          /* observe: differs; `detail` says how */
	bool in_doubt;       /* apply failed after something not idempotent began */
	const char *detail;  /* one line for people; may be NULL */
};

struct target_driver {
	const char *kind;
	/* All must. */
	int (*plan)(const struct target *target, uint64_t generation,
		    const struct manifests *manifests, struct arena *arena,
		    struct target_result *out, struct error *err);
	int (*apply)(const struct target *target, uint64_t generation,
		     const struct manifests *manifests, struct arena *arena,
		     struct target_result *out, struct error *err);
	/* Health after apply. */
	int (*verify)(const struct target *target, uint64_t generation,
		      const char *release, const struct digest *listing,
		      struct arena *arena, struct target_result *out,
		      struct error *err);
	/* Compares what is live with what was deployed (release, listing). Changes
	 * nothing. */
	int (*observe)(const struct target *target, uint64_t generation,
		       const char *release, const struct digest *listing,
		       struct arena *arena, struct target_result *out,
		       struct error *err);
};

extern const struct target_driver *const target_drivers[]; /* ends with NULL */

/* The wrappers: find the driver (ERROR_UNSUPPORTED), assert, time, call. `out` is
 * zeroed first. */
int target_plan(const struct target *target, uint64_t generation,
		const struct manifests *manifests, struct arena *arena,
		struct target_result *out, struct error *err);
int target_apply(const struct target *target, uint64_t generation,
		 const struct manifests *manifests, struct arena *arena,
		 struct target_result *out, struct error *err);
int target_verify(const struct target *target, uint64_t generation, const char *release,
		  const struct digest *listing, struct arena *arena,
		  struct target_result *out, struct error *err);
int target_observe(const struct target *target, uint64_t generation,
		   const char *release, const struct digest *listing,
		   struct arena *arena, struct target_result *out, struct error *err);

#endif
