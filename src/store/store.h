/* store/store.h - the service's memory: one schema, one handle, durable when a commit
 * returns.
 *
 * Writes happen in a transaction that the caller opens and closes (control groups all
 * work of one round of its loop into one): store_begin() ... store_commit(). Outside of
 * one, writes are ERROR_INTERNAL. After a failed commit nothing of it has happened and
 * the store is closed for writing (fsync errors are final): every later write answers
 * ERROR_STORE until it is closed and opened again; reading goes on. (When it was the
 * sync that failed nobody can know: the commit may be found done at the next start.) A
 * write that fails for want of disk, memory or soundness spoils its transaction:
 * store_commit() then rolls back and answers ERROR_STORE, and the next transaction may
 * succeed. One that is refused for its sense (ERROR_NOT_FOUND, ERROR_STALE,
 * ERROR_LIMIT, ERROR_USAGE) does not. ERROR_NOT_FOUND is also the answer to a row that
 * refers to a repository, target or change that is not there. Rows are the structs of
 * model/messages.def; text of rows lives in the arena given. Lists are newest first, by
 * id, `before` (0: from the newest) and `limit` (1 to 200). Threads: one. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/messages.h"

struct arena;
struct error;
struct store;

/* What this build writes; an older database is migrated step by step inside one
 * transaction, a newer one is ERROR_STORE_NEWER. */
#define STORE_VERSION 3

enum store_mode {
	STORE_CREATE,    /* make it when it is missing */
	STORE_EXISTING,  /* ERROR_NOT_FOUND when it is missing */
	STORE_READ_ONLY, /* for commands while no service runs; no migration */
};

/* `location`: a file name, or "memory:". ERROR_STORE_LOCKED when another process has
 * it, ERROR_STORE_NEWER, ERROR_STORE_DAMAGED, ERROR_STORE_FOREIGN (a database of
 * another program), ERROR_NO_SPACE, ERROR_PERMISSION. One handle a file and process:
 * closing a second one would drop the first one's lock. */
int store_open(struct store **out, const char *location, enum store_mode mode,
	       struct error *err);
void store_close(struct store *store);
int store_begin(struct store *store, struct error *err);
int store_commit(struct store *store, struct error *err); /* durable: fsynced */
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);

/* --- repositories and refs --- */
/* Adds the row when it is missing. */
int store_repository_ensure(struct store *store, const char *name, struct error *err);
int store_repository_get(struct store *store, struct arena *arena, const char *name,
			 struct msg_repository_row *out, struct error *err);
int store_repository_list(struct store *store, struct arena *arena,
			  struct msg_repository_row **out, size_t *count,
			  struct error *err);
/* wanted += 1, hinted_at = at. A generation counter: a hint that comes during a fetch
 * starts another. */
int store_repository_hint(struct store *store, const char *name, int64_t at,
			  struct error *err);
/* A fetch that was started for generation `wanted` ended well (problem NULL: failures =
 * 0; head NULL: as it was) or not (failures += 1). fetched_at = at in both cases. */
int store_repository_fetched(struct store *store, const char *name, uint64_t wanted,
			     int64_t at, const char *head, const char *problem,
			     struct error *err);
/* ERROR_NOT_FOUND */
int store_ref_get(struct store *store, struct arena *arena, const char *repository,
		  const char *ref, struct msg_ref_row *out, struct error *err);
int store_ref_list(struct store *store, struct arena *arena, const char *repository,
		   struct msg_ref_row **out, size_t *count, struct error *err);
/* Records the tip that was seen (null id: the ref is gone). */
int store_ref_seen(struct store *store, const char *repository, const char *ref,
		   const struct oid *tip, int64_t at, struct error *err);
/* Records the tip that was judged and passed. */
int store_ref_accepted(struct store *store, const char *repository, const char *ref,
		       const struct oid *tip, struct error *err);

/* --- deliveries: hints as received --- */
/* Adds one in the state "waiting" (id out), or counts it as merged when an equal one
 * (source, repository, ref, old, new) still waits. */
