/* tests/unit/test_doc_schema_places.c - names that stand in the wrong place: where they
 * belong, in the words that people are told. */
#include <stdio.h>

#include "doc/schema.h"
#include "doc_try.h"
#include "hostile.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char workload[] =
	"$schema: http://json-schema.org/draft-07/schema#\n"
	"type: object\n"
	"additionalProperties: false\n"
	"properties:\n"
	"  apiVersion: {type: string}\n"
	"  kind: {type: string}\n"
	"  metadata: {$ref: '#/definitions/Meta'}\n"
	"  spec:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    required: [selector, template]\n"
	"    properties:\n"
	"      replicas: {type: integer}\n"
	"      paused: {type: boolean}\n"
	"      selector:\n"
	"        type: object\n"
	"        additionalProperties: false\n"
	"        properties: {matchLabels: {$ref: '#/definitions/Labels'}}\n"
	"      strategy:\n"
	"        type: object\n"
	"        additionalProperties: false\n"
	"        properties:\n"
	"          type: {type: string}\n"
	"          rollingUpdate:\n"
	"            type: object\n"
	"            additionalProperties: false\n"
	"            properties: {maxSurge: {type: [integer, string]}}\n"
	"      template:\n"
	"        type: object\n"
	"        additionalProperties: false\n"
	"        properties:\n"
	"          metadata: {$ref: '#/definitions/Meta'}\n"
	"          spec: {$ref: '#/definitions/Pod'}\n"
	"definitions:\n"
	"  Labels: {type: object, additionalProperties: {type: string}}\n"
	"  Meta:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties:\n"
	"      name: {type: string}\n"
	"      namespace: {type: string}\n"
	"      labels: {$ref: '#/definitions/Labels'}\n"
	"      annotations: {$ref: '#/definitions/Labels'}\n"
	"  Pod:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    required: [containers]\n"
	"    properties:\n"
	"      containers: {type: array, items: {$ref: '#/definitions/Container'}}\n"
	"      initContainers: {type: array, items: {$ref: "
	"'#/definitions/Container'}}\n"
	"      serviceAccountName: {type: string}\n"
	"      volumes:\n"
	"        type: array\n"
	"        items:\n"
	"          type: object\n"
	"          additionalProperties: false\n"
	"          required: [name]\n"
	"          properties:\n"
	"            name: {type: string}\n"
	"            emptyDir: {type: object}\n"
	"  Container:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    required: [name]\n"
	"    properties:\n"
	"      name: {type: string}\n"
	"      image: {type: string}\n"
	"      command: {type: array, items: {type: string}}\n"
	"      ports:\n"
	"        type: array\n"
	"        items:\n"
	"          type: object\n"
	"          additionalProperties: false\n"
	"          properties:\n"
	"            name: {type: string}\n"
	"            containerPort: {type: integer}\n"
	"            protocol: {type: string}\n"
	"      resources:\n"
	"        type: object\n"
	"        additionalProperties: false\n"
	"        properties:\n"
	"          limits: {$ref: '#/definitions/Amounts'}\n"
	"          requests: {$ref: '#/definitions/Amounts'}\n"
	"      readinessProbe: {$ref: '#/definitions/Probe'}\n"
	"      livenessProbe: {$ref: '#/definitions/Probe'}\n"
	"  Amounts:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties: {cpu: {type: string}, memory: {type: string}}\n"
	"  Probe:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties:\n"
	"      periodSeconds: {type: integer}\n"
	"      httpGet:\n"
	"        type: object\n"
	"        additionalProperties: false\n"
	"        properties: {path: {type: string}, port: {type: integer}}\n";

