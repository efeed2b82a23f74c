/* cmd/check_look.c - looks at files, by several threads: each takes the next one of the
 * list, and what it finds goes to the file's own place, so that the result does not
 * depend on who was faster. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/check.h"
#include "cmd/check_definitions.h"
#include "cmd/check_files.h"
#include "job/collect_kubernetes.h"
#include "job/document.h"
#include "job/judge.h"
#include "model/facts.h"
#include "model/finding.h"
#include "model/policy.h"
#include "policy/report.h"

#define ARENA_BYTES    ((size_t)1 << 30)
#define FILES_A_THREAD 16 /* fewer are done before another thread has begun */
#define KEPT_BYTES     ((size_t)1 << 20) /* of a buffer, from file to file */

struct looking {
	struct file_list *list;
	const struct look_options *options;
	struct judge judge;
	struct buf input; /* standard input, which can be read only once */
	struct shared_definitions *shared;
	atomic_size_t next;
	atomic_bool stop;
};

struct worker {
	struct looking *looking;
	pthread_t thread;
	bool reports; /* on a terminal: one of them */
	struct arena *arena;
	struct buf text;
	/* of the file that is looked at now */
	struct checked_file *file;
	struct facts facts;
	struct collector collector;
	int code;
	struct error err;
};

static int no_memory(struct worker *worker)
{
	return error_set(&worker->err, ERROR_MEMORY, "out of memory");
}

/* --- what no rule speaks about --- */

static int add_extra(struct worker *worker, const struct finding *finding)
{
	struct checked_file *file = worker->file;
	struct finding *slot = ARENA_PUSH(worker->arena, &file->extra,
					  &file->extra_count, &file->extra_capacity);

	if (!slot)
		return no_memory(worker);
	*slot = *finding;
	if (finding->severity != SEVERITY_WARNING)
		file->invalid = 1;
	slot->rule = "gitgate";
	slot->path = file->shown;
	slot->message = arena_string(worker->arena, finding->message);
	slot->mend = arena_string(worker->arena, finding->mend);
	return slot->message ? 0 : no_memory(worker);
}

/* Nobody asked for it, so it is a warning. */
static int add_notes(struct worker *worker, const struct docs *docs)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < docs->note_count; i++) {
		struct finding finding = {
			.severity = SEVERITY_WARNING,
			.code = ERROR_DOCUMENT_AMBIGUOUS,
			.message = docs->notes[i].message,
			.mend = docs->notes[i].mend,
			.line = docs->notes[i].line,
			.column = docs->notes[i].column,
		};
		rc = add_extra(worker, &finding);
	}
	return rc;
}

/* A template of a document is not one, and nobody said that it should be. */
static int add_form(struct worker *worker, const struct document_text *text)
{
	const struct doc_problem *problem = &text->problem;
	bool is_template = text->code == ERROR_DOCUMENT_TEMPLATE;
	struct finding finding = {
		.severity = is_template ? SEVERITY_WARNING : SEVERITY_ERROR,
		.code = text->code,
		.message = is_template ? "this is a template of a document, not a "
					 "document"
				       : problem->message,
		.mend = !is_template && problem->mend[0] ? problem->mend : NULL,
		.line = problem->line,
		.column = problem->column,
	};

	if (text->code == 0)
		return add_notes(worker, &text->docs);
	return add_extra(worker, &finding);
}

static int add_unreadable(struct worker *worker, int code, const char *message)
{
	struct finding finding = {
		.severity = SEVERITY_ERROR,
		.code = code,
		.message = message,
	};
	worker->file->state = FILE_JUDGED;
	return add_extra(worker, &finding);
}

/* --- documents --- */

static const char *text_at(const struct node *node, const char *key)
{
	const char *text = node_text(node_get(node, key), NULL);

	return text && *text ? text : NULL;
}

/* "Deployment shop/web", as far as it says so. */
static const char *document_name(struct arena *arena, const struct node *root)
{
	const struct node *metadata = node_get(root, "metadata");
	const char *kind = text_at(root, "kind");
	const char *name = text_at(metadata, "name");
	const char *space = text_at(metadata, "namespace");

	if (!kind || !name)
		return arena_string(arena, kind);
	return space ? arena_printf(arena, "%s %s/%s", kind, space, name)
		     : arena_printf(arena, "%s %s", kind, name);
}

static int add_documents(struct worker *worker, const struct docs *docs)
{
	struct checked_file *file = worker->file;
	struct report_document *documents =
		arena_array(worker->arena, docs->count + 1, sizeof(*documents));

	if (!documents)
		return no_memory(worker);
	for (size_t i = 0; i < docs->count; i++) {
		documents[i].line = node_line(docs->roots[i]);
		documents[i].name = document_name(worker->arena, docs->roots[i]);
	}
	file->documents = documents;
	file->document_count = docs->count;
	return 0;
}

