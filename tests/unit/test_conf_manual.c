/* tests/unit/test_conf_manual.c - every option and rule stands in samples and manuals,
 * with the same default.
 *
 * GITGATE_UPDATE=1 writes the generated parts anew. */
#include "base/arena.h"
#include "base/limits.h"
#include "conf/config.h"
#include "conf/options.h"
#include "conf_bundle.h"
#include "conf_fixture.h"
#include "doc/doc.h"

#define TEXT_BYTES (1u << 20)
#define BEGIN      ".\\\" begin generated\n"
#define END        ".\\\" end generated\n"

static char *source_path(const char *name)
{
	const char *top = getenv("GITGATE_SOURCE");
	return path_join(top == NULL ? "." : top, name);
}

static char *read_source(const char *name)
{
	char *path = source_path(name);
	struct buf text = BUF_INIT(TEXT_BYTES);
	struct error err = ERROR_INIT;
	ck_assert_msg(buf_read_file(&text, path, &err) == 0, "%s", err.text);
	free(path);
	return buf_detach(&text, NULL);
}

static bool updating(void)
{
	const char *update = getenv("GITGATE_UPDATE");
	return update != NULL && strcmp(update, "1") == 0;
}

static void update_source(const char *name, const char *text)
{
	char *path = source_path(name);
	struct error err = ERROR_INIT;
	ck_assert_msg(path_write_atomic(path, text, strlen(text), 0644, &err) == 0,
		      "%s", err.text);
	free(path);
}

static char *generated(void (*write)(struct buf *out))
{
	struct buf out = BUF_INIT(TEXT_BYTES);
	write(&out);
	ck_assert_int_eq(out.failed, 0);
	return buf_detach(&out, NULL);
}

static const struct {
	const char *name;
	void (*write)(struct buf *out);
} samples[] = {
	{ "etc/gitgate.yaml.sample", config_write_sample },
	{ "etc/gitgate-policy.yaml.sample", config_write_policy_sample },
};

START_TEST(samples_are_what_the_tables_write)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char *expected = generated(samples[i].write);
		if (updating())
			update_source(samples[i].name, expected);
		char *found = read_source(samples[i].name);
		ck_assert_msg(strcmp(found, expected) == 0,
			      "'%s' is old; write it anew with GITGATE_UPDATE=1",
			      samples[i].name);
		free(expected);
		free(found);
	}
}
END_TEST

static const struct {
	const char *name;
	void (*write)(struct buf *out);
} manuals[] = {
	{ "doc/gitgate.yaml.5", config_write_manual },
	{ "doc/gitgate-policy.5", config_write_rules_manual },
};

static void update_manual(const char *name, const char *text)
{
	char *old = read_source(name);
	char *begin = strstr(old, BEGIN);
	char *end = strstr(old, END);
	ck_assert(begin != NULL && end != NULL && begin < end);
	struct buf out = BUF_INIT(TEXT_BYTES);
	buf_add(&out, old, (size_t)(begin - old) + strlen(BEGIN));
	buf_add_string(&out, text);
	buf_add_string(&out, end);
	update_source(name, out.data);
	buf_release(&out);
	free(old);
}

START_TEST(manuals_hold_what_the_tables_write)
{
	for (size_t i = 0; i < sizeof(manuals) / sizeof(manuals[0]); i++) {
		char *expected = generated(manuals[i].write);
		if (updating())
			update_manual(manuals[i].name, expected);
		char *found = read_source(manuals[i].name);
		const char *begin = strstr(found, BEGIN);
		ck_assert_ptr_nonnull(begin);
		begin += strlen(BEGIN);
		ck_assert_msg(strncmp(begin, expected, strlen(expected)) == 0 &&
				      strncmp(begin + strlen(expected), END,
					      strlen(END)) == 0,
			      "'%s' is old; write it anew with GITGATE_UPDATE=1",
			      manuals[i].name);
		free(expected);
		free(found);
	}
}
END_TEST

/* The file without the first '#' of each line. */
static char *uncommented(const char *name)
{
	char *text = read_source(name);
	char *to = text;
	bool start = true;
	for (const char *from = text; *from != '\0'; from++) {
		if (!(start && *from == '#'))
			*to++ = *from;
		start = *from == '\n';
	}
	*to = '\0';
	return text;
}

/* Every line that holds the text, out. */
static void drop_lines(char *text, const char *with)
{
	char *found;
	while ((found = strstr(text, with)) != NULL) {
		char *start = found;
		while (start > text && start[-1] != '\n')
			start--;
		char *end = strchr(found, '\n') + 1;
		memmove(start, end, strlen(end) + 1);
	}
}

static const struct node *parse(struct arena *arena, const char *text)
{
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	ck_assert_msg(docs_parse(&docs, arena, DOC_YAML, text, strlen(text),
				 &limits_default, &problem) == 0,
		      "line %u: %s", problem.line, problem.message);
	ck_assert_uint_eq(docs.count, 1);
	return docs.roots[0];
}

