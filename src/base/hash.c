/* base/hash.c - SHA-256 by way of OpenSSL, hexadecimal and base64. */
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

struct hasher {
	EVP_MD_CTX *context;
	bool failed;
};

static const EVP_MD *sha256;
static pthread_key_t context_key;
static bool context_key_works;
static pthread_once_t setup_once = PTHREAD_ONCE_INIT;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

/* Fetching an algorithm takes locks and string look-ups: once, not for every digest. */
static void setup(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (sha256 == NULL)
		sha256 = EVP_sha256();
	context_key_works = pthread_key_create(&context_key, free_context) == 0;
}

struct hasher *hasher_new(void)
{
	pthread_once(&setup_once, setup);
	struct hasher *hasher = calloc(1, sizeof(*hasher));
	if (hasher == NULL)
		return NULL;
	hasher->context = EVP_MD_CTX_new();
	if (hasher->context == NULL ||
	    EVP_DigestInit_ex(hasher->context, sha256, NULL) != 1) {
		hasher_free(hasher);
		return NULL;
	}
	return hasher;
}

void hasher_add(struct hasher *hasher, const void *bytes, size_t length)
{
	if (length != 0 && EVP_DigestUpdate(hasher->context, bytes, length) != 1)
		hasher->failed = true;
}

void hasher_add_field(struct hasher *hasher, const void *bytes, size_t length)
{
	unsigned char prefix[8];
	uint64_t left = length;
	for (size_t i = sizeof(prefix); i-- > 0; left >>= 8)
		prefix[i] = (unsigned char)(left & 0xff);
	hasher_add(hasher, prefix, sizeof(prefix));
	hasher_add(hasher, bytes, length);
}

int hasher_finish(struct hasher *hasher, struct digest *out)
{
	struct digest digest;
	bool failed = hasher->failed ||
		      EVP_DigestFinal_ex(hasher->context, digest.bytes, NULL) != 1;
	hasher_free(hasher);
	if (failed)
		return ERROR_MEMORY;
	*out = digest;
	return 0;
}

void hasher_free(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	EVP_MD_CTX_free(hasher->context);
	free(hasher);
}

/* The context of this thread, made at its first digest and freed at its end. */
static EVP_MD_CTX *thread_context(void)
{
	if (!context_key_works)
		return NULL;
	EVP_MD_CTX *context = pthread_getspecific(context_key);
	if (context != NULL)
		return context;
	context = EVP_MD_CTX_new();
	if (context != NULL && pthread_setspecific(context_key, context) != 0) {
		EVP_MD_CTX_free(context);
		return NULL;
	}
	return context;
}

int digest_of(const void *bytes, size_t length, struct digest *out)
{
	pthread_once(&setup_once, setup);
	struct digest digest;
	EVP_MD_CTX *context = thread_context();
	if (context == NULL || EVP_DigestInit_ex(context, sha256, NULL) != 1 ||
	    (length != 0 && EVP_DigestUpdate(context, bytes, length) != 1) ||
	    EVP_DigestFinal_ex(context, digest.bytes, NULL) != 1)
		return ERROR_MEMORY;
	*out = digest;
	return 0;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

bool digest_is_none(const struct digest *digest)
{
	static const struct digest none;
	return digest_equal(digest, &none);
}

void digest_hex(const struct digest *digest, char out[DIGEST_HEX_BYTES])
{
	hex_encode(digest->bytes, DIGEST_BYTES, out);
}

int digest_parse(const char *hex, struct digest *out)
{
	if (strnlen(hex, DIGEST_HEX_BYTES) != DIGEST_HEX_BYTES - 1)
		return ERROR_ENCODING;
	return hex_decode(hex, DIGEST_BYTES, out->bytes);
}

void hex_encode(const void *bytes, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	for (size_t i = 0; i < length; i++) {
		out[2 * i] = digits[from[i] >> 4];
		out[2 * i + 1] = digits[from[i] & 15];
	}
	out[2 * length] = '\0';
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

int hex_decode(const char *hex, size_t length, void *out)
{
	for (size_t i = 0; i < 2 * length; i++)
		if (hex_value(hex[i]) < 0)
			return ERROR_ENCODING;
	unsigned char *to = out;
	for (size_t i = 0; i < length; i++)
		to[i] = (unsigned char)(hex_value(hex[2 * i]) << 4 |
					hex_value(hex[2 * i + 1]));
	return 0;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
				    "yz0123456789+/";

/* One more than the value of a digit, 0 for what is none. */
static unsigned char base64_values[256];
static pthread_once_t base64_once = PTHREAD_ONCE_INIT;

static void make_base64_values(void)
{
	for (unsigned char i = 0; i < 64; i++)
		base64_values[(unsigned char)base64_digits[i]] = i + 1;
}

static inline int base64_value(char digit)
{
	return base64_values[(unsigned char)digit] - 1;
}

/* The four digits at `text` as 24 bits, or negative when one is none. */
static inline int32_t base64_group(const char *text)
{
	int32_t bad = 0;
	int32_t group = 0;
	for (size_t i = 0; i < 4; i++) {
		int value = base64_value(text[i]);
		bad |= value;
		group = group << 6 | (value & 63);
	}
	return bad < 0 ? -1 : group;
}

/* The last group, with `padding` signs at its end. Bits that no byte uses must be zero:
 * one text for one content. */
static int32_t base64_last_group(const char *text, size_t padding)
{
	char digits[4] = { text[0], text[1], padding < 2 ? text[2] : 'A',
			   padding < 1 ? text[3] : 'A' };
	int32_t group = base64_group(digits);
	int32_t unused = padding == 2 ? 0xffff : padding == 1 ? 0xff : 0;
	return group >= 0 && (group & unused) != 0 ? -1 : group;
}

int base64_decode(const char *text, size_t length, struct buf *out)
{
	size_t padding = 0;
	pthread_once(&base64_once, make_base64_values);
	if (length % 4 != 0)
		return ERROR_ENCODING;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	const size_t bytes = length / 4 * 3 - padding;
	char *to = buf_reserve(out, bytes);
	if (to == NULL)
		return out->failed;
	int32_t group = 0;
	size_t i = 0;
	for (; i + 4 < length && group >= 0; i += 4) {
		group = base64_group(text + i);
		*to++ = (char)(group >> 16);
		*to++ = (char)(group >> 8);
		*to++ = (char)group;
	}
	if (group >= 0 && length != 0)
		group = base64_last_group(text + length - 4, padding);
	for (size_t j = 0; group >= 0 && length != 0 && j < 3 - padding; j++)
		*to++ = (char)(group >> (16 - 8 * j));
	if (group >= 0)
		out->length += bytes;
	out->data[out->length] = '\0';
	return group < 0 ? ERROR_ENCODING : 0;
}

void base64_encode(const void *bytes, size_t length, struct buf *out)
{
	const unsigned char *from = bytes;
	for (size_t i = 0; i < length; i += 3) {
		size_t count = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)from[i] << 16;
		group |= count > 1 ? (uint32_t)from[i + 1] << 8 : 0;
		group |= count > 2 ? (uint32_t)from[i + 2] : 0;
		char digits[4] = { base64_digits[group >> 18],
				   base64_digits[group >> 12 & 63],
				   count > 1 ? base64_digits[group >> 6 & 63] : '=',
				   count > 2 ? base64_digits[group & 63] : '=' };
		buf_add(out, digits, sizeof(digits));
	}
}

bool bytes_equal_secret(const void *a, size_t a_length, const void *b, size_t b_length)
{
	return a_length == b_length && CRYPTO_memcmp(a, b, a_length) == 0;
}

const char *hash_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}
