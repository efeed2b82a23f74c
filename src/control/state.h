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

#define CRASHES_MAX   3 /* then the piece of work is quarantined */
#define ATTEMPTS_MAX  5 /* of work that failed for a reason that may pass */
#define PARTS_MAX     3
#define MERGED_MAX    16
#define GRANTS_MAX    2
#define LIST_ROWS_MAX 200 /* of one list of the store */
#define REVIEW_LOOKS  64  /* commits whose reviews are asked for at one time */

struct control;
struct job;

/* Options that are empty may be NULL. */
static inline bool is_set(const char *text)
{
	return text && *text;
}

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

/* One more message to a job, after its request. */
struct job_message {
	struct job_message *next;
	enum message_type type;
	const void *message; /* in the job's arena */
	int fd;              /* owned; -1: none */
};

/* read: a delivery, and what was found in it. */
struct job_delivery {
	struct msg_delivery_row row;
	struct msg_hint_row *hints;
	size_t hint_count;
	size_t hint_capacity;
	bool done;
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
	bool aside;       /* does not count as a worker: at most one a source, bounded
			     by its own rules (read, report, lookup) */
	int64_t deadline; /* monotonic */
	struct arena *arena;
	/* the request and its descriptors (owned) */
	enum message_type request_type;
	void *request;
	int request_fds[MESSAGE_FDS_MAX];
	int request_fd_count;
	struct job_message *more; /* sent behind the request, in order */
	struct job_message **more_end;
	struct msg_strings read_paths;
	struct msg_strings write_paths;
	struct msg_strings ports; /* to which alone it connects, where it is bound */
	bool bounds_ports;
	/* what it works for */
	const char *repository;
	const char *target;
	const char *source; /* read, report, lookup */
	uint64_t wanted;    /* fetch: the generation that was asked for */
	uint64_t delivery;  /* fetch: the newest delivery when it was started */
	bool again;         /* fetch: what was not accepted is judged once more */
	uint64_t change;    /* judge */
	struct oid base;    /* judge: what was accepted on the ref before */
	uint64_t brought;   /* judge: control->brought when it was asked */
	uint64_t deployment;
	bool emits;    /* judge: packs for `deployment` */
	bool observes; /* deploy: only compares */
	enum catch_up catch_up;
	struct oid commit; /* judge: the new id */
	bool asks_reviews; /* judge: they can be had, and were not given */
	/* the runner's ends of what the job may have run, once each */
	int grant_fds[GRANTS_MAX];
	struct msg_grant *grants[GRANTS_MAX];
	/* collected answers */
	struct msg_finding_row *findings;
	size_t finding_count;
	size_t finding_capacity;
	struct msg_ref_row *refs;
	size_t ref_count;
	size_t ref_capacity;
	struct job_delivery *deliveries; /* read */
	const char *hinted; /* read: this repository was, in the round hinted_in */
	uint64_t hinted_in;
	size_t delivery_count;
	size_t deliveries_done;
	uint64_t requests;          /* report, lookup: charged to the forge's budget;
				       fetch: to the log's */
	struct job_report *reports; /* report */
	size_t report_count;
	struct job_lookup *lookups; /* lookup */
	size_t lookup_count;
	struct merge_request *found; /* lookup: of the item that is being answered */
	size_t found_count;
	size_t found_capacity;
	struct fact *facts; /* to be remembered when it ends well */
	size_t fact_count;
	size_t fact_capacity;
};

/* Timers of a repository or target that the store need not know. */
struct watch {
	const char *name;
	int64_t due;                 /* monotonic: next poll or comparison */
	bool hinted;                 /* compare now: somebody touched it */
	bool again;                  /* judge once more what was not accepted */
	bool for_proofs;             /* `due` is sooner than a poll, for those alone */
	bool list_merge_requests;    /* read which are open */
	bool needs_merges;           /* a judge had to make again what the forge made */
	uint64_t merged[MERGED_MAX]; /* a ring: merge requests whose heads are wanted
					though they were merged */
	size_t next_merged;
	uint64_t failures; /* of comparisons in a row */
	enum catch_up catch_up;
};

