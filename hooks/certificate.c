/* hooks/certificate.c - a signed push, by the variables that git sets for its hook. */
#include "hooks/certificate.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "hooks/environment.h"
#include "hooks/updates.h"
#include "job/judge_push.h"

#define OPTIONS_MAX 1000

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static int take_updates(struct push_told *told, struct arena *arena,
			const struct updates *updates, struct error *err)
{
	struct push_update *copies =
		arena_array(arena, updates->count, sizeof(copies[0]));

	if (!copies)
		return no_memory(err);
	for (size_t i = 0; i < updates->count; i++)
		copies[i] = (struct push_update){ updates->items[i].old_id,
						  updates->items[i].new_id,
						  updates->items[i].ref };
	told->updates = copies;
	told->update_count = updates->count;
	return 0;
}

static int take_options(struct push_told *told, struct arena *arena,
			const struct environment *environment, struct error *err)
{
	const char *text = environment_get(environment, "GIT_PUSH_OPTION_COUNT");
	uint64_t count = 0;
	char name[64];

	if (text && (text_parse_u64(text, &count) != 0 || count > OPTIONS_MAX))
		return error_set(err, ERROR_SYNTAX,
				 "git counts '%s' push options; up to %d are read",
				 text, OPTIONS_MAX);
	const char **options = arena_array(arena, count + 1, sizeof(options[0]));
	if (!options)
		return no_memory(err);
	for (uint64_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "GIT_PUSH_OPTION_%llu",
			 (unsigned long long)i);
		const char *option = environment_get(environment, name);
		options[i] = option ? option : ""; /* an empty one reads as none */
	}
	told->options = options;
	told->option_count = count;
	return 0;
}

int certificate_read(struct judge_push *out, struct arena *arena,
		     const struct environment *environment,
		     const struct updates *updates, struct repo *repo,
		     struct error *err)
{
	struct push_told told = {
		.certificate = environment_get(environment, "GIT_PUSH_CERT"),
		.nonce_status = environment_get(environment, "GIT_PUSH_CERT_NONCE_"
							     "STATUS"),
		.nonce = environment_get(environment, "GIT_PUSH_CERT_NONCE"),
	};

	int rc = take_updates(&told, arena, updates, err);
	if (rc == 0 && told.certificate)
		rc = take_options(&told, arena, environment, err);
	return rc == 0 ? judge_push_read(out, arena, repo, &told, &limits_default, err)
		       : rc;
}
