/* control/state.h - what the files of control/ share: the state of the process and its
 * jobs.
 *
 * Not for other folders. */
#ifndef CONTROL_STATE_H
#define CONTROL_STATE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/config.h"
#include "control/steps.h"
#include "ipc/message.h"
#include "model/messages.h"
#include "sandbox/sandbox.h"
#include "store/store.h"

#define CRASHES_MAX  3 /* then the piece of work is quarantined */
#define ATTEMPTS_MAX 5 /* of work that failed for a reason that may pass */
#define PARTS_MAX    3

struct control;
struct job;

/* Why a target is compared with what was accepted on its ref, without a push. */
enum catch_up {
	CATCH_UP_NONE = 0,
	CATCH_UP_NEW,  /* it has nothing: the process or the configuration is new */
	CATCH_UP_ANEW, /* its ref or paths are others now */
	CATCH_UP_LEFT, /* a later change was left out for a deployment that failed */
};

/* One file per kind of job: what to send, how to take its messages, what its end means.
 */
struct job_kind {
	enum profile profile;
	const char *name;
	/* must: a message of the job; fds become the callee's. */
	int (*message)(struct control *control, struct job *job, enum message_type type,
		       const void *message, int *fds);
	/* must: the job is gone without a result. */
	void (*crashed)(struct control *control, struct job *job);
};

/* What a judge found out; `kind` says of which repository. */
struct fact {
	const char *kind;
	struct digest context;
	struct oid key;
	const char *value;
};

/* A running job. Prepared inside a round, started after its commit. */
struct job {
	struct job *next;
	const struct job_kind *kind;
	uint64_t id;
	struct channel channel;
	bool started;
	bool unborn;      /* could not be started: nothing of it was done */
	bool finished;    /* a result came, or it is given up: freed at the end of the
			     round */
	bool standing;    /* no deadline, does not count as a worker (observe) */
	int64_t deadline; /* monotonic */
	struct arena *arena;
	/* the request and its descriptors (owned) */
	enum message_type request_type;
	void *request;
	int request_fds[MESSAGE_FDS_MAX];
	int request_fd_count;
	struct msg_strings read_paths;
	struct msg_strings write_paths;
	/* what it works for */
	const char *repository;
	const char *target;
	uint64_t wanted;   /* fetch: the generation that was asked for */
	uint64_t delivery; /* fetch: the newest delivery when it was started */
	bool again;        /* fetch: what was not accepted is judged once more */
	uint64_t change;   /* judge */
	struct oid base;   /* judge: what was accepted on the ref before */
	uint64_t deployment;
	bool emits;    /* judge: packs for `deployment` */
	bool observes; /* deploy: only compares */
	enum catch_up catch_up;
	/* deploy: the runner's ends for the activate command: once after the switch,
	 * once after switching back when the first run failed */
	int grant_fds[2];
	struct msg_grant *grant;
	/* collected answers */
	struct msg_finding_row *findings;
	size_t finding_count;
	size_t finding_capacity;
	struct msg_ref_row *refs;
	size_t ref_count;
	size_t ref_capacity;
	struct fact *facts; /* to be remembered when it ends well */
	size_t fact_count;
	size_t fact_capacity;
};

/* Timers of a repository or target that the store need not know. */
struct watch {
	const char *name;
	int64_t due;       /* monotonic: next poll or comparison */
	bool hinted;       /* compare now: somebody touched it */
	bool again;        /* judge once more what was not accepted */
	uint64_t failures; /* of comparisons in a row */
	enum catch_up catch_up;
};

enum part { PART_ZYGOTE, PART_RUNNER, PART_INTAKE };

/* Something to tell intake once the round is committed. */
struct answer {
	struct answer *next;
	enum message_type type;
	void *message;
};

struct control {
	const struct control_setup *setup;
	struct config *config;
	struct store *store;
	struct channel keeper;
	struct channel parts[PARTS_MAX];
	bool part_there[PARTS_MAX];
	struct job *jobs;
	uint64_t last_job;
	size_t running;             /* workers */
	struct watch *repositories; /* in the order of the configuration */
	struct watch *targets;
	struct arena *watch_arena;
	struct arena *round; /* freed at the end of each round */
	struct answer *answers;
	struct answer **answers_end;
	bool draining;
	int64_t drain_deadline;
	bool observer_stale; /* the observer's list must be sent again */
	bool told_ready;
	int64_t next_state; /* when the keeper hears from us again */
	int64_t next_prune;
	struct store_backup *backup;
	char *backup_path; /* allocated: it outlives a configuration */
	uint64_t backup_request;
	int floor_fd;    /* sealed: the floor policy of the present configuration */
	int exit_status; /* -1: go on */
};

