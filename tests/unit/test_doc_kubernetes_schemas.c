/* tests/unit/test_doc_kubernetes_schemas.c - schemas of Kubernetes: what is imported,
 * and what documents are told by them. The published ones are in
 * test_doc_kubernetes_suite.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "doc/doc.h"
#include "doc/kubernetes.h"
#include "doc/kubernetes_bundle.h"
#include "doc/kubernetes_import.h"
#include "doc/schema_image.h"
#include "unit.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* --- what a bundle makes of a document --- */

struct scene {
	struct buf bytes;
	struct kubernetes_bundle *bundle;
	struct kubernetes_catalog *catalog;
	char told[4096]; /* "line:column code message (mend)", a line each */
	enum kubernetes_outcome outcome;
	bool from_definition;
};

static const char *code_name(int code)
{
	switch (code) {
	case ERROR_SCHEMA_MISMATCH:
		return "";
	case ERROR_KIND_MISSING:
		return "missing ";
	case ERROR_KIND_UNKNOWN:
		return "unknown ";
	case ERROR_KIND_REMOVED:
		return "removed ";
	case ERROR_KIND_DEPRECATED:
		return "deprecated ";
	case ERROR_RULES_UNCHECKED:
		return "unchecked ";
	default:
		return "? ";
	}
}

static void take(void *data, const struct kubernetes_problem *problem)
{
	struct scene *scene = data;
	size_t length = strlen(scene->told);
	const struct schema_problem *schema = problem->schema;
	const char *mend = schema_problem_mend(schema);
	snprintf(scene->told + length, sizeof(scene->told) - length, "%u:%u %s%s%s%s\n",
		 schema->line, schema->column, problem->advice ? "advice " : "",
		 code_name(problem->code), schema->message, mend ? " ()" : "");
	if (mend == NULL)
		return;
	length = strlen(scene->told) - 2;
	snprintf(scene->told + length, sizeof(scene->told) - length, "%s)\n", mend);
}

static void import_text(struct kubernetes_import *import, const char *name,
			const char *text)
{
	struct error err = ERROR_INIT;
	ck_assert_msg(kubernetes_import_add(import, name, text, strlen(text), NULL,
					    &err) == 0,
		      "%s", err.text);
}

/* A scene of sources, which end with NULL: names and texts in turn. */
static struct scene scene_of(const char *version, const char *const *sources)
{
	struct kubernetes_import *import = NULL;
	struct scene scene = { .bytes = BUF_INIT(1u << 24) };
	struct error err = ERROR_INIT;
	ck_assert_int_eq(kubernetes_import_new(&import, NULL, &err), 0);
	for (; *sources != NULL; sources += 2)
		import_text(import, sources[0], sources[1]);
	ck_assert_msg(kubernetes_import_finish(import, version, &scene.bytes, &err) ==
			      0,
		      "%s", err.text);
	kubernetes_import_free(import);
	ck_assert_msg(kubernetes_bundle_open(&scene.bundle, "b", scene.bytes.data,
					     scene.bytes.length, &err) == 0,
		      "%s", err.text);
	ck_assert_int_eq(kubernetes_catalog_new(&scene.catalog, scene.bundle, &err), 0);
	return scene;
}

static void scene_end(struct scene *scene)
{
	kubernetes_catalog_free(scene->catalog);
	kubernetes_bundle_free(scene->bundle);
	buf_release(&scene->bytes);
}

static const struct node *parse(struct arena *arena, const char *text)
{
	struct doc_problem problem;
	struct docs docs = { 0 };
	ck_assert_msg(docs_parse(&docs, arena, DOC_KUBERNETES, text, strlen(text), NULL,
				 &problem) == 0,
		      "%u:%u %s in %s", problem.line, problem.column, problem.message,
		      text);
	ck_assert_uint_eq(docs.count, 1);
	return docs.roots[0];
}

static const char *judge(struct scene *scene, const char *text,
			 const struct kubernetes_options *options)
{
	const struct kubernetes_sink sink = { take, scene, 0 };
	struct arena *arena = arena_new(1u << 24);
	struct error err = ERROR_INIT;
	scene->told[0] = '\0';
	ck_assert_msg(kubernetes_validate(scene->catalog, parse(arena, text), options,
					  NULL, &sink, &scene->outcome,
					  &scene->from_definition, &err) == 0,
		      "%s", err.text);
	arena_free(arena);
	return scene->told;
}

/* --- OpenAPI 2.0 --- */

