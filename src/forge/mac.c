/* forge/mac.c - HMAC-SHA-256 over some pieces.
 *
 * Looking an algorithm up costs OpenSSL 3 more than signing a small body: it is done
 * once, and each use starts from a copy. */
#include "forge/mac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

static EVP_MAC_CTX *prepared;
static pthread_once_t prepared_once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
	char digest[] = "SHA256";
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
	if (context != NULL && EVP_MAC_CTX_set_params(context, parameters) == 1) {
		prepared = context;
		context = NULL;
	}
	EVP_MAC_CTX_free(context);
	EVP_MAC_free(mac);
}

bool mac_sign(const void *key, size_t key_length, const struct mac_piece *pieces,
	      size_t count, struct digest *out)
{
	size_t length = 0;
	pthread_once(&prepared_once, prepare);
	EVP_MAC_CTX *context = prepared == NULL ? NULL : EVP_MAC_CTX_dup(prepared);
	bool good =
		context != NULL && EVP_MAC_init(context, key, key_length, NULL) == 1;
	for (size_t i = 0; good && i < count; i++)
		good = EVP_MAC_update(context, pieces[i].bytes, pieces[i].length) == 1;
	good = good && EVP_MAC_final(context, out->bytes, &length, DIGEST_BYTES) == 1 &&
	       length == DIGEST_BYTES;
	EVP_MAC_CTX_free(context);
	return good;
}
