/* tests/unit/sshsig_make.h - makes SSH keys and signatures in software, genuine or
 * wrong in exactly one way.
 *
 * Security keys are played by keys in memory: what a FIDO token would sign is signed
 * here. A field of 0 or NULL in the structs of changes means "as it should be". */
#ifndef TESTS_UNIT_SSHSIG_MAKE_H
#define TESTS_UNIT_SSHSIG_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum key_kind {
	KEY_ED25519,
	KEY_ECDSA_256,
	KEY_ECDSA_384,
	KEY_ECDSA_521,
	KEY_RSA,
	KEY_SK_ED25519,
	KEY_SK_ECDSA,
	KEY_KINDS
};

struct software_key {
	enum key_kind kind;
	void *pkey; /* EVP_PKEY */
};

const char *key_kind_name(enum key_kind kind); /* "ssh-ed25519" */
struct software_key *software_key_new(enum key_kind kind, unsigned int rsa_bits);
void software_key_free(struct software_key *key);

struct key_changes {
	const char *type;
	const char *curve;
	const char *application;
	const char *trailing;
	size_t cut;          /* bytes missing at the end */
	size_t point_length; /* of the point, cut or filled up with zero bytes */
	int point_first;     /* its first byte */
	bool off_curve;      /* its last byte is another */
	bool padded_modulus; /* a zero byte too much */
	bool negative;       /* the sign byte of the modulus is missing */
	uint64_t exponent;
	size_t modulus_bytes; /* a made-up modulus of this length */
};

struct sig_changes {
	struct key_changes key;
	const struct software_key *other_key; /* is written, does not sign */
	const struct buf *public_key;         /* is written instead: a certificate */
	const char *magic;
	uint32_t version;
	const char *name; /* the namespace */
	const char *reserved;
	const char *hash;
	const char *type; /* of the inner signature */
	const char *rsa_digest;
	int flags;                 /* | 0x100 to say 0 */
	const char *flags_written; /* one byte: other than the signed ones */
	size_t cut;
	const char *trailing;
	size_t inner_cut;
	const char *inner_trailing;
	size_t raw_length; /* of the raw signature, cut or filled up */
	size_t flip;       /* the byte of the raw signature, from 1, that is flipped */
	size_t numbers_cut;
	const char *numbers_trailing;
	const char *number; /* replaces r; the length is number_length */
	size_t number_length;
	bool padded_number;
};

/* How a certificate is made. */
struct certificate_changes {
	struct key_changes key;
	const char *type;
	uint64_t serial; /* 0: 7 */
	uint32_t kind;   /* 0: a user's */
	const char *key_id;
	size_t key_id_length; /* when it holds a NUL byte */
	const char *principals[4];
	const char *raw_principals; /* written instead, with its length */
	size_t raw_principals_length;
	size_t principal_count; /* so many "p<n>"; SIZE_MAX: none */
	uint64_t valid_after;
	uint64_t valid_before;   /* 0: for ever */
	const char *critical[2]; /* names, with empty data */
	const char *raw_critical;
	size_t raw_critical_length;
	const char *extensions[2];
	const char *reserved;
	const struct buf *ca_blob; /* is written, does not sign */
	struct key_changes ca;
	struct sig_changes signature; /* of the CA: its inner part */
	const char *trailing;
	size_t cut;
	size_t flip; /* the byte of the signed part, from 1, that is flipped after */
};

/* A certificate of `key` by `ca`: user "alice" unless changed. */
void make_certificate(struct buf *out, const struct software_key *key,
		      const struct software_key *ca,
		      const struct certificate_changes *changes);
/* "type base64 comment" of any public key blob. */
void make_blob_line(struct buf *out, const struct buf *blob);

void make_key_blob(struct buf *out, const struct software_key *key,
		   const struct key_changes *changes);
/* "type base64 comment". */
void make_key_line(struct buf *out, const struct software_key *key,
		   const struct key_changes *changes);
void make_signature_blob(struct buf *out, const struct software_key *key,
			 const void *payload, size_t length,
			 const struct sig_changes *changes);
/* The armor as ssh-keygen writes it. */
void make_armor(struct buf *out, const void *blob, size_t length);
/* Blob and armor in one. */
void make_signature(struct buf *out, const struct software_key *key,
		    const void *payload, size_t length,
		    const struct sig_changes *changes);

#endif
