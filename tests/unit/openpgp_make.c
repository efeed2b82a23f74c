/* tests/unit/openpgp_make.c - see the header. */
#include "openpgp_make.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/hash.h"

#define ROOM ((size_t)1 << 16)

/* --- keys --- */

static void add_u16(struct buf *out, size_t value)
{
	buf_add_byte(out, (unsigned char)(value >> 8));
	buf_add_byte(out, (unsigned char)value);
}

static void add_u32(struct buf *out, size_t value)
{
	add_u16(out, value >> 16);
	add_u16(out, value & 0xFFFF);
}

static void add_number(struct buf *out, const unsigned char *bytes, size_t length)
{
	while (length > 1 && bytes[0] == 0) {
		bytes++;
		length--;
	}
	size_t bits = 8 * length;
	for (unsigned int mask = 0x80; mask != 0 && !(bytes[0] & mask); mask >>= 1)
		bits--;
	add_u16(out, bits);
	buf_add(out, bytes, (bits + 7) / 8);
}

static void add_rsa(struct pgp_key *key)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N,
					     OSSL_PKEY_PARAM_RSA_E };
	for (size_t i = 0; i < 2; i++) {
		BIGNUM *number = NULL;
		unsigned char bytes[1024];
		ck_assert_int_eq(EVP_PKEY_get_bn_param(key->key, names[i], &number), 1);
		add_number(&key->body, bytes, (size_t)BN_bn2bin(number, bytes));
		BN_free(number);
	}
}

static void add_point(struct pgp_key *key)
{
	static const struct bytes curves[] = {
		[PGP_P256] = BYTES("\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"),
		[PGP_P384] = BYTES("\x05\x2B\x81\x04\x00\x22"),
		[PGP_P521] = BYTES("\x05\x2B\x81\x04\x00\x23"),
	};
	unsigned char point[256];
	size_t length = 0;
	buf_add(&key->body, curves[key->kind].bytes, curves[key->kind].length);
	ck_assert_int_eq(EVP_PKEY_get_octet_string_param(key->key,
							 OSSL_PKEY_PARAM_PUB_KEY, point,
							 sizeof(point), &length),
			 1);
	add_number(&key->body, point, length);
}

static void add_ed25519(struct pgp_key *key)
{
	unsigned char point[33] = { 0x40 };
	size_t length = 32;
	ck_assert_int_eq(EVP_PKEY_get_raw_public_key(key->key, point + 1, &length), 1);
	if (key->kind == PGP_ED25519_RAW) {
		buf_add(&key->body, point + 1, 32);
		return;
	}
	buf_add(&key->body, "\x09\x2B\x06\x01\x04\x01\xDA\x47\x0F\x01", 10);
	add_number(&key->body, point, sizeof(point));
}

static void make_fingerprint(struct pgp_key *key)
{
	struct buf all = BUF_INIT(ROOM);
	unsigned int length = 0;
	buf_add_byte(&all, 0x99);
	add_u16(&all, key->body.length);
	buf_add(&all, key->body.data, key->body.length);
	ck_assert_int_eq(EVP_Digest(all.data, all.length, key->fingerprint, &length,
				    EVP_sha1(), NULL),
			 1);
	buf_release(&all);
}

