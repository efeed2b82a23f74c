/* doc/scalar.c - what a plain YAML scalar is to its reader. */
#include "doc/scalar.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "doc/number.h"

/* --- words --- */

enum word_of { CORE = 1, OLD = 2 }; /* YAML 1.2's core schema; YAML 1.1, Kubernetes */

static const struct word {
	const char *text;
	enum node_kind kind;
	bool truth;
	unsigned int of;
} words[] = {
	{ "~", NODE_NULL, false, CORE | OLD },
	{ "null", NODE_NULL, false, CORE | OLD },
	{ "Null", NODE_NULL, false, CORE | OLD },
	{ "NULL", NODE_NULL, false, CORE | OLD },
	{ "true", NODE_BOOLEAN, true, CORE | OLD },
	{ "True", NODE_BOOLEAN, true, CORE | OLD },
	{ "TRUE", NODE_BOOLEAN, true, CORE | OLD },
	{ "false", NODE_BOOLEAN, false, CORE | OLD },
	{ "False", NODE_BOOLEAN, false, CORE | OLD },
	{ "FALSE", NODE_BOOLEAN, false, CORE | OLD },
	{ "y", NODE_BOOLEAN, true, OLD },
	{ "Y", NODE_BOOLEAN, true, OLD },
	{ "yes", NODE_BOOLEAN, true, OLD },
	{ "Yes", NODE_BOOLEAN, true, OLD },
	{ "YES", NODE_BOOLEAN, true, OLD },
	{ "on", NODE_BOOLEAN, true, OLD },
	{ "On", NODE_BOOLEAN, true, OLD },
	{ "ON", NODE_BOOLEAN, true, OLD },
	{ "n", NODE_BOOLEAN, false, OLD },
	{ "N", NODE_BOOLEAN, false, OLD },
	{ "no", NODE_BOOLEAN, false, OLD },
	{ "No", NODE_BOOLEAN, false, OLD },
	{ "NO", NODE_BOOLEAN, false, OLD },
	{ "off", NODE_BOOLEAN, false, OLD },
	{ "Off", NODE_BOOLEAN, false, OLD },
	{ "OFF", NODE_BOOLEAN, false, OLD },
	{ ".inf", NODE_DECIMAL, false, CORE | OLD },
	{ ".Inf", NODE_DECIMAL, false, CORE | OLD },
	{ ".INF", NODE_DECIMAL, false, CORE | OLD },
	{ "+.inf", NODE_DECIMAL, false, CORE | OLD },
	{ "+.Inf", NODE_DECIMAL, false, CORE | OLD },
	{ "+.INF", NODE_DECIMAL, false, CORE | OLD },
	{ "-.inf", NODE_DECIMAL, false, CORE | OLD },
	{ "-.Inf", NODE_DECIMAL, false, CORE | OLD },
	{ "-.INF", NODE_DECIMAL, false, CORE | OLD },
	{ ".nan", NODE_DECIMAL, false, CORE | OLD },
	{ ".NaN", NODE_DECIMAL, false, CORE | OLD },
	{ ".NAN", NODE_DECIMAL, false, CORE | OLD },
};

#define LONGEST_WORD 5

static const struct word *find_word(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].text[0] == text[0] && strlen(words[i].text) == length &&
		    memcmp(words[i].text, text, length) == 0)
			return &words[i];
	return NULL;
}

/* True when the text is a word. */
static bool read_word(struct reading *out, enum doc_format format, const char *text,
		      size_t length)
{
	const struct word *word = find_word(text, length);
	if (word == NULL)
		return false;
	if ((word->of & CORE) == 0)
		out->doubt = DOUBT_WORD;
	if (format != DOC_KUBERNETES && (word->of & CORE) == 0)
		return true;
	out->kind = word->kind;
	out->truth = word->truth;
	if (word->kind == NODE_DECIMAL)
		out->doubt = DOUBT_NOT_JSON;
	else if (word->kind == NODE_BOOLEAN &&
		 strcmp(word->text, word->truth ? "true" : "false") != 0)
		out->form = FORM_BOOLEAN;
	return true;
}

/* --- numbers --- */

/* A text that may be a number, and how far it has been read. */
struct digits {
	const char *at;
	const char *end;
	bool underscores; /* may stand anywhere, and did */
	bool allowed;
};

static char peek(struct digits *digits)
{
	while (digits->allowed && digits->at < digits->end && *digits->at == '_') {
		digits->underscores = true;
		digits->at++;
	}
	return digits->at < digits->end ? *digits->at : '\0';
}

static unsigned int value_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

static size_t pass_digits(struct digits *digits)
{
	size_t count = 0;
	for (; peek(digits) >= '0' && peek(digits) <= '9'; count++)
		digits->at++;
	return count;
}