/* --- round.c --- */
/* Opens the round's transaction if it is not open yet. Errors end the process: the
 * store is not usable any more. */
int control_write(struct control *control);
/* Ends the process after this round, with a reason in the log. */
void control_fail(struct control *control, int status, const struct error *err);

/* --- jobs.c --- */
struct job *job_new(struct control *control, const struct job_kind *kind);
/* Queues it for starting after the commit. `request` and what it points to must live in
 * the job's arena. */
void job_start(struct control *control, struct job *job, enum message_type type,
	       void *request);
/* Frees one that was never queued. NULL is legal. */
void job_drop(struct job *job);
void job_add_fd(struct job *job, int fd); /* takes it */
void job_paths(struct job *job, const char *const *read, size_t read_count,
	       const char *const *write, size_t write_count);
void job_finish(struct control *control, struct job *job);
/* Writes the facts that a judge found out. Losing them costs time only. */
void job_keep_facts(struct control *control, const struct job *job);
/* False when one could not be started: its end must be handled in the next round. */
bool jobs_start_prepared(struct control *control);
void jobs_expire(struct control *control, int64_t now);
void jobs_collect(struct control *control); /* frees finished ones */
void job_read(struct control *control, struct job *job);
void jobs_lost(struct control *control); /* the zygote is gone */
bool jobs_any(const struct control *control, const struct job_kind *kind,
	      const char *repository, const char *target);

/* --- schedule.c --- */
/* Looks for due work and prepares jobs; returns when to look again (monotonic
 * microseconds). */
int64_t schedule(struct control *control, int64_t now);
/* After the configuration changed; `old`: what it was, NULL at the start. */
void schedule_reset(struct control *control, const struct config *old);
void schedule_hint(struct control *control, const char *repository);
/* Tips that were refused or could not be judged get another judgement: what stood in
 * their way may have been mended. */
void schedule_again(struct control *control);
struct watch *watch_find(struct control *control, bool target, const char *name);
/* Exponential, with a bound: 1 s, 4 s, 16 s ... 5 min. */
int64_t backoff(uint64_t attempts);

/* --- work_*.c --- */
extern const struct job_kind fetch_kind, judge_kind, deploy_kind, observe_kind,
	catch_up_kind;
int fetch_prepare(struct control *control,
		  const struct conf_repository_entry *repository,
		  const struct msg_repository_row *row);
int judge_prepare(struct control *control, const struct msg_change_row *change);
int emit_prepare(struct control *control, const struct conf_target_entry *target,
		 const struct msg_deployment_row *deployment);
int catch_up_prepare(struct control *control, const struct conf_target_entry *target,
		     enum catch_up why);
int deploy_prepare(struct control *control, const struct conf_target_entry *target,
		   const struct msg_deployment_row *deployment, int manifests_fd,
		   const struct digest *manifests);
int compare_prepare(struct control *control, const struct conf_target_entry *target,
		    const struct msg_target_row *row);
void observer_refresh(struct control *control);

/* --- deployments.c: the life of deployments, in the store --- */
/* Queues one and supersedes what waited; `id` may be NULL. ERROR_STALE with a reason
 * when the commit is quarantined. */
int deployment_queue(struct control *control, const char *target,
		     const struct oid *commit, uint64_t change,
		     enum deployment_cause cause, const char *actor, const char *reason,
		     int64_t hinted_at, uint64_t *id, struct error *err);
/* Ends one in a terminal state: store, outbox, ledger, metrics. */
int deployment_end(struct control *control, struct msg_deployment_row *row,
		   enum deployment_state state, const char *reason);
int status_put(struct control *control, const char *repository,
	       const struct oid *commit, const char *context, const char *state,
	       const char *description);
int ledger_put(struct control *control, const char *kind, const char *const *pairs);
/* After a start: what was in the middle when the process ended. */
int deployments_recover(struct control *control);

/* --- requests.c: what intake asks --- */
void request_take(struct control *control, enum message_type type, const void *message);
void answer_put(struct control *control, enum message_type type, const void *message);
void backup_continue(struct control *control);

#endif
