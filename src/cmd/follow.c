/* cmd/follow.c - `gitgate log --follow`: server-sent events of the local socket, as the
 * lines of the log.
 *
 * At every connection the lists are read once, and what was not shown yet is: so
 * nothing is lost while the service is away, nor when it kept fewer events than were
 * missed. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/log.h"
#include "cmd/stream.h"
#include "doc/doc.h"
#include "net/local.h"

#define OUTPUT_BYTES ((size_t)64 << 20)
#define PATH_BYTES   128
#define STATE_BYTES  16
#define REMEMBERED   2048 /* more than the lists' three times 200 rows */
#define PAUSE_FIRST  100  /* ms, between connections */
#define PAUSE_LAST   3200

struct shown {
	enum entry_kind kind;
	uint64_t id;
	bool ended;
	char state[STATE_BYTES]; /* a deployment is told of more than once */
};

struct follow {
	struct log *log;
	struct stream stream;
	bool headed;    /* the headings are written */
	bool connected; /* this connection has spoken */
	int64_t since;  /* before it everything is told; 0: nothing is */
	struct shown shown[REMEMBERED]; /* a ring */
	size_t shown_next;
	size_t widths[LOG_COLUMNS];
	int code; /* of the end: it cannot go on */
	struct error *err;
};

/* --- what was shown --- */

static struct shown shown_of(const struct entry *entry)
{
	struct shown shown = { .kind = entry->kind,
			       .id = row_number(entry->row, "id"),
			       .ended = row_time(entry->row, "ended_at") != 0 };
	const char *state = row_text(entry->row, "state");

	if (state)
		snprintf(shown.state, sizeof(shown.state), "%s", state);
	return shown;
}

/* That, or its end: the lists know how things stand before the events that led there
 * are told. */
static bool was_shown(const struct follow *follow, const struct entry *entry)
{
	struct shown shown = shown_of(entry);

	for (size_t i = 0; i < REMEMBERED; i++)
		if (follow->shown[i].kind == shown.kind &&
		    follow->shown[i].id == shown.id &&
		    ((follow->shown[i].ended && !shown.ended) ||
		     strcmp(follow->shown[i].state, shown.state) == 0))
			return true;
	return false;
}

static void remember(struct follow *follow, const struct entry *entry)
{
	follow->shown[follow->shown_next++ % REMEMBERED] = shown_of(entry);
}

/* --- output --- */

static void start_table(struct follow *follow, struct table *table)
{
	static const size_t least[LOG_COLUMNS] = { 20, 10, 8, 15, 10, 10, 0 };

	table_init(table, follow->log->service.arena, LOG_COLUMNS);
	memcpy(table->widths, follow->headed ? follow->widths : least,
	       sizeof(follow->widths));
	table->headless = follow->headed;
	if (!follow->headed)
		log_headings(table);
	follow->headed = true;
}

static void write_text(struct follow *follow, size_t count, struct buf *out)
{
	struct log *log = follow->log;
	struct table table;

	start_table(follow, &table);
	for (size_t i = count; i > 0; i--)
		log_line(log, &table, &log->entries[i - 1]);
	table_write(&table, log->colour, "", out);
	memcpy(follow->widths, table.widths, sizeof(follow->widths));
}

static void write_json(const struct follow *follow, size_t count, struct buf *out)
{
	struct json json;

	for (size_t i = count; i > 0; i--) {
		json_begin(&json, out);
		log_json(&json, &follow->log->entries[i - 1]);
		buf_add_byte(out, '\n');
	}
}

/* The first `count` entries, the last of them first, in one piece. */
static int write_entries(struct follow *follow, size_t count)
{
	struct buf out = BUF_INIT(OUTPUT_BYTES);

	for (size_t i = count; i > 0; i--)
		remember(follow, &follow->log->entries[i - 1]);
	if (follow->log->json)
		write_json(follow, count, &out);
	else
		write_text(follow, count, &out);
	follow->code = out.length ? cmd_write(&out) : 0;
	buf_release(&out);
	return follow->code ? ERROR_IO : 0;
}

/* --- catching up --- */

static int forget_entries(struct log *log, struct error *err)
{
	log->entries = NULL;
	log->count = log->capacity = 0;
	return service_forget(&log->service, err);
}

/* Of the entries: those that are new. */
static void keep_new(struct follow *follow)
{
	struct log *log = follow->log;
	size_t kept = 0;

	for (size_t i = 0; i < log->count; i++)
		if (log->entries[i].at >= follow->since &&
		    !was_shown(follow, &log->entries[i]))
			log->entries[kept++] = log->entries[i];
	log->count = kept;
}

static int show_first(struct follow *follow)
{
	struct log *log = follow->log;
	size_t count = log->count < log->limit ? log->count : (size_t)log->limit;

	/* Those that nobody asked for are told as well. */
	for (size_t i = log->count; i > count; i--)
		remember(follow, &log->entries[i - 1]);
	return write_entries(follow, count);
}

static int show_missed(struct follow *follow)
{
	struct log *log = follow->log;
	size_t count = log->count;

	keep_new(follow);
	if (count == LOG_LINES_MAX && log->count == count)
		fputs("gitgate: more was missed than is shown: see gitgate log\n",
		      stderr);
	return log->count ? write_entries(follow, log->count) : 0;
}

