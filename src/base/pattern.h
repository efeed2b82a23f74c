/* base/pattern.h - regular expressions, and path globs.
 *
 * The language is PCRE2's, in UTF-8. What a finite automaton can do, lookarounds too,
 * is searched in a time that is linear in the text; the rest - backreferences,
 * possessive and atomic groups, recursion, flags beyond i, m and s - PCRE2 searches,
 * and soon comes to the limit with long texts. Patterns are immutable: any thread may
 * search. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct pattern;

/* ERROR_PATTERN with the offset in the text, ERROR_LIMIT (regex.bytes, regex.states).
 * Free with pattern_free(). */
int pattern_new(struct pattern **out, const char *text, struct error *err);
void pattern_free(struct pattern *pattern);
const char *pattern_text(const struct pattern *pattern);
/* How large it is: for who bounds many together. */
size_t pattern_states(const struct pattern *pattern);
/* 1 found somewhere in the subject, 0 not, ERROR_LIMIT (regex.steps), ERROR_PATTERN
 * (the subject is not UTF-8), ERROR_MEMORY. */
int pattern_search(const struct pattern *pattern, const char *subject, size_t length,
		   struct error *err);
/* The same; *steps grows by about the steps that it took, for who bounds many searches
 * together. */
int pattern_search_counted(const struct pattern *pattern, const char *subject,
			   size_t length, uint64_t *steps, struct error *err);

/* Globs over '/'-separated paths: '*' and '?' stay within a component, "**" spans
 * components ("a/" then two stars then "/b" matches a/b too), [abc] [a-z] [!a] classes,
 * '\' escapes; a glob without '/' matches the last component. Linear in practice: at
 * most one backtrack point a star. Full ref names are matched with the same function.
 */
bool glob_match(const char *glob, const char *path);
/* 0, or ERROR_PATTERN: empty, unclosed class, trailing backslash. */
int glob_check(const char *glob, struct error *err);

const char *pattern_library_version(void); /* of PCRE2: "10.42 2022-12-11" */

#endif
