/* cmd/waive.c - `gitgate waive`: makes a waiver on a workstation, signed as git signs
 * tags here. Whether it counts is said by who judges. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/git.h"
#include "model/waiver.h"
#include "repo/repo.h"

#define LINE_BYTES      4096
#define WAIVER_BYTES    8192
#define SIGNATURE_BYTES 65536
#define REMOTE          "origin"
#define DAY             (24 * 3600 * CLOCK_SECOND)

struct waive {
	/* the command line */
	const char *commit;
	const char *until;
	const char *push; /* remote; NULL: not pushed */
	bool withdraw;
	struct waiver waiver;
	/* what was found out */
	struct buf repository;
	struct buf message;
	struct buf ref;
	struct buf id; /* of the tag */
};

static int ask(const char *const *arguments, struct buf *line, bool *answered,
	       struct error *err)
{
	int status = 1;

	buf_reset(line);
	int rc = git_run(NULL, arguments, &status, line, err);
	*answered = rc == 0 && status == 0 && line->length > 0;
	return rc;
}

/* One that is not here is named by its full id: it may have been refused elsewhere. */
static int find_commit(struct waive *waive, struct error *err)
{
	struct buf name = BUF_INIT(LINE_BYTES);
	struct buf line = BUF_INIT(LINE_BYTES);
	bool found = false;

	buf_addf(&name, "%s^{commit}", waive->commit);
	int rc = buf_status(&name, "the commit", err);
	const char *const arguments[] = { "rev-parse",        "--verify", "-q",
					  "--end-of-options", name.data,  NULL };
	if (rc == 0)
		rc = ask(arguments, &line, &found, err);
	const char *hex = found ? line.data : waive->commit;
	if (rc == 0 && oid_parse(hex, strlen(hex), &waive->waiver.commit) != 0)
		rc = error_set(err, ERROR_NOT_FOUND,
			       "'%s' is neither a commit in this repository nor a full "
			       "commit id",
			       waive->commit);
	buf_release(&name);
	buf_release(&line);
	return rc;
}

/* "shop" of ".../shop.git", as the hook calls a repository that has no other name. */
static int find_repository(struct waive *waive, struct error *err)
{
	struct buf url = BUF_INIT(LINE_BYTES);
	bool found = false;
	const char *const arguments[] = { "remote", "get-url", "--",
					  waive->push ? waive->push : REMOTE, NULL };

	if (waive->waiver.repository)
		return 0;
	int rc = ask(arguments, &url, &found, err);
	const char *end = url.data + strcspn(url.data, "\n");
	while (end > url.data && end[-1] == '/')
		end--;
	if (end - url.data > 4 && strncmp(end - 4, ".git", 4) == 0)
		end -= 4;
	const char *start = end;
	while (start > url.data && start[-1] != '/' && start[-1] != ':')
		start--;
	if (rc == 0 && (!found || start == end))
		rc = error_set(err, ERROR_USAGE,
			       "say for which repository it is, as the server calls "
			       "it: --repository NAME");
	buf_add(&waive->repository, start, (size_t)(end - start));
	waive->waiver.repository = waive->repository.data;
	buf_release(&url);
	return rc == 0 ? buf_status(&waive->repository, "the name", err) : rc;
}

/* A time, a day (to its end, UTC), or a duration from now. */
static int read_until(struct waive *waive, struct error *err)
{
	int64_t *until = &waive->waiver.until;
	int64_t length;

	if (waive->withdraw)
		return 0;
	if (duration_parse(waive->until, &length) == 0)
		*until = clock_now() + length;
	else if (clock_parse(waive->until, until) != 0)
		return error_set(err, ERROR_USAGE,
				 "'--until %s' is no date (2026-12-31), time "
				 "(2026-12-31T18:00:00Z) or duration (30d)",
				 waive->until);
	else if (strlen(waive->until) == strlen("2026-12-31"))
		*until += DAY - CLOCK_SECOND;
	*until -= *until % CLOCK_SECOND;
	if (*until > clock_now())
		return 0;
	return error_set(err, ERROR_USAGE, "'--until %s' is over already",
			 waive->until);
}

/* The empty tree, which every waiver points to. */
static int write_target(struct buf *id, struct error *err)
{
	static const char *const arguments[] = { "hash-object", "-t",      "tree",
						 "-w",          "--stdin", NULL };

	return git_run(NULL, arguments, NULL, id, err);
}

/* Some versions of git end well when ssh-keygen could not sign, and make a tag without
 * a signature. */
static int check_signed(const struct waive *waive, struct error *err)
{
	static const char *const arguments[] = { "rev-parse", "--path-format=absolute",
						 "--git-common-dir", NULL };
	struct buf path = BUF_INIT(LINE_BYTES);
	struct repo *repo = NULL;
	struct object object = { .type = OBJECT_UNKNOWN };
	struct tag_text text = { .payload_count = 0 };
	struct oid id;

	int rc = git_run(NULL, arguments, NULL, &path, err);
	if (rc == 0)
		rc = repo_open(&repo, path.data, NULL, err);
	if (rc == 0 && oid_parse(waive->id.data, waive->id.length, &id) != 0)
		rc = error_set(err, ERROR_CHILD, "git names no tag");
	if (rc == 0)
		rc = repo_read(repo, &id, WAIVER_BYTES + SIGNATURE_BYTES, &object, err);
	if (rc == 0)
		rc = tag_split(&text, object.bytes, object.length, id.length, err);
	if (rc == 0 && text.signature.length == 0)
		rc = error_set(err, ERROR_CHILD,
			       "git did not sign it: see user.signingKey and "
			       "gpg.format");
	repo_object_release(&object);
	repo_close(repo);
	buf_release(&path);
	return rc;
}