int store_delivery_add(struct store *store, const struct msg_delivery_row *row,
		       uint64_t *id, struct error *err);
/* All waiting deliveries of the repository with id <= `up_to` become "done". */
int store_delivery_done(struct store *store, const char *repository, uint64_t up_to,
			struct error *err);
uint64_t store_delivery_last(struct store *store); /* highest id, 0: none */
/* The first `received_at` and the pusher of deliveries of this ref and new id that wait
 * (0 and NULL when a poll found it). One that named no new id may be meant when none
 * named this one. */
int store_delivery_origin(struct store *store, struct arena *arena,
			  const char *repository, const char *ref,
			  const struct oid *new_id, int64_t *received_at,
			  const char **pusher, struct error *err);

/* A webhook, before it is read: state "received", with its body. When an equal one
 * (source, digest) still waits to be read it is counted as merged and keeps its id.
 * Counts for its source, whose row is added when it is missing. */
int store_webhook_add(struct store *store, const struct msg_delivery_row *row,
		      const void *body, size_t length, uint64_t *id, struct error *err);
/* Received ones, oldest first, of one source (NULL: of the source whose turn it is:
 * that of the oldest), at most `limit`. Bodies are got one by one. */
int store_webhook_next(struct store *store, struct arena *arena, const char *source,
		       size_t limit, struct msg_delivery_row **out, size_t *count,
		       struct error *err);
/* Its body in the arena; ERROR_NOT_FOUND: deleted by retention. */
int store_delivery_body(struct store *store, struct arena *arena, uint64_t id,
			struct msg_bytes *out, struct error *err);
/* ERROR_NOT_FOUND */
int store_delivery_get(struct store *store, struct arena *arena, uint64_t id,
		       struct msg_delivery_row *out, struct error *err);
/* What reading found: writes repository, ref, old, new, number, action, pusher, kind,
 * reason and state ("waiting": a hint that was taken; "done": nothing waits for it;
 * "ignored"; "unreadable"). ERROR_STALE: it was read already. */
int store_webhook_read(struct store *store, const struct msg_delivery_row *row,
		       struct error *err);
/* One more hint of the same delivery: never merged; every field as given, the state one
 * of those above. */
int store_webhook_more(struct store *store, const struct msg_delivery_row *row,
		       uint64_t *id, struct error *err);
/* Another try to read it (attempts as given), or state "received" again: replay.
 * ERROR_NOT_FOUND: it is not there, or its text is not. */
int store_webhook_again(struct store *store, uint64_t id, uint64_t attempts,
			struct error *err);
/* How many wait to be read, and their bytes. Kept in memory: cheap. */
int store_webhook_backlog(struct store *store, uint64_t *count, uint64_t *bytes,
			  struct error *err);
/* Bodies of read deliveries older than this are deleted, at most 20,000 at a call. */
int store_body_prune(struct store *store, int64_t older_than, struct error *err);

/* --- sources --- */
int store_source_ensure(struct store *store, const char *name, const char *kind,
			struct error *err);
int store_source_get(struct store *store, struct arena *arena, const char *name,
		     struct msg_source_row *out, struct error *err);
int store_source_list(struct store *store, struct arena *arena,
		      struct msg_source_row **out, size_t *count, struct error *err);
/* Writes api_at, problem (NULL: none), retry_at, remaining. */
int store_source_put(struct store *store, const struct msg_source_row *row,
		     struct error *err);

/* --- merge requests and their reviews --- */
/* wanted += 1, due at once; adds the row (state "unknown") when it is missing. */
int store_merge_request_hint(struct store *store, const char *repository,
			     uint64_t number, int64_t at, struct error *err);
int store_merge_request_get(struct store *store, struct arena *arena,
			    const char *repository, uint64_t number,
			    struct msg_merge_request_row *out, struct error *err);
/* Writes what the forge told (everything but wanted, change, problem, failures, due_at:
 * seen = row->seen, failures = 0) and replaces the reviews; adds the row when missing.
 */
