/* tests/unit/test_trust_openpgp_gpg.c - what real gpg signs is good, what it is told to
 * do that we do not take has a code of its own, and of thousands of changed signatures
 * none is good here and bad for gpg. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "openpgp_make.h"
#include "scratch.h"
#include "trust/openpgp_certificate.h"
#include "trust/openpgp_ring.h"
#include "trust/signature.h"

#define PAYLOAD "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"
#define ROOM    ((size_t)1 << 20)
#define GPG                                                                            \
	"gpg", "--homedir", ".", "--batch", "--quiet", "--yes", "--no-tty",            \
		"--pinentry-mode", "loopback", "--passphrase", ""

static bool have_gpg(void)
{
	return access("/usr/bin/gpg", X_OK) == 0;
}

static void open_home(struct scratch *scratch)
{
	scratch_open(scratch);
	scratch_write(scratch, "payload", PAYLOAD, strlen(PAYLOAD));
	scratch_write(scratch, "gpg.conf", "allow-weak-digest-algos\n", 24);
}

static void close_home(struct scratch *scratch)
{
	TRY(scratch, "gpgconf", "--homedir", ".", "--kill", "all");
	scratch_close(scratch);
}

static struct openpgp_ring *ring_of(struct scratch *scratch)
{
	size_t length = 0;
	struct buf compiled = BUF_INIT(ROOM);
	struct openpgp_ring *ring = NULL;
	struct error err = ERROR_INIT;
	DO(scratch, GPG, "--export", "--output", "keys");
	char *keys = scratch_read(scratch, "keys", &length);
	ck_assert_msg(openpgp_compile_file(&compiled, keys, length, &err) == 0, "%s",
		      err.text);
	ck_assert_int_eq(openpgp_ring_new(&ring, NULL), 0);
	ck_assert_int_eq(openpgp_ring_add(ring, compiled.data, compiled.length, NULL),
			 0);
	free(keys);
	buf_release(&compiled);
	return ring;
}

static int verify(const struct openpgp_ring *ring, const char *armor, size_t length)
{
	struct signature_fact fact;
	struct arena *arena = arena_new(ROOM);
	const struct signature_keys keys = { .openpgp = ring };
	const struct trust_span piece = { PAYLOAD, strlen(PAYLOAD) };
	ck_assert_int_eq(signature_verify_with(&fact, arena, &keys, &piece, 1, armor,
					       length, NULL),
			 0);
	int code = fact.code;
	ck_assert_int_eq(fact.status, code == 0 ? SIGNATURE_GOOD : SIGNATURE_BAD);
	arena_free(arena);
	return code;
}

/* gpg's own word. */
static bool gpg_says_good(struct scratch *scratch, const char *armor, size_t length)
{
	scratch_write(scratch, "changed", armor, length);
	return TRY(scratch, "gpg", "--homedir", ".", "--batch", "--quiet", "--verify",
		   "changed", "payload") == 0;
}

static const char *const algorithms[] = { "rsa2048", "rsa3072", "rsa4096", "ed25519",
					  "nistp256" };
#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

struct way {
	const char *name;
	int code;
	const char *options[3];
};

static const struct way ways[] = {
	{ "as git asks", 0, { "--armor" } },
	{ "SHA-256", 0, { "--armor", "--digest-algo=SHA256" } },
	{ "SHA-384", 0, { "--armor", "--digest-algo=SHA384" } },
	{ "SHA-512", 0, { "--armor", "--digest-algo=SHA512" } },
	{ "a version", 0, { "--armor", "--emit-version" } },
	{ "a comment", 0, { "--armor", "--comment=Using GnuPG: see gnupg.org" } },
	{ "a notation", 0, { "--armor", "--sig-notation=a@example.org=b" } },
	{ "a policy", 0, { "--armor", "--sig-policy-url=https://example.org" } },
	{ "an end", 0, { "--armor", "--default-sig-expire=1d" } },
	{ "a critical notation",
	  ERROR_OPENPGP_CRITICAL_NOTATION,
	  { "--armor", "--sig-notation=!a@example.org=b" } },
	{ "text", ERROR_OPENPGP_TYPE_TEXT, { "--armor", "--textmode" } },
	{ "two comments",
	  ERROR_OPENPGP_ARMOR_HEADER_TWICE,
	  { "--armor", "--comment=a", "--comment=b" } },
	{ "not armored", ERROR_SIGNATURE_FORMAT_UNKNOWN, { "--no-armor" } },
};

