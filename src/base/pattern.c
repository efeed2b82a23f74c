/* base/pattern.c - regular expressions by PCRE2, bounded in steps and memory. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <pcre2.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define TEXT_BYTES  16384
#define HEAP_KIB    32768
#define DEPTH_STEPS 10 /* steps that one level of backtracking stands for, at least */
#define FIRST_STEPS 1000
#define MORE_STEPS  10 /* times as many at the next try */

struct pattern {
	pcre2_code *code;
	char text[];
};

/* What a search needs. One is kept for the next search, so that only the first
 * allocates. */
struct matcher {
	pcre2_match_context *limits;
	pcre2_match_data *data;
};

static _Atomic(struct matcher *) spare;

static void matcher_free(struct matcher *matcher)
{
	if (matcher == NULL)
		return;
	pcre2_match_context_free(matcher->limits);
	pcre2_match_data_free(matcher->data);
	free(matcher);
}

static struct matcher *matcher_take(void)
{
	struct matcher *matcher = atomic_exchange(&spare, NULL);
	if (matcher != NULL)
		return matcher;
	matcher = calloc(1, sizeof(*matcher));
	if (matcher == NULL)
		return NULL;
	matcher->limits = pcre2_match_context_create(NULL);
	/* One pair of offsets: only whether it matches is asked. */
	matcher->data = pcre2_match_data_create(1, NULL);
	if (matcher->limits != NULL && matcher->data != NULL)
		return matcher;
	matcher_free(matcher);
	return NULL;
}

static void matcher_give(struct matcher *matcher)
{
	matcher_free(atomic_exchange(&spare, matcher));
}

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
	if (pattern == NULL) {
		pcre2_code_free(code);
		return error_set(err, ERROR_MEMORY, "out of memory for pattern '%s'",
				 text);
	}
	pattern->code = code;
	memcpy(pattern->text, text, size);
	*out = pattern;
	return 0;
}

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
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

static int try_search(const struct pattern *pattern, const char *subject, size_t length,
		      struct matcher *matcher, uint32_t steps)
{
	pcre2_set_match_limit(matcher->limits, steps);
	pcre2_set_depth_limit(matcher->limits, steps / DEPTH_STEPS);
	pcre2_set_heap_limit(matcher->limits, HEAP_KIB);
	return pcre2_match(pattern->code, (PCRE2_SPTR)(length == 0 ? "" : subject),
			   length, 0, 0, matcher->data, matcher->limits);
}

int pattern_search_counted(const struct pattern *pattern, const char *subject,
			   size_t length, uint64_t *steps, struct error *err)
{
	uint64_t most = limits_default.values[LIMIT_REGEX_STEPS];
	struct matcher *matcher = matcher_take();
	if (matcher == NULL)
		return search_failed(pattern, PCRE2_ERROR_NOMEMORY, err);
	int number;
	uint64_t allowed = FIRST_STEPS;
	/* PCRE2 does not say how many steps it took: they are found by bounds. */
	for (;;) {
		allowed = allowed < most ? allowed : most;
		number = try_search(pattern, subject, length, matcher,
				    (uint32_t)allowed);
		bool more = number == PCRE2_ERROR_MATCHLIMIT ||
			    number == PCRE2_ERROR_DEPTHLIMIT;
		if (!more || allowed == most)
			break;
		*steps += allowed;
		allowed *= MORE_STEPS;
	}
	/* What a search that failed took is not worth keeping. */
	if (number >= 0 || number == PCRE2_ERROR_NOMATCH)
		matcher_give(matcher);
	else
		matcher_free(matcher);
	*steps += allowed == FIRST_STEPS ? 1 : allowed / 2;
	if (number >= 0)
		return 1;
	return number == PCRE2_ERROR_NOMATCH ? 0 : search_failed(pattern, number, err);
}

int pattern_search(const struct pattern *pattern, const char *subject, size_t length,
		   struct error *err)
{
	uint64_t steps = 0;
	return pattern_search_counted(pattern, subject, length, &steps, err);
}

const char *pattern_library_version(void)
{
	static char version[64];

	pcre2_config(PCRE2_CONFIG_VERSION, version);
	return version;
}
