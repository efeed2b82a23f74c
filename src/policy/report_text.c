/* policy/report_text.c - findings for people: a terminal, or "remote:" lines. */
#include "policy/report.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/oid.h"
#include "base/text.h"
#include "model/change.h"
#include "model/finding.h"

#define COLOUR_NONE    "\033[0m"
#define COLOUR_BOLD    "\033[1m"
#define COLOUR_RED     "\033[1;31m"
#define COLOUR_YELLOW  "\033[1;33m"
#define COLOUR_GREEN   "\033[1;32m"
#define MEND_INDENTION "  mend: "

struct text {
	struct buf *out;
	bool colour;
};

static void start(const struct text *text, const char *colour)
{
	if (text->colour)
		buf_add_string(text->out, colour);
}

static void stop(const struct text *text)
{
	start(text, COLOUR_NONE);
}

static void add_count(struct buf *out, size_t count, const char *noun)
{
	buf_addf(out, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

/* "2 errors, 1 warning, 1 waived"; nothing when there are none. */
static void add_counts(struct buf *out, const char *before, size_t errors,
		       size_t warnings, size_t waived)
{
	if (errors == 0 && warnings == 0 && waived == 0)
		return;
	buf_add_string(out, before);
	if (errors > 0)
		add_count(out, errors, "error");
	if (errors > 0 && warnings > 0)
		buf_add_string(out, ", ");
	if (warnings > 0)
		add_count(out, warnings, "warning");
	if (waived > 0)
		buf_addf(out, "%s%zu waived", errors + warnings > 0 ? ", " : "",
			 waived);
}

static void add_change(const struct text *text, const struct change *change)
{
	struct buf *out = text->out;
	start(text, COLOUR_BOLD);
	if (change == NULL) {
		buf_add_string(out, "files");
		stop(text);
		return;
	}
	text_escape_string(out, change->ref);
	stop(text);
	switch (change_kind(change)) {
	case CHANGE_UPDATE:
		buf_addf(out, " %s..%s", oid_short(&change->old_id),
			 oid_short(&change->new_id));
		break;
	case CHANGE_CREATE:
		buf_addf(out, " (new) %s", oid_short(&change->new_id));
		break;
	case CHANGE_DELETE:
		buf_addf(out, " %s (deleted)", oid_short(&change->old_id));
		break;
	case CHANGE_UNKNOWN:
		break;
	}
}

static void add_header(const struct text *text, const struct report_item *item)
{
	const struct verdict *verdict = item->verdict;
	add_change(text, item->change);
	buf_add_string(text->out, ": ");
	switch (verdict->result) {
	case VERDICT_PASS:
		start(text, COLOUR_GREEN);
		buf_add_string(text->out, "accepted");
		break;
	case VERDICT_FAIL:
		start(text, COLOUR_RED);
		buf_add_string(text->out, "refused");
		break;
	case VERDICT_UNKNOWN:
		start(text, COLOUR_RED);
		buf_add_string(text->out, "refused: there is no verdict");
		break;
	}
	stop(text);
	add_counts(text->out, ": ", verdict->errors, verdict->warnings,
		   verdict->waived);
	buf_add_byte(text->out, '\n');
}

/* "path:line:column: ", "commit 1a2b3c4d5e: ", or nothing. */
static void add_place(struct buf *out, const struct finding *finding)
{
	if (finding->path != NULL) {
		text_escape_string(out, finding->path);
		if (finding->line > 0)
			buf_addf(out, ":%u", (unsigned int)finding->line);
		if (finding->line > 0 && finding->column > 0)
			buf_addf(out, ":%u", (unsigned int)finding->column);
		buf_add_string(out, ": ");
	} else if (finding->commit.length > 0) {
		buf_addf(out, "commit %s: ", oid_short(&finding->commit));
	}
}

static void add_finding(const struct text *text, const struct finding *finding)
{
	struct buf *out = text->out;
	add_place(out, finding);
	if (finding->waiver != NULL) {
		start(text, COLOUR_YELLOW);
		buf_addf(out, "waived %s", severity_name(finding->severity));
	} else {
		start(text, finding->severity == SEVERITY_WARNING ? COLOUR_YELLOW
								  : COLOUR_RED);
		buf_add_string(out, severity_name(finding->severity));
	}
	stop(text);
	buf_add_string(out, ": ");
	text_escape_string(out, finding->message);
	if (finding->path != NULL && finding->commit.length > 0)
		buf_addf(out, " (commit %s)", oid_short(&finding->commit));
	buf_add_string(out, " [");
	text_escape_string(out, finding->rule);
	buf_add_string(out, "]\n");
}

static bool same_mend(const struct finding *a, const struct finding *b)
{
	return b->mend != NULL && b->waiver == NULL && strcmp(a->mend, b->mend) == 0;
}

static void add_waiver(struct buf *out, const struct finding_waiver *waiver)
{
	char until[CLOCK_TEXT_BYTES];
	clock_format(waiver->until, 0, until);
	buf_add_string(out, "  waived by '");
	text_escape_string(out, waiver->by);
	buf_addf(out, "' until %s (%s): ", until, oid_short(&waiver->id));
	text_escape_string(out, waiver->reason);
	buf_add_byte(out, '\n');
}

/* What mends several findings in a row is said once, below the last of them. */
static void add_findings(const struct text *text, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const struct finding *finding = &verdict->findings[i];
		add_finding(text, finding);
		if (finding->waiver != NULL) {
			add_waiver(text->out, finding->waiver);
			continue;
		}
		if (finding->mend == NULL)
			continue;
		if (i + 1 < verdict->count && same_mend(finding, finding + 1))
			continue;
		buf_add_string(text->out, MEND_INDENTION);
		text_escape_string(text->out, finding->mend);
		buf_add_byte(text->out, '\n');
	}
	if (verdict->dropped > 0)
		buf_addf(text->out, "and %zu more, over the limit findings (%zu)\n",
			 verdict->dropped, verdict->count);
}

static void add_summary(const struct text *text, const struct report_item *items,
			size_t count)
{
	size_t accepted = 0;
	size_t errors = 0;
	size_t warnings = 0;
	size_t waived = 0;
	for (size_t i = 0; i < count; i++) {
		accepted += items[i].verdict->result == VERDICT_PASS;
		errors += items[i].verdict->errors;
		warnings += items[i].verdict->warnings;
		waived += items[i].verdict->waived;
	}
	if (count == 1 && errors + warnings + waived == 0)
		return;
	buf_addf(text->out, "summary: %zu accepted, %zu refused", accepted,
		 count - accepted);
	add_counts(text->out, "; ", errors, warnings, waived);
	buf_add_byte(text->out, '\n');
}

void report_text(struct buf *out, const struct report_item *items, size_t count,
		 bool colour)
{
	const struct text text = { out, colour };
	for (size_t i = 0; i < count; i++) {
		add_header(&text, &items[i]);
		add_findings(&text, items[i].verdict);
	}
	add_summary(&text, items, count);
}

static void add_reason(struct buf *out, const char **separator, size_t count,
		       const char *one, const char *many)
{
	if (count == 0)
		return;
	buf_addf(out, "%s%zu %s", *separator, count, count == 1 ? one : many);
	*separator = ", ";
}

void report_summary(struct buf *out, const struct report_files *files)
{
	const char *opening = " (";
	const char *separator = "; ";
	size_t looked_at = 0;

	for (size_t i = 0; i < files->count; i++)
		looked_at += files->files[i].document_count > 0 ||
			     files->files[i].invalid > 0 || files->files[i].skipped;
	add_count(out, files->documents, "document");
	buf_add_string(out, " in ");
	add_count(out, looked_at, "file");
	buf_addf(out, ": %zu valid, %zu invalid, %zu skipped", files->valid,
		 files->invalid, files->skipped);
	add_reason(out, &opening, files->templates, "template", "templates");
	add_reason(out, &opening, files->without_schema, "without a schema",
		   "without a schema");
	if (files->skipped)
		buf_add_byte(out, ')');
	add_reason(out, &separator, files->others, "file that is neither YAML nor JSON",
		   "files that are neither YAML nor JSON");
	add_reason(out, &separator, files->links, "symbolic link that is not followed",
		   "symbolic links that are not followed");
	add_reason(out, &separator, files->ignored, "left out by --ignore",
		   "left out by --ignore");
	buf_add_byte(out, '\n');
}
