/* tests/unit/test_trust_x509.c - every tampering with an X.509 signature, its
 * certificates, authorities or revocation lists is refused with its own code, and its
 * genuine twin is good. */
#include "unit.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "cms_make.h"
#include "model/facts.h"
#include "tampering.h"
#include "trust/signature.h"
#include "trust/x509.h"

#define PAYLOAD "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"

/* root - middle - alice, and people with other keys. */
static struct identity *root;
static struct identity *middle;
static struct identity *alice;
static struct identity *by_rsa;
static struct identity *by_edwards;
static struct identity *stranger;

static void make_people(void)
{
	root = identity_new(NULL,
			    &(struct identity_changes){ .name = "Root", .ca = true });
	middle = identity_new(
		root, &(struct identity_changes){ .name = "Middle", .ca = true });
	alice = identity_new(
		middle, &(struct identity_changes){ .name = "Alice", .serial = 77 });
	by_rsa = identity_new(root, &(struct identity_changes){ .algorithm = "RSA" });
	by_edwards = identity_new(root, &(struct identity_changes){ .algorithm = "ED255"
										 "1"
										 "9" });
	stranger = identity_new(
		NULL, &(struct identity_changes){ .name = "Stranger", .ca = true });
}

static void free_people(void)
{
	struct identity *all[] = { root, middle, alice, by_rsa, by_edwards, stranger };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		identity_free(all[i]);
}

static struct signature_fact verify_text(const char *text, size_t length,
					 struct arena *arena)
{
	struct signature_fact fact;
	struct error err = ERROR_INIT;
	struct trust_span pieces[2] = { { PAYLOAD, 10 },
					{ &PAYLOAD[10], strlen(PAYLOAD) - 10 } };
	ck_assert_msg(signature_verify(&fact, arena, pieces, 2, text, length, &err) ==
			      0,
		      "%s", err.text);
	return fact;
}

static struct signature_fact verify(const struct identity *signer,
				    const struct cms_changes *changes,
				    struct arena *arena)
{
	struct buf blob = BUF_INIT(1 << 20);
	struct buf armor = BUF_INIT(1 << 20);
	make_cms(&blob, signer, PAYLOAD, strlen(PAYLOAD), changes);
	make_cms_armor(&armor, &blob);
	struct signature_fact fact = verify_text(armor.data, armor.length, arena);
	buf_release(&armor);
	buf_release(&blob);
	return fact;
}

/* --- the signature --- */

/* Others than Alice are named, since they are made when the test runs. */
enum who { ALICE, BY_RSA, BY_EDWARDS };

struct cms_row {
	const char *name;
	enum who who;
	int code;
	bool variant; /* of a row above with the same code */
	struct cms_changes changes;
	enum { NOBODY, NAME_STRANGER, KEY_OF_STRANGER, COPIES_OF_STRANGER } with;
};

