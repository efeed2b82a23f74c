/* tests/unit/test_conf_editor_schema.c - the schemas for editors: they take what the
 * parser takes, refuse what people get wrong, and explain every key. (All that
 * test_conf_policy.c and test_conf_config.c load is taken, too.) */
#include "unit.h"

#include "base/path.h"
#include "conf/policy_parse.h"
#include "conf_fixture.h"
#include "editors.h"

#define ALICE "principals: {alice: {ssh: '" ALICE_KEY "'}}\n"

/* --- texts --- */

static char *read_source(const char *name)
{
	const char *top = getenv("GITGATE_SOURCE");
	char *path = path_join(top == NULL ? "." : top, name);
	struct buf text = BUF_INIT(1u << 20);
	struct error err = ERROR_INIT;
	ck_assert_msg(buf_read_file(&text, path, &err) == 0, "%s", err.text);
	free(path);
	return buf_detach(&text, NULL);
}

/* With every option that is commented. */
static void uncomment(char *text)
{
	char *to = text;
	bool start = true;
	for (const char *from = text; *from != '\0'; from++) {
		if (!(start && *from == '#'))
			*to++ = *from;
		start = *from == '\n';
	}
	*to = '\0';
}

START_TEST(samples_are_taken)
{
	static const struct {
		const char *name;
		bool server;
		bool commented;
	} samples[] = {
		{ "etc/gitgate.yaml.sample", true, true },
		{ "etc/gitgate-policy.yaml.sample", false, true },
		{ "etc/gitgate.yaml.minimal", true, false },
		{ "etc/gitgate.yaml.github", true, false },
		{ "etc/gitgate.yaml.github-app", true, false },
		{ "etc/gitgate.yaml.gitlab", true, false },
		{ "etc/gitgate.yaml.gitea", true, false },
		{ "etc/gitgate.yaml.bitbucket-cloud", true, false },
		{ "etc/gitgate.yaml.bitbucket-server", true, false },
	};
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char *text = read_source(samples[i].name);
		editors_must_take(text, samples[i].server);
		if (samples[i].commented) {
			uncomment(text);
			editors_must_take(text, samples[i].server);
		}
		free(text);
	}
}
END_TEST

/* --- mistakes --- */

static int load_none(void *data, const char *name, struct policy_file *out,
		     struct error *err)
{
	(void)data;
	*out = (struct policy_file){ name, "{}", 2 };
	(void)err;
	return 0;
}

static bool policy_takes(const char *text)
{
	const struct policy_loader loader = { load_none, NULL, NULL, NULL };
	const struct policy_file file = { ".gitgate.yaml", text, strlen(text) };
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(policy_new(&policy, &err), 0);
	int code = policy_add_repository(policy, &file, &loader, &err);
	if (code == 0)
		code = policy_finish(policy, &err);
	policy_free(policy);
	return code == 0;
}

static bool configuration_takes(const char *text)
{
	struct fixture fixture = fixture_new(text);
	struct config *config = NULL;
	struct error err = ERROR_INIT;
	int code = config_load(&config, fixture.file, &err);
	if (code == 0)
		config_free(config);
	fixture_free(&fixture);
	return code == 0;
}

/* What is wrong, and the twin that is right. */
static const struct {
	const char *wrong;
	const char *right;
} policies[] = {
	{ "rulse: []\n", "rules: []\n" },
	{ "version: 2\n", "version: 1\n" },
	{ "version: '1'\n", "version: 1\n" },
	{ "warn-only: sometimes\n", "warn-only: true\n" },
	{ "rules: {name: a, files: {}}\n", "rules: [{name: a, files: {}}]\n" },
	{ "rules: [{files: {}}]\n", "rules: [{name: a, files: {}}]\n" },
	{ "rules: [{name: a, file: {}}]\n", "rules: [{name: a, files: {}}]\n" },
	{ "rules: [{name: a, files: }]\n", "rules: [{name: a, files: {}}]\n" },
	{ "rules: [{name: a, files: {max-sise: 5}}]\n", "rules: [{name: a, files: "
							"{max-size: 5}}]\n" },
	{ "rules: [{name: a, files: {max-size: 5MB}}]\n", "rules: [{name: a, files: "
							  "{max-size: 5MiB}}]\n" },
	{ "rules: [{name: a, files: {max-size: -1}}]\n", "rules: [{name: a, files: "
							 "{max-size: 1}}]\n" },
	{ "rules: [{name: a, severity: warning, files: {}}]\n", "rules: [{name: a, "
								"severity: warn, "
								"files: {}}]\n" },
	{ "rules: [{name: a, paths: 5, files: {}}]\n", "rules: [{name: a, paths: '5', "
						       "files: {}}]\n" },
	{ "rules: [{name: a, paths: [''], files: {}}]\n", "rules: [{name: a, paths: "
							  "['*'], files: {}}]\n" },
	{ "rules: [{name: a, repositories: [x], files: {}}]\n", "rules: [{name: a, "
								"refs: [refs/heads/x], "
								"files: {}}]\n" },
	{ "rules: [{name: a, commits: {linear: 1}}]\n", "rules: [{name: a, commits: "
							"{linear: true}}]\n" },
	{ "rules: [{name: a, schema: {file: [x]}}]\n", "rules: [{name: a, schema: "
						       "{file: x.json}}]\n" },
	{ "rules: [{name: a, refs: {force: x}}]\n", "rules: [{name: a, refs: {only: "
						    "[refs/heads/x]}}]\n" },
	{ "principals: [alice]\n", ALICE },
	{ "principals: {a: {emial: x@example.org}}\n", "principals: {a: {email: "
						       "x@example.org}}\n" },
	{ "principals: {a: {ssh: 5}}\n", ALICE },
	{ "principals: {a: {x509: {mail: x@example.org}}}\n", "principals: {a: {x509: "
							      "{email: "
							      "x@example.org}}}\n" },
	{ "principals: {a: {ssh: {valid-after: 2026-11-21}}}\n", ALICE },
	{ ALICE "groups: [alice]\n", ALICE "groups: {all: [alice]}\n" },
	{ ALICE "groups: {all: {alice: 1}}\n", ALICE "groups: {all: alice}\n" },
	{ "waivers: {by: [alice]}\n", ALICE },
	{ "revoked-keys: {ssh: x}\n", "revoked-keys: []\n" },
};