/* Which of the file's documents a line is in; what stands before the first belongs to
 * it. */
static struct report_document *document_of(const struct checked_file *file,
					   uint32_t line)
{
	size_t index = 0;

	while (index + 1 < file->document_count &&
	       file->documents[index + 1].line <= line)
		index++;
	return &file->documents[index];
}

static void mark_documents(struct worker *worker)
{
	struct checked_file *file = worker->file;

	for (size_t i = 0; i < worker->facts.document_count; i++) {
		const struct document_fact *fact = &worker->facts.documents[i];
		if (fact->rule->severity == SEVERITY_WARNING || fact->advice)
			continue;
		if (file->document_count == 0)
			file->invalid = 1;
		else
			document_of(file, fact->line)->invalid = true;
	}
	for (size_t i = 0; i < file->document_count; i++)
		file->invalid += file->documents[i].invalid;
	/* Several rules may skip the same, and what is wrong was not skipped. */
	size_t good = file->document_count > file->invalid
			      ? file->document_count - file->invalid
			      : 0;
	if (worker->looking->options->only_documents)
		file->skipped = worker->facts.documents_skipped < good
					? worker->facts.documents_skipped
					: good;
}

static int look_at_documents(struct worker *worker, struct arena *scratch)
{
	const struct looking *looking = worker->looking;
	struct checked_file *file = worker->file;
	struct document_text text = { 0 };
	bool covered = false;

	int rc = document_read(&text, scratch, file->shown, worker->text.data,
			       worker->text.length, NULL, &worker->err);
	if (rc == 0 && text.code == 0)
		rc = add_documents(worker, &text.docs);
	worker->facts = (struct facts){ 0 };
	/* Whoever comes first, each file hears what is said once for each kind: which
	 * of them says it is decided when all are there. */
	collect_kubernetes_repeat(&worker->collector);
	if (rc == 0 && looking->options->policy &&
	    !(text.code == ERROR_DOCUMENT_TEMPLATE && looking->options->only_documents))
		rc = collect_document(&worker->collector, &text, &covered,
				      &worker->err);
	file->state = FILE_JUDGED;
	if (rc == 0 && !covered)
		rc = add_form(worker, &text);
	file->facts = worker->facts.documents;
	file->fact_count = worker->facts.document_count;
	if (rc == 0)
		mark_documents(worker);
	if (text.code != 0 && file->invalid == 0)
		file->state = text.code == ERROR_DOCUMENT_TEMPLATE ? FILE_TEMPLATE
								   : FILE_BROKEN;
	return rc;
}

/* --- files --- */

static bool is_document(const char *path)
{
	return text_ends_with(path, ".yaml") || text_ends_with(path, ".yml") ||
	       text_ends_with(path, ".json");
}

static bool wants_text(const struct looking *looking, const struct checked_file *file)
{
	const struct policy *policy = looking->options->policy;

	if (S_ISLNK(file->mode) && !file->named)
		return false;
	if (file->named || is_document(file->shown))
		return true;
	if (!policy || looking->options->only_documents)
		return false;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->schema && rule->on_paths.count &&
		    rule_covers(rule, file->shown))
			return true;
	}
	return false;
}

static bool is_input(const struct checked_file *file)
{
	return strcmp(file->path, "-") == 0;
}

static int read_text(const struct looking *looking, const struct checked_file *file,
		     struct buf *text, struct error *err)
{
	if (text->capacity > KEPT_BYTES)
		buf_release(text);
	buf_reset(text);
	int rc = limit_check(&limits_default, LIMIT_GIT_BLOB_BYTES, file->size,
			     file->shown, err);
	if (rc != 0)
		return rc;
	if (!is_input(file))
		return buf_read_file(text, file->path, err);
	buf_add(text, looking->input.data, looking->input.length);
	if (looking->input.failed)
		text->failed = looking->input.failed;
	return buf_status(text, "standard input", err);
}

/* Whatever is looked at may define kinds of Kubernetes. What cannot be read is told
 * where it is looked at. */
static int each_file(void *data, const struct definition_reader *reader,
		     struct error *err)
{
	const struct looking *looking = data;
	struct buf text = BUF_INIT((size_t)limits_default.values[LIMIT_GIT_BLOB_BYTES]);
	int rc = 0;

	const char *root = looking->options->root;
	if (root)
		return check_each_definition_file(&root, reader, err);
	for (size_t i = 0; rc == 0 && i < looking->list->count; i++) {
		const struct checked_file *file = &looking->list->files[i];
		struct error ignored = ERROR_INIT;
		if (wants_text(looking, file) &&
		    reader->wants(reader->data, file->shown) &&
		    read_text(looking, file, &text, &ignored) == 0)
			rc = reader->read(reader->data, file->shown, text.data,
					  text.length, err);
	}
	buf_release(&text);
	return rc;
}

