/* trust/ready.h - what OpenSSL verifies with, kept by each thread from one signature to
 * the next.
 *
 * Making a context takes a tenth of the time of a verification, and for what two
 * threads share they wait. Inside trust/ only. Threads: any; what is returned is the
 * calling thread's, and freed when it ends. */
#ifndef TRUST_READY_H
#define TRUST_READY_H

#include <openssl/types.h>
#include <pthread.h>
#include <stddef.h>

/* Whether a signature holds under a key: 1, 0 or ERROR_MEMORY. `digest` NULL: `data` is
 * the message (Ed25519); otherwise `data` is its digest. RSA is PKCS #1 1.5. The key is
 * kept, too. */
int ready_verify(EVP_PKEY *key, const EVP_MD *digest, const void *data, size_t length,
		 const unsigned char *signature, size_t signature_length);

/* The thread's context for digests, to be initialised by the caller. NULL: memory. */
EVP_MD_CTX *ready_hashing(void);

/* The thread's block under a key that was made with a destructor which frees it:
 * allocated and zeroed at the first call. NULL: memory. */
void *ready_block(pthread_key_t key, size_t bytes);

#endif
