/* hooks/settings.h - the [gitgate] section of a repository's own configuration.
 *
 *   name       by which the server's rules know the repository (default: its directory)
 *   config     the server's configuration file: the floor (default: none)
 *   anchor     "refs/heads/main=<full id>" or "refs/heads/main=root"; many
 *   protected  globs of refs whose tips count as judged; many (default: the branch that
 *              HEAD names, and every ref with an anchor)
 *   timeout    seconds that judging a push may take
 *
 * Written by `gitgate init`. Whoever pushes cannot change it. */
#ifndef HOOKS_SETTINGS_H
#define HOOKS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "model/policy.h"

struct arena;
struct error;
struct repo;

struct settings {
	const char *name;
	const char *config; /* NULL: there is no floor */
	bool from_root;     /* an anchor says root */
	struct strings anchor_refs;
	struct oid *anchors; /* ids; those that say root have none */
	size_t anchor_count;
	size_t anchor_capacity;
	struct strings protected;
	uint64_t timeout; /* seconds */
};

/* Everything lives in the arena. What is set but not understood is an error
 * (ERROR_REPO_CONFIG): a typing mistake must not open the gate. */
int settings_read(struct settings *out, struct arena *arena, struct repo *repo,
		  struct error *err);

/* Up to where history is trusted: the anchors, and, only where there is one, the
 * present tips of protected refs. Commit ids, and the ref of each ("": an anchor), in
 * the arena. */
int settings_trusted(const struct settings *settings, struct arena *arena,
		     struct repo *repo, struct oid **out, const char *const **refs,
		     size_t *count, struct error *err);

#endif
