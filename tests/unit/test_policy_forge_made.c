/* tests/unit/test_policy_forge_made.c - commits by the forge's key: what was made again
 * counts, every way in which it was not is refused, and nobody's rights come along. */
#include "unit.h"

#include "policy_scene.h"

static const char *by_alice[] = { "alice" };
static const char *by_both[] = { "alice", "bob" };
static const char *by_forge[] = { "bob" };
static struct forge_made_fact made;
static struct commit_fact sources[2];

/* Bob's key is the forge's; it squashed two commits by Alice. */
static void prepare(struct scene *scene)
{
	scene->signatures = (struct rule_signatures){
		.by = { by_alice, 1, 1 },
		.forge_merges = "recompute",
		.forge_keys = { by_forge, 1, 1 },
	};
	scene->rules[0].signatures = &scene->signatures;
	for (size_t i = 0; i < 2; i++) {
		sources[i] = scene->commits[0];
		sources[i].id = scene_id((unsigned char)(0x60 + i));
	}
	made = (struct forge_made_fact){ .same = true,
					 .source = "refs/pull/7/head",
					 .sources = sources,
					 .source_count = 2 };
	scene->commits[0].signature.fingerprint = "SHA256:bob";
	scene->commits[0].forge_made = &made;
}

static void spoil_same(struct scene *scene)
{
	(void)scene;
	made.same = false;
	made.code = ERROR_RULE_FORGE_DIFFERENT;
	made.reason = "'evil.txt' differs";
}

static void spoil_same_without_reason(struct scene *scene)
{
	(void)scene;
	made.same = false;
}

static void spoil_not_made(struct scene *scene)
{
	scene->commits[0].forge_made = NULL;
}

static void spoil_mode(struct scene *scene)
{
	scene->signatures.forge_merges = "refuse";
}

static void spoil_mode_missing(struct scene *scene)
{
	scene->signatures.forge_merges = NULL;
}

static void spoil_keys(struct scene *scene)
{
	scene->signatures.forge_keys = (struct strings){ NULL, 0, 0 };
}

static void spoil_same_of_both(struct scene *scene)
{
	scene->signatures.by = (struct strings){ by_both, 2, 2 };
	spoil_same(scene);
}

static void spoil_source_unsigned(struct scene *scene)
{
	(void)scene;
	sources[1].signature = (struct signature_fact){ .status = SIGNATURE_NONE };
}

static void spoil_source_signer(struct scene *scene)
{
	(void)scene;
	sources[0].signature.fingerprint = "SHA256:mallory";
}

static void spoil_source_malformed(struct scene *scene)
{
	(void)scene;
	sources[1].code = ERROR_COMMIT_SIGNATURE_EARLY;
	sources[1].reason = "early";
}

static void spoil_source_time(struct scene *scene)
{
	(void)scene;
	sources[1].committer.when = SCENE_TIME + 25 * SCENE_HOUR;
}

/* The forge's editor, in a branch that was squashed. */
static void spoil_source_forge(struct scene *scene)
{
	sources[1].signature = scene->commits[0].signature;
}

static void spoil_source_forge_evil(struct scene *scene)
{
	static const struct forge_made_fact evil = {
		.code = ERROR_RULE_FORGE_CONFLICT,
		.reason = "its parents conflict",
	};
	spoil_source_forge(scene);
	sources[1].forge_made = &evil;
}

static void spoil_forge_expired(struct scene *scene)
{
	scene->keys[1].valid_before = SCENE_TIME - SCENE_HOUR / 2;
}

static void spoil_forge_revoked(struct scene *scene)
{
	scene->revocations[0] =
		(struct revocation){ .fingerprint = "SHA256:bob", .reason = "leaked" };
	scene->policy.revocation_count = 1;
}

static void spoil_committer(struct scene *scene)
{
	scene->signatures.committer = true;
	sources[0].committer.email = "alice@example.org";
}

