/* trust/wire.c - reads the fields of SSH's wire format. */
#include "trust/wire.h"

#include <string.h>

bool wire_take(struct wire *wire, size_t length, struct wire_string *out)
{
	if (wire->left < length)
		return false;
	*out = (struct wire_string){ wire->at, length };
	wire->at += length;
	wire->left -= length;
	return true;
}

bool wire_byte(struct wire *wire, unsigned char *out)
{
	struct wire_string byte;
	if (!wire_take(wire, 1, &byte))
		return false;
	*out = byte.bytes[0];
	return true;
}

bool wire_u32(struct wire *wire, uint32_t *out)
{
	struct wire_string bytes;
	if (!wire_take(wire, 4, &bytes))
		return false;
	*out = (uint32_t)bytes.bytes[0] << 24 | (uint32_t)bytes.bytes[1] << 16 |
	       (uint32_t)bytes.bytes[2] << 8 | bytes.bytes[3];
	return true;
}

bool wire_u64(struct wire *wire, uint64_t *out)
{
	struct wire rest = *wire;
	uint32_t high;
	uint32_t low;
	if (!wire_u32(&rest, &high) || !wire_u32(&rest, &low))
		return false;
	*out = (uint64_t)high << 32 | low;
	*wire = rest;
	return true;
}

bool wire_string(struct wire *wire, struct wire_string *out)
{
	struct wire rest = *wire;
	uint32_t length;
	if (!wire_u32(&rest, &length) || !wire_take(&rest, length, out))
		return false;
	*wire = rest;
	return true;
}

bool wire_string_is(struct wire_string string, const char *text)
{
	return string.length == strlen(text) &&
	       memcmp(string.bytes, text, string.length) == 0;
}

bool wire_is_positive(struct wire_string number)
{
	if (number.length == 0 || (number.bytes[0] & 0x80) != 0)
		return false;
	if (number.bytes[0] != 0)
		return true;
	return number.length > 1 && (number.bytes[1] & 0x80) != 0;
}

struct wire_string wire_magnitude(struct wire_string number)
{
	if (number.length != 0 && number.bytes[0] == 0)
		return (struct wire_string){ number.bytes + 1, number.length - 1 };
	return number;
}

size_t wire_bits(struct wire_string number)
{
	struct wire_string magnitude = wire_magnitude(number);
	if (magnitude.length == 0)
		return 0;
	size_t bits = 8 * (magnitude.length - 1);
	for (unsigned int first = magnitude.bytes[0]; first != 0; first >>= 1)
		bits++;
	return bits;
}
