/* tests/unit/test_trust_certificate.c - every tampering with an OpenSSH certificate, a
 * revocation list or a file of allowed signers is refused with its own code, and its
 * genuine twin is good. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "model/facts.h"
#include "model/krl.h"
#include "scratch.h"
#include "sshsig_make.h"
#include "tampering.h"
#include "trust/allowed_signers.h"
#include "trust/signature.h"
#include "trust/ssh_krl.h"

#define PAYLOAD "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"

static struct software_key *keys[KEY_KINDS];
static struct software_key *cas[KEY_KINDS];

static void make_keys(void)
{
	for (enum key_kind kind = KEY_ED25519; kind < KEY_KINDS; kind++) {
		keys[kind] = software_key_new(kind, 0);
		cas[kind] = software_key_new(kind, 0);
	}
}

static void free_keys(void)
{
	for (enum key_kind kind = KEY_ED25519; kind < KEY_KINDS; kind++) {
		software_key_free(keys[kind]);
		software_key_free(cas[kind]);
	}
}

/* --- certificates --- */

struct certificate_row {
	const char *name;
	enum key_kind kind;
	enum key_kind ca;
	int code;
	bool variant; /* of a row with the same code */
	struct certificate_changes changes;
	int flags; /* of the signature by a security key */
};

static const struct certificate_row certificate_rows[] = {
	{ "cut",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_TRUNCATED,
	  false,
	  { .cut = 1 },
	  0 },
	{ "cut within the CA",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_TRUNCATED,
	  true,
	  { .cut = 100 },
	  0 },
	{ "cut within the options",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_TRUNCATED,
	  true,
	  { .cut = 150 },
	  0 },
	{ "bytes behind",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_TRAILING,
	  false,
	  { .trailing = "x" },
	  0 },
	{ "of a type that is not",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_KEY_TYPE,
	  false,
	  { .type = "ssh-dss-cert-v01@openssh.com" },
	  0 },
	{ "of a host",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_HOST,
	  false,
	  { .kind = 2 },
	  0 },
	{ "of a kind that is not",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_KIND,
	  false,
	  { .kind = 3 },
	  0 },
	{ "NUL in the key id",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_KEY_ID,
	  false,
	  { .key_id = "a\0b", .key_id_length = 3 },
	  0 },
	{ "principals cut",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_PRINCIPALS_FORM,
	  false,
	  { .raw_principals = "\0\0\0\7alice", .raw_principals_length = 9 },
	  0 },
	{ "an empty principal",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_PRINCIPAL,
	  false,
	  { .raw_principals = "\0\0\0\0", .raw_principals_length = 4 },
	  0 },
	{ "NUL in a principal",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_PRINCIPAL,
	  true,
	  { .raw_principals = "\0\0\0\7alice\0x", .raw_principals_length = 11 },
	  0 },
	{ "257 principals",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_PRINCIPALS_MANY,
	  false,
	  { .principal_count = 257 },
	  0 },
	{ "no principal",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_PRINCIPALS_NONE,
	  false,
	  { .principal_count = SIZE_MAX },
	  0 },
	{ "ends before it begins",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_VALIDITY,
	  false,
	  { .valid_after = 200, .valid_before = 100 },
	  0 },
	{ "ends as it begins",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_VALIDITY,
	  true,
	  { .valid_after = 200, .valid_before = 200 },
	  0 },
	{ "options cut",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_OPTIONS_FORM,
	  false,
	  { .raw_critical = "\0\0\0\1", .raw_critical_length = 4 },
	  0 },
	{ "extensions not in order",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_OPTIONS_ORDER,
	  false,
	  { .extensions = { "permit-pty", "no-touch-required" } },
	  0 },
	{ "an extension twice",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_OPTIONS_ORDER,
	  true,
	  { .extensions = { "permit-pty", "permit-pty" } },
	  0 },
	{ "a critical option that is not known",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_CRITICAL,
	  false,
	  { .critical = { "be-nice@example.org" } },
	  0 },
	{ "reserved field",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_RESERVED,
	  false,
	  { .reserved = "x" },
	  0 },
	{ "a weak CA",
	  KEY_ED25519,
	  KEY_RSA,
	  ERROR_SSH_CERT_CA_KEY,
	  false,
	  { .ca = { .modulus_bytes = 128 } },
	  0 },
	{ "CA off its curve",
	  KEY_ED25519,
	  KEY_ECDSA_256,
	  ERROR_SSH_CERT_CA_KEY,
	  true,
	  { .ca = { .off_curve = true } },
	  0 },
	{ "SHA-1 by an RSA CA",
	  KEY_ED25519,
	  KEY_RSA,
	  ERROR_SSH_CERT_SHA1,
	  false,
	  { .signature = { .type = "ssh-rsa", .rsa_digest = "SHA1" } },
	  0 },
	{ "signature of another type",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_SIGNATURE,
	  false,
	  { .signature = { .type = "rsa-sha2-256" } },
	  0 },
	{ "signature with bytes behind",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_SIGNATURE,
	  true,
	  { .signature = { .inner_trailing = "x" } },
	  0 },
	{ "CA's key without presence",
	  KEY_ED25519,
	  KEY_SK_ED25519,
	  ERROR_SSH_CERT_SIGNATURE,
	  true,
	  { .signature = { .flags = 0x100 } },
	  0 },
	{ "a serial that the CA did not sign",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_MISMATCH,
	  false,
	  { .flip = 116 },
	  0 },
	{ "a nonce that the CA did not sign",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_MISMATCH,
	  true,
	  { .flip = 45 },
	  0 },
	{ "CA's signature flipped",
	  KEY_ECDSA_384,
	  KEY_ECDSA_521,
	  ERROR_SSH_CERT_MISMATCH,
	  true,
	  { .signature = { .flip = 20 } },
	  0 },
	{ "verify-required, user not verified",
	  KEY_SK_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_VERIFY_REQUIRED,
	  false,
	  { .critical = { "verify-required" } },
	  0x01 },
	{ "verify-required of a key that cannot",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_CERT_VERIFY_REQUIRED,
	  true,
	  { .critical = { "verify-required" } },
	  0 },
	{ "key within of one byte less",
	  KEY_ED25519,
	  KEY_ED25519,
	  ERROR_SSH_KEY_LENGTH,
	  true,
	  { .key = { .point_length = 31 } },
	  0 },
	{ "key within without presence",
	  KEY_SK_ECDSA,
	  KEY_ED25519,
	  ERROR_SSHSIG_PRESENCE,
	  true,
	  { .kind = 1 },
	  0x100 },
};
#define CERTIFICATE_ROWS (sizeof(certificate_rows) / sizeof(certificate_rows[0]))