static void spoil_warned_source(struct scene *scene)
{
	scene->rules[0].severity = SEVERITY_ERROR;
	spoil_source_unsigned(scene);
}

START_TEST(every_way_of_not_being_the_same_is_refused)
{
	static const struct scene_case cases[] = {
		{ "different", spoil_same, ERROR_RULE_FORGE_DIFFERENT,
		  "made by the forge: 'evil.txt' differs" },
		{ "no reason", spoil_same_without_reason, ERROR_RULE_FORGE_UNCHECKED,
		  "not made again here" },
		{ "not made", spoil_not_made, ERROR_RULE_FORGE_UNCHECKED,
		  "not made again here" },
		{ "refuse", spoil_mode, ERROR_RULE_SIGNATURE_NOT_ALLOWED,
		  "signed by 'bob'" },
		{ "no mode", spoil_mode_missing, ERROR_RULE_SIGNATURE_NOT_ALLOWED,
		  "signed by 'bob'" },
		{ "no keys", spoil_keys, ERROR_RULE_SIGNATURE_NOT_ALLOWED,
		  "signed by 'bob'" },
		{ "also in by", spoil_same_of_both, ERROR_RULE_FORGE_DIFFERENT,
		  "'evil.txt'" },
		{ "expired", spoil_forge_expired, ERROR_RULE_SIGNATURE_KEY_EXPIRED,
		  "valid only until" },
		{ "revoked", spoil_forge_revoked, ERROR_RULE_SIGNATURE_KEY_REVOKED,
		  "leaked" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

START_TEST(every_source_must_be_verified)
{
	static const struct scene_case cases[] = {
		{ "unsigned", spoil_source_unsigned, ERROR_RULE_FORGE_SOURCE,
		  "of 6161616161 (refs/pull/7/head), which is not verified: the "
		  "commit is not signed" },
		{ "signer", spoil_source_signer, ERROR_RULE_FORGE_SOURCE,
		  "SHA256:mallory" },
		{ "malformed", spoil_source_malformed, ERROR_RULE_FORGE_SOURCE,
		  "malformed: early" },
		{ "time", spoil_source_time, ERROR_RULE_FORGE_SOURCE, "claims to be" },
		{ "forge", spoil_source_forge, ERROR_RULE_FORGE_SOURCE,
		  "not made again" },
		{ "evil forge", spoil_source_forge_evil, ERROR_RULE_FORGE_SOURCE,
		  "its parents conflict" },
		{ "severity", spoil_warned_source, ERROR_RULE_FORGE_SOURCE,
		  "not signed" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

/* The author and committer of what the forge made are Alice, by its word. */
START_TEST(the_author_lends_no_rights)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	spoil_same(&scene);
	ck_assert_str_eq(scene.commits[0].author.email, "alice@example.org");
	scene_fails(&scene, "author", ERROR_RULE_FORGE_DIFFERENT, "");
	scene_end(&scene);

	scene_start(&scene);
	prepare(&scene);
	scene_passes(&scene, "before");
	spoil_committer(&scene);
	scene_judge(&scene);
	ck_assert_int_eq(scene.verdict.result, VERDICT_FAIL);
	scene_end(&scene);
}
END_TEST

START_TEST(a_merge_needs_no_sources_and_a_tag_no_forge)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	made = (struct forge_made_fact){ .same = true };
	scene_passes(&scene, "merge");
	struct commit_fact tag = scene.commits[0];
	tag.tag = "v1";
	scene.facts.tags = &tag;
	scene.facts.tag_count = 1;
	scene_fails(&scene, "tag", ERROR_RULE_FORGE_TAG, "a tag can only be");
	scene_end(&scene);
}
END_TEST

UNIT_MAIN("policy/forge_made", every_way_of_not_being_the_same_is_refused,
	  every_source_must_be_verified, the_author_lends_no_rights,
	  a_merge_needs_no_sources_and_a_tag_no_forge)
