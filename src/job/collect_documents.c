/* job/collect_documents.c - what rules' schemas say about the documents that a change
 * touches.
 *
 * Cost follows the change: only files that differ between the judged old tip and the
 * new one are parsed, and a blob that was found good under a schema is remembered. */
#include "job/collect_kubernetes.h"
#include "job/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/text.h"
#include "conf/policy_bundle.h"
#include "doc/kubernetes.h"
#include "doc/kubernetes_changes.h"
#include "doc/schema.h"
#include "job/definition_changes.h"
#include "job/document.h"
#include "job/document_link.h"
#include "job/inline_schema.h"
#include "job/remember_document.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"

#define MODE_LINK 0120000
#define PROBLEMS  20   /* of one document that are told */
#define EXCUSED   1000 /* and of those that tags excuse, looked through */

struct look {
	struct collector *collector;
	const struct limits *limits;
	struct error *err;
	/* of the document that is looked at now */
	const struct rule *rule;
	const char *path;
	struct oid blob;
	const struct node *root; /* and of a document in it */
	size_t problems;         /* told about that */
	size_t excused;          /* not told */
	bool failed;
	bool advice;   /* what is said now does not make it wrong */
	bool fleeting; /* what was found depends on more than the document */
	/* Not the document changed, but one of these definitions; NULL: it did. */
	const struct kubernetes_changes *changes;
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

static bool has_kind(const struct rule_schema *options, const struct node *root)
{
	const char *kind = node_text(node_get(root, "kind"), NULL);

	return options->kinds.count == 0 ||
	       (kind && strings_have(&options->kinds, kind));
}

/* What a change of its definition makes wrong; advice was given when it came. */
static void take_followers_problem(struct look *look,
				   const struct kubernetes_problem *problem)
{
	const struct schema_problem *schema = problem->schema;
	const struct kubernetes_change *change =
		kubernetes_changes_find(look->changes, problem->kind);
	const char *mend = schema_problem_mend(schema);
	char message[2048];

	if (problem->advice)
		return;
	snprintf(message, sizeof(message), "%s; the definition of its kind %s: %.500s",
		 schema->message,
		 change && change->removed ? "is removed here" : "changes here",
		 change ? change->path : "");
	add_document_fact(look, problem->code, message,
			  mend && *mend ? mend
					: "correct it together with the definition",
			  schema->line, schema->column);
}

static void take_kubernetes_problem(void *data,
				    const struct kubernetes_problem *problem)
{
	struct look *look = data;
	const struct schema_problem *schema = problem->schema;

	if (look->changes) {
		take_followers_problem(look, problem);
		return;
	}
	look->advice = problem->advice;
	add_document_fact(look, problem->code, schema->message,
			  schema_problem_mend(schema), schema->line, schema->column);
	look->advice = false;
}

static int validate_kubernetes(struct look *look, const struct node *root,
			       struct error *problem)
{
	const struct kubernetes_sink sink = { take_kubernetes_problem, look, 0 };
	bool lasting = false;

