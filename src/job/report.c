/* job/report.c - tells one forge rows of the outbox, and asks it. */
#include "job/report.h"

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "forge/forge.h"
#include "ipc/message.h"
#include "job/lookup.h"

#define REQUEST_BYTES    ((size_t)64 << 20)
#define ITEM_BYTES       ((size_t)64 << 20) /* what one item's replies may need */
#define MOST_ITEMS       1000
#define MOST_UNREACHABLE 2 /* in a row: then the forge is taken to be away */

struct report_entry {
	const struct msg_report_item *item; /* or */
	const struct msg_lookup_item *lookup;
	struct msg_finding_row *findings;
	size_t finding_count;
	size_t finding_capacity;
};

struct report {
	struct channel *channel;
	struct arena *arena; /* of the request */
	const struct msg_forge_session *session;
	struct report_entry *entries;
	size_t count;
	size_t capacity;
	struct forge *forge; /* NULL: it could not be opened */
	/* Once set, nothing more is posted. */
	struct error ended;
	int64_t retry_at;
	unsigned int unreachable;
};

/* --- the request --- */

static int take_item(struct report *report, const struct msg_report_item *item,
		     const struct msg_lookup_item *lookup, struct error *err)
{
	struct report_entry *entry =
		report->count < MOST_ITEMS
			? ARENA_PUSH(report->arena, &report->entries, &report->count,
				     &report->capacity)
			: NULL;
	if (entry == NULL)
		return error_set(err, ERROR_MEMORY, "a request of too many items");
	entry->item = item;
	entry->lookup = lookup;
	return 0;
}

static int take_finding(struct report *report, const struct msg_finding_row *finding,
			struct error *err)
{
	if (report->count == 0 || report->entries[report->count - 1].item == NULL)
		return error_set(err, ERROR_MESSAGE, "a finding of no item");
	struct report_entry *entry = &report->entries[report->count - 1];
	struct msg_finding_row *kept =
		ARENA_PUSH(report->arena, &entry->findings, &entry->finding_count,
			   &entry->finding_capacity);
	if (kept == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a request");
	*kept = *finding;
	return 0;
}

/* 1 at its end, 0 when more is to come. */
static int take_message(struct report *report, struct error *err)
{
	enum message_type type;
	void *message;
	int code = channel_receive(report->channel, report->arena, &type, &message,
				   NULL, err);
	if (code != 1)
		return code;
	if (report->session == NULL) {
		report->session = message;
		return type == MESSAGE_forge_session ? 0
						     : error_set(err, ERROR_MESSAGE,
								 "no session begins "
								 "the request");
	}
	if (type == MESSAGE_report_item)
		return take_item(report, message, NULL, err);
	if (type == MESSAGE_lookup_item)
		return take_item(report, NULL, message, err);
	if (type == MESSAGE_finding_row)
		return take_finding(report, message, err);
	return type == MESSAGE_done ? 1
				    : error_set(err, ERROR_MESSAGE,
						"a message that is not of a request");
}

/* --- posting --- */

/* Whether what came of one says that the others need not be tried. */
static void judge(struct report *report, int code, const struct error *err,
		  int64_t retry_at)
{
	bool away = code == ERROR_NETWORK || code == ERROR_TIMEOUT;
	report->unreachable = away ? report->unreachable + 1 : 0;
	if (code != ERROR_RATE_LIMITED && report->unreachable < MOST_UNREACHABLE)
		return;
	report->ended = *err;
	report->retry_at = retry_at;
}

static int post(struct report *report, const struct report_entry *entry,
		struct error *failed, int64_t *retry_at, struct error *err)
{
	struct arena *arena = arena_new(ITEM_BYTES);
	const char *forge_ref = entry->item->forge_ref;
	int code = arena != NULL ? forge_report(report->forge, entry->item,
						entry->findings, entry->finding_count,
						arena, &forge_ref, retry_at, failed)
				 : error_set(failed, ERROR_MEMORY,
					     "out of memory for a status");
	struct msg_reported reported = {
		.id = entry->item->id,
		.created_at = entry->item->created_at,
		.code = code,
		.text = code != 0 ? failed->text : NULL,
		.forge_ref = forge_ref,
		.retry_at = *retry_at,
	};
	code = channel_send(report->channel, MESSAGE_reported, &reported, NULL, 0, err);
	arena_free(arena);
	return code;
}

static int tell_ended(struct report *report, const struct report_entry *entry,
		      struct error *err)
{
	if (entry->lookup != NULL)
		return lookup_end(report->channel, entry->lookup, &report->ended,
				  report->retry_at, err);
	struct msg_reported reported = {
		.id = entry->item->id,
		.created_at = entry->item->created_at,
		.code = report->ended.code,
		.text = report->ended.text,
		.forge_ref = entry->item->forge_ref,
		.retry_at = report->retry_at,
		.untried = report->forge != NULL,
	};
	return channel_send(report->channel, MESSAGE_reported, &reported, NULL, 0, err);
}

static int answer(struct report *report, const struct report_entry *entry,
		  struct error *err)
{
	struct error failed = ERROR_INIT;
	int64_t retry_at = 0;
	if (report->ended.code != 0)
		return tell_ended(report, entry, err);
	int code = entry->lookup != NULL
			   ? lookup_answer(report->channel, report->forge,
					   entry->lookup, &failed, &retry_at, err)
			   : post(report, entry, &failed, &retry_at, err);
	judge(report, failed.code, &failed, retry_at);
	return code;
}

static int finish(struct report *report, struct error *err)
{
	static const struct msg_done done = { 0 };
	struct msg_forge_budget budget = { .remaining = -1 };
	if (report->forge != NULL)
		forge_budget(report->forge, &budget);
	int code = channel_send(report->channel, MESSAGE_forge_budget, &budget, NULL, 0,
				err);
	return code == 0 ? channel_send(report->channel, MESSAGE_done, &done, NULL, 0,
					err)
			 : code;
}

static int serve(struct report *report, struct error *err)
{
	int code = 0;
	while (code == 0)
		code = take_message(report, err);
	if (code != 1)
		return code;
	if (forge_open(&report->forge, report->session, &report->ended) != 0)
		report->forge = NULL;
	code = 0;
	for (size_t i = 0; code == 0 && i < report->count; i++)
		code = answer(report, &report->entries[i], err);
	return code == 0 ? finish(report, err) : code;
}

int job_report(struct channel *channel)
{
	struct error err = ERROR_INIT;
	struct report report = { .channel = channel,
				 .arena = arena_new(REQUEST_BYTES) };
	int code = report.arena != NULL ? serve(&report, &err) : ERROR_MEMORY;
	if (code != 0)
		log_error("reporting ended", LOG_E(&err));
	forge_close(report.forge);
	arena_free(report.arena);
	return code == 0 ? 0 : 1;
}
