/* control/work_read.c - read jobs: stored deliveries become hints.
 *
 * One job at a time reads a batch of one source. A batch that crashed is read one by
 * one; what crashes three times alone, or cannot be read, is worth a look at everything
 * that its source tells of. */
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/path.h"
#include "control/state.h"

#define INLINE_BYTES ((size_t)512 << 10) /* larger bodies travel as memory */
#define BATCH_BYTES  ((size_t)8 << 20)
#define RUSH         8                   /* webhooks in one round */
#define CALM         (CLOCK_SECOND / 20) /* after the last such round */
#define PATIENCE     CLOCK_SECOND

/* --- sending --- */

static int memory_of(const struct msg_bytes *body, struct error *err)
{
	int fd FD_CLOSING = memfd_create("delivery", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(err, ERROR_MEMORY, "cannot make memory");
	int rc = fd_write_all(fd, body->data, body->length, err);
	if (rc != 0)
		return rc;
	int kept = fd;
	fd = -1;
	return kept;
}

static int add_item(struct control *control, struct job *job,
		    const struct msg_delivery_row *row, size_t *bytes)
{
	struct msg_read_item *item = arena_new_of(job->arena, struct msg_read_item);
	struct msg_bytes body = { 0 };
	int fd = -1;

	if (!item)
		return ERROR_MEMORY;
	/* An empty body is unreadable, which is what a lost one should be. */
	store_delivery_body(control->store, job->arena, row->id, &body, NULL);
	*item = (struct msg_read_item){
		.delivery = row->id,
		.event = arena_string(job->arena, row->event),
		.event_type = arena_string(job->arena, row->event_type),
		.form = row->form,
	};
	if (body.length > INLINE_BYTES)
		fd = memory_of(&body, NULL);
	else
		item->body = body;
	*bytes += body.length;
	return job_add_message(job, MESSAGE_read_item, item, fd);
}

/* Keeps what its end needs to know. */
static int keep_rows(struct job *job, const struct msg_delivery_row *rows, size_t count)
{
	job->deliveries = arena_array(job->arena, count, sizeof(*job->deliveries));
	if (!job->deliveries)
		return ERROR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		job->deliveries[i].row = rows[i];
		job->deliveries[i].row.source = job->source;
		job->deliveries[i].row.event = arena_string(job->arena, rows[i].event);
		job->deliveries[i].row.event_type =
			arena_string(job->arena, rows[i].event_type);
		job->deliveries[i].row.forge_id =
			arena_string(job->arena, rows[i].forge_id);
	}
	job->delivery_count = count;
	return 0;
}

static int read_prepare(struct control *control, const struct msg_delivery_row *rows,
			size_t count)
{
	const struct conf_source_entry *source =
		config_source(control->config, rows[0].source);
	struct job *job = job_new(control, &read_kind);
	struct msg_read *request =
		job ? arena_new_of(job->arena, struct msg_read) : NULL;
	size_t bytes = 0, used = 0;
	int rc = request ? 0 : ERROR_MEMORY;

	if (rc == 0) {
		job->aside = true;
		job->source = arena_string(job->arena, rows[0].source);
		request->source = job->source;
		request->kind =
			arena_string(job->arena, source ? source->options.kind : "");
	}
	while (rc == 0 && used < count && bytes < BATCH_BYTES)
		rc = add_item(control, job, &rows[used++], &bytes);
	if (rc == 0)
		rc = keep_rows(job, rows, used);
	if (rc != 0) {
		job_drop(job);
		return rc;
	}
	request->count = used;
	job_start(control, job, MESSAGE_read, request);
	return 0;
}

/* While webhooks pour in, taking them comes first: reading them waits for a calm
 * moment, for a second, or until half of what may wait does. */
static bool is_time(struct control *control, uint64_t waiting, int64_t now,
		    int64_t *until)
{
	uint64_t most = control->config->limits.values[LIMIT_DELIVERIES_WAITING];

	if (control->round_webhooks >= RUSH)
		control->calm_at = now + CALM;
	if (now >= control->calm_at || waiting > most / 2)
		return true;
	if (control->read_by == 0)
		control->read_by = now + PATIENCE;
	int64_t when = control->read_by < control->calm_at ? control->read_by
							   : control->calm_at;
	if (when < *until)
		*until = when;
	return now >= control->read_by;
}

