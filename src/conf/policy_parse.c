/* conf/policy_parse.c - policy files to model/policy.h: the frame around people and
 * rules. */
#include "conf/policy_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/pattern.h"
#include "conf/options.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "doc/schema.h"
#include "trust/openpgp_ring.h"
#include "trust/sigstore.h"
#include "trust/x509.h"

/* Far above what files under policy.bytes and config.bytes need. */
#define ARENA_BYTES ((size_t)256 << 20)

int policy_new(struct policy **out, struct error *err)
{
	struct policy_builder *builder = calloc(1, sizeof(*builder));
	if (builder == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for a policy");
	builder->policy.arena = arena_new(ARENA_BYTES);
	builder->trees = arena_new(ARENA_BYTES);
	builder->hasher = hasher_new();
	if (builder->policy.arena == NULL || builder->trees == NULL ||
	    builder->hasher == NULL) {
		policy_free(&builder->policy);
		return error_set(err, ERROR_MEMORY, "out of memory for a policy");
	}
	*out = &builder->policy;
	return 0;
}

static struct policy_builder *builder_of(struct policy *policy)
{
	return (struct policy_builder *)policy;
}

/* What only building needs. */
static void release_building(struct policy_builder *builder)
{
	map_release(&builder->people);
	map_release(&builder->folded);
	map_release(&builder->emails);
	map_release(&builder->rules);
	map_release(&builder->keys);
	map_release(&builder->logins);
	arena_free(builder->trees);
	builder->trees = NULL;
}

void policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	struct policy_builder *builder = builder_of(policy);
	for (size_t i = 0; i < builder->pattern_count; i++)
		pattern_free(builder->patterns[i]);
	for (size_t i = 0; i < builder->schema_count; i++)
		schema_free(builder->schemas[i]);
	for (size_t i = 0; i < builder->bundle_count; i++)
		bundle_free(builder->bundles[i].bundle);
	x509_authorities_free(policy->authorities);
	sigstore_free(policy->sigstore);
	openpgp_ring_free(policy->openpgp);
	hasher_free(builder->hasher);
	release_building(builder);
	arena_free(policy->arena);
	free(builder);
}

void builder_hash(struct hasher *hasher, const struct node *node)
{
	enum node_kind kind = node_kind(node);
	unsigned char head[9] = { (unsigned char)kind };
	size_t count = node_count(node);
	switch (kind) {
	case NODE_UNKNOWN:
	case NODE_NULL:
		hasher_add(hasher, head, 1);
		break;
	case NODE_BOOLEAN:
	case NODE_INTEGER:
	case NODE_DECIMAL:
	case NODE_STRING: {
		size_t length = 0;
		const char *text = node_text(node, &length);
		hasher_add(hasher, head, 1);
		hasher_add_field(hasher, text, length);
		break;
	}
	case NODE_SEQUENCE:
	case NODE_MAPPING:
		for (size_t i = 0; i < 8; i++)
			head[1 + i] = (unsigned char)((uint64_t)count >> (56 - 8 * i));
		hasher_add(hasher, head, sizeof(head));
		for (size_t i = 0; i < count; i++) {
			if (kind == NODE_MAPPING)
				builder_hash(hasher, node_key(node, i));
			builder_hash(hasher, node_item(node, i));
		}
		break;
	}
}

static int redefined(const struct addition *addition, const struct definition *first,
		     const struct node *node, const char *what, const char *name,
		     struct error *err)
{
	if (addition->origin == ORIGIN_REPOSITORY && first->origin == ORIGIN_SERVER)
		return reader_fail_code(addition->reader, node, ERROR_POLICY_OVERRIDE,
					err,
					"%s '%s' is the server's %s; a repository's "
					"policy can add to the server's, not redefine "
					"it: choose another name",
					what, name, first->what);
	return reader_fail(addition->reader, node, err, "%s '%s' is there already: %s",
			   what, name, first->place);
}

