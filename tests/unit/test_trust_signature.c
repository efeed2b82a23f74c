/* tests/unit/test_trust_signature.c - keys of ssh-keygen and commits and tags signed by
 * git verify, with the fingerprint that ssh-keygen prints. */
#include "unit.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "repo/object.h"
#include "scratch.h"
#include "sshsig_make.h"
#include "trust/signature.h"
#include "trust/ssh_key.h"

static const struct {
	const char *type;
	const char *bits;
	enum ssh_key_type expected;
} real_keys[] = {
	{ "ed25519", "", SSH_KEY_ED25519 },    { "ecdsa", "256", SSH_KEY_ECDSA_256 },
	{ "ecdsa", "384", SSH_KEY_ECDSA_384 }, { "ecdsa", "521", SSH_KEY_ECDSA_521 },
	{ "rsa", "2048", SSH_KEY_RSA },        { "rsa", "3072", SSH_KEY_RSA },
};
#define REAL_KEYS (sizeof(real_keys) / sizeof(real_keys[0]))

static void setup(struct scratch *scratch)
{
	scratch_open(scratch);
	scratch_init_repository(scratch);
	DO(scratch, "git", "config", "gpg.format", "ssh");
	DO(scratch, "git", "config", "gpg.ssh.allowedSignersFile", "allowed");
}

static void use_key(struct scratch *scratch, size_t i)
{
	DO(scratch, "rm", "-f", "key", "key.pub");
	scratch_key(scratch, "key", real_keys[i].type, real_keys[i].bits);
	DO(scratch, "git", "config", "user.signingKey", "key");
	DO(scratch, "sh", "-c", "echo \"* $(cat key.pub)\" > allowed");
}

/* The second word of "ssh-keygen -l". */
static char *fingerprint_of(struct scratch *scratch)
{
	return RUN(scratch, "sh", "-c", "ssh-keygen -lf key.pub | cut -d' ' -f2");
}

static void verify_pieces(struct signature_fact *fact, struct arena *arena,
			  const struct span *payload, size_t count, const char *armor,
			  size_t length)
{
	struct trust_span pieces[3];
	struct error err = ERROR_INIT;
	for (size_t i = 0; i < count; i++)
		pieces[i] = (struct trust_span){ payload[i].bytes, payload[i].length };
	ck_assert_msg(
		signature_verify(fact, arena, pieces, count, armor, length, &err) == 0,
		"%s", err.text);
}

static void verify_commit(struct signature_fact *fact, struct arena *arena,
			  const char *object, size_t length)
{
	struct commit_text text;
	size_t armor_length;
	ck_assert_int_eq(commit_split(&text, object, length, 20, NULL), 0);
	ck_assert_uint_ne(text.signature.length, 0);
	char *armor = signature_unfold(arena, text.signature, &armor_length);
	verify_pieces(fact, arena, text.payload, text.payload_count, armor,
		      armor_length);
}

static void assert_good(const struct signature_fact *fact, const char *fingerprint)
{
	ck_assert_msg(fact->status == SIGNATURE_GOOD, "%s", fact->reason);
	ck_assert_str_eq(fact->fingerprint, fingerprint);
	ck_assert_str_eq(fact->format, "ssh");
	ck_assert(!fact->security_key);
	ck_assert(!fact->user_verified);
}

START_TEST(what_git_signs_verifies)
{
	struct scratch scratch;
	struct arena *arena = arena_new(1 << 20);
	setup(&scratch);
	for (size_t i = 0; i < REAL_KEYS; i++) {
		struct signature_fact fact;
		struct tag_text tag;
		size_t length;
		use_key(&scratch, i);
		char *fingerprint = fingerprint_of(&scratch);
		DO(&scratch, "git", "commit", "-q", "-S", "--allow-empty", "-m", "c");
		DO(&scratch, "git", "verify-commit", "HEAD");
		char *object = scratch_cat(&scratch, "commit", "HEAD", &length);
		verify_commit(&fact, arena, object, length);
		assert_good(&fact, fingerprint);
		free(object);
		DO(&scratch, "git", "tag", "-f", "-s", "-m", "t", "v1");
		DO(&scratch, "git", "verify-tag", "v1");
		object = scratch_cat(&scratch, "tag", "v1", &length);
		ck_assert_int_eq(tag_split(&tag, object, length, 20, NULL), 0);
		verify_pieces(&fact, arena, tag.payload, tag.payload_count,
			      tag.signature.bytes, tag.signature.length);
		assert_good(&fact, fingerprint);
		free(object);
		free(fingerprint);
	}
	scratch_close(&scratch);
	arena_free(arena);
}
END_TEST

