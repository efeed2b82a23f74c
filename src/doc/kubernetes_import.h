/* doc/kubernetes_import.h - makes bundles of Kubernetes' schemas from what clusters and
 * projects publish.
 *
 * Taken are: OpenAPI 2.0 (api/openapi-spec/swagger.json, GET /openapi/v2) and 3.0 (GET
 * /openapi/v3/...), CustomResourceDefinitions, and single JSON Schemas as kubeconform
 * has them, whose kind is told by x-kubernetes-group-version-kind or by the name:
 * "GROUP/KIND_VERSION.json", "KIND-GROUP-VERSION.json". Where two sources tell of one
 * kind the first one counts. Nothing is fetched here. */
#ifndef DOC_KUBERNETES_IMPORT_H
#define DOC_KUBERNETES_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;
struct limits;
struct node;
struct schema;

struct kubernetes_import;

int kubernetes_import_new(struct kubernetes_import **out, const struct limits *limits,
			  struct error *err);
void kubernetes_import_free(struct kubernetes_import *import);
/* Reads one file; `name` (with its directory) says JSON or YAML, and is for errors.
 * *kinds (may be NULL): how many it told of; 0 when it is something else. */
int kubernetes_import_add(struct kubernetes_import *import, const char *name,
			  const char *text, size_t length, size_t *kinds,
			  struct error *err);
/* The same of a tree that was read already, which must live as long. */
int kubernetes_import_tree(struct kubernetes_import *import, const char *name,
			   const struct node *root, size_t *kinds, struct error *err);
size_t kubernetes_import_kinds(const struct kubernetes_import *import);
/* The version that a source says of itself ("1.33"), or NULL. */
const char *kubernetes_import_version(const struct kubernetes_import *import);
/* "v1.33.2" as "1.33" in `out`; ERROR_USAGE when it is no version. */
#define KUBERNETES_VERSION_BYTES 16
int kubernetes_version_read(const char *text, char out[KUBERNETES_VERSION_BYTES],
			    struct error *err);

/* The bundle, as bytes for a file. `version` as kubernetes_version_read() gives it. */
int kubernetes_import_finish(struct kubernetes_import *import, const char *version,
			     struct buf *out, struct error *err);
/* What is in it, compiled, for a catalog: the entries are the kinds. *unchecked is an
 * array of a flag for each entry, in their order; free it and the schema. */
int kubernetes_import_compile(struct kubernetes_import *import, const char *name,
			      struct schema **out, unsigned char **unchecked,
			      struct error *err);

#endif
