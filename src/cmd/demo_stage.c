/* cmd/demo_stage.c - the stage of the demonstration: a private directory with keys, a
 * bare repository, a configuration, a clone; and git on it. */
#include "cmd/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/path.h"

#define TEXT_BYTES    65536
#define ARGUMENTS_MAX 16
#define SOCKET_NAME   "run/gitgate.sock"
#define SIGNATURE_END "\n -----END SSH SIGNATURE-----"

static const char schema[] = "{\n"
			     "  \"$schema\": "
			     "\"https://json-schema.org/draft/2020-12/schema\",\n"
			     "  \"type\": \"object\",\n"
			     "  \"required\": [\"name\"],\n"
			     "  \"additionalProperties\": false,\n"
			     "  \"properties\": {\n"
			     "    \"name\": {\"type\": \"string\"},\n"
			     "    \"replicas\": {\"type\": \"integer\", \"minimum\": "
			     "1, \"maximum\": 9},\n"
			     "    \"greeting\": {\"type\": \"string\"}\n"
			     "  }\n"
			     "}\n";

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static const char *inside(struct demo *demo, const char *name)
{
	return arena_printf(demo->arena, "%s/%s", demo->place, name);
}

/* --- the place --- */

/* Under TMPDIR, unless its name is too long for a socket. */
static int make_place(struct demo *demo, struct error *err)
{
	struct sockaddr_un address;
	char resolved[4096];
	char *place = NULL;

	int rc = path_make_temporary(&place, "gitgate-demo", err);
	if (rc == 0 &&
	    strlen(place) + sizeof("/" SOCKET_NAME) > sizeof(address.sun_path)) {
		rmdir(place);
		free(place);
		unsetenv("TMPDIR");
		rc = path_make_temporary(&place, "gitgate-demo", err);
	}
	if (rc != 0)
		return rc;
	demo->place =
		arena_string(demo->arena, realpath(place, resolved) ? resolved : place);
	free(place);
	return demo->place ? 0 : no_memory(err);
}

static int make_environment(struct demo *demo, struct error *err)
{
	const char *path = getenv("PATH");
	const char **environment =
		arena_array(demo->arena, DEMO_ENVIRONMENT, sizeof(*environment));

	if (!environment)
		return no_memory(err);
	environment[0] =
		arena_printf(demo->arena, "PATH=%s", path && *path ? path : SPAWN_PATH);
	environment[1] = arena_printf(demo->arena, "HOME=%s", demo->place);
	environment[2] = arena_printf(demo->arena, "TMPDIR=%s", demo->place);
	environment[3] = "LC_ALL=C.UTF-8";
	environment[4] = "GIT_CONFIG_NOSYSTEM=1";
	environment[5] = "GIT_CONFIG_GLOBAL=/dev/null";
	environment[6] = "GIT_TERMINAL_PROMPT=0";
	demo->environment = environment;
	return environment[0] && environment[1] && environment[2] ? 0 : no_memory(err);
}

int demo_stage_make(struct demo *demo, struct error *err)
{
	int rc = demo->arena ? make_place(demo, err) : no_memory(err);

	if (rc == 0)
		rc = make_environment(demo, err);
	if (rc != 0)
		return rc;
	demo->repository = inside(demo, DEMO_REPOSITORY ".git");
	demo->work = inside(demo, "work");
	demo->live = inside(demo, "live");
	demo->config = inside(demo, "gitgate.yaml");
	demo->socket = inside(demo, SOCKET_NAME);
	demo->log = inside(demo, "service.log");
	return demo->repository && demo->work && demo->live && demo->config &&
			       demo->socket && demo->log
		       ? 0
		       : no_memory(err);
}

