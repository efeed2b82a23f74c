/* cmd/config.c - `gitgate config`: the configuration in effect, or a sample. */
#include "conf/config.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/cmd.h"

#define OUTPUT_BYTES ((size_t)16 << 20)

struct view {
	const char *file;
	bool json;
	bool policy;
	struct buf out;
};

static int show(struct view *view, struct error *err)
{
	struct config *config = NULL;
	struct json json;

	int rc = config_load(&config, view->file, err);
	if (rc != 0)
		return rc;
	if (view->json) {
		json_begin(&json, &view->out);
		config_write_json(config, &json);
		buf_add_byte(&view->out, '\n');
	} else {
		config_write_text(config, &view->out);
	}
	config_free(config);
	return 0;
}

static int check(struct view *view, struct error *err)
{
	struct config *config = NULL;

	int rc = config_load(&config, view->file, err);
	if (rc != 0)
		return rc;
	text_escape_string(&view->out, view->file);
	buf_addf(&view->out, ": good; repositories %zu, targets %zu\n",
		 config->repository_count, config->target_count);
	config_free(config);
	return 0;
}

static int sample(struct view *view, struct error *err)
{
	(void)err;
	if (view->policy)
		config_write_policy_sample(&view->out);
	else
		config_write_sample(&view->out);
	return 0;
}

static int schema(struct view *view, struct error *err)
{
	(void)err;
	config_write_schema(&view->out);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct view *view, struct error *err);
} verbs[] = {
	{ "show", show },
	{ "check", check },
	{ "sample", sample },
	{ "schema", schema },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int run(struct view *view, size_t verb)
{
	struct error err = ERROR_INIT;

	int rc = verbs[verb].run(view, &err);
	rc = rc == 0 ? cmd_write(&view->out) : cmd_fail(&err);
	buf_release(&view->out);
	return rc;
}

int cmd_config(int argc, char **argv)
{
	struct view view = { .file = CMD_CONFIG_FILE, .out = BUF_INIT(OUTPUT_BYTES) };
	const struct cmd_option options[] = {
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &view.file, NULL },
		{ "json", 0, NULL, "show: as JSON", NULL, &view.json },
		{ "policy", 0, NULL, "sample: of .gitgate.yaml", NULL, &view.policy },
	};
	const char *names[VERBS];
	int operands;

	int rc = cmd_parse(argc, argv, "config", options, 3, &operands);
	if (rc != 0)
		return rc - 1;
	const char *word = operands < argc ? argv[operands] : "";
	if (argc - operands > 1)
		return cmd_usage("config", "unexpected argument '%s'",
				 argv[operands + 1]);
	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(word, verbs[i].name) == 0)
			return run(&view, i);
	}
	const char *nearest = text_nearest(word, names, VERBS);
	return nearest ? cmd_usage("config", "unknown '%s'; did you mean '%s'?", word,
				   nearest)
		       : cmd_usage("config", "show, check, sample or schema");
}
