/* conf/policy_rules.c - the rules of a policy, read by the rows of model/rules.def. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pattern.h"
#include "conf/names.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"

/* What stands beside the kinds under a rule. `refs` is a scope as a list and a kind as
 * a mapping; a rule that needs both writes the scope as `only` inside the mapping. */
static const char *const scopes[] = { "name", "severity", "refs", "paths",
				      "repositories" };
#define SCOPE_COUNT   (sizeof(scopes) / sizeof(scopes[0]))
#define SCOPE_IN_KIND "only"

static struct option_row row_of(const struct rule_option_row *row)
{
	return (struct option_row){ .type = value_type_by_name(row->type),
				    .key = row->key,
				    .value = row->value,
				    .unit = "",
				    .help = row->help,
				    .offset = row->offset };
}

/* The pattern is the policy's: policy_free() frees it. */
static int read_pattern(const struct addition *addition, const struct node *node,
			const char *what, struct pattern **out, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	struct error cause = ERROR_INIT;
	const char *text = NULL;
	int code = reader_string(addition->reader, node, what, &text, err);
	if (code != 0)
		return code;
	struct pattern **slot =
		ARENA_PUSH(builder->policy.arena, &builder->patterns,
			   &builder->pattern_count, &builder->pattern_capacity);
	if (slot == NULL)
		return reader_no_memory(addition->reader, err);
	code = pattern_new(slot, text, &cause);
	if (code != 0)
		return reader_fail_code(addition->reader, node, code, err, "'%s': %s",
					what, cause.text);
	*out = *slot;
	return 0;
}

static int read_names(const struct addition *addition, const struct node *node,
		      const struct option_row *row, struct strings *out,
		      struct error *err)
{
	struct strings names = { 0 };
	int code = reader_strings(addition->reader, node, row->key, &names, err);
	for (size_t i = 0; code == 0 && i < names.count; i++)
		code = builder_use_name(addition, reader_strings_node(node, i),
					names.items[i], err);
	if (code == 0)
		*out = names;
	return code;
}

static int read_option(const struct addition *addition, const struct node *node,
		       const struct option_row *row, void *field, struct error *err)
{
	if (row->type == VALUE_PATTERN)
		return read_pattern(addition, node, row->key, field, err);
	if (row->type == VALUE_NAMES)
		return read_names(addition, node, row, field, err);
	return reader_value(addition->reader, node, row, field, err);
}

static int check_option_names(const struct addition *addition, const struct node *node,
			      const struct rule_kind_row *kind, struct error *err)
{
	const char *names[32];
	size_t count = 0;
	for (size_t i = 0; i < kind->option_count && count < 31; i++)
		names[count++] = kind->options[i].key;
	if (strcmp(kind->name, "refs") == 0)
		names[count++] = SCOPE_IN_KIND;
	char what[64] = "option of '";
	strncat(what, kind->name, 40);
	strncat(what, "':", 3);
	return reader_known_keys(addition->reader, node, what, names, count, err);
}

static int read_kind(const struct addition *addition, const struct node *node,
		     const struct rule_kind_row *kind, struct rule *rule,
		     struct error *err)
{
	char *block = arena_alloc(addition->reader->arena, kind->size);
	if (block == NULL)
		return reader_no_memory(addition->reader, err);
	int code = reader_mapping(addition->reader, node, kind->name, err);
	if (code == 0)
		code = check_option_names(addition, node, kind, err);
	for (size_t i = 0; code == 0 && i < kind->option_count; i++) {
		struct option_row row = row_of(&kind->options[i]);
		const struct node *value = node_get(node, row.key);
		if (value_default(addition->reader->arena, &row, block + row.offset) !=
		    0)
			code = reader_no_memory(addition->reader, err);
		else if (value != NULL)
			code = read_option(addition, value, &row, block + row.offset,
					   err);
	}
	if (code == 0)
		memcpy((char *)rule + kind->offset, &block, sizeof(block));
	return code;
}

static bool is_kind(const char *key, const struct node *node)
{
	return strcmp(key, "refs") != 0 || node_kind(node) == NODE_MAPPING;
}

