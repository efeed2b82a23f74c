/* repo/push_certificate.c - splits a push certificate into its parts and the bytes that
 * were signed. */
#include "repo/push_certificate.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/map.h"
#include "repo/lines.h"
#include "repo/signed_tail.h"

#define YEAR_10000 INT64_C(253402300800)

static const struct lines_codes codes = {
	.what = "push certificate",
	.empty = ERROR_PUSH_EMPTY,
	.nul_header = ERROR_PUSH_NUL_HEADER,
	.nul_message = ERROR_PUSH_NUL_UPDATES,
	.unterminated = ERROR_PUSH_UNTERMINATED,
	.no_blank = ERROR_PUSH_NO_BLANK,
	.carriage_return = ERROR_PUSH_CR,
	.header_name = ERROR_PUSH_HEADER_NAME,
	.continuation = ERROR_PUSH_CONTINUATION,
	.continuation_first = ERROR_PUSH_CONTINUATION_FIRST,
};

static const struct signed_tail_codes tail_codes = {
	.begin = ERROR_PUSH_SIGNATURE_BEGIN,
	.twice = ERROR_PUSH_SIGNATURE_TWICE,
	.unfinished = ERROR_PUSH_SIGNATURE_UNFINISHED,
	.newline = ERROR_PUSH_SIGNATURE_NEWLINE,
	.trailing = ERROR_PUSH_SIGNATURE_TRAILING,
};

/* The headers in git's order. */
enum place { PLACE_VERSION, PLACE_PUSHER, PLACE_PUSHEE, PLACE_NONCE, PLACE_OPTION };
static const char *const places[] = { "certificate", "pusher", "pushee", "nonce",
				      "push-option" };
#define PLACE_COUNT (sizeof(places) / sizeof(places[0]))

struct splitter {
	struct lines lines;
	struct arena *arena;
	size_t hash_bytes;
	const struct limits *limits;
	struct push_certificate found;
	size_t option_capacity;
	struct map seen; /* refs */
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* --- headers --- */

/* git looks neither at the pusher's date nor at its zone; here they must be what it
 * writes. */
static int read_pusher(struct splitter *splitter, const struct header *header,
		       struct error *err)
{
	const char *start = header->value.bytes;
	const char *zone = memrchr(start, ' ', header->value.length);
	const char *date = zone ? memrchr(start, ' ', (size_t)(zone - start)) : NULL;
	const char *end = start + header->value.length;
	int64_t seconds = 0;
	bool good = date && date > start && zone - date > 1 && end - zone == 6 &&
		    (zone[1] == '+' || zone[1] == '-');

	for (size_t i = 1; good && date + i < zone; i++) {
		good = is_digit(date[i]) && seconds < YEAR_10000;
		seconds = seconds * 10 + (date[i] - '0');
	}
	for (size_t i = 2; good && i < 6; i++)
		good = is_digit(zone[i]);
	if (!good || seconds >= YEAR_10000)
		return error_set(err, ERROR_PUSH_PUSHER_FORM,
				 "the pusher of the push certificate, at byte %zu, is "
				 "not a name with a date and a zone",
				 header->start);
	/* git 2.39 leaves a blank behind a fingerprint. */
	while (date > start + 1 && date[-1] == ' ')
		date--;
	splitter->found.pusher = (struct span){ start, (size_t)(date - start) };
	splitter->found.seconds = seconds;
	return 0;
}

static int empty(const struct header *header, int code, struct error *err)
{
	return error_set(err, code,
			 "the header '%.*s' of the push certificate is empty",
			 (int)header->name.length, header->name.bytes);
}

static int read_option(struct splitter *splitter, const struct header *header,
		       struct error *err)
{
	struct push_certificate *found = &splitter->found;
	struct span *slot =
		ARENA_PUSH(splitter->arena, &found->options, &found->option_count,
			   &splitter->option_capacity);