int store_merge_request_put(struct store *store,
			    const struct msg_merge_request_row *row,
			    const struct msg_review_row *reviews, size_t review_count,
			    struct error *err);
/* Its newest change. */
int store_merge_request_change(struct store *store, const char *repository,
			       uint64_t number, uint64_t change, struct error *err);
/* Looking failed: problem, failures += 1, due_at. */
int store_merge_request_failed(struct store *store, const char *repository,
			       uint64_t number, const char *problem, int64_t due_at,
			       struct error *err);
/* Those with wanted > seen that are due, oldest due first, of one repository or (NULL)
 * of all; *later as with store_change_next(). */
int store_merge_request_wanted(struct store *store, struct arena *arena,
			       const char *repository, int64_t now, size_t limit,
			       struct msg_merge_request_row **out, size_t *count,
			       int64_t *later, struct error *err);
/* Open ones of a repository; base_ref NULL: of every base. */
int store_merge_request_open(struct store *store, struct arena *arena,
			     const char *repository, const char *base_ref,
			     struct msg_merge_request_row **out, size_t *count,
			     struct error *err);
/* Those whose head or merge commit is this, newest number first. */
int store_merge_request_of_commit(struct store *store, struct arena *arena,
				  const char *repository, const struct oid *commit,
				  struct msg_merge_request_row **out, size_t *count,
				  struct error *err);
/* For the API: filters repository, state, number; `before`: numbers below, of one
 * repository (else ERROR_USAGE: others have the same numbers). */
int store_merge_request_list(struct store *store, struct arena *arena,
			     const struct msg_query *query,
			     struct msg_merge_request_row **out, size_t *count,
			     struct error *err);
int store_review_list(struct store *store, struct arena *arena, const char *repository,
		      uint64_t number, struct msg_review_row **out, size_t *count,
		      struct error *err);

/* --- tokens of the API --- */
int store_token_add(struct store *store, const struct msg_token_row *row, uint64_t *id,
		    struct error *err); /* ERROR_LIMIT, ERROR_EXISTS: a token of this
					   name that was not revoked */
/* By digest; neither revoked nor expired at `now`, else ERROR_NOT_FOUND. Notes used_at
 * when in a transaction and the last note is older than a minute. */
int store_token_find(struct store *store, struct arena *arena,
		     const struct digest *digest, int64_t now,
		     struct msg_token_row *out, struct error *err);
int store_token_list(struct store *store, struct arena *arena,
		     struct msg_token_row **out, size_t *count, struct error *err);
int store_token_revoke(struct store *store, uint64_t id, int64_t now,
		       struct error *err); /* ERROR_NOT_FOUND */

/* --- changes --- */
int store_change_add(struct store *store, const struct msg_change_row *row,
		     uint64_t *id, struct error *err);
int store_change_get(struct store *store, struct arena *arena, uint64_t id,
		     struct msg_change_row *out, struct error *err);
/* Moves it to a state; `reason` may be NULL; `due_at` 0: at once. attempts: set to the
 * value given. */
int store_change_move(struct store *store, uint64_t id, const char *state,
		      const char *reason, uint64_t attempts, int64_t due_at,
		      int64_t now, struct error *err);
/* Records the tip that was accepted on the ref when the change was judged: a later
 * judgement of the same change begins there too. */
int store_change_base(struct store *store, uint64_t id, const struct oid *base,
		      struct error *err);
/* What can be judged now: of each repository at most `limit` waiting changes that are
 * due, those with no earlier waiting one of their ref before them, oldest first.
 * *later: when the next one becomes due, 0: none. */
int store_change_next(struct store *store, struct arena *arena, int64_t now,
		      size_t limit, struct msg_change_row **out, size_t *count,
		      int64_t *later, struct error *err);

/* --- verdicts --- */
/* The findings' `verdict` is filled in here. Sets the change's verdict. */
int store_verdict_add(struct store *store, const struct msg_verdict_row *row,
		      const struct msg_finding_row *findings, size_t finding_count,
		      uint64_t *id, struct error *err);
