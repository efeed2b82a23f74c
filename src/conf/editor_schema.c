/* conf/editor_schema.c - JSON Schema of gitgate.yaml and .gitgate.yaml, so that editors
 * complete and check. It may accept what the parser refuses, never the other way. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "conf/config.h"
#include "conf/options.h"

#define WORD_ARENA_BYTES 65536

static void put_reference(struct json *json, const char *key, const char *name)
{
	char target[64] = "#/$defs/";
	strncat(target, name, 40);
	json_key(json, key);
	json_object(json);
	json_put_string(json, "$ref", target);
	json_object_end(json);
}

static void begin_object(struct json *json)
{
	json_object(json);
	json_put_string(json, "type", "object");
}

/* A mapping from any name to what $defs/<name> says. */
static void put_map_of(struct json *json, const char *key, const char *name)
{
	json_key(json, key);
	begin_object(json);
	put_reference(json, "additionalProperties", name);
	json_object_end(json);
}

static void put_types(struct json *json, const char *one, const char *other)
{
	json_key(json, "type");
	json_array(json);
	json_string(json, one);
	json_string(json, other);
	json_array_end(json);
}

static void put_words(struct json *json, const char *help)
{
	const char *words[WORDS_MAXIMUM];
	struct arena *arena = arena_new(WORD_ARENA_BYTES);
	size_t count = arena == NULL ? 0 : words_of(arena, help, words, WORDS_MAXIMUM);
	json_key(json, "enum");
	json_array(json);
	for (size_t i = 0; i < count; i++)
		json_string(json, words[i]);
	json_array_end(json);
	arena_free(arena);
}

static void put_type(struct json *json, const struct option_row *row)
{
	switch (row->type) {
	case VALUE_BOOLEAN:
		json_put_string(json, "type", "boolean");
		break;
	case VALUE_COUNT:
		json_put_string(json, "type", "integer");
		json_put_unsigned(json, "minimum", row->minimum);
		if (row->maximum != 0)
			json_put_unsigned(json, "maximum", row->maximum);
		break;
	case VALUE_SIZE:
		put_types(json, "integer", "string");
		json_put_string(json, "pattern", "^[0-9]+([KMGT]|[KMGT]iB)?$");
		break;
	case VALUE_DURATION:
		json_put_string(json, "type", "string");
		json_put_string(json, "pattern", "^([0-9]+(d|h|m|s|ms|us))+$");
		break;
	case VALUE_STRING:
	case VALUE_PATH:
	case VALUE_FILE:
	case VALUE_PATTERN:
		json_put_string(json, "type", "string");
		json_put_unsigned(json, "minLength", 1);
		break;
	case VALUE_STRINGS:
	case VALUE_PATHS:
	case VALUE_GLOBS:
	case VALUE_NAMES:
		put_types(json, "string", "array");
		json_key(json, "items");
		json_object(json);
		json_put_string(json, "type", "string");
		json_object_end(json);
		break;
	case VALUE_WORD:
		put_words(json, row->help);
		break;
	case VALUE_UNKNOWN:
	case VALUE_TYPE_COUNT:
		break;
	}
}

static void put_row(struct json *json, const struct option_row *row)
{
	json_key(json, row->key);
	json_object(json);
	put_type(json, row);
	struct buf text = BUF_INIT(2048);
	buf_add_string(&text, row->help);
	if (row->value[0] != '\0')
		buf_addf(&text, " (default: %s)", row->value);
	json_put_string(json, "description", text.data);
	buf_release(&text);
	json_object_end(json);
}

static void put_rows(struct json *json, enum option_section_id id)
{
	const struct option_section *section = &option_sections[id];
	for (size_t i = 0; i < section->count; i++)
		put_row(json, &section->rows[i]);
}

/* Ends "properties" and closes the object around it. */
static void end_closed(struct json *json)
{
	json_object_end(json);
	json_put_boolean(json, "additionalProperties", false);
	json_object_end(json);
}