static const char swagger[] =
	"{\"info\": {\"version\": \"v1.33.2\"}, \"definitions\": {"
	"\"io.k8s.apimachinery.pkg.api.resource.Quantity\": {\"type\": \"string\"},"
	"\"io.k8s.apimachinery.pkg.util.intstr.IntOrString\": {\"type\": \"string\", "
	"\"format\": \"int-or-string\"},"
	"\"io.k8s.apimachinery.pkg.apis.meta.v1.Time\": {\"type\": \"string\", "
	"\"format\": \"date-time\"},"
	"\"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta\": {\"type\": \"object\", "
	"\"properties\": {\"name\": {\"type\": \"string\"}, \"labels\": {\"type\": "
	"\"object\", \"additionalProperties\": {\"type\": \"string\"}}, "
	"\"creationTimestamp\": {\"$ref\": "
	"\"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Time\"}}},"
	"\"Port\": {\"type\": \"object\", \"required\": [\"port\"], \"properties\": {"
	"\"port\": {\"type\": \"integer\", \"format\": \"int32\"}, \"protocol\": "
	"{\"type\": \"string\"}, \"target\": {\"$ref\": "
	"\"#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString\"}}},"
	"\"Spec\": {\"type\": \"object\", \"required\": [\"selector\"], "
	"\"properties\": {"
	"\"selector\": {\"$ref\": \"#/definitions/Selector\"},"
	"\"replicas\": {\"type\": \"integer\", \"format\": \"int32\"},"
	"\"memory\": {\"$ref\": "
	"\"#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity\"},"
	"\"data\": {\"type\": \"object\", \"additionalProperties\": {\"type\": "
	"\"string\", \"format\": \"byte\"}},"
	"\"free\": {\"type\": \"object\"},"
	"\"ports\": {\"type\": \"array\", \"items\": {\"$ref\": "
	"\"#/definitions/Port\"}, \"x-kubernetes-list-type\": \"map\", "
	"\"x-kubernetes-list-map-keys\": [\"port\", \"protocol\"]},"
	"\"finalizers\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}, "
	"\"x-kubernetes-list-type\": \"set\"}}},"
	"\"Selector\": {\"type\": \"object\", \"properties\": {\"app\": {\"type\": "
	"\"string\"}}},"
	"\"Work\": {\"type\": \"object\", \"properties\": {\"apiVersion\": {\"type\": "
	"\"string\"}, \"kind\": {\"type\": \"string\"}, \"metadata\": {\"$ref\": "
	"\"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta\"}, \"spec\": "
	"{\"$ref\": \"#/definitions/Spec\"}}, \"x-kubernetes-group-version-kind\": "
	"[{\"group\": \"apps\", \"version\": \"v1\", \"kind\": \"Work\"}]},"
	"\"Budget\": {\"type\": \"object\", \"x-kubernetes-group-version-kind\": "
	"[{\"group\": \"policy\", \"version\": \"v1beta1\", \"kind\": "
	"\"PodDisruptionBudget\"}]}}}";

static const char *const swagger_sources[] = { "swagger.json", swagger, NULL };

#define WORK "{apiVersion: apps/v1, kind: Work, metadata: {name: a}, spec: "

