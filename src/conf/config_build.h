/* conf/config_build.h - a configuration while it is being read; inside conf/ only. */
#ifndef CONF_CONFIG_BUILD_H
#define CONF_CONFIG_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "conf/config.h"
#include "conf/options.h"
#include "conf/reader.h"

struct node;

/* One file of the configuration, parsed. */
struct config_file {
	struct reader reader;
	const struct node *root; /* NULL: empty */
	bool has_policy;
};

/* Where a source, repository or target stands; parallel to the configuration's arrays.
 */
struct config_entry {
	const struct reader *reader;
	const struct node *key;
	const struct node *node;
};

struct config_build {
	struct config *config;
	struct arena *trees;
	const char *directory; /* of the main file */
	struct config_file *files;
	size_t file_count;
	struct map seen; /* "section/key" -> place */
	struct config_entry *sources;
	size_t source_count;
	size_t source_capacity;
	struct config_entry *repositories;
	size_t repository_count;
	size_t repository_capacity;
	struct config_entry *targets;
	size_t target_count;
	size_t target_capacity;
	const struct node *server[OPTION_TOP_MAXIMUM]; /* of each row that is given */
	const struct reader *server_reader[OPTION_TOP_MAXIMUM];
};

/* conf/config_files.c: the texts of `file` and of repositories.d beside it, in the
 * arena; *directory is where relative names begin. */
int config_read_files(struct arena *arena, const char *file, const char **directory,
		      struct policy_file **files, size_t *count, struct error *err);
/* A file by its name relative to `directory`. */
int config_read_beside(struct arena *arena, const char *directory, const char *name,
		       struct policy_file *out, struct error *err);
/* The same of a large file: its beginning, and the file, open until it is closed. */
int config_find_beside(struct arena *arena, const char *directory, const char *name,
		       struct policy_source *out, struct error *err);

/* conf/config_sections.c */
int config_defaults(struct arena *arena, enum option_section_id section, void *out);
int config_read_tree(struct config_build *build, struct config_file *file,
		     struct error *err);

/* conf/config_check.c: what no single option can know. */
int config_check(struct config_build *build, struct error *err);
/* The value of an option of the entry, or its name when it is not given. */
const struct node *config_place(const struct config_entry *entry, const char *key);

/* conf/config_sources.c: the same about sources. config_check_sources() comes first. */
int config_check_sources(struct config_build *build, struct error *err);
int config_check_source_name(const struct config_build *build, size_t repository,
			     struct error *err);
/* Takes one slash from the end. 0 or ERROR_MEMORY. */
int config_cut_slash(struct arena *arena, const char **address);

#endif
