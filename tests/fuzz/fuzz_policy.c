/* tests/fuzz/fuzz_policy.c - any bytes as a policy, after a floor that must stay as it
 * is, and as a packed floor. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "conf/policy_parse.h"
#include "model/policy.h"

#define FLOOR                                                                          \
	"principals: {alice: {email: a@example.org}}\n"                                \
	"groups: {admins: [alice]}\n"                                                  \
	"rules: [{name: floor, signatures: {by: [admins]}}]\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a policy names holds the policy itself. */
static int load_same(void *data, const char *name, struct policy_file *out,
		     struct error *err)
{
	(void)name;
	(void)err;
	*out = *(const struct policy_file *)data;
	return 0;
}

static void check_names(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->severity == SEVERITY_UNKNOWN ||
		    rule->origin == ORIGIN_UNKNOWN)
			abort();
		if (rule->signatures != NULL && rule->signatures->by.count == 0)
			abort();
	}
}

/* The floor's own part: nothing that a repository says may change it. */
static void check_floor(const struct policy *policy)
{
	const struct rule *rule = &policy->rules[0];
	if (strcmp(rule->name, "floor") != 0 || rule->severity != SEVERITY_ERROR ||
	    rule->origin != ORIGIN_SERVER || policy->principals[0].key_count != 0 ||
	    policy->groups[0].members.count != 1 ||
	    !policy_names_include(policy, &rule->signatures->by, "alice"))
		abort();
}

static void try_repository(const struct policy_file *file)
{
	const struct policy_file floor = { "gitgate.yaml", FLOOR, strlen(FLOOR) };
	struct policy_file same = *file;
	const struct policy_loader loader = { load_same, &same, NULL, NULL };
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	if (policy_new(&policy, &err) != 0 ||
	    policy_add_server(policy, &floor, NULL, NULL, &err) != 0)
		abort();
	int code = policy_add_repository(policy, file, &loader, &err);
	if (code == 0)
		code = policy_finish(policy, &err);
	if (code == 0) {
		check_names(policy);
		check_floor(policy);
	} else if (err.code != code || err.text[0] == '\0') {
		abort();
	}
	policy_free(policy);
}

static void try_server(const struct policy_file *file)
{
	struct policy_file same = *file;
	const struct policy_loader loader = { load_same, &same, NULL, NULL };
	struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	if (policy_new(&policy, &err) != 0)
		abort();
	if (policy_add_server(policy, file, &loader, "shop", &err) == 0 &&
	    policy_finish(policy, &err) == 0)
		check_names(policy);
	policy_free(policy);
}

static void try_pack(const uint8_t *data, size_t size)
{
	struct policy *policy = NULL;
	if (policy_from_pack(&policy, data, size, "shop", NULL) == 0)
		policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy_file file = { "policy.yaml", (const char *)data, size };
	try_repository(&file);
	try_server(&file);
	try_pack(data, size);
	return 0;
}
