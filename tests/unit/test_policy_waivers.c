/* tests/unit/test_policy_waivers.c - which waivers count, and what they cover. */
#include "unit.h"

#include "base/buf.h"
#include "policy/report.h"
#include "policy_scene.h"

#define DAY (24 * SCENE_HOUR)

/* Bob may waive; Alice signed a commit whose message does not please. */
struct waived {
	struct scene scene;
	struct waiver_fact waivers[3];
	struct waiver_right rights[1];
};

/* Compound literals end with their block. */
static const char *bob[] = { "bob" };
static const char *others[] = { "other-*" };

static struct waived *of(struct scene *scene)
{
	return (struct waived *)scene;
}

static void start(struct waived *waived)
{
	struct scene *scene = &waived->scene;
	scene_start(scene);
	scene->principals[0].origin = ORIGIN_SERVER;
	scene->principals[1].origin = ORIGIN_SERVER;
	scene->rules[0].commits = &scene->commits_rule;
	scene->commits_rule.message = scene_pattern(scene, "^never");
	scene->rules[1] =
		(struct rule){ .name = "other-rule", .severity = SEVERITY_ERROR };
	scene->rules[1].refs = &scene->refs;
	scene->refs = (struct rule_refs){
		.create = true, .update = true, .remove = true, .force = true
	};
	scene->policy.rule_count = 2;
	waived->rights[0] = (struct waiver_right){ .by = { bob, 1, 0 } };
	scene->policy.waiver_rights = waived->rights;
	scene->policy.waiver_right_count = 1;
	waived->waivers[0] = (struct waiver_fact){
		.ref = "refs/waivers/x/the-rule",
		.commit = scene_id(SCENE_COMMIT),
		.rule = "the-rule",
		.tag = { .id = scene_id(0x77),
			 .tag = "waivers/x/the-rule",
			 .committer = { "Bob", "bob@example.org",
					SCENE_TIME - SCENE_HOUR },
			 .signature = { .status = SIGNATURE_GOOD,
					.format = "ssh",
					.fingerprint = "SHA256:bob" } },
		.waiver = { .repository = "shop",
			    .commit = scene_id(SCENE_COMMIT),
			    .rule = "the-rule",
			    .until = SCENE_TIME + DAY,
			    .reason = "it was late" },
	};
	scene->facts.waivers = waived->waivers;
	scene->facts.waiver_count = 1;
	scene->facts.content = scene_id(SCENE_COMMIT);
}

START_TEST(a_waiver_covers_what_its_rule_finds_about_its_commit)
{
	struct waived waived;
	start(&waived);
	scene_judge(&waived.scene);
	const struct verdict *verdict = &waived.scene.verdict;
	ck_assert_int_eq(verdict->result, VERDICT_PASS);
	ck_assert_uint_eq(verdict->count, 1);
	ck_assert_uint_eq(verdict->waived, 1);
	ck_assert_uint_eq(verdict->errors, 0);
	const struct finding *finding = verdict->findings;
	ck_assert_int_eq(finding->severity, SEVERITY_ERROR);
	ck_assert_str_eq(finding->waiver->by, "bob");
	ck_assert_str_eq(finding->waiver->reason, "it was late");
	ck_assert_int_eq(finding->waiver->until, SCENE_TIME + DAY);
	struct oid id = scene_id(0x77);
	ck_assert(oid_equal(&finding->waiver->id, &id));
	scene_end(&waived.scene);
}
END_TEST

/* --- waivers that do not count --- */