void pgp_key_make(struct pgp_key *key, enum pgp_kind kind, uint32_t created)
{
	static const struct {
		unsigned int algorithm;
		const char *name;
		const char *group;
		size_t bits;
	} rows[] = {
		[PGP_ED25519] = { 22, "ED25519", NULL, 0 },
		[PGP_RSA] = { 1, "RSA", NULL, 2048 },
		[PGP_P256] = { 19, "EC", "P-256", 0 },
		[PGP_P384] = { 19, "EC", "P-384", 0 },
		[PGP_P521] = { 19, "EC", "P-521", 0 },
		[PGP_ED25519_RAW] = { 27, "ED25519", NULL, 0 },
		[PGP_RSA_WEAK] = { 1, "RSA", NULL, 1024 },
		[PGP_RSA_4096] = { 1, "RSA", NULL, 4096 },
	};
	*key = (struct pgp_key){ .kind = kind,
				 .algorithm = rows[kind].algorithm,
				 .body = BUF_INIT(ROOM) };
	if (rows[kind].bits != 0)
		key->key =
			EVP_PKEY_Q_keygen(NULL, NULL, rows[kind].name, rows[kind].bits);
	else if (rows[kind].group != NULL)
		key->key = EVP_PKEY_Q_keygen(NULL, NULL, rows[kind].name,
					     rows[kind].group);
	else
		key->key = EVP_PKEY_Q_keygen(NULL, NULL, rows[kind].name);
	ck_assert_ptr_nonnull(key->key);
	buf_add_byte(&key->body, 4);
	add_u32(&key->body, created);
	buf_add_byte(&key->body, (unsigned char)key->algorithm);
	if (rows[kind].bits != 0)
		add_rsa(key);
	else if (rows[kind].group != NULL)
		add_point(key);
	else
		add_ed25519(key);
	make_fingerprint(key);
}

void pgp_key_free(struct pgp_key *key)
{
	EVP_PKEY_free(key->key);
	buf_release(&key->body);
}

/* --- signatures --- */

void pgp_subpacket(struct buf *out, unsigned int type, const void *body, size_t length)
{
	if (length + 1 < 192) {
		buf_add_byte(out, (unsigned char)(length + 1));
	} else {
		buf_add_byte(out, 255);
		add_u32(out, length + 1);
	}
	buf_add_byte(out, (unsigned char)type);
	buf_add(out, body, length);
}

static const EVP_MD *digest_of_number(unsigned int hash)
{
	switch (hash) {
	case 1:
		return EVP_md5();
	case 2:
		return EVP_sha1();
	case 9:
		return EVP_sha384();
	case 10:
		return EVP_sha512();
	case 11:
		return EVP_sha224();
	default:
		return EVP_sha256();
	}
}

static void sign_rsa(struct buf *out, const struct pgp_key *key, const EVP_MD *md,
		     const unsigned char *digest, size_t length)
{
	unsigned char bytes[1024];
	size_t size = sizeof(bytes);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->key, NULL);
	ck_assert(EVP_PKEY_sign_init(context) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
		  EVP_PKEY_sign(context, bytes, &size, digest, length) == 1);
	EVP_PKEY_CTX_free(context);
	add_number(out, bytes, size);
}

static void sign_ecdsa(struct buf *out, const struct pgp_key *key,
		       const unsigned char *digest, size_t length)
{
	unsigned char bytes[256];
	size_t size = sizeof(bytes);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->key, NULL);
	ck_assert(EVP_PKEY_sign_init(context) == 1 &&
		  EVP_PKEY_sign(context, bytes, &size, digest, length) == 1);
	EVP_PKEY_CTX_free(context);
	const unsigned char *at = bytes;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
	unsigned char number[128];
	add_number(out, number, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(pair), number));
	add_number(out, number, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(pair), number));
	ECDSA_SIG_free(pair);
}

static void sign_ed25519(struct buf *out, const struct pgp_key *key,
			 const unsigned char *digest, size_t length)
{
	unsigned char bytes[64];
	size_t size = sizeof(bytes);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ck_assert(EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) == 1 &&
		  EVP_DigestSign(context, bytes, &size, digest, length) == 1);
	EVP_MD_CTX_free(context);
	if (key->kind == PGP_ED25519_RAW) {
		buf_add(out, bytes, size);
		return;
	}
	add_number(out, bytes, 32);
	add_number(out, bytes + 32, 32);
}

