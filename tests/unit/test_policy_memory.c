/* tests/unit/test_policy_memory.c - every allocation in turn fails (T3): never a pass,
 * never a report that is cut, no leak (the sanitizer looks). */
#include "unit.h"

#include "failing_memory.h"
#include "policy_scene.h"

#include "base/arena.h"
#include "base/buf.h"
#include "model/manifests.h"
#include "policy/report.h"

#define BYTES ((size_t)4 << 20)

static struct rule_approvals approvals;
static struct review_fact review = { .reviewer = "bob", .state = REVIEW_APPROVED };
static struct merge_request_fact request = { .number = 7,
					     .author = "alice",
					     .base_ref = "refs/heads/main",
					     .head = { .length = 20 },
					     .same_content = true,
					     .reviews = &review,
					     .review_count = 1 };

static void start(size_t number)
{
	countdown = number;
	one_failed = false;
}

/* Whether the allocation that had to fail was reached. */
static bool stop(void)
{
	countdown = 0;
	return one_failed;
}

/* A scene with many findings of every kind of text. */
static void prepare(struct scene *scene)
{
	static struct commit_fact commits[400];
	scene->rules[0].signatures = &scene->signatures;
	scene->rules[0].files = &scene->files_rule;
	scene->rules[0].commits = &scene->commits_rule;
	approvals = (struct rule_approvals){ .count = 1, .not_author = true };
	scene->rules[0].approvals = &approvals;
	scene->facts.merge_request = &request;
	scene->facts.kinds |= FACTS_REVIEWS;
	scene->commits_rule.message = scene_pattern(scene, "^fix");
	scene->files_rule.symlinks = "inside";
	scene->files[0].mode = 0120000;
	scene->files[0].link_target = "../../../x";
	for (size_t i = 0; i < 400; i++)
		commits[i] = scene->commits[0];
	scene->facts.commits = commits;
	scene->facts.commit_count = 400;
}

START_TEST(evaluation_without_memory_never_passes)
{
	bool reached = true;
	for (size_t number = 1; reached; number++) {
		struct scene scene;
		struct error err = ERROR_INIT;
		scene_start(&scene);
		prepare(&scene);
		start(number);
		int code = policy_evaluate(&scene.policy, &scene.facts, scene.now,
					   &scene.verdict, &err);
		reached = stop();
		if (code == 0) {
			ck_assert_int_eq(scene.verdict.result, VERDICT_FAIL);
			ck_assert_uint_eq(scene.verdict.count, 802);
		} else {
			ck_assert_int_eq(code, ERROR_MEMORY);
			ck_assert_int_eq(err.code, ERROR_MEMORY);
			ck_assert_int_eq(scene.verdict.result, VERDICT_UNKNOWN);
		}
		ck_assert_msg(code != 0 || !reached, "allocation %zu", number);
		scene_end(&scene);
	}
}
END_TEST

typedef void (*reporter)(struct buf *out, const struct report_item *items,
			 size_t count);

static void report_plain(struct buf *out, const struct report_item *items, size_t count)
{
	report_text(out, items, count, false);
}

START_TEST(reports_without_memory_fail_whole)
{
	static const reporter reporters[] = { report_plain, report_json, report_sarif };
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.facts.commit_count = 3;
	scene_judge(&scene);
	const struct report_item item = { &scene.change, &scene.verdict, NULL };
	for (size_t i = 0; i < 3; i++) {
		bool reached = true;
		for (size_t number = 1; reached; number++) {
			struct buf out = BUF_INIT(BYTES);
			start(number);
			reporters[i](&out, &item, 1);
			reached = stop();
			ck_assert_msg(out.failed == (reached ? ERROR_MEMORY : 0),
				      "report %zu, allocation %zu: %d", i, number,
				      out.failed);
			buf_release(&out);
		}
	}
	scene_end(&scene);
}
END_TEST

static int load(void *data, const struct manifest *entry, const void **bytes,
		struct error *err)
{
	(void)data;
	(void)err;
	*bytes = entry->data;
	return 0;
}

static int sink(void *data, const void *bytes, size_t length, struct error *err)
{
	struct buf *out = data;
	buf_add(out, bytes, length);
	return buf_status(out, "block", err);
}

/* No assertions in here: what they allocate would be counted. */
static int write_and_read(struct buf *block)
{
	struct manifest entry = { .path = "a",
				  .mode = 0100644,
				  .blob = scene_id(1),
				  .data = (const unsigned char *)"x",
				  .size = 1 };
	const struct manifests manifests = { .commit = scene_id(2),
					     .tree = scene_id(3),
					     .entries = &entry,
					     .count = 1 };
	const struct manifests_io io = { load, sink, block };
	struct manifests read = { 0 };
	struct digest digest;
	int code = manifests_write(&manifests, &io, &digest, NULL);
	struct arena *arena = code == 0 ? arena_new(BYTES) : NULL;
	if (code == 0)
		code = arena == NULL ? ERROR_MEMORY
				     : manifests_read(&read, arena, block->data,
						      block->length, NULL);
	arena_free(arena);
	if ((read.count == 1) != (code == 0))
		return ERROR_INTERNAL;
	return code;
}

START_TEST(manifests_without_memory_fail)
{
	bool reached = true;
	for (size_t number = 1; reached; number++) {
		struct buf block = BUF_INIT(BYTES);
		start(number);
		int code = write_and_read(&block);
		reached = stop();
		ck_assert_int_eq(code, reached ? ERROR_MEMORY : 0);
		buf_release(&block);
	}
}
END_TEST

UNIT_MAIN("policy memory", evaluation_without_memory_never_passes,
	  reports_without_memory_fail_whole, manifests_without_memory_fail)