int demo_stage_remove(struct demo *demo, struct error *err)
{
	char *parent = arena_string(demo->arena, demo->place);
	char *slash = parent ? strrchr(parent, '/') : NULL;

	if (!slash)
		return no_memory(err);
	*slash = '\0';
	int fd FD_CLOSING =
		open(*parent ? parent : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", parent);
	return path_remove_tree(fd, slash + 1, err);
}

/* --- running programs --- */

int demo_run(struct demo *demo, const char *directory, const char *const *arguments,
	     const struct buf *input, struct spawn_result *result, struct error *err)
{
	const struct spawn spawn = {
		.arguments = arguments,
		.environment = demo->environment,
		.directory = directory,
		.input = input ? input->data : NULL,
		.input_length = input ? input->length : 0,
	};

	int rc = demo_check_interrupted(err);
	return rc == 0 ? spawn_run(&spawn, result, err) : rc;
}

/* As demo_run(), and it must end with 0; the first line of output to `line`. */
static int run_well(struct demo *demo, const char *directory,
		    const char *const *arguments, const struct buf *input,
		    struct buf *line, struct error *err)
{
	struct spawn_result result = { 0 };

	int rc = demo_run(demo, directory, arguments, input, &result, err);
	if (rc == 0 && result.status != 0)
		rc = error_set(err, ERROR_CHILD, "'%s %s' ended with status %d: %s",
			       arguments[0], arguments[1], result.status,
			       result.errors.data);
	if (rc == 0 && line)
		buf_add(line, result.output.data, strcspn(result.output.data, "\n"));
	spawn_result_release(&result);
	return rc;
}

int demo_git(struct demo *demo, struct buf *line, struct error *err, ...)
{
	const char *arguments[ARGUMENTS_MAX + 1] = { "git" };
	size_t count = 1;
	va_list list;

	va_start(list, err);
	while (count < ARGUMENTS_MAX &&
	       (arguments[count] = va_arg(list, const char *)) != NULL)
		count++;
	va_end(list);
	return run_well(demo, demo->work, arguments, NULL, line, err);
}

static int git_id(char id[DEMO_ID_BYTES], const struct buf *line, struct error *err)
{
	if (line->failed || line->length == 0 || line->length >= DEMO_ID_BYTES)
		return error_set(err, ERROR_CHILD, "git gave no commit id");
	memcpy(id, line->data, line->length + 1);
	return 0;
}

/* --- what lies there --- */

static int write_file(struct demo *demo, const char *name, const char *text,
		      struct error *err)
{
	const char *file = inside(demo, name);

	return file ? path_write_atomic(file, text, strlen(text), 0644, err)
		    : no_memory(err);
}

static int make_directory(struct demo *demo, const char *name, struct error *err)
{
	const char *path = inside(demo, name);

	return path ? path_make_directories(path, 0755, err) : no_memory(err);
}

static int make_keys(struct demo *demo, struct error *err)
{
	static const char *const arguments[] = {
		"ssh-keygen",        "-q", "-t",         "ed25519", "-N", "", "-C",
		"alice@example.org", "-f", "keys/alice", NULL
	};

	int rc = make_directory(demo, "keys", err);
	return rc == 0 ? run_well(demo, demo->place, arguments, NULL, NULL, err) : rc;
}

static int make_clone(struct demo *demo, struct error *err)
{
	const char *const bare[] = { "git",  "init",           "-q", "--bare", "-b",
				     "main", demo->repository, NULL };
	const char *const clone[] = { "git",  "init",     "-q", "-b",
				      "main", demo->work, NULL };
	const char *key = inside(demo, "keys/alice");

	if (!key)
		return no_memory(err);
	const char *const settings[][2] = {
		{ "user.name", "Alice" },   { "user.email", "alice@example.org" },
		{ "user.signingKey", key }, { "gpg.format", "ssh" },
		{ "gc.auto", "0" },
	};
	int rc = run_well(demo, demo->place, bare, NULL, NULL, err);
	if (rc == 0)
		rc = run_well(demo, demo->place, clone, NULL, NULL, err);
	for (size_t i = 0; rc == 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
		rc = demo_git(demo, NULL, err, "config", settings[i][0], settings[i][1],
			      NULL);
	if (rc == 0)
		rc = demo_git(demo, NULL, err, "remote", "add", "origin",
			      demo->repository, NULL);
	return rc;
}

/* JSON's strings are YAML's too. */
static void add_quoted(struct buf *out, const char *before, const char *value,
		       const char *after)
{
	struct json json;

	buf_add_string(out, before);
	json_begin(&json, out);
	json_string(&json, value);
	buf_add_string(out, after);
}

static int add_key(struct demo *demo, struct buf *out, struct error *err)
{
	const char *file = inside(demo, "keys/alice.pub");
	struct buf key = BUF_INIT(TEXT_BYTES);

	int rc = file ? buf_read_file(&key, file, err) : no_memory(err);
	if (rc == 0) {
		buf_truncate(&key, strcspn(key.data, "\n"));
		add_quoted(out, "  alice: {email: [alice@example.org], ssh: [",
			   key.data, "]}\n");
	}
	buf_release(&key);
	return rc;
}

/* The source, with what it may tell of and where that goes. */
static void add_forge(struct demo *demo, struct buf *text)
{
	const struct demo_forge *forge = &demo->forge;

	add_quoted(text, "  " DEMO_FORGE_REPOSITORY ": {path: ", forge->hosting,
		   ", source: " DEMO_FORGE_SOURCE ", name: " DEMO_FORGE_NAME
		   ", poll: 1h, anchor: {" DEMO_BRANCH ": root}}\n");
	buf_addf(text,
		 "public-url: http://127.0.0.1:%u\n"
		 "anonymous-read: true\n"
		 "sources:\n"
		 "  " DEMO_FORGE_SOURCE ":\n"
		 "    kind: gitea\n"
		 "    api: http://127.0.0.1:%u\n",
		 forge->service_port, forge->port);
	add_quoted(text, "    secrets-file: ", forge->secret_file, "\n");
	add_quoted(text, "    token-file: ", forge->token_file, "\n");
}

static void add_targets(struct demo *demo, struct buf *text)
{
	buf_add_string(text, "targets:\n  " DEMO_TARGET ":\n    "
			     "repository: " DEMO_REPOSITORY "\n    paths: "
			     "[deploy/web]\n");
	add_quoted(text, "    directory: {path: ", demo->live, ", keep: 10}\n");
	buf_add_string(text, "    drift: {every: 5s, mode: correct}\n"
			     "  " DEMO_FORGE_TARGET ":\n"
			     "    repository: " DEMO_FORGE_REPOSITORY "\n"
			     "    paths: [deploy/web]\n");
	add_quoted(text, "    directory: {path: ", demo->forge.live, "}\n");
}

/* Started as root the service stays root: the directory is private, and users of its
 * own may not exist here. */
static int write_config(struct demo *demo, struct error *err)
{
	struct buf text = BUF_INIT(TEXT_BYTES);

	add_quoted(&text, "store: ", inside(demo, "state/state.db"), "\n");
	add_quoted(&text, "state-directory: ", inside(demo, "state"), "\n");
	add_quoted(&text, "socket: ", demo->socket, "\n");
	if (geteuid() == 0)
		buf_add_string(&text, "user: root\nintake-user: root\njob-user: "
				      "root\n");
	buf_add_string(&text, "principals:\n");
	int rc = add_key(demo, &text, err);
	buf_add_string(&text, "groups: {maintainers: [alice]}\n"
			      "rules:\n"
			      "  - name: main-is-signed\n"
			      "    refs: [" DEMO_BRANCH "]\n"
			      "    signatures: {by: [maintainers]}\n"
			      "  - name: manifests-are-valid\n"
			      "    paths: [\"deploy/**/*.yaml\"]\n"
			      "    schema: {file: schema.json}\n"
			      "repositories:\n");
	add_quoted(&text, "  " DEMO_REPOSITORY ": {path: ", demo->repository,
		   ", poll: 1h, anchor: {" DEMO_BRANCH ": root}}\n");
	add_forge(demo, &text);
	add_targets(demo, &text);
	if (rc == 0)
		rc = buf_status(&text, "the configuration", err);
	if (rc == 0)
		rc = write_file(demo, "gitgate.yaml", text.data, err);
	if (rc == 0)
		rc = write_file(demo, "schema.json", schema, err);
	buf_release(&text);
	return rc;
}

static int install_hooks(struct demo *demo, struct error *err)
{
	const char *const arguments[] = { demo->program, "init",     demo->repository,
					  "--from-root", "--config", demo->config,
					  NULL };

	return run_well(demo, demo->place, arguments, NULL, NULL, err);
}

int demo_stage_fill(struct demo *demo, struct error *err)
{
	int rc = make_keys(demo, err);

	if (rc == 0)
		rc = make_clone(demo, err);
	if (rc == 0)
		rc = demo_forge_fill(demo, err);
	if (rc == 0)
		rc = write_config(demo, err);
	if (rc == 0)
		rc = install_hooks(demo, err);
	if (rc == 0)
		rc = make_directory(demo, "live", err);
	return rc;
}

/* --- commits --- */

int demo_head(struct demo *demo, char id[DEMO_ID_BYTES], struct error *err)
{
	struct buf line = BUF_INIT(TEXT_BYTES);

	int rc = demo_git(demo, &line, err, "rev-parse", "HEAD", NULL);
	if (rc == 0)
		rc = git_id(id, &line, err);
	buf_release(&line);
	return rc;
}

int demo_commit(struct demo *demo, const char *manifest, const char *message,
		bool signs, char id[DEMO_ID_BYTES], struct error *err)
{
	int rc = make_directory(demo, "work/deploy/web", err);
	if (rc == 0)
		rc = write_file(demo, "work/" DEMO_MANIFEST, manifest, err);
	if (rc == 0)
		rc = demo_git(demo, NULL, err, "add", "-A", NULL);
	if (rc == 0)
		rc = demo_git(demo, NULL, err, "commit", "-q", "-m", message,
			      signs ? "-S" : "--no-gpg-sign", NULL);
	return rc == 0 ? demo_head(demo, id, err) : rc;
}

/* A letter of base64 before the signature's last line: what it stands for is part of
 * the signature proper. */
static int change_signature(struct buf *commit, struct error *err)
{
	char *last = strstr(commit->data, SIGNATURE_END);

	if (!last || last - commit->data < 100)
		return error_set(err, ERROR_CHILD, "the commit has no SSH signature");
	char *letter = last - 80;
	*letter = *letter == 'A' ? 'B' : 'A';
	return 0;
}

int demo_forge(struct demo *demo, const char *id, char forged[DEMO_ID_BYTES],
	       struct error *err)
{
	const char *const read[] = { "git", "cat-file", "commit", id, NULL };
	static const char *const write[] = { "git", "hash-object", "-t",      "commit",
					     "-w",  "--literally", "--stdin", NULL };
	struct spawn_result commit = { 0 };
	struct buf line = BUF_INIT(TEXT_BYTES);

	int rc = demo_run(demo, demo->work, read, NULL, &commit, err);
	if (rc == 0)
		rc = change_signature(&commit.output, err);
	if (rc == 0)
		rc = run_well(demo, demo->work, write, &commit.output, &line, err);
	if (rc == 0)
		rc = git_id(forged, &line, err);
	spawn_result_release(&commit);
	buf_release(&line);
	return rc;
}

int demo_push(struct demo *demo, const char *id, struct error *err)
{
	const char *refspec = arena_printf(demo->arena, "%s:" DEMO_BRANCH, id);
	const char *const arguments[] = { "git", "push", "origin", refspec, NULL };

	if (!refspec)
		return no_memory(err);
	spawn_result_release(&demo->push);
	demo->pushed_at = clock_now();
	return demo_run(demo, demo->work, arguments, NULL, &demo->push, err);
}

int demo_tip(struct demo *demo, char id[DEMO_ID_BYTES], struct error *err)
{
	const char *const arguments[] = { "git",           "for-each-ref", "--format",
					  "%(objectname)", DEMO_BRANCH,    NULL };
	struct buf line = BUF_INIT(TEXT_BYTES);

	id[0] = '\0';
	int rc = run_well(demo, demo->repository, arguments, NULL, &line, err);
	if (rc == 0 && line.length > 0)
		rc = git_id(id, &line, err);
	buf_release(&line);
	return rc;
}
