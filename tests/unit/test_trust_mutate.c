/* tests/unit/test_trust_mutate.c - S2: signed merge commits in each format, changed at
 * random: never is a signature good over other bytes than were signed, nor where git
 * refuses it; where git says good and we do not, the reason stands in the list below.
 *
 * 2,000 changed commits; 100,000 with NIGHTLY=1 CK_TIMEOUT_MULTIPLIER=100. The oracles
 * are git fsck, git log
 * --format=%G? and what git runs: ssh-keygen, gpg, openssl. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/random.h"
#include "mutate.h"
#include "repo/object.h"
#include "scratch.h"
#include "trust/openpgp_certificate.h"
#include "trust/openpgp_ring.h"
#include "trust/signature.h"
#include "trust/x509.h"

#define MUTANTS_MAX 400
#define SEED        20261121
#define ROOM        ((size_t)1 << 22)
#define GPG                                                                            \
	"gpg", "--homedir", ".", "--batch", "--quiet", "--yes", "--no-tty",            \
		"--pinentry-mode", "loopback", "--passphrase", ""

/* Why git's "good" may be our "no": gitgate-policy(5) has the same list. */
static const struct {
	int code;
	const char *why;
} differences[] = {
	{ ERROR_COMMIT_SIGNATURE_TWICE, "git puts two signature headers together" },
	{ ERROR_COMMIT_SIGNATURE_CR, "the verifiers pass over carriage returns" },
	{ ERROR_SSHSIG_LINE, "ssh-keygen passes over blanks, empty and long lines" },
	{ ERROR_SSHSIG_VERSION, "ssh-keygen takes version 0 for 1" },
	{ ERROR_SSHSIG_RESERVED, "ssh-keygen does not look at the reserved field" },
	{ ERROR_SSHSIG_TRAILING_TEXT, "ssh-keygen passes over text behind the armor" },
	{ ERROR_OPENPGP_ARMOR_BEGIN, "gpg passes over blanks behind BEGIN" },
	{ ERROR_OPENPGP_ARMOR_END_BEHIND, "gpg does not read the END line" },
	{ ERROR_OPENPGP_ARMOR_BASE64, "gpg passes over a wrong end of base64" },
	{ ERROR_OPENPGP_ARMOR_CHARACTER, "gpg passes over bytes that are not base64" },
	{ ERROR_OPENPGP_ARMOR_LINE_EMPTY, "gpg passes over empty lines" },
	{ ERROR_OPENPGP_ARMOR_LINE_LONG, "gpg reads lines of any length" },
	{ ERROR_OPENPGP_ARMOR_NO_BLANK, "gpg takes a line with blanks for an empty "
					"one" },
	{ ERROR_OPENPGP_ARMOR_CHECKSUM_FORM, "gpg passes over a spoilt checksum" },
	{ ERROR_OPENPGP_ARMOR_AFTER_CHECKSUM, "gpg stops reading at the checksum" },
	{ ERROR_OPENPGP_ARMOR_END_KIND, "gpg stops reading at the checksum" },
	{ ERROR_OPENPGP_ARMOR_END_MISSING, "gpg stops reading at the checksum" },
	{ ERROR_OPENPGP_ARMOR_TRAILING, "gpg passes over text behind the armor" },
	{ ERROR_OPENPGP_ARMOR_HEADER, "gpg passes over headers that are malformed" },
	{ ERROR_OPENPGP_ARMOR_HEADER_UNKNOWN, "gpg passes over unknown headers" },
	{ ERROR_OPENPGP_ARMOR_CHECKSUM, "gpg may pass over a wrong checksum" },
	{ ERROR_CMS_DIGEST_UNLISTED, "openssl does not look at the list of digests" },
	{ ERROR_CMS_SIGNER_VERSION, "openssl does not look at the signer's version" },
	{ ERROR_CMS_ATTRIBUTES_FORM, "openssl writes the attributes anew, in DER" },
	{ ERROR_CMS_BEGIN, "openssl passes over blanks behind BEGIN" },
	{ ERROR_CMS_BASE64, "openssl passes over a wrong end of base64" },
	{ ERROR_CMS_LINE, "openssl passes over blanks and reads lines of any length" },
	{ ERROR_CMS_TRAILING_TEXT, "openssl passes over text behind the armor" },
	{ ERROR_CMS_TRAILING, "openssl passes over bytes behind the structure" },
	{ ERROR_CMS_FORM, "openssl passes over fields that it does not need" },
	{ ERROR_CMS_VERSION, "openssl does not look at the version" },
	{ ERROR_CMS_ALGORITHM, "openssl takes the algorithm from the key" },
	{ ERROR_CMS_CONTENT_TYPE, "openssl does not compare the content's type" },
	{ ERROR_CMS_CERTIFICATE_MISSING, "openssl compares the issuer's name in either "
					 "case, and its text of any type" },
};