static const struct {
	const char *what;
	const char *document;
	const char *told;
} document_cases[] = {
	{ "as it should be", WORK "{selector: {app: x}, replicas: 1}}", "" },
	{ "null counts as absent",
	  "{apiVersion: apps/v1, kind: Work, metadata: {name: a, creationTimestamp: "
	  "null, labels: {a: null}}, spec: {selector: {app: null}, replicas: null, "
	  "memory: null, ports: null, data: null}}",
	  "" },
	{ "but not where something is needed", WORK "{selector: null}}",
	  "1:73 spec.selector must be an object, found null (give it a value, or "
	  "remove the key)\n" },
	{ "nor in a list", WORK "{selector: {}, finalizers: [null]}}",
	  "1:90 spec.finalizers[0] must be a string, found null (give it a value, or "
	  "remove the key)\n" },
	{ "a quantity may be a number", WORK "{selector: {}, memory: 64}}", "" },
	{ "or a decimal", WORK "{selector: {}, memory: 0.5}}", "" },
	{ "or have a suffix", WORK "{selector: {}, memory: 64Mi}}", "" },
	{ "or an exponent", WORK "{selector: {}, memory: '1e3'}}", "" },
	{ "a suffix in the wrong case", WORK "{selector: {}, memory: 64mi}}",
	  "1:85 spec.memory must be a quantity like 500m, 64Mi or 2, found string "
	  "\"64mi\" (did you mean '64Mi'?)\n" },
	{ "bytes are not said", WORK "{selector: {}, memory: 64MB}}",
	  "1:85 spec.memory must be a quantity like 500m, 64Mi or 2, found string "
	  "\"64MB\" (did you mean '64M'?)\n" },
	{ "nothing of a quantity", WORK "{selector: {}, memory: much}}",
	  "1:85 spec.memory must be a quantity like 500m, 64Mi or 2, found string "
	  "\"much\" (a number with one of the suffixes n, u, m, k, M, G, T, P, E, Ki, "
	  "Mi, Gi, Ti, Pi, Ei, or none)\n" },
	{ "int or string: one", WORK "{selector: {}, ports: [{port: 1, target: 80}]}}",
	  "" },
	{ "int or string: other",
	  WORK "{selector: {}, ports: [{port: 1, target: http}]}}", "" },
	{ "int or string: neither",
	  WORK "{selector: {}, ports: [{port: 1, target: true}]}}",
	  "1:103 spec.ports[0].target must be a string or an integer, found boolean "
	  "true (put it in quotes)\n" },
	{ "a number of 32 bits", WORK "{selector: {}, replicas: 3000000000}}",
	  "1:87 spec.replicas must be at most 2147483647, found 3000000000\n" },
	{ "base64", WORK "{selector: {}, data: {a: aGk=, b: 'aGk=\n\n  '}}}", "" },
	{ "no base64", WORK "{selector: {}, data: {a: hi there}}}",
	  "1:87 spec.data.a must be base64 (RFC 4648), found string \"hi there\" "
	  "(encode it ('base64 -w0'); a Secret takes plain text in 'stringData')\n" },
	{ "an unknown field", WORK "{selector: {}, replica: 1}}",
	  "1:77 spec.replica is not allowed (did you mean 'replicas'?)\n" },
	{ "an object without fields is free", WORK "{selector: {}, free: {a: 1}}}",
	  "" },
	{ "a field one level too far out",
	  "{apiVersion: apps/v1, kind: Work, replicas: 2, spec: {selector: {}}}",
	  "1:35 replicas is not allowed (it belongs in 'spec': indent it "
	  "further)\n" },
	{ "one that stands too far in", WORK "{selector: {ports: []}}}",
	  "1:74 spec.selector.ports is not allowed (it belongs to spec: indent it "
	  "less)\n" },
	{ "one that is needed", WORK "{}}",
	  "1:62 spec needs 'selector' (add "
	  "'selector')\n" },
	{ "items with the same keys",
	  WORK "{selector: {}, ports: [{port: 53, protocol: UDP}, {port: 53}, {port: "
	       "53, protocol: TCP}]}}",
	  "1:124 spec.ports[2] has the same 'port' 53 and 'protocol' \"TCP\" as "
	  "spec.ports[1] (line 1) (remove one of them, or change it)\n" },
	{ "items of a set", WORK "{selector: {}, finalizers: [a, b, a]}}",
	  "1:96 spec.finalizers[2] equals spec.finalizers[0], but items must "
	  "differ\n" },
	{ "metadata", "{apiVersion: apps/v1, kind: Work, metadata: {nam: a}}",
	  "1:46 metadata.nam is not allowed (did you mean 'name'?)\n" },
	{ "no kind", "{apiVersion: apps/v1}",
	  "1:1 missing a document of Kubernetes needs 'kind' (add 'kind', or leave "
	  "other documents out of the rule's paths)\n" },
	{ "no apiVersion of a kind that is known", "{kind: Work}",
	  "1:1 missing a document of Kubernetes needs 'apiVersion' (add 'apiVersion: "
	  "apps/v1')\n" },
	{ "no apiVersion of another kind", "{kind: Play}",
	  "1:1 missing a document of Kubernetes needs 'apiVersion' (add 'apiVersion', "
	  "or "
	  "leave other documents out of the rule's paths)\n" },
	{ "neither", "{a: b}",
	  "1:1 missing a document of Kubernetes needs 'apiVersion' (leave other "
	  "documents "
	  "out of the rule's paths)\n" },
	{ "no object", "[a]",
	  "1:1 missing a document of Kubernetes must be an object (leave other "
	  "documents out of the rule's paths)\n" },
	{ "nothing", "---\n", "" },
	{ "a kind that is misspelt", "{apiVersion: apps/v1, kind: Wrok}",
	  "1:29 unknown there is no schema of apps/v1/Wrok in Kubernetes 1.33 (did you "
	  "mean 'kind: Work'?)\n" },
	{ "a kind of another group", "{apiVersion: v1, kind: Work}",
	  "1:24 unknown there is no schema of v1/Work in Kubernetes 1.33 (did you mean "
	  "'apiVersion: apps/v1'?)\n" },
	{ "a kind of others", "{apiVersion: a.example/v1, kind: Other}",
	  "1:34 unknown there is no schema of a.example/v1/Other in Kubernetes 1.33 "
	  "(add its CustomResourceDefinition to 'crds', or name the kind in "
	  "'skip')\n" },
	{ "an apiVersion that is gone",
	  "{apiVersion: extensions/v1beta1, kind: "
	  "Deployment}",
	  "1:14 removed Deployment of extensions/v1beta1 was removed in Kubernetes "
	  "1.16 (use apiVersion: apps/v1)\n" },
	{ "an apiVersion that is gone, with nothing in its place",
	  "{apiVersion: policy/v1beta1, kind: PodSecurityPolicy}",
	  "1:14 removed PodSecurityPolicy of policy/v1beta1 was removed in Kubernetes "
	  "1.25 (there is no replacement)\n" },
	{ "a List's items are documents",
	  "{apiVersion: v1, kind: List, items: [" WORK "{selector: {}}}, " WORK "{selec"
	  "tor: "
	  "1}}]}",
	  "1:188 items[1]: spec.selector must be an object, found integer 1 (known "
	  "here: 'app')\n" },
	{ "a list of a kind whose list is not known",
	  "{apiVersion: apps/v1, kind: WorkList, items: [{apiVersion: apps/v1, kind: "
	  "Work, spec: 1}]}",
	  "1:87 items[0]: spec must be an object, found integer 1 (known here: "
	  "'selector', 'replicas', 'memory', 'data', 'free', 'ports', "
	  "'finalizers')\n" },
	{ "Lists that nobody looks into any more",
	  "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: "
	  "[{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: "
	  "[{apiVersion: v1, kind: List, items: [" WORK "1}]}]}]}]}]}",
	  "1:185 items[0]: items[0]: items[0]: items[0]: Lists in Lists are looked "
	  "into to a depth of 4 (put the items into one List, or make each a "
	  "document)\n" },
};

START_TEST(documents_are_told_what_is_wrong_with_them)
{
	struct scene scene = scene_of("1.33", swagger_sources);
	for (size_t i = 0; i < ROWS(document_cases); i++) {
		const char *told = judge(&scene, document_cases[i].document, NULL);
		ck_assert_msg(strcmp(told, document_cases[i].told) == 0,
			      "%s:\n%sinstead of\n%s", document_cases[i].what, told,
			      document_cases[i].told);
	}
	scene_end(&scene);
}
END_TEST

