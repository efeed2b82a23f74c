/* tests/unit/test_trust_openpgp_tamper.c - every tampering with an OpenPGP signature,
 * its frame or its key is refused with its own code, and its genuine twin is good. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "openpgp_make.h"
#include "tampering.h"
#include "trust/openpgp_certificate.h"
#include "trust/openpgp_ring.h"
#include "trust/signature.h"

#define PAYLOAD "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"
#define ROOM    ((size_t)1 << 20)

static const struct bytes payload = BYTES(PAYLOAD);

/* --- what every case does --- */

static struct openpgp_ring *ring_of(const struct pgp_certificate *certificate)
{
	struct buf packets = BUF_INIT(ROOM);
	struct buf compiled = BUF_INIT(ROOM);
	struct openpgp_ring *ring = NULL;
	struct error err = ERROR_INIT;
	pgp_certificate(&packets, certificate);
	ck_assert_msg(openpgp_compile(&compiled, packets.data, packets.length, &err) ==
			      0,
		      "%s", err.text);
	ck_assert_int_eq(openpgp_ring_new(&ring, &err), 0);
	ck_assert_msg(openpgp_ring_add(ring, compiled.data, compiled.length, &err) == 0,
		      "%s", err.text);
	buf_release(&packets);
	buf_release(&compiled);
	return ring;
}

static struct openpgp_ring *ring_of_key(const struct pgp_key *key)
{
	const struct pgp_certificate certificate = { .primary = key };
	return ring_of(&certificate);
}

static struct signature_fact verify(const struct openpgp_ring *ring,
				    const struct buf *armor, struct arena *arena)
{
	struct signature_fact fact;
	struct error err = ERROR_INIT;
	const struct signature_keys keys = { .openpgp = ring };
	/* In two pieces: that is how commits come. */
	static const char text[] = PAYLOAD;
	const struct trust_span pieces[2] = { { text, 20 },
					      { &text[20], sizeof(text) - 21 } };
	ck_assert_msg(signature_verify_with(&fact, arena, &keys, pieces, 2, armor->data,
					    armor->length, &err) == 0,
		      "%s", err.text);
	return fact;
}

static void assert_good(const struct openpgp_ring *ring, const struct buf *armor,
			const char *name)
{
	struct arena *arena = arena_new(ROOM);
	struct signature_fact fact = verify(ring, armor, arena);
	ck_assert_msg(fact.status == SIGNATURE_GOOD, "twin of '%s': %s", name,
		      fact.reason != NULL ? fact.reason : "");
	ck_assert_str_eq(fact.format, "openpgp");
	ck_assert_int_eq(openpgp_fingerprint_check(fact.fingerprint), 0);
	ck_assert_int_eq(fact.code, 0);
	ck_assert_int_ne(fact.made_at, 0);
	arena_free(arena);
}

static void assert_twin(const struct openpgp_ring *ring, const struct buf *armor)
{
	struct arena *arena = arena_new(ROOM);
	tampering_twin(verify(ring, armor, arena).code);
	arena_free(arena);
}

static void assert_refused(const struct openpgp_ring *ring, const struct buf *armor,
			   int code, bool variant)
{
	struct arena *arena = arena_new(ROOM);
	struct signature_fact fact = verify(ring, armor, arena);
	tampering_refused(fact.code, code, variant);
	ck_assert_int_eq(fact.status, SIGNATURE_BAD);
	arena_free(arena);
}

static void armor_body(struct buf *out, const struct buf *body)
{
	struct buf packet = BUF_INIT(ROOM);
	pgp_packet(&packet, 2, false, body->data, body->length);
	pgp_armor(out, "PGP SIGNATURE", packet.data, packet.length);
	buf_release(&packet);
}

static void make_armor(struct buf *out, const struct pgp_key *key,
		       const struct pgp_signature *signature)
{
	struct buf body = BUF_INIT(ROOM);
	pgp_sign(&body, key, signature, &payload, 1);
	armor_body(out, &body);
	buf_release(&body);
}

static void genuine(struct buf *out, const struct pgp_key *key)
{
	const struct pgp_signature none = { .version = 0 };
	make_armor(out, key, &none);
}

/* --- the packet's inside --- */

#define KIND    false
#define VARIANT true /* of a row above with the same code */

struct signature_row {
	const char *name;
	int code;
	bool variant;
	enum pgp_kind kind;
	struct pgp_signature signature;
};

