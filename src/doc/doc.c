/* doc/doc.c - the reader of a file by its format. */
#include "doc/doc.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "doc/json_reader.h"
#include "doc/tree.h"
#include "doc/yaml_reader.h"

enum doc_format doc_format_of(const char *path)
{
	return text_ends_with(path, ".json") ? DOC_JSON : DOC_YAML;
}

static int read_docs(struct docs *out, struct arena *arena, enum doc_format format,
		     const char *text, size_t length, const struct limits *limits,
		     struct doc_problem *problem)
{
	switch (format) {
	case DOC_YAML:
	case DOC_KUBERNETES:
		return yaml_read(out, arena, format, text, length, limits, problem);
	case DOC_JSON:
		return json_read(out, arena, text, length, limits, false, problem);
	case DOC_JSON_ANY_TEXT:
		return json_read(out, arena, text, length, limits, true, problem);
	}
	return problem_set(problem, ERROR_SYNTAX, (struct place){ 1, 1 }, "",
			   "the format of the document is unknown");
}

static void hint_at_template(struct doc_problem *problem, const char *text,
			     size_t length)
{
	if (problem->code == ERROR_SYNTAX && doc_looks_like_template(text, length))
		snprintf(problem->mend, sizeof(problem->mend),
			 "this looks like a template: render it, or leave it out of "
			 "the rule's paths");
}

int docs_parse(struct docs *out, struct arena *arena, enum doc_format format,
	       const char *text, size_t length, const struct limits *limits,
	       struct doc_problem *problem)
{
	*problem = (struct doc_problem){ 0 };
	limits = limits == NULL ? &limits_default : limits;
	int status = read_docs(out, arena, format, text, length, limits, problem);
	for (size_t i = 0; status == 0 && i < out->count; i++)
		node_end_texts(out->roots[i]);
	if (status != 0 && (format == DOC_YAML || format == DOC_KUBERNETES))
		hint_at_template(problem, text, length);
	return status;
}

/* A key at the start of a line, as people write it. */
static bool has_line(const char *text, size_t length, const char *key)
{
	size_t key_length = strlen(key);
	const char *end = text + length;
	for (const char *at = text; at != NULL && at < end;) {
		if ((size_t)(end - at) >= key_length &&
		    memcmp(at, key, key_length) == 0)
			return true;
		at = memchr(at, '\n', (size_t)(end - at));
		at = at == NULL ? NULL : at + 1;
	}
	return false;
}

static bool are_for_kubernetes(const struct docs *docs)
{
	for (size_t i = 0; i < docs->count; i++)
		if (node_kind(node_get(docs->roots[i], "apiVersion")) == NODE_STRING &&
		    node_kind(node_get(docs->roots[i], "kind")) == NODE_STRING)
			return true;
	return false;
}

/* What it looks like is nearly always what it is: then the text is read once. */
int docs_parse_file(struct docs *out, struct arena *arena, const char *path,
		    const char *text, size_t length, const struct limits *limits,
		    struct doc_problem *problem)
{
	if (doc_format_of(path) == DOC_JSON)
		return docs_parse(out, arena, DOC_JSON, text, length, limits, problem);
	struct docs docs;
	bool likely = has_line(text, length, "apiVersion:") &&
		      has_line(text, length, "kind:");
	int status = docs_parse(&docs, arena, likely ? DOC_KUBERNETES : DOC_YAML, text,
				length, limits, problem);
	if (status == 0 && are_for_kubernetes(&docs) != likely)
		status = docs_parse(&docs, arena, likely ? DOC_YAML : DOC_KUBERNETES,
				    text, length, limits, problem);
	if (status == 0)
		*out = docs;
	return status;
}