static int look_at_file(struct worker *worker)
{
	struct checked_file *file = worker->file;
	struct error why = ERROR_INIT;

	if (!wants_text(worker->looking, file)) {
		file->state = FILE_OTHER;
		return 0;
	}
	int rc = read_text(worker->looking, file, &worker->text, &why);
	if (rc == ERROR_MEMORY)
		return no_memory(worker);
	if (rc != 0)
		return add_unreadable(
			worker, rc == ERROR_LIMIT ? ERROR_DOCUMENT_SIZE : rc, why.text);
	struct arena *scratch = arena_new(DOCUMENT_ARENA_BYTES);
	rc = scratch ? look_at_documents(worker, scratch) : no_memory(worker);
	arena_free(scratch);
	return rc;
}

static void *work(void *data)
{
	struct worker *worker = data;
	struct looking *looking = worker->looking;

	while (!atomic_load(&looking->stop)) {
		size_t index = atomic_fetch_add(&looking->next, 1);
		if (index >= looking->list->count)
			break;
		worker->file = &looking->list->files[index];
		worker->code = look_at_file(worker);
		if (worker->code != 0)
			atomic_store(&looking->stop, true);
		if (worker->reports)
			progress_at(looking->options->progress, index + 1,
				    looking->list->count);
	}
	collect_kubernetes_end(&worker->collector);
	buf_release(&worker->text);
	return NULL;
}

/* --- threads --- */

static size_t thread_count(const struct look_options *options, size_t files)
{
	cpu_set_t set;
	size_t wanted = options->jobs;

	if (wanted == 0) {
		wanted = files / FILES_A_THREAD + 1;
		size_t processors = sched_getaffinity(0, sizeof(set), &set) == 0
					    ? (size_t)CPU_COUNT(&set)
					    : 1;
		if (wanted > processors)
			wanted = processors;
	}
	return wanted > LOOK_THREADS_MAX ? LOOK_THREADS_MAX : wanted;
}

/* Too much of it is said where it is looked at. */
static int read_input(struct looking *looking, struct error *err)
{
	struct error why = ERROR_INIT;

	int rc = buf_read_fd(&looking->input, STDIN_FILENO, &why);
	if (rc == 0 || rc == ERROR_LIMIT)
		return 0;
	return error_set(err, rc, "standard input: %s", why.text);
}

static bool prepare(struct worker *worker, struct looking *looking)
{
	worker->looking = looking;
	worker->arena = arena_new(ARENA_BYTES);
	buf_init(&worker->text, (size_t)limits_default.values[LIMIT_GIT_BLOB_BYTES]);
	worker->collector = (struct collector){
		.judge = &looking->judge,
		.policy = looking->options->policy,
		.arena = worker->arena,
		.facts = &worker->facts,
		.each_file = each_file,
		.each_file_data = looking,
		.shared = looking->shared,
	};
	return worker->arena != NULL;
}

/* The caller's thread is one of them; it does alone what others cannot. */
static void run_all(struct worker *workers, size_t count)
{
	size_t started = 1;

	while (started < count && pthread_create(&workers[started].thread, NULL, work,
						 &workers[started]) == 0)
		started++;
	workers[0].reports = true;
	work(&workers[0]);
	while (--started > 0)
		pthread_join(workers[started].thread, NULL);
}

static int look_by(struct looking *looking, struct worker *workers, size_t count,
		   struct arena_set *arenas, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < looking->list->count; i++)
		if (is_input(&looking->list->files[i]))
			rc = read_input(looking, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (!prepare(&workers[i], looking))
			rc = error_set(err, ERROR_MEMORY, "out of memory");
		arenas->items[i] = workers[i].arena;
	}
	if (rc != 0)
		return rc;
	run_all(workers, count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (workers[i].code != 0)
			rc = error_set(err, workers[i].code, "%s", workers[i].err.text);
	return rc;
}

int check_look(struct file_list *list, const struct look_options *options,
	       struct arena_set *arenas, struct error *err)
{
	struct looking looking = {
		.list = list,
		.options = options,
		.input = BUF_INIT((size_t)limits_default.values[LIMIT_GIT_BLOB_BYTES]),
	};
	size_t count = thread_count(options, list->count);
	struct worker *workers = calloc(count, sizeof(*workers));

	int rc = workers ? shared_definitions_new(&looking.shared, err)
			 : error_set(err, ERROR_MEMORY, "out of memory");
	if (rc == 0)
		rc = look_by(&looking, workers, count, arenas, err);
	shared_definitions_free(looking.shared);
	buf_release(&looking.input);
	free(workers);
	return rc;
}
