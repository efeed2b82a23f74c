/* control/work_judge.c - judge jobs: what is sent, and whose the answers are. */
#include <fcntl.h>

#include "base/arena.h"
#include "control/judge.h"
#include "model/finding.h"

struct job *judgement_new(struct control *control, const struct job_kind *kind,
			  struct msg_judge **request)
{
	struct job *job = job_new(control, kind);
	int floor = job ? fcntl(control->floor_fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (floor >= 0)
		job_add_fd(job, floor);
	*request = floor >= 0 ? arena_new_of(job->arena, struct msg_judge) : NULL;
	if (*request)
		return job;
	job_drop(job);
	return NULL;
}

void judgement_start(struct control *control, struct job *job,
		     const struct conf_repository_entry *entry,
		     struct msg_judge *request)
{
	const char *read[] = { entry->mirror };
	const char *write[] = { judgement_scratch(job->arena, entry) };

	request->path = arena_string(job->arena, entry->mirror);
	job_paths(job, read, 1, write, request->has_merge ? 1 : 0);
	job_start(control, job, MESSAGE_judge, request);
}

int judge_prepare(struct control *control, const struct msg_change_row *change)
{
	const struct conf_repository_entry *entry =
		config_repository(control->config, change->repository);
	struct msg_ref_row ref = { 0 };

	if (!entry) {
		change_move(control, change->id, "unknown",
			    "the repository is not configured any more",
			    change->attempts, 0);
		return 0;
	}
	struct msg_judge *request;
	struct job *job = judgement_new(control, &judge_kind, &request);
	if (!job)
		return ERROR_MEMORY;
	job->change = change->id;
	store_ref_get(control->store, control->round, change->repository,
		      change_target_ref(change), &ref, NULL);
	int rc = judgement_fill(control, job, entry, change, &ref.accepted, request);
	if (rc == 0 && !change->number)
		rc = judgement_watch(control, job, request);
	if (rc != 0) {
		job_drop(job);
		judgement_failed(control, change, "the judge could not be prepared",
				 false);
	} else {
		judgement_start(control, job, entry, request);
	}
	return rc;
}

static int keep_finding(struct job *job, const struct msg_finding_row *row)
{
	struct msg_finding_row *kept =
		ARENA_PUSH(job->arena, &job->findings, &job->finding_count,
			   &job->finding_capacity);

	if (!kept || job->finding_count > limits_default.values[LIMIT_FINDINGS])
		return ERROR_LIMIT;
	*kept = *row;
	kept->severity = arena_string(job->arena, row->severity);
	kept->code = arena_string(job->arena, row->code);
	kept->rule = arena_string(job->arena, row->rule);
	kept->kind = arena_string(job->arena, row->kind);
	kept->message = arena_string(job->arena, row->message);
	kept->mend = arena_string(job->arena, row->mend);
	kept->path = arena_string(job->arena, row->path);
	kept->waived_by = arena_string(job->arena, row->waived_by);
	kept->waived_reason = arena_string(job->arena, row->waived_reason);
	return 0;
}

static int take_message(struct control *control, struct job *job,
			enum message_type type, const void *message, int *fds)
{
	if (type == MESSAGE_finding_row)
		return keep_finding(job, message);
	if (type != MESSAGE_judged)
		return ERROR_MESSAGE;
	job_finish(control, job); /* first: the target is free for the next job */
	if (verdict_by_name(((const struct msg_judged *)message)->result) !=
	    VERDICT_UNKNOWN)
		job_keep_facts(control, job);
	if (job->emits)
		emit_take(control, job, message, fds);
	else
		verdict_take(control, job, message);
	return 0;
}

static void take_crash(struct control *control, struct job *job)
{
	struct msg_change_row change;
	const char *reason = "the judge ended without a result";

	if (job->emits)
		emit_failed(control, job, reason, true);
	else if (control_write(control) == 0 &&
		 store_change_get(control->store, control->round, job->change, &change,
				  NULL) == 0)
		judgement_failed(control, &change, reason, true);
}

const struct job_kind judge_kind = { PROFILE_JUDGE, "judge", take_message, take_crash };
