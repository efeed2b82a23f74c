/* store/changes.c - changes, their verdicts with findings, and the cache of facts. */
#include "store/store.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/oid.h"
#include "store/sql.h"

static int no_change(struct error *err, uint64_t id)
{
	return error_set(err, ERROR_NOT_FOUND, "the store has no change %llu",
			 (unsigned long long)id);
}

int store_change_add(struct store *store, const struct msg_change_row *row,
		     uint64_t *id, struct error *err)
{
	struct msg_change_row fresh = *row;
	fresh.id = 0;
	struct sql sql = { .text = "INSERT INTO changes (@) VALUES ($)",
			   .type = MESSAGE_change_row,
			   .row = &fresh };
	return sql_insert(store, &sql, id, err);
}

int store_change_get(struct store *store, struct arena *arena, uint64_t id,
		     struct msg_change_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM changes WHERE id = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id)),
			   .type = MESSAGE_change_row };
	int rc = sql_get_row(store, arena, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_change(err, id) : rc;
}

int store_change_move(struct store *store, uint64_t id, const char *state,
		      const char *reason, uint64_t attempts, int64_t due_at,
		      int64_t now, struct error *err)
{
	struct sql sql = { .text = "UPDATE changes SET state = :state, reason = "
				   ":reason, "
				   "attempts = :attempts, due_at = :due_at, "
				   "updated_at = :now WHERE id = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id),
						SQL_TEXT("state", state),
						SQL_TEXT("reason", reason),
						SQL_UNSIGNED("attempts", attempts),
						SQL_INTEGER("due_at", due_at),
						SQL_INTEGER("now", now)) };
	uint64_t changed = 0;
	int rc = sql_run(store, &sql, &changed, err);
	return rc == 0 && changed == 0 ? no_change(err, id) : rc;
}

int store_change_base(struct store *store, uint64_t id, const struct oid *base,
		      struct error *err)
{
	struct sql sql = { .text = "UPDATE changes SET base = :base WHERE id = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id),
						SQL_OID("base", base)) };
	uint64_t changed = 0;
	int rc = sql_run(store, &sql, &changed, err);
	return rc == 0 && changed == 0 ? no_change(err, id) : rc;
}

/* Each repository is asked for by itself: the partial indexes give its oldest changes
 * without reading a long queue. Steps go before what came after the change that they
 * are of; a merge request is judged when its base was. */
static const char next_text[] =
	"SELECT @ FROM changes WHERE id IN ("
	"SELECT due.id FROM repositories JOIN changes AS due ON due.id IN ("
	"SELECT id FROM changes AS own WHERE own.state = 'waiting' "
	"AND own.repository = repositories.name AND own.due_at <= :now AND NOT EXISTS ("
	"SELECT 1 FROM changes AS earlier WHERE earlier.state = 'waiting' "
	"AND earlier.repository = own.repository AND earlier.ref = own.ref "
	"AND (earlier.is_step > own.is_step OR (earlier.is_step = own.is_step "
	"AND earlier.id < own.id))) AND (own.number = 0 OR NOT EXISTS ("
	"SELECT 1 FROM changes AS base WHERE base.state = 'waiting' "
	"AND base.repository = own.repository AND base.ref = own.base_ref "
	"AND base.number = 0)) ORDER BY own.id LIMIT :limit)) ORDER BY id";

int store_change_next(struct store *store, struct arena *arena, int64_t now,
		      size_t limit, struct msg_change_row **out, size_t *count,
		      int64_t *later, struct error *err)
{
	struct sql sql = { .text = next_text,
			   .values = SQL_VALUES(SQL_INTEGER("now", now),
						SQL_UNSIGNED("limit", limit)),
			   .type = MESSAGE_change_row };
	struct sql soonest = {
		.text = "SELECT coalesce((SELECT due_at FROM changes WHERE due_at > 0 "
			"AND due_at > :now AND +state = 'waiting' "
			"ORDER BY due_at LIMIT 1), 0)",
		.values = SQL_VALUES(SQL_INTEGER("now", now)),
	};
	uint64_t when = 0;
	int rc = sql_get_number(store, &soonest, &when, err);
	if (rc == 0)
		rc = sql_get_rows(store, arena, &sql, (void **)out, count, err);
	if (rc == 0)
		*later = (int64_t)when;
	return rc;
}

static int add_findings(struct store *store, uint64_t verdict,
			const struct msg_finding_row *findings, size_t count,
			struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct sql sql = {
			.text = "INSERT INTO findings (verdict, number, @) "
				"VALUES (:verdict, :number, $)",
			.values = SQL_VALUES(SQL_UNSIGNED("verdict", verdict),
					     SQL_UNSIGNED("number", i)),
			.type = MESSAGE_finding_row,
			.row = &findings[i],
		};
		int rc = sql_run(store, &sql, NULL, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int store_verdict_add(struct store *store, const struct msg_verdict_row *row,
		      const struct msg_finding_row *findings, size_t finding_count,
		      uint64_t *id, struct error *err)
{
	struct msg_verdict_row fresh = *row;
	fresh.id = 0;
	struct sql sql = { .text = "INSERT INTO verdicts (@) VALUES ($)",
			   .type = MESSAGE_verdict_row,
			   .row = &fresh };
	struct error cause = ERROR_INIT;
	uint64_t verdict = 0;
	int rc = sql_insert(store, &sql, &verdict, &cause);
	if (rc == ERROR_NOT_FOUND)
		return no_change(err, row->change);
	if (rc < 0)
		return error_set(err, rc, "%s", cause.text);
	rc = add_findings(store, verdict, findings, finding_count, err);
	if (rc == 0 && row->change != 0)
		rc = sql_do(store,
			    "UPDATE changes SET verdict = :verdict WHERE id = :id",
			    SQL_VALUES(SQL_UNSIGNED("verdict", verdict),
				       SQL_UNSIGNED("id", row->change)),
			    err);
	if (rc < 0)
		return store_spoil(store, rc);
	*id = verdict;
	return 0;
}

int store_finding_list(struct store *store, struct arena *arena, uint64_t verdict,
		       struct msg_finding_row **out, size_t *count, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM findings WHERE verdict = :verdict "
				   "ORDER BY number",
			   .values = SQL_VALUES(SQL_UNSIGNED("verdict", verdict)),
			   .type = MESSAGE_finding_row };
	struct msg_finding_row *findings = NULL;
	int rc = sql_get_rows(store, arena, &sql, (void **)&findings, count, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < *count; i++)
		findings[i].verdict = verdict;
	*out = findings;
	return 0;
}

int store_waiver_is_used(struct store *store, const struct oid *waiver, bool *used,
			 struct error *err)
{
	struct sql sql = { .text = "SELECT EXISTS (SELECT 1 FROM findings "
				   "WHERE waiver = :waiver AND waiver IS NOT NULL)",
			   .values = SQL_VALUES(SQL_OID("waiver", waiver)) };
	uint64_t number = 0;
	int rc = sql_get_number(store, &sql, &number, err);
	if (rc == 0)
		*used = number != 0;
	return rc;
}
