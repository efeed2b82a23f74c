/* doc/yaml_reader.h - the YAML reader behind docs_parse(); for doc/ only. */
#ifndef DOC_YAML_READER_H
#define DOC_YAML_READER_H

#include "doc/doc.h"

int yaml_read(struct docs *out, struct arena *arena, const char *text, size_t length,
	      const struct limits *limits, struct doc_problem *problem);

#endif
