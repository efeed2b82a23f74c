/* tests/unit/forge_request.h - webhooks as forges send them, and ways to spoil them.
 * Signatures are made with OpenSSL, not with the code under test. */
#ifndef TESTS_UNIT_FORGE_REQUEST_H
#define TESTS_UNIT_FORGE_REQUEST_H

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "forge/forge.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SECRET  "It's a Secret to Everybody"
#define OTHER   "It's a Secret to Nobody..."
#define KEY     "0123456789abcdef01234567"
#define WHSEC   "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
#define OTHERS  "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
#define BODY    "{\"ref\":\"refs/heads/main\"}"
#define FORM    "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D"
#define SECONDS 1800000000
#define ROOM    2048
#define HEADERS 12

struct request {
	enum forge_kind kind;
	const char *secrets[2];
	size_t secret_count;
	bool plain_token;
	struct {
		char name[64];
		char value[ROOM];
	} headers[HEADERS];
	size_t count;
	char body[ROOM];
	size_t length;
};

/* --- requests --- */

static inline const char *find(void *data, const char *name, bool *twice)
{
	struct request *request = data;
	const char *found = NULL;
	*twice = false;
	for (size_t i = 0; i < request->count; i++) {
		if (strcasecmp(request->headers[i].name, name) != 0)
			continue;
		*twice = found != NULL;
		found = request->headers[i].value;
	}
	return *twice ? NULL : found;
}

static inline void add(struct request *request, const char *name, const char *value)
{
	ck_assert(request->count < HEADERS);
	snprintf(request->headers[request->count].name, 64, "%s", name);
	snprintf(request->headers[request->count].value, ROOM, "%s", value);
	request->count++;
}

/* Room for the value of a header that is there, or is added. */
static inline char *value_of(struct request *request, const char *name)
{
	for (size_t i = 0; i < request->count; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	add(request, name, "");
	return request->headers[request->count - 1].value;
}

static inline void drop(struct request *request, const char *name)
{
	for (size_t i = 0; i < request->count; i++) {
		if (strcasecmp(request->headers[i].name, name) == 0) {
			request->headers[i] = request->headers[--request->count];
			i--;
		}
	}
}

static inline void set(struct request *request, const char *name, const char *value)
{
	snprintf(value_of(request, name), ROOM, "%s", value);
}

static inline void set_body(struct request *request, const char *text)
{
	snprintf(request->body, ROOM, "%s", text);
	request->length = strlen(text);
}

/* --- signatures --- */

static inline void hmac_hex(const EVP_MD *digest, const char *secret, const void *bytes,
			    size_t length, char out[2 * EVP_MAX_MD_SIZE + 1])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int written;
	ck_assert(HMAC(digest, secret, (int)strlen(secret), bytes, length, mac,
		       &written) != NULL);
	hex_encode(mac, written, out);
}

static inline const char *signature_header(enum forge_kind kind)
{
	switch (kind) {
	case FORGE_GITHUB:
		return "X-Hub-Signature-256";
	case FORGE_GITEA:
		return "X-Gitea-Signature";
	case FORGE_FORGEJO:
		return "X-Forgejo-Signature";
	case FORGE_BITBUCKET_CLOUD:
	case FORGE_BITBUCKET_SERVER:
		return "X-Hub-Signature";
	case FORGE_HMAC:
		return "X-Own-Signature";
	case FORGE_GITLAB:
	case FORGE_STANDARD:
		return "webhook-signature";
	case FORGE_UNKNOWN:
	case FORGE_COUNT:
		break;
	}
	ck_abort();
}

static inline const char *prefix(enum forge_kind kind)
{
	return kind == FORGE_GITEA || kind == FORGE_FORGEJO ? "" : "sha256=";
}

static inline void sign_hex(struct request *request, const char *secret,
			    const char *text)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	hmac_hex(EVP_sha256(), secret, text, strlen(text), hex);
	snprintf(value_of(request, signature_header(request->kind)), ROOM, "%s%s",
		 prefix(request->kind), hex);
}

/* "v1,<base64>" over what the headers and the body are now. */
static inline void entry_of(struct request *request, const char *key, char out[ROOM])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int written;
	struct buf text = BUF_INIT(8 * ROOM);
	struct buf encoded = BUF_INIT(ROOM);
	buf_addf(&text, "%s.%s.", value_of(request, "webhook-id"),
		 value_of(request, "webhook-timestamp"));
	buf_add(&text, request->body, request->length);
	ck_assert(HMAC(EVP_sha256(), key, (int)strlen(key),
		       (const unsigned char *)text.data, text.length, mac,
		       &written) != NULL);
	base64_encode(mac, written, &encoded);
	snprintf(out, ROOM, "v1,%s", encoded.data);
	buf_release(&encoded);
	buf_release(&text);
}

