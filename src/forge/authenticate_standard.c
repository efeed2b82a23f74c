/* forge/authenticate_standard.c - signatures as Standard Webhooks has them.
 *
 * Source: the Standard Webhooks specification 1.0.0, "Signature scheme" and "Verifying
 * webhook authenticity". */
#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "forge/authenticate.h"
#include "forge/mac.h"

#define WINDOW         (300 * CLOCK_SECOND)
#define SIGNATURES_MAX 16 /* entries of a header; rotation needs two */
#define KEY_BYTES_MIN  24
#define KEY_BYTES_MAX  64
#define DIGEST_BASE64  44

struct signed_headers {
	const char *id;
	const char *timestamp;
	uint64_t seconds;
	const char *signatures;
};

struct signatures {
	struct digest items[SIGNATURES_MAX];
	size_t count;
};

struct signed_key {
	struct digest right; /* the signature that it gives */
	bool is_key;
};

/* --- headers --- */

static int need(const struct forge_webhook *webhook, const char *name,
		const char **value, struct error *err)
{
	int code = authenticate_label(webhook, name, value, err);
	if (code == 0 && (*value)[0] == '\0')
		code = error_set(err, ERROR_UNAUTHENTICATED,
				 "header '%s' is missing or empty", name);
	return code;
}

static int read_headers(const struct forge_webhook *webhook, struct signed_headers *out,
			struct error *err)
{
	int code = authenticate_header(webhook, "webhook-signature", &out->signatures,
				       err);
	if (code == 0 && (out->signatures == NULL || out->signatures[0] == '\0'))
		code = error_set(err, ERROR_UNAUTHENTICATED,
				 "header 'webhook-signature' is missing or empty");
	if (code == 0)
		code = need(webhook, "webhook-id", &out->id, err);
	if (code == 0)
		code = need(webhook, "webhook-timestamp", &out->timestamp, err);
	if (code != 0)
		return code;
	/* With a '.' in it, two pairs of id and timestamp would be the same bytes. */
	if (strchr(out->id, '.') != NULL)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header 'webhook-id' holds a '.'");
	if (text_parse_u64(out->timestamp, &out->seconds) != 0)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header 'webhook-timestamp' is not a number of "
				 "seconds");
	return 0;
}

/* Entries of other versions are skipped, as the specification says. */
static int read_signatures(const char *header, struct signatures *out,
			   struct error *err)
{
	out->count = 0;
	for (const char *at = header; *at != '\0';) {
		size_t length = strcspn(at, " ");
		if (length == 3 + DIGEST_BASE64 && strncmp(at, "v1,", 3) == 0) {
			struct buf bytes = BUF_INIT(DIGEST_BYTES + 2);
			int code = base64_decode(at + 3, DIGEST_BASE64, &bytes);
			bool good = code == 0 && bytes.length == DIGEST_BYTES;
			if (good && out->count < SIGNATURES_MAX)
				memcpy(out->items[out->count].bytes, bytes.data,
				       DIGEST_BYTES);
			out->count += good;
			buf_release(&bytes);
		}
		at += length;
		at += *at == ' ';
	}
	if (out->count == 0 || out->count > SIGNATURES_MAX)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "header 'webhook-signature' has not between 1 and %d "
				 "entries 'v1,<base64>'",
				 SIGNATURES_MAX);
	return 0;
}

/* --- keys --- */

/* False for a secret that is not a key of this kind. */
static bool read_key(const char *secret, unsigned char key[KEY_BYTES_MAX],
		     size_t *length)
{
	static const char prefix[] = "whsec_";
	if (strncmp(secret, prefix, sizeof(prefix) - 1) != 0)
		return false;
	const char *text = secret + sizeof(prefix) - 1;
	struct buf bytes = BUF_INIT(KEY_BYTES_MAX);
	bool good = base64_decode(text, strlen(text), &bytes) == 0 &&
		    bytes.length >= KEY_BYTES_MIN;
	if (good) {
		memcpy(key, bytes.data, bytes.length);
		*length = bytes.length;
	}
	OPENSSL_cleanse(bytes.data, bytes.length);
	buf_release(&bytes);
	return good;
}

