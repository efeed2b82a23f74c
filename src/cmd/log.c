/* cmd/log.c - `gitgate log`: verdicts and deployments, newest first. */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/log.h"
#include "doc/doc.h"

#define LINES_DEFAULT 20
#define OUTPUT_BYTES  ((size_t)64 << 20)

static int64_t entry_time(enum entry_kind kind, const struct node *row)
{
	int64_t ended = row_time(row, "ended_at");

	switch (kind) {
	case ENTRY_VERDICT:
		return row_time(row, "judged_at");
	case ENTRY_DEPLOYMENT:
		return ended ? ended : row_time(row, "queued_at");
	case ENTRY_CHANGE:
		return row_time(row, "updated_at");
	case ENTRY_UNKNOWN:
		break;
	}
	return 0;
}

int log_add(struct log *log, enum entry_kind kind, const struct node *row,
	    struct error *err)
{
	struct entry *entry = ARENA_PUSH(log->service.arena, &log->entries, &log->count,
					 &log->capacity);

	if (!entry)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*entry = (struct entry){ kind, entry_time(kind, row), row };
	return 0;
}

static int add_deployments(struct log *log, struct error *err)
{
	struct msg_query query = { .what = "deployments",
				   .target = log->target,
				   .repository = log->repository,
				   .limit = log->limit };
	const struct node *rows;

	int rc = service_list(&log->service, &query, &rows, NULL, err);
	for (size_t i = 0; rc == 0 && i < node_count(rows); i++)
		rc = log_add(log, ENTRY_DEPLOYMENT, node_item(rows, i), err);
	return rc;
}

static int add_verdicts(struct log *log, struct error *err)
{
	struct msg_query query = { .what = "verdicts",
				   .repository = log->repository,
				   .limit = log->limit };
	const struct node *rows;

	int rc = service_list(&log->service, &query, &rows, NULL, err);
	for (size_t i = 0; rc == 0 && i < node_count(rows); i++)
		rc = log_add(log, ENTRY_VERDICT, node_item(rows, i), err);
	return rc;
}

int log_add_verdicts(struct log *log, struct error *err)
{
	size_t deployments = log->count;
	uint64_t last = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < deployments; i++) {
		struct msg_query change = { .what = "changes" };
		struct msg_query verdict = { .what = "verdicts" };
		const struct node *row = NULL;
		change.id = row_number(log->entries[i].row, "change");
		if (change.id == 0 || change.id == last)
			continue;
		last = change.id;
		rc = service_first(&log->service, &change, &row, err);
		if (rc == 0)
			verdict.id = row_number(row, "verdict");
		if (rc == 0 && verdict.id)
			rc = service_first(&log->service, &verdict, &row, err);
		if (rc == 0 && verdict.id)
			rc = log_add(log, ENTRY_VERDICT, row, err);
		if (rc == ERROR_NOT_FOUND && !err->code)
			rc = 0; /* too old: it was pruned */
	}
	return rc;
}

/* Changes that have no verdict: they wait, or could not be judged. */
static int add_changes(struct log *log, struct error *err)
{
	struct msg_query query = { .what = "changes",
				   .repository = log->repository,
				   .limit = log->limit };
	const struct node *rows;

	int rc = service_list(&log->service, &query, &rows, NULL, err);
	for (size_t i = 0; rc == 0 && i < node_count(rows); i++) {
		const struct node *row = node_item(rows, i);
		if (row_number(row, "verdict") == 0)
			rc = log_add(log, ENTRY_CHANGE, row, err);
	}
	return rc;
}

static int newest_first(const void *a, const void *b)
{
	const struct entry *one = a;
	const struct entry *other = b;

	if (one->at != other->at)
		return one->at < other->at ? 1 : -1;
	/* Within one moment the deployment came after its verdict. */
	return one->kind == other->kind
		       ? (row_number(one->row, "id") < row_number(other->row, "id")
				  ? 1
				  : -1)
		       : (int)other->kind - (int)one->kind;
}

int log_collect(struct log *log, struct error *err)
{
	int rc = add_deployments(log, err);

	if (rc == 0)
		rc = log->target ? log_add_verdicts(log, err) : add_verdicts(log, err);
	if (rc == 0 && !log->target)
		rc = add_changes(log, err);
	if (rc == 0 && log->count)
		qsort(log->entries, log->count, sizeof(*log->entries), newest_first);
	if (log->count > log->limit)
		log->count = log->limit;
	return rc;
}

/* --- output --- */

const char *entry_kind_name(enum entry_kind kind)
{
	switch (kind) {
	case ENTRY_VERDICT:
		return "verdict";
	case ENTRY_DEPLOYMENT:
		return "deployment";
	case ENTRY_CHANGE:
		return "change";
	case ENTRY_UNKNOWN:
		break;
	}
	return "unknown";
}

enum entry_kind entry_kind_by_name(const char *name)
{
	for (int kind = ENTRY_VERDICT; kind <= ENTRY_CHANGE; kind++)
		if (strcmp(entry_kind_name((enum entry_kind)kind), name) == 0)
			return (enum entry_kind)kind;
	return ENTRY_UNKNOWN;
}

/* The first text of two that is there. */
static const char *either(const char *first, const char *second)
{
	return first ? first : second ? second : "";
}

