/* cmd/forge.c - `gitgate forge`: is a source set up right at its forge, and its
 * webhook.
 *
 * Reads configuration and token itself, as whoever runs it; the service need not run.
 */
#include "forge/forge.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "conf/config.h"

#define ARENA_BYTES  ((size_t)256 << 20)
#define OUTPUT_BYTES ((size_t)16 << 20)
#define PEM_BYTES    ((size_t)1 << 20)
#define INDENT       "  "

struct run {
	const char *file;
	const char *repository; /* of the configuration; NULL: all of the source */
	const char *branch;
	bool json;
	struct config *config;
	const struct conf_source_entry *source;
	struct arena *arena;
	struct forge *forge;
	struct buf out;
	struct json writer;
	const char *hook_url; /* NULL: not known */
	bool bad;
};

static const char *const results[] = {
	[FORGE_CHECK_UNKNOWN] = "unknown",
	[FORGE_CHECK_GOOD] = "good",
	[FORGE_CHECK_WARNING] = "warning",
	[FORGE_CHECK_BAD] = "bad",
};

/* --- the session --- */

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static int read_text(struct run *run, const char *file, const char **out,
		     struct error *err)
{
	struct buf text = BUF_INIT(PEM_BYTES);
	if (!is_set(file))
		return 0;
	int code = buf_read_file(&text, file, err);
	if (code == 0 && (*out = arena_string(run->arena, text.data)) == NULL)
		code = error_set(err, ERROR_MEMORY, "out of memory for '%s'", file);
	if (text.capacity > 0)
		explicit_bzero(text.data, text.length);
	buf_release(&text);
	return code;
}

static int open_session(struct run *run, struct error *err)
{
	const struct conf_source *options = &run->source->options;
	struct msg_forge_session session = {
		.source = run->source->name,
		.kind = options->kind,
		.api = run->source->api,
		.username = options->username,
		.app_id = options->app_id,
		.installation = options->installation,
		.timeout = options->timeout,
	};
	char *token = NULL;
	if (!is_set(run->source->api))
		return error_set(err, ERROR_CONFIG,
				 "the source '%s' has no API that could be asked: set "
				 "'api' and 'token-file'",
				 run->source->name);
	int code = read_text(run, options->ca_file, &session.authorities, err);
	if (code == 0)
		code = read_text(run, options->app_key, &session.app_key, err);
	if (code == 0 && is_set(options->token_file))
		code = config_secret(options->token_file, &token, err);
	session.token = token;
	if (code == 0)
		code = forge_open(&run->forge, &session, err);
	if (token != NULL)
		config_secret_wipe(token);
	return code;
}

static int find_source(struct run *run, const char *name, struct error *err)
{
	const char *base;
	run->source = config_source(run->config, name);
	if (run->source == NULL)
		return error_set(err, ERROR_NOT_FOUND,
				 "no source '%s' in the configuration '%s'", name,
				 run->file);
	base = run->config->server.public_url;
	if (is_set(base))
		run->hook_url = arena_printf(run->arena, "%s/hooks/%s", base, name);
	return !is_set(base) || run->hook_url != NULL
		       ? open_session(run, err)
		       : error_set(err, ERROR_MEMORY, "out of memory for an address");
}

/* --- each repository --- */

typedef int (*each_repository)(struct run *run, const struct forge_set_up *set_up,
			       struct error *err);

static bool is_wanted(const struct run *run, const struct conf_repository_entry *entry)
{
	return is_set(entry->options.source) &&
	       strcmp(entry->options.source, run->source->name) == 0 &&
	       (run->repository == NULL || strcmp(entry->name, run->repository) == 0);
}

static int for_each(struct run *run, struct forge_set_up *set_up, each_repository each,
		    struct error *err)
{
	size_t found = 0;
	int code = 0;
	for (size_t i = 0; code == 0 && i < run->config->repository_count; i++) {
		const struct conf_repository_entry *entry =
			&run->config->repositories[i];
		if (!is_wanted(run, entry))
			continue;
		found++;
		set_up->name = entry->options.full_name;
		set_up->hook_url = run->hook_url;
		code = each(run, set_up, err);
	}
	if (code != 0 || found > 0)
		return code;
	if (run->repository != NULL)
		return error_set(err, ERROR_NOT_FOUND,
				 "the source '%s' has no repository '%s'",
				 run->source->name, run->repository);
	return error_set(err, ERROR_NOT_FOUND,
			 "no repository has the source '%s': set its 'source' and "
			 "'name'",
			 run->source->name);
}

/* --- test --- */