void read_due(struct control *control, int64_t now, int64_t *until)
{
	uint64_t count = 0, bytes = 0;
	struct msg_delivery_row *rows;
	size_t found = 0;

	if (store_webhook_backlog(control->store, &count, &bytes, NULL) != 0 ||
	    count == 0 || jobs_any(control, &read_kind, NULL, NULL) ||
	    !is_time(control, count, now, until))
		return;
	control->read_by = 0;
	size_t limit = (size_t)control->config->limits.values[LIMIT_READ_BATCH];
	if (store_webhook_next(control->store, control->round, NULL, limit, &rows,
			       &found, NULL) != 0 ||
	    found == 0)
		return;
	/* What crashed before is read alone. */
	size_t together = 1;
	while (rows[0].attempts == 0 && together < found &&
	       rows[together].attempts == 0)
		together++;
	read_prepare(control, rows, together);
}

/* --- what was read --- */

static const struct conf_repository_entry *repository_of(const struct control *control,
							 const char *source,
							 const char *name)
{
	for (size_t i = 0; name && i < control->config->repository_count; i++) {
		const struct conf_repository_entry *entry =
			&control->config->repositories[i];
		if (is_set(entry->options.source) &&
		    strcmp(entry->options.source, source) == 0 &&
		    strcasecmp(entry->options.full_name, name) == 0)
			return entry;
	}
	return NULL;
}

static bool is_kind(const struct msg_hint_row *hint, const char *kind)
{
	return hint->kind && strcmp(hint->kind, kind) == 0;
}

/* A batch is mostly about few repositories: one hint a round is as good as many. */
static int hint_once(struct control *control, struct job *job, const char *repository,
		     int64_t now, struct error *err)
{
	if (job->hinted == repository && job->hinted_in == control->round_number)
		return 0;
	job->hinted = repository; /* of the configuration */
	job->hinted_in = control->round_number;
	schedule_hint(control, repository);
	return store_repository_hint(control->store, repository, now, err);
}

/* Looks at what a hint names; what it says beyond that is only remembered. */
static int follow_hint(struct control *control, struct job *job,
		       const struct msg_hint_row *hint, struct msg_delivery_row *row,
		       struct error *err)
{
	const struct conf_repository_entry *entry =
		repository_of(control, row->source, hint->name);
	int64_t now = clock_now();

	row->kind = hint->kind;
	row->ref = hint->ref;
	row->old_id = hint->old_id;
	row->new_id = hint->new_id;
	row->number = hint->number;
	row->action = hint->action;
	row->pusher = hint->sender;
	row->reason = hint->reason;
	row->repository = entry ? entry->name : NULL;
	row->state = "ignored";
	if (is_kind(hint, "ping") || is_kind(hint, "ignored"))
		return 0;
	if (!entry) {
		row->reason = arena_printf(control->round,
					   "no repository with source '%s' has the "
					   "name "
					   "'%s'",
					   row->source, hint->name ? hint->name : "");
		return 0;
	}
	row->state = "waiting";
	metric_add(METRIC_HINTS, 1);
	int rc = 0;
	if (hint->number && entry->options.merge_requests)
		rc = store_merge_request_hint(control->store, entry->name, hint->number,
					      now, err);
	/* A review moves no ref. */
	if (rc == 0 && is_kind(hint, "review"))
		row->state = "done";
	else if (rc == 0)
		rc = hint_once(control, job, entry->name, now, err);
	return rc;
}

static int take_hints(struct control *control, struct job *job,
		      struct job_delivery *delivery, struct error *err)
{
	struct msg_delivery_row row = delivery->row;
	uint64_t id;

