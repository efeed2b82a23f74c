/* tests/fuzz/fuzz_pattern.c - a pattern on the first line, behind it a text. Ours must
 * find what PCRE2 finds, refuse what it refuses, and end soon. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "doc/schema_pattern.h"
#include "doc_walk.h"

#define SECONDS      5 /* under sanitizers, on a slow machine; else 50 ms */
#define ORACLE_STEPS 20000
#define CALL_STEPS   1000000 /* what one call of PCRE2's may add at the end */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What PCRE2 is known to do otherwise: a group that is there no times ("(^a){0}b")
 * anchors it, and it looks back by fixed lengths only. */
static bool is_known(const char *pattern)
{
	return strstr(pattern, "{0") != NULL || strstr(pattern, "(?<=") != NULL ||
	       strstr(pattern, "(?<!") != NULL;
}

/* 1, 0, or -1: it does not say; -2: it refuses the pattern. */
static int ask_oracle(const char *pattern, const char *text, size_t length)
{
	int number;
	PCRE2_SIZE offset;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern),
					 PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &number,
					 &offset, NULL);
	if (code == NULL)
		return number == PCRE2_ERROR_PATTERN_TOO_LARGE ? -1 : -2;
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	doc_promise(limits != NULL && match != NULL);
	pcre2_set_match_limit(limits, ORACLE_STEPS);
	number = pcre2_match(code, (PCRE2_SPTR)text, length, 0, 0, match, limits);
	pcre2_match_data_free(match);
	pcre2_match_context_free(limits);
	pcre2_code_free(code);
	return number >= 0 ? 1 : number == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

static void search(const char *text, const char *subject, size_t length)
{
	struct pattern *pattern = NULL;
	struct error err = ERROR_INIT;
	uint64_t steps = 0;
	int status = pattern_new(&pattern, text, &err);
	int wanted = length < 1000 && !is_known(text)
			     ? ask_oracle(text, subject, length)
			     : -1;
	doc_promise((status == 0) == (pattern != NULL) && err.code == status);
	if (wanted >= 0)
		doc_promise(status == 0 || status == ERROR_LIMIT);
	if (wanted == -2)
		doc_promise(status != 0);
	if (status != 0)
		return;
	for (int i = 0; i < 2; i++) {
		int found =
			pattern_search_counted(pattern, subject, length, &steps, &err);
		doc_promise(found == 0 || found == 1 || found == ERROR_LIMIT ||
			    found == ERROR_PATTERN);
		doc_promise(found >= 0 || err.code == found);
		doc_promise(steps <= (uint64_t)(i + 1) *
					     (limits_default.values[LIMIT_REGEX_STEPS] +
					      CALL_STEPS));
		if (wanted >= 0 && found >= 0)
			doc_promise(found == wanted);
	}
	pattern_free(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct timespec start;
	struct timespec end;
	const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
	size_t length = line == NULL ? size : (size_t)(line - data);
	char *pattern = calloc(1, length + 1);
	doc_promise(pattern != NULL);
	if (length > 0)
		memcpy(pattern, data, length);
	size_t behind = line == NULL ? length : length + 1;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	search(pattern, (const char *)data + behind, size - behind);
	struct pattern *translated = NULL;
	schema_pattern_new(&translated, pattern, length,
			   (enum pattern_flavour)(size % 3), NULL);
	pattern_free(translated);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	doc_promise(end.tv_sec - start.tv_sec <= SECONDS);
	free(pattern);
	return 0;
}
