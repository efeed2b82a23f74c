/* control/jobs.c - running jobs: started by the zygote, heard over their own channels.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/path.h"
#include "control/state.h"

#define JOB_ARENA_BYTES ((size_t)64 << 20)
#define TEXT_BYTES      ((size_t)1 << 20) /* of a file with keys or certificates */
#define FACTS_BYTES                                                                    \
	((size_t)768 << 10)  /* in one answer, with room for the rest of it */
#define MESSAGES_A_ROUND 256 /* of one job: then it is the others' turn */

struct job *job_new(struct control *control, const struct job_kind *kind)
{
	struct job *job = calloc(1, sizeof(*job));
	struct error err = ERROR_INIT;

	if (job)
		job->arena = arena_new(JOB_ARENA_BYTES);
	if (!job || !job->arena) {
		free(job);
		error_set(&err, ERROR_MEMORY, "out of memory");
		control_fail(control, 3, &err);
		return NULL;
	}
	job->kind = kind;
	job->id = ++control->last_job;
	job->channel.fd = -1;
	job->grant_fds[0] = job->grant_fds[1] = -1;
	job->more_end = &job->more;
	return job;
}

void job_add_fd(struct job *job, int fd)
{
	job->request_fds[job->request_fd_count++] = fd;
}

int job_add_message(struct job *job, enum message_type type, const void *message,
		    int fd)
{
	struct job_message *more = arena_new_of(job->arena, struct job_message);

	if (!more) {
		fd_close(&fd);
		return ERROR_MEMORY;
	}
	*more = (struct job_message){ .type = type, .message = message, .fd = fd };
	*job->more_end = more;
	job->more_end = &more->next;
	return 0;
}

int job_add_grant(struct job *job, struct msg_grant *grant)
{
	struct error err = ERROR_INIT;
	int pair[2], next = 0;

	while (next < GRANTS_MAX && job->grant_fds[next] >= 0)
		next++;
	int rc = next < GRANTS_MAX
			 ? channel_pair(pair, &err)
			 : error_set(&err, ERROR_INTERNAL, "a job has too many grants");
	if (rc != 0) {
		log_warning("no socketpair for a tool", LOG_E(&err));
		return rc;
	}
	job_add_fd(job, pair[0]);
	job->grant_fds[next] = pair[1];
	job->grants[next] = grant;
	return 0;
}

