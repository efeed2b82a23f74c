/* cmd/check.c - `gitgate check`: judges commits on a workstation as the server would,
 * before they are pushed. */
#include "cmd/check.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/pattern.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/git.h"
#include "conf/policy_parse.h"
#include "conf/config.h"
#include "job/judge.h"
#include "job/judge_push.h"
#include "job/recompute.h"
#include "model/finding.h"
#include "policy/report.h"
#include "repo/repo.h"

#define REPORT_BYTES   ((size_t)64 << 20)
#define NAME_BYTES_MAX 4096
#define FALLBACK_REF   "refs/heads/main"

/* What is judged: from `base` (not included) to `tip`. */
struct range_check {
	const struct check *check;
	struct oid base; /* length 0: none, from the root */
	struct oid tip;
	struct oid head; /* whose policy counts where there is no base */
	struct buf ref;
	struct buf policy_from; /* for people */
	char *policy_directory; /* --policy worktree */
	struct progress progress;
	struct error *err;
};

/* --- asking git --- */

static int ask(const struct range_check *range, const char *const *arguments,
	       bool *answered, struct buf *line)
{
	int status = 1;

	buf_reset(line);
	int rc = git_run(NULL, arguments, &status, line, range->err);
	*answered = rc == 0 && status == 0 && line->length > 0;
	return rc;
}

static int resolve(const struct range_check *range, const char *revision, bool *found,
		   struct oid *out)
{
	struct buf name = BUF_INIT(NAME_BYTES_MAX);
	struct buf line = BUF_INIT(NAME_BYTES_MAX);

	buf_addf(&name, "%s^{commit}", revision);
	int rc = buf_status(&name, "the revision", range->err);
	const char *const arguments[] = { "rev-parse",        "--verify", "-q",
					  "--end-of-options", name.data,  NULL };
	if (rc == 0)
		rc = ask(range, arguments, found, &line);
	if (rc == 0 && *found)
		*found = oid_parse(line.data, line.length, out) == 0;
	buf_release(&name);
	buf_release(&line);
	return rc;
}

static int resolve_given(const struct range_check *range, const char *revision,
			 struct oid *out)
{
	bool found = false;

	int rc = resolve(range, revision, &found, out);
	if (rc == 0 && !found)
		rc = error_set(range->err, ERROR_NOT_FOUND,
			       "'%s' is not a commit in this repository", revision);
	return rc;
}

/* The ref that a push would update: the upstream's name at the server, or this
 * branch's. */
static int find_ref(struct range_check *range)
{
	static const char *const symbolic[] = { "symbolic-ref", "-q", "HEAD", NULL };
	struct buf branch = BUF_INIT(NAME_BYTES_MAX);
	bool found = false;

	if (range->check->ref) {
		buf_add_string(&range->ref, range->check->ref);
		return buf_status(&range->ref, "--ref", range->err);
	}
	int rc = ask(range, symbolic, &found, &branch);
	if (rc == 0 && found) {
		const char *const remote[] = { "for-each-ref", "--count=1",
					       "--format=%(upstream:remoteref)",
					       branch.data, NULL };
		rc = ask(range, remote, &found, &range->ref);
		if (rc == 0 && !found)
			buf_add_string(&range->ref, branch.data);
	} else if (rc == 0) {
		buf_add_string(&range->ref, FALLBACK_REF);
		fprintf(stderr, "gitgate: no branch is checked out: judged as a push "
				"to " FALLBACK_REF " (--ref says another)\n");
	}
	buf_release(&branch);
	return rc == 0 ? buf_status(&range->ref, "the ref", range->err) : rc;
}

static int find_upstream(struct range_check *range)
{
	bool found = false;

	int rc = resolve(range, "@{upstream}", &found, &range->base);
	if (rc == 0 && found)
		buf_add_string(&range->policy_from, "the upstream branch");
	else if (rc == 0)
		fprintf(stderr, "gitgate: this branch has no upstream: everything is "
				"judged, from the root\n");
	return rc;
}

