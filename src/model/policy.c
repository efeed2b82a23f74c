/* model/policy.c - lookups in a policy, and which rules speak about what. */
#include "model/policy.h"

#include <string.h>
#include <strings.h>

#include "base/pattern.h"

#define RULE_BEGIN(kind, facts, help)                                                  \
	static const struct rule_option_row kind##_options[] = {
#define RULE_OPTION(kind, type, field, key, value, help)                               \
	{ #type, key, value, help, offsetof(struct rule_##kind, field) },
#define RULE_END(kind)                                                                 \
	}                                                                              \
	;
#include "model/rules.def"
#undef RULE_BEGIN
#undef RULE_OPTION
#undef RULE_END

const struct rule_kind_row rule_kind_rows[RULE_KIND_COUNT] = {
#define RULE_BEGIN(kind, facts, help)                                                  \
	[RULE_KIND_##kind] = { #kind,                                                  \
			       facts,                                                  \
			       help,                                                   \
			       sizeof(struct rule_##kind),                             \
			       offsetof(struct rule, kind),                            \
			       kind##_options,                                         \
			       sizeof(kind##_options) / sizeof(kind##_options[0]) },
#define RULE_OPTION(kind, type, field, key, value, help)
#define RULE_END(kind)
#include "model/rules.def"
#undef RULE_BEGIN
#undef RULE_OPTION
#undef RULE_END
};

bool strings_have(const struct strings *strings, const char *string)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->items[i], string) == 0)
			return true;
	return false;
}

const struct principal *policy_principal(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->principal_count; i++)
		if (strcmp(policy->principals[i].name, name) == 0)
			return &policy->principals[i];
	return NULL;
}

bool principal_counts_at(const struct principal *principal, int64_t when)
{
	return when >= principal->valid_after &&
	       (principal->valid_before == 0 || when <= principal->valid_before);
}

const struct principal *policy_principal_by_key(const struct policy *policy,
						const char *fingerprint,
						const struct principal_key **key)
{
	for (size_t i = 0; fingerprint != NULL && i < policy->principal_count; i++) {
		const struct principal *principal = &policy->principals[i];
		for (size_t k = 0; k < principal->key_count; k++) {
			if (strcmp(principal->keys[k].fingerprint, fingerprint) != 0)
				continue;
			if (key != NULL)
				*key = &principal->keys[k];
			return principal;
		}
	}
	return NULL;
}

const struct principal *policy_principal_by_login(const struct policy *policy,
						  const char *source, const char *login)
{
	for (size_t i = 0; source != NULL && login != NULL && *login != '\0' &&
			   i < policy->principal_count;
	     i++) {
		const struct principal *principal = &policy->principals[i];
		for (size_t k = 0; k < principal->login_count; k++)
			if (strcmp(principal->logins[k].source, source) == 0 &&
			    strcasecmp(principal->logins[k].login, login) == 0)
				return principal;
	}
	return NULL;
}

/* The earliest one counts, whichever file named the key once more. */
const struct revocation *policy_revocation(const struct policy *policy,
					   const char *fingerprint)
{
	const struct revocation *found = NULL;
	for (size_t i = 0; fingerprint != NULL && i < policy->revocation_count; i++) {
		const struct revocation *revocation = &policy->revocations[i];
		if (strcmp(revocation->fingerprint, fingerprint) == 0 &&
		    (found == NULL || revocation->since < found->since))
			found = revocation;
	}
	return found;
}

static const struct group *find_group(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->group_count; i++)
		if (strcmp(policy->groups[i].name, name) == 0)
			return &policy->groups[i];
	return NULL;
}

bool policy_names_include(const struct policy *policy, const struct strings *names,
			  const char *principal)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], principal) == 0)
			return true;
		const struct group *group = find_group(policy, names->items[i]);
		if (group != NULL && strings_have(&group->members, principal))
			return true;
	}
	return false;
}

/* No globs, or no text to compare them with: everything is meant. */
static bool any_matches(const struct strings *globs, const char *text)
{
	if (globs->count == 0 || text == NULL)
		return true;
	for (size_t i = 0; i < globs->count; i++)
		if (glob_match(globs->items[i], text))
			return true;
	return false;
}

bool rule_applies(const struct rule *rule, const char *repository, const char *ref)
{
	return any_matches(&rule->on_repositories, repository) &&
	       any_matches(&rule->on_refs, ref);
}

bool rule_covers(const struct rule *rule, const char *path)
{
	return any_matches(&rule->on_paths, path);
}

static bool rule_has(const struct rule *rule, const struct rule_kind_row *row)
{
	const void *block;
	memcpy(&block, (const char *)rule + row->offset, sizeof(block));
	return block != NULL;
}

unsigned int policy_facts_needed(const struct policy *policy, const char *repository,
				 const char *ref)
{
	unsigned int needed = 0;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (!rule_applies(rule, repository, ref))
			continue;
		for (int kind = 0; kind < RULE_KIND_COUNT; kind++)
			if (rule_has(rule, &rule_kind_rows[kind]))
				needed |= rule_kind_rows[kind].facts;
		if (rule->approvals != NULL && rule->on_paths.count != 0)
			needed |= FACTS_FILES;
		if (rule->signatures != NULL && rule->on_paths.count != 0)
			needed |= FACTS_TOUCHED;
	}
	return needed;
}