static void begin_closed(struct json *json, const char *key)
{
	json_key(json, key);
	begin_object(json);
	json_key(json, "properties");
	json_object(json);
}

static void put_section(struct json *json, const char *key, enum option_section_id id)
{
	begin_closed(json, key);
	put_rows(json, id);
	end_closed(json);
}

static void put_plain(struct json *json, const char *key, enum value_type type)
{
	const struct option_row row = {
		.type = type, .key = key, .value = "", .unit = "", .help = ""
	};
	json_key(json, key);
	json_object(json);
	put_type(json, &row);
	json_object_end(json);
}

static void put_limits(struct json *json)
{
	begin_closed(json, "limits");
	for (int i = 0; i < LIMIT_COUNT; i++) {
		const struct option_row row = { .type = VALUE_SIZE,
						.key = limit_name((enum limit)i),
						.value = "",
						.unit = "",
						.help = limit_reason((enum limit)i) };
		put_row(json, &row);
	}
	end_closed(json);
}

static void put_target_kind(struct json *json, enum conf_target_kind kind)
{
	enum option_section_id section = target_kind_rows[kind].section;
	if (option_sections[section].count > 0) {
		put_section(json, config_target_kind(kind), section);
		return;
	}
	json_key(json, config_target_kind(kind));
	json_object(json);
	put_types(json, "object", "null");
	json_object_end(json);
}

static void put_entries(struct json *json)
{
	put_section(json, "source", OPTION_SECTION_source);
	begin_closed(json, "repository");
	put_rows(json, OPTION_SECTION_repository);
	json_key(json, "anchor");
	begin_object(json);
	json_object_end(json);
	end_closed(json);
	begin_closed(json, "target");
	put_rows(json, OPTION_SECTION_target);
	for (int kind = 1; kind < CONF_TARGET_COUNT; kind++)
		put_target_kind(json, (enum conf_target_kind)kind);
	put_section(json, "drift", OPTION_SECTION_drift);
	end_closed(json);
}

static void put_described(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_object(json);
	json_put_string(json, "description", text);
	json_object_end(json);
}

static void put_people(struct json *json)
{
	begin_closed(json, "principal");
	put_plain(json, "email", VALUE_STRINGS);
	json_key(json, "ssh");
	json_object(json);
	json_put_string(json, "description",
			"public lines, or {key, valid-after, valid-before}");
	json_object_end(json);
	json_key(json, "openpgp");
	json_object(json);
	json_put_string(json, "description",
			"files of public keys, or their armored text, or {key, "
			"valid-after, valid-before}");
	json_object_end(json);
	json_key(json, "forge");
	json_object(json);
	json_put_string(json, "description",
			"logins, by the name of a source or a kind of sources");
	json_put_string(json, "type", "object");
	json_object_end(json);
	put_described(json, "ssh-ca",
		      "public lines of CAs, or {key, principals, valid-after, "
		      "valid-before}");
	put_described(json, "x509", "{email, subject, san, issuer, serial}, or a list");
	put_described(json, "sigstore",
		      "{issuer, subject, valid-after, valid-before}, or a list");
	end_closed(json);
	begin_closed(json, "revoked");
	put_plain(json, "ssh", VALUE_STRING);
	put_plain(json, "openpgp", VALUE_STRING);
	put_plain(json, "reason", VALUE_STRING);
	put_plain(json, "since", VALUE_STRING);
	end_closed(json);
}

static void put_rule_kind(struct json *json, const struct rule_kind_row *kind)
{
	/* As a list `refs` says where the rule holds. */
	bool scope = strcmp(kind->name, "refs") == 0;
	json_key(json, kind->name);
	json_object(json);
	json_put_string(json, "description", kind->help);
	if (!scope)
		json_put_string(json, "type", "object");
	json_key(json, "properties");
	json_object(json);
	if (scope)
		put_plain(json, "only", VALUE_GLOBS);
	for (size_t i = 0; i < kind->option_count; i++) {
		const struct rule_option_row *option = &kind->options[i];
		const struct option_row row = {
			.type = value_type_by_name(option->type),
			.key = option->key,
			.value = option->value,
			.unit = "",
			.help = option->help,
		};
		put_row(json, &row);
	}
	end_closed(json);
}

