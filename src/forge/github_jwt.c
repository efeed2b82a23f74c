/* forge/github_jwt.c - the token by which a GitHub App says who it is: a JWT (RFC 7519)
 * signed with RS256, for ten minutes at most. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "forge/github.h"

/* A key of 16384 bits signs in 2 KiB. */
#define JWT_BYTES 8192
/* GitHub refuses an end more than 10 minutes ahead of its clock; 60 s back for clocks
 * that differ. */
#define JWT_BACK    60
#define JWT_FORWARD 540

static int key_refused(struct error *err, const char *why)
{
	return error_set(err, ERROR_USAGE,
			 "the App's private key (app-key-file) %s: download it anew "
			 "from the App's settings, 'Private keys'",
			 why);
}

static int no_pass_phrase(char *out, int size, int writing, void *data)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)data;
	return 0;
}

/* *out is freed with EVP_PKEY_free(). */
static int key_open(const char *pem, EVP_PKEY **out, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	if (!bio)
		return error_set(err, ERROR_MEMORY, "out of memory");
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL);
	BIO_free(bio);
	if (!key)
		return key_refused(err, "is not a PEM private key without pass phrase");
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
	    EVP_PKEY_get_bits(key) < 2048) {
		EVP_PKEY_free(key);
		return key_refused(err, "is not an RSA key of 2048 bits or more");
	}
	*out = key;
	return 0;
}

/* RFC 7515, section 2: base64url without padding. */
static void add_base64url(struct buf *out, const void *bytes, size_t length)
{
	size_t start = out->length;
	base64_encode(bytes, length, out);
	if (out->failed)
		return;
	for (size_t i = start; i < out->length; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
	}
	while (out->length > start && out->data[out->length - 1] == '=')
		buf_truncate(out, out->length - 1);
}

static void add_claims(struct buf *out, uint64_t app_id, int64_t now)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	add_base64url(out, header, strlen(header));
	buf_add_byte(out, '.');
	char issuer[32];
	snprintf(issuer, sizeof(issuer), "%llu", (unsigned long long)app_id);
	struct buf claims = BUF_INIT(512);
	struct json json;
	json_begin(&json, &claims);
	json_object(&json);
	json_put_integer(&json, "iat", now / CLOCK_SECOND - JWT_BACK);
	json_put_integer(&json, "exp", now / CLOCK_SECOND + JWT_FORWARD);
	json_put_string(&json, "iss", issuer);
	json_object_end(&json);
	add_base64url(out, claims.data, claims.length);
	if (claims.failed)
		out->failed = claims.failed;
	buf_release(&claims);
}

/* Adds "." and the signature over what is in `out`. */
static int add_signature(struct buf *out, EVP_PKEY *key)
{
	unsigned char signature[2048 + 64];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context &&
		    EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSign(context, signature, &length,
				   (const unsigned char *)out->data, out->length) == 1;
	EVP_MD_CTX_free(context);
	if (!good)
		return ERROR_INTERNAL;
	buf_add_byte(out, '.');
	add_base64url(out, signature, length);
	return 0;
}

int github_jwt(const char *key_pem, uint64_t app_id, int64_t now, struct arena *arena,
	       const char **out, struct error *err)
{
	EVP_PKEY *key = NULL;
	int rc = key_open(key_pem, &key, err);
	if (rc)
		return rc;
	struct buf text = BUF_INIT(JWT_BYTES);
	add_claims(&text, app_id, now);
	if (add_signature(&text, key))
		rc = key_refused(err, "does not sign");
	EVP_PKEY_free(key);
	if (!rc)
		rc = buf_status(&text, "the App's token", err);
	const char *copy = rc ? NULL : arena_string(arena, text.data);
	if (!rc && !copy)
		rc = error_set(err, ERROR_MEMORY, "out of memory");
	buf_release(&text);
	if (!rc)
		*out = copy;
	return rc;
}