static const struct signature_row signature_rows[] = {
	{ "version 3", ERROR_OPENPGP_VERSION_3, KIND, 0, { .version = 3 } },
	{ "version 6", ERROR_OPENPGP_VERSION, KIND, 0, { .version = 6 } },
	{ "text", ERROR_OPENPGP_TYPE_TEXT, KIND, 0, { .type = 0x01 } },
	{ "over a user id", ERROR_OPENPGP_TYPE, KIND, 0, { .type = 0x13 } },
	{ "DSA", ERROR_OPENPGP_ALGORITHM_DSA, KIND, 0, { .algorithm = 17 } },
	{ "ElGamal", ERROR_OPENPGP_ALGORITHM, KIND, 0, { .algorithm = 16 } },
	{ "MD5", ERROR_OPENPGP_HASH_MD5, KIND, PGP_RSA, { .hash = 1 } },
	{ "SHA-1", ERROR_OPENPGP_HASH_SHA1, KIND, PGP_RSA, { .hash = 2 } },
	{ "RIPEMD-160", ERROR_OPENPGP_HASH_RIPEMD, KIND, 0, { .claimed_hash = 3 } },
	{ "SHA-224", ERROR_OPENPGP_HASH, KIND, PGP_RSA, { .hash = 11 } },
	{ "body cut behind the version",
	  ERROR_OPENPGP_TRUNCATED,
	  KIND,
	  0,
	  { .cut = 3 } },
	{ "signed area too long",
	  ERROR_OPENPGP_HASHED_LENGTH,
	  KIND,
	  0,
	  { .hashed_claim = 2000 } },
	{ "unsigned area too long",
	  ERROR_OPENPGP_UNHASHED_LENGTH,
	  KIND,
	  0,
	  { .unhashed_claim = 2000 } },
	{ "subpacket too long",
	  ERROR_OPENPGP_SUBPACKET_LENGTH,
	  KIND,
	  0,
	  { .hashed = BYTES("\x09\x14zz") } },
	{ "subpacket without type",
	  ERROR_OPENPGP_SUBPACKET_EMPTY,
	  KIND,
	  0,
	  { .hashed = BYTES("\x00") } },
	{ "lifetime of three bytes",
	  ERROR_OPENPGP_SUBPACKET_SIZE,
	  KIND,
	  0,
	  { .hashed = BYTES("\x04\x03\x00\x00\x01") } },
	{ "two times of making",
	  ERROR_OPENPGP_SUBPACKET_TWICE,
	  KIND,
	  0,
	  { .hashed = BYTES("\x05\x02\x65\x00\x00\x00") } },
	{ "critical and unknown",
	  ERROR_OPENPGP_CRITICAL,
	  KIND,
	  0,
	  { .hashed = BYTES("\x02\xE4x") } },
	{ "critical notation",
	  ERROR_OPENPGP_CRITICAL_NOTATION,
	  KIND,
	  0,
	  { .hashed = BYTES("\x0B\x94\x80\x00\x00\x00\x00\x01\x00\x01nv") } },
	{ "critical lifetime outside",
	  ERROR_OPENPGP_CRITICAL_UNSIGNED,
	  KIND,
	  0,
	  { .unhashed = BYTES("\x05\x83\x00\x00\x00\x01") } },
	{ "no time", ERROR_OPENPGP_CREATION_MISSING, KIND, 0, { .no_created = true } },
	{ "time outside",
	  ERROR_OPENPGP_CREATION_UNSIGNED,
	  KIND,
	  0,
	  { .no_created = true, .unhashed = BYTES("\x05\x02\x65\x00\x00\x00") } },
	{ "no issuer",
	  ERROR_OPENPGP_ISSUER_MISSING,
	  KIND,
	  0,
	  { .no_issuer = true, .no_fingerprint = true } },
	{ "issuer of version 6",
	  ERROR_OPENPGP_ISSUER_VERSION,
	  KIND,
	  0,
	  { .no_fingerprint = true,
	    .hashed = BYTES("\x22\x21\x06"
			    "0123456789abcdef0123456789abcdef") } },
	{ "another issuer outside",
	  ERROR_OPENPGP_ISSUER_CONFLICT,
	  KIND,
	  0,
	  { .other_issuer = (const unsigned char *)"another1" } },
	{ "numbers cut",
	  ERROR_OPENPGP_NUMBER_TRUNCATED,
	  KIND,
	  PGP_RSA,
	  { .numbers = PGP_NUMBERS_CUT } },
	{ "64 bytes cut",
	  ERROR_OPENPGP_NUMBER_TRUNCATED,
	  VARIANT,
	  PGP_ED25519_RAW,
	  { .numbers = PGP_NUMBERS_CUT } },
	{ "number zero",
	  ERROR_OPENPGP_NUMBER_ZERO,
	  KIND,
	  PGP_P256,
	  { .numbers = PGP_NUMBERS_ZERO } },
	{ "number zero of RSA",
	  ERROR_OPENPGP_NUMBER_ZERO,
	  VARIANT,
	  PGP_RSA,
	  { .numbers = PGP_NUMBERS_ZERO } },
	{ "number zero of EdDSA",
	  ERROR_OPENPGP_NUMBER_ZERO,
	  VARIANT,
	  PGP_ED25519,
	  { .numbers = PGP_NUMBERS_ZERO } },
	{ "number too large",
	  ERROR_OPENPGP_NUMBER_SIZE,
	  KIND,
	  PGP_RSA,
	  { .numbers = PGP_NUMBERS_LARGE } },
	{ "bytes behind the numbers",
	  ERROR_OPENPGP_NUMBER_TRAILING,
	  KIND,
	  PGP_P384,
	  { .numbers = PGP_NUMBERS_TRAILING } },
	{ "algorithm of another key",
	  ERROR_OPENPGP_KEY_ALGORITHM,
	  KIND,
	  PGP_ED25519,
	  { .algorithm = 19 } },
	{ "one bit of an RSA signature",
	  ERROR_OPENPGP_MISMATCH,
	  KIND,
	  PGP_RSA,
	  { .numbers = PGP_NUMBERS_WRONG } },
	{ "one bit of an EdDSA signature",
	  ERROR_OPENPGP_MISMATCH,
	  VARIANT,
	  PGP_ED25519,
	  { .numbers = PGP_NUMBERS_WRONG } },
	{ "one bit of an ECDSA signature",
	  ERROR_OPENPGP_MISMATCH,
	  VARIANT,
	  PGP_P521,
	  { .numbers = PGP_NUMBERS_WRONG } },
	{ "another hash than it was made with",
	  ERROR_OPENPGP_MISMATCH,
	  VARIANT,
	  PGP_RSA,
	  { .claimed_hash = 10 } },
};

START_TEST(each_wrong_packet_is_refused_with_its_code)
{
	struct pgp_key keys[PGP_KINDS];
	struct openpgp_ring *rings[PGP_KINDS];
	for (size_t i = 0; i < PGP_KINDS; i++) {
		pgp_key_make(&keys[i], (enum pgp_kind)i, PGP_TIME);
		rings[i] = ring_of_key(&keys[i]);
	}
	for (size_t i = 0; i < sizeof(signature_rows) / sizeof(signature_rows[0]);
	     i++) {
		const struct signature_row *row = &signature_rows[i];
		struct buf armor = BUF_INIT(ROOM);
		tampering_begin("OpenPGP signature", row->name);
		genuine(&armor, &keys[row->kind]);
		assert_twin(rings[row->kind], &armor);
		buf_reset(&armor);
		make_armor(&armor, &keys[row->kind], &row->signature);
		assert_refused(rings[row->kind], &armor, row->code, row->variant);
		buf_release(&armor);
	}
	for (size_t i = 0; i < PGP_KINDS; i++) {
		openpgp_ring_free(rings[i]);
		pgp_key_free(&keys[i]);
	}
}
END_TEST

/* Forms that real programs write, each of which must stay good. */
static const struct signature_row genuine_rows[] = {
	{ "SHA-384", 0, KIND, PGP_RSA, { .hash = 9 } },
	{ "SHA-512", 0, KIND, PGP_RSA, { .hash = 10 } },
	{ "Ed25519 with SHA-512", 0, KIND, PGP_ED25519, { .hash = 10 } },
	{ "Ed25519 of algorithm 27", 0, KIND, PGP_ED25519_RAW, { .hash = 10 } },
	{ "P-256", 0, KIND, PGP_P256, { .hash = 8 } },
	{ "P-384", 0, KIND, PGP_P384, { .hash = 9 } },
	{ "P-521", 0, KIND, PGP_P521, { .hash = 10 } },
	{ "P-256 with a longer hash", 0, KIND, PGP_P256, { .hash = 10 } },
	{ "key id only, as GitHub", 0, KIND, PGP_RSA, { .no_fingerprint = true } },
	{ "fingerprint only", 0, KIND, PGP_RSA, { .no_issuer = true } },
	{ "left bytes of the digest wrong, as GitHub's",
	  0,
	  KIND,
	  PGP_RSA,
	  { .wrong_left = true } },
	{ "a notation",
	  0,
	  KIND,
	  PGP_ED25519,
	  { .hashed = BYTES("\x0B\x14\x80\x00\x00\x00\x00\x01\x00\x01nv") } },
	{ "an unknown subpacket",
	  0,
	  KIND,
	  PGP_ED25519,
	  { .hashed = BYTES("\x02\x64x") } },
	{ "the signer's address",
	  0,
	  KIND,
	  PGP_ED25519,
	  { .hashed = BYTES("\x05\x1C"
			    "a@bc") } },
	{ "critical time",
	  0,
	  KIND,
	  PGP_ED25519,
	  { .no_created = true, .hashed = BYTES("\x05\x82\x65\x60\x00\x00") } },
	{ "RSA, sign only", 0, KIND, PGP_RSA, { .algorithm = 3 } },
};

