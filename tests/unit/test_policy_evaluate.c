/* tests/unit/test_policy_evaluate.c - evaluation fails closed: no rules, no facts, no
 * clock, malformed objects; rules of kind schema. */
#include "unit.h"

#include "policy_scene.h"

#include "base/limits.h"

static void prepare(struct scene *scene)
{
	scene->refs = (struct rule_refs){
		.create = true, .update = true, .remove = true, .force = true
	};
	scene->rules[0].refs = &scene->refs;
}

/* A rule of each kind, which the scene fulfils. */
static void prepare_all(struct scene *scene)
{
	static const char *by[] = { "alice" };
	prepare(scene);
	scene->files_rule.symlinks = "inside";
	scene->signatures.by = (struct strings){ by, 1, 1 };
	scene->rules[0].commits = &scene->commits_rule;
	scene->rules[0].files = &scene->files_rule;
	scene->rules[0].signatures = &scene->signatures;
	scene->rules[0].schema = &scene->schema;
}

static void spoil_rules(struct scene *scene)
{
	scene->policy.rule_count = 0;
}

static void spoil_kinds_of_rules(struct scene *scene)
{
	scene->rules[0].refs = NULL;
}

static void spoil_clock(struct scene *scene)
{
	scene->now = INT64_C(1793491199999999); /* just before 2026-11-01 */
}

static void spoil_receipt(struct scene *scene)
{
	scene->change.received_at = scene->now + 24 * SCENE_HOUR + 1;
}

static void spoil_no_receipt(struct scene *scene)
{
	scene->change.received_at = 0;
}

static void spoil_ids(struct scene *scene)
{
	scene->change.old_id = scene->change.new_id = (struct oid)OID_INIT;
}

static void spoil_ref(struct scene *scene)
{
	scene->change.ref = "refs/heads/-x";
}

static void spoil_commit(struct scene *scene)
{
	scene->commits[0] = (struct commit_fact){ .id = scene_id(SCENE_COMMIT),
						  .code = ERROR_SYNTAX,
						  .reason = "two 'tree' headers" };
}

static void spoil_path(struct scene *scene)
{
	scene->files[0].code = ERROR_UNSAFE_PATH;
}

static void spoil_orphan(struct scene *scene)
{
	scene->documents[0] = (struct document_fact){ .path = "a.yaml",
						      .code = ERROR_DUPLICATE_KEY,
						      .message = "a key stands twice" };
	scene->facts.document_count = 1;
}

