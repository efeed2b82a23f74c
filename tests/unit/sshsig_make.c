/* tests/unit/sshsig_make.c - makes SSH keys and signatures in software. */
#include "sshsig_make.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define APPLICATION "ssh:"

static const struct {
	const char *name;
	const char *curve;
	const char *group;
	const char *digest;
	size_t coordinate;
	bool security_key;
} kinds[KEY_KINDS] = {
	[KEY_ED25519] = { "ssh-ed25519", NULL, NULL, NULL, 0, false },
	[KEY_ECDSA_256] = { "ecdsa-sha2-nistp256", "nistp256", "P-256", "SHA256", 32,
			    false },
	[KEY_ECDSA_384] = { "ecdsa-sha2-nistp384", "nistp384", "P-384", "SHA384", 48,
			    false },
	[KEY_ECDSA_521] = { "ecdsa-sha2-nistp521", "nistp521", "P-521", "SHA512", 66,
			    false },
	[KEY_RSA] = { "ssh-rsa", NULL, NULL, "SHA512", 0, false },
	[KEY_SK_ED25519] = { "sk-ssh-ed25519@openssh.com", NULL, NULL, NULL, 0, true },
	[KEY_SK_ECDSA] = { "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", "P-256",
			   "SHA256", 32, true },
};

const char *key_kind_name(enum key_kind kind)
{
	return kinds[kind].name;
}

static const char *or_text(const char *changed, const char *genuine)
{
	return changed != NULL ? changed : genuine;
}

struct software_key *software_key_new(enum key_kind kind, unsigned int rsa_bits)
{
	struct software_key *key = calloc(1, sizeof(*key));
	ck_assert_ptr_nonnull(key);
	key->kind = kind;
	if (kinds[kind].group != NULL)
		key->pkey = EVP_EC_gen(kinds[kind].group);
	else if (kind == KEY_RSA)
		key->pkey = EVP_RSA_gen(rsa_bits != 0 ? rsa_bits : 2048);
	else
		key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	ck_assert_ptr_nonnull(key->pkey);
	return key;
}

void software_key_free(struct software_key *key)
{
	EVP_PKEY_free(key->pkey);
	free(key);
}

static void put_u32(struct buf *out, size_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_byte(out, (unsigned char)(value >> shift & 0xff));
}

static void put_string(struct buf *out, const void *bytes, size_t length)
{
	put_u32(out, length);
	buf_add(out, bytes, length);
}

static void put_text(struct buf *out, const char *text)
{
	put_string(out, text, strlen(text));
}

/* A positive number in its shortest form, or `extra` zero bytes longer. */
static void put_number(struct buf *out, const unsigned char *bytes, size_t length,
		       bool sign, size_t extra)
{
	while (length > 0 && bytes[0] == 0) {
		bytes++;
		length--;
	}
	size_t zeros = extra + (sign && (bytes[0] & 0x80) != 0);
	put_u32(out, zeros + length);
	for (size_t i = 0; i < zeros; i++)
		buf_add_byte(out, 0);
	buf_add(out, bytes, length);
}

/* --- public keys --- */

static void put_point(struct buf *out, const struct software_key *key,
		      const struct key_changes *changes)
{
	unsigned char point[256] = { 0 };
	size_t length = 0;
	if (kinds[key->kind].curve != NULL) {
		/* fromdata gives what it was given; generated keys are uncompressed. */
		ck_assert_int_eq(EVP_PKEY_get_octet_string_param(
					 key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
					 sizeof(point), &length),
				 1);
	} else {
		length = sizeof(point);
		ck_assert_int_eq(EVP_PKEY_get_raw_public_key(key->pkey, point, &length),
				 1);
	}
	if (changes->off_curve)
		point[length - 1] ^= 1;
	if (changes->point_first != 0)
		point[0] = (unsigned char)changes->point_first;
	put_string(out, point,
		   changes->point_length != 0 ? changes->point_length : length);
}

