/* doc/schema_format_name.c - names and addresses of hosts, e-mail addresses.
 *
 * Sources: RFC 1123 (hostnames), RFC 5890 to 5893 (internationalized ones), RFC 2673
 * and 4291 (addresses), RFC 5321 and 6531 (e-mail). */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "doc/schema_format_idn.h"
#include "doc/schema_format_parts.h"

#define LABEL_BYTES      63
#define NAME_BYTES       253
#define LOCAL_PART_BYTES 64

/* Letters, digits and hyphens. *encoded: it has a label of another alphabet. */
static bool is_ascii_name(const char *text, size_t length, bool *encoded)
{
	*encoded = false;
	if (length == 0 || length > NAME_BYTES)
		return false;
	size_t label = 0;
	for (size_t i = 0; i <= length; i++) {
		char c = i < length ? text[i] : '.';
		if (c == '.') {
			if (label == 0 || label > LABEL_BYTES || text[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_letter(c) && !is_digit(c) && (c != '-' || label == 0))
			return false;
		if (label == 3 && c == '-' && text[i - 1] == '-')
			*encoded = true;
		label++;
	}
	return true;
}

int format_is_hostname(const char *text, size_t length, struct error *err)
{
	bool encoded;
	if (!is_ascii_name(text, length, &encoded))
		return 0;
	return encoded ? idn_is_name(text, length, err) : 1;
}

static bool is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

int format_is_idn_hostname(const char *text, size_t length, struct error *err)
{
	if (is_ascii(text, length))
		return format_is_hostname(text, length, err);
	return idn_is_name(text, length, err);
}

bool format_is_ipv4(const char *text)
{
	unsigned char address[4];
	return strspn(text, "0123456789.") == strlen(text) &&
	       inet_pton(AF_INET, text, address) == 1;
}

bool format_is_ipv6(const char *text)
{
	unsigned char address[16];
	return inet_pton(AF_INET6, text, address) == 1;
}

static bool is_local_part(const char *text, size_t length, bool international)
{
	static const char others[] = "!#$%&'*+/=?^_`{|}~-.";
	if (length == 0 || length > LOCAL_PART_BYTES)
		return false;
	if (length >= 2 && text[0] == '"' && text[length - 1] == '"')
		return memchr(text + 1, '"', length - 2) == NULL &&
		       (international || is_ascii(text, length));
	for (size_t i = 0; i < length; i++) {
		bool foreign = (unsigned char)text[i] >= 0x80;
		if (foreign ? !international
			    : !is_letter(text[i]) && !is_digit(text[i]) &&
				      strchr(others, text[i]) == NULL)
			return false;
		bool edge = i == 0 || i + 1 == length || text[i + 1] == '.';
		if (text[i] == '.' && edge)
			return false;
	}
	return true;
}

/* "[127.0.0.1]", "[IPv6:::1]" */
static bool is_address_literal(const char *text, size_t length)
{
	char address[64] = "";
	if (length < 2 || text[0] != '[' || text[length - 1] != ']' ||
	    length - 2 >= sizeof(address))
		return false;
	memcpy(address, text + 1, length - 2);
	return strncmp(address, "IPv6:", 5) == 0 ? format_is_ipv6(address + 5)
						 : format_is_ipv4(address);
}

static int is_email(const char *text, size_t length, bool international,
		    struct error *err)
{
	const char *sign = strrchr(text, '@');
	if (sign == NULL || !is_local_part(text, (size_t)(sign - text), international))
		return 0;
	const char *domain = sign + 1;
	size_t rest = length - (size_t)(domain - text);
	if (is_address_literal(domain, rest))
		return 1;
	/* RFC 6531 lets every U-label in; what is not normalised yet, too. */
	if (international && !is_ascii(domain, rest))
		return idn_is_mappable(domain, rest, err);
	return format_is_hostname(domain, rest, err);
}

int format_is_email(const char *text, size_t length, struct error *err)
{
	return is_email(text, length, false, err);
}

int format_is_idn_email(const char *text, size_t length, struct error *err)
{
	return is_email(text, length, true, err);
}
