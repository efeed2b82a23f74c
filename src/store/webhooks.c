/* store/webhooks.c - webhooks as they came, before they are hints: kept with their text
 * until a job has read them, and some time after.
 *
 * The way of a delivery: "received", then what reading found: "waiting" (a hint, see
 * deliveries.c), "done", "ignored" or "unreadable"; again "received" when it is
 * replayed. */
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/map.h"
#include "store/sql.h"
#include "store/sqlite.h"

/* So long a list of texts is not deleted at once; the rest goes the next time. */
#define PRUNED_BODIES "20000"

static int no_delivery(struct error *err, uint64_t id)
{
	return error_set(err, ERROR_NOT_FOUND, "the store has no delivery %" PRIu64,
			 id);
}

/* --- what waits: questions that would be asked for every webhook, so they are answered
 * from memory --- */

struct waiting {
	uint64_t id;
	uint64_t bytes;
	uint64_t hash; /* of source and digest */
	bool has_digest;
};

/* The columns of what changes the backlog. */
#define WAITING "id, bytes, source, digest"

static uint64_t hash_of(const void *source, size_t length, const void *digest)
{
	return map_hash(source, length) ^ (uint64_t)map_hash(digest, DIGEST_BYTES);
}

static void read_waiting(struct sql_cursor *cursor, struct waiting *out)
{
	size_t source_length;
	size_t digest_length;
	const void *source = sql_column_bytes(cursor, 2, &source_length);
	const void *digest = sql_column_bytes(cursor, 3, &digest_length);
	*out = (struct waiting){
		.id = (uint64_t)sql_column_integer(cursor, 0),
		.bytes = (uint64_t)sql_column_integer(cursor, 1),
		.has_digest = source != NULL && digest_length == DIGEST_BYTES,
	};
	if (out->has_digest)
		out->hash = hash_of(source, source_length, digest);
}

static int add_waiting(struct store *store, const struct waiting *waiting,
		       struct error *err)
{
	store->backlog.count++;
	store->backlog.bytes += waiting->bytes;
	if (store->unread_lost || !waiting->has_digest)
		return 0;
	int rc = unread_add(&store->unread, waiting->hash, waiting->id);
	if (rc < 0)
		error_set(err, rc, "cannot remember what waits to be read: %s",
			  error_meaning(rc));
	return rc;
}

static void take_waiting(struct store *store, const struct waiting *waiting)
{
	struct backlog *backlog = &store->backlog;
	backlog->count -= backlog->count > 0 ? 1 : 0;
	backlog->bytes -=
		backlog->bytes > waiting->bytes ? waiting->bytes : backlog->bytes;
	if (!store->unread_lost && waiting->has_digest)
		unread_remove(&store->unread, waiting->hash, waiting->id);
}

