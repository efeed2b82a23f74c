/* cmd/deliveries.c - `gitgate deliveries`: webhooks and hints as they came, and what
 * was made of them. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/service.h"
#include "cmd/table.h"
#include "doc/doc.h"

#define LINES_DEFAULT 20
#define LINES_MAX     200
#define OUTPUT_BYTES  ((size_t)64 << 20)
#define PATH_BYTES    256
#define TIMEOUT       (30 * CLOCK_SECOND)

struct deliveries {
	struct service service;
	const char *config;
	const char *socket;
	const char *source;
	const char *repository;
	const char *state;
	const char *lines;
	bool json;
	bool colour;
};

/* --- one row in words --- */

static const char *event_text(struct arena *arena, const struct node *row)
{
	const char *event = row_text(row, "event");
	const char *type = row_text(row, "event_type");

	if (event && type && strcmp(event, type) != 0)
		return arena_printf(arena, "%s %s", event, type);
	return event ? event : type;
}

/* What it was worth: "push", "merge-request 7 opened". */
static const char *worth_text(struct arena *arena, const struct node *row)
{
	unsigned long long number = row_number(row, "number");
	const char *kind = row_text(row, "kind");
	const char *action = row_text(row, "action");

	if (!kind)
		return NULL;
	if (number)
		return arena_printf(arena, "%s %llu%s%s", kind, number,
				    action ? " " : "", action ? action : "");
	return action ? arena_printf(arena, "%s %s", kind, action) : kind;
}

/* --- the list --- */

static void write_table(const struct deliveries *deliveries, const struct node *rows,
			struct buf *out)
{
	static const char *const headings[] = {
		"ID", "WHEN", "SOURCE", "WORTH", "REPOSITORY", "REF", "STATE", "REASON"
	};
	struct arena *arena = deliveries->service.arena;
	struct table table;

	table_init(&table, arena, 8);
	for (size_t i = 0; i < 8; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(rows); i++) {
		const struct node *row = node_item(rows, i);
		const char *state = row_text(row, "state");
		const char *worth = worth_text(arena, row);
		char when[CLOCK_TEXT_BYTES];
		clock_format(row_time(row, "received_at"), 0, when);
		table_addf(&table, TONE_PLAIN, "%llu",
			   (unsigned long long)row_number(row, "id"));
		table_add(&table, TONE_FAINT, when);
		table_add(&table, TONE_STRONG, row_text(row, "source"));
		table_add(&table, TONE_PLAIN, worth ? worth : event_text(arena, row));
		table_add(&table, TONE_PLAIN, row_text(row, "repository"));
		table_add(&table, TONE_PLAIN, row_text(row, "ref"));
		table_add(&table, state_tone(state), state);
		table_add(&table, TONE_PLAIN, row_text(row, "reason"));
	}
	table_write(&table, deliveries->colour, "", out);
}

static void write_list(const struct deliveries *deliveries, const struct node *rows,
		       uint64_t next, struct buf *out)
{
	struct json json;

	if (deliveries->json) {
		json_begin(&json, out);
		json_object(&json);
		json_key(&json, "items");
		json_node(&json, rows);
		json_put_unsigned(&json, "next", next);
		json_object_end(&json);
		buf_add_byte(out, '\n');
		return;
	}
	if (deliveries->service.store)
		buf_add_string(out, "(the service is not running)\n");
	if (node_count(rows))
		write_table(deliveries, rows, out);
	else
		buf_add_string(out, "no deliveries\n");
}

static int read_lines(const char *text, uint64_t *out, struct error *err)
{
	*out = LINES_DEFAULT;
	if (text && (text_parse_u64(text, out) != 0 || *out == 0 || *out > LINES_MAX))
		return error_set(err, ERROR_USAGE,
				 "--lines takes a number from 1 to %d", LINES_MAX);
	return 0;
}

static int check_state(const char *state, struct error *err)
{
	static const char *const states[] = { "received", "waiting", "done", "ignored",
					      "unreadable" };
	const size_t count = sizeof(states) / sizeof(states[0]);

	for (size_t i = 0; state && i < count; i++)
		if (strcmp(states[i], state) == 0)
			return 0;
	const char *nearest = state ? text_nearest(state, states, count) : NULL;
	if (nearest)
		return error_set(err, ERROR_USAGE,
				 "unknown state '%s'; did you mean '%s'?", state,
				 nearest);
	return !state ? 0
		      : error_set(err, ERROR_USAGE,
				  "unknown state '%s': received, waiting, done, "
				  "ignored or unreadable",
				  state);
}

static int list(struct deliveries *deliveries, struct buf *out, struct error *err)
{
	struct msg_query query = { .what = "deliveries",
				   .source = deliveries->source,
				   .repository = deliveries->repository,
				   .state = deliveries->state };
	const struct node *rows;
	uint64_t next = 0;

	int rc = read_lines(deliveries->lines, &query.limit, err);
	if (rc == 0)
		rc = check_state(deliveries->state, err);
	if (rc == 0)
		rc = service_open(&deliveries->service, deliveries->socket,
				  deliveries->config, true, err);
	if (rc == 0)
		rc = service_list(&deliveries->service, &query, &rows, &next, err);
	if (rc == 0)
		write_list(deliveries, rows, next, out);
	return rc;
}

/* --- one --- */

static void write_line(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	buf_addf(out, "  %-12s ", key);
	text_escape_string(out, value);
	buf_add_byte(out, '\n');
}

static void write_count(struct buf *out, const char *key, uint64_t value)
{
	if (value)
		buf_addf(out, "  %-12s %llu\n", key, (unsigned long long)value);
}

