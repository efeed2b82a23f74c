/* policy/report_junit.c - findings as JUnit's XML, for CI systems.
 *
 * Source: what Ant's JUnit task writes; GitLab, Jenkins and others read testsuites,
 * testsuite, testcase, failure and skipped with the attributes used here. Warnings do
 * not fail a case: they are told in its system-out. */
#include "policy/report.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/text.h"
#include "model/change.h"
#include "model/finding.h"

/* --- XML --- */

/* Escaped text holds none of what XML 1.0 cannot hold at all (section 2.2). */
static void add_escaped(struct buf *out, const char *text)
{
	struct buf safe;

	buf_init(&safe, out->maximum);
	text_escape_string(&safe, text);
	for (const char *at = safe.data; *at; at++) {
		if (*at == '&')
			buf_add_string(out, "&amp;");
		else if (*at == '<')
			buf_add_string(out, "&lt;");
		else if (*at == '>')
			buf_add_string(out, "&gt;");
		else if (*at == '"')
			buf_add_string(out, "&quot;");
		else
			buf_add_byte(out, (unsigned char)*at);
	}
	if (safe.failed && !out->failed)
		out->failed = safe.failed;
	buf_release(&safe);
}

static void put(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s=\"", name);
	add_escaped(out, value);
	buf_add_byte(out, '"');
}

/* --- findings --- */

static bool fails(const struct finding *finding)
{
	return finding->severity != SEVERITY_WARNING && !finding->waiver;
}

/* "path:line:column: message [rule]", and the mend. */
static void add_line(struct buf *out, const struct finding *finding)
{
	if (finding->path)
		add_escaped(out, finding->path);
	else if (finding->commit.length)
		buf_addf(out, "commit %s", oid_short(&finding->commit));
	if (finding->path && finding->line)
		buf_addf(out, ":%u:%u", (unsigned int)finding->line,
			 (unsigned int)finding->column);
	buf_addf(out, "%s%s%s: ", finding->path || finding->commit.length ? ": " : "",
		 finding->waiver ? "waived " : "", severity_name(finding->severity));
	add_escaped(out, finding->message);
	buf_add_string(out, " [");
	add_escaped(out, finding->rule);
	buf_add_string(out, "]\n");
	if (finding->mend) {
		buf_add_string(out, "  mend: ");
		add_escaped(out, finding->mend);
		buf_add_byte(out, '\n');
	}
}

/* All that fail of some findings as one failure: readers take one a case. */
static void put_failure(struct buf *out, const struct finding *findings, size_t count)
{
	const struct finding *first = NULL;

	for (size_t i = 0; i < count && !first; i++)
		if (fails(&findings[i]))
			first = &findings[i];
	if (!first)
		return;
	buf_add_string(out, "      <failure");
	put(out, "message", first->message);
	put(out, "type", error_name(first->code));
	buf_add_byte(out, '>');
	for (size_t i = 0; i < count; i++)
		if (fails(&findings[i]))
			add_line(out, &findings[i]);
	buf_add_string(out, "</failure>\n");
}

static void put_warnings(struct buf *out, const struct finding *findings, size_t count)
{
	bool open = false;

	for (size_t i = 0; i < count; i++) {
		if (fails(&findings[i]))
			continue;
		buf_add_string(out, open ? "" : "      <system-out>");
		open = true;
		add_line(out, &findings[i]);
	}
	buf_add_string(out, open ? "</system-out>\n" : "");
}

static bool any_fails(const struct finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fails(&findings[i]))
			return true;
	return false;
}

/* --- files --- */

/* The findings about one file, of which a document's are those of its lines. */
struct part {
	const struct finding *findings;
	size_t count;
};

static struct part rest_of(const struct verdict *verdict, size_t at)
{
	if (at == verdict->count)
		return (struct part){ NULL, 0 };
	return (struct part){ verdict->findings + at, verdict->count - at };
}

/* Findings are in the order of files: those of this one come first or not at all. */
static struct part part_of(const struct verdict *verdict, size_t *at, const char *path)
{
	struct part part = { rest_of(verdict, *at).findings, 0 };

	while (*at < verdict->count && part.findings[part.count].path &&
	       strcmp(part.findings[part.count].path, path) == 0) {
		part.count++;
		(*at)++;
	}
	return part;
}

/* Cuts those before a line off. */
static struct part cut(struct part *rest, uint32_t before)
{
	struct part part = { rest->findings, 0 };

	while (part.count < rest->count && part.findings[part.count].line < before)
		part.count++;
	if (part.count)
		rest->findings += part.count;
	rest->count -= part.count;
	return part;
}

static bool is_invalid(const struct report_file *file, size_t index)
{
	return index < file->document_count ? file->documents[index].invalid
					    : file->invalid > 0;
}