START_TEST(key_files_give_type_and_fingerprint)
{
	struct scratch scratch;
	scratch_open(&scratch);
	for (size_t i = 0; i < REAL_KEYS; i++) {
		enum ssh_key_type type;
		char fingerprint[SSH_FINGERPRINT_BYTES];
		size_t length;
		struct error err = ERROR_INIT;
		DO(&scratch, "rm", "-f", "key", "key.pub");
		scratch_key(&scratch, "key", real_keys[i].type, real_keys[i].bits);
		char *line = scratch_read(&scratch, "key.pub", &length);
		char *expected = fingerprint_of(&scratch);
		ck_assert_msg(ssh_key_check(line, length, &type, fingerprint, &err) ==
				      0,
			      "%s", err.text);
		ck_assert_int_eq(type, real_keys[i].expected);
		ck_assert_str_eq(fingerprint, expected);
		ck_assert_int_eq(ssh_fingerprint_check(fingerprint), 0);
		free(expected);
		free(line);
	}
	scratch_close(&scratch);
}
END_TEST

START_TEST(a_certificate_is_no_public_key)
{
	struct scratch scratch;
	enum ssh_key_type type;
	char fingerprint[SSH_FINGERPRINT_BYTES];
	size_t length;
	scratch_open(&scratch);
	scratch_key(&scratch, "ca", "ed25519", "");
	scratch_key(&scratch, "key", "ed25519", "");
	DO(&scratch, "ssh-keygen", "-q", "-s", "ca", "-I", "id", "-n", "me", "key.pub");
	char *line = scratch_read(&scratch, "key-cert.pub", &length);
	ck_assert_int_eq(ssh_key_check(line, length, &type, fingerprint, NULL),
			 ERROR_SSH_KEY_CERTIFICATE);
	free(line);
	/* but in a signature it says who vouches for the key */
	struct signature_fact fact;
	struct arena *arena = arena_new(1 << 16);
	scratch_write(&scratch, "m", "m\n", 2);
	DO(&scratch, "ssh-keygen", "-q", "-Y", "sign", "-f", "key-cert.pub", "-n",
	   "git", "m");
	char *armor = scratch_read(&scratch, "m.sig", &length);
	struct span payload = { "m\n", 2 };
	verify_pieces(&fact, arena, &payload, 1, armor, length);
	ck_assert_int_eq(fact.status, SIGNATURE_GOOD);
	ck_assert_ptr_nonnull(fact.certificate);
	ck_assert_str_eq(fact.certificate->key_id, "id");
	ck_assert_str_eq(fact.certificate->principals[0], "me");
	free(armor);
	arena_free(arena);
	scratch_close(&scratch);
}
END_TEST

START_TEST(old_key_types_are_refused_by_name)
{
	static const struct {
		const char *line;
		int code;
	} cases[] = {
		{ "ssh-dss AAAA", ERROR_SSH_KEY_TYPE },
		{ "ssh-ed448 AAAA", ERROR_SSH_KEY_TYPE },
		{ "cert-authority ssh-ed25519 AAAA", ERROR_SSH_KEY_OPTIONS },
		{ "ssh-ed25519 AAAA\x01", ERROR_SSH_KEY_LINE },
		{ "ssh-ed25519 AAAA\nssh-ed25519 AAAA", ERROR_SSH_KEY_LINE },
		{ "ssh-ed25519 AAAA", ERROR_SSH_KEY_TRUNCATED },
		{ "ssh-ed25519 A", ERROR_SSH_KEY_BASE64 },
		{ "", ERROR_SSH_KEY_EMPTY },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum ssh_key_type type;
		char fingerprint[SSH_FINGERPRINT_BYTES];
		int rc = ssh_key_check(cases[i].line, strlen(cases[i].line), &type,
				       fingerprint, NULL);
		ck_assert_msg(rc == cases[i].code, "'%s': %s", cases[i].line,
			      error_name(rc));
	}
}
END_TEST

