/* trust/verifier.c - SSH keys made ready once for each thread, digests, verification.
 */
#include "trust/verifier.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "trust/public_key.h"
#include "trust/ready.h"

/* A push is signed by one person, a merge of branches by a few. */
#define KEPT_KEYS 8

struct kept {
	struct verifier verifier; /* first: handed out as this */
	unsigned char *blob;
	EVP_PKEY *key;
};

struct keeper {
	struct kept keys[KEPT_KEYS];
	size_t next;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t keeper_key;
static bool works;
static EVP_MD *digests[TRUST_HASH_COUNT];

static const char *const digest_names[TRUST_HASH_COUNT] = {
	[TRUST_SHA256] = "SHA256",
	[TRUST_SHA384] = "SHA384",
	[TRUST_SHA512] = "SHA512",
};

static int out_of_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY,
			 "out of memory while verifying a signature");
}

static void kept_release(struct kept *kept)
{
	EVP_PKEY_free(kept->key);
	free(kept->blob);
	memset(kept, 0, sizeof(*kept));
}

static void release(void *block)
{
	struct keeper *keeper = block;
	for (size_t i = 0; i < KEPT_KEYS; i++)
		kept_release(&keeper->keys[i]);
	free(keeper);
}

/* Fetching takes locks and string look-ups: once. */
static void set_up(void)
{
	for (size_t i = 0; i < TRUST_HASH_COUNT; i++)
		digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL);
	works = pthread_key_create(&keeper_key, release) == 0;
}

static struct keeper *of_this_thread(void)
{
	pthread_once(&once, set_up);
	return works ? ready_block(keeper_key, sizeof(struct keeper)) : NULL;
}

const EVP_MD *trust_digest_type(enum trust_hash hash)
{
	pthread_once(&once, set_up);
	return digests[hash];
}

int trust_digest(enum trust_hash hash, const struct trust_span *pieces, size_t count,
		 unsigned char out[TRUST_HASH_BYTES_MAX], size_t *length)
{
	unsigned int written = 0;
	const EVP_MD *type = trust_digest_type(hash);
	EVP_MD_CTX *context = ready_hashing();
	int good = type != NULL && context != NULL &&
		   EVP_DigestInit_ex2(context, type, NULL) == 1;
	for (size_t i = 0; i < count && good == 1; i++)
		good = EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].length);
	if (good != 1 || EVP_DigestFinal_ex(context, out, &written) != 1)
		return out_of_memory(NULL);
	*length = written;
	return 0;
}

static EVP_PKEY *new_key(const struct ssh_public *public)
{
	switch (public->type->family) {
	case SSH_ED25519:
		return public_key_ed25519(public->key.bytes, public->key.length);
	case SSH_ECDSA:
		return public_key_ecdsa(public->type->group, public->key.bytes,
					public->key.length);
	case SSH_RSA:
		return public_key_rsa(public->key.bytes, public->key.length,
				      public->exponent.bytes, public->exponent.length);
	case SSH_FAMILY_UNKNOWN:
		break;
	}
	return NULL;
}

/* OpenSSL looks whether a point lies on its curve; what else it refuses has no name. */
static int refused_key(const struct ssh_public *public, struct error *err)
{
	unsigned long code = ERR_peek_last_error();
	ERR_clear_error();
	if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
		return out_of_memory(err);
	if (public->type->family == SSH_ECDSA)
		return error_set(err, ERROR_SSH_KEY_POINT,
				 "the ECDSA public key is not a point of '%s'",
				 public->type->curve);
	return error_set(err, ERROR_SSH_KEY_REFUSED,
			 "OpenSSL refuses the public key of type '%s'",
			 public->type->name);
}

