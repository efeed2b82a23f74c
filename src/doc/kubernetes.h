/* doc/kubernetes.h - documents of Kubernetes against the schemas of its kinds.
 *
 * A bundle holds the schemas of one version of Kubernetes, compiled: it is made by
 * `gitgate schema import` (doc/kubernetes_import.h), kept in a file, and opened without
 * compiling. Kinds are named "group/version/Kind", those of the core group
 * "version/Kind": "apps/v1/Deployment", "v1/Pod". A catalog is a bundle and what
 * CustomResourceDefinitions add to it.
 *
 * What counts as Kubernetes has it: unknown fields are refused; null counts as absent;
 * a Quantity may be a number; lists of kind map and set hold no key twice; items of a
 * list are documents of their own. What this cannot judge (x-kubernetes-validations) is
 * said, not hidden. No I/O here: neither network nor disk is reached.
 *
 * Threads: a bundle is immutable; a catalog belongs to one thread at a time.
 * Source: kubernetes.io, "API deprecation guide", "Extend the Kubernetes API with
 * CustomResourceDefinitions"; OpenAPI 2.0 and 3.0 as kube-apiserver publishes them. */
#ifndef DOC_KUBERNETES_H
#define DOC_KUBERNETES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doc/schema.h"

struct digest;
struct error;
struct kubernetes_changes;
struct limits;
struct node;

/* --- bundles --- */

struct kubernetes_bundle;

/* Opens a bundle. Its bytes are borrowed, at an address divisible by 8, and must not
 * change while it lives. ERROR_SCHEMA when they are broken, whoever wrote them. `name`
 * appears in errors. */
int kubernetes_bundle_open(struct kubernetes_bundle **out, const char *name,
			   const void *bytes, size_t size, struct error *err);
void kubernetes_bundle_free(struct kubernetes_bundle *bundle);
/* What the beginning of a bundle (KUBERNETES_GLANCE_BYTES of it, or all when it has
 * fewer) says, at any address: whether it is a bundle of `size` bytes (ERROR_SCHEMA, as
 * kubernetes_bundle_open()), and a digest that differs where the compiled schemas
 * differ. *out none: all of it has to be read to know. That the rest is as the
 * beginning says is found when it is opened. */
#define KUBERNETES_GLANCE_BYTES 4096
int kubernetes_bundle_glance(const char *name, const void *bytes, size_t length,
			     uint64_t size, struct digest *out, struct error *err);
/* "1.33" */
const char *kubernetes_bundle_version(const struct kubernetes_bundle *bundle);
/* The n-th kind in the order of bytes, or NULL behind the last. */
const char *kubernetes_bundle_kind(const struct kubernetes_bundle *bundle,
				   size_t index);
size_t kubernetes_bundle_kinds(const struct kubernetes_bundle *bundle);
/* The schemas in words: JSON with "definitions" (as SCHEMA_DRAFT_KUBERNETES has them,
 * with descriptions) and "kinds", which maps each to {"definition": its name}. Not
 * checked when the bundle was opened. */
const char *kubernetes_bundle_document(const struct kubernetes_bundle *bundle,
				       size_t *length);

/* --- catalogs --- */

struct kubernetes_catalog;

/* `bundle` is borrowed; NULL: only definitions that are added count. */
int kubernetes_catalog_new(struct kubernetes_catalog **out,
			   const struct kubernetes_bundle *bundle, struct error *err);
void kubernetes_catalog_free(struct kubernetes_catalog *catalog);
/* What is said once for each kind is said once more. */
void kubernetes_catalog_repeat(struct kubernetes_catalog *catalog);

/* Whether a document defines kinds: a CustomResourceDefinition of
 * apiextensions.k8s.io/v1 or v1beta1. */
bool kubernetes_is_definition(const struct node *root);
/* Adds the kinds that such a document defines (a List of them, too); what is no
 * definition is passed over. The document may be freed afterwards. A kind that is
 * there already stays as it is: a definition never changes what the bundle says.
 * ERROR_SCHEMA with the place in `err` when one cannot be compiled; ERROR_MEMORY.
 * `name` is that of its file. */
int kubernetes_catalog_add(struct kubernetes_catalog *catalog, const char *name,
			   const struct node *root, const struct limits *limits,
			   struct error *err);
/* Takes what was added to another catalog, which must not change nor go while this one
 * lives: for threads, each with a catalog of its own. ERROR_MEMORY. */
int kubernetes_catalog_share(struct kubernetes_catalog *catalog,
			     const struct kubernetes_catalog *from, struct error *err);
/* Is asked once for each kind that is not known, before it is said to be unknown: it
 * may add definitions. Negative: validation ends with that error, and it is asked
 * again. */
void kubernetes_catalog_on_missing(struct kubernetes_catalog *catalog,
				   int (*missing)(void *data,
						  struct kubernetes_catalog *catalog,
						  const char *kind, struct error *err),
				   void *data);
/* Whether the schema of a kind is known, without asking anybody. */
bool kubernetes_catalog_has(const struct kubernetes_catalog *catalog, const char *kind);

/* --- validation --- */

struct kubernetes_options {
	bool ignore_missing; /* kinds without a schema are good */
	bool allow_unknown;  /* unknown fields are good */
	/* Kinds that are not looked at: "Kustomization", or with group and version. */
	const char *const *skip;
	size_t skip_count;
	/* Only what follows one of these definitions is looked at; NULL: everything. */
	const struct kubernetes_changes *changes;
};

/* The code says what it is about:
 *   ERROR_SCHEMA_MISMATCH   the document does not follow the schema of its kind
 *   ERROR_KIND_MISSING      it has no apiVersion or no kind
 *   ERROR_KIND_UNKNOWN      there is no schema of its kind
 *   ERROR_KIND_REMOVED      its apiVersion is gone in this version of Kubernetes
 *   ERROR_KIND_DEPRECATED   it goes in a later one (advice)
 *   ERROR_RULES_UNCHECKED   x-kubernetes-validations were not evaluated (advice; once
 *                           for each kind and catalog) */
struct kubernetes_problem {
	int code;
	bool advice;      /* the document is valid all the same */
	const char *kind; /* "apps/v1/Deployment"; "" when it has none */
	const struct schema_problem *schema; /* message, mend, place: see there */
};

struct kubernetes_sink {
	void (*problem)(void *data, const struct kubernetes_problem *problem);
	void *data;
	size_t maximum; /* problems of one document reported at most; 0: 20 */
};

/* What became of a document, for summaries. */
enum kubernetes_outcome {
	KUBERNETES_INVALID = 0,
	KUBERNETES_VALID,
	KUBERNETES_SKIPPED,   /* by options, or there is nothing in it */
	KUBERNETES_NO_SCHEMA, /* and options say to ignore that */
};

/* Validates one document by its apiVersion and kind; the items of a List each by their
 * own. `*from_definition` (may be NULL): whether an added definition decided, so that
 * the result depends on more than the document and the bundle. 0 with *out, or
 * ERROR_LIMIT, ERROR_SCHEMA (by `missing`), ERROR_MEMORY: treat as not valid.
 * `options`, `limits` and `sink` may be NULL. */
int kubernetes_validate(struct kubernetes_catalog *catalog, const struct node *root,
			const struct kubernetes_options *options,
			const struct limits *limits, const struct kubernetes_sink *sink,
			enum kubernetes_outcome *out, bool *from_definition,
			struct error *err);

#endif
