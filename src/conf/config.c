/* conf/config.c - the configuration: read whole and checked, or not at all. */
#include "conf/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "conf/config_build.h"
#include "conf/policy_builder.h"
#include "conf/policy_bundle.h"
#include "doc/doc.h"

/* Far above what config.bytes and config.files allow in practice. */
#define ARENA_BYTES ((size_t)1 << 30)
#define FLOOR_BYTES ((size_t)256 << 20)

static int no_memory(const char *file, struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for '%s'", file);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	arena_free(config->arena);
	free(config);
}

static int config_new(struct config **out, const char *file, struct error *err)
{
	struct config *config = calloc(1, sizeof(*config));
	if (config == NULL)
		return no_memory(file, err);
	config->arena = arena_new(ARENA_BYTES);
	config->limits = limits_default;
	if (config->arena == NULL ||
	    config_defaults(config->arena, OPTION_SECTION_server, &config->server) !=
		    0 ||
	    config_defaults(config->arena, OPTION_SECTION_sandbox, &config->sandbox) !=
		    0 ||
	    config_defaults(config->arena, OPTION_SECTION_rekor, &config->rekor) != 0) {
		config_free(config);
		return no_memory(file, err);
	}
	*out = config;
	return 0;
}

static int read_files(struct config_build *build, struct error *err)
{
	struct config *config = build->config;
	build->files =
		arena_array(build->trees, config->file_count, sizeof(*build->files));
	if (build->files == NULL)
		return no_memory(config->file, err);
	build->file_count = config->file_count;
	for (size_t i = 0; i < build->file_count; i++) {
		struct config_file *part = &build->files[i];
		const struct policy_file *file = &config->files[i];
		part->reader =
			(struct reader){ file->name, config->arena, build->directory };
		int code = reader_parse(&part->reader, file->bytes, file->length,
					build->trees, &part->root, err);
		if (code == 0 && part->root != NULL)
			code = config_read_tree(build, part, err);
		if (code != 0)
			return code;
	}
	return 0;
}

/* Loads what the floor names, each file once, behind the configuration's own. */
static int load_for_floor(void *data, const char *name, struct policy_file *out,
			  struct error *err)
{
	struct config_build *build = data;
	struct config *config = build->config;
	for (size_t i = build->file_count; i < config->file_count; i++)
		if (strcmp(config->files[i].name, name) == 0) {
			*out = config->files[i];
			return 0;
		}
	struct policy_file file = { 0 };
	int code =
		config_read_beside(config->arena, build->directory, name, &file, err);
	if (code != 0)
		return code;
	struct policy_file *slot =
		ARENA_PUSH(config->arena, &config->files, &config->file_count,
			   &config->file_capacity);
	if (slot == NULL)
		return no_memory(name, err);
	*slot = file;
	*out = file;
	return 0;
}

/* Its compiled form goes to jobs as a file more. This process may start nothing, and
 * the keys are its own configuration's. */
static int compile_for_floor(void *data, const void *bytes, size_t length,
			     struct policy_file *out, struct error *err)
{
	struct config_build *build = data;
	struct config *config = build->config;
	char name[POLICY_COMPILED_NAME_BYTES];
	int code = policy_compiled_name(bytes, length, name, err);
	if (code != 0)
		return code;
	for (size_t i = build->file_count; i < config->file_count; i++)
		if (strcmp(config->files[i].name, name) == 0) {
			*out = config->files[i];
			return 0;
		}
	struct policy_file file = { 0 };
	code = policy_compile_into(config->arena, policy_compile_here, NULL, bytes,
				   length, &file, err);
	if (code != 0)
		return code;
	file.name = arena_string(config->arena, name);
	struct policy_file *slot =
		ARENA_PUSH(config->arena, &config->files, &config->file_count,
			   &config->file_capacity);
	if (file.name == NULL || slot == NULL)
		return no_memory(name, err);
	*slot = file;
	*out = file;
	return 0;
}

/* Without a repository's name every rule is kept, so what parses here parses for each
 * of them. */
static int check_floor(struct config_build *build, struct error *err)
{
	struct config *config = build->config;
	struct policy_loader loader = { load_for_floor, build, compile_for_floor,
					NULL };
	struct policy *policy = NULL;
	int code = policy_new(&policy, err);
	for (size_t i = 0; code == 0 && i < build->file_count; i++) {
		struct policy_file file = config->files[i];
		if (build->files[i].has_policy)
			code = policy_add_server(policy, &file, &loader, NULL, err);
	}
	if (code == 0)
		code = policy_finish(policy, err);
	if (code == 0)
		code = policy_open_bundles(policy, err);
	policy_free(policy);
	return code;
}

