/* cmd/check_files.c - `gitgate check --files`: judges files as they lie there, in or
 * outside of a repository. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/check.h"
#include "cmd/check_definitions.h"
#include "cmd/cmd.h"
#include "conf/config.h"
#include "doc/doc.h"
#include "job/collect_kubernetes.h"
#include "job/judge.h"
#include "model/facts.h"
#include "model/finding.h"
#include "policy/evaluate.h"
#include "policy/report.h"

#define POLICY_FILE ".gitgate.yaml"
#define ARENA_BYTES ((size_t)1 << 30)
#define SCRATCH     ((size_t)256 << 20)

struct walk {
	const struct check *check;
	struct arena *arena;
	struct policy *policy; /* NULL: none, documents must only be well-formed */
	char *root; /* of the policy: paths are relative to it; may be NULL */
	struct facts facts;
	struct judge judge;
	struct collector collector;
	/* findings about documents that no rule speaks about */
	struct finding *extra;
	size_t extra_count;
	size_t extra_capacity;
	struct progress progress;
	struct error *err;
};

static int no_memory(struct walk *walk)
{
	return error_set(walk->err, ERROR_MEMORY, "out of memory");
}

/* --- the policy --- */

int check_begin_policy(const struct check *check, struct policy **out,
		       struct error *err)
{
	if (!check->floor)
		return policy_new(out, err);
	return config_load_floor(out, check->floor, check->repository, NULL, err);
}

struct directory_loader {
	int fd;
	struct arena *arena;
};

static int load_beside(void *data, const char *name, struct policy_file *out,
		       struct error *err)
{
	struct directory_loader *loader = data;
	struct buf content =
		BUF_INIT((size_t)limits_default.values[LIMIT_SCHEMA_BUNDLE_BYTES]);
	int fd FD_CLOSING = path_open_beneath(loader->fd, name, O_RDONLY, 0, err);

	if (fd < 0)
		return error_context(err, "'%s'", name);
	int rc = buf_read_fd(&content, fd, err);
	if (rc == 0) {
		char *bytes = arena_copy(loader->arena, content.data, content.length);
		char *kept = arena_string(loader->arena, name);
		*out = (struct policy_file){ kept, bytes, content.length };
		rc = bytes && kept ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
	}
	buf_release(&content);
	return rc == 0 ? 0 : error_context(err, "'%s'", name);
}

static int compile(void *data, const void *bytes, size_t length,
		   struct policy_file *out, struct error *err)
{
	const struct directory_loader *loader = data;

	return policy_compile_into(loader->arena, policy_compile_by_program, NULL,
				   bytes, length, out, err);
}

int check_add_policy(struct policy *policy, const char *directory, struct error *err)
{
	int fd FD_CLOSING = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct directory_loader loader = { fd, policy->arena };
	const struct policy_loader access = { load_beside, &loader, compile };
	struct policy_file file;

	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", directory);
	int rc = load_beside(&loader, POLICY_FILE, &file, err);
	return rc == 0 ? policy_add_repository(policy, &file, &access, err) : rc;
}

static bool is_there(const char *directory, const char *name)
{
	char *path = path_join(directory, name);
	bool result = path && path_exists(path);

	free(path);
	return result;
}

char *check_find_policy(void)
{
	char *directory = realpath(".", NULL);

	while (directory) {
		if (is_there(directory, POLICY_FILE))
			return directory;
		char *slash = strrchr(directory, '/');
		if (is_there(directory, ".git") || !directory[1])
			break;
		slash[slash == directory] = '\0';
	}
	free(directory);
	return NULL;
}

static int load_policy(struct walk *walk)
{
	walk->root = check_find_policy();
	if (!walk->root && !walk->check->floor)
		return 0;
	int rc = check_begin_policy(walk->check, &walk->policy, walk->err);
	if (rc == 0 && walk->root)
		rc = check_add_policy(walk->policy, walk->root, walk->err);
	return rc == 0 ? policy_finish(walk->policy, walk->err) : rc;
}

