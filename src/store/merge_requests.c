/* store/merge_requests.c - merge requests as the forge tells them, with their reviews,
 * and which of them it must be asked about. */
#include "store/store.h"

#include "base/error.h"
#include "base/oid.h"
#include "store/sql.h"

static int no_merge_request(struct error *err, const char *repository, uint64_t number)
{
	return error_set(err, ERROR_NOT_FOUND,
			 "the store has no merge request %llu of repository '%s'",
			 (unsigned long long)number, repository);
}

/* A write that adds a row; its repository may be missing. */
static int run_adding(struct store *store, const struct sql *sql,
		      const char *repository, struct error *err)
{
	struct error cause = ERROR_INIT;
	int rc = sql_run(store, sql, NULL, &cause);
	if (rc == ERROR_NOT_FOUND)
		return error_set(err, rc, "the store has no repository '%s'",
				 repository);
	return rc == 0 ? 0 : error_set(err, rc, "%s", cause.text);
}

static int update(struct store *store, const char *text, const struct sql_value *values,
		  const char *repository, uint64_t number, struct error *err)
{
	struct sql sql = { .text = text, .values = values };
	uint64_t changed = 0;
	int rc = sql_run(store, &sql, &changed, err);
	return rc == 0 && changed == 0 ? no_merge_request(err, repository, number) : rc;
}

/* --- what must be asked --- */

int store_merge_request_hint(struct store *store, const char *repository,
			     uint64_t number, int64_t at, struct error *err)
{
	/* One that waits since before keeps its turn. */
	struct sql sql = {
		.text = "INSERT INTO merge_requests (repository, number, state, "
			"wanted, due_at) VALUES (:repository, :number, 'unknown', 1, "
			":at) ON CONFLICT (repository, number) DO UPDATE "
			"SET wanted = wanted + 1, due_at = CASE WHEN wanted > seen "
			"THEN min(due_at, excluded.due_at) ELSE excluded.due_at END",
		.values = SQL_VALUES(SQL_TEXT("repository", repository),
				     SQL_UNSIGNED("number", number),
				     SQL_INTEGER("at", at)),
	};
	return run_adding(store, &sql, repository, err);
}

int store_merge_request_failed(struct store *store, const char *repository,
			       uint64_t number, const char *problem, int64_t due_at,
			       struct error *err)
{
	return update(store,
		      "UPDATE merge_requests SET problem = :problem, "
		      "failures = failures + 1, due_at = :due_at "
		      "WHERE repository = :repository AND number = :number",
		      SQL_VALUES(SQL_TEXT("repository", repository),
				 SQL_UNSIGNED("number", number),
				 SQL_TEXT("problem", problem),
				 SQL_INTEGER("due_at", due_at)),
		      repository, number, err);
}

#define WANTED "FROM merge_requests WHERE wanted > seen "
/* "+": of one repository few wait, and their order is that of being due. */
#define OF_REPOSITORY "AND +repository = :repository "

int store_merge_request_wanted(struct store *store, struct arena *arena,
			       const char *repository, int64_t now, size_t limit,
			       struct msg_merge_request_row **out, size_t *count,
			       int64_t *later, struct error *err)
{
	struct sql sql = {
		.text = repository != NULL ? "SELECT @ " WANTED OF_REPOSITORY "AND "
									      "due_at "
									      "<= :now "
					     "ORDER BY due_at, number LIMIT :limit"
					   : "SELECT @ " WANTED "AND due_at <= :now "
					     "ORDER BY due_at LIMIT :limit",
		.values = SQL_VALUES(SQL_TEXT("repository", repository),
				     SQL_INTEGER("now", now),
				     SQL_UNSIGNED("limit", limit)),
		.type = MESSAGE_merge_request_row,
	};
	struct sql soonest = {
		.text = repository != NULL ? "SELECT due_at " WANTED OF_REPOSITORY
					     "AND due_at > :now ORDER BY due_at LIMIT 1"
					   : "SELECT due_at " WANTED "AND due_at > "
								     ":now "
					     "ORDER BY due_at LIMIT 1",
		.values = SQL_VALUES(SQL_TEXT("repository", repository),
				     SQL_INTEGER("now", now)),
	};
	uint64_t when = 0;
	int rc = sql_get_number(store, &soonest, &when, err);
	if (rc == 0 || rc == ERROR_NOT_FOUND)
		rc = sql_get_rows(store, arena, &sql, (void **)out, count, err);
	if (rc == 0)
		*later = (int64_t)when;
	return rc;
}

/* --- what was told --- */

