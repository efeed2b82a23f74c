/* doc/kubernetes_bundle.c - bundles of schemas: written, opened, compiled again. */
#include "doc/kubernetes_bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "doc/kubernetes_import.h"
#include "doc/node.h"
#include "doc/schema_image.h"

#define BUNDLE_MAGIC   "gitgate\x1c"
#define BUNDLE_VERSION 1
#define ALIGNMENT      8
#define ARENA_BYTES    ((size_t)1 << 30)

struct part {
	uint32_t offset;
	uint32_t size;
};

struct bundle_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t size; /* of the file */
	uint32_t image_version;
	uint32_t kind_count;
	char kubernetes[KUBERNETES_VERSION_BYTES]; /* "1.33", ends with NULs */
	struct part unchecked;
	struct part image;
	struct part document;
};

struct kubernetes_bundle {
	const struct bundle_header *header;
	struct schema *schema;
	const unsigned char *unchecked;
	unsigned char *owned; /* `unchecked`, when it was compiled again */
};

/* --- the document --- */

/* Entries for the compiler; their references live in the arena. */
static struct schema_entry *make_entries(struct arena *arena, const struct node *kinds)
{
	size_t count = node_count(kinds);
	struct schema_entry *entries = arena_array(arena, count + 1, sizeof(*entries));
	for (size_t i = 0; entries != NULL && i < count; i++) {
		const char *definition =
			node_text(node_get(node_item(kinds, i), "definition"), NULL);
		entries[i].name = node_key(kinds, i)->text;
		entries[i].reference =
			arena_printf(arena, "#/definitions/%s",
				     definition == NULL ? "" : definition);
		if (entries[i].reference == NULL)
			return NULL;
	}
	return entries;
}

