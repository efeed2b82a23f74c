/* tests/unit/test_doc_may_say.c - words in text that was not read yet: whatever way the
 * readers take a word from, it may be there. */
#include <stdio.h>

#include "base/buf.h"
#include "doc_try.h"
#include "hostile.h"

#define WORD  "CustomResourceDefinition"
#define SPELT 3000

static const struct {
	const char *text;
	bool may;
} texts[] = {
	{ "kind: CustomResourceDefinition", true },
	{ "kind: 'CustomResourceDefinition'", true },
	{ "kind: >-\n  CustomResourceDefinition\n", true },
	{ "a: &a CustomResourceDefinition\nkind: *a\n", true },
	{ "kind: \"\\x43ustomResourceDefinition\"", true },
	{ "kind: \"Custom\\x52esourceDefinition\"", true },
	{ "kind: \"Custom\\u0052esourceDefinition\"", true },
	{ "kind: \"Custom\\U00000052esourceDefinition\"", true },
	{ "kind: \"CustomResourceDefinitio\\u006E\"", true },
	{ "kind: \"CustomResourceDefinitio\\u006e\"", true },
	{ "kind: \"Custom\\\n  ResourceDefinition\"", true },
	{ "kind: \"Custom\\\r\n  ResourceDefinition\"", true },
	{ "kind: \"C\\x75stom\\\nResource\\u0044efinition\"", true },
	{ "", false },
	{ "kind: ConfigMap", false },
	{ "\\", false },
	{ "C\\", false },
	{ "C\\u", false },
	{ "C\\u007", false },
	{ "C\\u0075", true },
	{ "C\\x75", true },
	{ "C\\x7", false },
	{ "C\\U0000007", false },
	{ "C\\u0175", false },
	{ "pattern: ^\\d+\\.\\w+$", false },
	{ "text: \"\\u001b[1m\\x1b[0m\\x41\"", false },
	{ "run: |\n  make all \\\n    install\\\n    check\n", false },
	{ "path: C:\\users\\x", false },
};

START_TEST(a_word_is_seen_as_it_is_and_with_escapes)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		/* Nothing behind its end is read: sanitizers look. */
		size_t length = strlen(texts[i].text);
		char *text = malloc(length + 1);
		memcpy(text, texts[i].text, length);
		char *exact = realloc(text, length > 0 ? length : 1);
		ck_assert_msg(doc_may_say(exact, length, WORD) == texts[i].may, "%s",
			      texts[i].text);
		free(exact);
	}
	ck_assert(doc_may_say("a", 1, "It's"));
	ck_assert(doc_may_say("a", 1, "Two Words"));
}
END_TEST

static unsigned int next(void)
{
	static uint64_t state = 5;
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned int)(state >> 33);
}

/* One of the ways of YAML (or of those that JSON has, too) to write the word. */
static void spell(struct buf *out, bool json)
{
	static const char *const breaks[] = { "\\\n   ", "\\\r\n    ",
					      "\\\n   \\\n    " };
	unsigned int rare = 1 + next() % 30;
	for (const char *at = WORD; *at != '\0'; at++) {
		if (!json && next() % (2 * rare) == 0)
			buf_add_string(out, breaks[next() % 3]);
		char shown[16];
		unsigned int width = json ? 4 : 2u << next() % 3;
		snprintf(shown, sizeof(shown), next() % 2 ? "\\%c%0*x" : "\\%c%0*X",
			 width == 2   ? 'x'
			 : width == 4 ? 'u'
				      : 'U',
			 (int)width, (unsigned int)*at);
		if (next() % rare == 0)
			buf_add_string(out, shown);
		else
			buf_add_byte(out, (unsigned char)*at);
	}
}

START_TEST(whatever_the_readers_take_for_the_word_is_seen)
{
	unsigned int escaped = 0;
	for (unsigned int i = 0; i < SPELT; i++) {
		struct buf text = BUF_INIT(1u << 16);
		bool json = i % 3 == 0;
		buf_add_string(&text, json ? "{\"kind\": \"" : "  kind: \"");
		spell(&text, json);
		buf_add_string(&text, json ? "\"}" : "\"\n");
		struct try try =
			try_bytes(json ? DOC_JSON : DOC_YAML, text.data, text.length);
		ck_assert_msg(try.root != NULL, "%s: %s", text.data,
			      try.problem.message);
		ck_assert_str_eq(node_text(node_get(try.root, "kind"), NULL), WORD);
		ck_assert_msg(doc_may_say(text.data, text.length, WORD), "%s",
			      text.data);
		escaped += strstr(text.data, WORD) == NULL;
		try_end(&try);
		buf_release(&text);
	}
	ck_assert_uint_gt(escaped, SPELT / 2);
}
END_TEST

START_TEST(a_text_of_backslashes_is_seen_through_soon)
{
	static const char *const lines[] = { "    \\\n", "aaaa\\\n", "\\x61\\u0061" };
	char word[64];
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 2] = 'b';
	word[sizeof(word) - 1] = '\0';
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf text = BUF_INIT((size_t)8 << 20);
		repeat(&text, lines[i], ((size_t)4 << 20) / strlen(lines[i]));
		double start = milliseconds();
		bool may = doc_may_say(text.data, text.length, word);
		double took = milliseconds() - start;
		ck_assert_int_eq(may, i > 0);
		ck_assert_msg(in_time(took, 100), "%zu: %.0f ms", i, took);
		buf_release(&text);
	}
}
END_TEST

UNIT_MAIN("doc_may_say", a_word_is_seen_as_it_is_and_with_escapes,
	  whatever_the_readers_take_for_the_word_is_seen,
	  a_text_of_backslashes_is_seen_through_soon)