	if (!look->rule->kubernetes)
		return 0;
	int rc = collect_kubernetes(look->collector, look->rule, root, look->changes,
				    look->limits, &sink, &lasting, problem);
	look->fleeting |= !lasting;
	return rc;
}

/* The next part of a JSON Pointer: the value that it leads to, or NULL. */
static const struct node *step_into(const struct node *node, const char **pointer)
{
	char key[1024];
	size_t length = 0;

	if (**pointer != '/')
		return NULL;
	for (++*pointer; **pointer && **pointer != '/'; ++*pointer) {
		bool escape = **pointer == '~' && (*pointer)[1];
		if (length == sizeof(key) - 1)
			return NULL;
		if (escape)
			++*pointer;
		key[length++] =
			escape ? (char)(**pointer == '0' ? '~' : '/') : **pointer;
	}
	key[length] = '\0';
	if (node_kind(node) == NODE_SEQUENCE)
		return node_item(node, strtoul(key, NULL, 10));
	return node_get_bytes(node, key, length);
}

/* The sink of the validator cannot fail; out of memory is found by a NULL message later
 * and refuses there. Whether what is wrong is, or stands in, a value with a tag that
 * excuses it; a tag says nothing about its key, or whether something may stand there.
 */
static bool is_excused(const struct look *look, const struct schema_problem *problem)
{
	const struct strings *tags = &look->rule->schema->tags;
	const char *pointer = problem->instance_path;
	const struct node *node = look->root;

	while (tags->count && node) {
		const char *tag = node_tag(node);
		if (*pointer == '\0' && (problem->misplaced || problem->node != node))
			return false;
		if (tag && strings_have(tags, tag))
			return true;
		node = step_into(node, &pointer);
	}
	return false;
}

static void take_schema_problem(void *data, const struct schema_problem *problem)
{
	struct look *look = data;

	if (is_excused(look, problem)) {
		look->excused++;
		return;
	}
	if (look->problems++ >= PROBLEMS)
		return;
	add_document_fact(look, ERROR_SCHEMA_MISMATCH, problem->message,
			  schema_problem_mend(problem), problem->line, problem->column);
}

static int validate_by(struct look *look, const struct schema *schema,
		       const struct node *root, struct error *problem)
{
	/* Those that are excused must not take the place of the others. */
	const struct schema_sink sink = { take_schema_problem, look,
					  look->rule->schema->tags.count ? EXCUSED
									 : PROBLEMS };

	look->root = root;
	look->problems = 0;
	look->excused = 0;
	int rc = schema_validate(schema, root, look->limits, &sink, problem);
	/* Behind them may stand what nothing excuses. */
	if (rc == 0 && look->excused >= EXCUSED && look->problems == 0)
		rc = error_set(problem, ERROR_LIMIT,
			       "more values are excused by tags than are looked "
			       "through");
	return rc;
}

/* By the schema that the document names, where the rule lists some. */
static int validate_inline(struct look *look, const struct node *root, const char *line,
			   struct error *problem)
{
	const char *name = inline_schema_name(root, line);
	char message[512];

