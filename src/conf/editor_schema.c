/* conf/editor_schema.c - JSON Schema of gitgate.yaml and of .gitgate.yaml, so that
 * editors complete, explain and check. It may accept what the parser refuses, never the
 * other way. Each schema says one type a keyword, as strict readers want it. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "conf/config.h"
#include "conf/options.h"

#define WORD_ARENA_BYTES  65536
#define DESCRIPTION_BYTES 2048

/* --- values by their types --- */

static void put_string_type(struct json *json)
{
	json_put_string(json, "type", "string");
	json_put_unsigned(json, "minLength", 1);
}

static void put_words(struct json *json, const char *help)
{
	const char *words[WORDS_MAXIMUM];
	struct arena *arena = arena_new(WORD_ARENA_BYTES);
	size_t count = arena == NULL ? 0 : words_of(arena, help, words, WORDS_MAXIMUM);
	json_put_string(json, "type", "string");
	json_key(json, "enum");
	json_array(json);
	for (size_t i = 0; i < count; i++)
		json_string(json, words[i]);
	json_array_end(json);
	arena_free(arena);
}

/* One or a list of them. */
static void put_strings_type(struct json *json)
{
	json_key(json, "anyOf");
	json_array(json);
	json_object(json);
	put_string_type(json);
	json_object_end(json);
	json_object(json);
	json_put_string(json, "type", "array");
	json_key(json, "items");
	json_object(json);
	put_string_type(json);
	json_object_end(json);
	json_object_end(json);
	json_array_end(json);
}

static void put_size_type(struct json *json)
{
	json_key(json, "anyOf");
	json_array(json);
	json_object(json);
	json_put_string(json, "type", "integer");
	json_put_unsigned(json, "minimum", 0);
	json_object_end(json);
	json_object(json);
	json_put_string(json, "type", "string");
	json_put_string(json, "pattern", "^[0-9]+([KMGT]|[KMGT]iB)?$");
	json_object_end(json);
	json_array_end(json);
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
		put_size_type(json);
		break;
	case VALUE_DURATION:
		json_put_string(json, "type", "string");
		json_put_string(json, "pattern", "^([0-9]+(d|h|m|s|ms|us))+$");
		break;
	case VALUE_STRING:
	case VALUE_PATH:
	case VALUE_FILE:
	case VALUE_PATTERN:
		put_string_type(json);
		break;
	case VALUE_STRINGS:
	case VALUE_PATHS:
	case VALUE_GLOBS:
	case VALUE_NAMES:
		put_strings_type(json);
		break;
	case VALUE_WORD:
		put_words(json, row->help);
		break;
	case VALUE_UNKNOWN:
	case VALUE_TYPE_COUNT:
		break;
	}
}

/* --- members --- */

static void put_row(struct json *json, const struct option_row *row)
{
	struct buf text = BUF_INIT(DESCRIPTION_BYTES);
	json_key(json, row->key);
	json_object(json);
	put_type(json, row);
	buf_add_string(&text, row->help);
	if (row->value[0] != '\0')
		buf_addf(&text, " (default: %s)", row->value);
	json_put_string(json, "description", text.data);
	buf_release(&text);
	json_object_end(json);
}

static void put_plain(struct json *json, const char *key, enum value_type type,
		      const char *help)
{
	const struct option_row row = {
		.type = type, .key = key, .value = "", .unit = "", .help = help
	};
	put_row(json, &row);
}

static void put_rows(struct json *json, enum option_section_id id)
{
	const struct option_section *section = &option_sections[id];
	for (size_t i = 0; i < section->count; i++)
		put_row(json, &section->rows[i]);
}

/* --- objects; their members stand between begin and end --- */

static void begin_members(struct json *json)
{
	json_put_string(json, "type", "object");
	json_key(json, "properties");
	json_object(json);
}

/* No others; `needed` (NULL: none) must be there. Closes what json_object() opened. */
static void end_members(struct json *json, const char *needed)
{
	json_object_end(json);
	json_put_boolean(json, "additionalProperties", false);
	if (needed != NULL) {
		json_key(json, "required");
		json_array(json);
		json_string(json, needed);
		json_array_end(json);
	}
	json_object_end(json);
}

static void begin_closed(struct json *json, const char *key, const char *help)
{
	json_key(json, key);
	json_object(json);
	json_put_string(json, "description", help);
	begin_members(json);
}

static void put_section(struct json *json, const char *key, enum option_section_id id)
{
	begin_closed(json, key, option_sections[id].help);
	put_rows(json, id);
	end_members(json, NULL);
}