static void change_numbers(struct buf *numbers, enum pgp_numbers change)
{
	unsigned char *bytes = (unsigned char *)numbers->data;
	size_t bits = (size_t)bytes[0] << 8 | bytes[1];
	struct buf changed = BUF_INIT(ROOM);
	switch (change) {
	case PGP_NUMBERS_GOOD:
		break;
	case PGP_NUMBERS_CUT:
		buf_truncate(numbers, numbers->length - 1);
		break;
	case PGP_NUMBERS_BITS:
		/* The same number of bytes, unless it was full: then none is lost. */
		bytes[0] = (unsigned char)((bits - 1) >> 8);
		bytes[1] = (unsigned char)(bits - 1);
		break;
	case PGP_NUMBERS_ZERO:
		add_u16(&changed, 0);
		buf_add(&changed, bytes + 2 + (bits + 7) / 8,
			numbers->length - 2 - (bits + 7) / 8);
		break;
	case PGP_NUMBERS_LARGE:
		add_u16(&changed, (bits + 7) / 8 * 8 + 8);
		buf_add_byte(&changed, 0xFF);
		buf_add(&changed, bytes + 2, numbers->length - 2);
		break;
	case PGP_NUMBERS_TRAILING:
		buf_add_string(numbers, "xyz");
		break;
	case PGP_NUMBERS_WRONG:
		bytes[numbers->length - 1] ^= 1;
		break;
	}
	if (changed.length != 0) {
		buf_reset(numbers);
		buf_add(numbers, changed.data, changed.length);
	}
	buf_release(&changed);
}

static void add_hashed(struct buf *out, const struct pgp_key *key,
		       const struct pgp_signature *signature)
{
	uint32_t created =
		signature->created != 0 ? signature->created : PGP_TIME + PGP_DAY;
	const unsigned char time[] = { (unsigned char)(created >> 24),
				       (unsigned char)(created >> 16),
				       (unsigned char)(created >> 8),
				       (unsigned char)created };
	unsigned char fingerprint[21] = { 4 };
	memcpy(fingerprint + 1, key->fingerprint, 20);
	if (!signature->no_fingerprint)
		pgp_subpacket(out, 33, fingerprint, sizeof(fingerprint));
	if (!signature->no_created)
		pgp_subpacket(out, 2, time, sizeof(time));
	buf_add(out, signature->hashed.bytes, signature->hashed.length);
}

static void add_signed_part(struct buf *out, const struct pgp_key *key,
			    const struct pgp_signature *signature)
{
	struct buf hashed = BUF_INIT(ROOM);
	unsigned int hash = signature->hash != 0 ? signature->hash : 8;
	add_hashed(&hashed, key, signature);
	buf_add_byte(out, (unsigned char)(signature->version ? signature->version : 4));
	buf_add_byte(out, (unsigned char)signature->type);
	buf_add_byte(out, (unsigned char)(signature->algorithm ? signature->algorithm
							       : key->algorithm));
	buf_add_byte(out,
		     (unsigned char)(signature->claimed_hash ? signature->claimed_hash
							     : hash));
	add_u16(out, (size_t)((int)hashed.length + signature->hashed_claim));
	buf_add(out, hashed.data, hashed.length);
	buf_release(&hashed);
}

static size_t make_digest(unsigned char *out, const EVP_MD *md, const struct buf *part,
			  const struct bytes *pieces, size_t count)
{
	unsigned int length = 0;
	unsigned char end[6] = { 4, 0xFF };
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	for (size_t i = 0; i < 4; i++)
		end[2 + i] = (unsigned char)(part->length >> (24 - 8 * i));
	EVP_DigestInit(context, md);
	for (size_t i = 0; i < count; i++)
		EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].length);
	EVP_DigestUpdate(context, part->data, part->length);
	EVP_DigestUpdate(context, end, sizeof(end));
	EVP_DigestFinal(context, out, &length);
	EVP_MD_CTX_free(context);
	return length;
}

