/* trust/wire.h - reads the fields of SSH's wire format (RFC 4251 section 5).
 *
 * Inside trust/ only. Every function says whether the field was there whole; nothing is
 * copied. */
#ifndef TRUST_WIRE_H
#define TRUST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
	const unsigned char *at;
	size_t left;
};

struct wire_string {
	const unsigned char *bytes;
	size_t length;
};

bool wire_take(struct wire *wire, size_t length, struct wire_string *out);
bool wire_byte(struct wire *wire, unsigned char *out);
bool wire_u32(struct wire *wire, uint32_t *out);
bool wire_u64(struct wire *wire, uint64_t *out);
bool wire_string(struct wire *wire, struct wire_string *out);

bool wire_string_is(struct wire_string string, const char *text);
/* A multiple precision integer that is positive and written in the shortest form. */
bool wire_is_positive(struct wire_string number);
/* The same number without the zero byte that keeps its sign. */
struct wire_string wire_magnitude(struct wire_string number);
size_t wire_bits(struct wire_string number);

#endif