	if (!look->rule->schema->inline_schemas.count || !name)
		return 0;
	/* The name is found from where the document lies. */
	look->fleeting = true;
	const struct schema *schema = inline_schema_find(look->rule, look->path, name);
	if (schema)
		return validate_by(look, schema, root, problem);
	snprintf(message, sizeof(message),
		 "the document names the schema '%.200s', which the policy does not "
		 "list",
		 name);
	const struct node *own = node_get(root, "$schema");
	return add_document_fact(look, ERROR_SCHEMA_UNLISTED, message,
				 "name one of the rule's 'inline-schemas'",
				 node_line(own ? own : root),
				 node_column(own ? own : root));
}

static int validate_document(struct look *look, const struct node *root,
			     const char *line)
{
	const struct rule *rule = look->rule;
	struct error problem = ERROR_INIT;

	int rc = validate_kubernetes(look, root, &problem);
	if (rc == 0 && rule->compiled_schema && has_kind(rule->schema, root))
		rc = validate_by(look, rule->compiled_schema, root, &problem);
	if (rc >= 0)
		rc = validate_inline(look, root, line, &problem);
	if (rc == ERROR_MEMORY)
		return error_set(look->err, rc, "out of memory");
	if (rc < 0)
		return add_document_fact(look, rc, problem.text, NULL, node_line(root),
					 node_column(root));
	return 0;
}

/* A problem of the definition itself is told by each of its resources. */
static int judge_follower(struct look *look, const struct node *root)
{
	struct error problem = ERROR_INIT;

	int rc = validate_kubernetes(look, root, &problem);
	if (rc == ERROR_MEMORY)
		return error_set(look->err, rc, "out of memory");
	if (rc < 0)
		return add_document_fact(look, rc, problem.text, NULL, node_line(root),
					 node_column(root));
	return look->err->code;
}

static int validate_documents(struct look *look, const struct document_text *text)
{
	const struct docs *docs = &text->docs;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < docs->count; i++)
		rc = validate_document(look, docs->roots[i], text->names[i]);
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

static bool is_further(const struct document_fact *one,
		       const struct document_fact *other)
{
	if (one->line != other->line)
		return one->line > other->line;
	return one->column > other->column;
}

/* A file's problems from the first line to the last, whatever found them first. */
static void order_facts(struct facts *facts, size_t first)
{
	for (size_t i = first; i < facts->document_count; i++) {
		struct document_fact fact = facts->documents[i];
		size_t at = i;

		for (; at > first && is_further(&facts->documents[at - 1], &fact); at--)
			facts->documents[at] = facts->documents[at - 1];
		facts->documents[at] = fact;
	}
}

static int find_problems(struct look *look, const struct document_text *text)
{
	const struct doc_problem *problem = &text->problem;

	if (text->code == ERROR_DOCUMENT_TEMPLATE)
		return add_document_fact(look, text->code,
					 "this is a template of a document, not a "
					 "document",
					 "leave templates out of the rule's paths",
					 problem->line, problem->column);
	if (text->code != 0)
		return add_document_fact(look, text->code, problem->message,
					 problem->mend, problem->line, problem->column);
	int rc = validate_documents(look, text);
	if (rc == 0 && look->rule->schema->unambiguous)
		rc = add_notes(look, &text->docs);
	return rc;
}

/* What one rule has to say about a file that was read. */
static int look_at_text(struct look *look, const struct document_text *text)
{
	struct facts *facts = look->collector->facts;
	size_t first = facts->document_count;
	int rc = find_problems(look, text);

	order_facts(facts, first);
	return rc;
}

bool is_document_of(const struct rule *rule, const char *path)
{
	if (rule->on_paths.count)
		return rule_covers(rule, path);
	return text_ends_with(path, ".yaml") || text_ends_with(path, ".yml") ||
	       text_ends_with(path, ".json");
}

int document_read(struct document_text *out, struct arena *arena, const char *path,
		  const char *text, size_t length, const struct limits *limits,
		  struct error *err)
{
	struct document_text read = { .path = path };