	if (!slot)
		return no_memory(err);
	*slot = header->value;
	return 0;
}

static int read_place(struct splitter *splitter, const struct header *header,
		      enum place place, struct error *err)
{
	int rc = header_is_single(&splitter->lines, header, err);

	if (rc != 0)
		return rc;
	switch (place) {
	case PLACE_VERSION:
		if (span_is(header->value, "version 0.1"))
			return 0;
		return error_set(err, ERROR_PUSH_VERSION,
				 "the push certificate is not of version 0.1");
	case PLACE_PUSHER:
		return read_pusher(splitter, header, err);
	case PLACE_PUSHEE:
		if (header->value.length == 0)
			return empty(header, error_here(ERROR_PUSH_PUSHEE_EMPTY), err);
		splitter->found.pushee = header->value;
		return 0;
	case PLACE_NONCE:
		if (header->value.length == 0)
			return empty(header, error_here(ERROR_PUSH_NONCE_EMPTY), err);
		splitter->found.nonce = header->value;
		return 0;
	case PLACE_OPTION:
		return read_option(splitter, header, err);
	}
	return error_set(err, ERROR_INTERNAL, "a push certificate has no such place");
}

static int missing(enum place place, size_t at, struct error *err)
{
	int code = place == PLACE_VERSION ? error_here(ERROR_PUSH_VERSION_MISSING)
					  : error_here(ERROR_PUSH_PUSHER_MISSING);
	return error_set(err, code,
			 "the push certificate has no header '%s', expected at byte "
			 "%zu",
			 places[place], at);
}

static int wrong_place(const struct header *header, size_t place, size_t expected,
		       struct error *err)
{
	if (place == PLACE_COUNT)
		return error_set(err, ERROR_PUSH_HEADER_UNKNOWN,
				 "the header '%.*s' at byte %zu of the push "
				 "certificate "
				 "is unknown",
				 (int)header->name.length, header->name.bytes,
				 header->start);
	if (place + 1 == expected)
		return error_set(err, ERROR_PUSH_HEADER_TWICE,
				 "the header '%s' at byte %zu of the push certificate "
				 "stands there a second time",
				 places[place], header->start);
	return error_set(err, ERROR_PUSH_ORDER,
			 "the header '%s' at byte %zu of the push certificate does not "
			 "stand where git writes it",
			 places[place], header->start);
}

static size_t place_of(const struct header *header)
{
	size_t place = 0;

	while (place < PLACE_COUNT && !span_is(header->name, places[place]))
		place++;
	return place;
}

static int read_headers(struct splitter *splitter, struct error *err)
{
	size_t expected = PLACE_VERSION;
	struct header header;
	int rc;

	while ((rc = lines_next(&splitter->lines, &header, err)) == 1) {
		size_t place = place_of(&header);
		if (place == PLACE_COUNT || place < expected)
			return wrong_place(&header, place, expected, err);
		if (expected <= PLACE_PUSHER && place != expected)
			return missing((enum place)expected, header.start, err);
		rc = read_place(splitter, &header, (enum place)place, err);
		if (rc != 0)
			return rc;
		expected = place == PLACE_OPTION ? place : place + 1;
	}
	if (rc == 0 && expected <= PLACE_PUSHER)
		return missing((enum place)expected, splitter->lines.at - 1, err);
	return rc;
}

/* --- updates --- */

#define bad_update(at, what, code, err)                                                \
	bad_update_as((at), (what), error_here(code), (err))

static int bad_update_as(size_t at, const char *what, int code, struct error *err)
{
	return error_set(err, code, "the line at byte %zu of the push certificate %s",
			 at, what);
}

static bool take_id(struct span *line, size_t hex, struct oid *out)
{
	if (line->length <= hex || line->bytes[hex] != ' ' ||
	    oid_parse(line->bytes, hex, out) != 0)
		return false;
	line->bytes += hex + 1;
	line->length -= hex + 1;
	return true;
}

static bool is_ref_text(struct span ref)
{
	if (!span_starts_with(ref, "refs/"))
		return false;
	for (size_t i = 0; i < ref.length; i++)
		if ((unsigned char)ref.bytes[i] <= ' ' || ref.bytes[i] == 0x7f)
			return false;
	return true;
}

static int read_update(struct splitter *splitter, struct push_update *out,
		       struct span line, struct error *err)
{
	size_t at = (size_t)(line.bytes - splitter->lines.object);
	size_t hex = 2 * splitter->hash_bytes;

