/* cmd/schema_test.c - `gitgate schema test`: documents against a bundle, without a
 * policy. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/schema.h"
#include "doc/doc.h"
#include "doc/kubernetes.h"
#include "model/finding.h"
#include "policy/report.h"

#define OUTPUT_BYTES ((size_t)64 << 20)
#define SKIPS        100
#define SCRATCH      ((size_t)256 << 20)

/* A file that was read once: definitions are looked for in all before any is judged. */
struct document_file {
	const char *name;
	const char *text;
	size_t length;
};

struct trial {
	const struct schema_command *command;
	struct kubernetes_catalog *catalog;
	struct kubernetes_options options;
	const char *skip[SKIPS];
	struct arena *arena;
	struct document_file *files;
	size_t file_count;
	size_t file_capacity;
	struct verdict verdict;
	const char *name; /* of the file at hand */
	size_t outcomes[KUBERNETES_NO_SCHEMA + 1];
	int failure; /* of a sink, which cannot fail */
	struct error *err;
};

static int no_memory(struct trial *trial)
{
	return error_set(trial->err, ERROR_MEMORY, "out of memory");
}

/* --- reading --- */

static int keep(struct trial *trial, const char *name, const struct buf *text)
{
	struct document_file *file = ARENA_PUSH(
		trial->arena, &trial->files, &trial->file_count, &trial->file_capacity);

	if (!file)
		return no_memory(trial);
	file->name = arena_string(trial->arena, name);
	file->text = arena_copy(trial->arena, text->data, text->length);
	file->length = text->length;
	return file->name && file->text ? 0 : no_memory(trial);
}

static int read_path(struct trial *trial, const char *path, bool named,
		     unsigned int depth);

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int read_directory(struct trial *trial, const char *path, unsigned int depth)
{
	struct dirent **entries = NULL;
	int rc = limit_check(&limits_default, LIMIT_GIT_TREE_DEPTH, depth, path,
			     trial->err);

	if (rc != 0)
		return rc;
	int count = scandir(path, &entries, is_visible, alphasort);
	if (count < 0)
		return error_set_errno(trial->err, errno, "cannot list '%s'", path);
	for (int i = 0; i < count; i++) {
		char *below = path_join(path, entries[i]->d_name);
		if (rc == 0)
			rc = below ? read_path(trial, below, false, depth + 1)
				   : no_memory(trial);
		free(below);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static bool is_document(const char *path)
{
	return text_ends_with(path, ".yaml") || text_ends_with(path, ".yml") ||
	       text_ends_with(path, ".json");
}

static int read_path(struct trial *trial, const char *path, bool named,
		     unsigned int depth)
{
	struct buf text = BUF_INIT((size_t)limits_default.values[LIMIT_GIT_BLOB_BYTES]);
	bool input = named && strcmp(path, "-") == 0;
	struct stat status;

	if (!input && stat(path, &status) != 0)
		return error_set_errno(trial->err, errno, "cannot examine '%s'", path);
	if (!input && S_ISDIR(status.st_mode))
		return read_directory(trial, path, depth);
	if (!named && !is_document(path))
		return 0;
	int rc = input ? buf_read_fd(&text, STDIN_FILENO, trial->err)
		       : buf_read_file(&text, path, trial->err);
	if (rc == 0)
		rc = keep(trial, path, &text);
	buf_release(&text);
	return rc;
}

/* --- judging --- */

static void find(struct trial *trial, enum severity severity, int code,
		 const char *message, const char *mend, uint32_t line, uint32_t column)
{
	const struct finding finding = {
		.severity = severity,
		.code = code,
		.rule = "schema",
		.message = message,
		.mend = mend && *mend ? mend : NULL,
		.path = trial->name,
		.line = line,
		.column = column,
	};
	int rc = verdict_add(&trial->verdict, &finding, trial->err);

	if (trial->failure == 0)
		trial->failure = rc;
}

static void take(void *data, const struct kubernetes_problem *problem)
{
	const struct schema_problem *schema = problem->schema;

	find(data, problem->advice ? SEVERITY_WARNING : SEVERITY_ERROR, problem->code,
	     schema->message, schema_problem_mend(schema), schema->line,
	     schema->column);
}

static int judge_document(struct trial *trial, const struct node *root)
{
	const struct kubernetes_sink sink = { take, trial, 0 };
	enum kubernetes_outcome outcome;
	struct error cause = ERROR_INIT;

	int rc = kubernetes_validate(trial->catalog, root, &trial->options,
				     &limits_default, &sink, &outcome, NULL, &cause);
	if (rc == ERROR_MEMORY)
		return no_memory(trial);
	if (rc != 0) {
		find(trial, SEVERITY_ERROR, rc, cause.text, NULL, node_line(root),
		     node_column(root));
		outcome = KUBERNETES_INVALID;
	}
	trial->outcomes[outcome]++;
	return trial->failure;
}

static int define(struct trial *trial, const struct node *root)
{
	return kubernetes_catalog_add(trial->catalog, trial->name, root,
				      &limits_default, trial->err);
}

static void tell_unread(struct trial *trial, const struct document_file *file, int code,
			const struct doc_problem *problem)
{
	bool is_template = code == ERROR_SYNTAX &&
			   doc_looks_like_template(file->text, file->length);

	find(trial, SEVERITY_ERROR, is_template ? ERROR_DOCUMENT_TEMPLATE : code,
	     is_template ? "this is a template of a document, not a document"
			 : problem->message,
	     is_template ? "render it first" : problem->mend, problem->line,
	     problem->column);
	trial->outcomes[KUBERNETES_INVALID]++;
}

/* Each document of a file, when it can be read. */
static int each_document(struct trial *trial, const struct document_file *file,
			 bool tells, int (*each)(struct trial *, const struct node *))
{
	struct arena *scratch = arena_new(SCRATCH);
	struct doc_problem problem;
	struct docs docs = { 0 };

	if (!scratch)
		return no_memory(trial);
	trial->name = file->name;
	int rc = docs_parse_file(&docs, scratch, file->name, file->text, file->length,
				 &limits_default, &problem);
	if (rc == ERROR_MEMORY) {
		rc = no_memory(trial);
	} else if (rc != 0) {
		if (tells)
			tell_unread(trial, file, rc, &problem);
		rc = trial->failure;
	}
	for (size_t i = 0; rc == 0 && i < docs.count; i++)
		rc = each(trial, docs.roots[i]);
	arena_free(scratch);
	return rc;
}

static int judge_all(struct trial *trial)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < trial->file_count; i++)
		rc = each_document(trial, &trial->files[i], false, define);
	for (size_t i = 0; rc == 0 && i < trial->file_count; i++) {
		size_t first = trial->verdict.count;

		rc = each_document(trial, &trial->files[i], true, judge_document);
		verdict_order(&trial->verdict, first);
	}
	if (rc == 0)
		verdict_conclude(&trial->verdict);
	return rc;
}

