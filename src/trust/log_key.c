/* trust/log_key.c - public keys of transparency logs. */
#include "trust/log_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "trust/public_key.h"

#define RSA_BITS_MIN 2048

static int no_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY, "out of memory for the keys of a log");
}

void log_keys_release(struct log_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		EVP_PKEY_free(keys->items[i].key);
	free(keys->items);
	*keys = (struct log_keys){ NULL, 0 };
}

static int check_kind(const EVP_PKEY *key, struct error *err)
{
	if (EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "ED25519") ||
	    (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN))
		return 0;
	return error_set(err, ERROR_SIGSTORE_KEY_KIND,
			 "a key of a log is neither ECDSA, Ed25519, nor RSA of %d bits "
			 "and more",
			 RSA_BITS_MIN);
}

/* Takes the key over when it succeeds. */
static int push(struct log_keys *keys, EVP_PKEY *key, int64_t valid_after,
		int64_t valid_before, struct error *err)
{
	unsigned char *der = NULL;
	struct log_key entry = { key, { { 0 } }, valid_after, valid_before };
	int rc = check_kind(key, err);
	if (rc == 0)
		rc = limit_check(&limits_default, LIMIT_SIGSTORE_KEYS, keys->count + 1,
				 "keys of logs", err);
	if (rc != 0)
		return rc;
	int length = i2d_PUBKEY(key, &der);
	if (length > 0)
		rc = digest_of(der, (size_t)length, &entry.id);
	OPENSSL_free(der);
	struct log_key *items =
		realloc(keys->items, (keys->count + 1) * sizeof(*items));
	if (items != NULL)
		keys->items = items;
	if (length <= 0 || rc != 0 || items == NULL)
		return no_memory(err);
	items[keys->count++] = entry;
	return 0;
}

int log_keys_add(struct log_keys *keys, const void *der, size_t length,
		 int64_t valid_after, int64_t valid_before, struct error *err)
{
	const unsigned char *at = der;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)length);
	int rc = ERROR_SIGSTORE_KEY_FORM;
	if (key != NULL && at == (const unsigned char *)der + length)
		rc = push(keys, key, valid_after, valid_before, err);
	else
		error_set(err, rc, "a key of a log is malformed");
	if (rc != 0)
		EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}

static int add_block(struct log_keys *keys, const char *name, const void *der,
		     long length, struct error *err)
{
	if (strcmp(name, PEM_STRING_PUBLIC) != 0)
		return error_set(err, ERROR_SIGSTORE_KEY_FORM,
				 "a key of a log is '%s', not 'PUBLIC KEY'", name);
	return log_keys_add(keys, der, (size_t)length, INT64_MIN, INT64_MAX, err);
}

int log_keys_add_pem(struct log_keys *keys, const char *pem, size_t length,
		     struct error *err)
{
	BIO *bio = BIO_new_mem_buf(length == 0 ? "" : pem, (int)length);
	size_t before = keys->count;
	int rc = bio == NULL ? no_memory(err) : 0;
	while (rc == 0) {
		char *name = NULL;
		char *header = NULL;
		unsigned char *der = NULL;
		long der_length;
		if (PEM_read_bio(bio, &name, &header, &der, &der_length) != 1)
			break;
		rc = add_block(keys, name, der, der_length, err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	if (!pem_has_ended() && rc == 0)
		rc = error_set(err, ERROR_SIGSTORE_KEY_FORM,
			       "a key of a log is malformed");
	if (rc == 0 && keys->count == before)
		rc = error_set(err, ERROR_SIGSTORE_KEYS_NONE,
			       "there is no public key in PEM form");
	return rc;
}

const struct log_key *log_keys_find(const struct log_keys *keys,
				    const unsigned char *id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (memcmp(keys->items[i].id.bytes, id, DIGEST_BYTES) == 0)
			return &keys->items[i];
	return NULL;
}

int log_key_verify(const struct log_key *key, const void *bytes, size_t length,
		   struct wire_string signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const char *hash = EVP_PKEY_is_a(key->key, "ED25519") ? NULL : "SHA256";
	int answer = ERROR_MEMORY;
	if (context != NULL && EVP_DigestVerifyInit_ex(context, NULL, hash, NULL, NULL,
						       key->key, NULL) == 1)
		answer = EVP_DigestVerify(context, signature.bytes, signature.length,
					  bytes, length) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return answer;
}
