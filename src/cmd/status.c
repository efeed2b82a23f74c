/* cmd/status.c - `gitgate status`: what is judged, deployed, waiting. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/details.h"
#include "cmd/service.h"
#include "cmd/table.h"
#include "doc/doc.h"

#define OUTPUT_BYTES ((size_t)64 << 20)

/* --- targets --- */

/* In one word; `newest` is its newest deployment or NULL. */
static const char *target_state(const struct node *target, const struct node *newest)
{
	const char *state = row_text(newest, "state");

	if (row_text(target, "held"))
		return "held";
	if (row_flag(target, "suspended"))
		return "suspended";
	if (row_flag(target, "drifted"))
		return "drifted";
	if (!state)
		return "empty";
	bool settled = strcmp(state, "deployed") == 0 ||
		       strcmp(state, "superseded") == 0 ||
		       strcmp(state, "cancelled") == 0;
	return settled ? row_number(target, "deployment") ? "live" : "empty" : state;
}

static const char *target_notes(struct status *status, const struct node *target,
				const struct node *newest)
{
	struct arena *arena = status->service.arena;
	size_t bad = quarantine_count(status, row_text(target, "name"));
	const char *held = row_text(target, "held");
	const char *drift = row_text(target, "drift");
	const char *reason = row_text(newest, "reason");
	const char *state = row_text(newest, "state");
	bool troubled = state && (strcmp(state, "failed") == 0 ||
				  strcmp(state, "in-doubt") == 0);
	const char *parts[] = {
		held,
		row_flag(target, "drifted") ? (drift ? drift : "differs") : NULL,
		troubled ? reason : NULL,
		bad ? arena_printf(arena, "%zu quarantined", bad) : NULL,
	};
	const char *notes = "";
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i] && notes)
			notes = arena_printf(arena, "%s%s%s", notes, *notes ? "; " : "",
					     parts[i]);
	return notes;
}

static int add_target(struct status *status, struct table *table,
		      const struct node *target, struct error *err)
{
	const struct node *newest = NULL;
	const struct node *live = NULL;
	struct msg_query of_target = { .what = "deployments",
				       .target = row_text(target, "name"),
				       .limit = 1 };
	struct msg_query of_id = { .what = "deployments",
				   .id = row_number(target, "deployment") };

	int rc = service_first(&status->service, &of_target, &newest, err);
	if (rc == 0 && of_id.id)
		rc = service_first(&status->service, &of_id, &live, err);
	if (rc != 0 && err->code)
		return rc;
	const char *state = target_state(target, newest);
	table_add(table, TONE_STRONG, row_text(target, "name"));
	table_add(table, state_tone(state), state);
	table_add(table, TONE_PLAIN, row_short(target, "commit"));
	table_addf(table, TONE_PLAIN, "%llu",
		   (unsigned long long)row_number(target, "generation"));
	table_add(table, TONE_PLAIN,
		  live ? age_text(status->service.arena, row_time(live, "ended_at"))
		       : NULL);
	table_add(table, TONE_PLAIN, target_notes(status, target, newest));
	return 0;
}

static int write_targets(struct status *status, struct buf *out, struct error *err)
{
	static const char *const headings[] = { "TARGET",     "STATE", "COMMIT",
						"GENERATION", "SINCE", "NOTES" };
	struct table table;

	table_init(&table, status->service.arena, 6);
	for (size_t i = 0; i < 6; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(status->targets); i++) {
		int rc = add_target(status, &table, node_item(status->targets, i), err);
		if (rc != 0)
			return rc;
	}
	if (node_count(status->targets))
		table_write(&table, status->colour, "", out);
	else
		buf_add_string(out, "no targets are configured\n");
	return 0;
}

/* --- repositories --- */

static int add_repository(struct status *status, struct table *table,
			  const struct node *row, struct error *err)
{
	struct arena *arena = status->service.arena;
	struct msg_query query = { .what = "verdicts",
				   .repository = row_text(row, "name"),
				   .limit = 1 };
	const struct node *verdict = NULL;

	int rc = service_first(&status->service, &query, &verdict, err);
	if (rc != 0 && err->code)
		return rc;
	const char *result = row_text(verdict, "result");
	table_add(table, TONE_STRONG, row_text(row, "name"));
	table_add(table, TONE_PLAIN, row_text(row, "head"));
	table_add(table, TONE_PLAIN, age_text(arena, row_time(row, "fetched_at")));
	table_add(table, state_tone(result),
		  result ? arena_printf(arena, "%s %s", result,
					row_short(verdict, "commit"))
			 : NULL);
	table_add(table, TONE_BAD, row_text(row, "problem"));
	return 0;
}

static int write_repositories(struct status *status, struct buf *out, struct error *err)
{
	static const char *const headings[] = { "REPOSITORY", "HEAD", "FETCHED",
						"VERDICT", "PROBLEM" };
	struct table table;

	table_init(&table, status->service.arena, 5);
	for (size_t i = 0; i < 5; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(status->repositories); i++) {
		int rc = add_repository(status, &table,
					node_item(status->repositories, i), err);
		if (rc != 0)
			return rc;
	}
	if (node_count(status->repositories))
		table_write(&table, status->colour, "", out);
	else
		buf_add_string(out, "no repositories are configured\n");
	return 0;
}