START_TEST(forms_that_real_programs_write_are_good)
{
	for (size_t i = 0; i < sizeof(genuine_rows) / sizeof(genuine_rows[0]); i++) {
		const struct signature_row *row = &genuine_rows[i];
		struct pgp_key key;
		struct buf armor = BUF_INIT(ROOM);
		pgp_key_make(&key, row->kind, PGP_TIME);
		struct openpgp_ring *ring = ring_of_key(&key);
		make_armor(&armor, &key, &row->signature);
		assert_good(ring, &armor, row->name);
		tampering_genuine("OpenPGP signature", row->name, 0);
		openpgp_ring_free(ring);
		pgp_key_free(&key);
		buf_release(&armor);
	}
}
END_TEST

/* Numbers without leading zeros are often shorter than the key's. */
START_TEST(short_numbers_are_good)
{
	static const enum pgp_kind kinds[] = { PGP_ED25519, PGP_P256, PGP_P521 };
	for (size_t k = 0; k < 3; k++) {
		struct pgp_key key;
		pgp_key_make(&key, kinds[k], PGP_TIME);
		struct openpgp_ring *ring = ring_of_key(&key);
		for (uint32_t i = 1; i < 400; i++) {
			const struct pgp_signature each = { .created = PGP_TIME + i };
			struct buf armor = BUF_INIT(ROOM);
			make_armor(&armor, &key, &each);
			assert_good(ring, &armor, "one of many");
			buf_release(&armor);
		}
		openpgp_ring_free(ring);
		pgp_key_free(&key);
	}
}
END_TEST

START_TEST(more_bits_than_said_are_refused)
{
	struct pgp_key key;
	bool refused = false;
	pgp_key_make(&key, PGP_ED25519, PGP_TIME);
	struct openpgp_ring *ring = ring_of_key(&key);
	/* A number of exactly 8n+1 bits would become a byte shorter: another code. */
	for (uint32_t i = 1; i < 100 && !refused; i++) {
		const struct pgp_signature each = { .created = PGP_TIME + i,
						    .numbers = PGP_NUMBERS_BITS };
		struct buf armor = BUF_INIT(ROOM);
		struct arena *arena = arena_new(ROOM);
		tampering_begin("OpenPGP signature", "more bits than said");
		genuine(&armor, &key);
		assert_twin(ring, &armor);
		buf_reset(&armor);
		make_armor(&armor, &key, &each);
		struct signature_fact fact = verify(ring, &armor, arena);
		ck_assert_int_eq(fact.status, SIGNATURE_BAD);
		refused = fact.code == ERROR_OPENPGP_NUMBER_FORM;
		if (refused)
			tampering_refused(fact.code, ERROR_OPENPGP_NUMBER_FORM, KIND);
		arena_free(arena);
		buf_release(&armor);
	}
	ck_assert(refused);
	openpgp_ring_free(ring);
	pgp_key_free(&key);
}
END_TEST

/* --- the packet's head --- */

struct packet_row {
	const char *name;
	int code;
	bool variant;
	struct bytes head; /* instead of the old one; NULL: the genuine one */
	size_t head_of;    /* how many genuine bytes it replaces */
	struct bytes behind;
	size_t keep; /* how many bytes of the whole; 0: all */
};

static const struct packet_row packet_rows[] = {
	{ "not a packet", ERROR_OPENPGP_PACKET_MARK, KIND, BYTES("\x08"), 1, BYTES(""),
	  0 },
	{ "indeterminate", ERROR_OPENPGP_PACKET_INDETERMINATE, KIND, BYTES("\x8B"), 2,
	  BYTES(""), 0 },
	{ "partial", ERROR_OPENPGP_PACKET_PARTIAL, KIND, BYTES("\xC2\xE1"), 2,
	  BYTES(""), 0 },
	{ "head cut", ERROR_OPENPGP_PACKET_HEAD, KIND, BYTES("\x8A\x00"), 2, BYTES(""),
	  2 },
	{ "new head cut", ERROR_OPENPGP_PACKET_HEAD, VARIANT, BYTES("\xC2"), 2,
	  BYTES(""), 1 },
	{ "cut", ERROR_OPENPGP_PACKET_TRUNCATED, KIND, { NULL, 0 }, 0, BYTES(""), 60 },
	{ "user id", ERROR_OPENPGP_PACKET_KIND, KIND, BYTES("\xB4"), 1, BYTES(""), 0 },
	{ "a second packet",
	  ERROR_OPENPGP_PACKET_TRAILING,
	  KIND,
	  { NULL, 0 },
	  0,
	  BYTES("\x88\x00"),
	  0 },
	{ "bytes behind",
	  ERROR_OPENPGP_PACKET_TRAILING,
	  VARIANT,
	  { NULL, 0 },
	  0,
	  BYTES("x"),
	  0 },
};

START_TEST(each_wrong_head_is_refused_with_its_code)
{
	struct pgp_key key;
	const struct pgp_signature none = { .version = 0 };
	pgp_key_make(&key, PGP_ED25519, PGP_TIME);
	struct openpgp_ring *ring = ring_of_key(&key);
	for (size_t i = 0; i < sizeof(packet_rows) / sizeof(packet_rows[0]); i++) {
		const struct packet_row *row = &packet_rows[i];
		struct buf body = BUF_INIT(ROOM);
		struct buf packet = BUF_INIT(ROOM);
		struct buf changed = BUF_INIT(ROOM);
		struct buf armor = BUF_INIT(ROOM);
		pgp_sign(&body, &key, &none, &payload, 1);
		pgp_packet(&packet, 2, false, body.data, body.length);
		pgp_armor(&armor, "PGP SIGNATURE", packet.data, packet.length);
		tampering_begin("OpenPGP signature", row->name);
		assert_twin(ring, &armor);
		buf_add(&changed, row->head.bytes, row->head.length);
		buf_add(&changed, packet.data + row->head_of,
			packet.length - row->head_of);
		buf_add(&changed, row->behind.bytes, row->behind.length);
		if (row->keep != 0)
			buf_truncate(&changed, row->keep);
		buf_reset(&armor);
		pgp_armor(&armor, "PGP SIGNATURE", changed.data, changed.length);
		assert_refused(ring, &armor, row->code, row->variant);
		buf_release(&body);
		buf_release(&packet);
		buf_release(&changed);
		buf_release(&armor);
	}
	openpgp_ring_free(ring);
	pgp_key_free(&key);
}
END_TEST

