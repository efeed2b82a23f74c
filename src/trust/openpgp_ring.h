/* trust/openpgp_ring.h - OpenPGP keys that were compiled (openpgp_certificate.h), ready
 * to verify.
 *
 * The compiled form is text: a line "gitgate-openpgp-1"; for each key a line "primary
 * USE FROM UNTIL REVOKED SINCE HEX" or "subkey ...", HEX being the body of its public
 * key packet and times seconds, UNTIL 0 for ever; "email ADDRESS" for each address of
 * the certificate before; at the end "sha256 HEX" over all lines before it. Threads:
 * adding one at a time; afterwards any may verify. */
#ifndef TRUST_OPENPGP_RING_H
#define TRUST_OPENPGP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct error;
struct openpgp_ring;

#define OPENPGP_FINGERPRINT_TEXT_BYTES 41
#define OPENPGP_COMPILED_FIRST_LINE    "gitgate-openpgp-1"

enum openpgp_use {
	OPENPGP_USE_UNKNOWN = 0,
	OPENPGP_USE_SIGN,
	OPENPGP_USE_NOT_SIGNING,    /* its flags do not say so */
	OPENPGP_USE_SELF_SIGNATURE, /* no valid one on the primary key */
	OPENPGP_USE_BINDING,        /* no valid one by the primary key */
	OPENPGP_USE_BACK_SIGNATURE, /* no valid one by the subkey */
	OPENPGP_USE_UNSUPPORTED,    /* algorithm or curve */
	OPENPGP_USE_WEAK,
	/* There is a valid one, but with SHA-1. */
	OPENPGP_USE_SELF_SIGNATURE_SHA1,
	OPENPGP_USE_BINDING_SHA1,
	OPENPGP_USE_BACK_SIGNATURE_SHA1,
};

enum openpgp_revoked {
	OPENPGP_REVOKED_NOT = 0,
	OPENPGP_REVOKED_SOFT, /* superseded or retired: older signatures stay good */
	OPENPGP_REVOKED_HARD, /* compromised, or without a reason: none does */
};

/* What people and policy ask about a key. */
struct openpgp_key {
	char fingerprint[OPENPGP_FINGERPRINT_TEXT_BYTES]; /* as gpg prints it */
	char certificate[OPENPGP_FINGERPRINT_TEXT_BYTES]; /* of the primary key */
	const char *algorithm;                            /* "RSA-4096", "Ed25519" */
	enum openpgp_use use;
	int64_t from;  /* seconds */
	int64_t until; /* the first second it no longer counts; 0: none */
	enum openpgp_revoked revoked;
	int64_t revoked_at;
};

/* Exactly 40 upper-case hexadecimal digits, as gpg prints a fingerprint without blanks:
 * 0 or ERROR_ENCODING. */
int openpgp_fingerprint_check(const char *text);
const char *openpgp_use_name(enum openpgp_use use); /* "sign", "no-binding", ... */

int openpgp_ring_new(struct openpgp_ring **out, struct error *err);
void openpgp_ring_free(struct openpgp_ring *ring);
/* Adds the keys of one compiled text. ERROR_OPENPGP_COMPILED when it is damaged,
 * ERROR_LIMIT, ERROR_MEMORY; then the ring can only be freed. */
int openpgp_ring_add(struct openpgp_ring *ring, const char *compiled, size_t length,
		     struct error *err);
size_t openpgp_ring_count(const struct openpgp_ring *ring);
const struct openpgp_key *openpgp_ring_key(const struct openpgp_ring *ring,
					   size_t index);
/* The addresses of all certificates in the order of the texts: NULL after the last. */
const char *openpgp_ring_email(const struct openpgp_ring *ring, size_t index,
			       const struct openpgp_key **certificate);
/* Of everything that was added: context of remembered signature facts. None: empty. */
const struct digest *openpgp_ring_digest(const struct openpgp_ring *ring);

#endif