/* What a decimal number is made of. */
struct decimal {
	size_t whole;
	bool point;
	size_t fraction;
	bool exponent;
	bool exponent_sign;
	bool zero_first; /* a zero that is not the only digit before the point */
	bool octal;      /* no digit is an 8 or 9 */
};

/* Digits, a point, digits, an exponent, to the end of the text. */
static bool pass_decimal(struct digits *digits, struct decimal *out)
{
	*out = (struct decimal){ .octal = true };
	bool zero = peek(digits) == '0';
	for (char c; (c = peek(digits)) >= '0' && c <= '9'; digits->at++) {
		out->whole++;
		out->octal &= c < '8';
	}
	out->zero_first = zero && out->whole > 1;
	if (peek(digits) == '.') {
		out->point = true;
		digits->at++;
		out->fraction = pass_digits(digits);
	}
	if (out->whole + out->fraction == 0)
		return false;
	if (peek(digits) == 'e' || peek(digits) == 'E') {
		digits->at++;
		out->exponent = true;
		out->exponent_sign = peek(digits) == '-' || peek(digits) == '+';
		digits->at += out->exponent_sign;
		if (pass_digits(digits) == 0)
			return false;
	}
	return peek(digits) == '\0' && digits->at == digits->end;
}

/* Digits of a base to the end. False: there is another character, or none. */
static bool pass_value(struct digits *digits, unsigned int base, uint64_t *value,
		       bool *too_large)
{
	size_t count = 0;
	*value = 0;
	*too_large = false;
	for (char c; (c = peek(digits)) != '\0'; digits->at++, count++) {
		if (value_of(c) >= base)
			return false;
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)value_of(c), value))
			*too_large = true;
	}
	return count > 0;
}

/* The base that stands in front of an integer; 10 for none. Behind it digits start. */
static unsigned int pass_base(struct digits *digits)
{
	struct digits ahead = *digits;
	if (peek(&ahead) != '0')
		return 10;
	ahead.at++;
	unsigned int base = 10;
	switch (peek(&ahead)) {
	case 'x':
	case 'X':
		base = 16;
		break;
	case 'o':
	case 'O':
		base = 8;
		break;
	case 'b':
	case 'B':
		base = 2;
		break;
	default:
		return 10;
	}
	ahead.at++;
	*digits = ahead;
	return base;
}

static void set_value(struct reading *out, bool negative, uint64_t value)
{
	out->kind = NODE_INTEGER;
	out->form = FORM_VALUE;
	out->negative = negative && value > 0;
	out->value = value;
}

static void set_decimal(struct reading *out, const struct decimal *decimal, bool mend)
{
	bool integer = !decimal->point && !decimal->exponent;
	out->kind = integer ? NODE_INTEGER : NODE_DECIMAL;
	bool bare_point =
		decimal->point && (decimal->whole == 0 || decimal->fraction == 0);
	if (mend || decimal->zero_first || bare_point)
		out->form = FORM_DECIMAL;
}

/* Integers of YAML 1.2's core schema in other bases have no sign and no underscores. */
static bool is_core_base(const char *text, size_t length, unsigned int base)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'o') && base != 2 &&
	       memchr(text, '_', length) == NULL;
}

static int read_based(struct reading *out, enum doc_format format,
		      struct digits *digits, unsigned int base, bool negative,
		      const char *text, size_t length)
{
	uint64_t value;
	bool too_large;
	if (!pass_value(digits, base, &value, &too_large))
		return 0;
	bool core = is_core_base(text, length, base);
	if (!core)
		out->doubt = DOUBT_NUMBER;
	else if (base == 8)
		out->doubt = DOUBT_OCTAL;
	if (!core && format != DOC_KUBERNETES)
		return 0;
	bool signed_text = text[0] == '-' || text[0] == '+';
	bool fits =
		!too_large && (!signed_text || value <= (uint64_t)INT64_MAX + negative);
	if (fits)
		set_value(out, negative, value);
	else if (format != DOC_KUBERNETES)
		return ERROR_LIMIT;
	return 0;
}

static void add_without_underscores(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] != '_')
			buf_add_byte(out, (unsigned char)text[i]);
}

/* The number without '+', zeros in front, and points at an end. */
static void write_decimal(struct buf *out, const char *text, size_t length)
{
	struct buf plain = BUF_INIT(length);
	add_without_underscores(&plain, text, length);
	const char *at = plain.data;
	if (*at == '-')
		buf_add_byte(out, '-');
	at += *at == '-' || *at == '+';
	while (*at == '0' && at[1] >= '0' && at[1] <= '9')
		at++;
	if (*at == '.')
		buf_add_byte(out, '0');
	size_t whole = strcspn(at, ".");
	buf_add(out, at, whole);
	at += whole;
	if (*at == '.') {
		buf_add_byte(out, '.');
		at++;
		if (*at < '0' || *at > '9')
			buf_add_byte(out, '0');
		buf_add_string(out, at);
	}
	if (plain.failed != 0)
		out->failed = plain.failed;
	buf_release(&plain);
}

