/* control/requests.c - what intake asks: hints and queries; commands are in commands.c.
 * Answers go out after the round's commit. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/path.h"
#include "base/text.h"
#include "control/state.h"

#define ROWS_MAX 200

void answer_put(struct control *control, enum message_type type, const void *message)
{
	const struct message_row *row = message_row(type);
	struct answer *answer = arena_new_of(control->round, struct answer);

	if (!answer)
		abort(); /* the round is lost; nothing was answered */
	answer->type = type;
	answer->message = arena_copy(control->round, message, row->size);
	if (!answer->message)
		abort();
	*control->answers_end = answer;
	control->answers_end = &answer->next;
}

void answer_end(struct control *control, uint64_t request, int code, const char *text,
		uint64_t id, uint64_t next)
{
	struct msg_answer answer = {
		.request = request,
		.code = code,
		.text = arena_string(control->round, text),
		.id = id,
		.next = next,
	};
	answer_put(control, MESSAGE_answer, &answer);
}

void answer_fail(struct control *control, uint64_t request, const struct error *err)
{
	answer_end(control, request, err->code, err->text, 0, 0);
}

static bool owns(uint64_t uid, const char *path)
{
	struct stat status;

	return path && *path && stat(path, &status) == 0 && status.st_uid == uid;
}

/* --- hints --- */

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return a && b && *a && *b && stat(a, &one) == 0 && stat(b, &other) == 0 &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static const struct conf_repository_entry *find_repository(
	const struct control *control, const char *name, const char *path)
{
	if (name && *name)
		return config_repository(control->config, name);
	for (size_t i = 0; i < control->config->repository_count; i++)
		if (same_file(control->config->repositories[i].options.path, path))
			return &control->config->repositories[i];
	return NULL;
}

/* "<old> <new> <ref>"; a line that is not one is only a reason to look. */
static void read_moved_ref(const char *line, struct msg_delivery_row *row)
{
	size_t length = strcspn(line, " ");

	if (oid_parse(line, length, &row->old_id) == 0 && line[length] == ' ' &&
	    oid_parse(line + length + 1, length, &row->new_id) == 0 &&
	    line[2 * length + 1] == ' ')
		row->ref = line + 2 * length + 2;
}

static int add_deliveries(struct control *control, const struct msg_notify *notify,
			  const char *repository, uint64_t *id, struct error *err)
{
	int64_t now = clock_now();
	int64_t at = notify->at > 0 && notify->at <= now ? notify->at : now;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (i < notify->refs.count || i == 0); i++) {
		struct msg_delivery_row row = {
			.source = "local",
			.repository = repository,
			.pusher = notify->pusher,
			.received_at = at,
			.state = "waiting",
		};
		if (i < notify->refs.count)
			read_moved_ref(notify->refs.items[i], &row);
		rc = store_delivery_add(control->store, &row, id, err);
	}
	if (rc == 0)
		rc = store_repository_hint(control->store, repository, now, err);
	return rc;
}

static void take_notify(struct control *control, const struct msg_notify *notify)
{
	struct error err = ERROR_INIT;
	uint64_t id = 0;
	const struct conf_repository_entry *entry =
		find_repository(control, notify->repository, notify->path);
	bool may = entry && (rights_is_admin(control, notify->uid) ||
			     owns(notify->uid, entry->options.path));

	if (!entry)
		error_set(&err, ERROR_NOT_FOUND,
			  "no repository '%s' is configured: add it under "
			  "'repositories'",
			  notify->repository && *notify->repository ? notify->repository
								    : notify->path);
	else if (!may)
		error_set(&err, ERROR_PERMISSION,
			  "user %llu may not speak for repository '%s': its owner and "
			  "admins may",
			  (unsigned long long)notify->uid, entry->name);
	else if (control_write(control) == 0 &&
		 add_deliveries(control, notify, entry->name, &id, &err) == 0)
		schedule_hint(control, entry->name);
	metric_add(METRIC_HINTS, 1);
	if (err.code != 0)
		answer_fail(control, notify->request, &err);
	else
		answer_end(control, notify->request, 0, "stored", id, 0);
}

/* --- queries --- */

static int reply_rows(struct control *control, uint64_t request, enum message_type type,
		      const void *rows, size_t count, struct error *err)
{
	const struct message_row *shape = message_row(type);

	for (size_t i = 0; i < count; i++) {
		struct buf frame = BUF_INIT(limits_default.values[LIMIT_MESSAGE_BYTES]);
		int rc = message_encode(&frame, type,
					(const char *)rows + i * shape->size, err);
		char *copy =
			rc == 0 ? arena_copy(control->round, frame.data, frame.length)
				: NULL;
		struct msg_reply reply = { request, { copy, frame.length } };
		buf_release(&frame);
		if (rc != 0)
			return rc;
		if (!copy)
			return error_set(err, ERROR_MEMORY, "out of memory");
		answer_put(control, MESSAGE_reply, &reply);
	}
	return 0;
}

struct query_run {
	struct control *control;
	const struct msg_query *query;
	enum message_type type;
	void *rows;
	size_t count;
	uint64_t last; /* id of the last row; 0: the list is not paged */
};

#define CONTROL_STORE run->control->store, run->control->round

