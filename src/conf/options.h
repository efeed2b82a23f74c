/* conf/options.h - the rows of options.def as data. */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/config.h"
#include "conf/reader.h"

enum option_section_id {
#define SECTION_BEGIN(section, help) OPTION_SECTION_##section,
#define OPTION(section, type, field, key, value, minimum, maximum, unit, reload, help)
#define SECTION_END(section)
#include "conf/options.def"
#undef SECTION_BEGIN
#undef OPTION
#undef SECTION_END
	OPTION_SECTION_COUNT
};

struct option_section {
	const char *name;
	const char *help;
	const struct option_row *rows;
	size_t count;
};
extern const struct option_section option_sections[OPTION_SECTION_COUNT];

/* The section of a kind of target, and its place in struct conf_target_entry. The row
 * of CONF_TARGET_UNKNOWN is empty. */
struct target_kind_row {
	enum option_section_id section;
	size_t offset;
};
extern const struct target_kind_row target_kind_rows[];
/* Its option 'path'; NULL: it has none. */
const struct option_row *target_kind_path(enum conf_target_kind kind);

/* Keys of a server's file that are no options: where the rest is nested, and the
 * policy's. */
struct option_block {
	const char *key;
	bool policy;     /* policy_add_server() reads it, the configuration skips it */
	bool repository; /* may also stand in .gitgate.yaml */
};
extern const struct option_block option_blocks[];
extern const size_t option_block_count;

/* Every key that may stand at the top of a server's file, of a repository's policy. */
#define OPTION_TOP_MAXIMUM 64
size_t option_top_names(const char *names[OPTION_TOP_MAXIMUM]);
size_t option_policy_names(const char *names[OPTION_TOP_MAXIMUM]);
bool option_is_policy(const char *key);

const struct option_row *option_row(const struct option_section *section,
				    const char *key);
/* The value of a row in its section's struct. */
const void *option_field(const struct option_row *row, const void *section);

#endif
