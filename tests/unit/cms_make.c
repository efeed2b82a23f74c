/* tests/unit/cms_make.c - makes X.509 certificates and CMS signatures in software. */
#include "cms_make.h"

#include <check.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

#define YEAR (365 * 24 * 3600)

static const char *or_text(const char *changed, const char *genuine)
{
	return changed != NULL ? changed : genuine;
}

/* --- certificates --- */

static EVP_PKEY *new_key(const struct identity_changes *changes)
{
	const char *algorithm = or_text(changes->algorithm, "EC");
	if (strcmp(algorithm, "EC") == 0)
		return EVP_EC_gen("P-256");
	if (strcmp(algorithm, "RSA") == 0)
		return EVP_RSA_gen(changes->rsa_bits != 0 ? changes->rsa_bits : 2048);
	return EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
}

static void add_extension(X509 *certificate, X509V3_CTX *context, int nid,
			  const char *value)
{
	if (*value == '\0')
		return;
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
	ck_assert_msg(extension != NULL, "%s", value);
	ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void add_custom(X509 *certificate, const struct identity_changes *changes)
{
	if (changes->custom == NULL)
		return;
	ASN1_OBJECT *oid = OBJ_txt2obj(changes->custom, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(
		NULL, oid, changes->custom_critical, value);
	ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
}

static void add_extensions(X509 *certificate, X509 *issuer,
			   const struct identity_changes *changes)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	add_extension(certificate, &context, NID_basic_constraints,
		      or_text(changes->constraints,
			      changes->ca ? "critical,CA:TRUE" : "critical,CA:FALSE"));
	add_extension(certificate, &context, NID_key_usage,
		      or_text(changes->usage, changes->ca ? "critical,keyCertSign,"
							    "cRLSign"
							  : "critical,"
							    "digitalSignature"));
	add_extension(certificate, &context, NID_ext_key_usage,
		      or_text(changes->extended, changes->ca ? "" : "emailProtection"));
	add_extension(
		certificate, &context, NID_subject_alt_name,
		or_text(changes->san, changes->ca ? "" : "email:alice@example.org"));
	add_extension(certificate, &context, NID_subject_key_identifier, "hash");
	add_extension(certificate, &context, NID_name_constraints,
		      or_text(changes->name_constraints, ""));
	add_custom(certificate, changes);
}

struct identity *identity_new(const struct identity *issuer,
			      const struct identity_changes *changes)
{
	static long next_serial = 1000;
	struct identity *identity = calloc(1, sizeof(*identity));
	X509 *certificate = X509_new();
	identity->key = new_key(changes);
	identity->certificate = certificate;
	ck_assert_ptr_nonnull(identity->key);
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate),
			 changes->serial != 0 ? changes->serial : next_serial++);
	X509_NAME *subject = X509_get_subject_name(certificate);
	const char *name = or_text(changes->name, "Alice");
	if (*name != '\0')
		X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					   (const unsigned char *)name, -1, -1, 0);
	X509 *by = issuer != NULL ? issuer->certificate : certificate;
	X509_set_issuer_name(certificate, X509_get_subject_name(by));
	ASN1_TIME_set(X509_getm_notBefore(certificate),
		      CMS_MADE_AT + (changes->after != 0 ? changes->after : -YEAR));
	ASN1_TIME_set(X509_getm_notAfter(certificate),
		      CMS_MADE_AT +
			      (changes->before != 0 ? changes->before : 5 * YEAR));
	X509_set_pubkey(certificate, identity->key);
	add_extensions(certificate, by, changes);
	EVP_PKEY *key = issuer != NULL ? issuer->key : identity->key;
	if (changes->finish != NULL)
		changes->finish(certificate, issuer, changes->finish_data);
	const EVP_MD *digest =
		EVP_PKEY_is_a(key, "ED25519")
			? NULL
			: EVP_get_digestbyname(or_text(changes->digest, "SHA256"));
	ck_assert_int_ne(X509_sign(certificate, key, digest), 0);
	if (changes->broken_signature) {
		const ASN1_BIT_STRING *signature;
		X509_get0_signature(&signature, NULL, certificate);
		signature->data[signature->length - 1] ^= 1;
	}
	return identity;
}

void identity_free(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
	free(identity);
}

void identity_der(struct buf *out, const struct identity *identity)
{
	unsigned char *der = NULL;
	int length = i2d_X509(identity->certificate, &der);
	ck_assert_int_gt(length, 0);
	buf_add(out, der, (size_t)length);
	OPENSSL_free(der);
}