static void sign_with(struct buf *armor, const struct software_key *key,
		      const struct buf *certificate, int flags)
{
	struct sig_changes changes = { .public_key = certificate, .flags = flags };
	make_signature(armor, key, PAYLOAD, strlen(PAYLOAD), &changes);
}

static struct signature_fact verify(const struct buf *armor, struct arena *arena)
{
	struct signature_fact fact;
	struct error err = ERROR_INIT;
	struct trust_span payload = { PAYLOAD, strlen(PAYLOAD) };
	ck_assert_msg(signature_verify(&fact, arena, &payload, 1, armor->data,
				       armor->length, &err) == 0,
		      "%s", err.text);
	return fact;
}

static struct signature_fact verify_certificate(
	enum key_kind kind, enum key_kind ca, const struct certificate_changes *changes,
	int flags, struct arena *arena)
{
	struct buf certificate = BUF_INIT(1 << 20);
	struct buf armor = BUF_INIT(1 << 20);
	make_certificate(&certificate, keys[kind], cas[ca], changes);
	sign_with(&armor, keys[kind], &certificate, flags);
	struct signature_fact fact = verify(&armor, arena);
	buf_release(&armor);
	buf_release(&certificate);
	return fact;
}

START_TEST(each_wrong_certificate_is_refused_with_its_code)
{
	make_keys();
	for (size_t i = 0; i < CERTIFICATE_ROWS; i++) {
		const struct certificate_row *row = &certificate_rows[i];
		struct certificate_changes none = { .kind = 0 };
		struct arena *arena = arena_new(1 << 20);
		tampering_begin("SSH certificate", row->name);
		struct signature_fact twin =
			verify_certificate(row->kind, row->ca, &none, 0, arena);
		ck_assert_int_eq(twin.status, SIGNATURE_GOOD);
		tampering_twin(twin.code);
		struct signature_fact fact = verify_certificate(
			row->kind, row->ca, &row->changes, row->flags, arena);
		ck_assert_msg(fact.status == SIGNATURE_BAD, "'%s' was not refused",
			      row->name);
		tampering_refused(fact.code, row->code, row->variant);
		arena_free(arena);
	}
	free_keys();
}
END_TEST

