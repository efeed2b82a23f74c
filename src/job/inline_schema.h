/* job/inline_schema.h - the schemas that documents name themselves.
 *
 * A document names one by its key "$schema", or by the line that yaml-language-server
 * reads (redhat-developer/yaml-language-server, "Using inlined schema"):
 * "# yaml-language-server: $schema=<name>" in a comment before it. Nothing is fetched:
 * a name is that of a file which the rule lists, relative to the document or to the
 * policy, or the $id of one. */
#ifndef JOB_INLINE_SCHEMA_H
#define JOB_INLINE_SCHEMA_H

#include <stddef.h>

#include "doc/doc.h"

struct arena;
struct rule;
struct schema;

/* For each document of a text the name in the line before it, or NULL. Lives in the
 * arena; NULL: out of memory. */
const char **inline_schema_lines(struct arena *arena, const struct docs *docs,
				 const char *text, size_t length);
/* What a document names: its own key before the line (which may be NULL). NULL:
 * nothing.
 */
const char *inline_schema_name(const struct node *root, const char *line);
/* The one of the rule's schemas that a document at `path` means, or NULL. */
const struct schema *inline_schema_find(const struct rule *rule, const char *path,
					const char *name);

#endif