/* Every way to write a length. */
START_TEST(new_heads_are_good)
{
	static const struct bytes filler[] = { BYTES(""),
					       { NULL, 300 },
					       { NULL, 9000 } };
	static const char *const names[] = { "a length of one byte",
					     "a length of two bytes",
					     "a length of five bytes" };
	struct pgp_key key;
	pgp_key_make(&key, PGP_ED25519, PGP_TIME);
	struct openpgp_ring *ring = ring_of_key(&key);
	for (size_t i = 0; i < 3; i++) {
		struct buf notation = BUF_INIT(ROOM);
		struct buf body = BUF_INIT(ROOM);
		struct buf packet = BUF_INIT(ROOM);
		struct buf armor = BUF_INIT(ROOM);
		char *filled = calloc(1, filler[i].length + 1);
		if (filler[i].length != 0)
			pgp_subpacket(&notation, 20, filled, filler[i].length);
		const struct pgp_signature signature = {
			.hashed = { notation.data, notation.length }
		};
		pgp_sign(&body, &key, &signature, &payload, 1);
		pgp_packet(&packet, 2, true, body.data, body.length);
		pgp_armor(&armor, "PGP SIGNATURE", packet.data, packet.length);
		assert_good(ring, &armor, names[i]);
		tampering_genuine("OpenPGP signature", names[i], 0);
		free(filled);
		buf_release(&notation);
		buf_release(&body);
		buf_release(&packet);
		buf_release(&armor);
	}
	openpgp_ring_free(ring);
	pgp_key_free(&key);
}
END_TEST

/* --- the armor --- */

struct armor_row {
	const char *name;
	int code; /* 0: good */
	bool variant;
	const char *find;
	const char *replacement;
};

#define BEGIN "-----BEGIN PGP SIGNATURE-----\n"
#define END   "-----END PGP SIGNATURE-----\n"
#define LONG                                                                           \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"A"
static const struct armor_row armor_rows[] = {
	{ "a message", ERROR_OPENPGP_ARMOR_MESSAGE, KIND, BEGIN,
	  "-----BEGIN PGP MESSAGE-----\n" },
	{ "text behind BEGIN", ERROR_OPENPGP_ARMOR_BEGIN, KIND, BEGIN,
	  "-----BEGIN PGP SIGNATURE----- x\n" },
	{ "lines end in CR", ERROR_OPENPGP_ARMOR_CR, KIND, BEGIN,
	  "-----BEGIN PGP SIGNATURE-----\r\n" },
	{ "header without a blank", ERROR_OPENPGP_ARMOR_HEADER, KIND, BEGIN,
	  BEGIN "Version:x\n" },
	{ "unknown header", ERROR_OPENPGP_ARMOR_HEADER_UNKNOWN, KIND, BEGIN,
	  BEGIN "Hash: SHA512\n" },
	{ "two versions", ERROR_OPENPGP_ARMOR_HEADER_TWICE, KIND, BEGIN,
	  BEGIN "Version: x\nVersion: y\n" },
	{ "no empty line", ERROR_OPENPGP_ARMOR_NO_BLANK, KIND, BEGIN "\n", BEGIN },
	{ "two empty lines", ERROR_OPENPGP_ARMOR_LINE_EMPTY, KIND, BEGIN, BEGIN "\n" },
	{ "a long line", ERROR_OPENPGP_ARMOR_LINE_LONG, KIND, BEGIN "\n",
	  BEGIN "\n" LONG "\n" },
	{ "a blank in the data", ERROR_OPENPGP_ARMOR_CHARACTER, KIND, BEGIN "\n",
	  BEGIN "\n " },
	{ "padding in the middle", ERROR_OPENPGP_ARMOR_BASE64, KIND, BEGIN "\niH",
	  BEGIN "\ni=" },
	{ "no END", ERROR_OPENPGP_ARMOR_END_MISSING, KIND, END, "" },
	{ "END of another block", ERROR_OPENPGP_ARMOR_END_KIND, KIND, END,
	  "-----END PGP MESSAGE-----\n" },
	{ "text behind END", ERROR_OPENPGP_ARMOR_END_BEHIND, KIND, END,
	  "-----END PGP SIGNATURE-----x\n" },
	{ "END without line feed", ERROR_OPENPGP_ARMOR_END_NEWLINE, KIND, END,
	  "-----END PGP SIGNATURE-----" },
	{ "a second block", ERROR_OPENPGP_ARMOR_SECOND, KIND, END,
	  END "-----BEGIN OPENTIMESTAMPS GIT TIMESTAMP-----\n" },
	{ "text after the block", ERROR_OPENPGP_ARMOR_TRAILING, KIND, END, END "x\n" },
	{ "two empty lines after the block", ERROR_OPENPGP_ARMOR_TRAILING, VARIANT, END,
	  END "\n\n" },
	{ "text between checksum and END", ERROR_OPENPGP_ARMOR_AFTER_CHECKSUM, KIND,
	  END, "AAAA\n" END },
	{ "text before BEGIN", ERROR_SIGNATURE_FORMAT_UNKNOWN, VARIANT, BEGIN,
	  "x\n" BEGIN },
	{ "a version", 0, KIND, BEGIN, BEGIN "Version: GnuPG v1\n" },
	{ "a comment", 0, KIND, BEGIN, BEGIN "Comment: https://example.org: x\n" },
	{ "version and comment", 0, KIND, BEGIN, BEGIN "Version: x\nComment: y\n" },
	{ "an empty line after the block, as GitHub writes", 0, KIND, END, END "\n" },
};

static void replace(struct buf *out, const struct buf *in, const char *find,
		    const char *replacement, const char *name)
{
	const char *at = strstr(in->data, find);
	ck_assert_msg(at != NULL, "'%s': nothing to replace", name);
	buf_add(out, in->data, (size_t)(at - in->data));
	buf_add_string(out, replacement);
	buf_add_string(out, at + strlen(find));
}

