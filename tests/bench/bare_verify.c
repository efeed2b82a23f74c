/* tests/bench/bare_verify.c - what verifying costs at least: libgit2, a search for the
 * header, base64, EVP. It believes that everything is as it should be.
 *
 * usage: bare_verify REPOSITORY OLD NEW FORMAT RAW-KEY
 *
 * FORMAT and RAW-KEY as of sign_commits. The key is made ready once, digests are
 * fetched once, contexts are kept. X.509: OpenSSL's own CMS_verify(), without a chain.
 */
/* One by one: git2.h as a whole uses a word that base/banned.h takes away. */
#include <git2/global.h>
#include <git2/odb.h>
#include <git2/oid.h>
#include <git2/repository.h>
#include <git2/revwalk.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIG    "gpgsig "
#define HEADER 8192

struct text {
	const char *bytes;
	size_t length;
};

static EVP_PKEY *key;
static EVP_PKEY_CTX *by_digest; /* RSA, ECDSA */
static EVP_MD_CTX *by_message;  /* Ed25519 */
static EVP_MD_CTX *hashing;
static EVP_MD *sha256, *sha512;

static void must(int done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "bare_verify: %s\n", what);
	exit(1);
}

/* --- keys --- */

static void make_key(const char *algorithm, OSSL_PARAM_BLD *builder)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	must(EVP_PKEY_fromdata_init(context) == 1 &&
		     EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY,
				       OSSL_PARAM_BLD_to_param(builder)) == 1,
	     "a key");
	by_digest = EVP_PKEY_CTX_new(key, NULL);
	EVP_PKEY_verify_init(by_digest);
}

static void read_key(const char *path)
{
	unsigned char raw[4096];
	FILE *file = fopen(path, "r");
	must(file != NULL, path);
	size_t length = fread(raw, 1, sizeof(raw), file);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	if (length == 32) {
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, length);
		by_message = EVP_MD_CTX_new();
	} else if (length == 65) {
		OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
						"P-256", 0);
		OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, raw,
						 length);
		make_key("EC", builder);
	} else {
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N,
				       BN_bin2bn(raw, (int)length, NULL));
		OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, 65537);
		make_key("RSA", builder);
		EVP_PKEY_CTX_set_rsa_padding(by_digest, RSA_PKCS1_PADDING);
	}
	OSSL_PARAM_BLD_free(builder);
	fclose(file);
}

static int holds(const EVP_MD *md, const unsigned char *signature, size_t length,
		 const unsigned char *data, size_t data_length)
{
	if (by_message != NULL) {
		EVP_DigestVerifyInit(by_message, NULL, NULL, NULL, key);
		return EVP_DigestVerify(by_message, signature, length, data,
					data_length);
	}
	if (md != NULL)
		EVP_PKEY_CTX_set_signature_md(by_digest, md);
	return EVP_PKEY_verify(by_digest, signature, length, data, data_length);
}

static size_t ecdsa(unsigned char *out, const unsigned char *r, size_t r_length,
		    const unsigned char *s, size_t s_length)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	ECDSA_SIG_set0(pair, BN_bin2bn(r, (int)r_length, NULL),
		       BN_bin2bn(s, (int)s_length, NULL));
	int length = i2d_ECDSA_SIG(pair, &out);
	ECDSA_SIG_free(pair);
	return (size_t)length;
}

/* --- formats --- */

static size_t number(const unsigned char **at, const unsigned char **bytes)
{
	size_t length = (((size_t)(*at)[0] << 8 | (*at)[1]) + 7) / 8;
	*bytes = *at + 2;
	*at += 2 + length;
	return length;
}

static int check_openpgp(const unsigned char *sig, size_t length,
			 const struct text payload[2])
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
	unsigned int digest_length;
	const EVP_MD *md = body[3] == 10 ? sha512 : sha256;
	(void)length;
	EVP_DigestInit_ex2(hashing, md, NULL);
	for (int i = 0; i < 2; i++)
		EVP_DigestUpdate(hashing, payload[i].bytes, payload[i].length);
	EVP_DigestUpdate(hashing, body, hashed);
	EVP_DigestUpdate(hashing, end, sizeof(end));
	EVP_DigestFinal_ex(hashing, digest, &digest_length);
	size_t r_length = number(&at, &r);
	size_t size = (size_t)EVP_PKEY_get_size(key);
	if (body[2] == 1) {
		memcpy(whole + size - r_length, r, r_length);
		return holds(md, whole, size, digest, digest_length);
	}
	size_t s_length = number(&at, &s);
	if (body[2] == 19)
		return holds(NULL, whole, ecdsa(whole, r, r_length, s, s_length),
			     digest, digest_length);
	memcpy(whole + 32 - r_length, r, r_length);
	memcpy(whole + 64 - s_length, s, s_length);
	return holds(md, whole, 64, digest, digest_length);
}

static size_t field(const unsigned char **at, const unsigned char **bytes)
{
	size_t length = (size_t)(*at)[2] << 8 | (*at)[3];
	*bytes = *at + 4;
	*at += 4 + length;
	return length;
}

