/* conf/config_write.c - the effective values of a configuration, as YAML that loads to
 * the same values, and as JSON. */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "conf/config.h"
#include "conf/options.h"

/* Nothing given, and nothing is the default. */
static bool is_unset(const struct option_row *row, const void *field)
{
	switch (row->type) {
	case VALUE_STRING:
	case VALUE_PATH:
	case VALUE_WORD:
	case VALUE_FILE:
		return *(const char *const *)field == NULL;
	case VALUE_STRINGS:
	case VALUE_PATHS:
	case VALUE_GLOBS:
	case VALUE_NAMES:
		return row->value[0] == '\0' &&
		       ((const struct strings *)field)->count == 0;
	case VALUE_UNKNOWN:
	case VALUE_BOOLEAN:
	case VALUE_COUNT:
	case VALUE_SIZE:
	case VALUE_DURATION:
	case VALUE_PATTERN:
	case VALUE_TYPE_COUNT:
		break;
	}
	return false;
}

static void write_rows(enum option_section_id id, const void *values,
		       const char *indent, struct buf *out)
{
	const struct option_section *section = &option_sections[id];
	for (size_t i = 0; i < section->count; i++) {
		const struct option_row *row = &section->rows[i];
		const void *field = option_field(row, values);
		if (is_unset(row, field))
			continue;
		buf_addf(out, "%s%s: ", indent, row->key);
		value_write(row->type, field, out);
		buf_add_byte(out, '\n');
	}
}

static void write_limit(enum limit limit, uint64_t value, struct buf *out)
{
	if (strcmp(limit_unit(limit), "bytes") == 0)
		size_write(value, out);
	else
		value_write(VALUE_COUNT, &value, out);
}

static void write_repository(const struct conf_repository_entry *entry, struct buf *out)
{
	char hex[OID_HEX_BYTES];
	buf_addf(out, "  %s:\n", entry->name);
	write_rows(OPTION_SECTION_repository, &entry->options, "    ", out);
	if (entry->anchor_count != 0)
		buf_add_string(out, "    anchor:\n");
	for (size_t i = 0; i < entry->anchor_count; i++) {
		buf_add_string(out, "      ");
		string_write(entry->anchors[i].ref, out);
		oid_hex(&entry->anchors[i].id, hex);
		buf_addf(out, ": \"%s\"\n", hex[0] == '\0' ? "root" : hex);
	}
}

static void write_source(const struct conf_source_entry *entry, struct buf *out)
{
	buf_addf(out, "  %s:\n", entry->name);
	write_rows(OPTION_SECTION_source, &entry->options, "    ", out);
}

static void write_target(const struct conf_target_entry *entry, struct buf *out)
{
	const struct target_kind_row *kind = &target_kind_rows[entry->kind];
	buf_addf(out, "  %s:\n", entry->name);
	write_rows(OPTION_SECTION_target, &entry->options, "    ", out);
	buf_add_string(out, "    ");
	string_write(config_target_kind(entry->kind), out);
	if (option_sections[kind->section].count > 0) {
		buf_add_string(out, ":\n");
		write_rows(kind->section, (const char *)entry + kind->offset, "      ",
			   out);
	} else {
		buf_add_string(out, ": {}\n");
	}
	buf_add_string(out, "    drift:\n");
	write_rows(OPTION_SECTION_drift, &entry->drift, "      ", out);
}

void config_write_text(const struct config *config, struct buf *out)
{
	buf_addf(out, "# effective values of %s\n", config->file);
	write_rows(OPTION_SECTION_server, &config->server, "", out);
	buf_add_string(out, "sandbox:\n");
	write_rows(OPTION_SECTION_sandbox, &config->sandbox, "  ", out);
	buf_add_string(out, "rekor:\n");
	write_rows(OPTION_SECTION_rekor, &config->rekor, "  ", out);
	buf_add_string(out, "limits:\n");
	for (int i = 0; i < LIMIT_COUNT; i++) {
		buf_addf(out, "  %s: ", limit_name((enum limit)i));
		write_limit((enum limit)i, config->limits.values[i], out);
		buf_add_byte(out, '\n');
	}
	if (config->source_count != 0)
		buf_add_string(out, "sources:\n");
	for (size_t i = 0; i < config->source_count; i++)
		write_source(&config->sources[i], out);
	if (config->repository_count != 0)
		buf_add_string(out, "repositories:\n");
	for (size_t i = 0; i < config->repository_count; i++)
		write_repository(&config->repositories[i], out);
	if (config->target_count != 0)
		buf_add_string(out, "targets:\n");
	for (size_t i = 0; i < config->target_count; i++)
		write_target(&config->targets[i], out);
}

