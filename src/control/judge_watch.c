/* control/judge_watch.c - which targets a judge compares the change with, and since
 * which commits. */
#include <string.h>

#include "base/arena.h"
#include "control/judge.h"

/* Rolled back commits of a target that are looked at, newest first. */
#define QUARANTINED_MAX 64
/* No name of a target begins like this. */
#define QUARANTINE_MARK '!'

/* The lists of a judge's request that tell whom a change concerns. */
struct watch_list {
	struct arena *arena;
	const char **names;
	size_t name_count, name_capacity;
	struct oid *since;
	size_t since_count, since_capacity;
	const char **paths;
	size_t path_count, path_capacity;
};

/* The target was, or must not be, at this commit; null: it has nothing yet. Labels
 * differ, so that the answer tells each comparison. */
static int watch_since(struct watch_list *list, const struct conf_target_entry *target,
		       const char *label, const struct oid *commit)
{
	const struct strings *paths = &target->options.paths;
	const char **name = ARENA_PUSH(list->arena, &list->names, &list->name_count,
				       &list->name_capacity);
	struct oid *since = ARENA_PUSH(list->arena, &list->since, &list->since_count,
				       &list->since_capacity);

	if (!name || !since)
		return ERROR_MEMORY;
	*name = arena_string(list->arena, label);
	*since = *commit;
	for (size_t i = 0; i < paths->count; i++) {
		const char **path = ARENA_PUSH(list->arena, &list->paths,
					       &list->path_count, &list->path_capacity);
		if (!path)
			return ERROR_MEMORY;
		*path = arena_printf(list->arena, "%zu:%s", list->name_count - 1,
				     paths->items[i]);
	}
	return *name ? 0 : ERROR_MEMORY;
}

static int watch_quarantine(struct watch_list *list,
			    const struct conf_target_entry *target,
			    const struct oid *commit)
{
	const char *label = arena_printf(list->arena, "%c%s:%s", QUARANTINE_MARK,
					 target->name, oid_text(commit));

	return label ? watch_since(list, target, label, commit) : ERROR_MEMORY;
}

bool watch_is_quarantine(const char *label)
{
	return label[0] == QUARANTINE_MARK;
}

/* And what was rolled back, so that a push which leaves the target's paths as they were
 * does not bring that back. */
static int watch_target(struct control *control, struct watch_list *list,
			const struct conf_target_entry *target, const struct oid *since)
{
	struct msg_quarantine_row *bad;
	size_t bad_count = 0;

	int rc = watch_since(list, target, target->name, since);
	if (rc == 0)
		rc = store_quarantine_list(control->store, control->round, target->name,
					   &bad, &bad_count, NULL);
	for (size_t i = 0; rc == 0 && i < bad_count && i < QUARANTINED_MAX; i++)
		rc = watch_quarantine(list, target, &bad[i].commit);
	return rc;
}

/* What a target has or waits for. */
static struct oid expected_at(struct control *control, const char *target,
			      size_t id_length)
{
	struct msg_target_row row = { 0 };
	struct msg_deployment_row *open;
	size_t open_count = 0;

	store_target_get(control->store, control->round, target, &row, NULL);
	store_deployment_open(control->store, control->round, target, &open,
			      &open_count, NULL);
	struct oid since = open_count ? open[open_count - 1].commit : row.commit;
	if (since.length == 0)
		since.length = (unsigned char)id_length;
	return since;
}

static void put_lists(struct msg_judge *request, const struct watch_list *list)
{
	request->watch_targets = (struct msg_strings){ list->names, list->name_count };
	request->watch_since = (struct msg_oids){ list->since, list->since_count };
	request->watch_paths = (struct msg_strings){ list->paths, list->path_count };
}

int judgement_watch(struct control *control, const struct job *job,
		    struct msg_judge *request)
{
	const struct config *config = control->config;
	struct watch_list list = { .arena = job->arena };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < config->target_count; i++) {
		const struct conf_target_entry *target = &config->targets[i];
		if (strcmp(target->options.repository, request->repository) != 0 ||
		    strcmp(target->options.ref, request->ref) != 0)
			continue;
		struct oid since =
			expected_at(control, target->name, request->new_id.length);
		rc = watch_target(control, &list, target, &since);
	}
	put_lists(request, &list);
	return rc;
}

int judgement_watch_target(struct control *control, const struct job *job,
			   const struct conf_target_entry *target,
			   const struct oid *since, struct msg_judge *request)
{
	struct watch_list list = { .arena = job->arena };
	int rc = watch_target(control, &list, target, since);

	put_lists(request, &list);
	return rc;
}
