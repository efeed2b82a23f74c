/* conf/policy_kubernetes.c - the bundle of Kubernetes' schemas that a rule names:
 * found, and opened later (conf/policy_bundle.h). */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"

#define DIGEST_PREFIX "sha256:"

/* What says something only together with a bundle. */
static int check_alone(const struct addition *addition, const struct node *node,
		       struct error *err)
{
	static const char *const keys[] = { "kubernetes-digest", "crds", "strict",
					    "ignore-missing-schemas", "skip" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct node *value = node_get(node, keys[i]);
		if (value != NULL)
			return reader_fail(addition->reader, value, err,
					   "'%s' needs 'kubernetes': a bundle of "
					   "schemas, made by 'gitgate schema import'",
					   keys[i]);
	}
	return 0;
}

/* A pin that no bundle can have is said at once. */
static int read_pin(const struct addition *addition, const struct node *node,
		    const struct rule_schema *options, struct bundle_pin *out,
		    struct error *err)
{
	const struct node *value = node_get(node, "kubernetes-digest");
	const char *text = options->digest;
	if (text == NULL || *text == '\0')
		return 0;
	if (strncmp(text, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) != 0 ||
	    digest_parse(text + strlen(DIGEST_PREFIX), &out->digest) != 0)
		return reader_fail(addition->reader, value, err,
				   "'kubernetes-digest' must be '" DIGEST_PREFIX
				   "' and 64 digits, as 'gitgate schema list' shows "
				   "them");
	out->place = reader_place(addition->reader, value);
	return 0;
}

static struct policy_bundle *find_same(const struct addition *addition,
				       const char *name, const struct digest *pin)
{
	const struct policy_builder *builder = addition->builder;
	for (size_t i = 0; i < builder->bundle_count; i++) {
		const struct found_bundle *found = &builder->bundles[i];
		if (found->reader == addition->reader &&
		    digest_equal(&found->pin, pin) && strcmp(found->name, name) == 0)
			return found->bundle;
	}
	return NULL;
}

/* The bundle that `value` names. */
static int find_bundle(const struct addition *addition, const struct node *value,
		       const char *name, const struct bundle_pin *pin,
		       struct policy_bundle **out, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	struct policy_source source = { 0 };
	*out = find_same(addition, name, &pin->digest);
	if (*out != NULL)
		return 0;
	struct found_bundle *found =
		ARENA_PUSH(builder->policy.arena, &builder->bundles,
			   &builder->bundle_count, &builder->bundle_capacity);
	if (found == NULL)
		return reader_no_memory(addition->reader, err);
	*found = (struct found_bundle){ addition->reader, name, pin->digest, NULL };
	int code = builder_find(addition, value, name, &source, err);
	if (code == 0)
		code = bundle_new(&found->bundle, name,
				  reader_place(addition->reader, value), &source, pin,
				  err);
	*out = found->bundle;
	return code;
}

int builder_add_kubernetes(const struct addition *addition, const struct node *node,
			   struct rule *rule, struct hasher *hasher, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	const struct node *value = node_get(node, "kubernetes");
	const char *name = rule->schema->kubernetes;
	struct bundle_pin pin = { 0 };
	if (name == NULL)
		return check_alone(addition, node, err);
	int code = read_pin(addition, node, rule->schema, &pin, err);
	if (code == 0)
		code = find_bundle(addition, value, name, &pin, &rule->kubernetes, err);
	if (code != 0)
		return code;
	const struct digest *identity = bundle_identity(rule->kubernetes);
	hasher_add(hasher, identity, sizeof(*identity));
	hasher_add(builder->hasher, identity, sizeof(*identity));
	return 0;
}
