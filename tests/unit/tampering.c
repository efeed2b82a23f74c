/* tests/unit/tampering.c - rows of tampering, and the branches in which they ended. */
#include "tampering.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* Where each code was given first: helpers that say it to the user come later. */
static struct {
	const char *file;
	int line;
} branches[ERROR_ROW_COUNT];

static const char *row_object;
static const char *row_name;
static bool twin_accepted;

static void hear(const char *file, int line, int code)
{
	if (branches[-code].file != NULL)
		return;
	branches[-code].file = file;
	branches[-code].line = line;
}

void tampering_begin(const char *object, const char *name)
{
	error_witness_for_tests(NULL);
	row_object = object;
	row_name = name;
	twin_accepted = false;
}

void tampering_twin(int code)
{
	ck_assert_msg(code == 0, "twin of '%s': %s", row_name, error_name(code));
	twin_accepted = true;
	memset(branches, 0, sizeof(branches));
	error_witness_for_tests(hear);
}

/* Not by stdio: what it buffers would be written again by every child. */
void tampering_refused(int code, int expected, bool variant)
{
	error_witness_for_tests(NULL);
	ck_assert_msg(twin_accepted, "'%s' has no genuine twin", row_name);
	ck_assert_msg(code == expected, "'%s': %s, not %s", row_name, error_name(code),
		      error_name(expected));
	ck_assert_msg(code < 0 && branches[-code].file != NULL,
		      "'%s': nobody gave the code %s", row_name, error_name(code));
	dprintf(STDOUT_FILENO, "# %s|%s|%s|%s:%d|%s\n", variant ? "variant" : "kind",
		row_object, error_name(code), branches[-code].file,
		branches[-code].line, row_name);
	twin_accepted = false;
}

void tampering_genuine(const char *object, const char *name, int code)
{
	ck_assert_msg(code == 0, "'%s': %s", name, error_name(code));
	dprintf(STDOUT_FILENO, "# genuine|%s|%s\n", object, name);
}
