/* hooks/settings.c - reads what `gitgate init` wrote, and finds what is trusted. */
#include "hooks/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pattern.h"
#include "base/text.h"
#include "hooks/deadline.h"
#include "model/change.h"
#include "model/waiver.h"
#include "repo/repo.h"

#define TIMEOUT_SECONDS_MAX 3600

struct reading {
	struct settings *settings;
	struct arena *arena;
	struct error *err;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static int add_string(struct strings *strings, struct arena *arena, const char *value,
		      struct error *err)
{
	const char **slot =
		ARENA_PUSH(arena, &strings->items, &strings->count, &strings->capacity);

	if (!slot || !(*slot = arena_string(arena, value)))
		return no_memory(err);
	return 0;
}

static int take_name(void *data, const char *value)
{
	struct reading *reading = data;

	reading->settings->name = arena_string(reading->arena, value);
	return reading->settings->name ? 0 : no_memory(reading->err);
}

static int take_config(void *data, const char *value)
{
	struct reading *reading = data;

	if (value[0] != '/')
		return error_set(reading->err, ERROR_REPO_CONFIG,
				 "gitgate.config must be an absolute file name, not "
				 "'%s'",
				 value);
	reading->settings->config = arena_string(reading->arena, value);
	return reading->settings->config ? 0 : no_memory(reading->err);
}

static int bad_anchor(struct error *err, const char *value)
{
	error_clear(err);
	return error_set(err, ERROR_REPO_CONFIG,
			 "gitgate.anchor must be REF=COMMIT with full names "
			 "(refs/heads/main=<40 digits>) or REF=root, not '%s'",
			 value);
}

static int take_anchor(void *data, const char *value)
{
	struct reading *reading = data;
	struct settings *settings = reading->settings;
	const char *sign = strrchr(value, '=');
	struct oid id;

	if (!sign)
		return bad_anchor(reading->err, value);
	char *ref = arena_copy(reading->arena, value, (size_t)(sign - value));
	if (!ref)
		return no_memory(reading->err);
	if (ref_check(ref, reading->err) != 0)
		return bad_anchor(reading->err, value);
	int rc = add_string(&settings->anchor_refs, reading->arena, ref, reading->err);
	if (rc != 0)
		return rc;
	if (strcmp(sign + 1, "root") == 0) {
		settings->from_root = true;
		return 0;
	}
	if (oid_parse(sign + 1, strlen(sign + 1), &id) != 0 || oid_is_null(&id))
		return bad_anchor(reading->err, value);
	struct oid *slot =
		ARENA_PUSH(reading->arena, &settings->anchors, &settings->anchor_count,
			   &settings->anchor_capacity);
	if (!slot)
		return no_memory(reading->err);
	*slot = id;
	return 0;
}

static int take_protected(void *data, const char *value)
{
	struct reading *reading = data;

	if (glob_check(value, reading->err) != 0) {
		error_context(reading->err, "gitgate.protected");
		return ERROR_REPO_CONFIG;
	}
	return add_string(&reading->settings->protected, reading->arena, value,
			  reading->err);
}

static int take_timeout(void *data, const char *value)
{
	struct reading *reading = data;
	uint64_t seconds;

	if (text_parse_u64(value, &seconds) != 0 || seconds < 1 ||
	    seconds > TIMEOUT_SECONDS_MAX)
		return error_set(reading->err, ERROR_REPO_CONFIG,
				 "gitgate.timeout must be 1 to %d (seconds), not '%s'",
				 TIMEOUT_SECONDS_MAX, value);
	reading->settings->timeout = seconds;
	return 0;
}

static const struct {
	const char *key;
	int (*take)(void *data, const char *value);
} keys[] = {
	{ "gitgate.name", take_name },       { "gitgate.config", take_config },
	{ "gitgate.anchor", take_anchor },   { "gitgate.protected", take_protected },
	{ "gitgate.timeout", take_timeout },
};

/* "shop" of "/srv/git/shop.git". */
static const char *name_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strlen(base);

