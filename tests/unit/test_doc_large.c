/* tests/unit/test_doc_large.c - a List of Deployments of nearly 4 MiB, as much as
 * yaml.doc_bytes allows, is read and validated by Kubernetes' own schema within 64 MiB.
 * Prints TAP itself: without the shared data it is skipped. */
#include "doc/schema.h"
#include "doc_shared.h"
#include "peak.h"

#define MIB ((size_t)1 << 20)

/* One Deployment as people write it; the number makes names differ. */
static const char deployment[] = "- apiVersion: apps/v1\n"
				 "  kind: Deployment\n"
				 "  metadata:\n"
				 "    name: frontend-%u\n"
				 "    namespace: shop-production\n"
				 "    labels:\n"
				 "      app.kubernetes.io/name: frontend-%u\n"
				 "      app.kubernetes.io/part-of: shop\n"
				 "      app.kubernetes.io/managed-by: gitgate\n"
				 "  spec:\n"
				 "    minReadySeconds: 3\n"
				 "    revisionHistoryLimit: 5\n"
				 "    progressDeadlineSeconds: 60\n"
				 "    strategy:\n"
				 "      rollingUpdate:\n"
				 "        maxUnavailable: 0\n"
				 "      type: RollingUpdate\n"
				 "    selector:\n"
				 "      matchLabels:\n"
				 "        app.kubernetes.io/name: frontend-%u\n"
				 "    template:\n"
				 "      metadata:\n"
				 "        annotations:\n"
				 "          prometheus.io/scrape: \"true\"\n"
				 "          prometheus.io/port: \"9797\"\n"
				 "        labels:\n"
				 "          app.kubernetes.io/name: frontend-%u\n"
				 "      spec:\n"
				 "        containers:\n"
				 "        - name: frontend\n"
				 "          image: "
				 "registry.example.org/shop/frontend:6.5.%u\n"
				 "          imagePullPolicy: IfNotPresent\n"
				 "          ports:\n"
				 "          - name: http\n"
				 "            containerPort: 9898\n"
				 "            protocol: TCP\n"
				 "          command:\n"
				 "          - ./podinfo\n"
				 "          - --port=9898\n"
				 "          - --level=info\n"
				 "          env:\n"
				 "          - name: PODINFO_UI_COLOR\n"
				 "            value: \"#34577c\"\n"
				 "          livenessProbe:\n"
				 "            httpGet: {path: /healthz, port: http}\n"
				 "            initialDelaySeconds: 5\n"
				 "            timeoutSeconds: 5\n"
				 "          readinessProbe:\n"
				 "            httpGet: {path: /readyz, port: 9898}\n"
				 "            initialDelaySeconds: 5\n"
				 "            timeoutSeconds: 5\n"
				 "          resources:\n"
				 "            limits: {cpu: 2000m, memory: 512Mi}\n"
				 "            requests: {cpu: 100m, memory: 64Mi}\n";

static const char wrapper[] = "{\"$schema\": "
			      "\"http://json-schema.org/draft-07/schema#\", \"type\": "
			      "\"object\","
			      "\"properties\": {\"items\": {\"items\": {\"$ref\": "
			      "\"kubernetes.json#/definitions/"
			      "io.k8s.api.apps.v1.Deployment\"}}}}";

static struct schema *compile(const char *folder)
{
	char path[PATH_MAX + 64];
	struct docs docs;
	struct doc_problem problem;
	struct error err = ERROR_INIT;
	struct schema *schema = NULL;
	struct arena *arena = arena_new(SHARED_MEMORY);
	snprintf(path, sizeof(path), "%s/v1.33-definitions-nodesc.json", folder);
	struct schema_resource resource = { "kubernetes.json",
					    shared_json(arena, path) };
	struct schema_options options = { .resources = &resource, .resource_count = 1 };
	int status = docs_parse(&docs, arena, DOC_JSON, wrapper, strlen(wrapper),
				&limits_default, &problem);
	if (status != 0 ||
	    schema_compile(&schema, "list", docs.roots[0], &options, &err) != 0)
		printf("# %s\n", err.text);
	arena_free(arena);
	return schema;
}

static void build(struct buf *out, bool broken)
{
	unsigned int count = 0;
	buf_init(out, 8 * MIB);
	buf_add_string(out, "apiVersion: v1\nkind: List\nitems:\n");
	while (out->length + sizeof(deployment) + 100 < 4 * MIB) {
		buf_addf(out, deployment, count, count, count, count, count);
		count++;
	}
	if (broken)
		buf_add_string(out, "- spec: {replicas: two}\n");
}

static void count_problem(void *data, const struct schema_problem *problem)
{
	size_t *count = data;
	*count += problem->message[0] != '\0';
}

/* What it took in memory, at its most; 0: it failed. */
static size_t validate(const struct schema *schema, const struct buf *text,
		       int expected)
{
	struct docs docs;
	struct doc_problem problem;
	struct error err = ERROR_INIT;
	size_t problems = 0;
	struct schema_sink sink = { count_problem, &problems, 0 };
	struct arena *arena = arena_new(SHARED_MEMORY);
	size_t before = peak_begin();
	int result = docs_parse(&docs, arena, DOC_KUBERNETES, text->data, text->length,
				&limits_default, &problem);
	if (result != 0)
		printf("# %u: %s\n", problem.line, problem.message);
	else
		result = schema_validate(schema, docs.roots[0], &limits_default, &sink,
					 &err);
	size_t peak = peak_since(before);
	if (result < 0)
		printf("# %s\n", err.text);
	arena_free(arena);
	bool as_expected = result == expected && (problems > 0) == (expected == 0);
	return as_expected ? peak : 0;
}

int main(void)
{
	char folder[PATH_MAX];
	bool passed = true;
	shared_path(folder, "kubernetes");
	if (!shared_present(folder))
		return EXIT_SUCCESS;
	struct schema *schema = compile(folder);
	printf("1..2\n");
	for (int broken = 0; broken < 2; broken++) {
		struct buf text;
		build(&text, broken == 1);
		size_t peak = schema == NULL ? 0 : validate(schema, &text, !broken);
		bool within = peak > 0 && peak <= 64 * MIB;
		printf("# %zu bytes of YAML took %zu KiB\n", text.length, peak / 1024);
		printf("%s %d - a List of 4 MiB is %s within 64 MiB\n",
		       within ? "ok" : "not ok", broken + 1,
		       broken ? "refused with the reason" : "valid");
		passed = passed && within;
		buf_release(&text);
	}
	schema_free(schema);
	return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
