/* control/waivers.c - waivers that a mirror brings, and the record of their use. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/state.h"
#include "model/waiver.h"

static int see(struct control *control, const struct job *job, const char *ref,
	       const struct oid *tip)
{
	struct error err = ERROR_INIT;
	int rc = store_ref_seen(control->store, job->repository, ref, tip, clock_now(),
				&err);

	if (rc != 0)
		control_fail(control, 3, &err);
	return rc;
}

static int see_new(struct control *control, const struct job *job, bool *changed)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < job->ref_count; i++) {
		const struct msg_ref_row *seen = &job->refs[i];
		struct msg_ref_row known = { 0 };
		if (!waiver_is_ref(seen->ref))
			continue;
		store_ref_get(control->store, control->round, job->repository,
			      seen->ref, &known, NULL);
		if (oid_equal(&known.tip, &seen->tip))
			continue;
		*changed = true;
		log_info("a waiver came", LOG_S("repository", job->repository),
			 LOG_S("ref", seen->ref),
			 LOG_S("waiver", oid_text(&seen->tip)));
		rc = see(control, job, seen->ref, &seen->tip);
	}
	return rc;
}

static int by_ref(const void *a, const void *b)
{
	return strcmp(((const struct msg_ref_row *)a)->ref,
		      ((const struct msg_ref_row *)b)->ref);
}

static bool is_there(const struct job *job, const struct msg_ref_row *known)
{
	return job->ref_count &&
	       bsearch(known, job->refs, job->ref_count, sizeof(job->refs[0]), by_ref);
}

/* One that goes and comes again is new again. */
static int see_gone(struct control *control, const struct job *job)
{
	struct msg_ref_row *known;
	size_t count = 0;
	int rc = store_ref_list(control->store, control->round, job->repository, &known,
				&count, NULL);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct oid gone = known[i].tip;
		if (oid_is_null(&gone) || !waiver_is_ref(known[i].ref) ||
		    is_there(job, &known[i]))
			continue;
		memset(gone.bytes, 0, sizeof(gone.bytes));
		rc = see(control, job, known[i].ref, &gone);
	}
	return rc;
}

int waivers_fetched(struct control *control, const struct job *job, bool *changed)
{
	*changed = false;
	int rc = see_new(control, job, changed);

	if (rc == 0)
		rc = see_gone(control, job);
	control->brought += *changed;
	return rc;
}

/* --- what a judgement used --- */

static bool is_waived(const struct msg_finding_row *finding)
{
	return is_set(finding->waived_by);
}

const struct msg_finding_row *finding_that_counts(const struct job *job)
{
	for (size_t i = 0; i < job->finding_count; i++)
		if (!is_waived(&job->findings[i]))
			return &job->findings[i];
	return NULL;
}

size_t findings_that_count(const struct job *job)
{
	size_t count = 0;

	for (size_t i = 0; i < job->finding_count; i++)
		count += !is_waived(&job->findings[i]);
	return count;
}

/* Who waived what, of the first; "" when nothing was. */
static const char *describe_waiver(struct control *control, const struct job *job)
{
	const char *text = "";

	for (size_t i = 0; text && !*text && i < job->finding_count; i++) {
		const struct msg_finding_row *finding = &job->findings[i];
		if (is_waived(finding))
			text = arena_printf(
				control->round, "waived by '%s': %s (%s)",
				finding->waived_by, finding->message,
				finding->waived_reason ? finding->waived_reason : "");
	}
	return text ? text : "";
}

const char *finding_summary(struct control *control, const struct job *job)
{
	const struct msg_finding_row *first = finding_that_counts(job);

	return first ? first->message : describe_waiver(control, job);
}

const char *pass_summary(struct control *control, const struct job *job)
{
	const char *waived = describe_waiver(control, job);
	const char *text =
		*waived ? arena_printf(control->round, "policy passed, %s", waived)
			: NULL;

	return text ? text : "policy passed";
}

static int record(struct control *control, const struct msg_change_row *change,
		  const struct msg_finding_row *finding)
{
	/* What is found about the whole change is about its tip. */
	const struct oid *commit =
		finding->commit.length ? &finding->commit : &change->new_id;
	char until[CLOCK_TEXT_BYTES];

	clock_format(finding->waived_until, 0, until);
	const char *pairs[] = { "repository", change->repository,
				"ref",        change->ref,
				"commit",     oid_text(commit),
				"rule",       finding->rule,
				"waiver",     oid_text(&finding->waiver),
				"by",         finding->waived_by,
				"until",      until,
				"reason",     finding->waived_reason,
				NULL };
	log_warning("a waiver is used", LOG_S("repository", change->repository),
		    LOG_S("commit", oid_text(commit)), LOG_S("rule", finding->rule),
		    LOG_S("by", finding->waived_by));
	return ledger_put(control, "waiver", pairs);
}

/* One waiver covers all that its rule finds about its commit. */
static bool was_before(const struct job *job, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (oid_equal(&job->findings[i].waiver, &job->findings[index].waiver))
			return true;
	return false;
}

int waivers_record(struct control *control, const struct job *job,
		   const struct msg_change_row *change)
{
	struct error err = ERROR_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < job->finding_count; i++) {
		const struct msg_finding_row *finding = &job->findings[i];
		bool used = true;
		if (!is_waived(finding) || was_before(job, i))
			continue;
		rc = store_waiver_is_used(control->store, &finding->waiver, &used,
					  &err);
		if (rc == 0 && !used)
			rc = record(control, change, finding);
	}
	if (err.code != 0)
		control_fail(control, 3, &err);
	return rc;
}