struct round {
	struct scratch scratch;
	const char *format;
	unsigned long long seed;
	struct openpgp_ring *ring;
	struct x509_authorities *authorities;
	char *object;
	size_t length;
	struct buf payload; /* what was signed */
	struct oid ids[MUTANTS_MAX];
	int codes[MUTANTS_MAX]; /* 0: good */
	size_t count;
	size_t good, same, refused_by_git, differing;
};

/* --- signing, and git's way to verify --- */

static void use_ssh(struct round *round)
{
	struct scratch *scratch = &round->scratch;
	scratch_key(scratch, "key", "ed25519", "");
	DO(scratch, "sh", "-c", "echo \"a@example.org $(cat key.pub)\" >signers");
	DO(scratch, "git", "config", "gpg.ssh.allowedSignersFile", "signers");
	DO(scratch, "git", "config", "user.signingKey", "key");
}

static void use_openpgp(struct round *round)
{
	struct scratch *scratch = &round->scratch;
	struct buf compiled = BUF_INIT(ROOM);
	size_t length;
	scratch_write(scratch, "gpg.conf",
		      "trust-model always\nno-auto-check-trustdb\n", 41);
	DO(scratch, GPG, "--quick-generate-key", "A <a@example.org>", "ed25519", "sign",
	   "never");
	DO(scratch, GPG, "--export", "--output", "keys");
	DO(scratch, "sh", "-c",
	   "printf '#!/bin/sh\\nexec gpg --homedir . --batch --no-tty \"$@\"\\n' "
	   ">sign; chmod +x sign");
	DO(scratch, "git", "config", "gpg.program", "./sign");
	DO(scratch, "git", "config", "user.signingKey", "a@example.org");
	char *keys = scratch_read(scratch, "keys", &length);
	ck_assert_int_eq(openpgp_compile_file(&compiled, keys, length, NULL), 0);
	ck_assert_int_eq(openpgp_ring_new(&round->ring, NULL), 0);
	ck_assert_int_eq(
		openpgp_ring_add(round->ring, compiled.data, compiled.length, NULL), 0);
	buf_release(&compiled);
	free(keys);
}

