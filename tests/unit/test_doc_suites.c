/* tests/unit/test_doc_suites.c - what others wrote: the YAML test suite, of which every
 * case is read as it should be, or refused on purpose; and real manifests, each of
 * which is read or told to be a template. */
#include "doc_events.h"
#include "doc_shared.h"

/* What the specification allows and we refuse, why, and the words that say so. */
#define NO_NAME     "a key of a mapping is missing"
#define COLLECTION  "a key of a mapping is a"
#define ANCHOR_NAME "in the name of an anchor, which readers take differently"
#define QUESTION    "starts with '?', which readers take differently"

static const struct refusal {
	const char *name;
	const char *message;
} refusals[] = {
	{ "/2JQS", NO_NAME },     { "/2SXE", ANCHOR_NAME },   { "/4FJ6", COLLECTION },
	{ "/652Z", QUESTION },    { "/6BFJ", COLLECTION },    { "/6M2F", NO_NAME },
	{ "/6PBE", COLLECTION },  { "/9MMW", COLLECTION },    { "/CFD4", NO_NAME },
	{ "/DFF7", NO_NAME },     { "/FH7J", NO_NAME },       { "/FRK4", NO_NAME },
	{ "/HM87/01", QUESTION }, { "/KK5P", COLLECTION },    { "/LX3P", COLLECTION },
	{ "/M2N8/00", NO_NAME },  { "/M2N8/01", COLLECTION }, { "/M5DY", COLLECTION },
	{ "/NHX8", NO_NAME },     { "/NKF9", NO_NAME },       { "/PW8X", NO_NAME },
	{ "/Q9WF", COLLECTION },  { "/RZP5", COLLECTION },    { "/S3PD", NO_NAME },
	{ "/SBG9", COLLECTION },  { "/SM9W/01", NO_NAME },    { "/UKK6/00", NO_NAME },
	{ "/V9D5", COLLECTION },  { "/W5VH", ANCHOR_NAME },   { "/X38W", COLLECTION },
	{ "/XW4D", COLLECTION },  { "/Y2GN", ANCHOR_NAME },
};

#define REFUSAL_COUNT (sizeof(refusals) / sizeof(refusals[0]))

/* Broken in their own repositories: what is found there is found rightly. */
static const char *const broken[] = {
	"examples/alertmanager-config-with-template.yaml",
};

struct counts {
	unsigned int cases;
	unsigned int read;    /* as the events say */
	unsigned int wrong;   /* invalid, and refused */
	unsigned int refused; /* by the table */
	unsigned int same_json;
	unsigned int failed;
	unsigned int files;
	unsigned int templates;
};

static bool is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0;
}

static const struct refusal *refusal_of(const char *folder)
{
	for (size_t i = 0; i < REFUSAL_COUNT; i++)
		if (shared_ends_in(folder, refusals[i].name))
			return &refusals[i];
	return NULL;
}

static void fail(struct counts *counts, const char *path, const char *what)
{
	counts->failed++;
	printf("# %s: %s\n", path, what);
}

/* Whether the document equals in.json, where that holds one document. */
static void compare_json(struct counts *counts, const char *path,
			 const struct docs *docs)
{
	struct buf text;
	struct doc_problem problem;
	struct docs expected;
	struct arena *arena = arena_new(SHARED_MEMORY);
	shared_read(&text, path);
	int status = docs_parse(&expected, arena, DOC_JSON, text.data, text.length,
				&limits_default, &problem);
	if (status == 0 && docs->count == 1) {
		if (node_equal(docs->roots[0], expected.roots[0]))
			counts->same_json++;
		else
			fail(counts, path, "other value");
	}
	buf_release(&text);
	arena_free(arena);
}