/* Services by their names, and values that have several forms. */
static const char compose[] =
	"$schema: http://json-schema.org/draft-07/schema#\n"
	"type: object\n"
	"additionalProperties: false\n"
	"properties:\n"
	"  services:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    patternProperties: {'^[a-z]+$': {$ref: '#/definitions/service'}}\n"
	"  volumes: {type: object}\n"
	"definitions:\n"
	"  service:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties:\n"
	"      image: {type: string}\n"
	"      command: {type: string}\n"
	"      build:\n"
	"        oneOf:\n"
	"        - {type: string}\n"
	"        - type: object\n"
	"          additionalProperties: false\n"
	"          properties: {context: {type: string}, dockerfile: {type: string}}\n"
	"      deploy:\n"
	"        allOf: [{$ref: '#/definitions/deployment'}]\n"
	"        description: how many\n"
	"  deployment:\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties:\n"
	"      replicas: {type: integer}\n"
	"      resources:\n"
	"        type: object\n"
	"        additionalProperties: false\n"
	"        properties:\n"
	"          limits:\n"
	"            type: object\n"
	"            additionalProperties: false\n"
	"            properties: {cpus: {type: string}, memory: {type: string}}\n";

#define HEAD     "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
#define SELECTOR "  selector: {matchLabels: {app: a}}\n"

