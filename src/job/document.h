/* job/document.h - documents outside of any commit: read once, for all who look at
 * them.
 *
 * Threads: several at a time, each with an arena, a collector and facts of its own. */
#ifndef JOB_DOCUMENT_H
#define JOB_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "doc/doc.h"

struct arena;
struct collector;
struct error;
struct limits;

/* What the tree of one file may take; limits.def bounds it far below. */
#define DOCUMENT_ARENA_BYTES ((size_t)256 << 20)

/* The text of one file as documents. */
struct document_text {
	const char *path; /* borrowed */
	int code;         /* 0; or why there are none: of docs_parse(), or
			     ERROR_DOCUMENT_TEMPLATE */
	struct docs docs;
	const char **names; /* job/inline_schema.h: of schemas, for each document */
	struct doc_problem problem;
};

/* Everything in `out` lives in the arena. 0, also for text that is no document;
 * ERROR_MEMORY. `limits` NULL: the defaults. */
int document_read(struct document_text *out, struct arena *arena, const char *path,
		  const char *text, size_t length, const struct limits *limits,
		  struct error *err);

/* What every schema rule that speaks about its path says about it. `covered`: whether
 * one does. Of `collector` only judge->limits, policy, arena, facts,
 * each_file and catalogs are used; collect_kubernetes_end() follows. */
int collect_document(struct collector *collector, const struct document_text *text,
		     bool *covered, struct error *err);

#endif