/* --- documents that no rule speaks about --- */

static int add_extra(struct walk *walk, const struct finding *finding)
{
	struct finding *slot = ARENA_PUSH(walk->arena, &walk->extra, &walk->extra_count,
					  &walk->extra_capacity);

	if (!slot)
		return no_memory(walk);
	*slot = *finding;
	slot->rule = "gitgate";
	slot->path = arena_string(walk->arena, finding->path);
	slot->message = arena_string(walk->arena, finding->message);
	slot->mend = arena_string(walk->arena, finding->mend);
	return slot->path && slot->message ? 0 : no_memory(walk);
}

/* Nobody asked for it, so it is a warning. */
static int add_notes(struct walk *walk, const char *path, const struct docs *docs)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < docs->note_count; i++) {
		struct finding finding = {
			.severity = SEVERITY_WARNING,
			.code = ERROR_DOCUMENT_AMBIGUOUS,
			.message = docs->notes[i].message,
			.mend = docs->notes[i].mend,
			.path = path,
			.line = docs->notes[i].line,
			.column = docs->notes[i].column,
		};
		rc = add_extra(walk, &finding);
	}
	return rc;
}

/* A template of a document is not one, and nobody said that it should be. */
static int check_form(struct walk *walk, const char *path, const char *text,
		      size_t length)
{
	struct arena *scratch = arena_new(SCRATCH);
	struct doc_problem problem;
	struct docs docs;

	if (!scratch)
		return no_memory(walk);
	int rc = docs_parse_file(&docs, scratch, path, text, length, &limits_default,
				 &problem);
	bool read = rc == 0;
	if (read)
		rc = add_notes(walk, path, &docs);
	arena_free(scratch);
	if (read)
		return rc;
	if (rc == ERROR_MEMORY)
		return no_memory(walk);
	bool is_template = rc == ERROR_SYNTAX && doc_looks_like_template(text, length);
	struct finding finding = {
		.severity = is_template ? SEVERITY_WARNING : SEVERITY_ERROR,
		.code = is_template ? ERROR_DOCUMENT_TEMPLATE : rc,
		.message = is_template ? "this is a template of a document, not a "
					 "document"
				       : problem.message,
		.mend = !is_template && problem.mend[0] ? problem.mend : NULL,
		.path = path,
		.line = problem.line,
		.column = problem.column,
	};
	return add_extra(walk, &finding);
}

static bool is_document(const char *path)
{
	return text_ends_with(path, ".yaml") || text_ends_with(path, ".yml") ||
	       text_ends_with(path, ".json");
}

static int look_at_text(struct walk *walk, const char *path, bool named,
			const char *text, size_t length)
{
	bool covered = false;
	int rc = 0;

	if (walk->policy)
		rc = collect_document(&walk->collector, path, text, length, &covered,
				      walk->err);
	if (rc == 0 && !covered && (named || is_document(path)))
		rc = check_form(walk, path, text, length);
	return rc;
}

/* --- files --- */

/* As the policy's globs see it: relative to where the policy stands. */
static const char *shown_path(const struct walk *walk, const char *path)
{
	char real[PATH_MAX];
	char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	/* The last component is not followed: it may be a link. */
	if (slash)
		*slash = '\0';
	const char *directory = slash ? (slash == parent ? "/" : parent) : ".";
	const char *result = arena_string(walk->arena, path);
	size_t length = walk->root ? strlen(walk->root) : 0;
	if (parent && walk->root && realpath(directory, real) &&
	    strncmp(real, walk->root, length) == 0 &&
	    (real[length] == '/' || !real[length] || length == 1)) {
		const char *rest = real + length + (real[length] == '/');
		result = *rest ? arena_printf(walk->arena, "%s/%s", rest, name)
			       : arena_string(walk->arena, name);
	}
	free(parent);
	return result;
}

