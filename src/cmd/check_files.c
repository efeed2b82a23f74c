/* cmd/check_files.c - `gitgate check --files`: judges files as they lie there, in or
 * outside of a repository. */
#include "cmd/check_files.h"

#include <errno.h>
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
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/check.h"
#include "cmd/cmd.h"
#include "conf/policy_bundle.h"
#include "conf/policy_parse.h"
#include "model/facts.h"
#include "model/finding.h"
#include "model/policy.h"
#include "policy/evaluate.h"
#include "policy/report.h"

#define ARENA_BYTES   ((size_t)1 << 30)
#define SUMMARY_BYTES 1024

struct run {
	const struct check *check;
	struct arena *arena;
	struct policy *policy; /* NULL: none, documents must only be well-formed */
	char *root; /* of the policy: paths are relative to it; may be NULL */
	struct file_list list;
	struct facts facts;
	struct map said;         /* advice that is not repeated */
	struct arena_set arenas; /* what was found about each file */
	const struct report_files *summary;
	struct error *err;
};

static int no_memory(const struct run *run)
{
	return error_set(run->err, ERROR_MEMORY, "out of memory");
}

static int load_policy(struct run *run)
{
	if (check_is_given(run->check))
		return check_given_policy(run->check, &run->policy, run->err);
	run->root = check_find_policy();
	if (!run->root && !run->check->floor)
		return 0;
	int rc = check_begin_policy(run->check, &run->policy, run->err);
	if (rc == 0 && run->root)
		rc = check_add_policy(run->policy, run->root, run->err);
	if (rc == 0)
		rc = policy_finish(run->policy, run->err);
	return rc == 0 ? policy_open_bundles(run->policy, run->err) : rc;
}

/* --- facts --- */

static int add_file_fact(struct run *run, const struct checked_file *file)
{
	struct facts *facts = &run->facts;
	char target[PATH_MAX];

	struct file_fact *fact = ARENA_PUSH(run->arena, &facts->files,
					    &facts->file_count, &facts->file_capacity);
	if (!fact)
		return no_memory(run);
	fact->change = FILE_ADDED;
	fact->path = file->shown;
	fact->size = file->size;
	fact->mode = S_ISLNK(file->mode)      ? 0120000
		     : (file->mode & S_IXUSR) ? 0100755
					      : 0100644;
	/* Paths that lead out of the policy's directory are the user's business. */
	struct error why = ERROR_INIT;
	if (file->shown[0] != '/' && !text_starts_with(file->shown, ".."))
		fact->code =
			path_check(file->shown, strlen(file->shown), PATH_MAX, &why);
	if (fact->code != 0)
		fact->reason = arena_string(run->arena, why.text);
	if (!S_ISLNK(file->mode))
		return 0;
	ssize_t length = readlink(file->path, target, sizeof(target));
	if (length < 0)
		return error_set_errno(run->err, errno, "cannot read the link '%s'",
				       file->path);
	fact->link_target = arena_copy(run->arena, target, (size_t)length);
	return fact->link_target ? 0 : no_memory(run);
}

/* What is said once for each kind, each file said once: the first one counts, however
 * many threads there were. */
static bool is_said(struct run *run, const struct document_fact *fact)
{
	if (fact->code != ERROR_RULES_UNCHECKED)
		return false;
	const char *what =
		arena_printf(run->arena, "%s %s", fact->rule->name, fact->message);
	if (!what || map_has(&run->said, what, strlen(what)))
		return what != NULL;
	map_put(&run->said, what, strlen(what), run);
	return false;
}

static int add_document_facts(struct run *run, const struct checked_file *file)
{
	struct facts *facts = &run->facts;

	for (size_t i = 0; i < file->fact_count; i++) {
		if (is_said(run, &file->facts[i]))
			continue;
		struct document_fact *fact =
			ARENA_PUSH(run->arena, &facts->documents,
				   &facts->document_count, &facts->document_capacity);
		if (!fact)
			return no_memory(run);
		*fact = file->facts[i];
	}
	return 0;
}