static int check_ssh(const unsigned char *sig, size_t length,
		     const struct text payload[2])
{
	static const char head[] = "SSHSIG\0\0\0\3git\0\0\0\0\0\0\0\6sha512\0\0\0\100";
	unsigned char data[sizeof(head) - 1 + 64], whole[256];
	unsigned int written;
	const unsigned char *at = sig + 10, *bytes, *raw, *r, *s;
	(void)length;
	for (int i = 0; i < 4; i++) /* key, namespace, reserved, hash */
		field(&at, &bytes);
	memcpy(data, head, sizeof(head) - 1);
	EVP_DigestInit_ex2(hashing, sha512, NULL);
	for (int i = 0; i < 2; i++)
		EVP_DigestUpdate(hashing, payload[i].bytes, payload[i].length);
	EVP_DigestFinal_ex(hashing, data + sizeof(head) - 1, &written);
	at += 4;
	field(&at, &bytes); /* the type of the inner signature */
	size_t raw_length = field(&at, &raw);
	if (by_message != NULL)
		return holds(NULL, raw, raw_length, data, sizeof(data));
	at = raw;
	size_t r_length = field(&at, &r);
	size_t s_length = field(&at, &s);
	EVP_DigestInit_ex2(hashing, sha256, NULL);
	EVP_DigestUpdate(hashing, data, sizeof(data));
	EVP_DigestFinal_ex(hashing, data, &written);
	return holds(NULL, whole, ecdsa(whole, r, r_length, s, s_length), data,
		     written);
}

static int check_x509(const unsigned char *sig, size_t length,
		      const struct text payload[2])
{
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &sig, (long)length);
	BIO *content = BIO_new(BIO_s_mem());
	for (int i = 0; i < 2; i++)
		BIO_write(content, payload[i].bytes, (int)payload[i].length);
	int good = CMS_verify(cms, NULL, NULL, content, NULL,
			      CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY);
	BIO_free(content);
	CMS_ContentInfo_free(cms);
	return good;
}

static const struct format {
	const char *name; /* how it starts */
	const char *begin;
	const char *end;
	int (*check)(const unsigned char *sig, size_t length,
		     const struct text payload[2]);
} formats[] = {
	{ "openpgp", "-----BEGIN PGP SIGNATURE-----\n \n", "\n =", check_openpgp },
	{ "ssh", "-----BEGIN SSH SIGNATURE-----\n", "\n -----END", check_ssh },
	{ "x509", "-----BEGIN SIGNED MESSAGE-----\n", "\n -----END", check_x509 },
};

/* --- commits --- */

static int verify(const struct format *format, const char *text, size_t size)
{
	unsigned char base64[HEADER], sig[HEADER];
	const char *start =
		(const char *)memmem(text, size, "\n" SIG, strlen(SIG) + 1) + 1;
	const char *at = start + strlen(SIG) + strlen(format->begin);
	const char *stop = memmem(at, size - (size_t)(at - text), format->end,
				  strlen(format->end));
	const char *line = start;
	size_t length = 0;
	for (const char *data = at; data < stop && length < HEADER; data++)
		if (*data > ' ')
			base64[length++] = (unsigned char)*data;
	must(length != 0, "no signature");
	int decoded = EVP_DecodeBlock(sig, base64, (int)length);
	for (; length > 0 && base64[length - 1] == '='; length--)
		decoded--;
	do
		line = (const char *)memchr(line, '\n', size) + 1;
	while (*line == ' ');
	const struct text payload[2] = { { text, (size_t)(start - text) },
					 { line, size - (size_t)(line - text) } };
	return format->check(sig, (size_t)decoded, payload);
}

int main(int argc, char **argv)
{
	const struct format *format = formats;
	git_repository *repo;
	git_revwalk *walk;
	git_odb *odb;
	git_oid id;
	size_t good = 0;
	if (argc != 6)
		return 2;
	while (strncmp(argv[4], format->name, strlen(format->name)) != 0)
		must(++format < formats + sizeof(formats) / sizeof(formats[0]),
		     argv[4]);
	git_libgit2_init();
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
	hashing = EVP_MD_CTX_new();
	read_key(argv[5]);
	must(git_repository_open(&repo, argv[1]) == 0 &&
		     git_repository_odb(&odb, repo) == 0 &&
		     git_revwalk_new(&walk, repo) == 0,
	     "no repository");
	git_oid_fromstr(&id, argv[3]);
	git_revwalk_push(walk, &id);
	git_oid_fromstr(&id, argv[2]);
	git_revwalk_hide(walk, &id);
	while (git_revwalk_next(&id, walk) == 0) {
		git_odb_object *object;
		must(git_odb_read(&object, odb, &id) == 0, "no object");
		must(verify(format, git_odb_object_data(object),
			    git_odb_object_size(object)) == 1,
		     "a bad signature");
		git_odb_object_free(object);
		good++;
	}
	printf("%zu\n", good);
	return 0;
}
