/* doc/kubernetes_gather.c - schemas of kinds in OpenAPI documents and JSON Schemas. */
#include "doc/kubernetes_gather.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/kubernetes.h"
#include "doc/kubernetes_write.h"
#include "doc/node.h"

int gather_no_memory(const char *source, struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for '%s'", source);
}

/* The first source of a definition counts: the documents of OpenAPI 3.0 repeat those
 * that they share. */
static int add_definition(struct kubernetes_import *import, const struct gathered *from,
			  struct gathered **out, struct error *err)
{
	size_t length = strlen(from->name);
	*out = map_get(&import->definitions, from->name, length);
	if (*out != NULL)
		return 0;
	if (!is_definition_name(from->name))
		return error_set(err, ERROR_SCHEMA,
				 "%s:%u:%u: the name of a definition is not made of "
				 "letters, digits, '.', '-' and '_'",
				 from->source, node_line(from->schema),
				 node_column(from->schema));
	struct gathered *kept = arena_new_of(import->arena, struct gathered);
	if (kept == NULL)
		return gather_no_memory(from->source, err);
	*kept = *from;
	kept->name = arena_string(import->arena, from->name);
	kept->source = arena_string(import->arena, from->source);
	if (kept->name == NULL || kept->source == NULL ||
	    map_put(&import->definitions, kept->name, length, kept) != 0 ||
	    map_put(&import->schemas, kept->name, length,
		    (void *)(uintptr_t)kept->schema) != 0)
		return gather_no_memory(from->source, err);
	*out = kept;
	return 0;
}

int gather_kind(struct kubernetes_import *import, const struct gathered *gathered,
		const char *group, const char *version, const char *kind,
		struct error *err)
{
	struct gathered *kept = NULL;
	int status = add_definition(import, gathered, &kept, err);
	if (status != 0)
		return status;
	char *name = arena_printf(import->arena, "%s%s%s/%s", group,
				  *group == '\0' ? "" : "/", version, kind);
	if (name == NULL)
		return gather_no_memory(gathered->source, err);
	if (map_has(&import->kinds, name, strlen(name)))
		return 0;
	return map_put(&import->kinds, name, strlen(name), kept) == 0
		       ? 0
		       : gather_no_memory(gathered->source, err);
}

/* --- what a schema says of itself --- */

static const char *text_of(const struct node *node, const char *key)
{
	const struct node *value = node_get(node, key);
	return node_kind(value) == NODE_STRING ? value->text : NULL;
}

/* Options of requests (DeleteOptions) have a hundred kinds, and nobody writes them. */
static const struct node *own_kind(const struct node *schema)
{
	const struct node *kinds = node_get(schema, "x-kubernetes-group-version-kind");
	if (node_kind(kinds) == NODE_MAPPING)
		return kinds;
	return node_kind(kinds) == NODE_SEQUENCE && node_count(kinds) == 1
		       ? node_item(kinds, 0)
		       : NULL;
}

static int gather_definition(struct kubernetes_import *import,
			     const struct gathered *gathered, struct error *err)
{
	const struct node *kind = own_kind(gathered->schema);
	const char *group = text_of(kind, "group");
	const char *version = text_of(kind, "version");
	const char *name = text_of(kind, "kind");
	struct gathered *kept = NULL;
	if (group != NULL && version != NULL && name != NULL)
		return gather_kind(import, gathered, group, version, name, err);
	return add_definition(import, gathered, &kept, err);
}

static int gather_definitions(struct kubernetes_import *import, const char *source,
			      const struct node *definitions, struct error *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < node_count(definitions); i++)
		status = gather_definition(
			import,
			&(struct gathered){ .name = node_key(definitions, i)->text,
					    .source = source,
					    .schema = node_item(definitions, i) },
			err);
	return status;
}

/* --- single schemas, in kubeconform's layouts --- */

static bool copy_part(char *out, size_t size, const char *text, size_t length)
{
	if (length == 0 || length >= size)
		return false;
	memcpy(out, text, length);
	out[length] = '\0';
	return true;
}