/* A certificate whose CA is a certificate. */
START_TEST(certificates_do_not_chain)
{
	struct arena *arena = arena_new(1 << 20);
	struct buf first = BUF_INIT(65536);
	struct certificate_changes none = { .kind = 0 };
	make_keys();
	make_certificate(&first, cas[KEY_ED25519], cas[KEY_RSA], &none);
	struct certificate_changes chained = { .ca_blob = &first };
	tampering_begin("SSH certificate", "a CA that is a certificate");
	tampering_twin(
		verify_certificate(KEY_ED25519, KEY_ED25519, &none, 0, arena).code);
	struct signature_fact fact =
		verify_certificate(KEY_ED25519, KEY_ED25519, &chained, 0, arena);
	tampering_refused(fact.code, ERROR_SSH_CERT_CHAINED, false);
	buf_release(&first);
	arena_free(arena);
	free_keys();
}
END_TEST

START_TEST(certificates_of_every_key_by_every_ca_are_read)
{
	make_keys();
	for (enum key_kind kind = KEY_ED25519; kind < KEY_KINDS; kind++)
		for (enum key_kind ca = KEY_ED25519; ca < KEY_KINDS; ca++) {
			struct arena *arena = arena_new(1 << 20);
			struct buf ca_blob = BUF_INIT(65536);
			struct key_changes plain = { .type = NULL };
			char fingerprint[SSH_FINGERPRINT_BYTES];
			char name[128];
			struct certificate_changes changes = {
				.serial = 4711,
				.key_id = "an id",
				.principals = { "alice", "bob" },
				.valid_after = 100,
				.valid_before = 200,
				.critical = { "force-command", "source-address" },
				.extensions = { "permit-pty", "zzz@example.org" },
			};
			struct signature_fact fact =
				verify_certificate(kind, ca, &changes, 0, arena);
			ck_assert_msg(fact.status == SIGNATURE_GOOD, "%s by %s: %s",
				      key_kind_name(kind), key_kind_name(ca),
				      fact.reason);
			snprintf(name, sizeof(name), "%s by %s", key_kind_name(kind),
				 key_kind_name(ca));
			tampering_genuine("SSH certificate", name, fact.code);
			const struct certificate_fact *certificate = fact.certificate;
			make_key_blob(&ca_blob, cas[ca], &plain);
			ck_assert_int_eq(ssh_fingerprint_make(fingerprint, ca_blob.data,
							      ca_blob.length),
					 0);
			ck_assert_str_eq(certificate->ca, fingerprint);
			ck_assert_uint_eq(certificate->serial, 4711);
			ck_assert_str_eq(certificate->key_id, "an id");
			ck_assert_uint_eq(certificate->principal_count, 2);
			ck_assert_str_eq(certificate->principals[1], "bob");
			ck_assert_int_eq(certificate->valid_after, 100000000);
			ck_assert_int_eq(certificate->valid_before, 200000000);
			ck_assert(fact.security_key == (kind >= KEY_SK_ED25519));
			/* what is remembered says the same */
			struct signature_fact again = fact;
			again.certificate = NULL;
			ck_assert(signature_recall_certificate(
				&again, arena, fact.certificate_blob,
				fact.certificate_blob_length));
			ck_assert_uint_eq(again.certificate->serial, 4711);
			buf_release(&ca_blob);
			arena_free(arena);
		}
	free_keys();
}
END_TEST

