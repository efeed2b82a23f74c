/* Regular expressions and globs. */
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "unit.h"

START_TEST(patterns_search_anywhere)
{
	static const struct {
		const char *pattern;
		const char *subject;
		int found;
	} cases[] = {
		{ "b+", "aabbc", 1 },
		{ "^b", "aabbc", 0 },
		{ "^$", "", 1 },
		{ "^.$", "\xe2\x82\xac", 1 },
		{ "(?i)FIX(es)?: #(\\d+)", "this fixes: #12", 1 },
		{ "\\p{Lu}", "\xc3\x9c", 1 },
		{ "(a)(b)(c)(d)\\4", "abcdd", 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pattern *pattern;
		ck_assert_int_eq(pattern_new(&pattern, cases[i].pattern, NULL), 0);
		ck_assert_str_eq(pattern_text(pattern), cases[i].pattern);
		int found = pattern_search(pattern, cases[i].subject,
					   strlen(cases[i].subject), NULL);
		ck_assert_msg(found == cases[i].found, "%s", cases[i].pattern);
		pattern_free(pattern);
	}
	pattern_free(NULL);
}
END_TEST

START_TEST(wrong_patterns_say_where)
{
	static const struct {
		const char *pattern;
		const char *said;
	} cases[] = {
		{ "a(b", "offset 3" },  { "a[b", "offset 3" },  { "*", "offset 0" },
		{ "a\\C", "offset 3" }, { "\xff", "offset 0" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pattern *pattern = NULL;
		struct error err = ERROR_INIT;
		ck_assert_int_eq(pattern_new(&pattern, cases[i].pattern, &err),
				 ERROR_PATTERN);
		ck_assert_ptr_null(pattern);
		ck_assert_msg(strstr(err.text, cases[i].said) != NULL, "%s", err.text);
	}
	char longer[20000];
	struct pattern *pattern;
	struct error err = ERROR_INIT;
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(pattern_new(&pattern, longer, &err), ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "regex.bytes (16384)"));
}
END_TEST

START_TEST(steps_are_limited)
{
	char subject[3000];
	struct pattern *pattern;
	struct error err = ERROR_INIT;
	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = '!';
	/* Those that need no backtracking answer. */
	ck_assert_int_eq(pattern_new(&pattern, "(a|aa)+$", NULL), 0);
	ck_assert_int_eq(pattern_search(pattern, subject, sizeof(subject), &err), 0);
	pattern_free(pattern);
	ck_assert_int_eq(pattern_new(&pattern, "(a|aa)+\\1[bc]$", NULL), 0);
	ck_assert_int_eq(pattern_search(pattern, subject, sizeof(subject), &err),
			 ERROR_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "regex.steps (1000000)"));
	pattern_free(pattern);
	/* A pattern cannot lift the limit. */
	ck_assert_int_eq(
		pattern_new(&pattern, "(*LIMIT_MATCH=4000000000)(a|aa)+\\1[bc]$", NULL),
		0);
	ck_assert_int_eq(pattern_search(pattern, subject, sizeof(subject), NULL),
			 ERROR_LIMIT);
	pattern_free(pattern);
}
END_TEST

START_TEST(subjects_must_be_utf8)
{
	struct pattern *pattern;
	ck_assert_int_eq(pattern_new(&pattern, "a", NULL), 0);
	ck_assert_int_eq(pattern_search(pattern, "a\xff", 2, NULL), ERROR_PATTERN);
	ck_assert_int_eq(pattern_search(pattern, "\0a", 2, NULL), 1);
	ck_assert_int_eq(pattern_search(pattern, NULL, 0, NULL), 0);
	pattern_free(pattern);
}
END_TEST

static const struct {
	const char *glob;
	const char *path;
	bool matches;
} globs[] = {
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a/b", "a/b", true },
	{ "a/b", "x/a/b", false },
	{ "*.yaml", "a.yaml", true },
	{ "*.yaml", "x/y/a.yaml", true },
	{ "*.yaml", "a.yaml.txt", false },
	{ "main", "refs/heads/main", true },
	{ "refs/heads/*", "refs/heads/main", true },
	{ "refs/heads/*", "refs/heads/a/b", false },
	{ "refs/heads/*", "refs/heads/", true },
	{ "refs/heads/**", "refs/heads/a/b", true },
	{ "refs/heads/**", "refs/heads", false },
	{ "a/**/b", "a/b", true },
	{ "a/**/b", "a/x/b", true },
	{ "a/**/b", "a/x/y/b", true },
	{ "a/**/b", "a/xb", false },
	{ "a/**/b", "ab", false },
	{ "a/**/b", "a/x/b/c", false },
	{ "**/b", "b", true },
	{ "**/b", "x/y/b", true },
	{ "**/b", "xb", false },
	{ "**", "a/b/c", true },
	{ "a/**", "a/b", true },
	{ "a/**", "ab", false },
	{ "a/**x/b", "a/y/zx/b", true },
	{ "**/x*/**/y", "a/xb/c/d/y", true },
	{ "**/x*/**/y", "a/b/c/d/y", false },
	{ "**/*.tf/**/z", "a/b.tf/z", true },
	{ "a/*b*/c", "a/xbyb/c", true },
	{ "a/*b*/c", "a/xy/c", false },
	{ "a*a*a", "aaaaab", false },
	{ "a*b/*c", "axb/yc", true },
	{ "a*b/*c", "ax/yc", false },
	{ "a?c", "abc", true },
	{ "a?c/x", "a/c/x", false },
	{ "?", "\xe2\x82\xac", true },
	{ "**\?\?", "\xe2\x82\xac", false },
	{ "[abc]x", "bx", true },
	{ "[!abc]x", "bx", false },
	{ "[!abc]x", "dx", true },
	{ "[a-c]x", "bx", true },
	{ "[a-c]x", "dx", false },
	{ "[]a]", "]", true },
	{ "[a-]", "-", true },
	{ "[\\]]", "]", true },
	{ "[\xc3\xa0-\xc3\xbf]", "\xc3\xbc", true },
	{ "a[!x]b/c", "a/b/c", false },
	{ "a[b/]c/d", "a/c/d", false },
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "\\a", "a", true },
	{ "[a", "a", false },
	{ "a", "", false },
	{ "*", "", true },
	{ "", "", true },
	{ "", "a", false },
};