int store_backlog_load(struct store *store, struct error *err)
{
	struct sql sql = { .text = "SELECT " WAITING " FROM deliveries "
				   "WHERE state = 'received' ORDER BY id" };
	struct sql_cursor cursor;
	unread_release(&store->unread);
	store->backlog = (struct backlog){ 0 };
	store->unread_lost = false;
	int rc = sql_open(&cursor, store, &sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	while (rc > 0) {
		struct waiting waiting;
		read_waiting(&cursor, &waiting);
		rc = add_waiting(store, &waiting, err);
		if (rc == 0)
			rc = sql_next(&cursor);
	}
	sql_close(&cursor);
	if (rc < 0)
		store->unread_lost = true;
	return rc;
}

/* A write "... RETURNING id, bytes, source, digest" of at most one row;
 * ERROR_NOT_FOUND: of none. */
static int change_waiting(struct store *store, const struct sql *sql,
			  struct waiting *out, struct error *err)
{
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	bool found = rc > 0;
	if (found)
		read_waiting(&cursor, out);
	while (rc > 0)
		rc = sql_next(&cursor);
	sql_close(&cursor);
	return rc == 0 && !found ? ERROR_NOT_FOUND : rc;
}

int store_webhook_backlog(struct store *store, uint64_t *count, uint64_t *bytes,
			  struct error *err)
{
	(void)err;
	*count = store->backlog.count;
	*bytes = store->backlog.bytes;
	return 0;
}

/* --- what came --- */

static uint64_t hash_of_row(const struct msg_delivery_row *row)
{
	return hash_of(row->source, strlen(row->source), row->digest.bytes);
}

/* Memory names a candidate; the row itself says whether it is equal and waits. */
static int merge(struct store *store, const struct msg_delivery_row *row, uint64_t *id,
		 struct error *err)
{
	int rc = store->unread_lost ? store_backlog_load(store, err) : 0;
	if (rc < 0)
		return rc;
	uint64_t candidate = unread_find(&store->unread, hash_of_row(row));
	if (candidate == 0 || digest_is_none(&row->digest))
		return ERROR_NOT_FOUND;
	struct sql sql = {
		.text = "UPDATE deliveries SET merged = merged + 1 "
			"WHERE id = :candidate AND state = 'received' "
			"AND source = :source AND digest = :digest RETURNING id",
		.values = SQL_VALUES(SQL_UNSIGNED("candidate", candidate),
				     SQL_DIGEST("digest", &row->digest)),
		.type = MESSAGE_delivery_row,
		.row = row,
	};
	return sql_get_number(store, &sql, id, err);
}

static int add(struct store *store, const struct msg_delivery_row *row,
	       const void *body, size_t length, uint64_t *id, struct error *err)
{
	struct msg_delivery_row fresh = *row;
	fresh.id = 0;
	fresh.state = "received";
	fresh.merged = 0;
	fresh.attempts = 0;
	fresh.bytes = length;
	struct waiting waiting = {
		.bytes = length,
		.hash = hash_of_row(row),
		.has_digest = !digest_is_none(&row->digest),
	};
	struct sql sql = {
		.text = "INSERT INTO deliveries (@, digest) VALUES ($, :digest)",
		.values = SQL_VALUES(SQL_DIGEST("digest", &row->digest)),
		.type = MESSAGE_delivery_row,
		.row = &fresh,
	};
	int rc = sql_insert(store, &sql, &waiting.id, err);
	if (rc < 0)
		return rc;
	rc = sql_do(store, "INSERT INTO bodies (delivery, body) VALUES (:id, :body)",
		    SQL_VALUES(SQL_UNSIGNED("id", waiting.id),
			       SQL_BYTES("body", body, length)),
		    err);
	if (rc == 0)
		rc = add_waiting(store, &waiting, err);
	if (rc < 0)
		return store_spoil(store, rc);
	*id = waiting.id;
	return 0;
}

int store_webhook_add(struct store *store, const struct msg_delivery_row *row,
		      const void *body, size_t length, uint64_t *id, struct error *err)
{
	uint64_t given = 0;
	if (row->source == NULL)
		return error_set(err, ERROR_INTERNAL, "a webhook without its source");
	int rc = merge(store, row, &given, err);
	if (rc == ERROR_NOT_FOUND)
		rc = add(store, row, body, length, &given, err);
	if (rc < 0)
		return rc;
	rc = store_source_came(store, row->source, given, row->received_at, err);
	if (rc < 0)
		return store_spoil(store, rc);
	*id = given;
	return 0;
}

/* --- reading it --- */

/* The one that waits for longest, of all sources. */
static int oldest(struct store *store, struct arena *arena,
		  struct msg_delivery_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM deliveries WHERE state = 'received' "
				   "ORDER BY id LIMIT 1",
			   .type = MESSAGE_delivery_row };
	return sql_get_row(store, arena, &sql, out, err);
}

int store_webhook_next(struct store *store, struct arena *arena, const char *source,
		       size_t limit, struct msg_delivery_row **out, size_t *count,
		       struct error *err)
{
	struct msg_delivery_row first = { .source = source };
	int rc = source == NULL ? oldest(store, arena, &first, err) : 0;
	if (rc < 0 && rc != ERROR_NOT_FOUND)
		return rc;
	/* When there is none the source is NULL, which equals nothing. */
	struct sql sql = {
		.text = "SELECT @ FROM deliveries WHERE state = 'received' "
			"AND source = :source ORDER BY id LIMIT :limit",
		.values = SQL_VALUES(SQL_TEXT("source", first.source),
				     SQL_UNSIGNED("limit", limit)),
		.type = MESSAGE_delivery_row,
	};
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_delivery_body(struct store *store, struct arena *arena, uint64_t id,
			struct msg_bytes *out, struct error *err)
{
	struct sql sql = { .text = "SELECT body FROM bodies WHERE delivery = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id)) };
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, &sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	if (rc == 0)
		rc = error_set(err, ERROR_NOT_FOUND,
			       "the store has no text of delivery %" PRIu64 ": none "
			       "came, or "
			       "it was "
			       "deleted "
			       "after "
			       "delivery-retention",
			       id);
	if (rc > 0) {
		size_t length;
		const void *bytes = sql_column_bytes(&cursor, 0, &length);
		const void *copy =
			arena_copy(arena, bytes != NULL ? bytes : "", length);
		if (copy == NULL)
			rc = error_set(err, ERROR_MEMORY,
				       "cannot read the text of a delivery: %s",
				       error_meaning(ERROR_MEMORY));
		else
			*out = (struct msg_bytes){ copy, length };
	}
	sql_close(&cursor);
	return rc > 0 ? 0 : rc;
}

int store_delivery_get(struct store *store, struct arena *arena, uint64_t id,
		       struct msg_delivery_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM deliveries WHERE id = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id)),
			   .type = MESSAGE_delivery_row };
	int rc = sql_get_row(store, arena, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_delivery(err, id) : rc;
}