START_TEST(each_wrong_armor_is_refused_with_its_code)
{
	struct pgp_key key;
	pgp_key_make(&key, PGP_ED25519, PGP_TIME);
	struct openpgp_ring *ring = ring_of_key(&key);
	for (size_t i = 0; i < sizeof(armor_rows) / sizeof(armor_rows[0]); i++) {
		const struct armor_row *row = &armor_rows[i];
		struct buf armor = BUF_INIT(ROOM);
		struct buf changed = BUF_INIT(ROOM);
		genuine(&armor, &key);
		replace(&changed, &armor, row->find, row->replacement, row->name);
		if (row->code == 0) {
			assert_good(ring, &changed, row->name);
			tampering_genuine("OpenPGP signature", row->name, 0);
		} else {
			tampering_begin("OpenPGP signature", row->name);
			assert_twin(ring, &armor);
			assert_refused(ring, &changed, row->code, row->variant);
		}
		buf_release(&armor);
		buf_release(&changed);
	}
	openpgp_ring_free(ring);
	pgp_key_free(&key);
}
END_TEST

/* The checksum line is made anew for each signature. */
START_TEST(the_checksum_counts_when_it_is_there)
{
	struct pgp_key key;
	struct buf armor = BUF_INIT(ROOM);
	struct buf changed = BUF_INIT(ROOM);
	pgp_key_make(&key, PGP_ED25519, PGP_TIME);
	struct openpgp_ring *ring = ring_of_key(&key);
	genuine(&armor, &key);
	char *sum = strstr(armor.data, "\n=") + 1;
	size_t before = (size_t)(sum - armor.data);
	buf_add(&changed, armor.data, before);
	buf_add_string(&changed, END);
	assert_good(ring, &changed, "no checksum");
	tampering_genuine("OpenPGP signature", "no checksum", 0);
	tampering_begin("OpenPGP signature", "another checksum");
	assert_twin(ring, &armor);
	buf_truncate(&changed, before);
	buf_add_string(&changed, "=AAAA\n" END);
	assert_refused(ring, &changed, ERROR_OPENPGP_ARMOR_CHECKSUM, KIND);
	tampering_begin("OpenPGP signature", "a short checksum");
	assert_twin(ring, &armor);
	buf_truncate(&changed, before);
	buf_add_string(&changed, "=AAA\n" END);
	assert_refused(ring, &changed, ERROR_OPENPGP_ARMOR_CHECKSUM_FORM, KIND);
	tampering_begin("OpenPGP signature", "no data");
	assert_twin(ring, &armor);
	buf_reset(&changed);
	buf_add_string(&changed, BEGIN "\n" END);
	assert_refused(ring, &changed, ERROR_OPENPGP_ARMOR_EMPTY, KIND);
	buf_release(&armor);
	buf_release(&changed);
	openpgp_ring_free(ring);
	pgp_key_free(&key);
}
END_TEST

/* --- keys --- */

static struct pgp_key primary;
static struct pgp_key subkey;
static struct pgp_key other;
static struct pgp_key weak;
static struct pgp_key strong; /* its twin */

static void make_keys(void)
{
	pgp_key_make(&primary, PGP_ED25519, PGP_TIME);
	pgp_key_make(&subkey, PGP_ED25519, PGP_TIME);
	pgp_key_make(&other, PGP_ED25519, PGP_TIME);
	pgp_key_make(&weak, PGP_RSA_WEAK, PGP_TIME);
}

static void free_keys(void)
{
	pgp_key_free(&primary);
	pgp_key_free(&subkey);
	pgp_key_free(&other);
	pgp_key_free(&weak);
}

struct key_row {
	const char *name;
	int code; /* 0: good */
	bool variant;
	const struct pgp_key *signs;
	struct pgp_certificate certificate;
};

static const struct key_row key_rows[] = {
	{ "a primary key", 0, KIND, &primary, { .primary = &primary } },
	{ "a subkey", 0, KIND, &subkey, { .primary = &primary, .subkey = &subkey } },
	{ "a subkey of a key that only certifies",
	  0,
	  KIND,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .primary_flags = 1 } },
	{ "nobody's key",
	  ERROR_OPENPGP_KEY_UNKNOWN,
	  KIND,
	  &other,
	  { .primary = &primary } },
	{ "a primary key that only certifies",
	  ERROR_OPENPGP_KEY_NOT_SIGNING,
	  KIND,
	  &primary,
	  { .primary = &primary, .primary_flags = 1 } },
	{ "a subkey that encrypts",
	  ERROR_OPENPGP_KEY_NOT_SIGNING,
	  VARIANT,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .subkey_flags = 12 } },
	{ "no self-signature",
	  ERROR_OPENPGP_KEY_SELF_SIGNATURE,
	  KIND,
	  &primary,
	  { .primary = &primary, .no_self = true } },
	{ "a self-signature with SHA-1",
	  ERROR_OPENPGP_KEY_SELF_SIGNATURE_SHA1,
	  KIND,
	  &primary,
	  { .primary = &primary, .self = { .hash = 2 } } },
	{ "a wrong self-signature",
	  ERROR_OPENPGP_KEY_SELF_SIGNATURE,
	  VARIANT,
	  &primary,
	  { .primary = &primary, .self = { .numbers = PGP_NUMBERS_WRONG } } },
	{ "a self-signature with a critical unknown",
	  ERROR_OPENPGP_KEY_SELF_SIGNATURE,
	  VARIANT,
	  &primary,
	  { .primary = &primary, .self = { .hashed = BYTES("\x02\xE4x") } } },
	{ "a subkey without binding",
	  ERROR_OPENPGP_KEY_BINDING,
	  KIND,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .no_binding = true } },
	{ "a subkey bound with SHA-1",
	  ERROR_OPENPGP_KEY_BINDING_SHA1,
	  KIND,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .binding = { .hash = 2 } } },
	{ "a subkey bound by another key",
	  ERROR_OPENPGP_KEY_BINDING,
	  VARIANT,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .bound_by = &other } },
	{ "a subkey bound by another key in the primary's name",
	  ERROR_OPENPGP_KEY_BINDING,
	  VARIANT,
	  &subkey,
	  { .primary = &primary,
	    .subkey = &subkey,
	    .bound_by = &other,
	    .binding = { .no_issuer = true, .no_fingerprint = true } } },
	{ "no back-signature",
	  ERROR_OPENPGP_KEY_BACK_SIGNATURE,
	  KIND,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .no_back = true } },
	{ "a back-signature by another key",
	  ERROR_OPENPGP_KEY_BACK_SIGNATURE,
	  VARIANT,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .back_by = &primary } },
	{ "a back-signature with SHA-1",
	  ERROR_OPENPGP_KEY_BACK_SIGNATURE_SHA1,
	  KIND,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .back = { .hash = 2 } } },
	{ "a back-signature of another type",
	  ERROR_OPENPGP_KEY_BACK_SIGNATURE,
	  VARIANT,
	  &subkey,
	  { .primary = &primary, .subkey = &subkey, .back = { .type = 0x18 } } },
	{ "RSA of 1024 bits",
	  ERROR_OPENPGP_KEY_WEAK,
	  KIND,
	  &weak,
	  { .primary = &weak } },
	{ "a subkey of RSA of 1024 bits",
	  ERROR_OPENPGP_KEY_WEAK,
	  VARIANT,
	  &subkey,
	  { .primary = &weak, .subkey = &subkey } },
};