static const struct cms_row cms_rows[] = {
	{ "cut", ALICE, ERROR_CMS_FORM, false, { .cut = 1 }, NOBODY },
	{ "bytes behind",
	  ALICE,
	  ERROR_CMS_TRAILING,
	  false,
	  { .trailing = "x" },
	  NOBODY },
	{ "fields behind",
	  ALICE,
	  ERROR_CMS_TRAILING_FIELDS,
	  false,
	  { .trailing_fields = "x" },
	  NOBODY },
	{ "enveloped data",
	  ALICE,
	  ERROR_CMS_TYPE,
	  false,
	  { .outer_type = "1.2.840.113549.1.7.3" },
	  NOBODY },
	{ "version 4", ALICE, ERROR_CMS_VERSION, false, { .version = 4 }, NOBODY },
	{ "over other content",
	  ALICE,
	  ERROR_CMS_CONTENT_TYPE,
	  false,
	  { .content_type = "1.2.840.113549.1.9.16.1.4" },
	  NOBODY },
	{ "content of its own",
	  ALICE,
	  ERROR_CMS_EMBEDDED,
	  false,
	  { .embedded = PAYLOAD },
	  NOBODY },
	{ "revocation lists",
	  ALICE,
	  ERROR_CMS_LISTS,
	  false,
	  { .lists = true },
	  NOBODY },
	{ "SHA-1", ALICE, ERROR_CMS_DIGEST_WEAK, false, { .digest = "SHA1" }, NOBODY },
	{ "SHA-224",
	  ALICE,
	  ERROR_CMS_DIGEST_UNKNOWN,
	  false,
	  { .digest_oid = "2.16.840.1.101.3.4.2.4" },
	  NOBODY },
	{ "a digest that is not announced",
	  ALICE,
	  ERROR_CMS_DIGEST_UNLISTED,
	  false,
	  { .announced = "2.16.840.1.101.3.4.2.3" },
	  NOBODY },
	{ "digest of other bytes",
	  ALICE,
	  ERROR_CMS_DIGEST_MISMATCH,
	  false,
	  { .content_digest_of_other = true },
	  NOBODY },
	{ "PSS",
	  BY_RSA,
	  ERROR_CMS_PSS,
	  false,
	  { .algorithm = "1.2.840.113549.1.1.10" },
	  NOBODY },
	{ "DSA",
	  ALICE,
	  ERROR_CMS_ALGORITHM,
	  false,
	  { .algorithm = "2.16.840.1.101.3.4.3.2" },
	  NOBODY },
	{ "two digests",
	  ALICE,
	  ERROR_CMS_ALGORITHM_DIGEST,
	  false,
	  { .algorithm = "1.2.840.10045.4.3.4" },
	  NOBODY },
	{ "no signed attributes",
	  ALICE,
	  ERROR_CMS_ATTRIBUTES_NONE,
	  false,
	  { .no_attributes = true },
	  NOBODY },
	{ "attributes of no length",
	  ALICE,
	  ERROR_CMS_ATTRIBUTES_FORM,
	  false,
	  { .indefinite_attributes = true },
	  NOBODY },
	{ "a set that is not constructed",
	  ALICE,
	  ERROR_CMS_ATTRIBUTES_FORM,
	  true,
	  { .more_attributes = 1, .primitive_set = true },
	  NOBODY },
	{ "a length that is not shortest",
	  ALICE,
	  ERROR_CMS_ATTRIBUTES_FORM,
	  true,
	  { .more_attributes = 1, .long_length = true },
	  NOBODY },
	{ "33 attributes",
	  ALICE,
	  ERROR_CMS_ATTRIBUTES_MANY,
	  false,
	  { .more_attributes = 30 },
	  NOBODY },
	{ "an attribute twice",
	  ALICE,
	  ERROR_CMS_ATTRIBUTE_TWICE,
	  false,
	  { .twice = true },
	  NOBODY },
	{ "two digests in the attribute",
	  ALICE,
	  ERROR_CMS_ATTRIBUTE_VALUES,
	  false,
	  { .two_values = true },
	  NOBODY },
	{ "attributes of other content",
	  ALICE,
	  ERROR_CMS_ATTRIBUTE_TYPE,
	  false,
	  { .attribute_type = "1.2.3" },
	  NOBODY },
	{ "no content type",
	  ALICE,
	  ERROR_CMS_ATTRIBUTE_TYPE_MISSING,
	  false,
	  { .no_type = true },
	  NOBODY },
	{ "no digest",
	  ALICE,
	  ERROR_CMS_ATTRIBUTE_DIGEST_MISSING,
	  false,
	  { .no_digest = true },
	  NOBODY },
	{ "no time",
	  ALICE,
	  ERROR_CMS_ATTRIBUTE_TIME_MISSING,
	  false,
	  { .no_time = true },
	  NOBODY },
	{ "a time with a zone",
	  ALICE,
	  ERROR_CMS_TIME_FORM,
	  false,
	  { .time = "2605282026+0200" },
	  NOBODY },
	{ "month 13",
	  ALICE,
	  ERROR_CMS_TIME_FORM,
	  true,
	  { .time = "261328202640Z" },
	  NOBODY },
	{ "no signer", ALICE, ERROR_CMS_SIGNER_NONE, false, { .signers = -1 }, NOBODY },
	{ "two signers", ALICE, ERROR_CMS_SIGNER_TWO, false, { .signers = 2 }, NOBODY },
	{ "a signer of version 2",
	  ALICE,
	  ERROR_CMS_SIGNER_VERSION,
	  false,
	  { .signer_version = 2 },
	  NOBODY },
	{ "a signer of version 3 named by issuer",
	  ALICE,
	  ERROR_CMS_SIGNER_VERSION,
	  true,
	  { .signer_version = 3 },
	  NOBODY },
	{ "bytes behind the signer",
	  ALICE,
	  ERROR_CMS_SIGNER_TRAILING,
	  false,
	  { .signer_trailing = "x" },
	  NOBODY },
	{ "a certificate of another kind",
	  ALICE,
	  ERROR_CMS_CERTIFICATE_KIND,
	  false,
	  { .other_kind = true },
	  NOBODY },
	{ "17 certificates",
	  ALICE,
	  ERROR_CMS_CERTIFICATES_MANY,
	  false,
	  { .copies = 16 },
	  COPIES_OF_STRANGER },
	{ "no certificate",
	  ALICE,
	  ERROR_CMS_CERTIFICATE_MISSING,
	  false,
	  { .no_certificates = true },
	  NOBODY },
	{ "another one's certificate",
	  ALICE,
	  ERROR_CMS_CERTIFICATE_MISSING,
	  true,
	  { .version = 1 },
	  NAME_STRANGER },
	{ "the certificate twice",
	  ALICE,
	  ERROR_CMS_CERTIFICATE_TWO,
	  false,
	  { .certificate_twice = true },
	  NOBODY },
	{ "a certificate that is broken",
	  ALICE,
	  ERROR_CMS_CERTIFICATE_FORM,
	  false,
	  { .certificate_bytes = "\xff\xff\xff\xff" },
	  NOBODY },
	{ "an algorithm of another key",
	  ALICE,
	  ERROR_CMS_KEY_TYPE,
	  false,
	  { .algorithm = "1.2.840.113549.1.1.11" },
	  NOBODY },
	{ "an algorithm of Edwards curves",
	  BY_RSA,
	  ERROR_CMS_ALGORITHM_DIGEST,
	  true,
	  { .algorithm = "1.3.101.112" },
	  NOBODY },
	{ "the signature flipped",
	  ALICE,
	  ERROR_CMS_MISMATCH,
	  false,
	  { .flip = true },
	  NOBODY },
	{ "the RSA signature flipped",
	  BY_RSA,
	  ERROR_CMS_MISMATCH,
	  true,
	  { .flip = true },
	  NOBODY },
	{ "made by another key",
	  ALICE,
	  ERROR_CMS_MISMATCH,
	  true,
	  { .version = 1 },
	  KEY_OF_STRANGER },
};
#define CMS_ROWS (sizeof(cms_rows) / sizeof(cms_rows[0]))

