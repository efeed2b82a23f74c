/* tests/unit/forge_key.h - an App's private key, made for tests in the process. */
#ifndef TESTS_UNIT_FORGE_KEY_H
#define TESTS_UNIT_FORGE_KEY_H

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stddef.h>

/* A fresh key as PEM, static memory; *public: to be freed with EVP_PKEY_free(); NULL is
 * legal. */
static inline const char *forge_key_make(int bits, EVP_PKEY **public)
{
	static char text[16384];
	EVP_PKEY *key = EVP_RSA_gen((unsigned int)bits);
	BIO *bio = BIO_new(BIO_s_mem());
	ck_assert(key && bio);
	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL),
			 1);
	int length = BIO_read(bio, text, sizeof(text) - 1);
	ck_assert_int_gt(length, 0);
	text[length] = '\0';
	BIO_free(bio);
	if (public)
		*public = key;
	else
		EVP_PKEY_free(key);
	return text;
}

#define forge_key forge_key_make(2048, NULL)

#endif
