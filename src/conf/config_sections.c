/* conf/config_sections.c - the sections of gitgate.yaml into struct config. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "conf/config_build.h"
#include "conf/names.h"
#include "doc/doc.h"

/* A limit can be raised, but not so far that it limits nothing. */
#define LIMIT_RAISE 100

int config_defaults(struct arena *arena, enum option_section_id section, void *out)
{
	const struct option_section *rows = &option_sections[section];
	for (size_t i = 0; i < rows->count; i++) {
		const struct option_row *row = &rows->rows[i];
		int code = value_default(arena, row, (char *)out + row->offset);
		if (code != 0)
			return code;
	}
	return 0;
}

/* Within one file duplicates are refused by doc/; here across files. */
static int once(struct config_build *build, const struct reader *reader,
		const struct node *key, const char *section, const char *what,
		const char *name, struct error *err)
{
	const char *full = arena_printf(build->trees, "%s/%s", section, name);
	if (full == NULL)
		return reader_no_memory(reader, err);
	const char *first = map_get(&build->seen, full, strlen(full));
	if (first != NULL)
		return reader_fail(reader, key, err, "%s '%s' is there already: %s",
				   what, name, first);
	char *place = arena_printf(build->trees, "%s:%u:%u", reader->file,
				   node_line(key), node_column(key));
	if (place == NULL || map_put(&build->seen, full, strlen(full), place) != 0)
		return reader_no_memory(reader, err);
	return 0;
}

/* Names of a section's options and of what may stand beside them. */
static int check_names(const struct reader *reader, const struct node *node,
		       const struct option_section *section, const char *const *beside,
		       struct error *err)
{
	const char *names[OPTION_TOP_MAXIMUM];
	size_t count = 0;
	for (size_t i = 0; i < section->count; i++)
		names[count++] = section->rows[i].key;
	for (size_t i = 0; beside[i] != NULL && count < OPTION_TOP_MAXIMUM; i++)
		names[count++] = beside[i];
	return reader_known_keys(reader, node, "option", names, count, err);
}

static int read_rows(const struct reader *reader, const struct node *node,
		     const struct option_section *section, void *out, struct error *err)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct option_row *row = &section->rows[i];
		const struct node *value = node_get(node, row->key);
		if (value == NULL)
			continue;
		int code = reader_value(reader, value, row, (char *)out + row->offset,
					err);
		if (code != 0)
			return code;
	}
	return 0;
}

/* A mapping of options and, beside them, of the names given. */
static int read_section(struct config_build *build, const struct reader *reader,
			const struct node *node, enum option_section_id id,
			const char *what, const char *const *beside, void *out,
			struct error *err)
{
	const struct option_section *section = &option_sections[id];
	int code = config_defaults(build->config->arena, id, out);
	if (code != 0)
		return reader_no_memory(reader, err);
	code = reader_mapping(reader, node, what, err);
	if (code == 0)
		code = check_names(reader, node, section, beside, err);
	if (code == 0)
		code = read_rows(reader, node, section, out, err);
	return code;
}

static const char *const nothing_beside[] = { NULL };

static int read_server(struct config_build *build, const struct config_file *file,
		       struct error *err)
{
	const struct option_section *section = &option_sections[OPTION_SECTION_server];
	for (size_t i = 0; i < node_count(file->root); i++) {
		const struct node *key = node_key(file->root, i);
		const struct option_row *row =
			option_row(section, node_text(key, NULL));
		if (row == NULL)
			continue;
		int code = once(build, &file->reader, key, "", "option", row->key, err);
		if (code == 0)
			code = reader_value(
				&file->reader, node_item(file->root, i), row,
				(char *)&build->config->server + row->offset, err);
		if (code != 0)
			return code;
		size_t index = (size_t)(row - section->rows);
		build->server[index] = node_item(file->root, i);
		build->server_reader[index] = &file->reader;
	}
	return 0;
}

