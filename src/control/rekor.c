/* control/rekor.c - the log that fetch jobs ask about signatures of gitsign: how many
 * requests may be made, since when it is silent, and when it is asked again. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "control/judge.h"

#define MINUTE       (60 * CLOCK_SECOND)
#define FETCH_MOST   64      /* requests of one fetch, so that others have some too */
#define FETCH_LEAST  2       /* for less nothing can be found out */
#define REQUESTS_MAX 1000000 /* of a job: more is not believed */
#define PATIENCE     (60 * MINUTE) /* for which a log can send us away */

/* Counted in request-minutes, so that no fraction is lost; a full minute's may be spent
 * at once, then it comes back evenly. */
static int64_t available(struct rekor_watch *watch, int64_t budget, int64_t now)
{
	int64_t passed = watch->refilled_at ? now - watch->refilled_at : MINUTE;

	watch->refilled_at = now;
	watch->allowance += budget * (passed < MINUTE ? passed : MINUTE);
	if (watch->allowance > budget * MINUTE)
		watch->allowance = budget * MINUTE;
	return watch->allowance / MINUTE;
}

static void charge(struct rekor_watch *watch, int64_t budget, int64_t requests)
{
	watch->allowance -= requests * MINUTE;
	if (watch->allowance < -budget * MINUTE)
		watch->allowance = -budget * MINUTE;
}

/* What no judge of this repository looks at. */
static int fill_judged(struct control *control, struct job *job,
		       const struct conf_repository_entry *entry,
		       struct msg_fetch *request)
{
	struct msg_repository_row row = { 0 };
	struct msg_judge like = { .repository = request->repository, .ref = "" };

	store_repository_get(control->store, control->round, entry->name, &row, NULL);
	int rc = judgement_trusted(control, job, entry, row.head, &like);
	request->judged = like.trusted;
	return rc;
}

static int name_log(struct control *control, struct job *job,
		    const struct conf_repository_entry *entry,
		    struct msg_fetch *request, struct error *err)
{
	const struct conf_rekor *options = &control->config->rekor;
	int rc = job_text(job, options->ca_file, &request->log_authorities, err);

	if (rc == 0 && fill_judged(control, job, entry, request) != 0)
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	if (rc != 0)
		return rc;
	request->log = arena_string(job->arena, options->url);
	request->log_timeout = options->timeout;
	request->again = job->again;
	return 0;
}

/* What is wrong with the log's own settings stops no fetch. */
void rekor_fill(struct control *control, struct job *job,
		const struct conf_repository_entry *entry, struct msg_fetch *request)
{
	const struct conf_rekor *options = &control->config->rekor;
	struct rekor_watch *watch = &control->rekor;
	struct error err = ERROR_INIT;
	int64_t now = clock_monotonic();

	if (!is_set(options->url) || !entry->options.rekor)
		return;
	if (name_log(control, job, entry, request, &err) != 0) {
		log_warning("the log of signatures cannot be asked",
			    LOG_S("repository", entry->name), LOG_E(&err));
		return;
	}
	int64_t requests = available(watch, (int64_t)options->budget, now);
	if (requests < FETCH_LEAST || now < watch->retry_at)
		return;
	request->log_requests =
		(uint64_t)(requests < FETCH_MOST ? requests : FETCH_MOST);
	job->requests = request->log_requests;
	charge(watch, (int64_t)options->budget, (int64_t)job->requests);
}

static int64_t to_monotonic(int64_t when)
{
	int64_t now = clock_now();

	if (when < now)
		when = now;
	if (when > now + PATIENCE)
		when = now + PATIENCE;
	return clock_monotonic() + (when - now);
}

/* Only a job that asked can tell how the log is. */
static void note_log(struct rekor_watch *watch, const struct job *job,
		     const struct msg_fetched *fetched)
{
	if (fetched->log_code == 0) {
		if (fetched->log_requests)
			watch->failures = 0;
		return;
	}
	watch->failures++;
	watch->retry_at = clock_monotonic() + backoff(watch->failures);
	if (fetched->log_retry_at &&
	    to_monotonic(fetched->log_retry_at) > watch->retry_at)
		watch->retry_at = to_monotonic(fetched->log_retry_at);
	metric_add(METRIC_REKOR_FAILURES, 1);
	log_warning("the log of signatures cannot be asked",
		    LOG_S("repository", job->repository),
		    LOG_S("problem", fetched->log_text));
}

/* Not before the log may be asked, and there is a budget for it. */
static int64_t next_time(struct control *control, int64_t due)
{
	struct rekor_watch *watch = &control->rekor;
	int64_t budget = (int64_t)control->config->rekor.budget;
	int64_t now = clock_monotonic();
	int64_t least = now + CLOCK_SECOND;
	int64_t when = to_monotonic(due);

	if (available(watch, budget, now) < FETCH_LEAST)
		least = now + (FETCH_LEAST * MINUTE - watch->allowance) / budget + 1;
	if (least < watch->retry_at)
		least = watch->retry_at;
	return when > least ? when : least;
}

void rekor_take(struct control *control, struct job *job,
		const struct msg_fetched *fetched)
{
	struct watch *watch = watch_find(control, false, job->repository);
	uint64_t made = fetched->log_requests < REQUESTS_MAX ? fetched->log_requests
							     : REQUESTS_MAX;

	charge(&control->rekor, (int64_t)control->config->rekor.budget,
	       (int64_t)made - (int64_t)job->requests);
	job->requests = made;
	metric_add(METRIC_REKOR_REQUESTS, (int64_t)made);
	metric_add(METRIC_REKOR_PROOFS, (int64_t)fetched->proofs);
	note_log(&control->rekor, job, fetched);
	job->again = job->again || fetched->proofs;
	/* One that is being judged meanwhile may have missed them. */
	control->brought += fetched->proofs > 0;
	if (!watch || !fetched->proofs_due)
		return;
	int64_t when = next_time(control, fetched->proofs_due);
	if (when < watch->due) {
		watch->due = when;
		watch->for_proofs = true;
	}
}
