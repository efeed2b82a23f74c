/* doc/kubernetes_write.h - writes schemas as Kubernetes publishes them (OpenAPI 2.0 and
 * 3.0, structural schemas of CustomResourceDefinitions) as those of
 * SCHEMA_DRAFT_KUBERNETES, in JSON; for doc/ only.
 *
 * What changes: objects with fields are closed; a field that is not required is
 * nullable; int-or-string and Quantity get their types; formats that mean something
 * else in Go are dropped; keys of lists come with their defaults; exclusive bounds are
 * numbers; references lead to "#/definitions/". The beginnings of descriptions stay,
 * for people. */
#ifndef DOC_KUBERNETES_WRITE_H
#define DOC_KUBERNETES_WRITE_H

#include <stdbool.h>

struct buf;
struct error;
struct map;
struct node;

/* Of an object's metadata, where no source describes it. */
#define KUBERNETES_OBJECT_META "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

struct schema_writer {
	struct buf *out;
	const char *source;            /* for errors: a file's name */
	const struct map *definitions; /* name -> struct node, for what references say
					  about keys of lists; NULL: none */
	bool structural; /* of a CustomResourceDefinition: what it does not describe is
			    dropped by the API server */
	bool keeps_unknown; /* of apiextensions.k8s.io/v1beta1, when it says so */
	bool unchecked;     /* set: there are rules that a schema cannot evaluate */
	struct error *err;
};

/* One schema. ERROR_SCHEMA when it is none. */
int write_definition(struct schema_writer *writer, const char *name,
		     const struct node *schema);
/* That of a custom resource: apiVersion, kind and metadata are always there. NULL:
 * nothing else is known. */
int write_resource(struct schema_writer *writer, const struct node *schema);
/* The metadata of objects. */
void write_object_meta(struct buf *out);
/* The definition that "#/definitions/X" or "#/components/schemas/X" names, or NULL. */
const char *reference_name(const struct node *reference);
/* Whether a definition can have such a name. */
bool is_definition_name(const char *name);

#endif
