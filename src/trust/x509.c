/* trust/x509.c - the driver for X.509 signatures (CMS, as gpgsm and smimesign make). */
#include "trust/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "trust/cms.h"
#include "trust/der.h"
#include "trust/format.h"
#include "trust/ready.h"
#include "trust/x509_signer.h"

#define RSA_BITS_MIN 2048

static int no_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY,
			 "out of memory while verifying a signature");
}

static bool bytes_equal(struct wire_string a, struct wire_string b)
{
	return a.length == b.length &&
	       (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* Issuer and serial of a certificate as they are encoded. */
static bool names_of(struct wire_string der, struct wire_string *issuer,
		     struct wire_string *serial)
{
	struct wire wire = { der.bytes, der.length };
	struct der_item item;
	if (!der_take(&wire, DER_SEQUENCE, &item))
		return false;
	wire = der_within(&item);
	if (!der_take(&wire, DER_SEQUENCE, &item))
		return false;
	wire = der_within(&item);
	if (der_is_next(&wire, DER_CONTEXT_0) && !der_next(&wire, &item))
		return false;
	if (!der_take(&wire, DER_INTEGER, &item))
		return false;
	*serial = item.content;
	if (!der_take(&wire, DER_SEQUENCE, &item) ||
	    !der_take(&wire, DER_SEQUENCE, &item))
		return false;
	*issuer = item.whole;
	return true;
}

static bool is_signer(const struct cms *cms, struct wire_string der)
{
	struct wire_string issuer;
	struct wire_string serial;
	if (cms->issuer.length != 0)
		return names_of(der, &issuer, &serial) &&
		       bytes_equal(issuer, cms->issuer) &&
		       bytes_equal(serial, cms->serial);
	X509 *certificate = x509_certificate_read(der);
	const ASN1_OCTET_STRING *key =
		certificate == NULL ? NULL : X509_get0_subject_key_id(certificate);
	struct wire_string identifier = { NULL, 0 };
	if (key != NULL)
		identifier = (struct wire_string){ ASN1_STRING_get0_data(key),
						   (size_t)ASN1_STRING_length(key) };
	bool found = key != NULL && bytes_equal(identifier, cms->key_identifier);
	X509_free(certificate);
	return found;
}

/* By name, never by place: some tools put the CA first. */
static int find_signer(const struct cms *cms, size_t *out, struct error *err)
{
	size_t found = cms->certificate_count;
	for (size_t i = 0; i < cms->certificate_count; i++) {
		if (!is_signer(cms, cms->certificates[i]))
			continue;
		if (found != cms->certificate_count)
			return error_set(err, ERROR_CMS_CERTIFICATE_TWO,
					 "two certificates of the X.509 signature "
					 "could "
					 "be the signer's");
		found = i;
	}
	if (found == cms->certificate_count)
		return error_set(err, ERROR_CMS_CERTIFICATE_MISSING,
				 "the X.509 signature does not hold its signer's "
				 "certificate");
	*out = found;
	return 0;
}

static int check_digest(const struct cms *cms, const struct trust_span *payload,
			size_t payload_count, struct error *err)
{
	unsigned char digest[TRUST_HASH_BYTES_MAX];
	size_t length;
	int rc = trust_digest(cms->hash, payload, payload_count, digest, &length);
	if (rc != 0)
		return no_memory(err);
	if (!bytes_equal(cms->digest, (struct wire_string){ digest, length }))
		return error_set(err, ERROR_CMS_DIGEST_MISMATCH,
				 "the X.509 signature does not belong to these bytes");
	return 0;
}

static int check_key(const struct cms *cms, const EVP_PKEY *key, struct error *err)
{
	bool fits = false;
	switch (cms->family) {
	case CMS_RSA:
		fits = EVP_PKEY_is_a(key, "RSA");
		break;
	case CMS_ECDSA:
		fits = EVP_PKEY_is_a(key, "EC");
		break;
	case CMS_ED25519:
		fits = EVP_PKEY_is_a(key, "ED25519");
		break;
	case CMS_FAMILY_UNKNOWN:
		break;
	}
	if (!fits)
		return error_set(err, ERROR_CMS_KEY_TYPE,
				 "the key of the signer's certificate does not make "
				 "signatures of this kind");
	if (cms->family == CMS_RSA && EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
		return error_set(err, ERROR_CMS_KEY_SMALL,
				 "the signer's RSA key has %d bits; at least %d are "
				 "needed",
				 EVP_PKEY_get_bits(key), RSA_BITS_MIN);
	return 0;
}

/* The attributes are signed as a set of their own (RFC 5652 section 5.4): with its tag,
 * not that of the field. */
static int check_signature(const struct cms *cms, EVP_PKEY *key, struct error *err)
{
	static const char tag = DER_SET;
	const struct trust_span pieces[] = {
		{ &tag, 1 },
		{ (const char *)cms->attributes.bytes + 1, cms->attributes.length - 1 },
	};
	unsigned char digest[TRUST_HASH_BYTES_MAX];
	size_t length;
	int answer;
	if (cms->family == CMS_ED25519) {
		unsigned char *message = malloc(cms->attributes.length);
		if (message == NULL)
			return no_memory(err);
		memcpy(message, cms->attributes.bytes, cms->attributes.length);
		message[0] = DER_SET;
		answer = ready_verify(key, NULL, message, cms->attributes.length,
				      cms->signature.bytes, cms->signature.length);
		free(message);
	} else if (trust_digest(cms->hash, pieces, 2, digest, &length) != 0) {
		return no_memory(err);
	} else {
		answer = ready_verify(key, trust_digest_type(cms->hash), digest, length,
				      cms->signature.bytes, cms->signature.length);
	}
	if (answer < 0)
		return no_memory(err);
	if (answer == 0)
		return error_set(err, ERROR_CMS_MISMATCH,
				 "the X.509 signature was not made by the key of its "
				 "signer's certificate");
	return 0;
}

/* The signer's certificate first, then the others. */
static int keep_certificates(struct x509_fact *fact, struct arena *arena,
			     const struct cms *cms, size_t signer, struct error *err)
{
	size_t length = 0;
	for (size_t i = 0; i < cms->certificate_count; i++)
		length += cms->certificates[i].length;
	unsigned char *bytes = arena_alloc(arena, length);
	if (bytes == NULL)
		return no_memory(err);
	fact->certificates = bytes;
	fact->certificates_length = length;
	struct wire_string first = cms->certificates[signer];
	memcpy(bytes, first.bytes, first.length);
	bytes += first.length;
	for (size_t i = 0; i < cms->certificate_count; i++)
		if (i != signer) {
			struct wire_string next = cms->certificates[i];
			memcpy(bytes, next.bytes, next.length);
			bytes += next.length;
		}
	return 0;
}

static int check_under(const struct cms *cms, X509 *signer, struct error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(signer);
	ERR_clear_error();
	if (key == NULL)
		return error_set(err, ERROR_CMS_KEY,
				 "the key of the signer's certificate cannot be read");
	int rc = check_key(cms, key, err);
	if (rc == 0)
		rc = check_signature(cms, key, err);
	return rc == 0 ? x509_certificate_usage(signer, err) : rc;
}

static int check_cms(const struct cms *cms, struct signature_fact *out,
		     struct arena *arena, const struct trust_span *payload,
		     size_t payload_count, struct error *err)
{
	size_t index = 0;
	int rc = find_signer(cms, &index, err);
	if (rc != 0)
		return rc;
	const struct x509_signer *signer;
	rc = x509_signer_get(&signer, cms->certificates[index], err);
	if (rc == 0)
		rc = x509_signer_tell(signer, out, arena, err);
	if (rc == 0)
		rc = keep_certificates(out->x509, arena, cms, index, err);
	if (rc == 0)
		rc = check_digest(cms, payload, payload_count, err);
	if (rc == 0)
		rc = check_under(cms, signer->certificate, err);
	if (rc == 0)
		out->x509->signed_at = cms->signed_at;
	return rc;
}

static int verify(struct signature_fact *out, struct arena *arena,
		  const struct signature_keys *keys, const struct trust_span *payload,
		  size_t payload_count, const char *armor, size_t armor_length,
		  struct error *err)
{
	(void)keys;
	struct error why = ERROR_INIT;
	struct cms cms;
	struct buf blob = BUF_INIT(limits_default.values[LIMIT_SIG_BYTES]);
	int rc = cms_dearmor(&blob, armor, armor_length, &why);
	if (rc == 0)
		rc = cms_parse(&cms, blob.data, blob.length, &why);
	if (rc == 0)
		rc = check_cms(&cms, out, arena, payload, payload_count, &why);
	buf_release(&blob);
	if (rc != 0)
		return signature_refused(out, arena, &why, err);
	out->status = SIGNATURE_GOOD;
	return 0;
}

const struct signature_format format_x509 = {
	.name = "x509",
	.first_line = CMS_BEGIN_LINE,
	.verify = verify,
};

bool x509_recall(struct signature_fact *fact, struct arena *arena,
		 const void *certificates, size_t length)
{
	struct wire wire = { certificates, length };
	struct der_item item;
	if (!der_take(&wire, DER_SEQUENCE, &item))
		return false;
	const struct x509_signer *signer;
	if (x509_signer_get(&signer, item.whole, NULL) != 0 ||
	    x509_signer_tell(signer, fact, arena, NULL) != 0)
		return false;
	fact->x509->certificates = arena_copy(arena, certificates, length);
	fact->x509->certificates_length = length;
	return fact->x509->certificates != NULL;
}
