/* doc/kubernetes_bundle.h - the file of a bundle; for doc/ only.
 *
 * Behind a header stand, at addresses divisible by 8: a byte for each kind (1: it has
 * rules that are not evaluated), the compiled schemas (doc/schema_image.h), and the
 * document that they were compiled from: JSON, with "definitions" and "kinds"
 * ("apps/v1/Deployment": {definition, unchecked}). The document is for people, and for
 * a gitgate whose images look otherwise: it compiles it again. */
#ifndef DOC_KUBERNETES_BUNDLE_H
#define DOC_KUBERNETES_BUNDLE_H

#include "doc/kubernetes.h"

struct buf;

/* Compiles a document. *unchecked: a byte for each entry, in their order. */
int kubernetes_document_compile(const char *name, const char *text, size_t length,
				const struct limits *limits, struct schema **schema,
				unsigned char **unchecked, struct error *err);
int kubernetes_bundle_write(struct buf *out, const char *version,
			    const struct schema *schema, const unsigned char *unchecked,
			    const char *document, size_t length, struct error *err);

const struct schema *bundle_schema(const struct kubernetes_bundle *bundle);
const unsigned char *bundle_unchecked(const struct kubernetes_bundle *bundle);

#endif
