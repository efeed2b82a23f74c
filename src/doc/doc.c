/* doc/doc.c - the reader of a file by its format. */
#include "doc/doc.h"

#include "base/error.h"
#include "base/text.h"
#include "doc/json_reader.h"
#include "doc/tree.h"
#include "doc/yaml_reader.h"

enum doc_format doc_format_of(const char *path)
{
	return text_ends_with(path, ".json") ? DOC_JSON : DOC_YAML;
}

int docs_parse(struct docs *out, struct arena *arena, enum doc_format format,
	       const char *text, size_t length, const struct limits *limits,
	       struct doc_problem *problem)
{
	*problem = (struct doc_problem){ 0 };
	text = text == NULL ? "" : text;
	limits = limits == NULL ? &limits_default : limits;
	switch (format) {
	case DOC_YAML:
		return yaml_read(out, arena, text, length, limits, problem);
	case DOC_JSON:
		return json_read(out, arena, text, length, limits, false, problem);
	case DOC_JSON_ANY_TEXT:
		return json_read(out, arena, text, length, limits, true, problem);
	}
	return problem_set(problem, ERROR_SYNTAX, (struct place){ 1, 1 }, "",
			   "the format of the document is unknown");
}
