/* cmd/check_policy.c - by which policy `gitgate check` judges. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/path.h"
#include "cmd/check.h"
#include "conf/config.h"
#include "conf/policy_bundle.h"
#include "conf/policy_parse.h"
#include "job/judge.h"
#include "model/policy.h"

#define POLICY_FILE ".gitgate.yaml"
#define GIVEN_BYTES ((size_t)64 << 10)
#define GIVEN_NAME  "the command line"

int check_begin_policy(const struct check *check, struct policy **out,
		       struct error *err)
{
	if (!check->floor)
		return policy_new(out, err);
	return config_load_floor(out, check->floor, check->repository, NULL, err);
}

struct directory_loader {
	int fd;
	struct arena *arena;
};

static int load_beside(void *data, const char *name, struct policy_file *out,
		       struct error *err)
{
	struct directory_loader *loader = data;
	struct buf content =
		BUF_INIT((size_t)limits_default.values[LIMIT_SCHEMA_BUNDLE_BYTES]);
	int fd FD_CLOSING = path_open_beneath(loader->fd, name, O_RDONLY, 0, err);

	if (fd < 0)
		return error_context(err, "'%s'", name);
	int rc = buf_read_fd(&content, fd, err);
	if (rc == 0) {
		char *bytes = arena_copy(loader->arena, content.data, content.length);
		char *kept = arena_string(loader->arena, name);
		*out = (struct policy_file){ kept, bytes, content.length };
		rc = bytes && kept ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
	}
	buf_release(&content);
	return rc == 0 ? 0 : error_context(err, "'%s'", name);
}

static int compile(void *data, const void *bytes, size_t length,
		   struct policy_file *out, struct error *err)
{
	const struct directory_loader *loader = data;

	return policy_compile_into(loader->arena, policy_compile_by_program, NULL,
				   bytes, length, out, err);
}

int check_add_policy(struct policy *policy, const char *directory, struct error *err)
{
	int fd FD_CLOSING = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct directory_loader loader = { fd, policy->arena };
	const struct policy_loader access = { load_beside, &loader, compile, NULL };
	struct policy_file file;

	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", directory);
	int rc = load_beside(&loader, POLICY_FILE, &file, err);
	return rc == 0 ? policy_add_repository(policy, &file, &access, err) : rc;
}

static bool is_there(const char *directory, const char *name)
{
	char *path = path_join(directory, name);
	bool result = path && path_exists(path);

	free(path);
	return result;
}

char *check_find_policy(void)
{
	char *directory = realpath(".", NULL);

	while (directory) {
		if (is_there(directory, POLICY_FILE))
			return directory;
		char *slash = strrchr(directory, '/');
		if (is_there(directory, ".git") || !directory[1])
			break;
		slash[slash == directory] = '\0';
	}
	free(directory);
	return NULL;
}

/* --- a policy from the command line --- */

static int load_given(void *data, const char *name, struct policy_file *out,
		      struct error *err)
{
	struct arena *arena = data;
	struct buf content =
		BUF_INIT((size_t)limits_default.values[LIMIT_SCHEMA_BUNDLE_BYTES]);

	int rc = buf_read_file(&content, name, err);
	if (rc == 0) {
		char *bytes = arena_copy(arena, content.data, content.length);
		char *kept = arena_string(arena, name);
		*out = (struct policy_file){ kept, bytes, content.length };
		rc = bytes && kept ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
	}
	buf_release(&content);
	return rc;
}

bool check_is_given(const struct check *check)
{
	return check->schema || check->kubernetes;
}

static void put_skipped(struct json *json, const struct check *check)
{
	json_key(json, "skip");
	json_array(json);
	for (size_t i = 0; check->skip[i]; i++)
		for (const char *at = check->skip[i]; *at; at += *at == ',') {
			size_t length = strcspn(at, ",");
			if (length)
				json_bytes(json, at, length);
			at += length;
		}
	json_array_end(json);
}

/* One rule, about whatever is looked at. */
static void write_given(struct buf *out, const struct check *check)
{
	struct json json;

	json_begin(&json, out);
	json_object(&json);
	json_key(&json, "rules");
	json_array(&json);
	json_object(&json);
	json_put_string(&json, "name", check->schema ? "schema" : "kubernetes");
	json_put_string(&json, "paths", "**");
	json_key(&json, "schema");
	json_object(&json);
	if (check->schema)
		json_put_string(&json, "file", check->schema);
	if (check->kubernetes) {
		json_put_string(&json, "kubernetes", check->kubernetes);
		json_put_boolean(&json, "ignore-missing-schemas",
				 check->ignore_missing);
		json_put_boolean(&json, "strict", !check->lax);
		put_skipped(&json, check);
	}
	json_object_end(&json);
	json_object_end(&json);
	json_array_end(&json);
	json_object_end(&json);
}

/* The text above is nobody's, so its places help nobody. */
static int without_place(const struct error *cause, struct error *err)
{
	const char *text = cause->text;
	const char *behind = strncmp(text, GIVEN_NAME ":", sizeof(GIVEN_NAME)) == 0
				     ? strstr(text, ": ")
				     : NULL;

	return error_set(err, cause->code, "%s", behind ? behind + 2 : text);
}

int check_given_policy(const struct check *check, struct policy **out,
		       struct error *err)
{
	struct error cause = ERROR_INIT;
	struct buf text = BUF_INIT(GIVEN_BYTES);
	struct policy *policy = NULL;

	write_given(&text, check);
	int rc = buf_status(&text, GIVEN_NAME, &cause);
	if (rc == 0)
		rc = policy_new(&policy, &cause);
	if (rc == 0) {
		const struct policy_file file = { GIVEN_NAME, text.data, text.length };
		const struct policy_loader loader = { load_given, policy->arena, NULL,
						      NULL };
		rc = policy_add_server(policy, &file, &loader, NULL, &cause);
	}
	if (rc == 0)
		rc = policy_finish(policy, &cause);
	if (rc == 0)
		rc = policy_open_bundles(policy, &cause);
	buf_release(&text);
	if (rc == 0) {
		*out = policy;
		return 0;
	}
	policy_free(policy);
	return without_place(&cause, err);
}
