/* control/work_report.c - report jobs: rows of the outbox to their forge.
 *
 * One job a source at a time, a batch of rows each. A row that was changed while it was
 * posted stays due; what was posted is remembered, so that a restart repeats nothing.
 */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "control/state.h"

#define REQUESTS_A_ROW 2   /* most are one, or one and a look before */
#define FINDINGS_SENT  200 /* of a verdict: more than a forge shows */
#define REFUSALS_MAX   4   /* a forge may know a commit later than its git does */
#define GIVE_UP_AFTER  (24 * 3600 * CLOCK_SECOND)

/* --- sending --- */

static int add_findings(struct control *control, struct job *job, uint64_t verdict)
{
	struct msg_finding_row *rows;
	size_t count = 0;
	int rc = verdict ? store_finding_list(control->store, job->arena, verdict,
					      &rows, &count, NULL)
			 : 0;

	for (size_t i = 0; rc == 0 && i < count && i < FINDINGS_SENT; i++)
		rc = job_add_message(job, MESSAGE_finding_row, &rows[i], -1);
	return rc;
}

/* Where people read more: the verdict's findings, or the target's deployments. */
static const char *link_of(struct control *control, struct arena *arena,
			   const struct msg_outbox_row *row)
{
	const char *base = control->config->server.public_url;

	if (is_set(row->link))
		return arena_string(arena, row->link);
	if (!is_set(base))
		return "";
	if (row->verdict)
		return arena_printf(arena, "%s/api/v1/findings?id=%llu", base,
				    (unsigned long long)row->verdict);
	return arena_printf(arena, "%s/api/v1/deployments?repository=%s", base,
			    row->repository);
}

static int add_row(struct control *control, struct job *job,
		   const struct msg_outbox_row *row)
{
	const struct conf_repository_entry *entry =
		config_repository(control->config, row->repository);
	struct msg_report_item *item = arena_new_of(job->arena, struct msg_report_item);
	struct job_report *report = &job->reports[job->report_count];

	if (!entry || !item)
		return ERROR_MEMORY;
	*item = (struct msg_report_item){
		.id = row->id,
		.created_at = row->created_at,
		.kind = arena_string(job->arena, row->kind),
		.name = arena_string(job->arena, entry->options.full_name),
		.commit = row->commit,
		.context = arena_string(job->arena, row->context),
		.state = arena_string(job->arena, row->state),
		.description = arena_string(job->arena, row->description),
		.link = link_of(control, job->arena, row),
		.number = row->number,
		.forge_ref = arena_string(job->arena, row->forge_ref),
		.ref = arena_string(job->arena, row->ref),
	};
	*report = (struct job_report){
		.id = row->id,
		.created_at = row->created_at,
		.posted = arena_printf(job->arena, "%s\n%s", row->state,
				       row->description ? row->description : ""),
		.attempts = row->attempts,
	};
	if (!report->posted || job_add_message(job, MESSAGE_report_item, item, -1) != 0)
		return ERROR_MEMORY;
	job->report_count++;
	return add_findings(control, job, row->verdict);
}

static void not_possible(struct control *control, const char *source,
			 const struct error *err)
{
	log_error("a forge cannot be asked or told", LOG_S("source", source),
		  LOG_E(err));
	forge_result(control, source, 0, ERROR_FORGE, err->text, 0);
}

