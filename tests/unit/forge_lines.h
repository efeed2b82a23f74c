/* tests/unit/forge_lines.h - hints as lines of text: "label -> kind repository ref old
 * new number action sender (reason)", "-" for nothing, "0" for a null id; an error as
 * "label -> name: text". */
#ifndef TESTS_UNIT_FORGE_LINES_H
#define TESTS_UNIT_FORGE_LINES_H

#include "base/buf.h"
#include "base/error.h"
#include "model/messages.h"

static inline const char *or_dash(const char *text)
{
	return text == NULL || text[0] == '\0' ? "-" : text;
}

static inline const char *id_text(const struct oid *id, char out[OID_HEX_BYTES])
{
	if (id->length == 0)
		return "-";
	if (oid_is_null(id))
		return "0";
	oid_hex(id, out);
	return out;
}

static inline void add_line(struct buf *out, const char *label,
			    const struct msg_hint_row *row)
{
	char old_id[OID_HEX_BYTES];
	char new_id[OID_HEX_BYTES];
	buf_addf(out, "%s -> %s %s %s %s %s ", label, row->kind, or_dash(row->name),
		 or_dash(row->ref), id_text(&row->old_id, old_id),
		 id_text(&row->new_id, new_id));
	if (row->number == 0)
		buf_add_string(out, "-");
	else
		buf_addf(out, "%llu", (unsigned long long)row->number);
	buf_addf(out, " %s %s", or_dash(row->action), or_dash(row->sender));
	if (row->reason[0] != '\0')
		buf_addf(out, " (%s)", row->reason);
	buf_add_string(out, "\n");
}

static inline void add_lines(struct buf *out, const char *label, int code,
			     const struct msg_hint_row *rows, size_t count,
			     const struct error *err)
{
	if (code != 0)
		buf_addf(out, "%s -> %s: %s\n", label, error_name(code), err->text);
	for (size_t i = 0; i < count; i++)
		add_line(out, label, &rows[i]);
}

#endif
