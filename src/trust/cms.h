/* trust/cms.h - the frame of a detached CMS signature: exactly one signer, no content.
 *
 * What gpgsm, smimesign and gitsign write. Inside trust/ only; no cryptography here.
 * Source: RFC 5652, RFC 8551. */
#ifndef TRUST_CMS_H
#define TRUST_CMS_H

#include <stdint.h>

#include "trust/verifier.h"
#include "trust/wire.h"

struct buf;
struct error;

#define CMS_BEGIN_LINE       "-----BEGIN SIGNED MESSAGE-----"
#define CMS_CERTIFICATES_MAX 16

enum cms_family { CMS_FAMILY_UNKNOWN = 0, CMS_RSA, CMS_ECDSA, CMS_ED25519 };

struct cms {
	struct wire_string certificates[CMS_CERTIFICATES_MAX]; /* DER, whole */
	size_t certificate_count;
	/* How the signer is named: by issuer and serial, or by the identifier of its
	 * key. */
	struct wire_string issuer; /* DER, whole; length 0: by key */
	struct wire_string serial; /* content of the number */
	struct wire_string key_identifier;
	enum trust_hash hash;
	enum cms_family family;
	struct wire_string attributes; /* whole: what is signed, but for its tag */
	struct wire_string digest;     /* of the content, as the attributes say */
	int64_t signed_at;             /* microseconds, as the attributes say */
	struct wire_string signature;
	struct wire_string unsigned_attributes; /* one after another */
};

/* Text that starts with the BEGIN line to the bytes within. ERROR_CMS_... */
int cms_dearmor(struct buf *out, const char *text, size_t length, struct error *err);
/* Splits and checks the form; spans point into the bytes. ERROR_CMS_... */
int cms_parse(struct cms *out, const void *bytes, size_t length, struct error *err);

/* The octets in the unsigned attribute of this type (as it is encoded). Length 0: there
 * is none. ERROR_CMS_UNSIGNED: malformed, or it stands there twice. */
int cms_unsigned(const struct cms *cms, const char *type, struct wire_string *out,
		 struct error *err);

/* Microseconds of a UTCTime or GeneralizedTime in DER. */
bool cms_time(unsigned char tag, struct wire_string text, int64_t *out);

#endif
