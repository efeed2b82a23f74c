/* policy/commits.c - rules of kind commits: what commits must look like. */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/pattern.h"
#include "model/facts.h"
#include "policy/evaluation.h"

#define SUBJECT_BYTES 80

/* A finding about something that a pattern says of one commit. */
struct subject {
	const struct commit_fact *commit;
	const struct pattern *pattern;
	const char *what; /* "the message" */
	const char *text;
	size_t length;
	int code;
	const char *mend;
};

static int check_pattern(struct evaluation *evaluation, const struct subject *subject)
{
	const struct place place = { .commit = &subject->commit->id };
	struct error problem = ERROR_INIT;
	bool matches;
	int code = evaluation_match(evaluation, subject->pattern, subject->text,
				    subject->length, &matches, &problem);
	if (code != 0 || matches)
		return code;
	if (problem.code != 0)
		return evaluation_find(evaluation, problem.code, &place, subject->mend,
				       "%s cannot be matched: %s", subject->what,
				       problem.text);
	size_t shown = strcspn(subject->text, "\n");
	return evaluation_find(evaluation, subject->code, &place, subject->mend,
			       "%s '%.*s%s' does not match '%s'", subject->what,
			       (int)(shown > SUBJECT_BYTES ? SUBJECT_BYTES : shown),
			       subject->text, shown > SUBJECT_BYTES ? "..." : "",
			       pattern_text(subject->pattern));
}

static int check_message(struct evaluation *evaluation,
			 const struct commit_fact *commit)
{
	char mend[MEND_BYTES];
	mend_by_hand(evaluation, commit, "reword it", "git commit --amend", "reword",
		     mend);
	const struct subject subject = {
		.commit = commit,
		.pattern = evaluation->rule->commits->message,
		.what = "the message",
		.text = commit->message,
		.length = commit->message_length,
		.code = ERROR_RULE_COMMIT_MESSAGE,
		.mend = mend,
	};
	return check_pattern(evaluation, &subject);
}

static int check_author(struct evaluation *evaluation, const struct commit_fact *commit)
{
	char mend[MEND_BYTES];
	mend_by_command(evaluation, commit, "git config user.email ADDRESS, then",
			"git commit --amend --no-edit --reset-author", mend);
	const struct subject subject = {
		.commit = commit,
		.pattern = evaluation->rule->commits->author_email,
		.what = "the author's address",
		.text = commit->author.email,
		.length = strlen(commit->author.email),
		.code = ERROR_RULE_COMMIT_AUTHOR_EMAIL,
		.mend = mend,
	};
	return check_pattern(evaluation, &subject);
}

static int check_committer(struct evaluation *evaluation,
			   const struct commit_fact *commit)
{
	char mend[MEND_BYTES];
	mend_by_command(evaluation, commit, "git config user.email ADDRESS, then",
			"git commit --amend --no-edit", mend);
	const struct subject subject = {
		.commit = commit,
		.pattern = evaluation->rule->commits->committer_email,
		.what = "the committer's address",
		.text = commit->committer.email,
		.length = strlen(commit->committer.email),
		.code = ERROR_RULE_COMMIT_COMMITTER_EMAIL,
		.mend = mend,
	};
	return check_pattern(evaluation, &subject);
}

/* "Signed-off-by: Name <address>" and nothing behind but blanks. */
static bool line_signs_off(const char *line, size_t length, const char *address)
{
	static const char key[] = "Signed-off-by:";
	const size_t key_length = sizeof(key) - 1;
	const size_t address_length = strlen(address);
	while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
		length--;
	if (address_length == 0 || length < key_length + address_length + 2 ||
	    strncasecmp(line, key, key_length) != 0)
		return false;
	const char *end = line + length;
	return end[-1] == '>' && end[-(ptrdiff_t)address_length - 2] == '<' &&
	       strncasecmp(end - address_length - 1, address, address_length) == 0;
}

static bool is_signed_off(const struct commit_fact *commit)
{
	const char *line = commit->message;
	size_t left = commit->message_length;
	while (left > 0) {
		const char *end = memchr(line, '\n', left);
		size_t length = end != NULL ? (size_t)(end - line) : left;
		if (line_signs_off(line, length, commit->author.email) ||
		    line_signs_off(line, length, commit->committer.email))
			return true;
		if (end == NULL)
			break;
		left -= length + 1;
		line = end + 1;
	}
	return false;
}

static int check_signed_off(struct evaluation *evaluation,
			    const struct commit_fact *commit)
{
	const struct place place = { .commit = &commit->id };
	char mend[MEND_BYTES];
	if (!evaluation->rule->commits->signed_off || is_signed_off(commit))
		return 0;
	mend_by_command(evaluation, commit, "sign it off",
			"git commit --amend --no-edit --signoff", mend);
	return evaluation_find(evaluation, ERROR_RULE_COMMIT_SIGNED_OFF, &place, mend,
			       "no 'Signed-off-by:' line with the address of the "
			       "author '%.*s' or the committer '%.*s'",
			       SHOWN_BYTES, commit->author.email, SHOWN_BYTES,
			       commit->committer.email);
}

static int check_linear(struct evaluation *evaluation, const struct commit_fact *commit)
{
	const struct place place = { .commit = &commit->id };
	if (!evaluation->rule->commits->linear || commit->parent_count <= 1)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_COMMIT_MERGE, &place,
			       "put your commits on top instead of merging: git pull "
			       "--rebase",
			       "it is a merge of %zu parents, and history here is "
			       "linear",
			       commit->parent_count);
}

static int check_commit(struct evaluation *evaluation, const struct commit_fact *commit)
{
	int code = check_message(evaluation, commit);
	if (code == 0)
		code = check_author(evaluation, commit);
	if (code == 0)
		code = check_committer(evaluation, commit);
	if (code == 0)
		code = check_signed_off(evaluation, commit);
	return code == 0 ? check_linear(evaluation, commit) : code;
}

int rule_commits_evaluate(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->commit_count; i++)
		if (facts->commits[i].code == 0)
			code = check_commit(evaluation, &facts->commits[i]);
	return code;
}