static const struct identity *who_is(enum who who)
{
	switch (who) {
	case ALICE:
		return alice;
	case BY_RSA:
		return by_rsa;
	case BY_EDWARDS:
		break;
	}
	return by_edwards;
}

START_TEST(each_wrong_signature_is_refused_with_its_code)
{
	static const struct cms_changes twins[] = {
		[BY_EDWARDS] = { .digest = "SHA512" },
	};
	make_people();
	for (size_t i = 0; i < CMS_ROWS; i++) {
		const struct cms_row *row = &cms_rows[i];
		struct arena *arena = arena_new(1 << 20);
		struct cms_changes changes = row->changes;
		if (row->with == NAME_STRANGER)
			changes.named = stranger;
		if (row->with == KEY_OF_STRANGER)
			changes.other_key = stranger;
		if (row->with == COPIES_OF_STRANGER)
			changes.others[0] = stranger;
		tampering_begin("X.509 signature", row->name);
		tampering_twin(verify(who_is(row->who), &twins[row->who], arena).code);
		struct signature_fact fact = verify(who_is(row->who), &changes, arena);
		ck_assert_int_eq(fact.status, SIGNATURE_BAD);
		tampering_refused(fact.code, row->code, row->variant);
		arena_free(arena);
	}
	free_people();
}
END_TEST