void pgp_sign(struct buf *out, const struct pgp_key *key,
	      const struct pgp_signature *signature, const struct bytes *pieces,
	      size_t count)
{
	struct buf part = BUF_INIT(ROOM);
	struct buf numbers = BUF_INIT(ROOM);
	struct buf unhashed = BUF_INIT(ROOM);
	unsigned char digest[64];
	const EVP_MD *md = digest_of_number(signature->hash);
	size_t start = out->length;
	add_signed_part(&part, key, signature);
	size_t length = make_digest(digest, md, &part, pieces, count);
	if (key->algorithm == 1)
		sign_rsa(&numbers, key, md, digest, length);
	else if (key->algorithm == 19)
		sign_ecdsa(&numbers, key, digest, length);
	else
		sign_ed25519(&numbers, key, digest, length);
	change_numbers(&numbers, signature->numbers);
	if (!signature->no_issuer)
		pgp_subpacket(&unhashed, 16,
			      signature->other_issuer != NULL ? signature->other_issuer
							      : key->fingerprint + 12,
			      8);
	buf_add(&unhashed, signature->unhashed.bytes, signature->unhashed.length);
	buf_add(out, part.data, part.length);
	add_u16(out, (size_t)((int)unhashed.length + signature->unhashed_claim));
	buf_add(out, unhashed.data, unhashed.length);
	buf_add_byte(out, signature->wrong_left ? digest[0] ^ 0xFF : digest[0]);
	buf_add_byte(out, digest[1]);
	buf_add(out, numbers.data, numbers.length);
	if (signature->cut != 0)
		buf_truncate(out, start + signature->cut);
	buf_release(&part);
	buf_release(&numbers);
	buf_release(&unhashed);
}

void pgp_packet(struct buf *out, unsigned int tag, bool new_format, const void *body,
		size_t length)
{
	if (new_format) {
		buf_add_byte(out, (unsigned char)(0xC0 | tag));
		if (length < 192) {
			buf_add_byte(out, (unsigned char)length);
		} else if (length < 8384) {
			add_u16(out, length - 192 + (192 << 8));
		} else {
			buf_add_byte(out, 255);
			add_u32(out, length);
		}
	} else if (length < 256) {
		buf_add_byte(out, (unsigned char)(0x80 | tag << 2));
		buf_add_byte(out, (unsigned char)length);
	} else {
		buf_add_byte(out, (unsigned char)(0x80 | tag << 2 | 1));
		add_u16(out, length);
	}
	buf_add(out, body, length);
}

void pgp_armor(struct buf *out, const char *kind, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	struct buf base64 = BUF_INIT(4 * ROOM);
	unsigned int crc = 0xB704CE;
	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned int)bytes[i] << 16;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x800000 ? 0x1864CFB : 0);
		crc &= 0xFFFFFF;
	}
	const unsigned char sum[3] = { (unsigned char)(crc >> 16),
				       (unsigned char)(crc >> 8), (unsigned char)crc };
	base64_encode(data, length, &base64);
	buf_addf(out, "-----BEGIN %s-----\n\n", kind);
	for (size_t at = 0; at < base64.length; at += 64) {
		size_t left = base64.length - at;
		buf_add(out, base64.data + at, left < 64 ? left : 64);
		buf_add_byte(out, '\n');
	}
	buf_reset(&base64);
	base64_encode(sum, sizeof(sum), &base64);
	buf_addf(out, "=%s\n-----END %s-----\n", base64.data, kind);
	buf_release(&base64);
}

/* --- certificates --- */

struct frame {
	unsigned char head[5];
	struct bytes pieces[2];
};

static void frame_key(struct frame *frame, const struct pgp_key *key)
{
	frame->head[0] = 0x99;
	frame->head[1] = (unsigned char)(key->body.length >> 8);
	frame->head[2] = (unsigned char)key->body.length;
	frame->pieces[0] = (struct bytes){ (const char *)frame->head, 3 };
	frame->pieces[1] = (struct bytes){ key->body.data, key->body.length };
}

