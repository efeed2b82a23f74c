/* tests/unit/test_model_change.c - kinds of changes; ref names, with git as oracle. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "base/spawn.h"
#include "base/text.h"
#include "model/change.h"

START_TEST(the_ids_tell_the_kind)
{
	static const struct oid id = { .length = 20, .bytes = { 1 } };
	static const struct oid null = { .length = 20 };
	static const struct oid none = OID_INIT;
	const struct {
		struct oid old_id;
		struct oid new_id;
		enum change_kind kind;
		const char *name;
	} cases[] = {
		{ id, id, CHANGE_UPDATE, "update" },
		{ null, id, CHANGE_CREATE, "create" },
		{ none, id, CHANGE_CREATE, "create" },
		{ id, null, CHANGE_DELETE, "delete" },
		{ null, null, CHANGE_UNKNOWN, "unknown" },
		{ none, none, CHANGE_UNKNOWN, "unknown" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct change change = { .old_id = cases[i].old_id,
					 .new_id = cases[i].new_id };
		ck_assert_int_eq(change_kind(&change), cases[i].kind);
		ck_assert_str_eq(change_kind_name(cases[i].kind), cases[i].name);
	}
}
END_TEST

START_TEST(good_ref_names_pass)
{
	static const char *const names[] = {
		"refs/heads/main",       "refs/tags/v1.0",  "refs/heads/a/b/c",
		"refs/heads/f\xc3\xbcr", "refs/stash",      "refs/heads/@",
		"refs/heads/a@b",        "refs/heads/a-b",  "refs/heads/lock",
		"refs/heads/{x}",        "refs/heads/%41'", "refs/heads/a.b",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(ref_check(names[i], NULL) == 0, "%s", names[i]);
}
END_TEST

START_TEST(bad_ref_names_are_refused_with_their_reason)
{
	static const struct {
		const char *name;
		const char *reason;
	} cases[] = {
		{ "", "begin with 'refs/'" },
		{ "HEAD", "begin with 'refs/'" },
		{ "heads/main", "begin with 'refs/'" },
		{ "refs", "begin with 'refs/'" },
		{ "refs/", "empty component" },
		{ "refs//main", "empty component" },
		{ "refs/heads/", "empty component" },
		{ "refs/heads/.a", "begins with '.'" },
		{ "refs/.heads/a", "begins with '.'" },
		{ "refs/heads/-a", "begins with '-'" },
		{ "refs/heads/a.lock", "ends with '.lock'" },
		{ "refs/heads/a.lock/b", "ends with '.lock'" },
		{ "refs/heads/a..b", "holds '..'" },
		{ "refs/heads/a.", "ends with '.'" },
		{ "refs/heads/a@{b", "holds '@{'" },
		{ "refs/heads/a b", "git forbids" },
		{ "refs/heads/a~b", "git forbids" },
		{ "refs/heads/a^b", "git forbids" },
		{ "refs/heads/a:b", "git forbids" },
		{ "refs/heads/a?b", "git forbids" },
		{ "refs/heads/a*b", "git forbids" },
		{ "refs/heads/a[b", "git forbids" },
		{ "refs/heads/a\\b", "git forbids" },
		{ "refs/heads/a\nb", "cannot be shown" },
		{ "refs/heads/a\x7f", "cannot be shown" },
		{ "refs/heads/a\xe2\x80\xae", "cannot be shown" },
		{ "refs/heads/a\xff", "not UTF-8" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		ck_assert_int_eq(ref_check(cases[i].name, &err), ERROR_UNSAFE_PATH);
		ck_assert_msg(strstr(err.text, cases[i].reason) != NULL, "%s: %s",
			      cases[i].name, err.text);
	}
}
END_TEST

START_TEST(a_ref_name_has_at_most_255_bytes)
{
	char name[257];
	memset(name, 'a', sizeof(name));
	memcpy(name, "refs/heads/", 11);
	name[255] = '\0';
	ck_assert_int_eq(ref_check(name, NULL), 0);
	name[255] = 'a';
	name[256] = '\0';
	ck_assert_int_eq(ref_check(name, NULL), ERROR_UNSAFE_PATH);
}
END_TEST

static bool git_accepts(const char *name)
{
	const char *const arguments[] = { "git", "check-ref-format", name, NULL };
	const struct spawn spawn = { .arguments = arguments };
	struct spawn_result result = { 0 };
	ck_assert_int_eq(spawn_run(&spawn, &result, NULL), 0);
	bool accepted = result.status == 0;
	spawn_result_release(&result);
	return accepted;
}

/* What we refuse beyond git: other roots, too long, not to be shown, '-' first. */
static bool is_narrower(const char *name)
{
	size_t length = strlen(name);
	if (!text_starts_with(name, "refs/") || length > 255 ||
	    strstr(name, "/-") != NULL)
		return true;
	for (size_t i = 0; i < length;) {
		uint32_t code_point;
		size_t bytes = text_utf8_next(name + i, length - i, &code_point);
		if (bytes == 0 || !text_is_shown(code_point))
			return true;
		i += bytes;
	}
	return false;
}

static void generate(char *name, size_t size)
{
	static const char *const pieces[] = {
		"a",      "main",     "/",
		".",      "..",       "//",
		"@",      "{",        "@{",
		"~",      "^",        ":",
		"?",      "*",        "[",
		"\\",     " ",        "-",
		"/-",     ".lock",    "lock",
		".lock/", "\x01",     "\x7f",
		"\xff",   "\xc3\xbc", "\xe2\x80\xae",
		"x",      "/b",       "]",
	};
	const size_t count = sizeof(pieces) / sizeof(pieces[0]);
	size_t length = (size_t)snprintf(name, size, "%s",
					 random_below(8) == 0 ? "" : "refs/heads/");
	for (uint64_t left = 1 + random_below(6); left > 0; left--) {
		/* Mostly harmless pieces, so that many names are accepted. */
		const char *piece = random_below(3) != 0 ? pieces[random_below(2)]
							 : pieces[random_below(count)];
		length += (size_t)snprintf(name + length, size - length, "%s", piece);
	}
}

START_TEST(git_accepts_what_we_accept_and_we_say_why_not)
{
	size_t accepted = 0;
	random_seed_for_tests(7);
	for (int i = 0; i < 400; i++) {
		char name[128];
		generate(name, sizeof(name));
		bool ours = ref_check(name, NULL) == 0;
		bool gits = git_accepts(name);
		accepted += ours;
		ck_assert_msg(!ours || gits, "we accept '%s', git does not", name);
		ck_assert_msg(ours || !gits || is_narrower(name),
			      "git accepts '%s', we do not", name);
	}
	ck_assert_uint_gt(accepted, 50);
	ck_assert_uint_lt(accepted, 350);
}
END_TEST

UNIT_MAIN("model change", the_ids_tell_the_kind, good_ref_names_pass,
	  bad_ref_names_are_refused_with_their_reason, a_ref_name_has_at_most_255_bytes,
	  git_accepts_what_we_accept_and_we_say_why_not)