/* A mapping of options alone, of which there is one; `out` holds their defaults. */
static int read_one(struct config_build *build, const struct reader *reader,
		    const struct node *node, enum option_section_id id,
		    const char *name, void *out, struct error *err)
{
	const struct option_section *section = &option_sections[id];
	int code = reader_mapping(reader, node, name, err);
	if (code == 0)
		code = check_names(reader, node, section, nothing_beside, err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = once(build, reader, node_key(node, i), name, "option",
			    node_text(node_key(node, i), NULL), err);
	if (code == 0)
		code = read_rows(reader, node, section, out, err);
	return code;
}

/* Where it is, and that its address is one, is checked here: nothing else is known of
 * it. */
static int read_rekor(struct config_build *build, const struct reader *reader,
		      const struct node *node, struct error *err)
{
	struct conf_rekor *rekor = &build->config->rekor;
	struct error cause = ERROR_INIT;
	int code = read_one(build, reader, node, OPTION_SECTION_rekor, "rekor", rekor,
			    err);
	if (code != 0 || rekor->url == NULL || *rekor->url == '\0')
		return code;
	if (name_check_web(rekor->url, &cause) != 0)
		return reader_fail(reader, node_get(node, "url"), err, "'url': %s",
				   cause.text);
	return config_cut_slash(build->config->arena, &rekor->url) == 0
		       ? 0
		       : reader_no_memory(reader, err);
}

static int read_limit(struct config_build *build, const struct reader *reader,
		      const struct node *key, const struct node *node,
		      struct error *err)
{
	const char *name = node_text(key, NULL);
	int limit = limit_by_name(name);
	int code = once(build, reader, key, "limits", "limit", name, err);
	if (code != 0)
		return code;
	const struct option_row row = {
		.type = VALUE_SIZE,
		.key = name,
		.minimum = 1,
		.maximum = limits_default.values[limit] * LIMIT_RAISE,
		.unit = limit_unit((enum limit)limit),
		.help = "",
	};
	return reader_value(reader, node, &row, &build->config->limits.values[limit],
			    err);
}

static int read_limits(struct config_build *build, const struct reader *reader,
		       const struct node *node, struct error *err)
{
	const char *names[LIMIT_COUNT];
	for (int i = 0; i < LIMIT_COUNT; i++)
		names[i] = limit_name((enum limit)i);
	int code = reader_mapping(reader, node, "limits", err);
	if (code == 0)
		code = reader_known_keys(reader, node, "limit", names, LIMIT_COUNT,
					 err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = read_limit(build, reader, node_key(node, i), node_item(node, i),
				  err);
	return code;
}

static int read_anchor(struct config_build *build, const struct reader *reader,
		       const struct node *key, const struct node *node,
		       struct conf_repository_entry *entry, struct error *err)
{
	struct arena *arena = build->config->arena;
	char shown[READER_SHOWN_BYTES];
	struct error cause = ERROR_INIT;
	struct oid id = OID_INIT;
	size_t length = 0;
	enum node_kind kind = node_kind(node);
	const char *ref = arena_string(arena, node_text(key, NULL));
	if (ref == NULL)
		return reader_no_memory(reader, err);
	if (name_check_ref(ref, &cause) != 0)
		return reader_fail(reader, key, err, "%s", cause.text);
	/* An id of digits only reads as a number: its text is what counts. */
	const char *text =
		kind == NODE_STRING || kind == NODE_INTEGER || kind == NODE_DECIMAL
			? node_text(node, &length)
			: "";
	bool root = strcmp(text, "root") == 0;
	if (!root && (oid_parse(text, length, &id) != 0 || oid_is_null(&id)))
		return reader_fail(reader, node, err,
				   "the anchor of '%s' must be a full commit id (40 or "
				   "64 digits of 0-9 and a-f) or root, found %s",
				   ref, reader_shown(node, shown));
	struct conf_anchor *anchor = ARENA_PUSH(
		arena, &entry->anchors, &entry->anchor_count, &entry->anchor_capacity);
	if (anchor == NULL)
		return reader_no_memory(reader, err);
	anchor->ref = ref;
	anchor->id = id;
	return 0;
}

static int read_anchors(struct config_build *build, const struct reader *reader,
			const struct node *node, struct conf_repository_entry *entry,
			struct error *err)
{
	int code = reader_mapping(reader, node, "anchor", err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = read_anchor(build, reader, node_key(node, i), node_item(node, i),
				   entry, err);
	return code;
}

/* The name at the key of an entry, checked and remembered. */
static int entry_name(struct config_build *build, const struct reader *reader,
		      const struct node *key, const char *section, const char *what,
		      const char **out, struct error *err)
{
	struct error cause = ERROR_INIT;
	size_t length = 0;
	const char *text = node_text(key, &length);
	const char *name = arena_copy(build->config->arena, text, length);
	if (name == NULL)
		return reader_no_memory(reader, err);
	if (strlen(name) != length || name_check(name, &cause) != 0)
		return reader_fail(reader, key, err, "%s",
				   cause.code != 0 ? cause.text
						   : "a name holds a NUL byte");
	int code = once(build, reader, key, section, what, name, err);
	if (code == 0)
		*out = name;
	return code;
}

static int read_source(struct config_build *build, const struct reader *reader,
		       const struct node *key, const struct node *node,
		       struct error *err)
{
	struct config *config = build->config;
	struct conf_source_entry entry = { 0 };
	int code =
		entry_name(build, reader, key, "sources", "source", &entry.name, err);
	if (code == 0)
		code = read_section(build, reader, node, OPTION_SECTION_source,
				    entry.name, nothing_beside, &entry.options, err);
	if (code != 0)
		return code;
	struct conf_source_entry *slot =
		ARENA_PUSH(config->arena, &config->sources, &config->source_count,
			   &config->source_capacity);
	struct config_entry *place =
		ARENA_PUSH(build->trees, &build->sources, &build->source_count,
			   &build->source_capacity);
	if (slot == NULL || place == NULL)
		return reader_no_memory(reader, err);
	*slot = entry;
	*place = (struct config_entry){ reader, key, node };
	return 0;
}

static int read_repository(struct config_build *build, const struct reader *reader,
			   const struct node *key, const struct node *node,
			   struct error *err)
{
	static const char *const beside[] = { "anchor", NULL };
	struct config *config = build->config;
	struct conf_repository_entry entry = { 0 };
	int code = entry_name(build, reader, key, "repositories", "repository",
			      &entry.name, err);
	if (code == 0)
		code = read_section(build, reader, node, OPTION_SECTION_repository,
				    entry.name, beside, &entry.options, err);
	if (code == 0 && node_get(node, "anchor") != NULL)
		code = read_anchors(build, reader, node_get(node, "anchor"), &entry,
				    err);
	if (code != 0)
		return code;
	struct conf_repository_entry *slot =
		ARENA_PUSH(config->arena, &config->repositories,
			   &config->repository_count, &config->repository_capacity);
	struct config_entry *place =
		ARENA_PUSH(build->trees, &build->repositories, &build->repository_count,
			   &build->repository_capacity);
	if (slot == NULL || place == NULL)
		return reader_no_memory(reader, err);
	*slot = entry;
	*place = (struct config_entry){ reader, key, node };
	return 0;
}

/* "directory or null" */
static const char *kind_choice(const struct config_build *build)
{
	const char *choice = "";
	for (int kind = 1; kind < CONF_TARGET_COUNT && choice != NULL; kind++)
		choice = arena_printf(build->trees, "%s%s%s", choice,
				      kind == 1                      ? ""
				      : kind < CONF_TARGET_COUNT - 1 ? ", "
								     : " or ",
				      config_target_kind((enum conf_target_kind)kind));
	return choice != NULL ? choice : "";
}

static int read_kind_options(struct config_build *build, const struct reader *reader,
			     const struct node *node, struct conf_target_entry *entry,
			     struct error *err)
{
	const struct target_kind_row *row = &target_kind_rows[entry->kind];
	const char *name = config_target_kind(entry->kind);
	void *options = (char *)entry + row->offset;
	if (option_sections[row->section].count > 0)
		return read_section(build, reader, node, row->section, name,
				    nothing_beside, options, err);
	if (node_kind(node) == NODE_NULL)
		return 0;
	int code = reader_mapping(reader, node, name, err);
	if (code == 0 && node_count(node) != 0)
		code = reader_fail(reader, node_key(node, 0), err,
				   "a %s target has no options", name);
	return code;
}

static int read_kind(struct config_build *build, const struct reader *reader,
		     const struct node *key, const struct node *node,
		     struct conf_target_entry *entry, struct error *err)
{
	const struct node *found = NULL;
	size_t count = 0;
	for (int kind = 1; kind < CONF_TARGET_COUNT; kind++) {
		const char *name = config_target_kind((enum conf_target_kind)kind);
		const struct node *options = node_get(node, name);
		if (options == NULL)
			continue;
		found = options;
		entry->kind = (enum conf_target_kind)kind;
		count++;
	}
	if (count != 1)
		return reader_fail(reader, key, err,
				   "target '%s' needs exactly one kind: %s",
				   entry->name, kind_choice(build));
	return read_kind_options(build, reader, found, entry, err);
}

static enum drift_mode drift_mode_of(const char *word)
{
	if (strcmp(word, "correct") == 0)
		return DRIFT_CORRECT;
	if (strcmp(word, "report") == 0)
		return DRIFT_REPORT;
	return strcmp(word, "off") == 0 ? DRIFT_OFF : DRIFT_UNKNOWN;
}

static int read_drift(struct config_build *build, const struct reader *reader,
		      const struct node *node, struct conf_target_entry *entry,
		      struct error *err)
{
	int code = 0;
	if (node != NULL)
		code = read_section(build, reader, node, OPTION_SECTION_drift, "drift",
				    nothing_beside, &entry->drift, err);
	else if (config_defaults(build->config->arena, OPTION_SECTION_drift,
				 &entry->drift) != 0)
		code = reader_no_memory(reader, err);
	if (code == 0)
		entry->drift_mode = drift_mode_of(entry->drift.mode);
	return code;
}

static int read_target(struct config_build *build, const struct reader *reader,
		       const struct node *key, const struct node *node,
		       struct error *err)
{
	const char *beside[CONF_TARGET_COUNT + 1] = { "drift" };
	struct config *config = build->config;
	struct conf_target_entry entry = { 0 };
	for (int kind = 1; kind < CONF_TARGET_COUNT; kind++)
		beside[kind] = config_target_kind((enum conf_target_kind)kind);
	int code =
		entry_name(build, reader, key, "targets", "target", &entry.name, err);
	if (code == 0)
		code = read_section(build, reader, node, OPTION_SECTION_target,
				    entry.name, beside, &entry.options, err);
	if (code == 0)
		code = read_kind(build, reader, key, node, &entry, err);
	if (code == 0)
		code = read_drift(build, reader, node_get(node, "drift"), &entry, err);
	if (code != 0)
		return code;
	struct conf_target_entry *slot =
		ARENA_PUSH(config->arena, &config->targets, &config->target_count,
			   &config->target_capacity);
	struct config_entry *place =
		ARENA_PUSH(build->trees, &build->targets, &build->target_count,
			   &build->target_capacity);
	if (slot == NULL || place == NULL)
		return reader_no_memory(reader, err);
	*slot = entry;
	*place = (struct config_entry){ reader, key, node };
	return 0;
}

typedef int (*entry_reader)(struct config_build *build, const struct reader *reader,
			    const struct node *key, const struct node *node,
			    struct error *err);

static int read_entries(struct config_build *build, const struct reader *reader,
			const struct node *node, const char *what, entry_reader read,
			struct error *err)
{
	int code = reader_mapping(reader, node, what, err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = read(build, reader, node_key(node, i), node_item(node, i), err);
	return code;
}

int config_read_tree(struct config_build *build, struct config_file *file,
		     struct error *err)
{
	const struct reader *reader = &file->reader;
	const struct node *root = file->root;
	const char *names[OPTION_TOP_MAXIMUM];
	size_t count = option_top_names(names);
	int code = reader_known_keys(reader, root, "option", names, count, err);
	for (size_t i = 0; code == 0 && i < node_count(root); i++)
		file->has_policy |=
			option_is_policy(node_text(node_key(root, i), NULL));
	if (code == 0)
		code = read_server(build, file, err);
	const struct node *sandbox = node_get(root, "sandbox");
	const struct node *rekor = node_get(root, "rekor");
	const struct node *limits = node_get(root, "limits");
	const struct node *sources = node_get(root, "sources");
	const struct node *repositories = node_get(root, "repositories");
	const struct node *targets = node_get(root, "targets");
	if (code == 0 && sandbox != NULL)
		code = read_one(build, reader, sandbox, OPTION_SECTION_sandbox,
				"sandbox", &build->config->sandbox, err);
	if (code == 0 && rekor != NULL)
		code = read_rekor(build, reader, rekor, err);
	if (code == 0 && limits != NULL)
		code = read_limits(build, reader, limits, err);
	if (code == 0 && sources != NULL)
		code = read_entries(build, reader, sources, "sources", read_source,
				    err);
	if (code == 0 && repositories != NULL)
		code = read_entries(build, reader, repositories, "repositories",
				    read_repository, err);
	if (code == 0 && targets != NULL)
		code = read_entries(build, reader, targets, "targets", read_target,
				    err);
	return code;
}
