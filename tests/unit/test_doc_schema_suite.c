/* tests/unit/test_doc_schema_suite.c - the official JSON Schema test suite: every
 * required test of five drafts, the optional ones and those of formats. What of the
 * optional ones does not pass is listed here with the reason; a row that passes after
 * all fails the test, too. */
#include "doc_shared.h"
#include "doc/schema.h"

#define RESOURCES 400

struct suite {
	const char *folder;
	enum schema_draft draft;
};

static const struct suite suites[] = {
	{ "draft4", SCHEMA_DRAFT_4 },
	{ "draft6", SCHEMA_DRAFT_6 },
	{ "draft7", SCHEMA_DRAFT_7 },
	{ "draft2019-09", SCHEMA_DRAFT_2019_09 },
	{ "draft2020-12", SCHEMA_DRAFT_2020_12 },
};

/* Which tests of a draft: the folder below it, and whether formats are asserted. */
struct part {
	const char *folder;
	bool formats;
	bool optional;
};

static const struct part parts[] = {
	{ "", false, false },
	{ "/optional", false, true },
	{ "/optional/format", true, true },
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define CONTENT "an annotation from 2019-09 on; draft 7 lets it be one"
#define BIDI    "libidn2 lets this mixture of directions pass (RFC 5893, section 2)"

/* Optional tests that do not pass, in all drafts that have them. */
static const struct difference {
	const char *file;
	const char *group; /* NULL: all of the file */
	const char *test;  /* NULL: all of the group */
	const char *reason;
} differences[] = {
	{ "content.json", NULL, "an invalid JSON document", CONTENT },
	{ "content.json", NULL, "an invalid base64 string (% is not a valid character)",
	  CONTENT },
	{ "content.json", NULL, "a validly-encoded invalid JSON document", CONTENT },
	{ "content.json", NULL, "an invalid base64 string that is valid JSON",
	  CONTENT },
	{ "idn-hostname.json", NULL,
	  "Bidi domain name with a digit-first label is invalid", BIDI },
	{ "idn-hostname.json", NULL,
	  "right-to-left label mixing both digit types is invalid", BIDI },
};

struct counts {
	unsigned int passed;
	unsigned int all;
	unsigned int unexplained;
};

struct state {
	const struct suite *suite;
	const struct part *part;
	struct arena *remotes_arena;
	struct schema_resource resources[RESOURCES];
	size_t resource_count;
	const char *remotes; /* folder */
	struct counts counts;
	bool failed[ROWS(differences)]; /* each row is needed */
};

static void ignore_problem(void *data, const struct schema_problem *problem)
{
	(void)data;
	(void)problem;
}

/* A decision, with and without a sink, and by the same schema from its bytes; -1 when
 * they differ. */
static int decide(const struct schema *schema, const struct node *instance)
{
	struct schema_sink sink = { .problem = ignore_problem };
	struct schema *loaded = NULL;
	size_t size;
	const void *bytes = schema_bytes(schema, &size);
	int quick = schema_validate(schema, instance, NULL, NULL, NULL);
	int thorough = schema_validate(schema, instance, NULL, &sink, NULL);
	if (schema_load(&loaded, "loaded", bytes, size, NULL) != 0)
		return -1;
	int again = schema_validate(loaded, instance, NULL, NULL, NULL);
	schema_free(loaded);
	return quick == thorough && quick == again ? quick : -1;
}

static bool is_or_any(const char *wanted, const char *found)
{
	return wanted == NULL || strcmp(wanted, found) == 0;
}

static bool explained(struct state *state, const char *file, const char *group,
		      const char *test)
{
	for (size_t i = 0; state->part->optional && i < ROWS(differences); i++) {
		const struct difference *row = &differences[i];
		if (strcmp(row->file, file) != 0 || !is_or_any(row->group, group) ||
		    !is_or_any(row->test, test))
			continue;
		state->failed[i] = true;
		return true;
	}
	return false;
}

static void run_test(struct state *state, const char *file, const char *group,
		     const struct schema *schema, const struct node *test)
{
	const char *name = node_text(node_get(test, "description"), NULL);
	int expected = node_boolean(node_get(test, "valid"));
	int got = schema == NULL ? -1 : decide(schema, node_get(test, "data"));
	state->counts.all++;
	state->counts.passed += got == expected;
	if (got == expected || explained(state, file, group, name))
		return;
	state->counts.unexplained++;
	printf("# %s%s/%s: %s: %s: %d\n", state->suite->folder, state->part->folder,
	       file, group, name, got);
}

static void run_group(struct state *state, const char *file, const struct node *group)
{
	const struct node *tests = node_get(group, "tests");
	const char *name = node_text(node_get(group, "description"), NULL);
	struct schema_options options = { .draft = state->suite->draft,
					  .assert_formats = state->part->formats,
					  .resources = state->resources,
					  .resource_count = state->resource_count };
	struct error err = ERROR_INIT;
	struct schema *schema = NULL;
	if (schema_compile(&schema, "schema.json", node_get(group, "schema"), &options,
			   &err) != 0 &&
	    !explained(state, file, name, NULL))
		printf("# %s: %s: refused: %s\n", file, name, err.text);
	for (size_t i = 0; i < node_count(tests); i++)
		run_test(state, file, name, schema, node_item(tests, i));
	schema_free(schema);
}

static void run_file(void *data, const char *path)
{
	struct state *state = data;
	struct counts before = state->counts;
	if (!shared_ends_in(path, ".json"))
		return;
	struct arena *arena = arena_new(SHARED_MEMORY);
	const char *file = strrchr(path, '/') + 1;
	const struct node *groups = shared_any_text(arena, path);
	if (groups == NULL)
		state->counts.unexplained++;
	for (size_t i = 0; i < node_count(groups); i++)
		run_group(state, file, node_item(groups, i));
	if (state->part->optional)
		printf("# %s%s/%s: %u of %u pass\n", state->suite->folder,
		       state->part->folder, file, state->counts.passed - before.passed,
		       state->counts.all - before.all);
	arena_free(arena);
}

/* The suite's server: remotes/X is http://localhost:1234/X. Those of drafts that are
 * not known here are left out. */
static void add_remote(void *data, const char *path)
{
	struct state *state = data;
	const char *name = path + strlen(state->remotes) + 1;
	bool unknown = strncmp(name, "draft3/", 7) == 0 || strncmp(name, "v1/", 3) == 0;
	if (!shared_ends_in(path, ".json") || unknown ||
	    state->resource_count == RESOURCES)
		return;
	const struct node *root = shared_json(state->remotes_arena, path);
	char *uri =
		arena_printf(state->remotes_arena, "http://localhost:1234/%s", name);
	state->resources[state->resource_count++] =
		(struct schema_resource){ uri, root };
}

static bool run_part(struct state *state, const struct suite *suite,
		     const struct part *part, const char *root)
{
	char tests[PATH_MAX + 64];
	snprintf(tests, sizeof(tests), "%s/tests/%s%s", root, suite->folder,
		 part->folder);
	state->suite = suite;
	state->part = part;
	state->counts = (struct counts){ 0 };
	shared_walk(tests, false, run_file, state);
	struct counts counts = state->counts;
	unsigned int wanted = part->optional ? 95 : 100;
	return counts.all > 0 && counts.unexplained == 0 &&
	       100 * counts.passed >= wanted * counts.all;
}

/* A row that no test needs any more hides what it was for. */
static bool all_rows_needed(const struct state *state)
{
	bool needed = true;
	for (size_t i = 0; i < ROWS(differences); i++) {
		if (state->failed[i])
			continue;
		needed = false;
		printf("# this row is not needed: %s: %s\n", differences[i].file,
		       differences[i].reason);
	}
	return needed;
}

int main(void)
{
	static struct state state;
	char root[PATH_MAX];
	char remotes[PATH_MAX + 16];
	int failures = 0;
	unsigned int number = 0;
	shared_path(root, "json-schema-test-suite");
	if (!shared_present(root))
		return EXIT_SUCCESS;
	snprintf(remotes, sizeof(remotes), "%s/remotes", root);
	state.remotes = remotes;
	state.remotes_arena = arena_new(SHARED_MEMORY);
	shared_walk(remotes, true, add_remote, &state);
	printf("1..%zu\n", ROWS(suites) * ROWS(parts) + 1);
	for (size_t i = 0; i < ROWS(suites); i++)
		for (size_t k = 0; k < ROWS(parts); k++) {
			bool good = run_part(&state, &suites[i], &parts[k], root);
			printf("%s %u - %s%s: %u of %u pass\n", good ? "ok" : "not ok",
			       ++number, suites[i].folder, parts[k].folder,
			       state.counts.passed, state.counts.all);
			failures += !good;
		}
	bool needed = all_rows_needed(&state);
	printf("%s %u - every row of differences is needed\n", needed ? "ok" : "not ok",
	       ++number);
	arena_free(state.remotes_arena);
	return failures == 0 && needed ? EXIT_SUCCESS : EXIT_FAILURE;
}
