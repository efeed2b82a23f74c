/* tests/unit/test_model_policy.c - lookups in a policy, scopes of rules, the rows. */
#include "unit.h"

#include <string.h>

#include "model/policy.h"

static const char *alice_emails[] = { "alice@example.org" };
static struct principal_key alice_keys[] = {
	{ .fingerprint = "SHA256:a1" },
	{ .fingerprint = "SHA256:a2" },
};
static struct principal_key bob_keys[] = { { .fingerprint = "SHA256:b1" } };
static struct principal principals[] = {
	{ .name = "alice",
	  .emails = { alice_emails, 1, 1 },
	  .keys = alice_keys,
	  .key_count = 2 },
	{ .name = "bob", .keys = bob_keys, .key_count = 1 },
};
static const char *maintainers[] = { "alice" };
static struct group groups[] = { { .name = "maintainers",
				   .members = { maintainers, 1, 1 } } };
static struct revocation revocations[] = {
	{ .fingerprint = "SHA256:b1", .since = 2000 },
	{ .fingerprint = "SHA256:b1", .since = 1000 },
};
static const struct policy policy = {
	.principals = principals,
	.principal_count = 2,
	.groups = groups,
	.group_count = 1,
	.revocations = revocations,
	.revocation_count = 2,
};

START_TEST(principals_are_found_by_name_and_by_key)
{
	const struct principal_key *key = NULL;
	ck_assert_ptr_eq(policy_principal(&policy, "bob"), &principals[1]);
	ck_assert_ptr_null(policy_principal(&policy, "maintainers"));
	ck_assert_ptr_eq(policy_principal_by_key(&policy, "SHA256:a2", &key),
			 &principals[0]);
	ck_assert_ptr_eq(key, &alice_keys[1]);
	ck_assert_ptr_null(policy_principal_by_key(&policy, "SHA256:a", &key));
	ck_assert_ptr_null(policy_principal_by_key(&policy, NULL, NULL));
}
END_TEST

START_TEST(the_earliest_revocation_counts)
{
	ck_assert_int_eq(policy_revocation(&policy, "SHA256:b1")->since, 1000);
	ck_assert_ptr_null(policy_revocation(&policy, "SHA256:a1"));
	ck_assert_ptr_null(policy_revocation(&policy, NULL));
}
END_TEST

START_TEST(names_include_principals_and_members_of_groups)
{
	const char *by_group[] = { "maintainers" };
	const char *by_name[] = { "bob" };
	const struct strings group = { by_group, 1, 1 };
	const struct strings name = { by_name, 1, 1 };
	const struct strings nobody = { NULL, 0, 0 };
	ck_assert(policy_names_include(&policy, &group, "alice"));
	ck_assert(!policy_names_include(&policy, &group, "bob"));
	ck_assert(!policy_names_include(&policy, &group, "maintainers2"));
	ck_assert(policy_names_include(&policy, &name, "bob"));
	ck_assert(!policy_names_include(&policy, &name, "alice"));
	ck_assert(!policy_names_include(&policy, &nobody, "alice"));
}
END_TEST

START_TEST(globs_say_what_a_rule_speaks_about)
{
	const char *repositories[] = { "shop*" };
	const char *refs[] = { "refs/heads/main", "refs/heads/release/**" };
	const char *paths[] = { "deploy/**/*.yaml" };
	const struct rule all = { .name = "all" };
	const struct rule some = { .name = "some",
				   .on_repositories = { repositories, 1, 1 },
				   .on_refs = { refs, 2, 2 },
				   .on_paths = { paths, 1, 1 } };
	ck_assert(rule_applies(&all, "x", "refs/heads/y"));
	ck_assert(rule_covers(&all, "any/path"));
	ck_assert(rule_applies(&some, "shop", "refs/heads/main"));
	ck_assert(rule_applies(&some, "shop-web", "refs/heads/release/1/2"));
	ck_assert(!rule_applies(&some, "infra", "refs/heads/main"));
	ck_assert(!rule_applies(&some, "shop", "refs/heads/main2"));
	ck_assert(!rule_applies(&some, "shop", "refs/tags/main"));
	ck_assert(rule_applies(&some, NULL, NULL));
	ck_assert(rule_covers(&some, "deploy/a/b/c.yaml"));
	ck_assert(rule_covers(&some, "deploy/c.yaml"));
	ck_assert(!rule_covers(&some, "src/c.yaml"));
}
END_TEST

START_TEST(only_rules_that_apply_need_facts)
{
	const char *refs[] = { "refs/heads/main" };
	struct rule_refs refs_rule = { 0 };
	struct rule_signatures signatures_rule = { 0 };
	struct rule_schema schema_rule = { 0 };
	struct rule rules[] = {
		{ .name = "a", .refs = &refs_rule },
		{ .name = "b",
		  .on_refs = { refs, 1, 1 },
		  .signatures = &signatures_rule,
		  .schema = &schema_rule },
	};
	const struct policy with_rules = { .rules = rules, .rule_count = 2 };
	ck_assert_uint_eq(policy_facts_needed(&with_rules, "r", "refs/heads/x"),
			  FACTS_REF);
	ck_assert_uint_eq(policy_facts_needed(&with_rules, "r", "refs/heads/main"),
			  FACTS_REF | FACTS_COMMITS | FACTS_SIGNATURES |
				  FACTS_DOCUMENTS);
	ck_assert_uint_eq(policy_facts_needed(&policy, "r", "refs/heads/main"), 0);
}
END_TEST

START_TEST(the_rows_describe_the_structs)
{
	for (int kind = 0; kind < RULE_KIND_COUNT; kind++) {
		const struct rule_kind_row *row = &rule_kind_rows[kind];
		ck_assert_ptr_nonnull(row->name);
		ck_assert_uint_gt(row->option_count, 0);
		ck_assert_uint_ne(row->facts, 0);
		ck_assert_uint_lt(row->offset, sizeof(struct rule));
		for (size_t i = 0; i < row->option_count; i++)
			ck_assert_uint_lt(row->options[i].offset, row->size);
	}
	const struct rule_kind_row *files = &rule_kind_rows[RULE_KIND_files];
	ck_assert_str_eq(files->name, "files");
	ck_assert_str_eq(files->options[0].key, "max-size");
	ck_assert_str_eq(files->options[0].type, "SIZE");
	ck_assert_uint_eq(files->options[0].offset,
			  offsetof(struct rule_files, max_size));
	ck_assert_uint_eq(files->offset, offsetof(struct rule, files));
}
END_TEST

UNIT_MAIN("model policy", principals_are_found_by_name_and_by_key,
	  the_earliest_revocation_counts,
	  names_include_principals_and_members_of_groups,
	  globs_say_what_a_rule_speaks_about, only_rules_that_apply_need_facts,
	  the_rows_describe_the_structs)
