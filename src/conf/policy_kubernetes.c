/* conf/policy_kubernetes.c - the bundle of Kubernetes' schemas that a rule names. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "doc/kubernetes.h"

#define DIGEST_PREFIX "sha256:"
#define ALIGNMENT     8

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

static int check_digest(const struct addition *addition, const struct node *node,
			const struct rule_schema *options,
			const struct kubernetes_bundle *bundle, struct error *err)
{
	char hex[DIGEST_HEX_BYTES];
	const char *pinned = options->digest;
	if (pinned == NULL || *pinned == '\0')
		return 0;
	digest_hex(kubernetes_bundle_digest(bundle), hex);
	if (strncmp(pinned, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0 &&
	    strcmp(pinned + strlen(DIGEST_PREFIX), hex) == 0)
		return 0;
	return reader_fail(addition->reader, node_get(node, "kubernetes-digest"), err,
			   "'%s' has another digest: " DIGEST_PREFIX "%s",
			   options->kubernetes, hex);
}

/* A file's bytes may stand anywhere; schemas want theirs aligned. */
static const void *aligned(struct arena *arena, const struct policy_file *file)
{
	if ((uintptr_t)file->bytes % ALIGNMENT == 0)
		return file->bytes;
	return arena_copy(arena, file->bytes, file->length);
}

int builder_add_kubernetes(const struct addition *addition, const struct node *node,
			   struct rule *rule, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	const struct node *value = node_get(node, "kubernetes");
	const char *name = rule->schema->kubernetes;
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	if (name == NULL)
		return check_alone(addition, node, err);
	int code = builder_load_bundle(addition, value, name, &file, err);
	if (code != 0)
		return code;
	const void *bytes = aligned(builder->policy.arena, &file);
	struct kubernetes_bundle **slot =
		ARENA_PUSH(builder->policy.arena, &builder->bundles,
			   &builder->bundle_count, &builder->bundle_capacity);
	if (slot == NULL || bytes == NULL)
		return reader_no_memory(addition->reader, err);
	code = kubernetes_bundle_open(slot, name, bytes, file.length, &cause);
	if (code != 0)
		return reader_fail_code(addition->reader, value, code, err, "%s",
					cause.text);
	rule->kubernetes = *slot;
	hasher_add(builder->hasher, kubernetes_bundle_digest(*slot),
		   sizeof(struct digest));
	return check_digest(addition, node, rule->schema, *slot, err);
}
