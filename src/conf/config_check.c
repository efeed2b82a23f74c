/* conf/config_check.c - what no single option of a configuration can know. */
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "conf/config_build.h"
#include "conf/names.h"
#include "doc/doc.h"

const struct node *config_place(const struct config_entry *entry, const char *key)
{
	const struct node *value = node_get(entry->node, key);
	return value == NULL ? entry->key : value;
}

static int no_url(const struct config_entry *entry, const char *key, const char *why,
		  struct error *err)
{
	const struct node *value = node_get(entry->node, key);
	if (value == NULL)
		return 0;
	return reader_fail(entry->reader, value, err, "'%s' is only for %s", key, why);
}

/* Credentials are bound to the way they travel. */
static int check_credentials(const struct config_entry *entry, enum url_scheme scheme,
			     struct error *err)
{
	static const struct {
		const char *key;
		enum url_scheme scheme;
		const char *why;
	} rows[] = {
		{ "username", URL_HTTPS, "https addresses" },
		{ "password-file", URL_HTTPS, "https addresses" },
		{ "ca-file", URL_HTTPS, "https addresses" },
		{ "ssh-key-file", URL_SSH, "ssh addresses" },
		{ "known-hosts-file", URL_SSH, "ssh addresses" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].scheme == scheme)
			continue;
		int code = no_url(entry, rows[i].key, rows[i].why, err);
		if (code != 0)
			return code;
	}
	if (scheme == URL_SSH && node_get(entry->node, "known-hosts-file") == NULL)
		return reader_fail(entry->reader, config_place(entry, "url"), err,
				   "ssh needs 'known-hosts-file': without it nobody "
				   "knows whose host it is (ssh-keyscan writes one)");
	return 0;
}

static int check_address(const struct config_entry *entry,
			 const struct conf_repository_entry *repository,
			 struct error *err)
{
	const struct node *path = node_get(entry->node, "path");
	const struct node *url = node_get(entry->node, "url");
	enum url_scheme scheme = URL_UNKNOWN;
	struct error cause = ERROR_INIT;
	if (path != NULL && url != NULL)
		return reader_fail(entry->reader, url, err,
				   "repository '%s' has both 'path' and 'url'; one of "
				   "them is needed",
				   repository->name);
	if (path == NULL && url == NULL)
		return reader_fail(entry->reader, entry->key, err,
				   "repository '%s' needs 'path' or 'url'",
				   repository->name);
	if (url != NULL &&
	    name_check_url(repository->options.url, &scheme, &cause) != 0)
		return reader_fail(entry->reader, url, err, "'url': %s", cause.text);
	return check_credentials(entry, scheme, err);
}

/* Every string of a list by one of names.h's checks. */
static int check_each(const struct reader *reader, const struct node *node,
		      const struct strings *strings,
		      int (*check)(const char *text, struct error *err),
		      struct error *err)
{
	for (size_t i = 0; node != NULL && i < strings->count; i++) {
		struct error cause = ERROR_INIT;
		if (check(strings->items[i], &cause) != 0)
			return reader_fail(reader, reader_strings_node(node, i), err,
					   "%s", cause.text);
	}
	return 0;
}

/* A push names its repository by its directory. */
static int check_path_once(const struct config_build *build, size_t index,
			   struct error *err)
{
	const struct conf_repository_entry *all = build->config->repositories;
	const struct config_entry *entry = &build->repositories[index];
	for (size_t i = 0; all[index].options.path != NULL && i < index; i++)
		if (all[i].options.path != NULL &&
		    strcmp(all[i].options.path, all[index].options.path) == 0)
			return reader_fail(entry->reader, config_place(entry, "path"),
					   err, "'%s' is the repository '%s' already",
					   all[i].options.path, all[i].name);
	return 0;
}