static void be_malformed(struct scene *scene)
{
	of(scene)->waivers[0].code = ERROR_WAIVER_FORM;
	of(scene)->waivers[0].reason = "line 2 of the waiver is missing";
}
static void be_for_another_repository(struct scene *scene)
{
	of(scene)->waivers[0].waiver.repository = "shop2";
}
static void be_for_nobody_knows_what(struct scene *scene)
{
	scene->change.repository = NULL;
}
static void be_for_no_rule(struct scene *scene)
{
	of(scene)->waivers[0].waiver.rule = "the-rules";
}
static void be_given_by_nobody(struct scene *scene)
{
	scene->policy.waiver_right_count = 0;
}
static void be_given_for_other_rules(struct scene *scene)
{
	of(scene)->rights[0].rules = (struct strings){ others, 1, 0 };
}
static void be_unsigned(struct scene *scene)
{
	of(scene)->waivers[0].tag.signature =
		(struct signature_fact){ .status = SIGNATURE_NONE };
}
static void be_badly_signed(struct scene *scene)
{
	of(scene)->waivers[0].tag.signature.status = SIGNATURE_BAD;
	of(scene)->waivers[0].tag.signature.reason = "it does not match";
}
static void be_unverified(struct scene *scene)
{
	of(scene)->waivers[0].tag.signature.status = SIGNATURE_UNKNOWN;
}
static void be_signed_by_no_key(struct scene *scene)
{
	of(scene)->waivers[0].tag.signature.fingerprint = NULL;
}
static void be_signed_by_a_stranger(struct scene *scene)
{
	of(scene)->waivers[0].tag.signature.fingerprint = "SHA256:mallory";
}
static void be_signed_by_alice(struct scene *scene)
{
	of(scene)->waivers[0].tag.signature.fingerprint = SCENE_KEY;
}
static void be_signed_by_a_repositorys_bob(struct scene *scene)
{
	scene->principals[1].origin = ORIGIN_REPOSITORY;
}
static void be_signed_by_a_revoked_key(struct scene *scene)
{
	scene->revocations[0] =
		(struct revocation){ "SHA256:bob", "stolen", SCENE_TIME };
	scene->policy.revocation_count = 1;
}
static void be_signed_by_an_expired_key(struct scene *scene)
{
	scene->keys[1].valid_before = SCENE_TIME - 1;
}
static void be_signed_before_the_key_was_valid(struct scene *scene)
{
	scene->keys[1].valid_after = SCENE_TIME - SCENE_HOUR / 2;
}
static void be_signed_tomorrow(struct scene *scene)
{
	of(scene)->waivers[0].tag.committer.when = SCENE_TIME + DAY + 1;
}
static void be_signed_tomorrow_it_says(struct scene *scene)
{
	of(scene)->waivers[0].tag.signature.made_at = SCENE_TIME + DAY + 1;
}
static void be_withdrawn(struct scene *scene)
{
	of(scene)->waivers[0].waiver.withdrawn = true;
	of(scene)->waivers[0].waiver.until = 0;
}
static void be_over(struct scene *scene)
{
	of(scene)->waivers[0].waiver.until = SCENE_TIME - 1;
}
static void be_too_long(struct scene *scene)
{
	of(scene)->waivers[0].waiver.until = SCENE_TIME - SCENE_HOUR + 366 * DAY + 1;
}

static const struct scene_case ignored[] = {
	{ "malformed", be_malformed, ERROR_WAIVER_FORM, "line 2 of the waiver" },
	{ "another repository", be_for_another_repository, ERROR_WAIVER_REPOSITORY,
	  "for the repository 'shop2', this one is 'shop'" },
	{ "no repository", be_for_nobody_knows_what, ERROR_WAIVER_REPOSITORY,
	  "not known here" },
	{ "no rule", be_for_no_rule, ERROR_WAIVER_RULE,
	  "no rule 'the-rules'; did you mean 'the-rule'?" },
	{ "nobody may", be_given_by_nobody, ERROR_WAIVER_NOBODY, "lets nobody waive" },
	{ "others may be waived", be_given_for_other_rules, ERROR_WAIVER_NOBODY,
	  "lets nobody waive the rule 'the-rule'" },
	{ "unsigned", be_unsigned, ERROR_WAIVER_UNSIGNED, "not signed" },
	{ "bad", be_badly_signed, ERROR_WAIVER_SIGNATURE, "it does not match" },
	{ "unverified", be_unverified, ERROR_WAIVER_SIGNATURE, "was not looked at" },
	{ "no key", be_signed_by_no_key, ERROR_WAIVER_SIGNATURE, "names no key" },
	{ "a stranger", be_signed_by_a_stranger, ERROR_WAIVER_SIGNATURE,
	  "which no principal holds" },
	{ "not in the group", be_signed_by_alice, ERROR_WAIVER_SIGNER,
	  "signed by 'alice', who may not waive" },
	{ "a repository's principal", be_signed_by_a_repositorys_bob,
	  ERROR_WAIVER_SIGNER, "signed by 'bob', who may not waive" },
	{ "revoked", be_signed_by_a_revoked_key, ERROR_WAIVER_SIGNATURE, "stolen" },
	{ "expired", be_signed_by_an_expired_key, ERROR_WAIVER_SIGNATURE,
	  "valid only until" },
	{ "not yet valid", be_signed_before_the_key_was_valid, ERROR_WAIVER_SIGNATURE,
	  "valid only from" },
	{ "future", be_signed_tomorrow, ERROR_WAIVER_FUTURE, "has not come yet" },
	{ "future by its signature", be_signed_tomorrow_it_says, ERROR_WAIVER_FUTURE,
	  "has not come yet" },
	{ "withdrawn", be_withdrawn, ERROR_WAIVER_WITHDRAWN,
	  "'bob' withdrew it: it was late" },
	{ "over", be_over, ERROR_WAIVER_ENDED, "it ended at" },
	{ "too long", be_too_long, ERROR_WAIVER_LONG, "more than 366 days" },
};