int builder_define(const struct addition *addition, struct map *map,
		   const struct node *node, const char *what, const char *name,
		   size_t index, struct error *err)
{
	const struct reader *reader = addition->reader;
	const struct definition *first = map_get(map, name, strlen(name));
	if (first != NULL)
		return redefined(addition, first, node, what, name, err);
	struct definition *definition = arena_new_of(reader->arena, struct definition);
	if (definition == NULL)
		return reader_no_memory(reader, err);
	definition->what = what;
	definition->origin = addition->origin;
	definition->place = reader_place(reader, node);
	definition->index = index;
	if (map_put(map, name, strlen(name), definition) != 0)
		return reader_no_memory(reader, err);
	return 0;
}

int builder_use_name(const struct addition *addition, const struct node *node,
		     const char *name, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	struct name_use *use = ARENA_PUSH(builder->policy.arena, &builder->uses,
					  &builder->use_count, &builder->use_capacity);
	if (use == NULL)
		return reader_no_memory(addition->reader, err);
	*use = (struct name_use){ addition->reader, node, name, addition->origin };
	return 0;
}

/* Whose server it is may name any file; a repository only its own. */
static int check_name(const struct addition *addition, const struct node *node,
		      const char *name, struct error *err)
{
	uint64_t most = limits_default.values[LIMIT_GIT_PATH_BYTES];
	struct error cause = ERROR_INIT;
	if (addition->origin == ORIGIN_REPOSITORY &&
	    path_check(name, strlen(name), most, &cause) != 0)
		return reader_fail(addition->reader, node, err, "'%s': %s", name,
				   cause.text);
	if (addition->loader == NULL || addition->loader->load == NULL)
		return reader_fail_code(addition->reader, node, ERROR_UNSUPPORTED, err,
					"'%s' cannot be read here: no files are given "
					"with this policy",
					name);
	return 0;
}

int builder_load(const struct addition *addition, const struct node *node,
		 const char *name, struct policy_file *out, struct error *err)
{
	const struct policy_loader *loader = addition->loader;
	bool server = addition->origin == ORIGIN_SERVER;
	enum limit limit = server ? LIMIT_YAML_DOC_BYTES : LIMIT_POLICY_BYTES;
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	int code = check_name(addition, node, name, err);
	if (code != 0)
		return code;
	code = loader->load(loader->data, name, &file, &cause);
	if (code == 0)
		code = limit_check(&limits_default, limit, file.length, name, &cause);
	if (code != 0)
		return reader_fail_code(addition->reader, node, code, err, "%s",
					cause.text);
	hasher_add_field(addition->builder->hasher, file.bytes, file.length);
	*out = file;
	return 0;
}

static int find(const struct policy_loader *loader, const char *name,
		struct policy_source *out, struct error *err)
{
	struct policy_file file = { 0 };
	if (loader->find != NULL)
		return loader->find(loader->data, name, out, err);
	int code = loader->load(loader->data, name, &file, err);
	if (code == 0)
		*out = (struct policy_source){ .bytes = file.bytes,
					       .length = file.length,
					       .size = file.length };
	return code;
}

int builder_find(const struct addition *addition, const struct node *node,
		 const char *name, struct policy_source *out, struct error *err)
{
	struct policy_source source = { 0 };
	struct error cause = ERROR_INIT;
	int code = check_name(addition, node, name, err);
	if (code != 0)
		return code;
	code = find(addition->loader, name, &source, &cause);
	if (code == 0)
		code = limit_check(&limits_default, LIMIT_SCHEMA_BUNDLE_BYTES,
				   source.size, name, &cause);
	if (code == 0) {
		*out = source;
		return 0;
	}
	if (source.close != NULL)
		source.close(source.data);
	return reader_fail_code(addition->reader, node, code, err, "%s", cause.text);
}

static int add_version(const struct addition *addition, const struct node *node,
		       struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	int64_t version = 0;
	if (node_kind(node) == NODE_INTEGER && node_integer(node, &version) == 0 &&
	    version == 1)
		return 0;
	return reader_fail(addition->reader, node, err,
			   "'version' must be 1, found %s; a newer gitgate may be "
			   "needed",
			   reader_shown(node, shown));
}

static int add_warn_only(const struct addition *addition, const struct node *node,
			 struct error *err)
{
	bool warns = false;
	int code = reader_boolean(addition->reader, node, "warn-only", &warns, err);
	if (code != 0)
		return code;
	if (addition->origin == ORIGIN_SERVER)
		addition->builder->server_warns |= warns;
	else
		addition->builder->repository_warns |= warns;
	return 0;
}

