/* doc/number.h - exact decimal arithmetic on the text of numbers; for doc/ only.
 *
 * No number goes through a double: 0.1 is a tenth, 1e400 is larger than 1e399, and
 * 9007199254740993 differs from 9007199254740992. A number is read as
 * +-0.d1d2d3... * 10^exponent with d1 and the last digit not zero. */
#ifndef DOC_NUMBER_H
#define DOC_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

enum number_class { NUMBER_NAN = 0, NUMBER_FINITE, NUMBER_INFINITE };

struct number {
	enum number_class class;
	bool negative;
	uint32_t digits;  /* significant ones; 0 for zero */
	int64_t exponent; /* see above; 0 for zero */
	const char *text; /* from the first significant digit; may hold one '.' */
	char own[24];     /* the digits of what was not written in decimal */
	bool in_own;      /* `own` stands for `text` */
};

enum number_order {
	NUMBER_UNORDERED = 0, /* one of them is .nan */
	NUMBER_LESS,
	NUMBER_EQUAL,
	NUMBER_GREATER,
};

/* Reads the text of a NODE_INTEGER or NODE_DECIMAL, as JSON or YAML write them. The
 * text is borrowed. */
void number_read(struct number *out, const char *text, size_t length);
enum number_order number_compare(const struct number *a, const struct number *b);
bool number_is_integral(const struct number *number);
/* Whether a / b is an integer. b > 0 with at most 18 digits (number_is_divisor()). */
bool number_is_multiple(const struct number *a, const struct number *b);
bool number_is_divisor(const struct number *number);
/* Equal numbers have equal hashes. */
uint64_t number_hash(const struct number *number);
/* An integer by value (3, 3.0, 30e-1) from 0 to UINT64_MAX: true. */
bool number_to_uint64(const struct number *number, uint64_t *out);

/* Decimal, 0x and 0o integers. 0 or ERROR_LIMIT. */
int number_to_int64(const char *text, int64_t *out);

#endif
