/* base/error.c - errors as values: setting, wrapping and looking up their facts. */
#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define NAME_BYTES 48

struct fact {
	const char *identifier; /* "STORE_NEWER" */
	int http_status;
	int exit_code;
	bool retryable;
	const char *meaning;
};

static const struct fact facts[ERROR_ROW_COUNT] = {
	[ERROR_ROW_NONE] = { "NONE", 200, 0, false, "no error" },
#define ERROR(name, http, exit, retry, text)                                           \
	[ERROR_ROW_##name] = { #name, http, exit, retry, text },
#include "base/errors.def"
#undef ERROR
};

static char names[ERROR_ROW_COUNT][NAME_BYTES];
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static void make_names(void)
{
	for (int row = 0; row < ERROR_ROW_COUNT; row++) {
		const char *from = facts[row].identifier;
		size_t i = 0;
		for (; from[i] != '\0' && i + 1 < NAME_BYTES; i++) {
			if (from[i] == '_')
				names[row][i] = '-';
			else if (from[i] >= 'A' && from[i] <= 'Z')
				names[row][i] = (char)(from[i] - 'A' + 'a');
			else
				names[row][i] = from[i];
		}
		names[row][i] = '\0';
	}
}

static int row_of(int code)
{
	if (code > 0 || code <= -(int)ERROR_ROW_COUNT)
		return ERROR_ROW_INTERNAL;
	return -code;
}

/* Twice the room of the text: whatever is cut here would not have fitted there. */
#define DRAFT_BYTES (2 * sizeof(((struct error *)0)->text))

__attribute__((format(printf, 2, 0))) static void draft(char *out, const char *format,
							va_list arguments)
{
	if (vsnprintf(out, DRAFT_BYTES, format, arguments) < 0)
		snprintf(out, DRAFT_BYTES, "(message could not be formatted)");
}

static void (*witness)(const char *file, int line, int code);

void error_witness_for_tests(void (*told)(const char *file, int line, int code))
{
	witness = told;
}

int error_here_at(const char *file, int line, int code)
{
	if (witness != NULL)
		witness(file, line, code);
	return code;
}

int error_set_at(struct error *err, const char *file, int line, int code,
		 const char *format, ...)
{
	if (err != NULL && err->code != 0)
		return code;
	error_here_at(file, line, code);
	if (err == NULL)
		return code;
	char text[DRAFT_BYTES];
	va_list arguments;
	va_start(arguments, format);
	draft(text, format, arguments);
	va_end(arguments);
	err->code = code;
	text_escape_into(err->text, sizeof(err->text), text, strlen(text));
	return code;
}

static int code_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERROR_NO_SPACE;
	case ENOMEM:
		return ERROR_MEMORY;
	case ENOENT:
		return ERROR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERROR_PERMISSION;
	}
	return ERROR_IO;
}

/* "permission denied": errors are written in lower case, abbreviations excepted. */
static void describe_errno(int number, char *out, size_t size)
{
	const char *description = strerrordesc_np(number);
	if (description == NULL) {
		snprintf(out, size, "error %d", number);
		return;
	}
	snprintf(out, size, "%s", description);
	bool abbreviation = out[0] != '\0' && out[1] >= 'A' && out[1] <= 'Z';
	if (out[0] >= 'A' && out[0] <= 'Z' && !abbreviation)
		out[0] = (char)(out[0] - 'A' + 'a');
}

int error_set_errno(struct error *err, int number, const char *format, ...)
{
	int code = code_of_errno(number);
	if (err == NULL || err->code != 0)
		return code;
	char text[DRAFT_BYTES];
	char reason[128];
	va_list arguments;
	va_start(arguments, format);
	draft(text, format, arguments);
	va_end(arguments);
	describe_errno(number, reason, sizeof(reason));
	return error_set(err, code, "%s: %s", text, reason);
}

int error_context(struct error *err, const char *format, ...)
{
	if (err == NULL || err->code == 0)
		return ERROR_INTERNAL;
	char context[DRAFT_BYTES];
	va_list arguments;
	va_start(arguments, format);
	draft(context, format, arguments);
	va_end(arguments);
	char text[DRAFT_BYTES + sizeof(err->text) + 2];
	snprintf(text, sizeof(text), "%s: %s", context, err->text);
	text_escape_into(err->text, sizeof(err->text), text, strlen(text));
	return err->code;
}

void error_clear(struct error *err)
{
	if (err == NULL)
		return;
	err->code = 0;
	err->text[0] = '\0';
}

const char *error_name(int code)
{
	pthread_once(&names_once, make_names);
	return names[row_of(code)];
}

const char *error_meaning(int code)
{
	return facts[row_of(code)].meaning;
}

int error_http_status(int code)
{
	return facts[row_of(code)].http_status;
}

int error_exit_code(int code)
{
	return facts[row_of(code)].exit_code;
}

bool error_is_retryable(int code)
{
	return facts[row_of(code)].retryable;
}

int error_by_name(const char *name)
{
	pthread_once(&names_once, make_names);
	for (int row = 1; row < ERROR_ROW_COUNT; row++)
		if (strcmp(names[row], name) == 0)
			return -row;
	return 0;
}
