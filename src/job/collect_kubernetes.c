/* job/collect_kubernetes.c - documents of Kubernetes against a rule's bundle, and the
 * definitions of other kinds in the same tree. */
#include "job/collect_kubernetes.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "conf/policy_bundle.h"
#include "doc/doc.h"
#include "doc/kubernetes.h"
#include "job/judge.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"

#define TREE_BYTES ((size_t)256 << 20)
#define WORD       "CustomResourceDefinition"

/* A rule's catalog, while one change is judged. */
struct catalog_run {
	struct catalog_run *next;
	struct collector *collector;
	const struct rule *rule;
	const struct limits *limits;
	struct kubernetes_catalog *catalog;
	bool searched;
	struct error failure; /* of searching: each who asks hears it */
	uint64_t files;       /* read so far */
};

bool is_definition_file(const struct rule *rule, const char *path)
{
	const struct strings *globs = &rule->schema->crds;
	for (size_t i = 0; i < globs->count; i++)
		if (glob_match(globs->items[i], path))
			return true;
	return globs->count == 0 && is_document_of(rule, path);
}

static bool wants_file(void *data, const char *path)
{
	const struct catalog_run *run = data;
	return is_definition_file(run->rule, path);
}

/* A file that cannot be read as documents holds no definitions: where it is judged
 * itself, that is said. */
