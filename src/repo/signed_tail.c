/* repo/signed_tail.c - finds the one signature at the end of a tag or push certificate.
 */
#include "repo/signed_tail.h"

#include <string.h>

#include "base/error.h"
#include "repo/lines.h"

/* git's four, in its order; which of them opens a signature decides its format. */
static const struct {
	const char *begin;
	const char *end;
} armors[] = {
	{ "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----" },
	{ "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----" },
	{ "-----BEGIN SIGNED MESSAGE-----", "-----END SIGNED MESSAGE-----" },
	{ "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----" },
};
#define ARMOR_COUNT (sizeof(armors) / sizeof(armors[0]))

/* The armor whose first line starts at an offset, as git tells it: by what the line
 * begins with. ARMOR_COUNT: none. */
static size_t armor_at(const struct lines *lines, size_t at)
{
	struct span rest = { lines->object + at, lines->length - at };
	for (size_t i = 0; i < ARMOR_COUNT; i++)
		if (span_starts_with(rest, armors[i].begin))
			return i;
	return ARMOR_COUNT;
}

static size_t next_line(const struct lines *lines, size_t at)
{
	const char *end = memchr(lines->object + at, '\n', lines->length - at);
	return end == NULL ? lines->length : (size_t)(end - lines->object) + 1;
}

static int refuse_unfinished(const struct lines *lines, int code, size_t start,
			     size_t armor, struct error *err)
{
	return error_set(err, code,
			 "the %s's signature at byte %zu has no last line '%s'",
			 lines->codes->what, start, armors[armor].end);
}

/* The last line of the armor must be the last of the text. */
static int check_end(const struct lines *lines, const struct signed_tail_codes *codes,
		     size_t at, size_t end_length, struct error *err)
{
	size_t left = lines->length - at;
	if (left == end_length)
		return error_set(err, codes->newline,
				 "the last line of the %s's signature, at byte %zu, "
				 "does not end in a line feed",
				 lines->codes->what, at);
	if (left != end_length + 1 || lines->object[at + end_length] != '\n')
		return error_set(err, codes->trailing,
				 "something follows the %s's signature, behind byte "
				 "%zu",
				 lines->codes->what, at + end_length);
	return 0;
}

/* From the armor's first line to the end of the text, nothing but one armor. */
static int check_armor(const struct lines *lines, const struct signed_tail_codes *codes,
		       size_t start, size_t armor, struct error *err)
{
	size_t begin_length = strlen(armors[armor].begin);
	if (start + begin_length == lines->length)
		return refuse_unfinished(lines, codes->unfinished, start, armor, err);
	if (lines->object[start + begin_length] != '\n')
		return error_set(err, codes->begin,
				 "the first line of the %s's signature, at byte %zu, "
				 "has something behind it",
				 lines->codes->what, start);
	for (size_t at = next_line(lines, start); at < lines->length;
	     at = next_line(lines, at)) {
		struct span rest = { lines->object + at, lines->length - at };
		if (span_starts_with(rest, armors[armor].end))
			return check_end(lines, codes, at, strlen(armors[armor].end),
					 err);
	}
	return refuse_unfinished(lines, codes->unfinished, start, armor, err);
}

int signed_tail_find(const struct lines *lines, const struct signed_tail_codes *codes,
		     size_t *start, struct error *err)
{
	size_t found = lines->length;
	size_t armor = ARMOR_COUNT;
	for (size_t at = lines->at; at < lines->length; at = next_line(lines, at)) {
		size_t here = armor_at(lines, at);
		if (here == ARMOR_COUNT)
			continue;
		if (armor != ARMOR_COUNT)
			return error_set(err, codes->twice,
					 "the %s holds a second signature block, at "
					 "byte %zu",
					 lines->codes->what, at);
		armor = here;
		found = at;
	}
	int rc =
		armor == ARMOR_COUNT ? 0 : check_armor(lines, codes, found, armor, err);
	if (rc == 0)
		*start = found;
	return rc;
}
