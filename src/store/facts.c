/* store/facts.c - the cache of facts: kind, digest of what was asked with, and key. */
#include "store/store.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/oid.h"
#include "store/sql.h"

/* A digest that is none would be NULL, which equals nothing. */
static const void *context_or_empty(const struct digest *context, struct oid *space)
{
	oid_set_bytes(space, context->bytes, DIGEST_BYTES);
	return space;
}

int store_fact_get(struct store *store, struct arena *arena, const char *kind,
		   const struct digest *context, const struct oid *key,
		   const char **value, struct error *err)
{
	struct oid space;
	struct sql sql = { .text = "SELECT value FROM facts WHERE kind = :kind "
				   "AND context = :context AND key = :key",
			   .values = SQL_VALUES(
				   SQL_TEXT("kind", kind),
				   SQL_OID("context",
					   context_or_empty(context, &space)),
				   SQL_OID("key", key)) };
	struct sql_cursor cursor;
	int rc = sql_open(&cursor, store, &sql, err);
	if (rc == 0)
		rc = sql_next(&cursor);
	if (rc == 0)
		rc = error_set(err, ERROR_NOT_FOUND, "the store has no such fact");
	if (rc > 0) {
		size_t length;
		const void *bytes = sql_column_bytes(&cursor, 0, &length);
		const char *copy =
			arena_copy(arena, bytes != NULL ? bytes : "", length);
		if (copy == NULL)
			rc = error_set(err, ERROR_MEMORY, "cannot read a fact: %s",
				       error_meaning(ERROR_MEMORY));
		else
			*value = copy;
	}
	sql_close(&cursor);
	return rc > 0 ? 0 : rc;
}

int store_fact_put(struct store *store, const char *kind, const struct digest *context,
		   const struct oid *key, const char *value, int64_t now,
		   struct error *err)
{
	struct oid space;
	return sql_do(store,
		      "INSERT INTO facts (kind, context, key, value, stored_at) "
		      "VALUES (:kind, :context, :key, :value, :now) "
		      "ON CONFLICT (kind, context, key) DO UPDATE "
		      "SET value = excluded.value, stored_at = excluded.stored_at",
		      SQL_VALUES(SQL_TEXT("kind", kind),
				 SQL_OID("context", context_or_empty(context, &space)),
				 SQL_OID("key", key), SQL_TEXT("value", value),
				 SQL_INTEGER("now", now)),
		      err);
}