static void put_rsa(struct buf *out, const struct software_key *key,
		    const struct key_changes *changes)
{
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;
	unsigned char bytes[4096];
	EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n);
	EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e);
	if (changes->exponent != 0)
		ck_assert_int_eq(BN_set_word(e, changes->exponent), 1);
	size_t length = (size_t)BN_bn2bin(e, bytes);
	put_number(out, bytes, length, true, 0);
	length = (size_t)BN_bn2bin(n, bytes);
	if (changes->modulus_bytes != 0) {
		length = changes->modulus_bytes;
		memset(bytes, 0xa5, length);
	}
	put_number(out, bytes, length, !changes->negative, changes->padded_modulus);
	BN_free(n);
	BN_free(e);
}

void make_key_blob(struct buf *out, const struct software_key *key,
		   const struct key_changes *changes)
{
	put_text(out, or_text(changes->type, kinds[key->kind].name));
	if (key->kind == KEY_RSA) {
		put_rsa(out, key, changes);
	} else {
		if (kinds[key->kind].curve != NULL)
			put_text(out, or_text(changes->curve, kinds[key->kind].curve));
		put_point(out, key, changes);
	}
	if (kinds[key->kind].security_key)
		put_text(out, or_text(changes->application, APPLICATION));
	buf_add_string(out, or_text(changes->trailing, ""));
	buf_truncate(out, out->length - changes->cut);
	ck_assert_int_eq(out->failed, 0);
}

void make_key_line(struct buf *out, const struct software_key *key,
		   const struct key_changes *changes)
{
	struct buf blob = BUF_INIT(65536);
	make_key_blob(&blob, key, changes);
	buf_addf(out, "%s ", or_text(changes->type, kinds[key->kind].name));
	base64_encode(blob.data, blob.length, out);
	buf_add_string(out, " test");
	buf_release(&blob);
}

/* --- signatures --- */

static void digest_with(const char *name, const void *bytes, size_t length,
			struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int written;
	ck_assert_int_eq(EVP_Digest(bytes, length, digest, &written,
				    EVP_get_digestbyname(name), NULL),
			 1);
	buf_add(out, digest, written);
}

static void sign_with(const struct software_key *key, const char *digest,
		      const struct buf *data, struct buf *out)
{
	unsigned char signature[4096];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ck_assert_int_eq(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL,
					       key->pkey, NULL),
			 1);
	ck_assert_int_eq(EVP_DigestSign(context, signature, &length,
					(const unsigned char *)data->data,
					data->length),
			 1);
	EVP_MD_CTX_free(context);
	buf_add(out, signature, length);
}

/* DER to SSH's two numbers. */
static void numbers_from_der(struct buf *raw, const struct sig_changes *changes)
{
	const unsigned char *der = (const unsigned char *)raw->data;
	unsigned char bytes[128];
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)raw->length);
	ck_assert_ptr_nonnull(signature);
	buf_reset(raw);
	size_t length = (size_t)BN_bn2bin(ECDSA_SIG_get0_r(signature), bytes);
	if (changes->number != NULL)
		put_string(raw, changes->number, changes->number_length);
	else
		put_number(raw, bytes, length, true, changes->padded_number);
	length = (size_t)BN_bn2bin(ECDSA_SIG_get0_s(signature), bytes);
	put_number(raw, bytes, length, true, 0);
	ECDSA_SIG_free(signature);
	buf_add_string(raw, or_text(changes->numbers_trailing, ""));
	buf_truncate(raw, raw->length - changes->numbers_cut);
}

static void put_signed_data(struct buf *out, const void *payload, size_t length,
			    const struct sig_changes *changes)
{
	struct buf digest = BUF_INIT(64);
	const char *hash = or_text(changes->hash, "sha512");
	digest_with(hash, payload, length, &digest);
	buf_add_string(out, "SSHSIG");
	put_text(out, or_text(changes->name, "git"));
	put_text(out, or_text(changes->reserved, ""));
	put_text(out, hash);
	put_string(out, digest.data, digest.length);
	buf_release(&digest);
}

static void wrap_for_token(struct buf *data, const char *application,
			   unsigned char flags)
{
	struct buf wrapped = BUF_INIT(256);
	digest_with("SHA256", application, strlen(application), &wrapped);
	buf_add_byte(&wrapped, flags);
	put_u32(&wrapped, 7);
	digest_with("SHA256", data->data, data->length, &wrapped);
	buf_reset(data);
	buf_add(data, wrapped.data, wrapped.length);
	buf_release(&wrapped);
}