static int mark_unchecked(const struct schema *schema, const struct node *kinds,
			  unsigned char **out, struct error *err)
{
	unsigned char *marks = calloc(node_count(kinds) + 1, 1);
	if (marks == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for schemas");
	for (size_t i = 0; schema_name(schema, i) != NULL; i++) {
		const struct node *kind = node_get(kinds, schema_name(schema, i));
		marks[i] = node_get(kind, "unchecked") != NULL;
	}
	*out = marks;
	return 0;
}

static int compile_document(const char *name, const struct node *root,
			    struct arena *arena, const struct limits *limits,
			    struct schema **schema, unsigned char **unchecked,
			    struct error *err)
{
	const struct node *kinds = node_get(root, "kinds");
	struct schema_entry *entries = make_entries(arena, kinds);
	const struct schema_options options = {
		.draft = SCHEMA_DRAFT_KUBERNETES,
		.assert_formats = true,
		.entries = entries,
		.entry_count = node_count(kinds),
		.limits = limits,
	};
	struct schema *compiled = NULL;
	if (entries == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for schemas");
	if (node_kind(kinds) != NODE_MAPPING)
		return error_set(err, ERROR_SCHEMA, "%s: it names no kinds", name);
	int status = schema_compile(&compiled, name, root, &options, err);
	if (status == 0)
		status = mark_unchecked(compiled, kinds, unchecked, err);
	if (status == 0)
		*schema = compiled;
	else
		schema_free(compiled);
	return status;
}

int kubernetes_document_compile(const char *name, const char *text, size_t length,
				const struct limits *limits, struct schema **schema,
				unsigned char **unchecked, struct error *err)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct doc_problem problem;
	struct docs docs = { 0 };
	if (arena == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for schemas");
	int status = docs_parse(&docs, arena, DOC_JSON, text, length, limits, &problem);
	if (status != 0)
		error_set(err, status, "%s:%u:%u: %s", name, problem.line,
			  problem.column, problem.message);
	else
		status = compile_document(name, docs.roots[0], arena, limits, schema,
					  unchecked, err);
	arena_free(arena);
	return status;
}

/* --- writing --- */

static struct part add_part(struct buf *out, const void *bytes, size_t size)
{
	static const char zeros[ALIGNMENT];
	buf_add(out, zeros, -out->length & (ALIGNMENT - 1));
	struct part part = { (uint32_t)out->length, (uint32_t)size };
	buf_add(out, bytes, size);
	return part;
}

int kubernetes_bundle_write(struct buf *out, const char *version,
			    const struct schema *schema, const unsigned char *unchecked,
			    const char *document, size_t length, struct error *err)
{
	struct bundle_header header = { .magic = BUNDLE_MAGIC,
					.version = BUNDLE_VERSION,
					.byte_order = IMAGE_BYTE_ORDER,
					.image_version = IMAGE_VERSION };
	size_t image_size = 0;
	const void *image = schema_bytes(schema, &image_size);
	while (schema_name(schema, header.kind_count) != NULL)
		header.kind_count++;
	strncpy(header.kubernetes, version, sizeof(header.kubernetes) - 1);
	buf_add(out, &header, sizeof(header));
	header.unchecked = add_part(out, unchecked, header.kind_count);
	header.image = add_part(out, image, image_size);
	header.document = add_part(out, document, length);
	header.size = out->length;
	int status = buf_status(out, "the bundle", err);
	if (status == 0 && out->length > UINT32_MAX)
		return error_set(err, ERROR_LIMIT, "the bundle is over 4 GiB");
	if (status == 0)
		memcpy(out->data, &header, sizeof(header));
	return status;
}

/* --- opening --- */

static bool is_part(const struct bundle_header *header, const struct part *part)
{
	return part->offset >= sizeof(*header) && part->offset % ALIGNMENT == 0 &&
	       part->offset <= header->size &&
	       part->size <= header->size - part->offset;
}

static int check_header(const char *name, const struct bundle_header *header,
			uint64_t size, struct error *err)
{
	if (size < sizeof(*header) ||
	    memcmp(header->magic, BUNDLE_MAGIC, sizeof(header->magic)) != 0)
		return error_set(err, ERROR_SCHEMA,
				 "'%s' is no bundle of schemas; 'gitgate schema "
				 "import' "
				 "makes one",
				 name);
	if (header->version != BUNDLE_VERSION || header->byte_order != IMAGE_BYTE_ORDER)
		return error_set(err, ERROR_SCHEMA,
				 "the bundle '%s' was made by another version or on "
				 "another kind of machine; import it again",
				 name);
	bool whole =
		header->size == size && is_part(header, &header->unchecked) &&
		is_part(header, &header->image) && is_part(header, &header->document) &&
		header->unchecked.size == header->kind_count &&
		memchr(header->kubernetes, '\0', sizeof(header->kubernetes)) != NULL;
	if (!whole)
		return error_set(err, ERROR_SCHEMA,
				 "the bundle '%s' is cut or was changed; import it "
				 "again",
				 name);
	return 0;
}

int kubernetes_bundle_glance(const char *name, const void *bytes, size_t length,
			     uint64_t size, struct digest *out, struct error *err)
{
	struct bundle_header header = { 0 };
	struct digest digest = { 0 };
	memcpy(&header, bytes, length < sizeof(header) ? length : sizeof(header));
	int status = check_header(name, &header, size, err);
	if (status != 0)
		return status;
	/* The image's header has the digest of the image; what decides beside it stands
	 * before it. */
	uint64_t end = (uint64_t)header.image.offset + sizeof(struct image_header);
	bool says = header.image_version == IMAGE_VERSION && end <= length &&
		    header.unchecked.offset < header.image.offset;
	if (says && digest_of(bytes, (size_t)end, &digest) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", name);
	*out = digest;
	return 0;
}

static int load(struct kubernetes_bundle *bundle, const char *name, struct error *err)
{
	const struct bundle_header *header = bundle->header;
	const char *bytes = (const char *)header;
	if (header->image_version != IMAGE_VERSION)
		return kubernetes_document_compile(
			name, bytes + header->document.offset, header->document.size,
			&limits_default, &bundle->schema, &bundle->owned, err);
	bundle->unchecked = (const unsigned char *)bytes + header->unchecked.offset;
	return schema_load(&bundle->schema, name, bytes + header->image.offset,
			   header->image.size, err);
}

/* As many as the header says, and each with a version. */
static bool has_kinds(const struct kubernetes_bundle *bundle)
{
	uint32_t count = 0;
	const char *name;
	while ((name = schema_name(bundle->schema, count)) != NULL) {
		if (strchr(name, '/') == NULL)
			return false;
		count++;
	}
	return count == bundle->header->kind_count;
}

int kubernetes_bundle_open(struct kubernetes_bundle **out, const char *name,
			   const void *bytes, size_t size, struct error *err)
{
	int status = (uintptr_t)bytes % ALIGNMENT == 0
			     ? check_header(name, bytes, size, err)
			     : error_set(err, ERROR_SCHEMA,
					 "the bundle '%s' is not aligned", name);
	if (status != 0)
		return status;
	struct kubernetes_bundle *bundle = calloc(1, sizeof(*bundle));
	if (bundle == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'", name);
	bundle->header = bytes;
	status = load(bundle, name, err);
	if (bundle->owned != NULL)
		bundle->unchecked = bundle->owned;
	if (status == 0 && !has_kinds(bundle))
		status = error_set(err, ERROR_SCHEMA,
				   "the bundle '%s' was changed: its kinds do not "
				   "agree; "
				   "import it again",
				   name);
	if (status == 0)
		*out = bundle;
	else
		kubernetes_bundle_free(bundle);
	return status;
}

void kubernetes_bundle_free(struct kubernetes_bundle *bundle)
{
	if (bundle == NULL)
		return;
	schema_free(bundle->schema);
	free(bundle->owned);
	free(bundle);
}

const char *kubernetes_bundle_version(const struct kubernetes_bundle *bundle)
{
	return bundle->header->kubernetes;
}

const char *kubernetes_bundle_kind(const struct kubernetes_bundle *bundle, size_t index)
{
	return schema_name(bundle->schema, index);
}

size_t kubernetes_bundle_kinds(const struct kubernetes_bundle *bundle)
{
	return bundle->header->kind_count;
}

const char *kubernetes_bundle_document(const struct kubernetes_bundle *bundle,
				       size_t *length)
{
	const struct bundle_header *header = bundle->header;
	*length = header->document.size;
	return (const char *)header + header->document.offset;
}

const struct schema *bundle_schema(const struct kubernetes_bundle *bundle)
{
	return bundle->schema;
}

const unsigned char *bundle_unchecked(const struct kubernetes_bundle *bundle)
{
	return bundle->unchecked;
}