static char *sign(struct scratch *scratch, const char *with, const struct way *way,
		  size_t *length)
{
	const char *arguments[32] = { GPG };
	size_t count = 0;
	while (arguments[count] != NULL || strcmp(arguments[count - 1], "") != 0)
		count++;
	arguments[count++] = "--local-user";
	arguments[count++] = with;
	for (size_t i = 0; i < 3 && way->options[i] != NULL; i++)
		arguments[count++] = way->options[i];
	arguments[count++] = "--output";
	arguments[count++] = "signature";
	arguments[count++] = "--detach-sign";
	arguments[count++] = "payload";
	scratch_do(scratch, arguments);
	return scratch_read(scratch, "signature", length);
}

START_TEST(what_gpg_signs_is_good_or_has_a_code)
{
	struct scratch scratch;
	if (!have_gpg())
		return;
	open_home(&scratch);
	for (size_t i = 0; i < ALGORITHMS; i++)
		DO(&scratch, GPG, "--quick-gen-key", algorithms[i], algorithms[i],
		   "sign,cert", "never");
	struct openpgp_ring *ring = ring_of(&scratch);
	for (size_t i = 0; i < ALGORITHMS; i++)
		for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
			size_t length = 0;
			char *armor = sign(&scratch, algorithms[i], &ways[w], &length);
			int code = verify(ring, armor, length);
			ck_assert_msg(code == ways[w].code, "%s, %s: %s", algorithms[i],
				      ways[w].name, error_name(code));
			free(armor);
		}
	openpgp_ring_free(ring);
	close_home(&scratch);
}
END_TEST

/* Old digests: only RSA keys of gpg sign with them. */
START_TEST(weak_digests_have_codes_of_their_own)
{
	static const struct way weak[] = {
		{ "SHA-1",
		  ERROR_OPENPGP_HASH_SHA1,
		  { "--armor", "--digest-algo=SHA1" } },
		{ "RIPEMD-160",
		  ERROR_OPENPGP_HASH_RIPEMD,
		  { "--armor", "--digest-algo=RIPEMD160" } },
		{ "SHA-224",
		  ERROR_OPENPGP_HASH,
		  { "--armor", "--digest-algo=SHA224" } },
	};
	struct scratch scratch;
	if (!have_gpg())
		return;
	open_home(&scratch);
	DO(&scratch, GPG, "--quick-gen-key", "rsa", "rsa2048", "sign,cert", "never");
	DO(&scratch, GPG, "--quick-gen-key", "dsa", "dsa2048", "sign,cert", "never");
	struct openpgp_ring *ring = ring_of(&scratch);
	for (size_t i = 0; i < 3; i++) {
		size_t length = 0;
		char *armor = sign(&scratch, "rsa", &weak[i], &length);
		ck_assert(gpg_says_good(&scratch, armor, length));
		ck_assert_int_eq(verify(ring, armor, length), weak[i].code);
		free(armor);
	}
	size_t length = 0;
	char *armor = sign(&scratch, "dsa", &ways[0], &length);
	ck_assert(gpg_says_good(&scratch, armor, length));
	ck_assert_int_eq(verify(ring, armor, length), ERROR_OPENPGP_ALGORITHM_DSA);
	free(armor);
	openpgp_ring_free(ring);
	close_home(&scratch);
}
END_TEST

/* Of an armor, what it holds. */
static void decode(struct buf *out, const char *armor)
{
	struct buf base64 = BUF_INIT(ROOM);
	const char *at = strstr(armor, "\n\n") + 2;
	for (const char *end = strstr(at, "\n="); at < end; at++)
		if (*at != '\n')
			buf_add_byte(&base64, (unsigned char)*at);
	ck_assert_int_eq(base64_decode(base64.data, base64.length, out), 0);
	buf_release(&base64);
}

/* Each bit of the packet is changed. What stays good here (the unsigned issuer has no
 * part in it, nor have the two bytes of the digest) must be good for gpg. */