static int finish_repository(struct config_build *build, size_t index,
			     struct error *err)
{
	struct config *config = build->config;
	const struct config_entry *entry = &build->repositories[index];
	struct conf_repository_entry *repository = &config->repositories[index];
	int code = check_address(entry, repository, err);
	if (code == 0)
		code = check_path_once(build, index, err);
	if (code == 0)
		code = config_check_source_name(build, index, err);
	if (code == 0)
		code = check_each(entry->reader, node_get(entry->node, "protected"),
				  &repository->options.protected, name_check_ref_glob,
				  err);
	if (code == 0)
		code = check_each(entry->reader, node_get(entry->node, "fsck"),
				  &repository->options.fsck, name_check_fsck, err);
	if (code != 0)
		return code;
	if (repository->options.poll == 0)
		repository->options.poll = config->server.poll;
	repository->mirror = arena_printf(config->arena, "%s/mirrors/%s.git",
					  config->server.state, repository->name);
	return repository->mirror == NULL ? reader_no_memory(entry->reader, err) : 0;
}

static int check_repository(const struct config_build *build,
			    const struct config_entry *entry,
			    const struct conf_target_entry *target, struct error *err)
{
	const struct config *config = build->config;
	const char *name = target->options.repository;
	const struct node *place = config_place(entry, "repository");
	if (name == NULL)
		return reader_fail(entry->reader, place, err,
				   "target '%s' needs 'repository'", target->name);
	if (config_repository(config, name) != NULL)
		return 0;
	const char **names =
		arena_array(build->trees, config->repository_count + 1, sizeof(*names));
	for (size_t i = 0; names != NULL && i < config->repository_count; i++)
		names[i] = config->repositories[i].name;
	const char *nearest =
		names == NULL ? NULL
			      : text_nearest(name, names, config->repository_count);
	if (nearest == NULL)
		return reader_fail(entry->reader, place, err,
				   "no repository is named '%s'", name);
	return reader_fail(entry->reader, place, err,
			   "no repository is named '%s'; did you mean '%s'?", name,
			   nearest);
}

/* "a" and "a/b": a file would be written twice. */
static bool nested(const char *one, const char *other)
{
	return name_path_within(one, other) || name_path_within(other, one);
}

static int check_paths(const struct config_entry *entry,
		       struct conf_target_entry *target, struct error *err)
{
	const struct node *node = node_get(entry->node, "paths");
	struct strings *paths = &target->options.paths;
	for (size_t i = 0; node != NULL && i < paths->count; i++) {
		const struct node *item = reader_strings_node(node, i);
		struct error cause = ERROR_INIT;
		const char *path = paths->items[i];
		if (path_check(path, strlen(path),
			       limits_default.values[LIMIT_GIT_PATH_BYTES],
			       &cause) != 0)
			return reader_fail(entry->reader, item, err,
					   "'%s' is no path in a repository: %s", path,
					   cause.text);
		for (size_t k = 0; k < i; k++)
			if (nested(paths->items[k], path))
				return reader_fail(entry->reader, item, err,
						   "'%s' and '%s' overlap", path,
						   paths->items[k]);
	}
	return 0;
}

/* Two targets in one place would take each other's files for drift. */
static int check_place_once(const struct config_build *build, size_t index,
			    const struct node *place, struct error *err)
{
	const struct conf_target_entry *targets = build->config->targets;
	const struct reader *reader = build->targets[index].reader;
	const char *path = config_target_path(&targets[index]);
	if (name_path_within(build->config->server.state, path))
		return reader_fail(reader, place, err,
				   "'%s' holds gitgate's own state-directory", path);
	for (size_t i = 0; i < index; i++) {
		const char *other = config_target_path(&targets[i]);
		if (other != NULL && nested(other, path))
			return reader_fail(reader, place, err,
					   "'%s' and '%s' of target '%s' overlap", path,
					   other, targets[i].name);
	}
	return 0;
}

static bool has_parent_component(const char *path)
{
	return strstr(path, "/../") != NULL || text_ends_with(path, "/..");
}

/* Where its jobs may write. */
static int check_place(const struct config_build *build, size_t index,
		       struct error *err)
{
	const struct config_entry *entry = &build->targets[index];
	const struct conf_target_entry *target = &build->config->targets[index];
	const char *kind = config_target_kind(target->kind);
	const char *path = config_target_path(target);
	if (target_kind_path(target->kind) == NULL)
		return 0;
	if (path == NULL)
		return reader_fail(entry->reader, entry->key, err,
				   "target '%s' needs 'path' below '%s'", target->name,
				   kind);
	const struct node *place = node_get(node_get(entry->node, kind), "path");
	if (has_parent_component(path))
		return reader_fail(entry->reader, place, err,
				   "'%s' leads upward: write where it really is", path);
	return check_place_once(build, index, place, err);
}