static void json_strings(struct json *json, const struct strings *strings)
{
	json_array(json);
	for (size_t i = 0; i < strings->count; i++)
		json_string(json, strings->items[i]);
	json_array_end(json);
}

static void json_duration(struct json *json, int64_t duration)
{
	struct buf text = BUF_INIT(64);
	duration_write(duration, &text);
	json_string(json, text.data);
	buf_release(&text);
}

static void json_value(struct json *json, enum value_type type, const void *field)
{
	switch (type) {
	case VALUE_BOOLEAN:
		json_boolean(json, *(const bool *)field);
		break;
	case VALUE_COUNT:
	case VALUE_SIZE:
		json_unsigned(json, *(const uint64_t *)field);
		break;
	case VALUE_DURATION:
		json_duration(json, *(const int64_t *)field);
		break;
	case VALUE_STRING:
	case VALUE_PATH:
	case VALUE_WORD:
	case VALUE_FILE:
		json_string(json, *(const char *const *)field);
		break;
	case VALUE_STRINGS:
	case VALUE_PATHS:
	case VALUE_GLOBS:
	case VALUE_NAMES:
		json_strings(json, field);
		break;
	case VALUE_PATTERN:
	case VALUE_UNKNOWN:
	case VALUE_TYPE_COUNT:
		json_null(json);
		break;
	}
}

static void json_rows(struct json *json, enum option_section_id id, const void *values)
{
	const struct option_section *section = &option_sections[id];
	for (size_t i = 0; i < section->count; i++) {
		const struct option_row *row = &section->rows[i];
		json_key(json, row->key);
		json_value(json, row->type, option_field(row, values));
	}
}

static void json_section(struct json *json, const char *key, enum option_section_id id,
			 const void *values)
{
	json_key(json, key);
	json_object(json);
	json_rows(json, id, values);
	json_object_end(json);
}

static void json_repository(struct json *json,
			    const struct conf_repository_entry *entry)
{
	char hex[OID_HEX_BYTES];
	json_key(json, entry->name);
	json_object(json);
	json_rows(json, OPTION_SECTION_repository, &entry->options);
	json_put_string(json, "mirror", entry->mirror);
	json_key(json, "anchor");
	json_object(json);
	for (size_t i = 0; i < entry->anchor_count; i++) {
		oid_hex(&entry->anchors[i].id, hex);
		json_put_string(json, entry->anchors[i].ref,
				hex[0] == '\0' ? "root" : hex);
	}
	json_object_end(json);
	json_object_end(json);
}

static void json_target(struct json *json, const struct conf_target_entry *entry)
{
	const struct target_kind_row *kind = &target_kind_rows[entry->kind];
	json_key(json, entry->name);
	json_object(json);
	json_put_string(json, "kind", config_target_kind(entry->kind));
	json_rows(json, OPTION_SECTION_target, &entry->options);
	if (option_sections[kind->section].count > 0)
		json_section(json, config_target_kind(entry->kind), kind->section,
			     (const char *)entry + kind->offset);
	json_section(json, "drift", OPTION_SECTION_drift, &entry->drift);
	json_object_end(json);
}

void config_write_json(const struct config *config, struct json *json)
{
	json_object(json);
	json_put_string(json, "file", config->file);
	json_rows(json, OPTION_SECTION_server, &config->server);
	json_section(json, "sandbox", OPTION_SECTION_sandbox, &config->sandbox);
	json_section(json, "rekor", OPTION_SECTION_rekor, &config->rekor);
	json_key(json, "limits");
	json_object(json);
	for (int i = 0; i < LIMIT_COUNT; i++)
		json_put_unsigned(json, limit_name((enum limit)i),
				  config->limits.values[i]);
	json_object_end(json);
	json_key(json, "sources");
	json_object(json);
	for (size_t i = 0; i < config->source_count; i++)
		json_section(json, config->sources[i].name, OPTION_SECTION_source,
			     &config->sources[i].options);
	json_object_end(json);
	json_key(json, "repositories");
	json_object(json);
	for (size_t i = 0; i < config->repository_count; i++)
		json_repository(json, &config->repositories[i]);
	json_object_end(json);
	json_key(json, "targets");
	json_object(json);
	for (size_t i = 0; i < config->target_count; i++)
		json_target(json, &config->targets[i]);
	json_object_end(json);
	json_object_end(json);
}