static void write_state(const struct deliveries *deliveries, const char *state,
			struct buf *out)
{
	buf_addf(out, "  %-12s ", "state");
	tone_write(out, deliveries->colour, state_tone(state), state ? state : "-");
	buf_add_byte(out, '\n');
}

static void write_one(const struct deliveries *deliveries, const struct node *row,
		      struct buf *out)
{
	struct arena *arena = deliveries->service.arena;
	char when[CLOCK_TEXT_BYTES];

	clock_format(row_time(row, "received_at"), 1, when);
	buf_addf(out, "delivery %llu\n", (unsigned long long)row_number(row, "id"));
	write_line(out, "source", row_text(row, "source"));
	write_line(out, "event", event_text(arena, row));
	write_line(out, "forge's id", row_text(row, "forge_id"));
	write_line(out, "received",
		   arena_printf(arena, "%s, %s", when,
				age_text(arena, row_time(row, "received_at"))));
	write_count(out, "bytes", row_number(row, "bytes"));
	write_state(deliveries, row_text(row, "state"), out);
	write_line(out, "worth", worth_text(arena, row));
	write_line(out, "repository", row_text(row, "repository"));
	write_line(out, "ref", row_text(row, "ref"));
	write_line(out, "old", row_text(row, "old"));
	write_line(out, "new", row_text(row, "new"));
	write_line(out, "by", row_text(row, "pusher"));
	write_count(out, "merged", row_number(row, "merged"));
	write_count(out, "part of", row_number(row, "parent"));
	write_count(out, "attempts", row_number(row, "attempts"));
	write_line(out, "reason", row_text(row, "reason"));
}

static int show(struct deliveries *deliveries, uint64_t id, struct buf *out,
		struct error *err)
{
	struct msg_query query = { .what = "deliveries", .id = id };
	const struct node *row = NULL;
	struct json json;

	int rc = service_open(&deliveries->service, deliveries->socket,
			      deliveries->config, true, err);
	if (rc == 0)
		rc = service_first(&deliveries->service, &query, &row, err);
	if (rc == ERROR_NOT_FOUND && !err->code)
		return error_set(err, rc, "there is no delivery %llu",
				 (unsigned long long)id);
	if (rc != 0)
		return rc;
	if (deliveries->json) {
		json_begin(&json, out);
		json_node(&json, row);
		buf_add_byte(out, '\n');
		return 0;
	}
	if (deliveries->service.store)
		buf_add_string(out, "(the service is not running)\n");
	write_one(deliveries, row, out);
	return 0;
}

static int replay(struct deliveries *deliveries, uint64_t id, struct buf *out,
		  struct error *err)
{
	const struct node *answer;
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/api/v1/deliveries/%llu/replay",
		 (unsigned long long)id);
	int rc = service_open(&deliveries->service, deliveries->socket,
			      deliveries->config, false, err);
	if (rc == 0)
		rc = service_post(&deliveries->service, path, NULL, TIMEOUT, &answer,
				  err);
	if (rc == 0 && deliveries->json)
		buf_addf(out, "{\"id\":%llu}\n", (unsigned long long)id);
	else if (rc == 0)
		buf_addf(out, "delivery %llu is read again\n", (unsigned long long)id);
	return rc;
}

/* --- the command --- */

static int read_id(const char *text, uint64_t *out, struct error *err)
{
	if (text_parse_u64(text, out) == 0 && *out > 0 && *out <= INT64_MAX)
		return 0;
	return error_set(err, ERROR_USAGE,
			 "'%s' is not a delivery's id: a number, see gitgate "
			 "deliveries",
			 text);
}

static int work(struct deliveries *deliveries, const char *verb, const char *id,
		struct buf *out, struct error *err)
{
	uint64_t number = 0;

	int rc = id ? read_id(id, &number, err) : 0;
	if (rc != 0)
		return rc;
	if (strcmp(verb, "show") == 0)
		return show(deliveries, number, out, err);
	if (strcmp(verb, "replay") == 0)
		return replay(deliveries, number, out, err);
	return list(deliveries, out, err);
}

int cmd_deliveries(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct deliveries deliveries = { .config = CMD_CONFIG_FILE,
					 .colour = cmd_colour(STDOUT_FILENO) };
	const struct cmd_option options[] = {
		{ "source", 's', "NAME", "only of this source", &deliveries.source,
		  NULL },
		{ "repository", 'r', "NAME", "only of this repository",
		  &deliveries.repository, NULL },
		{ "state", 0, "STATE",
		  "only received, waiting, done, ignored or unreadable ones",
		  &deliveries.state, NULL },
		{ "lines", 'n', "NUMBER", "how many (20)", &deliveries.lines, NULL },
		{ "json", 0, NULL, "rows as the API gives them", NULL,
		  &deliveries.json },
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &deliveries.config, NULL },
		{ "socket", 0, "PATH", "the service's local socket", &deliveries.socket,
		  NULL },
	};
	struct buf out = BUF_INIT(OUTPUT_BYTES);
	int operands;

	int rc = cmd_parse(argc, argv, "deliveries", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	int count = argc - operands;
	const char *verb = count ? argv[operands] : "list";
	bool one = strcmp(verb, "show") == 0 || strcmp(verb, "replay") == 0;
	if ((!one && strcmp(verb, "list") != 0) || (one ? count != 2 : count > 1))
		return cmd_usage("deliveries", "show ID, replay ID, or nothing");
	if (one && (deliveries.source || deliveries.repository || deliveries.state ||
		    deliveries.lines))
		return cmd_usage("deliveries", "filters are for the list");
	rc = work(&deliveries, verb, one ? argv[operands + 1] : NULL, &out, &err);
	rc = rc == 0 ? cmd_write(&out) : cmd_fail(&err);
	service_close(&deliveries.service);
	buf_release(&out);
	return rc;
}