/* "A..B", "A..", "..B", "B" (from the upstream), or nothing. */
static int find_range(struct range_check *range, const char *text)
{
	const char *dots = text ? strstr(text, "..") : NULL;

	if (dots && dots[2] == '.')
		return error_set(range->err, ERROR_USAGE,
				 "'%s': a range has two dots: FROM..TO", text);
	const char *tip = dots ? dots + 2 : text;
	int rc = resolve_given(range, tip && *tip ? tip : "HEAD", &range->tip);
	if (rc != 0)
		return rc;
	if (!dots || dots == text)
		return find_upstream(range);
	char *base = strndup(text, (size_t)(dots - text));
	if (!base)
		return error_set(range->err, ERROR_MEMORY, "out of memory");
	rc = resolve_given(range, base, &range->base);
	text_escape_string(&range->policy_from, base);
	free(base);
	return rc;
}

static int open_repository(const struct range_check *range, struct repo **out)
{
	static const char *const arguments[] = { "rev-parse", "--path-format=absolute",
						 "--git-common-dir", NULL };
	struct buf path = BUF_INIT(PATH_MAX);

	int rc = git_run(NULL, arguments, NULL, &path, range->err);
	if (rc == 0)
		rc = repo_open(out, path.data, NULL, range->err);
	buf_release(&path);
	return rc;
}

/* --- the judge's questions --- */

static int begin_floor(void *data, struct policy **out, struct error *err)
{
	const struct range_check *range = data;

	return check_begin_policy(range->check, out, err);
}

static int add_own(void *data, struct policy *policy, struct error *err)
{
	const struct range_check *range = data;

	return check_add_policy(policy, range->policy_directory, err);
}

/* Nothing is remembered here, but every question is a step. */
static const char *count_step(void *data, const char *kind,
			      const struct digest *context, const struct oid *key,
			      struct arena *arena)
{
	(void)kind;
	(void)context;
	(void)key;
	(void)arena;
	progress_step(data);
	return NULL;
}

/* --- judging --- */

static int choose_policy(struct range_check *range, struct judge *judge)
{
	if (range->check->policy) {
		range->policy_directory = check_find_policy();
		if (!range->policy_directory)
			return error_set(range->err, ERROR_NOT_FOUND,
					 "--policy worktree: there is no .gitgate.yaml "
					 "here or above");
		judge->own = add_own;
		judge->own_data = range;
		buf_reset(&range->policy_from);
		buf_add_string(&range->policy_from, "the work tree");
		return 0;
	}
	judge->policy_commit = range->base;
	if (range->base.length)
		return 0;
	judge->policy_commit = range->tip;
	buf_reset(&range->policy_from);
	buf_add_string(&range->policy_from, "the judged commit itself, as there is "
					    "nothing before it");
	return 0;
}

static int judge_range(struct range_check *range, struct repo *repo,
		       const struct change *change, struct verdict *verdict,
		       struct judged *judged)
{
	struct fact_cache cache = { .get = count_step, .data = &range->progress };
	struct recompute_here merges = { .repo = repo };
	struct judge judge = {
		.repo = repo,
		.change = change,
		.trusted = &range->base,
		.trusted_count = range->base.length ? 1 : 0,
		.from_root = range->base.length == 0,
		.floor = range->check->floor ? begin_floor : NULL,
		.floor_data = range,
		.recompute = recompute_here,
		.recompute_data = &merges,
		.push = &judge_push_to_come,
		.cache = &cache,
		.compile = policy_compile_by_program,
	};
	int rc = choose_policy(range, &judge);

	if (rc != 0)
		return rc;
	progress_begin(&range->progress);
	rc = judge_change(&judge, verdict, judged, range->err);
	progress_end(&range->progress);
	recompute_here_close(&merges);
	return rc;
}

