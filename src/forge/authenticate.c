/* forge/authenticate.c - the ways in which forges sign: HMAC-SHA-256 in hexadecimal, a
 * plain token, and what headers say besides. */
#include "forge/authenticate.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/hash.h"

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
	const char *found;
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
	const char *value;
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

static bool sign(const char *secret, const void *bytes, size_t length,
		 struct digest *out)
{
	unsigned int written = 0;
	return HMAC(EVP_sha256(), secret, (int)strlen(secret), bytes, length,
		    out->bytes, &written) != NULL &&
	       written == DIGEST_BYTES;
}

int authenticate_hex(const struct forge_webhook *webhook, const char *header,
		     const char *prefix, const void *bytes, size_t length,
		     struct error *err)
{
	struct digest told;
	int code = read_signature(webhook, header, prefix, &told, err);
	if (code != 0)
		return code;
	int matches = 0;
	for (size_t i = 0; i < webhook->secret_count; i++) {
		struct digest right;
		if (!sign(webhook->secrets[i], bytes, length, &right))
			return error_set(err, ERROR_MEMORY, "out of memory for a HMAC");
		matches |= CRYPTO_memcmp(right.bytes, told.bytes, DIGEST_BYTES) == 0;
	}
	if (!matches)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is a signature by another secret, or of "
				 "other bytes",
				 header);
	return 0;
}

/* --- a plain token --- */

/* Digests are compared: they say nothing about a secret's length. */
int authenticate_token(const struct forge_webhook *webhook, const char *header,
		       struct error *err)
{
	const char *value;
	struct digest told;
	int code = authenticate_header(webhook, header, &value, err);
	if (code != 0)
		return code;
	if (value == NULL || value[0] == '\0')
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is missing or empty", header);
	int matches = 0;
	code = digest_of(value, strlen(value), &told);
	for (size_t i = 0; code == 0 && i < webhook->secret_count; i++) {
		struct digest right;
		const char *secret = webhook->secrets[i];
		code = digest_of(secret, strlen(secret), &right);
		matches |= CRYPTO_memcmp(right.bytes, told.bytes, DIGEST_BYTES) == 0;
	}
	if (code != 0)
		return error_set(err, code, "out of memory for a digest");
	if (!matches)
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
	const char *value;
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
