/* tests/bench/bench_yaml.c - YAML to trees: our parser and libyaml to the same tree, in
 * turns.
 *
 * usage: bench_yaml ROUNDS FILE...
 *
 * Prints a line: MB/s of ours, of libyaml, the ratio, bytes of memory per node; medians
 * of the rounds over all files that both accept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "doc/doc.h"
#include "yaml_twin.h"

#define FILE_BYTES   ((size_t)64 << 20)
#define FILES_MAX    4096
#define ROUNDS_MAX   1000
#define REPEAT_BYTES ((size_t)4 << 20) /* small sets are parsed so often a round */

struct bench {
	struct buf texts[FILES_MAX];
	size_t count;
	size_t bytes;
	size_t repeats;
};

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int parse(const struct buf *text, bool twin, struct arena *arena,
		 struct docs *docs)
{
	struct doc_problem problem;
	if (twin)
		return twin_parse(docs, arena, text->data, text->length, &problem);
	return docs_parse(docs, arena, DOC_YAML, text->data, text->length,
			  &limits_default, &problem);
}

static bool is_read(const struct buf *text, bool twin)
{
	struct arena *arena = arena_new(FILE_BYTES);
	struct docs docs;
	int status = parse(text, twin, arena, &docs);
	arena_free(arena);
	return status == 0;
}

static void add(struct bench *bench, const char *path)
{
	struct error err = ERROR_INIT;
	struct buf *text = &bench->texts[bench->count];
	buf_init(text, FILE_BYTES);
	bool usable = bench->count + 1 < FILES_MAX &&
		      buf_read_file(text, path, &err) == 0 && is_read(text, false) &&
		      is_read(text, true);
	if (!usable) {
		buf_release(text);
		return;
	}
	bench->bytes += text->length;
	bench->count++;
}

/* MB/s of one round. */
static double round_of(const struct bench *bench, bool twin)
{
	double start = seconds();
	for (size_t i = 0; i < bench->repeats; i++)
		for (size_t k = 0; k < bench->count; k++) {
			struct arena *arena = arena_new(FILE_BYTES);
			struct docs docs;
			parse(&bench->texts[k], twin, arena, &docs);
			arena_free(arena);
		}
	return (double)(bench->bytes * bench->repeats) / 1e6 / (seconds() - start);
}

static size_t count_nodes(const struct node *node)
{
	size_t count = 1;
	for (size_t i = 0; i < node_count(node); i++)
		count += count_nodes(node_item(node, i)) + (node_key(node, i) != NULL);
	return count;
}

/* Besides the text itself. */
static double bytes_per_node(const struct bench *bench)
{
	size_t nodes = 0;
	size_t bytes = 0;
	for (size_t k = 0; k < bench->count; k++) {
		struct arena *arena = arena_new(FILE_BYTES);
		struct docs docs;
		const struct buf *text = &bench->texts[k];
		struct doc_problem problem;
		docs_parse(&docs, arena, DOC_YAML, text->data, text->length,
			   &limits_default, &problem);
		for (size_t i = 0; i < docs.count; i++)
			nodes += count_nodes(docs.roots[i]);
		bytes += arena_used(arena) - text->length;
		arena_free(arena);
	}
	return (double)bytes / (double)(nodes == 0 ? 1 : nodes);
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;
	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	static double ours[ROUNDS_MAX];
	static double theirs[ROUNDS_MAX];
	int rounds = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
	if (rounds < 1 || rounds > ROUNDS_MAX)
		return EXIT_FAILURE;
	for (int i = 2; i < argc; i++)
		add(&bench, argv[i]);
	if (bench.count == 0)
		return EXIT_FAILURE;
	bench.repeats = REPEAT_BYTES / bench.bytes + 1;
	for (int i = 0; i < rounds; i++) {
		ours[i] = round_of(&bench, false);
		theirs[i] = round_of(&bench, true);
	}
	qsort(ours, (size_t)rounds, sizeof(double), by_size);
	qsort(theirs, (size_t)rounds, sizeof(double), by_size);
	double mine = ours[rounds / 2];
	double other = theirs[rounds / 2];
	printf("%.1f %.1f %.2f %.1f\n", mine, other, mine / other,
	       bytes_per_node(&bench));
	return EXIT_SUCCESS;
}
