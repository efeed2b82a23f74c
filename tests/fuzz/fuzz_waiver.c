/* tests/fuzz/fuzz_waiver.c - the text of a waiver: refused, or read; and what was read
 * is written as the very same bytes. The same of its ref. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "model/waiver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_that(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(struct arena *arena, const char *text, size_t length)
{
	struct buf again = BUF_INIT((size_t)1 << 20);
	struct waiver waiver;
	if (waiver_parse(&waiver, arena, text, length, NULL) != 0)
		return;
	assert_that(waiver_write(&waiver, &again, NULL) == 0);
	assert_that(again.length == length && memcmp(again.data, text, length) == 0);
	assert_that(waiver.withdrawn == (waiver.until == 0));
	assert_that(strchr(waiver.reason, '\n') == NULL);
	buf_reset(&again);
	text_escape_string(&again, waiver.reason);
	assert_that(strcmp(again.data, waiver.reason) == 0);
	buf_release(&again);
}

static void check_ref(struct arena *arena, const char *text, size_t length)
{
	struct buf again = BUF_INIT((size_t)1 << 20);
	struct waiver waiver = { .until = 0 };
	char *ref = arena_copy(arena, text, length);
	if (ref == NULL ||
	    waiver_read_ref(ref, &waiver.commit, &waiver.rule, NULL) != 0)
		return;
	if (waiver_write_ref(&waiver, &again, NULL) == 0)
		assert_that(strcmp(again.data, ref) == 0);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)16 << 20);
	if (arena == NULL)
		return 0;
	check_text(arena, (const char *)data, size);
	check_ref(arena, (const char *)data, size);
	arena_free(arena);
	return 0;
}
