/* trust/x509_certificate.c - names and usages of a signer's certificate. */
#include "trust/x509_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "model/facts.h"

#define NAMES_MAX 64

X509 *x509_certificate_read(struct wire_string der)
{
	const unsigned char *at = der.bytes;
	X509 *certificate = d2i_X509(NULL, &at, (long)der.length);
	if (certificate != NULL && at != der.bytes + der.length) {
		X509_free(certificate);
		certificate = NULL;
	}
	ERR_clear_error();
	return certificate;
}

int x509_certificate_fingerprint(char out[X509_FINGERPRINT_BYTES],
				 struct wire_string der)
{
	struct digest digest;
	if (digest_of(der.bytes, der.length, &digest) != 0)
		return ERROR_MEMORY;
	memcpy(out, "X509:", 5);
	digest_hex(&digest, out + 5);
	return 0;
}

static int no_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY,
			 "out of memory while reading a certificate");
}

static const char *name_text(struct arena *arena, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	const char *text = NULL;
	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		long length = BIO_get_mem_data(bio, &bytes);
		text = arena_copy(arena, length == 0 ? "" : bytes, (size_t)length);
	}
	BIO_free(bio);
	return text;
}

static const char *serial_text(struct arena *arena, X509 *certificate)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *hex = number == NULL ? NULL : BN_bn2hex(number);
	const char *text = arena_string(arena, hex);
	OPENSSL_free(hex);
	BN_free(number);
	return text;
}

/* A name with a NUL byte, which other programs would cut there, refuses. */
static int add_name(struct x509_fact *fact, struct arena *arena, const char *kind,
		    const ASN1_STRING *string, struct error *err)
{
	const char *bytes = (const char *)ASN1_STRING_get0_data(string);
	int length = ASN1_STRING_length(string);
	if (length <= 0 || memchr(bytes, 0, (size_t)length) != NULL)
		return error_set(err, ERROR_X509_NAME,
				 "a name in the signer's certificate is empty or holds "
				 "a NUL byte");
	if (fact->name_count == NAMES_MAX)
		return error_set(err, ERROR_X509_NAMES_MANY,
				 "the signer's certificate has over %d names",
				 NAMES_MAX);
	char *text = arena_printf(arena, "%s:%.*s", kind, length, bytes);
	if (text == NULL)
		return no_memory(err);
	fact->names[fact->name_count++] = text;
	return 0;
}

static int add_alternative(struct x509_fact *fact, struct arena *arena,
			   const GENERAL_NAME *name, struct error *err)
{
	switch (name->type) {
	case GEN_EMAIL:
		return add_name(fact, arena, "email", name->d.rfc822Name, err);
	case GEN_URI:
		return add_name(fact, arena, "uri", name->d.uniformResourceIdentifier,
				err);
	case GEN_DNS:
		return add_name(fact, arena, "dns", name->d.dNSName, err);
	default:
		return 0;
	}
}

static int add_alternatives(struct x509_fact *fact, struct arena *arena, X509 *signer,
			    struct error *err)
{
	int critical = 0;
	GENERAL_NAMES *names =
		X509_get_ext_d2i(signer, NID_subject_alt_name, &critical, NULL);
	int rc = 0;
	ERR_clear_error();
	/* -1: there are none. */
	if (names == NULL && critical != -1)
		return error_set(err, ERROR_X509_NAMES_FORM,
				 "the alternative names of the signer's certificate "
				 "are malformed or stand there twice");
	for (int i = 0; rc == 0 && i < sk_GENERAL_NAME_num(names); i++)
		rc = add_alternative(fact, arena, sk_GENERAL_NAME_value(names, i), err);
	GENERAL_NAMES_free(names);
	return rc;
}

static int add_subject_emails(struct x509_fact *fact, struct arena *arena, X509 *signer,
			      struct error *err)
{
	const X509_NAME *subject = X509_get_subject_name(signer);
	int rc = 0;
	for (int at = -1; rc == 0;) {
		at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at);
		if (at < 0)
			break;
		rc = add_name(
			fact, arena, "email",
			X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)),
			err);
	}
	return rc;
}

int x509_certificate_names(struct x509_fact *fact, struct arena *arena, X509 *signer,
			   struct error *err)
{
	fact->subject = name_text(arena, X509_get_subject_name(signer));
	fact->issuer = name_text(arena, X509_get_issuer_name(signer));
	fact->serial = serial_text(arena, signer);
	fact->names = arena_array(arena, NAMES_MAX, sizeof(*fact->names));
	fact->name_count = 0;
	if (fact->subject == NULL || fact->issuer == NULL || fact->serial == NULL ||
	    fact->names == NULL)
		return no_memory(err);
	int rc = add_alternatives(fact, arena, signer, err);
	return rc == 0 ? add_subject_emails(fact, arena, signer, err) : rc;
}

int x509_certificate_usage(X509 *signer, struct error *err)
{
	/* Also reads the extensions; malformed or doubled ones set a flag. */
	uint32_t flags = X509_get_extension_flags(signer);
	if ((flags & EXFLAG_INVALID) != 0)
		return error_set(err, ERROR_X509_EXTENSIONS,
				 "the extensions of the signer's certificate are "
				 "malformed or stand there twice");
	if ((flags & EXFLAG_KUSAGE) != 0 &&
	    (X509_get_key_usage(signer) &
	     (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return error_set(err, ERROR_X509_KEY_USAGE,
				 "the signer's certificate is not for signing (key "
				 "usage)");
	if ((flags & EXFLAG_XKUSAGE) != 0 &&
	    (X509_get_extended_key_usage(signer) &
	     (XKU_SMIME | XKU_CODE_SIGN | XKU_ANYEKU)) == 0)
		return error_set(err, ERROR_X509_EXTENDED_USAGE,
				 "the signer's certificate is neither for mail nor for "
				 "code (extended key usage)");
	return 0;
}
