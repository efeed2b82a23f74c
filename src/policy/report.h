/* policy/report.h - findings as text, JSON and SARIF 2.1.0. */
#ifndef POLICY_REPORT_H
#define POLICY_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct change;
struct policy;
struct verdict;

/* One judged change, for the reports below. */
struct report_item {
	const struct change *change; /* NULL: files were checked, not commits */
	const struct verdict *verdict;
};

/* For people: per change one line and its findings, "path:line:column: error: message
 * [rule]", with the mend indented below. `colour`: ANSI. */
void report_text(struct buf *out, const struct report_item *items, size_t count,
		 bool colour);
void report_json(struct buf *out, const struct report_item *items, size_t count);
/* Source: OASIS SARIF 2.1.0. One run; rules are the names that occur. */
void report_sarif(struct buf *out, const struct report_item *items, size_t count);

#endif
