/* job/recompute.c - what git is asked, and what it answered. */
#include "job/recompute.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "repo/repo.h"
#include "repo/scratch.h"

#define USAGE_STATUS 129 /* git does not know an option */
#define SAID_BYTES   300

/* --- the question --- */

static int add_pick(const char *directory, const struct recompute_step *step,
		    struct oid *ours, struct oid *theirs, struct error *err)
{
	struct oid base;

	int rc = scratch_commit(directory, &step->base, NULL, &base, err);
	if (rc == 0)
		rc = scratch_commit(directory, &step->ours, &base, ours, err);
	return rc == 0 ? scratch_commit(directory, &step->theirs, &base, theirs, err)
		       : rc;
}

static int write_input(const char *directory, const struct recompute_step *steps,
		       size_t count, struct buf *input, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct oid ours = steps[i].ours, theirs = steps[i].theirs;
		if (steps[i].pick)
			rc = add_pick(directory, &steps[i], &ours, &theirs, err);
		buf_addf(input, "%s %s\n", oid_text(&ours), oid_text(&theirs));
	}
	return rc == 0 ? buf_status(input, "what git is to merge", err) : rc;
}

/* --- the answer --- */

struct answer {
	const char *at;
	const char *end;
};

/* A word up to a NUL. */
static bool next_word(struct answer *answer, const char **word, size_t *length)
{
	const char *end =
		answer->at < answer->end
			? memchr(answer->at, '\0', (size_t)(answer->end - answer->at))
			: NULL;
	if (!end)
		return false;
	*word = answer->at;
	*length = (size_t)(end - answer->at);
	answer->at = end + 1;
	return true;
}

/* "1" or "0" for a conflict, the tree, names of files that conflict, nothing. */
static bool read_step(struct answer *answer, struct recompute_step *step)
{
	const char *word;
	size_t length;

	if (!next_word(answer, &word, &length) || length != 1 ||
	    (*word != '0' && *word != '1'))
		return false;
	bool clean = *word == '1';
	if (!next_word(answer, &word, &length) ||
	    oid_parse(word, length, &step->tree) != 0)
		return false;
	size_t names = 0;
	while (next_word(answer, &word, &length) && length)
		names++;
	if (length || (clean && names))
		return false;
	step->result = !clean                                    ? RECOMPUTE_CONFLICT
		       : oid_equal(&step->tree, &step->expected) ? RECOMPUTE_SAME
								 : RECOMPUTE_DIFFERENT;
	return true;
}

static int read_output(const struct buf *output, struct recompute_step *steps,
		       size_t count, struct error *err)
{
	struct answer answer = { output->data, output->data + output->length };
	bool understood = output->length > 0;

	for (size_t i = 0; understood && i < count; i++)
		understood = read_step(&answer, &steps[i]);
	if (understood && answer.at == answer.end)
		return 0;
	for (size_t i = 0; i < count; i++)
		steps[i].result = RECOMPUTE_UNKNOWN;
	return error_set(err, ERROR_FORGE_GIT,
			 "git's answer about merges is not understood");
}

/* What git said, on one line. */
static int not_run(const struct buf *output, int status, struct error *err)
{
	char said[SAID_BYTES];
	size_t length =
		output->length < sizeof(said) - 1 ? output->length : sizeof(said) - 1;

	if (status == USAGE_STATUS)
		return error_set(err, ERROR_FORGE_GIT,
				 "git here is too old to make merges again: "
				 "'git merge-tree --write-tree --stdin' needs git "
				 "2.39 or newer");
	for (size_t i = 0; i < length; i++)
		said[i] = output->data[i] == '\0' || output->data[i] == '\n'
				  ? ' '
				  : output->data[i];
	said[length] = '\0';
	return error_set(err, ERROR_FORGE_GIT, "git cannot make merges again: %s",
			 length ? said : "it said nothing");
}

static int ask(const struct recompute *recompute, struct recompute_step *steps,
	       size_t count, struct error *err)
{
	struct buf input = BUF_INIT(count * SCRATCH_MERGE_LINE);
	struct buf output =
		BUF_INIT((size_t)limits_default.values[LIMIT_TOOL_OUTPUT_BYTES] + 1);
	int status = -1;

	int rc = write_input(recompute->directory, steps, count, &input, err);
	if (rc == 0)
		rc = recompute->run(recompute->data, &input, &output, &status, err);
	if (rc == 0 && status != 0)
		rc = not_run(&output, status, err);
	if (rc == 0)
		rc = read_output(&output, steps, count, err);
	buf_release(&input);
	buf_release(&output);
	return rc;
}

int recompute_run(const struct recompute *recompute, struct recompute_step *steps,
		  size_t count, struct error *err)
{
	char objects[PATH_MAX];

	int rc = scratch_make(recompute->directory, recompute->repo, err);
	if (rc == 0)
		rc = ask(recompute, steps, count, err);
	if (rc != 0)
		return rc;
	snprintf(objects, sizeof(objects), "%s/objects", recompute->directory);
	return repo_add_objects(recompute->repo, objects, err);
}