START_TEST(a_deprecated_version_is_advice)
{
	struct scene scene = scene_of("1.24", swagger_sources);
	const char *told =
		judge(&scene, "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget}",
		      NULL);
	ck_assert_str_eq(told, "1:14 advice deprecated PodDisruptionBudget of "
			       "policy/v1beta1 is deprecated, and goes in Kubernetes "
			       "1.25 (use apiVersion: policy/v1)\n");
	ck_assert_int_eq(scene.outcome, KUBERNETES_VALID);
	scene_end(&scene);
	scene = scene_of("1.20", swagger_sources);
	told = judge(&scene, "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget}",
		     NULL);
	ck_assert_str_eq(told, "");
	scene_end(&scene);
}
END_TEST

/* Each is a List to kubectl, which applies the items. */
static const char *const carriers[] = {
	"{apiVersion: a/v1, kind: B, items: [" WORK "1}]}",
	"{apiVersion: a/v1, kind: BList, items: [" WORK "1}]}",
	"{apiVersion: a.example/v1, kind: Thing, items: [" WORK "1}]}",
	WORK "{selector: {}}, items: [" WORK "1}]}",
	/* of the carrier's kind, unless they say theirs */
	"{apiVersion: a.example/v1, kind: Thing, items: [{spec: 1}]}",
	"{apiVersion: a/v1, kind: B, items: [{apiVersion: '', kind: '', spec: 1}]}",
	"{apiVersion: v1, kind: List, items: [{apiVersion: a/v1, kind: B, items: [" WORK
	"1}]}]}",
	"{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: "
	"[{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: "
	"[{apiVersion: v1, kind: List, items: [" WORK "1}]}]}]}]}]}",
};

START_TEST(what_anything_carries_is_judged)
{
	static const char *const skip[] = { "a.example/v1/Thing", "B", "List" };
	const struct kubernetes_options options = { .ignore_missing = true,
						    .allow_unknown = true,
						    .skip = skip,
						    .skip_count = 3 };
	struct scene scene = scene_of("1.33", swagger_sources);
	for (size_t i = 0; i < ROWS(carriers); i++) {
		const char *told = judge(&scene, carriers[i], &options);
		ck_assert_msg(strstr(told, "items[0]: ") != NULL, "%s: %s", carriers[i],
			      told);
		ck_assert_int_eq(scene.outcome, KUBERNETES_INVALID);
	}
	judge(&scene, WORK "{selector: {}}, items: [{spec: 1}]}", &options);
	ck_assert_ptr_nonnull(strstr(scene.told, "items is not allowed"));
	ck_assert_str_eq(judge(&scene, WORK "{selector: {}}, items: {a: 1}}", &options),
			 "");
	scene_end(&scene);
}
END_TEST

START_TEST(options_loosen_what_they_say)
{
	static const char *const skip[] = { "Work", "a.example/v1/Thing" };
	const struct kubernetes_options options = { .ignore_missing = true };
	const struct kubernetes_options skipping = { .skip = skip, .skip_count = 2 };
	const struct kubernetes_options open = { .allow_unknown = true };
	struct scene scene = scene_of("1.33", swagger_sources);
	ck_assert_str_eq(judge(&scene, "{apiVersion: a/v1, kind: B}", &options), "");
	ck_assert_int_eq(scene.outcome, KUBERNETES_NO_SCHEMA);
	ck_assert_str_eq(judge(&scene, WORK "1}", &skipping), "");
	ck_assert_int_eq(scene.outcome, KUBERNETES_SKIPPED);
	ck_assert_str_eq(
		judge(&scene, "{apiVersion: a.example/v1, kind: Thing}", &skipping),
		"");
	ck_assert_str_eq(judge(&scene, WORK "{selector: {}, other: 1}}", &open), "");
	ck_assert_int_eq(scene.outcome, KUBERNETES_VALID);
	judge(&scene, WORK "{selector: 1, other: 1}}", &open);
	ck_assert_str_eq(scene.told, "1:73 spec.selector must be an object, found "
				     "integer 1 (known here: 'app')\n");
	ck_assert_int_eq(scene.outcome, KUBERNETES_INVALID);
	/* Behind so many something wrong could hide. */
	struct buf many = BUF_INIT(1u << 20);
	buf_add_string(&many, WORK "{");
	for (int i = 0; i < 1200; i++)
		buf_addf(&many, "f%d: 1, ", i);
	buf_add_string(&many, "selector: {}}}");
	judge(&scene, many.data, &open);
	ck_assert_ptr_nonnull(strstr(scene.told, "more unknown fields"));
	ck_assert_int_eq(scene.outcome, KUBERNETES_INVALID);
	buf_release(&many);
	scene_end(&scene);
}
END_TEST

/* --- OpenAPI 3.0 says the same in other words --- */

static const char openapi[] =
	"{\"openapi\": \"3.0.0\", \"info\": {\"version\": \"v1.33.0\"}, "
	"\"components\": "
	"{\"schemas\": {\"Quantity\": {\"oneOf\": [{\"type\": \"string\"}, {\"type\": "
	"\"number\"}]}, \"Either\": {\"format\": \"int-or-string\", \"oneOf\": "
	"[{\"type\": \"integer\"}, {\"type\": \"string\"}]}, \"Spec\": {\"type\": "
	"\"object\", \"properties\": {\"memory\": {\"$ref\": "
	"\"#/components/schemas/Quantity\"}, \"target\": {\"allOf\": [{\"$ref\": "
	"\"#/components/schemas/Either\"}], \"default\": {}}, \"kinds\": {\"type\": "
	"\"array\", \"items\": {\"type\": \"object\", \"properties\": {\"q\": "
	"{\"type\": \"integer\"}, \"mode\": {\"type\": \"string\", \"default\": "
	"\"a\"}}}, \"x-kubernetes-list-type\": \"map\", "
	"\"x-kubernetes-list-map-keys\": [\"q\", \"mode\"]}, \"share\": {\"type\": "
	"\"number\", \"maximum\": 1, \"exclusiveMaximum\": true}}}, \"Work\": "
	"{\"type\": "
	"\"object\", \"properties\": {\"apiVersion\": {\"type\": \"string\"}, "
	"\"kind\": "
	"{\"type\": \"string\"}, \"spec\": {\"allOf\": [{\"$ref\": "
	"\"#/components/schemas/Spec\"}], \"default\": {}}}, "
	"\"x-kubernetes-group-version-kind\": [{\"group\": \"\", \"version\": \"v1\", "
	"\"kind\": \"Work\"}]}}}}";

