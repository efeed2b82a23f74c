/* tests/bench/bench_verify.c - verifies the commits of a range as the judge does, and
 * nothing else.
 *
 * usage: bench_verify REPOSITORY OLD NEW [COMPILED-KEY]
 *
 * Prints how many are good; fails when one is not. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "repo/repo.h"
#include "trust/openpgp_ring.h"
#include "trust/signature.h"

#define ARENA_BYTES ((size_t)1 << 30)

struct bench {
	struct arena *arena;
	struct signature_keys keys;
	size_t good;
};

static void must(int code, const struct error *err)
{
	if (code >= 0)
		return;
	fprintf(stderr, "bench_verify: %s\n", err->text);
	exit(1);
}

static int each(void *data, const struct oid *id, const struct commit_text *text,
		const struct object *object, const struct error *problem)
{
	struct bench *bench = data;
	struct signature_fact fact;
	struct trust_span payload[3];
	struct error err = ERROR_INIT;
	size_t length;
	(void)object;
	if (text == NULL) {
		fprintf(stderr, "bench_verify: %s\n", problem->text);
		return ERROR_INTERNAL;
	}
	char *armor = signature_unfold(bench->arena, text->signature, &length);
	for (size_t i = 0; i < text->payload_count; i++)
		payload[i] = (struct trust_span){ text->payload[i].bytes,
						  text->payload[i].length };
	must(signature_verify_with(&fact, bench->arena, &bench->keys, payload,
				   text->payload_count, armor, length, &err),
	     &err);
	if (fact.status != SIGNATURE_GOOD) {
		fprintf(stderr, "bench_verify: %s: %s\n", oid_text(id), fact.reason);
		return ERROR_DENIED;
	}
	bench->good++;
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = { .arena = arena_new(ARENA_BYTES) };
	struct openpgp_ring *ring = NULL;
	struct repo_options options = { .quarantine = NULL };
	struct buf text = BUF_INIT((size_t)16 << 20);
	struct error err = ERROR_INIT;
	struct repo *repo = NULL;
	struct oid tips[2];
	if (argc < 4)
		return 2;
	must(repo_open(&repo, argv[1], &options, &err), &err);
	for (int i = 0; i < 2; i++)
		must(oid_parse(argv[2 + i], 40, &tips[i]), &err);
	if (argc == 5) {
		must(openpgp_ring_new(&ring, &err), &err);
		must(buf_read_file(&text, argv[4], &err), &err);
		must(openpgp_ring_add(ring, text.data, text.length, &err), &err);
		bench.keys.openpgp = ring;
	}
	const struct range range = {
		.tips = &tips[1], .tip_count = 1, .hidden = &tips[0], .hidden_count = 1
	};
	must(repo_range(repo, &range, each, &bench, &err), &err);
	printf("%zu\n", bench.good);
	repo_close(repo);
	openpgp_ring_free(ring);
	buf_release(&text);
	arena_free(bench.arena);
	return 0;
}
