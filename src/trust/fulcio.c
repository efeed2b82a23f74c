/* trust/fulcio.c - what certificates by Fulcio say. */
#include "trust/fulcio.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/facts.h"
#include "trust/der.h"

#define OID_FULCIO    "1.3.6.1.4.1.57264.1."
#define OID_ISSUER_V1 OID_FULCIO "1" /* the text itself, without any encoding */
#define OID_ISSUER_V2 OID_FULCIO "8" /* an UTF8String */
#define UTF8_STRING   0x0c
#define ISSUER_MAX    1024

static bool extension_name(X509_EXTENSION *extension, char out[64])
{
	return OBJ_obj2txt(out, 64, X509_EXTENSION_get_object(extension), 1) > 0;
}

bool fulcio_made(X509 *certificate)
{
	char text[64];
	for (int i = 0; i < X509_get_ext_count(certificate); i++)
		if (extension_name(X509_get_ext(certificate, i), text) &&
		    strncmp(text, OID_FULCIO, strlen(OID_FULCIO)) == 0)
			return true;
	return false;
}

static int bad_issuer(struct error *err)
{
	return error_set(err, ERROR_FULCIO_ISSUER_FORM,
			 "the issuer of identities in the signer's certificate is "
			 "malformed or stands there twice");
}

/* The bytes of an extension; none: length 0. */
static int find_extension(X509 *certificate, const char *oid, struct wire_string *out,
			  struct error *err)
{
	char text[64];
	*out = (struct wire_string){ NULL, 0 };
	for (int i = 0; i < X509_get_ext_count(certificate); i++) {
		X509_EXTENSION *extension = X509_get_ext(certificate, i);
		if (!extension_name(extension, text) || strcmp(text, oid) != 0)
			continue;
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
		if (out->length != 0 || ASN1_STRING_length(value) <= 0)
			return bad_issuer(err);
		*out = (struct wire_string){ ASN1_STRING_get0_data(value),
					     (size_t)ASN1_STRING_length(value) };
	}
	return 0;
}

/* Shown to people and compared with the policy: printable, without blanks. */
static bool is_issuer(struct wire_string text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.bytes[i] <= ' ' || text.bytes[i] > '~')
			return false;
	return text.length != 0 && text.length <= ISSUER_MAX;
}

static int read_issuer(X509 *certificate, struct wire_string *out, struct error *err)
{
	struct wire_string old;
	struct wire_string encoded;
	struct der_item item = { .content = { NULL, 0 } };
	int rc = find_extension(certificate, OID_ISSUER_V1, &old, err);
	if (rc == 0)
		rc = find_extension(certificate, OID_ISSUER_V2, &encoded, err);
	if (rc != 0)
		return rc;
	struct wire wire = { encoded.bytes, encoded.length };
	if (encoded.length != 0 &&
	    (!der_take(&wire, UTF8_STRING, &item) || wire.left != 0))
		return bad_issuer(err);
	struct wire_string issuer = encoded.length != 0 ? item.content : old;
	if (old.length == 0 && encoded.length == 0)
		return error_set(err, ERROR_FULCIO_ISSUER_MISSING,
				 "the signer's certificate does not say who told "
				 "Fulcio "
				 "who the signer is");
	if (!is_issuer(issuer))
		return bad_issuer(err);
	if (old.length != 0 && (old.length != issuer.length ||
				memcmp(old.bytes, issuer.bytes, old.length) != 0))
		return error_set(err, ERROR_FULCIO_ISSUER_TWO,
				 "the signer's certificate names two issuers of "
				 "identities");
	*out = issuer;
	return 0;
}

/* One alternative name, of a kind that policies can name. */
static int check_subject(const struct x509_fact *fact, X509 *certificate,
			 struct error *err)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int count = sk_GENERAL_NAME_num(names);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	if (count <= 0 && fact->name_count == 0)
		return error_set(err, ERROR_FULCIO_SUBJECT,
				 "the signer's certificate names no subject");
	if (count != 1 || fact->name_count > 1)
		return error_set(err, ERROR_FULCIO_SUBJECTS,
				 "the signer's certificate names several subjects: who "
				 "signed cannot be told");
	if (fact->name_count == 0 || strncmp(fact->names[0], "dns:", 4) == 0)
		return error_set(err, ERROR_FULCIO_SUBJECT_KIND,
				 "the subject of the signer's certificate is neither "
				 "an address nor a URI");
	return 0;
}

int fulcio_read(struct x509_fact *fact, struct arena *arena, X509 *certificate,
		struct error *err)
{
	struct wire_string issuer = { NULL, 0 };
	uint32_t flags = X509_get_extension_flags(certificate);
	int rc = read_issuer(certificate, &issuer, err);
	if (rc == 0)
		rc = check_subject(fact, certificate, err);
	if (rc != 0)
		return rc;
	if ((flags & EXFLAG_XKUSAGE) == 0 ||
	    (X509_get_extended_key_usage(certificate) & XKU_CODE_SIGN) == 0)
		return error_set(err, ERROR_FULCIO_USAGE,
				 "the signer's certificate is not for signing code "
				 "(extended key usage)");
	struct sigstore_fact *sigstore = arena_new_of(arena, struct sigstore_fact);
	if (sigstore != NULL)
		sigstore->issuer = arena_copy(arena, issuer.bytes, issuer.length);
	if (sigstore == NULL || sigstore->issuer == NULL)
		return error_set(err, ERROR_MEMORY,
				 "out of memory while reading a certificate");
	fact->sigstore = sigstore;
	return 0;
}