static void compare_events(struct counts *counts, const char *folder,
			   const struct docs *docs)
{
	char path[PATH_MAX + 16];
	struct buf text;
	snprintf(path, sizeof(path), "%s/test.event", folder);
	shared_read(&text, path);
	if (events_match(text.data, docs))
		counts->read++;
	else
		fail(counts, path, "other events");
	buf_release(&text);
	snprintf(path, sizeof(path), "%s/in.json", folder);
	if (is_file(path))
		compare_json(counts, path, docs);
}

static void judge_refusal(struct counts *counts, const char *folder,
			  const struct doc_problem *problem)
{
	const struct refusal *refusal = refusal_of(folder);
	if (refusal == NULL || strstr(problem->message, refusal->message) == NULL)
		fail(counts, folder, problem->message);
	else
		counts->refused++;
}

static void try_case(void *data, const char *path)
{
	struct counts *counts = data;
	char folder[PATH_MAX];
	char other[PATH_MAX + 16];
	const char *name = strrchr(path, '/');
	if (strcmp(name, "/in.yaml") != 0)
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(name - path), path);
	snprintf(other, sizeof(other), "%s/error", folder);
	bool wrong = is_file(other);
	struct buf text;
	struct docs docs;
	struct doc_problem problem;
	struct arena *arena = arena_new(SHARED_MEMORY);
	shared_read(&text, path);
	int status = docs_parse(&docs, arena, DOC_YAML, text.data, text.length,
				&limits_default, &problem);
	counts->cases++;
	if (wrong && status == 0)
		fail(counts, folder, "accepted");
	else if (wrong)
		counts->wrong++;
	else if (status != 0)
		judge_refusal(counts, folder, &problem);
	else
		compare_events(counts, folder, &docs);
	buf_release(&text);
	arena_free(arena);
}

static bool is_broken(const char *path)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (shared_ends_in(path, broken[i]))
			return true;
	return false;
}

static void try_manifest(void *data, const char *path)
{
	struct counts *counts = data;
	if (!shared_ends_in(path, ".yaml") && !shared_ends_in(path, ".yml") &&
	    !shared_ends_in(path, ".json"))
		return;
	struct buf text;
	struct docs docs;
	struct doc_problem problem;
	struct arena *arena = arena_new(SHARED_MEMORY);
	shared_read(&text, path);
	int status = docs_parse(&docs, arena, doc_format_of(path), text.data,
				text.length, &limits_default, &problem);
	counts->files++;
	bool template = status != 0 && doc_looks_like_template(text.data, text.length);
	counts->templates += template;
	if (status != 0 && !template && !is_broken(path)) {
		counts->failed++;
		printf("# %s:%u:%u: %s\n", path, problem.line, problem.column,
		       problem.message);
	}
	buf_release(&text);
	arena_free(arena);
}

int main(void)
{
	struct counts suite_counts = { 0 };
	struct counts counts = { 0 };
	char suite[PATH_MAX];
	char manifests[PATH_MAX];
	shared_path(suite, "yaml-test-suite/data");
	shared_path(manifests, "manifests");
	if (!shared_present(suite))
		return EXIT_SUCCESS;
	printf("1..2\n");
	shared_walk(suite, true, try_case, &suite_counts);
	bool all = suite_counts.cases > 0 && suite_counts.failed == 0 &&
		   suite_counts.refused == REFUSAL_COUNT;
	printf("%s 1 - yaml-test-suite: of %u cases %u are read as expected (%u equal "
	       "their JSON), %u are invalid and refused, %u are refused on purpose, %u "
	       "fail\n",
	       all ? "ok" : "not ok", suite_counts.cases, suite_counts.read,
	       suite_counts.same_json, suite_counts.wrong, suite_counts.refused,
	       suite_counts.failed);
	shared_walk(manifests, true, try_manifest, &counts);
	bool all_read = counts.files > 0 && counts.failed == 0;
	printf("%s 2 - manifests: %u files, %u of them templates, %u not understood\n",
	       all_read ? "ok" : "not ok", counts.files, counts.templates,
	       counts.failed);
	return all && all_read ? EXIT_SUCCESS : EXIT_FAILURE;
}