static void say_what_was_judged(const struct range_check *range,
				const struct judged *judged)
{
	fprintf(stderr, "gitgate: %zu commit%s judged by the policy of %s\n",
		judged->commits, judged->commits == 1 ? "" : "s",
		range->policy_from.data);
	if (!range->check->floor)
		fprintf(stderr, "gitgate: the server's own rules are not known here "
				"(--floor "
				"FILE): it may refuse what passes here\n");
}

static int check_range(struct range_check *range, const char *text, int *code)
{
	struct repo *repo = NULL;
	struct verdict verdict = { 0 };
	struct judged judged = { 0 };

	int rc = open_repository(range, &repo);
	if (rc == 0)
		rc = find_range(range, text);
	if (rc == 0)
		rc = find_ref(range);
	struct change change = {
		.repository = range->check->repository,
		.ref = range->ref.data,
		.old_id = range->base,
		.new_id = range->tip,
		.received_at = clock_now(),
	};
	if (rc == 0)
		rc = judge_range(range, repo, &change, &verdict, &judged);
	if (rc == 0) {
		struct report_item item = { &change, &verdict, NULL };
		*code = check_report(range->check, &item);
		say_what_was_judged(range, &judged);
	}
	verdict_release(&verdict);
	repo_close(repo);
	return rc;
}

/* --- for both halves --- */

int check_report(const struct check *check, const struct report_item *item)
{
	struct buf out = BUF_INIT(REPORT_BYTES);

	if (check->json)
		report_json(&out, item, 1);
	else if (check->sarif)
		report_sarif(&out, item, 1);
	else if (check->junit)
		report_junit(&out, item, 1);
	else
		report_text(&out, item, 1, cmd_colour(STDOUT_FILENO));
	if (check->summary && item->files)
		report_summary(&out, item->files);
	int code = cmd_write(&out);
	buf_release(&out);
	if (code != 0)
		return code;
	return item->verdict->result == VERDICT_PASS ? 0 : 1;
}

void progress_begin(struct progress *progress)
{
	const char *term = getenv("TERM");

	*progress = (struct progress){
		.terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0,
		.next = clock_monotonic() + CLOCK_SECOND,
	};
}

static bool progress_is_due(struct progress *progress)
{
	if (!progress->terminal || clock_monotonic() < progress->next)
		return false;
	progress->next = clock_monotonic() + CLOCK_SECOND / 4;
	progress->shown = true;
	return true;
}

/* A line that wraps could not be taken back. */
__attribute__((format(printf, 1, 2))) static void show_progress(const char *format, ...)
{
	struct winsize size = { 0 };
	char text[80];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
	    size.ws_col <= strlen(text))
		text[size.ws_col - 1] = '\0';
	fprintf(stderr, "\r%s", text);
}

void progress_step(struct progress *progress)
{
	progress->count++;
	if (progress_is_due(progress))
		show_progress("%zu looked at", progress->count);
}

void progress_at(struct progress *progress, size_t done, size_t of)
{
	if (progress_is_due(progress))
		show_progress("%zu of %zu looked at", done, of);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
}

/* --- the command line --- */

static int check_options(struct check *check, int operand_count)
{
	uint64_t jobs = 0;

	if (check->json + check->sarif + check->junit > 1)
		return cmd_usage("check", "one of --json, --sarif and --junit");
	if (check->policy && strcmp(check->policy, "worktree") != 0)
		return cmd_usage("check", "--policy can only be 'worktree'");
	if (!check->files && (check_is_given(check) || check->ignore[0] ||
			      check->jobs || check->summary))
		return cmd_usage("check", "--schema, --kubernetes, --ignore, --jobs "
					  "and --summary need --files");
	if (!check->kubernetes &&
	    (check->ignore_missing || check->lax || check->skip[0]))
		return cmd_usage("check", "--ignore-missing-schemas, --no-strict and "
					  "--skip need "
					  "--kubernetes; a policy has options of its "
					  "own");
	if (!check->files && operand_count > 1)
		return cmd_usage("check", "one range, or --files PATH...");
	if (check->files && check->ref)
		return cmd_usage("check", "--ref speaks of commits, not of files");
	if (check_is_given(check) && check->floor)
		return cmd_usage("check", "--schema and --kubernetes judge without a "
					  "policy: not together with --floor");
	if (check->summary && (check->json || check->sarif || check->junit))
		return cmd_usage("check", "--summary is for text; the others have "
					  "their own");
	if (check->jobs && (text_parse_u64(check->jobs, &jobs) != 0 || jobs == 0))
		return cmd_usage("check", "--jobs needs a number from 1 on");
	for (size_t i = 0; check->ignore[i]; i++) {
		struct error err = ERROR_INIT;
		if (glob_check(check->ignore[i], &err) != 0)
			return cmd_usage("check", "--ignore: %s", err.text);
	}
	check->job_count = jobs < SIZE_MAX ? (size_t)jobs : SIZE_MAX;
	return 0;
}

