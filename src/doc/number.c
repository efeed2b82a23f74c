/* doc/number.c - exact decimal arithmetic on the text of numbers. */
#include "doc/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"

/* Exponents beyond this are all the same to us: no text is long enough to reach back.
 */
#define EXPONENT_MAXIMUM INT64_C(1000000000000000)
#define DIVISOR_DIGITS   18

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Digits of a base to the end of the text. */
static bool parse_magnitude(const char *text, unsigned int base, uint64_t *out)
{
	uint64_t value = 0;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned int digit = (unsigned int)digit_value(*text);
		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}

static unsigned int base_of(const char *text)
{
	if (text[0] != '0')
		return 10;
	return text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 10;
}

int number_to_int64(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	unsigned int base = base_of(text);
	uint64_t magnitude;
	if (!parse_magnitude(base == 10 ? text : text + 2, base, &magnitude))
		return ERROR_LIMIT;
	if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return ERROR_LIMIT;
	*out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return 0;
}

/* The exponent part behind 'e', saturated. */
static int64_t read_exponent(const char *at, const char *end)
{
	bool negative = at < end && *at == '-';
	if (at < end && (*at == '-' || *at == '+'))
		at++;
	int64_t value = 0;
	for (; at < end && is_digit(*at); at++)
		if (value < EXPONENT_MAXIMUM)
			value = value * 10 + (*at - '0');
	return negative ? -value : value;
}

/* Digits with at most one point, then an exponent. */
static void read_decimal(struct number *out, const char *at, const char *end)
{
	const char *point = NULL;
	const char *first = NULL;
	const char *last = NULL;
	const char *stop = at;
	for (; stop < end && (is_digit(*stop) || *stop == '.'); stop++) {
		if (*stop == '.') {
			point = stop;
		} else if (*stop != '0') {
			first = first == NULL ? stop : first;
			last = stop;
		}
	}
	if (first == NULL)
		return;
	point = point == NULL ? stop : point;
	out->text = first;
	out->digits = (uint32_t)(last - first) + 1;
	if (first < point && point < last)
		out->digits--;
	int64_t places = first < point ? point - first : point - first + 1;
	int64_t exponent = stop < end ? read_exponent(stop + 1, end) : 0;
	out->exponent = places + exponent;
}

void number_read(struct number *out, const char *text, size_t length)
{
	const char *end = text + length;
	*out = (struct number){ .class = NUMBER_FINITE };
	if (text < end && (*text == '-' || *text == '+'))
		out->negative = *text++ == '-';
	if (text + 1 < end && text[0] == '.' && !is_digit(text[1])) {
		bool nan = text[1] == 'n' || text[1] == 'N';
		out->class = nan ? NUMBER_NAN : NUMBER_INFINITE;
		return;
	}
	if (text + 2 < end && base_of(text) != 10) {
		uint64_t value = 0;
		parse_magnitude(text + 2, base_of(text), &value);
		int count = snprintf(out->own, sizeof(out->own), "%" PRIu64, value);
		read_decimal(out, out->own, out->own + count);
		out->in_own = true;
	} else {
		read_decimal(out, text, end);
	}
	if (out->digits == 0)
		out->negative = false;
}

static const char *digits_of(const struct number *number)
{
	return number->in_own ? number->own : number->text;
}

/* The next significant digit, past the point. */
static char next_digit(const char **at)
{
	if (**at == '.')
		(*at)++;
	return *(*at)++;
}

/* -1, 0, 1 for numbers that are finite and of one sign, without the sign. */
static int compare_magnitudes(const struct number *a, const struct number *b)
{
	if (a->digits == 0 || b->digits == 0)
		return (a->digits != 0) - (b->digits != 0);
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	const char *left = digits_of(a);
	const char *right = digits_of(b);
	for (uint32_t i = 0; i < a->digits && i < b->digits; i++) {
		char x = next_digit(&left);
		char y = next_digit(&right);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a->digits > b->digits) - (a->digits < b->digits);
}

enum number_order number_compare(const struct number *a, const struct number *b)
{
	int order;
	if (a->class == NUMBER_NAN || b->class == NUMBER_NAN)
		return NUMBER_UNORDERED;
	if (a->negative != b->negative)
		return a->negative ? NUMBER_LESS : NUMBER_GREATER;
	if (a->class == NUMBER_INFINITE || b->class == NUMBER_INFINITE)
		order = (a->class == NUMBER_INFINITE) - (b->class == NUMBER_INFINITE);
	else
		order = compare_magnitudes(a, b);
	if (order == 0)
		return NUMBER_EQUAL;
	return (order < 0) != a->negative ? NUMBER_LESS : NUMBER_GREATER;
}

bool number_is_integral(const struct number *number)
{
	return number->class == NUMBER_FINITE &&
	       number->exponent >= (int64_t)number->digits;
}

bool number_is_divisor(const struct number *number)
{
	return number->class == NUMBER_FINITE && !number->negative &&
	       number->digits > 0 && number->digits <= DIVISOR_DIGITS;
}

static uint64_t times(uint64_t a, uint64_t b, uint64_t modulus)
{
	return (uint64_t)((unsigned __int128)a * b % modulus);
}

/* 10^exponent modulo modulus. */
static uint64_t power_of_ten(int64_t exponent, uint64_t modulus)
{
	uint64_t result = 1 % modulus;
	uint64_t base = 10 % modulus;
	for (; exponent > 0; exponent >>= 1) {
		if (exponent & 1)
			result = times(result, base, modulus);
		base = times(base, base, modulus);
	}
	return result;
}

/* a = m * 10^e and b = n * 10^f, where neither m nor n ends in a zero. If e < f then
 * a/b is no integer, since m is not divisible by ten; else it is when n divides m *
 * 10^(e-f). */
bool number_is_multiple(const struct number *a, const struct number *b)
{
	if (a->class != NUMBER_FINITE)
		return false;
	if (a->digits == 0)
		return true;
	int64_t shift = (a->exponent - a->digits) - (b->exponent - b->digits);
	if (shift < 0)
		return false;
	const char *at = digits_of(b);
	uint64_t divisor = 0;
	for (uint32_t i = 0; i < b->digits; i++)
		divisor = divisor * 10 + (uint64_t)(next_digit(&at) - '0');
	at = digits_of(a);
	uint64_t rest = 0;
	for (uint32_t i = 0; i < a->digits; i++)
		rest = (times(rest, 10, divisor) + (uint64_t)(next_digit(&at) - '0')) %
		       divisor;
	return times(rest, power_of_ten(shift, divisor), divisor) == 0;
}

uint64_t number_hash(const struct number *number)
{
	uint64_t words[3] = { (uint64_t)number->class * 2 + number->negative,
			      (uint64_t)number->exponent, 0 };
	const char *at = number->digits == 0 ? "" : digits_of(number);
	for (uint32_t i = 0; i < number->digits; i++) {
		words[2] = words[2] * 10 + (uint64_t)(next_digit(&at) - '0');
		if (i % DIVISOR_DIGITS == DIVISOR_DIGITS - 1)
			words[2] = map_hash(words, sizeof(words));
	}
	return map_hash(words, sizeof(words));
}

bool number_to_uint64(const struct number *number, uint64_t *out)
{
	if (!number_is_integral(number) || number->negative || number->exponent > 20)
		return false;
	uint64_t value = 0;
	const char *at = number->digits == 0 ? "" : digits_of(number);
	for (int64_t i = 0; i < number->exponent; i++) {
		uint64_t digit =
			i < number->digits ? (uint64_t)(next_digit(&at) - '0') : 0;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}