START_TEST(one_that_does_not_count_is_told_and_covers_nothing)
{
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		struct waived waived;
		struct scene *scene = &waived.scene;
		start(&waived);
		scene_judge(scene);
		ck_assert_int_eq(scene->verdict.result, VERDICT_PASS);
		ignored[i].spoil(scene);
		scene_judge(scene);
		const struct verdict *verdict = &scene->verdict;
		ck_assert_msg(verdict->result == VERDICT_FAIL, "%s", ignored[i].what);
		ck_assert_uint_eq(verdict->count, 2);
		ck_assert_uint_eq(verdict->errors, 1);
		ck_assert_uint_eq(verdict->warnings, 1);
		ck_assert_uint_eq(verdict->waived, 0);
		/* What the rule says comes first. */
		ck_assert_str_eq(verdict->findings[0].rule, "the-rule");
		ck_assert_str_eq(verdict->findings[1].rule, "gitgate");
		ck_assert_msg(verdict->findings[1].code == ignored[i].code, "%s: %s",
			      ignored[i].what, verdict->findings[1].message);
		ck_assert_msg(strstr(verdict->findings[1].message,
				     ignored[i].message) != NULL,
			      "%s: %s", ignored[i].what, verdict->findings[1].message);
		scene_end(scene);
	}
}
END_TEST

START_TEST(those_that_were_left_out_are_told)
{
	struct waived waived;
	start(&waived);
	waived.scene.facts.waivers_left_out = true;
	scene_judge(&waived.scene);
	ck_assert_int_eq(waived.scene.verdict.result, VERDICT_PASS);
	ck_assert_uint_eq(waived.scene.verdict.count, 2);
	ck_assert_int_eq(waived.scene.verdict.findings[1].code, ERROR_LIMIT);
	scene_end(&waived.scene);
}
END_TEST

/* --- waivers that count, for something else --- */

static void cover_another_commit(struct scene *scene)
{
	of(scene)->waivers[0].waiver.commit = scene_id(0x22);
}
static void cover_another_rule(struct scene *scene)
{
	of(scene)->waivers[0].waiver.rule = "other-rule";
}
static void find_about_a_ref(struct scene *scene)
{
	scene->rules[0].refs = &scene->refs;
	scene->refs.update = false;
}
static void find_by_the_gate(struct scene *scene)
{
	scene->commits[0].code = ERROR_COMMIT_EMPTY;
	scene->commits[0].reason = "it is empty";
}
static void miss_facts(struct scene *scene)
{
	scene->facts.kinds &= ~(unsigned int)FACTS_COMMITS;
}

