/* trust/openpgp_compiled.c - the shelf of compiled keys, and the program that fills it.
 */
#include "trust/openpgp_compiled.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/program.h"
#include "base/spawn.h"
#include "trust/openpgp_ring.h"

#define PROGRAM        "gitgate-trust-compile"
#define TIMEOUT        (20 * CLOCK_SECOND)
#define STATUS_REFUSED 1
/* Twice the key in hexadecimal, and words. */
#define COMPILED_FACTOR 3

static size_t compiled_maximum(void)
{
	return limits_default.values[LIMIT_OPENPGP_KEY_BYTES] * COMPILED_FACTOR;
}

/* Whether a text that was read or made is whole: a ring can be made of it. */
static int check(const struct buf *text, struct error *err)
{
	struct openpgp_ring *ring = NULL;
	int rc = openpgp_ring_new(&ring, err);
	if (rc == 0)
		rc = openpgp_ring_add(ring, text->data, text->length, err);
	openpgp_ring_free(ring);
	return rc;
}

/* The program's line is "code: text". */
static int refused(const struct spawn_result *result, struct error *err)
{
	char line[512];
	size_t length = strcspn(result->errors.data, "\n");
	if (length >= sizeof(line))
		length = sizeof(line) - 1;
	memcpy(line, result->errors.data, length);
	line[length] = '\0';
	char *text = strstr(line, ": ");
	int code = 0;
	if (text != NULL) {
		*text = '\0';
		code = error_by_name(line);
		text += 2;
	}
	if (result->status == STATUS_REFUSED && code != 0)
		return error_set(err, code, "%s", text);
	return error_set(err, ERROR_CHILD, PROGRAM " failed with status %d: %s",
			 result->status, text != NULL ? text : line);
}

static int run(struct buf *out, const void *bytes, size_t length, struct error *err)
{
	struct spawn_result result = { 0 };
	char *program = NULL;
	int rc = program_find(&program, PROGRAM, err);
	if (rc != 0)
		return rc;
	const char *const arguments[] = { program, NULL };
	const struct spawn spawn = {
		.arguments = arguments,
		.directory = "/",
		.input = bytes,
		.input_length = length,
		.timeout = TIMEOUT,
		.output_maximum = compiled_maximum(),
	};
	rc = spawn_run(&spawn, &result, err);
	if (rc == 0 && result.status != 0)
		rc = refused(&result, err);
	if (rc == 0)
		buf_add(out, result.output.data, result.output.length);
	spawn_result_release(&result);
	free(program);
	return rc != 0 ? rc : buf_status(out, "compiled OpenPGP key", err);
}

/* "DIRECTORY/<digest of the key>"; the caller frees it. NULL: it is not kept. */
static char *name_of(const char *directory, const void *bytes, size_t length)
{
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	if (directory == NULL || digest_of(bytes, length, &digest) != 0)
		return NULL;
	digest_hex(&digest, hex);
	return path_join(directory, hex);
}

static void keep(const char *directory, const char *name, const struct buf *text)
{
	if (path_make_directories(directory, 0700, NULL) == 0)
		path_write_atomic(name, text->data, text->length, 0600, NULL);
}

int openpgp_compiled(struct buf *out, const char *directory, const void *bytes,
		     size_t length, struct error *err)
{
	struct buf text = BUF_INIT(compiled_maximum());
	char *name = name_of(directory, bytes, length);
	int rc = limit_check(&limits_default, LIMIT_OPENPGP_KEY_BYTES, length,
			     "the OpenPGP key", err);
	/* A form that is damaged or of another version is made again. */
	bool kept = rc == 0 && name != NULL && buf_read_file(&text, name, NULL) == 0 &&
		    check(&text, NULL) == 0;
	if (rc == 0 && !kept) {
		buf_reset(&text);
		rc = run(&text, bytes, length, err);
		if (rc == 0)
			rc = check(&text, err);
		if (rc == 0 && name != NULL)
			keep(directory, name, &text);
	}
	if (rc == 0) {
		buf_add(out, text.data, text.length);
		rc = buf_status(out, "compiled OpenPGP key", err);
	}
	buf_release(&text);
	free(name);
	return rc;
}
