/* tests/unit/test_trust_sigstore.c - signatures of gitsign: genuine ones of every kind
 * count at the time that the log proves, and every tampering with certificate,
 * timestamp, log entry, proof, checkpoint or root is refused with its own code. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/facts.h"
#include "sigstore_make.h"
#include "tampering.h"
#include "trust/rekor_entry.h"
#include "trust/signature.h"
#include "trust/sigstore.h"

#define PAYLOAD "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"
#define AT(s)   ((CMS_MADE_AT + (s)) * CLOCK_SECOND)

static struct sigstore_made *made;

static void begin(void)
{
	if (made == NULL)
		made = sigstore_made_new(NULL);
}

/* How a policy's root differs from the usual one. */
struct root_changes {
	bool no_sct;
	bool by_repository;
	bool other_authorities; /* of a root that made nothing here */
	bool other_rekor;
	bool other_ct;
	int64_t rekor_after; /* seconds from CMS_MADE_AT; 0: no bound */
	int64_t rekor_before;
	int64_t ct_before;
	int64_t authority_after;
	int64_t authority_before;
};

static int64_t or_bound(int64_t seconds, int64_t bound)
{
	return seconds != 0 ? AT(seconds) : bound;
}

static void add_key(struct sigstore *sigstore, enum sigstore_log log, void *key,
		    int64_t after, int64_t before)
{
	struct buf der = BUF_INIT(1 << 20);
	sigstore_key_der(&der, key);
	ck_assert_int_eq(sigstore_add_key(sigstore, log, der.data, der.length, after,
					  before, NULL),
			 0);
	buf_release(&der);
}

static void add_root(struct sigstore *sigstore, const struct sigstore_made *of,
		     const struct root_changes *changes)
{
	struct buf pem = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	ck_assert_int_eq(sigstore_begin(sigstore, !changes->by_repository,
					!changes->no_sct, NULL),
			 0);
	if (changes->other_authorities) {
		struct sigstore_made *other = sigstore_made_new(NULL);
		sigstore_authorities_pem(&pem, other);
		sigstore_made_free(other);
	} else {
		sigstore_authorities_pem(&pem, of);
	}
	ck_assert_msg(
		sigstore_add_authorities(sigstore, pem.data, pem.length,
					 or_bound(changes->authority_after, INT64_MIN),
					 or_bound(changes->authority_before, INT64_MAX),
					 &err) == 0,
		"%s", err.text);
	add_key(sigstore, SIGSTORE_REKOR,
		changes->other_rekor ? of->stranger : of->rekor,
		or_bound(changes->rekor_after, INT64_MIN),
		or_bound(changes->rekor_before, INT64_MAX));
	if (!changes->no_sct)
		add_key(sigstore, SIGSTORE_CT,
			changes->other_ct ? of->stranger : of->ct, INT64_MIN,
			or_bound(changes->ct_before, INT64_MAX));
	ck_assert_int_eq(sigstore_check(sigstore, NULL), 0);
	buf_release(&pem);
}

static struct sigstore *new_sigstore(const struct root_changes *changes)
{
	static const struct root_changes none;
	struct sigstore *sigstore = NULL;
	ck_assert_int_eq(sigstore_new(&sigstore, NULL), 0);
	add_root(sigstore, made, changes != NULL ? changes : &none);
	return sigstore;
}

static struct signature_fact look(const struct sigstore *sigstore,
				  const struct sigstore_made *by,
				  const struct sigstore_how *how, struct arena *arena)
{
	struct buf armor = BUF_INIT(1 << 20);
	struct trust_span payload = { PAYLOAD, strlen(PAYLOAD) };
	struct signature_fact fact;
	struct error err = ERROR_INIT;
	sigstore_sign(&armor, by, PAYLOAD, strlen(PAYLOAD), how);
	ck_assert_msg(signature_verify(&fact, arena, &payload, 1, armor.data,
				       armor.length, &err) == 0,
		      "%s", err.text);
	if (fact.status == SIGNATURE_GOOD) {
		ck_assert_ptr_nonnull(fact.x509->sigstore);
		ck_assert_int_eq(sigstore_trace(&fact, arena, sigstore, NULL), 0);
	}
	buf_release(&armor);
	return fact;
}

static int code_of(const struct signature_fact *fact)
{
	if (fact->status != SIGNATURE_GOOD)
		return fact->code;
	return fact->x509->chain == X509_CHAIN_GOOD ? 0 : fact->x509->code;
}

static const char *reason_of(const struct signature_fact *fact)
{
	return fact->status != SIGNATURE_GOOD ? fact->reason : fact->x509->reason;
}

/* --- genuine --- */