static void take_bio(struct buf *out, BIO *bio)
{
	char *bytes;
	long length = BIO_get_mem_data(bio, &bytes);
	buf_add(out, bytes, (size_t)length);
	BIO_free(bio);
}

void identity_pem(struct buf *out, const struct identity *identity)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, identity->certificate);
	take_bio(out, bio);
}

void make_list(struct buf *pem, const struct identity *ca,
	       const struct identity *signer, const long *serials, size_t count,
	       int64_t until)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, CMS_MADE_AT - YEAR);
	X509_CRL_set_version(list, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(ca->certificate));
	X509_CRL_set1_lastUpdate(list, time);
	for (size_t i = 0; i < count; i++) {
		X509_REVOKED *revoked = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		ASN1_INTEGER_set(serial, serials[i]);
		X509_REVOKED_set_serialNumber(revoked, serial);
		X509_REVOKED_set_revocationDate(revoked, time);
		X509_CRL_add0_revoked(list, revoked);
		ASN1_INTEGER_free(serial);
	}
	if (until != 0) {
		ASN1_TIME_set(time, CMS_MADE_AT + until);
		X509_CRL_set1_nextUpdate(list, time);
	}
	ck_assert_int_ne(X509_CRL_sign(list, signer->key, EVP_sha256()), 0);
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509_CRL(bio, list);
	take_bio(pem, bio);
	ASN1_TIME_free(time);
	X509_CRL_free(list);
}

/* --- DER --- */

static void put_item(struct buf *out, unsigned char tag, const void *bytes,
		     size_t length)
{
	int more = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
	buf_add_byte(out, tag);
	if (more != 0)
		buf_add_byte(out, (unsigned char)(0x80 | more));
	for (int shift = 8 * (more == 0 ? 0 : more - 1); shift >= 0; shift -= 8)
		buf_add_byte(out, (unsigned char)(length >> shift));
	buf_add(out, bytes, length);
}

/* Empties `content`. */
static void put_all(struct buf *out, unsigned char tag, struct buf *content,
		    bool indefinite)
{
	if (indefinite) {
		buf_add_byte(out, tag);
		buf_add_byte(out, 0x80);
		buf_add(out, content->data, content->length);
		buf_add_byte(out, 0);
		buf_add_byte(out, 0);
	} else {
		put_item(out, tag, content->data, content->length);
	}
	buf_release(content);
}

static void put_oid(struct buf *out, const char *text)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(text, 1);
	ck_assert_ptr_nonnull(oid);
	put_item(out, 0x06, OBJ_get0_data(oid), OBJ_length(oid));
	ASN1_OBJECT_free(oid);
}

static void put_number(struct buf *out, int number)
{
	unsigned char byte = (unsigned char)number;
	put_item(out, 0x02, &byte, 1);
}

static void put_algorithm(struct buf *out, const char *oid)
{
	struct buf content = BUF_INIT(1 << 16);
	put_oid(&content, oid);
	put_all(out, 0x30, &content, false);
}

/* --- CMS --- */

#define OID_DATA "1.2.840.113549.1.7.1"
#define OID_SHA2 "2.16.840.1.101.3.4.2."

static const char *digest_oid(const char *digest)
{
	if (strcmp(digest, "SHA384") == 0)
		return OID_SHA2 "2";
	if (strcmp(digest, "SHA512") == 0)
		return OID_SHA2 "3";
	if (strcmp(digest, "SHA1") == 0)
		return "1.3.14.3.2.26";
	return OID_SHA2 "1";
}

static const char *algorithm_oid(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return "1.2.840.113549.1.1.1";
	return EVP_PKEY_is_a(key, "EC") ? "1.2.840.10045.4.3.2" : "1.3.101.112";
}

static void put_attribute(struct buf *out, const char *type, struct buf *value,
			  bool two_values)
{
	struct buf content = BUF_INIT(1 << 16);
	struct buf values = BUF_INIT(1 << 16);
	put_oid(&content, type);
	buf_add(&values, value->data, value->length);
	if (two_values)
		buf_add(&values, value->data, value->length);
	put_all(&content, 0x31, &values, false);
	put_all(out, 0x30, &content, false);
	buf_release(value);
}

