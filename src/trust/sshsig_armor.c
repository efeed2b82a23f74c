/* trust/sshsig_armor.c - the frame of an SSH signature: stricter than OpenSSH, which
 * ignores what follows the END line. */
#include "trust/sshsig.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

#define END_LINE "-----END SSH SIGNATURE-----"
/* OpenSSH writes 70, PEM writers 64, MIME writers 76. */
#define LINE_MAX_BYTES 76

struct armor {
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
	armor->at = strlen(SSHSIG_BEGIN_LINE);
	if (starts_with(armor, "\r"))
		return error_set(err, ERROR_SSHSIG_CR,
				 "line 1 of the SSH signature ends in a carriage "
				 "return");
	if (!starts_with(armor, "\n"))
		return error_set(err, ERROR_SSHSIG_BEGIN,
				 "something stands behind the BEGIN line of the SSH "
				 "signature");
	armor->at++;
	armor->line = 2;
	return 0;
}

static int read_end(const struct armor *armor, struct error *err)
{
	struct armor rest = *armor;
	rest.at += strlen(END_LINE);
	if (rest.at == rest.length)
		return error_set(err, ERROR_SSHSIG_END_NEWLINE,
				 "the END line of the SSH signature does not end in a "
				 "line feed");
	if (rest.at + 1 != rest.length || rest.text[rest.at] != '\n')
		return error_set(err, ERROR_SSHSIG_TRAILING_TEXT,
				 "something follows the END line of the SSH signature, "
				 "at byte %zu",
				 rest.at);
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
		return error_set(err, ERROR_SSHSIG_CR,
				 "line %zu of the SSH signature ends in a carriage "
				 "return",
				 armor->line);
	while (good < length && is_base64(line[good]))
		good++;
	if (length == 0 || length > LINE_MAX_BYTES || good != length)
		return error_set(err, ERROR_SSHSIG_LINE,
				 "line %zu of the SSH signature is empty, over %d "
				 "bytes or not base64",
				 armor->line, LINE_MAX_BYTES);
	return 0;
}

/* The base64 lines, joined. */
static int read_lines(struct armor *armor, struct buf *out, struct error *err)
{
	while (!starts_with(armor, END_LINE)) {
		const char *line = armor->text + armor->at;
		const char *end = memchr(line, '\n', armor->length - armor->at);
		if (end == NULL)
			return error_set(err, ERROR_SSHSIG_END_MISSING,
					 "the SSH signature has no END line");
		size_t length = (size_t)(end - line);
		int rc = check_line(armor, length, err);
		if (rc != 0)
			return rc;
		buf_add(out, line, length);
		armor->at += length + 1;
		armor->line++;
	}
	return buf_status(out, "SSH signature", err);
}

int sshsig_dearmor(struct buf *out, const char *text, size_t length, struct error *err)
{
	struct armor armor = { text, length, 0, 1 };
	struct buf base64 = BUF_INIT(out->maximum * 2);
	int rc = read_begin(&armor, err);
	if (rc == 0)
		rc = read_lines(&armor, &base64, err);
	if (rc == 0)
		rc = read_end(&armor, err);
	if (rc == 0 && base64_decode(base64.data, base64.length, out) != 0) {
		rc = buf_status(out, "SSH signature", err);
		if (rc == 0)
			rc = error_set(err, ERROR_SSHSIG_BASE64,
				       "the SSH signature is not well-formed base64");
	}
	buf_release(&base64);
	return rc;
}
