/* base/error.h - errors as values.
 *
 * A function that can fail returns 0 or a negative enum error_code and takes `struct
 * error *err` last (NULL allowed). The first cause wins: error_set() on an error that
 * is already set changes nothing; callers add context in front. Text is lower case
 * without a full stop, the subject in quotes: "cannot open 'x': permission denied". The
 * layer that handles an error logs it, once. A denial by policy is not an error. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum error_row {
	ERROR_ROW_NONE = 0,
#define ERROR(name, http, exit, retry, text) ERROR_ROW_##name,
#include "base/errors.def"
#undef ERROR
	ERROR_ROW_COUNT
};

enum error_code {
	ERROR_NONE = 0,
#define ERROR(name, http, exit, retry, text) ERROR_##name = -ERROR_ROW_##name,
#include "base/errors.def"
#undef ERROR
};

struct error {
	int code;        /* 0: not set */
	char text[1024]; /* UTF-8, escaped (no control bytes), NUL-terminated; cut with
			    "..." when longer */
};

#define ERROR_INIT                                                                     \
	{                                                                              \
		0,                                                                     \
		{                                                                      \
			0                                                              \
		}                                                                      \
	}

/* error_set(err, code, format, ...) records a cause and returns `code`. Untrusted text
 * in arguments is escaped. */
#define error_set(err, code, ...)                                                      \
	error_set_at((err), __FILE_NAME__, __LINE__, (code), __VA_ARGS__)
int error_set_at(struct error *err, const char *file, int line, int code,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Like error_set() with ": " and the text of errno value `number` behind; maps
 * ENOSPC/EDQUOT to ERROR_NO_SPACE, ENOMEM to ERROR_MEMORY, ENOENT to ERROR_NOT_FOUND,
 * EACCES/EPERM to ERROR_PERMISSION, otherwise ERROR_IO. */
int error_set_errno(struct error *err, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text that is there; returns err->code (ERROR_INTERNAL
 * when err is NULL or not set). */
int error_context(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void error_clear(struct error *err);

/* Is told of each cause, and where in the source it was recorded: so tests see that no
 * two refusals come from one branch. NULL: nobody is. */
void error_witness_for_tests(void (*witness)(const char *file, int line, int code));
/* Where a code is given without a struct error: tells the witness; gives `code`. */
#define error_here(code) error_here_at(__FILE_NAME__, __LINE__, (code))
int error_here_at(const char *file, int line, int code);

/* Facts of errors.def. Unknown codes are treated as ERROR_INTERNAL. */
const char *error_name(int code);    /* "store-newer"; "none" for 0 */
const char *error_meaning(int code); /* the row's text */
int error_http_status(int code);
int error_exit_code(int code);
bool error_is_retryable(int code);

/* The code of a name as printed by error_name(), or 0. */
int error_by_name(const char *name);

#endif