START_TEST(a_waiver_covers_nothing_else)
{
	static const struct {
		void (*spoil)(struct scene *scene);
		int code;
	} cases[] = {
		{ cover_another_commit, ERROR_RULE_COMMIT_MESSAGE },
		{ cover_another_rule, ERROR_RULE_COMMIT_MESSAGE },
		{ find_about_a_ref, ERROR_RULE_REF_UPDATE },
		{ find_by_the_gate, ERROR_COMMIT_EMPTY },
		{ miss_facts, ERROR_RULE_FACTS_MISSING },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct waived waived;
		start(&waived);
		cases[i].spoil(&waived.scene);
		scene_judge(&waived.scene);
		const struct verdict *verdict = &waived.scene.verdict;
		bool found = false;
		ck_assert_msg(verdict->result == VERDICT_FAIL, "case %zu", i);
		for (size_t k = 0; k < verdict->count; k++)
			found = found || (verdict->findings[k].code == cases[i].code &&
					  verdict->findings[k].waiver == NULL);
		ck_assert_msg(found, "case %zu: %s", i, verdict->findings[0].message);
		scene_end(&waived.scene);
	}
}
END_TEST

START_TEST(what_names_no_commit_is_about_the_content)
{
	for (int merge = 0; merge < 2; merge++) {
		struct waived waived;
		struct scene *scene = &waived.scene;
		start(&waived);
		scene->rules[0].commits = NULL;
		scene->rules[0].schema = &scene->schema;
		scene->documents[0] = (struct document_fact){ .rule = &scene->rules[0],
							      .path = "deploy/web/"
								      "app.yaml",
							      .code = ERROR_SYNTAX,
							      .message = "no YAML" };
		scene->facts.document_count = 1;
		if (merge)
			scene->facts.content = (struct oid)OID_INIT;
		scene_judge(scene);
		ck_assert_int_eq(scene->verdict.result,
				 merge ? VERDICT_FAIL : VERDICT_PASS);
		ck_assert_uint_eq(scene->verdict.waived, merge ? 0 : 1);
		scene_end(scene);
	}
}
END_TEST

START_TEST(a_group_and_one_of_two_rights_suffice)
{
	struct waived waived;
	struct scene *scene = &waived.scene;
	struct waiver_right rights[2] = {
		{ .by = SCENE_STRINGS("alice"), .rules = { 0 } },
		{ .by = SCENE_STRINGS("officers"), .rules = SCENE_STRINGS("the-*") },
	};
	start(&waived);
	scene->groups[0] =
		(struct group){ "officers", ORIGIN_SERVER, SCENE_STRINGS("bob") };
	scene->policy.group_count = 1;
	scene->policy.waiver_rights = rights;
	scene->policy.waiver_right_count = 2;
	scene_judge(scene);
	ck_assert_int_eq(scene->verdict.result, VERDICT_PASS);
	rights[1].rules = SCENE_STRINGS("other-*");
	scene_judge(scene);
	ck_assert_int_eq(scene->verdict.result, VERDICT_FAIL);
	scene_end(scene);
}
END_TEST

/* --- a push of a waiver --- */

static void push(struct waived *waived)
{
	struct scene *scene = &waived->scene;
	start(waived);
	scene->change.ref = "refs/waivers/x/the-rule";
	scene->change.old_id = (struct oid){ .length = 20 };
	scene->change.new_id = scene_id(0x77);
}

static void judge_push(struct scene *scene)
{
	verdict_release(&scene->verdict);
	ck_assert_int_eq(policy_evaluate_waiver(&scene->policy, &scene->facts,
						scene->now, &scene->verdict, NULL),
			 0);
}

static void expect_push(struct scene *scene, int code)
{
	judge_push(scene);
	const struct verdict *verdict = &scene->verdict;
	ck_assert_msg(verdict->result == (code ? VERDICT_FAIL : VERDICT_PASS), "%s",
		      verdict->count ? verdict->findings[0].message : "nothing");
	ck_assert_uint_eq(verdict->count, code ? 1 : 0);
	if (code)
		ck_assert_msg(verdict->findings[0].code == code, "%s",
			      verdict->findings[0].message);
}

START_TEST(a_push_is_judged_like_a_use_but_for_withdrawals)
{
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		struct waived waived;
		bool withdraws = ignored[i].code == ERROR_WAIVER_WITHDRAWN;
		push(&waived);
		expect_push(&waived.scene, 0);
		ignored[i].spoil(&waived.scene);
		expect_push(&waived.scene, withdraws ? 0 : ignored[i].code);
		scene_end(&waived.scene);
	}
}
END_TEST

