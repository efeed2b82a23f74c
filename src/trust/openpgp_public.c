/* trust/openpgp_public.c - public keys and the numbers of signatures, as OpenSSL wants
 * them. */
#include "trust/openpgp_public.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "trust/public_key.h"
#include "trust/ready.h"

#define HEAD_BYTES         6 /* version, time, algorithm */
#define ED25519_BYTES      32
#define PREFIX_COMPRESSED  0x40 /* of a point that is its own encoding */
#define PREFIX_POINT       0x04
#define NUMBER_BYTES_MAX   2048 /* RSA-16384 */
#define EXPONENT_BYTES_MAX 8
#define TRAILER_MARK       0xFF

static const struct curve {
	const unsigned char *identifier;
	size_t identifier_length;
	const char *group;
	size_t size;
} curves[] = {
	{ (const unsigned char *)"\x2A\x86\x48\xCE\x3D\x03\x01\x07", 8, "P-256", 32 },
	{ (const unsigned char *)"\x2B\x81\x04\x00\x22", 5, "P-384", 48 },
	{ (const unsigned char *)"\x2B\x81\x04\x00\x23", 5, "P-521", 66 },
};
static const unsigned char ed25519_identifier[] = { 0x2B, 0x06, 0x01, 0x04, 0x01,
						    0xDA, 0x47, 0x0F, 0x01 };

/* --- digests --- */

static const struct {
	uint8_t hash;
	const char *name;
} digest_names[] = {
	{ OPENPGP_SHA1, "SHA1" },
	{ OPENPGP_SHA256, "SHA256" },
	{ OPENPGP_SHA384, "SHA384" },
	{ OPENPGP_SHA512, "SHA512" },
};
#define DIGEST_COUNT (sizeof(digest_names) / sizeof(digest_names[0]))

static EVP_MD *digests[DIGEST_COUNT];
static pthread_once_t digests_once = PTHREAD_ONCE_INIT;

/* Fetching takes locks and string look-ups: once. */
static void fetch_digests(void)
{
	for (size_t i = 0; i < DIGEST_COUNT; i++)
		digests[i] = EVP_MD_fetch(NULL, digest_names[i].name, NULL);
}

/* NULL: not known, or the library does not have it. */
static const EVP_MD *digest_of_number(uint8_t hash)
{
	pthread_once(&digests_once, fetch_digests);
	for (size_t i = 0; i < DIGEST_COUNT; i++)
		if (digest_names[i].hash == hash)
			return digests[i];
	return NULL;
}

struct hashed {
	const EVP_MD *digest;
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int length;
};

static int no_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY,
			 "out of memory while verifying a signature");
}

static int hash_pieces(struct hashed *out, const EVP_MD *digest,
		       const struct octets *pieces, size_t count,
		       const struct octets *trailer, size_t trailer_count)
{
	EVP_MD_CTX *context = ready_hashing();
	int good = context != NULL && EVP_DigestInit_ex2(context, digest, NULL) == 1;
	for (size_t i = 0; good && i < count; i++)
		good = EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].length);
	for (size_t i = 0; good && i < trailer_count; i++)
		good = EVP_DigestUpdate(context, trailer[i].bytes, trailer[i].length);
	if (good)
		good = EVP_DigestFinal_ex(context, out->bytes, &out->length);
	out->digest = digest;
	return good ? 0 : ERROR_MEMORY;
}

static int make_fingerprint(struct openpgp_public *out, struct error *err)
{
	const unsigned char head[3] = { 0x99, (unsigned char)(out->body.length >> 8),
					(unsigned char)out->body.length };
	const struct octets pieces[] = { { head, sizeof(head) }, out->body };
	struct hashed hashed;
	const EVP_MD *digest = digest_of_number(OPENPGP_SHA1);
	if (digest == NULL)
		return error_set(err, ERROR_UNSUPPORTED,
				 "this system's OpenSSL has no SHA-1, which names "
				 "OpenPGP keys");
	if (hash_pieces(&hashed, digest, pieces, 2, NULL, 0) != 0)
		return no_memory(err);
	memcpy(out->fingerprint, hashed.bytes, sizeof(out->fingerprint));
	return 0;
}

/* --- public keys --- */

static int malformed(struct error *err, const char *what)
{
	return error_set(err, ERROR_OPENPGP_CERTIFICATE_FORM,
			 "the OpenPGP key's %s is malformed", what);
}