static int read_kinds(const struct addition *addition, const struct node *node,
		      struct rule *rule, struct error *err)
{
	size_t found = 0;
	for (int i = 0; i < RULE_KIND_COUNT; i++) {
		const struct rule_kind_row *kind = &rule_kind_rows[i];
		const struct node *value = node_get(node, kind->name);
		if (value == NULL || !is_kind(kind->name, value))
			continue;
		found++;
		int code = read_kind(addition, value, kind, rule, err);
		if (code != 0)
			return code;
	}
	if (found != 0)
		return 0;
	char list[256] = "";
	for (int i = 0; i < RULE_KIND_COUNT; i++) {
		strncat(list, i == 0 ? "" : ", ", sizeof(list) - strlen(list) - 1);
		strncat(list, rule_kind_rows[i].name, sizeof(list) - strlen(list) - 1);
	}
	return reader_fail(addition->reader, node, err,
			   "rule '%s' asks for nothing; it needs one of: %s",
			   rule->name, list);
}

static int read_globs(const struct addition *addition, const struct node *node,
		      const char *what, struct strings *out, struct error *err)
{
	const struct option_row row = { .type = VALUE_GLOBS, .key = what, .unit = "" };
	struct strings globs = { 0 };
	char shown[READER_SHOWN_BYTES];
	int code = reader_value(addition->reader, node, &row, &globs, err);
	/* An empty list reads like "nowhere" and would mean "everywhere". */
	if (code == 0 && globs.count == 0)
		code = reader_fail(addition->reader, node, err,
				   "'%s' must not be empty, found %s; leave it out to "
				   "mean all",
				   what, reader_shown(node, shown));
	if (code == 0)
		*out = globs;
	return code;
}

static int read_refs(const struct addition *addition, const struct node *node,
		     struct strings *out, struct error *err)
{
	struct strings globs = { 0 };
	int code = read_globs(addition, node, "refs", &globs, err);
	for (size_t i = 0; code == 0 && i < globs.count; i++) {
		struct error cause = ERROR_INIT;
		if (name_check_ref_glob(globs.items[i], &cause) != 0)
			code = reader_fail(addition->reader,
					   reader_strings_node(node, i), err, "%s",
					   cause.text);
	}
	if (code == 0)
		*out = globs;
	return code;
}

static int read_severity(const struct addition *addition, const struct node *node,
			 enum severity *out, struct error *err)
{
	const struct option_row row = { .type = VALUE_WORD,
					.key = "severity",
					.unit = "",
					.help = "'error' or 'warn'" };
	const char *word = NULL;
	int code = reader_value(addition->reader, node, &row, &word, err);
	if (code == 0)
		*out = strcmp(word, "warn") == 0 ? SEVERITY_WARNING : SEVERITY_ERROR;
	return code;
}

static int read_scopes(const struct addition *addition, const struct node *node,
		       struct rule *rule, struct error *err)
{
	const struct node *refs = node_get(node, "refs");
	const struct node *paths = node_get(node, "paths");
	const struct node *repositories = node_get(node, "repositories");
	const struct node *severity = node_get(node, "severity");
	int code = 0;
	if (node_kind(refs) == NODE_MAPPING)
		refs = node_get(refs, SCOPE_IN_KIND);
	if (refs != NULL)
		code = read_refs(addition, refs, &rule->on_refs, err);
	if (code == 0 && paths != NULL)
		code = read_globs(addition, paths, "paths", &rule->on_paths, err);
	if (code == 0 && repositories != NULL && addition->origin != ORIGIN_SERVER)
		code = reader_fail(addition->reader, repositories, err,
				   "'repositories' belongs to the server's rules; a "
				   "repository's own rules are about itself");
	if (code == 0 && repositories != NULL)
		code = read_globs(addition, repositories, "repositories",
				  &rule->on_repositories, err);
	if (code == 0 && severity != NULL)
		code = read_severity(addition, severity, &rule->severity, err);
	return code;
}

static int read_name(const struct addition *addition, const struct node *node,
		     const char **out, struct error *err)
{
	const struct node *value = node_get(node, "name");
	const struct reader *reader = addition->reader;
	struct error cause = ERROR_INIT;
	const char *name = NULL;
	if (value == NULL)
		return reader_fail(reader, node, err, "a rule needs a 'name'");
	int code = reader_string(reader, value, "name", &name, err);
	if (code != 0)
		return code;
	if (name_check_person(name, &cause) != 0)
		return reader_fail(reader, value, err, "%s", cause.text);
	if (strcmp(name, "gitgate") == 0)
		return reader_fail(reader, value, err,
				   "the name 'gitgate' is the gate's own; choose "
				   "another");
	code = builder_define(addition, &addition->builder->rules, value, "rule", name,
			      0, err);
	if (code == 0)
		*out = name;
	return code;
}