/* A secret that is no key is used as it is, for the time that it takes. */
static size_t key_of(const char *secret, unsigned char key[KEY_BYTES_MAX], bool *is_key)
{
	size_t length = strnlen(secret, KEY_BYTES_MAX);
	memcpy(key, secret, length);
	*is_key = read_key(secret, key, &length);
	return length;
}

static bool sign_with(const char *secret, const struct forge_webhook *webhook,
		      const char *id, const char *timestamp, struct signed_key *out)
{
	unsigned char key[KEY_BYTES_MAX];
	const struct mac_piece pieces[] = {
		{ id, strlen(id) },
		{ ".", 1 },
		{ timestamp, strlen(timestamp) },
		{ ".", 1 },
		{ webhook->body, webhook->length },
	};
	size_t length = key_of(secret, key, &out->is_key);
	bool good = mac_sign(key, length, pieces, sizeof(pieces) / sizeof(pieces[0]),
			     &out->right);
	OPENSSL_cleanse(key, sizeof(key));
	return good;
}

/* What is right by each secret; done before the headers are judged. */
static int sign_all(const struct forge_webhook *webhook,
		    struct signed_key keys[FORGE_SECRETS_MAX], struct error *err)
{
	bool twice;
	const char *id = webhook->header(webhook->header_data, "webhook-id", &twice);
	const char *timestamp =
		webhook->header(webhook->header_data, "webhook-timestamp", &twice);
	for (size_t i = 0; i < webhook->secret_count; i++)
		if (!sign_with(webhook->secrets[i], webhook, id == NULL ? "" : id,
			       timestamp == NULL ? "" : timestamp, &keys[i]))
			return error_set(err, ERROR_MEMORY, "out of memory for a HMAC");
	return 0;
}

/* Every key with every entry. */
static int match(const struct forge_webhook *webhook,
		 const struct signed_key keys[FORGE_SECRETS_MAX],
		 const struct signatures *told, struct error *err)
{
	int matches = 0;
	size_t usable = 0;
	for (size_t i = 0; i < webhook->secret_count; i++) {
		usable += keys[i].is_key;
		for (size_t j = 0; j < told->count; j++)
			matches |= keys[i].is_key & (CRYPTO_memcmp(keys[i].right.bytes,
								   told->items[j].bytes,
								   DIGEST_BYTES) == 0);
	}
	if (matches)
		return 0;
	return error_set(err, ERROR_UNAUTHENTICATED,
			 usable == 0 ? "no secret of the source is a signing key "
				       "('whsec_' and base64 of 24 to 64 bytes)"
				     : "header 'webhook-signature' is by another "
				       "secret, or of other bytes");
}

/* Only asked of a genuine signature, so that the offset which is told is a fact. */
static int check_window(const struct forge_webhook *webhook, uint64_t seconds,
			struct error *err)
{
	int64_t now = webhook->now / CLOCK_SECOND;
	int64_t window = WINDOW / CLOCK_SECOND;
	if (seconds > (uint64_t)INT64_MAX / 2)
		return error_set(err, ERROR_UNAUTHENTICATED,
				 "the signed time is beyond any calendar");
	int64_t behind = now - (int64_t)seconds;
	if (behind >= -window && behind <= window)
		return 0;
	return error_set(err, ERROR_UNAUTHENTICATED,
			 "the signed time is %" PRId64 " s %s this machine's clock, "
			 "over the window of %" PRId64 " s: an old delivery is sent "
			 "again, or the clocks differ",
			 behind < 0 ? -behind : behind,
			 behind < 0 ? "ahead of" : "behind", window);
}

int authenticate_standard(const struct forge_webhook *webhook, struct error *err)
{
	struct signed_key keys[FORGE_SECRETS_MAX];
	struct signed_headers headers;
	struct signatures told;
	int code = sign_all(webhook, keys, err);
	if (code == 0)
		code = read_headers(webhook, &headers, err);
	if (code == 0)
		code = read_signatures(headers.signatures, &told, err);
	if (code == 0)
		code = match(webhook, keys, &told, err);
	if (code == 0)
		code = check_window(webhook, headers.seconds, err);
	return code;
}
