/* trust/openpgp_packet.h - OpenPGP packets, and signature packets of version 4 (RFC
 * 4880 sections 4 and 5.2). Inside trust/ only. Everything found borrows the given
 * bytes. */
#ifndef TRUST_OPENPGP_PACKET_H
#define TRUST_OPENPGP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct octets {
	const unsigned char *bytes;
	size_t length;
};

enum openpgp_tag {
	OPENPGP_TAG_SIGNATURE = 2,
	OPENPGP_TAG_SECRET_KEY = 5,
	OPENPGP_TAG_PUBLIC_KEY = 6,
	OPENPGP_TAG_SECRET_SUBKEY = 7,
	OPENPGP_TAG_MARKER = 10,
	OPENPGP_TAG_TRUST = 12,
	OPENPGP_TAG_USER_ID = 13,
	OPENPGP_TAG_PUBLIC_SUBKEY = 14,
	OPENPGP_TAG_USER_ATTRIBUTE = 17,
};

struct openpgp_packet {
	unsigned int tag;
	struct octets body;
};

/* Takes the first packet off `rest`, which is not empty. Old and new lengths, but
 * neither indeterminate nor partial ones. ERROR_OPENPGP_PACKET_... */
int openpgp_packet_next(struct octets *rest, struct openpgp_packet *out,
			struct error *err);

enum openpgp_signature_type {
	OPENPGP_TYPE_BINARY = 0x00,
	OPENPGP_TYPE_TEXT = 0x01,
	OPENPGP_TYPE_CERTIFY = 0x10, /* to 0x13 */
	OPENPGP_TYPE_CERTIFY_LAST = 0x13,
	OPENPGP_TYPE_BINDING = 0x18,
	OPENPGP_TYPE_BACK = 0x19,
	OPENPGP_TYPE_DIRECT = 0x1F,
	OPENPGP_TYPE_REVOKE_KEY = 0x20,
	OPENPGP_TYPE_REVOKE_SUBKEY = 0x28,
	OPENPGP_TYPE_REVOKE_USER = 0x30,
};

/* Public key algorithms by their numbers. */
enum {
	OPENPGP_RSA = 1,
	OPENPGP_RSA_SIGN = 3,
	OPENPGP_DSA = 17,
	OPENPGP_ECDSA = 19,
	OPENPGP_EDDSA = 22,
	OPENPGP_ED25519 = 27,
};

enum {
	OPENPGP_MD5 = 1,
	OPENPGP_SHA1 = 2,
	OPENPGP_RIPEMD = 3,
	OPENPGP_SHA256 = 8,
	OPENPGP_SHA384 = 9,
	OPENPGP_SHA512 = 10,
	OPENPGP_SHA224 = 11,
};

#define OPENPGP_FINGERPRINT_BYTES 20
#define OPENPGP_KEY_ID_BYTES      8
#define OPENPGP_FLAG_CERTIFY      0x01
#define OPENPGP_FLAG_SIGN         0x02

struct openpgp_signature {
	uint8_t type;
	uint8_t algorithm;
	uint8_t hash;
	struct octets hashed;  /* from the version to the last signed subpacket */
	struct octets numbers; /* of the algorithm */
	int64_t created;       /* seconds */
	int64_t lifetime;      /* seconds from `created`; 0: for ever */
	int64_t key_lifetime;  /* seconds from the key's creation; 0: for ever */
	struct octets issuer_fingerprint; /* length 0: not given */
	struct octets issuer;             /* key id; length 0: not given */
	struct octets flags;              /* of a key; length 0: not given */
	bool has_flags;
	bool has_reason; /* of a revocation: `reason` */
	uint8_t reason;
	struct octets embedded; /* body of a signature packet; length 0: none */
};

/* The body of a signature packet. Only what is signed counts, but for the issuer (a
 * hint) and the embedded signature (which proves itself). A critical subpacket that is
 * not understood is refused, any other is passed over. ERROR_OPENPGP_... */
int openpgp_signature_parse(struct openpgp_signature *out, struct octets body,
			    struct error *err);
/* Whether it can be one over data: type, algorithm and hash. */
int openpgp_signature_check_data(const struct openpgp_signature *signature,
				 struct error *err);
/* A number: two bytes that count its bits, then the bytes. Without leading zeros. */
int openpgp_number(struct octets *rest, struct octets *out, struct error *err);

#endif
