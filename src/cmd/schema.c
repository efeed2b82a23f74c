/* cmd/schema.c - `gitgate schema`: schemas of Kubernetes as bundles. */
#include "cmd/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "doc/kubernetes.h"

#define OUTPUT_BYTES ((size_t)16 << 20)
#define ARENA_BYTES  ((size_t)64 << 20)

int bundle_file_open(struct bundle_file *file, const char *name, struct error *err)
{
	size_t maximum = (size_t)limits_default.values[LIMIT_SCHEMA_BUNDLE_BYTES];
	*file = (struct bundle_file){ .bytes = BUF_INIT(maximum) };
	int rc = buf_read_file(&file->bytes, name, err);
	if (rc == 0 && digest_of(file->bytes.data, file->bytes.length, &file->digest))
		rc = error_set(err, ERROR_MEMORY, "out of memory for '%s'", name);
	return rc == 0 ? kubernetes_bundle_open(&file->bundle, name, file->bytes.data,
						file->bytes.length, err)
		       : rc;
}

void bundle_file_release(struct bundle_file *file)
{
	kubernetes_bundle_free(file->bundle);
	buf_release(&file->bytes);
}

/* --- list --- */

static void list_one(const struct bundle_file *file, const char *name,
		     struct table *table, struct json *json)
{
	char digest[DIGEST_HEX_BYTES + 7] = "sha256:";

	digest_hex(&file->digest, digest + 7);
	if (!json) {
		table_add(table, TONE_PLAIN, name);
		table_add(table, TONE_PLAIN, kubernetes_bundle_version(file->bundle));
		table_addf(table, TONE_PLAIN, "%zu",
			   kubernetes_bundle_kinds(file->bundle));
		table_addf(table, TONE_PLAIN, "%zu", file->bytes.length);
		table_add(table, TONE_PLAIN, digest);
		return;
	}
	json_object(json);
	json_put_string(json, "file", name);
	json_put_string(json, "kubernetes", kubernetes_bundle_version(file->bundle));
	json_put_unsigned(json, "kinds", kubernetes_bundle_kinds(file->bundle));
	json_put_unsigned(json, "bytes", file->bytes.length);
	json_put_string(json, "digest", digest);
	json_object_end(json);
}

static int list_all(const struct schema_command *command, char **files, int count,
		    struct arena *arena, struct buf *out, struct error *err)
{
	static const char *const headings[] = { "FILE", "KUBERNETES", "KINDS", "BYTES",
						"DIGEST" };
	struct table table;
	struct json json;
	int rc = 0;

	table_init(&table, arena, 5);
	for (size_t i = 0; i < 5; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	json_begin(&json, out);
	if (command->json)
		json_array(&json);
	for (int i = 0; rc == 0 && i < count; i++) {
		struct bundle_file file;
		rc = bundle_file_open(&file, files[i], err);
		if (rc == 0)
			list_one(&file, files[i], &table, command->json ? &json : NULL);
		bundle_file_release(&file);
	}
	if (command->json) {
		json_array_end(&json);
		buf_add_byte(out, '\n');
	} else {
		table_write(&table, cmd_colour(1), "", out);
	}
	return rc;
}

int schema_list(const struct schema_command *command, char **files, int count)
{
	struct buf out = BUF_INIT(OUTPUT_BYTES);
	struct error err = ERROR_INIT;
	struct arena *arena = arena_new(ARENA_BYTES);

	if (count == 0) {
		arena_free(arena);
		return cmd_usage("schema", "list needs the FILEs of bundles");
	}
	int rc = arena ? list_all(command, files, count, arena, &out, &err)
		       : error_set(&err, ERROR_MEMORY, "out of memory");
	rc = rc == 0 ? cmd_write(&out) : cmd_fail(&err);
	arena_free(arena);
	buf_release(&out);
	return rc;
}

/* --- the subcommands --- */

static const struct {
	const char *name;
	int (*run)(const struct schema_command *command, char **operands, int count);
} verbs[] = {
	{ "import", schema_import },
	{ "list", schema_list },
	{ "show", schema_show },
	{ "test", schema_test },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int run(const struct schema_command *command, const char *word, char **operands,
	       int count)
{
	const char *names[VERBS];

	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(word, verbs[i].name) == 0)
			return verbs[i].run(command, operands, count);
	}
	const char *nearest = text_nearest(word, names, VERBS);
	return nearest ? cmd_usage("schema", "unknown '%s'; did you mean '%s'?", word,
				   nearest)
		       : cmd_usage("schema", "import, list, show or test");
}

int cmd_schema(int argc, char **argv)
{
	struct schema_command command = { 0 };
	const struct cmd_option options[] = {
		{ "kubernetes", 0, "VERSION", "import: the version, like 1.33",
		  &command.version, NULL },
		{ "output", 'o', "FILE", "import: the bundle", &command.output, NULL },
		{ "cluster", 0, NULL, "import: the cluster that kubectl speaks to",
		  NULL, &command.cluster },
		{ "kubeconfig", 0, "FILE", "import: the cluster that this file says",
		  &command.kubeconfig, NULL },
		{ "context", 0, "NAME", "import: that one of the kubeconfig's contexts",
		  &command.context, NULL },
		{ "server", 0, "URL", "import: the cluster at this address",
		  &command.server, NULL },
		{ "token-file", 0, "FILE", "import: a bearer token for the cluster",
		  &command.token_file, NULL },
		{ "ca-file", 0, "FILE", "import: the only authorities to trust",
		  &command.ca_file, NULL },
		{ "path", 0, "PATH", "show: a field, like spec.template", &command.path,
		  NULL },
		{ "skip", 0, "KINDS", "test: kinds that are not looked at, with commas",
		  &command.skip, NULL },
		{ "ignore-missing-schemas", 0, NULL,
		  "test: accept kinds without a schema", NULL,
		  &command.ignore_missing },
		{ "no-strict", 0, NULL, "test: accept unknown fields", NULL,
		  &command.no_strict },
		{ "json", 0, NULL, "as JSON", NULL, &command.json },
	};
	int operands;

	int rc = cmd_parse(argc, argv, "schema", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	const char *word = operands < argc ? argv[operands] : "";
	int first = operands < argc ? operands + 1 : argc;
	return run(&command, word, argv + first, argc - first);
}
