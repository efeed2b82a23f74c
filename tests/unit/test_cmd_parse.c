/* tests/unit/test_cmd_parse.c - options and operands of subcommands. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "unit.h"

#define WORDS_MAX 10

struct parsed {
	const char *file;
	const char *number;
	bool json;
	bool quiet;
};

static const struct {
	const char *words[WORDS_MAX]; /* behind the command's name */
	int result;                   /* of cmd_parse() */
	struct parsed expected;
	const char *operands[WORDS_MAX];
} rows[] = {
	{ { NULL }, 0, { 0 }, { NULL } },
	{ { "a" }, 0, { 0 }, { "a" } },
	{ { "a", "b", "c" }, 0, { 0 }, { "a", "b", "c" } },
	{ { "--file", "f" }, 0, { .file = "f" }, { NULL } },
	{ { "--file=f" }, 0, { .file = "f" }, { NULL } },
	{ { "--file=" }, 0, { .file = "" }, { NULL } },
	{ { "--file=a=b" }, 0, { .file = "a=b" }, { NULL } },
	{ { "-f", "f" }, 0, { .file = "f" }, { NULL } },
	{ { "--json" }, 0, { .json = true }, { NULL } },
	{ { "-q", "--json" }, 0, { .json = true, .quiet = true }, { NULL } },
	{ { "a", "--json" }, 0, { .json = true }, { "a" } },
	{ { "a", "--file", "f", "b" }, 0, { .file = "f" }, { "a", "b" } },
	{ { "a", "b", "-f", "f", "-q", "c" },
	  0,
	  { .file = "f", .quiet = true },
	  { "a", "b", "c" } },
	{ { "--file", "f", "a", "--number=1", "b", "--json" },
	  0,
	  { .file = "f", .number = "1", .json = true },
	  { "a", "b" } },
	{ { "--file", "f", "--file", "g" }, 0, { .file = "g" }, { NULL } },
	{ { "--", "--json" }, 0, { 0 }, { "--json" } },
	{ { "a", "--", "-q" }, 0, { 0 }, { "a", "-q" } },
	{ { "a", "--json", "--", "--", "b" }, 0, { .json = true }, { "a", "--", "b" } },
	{ { "-" }, 0, { 0 }, { "-" } },
	{ { "" }, 0, { 0 }, { "" } },
	{ { "--file", "--json" }, 0, { .file = "--json" }, { NULL } },
	{ { "--help" }, 1, { 0 }, { NULL } },
	{ { "a", "--help" }, 1, { 0 }, { NULL } },
	{ { "--", "--help" }, 0, { 0 }, { "--help" } },
	{ { "--nothing" }, 3, { 0 }, { NULL } },
	{ { "--jso" }, 3, { 0 }, { NULL } },
	{ { "--jsonn" }, 3, { 0 }, { NULL } },
	{ { "--json=1" }, 3, { 0 }, { NULL } },
	{ { "--file" }, 3, { 0 }, { NULL } },
	{ { "-f" }, 3, { 0 }, { NULL } },
	{ { "-x" }, 3, { 0 }, { NULL } },
	{ { "-qx" }, 3, { 0 }, { NULL } },
	{ { "--=x" }, 3, { 0 }, { NULL } },
	{ { "-\033[31m" }, 3, { 0 }, { NULL } },
};

static int parse(char **words, struct parsed *parsed, int *count, int *operands)
{
	const struct cmd_option options[] = {
		{ "file", 'f', "FILE", "a file", &parsed->file, NULL },
		{ "number", 0, "NUMBER", "a number", &parsed->number, NULL },
		{ "json", 0, NULL, "as JSON", NULL, &parsed->json },
		{ "quiet", 'q', NULL, "no words", NULL, &parsed->quiet },
	};

	*count = 0;
	while (words[*count])
		++*count;
	return cmd_parse(*count, words, "status", options, 4, operands);
}

static void check_row(size_t row)
{
	char copies[WORDS_MAX + 1][32] = { "status" };
	char *words[WORDS_MAX + 2] = { copies[0] };
	struct parsed parsed = { 0 };
	int count, operands = -1;

	for (size_t i = 0; i < WORDS_MAX && rows[row].words[i]; i++) {
		snprintf(copies[i + 1], sizeof(copies[0]), "%s", rows[row].words[i]);
		words[i + 1] = copies[i + 1];
	}
	int result = parse(words, &parsed, &count, &operands);
	ck_assert_msg(result == rows[row].result, "row %zu: %d", row, result);
	if (result != 0)
		return;
	ck_assert_pstr_eq(parsed.file, rows[row].expected.file);
	ck_assert_pstr_eq(parsed.number, rows[row].expected.number);
	ck_assert_int_eq(parsed.json, rows[row].expected.json);
	ck_assert_int_eq(parsed.quiet, rows[row].expected.quiet);
	for (int i = 0; i <= count - operands; i++)
		ck_assert_pstr_eq(words[operands + i], rows[row].operands[i]);
}

START_TEST(options_and_operands_in_any_order)
{
	/* Help and complaints are not what is looked at here. */
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	int out = dup(STDOUT_FILENO);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		check_row(row);
	fflush(stdout);
	ck_assert_int_ge(dup2(out, STDOUT_FILENO), 0);
	close(out);
}
END_TEST

static void complaint(const char *word, char *out, size_t size)
{
	char copies[2][32] = { "status" };
	char *words[] = { copies[0], copies[1], NULL };
	struct parsed parsed = { 0 };
	int pipes[2], count, operands;

	snprintf(copies[1], sizeof(copies[1]), "%s", word);
	ck_assert_int_eq(pipe(pipes), 0);
	int saved = dup(STDERR_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	parse(words, &parsed, &count, &operands);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t got = read(pipes[0], out, size - 1);
	out[got > 0 ? got : 0] = '\0';
	close(pipes[0]);
}

START_TEST(unknown_options_name_the_nearest)
{
	char text[512];

	complaint("--jsno", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "did you mean '--json'?"));
	ck_assert_ptr_nonnull(strstr(text, "try 'gitgate status --help'"));
	complaint("--zzzzzz", text, sizeof(text));
	ck_assert_ptr_null(strstr(text, "did you mean"));
	complaint("--\033[2J", text, sizeof(text));
	ck_assert_ptr_null(strchr(text, '\033'));
}
END_TEST

UNIT_MAIN("cmd_parse", options_and_operands_in_any_order,
	  unknown_options_name_the_nearest)