static void put_digest_attribute(struct buf *out, const void *payload, size_t length,
				 const struct cms_changes *changes)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int written;
	struct buf value = BUF_INIT(1 << 16);
	ck_assert_int_eq(
		EVP_Digest(
			payload, changes->content_digest_of_other ? length - 1 : length,
			digest, &written,
			EVP_get_digestbyname(or_text(changes->digest, "SHA256")), NULL),
		1);
	put_item(&value, 0x04, digest, written);
	put_attribute(out, "1.2.840.113549.1.9.4", &value, changes->two_values);
}

static void put_attributes(struct buf *out, const void *payload, size_t length,
			   const struct cms_changes *changes)
{
	struct buf value = BUF_INIT(1 << 16);
	const char *time = or_text(changes->time, "260528202640Z");
	put_oid(&value, or_text(changes->attribute_type, OID_DATA));
	if (!changes->no_type)
		put_attribute(out, "1.2.840.113549.1.9.3", &value, false);
	buf_release(&value);
	put_item(&value, 0x17, time, strlen(time));
	if (!changes->no_time)
		put_attribute(out, "1.2.840.113549.1.9.5", &value, false);
	buf_release(&value);
	if (!changes->no_digest)
		put_digest_attribute(out, payload, length, changes);
	if (changes->twice) {
		put_oid(&value, OID_DATA);
		put_attribute(out, "1.2.840.113549.1.9.3", &value, false);
	}
	for (size_t i = 0; i < changes->more_attributes; i++) {
		char type[32];
		snprintf(type, sizeof(type), "1.2.3.%zu", i);
		put_item(&value, 0x05, "", 0);
		put_attribute(out, type, &value, false);
	}
	/* The attribute ends in its set: 30 09, five bytes, 31 02 05 00. */
	if (changes->primitive_set)
		out->data[out->length - 4] = 0x11;
	if (changes->long_length) {
		out->data[out->length - 10]++;
		buf_truncate(out, out->length - 4);
		buf_add(out, "\x31\x81\x02\x05\x00", 5);
	}
}