START_TEST(the_gate_refuses_whatever_the_rules_say)
{
	static const struct scene_case cases[] = {
		{ "no rules", spoil_rules, ERROR_RULE_NONE, "guards nothing" },
		{ "rules without kinds", spoil_kinds_of_rules, ERROR_RULE_NONE,
		  "guards nothing" },
		{ "clock", spoil_clock, ERROR_RULE_CLOCK, "before this program" },
		{ "receipt", spoil_receipt, ERROR_RULE_CLOCK, "was received at" },
		{ "no receipt", spoil_no_receipt, ERROR_RULE_CLOCK, "was received at" },
		{ "ids", spoil_ids, ERROR_RULE_FACTS_MISSING, "neither" },
		{ "ref", spoil_ref, ERROR_UNSAFE_PATH, "'refs/heads/-x'" },
		{ "commit", spoil_commit, ERROR_SYNTAX, "two 'tree' headers" },
		{ "path", spoil_path, ERROR_UNSAFE_PATH, "unsafe path" },
		{ "orphan", spoil_orphan, ERROR_DUPLICATE_KEY, "stands twice" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

START_TEST(what_the_gate_refuses_is_no_warning)
{
	struct scene scene;
	scene_start(&scene);
	prepare_all(&scene);
	scene.rules[0].severity = SEVERITY_WARNING;
	scene_passes(&scene, "warn-only");
	spoil_commit(&scene);
	scene_fails(&scene, "malformed", ERROR_SYNTAX, "");
	ck_assert_str_eq(scene.verdict.findings[0].rule, "gitgate");
	ck_assert_ptr_null(scene.verdict.findings[0].kind);
	scene_end(&scene);
}
END_TEST

START_TEST(the_date_of_the_build_is_the_first_good_one)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.now = INT64_C(1793491200000000);
	scene.change.received_at = scene.now;
	scene_passes(&scene, "the date itself");
	scene.now = SCENE_TIME;
	scene.change.received_at = scene.now + 24 * SCENE_HOUR;
	scene_passes(&scene, "a clock that stepped back");
	scene_end(&scene);
}
END_TEST

START_TEST(a_ref_that_no_rule_speaks_about_passes)
{
	const char *refs[] = { "refs/heads/main" };
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.refs.update = false;
	scene.rules[0].on_refs = (struct strings){ refs, 1, 1 };
	scene_fails(&scene, "main", ERROR_RULE_REF_UPDATE, "");
	scene.change.ref = "refs/heads/topic";
	scene_passes(&scene, "topic");
	scene_end(&scene);
}
END_TEST

START_TEST(severity_decides_and_unknown_is_an_error)
{
	static const struct {
		enum severity severity;
		enum verdict_result result;
	} cases[] = {
		{ SEVERITY_ERROR, VERDICT_FAIL },
		{ SEVERITY_UNKNOWN, VERDICT_FAIL },
		{ SEVERITY_WARNING, VERDICT_PASS },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		scene_start(&scene);
		prepare(&scene);
		scene.refs.update = false;
		scene.rules[0].severity = cases[i].severity;
		scene_judge(&scene);
		ck_assert_int_eq(scene.verdict.result, cases[i].result);
		ck_assert_uint_eq(scene.verdict.count, 1);
		ck_assert_str_eq(scene.verdict.findings[0].rule, "the-rule");
		ck_assert_str_eq(scene.verdict.findings[0].kind, "refs");
		scene_end(&scene);
	}
}
END_TEST

START_TEST(facts_that_were_not_collected_refuse)
{
	static const struct {
		unsigned int kind;
		const char *rule;
		size_t findings;
	} cases[] = {
		{ FACTS_REF, "refs", 1 },
		{ FACTS_COMMITS, "commits", 2 }, /* signatures need them too */
		{ FACTS_SIGNATURES, "signatures", 1 },
		{ FACTS_FILES, "files", 1 },
		{ FACTS_DOCUMENTS, "schema", 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		scene_start(&scene);
		prepare_all(&scene);
		scene.rules[0].severity = SEVERITY_WARNING;
		scene_passes(&scene, cases[i].rule);
		scene.facts.kinds &= ~cases[i].kind;
		scene_judge(&scene);
		ck_assert_int_eq(scene.verdict.result, VERDICT_FAIL);
		ck_assert_uint_eq(scene.verdict.count, cases[i].findings);
		ck_assert_int_eq(scene.verdict.findings[0].code,
				 ERROR_RULE_FACTS_MISSING);
		ck_assert_ptr_nonnull(
			strstr(scene.verdict.findings[0].message, cases[i].rule));
		scene_end(&scene);
	}
}
END_TEST

START_TEST(deletions_are_judged_by_rules_of_refs_alone)
{
	struct scene scene;
	scene_start(&scene);
	prepare_all(&scene);
	scene.change.new_id = (struct oid){ .length = 20 };
	scene.facts = (struct facts){ .change = &scene.change, .kinds = FACTS_REF };
	scene_passes(&scene, "a deletion");
	scene.refs.remove = false;
	scene_fails(&scene, "forbidden", ERROR_RULE_REF_DELETE, "");
	scene.facts.kinds = 0;
	scene_fails(&scene, "no facts", ERROR_RULE_FACTS_MISSING, "");
	scene_end(&scene);
}
END_TEST

START_TEST(without_a_change_there_is_no_verdict)
{
	struct scene scene;
	struct error err = ERROR_INIT;
	scene_start(&scene);
	prepare(&scene);
	scene.facts.change = NULL;
	ck_assert_int_eq(policy_evaluate(&scene.policy, &scene.facts, scene.now,
					 &scene.verdict, &err),
			 ERROR_INTERNAL);
	ck_assert_int_eq(scene.verdict.result, VERDICT_UNKNOWN);
	scene_end(&scene);
}
END_TEST

static void judge_files(struct scene *scene, enum verdict_result result, size_t count)
{
	verdict_release(&scene->verdict);
	ck_assert_int_eq(policy_evaluate_files(&scene->policy, &scene->facts,
					       scene->now, &scene->verdict, NULL),
			 0);
	ck_assert_int_eq(scene->verdict.result, result);
	ck_assert_uint_eq(scene->verdict.count, count);
}

START_TEST(files_alone_are_judged_by_rules_that_need_no_commits)
{
	const char *refs[] = { "refs/heads/never" };
	struct scene scene;
	scene_start(&scene);
	prepare_all(&scene);
	scene.refs.update = false;
	scene.rules[0].on_refs = (struct strings){ refs, 1, 1 };
	scene.facts.change = NULL;
	scene.facts.commit_count = 0;
	scene.facts.kinds = FACTS_FILES | FACTS_DOCUMENTS;
	judge_files(&scene, VERDICT_PASS, 0);
	scene.files_rule.max_size = 1;
	judge_files(&scene, VERDICT_FAIL, 1);
	scene.facts.kinds = FACTS_DOCUMENTS;
	judge_files(&scene, VERDICT_FAIL, 1);
	ck_assert_int_eq(scene.verdict.findings[0].code, ERROR_RULE_FACTS_MISSING);
	scene.facts.change = &scene.change;
	verdict_release(&scene.verdict);
	ck_assert_int_eq(policy_evaluate_files(&scene.policy, &scene.facts, scene.now,
					       &scene.verdict, NULL),
			 ERROR_INTERNAL);
	ck_assert_int_eq(scene.verdict.result, VERDICT_UNKNOWN);
	scene_end(&scene);
}
END_TEST

/* --- schema --- */

static void prepare_schema(struct scene *scene)
{
	scene->rules[0].schema = &scene->schema;
	scene->rules[0].name = "manifests";
}

static void spoil_document(struct scene *scene)
{
	scene->documents[0] = (struct document_fact){ .rule = &scene->rules[0],
						      .path = "deploy/web/app.yaml",
						      .code = ERROR_SYNTAX,
						      .message = "expected a mapping, "
								 "got a sequence",
						      .mend = "indent it",
						      .line = 12,
						      .column = 7 };
	scene->facts.document_count = 1;
}

static void spoil_document_without_words(struct scene *scene)
{
	spoil_document(scene);
	scene->documents[0].code = 0;
	scene->documents[0].message = NULL;
}

START_TEST(what_is_wrong_with_documents_is_found)
{
	static const struct scene_case cases[] = {
		{ "document", spoil_document, ERROR_SYNTAX, "expected a mapping" },
		{ "no code", spoil_document_without_words, ERROR_INTERNAL, "" },
	};
	SCENE_RUN(cases, prepare_schema);
}
END_TEST

START_TEST(findings_of_documents_keep_their_place_and_their_rule)
{
	struct scene scene;
	scene_start(&scene);
	prepare_schema(&scene);
	scene.rules[1] = scene.rules[0];
	scene.rules[1].name = "other";
	scene.rules[1].severity = SEVERITY_WARNING;
	scene.policy.rule_count = 2;
	spoil_document(&scene);
	scene.documents[1] = scene.documents[0];
	scene.documents[1].rule = &scene.rules[1];
	scene.facts.document_count = 2;
	scene_judge(&scene);
	ck_assert_uint_eq(scene.verdict.count, 2);
	ck_assert_uint_eq(scene.verdict.errors, 1);
	ck_assert_uint_eq(scene.verdict.warnings, 1);
	const struct finding *finding = &scene.verdict.findings[0];
	ck_assert_str_eq(finding->rule, "manifests");
	ck_assert_str_eq(finding->kind, "schema");
	ck_assert_str_eq(finding->path, "deploy/web/app.yaml");
	ck_assert_uint_eq(finding->line, 12);
	ck_assert_uint_eq(finding->column, 7);
	ck_assert_str_eq(finding->mend, "indent it");
	ck_assert_str_eq(scene.verdict.findings[1].rule, "other");
	scene_end(&scene);
}
END_TEST

/* --- evaluation as a function --- */

START_TEST(equal_facts_give_equal_verdicts)
{
	struct scene scene;
	struct verdict again = { 0 };
	scene_start(&scene);
	prepare_all(&scene);
	scene.refs.update = false;
	spoil_document(&scene);
	scene_judge(&scene);
	ck_assert_int_eq(
		policy_evaluate(&scene.policy, &scene.facts, scene.now, &again, NULL),
		0);
	ck_assert_uint_eq(again.count, scene.verdict.count);
	ck_assert(digest_equal(&again.policy, &scene.policy.digest));
	for (size_t i = 0; i < again.count; i++)
		ck_assert_str_eq(again.findings[i].message,
				 scene.verdict.findings[i].message);
	verdict_release(&again);
	scene_end(&scene);
}
END_TEST

START_TEST(a_flood_of_findings_is_counted_and_fails)
{
	enum { COUNT = 3000 };
	static struct commit_fact commits[COUNT];
	struct scene scene;
	scene_start(&scene);
	prepare_all(&scene);
	for (size_t i = 0; i < COUNT; i++) {
		commits[i] = scene.commits[0];
		commits[i].signature.status = SIGNATURE_NONE;
	}
	scene.facts.commits = commits;
	scene.facts.commit_count = COUNT;
	scene_judge(&scene);
	ck_assert_int_eq(scene.verdict.result, VERDICT_FAIL);
	ck_assert_uint_eq(scene.verdict.count, limits_default.values[LIMIT_FINDINGS]);
	ck_assert_uint_eq(scene.verdict.errors, COUNT);
	ck_assert_uint_eq(scene.verdict.dropped,
			  COUNT - limits_default.values[LIMIT_FINDINGS]);
	scene_end(&scene);
}
END_TEST

UNIT_MAIN("policy evaluate", the_gate_refuses_whatever_the_rules_say,
	  what_the_gate_refuses_is_no_warning,
	  the_date_of_the_build_is_the_first_good_one,
	  a_ref_that_no_rule_speaks_about_passes,
	  severity_decides_and_unknown_is_an_error,
	  facts_that_were_not_collected_refuse,
	  deletions_are_judged_by_rules_of_refs_alone,
	  without_a_change_there_is_no_verdict,
	  files_alone_are_judged_by_rules_that_need_no_commits,
	  what_is_wrong_with_documents_is_found,
	  findings_of_documents_keep_their_place_and_their_rule,
	  equal_facts_give_equal_verdicts, a_flood_of_findings_is_counted_and_fails)
