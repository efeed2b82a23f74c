/* tests/fuzz/fuzz_kubernetes_bundle.c - bytes as a bundle of schemas: a good one with
 * words changed, and cut. What is opened must be harmless to ask and to run. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "doc/kubernetes.h"
#include "doc/kubernetes_import.h"
#include "doc/schema_image.h"
#include "doc_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char source[] =
	"{\"definitions\": {\"A\": {\"type\": \"object\", \"required\": [\"a\"], "
	"\"properties\": {\"a\": {\"type\": \"array\", \"x-kubernetes-list-type\": "
	"\"map\", \"x-kubernetes-list-map-keys\": [\"n\", \"protocol\"], \"items\": "
	"{\"type\": \"object\", \"properties\": {\"n\": {\"type\": \"integer\"}}}}, "
	"\"b\": {\"$ref\": \"#/definitions/A\"}, \"apiVersion\": {}, \"kind\": {}}, "
	"\"x-kubernetes-validations\": [], \"x-kubernetes-group-version-kind\": "
	"[{\"group\": \"\", \"version\": \"v1\", \"kind\": \"A\"}]}}}";

static const char text[] = "{apiVersion: v1, kind: A, a: [{n: 1}, {n: 1, protocol: "
			   "TCP}], b: {b: {a: 1}}, c: 1}";

static const struct buf *good(void)
{
	static struct buf bytes = BUF_INIT((size_t)1 << 20);
	struct kubernetes_import *import = NULL;
	if (bytes.length > 0)
		return &bytes;
	doc_promise(kubernetes_import_new(&import, NULL, NULL) == 0);
	doc_promise(kubernetes_import_add(import, "a.json", source, strlen(source),
					  NULL, NULL) == 0);
	doc_promise(kubernetes_import_finish(import, "1.33", &bytes, NULL) == 0);
	kubernetes_import_free(import);
	return &bytes;
}

static void use(const struct kubernetes_bundle *bundle)
{
	struct kubernetes_catalog *catalog = NULL;
	struct arena *arena = arena_new((size_t)1 << 22);
	enum kubernetes_outcome outcome;
	struct doc_problem problem;
	struct docs docs = { 0 };
	size_t length;
	doc_promise(strlen(kubernetes_bundle_version(bundle)) <
		    KUBERNETES_VERSION_BYTES);
	doc_promise(kubernetes_bundle_document(bundle, &length) != NULL);
	doc_promise(kubernetes_catalog_new(&catalog, bundle, NULL) == 0);
	if (docs_parse(&docs, arena, DOC_KUBERNETES, text, strlen(text), NULL,
		       &problem) == 0)
		kubernetes_validate(catalog, docs.roots[0], NULL, NULL, NULL, &outcome,
				    NULL, NULL);
	kubernetes_catalog_free(catalog);
	arena_free(arena);
}

/* The image has a digest of its own, which is made right, wherever it stands now. */
static void sign(unsigned char *bytes, size_t length)
{
	static const char magic[] = IMAGE_MAGIC;
	for (size_t at = 0; at + sizeof(struct image_header) <= length; at += 8) {
		struct image_header *header = (void *)(bytes + at);
		if (memcmp(header->magic, magic, sizeof(header->magic)) == 0 &&
		    header->size >= sizeof(*header) && header->size <= length - at)
			digest_of(bytes + at + IMAGE_SIGNED,
				  header->size - IMAGE_SIGNED, &header->digest);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kubernetes_bundle *bundle = NULL;
	size_t length = good()->length;
	const bool same = size < 6;
	unsigned char *bytes = malloc(length);
	if (bytes == NULL)
		return 0;
	memcpy(bytes, good()->data, length);
	for (; size >= 6; data += 6, size -= 6) {
		size_t word = (data[0] | (size_t)data[1] << 8) % (length / 4);
		memcpy(bytes + 4 * word, data + 2, 4);
	}
	sign(bytes, length);
	int status = kubernetes_bundle_open(&bundle, "fuzz", bytes, length, NULL);
	doc_promise(status == 0 || !same); /* or nothing would get past the digest */
	if (status == 0)
		use(bundle);
	kubernetes_bundle_free(bundle);
	free(bytes);
	return 0;
}
