/* tests/bench/bench_schema.c - validating, compiling and loading, in time of the
 * processor.
 *
 * usage: bench_schema FOLDER KIND WORK MILLISECONDS: for each line that it is given, so
 * that two programs can take turns, prints the nanoseconds that one document (or one
 * schema) takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "doc/doc.h"
#include "doc/schema.h"

#define MEMORY    ((size_t)1 << 30)
#define DOCUMENTS 1024
#define PASSES    1000 /* over documents between looks at the clock */

struct bench {
	const char *folder;
	const char *kind;
	struct arena *arena;
	const struct node *schema_root;
	struct schema *schema;
	const struct node *documents[DOCUMENTS];
	size_t count;
	struct buf yaml;
	size_t problems;
	struct schema_entry *entries; /* of all definitions */
	size_t entry_count;
};

static void fail(const char *what)
{
	fprintf(stderr, "bench_schema: %s\n", what);
	exit(EXIT_FAILURE);
}

static void read_file(struct buf *out, const struct bench *bench, const char *name,
		      const char *suffix)
{
	char path[4096];
	struct error err = ERROR_INIT;
	snprintf(path, sizeof(path), "%s/%s%s", bench->folder, name, suffix);
	buf_init(out, MEMORY);
	if (buf_read_file(out, path, &err) != 0)
		fail(err.text);
}

static const struct node *parse(struct arena *arena, const char *text, size_t length)
{
	struct docs docs;
	struct doc_problem problem;
	if (docs_parse(&docs, arena, DOC_JSON, text, length, NULL, &problem) != 0)
		fail(problem.message);
	return docs.roots[0];
}

static void read_documents(struct bench *bench, const char *set)
{
	struct buf text;
	read_file(&text, bench, set, ".jsonl");
	for (char *line = text.data; *line != '\0';) {
		char *end = strchr(line, '\n');
		bench->documents[bench->count++] =
			parse(bench->arena, line, (size_t)(end - line));
		line = end + 1;
	}
	buf_release(&text);
}

static void take_problem(void *data, const struct schema_problem *problem)
{
	struct bench *bench = data;
	bench->problems += problem->message[0] != '\0' && problem->line > 0 &&
			   problem->instance_path[0] != '\0';
}

static void take_mended(void *data, const struct schema_problem *problem)
{
	struct bench *bench = data;
	const char *mend = schema_problem_mend(problem);
	bench->problems += mend != NULL && mend[0] != '\0';
	take_problem(data, problem);
}

static struct schema *compile(const struct bench *bench)
{
	struct schema_options options = { .entries = bench->entries,
					  .entry_count = bench->entry_count };
	struct schema *schema = NULL;
	struct error err = ERROR_INIT;
	if (schema_compile(&schema, bench->kind, bench->schema_root, &options, &err) !=
	    0)
		fail(err.text);
	return schema;
}

/* All that the definitions hold, not only what one kind needs. */
static void name_all(struct bench *bench)
{
	const struct node *definitions = node_get(bench->schema_root, "definitions");
	bench->entry_count = node_count(definitions);
	bench->entries =
		arena_array(bench->arena, bench->entry_count, sizeof(*bench->entries));
	for (size_t i = 0; i < bench->entry_count; i++) {
		const char *name = node_text(node_key(definitions, i), NULL);
		bench->entries[i].name = name;
		bench->entries[i].reference =
			arena_printf(bench->arena, "#/definitions/%s", name);
	}
}

static size_t run_compile(struct bench *bench)
{
	schema_free(compile(bench));
	return 1;
}

static size_t run_load(struct bench *bench)
{
	struct schema *loaded = NULL;
	size_t size;
	const void *bytes = schema_bytes(bench->schema, &size);
	if (schema_load(&loaded, "all", bytes, size, NULL) != 0)
		fail("cannot load");
	schema_free(loaded);
	return 1;
}

