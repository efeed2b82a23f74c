/* doc/schema.h - JSON Schema: compiled once, immutable, shareable between threads; run
 * over a document without allocating when all is well.
 *
 * Source: json-schema.org, draft 4, 6, 7, 2019-09, 2020-12 (which keywords are
 * honoured: schema_keyword()). A keyword that the declared draft knows and this
 * validator does not is refused when compiling: never silently ignored. $ref reaches
 * only the documents given at compile time: neither network nor disk. */
#ifndef DOC_SCHEMA_H
#define DOC_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct buf;
struct digest;
struct error;
struct node;
struct schema;

enum schema_draft {
	SCHEMA_DRAFT_UNKNOWN = 0,
	SCHEMA_DRAFT_4,
	SCHEMA_DRAFT_6,
	SCHEMA_DRAFT_7,
	SCHEMA_DRAFT_2019_09,
	SCHEMA_DRAFT_2020_12,
	/* 2020-12 with what schemas of Kubernetes need beside it: nullable (null is as
	 * good as nothing), x-kubernetes-list-map-keys (a map of keys to their
	 * defaults), the formats byte and quantity. No $schema says it. */
	SCHEMA_DRAFT_KUBERNETES,
};

/* A document that references may reach, by its absolute URI (or relative to the main
 * one's). */
struct schema_resource {
	const char *uri;
	const struct node *root;
};

/* The n-th keyword that is honoured in a draft, in the order of names; NULL behind the
 * last. */
const char *schema_keyword(enum schema_draft draft, size_t index);

/* A subschema that can be asked for by a name: "apps/v1/Deployment", "#/definitions/x".
 */
struct schema_entry {
	const char *name;
	const char *reference; /* as in $ref, from the main document */
};

struct schema_options {
	enum schema_draft draft; /* for schemas without $schema; unknown: 2020-12 */
	bool assert_formats;     /* "format" decides, not only annotates */
	const struct schema_resource *resources;
	size_t resource_count;
	const struct schema_entry *entries; /* besides the document itself */
	size_t entry_count;
	const struct limits *limits; /* NULL: the defaults */
};

/* Compiles; the documents given may be freed afterwards. ERROR_SCHEMA with line:column
 * in the text, ERROR_LIMIT, ERROR_MEMORY. `name` appears in errors
 * ("schemas/app.json"). */
int schema_compile(struct schema **out, const char *name, const struct node *root,
		   const struct schema_options *options, struct error *err);
void schema_free(struct schema *schema);

/* A compiled schema as bytes, which belong to it: to be kept in a file (a bundle) and
 * loaded without compiling. Their order and layout are this machine's and version's. */
const void *schema_bytes(const struct schema *schema, size_t *size);
/* Of these bytes: what a policy pins. */
const struct digest *schema_digest(const struct schema *schema);
/* The same schema from its bytes, which are borrowed (at an address divisible by 8),
 * must not change while it lives and may be mapped and shared. ERROR_SCHEMA when they
 * are broken or of another version; every offset in them is checked, whoever wrote
 * them. `name` appears in errors. */
int schema_load(struct schema **out, const char *name, const void *bytes, size_t size,
		struct error *err);

/* The index of a name among `entries`; false: there is no such. */
bool schema_find(const struct schema *schema, const char *name, uint32_t *out);
/* The n-th name, in the order of bytes, or NULL behind the last. */
const char *schema_name(const struct schema *schema, size_t index);

/* One thing that is wrong, for the sink. All text is borrowed and valid during the call
 * only. */
struct schema_problem {
	const struct node
		*node; /* where: the value, or the key's value for unknown properties */
	uint32_t line; /* of the key where the key is what is wrong */
	uint32_t column;
	const char *instance_path; /* "/spec/replicas", JSON Pointer */
	const char *keyword;       /* "type" */
	const char
		*message; /* "spec.replicas must be an integer, found string \"two\"" */
	const char *fixed_mend; /* ask schema_problem_mend(), which knows the others */
	const struct schema *schema; /* for schema_problem_location() */
	uint32_t location;
	bool never;
	bool misplaced;                    /* no other value could stand there either */
	const struct complaint *complaint; /* for schema_problem_mend() */
};

/* How to mend it: "did you mean 'replicas'?". NULL: there is nothing to say. It is
 * looked for when this is called, while the problem is valid, and stays until the next
 * call: who drops problems does not pay for it. */
const char *schema_problem_mend(const struct schema_problem *problem);
/* Appends the place in the schema, "#/properties/spec/type". */
void schema_problem_location(const struct schema_problem *problem, struct buf *out);

struct schema_sink {
	void (*problem)(void *data, const struct schema_problem *problem);
	void *data;
	size_t maximum; /* problems reported at most; 0: 20 */
};

/* 1 valid, 0 not (each problem went to the sink; NULL sink: stop at the first), or
 * ERROR_LIMIT (steps, depth, patterns), ERROR_MEMORY: treat as not valid, and what the
 * sink was told as not all. */
int schema_validate(const struct schema *schema, const struct node *root,
		    const struct limits *limits, const struct schema_sink *sink,
		    struct error *err);
/* The same with a subschema that schema_find() found. */
int schema_validate_entry(const struct schema *schema, uint32_t entry,
			  const struct node *root, const struct limits *limits,
			  const struct schema_sink *sink, struct error *err);

#endif