struct parts {
	char group[256];
	char version[64];
	char kind[128];
};

/* "monitoring.coreos.com/prometheus_v1.json" */
static bool parts_by_directory(const char *name, struct parts *out)
{
	const char *file = strrchr(name, '/');
	if (file == NULL)
		return false;
	const char *group = file;
	while (group > name && group[-1] != '/')
		group--;
	const char *line = strrchr(file, '_');
	const char *end = strrchr(file, '.');
	return line != NULL && end != NULL && line < end &&
	       memchr(group, '.', (size_t)(file - group)) != NULL &&
	       copy_part(out->group, sizeof(out->group), group,
			 (size_t)(file - group)) &&
	       copy_part(out->kind, sizeof(out->kind), file + 1,
			 (size_t)(line - file - 1)) &&
	       copy_part(out->version, sizeof(out->version), line + 1,
			 (size_t)(end - line - 1));
}

/* "ingress-networking-v1.json", "pod-v1.json": of a group only the first part stands
 * there, so kinds of Kubernetes itself say theirs in the schema. */
static bool parts_by_schema(const struct node *root, struct parts *out)
{
	const struct node *kind = own_kind(root);
	const char *group = text_of(kind, "group");
	const char *version = text_of(kind, "version");
	const char *name = text_of(kind, "kind");
	if (group == NULL || version == NULL || name == NULL)
		return false;
	*out->group = '\0';
	return (*group == '\0' ||
		copy_part(out->group, sizeof(out->group), group, strlen(group))) &&
	       copy_part(out->version, sizeof(out->version), version,
			 strlen(version)) &&
	       copy_part(out->kind, sizeof(out->kind), name, strlen(name));
}

static int gather_single(struct kubernetes_import *import, const char *source,
			 const struct node *root, struct error *err)
{
	struct parts parts;
	if (!parts_by_schema(root, &parts) && !parts_by_directory(source, &parts))
		return 0;
	char *name = arena_printf(import->arena, "%s%s%s.%s", parts.group,
				  *parts.group == '\0' ? "" : ".", parts.version,
				  parts.kind);
	if (name == NULL)
		return gather_no_memory(source, err);
	const struct gathered gathered = { .name = name,
					   .source = source,
					   .schema = root };
	return gather_kind(import, &gathered, parts.group, parts.version, parts.kind,
			   err);
}

/* --- any document --- */

static void read_version(struct kubernetes_import *import, const struct node *root)
{
	const char *version = text_of(node_get(root, "info"), "version");
	char read[KUBERNETES_VERSION_BYTES];
	if (version != NULL && *version == 'v' && import->version[0] == '\0' &&
	    kubernetes_version_read(version, read, NULL) == 0)
		memcpy(import->version, read, sizeof(read));
}

static int gather_items(struct kubernetes_import *import, const char *source,
			const struct node *items, struct error *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < node_count(items); i++)
		if (kubernetes_is_definition(node_item(items, i)))
			status = gather_resource_definition(import, source,
							    node_item(items, i), err);
	return status;
}

int gather_document(struct kubernetes_import *import, const char *source,
		    const struct node *root, struct error *err)
{
	const struct node *definitions = node_get(root, "definitions");
	const struct node *schemas = node_get(node_get(root, "components"), "schemas");
	const struct node *items = node_get(root, "items");
	bool schema = node_kind(node_get(root, "properties")) == NODE_MAPPING;
	if (kubernetes_is_definition(root))
		return gather_resource_definition(import, source, root, err);
	if (node_kind(items) == NODE_SEQUENCE)
		return gather_items(import, source, items, err);
	read_version(import, root);
	int status = 0;
	if (node_kind(definitions) == NODE_MAPPING)
		status = gather_definitions(import, source, definitions, err);
	if (status == 0 && node_kind(schemas) == NODE_MAPPING)
		status = gather_definitions(import, source, schemas, err);
	return status == 0 && schema ? gather_single(import, source, root, err)
				     : status;
}