static const struct {
	const char *spec;
	const char *told;
} openapi_cases[] = {
	{ "{memory: 1, target: 1}", "" },
	{ "{memory: 1Gi, target: http}", "" },
	{ "{target: null, memory: null}", "" },
	{ "{target: []}", "1:45 spec.target must be a string or an integer, found "
			  "array\n" },
	{ "{kinds: [{q: 1}, {q: 1, mode: b}]}", "" },
	{ "{kinds: [{q: 1}, {q: 1, mode: a}]}", "1:53 spec.kinds[1] has the same 'q' 1 "
						"and 'mode' \"a\" as spec.kinds[0] "
						"(line 1) (remove one of them, or "
						"change it)\n" },
	{ "{share: 1}", "1:44 spec.share must be less than 1, found 1\n" },
	{ "{more: 1}", "1:37 spec.more is not allowed (known here: 'memory', 'target', "
		       "'kinds', 'share')\n" },
};

START_TEST(version_3_says_the_same)
{
	static const char *const sources[] = { "v3", openapi, NULL };
	struct scene scene = scene_of("1.33", sources);
	for (size_t i = 0; i < ROWS(openapi_cases); i++) {
		char text[512];
		snprintf(text, sizeof(text), "{apiVersion: v1, kind: Work, spec: %s}",
			 openapi_cases[i].spec);
		const char *told = judge(&scene, text, NULL);
		ck_assert_str_eq(told, openapi_cases[i].told);
	}
	scene_end(&scene);
}
END_TEST

/* --- CustomResourceDefinitions --- */

static const char definition[] =
	"apiVersion: apiextensions.k8s.io/v1\n"
	"kind: CustomResourceDefinition\n"
	"spec:\n"
	"  group: a.example\n"
	"  names: {kind: Thing}\n"
	"  versions:\n"
	"  - name: v1\n"
	"    served: true\n"
	"    schema:\n"
	"      openAPIV3Schema:\n"
	"        type: object\n"
	"        required: [spec]\n"
	"        properties:\n"
	"          metadata: {type: object}\n"
	"          spec:\n"
	"            type: object\n"
	"            x-kubernetes-validations: [{rule: 'true'}]\n"
	"            properties:\n"
	"              empty: {type: object}\n"
	"              kept: {type: object, x-kubernetes-preserve-unknown-fields: "
	"true, "
	"properties: {known: {type: object, properties: {a: {type: string}}}}}\n"
	"              any: {x-kubernetes-preserve-unknown-fields: true}\n"
	"              either: {x-kubernetes-int-or-string: true, anyOf: [{type: "
	"integer}, {type: string}], pattern: "
	"'^([+-]?[0-9.]+)$|[KMGTPE]i)|[numkMGTPE]'}\n"
	"              mode: {type: string, enum: [a, b], nullable: true}\n"
	"              needed: {type: object, required: [q], properties: {q: {type: "
	"string, nullable: true}}}\n"
	"              template: {type: object, x-kubernetes-embedded-resource: true, "
	"x-kubernetes-preserve-unknown-fields: true}\n"
	"              wait: {type: string, format: duration}\n"
	"              name: {type: string, pattern: '^[a-z]+\\z'}\n"
	"              one: {type: object, properties: {a: {type: string}, b: {type: "
	"string}}, oneOf: [{required: [a]}, {required: [b], properties: {b: "
	"{minLength: 2}}}]}\n"
	"  - name: v2\n"
	"    served: false\n"
	"    schema: {openAPIV3Schema: {type: object}}\n"
	"  - name: v3\n"
	"    served: true\n"
	"    schema: {openAPIV3Schema: {type: object, "
	"x-kubernetes-preserve-unknown-fields: true}}\n";

static const struct {
	const char *spec;
	const char *told;
} definition_cases[] = {
	{ "{}", "" },
	{ "{empty: {}, kept: {a: 1, known: {a: x}}, any: [1]}", "" },
	{ "{kept: {known: {b: 1}}}", "1:77 spec.kept.known.b is not allowed (known "
				     "here: 'a')\n" },
	{ "{empty: {a: 1}}", "1:70 spec.empty.a is not allowed\n" },
	{ "{either: 1Gi}", "" },
	{ "{either: 5}", "" },
	{ "{mode: null}", "" },
	{ "{mode: c}", "1:68 spec.mode must be one of \"a\", \"b\", found string "
		       "\"c\"\n" },
	{ "{needed: {q: null}}", "" },
	{ "{needed: {}}", "1:70 spec.needed needs 'q' (add 'q')\n" },
	{ "{template: {apiVersion: v1, kind: A, metadata: {name: x}, more: 1}}", "" },
	{ "{template: {kind: A}}", "1:72 spec.template needs 'apiVersion' (add "
				   "'apiVersion')\n" },
	{ "{wait: 30s}", "" },
	{ "{one: {a: x}}", "" },
	{ "{one: {b: xy}}", "" },
	{ "{other: 1}", "1:62 spec.other is not allowed\n" },
};