static void put_rule(struct json *json)
{
	const struct option_row severity = { .type = VALUE_WORD,
					     .key = "severity",
					     .value = "error",
					     .unit = "",
					     .help = "'error' or 'warn'" };
	begin_closed(json, "rule");
	put_plain(json, "name", VALUE_STRING);
	put_row(json, &severity);
	put_plain(json, "paths", VALUE_GLOBS);
	put_plain(json, "repositories", VALUE_GLOBS);
	for (int i = 0; i < RULE_KIND_COUNT; i++)
		put_rule_kind(json, &rule_kind_rows[i]);
	json_object_end(json);
	json_key(json, "required");
	json_array(json);
	json_string(json, "name");
	json_array_end(json);
	json_put_boolean(json, "additionalProperties", false);
	json_object_end(json);
}

static void put_policy_keys(struct json *json, bool warn_only)
{
	json_key(json, "version");
	json_object(json);
	json_key(json, "const");
	json_integer(json, 1);
	json_object_end(json);
	put_map_of(json, "principals", "principal");
	json_key(json, "groups");
	begin_object(json);
	put_reference(json, "additionalProperties", "names");
	json_object_end(json);
	json_key(json, "rules");
	json_object(json);
	json_put_string(json, "type", "array");
	put_reference(json, "items", "rule");
	json_object_end(json);
	json_key(json, "revoked-keys");
	json_object(json);
	json_put_string(json, "type", "array");
	json_object_end(json);
	put_plain(json, "revoked-keys-file", VALUE_FILE);
	put_plain(json, "allowed-signers", VALUE_FILE);
	put_plain(json, "authorities", VALUE_FILE);
	put_described(json, "sigstore",
		      "{trusted-root: FILE}, or {authorities: FILE, rekor-keys: FILE, "
		      "ct-keys: FILE, require-sct}, or a list");
	put_described(json, "revoked", "{krl: FILE, crl: FILE}, or lists of files");
	if (warn_only)
		put_plain(json, "warn-only", VALUE_BOOLEAN);
}

static void put_definitions(struct json *json)
{
	json_key(json, "$defs");
	json_object(json);
	put_plain(json, "names", VALUE_NAMES);
	put_limits(json);
	put_entries(json);
	put_people(json);
	put_rule(json);
	begin_closed(json, "policy");
	put_policy_keys(json, true);
	end_closed(json);
	begin_closed(json, "config");
	put_rows(json, OPTION_SECTION_server);
	put_section(json, "sandbox", OPTION_SECTION_sandbox);
	put_section(json, "rekor", OPTION_SECTION_rekor);
	put_reference(json, "limits", "limits");
	put_map_of(json, "sources", "source");
	put_map_of(json, "repositories", "repository");
	put_map_of(json, "targets", "target");
	put_policy_keys(json, false);
	put_described(json, "waivers",
		      "{by: NAMES, rules: GLOBS, repositories: GLOBS}, or a list: who "
		      "may excuse commits from rules");
	end_closed(json);
	json_object_end(json);
}

void config_write_schema(struct buf *out)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "$schema",
			"https://json-schema.org/draft/2020-12/schema");
	json_put_string(&json, "title",
			"gitgate.yaml ($defs/config) and .gitgate.yaml ($defs/policy)");
	json_key(&json, "anyOf");
	json_array(&json);
	static const char *const names[] = { "policy", "config" };
	for (size_t i = 0; i < 2; i++) {
		char target[32] = "#/$defs/";
		strncat(target, names[i], 16);
		json_object(&json);
		json_put_string(&json, "$ref", target);
		json_object_end(&json);
	}
	json_array_end(&json);
	put_definitions(&json);
	json_object_end(&json);
	buf_add_byte(out, '\n');
}
