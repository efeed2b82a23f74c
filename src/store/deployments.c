/* store/deployments.c - targets, deployments and the quarantine. Generations only rise.
 */
#include "store/store.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/oid.h"
#include "model/deployment.h"
#include "store/sql.h"

/* --- targets --- */

static int no_target(struct error *err, const char *name)
{
	return error_set(err, ERROR_NOT_FOUND, "the store has no target '%s'", name);
}

int store_target_ensure(struct store *store, const char *name, struct error *err)
{
	return sql_do(store,
		      "INSERT INTO targets (name) VALUES (:name) "
		      "ON CONFLICT (name) DO NOTHING",
		      SQL_VALUES(SQL_TEXT("name", name)), err);
}

int store_target_get(struct store *store, struct arena *arena, const char *name,
		     struct msg_target_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM targets WHERE name = :name",
			   .values = SQL_VALUES(SQL_TEXT("name", name)),
			   .type = MESSAGE_target_row };
	int rc = sql_get_row(store, arena, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_target(err, name) : rc;
}

int store_target_list(struct store *store, struct arena *arena,
		      struct msg_target_row **out, size_t *count, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM targets ORDER BY name",
			   .type = MESSAGE_target_row };
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_target_put(struct store *store, const struct msg_target_row *row,
		     struct error *err)
{
	/* The guard stands in the statement: no moment between asking and writing. */
	struct sql sql = { .text = "UPDATE targets SET (@, given) = "
				   "($, max(given, :generation)) "
				   "WHERE name = :name AND generation <= :generation",
			   .type = MESSAGE_target_row,
			   .row = row };
	uint64_t changed = 0;
	int rc = sql_run(store, &sql, &changed, err);
	if (rc < 0 || changed > 0)
		return rc;
	struct sql present = { .text = "SELECT generation FROM targets WHERE name = "
				       ":name",
			       .values = SQL_VALUES(SQL_TEXT("name", row->name)) };
	uint64_t generation = 0;
	rc = sql_get_number(store, &present, &generation, err);
	if (rc == ERROR_NOT_FOUND)
		return no_target(err, row->name);
	if (rc < 0)
		return rc;
	return error_set(err, ERROR_STALE,
			 "the target '%s' has generation %llu already; %llu is older",
			 row->name, (unsigned long long)generation,
			 (unsigned long long)row->generation);
}

/* --- deployments --- */

static int no_deployment(struct error *err, uint64_t id)
{
	return error_set(err, ERROR_NOT_FOUND, "the store has no deployment %" PRIu64,
			 id);
}

/* The next generation of a target, above every one that was ever given. */
static int next_generation(struct store *store, const char *target, uint64_t *out,
			   struct error *err)
{
	struct sql sql = { .text = "UPDATE targets SET given = max(given, generation) "
				   "+ 1 "
				   "WHERE name = :name RETURNING given",
			   .values = SQL_VALUES(SQL_TEXT("name", target)) };
	int rc = sql_get_number(store, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_target(err, target) : rc;
}

int store_deployment_add(struct store *store, struct msg_deployment_row *row,
			 struct error *err)
{
	struct msg_deployment_row fresh = *row;
	fresh.id = 0;
	fresh.state = deployment_state_name(DEPLOYMENT_QUEUED);
	int rc = next_generation(store, row->target, &fresh.generation, err);
	if (rc < 0)
		return rc;
	struct sql sql = { .text = "INSERT INTO deployments (@) VALUES ($)",
			   .type = MESSAGE_deployment_row,
			   .row = &fresh };
	uint64_t id = 0;
	rc = sql_insert(store, &sql, &id, err);
	if (rc < 0)
		return rc; /* a generation that nobody has: harmless */
	row->id = id;
	row->generation = fresh.generation;
	row->state = fresh.state;
	return 0;
}

int store_deployment_get(struct store *store, struct arena *arena, uint64_t id,
			 struct msg_deployment_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM deployments WHERE id = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id)),
			   .type = MESSAGE_deployment_row };
	int rc = sql_get_row(store, arena, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_deployment(err, id) : rc;
}

