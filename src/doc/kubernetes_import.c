/* doc/kubernetes_import.c - gathers schemas of kinds and compiles them. */
#include "doc/kubernetes_import.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/kubernetes_bundle.h"
#include "doc/kubernetes_gather.h"
#include "doc/kubernetes_write.h"
#include "doc/node.h"
#include "doc/schema.h"

#define ARENA_BYTES    ((size_t)1 << 30)
#define DOCUMENT_BYTES ((size_t)64 << 20)

int kubernetes_import_new(struct kubernetes_import **out, const struct limits *limits,
			  struct error *err)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubernetes_import *import =
		arena == NULL ? NULL : arena_new_of(arena, struct kubernetes_import);
	if (import == NULL) {
		arena_free(arena);
		return error_set(err, ERROR_MEMORY, "out of memory for schemas");
	}
	import->arena = arena;
	import->limits = limits == NULL ? &limits_default : limits;
	*out = import;
	return 0;
}

void kubernetes_import_free(struct kubernetes_import *import)
{
	if (import == NULL)
		return;
	map_release(&import->definitions);
	map_release(&import->schemas);
	map_release(&import->kinds);
	arena_free(import->arena);
}

size_t kubernetes_import_kinds(const struct kubernetes_import *import)
{
	return import->kinds.count;
}

const char *kubernetes_import_version(const struct kubernetes_import *import)
{
	return import->version[0] == '\0' ? NULL : import->version;
}

int kubernetes_version_read(const char *text, char out[KUBERNETES_VERSION_BYTES],
			    struct error *err)
{
	const char *at = text + (*text == 'v');
	size_t major = strspn(at, "0123456789");
	size_t minor = at[major] == '.' ? strspn(at + major + 1, "0123456789") : 0;
	const char *rest = at + major + 1 + minor;
	if (major == 0 || major > 2 || minor == 0 || minor > 4 ||
	    (*rest != '\0' && *rest != '.'))
		return error_set(err, ERROR_USAGE,
				 "'%s' is no version of Kubernetes: write it like 1.33",
				 text);
	snprintf(out, KUBERNETES_VERSION_BYTES, "%.*s", (int)(major + 1 + minor), at);
	return 0;
}

/* What `kubectl get --raw` gives is JSON, whatever its file is called. */
static bool is_json(const char *name, const char *text, size_t length)
{
	size_t at = 0;
	if (text_ends_with(name, ".yaml") || text_ends_with(name, ".yml"))
		return false;
	while (at < length && isspace((unsigned char)text[at]))
		at++;
	return at < length && text[at] == '{';
}

int kubernetes_import_add(struct kubernetes_import *import, const char *name,
			  const char *text, size_t length, size_t *kinds,
			  struct error *err)
{
	struct doc_problem problem;
	struct docs docs = { 0 };
	size_t before = import->kinds.count;
	int status = is_json(name, text, length)
			     ? docs_parse(&docs, import->arena, DOC_JSON, text, length,
					  import->limits, &problem)
			     : docs_parse_file(&docs, import->arena, name, text, length,
					       import->limits, &problem);
	if (status != 0)
		return error_set(err, status, "%s:%u:%u: %s", name, problem.line,
				 problem.column, problem.message);
	for (size_t i = 0; status == 0 && i < docs.count; i++)
		status = gather_document(import, name, docs.roots[i], err);
	if (status == 0 && kinds != NULL)
		*kinds = import->kinds.count - before;
	return status;
}

int kubernetes_import_tree(struct kubernetes_import *import, const char *name,
			   const struct node *root, size_t *kinds, struct error *err)
{
	size_t before = import->kinds.count;
	const struct node *copy = node_copy(import->arena, root);
	int status = copy == NULL ? error_set(err, ERROR_MEMORY,
					      "out of memory for '%s'", name)
				  : gather_document(import, name, copy, err);
	if (status == 0 && kinds != NULL)
		*kinds = import->kinds.count - before;
	return status;
}

/* --- the document: definitions, and which kind is which of them --- */

static int write_one(const struct kubernetes_import *import, struct buf *out,
		     struct gathered *gathered, struct error *err)
{
	struct schema_writer writer = {
		.out = out,
		.source = gathered->source,
		.definitions = &import->schemas,
		.structural = gathered->form == FORM_RESOURCE,
		.keeps_unknown = gathered->keeps_unknown,
		.err = err,
	};
	int status =
		gathered->form == FORM_RESOURCE
			? write_resource(&writer, gathered->schema)
			: write_definition(&writer, gathered->name, gathered->schema);
	gathered->unchecked = writer.unchecked;
	return status == 0 ? buf_status(out, gathered->source, err) : status;
}

static int write_definitions(const struct kubernetes_import *import, struct buf *out,
			     struct error *err)
{
	const char *meta = KUBERNETES_OBJECT_META;
	int status = 0;
	buf_add_string(out, "{\"definitions\":{");
	for (size_t i = 0; status == 0 && i < import->definitions.count; i++) {
		struct gathered *gathered = import->definitions.entries[i].value;
		buf_addf(out, "%s\"%s\":", i > 0 ? "," : "", gathered->name);
		status = write_one(import, out, gathered, err);
	}
	if (!map_has(&import->definitions, meta, strlen(meta))) {
		buf_addf(out, "%s\"%s\":", import->definitions.count > 0 ? "," : "",
			 meta);
		write_object_meta(out);
	}
	buf_add_byte(out, '}');
	return status;
}

static void write_kinds(const struct kubernetes_import *import, struct buf *out)
{
	struct json json;
	buf_add_string(out, ",\"kinds\":");
	json_begin(&json, out);
	json_object(&json);
	for (size_t i = 0; i < import->kinds.count; i++) {
		const struct gathered *gathered = import->kinds.entries[i].value;
		json_key(&json, import->kinds.entries[i].key);
		json_object(&json);
		json_put_string(&json, "definition", gathered->name);
		if (gathered->unchecked)
			json_put_boolean(&json, "unchecked", true);
		json_object_end(&json);
	}
	json_object_end(&json);
	buf_add_byte(out, '}');
}

static int write_document(const struct kubernetes_import *import, struct buf *out,
			  struct error *err)
{
	if (import->kinds.count == 0)
		return error_set(err, ERROR_SCHEMA,
				 "there is no schema of a kind of Kubernetes in it");
	int status = write_definitions(import, out, err);
	if (status != 0)
		return status;
	write_kinds(import, out);
	return buf_status(out, "the schemas", err);
}

int kubernetes_import_compile(struct kubernetes_import *import, const char *name,
			      struct schema **out, unsigned char **unchecked,
			      struct error *err)
{
	struct buf document = BUF_INIT(DOCUMENT_BYTES);
	int status = write_document(import, &document, err);
	if (status == 0)
		status = kubernetes_document_compile(name, document.data,
						     document.length, import->limits,
						     out, unchecked, err);
	buf_release(&document);
	return status;
}

int kubernetes_import_finish(struct kubernetes_import *import, const char *version,
			     struct buf *out, struct error *err)
{
	struct buf document = BUF_INIT(DOCUMENT_BYTES);
	struct schema *schema = NULL;
	unsigned char *unchecked = NULL;
	int status = write_document(import, &document, err);
	if (status == 0)
		status = kubernetes_document_compile("the schemas", document.data,
						     document.length, import->limits,
						     &schema, &unchecked, err);
	if (status == 0)
		status = kubernetes_bundle_write(out, version, schema, unchecked,
						 document.data, document.length, err);
	schema_free(schema);
	free(unchecked);
	buf_release(&document);
	return status;
}