static void add_signature(struct buf *out, const struct pgp_key *key,
			  struct pgp_signature signature, unsigned int type,
			  const struct buf *subpackets, const struct bytes *pieces,
			  size_t count)
{
	struct buf body = BUF_INIT(ROOM);
	struct buf more = BUF_INIT(ROOM);
	buf_add(&more, signature.hashed.bytes, signature.hashed.length);
	if (subpackets != NULL)
		buf_add(&more, subpackets->data, subpackets->length);
	signature.hashed = (struct bytes){ more.data, more.length };
	if (signature.type == 0)
		signature.type = type;
	pgp_sign(&body, key, &signature, pieces, count);
	pgp_packet(out, 2, false, body.data, body.length);
	buf_release(&body);
	buf_release(&more);
}

static void add_binding(struct buf *out, const struct pgp_certificate *certificate,
			const struct bytes *pieces)
{
	struct buf subpackets = BUF_INIT(ROOM);
	struct buf embedded = BUF_INIT(ROOM);
	struct buf unhashed = BUF_INIT(ROOM);
	struct pgp_signature binding = certificate->binding;
	struct pgp_signature back = certificate->back;
	unsigned char flags =
		(unsigned char)(certificate->subkey_flags ? certificate->subkey_flags
							  : 2);
	if (back.type == 0)
		back.type = 0x19;
	pgp_sign(&embedded,
		 certificate->back_by != NULL ? certificate->back_by
					      : certificate->subkey,
		 &back, pieces, 4);
	if (!certificate->no_back)
		pgp_subpacket(&unhashed, 32, embedded.data, embedded.length);
	binding.unhashed = (struct bytes){ unhashed.data, unhashed.length };
	pgp_subpacket(&subpackets, 27, &flags, 1);
	add_signature(out,
		      certificate->bound_by != NULL ? certificate->bound_by
						    : certificate->primary,
		      binding, 0x18, &subpackets, pieces, 4);
	buf_release(&subpackets);
	buf_release(&embedded);
	buf_release(&unhashed);
}

static void add_subkey(struct buf *out, const struct pgp_certificate *certificate,
		       const struct frame *primary)
{
	struct frame frame;
	frame_key(&frame, certificate->subkey);
	const struct bytes pieces[] = { primary->pieces[0], primary->pieces[1],
					frame.pieces[0], frame.pieces[1] };
	pgp_packet(out, 14, false, certificate->subkey->body.data,
		   certificate->subkey->body.length);
	if (certificate->revoke_subkey != NULL)
		add_signature(out,
			      certificate->revoked_by != NULL ? certificate->revoked_by
							      : certificate->primary,
			      *certificate->revoke_subkey, 0x28, NULL, pieces, 4);
	if (!certificate->no_binding)
		add_binding(out, certificate, pieces);
}

#define USER "Test <test@example.org>"

void pgp_certificate(struct buf *out, const struct pgp_certificate *certificate)
{
	static const char head[] = "\xB4\x00\x00\x00\x17";
	const struct pgp_key *primary = certificate->primary;
	struct frame frame;
	struct buf flags = BUF_INIT(16);
	unsigned char flag =
		(unsigned char)(certificate->primary_flags ? certificate->primary_flags
							   : 3);
	frame_key(&frame, primary);
	const struct bytes pieces[] = { frame.pieces[0],
					frame.pieces[1],
					{ head, 5 },
					{ USER, sizeof(USER) - 1 } };
	_Static_assert(sizeof(USER) - 1 == 0x17, "the length in the head");
	pgp_subpacket(&flags, 27, &flag, 1);
	pgp_packet(out, 6, false, primary->body.data, primary->body.length);
	if (certificate->revoke_primary != NULL)
		add_signature(out,
			      certificate->revoked_by != NULL ? certificate->revoked_by
							      : primary,
			      *certificate->revoke_primary, 0x20, NULL, pieces, 2);
	pgp_packet(out, 13, false, USER, sizeof(USER) - 1);
	if (certificate->revoke_user != NULL)
		add_signature(out, primary, *certificate->revoke_user, 0x30, NULL,
			      pieces, 4);
	if (!certificate->no_self)
		add_signature(out, primary, certificate->self, 0x13, &flags, pieces, 4);
	if (certificate->subkey != NULL)
		add_subkey(out, certificate, &frame);
	buf_release(&flags);
}