static const struct {
	const char *what;
	const char *schema;
	const char *document;
	const char *told; /* each: "path (mend)" and a line break */
} mistakes[] = {
	{ "one level further in", workload,
	  HEAD "replicas: 2\nspec:\n" SELECTOR "  template: {spec: {containers: "
	       "[{name: a}]}}\n",
	  "replicas (it belongs in 'spec': indent it further)" },
	{ "an item of a list", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "      - name: a\n      readinessProbe: {periodSeconds: 2}\n",
	  "spec.template.spec.readinessProbe (it belongs to an item of 'containers': "
	  "indent it further)" },
	{ "two levels further in", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "      - name: a\n    readinessProbe: {periodSeconds: 2}\n",
	  "spec.template.readinessProbe (it belongs to an item of "
	  "spec.template.spec.containers: indent it further)" },
	{ "three levels further in", workload,
	  HEAD "spec:\n" SELECTOR "  image: a\n  template:\n    spec:\n"
	       "      containers:\n      - name: a\n",
	  "spec.image (it belongs to an item of spec.template.spec.containers: indent "
	  "it further)" },
	{ "three levels further in, in one of two lists", workload,
	  HEAD "spec:\n" SELECTOR "  image: a\n  template:\n    spec:\n"
	       "      initContainers:\n      - name: b\n"
	       "      containers:\n      - name: a\n",
	  "spec.image (it belongs to an item of spec.template.spec.initContainers or "
	  "to "
	  "an item of spec.template.spec.containers)" },
	{ "which one has it already", workload,
	  HEAD "spec:\n" SELECTOR "  image: a\n  template:\n    spec:\n"
	       "      initContainers:\n      - name: b\n        image: b\n"
	       "      containers:\n      - name: a\n",
	  "spec.image (it belongs to an item of spec.template.spec.containers: indent "
	  "it further)" },
	{ "a pod made a deployment, without a template", workload,
	  HEAD "spec:\n" SELECTOR "  containers:\n  - name: a\n",
	  "spec.containers (it belongs in spec.template.spec, which is not there "
	  "yet)\nspec (add 'template')" },
	{ "with half of a template", workload,
	  HEAD "spec:\n" SELECTOR "  template: {metadata: {name: a}}\n"
	       "  serviceAccountName: a\n",
	  "spec.serviceAccountName (it belongs in spec.template.spec, which is not "
	  "there yet)" },
	{ "a probe's field, where there is no probe yet", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "      - {name: a, periodSeconds: 3}\n",
	  "spec.template.spec.containers[0].periodSeconds (it belongs in "
	  "spec.template.spec.containers[0].readinessProbe or in "
	  "spec.template.spec.containers[0].livenessProbe, which are not there yet)" },
	{ "a list that is not there yet", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "      - {name: a, containerPort: 3}\n",
	  "spec.template.spec.containers[0].containerPort (it belongs to an item of "
	  "spec.template.spec.containers[0].ports, which is not there yet)" },
	{ "beside", workload,
	  "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  replicas: 2\n"
	  "spec:\n" SELECTOR "  template: {spec: {containers: [{name: a}]}}\n",
	  "metadata.replicas (it belongs in spec)" },
	{ "labels in the pod's spec", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    metadata: {name: a}\n    spec:\n"
	       "      labels: {app: a}\n      containers: [{name: a}]\n",
	  "spec.template.spec.labels (it belongs in spec.template.metadata)" },
	{ "a name that two places know alike", workload,
	  HEAD "spec:\n" SELECTOR "  annotations: {a: b}\n"
	       "  template: {metadata: {name: a}, spec: {containers: [{name: a}]}}\n",
	  "spec.annotations (it belongs in spec.template.metadata: indent it "
	  "further)" },
	{ "a name that is needed elsewhere", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    name: a\n    metadata: {}\n"
	       "    spec:\n      containers:\n      - image: a\n",
	  "spec.template.name (it belongs to an item of spec.template.spec.containers: "
	  "indent it further)\nspec.template.spec.containers[0] (add 'name')" },
	{ "a field of the outer object", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "      - name: a\n        resources:\n          limits: {cpu: '1'}\n"
	       "          livenessProbe: {periodSeconds: 2}\n",
	  "spec.template.spec.containers[0].resources.livenessProbe (it belongs to "
	  "spec.template.spec.containers[0]: indent it less)" },
	{ "far out", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "      - name: a\n        readinessProbe: {httpGet: {paused: true}}\n",
	  "spec.template.spec.containers[0].readinessProbe.httpGet.paused (it belongs "
	  "to "
	  "spec: indent it less)" },
	{ "a text where it would have to be an object", workload,
	  HEAD "spec:\n" SELECTOR "  resources: much\n"
	       "  template: {spec: {containers: [{name: a}]}}\n",
	  "spec.resources (known here: 'replicas', 'paused', 'selector', 'strategy', "
	  "'template')" },
	{ "a limit beside the limits", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "      - name: a\n        resources:\n          limits: {cpu: '1'}\n"
	       "          memory: 1Gi\n",
	  "spec.template.spec.containers[0].resources.memory (it belongs in "
	  "'limits': "
	  "indent it further)" },
	{ "a name that nobody knows", workload,
	  HEAD "spec:\n" SELECTOR "  colour: red\n"
	       "  template: {spec: {containers: [{name: a}]}}\n",
	  "spec.colour (known here: 'replicas', 'paused', 'selector', 'strategy', "
	  "'template')" },
	{ "a value with several forms", compose,
	  "services:\n  web:\n    build: {context: .}\n    dockerfile: a\n",
	  "services.web.dockerfile (it belongs in 'build': indent it further)" },
	{ "one that is not there yet", compose,
	  "services:\n  web:\n    image: a\n    replicas: 3\n",
	  "services.web.replicas (it belongs in services.web.deploy, which is not "
	  "there yet)" },
	{ "two that are not there yet", compose,
	  "services:\n  web:\n    image: a\n    limits: {cpus: '1'}\n",
	  "services.web.limits (it belongs in services.web.deploy.resources, which "
	  "is "
	  "not there yet)" },
	{ "a key that has nothing below it", compose,
	  "services:\n  web:\n    deploy:\n    image: a\n    replicas: 3\n",
	  "services.web.deploy (give it a value, or remove the key)\n"
	  "services.web.replicas (it belongs in 'deploy': indent it further)" },
	{ "through what a pattern names", compose,
	  "services:\n  web: {build: .}\nimage: a\n",
	  "image (it belongs in services.web: indent it further)" },
	{ "out of what a pattern names", compose,
	  "services:\n  web:\n    image: a\n    volumes: {}\n",
	  "services.web.volumes (it belongs to the document: indent it less)" },
	{ "a name of one's own", workload,
	  HEAD "spec:\n  selector: {app: a}\n"
	       "  template: {spec: {containers: [{name: a}]}}\n",
	  "spec.selector.app (does it belong in 'matchLabels', which takes any "
	  "name?)" },
	{ "a part of the only name", workload,
	  HEAD "spec:\n  selector: {labels: {app: a}}\n"
	       "  template: {spec: {containers: [{name: a}]}}\n",
	  "spec.selector.labels (did you mean 'matchLabels'?)" },
	{ "a part of a name that is there", workload,
	  HEAD "spec:\n  selector: {matchLabels: {app: a}, labels: {app: a}}\n"
	       "  template: {spec: {containers: [{name: a}]}}\n",
	  "spec.selector.labels (it belongs in metadata)" },
	{ "where two would take it", workload, "metadata: {name: a, app: b}\n",
	  "metadata.app (known here: 'name', 'namespace', 'labels', 'annotations')" },
	{ "where more is known than a map", workload,
	  "spec:\n" SELECTOR "  template: {}\n  colour: red\n",
	  "spec.colour (known here: 'replicas', 'paused', 'selector', 'strategy', "
	  "'template')" },
	{ "a port alone", workload,
	  HEAD "spec:\n" SELECTOR "  template: {spec: {containers: [{name: a, ports: "
	       "[80]}]}}\n",
	  "spec.template.spec.containers[0].ports[0] (did you mean 'containerPort: "
	  "80'?)" },
	{ "the name alone, of two texts the one that is needed", workload,
	  HEAD "spec:\n" SELECTOR "  template: {spec: {containers: [web]}}\n",
	  "spec.template.spec.containers[0] (did you mean 'name: web'?)" },
	{ "a text alone that no property is for", workload,
	  HEAD "spec:\n" SELECTOR "  template: {spec: {containers: ['a=b']}}\n",
	  "spec.template.spec.containers[0] (known here: 'name', 'image', 'command', "
	  "'ports', 'resources', 'readinessProbe', 'livenessProbe')" },
	{ "a dash is missing", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "        name: a\n        image: b\n",
	  "spec.template.spec.containers (make it a list: put '- ' before 'name')" },
	{ "what items are not either", workload,
	  HEAD "spec:\n" SELECTOR "  template:\n    spec:\n      containers:\n"
	       "        web: {image: b}\n",
	  "spec.template.spec.containers (make it a list, even of one item)" },
	{ "in brackets, no dash helps", workload,
	  HEAD "spec:\n" SELECTOR "  template: {spec: {containers: {name: a}}}\n",
	  "spec.template.spec.containers (make it a list, even of one item)" },
	{ "keys below a text", workload, "metadata:\n  labels:\n    a:\n      b: c\n",
	  "metadata.labels.a (if it is one text, put '|' behind the key)" },
	{ "a template's brackets", workload, "metadata:\n  labels:\n    a: {b: c}\n",
	  "metadata.labels.a (if it is one text, put it in quotes: ': ' makes it a key "
	  "and a value)" },
	{ "a list of one", workload, "metadata:\n  name:\n  - a\n",
	  "metadata.name (write the value alone, not as a list)" },
	{ "a list of two", workload, "metadata:\n  name: [a, b]\n",
	  "metadata.name ()" },
	{ "across a form", compose,
	  "services:\n  web:\n    build: {context: ., replicas: 3}\n    deploy: {}\n",
	  "services.web.build.replicas (it belongs in services.web.deploy)" },
};

