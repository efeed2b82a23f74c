/* tests/unit/test_trust_memory.c - every allocation in turn fails, ours and OpenSSL's
 * (K1): what is no signature never becomes one, what is one is not called bad for want
 * of our memory, nothing leaks (the sanitizer looks).
 *
 * The linker sends our allocations here: -Wl,--wrap=malloc,--wrap=calloc,
 * --wrap=realloc; OpenSSL is told. Each try has a thread of its own, whose memory of
 * keys is empty and goes with it. */
#include "unit.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "cms_make.h"
#include "openpgp_make.h"
#include "sshsig_make.h"
#include "trust/openpgp_certificate.h"
#include "trust/openpgp_ring.h"
#include "trust/signature.h"
#include "trust/x509.h"

#define ROOM    ((size_t)1 << 20)
#define PAYLOAD "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nc\n"
#define OTHER   "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nd\n"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

enum whose { NOBODY, OURS, OPENSSL };

static enum whose failing;
static size_t count;  /* of allocations since the try began */
static size_t number; /* of the one that fails */

static bool fails(enum whose whose)
{
	return failing == whose && ++count == number;
}

void *__wrap_malloc(size_t size)
{
	return fails(OURS) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t items, size_t size)
{
	return fails(OURS) ? NULL : __real_calloc(items, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails(OURS) ? NULL : __real_realloc(old, size);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(OPENSSL) ? NULL : __real_malloc(size);
}

static void *openssl_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(OPENSSL) ? NULL : __real_realloc(old, size);
}

static void openssl_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	free(block);
}

__attribute__((constructor)) static void tell_openssl(void)
{
	CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
}

/* --- signatures --- */

struct made {
	const char *name;
	struct buf armor;
	struct openpgp_ring *ring;
	struct x509_authorities *authorities;
};

/* What a try did. */
struct
try {
	const struct made *made;
	const char *payload;
	int rc;
	int status;
	bool traced; /* the chain is good, or there is none */
	bool told;   /* the error has the code that was returned */
	char reason[1100];
};

static void *verify(void *data)
{
	struct try *try = data;
	struct arena *arena = arena_new(ROOM);
	const struct trust_span payload = { try->payload, strlen(try->payload) };
	const struct signature_keys keys = { try->made->ring };
	struct signature_fact fact = { .status = SIGNATURE_UNKNOWN };
	struct error err = ERROR_INIT;
	try->rc = ERROR_MEMORY;
	if (arena == NULL)
		return NULL;
	try->rc = signature_verify_with(&fact, arena, &keys, &payload, 1,
					try->made->armor.data, try->made->armor.length,
					&err);
	try->told = try->rc == err.code;
	snprintf(try->reason, sizeof(try->reason), "%s",
		 fact.reason != NULL ? fact.reason : err.text);
	try->status = (int)fact.status;
	try->traced = fact.x509 == NULL;
	if (try->rc == 0 && fact.status == SIGNATURE_GOOD && fact.x509 != NULL) {
		try->rc = x509_trace(&fact, try->made->authorities, &err);
		try->traced = try->rc == 0 && fact.x509->chain == X509_CHAIN_GOOD;
	}
	arena_free(arena);
	return NULL;
}

/* Whether the allocation that was to fail was reached. */
static bool run(struct try *try, enum whose whose, size_t which)
{
	pthread_t thread;
	number = which;
	count = 0;
	try->told = true;
	/* libcheck allocates, too: nothing of it here. */
	failing = whose;
	bool done = pthread_create(&thread, NULL, verify, try) == 0 &&
		    pthread_join(thread, NULL) == 0;
	failing = NOBODY;
	ck_assert(done && try->told);
	return count >= which;
}

static void check(const struct made *made, enum whose whose)
{
	bool reached = true;
	size_t which = 1;
	for (; reached; which++) {
		struct try genuine = { .made = made, .payload = PAYLOAD };
		reached = run(&genuine, whose, which);
		ck_assert_msg(genuine.rc == 0 || genuine.rc == ERROR_MEMORY,
			      "%s, %zu: %d", made->name, which, genuine.rc);
		if (genuine.rc == 0 && (whose == OURS || !reached)) {
			ck_assert_msg(genuine.status == SIGNATURE_GOOD &&
					      genuine.traced,
				      "%s, %zu: called bad: %s", made->name, which,
				      genuine.reason);
		}
		struct try false_one = { .made = made, .payload = OTHER };
		run(&false_one, whose, which);
		ck_assert_msg(false_one.rc != 0 || false_one.status != SIGNATURE_GOOD,
			      "%s, %zu: called good", made->name, which);
	}
	ck_assert_uint_gt(which, 5);
}