/* Signs and verifies by openssl, and answers as gpgsm does. */
static void use_x509(struct round *round)
{
	static const char program[] =
		"#!/bin/sh\n"
		"case \"$*\" in\n"
		"*--verify*)\n"
		"	for file; do [ \"$file\" = - ] || signature=$file; done\n"
		"	cat >payload\n"
		"	sed 's/SIGNED MESSAGE/CMS/' \"$signature\" >cms\n"
		"	openssl cms -verify -binary -inform PEM -in cms -content "
		"payload "
		"-CAfile root.pem -purpose any -out out 2>/dev/null || exit 1\n"
		"	printf '[GNUPG:] GOODSIG 0 A\\n[GNUPG:] TRUST_FULLY 0 "
		"shell\\n';;\n"
		"*)\n"
		"	exec 3>&2\n"
		"	openssl cms -sign -binary -outform PEM -signer leaf.pem -inkey "
		"leaf.key -md sha256 | sed 's/ CMS/ SIGNED MESSAGE/'\n"
		"	echo '[GNUPG:] SIG_CREATED ' >&3;;\n"
		"esac\n";
	static const char make_people[] =
		"chmod +x sign\n"
		"for name in root leaf; do\n"
		"	openssl ecparam -name prime256v1 -genkey -noout -out "
		"$name.key\n"
		"done\n"
		"openssl req -x509 -new -key root.key -out root.pem -subj /CN=Root "
		"-addext keyUsage=critical,keyCertSign\n"
		"openssl req -new -key leaf.key -out leaf.csr -subj /CN=A\n"
		"echo keyUsage=critical,digitalSignature >ext\n"
		"openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key "
		"-CAcreateserial -extfile ext -out leaf.pem 2>/dev/null\n";
	struct scratch *scratch = &round->scratch;
	struct error err = ERROR_INIT;
	size_t length;
	scratch_write(scratch, "sign", program, strlen(program));
	DO(scratch, "sh", "-c", make_people);
	DO(scratch, "git", "config", "gpg.x509.program", "./sign");
	DO(scratch, "git", "config", "user.signingKey", "A");
	char *root = scratch_read(scratch, "root.pem", &length);
	ck_assert_int_eq(x509_authorities_new(&round->authorities, NULL), 0);
	ck_assert_msg(
		x509_authorities_add(round->authorities, root, length, true, &err) == 0,
		"%s", err.text);
	free(root);
}

static void make_commit(struct round *round)
{
	struct scratch *scratch = &round->scratch;
	DO(scratch, "git", "config", "gpg.format", round->format);
	DO(scratch, "git", "commit", "-q", "--allow-empty", "-m", "one");
	DO(scratch, "git", "checkout", "-q", "-b", "side");
	DO(scratch, "git", "commit", "-q", "--allow-empty", "-m", "two");
	DO(scratch, "git", "checkout", "-q", "main");
	DO(scratch, "git", "-c", "i18n.commitEncoding=latin1", "merge", "-q", "--no-ff",
	   "-S", "-m", "merge\n\nof two branches", "side");
	round->object = scratch_cat(scratch, "commit", "HEAD", &round->length);
}

/* --- our word --- */

static void add_payload(struct buf *out, const struct commit_text *text)
{
	for (size_t i = 0; i < text->payload_count; i++)
		buf_add(out, text->payload[i].bytes, text->payload[i].length);
}

/* 0: the signature is good over these bytes, whatever they are. */
static int verify(const struct round *round, struct arena *arena, const char *object,
		  size_t length, struct commit_text *text)
{
	const struct signature_keys keys = { round->ring };
	struct trust_span pieces[3];
	struct signature_fact fact;
	size_t armor_length;
	struct error err = ERROR_INIT;
	int rc = commit_split(text, object, length, 20, &err);
	if (rc != 0)
		return rc;
	if (text->signature.length == 0)
		return ERROR_RULE_SIGNATURE_MISSING;
	char *armor = signature_unfold(arena, text->signature, &armor_length);
	for (size_t i = 0; i < text->payload_count; i++)
		pieces[i] = (struct trust_span){ text->payload[i].bytes,
						 text->payload[i].length };
	ck_assert_int_eq(signature_verify_with(&fact, arena, &keys, pieces,
					       text->payload_count, armor, armor_length,
					       NULL),
			 0);
	ck_assert_int_eq(fact.status, fact.code == 0 ? SIGNATURE_GOOD : SIGNATURE_BAD);
	if (fact.code != 0 || fact.x509 == NULL)
		return fact.code;
	/* The certificate stands outside of what is signed: its authority vouches. */
	ck_assert_int_eq(x509_trace(&fact, round->authorities, NULL), 0);
	return fact.x509->chain == X509_CHAIN_GOOD ? 0 : fact.x509->code;
}