START_TEST(globs_match_paths)
{
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		ck_assert_msg(glob_match(globs[i].glob, globs[i].path) ==
				      globs[i].matches,
			      "'%s' and '%s'", globs[i].glob, globs[i].path);
}
END_TEST

/* The definition of a glob, by trying everything: what the fast matcher must agree with
 * for '*', "**" and letters. */
static bool match_slowly(const char *glob, const char *path, bool at_start)
{
	if (glob[0] == '\0')
		return path[0] == '\0';
	if (glob[0] == '*' && glob[1] == '*' && glob[2] == '/' && at_start) {
		if (match_slowly(glob + 3, path, true))
			return true;
		const char *slash = strchr(path, '/');
		return slash != NULL && match_slowly(glob, slash + 1, true);
	}
	if (glob[0] == '*' && glob[1] == '*')
		return match_slowly(glob + 2, path, false) ||
		       (path[0] != '\0' && match_slowly(glob, path + 1, false));
	if (glob[0] == '*')
		return match_slowly(glob + 1, path, false) ||
		       (path[0] != '\0' && path[0] != '/' &&
			match_slowly(glob, path + 1, false));
	return path[0] == glob[0] && match_slowly(glob + 1, path + 1, glob[0] == '/');
}

/* The number in base `base`, written with the given letters. */
static void spell(unsigned int number, const char *letters, char *out)
{
	size_t base = strlen(letters);
	size_t length = 0;
	for (; number > 0; number = (unsigned int)((number - 1) / base))
		out[length++] = letters[(number - 1) % base];
	out[length] = '\0';
}

START_TEST(fast_matching_agrees_with_the_definition)
{
	static const char *const parts[] = { "a", "b", "/", "*", "**", "**/" };
	const unsigned int count = 6, most = 6 * 6 * 6 * 6 * 6;
	for (unsigned int number = 0; number < most; number++) {
		char glob[40] = "/";
		size_t length = 1;
		for (unsigned int left = number; left > 0; left /= count) {
			const char *part = parts[left % count];
			/* Three stars in a row have no meaning of their own. */
			if (part[0] == '*' && glob[length - 1] == '*')
				part = "b";
			memcpy(glob + length, part, strlen(part) + 1);
			length += strlen(part);
		}
		for (unsigned int other = 0; other < 364; other++) {
			char path[20] = "/";
			spell(other, "a/b", path + 1);
			bool expected = match_slowly(glob, path, true);
			ck_assert_msg(glob_match(glob, path) == expected,
				      "'%s' and '%s'", glob, path);
		}
	}
}
END_TEST

START_TEST(hostile_globs_are_fast)
{
	char glob[2001], path[5001];
	for (size_t i = 0; i < 2000; i += 2)
		memcpy(glob + i, "*a", 2);
	memset(path, 'a', 5000);
	glob[2000] = '\0';
	path[5000] = '\0';
	ck_assert(glob_match(glob, path));
	path[4999] = 'b';
	ck_assert(!glob_match(glob, path));
	for (size_t i = 0; i + 5 <= 2000; i += 5)
		memcpy(glob + i, "**a/b", 5);
	ck_assert(!glob_match(glob, path));
}
END_TEST

START_TEST(wrong_globs_are_refused)
{
	static const char *const bad[] = { "",   "a\\", "[a",   "a/[",
					   "[!", "[]",  "[a\\", "\xff" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		ck_assert_msg(glob_check(bad[i], &err) == ERROR_PATTERN, "%s", bad[i]);
		ck_assert_int_eq(err.code, ERROR_PATTERN);
	}
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
		bool wrong =
			globs[i].glob[0] == '\0' || strcmp(globs[i].glob, "[a") == 0;
		ck_assert_int_eq(glob_check(globs[i].glob, NULL),
				 wrong ? ERROR_PATTERN : 0);
	}
}
END_TEST

UNIT_MAIN("base_pattern", patterns_search_anywhere, wrong_patterns_say_where,
	  steps_are_limited, subjects_must_be_utf8, globs_match_paths,
	  fast_matching_agrees_with_the_definition, hostile_globs_are_fast,
	  wrong_globs_are_refused)
