/* trust/ready.c - contexts of OpenSSL, by thread and key. */
#include "trust/ready.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* A push is signed by one person, a merge of branches by a few. */
#define KEPT_KEYS    16
#define KEPT_DIGESTS 3 /* of one key: SHA-256, -384 and -512 */

struct by_digest {
	const EVP_MD *digest;
	EVP_PKEY_CTX *context;
};

struct ready_key {
	EVP_PKEY *key;       /* held: its address cannot become another key's */
	EVP_MD_CTX *message; /* of Ed25519, which signs messages, not digests */
	struct by_digest digests[KEPT_DIGESTS];
	size_t next_digest;
};

struct ready {
	EVP_MD_CTX *hashing;
	struct ready_key keys[KEPT_KEYS];
	size_t next_key;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t block_key;
static bool works;

static void release_key(struct ready_key *ready)
{
	for (size_t i = 0; i < KEPT_DIGESTS; i++)
		EVP_PKEY_CTX_free(ready->digests[i].context);
	EVP_MD_CTX_free(ready->message);
	EVP_PKEY_free(ready->key);
	*ready = (struct ready_key){ .key = NULL };
}

static void release(void *block)
{
	struct ready *ready = block;
	for (size_t i = 0; i < KEPT_KEYS; i++)
		release_key(&ready->keys[i]);
	EVP_MD_CTX_free(ready->hashing);
	free(ready);
}

static void set_up(void)
{
	works = pthread_key_create(&block_key, release) == 0;
}

void *ready_block(pthread_key_t key, size_t bytes)
{
	void *block = pthread_getspecific(key);
	if (block != NULL)
		return block;
	block = calloc(1, bytes);
	if (block != NULL && pthread_setspecific(key, block) != 0) {
		free(block);
		block = NULL;
	}
	return block;
}

static struct ready *of_this_thread(void)
{
	pthread_once(&once, set_up);
	return works ? ready_block(block_key, sizeof(struct ready)) : NULL;
}

EVP_MD_CTX *ready_hashing(void)
{
	struct ready *ready = of_this_thread();
	if (ready != NULL && ready->hashing == NULL)
		ready->hashing = EVP_MD_CTX_new();
	return ready != NULL ? ready->hashing : NULL;
}

static struct ready_key *find_key(EVP_PKEY *key)
{
	struct ready *ready = of_this_thread();
	if (ready == NULL)
		return NULL;
	for (size_t i = 0; i < KEPT_KEYS; i++)
		if (ready->keys[i].key == key)
			return &ready->keys[i];
	struct ready_key *slot = &ready->keys[ready->next_key];
	release_key(slot);
	if (EVP_PKEY_up_ref(key) != 1)
		return NULL;
	slot->key = key;
	ready->next_key = (ready->next_key + 1) % KEPT_KEYS;
	return slot;
}

static EVP_PKEY_CTX *new_context(EVP_PKEY *key, const EVP_MD *digest)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (context != NULL && EVP_PKEY_verify_init(context) == 1 &&
	    (!EVP_PKEY_is_a(key, "RSA") ||
	     EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(context, digest) == 1)
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

static EVP_PKEY_CTX *context_for(struct ready_key *ready, const EVP_MD *digest)
{
	for (size_t i = 0; i < KEPT_DIGESTS; i++)
		if (ready->digests[i].digest == digest)
			return ready->digests[i].context;
	EVP_PKEY_CTX *context = new_context(ready->key, digest);
	if (context == NULL)
		return NULL;
	struct by_digest *slot = &ready->digests[ready->next_digest];
	EVP_PKEY_CTX_free(slot->context);
	*slot = (struct by_digest){ digest, context };
	ready->next_digest = (ready->next_digest + 1) % KEPT_DIGESTS;
	return context;
}

/* A context belongs to one key for good: initialised again with another key, OpenSSL
 * 3.0 goes on with the first one. */
static int verify_message(struct ready_key *ready, const void *message, size_t length,
			  const unsigned char *signature, size_t signature_length)
{
	if (ready->message == NULL)
		ready->message = EVP_MD_CTX_new();
	if (ready->message == NULL ||
	    EVP_DigestVerifyInit(ready->message, NULL, NULL, NULL, ready->key) != 1)
		return ERROR_MEMORY;
	return EVP_DigestVerify(ready->message, signature, signature_length, message,
				length) == 1;
}

static int verify_digest(struct ready_key *ready, const EVP_MD *digest,
			 const void *data, size_t length,
			 const unsigned char *signature, size_t signature_length)
{
	EVP_PKEY_CTX *context = context_for(ready, digest);
	if (context == NULL)
		return ERROR_MEMORY;
	return EVP_PKEY_verify(context, signature, signature_length, data, length) == 1;
}

int ready_verify(EVP_PKEY *key, const EVP_MD *digest, const void *data, size_t length,
		 const unsigned char *signature, size_t signature_length)
{
	struct ready_key *ready = find_key(key);
	int answer = ERROR_MEMORY;
	if (ready != NULL)
		answer = digest == NULL ? verify_message(ready, data, length, signature,
							 signature_length)
					: verify_digest(ready, digest, data, length,
							signature, signature_length);
	if (answer == 0 &&
	    ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
		answer = ERROR_MEMORY;
	ERR_clear_error();
	return answer;
}