static int read_definitions(void *data, const char *path, const char *text,
			    size_t length, struct error *err)
{
	struct catalog_run *run = data;
	struct doc_problem problem;
	struct docs docs = { 0 };
	int status = limit_check(run->limits, LIMIT_GIT_CHANGED_FILES, ++run->files,
				 "files that may hold CustomResourceDefinitions", err);
	if (status != 0 || !doc_may_say(text, length, WORD))
		return status;
	struct arena *arena = arena_new(TREE_BYTES);
	if (arena == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int parsed = docs_parse_file(&docs, arena, path, text, length, run->limits,
				     &problem);
	for (size_t i = 0; parsed == 0 && status == 0 && i < docs.count; i++)
		status = kubernetes_catalog_add(run->catalog, path, docs.roots[i],
						run->limits, err);
	arena_free(arena);
	return status;
}

/* --- the tree of a commit --- */

struct tree_search {
	struct catalog_run *run;
	struct error *err;
};

static int read_blob(void *data, const char *path, uint32_t mode, const struct oid *id)
{
	struct tree_search *search = data;
	struct catalog_run *run = search->run;
	struct object object;
	if (!repo_is_file(mode) || !is_definition_file(run->rule, path))
		return 0;
	int status = repo_read(run->collector->judge->repo, id,
			       run->limits->values[LIMIT_GIT_BLOB_BYTES], &object,
			       search->err);
	/* What is too large to be a document holds no definition either. */
	if (status == ERROR_LIMIT) {
		*search->err = (struct error)ERROR_INIT;
		return 0;
	}
	if (status != 0)
		return status;
	status = read_definitions(run, path, object.bytes, object.length, search->err);
	repo_object_release(&object);
	return status;
}

static int search_tree(struct catalog_run *run, struct error *err)
{
	const struct collector *collector = run->collector;
	struct error cause = ERROR_INIT;
	struct tree_search search = { run, &cause };
	int status = repo_tree_walk(collector->judge->repo, &collector->tip_tree, NULL,
				    read_blob, &search, &cause);
	return status == 0 ? 0 : error_set(err, status, "%s", cause.text);
}

static int search_files(struct catalog_run *run, struct error *err)
{
	const struct collector *collector = run->collector;
	if (collector->each_file == NULL)
		return collector->tip_tree.length == 0 ? 0 : search_tree(run, err);
	const struct definition_reader reader = { wants_file, read_definitions, run };
	return collector->each_file(collector->each_file_data, &reader, err);
}

static int run_new(struct catalog_run **out, struct collector *collector,
		   const struct rule *rule, const struct limits *limits,
		   const struct kubernetes_bundle *bundle, struct catalog_run **list,
		   struct error *err)
{
	struct catalog_run *run = calloc(1, sizeof(*run));
	if (run == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*run = (struct catalog_run){ .collector = collector,
				     .rule = rule,
				     .limits = limits };
	int status = kubernetes_catalog_new(&run->catalog, bundle, err);
	if (status != 0) {
		free(run);
		return status;
	}
	run->next = *list;
	*list = run;
	*out = run;
	return 0;
}

/* --- definitions that threads share --- */

struct shared_definitions {
	pthread_mutex_t turn;
	struct catalog_run *runs; /* with definitions alone; frozen once searched */
};

int shared_definitions_new(struct shared_definitions **out, struct error *err)
{
	struct shared_definitions *shared = calloc(1, sizeof(*shared));
	if (shared == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*shared = (struct shared_definitions){ .turn = PTHREAD_MUTEX_INITIALIZER };
	*out = shared;
	return 0;
}

static void free_runs(struct catalog_run *runs)
{
	while (runs != NULL) {
		struct catalog_run *run = runs;
		runs = run->next;
		kubernetes_catalog_free(run->catalog);
		free(run);
	}
}

void shared_definitions_free(struct shared_definitions *shared)
{
	if (shared == NULL)
		return;
	free_runs(shared->runs);
	pthread_mutex_destroy(&shared->turn);
	free(shared);
}

static struct catalog_run *find_run(struct catalog_run *runs, const struct rule *rule)
{
	while (runs != NULL && runs->rule != rule)
		runs = runs->next;
	return runs;
}

/* In whose turn it is. What was found before a failure counts. */
static int search_shared(struct shared_definitions *shared, struct catalog_run *run,
			 struct error *err)
{
	struct catalog_run *common = find_run(shared->runs, run->rule);
	int status = 0;
	if (common == NULL)
		status = run_new(&common, run->collector, run->rule, run->limits, NULL,
				 &shared->runs, err);
	if (status != 0)
		return status;
	if (!common->searched)
		search_files(common, &common->failure);
	common->searched = true;
	status = kubernetes_catalog_share(run->catalog, common->catalog, err);
	if (status == 0 && common->failure.code != 0)
		status = error_set(err, common->failure.code, "%s",
				   common->failure.text);
	return status;
}

static int search(void *data, struct kubernetes_catalog *catalog, const char *kind,
		  struct error *err)
{
	struct catalog_run *run = data;
	struct shared_definitions *shared = run->collector->shared;
	(void)catalog;
	(void)kind;
	if (!run->searched && shared != NULL) {
		pthread_mutex_lock(&shared->turn);
		search_shared(shared, run, &run->failure);
		pthread_mutex_unlock(&shared->turn);
	} else if (!run->searched) {
		search_files(run, &run->failure);
	}
	run->searched = true;
	if (run->failure.code == 0)
		return 0;
	return error_set(err, run->failure.code, "%s", run->failure.text);
}

/* --- the catalog of a rule --- */

static int catalog_of(struct collector *collector, const struct rule *rule,
		      const struct limits *limits, struct catalog_run **out,
		      struct error *err)
{
	const struct kubernetes_bundle *bundle = NULL;
	*out = find_run(collector->catalogs, rule);
	if (*out != NULL)
		return 0;
	int status = policy_bundle_open(rule->kubernetes, &bundle, err);
	if (status == 0)
		status = run_new(out, collector, rule, limits, bundle,
				 &collector->catalogs, err);
	if (status == 0)
		kubernetes_catalog_on_missing((*out)->catalog, search, *out);
	return status;
}

int collect_kubernetes(struct collector *collector, const struct rule *rule,
		       const struct node *root,
		       const struct kubernetes_changes *changes,
		       const struct limits *limits, const struct kubernetes_sink *sink,
		       bool *lasting, struct error *err)
{
	const struct rule_schema *schema = rule->schema;
	const struct kubernetes_options options = {
		.ignore_missing = schema->ignore_missing,
		.allow_unknown = !schema->strict,
		.skip = schema->skip.items,
		.skip_count = schema->skip.count,
		.changes = changes,
	};
	struct catalog_run *run = NULL;
	enum kubernetes_outcome outcome;
	bool defined = false;
	int status = catalog_of(collector, rule, limits, &run, err);
	if (status == 0)
		status = kubernetes_validate(run->catalog, root, &options, limits, sink,
					     &outcome, &defined, err);
	if (status == 0 &&
	    (outcome == KUBERNETES_SKIPPED || outcome == KUBERNETES_NO_SCHEMA))
		collector->facts->documents_skipped++;
	/* A definition that comes later can say more about a kind that nobody knows. */
	if (status == 0)
		*lasting = !defined && outcome != KUBERNETES_NO_SCHEMA;
	return status;
}

void collect_kubernetes_repeat(struct collector *collector)
{
	for (struct catalog_run *run = collector->catalogs; run != NULL;
	     run = run->next)
		kubernetes_catalog_repeat(run->catalog);
}

void collect_kubernetes_end(struct collector *collector)
{
	free_runs(collector->catalogs);
	collector->catalogs = NULL;
}