/* SHA-1 says nothing about trust here: old revocation lists name keys by it. */
static int make_sha1(char out[SSH_SHA1_BYTES], const void *blob, size_t length)
{
	unsigned char digest[20];
	size_t written = 0;
	if (EVP_Q_digest(NULL, "SHA1", NULL, blob, length, digest, &written) != 1 ||
	    written != sizeof(digest))
		return ERROR_MEMORY;
	hex_encode(digest, sizeof(digest), out);
	return 0;
}

static int kept_fill(struct kept *kept, const void *blob, size_t length,
		     struct error *err)
{
	struct ssh_public public;
	int rc = ssh_public_parse(&public, blob, length, err);
	if (rc != 0)
		return rc;
	kept->blob = malloc(length);
	if (kept->blob == NULL ||
	    ssh_fingerprint_make(kept->verifier.fingerprint, blob, length) != 0 ||
	    make_sha1(kept->verifier.sha1, blob, length) != 0)
		return out_of_memory(err);
	memcpy(kept->blob, blob, length);
	rc = ssh_public_parse(&kept->verifier.public, kept->blob, length, err);
	if (rc != 0)
		return rc;
	kept->key = new_key(&kept->verifier.public);
	if (kept->key == NULL)
		return refused_key(&public, err);
	return 0;
}

int verifier_get(const struct verifier **out, const void *blob, size_t length,
		 struct error *err)
{
	struct keeper *keeper = of_this_thread();
	if (keeper == NULL)
		return out_of_memory(err);
	for (size_t i = 0; i < KEPT_KEYS; i++) {
		const struct kept *kept = &keeper->keys[i];
		if (kept->key != NULL && kept->verifier.public.blob.length == length &&
		    memcmp(kept->blob, blob, length) == 0) {
			*out = &kept->verifier;
			return 0;
		}
	}
	struct kept *kept = &keeper->keys[keeper->next];
	kept_release(kept);
	int rc = kept_fill(kept, blob, length, err);
	if (rc != 0) {
		kept_release(kept);
		return rc;
	}
	keeper->next = (keeper->next + 1) % KEPT_KEYS;
	*out = &kept->verifier;
	return 0;
}

static enum trust_hash hash_named(const char *name)
{
	for (size_t i = 0; i < TRUST_HASH_COUNT; i++)
		if (strcmp(digest_names[i], name) == 0)
			return (enum trust_hash)i;
	assert(!"a curve signs a digest that is not in the table");
	return TRUST_SHA512;
}

static int tell(int answer, struct error *err)
{
	if (answer == 1)
		return 0;
	if (answer < 0)
		return out_of_memory(err);
	return error_set(err, ERROR_SSHSIG_MISMATCH,
			 "the signature does not belong to these bytes and this key");
}

static int check_digest(EVP_PKEY *key, enum trust_hash hash,
			const struct trust_span *data, const unsigned char *signature,
			size_t signature_length, struct error *err)
{
	unsigned char digest[TRUST_HASH_BYTES_MAX];
	size_t digest_length;
	if (trust_digest(hash, data, 1, digest, &digest_length) != 0)
		return out_of_memory(err);
	return tell(ready_verify(key, trust_digest_type(hash), digest, digest_length,
				 signature, signature_length),
		    err);
}

int verifier_check(const struct verifier *verifier, enum trust_hash hash,
		   const struct trust_span *data, const unsigned char *signature,
		   size_t signature_length, struct error *err)
{
	/* The verifier is the first member of its slot. */
	EVP_PKEY *key = ((const struct kept *)verifier)->key;
	const struct ssh_type *type = verifier->public.type;
	switch (type->family) {
	case SSH_ED25519:
		return tell(ready_verify(key, NULL, data->bytes, data->length,
					 signature, signature_length),
			    err);
	case SSH_ECDSA:
		return check_digest(key, hash_named(type->digest), data, signature,
				    signature_length, err);
	case SSH_RSA:
		return check_digest(key, hash, data, signature, signature_length, err);
	case SSH_FAMILY_UNKNOWN:
		break;
	}
	return error_set(err, ERROR_INTERNAL, "a key type without a family");
}
