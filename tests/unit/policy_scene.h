/* tests/unit/policy_scene.h - a policy with one rule and the facts of one change, all
 * in order, for tests to spoil.
 *
 * scene_start() gives a scene in which one signed commit adds one file to
 * refs/heads/main; the rule holds no kind yet. Tests add a kind, spoil something and
 * look at the verdict. scene_end() frees it. */
#ifndef TESTS_UNIT_POLICY_SCENE_H
#define TESTS_UNIT_POLICY_SCENE_H

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/pattern.h"
#include "model/facts.h"
#include "model/finding.h"
#include "model/policy.h"
#include "policy/evaluate.h"

#define SCENE_TIME   INT64_C(1795253400000000) /* 2026-11-21T09:30:00Z */
#define SCENE_KEY    "SHA256:alice"
#define SCENE_HOUR   (3600 * CLOCK_SECOND)
#define SCENE_COMMIT 0x33

#define SCENE_STRINGS(...)                                                             \
	((struct strings){ (const char *[]){ __VA_ARGS__ },                            \
			   sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),   \
			   0 })

struct scene {
	struct policy policy;
	struct rule rules[2];
	struct rule_refs refs;
	struct rule_commits commits_rule;
	struct rule_files files_rule;
	struct rule_signatures signatures;
	struct rule_schema schema;
	struct principal principals[2];
	struct principal_key keys[2];
	struct group groups[1];
	struct revocation revocations[1];
	struct facts facts;
	struct change change;
	struct commit_fact commits[3];
	struct oid parents[2];
	struct file_fact files[2];
	struct document_fact documents[2];
	struct pattern *patterns[4];
	size_t pattern_count;
	int64_t now;
	struct verdict verdict;
};

static inline struct oid scene_id(unsigned char seed)
{
	struct oid id = { .length = 20 };
	memset(id.bytes, seed, 20);
	return id;
}

static inline void scene_policy(struct scene *scene)
{
	scene->keys[0] = (struct principal_key){ .fingerprint = SCENE_KEY };
	scene->keys[1] = (struct principal_key){ .fingerprint = "SHA256:bob" };
	scene->principals[0] = (struct principal){ .name = "alice",
						   .keys = &scene->keys[0],
						   .key_count = 1 };
	scene->principals[1] = (struct principal){ .name = "bob",
						   .keys = &scene->keys[1],
						   .key_count = 1 };
	scene->rules[0] =
		(struct rule){ .name = "the-rule", .severity = SEVERITY_ERROR };
	scene->policy.principals = scene->principals;
	scene->policy.principal_count = 2;
	scene->policy.groups = scene->groups;
	scene->policy.revocations = scene->revocations;
	scene->policy.rules = scene->rules;
	scene->policy.rule_count = 1;
	memset(scene->policy.digest.bytes, 0xd1, DIGEST_BYTES);
}

static inline void scene_commit(struct scene *scene)
{
	static const char message[] = "feat: a thing\n\nSigned-off-by: Alice "
				      "<alice@example.org>\n";
	scene->commits[0] = (struct commit_fact){
		.id = scene_id(SCENE_COMMIT),
		.tree = scene_id(0x44),
		.parents = scene->parents,
		.parent_count = 1,
		.author = { "Alice", "alice@example.org", SCENE_TIME - SCENE_HOUR },
		.committer = { "Alice", "alice@example.org", SCENE_TIME - SCENE_HOUR },
		.message = message,
		.message_length = sizeof(message) - 1,
		.signature = { .status = SIGNATURE_GOOD,
			       .format = "ssh",
			       .fingerprint = SCENE_KEY },
	};
	scene->parents[0] = scene_id(0x22);
	scene->facts.commits = scene->commits;
	scene->facts.commit_count = 1;
}

static inline void scene_start(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	scene->now = SCENE_TIME;
	scene_policy(scene);
	scene_commit(scene);
	scene->change = (struct change){ .repository = "shop",
					 .ref = "refs/heads/main",
					 .old_id = scene_id(0x22),
					 .new_id = scene_id(SCENE_COMMIT),
					 .received_at = SCENE_TIME };
	scene->files[0] = (struct file_fact){ .change = FILE_ADDED,
					      .path = "deploy/web/app.yaml",
					      .mode = 0100644,
					      .blob = scene_id(0x55),
					      .size = 100,
					      .commit = scene_id(SCENE_COMMIT) };
	scene->facts.change = &scene->change;
	scene->facts.kinds = FACTS_REF | FACTS_COMMITS | FACTS_SIGNATURES |
			     FACTS_FILES | FACTS_DOCUMENTS;
	scene->facts.files = scene->files;
	scene->facts.file_count = 1;
	scene->facts.documents = scene->documents;
}

static inline void scene_end(struct scene *scene)
{
	verdict_release(&scene->verdict);
	for (size_t i = 0; i < scene->pattern_count; i++)
		pattern_free(scene->patterns[i]);
}

/* A pattern that lives as long as the scene. */
static inline struct pattern *scene_pattern(struct scene *scene, const char *text)
{
	struct pattern **pattern = &scene->patterns[scene->pattern_count++];
	ck_assert_int_eq(pattern_new(pattern, text, NULL), 0);
	return *pattern;
}

static inline void scene_judge(struct scene *scene)
{
	verdict_release(&scene->verdict);
	ck_assert_int_eq(policy_evaluate(&scene->policy, &scene->facts, scene->now,
					 &scene->verdict, NULL),
			 0);
}

static inline void scene_passes(struct scene *scene, const char *what)
{
	scene_judge(scene);
	ck_assert_msg(scene->verdict.result == VERDICT_PASS, "%s: %s", what,
		      scene->verdict.count > 0 ? scene->verdict.findings[0].message
					       : "");
	ck_assert_msg(scene->verdict.count == 0, "%s: %s", what,
		      scene->verdict.count > 0 ? scene->verdict.findings[0].message
					       : "");
}

/* Exactly one finding, with this code and this in its message. */
static inline void scene_fails(struct scene *scene, const char *what, int code,
			       const char *message)
{
	scene_judge(scene);
	ck_assert_msg(scene->verdict.result == VERDICT_FAIL, "%s: not refused", what);
	const struct finding *finding = scene->verdict.findings;
	ck_assert_msg(finding[0].code == code, "%s: %s (%s)", what,
		      error_name(finding[0].code), finding[0].message);
	ck_assert_msg(scene->verdict.count == 1, "%s: also %s", what,
		      scene->verdict.count > 1 ? finding[1].message : "nothing");
	ck_assert_msg(strstr(finding[0].message, message) != NULL, "%s: %s", what,
		      finding[0].message);
}

/* One way to spoil a scene, and the reason that must be found. */
struct scene_case {
	const char *what;
	void (*spoil)(struct scene *scene);
	int code;
	const char *message;
};

/* Each case: the scene passes (the genuine twin), is spoilt, and fails. */
static inline void scene_run(const struct scene_case *cases, size_t count,
			     void (*prepare)(struct scene *scene))
{
	for (size_t i = 0; i < count; i++) {
		struct scene scene;
		scene_start(&scene);
		prepare(&scene);
		scene_passes(&scene, cases[i].what);
		cases[i].spoil(&scene);
		scene_fails(&scene, cases[i].what, cases[i].code, cases[i].message);
		scene_end(&scene);
	}
}

#define SCENE_RUN(cases, prepare)                                                      \
	scene_run((cases), sizeof(cases) / sizeof((cases)[0]), (prepare))

#endif