	if (length > 4 && strcmp(base + length - 4, ".git") == 0)
		length -= 4;
	return arena_copy(arena, base, length);
}

int settings_read(struct settings *out, struct arena *arena, struct repo *repo,
		  struct error *err)
{
	struct settings settings = {
		.name = name_of(arena, repo_path(repo)),
		.timeout = DEADLINE_SECONDS,
	};
	struct reading reading = { &settings, arena, err };

	if (!settings.name)
		return no_memory(err);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int rc = repo_config_each(repo, keys[i].key, keys[i].take, &reading,
					  err);
		if (rc != 0)
			return rc;
	}
	*out = settings;
	return 0;
}

/* --- trusted commits --- */

struct trust {
	const struct settings *settings;
	struct arena *arena;
	struct repo *repo;
	struct oid *items;
	size_t count;
	size_t capacity;
	const char **refs;
	size_t ref_count;
	size_t ref_capacity;
	struct error *err;
};

static int add_trusted(struct trust *trust, const struct oid *commit, const char *ref)
{
	struct oid *slot = ARENA_PUSH(trust->arena, &trust->items, &trust->count,
				      &trust->capacity);
	const char **name = ARENA_PUSH(trust->arena, &trust->refs, &trust->ref_count,
				       &trust->ref_capacity);

	if (!slot || !name)
		return no_memory(trust->err);
	*slot = *commit;
	*name = arena_string(trust->arena, ref);
	return *name ? 0 : no_memory(trust->err);
}

/* A tip that leads to no commit lends no trust. */
static int add_tip(struct trust *trust, const struct oid *id, const char *ref)
{
	struct oid commit;
	struct error err = ERROR_INIT;

	int rc = repo_peel(trust->repo, id, &commit, &err);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc != 0)
		return error_set(trust->err, rc, "%s", err.text);
	return add_trusted(trust, &commit, ref);
}

static int add_ref(struct trust *trust, const char *ref)
{
	struct oid id;
	struct error err = ERROR_INIT;

	int rc = repo_ref(trust->repo, ref, &id, &err);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc != 0)
		return error_set(trust->err, rc, "%s", err.text);
	return add_tip(trust, &id, ref);
}

static int add_when_protected(void *data, const char *name, const struct oid *id)
{
	struct trust *trust = data;
	const struct strings *globs = &trust->settings->protected;

	/* What a waiver points to lends no trust. */
	if (waiver_is_ref(name))
		return 0;
	for (size_t i = 0; i < globs->count; i++)
		if (glob_match(globs->items[i], name))
			return add_tip(trust, id, name);
	return 0;
}

static int add_default_branch(struct trust *trust)
{
	char *head = NULL;

	/* A detached HEAD names no branch: nothing to trust there. */
	if (repo_head(trust->repo, &head, NULL) != 0)
		return 0;
	int rc = add_ref(trust, head);
	free(head);
	return rc;
}

/* All refs are only listed where globs ask for it: it costs with their number. */
static int add_protected(struct trust *trust)
{
	const struct settings *settings = trust->settings;

	if (settings->protected.count)
		return repo_each_ref(trust->repo, add_when_protected, trust,
				     trust->err);
	int rc = add_default_branch(trust);
	for (size_t i = 0; rc == 0 && i < settings->anchor_refs.count; i++)
		rc = add_ref(trust, settings->anchor_refs.items[i]);
	return rc;
}

int settings_trusted(const struct settings *settings, struct arena *arena,
		     struct repo *repo, struct oid **out, const char *const **refs,
		     size_t *count, struct error *err)
{
	struct trust trust = { settings, arena, repo, .err = err };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < settings->anchor_count; i++)
		rc = add_trusted(&trust, &settings->anchors[i], "");
	if (rc == 0 && settings->anchor_refs.count)
		rc = add_protected(&trust);
	if (rc != 0)
		return rc;
	*out = trust.items;
	*refs = trust.refs;
	*count = trust.count;
	return 0;
}
