/* store/outbox.c - what shall be told outside, and whether it was. */
#include "store/store.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/oid.h"
#include "store/sql.h"

#define NAMES_BYTES ((size_t)4 << 20)

/* What a row says, as `posted` has it. */
#define SAYS(row) row ".state || char(10) || coalesce(" row ".description, '')"
/* A comment shows the findings of its verdict too, which the text need not tell apart.
 */
#define SAME_VERDICT "(outbox.kind = 'status' OR outbox.verdict = excluded.verdict)"
/* What is to be told is what the forge shows already. */
#define IS_POSTED "(outbox.posted IS " SAYS("excluded") " AND " SAME_VERDICT ")"
/* What is to be told is what waits to be told. */
#define IS_WAITING                                                                     \
	"(outbox.done_at = 0 AND " SAYS("outbox") " = " SAYS(                          \
		"excluded") " AND " SAME_VERDICT ")"

/* It was told as open, or may be told right now: a forge that keeps statuses by ref
 * would show for ever as open what ends at another ref of the commit. */
#define IS_BEGUN                                                                       \
	"(outbox.kind = 'status' AND coalesce(outbox.ref, '') <> '' AND "              \
	"(outbox.done_at = 0 OR outbox.state = 'pending'))"

#define UPDATE_REST                                                                    \
	" DO UPDATE SET \"commit\" = excluded.\"commit\", "                            \
	"context = excluded.context, state = excluded.state, "                         \
	"description = excluded.description, created_at = excluded.created_at, "       \
	"number = excluded.number, verdict = excluded.verdict, link = excluded.link, " \
	"ref = CASE WHEN " IS_BEGUN " THEN outbox.ref ELSE excluded.ref END, "         \
	"done_at = CASE WHEN NOT " IS_POSTED " THEN 0 WHEN outbox.done_at <> 0 THEN "  \
	"outbox.done_at ELSE max(excluded.created_at, 1) END, "                        \
	"attempts = CASE WHEN " IS_WAITING " THEN outbox.attempts ELSE 0 END, "        \
	"due_at = CASE WHEN " IS_WAITING " THEN outbox.due_at ELSE excluded.due_at "   \
	"END, "                                                                        \
	"problem = CASE WHEN " IS_WAITING " THEN outbox.problem END"

int store_outbox_put(struct store *store, const struct msg_outbox_row *row,
		     struct error *err)
{
	struct msg_outbox_row fresh = *row;
	fresh.id = 0;
	fresh.kind = row->kind == NULL ? "status" : row->kind;
	fresh.done_at = 0;
	fresh.attempts = 0;
	fresh.posted = NULL;
	fresh.problem = NULL;
	bool comment = strcmp(fresh.kind, "comment") == 0;
	if (!comment && strcmp(fresh.kind, "status") != 0)
		return error_set(err, ERROR_INTERNAL, "nothing of kind '%s' is told",
				 fresh.kind);
	if (comment ? fresh.number == 0 : fresh.commit.length == 0)
		return error_set(err, ERROR_INTERNAL,
				 "a %s without its %s cannot be told", fresh.kind,
				 comment ? "number" : "commit");
	struct sql sql = {
		.text = comment ? "INSERT INTO outbox (@) VALUES ($) "
				  "ON CONFLICT (repository, number) "
				  "WHERE kind = 'comment'" UPDATE_REST
				: "INSERT INTO outbox (@) VALUES ($) "
				  "ON CONFLICT (repository, \"commit\", context) "
				  "WHERE kind = 'status'" UPDATE_REST,
		.type = MESSAGE_outbox_row,
		.row = &fresh,
	};
	return sql_run(store, &sql, NULL, err);
}

/* ["one", "two"], for json_each(). */
static int write_names(struct buf *out, const char *const *names, size_t count,
		       struct error *err)
{
	struct json json;
	json_begin(&json, out);
	json_array(&json);
	for (size_t i = 0; i < count; i++)
		json_string(&json, names[i]);
	json_array_end(&json);
	return buf_status(out, "the names of repositories", err);
}

