/* tests/unit/editors.h - what an editor says about a policy or a configuration. */
#ifndef TESTS_UNIT_EDITORS_H
#define TESTS_UNIT_EDITORS_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "conf/config.h"
#include "doc/doc.h"
#include "doc/schema.h"
#include "unit.h"

/* NULL for a text without a document. */
static inline const struct node *editors_read(struct arena *arena,
					      enum doc_format format, const char *text)
{
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	ck_assert_msg(docs_parse(&docs, arena, format, text, strlen(text),
				 &limits_default, &problem) == 0,
		      "%u:%u: %s in:\n%.400s", problem.line, problem.column,
		      problem.message, text);
	return docs.count == 0 || node_kind(docs.roots[0]) == NODE_NULL ? NULL
									: docs.roots[0];
}

struct editors_sink {
	char first[1024];
};

static inline void editors_hear(void *data, const struct schema_problem *problem)
{
	struct editors_sink *heard = data;
	if (heard->first[0] == '\0')
		snprintf(heard->first, sizeof(heard->first), "%u:%u: %s", problem->line,
			 problem->column, problem->message);
}

/* Whether the schema of gitgate.yaml (`server`) or .gitgate.yaml takes a text. */
static inline bool editors_take(const char *text, bool server,
				struct editors_sink *heard)
{
	struct arena *arena = arena_new(1u << 26);
	struct buf out = BUF_INIT(1u << 22);
	struct schema_options options = { .assert_formats = true };
	struct schema_sink sink = { editors_hear, heard, 0 };
	struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	heard->first[0] = '\0';
	(server ? config_write_schema : config_write_policy_schema)(&out);
	ck_assert_int_eq(out.failed, 0);
	ck_assert_msg(schema_compile(&schema, "schema",
				     editors_read(arena, DOC_JSON, out.data), &options,
				     &err) == 0,
		      "%s", err.text);
	const struct node *root = editors_read(arena, DOC_YAML, text);
	int valid = root == NULL ? 1
				 : schema_validate(schema, root, &limits_default, &sink,
						   &err);
	ck_assert_msg(valid >= 0, "%s", err.text);
	schema_free(schema);
	buf_release(&out);
	arena_free(arena);
	return valid == 1;
}

/* What the parser takes no editor may refuse. */
static inline void editors_must_take(const char *text, bool server)
{
	struct editors_sink heard;
	ck_assert_msg(editors_take(text, server, &heard),
		      "the schema for editors refuses what is good: %s\n%.2000s",
		      heard.first, text);
}

#endif