/* A row of the outbox that a report job posts. */
struct job_report {
	uint64_t id;
	int64_t created_at;
	const char *posted; /* what the forge shows then */
	uint64_t attempts;
	bool done;
};

/* What a lookup job was asked. */
struct job_lookup {
	const char *repository;
	const char *mode;
	uint64_t number;
	uint64_t wanted; /* mode number: the generation that is answered */
	struct oid commit;
	bool done;
};

/* A merge request as a lookup told it. */
struct merge_request {
	struct msg_merge_request_row row;
	struct msg_review_row *reviews;
	size_t review_count;
	size_t review_capacity;
};

/* What is known of a forge between jobs; nothing of it is stored. */
struct forge_watch {
	const char *name;
	int64_t retry_at;    /* monotonic: it asked for silence until then */
	int64_t refilled_at; /* monotonic */
	int64_t allowance;   /* requests that may still be made, times 60 s; below 0:
				a job needed more */
	uint64_t failures;   /* jobs in a row */
	uint64_t failed_job; /* the last of them */
	char *token;         /* of an App's installation; wiped */
	int64_t token_expires;
	uint64_t installation;
};

/* That the reviews of a commit were asked for. */
struct review_look {
	char repository[256];
	struct oid commit;
	int64_t asked_at;  /* clock_now(); 0: the slot is free */
	int64_t looked_at; /* 0: not yet */
	int64_t due;       /* monotonic: not before, after a failure */
	uint64_t failures;
	uint64_t nothing; /* times that no merge request was found */
};

