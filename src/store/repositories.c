/* store/repositories.c - repositories and their refs. */
#include "store/store.h"

#include "base/error.h"
#include "base/oid.h"
#include "store/sql.h"

static int no_repository(struct error *err, const char *name)
{
	return error_set(err, ERROR_NOT_FOUND, "the store has no repository '%s'",
			 name);
}

/* An update of one repository by name. */
static int update(struct store *store, const char *text, const struct sql_value *values,
		  const char *name, struct error *err)
{
	struct sql sql = { .text = text, .values = values };
	uint64_t changed = 0;
	int rc = sql_run(store, &sql, &changed, err);
	return rc == 0 && changed == 0 ? no_repository(err, name) : rc;
}

int store_repository_ensure(struct store *store, const char *name, struct error *err)
{
	return sql_do(store,
		      "INSERT INTO repositories (name) VALUES (:name) "
		      "ON CONFLICT (name) DO NOTHING",
		      SQL_VALUES(SQL_TEXT("name", name)), err);
}

int store_repository_get(struct store *store, struct arena *arena, const char *name,
			 struct msg_repository_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM repositories WHERE name = :name",
			   .values = SQL_VALUES(SQL_TEXT("name", name)),
			   .type = MESSAGE_repository_row };
	int rc = sql_get_row(store, arena, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_repository(err, name) : rc;
}

int store_repository_list(struct store *store, struct arena *arena,
			  struct msg_repository_row **out, size_t *count,
			  struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM repositories ORDER BY name",
			   .type = MESSAGE_repository_row };
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_repository_hint(struct store *store, const char *name, int64_t at,
			  struct error *err)
{
	return update(store,
		      "UPDATE repositories SET wanted = wanted + 1, hinted_at = :at "
		      "WHERE name = :name",
		      SQL_VALUES(SQL_TEXT("name", name), SQL_INTEGER("at", at)), name,
		      err);
}

int store_repository_fetched(struct store *store, const char *name, uint64_t wanted,
			     int64_t at, const char *head, const char *problem,
			     struct error *err)
{
	if (problem != NULL)
		return update(store,
			      "UPDATE repositories SET problem = :problem, "
			      "failures = failures + 1, fetched_at = :at "
			      "WHERE name = :name",
			      SQL_VALUES(SQL_TEXT("name", name), SQL_INTEGER("at", at),
					 SQL_TEXT("problem", problem)),
			      name, err);
	return update(store,
		      "UPDATE repositories SET fetched = max(fetched, :wanted), "
		      "fetched_at = :at, head = coalesce(:head, head), problem = NULL, "
		      "failures = 0 WHERE name = :name",
		      SQL_VALUES(SQL_TEXT("name", name), SQL_UNSIGNED("wanted", wanted),
				 SQL_INTEGER("at", at), SQL_TEXT("head", head)),
		      name, err);
}

int store_ref_get(struct store *store, struct arena *arena, const char *repository,
		  const char *ref, struct msg_ref_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM refs WHERE repository = :repository "
				   "AND ref = :ref",
			   .values = SQL_VALUES(SQL_TEXT("repository", repository),
						SQL_TEXT("ref", ref)),
			   .type = MESSAGE_ref_row };
	int rc = sql_get_row(store, arena, &sql, out, err);
	if (rc == ERROR_NOT_FOUND)
		return error_set(err, rc,
				 "the store has no ref '%s' of repository '%s'", ref,
				 repository);
	return rc;
}

int store_ref_list(struct store *store, struct arena *arena, const char *repository,
		   struct msg_ref_row **out, size_t *count, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM refs WHERE repository = :repository "
				   "ORDER BY ref",
			   .values = SQL_VALUES(SQL_TEXT("repository", repository)),
			   .type = MESSAGE_ref_row };
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

static int ref_put(struct store *store, const char *text,
		   const struct sql_value *values, const char *repository,
		   struct error *err)
{
	struct error cause = ERROR_INIT;
	int rc = sql_do(store, text, values, &cause);
	if (rc == ERROR_NOT_FOUND)
		return no_repository(err, repository);
	return rc == 0 ? 0 : error_set(err, rc, "%s", cause.text);
}

int store_ref_seen(struct store *store, const char *repository, const char *ref,
		   const struct oid *tip, int64_t at, struct error *err)
{
	return ref_put(store,
		       "INSERT INTO refs (repository, ref, tip, seen_at) "
		       "VALUES (:repository, :ref, :tip, :at) "
		       "ON CONFLICT (repository, ref) DO UPDATE "
		       "SET tip = excluded.tip, seen_at = excluded.seen_at",
		       SQL_VALUES(SQL_TEXT("repository", repository),
				  SQL_TEXT("ref", ref), SQL_OID("tip", tip),
				  SQL_INTEGER("at", at)),
		       repository, err);
}

int store_ref_accepted(struct store *store, const char *repository, const char *ref,
		       const struct oid *tip, struct error *err)
{
	return ref_put(store,
		       "INSERT INTO refs (repository, ref, accepted) "
		       "VALUES (:repository, :ref, :tip) "
		       "ON CONFLICT (repository, ref) DO UPDATE "
		       "SET accepted = excluded.accepted",
		       SQL_VALUES(SQL_TEXT("repository", repository),
				  SQL_TEXT("ref", ref), SQL_OID("tip", tip)),
		       repository, err);
}
