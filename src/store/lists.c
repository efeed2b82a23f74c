/* store/lists.c - lists for the API: newest first, filtered by what the query sets. */
#include "store/store.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/oid.h"
#include "store/sql.h"

#define LIST_MAXIMUM 200

/* A table that is listed, and which filters it has. NULL: it has none such, and a query
 * that sets it is refused rather than answered with too much. */
struct listing {
	const char *table;
	unsigned int type;
	const char *key; /* the column that orders */
	const char *repository;
	const char *ref;
	const char *target;
	const char *state;
	const char *source;
	const char *number;
};

static int add_filter(struct buf *text, const char *value, const char *name,
		      const char *condition, struct error *err)
{
	if (value == NULL)
		return 0;
	if (condition == NULL)
		return error_set(err, ERROR_USAGE, "this list has no filter '%s'",
				 name);
	buf_addf(text, " AND %s", condition);
	return 0;
}

static int build(struct buf *text, const struct listing *listing,
		 const struct msg_query *query, struct error *err)
{
	buf_addf(text, "SELECT @ FROM %s WHERE %s < :before", listing->table,
		 listing->key);
	if (query->id != 0)
		buf_addf(text, " AND %s = :id", listing->key);
	int rc = add_filter(text, query->repository, "repository", listing->repository,
			    err);
	if (rc == 0)
		rc = add_filter(text, query->ref, "ref", listing->ref, err);
	if (rc == 0)
		rc = add_filter(text, query->target, "target", listing->target, err);
	if (rc == 0)
		rc = add_filter(text, query->state, "state", listing->state, err);
	if (rc == 0)
		rc = add_filter(text, query->source, "source", listing->source, err);
	if (rc == 0)
		rc = add_filter(text, query->number != 0 ? "" : NULL, "number",
				listing->number, err);
	buf_addf(text, " ORDER BY %s DESC LIMIT :limit", listing->key);
	return rc == 0 ? buf_status(text, "a statement", err) : rc;
}

static int list(struct store *store, struct arena *arena, const struct listing *listing,
		const struct msg_query *query, void **out, size_t *count,
		struct error *err)
{
	if (query->limit > LIST_MAXIMUM)
		return error_set(err, ERROR_USAGE,
				 "a list has at most %d rows at a time", LIST_MAXIMUM);
	uint64_t before = query->before;
	if (before == 0 || before > INT64_MAX)
		before = INT64_MAX;
	struct buf text = BUF_INIT(4096);
	int rc = build(&text, listing, query, err);
	struct sql sql = {
		.text = text.data,
		.values = SQL_VALUES(
			SQL_UNSIGNED("before", before),
			SQL_UNSIGNED("limit",
				     query->limit == 0 ? LIST_MAXIMUM : query->limit),
			SQL_UNSIGNED("id", query->id),
			SQL_TEXT("repository", query->repository),
			SQL_TEXT("ref", query->ref), SQL_TEXT("target", query->target),
			SQL_TEXT("state", query->state),
			SQL_TEXT("source", query->source),
			SQL_UNSIGNED("number", query->number)),
		.type = listing->type,
	};
	if (rc == 0)
		rc = sql_get_rows(store, arena, &sql, out, count, err);
	buf_release(&text);
	return rc;
}

int store_delivery_list(struct store *store, struct arena *arena,
			const struct msg_query *query, struct msg_delivery_row **out,
			size_t *count, struct error *err)
{
	static const struct listing listing = { .table = "deliveries",
						.type = MESSAGE_delivery_row,
						.key = "id",
						.repository = "repository = "
							      ":repository",
						.ref = "ref = :ref",
						.state = "state = :state",
						.source = "source = :source",
						.number = "number = :number" };
	return list(store, arena, &listing, query, (void **)out, count, err);
}

int store_change_list(struct store *store, struct arena *arena,
		      const struct msg_query *query, struct msg_change_row **out,
		      size_t *count, struct error *err)
{
	static const struct listing listing = { .table = "changes",
						.type = MESSAGE_change_row,
						.key = "id",
						.repository = "repository = "
							      ":repository",
						.ref = "ref = :ref",
						.state = "state = :state",
						.number = "number = :number" };
	return list(store, arena, &listing, query, (void **)out, count, err);
}

int store_verdict_list(struct store *store, struct arena *arena,
		       const struct msg_query *query, struct msg_verdict_row **out,
		       size_t *count, struct error *err)
{
	static const struct listing listing = { .table = "verdicts",
						.type = MESSAGE_verdict_row,
						.key = "id",
						.repository = "repository = "
							      ":repository",
						.ref = "ref = :ref",
						.state = "result = :state",
						.number = "number = :number" };
	return list(store, arena, &listing, query, (void **)out, count, err);
}

int store_deployment_list(struct store *store, struct arena *arena,
			  const struct msg_query *query,
			  struct msg_deployment_row **out, size_t *count,
			  struct error *err)
{
	static const struct listing listing = {
		.table = "deployments",
		.type = MESSAGE_deployment_row,
		.key = "id",
		.repository = "(SELECT repository FROM changes "
			      "WHERE changes.id = deployments.change) = :repository",
		.ref = "(SELECT ref FROM changes "
		       "WHERE changes.id = deployments.change) = :ref",
		.target = "target = :target",
		.state = "state = :state",
	};
	return list(store, arena, &listing, query, (void **)out, count, err);
}

int store_ledger_list(struct store *store, struct arena *arena,
		      const struct msg_query *query, struct msg_ledger_row **out,
		      size_t *count, struct error *err)
{
	static const struct listing listing = { .table = "ledger",
						.type = MESSAGE_ledger_row,
						.key = "sequence",
						.state = "kind = :state" };
	return list(store, arena, &listing, query, (void **)out, count, err);
}

int store_outbox_list(struct store *store, struct arena *arena, const char *repository,
		      uint64_t before, size_t limit, struct msg_outbox_row **out,
		      size_t *count, struct error *err)
{
	static const struct listing listing = { .table = "outbox",
						.type = MESSAGE_outbox_row,
						.key = "id",
						.repository = "repository = "
							      ":repository" };
	struct msg_query query = { .repository = repository,
				   .before = before,
				   .limit = limit };
	return list(store, arena, &listing, &query, (void **)out, count, err);
}

int store_merge_request_list(struct store *store, struct arena *arena,
			     const struct msg_query *query,
			     struct msg_merge_request_row **out, size_t *count,
			     struct error *err)
{
	static const struct listing listing = { .table = "merge_requests",
						.type = MESSAGE_merge_request_row,
						.key = "number",
						.repository = "repository = "
							      ":repository",
						.state = "state = :state",
						.number = "number = :number" };
	/* Two repositories have the same numbers: a page could end between them. */
	if (query->before != 0 && query->repository == NULL)
		return error_set(err, ERROR_USAGE,
				 "merge requests are listed page by page for one "
				 "repository: name it");
	return list(store, arena, &listing, query, (void **)out, count, err);
}