static int parse_rsa(struct openpgp_public *out, struct octets rest, struct error *err)
{
	if (openpgp_number(&rest, &out->key, NULL) != 0 ||
	    openpgp_number(&rest, &out->exponent, NULL) != 0 || rest.length != 0 ||
	    out->key.length == 0 || out->key.length > NUMBER_BYTES_MAX ||
	    out->exponent.length == 0 || out->exponent.length > EXPONENT_BYTES_MAX ||
	    !(out->exponent.bytes[out->exponent.length - 1] & 1))
		return malformed(err, "RSA modulus or exponent");
	out->family = OPENPGP_FAMILY_RSA;
	out->size = out->key.length;
	return 0;
}

static bool take_identifier(struct octets *rest, struct octets *out)
{
	if (rest->length < 1 || rest->bytes[0] == 0 || rest->bytes[0] == 0xFF ||
	    rest->length - 1 < rest->bytes[0])
		return false;
	*out = (struct octets){ rest->bytes + 1, rest->bytes[0] };
	*rest = (struct octets){ out->bytes + out->length,
				 rest->length - 1 - out->length };
	return true;
}

static int parse_ecdsa(struct openpgp_public *out, struct octets rest,
		       struct error *err)
{
	struct octets identifier;
	struct octets point;
	const struct curve *curve = NULL;
	if (!take_identifier(&rest, &identifier) ||
	    openpgp_number(&rest, &point, NULL) != 0 || rest.length != 0)
		return malformed(err, "curve or point");
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (identifier.length == curves[i].identifier_length &&
		    memcmp(identifier.bytes, curves[i].identifier, identifier.length) ==
			    0)
			curve = &curves[i];
	if (curve == NULL)
		return 0;
	if (point.length != 1 + 2 * curve->size || point.bytes[0] != PREFIX_POINT)
		return malformed(err, "point");
	out->family = OPENPGP_FAMILY_ECDSA;
	out->group = curve->group;
	out->size = curve->size;
	out->key = point;
	return 0;
}

static int parse_eddsa(struct openpgp_public *out, struct octets rest,
		       struct error *err)
{
	struct octets identifier;
	struct octets point;
	if (!take_identifier(&rest, &identifier) ||
	    openpgp_number(&rest, &point, NULL) != 0 || rest.length != 0)
		return malformed(err, "curve or point");
	if (identifier.length != sizeof(ed25519_identifier) ||
	    memcmp(identifier.bytes, ed25519_identifier, identifier.length) != 0)
		return 0;
	if (point.length != 1 + ED25519_BYTES || point.bytes[0] != PREFIX_COMPRESSED)
		return malformed(err, "point");
	out->family = OPENPGP_FAMILY_EDDSA;
	out->size = ED25519_BYTES;
	out->key = (struct octets){ point.bytes + 1, ED25519_BYTES };
	return 0;
}

static int parse_material(struct openpgp_public *out, struct octets rest,
			  struct error *err)
{
	switch (out->algorithm) {
	case OPENPGP_RSA:
	case OPENPGP_RSA_SIGN:
		return parse_rsa(out, rest, err);
	case OPENPGP_ECDSA:
		return parse_ecdsa(out, rest, err);
	case OPENPGP_EDDSA:
		return parse_eddsa(out, rest, err);
	case OPENPGP_ED25519:
		if (rest.length != ED25519_BYTES)
			return malformed(err, "point");
		out->family = OPENPGP_FAMILY_ED25519;
		out->size = ED25519_BYTES;
		out->key = rest;
		return 0;
	default:
		return 0;
	}
}

int openpgp_public_parse(struct openpgp_public *out, struct octets body,
			 struct error *err)
{
	struct openpgp_public public = { .body = body };
	if (body.length < 1 || body.bytes[0] != 4)
		return error_set(err, ERROR_OPENPGP_CERTIFICATE_VERSION,
				 "the OpenPGP key is not of version 4");
	if (body.length < HEAD_BYTES || body.length > UINT16_MAX)
		return malformed(err, "head");
	public.created = (int64_t)body.bytes[1] << 24 | body.bytes[2] << 16 |
			 body.bytes[3] << 8 | body.bytes[4];
	public.algorithm = body.bytes[5];
	const struct octets rest = { body.bytes + HEAD_BYTES,
				     body.length - HEAD_BYTES };
	int rc = parse_material(&public, rest, err);
	if (rc == 0)
		rc = make_fingerprint(&public, err);
	if (rc == 0)
		*out = public;
	return rc;
}