static void add_definition(struct scene *scene, const char *text)
{
	struct arena *arena = arena_new(1u << 24);
	struct error err = ERROR_INIT;
	ck_assert_msg(kubernetes_catalog_add(scene->catalog, "crd.yaml",
					     parse(arena, text), NULL, &err) == 0,
		      "%s", err.text);
	arena_free(arena);
}

START_TEST(definitions_are_schemas_of_their_resources)
{
	struct scene scene = scene_of("1.33", swagger_sources);
	add_definition(&scene, definition);
	ck_assert(kubernetes_catalog_has(scene.catalog, "a.example/v1/Thing"));
	ck_assert(!kubernetes_catalog_has(scene.catalog, "a.example/v2/Thing"));
	const char *told = judge(
		&scene, "{apiVersion: a.example/v1, kind: Thing, spec: {}}", NULL);
	ck_assert_str_eq(told, "1:34 advice unchecked a.example/v1/Thing has rules "
			       "that are "
			       "not evaluated here (x-kubernetes-validations) (the API "
			       "server "
			       "evaluates them)\n");
	ck_assert(scene.from_definition);
	for (size_t i = 0; i < ROWS(definition_cases); i++) {
		char text[512];
		snprintf(text, sizeof(text),
			 "{apiVersion: a.example/v1, kind: Thing, metadata: {}, spec: "
			 "%s}",
			 definition_cases[i].spec);
		told = judge(&scene, text, NULL);
		size_t length = strlen(definition_cases[i].told);
		/* A suggestion may follow. */
		bool same = length == 0 ? *told == '\0'
					: strncmp(told, definition_cases[i].told,
						  length - 1) == 0;
		ck_assert_msg(same, "%s:\n%sinstead of\n%s", text, told,
			      definition_cases[i].told);
	}
	ck_assert_str_eq(
		judge(&scene, "{apiVersion: a.example/v3, kind: Thing, more: 1}", NULL),
		"");
	ck_assert_str_eq(judge(&scene,
			       "{apiVersion: a.example/v1, kind: Thing, metadata: "
			       "{nme: "
			       "a}, spec: {}}",
			       NULL),
			 "1:52 metadata.nme is not allowed (did you mean 'name'?)\n");
	scene_end(&scene);
}
END_TEST

START_TEST(a_definition_changes_nothing_that_is_known)
{
	struct scene scene = scene_of("1.33", swagger_sources);
	add_definition(&scene, "{apiVersion: apiextensions.k8s.io/v1, kind: "
			       "CustomResourceDefinition, spec: {group: apps, names: "
			       "{kind: Work}, versions: [{name: v1, schema: "
			       "{openAPIV3Schema: {type: object, "
			       "x-kubernetes-preserve-unknown-fields: true}}}]}}");
	ck_assert_str_ne(judge(&scene, WORK "1}", NULL), "");
	ck_assert(!scene.from_definition);
	scene_end(&scene);
}
END_TEST

START_TEST(a_definition_is_smaller_than_a_bundle)
{
	struct scene scene = scene_of("1.33", swagger_sources);
	struct arena *arena = arena_new(1u << 26);
	struct buf text = BUF_INIT(1u << 22);
	struct error err = ERROR_INIT;
	buf_add_string(&text, "{apiVersion: apiextensions.k8s.io/v1, kind: "
			      "CustomResourceDefinition, spec: {group: a.example, "
			      "names: {kind: Wide}, versions: [{name: v1, schema: "
			      "{openAPIV3Schema: {type: object, properties: {");
	for (int i = 0; i < 60000; i++)
		buf_addf(&text, "p%d: {},", i);
	buf_add_string(&text, "}}}}]}}");
	ck_assert_int_eq(kubernetes_catalog_add(scene.catalog, "crd.yaml",
						parse(arena, text.data), NULL, &err),
			 ERROR_LIMIT);
	ck_assert_msg(strstr(err.text, "schema.definition_nodes") != NULL, "%s",
		      err.text);
	buf_release(&text);
	arena_free(arena);
	scene_end(&scene);
}
END_TEST

/* As clusters before 1.22 took them: what is not described is kept unless it says no.
 */
START_TEST(old_definitions_keep_what_they_do_not_know)
{
	static const char *const forms[] = { "", "preserveUnknownFields: false, " };
	for (size_t i = 0; i < ROWS(forms); i++) {
		char text[512];
		struct scene scene = scene_of("1.33", swagger_sources);
		snprintf(text, sizeof(text),
			 "{apiVersion: apiextensions.k8s.io/v1beta1, kind: "
			 "CustomResourceDefinition, spec: {%sgroup: a.example, "
			 "version: "
			 "v1, names: {kind: Old}, validation: {openAPIV3Schema: {type: "
			 "object, properties: {spec: {type: object, properties: {a: "
			 "{type: string}}}}}}}}",
			 forms[i]);
		add_definition(&scene, text);
		const char *told = judge(&scene,
					 "{apiVersion: a.example/v1, kind: Old, spec: "
					 "{b: 1}}",
					 NULL);
		ck_assert_int_eq(*told == '\0', i == 0);
		told = judge(&scene,
			     "{apiVersion: a.example/v1, kind: Old, spec: {a: 1}}",
			     NULL);
		ck_assert_str_ne(told, "");
		scene_end(&scene);
	}
}
END_TEST