/* Beyond a double, Kubernetes keeps the text. */
static bool fits_double(const char *text, size_t length)
{
	static const char largest[] = "1.7976931348623157e308";
	struct number number;
	struct number limit;
	number_read(&number, text, length);
	number.negative = false;
	number_read(&limit, largest, sizeof(largest) - 1);
	return number_compare(&number, &limit) != NUMBER_GREATER;
}

static bool fits_64_bits(const char *text, size_t length)
{
	struct number number;
	struct number limit;
	bool negative = text[0] == '-';
	const char *largest =
		negative ? "-9223372036854775808" : "18446744073709551615";
	number_read(&number, text, length);
	number_read(&limit, largest, strlen(largest));
	enum number_order order = number_compare(&number, &limit);
	return order == NUMBER_EQUAL ||
	       order == (negative ? NUMBER_GREATER : NUMBER_LESS);
}

static enum scalar_doubt decimal_doubt(const struct decimal *decimal)
{
	if (decimal->exponent && (!decimal->point || !decimal->exponent_sign))
		return DOUBT_EXPONENT;
	if (decimal->zero_first && !decimal->point && !decimal->exponent)
		return decimal->octal ? DOUBT_ZERO : DOUBT_ZERO_EIGHT;
	return DOUBT_NONE;
}

/* Old octals, and numbers that a double or 64 bits do not hold. */
static void read_as_kubernetes(struct reading *out, const struct decimal *decimal,
			       const char *text, size_t length)
{
	bool integer = !decimal->point && !decimal->exponent;
	if (integer && length == 2 && text[0] == '-' && text[1] == '0')
		set_value(out, false, 0);
	if (length < 16 && !decimal->exponent && !decimal->zero_first)
		return;
	struct buf plain = BUF_INIT(2 * length + 8);
	write_decimal(&plain, text, length);
	bool negative = plain.data[0] == '-';
	struct digits octal = { plain.data + negative, plain.data + plain.length, false,
				false };
	uint64_t value;
	bool too_large;
	if (integer && decimal->zero_first && decimal->octal &&
	    pass_value(&octal, 8, &value, &too_large) && !too_large) {
		set_value(out, negative, value);
	} else if (!fits_double(plain.data, plain.length)) {
		out->kind = NODE_STRING;
		out->form = FORM_WRITTEN;
	} else if (integer && !fits_64_bits(plain.data, plain.length)) {
		out->doubt = DOUBT_ROUNDED;
	}
	buf_release(&plain);
}

static void read_decimal(struct reading *out, enum doc_format format,
			 struct digits *digits, const char *text, size_t length)
{
	struct decimal decimal;
	/* ".5_0" is a number to nobody. */
	if (text[0] == '.' && memchr(text, '_', length) != NULL)
		return;
	if (!pass_decimal(digits, &decimal))
		return;
	out->doubt = digits->underscores ? DOUBT_NUMBER : decimal_doubt(&decimal);
	if (format != DOC_KUBERNETES && digits->underscores)
		return;
	set_decimal(out, &decimal, text[0] == '+' || digits->underscores);
	if (format == DOC_KUBERNETES)
		read_as_kubernetes(out, &decimal, text, length);
}

static int read_number(struct reading *out, enum doc_format format, const char *text,
		       size_t length)
{
	struct digits digits = { text, text + length, false, true };
	bool negative = text[0] == '-';
	if (text[0] == '-' || text[0] == '+')
		digits.at++;
	unsigned int base = pass_base(&digits);
	if (base != 10)
		return read_based(out, format, &digits, base, negative, text, length);
	read_decimal(out, format, &digits, text, length);
	return 0;
}

/* --- what only YAML 1.1 sees --- */

/* 12:30, 1:02:03.5 */
static bool is_base_60(const char *text, size_t length)
{
	struct digits digits = { text, text + length, false, true };
	size_t groups = 0;
	if (*text == '-' || *text == '+')
		digits.at++;
	bool zero = peek(&digits) == '0';
	if (pass_digits(&digits) == 0)
		return false;
	digits.allowed = false;
	while (peek(&digits) == ':') {
		digits.at++;
		char tens = peek(&digits);
		size_t count = pass_digits(&digits);
		if (count == 0 || count > 2 || (count == 2 && tens > '5'))
			return false;
		groups++;
	}
	bool point = peek(&digits) == '.';
	if (point) {
		digits.at++;
		pass_digits(&digits);
	}
	return groups > 0 && digits.at == digits.end && (point || !zero);
}

