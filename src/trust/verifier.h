/* trust/verifier.h - public keys that are ready to verify, by way of OpenSSL.
 *
 * Making a key ready costs more than one verification, so each thread keeps the last
 * few. Algorithms are fetched once per process. Inside trust/ only. Threads: any; a
 * verifier is of the thread that asked for it, until it asks for so many others that
 * this one makes room: use it before the next but one verifier_get(). */
#ifndef TRUST_VERIFIER_H
#define TRUST_VERIFIER_H

#include <openssl/types.h>
#include <stddef.h>

#include "trust/signature.h"
#include "trust/ssh_public.h"

struct error;

enum trust_hash { TRUST_SHA256, TRUST_SHA384, TRUST_SHA512, TRUST_HASH_COUNT };
#define TRUST_HASH_BYTES_MAX 64

struct verifier {
	struct ssh_public public; /* its spans point into memory of the verifier */
	char fingerprint[SSH_FINGERPRINT_BYTES];
	char sha1[SSH_SHA1_BYTES]; /* hexadecimal, for revocation lists alone */
};

/* The verifier of a public key blob, made or kept. ERROR_SSH_KEY_..., ERROR_MEMORY. */
int verifier_get(const struct verifier **out, const void *blob, size_t length,
		 struct error *err);

/* NULL: the library does not have it, or memory ran out. */
const EVP_MD *trust_digest_type(enum trust_hash hash);

/* Digest of the pieces one after another. 0 or ERROR_MEMORY. */
int trust_digest(enum trust_hash hash, const struct trust_span *pieces, size_t count,
		 unsigned char out[TRUST_HASH_BYTES_MAX], size_t *length);

/* Whether a signature holds over `data`. `signature`: Ed25519: 64 bytes; ECDSA: DER;
 * RSA: as long as the modulus. `hash`: of RSA; ECDSA's follows from the curve. 0,
 * ERROR_SSHSIG_MISMATCH or ERROR_MEMORY. */
int verifier_check(const struct verifier *verifier, enum trust_hash hash,
		   const struct trust_span *data, const unsigned char *signature,
		   size_t signature_length, struct error *err);

#endif
