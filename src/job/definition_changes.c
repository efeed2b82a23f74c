/* job/definition_changes.c - definitions of kinds that a change changes, and the files
 * that may hold resources of those kinds. */
#include "job/definition_changes.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/map.h"
#include "doc/doc.h"
#include "doc/kubernetes_changes.h"
#include "job/collect_kubernetes.h"
#include "job/document.h"
#include "job/judge.h"
#include "model/policy.h"
#include "repo/repo.h"

#define WORD "CustomResourceDefinition"

/* 1 with the object; 0: it is too large for a document; or an error. */
static int read_small(const struct collector *collector, const struct oid *id,
		      const struct limits *limits, struct object *out,
		      struct error *err)
{
	struct error cause = ERROR_INIT;
	uint64_t most = limits->values[LIMIT_GIT_BLOB_BYTES];

	int rc = repo_read(collector->judge->repo, id, most, out, &cause);
	if (rc == ERROR_LIMIT)
		return 0;
	return rc == 0 ? 1 : error_set(err, rc, "%s", cause.text);
}

/* --- whose definitions changed --- */

struct comparison {
	const struct collector *collector;
	const struct limits *limits;
	struct kubernetes_changes *changes;
	struct error *err;
};

/* What cannot be read defines nothing. */
static int add_text(const struct comparison *comparison, const char *path, bool before,
		    const struct object *object)
{
	struct arena *arena = arena_new(DOCUMENT_ARENA_BYTES);
	struct doc_problem problem;
	struct docs docs = { 0 };

	if (!arena)
		return error_set(comparison->err, ERROR_MEMORY, "out of memory");
	int rc = docs_parse_file(&docs, arena, path, object->bytes, object->length,
				 comparison->limits, &problem);
	if (rc != ERROR_MEMORY)
		rc = 0;
	else
		error_set(comparison->err, rc, "out of memory reading '%s'", path);
	for (size_t i = 0; rc == 0 && i < docs.count; i++)
		rc = kubernetes_changes_add(comparison->changes, path, before,
					    docs.roots[i], comparison->err);
	arena_free(arena);
	return rc;
}

static int add_side(const struct comparison *comparison, const char *path, bool before,
		    const struct oid *id)
{
	struct object object;

	if (!id->length)
		return 0;
	int rc = read_small(comparison->collector, id, comparison->limits, &object,
			    comparison->err);
	if (rc != 1)
		return rc;
	rc = doc_may_say(object.bytes, object.length, WORD)
		     ? add_text(comparison, path, before, &object)
		     : 0;
	repo_object_release(&object);
	return rc;
}

int definition_changes(const struct collector *collector, const struct rule *rule,
		       const struct limits *limits, const struct changed_file *files,
		       size_t count, struct kubernetes_changes **out, struct error *err)
{
	struct comparison comparison = { collector, limits, NULL, err };

	int rc = kubernetes_changes_new(&comparison.changes, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct changed_file *file = &files[i];
		if (!is_definition_file(rule, file->path))
			continue;
		rc = add_side(&comparison, file->path, true, &file->before);
		if (rc == 0)
			rc = add_side(&comparison, file->path, false, &file->after);
	}
	if (rc == 0)
		rc = kubernetes_changes_finish(comparison.changes, err);
	if (rc == 0 && kubernetes_changes_item(comparison.changes, 0)) {
		*out = comparison.changes;
		return 0;
	}
	kubernetes_changes_free(comparison.changes);
	if (rc == 0)
		*out = NULL;
	return rc;
}

/* --- who follows them --- */

struct search {
	const struct collector *collector;
	const struct rule *rule;
	const struct limits *limits;
	const struct kubernetes_changes *changes;
	const struct map *changed;
	const struct definition_follower *follower;
	uint64_t files; /* read so far */
	struct error *err;
};

static bool may_follow(const struct kubernetes_changes *changes, const char *text,
		       size_t length)
{
	const struct kubernetes_change *change;

	for (size_t i = 0; (change = kubernetes_changes_item(changes, i)); i++)
		if (doc_may_say(text, length, change->kind))
			return true;
	return false;
}

static int look_into(void *data, const char *path, uint32_t mode, const struct oid *id)
{
	struct search *search = data;
	struct object object;

	if (!repo_is_file(mode) || !is_document_of(search->rule, path) ||
	    map_has(search->changed, path, strlen(path)))
		return 0;
	int rc = limit_check(
		search->limits, LIMIT_SCHEMA_SEARCHED_FILES, ++search->files,
		"files that may follow a definition that changes", search->err);
	if (rc == 0)
		rc = read_small(search->collector, id, search->limits, &object,
				search->err);
	if (rc != 1)
		return rc;
	rc = may_follow(search->changes, object.bytes, object.length)
		     ? search->follower->file(search->follower->data, path, id,
					      object.bytes, object.length)
		     : 0;
	repo_object_release(&object);
	return rc;
}

int definition_followers(const struct collector *collector, const struct rule *rule,
			 const struct limits *limits,
			 const struct kubernetes_changes *changes,
			 const struct map *changed,
			 const struct definition_follower *follower, struct error *err)
{
	struct error cause = ERROR_INIT;
	struct search search = {
		.collector = collector,
		.rule = rule,
		.limits = limits,
		.changes = changes,
		.changed = changed,
		.follower = follower,
		.err = &cause,
	};

	int rc = repo_tree_walk(collector->judge->repo, &collector->tip_tree, NULL,
				look_into, &search, &cause);
	return rc == 0 ? 0 : error_set(err, rc, "%s", cause.text);
}
