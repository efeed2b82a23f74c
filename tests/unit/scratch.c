/* tests/unit/scratch.c - a private directory in which real git and ssh-keygen run. */
#include "scratch.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/spawn.h"

#define FIRST_DATE   1700000000
#define OUTPUT_BYTES ((size_t)64 << 20)

void scratch_open(struct scratch *scratch)
{
	struct error err = ERROR_INIT;
	scratch->date = FIRST_DATE;
	ck_assert_msg(path_make_temporary(&scratch->directory, "gitgate-unit", &err) ==
			      0,
		      "%s", err.text);
}

void scratch_close(struct scratch *scratch)
{
	struct error err = ERROR_INIT;
	char *name = strrchr(scratch->directory, '/');
	*name = '\0';
	int parent = open(scratch->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(parent, 0);
	ck_assert_msg(path_remove_tree(parent, name + 1, &err) == 0, "%s", err.text);
	close(parent);
	free(scratch->directory);
}

char *scratch_path(const struct scratch *scratch, const char *name)
{
	char *path = path_join(scratch->directory, name);
	ck_assert_ptr_nonnull(path);
	return path;
}

void scratch_write(const struct scratch *scratch, const char *name, const void *bytes,
		   size_t length)
{
	char *path = scratch_path(scratch, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	free(path);
}

char *scratch_read(const struct scratch *scratch, const char *name, size_t *length)
{
	struct error err = ERROR_INIT;
	struct buf content = BUF_INIT(OUTPUT_BYTES);
	char *path = scratch_path(scratch, name);
	ck_assert_msg(buf_read_file(&content, path, &err) == 0, "%s", err.text);
	free(path);
	return buf_detach(&content, length);
}

/* A minute, as a case has; longer where libcheck is told so. Microseconds. */
static int64_t patience(void)
{
	const char *text = getenv("CK_TIMEOUT_MULTIPLIER");
	long times = text == NULL ? 1 : strtol(text, NULL, 10);
	return (times < 1 ? 1 : times) * 60 * CLOCK_SECOND;
}

int scratch_try(struct scratch *scratch, const void *input, size_t input_length,
		char **output, size_t *length, const char *const *arguments)
{
	char home[4200];
	char author_date[64];
	char committer_date[64];
	struct error err = ERROR_INIT;
	struct spawn_result result;
	snprintf(home, sizeof(home), "HOME=%s", scratch->directory);
	snprintf(author_date, sizeof(author_date), "GIT_AUTHOR_DATE=@%lld +0000",
		 (long long)scratch->date);
	snprintf(committer_date, sizeof(committer_date),
		 "GIT_COMMITTER_DATE=@%lld +0000", (long long)scratch->date);
	scratch->date += 60;
	const char *const environment[] = { "PATH=" SPAWN_PATH,
					    "LC_ALL=C.UTF-8",
					    "TZ=UTC",
					    home,
					    author_date,
					    committer_date,
					    "GIT_AUTHOR_NAME=A U Thor",
					    "GIT_AUTHOR_EMAIL=author@example.org",
					    "GIT_COMMITTER_NAME=C O Mitter",
					    "GIT_COMMITTER_EMAIL=committer@example.org",
					    "GIT_CONFIG_NOSYSTEM=1",
					    "GIT_CONFIG_GLOBAL=/dev/null",
					    "GIT_NO_REPLACE_OBJECTS=1",
					    "GIT_MERGE_AUTOEDIT=no",
					    NULL };
	struct spawn spawn = { .arguments = arguments,
			       .environment = environment,
			       .directory = scratch->directory,
			       .input = input,
			       .input_length = input_length,
			       .timeout = patience(),
			       .output_maximum = OUTPUT_BYTES };
	ck_assert_msg(spawn_run(&spawn, &result, &err) == 0, "%s", err.text);
	int status = result.status;
	if (output != NULL) {
		*output = malloc(result.output.length + 1);
		ck_assert_ptr_nonnull(*output);
		memcpy(*output, result.output.data, result.output.length + 1);
		if (length != NULL)
			*length = result.output.length;
	}
	if (status != 0 && getenv("SCRATCH_VERBOSE") != NULL)
		fprintf(stderr, "# %s %s: %s", arguments[0], arguments[1],
			result.errors.data);
	spawn_result_release(&result);
	return status;
}

char *scratch_run(struct scratch *scratch, const char *const *arguments)
{
	char *output;
	size_t length;
	int status = scratch_try(scratch, NULL, 0, &output, &length, arguments);
	ck_assert_msg(status == 0, "'%s %s' ended with %d", arguments[0], arguments[1],
		      status);
	if (length != 0 && output[length - 1] == '\n')
		output[length - 1] = '\0';
	return output;
}

void scratch_do(struct scratch *scratch, const char *const *arguments)
{
	free(scratch_run(scratch, arguments));
}

void scratch_init_repository(struct scratch *scratch)
{
	DO(scratch, "git", "init", "-q", "-b", "main", ".");
	DO(scratch, "git", "config", "core.hooksPath", "/dev/null");
	DO(scratch, "git", "config", "gc.auto", "0");
}

struct oid scratch_object(struct scratch *scratch, const char *type, const void *bytes,
			  size_t length)
{
	char *output;
	struct oid id;
	const char *const arguments[] = { "git", "hash-object", "-t",      type,
					  "-w",  "--literally", "--stdin", NULL };
	ck_assert_int_eq(scratch_try(scratch, bytes, length, &output, NULL, arguments),
			 0);
	ck_assert_int_eq(oid_parse(output, strcspn(output, "\n"), &id), 0);
	free(output);
	return id;
}

char *scratch_cat(struct scratch *scratch, const char *type, const char *revision,
		  size_t *length)
{
	char *output;
	const char *const arguments[] = { "git", "cat-file", type, revision, NULL };
	ck_assert_int_eq(scratch_try(scratch, NULL, 0, &output, length, arguments), 0);
	return output;
}

struct oid scratch_id(struct scratch *scratch, const char *revision)
{
	struct oid id;
	char *output = RUN(scratch, "git", "rev-parse", "--verify", revision);
	ck_assert_int_eq(oid_parse(output, strlen(output), &id), 0);
	free(output);
	return id;
}

void scratch_key(struct scratch *scratch, const char *name, const char *type,
		 const char *bits)
{
	if (bits[0] != '\0')
		DO(scratch, "ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-C",
		   "test", "-f", name);
	else
		DO(scratch, "ssh-keygen", "-q", "-t", type, "-N", "", "-C", "test",
		   "-f", name);
}