/* --- the whole --- */

static int read_options(struct trial *trial)
{
	const struct schema_command *command = trial->command;
	char *names = arena_string(trial->arena, command->skip);
	char *rest = NULL;

	trial->options.ignore_missing = command->ignore_missing;
	trial->options.allow_unknown = command->no_strict;
	trial->options.skip = trial->skip;
	for (char *name = names ? strtok_r(names, ",", &rest) : NULL; name;
	     name = strtok_r(NULL, ",", &rest)) {
		if (trial->options.skip_count == SKIPS)
			return error_set(trial->err, ERROR_LIMIT,
					 "--skip names more than %d kinds", SKIPS);
		trial->skip[trial->options.skip_count++] = name;
	}
	return 0;
}

static int try_all(struct trial *trial, const char *bundle, char **names, int count)
{
	struct bundle_file file;
	int rc = read_options(trial);

	for (int i = 0; rc == 0 && i < count; i++)
		rc = read_path(trial, names[i], true, 0);
	if (rc != 0)
		return rc;
	rc = bundle_file_open(&file, bundle, trial->err);
	if (rc == 0)
		rc = kubernetes_catalog_new(&trial->catalog, file.bundle, trial->err);
	if (rc == 0)
		rc = verdict_init(&trial->verdict, trial->err);
	if (rc == 0)
		rc = judge_all(trial);
	kubernetes_catalog_free(trial->catalog);
	bundle_file_release(&file);
	return rc;
}

static int report(const struct trial *trial)
{
	const struct report_item item = { NULL, &trial->verdict, NULL };
	struct buf out = BUF_INIT(OUTPUT_BYTES);

	if (trial->command->json)
		report_json(&out, &item, 1);
	else
		report_text(&out, &item, 1, cmd_colour(STDOUT_FILENO));
	int code = cmd_write(&out);
	buf_release(&out);
	fprintf(stderr,
		"gitgate: %zu file%s: %zu valid, %zu invalid, %zu without a schema, "
		"%zu skipped\n",
		trial->file_count, trial->file_count == 1 ? "" : "s",
		trial->outcomes[KUBERNETES_VALID], trial->outcomes[KUBERNETES_INVALID],
		trial->outcomes[KUBERNETES_NO_SCHEMA],
		trial->outcomes[KUBERNETES_SKIPPED]);
	if (code != 0)
		return code;
	return trial->verdict.result == VERDICT_PASS ? 0 : 1;
}

int schema_test(const struct schema_command *command, char **operands, int count)
{
	struct error err = ERROR_INIT;
	struct trial trial = { .command = command, .err = &err };

	if (count < 2)
		return cmd_usage("schema", "test needs the FILE of a bundle and "
					   "DOCUMENTs");
	trial.arena = arena_new((size_t)1 << 30);
	int rc = trial.arena ? try_all(&trial, operands[0], operands + 1, count - 1)
			     : no_memory(&trial);
	rc = rc == 0 ? report(&trial) : cmd_fail(&err);
	verdict_release(&trial.verdict);
	arena_free(trial.arena);
	return rc;
}
