/* tests/bench/sign_commits.c - a history of signed commits, made faster than git and
 * its helpers can.
 *
 * usage: sign_commits REPOSITORY FORMAT COUNT DIRECTORY [SECONDS]
 *
 * FORMAT: a row of the table below. Adds an unsigned commit without files and COUNT
 * signed ones on top of it, a second apart, as loose objects; SECONDS is the time of
 * the first (default: so that the last is of now). Prints the ids of the unsigned and
 * of the last one. DIRECTORY gets "public": what people name in a policy (a line, an
 * armored certificate, PEM of an authority), and "raw": the bare key, which bare_verify
 * reads. */
#include <check.h>
/* One by one: git2.h as a whole uses a word that base/banned.h takes away. */
#include <git2/global.h>
#include <git2/odb.h>
#include <git2/oid.h>
#include <git2/repository.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/path.h"
#include "../unit/cms_make.h"
#include "../unit/openpgp_make.h"
#include "../unit/sshsig_make.h"

#define ROOM       ((size_t)1 << 20)
#define EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
#define ALICE      "Alice <alice@example.org>"

struct maker {
	const struct format *format;
	struct software_key *ssh;
	struct pgp_key pgp;
	struct identity *authority;
	struct identity *identity;
	struct buf shown; /* what people name */
	EVP_PKEY *key;
	uint32_t now;
};

struct format {
	const char *name;
	void (*start)(struct maker *maker);
	void (*sign)(const struct maker *maker, struct buf *out,
		     const struct buf *payload);
	int kind;
	unsigned int hash; /* OpenPGP's number */
};

static void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "sign_commits: %s failed\n", what);
	exit(1);
}

/* --- formats --- */

static void start_ssh(struct maker *maker)
{
	maker->ssh = software_key_new((enum key_kind)maker->format->kind, 4096);
	maker->key = maker->ssh->pkey;
	make_key_line(&maker->shown, maker->ssh, &(struct key_changes){ 0 });
}

static void sign_ssh(const struct maker *maker, struct buf *out,
		     const struct buf *payload)
{
	make_signature(out, maker->ssh, payload->data, payload->length,
		       &(struct sig_changes){ 0 });
}

static void start_openpgp(struct maker *maker)
{
	struct buf packets = BUF_INIT(ROOM);
	const struct pgp_certificate certificate = { .primary = &maker->pgp };
	pgp_key_make(&maker->pgp, (enum pgp_kind)maker->format->kind, PGP_TIME);
	maker->key = maker->pgp.key;
	pgp_certificate(&packets, &certificate);
	pgp_armor(&maker->shown, "PGP PUBLIC KEY BLOCK", packets.data, packets.length);
	buf_release(&packets);
}

static void sign_openpgp(const struct maker *maker, struct buf *out,
			 const struct buf *payload)
{
	const struct pgp_signature how = { .hash = maker->format->hash,
					   .created = maker->now };
	const struct bytes piece = { payload->data, payload->length };
	struct buf body = BUF_INIT(ROOM);
	struct buf packet = BUF_INIT(ROOM);
	pgp_sign(&body, &maker->pgp, &how, &piece, 1);
	pgp_packet(&packet, 2, false, body.data, body.length);
	pgp_armor(out, "PGP SIGNATURE", packet.data, packet.length);
	buf_release(&body);
	buf_release(&packet);
}

static void start_x509(struct maker *maker)
{
	maker->authority = identity_new(
		NULL, &(struct identity_changes){ .name = "Root", .ca = true });
	maker->identity = identity_new(maker->authority,
				       &(struct identity_changes){ .name = "Alice" });
	maker->key = X509_get0_pubkey(maker->identity->certificate);
	identity_pem(&maker->shown, maker->authority);
}

static void sign_x509(const struct maker *maker, struct buf *out,
		      const struct buf *payload)
{
	struct buf blob = BUF_INIT(ROOM);
	make_cms(&blob, maker->identity, payload->data, payload->length,
		 &(struct cms_changes){ 0 });
	make_cms_armor(out, &blob);
	buf_release(&blob);
}

static const struct format formats[] = {
	{ "ssh-ed25519", start_ssh, sign_ssh, KEY_ED25519, 0 },
	{ "ssh-p256", start_ssh, sign_ssh, KEY_ECDSA_256, 0 },
	{ "openpgp-ed25519", start_openpgp, sign_openpgp, PGP_ED25519, 10 },
	{ "openpgp-rsa4096", start_openpgp, sign_openpgp, PGP_RSA_4096, 10 },
	{ "openpgp-p256", start_openpgp, sign_openpgp, PGP_P256, 8 },
	{ "x509-p256", start_x509, sign_x509, 0, 0 },
};

/* --- keys --- */

