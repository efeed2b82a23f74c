/* tests/e2e/gitsign_double.c - stands in for gitsign, and for the Fulcio and the Rekor
 * behind it: `init DIRECTORY` makes their keys and what a policy names of them, `sign
 * DIRECTORY [KEY=VALUE...]` signs standard input as git asks a gpg.x509.program to;
 * `tell DIRECTORY OBJECT [KEY=VALUE...]` tells the log of the object that was signed
 * last, and prints its entry as Rekor does.
 *
 * san=URI:https://... issuer=https://... wrong=none|entry|early|promise online */
#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "sigstore_make.h"
#include "trust/rekor_entry.h"

#define MEGABYTE ((size_t)1 << 20)

static FILE *open_in(const char *directory, const char *name, const char *mode)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, mode);
	if (file == NULL) {
		perror(path);
		exit(1);
	}
	return file;
}

static void write_buf(const char *directory, const char *name, struct buf *content)
{
	FILE *file = open_in(directory, name, "w");
	fwrite(content->data, 1, content->length, file);
	fclose(file);
	buf_release(content);
}

static void write_key(const char *directory, const char *name, void *key)
{
	FILE *file = open_in(directory, name, "w");
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
}

static void *read_key(const char *directory, const char *name)
{
	FILE *file = open_in(directory, name, "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return key;
}

static void init(const char *directory)
{
	struct sigstore_made *made = sigstore_made_new(NULL);
	struct buf pem = BUF_INIT(MEGABYTE);
	sigstore_authorities_pem(&pem, made);
	write_buf(directory, "fulcio.pem", &pem);
	sigstore_key_pem(&pem, made->rekor);
	write_buf(directory, "rekor.pem", &pem);
	sigstore_key_pem(&pem, made->ct);
	write_buf(directory, "ct.pem", &pem);
	sigstore_trusted_root(&pem, made);
	write_buf(directory, "trusted_root.json", &pem);
	identity_pem(&pem, made->ca);
	write_buf(directory, "ca.pem", &pem);
	write_key(directory, "ca.key", made->ca->key);
	write_key(directory, "rekor.key", made->rekor);
	write_key(directory, "ct.key", made->ct);
	sigstore_made_free(made);
}

static struct sigstore_made *load(const char *directory)
{
	/* What is not kept is made anew: nobody knows it. */
	struct sigstore_made *made = sigstore_made_new(NULL);
	FILE *file = open_in(directory, "ca.pem", "r");
	X509_free(made->ca->certificate);
	EVP_PKEY_free(made->ca->key);
	EVP_PKEY_free(made->rekor);
	EVP_PKEY_free(made->ct);
	made->ca->certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	made->ca->key = read_key(directory, "ca.key");
	made->rekor = read_key(directory, "rekor.key");
	made->ct = read_key(directory, "ct.key");
	return made;
}

static void read_option(struct sigstore_how *how, const char *option)
{
	if (strncmp(option, "san=", 4) == 0)
		how->san = option + 4;
	else if (strncmp(option, "issuer=", 7) == 0)
		how->issuer = option + 7;
	else if (strcmp(option, "wrong=none") == 0)
		how->wrong = ENTRY_NONE;
	else if (strcmp(option, "wrong=entry") == 0)
		how->wrong = OF_OTHER_SIGNATURE;
	else if (strcmp(option, "wrong=early") == 0)
		how->at -= 11;
	else if (strcmp(option, "wrong=promise") == 0)
		how->wrong = PROMISE_FLIPPED;
	else if (strcmp(option, "online") == 0)
		how->wrong = ENTRY_NONE;
	else
		exit(2);
}

static struct sigstore_how read_options(char **options)
{
	/* The signer's certificate lives around now. */
	const int64_t now = (int64_t)time(NULL) - CMS_MADE_AT;
	struct sigstore_how how = { .at = now,
				    .lives_before = 10 - now,
				    .lives_after = now + 590 };
	for (; *options != NULL; options++)
		if (**options != '-')
			read_option(&how, *options);
	return how;
}

static void write_certificate(const char *directory, const char *name,
			      const struct identity *identity)
{
	struct buf pem = BUF_INIT(MEGABYTE);
	identity_pem(&pem, identity);
	write_buf(directory, name, &pem);
}

static void sign(const char *directory, char **options)
{
	struct sigstore_how how = read_options(options);
	struct sigstore_made *made = load(directory);
	struct buf payload = BUF_INIT(MEGABYTE);
	struct buf armor = BUF_INIT(MEGABYTE);
	if (buf_read_fd(&payload, 0, NULL) != 0)
		exit(1);
	if (how.wrong == ENTRY_NONE) {
		struct identity *signer = sigstore_sign_online(
			&armor, made, payload.data, payload.length, &how);
		write_certificate(directory, "signer.pem", signer);
		write_key(directory, "signer.key", signer->key);
		identity_free(signer);
	} else {
		sigstore_sign(&armor, made, payload.data, payload.length, &how);
	}
	fwrite(armor.data, 1, armor.length, stdout);
	fputs("\n[GNUPG:] SIG_CREATED \n", stderr);
	buf_release(&payload);
	buf_release(&armor);
	sigstore_made_free(made);
}

static void print_hex(const char *before, struct wire_string bytes)
{
	char hex[2 * REKOR_HASH_BYTES + 1];
	hex_encode(bytes.bytes, bytes.length, hex);
	printf("%s\"%s\"", before, hex);
}

static void print_base64(const char *before, struct wire_string bytes)
{
	struct buf text = BUF_INIT(MEGABYTE);
	base64_encode(bytes.bytes, bytes.length, &text);
	printf("%s\"%s\"", before, text.data);
	buf_release(&text);
}

static void print_entry(const char *object, const struct rekor_entry *entry)
{
	printf("{\"24296fb24b8ad77a%s%024d\": {", object, 1);
	print_base64("\"body\": ", entry->body);
	printf(", \"integratedTime\": %llu",
	       (unsigned long long)entry->integrated_time);
	print_hex(", \"logID\": ", entry->log_id);
	printf(", \"logIndex\": %llu, \"verification\": {\"inclusionProof\": {",
	       (unsigned long long)entry->log_index);
	fputs("\"checkpoint\": \"", stdout);
	for (size_t i = 0; i < entry->checkpoint.length; i++)
		if (entry->checkpoint.bytes[i] == '\n')
			fputs("\\n", stdout);
		else
			putchar(entry->checkpoint.bytes[i]);
	fputs("\", \"hashes\": [", stdout);
	for (size_t i = 0; i < entry->hash_count; i++)
		print_hex(i == 0 ? "" : ", ", entry->hashes[i]);
	printf("], \"logIndex\": %llu", (unsigned long long)entry->leaf_index);
	print_hex(", \"rootHash\": ", entry->root);
	printf(", \"treeSize\": %llu}", (unsigned long long)entry->tree_size);
	print_base64(", \"signedEntryTimestamp\": ", entry->promise);
	printf("}}}\n");
}

static void tell(const char *directory, const char *object, char **options)
{
	struct sigstore_how how = read_options(options);
	struct sigstore_made *made = load(directory);
	FILE *file = open_in(directory, "signer.pem", "r");
	struct identity signer = {
		.certificate = PEM_read_X509(file, NULL, NULL, NULL),
		.key = read_key(directory, "signer.key"),
	};
	struct rekor_entry entry;
	fclose(file);
	how.object = object;
	sigstore_tell(made, &signer, &how);
	const struct buf *bytes = sigstore_last_entry();
	if (rekor_entry_parse(&entry, bytes->data, bytes->length, NULL) != 0)
		exit(1);
	print_entry(object, &entry);
	X509_free(signer.certificate);
	EVP_PKEY_free(signer.key);
	sigstore_made_free(made);
}

static int argument_count;
static char **arguments;

START_TEST(act)
{
	if (argument_count == 3 && strcmp(arguments[1], "init") == 0)
		init(arguments[2]);
	else if (argument_count >= 3 && strcmp(arguments[1], "sign") == 0)
		sign(arguments[2], arguments + 3);
	else if (argument_count >= 4 && strcmp(arguments[1], "tell") == 0)
		tell(arguments[2], arguments[3], arguments + 4);
	else
		exit(2);
}
END_TEST

/* What makes signatures asserts by libcheck, which wants a test to be running. */
int main(int argc, char **argv)
{
	argument_count = argc;
	arguments = argv;
	Suite *suite = suite_create("gitsign_double");
	TCase *group = tcase_create("act");
	tcase_add_test(group, act);
	suite_add_tcase(suite, group);
	SRunner *runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
