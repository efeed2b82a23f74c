/* doc/schema_dialect.c - the draft and vocabularies by which a resource is read. */
#include "doc/schema_dialect.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "doc/schema_uri.h"

/* A metaschema of a metaschema of ...: nobody needs more. */
#define CHAIN_MAXIMUM 8

/* Every vocabulary that a custom metaschema demands must be one of the draft's. */
static int read_vocabularies(struct index *index, struct resource *resource,
			     const struct node *vocabularies)
{
	static const char *const known[] = {
		"core",      "applicator", "unevaluated",       "validation",
		"meta-data", "format",     "format-annotation", "content"
	};
	resource->validates = false;
	for (size_t i = 0; i < node_count(vocabularies); i++) {
		const struct node *key = node_key(vocabularies, i);
		bool demanded = node_boolean(node_item(vocabularies, i));
		const char *name = strstr(key->text, "json-schema.org/draft/");
		name = name == NULL ? NULL : strstr(name, "/vocab/");
		name = name == NULL ? "" : name + strlen("/vocab/");
		bool found = false;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found |= strcmp(name, known[k]) == 0;
		if (strcmp(name, "validation") == 0)
			resource->validates = true;
		bool asserts = strcmp(name, "format-assertion") == 0 ||
			       (strcmp(name, "format") == 0 && demanded);
		if (asserts)
			resource->asserts_formats = true;
		if (demanded && !found && !asserts)
			return index_error(index, ERROR_SCHEMA, key,
					   "the vocabulary '%s' is not known",
					   key->text);
	}
	return 0;
}

/* A metaschema given as a document: its own $schema says the draft. */
static int read_custom(struct index *index, struct resource *resource,
		       const struct node *declared)
{
	const struct node *at = declared;
	bool first = true;
	for (int i = 0; i < CHAIN_MAXIMUM; i++) {
		const char *text = node_text(at, NULL);
		resource->draft = keyword_draft(text);
		if (resource->draft != SCHEMA_DRAFT_UNKNOWN)
			return 0;
		char *uri = uri_resolve(index->arena, "", text);
		if (uri == NULL)
			return ERROR_MEMORY;
		const struct node *root = map_get(&index->documents, uri, strlen(uri));
		const struct node *vocabularies = node_get(root, "$vocabulary");
		int status = 0;
		if (first && node_kind(vocabularies) == NODE_MAPPING)
			status = read_vocabularies(index, resource, vocabularies);
		if (status != 0)
			return status;
		first = false;
		at = node_get(root, "$schema");
		if (node_kind(at) != NODE_STRING)
			break;
	}
	return index_error(index, ERROR_SCHEMA, declared,
			   "the dialect '%s' is not known: draft 4, 6, 7, 2019-09 and "
			   "2020-12 are",
			   declared->text);
}

int dialect_read(struct index *index, struct resource *resource,
		 const struct resource *enclosing)
{
	const struct node *declared = node_get(resource->root, "$schema");
	resource->draft = enclosing != NULL ? enclosing->draft : index->draft;
	resource->validates = enclosing == NULL || enclosing->validates;
	resource->asserts_formats =
		enclosing != NULL ? enclosing->asserts_formats : index->assert_formats;
	if (declared == NULL)
		return 0;
	if (node_kind(declared) != NODE_STRING)
		return index_error(index, ERROR_SCHEMA, declared,
				   "'$schema' must be a string");
	resource->validates = true;
	resource->asserts_formats = index->assert_formats;
	return read_custom(index, resource, declared);
}
