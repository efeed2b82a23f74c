/* tests/unit/test_doc_schema_suite.c - the official JSON Schema test suite, required
 * tests: how many of them the validator passes must never sink. */
#include "doc_shared.h"
#include "doc/schema.h"

#define RESOURCES 400

struct suite {
	const char *folder;
	enum schema_draft draft;
	unsigned int floor; /* passed when this was written */
	bool formats;
};

static const struct suite suites[] = {
	{ "draft4", SCHEMA_DRAFT_4, 616, false },
	{ "draft6", SCHEMA_DRAFT_6, 835, false },
	{ "draft7", SCHEMA_DRAFT_7, 923, false },
	{ "draft2019-09", SCHEMA_DRAFT_2019_09, 1255, false },
	{ "draft2020-12", SCHEMA_DRAFT_2020_12, 1295, false },
};

struct counts {
	unsigned int passed;
	unsigned int all;
	unsigned int refused; /* tests whose schema did not compile */
};

struct state {
	const struct suite *suite;
	struct arena *remotes_arena;
	struct schema_resource resources[RESOURCES];
	size_t resource_count;
	const char *remotes; /* folder */
	struct counts counts;
	bool verbose;
};

static void ignore_problem(void *data, const struct schema_problem *problem)
{
	(void)data;
	(void)problem;
}

/* A decision, with and without a sink; -1 when they differ. */
static int decide(const struct schema *schema, const struct node *instance)
{
	struct schema_sink sink = { .problem = ignore_problem };
	int quick = schema_validate(schema, instance, NULL, NULL, NULL);
	int thorough = schema_validate(schema, instance, NULL, &sink, NULL);
	return quick == thorough ? quick : -1;
}

/* Strings with U+0000 are refused wherever they come from, so this group cannot pass.
 */
static bool needs_nul(const char *description)
{
	return strcmp(description, "nul characters in strings") == 0;
}

/* The suite's file with every \u0000 replaced, so that the rest of it can be read. */
static const struct node *read_groups(struct arena *arena, const char *path)
{
	struct buf text;
	struct docs docs;
	struct doc_problem problem;
	shared_read(&text, path);
	for (char *at = text.data; (at = strstr(at, "\\u0000")) != NULL;)
		memcpy(at, "\\uE000", 6);
	int status = docs_parse(&docs, arena, DOC_JSON, text.data, text.length,
				&limits_default, &problem);
	if (status != 0)
		printf("# %s:%u:%u: %s\n", path, problem.line, problem.column,
		       problem.message);
	buf_release(&text);
	return status == 0 ? docs.roots[0] : NULL;
}

static void run_group(struct state *state, const char *path, const struct node *group)
{
	const struct node *tests = node_get(group, "tests");
	const char *name = node_text(node_get(group, "description"), NULL);
	struct schema_options options = { .draft = state->suite->draft,
					  .assert_formats = state->suite->formats,
					  .resources = state->resources,
					  .resource_count = state->resource_count };
	struct error err = ERROR_INIT;
	struct schema *schema = NULL;
	int status = ERROR_ENCODING;
	if (needs_nul(name))
		error_set(&err, status, "it needs U+0000");
	else
		status = schema_compile(&schema, "schema.json",
					node_get(group, "schema"), &options, &err);
	state->counts.all += (unsigned int)node_count(tests);
	if (status != 0) {
		state->counts.refused += (unsigned int)node_count(tests);
		printf("# %s: %s: refused: %s\n", strrchr(path, '/') + 1, name,
		       err.text);
		return;
	}
	for (size_t i = 0; i < node_count(tests); i++) {
		const struct node *test = node_item(tests, i);
		int expected = node_boolean(node_get(test, "valid"));
		int got = decide(schema, node_get(test, "data"));
		state->counts.passed += got == expected;
		if (got != expected)
			printf("# %s: %s: %s: %d\n", strrchr(path, '/') + 1, name,
			       node_text(node_get(test, "description"), NULL), got);
	}
	schema_free(schema);
}

static void run_file(void *data, const char *path)
{
	struct state *state = data;
	if (!shared_ends_in(path, ".json"))
		return;
	struct arena *arena = arena_new(SHARED_MEMORY);
	const struct node *groups = read_groups(arena, path);
	for (size_t i = 0; i < node_count(groups); i++)
		run_group(state, path, node_item(groups, i));
	arena_free(arena);
}

/* The suite's server: remotes/X is http://localhost:1234/X. Those of other drafts are
 * left out: they are not read by the rules of this one. */
static void add_remote(void *data, const char *path)
{
	struct state *state = data;
	const char *name = path + strlen(state->remotes) + 1;
	size_t own = strlen(state->suite->folder);
	bool of_draft = strncmp(name, "draft", 5) == 0 || strncmp(name, "v1/", 3) == 0;
	bool is_own = strncmp(name, state->suite->folder, own) == 0 && name[own] == '/';
	if (!shared_ends_in(path, ".json") || (of_draft && !is_own) ||
	    state->resource_count == RESOURCES)
		return;
	const struct node *root = shared_json(state->remotes_arena, path);
	char *uri =
		arena_printf(state->remotes_arena, "http://localhost:1234/%s", name);
	state->resources[state->resource_count++] =
		(struct schema_resource){ uri, root };
}

static struct counts run_suite(const struct suite *suite, const char *root)
{
	static struct state state;
	char remotes[PATH_MAX + 16];
	char tests[PATH_MAX + 64];
	snprintf(remotes, sizeof(remotes), "%s/remotes", root);
	snprintf(tests, sizeof(tests), "%s/tests/%s", root, suite->folder);
	state = (struct state){ .suite = suite,
				.remotes_arena = arena_new(SHARED_MEMORY),
				.remotes = remotes };
	shared_walk(remotes, true, add_remote, &state);
	shared_walk(tests, false, run_file, &state);
	arena_free(state.remotes_arena);
	return state.counts;
}

int main(void)
{
	char root[PATH_MAX];
	size_t count = sizeof(suites) / sizeof(suites[0]);
	int failures = 0;
	shared_path(root, "json-schema-test-suite");
	if (!shared_present(root))
		return EXIT_SUCCESS;
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		struct counts counts = run_suite(&suites[i], root);
		bool good = counts.all > 0 && counts.passed >= suites[i].floor;
		printf("%s %zu - %s: %u of %u pass (floor %u; %u belong to schemas "
		       "that "
		       "are refused)\n",
		       good ? "ok" : "not ok", i + 1, suites[i].folder, counts.passed,
		       counts.all, suites[i].floor, counts.refused);
		failures += !good;
	}
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
