/* cmd/rows_store.c - the API's lists, straight from a store. */
#include "cmd/service.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "ipc/message.h"
#include "store/store.h"

struct listing {
	struct store *store;
	struct arena *arena;
	const struct msg_query *query;
	enum message_type type;
	const void *rows;
	size_t count;
	uint64_t last; /* id of the last row; 0: the list is not paged */
};

#define PAGED(name, list, row, key)                                                    \
	static int list_##name(struct listing *listing, struct error *err)             \
	{                                                                              \
		struct msg_##row *rows = NULL;                                         \
		int rc = list(listing->store, listing->arena, listing->query, &rows,   \
			      &listing->count, err);                                   \
		listing->type = MESSAGE_##row;                                         \
		listing->rows = rows;                                                  \
		if (rc == 0 && listing->count)                                         \
			listing->last = rows[listing->count - 1].key;                  \
		return rc;                                                             \
	}
PAGED(changes, store_change_list, change_row, id)
PAGED(verdicts, store_verdict_list, verdict_row, id)
PAGED(deployments, store_deployment_list, deployment_row, id)
PAGED(deliveries, store_delivery_list, delivery_row, id)
PAGED(merge_requests, store_merge_request_list, merge_request_row, number)
#undef PAGED

#define WHOLE(name, row, list, ...)                                                    \
	static int list_##name(struct listing *listing, struct error *err)             \
	{                                                                              \
		struct msg_##row *rows = NULL;                                         \
		int rc = list(listing->store,                                          \
			      listing->arena __VA_OPT__(, ) __VA_ARGS__, &rows,        \
			      &listing->count, err);                                   \
		listing->type = MESSAGE_##row;                                         \
		listing->rows = rows;                                                  \
		return rc;                                                             \
	}
WHOLE(repositories, repository_row, store_repository_list)
WHOLE(refs, ref_row, store_ref_list, listing->query->repository)
WHOLE(findings, finding_row, store_finding_list, listing->query->id)
WHOLE(targets, target_row, store_target_list)
WHOLE(quarantine, quarantine_row, store_quarantine_list, listing->query->target)
WHOLE(sources, source_row, store_source_list)
WHOLE(reviews, review_row, store_review_list, listing->query->repository,
      listing->query->number)
WHOLE(tokens, token_row, store_token_list)
WHOLE(outbox, outbox_row, store_outbox_list, listing->query->repository,
      listing->query->before, listing->query->limit)
#undef WHOLE

static const struct {
	const char *what;
	int (*run)(struct listing *listing, struct error *err);
} lists[] = {
	{ "repositories", list_repositories },
	{ "refs", list_refs },
	{ "changes", list_changes },
	{ "verdicts", list_verdicts },
	{ "findings", list_findings },
	{ "deployments", list_deployments },
	{ "targets", list_targets },
	{ "quarantine", list_quarantine },
	{ "sources", list_sources },
	{ "deliveries", list_deliveries },
	{ "reviews", list_reviews },
	{ "merge-requests", list_merge_requests },
	{ "outbox", list_outbox },
	{ "tokens", list_tokens },
};

static void write_rows(const struct listing *listing, struct buf *out)
{
	size_t size = message_row(listing->type)->size;
	uint64_t limit = listing->query->limit ? listing->query->limit : 200;
	struct json json;

	json_begin(&json, out);
	json_object(&json);
	json_key(&json, "items");
	json_array(&json);
	for (size_t i = 0; i < listing->count; i++) {
		json_object(&json);
		message_json(&json, listing->type,
			     (const char *)listing->rows + i * size);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_put_unsigned(&json, "next", listing->count == limit ? listing->last : 0);
	json_object_end(&json);
}

int rows_from_store(struct store *store, struct arena *arena,
		    const struct msg_query *query, struct buf *out, struct error *err)
{
	struct listing listing = { .store = store, .arena = arena, .query = query };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strcmp(lists[i].what, query->what) != 0)
			continue;
		int rc = lists[i].run(&listing, err);
		if (rc != 0)
			return rc;
		write_rows(&listing, out);
		return buf_status(out, "the rows", err);
	}
	return error_set(err, ERROR_INTERNAL, "no list '%s' without the service",
			 query->what);
}
