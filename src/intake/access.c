/* intake/access.c - who asks, and may they? Over the local socket control looks at the
 * user; over a network a bearer token says who it is: its digest goes to control, its
 * text goes nowhere. Source: RFC 6750. */
#include "intake/state.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"

#define BEARER      "Bearer"
#define TOKEN_BYTES 512

/* --- clients behind proxies --- */

/* The entries of X-Forwarded-For in their order; the last that is no proxy of ours is
 * the client. What stands before it, anybody can have written. */
struct forwarded {
	const struct intake *intake;
	struct address client; /* of the entries so far */
	bool found;
};

static void take_entry(struct forwarded *forwarded, const char *text, size_t length)
{
	struct address address = { 0 };

	while (length > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	if (length == 0)
		return;
	bool good = address_parse(text, length, &address);
	if (good && forwarded->found && peer_is_proxy(forwarded->intake, &address))
		return;
	/* An entry that is no address: nothing before it can be believed. */
	forwarded->found = good;
	forwarded->client = address;
}

static enum MHD_Result take_forwarded(void *data, enum MHD_ValueKind kind,
				      const char *name, const char *value)
{
	(void)kind;
	if (strcasecmp(name, "X-Forwarded-For") != 0)
		return MHD_YES;
	for (const char *at = value ? value : ""; *at;) {
		size_t length = strcspn(at, ",");
		take_entry(data, at, length);
		at += length + (at[length] == ',');
	}
	return MHD_YES;
}

bool client_find(struct request *request)
{
	struct intake *intake = request->intake;
	struct peer *peer = request->peer;
	struct forwarded forwarded = { .intake = intake };

	request->client = peer->address;
	if (!peer->is_proxy)
		return true;
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_forwarded,
				  &forwarded);
	if (!forwarded.found || peer_is_proxy(intake, &forwarded.client))
		return true;
	request->client = forwarded.client;
	request->is_counted = crowd_enter(&intake->requests, &request->client,
					  intake_limit(intake, LIMIT_HTTP_PER_ADDRESS));
	if (!request->is_counted)
		answer_error(request, 0, ERROR_RATE_LIMITED,
			     "more requests of your address wait than "
			     "http.per_address");
	return request->is_counted;
}

void client_leave(struct request *request)
{
	if (request->is_counted)
		crowd_leave(&request->intake->requests, &request->client);
	request->is_counted = false;
}

/* --- tokens --- */

struct credentials {
	const char *value;
	unsigned int count;
};

static enum MHD_Result take_authorization(void *data, enum MHD_ValueKind kind,
					  const char *name, const char *value)
{
	struct credentials *credentials = data;

	(void)kind;
	if (strcasecmp(name, "Authorization") == 0) {
		credentials->value = value ? value : "";
		credentials->count++;
	}
	return MHD_YES;
}

/* 0 with the token's digest, or with none when there is no header;
 * ERROR_UNAUTHENTICATED. */
static int read_token(const struct request *request, struct digest *out)
{
	struct credentials credentials = { .value = NULL };

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND,
				  take_authorization, &credentials);
	if (credentials.count == 0)
		return 0;
	const char *text = credentials.value;
	size_t scheme = strcspn(text, " ");
	if (credentials.count > 1 || scheme != strlen(BEARER) ||
	    strncasecmp(text, BEARER, scheme) != 0)
		return ERROR_UNAUTHENTICATED;
	text += scheme + strspn(text + scheme, " ");
	size_t length = strlen(text);
	if (length == 0 || length > TOKEN_BYTES || strpbrk(text, " \t"))
		return ERROR_UNAUTHENTICATED;
	return digest_of(text, length, out);
}

static bool refuse(struct request *request, int code, const char *text)
{
	answer_error(request, 0, code, "%s", text);
	return false;
}

bool access_check(struct request *request)
{
	enum scope scope = request->route->scope;
	bool local = request->peer->door->local;

	if (scope == SCOPE_OPEN)
		return true;
	if (scope == SCOPE_LOCAL && !local)
		return refuse(request, ERROR_PERMISSION,
			      "this is taken on the local socket only");
	int rc = read_token(request, &request->token);
	if (rc == ERROR_UNAUTHENTICATED)
		return refuse(request, rc,
			      "this is no bearer token: write 'Authorization: Bearer "
			      "<token>'");
	if (rc != 0)
		return refuse(request, rc, "out of memory");
	bool anonymous = scope == SCOPE_READ && request->intake->setup->anonymous_read;
	if (local || anonymous || !digest_is_none(&request->token))
		return true;
	answer_error(request, 0, ERROR_UNAUTHENTICATED,
		     "this needs a token with the scope '%s': 'Authorization: Bearer "
		     "<token>'; see gitgate token create",
		     scope_name(scope));
	return false;
}

bool access_is_open(const struct request *request)
{
	return digest_is_none(&request->token);
}