START_TEST(genuine_signatures_are_good)
{
	static const struct {
		const char *name;
		enum who who;
		struct cms_changes changes;
	} cases[] = {
		{ "ECDSA", ALICE, { .version = 1 } },
		{ "RSA", BY_RSA, { .version = 1 } },
		{ "RSA named with its digest",
		  BY_RSA,
		  { .algorithm = "1.2.840.113549.1.1.11" } },
		{ "RSA with SHA-512", BY_RSA, { .digest = "SHA512" } },
		{ "RSA with SHA-384", BY_RSA, { .digest = "SHA384" } },
		{ "ECDSA with SHA-384",
		  ALICE,
		  { .digest = "SHA384", .algorithm = "1.2.840.10045.4.3.3" } },
		{ "Ed25519 with SHA-512", BY_EDWARDS, { .digest = "SHA512" } },
		{ "lengths as gpgsm writes them", ALICE, { .indefinite = true } },
		{ "named by key", ALICE, { .by_key = true, .version = 3 } },
		{ "attributes of others", ALICE, { .more_attributes = 20 } },
	};
	make_people();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct signature_fact fact =
			verify(who_is(cases[i].who), &cases[i].changes, arena);
		ck_assert_msg(fact.status == SIGNATURE_GOOD, "'%s': %s", cases[i].name,
			      fact.reason);
		tampering_genuine("X.509 signature", cases[i].name, fact.code);
		ck_assert_str_eq(fact.format, "x509");
		ck_assert_uint_eq(strlen(fact.fingerprint), 5 + 64);
		ck_assert_str_eq(fact.x509->subject, "CN=Alice");
		ck_assert_str_eq(fact.x509->names[0], "email:alice@example.org");
		ck_assert_int_eq(fact.x509->signed_at, CMS_MADE_AT * CLOCK_SECOND);
		arena_free(arena);
	}
	free_people();
}
END_TEST

struct armor_row {
	const char *name;
	int code;
	const char *find;
	const char *replacement;
};
#define BEGIN "-----BEGIN SIGNED MESSAGE-----\n"
#define END   "-----END SIGNED MESSAGE-----\n"
static const struct armor_row armor_rows[] = {
	{ "text behind BEGIN", ERROR_CMS_BEGIN, BEGIN,
	  "-----BEGIN SIGNED MESSAGE----- x\n" },
	{ "lines end in CR", ERROR_CMS_CR, BEGIN,
	  "-----BEGIN SIGNED MESSAGE-----\r\n" },
	{ "empty line", ERROR_CMS_LINE, BEGIN, BEGIN "\n" },
	{ "no END", ERROR_CMS_END_MISSING, END, "" },
	{ "END without line feed", ERROR_CMS_END_NEWLINE, END,
	  "-----END SIGNED MESSAGE-----" },
	{ "text behind END", ERROR_CMS_TRAILING_TEXT, END, END "x" },
	{ "padding in the middle", ERROR_CMS_BASE64, BEGIN "MI", BEGIN "M=" },
};
#define ARMOR_ROWS (sizeof(armor_rows) / sizeof(armor_rows[0]))

START_TEST(each_wrong_frame_is_refused_with_its_code)
{
	struct cms_changes none = { .version = 1 };
	struct buf blob = BUF_INIT(1 << 20);
	struct buf armor = BUF_INIT(1 << 20);
	make_people();
	make_cms(&blob, alice, PAYLOAD, strlen(PAYLOAD), &none);
	make_cms_armor(&armor, &blob);
	for (size_t i = 0; i < ARMOR_ROWS; i++) {
		const struct armor_row *row = &armor_rows[i];
		struct arena *arena = arena_new(1 << 20);
		struct buf changed = BUF_INIT(1 << 20);
		const char *at = strstr(armor.data, row->find);
		ck_assert_ptr_nonnull(at);
		buf_add(&changed, armor.data, (size_t)(at - armor.data));
		buf_add_string(&changed, row->replacement);
		buf_add_string(&changed, at + strlen(row->find));
		tampering_begin("X.509 signature", row->name);
		tampering_twin(verify_text(armor.data, armor.length, arena).code);
		tampering_refused(verify_text(changed.data, changed.length, arena).code,
				  row->code, false);
		buf_release(&changed);
		arena_free(arena);
	}
	buf_release(&armor);
	buf_release(&blob);
	free_people();
}
END_TEST

/* --- the certificate of the signer, and its way to an authority --- */

struct chain_row {
	const char *name;
	int code;
	bool at_once; /* what the signature alone says is bad */
	bool variant; /* of a row above with the same code */
	struct identity_changes leaf;
	struct identity_changes ca; /* of the CA in between */
	enum {
		AS_IT_IS,
		NO_MIDDLE,    /* does not come with the signature */
		FOREIGN_ROOT, /* the root comes with it, but is not an authority */
		SELF_SIGNED,  /* the leaf vouches for itself */
		TWO_CAS,      /* a second CA stands behind the one in between */
		NO_AUTHORITIES,
		LISTS,           /* all current */
		LISTED,          /* the leaf is revoked */
		CA_LISTED,       /* the CA in between is */
		LIST_MISSING,    /* of the CA in between */
		LIST_BY_ANOTHER, /* signed by another key */
	} how;
};