static int catch_up(struct follow *follow, struct error *err)
{
	struct log *log = follow->log;
	bool first = !follow->headed;
	uint64_t limit = log->limit;

	int rc = forget_entries(log, err);
	if (rc != 0)
		return rc;
	log->limit = first ? (limit ? limit : 1) : LOG_LINES_MAX;
	rc = log_collect(log, err);
	log->limit = limit;
	if (rc != 0)
		return rc;
	int64_t newest = log->count ? log->entries[0].at : 0;
	rc = first ? show_first(follow) : show_missed(follow);
	follow->headed = true;
	if (rc == 0 && newest > follow->since)
		follow->since = newest;
	return rc;
}

/* --- one event --- */

static bool is_named(const struct node *row, const char *key, const char *name)
{
	const char *text = row_text(row, key);

	return text && strcmp(text, name) == 0;
}

/* Whether a deployment came from the repository that is asked for: only the service
 * knows. 1: it did. */
static int is_of_repository(struct log *log, const struct node *row, struct error *err)
{
	struct msg_query query = { .what = "deployments",
				   .id = row_number(row, "id"),
				   .repository = log->repository };
	const struct node *found;

	int rc = service_first(&log->service, &query, &found, err);
	if (rc == ERROR_NOT_FOUND && !err->code)
		return 0;
	return rc == 0 ? 1 : rc;
}

/* 1: the filters let it through; 0: not. */
static int passes(struct log *log, enum entry_kind kind, const struct node *row,
		  struct error *err)
{
	if (kind != ENTRY_DEPLOYMENT)
		return !log->target && (!log->repository ||
					is_named(row, "repository", log->repository));
	if (log->target && !is_named(row, "target", log->target))
		return 0;
	return log->repository ? is_of_repository(log, row, err) : 1;
}

static int show_event(struct follow *follow, enum entry_kind kind,
		      const struct node *row, struct error *err)
{
	struct log *log = follow->log;

	int rc = passes(log, kind, row, err);
	if (rc != 1)
		return rc;
	rc = log_add(log, kind, row, err);
	if (rc == 0 && log->target)
		rc = log_add_verdicts(log, err);
	if (rc != 0)
		return rc;
	size_t kept = 0;
	for (size_t i = 0; i < log->count; i++)
		if (!was_shown(follow, &log->entries[i]))
			log->entries[kept++] = log->entries[i];
	log->count = kept;
	return kept ? write_entries(follow, kept) : 0;
}

static int take_event(void *owner, const struct stream_event *event, struct error *err)
{
	struct follow *follow = owner;
	enum entry_kind kind = entry_kind_by_name(event->kind);
	const struct node *root;

	if (strcmp(event->kind, "gap") == 0)
		return catch_up(follow, err);
	if (kind == ENTRY_UNKNOWN)
		return 0;
	int rc = forget_entries(follow->log, err);
	if (rc == 0)
		rc = service_parse(&follow->log->service, event->data, event->length,
				   &root, err);
	return rc == 0 ? show_event(follow, kind, node_get(root, "row"), err) : rc;
}

static int take_piece(void *data, const char *bytes, size_t length)
{
	struct follow *follow = data;

	if (!follow->connected) {
		if (catch_up(follow, follow->err) != 0)
			return 1;
		follow->connected = true;
	}
	return stream_feed(&follow->stream, bytes, length, follow->err) != 0;
}

/* --- connections --- */

/* One connection, to its end. */
static int connect_once(struct follow *follow, struct error *err)
{
	char path[PATH_BYTES];
	int length = snprintf(path, sizeof(path), "/api/v1/events");

	if (follow->stream.last_id)
		snprintf(path + length, sizeof(path) - (size_t)length, "?after=%llu",
			 (unsigned long long)follow->stream.last_id);
	follow->connected = false;
	follow->err = err;
	stream_restart(&follow->stream);
	int rc = local_stream(follow->log->service.socket, path, take_piece, follow,
			      err);
	return rc == 0 ? err->code : rc;
}

/* Whether the service may only be starting again. */
static bool is_away(int code)
{
	return code == 0 || code == ERROR_NOT_FOUND || code == ERROR_CLOSED ||
	       code == ERROR_TIMEOUT || code == ERROR_BUSY;
}

static int follow_on(struct follow *follow)
{
	int pause = PAUSE_FIRST;

	for (;;) {
		struct error err = ERROR_INIT;
		int rc = connect_once(follow, &err);
		if (follow->code)
			return follow->code;
		if (!is_away(rc))
			return cmd_fail(&err);
		if (follow->connected)
			pause = PAUSE_FIRST;
		else if (pause == PAUSE_FIRST)
			fputs("gitgate: the service is away; waiting for it\n", stderr);
		poll(NULL, 0, pause);
		if (!follow->connected && pause < PAUSE_LAST)
			pause *= 2;
	}
}

/* Every line is written whole, so the end may come at any time. */
static void end_well(int number)
{
	(void)number;
	_exit(0);
}

int log_follow(struct log *log)
{
	struct sigaction action = { .sa_handler = end_well };
	struct follow *follow = calloc(1, sizeof(*follow));
	struct error err = ERROR_INIT;

	if (!follow) {
		error_set(&err, ERROR_MEMORY, "out of memory");
		return cmd_fail(&err);
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	follow->log = log;
	stream_init(&follow->stream, take_event, follow);
	int code = follow_on(follow);
	stream_release(&follow->stream);
	free(follow);
	return code;
}