int job_secret(struct job *job, const char *file, const char **out, struct error *err)
{
	char *secret = NULL;

	if (!is_set(file))
		return 0;
	int rc = config_secret(file, &secret, err);
	if (rc != 0)
		return rc;
	*out = arena_string(job->arena, secret);
	config_secret_wipe(secret);
	return *out ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

int job_text(struct job *job, const char *file, const char **out, struct error *err)
{
	struct buf text = BUF_INIT(TEXT_BYTES);

	if (!is_set(file))
		return 0;
	int rc = buf_read_file(&text, file, err);
	if (rc == 0)
		*out = arena_string(job->arena, text.data);
	buf_release(&text);
	return rc != 0 || *out ? rc : error_set(err, ERROR_MEMORY, "out of memory");
}

/* A standing job or one aside is no worker. */
static void count_worker(struct control *control, const struct job *job, bool one_more)
{
	if (!job->standing && !job->aside)
		control->running += one_more ? 1 : (size_t)-1;
	metric_set(METRIC_JOBS_RUNNING, (int64_t)control->running);
}

static struct msg_strings copy_paths(struct arena *arena, const char *const *paths,
				     size_t count)
{
	const char **copy = arena_array(arena, count + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++)
		copy[i] = arena_string(arena, paths[i]);
	return (struct msg_strings){ copy, copy ? count : 0 };
}

void job_paths(struct job *job, const char *const *read, size_t read_count,
	       const char *const *write, size_t write_count)
{
	job->read_paths = copy_paths(job->arena, read, read_count);
	job->write_paths = copy_paths(job->arena, write, write_count);
}

void job_start(struct control *control, struct job *job, enum message_type type,
	       void *request)
{
	job->request_type = type;
	job->request = request;
	job->deadline = clock_monotonic() + control->config->server.job_timeout;
	job->next = control->jobs;
	control->jobs = job;
	count_worker(control, job, true);
}

void job_finish(struct control *control, struct job *job)
{
	if (job->finished)
		return;
	job->finished = true;
	count_worker(control, job, false);
}

static void close_fds(struct job *job)
{
	for (int i = 0; i < job->request_fd_count; i++)
		fd_close(&job->request_fds[i]);
	job->request_fd_count = 0;
	for (struct job_message *more = job->more; more; more = more->next)
		fd_close(&more->fd);
	for (int i = 0; i < GRANTS_MAX; i++)
		fd_close(&job->grant_fds[i]);
}

void job_drop(struct job *job)
{
	if (!job)
		return;
	channel_close(&job->channel);
	close_fds(job);
	arena_free(job->arena);
	free(job);
}

void jobs_collect(struct control *control)
{
	for (struct job **link = &control->jobs; *link;) {
		struct job *job = *link;
		if (!job->finished) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job_drop(job);
	}
}

static int spawn_job(struct control *control, struct job *job, struct error *err)
{
	int pair[2];
	struct msg_spawn spawn = {
		.job = job->id,
		.profile = profile_name(job->kind->profile),
		.read_paths = job->read_paths,
		.write_paths = job->write_paths,
		.ports = job->ports,
		.bounds_ports = job->bounds_ports,
	};

	int rc = channel_pair(pair, err);
	if (rc != 0)
		return rc;
	rc = channel_open(&job->channel, pair[0], true, err);
	if (rc != 0) {
		close(pair[1]);
		return rc;
	}
	/* The request waits in the socket: the child finds it when it is born. */
	rc = channel_send(&job->channel, job->request_type, job->request,
			  job->request_fds, job->request_fd_count, err);
	for (struct job_message *more = job->more; rc == 0 && more; more = more->next)
		rc = channel_send(&job->channel, more->type, more->message, &more->fd,
				  more->fd >= 0 ? 1 : 0, err);
	for (int i = 0; rc == 0 && i < GRANTS_MAX && job->grant_fds[i] >= 0; i++)
		rc = channel_send(&control->parts[PART_RUNNER], MESSAGE_grant,
				  job->grants[i], &job->grant_fds[i], 1, err);
	if (rc == 0)
		rc = channel_send(&control->parts[PART_ZYGOTE], MESSAGE_spawn, &spawn,
				  &pair[1], 1, err);
	close(pair[1]);
	return rc;
}

bool jobs_start_prepared(struct control *control)
{
	struct error err = ERROR_INIT;
	bool all = true;

	for (struct job *job = control->jobs; job; job = job->next) {
		if (job->started || job->finished)
			continue;
		job->started = true;
		metric_add(METRIC_JOBS_STARTED, 1);
		if (spawn_job(control, job, &err) == 0) {
			close_fds(job);
			continue;
		}
		/* Its end is handled like that of any job: in the next round, by the
		 * closed channel. */
		log_warning("a job could not be started", LOG_S("job", job->kind->name),
			    LOG_E(&err));
		error_clear(&err);
		job->unborn = true;
		job->deadline = 0;
		all = false;
	}
	return all;
}

static void crash(struct control *control, struct job *job, const char *why)
{
	if (job->finished)
		return;
	log_warning("a job ended without a result", LOG_S("job", job->kind->name),
		    LOG_S("why", why), LOG_S("repository", job->repository),
		    LOG_S("target", job->target), LOG_S("source", job->source));
	metric_add(METRIC_JOBS_CRASHED, 1);
	job->kind->crashed(control, job);
	job_finish(control, job);
}

void jobs_expire(struct control *control, int64_t now)
{
	for (struct job *job = control->jobs; job; job = job->next) {
		struct msg_kill_job order = { job->id };
		if (job->finished || job->standing || !job->started ||
		    now < job->deadline)
			continue;
		if (control->part_there[PART_ZYGOTE])
			channel_send(&control->parts[PART_ZYGOTE], MESSAGE_kill_job,
				     &order, NULL, 0, NULL);
		crash(control, job,
		      "it took longer than job-timeout, or was not started");
	}
}

void jobs_lost(struct control *control)
{
	for (struct job *job = control->jobs; job; job = job->next)
		if (job->started)
			crash(control, job, "the zygote is gone");
}

/* Facts are believed only for the repository whose judge found them: a judge that an
 * evil repository took over cannot vouch for the commits of others. */
static const char *fact_kind(const struct job *job, struct arena *arena,
			     const char *kind)
{
	return arena_printf(arena, "%s %s", kind, job->repository);
}

/* Judges ask for facts; everything else is the kind's business. What does not go into
 * one message is found out again. */
static void answer_facts(struct control *control, struct job *job,
			 const struct msg_facts_get *request)
{
	const char *kind = fact_kind(job, control->round, request->kind);
	const char **values =
		arena_array(control->round, request->keys.count + 1, sizeof(*values));
	struct oid *keys =
		arena_array(control->round, request->keys.count + 1, sizeof(*keys));
	size_t count = 0;
	size_t bytes = 0;

	for (size_t i = 0; kind && values && keys && i < request->keys.count; i++) {
		if (store_fact_get(control->store, control->round, kind,
				   &request->context, &request->keys.items[i],
				   &values[count], NULL) != 0)
			continue;
		bytes += strlen(values[count]) + sizeof(struct oid);
		if (bytes > FACTS_BYTES)
			break;
		keys[count++] = request->keys.items[i];
	}
	struct msg_facts_known known = { { keys, count }, { values, count } };
	channel_send(&job->channel, MESSAGE_facts_known, &known, NULL, 0, NULL);
}

/* Until the job ends: one transaction for all, and none for a job that comes to grief.
 */
static void collect_facts(struct job *job, const struct msg_facts_put *facts)
{
	const char *kind = fact_kind(job, job->arena, facts->kind);

	for (size_t i = 0; kind && i < facts->keys.count && i < facts->values.count;
	     i++) {
		const char *value = arena_string(job->arena, facts->values.items[i]);
		struct fact *fact =
			value ? ARENA_PUSH(job->arena, &job->facts, &job->fact_count,
					   &job->fact_capacity)
			      : NULL;
		if (!fact)
			return;
		*fact = (struct fact){ kind, facts->context, facts->keys.items[i],
				       value };
	}
}

void job_keep_facts(struct control *control, const struct job *job)
{
	if (job->fact_count == 0 || control_write(control) != 0)
		return;
	for (size_t i = 0; i < job->fact_count; i++) {
		const struct fact *fact = &job->facts[i];
		store_fact_put(control->store, fact->kind, &fact->context, &fact->key,
			       fact->value, clock_now(), NULL);
	}
}

void job_hear(struct control *control, struct job *job)
{
	struct error err = ERROR_INIT;
	enum message_type type;
	void *message;
	int rc = 1;

	for (int i = 0; i < MESSAGES_A_ROUND && !job->finished && rc == 1; i++) {
		int fds[MESSAGE_FDS_MAX] = { -1, -1, -1, -1 };
		rc = channel_receive(&job->channel, control->round, &type, &message,
				     fds, &err);
		if (rc != 1)
			break;
		if (type == MESSAGE_facts_get && job->kind->profile == PROFILE_JUDGE)
			answer_facts(control, job, message);
		else if (type == MESSAGE_facts_put &&
			 job->kind->profile == PROFILE_JUDGE)
			collect_facts(job, message);
		else if (job->kind->message(control, job, type, message, fds) != 0)
			rc = error_set(&err, ERROR_MESSAGE, "an unexpected message");
		for (int j = 0; j < MESSAGE_FDS_MAX; j++)
			fd_close(&fds[j]);
	}
	if (rc < 0)
		crash(control, job, err.text);
}

bool jobs_talk_to(const struct control *control, const struct job_kind *kind,
		  const char *source)
{
	for (const struct job *job = control->jobs; job; job = job->next)
		if (!job->finished && job->kind == kind &&
		    strcmp(job->source, source) == 0)
			return true;
	return false;
}

bool jobs_any(const struct control *control, const struct job_kind *kind,
	      const char *repository, const char *target)
{
	for (const struct job *job = control->jobs; job; job = job->next)
		if (!job->finished && (!kind || job->kind == kind) &&
		    (!repository ||
		     (job->repository && strcmp(job->repository, repository) == 0)) &&
		    (!target || (job->target && strcmp(job->target, target) == 0)))
			return true;
	return false;
}