static int parse(struct check *check, int argc, char **argv, int *operands)
{
	const struct cmd_option options[] = {
		{ "files", 0, NULL, "judge files and directories instead of commits",
		  NULL, &check->files },
		{ "schema", 0, "FILE",
		  "files: judge by this JSON Schema, and by no policy", &check->schema,
		  NULL },
		{ "kubernetes", 0, "BUNDLE",
		  "files: judge by these schemas of Kubernetes, and by no policy",
		  &check->kubernetes, NULL },
		{ "ignore-missing-schemas", 0, NULL,
		  "kubernetes: kinds of which there is no schema are skipped", NULL,
		  &check->ignore_missing },
		{ "no-strict", 0, NULL,
		  "kubernetes: fields that a schema does not know are valid", NULL,
		  &check->lax },
		{ "skip", 0, "KINDS...",
		  "kubernetes: kinds that are not looked at, with commas", check->skip,
		  NULL },
		{ "ignore", 0, "GLOB...", "files: leave these out", check->ignore,
		  NULL },
		{ "jobs", 'j', "NUMBER", "files: threads (as many as processors)",
		  &check->jobs, NULL },
		{ "floor", 0, "FILE", "the server's configuration: its rules count too",
		  &check->floor, NULL },
		{ "repository", 0, "NAME",
		  "the repository's name in the server's rules", &check->repository,
		  NULL },
		{ "ref", 0, "REF", "the full name of the ref that a push would update",
		  &check->ref, NULL },
		{ "policy", 0, "worktree",
		  "try the work tree's .gitgate.yaml instead of the one before the "
		  "commits",
		  &check->policy, NULL },
		{ "json", 0, NULL, "print JSON", NULL, &check->json },
		{ "sarif", 0, NULL, "print SARIF 2.1.0", NULL, &check->sarif },
		{ "junit", 0, NULL, "print JUnit's XML", NULL, &check->junit },
		{ "summary", 0, NULL, "files: say the summary on standard output too",
		  NULL, &check->summary },
	};
	int done = cmd_parse(argc, argv, "check", options,
			     sizeof(options) / sizeof(options[0]), operands);

	if (done != 0)
		return done;
	int code = check_options(check, argc - *operands);
	return code == 0 ? 0 : code + 1;
}

int cmd_check(int argc, char **argv)
{
	struct check check = { 0 };
	struct error err = ERROR_INIT;
	struct range_check range = {
		.check = &check,
		.ref = BUF_INIT(NAME_BYTES_MAX),
		.policy_from = BUF_INIT(NAME_BYTES_MAX),
		.err = &err,
	};
	int operands = 0, code = 3;

	int done = parse(&check, argc, argv, &operands);
	if (done != 0)
		return done - 1;
	if (check.files)
		return check_files(&check, argv + operands, argc - operands);
	int rc = check_range(&range, argv[operands], &code);
	free(range.policy_directory);
	buf_release(&range.ref);
	buf_release(&range.policy_from);
	return rc == 0 ? code : cmd_fail(&err);
}