	read.code = docs_parse_file(&read.docs, arena, path, text, length,
				    limits ? limits : &limits_default, &read.problem);
	if (read.code == ERROR_MEMORY)
		return error_set(err, ERROR_MEMORY, "out of memory reading '%s'", path);
	if (read.code == ERROR_SYNTAX && doc_looks_like_template(text, length))
		read.code = ERROR_DOCUMENT_TEMPLATE;
	if (read.code == 0) {
		read.names = inline_schema_lines(arena, &read.docs, text, length);
		if (!read.names)
			return error_set(err, ERROR_MEMORY,
					 "out of memory reading '%s'", path);
	}
	*out = read;
	return 0;
}

int collect_document(struct collector *collector, const struct document_text *text,
		     bool *covered, struct error *err)
{
	const struct limits *limits = collector->judge->limits;
	struct error local = ERROR_INIT;
	struct look look = {
		.collector = collector,
		.limits = limits ? limits : &limits_default,
		.err = &local,
		.path = text->path,
	};
	int rc = 0;

	*covered = false;
	for (size_t i = 0; rc == 0 && i < collector->policy->rule_count; i++) {
		look.rule = &collector->policy->rules[i];
		if (!look.rule->schema || !is_document_of(look.rule, text->path))
			continue;
		*covered = true;
		rc = look_at_text(&look, text);
	}
	collector->facts->documents_checked++;
	return rc == 0 ? 0 : error_set(err, rc, "%s", local.text);
}

/* What `look_at` has to say about a file, once it was read. */
static int look_at_bytes(struct look *look, const char *bytes, size_t length,
			 int (*look_at)(struct look *, const struct document_text *))
{
	struct arena *scratch = arena_new(DOCUMENT_ARENA_BYTES);
	struct document_text text;

	if (!scratch)
		return error_set(look->err, ERROR_MEMORY, "out of memory");
	int rc = document_read(&text, scratch, look->path, bytes, length, look->limits,
			       look->err);
	if (rc == 0)
		rc = look_at(look, &text);
	arena_free(scratch);
	return rc;
}

static int look_at_blob(struct look *look)
{
	struct repo *repo = look->collector->judge->repo;
	struct error problem = ERROR_INIT;
	struct object object;
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
	rc = look_at_bytes(look, object.bytes, object.length, look_at_text);
	repo_object_release(&object);
	return rc;
}

/* --- what a change touches --- */

/* Which rules look at which files. */
struct questions {
	const struct collector *collector;
	struct digest *contexts; /* of each rule of the policy that asks */
	struct document_question *items;
	size_t count;
	size_t capacity;
	/* All files that changed, where a rule has a bundle and something was there
	 * before. */
	bool follows;
	struct changed_file *files;
	size_t file_count;
	size_t file_capacity;
	struct error *err;
};

static int add_changed(struct questions *questions, const char *path, uint32_t old_mode,
		       const struct oid *old_id, uint32_t new_mode,
		       const struct oid *new_id)
{
	struct arena *arena = questions->collector->arena;

	if (!questions->follows)
		return 0;
	struct changed_file *file =
		ARENA_PUSH(arena, &questions->files, &questions->file_count,
			   &questions->file_capacity);
	if (!file || !(file->path = arena_string(arena, path)))
		return error_set(questions->err, ERROR_MEMORY, "out of memory");
	if (repo_is_file(old_mode))
		file->before = *old_id;
	if (repo_is_file(new_mode))
		file->after = *new_id;
	return 0;
}

static int ask(struct questions *questions, size_t rule, const char *path,
	       uint32_t mode, const struct oid *blob)
{
	struct arena *arena = questions->collector->arena;
	struct document_question *question = ARENA_PUSH(
		arena, &questions->items, &questions->count, &questions->capacity);

	if (!question)
		return error_set(questions->err, ERROR_MEMORY, "out of memory");
	question->rule = &questions->collector->policy->rules[rule];
	question->context = &questions->contexts[rule];
	question->path = arena_string(arena, path);
	question->blob = *blob;
	question->link = mode == MODE_LINK;
	return question->path
		       ? 0
		       : error_set(questions->err, ERROR_MEMORY, "out of memory");
}

static int ask_about(void *data, const char *path, uint32_t old_mode,
		     const struct oid *old_id, uint32_t new_mode,
		     const struct oid *new_id)
{
	struct questions *questions = data;
	const struct policy *policy = questions->collector->policy;

	int rc = add_changed(questions, path, old_mode, old_id, new_mode, new_id);
	if (!repo_is_file(new_mode) && new_mode != MODE_LINK)
		return rc;
	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++)
		if (!digest_is_none(&questions->contexts[i]) &&
		    is_document_of(&policy->rules[i], path))
			rc = ask(questions, i, path, new_mode, new_id);
	return rc;
}

/* A context for each rule that asks about documents; none for the others. */
static int find_contexts(struct questions *questions, const struct limits *limits)
{
	const struct collector *collector = questions->collector;
	const struct policy *policy = collector->policy;
	const struct change *change = collector->judge->change;
	int rc = 0;

	questions->contexts = arena_array(collector->arena, policy->rule_count + 1,
					  sizeof(*questions->contexts));
	if (!questions->contexts)
		return error_set(questions->err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (!rule->schema ||
		    !rule_applies(rule, change->repository, change->ref))
			continue;
		questions->follows |= rule->kubernetes && collector->base_tree.length;
		rc = document_context(rule, limits, &questions->contexts[i],
				      questions->err);
	}
	return rc;
}

