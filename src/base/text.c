/* base/text.c - making text that others wrote safe to show, and reading numbers. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

#define UNIT_BYTES    16
#define NEAREST_BYTES 64

struct range {
	uint32_t first;
	uint32_t last;
};

/* Bidirectional and invisible format controls, in order. Sources: Unicode's Cf and
 * Default_Ignorable_Code_Point, without what changes how a visible character looks. */
static const struct range hidden[] = {
	{ 0x00ad, 0x00ad },   { 0x034f, 0x034f },   { 0x061c, 0x061c },
	{ 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
	{ 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },
	{ 0x3164, 0x3164 },   { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb },   { 0xfffe, 0xffff },   { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

bool text_is_shown(uint32_t code_point)
{
	if (code_point < 0x7f)
		return code_point >= 0x20;
	if (code_point < 0xa0)
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code_point <= hidden[i].last)
			return code_point < hidden[i].first;
	return true;
}

size_t text_utf8_next(const char *bytes, size_t length, uint32_t *code_point)
{
	static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (length == 0)
		return 0;
	unsigned char first = (unsigned char)bytes[0];
	size_t count = first < 0x80    ? 1
		       : first < 0xc2  ? 0
		       : first < 0xe0  ? 2
		       : first < 0xf0  ? 3
		       : first <= 0xf4 ? 4
				       : 0;
	if (count == 0 || count > length)
		return 0;
	uint32_t value = count == 1 ? first : first & (0x7fu >> count);
	for (size_t i = 1; i < count; i++) {
		unsigned char next = (unsigned char)bytes[i];
		if ((next & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (next & 0x3f);
	}
	bool surrogate = value >= 0xd800 && value <= 0xdfff;
	if (value < smallest[count] || value > 0x10ffff || surrogate)
		return 0;
	if (code_point != NULL)
		*code_point = value;
	return count;
}

bool text_is_utf8(const char *bytes, size_t length)
{
	while (length > 0) {
		uint64_t eight;
		if (length >= sizeof(eight)) {
			memcpy(&eight, bytes, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				bytes += sizeof(eight);
				length -= sizeof(eight);
				continue;
			}
		}
		size_t count = text_utf8_next(bytes, length, NULL);
		if (count == 0)
			return false;
		bytes += count;
		length -= count;
	}
	return true;
}

size_t text_utf8_count(const char *bytes, size_t length)
{
	size_t characters = 0;
	for (; length > 0; characters++) {
		size_t count = text_utf8_next(bytes, length, NULL);
		count = count == 0 ? 1 : count;
		bytes += count;
		length -= count;
	}
	return characters;
}

/* The safe form of the first code point or bad byte; the bytes that it took. */
static size_t escape_one(const char *bytes, size_t length, char out[UNIT_BYTES])
{
	uint32_t code_point = 0;
	size_t count = text_utf8_next(bytes, length, &code_point);
	if (count == 0) {
		snprintf(out, UNIT_BYTES, "\\x%02x", (unsigned char)bytes[0]);
		return 1;
	}
	if (text_is_shown(code_point)) {
		memcpy(out, bytes, count);
		out[count] = '\0';
	} else if (code_point < 0x80) {
		snprintf(out, UNIT_BYTES, "\\x%02x", (unsigned int)code_point);
	} else {
		snprintf(out, UNIT_BYTES, "\\u{%04x}", (unsigned int)code_point);
	}
	return count;
}

static size_t plain_run(const char *bytes, size_t length)
{
	size_t run = 0;
	while (run < length && bytes[run] >= 0x20 && bytes[run] < 0x7f)
		run++;
	return run;
}

void text_escape(struct buf *out, const char *bytes, size_t length)
{
	while (length > 0) {
		size_t run = plain_run(bytes, length);
		buf_add(out, bytes, run);
		bytes += run;
		length -= run;
		if (length == 0)
			break;
		char unit[UNIT_BYTES];
		size_t count = escape_one(bytes, length, unit);
		buf_add_string(out, unit);
		bytes += count;
		length -= count;
	}
}

void text_escape_string(struct buf *out, const char *string)
{
	text_escape(out, string, strlen(string));
}

char *text_escape_into(char *out, size_t size, const char *bytes, size_t length)
{
	static const char dots[] = "...";
	if (size == 0)
		return out;
	size_t at = 0;
	size_t border = 0; /* the last place from which the dots fit */
	while (length > 0) {
		char unit[UNIT_BYTES];
		size_t count = escape_one(bytes, length, unit);
		size_t unit_length = strlen(unit);
		if (at + unit_length >= size) {
			size_t room = size - 1 - border;
			size_t shown = room < 3 ? room : 3;
			memcpy(out + border, dots, shown);
			at = border + shown;
			break;
		}
		memcpy(out + at, unit, unit_length);
		at += unit_length;
		if (at + sizeof(dots) <= size)
			border = at;
		bytes += count;
		length -= count;
	}
	out[at] = '\0';
	return out;
}

/* Where each letter stands in a text of at most 64 bytes. */
struct letter_places {
	uint64_t of[256];
	size_t length;
};

static void find_letters(struct letter_places *places, const char *text, size_t length)
{
	memset(places->of, 0, sizeof(places->of));
	places->length = length;
	for (size_t i = 0; i < length; i++)
		places->of[(unsigned char)text[i]] |= UINT64_C(1) << i;
}

/* Edit distance where two neighbours that changed places count as one edit. A column of
 * the table of distances at a time, as bits: where a cell is one more, and where it is
 * one less, than the one above it (Hyyro 2003, "A bit-vector algorithm for computing
 * Levenshtein and Damerau edit distances"). */
static size_t distance(const struct letter_places *places, const char *other,
		       size_t other_length)
{
	uint64_t more = UINT64_MAX;
	uint64_t less = 0;
	uint64_t diagonal = 0;
	uint64_t before = 0;
	uint64_t last = UINT64_C(1) << (places->length - 1);
	size_t edits = places->length;
	for (size_t i = 0; i < other_length; i++) {
		uint64_t same = places->of[(unsigned char)other[i]];
		uint64_t changed_places = ((~diagonal & same) << 1) & before;
		diagonal =
			(((same & more) + more) ^ more) | same | less | changed_places;
		uint64_t right_more = less | ~(diagonal | more);
		uint64_t right_less = diagonal & more;
		edits += (right_more & last) != 0;
		edits -= (right_less & last) != 0;
		right_more = right_more << 1 | 1;
		right_less <<= 1;
		more = right_less | ~(diagonal | right_more);
		less = right_more & diagonal;
		before = same;
	}
	return edits;
}

/* Each letter that only one of the texts has is an edit at least. */
static uint64_t letters_of(const char *text, size_t length)
{
	uint64_t letters = 0;
	for (size_t i = 0; i < length; i++)
		letters |= UINT64_C(1) << ((unsigned char)text[i] & 63);
	return letters;
}

static bool may_be_nearer(uint64_t letters, size_t length, const char *other,
			  size_t other_length, size_t smallest)
{
	size_t difference =
		length < other_length ? other_length - length : length - other_length;
	if (difference >= smallest)
		return false;
	uint64_t others = letters_of(other, other_length);
	return (size_t)__builtin_popcountll(letters & ~others) < smallest &&
	       (size_t)__builtin_popcountll(others & ~letters) < smallest;
}

const char *text_nearest(const char *name, const char *const *candidates, size_t count)
{
	size_t length = strnlen(name, NEAREST_BYTES + 1);
	if (length == 0 || length > NEAREST_BYTES)
		return NULL;
	const char *nearest = NULL;
	struct letter_places places;
	size_t smallest = length / 3 + 1;
	uint64_t letters = letters_of(name, length);
	places.length = 0; /* mostly nothing is near enough to count edits */
	for (size_t i = 0; i < count; i++) {
		size_t other = strnlen(candidates[i], NEAREST_BYTES + 1);
		if (other > NEAREST_BYTES ||
		    !may_be_nearer(letters, length, candidates[i], other, smallest))
			continue;
		if (places.length == 0)
			find_letters(&places, name, length);
		size_t edits = distance(&places, candidates[i], other);
		if (edits < smallest) {
			smallest = edits;
			nearest = candidates[i];
		}
	}
	return nearest;
}

bool text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text);
	size_t suffix_length = strlen(suffix);
	return suffix_length <= length &&
	       memcmp(text + length - suffix_length, suffix, suffix_length) == 0;
}

/* The number at the start of the text; what follows it, or NULL. */
static const char *parse_digits(const char *text, uint64_t *out)
{
	uint64_t value = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return NULL;
	if (at == text)
		return NULL;
	*out = value;
	return at;
}

int text_parse_u64(const char *text, uint64_t *out)
{
	uint64_t value;
	const char *end = parse_digits(text, &value);
	if (end == NULL || *end != '\0')
		return ERROR_ENCODING;
	*out = value;
	return 0;
}

int text_parse_size(const char *text, uint64_t *out)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{ "", 1 },
		{ "K", 1000 },
		{ "M", 1000000 },
		{ "G", 1000000000 },
		{ "T", UINT64_C(1000000000000) },
		{ "KiB", UINT64_C(1) << 10 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "GiB", UINT64_C(1) << 30 },
		{ "TiB", UINT64_C(1) << 40 },
	};
	uint64_t number;
	const char *unit = parse_digits(text, &number);
	for (size_t i = 0; unit != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t bytes;
		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(number, units[i].factor, &bytes))
			return ERROR_ENCODING;
		*out = bytes;
		return 0;
	}
	return ERROR_ENCODING;
}
