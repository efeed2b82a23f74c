/* tests/unit/test_job_signatures.c - the signatures of a range: whatever the number of
 * threads, whatever is remembered, the same is found. */
#include "unit.h"

#include <sched.h>

#include "base/buf.h"
#include "judge_place.h"
#include "policy/report.h"

#define COMMITS "75" /* two full batches, and one that is not */
#define SIGNED  "  - name: signed\n    signatures: {by: [alice]}\n"
#define REPORT  ((size_t)4 << 20)

/* COMMITS commits: "good" ones, or "mixed" with those of a stranger and unsigned ones.
 */
static struct oid make_history(struct place *place, const char *kind)
{
	static const char script[] = "i=0\n"
				     "while [ $i -lt $1 ]; do\n"
				     "	how= sign=-S\n"
				     "	case $2$((i % 9)) in\n"
				     "	mixed4) how='-c user.signingKey=./mallory';;\n"
				     "	mixed7) sign=--no-gpg-sign;;\n"
				     "	esac\n"
				     "	git $how commit -q --allow-empty $sign -m \"c "
				     "$i\" || exit 1\n"
				     "	i=$((i + 1))\n"
				     "done\n";
	DO(&place->scratch, "sh", "-c", script, "sh", COMMITS, kind);
	return scratch_id(&place->scratch, "HEAD");
}

static char *report_of(const struct place *place)
{
	struct buf out = BUF_INIT(REPORT);
	const struct report_item item = { NULL, &place->verdict, NULL };
	report_json(&out, &item, 1);
	ck_assert_int_eq(out.failed, 0);
	return buf_detach(&out, NULL);
}

static void use_processors(const cpu_set_t *processors)
{
	ck_assert_int_eq(sched_setaffinity(0, sizeof(*processors), processors), 0);
}

START_TEST(threads_change_nothing)
{
	static const char *const kinds[] = { "good", "mixed" };
	cpu_set_t all, one;
	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	int first = 0;
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	for (size_t i = 0; i < 2; i++) {
		struct place place;
		place_open(&place);
		place_rules(&place, SIGNED);
		struct oid tip = make_history(&place, kinds[i]);
		use_processors(&one);
		place_judge(&place, tip);
		char *alone = report_of(&place);
		ck_assert_int_eq(place.verdict.result,
				 i == 0 ? VERDICT_PASS : VERDICT_FAIL);
		ck_assert_uint_eq(place.verdict.count, i == 0 ? 0 : 16);
		use_processors(&all);
		for (int turn = 0; turn < 5; turn++) {
			place_judge(&place, tip);
			char *together = report_of(&place);
			ck_assert_str_eq(alone, together);
			free(together);
		}
		free(alone);
		place_close(&place);
	}
}
END_TEST

/* Counts what is asked and answered. */
struct counting {
	struct fact_cache under;
	size_t asked, known, put;
};

static const char *counting_get(void *data, const char *kind,
				const struct digest *context, const struct oid *key,
				struct arena *arena)
{
	struct counting *counting = data;
	const char *value =
		counting->under.get(counting->under.data, kind, context, key, arena);
	counting->asked++;
	counting->known += value != NULL;
	return value;
}

static void counting_put(void *data, const char *kind, const struct digest *context,
			 const struct oid *key, const char *value)
{
	struct counting *counting = data;
	counting->put++;
	counting->under.put(counting->under.data, kind, context, key, value);
}

/* Judges with the file of facts in the place's own directory. */
static void judge_with_file(struct place *place, struct oid tip,
			    struct counting *counting)
{
	struct fact_file *file = fact_file_open(place->scratch.directory);
	*counting = (struct counting){ .under = fact_file_cache(file) };
	const struct fact_cache cache = { .get = counting_get,
					  .put = counting_put,
					  .data = counting };
	place->cache = &cache;
	place_judge(place, tip);
	place->cache = NULL;
	fact_file_close(file);
}

START_TEST(the_second_time_all_is_remembered)
{
	struct place place;
	struct counting counting;
	place_open(&place);
	place_rules(&place, SIGNED);
	DO(&place.scratch, "mkdir", "gitgate");
	struct oid tip = make_history(&place, "good");
	judge_with_file(&place, tip, &counting);
	expect_pass(&place);
	ck_assert_uint_eq(counting.asked, 75);
	ck_assert_uint_eq(counting.known, 0);
	ck_assert_uint_eq(counting.put, 75);
	judge_with_file(&place, tip, &counting);
	expect_pass(&place);
	ck_assert_uint_eq(counting.known, 75);
	ck_assert_uint_eq(counting.put, 0);
	place_close(&place);
}
END_TEST

