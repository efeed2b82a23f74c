/* conf/config_sources.c - what no single option of a source, or of a repository that
 * has one, can know. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "conf/config_build.h"
#include "conf/names.h"
#include "doc/doc.h"

enum kind {
	KIND_UNKNOWN = 0,
#define FORGE_KIND(NAME, shown, api) KIND_##NAME,
#include "model/forge_kinds.def"
#undef FORGE_KIND
	KIND_COUNT
};

/* GitLab allows 20 levels of groups. */
#define DEEPEST 21

/* What a kind's options and names may be. */
static const struct kind_row {
	const char *name;
	const char *api;
} kinds[KIND_COUNT] = {
	[KIND_UNKNOWN] = { "", "" },
#define FORGE_KIND(NAME, shown, api) [KIND_##NAME] = { shown, api },
#include "model/forge_kinds.def"
#undef FORGE_KIND
};

static const struct kind_form {
	bool asked;     /* it has an API */
	size_t minimum; /* components of a repository's full name */
	size_t maximum;
	const char *shown; /* an example of one */
} forms[KIND_COUNT] = {
	[KIND_GITHUB] = { true, 2, 2, "acme/shop" },
	[KIND_GITLAB] = { true, 2, DEEPEST, "group/sub/shop" },
	[KIND_GITEA] = { true, 2, 2, "acme/shop" },
	[KIND_FORGEJO] = { true, 2, 2, "acme/shop" },
	[KIND_BITBUCKET_CLOUD] = { true, 2, 2, "acme/shop" },
	[KIND_BITBUCKET_SERVER] = { true, 2, 2, "KEY/shop" },
	[KIND_HMAC] = { false, 1, DEEPEST, "acme/shop" },
	[KIND_STANDARD] = { false, 1, DEEPEST, "acme/shop" },
};

static enum kind kind_of(const char *name)
{
	for (int kind = KIND_UNKNOWN + 1; kind < KIND_COUNT; kind++)
		if (strcmp(kinds[kind].name, name) == 0)
			return (enum kind)kind;
	return KIND_UNKNOWN;
}

int config_cut_slash(struct arena *arena, const char **address)
{
	if (*address == NULL || !text_ends_with(*address, "/"))
		return 0;
	const char *cut = arena_copy(arena, *address, strlen(*address) - 1);
	if (cut == NULL)
		return ERROR_MEMORY;
	*address = cut;
	return 0;
}

/* One option that is given needs, or must not meet, something else. */
static int refuse(const struct config_entry *entry, const char *key, const char *why,
		  struct error *err)
{
	return reader_fail(entry->reader, config_place(entry, key), err, "'%s' %s", key,
			   why);
}

/* Options that mean nothing to this kind, unless they say what is the case anyway. */
static int check_kind(const struct config_entry *entry,
		      const struct conf_source *options, enum kind kind,
		      struct error *err)
{
	const struct option_row *header =
		option_row(&option_sections[OPTION_SECTION_source], "signature-header");
	const struct {
		const char *key;
		bool given;
		bool fits;
		const char *why;
	} rows[] = {
		{ "signature-header", strcmp(options->header, header->value) != 0,
		  kind == KIND_HMAC, "is only for kind 'hmac'" },
		{ "plain-token", !options->plain_token, kind == KIND_GITLAB,
		  "is only for kind 'gitlab'" },
		{ "app-id", options->app_id != 0, kind == KIND_GITHUB,
		  "is only for kind 'github'" },
		{ "app-key-file", options->app_key != NULL, kind == KIND_GITHUB,
		  "is only for kind 'github'" },
		{ "installation", options->installation != 0, kind == KIND_GITHUB,
		  "is only for kind 'github'" },
		{ "api", options->api != NULL, forms[kind].asked,
		  "is only for a forge that has one" },
		{ "token-file", options->token_file != NULL, forms[kind].asked,
		  "is only for a forge that has an API" },
		{ "ca-file", options->ca_file != NULL, forms[kind].asked,
		  "is only for a forge that has an API" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].given && !rows[i].fits)
			return refuse(entry, rows[i].key, rows[i].why, err);
	return 0;
}

/* At most one credential, and whole. */
static int check_credential(const struct config_entry *entry,
			    const struct conf_source *options, struct error *err)
{
	bool app = options->app_id != 0;
	bool key = options->app_key != NULL;
	bool token = options->token_file != NULL;
	if (app && !key)
		return refuse(entry, "app-id", "needs 'app-key-file'", err);
	if (key && !app)
		return refuse(entry, "app-key-file", "needs 'app-id'", err);
	if (app && token)
		return refuse(entry, "token-file",
			      "and 'app-id' exclude each other: act as the App, or "
			      "with the token",
			      err);
	if (options->installation != 0 && !app)
		return refuse(entry, "installation", "needs 'app-id'", err);
	if (options->username != NULL && !token)
		return refuse(entry, "username", "needs 'token-file'", err);
	if (options->username != NULL && strchr(options->username, ':') != NULL)
		return refuse(entry, "username", "must not hold a colon", err);
	return 0;
}

