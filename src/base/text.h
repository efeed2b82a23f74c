/* base/text.h - making text that others wrote safe to show.
 *
 * Safe means: valid UTF-8, no C0 or C1 control byte, no DEL, no bidirectional or
 * invisible format control, so that it can go to a log, a terminal, a sideband or a
 * page. What is not safe becomes \xNN or \u{NNNN}; a backslash stays. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

void text_escape(struct buf *out, const char *bytes, size_t length);
void text_escape_string(struct buf *out, const char *string);
/* The same into a fixed array, cut with "..." at a character border when it does not
 * fit. Returns `out`. */
char *text_escape_into(char *out, size_t size, const char *bytes, size_t length);
/* Whether a code point may be shown as it is (see above). */
bool text_is_shown(uint32_t code_point);
bool text_is_utf8(const char *bytes, size_t length);
/* Length in bytes of the code point that starts at `bytes` (0: not UTF-8); `code_point`
 * may be NULL. */
size_t text_utf8_next(const char *bytes, size_t length, uint32_t *code_point);
size_t text_utf8_count(const char *bytes, size_t length);

/* Of `count` candidates the one that is nearest to `name` by edit distance (at most a
 * third of its length), or NULL. */
const char *text_nearest(const char *name, const char *const *candidates, size_t count);

/* The same, one candidate after the other: `best` is borrowed from them. */
struct nearest {
	const char *best; /* NULL: none so far is near */
	size_t smallest;  /* edits that are too many */
	size_t length;    /* of the name; 0: it is too long, and near to nothing */
	uint64_t letters;
	uint64_t places[256]; /* of each letter in the name, as bits */
};

void nearest_begin(struct nearest *nearest, const char *name, size_t length);
void nearest_try(struct nearest *nearest, const char *candidate, size_t length);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
/* Strict decimal, no sign, no blank. 0 or ERROR_ENCODING. */
int text_parse_u64(const char *text, uint64_t *out);
/* "64KiB", "1MiB", "10M" (10^6), "512". 0 or ERROR_ENCODING. */
int text_parse_size(const char *text, uint64_t *out);

#endif