struct told {
	char text[2048];
};

static void take(void *data, const struct schema_problem *problem)
{
	struct told *told = data;
	size_t length = strlen(told->text);
	const char *mend = schema_problem_mend(problem);
	const char *space = strchr(problem->message, ' ');
	snprintf(told->text + length, sizeof(told->text) - length, "%s%.*s (%s)",
		 length > 0 ? "\n" : "", (int)(space - problem->message),
		 problem->message, mend == NULL ? "" : mend);
}

static struct schema *compile(const char *text)
{
	struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	struct try try = try_yaml(text);
	ck_assert_ptr_nonnull(try.root);
	ck_assert_msg(schema_compile(&schema, "s", try.root, NULL, &err) == 0, "%s",
		      err.text);
	try_end(&try);
	return schema;
}

START_TEST(a_misplaced_name_is_told_where_it_belongs)
{
	for (size_t i = 0; i < ROWS(mistakes); i++) {
		struct schema *schema = compile(mistakes[i].schema);
		struct try try = try_yaml(mistakes[i].document);
		struct told told = { "" };
		const struct schema_sink sink = { take, &told, 0 };
		ck_assert_msg(try.root != NULL, "%s: %s", mistakes[i].what,
			      try.problem.message);
		ck_assert_int_eq(schema_validate(schema, try.root, NULL, &sink, NULL),
				 0);
		ck_assert_msg(strcmp(told.text, mistakes[i].told) == 0,
			      "%s:\n%s\ninstead of\n%s", mistakes[i].what, told.text,
			      mistakes[i].told);
		try_end(&try);
		schema_free(schema);
	}
}
END_TEST

