/* trust/public_key.h - public keys as OpenSSL takes them, from the numbers that formats
 * carry. Inside trust/ only. */
#ifndef TRUST_PUBLIC_KEY_H
#define TRUST_PUBLIC_KEY_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

/* To be freed with EVP_PKEY_free(). NULL: OpenSSL refuses it or memory ran out; its
 * queue of errors tells which. */
EVP_PKEY *public_key_ed25519(const void *key, size_t length);
/* `group`: OpenSSL's name of the curve; `point` as SEC 1 writes it. */
EVP_PKEY *public_key_ecdsa(const char *group, const void *point, size_t length);
/* Numbers with the highest byte first. */
EVP_PKEY *public_key_rsa(const void *modulus, size_t modulus_length,
			 const void *exponent, size_t exponent_length);

/* Whether reading PEM ended because there is no more, not because of what is there.
 * Clears OpenSSL's queue of errors. */
bool pem_has_ended(void);

#endif
