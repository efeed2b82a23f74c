/* base/pattern_backtrack.c - patterns by PCRE2, which tries one way after the other.
 *
 * Its own limit of steps begins anew at each character of the text, and a step of it
 * may look at all of the text. So it calls us at each item of the pattern, and each of
 * these calls costs what that item may have cost at most. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "base/pattern_parts.h"

#define HEAP_KIB       8192
#define CALL_STEPS     4  /* of one call */
#define SCANNED_STEP   32 /* bytes that are looked at in a step */
#define MOST_BACKTRACK 0x7fffffffu

struct backtracker {
	pcre2_code *code;
};

struct property {
	pcre2_code *code;
};

struct property_scratch {
	pcre2_match_data *data;
};

struct budget {
	uint64_t steps;
	uint64_t most;
	uint64_t each;
};

static int cannot_compile(const char *text, int number, size_t offset,
			  struct error *err)
{
	PCRE2_UCHAR reason[256] = "";
	/* 120, 186, 202: too large, too complicated. */
	if (number == PCRE2_ERROR_PATTERN_TOO_LARGE || number == 186 || number == 202)
		return error_set(
			err, ERROR_LIMIT,
			"pattern '%.100s' is too large, over the limit %s (%llu): use "
			"smaller or fewer repeats",
			text, limit_name(LIMIT_REGEX_STATES),
			(unsigned long long)limits_default.values[LIMIT_REGEX_STATES]);
	if (number == PCRE2_ERROR_HEAP_FAILED)
		return error_set(err, ERROR_MEMORY,
				 "out of memory for pattern '%.100s'", text);
	pcre2_get_error_message(number, reason, sizeof(reason));
	return error_set(err, ERROR_PATTERN,
			 "pattern '%.100s' is wrong at offset %zu: %s", text, offset,
			 (const char *)reason);
}

/* No JIT: sandboxed processes may not make memory executable. */
int backtracker_new(struct backtracker **out, const char *text, size_t length,
		    struct error *err)
{
	int number = 0;
	PCRE2_SIZE offset = 0;
	struct backtracker *backtracker = calloc(1, sizeof(*backtracker));
	if (backtracker == NULL)
		return error_set(err, ERROR_MEMORY,
				 "out of memory for pattern '%.100s'", text);
	backtracker->code =
		pcre2_compile((PCRE2_SPTR)text, length,
			      PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT,
			      &number, &offset, NULL);
	if (backtracker->code == NULL) {
		free(backtracker);
		return cannot_compile(text, number, offset, err);
	}
	*out = backtracker;
	return 0;
}

void backtracker_free(struct backtracker *backtracker)
{
	if (backtracker == NULL)
		return;
	pcre2_code_free(backtracker->code);
	free(backtracker);
}

size_t backtracker_bytes(const struct backtracker *backtracker)
{
	size_t size = 0;
	pcre2_pattern_info(backtracker->code, PCRE2_INFO_SIZE, &size);
	return size;
}

static int spend(pcre2_callout_block *block, void *data)
{
	struct budget *budget = data;
	(void)block;
	budget->steps += budget->each;
	return budget->steps > budget->most ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static int outcome(int number, struct error *err)
{
	PCRE2_UCHAR reason[256] = "";
	if (number >= 0)
		return 1;
	if (number == PCRE2_ERROR_NOMATCH)
		return 0;
	if (number == PCRE2_ERROR_NOMEMORY)
		return ERROR_MEMORY;
	if (number == PCRE2_ERROR_MATCHLIMIT || number == PCRE2_ERROR_DEPTHLIMIT ||
	    number == PCRE2_ERROR_HEAPLIMIT)
		return ERROR_LIMIT;
	pcre2_get_error_message(number, reason, sizeof(reason));
	return error_set(err, ERROR_PATTERN, "it cannot be applied: %s",
			 (const char *)reason);
}

int backtracker_search(const struct backtracker *backtracker, const char *subject,
		       size_t length, uint64_t most, uint64_t *steps, struct error *err)
{
	struct budget budget = { .most = most,
				 .each = CALL_STEPS + length / SCANNED_STEP };
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	/* One pair of offsets: only whether it matches is asked. */
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int number = PCRE2_ERROR_NOMEMORY;
	if (limits != NULL && data != NULL) {
		pcre2_set_match_limit(limits, MOST_BACKTRACK);
		pcre2_set_depth_limit(limits, MOST_BACKTRACK);
		pcre2_set_heap_limit(limits, HEAP_KIB);
		pcre2_set_callout(limits, spend, &budget);
		number = pcre2_match(backtracker->code, (PCRE2_SPTR)subject, length, 0,
				     PCRE2_NO_UTF_CHECK, data, limits);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	*steps += budget.steps + 1;
	return outcome(number, err);
}

/* --- properties of characters --- */

struct property *property_new(const char *text)
{
	int number;
	PCRE2_SIZE offset;
	struct property *property = calloc(1, sizeof(*property));
	if (property == NULL)
		return NULL;
	property->code =
		pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
			      PCRE2_UTF | PCRE2_ANCHORED, &number, &offset, NULL);
	if (property->code != NULL)
		return property;
	free(property);
	return NULL;
}

void property_free(struct property *property)
{
	if (property == NULL)
		return;
	pcre2_code_free(property->code);
	free(property);
}

static int match_property(const struct property *property, const char *bytes,
			  size_t length, struct property_scratch *scratch)
{
	return pcre2_match(property->code, (PCRE2_SPTR)bytes, length, 0,
			   PCRE2_NO_UTF_CHECK, scratch->data, NULL);
}

/* The first match takes the memory, those that follow have it. */
struct property_scratch *property_scratch_new(const struct property *property)
{
	struct property_scratch *scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return NULL;
	scratch->data = pcre2_match_data_create(1, NULL);
	if (scratch->data != NULL) {
		int number = match_property(property, "a", 1, scratch);
		if (number >= 0 || number == PCRE2_ERROR_NOMATCH)
			return scratch;
	}
	property_scratch_free(scratch);
	return NULL;
}

void property_scratch_free(struct property_scratch *scratch)
{
	if (scratch == NULL)
		return;
	pcre2_match_data_free(scratch->data);
	free(scratch);
}

bool property_has(const struct property *property, const char *bytes, size_t length,
		  struct property_scratch *scratch)
{
	return match_property(property, bytes, length, scratch) >= 0;
}

const char *pattern_library_version(void)
{
	static char version[64];

	pcre2_config(PCRE2_CONFIG_VERSION, version);
	return version;
}