static const struct {
	const char *wrong;
	const char *right;
} configurations[] = {
	{ "stroe: /x\n", "store: /x\n" },
	{ "workers: many\n", "workers: 3\n" },
	{ "workers: 65\n", "workers: 64\n" },
	{ "poll: 300\n", "poll: 300s\n" },
	{ "log-level: loud\n", "log-level: debug\n" },
	{ "limits: {yaml.dept: 5}\n", "limits: {yaml.depth: 5}\n" },
	{ "repositories: {a: {pth: /x}}\n", "repositories: {a: {path: /x}}\n" },
	{ "repositories: [a]\n", "repositories: {}\n" },
	{ "sources: {a: {kind: sourceforge}}\n", "sources: {}\n" },
	{ "sources: {a: {sekrets-file: x}}\n", "sources: {}\n" },
	{ "targets: {a: {drift: {mode: later}}}\n", "targets: {}\n" },
	{ "rules: [{files: {}}]\n", "rules: [{name: a, files: {}}]\n" },
	{ "waivers: {rules: ['*']}\n", ALICE "waivers: {by: [alice]}\n" },
};

START_TEST(typical_mistakes_are_refused_by_both)
{
	struct editors_sink heard;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const char *wrong = policies[i].wrong, *right = policies[i].right;
		ck_assert_msg(!policy_takes(wrong), "%s", wrong);
		ck_assert_msg(!editors_take(wrong, false, &heard), "%s", wrong);
		ck_assert_msg(policy_takes(right), "%s", right);
		editors_must_take(right, false);
	}
	for (size_t i = 0; i < sizeof(configurations) / sizeof(configurations[0]);
	     i++) {
		const char *wrong = configurations[i].wrong;
		const char *right = configurations[i].right;
		ck_assert_msg(!configuration_takes(wrong), "%s", wrong);
		ck_assert_msg(!editors_take(wrong, true, &heard), "%s", wrong);
		ck_assert_msg(configuration_takes(right), "%s", right);
		editors_must_take(right, true);
	}
}
END_TEST

/* --- what is shown at a key --- */

/* Every member that some object may have. */
static size_t count_members(const struct node *schema, const char *path)
{
	size_t count = 0;
	if (node_kind(schema) == NODE_SEQUENCE)
		for (size_t i = 0; i < node_count(schema); i++)
			count += count_members(node_item(schema, i), path);
	if (node_kind(schema) != NODE_MAPPING)
		return count;
	const struct node *members = node_get(schema, "properties");
	for (size_t i = 0; i < node_count(members); i++) {
		const char *key = node_text(node_key(members, i), NULL);
		size_t length = 0;
		node_text(node_get(node_item(members, i), "description"), &length);
		ck_assert_msg(length > 5, "'%s' below '%s' has no description", key,
			      path);
		count++;
	}
	for (size_t i = 0; i < node_count(schema); i++)
		count += count_members(node_item(schema, i),
				       node_text(node_key(schema, i), NULL));
	return count;
}

START_TEST(every_key_is_explained)
{
	static void (*const schemas[])(struct buf *) = { config_write_schema,
							 config_write_policy_schema };
	size_t counts[2];
	for (int i = 0; i < 2; i++) {
		struct arena *arena = arena_new(1u << 24);
		struct buf out = BUF_INIT(1u << 22);
		schemas[i](&out);
		counts[i] = count_members(editors_read(arena, DOC_JSON, out.data), "");
		buf_release(&out);
		arena_free(arena);
	}
	ck_assert_uint_gt(counts[1], 80);
	ck_assert_uint_gt(counts[0], counts[1] + LIMIT_COUNT);
}
END_TEST

UNIT_MAIN("conf/editor schema", samples_are_taken, typical_mistakes_are_refused_by_both,
	  every_key_is_explained)
