/* policy/report.h - findings as text, JSON, SARIF 2.1.0 and JUnit's XML. */
#ifndef POLICY_REPORT_H
#define POLICY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct change;
struct policy;
struct verdict;

/* Where a document of a file starts, and what it calls itself. */
struct report_document {
	uint32_t line;
	bool invalid;
	const char *name; /* "Deployment shop/web", unescaped; NULL: nothing */
};

/* One file that was looked at, outside of any commit. */
struct report_file {
	const char *path;    /* as findings have it: escaped */
	const char *skipped; /* why its documents were not judged; NULL: they were */
	const struct report_document *documents;
	size_t document_count; /* 0 also for a file that could not be read as such */
	size_t invalid;        /* documents with an error; 1 for such a file */
};

/* A file that is no document by its name and of which no rule says that it is one is on
 * the list only when something is found about it.
 * Invariant: documents = valid + invalid + skipped; what cannot be read is one. */
struct report_files {
	const struct report_file *files; /* in the order of the verdict's findings */
	size_t count;
	size_t documents;
	size_t valid;
	size_t invalid;
	size_t skipped;
	size_t templates;      /* of the skipped */
	size_t without_schema; /* of the skipped: of kinds that are not looked at */
	size_t others;         /* files that are neither YAML nor JSON */
	size_t links;          /* symbolic ones, which are not followed */
	size_t ignored;        /* files and directories that the user left out */
};

/* One judged change, for the reports below. */
struct report_item {
	const struct change *change; /* NULL: files were checked, not commits */
	const struct verdict *verdict;
	const struct report_files *files; /* NULL: commits were judged */
};

/* For people: per change one line and its findings, "path:line:column: error: message
 * [rule]", with the mend indented below. `colour`: ANSI. */
void report_text(struct buf *out, const struct report_item *items, size_t count,
		 bool colour);
void report_json(struct buf *out, const struct report_item *items, size_t count);
/* Source: OASIS SARIF 2.1.0. One run; rules are the names that occur. */
void report_sarif(struct buf *out, const struct report_item *items, size_t count);
/* The XML that JUnit's Ant task writes and CI systems read; there is no standard. A
 * suite a file with a case a document; of commits a suite a change, with a case a
 * finding. */
void report_junit(struct buf *out, const struct report_item *items, size_t count);
/* "112 documents in 56 files: 110 valid, 1 invalid, 1 skipped", and why. */
void report_summary(struct buf *out, const struct report_files *files);

#endif
