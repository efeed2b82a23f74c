/* trust/openpgp_armor.c - the frame of OpenPGP data as text. Other readers join blocks,
 * skip what they do not know, and ignore what follows; each of these is refused. */
#include "trust/openpgp_armor.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

#define LINE_MAX_BYTES   76
#define HEADER_MAX_BYTES 512
#define KIND_BYTES       64

#define CRC24_START      0xB704CEu
#define CRC24_POLYNOMIAL 0x1864CFBu

struct armor {
	const char *text;
	size_t length;
	size_t at;
	size_t number; /* of the line at `at`, from 1 */
	bool is_signature;
	char begin[KIND_BYTES];
	char end[KIND_BYTES];
};

/* A line without its end; `ended` is false for the last when no line feed ends it. */
struct line {
	const char *text;
	size_t length;
	bool ended;
};

static struct line peek(const struct armor *armor)
{
	const char *text = armor->text + armor->at;
	size_t left = armor->length - armor->at;
	const char *feed = left == 0 ? NULL : memchr(text, '\n', left);
	return (struct line){ text, feed == NULL ? left : (size_t)(feed - text),
			      feed != NULL };
}

static void advance(struct armor *armor, const struct line *line)
{
	armor->at += line->length + (line->ended ? 1 : 0);
	armor->number++;
}

static bool starts_with(const struct line *line, const char *text)
{
	size_t length = strlen(text);
	return line->length >= length && memcmp(line->text, text, length) == 0;
}

static int check_end(const struct armor *armor, const struct line *line,
		     struct error *err)
{
	if (line->length != 0 && line->text[line->length - 1] == '\r')
		return error_set(err, ERROR_OPENPGP_ARMOR_CR,
				 "line %zu of the OpenPGP armor ends in a carriage "
				 "return",
				 armor->number);
	return 0;
}

static int read_begin(struct armor *armor, struct error *err)
{
	struct line line = peek(armor);
	int rc = check_end(armor, &line, err);
	if (rc != 0)
		return rc;
	if (line.length != strlen(armor->begin) || !starts_with(&line, armor->begin))
		return error_set(err, ERROR_OPENPGP_ARMOR_BEGIN,
				 "the first line of the OpenPGP armor is not '%s'",
				 armor->begin);
	advance(armor, &line);
	return 0;
}

/* Which of the headers that real programs write this is: its bit. */
static int check_header(const struct armor *armor, const struct line *line,
			unsigned int *seen, struct error *err)
{
	static const char *const names[] = { "Version: ", "Comment: " };
	const char *colon = memchr(line->text, ':', line->length);
	if (colon == NULL || colon == line->text || line->length > HEADER_MAX_BYTES ||
	    colon + 1 == line->text + line->length || colon[1] != ' ')
		return error_set(err, ERROR_OPENPGP_ARMOR_HEADER,
				 "line %zu of the OpenPGP armor is not 'Name: text' of "
				 "at most %d bytes",
				 armor->number, HEADER_MAX_BYTES);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!starts_with(line, names[i]))
			continue;
		/* Some programs describe a key in several comments. */
		if (*seen & 1u << i && armor->is_signature)
			return error_set(err, ERROR_OPENPGP_ARMOR_HEADER_TWICE,
					 "line %zu of the OpenPGP armor is its second "
					 "'%s'",
					 armor->number, names[i]);
		*seen |= 1u << i;
		return 0;
	}
	return error_set(err, ERROR_OPENPGP_ARMOR_HEADER_UNKNOWN,
			 "line %zu of the OpenPGP armor is a header that is not known "
			 "(Version and Comment are)",
			 armor->number);
}