static const char *verdict_text(struct arena *arena, const struct node *row)
{
	unsigned long long commits = row_number(row, "commits");
	unsigned long long errors = row_number(row, "errors");
	unsigned long long warnings = row_number(row, "warnings");

	if (row_text(row, "reason"))
		return row_text(row, "reason");
	return arena_printf(arena, "commits %llu, errors %llu, warnings %llu", commits,
			    errors, warnings);
}

void log_line(const struct log *log, struct table *table, const struct entry *entry)
{
	struct arena *arena = log->service.arena;
	const struct node *row = entry->row;
	char when[CLOCK_TEXT_BYTES];
	const char *state = either(row_text(row, "state"), row_text(row, "result"));
	const char *where = row_text(row, "repository");
	const char *what = row_text(row, "ref");
	const char *text = row_text(row, "reason");

	clock_format(entry->at, 0, when);
	if (entry->kind == ENTRY_VERDICT)
		text = verdict_text(arena, row);
	if (entry->kind == ENTRY_DEPLOYMENT) {
		const char *actor = row_text(row, "actor");
		where = row_text(row, "target");
		what = arena_printf(arena, "generation %llu",
				    (unsigned long long)row_number(row, "generation"));
		text = arena_printf(arena, "%s%s%s%s%s",
				    either(row_text(row, "cause"), NULL),
				    actor ? " by " : "", actor ? actor : "",
				    text ? ": " : "", text ? text : "");
	}
	table_add(table, TONE_FAINT, when);
	table_add(table, TONE_PLAIN, entry_kind_name(entry->kind));
	table_add(table, TONE_STRONG, where);
	table_add(table, TONE_PLAIN, what);
	table_add(table, TONE_PLAIN,
		  row_short(row, entry->kind == ENTRY_CHANGE ? "new" : "commit"));
	table_add(table, state_tone(state), state);
	table_add(table, TONE_PLAIN, text);
}

void log_headings(struct table *table)
{
	static const char *const headings[LOG_COLUMNS] = { "WHEN", "WHAT",   "WHERE",
							   "REF",  "COMMIT", "STATE",
							   "TEXT" };

	for (size_t i = 0; i < LOG_COLUMNS; i++)
		table_add(table, TONE_FAINT, headings[i]);
}

static void write_text(const struct log *log, struct buf *out)
{
	struct table table;

	if (log->service.store)
		buf_add_string(out, "(the service is not running)\n");
	if (log->count == 0) {
		buf_add_string(out, "nothing was judged or deployed yet\n");
		return;
	}
	table_init(&table, log->service.arena, LOG_COLUMNS);
	log_headings(&table);
	for (size_t i = 0; i < log->count; i++)
		log_line(log, &table, &log->entries[i]);
	table_write(&table, log->colour, "", out);
}

void log_json(struct json *json, const struct entry *entry)
{
	json_object(json);
	json_put_string(json, "kind", entry_kind_name(entry->kind));
	json_key(json, "row");
	json_node(json, entry->row);
	json_object_end(json);
}

static void write_json(const struct log *log, struct buf *out)
{
	struct json json;

	json_begin(&json, out);
	json_object(&json);
	json_key(&json, "items");
	json_array(&json);
	for (size_t i = 0; i < log->count; i++)
		log_json(&json, &log->entries[i]);
	json_array_end(&json);
	json_object_end(&json);
	buf_add_byte(out, '\n');
}

static int show(struct log *log)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT(OUTPUT_BYTES);

	int rc = log_collect(log, &err);
	if (rc == 0 && log->json)
		write_json(log, &out);
	else if (rc == 0)
		write_text(log, &out);
	rc = rc == 0 ? cmd_write(&out) : cmd_fail(&err);
	buf_release(&out);
	return rc;
}

/* Whoever follows may want only what comes. */
static int read_limit(struct log *log, const char *text, bool follow)
{
	uint64_t least = follow ? 0 : 1;

	log->limit = LINES_DEFAULT;
	if (text && (text_parse_u64(text, &log->limit) != 0 || log->limit < least ||
		     log->limit > LOG_LINES_MAX))
		return cmd_usage("log", "--limit takes a number from %d to %d",
				 (int)least, LOG_LINES_MAX);
	return 0;
}

int cmd_log(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct log log = { .colour = cmd_colour(STDOUT_FILENO) };
	const char *config = CMD_CONFIG_FILE, *socket = NULL, *limit = NULL;
	bool follow = false;
	const struct cmd_option options[] = {
		{ "target", 't', "NAME", "only of this target", &log.target, NULL },
		{ "repository", 'r', "NAME", "only of this repository", &log.repository,
		  NULL },
		{ "limit", 'n', "NUMBER", "how many lines (20)", &limit, NULL },
		{ "follow", 'f', NULL, "then each one as it happens", NULL, &follow },
		{ "json", 0, NULL, "rows as the API gives them", NULL, &log.json },
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &config, NULL },
		{ "socket", 0, "PATH", "the service's local socket", &socket, NULL },
	};
	int operands;

	int rc = cmd_parse(argc, argv, "log", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	if (operands < argc)
		return cmd_usage("log", "unexpected argument '%s'", argv[operands]);
	rc = read_limit(&log, limit, follow);
	if (rc != 0)
		return rc;
	rc = service_open(&log.service, socket, config, !follow, &err);
	if (rc != 0)
		rc = cmd_fail(&err);
	else
		rc = follow ? log_follow(&log) : show(&log);
	service_close(&log.service);
	return rc;
}
