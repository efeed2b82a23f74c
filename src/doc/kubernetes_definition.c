/* doc/kubernetes_definition.c - the schemas in CustomResourceDefinitions.
 *
 * Source: kubernetes.io, "Extend the Kubernetes API with CustomResourceDefinitions".
 * What apiextensions.k8s.io/v1 says for each version, v1beta1 could say for all of
 * them. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/kubernetes.h"
#include "doc/kubernetes_gather.h"
#include "doc/node.h"

#define GROUP "apiextensions.k8s.io/"

static bool is_text(const struct node *node, const char *text)
{
	return node_kind(node) == NODE_STRING && strcmp(node->text, text) == 0;
}

static bool is_boolean(const struct node *node, bool value)
{
	return node_kind(node) == NODE_BOOLEAN && node_boolean(node) == value;
}

bool kubernetes_is_definition(const struct node *root)
{
	const struct node *version = node_get(root, "apiVersion");
	return is_text(node_get(root, "kind"), "CustomResourceDefinition") &&
	       (is_text(version, GROUP "v1") || is_text(version, GROUP "v1beta1"));
}

struct resource_definition {
	struct kubernetes_import *import;
	const char *source;
	const struct node *root;
	const char *group;
	const char *kind;
	bool beta;
	struct error *err;
};

static int definition_fail(const struct resource_definition *of, const char *what)
{
	return error_set(of->err, ERROR_SCHEMA,
			 "%s:%u:%u: the CustomResourceDefinition %s", of->source,
			 node_line(of->root), node_column(of->root), what);
}

static int gather_version(const struct resource_definition *of, const char *version,
			  const struct node *schema)
{
	const struct node *spec = node_get(of->root, "spec");
	char *name = arena_printf(of->import->arena, "%s.%s.%s", of->group, version,
				  of->kind);
	if (name == NULL)
		return gather_no_memory(of->source, of->err);
	const struct gathered gathered = {
		.name = name,
		.source = of->source,
		.schema = node_get(schema, "openAPIV3Schema"),
		.form = FORM_RESOURCE,
		.keeps_unknown = of->beta && !is_boolean(node_get(spec, "preserveUnknow"
									"nFields"),
							 false),
	};
	return gather_kind(of->import, &gathered, of->group, version, of->kind,
			   of->err);
}

static int gather_versions(const struct resource_definition *of,
			   const struct node *versions)
{
	const struct node *common = node_get(node_get(of->root, "spec"), "validation");
	int status = 0;
	for (size_t i = 0; status == 0 && i < node_count(versions); i++) {
		const struct node *version = node_item(versions, i);
		const struct node *name = node_get(version, "name");
		const struct node *schema = node_get(version, "schema");
		if (node_kind(name) != NODE_STRING)
			return definition_fail(of, "has a version without a name");
		if (is_boolean(node_get(version, "served"), false))
			continue;
		status = gather_version(of, name->text,
					schema != NULL ? schema : common);
	}
	return status;
}

int gather_resource_definition(struct kubernetes_import *import, const char *source,
			       const struct node *root, struct error *err)
{
	const struct node *spec = node_get(root, "spec");
	const struct node *group = node_get(spec, "group");
	const struct node *kind = node_get(node_get(spec, "names"), "kind");
	const struct node *versions = node_get(spec, "versions");
	const struct node *version = node_get(spec, "version");
	struct resource_definition of = {
		.import = import,
		.source = source,
		.root = root,
		.beta = is_text(node_get(root, "apiVersion"), GROUP "v1beta1"),
		.err = err,
	};
	if (node_kind(group) != NODE_STRING || node_kind(kind) != NODE_STRING)
		return definition_fail(&of, "has no 'spec.group' or no "
					    "'spec.names.kind'");
	of.group = group->text;
	of.kind = kind->text;
	if (node_kind(versions) == NODE_SEQUENCE)
		return gather_versions(&of, versions);
	if (of.beta && node_kind(version) == NODE_STRING)
		return gather_version(&of, version->text, node_get(spec, "validation"));
	return definition_fail(&of, "has no 'spec.versions'");
}