static int find_once(void *data, struct kubernetes_catalog *catalog, const char *kind,
		     struct error *err)
{
	int *calls = data;
	struct arena *arena = arena_new(1u << 24);
	(*calls)++;
	int status =
		strcmp(kind, "a.example/v1/Thing") == 0
			? kubernetes_catalog_add(catalog, "crd.yaml",
						 parse(arena, definition), NULL, err)
			: 0;
	arena_free(arena);
	return status;
}

START_TEST(missing_kinds_are_asked_for_once)
{
	struct scene scene = scene_of("1.33", swagger_sources);
	int calls = 0;
	kubernetes_catalog_on_missing(scene.catalog, find_once, &calls);
	for (int i = 0; i < 3; i++) {
		judge(&scene, "{apiVersion: a.example/v1, kind: Thing, spec: {}}",
		      NULL);
		ck_assert_int_eq(scene.outcome, KUBERNETES_VALID);
		judge(&scene, "{apiVersion: a.example/v1, kind: Other}", NULL);
		ck_assert_int_eq(scene.outcome, KUBERNETES_INVALID);
	}
	ck_assert_int_eq(calls, 2);
	scene_end(&scene);
}
END_TEST

/* --- single schemas --- */

START_TEST(schemas_in_the_layouts_of_kubeconform_are_taken)
{
	static const char crd[] = "{\"type\": \"object\", \"properties\": "
				  "{\"apiVersion\": "
				  "{\"type\": \"string\"}, \"kind\": {\"type\": "
				  "\"string\"}, \"spec\": {\"type\": [\"object\", "
				  "\"null\"], \"properties\": {\"q\": {\"type\": "
				  "\"integer\"}}, \"additionalProperties\": false}}}";
	static const char own[] =
		"{\"type\": \"object\", \"properties\": {\"kind\": {\"enum\": "
		"[\"Pod\"]}, \"apiVersion\": {}}, \"x-kubernetes-group-version-kind\": "
		"[{\"group\": \"\", \"kind\": \"Pod\", \"version\": \"v1\"}]}";
	static const char *const sources[] = { "crds/a.example/thing_v1.json",
					       crd,
					       "v1.33/pod-v1.json",
					       own,
					       "v1.33/all.json",
					       "{\"oneOf\": []}",
					       NULL };
	struct scene scene = scene_of("1.33", sources);
	ck_assert_uint_eq(kubernetes_bundle_kinds(scene.bundle), 2);
	ck_assert_str_eq(judge(&scene, "{apiVersion: v1, kind: Pod}", NULL), "");
	ck_assert_str_eq(judge(&scene,
			       "{apiVersion: a.example/v1, kind: Thing, spec: "
			       "null}",
			       NULL),
			 "");
	ck_assert_str_eq(judge(&scene,
			       "{apiVersion: a.example/v1, kind: Thing, spec: "
			       "{q: x}}",
			       NULL),
			 "1:51 spec.q must be an integer, found string \"x\" (write a "
			 "number)\n");
	scene_end(&scene);
}
END_TEST

/* --- what is refused --- */

static const struct {
	const char *name;
	const char *text;
	const char *message;
} refused[] = {
	{ "a.json", "{\"a\": ", "a.json:1:" },
	{ "a.yaml", "a: [", "a.yaml:1:" },
	{ "a.json", "{\"definitions\": {\"a b\": {}}}", "the name of a definition" },
	{ "a.yaml",
	  "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}",
	  "has no 'spec.group'" },
	{ "a.yaml",
	  "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: "
	  "{group: a.b, names: {kind: C}}}",
	  "has no 'spec.versions'" },
};

static const struct {
	const char *schema;
	const char *message;
} unusable[] = {
	{ "{\"properties\": []}", "'properties' must map names to schemas" },
	{ "{\"properties\": {\"a\": 1}}", "a schema must be an object" },
	{ "{\"$ref\": \"other.json\"}", "'$ref' leads to no definition" },
	{ "{\"$ref\": \"#/definitions/none\"}", "none" },
	{ "{\"required\": \"a\"}", "'required' must be a list" },
	{ "{\"type\": \"text\"}", "'type' must name" },
	{ "{\"anyOf\": []}", "it must be a list of schemas" },
};

START_TEST(what_cannot_be_used_is_refused)
{
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct kubernetes_import *import = NULL;
		struct error err = ERROR_INIT;
		ck_assert_int_eq(kubernetes_import_new(&import, NULL, &err), 0);
		ck_assert_int_lt(
			kubernetes_import_add(import, refused[i].name, refused[i].text,
					      strlen(refused[i].text), NULL, &err),
			0);
		ck_assert_msg(strstr(err.text, refused[i].message) != NULL, "%s",
			      err.text);
		kubernetes_import_free(import);
	}
	for (size_t i = 0; i < ROWS(unusable); i++) {
		struct kubernetes_import *import = NULL;
		struct error err = ERROR_INIT;
		struct buf out = BUF_INIT(1u << 20);
		char text[512];
		snprintf(text, sizeof(text),
			 "{\"definitions\": {\"A\": {\"properties\": {\"x\": %s}, "
			 "\"x-kubernetes-group-version-kind\": [{\"group\": \"\", "
			 "\"version\": \"v1\", \"kind\": \"A\"}]}}}",
			 unusable[i].schema);
		ck_assert_int_eq(kubernetes_import_new(&import, NULL, &err), 0);
		import_text(import, "a.json", text);
		ck_assert_int_eq(kubernetes_import_finish(import, "1.33", &out, &err),
				 ERROR_SCHEMA);
		ck_assert_msg(strstr(err.text, unusable[i].message) != NULL, "%s",
			      err.text);
		kubernetes_import_free(import);
		buf_release(&out);
	}
}
END_TEST

