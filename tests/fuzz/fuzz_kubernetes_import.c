/* tests/fuzz/fuzz_kubernetes_import.c - any text as a source of schemas: OpenAPI,
 * CustomResourceDefinitions, JSON Schemas. What becomes a bundle can be opened, holds
 * the kinds that were counted, and judges documents. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "doc/kubernetes.h"
#include "doc/kubernetes_import.h"
#include "doc_walk.h"

#define BUNDLE_BYTES ((size_t)1 << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *data, const struct kubernetes_problem *problem)
{
	(void)data;
	doc_promise(problem->schema->message != NULL && problem->schema->line > 0);
}

static void judge(struct kubernetes_catalog *catalog, const char *kind,
		  const struct limits *limits)
{
	const struct kubernetes_sink sink = { ignore, NULL, 10 };
	struct arena *arena = arena_new((size_t)1 << 22);
	const char *slash = strrchr(kind, '/');
	enum kubernetes_outcome outcome;
	struct doc_problem problem;
	struct docs docs = { 0 };
	char text[1024];
	int length = snprintf(text, sizeof(text),
			      "{apiVersion: '%.*s', kind: '%s', metadata: {name: null, "
			      "nmae: 1}, spec: {a: [{a: 1, b: x}, {a: 1}, null], b: "
			      "64mi, "
			      "c: {a: null, x: true}}, a: 1.5, b: [1, 1]}",
			      (int)(slash - kind), kind, slash + 1);
	if (length > 0 && (size_t)length < sizeof(text) &&
	    docs_parse(&docs, arena, DOC_KUBERNETES, text, (size_t)length, NULL,
		       &problem) == 0)
		kubernetes_validate(catalog, docs.roots[0], NULL, limits, &sink,
				    &outcome, NULL, NULL);
	arena_free(arena);
}

static void open_and_judge(const struct buf *bytes, size_t kinds,
			   const struct limits *limits)
{
	struct kubernetes_bundle *bundle = NULL;
	struct kubernetes_catalog *catalog = NULL;
	doc_promise(kubernetes_bundle_open(&bundle, "fuzz", bytes->data, bytes->length,
					   NULL) == 0);
	doc_promise(kubernetes_bundle_kinds(bundle) == kinds);
	doc_promise(kubernetes_catalog_new(&catalog, bundle, NULL) == 0);
	for (size_t i = 0; i < 4 && kubernetes_bundle_kind(bundle, i) != NULL; i++)
		judge(catalog, kubernetes_bundle_kind(bundle, i), limits);
	kubernetes_catalog_free(catalog);
	kubernetes_bundle_free(bundle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kubernetes_import *import = NULL;
	struct buf bytes = BUF_INIT(BUNDLE_BYTES);
	struct limits limits = limits_default;
	const char *text = (const char *)data;
	limits.values[LIMIT_SCHEMA_STEPS] = 20000;
	if (kubernetes_import_new(&import, &limits, NULL) != 0)
		return 0;
	if (kubernetes_import_add(import, "a.example/thing_v1.yaml", text, size, NULL,
				  NULL) == 0 &&
	    kubernetes_import_finish(import, "1.33", &bytes, NULL) == 0)
		open_and_judge(&bytes, kubernetes_import_kinds(import), &limits);
	kubernetes_import_free(import);
	buf_release(&bytes);
	return 0;
}
