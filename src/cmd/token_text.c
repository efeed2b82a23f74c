/* cmd/token_text.c - fresh tokens, and the words that say what they may. */
#include "cmd/token_text.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"

#define WORD_BYTES 32

static const char *const scopes[] = { "read", "poll", "deploy" };
#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

static void write_text(const struct buf *encoded, char text[TOKEN_TEXT_BYTES])
{
	size_t used = strlen(TOKEN_PREFIX);

	memcpy(text, TOKEN_PREFIX, used);
	for (size_t i = 0; i < encoded->length && used + 1 < TOKEN_TEXT_BYTES; i++) {
		char digit = encoded->data[i];
		if (digit == '=')
			break;
		text[used++] = digit == '+' ? '-' : digit == '/' ? '_' : digit;
	}
	text[used] = '\0';
}

int token_make(char text[TOKEN_TEXT_BYTES], struct digest *digest, struct error *err)
{
	struct buf encoded = BUF_INIT(4 * TOKEN_SECRET);
	unsigned char secret[TOKEN_SECRET];

	random_bytes(secret, sizeof(secret));
	base64_encode(secret, sizeof(secret), &encoded);
	explicit_bzero(secret, sizeof(secret));
	int rc = buf_status(&encoded, "the token", err);
	if (rc == 0) {
		write_text(&encoded, text);
		rc = digest_of(text, strlen(text), digest);
	}
	if (encoded.length)
		explicit_bzero(encoded.data, encoded.length);
	buf_release(&encoded);
	return rc == 0 || (err && err->code)
		       ? rc
		       : error_set(err, rc, "the token's digest cannot be computed");
}

/* Its index, or SCOPES. */
static size_t find_scope(const char *word, size_t length)
{
	for (size_t i = 0; i < SCOPES; i++)
		if (strlen(scopes[i]) == length && memcmp(scopes[i], word, length) == 0)
			return i;
	return SCOPES;
}

static int unknown_scope(const char *word, size_t length, struct error *err)
{
	char shown[WORD_BYTES];

	text_escape_into(shown, sizeof(shown), word, length);
	const char *nearest = text_nearest(shown, scopes, SCOPES);
	if (nearest)
		return error_set(err, ERROR_USAGE,
				 "unknown scope '%s'; did you mean '%s'?", shown,
				 nearest);
	return error_set(err, ERROR_USAGE,
			 "unknown scope '%s': read, poll or deploy, with commas "
			 "between",
			 shown);
}

int token_scopes(const char *text, struct json *json, struct error *err)
{
	bool given[SCOPES] = { false };
	const char *at = text ? text : "";

	if (!*at)
		return error_set(err, ERROR_USAGE,
				 "a token needs --scope: read, poll or deploy");
	for (;;) {
		size_t length = strcspn(at, ",");
		size_t scope = find_scope(at, length);
		if (scope == SCOPES)
			return unknown_scope(at, length, err);
		if (given[scope])
			return error_set(err, ERROR_USAGE,
					 "scope '%s' stands there twice",
					 scopes[scope]);
		given[scope] = true;
		if (!at[length])
			break;
		at += length + 1;
	}
	json_array(json);
	for (size_t i = 0; i < SCOPES; i++)
		if (given[i])
			json_string(json, scopes[i]);
	json_array_end(json);
	return 0;
}

int token_expiry(const char *text, int64_t now, int64_t *out, struct error *err)
{
	int64_t time = 0;

	if (!text) {
		*out = 0;
		return 0;
	}
	if (duration_parse(text, &time) == 0 && time < INT64_MAX - now)
		time += now;
	else if (clock_parse(text, &time) != 0)
		return error_set(err, ERROR_USAGE,
				 "'%s' is not a duration such as 90d, nor a date such "
				 "as "
				 "2030-12-31",
				 text);
	if (time <= now)
		return error_set(err, ERROR_USAGE, "'%s' is over already", text);
	*out = time;
	return 0;
}