/* The same keys in a certificate as it should be. */
static void assert_key_twin(const struct key_row *row)
{
	bool of_weak = row->certificate.primary == &weak;
	const struct pgp_certificate certificate = {
		.primary = of_weak ? &strong : &primary,
		.subkey = row->certificate.subkey,
	};
	struct openpgp_ring *ring = ring_of(&certificate);
	struct buf armor = BUF_INIT(ROOM);
	genuine(&armor, row->signs == &subkey ? &subkey : certificate.primary);
	assert_twin(ring, &armor);
	openpgp_ring_free(ring);
	buf_release(&armor);
}

START_TEST(each_key_that_must_not_sign_is_refused_with_its_code)
{
	make_keys();
	pgp_key_make(&strong, PGP_RSA, PGP_TIME);
	for (size_t i = 0; i < sizeof(key_rows) / sizeof(key_rows[0]); i++) {
		const struct key_row *row = &key_rows[i];
		struct buf armor = BUF_INIT(ROOM);
		struct openpgp_ring *ring = ring_of(&row->certificate);
		genuine(&armor, row->signs);
		if (row->code == 0) {
			assert_good(ring, &armor, row->name);
			tampering_genuine("OpenPGP key", row->name, 0);
		} else {
			tampering_begin("OpenPGP key", row->name);
			assert_key_twin(row);
			assert_refused(ring, &armor, row->code, row->variant);
		}
		openpgp_ring_free(ring);
		buf_release(&armor);
	}
	pgp_key_free(&strong);
	free_keys();
}
END_TEST

START_TEST(a_key_of_an_unknown_algorithm_is_told_apart)
{
	struct pgp_key key;
	struct buf armor = BUF_INIT(ROOM);
	pgp_key_make(&key, PGP_ED25519, PGP_TIME);
	genuine(&armor, &key);
	struct openpgp_ring *ring = ring_of_key(&key);
	tampering_begin("OpenPGP key", "of an unknown curve");
	assert_twin(ring, &armor);
	openpgp_ring_free(ring);
	buf_reset(&armor);
	/* Its curve becomes another; the fingerprint with it. */
	struct pgp_key changed = key;
	changed.body.data[8] ^= 1;
	struct buf packets = BUF_INIT(ROOM);
	struct buf compiled = BUF_INIT(ROOM);
	pgp_packet(&packets, 6, false, changed.body.data, changed.body.length);
	ck_assert_int_eq(openpgp_compile(&compiled, packets.data, packets.length, NULL),
			 0);
	ck_assert_ptr_nonnull(strstr(compiled.data, "primary unsupported "));
	ck_assert_int_eq(openpgp_ring_new(&ring, NULL), 0);
	ck_assert_int_eq(openpgp_ring_add(ring, compiled.data, compiled.length, NULL),
			 0);
	const char *hex = openpgp_ring_key(ring, 0)->fingerprint;
	for (size_t i = 0; i < 20; i++) {
		unsigned int byte = 0;
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2X", &byte), 1);
		changed.fingerprint[i] = (unsigned char)byte;
	}
	genuine(&armor, &changed);
	assert_refused(ring, &armor, ERROR_OPENPGP_KEY_UNSUPPORTED, KIND);
	openpgp_ring_free(ring);
	buf_release(&armor);
	buf_release(&packets);
	buf_release(&compiled);
	pgp_key_free(&key);
}
END_TEST

/* --- when keys count --- */

struct time_row {
	const char *name;
	size_t key; /* which: 0 the primary key, 1 the subkey */
	enum openpgp_revoked revoked;
	int64_t revoked_at;
	int64_t until;
	struct pgp_certificate certificate;
};

#define TWO_DAYS "\x05\x09\x00\x02\xA3\x00" /* of a key's life */
static struct pgp_signature hard = { .hashed = BYTES("\x07\x1D\x02gone!") };
static struct pgp_signature no_reason = { .created = PGP_TIME + 5 };
static struct pgp_signature soft = { .created = PGP_TIME + 7,
				     .hashed = BYTES("\x05\x1D\x01new") };
static struct pgp_signature retired = { .created = PGP_TIME + 9,
					.hashed = BYTES("\x02\x1D\x03") };
static struct pgp_signature with_sha1 = { .hash = 2,
					  .created = PGP_TIME + 9,
					  .hashed = BYTES("\x02\x1D\x03") };
static struct pgp_signature with_md5 = { .hash = 1 };
static struct pgp_signature unread = { .hashed = BYTES("\x02\xE4x") };
static struct pgp_signature wrong = { .numbers = PGP_NUMBERS_WRONG };