static void put_inner(struct buf *out, const struct software_key *key, struct buf *data,
		      const struct sig_changes *changes)
{
	struct buf raw = BUF_INIT(65536);
	unsigned char flags =
		changes->flags != 0 ? (unsigned char)changes->flags : 0x05;
	bool token = kinds[key->kind].security_key;
	if (token)
		wrap_for_token(data, or_text(changes->key.application, APPLICATION),
			       flags);
	sign_with(key, or_text(changes->rsa_digest, kinds[key->kind].digest), data,
		  &raw);
	if (kinds[key->kind].curve != NULL)
		numbers_from_der(&raw, changes);
	if (changes->flip != 0)
		raw.data[changes->flip - 1] ^= 1;
	while (changes->raw_length > raw.length)
		buf_add_byte(&raw, 0);
	if (changes->raw_length != 0)
		buf_truncate(&raw, changes->raw_length);
	const char *name =
		key->kind == KEY_RSA ? "rsa-sha2-512" : kinds[key->kind].name;
	put_text(out, or_text(changes->type, name));
	put_string(out, raw.data, raw.length);
	if (token) {
		buf_add_byte(out, changes->flags_written != NULL
					  ? (unsigned char)changes->flags_written[0]
					  : flags);
		put_u32(out, 7);
	}
	buf_add_string(out, or_text(changes->inner_trailing, ""));
	buf_truncate(out, out->length - changes->inner_cut);
	buf_release(&raw);
}

void make_signature_blob(struct buf *out, const struct software_key *key,
			 const void *payload, size_t length,
			 const struct sig_changes *changes)
{
	struct buf public_key = BUF_INIT(65536);
	struct buf inner = BUF_INIT(65536);
	struct buf data = BUF_INIT(65536);
	if (changes->public_key != NULL)
		buf_add(&public_key, changes->public_key->data,
			changes->public_key->length);
	else
		make_key_blob(&public_key,
			      changes->other_key != NULL ? changes->other_key : key,
			      &changes->key);
	put_signed_data(&data, payload, length, changes);
	put_inner(&inner, key, &data, changes);
	buf_add_string(out, or_text(changes->magic, "SSHSIG"));
	put_u32(out, changes->version != 0 ? changes->version : 1);
	put_string(out, public_key.data, public_key.length);
	put_text(out, or_text(changes->name, "git"));
	put_text(out, or_text(changes->reserved, ""));
	put_text(out, or_text(changes->hash, "sha512"));
	put_string(out, inner.data, inner.length);
	buf_add_string(out, or_text(changes->trailing, ""));
	buf_truncate(out, out->length - changes->cut);
	ck_assert_int_eq(out->failed, 0);
	buf_release(&data);
	buf_release(&inner);
	buf_release(&public_key);
}

void make_armor(struct buf *out, const void *blob, size_t length)
{
	struct buf base64 = BUF_INIT(1 << 20);
	base64_encode(blob, length, &base64);
	buf_add_string(out, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t at = 0; at < base64.length; at += 70) {
		size_t left = base64.length - at;
		buf_add(out, base64.data + at, left < 70 ? left : 70);
		buf_add_byte(out, '\n');
	}
	buf_add_string(out, "-----END SSH SIGNATURE-----\n");
	ck_assert_int_eq(out->failed, 0);
	buf_release(&base64);
}

void make_signature(struct buf *out, const struct software_key *key,
		    const void *payload, size_t length,
		    const struct sig_changes *changes)
{
	struct buf blob = BUF_INIT(1 << 20);
	make_signature_blob(&blob, key, payload, length, changes);
	make_armor(out, blob.data, blob.length);
	buf_release(&blob);
}

/* --- certificates --- */

static void put_u64(struct buf *out, uint64_t value)
{
	put_u32(out, value >> 32);
	put_u32(out, value & 0xffffffff);
}

