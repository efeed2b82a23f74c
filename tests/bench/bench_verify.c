/* tests/bench/bench_verify.c - judges a range of commits as the hook does, whole
 * process: configuration, policy, walk, signatures, evaluation.
 *
 * usage: bench_verify CONFIGURATION REPOSITORY OLD NEW SHELF [FACTS]
 *
 * SHELF keeps compiled OpenPGP keys. FACTS: facts are remembered in that directory's
 * "gitgate/facts". Prints how many commits passed; fails when the verdict is not pass.
 * One thread: under taskset(1) with one processor. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "conf/config.h"
#include "conf/policy_parse.h"
#include "job/judge.h"
#include "model/finding.h"
#include "repo/repo.h"

struct bench {
	const char *configuration;
	char *shelf;
};

static void must(int code, const struct error *err)
{
	if (code >= 0)
		return;
	fprintf(stderr, "bench_verify: %s\n", err->text);
	exit(1);
}

static int load_floor(void *data, struct policy **out, struct error *err)
{
	const struct bench *bench = data;
	return config_load_floor(out, bench->configuration, "bench", bench->shelf, err);
}

int main(int argc, char **argv)
{
	struct repo_options options = { .quarantine = NULL };
	struct error err = ERROR_INIT;
	struct repo *repo = NULL;
	struct fact_file *facts = NULL;
	struct fact_cache cache;
	struct verdict verdict = { 0 };
	struct judged judged = { 0 };
	struct oid tips[2];
	if (argc != 6 && argc != 7)
		return 2;
	struct bench bench = { argv[1], argv[5] };
	must(repo_open(&repo, argv[2], &options, &err), &err);
	for (int i = 0; i < 2; i++)
		must(oid_parse(argv[3 + i], 40, &tips[i]), &err);
	struct change change = { .repository = "bench",
				 .ref = "refs/heads/main",
				 .old_id = tips[0],
				 .new_id = tips[1],
				 .received_at = clock_now() };
	struct judge judge = { .repo = repo,
			       .change = &change,
			       .trusted = &tips[0],
			       .trusted_count = 1,
			       .floor = load_floor,
			       .floor_data = &bench };
	if (argc == 7) {
		facts = fact_file_open(argv[6]);
		cache = fact_file_cache(facts);
		judge.cache = &cache;
	}
	must(judge_change(&judge, &verdict, &judged, &err), &err);
	if (verdict.result != VERDICT_PASS) {
		fprintf(stderr, "bench_verify: %s\n",
			verdict.count ? verdict.findings[0].message : "no verdict");
		return 1;
	}
	printf("%zu\n", judged.commits);
	verdict_release(&verdict);
	fact_file_close(facts);
	repo_close(repo);
	return 0;
}