static int check_forms(const struct config_entry *entry,
		       const struct conf_source *options, struct error *err)
{
	struct error cause = ERROR_INIT;
	if (name_check_header(options->header, &cause) != 0)
		return reader_fail(entry->reader,
				   config_place(entry, "signature-header"), err, "%s",
				   cause.text);
	if (options->api != NULL && name_check_web(options->api, &cause) != 0)
		return reader_fail(entry->reader, config_place(entry, "api"), err,
				   "'api': %s", cause.text);
	return 0;
}

/* A credential goes to the kind's own address, unless another is given. */
static int set_api(struct config *config, const struct config_entry *entry,
		   struct conf_source_entry *source, enum kind kind, struct error *err)
{
	struct conf_source *options = &source->options;
	bool credential = options->token_file != NULL || options->app_id != 0;
	if (options->api == NULL && credential && kinds[kind].api[0] != '\0')
		options->api = kinds[kind].api;
	if (options->api == NULL && credential)
		return refuse(entry,
			      options->token_file != NULL ? "token-file" : "app-id",
			      "needs 'api', the base address of the forge's API", err);
	if (config_cut_slash(config->arena, &options->api) != 0)
		return reader_no_memory(entry->reader, err);
	source->api = options->api == NULL ? "" : options->api;
	return 0;
}

static int finish_source(struct config_build *build, size_t index, struct error *err)
{
	const struct config_entry *entry = &build->sources[index];
	struct conf_source_entry *source = &build->config->sources[index];
	if (source->options.kind == NULL)
		return reader_fail(entry->reader, entry->key, err,
				   "source '%s' needs 'kind'", source->name);
	enum kind kind = kind_of(source->options.kind);
	int code = check_forms(entry, &source->options, err);
	if (code == 0)
		code = check_kind(entry, &source->options, kind, err);
	if (code == 0)
		code = check_credential(entry, &source->options, err);
	if (code == 0)
		code = set_api(build->config, entry, source, kind, err);
	if (code == 0 && source->options.secrets_file == NULL && source->api[0] == '\0')
		code = reader_fail(entry->reader, entry->key, err,
				   "source '%s' needs 'secrets-file' to hear of "
				   "pushes%s",
				   source->name,
				   forms[kind].asked ? ", or 'api' or 'token-file' to "
						       "be asked"
						     : "");
	return code;
}

int config_check_sources(struct config_build *build, struct error *err)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < build->config->source_count; i++)
		code = finish_source(build, i, err);
	return code;
}

static int no_source(const struct config_build *build, const struct config_entry *entry,
		     const char *name, struct error *err)
{
	const struct config *config = build->config;
	const struct node *place = config_place(entry, "source");
	const char **names =
		arena_array(build->trees, config->source_count + 1, sizeof(*names));
	for (size_t i = 0; names != NULL && i < config->source_count; i++)
		names[i] = config->sources[i].name;
	const char *nearest =
		names == NULL ? NULL : text_nearest(name, names, config->source_count);
	if (nearest == NULL)
		return reader_fail(entry->reader, place, err, "no source is named '%s'",
				   name);
	return reader_fail(entry->reader, place, err,
			   "no source is named '%s'; did you mean '%s'?", name,
			   nearest);
}

/* A delivery names one repository, not two. Forges keep names apart that differ in more
 * than case only. */
static int check_once(const struct config_build *build, size_t index, struct error *err)
{
	const struct conf_repository_entry *all = build->config->repositories;
	const struct conf_repository *options = &all[index].options;
	const struct config_entry *entry = &build->repositories[index];
	for (size_t i = 0; i < index; i++) {
		const struct conf_repository *other = &all[i].options;
		if (other->source == NULL ||
		    strcmp(other->source, options->source) != 0)
			continue;
		if (strcasecmp(other->full_name, options->full_name) == 0)
			return reader_fail(
				entry->reader, config_place(entry, "name"), err,
				"'%s' of source '%s' is the repository '%s' "
				"already",
				options->full_name, options->source, all[i].name);
	}
	return 0;
}

int config_check_source_name(const struct config_build *build, size_t repository,
			     struct error *err)
{
	const struct config_entry *entry = &build->repositories[repository];
	const struct conf_repository_entry *all = build->config->repositories;
	const struct conf_repository *options = &all[repository].options;
	struct error cause = ERROR_INIT;
	if (options->source == NULL && options->full_name == NULL)
		return 0;
	if (options->source == NULL)
		return refuse(entry, "name", "needs 'source'", err);
	const struct conf_source_entry *source =
		config_source(build->config, options->source);
	if (source == NULL)
		return no_source(build, entry, options->source, err);
	enum kind kind = kind_of(source->options.kind);
	if (options->full_name == NULL)
		return reader_fail(entry->reader, config_place(entry, "source"), err,
				   "'source' needs 'name', the full name there: %s",
				   forms[kind].shown);
	if (name_check_full(options->full_name, forms[kind].minimum,
			    forms[kind].maximum, &cause) != 0)
		return reader_fail(entry->reader, config_place(entry, "name"), err,
				   "%s: %s", cause.text, forms[kind].shown);
	return check_once(build, repository, err);
}