/* States that reading can end in. */
static bool is_read_state(const char *state)
{
	static const char *const states[] = { "waiting", "done", "ignored",
					      "unreadable" };
	for (size_t i = 0; state != NULL && i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i], state) == 0)
			return true;
	return false;
}

static int wrong_state(const char *state, struct error *err)
{
	return error_set(err, ERROR_INTERNAL, "a delivery that was read is not '%s'",
			 state != NULL ? state : "");
}

/* Why a result changed nothing. */
static int refuse_read(struct store *store, uint64_t id, struct error *err)
{
	struct sql sql = { .text = "SELECT 1 FROM deliveries WHERE id = :id",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id)) };
	uint64_t one = 0;
	int rc = sql_get_number(store, &sql, &one, err);
	if (rc == ERROR_NOT_FOUND)
		return no_delivery(err, id);
	if (rc < 0)
		return rc;
	return error_set(err, ERROR_STALE, "the delivery %" PRIu64 " was read already",
			 id);
}

int store_webhook_read(struct store *store, const struct msg_delivery_row *row,
		       struct error *err)
{
	struct sql sql = {
		.text = "UPDATE deliveries SET repository = :repository, ref = :ref, "
			"old = :old, new = :new, number = :number, action = :action, "
			"pusher = :pusher, kind = :kind, reason = :reason, "
			"state = :state WHERE id = :id AND state = 'received' "
			"RETURNING " WAITING,
		.type = MESSAGE_delivery_row,
		.row = row,
	};
	struct waiting waiting;
	if (!is_read_state(row->state))
		return wrong_state(row->state, err);
	int rc = change_waiting(store, &sql, &waiting, err);
	if (rc == ERROR_NOT_FOUND)
		return refuse_read(store, row->id, err);
	if (rc == 0)
		take_waiting(store, &waiting);
	return rc;
}

int store_webhook_more(struct store *store, const struct msg_delivery_row *row,
		       uint64_t *id, struct error *err)
{
	struct msg_delivery_row fresh = *row;
	fresh.id = 0;
	fresh.merged = 0;
	fresh.bytes = 0;
	fresh.attempts = 0;
	if (!is_read_state(row->state))
		return wrong_state(row->state, err);
	struct sql sql = { .text = "INSERT INTO deliveries (@) VALUES ($)",
			   .type = MESSAGE_delivery_row,
			   .row = &fresh };
	return sql_insert(store, &sql, id, err);
}

int store_webhook_again(struct store *store, uint64_t id, uint64_t attempts,
			struct error *err)
{
	/* One that was read counts for the backlog again. */
	struct sql fresh = {
		.text = "SELECT state <> 'received' FROM deliveries WHERE id = :id "
			"AND EXISTS (SELECT 1 FROM bodies WHERE delivery = :id)",
		.values = SQL_VALUES(SQL_UNSIGNED("id", id)),
	};
	struct sql sql = {
		.text = "UPDATE deliveries SET state = 'received', "
			"attempts = :attempts WHERE id = :id RETURNING " WAITING,
		.values = SQL_VALUES(SQL_UNSIGNED("id", id),
				     SQL_UNSIGNED("attempts", attempts)),
	};
	uint64_t was_read = 0;
	struct waiting waiting;
	int rc = sql_get_number(store, &fresh, &was_read, err);
	if (rc == ERROR_NOT_FOUND)
		return error_set(err, rc,
				 "the store has no text of delivery %" PRIu64
				 ": none came, or it was deleted after "
				 "delivery-retention",
				 id);
	if (rc == 0)
		rc = change_waiting(store, &sql, &waiting, err);
	if (rc == 0 && was_read != 0)
		rc = add_waiting(store, &waiting, err);
	return rc < 0 ? store_spoil(store, rc) : 0;
}

/* --- forgetting its text --- */

int store_body_prune(struct store *store, int64_t older_than, struct error *err)
{
	/* From the oldest on, up to the first that is young: ids rise with time, so
	 * what is kept is not looked at. */
	struct sql young = {
		.text = "SELECT bodies.delivery FROM bodies CROSS JOIN deliveries "
			"ON deliveries.id = bodies.delivery "
			"WHERE received_at >= :limit ORDER BY bodies.delivery LIMIT 1",
		.values = SQL_VALUES(SQL_INTEGER("limit", older_than)),
	};
	uint64_t end = INT64_MAX;
	int rc = sql_get_number(store, &young, &end, err);
	if (rc < 0 && rc != ERROR_NOT_FOUND)
		return rc;
	return sql_do(store,
		      "DELETE FROM bodies WHERE delivery IN ("
		      "SELECT bodies.delivery FROM bodies CROSS JOIN deliveries "
		      "ON deliveries.id = bodies.delivery "
		      "WHERE bodies.delivery < :end AND state <> 'received' "
		      "ORDER BY bodies.delivery LIMIT " PRUNED_BODIES ")",
		      SQL_VALUES(SQL_UNSIGNED("end", end)), err);
}
