/* trust/log_key.h - public keys of transparency logs: of artifacts (Rekor) and of
 * certificates (certificate transparency).
 *
 * A log is named by the SHA-256 of its key in DER (SubjectPublicKeyInfo). Keys are
 * ECDSA, Ed25519, or RSA of 2048 bits and more; ECDSA and RSA sign with SHA-256. Inside
 * trust/ only. Threads: any, once all keys are added. */
#ifndef TRUST_LOG_KEY_H
#define TRUST_LOG_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "trust/wire.h"

struct error;

struct log_key {
	void *key; /* EVP_PKEY */
	struct digest id;
	int64_t valid_after;  /* microseconds, inclusive */
	int64_t valid_before; /* inclusive */
};

struct log_keys {
	struct log_key *items;
	size_t count;
};

void log_keys_release(struct log_keys *keys);
/* One key in DER. ERROR_SIGSTORE_KEY_..., ERROR_LIMIT, ERROR_MEMORY. */
int log_keys_add(struct log_keys *keys, const void *der, size_t length,
		 int64_t valid_after, int64_t valid_before, struct error *err);
/* All keys of a file in PEM form, at least one; they count at any time. */
int log_keys_add_pem(struct log_keys *keys, const char *pem, size_t length,
		     struct error *err);

/* NULL: none. `id` has DIGEST_BYTES. */
const struct log_key *log_keys_find(const struct log_keys *keys,
				    const unsigned char *id);
/* 1: it holds; 0: it does not; negative: ERROR_MEMORY. */
int log_key_verify(const struct log_key *key, const void *bytes, size_t length,
		   struct wire_string signature);

#endif
