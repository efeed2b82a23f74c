/* model/waiver.c - reads and writes the text of a waiver, and the name of its ref. */
#include "model/waiver.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/change.h"

#define FIRST_LINE "gitgate waiver 1"
#define WITHDRAWN  "withdrawn"
#define NAME_BYTES 255 /* of a repository or a rule */
#define TIME_BYTES 20  /* 2026-12-31T23:59:59Z */

/* --- reading --- */

struct reading {
	const char *at;
	const char *end;
	int line; /* that was read last */
	struct arena *arena;
	struct error *err;
};

static int fail(const struct reading *reading, const char *what)
{
	return error_set(reading->err, ERROR_WAIVER_FORM, "line %d of the waiver %s",
			 reading->line, what);
}

/* The next line without its end. */
static int take_line(struct reading *reading, const char **line, size_t *length)
{
	size_t left = (size_t)(reading->end - reading->at);
	const char *end = left > 0 ? memchr(reading->at, '\n', left) : NULL;
	reading->line++;
	if (end == NULL)
		return fail(reading,
			    left > 0 ? "does not end in a line feed" : "is missing");
	*line = reading->at;
	*length = (size_t)(end - reading->at);
	reading->at = end + 1;
	return 0;
}

/* What can be shown as it is, and does not begin or end with a blank that nobody sees.
 */
static bool is_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		uint32_t code_point;
		size_t bytes = text_utf8_next(text + i, length - i, &code_point);
		if (bytes == 0 || !text_is_shown(code_point))
			return false;
		i += bytes;
	}
	return length > 0 && text[0] != ' ' && text[length - 1] != ' ';
}

/* The value of the line "<key>: <value>". */
static int take_value(struct reading *reading, const char *key, size_t maximum,
		      const char **value)
{
	const char *line;
	size_t length;
	size_t key_length = strlen(key);
	int rc = take_line(reading, &line, &length);
	if (rc != 0)
		return rc;
	if (length < key_length + 2 || memcmp(line, key, key_length) != 0 ||
	    memcmp(line + key_length, ": ", 2) != 0)
		return error_set(reading->err, ERROR_WAIVER_FORM,
				 "line %d of the waiver is not '%s: ...'",
				 reading->line, key);
	line += key_length + 2;
	length -= key_length + 2;
	if (length > maximum)
		return error_set(reading->err, ERROR_WAIVER_FORM,
				 "line %d of the waiver is longer than %zu bytes",
				 reading->line, maximum);
	if (!is_plain(line, length))
		return fail(reading, "is empty, is not UTF-8, holds a character that "
				     "cannot be shown, or has blanks at an end");
	*value = arena_copy(reading->arena, line, length);
	return *value != NULL ? 0
			      : error_set(reading->err, ERROR_MEMORY, "out of memory");
}

static int take_first(struct reading *reading)
{
	const char *line;
	size_t length;
	int rc = take_line(reading, &line, &length);
	if (rc != 0)
		return rc;
	if (length == strlen(FIRST_LINE) && memcmp(line, FIRST_LINE, length) == 0)
		return 0;
	return fail(reading, "is not '" FIRST_LINE "'");
}

static int take_commit(struct reading *reading, struct oid *out)
{
	const char *text = NULL;
	int rc = take_value(reading, "commit", 2 * OID_MAX_BYTES, &text);
	if (rc == 0 && (oid_parse(text, strlen(text), out) != 0 || oid_is_null(out)))
		rc = fail(reading, "is not a full commit id");
	return rc;
}

/* One way to write each moment, so that one waiver is one text. */
static int take_until(struct reading *reading, struct waiver *out)
{
	const char *text = NULL;
	char again[CLOCK_TEXT_BYTES];
	int rc = take_value(reading, "until", TIME_BYTES, &text);
	if (rc != 0)
		return rc;
	out->withdrawn = strcmp(text, WITHDRAWN) == 0;
	out->until = 0;
	if (out->withdrawn)
		return 0;
	if (clock_parse(text, &out->until) == 0 && out->until > 0) {
		clock_format(out->until, 0, again);
		if (strcmp(again, text) == 0)
			return 0;
	}
	return fail(reading, "is neither a time like 2026-12-31T23:59:59Z nor "
			     "'" WITHDRAWN "'");
}

int waiver_parse(struct waiver *out, struct arena *arena, const char *message,
		 size_t length, struct error *err)
{
	struct reading reading = { message, message + length, 0, arena, err };
	struct waiver waiver = { .until = 0 };
	size_t reason = (size_t)limits_default.values[LIMIT_WAIVER_REASON_BYTES];
	int rc = take_first(&reading);
	if (rc == 0)
		rc = take_value(&reading, "repository", NAME_BYTES, &waiver.repository);
	if (rc == 0)
		rc = take_commit(&reading, &waiver.commit);
	if (rc == 0)
		rc = take_value(&reading, "rule", NAME_BYTES, &waiver.rule);
	if (rc == 0)
		rc = take_until(&reading, &waiver);
	if (rc == 0)
		rc = take_value(&reading, "reason", reason, &waiver.reason);
	if (rc == 0 && reading.at != reading.end)
		rc = fail(&reading, "is followed by something");
	if (rc == 0)
		*out = waiver;
	return rc;
}

/* --- writing --- */

int waiver_write(const struct waiver *waiver, struct buf *out, struct error *err)
{
	char until[CLOCK_TEXT_BYTES] = WITHDRAWN;
	struct waiver again;
	size_t start = out->length;
	struct arena *arena = arena_new((size_t)1 << 16);
	if (arena == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (!waiver->withdrawn)
		clock_format(waiver->until, 0, until);
	buf_addf(out,
		 FIRST_LINE "\nrepository: %s\ncommit: %s\nrule: %s\nuntil: %s\n"
			    "reason: %s\n",
		 waiver->repository, oid_text(&waiver->commit), waiver->rule, until,
		 waiver->reason);
	int rc = buf_status(out, "a waiver", err);
	if (rc == 0)
		rc = waiver_parse(&again, arena, out->data + start, out->length - start,
				  err);
	arena_free(arena);
	return rc;
}

/* --- refs --- */

bool waiver_is_ref(const char *ref)
{
	return text_starts_with(ref, WAIVER_REFS);
}

int waiver_read_ref(const char *ref, struct oid *commit, const char **rule,
		    struct error *err)
{
	const char *hex = ref + strlen(WAIVER_REFS);
	const char *slash = waiver_is_ref(ref) ? strchr(hex, '/') : NULL;
	struct oid id;
	if (slash == NULL || oid_parse(hex, (size_t)(slash - hex), &id) != 0 ||
	    oid_is_null(&id) || slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
		return error_set(err, ERROR_WAIVER_REF,
				 "'%s' is not " WAIVER_REFS "<full commit id>/<rule>",
				 ref);
	*commit = id;
	*rule = slash + 1;
	return 0;
}

int waiver_write_ref(const struct waiver *waiver, struct buf *out, struct error *err)
{
	struct error why = ERROR_INIT;
	struct oid commit;
	const char *rule;
	size_t start = out->length;
	buf_addf(out, WAIVER_REFS "%s/%s", oid_text(&waiver->commit), waiver->rule);
	int rc = buf_status(out, "a waiver's ref", err);
	if (rc != 0)
		return rc;
	if (ref_check(out->data + start, &why) == 0 &&
	    waiver_read_ref(out->data + start, &commit, &rule, &why) == 0)
		return 0;
	return error_set(err, ERROR_WAIVER_REF,
			 "the rule '%s' cannot be waived under this name: %s",
			 waiver->rule, why.text);
}