static void expect_default(const struct node *node, const char *key, const char *value)
{
	const struct node *found = node_get(node, key);
	ck_assert_msg(found != NULL, "'%s' is not in the sample", key);
	if (node_kind(found) == NODE_SEQUENCE)
		found = node_item(found, 0);
	if (value[0] != '\0')
		ck_assert_str_eq(node_text(found, NULL), value);
}

static void expect_section(const struct node *node, enum option_section_id id)
{
	const struct option_section *section = &option_sections[id];
	for (size_t i = 0; i < section->count; i++)
		expect_default(node, section->rows[i].key, section->rows[i].value);
}

static const struct node *rule_named(const struct node *root, const char *kind)
{
	const struct node *rules = node_get(root, "rules");
	char name[64];
	snprintf(name, sizeof(name), "sample-%s", kind);
	for (size_t i = 0; i < node_count(rules); i++) {
		const struct node *rule = node_item(rules, i);
		if (strcmp(node_text(node_get(rule, "name"), NULL), name) == 0)
			return rule;
	}
	ck_abort_msg("no rule '%s' in the sample", name);
	return NULL;
}

static void expect_rules(const struct node *root)
{
	for (int i = 0; i < RULE_KIND_COUNT; i++) {
		const struct rule_kind_row *kind = &rule_kind_rows[i];
		const struct node *block =
			node_get(rule_named(root, kind->name), kind->name);
		for (size_t k = 0; k < kind->option_count; k++)
			expect_default(block, kind->options[k].key,
				       kind->options[k].value);
	}
}

START_TEST(the_sample_names_every_option_and_its_default)
{
	struct arena *arena = arena_new(1u << 24);
	char *text = uncommented("etc/gitgate.yaml.sample");
	const struct node *root = parse(arena, text);
	const struct node *repository = node_get(node_get(root, "repositories"), "sho"
										 "p");
	const struct node *target = node_get(node_get(root, "targets"), "shop-web");
	expect_section(root, OPTION_SECTION_server);
	expect_section(node_get(root, "sandbox"), OPTION_SECTION_sandbox);
	expect_section(node_get(node_get(root, "sources"), "forge"),
		       OPTION_SECTION_source);
	expect_section(repository, OPTION_SECTION_repository);
	expect_section(target, OPTION_SECTION_target);
	expect_section(node_get(target, "directory"), OPTION_SECTION_directory);
	expect_section(node_get(target, "drift"), OPTION_SECTION_drift);
	const struct node *limits = node_get(root, "limits");
	for (int i = 0; i < LIMIT_COUNT; i++)
		expect_default(limits, limit_name((enum limit)i), "");
	expect_rules(root);
	free(text);
	text = uncommented("etc/gitgate-policy.yaml.sample");
	expect_rules(parse(arena, text));
	free(text);
	arena_free(arena);
}
END_TEST

/* Whatever stands in a manual's head line of an option: its key in bold. */
START_TEST(the_manuals_name_every_option)
{
	char *manual = read_source("doc/gitgate.yaml.5");
	char *policy = read_source("doc/gitgate-policy.5");
	for (int id = 0; id < OPTION_SECTION_COUNT; id++)
		for (size_t i = 0; i < option_sections[id].count; i++) {
			struct buf key = BUF_INIT(256);
			buf_add_string(&key, ".TP\n\\fB");
			for (const char *at = option_sections[id].rows[i].key;
			     *at != '\0'; at++)
				buf_addf(&key, "%s%c", *at == '-' ? "\\" : "", *at);
			buf_add_string(&key, "\\fR");
			ck_assert_msg(strstr(manual, key.data) != NULL,
				      "'%s' is not in the manual", key.data);
			buf_release(&key);
		}
	for (int i = 0; i < RULE_KIND_COUNT; i++) {
		char head[64];
		snprintf(head, sizeof(head), ".SS %s\n", rule_kind_rows[i].name);
		ck_assert_ptr_nonnull(strstr(policy, head));
	}
	free(manual);
	free(policy);
}
END_TEST

static void write_named_files(const struct fixture *fixture)
{
	fixture_write(fixture, "schemas/app.json", "{\"type\": \"object\"}");
	fixture_write_bundle(fixture);
	fixture_write(fixture, "revoked-keys", "# none\n");
	fixture_write(fixture, "allowed-signers", "# none\n");
}