/* Whichever byte of the file is another: a stranger's commit stays refused, and what is
 * good is found good anew. */
START_TEST(no_damaged_file_says_yes)
{
	struct place place;
	struct counting counting;
	size_t length = 0;
	place_open(&place);
	place_rules(&place, SIGNED);
	DO(&place.scratch, "mkdir", "gitgate");
	struct oid good = place_commit(&place, "good");
	judge_with_file(&place, good, &counting);
	DO(&place.scratch, "git", "-c", "user.signingKey=./mallory", "commit", "-q",
	   "--allow-empty", "-S", "-m", "strange");
	struct oid strange = scratch_id(&place.scratch, "HEAD");
	judge_with_file(&place, strange, &counting);
	expect_refused(&place, ERROR_RULE_SIGNATURE_UNKNOWN_KEY);
	char *text = scratch_read(&place.scratch, "gitgate/facts", &length);
	ck_assert_uint_gt(length, 200);
	for (size_t i = 0; i < length; i++) {
		static const unsigned char masks[] = { 0x01, 0x80 };
		const char before = text[i];
		text[i] = (char)(text[i] ^ masks[i % 2]);
		scratch_write(&place.scratch, "gitgate/facts", text, length);
		judge_with_file(&place, strange, &counting);
		expect_refused(&place, ERROR_RULE_SIGNATURE_UNKNOWN_KEY);
		scratch_write(&place.scratch, "gitgate/facts", text, length);
		judge_with_file(&place, good, &counting);
		expect_pass(&place);
		text[i] = before;
	}
	free(text);
	place_close(&place);
}
END_TEST

/* Of a fact that stands there twice the last whole line counts, whether few are asked
 * for or many. */
START_TEST(the_last_whole_line_counts)
{
	struct scratch scratch;
	struct digest context = { { 7 } };
	struct arena *arena = arena_new(1 << 20);
	scratch_open(&scratch);
	DO(&scratch, "mkdir", "gitgate");
	for (int turn = 0; turn < 2; turn++) {
		struct fact_file *file = fact_file_open(scratch.directory);
		struct fact_cache cache = fact_file_cache(file);
		for (unsigned char i = 0; i < 100; i++) {
			const struct oid key = { .length = 20, .bytes = { i } };
			cache.put(cache.data, "kind-1", &context, &key,
				  turn == 0 ? "first" : "second");
		}
		fact_file_close(file);
	}
	size_t length = 0;
	char *text = scratch_read(&scratch, "gitgate/facts", &length);
	/* The second line of key 20 and both of key 21 lose their values. */
	static const char *const hurt[] = { " 1400000", " 1500000" };
	for (size_t k = 0; k < 2; k++) {
		size_t seen = 0;
		for (char *at = strstr(text, hurt[k]); at; at = strstr(at + 1, hurt[k]))
			if (++seen == 2 || k == 1)
				strchr(at, '\t')[1] = 'X';
		ck_assert_uint_eq(seen, 2);
	}
	scratch_write(&scratch, "gitgate/facts", text, length);
	free(text);
	struct fact_file *file = fact_file_open(scratch.directory);
	struct fact_cache cache = fact_file_cache(file);
	for (int turn = 0; turn < 20; turn++) {
		const struct oid whole = { .length = 20, .bytes = { 19 } };
		const struct oid half = { .length = 20, .bytes = { 20 } };
		const struct oid none = { .length = 20, .bytes = { 21 } };
		ck_assert_str_eq(
			cache.get(cache.data, "kind-1", &context, &whole, arena), "seco"
										  "nd");
		ck_assert_str_eq(
			cache.get(cache.data, "kind-1", &context, &half, arena), "firs"
										 "t");
		ck_assert_ptr_null(
			cache.get(cache.data, "kind-1", &context, &none, arena));
	}
	fact_file_close(file);
	arena_free(arena);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("job/signatures", threads_change_nothing, the_second_time_all_is_remembered,
	  no_damaged_file_says_yes, the_last_whole_line_counts)
