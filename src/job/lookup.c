/* job/lookup.c - reads merge requests and their reviews from a forge. */
#include "job/lookup.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "forge/forge.h"
#include "ipc/message.h"

#define ITEM_BYTES ((size_t)256 << 20) /* a thousand merge requests */

struct found {
	struct forge_merge_request *items;
	size_t count;
};

static int ask(struct forge *forge, const struct msg_lookup_item *item,
	       struct arena *arena, struct found *found, int64_t *retry_at,
	       struct error *err)
{
	const char *mode = item->mode != NULL ? item->mode : "";
	if (strcmp(mode, "open") == 0)
		return forge_open_merge_requests(forge, item->name, arena,
						 &found->items, &found->count, retry_at,
						 err);
	if (strcmp(mode, "commit") == 0)
		return forge_commit_merge_requests(forge, item->name, &item->commit,
						   arena, &found->items, &found->count,
						   retry_at, err);
	if (strcmp(mode, "number") != 0)
		return error_set(err, ERROR_USAGE, "'%s' is not a mode", mode);
	found->items = arena_new_of(arena, struct forge_merge_request);
	if (found->items == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for an answer");
	int code = forge_merge_request(forge, item->name, item->number, arena,
				       found->items, retry_at, err);
	found->count = code == 0 ? 1 : 0;
	return code;
}

static int send_merge_request(struct channel *channel,
			      const struct msg_lookup_item *item,
			      const struct forge_merge_request *request,
			      struct error *err)
{
	struct msg_merge_request_row row = request->row;
	row.repository = item->repository;
	int code = channel_send(channel, MESSAGE_merge_request_row, &row, NULL, 0, err);
	for (size_t i = 0; code == 0 && i < request->review_count; i++) {
		struct msg_review_row review = request->reviews[i];
		review.repository = item->repository;
		review.number = row.number;
		code = channel_send(channel, MESSAGE_review_row, &review, NULL, 0, err);
	}
	return code;
}

int lookup_end(struct channel *channel, const struct msg_lookup_item *item,
	       const struct error *cause, int64_t retry_at, struct error *err)
{
	struct msg_looked_up looked = {
		.repository = item->repository,
		.mode = item->mode,
		.number = item->number,
		.commit = item->commit,
		.code = cause->code,
		.text = cause->code != 0 ? cause->text : NULL,
		.retry_at = retry_at,
	};
	return channel_send(channel, MESSAGE_looked_up, &looked, NULL, 0, err);
}

int lookup_answer(struct channel *channel, struct forge *forge,
		  const struct msg_lookup_item *item, struct error *failed,
		  int64_t *retry_at, struct error *err)
{
	struct arena *arena = arena_new(ITEM_BYTES);
	struct found found = { 0 };
	int code = arena != NULL ? ask(forge, item, arena, &found, retry_at, failed)
				 : error_set(failed, ERROR_MEMORY,
					     "out of memory for an answer");
	size_t count = code == 0 ? found.count : 0;
	code = 0;
	for (size_t i = 0; code == 0 && i < count; i++)
		code = send_merge_request(channel, item, &found.items[i], err);
	if (code == 0)
		code = lookup_end(channel, item, failed, *retry_at, err);
	arena_free(arena);
	return code;
}