static int add_file_fact(struct walk *walk, const char *path, const char *shown,
			 const struct stat *status)
{
	struct facts *facts = &walk->facts;
	char target[PATH_MAX];

	struct file_fact *fact = ARENA_PUSH(walk->arena, &facts->files,
					    &facts->file_count, &facts->file_capacity);
	if (!fact)
		return no_memory(walk);
	fact->change = FILE_ADDED;
	fact->path = shown;
	fact->size = (uint64_t)status->st_size;
	fact->mode = S_ISLNK(status->st_mode)      ? 0120000
		     : (status->st_mode & S_IXUSR) ? 0100755
						   : 0100644;
	/* Paths that lead out of the policy's directory are the user's business. */
	struct error why = ERROR_INIT;
	if (shown[0] != '/' && !text_starts_with(shown, ".."))
		fact->code = path_check(shown, strlen(shown), PATH_MAX, &why);
	if (fact->code != 0)
		fact->reason = arena_string(walk->arena, why.text);
	if (!S_ISLNK(status->st_mode))
		return 0;
	ssize_t length = readlink(path, target, sizeof(target));
	if (length < 0)
		return error_set_errno(walk->err, errno, "cannot read the link '%s'",
				       path);
	fact->link_target = arena_copy(walk->arena, target, (size_t)length);
	return fact->link_target ? 0 : no_memory(walk);
}

static int too_large(struct walk *walk, const char *shown, struct error *why)
{
	struct finding finding = {
		.severity = SEVERITY_ERROR,
		.code = ERROR_DOCUMENT_SIZE,
		.message = why->text,
		.path = shown,
	};
	return add_extra(walk, &finding);
}

static bool wants_text(const struct walk *walk, const char *shown, bool named)
{
	if (named || is_document(shown))
		return true;
	for (size_t i = 0; walk->policy && i < walk->policy->rule_count; i++) {
		const struct rule *rule = &walk->policy->rules[i];
		if (rule->schema && rule->on_paths.count && rule_covers(rule, shown))
			return true;
	}
	return false;
}

static int look_at_descriptor(struct walk *walk, int fd, const char *shown, bool named)
{
	struct buf text = BUF_INIT((size_t)limits_default.values[LIMIT_GIT_BLOB_BYTES]);
	struct error why = ERROR_INIT;

	int rc = buf_read_fd(&text, fd, &why);
	if (rc == 0)
		rc = look_at_text(walk, shown, named, text.data, text.length);
	else if (rc == ERROR_LIMIT)
		rc = too_large(walk, shown, &why);
	else
		rc = error_set(walk->err, rc, "'%s': %s", shown, why.text);
	buf_release(&text);
	return rc;
}

static int look_at_file(struct walk *walk, const char *path, const struct stat *status,
			bool named)
{
	const char *shown = shown_path(walk, path);

	if (!shown)
		return no_memory(walk);
	progress_step(&walk->progress);
	int rc = add_file_fact(walk, path, shown, status);
	if (rc != 0 || !S_ISREG(status->st_mode) || !wants_text(walk, shown, named))
		return rc;
	int fd FD_CLOSING = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(walk->err, errno, "cannot open '%s'", path);
	return look_at_descriptor(walk, fd, shown, named);
}

static int look_at_path(struct walk *walk, const char *path, bool named,
			unsigned int depth);

static int is_wanted(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
	       strcmp(entry->d_name, ".git") != 0;
}