static int put_row(struct store *store, const struct msg_merge_request_row *row,
		   struct error *err)
{
	/* What was wanted meanwhile is still wanted; nobody has seen more than was
	 * wanted. */
	struct sql sql = {
		.text = "INSERT INTO merge_requests (repository, number, state, head, "
			"head_ref, head_repository, base_ref, base, author, title, "
			"draft, merge_commit, url, updated_at, looked_at, wanted, "
			"seen) VALUES (:repository, :number, :state, :head, "
			":head_ref, :head_repository, :base_ref, :base, :author, "
			":title, :draft, :merge_commit, :url, :updated_at, "
			":looked_at, :seen, :seen) "
			"ON CONFLICT (repository, number) DO UPDATE SET "
			"state = excluded.state, head = excluded.head, "
			"head_ref = excluded.head_ref, "
			"head_repository = excluded.head_repository, "
			"base_ref = excluded.base_ref, base = excluded.base, "
			"author = excluded.author, title = excluded.title, "
			"draft = excluded.draft, merge_commit = excluded.merge_commit, "
			"url = excluded.url, updated_at = excluded.updated_at, "
			"looked_at = excluded.looked_at, "
			"wanted = max(wanted, excluded.seen), "
			"seen = max(seen, excluded.seen), "
			"problem = NULL, failures = 0",
		.type = MESSAGE_merge_request_row,
		.row = row,
	};
	return run_adding(store, &sql, row->repository, err);
}

static int put_review(struct store *store, const struct msg_merge_request_row *row,
		      const struct msg_review_row *review, struct error *err)
{
	struct msg_review_row fresh = *review;
	fresh.repository = row->repository;
	fresh.number = row->number;
	struct sql sql = { .text = "INSERT INTO reviews (@) VALUES ($) "
				   "ON CONFLICT (repository, number, reviewer) "
				   "DO UPDATE SET state = excluded.state, "
				   "\"commit\" = excluded.\"commit\", "
				   "submitted_at = excluded.submitted_at",
			   .type = MESSAGE_review_row,
			   .row = &fresh };
	return sql_run(store, &sql, NULL, err);
}

int store_merge_request_put(struct store *store,
			    const struct msg_merge_request_row *row,
			    const struct msg_review_row *reviews, size_t review_count,
			    struct error *err)
{
	int rc = put_row(store, row, err);
	if (rc < 0)
		return rc;
	rc = sql_do(store,
		    "DELETE FROM reviews WHERE repository = :repository "
		    "AND number = :number",
		    SQL_VALUES(SQL_TEXT("repository", row->repository),
			       SQL_UNSIGNED("number", row->number)),
		    err);
	for (size_t i = 0; rc == 0 && i < review_count; i++)
		rc = put_review(store, row, &reviews[i], err);
	return rc < 0 ? store_spoil(store, rc) : 0;
}

int store_merge_request_change(struct store *store, const char *repository,
			       uint64_t number, uint64_t change, struct error *err)
{
	return update(store,
		      "UPDATE merge_requests SET change = :newest "
		      "WHERE repository = :repository AND number = :number",
		      SQL_VALUES(SQL_TEXT("repository", repository),
				 SQL_UNSIGNED("number", number),
				 SQL_UNSIGNED("newest", change)),
		      repository, number, err);
}

/* --- questions --- */

int store_merge_request_get(struct store *store, struct arena *arena,
			    const char *repository, uint64_t number,
			    struct msg_merge_request_row *out, struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM merge_requests "
				   "WHERE repository = :repository "
				   "AND number = :number",
			   .values = SQL_VALUES(SQL_TEXT("repository", repository),
						SQL_UNSIGNED("number", number)),
			   .type = MESSAGE_merge_request_row };
	int rc = sql_get_row(store, arena, &sql, out, err);
	return rc == ERROR_NOT_FOUND ? no_merge_request(err, repository, number) : rc;
}

int store_merge_request_open(struct store *store, struct arena *arena,
			     const char *repository, const char *base_ref,
			     struct msg_merge_request_row **out, size_t *count,
			     struct error *err)
{
	struct sql sql = {
		.text = base_ref != NULL ? "SELECT @ FROM merge_requests "
					   "WHERE state = 'open' "
					   "AND repository = :repository "
					   "AND base_ref = :base_ref ORDER BY number"
					 : "SELECT @ FROM merge_requests "
					   "WHERE state = 'open' "
					   "AND repository = :repository "
					   "ORDER BY number",
		.values = SQL_VALUES(SQL_TEXT("repository", repository),
				     SQL_TEXT("base_ref", base_ref)),
		.type = MESSAGE_merge_request_row,
	};
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_merge_request_of_commit(struct store *store, struct arena *arena,
				  const char *repository, const struct oid *commit,
				  struct msg_merge_request_row **out, size_t *count,
				  struct error *err)
{
	struct sql sql = {
		.text = "SELECT @ FROM merge_requests WHERE repository = :repository "
			"AND (head = :commit OR merge_commit = :commit) "
			"ORDER BY number DESC",
		.values = SQL_VALUES(SQL_TEXT("repository", repository),
				     SQL_OID("commit", commit)),
		.type = MESSAGE_merge_request_row,
	};
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}

int store_review_list(struct store *store, struct arena *arena, const char *repository,
		      uint64_t number, struct msg_review_row **out, size_t *count,
		      struct error *err)
{
	struct sql sql = { .text = "SELECT @ FROM reviews "
				   "WHERE repository = :repository "
				   "AND number = :number ORDER BY reviewer",
			   .values = SQL_VALUES(SQL_TEXT("repository", repository),
						SQL_UNSIGNED("number", number)),
			   .type = MESSAGE_review_row };
	return sql_get_rows(store, arena, &sql, (void **)out, count, err);
}