static const struct {
	const char *name;
	const char *subject;
	struct sigstore_how how;
} genuine[] = {
	{ "an address", "email:alice@example.org", { .wrong = SIGSTORE_RIGHT } },
	{ "a workflow",
	  "uri:https://github.com/acme/shop/.github/workflows/"
	  "release.yml@refs/heads/main",
	  { .san = "URI:https://github.com/acme/shop/.github/workflows/"
		   "release.yml@refs/heads/main" } },
	{ "a workload",
	  "uri:spiffe://example.org/ns/ci/sa/release",
	  { .san = "URI:spiffe://example.org/ns/ci/sa/release" } },
	{ "RSA", "email:alice@example.org", { .algorithm = "RSA" } },
	{ "RSA with SHA-512",
	  "email:alice@example.org",
	  { .algorithm = "RSA", .digest = "SHA512" } },
	{ "RSA with SHA-384",
	  "email:alice@example.org",
	  { .algorithm = "RSA", .digest = "SHA384" } },
	{ "ECDSA with SHA-384", "email:alice@example.org", { .digest = "SHA384" } },
	{ "ECDSA with SHA-512", "email:alice@example.org", { .digest = "SHA512" } },
	{ "Ed25519",
	  "email:alice@example.org",
	  { .algorithm = "ED25519", .digest = "SHA512" } },
	{ "only the old extension",
	  "email:alice@example.org",
	  { .only_old_issuer = true } },
	{ "only the new extension", "email:alice@example.org", { .old_issuer = "" } },
	{ "with its body", "email:alice@example.org", { .with_body = true } },
	{ "CA and root stand first",
	  "email:alice@example.org",
	  { .more_certificates = true } },
	{ "two timestamps, one by a stranger",
	  "email:alice@example.org",
	  { .more_scts = true } },
	{ "a witness signed too", "email:alice@example.org", { .witnessed = true } },
	{ "a checkpoint with another line",
	  "email:alice@example.org",
	  { .other_lines = true } },
	{ "in the first second", "email:alice@example.org", { .at = -10 } },
	{ "in the last second", "email:alice@example.org", { .at = 590 } },
	{ "the origin is not the name", /* what a log is called is its own */
	  "email:alice@example.org",
	  { .other_lines = true, .witnessed = true } },
};

START_TEST(genuine_signatures_count_when_the_log_says)
{
	begin();
	struct sigstore *sigstore = new_sigstore(NULL);
	for (size_t i = 0; i < sizeof(genuine) / sizeof(genuine[0]); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct signature_fact fact =
			look(sigstore, made, &genuine[i].how, arena);
		ck_assert_msg(code_of(&fact) == 0, "'%s': %s", genuine[i].name,
			      reason_of(&fact));
		tampering_genuine("gitsign signature", genuine[i].name, 0);
		ck_assert_str_eq(fact.x509->names[0], genuine[i].subject);
		ck_assert_str_eq(fact.x509->sigstore->issuer, SIGSTORE_ISSUER);
		ck_assert_int_eq(fact.made_at, AT(genuine[i].how.at));
		ck_assert_uint_eq(fact.x509->sigstore->log_index, 987654321);
		ck_assert(fact.x509->by_server);
		arena_free(arena);
	}
	sigstore_free(sigstore);
}
END_TEST

START_TEST(logs_may_have_other_keys)
{
	static const char *const algorithms[] = { "EC", "RSA", "ED25519" };
	static const struct sigstore_how how;
	for (size_t i = 0; i < 3; i++) {
		struct arena *arena = arena_new(1 << 20);
		struct sigstore_made *other = sigstore_made_new(algorithms[i]);
		struct sigstore *sigstore = NULL;
		ck_assert_int_eq(sigstore_new(&sigstore, NULL), 0);
		add_root(sigstore, other, &(struct root_changes){ .no_sct = false });
		struct signature_fact fact = look(sigstore, other, &how, arena);
		ck_assert_msg(code_of(&fact) == 0, "%s: %s", algorithms[i],
			      reason_of(&fact));
		sigstore_free(sigstore);
		sigstore_made_free(other);
		arena_free(arena);
	}
}
END_TEST

START_TEST(each_place_in_each_tree_is_found)
{
	begin();
	struct sigstore *sigstore = new_sigstore(NULL);
	for (unsigned int size = 1; size <= 17; size++)
		for (unsigned int at = 0; at < size; at++) {
			struct arena *arena = arena_new(1 << 20);
			const struct sigstore_how how = { .tree_size = size,
							  .leaf_index = at };
			struct signature_fact fact = look(sigstore, made, &how, arena);
			ck_assert_msg(code_of(&fact) == 0, "%u of %u: %s", at, size,
				      reason_of(&fact));
			arena_free(arena);
		}
	sigstore_free(sigstore);
}
END_TEST