static int read_headers(struct armor *armor, struct error *err)
{
	unsigned int seen = 0;
	for (;;) {
		struct line line = peek(armor);
		int rc = check_end(armor, &line, err);
		if (rc != 0)
			return rc;
		if (!line.ended || starts_with(&line, "-----") ||
		    (line.length != 0 && memchr(line.text, ':', line.length) == NULL &&
		     seen == 0))
			return error_set(err, ERROR_OPENPGP_ARMOR_NO_BLANK,
					 "no empty line stands before the data of the "
					 "OpenPGP armor");
		if (line.length != 0)
			rc = check_header(armor, &line, &seen, err);
		if (rc != 0)
			return rc;
		advance(armor, &line);
		if (line.length == 0)
			return 0;
	}
}

static bool is_base64(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9') || byte == '+' || byte == '/' ||
	       byte == '=';
}

static int check_data(const struct armor *armor, const struct line *line,
		      struct error *err)
{
	if (!line->ended)
		return error_set(err, ERROR_OPENPGP_ARMOR_END_MISSING,
				 "the OpenPGP armor has no END line");
	if (line->length == 0)
		return error_set(err, ERROR_OPENPGP_ARMOR_LINE_EMPTY,
				 "line %zu of the OpenPGP armor is empty",
				 armor->number);
	if (line->length > LINE_MAX_BYTES)
		return error_set(err, ERROR_OPENPGP_ARMOR_LINE_LONG,
				 "line %zu of the OpenPGP armor has %zu characters, "
				 "over %d",
				 armor->number, line->length, LINE_MAX_BYTES);
	for (size_t i = 0; i < line->length; i++)
		if (!is_base64(line->text[i]))
			return error_set(err, ERROR_OPENPGP_ARMOR_CHARACTER,
					 "character %zu of line %zu of the OpenPGP "
					 "armor is not base64",
					 i + 1, armor->number);
	return 0;
}

/* Up to the checksum or the END line, joined. */
static int read_data(struct armor *armor, struct buf *base64, struct error *err)
{
	for (;;) {
		struct line line = peek(armor);
		int rc = check_end(armor, &line, err);
		if (rc != 0)
			return rc;
		if (starts_with(&line, "-----") || starts_with(&line, "="))
			return buf_status(base64, "OpenPGP armor", err);
		rc = check_data(armor, &line, err);
		if (rc != 0)
			return rc;
		buf_add(base64, line.text, line.length);
		advance(armor, &line);
	}
}

static uint32_t crc24_table[256];
static pthread_once_t crc24_once = PTHREAD_ONCE_INIT;

static void make_crc24_table(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte << 16;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x800000 ? CRC24_POLYNOMIAL : 0);
		crc24_table[byte] = crc & 0xFFFFFF;
	}
}

static uint32_t crc24(const struct buf *data)
{
	uint32_t crc = CRC24_START;
	pthread_once(&crc24_once, make_crc24_table);
	for (size_t i = 0; i < data->length; i++)
		crc = (crc << 8 & 0xFFFFFF) ^
		      crc24_table[crc >> 16 ^ (unsigned char)data->data[i]];
	return crc;
}

static int check_sum(const struct line *line, const struct buf *data, struct error *err)
{
	struct buf sum = BUF_INIT(3);
	uint32_t given = 0;
	bool fine = line->length == 5 && base64_decode(line->text + 1, 4, &sum) == 0 &&
		    sum.length == 3;
	for (size_t i = 0; fine && i < 3; i++)
		given = given << 8 | (unsigned char)sum.data[i];
	bool no_memory = sum.failed == ERROR_MEMORY;
	buf_release(&sum);
	if (no_memory)
		return error_set(err, ERROR_MEMORY, "out of memory for a checksum");
	if (!fine)
		return error_set(err, ERROR_OPENPGP_ARMOR_CHECKSUM_FORM,
				 "the checksum of the OpenPGP armor is not '=' and "
				 "four characters");
	if (given != crc24(data))
		return error_set(err, ERROR_OPENPGP_ARMOR_CHECKSUM,
				 "the checksum of the OpenPGP armor is %06x, that of "
				 "its data %06x",
				 given, crc24(data));
	return 0;
}