START_TEST(no_changed_signature_is_good_here_and_bad_for_gpg)
{
	struct scratch scratch;
	size_t changed = 0;
	size_t good = 0;
	if (!have_gpg())
		return;
	open_home(&scratch);
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (strcmp(algorithms[i], "rsa3072") == 0 ||
		    strcmp(algorithms[i], "rsa4096") == 0)
			continue;
		DO(&scratch, GPG, "--quick-gen-key", algorithms[i], algorithms[i],
		   "sign,cert", "never");
	}
	struct openpgp_ring *ring = ring_of(&scratch);
	for (size_t k = 0; k < openpgp_ring_count(ring); k++) {
		size_t length = 0;
		struct buf packet = BUF_INIT(ROOM);
		char *genuine = sign(&scratch, openpgp_ring_key(ring, k)->fingerprint,
				     &ways[0], &length);
		decode(&packet, genuine);
		for (size_t bit = 0; bit < 8 * packet.length; bit++) {
			struct buf armor = BUF_INIT(ROOM);
			packet.data[bit / 8] ^= (char)(1 << bit % 8);
			pgp_armor(&armor, "PGP SIGNATURE", packet.data, packet.length);
			changed++;
			if (verify(ring, armor.data, armor.length) == 0) {
				good++;
				ck_assert_msg(gpg_says_good(&scratch, armor.data,
							    armor.length),
					      "%s: bit %zu", algorithms[k], bit);
			}
			packet.data[bit / 8] ^= (char)(1 << bit % 8);
			buf_release(&armor);
		}
		free(genuine);
		buf_release(&packet);
	}
	printf("# %zu changed, %zu good here\n", changed, good);
	ck_assert_uint_gt(changed, 4000);
	openpgp_ring_free(ring);
	close_home(&scratch);
}
END_TEST

/* The hook asks the program, which has librnp read the key first; the service reads it
 * itself: both must make the same of it, or remembered facts would differ. */
static void compare_with_program(struct scratch *scratch, const char *program,
				 const char *name, const char *form)
{
	struct buf here = BUF_INIT(ROOM);
	struct error err = ERROR_INIT;
	char *key = NULL;
	char *there = NULL;
	size_t length = 0;
	size_t there_length = 0;
	const char *const export[] = { GPG, form, "--export", name, NULL };
	ck_assert_int_eq(scratch_try(scratch, NULL, 0, &key, &length, export), 0);
	int rc = openpgp_compile_file(&here, key, length, &err);
	ck_assert_msg(rc == 0, "%s: %s", name, err.text);
	const char *const compile[] = { program, NULL };
	ck_assert_int_eq(
		scratch_try(scratch, key, length, &there, &there_length, compile), 0);
	ck_assert_msg(there_length == here.length &&
			      memcmp(there, here.data, here.length) == 0,
		      "%s:\n%s\n%s", name, there, here.data);
	free(key);
	free(there);
	buf_release(&here);
}

START_TEST(keys_are_the_same_with_and_without_librnp)
{
	static const char more[] =
		"set -e; export GNUPGHOME=$PWD; g() { gpg --batch --quiet "
		"--pinentry-mode loopback --passphrase '' \"$@\" 2>/dev/null; };"
		"of() { gpg --batch --with-colons --list-keys \"$1\" 2>/dev/null |"
		" awk -F: '/^fpr/ {print $10; exit}'; };"
		"g --quick-gen-key sub ed25519 cert never;"
		"g --quick-add-key $(of sub) rsa2048 sign 1y;"
		"g --quick-add-key $(of sub) ed25519 sign never;"
		"g --quick-add-key $(of sub) cv25519 encr never;"
		"g --quick-gen-key revoked ed25519 sign never;"
		"sed 's/^:---/---/' openpgp-revocs.d/$(of revoked).rev | g --import";
	static const char *const names[] = { "sub", "revoked" };
	struct scratch scratch;
	char *program = realpath("gitgate-trust-compile", NULL);
	if (!have_gpg() || program == NULL) {
		printf("# skipped: no gpg, or not run in the build directory\n");
		free(program);
		return;
	}
	open_home(&scratch);
	for (size_t i = 0; i < ALGORITHMS; i++)
		DO(&scratch, GPG, "--quick-gen-key", algorithms[i], algorithms[i],
		   "sign,cert", "never");
	DO(&scratch, "sh", "-c", more);
	for (size_t i = 0; i < ALGORITHMS + 2; i++) {
		const char *name =
			i < ALGORITHMS ? algorithms[i] : names[i - ALGORITHMS];
		compare_with_program(&scratch, program, name, "--armor");
		compare_with_program(&scratch, program, name, "--no-armor");
	}
	close_home(&scratch);
	free(program);
}
END_TEST

UNIT_MAIN("trust", what_gpg_signs_is_good_or_has_a_code,
	  weak_digests_have_codes_of_their_own,
	  no_changed_signature_is_good_here_and_bad_for_gpg,
	  keys_are_the_same_with_and_without_librnp)
