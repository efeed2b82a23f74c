/* forge/forge.c - the table of drivers; authenticating and reading through it. */
#include "forge/forge.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "forge/authenticate.h"
#include "forge/driver.h"
#include "forge/form.h"

static const struct {
	const char *name;
	const char *api;
} kinds[FORGE_COUNT] = {
	{ "unknown", "" },
#define FORGE_KIND(NAME, shown, api) { shown, api },
#include "model/forge_kinds.def"
#undef FORGE_KIND
};

static const struct forge_driver *const drivers[FORGE_COUNT] = {
	[FORGE_GITHUB] = &forge_github,
	[FORGE_GITLAB] = &forge_gitlab,
	[FORGE_GITEA] = &forge_gitea,
	[FORGE_FORGEJO] = &forge_forgejo,
	[FORGE_BITBUCKET_CLOUD] = &forge_bitbucket_cloud,
	[FORGE_BITBUCKET_SERVER] = &forge_bitbucket_server,
	[FORGE_HMAC] = &forge_hmac,
	[FORGE_STANDARD] = &forge_standard,
};

const struct forge_driver *forge_driver_of(enum forge_kind kind)
{
	return kind > FORGE_UNKNOWN && kind < FORGE_COUNT ? drivers[kind] : NULL;
}

/* --- what is known of each --- */

enum forge_kind forge_by_name(const char *name)
{
	for (int kind = FORGE_UNKNOWN + 1; name != NULL && kind < FORGE_COUNT; kind++)
		if (strcmp(kinds[kind].name, name) == 0)
			return (enum forge_kind)kind;
	return FORGE_UNKNOWN;
}

const char *forge_name(enum forge_kind kind)
{
	return forge_driver_of(kind) == NULL ? kinds[FORGE_UNKNOWN].name
					     : kinds[kind].name;
}

const char *forge_api(enum forge_kind kind)
{
	return forge_driver_of(kind) == NULL ? "" : kinds[kind].api;
}

bool forge_has_api(enum forge_kind kind)
{
	const struct forge_driver *driver = forge_driver_of(kind);
	return driver != NULL && driver->status != NULL;
}

bool forge_head_ref(enum forge_kind kind, uint64_t number, char *out, size_t size)
{
	const struct forge_driver *driver = forge_driver_of(kind);
	if (driver == NULL || driver->head_ref == NULL)
		return false;
	static const char hole[] = "%llu";
	const char *at = strstr(driver->head_ref, hole);
	assert(at != NULL);
	int length = snprintf(out, size, "%.*s%llu%s", (int)(at - driver->head_ref),
			      driver->head_ref, (unsigned long long)number,
			      at + sizeof(hole) - 1);
	return length > 0 && (size_t)length < size;
}

/* --- who signed --- */

static bool has_secrets(const struct forge_webhook *webhook)
{
	if (webhook->secret_count > FORGE_SECRETS_MAX)
		return false;
	for (size_t i = 0; i < webhook->secret_count; i++)
		if (webhook->secrets[i] == NULL || webhook->secrets[i][0] == '\0')
			return false;
	return webhook->secret_count > 0;
}

int forge_authenticate(const struct forge_webhook *webhook, struct forge_authentic *out,
		       struct error *err)
{
	const struct forge_driver *driver = forge_driver_of(webhook->kind);
	struct forge_authentic found = { .event = "",
					 .event_type = "",
					 .forge_id = "" };
	assert(webhook->header != NULL && (webhook->body != NULL || !webhook->length));
	if (driver == NULL || !has_secrets(webhook))
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "the source has no forge or no secret");
	int code = driver->authenticate(webhook, &found, err);
	if (code == 0)
		*out = found;
	return code;
}

/* --- what it says --- */

static int parse(const void *body, size_t length, const struct limits *limits,
		 struct arena *arena, const struct node **out, struct error *err)
{
	struct docs docs = { 0 };
	struct doc_problem problem;
	int code = docs_parse(&docs, arena, DOC_JSON, body, length, limits, &problem);
	if (code != 0)
		return error_set(err, code, "the payload's line %u: %s", problem.line,
				 problem.message);
	if (docs.count != 1 || node_kind(docs.roots[0]) != NODE_MAPPING)
		return error_set(err, ERROR_SYNTAX, "the payload is not an object");
	*out = docs.roots[0];
	return 0;
}

static int parse_form(const void *body, size_t length, const struct limits *limits,
		      struct arena *arena, const struct node **out, struct error *err)
{
	struct buf text = BUF_INIT(length);
	int code = form_payload(body, length, &text, err);
	if (code == 0)
		code = parse(text.data, text.length, limits, arena, out, err);
	buf_release(&text);
	return code;
}

int forge_read(enum forge_kind kind, const struct msg_read_item *item, const void *body,
	       size_t length, const struct limits *limits, struct arena *arena,
	       struct msg_hint_row **out, size_t *count, struct error *err)
{
	const struct forge_driver *driver = forge_driver_of(kind);
	const struct node *payload = NULL;
	struct msg_hint_row *rows = NULL;
	size_t row_count = 0;
	if (driver == NULL)
		return error_set(err, ERROR_USAGE, "there is no such kind of source");
	int code = (item->form ? parse_form : parse)(body, length, limits, arena,
						     &payload, err);
	if (code == 0)
		code = driver->read(item, payload, arena, &rows, &row_count, err);
	if (code == 0)
		code = limit_check(limits, LIMIT_FORGE_HINTS, row_count, "the delivery",
				   err);
	if (code != 0)
		return code;
	assert(row_count > 0);
	*out = rows;
	*count = row_count;
	return 0;
}
