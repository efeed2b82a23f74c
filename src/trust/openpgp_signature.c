/* trust/openpgp_signature.c - the body of a signature packet of version 4. */
#include <string.h>

#include "base/error.h"
#include "trust/openpgp_packet.h"

#define CRITICAL    0x80
#define FIXED_BYTES 6 /* version, type, algorithm, hash, length of what is signed */

enum {
	SUBPACKET_CREATED = 2,
	SUBPACKET_LIFETIME = 3,
	SUBPACKET_EXPORTABLE = 4,
	SUBPACKET_REVOCABLE = 7,
	SUBPACKET_KEY_LIFETIME = 9,
	SUBPACKET_PREFERRED_CIPHERS = 11,
	SUBPACKET_ISSUER = 16,
	SUBPACKET_NOTATION = 20,
	SUBPACKET_PREFERRED_HASHES = 21,
	SUBPACKET_PREFERRED_COMPRESSION = 22,
	SUBPACKET_SERVER_PREFERENCES = 23,
	SUBPACKET_PREFERRED_SERVER = 24,
	SUBPACKET_PRIMARY_USER = 25,
	SUBPACKET_POLICY = 26,
	SUBPACKET_FLAGS = 27,
	SUBPACKET_SIGNER = 28,
	SUBPACKET_REASON = 29,
	SUBPACKET_FEATURES = 30,
	SUBPACKET_EMBEDDED = 32,
	SUBPACKET_ISSUER_FINGERPRINT = 33,
	SUBPACKET_PREFERRED_AEAD = 34,
};

/* Types that are understood, also when they are critical: what each says either counts
 * or is no business of a signature's validity. */
struct row {
	uint8_t type;
	uint8_t minimum; /* bytes */
	uint8_t maximum; /* 0: no bound */
	bool once;
};

static const struct row rows[] = {
	{ SUBPACKET_CREATED, 4, 4, true },
	{ SUBPACKET_LIFETIME, 4, 4, true },
	{ SUBPACKET_EXPORTABLE, 1, 1, true },
	{ SUBPACKET_REVOCABLE, 1, 1, true },
	{ SUBPACKET_KEY_LIFETIME, 4, 4, true },
	{ SUBPACKET_PREFERRED_CIPHERS, 0, 0, false },
	{ SUBPACKET_ISSUER, OPENPGP_KEY_ID_BYTES, OPENPGP_KEY_ID_BYTES, false },
	{ SUBPACKET_PREFERRED_HASHES, 0, 0, false },
	{ SUBPACKET_PREFERRED_COMPRESSION, 0, 0, false },
	{ SUBPACKET_SERVER_PREFERENCES, 0, 0, false },
	{ SUBPACKET_PREFERRED_SERVER, 0, 0, false },
	{ SUBPACKET_PRIMARY_USER, 1, 1, true },
	{ SUBPACKET_POLICY, 0, 0, false },
	{ SUBPACKET_FLAGS, 0, 0, true },
	{ SUBPACKET_SIGNER, 0, 0, false },
	{ SUBPACKET_REASON, 1, 0, true },
	{ SUBPACKET_FEATURES, 0, 0, false },
	{ SUBPACKET_EMBEDDED, FIXED_BYTES, 0, false },
	{ SUBPACKET_ISSUER_FINGERPRINT, 1, 0, false },
	{ SUBPACKET_PREFERRED_AEAD, 0, 0, false },
};

struct subpacket {
	uint8_t type;
	bool critical;
	bool is_signed;
	struct octets body;
};

struct parsing {
	struct openpgp_signature *out;
	uint64_t seen; /* types in what is signed */
	bool created_unsigned;
};

static int64_t seconds(const struct octets *body)
{
	return (int64_t)body->bytes[0] << 24 | body->bytes[1] << 16 |
	       body->bytes[2] << 8 | body->bytes[3];
}

static const struct row *row_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static int subpacket_cut(struct error *err)
{
	return error_set(err, ERROR_OPENPGP_SUBPACKET_LENGTH,
			 "a subpacket of the OpenPGP signature is longer than its "
			 "area");
}

