/* doc/yaml_reader.h - YAML text to trees; for doc/ only. */
#ifndef DOC_YAML_READER_H
#define DOC_YAML_READER_H

#include "doc/doc.h"

/* As docs_parse(); DOC_YAML or DOC_KUBERNETES. */
int yaml_read(struct docs *out, struct arena *arena, enum doc_format format,
	      const char *text, size_t length, const struct limits *limits,
	      struct doc_problem *problem);

#endif
