/* hooks/record.c - adds a push's certificate to refs/gitgate/pushes. */
#include "hooks/record.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/spawn.h"

#define RECORD_REF "refs/gitgate/pushes"
#define ATTEMPTS   16 /* against pushes at the same time */

static const char *const environment[] = {
	"PATH=" SPAWN_PATH,
	"LC_ALL=C.UTF-8",
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_AUTHOR_NAME=gitgate",
	"GIT_AUTHOR_EMAIL=gitgate@localhost",
	"GIT_COMMITTER_NAME=gitgate",
	"GIT_COMMITTER_EMAIL=gitgate@localhost",
	NULL,
};

struct record {
	char directory[4096]; /* "--git-dir=..." */
	struct error *err;
};

/* Runs git; its first line of output, when that is an id, in `out`. The status. */
static int ask(struct record *record, const char *const *verb, const char *input,
	       struct oid *out, int *status)
{
	const char *arguments[16] = { "git", record->directory, "-c",
				      "core.hooksPath=/dev/null" };
	struct spawn spawn = {
		.arguments = arguments,
		.environment = environment,
		.input = input,
		.input_length = input ? strlen(input) : 0,
	};
	struct spawn_result result;

	for (size_t i = 0; verb[i] && i < 11; i++)
		arguments[4 + i] = verb[i];
	int rc = spawn_run(&spawn, &result, record->err);
	if (rc == 0) {
		size_t length = strcspn(result.output.data, "\n");
		*status = result.status;
		if (result.status == 0 && out &&
		    oid_parse(result.output.data, length, out) != 0)
			rc = error_set(record->err, ERROR_CHILD,
				       "git %s did not answer with an id", verb[0]);
	}
	spawn_result_release(&result);
	return rc;
}

static int must(struct record *record, const char *const *verb, const char *input,
		struct oid *out)
{
	int status = 0;
	int rc = ask(record, verb, input, out, &status);

	if (rc == 0 && status != 0)
		rc = error_set(record->err, ERROR_CHILD, "git %s ended with status %d",
			       verb[0], status);
	return rc;
}

static int make_tree(struct record *record, const char *certificate, struct oid *tree)
{
	static const char *const mktree[] = { "mktree", NULL };
	char entry[256];

	snprintf(entry, sizeof(entry), "100644 blob %s\tcertificate\n", certificate);
	return must(record, mktree, entry, tree);
}

/* Puts one commit on top of what is there. `moved`: nobody else was faster. */
static int add_commit(struct record *record, const struct oid *tree, bool *moved)
{
	static const char *const find[] = { "rev-parse", "-q", "--verify", RECORD_REF,
					    NULL };
	struct oid parent = { .length = tree->length };
	char tree_hex[OID_HEX_BYTES], parent_hex[OID_HEX_BYTES],
		commit_hex[OID_HEX_BYTES];
	struct oid commit = OID_INIT;
	int status;

	int rc = ask(record, find, NULL, &parent, &status);
	if (rc != 0)
		return rc;
	oid_hex(tree, tree_hex);
	oid_hex(&parent, parent_hex);
	const char *const make[] = { "commit-tree",
				     tree_hex,
				     "-m",
				     "a signed push",
				     oid_is_null(&parent) ? NULL : "-p",
				     parent_hex,
				     NULL };
	rc = must(record, make, NULL, &commit);
	oid_hex(&commit, commit_hex);
	const char *const move[] = { "update-ref", RECORD_REF, commit_hex, parent_hex,
				     NULL };
	if (rc == 0)
		rc = ask(record, move, NULL, NULL, &status);
	*moved = rc == 0 && status == 0;
	return rc;
}

int record_push(const char *repository, const char *certificate, struct error *err)
{
	struct record record = { .err = err };
	struct oid id, tree = OID_INIT;
	bool moved = false;

	if (oid_parse(certificate, strlen(certificate), &id) != 0)
		return error_set(err, ERROR_ENCODING,
				 "'%s' is not the id of a certificate", certificate);
	if (snprintf(record.directory, sizeof(record.directory), "--git-dir=%s",
		     repository) >= (int)sizeof(record.directory))
		return error_set(err, ERROR_LIMIT, "the repository's name is too long");
	int rc = make_tree(&record, certificate, &tree);
	for (int i = 0; rc == 0 && !moved && i < ATTEMPTS; i++)
		rc = add_commit(&record, &tree, &moved);
	if (rc == 0 && !moved)
		rc = error_set(err, ERROR_BUSY,
			       "other pushes were faster %d times in a row", ATTEMPTS);
	return rc;
}