static inline void sign_standard(struct request *request, const char *key)
{
	char entry[ROOM];
	entry_of(request, key, entry);
	set(request, "webhook-signature", entry);
}

static inline void sign_again(struct request *request)
{
	if (request->kind == FORGE_GITLAB || request->kind == FORGE_STANDARD)
		sign_standard(request, KEY);
	else
		sign_hex(request, SECRET, BODY);
}

/* A genuine delivery. */
static inline struct request genuine(enum forge_kind kind)
{
	bool standard = kind == FORGE_GITLAB || kind == FORGE_STANDARD;
	struct request request = { .kind = kind,
				   .secrets = { standard ? WHSEC : SECRET },
				   .secret_count = 1 };
	char seconds[32];
	snprintf(seconds, sizeof(seconds), "%d", SECONDS);
	set_body(&request, BODY);
	add(&request, "Content-Type", "application/json");
	if (standard) {
		add(&request, "webhook-id", "msg_1");
		add(&request, "webhook-timestamp", seconds);
	}
	sign_again(&request);
	return request;
}

static inline int authenticate(struct request *request, struct forge_authentic *out,
			       struct error *err)
{
	struct forge_webhook webhook = {
		.kind = request->kind,
		.secrets = request->secrets,
		.secret_count = request->secret_count,
		.signature_header = "X-Own-Signature",
		.plain_token = request->plain_token,
		.header = find,
		.header_data = request,
		.body = request->body,
		.length = request->length,
		.now = SECONDS * CLOCK_SECOND,
	};
	return forge_authenticate(&webhook, out, err);
}

static inline void accepted(struct request *request, const char *what)
{
	struct forge_authentic out;
	struct error err = ERROR_INIT;
	int code = authenticate(request, &out, &err);
	ck_assert_msg(code == 0, "%s: %s: %s", forge_name(request->kind), what,
		      err.text);
}

static inline void refused(struct request *request, const char *what)
{
	struct forge_authentic out;
	struct forge_authentic before;
	struct error err = ERROR_INIT;
	memset(&out, 0x5a, sizeof(out));
	memcpy(&before, &out, sizeof(out));
	int code = authenticate(request, &out, &err);
	ck_assert_msg(code == ERROR_UNAUTHENTICATED, "%s: %s: %s (%s)",
		      forge_name(request->kind), what, error_name(code), err.text);
	ck_assert_msg(err.code == code, "%s: %s", forge_name(request->kind), what);
	ck_assert_msg(memcmp(&out, &before, sizeof(out)) == 0, "%s: %s hands out",
		      forge_name(request->kind), what);
	for (size_t i = 0; i < request->count; i++) {
		const char *value = request->headers[i].value;
		ck_assert_msg(strlen(value) < 12 || strstr(err.text, value) == NULL,
			      "%s: %s tells what was sent", forge_name(request->kind),
			      what);
	}
	for (size_t i = 0; i < request->secret_count; i++)
		ck_assert(request->secrets[i][0] == '\0' ||
			  strstr(err.text, request->secrets[i]) == NULL);
}

/* --- ways to spoil one --- */

static inline char *signature(struct request *request)
{
	return value_of(request, signature_header(request->kind));
}

static inline void missing(struct request *request)
{
	drop(request, signature_header(request->kind));
}

static inline void empty(struct request *request)
{
	signature(request)[0] = '\0';
}

static inline void twice(struct request *request)
{
	char copy[ROOM];
	snprintf(copy, sizeof(copy), "%s", signature(request));
	add(request, signature_header(request->kind), copy);
}

static inline void another_body(struct request *request)
{
	request->body[3] ^= 1;
}

static inline void body_cut(struct request *request)
{
	request->length--;
}

static inline void body_longer(struct request *request)
{
	request->body[request->length++] = ' ';
}

static inline void no_secrets(struct request *request)
{
	request->secret_count = 0;
}

struct damage {
	const char *what;
	void (*make)(struct request *request);
};

static inline void time_as(struct request *request, const char *text)
{
	set(request, "webhook-timestamp", text);
	sign_again(request);
}

static inline void by_other_key(struct request *request)
{
	sign_standard(request, "ABCDEFGHIJKLMNOPQRSTUVWX");
}

#endif