START_TEST(a_certificate_of_another_key_does_not_help)
{
	struct arena *arena = arena_new(1 << 20);
	struct buf certificate = BUF_INIT(65536);
	struct buf armor = BUF_INIT(65536);
	struct certificate_changes none = { .kind = 0 };
	make_keys();
	make_certificate(&certificate, keys[KEY_ED25519], cas[KEY_ED25519], &none);
	sign_with(&armor, cas[KEY_ED25519], &certificate, 0);
	struct signature_fact fact = verify(&armor, arena);
	ck_assert_int_eq(fact.code, ERROR_SSHSIG_MISMATCH);
	buf_release(&armor);
	buf_release(&certificate);
	arena_free(arena);
	free_keys();
}
END_TEST

/* --- revocation lists --- */

#define KRL_MAGIC  "SSHKRL\n\0"
#define KRL_FORMAT "\0\0\0\1"
#define KRL_REST                                                                       \
	"\0\0\0\0\0\0\0\5"                                                             \
	"\0\0\0\0\0\0\0\0"                                                             \
	"\0\0\0\0\0\0\0\0"                                                             \
	"\0\0\0\0"                                                                     \
	"\0\0\0\0"
#define KRL_HEAD KRL_MAGIC KRL_FORMAT KRL_REST
/* A section about certificates of any CA, and what is within. */
#define CERTIFICATES(length) "\1\0\0\0" length "\0\0\0\0\0\0\0\0"

#define BYTES(text)                                                                    \
	{                                                                              \
		text, sizeof(text) - 1                                                 \
	}
struct bytes {
	const char *bytes;
	size_t length;
};

struct krl_row {
	const char *name;
	int code;
	bool variant;
	struct bytes twin;
	struct bytes list;
};

/* What stands behind a good head. */
#define KRL_ROW(name, code, variant, twin, list)                                       \
	{                                                                              \
		name, code, variant, BYTES(KRL_HEAD twin), BYTES(KRL_HEAD list)        \
	}