static const struct time_row time_rows[] = {
	{ "for ever", 0, OPENPGP_REVOKED_NOT, 0, 0, { .primary = &primary } },
	{ "two days",
	  0,
	  OPENPGP_REVOKED_NOT,
	  0,
	  PGP_TIME + 2 * PGP_DAY,
	  { .primary = &primary, .self = { .hashed = BYTES(TWO_DAYS) } } },
	{ "a subkey's two days",
	  1,
	  OPENPGP_REVOKED_NOT,
	  0,
	  PGP_TIME + 2 * PGP_DAY,
	  { .primary = &primary,
	    .subkey = &subkey,
	    .binding = { .hashed = BYTES(TWO_DAYS) } } },
	{ "a subkey ends with its primary key",
	  1,
	  OPENPGP_REVOKED_NOT,
	  0,
	  PGP_TIME + 2 * PGP_DAY,
	  { .primary = &primary,
	    .subkey = &subkey,
	    .self = { .hashed = BYTES(TWO_DAYS) } } },
	{ "a binding that ends",
	  1,
	  OPENPGP_REVOKED_NOT,
	  0,
	  PGP_TIME + PGP_DAY + 60,
	  { .primary = &primary,
	    .subkey = &subkey,
	    .binding = { .hashed = BYTES("\x05\x03\x00\x00\x00\x3C") } } },
	{ "revoked as compromised",
	  0,
	  OPENPGP_REVOKED_HARD,
	  PGP_TIME + PGP_DAY,
	  0,
	  { .primary = &primary, .revoke_primary = &hard } },
	{ "revoked without reason",
	  0,
	  OPENPGP_REVOKED_HARD,
	  PGP_TIME + 5,
	  0,
	  { .primary = &primary, .revoke_primary = &no_reason } },
	{ "superseded",
	  0,
	  OPENPGP_REVOKED_SOFT,
	  PGP_TIME + 7,
	  0,
	  { .primary = &primary, .revoke_primary = &soft } },
	{ "retired, with SHA-1",
	  0,
	  OPENPGP_REVOKED_SOFT,
	  PGP_TIME + 9,
	  0,
	  { .primary = &primary, .revoke_primary = &with_sha1 } },
	{ "revoked with MD5: believed",
	  0,
	  OPENPGP_REVOKED_HARD,
	  0,
	  0,
	  { .primary = &primary, .revoke_primary = &with_md5 } },
	{ "revoked in words that are not understood: believed",
	  0,
	  OPENPGP_REVOKED_HARD,
	  0,
	  0,
	  { .primary = &primary, .revoke_primary = &unread } },
	{ "revoked by another key: believed",
	  0,
	  OPENPGP_REVOKED_HARD,
	  0,
	  0,
	  { .primary = &primary, .revoke_primary = &soft, .revoked_by = &other } },
	{ "a wrong revocation is none",
	  0,
	  OPENPGP_REVOKED_NOT,
	  0,
	  0,
	  { .primary = &primary, .revoke_primary = &wrong } },
	{ "a subkey revoked hard",
	  1,
	  OPENPGP_REVOKED_HARD,
	  PGP_TIME + 5,
	  0,
	  { .primary = &primary, .subkey = &subkey, .revoke_subkey = &no_reason } },
	{ "a subkey retired",
	  1,
	  OPENPGP_REVOKED_SOFT,
	  PGP_TIME + 9,
	  0,
	  { .primary = &primary, .subkey = &subkey, .revoke_subkey = &retired } },
	{ "the primary key of a revoked subkey",
	  0,
	  OPENPGP_REVOKED_NOT,
	  0,
	  0,
	  { .primary = &primary, .subkey = &subkey, .revoke_subkey = &hard } },
};

START_TEST(expiry_and_revocation_are_compiled)
{
	make_keys();
	for (size_t i = 0; i < sizeof(time_rows) / sizeof(time_rows[0]); i++) {
		const struct time_row *row = &time_rows[i];
		struct openpgp_ring *ring = ring_of(&row->certificate);
		const struct openpgp_key *key = openpgp_ring_key(ring, row->key);
		ck_assert_msg(key->use == OPENPGP_USE_SIGN, "%s: %s", row->name,
			      openpgp_use_name(key->use));
		ck_assert_msg(key->revoked == row->revoked, "%s: %d", row->name,
			      (int)key->revoked);
		ck_assert_msg(key->revoked_at == row->revoked_at, "%s: since %lld",
			      row->name, (long long)key->revoked_at);
		ck_assert_msg(key->until == row->until, "%s: until %lld", row->name,
			      (long long)key->until);
		ck_assert_int_eq(key->from, PGP_TIME);
		openpgp_ring_free(ring);
	}
	free_keys();
}
END_TEST

/* Its only user id is revoked: the primary key has no self-signature any more. */
START_TEST(a_revoked_user_id_does_not_govern)
{
	struct pgp_signature later = { .created = PGP_TIME + 2 * PGP_DAY };
	struct pgp_signature earlier = { .created = PGP_TIME + 5 };
	make_keys();
	struct pgp_certificate certificate = { .primary = &primary,
					       .revoke_user = &later };
	const struct openpgp_key *none = NULL;
	struct openpgp_ring *ring = ring_of(&certificate);
	ck_assert_int_eq(openpgp_ring_key(ring, 0)->use, OPENPGP_USE_SELF_SIGNATURE);
	ck_assert_ptr_null(openpgp_ring_email(ring, 0, &none));
	openpgp_ring_free(ring);
	certificate.revoke_user = &earlier;
	ring = ring_of(&certificate);
	ck_assert_int_eq(openpgp_ring_key(ring, 0)->use, OPENPGP_USE_SIGN);
	ck_assert_str_eq(openpgp_ring_email(ring, 0, &none), "test@example.org");
	openpgp_ring_free(ring);
	free_keys();
}
END_TEST

START_TEST(a_signature_says_when_it_was_made_and_ends)
{
	struct pgp_key key;
	struct buf armor = BUF_INIT(ROOM);
	struct arena *arena = arena_new(ROOM);
	const struct pgp_signature ends = { .hashed = BYTES("\x05\x83\x00\x00\x00"
							    "\x3C") };
	pgp_key_make(&key, PGP_ED25519, PGP_TIME);
	struct openpgp_ring *ring = ring_of_key(&key);
	make_armor(&armor, &key, &ends);
	struct signature_fact fact = verify(ring, &armor, arena);
	ck_assert_int_eq(fact.status, SIGNATURE_GOOD);
	ck_assert_int_eq(fact.made_at, (PGP_TIME + PGP_DAY) * CLOCK_SECOND);
	ck_assert_int_eq(fact.expires_at, fact.made_at + 60 * CLOCK_SECOND);
	arena_free(arena);
	openpgp_ring_free(ring);
	pgp_key_free(&key);
	buf_release(&armor);
}
END_TEST

/* --- files of keys --- */

struct file_row {
	const char *name;
	int code;
	bool variant;
	struct bytes before; /* the genuine certificate */
	struct bytes behind;
	bool alone; /* without the certificate */
};

static const struct file_row file_rows[] = {
	{ "a user id first", ERROR_OPENPGP_CERTIFICATE_ORDER, KIND, BYTES("\xB4\x01x"),
	  BYTES(""), false },
	{ "a secret key first", ERROR_OPENPGP_CERTIFICATE_SECRET, KIND,
	  BYTES("\x94\x01x"), BYTES(""), false },
	{ "a secret subkey", ERROR_OPENPGP_CERTIFICATE_SECRET, VARIANT, BYTES(""),
	  BYTES("\x9C\x01x"), false },
	{ "a literal within", ERROR_OPENPGP_CERTIFICATE_ORDER, VARIANT, BYTES(""),
	  BYTES("\xAC\x01x"), false },
	{ "a key of version 3 behind", ERROR_OPENPGP_CERTIFICATE_VERSION, KIND,
	  BYTES(""),
	  BYTES("\x98\x07\x03"
		"aaaabb"),
	  false },
	{ "a key without numbers behind", ERROR_OPENPGP_CERTIFICATE_FORM, KIND,
	  BYTES(""),
	  BYTES("\x98\x06\x04"
		"aaaa\x01"),
	  false },
	{ "cut", ERROR_OPENPGP_PACKET_TRUNCATED, VARIANT, BYTES(""), BYTES("\xB4\x09x"),
	  false },
	{ "not packets", ERROR_OPENPGP_PACKET_MARK, VARIANT, BYTES("key"), BYTES(""),
	  false },
	{ "empty", ERROR_OPENPGP_CERTIFICATE_EMPTY, KIND, BYTES(""), BYTES(""), true },
	{ "trust packets alone", ERROR_OPENPGP_CERTIFICATE_EMPTY, VARIANT,
	  BYTES("\xCC\x00"), BYTES(""), true },
	{ "a message", ERROR_OPENPGP_ARMOR_BEGIN, VARIANT,
	  BYTES("-----BEGIN PGP MESSAGE-----\n"), BYTES(""), true },
};

