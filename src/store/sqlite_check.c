/* store/sqlite_check.c - looks for damage: pages, references, the ledger, states that
 * cannot be. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/deployment.h"
#include "store/sql.h"
#include "store/sqlite.h"

/* How the integrity check tells that memory ended: as if the page were bad. 7 is
 * SQLITE_NOMEM. */
#define NO_MEMORY "error code=7"

struct report {
	struct store *store;
	void (*each)(void *data, const char *problem);
	void *data;
	int problems;
};

static void tell(struct report *report, const char *text)
{
	char line[512];
	text_escape_into(line, sizeof(line), text, strlen(text));
	report->problems++;
	if (report->each != NULL)
		report->each(report->data, line);
}

/* Damage that a question meets is a problem found; anything else ends the check. */
static int found_or_failed(struct report *report, int rc, const struct error *cause,
			   struct error *err)
{
	if (rc >= 0)
		return 0;
	if (rc != ERROR_STORE_DAMAGED && rc != ERROR_LEDGER)
		return error_set(err, rc, "%s", cause->text);
	tell(report, cause->text);
	return 0;
}

/* Asks and tells each answer as a line made of its first three columns. */
static int ask(struct report *report, const char *text, const char *what,
	       struct error *err)
{
	struct error cause = ERROR_INIT;
	struct sql sql = { .text = text };
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, report->store, &sql, &cause);
	if (rc == 0)
		rc = sql_next(&cursor);
	while (rc > 0) {
		size_t length;
		const char *bytes = sql_column_bytes(&cursor, 0, &length);
		char line[512];
		snprintf(line, sizeof(line), "%s %.*s", what, (int)length,
			 bytes != NULL ? bytes : "");
		if (strstr(line, NO_MEMORY) != NULL)
			rc = error_set(&cause, ERROR_MEMORY,
				       "cannot check the store: %s",
				       error_meaning(ERROR_MEMORY));
		else if (strcmp(line, "page: ok") != 0)
			tell(report, line);
		if (rc > 0)
			rc = sql_next(&cursor);
	}
	sql_close(&cursor);
	return found_or_failed(report, rc, &cause, err);
}

static int check_ledger(struct report *report, struct error *err)
{
	struct error cause = ERROR_INIT;
	uint64_t count = 0;
	int rc = store_ledger_check(report->store, &count, &cause);
	return found_or_failed(report, rc, &cause, err);
}

/* "open" is what the state says, and the state is one of model/deployment.def. */
static int check_states(struct report *report, struct error *err)
{
	struct error cause = ERROR_INIT;
	struct sql sql = { .text = "SELECT DISTINCT state, open FROM deployments" };
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, report->store, &sql, &cause);
	if (rc == 0)
		rc = sql_next(&cursor);
	while (rc > 0) {
		char name[64];
		size_t length;
		const char *bytes = sql_column_bytes(&cursor, 0, &length);
		snprintf(name, sizeof(name), "%.*s", (int)length,
			 bytes != NULL ? bytes : "");
		enum deployment_state state = deployment_state_by_name(name);
		bool open = sql_column_integer(&cursor, 1) != 0;
		char line[128];
		if (state == DEPLOYMENT_UNKNOWN) {
			snprintf(line, sizeof(line), "deployments in the state '%s'",
				 name);
			tell(report, line);
		} else if (deployment_state_is_terminal(state) == open) {
			snprintf(line, sizeof(line),
				 "deployments in the state '%s' counted as %s", name,
				 open ? "open" : "ended");
			tell(report, line);
		}
		rc = sql_next(&cursor);
	}
	sql_close(&cursor);
	return found_or_failed(report, rc, &cause, err);
}

static const struct {
	const char *text;
	const char *what;
} questions[] = {
	{ "PRAGMA integrity_check(100)", "page:" },
	{ "SELECT \"table\" || ' to ' || parent || ', row ' || coalesce(rowid, '?') "
	  "FROM pragma_foreign_key_check LIMIT 100",
	  "a reference to a row that is not there:" },
	{ "SELECT id FROM deliveries WHERE state NOT IN ('received', 'waiting', "
	  "'done', 'ignored', 'unreadable') LIMIT 100",
	  "a state that cannot be: delivery" },
	{ "SELECT id FROM deliveries WHERE state = 'received' AND (source IS NULL "
	  "OR NOT EXISTS (SELECT 1 FROM bodies WHERE delivery = id)) LIMIT 100",
	  "nothing to read: delivery" },
	{ "SELECT repository || ' ' || number FROM merge_requests WHERE seen > wanted "
	  "LIMIT 100",
	  "more was seen than was wanted: merge request" },
	{ "SELECT repository || ' ' || number FROM merge_requests "
	  "WHERE coalesce(state, '') NOT IN ('unknown', 'open', 'closed', 'merged') "
	  "LIMIT 100",
	  "a state that cannot be: merge request" },
	{ "SELECT repository || ' ' || number || ' by ' || reviewer FROM reviews "
	  "WHERE state NOT IN ('approved', 'changes-requested', 'commented', "
	  "'dismissed') LIMIT 100",
	  "a state that cannot be: review of merge request" },
	{ "SELECT id FROM outbox WHERE kind NOT IN ('status', 'comment') LIMIT 100",
	  "a kind that cannot be: row of the outbox" },
	{ "SELECT id FROM tokens WHERE length(digest) <> 32 LIMIT 100", "a digest that "
									"cannot be: "
									"token" },
	{ "SELECT id FROM verdicts WHERE result NOT IN ('pass', 'fail', 'unknown') "
	  "LIMIT 100",
	  "a result that cannot be: verdict" },
	{ "SELECT id FROM changes WHERE verdict <> 0 AND NOT EXISTS (SELECT 1 "
	  "FROM verdicts WHERE verdicts.id = changes.verdict) LIMIT 100",
	  "no verdict where one is named: change" },
	{ "SELECT name FROM targets WHERE given < generation OR given < (SELECT "
	  "max(generation) FROM deployments WHERE deployments.target = targets.name) "
	  "LIMIT 100",
	  "a generation above those that were given: target" },
};

int store_check(struct store *store, void (*each)(void *data, const char *problem),
		void *data, struct error *err)
{
	struct report report = { .store = store, .each = each, .data = data };
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(questions) / sizeof(questions[0]); i++)
		rc = ask(&report, questions[i].text, questions[i].what, err);
	if (rc == 0)
		rc = check_states(&report, err);
	if (rc == 0)
		rc = check_ledger(&report, err);
	return rc < 0 ? rc : report.problems;
}