/* Lengths are as those of new packets, but 224 to 254 are no parts. */
static int next_subpacket(struct octets *area, struct subpacket *out, struct error *err)
{
	const unsigned char *at = area->bytes;
	size_t first = at[0];
	size_t head = first < 192 ? 1 : first < 255 ? 2 : 5;
	size_t length = first;
	if (area->length < head)
		return subpacket_cut(err);
	if (head == 2)
		length = ((first - 192) << 8) + at[1] + 192;
	else if (head == 5)
		length = (size_t)at[1] << 24 | (size_t)at[2] << 16 |
			 (size_t)at[3] << 8 | at[4];
	if (length > area->length - head)
		return subpacket_cut(err);
	if (length == 0)
		return error_set(err, ERROR_OPENPGP_SUBPACKET_EMPTY,
				 "a subpacket of the OpenPGP signature has no type");
	out->critical = (at[head] & CRITICAL) != 0;
	out->type = at[head] & (uint8_t)~CRITICAL;
	out->body = (struct octets){ at + head + 1, length - 1 };
	*area = (struct octets){ at + head + length, area->length - head - length };
	return 0;
}

static int check_known(const struct parsing *parsing, const struct subpacket *subpacket,
		       const struct row *row, struct error *err)
{
	if (subpacket->critical && subpacket->type == SUBPACKET_NOTATION)
		return error_set(err, ERROR_OPENPGP_CRITICAL_NOTATION,
				 "the OpenPGP signature has a critical notation, which "
				 "is not understood");
	if (subpacket->critical && row == NULL)
		return error_set(err, ERROR_OPENPGP_CRITICAL,
				 "the OpenPGP signature has a critical subpacket of "
				 "type %u, which is not understood",
				 subpacket->type);
	if (row == NULL)
		return 0;
	if (subpacket->body.length < row->minimum ||
	    (row->maximum != 0 && subpacket->body.length > row->maximum))
		return error_set(err, ERROR_OPENPGP_SUBPACKET_SIZE,
				 "a subpacket of type %u of the OpenPGP signature has "
				 "%zu bytes",
				 subpacket->type, subpacket->body.length);
	if (row->once && subpacket->is_signed &&
	    parsing->seen & (uint64_t)1 << subpacket->type)
		return error_set(err, ERROR_OPENPGP_SUBPACKET_TWICE,
				 "the OpenPGP signature has two subpackets of type %u",
				 subpacket->type);
	return 0;
}