static int look_at_directory(struct walk *walk, const char *path, unsigned int depth)
{
	struct dirent **entries = NULL;
	int rc = limit_check(&limits_default, LIMIT_GIT_TREE_DEPTH, depth, path,
			     walk->err);

	if (rc != 0)
		return rc;
	int count = scandir(path, &entries, is_wanted, alphasort);
	if (count < 0)
		return error_set_errno(walk->err, errno, "cannot list '%s'", path);
	for (int i = 0; i < count; i++) {
		char *below = strcmp(path, ".") == 0
				      ? strdup(entries[i]->d_name)
				      : path_join(path, entries[i]->d_name);
		if (rc == 0)
			rc = below ? look_at_path(walk, below, false, depth + 1)
				   : no_memory(walk);
		free(below);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int look_at_path(struct walk *walk, const char *path, bool named,
			unsigned int depth)
{
	struct stat status;

	if (named && strcmp(path, "-") == 0)
		return look_at_descriptor(walk, STDIN_FILENO, "-", true);
	if (lstat(path, &status) != 0)
		return error_set_errno(walk->err, errno, "cannot examine '%s'", path);
	if (S_ISDIR(status.st_mode))
		return look_at_directory(walk, path, depth);
	if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
		return look_at_file(walk, path, &status, named);
	if (named)
		return error_set(walk->err, ERROR_USAGE,
				 "'%s' is neither a file nor a directory", path);
	return 0;
}

/* --- the whole --- */

static int conclude(struct walk *walk, struct verdict *verdict)
{
	int rc = walk->policy ? policy_evaluate_files(walk->policy, &walk->facts,
						      clock_now(), verdict, walk->err)
			      : verdict_init(verdict, walk->err);

	for (size_t i = 0; rc == 0 && i < walk->extra_count; i++)
		rc = verdict_add(verdict, &walk->extra[i], walk->err);
	if (rc == 0)
		verdict_conclude(verdict);
	return rc;
}

/* Rules that files alone cannot answer for. */
static void name_the_others(const struct walk *walk)
{
	const char *separator = "gitgate: not judged here, as they need commits:";

	for (size_t i = 0; walk->policy && i < walk->policy->rule_count; i++) {
		const struct rule *rule = &walk->policy->rules[i];
		if (!rule->signatures && !rule->commits && !rule->refs)
			continue;
		char name[128];
		fprintf(stderr, "%s %s", separator,
			text_escape_into(name, sizeof(name), rule->name,
					 strlen(rule->name)));
		separator = ",";
	}
	if (strcmp(separator, ",") == 0)
		fputc('\n', stderr);
	if (!walk->policy)
		fprintf(stderr, "gitgate: no " POLICY_FILE " here or above: documents "
				"must only be well-formed\n");
	else if (!walk->check->floor)
		fprintf(stderr, "gitgate: the server's own rules are not known here "
				"(--floor FILE)\n");
}

static int check_all(struct walk *walk, char **paths, int count,
		     struct verdict *verdict)
{
	int rc = load_policy(walk);

	walk->judge.limits = &limits_default;
	walk->facts.kinds = FACTS_FILES | FACTS_DOCUMENTS;
	walk->collector = (struct collector){
		.judge = &walk->judge,
		.policy = walk->policy,
		.arena = walk->arena,
		.facts = &walk->facts,
		.each_file = check_each_definition_file,
		.each_file_data = &walk->root,
	};
	progress_begin(&walk->progress);
	for (int i = 0; rc == 0 && i < count; i++)
		rc = look_at_path(walk, paths[i], true, 0);
	if (rc == 0 && count == 0)
		rc = look_at_path(walk, ".", false, 0);
	progress_end(&walk->progress);
	return rc == 0 ? conclude(walk, verdict) : rc;
}

int check_files(const struct check *check, char **paths, int count)
{
	struct error err = ERROR_INIT;
	struct walk walk = {
		.check = check,
		.arena = arena_new(ARENA_BYTES),
		.err = &err,
	};
	struct verdict verdict = { 0 };
	int code = 3;

	int rc = walk.arena ? check_all(&walk, paths, count, &verdict)
			    : no_memory(&walk);
	if (rc == 0) {
		struct report_item item = { NULL, &verdict };
		code = check_report(check, &item);
		fprintf(stderr, "gitgate: %zu file%s looked at\n",
			walk.facts.file_count, walk.facts.file_count == 1 ? "" : "s");
		name_the_others(&walk);
	} else {
		code = cmd_fail(&err);
	}
	verdict_release(&verdict);
	collect_kubernetes_end(&walk.collector);
	policy_free(walk.policy);
	free(walk.root);
	arena_free(walk.arena);
	return code;
}