/* One function a kind of row: reads a page into `run`. */
#define PAGED(name, list, row, key)                                                    \
	static int query_##name(struct query_run *run, struct error *err)              \
	{                                                                              \
		struct msg_##row *rows = NULL;                                         \
		int rc = list(CONTROL_STORE, run->query, &rows, &run->count, err);     \
		run->type = MESSAGE_##row;                                             \
		run->rows = rows;                                                      \
		run->last = rc == 0 && run->count ? rows[run->count - 1].key : 0;      \
		return rc;                                                             \
	}
PAGED(deliveries, store_delivery_list, delivery_row, id)
PAGED(changes, store_change_list, change_row, id)
PAGED(verdicts, store_verdict_list, verdict_row, id)
PAGED(deployments, store_deployment_list, deployment_row, id)
PAGED(ledger, store_ledger_list, ledger_row, sequence)

/* Numbers are those of one repository: only its list has pages. */
static int query_merge_requests(struct query_run *run, struct error *err)
{
	struct msg_merge_request_row *rows = NULL;
	int rc = store_merge_request_list(CONTROL_STORE, run->query, &rows, &run->count,
					  err);
	run->type = MESSAGE_merge_request_row;
	run->rows = rows;
	run->last = rc == 0 && run->count && is_set(run->query->repository)
			    ? rows[run->count - 1].number
			    : 0;
	return rc;
}
#undef PAGED

#define WHOLE(name, row, call)                                                         \
	static int query_##name(struct query_run *run, struct error *err)              \
	{                                                                              \
		struct msg_##row *rows = NULL;                                         \
		int rc = call;                                                         \
		run->type = MESSAGE_##row;                                             \
		run->rows = rows;                                                      \
		return rc;                                                             \
	}
WHOLE(repositories, repository_row,
      store_repository_list(CONTROL_STORE, &rows, &run->count, err))
WHOLE(refs, ref_row,
      store_ref_list(CONTROL_STORE, run->query->repository, &rows, &run->count, err))
WHOLE(findings, finding_row,
      store_finding_list(CONTROL_STORE, run->query->id, &rows, &run->count, err))
WHOLE(targets, target_row, store_target_list(CONTROL_STORE, &rows, &run->count, err))
WHOLE(quarantine, quarantine_row,
      store_quarantine_list(CONTROL_STORE, run->query->target, &rows, &run->count, err))
WHOLE(outbox, outbox_row,
      store_outbox_list(CONTROL_STORE, run->query->repository, run->query->before,
			run->query->limit, &rows, &run->count, err))
WHOLE(sources, source_row, store_source_list(CONTROL_STORE, &rows, &run->count, err))
WHOLE(tokens, token_row, store_token_list(CONTROL_STORE, &rows, &run->count, err))
WHOLE(reviews, review_row,
      store_review_list(CONTROL_STORE, run->query->repository, run->query->number,
			&rows, &run->count, err))
#undef WHOLE

/* Whether whoever asks may read at all: no rows. */
static int query_token(struct query_run *run, struct error *err)
{
	(void)run;
	(void)err;
	return 0;
}

static const struct {
	const char *what;
	int (*run)(struct query_run *run, struct error *err);
} queries[] = {
	{ "token", query_token },       { "sources", query_sources },
	{ "tokens", query_tokens },     { "merge-requests", query_merge_requests },
	{ "reviews", query_reviews },   { "repositories", query_repositories },
	{ "refs", query_refs },         { "deliveries", query_deliveries },
	{ "changes", query_changes },   { "verdicts", query_verdicts },
	{ "findings", query_findings }, { "deployments", query_deployments },
	{ "targets", query_targets },   { "quarantine", query_quarantine },
	{ "outbox", query_outbox },     { "ledger", query_ledger },
};

static void take_query(struct control *control, const struct msg_query *asked)
{
	struct error err = ERROR_INIT;
	struct msg_query query = *asked;
	struct query_run run = { .control = control, .query = &query };
	int may = rights_check(control, query.uid, &query.token, "read", &err);
	int rc = may == 0 ? ERROR_NOT_FOUND : may;

	/* Names of tokens are for those who can make them. */
	if (may == 0 && query.what && strcmp(query.what, "tokens") == 0 &&
	    !rights_is_admin(control, query.uid))
		may = rc = error_set(&err, ERROR_PERMISSION,
				     "only admins at the local socket see tokens");
	if (query.limit == 0 || query.limit > ROWS_MAX)
		query.limit = ROWS_MAX;
	for (size_t i = 0; may == 0 && i < sizeof(queries) / sizeof(queries[0]); i++)
		if (query.what && strcmp(queries[i].what, query.what) == 0)
			rc = queries[i].run(&run, &err);
	if (rc == 0)
		rc = reply_rows(control, query.request, run.type, run.rows, run.count,
				&err);
	if (rc == 0)
		answer_end(control, query.request, 0, NULL, 0,
			   run.count == query.limit ? run.last : 0);
	else if (err.code)
		answer_fail(control, query.request, &err);
	else
		answer_end(control, query.request, ERROR_NOT_FOUND,
			   "there is no such list", 0, 0);
}

/* --- all --- */

void request_take(struct control *control, enum message_type type, const void *message,
		  int *fds)
{
	if (type == MESSAGE_webhook)
		webhook_take(control, message, fds ? fds[0] : -1);
	else if (type == MESSAGE_notify)
		take_notify(control, message);
	else if (type == MESSAGE_query)
		take_query(control, message);
	else if (type == MESSAGE_command)
		command_take(control, message);
	for (int i = 0; fds && i < MESSAGE_FDS_MAX; i++)
		fd_close(&fds[i]);
}
