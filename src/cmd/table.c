/* cmd/table.c - columns of text for a terminal or a pipe. */
#include "cmd/table.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#define CELL_BYTES 4096
#define GAP        2

static const char *const tone_codes[] = {
	[TONE_PLAIN] = "",        [TONE_GOOD] = "\033[32m", [TONE_BAD] = "\033[31m",
	[TONE_WARN] = "\033[33m", [TONE_FAINT] = "\033[2m", [TONE_STRONG] = "\033[1m",
};

void table_init(struct table *table, struct arena *arena, size_t columns)
{
	*table = (struct table){ .arena = arena, .columns = columns };
}

void table_add(struct table *table, enum tone tone, const char *text)
{
	struct buf shown = BUF_INIT(CELL_BYTES);
	struct table_cell *cell = ARENA_PUSH(table->arena, &table->cells, &table->count,
					     &table->capacity);

	text_escape_string(&shown, text && *text ? text : "-");
	const char *copy = arena_string(table->arena, shown.data);
	if (!cell || !copy) {
		table->failed = true;
	} else {
		cell->text = copy;
		cell->width = text_utf8_count(shown.data, shown.length);
		cell->tone = tone;
	}
	buf_release(&shown);
}

void table_addf(struct table *table, enum tone tone, const char *format, ...)
{
	struct buf text = BUF_INIT(CELL_BYTES);
	va_list arguments;

	va_start(arguments, format);
	buf_vaddf(&text, format, arguments);
	va_end(arguments);
	table_add(table, tone, text.data);
	buf_release(&text);
}

static void write_cell(const struct table *table, size_t index, bool colour,
		       struct buf *out)
{
	const struct table_cell *cell = &table->cells[index];
	size_t column = index % table->columns;
	bool heading = index < table->columns && !table->headless;
	enum tone tone = heading ? TONE_FAINT : cell->tone;

	if (colour)
		buf_add_string(out, tone_codes[tone]);
	buf_add_string(out, cell->text);
	if (colour && tone != TONE_PLAIN)
		buf_add_string(out, "\033[0m");
	if (column + 1 == table->columns) {
		buf_add_byte(out, '\n');
		return;
	}
	for (size_t i = cell->width; i < table->widths[column] + GAP; i++)
		buf_add_byte(out, ' ');
}

void table_write(struct table *table, bool colour, const char *indent, struct buf *out)
{
	if (table->failed) {
		out->failed = ERROR_MEMORY;
		return;
	}
	for (size_t i = 0; i < table->count; i++) {
		size_t *width = &table->widths[i % table->columns];
		if (table->cells[i].width > *width)
			*width = table->cells[i].width;
	}
	for (size_t i = 0; i < table->count; i++) {
		if (i % table->columns == 0)
			buf_add_string(out, indent);
		write_cell(table, i, colour, out);
	}
}

void tone_write(struct buf *out, bool colour, enum tone tone, const char *text)
{
	if (colour)
		buf_add_string(out, tone_codes[tone]);
	text_escape_string(out, text);
	if (colour && tone != TONE_PLAIN)
		buf_add_string(out, "\033[0m");
}

enum tone state_tone(const char *state)
{
	static const struct {
		const char *state;
		enum tone tone;
	} tones[] = {
		{ "deployed", TONE_GOOD },    { "pass", TONE_GOOD },
		{ "accepted", TONE_GOOD },    { "live", TONE_GOOD },
		{ "failed", TONE_BAD },       { "fail", TONE_BAD },
		{ "refused", TONE_BAD },      { "unknown", TONE_BAD },
		{ "in-doubt", TONE_BAD },     { "error", TONE_BAD },
		{ "held", TONE_BAD },         { "queued", TONE_WARN },
		{ "applying", TONE_WARN },    { "waiting", TONE_WARN },
		{ "suspended", TONE_WARN },   { "drifted", TONE_WARN },
		{ "rolled-back", TONE_WARN }, { "warning", TONE_WARN },
		{ "success", TONE_GOOD },     { "valid", TONE_GOOD },
		{ "failure", TONE_BAD },      { "unreadable", TONE_BAD },
		{ "pending", TONE_WARN },     { "received", TONE_WARN },
		{ "expired", TONE_WARN },     { "revoked", TONE_WARN },
	};

	for (size_t i = 0; state && i < sizeof(tones) / sizeof(tones[0]); i++)
		if (strcmp(tones[i].state, state) == 0)
			return tones[i].tone;
	return TONE_PLAIN;
}

const char *age_text(struct arena *arena, int64_t when)
{
	char duration[CLOCK_TEXT_BYTES];
	int64_t age = clock_now() - when;

	if (when == 0)
		return "never";
	if (age < CLOCK_SECOND)
		return "just now";
	duration_format(age - age % CLOCK_SECOND, duration);
	return arena_printf(arena, "%s ago", duration);
}