	if (line.length != 0 && line.bytes[line.length - 1] == '\r')
		return bad_update(at, "ends in a carriage return", ERROR_PUSH_UPDATE_CR,
				  err);
	if (!take_id(&line, hex, &out->old_id) || !take_id(&line, hex, &out->new_id))
		return bad_update(at, "does not start with two full object ids",
				  ERROR_PUSH_UPDATE_ID, err);
	if (!is_ref_text(line))
		return bad_update(at, "does not end with a ref's full name",
				  ERROR_PUSH_UPDATE_REF, err);
	if (map_has(&splitter->seen, line.bytes, line.length))
		return bad_update(at, "names a ref that an earlier line names too",
				  ERROR_PUSH_UPDATE_TWICE, err);
	out->ref = arena_copy(splitter->arena, line.bytes, line.length);
	if (!out->ref || map_put(&splitter->seen, line.bytes, line.length, out) != 0)
		return no_memory(err);
	return 0;
}

static size_t count_lines(const char *from, const char *end)
{
	size_t count = 0;

	for (; from < end; from++)
		count += *from == '\n';
	return count;
}

static int read_updates(struct splitter *splitter, size_t end, struct error *err)
{
	struct push_certificate *found = &splitter->found;
	const char *at = splitter->lines.object + splitter->lines.at;
	const char *stop = splitter->lines.object + end;
	size_t count = count_lines(at, stop);

	if (count == 0)
		return error_set(err, ERROR_PUSH_UPDATES_NONE,
				 "the push certificate names no update");
	int rc = limit_check(splitter->limits, LIMIT_GIT_REFS_PER_PUSH, count,
			     "the push certificate", err);
	if (rc != 0)
		return rc;
	found->updates = arena_array(splitter->arena, count, sizeof(found->updates[0]));
	if (!found->updates)
		return no_memory(err);
	while (rc == 0 && at < stop) {
		const char *feed = memchr(at, '\n', (size_t)(stop - at));
		struct span line = { at, (size_t)(feed - at) };
		rc = read_update(splitter, &found->updates[found->update_count++], line,
				 err);
		at = feed + 1;
	}
	return rc;
}

/* The armor starts a line, so that every update before it ends in a line feed. */
static int read_tail(struct splitter *splitter, struct error *err)
{
	const struct lines *lines = &splitter->lines;
	size_t start;

	int rc = signed_tail_find(lines, &tail_codes, &start, err);
	if (rc == 0 && start == lines->length)
		rc = error_set(err, ERROR_PUSH_UNSIGNED,
			       "the push certificate is not signed");
	if (rc != 0)
		return rc;
	splitter->found.payload = (struct span){ lines->object, start };
	splitter->found.signature =
		(struct span){ lines->object + start, lines->length - start };
	return read_updates(splitter, start, err);
}

int push_certificate_split(struct push_certificate *out, struct arena *arena,
			   const char *text, size_t length, size_t hash_bytes,
			   const struct limits *limits, struct error *err)
{
	struct splitter splitter = {
		.arena = arena,
		.hash_bytes = hash_bytes,
		.limits = limits,
		.seen = MAP_INIT,
	};

	int rc = lines_open(&splitter.lines, &codes, text, length, err);
	if (rc == 0)
		rc = read_headers(&splitter, err);
	if (rc == 0)
		rc = read_tail(&splitter, err);
	map_release(&splitter.seen);
	if (rc == 0)
		*out = splitter.found;
	return rc;
}
