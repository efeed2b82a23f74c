/* target/target.c - finds the driver of a target, calls it, and says how long it took.
 */
#include "target/target.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "target/drivers.h"

const struct target_driver *const target_drivers[] = {
#define TARGET_KIND(NAME, kind) &target_##kind,
#include "model/target_kinds.def"
#undef TARGET_KIND
	NULL
};

static const struct target_driver *find_driver(const struct target *target,
					       struct error *err)
{
	for (size_t i = 0; target_drivers[i] != NULL; i++)
		if (target->kind != NULL &&
		    strcmp(target_drivers[i]->kind, target->kind) == 0)
			return target_drivers[i];
	error_set(err, ERROR_UNSUPPORTED,
		  "the target '%s' is of the kind '%s', which "
		  "this build does not know",
		  target->name, target->kind != NULL ? target->kind : "");
	return NULL;
}

/* One line for each call, and the target's name in front of an error. */
static int finish(const struct target *target, const char *what, int64_t since,
		  uint64_t generation, int code, struct error *err)
{
	log_debug("target called", LOG_S("target", target->name), LOG_S("call", what),
		  LOG_U("generation", generation),
		  LOG_I("microseconds", clock_monotonic() - since),
		  LOG_S("result", error_name(code)));
	if (code != 0 && err != NULL)
		error_context(err, "target '%s'", target->name);
	return code;
}

int target_plan(const struct target *target, uint64_t generation,
		const struct manifests *manifests, struct arena *arena,
		struct target_result *out, struct error *err)
{
	assert(target->name != NULL && manifests != NULL && arena != NULL);
	memset(out, 0, sizeof(*out));
	const struct target_driver *driver = find_driver(target, err);
	if (driver == NULL)
		return ERROR_UNSUPPORTED;
	int64_t since = clock_monotonic();
	int code = driver->plan(target, generation, manifests, arena, out, err);
	return finish(target, "plan", since, generation, code, err);
}

int target_apply(const struct target *target, uint64_t generation,
		 const struct manifests *manifests, struct arena *arena,
		 struct target_result *out, struct error *err)
{
	assert(target->name != NULL && manifests != NULL && arena != NULL);
	memset(out, 0, sizeof(*out));
	const struct target_driver *driver = find_driver(target, err);
	if (driver == NULL)
		return ERROR_UNSUPPORTED;
	int64_t since = clock_monotonic();
	int code = driver->apply(target, generation, manifests, arena, out, err);
	return finish(target, "apply", since, generation, code, err);
}

int target_verify(const struct target *target, uint64_t generation, const char *release,
		  const struct digest *listing, struct arena *arena,
		  struct target_result *out, struct error *err)
{
	assert(target->name != NULL && release != NULL && listing != NULL);
	memset(out, 0, sizeof(*out));
	const struct target_driver *driver = find_driver(target, err);
	if (driver == NULL)
		return ERROR_UNSUPPORTED;
	int64_t since = clock_monotonic();
	int code =
		driver->verify(target, generation, release, listing, arena, out, err);
	return finish(target, "verify", since, generation, code, err);
}

int target_observe(const struct target *target, uint64_t generation,
		   const char *release, const struct digest *listing,
		   struct arena *arena, struct target_result *out, struct error *err)
{
	assert(target->name != NULL && release != NULL && listing != NULL);
	memset(out, 0, sizeof(*out));
	const struct target_driver *driver = find_driver(target, err);
	if (driver == NULL)
		return ERROR_UNSUPPORTED;
	int64_t since = clock_monotonic();
	int code =
		driver->observe(target, generation, release, listing, arena, out, err);
	return finish(target, "observe", since, generation, code, err);
}
