/* doc/schema_pattern.c - the regular expressions of schemas, ECMA 262 to PCRE2.
 *
 * What differs: '$' is the very end, '.' is none of four line breaks, "\uNNNN" and
 * "\u{N}" are characters, "\d" and "\w" are ASCII in both, '[^]' is anything, '[]'
 * nothing; "(*VERB)", "\Q", "\A", "\z" and the like are PCRE2's alone and refused.
 * Inline flags "(?i)" are accepted: Go's expressions, as Kubernetes writes them, have
 * them. */
#include "doc/schema_pattern.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/pattern.h"

#define MAXIMUM_BYTES ((size_t)1 << 20)

struct translation {
	const char *text;
	const char *at;
	const char *end;
	struct buf out;
	bool in_class;
	bool flagged; /* by inline flags; what '.' is then, PCRE2 knows */
	enum pattern_flavour flavour;
	struct error *err;
};

static int refuse(struct translation *translation, const char *what)
{
	return error_set(translation->err, ERROR_PATTERN,
			 "pattern '%.200s' is wrong at offset %zu: %s",
			 translation->text,
			 (size_t)(translation->at - translation->text), what);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits; false: they are not there. */
static bool read_unit(const char *at, uint32_t *out)
{
	uint32_t unit = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return false;
		unit = unit * 16 + (uint32_t)digit;
	}
	*out = unit;
	return true;
}

/* Behind "\u": "NNNN", a pair of surrogates, or "{N...}". */
static int unicode_escape(struct translation *translation)
{
	const char *at = translation->at + 2;
	uint32_t character = 0;
	uint32_t low = 0;
	if (*at == '{') {
		int digits = 0;
		for (at++; hex_digit(*at) >= 0 && digits < 8; at++, digits++)
			character = character * 16 + (uint32_t)hex_digit(*at);
		if (digits == 0 || *at++ != '}')
			return refuse(translation, "\\u{...} is not complete");
	} else if (read_unit(at, &character)) {
		at += 4;
		if (character >= 0xd800 && character < 0xdc00 && at[0] == '\\' &&
		    at[1] == 'u' && read_unit(at + 2, &low) && low >= 0xdc00 &&
		    low < 0xe000) {
			character =
				0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
			at += 6;
		}
	} else {
		return refuse(translation, "\\u needs four hexadecimal digits");
	}
	buf_addf(&translation->out, "\\x{%x}", (unsigned int)character);
	translation->at = at;
	return 0;
}

