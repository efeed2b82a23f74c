/* tests/unit/yaml_twin.h - libyaml's reading of YAML text as a tree of doc/: what our
 * own parser is compared with, in meaning and in speed. */
#ifndef TESTS_UNIT_YAML_TWIN_H
#define TESTS_UNIT_YAML_TWIN_H

#include <stdbool.h>
#include <stddef.h>

#include "doc/doc.h"

/* All that docs_parse() does for DOC_YAML, by libyaml: 0 or a code. */
int twin_parse(struct docs *out, struct arena *arena, const char *text, size_t length,
	       struct doc_problem *problem);

/* Whether two readings are one: kinds, texts, tags, order of keys, places. `why` gets
 * the first difference. */
bool twin_equal(const struct docs *ours, const struct docs *theirs, char *why,
		size_t size);

#endif
