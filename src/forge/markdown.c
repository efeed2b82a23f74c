/* forge/markdown.c - the one comment of a merge request. */
#include "forge/markdown.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/text.h"
#include "forge/call.h"

#define REST_BYTES  64   /* of "and N more" */
#define ENTRY_BYTES 8192 /* one finding; a longer one is counted as left out */

/* The longest run of backticks. */
static size_t longest_run(const char *text)
{
	size_t longest = 0;
	while (*text != '\0') {
		size_t run = strspn(text, "`");
		longest = run > longest ? run : longest;
		text += run > 0 ? run : 1;
	}
	return longest;
}

static void add_ticks(struct buf *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_add_byte(out, '`');
}

/* CommonMark 6.1: a span ends at a run of backticks as long as the one that began it;
 * one blank at each side is taken away when both are there. */
void markdown_code(struct buf *out, const char *text)
{
	struct buf safe = BUF_INIT(out->maximum);
	text_escape_string(&safe, text);
	size_t length = safe.length;
	if (safe.failed != 0 && out->failed == 0)
		out->failed = safe.failed;
	if (length > 0) {
		size_t ticks = longest_run(safe.data) + 1;
		bool padded = safe.data[0] == '`' || safe.data[length - 1] == '`' ||
			      safe.data[0] == ' ' || safe.data[length - 1] == ' ';
		add_ticks(out, ticks);
		buf_add_string(out, padded ? " " : "");
		buf_add(out, safe.data, length);
		buf_add_string(out, padded ? " " : "");
		add_ticks(out, ticks);
	}
	buf_release(&safe);
}

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* What counts first. */
enum weight { WEIGHT_ERROR, WEIGHT_WARNING, WEIGHT_WAIVED, WEIGHT_COUNT };

static enum weight weight_of(const struct msg_finding_row *finding)
{
	if (is_given(finding->waived_by))
		return WEIGHT_WAIVED;
	return strcmp(finding->severity, "warning") == 0 ? WEIGHT_WARNING
							 : WEIGHT_ERROR;
}

/* --- the sentence --- */

static const char *verdict_of(const char *state)
{
	switch (call_state_by_name(state)) {
	case CALL_PENDING:
	case CALL_RUNNING:
		return "has not judged yet";
	case CALL_SUCCESS:
		return "accepts";
	case CALL_FAILURE:
		return "refuses";
	case CALL_CANCELLED:
	case CALL_SKIPPED:
		return "did not judge";
	case CALL_STATE_UNKNOWN:
	case CALL_ERROR:
		break;
	}
	return "could not judge";
}

static void add_count(struct buf *out, const char *before, size_t count,
		      const char *noun)
{
	if (count > 0)
		buf_addf(out, "%s%zu %s%s", before, count, noun, count == 1 ? "" : "s");
}

/* An address of ours; only when it cannot end the link early. */
static void add_link(struct buf *out, const char *link)
{
	if (!is_given(link) ||
	    (!text_starts_with(link, "https://") && !text_starts_with(link, "http://")))
		return;
	for (const char *at = link; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~' || strchr("()<>[]\"\\`", *at) != NULL)
			return;
	}
	buf_addf(out, " [Details](%s)", link);
}

static void add_sentence(struct buf *out, const struct msg_report_item *item,
			 const struct msg_finding_row *findings, size_t count)
{
	size_t counts[WEIGHT_COUNT] = { 0 };
	for (size_t i = 0; i < count; i++)
		counts[weight_of(&findings[i])]++;
	buf_add_string(out, MARKDOWN_MARKER "\n" MARKDOWN_BEGIN);
	buf_addf(out, "%s", verdict_of(item->state != NULL ? item->state : ""));
	if (item->commit.length > 0)
		buf_addf(out, " %s", oid_text(&item->commit));
	size_t errors = counts[WEIGHT_ERROR];
	size_t warnings = counts[WEIGHT_WARNING];
	add_count(out, ": ", errors, "error");
	add_count(out, errors > 0 ? ", " : ": ", warnings, "warning");
	if (counts[WEIGHT_WAIVED] > 0)
		buf_addf(out, "%s%zu waived", errors + warnings > 0 ? ", " : ": ",
			 counts[WEIGHT_WAIVED]);
	buf_add_string(out, ".");
	if (is_given(item->description)) {
		buf_add_string(out, " ");
		markdown_code(out, item->description);
	}
	add_link(out, item->link);
	buf_add_string(out, "\n");
}

