/* base/oid.c - git object ids: reading, writing and comparing them. */
#include "base/oid.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

#define SHA1_BYTES   20
#define SHA256_BYTES 32
#define SHORT_DIGITS 10
#define TURNS        8

int oid_parse(const char *hex, size_t length, struct oid *out)
{
	if (length != 2 * SHA1_BYTES && length != 2 * SHA256_BYTES)
		return ERROR_ENCODING;
	struct oid oid = OID_INIT;
	if (hex_decode(hex, length / 2, oid.bytes) != 0)
		return ERROR_ENCODING;
	oid.length = (unsigned char)(length / 2);
	*out = oid;
	return 0;
}

void oid_hex(const struct oid *oid, char out[OID_HEX_BYTES])
{
	hex_encode(oid->bytes, oid->length, out);
}

bool oid_equal(const struct oid *a, const struct oid *b)
{
	return oid_compare(a, b) == 0;
}

int oid_compare(const struct oid *a, const struct oid *b)
{
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->length);
}

bool oid_is_null(const struct oid *oid)
{
	static const unsigned char zeros[OID_MAX_BYTES];
	return memcmp(oid->bytes, zeros, oid->length) == 0;
}

void oid_set_bytes(struct oid *oid, const void *bytes, size_t length)
{
	assert(length == SHA1_BYTES || length == SHA256_BYTES);
	*oid = (struct oid)OID_INIT;
	oid->length = (unsigned char)length;
	memcpy(oid->bytes, bytes, length);
}

const char *oid_text(const struct oid *oid)
{
	static __thread char texts[TURNS][OID_HEX_BYTES];
	static __thread unsigned int turn;
	char *text = texts[turn++ % TURNS];
	oid_hex(oid, text);
	return text;
}

const char *oid_short(const struct oid *oid)
{
	struct oid start = *oid;
	if (start.length > SHORT_DIGITS / 2)
		start.length = SHORT_DIGITS / 2;
	return oid_text(&start);
}
