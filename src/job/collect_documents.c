/* job/collect_documents.c - what rules' schemas say about the documents that a change
 * touches.
 *
 * Cost follows the change: only files that differ between the judged old tip and the
 * new one are parsed, and a blob that was found good under a schema is remembered. */
#include "job/collect_kubernetes.h"
#include "job/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "doc/kubernetes.h"
#include "doc/schema.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"

#define MODE_LINK 0120000

struct look {
	struct collector *collector;
	const struct limits *limits;
	struct error *err;
	/* of the document that is looked at now */
	const struct rule *rule;
	const char *path;
	struct oid blob;
	bool failed;
	bool advice;   /* what is said now does not make it wrong */
	bool fleeting; /* what was found depends on more than the document */
};

static int add_document_fact(struct look *look, int code, const char *message,
			     const char *mend, uint32_t line, uint32_t column)
{
	struct arena *arena = look->collector->arena;
	struct facts *facts = look->collector->facts;

	look->failed = true;
	struct document_fact *fact =
		ARENA_PUSH(arena, &facts->documents, &facts->document_count,
			   &facts->document_capacity);
	if (!fact)
		return error_set(look->err, ERROR_MEMORY, "out of memory");
	*fact = (struct document_fact){
		.rule = look->rule,
		.path = arena_string(arena, look->path),
		.blob = look->blob,
		.code = code,
		.message = arena_string(arena, message),
		.mend = mend && *mend ? arena_string(arena, mend) : NULL,
		.line = line,
		.column = column,
		.advice = look->advice,
	};
	return fact->path && fact->message
		       ? 0
		       : error_set(look->err, ERROR_MEMORY, "out of memory");
}

/* The sink of the validator cannot fail; out of memory is found by a NULL message later
 * and refuses there. */
static void take_schema_problem(void *data, const struct schema_problem *problem)
{
	struct look *look = data;

	add_document_fact(look, ERROR_SCHEMA_MISMATCH, problem->message, problem->mend,
			  problem->line, problem->column);
}

static bool has_kind(const struct rule_schema *options, const struct node *root)
{
	const char *kind = node_text(node_get(root, "kind"), NULL);

	return options->kinds.count == 0 ||
	       (kind && strings_have(&options->kinds, kind));
}

static void take_kubernetes_problem(void *data,
				    const struct kubernetes_problem *problem)
{
	struct look *look = data;
	const struct schema_problem *schema = problem->schema;

	look->advice = problem->advice;
	add_document_fact(look, problem->code, schema->message, schema->mend,
			  schema->line, schema->column);
	look->advice = false;
}

static int validate_kubernetes(struct look *look, const struct node *root,
			       struct error *problem)
{
	const struct kubernetes_sink sink = { take_kubernetes_problem, look, 0 };
	bool lasting = false;

	if (!look->rule->kubernetes)
		return 0;
	int rc = collect_kubernetes(look->collector, look->rule, root, look->limits,
				    &sink, &lasting, problem);
	look->fleeting |= !lasting;
	return rc;
}

static int validate_document(struct look *look, const struct node *root)
{
	const struct rule *rule = look->rule;
	struct schema_sink sink = { take_schema_problem, look, 0 };
	struct error problem = ERROR_INIT;

	int rc = validate_kubernetes(look, root, &problem);
	if (rc == 0 && rule->compiled_schema && has_kind(rule->schema, root))
		rc = schema_validate(rule->compiled_schema, root, look->limits, &sink,
				     &problem);
	if (rc == ERROR_MEMORY)
		return error_set(look->err, rc, "out of memory");
	if (rc < 0)
		return add_document_fact(look, rc, problem.text, NULL, node_line(root),
					 node_column(root));
	return 0;
}

static int validate_documents(struct look *look, const struct docs *docs)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < docs->count; i++)
		rc = validate_document(look, docs->roots[i]);
	if (rc != 0)
		return rc;
	return look->err && look->err->code ? look->err->code : 0;
}

static int add_notes(struct look *look, const struct docs *docs)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < docs->note_count; i++)
		rc = add_document_fact(look, ERROR_DOCUMENT_AMBIGUOUS,
				       docs->notes[i].message, docs->notes[i].mend,
				       docs->notes[i].line, docs->notes[i].column);
	return rc;
}