START_TEST(versions_are_read)
{
	static const struct {
		const char *text;
		const char *version; /* NULL: refused */
	} rows[] = { { "1.33", "1.33" },   { "v1.33", "1.33" }, { "v1.33.2", "1.33" },
		     { "1.33+k3s", NULL }, { "1", NULL },       { "", NULL },
		     { "v", NULL },        { "latest", NULL },  { "1.33333", NULL } };
	for (size_t i = 0; i < ROWS(rows); i++) {
		char out[KUBERNETES_VERSION_BYTES] = "";
		int status = kubernetes_version_read(rows[i].text, out, NULL);
		ck_assert_int_eq(status == 0, rows[i].version != NULL);
		ck_assert_str_eq(out, rows[i].version ? rows[i].version : "");
	}
}
END_TEST

/* --- bundles --- */

/* Opens bytes that were changed at a place. */
static int open_changed(const struct buf *bytes, size_t at, unsigned char flip)
{
	struct kubernetes_bundle *bundle = NULL;
	char *copy = malloc(bytes->length);
	memcpy(copy, bytes->data, bytes->length);
	copy[at] = (char)(copy[at] ^ flip);
	int status = kubernetes_bundle_open(&bundle, "b", copy, bytes->length, NULL);
	kubernetes_bundle_free(bundle);
	free(copy);
	return status;
}

START_TEST(a_bundle_that_was_changed_is_refused)
{
	struct scene scene = scene_of("1.33", swagger_sources);
	struct kubernetes_bundle *bundle = NULL;
	size_t document = 0;
	kubernetes_bundle_document(scene.bundle, &document);
	for (size_t at = 0; at < 64; at++)
		/* All but the image's version and that of Kubernetes. */
		if (at < 24 || (at >= 28 && at < 32) || (at >= 48 && at < 64))
			ck_assert_msg(open_changed(&scene.bytes, at, 0xff) != 0, "%zu",
				      at);
	for (size_t at = 96; at < scene.bytes.length - document; at += 61)
		ck_assert_msg(open_changed(&scene.bytes, at, 0x10) != 0, "%zu", at);
	for (size_t size = 0; size < scene.bytes.length; size += 97)
		ck_assert_int_eq(kubernetes_bundle_open(&bundle, "b", scene.bytes.data,
							size, NULL),
				 ERROR_SCHEMA);
	scene_end(&scene);
}
END_TEST

/* It holds what it was compiled from: a gitgate whose images look otherwise compiles it
 * again, and the digest stays what a policy pinned. */
START_TEST(a_bundle_of_another_gitgate_is_compiled_again)
{
	struct scene scene = scene_of("1.33", swagger_sources);
	struct kubernetes_bundle *bundle = NULL;
	struct error err = ERROR_INIT;
	const size_t image_version = 24;
	scene.bytes.data[image_version] ^= 0x40;
	ck_assert_msg(kubernetes_bundle_open(&bundle, "b", scene.bytes.data,
					     scene.bytes.length, &err) == 0,
		      "%s", err.text);
	kubernetes_catalog_free(scene.catalog);
	ck_assert_int_eq(kubernetes_catalog_new(&scene.catalog, bundle, &err), 0);
	ck_assert_str_eq(judge(&scene, WORK "{selector: 1}}", NULL), "1:73 "
								     "spec.selector "
								     "must be an "
								     "object, found "
								     "integer 1 (known "
								     "here: 'app')\n");
	kubernetes_catalog_free(scene.catalog);
	scene.catalog = NULL;
	kubernetes_bundle_free(bundle);
	scene_end(&scene);
}
END_TEST

START_TEST(bundles_are_the_same_each_time)
{
	struct scene one = scene_of("1.33", swagger_sources);
	struct scene two = scene_of("1.33", swagger_sources);
	ck_assert_uint_eq(one.bytes.length, two.bytes.length);
	ck_assert_mem_eq(one.bytes.data, two.bytes.data, one.bytes.length);
	ck_assert_str_eq(kubernetes_bundle_version(one.bundle), "1.33");
	ck_assert_str_eq(kubernetes_bundle_kind(one.bundle, 0), "apps/v1/Work");
	ck_assert_ptr_null(kubernetes_bundle_kind(one.bundle, 2));
	scene_end(&one);
	scene_end(&two);
}
END_TEST

UNIT_MAIN("doc_kubernetes_schemas", documents_are_told_what_is_wrong_with_them,
	  a_deprecated_version_is_advice, what_anything_carries_is_judged,
	  options_loosen_what_they_say, version_3_says_the_same,
	  definitions_are_schemas_of_their_resources,
	  a_definition_changes_nothing_that_is_known,
	  a_definition_is_smaller_than_a_bundle,
	  old_definitions_keep_what_they_do_not_know, missing_kinds_are_asked_for_once,
	  schemas_in_the_layouts_of_kubeconform_are_taken,
	  what_cannot_be_used_is_refused, versions_are_read,
	  a_bundle_that_was_changed_is_refused,
	  a_bundle_of_another_gitgate_is_compiled_again, bundles_are_the_same_each_time)