/* What is known of the log of signatures between jobs; nothing of it is stored. */
struct rekor_watch {
	int64_t retry_at;    /* monotonic: it is left alone until then */
	int64_t refilled_at; /* monotonic */
	int64_t allowance;   /* requests that may still be made, times 60 s; below 0: a
				job needed more */
	uint64_t failures;   /* jobs in a row */
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
	struct forge_watch *forges; /* in the order of the configuration's sources */
	size_t forge_count;
	struct review_look looks[REVIEW_LOOKS]; /* a ring: see merge_requests.c */
	size_t next_look;
	struct arena *watch_arena;
	struct arena *round; /* freed at the end of each round */
	uint64_t round_number;
	struct rekor_watch rekor;
	uint64_t brought;      /* how often fetches brought what can excuse a commit:
				  waivers, entries of a log */
	size_t round_webhooks; /* stored in this round */
	int64_t calm_at;       /* monotonic: the last rush of webhooks is over then */
	int64_t read_by; /* monotonic: reading waits no longer; 0: nothing waits */
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
	int floor_fd; /* sealed: the floor policy of the present configuration */
	uint64_t last_event;
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
/* Lets the job have the runner run this, once; the job's end is added to its request's
 * descriptors. */
int job_add_grant(struct job *job, struct msg_grant *grant);
void job_paths(struct job *job, const char *const *read, size_t read_count,
	       const char *const *write, size_t write_count);
/* One more message behind the request; takes `fd` (-1: none). `message` must live in
 * the job's arena. */
int job_add_message(struct job *job, enum message_type type, const void *message,
		    int fd);
/* What a file holds, in the job's arena: a secret's first line, or all of it. *out
 * stays as it is when no file is named. */
int job_secret(struct job *job, const char *file, const char **out, struct error *err);
int job_text(struct job *job, const char *file, const char **out, struct error *err);
void job_finish(struct control *control, struct job *job);
/* Writes the facts that a judge found out. Losing them costs time only. */
void job_keep_facts(struct control *control, const struct job *job);
/* False when one could not be started: its end must be handled in the next round. */
bool jobs_start_prepared(struct control *control);
void jobs_expire(struct control *control, int64_t now);
void jobs_collect(struct control *control); /* frees finished ones */
void job_hear(struct control *control, struct job *job);
void jobs_lost(struct control *control); /* the zygote is gone */
/* Whether one of this kind (report, lookup) speaks to this source now. */
bool jobs_talk_to(const struct control *control, const struct job_kind *kind,
		  const char *source);
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
/* A tip that was neither accepted nor waits is judged once more. */
int ref_judge_again(struct control *control, const char *repository,
		    const struct msg_ref_row *known);
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

/* --- webhooks.c --- */
/* The sources and their secrets, to intake. */
void sources_send(struct control *control);
/* Stores a delivery; `fd` holds its body, or -1. */
void webhook_take(struct control *control, const struct msg_webhook *webhook, int fd);

/* --- work_read.c, work_report.c, work_lookup.c --- */
extern const struct job_kind read_kind, report_kind, lookup_kind;
void read_due(struct control *control, int64_t now, int64_t *until);
void report_due(struct control *control, int64_t now, int64_t *until);
void lookup_due(struct control *control, int64_t now, int64_t *until);

/* --- forges.c --- */
struct forge_watch *forge_watch_find(struct control *control, const char *source);
/* The source that a repository is told of by, when it can be asked and told. NULL:
 * none.
 */
const struct conf_source_entry *forge_of(const struct control *control,
					 const char *repository);
/* Whether `requests` may be made now; *until otherwise. */
bool forge_allows(struct control *control, const struct conf_source_entry *source,
		  uint64_t requests, int64_t now, int64_t *until);
/* Takes them from the budget, until the job says how many it made. One that needed more
 * makes the next ones wait, for a minute at most. */
void forge_charge(struct control *control, const struct conf_source_entry *source,
		  struct job *job, uint64_t requests);
/* The first message of a report or lookup job; its paths. ERROR_... when the credential
 * cannot be read. */
int forge_session_fill(struct control *control, struct job *job,
		       const struct conf_source_entry *source,
		       struct msg_forge_session *session, struct error *err);
/* What a job said about limits and its token. */
void forge_budget_take(struct control *control, struct job *job,
		       const struct msg_forge_budget *budget);
/* Whether it says something about the forge, which is left alone for a while then. */
bool forge_is_down(int code);
/* How talking went: for `status` and the wait before the next time. However much of one
 * job (0: none) fails, it is one failure. */
void forge_result(struct control *control, const char *source, uint64_t job, int code,
		  const char *problem, int64_t retry_at);

/* --- rekor.c --- */
/* Lets a fetch ask the log, as far as it may be asked now. */
void rekor_fill(struct control *control, struct job *job,
		const struct conf_repository_entry *entry, struct msg_fetch *request);
/* What became of it: with new proofs what was not accepted is judged again
 * (job->again); for those that are missing the repository is fetched sooner. */
void rekor_take(struct control *control, struct job *job,
		const struct msg_fetched *fetched);

/* --- merge_requests.c --- */
/* The list of open ones is read again. */
void merge_requests_poll(struct control *control, const char *repository);
/* A lookup's answer about one merge request. */
int merge_request_take(struct control *control, const char *repository,
		       const struct merge_request *found, uint64_t seen);
/* All open ones were listed: those that are not among them are looked at singly. */
int merge_requests_listed(struct control *control, const char *repository,
			  const struct merge_request *found, size_t count);
/* A fetch ended: what has a new head or base is judged; after a reload (`again`) all
 * that is open, after a new waiver too. */
int merge_requests_fetched(struct control *control, const char *repository, bool again);
/* Something was accepted on a branch: what shall be merged into it is judged by that.
 */
int merge_requests_accepted(struct control *control, const char *repository,
			    const char *base_ref);
/* The refs that a fetch shall bring besides branches and tags. */
struct msg_strings merge_request_refs(struct control *control, struct arena *arena,
				      const struct conf_repository_entry *entry);
/* Whether the reviews of this commit were read within the last minute. */
bool reviews_fresh(struct control *control, const char *repository,
		   const struct oid *commit);
/* Whether this one itself, with its reviews, was: a forge need not tell of it when it
 * is asked about the commit. */
bool merge_request_is_fresh(const struct msg_merge_request_row *row);
/* They are read soon; changes and deployments of this commit are due then. */
void reviews_ask(struct control *control, const char *repository,
		 const struct oid *commit);
void reviews_looked(struct control *control, const char *repository,
		    const struct oid *commit, int code);
/* The merge request by which a change comes (number 0 in *out: none): of several the
 * newest that was merged, else the newest that is open. */
int merge_request_of_change(struct control *control,
			    const struct msg_change_row *change,
			    struct msg_merge_request_row *out);
/* Why another open merge request with the same head was not accepted; NULL: none. */
const char *merge_request_refusal(struct control *control,
				  const struct msg_change_row *change);
/* Whether an open merge request has the change's new commit as its head. */
bool merge_request_has_head(struct control *control,
			    const struct msg_change_row *change);
/* The comment of a merge request, with this verdict's findings. */
int comment_put(struct control *control, const struct msg_change_row *change,
		uint64_t verdict, const char *state, const char *description);

/* --- waivers.c --- */
/* Writes what a fetch saw beneath refs/waivers/ (job->refs are sorted). *changed: there
 * are new ones, by which what was refused may pass. */
int waivers_fetched(struct control *control, const struct job *job, bool *changed);
/* A record of the ledger for each waiver that no verdict used before; goes before the
 * verdict is written. */
int waivers_record(struct control *control, const struct job *job,
		   const struct msg_change_row *change);
/* The first finding of a judgement that counts; NULL: none does. */
const struct msg_finding_row *finding_that_counts(const struct job *job);
size_t findings_that_count(const struct job *job);
/* What a verdict says in one line; "": nothing was found. */
const char *finding_summary(struct control *control, const struct job *job);
/* What is told of one that passed: not without what was waived. */
const char *pass_summary(struct control *control, const struct job *job);

/* --- events.c --- */
/* Tells followers; after the commit. */
void event_put(struct control *control, const char *kind, enum message_type type,
	       const void *row);

/* --- rights.c: who may --- */
/* A person at the local socket, or a token. `scope`: read, poll or deploy. */
int rights_check(struct control *control, uint64_t uid, const struct digest *token,
		 const char *scope, struct error *err);
/* Of a new token: read, poll and deploy, at least one. */
int rights_scopes_check(const char *scopes, struct error *err);
bool rights_is_admin(const struct control *control, uint64_t uid);
/* Who that is, for the ledger; in the round's arena. */
const char *rights_actor(struct control *control, uint64_t uid,
			 const struct digest *token);

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
/* The status gitgate/policy of a change, with its verdict's findings (0: none). A
 * branch's verdict does not hide that of an open merge request with the same head. */
int policy_status_put(struct control *control, const struct msg_change_row *change,
		      const char *state, const char *description, uint64_t verdict);
int ledger_put(struct control *control, const char *kind, const char *const *pairs);
/* After a start: what was in the middle when the process ended. */
int deployments_recover(struct control *control);

/* --- requests.c: what intake asks --- */
/* Closes the descriptors (NULL: there are none). */
void request_take(struct control *control, enum message_type type, const void *message,
		  int *fds);
void answer_put(struct control *control, enum message_type type, const void *message);
/* The end of the answer to a request. */
void answer_end(struct control *control, uint64_t request, int code, const char *text,
		uint64_t id, uint64_t next);
void answer_fail(struct control *control, uint64_t request, const struct error *err);

/* --- commands.c --- */
void command_take(struct control *control, const struct msg_command *asked);
void backup_continue(struct control *control);

#endif