START_TEST(samples_load_as_they_are_and_uncommented)
{
	char *text = read_source("etc/gitgate.yaml.sample");
	struct fixture fixture = fixture_new(text);
	struct config *config = NULL;
	struct error err = ERROR_INIT;
	write_named_files(&fixture);
	ck_assert_msg(config_load(&config, fixture.file, &err) == 0, "%s", err.text);
	config_free(config);
	free(text);

	text = uncommented("etc/gitgate.yaml.sample");
	/* What excludes each other in a working file. */
	drop_lines(text, "    path: /srv/git/");
	drop_lines(text, "ssh-key-file:");
	drop_lines(text, "known-hosts-file:");
	drop_lines(text, "app-key-file:");
	/* It is of no bundle. */
	drop_lines(text, "kubernetes-digest:");
	fixture_write(&fixture, "gitgate.yaml", text);
	ck_assert_msg(config_load(&config, fixture.file, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(config->target_count, CONF_TARGET_COUNT - 1);
	config_free(config);
	free(text);

	text = read_source("etc/gitgate.yaml.minimal");
	fixture_write(&fixture, "gitgate.yaml", text);
	ck_assert_msg(config_load(&config, fixture.file, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(config->target_count, 1);
	config_free(config);
	free(text);
	fixture_free(&fixture);
}
END_TEST

static const struct {
	const char *name;
	const char *kind;
} forge_samples[] = {
	{ "etc/gitgate.yaml.github", "github" },
	{ "etc/gitgate.yaml.github-app", "github" },
	{ "etc/gitgate.yaml.gitlab", "gitlab" },
	{ "etc/gitgate.yaml.gitea", "gitea" },
	{ "etc/gitgate.yaml.bitbucket-cloud", "bitbucket-cloud" },
	{ "etc/gitgate.yaml.bitbucket-server", "bitbucket-server" },
};

/* Sources and repositories of the sample, as README shows them: set off by 4 blanks. */
static void expect_in_readme(const char *readme, const char *sample, const char *name)
{
	struct buf shown = BUF_INIT(TEXT_BYTES);
	const char *from = strstr(sample, "sources:\n");
	ck_assert_ptr_nonnull(from);
	const char *to = strstr(from, "\n\n") + 1;
	while (from < to) {
		size_t length = strcspn(from, "\n") + 1;
		buf_add_string(&shown, "    ");
		buf_add(&shown, from, length);
		from += length;
	}
	ck_assert_msg(strstr(readme, shown.data) != NULL,
		      "'%s' and README.md are not the same", name);
	buf_release(&shown);
}

START_TEST(samples_of_forges_load_and_stand_in_the_readme)
{
	char *readme = read_source("README.md");
	for (size_t i = 0; i < sizeof(forge_samples) / sizeof(forge_samples[0]); i++) {
		const char *name = forge_samples[i].name;
		char *text = read_source(name);
		struct fixture fixture = fixture_new(text);
		struct config *config = NULL;
		struct error err = ERROR_INIT;
		ck_assert_msg(config_load(&config, fixture.file, &err) == 0, "%s: %s",
			      name, err.text);
		ck_assert_uint_eq(config->source_count, 1);
		ck_assert_str_eq(config->sources[0].options.kind,
				 forge_samples[i].kind);
		ck_assert_str_eq(config->repositories[0].options.source,
				 config->sources[0].name);
		expect_in_readme(readme, text, name);
		config_free(config);
		fixture_free(&fixture);
		free(text);
	}
	free(readme);
}
END_TEST

static int load_sample_file(void *data, const char *name, struct policy_file *out,
			    struct error *err)
{
	const struct buf *bundle = data;
	(void)err;
	*out = (struct policy_file){ name, "", 0 };
	if (strcmp(name, BUNDLE_NAME) == 0)
		*out = (struct policy_file){ name, bundle->data, bundle->length };
	if (strcmp(name, "schemas/app.json") == 0)
		*out = (struct policy_file){ name, "{}", 2 };
	return 0;
}

START_TEST(the_policy_sample_loads_as_it_is_and_uncommented)
{
	struct buf bundle = conf_bundle();
	const struct policy_loader loader = { load_sample_file, &bundle, NULL, NULL };
	for (int i = 0; i < 2; i++) {
		char *text = i == 0 ? read_source("etc/gitgate-policy.yaml.sample")
				    : uncommented("etc/gitgate-policy.yaml.sample");
		drop_lines(text, "kubernetes-digest:");
		struct policy_file file = { ".gitgate.yaml", text, strlen(text) };
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_int_eq(policy_new(&policy, &err), 0);
		ck_assert_msg(policy_add_repository(policy, &file, &loader, &err) == 0,
			      "%s", err.text);
		ck_assert_msg(policy_finish(policy, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(policy->rule_count, i == 0 ? 0 : RULE_KIND_COUNT + 1);
		policy_free(policy);
		free(text);
	}
	buf_release(&bundle);
}
END_TEST

UNIT_MAIN("conf/manual", samples_are_what_the_tables_write,
	  manuals_hold_what_the_tables_write,
	  the_sample_names_every_option_and_its_default, the_manuals_name_every_option,
	  samples_load_as_they_are_and_uncommented,
	  samples_of_forges_load_and_stand_in_the_readme,
	  the_policy_sample_loads_as_it_is_and_uncommented)
