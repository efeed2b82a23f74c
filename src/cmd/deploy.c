/* cmd/deploy.c - `gitgate deploy`: bring a target to a commit that passed. */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "cmd/request.h"
#include "doc/doc.h"

#define DIGITS_MIN 4
#define PAGES_MAX  25 /* of 200 verdicts: how far back a short id is looked for */

struct search {
	const char *prefix;
	char found[OID_HEX_BYTES];
	char other[OID_HEX_BYTES]; /* a second commit that begins so, or "" */
};

static void look_at(struct search *search, const char *commit)
{
	if (!commit || strncmp(commit, search->prefix, strlen(search->prefix)) != 0 ||
	    strlen(commit) >= OID_HEX_BYTES || strcmp(commit, search->found) == 0)
		return;
	char *place = search->found[0] ? search->other : search->found;
	memcpy(place, commit, strlen(commit) + 1);
}

/* All digits of a commit of which the first are given, from the verdicts that passed.
 */
static int find_commit(struct request *request, struct search *search,
		       struct error *err)
{
	struct msg_query query = { .what = "verdicts", .state = "pass", .limit = 200 };

	for (int page = 0; page < PAGES_MAX; page++) {
		const struct node *rows;
		int rc = service_list(&request->service, &query, &rows, &query.before,
				      err);
		if (rc != 0)
			return rc;
		for (size_t i = 0; i < node_count(rows); i++)
			look_at(search, row_text(node_item(rows, i), "commit"));
		if (query.before == 0)
			break;
	}
	if (search->other[0])
		return error_set(err, ERROR_USAGE,
				 "'%s' is short for %s and %s; give more digits",
				 search->prefix, search->found, search->other);
	if (!search->found[0])
		return error_set(err, ERROR_DENIED,
				 "no commit that passed begins with '%s'",
				 search->prefix);
	return 0;
}

static int resolve(struct request *request, const char *given, struct search *search,
		   struct error *err)
{
	size_t length = strlen(given);
	struct oid id;

	search->prefix = given;
	if (oid_parse(given, length, &id) == 0) {
		memcpy(search->found, given, length + 1);
		return 0;
	}
	if (length < DIGITS_MIN || length >= OID_HEX_BYTES ||
	    given[strspn(given, "0123456789abcdef")])
		return error_set(err, ERROR_USAGE,
				 "'%s' is not a commit's id: at least %d digits 0-9 "
				 "and a-f",
				 given, DIGITS_MIN);
	return find_commit(request, search, err);
}

static int ask(struct request *request, const char *commit, bool release, uint64_t *id,
	       struct error *err)
{
	struct search search = { .prefix = NULL };
	struct buf body = BUF_INIT(65536);
	const struct node *answer;
	struct json json;

	int rc = commit ? resolve(request, commit, &search, err) : 0;
	json_begin(&json, &body);
	json_object(&json);
	if (commit)
		json_put_string(&json, "commit", search.found);
	if (request->reason)
		json_put_string(&json, "reason", request->reason);
	if (release)
		json_put_boolean(&json, "release", true);
	json_object_end(&json);
	if (rc == 0)
		rc = service_command(&request->service, request->target, "deploy",
				     &body, &answer, err);
	if (rc == 0)
		*id = row_number(answer, "id");
	buf_release(&body);
	return rc;
}

int cmd_deploy(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct request request = REQUEST_INIT;
	bool release = false;
	const struct cmd_option options[] = {
		{ "release", 0, NULL, "also when the commit is quarantined", NULL,
		  &release },
		REQUEST_OPTIONS(&request),
		REQUEST_WAIT_OPTIONS(&request),
	};
	uint64_t id = 0;
	int operands;

	int rc = cmd_parse(argc, argv, "deploy", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	if (argc - operands < 1 || argc - operands > 2)
		return cmd_usage("deploy", "one target, and perhaps a commit");
	request.target = argv[operands];
	const char *commit = argc - operands == 2 ? argv[operands + 1] : NULL;
	rc = service_open(&request.service, request.socket, request.config, false,
			  &err);
	if (rc == 0)
		rc = ask(&request, commit, release, &id, &err);
	if (rc != 0)
		rc = request_fail(&err);
	else if (!request.no_wait)
		rc = request_wait(&request, id);
	service_close(&request.service);
	return rc;
}