START_TEST(fingerprints_have_one_form)
{
	static const char good[] = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	static const char *const bad[] = {
		"",
		"SHA256:",
		"MD5:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
		"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A",
		"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	ck_assert_int_eq(ssh_fingerprint_check(good), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(ssh_fingerprint_check(bad[i]), ERROR_ENCODING);
}
END_TEST

START_TEST(a_security_key_says_whether_it_knew_its_user)
{
	static const int flags[] = { 0x01, 0x05, 0x1d };
	static const enum key_kind kinds[] = { KEY_SK_ED25519, KEY_SK_ECDSA };
	for (size_t i = 0; i < 6; i++) {
		struct software_key *key = software_key_new(kinds[i % 2], 0);
		struct arena *arena = arena_new(1 << 16);
		struct buf armor = BUF_INIT(1 << 16);
		struct signature_fact fact;
		struct sig_changes changes = { .flags = flags[i / 2] };
		struct span payload = { "payload", 7 };
		make_signature(&armor, key, payload.bytes, payload.length, &changes);
		verify_pieces(&fact, arena, &payload, 1, armor.data, armor.length);
		ck_assert_msg(fact.status == SIGNATURE_GOOD, "%s", fact.reason);
		ck_assert(fact.security_key);
		ck_assert_int_eq(fact.user_verified, (flags[i / 2] & 4) != 0);
		buf_release(&armor);
		arena_free(arena);
		software_key_free(key);
	}
}
END_TEST

/* More keys than are kept, in turn, with signatures of each under every other. */
START_TEST(keys_are_not_mixed_up)
{
	enum { COUNT = 12 };
	struct software_key *keys[COUNT];
	struct buf armors[COUNT];
	struct arena *arena = arena_new(1 << 20);
	struct span payload = { "payload", 7 };
	for (size_t i = 0; i < COUNT; i++) {
		struct sig_changes none = { .version = 0 };
		keys[i] = software_key_new(i % 4 == 3 ? KEY_ECDSA_256 : KEY_ED25519, 0);
		buf_init(&armors[i], 1 << 16);
		make_signature(&armors[i], keys[i], payload.bytes, payload.length,
			       &none);
	}
	for (size_t round = 0; round < 3 * COUNT * COUNT; round++) {
		struct signature_fact fact;
		size_t i = round * 7 % COUNT;
		size_t j = round / COUNT % COUNT;
		verify_pieces(&fact, arena, &payload, 1, armors[i].data,
			      armors[i].length);
		ck_assert_int_eq(fact.status, SIGNATURE_GOOD);
		if (i == j || keys[i]->kind != keys[j]->kind)
			continue;
		struct sig_changes changes = { .other_key = keys[j] };
		struct buf forged = BUF_INIT(1 << 16);
		make_signature(&forged, keys[i], payload.bytes, payload.length,
			       &changes);
		verify_pieces(&fact, arena, &payload, 1, forged.data, forged.length);
		ck_assert_int_eq(fact.code, ERROR_SSHSIG_MISMATCH);
		buf_release(&forged);
	}
	for (size_t i = 0; i < COUNT; i++) {
		buf_release(&armors[i]);
		software_key_free(keys[i]);
	}
	arena_free(arena);
}
END_TEST

static int64_t time_ours(const struct buf *armor, const char *payload, size_t length,
			 size_t rounds)
{
	struct arena *arena = arena_new(1 << 24);
	struct span piece = { payload, length };
	int64_t start = clock_monotonic();
	for (size_t i = 0; i < rounds; i++) {
		struct signature_fact fact;
		verify_pieces(&fact, arena, &piece, 1, armor->data, armor->length);
		ck_assert_int_eq(fact.status, SIGNATURE_GOOD);
	}
	int64_t spent = clock_monotonic() - start;
	arena_free(arena);
	return spent;
}

static int64_t time_bare(struct software_key *key, size_t rounds)
{
	unsigned char data[83] = { 1 };
	unsigned char signature[64];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ck_assert_int_eq(EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey), 1);
	ck_assert_int_eq(
		EVP_DigestSign(context, signature, &length, data, sizeof(data)), 1);
	int64_t start = clock_monotonic();
	for (size_t i = 0; i < rounds; i++) {
		EVP_MD_CTX_reset(context);
		ck_assert_int_eq(
			EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey), 1);
		ck_assert_int_eq(EVP_DigestVerify(context, signature, length, data,
						  sizeof(data)),
				 1);
	}
	int64_t spent = clock_monotonic() - start;
	EVP_MD_CTX_free(context);
	return spent;
}

/* A figure for people; benches measure it properly. */
START_TEST(the_frame_costs_little)
{
	struct software_key *key = software_key_new(KEY_ED25519, 0);
	struct buf armor = BUF_INIT(1 << 16);
	struct sig_changes none = { .version = 0 };
	char payload[400];
	memset(payload, 'x', sizeof(payload));
	make_signature(&armor, key, payload, sizeof(payload), &none);
	time_ours(&armor, payload, sizeof(payload), 20);
	int64_t ours = time_ours(&armor, payload, sizeof(payload), 200);
	int64_t bare = time_bare(key, 200);
	printf("# 200 Ed25519 signatures: %lld us, bare EVP %lld us (%lld %%)\n",
	       (long long)ours, (long long)bare, (long long)(bare * 100 / (ours + 1)));
	buf_release(&armor);
	software_key_free(key);
}
END_TEST

UNIT_MAIN("trust/signature", what_git_signs_verifies,
	  key_files_give_type_and_fingerprint, a_certificate_is_no_public_key,
	  old_key_types_are_refused_by_name, fingerprints_have_one_form,
	  a_security_key_says_whether_it_knew_its_user, keys_are_not_mixed_up,
	  the_frame_costs_little)