static void put_signature(struct buf *out, EVP_PKEY *key, struct buf *attributes,
			  const struct cms_changes *changes, struct buf *proof)
{
	struct buf set = BUF_INIT(1 << 16);
	unsigned char signature[4096];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const char *digest = EVP_PKEY_is_a(key, "ED25519")
				     ? NULL
				     : or_text(changes->digest, "SHA256");
	put_item(&set, 0x31, attributes->data, attributes->length);
	ck_assert_int_eq(
		EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
	ck_assert_int_eq(EVP_DigestSign(context, signature, &length,
					(const unsigned char *)set.data, set.length),
			 1);
	if (changes->flip)
		signature[length - 1] ^= 1;
	put_item(out, 0x04, signature, length);
	if (changes->prove != NULL) {
		struct buf bare = BUF_INIT(1 << 16);
		buf_add(&bare, signature, length);
		changes->prove(proof, &set, &bare, changes->prove_data);
		buf_release(&bare);
	}
	EVP_MD_CTX_free(context);
	buf_release(&set);
}

static void put_name(struct buf *out, const struct identity *identity,
		     const struct cms_changes *changes)
{
	X509 *certificate = identity->certificate;
	struct buf content = BUF_INIT(1 << 16);
	unsigned char *der = NULL;
	if (changes->by_key) {
		const ASN1_OCTET_STRING *key = X509_get0_subject_key_id(certificate);
		put_item(out, 0x80, ASN1_STRING_get0_data(key),
			 (size_t)ASN1_STRING_length(key));
		return;
	}
	int length = i2d_X509_NAME(X509_get_issuer_name(certificate), &der);
	buf_add(&content, der, (size_t)length);
	OPENSSL_free(der);
	der = NULL;
	length = i2d_ASN1_INTEGER(X509_get_serialNumber(certificate), &der);
	buf_add(&content, der, (size_t)length);
	OPENSSL_free(der);
	put_all(out, 0x30, &content, false);
}

static void put_signer(struct buf *out, const struct identity *signer,
		       const void *payload, size_t length,
		       const struct cms_changes *changes)
{
	struct buf content = BUF_INIT(1 << 20);
	struct buf attributes = BUF_INIT(1 << 20);
	const struct identity *named = changes->named != NULL ? changes->named : signer;
	EVP_PKEY *key =
		changes->other_key != NULL ? changes->other_key->key : signer->key;
	const char *digest = or_text(changes->digest, "SHA256");
	put_number(&content, changes->signer_version != 0 ? changes->signer_version
			     : changes->by_key            ? 3
							  : 1);
	put_name(&content, named, changes);
	put_algorithm(&content, or_text(changes->digest_oid, digest_oid(digest)));
	put_attributes(&attributes, payload, length, changes);
	struct buf signature = BUF_INIT(1 << 16);
	struct buf proof = BUF_INIT(1 << 20);
	put_signature(&signature, key, &attributes, changes, &proof);
	if (changes->no_attributes)
		buf_release(&attributes);
	else
		put_all(&content, 0xa0, &attributes, changes->indefinite_attributes);
	put_algorithm(&content,
		      or_text(changes->algorithm, algorithm_oid(signer->key)));
	buf_add(&content, signature.data, signature.length);
	buf_release(&signature);
	if (proof.length != 0)
		put_all(&content, 0xa1, &proof, false);
	buf_release(&proof);
	buf_add_string(&content, or_text(changes->signer_trailing, ""));
	put_all(out, 0x30, &content, false);
}

static void put_certificates(struct buf *out, const struct identity *signer,
			     const struct cms_changes *changes)
{
	struct buf content = BUF_INIT(1 << 20);
	if (changes->no_certificates)
		return;
	for (size_t i = 0; i < 3 && changes->others[i] != NULL; i++)
		for (size_t k = 0;
		     k < (i == 0 && changes->copies != 0 ? changes->copies : 1); k++)
			identity_der(&content, changes->others[i]);
	identity_der(&content, signer);
	if (changes->certificate_twice)
		identity_der(&content, signer);
	if (changes->certificate_bytes != NULL)
		memcpy(content.data + content.length / 2, changes->certificate_bytes,
		       4);
	if (changes->other_kind)
		put_item(&content, 0xa1, "", 0);
	put_all(out, 0xa0, &content, changes->indefinite);
}

static void put_signed_data(struct buf *out, const struct identity *signer,
			    const void *payload, size_t length,
			    const struct cms_changes *changes)
{
	struct buf content = BUF_INIT(1 << 20);
	struct buf part = BUF_INIT(1 << 20);
	const char *digest = or_text(changes->digest, "SHA256");
	put_number(&content, changes->version != 0 ? changes->version : 1);
	put_algorithm(&part, or_text(changes->announced,
				     or_text(changes->digest_oid, digest_oid(digest))));
	put_all(&content, 0x31, &part, false);
	put_oid(&part, or_text(changes->content_type, OID_DATA));
	if (changes->embedded != NULL) {
		struct buf held = BUF_INIT(1 << 16);
		put_item(&held, 0x04, changes->embedded, strlen(changes->embedded));
		put_all(&part, 0xa0, &held, false);
	}
	put_all(&content, 0x30, &part, changes->indefinite);
	put_certificates(&content, signer, changes);
	if (changes->lists)
		put_item(&content, 0xa1, "", 0);
	for (int i = 0; i < (changes->signers < 0    ? 0
			     : changes->signers == 0 ? 1
						     : changes->signers);
	     i++)
		put_signer(&part, signer, payload, length, changes);
	put_all(&content, 0x31, &part, false);
	buf_add_string(&content, or_text(changes->trailing_fields, ""));
	put_all(out, 0x30, &content, changes->indefinite);
}

void make_cms(struct buf *out, const struct identity *signer, const void *payload,
	      size_t length, const struct cms_changes *changes)
{
	struct buf content = BUF_INIT(1 << 20);
	struct buf held = BUF_INIT(1 << 20);
	put_oid(&content, or_text(changes->outer_type, "1.2.840.113549.1.7.2"));
	put_signed_data(&held, signer, payload, length, changes);
	put_all(&content, 0xa0, &held, changes->indefinite);
	put_all(out, 0x30, &content, changes->indefinite);
	buf_add_string(out, or_text(changes->trailing, ""));
	buf_truncate(out, out->length - changes->cut);
	ck_assert_int_eq(out->failed, 0);
}

void make_cms_armor(struct buf *out, const struct buf *blob)
{
	struct buf base64 = BUF_INIT(1 << 20);
	base64_encode(blob->data, blob->length, &base64);
	buf_add_string(out, "-----BEGIN SIGNED MESSAGE-----\n");
	for (size_t at = 0; at < base64.length; at += 64) {
		size_t left = base64.length - at;
		buf_add(out, base64.data + at, left < 64 ? left : 64);
		buf_add_byte(out, '\n');
	}
	buf_add_string(out, "-----END SIGNED MESSAGE-----\n");
	buf_release(&base64);
}