	for (size_t i = 0; i < delivery->hint_count; i++) {
		int rc = follow_hint(control, job, &delivery->hints[i], &row, err);
		if (rc != 0)
			return rc;
		if (i == 0) {
			rc = store_webhook_read(control->store, &row, err);
		} else {
			row.id = 0;
			row.parent = delivery->row.id;
			rc = store_webhook_more(control->store, &row, &id, err);
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* It may have been about anything that its source tells of. */
static int look_everywhere(struct control *control, struct job_delivery *delivery,
			   const char *problem, struct error *err)
{
	struct msg_delivery_row row = delivery->row;
	int rc = 0;

	row.state = "unreadable";
	row.reason = problem;
	metric_add(METRIC_DELIVERIES_UNREADABLE, 1);
	log_warning("a delivery could not be read: every repository of its source is "
		    "looked at",
		    LOG_S("source", row.source), LOG_U("delivery", row.id),
		    LOG_S("problem", problem));
	for (size_t i = 0; rc == 0 && i < control->config->repository_count; i++) {
		const struct conf_repository_entry *entry =
			&control->config->repositories[i];
		if (!is_set(entry->options.source) ||
		    strcmp(entry->options.source, row.source) != 0)
			continue;
		rc = store_repository_hint(control->store, entry->name, clock_now(),
					   err);
		schedule_hint(control, entry->name);
		merge_requests_poll(control, entry->name);
	}
	return rc == 0 ? store_webhook_read(control->store, &row, err) : rc;
}

static struct job_delivery *delivery_of(struct job *job, uint64_t id)
{
	for (size_t i = 0; i < job->delivery_count; i++)
		if (job->deliveries[i].row.id == id && !job->deliveries[i].done)
			return &job->deliveries[i];
	return NULL;
}

static int keep_hint(struct job *job, const struct msg_hint_row *hint)
{
	struct job_delivery *delivery = delivery_of(job, hint->delivery);
	struct msg_hint_row *kept =
		delivery ? ARENA_PUSH(job->arena, &delivery->hints,
				      &delivery->hint_count, &delivery->hint_capacity)
			 : NULL;

	if (!kept || delivery->hint_count > limits_default.values[LIMIT_FORGE_HINTS])
		return ERROR_LIMIT;
	*kept = *hint;
	kept->kind = arena_string(job->arena, hint->kind);
	kept->name = arena_string(job->arena, hint->name);
	kept->ref = arena_string(job->arena, hint->ref);
	kept->action = arena_string(job->arena, hint->action);
	kept->sender = arena_string(job->arena, hint->sender);
	kept->reason = arena_string(job->arena, hint->reason);
	return 0;
}

static int end_delivery(struct control *control, struct job *job,
			const struct msg_read_done *done)
{
	struct error err = ERROR_INIT;
	struct job_delivery *delivery = delivery_of(job, done->delivery);

	if (!delivery)
		return ERROR_MESSAGE;
	delivery->done = true;
	job->deliveries_done++;
	if (control_write(control) != 0)
		return 0;
	int rc = done->code == 0 && delivery->hint_count
			 ? take_hints(control, job, delivery, &err)
			 : look_everywhere(control, delivery,
					   done->text ? done->text : "nothing was read",
					   &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	if (job->deliveries_done == job->delivery_count)
		job_finish(control, job);
	return 0;
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	(void)fds;
	if (type == MESSAGE_hint_row)
		return keep_hint(job, message);
	if (type == MESSAGE_read_done)
		return end_delivery(control, job, message);
	return ERROR_MESSAGE;
}

/* Whatever was not done: once more, alone; the third time it is given up. */
static void take_crash(struct control *control, struct job *job)
{
	struct error err = ERROR_INIT;
	int rc = control_write(control);

	for (size_t i = 0; rc == 0 && i < job->delivery_count; i++) {
		struct job_delivery *delivery = &job->deliveries[i];
		uint64_t attempts = delivery->row.attempts + 1;
		if (delivery->done)
			continue;
		rc = attempts < CRASHES_MAX
			     ? store_webhook_again(control->store, delivery->row.id,
						   attempts, &err)
			     : look_everywhere(control, delivery,
					       "the job that read it ended without a "
					       "result, three times",
					       &err);
	}
	if (rc != 0)
		control_fail(control, 3, &err);
}

const struct job_kind read_kind = { PROFILE_READ, "read", take_message, take_crash };
