/* store/sources.c - how the sources are doing, and who may ask: tokens of the API. */
#include "store/store.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "store/sql.h"
#include "store/sqlite.h"

/* A token's use is noted once a minute, not at every request. */
#define NOTE_EVERY (60 * CLOCK_SECOND)

/* --- sources --- */

static int no_source(struct error *err, const char *name)
{
	return error_set(err, ERROR_NOT_FOUND, "the store has no source '%s'", name);
}

/* One row for all deliveries of a transaction instead of a write for each. */
int store_source_came(struct store *store, const char *name, uint64_t delivery,
		      int64_t at, struct error *err)
{
	struct source_came *came = store->came;
	while (came != NULL && strcmp(came->name, name) != 0)
		came = came->next;
	if (came == NULL) {
		came = calloc(1, sizeof(*came));
		char *copy = came != NULL ? strdup(name) : NULL;
		if (copy == NULL) {
			free(came);
			return error_set(err, ERROR_MEMORY,
					 "cannot count a delivery: %s",
					 error_meaning(ERROR_MEMORY));
		}
		*came = (struct source_came){ .next = store->came, .name = copy };
		store->came = came;
	}
	came->count++;
	came->last = delivery;
	came->last_at = at;
	return 0;
}

int store_sources_write(struct store *store, struct error *err)
{
	for (struct source_came *came = store->came; came; came = came->next) {
		if (came->count == 0)
			continue;
		int rc = sql_do(store,
				"INSERT INTO sources (name, deliveries, last_delivery, "
				"last_delivery_at) VALUES (:name, :count, :last, :at) "
				"ON CONFLICT (name) DO UPDATE SET "
				"deliveries = deliveries + excluded.deliveries, "
				"last_delivery = excluded.last_delivery, "
				"last_delivery_at = excluded.last_delivery_at",
				SQL_VALUES(SQL_TEXT("name", came->name),
					   SQL_UNSIGNED("count", came->count),
					   SQL_UNSIGNED("last", came->last),
					   SQL_INTEGER("at", came->last_at)),
				err);
		if (rc < 0)
			return store_spoil(store, rc);
		came->count = 0;
	}
	return 0;
}

void store_sources_rollback(struct store *store)
{
	for (struct source_came *came = store->came; came; came = came->next)
		came->count = 0;
}

void store_sources_release(struct store *store)
{
	while (store->came != NULL) {
		struct source_came *came = store->came;
		store->came = came->next;
		free(came->name);
		free(came);
	}
}

int store_source_ensure(struct store *store, const char *name, const char *kind,
			struct error *err)
{
	return sql_do(store,
		      "INSERT INTO sources (name, kind) VALUES (:name, :kind) "
		      "ON CONFLICT (name) DO UPDATE SET kind = excluded.kind "
		      "WHERE sources.kind IS NOT excluded.kind",
		      SQL_VALUES(SQL_TEXT("name", name), SQL_TEXT("kind", kind)), err);
}

int store_source_get(struct store *store, struct arena *arena, const char *name,
		     struct msg_source_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM sources WHERE name = :name",
			   .values = SQL_VALUES(SQL_TEXT("name", name)),
			   .type = MESSAGE_source_row };
	int rc = store_sources_write(store, err);
	if (rc == 0)
		rc = sql_get_row(store, arena, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_source(err, name) : rc;
}

int store_source_list(struct store *store, struct arena *arena,
		      struct msg_source_row **out, size_t *count, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM sources ORDER BY name",
			   .type = MESSAGE_source_row };
	int rc = store_sources_write(store, err);
	return rc < 0 ? rc : sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_source_put(struct store *store, const struct msg_source_row *row,
		     struct error *err)
{
	struct sql sql = { .text = "UPDATE sources SET api_at = :api_at, "
				   "problem = :problem, retry_at = :retry_at, "
				   "remaining = :remaining WHERE name = :name",
			   .type = MESSAGE_source_row,
			   .row = row };
	uint64_t changed = 0;
	int rc = sql_run(store, &sql, &changed, err);
	return rc == 0 && changed == 0 ? no_source(err, row->name) : rc;
}