static void write_checks_json(struct run *run, const char *name,
			      const struct forge_check *checks, size_t count)
{
	struct json *json = &run->writer;
	json_object(json);
	json_put_string(json, "name", name);
	json_key(json, "checks");
	json_array(json);
	for (size_t i = 0; i < count; i++) {
		json_object(json);
		json_put_string(json, "result", results[checks[i].result]);
		json_put_string(json, "what", checks[i].what);
		json_put_string(json, "text", checks[i].text);
		json_put_string(json, "mend", checks[i].mend);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static enum tone tone_of(enum forge_check_result result)
{
	switch (result) {
	case FORGE_CHECK_GOOD:
		return TONE_GOOD;
	case FORGE_CHECK_BAD:
		return TONE_BAD;
	case FORGE_CHECK_UNKNOWN:
	case FORGE_CHECK_WARNING:
		break;
	}
	return TONE_WARN;
}

static void write_checks_text(struct run *run, const char *name,
			      const struct forge_check *checks, size_t count)
{
	struct table table;
	bool colour = cmd_colour(1);
	tone_write(&run->out, colour, TONE_STRONG, name);
	buf_add_string(&run->out, "\n");
	table_init(&table, run->arena, 3);
	table_add(&table, TONE_FAINT, "RESULT");
	table_add(&table, TONE_FAINT, "WHAT");
	table_add(&table, TONE_FAINT, "FOUND");
	for (size_t i = 0; i < count; i++) {
		table_add(&table, tone_of(checks[i].result), results[checks[i].result]);
		table_add(&table, TONE_PLAIN, checks[i].what);
		table_add(&table, TONE_PLAIN, checks[i].text);
		if (checks[i].mend == NULL)
			continue;
		table_add(&table, TONE_PLAIN, "");
		table_add(&table, TONE_PLAIN, "");
		table_addf(&table, TONE_FAINT, "mend: %s", checks[i].mend);
	}
	table_write(&table, colour, INDENT, &run->out);
	if (table.failed && run->out.failed == 0)
		run->out.failed = ERROR_MEMORY;
}

static int test_one(struct run *run, const struct forge_set_up *set_up,
		    struct error *err)
{
	struct forge_check *checks;
	size_t count;
	int code = forge_test(run->forge, set_up, run->arena, &checks, &count, err);
	if (code != 0)
		return code;
	for (size_t i = 0; i < count; i++)
		run->bad |= checks[i].result == FORGE_CHECK_BAD;
	if (run->json)
		write_checks_json(run, set_up->name, checks, count);
	else
		write_checks_text(run, set_up->name, checks, count);
	return 0;
}

static int test(struct run *run, struct error *err)
{
	struct forge_set_up set_up = { .branch = run->branch };
	if (run->json) {
		json_begin(&run->writer, &run->out);
		json_object(&run->writer);
		json_put_string(&run->writer, "source", run->source->name);
		json_key(&run->writer, "repositories");
		json_array(&run->writer);
	}
	int code = for_each(run, &set_up, test_one, err);
	if (code == 0 && run->json) {
		json_array_end(&run->writer);
		json_put_boolean(&run->writer, "good", !run->bad);
		json_object_end(&run->writer);
		buf_add_string(&run->out, "\n");
	}
	return code;
}

/* --- hook --- */

static int hook_one(struct run *run, const struct forge_set_up *set_up,
		    struct error *err)
{
	const char *text;
	int code = forge_hook(run->forge, set_up, run->arena, &text, err);
	if (code == 0) {
		text_escape_string(&run->out, text);
		buf_add_string(&run->out, "\n");
	}
	return code;
}

/* The first secret is the newer one, when one is being replaced. */
static int hook(struct run *run, struct error *err)
{
	const char *file = run->source->options.secrets_file;
	char *secrets[2] = { NULL, NULL };
	if (!is_set(file))
		return error_set(err, ERROR_CONFIG,
				 "the source '%s' has no secret: set 'secrets-file'",
				 run->source->name);
	int code = config_secrets(file, secrets, err);
	if (code == 0) {
		struct forge_set_up set_up = { .secret = secrets[0] };
		code = for_each(run, &set_up, hook_one, err);
	}
	for (size_t i = 0; i < 2; i++) {
		if (secrets[i] != NULL)
			config_secret_wipe(secrets[i]);
	}
	return code;
}

/* --- the command --- */

static const struct {
	const char *name;
	int (*run)(struct run *run, struct error *err);
} verbs[] = {
	{ "test", test },
	{ "hook", hook },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int do_verb(struct run *run, size_t verb, const char *source)
{
	struct error err = ERROR_INIT;
	run->arena = arena_new(ARENA_BYTES);
	int code = run->arena != NULL ? config_load(&run->config, run->file, &err)
				      : error_set(&err, ERROR_MEMORY, "out of memory");
	if (code == 0)
		code = find_source(run, source, &err);
	if (code == 0)
		code = verbs[verb].run(run, &err);
	/* What was done before something failed is told too. */
	int answer = 0;
	if (code == 0 || !run->json)
		answer = cmd_write(&run->out);
	if (code != 0)
		answer = cmd_fail(&err);
	else if (answer == 0 && run->bad)
		answer = 1;
	forge_close(run->forge);
	config_free(run->config);
	arena_free(run->arena);
	buf_release(&run->out);
	return answer;
}

int cmd_forge(int argc, char **argv)
{
	struct run run = { .file = CMD_CONFIG_FILE,
			   .branch = "main",
			   .out = BUF_INIT(OUTPUT_BYTES) };
	const struct cmd_option options[] = {
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &run.file, NULL },
		{ "repository", 0, "NAME", "only this one; otherwise all of the source",
		  &run.repository, NULL },
		{ "branch", 0, "NAME",
		  "test: whose required status is looked at (main)", &run.branch,
		  NULL },
		{ "json", 0, NULL, "test: as JSON", NULL, &run.json },
	};
	const char *names[VERBS];
	int operands;
	int code = cmd_parse(argc, argv, "forge", options,
			     sizeof(options) / sizeof(options[0]), &operands);
	if (code != 0)
		return code - 1;
	const char *word = operands < argc ? argv[operands] : "";
	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(word, verbs[i].name) != 0)
			continue;
		if (argc - operands != 2)
			return cmd_usage("forge", "%s wants one source", word);
		return do_verb(&run, i, argv[operands + 1]);
	}
	const char *nearest = text_nearest(word, names, VERBS);
	return nearest != NULL ? cmd_usage("forge", "unknown '%s'; did you mean '%s'?",
					   word, nearest)
			       : cmd_usage("forge", "test or hook");
}
