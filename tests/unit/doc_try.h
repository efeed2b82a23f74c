/* tests/unit/doc_try.h - parses a text in one call, for tests of doc/. */
#ifndef TESTS_UNIT_DOC_TRY_H
#define TESTS_UNIT_DOC_TRY_H

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "doc/doc.h"
#include "unit.h"

#define TRY_MEMORY ((size_t)256 << 20)

struct
try {
	struct arena *arena;
	struct docs docs;
	struct doc_problem problem;
	int status;
	const struct node *root; /* of the first document; NULL: there is none */
};

static inline struct try try_bytes(enum doc_format format, const char *text,
				   size_t length)
{
	struct try try = { .arena = arena_new(TRY_MEMORY) };
	ck_assert_ptr_nonnull(try.arena);
	try.status = docs_parse(&try.docs, try.arena, format, text, length,
				&limits_default, &try.problem);
	if (try.status == 0 && try.docs.count > 0)
		try.root = try.docs.roots[0];
	return try;
}

static inline struct try try_yaml(const char *text)
{
	return try_bytes(DOC_YAML, text, strlen(text));
}

static inline struct try try_json(const char *text)
{
	return try_bytes(DOC_JSON, text, strlen(text));
}

static inline void try_end(struct try *try)
{
	arena_free(try->arena);
	try->arena = NULL;
}

#endif