static void check_both(const struct made *made)
{
	struct try genuine = { .made = made, .payload = PAYLOAD };
	run(&genuine, NOBODY, 0); /* what is done once for the process is done */
	ck_assert_msg(genuine.rc == 0 && genuine.status == SIGNATURE_GOOD, "%s: %s",
		      made->name, genuine.reason);
	check(made, OURS);
	check(made, OPENSSL);
}

START_TEST(ssh_signatures)
{
	for (int kind = 0; kind < KEY_KINDS; kind++) {
		struct made made = { .name = key_kind_name((enum key_kind)kind),
				     .armor = BUF_INIT(ROOM) };
		struct software_key *key = software_key_new((enum key_kind)kind, 2048);
		make_signature(&made.armor, key, PAYLOAD, strlen(PAYLOAD),
			       &(struct sig_changes){ 0 });
		check_both(&made);
		software_key_free(key);
		buf_release(&made.armor);
	}
}
END_TEST

START_TEST(ssh_certificates)
{
	struct made made = { .name = "certificate", .armor = BUF_INIT(ROOM) };
	struct software_key *key = software_key_new(KEY_ED25519, 0);
	struct software_key *ca = software_key_new(KEY_ECDSA_256, 0);
	struct buf blob = BUF_INIT(ROOM);
	make_certificate(&blob, key, ca, &(struct certificate_changes){ 0 });
	make_signature(&made.armor, key, PAYLOAD, strlen(PAYLOAD),
		       &(struct sig_changes){ .public_key = &blob });
	check_both(&made);
	software_key_free(key);
	software_key_free(ca);
	buf_release(&blob);
	buf_release(&made.armor);
}
END_TEST

/* --- OpenPGP: also its compiler and the ring --- */

static struct openpgp_ring *ring_of(const struct buf *packets, struct error *err)
{
	struct buf text = BUF_INIT(ROOM);
	struct openpgp_ring *ring = NULL;
	int rc = openpgp_compile(&text, packets->data, packets->length, err);
	if (rc == 0)
		rc = openpgp_ring_new(&ring, err);
	if (rc == 0)
		rc = openpgp_ring_add(ring, text.data, text.length, err);
	buf_release(&text);
	if (rc == 0)
		return ring;
	openpgp_ring_free(ring);
	return NULL;
}

/* Which keys there are, and what each may do. */
static size_t describe(const struct openpgp_ring *ring, enum openpgp_use uses[2])
{
	for (size_t i = 0; i < openpgp_ring_count(ring); i++)
		uses[i] = openpgp_ring_key(ring, i)->use;
	return openpgp_ring_count(ring);
}

/* A key is compiled whole or not at all; without OpenSSL's memory a signature of it may
 * be called bad, which makes less of the key, never more. */
static void compile_without_memory(const struct buf *packets, enum whose whose)
{
	bool reached = true;
	for (size_t which = 1; reached; which++) {
		struct error err = ERROR_INIT;
		enum openpgp_use uses[2] = { OPENPGP_USE_UNKNOWN, OPENPGP_USE_UNKNOWN };
		number = which;
		count = 0;
		failing = whose;
		struct openpgp_ring *ring = ring_of(packets, &err);
		failing = NOBODY;
		reached = count >= which;
		if (ring == NULL) {
			ck_assert_msg(whose == OPENSSL || err.code == ERROR_MEMORY,
				      "%zu: %s", which, err.text);
		} else if (whose == OURS || !reached) {
			ck_assert_uint_eq(describe(ring, uses), 2);
			ck_assert_int_eq(uses[0], OPENPGP_USE_SIGN);
			ck_assert_int_eq(uses[1], OPENPGP_USE_SIGN);
		}
		openpgp_ring_free(ring);
	}
}

