/* tests/fuzz/fuzz_forge_reply.c - what a forge's API answers, for every kind of forge
 * and every question; the client is one of our own that answers from the input.
 *
 * Input: a byte for the forge, one for the question, then replies, each a byte for the
 * status and its body, up to a byte 0xff. What must hold: no crash, texts of errors are
 * fit to be shown, and what is read keeps the promises of forge/forge.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "forge/forge.h"
#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMMIT "6dcb09b5b57875f334f61aebed695e2e4193db5e"
#define CALLS  200 /* a list may lead in circles */

static const uint8_t *rest;
static size_t rest_length;
static int calls;

/* --- the client --- */

struct http_client {
	int nothing;
};

int http_client_new(struct http_client **out, const struct http_options *options,
		    struct error *err)
{
	(void)options;
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

void http_client_free(struct http_client *client)
{
	free(client);
}

int http_client_authorize(struct http_client *client, const char *authorization,
			  struct error *err)
{
	(void)client;
	(void)authorization;
	(void)err;
	return 0;
}

/* The next reply of the input; more of a list where bit 3 is set. */
static void answer(struct http_reply *out)
{
	static const int statuses[] = { 200, 200, 201, 404, 400, 403, 409, 500 };
	uint8_t how = rest_length > 0 ? *rest : 3;
	const uint8_t *body = rest_length > 0 ? rest + 1 : rest;
	size_t length = rest_length > 0 ? rest_length - 1 : 0;
	const uint8_t *end = length > 0 ? memchr(body, 0xff, length) : NULL;
	size_t used = end ? (size_t)(end - body) : length;
	out->status = statuses[how & 7];
	out->remaining = how & 16 ? 0 : -1;
	out->date = clock_now();
	if (how & 8)
		memcpy(out->next, "/next", sizeof("/next"));
	buf_add(&out->body, body, used);
	rest = body + used + (end ? 1 : 0);
	rest_length = length - used - (end ? 1 : 0);
}

int http_request(struct http_client *client, const char *method, const char *target,
		 const struct http_header *headers, const void *body, size_t length,
		 struct http_reply *out, struct error *err)
{
	(void)client;
	(void)method;
	(void)headers;
	(void)body;
	(void)length;
	/* Bitbucket Cloud's replies say where the next page is; net/ refuses what is
	 * elsewhere. */
	if (target[0] != '/')
		return error_set(err, ERROR_FORBIDDEN_HOST, "elsewhere");
	if (++calls > CALLS)
		return error_set(err, ERROR_NETWORK, "enough");
	*out = (struct http_reply){ .remaining = -1 };
	buf_init(&out->body, (size_t)16 << 20);
	answer(out);
	return 0;
}

void http_reply_release(struct http_reply *reply)
{
	buf_release(&reply->body);
}

/* --- questions --- */

static void check_text(const char *text)
{
	for (size_t i = 0; text && text[i] != '\0'; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			abort();
	if (text && !text_is_utf8(text, strlen(text)))
		abort();
}

static void check_request(const struct forge_merge_request *request)
{
	static const char *const states[] = { "open", "closed", "merged" };
	const struct msg_merge_request_row *row = &request->row;
	size_t known = 0;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		known += strcmp(row->state, states[i]) == 0 ? 1 : 0;
	bool open = strcmp(row->state, "open") == 0;
	if (known != 1 || !text_starts_with(row->base_ref, "refs/heads/") ||
	    (open && (row->head.length == 0 || row->base.length == 0)))
		abort();
	check_text(row->title);
	for (size_t i = 0; i < request->review_count; i++)
		if (!request->reviews[i].reviewer ||
		    request->reviews[i].reviewer[0] == '\0' ||
		    !request->reviews[i].state)
			abort();
}

static int report(struct forge *forge, const char *kind, const char *ref,
		  struct arena *arena, struct error *err)
{
	struct msg_finding_row finding = { .severity = "error",
					   .rule = "r",
					   .path = "a.c",
					   .line = 3,
					   .message = "m" };
	struct msg_report_item item = { .id = 1,
					.kind = kind,
					.name = "acme/shop",
					.context = "gitgate/policy",
					.state = "failure",
					.description = "refused",
					.link = "https://gate.example.org/",
					.number = 7,
					.forge_ref = ref };
	const char *out = NULL;
	int64_t retry_at = 0;
	oid_parse(COMMIT, strlen(COMMIT), &item.commit);
	int rc = forge_report(forge, &item, &finding, 1, arena, &out, &retry_at, err);
	if (rc == 0 && !out)
		abort();
	return rc;
}

static int ask(struct forge *forge, uint8_t verb, struct arena *arena,
	       struct error *err)
{
	struct forge_set_up set_up = { .name = "acme/shop",
				       .branch = "main",
				       .hook_url = "https://gate.example.org/hooks/f",
				       .secret = "s3cret" };
	struct forge_merge_request one, *all = NULL;
	struct forge_check *checks = NULL;
	const char *text = NULL;
	size_t count = 0;
	int64_t retry_at = 0;
	int rc = 0;
	switch (verb % 8) {
	case 0:
		return report(forge, "status", "", arena, err);
	case 1:
		return report(forge, "status", "4", arena, err);
	case 2:
		return report(forge, "comment", "", arena, err);
	case 3:
		return report(forge, "comment", "4", arena, err);
	case 4:
		rc = forge_merge_request(forge, "acme/shop", 7, arena, &one, &retry_at,
					 err);
		all = &one;
		count = rc == 0 ? 1 : 0;
		break;
	case 5:
		rc = forge_open_merge_requests(forge, "acme/shop", arena, &all, &count,
					       &retry_at, err);
		break;
	case 6:
		rc = forge_test(forge, &set_up, arena, &checks, &count, err);
		for (size_t i = 0; rc == 0 && i < count; i++)
			if (!checks[i].what || !checks[i].text)
				abort();
		return rc;
	default:
		return forge_hook(forge, &set_up, arena, &text, err);
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		check_request(&all[i]);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msg_forge_session session = { .source = "forge",
					     .token = "t0ken",
					     .username = "gate",
					     .api = "https://forge.example.org" };
	struct forge *forge = NULL;
	struct error err = ERROR_INIT;
	if (size < 2)
		return 0;
	session.kind = forge_name((enum forge_kind)(
		FORGE_GITHUB + data[0] % (FORGE_BITBUCKET_SERVER - FORGE_GITHUB + 1)));
	rest = data + 2;
	rest_length = size - 2;
	calls = 0;
	struct arena *arena = arena_new((size_t)64 << 20);
	if (arena && forge_open(&forge, &session, &err) == 0 &&
	    ask(forge, data[1], arena, &err) != 0) {
		check_text(err.text);
		if (err.code == 0)
			abort();
	}
	forge_close(forge);
	arena_free(arena);
	return 0;
}
