/* doc/kubernetes_gather.h - finds schemas of kinds in documents of all forms; for doc/
 * only. */
#ifndef DOC_KUBERNETES_GATHER_H
#define DOC_KUBERNETES_GATHER_H

#include "base/map.h"
#include "doc/kubernetes_import.h"

enum gathered_form {
	FORM_DEFINITION = 0, /* of OpenAPI, or a JSON Schema */
	FORM_RESOURCE,       /* a structural schema of a CustomResourceDefinition */
};

struct gathered {
	const char *name;
	const char *source;        /* a file */
	const struct node *schema; /* FORM_RESOURCE: NULL: nothing is known */
	enum gathered_form form;
	bool keeps_unknown;
	bool unchecked; /* known when it was written */
};

struct kubernetes_import {
	struct arena *arena;
	const struct limits *limits;
	struct map definitions; /* name -> struct gathered, in the order of sources */
	struct map schemas;     /* name -> struct node, the same */
	struct map kinds;       /* "group/version/Kind" -> struct gathered */
	char version[KUBERNETES_VERSION_BYTES];
};

/* What is nothing of that kind is passed over. ERROR_SCHEMA, ERROR_MEMORY. */
int gather_document(struct kubernetes_import *import, const char *source,
		    const struct node *root, struct error *err);

/* --- CustomResourceDefinitions (kubernetes_definition.c) --- */
int gather_resource_definition(struct kubernetes_import *import, const char *source,
			       const struct node *root, struct error *err);
/* Adds a definition and the kind that it describes. */
int gather_kind(struct kubernetes_import *import, const struct gathered *gathered,
		const char *group, const char *version, const char *kind,
		struct error *err);
int gather_no_memory(const char *source, struct error *err);

#endif