/* 2026-11-21, 2026-11-21T10:00:00Z, 2026-1-2 3:04:05 */
static bool is_date(const char *text, size_t length)
{
	struct digits digits = { text, text + length, false, false };
	if (pass_digits(&digits) != 4 || peek(&digits) != '-')
		return false;
	digits.at++;
	size_t month = pass_digits(&digits);
	if (month < 1 || month > 2 || peek(&digits) != '-')
		return false;
	digits.at++;
	size_t day = pass_digits(&digits);
	if (day < 1 || day > 2)
		return false;
	if (digits.at == digits.end)
		return month == 2 && day == 2;
	char c = peek(&digits);
	if (c != 'T' && c != 't' && c != ' ' && c != '\t')
		return false;
	while (digits.at < digits.end && !(*digits.at >= '0' && *digits.at <= '9'))
		digits.at++;
	return pass_digits(&digits) > 0 && peek(&digits) == ':';
}

/* --- all of it --- */

int scalar_read(struct reading *out, enum doc_format format, const char *text,
		size_t length)
{
	*out = (struct reading){ .kind = NODE_STRING };
	if (length == 0) {
		out->kind = NODE_NULL;
		return 0;
	}
	char c = text[0];
	if (length <= LONGEST_WORD && strchr("~ntfyoNTFYO.+-", c) != NULL &&
	    read_word(out, format, text, length))
		return 0;
	if (!(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') {
		if (c == '<' && length == 2 && text[1] == '<')
			out->doubt = DOUBT_MERGE;
		return 0;
	}
	int status = read_number(out, format, text, length);
	if (status != 0 || out->kind != NODE_STRING || out->doubt != DOUBT_NONE)
		return status;
	if (is_base_60(text, length))
		out->doubt = DOUBT_BASE_60;
	else if (is_date(text, length))
		out->doubt = DOUBT_DATE;
	return 0;
}

void scalar_write(struct buf *out, const struct reading *reading, const char *text,
		  size_t length)
{
	switch (reading->form) {
	case FORM_WRITTEN:
		break;
	case FORM_BOOLEAN:
		buf_add_string(out, reading->truth ? "true" : "false");
		break;
	case FORM_DECIMAL:
		write_decimal(out, text, length);
		break;
	case FORM_VALUE:
		buf_addf(out, "%s%" PRIu64, reading->negative ? "-" : "",
			 reading->value);
		break;
	}
}

static const struct {
	const char *message;
	const char *mend;
} doubts[] = {
	[DOUBT_NONE] = { "", "" },
	[DOUBT_WORD] = { "is a boolean to YAML 1.1 and Kubernetes, a string to "
			 "YAML 1.2",
			 "write true or false, or put it in quotes" },
	[DOUBT_ZERO] = { "is octal to YAML 1.1 and Kubernetes, decimal to YAML "
			 "1.2",
			 "write it without the zero, or put it in quotes" },
	[DOUBT_ZERO_EIGHT] = { "is a string to YAML 1.1, a number to YAML 1.2",
			       "write it without the zero, or put it in quotes" },
	[DOUBT_OCTAL] = { "is a string to YAML 1.1, a number to YAML 1.2", "write it "
									   "in "
									   "decimal, "
									   "or put it "
									   "in "
									   "quotes" },
	[DOUBT_NUMBER] = { "is a number to YAML 1.1 and Kubernetes, a string to "
			   "YAML 1.2",
			   "write it in plain decimal, or put it in quotes" },
	[DOUBT_BASE_60] = { "is a number in base 60 to YAML 1.1, a string to "
			    "YAML 1.2",
			    "put it in quotes" },
	[DOUBT_DATE] = { "is a date to YAML 1.1, a string to YAML 1.2", "put it in "
									"quotes" },
	[DOUBT_EXPONENT] = { "is a string to YAML 1.1, a number to YAML 1.2", "write "
									      "it like "
									      "1.0e+3, "
									      "or put "
									      "it in "
									      "quote"
									      "s" },
	[DOUBT_NOT_JSON] = { "is a number that JSON cannot hold", "write a number, or "
								  "put it in quotes" },
	[DOUBT_ROUNDED] = { "has more than 64 bits: Kubernetes rounds it", "put it in "
									   "quotes" },
	[DOUBT_MERGE] = { "merges mappings for readers of YAML 1.1 only", "write the "
									  "keys out" },
};

const char *scalar_doubt_message(enum scalar_doubt doubt)
{
	return doubts[doubt].message;
}

const char *scalar_doubt_mend(enum scalar_doubt doubt)
{
	return doubts[doubt].mend;
}
