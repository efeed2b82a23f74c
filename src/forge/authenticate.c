/* forge/authenticate.c - the ways in which forges sign: HMAC-SHA-256 in hexadecimal, a
 * plain token, and what headers say besides. */
#include "forge/authenticate.h"

#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/hash.h"
#include "forge/mac.h"

#define LABEL_BYTES 200

int authenticate_header(const struct forge_webhook *webhook, const char *name,
			const char **value, struct error *err)
{
	bool twice = false;
	const char *found = webhook->header(webhook->header_data, name, &twice);
	if (twice)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is there twice", name);
	*value = found;
	return 0;
}

static bool is_label(const char *value)
{
	size_t length = strnlen(value, LABEL_BYTES + 1);
	for (size_t i = 0; i < length; i++)
		if (value[i] < ' ' || value[i] > '~')
			return false;
	return length <= LABEL_BYTES;
}

int authenticate_label(const struct forge_webhook *webhook, const char *name,
		       const char **value, struct error *err)
{
	const char *found = NULL;
	int code = authenticate_header(webhook, name, &found, err);
	if (code != 0)
		return code;
	if (found != NULL && !is_label(found))
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is not printable text of at most %d "
				 "bytes",
				 name, LABEL_BYTES);
	*value = found == NULL ? "" : found;
	return 0;
}

/* --- HMAC in hexadecimal --- */

/* 64 digits of either case, nothing behind. */
static int read_hex(const char *text, struct digest *out)
{
	char lower[DIGEST_HEX_BYTES];
	if (strnlen(text, DIGEST_HEX_BYTES) != DIGEST_HEX_BYTES - 1)
		return ERROR_ENCODING;
	for (size_t i = 0; i < DIGEST_HEX_BYTES; i++)
		lower[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] | 0x20
								   : text[i]);
	return digest_parse(lower, out);
}

static int read_signature(const struct forge_webhook *webhook, const char *header,
			  const char *prefix, struct digest *out, struct error *err)
{
	const char *value = NULL;
	int code = authenticate_header(webhook, header, &value, err);
	if (code != 0)
		return code;
	if (value == NULL)
		return error_set(err, ERROR_UNAUTHENTICATED, "header '%s' is missing",
				 header);
	if (strncmp(value, "sha1=", 5) == 0)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is a SHA-1 signature", header);
	size_t length = strlen(prefix);
	if (strncmp(value, prefix, length) != 0 || read_hex(value + length, out) != 0)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is not '%s' and 64 hexadecimal digits",
				 header, prefix);
	return 0;
}

/* What is right by each secret; done before anything is looked at, so that every
 * refusal takes the time of a good signature. */
static int sign_all(const struct forge_webhook *webhook, const void *bytes,
		    size_t length, struct digest right[FORGE_SECRETS_MAX],
		    struct error *err)
{
	const struct mac_piece piece = { bytes, length };
	for (size_t i = 0; i < webhook->secret_count; i++)
		if (!mac_sign(webhook->secrets[i], strlen(webhook->secrets[i]), &piece,
			      1, &right[i]))
			return error_set(err, ERROR_MEMORY, "out of memory for a HMAC");
	return 0;
}

int authenticate_hex(const struct forge_webhook *webhook, const char *header,
		     const char *prefix, const void *bytes, size_t length,
		     struct error *err)
{
	struct digest right[FORGE_SECRETS_MAX];
	struct digest told;
	int matches = 0;
	int code = sign_all(webhook, bytes, length, right, err);
	if (code == 0)
		code = read_signature(webhook, header, prefix, &told, err);
	if (code != 0)
		return code;
	for (size_t i = 0; i < webhook->secret_count; i++)
		matches |= CRYPTO_memcmp(right[i].bytes, told.bytes, DIGEST_BYTES) == 0;
	if (!matches)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is a signature by another secret, or of "
				 "other bytes",
				 header);
	return 0;
}

/* --- a plain token --- */

/* Digests are compared: they say nothing about a secret's length. */
static bool is_secret(const struct forge_webhook *webhook, const char *value)
{
	struct digest told;
	struct digest right;
	int matches = 0;
	if (digest_of(value, strlen(value), &told) != 0)
		return false;
	for (size_t i = 0; i < webhook->secret_count; i++) {
		const char *secret = webhook->secrets[i];
		if (digest_of(secret, strlen(secret), &right) != 0)
			return false;
		matches |= CRYPTO_memcmp(right.bytes, told.bytes, DIGEST_BYTES) == 0;
	}
	return matches;
}

int authenticate_token(const struct forge_webhook *webhook, const char *header,
		       struct error *err)
{
	struct digest unused[FORGE_SECRETS_MAX];
	const char *value = NULL;
	int code = sign_all(webhook, webhook->body, webhook->length, unused, err);
	if (code == 0)
		code = authenticate_header(webhook, header, &value, err);
	if (code != 0)
		return code;
	if (value == NULL || value[0] == '\0')
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is missing or empty", header);
	if (!is_secret(webhook, value))
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is another token", header);
	return 0;
}

/* --- the body's type --- */

/* "application/json" of "Application/JSON ; charset=utf-8". */
static bool is_media_type(const char *value, const char *wanted)
{
	size_t length = strlen(wanted);
	if (strncasecmp(value, wanted, length) != 0)
		return false;
	value += length;
	value += strspn(value, " \t");
	return *value == '\0' || *value == ';';
}

bool authenticate_is_form(const struct forge_webhook *webhook)
{
	bool twice = false;
	const char *value =
		webhook->header(webhook->header_data, "Content-Type", &twice);
	return value != NULL && !twice &&
	       is_media_type(value, "application/x-www-form-urlencoded");
}

int authenticate_content(const struct forge_webhook *webhook, bool form_allowed,
			 bool *form, struct error *err)
{
	const char *value = NULL;
	int code = authenticate_header(webhook, "Content-Type", &value, err);
	if (code != 0)
		return code;
	bool is_form = authenticate_is_form(webhook);
	bool is_json = value != NULL && is_media_type(value, "application/json");
	if (!is_json && !(is_form && form_allowed))
		return error_set(err, ERROR_USAGE,
				 "the delivery is authentic, but its content type is "
				 "not application/json%s",
				 form_allowed ? " or application/x-www-form-urlencoded"
					      : "");
	*form = is_form;
	return 0;
}