EVP_PKEY *openpgp_public_ready(const struct openpgp_public *public)
{
	EVP_PKEY *key = NULL;
	switch (public->family) {
	case OPENPGP_FAMILY_RSA:
		key = public_key_rsa(public->key.bytes, public->key.length,
				     public->exponent.bytes, public->exponent.length);
		break;
	case OPENPGP_FAMILY_ECDSA:
		key = public_key_ecdsa(public->group, public->key.bytes,
				       public->key.length);
		break;
	case OPENPGP_FAMILY_EDDSA:
	case OPENPGP_FAMILY_ED25519:
		key = public_key_ed25519(public->key.bytes, public->key.length);
		break;
	case OPENPGP_FAMILY_UNKNOWN:
		break;
	}
	ERR_clear_error();
	return key;
}

/* --- signatures --- */

/* What OpenSSL is given: a number as long as the modulus, DER, or 64 bytes. */
struct encoded {
	unsigned char bytes[NUMBER_BYTES_MAX];
	size_t length;
};

static int take_number(struct octets *rest, size_t size, struct octets *out,
		       struct error *err)
{
	int rc = openpgp_number(rest, out, err);
	if (rc == 0 && out->length > size)
		rc = error_set(err, ERROR_OPENPGP_NUMBER_SIZE,
			       "a number of the OpenPGP signature has %zu bytes; its "
			       "key's have %zu",
			       out->length, size);
	return rc;
}

static int number_zero(struct error *err)
{
	return error_set(err, ERROR_OPENPGP_NUMBER_ZERO,
			 "a number of the OpenPGP signature is zero");
}

/* Numbers are written without leading zeros; the library wants a fixed length. */
static void put_padded(unsigned char *out, size_t size, struct octets number)
{
	memset(out, 0, size - number.length);
	memcpy(out + size - number.length, number.bytes, number.length);
}

static int encode_rsa(struct encoded *out, const struct openpgp_public *public,
		      struct octets *rest, struct error *err)
{
	struct octets number;
	int rc = take_number(rest, public->size, &number, err);
	if (rc == 0 && number.length == 0)
		rc = number_zero(err);
	if (rc != 0)
		return rc;
	put_padded(out->bytes, public->size, number);
	out->length = public->size;
	return 0;
}

static int encode_eddsa(struct encoded *out, struct octets *rest, struct error *err)
{
	struct octets r;
	struct octets s;
	int rc = take_number(rest, ED25519_BYTES, &r, err);
	if (rc == 0)
		rc = take_number(rest, ED25519_BYTES, &s, err);
	if (rc == 0 && (r.length == 0 || s.length == 0))
		rc = number_zero(err);
	if (rc != 0)
		return rc;
	put_padded(out->bytes, ED25519_BYTES, r);
	put_padded(out->bytes + ED25519_BYTES, ED25519_BYTES, s);
	out->length = 2 * ED25519_BYTES;
	return 0;
}

static int encode_ecdsa(struct encoded *out, const struct openpgp_public *public,
			struct octets *rest, struct error *err)
{
	struct octets r;
	struct octets s;
	int rc = take_number(rest, public->size, &r, err);
	if (rc == 0)
		rc = take_number(rest, public->size, &s, err);
	if (rc == 0 && (r.length == 0 || s.length == 0))
		rc = number_zero(err);
	if (rc != 0)
		return rc;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *first = BN_bin2bn(r.bytes, (int)r.length, NULL);
	BIGNUM *second = BN_bin2bn(s.bytes, (int)s.length, NULL);
	int length = -1;
	if (pair != NULL && first != NULL && second != NULL &&
	    ECDSA_SIG_set0(pair, first, second) == 1) {
		unsigned char *at = out->bytes;
		first = second = NULL; /* the pair's now */
		length = i2d_ECDSA_SIG(pair, &at);
	}
	BN_free(first);
	BN_free(second);
	ECDSA_SIG_free(pair);
	if (length <= 0)
		return no_memory(err);
	out->length = (size_t)length;
	return 0;
}

