/* store/deliveries.c - hints: what came in, and how far it got. (Webhooks before they
 * are hints: webhooks.c.) */
#include "store/store.h"

#include "base/error.h"
#include "base/oid.h"
#include "store/sql.h"

/* Of fields that may be absent "IS" compares two absences as equal. */
static const char merge_text[] =
	"UPDATE deliveries SET merged = merged + 1 WHERE id = ("
	"SELECT min(id) FROM deliveries WHERE state = 'waiting' "
	"AND repository IS :repository AND ref IS :ref AND source IS :source "
	"AND old IS :old AND new IS :new) RETURNING id";

int store_delivery_add(struct store *store, const struct msg_delivery_row *row,
		       uint64_t *id, struct error *err)
{
	struct sql merge = {
		.text = merge_text,
		.type = MESSAGE_delivery_row,
		.row = row,
	};
	int rc = sql_get_number(store, &merge, id, err);
	if (rc != ERROR_NOT_FOUND)
		return rc;
	struct msg_delivery_row fresh = *row;
	fresh.id = 0;
	fresh.state = "waiting";
	fresh.merged = 0;
	struct sql add = { .text = "INSERT INTO deliveries (@) VALUES ($)",
			   .type = MESSAGE_delivery_row,
			   .row = &fresh };
	return sql_insert(store, &add, id, err);
}

int store_delivery_done(struct store *store, const char *repository, uint64_t up_to,
			struct error *err)
{
	/* "+id": found by their state, not among all of the repository's history. */
	return sql_do(store,
		      "UPDATE deliveries SET state = 'done' WHERE state = 'waiting' "
		      "AND repository IS :repository AND +id <= :up_to",
		      SQL_VALUES(SQL_TEXT("repository", repository),
				 SQL_UNSIGNED("up_to", up_to)),
		      err);
}

uint64_t store_delivery_last(struct store *store)
{
	struct sql sql = { .text = "SELECT max(id) FROM deliveries" };
	uint64_t last = 0;
	sql_get_number(store, &sql, &last, NULL);
	return last;
}

int store_delivery_origin(struct store *store, struct arena *arena,
			  const char *repository, const char *ref,
			  const struct oid *new_id, int64_t *received_at,
			  const char **pusher, struct error *err)
{
	/* A hint that named no id may be the one, but less likely than one that did. */
	struct sql sql = {
		.text = "SELECT @ FROM deliveries WHERE state = 'waiting' "
			"AND repository = :repository AND ref = :ref "
			"AND (new IS :new OR new IS NULL) ORDER BY new IS NULL, id "
			"LIMIT 1",
		.values = SQL_VALUES(SQL_TEXT("repository", repository),
				     SQL_TEXT("ref", ref), SQL_OID("new", new_id)),
		.type = MESSAGE_delivery_row,
	};
	struct msg_delivery_row row = { 0 };
	int rc = sql_get_row(store, arena, &sql, &row, err);
	if (rc < 0 && rc != ERROR_NOT_FOUND)
		return rc;
	*received_at = row.received_at;
	*pusher = row.pusher;
	return 0;
}
