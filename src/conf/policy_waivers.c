/* conf/policy_waivers.c - who may excuse commits from rules: a part of the server's
 * policy alone. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pattern.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"

/* Globs over names; an empty list reads like "none" and would mean "all". */
static int read_globs(const struct addition *addition, const struct node *right,
		      const char *key, struct strings *out, struct error *err)
{
	const struct option_row row = { .type = VALUE_GLOBS, .key = key, .unit = "" };
	const struct node *node = node_get(right, key);
	struct strings globs = { 0 };
	int code = node == NULL
			   ? 0
			   : reader_value(addition->reader, node, &row, &globs, err);
	if (code == 0 && node != NULL && globs.count == 0)
		code = reader_fail(addition->reader, node, err,
				   "'%s' must not be empty; leave it out to mean all",
				   key);
	if (code == 0)
		*out = globs;
	return code;
}

static int read_by(const struct addition *addition, const struct node *right,
		   struct strings *out, struct error *err)
{
	const struct node *node = node_get(right, "by");
	struct strings names = { 0 };
	int code = 0;
	if (node != NULL)
		code = reader_strings(addition->reader, node, "by", &names, err);
	if (code == 0 && names.count == 0)
		code = reader_fail(addition->reader, right, err,
				   "'waivers' needs 'by': the principals and groups "
				   "whose waivers count");
	for (size_t i = 0; code == 0 && i < names.count; i++)
		code = builder_use_name(addition, reader_strings_node(node, i),
					names.items[i], err);
	if (code == 0)
		*out = names;
	return code;
}

/* What is for other repositories is checked and left out. */
static bool is_wanted(const struct addition *addition, const struct strings *globs)
{
	if (addition->repository == NULL || globs->count == 0)
		return true;
	for (size_t i = 0; i < globs->count; i++)
		if (glob_match(globs->items[i], addition->repository))
			return true;
	return false;
}

static int add_right(const struct addition *addition, const struct node *node,
		     struct error *err)
{
	static const char *const names[] = { "by", "rules", "repositories" };
	struct policy *policy = &addition->builder->policy;
	struct waiver_right right = { .by = { 0 } };
	struct strings repositories = { 0 };
	int code = reader_mapping(addition->reader, node, "waivers", err);
	if (code == 0)
		code = reader_known_keys(addition->reader, node, "key of 'waivers'",
					 names, 3, err);
	if (code == 0)
		code = read_by(addition, node, &right.by, err);
	if (code == 0)
		code = read_globs(addition, node, "rules", &right.rules, err);
	if (code == 0)
		code = read_globs(addition, node, "repositories", &repositories, err);
	if (code != 0 || !is_wanted(addition, &repositories))
		return code;
	struct waiver_right *slot =
		ARENA_PUSH(policy->arena, &policy->waiver_rights,
			   &policy->waiver_right_count, &policy->waiver_right_capacity);
	if (slot == NULL)
		return reader_no_memory(addition->reader, err);
	*slot = right;
	return 0;
}

int builder_add_waivers(const struct addition *addition, const struct node *node,
			struct error *err)
{
	int code = 0;
	/* Unknown there anyway; this does not depend on a table. */
	if (addition->origin != ORIGIN_SERVER)
		return reader_fail_code(addition->reader, node, ERROR_POLICY_OVERRIDE,
					err,
					"who may waive is for the server to say, not "
					"for a repository");
	if (node_kind(node) != NODE_SEQUENCE)
		return add_right(addition, node, err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = add_right(addition, node_item(node, i), err);
	return code;
}
