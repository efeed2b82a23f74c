/* trust/armor.c - the frame of SSH and CMS signatures: stricter than OpenSSH and
 * OpenSSL, which ignore what follows the END line. */
#include "trust/armor.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

/* OpenSSH writes 70, PEM writers 64, MIME writers 76. */
#define LINE_MAX_BYTES 76

struct armor {
	const struct armor_form *form;
	const char *text;
	size_t length;
	size_t at;
	size_t line; /* from 1 */
};

static bool starts_with(const struct armor *armor, const char *text)
{
	size_t length = strlen(text);
	return armor->length - armor->at >= length &&
	       memcmp(armor->text + armor->at, text, length) == 0;
}

static int read_begin(struct armor *armor, struct error *err)
{
	armor->at = strlen(armor->form->begin);
	if (starts_with(armor, "\r"))
		return error_set(err, armor->form->bad_cr,
				 "line 1 of the %s ends in a carriage return",
				 armor->form->what);
	if (!starts_with(armor, "\n"))
		return error_set(err, armor->form->bad_begin,
				 "something stands behind the BEGIN line of the %s",
				 armor->form->what);
	armor->at++;
	armor->line = 2;
	return 0;
}

static int read_end(const struct armor *armor, struct error *err)
{
	struct armor rest = *armor;
	rest.at += strlen(armor->form->end);
	if (rest.at == rest.length)
		return error_set(err, armor->form->no_newline,
				 "the END line of the %s does not end in a line feed",
				 armor->form->what);
	if (rest.at + 1 != rest.length || rest.text[rest.at] != '\n')
		return error_set(err, armor->form->trailing,
				 "something follows the END line of the %s, at byte "
				 "%zu",
				 armor->form->what, rest.at);
	return 0;
}

static bool is_base64(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9') || byte == '+' || byte == '/' ||
	       byte == '=';
}

static int check_line(const struct armor *armor, size_t length, struct error *err)
{
	const char *line = armor->text + armor->at;
	size_t good = 0;
	if (length != 0 && line[length - 1] == '\r')
		return error_set(err, armor->form->bad_cr,
				 "line %zu of the %s ends in a carriage return",
				 armor->line, armor->form->what);
	while (good < length && is_base64(line[good]))
		good++;
	if (length == 0 || length > LINE_MAX_BYTES || good != length)
		return error_set(err, armor->form->bad_line,
				 "line %zu of the %s is empty, over %d bytes or not "
				 "base64",
				 armor->line, armor->form->what, LINE_MAX_BYTES);
	return 0;
}

/* The base64 lines, joined. */
static int read_lines(struct armor *armor, struct buf *out, struct error *err)
{
	while (!starts_with(armor, armor->form->end)) {
		const char *line = armor->text + armor->at;
		const char *end = memchr(line, '\n', armor->length - armor->at);
		if (end == NULL)
			return error_set(err, armor->form->no_end,
					 "the %s has no END line", armor->form->what);
		size_t length = (size_t)(end - line);
		int rc = check_line(armor, length, err);
		if (rc != 0)
			return rc;
		buf_add(out, line, length);
		armor->at += length + 1;
		armor->line++;
	}
	return buf_status(out, armor->form->what, err);
}

int armor_read(struct buf *out, const struct armor_form *form, const char *text,
	       size_t length, struct error *err)
{
	struct armor armor = { form, text, length, 0, 1 };
	struct buf base64 = BUF_INIT(out->maximum * 2);
	int rc = read_begin(&armor, err);
	if (rc == 0)
		rc = read_lines(&armor, &base64, err);
	if (rc == 0)
		rc = read_end(&armor, err);
	if (rc == 0 && base64_decode(base64.data, base64.length, out) != 0) {
		rc = buf_status(out, form->what, err);
		if (rc == 0)
			rc = error_set(err, form->bad_base64,
				       "the %s is not well-formed base64", form->what);
	}
	buf_release(&base64);
	return rc;
}
