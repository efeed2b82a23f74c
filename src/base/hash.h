/* base/hash.h - digests, hexadecimal and base64. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct buf;

#define DIGEST_BYTES     32
#define DIGEST_HEX_BYTES (2 * DIGEST_BYTES + 1)

/* A SHA-256 digest. All zero means "none". */
struct digest {
	unsigned char bytes[DIGEST_BYTES];
};

/* Incremental SHA-256. hasher_new() NULL: out of memory. hasher_finish() frees. */
struct hasher;
struct hasher *hasher_new(void);
void hasher_add(struct hasher *hasher, const void *bytes, size_t length);
/* Adds an 8-byte big-endian length and then the bytes, so that fields cannot run into
 * each other. */
void hasher_add_field(struct hasher *hasher, const void *bytes, size_t length);
int hasher_finish(struct hasher *hasher,
		  struct digest *out); /* 0 or ERROR_MEMORY when any step failed */
void hasher_free(struct hasher *hasher);

int digest_of(const void *bytes, size_t length,
	      struct digest *out); /* 0 or ERROR_MEMORY */
bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_is_none(const struct digest *digest);
void digest_hex(const struct digest *digest, char out[DIGEST_HEX_BYTES]);
int digest_parse(
	const char *hex,
	struct digest *out); /* exactly 64 lower-case digits, else ERROR_ENCODING */

/* Lower-case hexadecimal of `length` bytes and a NUL into `out` (2 * length + 1 bytes).
 */
void hex_encode(const void *bytes, size_t length, char *out);
/* Exactly 2 * length lower-case digits. 0 or ERROR_ENCODING. */
int hex_decode(const char *hex, size_t length, void *out);

/* RFC 4648 section 4, strict: padding required, zero trailing bits, no white space. 0
 * or ERROR_ENCODING. */
int base64_decode(const char *text, size_t length, struct buf *out);
void base64_encode(const void *bytes, size_t length, struct buf *out);

/* Constant in time for equal lengths. */
bool bytes_equal_secret(const void *a, size_t a_length, const void *b, size_t b_length);

const char *hash_library_version(void); /* of OpenSSL: "3.0.17" */

#endif