static const struct krl_row krl_rows[] = {
	{ "magic", ERROR_SSH_KRL_MAGIC, false, BYTES(KRL_HEAD),
	  BYTES("SSHKRL\nx" KRL_FORMAT KRL_REST) },
	{ "empty", ERROR_SSH_KRL_MAGIC, true, BYTES(KRL_HEAD), BYTES("") },
	{ "format 2", ERROR_SSH_KRL_FORMAT, false, BYTES(KRL_HEAD),
	  BYTES(KRL_MAGIC "\0\0\0\2" KRL_REST) },
	{ "cut in the head", ERROR_SSH_KRL_TRUNCATED, false, BYTES(KRL_HEAD),
	  BYTES(KRL_MAGIC KRL_FORMAT "\0\0\0\0") },
	KRL_ROW("section cut", ERROR_SSH_KRL_TRUNCATED, true, "\2\0\0\0\5\0\0\0\1k",
		"\2\0\0\0\5\0\0\0\1"),
	KRL_ROW("a section that is not known", ERROR_SSH_KRL_SECTION, false,
		"\2\0\0\0\0", "\x9\0\0\0\0"),
	KRL_ROW("a part that is not known", ERROR_SSH_KRL_PART, false,
		CERTIFICATES("\x0d") "\x23\0\0\0\0",
		CERTIFICATES("\x0d") "\x24\0\0\0\0"),
	KRL_ROW("no serial", ERROR_SSH_KRL_EMPTY, false,
		CERTIFICATES("\x15") "\x20\0\0\0\x8\0\0\0\0\0\0\0\1",
		CERTIFICATES("\x0d") "\x20\0\0\0\0"),
	KRL_ROW("half a serial", ERROR_SSH_KRL_TRUNCATED, true,
		CERTIFICATES("\x15") "\x20\0\0\0\x8\0\0\0\0\0\0\0\1",
		CERTIFICATES("\x11") "\x20\0\0\0\4\0\0\0\1"),
	KRL_ROW("serial 0", ERROR_SSH_KRL_SERIAL_ZERO, false,
		CERTIFICATES("\x15") "\x20\0\0\0\x8\0\0\0\0\0\0\0\1",
		CERTIFICATES("\x15") "\x20\0\0\0\x8\0\0\0\0\0\0\0\0"),
	KRL_ROW("a range that falls", ERROR_SSH_KRL_RANGE, false,
		CERTIFICATES("\x1d") "\x21\0\0\0\x10\0\0\0\0\0\0\0\x8"
				     "\0\0\0\0\0\0\0\x9",
		CERTIFICATES("\x1d") "\x21\0\0\0\x10\0\0\0\0\0\0\0\x9"
				     "\0\0\0\0\0\0\0\x8"),
	KRL_ROW("bytes behind a range", ERROR_SSH_KRL_TRAILING, false,
		CERTIFICATES("\x1d") "\x21\0\0\0\x10\0\0\0\0\0\0\0\x8"
				     "\0\0\0\0\0\0\0\x9",
		CERTIFICATES("\x1e") "\x21\0\0\0\x11\0\0\0\0\0\0\0\x8"
				     "\0\0\0\0\0\0\0\x9x"),
	KRL_ROW("an empty bitmap", ERROR_SSH_KRL_BITMAP, false,
		CERTIFICATES("\x1a") "\x22\0\0\0\x0d\0\0\0\0\0\0\0\1\0\0\0\1\1",
		CERTIFICATES("\x19") "\x22\0\0\0\x0c\0\0\0\0\0\0\0\1\0\0\0\0"),
	KRL_ROW("a bitmap beyond the end", ERROR_SSH_KRL_BITMAP_END, false,
		CERTIFICATES("\x1a") "\x22\0\0\0\x0d"
				     "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\1\1",
		CERTIFICATES("\x1a") "\x22\0\0\0\x0d"
				     "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\1\3"),
	KRL_ROW("NUL in a key id", ERROR_SSH_KRL_KEY_ID, false,
		CERTIFICATES("\x14") "\x23\0\0\0\7\0\0\0\3axb",
		CERTIFICATES("\x14") "\x23\0\0\0\7\0\0\0\3a\0b"),
	KRL_ROW("a critical extension", ERROR_SSH_KRL_EXTENSION, false,
		"\xff\0\0\0\x0a\0\0\0\1x\0\0\0\0\0",
		"\xff\0\0\0\x0a\0\0\0\1x\1\0\0\0\0"),
	KRL_ROW("a critical extension of certificates", ERROR_SSH_KRL_EXTENSION, true,
		CERTIFICATES("\x17") "\x39\0\0\0\x0a\0\0\0\1x\0\0\0\0\0",
		CERTIFICATES("\x17") "\x39\0\0\0\x0a\0\0\0\1x\1\0\0\0\0"),
	KRL_ROW("an empty key", ERROR_SSH_KRL_KEY, false, "\2\0\0\0\5\0\0\0\1k",
		"\2\0\0\0\4\0\0\0\0"),
	KRL_ROW("a fingerprint of 19 bytes", ERROR_SSH_KRL_DIGEST, false,
		"\3\0\0\0\x18\0\0\0\x14"
		"12345678901234567890",
		"\3\0\0\0\x17\0\0\0\x13"
		"1234567890123456789"),
	KRL_ROW("a section behind the signature", ERROR_SSH_KRL_AFTER_SIGNATURE, false,
		"\4\0\0\0\1k\0\0\0\1s\4\0\0\0\0\0\0\0\0",
		"\4\0\0\0\1k\0\0\0\1s\2\0\0\0\0\0\0\0\0"),
};
#define KRL_ROWS (sizeof(krl_rows) / sizeof(krl_rows[0]))

static const struct {
	const char *name;
	struct bytes list;
} good_krls[] = {
	{ "nothing", BYTES(KRL_HEAD) },
	{ "an extension", BYTES(KRL_HEAD "\xff\0\0\0\x0a\0\0\0\1x\0\0\0\0\0") },
	{ "a signature", BYTES(KRL_HEAD "\4\0\0\0\1k\0\0\0\1s") },
	{ "a bitmap of 9 and 11 to 12", BYTES(KRL_HEAD CERTIFICATES("\x1a") "\x22\0\0\0"
									    "\x0d\0\0\0"
									    "\0\0\0\0"
									    "\x9"
									    "\0\0\0\1"
									    "\x0d") },
};

