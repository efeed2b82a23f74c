/* base/pattern.c - regular expressions by PCRE2, bounded in steps and memory. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define TEXT_BYTES  16384
#define HEAP_KIB    32768
#define DEPTH_STEPS 10 /* steps that one level of backtracking stands for, at least */

struct pattern {
	pcre2_code *code;
	pcre2_match_context *limits;
	char text[];
};

/* No JIT: sandboxed processes may not make memory executable. */
static pcre2_code *compile(const char *text, struct error *err)
{
	int number = 0;
	PCRE2_SIZE offset = 0;
	size_t length = strnlen(text, TEXT_BYTES + 1);
	if (length > TEXT_BYTES) {
		error_set(err, ERROR_PATTERN,
			  "a pattern is longer than %d bytes, from offset %d on",
			  TEXT_BYTES, TEXT_BYTES);
		return NULL;
	}
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, length,
					 PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &number,
					 &offset, NULL);
	if (code == NULL) {
		PCRE2_UCHAR reason[256] = "";
		pcre2_get_error_message(number, reason, sizeof(reason));
		error_set(err, ERROR_PATTERN, "pattern '%s' is wrong at offset %zu: %s",
			  text, (size_t)offset, (const char *)reason);
	}
	return code;
}

int pattern_new(struct pattern **out, const char *text, struct error *err)
{
	pcre2_code *code = compile(text, err);
	if (code == NULL)
		return ERROR_PATTERN;
	size_t size = strlen(text) + 1;
	struct pattern *pattern = calloc(1, sizeof(*pattern) + size);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	if (pattern == NULL || limits == NULL) {
		free(pattern);
		pcre2_match_context_free(limits);
		pcre2_code_free(code);
		return error_set(err, ERROR_MEMORY, "out of memory for pattern '%s'",
				 text);
	}
	uint32_t steps = (uint32_t)limits_default.values[LIMIT_REGEX_STEPS];
	pcre2_set_match_limit(limits, steps);
	pcre2_set_depth_limit(limits, steps / DEPTH_STEPS);
	pcre2_set_heap_limit(limits, HEAP_KIB);
	pattern->code = code;
	pattern->limits = limits;
	memcpy(pattern->text, text, size);
	*out = pattern;
	return 0;
}

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_match_context_free(pattern->limits);
	pcre2_code_free(pattern->code);
	free(pattern);
}

const char *pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

static int search_failed(const struct pattern *pattern, int number, struct error *err)
{
	if (number == PCRE2_ERROR_NOMEMORY)
		return error_set(err, ERROR_MEMORY, "out of memory for pattern '%s'",
				 pattern->text);
	if (number == PCRE2_ERROR_MATCHLIMIT || number == PCRE2_ERROR_DEPTHLIMIT ||
	    number == PCRE2_ERROR_HEAPLIMIT)
		return error_set(
			err, ERROR_PATTERN,
			"pattern '%s' took too many steps, over the limit %s "
			"(%llu); make it simpler",
			pattern->text, limit_name(LIMIT_REGEX_STEPS),
			(unsigned long long)limits_default.values[LIMIT_REGEX_STEPS]);
	PCRE2_UCHAR reason[256] = "";
	pcre2_get_error_message(number, reason, sizeof(reason));
	return error_set(err, ERROR_PATTERN, "pattern '%s' cannot be applied: %s",
			 pattern->text, (const char *)reason);
}

int pattern_search(const struct pattern *pattern, const char *subject, size_t length,
		   struct error *err)
{
	/* One pair of offsets: only whether it matches is asked. */
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	if (match == NULL)
		return search_failed(pattern, PCRE2_ERROR_NOMEMORY, err);
	int number =
		pcre2_match(pattern->code, (PCRE2_SPTR)(length == 0 ? "" : subject),
			    length, 0, 0, match, pattern->limits);
	pcre2_match_data_free(match);
	if (number >= 0)
		return 1;
	return number == PCRE2_ERROR_NOMATCH ? 0 : search_failed(pattern, number, err);
}

const char *pattern_library_version(void)
{
	static char version[64];

	pcre2_config(PCRE2_CONFIG_VERSION, version);
	return version;
}
