/* cmd/table.h - columns of text for a terminal or a pipe. Every cell is escaped. */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum tone { TONE_PLAIN = 0, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_FAINT, TONE_STRONG };

#define TABLE_COLUMNS_MAX 8

struct table_cell {
	const char *text; /* escaped */
	size_t width;
	enum tone tone;
};

struct table {
	struct arena *arena;
	size_t columns;
	struct table_cell *cells;
	size_t count;
	size_t capacity;
	bool failed;                      /* out of memory */
	bool headless;                    /* the first row is no headings */
	size_t widths[TABLE_COLUMNS_MAX]; /* at least; writing leaves what they were */
};

/* Cells come one after the other, the headings first. NULL is shown as "-". */
void table_init(struct table *table, struct arena *arena, size_t columns);
void table_add(struct table *table, enum tone tone, const char *text);
void table_addf(struct table *table, enum tone tone, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void table_write(struct table *table, bool colour, const char *indent, struct buf *out);

/* Text in a tone, escaped. */
void tone_write(struct buf *out, bool colour, enum tone tone, const char *text);

/* The tone of a state or result. */
enum tone state_tone(const char *state);
/* How long ago: "2h 5m ago", "never". */
const char *age_text(struct arena *arena, int64_t when);

#endif