/* Good means: the bytes that were signed, all of them and no others. */
static int look(struct round *round, const char *object, size_t length)
{
	struct arena *arena = arena_new(ROOM);
	struct buf payload = BUF_INIT(ROOM);
	struct commit_text text;
	int code = verify(round, arena, object, length, &text);
	if (code == 0) {
		add_payload(&payload, &text);
		ck_assert_msg(payload.length == round->payload.length &&
				      memcmp(payload.data, round->payload.data,
					     payload.length) == 0,
			      "%s: good over bytes that nobody signed:\n%.*s",
			      round->format, (int)length, object);
	}
	buf_release(&payload);
	arena_free(arena);
	return code;
}

/* --- git's word --- */

static void make_mutants(struct round *round)
{
	struct buf names = BUF_INIT(ROOM);
	char *output;
	DO(&round->scratch, "mkdir", "mutants");
	for (size_t i = 0; i < round->count; i++) {
		struct buf mutant = BUF_INIT(ROOM);
		char name[64];
		mutate(&mutant, round->object, round->length);
		round->codes[i] = look(round, mutant.data, mutant.length);
		snprintf(name, sizeof(name), "mutants/%zu", i);
		scratch_write(&round->scratch, name, mutant.data, mutant.length);
		buf_addf(&names, "%s\n", name);
		buf_release(&mutant);
	}
	static const char *const arguments[] = {
		"git",          "hash-object",   "-t", "commit", "-w", "--literally",
		"--no-filters", "--stdin-paths", NULL
	};
	ck_assert_int_eq(scratch_try(&round->scratch, names.data, names.length, &output,
				     NULL, arguments),
			 0);
	for (size_t i = 0; i < round->count; i++)
		ck_assert_int_eq(oid_parse(output + 41 * i, 40, &round->ids[i]), 0);
	free(output);
	buf_release(&names);
}

/* What fsck lets pass: git receives nothing else. Broken links are no matter: ids were
 * changed too. */
static void list_clean(struct round *round, struct buf *out)
{
	char *fsck = RUN(&round->scratch, "sh", "-c",
			 "git fsck --strict --no-dangling 2>&1 | grep -v 'missing "
			 "\\|broken link\\| to ' | grep 'error\\|fatal\\|warning'; "
			 "true");
	struct map seen = MAP_INIT;
	for (size_t i = 0; i < round->count; i++) {
		const char *name = oid_text(&round->ids[i]);
		char *key = (char *)&round->ids[i].bytes;
		if (strstr(fsck, name) != NULL)
			round->refused_by_git++;
		else if (!map_has(&seen, key, 20))
			buf_addf(out, "%s\n", name);
		ck_assert_int_eq(map_put(&seen, key, 20, key), 0);
		ck_assert_msg(round->codes[i] != 0 || strstr(fsck, name) == NULL,
			      "%s: good, but git says: %s", round->format,
			      strstr(fsck, name));
	}
	map_release(&seen);
	free(fsck);
}

static bool is_listed(int code)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (differences[i].code == code && differences[i].why != NULL)
			return true;
	return false;
}

/* Lines "id G": one letter, N where there is no signature. */
static void compare(struct round *round, const char *said)
{
	for (size_t i = 0; i < round->count; i++) {
		const char *line = strstr(said, oid_text(&round->ids[i]));
		bool good = line != NULL && (line[41] == 'G' || line[41] == 'U');
		int code = round->codes[i];
		round->good += code == 0;
		round->same += good == (code == 0);
		ck_assert_msg(code != 0 || good,
			      "%s, seed %llu: mutant %zu is good, git: %.43s",
			      round->format, round->seed, i,
			      line != NULL ? line : "nothing");
		if (!good || code == 0)
			continue;
		round->differing++;
		ck_assert_msg(is_listed(code),
			      "%s, seed %llu: mutant %zu is good for git: %s",
			      round->format, round->seed, i, error_name(code));
	}
}