/* git signs tags, and keeps those that it makes beneath refs/tags: the waiver is moved
 * to where it belongs. */
static int make_tag(struct waive *waive, struct error *err)
{
	struct buf target = BUF_INIT(LINE_BYTES);
	struct buf tag = BUF_INIT(LINE_BYTES);
	const char *name = waive->ref.data + strlen("refs/");

	int rc = write_target(&target, err);
	buf_addf(&tag, "refs/tags/%s", name);
	if (rc == 0)
		rc = buf_status(&tag, "the tag", err);
	const char *const sign[] = {
		"git", "tag", "-s", "-f",        "--cleanup=verbatim",
		"-F",  "-",   name, target.data, NULL
	};
	const char *const read[] = { "rev-parse", "--verify", "-q", tag.data, NULL };
	if (rc == 0)
		rc = git_in_foreground(sign, &waive->message, err);
	if (rc == 0)
		rc = git_run(NULL, read, NULL, &waive->id, err);
	bool made = rc == 0;
	if (rc == 0)
		rc = check_signed(waive, err);
	const char *const keep[] = { "update-ref", waive->ref.data, waive->id.data,
				     NULL };
	const char *const drop[] = { "update-ref", "-d", tag.data, NULL };
	if (rc == 0)
		rc = git_run(NULL, keep, NULL, NULL, err);
	if (made) {
		int dropped = git_run(NULL, drop, NULL, NULL, rc == 0 ? err : NULL);
		rc = rc == 0 ? dropped : rc;
	}
	buf_release(&target);
	buf_release(&tag);
	return rc;
}

/* With a plus: what stands there may be replaced, when the server finds it older. */
static int push(const struct waive *waive, struct error *err)
{
	struct buf refspec = BUF_INIT(LINE_BYTES);

	buf_addf(&refspec, "+%s:%s", waive->ref.data, waive->ref.data);
	int rc = buf_status(&refspec, "the ref", err);
	const char *const arguments[] = { "git",       "push",       "--",
					  waive->push, refspec.data, NULL };
	if (rc == 0)
		rc = git_in_foreground(arguments, NULL, err);
	buf_release(&refspec);
	return rc;
}

static void say(const struct waive *waive)
{
	const struct waiver *waiver = &waive->waiver;
	struct buf out = BUF_INIT(WAIVER_BYTES);
	char until[CLOCK_TEXT_BYTES];

	clock_format(waiver->until, 0, until);
	buf_addf(&out, "%s: commit %s of '", waive->withdraw ? "withdrawn" : "waived",
		 oid_short(&waiver->commit));
	text_escape_string(&out, waiver->repository);
	buf_add_string(&out, "' from the rule '");
	text_escape_string(&out, waiver->rule);
	buf_addf(&out, "'%s%s\n", waive->withdraw ? "" : " until ",
		 waive->withdraw ? "" : until);
	if (!waive->push)
		buf_addf(&out, "push it: git push " REMOTE " +%s:%s\n", waive->ref.data,
			 waive->ref.data);
	cmd_write(&out);
	buf_release(&out);
}

static int work(struct waive *waive, struct error *err)
{
	int rc = read_until(waive, err);

	if (rc == 0)
		rc = find_commit(waive, err);
	if (rc == 0)
		rc = find_repository(waive, err);
	if (rc == 0)
		rc = waiver_write(&waive->waiver, &waive->message, err);
	if (rc == 0)
		rc = waiver_write_ref(&waive->waiver, &waive->ref, err);
	if (rc == 0)
		rc = make_tag(waive, err);
	if (rc == 0 && waive->push)
		rc = push(waive, err);
	return rc;
}

static int parse(struct waive *waive, int argc, char **argv)
{
	const struct cmd_option options[] = {
		{ "rule", 'r', "NAME", "the rule's name, as findings show it",
		  &waive->waiver.rule, NULL },
		{ "reason", 'm', "TEXT", "why; every verdict that uses it shows it",
		  &waive->waiver.reason, NULL },
		{ "until", 'u', "DATE", "to the end of this day, or a time, or 30d",
		  &waive->until, NULL },
		{ "repository", 0, "NAME",
		  "the repository, as the server calls it (from the remote's address)",
		  &waive->waiver.repository, NULL },
		{ "push", 0, "REMOTE", "push it there", &waive->push, NULL },
		{ "withdraw", 0, NULL, "take an earlier one back", NULL,
		  &waive->withdraw },
	};
	int operands = 0;

	int done = cmd_parse(argc, argv, "waive", options,
			     sizeof(options) / sizeof(options[0]), &operands);
	if (done != 0)
		return done;
	if (argc - operands != 1)
		return cmd_usage("waive", "exactly one commit") + 1;
	if (!waive->waiver.rule || !waive->waiver.reason)
		return cmd_usage("waive", "--rule and --reason are needed") + 1;
	if (!waive->until == !waive->withdraw)
		return cmd_usage("waive", "either --until DATE or --withdraw") + 1;
	waive->commit = argv[operands];
	waive->waiver.withdrawn = waive->withdraw;
	return 0;
}

int cmd_waive(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct waive waive = {
		.repository = BUF_INIT(LINE_BYTES),
		.message = BUF_INIT(WAIVER_BYTES),
		.ref = BUF_INIT(LINE_BYTES),
		.id = BUF_INIT(LINE_BYTES),
	};

	int done = parse(&waive, argc, argv);
	if (done != 0)
		return done - 1;
	int rc = work(&waive, &err);
	if (rc == 0)
		say(&waive);
	buf_release(&waive.repository);
	buf_release(&waive.message);
	buf_release(&waive.ref);
	buf_release(&waive.id);
	return rc == 0 ? 0 : cmd_fail(&err);
}