#define OF_THESE                                                                       \
	"FROM outbox WHERE done_at = 0 "                                               \
	"AND repository IN (SELECT value FROM json_each(:names)) "

static int due_of(struct store *store, struct arena *arena, const char *names,
		  int64_t now, size_t limit, struct msg_outbox_row **out, size_t *count,
		  int64_t *later, struct error *err)
{
	struct sql sql = {
		.text = "SELECT @ " OF_THESE "AND due_at <= :now "
			"ORDER BY created_at, id LIMIT :limit",
		.values = SQL_VALUES(SQL_TEXT("names", names), SQL_INTEGER("now", now),
				     SQL_UNSIGNED("limit", limit)),
		.type = MESSAGE_outbox_row,
	};
	struct sql soonest = {
		.text = "SELECT coalesce(min(due_at), 0) " OF_THESE "AND due_at > :now",
		.values = SQL_VALUES(SQL_TEXT("names", names), SQL_INTEGER("now", now)),
	};
	uint64_t when = 0;
	int rc = sql_get_number(store, &soonest, &when, err);
	if (rc == 0)
		rc = sql_get_rows(store, arena, &sql, (void **)out, count, err);
	if (rc == 0)
		*later = (int64_t)when;
	return rc;
}

int store_outbox_due(struct store *store, struct arena *arena,
		     const char *const *repositories, size_t repository_count,
		     int64_t now, size_t limit, struct msg_outbox_row **out,
		     size_t *count, int64_t *later, struct error *err)
{
	struct buf names = BUF_INIT(NAMES_BYTES);
	int rc = write_names(&names, repositories, repository_count, err);
	if (rc == 0)
		rc = due_of(store, arena, names.data, now, limit, out, count, later,
			    err);
	buf_release(&names);
	return rc;
}

int store_outbox_posted(struct store *store, uint64_t id, int64_t created_at,
			const char *posted, const char *forge_ref, int64_t now,
			struct error *err)
{
	/* What is told by now may be something else: then the row is due for that, even
	 * if it was done. */
	struct sql sql = {
		.text = "UPDATE outbox SET posted = :posted, "
			"forge_ref = coalesce(:forge_ref, forge_ref), "
			"done_at = CASE WHEN " SAYS("outbox") " = :posted "
							      "AND (kind = 'status' OR "
							      "created_at = "
							      ":created_at) "
							      "THEN max(:now, 1) ELSE "
							      "0 END, "
							      "problem = CASE WHEN "
							      "created_at <> "
							      ":created_at THEN "
							      "problem "
							      "END WHERE id = :id",
		.values = SQL_VALUES(
			SQL_UNSIGNED("id", id), SQL_INTEGER("created_at", created_at),
			SQL_TEXT("posted", posted), SQL_TEXT("forge_ref", forge_ref),
			SQL_INTEGER("now", now)),
	};
	return sql_run(store, &sql, NULL, err);
}

int store_outbox_failed(struct store *store, uint64_t id, int64_t created_at,
			const char *problem, int64_t due_at, int64_t now,
			struct error *err)
{
	return sql_do(store,
		      "UPDATE outbox SET attempts = attempts + 1, problem = :problem, "
		      "due_at = :due_at, done_at = CASE WHEN :due_at = 0 "
		      "THEN max(:now, 1) ELSE 0 END "
		      "WHERE id = :id AND created_at = :created_at AND done_at = 0",
		      SQL_VALUES(SQL_UNSIGNED("id", id),
				 SQL_INTEGER("created_at", created_at),
				 SQL_TEXT("problem", problem),
				 SQL_INTEGER("due_at", due_at),
				 SQL_INTEGER("now", now)),
		      err);
}

uint64_t store_outbox_waiting(struct store *store)
{
	struct sql sql = { .text = "SELECT count(*) FROM outbox WHERE done_at = 0" };
	uint64_t count = 0;
	sql_get_number(store, &sql, &count, NULL);
	return count;
}