int store_finding_list(struct store *store, struct arena *arena, uint64_t verdict,
		       struct msg_finding_row **out, size_t *count, struct error *err);
/* Whether a finding was waived by this waiver in a verdict that is kept. */
int store_waiver_is_used(struct store *store, const struct oid *waiver, bool *used,
			 struct error *err);

/* --- facts: a cache; losing it costs time only --- */
int store_fact_get(struct store *store, struct arena *arena, const char *kind,
		   const struct digest *context, const struct oid *key,
		   const char **value, struct error *err); /* ERROR_NOT_FOUND */
int store_fact_put(struct store *store, const char *kind, const struct digest *context,
		   const struct oid *key, const char *value, int64_t now,
		   struct error *err);

/* --- targets, deployments, quarantine --- */
int store_target_ensure(struct store *store, const char *name, struct error *err);
int store_target_get(struct store *store, struct arena *arena, const char *name,
		     struct msg_target_row *out, struct error *err);
int store_target_list(struct store *store, struct arena *arena,
		      struct msg_target_row **out, size_t *count, struct error *err);
/* Writes all fields but the name; `generation` is the one that is live, not the last
 * that was given. A generation below the stored one is ERROR_STALE. */
int store_target_put(struct store *store, const struct msg_target_row *row,
		     struct error *err);
/* Adds with state "queued" and the next generation of the target, above every one ever
 * given to it (id, state and generation are filled in `row`). */
int store_deployment_add(struct store *store, struct msg_deployment_row *row,
			 struct error *err);
int store_deployment_get(struct store *store, struct arena *arena, uint64_t id,
			 struct msg_deployment_row *out, struct error *err);
/* Writes state, reason, times, release, listing, manifests, attempts, files, due_at. A
 * terminal row never changes again, except deployed -> rolled-back, which writes state
 * and reason only: ERROR_STALE. */
int store_deployment_put(struct store *store, const struct msg_deployment_row *row,
			 struct error *err);
/* Rows that are not terminal, oldest first; of one target or (NULL) of all. */
int store_deployment_open(struct store *store, struct arena *arena, const char *target,
			  struct msg_deployment_row **out, size_t *count,
			  struct error *err);
/* The newest `deployed` row of the target whose commit is not `except` and not
 * quarantined, with generation < `below` (0: any). ERROR_NOT_FOUND. */
int store_deployment_previous(struct store *store, struct arena *arena,
			      const char *target, const struct oid *except,
			      uint64_t below, struct msg_deployment_row *out,
			      struct error *err);
int store_quarantine_add(struct store *store, const struct msg_quarantine_row *row,
			 struct error *err);
int store_quarantine_remove(struct store *store, const char *target,
			    const struct oid *commit,
			    struct error *err); /* null commit: all of the target */
/* true also when the store cannot answer. */
bool store_quarantine_has(struct store *store, const char *target,
			  const struct oid *commit);
int store_quarantine_list(struct store *store, struct arena *arena, const char *target,
			  struct msg_quarantine_row **out, size_t *count,
			  struct error *err);

/* --- outbox: what shall be told outside. One row per (repository, commit, context) of
 * kind "status", one per (repository, number) of kind "comment"; the later call wins,
 * whatever the clock says, and makes the row due again, unless
 * what was posted (`posted`: state, a newline, description) is the same, then it is
 * done at once. What waits already and is put again as it is keeps its turn. A comment
 * of another verdict is another comment. A status that is not told to its end stays at
 * the ref it began at, whichever ref of its commit the later call names --- */
int store_outbox_put(struct store *store, const struct msg_outbox_row *row,
		     struct error *err);
/* Rows that are not done and due, oldest first, of these repositories; *later as above.
 */
int store_outbox_due(struct store *store, struct arena *arena,
		     const char *const *repositories, size_t repository_count,
		     int64_t now, size_t limit, struct msg_outbox_row **out,
		     size_t *count, int64_t *later, struct error *err);