static int look_at_text(struct look *look, const char *text, size_t length)
{
	struct arena *scratch = arena_new((size_t)256 << 20);
	struct doc_problem problem;
	struct docs docs;

	if (!scratch)
		return error_set(look->err, ERROR_MEMORY, "out of memory");
	int rc = docs_parse_file(&docs, scratch, look->path, text, length, look->limits,
				 &problem);
	if (rc == 0) {
		rc = validate_documents(look, &docs);
		if (rc == 0 && look->rule->schema->unambiguous)
			rc = add_notes(look, &docs);
	} else if (rc == ERROR_MEMORY) {
		rc = error_set(look->err, rc, "out of memory reading '%s'", look->path);
	} else if (rc == ERROR_SYNTAX && doc_looks_like_template(text, length)) {
		rc = add_document_fact(look, ERROR_DOCUMENT_TEMPLATE,
				       "this is a template of a document, not a "
				       "document",
				       "leave templates out of the rule's paths",
				       problem.line, problem.column);
	} else {
		rc = add_document_fact(look, rc, problem.message, problem.mend,
				       problem.line, problem.column);
	}
	arena_free(scratch);
	return rc;
}

bool is_document_of(const struct rule *rule, const char *path)
{
	if (rule->on_paths.count)
		return rule_covers(rule, path);
	return text_ends_with(path, ".yaml") || text_ends_with(path, ".yml") ||
	       text_ends_with(path, ".json");
}

int collect_document(struct collector *collector, const char *path, const char *text,
		     size_t length, bool *covered, struct error *err)
{
	const struct limits *limits = collector->judge->limits;
	struct error local = ERROR_INIT;
	struct look look = {
		.collector = collector,
		.limits = limits ? limits : &limits_default,
		.err = &local,
		.path = path,
	};
	int rc = 0;

	*covered = false;
	for (size_t i = 0; rc == 0 && i < collector->policy->rule_count; i++) {
		look.rule = &collector->policy->rules[i];
		if (!look.rule->schema || !is_document_of(look.rule, path))
			continue;
		*covered = true;
		rc = look_at_text(&look, text, length);
	}
	collector->facts->documents_checked++;
	return rc == 0 ? 0 : error_set(err, rc, "%s", local.text);
}

static const char *fact_kind(const char *path)
{
	return doc_format_of(path) == DOC_JSON ? "json-document-1" : "yaml-document-2";
}

static int look_at_blob(struct look *look)
{
	const struct fact_cache *cache = look->collector->judge->cache;
	const struct rule *rule = look->rule;
	struct object object;

	look->failed = false;
	look->fleeting = false;
	look->collector->facts->documents_checked++;
	if (cache && cache->get &&
	    cache->get(cache->data, fact_kind(look->path), &rule->schema_digest,
		       &look->blob, look->collector->arena))
		return 0;
	struct repo *repo = look->collector->judge->repo;
	struct error problem = ERROR_INIT;
	uint64_t size = 0;
	int rc = repo_stat(repo, &look->blob, NULL, &size, &problem);
	if (rc == 0)
		rc = limit_check(look->limits, LIMIT_GIT_BLOB_BYTES, size,
				 "the document", &problem);
	if (rc == ERROR_LIMIT)
		return add_document_fact(look, ERROR_DOCUMENT_SIZE, problem.text, NULL,
					 0, 0);
	if (rc == 0)
		rc = repo_read(repo, &look->blob, size, &object, &problem);
	if (rc != 0)
		return error_set(look->err, rc, "'%s': %s", look->path, problem.text);
	rc = look_at_text(look, object.bytes, object.length);
	repo_object_release(&object);
	if (rc == 0 && !look->failed && !look->fleeting && cache && cache->put)
		cache->put(cache->data, fact_kind(look->path), &rule->schema_digest,
			   &look->blob, "good");
	return rc;
}

static int look_at_change(void *data, const char *path, uint32_t old_mode,
			  const struct oid *old_id, uint32_t new_mode,
			  const struct oid *new_id)
{
	struct look *look = data;
	const struct collector *collector = look->collector;
	const struct change *change = collector->judge->change;
	int rc = 0;
	(void)old_mode;
	(void)old_id;

	if (new_mode != 0100644 && new_mode != 0100755)
		return 0;
	look->path = path;
	look->blob = *new_id;
	for (size_t i = 0; rc == 0 && i < collector->policy->rule_count; i++) {
		look->rule = &collector->policy->rules[i];
		if (look->rule->schema &&
		    rule_applies(look->rule, change->repository, change->ref) &&
		    is_document_of(look->rule, path))
			rc = look_at_blob(look);
	}
	return rc;
}

int collect_documents(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;
	struct error local = ERROR_INIT;
	struct look look = {
		.collector = collector,
		.limits = judge->limits ? judge->limits : &limits_default,
		.err = &local,
	};

	int rc = repo_tree_diff(judge->repo, &collector->base_tree,
				&collector->tip_tree, look_at_change, &look, &local);
	collect_kubernetes_end(collector);
	if (rc != 0)
		return error_set(err, rc, "%s", local.text);
	collector->facts->kinds |= FACTS_DOCUMENTS;
	return 0;
}