/* From memory of its own, so that reading on is seen. */
static int parse_krl(const struct bytes *list, struct krl *krl, struct arena *arena)
{
	struct buf bytes = BUF_INIT(65536);
	struct error err = ERROR_INIT;
	buf_add(&bytes, list->bytes, list->length);
	int rc = ssh_krl_parse(krl, arena, bytes.data, bytes.length, &err);
	ck_assert_int_eq(rc, err.code);
	buf_release(&bytes);
	return rc;
}

START_TEST(each_wrong_revocation_list_is_refused_with_its_code)
{
	struct krl krl;
	for (size_t i = 0; i < KRL_ROWS; i++) {
		const struct krl_row *row = &krl_rows[i];
		struct arena *arena = arena_new(1 << 20);
		tampering_begin("SSH revocation list", row->name);
		tampering_twin(parse_krl(&row->twin, &krl, arena));
		tampering_refused(parse_krl(&row->list, &krl, arena), row->code,
				  row->variant);
		arena_free(arena);
	}
}
END_TEST

START_TEST(genuine_revocation_lists_are_read)
{
	struct krl krl;
	for (size_t i = 0; i < sizeof(good_krls) / sizeof(good_krls[0]); i++) {
		struct arena *arena = arena_new(1 << 20);
		tampering_genuine("SSH revocation list", good_krls[i].name,
				  parse_krl(&good_krls[i].list, &krl, arena));
		ck_assert_uint_eq(krl.version, 5);
		if (i == 3) {
			ck_assert_uint_eq(krl.range_count, 2);
			ck_assert_uint_eq(krl.ranges[0].first, 9);
			ck_assert_uint_eq(krl.ranges[0].last, 9);
			ck_assert_uint_eq(krl.ranges[1].first, 11);
			ck_assert_uint_eq(krl.ranges[1].last, 12);
		}
		arena_free(arena);
	}
}
END_TEST

/* --- allowed signers --- */

#define KEY                                                                            \
	"ssh-ed25519 "                                                                 \
	"AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