static int read_end(struct armor *armor, bool after_sum, struct error *err)
{
	struct line line = peek(armor);
	int rc = check_end(armor, &line, err);
	if (rc != 0)
		return rc;
	if (starts_with(&line, armor->end) && line.length != strlen(armor->end))
		return error_set(err, ERROR_OPENPGP_ARMOR_END_BEHIND,
				 "something stands behind '%s'", armor->end);
	if (!starts_with(&line, armor->end) && starts_with(&line, "-----"))
		return error_set(err, ERROR_OPENPGP_ARMOR_END_KIND,
				 "line %zu of the OpenPGP armor is not '%s'",
				 armor->number, armor->end);
	if (!starts_with(&line, armor->end) && after_sum && line.ended)
		return error_set(err, ERROR_OPENPGP_ARMOR_AFTER_CHECKSUM,
				 "line %zu of the OpenPGP armor stands between "
				 "checksum and END line",
				 armor->number);
	if (!starts_with(&line, armor->end))
		return error_set(err, ERROR_OPENPGP_ARMOR_END_MISSING,
				 "the OpenPGP armor has no END line");
	if (!line.ended)
		return error_set(err, ERROR_OPENPGP_ARMOR_END_NEWLINE,
				 "the END line of the OpenPGP armor does not end in a "
				 "line feed");
	advance(armor, &line);
	return 0;
}

/* Commits that GitHub signs have an empty line behind the END line. */
static int check_rest(struct armor *armor, struct error *err)
{
	struct line line = peek(armor);
	if (line.ended && line.length == 0)
		advance(armor, &line);
	if (armor->at == armor->length)
		return 0;
	line = peek(armor);
	if (starts_with(&line, "-----BEGIN "))
		return error_set(err, ERROR_OPENPGP_ARMOR_SECOND,
				 "a second block follows the OpenPGP armor, on line "
				 "%zu",
				 armor->number);
	return error_set(err, ERROR_OPENPGP_ARMOR_TRAILING,
			 "text follows the END line of the OpenPGP armor, on line %zu",
			 armor->number);
}

static int decode(struct buf *out, const struct buf *base64, struct error *err)
{
	if (base64->length == 0)
		return error_set(err, ERROR_OPENPGP_ARMOR_EMPTY,
				 "the OpenPGP armor holds no data");
	if (base64_decode(base64->data, base64->length, out) == 0)
		return 0;
	int rc = buf_status(out, "OpenPGP armor", err);
	return rc != 0 ? rc
		       : error_set(err, ERROR_OPENPGP_ARMOR_BASE64,
				   "the OpenPGP armor is not well-formed base64");
}

int openpgp_dearmor(struct buf *out, const char *kind, const char *text, size_t length,
		    struct error *err)
{
	struct armor armor = { .text = text, .length = length, .number = 1 };
	struct buf base64 = BUF_INIT(out->maximum * 2);
	armor.is_signature = strcmp(kind, OPENPGP_SIGNATURE_BLOCK) == 0;
	snprintf(armor.begin, sizeof(armor.begin), "-----BEGIN %s-----", kind);
	snprintf(armor.end, sizeof(armor.end), "-----END %s-----", kind);
	bool summed = false;
	int rc = read_begin(&armor, err);
	if (rc == 0)
		rc = read_headers(&armor, err);
	if (rc == 0)
		rc = read_data(&armor, &base64, err);
	if (rc == 0)
		rc = decode(out, &base64, err);
	if (rc == 0) {
		struct line line = peek(&armor);
		summed = starts_with(&line, "=");
		if (summed)
			rc = check_sum(&line, out, err);
		if (summed)
			advance(&armor, &line);
	}
	if (rc == 0)
		rc = read_end(&armor, summed, err);
	if (rc == 0)
		rc = check_rest(&armor, err);
	buf_release(&base64);
	return rc;
}