static int check_rule_keys(const struct addition *addition, const struct node *node,
			   struct error *err)
{
	const char *names[SCOPE_COUNT + RULE_KIND_COUNT];
	size_t count = 0;
	for (size_t i = 0; i < SCOPE_COUNT; i++)
		names[count++] = scopes[i];
	for (int i = 0; i < RULE_KIND_COUNT; i++)
		names[count++] = rule_kind_rows[i].name;
	return reader_known_keys(addition->reader, node, "key of a rule", names, count,
				 err);
}

/* A server's rule for other repositories is checked and left out. */
static bool is_wanted(const struct addition *addition, const struct rule *rule)
{
	const struct strings *globs = &rule->on_repositories;
	if (addition->repository == NULL || globs->count == 0)
		return true;
	for (size_t i = 0; i < globs->count; i++)
		if (glob_match(globs->items[i], addition->repository))
			return true;
	return false;
}

/* What a kind cannot do without. */
static int check_needed(const struct addition *addition, const struct node *node,
			const struct rule *rule, struct error *err)
{
	const struct reader *reader = addition->reader;
	if (rule->signatures != NULL && rule->signatures->by.count == 0)
		return reader_fail(reader, node_get(node, "signatures"), err,
				   "'signatures' needs 'by': the principals and groups "
				   "whose signatures count");
	if (rule->signatures != NULL &&
	    strcmp(rule->signatures->forge_merges, "recompute") == 0 &&
	    rule->signatures->forge_keys.count == 0)
		return reader_fail(reader, node_get(node, "signatures"), err,
				   "'forge-merges: recompute' needs 'forge-keys': the "
				   "principals whose keys the forge signs with");
	if (rule->push != NULL && rule->push->by.count == 0)
		return reader_fail(reader, node_get(node, "push"), err,
				   "'push' needs 'by': the principals and groups who "
				   "may push");
	if (rule->signatures != NULL && rule->signatures->tags &&
	    rule->on_paths.count != 0)
		return reader_fail(reader, node_get(node, "signatures"), err,
				   "'tags' and 'paths' do not go together: a tag "
				   "touches no path; make it two rules");
	const struct node *approvals = node_get(node, "approvals");
	if (rule->approvals != NULL && rule->approvals->from.count == 0)
		return reader_fail(reader, approvals, err,
				   "'approvals' needs 'from': the principals and "
				   "groups whose reviews count");
	if (rule->approvals != NULL && rule->approvals->count == 0)
		return reader_fail(reader, node_get(approvals, "count"), err,
				   "'count' must be 1 or more, found 0; a rule that "
				   "needs no approval is left out");
	return 0;
}

static int read_rule(const struct addition *addition, const struct node *node,
		     struct rule *rule, struct error *err)
{
	int code = reader_mapping(addition->reader, node, "rules", err);
	if (code == 0)
		code = check_rule_keys(addition, node, err);
	if (code == 0)
		code = read_name(addition, node, &rule->name, err);
	if (code == 0)
		code = read_scopes(addition, node, rule, err);
	if (code == 0)
		code = read_kinds(addition, node, rule, err);
	return code == 0 ? check_needed(addition, node, rule, err) : code;
}

static int add_rule(const struct addition *addition, const struct node *node,
		    struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct rule rule = { .origin = addition->origin,
			     .severity = SEVERITY_ERROR,
			     .directory = "" };
	int code = read_rule(addition, node, &rule, err);
	if (code != 0 || !is_wanted(addition, &rule))
		return code;
	if (rule.schema != NULL)
		code = builder_add_schemas(addition, node_get(node, "schema"), &rule,
					   err);
	if (code != 0)
		return code;
	struct rule *slot = ARENA_PUSH(policy->arena, &policy->rules,
				       &policy->rule_count, &policy->rule_capacity);
	if (slot == NULL)
		return reader_no_memory(addition->reader, err);
	*slot = rule;
	return 0;
}

int builder_add_rules(const struct addition *addition, const struct node *node,
		      struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	if (node_kind(node) != NODE_SEQUENCE)
		return reader_fail(addition->reader, node, err,
				   "'rules' must be a list, found %s",
				   reader_shown(node, shown));
	int code = 0;
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = add_rule(addition, node_item(node, i), err);
	return code;
}
