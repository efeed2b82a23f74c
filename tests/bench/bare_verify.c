/* tests/bench/bare_verify.c - what verifying costs at least: libgit2, a search for the
 * header, base64, EVP. It believes that everything is as it should be.
 *
 * usage: bare_verify REPOSITORY OLD NEW openpgp BODY-OF-THE-KEY-PACKET-IN-HEX */
/* One by one: git2.h as a whole uses a word that base/banned.h takes away. */
#include <git2/global.h>
#include <git2/odb.h>
#include <git2/oid.h>
#include <git2/repository.h>
#include <git2/revwalk.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIG    "gpgsig "
#define BEGIN  "-----BEGIN PGP SIGNATURE-----\n \n"
#define CHECK  "\n ="
#define HEADER 4096

static EVP_PKEY *key;
static EVP_PKEY_CTX *rsa;
static EVP_MD_CTX *hashing;
static const EVP_MD *sha256, *sha512;

static void fail(const char *what)
{
	fprintf(stderr, "bare_verify: %s\n", what);
	exit(1);
}

static size_t number(const unsigned char **at, const unsigned char **bytes)
{
	size_t length = (((size_t)(*at)[0] << 8 | (*at)[1]) + 7) / 8;
	*bytes = *at + 2;
	*at += 2 + length;
	return length;
}

static void read_key(const char *hex)
{
	static unsigned char body[4096];
	const unsigned char *at = body + 6, *n, *e;
	for (size_t i = 0; i < strlen(hex) / 2 && i < sizeof(body); i++) {
		const char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };
		body[i] = (unsigned char)strtoul(two, NULL, 16);
	}
	if (body[5] == 22) {
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, body + 19,
						  32);
		return;
	}
	size_t n_length = number(&at, &n), e_length = number(&at, &e);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N,
			       BN_bin2bn(n, (int)n_length, NULL));
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E,
			       BN_bin2bn(e, (int)e_length, NULL));
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY_fromdata_init(context);
	EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY,
			  OSSL_PARAM_BLD_to_param(builder));
	rsa = EVP_PKEY_CTX_new(key, NULL);
	EVP_PKEY_verify_init(rsa);
	EVP_PKEY_CTX_set_rsa_padding(rsa, RSA_PKCS1_PADDING);
}

static int check(const unsigned char *sig, const char *head, size_t head_length,
		 const char *tail, size_t tail_length)
{
	const unsigned char *body = sig[0] & 0x40 ? sig + (sig[1] < 192 ? 2 : 3)
				    : sig[0] & 3  ? sig + 3
						  : sig + 2;
	size_t hashed = 6 + ((size_t)body[4] << 8 | body[5]);
	const unsigned char *unhashed = body + hashed;
	const unsigned char *at =
		unhashed + 2 + ((size_t)unhashed[0] << 8 | unhashed[1]) + 2;
	const unsigned char end[6] = {
		4, 0xFF, 0, 0, (unsigned char)(hashed >> 8), (unsigned char)hashed
	};
	const unsigned char *r, *s;
	unsigned char digest[64], whole[2048] = { 0 };
	unsigned int length;
	const EVP_MD *md = body[3] == 10 ? sha512 : sha256;
	EVP_DigestInit_ex(hashing, md, NULL);
	EVP_DigestUpdate(hashing, head, head_length);
	EVP_DigestUpdate(hashing, tail, tail_length);
	EVP_DigestUpdate(hashing, body, hashed);
	EVP_DigestUpdate(hashing, end, sizeof(end));
	EVP_DigestFinal_ex(hashing, digest, &length);
	size_t r_length = number(&at, &r);
	if (rsa != NULL) {
		size_t size = (size_t)EVP_PKEY_get_size(key);
		memcpy(whole + size - r_length, r, r_length);
		EVP_PKEY_CTX_set_signature_md(rsa, md);
		return EVP_PKEY_verify(rsa, whole, size, digest, length);
	}
	size_t s_length = number(&at, &s);
	memcpy(whole + 32 - r_length, r, r_length);
	memcpy(whole + 64 - s_length, s, s_length);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_DigestVerifyInit(context, NULL, NULL, NULL, key);
	int good = EVP_DigestVerify(context, whole, 64, digest, length);
	EVP_MD_CTX_free(context);
	return good;
}

static int verify(const char *text, size_t size)
{
	unsigned char base64[HEADER], sig[HEADER];
	const char *start =
		(const char *)memmem(text, size, "\n" SIG, strlen(SIG) + 1) + 1;
	const char *at = start + strlen(SIG) + strlen(BEGIN);
	const char *stop = memmem(at, size - (size_t)(at - text), CHECK, 3);
	const char *line = start;
	size_t length = 0;
	for (const char *data = at; data < stop; data++)
		if (*data > ' ')
			base64[length++] = (unsigned char)*data;
	EVP_DecodeBlock(sig, base64, (int)length);
	do
		line = (const char *)memchr(line, '\n', size) + 1;
	while (*line == ' ');
	return check(sig, text, (size_t)(start - text), line,
		     size - (size_t)(line - text));
}

int main(int argc, char **argv)
{
	git_repository *repo;
	git_revwalk *walk;
	git_odb *odb;
	git_oid id;
	size_t good = 0;
	if (argc != 6)
		return 2;
	git_libgit2_init();
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
	hashing = EVP_MD_CTX_new();
	read_key(argv[5]);
	if (git_repository_open(&repo, argv[1]) != 0 ||
	    git_repository_odb(&odb, repo) != 0 || git_revwalk_new(&walk, repo) != 0)
		fail("no repository");
	git_oid_fromstr(&id, argv[3]);
	git_revwalk_push(walk, &id);
	git_oid_fromstr(&id, argv[2]);
	git_revwalk_hide(walk, &id);
	while (git_revwalk_next(&id, walk) == 0) {
		git_odb_object *object;
		git_odb_read(&object, odb, &id);
		if (verify(git_odb_object_data(object), git_odb_object_size(object)) !=
		    1)
			fail("a bad signature");
		git_odb_object_free(object);
		good++;
	}
	printf("%zu\n", good);
	return 0;
}