static int code_of_file(const struct buf *file)
{
	struct buf compiled = BUF_INIT(ROOM);
	int code = openpgp_compile_file(&compiled, file->length != 0 ? file->data : "",
					file->length, NULL);
	ck_assert_uint_eq(compiled.length == 0, code != 0);
	buf_release(&compiled);
	return code;
}

START_TEST(each_wrong_file_of_keys_is_refused_with_its_code)
{
	make_keys();
	struct buf twin = BUF_INIT(ROOM);
	const struct pgp_certificate certificate = { .primary = &primary };
	pgp_certificate(&twin, &certificate);
	for (size_t i = 0; i < sizeof(file_rows) / sizeof(file_rows[0]); i++) {
		const struct file_row *row = &file_rows[i];
		struct buf file = BUF_INIT(ROOM);
		tampering_begin("OpenPGP file", row->name);
		tampering_twin(code_of_file(&twin));
		buf_add(&file, row->before.bytes, row->before.length);
		if (!row->alone)
			buf_add(&file, twin.data, twin.length);
		buf_add(&file, row->behind.bytes, row->behind.length);
		tampering_refused(code_of_file(&file), row->code, row->variant);
		buf_release(&file);
	}
	buf_release(&twin);
	free_keys();
}
END_TEST

START_TEST(an_armored_file_is_as_good)
{
	struct buf packets = BUF_INIT(ROOM);
	struct buf armor = BUF_INIT(ROOM);
	struct buf a = BUF_INIT(ROOM);
	struct buf b = BUF_INIT(ROOM);
	make_keys();
	const struct pgp_certificate certificate = { .primary = &primary,
						     .subkey = &subkey };
	pgp_certificate(&packets, &certificate);
	pgp_armor(&armor, "PGP PUBLIC KEY BLOCK", packets.data, packets.length);
	ck_assert_int_eq(openpgp_compile_file(&a, packets.data, packets.length, NULL),
			 0);
	ck_assert_int_eq(openpgp_compile_file(&b, armor.data, armor.length, NULL), 0);
	ck_assert_str_eq(a.data, b.data);
	free_keys();
	buf_release(&packets);
	buf_release(&armor);
	buf_release(&a);
	buf_release(&b);
}
END_TEST

/* --- the compiled form --- */

START_TEST(a_changed_compiled_form_is_refused)
{
	struct buf packets = BUF_INIT(ROOM);
	struct buf compiled = BUF_INIT(ROOM);
	make_keys();
	const struct pgp_certificate certificate = { .primary = &primary,
						     .subkey = &subkey };
	pgp_certificate(&packets, &certificate);
	ck_assert_int_eq(openpgp_compile(&compiled, packets.data, packets.length, NULL),
			 0);
	struct openpgp_ring *changed = NULL;
	ck_assert_int_eq(openpgp_ring_new(&changed, NULL), 0);
	tampering_begin("OpenPGP file", "a bit of the compiled form flipped");
	tampering_twin(openpgp_ring_add(changed, compiled.data, compiled.length, NULL));
	compiled.data[compiled.length / 2] ^= 1;
	tampering_refused(
		openpgp_ring_add(changed, compiled.data, compiled.length, NULL),
		ERROR_OPENPGP_COMPILED, KIND);
	compiled.data[compiled.length / 2] ^= 1;
	openpgp_ring_free(changed);
	for (size_t i = 0; i < compiled.length; i++) {
		struct openpgp_ring *ring = NULL;
		ck_assert_int_eq(openpgp_ring_new(&ring, NULL), 0);
		compiled.data[i] ^= 1;
		ck_assert_int_eq(
			openpgp_ring_add(ring, compiled.data, compiled.length, NULL),
			ERROR_OPENPGP_COMPILED);
		compiled.data[i] ^= 1;
		ck_assert_int_eq(openpgp_ring_add(ring, compiled.data, i, NULL),
				 ERROR_OPENPGP_COMPILED);
		openpgp_ring_free(ring);
	}
	free_keys();
	buf_release(&packets);
	buf_release(&compiled);
}
END_TEST

START_TEST(the_digest_of_a_ring_tells_what_was_added)
{
	struct buf packets = BUF_INIT(ROOM);
	struct buf compiled = BUF_INIT(ROOM);
	struct openpgp_ring *ring = NULL;
	make_keys();
	const struct pgp_certificate certificate = { .primary = &primary };
	struct openpgp_ring *one = ring_of_key(&other);
	pgp_certificate(&packets, &certificate);
	ck_assert_int_eq(openpgp_compile(&compiled, packets.data, packets.length, NULL),
			 0);
	ck_assert_int_eq(openpgp_ring_new(&ring, NULL), 0);
	ck_assert(digest_is_none(openpgp_ring_digest(ring)));
	ck_assert_int_eq(openpgp_ring_add(ring, compiled.data, compiled.length, NULL),
			 0);
	ck_assert(!digest_equal(openpgp_ring_digest(ring), openpgp_ring_digest(one)));
	ck_assert_int_eq(openpgp_ring_add(one, compiled.data, compiled.length, NULL),
			 0);
	ck_assert(!digest_equal(openpgp_ring_digest(ring), openpgp_ring_digest(one)));
	openpgp_ring_free(ring);
	openpgp_ring_free(one);
	free_keys();
	buf_release(&packets);
	buf_release(&compiled);
}
END_TEST

UNIT_MAIN("trust", each_wrong_packet_is_refused_with_its_code,
	  forms_that_real_programs_write_are_good, short_numbers_are_good,
	  more_bits_than_said_are_refused, each_wrong_head_is_refused_with_its_code,
	  new_heads_are_good, each_wrong_armor_is_refused_with_its_code,
	  the_checksum_counts_when_it_is_there,
	  each_key_that_must_not_sign_is_refused_with_its_code,
	  a_key_of_an_unknown_algorithm_is_told_apart,
	  expiry_and_revocation_are_compiled, a_revoked_user_id_does_not_govern,
	  a_signature_says_when_it_was_made_and_ends,
	  each_wrong_file_of_keys_is_refused_with_its_code, an_armored_file_is_as_good,
	  a_changed_compiled_form_is_refused, the_digest_of_a_ring_tells_what_was_added)