static int encode_raw(struct encoded *out, struct octets *rest, struct error *err)
{
	if (rest->length < 2 * ED25519_BYTES)
		return error_set(err, ERROR_OPENPGP_NUMBER_TRUNCATED,
				 "the OpenPGP signature has %zu bytes, not 64",
				 rest->length);
	memcpy(out->bytes, rest->bytes, 2 * ED25519_BYTES);
	out->length = 2 * ED25519_BYTES;
	rest->bytes += out->length;
	rest->length -= out->length;
	return 0;
}

static int encode(struct encoded *out, const struct openpgp_public *public,
		  const struct openpgp_signature *signature, struct error *err)
{
	struct octets rest = signature->numbers;
	int rc = ERROR_INTERNAL;
	switch (public->family) {
	case OPENPGP_FAMILY_RSA:
		rc = encode_rsa(out, public, &rest, err);
		break;
	case OPENPGP_FAMILY_ECDSA:
		rc = encode_ecdsa(out, public, &rest, err);
		break;
	case OPENPGP_FAMILY_EDDSA:
		rc = encode_eddsa(out, &rest, err);
		break;
	case OPENPGP_FAMILY_ED25519:
		rc = encode_raw(out, &rest, err);
		break;
	case OPENPGP_FAMILY_UNKNOWN:
		return error_set(err, ERROR_OPENPGP_KEY_UNSUPPORTED,
				 "the OpenPGP key is of algorithm %u or a curve that "
				 "is not read",
				 public->algorithm);
	}
	if (rc == 0 && rest.length != 0)
		rc = error_set(err, ERROR_OPENPGP_NUMBER_TRAILING,
			       "%zu bytes follow the numbers of the OpenPGP signature",
			       rest.length);
	return rc;
}

/* Either number may name RSA: 3 is the one for signing only. */
static bool algorithm_fits(const struct openpgp_public *public,
			   const struct openpgp_signature *signature)
{
	if (public->family == OPENPGP_FAMILY_RSA)
		return signature->algorithm == OPENPGP_RSA ||
		       signature->algorithm == OPENPGP_RSA_SIGN;
	return signature->algorithm == public->algorithm;
}

static int check(const struct openpgp_public *public, EVP_PKEY *key,
		 const struct hashed *hashed, const struct encoded *encoded,
		 struct error *err)
{
	/* Edwards curves sign messages: here the digest is one. */
	bool message = public->family == OPENPGP_FAMILY_EDDSA ||
		       public->family == OPENPGP_FAMILY_ED25519;
	int answer = ready_verify(key, message ? NULL : hashed->digest, hashed->bytes,
				  hashed->length, encoded->bytes, encoded->length);
	if (answer == 1)
		return 0;
	if (answer < 0)
		return no_memory(err);
	return error_set(err, ERROR_OPENPGP_MISMATCH,
			 "the OpenPGP signature does not belong to these bytes and "
			 "this key");
}

int openpgp_public_verify(const struct openpgp_public *public, EVP_PKEY *key,
			  const struct openpgp_signature *signature,
			  const struct octets *pieces, size_t count, struct error *err)
{
	struct encoded encoded;
	struct hashed hashed;
	const size_t length = signature->hashed.length;
	const unsigned char end[] = { 4,
				      TRAILER_MARK,
				      (unsigned char)(length >> 24),
				      (unsigned char)(length >> 16),
				      (unsigned char)(length >> 8),
				      (unsigned char)length };
	const struct octets trailer[] = { signature->hashed, { end, sizeof(end) } };
	const EVP_MD *digest = digest_of_number(signature->hash);
	if (!algorithm_fits(public, signature))
		return error_set(err, ERROR_OPENPGP_KEY_ALGORITHM,
				 "the OpenPGP signature is of algorithm %u, its key of "
				 "%u",
				 signature->algorithm, public->algorithm);
	if (digest == NULL)
		return error_set(err, ERROR_OPENPGP_HASH,
				 "the OpenPGP signature uses hash %u, which is not "
				 "read",
				 signature->hash);
	int rc = encode(&encoded, public, signature, err);
	if (rc == 0 && hash_pieces(&hashed, digest, pieces, count, trailer, 2) != 0)
		rc = no_memory(err);
	return rc == 0 ? check(public, key, &hashed, &encoded, err) : rc;
}
