/* conf/manual.c - the tables of the manuals, as roff, from options.def and rules.def.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "conf/config.h"
#include "conf/options.h"

/* Text that roff shows as it is. */
static void write_roff(struct buf *out, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (at == text && (*at == '.' || *at == '\''))
			buf_add_string(out, "\\&");
		if (*at == '\\')
			buf_add_string(out, "\\e");
		else if (*at == '-')
			buf_add_string(out, "\\-");
		else if (*at == '\'')
			buf_add_string(out, "\\(aq");
		else if (*at == '^')
			buf_add_string(out, "\\(ha");
		else if (*at == '~')
			buf_add_string(out, "\\(ti");
		else
			buf_add_byte(out, (unsigned char)*at);
	}
}

static void write_head(struct buf *out, const char *key, const char *type)
{
	buf_add_string(out, ".TP\n\\fB");
	write_roff(out, key);
	buf_addf(out, "\\fR (%s)\n", type);
}

static void write_default(struct buf *out, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_add_string(out, "Default: \\fB");
	write_roff(out, value);
	buf_add_string(out, "\\fR.\n");
}

static void write_range(struct buf *out, const struct option_row *row)
{
	if (row->minimum == 0 && row->maximum == 0)
		return;
	if (row->type == VALUE_DURATION) {
		buf_add_string(out, "From ");
		duration_write((int64_t)row->minimum * 1000000, out);
		buf_add_string(out, " to ");
		duration_write((int64_t)row->maximum * 1000000, out);
	} else {
		buf_addf(out, "From %" PRIu64 " to %" PRIu64 "%s%s", row->minimum,
			 row->maximum, row->unit[0] == '\0' ? "" : " ", row->unit);
	}
	buf_add_string(out, ".\n");
}

static void write_section(struct buf *out, enum option_section_id id, const char *title)
{
	const struct option_section *section = &option_sections[id];
	buf_addf(out, ".SS %s\n", title);
	for (size_t i = 0; i < section->count; i++) {
		const struct option_row *row = &section->rows[i];
		write_head(out, row->key, value_type_name(row->type));
		write_roff(out, row->help);
		buf_add_string(out, ".\n");
		write_range(out, row);
		write_default(out, row->value);
		if (row->restart)
			buf_add_string(out, "A change needs a restart.\n");
	}
}

static void write_target_kind(struct buf *out, enum conf_target_kind kind)
{
	enum option_section_id section = target_kind_rows[kind].section;
	char title[128];
	if (option_sections[section].count == 0)
		return; /* the text before the tables says it */
	snprintf(title, sizeof(title), "Target kind, below %s",
		 config_target_kind(kind));
	write_section(out, section, title);
}

static void write_limits(struct buf *out)
{
	buf_add_string(out, ".SS Limits, below limits\n");
	for (int i = 0; i < LIMIT_COUNT; i++) {
		enum limit limit = (enum limit)i;
		uint64_t value = limits_default.values[i];
		struct buf text = BUF_INIT(64);
		if (strcmp(limit_unit(limit), "bytes") == 0)
			size_write(value, &text);
		else
			value_write(VALUE_COUNT, &value, &text);
		write_head(out, limit_name(limit), limit_unit(limit));
		write_roff(out, limit_reason(limit));
		buf_add_string(out, ".\n");
		write_default(out, text.data);
		buf_release(&text);
	}
}

void config_write_manual(struct buf *out)
{
	static const struct {
		enum option_section_id id;
		const char *title;
	} sections[] = {
		{ OPTION_SECTION_server, "The service, at the top level" },
		{ OPTION_SECTION_sandbox, "Confinement, below sandbox" },
		{ OPTION_SECTION_rekor, "A log of signatures, below rekor" },
		{ OPTION_SECTION_source, "A source, below sources and its name" },
		{ OPTION_SECTION_repository, "A repository, below repositories and its "
					     "name" },
		{ OPTION_SECTION_target, "A target, below targets and its name" },
		{ OPTION_SECTION_drift, "Drift of a target, below drift" },
	};
	static const size_t count = sizeof(sections) / sizeof(sections[0]);
	_Static_assert(sizeof(sections) / sizeof(sections[0]) + CONF_TARGET_COUNT - 1 ==
			       OPTION_SECTION_COUNT,
		       "every section stands in the manual");
	for (size_t i = 0; i < count; i++)
		write_section(out, sections[i].id, sections[i].title);
	for (int kind = 1; kind < CONF_TARGET_COUNT; kind++)
		write_target_kind(out, (enum conf_target_kind)kind);
	write_limits(out);
}

void config_write_rules_manual(struct buf *out)
{
	for (int i = 0; i < RULE_KIND_COUNT; i++) {
		const struct rule_kind_row *kind = &rule_kind_rows[i];
		buf_addf(out, ".SS %s\n", kind->name);
		write_roff(out, kind->help);
		buf_add_string(out, ".\n");
		for (size_t k = 0; k < kind->option_count; k++) {
			const struct rule_option_row *row = &kind->options[k];
			write_head(out, row->key,
				   value_type_name(value_type_by_name(row->type)));
			write_roff(out, row->help);
			buf_add_string(out, ".\n");
			write_default(out, row->value);
		}
	}
}