/* Files without a word of policy stay at home. */
static int pack_floor(struct config_build *build, struct error *err)
{
	struct config *config = build->config;
	struct policy_file *files =
		arena_array(build->trees, config->file_count, sizeof(*files));
	if (files == NULL)
		return no_memory(config->file, err);
	size_t count = 0;
	for (size_t i = 0; i < build->file_count; i++)
		if (build->files[i].has_policy)
			files[count++] = config->files[i];
	size_t server_count = count;
	for (size_t i = build->file_count; i < config->file_count; i++)
		files[count++] = config->files[i];
	struct buf block = BUF_INIT(FLOOR_BYTES);
	int code = policy_files_pack(&block, files, count, server_count, err);
	if (code == 0) {
		config->floor = arena_copy(config->arena, block.data, block.length);
		config->floor_length = block.length;
		if (config->floor == NULL)
			code = no_memory(config->file, err);
	}
	buf_release(&block);
	return code;
}

static int build_config(struct config_build *build, const char *file, struct error *err)
{
	struct config *config = build->config;
	int code = config_read_files(config->arena, file, &build->directory,
				     &config->files, &config->file_count, err);
	if (code != 0)
		return code;
	config->file_capacity = config->file_count;
	config->file = config->files[0].name;
	code = read_files(build, err);
	if (code == 0)
		code = config_check(build, err);
	if (code == 0)
		code = check_floor(build, err);
	if (code == 0)
		code = pack_floor(build, err);
	return code;
}

int config_load(struct config **out, const char *file, struct error *err)
{
	struct config_build build = { 0 };
	int code = config_new(&build.config, file, err);
	if (code != 0)
		return code;
	build.trees = arena_new(ARENA_BYTES);
	code = build.trees == NULL ? no_memory(file, err)
				   : build_config(&build, file, err);
	map_release(&build.seen);
	arena_free(build.trees);
	if (code == 0)
		*out = build.config;
	else
		config_free(build.config);
	return code;
}

const struct conf_repository_entry *config_repository(const struct config *config,
						      const char *name)
{
	for (size_t i = 0; i < config->repository_count; i++)
		if (strcmp(config->repositories[i].name, name) == 0)
			return &config->repositories[i];
	return NULL;
}

const struct conf_source_entry *config_source(const struct config *config,
					      const char *name)
{
	for (size_t i = 0; i < config->source_count; i++)
		if (strcmp(config->sources[i].name, name) == 0)
			return &config->sources[i];
	return NULL;
}

const struct conf_target_entry *config_target(const struct config *config,
					      const char *name)
{
	for (size_t i = 0; i < config->target_count; i++)
		if (strcmp(config->targets[i].name, name) == 0)
			return &config->targets[i];
	return NULL;
}

static void compare_section(enum option_section_id id, const void *old, const void *new,
			    struct buf *names)
{
	const struct option_section *section = &option_sections[id];
	for (size_t i = 0; i < section->count; i++) {
		const struct option_row *row = &section->rows[i];
		if (!row->restart || value_equal(row->type, option_field(row, old),
						 option_field(row, new)))
			continue;
		if (names->length != 0)
			buf_add_string(names, ", ");
		if (id != OPTION_SECTION_server)
			buf_addf(names, "%s.", section->name);
		buf_add_string(names, row->key);
	}
}

void config_restart_needed(const struct config *old, const struct config *new,
			   struct buf *names)
{
	compare_section(OPTION_SECTION_server, &old->server, &new->server, names);
	compare_section(OPTION_SECTION_sandbox, &old->sandbox, &new->sandbox, names);
}

struct floor_files {
	struct arena *arena;
	const char *directory;
	char *shelf;
};

static int load_beside(void *data, const char *name, struct policy_file *out,
		       struct error *err)
{
	const struct floor_files *files = data;
	return config_read_beside(files->arena, files->directory, name, out, err);
}

static int find_beside(void *data, const char *name, struct policy_source *out,
		       struct error *err)
{
	const struct floor_files *files = data;
	return config_find_beside(files->arena, files->directory, name, out, err);
}

static int compile_beside(void *data, const void *bytes, size_t length,
			  struct policy_file *out, struct error *err)
{
	const struct floor_files *files = data;
	return policy_compile_into(files->arena, policy_compile_by_program,
				   files->shelf, bytes, length, out, err);
}

int config_load_floor(struct policy **out, const char *file, const char *repository,
		      char *shelf, struct error *err)
{
	struct policy *policy = NULL;
	int code = policy_new(&policy, err);
	if (code != 0)
		return code;
	struct floor_files beside = { policy->arena, NULL, shelf };
	struct policy_loader loader = { load_beside, &beside, compile_beside,
					find_beside };
	struct policy_file *files = NULL;
	size_t count = 0;
	code = config_read_files(policy->arena, file, &beside.directory, &files, &count,
				 err);
	for (size_t i = 0; code == 0 && i < count; i++)
		code = policy_add_server(policy, &files[i], &loader, repository, err);
	if (code == 0)
		*out = policy;
	else
		policy_free(policy);
	return code;
}
