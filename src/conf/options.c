/* conf/options.c - the rows of options.def as data. */
#include "conf/options.h"

#include <string.h>

#include "conf/config.h"

#define RELOAD  false
#define RESTART true

#define SECTION_BEGIN(section, help) static const struct option_row section##_rows[] = {
#define OPTION(section, type, field, key, value, minimum, maximum, unit, reload, help) \
	{ VALUE_##type, key,     value,                                                \
	  minimum,      maximum, unit,                                                 \
	  reload,       help,    offsetof(struct conf_##section, field) },
#define SECTION_END(section)                                                           \
	}                                                                              \
	;
#include "conf/options.def"
#undef SECTION_BEGIN
#undef OPTION
#undef SECTION_END

const struct option_section option_sections[OPTION_SECTION_COUNT] = {
#define SECTION_BEGIN(section, help)                                                   \
	[OPTION_SECTION_##                                                             \
		section] = { #section, help, section##_rows,                           \
			     sizeof(section##_rows) / sizeof(section##_rows[0]) },
#define OPTION(section, type, field, key, value, minimum, maximum, unit, reload, help)
#define SECTION_END(section)
#include "conf/options.def"
#undef SECTION_BEGIN
#undef OPTION
#undef SECTION_END
};

const struct target_kind_row target_kind_rows[CONF_TARGET_COUNT] = {
#define TARGET_KIND(NAME, section)                                                     \
	[CONF_TARGET_##NAME] = { OPTION_SECTION_##section,                             \
				 offsetof(struct conf_target_entry, section) },
#include "model/target_kinds.def"
#undef TARGET_KIND
};

const char *config_target_kind(enum conf_target_kind kind)
{
	return kind == CONF_TARGET_UNKNOWN
		       ? "unknown"
		       : option_sections[target_kind_rows[kind].section].name;
}

const struct option_row *target_kind_path(enum conf_target_kind kind)
{
	const struct target_kind_row *row = &target_kind_rows[kind];
	return kind == CONF_TARGET_UNKNOWN
		       ? NULL
		       : option_row(&option_sections[row->section], "path");
}

const char *config_target_path(const struct conf_target_entry *target)
{
	const char *options =
		(const char *)target + target_kind_rows[target->kind].offset;
	const struct option_row *row = target_kind_path(target->kind);
	const char *const *path = row == NULL ? NULL : option_field(row, options);
	return path == NULL ? NULL : *path;
}

const struct option_block option_blocks[] = {
	{ "sandbox", false, false },       { "rekor", false, false },
	{ "limits", false, false },        { "sources", false, false },
	{ "repositories", false, false },  { "targets", false, false },
	{ "version", true, true },         { "principals", true, true },
	{ "groups", true, true },          { "rules", true, true },
	{ "revoked-keys", true, true },    { "revoked-keys-file", true, true },
	{ "allowed-signers", true, true }, { "authorities", true, true },
	{ "sigstore", true, true },        { "revoked", true, true },
	{ "waivers", true, false },        { "warn-only", true, true },
};
const size_t option_block_count = sizeof(option_blocks) / sizeof(option_blocks[0]);

size_t option_top_names(const char *names[OPTION_TOP_MAXIMUM])
{
	const struct option_section *server = &option_sections[OPTION_SECTION_server];
	size_t count = 0;
	for (size_t i = 0; i < server->count && count < OPTION_TOP_MAXIMUM; i++)
		names[count++] = server->rows[i].key;
	for (size_t i = 0; i < option_block_count && count < OPTION_TOP_MAXIMUM; i++)
		names[count++] = option_blocks[i].key;
	return count;
}

size_t option_policy_names(const char *names[OPTION_TOP_MAXIMUM])
{
	size_t count = 0;
	for (size_t i = 0; i < option_block_count; i++)
		if (option_blocks[i].repository)
			names[count++] = option_blocks[i].key;
	return count;
}

bool option_is_policy(const char *key)
{
	for (size_t i = 0; i < option_block_count; i++)
		if (strcmp(option_blocks[i].key, key) == 0)
			return option_blocks[i].policy;
	return false;
}

const struct option_row *option_row(const struct option_section *section,
				    const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->rows[i].key, key) == 0)
			return &section->rows[i];
	return NULL;
}

const void *option_field(const struct option_row *row, const void *section)
{
	return (const char *)section + row->offset;
}