static void put_reference(struct json *json, const char *key, const char *name)
{
	char target[64];
	snprintf(target, sizeof(target), "#/$defs/%s", name);
	json_key(json, key);
	json_object(json);
	json_put_string(json, "$ref", target);
	json_object_end(json);
}

/* A mapping from any name to what $defs/<name> says. */
static void put_map_of(struct json *json, const char *key, const char *name,
		       const char *help)
{
	json_key(json, key);
	json_object(json);
	json_put_string(json, "description", help);
	json_put_string(json, "type", "object");
	put_reference(json, "additionalProperties", name);
	json_object_end(json);
}

/* What may stand alone or as a list: `text` (a string, too) and $defs/<name>. */
static void put_one_or_many(struct json *json, const char *key, const char *name,
			    bool text, const char *help)
{
	char target[64];
	snprintf(target, sizeof(target), "#/$defs/%s", name);
	json_key(json, key);
	json_object(json);
	json_put_string(json, "description", help);
	json_key(json, "anyOf");
	json_array(json);
	for (int list = 0; list < 2; list++) {
		json_object(json);
		if (list) {
			json_put_string(json, "type", "array");
			json_key(json, "items");
			json_object(json);
		}
		json_key(json, "anyOf");
		json_array(json);
		if (text) {
			json_object(json);
			put_string_type(json);
			json_object_end(json);
		}
		json_object(json);
		json_put_string(json, "$ref", target);
		json_object_end(json);
		json_array_end(json);
		if (list)
			json_object_end(json);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

/* --- people and their keys --- */

static void put_validity(struct json *json)
{
	put_plain(json, "valid-after", VALUE_STRING,
		  "signatures before this date or time do not count: 2026-11-21, "
		  "2026-11-21T09:30:00Z");
	put_plain(json, "valid-before", VALUE_STRING,
		  "signatures from this date or time on do not count");
}

static void put_keys(struct json *json)
{
	begin_closed(json, "key", "a key that counts for a time");
	put_plain(json, "key", VALUE_STRING,
		  "its public line; of OpenPGP a file or the armored text");
	put_validity(json);
	end_members(json, "key");
	begin_closed(json, "authority", "a CA of OpenSSH certificates");
	put_plain(json, "key", VALUE_STRING, "its public line");
	put_plain(json, "principals", VALUE_STRINGS,
		  "names of which a certificate must hold one");
	put_validity(json);
	end_members(json, "key");
	begin_closed(json, "certificate",
		     "whom an X.509 certificate is of: all must fit");
	put_plain(json, "email", VALUE_STRING, "an address in it");
	put_plain(json, "subject", VALUE_STRING, "its subject, as RFC 2253 writes it");
	put_plain(json, "san", VALUE_STRING,
		  "a subject alternative name: email:..., uri:... or dns:...");
	put_plain(json, "issuer", VALUE_STRING, "its issuer, as RFC 2253 writes it");
	put_plain(json, "serial", VALUE_STRING, "its serial number, in hexadecimal");
	end_members(json, NULL);
	begin_closed(json, "identity", "whom a certificate of Sigstore is of");
	put_plain(json, "issuer", VALUE_STRING, "who told Sigstore, an address");
	put_plain(json, "subject", VALUE_STRING, "an address, or a URI of a workflow");
	put_validity(json);
	end_members(json, "subject");
}

static void put_principal(struct json *json)
{
	begin_closed(json, "principal", "a person or robot");
	put_plain(json, "email", VALUE_STRINGS,
		  "addresses under which they commit; without one, any");
	put_one_or_many(json, "ssh", "key", true, "public lines of SSH keys");
	put_one_or_many(json, "openpgp", "key", true,
			"files of OpenPGP keys, or their armored text");
	json_key(json, "forge");
	json_object(json);
	json_put_string(json, "description",
			"logins, by the name of a source or a kind of sources");
	json_put_string(json, "type", "object");
	json_key(json, "additionalProperties");
	json_object(json);
	put_strings_type(json);
	json_object_end(json);
	json_object_end(json);
	put_one_or_many(json, "ssh-ca", "authority", true,
			"CAs whose certificates are theirs");
	put_one_or_many(json, "x509", "certificate", false,
			"X.509 certificates that are theirs");
	put_one_or_many(json, "sigstore", "identity", false,
			"identities of gitsign that are theirs");
	put_validity(json);
	end_members(json, NULL);
}

static void put_revoked_key(struct json *json)
{
	const struct option_row reason = {
		.type = VALUE_WORD,
		.key = "reason",
		.value = "compromised",
		.unit = "",
		.help = "'compromised', 'superseded' or 'retired'",
	};
	begin_closed(json, "revoked-key", "a key that counts no more");
	put_plain(json, "ssh", VALUE_STRING, "its public line or fingerprint");
	put_plain(json, "openpgp", VALUE_STRING, "its fingerprint");
	put_plain(json, "x509", VALUE_STRING, "its certificate's SHA-256 fingerprint");
	put_row(json, &reason);
	put_plain(json, "since", VALUE_STRING,
		  "with 'superseded' or 'retired': signatures before stay good");
	put_plain(json, "note", VALUE_STRING, "for who reads a refusal");
	end_members(json, NULL);
}

static void put_trust(struct json *json)
{
	begin_closed(json, "sigstore-root", "whom gitsign's certificates come from");
	put_plain(json, "trusted-root", VALUE_FILE, "Sigstore's trusted_root.json");
	put_plain(json, "authorities", VALUE_FILE, "certificates of Fulcio, in PEM");
	put_plain(json, "rekor-keys", VALUE_FILE, "keys of the transparency log");
	put_plain(json, "ct-keys", VALUE_FILE, "keys of the certificates' log");
	put_plain(json, "require-sct", VALUE_BOOLEAN,
		  "certificates must prove that they are in a log");
	end_members(json, NULL);
	begin_closed(json, "waiver-right", "who may excuse commits from rules");
	put_plain(json, "by", VALUE_NAMES, "principals and groups; needed");
	put_plain(json, "rules", VALUE_GLOBS, "names of rules; without it, all");
	put_plain(json, "repositories", VALUE_GLOBS,
		  "names of repositories; without it, all");
	end_members(json, "by");
}

/* --- rules --- */

static void put_rule_options(struct json *json, const struct rule_kind_row *kind)
{
	begin_members(json);
	/* As a list `refs` says where the rule holds. */
	if (strcmp(kind->name, "refs") == 0)
		put_plain(json, "only", VALUE_GLOBS,
			  "full names of refs that the rule is about");
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
	end_members(json, NULL);
}

/* As a mapping what may be done with refs; else the refs that the rule is about. */
static void put_refs(struct json *json, const struct rule_kind_row *kind)
{
	json_key(json, "anyOf");
	json_array(json);
	json_object(json);
	put_strings_type(json);
	json_object_end(json);
	json_object(json);
	put_rule_options(json, kind);
	json_array_end(json);
	json_object_end(json);
}

static void put_rule_kind(struct json *json, const struct rule_kind_row *kind)
{
	char text[DESCRIPTION_BYTES];
	bool scope = strcmp(kind->name, "refs") == 0;
	json_key(json, kind->name);
	json_object(json);
	snprintf(text, sizeof(text), "%s%s", kind->help,
		 scope ? "; as a list: full names of the refs that the rule is about, "
			 "with globs"
		       : "");
	json_put_string(json, "description", text);
	if (scope)
		put_refs(json, kind);
	else
		put_rule_options(json, kind);
}

static void put_rule(struct json *json, bool server)
{
	const struct option_row severity = { .type = VALUE_WORD,
					     .key = "severity",
					     .value = "error",
					     .unit = "",
					     .help = "'error' or 'warn'" };
	begin_closed(json, "rule", "what must hold");
	put_plain(json, "name", VALUE_STRING, "how findings and waivers name it");
	put_row(json, &severity);
	put_plain(json, "paths", VALUE_GLOBS,
		  "globs of the files that it is about; without it, all");
	if (server)
		put_plain(json, "repositories", VALUE_GLOBS,
			  "names of the repositories that it is about; without it, "
			  "all");
	for (int i = 0; i < RULE_KIND_COUNT; i++)
		put_rule_kind(json, &rule_kind_rows[i]);
	end_members(json, "name");
}

static void put_list_of(struct json *json, const char *key, const char *name, bool text,
			const char *help)
{
	json_key(json, key);
	json_object(json);
	json_put_string(json, "description", help);
	json_put_string(json, "type", "array");
	if (!text) {
		put_reference(json, "items", name);
	} else {
		json_key(json, "items");
		json_object(json);
		json_key(json, "anyOf");
		json_array(json);
		json_object(json);
		put_string_type(json);
		json_object_end(json);
		char target[64];
		snprintf(target, sizeof(target), "#/$defs/%s", name);
		json_object(json);
		json_put_string(json, "$ref", target);
		json_object_end(json);
		json_array_end(json);
		json_object_end(json);
	}
	json_object_end(json);
}

static void put_policy_keys(struct json *json)
{
	json_key(json, "version");
	json_object(json);
	json_put_string(json, "description", "of this format");
	json_key(json, "const");
	json_integer(json, 1);
	json_object_end(json);
	put_map_of(json, "principals", "principal", "people and robots, by name");
	json_key(json, "groups");
	json_object(json);
	json_put_string(json, "description", "sets of principals and groups, by name");
	json_put_string(json, "type", "object");
	json_key(json, "additionalProperties");
	json_object(json);
	put_strings_type(json);
	json_object_end(json);
	json_object_end(json);
	put_list_of(json, "rules", "rule", false,
		    "what must hold; all that apply count");
	put_list_of(json, "revoked-keys", "revoked-key", true,
		    "keys that count no more: a public line or fingerprint, or more "
		    "about it");
	put_plain(json, "revoked-keys-file", VALUE_FILE,
		  "the same, one a line: public lines and fingerprints");
	put_plain(json, "allowed-signers", VALUE_FILE,
		  "a file of OpenSSH's allowed signers");
	put_plain(json, "authorities", VALUE_FILE,
		  "certificates of X.509 authorities, in PEM");
	put_one_or_many(json, "sigstore", "sigstore-root", false,
			"whom gitsign's certificates come from");
	begin_closed(json, "revoked", "revocation lists");
	put_plain(json, "krl", VALUE_STRINGS, "OpenSSH's, of ssh-keygen -k");
	put_plain(json, "crl", VALUE_STRINGS, "of X.509, in PEM or DER");
	end_members(json, NULL);
}

static void put_people(struct json *json)
{
	put_keys(json);
	put_principal(json);
	put_revoked_key(json);
	put_trust(json);
}

/* --- the service --- */

static void put_limits(struct json *json)
{
	begin_closed(json, "limits", "limits of input, each with its reason");
	for (int i = 0; i < LIMIT_COUNT; i++) {
		const struct option_row row = { .type = VALUE_SIZE,
						.key = limit_name((enum limit)i),
						.value = "",
						.unit = "",
						.help = limit_reason((enum limit)i) };
		put_row(json, &row);
	}
	end_members(json, NULL);
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
	json_put_string(json, "description", option_sections[section].help);
	json_key(json, "enum");
	json_array(json);
	json_null(json);
	json_object(json);
	json_object_end(json);
	json_array_end(json);
	json_object_end(json);
}

static void put_anchor(struct json *json)
{
	json_key(json, "anchor");
	json_object(json);
	json_put_string(json, "description",
			"by full names of refs: the commit up to which history is "
			"trusted, or 'root'");
	json_put_string(json, "type", "object");
	json_object_end(json);
}

static void put_entries(struct json *json)
{
	put_section(json, "source", OPTION_SECTION_source);
	begin_closed(json, "repository",
		     option_sections[OPTION_SECTION_repository].help);
	put_rows(json, OPTION_SECTION_repository);
	put_anchor(json);
	end_members(json, NULL);
	begin_closed(json, "target", option_sections[OPTION_SECTION_target].help);
	put_rows(json, OPTION_SECTION_target);
	for (int kind = 1; kind < CONF_TARGET_COUNT; kind++)
		put_target_kind(json, (enum conf_target_kind)kind);
	put_section(json, "drift", OPTION_SECTION_drift);
	end_members(json, NULL);
}

static void put_service(struct json *json)
{
	put_rows(json, OPTION_SECTION_server);
	put_section(json, "sandbox", OPTION_SECTION_sandbox);
	put_section(json, "rekor", OPTION_SECTION_rekor);
	put_limits(json);
	put_map_of(json, "sources", "source", "where webhooks come from, by name");
	put_map_of(json, "repositories", "repository",
		   "repositories that are watched, by name");
	put_map_of(json, "targets", "target", "where is deployed to, by name");
	put_one_or_many(json, "waivers", "waiver-right", false,
			"who may excuse commits from rules");
}

/* --- the whole --- */

static void write_schema(struct buf *out, const char *title, bool server)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "$schema",
			"https://json-schema.org/draft/2020-12/schema");
	json_put_string(&json, "title", title);
	json_key(&json, "$defs");
	json_object(&json);
	put_people(&json);
	put_rule(&json, server);
	if (server)
		put_entries(&json);
	json_object_end(&json);
	begin_members(&json);
	put_policy_keys(&json);
	if (server)
		put_service(&json);
	else /* of a server it is one of its options */
		put_plain(&json, "warn-only", VALUE_BOOLEAN,
			  "findings of these rules refuse nothing (default: false)");
	end_members(&json, NULL);
	buf_add_byte(out, '\n');
}

void config_write_schema(struct buf *out)
{
	write_schema(out, "gitgate.yaml", true);
}

void config_write_policy_schema(struct buf *out)
{
	write_schema(out, ".gitgate.yaml", false);
}