struct signers_row {
	const char *name;
	int code;
	bool variant;
	struct bytes twin;
	struct bytes line;
};
static const struct signers_row signers_rows[] = {
	{ "NUL", ERROR_ALLOWED_SIGNERS_NUL, false, BYTES("alice " KEY "\n"),
	  BYTES("alice " KEY "\0\n") },
	{ "empty principals", ERROR_ALLOWED_SIGNERS_PRINCIPALS, false,
	  BYTES("\"alice\" " KEY "\n"), BYTES("\"\" " KEY "\n") },
	{ "principals alone", ERROR_ALLOWED_SIGNERS_SHORT, false,
	  BYTES("alice " KEY "\n"), BYTES("alice\n") },
	{ "an unknown option", ERROR_ALLOWED_SIGNERS_OPTION, false,
	  BYTES("alice cert-authority " KEY "\n"), BYTES("alice restrict " KEY "\n") },
	{ "an option twice", ERROR_ALLOWED_SIGNERS_TWICE, false,
	  BYTES("alice namespaces=\"git\" " KEY "\n"),
	  BYTES("alice namespaces=\"git\",namespaces=\"git\" " KEY "\n") },
	{ "a time twice", ERROR_ALLOWED_SIGNERS_TWICE, true,
	  BYTES("alice valid-after=\"20260101Z\" " KEY "\n"),
	  BYTES("alice valid-after=\"20260101Z\",valid-after=\"20260101Z\" " KEY
		"\n") },
	{ "a value without quotes", ERROR_ALLOWED_SIGNERS_QUOTE, false,
	  BYTES("alice namespaces=\"git\" " KEY "\n"),
	  BYTES("alice namespaces=git " KEY "\n") },
	{ "quotes that do not end", ERROR_ALLOWED_SIGNERS_QUOTE_END, false,
	  BYTES("alice namespaces=\"git\" " KEY "\n"),
	  BYTES("alice namespaces=\"git " KEY "\n") },
	{ "something behind an option", ERROR_ALLOWED_SIGNERS_SEPARATOR, false,
	  BYTES("alice cert-authority " KEY "\n"),
	  BYTES("alice cert-authority;x " KEY "\n") },
	{ "a comma and nothing", ERROR_ALLOWED_SIGNERS_SEPARATOR, true,
	  BYTES("alice cert-authority " KEY), BYTES("alice cert-authority,") },
	{ "a time of nine digits", ERROR_ALLOWED_SIGNERS_TIME, false,
	  BYTES("alice valid-after=\"20260101Z\" " KEY "\n"),
	  BYTES("alice valid-after=\"202601011Z\" " KEY "\n") },
	{ "a time in words", ERROR_ALLOWED_SIGNERS_TIME, true,
	  BYTES("alice valid-after=\"20260101Z\" " KEY "\n"),
	  BYTES("alice valid-after=\"tomorrow\" " KEY "\n") },
	{ "month 13", ERROR_ALLOWED_SIGNERS_TIME, true,
	  BYTES("alice valid-after=\"20261201Z\" " KEY "\n"),
	  BYTES("alice valid-after=\"20261301Z\" " KEY "\n") },
	{ "1970", ERROR_ALLOWED_SIGNERS_TIME, true,
	  BYTES("alice valid-after=\"19700102Z\" " KEY "\n"),
	  BYTES("alice valid-after=\"19700101Z\" " KEY "\n") },
	{ "a time without its zone", ERROR_ALLOWED_SIGNERS_ZONE, false,
	  BYTES("alice valid-after=\"20260101Z\" " KEY "\n"),
	  BYTES("alice valid-after=\"20260101\" " KEY "\n") },
	{ "ends as it begins", ERROR_ALLOWED_SIGNERS_WINDOW, false,
	  BYTES("alice valid-after=\"20260102Z\",valid-before=\"20260103Z\" " KEY "\n"),
	  BYTES("alice valid-after=\"20260102Z\",valid-before=\"20260102Z\" " KEY
		"\n") },
	{ "a key that is none", ERROR_ALLOWED_SIGNERS_KEY, false,
	  BYTES("alice " KEY "\n"), BYTES("alice ssh-ed25519 AAAA\n") },
	{ "options and no key", ERROR_ALLOWED_SIGNERS_KEY, true,
	  BYTES("alice cert-authority " KEY "\n"), BYTES("alice cert-authority\n") },
};
#define SIGNERS_ROWS (sizeof(signers_rows) / sizeof(signers_rows[0]))

struct heard {
	struct allowed_signer last;
	size_t count;
};

static int hear(void *data, const struct allowed_signer *signer, struct error *err)
{
	struct heard *heard = data;
	(void)err;
	heard->last = *signer;
	heard->count++;
	return 0;
}

static int read_signers(const char *text, size_t length, enum allowed_times times,
			struct heard *heard, struct arena *arena)
{
	struct error err = ERROR_INIT;
	*heard = (struct heard){ .count = 0 };
	return allowed_signers_read(text, length, "signers", times, arena, hear, heard,
				    &err);
}

START_TEST(each_wrong_line_of_signers_is_refused_with_its_code)
{
	for (size_t i = 0; i < SIGNERS_ROWS; i++) {
		const struct signers_row *row = &signers_rows[i];
		struct arena *arena = arena_new(1 << 20);
		struct heard heard;
		tampering_begin("SSH allowed signers", row->name);
		tampering_twin(read_signers(row->twin.bytes, row->twin.length,
					    TIMES_UTC_ONLY, &heard, arena));
		tampering_refused(read_signers(row->line.bytes, row->line.length,
					       TIMES_UTC_ONLY, &heard, arena),
				  row->code, row->variant);
		ck_assert_uint_eq(heard.count, 0);
		arena_free(arena);
	}
}
END_TEST