/* git log dies at a signature of a format that it does not know: what it did not come
 * to is asked again, without that one. */
static void ask_log(struct round *round, const char *list, struct buf *said)
{
	static const char *const arguments[] = { "git",     "log",
						 "-s",      "--no-walk=unsorted",
						 "--stdin", "--format=%H %G?",
						 NULL };
	while (*list != '\0') {
		char *output;
		int status = scratch_try(&round->scratch, list, strlen(list), &output,
					 NULL, arguments);
		buf_add_string(said, output);
		for (const char *at = output; *at != '\0'; at++)
			list += *at == '\n' ? 41 : 0;
		free(output);
		ck_assert(status == 0 || *list != '\0');
		list += *list != '\0' ? 41 : 0;
	}
}

static void ask_git(struct round *round)
{
	struct buf list = BUF_INIT(ROOM);
	struct buf said = BUF_INIT(ROOM);
	list_clean(round, &list);
	ask_log(round, list.data, &said);
	compare(round, said.data);
	buf_release(&said);
	buf_release(&list);
}

static void play(const char *format, void (*use)(struct round *round), size_t count,
		 uint64_t seed)
{
	struct round *round = calloc(1, sizeof(*round));
	struct commit_text text;
	round->format = format;
	round->seed = seed;
	round->count = count;
	buf_init(&round->payload, ROOM);
	scratch_open(&round->scratch);
	scratch_init_repository(&round->scratch);
	use(round);
	make_commit(round);
	ck_assert_int_eq(commit_split(&text, round->object, round->length, 20, NULL),
			 0);
	add_payload(&round->payload, &text);
	ck_assert_int_eq(look(round, round->object, round->length), 0);
	random_seed_for_tests(seed);
	make_mutants(round);
	ask_git(round);
	printf("# %s, seed %llu: %zu mutants, %zu refused by git's fsck, %zu good, %zu "
	       "good for git alone\n",
	       format, (unsigned long long)seed, count, round->refused_by_git,
	       round->good, round->differing);
	TRY(&round->scratch, "gpgconf", "--homedir", ".", "--kill", "all");
	openpgp_ring_free(round->ring);
	x509_authorities_free(round->authorities);
	buf_release(&round->payload);
	free(round->object);
	scratch_close(&round->scratch);
	free(round);
}

/* One of the two halves of a format's: each has its own minute. */
static void play_half(const char *format, void (*use)(struct round *round),
		      size_t count, uint64_t seed)
{
	const char *nightly = getenv("NIGHTLY");
	size_t rounds = nightly != NULL && strcmp(nightly, "1") == 0 ? 50 : 1;
	for (size_t i = 0; i < rounds; i++)
		play(format, use, count, seed + 2 * i);
}

START_TEST(changed_ssh_commits)
{
	play_half("ssh", use_ssh, 400, SEED);
}
END_TEST

START_TEST(more_changed_ssh_commits)
{
	play_half("ssh", use_ssh, 400, SEED + 1);
}
END_TEST

START_TEST(changed_openpgp_commits)
{
	if (access("/usr/bin/gpg", X_OK) == 0)
		play_half("openpgp", use_openpgp, 350, SEED);
}
END_TEST

START_TEST(more_changed_openpgp_commits)
{
	if (access("/usr/bin/gpg", X_OK) == 0)
		play_half("openpgp", use_openpgp, 350, SEED + 1);
}
END_TEST

START_TEST(changed_x509_commits)
{
	play_half("x509", use_x509, 250, SEED);
}
END_TEST

START_TEST(more_changed_x509_commits)
{
	play_half("x509", use_x509, 250, SEED + 1);
}
END_TEST

UNIT_MAIN("trust/mutate", changed_ssh_commits, more_changed_ssh_commits,
	  changed_openpgp_commits, more_changed_openpgp_commits, changed_x509_commits,
	  more_changed_x509_commits)
