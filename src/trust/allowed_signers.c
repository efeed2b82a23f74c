/* trust/allowed_signers.c - reads OpenSSH's files of allowed signers. */
#include "trust/allowed_signers.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

struct reading {
	const char *name;
	unsigned int line;
	enum allowed_times times;
	struct arena *arena;
	struct error *err;
};

#define FAIL(reading, code, format, ...)                                               \
	error_set((reading)->err, (code), "%s:%u: " format, (reading)->name,           \
		  (reading)->line, ##__VA_ARGS__)

static int no_memory(const struct reading *reading)
{
	return error_set(reading->err, ERROR_MEMORY, "out of memory while reading '%s'",
			 reading->name);
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* --- times --- */

static bool number_of(const char *digits, size_t length, int *out)
{
	int number = 0;
	for (size_t i = 0; i < length; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		number = number * 10 + (digits[i] - '0');
	}
	*out = number;
	return true;
}

/* YYYYMMDD[HHMM[SS]]. */
static bool read_digits(const char *text, size_t length, struct tm *out)
{
	struct tm tm = { .tm_isdst = -1 };
	if (length != 8 && length != 12 && length != 14)
		return false;
	if (!number_of(text, 4, &tm.tm_year) || !number_of(text + 4, 2, &tm.tm_mon) ||
	    !number_of(text + 6, 2, &tm.tm_mday))
		return false;
	if (length >= 12 && (!number_of(text + 8, 2, &tm.tm_hour) ||
			     !number_of(text + 10, 2, &tm.tm_min)))
		return false;
	if (length == 14 && !number_of(text + 12, 2, &tm.tm_sec))
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = tm;
	return true;
}

static int read_time(const struct reading *reading, const char *text, int64_t *out)
{
	size_t length = strlen(text);
	bool utc = true;
	struct tm tm;
	if (length > 1 && strcasecmp(text + length - 1, "Z") == 0)
		length -= 1;
	else if (length > 3 && strcasecmp(text + length - 3, "UTC") == 0)
		length -= 3;
	else
		utc = false;
	if (!read_digits(text, length, &tm))
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_TIME,
			    "'%s' is not a time; write YYYYMMDD or YYYYMMDDHHMM[SS], "
			    "with 'Z' behind for UTC",
			    text);
	if (!utc && reading->times == TIMES_UTC_ONLY)
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_ZONE,
			    "'%s' does not say its zone: put 'Z' behind for UTC; the "
			    "local zone is not the same wherever a policy is read",
			    text);
	tm.tm_isdst = utc ? 0 : -1;
	time_t seconds = utc ? timegm(&tm) : mktime(&tm);
	if (seconds <= 0)
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_TIME,
			    "'%s' is not after the beginning of 1970", text);
	*out = (int64_t)seconds * CLOCK_SECOND;
	return 0;
}

/* --- options --- */

/* A value in double quotes, in which \" is a quote. */
static int read_quoted(const struct reading *reading, const char **at, char **out)
{
	const char *from = *at;
	char *text = arena_alloc(reading->arena, strlen(from) + 1);
	size_t length = 0;
	if (text == NULL)
		return no_memory(reading);
	if (*from++ != '"')
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_QUOTE,
			    "an option's value must stand in double quotes");
	while (*from != '\0' && *from != '"') {
		if (from[0] == '\\' && from[1] == '"')
			from++;
		text[length++] = *from++;
	}
	if (*from != '"')
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_QUOTE_END,
			    "the quotes of an option's value do not end");
	*at = from + 1;
	*out = text;
	return 0;
}

static bool option_is(const char **at, const char *name)
{
	size_t length = strlen(name);
	if (strncasecmp(*at, name, length) != 0)
		return false;
	*at += length;
	return true;
}

static int twice(const struct reading *reading, const char *what)
{
	return FAIL(reading, ERROR_ALLOWED_SIGNERS_TWICE,
		    "the option '%s' stands there twice", what);
}

static int read_bound(const struct reading *reading, const char **at, const char *what,
		      int64_t *bound)
{
	char *text = NULL;
	if (*bound != 0)
		return twice(reading, what);
	int rc = read_quoted(reading, at, &text);
	return rc == 0 ? read_time(reading, text, bound) : rc;
}

static int read_option(const struct reading *reading, const char **at,
		       struct allowed_signer *signer)
{
	char *text = NULL;
	if (option_is(at, "cert-authority")) {
		signer->authority = true;
		return 0;
	}
	if (option_is(at, "valid-after="))
		return read_bound(reading, at, "valid-after", &signer->valid_after);
	if (option_is(at, "valid-before="))
		return read_bound(reading, at, "valid-before", &signer->valid_before);
	if (!option_is(at, "namespaces="))
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_OPTION,
			    "'%.*s' is neither a type of keys nor an option",
			    (int)strcspn(*at, " \t,="), *at);
	if (signer->namespaces != NULL)
		return twice(reading, "namespaces");
	int rc = read_quoted(reading, at, &text);
	if (rc == 0)
		signer->namespaces = text;
	return rc;
}