START_TEST(openpgp_signatures)
{
	static const enum pgp_kind kinds[] = { PGP_ED25519, PGP_RSA, PGP_P256,
					       PGP_ED25519_RAW };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct made made = { .name = "OpenPGP", .armor = BUF_INIT(ROOM) };
		struct pgp_key primary, subkey;
		struct buf packets = BUF_INIT(ROOM);
		struct buf body = BUF_INIT(ROOM);
		struct buf packet = BUF_INIT(ROOM);
		const struct bytes piece = { PAYLOAD, strlen(PAYLOAD) };
		pgp_key_make(&primary, kinds[i], PGP_TIME);
		pgp_key_make(&subkey, kinds[i], PGP_TIME);
		pgp_certificate(&packets,
				&(struct pgp_certificate){ .primary = &primary,
							   .subkey = &subkey });
		pgp_sign(&body, &subkey, &(struct pgp_signature){ 0 }, &piece, 1);
		pgp_packet(&packet, 2, false, body.data, body.length);
		pgp_armor(&made.armor, "PGP SIGNATURE", packet.data, packet.length);
		made.ring = ring_of(&packets, NULL);
		ck_assert_ptr_nonnull(made.ring);
		check_both(&made);
		compile_without_memory(&packets, OURS);
		compile_without_memory(&packets, OPENSSL);
		openpgp_ring_free(made.ring);
		buf_release(&packets);
		buf_release(&body);
		buf_release(&packet);
		buf_release(&made.armor);
		pgp_key_free(&primary);
		pgp_key_free(&subkey);
	}
}
END_TEST

/* --- X.509: also its authorities --- */

static struct x509_authorities *authorities_of(const struct buf *pem,
					       const struct buf *list,
					       struct error *err)
{
	struct x509_authorities *authorities = NULL;
	int rc = x509_authorities_new(&authorities, err);
	if (rc == 0)
		rc = x509_authorities_add(authorities, pem->data, pem->length, true,
					  err);
	if (rc == 0)
		rc = x509_lists_add(authorities, list->data, list->length, err);
	if (rc == 0)
		return authorities;
	x509_authorities_free(authorities);
	return NULL;
}

static void read_without_memory(const struct buf *pem, const struct buf *list,
				enum whose whose)
{
	bool reached = true;
	for (size_t which = 1; reached; which++) {
		struct error err = ERROR_INIT;
		number = which;
		count = 0;
		failing = whose;
		struct x509_authorities *authorities = authorities_of(pem, list, &err);
		failing = NOBODY;
		reached = count >= which;
		ck_assert_msg(authorities != NULL || whose == OPENSSL ||
				      err.code == ERROR_MEMORY,
			      "%zu: %s", which, err.text);
		ck_assert_msg(authorities != NULL || reached, "%zu: %s", which,
			      err.text);
		x509_authorities_free(authorities);
	}
}

START_TEST(x509_signatures)
{
	static const char *const algorithms[] = { "EC", "RSA", "ED25519" };
	struct identity *root = identity_new(
		NULL, &(struct identity_changes){ .name = "Root", .ca = true });
	struct buf pem = BUF_INIT(ROOM);
	struct buf list = BUF_INIT(ROOM);
	identity_pem(&pem, root);
	make_list(&list, root, root, NULL, 0, 3600);
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		struct made made = { .name = algorithms[i], .armor = BUF_INIT(ROOM) };
		struct identity *alice = identity_new(
			root, &(struct identity_changes){ .algorithm = algorithms[i] });
		struct buf blob = BUF_INIT(ROOM);
		/* Ed25519 goes with SHA-512 alone (RFC 8419). */
		make_cms(&blob, alice, PAYLOAD, strlen(PAYLOAD),
			 &(struct cms_changes){ .digest = i == 2 ? "SHA512" : NULL });
		make_cms_armor(&made.armor, &blob);
		made.authorities = authorities_of(&pem, &list, NULL);
		ck_assert_ptr_nonnull(made.authorities);
		check_both(&made);
		x509_authorities_free(made.authorities);
		identity_free(alice);
		buf_release(&blob);
		buf_release(&made.armor);
	}
	read_without_memory(&pem, &list, OURS);
	read_without_memory(&pem, &list, OPENSSL);
	identity_free(root);
	buf_release(&pem);
	buf_release(&list);
}
END_TEST

UNIT_MAIN("trust/memory", ssh_signatures, ssh_certificates, openpgp_signatures,
	  x509_signatures)