/* --- what it may cost --- */

#define MENDS    20
#define MOST     2 /* milliseconds for so many of them */
#define BRANCHES 3000

/* Objects in objects for ever, with lists of them, in many forms; of which one knows
 * the name, where nobody comes. */
static void endless(struct buf *schema)
{
	buf_add_string(schema, "$ref: '#/definitions/a'\n"
			       "definitions:\n"
			       "  deep: {type: object, properties: {hidden: {type: "
			       "string}}}\n"
			       "  a:\n    type: object\n    additionalProperties: "
			       "false\n"
			       "    properties:\n");
	numbered(schema, "      p", ": {$ref: '#/definitions/a'}\n", 200);
	numbered(schema, "      l",
		 ": {type: array, items: {$ref: '#/definitions/any'}}\n", 200);
	buf_add_string(schema, "  any:\n    anyOf:\n");
	numbered(schema, "    - {title: '", "', $ref: '#/definitions/a'}\n", BRANCHES);
	buf_add_string(schema, "    - {$ref: '#/definitions/a'}\n");
	buf_add_string(schema, "  unused: {$ref: '#/definitions/deep'}\n");
}

static void wide(struct buf *document, unsigned int levels)
{
	for (unsigned int i = 0; i < 200 && levels > 0; i++) {
		buf_addf(document, "%sp%u: {", i > 0 ? ", " : "", i);
		if (i % 50 == 0)
			wide(document, levels - 1);
		buf_add_string(document, "}");
	}
}

static void count(void *data, const struct schema_problem *problem)
{
	double *took = data;
	double start = milliseconds();
	const char *mend = schema_problem_mend(problem);
	*took += milliseconds() - start;
	ck_assert_msg(mend == NULL, "%s: %s", problem->message, mend);
}

START_TEST(the_search_ends_soon_in_documents_without_end)
{
	struct buf schema_text = BUF_INIT(1u << 24);
	struct buf document = BUF_INIT(1u << 24);
	endless(&schema_text);
	buf_add_string(&document, "{");
	for (unsigned int i = 0; i < MENDS; i++)
		buf_addf(&document, "%sp%u: {hidden: a, ", i > 0 ? ", " : "", i),
			wide(&document, 3), buf_add_string(&document, "}");
	buf_add_string(&document, "}");
	ck_assert_int_eq(document.failed, 0);
	struct schema *schema = compile(schema_text.data);
	struct try try = try_yaml(document.data);
	ck_assert_msg(try.root != NULL, "%s", try.problem.message);
	double took = 0;
	for (int i = 0; i < TRIES; i++) {
		double once = 0;
		const struct schema_sink sink = { count, &once, MENDS };
		ck_assert_int_eq(schema_validate(schema, try.root, NULL, &sink, NULL),
				 0);
		took = i == 0 || once < took ? once : took;
	}
	ck_assert_msg(in_time(took, MOST), "%.3f ms", took);
	try_end(&try);
	schema_free(schema);
	buf_release(&schema_text);
	buf_release(&document);
}
END_TEST

UNIT_MAIN("doc_schema_places", a_misplaced_name_is_told_where_it_belongs,
	  the_search_ends_soon_in_documents_without_end)