static int read_options(const struct reading *reading, const char **at,
			struct allowed_signer *signer)
{
	for (;;) {
		int rc = read_option(reading, at, signer);
		if (rc != 0)
			return rc;
		if (**at == ' ' || **at == '\t' || **at == '\0')
			break;
		if (**at != ',' || (*at)[1] == '\0')
			return FAIL(reading, ERROR_ALLOWED_SIGNERS_SEPARATOR,
				    "a comma and an option, or a blank and a key, must "
				    "follow an option");
		(*at)++;
	}
	if (signer->valid_after != 0 && signer->valid_before != 0 &&
	    signer->valid_before <= signer->valid_after)
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_WINDOW,
			    "'valid-before' must be later than 'valid-after'");
	return 0;
}

/* --- lines --- */

static int read_principals(const struct reading *reading, const char **at,
			   struct allowed_signer *signer)
{
	const char *start = *at;
	const char *end;
	bool quoted = *start == '"';
	if (quoted)
		end = strchr(++start, '"');
	else
		end = start + strcspn(start, " \t");
	if (end == NULL || end == start)
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_PRINCIPALS,
			    "the line must begin with principals");
	signer->principals = arena_copy(reading->arena, start, (size_t)(end - start));
	if (signer->principals == NULL)
		return no_memory(reading);
	*at = skip_blanks(quoted ? end + 1 : end);
	return 0;
}

static int read_key(const struct reading *reading, const char *at,
		    struct allowed_signer *signer)
{
	struct error cause = ERROR_INIT;
	enum ssh_key_type type;
	int rc = ssh_key_check(at, strlen(at), &type, signer->fingerprint, &cause);
	if (rc == ERROR_MEMORY)
		return no_memory(reading);
	if (rc != 0)
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_KEY, "%s", cause.text);
	signer->key = at;
	return 0;
}

/* Whether the line goes on with a key, not with options, is seen by its first word. */
static bool starts_with_type(const char *at)
{
	static const char *const starts[] = { "ssh-", "ecdsa-", "sk-", "rsa-",
					      "webauthn-" };
	size_t word = strcspn(at, " \t");
	if (memchr(at, '=', word) != NULL)
		return false;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(at, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static int read_line(const struct reading *reading, const char *at,
		     struct allowed_signer *out)
{
	struct allowed_signer signer = { .line = reading->line };
	int rc = read_principals(reading, &at, &signer);
	if (rc == 0 && *at == '\0')
		return FAIL(reading, ERROR_ALLOWED_SIGNERS_SHORT,
			    "a key is missing behind the principals");
	if (rc == 0 && !starts_with_type(at))
		rc = read_options(reading, &at, &signer);
	if (rc == 0)
		rc = read_key(reading, skip_blanks(at), &signer);
	if (rc == 0)
		*out = signer;
	return rc;
}

int allowed_signers_read(const char *text, size_t length, const char *name,
			 enum allowed_times times, struct arena *arena,
			 int (*visit)(void *data, const struct allowed_signer *signer,
				      struct error *err),
			 void *data, struct error *err)
{
	struct reading reading = { name, 0, times, arena, err };
	const char *end = length == 0 ? text : text + length;
	int rc = 0;
	for (const char *at = text; rc == 0 && at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t bytes = (size_t)((stop != NULL ? stop : end) - at);
		const char *next = stop != NULL ? stop + 1 : end;
		rc = limit_check(&limits_default, LIMIT_ALLOWED_SIGNERS_LINES,
				 ++reading.line, name, err);
		if (rc != 0)
			return rc;
		while (bytes > 0 && at[bytes - 1] == '\r')
			bytes--;
		if (bytes > 0 && memchr(at, 0, bytes) != NULL)
			return FAIL(&reading, ERROR_ALLOWED_SIGNERS_NUL,
				    "the line holds a NUL byte");
		char *line = arena_copy(arena, at, bytes);
		if (line == NULL)
			return no_memory(&reading);
		const char *start = skip_blanks(line);
		at = next;
		if (*start == '\0' || *start == '#')
			continue;
		struct allowed_signer signer;
		rc = read_line(&reading, start, &signer);
		if (rc == 0)
			rc = visit(data, &signer, err);
	}
	return rc;
}

/* --- patterns --- */

/* '*' and '?' alone; the last star is the only one that is ever gone back to, so time
 * is the product of the lengths at most. */
static bool pattern_matches(const char *pattern, size_t length, const char *text)
{
	size_t at = 0;
	size_t star = SIZE_MAX;
	const char *resume = NULL;
	while (*text != '\0') {
		if (at < length && pattern[at] == '*') {
			star = at++;
			resume = text;
		} else if (at < length &&
			   (pattern[at] == '?' || pattern[at] == *text)) {
			at++;
			text++;
		} else if (star != SIZE_MAX) {
			at = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (at < length && pattern[at] == '*')
		at++;
	return at == length;
}

bool pattern_list_matches(const char *list, const char *text)
{
	bool matched = false;
	for (const char *at = list; *at != '\0';) {
		bool negated = *at == '!';
		if (negated)
			at++;
		size_t length = strcspn(at, ",");
		if (pattern_matches(at, length, text)) {
			if (negated)
				return false;
			matched = true;
		}
		at += length;
		if (*at == ',')
			at++;
	}
	return matched;
}
