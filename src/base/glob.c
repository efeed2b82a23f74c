/* base/glob.c - globs over '/'-separated paths, matched without recursion.
 *
 * For each kind of star only the last one met is ever gone back to: an earlier star
 * that takes more leaves less for the later ones, which helps none of them. */
#include "base/pattern.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* Where matching goes on when it failed behind a star. */
struct retry {
	const char *glob; /* behind the star; NULL: there is none */
	const char *path; /* what the star has taken ends here */
};

static size_t take(const char *at, uint32_t *character)
{
	/* Bytes that are not UTF-8 stand for themselves, apart from all code points. */
	size_t count = text_utf8_next(at, strnlen(at, 4), character);
	if (count != 0)
		return count;
	*character = 0x80000000u | (unsigned char)*at;
	return 1;
}

static size_t take_escaped(const char *at, uint32_t *character)
{
	if (*at == '\\' && at[1] != '\0')
		return 1 + take(at + 1, character);
	return take(at, character);
}

/* The end of the class that starts behind '[', or NULL when it is not closed. Sets
 * *found when the character is in it. */
static const char *scan_class(const char *at, uint32_t character, bool *found)
{
	bool negated = *at == '!';
	at += negated;
	bool in_class = false;
	for (bool first = true; first || *at != ']'; first = false) {
		uint32_t from, to;
		if (*at == '\0' || (*at == '\\' && at[1] == '\0'))
			return NULL;
		at += take_escaped(at, &from);
		to = from;
		if (at[0] == '-' && at[1] != ']' && at[1] != '\0')
			at += 1 + take_escaped(at + 1, &to);
		in_class = in_class || (character >= from && character <= to);
	}
	*found = in_class != negated;
	return at + 1;
}

/* Whether the one-character element at *glob matches the character at *path; moves
 * both behind it. */
static bool match_one(const char **glob, const char **path)
{
	uint32_t character, wanted;
	if (**path == '\0')
		return false;
	size_t count = take(*path, &character);
	const char *behind;
	bool found = false;
	switch (**glob) {
	case '\0':
		return false;
	case '?':
		found = character != '/';
		behind = *glob + 1;
		break;
	case '[':
		behind = scan_class(*glob + 1, character, &found);
		found = found && behind != NULL && character != '/';
		break;
	default:
		behind = *glob + take_escaped(*glob, &wanted);
		found = character == wanted;
	}
	if (!found)
		return false;
	*glob = behind;
	*path += count;
	return true;
}

static bool match_whole(const char *glob, const char *path)
{
	const char *start = glob;
	struct retry star = { 0 };     /* '*' */
	struct retry stars = { 0 };    /* two stars */
	bool whole_components = false; /* stars take "a/", "a/b/", not any byte */
	for (;;) {
		if (glob[0] == '*' && glob[1] == '*') {
			whole_components =
				(glob == start || glob[-1] == '/') && glob[2] == '/';
			glob += whole_components ? 3 : 2;
			stars = (struct retry){ glob, path };
			star.glob = NULL;
		} else if (glob[0] == '*') {
			star = (struct retry){ ++glob, path };
		} else if (glob[0] == '\0' && path[0] == '\0') {
			return true;
		} else if (match_one(&glob, &path)) {
			if (path[-1] == '/')
				star.glob = NULL;
		} else if (star.glob != NULL && *star.path != '\0' &&
			   *star.path != '/') {
			uint32_t ignored;
			star.path += take(star.path, &ignored);
			glob = star.glob;
			path = star.path;
		} else if (stars.glob != NULL && *stars.path != '\0') {
			const char *slash = strchr(stars.path, '/');
			uint32_t ignored;
			if (whole_components && slash == NULL)
				return false;
			stars.path = whole_components
					     ? slash + 1
					     : stars.path + take(stars.path, &ignored);
			glob = stars.glob;
			path = stars.path;
			star.glob = NULL;
		} else {
			return false;
		}
	}
}

bool glob_match(const char *glob, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (strchr(glob, '/') == NULL && slash != NULL)
		path = slash + 1;
	return match_whole(glob, path);
}

int glob_check(const char *glob, struct error *err)
{
	if (*glob == '\0')
		return error_set(err, ERROR_PATTERN, "a glob is empty");
	if (!text_is_utf8(glob, strlen(glob)))
		return error_set(err, ERROR_PATTERN, "glob '%s' is not UTF-8", glob);
	for (const char *at = glob; *at != '\0';) {
		bool ignored;
		if (*at == '\\' && at[1] == '\0')
			return error_set(err, ERROR_PATTERN,
					 "glob '%s' ends in a backslash that escapes "
					 "nothing",
					 glob);
		const char *behind = *at == '[' ? scan_class(at + 1, 0, &ignored)
						: at + (*at == '\\' ? 2 : 1);
		if (behind == NULL)
			return error_set(err, ERROR_PATTERN,
					 "glob '%s' has a class that is not closed: "
					 "'%s'",
					 glob, at);
		at = behind;
	}
	return 0;
}
