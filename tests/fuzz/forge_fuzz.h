/* tests/fuzz/forge_fuzz.h - a payload of one forge: hints that keep every promise of
 * forge/forge.h, or an error that says why.
 *
 * The first line of the input is the event's name, the rest the payload: so each event
 * of a table is reached. */
#ifndef TESTS_FUZZ_FORGE_FUZZ_H
#define TESTS_FUZZ_FORGE_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "forge/forge.h"
#include "model/change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void forge_promise(bool kept)
{
	if (!kept)
		abort();
}

static inline void forge_text(const char *text, size_t maximum)
{
	size_t length = strlen(text);
	forge_promise(length <= maximum);
	for (size_t at = 0; at < length;) {
		uint32_t code_point;
		size_t step = text_utf8_next(text + at, length - at, &code_point);
		forge_promise(step > 0 && text_is_shown(code_point));
		at += step;
	}
}

static inline bool forge_is(const char *text, const char *const *words)
{
	while (*words != NULL && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

static inline void forge_row(const struct msg_hint_row *row)
{
	static const char *const kinds[] = { "push",        "merge-request", "review",
					     "merge-queue", "ping",          "ignored",
					     NULL };
	bool ignored = strcmp(row->kind, "ignored") == 0;
	bool numbered = strcmp(row->kind, "merge-request") == 0 ||
			strcmp(row->kind, "review") == 0;
	forge_promise(row->delivery == 1 && forge_is(row->kind, kinds));
	forge_text(row->name, 401);
	forge_text(row->sender, 255);
	forge_text(row->action, 20);
	forge_text(row->reason, 300);
	forge_promise(row->ref[0] == '\0' || ref_check(row->ref, NULL) == 0);
	forge_promise(row->old_id.length == 0 || row->old_id.length == 20 ||
		      row->old_id.length == 32);
	forge_promise(ignored == (row->reason[0] != '\0'));
	forge_promise(numbered == (row->number != 0));
	forge_promise(ignored || strcmp(row->kind, "ping") == 0 ||
		      row->name[0] != '\0');
}

static inline int forge_fuzz(enum forge_kind kind, bool form, const uint8_t *data,
			     size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	size_t event = line == NULL ? 0 : (size_t)(line - data);
	char name[64];
	struct arena *arena = arena_new((size_t)256 << 20);
	struct error err = ERROR_INIT;
	struct msg_hint_row *rows = NULL;
	size_t count = 0;
	if (event >= sizeof(name))
		event = sizeof(name) - 1;
	memcpy(name, data, event);
	name[event] = '\0';
	size_t skip = line == NULL ? 0 : (size_t)(line - data) + 1;
	struct msg_read_item item = { .delivery = 1, .event = name, .form = form };
	int code = forge_read(kind, &item, data + skip, size - skip, &limits_default,
			      arena, &rows, &count, &err);
	forge_promise(code == 0 ? count > 0 : err.code == code && err.text[0] != '\0');
	for (size_t i = 0; i < count; i++)
		forge_row(&rows[i]);
	arena_free(arena);
	return 0;
}

#endif
