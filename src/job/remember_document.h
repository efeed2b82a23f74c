/* job/remember_document.h - documents that were found good before: by exactly these
 * bytes, read as such a file is, under exactly this schema and options of a rule, these
 * limits and this version of gitgate. Where a document lies does not matter. */
#ifndef JOB_REMEMBER_DOCUMENT_H
#define JOB_REMEMBER_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/oid.h"

struct collector;
struct error;
struct limits;
struct rule;

/* One rule's look at one file. */
struct document_question {
	const struct rule *rule;
	const struct digest *context; /* document_context() of the rule */
	const char *path;
	struct oid blob;
	bool link;  /* a symbolic one: the blob says where it leads */
	bool known; /* it is good */
};

/* What the answer depends on beside the bytes and their dialect. ERROR_MEMORY. */
int document_context(const struct rule *rule, const struct limits *limits,
		     struct digest *out, struct error *err);
/* Asks for all of them, many at a time. Nothing fails: what is not known is found out
 * again. */
void recall_documents(const struct collector *collector,
		      struct document_question *questions, size_t count);
void remember_document(const struct collector *collector,
		       const struct document_question *question);

#endif