/* --- findings --- */

static void add_place(struct buf *out, const struct msg_finding_row *finding)
{
	char place[CALL_TEXT_BYTES + 48];
	if (is_given(finding->path)) {
		int length = snprintf(place, sizeof(place), "%.*s", CALL_TEXT_BYTES,
				      finding->path);
		if (finding->line > 0)
			length +=
				snprintf(place + length, sizeof(place) - (size_t)length,
					 ":%llu", (unsigned long long)finding->line);
		if (finding->line > 0 && finding->column > 0)
			snprintf(place + length, sizeof(place) - (size_t)length,
				 ":%llu", (unsigned long long)finding->column);
		buf_add_string(out, " ");
		markdown_code(out, place);
	}
	if (finding->commit.length > 0)
		buf_addf(out, " commit %s", oid_short(&finding->commit));
}

static void add_finding(struct buf *out, const struct msg_finding_row *finding)
{
	static const char *const names[] = { "error", "warning", "waived" };
	buf_addf(out, "- **%s** ", names[weight_of(finding)]);
	markdown_code(out, finding->rule != NULL ? finding->rule : "");
	add_place(out, finding);
	if (is_given(finding->message)) {
		buf_add_string(out, ": ");
		markdown_code(out, finding->message);
	}
	if (is_given(finding->waived_by)) {
		char until[CLOCK_TEXT_BYTES];
		clock_format(finding->waived_until, 0, until);
		buf_add_string(out, " - waived by ");
		markdown_code(out, finding->waived_by);
		buf_addf(out, " until %s: ", until);
		markdown_code(out,
			      finding->waived_reason ? finding->waived_reason : "");
	} else if (is_given(finding->mend)) {
		buf_add_string(out, " - mend: ");
		markdown_code(out, finding->mend);
	}
	buf_add_string(out, "\n");
}

/* Those of one weight, as long as they fit; returns how many were added. */
static size_t add_findings(struct buf *out, const struct msg_finding_row *findings,
			   size_t count, enum weight weight, size_t maximum)
{
	struct buf entry = BUF_INIT(ENTRY_BYTES);
	size_t added = 0;
	for (size_t i = 0; i < count; i++) {
		if (weight_of(&findings[i]) != weight)
			continue;
		buf_reset(&entry);
		add_finding(&entry, &findings[i]);
		if (entry.failed != 0 || out->length + entry.length > maximum)
			continue;
		buf_add(out, entry.data, entry.length);
		added++;
	}
	buf_release(&entry);
	return added;
}

int markdown_comment(const struct msg_report_item *item,
		     const struct msg_finding_row *findings, size_t count,
		     size_t maximum, struct buf *out, struct error *err)
{
	size_t room = maximum > REST_BYTES ? maximum - REST_BYTES : 0;
	buf_reset(out);
	add_sentence(out, item, findings, count);
	if (count > 0)
		buf_add_string(out, "\n");
	if (out->length > room)
		return error_set(err, ERROR_LIMIT,
				 "a comment of %zu bytes is more than the forge takes",
				 out->length);
	size_t added = 0;
	for (int weight = 0; weight < WEIGHT_COUNT; weight++)
		added += add_findings(out, findings, count, (enum weight)weight, room);
	if (added < count)
		buf_addf(out, "\nand %zu more\n", count - added);
	return buf_status(out, "a comment", err);
}

const char *markdown_without_marker(const char *body)
{
	return text_starts_with(body, MARKDOWN_MARKER "\n")
		       ? body + strlen(MARKDOWN_MARKER "\n")
		       : body;
}
