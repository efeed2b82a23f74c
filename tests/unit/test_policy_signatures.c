/* tests/unit/test_policy_signatures.c - rules of kind signatures: every reason and its
 * twin, the edges of validity and of revocation. */
#include "unit.h"

#include "policy_scene.h"

static const char *by_alice[] = { "alice" };
static const char *by_maintainers[] = { "maintainers" };
static const char *members[] = { "alice" };
static const char *emails[] = { "other@example.org", "Alice@Example.org" };

static void prepare(struct scene *scene)
{
	scene->signatures = (struct rule_signatures){
		.by = { by_maintainers, 1, 1 },
		.committer = true,
		.user_verified = true,
	};
	scene->principals[0].emails = (struct strings){ emails, 2, 2 };
	scene->groups[0] =
		(struct group){ .name = "maintainers", .members = { members, 1, 1 } };
	scene->policy.group_count = 1;
	scene->rules[0].signatures = &scene->signatures;
}

static void prepare_security_key(struct scene *scene)
{
	prepare(scene);
	scene->commits[0].signature.security_key = true;
	scene->commits[0].signature.user_verified = true;
}

static void spoil_none(struct scene *scene)
{
	scene->commits[0].signature =
		(struct signature_fact){ .status = SIGNATURE_NONE };
}

static void spoil_unknown(struct scene *scene)
{
	scene->commits[0].signature.status = SIGNATURE_UNKNOWN;
}

static void spoil_keyless(struct scene *scene)
{
	scene->commits[0].signature.fingerprint = NULL;
}

static void spoil_bad(struct scene *scene)
{
	scene->commits[0].signature.status = SIGNATURE_BAD;
	scene->commits[0].signature.code = ERROR_ENCODING;
	scene->commits[0].signature.reason = "the bytes do not verify";
}

static void spoil_bad_without_code(struct scene *scene)
{
	scene->commits[0].signature.status = SIGNATURE_BAD;
}

static void spoil_key(struct scene *scene)
{
	scene->commits[0].signature.fingerprint = "SHA256:mallory";
}

static void spoil_signer(struct scene *scene)
{
	static const char *bobs[] = { "alice@example.org" };
	scene->commits[0].signature.fingerprint = "SHA256:bob";
	scene->principals[1].emails = (struct strings){ bobs, 1, 1 };
}

static void spoil_nobody(struct scene *scene)
{
	scene->signatures.by = (struct strings){ NULL, 0, 0 };
}

static void spoil_revoked(struct scene *scene)
{
	scene->revocations[0] = (struct revocation){ .fingerprint = SCENE_KEY,
						     .reason = "laptop lost" };
	scene->policy.revocation_count = 1;
}

static void spoil_early(struct scene *scene)
{
	scene->keys[0].valid_after = SCENE_TIME + SCENE_HOUR;
}

static void spoil_late(struct scene *scene)
{
	scene->keys[0].valid_before = SCENE_TIME - SCENE_HOUR / 2;
}

static void spoil_future(struct scene *scene)
{
	scene->commits[0].committer.when = SCENE_TIME + 25 * SCENE_HOUR;
}

static void spoil_committer(struct scene *scene)
{
	scene->commits[0].committer.email = "bob@example.org";
}

static void spoil_user_verified(struct scene *scene)
{
	scene->commits[0].signature.user_verified = false;
}

static void spoil_openpgp_key(struct scene *scene)
{
	scene->commits[0].signature.status = SIGNATURE_BAD;
	scene->commits[0].signature.code = ERROR_OPENPGP_KEY_UNKNOWN;
	scene->commits[0].signature.reason = "signed by nobody's key";
}

static void spoil_made_late(struct scene *scene)
{
	scene->commits[0].signature.made_at = SCENE_TIME - SCENE_HOUR / 2;
	scene->commits[0].committer.when = SCENE_TIME - 3 * SCENE_HOUR;
	scene->change.received_at = SCENE_TIME - 2 * SCENE_HOUR;
	scene->keys[0].valid_before = SCENE_TIME - SCENE_HOUR;
}

static void spoil_made_in_future(struct scene *scene)
{
	scene->commits[0].signature.made_at = SCENE_TIME + 25 * SCENE_HOUR;
}

static void spoil_ended(struct scene *scene)
{
	scene->commits[0].signature.expires_at = SCENE_TIME;
}

static void spoil_revoked_certificate(struct scene *scene)
{
	scene->keys[0].certificate = "the primary key";
	scene->revocations[0] = (struct revocation){ .fingerprint = "the primary key",
						     .reason = "gone" };
	scene->policy.revocation_count = 1;
}

/* By its own word it was made after the key was retired. */
static void spoil_made_after_revocation(struct scene *scene)
{
	spoil_revoked(scene);
	scene->revocations[0].since = SCENE_TIME + 1;
	scene->commits[0].signature.made_at = SCENE_TIME + 2;
}

