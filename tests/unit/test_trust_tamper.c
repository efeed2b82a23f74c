/* tests/unit/test_trust_tamper.c - every tampering with an SSH signature or key is
 * refused with its own code, and its genuine twin is good (for ssh-keygen too).
 *
 * Frames of commits and tags: test_repo_tamper.c. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "scratch.h"
#include "sshsig_make.h"
#include "tampering.h"
#include "trust/signature.h"
#include "trust/ssh_key.h"

#define PAYLOAD "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"

static struct software_key *keys[KEY_KINDS];

static void make_keys(void)
{
	for (enum key_kind kind = KEY_ED25519; kind < KEY_KINDS; kind++)
		keys[kind] = software_key_new(kind, 0);
}

static void free_keys(void)
{
	for (enum key_kind kind = KEY_ED25519; kind < KEY_KINDS; kind++)
		software_key_free(keys[kind]);
}

/* How a signature is wrong. A variant ends as a row above it does: for instance the
 * mathematics alone fails, and what was changed cannot be told. */
struct signature_row {
	const char *name;
	enum key_kind kind;
	int code;
	bool variant;
	struct sig_changes changes;
};

static const struct signature_row signature_rows[] = {
	{ "magic", KEY_ED25519, ERROR_SSHSIG_MAGIC, false, { .magic = "SSHSIH" } },
	{ "version 2", KEY_ED25519, ERROR_SSHSIG_VERSION, false, { .version = 2 } },
	{ "namespace file",
	  KEY_ED25519,
	  ERROR_SSHSIG_NAMESPACE,
	  false,
	  { .name = "file" } },
	{ "no namespace",
	  KEY_ED25519,
	  ERROR_SSHSIG_NAMESPACE_EMPTY,
	  false,
	  { .name = "" } },
	{ "reserved field filled",
	  KEY_ED25519,
	  ERROR_SSHSIG_RESERVED,
	  false,
	  { .reserved = "x" } },
	{ "hash sha384", KEY_ED25519, ERROR_SSHSIG_HASH, false, { .hash = "sha384" } },
	{ "blob cut", KEY_ED25519, ERROR_SSHSIG_TRUNCATED, false, { .cut = 1 } },
	{ "bytes behind the blob",
	  KEY_ED25519,
	  ERROR_SSHSIG_TRAILING,
	  false,
	  { .trailing = "xyz" } },
	{ "RSA with SHA-1",
	  KEY_RSA,
	  ERROR_SSHSIG_RSA_SHA1,
	  false,
	  { .type = "ssh-rsa", .rsa_digest = "SHA1" } },
	{ "signature type of another key",
	  KEY_ED25519,
	  ERROR_SSHSIG_TYPE,
	  false,
	  { .type = "ecdsa-sha2-nistp256" } },
	{ "webauthn",
	  KEY_SK_ECDSA,
	  ERROR_SSHSIG_WEBAUTHN,
	  false,
	  { .type = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com" } },
	{ "inner signature cut",
	  KEY_ED25519,
	  ERROR_SSHSIG_INNER_TRUNCATED,
	  false,
	  { .inner_cut = 1 } },
	{ "bytes behind the inner signature",
	  KEY_ED25519,
	  ERROR_SSHSIG_INNER_TRAILING,
	  false,
	  { .inner_trailing = "x" } },
	{ "Ed25519 signature of 63 bytes",
	  KEY_ED25519,
	  ERROR_SSHSIG_LENGTH,
	  false,
	  { .raw_length = 63 } },
	{ "numbers cut",
	  KEY_ECDSA_256,
	  ERROR_SSHSIG_ECDSA_TRUNCATED,
	  false,
	  { .numbers_cut = 1 } },
	{ "bytes behind the numbers",
	  KEY_ECDSA_384,
	  ERROR_SSHSIG_ECDSA_TRAILING,
	  false,
	  { .numbers_trailing = "x" } },
	{ "number padded",
	  KEY_ECDSA_521,
	  ERROR_SSHSIG_NUMBER,
	  false,
	  { .padded_number = true } },
	{ "nobody present",
	  KEY_SK_ED25519,
	  ERROR_SSHSIG_PRESENCE,
	  false,
	  { .flags = 0x104 } },
	{ "flags with extensions",
	  KEY_SK_ECDSA,
	  ERROR_SSHSIG_FLAGS,
	  false,
	  { .flags = 0x81 } },
	{ "signature bit flipped",
	  KEY_ED25519,
	  ERROR_SSHSIG_MISMATCH,
	  false,
	  { .flip = 10 } },
	/* the key within */
	{ "key is DSA",
	  KEY_ED25519,
	  ERROR_SSH_KEY_TYPE,
	  false,
	  { .key = { .type = "ssh-dss" } } },
	{ "key cut",
	  KEY_ED25519,
	  ERROR_SSH_KEY_TRUNCATED,
	  false,
	  { .key = { .cut = 1 } } },
	{ "bytes behind the key",
	  KEY_ED25519,
	  ERROR_SSH_KEY_TRAILING,
	  false,
	  { .key = { .trailing = "x" } } },
	{ "Ed25519 key of 33 bytes",
	  KEY_ED25519,
	  ERROR_SSH_KEY_LENGTH,
	  false,
	  { .key = { .point_length = 33 } } },
	{ "curve of another key",
	  KEY_ECDSA_256,
	  ERROR_SSH_KEY_CURVE,
	  false,
	  { .key = { .curve = "nistp384" } } },
	{ "point not on the curve",
	  KEY_ECDSA_256,
	  ERROR_SSH_KEY_POINT,
	  false,
	  { .key = { .off_curve = true } } },
	{ "RSA of 1024 bits",
	  KEY_RSA,
	  ERROR_SSH_KEY_RSA_SMALL,
	  false,
	  { .key = { .modulus_bytes = 128 } } },
	{ "RSA of 16392 bits",
	  KEY_RSA,
	  ERROR_SSH_KEY_RSA_LARGE,
	  false,
	  { .key = { .modulus_bytes = 2049 } } },
	{ "RSA exponent 4",
	  KEY_RSA,
	  ERROR_SSH_KEY_RSA_EXPONENT,
	  false,
	  { .key = { .exponent = 4 } } },
	{ "RSA modulus padded",
	  KEY_RSA,
	  ERROR_SSH_KEY_NUMBER,
	  false,
	  { .key = { .padded_modulus = true } } },
	{ "no application",
	  KEY_SK_ED25519,
	  ERROR_SSH_KEY_APPLICATION,
	  false,
	  { .key = { .application = "" } } },
	/* variants */
	{ "RSA bit flipped", KEY_RSA, ERROR_SSHSIG_MISMATCH, true, { .flip = 100 } },
	{ "ECDSA bit flipped",
	  KEY_ECDSA_384,
	  ERROR_SSHSIG_MISMATCH,
	  true,
	  { .flip = 20 } },
	{ "security key's bit flipped",
	  KEY_SK_ED25519,
	  ERROR_SSHSIG_MISMATCH,
	  true,
	  { .flip = 64 } },
	{ "user verified claimed afterwards",
	  KEY_SK_ED25519,
	  ERROR_SSHSIG_MISMATCH,
	  true,
	  { .flags = 0x01, .flags_written = "\x05" } },
	{ "presence claimed afterwards",
	  KEY_SK_ECDSA,
	  ERROR_SSHSIG_MISMATCH,
	  true,
	  { .flags = 0x100, .flags_written = "\x01" } },
	{ "RSA digest other than its type",
	  KEY_RSA,
	  ERROR_SSHSIG_MISMATCH,
	  true,
	  { .type = "rsa-sha2-256" } },
	{ "RSA signature too long",
	  KEY_RSA,
	  ERROR_SSHSIG_LENGTH,
	  true,
	  { .raw_length = 257 } },
	{ "RSA signature cut",
	  KEY_RSA,
	  ERROR_SSHSIG_MISMATCH,
	  true,
	  { .raw_length = 255 } },
	{ "ECDSA number zero",
	  KEY_ECDSA_256,
	  ERROR_SSHSIG_NUMBER,
	  true,
	  { .number = "", .number_length = 0 } },
	{ "ECDSA number negative",
	  KEY_ECDSA_256,
	  ERROR_SSHSIG_NUMBER,
	  true,
	  { .number = "\xff", .number_length = 1 } },
	{ "ECDSA number one",
	  KEY_ECDSA_256,
	  ERROR_SSHSIG_MISMATCH,
	  true,
	  { .number = "\x01", .number_length = 1 } },
	{ "ECDSA number longer than the order",
	  KEY_ECDSA_256,
	  ERROR_SSHSIG_NUMBER,
	  true,
	  { .number = "\x01xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", .number_length = 33 } },
	{ "flags cut off",
	  KEY_SK_ED25519,
	  ERROR_SSHSIG_INNER_TRUNCATED,
	  true,
	  { .inner_cut = 5 } },
	{ "bytes behind the counter",
	  KEY_SK_ED25519,
	  ERROR_SSHSIG_INNER_TRAILING,
	  true,
	  { .inner_trailing = "x" } },
	{ "application of another site",
	  KEY_SK_ED25519,
	  ERROR_SSHSIG_TYPE,
	  true,
	  { .type = "ssh-ed25519" } },
	{ "hash sha1", KEY_ED25519, ERROR_SSHSIG_HASH, true, { .hash = "sha1" } },
	{ "namespace git with a byte more",
	  KEY_ED25519,
	  ERROR_SSHSIG_NAMESPACE,
	  true,
	  { .name = "git " } },
	{ "compressed point",
	  KEY_ECDSA_256,
	  ERROR_SSH_KEY_POINT,
	  true,
	  { .key = { .point_first = 2, .point_length = 33 } } },
	{ "point at infinity",
	  KEY_ECDSA_256,
	  ERROR_SSH_KEY_POINT,
	  true,
	  { .key = { .point_length = 1 } } },
	{ "RSA modulus negative",
	  KEY_RSA,
	  ERROR_SSH_KEY_NUMBER,
	  true,
	  { .key = { .negative = true } } },
	{ "RSA exponent 1",
	  KEY_RSA,
	  ERROR_SSH_KEY_RSA_EXPONENT,
	  true,
	  { .key = { .exponent = 1 } } },
};
#define SIGNATURE_ROWS (sizeof(signature_rows) / sizeof(signature_rows[0]))

/* What is done to the text of a genuine signature: one replacement. */
struct armor_row {
	const char *name;
	int code;
	bool variant;
	const char *find;
	const char *replacement;
};

#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END   "-----END SSH SIGNATURE-----\n"
static const struct armor_row armor_rows[] = {
	{ "text behind BEGIN", ERROR_SSHSIG_BEGIN, false, BEGIN,
	  "-----BEGIN SSH SIGNATURE----- x\n" },
	{ "lines end in CR", ERROR_SSHSIG_CR, false, BEGIN,
	  "-----BEGIN SSH SIGNATURE-----\r\n" },
	{ "empty line", ERROR_SSHSIG_LINE, false, BEGIN, BEGIN "\n" },
	{ "no END", ERROR_SSHSIG_END_MISSING, false, END, "" },
	{ "END without line feed", ERROR_SSHSIG_END_NEWLINE, false, END,
	  "-----END SSH SIGNATURE-----" },
	{ "text behind END", ERROR_SSHSIG_TRAILING_TEXT, false, END, END "x" },
	{ "padding in the middle", ERROR_SSHSIG_BASE64, false, BEGIN "U1NI",
	  BEGIN "U1N=" },
	{ "text before BEGIN", ERROR_SIGNATURE_FORMAT_UNKNOWN, false, BEGIN,
	  "x\n" BEGIN },
	{ "OpenPGP's first line", ERROR_OPENPGP_ARMOR_NO_BLANK, true, BEGIN,
	  "-----BEGIN PGP SIGNATURE-----\n" },
	{ "X.509's first line", ERROR_CMS_LINE, true, BEGIN,
	  "-----BEGIN SIGNED MESSAGE-----\n" },
};
#define ARMOR_ROWS (sizeof(armor_rows) / sizeof(armor_rows[0]))

/* What is done to the line of a genuine key. */
struct line_row {
	const char *name;
	int code;
	const char *find; /* NULL: the whole line is replaced */
	const char *replacement;
};
static const struct line_row line_rows[] = {
	{ "empty", ERROR_SSH_KEY_EMPTY, NULL, " \t " },
	{ "without key", ERROR_SSH_KEY_LINE, NULL, "ssh-ed25519" },
	{ "options in front", ERROR_SSH_KEY_OPTIONS, "ssh-ed25519 AAAA",
	  "namespaces=\"git\" ssh-ed25519 AAAA" },
	{ "certificate", ERROR_SSH_KEY_CERTIFICATE, "ssh-ed25519 ",
	  "ssh-ed25519-cert-v01@openssh.com " },
	{ "base64 cut", ERROR_SSH_KEY_BASE64, " test", "A test" },
	{ "type other than the bytes", ERROR_SSH_KEY_TYPE_MISMATCH, "ssh-ed25519 ",
	  "ssh-rsa " },
};
#define LINE_ROWS (sizeof(line_rows) / sizeof(line_rows[0]))

static struct signature_fact verify(const char *payload, size_t length,
				    const struct buf *armor, struct arena *arena)
{
	struct signature_fact fact;
	struct error err = ERROR_INIT;
	/* In two pieces: that is how commits come. */
	struct trust_span pieces[2] = { { payload, length / 2 },
					{ payload + length / 2, length - length / 2 } };
	ck_assert_msg(signature_verify(&fact, arena, pieces, 2, armor->data,
				       armor->length, &err) == 0,
		      "%s", err.text);
	return fact;
}

static void assert_twin(const struct buf *armor)
{
	struct arena *arena = arena_new(1 << 16);
	struct signature_fact fact = verify(PAYLOAD, strlen(PAYLOAD), armor, arena);
	tampering_twin(fact.code);
	ck_assert_int_eq(fact.status, SIGNATURE_GOOD);
	ck_assert_str_eq(fact.format, "ssh");
	ck_assert_int_eq(ssh_fingerprint_check(fact.fingerprint), 0);
	arena_free(arena);
}

static void assert_refused(const struct buf *armor, int code, bool variant)
{
	struct arena *arena = arena_new(1 << 16);
	struct signature_fact fact = verify(PAYLOAD, strlen(PAYLOAD), armor, arena);
	tampering_refused(fact.code, code, variant);
	ck_assert_int_eq(fact.status, SIGNATURE_BAD);
	ck_assert(!fact.user_verified);
	arena_free(arena);
}

static void genuine(struct buf *out, enum key_kind kind)
{
	struct sig_changes none = { .version = 0 };
	make_signature(out, keys[kind], PAYLOAD, strlen(PAYLOAD), &none);
}

START_TEST(each_wrong_signature_is_refused_with_its_code)
{
	make_keys();
	for (size_t i = 0; i < SIGNATURE_ROWS; i++) {
		const struct signature_row *row = &signature_rows[i];
		struct buf armor = BUF_INIT(1 << 20);
		bool of_key = strncmp(error_name(row->code), "ssh-key-", 8) == 0;
		tampering_begin(of_key ? "SSH key" : "SSH signature", row->name);
		genuine(&armor, row->kind);
		assert_twin(&armor);
		buf_reset(&armor);
		make_signature(&armor, keys[row->kind], PAYLOAD, strlen(PAYLOAD),
			       &row->changes);
		assert_refused(&armor, row->code, row->variant);
		buf_release(&armor);
	}
	free_keys();
}
END_TEST

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
	make_keys();
	for (size_t i = 0; i < ARMOR_ROWS; i++) {
		const struct armor_row *row = &armor_rows[i];
		struct buf armor = BUF_INIT(1 << 20);
		struct buf changed = BUF_INIT(1 << 20);
		tampering_begin("SSH signature", row->name);
		genuine(&armor, KEY_ED25519);
		assert_twin(&armor);
		replace(&changed, &armor, row->find, row->replacement, row->name);
		assert_refused(&changed, row->code, row->variant);
		buf_release(&changed);
		buf_release(&armor);
	}
	free_keys();
}
END_TEST

START_TEST(each_wrong_key_line_is_refused_with_its_code)
{
	make_keys();
	for (size_t i = 0; i < LINE_ROWS; i++) {
		const struct line_row *row = &line_rows[i];
		const struct key_changes none = { .type = NULL };
		struct buf line = BUF_INIT(1 << 16);
		struct buf changed = BUF_INIT(1 << 16);
		enum ssh_key_type type;
		char fingerprint[SSH_FINGERPRINT_BYTES];
		struct error err = ERROR_INIT;
		make_key_line(&line, keys[KEY_ED25519], &none);
		tampering_begin("SSH key", row->name);
		tampering_twin(ssh_key_check(line.data, line.length, &type, fingerprint,
					     &err));
		if (row->find != NULL)
			replace(&changed, &line, row->find, row->replacement,
				row->name);
		else
			buf_add_string(&changed, row->replacement);
		int rc = ssh_key_check(changed.data, changed.length, &type, fingerprint,
				       &err);
		tampering_refused(rc, row->code, false);
		buf_release(&changed);
		buf_release(&line);
	}
	free_keys();
}
END_TEST

/* The rows about keys within signatures hold for key lines too. */
START_TEST(each_wrong_key_is_refused_as_a_line)
{
	make_keys();
	for (size_t i = 0; i < SIGNATURE_ROWS; i++) {
		const struct signature_row *row = &signature_rows[i];
		struct buf line = BUF_INIT(1 << 16);
		enum ssh_key_type type;
		char fingerprint[SSH_FINGERPRINT_BYTES];
		struct error err = ERROR_INIT;
		if (strncmp(error_name(row->code), "ssh-key-", 8) != 0)
			continue;
		make_key_line(&line, keys[row->kind], &row->changes.key);
		int rc =
			ssh_key_check(line.data, line.length, &type, fingerprint, &err);
		ck_assert_msg(rc == row->code, "'%s': %s (%s)", row->name,
			      error_name(rc), err.text);
		buf_release(&line);
	}
	free_keys();
}
END_TEST

START_TEST(a_signature_belongs_to_its_bytes_and_key_alone)
{
	make_keys();
	for (enum key_kind kind = KEY_ED25519; kind < KEY_KINDS; kind++) {
		struct arena *arena = arena_new(1 << 16);
		struct buf armor = BUF_INIT(1 << 20);
		char payload[] = PAYLOAD;
		genuine(&armor, kind);
		for (size_t i = 0; i < strlen(PAYLOAD); i += 7) {
			payload[i] ^= 1;
			ck_assert_int_eq(
				verify(payload, strlen(PAYLOAD), &armor, arena).code,
				ERROR_SSHSIG_MISMATCH);
			payload[i] ^= 1;
		}
		/* a byte more, a byte less */
		ck_assert_int_eq(
			verify(PAYLOAD, strlen(PAYLOAD) - 1, &armor, arena).code,
			ERROR_SSHSIG_MISMATCH);
		ck_assert_int_eq(
			verify(PAYLOAD, strlen(PAYLOAD) + 1, &armor, arena).code,
			ERROR_SSHSIG_MISMATCH);
		/* under another key of the same type */
		struct software_key *other = software_key_new(kind, 0);
		struct sig_changes changes = { .other_key = other };
		buf_reset(&armor);
		make_signature(&armor, keys[kind], PAYLOAD, strlen(PAYLOAD), &changes);
		ck_assert_int_eq(verify(PAYLOAD, strlen(PAYLOAD), &armor, arena).code,
				 ERROR_SSHSIG_MISMATCH);
		software_key_free(other);
		buf_release(&armor);
		arena_free(arena);
	}
	free_keys();
}
END_TEST

/* The judge of what is genuine: ssh-keygen, with the key as allowed signer. */
START_TEST(ssh_keygen_agrees_on_the_genuine_twins)
{
	struct scratch scratch;
	scratch_open(&scratch);
	make_keys();
	for (enum key_kind kind = KEY_ED25519; kind < KEY_KINDS; kind++) {
		struct buf text = BUF_INIT(1 << 20);
		struct arena *arena = arena_new(1 << 16);
		const struct key_changes none = { .type = NULL };
		const char *const arguments[] = { "ssh-keygen", "-Y", "verify",  "-n",
						  "git",        "-f", "allowed", "-I",
						  "me",         "-s", "sig",     NULL };
		genuine(&text, kind);
		scratch_write(&scratch, "sig", text.data, text.length);
		tampering_genuine("SSH signature", key_kind_name(kind),
				  verify(PAYLOAD, strlen(PAYLOAD), &text, arena).code);
		arena_free(arena);
		buf_reset(&text);
		buf_add_string(&text, "me ");
		make_key_line(&text, keys[kind], &none);
		scratch_write(&scratch, "allowed", text.data, text.length);
		ck_assert_msg(scratch_try(&scratch, PAYLOAD, strlen(PAYLOAD), NULL,
					  NULL, arguments) == 0,
			      "ssh-keygen refuses %s", key_kind_name(kind));
		buf_release(&text);
	}
	free_keys();
	scratch_close(&scratch);
}
END_TEST

START_TEST(sizes_are_bounded)
{
	struct buf twin = BUF_INIT(1 << 20);
	struct buf armor = BUF_INIT(1 << 20);
	make_keys();
	genuine(&twin, KEY_ED25519);
	tampering_begin("SSH signature", "empty");
	assert_twin(&twin);
	assert_refused(&armor, ERROR_SIGNATURE_EMPTY, false);
	tampering_begin("SSH signature", "too long");
	assert_twin(&twin);
	buf_add_string(&armor, BEGIN);
	while (armor.length < 70000)
		buf_add_string(&armor, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	buf_add_string(&armor, END);
	assert_refused(&armor, ERROR_SIGNATURE_SIZE, false);
	free_keys();
	buf_release(&armor);
	buf_release(&twin);
}
END_TEST

UNIT_MAIN("trust/tamper", each_wrong_signature_is_refused_with_its_code,
	  each_wrong_armor_is_refused_with_its_code,
	  each_wrong_key_line_is_refused_with_its_code,
	  each_wrong_key_is_refused_as_a_line,
	  a_signature_belongs_to_its_bytes_and_key_alone,
	  ssh_keygen_agrees_on_the_genuine_twins, sizes_are_bounded)