START_TEST(a_push_replaces_only_what_is_older)
{
	struct waived waived;
	struct scene *scene = &waived.scene;
	push(&waived);
	waived.waivers[1] = waived.waivers[0];
	scene->change.old_id = scene_id(0x66);
	scene->facts.waiver_count = 2;
	waived.waivers[1].tag.committer.when -= CLOCK_SECOND;
	expect_push(scene, 0);
	waived.waivers[1].tag.committer.when += CLOCK_SECOND;
	expect_push(scene, ERROR_WAIVER_OLDER);
	waived.waivers[1].tag.committer.when += CLOCK_SECOND;
	expect_push(scene, ERROR_WAIVER_OLDER);
	waived.waivers[1].code = ERROR_WAIVER_OBJECT; /* whatever stood there */
	expect_push(scene, 0);
	scene_end(scene);
}
END_TEST

START_TEST(a_push_does_not_delete)
{
	struct waived waived;
	push(&waived);
	waived.scene.change.old_id = waived.scene.change.new_id;
	waived.scene.change.new_id = (struct oid){ .length = 20 };
	waived.scene.facts.waiver_count = 0;
	expect_push(&waived.scene, ERROR_WAIVER_DELETE);
	scene_end(&waived.scene);
}
END_TEST

START_TEST(a_push_needs_a_clock)
{
	struct waived waived;
	push(&waived);
	waived.scene.now = 1;
	judge_push(&waived.scene);
	ck_assert_int_eq(waived.scene.verdict.result, VERDICT_FAIL);
	scene_end(&waived.scene);
}
END_TEST

/* --- reports --- */

START_TEST(reports_tell_who_until_when_and_why)
{
	struct waived waived;
	struct buf out = BUF_INIT(65536);
	start(&waived);
	waived.waivers[0].waiver.reason = "late \x1b[31m {0} [a](b)";
	scene_judge(&waived.scene);
	const struct report_item item = { &waived.scene.change, &waived.scene.verdict,
					  NULL };
	report_text(&out, &item, 1, false);
	ck_assert_ptr_nonnull(strstr(out.data, "accepted: 1 waived\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "waived error: the message"));
	ck_assert_ptr_nonnull(strstr(out.data, "  waived by 'bob' until "
					       "2026-11-22T09:30:00Z (7777777777): "
					       "late \\x1b["
					       "31m {0} [a](b)\n"));
	ck_assert_ptr_null(strstr(out.data, "mend"));
	ck_assert_ptr_nonnull(strstr(out.data, "summary: 1 accepted, 0 refused; 1 "
					       "waived\n"));
	buf_reset(&out);
	report_json(&out, &item, 1);
	ck_assert_ptr_nonnull(strstr(out.data, "\"errors\":0,\"warnings\":0,\"waived\":"
					       "1,"));
	ck_assert_ptr_nonnull(strstr(out.data, "\"waived\":{\"by\":\"bob\",\"until\":"
					       "\"2026-11-22T09:"
					       "30:00.000Z\",\"reason\":\"late "
					       "\\\\x1b[31m {0} "
					       "[a](b)\",\"waiver\":\"7777"));
	buf_reset(&out);
	report_sarif(&out, &item, 1);
	ck_assert_ptr_nonnull(strstr(out.data, "\"suppressions\":[{\"kind\":"
					       "\"external\",\"status\":"
					       "\"accepted\",\"justification\":"
					       "\"waived by 'bob' until "
					       "2026-11-22T09:30:00Z"));
	ck_assert_ptr_null(strchr(out.data, 0x1b));
	ck_assert_int_eq(out.failed, 0);
	buf_release(&out);
	scene_end(&waived.scene);
}
END_TEST

UNIT_MAIN("policy waivers", a_waiver_covers_what_its_rule_finds_about_its_commit,
	  one_that_does_not_count_is_told_and_covers_nothing,
	  those_that_were_left_out_are_told, a_waiver_covers_nothing_else,
	  what_names_no_commit_is_about_the_content,
	  a_group_and_one_of_two_rights_suffice,
	  a_push_is_judged_like_a_use_but_for_withdrawals,
	  a_push_replaces_only_what_is_older, a_push_does_not_delete,
	  a_push_needs_a_clock, reports_tell_who_until_when_and_why)