/* The short name that PCRE2 has for a general category of Unicode. */
static const char *category(const char *name, size_t length)
{
	static const struct {
		const char *name;
		const char *category;
	} rows[] = {
		{ "Letter", "L" },
		{ "Uppercase_Letter", "Lu" },
		{ "Lowercase_Letter", "Ll" },
		{ "Titlecase_Letter", "Lt" },
		{ "Cased_Letter", "L&" },
		{ "Modifier_Letter", "Lm" },
		{ "Other_Letter", "Lo" },
		{ "Mark", "M" },
		{ "Nonspacing_Mark", "Mn" },
		{ "Spacing_Mark", "Mc" },
		{ "Enclosing_Mark", "Me" },
		{ "Number", "N" },
		{ "Decimal_Number", "Nd" },
		{ "digit", "Nd" },
		{ "Letter_Number", "Nl" },
		{ "Other_Number", "No" },
		{ "Punctuation", "P" },
		{ "punct", "P" },
		{ "Symbol", "S" },
		{ "Math_Symbol", "Sm" },
		{ "Currency_Symbol", "Sc" },
		{ "Modifier_Symbol", "Sk" },
		{ "Other_Symbol", "So" },
		{ "Separator", "Z" },
		{ "Space_Separator", "Zs" },
		{ "Line_Separator", "Zl" },
		{ "Paragraph_Separator", "Zp" },
		{ "Other", "C" },
		{ "Control", "Cc" },
		{ "cntrl", "Cc" },
		{ "Format", "Cf" },
		{ "Surrogate", "Cs" },
		{ "Private_Use", "Co" },
		{ "Unassigned", "Cn" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == length &&
		    memcmp(rows[i].name, name, length) == 0)
			return rows[i].category;
	return NULL;
}

/* "\p{Letter}", "\p{General_Category=L}", "\p{Script=Greek}" in PCRE2's words. */
static int property_escape(struct translation *translation)
{
	static const char *const prefixes[] = {
		"General_Category=",  "gc=", "Script=", "sc=",
		"Script_Extensions=", "scx="
	};
	const char *name = translation->at + 3;
	size_t length = translation->at[2] == '{' ? strcspn(name, "}") : 0;
	if (length == 0 || name[length] != '}')
		return refuse(translation, "\\p needs a property in braces");
	const char *end = name + length;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			name += strlen(prefixes[i]);
	length = (size_t)(end - name);
	const char *known = category(name, length);
	buf_addf(&translation->out, "\\%c{", translation->at[1]);
	if (known != NULL)
		buf_add_string(&translation->out, known);
	else
		buf_add(&translation->out, name, length);
	buf_add_byte(&translation->out, '}');
	translation->at = end + 1;
	return 0;
}

/* WhiteSpace and LineTerminator of ECMA 262, or everything else. */
static void white_space(struct translation *translation, bool is)
{
	static const char white[] = "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}"
				    "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
				    "\\x{feff}";
	static const char others[] = "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}"
				     "\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"
				     "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}"
				     "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"
				     "\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}";
	buf_add_string(&translation->out, translation->in_class ? "" : "[");
	buf_add_string(&translation->out, is ? white : others);
	buf_add_string(&translation->out, translation->in_class ? "" : "]");
}

static int escape(struct translation *translation)
{
	static const char letters[] = "dDwWsSbBnrtfvcxk";
	char c = translation->at[1];
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	if (c == '\0')
		return refuse(translation, "a backslash at the end");
	if (c == 'u')
		return unicode_escape(translation);
	if (c == 'p' || c == 'P')
		return property_escape(translation);
	if (letter && strchr(letters, c) == NULL)
		return refuse(translation, "an escape that ECMA 262 does not have");
	/* In PCRE2, \v is a class of its own, and \s is ASCII's. */
	if (c == 'v')
		buf_add_string(&translation->out, "\\x0b");
	else if (c == 's' || c == 'S')
		white_space(translation, c == 's');
	else
		buf_add(&translation->out, translation->at, 2);
	translation->at += 2;
	return 0;
}

static int group(struct translation *translation)
{
	const char *at = translation->at + 1;
	if (*at == '*')
		return refuse(translation, "'(*' is not a group");
	buf_add_byte(&translation->out, '(');
	translation->at = at;
	if (*at != '?')
		return 0;
	at++;
	if (translation->flavour != PATTERN_STRICT && *at == 'P' && at[1] == '<')
		at++;
	bool named = *at == '<';
	bool plain = *at == ':' || *at == '=' || *at == '!' || named;
	size_t flags = translation->flavour == PATTERN_STRICT ? 0 : strspn(at, "ims-");
	if (!plain && (flags == 0 || (at[flags] != ')' && at[flags] != ':')))
		return refuse(translation, "a kind of group that ECMA 262 does not "
					   "have");
	translation->flagged |= flags > 0;
	return 0;
}

static void open_class(struct translation *translation)
{
	const char *at = translation->at;
	if (strncmp(at, "[^]", 3) == 0) {
		buf_add_string(&translation->out, "[\\s\\S]");
		translation->at += 3;
	} else if (strncmp(at, "[]", 2) == 0) {
		buf_add_string(&translation->out, "(?!)");
		translation->at += 2;
	} else {
		translation->in_class = true;
		buf_add_byte(&translation->out, '[');
		translation->at++;
		if (*translation->at == '^') {
			buf_add_byte(&translation->out, '^');
			translation->at++;
		}
	}
}

static int next(struct translation *translation)
{
	char c = *translation->at;
	if (c == '\\')
		return escape(translation);
	if (translation->in_class) {
		translation->in_class = c != ']';
		/* "[[:alpha:]" is a class of characters in ECMA 262. */
		if (c == '[')
			buf_add_byte(&translation->out, '\\');
	} else if (c == '(') {
		return group(translation);
	} else if (c == '[') {
		open_class(translation);
		return 0;
	} else if (c == '$') {
		buf_add_string(&translation->out, "\\z");
		translation->at++;
		return 0;
	} else if (c == '.' && translation->flavour != PATTERN_GO &&
		   !translation->flagged) {
		buf_add_string(&translation->out, "[^\\n\\r\\x{2028}\\x{2029}]");
		translation->at++;
		return 0;
	}
	if (c == '\0')
		buf_add_string(&translation->out, "\\x{0}");
	else
		buf_add_byte(&translation->out, (unsigned char)c);
	translation->at++;
	return 0;
}

int schema_pattern_new(struct pattern **out, const char *text, size_t length,
		       enum pattern_flavour flavour, struct error *err)
{
	struct translation translation = { .text = text,
					   .at = text,
					   .end = text + length,
					   .flavour = flavour,
					   .err = err };
	uint64_t most = limits_default.values[LIMIT_REGEX_BYTES];
	if (length > most)
		return error_set(err, ERROR_LIMIT,
				 "a pattern has %zu bytes, over the limit %s (%llu)",
				 length, limit_name(LIMIT_REGEX_BYTES),
				 (unsigned long long)most);
	buf_init(&translation.out, MAXIMUM_BYTES);
	int status = 0;
	while (status == 0 && translation.at < translation.end)
		status = next(&translation);
	if (status == 0)
		status = buf_status(&translation.out, "pattern", err);
	if (status == 0)
		status = pattern_new(out, translation.out.data, err);
	buf_release(&translation.out);
	return status;
}
