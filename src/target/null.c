/* target/null.c - the target that keeps nothing: for tests and for policies that are
 * tried out before there is a place to deploy to. */
#include <inttypes.h>

#include "base/arena.h"
#include "base/error.h"
#include "target/drivers.h"
#include "target/target.h"

static int plan(const struct target *target, uint64_t generation,
		const struct manifests *manifests, struct arena *arena,
		struct target_result *out, struct error *err)
{
	(void)target;
	out->release = arena_printf(arena, "%" PRIu64 "-%s", generation,
				    oid_short(&manifests->commit));
	if (out->release == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a plan");
	out->listing = manifests->digest;
	out->files = manifests->count;
	return 0;
}

static int apply(const struct target *target, uint64_t generation,
		 const struct manifests *manifests, struct arena *arena,
		 struct target_result *out, struct error *err)
{
	int code = plan(target, generation, manifests, arena, out, err);
	if (code == 0)
		out->generation = generation;
	return code;
}

/* What is not kept cannot differ. */
static int observe(const struct target *target, uint64_t generation,
		   const char *release, const struct digest *listing,
		   struct arena *arena, struct target_result *out, struct error *err)
{
	(void)target;
	out->release = arena_string(arena, release);
	if (out->release == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a release");
	out->listing = *listing;
	out->generation = generation;
	return 0;
}

const struct target_driver target_null = {
	.kind = "null",
	.plan = plan,
	.apply = apply,
	.verify = observe,
	.observe = observe,
};