/* --- tampering --- */

#define KIND    false
#define VARIANT true /* of one above */
static const struct wrong_row {
	const char *name;
	enum sigstore_wrong wrong;
	int code;
	bool variant;
} rows[] = {
	{ "no issuer", ISSUER_MISSING, ERROR_FULCIO_ISSUER_MISSING, KIND },
	{ "an issuer that is not text", ISSUER_NOT_UTF8, ERROR_FULCIO_ISSUER_FORM,
	  KIND },
	{ "bytes behind the issuer", ISSUER_TRAILING, ERROR_FULCIO_ISSUER_FORM,
	  VARIANT },
	{ "an empty issuer", ISSUER_EMPTY, ERROR_FULCIO_ISSUER_FORM, VARIANT },
	{ "the issuer twice", ISSUER_TWICE, ERROR_FULCIO_ISSUER_FORM, VARIANT },
	{ "an issuer with a blank", ISSUER_WITH_BLANK, ERROR_FULCIO_ISSUER_FORM,
	  VARIANT },
	{ "two issuers", ISSUERS_DIFFER, ERROR_FULCIO_ISSUER_TWO, KIND },
	{ "no subject", SUBJECT_MISSING, ERROR_FULCIO_SUBJECT, KIND },
	{ "two subjects", SUBJECT_TWO, ERROR_FULCIO_SUBJECTS, KIND },
	{ "a host as subject", SUBJECT_DNS, ERROR_FULCIO_SUBJECT_KIND, KIND },
	{ "for mail", USAGE_OTHER, ERROR_FULCIO_USAGE, KIND },
	{ "for anything", USAGE_MISSING, ERROR_FULCIO_USAGE, VARIANT },
	{ "no timestamp", SCT_NONE, ERROR_SCT_MISSING, KIND },
	{ "timestamps cut", SCT_CUT, ERROR_SCT_FORM, KIND },
	{ "timestamps twice", SCT_TWICE, ERROR_SCT_FORM, VARIANT },
	{ "bytes behind a timestamp", SCT_TRAILING, ERROR_SCT_FORM, VARIANT },
	{ "a timestamp of version 2", SCT_VERSION_2, ERROR_SCT_VERSION, KIND },
	{ "a timestamp by SHA-1", SCT_HASH_SHA1, ERROR_SCT_FORM, VARIANT },
	{ "timestamps by a stranger", SCT_OTHER_LOG, ERROR_SCT_LOG_UNKNOWN, KIND },
	{ "an empty list of timestamps", SCT_EMPTY, ERROR_SCT_MISSING, VARIANT },
	{ "timestamp flipped", SCT_FLIPPED, ERROR_SCT_SIGNATURE, KIND },
	{ "timestamp of another time", SCT_OTHER_TIME, ERROR_SCT_SIGNATURE, VARIANT },
	{ "timestamp for another issuer", SCT_OTHER_ISSUER, ERROR_SCT_SIGNATURE,
	  VARIANT },
	{ "no entry", ENTRY_NONE, ERROR_REKOR_NONE, KIND },
	{ "two entries", ENTRY_TWICE, ERROR_CMS_UNSIGNED, KIND },
	{ "two entries in one", ENTRY_TWO_VALUES, ERROR_CMS_UNSIGNED, VARIANT },
	{ "an entry as text", ENTRY_NOT_OCTETS, ERROR_CMS_UNSIGNED, VARIANT },
	{ "an empty entry", ENTRY_EMPTY, ERROR_CMS_UNSIGNED, VARIANT },
	{ "cut", ENTRY_CUT, ERROR_REKOR_FORM, KIND },
	{ "bytes behind", ENTRY_TRAILING, ERROR_REKOR_FORM, VARIANT },
	{ "a number of bytes", ENTRY_FIELD_TYPE, ERROR_REKOR_FORM, VARIANT },
	{ "a number too long", ENTRY_NUMBER_LONG, ERROR_REKOR_FORM, VARIANT },
	{ "a short log id", ENTRY_LOG_ID_SHORT, ERROR_REKOR_FORM, VARIANT },
	{ "no time", ENTRY_TIME_NONE, ERROR_REKOR_TIME_MISSING, KIND },
	{ "a time beyond all", ENTRY_TIME_HUGE, ERROR_REKOR_FORM, VARIANT },
	{ "a negative index", ENTRY_INDEX_NEGATIVE, ERROR_REKOR_FORM, VARIANT },
	{ "a short hash", ENTRY_HASH_SHORT, ERROR_REKOR_FORM, VARIANT },
	{ "a short root", ENTRY_ROOT_SHORT, ERROR_REKOR_FORM, VARIANT },
	{ "an unknown field", ENTRY_FIELD_UNKNOWN, ERROR_REKOR_FIELD_UNKNOWN, KIND },
	{ "two times", ENTRY_FIELD_TWICE, ERROR_REKOR_FIELD_TWICE, KIND },
	{ "65 hashes", ENTRY_HASHES_MANY, ERROR_REKOR_HASHES_MANY, KIND },
	{ "another kind", ENTRY_KIND_OTHER, ERROR_REKOR_KIND, KIND },
	{ "another version", ENTRY_VERSION_OTHER, ERROR_REKOR_VERSION, KIND },
	{ "no promise", ENTRY_PROMISE_NONE, ERROR_REKOR_PROMISE_MISSING, KIND },
	{ "no proof", ENTRY_PROOF_NONE, ERROR_REKOR_PROOF_MISSING, KIND },
	{ "another log", LOG_OTHER, ERROR_REKOR_LOG_UNKNOWN, KIND },
	{ "another body", BODY_OTHER, ERROR_REKOR_BODY, KIND },
	{ "a hash less", PATH_SHORT, ERROR_REKOR_PATH, KIND },
	{ "a hash more", PATH_LONG, ERROR_REKOR_PATH, VARIANT },
	{ "a place beyond the tree", PATH_INDEX_BEYOND, ERROR_REKOR_PATH, VARIANT },
	{ "an empty tree", PATH_TREE_EMPTY, ERROR_REKOR_PATH, VARIANT },
	{ "entry of another signature", OF_OTHER_SIGNATURE, ERROR_REKOR_INCLUSION,
	  KIND },
	{ "entry of another certificate", OF_OTHER_CERTIFICATE, ERROR_REKOR_INCLUSION,
	  VARIANT },
	{ "entry over another digest", OF_OTHER_DIGEST, ERROR_REKOR_INCLUSION,
	  VARIANT },
	{ "another place", PATH_INDEX_OTHER, ERROR_REKOR_INCLUSION, VARIANT },
	{ "a hash flipped", PATH_HASH_FLIPPED, ERROR_REKOR_INCLUSION, VARIANT },
	{ "no checkpoint", CHECKPOINT_NONE, ERROR_REKOR_CHECKPOINT_MISSING, KIND },
	{ "no origin", CHECKPOINT_NO_ORIGIN, ERROR_REKOR_CHECKPOINT_FORM, KIND },
	{ "nothing behind the text", CHECKPOINT_NO_BLANK_LINE,
	  ERROR_REKOR_CHECKPOINT_FORM, VARIANT },
	{ "a line that is no signature", CHECKPOINT_LINE_OTHER,
	  ERROR_REKOR_CHECKPOINT_FORM, VARIANT },
	{ "a signature not in base64", CHECKPOINT_LINE_NOT_BASE64,
	  ERROR_REKOR_CHECKPOINT_FORM, VARIANT },
	{ "a checkpoint of another size", CHECKPOINT_SIZE_OTHER,
	  ERROR_REKOR_CHECKPOINT_SIZE, KIND },
	{ "a size with a zero in front", CHECKPOINT_SIZE_LEADING_ZERO,
	  ERROR_REKOR_CHECKPOINT_SIZE, VARIANT },
	{ "a checkpoint of another root", CHECKPOINT_ROOT_OTHER,
	  ERROR_REKOR_CHECKPOINT_ROOT, KIND },
	{ "a checkpoint without signature", CHECKPOINT_NO_SIGNATURE,
	  ERROR_REKOR_CHECKPOINT_UNSIGNED, KIND },
	{ "a checkpoint by another log", CHECKPOINT_OTHER_HINT,
	  ERROR_REKOR_CHECKPOINT_UNSIGNED, VARIANT },
	{ "a checkpoint flipped", CHECKPOINT_FLIPPED, ERROR_REKOR_CHECKPOINT_SIGNATURE,
	  KIND },
	{ "a checkpoint by another key", CHECKPOINT_BY_OTHER,
	  ERROR_REKOR_CHECKPOINT_SIGNATURE, VARIANT },
	{ "another origin", CHECKPOINT_ORIGIN_OTHER, ERROR_REKOR_CHECKPOINT_SIGNATURE,
	  VARIANT },
	{ "the promise flipped", PROMISE_FLIPPED, ERROR_REKOR_PROMISE, KIND },
	{ "a promise by another key", PROMISE_BY_OTHER, ERROR_REKOR_PROMISE, VARIANT },
	{ "a promise of another time", PROMISE_OTHER_TIME, ERROR_REKOR_PROMISE,
	  VARIANT },
	{ "a promise of another place", PROMISE_OTHER_INDEX, ERROR_REKOR_PROMISE,
	  VARIANT },
	{ "a promise over another body", PROMISE_OTHER_BODY, ERROR_REKOR_PROMISE,
	  VARIANT },
	{ "too early", TIME_EARLY, ERROR_REKOR_TIME_EARLY, KIND },
	{ "too late", TIME_LATE, ERROR_REKOR_TIME_LATE, KIND },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Those of the root are told, not met by tampering. */
static const struct root_row {
	const char *name;
	int code;
	bool variant;
	struct root_changes changes;
} root_rows[] = {
	{ "other authorities",
	  ERROR_X509_SIGNATURE, /* another one's, of the same name */
	  VARIANT,
	  { .other_authorities = true } },
	{ "another key of the log",
	  ERROR_REKOR_LOG_UNKNOWN,
	  VARIANT,
	  { .other_rekor = true } },
	{ "another key of the log of certificates",
	  ERROR_SCT_LOG_UNKNOWN,
	  VARIANT,
	  { .other_ct = true } },
	{ "the log counted later", ERROR_REKOR_LOG_TIME, KIND, { .rekor_after = 1 } },
	{ "the log counted before",
	  ERROR_REKOR_LOG_TIME,
	  VARIANT,
	  { .rekor_before = -1 } },
	{ "the log of certificates counted before",
	  ERROR_SCT_LOG_TIME,
	  KIND,
	  { .ct_before = -1 } },
	{ "the authority counted later",
	  ERROR_SIGSTORE_AUTHORITY_TIME,
	  KIND,
	  { .authority_after = 1 } },
	{ "the authority counted before",
	  ERROR_SIGSTORE_AUTHORITY_TIME,
	  VARIANT,
	  { .authority_before = -1 } },
};
#define ROOT_ROWS (sizeof(root_rows) / sizeof(root_rows[0]))

static void assert_twin(const struct sigstore_how *how, struct arena *arena)
{
	struct sigstore *sigstore = new_sigstore(NULL);
	struct signature_fact fact = look(sigstore, made, how, arena);
	tampering_twin(code_of(&fact));
	sigstore_free(sigstore);
}

START_TEST(each_tampering_is_refused_with_its_code)
{
	static const struct sigstore_how twin;
	begin();
	struct sigstore *sigstore = new_sigstore(NULL);
	for (size_t i = 0; i < ROWS; i++) {
		struct arena *arena = arena_new(1 << 20);
		const struct sigstore_how how = { .wrong = rows[i].wrong };
		tampering_begin("gitsign signature", rows[i].name);
		assert_twin(&twin, arena);
		struct signature_fact fact = look(sigstore, made, &how, arena);
		tampering_refused(code_of(&fact), rows[i].code, rows[i].variant);
		ck_assert_int_eq(fact.made_at, 0);
		arena_free(arena);
	}
	sigstore_free(sigstore);
}
END_TEST

START_TEST(each_wrong_root_refuses_with_its_code)
{
	static const struct sigstore_how how;
	begin();
	for (size_t i = 0; i < ROOT_ROWS; i++) {
		struct arena *arena = arena_new(1 << 20);
		tampering_begin("gitsign root", root_rows[i].name);
		assert_twin(&how, arena);
		struct sigstore *sigstore = new_sigstore(&root_rows[i].changes);
		struct signature_fact fact = look(sigstore, made, &how, arena);
		tampering_refused(code_of(&fact), root_rows[i].code,
				  root_rows[i].variant);
		sigstore_free(sigstore);
		arena_free(arena);
	}
	struct arena *arena = arena_new(1 << 20);
	tampering_begin("gitsign root", "no root");
	assert_twin(&how, arena);
	struct signature_fact fact = look(NULL, made, &how, arena);
	tampering_refused(code_of(&fact), ERROR_SIGSTORE_NO_ROOT, false);
	arena_free(arena);
}
END_TEST

START_TEST(timestamps_are_asked_for_unless_the_root_says_no)
{
	const struct sigstore_how how = { .no_sct = true };
	const struct root_changes lenient = { .no_sct = true };
	struct arena *arena = arena_new(1 << 20);
	begin();
	struct sigstore *sigstore = new_sigstore(NULL);
	struct signature_fact fact = look(sigstore, made, &how, arena);
	ck_assert_int_eq(code_of(&fact), ERROR_SCT_MISSING);
	sigstore_free(sigstore);
	sigstore = new_sigstore(&lenient);
	fact = look(sigstore, made, &how, arena);
	ck_assert_int_eq(code_of(&fact), 0);
	sigstore_free(sigstore);
	arena_free(arena);
}
END_TEST

/* What one deployment says does not stand in for another's. */
START_TEST(roots_do_not_mix)
{
	static const struct sigstore_how how;
	const struct root_changes other_rekor = { .other_rekor = true };
	const struct root_changes other_authorities = { .other_authorities = true };
	const struct root_changes by_repository = { .by_repository = true };
	struct arena *arena = arena_new(1 << 20);
	begin();
	struct sigstore *sigstore = new_sigstore(&other_rekor);
	add_root(sigstore, made, &other_authorities);
	struct signature_fact fact = look(sigstore, made, &how, arena);
	ck_assert_int_eq(code_of(&fact), ERROR_REKOR_LOG_UNKNOWN);
	/* a third, whole one: whose it is is told */
	add_root(sigstore, made, &by_repository);
	fact = look(sigstore, made, &how, arena);
	ck_assert_msg(code_of(&fact) == 0, "%s", reason_of(&fact));
	ck_assert(!fact.x509->by_server);
	sigstore_free(sigstore);
	arena_free(arena);
}
END_TEST

#define OBJECT "3f1c0a9b8c7d6e5f40312233445566778899aabb"

/* As a file of stored entries has them. */
static void store_last(struct buf *stored)
{
	struct rekor_entry entry;
	ck_assert_int_eq(rekor_entry_parse(&entry, sigstore_last_entry()->data,
					   sigstore_last_entry()->length, NULL),
			 0);
	rekor_stored_add(stored, &entry);
}

/* Told of the object; `stored` NULL: what was told is what is stored. */
static int code_of_stored(const struct sigstore_how *how, const struct buf *stored,
			  const char *object)
{
	struct arena *arena = arena_new(1 << 20);
	struct sigstore *sigstore = new_sigstore(NULL);
	struct buf bytes = BUF_INIT(1 << 20);
	struct signature_fact fact = look(sigstore, made, how, arena);
	ck_assert_int_eq(code_of(&fact), ERROR_REKOR_NONE);
	if (stored != NULL) {
		buf_add(&bytes, stored->data, stored->length);
	} else {
		/* a length of two bytes */
		const struct buf *entry = sigstore_last_entry();
		buf_add_byte(&bytes, (unsigned char)(entry->length | 0x80));
		buf_add_byte(&bytes, (unsigned char)(entry->length >> 7));
		buf_add(&bytes, entry->data, entry->length);
	}
	ck_assert_int_eq(
		sigstore_use_stored(&fact, arena, object, bytes.data, bytes.length), 0);
	ck_assert_int_eq(sigstore_trace(&fact, arena, sigstore, NULL), 0);
	int code = code_of(&fact);
	if (code == 0)
		ck_assert_int_eq(fact.made_at, AT(how->at));
	buf_release(&bytes);
	sigstore_free(sigstore);
	arena_free(arena);
	return code;
}

START_TEST(a_stored_entry_about_the_object_counts)
{
	static const struct {
		const char *name;
		struct sigstore_how how;
	} cases[] = {
		{ "by ECDSA", { .object = OBJECT } },
		{ "by RSA", { .object = OBJECT, .algorithm = "RSA" } },
		{ "by Ed25519",
		  { .object = OBJECT, .algorithm = "ED25519", .digest = "SHA512" } },
		{ "with SHA-384", { .object = OBJECT, .digest = "SHA384" } },
		{ "in the last second, witnessed",
		  { .object = OBJECT, .at = 590, .witnessed = true } },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tampering_genuine("gitsign stored entry", cases[i].name,
				  code_of_stored(&cases[i].how, NULL, OBJECT));
}
END_TEST

START_TEST(each_wrong_stored_entry_is_refused_with_its_code)
{
	static const struct {
		const char *name;
		enum sigstore_wrong wrong;
		int code;
		bool variant;
	} cases[] = {
		{ "of another object", OBJECT_OTHER, ERROR_REKOR_OBJECT, KIND },
		{ "of another certificate", OF_OTHER_CERTIFICATE, ERROR_REKOR_OBJECT,
		  VARIANT },
		{ "a signature not in base64", OBJECT_SIGNATURE_NOT_BASE64,
		  ERROR_REKOR_OBJECT, VARIANT },
		{ "no signature", OBJECT_SIGNATURE_NONE, ERROR_REKOR_OBJECT, VARIANT },
		{ "no body", OBJECT_BODY_NONE, ERROR_REKOR_OBJECT, VARIANT },
		{ "another body", BODY_OTHER, ERROR_REKOR_OBJECT, VARIANT },
		{ "signed over another object", OBJECT_SIGNATURE_OTHER,
		  ERROR_REKOR_OBJECT_SIGNATURE, KIND },
		{ "cut", ENTRY_CUT, ERROR_REKOR_FORM, VARIANT },
		{ "another kind", ENTRY_KIND_OTHER, ERROR_REKOR_KIND, VARIANT },
		{ "another log", LOG_OTHER, ERROR_REKOR_LOG_UNKNOWN, VARIANT },
		{ "a hash flipped", PATH_HASH_FLIPPED, ERROR_REKOR_INCLUSION, VARIANT },
		{ "a checkpoint flipped", CHECKPOINT_FLIPPED,
		  ERROR_REKOR_CHECKPOINT_SIGNATURE, VARIANT },
		{ "a promise of another time", PROMISE_OTHER_TIME, ERROR_REKOR_PROMISE,
		  VARIANT },
		{ "too early", TIME_EARLY, ERROR_REKOR_TIME_EARLY, VARIANT },
		{ "too late", TIME_LATE, ERROR_REKOR_TIME_LATE, VARIANT },
	};
	const struct sigstore_how twin = { .object = OBJECT };
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sigstore_how how = { .object = OBJECT,
						  .wrong = cases[i].wrong };
		tampering_begin("gitsign stored entry", cases[i].name);
		tampering_twin(code_of_stored(&twin, NULL, OBJECT));
		tampering_refused(code_of_stored(&how, NULL, OBJECT), cases[i].code,
				  cases[i].variant);
	}
	tampering_begin("gitsign stored entry", "genuine, at another object");
	tampering_twin(code_of_stored(&twin, NULL, OBJECT));
	tampering_refused(
		code_of_stored(&twin, NULL, "4f1c0a9b8c7d6e5f40312233445566778899aabb"),
		ERROR_REKOR_OBJECT, true);
}
END_TEST

/* Anybody can tell the log of any object. */
START_TEST(entries_of_others_do_not_stand_in_the_way)
{
	const struct sigstore_how how = { .object = OBJECT };
	struct sigstore *sigstore = NULL;
	struct arena *arena = arena_new(1 << 20);
	struct buf stored = BUF_INIT(1 << 20);
	begin();
	sigstore = new_sigstore(NULL);
	for (size_t count = 0; count <= REKOR_STORED_MAX; count++) {
		struct buf with = BUF_INIT(1 << 20);
		struct signature_fact fact = look(sigstore, made, &how, arena);
		buf_add(&with, stored.data, stored.length);
		store_last(&with);
		ck_assert_int_eq(sigstore_use_stored(&fact, arena, OBJECT, with.data,
						     with.length),
				 0);
		ck_assert_int_eq(sigstore_trace(&fact, arena, sigstore, NULL), 0);
		ck_assert_int_eq(code_of(&fact),
				 count < REKOR_STORED_MAX ? 0 : ERROR_REKOR_OBJECT);
		buf_release(&with);
		/* another certificate each time */
		store_last(&stored);
	}
	ck_assert_int_eq(code_of_stored(&how, &(struct buf)BUF_INIT(1), OBJECT),
			 ERROR_REKOR_FORM);
	buf_release(&stored);
	sigstore_free(sigstore);
	arena_free(arena);
}
END_TEST

/* A signature that was moved to other bytes is bad before any log is asked. */
START_TEST(of_other_bytes_it_is_bad)
{
	static const struct sigstore_how how;
	struct arena *arena = arena_new(1 << 20);
	struct buf armor = BUF_INIT(1 << 20);
	struct trust_span payload = { PAYLOAD, strlen(PAYLOAD) - 1 };
	struct signature_fact fact;
	begin();
	sigstore_sign(&armor, made, PAYLOAD, strlen(PAYLOAD), &how);
	ck_assert_int_eq(signature_verify(&fact, arena, &payload, 1, armor.data,
					  armor.length, NULL),
			 0);
	ck_assert_int_eq(fact.code, ERROR_CMS_DIGEST_MISMATCH);
	buf_release(&armor);
	arena_free(arena);
}
END_TEST

static struct sigstore *begun(void)
{
	struct sigstore *sigstore = NULL;
	ck_assert_int_eq(sigstore_new(&sigstore, NULL), 0);
	ck_assert_int_eq(sigstore_begin(sigstore, true, true, NULL), 0);
	return sigstore;
}

static int add_rekor_keys(const struct buf *pem)
{
	struct sigstore *sigstore = begun();
	int code = sigstore_add_keys(sigstore, SIGSTORE_REKOR, pem->data, pem->length,
				     NULL);
	sigstore_free(sigstore);
	return code;
}

static int add_ct_key(const struct buf *der)
{
	struct sigstore *sigstore = begun();
	int code = sigstore_add_key(sigstore, SIGSTORE_CT, der->data, der->length, 0, 1,
				    NULL);
	sigstore_free(sigstore);
	return code;
}

static int add_authorities(const struct buf *pem)
{
	struct sigstore *sigstore = begun();
	int code = sigstore_add_authorities(sigstore, pem->length != 0 ? pem->data : "",
					    pem->length, 0, 1, NULL);
	sigstore_free(sigstore);
	return code;
}

static void assert_file(const char *name, int (*add)(const struct buf *file),
			const struct buf *twin, const struct buf *file, int code,
			bool variant)
{
	tampering_begin("gitsign root", name);
	tampering_twin(add(twin));
	tampering_refused(add(file), code, variant);
}

static void small_key(struct buf *pem)
{
	struct identity *small =
		identity_new(NULL, &(struct identity_changes){ .algorithm = "RSA",
							       .rsa_bits = 1024 });
	sigstore_key_pem(pem, small->key);
	identity_free(small);
}

START_TEST(wrong_files_of_roots_are_refused)
{
	struct buf empty = BUF_INIT(1);
	struct buf keys = BUF_INIT(1 << 20);
	struct buf der = BUF_INIT(1 << 20);
	struct buf authorities = BUF_INIT(1 << 20);
	struct buf file = BUF_INIT(1 << 20);
	begin();
	sigstore_key_pem(&keys, made->rekor);
	sigstore_key_der(&der, made->ct);
	sigstore_authorities_pem(&authorities, made);
	assert_file("no keys of logs", add_rekor_keys, &keys, &empty,
		    ERROR_SIGSTORE_KEYS_NONE, KIND);
	assert_file("authorities as keys", add_rekor_keys, &keys, &authorities,
		    ERROR_SIGSTORE_KEY_FORM, KIND);
	buf_add(&file, keys.data, 100);
	assert_file("a key cut", add_rekor_keys, &keys, &file, ERROR_SIGSTORE_KEY_FORM,
		    VARIANT);
	buf_reset(&file);
	buf_add(&file, keys.data, keys.length);
	file.data[50] = '!';
	assert_file("a key not in base64", add_rekor_keys, &keys, &file,
		    ERROR_SIGSTORE_KEY_FORM, VARIANT);
	buf_reset(&file);
	buf_add(&file, der.data, der.length);
	buf_add_byte(&file, 0);
	assert_file("a byte behind a key", add_ct_key, &der, &file,
		    ERROR_SIGSTORE_KEY_FORM, VARIANT);
	buf_reset(&file);
	small_key(&file);
	assert_file("a key of RSA of 1024 bits", add_rekor_keys, &keys, &file,
		    ERROR_SIGSTORE_KEY_KIND, KIND);
	assert_file("no authorities", add_authorities, &authorities, &empty,
		    ERROR_X509_AUTHORITIES_NONE, VARIANT);
	buf_release(&keys);
	buf_release(&der);
	buf_release(&authorities);
	buf_release(&file);
}
END_TEST

START_TEST(a_root_is_whole_and_roots_have_a_limit)
{
	begin();
	tampering_begin("gitsign root", "without authorities and keys");
	struct sigstore *whole = new_sigstore(NULL);
	tampering_twin(sigstore_check(whole, NULL));
	struct sigstore *sigstore = begun();
	tampering_refused(sigstore_check(sigstore, NULL), ERROR_SIGSTORE_INCOMPLETE,
			  KIND);
	for (size_t i = 1; i < 16; i++)
		ck_assert_int_eq(sigstore_begin(sigstore, true, true, NULL), 0);
	ck_assert_int_eq(sigstore_begin(sigstore, true, true, NULL), ERROR_LIMIT);
	sigstore_free(sigstore);
	sigstore_free(whole);
}
END_TEST

UNIT_MAIN("trust/sigstore", genuine_signatures_count_when_the_log_says,
	  logs_may_have_other_keys, each_place_in_each_tree_is_found,
	  each_tampering_is_refused_with_its_code,
	  each_wrong_root_refuses_with_its_code,
	  timestamps_are_asked_for_unless_the_root_says_no, roots_do_not_mix,
	  a_stored_entry_about_the_object_counts,
	  each_wrong_stored_entry_is_refused_with_its_code,
	  entries_of_others_do_not_stand_in_the_way, of_other_bytes_it_is_bad,
	  wrong_files_of_roots_are_refused, a_root_is_whole_and_roots_have_a_limit)