static int collect(struct run *run)
{
	int rc = 0;

	run->facts.kinds = FACTS_FILES | FACTS_DOCUMENTS;
	for (size_t i = 0; rc == 0 && i < run->list.count; i++) {
		const struct checked_file *file = &run->list.files[i];
		if (!check_is_given(run->check) && strcmp(file->path, "-") != 0)
			rc = add_file_fact(run, file);
		if (rc == 0)
			rc = add_document_facts(run, file);
	}
	return rc;
}

/* --- the whole --- */

static int conclude(struct run *run, struct verdict *verdict)
{
	int rc = run->policy ? policy_evaluate_files(run->policy, &run->facts,
						     clock_now(), verdict, run->err)
			     : verdict_init(verdict, run->err);

	for (size_t i = 0; rc == 0 && i < run->list.count; i++) {
		const struct checked_file *file = &run->list.files[i];
		for (size_t e = 0; rc == 0 && e < file->extra_count; e++)
			rc = verdict_add(verdict, &file->extra[e], run->err);
	}
	if (rc != 0)
		return rc;
	verdict_conclude(verdict);
	run->summary = check_summary(&run->list, verdict, run->arena);
	return run->summary ? 0 : no_memory(run);
}

/* Rules that files alone cannot answer for. */
static void name_the_others(const struct run *run)
{
	const char *separator = "gitgate: not judged here, as they need commits:";

	for (size_t i = 0; run->policy && i < run->policy->rule_count; i++) {
		const struct rule *rule = &run->policy->rules[i];
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
	if (!run->policy)
		fprintf(stderr, "gitgate: no .gitgate.yaml here or above: documents "
				"must only be well-formed\n");
	else if (!run->check->floor && !check_is_given(run->check))
		fprintf(stderr, "gitgate: the server's own rules are not known here "
				"(--floor FILE)\n");
}

static int look(struct run *run)
{
	struct progress progress;
	const struct look_options options = {
		.policy = run->policy,
		.only_documents = check_is_given(run->check),
		.root = run->root,
		.jobs = run->check->job_count,
		.progress = &progress,
	};

	progress_begin(&progress);
	int rc = check_look(&run->list, &options, &run->arenas, run->err);
	progress_end(&progress);
	return rc;
}

static int check_all(struct run *run, char **operands, int count,
		     struct verdict *verdict)
{
	int rc = load_policy(run);

	if (rc == 0)
		rc = check_walk(&run->list, run->check, operands, count, run->root,
				run->arena, run->err);
	if (rc == 0)
		rc = look(run);
	if (rc == 0)
		rc = collect(run);
	return rc == 0 ? conclude(run, verdict) : rc;
}

static void say_summary(const struct run *run)
{
	struct buf text = BUF_INIT(SUMMARY_BYTES);

	report_summary(&text, run->summary);
	fprintf(stderr, "gitgate: %s", text.data);
	buf_release(&text);
}

int check_files(const struct check *check, char **operands, int count)
{
	struct error err = ERROR_INIT;
	struct run run = {
		.check = check,
		.arena = arena_new(ARENA_BYTES),
		.err = &err,
	};
	struct verdict verdict = { 0 };
	int code = 3;

	int rc = run.arena ? check_all(&run, operands, count, &verdict)
			   : no_memory(&run);
	if (rc == 0) {
		struct report_item item = { NULL, &verdict, run.summary };
		code = check_report(check, &item);
		say_summary(&run);
		name_the_others(&run);
	} else {
		code = cmd_fail(&err);
	}
	verdict_release(&verdict);
	policy_free(run.policy);
	map_release(&run.said);
	free(run.root);
	for (size_t i = 0; i < LOOK_THREADS_MAX; i++)
		arena_free(run.arenas.items[i]);
	arena_free(run.arena);
	return code;
}