/* --- tokens --- */

/* Revoked ones only wait to be forgotten. */
static int check_room(struct store *store, const char *name, struct error *err)
{
	struct sql all = { .text = "SELECT count(*) FROM tokens WHERE revoked_at = 0" };
	struct sql same = { .text = "SELECT count(*) FROM tokens WHERE revoked_at = 0 "
				    "AND name = :name",
			    .values = SQL_VALUES(SQL_TEXT("name", name)) };
	uint64_t count = 0;
	int rc = sql_get_number(store, &same, &count, err);
	if (rc == 0 && count != 0)
		return error_set(err, ERROR_EXISTS,
				 "there is a token '%s' already: revoke it, or take "
				 "another name",
				 name);
	if (rc == 0)
		rc = sql_get_number(store, &all, &count, err);
	return rc == 0 ? limit_check(&limits_default, LIMIT_TOKENS, count + 1, name,
				     err)
		       : rc;
}

int store_token_add(struct store *store, const struct msg_token_row *row, uint64_t *id,
		    struct error *err)
{
	struct msg_token_row fresh = *row;
	fresh.id = 0;
	fresh.used_at = 0;
	fresh.revoked_at = 0;
	if (row->name == NULL || row->scopes == NULL || digest_is_none(&row->digest))
		return error_set(err, ERROR_INTERNAL,
				 "a token needs a name, scopes and a digest");
	int rc = check_room(store, row->name, err);
	if (rc < 0)
		return rc;
	struct sql sql = { .text = "INSERT INTO tokens (@, digest) VALUES ($, :digest)",
			   .values = SQL_VALUES(SQL_DIGEST("digest", &row->digest)),
			   .type = MESSAGE_token_row,
			   .row = &fresh };
	return sql_insert(store, &sql, id, err);
}

static int note_use(struct store *store, uint64_t id, int64_t now, struct error *err)
{
	return sql_do(store, "UPDATE tokens SET used_at = :now WHERE id = :id",
		      SQL_VALUES(SQL_UNSIGNED("id", id), SQL_INTEGER("now", now)), err);
}

int store_token_find(struct store *store, struct arena *arena,
		     const struct digest *digest, int64_t now,
		     struct msg_token_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM tokens WHERE digest = :digest "
				   "AND revoked_at = 0 "
				   "AND (expires_at = 0 OR expires_at > :now)",
			   .values = SQL_VALUES(SQL_DIGEST("digest", digest),
						SQL_INTEGER("now", now)),
			   .type = MESSAGE_token_row };
	struct msg_token_row row = { 0 };
	int rc = sql_get_row(store, arena, &sql, &row, err);
	if (rc == ERROR_NOT_FOUND)
		return error_set(err, rc, "the store has no such token");
	if (rc < 0)
		return rc;
	if (store_in_transaction(store) && now - row.used_at > NOTE_EVERY)
		rc = note_use(store, row.id, now, err);
	if (rc == 0)
		*out = row;
	return rc;
}

int store_token_list(struct store *store, struct arena *arena,
		     struct msg_token_row **out, size_t *count, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM tokens ORDER BY id DESC",
			   .type = MESSAGE_token_row };
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_token_revoke(struct store *store, uint64_t id, int64_t now, struct error *err)
{
	struct sql sql = { .text = "UPDATE tokens SET revoked_at = max(:now, 1) "
				   "WHERE id = :id AND revoked_at = 0",
			   .values = SQL_VALUES(SQL_UNSIGNED("id", id),
						SQL_INTEGER("now", now)) };
	uint64_t changed = 0;
	int rc = sql_run(store, &sql, &changed, err);
	if (rc == 0 && changed == 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "the store has no token %llu that is valid",
				 (unsigned long long)id);
	return rc;
}
