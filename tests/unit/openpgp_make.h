/* tests/unit/openpgp_make.h - makes OpenPGP keys, certificates and signatures, right
 * ones and ones that are wrong in a way that is asked for. What goes wrong otherwise
 * fails the test at once. */
#ifndef TESTS_UNIT_OPENPGP_MAKE_H
#define TESTS_UNIT_OPENPGP_MAKE_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PGP_TIME 1700000000u /* when keys are made; signatures a day later */
#define PGP_DAY  86400u

enum pgp_kind {
	PGP_ED25519,
	PGP_RSA,
	PGP_P256,
	PGP_P384,
	PGP_P521,
	PGP_ED25519_RAW, /* algorithm 27 */
	PGP_KINDS,
	PGP_RSA_WEAK = PGP_KINDS, /* 1024 bits */
	PGP_RSA_4096,
};

struct pgp_key {
	enum pgp_kind kind;
	EVP_PKEY *key;
	unsigned int algorithm;
	struct buf body; /* of its public key packet */
	unsigned char fingerprint[20];
};

void pgp_key_make(struct pgp_key *key, enum pgp_kind kind, uint32_t created);
void pgp_key_free(struct pgp_key *key);

struct bytes {
	const char *bytes;
	size_t length;
};
#define BYTES(text)                                                                    \
	{                                                                              \
		(text), sizeof(text) - 1                                               \
	}

enum pgp_numbers {
	PGP_NUMBERS_GOOD,
	PGP_NUMBERS_CUT,      /* the last byte is missing */
	PGP_NUMBERS_BITS,     /* the first says one bit less than it has */
	PGP_NUMBERS_ZERO,     /* the first is zero */
	PGP_NUMBERS_LARGE,    /* the first is a byte longer than the key's */
	PGP_NUMBERS_TRAILING, /* bytes follow */
	PGP_NUMBERS_WRONG,    /* one bit is changed */
};

/* Zero means: as it should be. */
struct pgp_signature {
	unsigned int version;
	unsigned int type;
	unsigned int algorithm;
	unsigned int hash;         /* 8 is SHA-256 */
	unsigned int claimed_hash; /* what the packet says instead */
	uint32_t created;
	bool no_created;
	bool no_issuer;                    /* key id, outside of what is signed */
	bool no_fingerprint;               /* in what is signed */
	const unsigned char *other_issuer; /* key id */
	struct bytes hashed;               /* subpackets more */
	struct bytes unhashed;             /* subpackets more */
	int hashed_claim;                  /* added to the length that it says */
	int unhashed_claim;
	enum pgp_numbers numbers;
	size_t cut;      /* only so many bytes of the body */
	bool wrong_left; /* the two bytes of the digest are wrong */
};

/* The body of a signature packet over `pieces`. */
void pgp_sign(struct buf *out, const struct pgp_key *key,
	      const struct pgp_signature *signature, const struct bytes *pieces,
	      size_t count);
/* A subpacket: type, body. */
void pgp_subpacket(struct buf *out, unsigned int type, const void *body, size_t length);
/* A packet with an old (0) or new (1) length. */
void pgp_packet(struct buf *out, unsigned int tag, bool new_format, const void *body,
		size_t length);
/* Data as a block with checksum and lines of 64. */
void pgp_armor(struct buf *out, const char *kind, const void *data, size_t length);

/* A certificate: a primary key with one user id, and a subkey when there is one. */
struct pgp_certificate {
	const struct pgp_key *primary;
	const struct pgp_key *subkey; /* NULL: none */
	struct pgp_signature self;    /* over primary key and user id; type 0x13 */
	bool no_self;
	struct pgp_signature binding;
	bool no_binding;
	const struct pgp_key *bound_by; /* another than the primary key */
	bool no_back;
	struct pgp_signature back;
	const struct pgp_key *back_by;        /* another than the subkey */
	unsigned int primary_flags;           /* 0: certify and sign */
	unsigned int subkey_flags;            /* 0: sign */
	struct pgp_signature *revoke_primary; /* NULL: no */
	struct pgp_signature *revoke_subkey;
	struct pgp_signature *revoke_user;
	const struct pgp_key *revoked_by; /* another than the primary key */
};
void pgp_certificate(struct buf *out, const struct pgp_certificate *certificate);

#endif
