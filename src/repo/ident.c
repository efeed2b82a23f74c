/* repo/ident.c - who and when: "name <email> seconds zone", as git's fsck_ident()
 * demands it. */
#include <string.h>

#include "base/error.h"
#include "repo/lines.h"

#define YEAR_10000 INT64_C(253402300800)

struct reader {
	const struct lines *lines;
	const struct header *header;
	const char *at;
	const char *end;
	struct error *err;
};

#define refuse(reader, code, what) refuse_as((reader), error_here(code), (what))

static int refuse_as(const struct reader *reader, int code, const char *what)
{
	return error_set(reader->err, code,
			 "the header '%.*s' of the %s has %s, at byte %zu",
			 (int)reader->header->name.length, reader->header->name.bytes,
			 reader->lines->codes->what, what,
			 (size_t)(reader->at - reader->lines->object));
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Goes on to the next angle bracket; the end counts as none. */
static char next_bracket(struct reader *reader)
{
	while (reader->at < reader->end && *reader->at != '<' && *reader->at != '>')
		reader->at++;
	return reader->at < reader->end ? *reader->at : '\0';
}

static int read_name(struct reader *reader, struct span *name)
{
	const char *start = reader->at;
	if (reader->at < reader->end && *reader->at == '<')
		return refuse(reader, ERROR_IDENT_NAME_MISSING,
			      "no name before the e-mail address");
	char bracket = next_bracket(reader);
	if (bracket == '>')
		return refuse(reader, ERROR_IDENT_NAME_BAD, "a '>' in its name");
	if (bracket == '\0')
		return refuse(reader, ERROR_IDENT_EMAIL_MISSING, "no e-mail address");
	if (reader->at[-1] != ' ')
		return refuse(reader, ERROR_IDENT_EMAIL_SPACE,
			      "no blank before its e-mail address");
	*name = (struct span){ start, (size_t)(reader->at - 1 - start) };
	reader->at++;
	return 0;
}

static int read_email(struct reader *reader, struct span *email)
{
	const char *start = reader->at;
	if (next_bracket(reader) != '>')
		return refuse(reader, ERROR_IDENT_EMAIL_BAD,
			      "an e-mail address that does not end in '>'");
	*email = (struct span){ start, (size_t)(reader->at - start) };
	reader->at++;
	if (reader->at == reader->end || *reader->at != ' ')
		return refuse(reader, ERROR_IDENT_DATE_SPACE,
			      "no blank before its date");
	reader->at++;
	return 0;
}

static int read_date(struct reader *reader, int64_t *seconds)
{
	const char *start = reader->at;
	int64_t value = 0;
	while (reader->at < reader->end && is_digit(*reader->at)) {
		if (value < YEAR_10000)
			value = value * 10 + (*reader->at - '0');
		reader->at++;
	}
	if (reader->at == start || reader->at == reader->end || *reader->at != ' ')
		return refuse(reader, ERROR_IDENT_DATE_BAD,
			      "a date that is not a number and a blank");
	if (*start == '0' && reader->at - start > 1)
		return refuse(reader, ERROR_IDENT_DATE_PADDED,
			      "a date that starts with zero");
	if (value >= YEAR_10000)
		return refuse(reader, ERROR_IDENT_DATE_OVERFLOW,
			      "a date after the year 9999");
	*seconds = value;
	reader->at++;
	return 0;
}

static int read_zone(struct reader *reader, int *zone)
{
	const char *at = reader->at;
	bool good = reader->end - at == 5 && (at[0] == '+' || at[0] == '-');
	for (size_t i = 1; good && i < 5; i++)
		good = is_digit(at[i]);
	if (!good)
		return refuse(reader, ERROR_IDENT_ZONE_BAD,
			      "a time zone that is not a sign and four digits");
	int minutes = ((at[1] - '0') * 10 + at[2] - '0') * 60 + (at[3] - '0') * 10 +
		      at[4] - '0';
	*zone = at[0] == '-' ? -minutes : minutes;
	return 0;
}

int ident_parse(struct ident *out, const struct lines *lines,
		const struct header *header, struct error *err)
{
	struct ident ident;
	struct reader reader = { lines, header, header->value.bytes,
				 header->value.bytes + header->value.length, err };
	int rc = header_is_single(lines, header, err);
	if (rc == 0)
		rc = read_name(&reader, &ident.name);
	if (rc == 0)
		rc = read_email(&reader, &ident.email);
	if (rc == 0)
		rc = read_date(&reader, &ident.seconds);
	if (rc == 0)
		rc = read_zone(&reader, &ident.zone);
	if (rc == 0)
		*out = ident;
	return rc;
}