static int check_activate(const struct config_entry *entry, struct error *err)
{
	const struct node *directory = node_get(entry->node, "directory");
	const struct node *activate = node_get(directory, "activate");
	if (node_kind(activate) != NODE_STRING)
		return 0;
	return reader_fail(entry->reader, activate, err,
			   "'activate' must be a list, program and arguments: no shell "
			   "takes it apart");
}

static int finish_target(struct config_build *build, size_t index, struct error *err)
{
	const struct config_entry *entry = &build->targets[index];
	struct conf_target_entry *target = &build->config->targets[index];
	struct error cause = ERROR_INIT;
	int code = check_repository(build, entry, target, err);
	if (code == 0 && name_check_ref(target->options.ref, &cause) != 0)
		code = reader_fail(entry->reader, config_place(entry, "ref"), err, "%s",
				   cause.text);
	if (code == 0)
		code = check_paths(entry, target, err);
	if (code == 0)
		code = check_place(build, index, err);
	if (code == 0)
		code = check_activate(entry, err);
	return code;
}

static int check_admin(const char *name, struct error *err)
{
	return name_check_user(name, true, err);
}

static int check_user(const char *name, struct error *err)
{
	return name_check_user(name, false, err);
}

static int check_socket(const char *path, struct error *err)
{
	if (strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path))
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "'%s' is longer than the name of a socket may be (%zu bytes)",
			 path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
}

/* Options of the server that have a form of their own. */
static const struct {
	const char *key;
	int (*check)(const char *text, struct error *err);
} server_forms[] = {
	{ "listen", name_check_listen },  { "admins", check_admin },
	{ "socket", check_socket },       { "user", check_user },
	{ "intake-user", check_user },    { "job-user", check_user },
	{ "public-url", name_check_web }, { "trusted-proxies", name_check_network },
};

static int check_server(const struct config_build *build, struct error *err)
{
	const struct option_section *section = &option_sections[OPTION_SECTION_server];
	for (size_t i = 0; i < sizeof(server_forms) / sizeof(server_forms[0]); i++) {
		const struct option_row *row = option_row(section, server_forms[i].key);
		size_t index = (size_t)(row - section->rows);
		const void *field = option_field(row, &build->config->server);
		/* Lists are checked one by one, a single text as a list of one. */
		struct strings one = { 0 };
		const char *text[1];
		if (row->type == VALUE_STRINGS) {
			one = *(const struct strings *)field;
		} else {
			text[0] = *(const char *const *)field;
			one = (struct strings){ text, 1, 1 };
		}
		int code = check_each(build->server_reader[index], build->server[index],
				      &one, server_forms[i].check, err);
		if (code != 0)
			return code;
	}
	return 0;
}

/* A certificate without its key serves nobody. */
static int check_tls(const struct config_build *build, struct error *err)
{
	static const char *const keys[] = { "tls-certificate-file", "tls-key-file" };
	const struct option_section *section = &option_sections[OPTION_SECTION_server];
	for (size_t i = 0; i < 2; i++) {
		size_t index = (size_t)(option_row(section, keys[i]) - section->rows);
		size_t other =
			(size_t)(option_row(section, keys[1 - i]) - section->rows);
		if (build->server[index] != NULL && build->server[other] == NULL)
			return reader_fail(build->server_reader[index],
					   build->server[index], err,
					   "'%s' needs '%s' too", keys[i], keys[1 - i]);
	}
	return 0;
}

int config_check(struct config_build *build, struct error *err)
{
	struct config *config = build->config;
	int code = check_server(build, err);
	if (code == 0)
		code = check_tls(build, err);
	if (code == 0 &&
	    config_cut_slash(config->arena, &config->server.public_url) != 0)
		code = error_set(err, ERROR_MEMORY, "out of memory for '%s'",
				 config->file);
	if (code == 0)
		code = config_check_sources(build, err);
	for (size_t i = 0; code == 0 && i < config->repository_count; i++)
		code = finish_repository(build, i, err);
	for (size_t i = 0; code == 0 && i < config->target_count; i++)
		code = finish_target(build, i, err);
	return code;
}