/* Ed25519: 32 bytes; ECDSA: the point; RSA: the modulus (the exponent is 65537). */
static void write_raw(const EVP_PKEY *key, const char *path)
{
	unsigned char raw[2048];
	size_t length = sizeof(raw);
	BIGNUM *modulus = NULL;
	if (EVP_PKEY_is_a(key, "ED25519")) {
		must(EVP_PKEY_get_raw_public_key(key, raw, &length) == 1, "a raw key");
	} else if (EVP_PKEY_is_a(key, "EC")) {
		must(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, raw,
						     sizeof(raw), &length) == 1,
		     "a point");
	} else {
		must(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1,
		     "a modulus");
		length = (size_t)BN_bn2bin(modulus, raw);
		BN_free(modulus);
	}
	FILE *file = fopen(path, "w");
	must(file != NULL && fwrite(raw, 1, length, file) == length &&
		     fclose(file) == 0,
	     path);
}

static void write_keys(const struct maker *maker, const char *directory)
{
	char *shown = path_join(directory, "public");
	char *raw = path_join(directory, "raw");
	must(shown != NULL && raw != NULL, "memory");
	FILE *file = fopen(shown, "w");
	must(file != NULL && fputs(maker->shown.data, file) >= 0 && fclose(file) == 0,
	     shown);
	write_raw(maker->key, raw);
	free(shown);
	free(raw);
}

/* --- commits --- */

static void fold(struct buf *out, const char *signature)
{
	buf_add_string(out, "gpgsig ");
	for (const char *at = signature; *at != '\0'; at++) {
		buf_add_byte(out, (unsigned char)*at);
		if (*at == '\n' && at[1] != '\0')
			buf_add_byte(out, ' ');
	}
}

static void commit(const struct maker *maker, git_odb *odb, git_oid *parent,
		   size_t number)
{
	struct buf headers = BUF_INIT(ROOM);
	struct buf payload = BUF_INIT(ROOM);
	struct buf signature = BUF_INIT(ROOM);
	char hex[GIT_OID_HEXSZ + 1];
	buf_addf(&headers, "tree %s\n", EMPTY_TREE);
	if (number != 0)
		buf_addf(&headers, "parent %s\n",
			 git_oid_tostr(hex, sizeof(hex), parent));
	buf_addf(&headers, "author " ALICE " %u +0000\ncommitter " ALICE " %u +0000\n",
		 maker->now, maker->now);
	buf_add(&payload, headers.data, headers.length);
	buf_addf(&payload, "\nchange %zu\n", number);
	if (number != 0) {
		maker->format->sign(maker, &signature, &payload);
		fold(&headers, signature.data);
	}
	buf_addf(&headers, "\nchange %zu\n", number);
	must(!headers.failed && !payload.failed && !signature.failed, "memory");
	must(git_odb_write(parent, odb, headers.data, headers.length,
			   GIT_OBJECT_COMMIT) == 0,
	     "writing a commit");
	buf_release(&headers);
	buf_release(&payload);
	buf_release(&signature);
}

static void make_history(struct maker *maker, const char *path, size_t count)
{
	git_repository *repo = NULL;
	git_odb *odb = NULL;
	git_oid id;
	char hex[GIT_OID_HEXSZ + 1];
	git_libgit2_init();
	must(git_repository_open(&repo, path) == 0 &&
		     git_repository_odb(&odb, repo) == 0,
	     path);
	must(git_odb_write(&id, odb, "", 0, GIT_OBJECT_TREE) == 0, "the empty tree");
	for (size_t i = 0; i <= count; i++) {
		commit(maker, odb, &id, i);
		if (i == 0 || i == count)
			printf("%s\n", git_oid_tostr(hex, sizeof(hex), &id));
		maker->now++;
	}
	git_odb_free(odb);
	git_repository_free(repo);
	git_libgit2_shutdown();
}

static char **words; /* of the command line */
static int word_count;

static void run(int number)
{
	struct maker maker = { .shown = BUF_INIT(ROOM) };
	(void)number;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(words[2], formats[i].name) == 0)
			maker.format = &formats[i];
	must(maker.format != NULL, words[2]);
	size_t count = strtoul(words[3], NULL, 10);
	maker.now = word_count == 6 ? (uint32_t)strtoul(words[5], NULL, 10)
				    : (uint32_t)((size_t)time(NULL) - count);
	maker.format->start(&maker);
	write_keys(&maker, words[4]);
	make_history(&maker, words[1], count);
}

/* The makers are those of the unit tests, which only work within one. */
int main(int argc, char **argv)
{
	static const TTest test = { "sign", run, __FILE__, __LINE__ };
	if (argc != 5 && argc != 6)
		return 2;
	words = argv;
	word_count = argc;
	Suite *suite = suite_create("sign");
	TCase *cases = tcase_create("sign");
	tcase_add_test(cases, &test);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