START_TEST(lines_of_signers_are_read)
{
	static const struct {
		const char *name;
		const char *line;
		const char *principals;
		bool authority;
		const char *namespaces;
		int64_t after;
		int64_t before;
	} cases[] = {
		{ "a key", "alice " KEY, "alice", false, NULL, 0, 0 },
		{ "blanks, a list, a comment and CR",
		  " \talice,*@example.org\t" KEY " comment\r\n", "alice,*@example.org",
		  false, NULL, 0, 0 },
		{ "behind comments, in quotes", "# no\n\n  # no\n\"a b\" " KEY, "a b",
		  false, NULL, 0, 0 },
		{ "a CA", "a cert-authority " KEY, "a", true, NULL, 0, 0 },
		{ "options in capitals",
		  "a CERT-AUTHORITY,Namespaces=\"git,file\" " KEY, "a", true,
		  "git,file", 0, 0 },
		{ "a quote within quotes", "a namespaces=\"\\\"git\" " KEY, "a", false,
		  "\"git", 0, 0 },
		{ "from a day", "a valid-after=\"20260102Z\" " KEY, "a", false, NULL,
		  1767312000, 0 },
		{ "until a minute", "a valid-before=\"202601020304utc\" " KEY, "a",
		  false, NULL, 0, 1767323040 },
		{ "a window",
		  "a valid-after=\"20260102030405z\",valid-before=\"20270101Z\" " KEY,
		  "a", false, NULL, 1767323045, 1798761600 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct heard heard;
		int rc = read_signers(cases[i].line, strlen(cases[i].line),
				      TIMES_UTC_ONLY, &heard, arena);
		tampering_genuine("SSH allowed signers", cases[i].name, rc);
		ck_assert_uint_eq(heard.count, 1);
		ck_assert_str_eq(heard.last.principals, cases[i].principals);
		ck_assert_int_eq(heard.last.authority, cases[i].authority);
		ck_assert_pstr_eq(heard.last.namespaces, cases[i].namespaces);
		ck_assert_int_eq(heard.last.valid_after, cases[i].after * 1000000);
		ck_assert_int_eq(heard.last.valid_before, cases[i].before * 1000000);
		arena_free(arena);
	}
}
END_TEST

START_TEST(local_times_are_those_of_the_zone)
{
	static const char line[] = "a valid-after=\"20260702\" " KEY;
	struct arena *arena = arena_new(1 << 20);
	struct heard heard;
	setenv("TZ", "XYZ-3", 1);
	ck_assert_int_eq(read_signers(line, strlen(line), TIMES_LOCAL, &heard, arena),
			 0);
	ck_assert_int_eq(heard.last.valid_after,
			 (INT64_C(1782950400) - 3 * 3600) * 1000000);
	arena_free(arena);
}
END_TEST

START_TEST(patterns_match_as_in_openssh)
{
	static const struct {
		const char *list;
		const char *text;
		bool matches;
	} cases[] = {
		{ "alice", "alice", true },
		{ "alice", "Alice", false },
		{ "alice", "alic", false },
		{ "a*", "alice", true },
		{ "a*e", "alice", true },
		{ "a*c", "alice", false },
		{ "?lice", "alice", true },
		{ "?????", "alice", true },
		{ "??????", "alice", false },
		{ "*", "", true },
		{ "", "", false },
		{ "bob,alice", "alice", true },
		{ "*,!alice", "alice", false },
		{ "!alice,*", "alice", false },
		{ "!bob", "alice", false },
		{ "*@example.org", "alice@example.org", true },
		{ "*@example.org", "alice@example.org.evil", false },
		{ "**a**", "bab", true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(pattern_list_matches(cases[i].list, cases[i].text) ==
				      cases[i].matches,
			      "'%s' and '%s'", cases[i].list, cases[i].text);
}
END_TEST

UNIT_MAIN("trust/certificate", each_wrong_certificate_is_refused_with_its_code,
	  certificates_do_not_chain, certificates_of_every_key_by_every_ca_are_read,
	  a_certificate_of_another_key_does_not_help,
	  each_wrong_revocation_list_is_refused_with_its_code,
	  genuine_revocation_lists_are_read,
	  each_wrong_line_of_signers_is_refused_with_its_code,
	  lines_of_signers_are_read, local_times_are_those_of_the_zone,
	  patterns_match_as_in_openssh)
