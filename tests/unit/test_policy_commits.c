/* tests/unit/test_policy_commits.c - rules of kind commits, every reason and its twin.
 */
#include "unit.h"

#include "policy_scene.h"

static void prepare(struct scene *scene)
{
	scene->commits_rule = (struct rule_commits){
		.message = scene_pattern(scene, "^(feat|fix): "),
		.author_email = scene_pattern(scene, "@example\\.org$"),
		.committer_email = scene_pattern(scene, "@example\\.org$"),
		.signed_off = true,
		.linear = true,
	};
	scene->rules[0].commits = &scene->commits_rule;
}

static void set_message(struct scene *scene, const char *message)
{
	scene->commits[0].message = message;
	scene->commits[0].message_length = strlen(message);
}

static void spoil_message(struct scene *scene)
{
	set_message(scene, "wip\n\nSigned-off-by: Alice <alice@example.org>\n");
}

static void spoil_encoding(struct scene *scene)
{
	set_message(scene, "feat: \xff\n\nSigned-off-by: A <alice@example.org>\n");
}

static void spoil_author(struct scene *scene)
{
	scene->commits[0].author.email = "alice@home.example";
}

static void spoil_committer(struct scene *scene)
{
	scene->commits[0].committer.email = "alice@home.example";
}

static void spoil_sign_off(struct scene *scene)
{
	set_message(scene, "feat: a thing\n\nSigned-off-by: Bob <bob@example.org>\n");
}

static void spoil_parents(struct scene *scene)
{
	scene->commits[0].parent_count = 2;
	scene->parents[1] = scene_id(0x66);
}

START_TEST(every_commit_is_judged)
{
	static const struct scene_case cases[] = {
		{ "message", spoil_message, ERROR_RULE_COMMIT_MESSAGE,
		  "the message 'wip' does not match '^(feat|fix): '" },
		{ "encoding", spoil_encoding, ERROR_PATTERN, "cannot be matched" },
		{ "author", spoil_author, ERROR_RULE_COMMIT_AUTHOR_EMAIL,
		  "'alice@home.example' does not match" },
		{ "committer", spoil_committer, ERROR_RULE_COMMIT_COMMITTER_EMAIL,
		  "'alice@home.example' does not match" },
		{ "sign-off", spoil_sign_off, ERROR_RULE_COMMIT_SIGNED_OFF,
		  "no 'Signed-off-by:' line" },
		{ "merge", spoil_parents, ERROR_RULE_COMMIT_MERGE, "2 parents" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

START_TEST(any_commit_of_the_range_counts)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.facts.commit_count = 3;
	scene.commits[1] = scene.commits[2] = scene.commits[0];
	scene.commits[1].id = scene_id(0x77);
	scene.commits[2].id = scene_id(0x78);
	scene_passes(&scene, "three good ones");
	scene.commits[1].message = "hidden";
	scene.commits[1].message_length = 6;
	scene_judge(&scene);
	ck_assert_uint_eq(scene.verdict.count, 2); /* message and sign-off */
	ck_assert(oid_equal(&scene.verdict.findings[0].commit, &scene.commits[1].id));
	scene_end(&scene);
}
END_TEST

START_TEST(sign_offs_are_read_as_people_write_them)
{
	static const struct {
		const char *message;
		bool good;
	} cases[] = {
		{ "a\n\nSigned-off-by: Alice <alice@example.org>", true },
		{ "a\n\nSigned-off-by: Alice <alice@example.org>\n\nmore\n", true },
		{ "a\n\nsigned-off-by: x <ALICE@example.org>  \n", true },
		{ "a\n\nSigned-off-by: <alice@example.org>\r\n", true },
		{ "Signed-off-by: Alice <alice@example.org>", true },
		{ "a\n\nSigned-off-by: Alice <xalice@example.org>", false },
		{ "a\n\nSigned-off-by: Alice alice@example.org", false },
		{ "a\n\nSigned-off-by: Alice <alice@example.org> no", false },
		{ "a\n\n > Signed-off-by: Alice <alice@example.org>", false },
		{ "a\n\nNot-Signed-off-by: Alice <alice@example.org>", false },
		{ "a\n\nSigned-off-by: \nAlice <alice@example.org>", false },
		{ "Signed-off-by:", false },
		{ "", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		scene_start(&scene);
		scene.commits_rule.signed_off = true;
		scene.rules[0].commits = &scene.commits_rule;
		set_message(&scene, cases[i].message);
		scene_judge(&scene);
		ck_assert_msg((scene.verdict.result == VERDICT_PASS) == cases[i].good,
			      "%s", cases[i].message);
		scene_end(&scene);
	}
}
END_TEST

START_TEST(the_committer_may_sign_off_but_nobody_without_an_address)
{
	struct scene scene;
	scene_start(&scene);
	scene.commits_rule.signed_off = true;
	scene.rules[0].commits = &scene.commits_rule;
	scene.commits[0].author.email = "guest@example.net";
	scene_passes(&scene, "signed off by the committer");
	scene.commits[0].author.email = "";
	scene.commits[0].committer.email = "";
	set_message(&scene, "a\n\nSigned-off-by: nobody <>\n");
	scene_fails(&scene, "an empty address", ERROR_RULE_COMMIT_SIGNED_OFF, "");
	scene_end(&scene);
}
END_TEST

START_TEST(mends_name_the_command_for_the_tip_and_for_older_commits)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	spoil_message(&scene);
	scene_fails(&scene, "tip", ERROR_RULE_COMMIT_MESSAGE, "");
	ck_assert_str_eq(scene.verdict.findings[0].mend, "reword it: git commit "
							 "--amend");
	scene.change.new_id = scene_id(0x99);
	scene_fails(&scene, "older", ERROR_RULE_COMMIT_MESSAGE, "");
	ck_assert_str_eq(scene.verdict.findings[0].mend, "reword it: git rebase -i "
							 "2222222222, with 'reword' "
							 "before "
							 "3333333333");
	scene_end(&scene);
}
END_TEST

UNIT_MAIN("policy commits", every_commit_is_judged, any_commit_of_the_range_counts,
	  sign_offs_are_read_as_people_write_them,
	  the_committer_may_sign_off_but_nobody_without_an_address,
	  mends_name_the_command_for_the_tip_and_for_older_commits)
