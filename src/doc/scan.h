/* doc/scan.h - looks at text before a parser does; for doc/ only. */
#ifndef DOC_SCAN_H
#define DOC_SCAN_H

#include "doc/tree.h"

/* The place of a byte: lines end with LF (CR LF), columns count code points. */
struct place scan_place(const char *text, size_t offset);

/* UTF-8 without NUL, without control characters, and without those line breaks that
 * only some parsers see; each document within yaml.doc_bytes, few %TAG directives. 0 or
 * the problem's code. `text` starts behind a byte order mark. *ascii: it is nothing
 * but. */
int scan_yaml(const char *text, size_t length, const struct limits *limits, bool *ascii,
	      struct doc_problem *problem);
/* UTF-8 without NUL; within json.doc_bytes. */
int scan_json(const char *text, size_t length, const struct limits *limits,
	      struct doc_problem *problem);

#endif
