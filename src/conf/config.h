/* conf/config.h - the service's configuration: one immutable snapshot, all or nothing.
 *
 * Read from gitgate.yaml and repositories.d/ *.yaml beside it (sorted by name;
 * top-level mappings are merged, duplicates refused with both places). Rows of
 * conf/options.def become the fields below. Secrets are only ever named by file: they
 * are read when used (config_secret()), never kept in the snapshot. */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/oid.h"
#include "conf/policy_parse.h"
#include "model/deployment.h"
#include "model/policy.h"

struct arena;
struct buf;
struct error;
struct json;

typedef bool conf_BOOLEAN;
typedef uint64_t conf_COUNT;
typedef uint64_t conf_SIZE;
typedef int64_t conf_DURATION;
typedef const char *conf_STRING;
typedef const char *conf_PATH; /* made absolute: relative to the configuration file */
typedef struct strings conf_STRINGS;
typedef struct strings conf_PATHS;
typedef const char *conf_WORD;

#define SECTION_BEGIN(section, help) struct conf_##section {
#define OPTION(section, type, field, key, value, minimum, maximum, unit, reload, help) \
	conf_##type field;
#define SECTION_END(section)                                                           \
	}                                                                              \
	;
#include "conf/options.def"
#undef SECTION_BEGIN
#undef OPTION
#undef SECTION_END

struct conf_anchor {
	const char *ref; /* full name */
	struct oid id;   /* length 0: "root": judge from the root */
};

struct conf_source_entry {
	const char *name;
	struct conf_source options;
	const char *api; /* with the kind's default; "": it is not asked or told */
};

struct conf_repository_entry {
	const char *name;
	struct conf_repository options;
	struct conf_anchor *anchors;
	size_t anchor_count;
	size_t anchor_capacity;
	const char *mirror; /* <state>/mirrors/<name>.git */
};

enum conf_target_kind {
	CONF_TARGET_UNKNOWN = 0,
#define TARGET_KIND(NAME, section) CONF_TARGET_##NAME,
#include "model/target_kinds.def"
#undef TARGET_KIND
	CONF_TARGET_COUNT
};

const char *config_target_kind(enum conf_target_kind kind); /* "directory" */

struct conf_target_entry {
	const char *name;
	struct conf_target options;
	enum conf_target_kind kind;
	/* the options of each kind; only those of `kind` mean something */
#define TARGET_KIND(NAME, section) struct conf_##section section;
#include "model/target_kinds.def"
#undef TARGET_KIND
	struct conf_drift drift;
	enum drift_mode drift_mode;
};

/* The directory that jobs of a target may write to; NULL: its kind has none. */
const char *config_target_path(const struct conf_target_entry *target);

struct config {
	struct arena *arena;
	const char *file;
	struct conf_server server;
	struct conf_sandbox sandbox;
	struct conf_rekor rekor;
	struct conf_source_entry *sources;
	size_t source_count;
	size_t source_capacity;
	struct conf_repository_entry *repositories;
	size_t repository_count;
	size_t repository_capacity;
	struct conf_target_entry *targets;
	size_t target_count;
	size_t target_capacity;
	struct limits limits;
	/* The floor as texts, and packed for jobs (policy_from_pack()). */
	const void *floor;
	size_t floor_length;
	/* Raw texts, owned here. */
	struct policy_file *files;
	size_t file_count;
	size_t file_capacity;
};

/* Reads, checks everything (also that the floor policy parses for every repository), or
 * changes nothing. Errors carry file:line:column and the nearest valid name. */
int config_load(struct config **out, const char *file, struct error *err);
void config_free(struct config *config);
const struct conf_repository_entry *config_repository(const struct config *config,
						      const char *name);
const struct conf_source_entry *config_source(const struct config *config,
					      const char *name);
const struct conf_target_entry *config_target(const struct config *config,
					      const char *name);

/* What would need a restart when going from one to the other: "" or a list of option
 * names for a message. */
void config_restart_needed(const struct config *old, const struct config *new,
			   struct buf *names);

/* Reads a secret's file now: first line, without its end. At most 64 KiB; refused when
 * others can read it. The caller wipes with config_secret_wipe(). */
int config_secret(const char *file, char **out, struct error *err);
void config_secret_wipe(char *secret);
/* The same of a file with one or two secrets, one a line (blank lines and an end of
 * line do not count): out[0] and, or NULL, out[1]. */
int config_secrets(const char *file, char *out[2], struct error *err);

/* Output for `gitgate config`: the effective values, the commented sample, the table of
 * the manual, JSON Schema for editors. */
void config_write_text(const struct config *config, struct buf *out);
void config_write_json(const struct config *config, struct json *json);
void config_write_sample(
	struct buf *out); /* every option, commented, with its default */
/* The same of .gitgate.yaml: every rule and its options. */
void config_write_policy_sample(struct buf *out);
void config_write_manual(struct buf *out);       /* roff: one .TP an option */
void config_write_rules_manual(struct buf *out); /* roff: rules.def */
void config_write_schema(
	struct buf *out); /* JSON Schema of gitgate.yaml and .gitgate.yaml */

/* The hook's view: only the floor, from the same files and those that it names; options
 * are not looked at, but an unknown top-level key is refused here too. Not finished:
 * policy_add_repository() and policy_finish() follow. `shelf`: a directory that keeps
 * compiled OpenPGP keys; NULL: none. */
int config_load_floor(struct policy **out, const char *file, const char *repository,
		      char *shelf, struct error *err);

#endif
