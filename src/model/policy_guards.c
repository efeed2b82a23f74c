/* model/policy_guards.c - whether one ref is guarded at least as well as another, so
 * that what was accepted there needs no second look here. */
#include <string.h>

#include "base/pattern.h"
#include "model/policy.h"

static const void *block_of(const struct rule *rule, const struct rule_kind_row *row)
{
	const void *block;
	memcpy(&block, (const char *)rule + row->offset, sizeof(block));
	return block;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_strings(const struct strings *a, const struct strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* Whether everybody whom `fewer` names is named by `names` too. */
static bool names_within(const struct policy *policy, const struct strings *fewer,
			 const struct strings *names)
{
	for (size_t i = 0; i < policy->principal_count; i++) {
		const char *person = policy->principals[i].name;
		if (policy_names_include(policy, fewer, person) &&
		    !policy_names_include(policy, names, person))
			return false;
	}
	return true;
}

/* Whether an option demands the same on both sides; of names, the other may allow
 * fewer. */
static bool option_holds(const struct policy *policy, const struct rule_option_row *row,
			 const void *wanted, const void *other)
{
	const char *a = (const char *)wanted + row->offset;
	const char *b = (const char *)other + row->offset;
	const struct strings *list_a = (const void *)a, *list_b = (const void *)b;
	const void *pointer_a, *pointer_b;
	if (strcmp(row->type, "BOOLEAN") == 0)
		return memcmp(a, b, sizeof(bool)) == 0;
	if (strcmp(row->type, "SIZE") == 0 || strcmp(row->type, "COUNT") == 0)
		return memcmp(a, b, sizeof(uint64_t)) == 0;
	if (strcmp(row->type, "NAMES") == 0)
		return names_within(policy, list_b, list_a);
	if (strcmp(row->type, "STRINGS") == 0 || strcmp(row->type, "GLOBS") == 0)
		return same_strings(list_a, list_b);
	memcpy(&pointer_a, a, sizeof(pointer_a));
	memcpy(&pointer_b, b, sizeof(pointer_b));
	if (strcmp(row->type, "PATTERN") != 0)
		return same_text(pointer_a, pointer_b);
	if (pointer_a == NULL || pointer_b == NULL)
		return pointer_a == pointer_b;
	return same_text(pattern_text(pointer_a), pattern_text(pointer_b));
}

static bool block_holds(const struct policy *policy, const struct rule_kind_row *row,
			const void *wanted, const void *other)
{
	for (size_t i = 0; i < row->option_count; i++)
		if (!option_holds(policy, &row->options[i], wanted, other))
			return false;
	return true;
}

static bool is_guard(const struct rule *rule, const struct rule_kind_row *row,
		     const char *repository, const char *ref)
{
	const unsigned int about_ref = FACTS_REF | FACTS_PUSH;
	return (row->facts & ~about_ref) != 0 && rule->severity != SEVERITY_WARNING &&
	       block_of(rule, row) != NULL && rule_applies(rule, repository, ref);
}

/* Whether a rule's block of a kind is demanded on another ref as well: by itself or by
 * another rule. */
static bool is_matched(const struct policy *policy, const struct rule *rule,
		       const struct rule_kind_row *row, const char *repository,
		       const char *other)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *candidate = &policy->rules[i];
		if (!is_guard(candidate, row, repository, other))
			continue;
		if (candidate == rule ||
		    ((candidate->on_paths.count == 0 ||
		      same_strings(&candidate->on_paths, &rule->on_paths)) &&
		     block_holds(policy, row, block_of(rule, row),
				 block_of(candidate, row))))
			return true;
	}
	return false;
}

bool policy_guards_as_well(const struct policy *policy, const char *repository,
			   const char *ref, const char *other)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		for (int kind = 0; kind < RULE_KIND_COUNT; kind++) {
			const struct rule_kind_row *row = &rule_kind_rows[kind];
			if (is_guard(&policy->rules[i], row, repository, ref) &&
			    !is_matched(policy, &policy->rules[i], row, repository,
					other))
				return false;
		}
	return true;
}
