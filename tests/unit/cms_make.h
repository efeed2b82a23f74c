/* tests/unit/cms_make.h - makes X.509 certificates and detached CMS signatures in
 * software, genuine or wrong in exactly one way.
 *
 * A field of 0 or NULL in the structs of changes means "as it should be". */
#ifndef TESTS_UNIT_CMS_MAKE_H
#define TESTS_UNIT_CMS_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CMS_MADE_AT INT64_C(1780000000) /* 2026-05-28: seconds */

struct identity {
	void *key;         /* EVP_PKEY */
	void *certificate; /* X509 */
};

struct identity_changes {
	const char *name;      /* CN; "Alice"; "": the subject is empty */
	const char *algorithm; /* "EC" (P-256), "RSA", "ED25519" */
	unsigned int rsa_bits;
	bool ca;
	const char *constraints; /* instead of what `ca` says; "": none */
	const char *usage;       /* key usage; "": none */
	const char *extended;    /* extended key usage; "": none */
	const char *san;         /* "email:alice@example.org"; "": none */
	const char *custom;      /* an extension of this OID */
	bool custom_critical;
	const char *digest; /* "SHA256" */
	int64_t after;      /* seconds from CMS_MADE_AT; 0: a year before */
	int64_t before;
	long serial;
	const char *name_constraints;
	bool broken_signature;
	/* Called when all but the signature is there, to add to it (X509). */
	void (*finish)(void *certificate, const struct identity *issuer, void *data);
	void *finish_data;
};

/* `issuer` NULL: signs itself. */
struct identity *identity_new(const struct identity *issuer,
			      const struct identity_changes *changes);
void identity_free(struct identity *identity);
void identity_der(struct buf *out, const struct identity *identity);
void identity_pem(struct buf *out, const struct identity *identity);
/* A revocation list by `ca` of serials, current until `until` seconds after
 * CMS_MADE_AT, signed by `signer`'s key. */
void make_list(struct buf *pem, const struct identity *ca,
	       const struct identity *signer, const long *serials, size_t count,
	       int64_t until);

struct cms_changes {
	const char *outer_type; /* object identifiers in text: "1.2.3" */
	int version;
	const char *announced;
	const char *content_type;
	const char *embedded;
	const struct identity *others[3];
	size_t copies; /* of the first other */
	bool no_certificates;
	bool certificate_twice;
	bool other_kind;
	const char *certificate_bytes; /* of 4 bytes: replace the signer's middle */
	bool lists;
	int signers; /* -1: none, 2: two */
	int signer_version;
	const struct identity *named; /* the signer says it is this one */
	bool by_key;                  /* the signer is named by its key */
	const char *digest;
	const char *digest_oid;
	bool no_attributes;
	bool indefinite_attributes;
	bool no_type, no_digest, no_time;
	const char *attribute_type;
	const char *time;
	bool twice;
	bool two_values;
	size_t more_attributes;
	bool primitive_set; /* of the last of those */
	bool long_length;   /* of the same, in two bytes */
	const char *algorithm;
	bool flip;
	const char *signer_trailing;
	const char *trailing_fields;
	const char *trailing;
	const struct identity *other_key; /* signs instead */
	bool indefinite;                  /* outer lengths, as gpgsm writes */
	bool content_digest_of_other;
	size_t cut;
	/* Appends the unsigned attributes, knowing what was signed (as a set) and the
	 * signature; NULL: there are none. */
	void (*prove)(struct buf *out, const struct buf *set,
		      const struct buf *signature, void *data);
	void *prove_data;
};

void make_cms(struct buf *out, const struct identity *signer, const void *payload,
	      size_t length, const struct cms_changes *changes);
/* As text between BEGIN and END SIGNED MESSAGE. */
void make_cms_armor(struct buf *out, const struct buf *blob);

#endif