static void report_prepare(struct control *control,
			   const struct conf_source_entry *source,
			   const struct msg_outbox_row *rows, size_t count)
{
	static const struct msg_done end = { 0 };
	struct error err = ERROR_INIT;
	struct job *job = job_new(control, &report_kind);
	struct msg_forge_session *session =
		job ? arena_new_of(job->arena, struct msg_forge_session) : NULL;
	int rc = session ? 0 : ERROR_MEMORY;

	if (rc == 0) {
		job->aside = true;
		job->source = arena_string(job->arena, source->name);
		job->reports = arena_array(job->arena, count, sizeof(*job->reports));
		rc = job->reports
			     ? forge_session_fill(control, job, source, session, &err)
			     : ERROR_MEMORY;
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_row(control, job, &rows[i]);
	if (rc == 0)
		rc = job_add_message(job, MESSAGE_done, &end, -1);
	if (rc == 0) {
		forge_charge(control, source, job, REQUESTS_A_ROW * count);
		job_start(control, job, MESSAGE_forge_session, session);
		return;
	}
	if (err.code == 0)
		error_set(&err, rc, "out of memory");
	not_possible(control, source->name, &err);
	job_drop(job);
}

void report_due(struct control *control, int64_t now, int64_t *until)
{
	const struct config *config = control->config;
	const char **names = arena_array(control->round, config->repository_count + 1,
					 sizeof(*names));
	size_t limit = (size_t)config->limits.values[LIMIT_REPORT_BATCH];

	for (size_t i = 0; names && i < config->source_count; i++) {
		const struct conf_source_entry *source = &config->sources[i];
		struct msg_outbox_row *rows;
		size_t name_count = 0, count = 0;
		int64_t later = 0, time = clock_now();
		if (jobs_talk_to(control, &report_kind, source->name))
			continue;
		for (size_t j = 0; j < config->repository_count; j++)
			if (forge_of(control, config->repositories[j].name) == source)
				names[name_count++] = config->repositories[j].name;
		if (name_count == 0 ||
		    store_outbox_due(control->store, control->round, names, name_count,
				     time, limit, &rows, &count, &later, NULL) != 0)
			continue;
		if (later && now + later - time < *until)
			*until = now + later - time;
		if (count &&
		    forge_allows(control, source, REQUESTS_A_ROW * count, now, until))
			report_prepare(control, source, rows, count);
	}
}

/* --- what became of it --- */

static struct job_report *report_of(struct job *job, uint64_t id)
{
	for (size_t i = 0; i < job->report_count; i++)
		if (job->reports[i].id == id && !job->reports[i].done)
			return &job->reports[i];
	return NULL;
}

/* Half of the wait and up to as much again, so that many do not come at once. */
static int64_t spread(int64_t delay)
{
	return delay / 2 + (int64_t)random_below((uint64_t)delay / 2 + 1);
}

static int failed(struct control *control, const struct job *job,
		  const struct job_report *report, int code, const char *text,
		  int64_t retry_at)
{
	struct error err = ERROR_INIT;
	int64_t now = clock_now();
	bool refused = code == ERROR_FORGE_REFUSED || code == ERROR_NOT_FOUND;
	bool hopeless = (refused && report->attempts + 1 >= REFUSALS_MAX) ||
			report->created_at < now - GIVE_UP_AFTER;
	int64_t due = hopeless   ? 0
		      : retry_at ? retry_at
				 : now + spread(backoff(report->attempts + 1));

	metric_add(METRIC_REPORT_FAILURES, 1);
	log_warning(hopeless ? "a status is given up" : "a status was not posted",
		    LOG_S("source", job->source), LOG_U("outbox", report->id),
		    LOG_S("problem", text));
	int rc = store_outbox_failed(control->store, report->id, report->created_at,
				     text, due, now, &err);
	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

static int take_reported(struct control *control, struct job *job,
			 const struct msg_reported *reported)
{
	struct error err = ERROR_INIT;
	struct job_report *report = report_of(job, reported->id);

	if (!report || report->created_at != reported->created_at)
		return ERROR_MESSAGE;
	report->done = true;
	/* It is due as it was, once the forge may be talked to again. */
	if (reported->untried || control_write(control) != 0)
		return 0;
	if (reported->code != 0) {
		failed(control, job, report, (int)reported->code, reported->text,
		       reported->retry_at);
	} else {
		metric_add(METRIC_REPORTS, 1);
		if (store_outbox_posted(control->store, report->id, report->created_at,
					report->posted, reported->forge_ref,
					clock_now(), &err) != 0)
			control_fail(control, 3, &err);
	}
	forge_result(control, job->source, job->id, (int)reported->code, reported->text,
		     reported->retry_at);
	return 0;
}

static void take_crash(struct control *control, struct job *job)
{
	if (control_write(control) != 0)
		return;
	for (size_t i = 0; i < job->report_count; i++)
		if (!job->reports[i].done)
			failed(control, job, &job->reports[i], ERROR_CHILD,
			       "the job ended without a result", 0);
	forge_result(control, job->source, job->id, ERROR_FORGE,
		     "the job ended without a result", 0);
}

/* One that ends in order may leave nothing out. */
static bool is_complete(const struct job *job)
{
	bool complete = true;

	for (size_t i = 0; i < job->report_count; i++)
		complete = complete && job->reports[i].done;
	return complete;
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	(void)fds;
	if (type == MESSAGE_reported)
		return take_reported(control, job, message);
	if (type == MESSAGE_forge_budget) {
		forge_budget_take(control, job, message);
		return 0;
	}
	if (type != MESSAGE_done)
		return ERROR_MESSAGE;
	if (!is_complete(job))
		take_crash(control, job);
	job_finish(control, job);
	return 0;
}

const struct job_kind report_kind = { PROFILE_REPORT, "report", take_message,
				      take_crash };
