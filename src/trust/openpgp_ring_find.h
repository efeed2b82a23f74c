/* trust/openpgp_ring_find.h - a ring as the driver sees it. Inside trust/ only. */
#ifndef TRUST_OPENPGP_RING_FIND_H
#define TRUST_OPENPGP_RING_FIND_H

#include "trust/openpgp_public.h"
#include "trust/openpgp_ring.h"

/* The key that a signature names, by fingerprint or else by key id: `public` and
 * `ready` too when it may sign. ERROR_OPENPGP_KEY_UNKNOWN, ERROR_OPENPGP_KEY_AMBIGUOUS,
 * ERROR_OPENPGP_ISSUER_MISSING. */
int openpgp_ring_find(const struct openpgp_ring *ring,
		      const struct openpgp_signature *signature,
		      const struct openpgp_key **out, struct error *err);
/* Its public key; `ready` is made at the first use. ERROR_OPENPGP_KEY_UNSUPPORTED when
 * OpenSSL refuses it. */
int openpgp_ring_public(const struct openpgp_ring *ring, const struct openpgp_key *key,
			const struct openpgp_public **public, EVP_PKEY **ready,
			struct error *err);
/* 40 upper-case digits and a NUL. */
void openpgp_fingerprint_text(const unsigned char *fingerprint,
			      char out[OPENPGP_FINGERPRINT_TEXT_BYTES]);

/* Words of the compiled form. */
extern const char *const openpgp_use_names[];
extern const char *const openpgp_revoked_names[];
#define OPENPGP_USE_COUNT     (OPENPGP_USE_BACK_SIGNATURE_SHA1 + 1)
#define OPENPGP_REVOKED_COUNT (OPENPGP_REVOKED_HARD + 1)

#endif