/* Returns whether it failed. */
static bool put_case(struct buf *out, const struct report_file *file, size_t index,
		     const struct part *part)
{
	bool failed = any_fails(part->findings, part->count);
	const struct report_document *document =
		index < file->document_count ? &file->documents[index] : NULL;
	struct buf name = BUF_INIT(out->maximum);

	if (document && (file->document_count > 1 || document->name))
		buf_addf(&name, "document %zu%s%s", index + 1,
			 document->name ? ": " : "",
			 document->name ? document->name : "");
	else
		buf_add_string(&name, file->path);
	buf_add_string(out, "    <testcase");
	put(out, "name", name.data);
	put(out, "classname", file->path);
	put(out, "file", file->path);
	if (document)
		buf_addf(out, " line=\"%u\"", (unsigned int)document->line);
	buf_add_string(out, ">\n");
	if (name.failed && !out->failed)
		out->failed = name.failed;
	buf_release(&name);
	put_failure(out, part->findings, part->count);
	if (is_invalid(file, index) && !failed)
		buf_add_string(out, "      <failure message=\"invalid; what is wrong "
				    "is over the limit 'findings'\"/>\n");
	if (file->skipped && !failed) {
		buf_add_string(out, "      <skipped");
		put(out, "message", file->skipped);
		buf_add_string(out, "/>\n");
	}
	put_warnings(out, part->findings, part->count);
	buf_add_string(out, "    </testcase>\n");
	return failed || is_invalid(file, index);
}

struct tally {
	size_t tests;
	size_t failures;
	size_t skipped;
};

/* One case a document; one for a file that has none. Findings without a line belong to
 * the first. */
static struct tally put_cases(struct buf *out, const struct report_file *file,
			      struct part rest)
{
	size_t cases = file->document_count ? file->document_count : 1;
	struct tally tally = { .tests = cases };

	for (size_t i = 0; i < cases; i++) {
		bool last = i + 1 >= file->document_count;
		struct part part =
			cut(&rest, last ? UINT32_MAX : file->documents[i + 1].line);
		bool failed = put_case(out, file, i, &part);
		tally.failures += failed;
		tally.skipped += file->skipped && !failed;
	}
	return tally;
}

static void put_suite_head(struct buf *out, const char *name, const struct tally *tally)
{
	buf_add_string(out, "  <testsuite");
	put(out, "name", name);
	buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		 tally->tests, tally->failures, tally->skipped);
}

static void put_suite(struct buf *out, const char *name, const struct tally *tally,
		      const struct buf *cases, struct tally *sum)
{
	put_suite_head(out, name, tally);
	buf_add(out, cases->data, cases->length);
	buf_add_string(out, "  </testsuite>\n");
	if (cases->failed && !out->failed)
		out->failed = cases->failed;
	sum->tests += tally->tests;
	sum->failures += tally->failures;
	sum->skipped += tally->skipped;
}

/* --- what is about no file --- */

static const char *item_name(const struct report_item *item)
{
	return item->change ? item->change->ref : "files";
}

/* Findings are the cases; without any, that it was judged is one. */
static void put_findings(struct buf *out, const struct report_item *item,
			 struct part part, struct tally *sum)
{
	struct buf cases = BUF_INIT(out->maximum);
	struct tally tally = { .tests = part.count ? part.count : 1 };

	for (size_t i = 0; i < tally.tests; i++) {
		const struct finding *finding =
			i < part.count ? &part.findings[i] : NULL;
		buf_add_string(&cases, "    <testcase");
		put(&cases, "name", finding ? finding->rule : "policy");
		put(&cases, "classname", item_name(item));
		buf_add_string(&cases, ">\n");
		if (finding) {
			put_failure(&cases, finding, 1);
			put_warnings(&cases, finding, 1);
			tally.failures += fails(finding);
		} else if (item->verdict->result != VERDICT_PASS) {
			buf_add_string(&cases, "      <failure message=\"there is no "
					       "verdict\"/>\n");
			tally.failures++;
		}
		buf_add_string(&cases, "    </testcase>\n");
	}
	put_suite(out, item_name(item), &tally, &cases, sum);
	buf_release(&cases);
}

static void put_item(struct buf *out, const struct report_item *item, struct tally *sum)
{
	const struct verdict *verdict = item->verdict;
	const struct report_files *files = item->files;
	struct buf cases = BUF_INIT(out->maximum);
	size_t at = 0;

	for (size_t i = 0; files && i < files->count; i++) {
		const struct report_file *file = &files->files[i];
		buf_reset(&cases);
		struct tally tally =
			put_cases(&cases, file, part_of(verdict, &at, file->path));
		put_suite(out, file->path, &tally, &cases, sum);
	}
	buf_release(&cases);
	struct part rest = rest_of(verdict, at);
	if (!files || rest.count)
		put_findings(out, item, rest, sum);
}

void report_junit(struct buf *out, const struct report_item *items, size_t count)
{
	struct buf suites = BUF_INIT(out->maximum);
	struct tally sum = { 0 };

	for (size_t i = 0; i < count; i++)
		put_item(&suites, &items[i], &sum);
	buf_addf(out,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<testsuites name=\"gitgate\" tests=\"%zu\" failures=\"%zu\" "
		 "errors=\"0\" skipped=\"%zu\">\n",
		 sum.tests, sum.failures, sum.skipped);
	buf_add(out, suites.data, suites.length);
	buf_add_string(out, "</testsuites>\n");
	if (suites.failed && !out->failed)
		out->failed = suites.failed;
	buf_release(&suites);
}