static void put_principals(struct buf *out, const struct certificate_changes *changes)
{
	struct buf list = BUF_INIT(1 << 20);
	char name[32];
	for (size_t i = 0; i < 4 && changes->principals[i] != NULL; i++)
		put_text(&list, changes->principals[i]);
	for (size_t i = 0;
	     changes->principal_count != SIZE_MAX && i < changes->principal_count;
	     i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		put_text(&list, name);
	}
	if (changes->raw_principals != NULL)
		buf_add(&list, changes->raw_principals, changes->raw_principals_length);
	else if (list.length == 0 && changes->principal_count != SIZE_MAX)
		put_text(&list, "alice");
	put_string(out, list.data, list.length);
	buf_release(&list);
}

static void put_options(struct buf *out, const char *const names[2])
{
	struct buf list = BUF_INIT(65536);
	for (size_t i = 0; i < 2 && names[i] != NULL; i++) {
		put_text(&list, names[i]);
		put_text(&list, "");
	}
	put_string(out, list.data, list.length);
	buf_release(&list);
}

/* The fields of the plain key, which stand behind its type. */
static void put_key_fields(struct buf *out, const struct software_key *key,
			   const struct key_changes *changes)
{
	struct buf plain = BUF_INIT(65536);
	make_key_blob(&plain, key, changes);
	size_t type = 4 + strlen(or_text(changes->type, kinds[key->kind].name));
	buf_add(out, plain.data + type, plain.length - type);
	buf_release(&plain);
}

static void put_certificate_type(struct buf *out, const struct software_key *key,
				 const struct certificate_changes *changes)
{
	char name[128];
	const char *plain = kinds[key->kind].name;
	snprintf(name, sizeof(name), "%.*s-cert-v01@openssh.com",
		 (int)strcspn(plain, "@"), plain);
	put_text(out, or_text(changes->type, name));
}

void make_certificate(struct buf *out, const struct software_key *key,
		      const struct software_key *ca,
		      const struct certificate_changes *changes)
{
	struct buf ca_blob = BUF_INIT(65536);
	struct buf inner = BUF_INIT(65536);
	struct buf data = BUF_INIT(1 << 20);
	const char *key_id = or_text(changes->key_id, "alice's key");
	put_certificate_type(&data, key, changes);
	put_text(&data, "0123456789abcdef0123456789abcdef");
	put_key_fields(&data, key, &changes->key);
	put_u64(&data, changes->serial != 0 ? changes->serial : 7);
	put_u32(&data, changes->kind != 0 ? changes->kind : 1);
	put_string(&data, key_id,
		   changes->key_id_length != 0 ? changes->key_id_length
					       : strlen(key_id));
	put_principals(&data, changes);
	put_u64(&data, changes->valid_after);
	put_u64(&data, changes->valid_before != 0 ? changes->valid_before : UINT64_MAX);
	if (changes->raw_critical != NULL)
		put_string(&data, changes->raw_critical, changes->raw_critical_length);
	else
		put_options(&data, changes->critical);
	put_options(&data, changes->extensions);
	put_text(&data, or_text(changes->reserved, ""));
	make_key_blob(&ca_blob, ca, &changes->ca);
	if (changes->ca_blob != NULL)
		put_string(&data, changes->ca_blob->data, changes->ca_blob->length);
	else
		put_string(&data, ca_blob.data, ca_blob.length);
	buf_add(out, data.data, data.length);
	put_inner(&inner, ca, &data, &changes->signature);
	put_string(out, inner.data, inner.length);
	buf_add_string(out, or_text(changes->trailing, ""));
	buf_truncate(out, out->length - changes->cut);
	if (changes->flip != 0)
		out->data[changes->flip - 1] ^= 1;
	ck_assert_int_eq(out->failed, 0);
	buf_release(&data);
	buf_release(&inner);
	buf_release(&ca_blob);
}

void make_blob_line(struct buf *out, const struct buf *blob)
{
	size_t type = (unsigned char)blob->data[3];
	buf_addf(out, "%.*s ", (int)type, blob->data + 4);
	base64_encode(blob->data, blob->length, out);
	buf_add_string(out, " test");
}