/* In this order, whatever the order in the file. */
static const struct {
	const char *key;
	int (*add)(const struct addition *addition, const struct node *node,
		   struct error *err);
} parts[] = {
	{ "version", add_version },
	{ "principals", builder_add_principals },
	{ "groups", builder_add_groups },
	{ "revoked-keys", builder_add_revoked },
	{ "revoked-keys-file", builder_add_revoked_file },
	{ "allowed-signers", builder_add_allowed_signers },
	{ "authorities", builder_add_authorities },
	{ "sigstore", builder_add_sigstore },
	{ "revoked", builder_add_lists },
	{ "rules", builder_add_rules },
	{ "waivers", builder_add_waivers },
	{ "warn-only", add_warn_only },
};

static int add_root(const struct addition *addition, const struct node *root,
		    struct error *err)
{
	const char *names[OPTION_TOP_MAXIMUM];
	bool server = addition->origin == ORIGIN_SERVER;
	size_t count = server ? option_top_names(names) : option_policy_names(names);
	int code = reader_known_keys(addition->reader, root,
				     server ? "option" : "key of a policy", names,
				     count, err);
	for (size_t i = 0; code == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct node *node = node_get(root, parts[i].key);
		if (node == NULL)
			continue;
		struct hasher *hasher = addition->builder->hasher;
		unsigned char origin = (unsigned char)addition->origin;
		hasher_add(hasher, &origin, 1);
		hasher_add_field(hasher, parts[i].key, strlen(parts[i].key));
		builder_hash(hasher, node);
		code = parts[i].add(addition, node, err);
	}
	return code;
}

static int add_file(struct policy *policy, const struct policy_file *file,
		    struct addition *addition, struct error *err)
{
	struct policy_builder *builder = builder_of(policy);
	enum limit limit = addition->origin == ORIGIN_SERVER ? LIMIT_CONFIG_BYTES
							     : LIMIT_POLICY_BYTES;
	if (builder->finished)
		return error_set(err, ERROR_INTERNAL,
				 "'%s' was added to a policy that is finished",
				 file->name);
	int code = limit_check(&limits_default, limit, file->length, file->name, err);
	if (code != 0)
		return code;
	struct reader *reader = arena_new_of(policy->arena, struct reader);
	const char *name = arena_string(policy->arena, file->name);
	if (reader == NULL || name == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for '%s'",
				 file->name);
	*reader = (struct reader){ name, policy->arena, NULL };
	addition->builder = builder;
	addition->reader = reader;
	const struct node *root = NULL;
	code = reader_parse(reader, file->bytes, file->length, builder->trees, &root,
			    err);
	if (code != 0 || root == NULL)
		return code;
	return add_root(addition, root, err);
}

int policy_add_server(struct policy *policy, const struct policy_file *file,
		      const struct policy_loader *loader, const char *repository,
		      struct error *err)
{
	struct addition addition = { .origin = ORIGIN_SERVER,
				     .loader = loader,
				     .repository = repository };
	return add_file(policy, file, &addition, err);
}

int policy_add_repository(struct policy *policy, const struct policy_file *file,
			  const struct policy_loader *loader, struct error *err)
{
	struct addition addition = { .origin = ORIGIN_REPOSITORY, .loader = loader };
	return add_file(policy, file, &addition, err);
}

static void apply_warn_only(struct policy_builder *builder)
{
	struct policy *policy = &builder->policy;
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct rule *rule = &policy->rules[i];
		if (rule->origin == ORIGIN_SERVER ? builder->server_warns
						  : builder->repository_warns)
			rule->severity = SEVERITY_WARNING;
	}
}

int policy_finish(struct policy *policy, struct error *err)
{
	struct policy_builder *builder = builder_of(policy);
	if (builder->finished)
		return 0;
	int code = builder_resolve_groups(builder, err);
	if (code == 0)
		code = builder_check_uses(builder, err);
	if (code != 0)
		return code;
	apply_warn_only(builder);
	struct hasher *hasher = builder->hasher;
	builder->hasher = NULL;
	if (hasher_finish(hasher, &policy->digest) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory for a digest");
	builder->finished = true;
	release_building(builder);
	return 0;
}