/* --- sources --- */

/* "12 left", "until it says more: 3m": what the forge said of its limits. */
static const char *limit_text(struct arena *arena, const struct node *row)
{
	char wait[CLOCK_TEXT_BYTES];
	int64_t left = row_time(row, "retry_at") - clock_now();
	const char *remaining = node_text(node_get(row, "remaining"), NULL);

	if (left > 0) {
		duration_format(left - left % CLOCK_SECOND + CLOCK_SECOND, wait);
		return arena_printf(arena, "waits %s", wait);
	}
	return remaining && *remaining != '-' && row_time(row, "api_at")
		       ? arena_printf(arena, "%s left", remaining)
		       : NULL;
}

static void write_sources(const struct status *status, struct buf *out)
{
	static const char *const headings[] = { "SOURCE", "KIND",  "DELIVERIES", "LAST",
						"ASKED",  "LIMIT", "PROBLEM" };
	struct arena *arena = status->service.arena;
	struct table table;

	table_init(&table, arena, 7);
	for (size_t i = 0; i < 7; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(status->sources); i++) {
		const struct node *row = node_item(status->sources, i);
		bool waits = row_time(row, "retry_at") > clock_now();
		table_add(&table, TONE_STRONG, row_text(row, "name"));
		table_add(&table, TONE_PLAIN, row_text(row, "kind"));
		table_addf(&table, TONE_PLAIN, "%llu",
			   (unsigned long long)row_number(row, "deliveries"));
		table_add(&table, TONE_PLAIN,
			  age_text(arena, row_time(row, "last_delivery_at")));
		table_add(&table, TONE_PLAIN, age_text(arena, row_time(row, "api_at")));
		table_add(&table, waits ? TONE_WARN : TONE_PLAIN,
			  limit_text(arena, row));
		table_add(&table, TONE_BAD, row_text(row, "problem"));
	}
	buf_add_byte(out, '\n');
	table_write(&table, status->colour, "", out);
}

/* --- the command --- */

static int read_overview(struct status *status, struct error *err)
{
	struct msg_query targets = { .what = "targets" };
	struct msg_query repositories = { .what = "repositories" };
	struct msg_query quarantine = { .what = "quarantine" };
	struct msg_query sources = { .what = "sources" };

	int rc = service_list(&status->service, &targets, &status->targets, NULL, err);
	if (rc == 0)
		rc = service_list(&status->service, &repositories,
				  &status->repositories, NULL, err);
	if (rc == 0)
		rc = service_list(&status->service, &quarantine, &status->quarantine,
				  NULL, err);
	if (rc == 0)
		rc = service_list(&status->service, &sources, &status->sources, NULL,
				  err);
	return rc;
}

static int write_overview(struct status *status, struct buf *out, struct error *err)
{
	struct json json;

	if (!status->json) {
		int rc = write_targets(status, out, err);
		buf_add_byte(out, '\n');
		if (rc == 0)
			rc = write_repositories(status, out, err);
		if (rc == 0 && node_count(status->sources))
			write_sources(status, out);
		return rc;
	}
	json_begin(&json, out);
	json_object(&json);
	json_put_boolean(&json, "running", status->service.store == NULL);
	json_key(&json, "targets");
	json_node(&json, status->targets);
	json_key(&json, "repositories");
	json_node(&json, status->repositories);
	json_key(&json, "quarantine");
	json_node(&json, status->quarantine);
	json_key(&json, "sources");
	json_node(&json, status->sources);
	json_object_end(&json);
	buf_add_byte(out, '\n');
	return 0;
}

static int work(struct status *status, const char *name, struct buf *out,
		struct error *err)
{
	int rc = read_overview(status, err);

	if (rc != 0)
		return rc;
	if (status->service.store && !status->json)
		buf_add_string(out, "(the service is not running)\n");
	return name ? details_write(status, name, out, err)
		    : write_overview(status, out, err);
}

int cmd_status(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct status status = { .colour = cmd_colour(1) };
	const char *config = CMD_CONFIG_FILE;
	const char *socket = NULL;
	const struct cmd_option options[] = {
		{ "json", 0, NULL, "rows as the API gives them", NULL, &status.json },
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &config, NULL },
		{ "socket", 0, "PATH", "the service's local socket", &socket, NULL },
	};
	struct buf out = BUF_INIT(OUTPUT_BYTES);
	int operands;

	int rc = cmd_parse(argc, argv, "status", options, 3, &operands);
	if (rc != 0)
		return rc - 1;
	if (argc - operands > 1)
		return cmd_usage("status", "one name, not also '%s'",
				 argv[operands + 1]);
	status.config = config;
	rc = service_open(&status.service, socket, config, true, &err);
	if (rc == 0)
		rc = work(&status, operands < argc ? argv[operands] : NULL, &out, &err);
	rc = rc == 0 ? cmd_write(&out) : cmd_fail(&err);
	service_close(&status.service);
	buf_release(&out);
	return rc;
}