static bool octets_equal(struct octets a, struct octets b)
{
	return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static int conflict(struct error *err)
{
	return error_set(err, ERROR_OPENPGP_ISSUER_CONFLICT,
			 "the OpenPGP signature names two different keys");
}

/* From either area: it says only where to look for the key. */
static int take_issuer(struct octets *known, struct octets given, struct error *err)
{
	if (known->length != 0 && !octets_equal(*known, given))
		return conflict(err);
	*known = given;
	return 0;
}

static int take_fingerprint(struct openpgp_signature *out, struct octets body,
			    struct error *err)
{
	if (body.bytes[0] != 4)
		return error_set(err, ERROR_OPENPGP_ISSUER_VERSION,
				 "the OpenPGP signature was made by a key of version "
				 "%u, not 4",
				 body.bytes[0]);
	if (body.length != 1 + OPENPGP_FINGERPRINT_BYTES)
		return error_set(err, ERROR_OPENPGP_SUBPACKET_SIZE,
				 "the fingerprint in the OpenPGP signature has %zu "
				 "bytes, not 20",
				 body.length - 1);
	return take_issuer(&out->issuer_fingerprint,
			   (struct octets){ body.bytes + 1, body.length - 1 }, err);
}

static void take_signed(struct openpgp_signature *out,
			const struct subpacket *subpacket)
{
	switch (subpacket->type) {
	case SUBPACKET_CREATED:
		out->created = seconds(&subpacket->body);
		break;
	case SUBPACKET_LIFETIME:
		out->lifetime = seconds(&subpacket->body);
		break;
	case SUBPACKET_KEY_LIFETIME:
		out->key_lifetime = seconds(&subpacket->body);
		break;
	case SUBPACKET_FLAGS:
		out->has_flags = true;
		out->flags = subpacket->body;
		break;
	case SUBPACKET_REASON:
		out->has_reason = true;
		out->reason = subpacket->body.bytes[0];
		break;
	default:
		break;
	}
}

static int take(struct parsing *parsing, const struct subpacket *subpacket,
		struct error *err)
{
	struct openpgp_signature *out = parsing->out;
	const struct row *row = row_of(subpacket->type);
	int rc = check_known(parsing, subpacket, row, err);
	if (rc != 0 || row == NULL)
		return rc;
	if (subpacket->type == SUBPACKET_ISSUER)
		return take_issuer(&out->issuer, subpacket->body, err);
	if (subpacket->type == SUBPACKET_ISSUER_FINGERPRINT)
		return take_fingerprint(out, subpacket->body, err);
	if (subpacket->type == SUBPACKET_EMBEDDED) {
		out->embedded = subpacket->body;
		return 0;
	}
	if (!subpacket->is_signed && subpacket->critical)
		return error_set(err, ERROR_OPENPGP_CRITICAL_UNSIGNED,
				 "the OpenPGP signature has a critical subpacket of "
				 "type %u outside of what is signed",
				 subpacket->type);
	if (!subpacket->is_signed) {
		parsing->created_unsigned |= subpacket->type == SUBPACKET_CREATED;
		return 0;
	}
	parsing->seen |= (uint64_t)1 << subpacket->type;
	take_signed(out, subpacket);
	return 0;
}

static int take_area(struct parsing *parsing, struct octets area, bool is_signed,
		     struct error *err)
{
	int rc = 0;
	while (rc == 0 && area.length != 0) {
		struct subpacket subpacket = { .is_signed = is_signed };
		rc = next_subpacket(&area, &subpacket, err);
		if (rc == 0)
			rc = take(parsing, &subpacket, err);
	}
	return rc;
}

static int check_version(struct octets body, struct error *err)
{
	if (body.length != 0 && body.bytes[0] == 3)
		return error_set(err, ERROR_OPENPGP_VERSION_3,
				 "the OpenPGP signature is of the outdated version 3");
	if (body.length != 0 && body.bytes[0] != 4)
		return error_set(err, ERROR_OPENPGP_VERSION,
				 "the OpenPGP signature is of version %u, not 4",
				 body.bytes[0]);
	if (body.length < FIXED_BYTES)
		return error_set(err, ERROR_OPENPGP_TRUNCATED,
				 "the OpenPGP signature ends within its fixed fields");
	return 0;
}

/* The two areas, and the numbers behind them; between them two bytes of the digest,
 * which help to find a wrong key quickly and prove nothing: GitHub wrote a constant
 * there for years. */
static int split(struct openpgp_signature *out, struct octets body,
		 struct octets *is_signed, struct octets *is_not, struct error *err)
{
	size_t length = (size_t)body.bytes[4] << 8 | body.bytes[5];
	if (length > body.length - FIXED_BYTES)
		return error_set(err, ERROR_OPENPGP_HASHED_LENGTH,
				 "the signed subpackets of the OpenPGP signature are "
				 "longer than it");
	*is_signed = (struct octets){ body.bytes + FIXED_BYTES, length };
	out->hashed = (struct octets){ body.bytes, FIXED_BYTES + length };
	size_t left = body.length - FIXED_BYTES - length;
	const unsigned char *at = body.bytes + FIXED_BYTES + length;
	if (left < 2)
		return error_set(err, ERROR_OPENPGP_TRUNCATED,
				 "the OpenPGP signature ends behind its signed "
				 "subpackets");
	length = (size_t)at[0] << 8 | at[1];
	if (length > left - 2)
		return error_set(err, ERROR_OPENPGP_UNHASHED_LENGTH,
				 "the unsigned subpackets of the OpenPGP signature are "
				 "longer than it");
	*is_not = (struct octets){ at + 2, length };
	left -= 2 + length;
	at += 2 + length;
	if (left < 2)
		return error_set(err, ERROR_OPENPGP_TRUNCATED,
				 "the OpenPGP signature ends behind its subpackets");
	out->numbers = (struct octets){ at + 2, left - 2 };
	return 0;
}

static int check_complete(const struct parsing *parsing, struct error *err)
{
	const struct openpgp_signature *out = parsing->out;
	if (!(parsing->seen & 1u << SUBPACKET_CREATED)) {
		if (parsing->created_unsigned)
			return error_set(err, ERROR_OPENPGP_CREATION_UNSIGNED,
					 "the OpenPGP signature says when it was made "
					 "only outside of what is signed");
		return error_set(err, ERROR_OPENPGP_CREATION_MISSING,
				 "the OpenPGP signature does not say when it was made");
	}
	if (out->issuer.length != 0 && out->issuer_fingerprint.length != 0 &&
	    memcmp(out->issuer_fingerprint.bytes + OPENPGP_FINGERPRINT_BYTES -
			   OPENPGP_KEY_ID_BYTES,
		   out->issuer.bytes, OPENPGP_KEY_ID_BYTES) != 0)
		return conflict(err);
	return 0;
}

int openpgp_signature_parse(struct openpgp_signature *out, struct octets body,
			    struct error *err)
{
	struct openpgp_signature signature = { 0 };
	struct parsing parsing = { .out = &signature };
	struct octets is_signed;
	struct octets is_not;
	int rc = check_version(body, err);
	if (rc == 0)
		rc = split(&signature, body, &is_signed, &is_not, err);
	if (rc == 0)
		rc = take_area(&parsing, is_signed, true, err);
	if (rc == 0)
		rc = take_area(&parsing, is_not, false, err);
	if (rc == 0)
		rc = check_complete(&parsing, err);
	if (rc != 0)
		return rc;
	signature.type = body.bytes[1];
	signature.algorithm = body.bytes[2];
	signature.hash = body.bytes[3];
	*out = signature;
	return 0;
}

static int check_type(const struct openpgp_signature *signature, struct error *err)
{
	if (signature->type == OPENPGP_TYPE_TEXT)
		return error_set(err, ERROR_OPENPGP_TYPE_TEXT,
				 "the OpenPGP signature is over text with changed line "
				 "ends, not over these bytes");
	if (signature->type != OPENPGP_TYPE_BINARY)
		return error_set(err, ERROR_OPENPGP_TYPE,
				 "the OpenPGP signature is of type 0x%02x, not one "
				 "over data",
				 signature->type);
	return 0;
}

static int check_algorithm(const struct openpgp_signature *signature, struct error *err)
{
	switch (signature->algorithm) {
	case OPENPGP_RSA:
	case OPENPGP_RSA_SIGN:
	case OPENPGP_ECDSA:
	case OPENPGP_EDDSA:
	case OPENPGP_ED25519:
		return 0;
	case OPENPGP_DSA:
		return error_set(err, ERROR_OPENPGP_ALGORITHM_DSA,
				 "the OpenPGP signature is of the outdated algorithm "
				 "DSA; make a key of Ed25519 or RSA");
	default:
		return error_set(err, ERROR_OPENPGP_ALGORITHM,
				 "the OpenPGP signature is of algorithm %u, which is "
				 "not read",
				 signature->algorithm);
	}
}

#define SET_DIGEST "; set 'digest-algo SHA512' in gpg.conf"

static int check_hash(const struct openpgp_signature *signature, struct error *err)
{
	switch (signature->hash) {
	case OPENPGP_SHA256:
	case OPENPGP_SHA384:
	case OPENPGP_SHA512:
		return 0;
	case OPENPGP_MD5:
		return error_set(err, ERROR_OPENPGP_HASH_MD5,
				 "the OpenPGP signature uses MD5" SET_DIGEST);
	case OPENPGP_SHA1:
		return error_set(err, ERROR_OPENPGP_HASH_SHA1,
				 "the OpenPGP signature uses SHA-1" SET_DIGEST);
	case OPENPGP_RIPEMD:
		return error_set(err, ERROR_OPENPGP_HASH_RIPEMD,
				 "the OpenPGP signature uses RIPEMD-160" SET_DIGEST);
	default:
		return error_set(err, ERROR_OPENPGP_HASH,
				 "the OpenPGP signature uses hash %u, not SHA-256, "
				 "SHA-384 or SHA-512",
				 signature->hash);
	}
}

int openpgp_signature_check_data(const struct openpgp_signature *signature,
				 struct error *err)
{
	int rc = check_type(signature, err);
	if (rc == 0)
		rc = check_algorithm(signature, err);
	return rc == 0 ? check_hash(signature, err) : rc;
}