/* The row as it was at created_at was posted: done when it still says that, else due
 * (again); forge_ref (NULL: as it was) and posted are written in any case. */
int store_outbox_posted(struct store *store, uint64_t id, int64_t created_at,
			const char *posted, const char *forge_ref, int64_t now,
			struct error *err);
/* It failed: attempts += 1, problem; due_at 0: given up (done, with the problem).
 * Nothing when it was changed meanwhile. */
int store_outbox_failed(struct store *store, uint64_t id, int64_t created_at,
			const char *problem, int64_t due_at, int64_t now,
			struct error *err);
uint64_t store_outbox_waiting(struct store *store); /* rows that are not done */
int store_outbox_list(struct store *store, struct arena *arena, const char *repository,
		      uint64_t before, size_t limit, struct msg_outbox_row **out,
		      size_t *count, struct error *err);

/* --- ledger --- */
/* Appends; sequence, previous and hash (see store/ledger.c) are computed. `body` is one
 * JSON object, `kind` a word of at most 64 bytes. */
int store_ledger_add(struct store *store, const char *kind, const char *body,
		     int64_t at, struct error *err);
/* Recomputes the whole chain: ERROR_LEDGER with the first bad sequence in the text;
 * *count: records that are good. */
int store_ledger_check(struct store *store, uint64_t *count, struct error *err);

/* --- lists for the API: fields of `query` that are set are filters (state is a
 * verdict's result and a ledger record's kind); one that the list does not have is
 * ERROR_USAGE; limit 0 is 200 --- */
int store_delivery_list(struct store *store, struct arena *arena,
			const struct msg_query *query, struct msg_delivery_row **out,
			size_t *count, struct error *err);
int store_change_list(struct store *store, struct arena *arena,
		      const struct msg_query *query, struct msg_change_row **out,
		      size_t *count, struct error *err);
int store_verdict_list(struct store *store, struct arena *arena,
		       const struct msg_query *query, struct msg_verdict_row **out,
		       size_t *count, struct error *err);
int store_deployment_list(struct store *store, struct arena *arena,
			  const struct msg_query *query,
			  struct msg_deployment_row **out, size_t *count,
			  struct error *err);
int store_ledger_list(struct store *store, struct arena *arena,
		      const struct msg_query *query, struct msg_ledger_row **out,
		      size_t *count, struct error *err);

/* --- care --- */
/* Copies a consistent state to a new file (must not exist) in steps of 1 MiB: 1 more to
 * do, 0 done. Not inside a transaction; transactions between steps are copied too.
 * Start with *progress NULL; at the end and after an error it is NULL again. The file
 * has its name when it is whole and synced. One at a time: ERROR_BUSY. */
struct store_backup;
int store_backup_step(struct store *store, const char *path,
		      struct store_backup **progress, struct error *err);
void store_backup_free(struct store_backup *progress); /* gives up, if not done */
/* Puts a checked backup in the place of a store that nobody has open. The old one is
 * kept as "<location>.before-restore"; when there is one from before: ERROR_EXISTS. A
 * backup of an older version is upgraded. ERROR_STORE_LOCKED, and the errors of
 * store_open() and store_check() about the backup. */
int store_restore(const char *location, const char *backup, struct error *err);
/* Pages, foreign keys, ledger, states that cannot be. `each` gets one line a problem.
 * Returns the number of problems or an error. */
int store_check(struct store *store, void (*each)(void *data, const char *problem),
		void *data, struct error *err);
/* Deletes deliveries, changes, verdicts, deployments, facts, merge requests, rows of
 * the outbox and tokens that ended before `older_than` (the ledger stays; what a target
 * has or can roll back to stays). A change ended when it was judged and no deployment
 * that stays came of it. */
int store_prune(struct store *store, int64_t older_than, struct error *err);
const char *store_engine_version(void); /* "SQLite 3.40.1" */

#endif