/* Before a document is read, which goes faster when schemas are known. */
static int open_bundle(struct look *look)
{
	const struct kubernetes_bundle *bundle;

	if (!look->rule->kubernetes)
		return 0;
	int rc = policy_bundle_open(look->rule->kubernetes, &bundle, look->err);
	look->collector->policy_broken = rc != 0;
	return rc;
}

static int look_at_link(struct look *look, const struct document_question *question)
{
	bool judged = false;

	int rc = document_link_check(look->collector, question, &judged, look->err);
	if (rc != 0 || judged)
		return rc;
	return add_document_fact(look, ERROR_DOCUMENT_LINK,
				 "this is a symbolic link, and not to a file, "
				 "itself no link, that the rule covers",
				 "put the document itself there, or link to one within "
				 "the rule's paths",
				 0, 0);
}

static int answer(struct look *look, const struct document_question *question)
{
	look->rule = question->rule;
	look->path = question->path;
	look->blob = question->blob;
	look->failed = false;
	look->fleeting = false;
	if (question->link)
		return look_at_link(look, question);
	look->collector->facts->documents_checked++;
	if (question->known)
		return 0;
	int rc = open_bundle(look);
	if (rc == 0)
		rc = look_at_blob(look);
	if (rc == 0 && !look->failed && !look->fleeting)
		remember_document(look->collector, question);
	return rc;
}

/* --- what follows a definition that a change touches --- */

/* What is no document was judged as such when it came. */
static int judge_again(struct look *look, const struct document_text *text)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && text->code == 0 && i < text->docs.count; i++)
		rc = judge_follower(look, text->docs.roots[i]);
	return rc;
}

static int take_follower(void *data, const char *path, const struct oid *blob,
			 const char *bytes, size_t length)
{
	struct look *look = data;

	look->path = path;
	look->blob = *blob;
	look->collector->facts->documents_checked++;
	return look_at_bytes(look, bytes, length, judge_again);
}

/* For one rule. `changed` is the set of files that were asked about. */
static int follow_definitions(struct look *look, const struct questions *questions,
			      const struct map *changed)
{
	const struct definition_follower follower = { take_follower, look };
	struct kubernetes_changes *changes = NULL;

	int rc = definition_changes(look->collector, look->rule, look->limits,
				    questions->files, questions->file_count, &changes,
				    look->err);
	if (rc != 0 || !changes)
		return rc;
	look->changes = changes;
	rc = open_bundle(look);
	if (rc == 0)
		rc = definition_followers(look->collector, look->rule, look->limits,
					  changes, changed, &follower, look->err);
	look->changes = NULL;
	kubernetes_changes_free(changes);
	return rc;
}

static int follow_all(struct look *look, const struct questions *questions)
{
	const struct policy *policy = look->collector->policy;
	struct map changed = MAP_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < questions->file_count; i++) {
		const char *path = questions->files[i].path;
		if (map_put(&changed, path, strlen(path), look) != 0)
			rc = error_set(look->err, ERROR_MEMORY, "out of memory");
	}
	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++) {
		look->rule = &policy->rules[i];
		if (look->rule->kubernetes && !digest_is_none(&questions->contexts[i]))
			rc = follow_definitions(look, questions, &changed);
	}
	map_release(&changed);
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
	struct questions questions = { .collector = collector, .err = &local };

	int rc = find_contexts(&questions, look.limits);
	if (rc == 0)
		rc = repo_tree_diff(judge->repo, &collector->base_tree,
				    &collector->tip_tree, ask_about, &questions,
				    &local);
	if (rc == 0)
		recall_documents(collector, questions.items, questions.count);
	for (size_t i = 0; rc == 0 && i < questions.count; i++)
		rc = answer(&look, &questions.items[i]);
	if (rc == 0 && questions.follows)
		rc = follow_all(&look, &questions);
	collect_kubernetes_end(collector);
	if (rc != 0)
		return error_set(err, rc, "%s", local.text);
	collector->facts->kinds |= FACTS_DOCUMENTS;
	return 0;
}