/* What no sane CA would write. */
static void add_name_with_nul(void *certificate, const struct identity *issuer,
			      void *data)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	(void)issuer;
	(void)data;
	ASN1_STRING_set(text, "alice@example.org\0.evil.example", 31);
	GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
	sk_GENERAL_NAME_push(names, name);
	ck_assert_int_eq(
		X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0), 1);
	GENERAL_NAMES_free(names);
}

static void spoil_key(void *certificate, const struct identity *issuer, void *data)
{
	unsigned char *point = OPENSSL_memdup("\4not a point", 12);
	(void)issuer;
	(void)data;
	ck_assert_int_eq(X509_PUBKEY_set0_param(
				 X509_get_X509_PUBKEY(certificate),
				 OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
				 OBJ_nid2obj(NID_X9_62_prime256v1), point, 12),
			 1);
}

static void spoil_time(void *certificate, const struct identity *issuer, void *data)
{
	(void)issuer;
	(void)data;
	ASN1_STRING_set(X509_getm_notBefore(certificate), "yesterday", 9);
}

/* A time that is no time's type: nobody can read the certificate. */
static void spoil_form(void *certificate, const struct identity *issuer, void *data)
{
	(void)issuer;
	(void)data;
	X509_getm_notBefore(certificate)->type = V_ASN1_OCTET_STRING;
}

#define FIVE_NAMES                                                                     \
	"email:a@example.org,email:b@example.org,email:c@example.org,"                 \
	"email:d@example.org,email:e@example.org,"
#define THIRTY_NAMES FIVE_NAMES FIVE_NAMES FIVE_NAMES FIVE_NAMES FIVE_NAMES FIVE_NAMES
#define CA_AS_IT_IS                                                                    \
	{                                                                              \
		.name = "Middle", .ca = true                                           \
	}
