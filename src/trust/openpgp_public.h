/* trust/openpgp_public.h - OpenPGP public keys of version 4 and what they verify, by
 * way of OpenSSL. Inside trust/ only. Threads: any; EVP_PKEYs are shared, nothing else.
 */
#ifndef TRUST_OPENPGP_PUBLIC_H
#define TRUST_OPENPGP_PUBLIC_H

#include <openssl/types.h>

#include "trust/openpgp_packet.h"

struct error;

enum openpgp_family {
	OPENPGP_FAMILY_UNKNOWN = 0,
	OPENPGP_FAMILY_RSA,
	OPENPGP_FAMILY_ECDSA,
	OPENPGP_FAMILY_EDDSA,   /* numbers, as GnuPG writes them */
	OPENPGP_FAMILY_ED25519, /* 64 bytes (RFC 9580) */
};

/* Borrows the packet's body. */
struct openpgp_public {
	struct octets body;
	int64_t created; /* seconds */
	unsigned char fingerprint[OPENPGP_FINGERPRINT_BYTES];
	uint8_t algorithm;
	enum openpgp_family family; /* unknown: not read, verifies nothing */
	const char *group;          /* of ECDSA: OpenSSL's name */
	size_t size;                /* bytes: of the modulus, or of a number */
	struct octets key;          /* modulus, or point, or 32 bytes */
	struct octets exponent;
};

/* A public key packet's body. An algorithm or curve that is not read is no error.
 * ERROR_OPENPGP_CERTIFICATE_VERSION, ERROR_OPENPGP_CERTIFICATE_FORM, ERROR_MEMORY. */
int openpgp_public_parse(struct openpgp_public *out, struct octets body,
			 struct error *err);
/* The key ready to verify; the caller frees it. NULL: OpenSSL refuses it. */
EVP_PKEY *openpgp_public_ready(const struct openpgp_public *public);
/* Whether a signature, of whatever type, holds over `pieces`. It does not look whether
 * its hash is good enough, but knows none below SHA-1. 0, ERROR_OPENPGP_MISMATCH, other
 * ERROR_OPENPGP_..., ERROR_MEMORY. */
int openpgp_public_verify(const struct openpgp_public *public, EVP_PKEY *key,
			  const struct openpgp_signature *signature,
			  const struct octets *pieces, size_t count, struct error *err);

#endif
