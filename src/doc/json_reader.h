/* doc/json_reader.h - the JSON reader behind docs_parse(); for doc/ only. */
#ifndef DOC_JSON_READER_H
#define DOC_JSON_READER_H

#include "doc/doc.h"

int json_read(struct docs *out, struct arena *arena, const char *text, size_t length,
	      const struct limits *limits, bool any_text, struct doc_problem *problem);

#endif