START_TEST(what_openpgp_says_of_itself_counts)
{
	static const struct scene_case cases[] = {
		{ "nobody's key", spoil_openpgp_key, ERROR_OPENPGP_KEY_UNKNOWN,
		  "signed by nobody's key" },
		{ "made late", spoil_made_late, ERROR_RULE_SIGNATURE_KEY_EXPIRED,
		  "the commit was signed, it says" },
		{ "made in future", spoil_made_in_future, ERROR_RULE_SIGNATURE_FUTURE,
		  "claims to be from" },
		{ "ended", spoil_ended, ERROR_RULE_SIGNATURE_EXPIRED,
		  "by its own word" },
		{ "revoked certificate", spoil_revoked_certificate,
		  ERROR_RULE_SIGNATURE_KEY_REVOKED, "the primary key is revoked" },
		{ "made after revocation", spoil_made_after_revocation,
		  ERROR_RULE_SIGNATURE_KEY_REVOKED, "revoked since" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

START_TEST(every_way_of_not_being_signed_is_refused)
{
	static const struct scene_case cases[] = {
		{ "none", spoil_none, ERROR_RULE_SIGNATURE_MISSING, "is not signed" },
		{ "unknown", spoil_unknown, ERROR_RULE_SIGNATURE_UNCHECKED,
		  "not looked at" },
		{ "keyless", spoil_keyless, ERROR_RULE_SIGNATURE_UNCHECKED, "no key" },
		{ "bad", spoil_bad, ERROR_ENCODING, "bad: the bytes do not verify" },
		{ "bad, no code", spoil_bad_without_code, ERROR_RULE_SIGNATURE_BAD,
		  "the signature is bad" },
		{ "key", spoil_key, ERROR_RULE_SIGNATURE_UNKNOWN_KEY,
		  "SHA256:mallory" },
		{ "signer", spoil_signer, ERROR_RULE_SIGNATURE_NOT_ALLOWED,
		  "signed by 'bob'" },
		{ "nobody", spoil_nobody, ERROR_RULE_SIGNATURE_NOT_ALLOWED,
		  "signed by 'alice'" },
		{ "revoked", spoil_revoked, ERROR_RULE_SIGNATURE_KEY_REVOKED,
		  "is revoked: laptop lost" },
		{ "early", spoil_early, ERROR_RULE_SIGNATURE_KEY_NOT_YET_VALID,
		  "valid only from 2026-11-21T10:30:00Z" },
		{ "late", spoil_late, ERROR_RULE_SIGNATURE_KEY_EXPIRED,
		  "valid only until 2026-11-21T09:00:00Z" },
		{ "future", spoil_future, ERROR_RULE_SIGNATURE_FUTURE,
		  "claims to be from 2026-11-22T10:30:00Z" },
		{ "committer", spoil_committer, ERROR_RULE_SIGNATURE_COMMITTER,
		  "'bob@example.org'" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

START_TEST(security_keys_must_verify_their_user)
{
	static const struct scene_case cases[] = {
		{ "not verified", spoil_user_verified,
		  ERROR_RULE_SIGNATURE_NOT_USER_VERIFIED, "without verifying" },
	};
	SCENE_RUN(cases, prepare_security_key);
}
END_TEST

/* Microseconds against a window whose ends belong to it. */
START_TEST(validity_is_judged_at_receipt_and_at_the_claimed_time)
{
	enum { FROM = 1, IN = 5, UNTIL = 9 };
	static const struct {
		int received;
		int claimed;
		int code;
	} cases[] = {
		{ IN, IN, 0 },
		{ FROM, FROM, 0 },
		{ UNTIL, UNTIL, 0 },
		{ UNTIL, FROM, 0 },
		{ UNTIL + 1, IN, ERROR_RULE_SIGNATURE_KEY_EXPIRED },
		{ IN, UNTIL + 1, ERROR_RULE_SIGNATURE_KEY_EXPIRED },
		{ FROM - 1, IN, ERROR_RULE_SIGNATURE_KEY_NOT_YET_VALID },
		{ IN, FROM - 1, ERROR_RULE_SIGNATURE_KEY_NOT_YET_VALID },
		{ UNTIL + 1, FROM - 1, ERROR_RULE_SIGNATURE_KEY_EXPIRED },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		char what[32];
		snprintf(what, sizeof(what), "case %zu", i);
		scene_start(&scene);
		prepare(&scene);
		scene.keys[0].valid_after = SCENE_TIME + FROM;
		scene.keys[0].valid_before = SCENE_TIME + UNTIL;
		scene.change.received_at = SCENE_TIME + cases[i].received;
		scene.commits[0].committer.when = SCENE_TIME + cases[i].claimed;
		if (cases[i].code == 0)
			scene_passes(&scene, what);
		else
			scene_fails(&scene, what, cases[i].code, "");
		scene_end(&scene);
	}
}
END_TEST

START_TEST(revocation_leaves_what_was_claimed_and_received_before_it)
{
	enum { SINCE = 5 };
	static const struct {
		int received;
		int claimed;
		bool revoked;
	} cases[] = {
		{ SINCE - 1, SINCE - 1, false }, { SINCE, SINCE - 1, true },
		{ SINCE - 1, SINCE, true },      { SINCE, SINCE, true },
		{ SINCE + 100, 0, true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		scene_start(&scene);
		prepare(&scene);
		spoil_revoked(&scene);
		scene.revocations[0].since = SCENE_TIME + SINCE;
		scene.change.received_at = SCENE_TIME + cases[i].received;
		scene.commits[0].committer.when = SCENE_TIME + cases[i].claimed;
		if (!cases[i].revoked)
			scene_passes(&scene, "before");
		else
			scene_fails(&scene, "after", ERROR_RULE_SIGNATURE_KEY_REVOKED,
				    "since 2026-11-21T09:30:00Z");
		scene_end(&scene);
	}
}
END_TEST

START_TEST(a_revoked_key_that_nobody_holds_is_revoked_all_the_same)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	spoil_revoked(&scene);
	scene.policy.principal_count = 0;
	scene_fails(&scene, "revoked", ERROR_RULE_SIGNATURE_KEY_REVOKED, "");
	scene_end(&scene);
}
END_TEST

START_TEST(a_claim_may_be_a_day_ahead_and_no_more)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.commits[0].committer.when = SCENE_TIME + 24 * SCENE_HOUR;
	scene_passes(&scene, "a day");
	scene.commits[0].committer.when++;
	scene_fails(&scene, "more", ERROR_RULE_SIGNATURE_FUTURE, "");
	scene.commits[0].committer.when = INT64_MIN;
	scene_passes(&scene, "very old");
	scene.commits[0].committer.when = INT64_MAX;
	scene_fails(&scene, "the end of time", ERROR_RULE_SIGNATURE_FUTURE, "");
	scene_end(&scene);
}
END_TEST

START_TEST(options_that_are_off_ask_nothing)
{
	struct scene scene;
	scene_start(&scene);
	prepare_security_key(&scene);
	scene.signatures.by = (struct strings){ by_alice, 1, 1 };
	scene.signatures.committer = false;
	scene.signatures.user_verified = false;
	spoil_user_verified(&scene);
	spoil_committer(&scene);
	scene_passes(&scene, "nothing is asked");
	scene_end(&scene);
}
END_TEST

START_TEST(user_verification_is_asked_of_security_keys_alone)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.commits[0].signature.user_verified = false;
	scene_passes(&scene, "an ordinary key");
	scene_end(&scene);
}
END_TEST

START_TEST(one_unsigned_commit_anywhere_refuses)
{
	for (size_t bad = 0; bad < 3; bad++) {
		struct scene scene;
		scene_start(&scene);
		prepare(&scene);
		scene.facts.commit_count = 3;
		scene.commits[1] = scene.commits[2] = scene.commits[0];
		scene.commits[1].id = scene_id(0x77);
		scene.commits[2].id = scene_id(0x78);
		scene_passes(&scene, "all are signed");
		scene.commits[bad].signature =
			(struct signature_fact){ .status = SIGNATURE_NONE };
		scene_fails(&scene, "one is not", ERROR_RULE_SIGNATURE_MISSING, "");
		const struct finding *finding = &scene.verdict.findings[0];
		ck_assert(oid_equal(&finding->commit, &scene.commits[bad].id));
		ck_assert_str_eq(finding->mend, "sign it: git rebase --exec 'git "
						"commit --amend "
						"--no-edit -S' 2222222222");
		scene_end(&scene);
	}
}
END_TEST

START_TEST(a_lone_commit_is_mended_by_amending)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	spoil_none(&scene);
	scene_fails(&scene, "unsigned", ERROR_RULE_SIGNATURE_MISSING, "");
	ck_assert_str_eq(scene.verdict.findings[0].mend, "sign it: git commit --amend "
							 "--no-edit -S");
	scene.change.new_id = scene_id(0x99);
	scene.change.old_id = (struct oid){ .length = 20 };
	scene.commits[0].parent_count = 0;
	scene_fails(&scene, "a root", ERROR_RULE_SIGNATURE_MISSING, "");
	ck_assert_str_eq(scene.verdict.findings[0].mend, "sign it: git rebase --exec "
							 "'git commit --amend "
							 "--no-edit "
							 "-S' --root");
	scene_end(&scene);
}
END_TEST

UNIT_MAIN("policy signatures", what_openpgp_says_of_itself_counts,
	  every_way_of_not_being_signed_is_refused,
	  security_keys_must_verify_their_user,
	  validity_is_judged_at_receipt_and_at_the_claimed_time,
	  revocation_leaves_what_was_claimed_and_received_before_it,
	  a_revoked_key_that_nobody_holds_is_revoked_all_the_same,
	  a_claim_may_be_a_day_ahead_and_no_more, options_that_are_off_ask_nothing,
	  user_verification_is_asked_of_security_keys_alone,
	  one_unsigned_commit_anywhere_refuses, a_lone_commit_is_mended_by_amending)
