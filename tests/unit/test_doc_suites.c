/* tests/unit/test_doc_suites.c - what others wrote: the YAML test suite, where
 * agreement must never sink, and real manifests, each of which is read or told to be a
 * template. */
#include "doc_shared.h"

/* Agreement with the suite when this was written: libyaml itself deviates in 67 cases,
 * and keys that are no scalars are refused on purpose. */
#define AGREED_FLOOR 318

/* Broken in their own repositories: what is found there is found rightly. */
static const char *const broken[] = {
	"examples/alertmanager-config-with-template.yaml",
};

struct counts {
	unsigned int cases;
	unsigned int agreed;
	unsigned int wrongly_refused;
	unsigned int wrongly_accepted;
	unsigned int same_json; /* of those accepted that have one document as JSON */
	unsigned int with_json;
	unsigned int files;
	unsigned int templates;
	unsigned int failed;
};

static bool is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0;
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
		counts->with_json++;
		if (node_equal(docs->roots[0], expected.roots[0]))
			counts->same_json++;
		else
			printf("# other value: %s\n", path);
	}
	buf_release(&text);
	arena_free(arena);
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
	if ((status != 0) != wrong)
		printf("# %s %s: %u:%u %s\n", folder, wrong ? "ACCEPTED" : "REFUSED", problem.line, problem.column, status ? problem.message : "");
	counts->agreed += (status != 0) == wrong;
	counts->wrongly_refused += status != 0 && !wrong;
	counts->wrongly_accepted += status == 0 && wrong;
	snprintf(other, sizeof(other), "%s/in.json", folder);
	if (status == 0 && !wrong && is_file(other))
		compare_json(counts, other, &docs);
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
	struct counts counts = { 0 };
	char suite[PATH_MAX];
	char manifests[PATH_MAX];
	shared_path(suite, "yaml-test-suite/data");
	shared_path(manifests, "manifests");
	if (!shared_present(suite))
		return EXIT_SUCCESS;
	printf("1..2\n");
	shared_walk(suite, true, try_case, &counts);
	bool agreed = counts.agreed >= AGREED_FLOOR;
	printf("%s 1 - yaml-test-suite: %u of %u agree (floor %u; %u wrongly refused, "
	       "%u "
	       "wrongly accepted); %u of %u equal their JSON\n",
	       agreed ? "ok" : "not ok", counts.agreed, counts.cases, AGREED_FLOOR,
	       counts.wrongly_refused, counts.wrongly_accepted, counts.same_json,
	       counts.with_json);
	shared_walk(manifests, true, try_manifest, &counts);
	bool all_read = counts.files > 0 && counts.failed == 0;
	printf("%s 2 - manifests: %u files, %u of them templates, %u not understood\n",
	       all_read ? "ok" : "not ok", counts.files, counts.templates,
	       counts.failed);
	return agreed && all_read ? EXIT_SUCCESS : EXIT_FAILURE;
}