/* Why a put changed nothing. */
static int refuse_put(struct store *store, uint64_t id, struct error *err)
{
	struct sql sql = { .text = "SELECT open FROM deployments WHERE id = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id)) };
	uint64_t open = 0;
	int rc = sql_get_number(store, &sql, &open, err);
	if (rc == ERROR_NOT_FOUND)
		return no_deployment(err, id);
	if (rc < 0)
		return rc;
	return error_set(err, ERROR_STALE,
			 "the deployment %" PRIu64 " has ended and does not change",
			 id);
}

int store_deployment_put(struct store *store, const struct msg_deployment_row *row,
			 struct error *err)
{
	enum deployment_state state = row->state != NULL
					      ? deployment_state_by_name(row->state)
					      : DEPLOYMENT_UNKNOWN;
	if (state == DEPLOYMENT_UNKNOWN)
		return error_set(err, ERROR_INTERNAL, "a deployment has no state '%s'",
				 row->state != NULL ? row->state : "");
	/* What was live stays told as it was: taking it back changes its state only. */
	struct sql back = { .text = "UPDATE deployments SET state = :state, "
				    "reason = :reason "
				    "WHERE id = :id AND state = 'deployed'",
			    .type = MESSAGE_deployment_row,
			    .row = row };
	struct sql sql = {
		.text = "UPDATE deployments SET state = :state, open = :open, "
			"reason = :reason, hinted_at = :hinted_at, "
			"queued_at = :queued_at, started_at = :started_at, "
			"ended_at = :ended_at, release = :release, listing = :listing, "
			"manifests = :manifests, attempts = :attempts, files = :files, "
			"due_at = :due_at WHERE id = :id AND open = 1",
		.values = SQL_VALUES(
			SQL_INTEGER("open", !deployment_state_is_terminal(state))),
		.type = MESSAGE_deployment_row,
		.row = row,
	};
	uint64_t changed = 0;
	int rc = 0;
	if (state == DEPLOYMENT_ROLLED_BACK)
		rc = sql_run(store, &back, &changed, err);
	if (rc == 0 && changed == 0)
		rc = sql_run(store, &sql, &changed, err);
	return rc == 0 && changed == 0 ? refuse_put(store, row->id, err) : rc;
}

int store_deployment_open(struct store *store, struct arena *arena, const char *target,
			  struct msg_deployment_row **out, size_t *count,
			  struct error *err)
{
	struct sql sql = {
		.text = target != NULL ? "SELECT @ FROM deployments WHERE open = 1 "
					 "AND target = :target ORDER BY id"
				       : "SELECT @ FROM deployments WHERE open = 1 "
					 "ORDER BY id",
		.values = SQL_VALUES(SQL_TEXT("target", target)),
		.type = MESSAGE_deployment_row,
	};
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_deployment_previous(struct store *store, struct arena *arena,
			      const char *target, const struct oid *except,
			      uint64_t below, struct msg_deployment_row *out,
			      struct error *err)
{
	struct sql sql = {
		.text = "SELECT @ FROM deployments WHERE target = :target "
			"AND state = 'deployed' AND generation < :below "
			"AND \"commit\" IS NOT :except AND NOT EXISTS ("
			"SELECT 1 FROM quarantine WHERE quarantine.target = :target "
			"AND quarantine.\"commit\" = deployments.\"commit\") "
			"ORDER BY generation DESC LIMIT 1",
		.values = SQL_VALUES(
			SQL_TEXT("target", target), SQL_OID("except", except),
			SQL_UNSIGNED("below", below != 0 ? below : INT64_MAX)),
		.type = MESSAGE_deployment_row,
	};
	int rc = sql_get_row(store, arena, &sql, out, err);
	if (rc == ERROR_NOT_FOUND)
		return error_set(err, rc,
				 "the target '%s' has no earlier deployment to go back "
				 "to",
				 target);
	return rc;
}

/* --- quarantine --- */

int store_quarantine_add(struct store *store, const struct msg_quarantine_row *row,
			 struct error *err)
{
	struct sql sql = { .text = "INSERT INTO quarantine (@) VALUES ($) "
				   "ON CONFLICT (target, \"commit\") DO UPDATE "
				   "SET reason = excluded.reason, "
				   "since = excluded.since, actor = excluded.actor",
			   .type = MESSAGE_quarantine_row,
			   .row = row };
	struct error cause = ERROR_INIT;
	int rc = sql_run(store, &sql, NULL, &cause);
	if (rc == ERROR_NOT_FOUND)
		return no_target(err, row->target);
	return rc == 0 ? 0 : error_set(err, rc, "%s", cause.text);
}

int store_quarantine_remove(struct store *store, const char *target,
			    const struct oid *commit, struct error *err)
{
	if (commit == NULL || oid_is_null(commit))
		return sql_do(store, "DELETE FROM quarantine WHERE target = :target",
			      SQL_VALUES(SQL_TEXT("target", target)), err);
	return sql_do(store,
		      "DELETE FROM quarantine WHERE target = :target "
		      "AND \"commit\" = :commit",
		      SQL_VALUES(SQL_TEXT("target", target), SQL_OID("commit", commit)),
		      err);
}

bool store_quarantine_has(struct store *store, const char *target,
			  const struct oid *commit)
{
	struct sql sql = { .text = "SELECT 1 FROM quarantine WHERE target = :target "
				   "AND \"commit\" = :commit",
			   .values = SQL_VALUES(SQL_TEXT("target", target),
						SQL_OID("commit", commit)) };
	uint64_t one = 0;
	/* A store that cannot answer forbids. */
	return sql_get_number(store, &sql, &one, NULL) != ERROR_NOT_FOUND;
}

int store_quarantine_list(struct store *store, struct arena *arena, const char *target,
			  struct msg_quarantine_row **out, size_t *count,
			  struct error *err)
{
	struct sql sql = { .text = target != NULL ? "SELECT @ FROM quarantine "
						    "WHERE target = :target "
						    "ORDER BY since DESC, \"commit\""
						  : "SELECT @ FROM quarantine "
						    "ORDER BY since DESC, target, "
						    "\"commit\"",
			   .values = SQL_VALUES(SQL_TEXT("target", target)),
			   .type = MESSAGE_quarantine_row };
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}