static const struct chain_row chain_rows[] = {
	{ "not for signing",
	  ERROR_X509_KEY_USAGE,
	  true,
	  false,
	  { .usage = "critical,keyEncipherment" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "for servers alone",
	  ERROR_X509_EXTENDED_USAGE,
	  true,
	  false,
	  { .extended = "serverAuth" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "RSA of 1024 bits",
	  ERROR_CMS_KEY_SMALL,
	  true,
	  false,
	  { .algorithm = "RSA", .rsa_bits = 1024 },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "malformed extension",
	  ERROR_X509_EXTENSIONS,
	  true,
	  false,
	  { .custom = "2.5.29.15", .usage = "" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "malformed names",
	  ERROR_X509_NAMES_FORM,
	  true,
	  false,
	  { .custom = "2.5.29.17", .san = "" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "NUL in a name",
	  ERROR_X509_NAME,
	  true,
	  false,
	  { .san = "", .finish = add_name_with_nul },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "65 names",
	  ERROR_X509_NAMES_MANY,
	  true,
	  false,
	  { .san = THIRTY_NAMES THIRTY_NAMES FIVE_NAMES "email:z@example.org" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "a key that is none",
	  ERROR_CMS_KEY,
	  true,
	  false,
	  { .finish = spoil_key },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "a time that is none",
	  ERROR_X509_TIME,
	  false,
	  false,
	  { .finish = spoil_time },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "a CA that cannot be read",
	  ERROR_X509_FORM,
	  false,
	  false,
	  { .serial = 9 },
	  { .name = "Middle", .ca = true, .finish = spoil_form },
	  AS_IT_IS },
	{ "a CA more than the one above allows",
	  ERROR_X509_PATH_LENGTH,
	  false,
	  false,
	  { .serial = 9 },
	  { .name = "Middle", .ca = true, .constraints = "critical,CA:TRUE,pathlen:0" },
	  TWO_CAS },
	{ "no authority",
	  ERROR_X509_NO_AUTHORITIES,
	  false,
	  false,
	  { .serial = 9 },
	  CA_AS_IT_IS,
	  NO_AUTHORITIES },
	{ "the CA is missing",
	  ERROR_X509_UNKNOWN_AUTHORITY,
	  false,
	  false,
	  { .serial = 9 },
	  CA_AS_IT_IS,
	  NO_MIDDLE },
	{ "another root",
	  ERROR_X509_FOREIGN_AUTHORITY,
	  false,
	  false,
	  { .serial = 9 },
	  CA_AS_IT_IS,
	  FOREIGN_ROOT },
	{ "vouches for itself",
	  ERROR_X509_SELF_SIGNED,
	  false,
	  false,
	  { .serial = 9 },
	  CA_AS_IT_IS,
	  SELF_SIGNED },
	{ "not made by its issuer",
	  ERROR_X509_SIGNATURE,
	  false,
	  false,
	  { .broken_signature = true },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "by one who is no CA",
	  ERROR_X509_NOT_CA,
	  false,
	  false,
	  { .serial = 9 },
	  { .name = "Middle", .constraints = "critical,CA:FALSE" },
	  AS_IT_IS },
	{ "by a CA that may not sign",
	  ERROR_X509_CA_USAGE,
	  false,
	  false,
	  { .serial = 9 },
	  { .name = "Middle", .ca = true, .usage = "critical,digitalSignature" },
	  AS_IT_IS },
	{ "by one that does not say that it is a CA",
	  ERROR_X509_NOT_CA,
	  false,
	  true,
	  { .serial = 9 },
	  { .name = "Middle", .ca = true, .constraints = "" },
	  AS_IT_IS },
	{ "a critical extension that is not known",
	  ERROR_X509_CRITICAL,
	  false,
	  false,
	  { .custom = "1.2.3.4", .custom_critical = true },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "CA of 1024 bits",
	  ERROR_X509_KEY_SMALL,
	  false,
	  false,
	  { .serial = 9 },
	  { .name = "Middle", .ca = true, .algorithm = "RSA", .rsa_bits = 1024 },
	  AS_IT_IS },
	{ "signed with SHA-1",
	  ERROR_X509_DIGEST_WEAK,
	  false,
	  false,
	  { .digest = "SHA1" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "a name that the CA may not give",
	  ERROR_X509_CONSTRAINTS,
	  false,
	  false,
	  { .serial = 9 },
	  { .name = "Middle",
	    .ca = true,
	    .name_constraints = "critical,permitted;email:example.com" },
	  AS_IT_IS },
	{ "revoked",
	  ERROR_X509_REVOKED,
	  false,
	  false,
	  { .serial = 9 },
	  CA_AS_IT_IS,
	  LISTED },
	{ "its CA is revoked",
	  ERROR_X509_CA_REVOKED,
	  false,
	  false,
	  { .serial = 9 },
	  { .name = "Middle", .ca = true, .serial = 5 },
	  CA_LISTED },
	{ "no list of its CA",
	  ERROR_X509_LIST_MISSING,
	  false,
	  false,
	  { .serial = 9 },
	  CA_AS_IT_IS,
	  LIST_MISSING },
	{ "a list by another key",
	  ERROR_X509_LIST_SIGNATURE,
	  false,
	  false,
	  { .serial = 9 },
	  CA_AS_IT_IS,
	  LIST_BY_ANOTHER },
	{ "genuine", 0, false, true, { .serial = 9 }, CA_AS_IT_IS, AS_IT_IS },
	{ "genuine with lists", 0, false, true, { .serial = 9 }, CA_AS_IT_IS, LISTS },
	{ "genuine for code",
	  0,
	  false,
	  true,
	  { .extended = "codeSigning" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
	{ "genuine without usages",
	  0,
	  false,
	  true,
	  { .extended = "", .usage = "" },
	  CA_AS_IT_IS,
	  AS_IT_IS },
};
#define CHAIN_ROWS (sizeof(chain_rows) / sizeof(chain_rows[0]))

static void add_list(struct x509_authorities *authorities, const struct identity *ca,
		     const struct identity *signer, long serial)
{
	struct buf pem = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	make_list(&pem, ca, signer, &serial, serial != 0, 3600);
	ck_assert_msg(x509_lists_add(authorities, pem.data, pem.length, &err) == 0,
		      "%s", err.text);
	buf_release(&pem);
}

static struct x509_authorities *make_authorities(const struct chain_row *row,
						 const struct identity *ca)
{
	struct x509_authorities *authorities = NULL;
	struct buf pem = BUF_INIT(1 << 20);
	ck_assert_int_eq(x509_authorities_new(&authorities, NULL), 0);
	identity_pem(&pem, row->how == FOREIGN_ROOT || row->how == SELF_SIGNED
				   ? stranger
				   : root);
	ck_assert_int_eq(
		x509_authorities_add(authorities, pem.data, pem.length, true, NULL), 0);
	buf_release(&pem);
	if (row->how >= LISTS)
		add_list(authorities, root, root, row->how == CA_LISTED ? 5 : 0);
	if (row->how >= LISTS && row->how != LIST_MISSING)
		add_list(authorities, ca, row->how == LIST_BY_ANOTHER ? stranger : ca,
			 row->how == LISTED ? 9 : 0);
	return authorities;
}

static void assert_chain_is_good(const struct signature_fact *fact, bool lists,
				 const struct x509_authorities *authorities,
				 struct arena *arena)
{
	ck_assert_int_eq(fact->x509->chain, X509_CHAIN_GOOD);
	ck_assert(fact->x509->by_server);
	ck_assert_int_eq(fact->x509->lists_until,
			 lists ? (CMS_MADE_AT + 3600) * CLOCK_SECOND : 0);
	/* what is remembered leads there too */
	struct signature_fact again = { .status = SIGNATURE_GOOD };
	ck_assert(x509_recall(&again, arena, fact->x509->certificates,
			      fact->x509->certificates_length));
	ck_assert_int_eq(x509_trace(&again, authorities, NULL), 0);
	ck_assert_int_eq(again.x509->chain, X509_CHAIN_GOOD);
}

static int code_of_chain(const struct chain_row *row)
{
	static const struct identity_changes usual_ca = { .name = "Second",
							  .ca = true };
	struct arena *arena = arena_new(1 << 20);
	struct identity *ca = identity_new(root, &row->ca);
	struct identity *second = identity_new(ca, &usual_ca);
	struct identity *by = row->how == TWO_CAS ? second : ca;
	struct identity *leaf =
		identity_new(row->how == SELF_SIGNED ? NULL : by, &row->leaf);
	struct x509_authorities *authorities = make_authorities(row, ca);
	struct cms_changes changes = { .version = 1 };
	if (row->how != NO_MIDDLE && row->how != SELF_SIGNED)
		changes.others[0] = ca;
	if (row->how == FOREIGN_ROOT)
		changes.others[1] = root;
	if (row->how == TWO_CAS)
		changes.others[1] = second;
	struct signature_fact fact = verify(leaf, &changes, arena);
	ck_assert_msg((fact.status == SIGNATURE_BAD) == row->at_once, "'%s': %s",
		      row->name, fact.reason);
	if (!row->at_once)
		ck_assert_int_eq(
			x509_trace(&fact,
				   row->how == NO_AUTHORITIES ? NULL : authorities,
				   NULL),
			0);
	int code = row->at_once ? fact.code : fact.x509->code;
	if (code == 0)
		assert_chain_is_good(&fact, row->how == LISTS, authorities, arena);
	x509_authorities_free(authorities);
	identity_free(leaf);
	identity_free(second);
	identity_free(ca);
	arena_free(arena);
	return code;
}

START_TEST(each_wrong_chain_is_refused_with_its_code)
{
	make_people();
	for (size_t i = 0; i < CHAIN_ROWS; i++) {
		const struct chain_row *row = &chain_rows[i];
		struct chain_row twin = { .leaf = { .serial = 9 }, .ca = CA_AS_IT_IS };
		if (row->how >= LISTS)
			twin.how = LISTS;
		if (row->how == TWO_CAS)
			twin.how = TWO_CAS;
		if (row->code == 0) {
			tampering_genuine("X.509 chain", row->name, code_of_chain(row));
			continue;
		}
		tampering_begin("X.509 chain", row->name);
		tampering_twin(code_of_chain(&twin));
		tampering_refused(code_of_chain(row), row->code, row->variant);
	}
	free_people();
}
END_TEST

START_TEST(a_chain_is_valid_as_long_as_all_of_it)
{
	struct identity_changes short_ca = {
		.name = "Middle", .ca = true, .after = -1000, .before = 1000
	};
	struct identity_changes long_leaf = { .after = -5000, .before = 500 };
	struct arena *arena = arena_new(1 << 20);
	make_people();
	struct identity *ca = identity_new(root, &short_ca);
	struct identity *leaf = identity_new(ca, &long_leaf);
	struct chain_row row = { .how = AS_IT_IS };
	struct x509_authorities *authorities = make_authorities(&row, ca);
	struct cms_changes changes = { .others = { ca } };
	struct signature_fact fact = verify(leaf, &changes, arena);
	ck_assert_int_eq(x509_trace(&fact, authorities, NULL), 0);
	ck_assert_int_eq(fact.x509->valid_after, (CMS_MADE_AT - 1000) * CLOCK_SECOND);
	ck_assert_int_eq(fact.x509->valid_before, (CMS_MADE_AT + 500) * CLOCK_SECOND);
	x509_authorities_free(authorities);
	identity_free(leaf);
	identity_free(ca);
	free_people();
	arena_free(arena);
}
END_TEST

/* An authority of a repository does not make what it vouches for the server's. */
START_TEST(whose_authority_it_is_is_told)
{
	struct arena *arena = arena_new(1 << 20);
	struct buf pem = BUF_INIT(1 << 20);
	make_people();
	struct x509_authorities *authorities = NULL;
	ck_assert_int_eq(x509_authorities_new(&authorities, NULL), 0);
	identity_pem(&pem, stranger);
	ck_assert_int_eq(
		x509_authorities_add(authorities, pem.data, pem.length, true, NULL), 0);
	buf_reset(&pem);
	identity_pem(&pem, root);
	identity_pem(&pem, middle);
	ck_assert_int_eq(
		x509_authorities_add(authorities, pem.data, pem.length, false, NULL),
		0);
	struct cms_changes none = { .version = 1 };
	struct signature_fact fact = verify(alice, &none, arena);
	ck_assert_int_eq(x509_trace(&fact, authorities, NULL), 0);
	ck_assert_msg(fact.x509->chain == X509_CHAIN_GOOD, "%s", fact.x509->reason);
	ck_assert(!fact.x509->by_server);
	x509_authorities_free(authorities);
	buf_release(&pem);
	free_people();
	arena_free(arena);
}
END_TEST

static int add_authority(const struct buf *pem)
{
	struct x509_authorities *authorities = NULL;
	ck_assert_int_eq(x509_authorities_new(&authorities, NULL), 0);
	int code =
		x509_authorities_add(authorities, pem->data, pem->length, true, NULL);
	x509_authorities_free(authorities);
	return code;
}

static int add_lists(const struct buf *pem)
{
	struct x509_authorities *authorities = NULL;
	ck_assert_int_eq(x509_authorities_new(&authorities, NULL), 0);
	int code = x509_lists_add(authorities, pem->data, pem->length, NULL);
	x509_authorities_free(authorities);
	return code;
}

static void assert_file(const char *name, int (*add)(const struct buf *pem),
			const struct buf *twin, const struct buf *file, int code,
			bool variant)
{
	tampering_begin("X.509 file", name);
	tampering_twin(add(twin));
	tampering_refused(add(file), code, variant);
}

START_TEST(wrong_files_of_authorities_and_lists_are_refused)
{
	struct buf empty = BUF_INIT(1);
	struct buf authority = BUF_INIT(1 << 20);
	struct buf list = BUF_INIT(1 << 20);
	struct buf file = BUF_INIT(1 << 20);
	make_people();
	identity_pem(&authority, root);
	make_list(&list, root, root, NULL, 0, 100);
	assert_file("no authority", add_authority, &authority, &empty,
		    ERROR_X509_AUTHORITIES_NONE, false);
	identity_pem(&file, middle);
	assert_file("an authority that another vouches for", add_authority, &authority,
		    &file, ERROR_X509_AUTHORITIES_NONE, true);
	buf_reset(&file);
	buf_add(&file, authority.data, authority.length);
	file.data[100] = '!';
	assert_file("an authority not in base64", add_authority, &authority, &file,
		    ERROR_X509_AUTHORITIES_FORM, false);
	assert_file("no list", add_lists, &list, &empty, ERROR_X509_LIST_NONE, false);
	buf_reset(&file);
	make_list(&file, root, root, NULL, 0, 0);
	assert_file("a list without end", add_lists, &list, &file,
		    ERROR_X509_LIST_ENDLESS, false);
	buf_reset(&file);
	buf_add(&file, list.data, list.length);
	file.data[60] = '!';
	assert_file("a list not in base64", add_lists, &list, &file,
		    ERROR_X509_LIST_FORM, false);
	buf_release(&authority);
	buf_release(&list);
	buf_release(&file);
	free_people();
}
END_TEST

UNIT_MAIN("trust/x509", each_wrong_signature_is_refused_with_its_code,
	  genuine_signatures_are_good, each_wrong_frame_is_refused_with_its_code,
	  each_wrong_chain_is_refused_with_its_code,
	  a_chain_is_valid_as_long_as_all_of_it, whose_authority_it_is_is_told,
	  wrong_files_of_authorities_and_lists_are_refused)