static size_t run_yaml(struct bench *bench)
{
	struct arena *arena = arena_new(MEMORY);
	struct docs docs;
	struct doc_problem problem;
	if (docs_parse(&docs, arena, DOC_YAML, bench->yaml.data, bench->yaml.length,
		       NULL, &problem) != 0)
		fail(problem.message);
	for (size_t i = 0; i < docs.count; i++)
		if (schema_validate(bench->schema, docs.roots[i], NULL, NULL, NULL) !=
		    1)
			fail("not valid");
	arena_free(arena);
	return docs.count;
}

static size_t validate(struct bench *bench, const struct schema_sink *sink,
		       int expected)
{
	size_t passes = bench->count < PASSES ? PASSES / bench->count : 1;
	for (size_t pass = 0; pass < passes; pass++)
		for (size_t i = 0; i < bench->count; i++)
			if (schema_validate(bench->schema, bench->documents[i], NULL,
					    sink, NULL) != expected)
				fail("an unexpected verdict");
	return passes * bench->count;
}

static size_t run_decide(struct bench *bench)
{
	return validate(bench, NULL, 1);
}

static size_t run_collect(struct bench *bench)
{
	struct schema_sink sink = { take_problem, bench, 100 };
	return validate(bench, &sink, 1);
}

static size_t run_bad(struct bench *bench)
{
	struct schema_sink sink = { take_problem, bench, 100 };
	return validate(bench, &sink, 0);
}

static size_t run_mended(struct bench *bench)
{
	struct schema_sink sink = { take_mended, bench, 100 };
	return validate(bench, &sink, 0);
}

/* What is done, to which documents; a pass says how many documents or schemas it was.
 */
static const struct work {
	const char *name;
	const char *set;
	size_t (*run)(struct bench *bench);
} works[] = {
	{ "hot", "hot", run_decide },         { "varied", "varied", run_decide },
	{ "alike", "alike", run_decide },     { "mended", "bad", run_mended },
	{ "collect", "hot", run_collect },    { "bad", "bad", run_bad },
	{ "yaml", "varied", run_yaml },       { "compile", NULL, run_compile },
	{ "compile-all", NULL, run_compile }, { "load-all", NULL, run_load },
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double measure(struct bench *bench, const struct work *work, double nanoseconds)
{
	size_t done = 0;
	double start = now();
	double end = start;
	for (; end - start < nanoseconds; end = now())
		done += work->run(bench);
	return (end - start) / (double)done;
}

static void read_set(struct bench *bench, const struct work *work)
{
	char set[64];
	if (work->set == NULL)
		return;
	snprintf(set, sizeof(set), "%s-%s", bench->kind, work->set);
	set[0] = (char)(set[0] - 'A' + 'a');
	if (work->run == run_yaml)
		read_file(&bench->yaml, bench, set, ".yaml");
	else
		read_documents(bench, set);
}

int main(int count, char **arguments)
{
	static struct bench bench;
	const struct work *work = NULL;
	struct buf text;
	for (size_t i = 0; count == 5 && i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(works[i].name, arguments[3]) == 0)
			work = &works[i];
	if (work == NULL)
		fail("usage: bench_schema FOLDER KIND WORK MILLISECONDS");
	bench.folder = arguments[1];
	bench.kind = arguments[2];
	bench.arena = arena_new(MEMORY);
	read_file(&text, &bench, bench.kind, ".schema.json");
	bench.schema_root = parse(bench.arena, text.data, text.length);
	buf_release(&text);
	if (strstr(work->name, "-all") != NULL)
		name_all(&bench);
	bench.schema = compile(&bench);
	read_set(&bench, work);
	double nanoseconds = strtod(arguments[4], NULL) * 1e6;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int byte; (byte = getchar()) != EOF;)
		if (byte == '\n')
			printf("%.1f\n", measure(&bench, work, nanoseconds));
	schema_free(bench.schema);
	arena_free(bench.arena);
	buf_release(&bench.yaml);
	return EXIT_SUCCESS;
}
