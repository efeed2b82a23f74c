/* conf/policy_people.c - principals, their keys, groups, and the names that refer to
 * them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "conf/names.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "trust/ssh_key.h"

/* Groups of groups of groups: nobody nests deeper, and the reader recurses. */
#define GROUP_DEPTH 16

/* A block scalar ends with a line feed. */
static size_t trimmed_length(const char *text)
{
	size_t length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		length--;
	return length;
}

int builder_claim_key(const struct addition *addition, const struct node *node,
		      size_t principal, const char *fingerprint, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	const struct policy *policy = &builder->policy;
	const struct definition *first =
		map_get(&builder->keys, fingerprint, strlen(fingerprint));
	if (first == NULL)
		return builder_define(addition, &builder->keys, node, "key",
				      fingerprint, principal, err);
	int code =
		addition->origin == ORIGIN_REPOSITORY && first->origin == ORIGIN_SERVER
			? ERROR_POLICY_OVERRIDE
			: ERROR_CONFIG;
	if (first->index == principal)
		return reader_fail_code(addition->reader, node, code, err,
					"the key %s stands there already: %s",
					fingerprint, first->place);
	return reader_fail_code(addition->reader, node, code, err,
				"the key %s is that of principal '%s' already: %s",
				fingerprint, policy->principals[first->index].name,
				first->place);
}

int builder_validity(const struct addition *addition, const struct node *node,
		     int64_t *after, int64_t *before, struct error *err)
{
	const struct node *from = node_get(node, "valid-after");
	const struct node *until = node_get(node, "valid-before");
	int code = 0;
	if (from != NULL)
		code = reader_time(addition->reader, from, "valid-after", after, err);
	if (code == 0 && until != NULL)
		code = reader_time(addition->reader, until, "valid-before", before,
				   err);
	if (code == 0 && *before != 0 && *before <= *after)
		code = reader_fail(addition->reader, until, err,
				   "'valid-before' must be later than 'valid-after'");
	return code;
}

int builder_ssh_line(const struct addition *addition, const struct node *node,
		     const char *what, const char **text, const char **fingerprint,
		     struct error *err)
{
	const struct reader *reader = addition->reader;
	const char *line = NULL;
	int code = reader_string(reader, node, what, &line, err);
	if (code != 0)
		return code;
	struct error cause = ERROR_INIT;
	enum ssh_key_type type = SSH_KEY_UNKNOWN;
	char made[SSH_FINGERPRINT_BYTES];
	size_t length = trimmed_length(line);
	if (ssh_key_check(line, length, &type, made, &cause) != 0)
		return reader_fail(reader, node, err, "not a usable ssh key: %s",
				   cause.text);
	const char *copy = arena_copy(reader->arena, line, length);
	*fingerprint = arena_string(reader->arena, made);
	if (copy == NULL || *fingerprint == NULL)
		return reader_no_memory(reader, err);
	if (text != NULL)
		*text = copy;
	return 0;
}

/* A line, or {key, valid-after, valid-before}. */
static int read_key(const struct addition *addition, const struct node *node,
		    struct principal_key *key, const struct node **line,
		    struct error *err)
{
	static const char *const names[] = { "key", "valid-after", "valid-before" };
	const struct reader *reader = addition->reader;
	int code = 0;
	*line = node;
	if (node_kind(node) == NODE_MAPPING) {
		code = reader_known_keys(reader, node, "key of an ssh key", names, 3,
					 err);
		*line = node_get(node, "key");
		if (code == 0 && *line == NULL)
			code = reader_fail(reader, node, err,
					   "an ssh key needs 'key', its public line");
		if (code == 0)
			code = builder_validity(addition, node, &key->valid_after,
						&key->valid_before, err);
	}
	if (code != 0)
		return code;
	return builder_ssh_line(addition, *line, "ssh", &key->text, &key->fingerprint,
				err);
}

int builder_add_key(const struct addition *addition, const struct node *node,
		    size_t principal, const struct principal_key *key,
		    struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct principal *holder = &policy->principals[principal];
	int code = builder_claim_key(addition, node, principal, key->fingerprint, err);
	if (code != 0)
		return code;
	struct principal_key *slot =
		ARENA_PUSH(policy->arena, &holder->keys, &holder->key_count,
			   &holder->key_capacity);
	if (slot == NULL)
		return reader_no_memory(addition->reader, err);
	*slot = *key;
	return 0;
}

static int add_keys(const struct addition *addition, const struct node *node,
		    size_t index, struct error *err)
{
	enum node_kind kind = node_kind(node);
	char shown[READER_SHOWN_BYTES];
	if (kind != NODE_SEQUENCE && kind != NODE_STRING && kind != NODE_MAPPING)
		return reader_fail(addition->reader, node, err,
				   "'ssh' must be a list of public keys, found %s",
				   reader_shown(node, shown));
	size_t count = kind == NODE_SEQUENCE ? node_count(node) : 1;
	for (size_t i = 0; i < count; i++) {
		struct principal_key key = { 0 };
		const struct node *line = NULL;
		int code = read_key(addition, reader_strings_node(node, i), &key, &line,
				    err);
		if (code == 0)
			code = builder_add_key(addition, line, index, &key, err);
		if (code != 0)
			return code;
	}
	return 0;
}

/* The name of a file or a text, or {key, valid-after, valid-before}. */
static int add_certificate(const struct addition *addition, const struct node *node,
			   size_t index, struct error *err)
{
	static const char *const names[] = { "key", "valid-after", "valid-before" };
	const struct reader *reader = addition->reader;
	struct principal_key bounds = { 0 };
	const struct node *key = node;
	int code = 0;
	if (node_kind(node) == NODE_MAPPING) {
		code = reader_known_keys(reader, node, "key of an openpgp key", names,
					 3, err);
		key = node_get(node, "key");
		if (code == 0 && key == NULL)
			code = reader_fail(reader, node, err,
					   "an openpgp key needs 'key', a file or its "
					   "armored text");
		if (code == 0)
			code = builder_validity(addition, node, &bounds.valid_after,
						&bounds.valid_before, err);
	}
	return code == 0 ? builder_add_openpgp(addition, node, key, index, &bounds, err)
			 : code;
}

static int add_certificates(const struct addition *addition, const struct node *node,
			    size_t index, struct error *err)
{
	enum node_kind kind = node_kind(node);
	char shown[READER_SHOWN_BYTES];
	if (kind != NODE_SEQUENCE && kind != NODE_STRING && kind != NODE_MAPPING)
		return reader_fail(addition->reader, node, err,
				   "'openpgp' must be a list of files or armored "
				   "public keys, found %s",
				   reader_shown(node, shown));
	size_t count = kind == NODE_SEQUENCE ? node_count(node) : 1;
	int code = 0;
	for (size_t i = 0; code == 0 && i < count; i++)
		code = add_certificate(addition, reader_strings_node(node, i), index,
				       err);
	return code;
}

static char *folded(struct arena *arena, const char *text)
{
	char *lower = arena_string(arena, text);
	for (char *at = lower; at != NULL && *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return lower;
}

/* One login at one source is one person's. */
static int claim_login(const struct addition *addition, const struct node *node,
		       size_t principal, const struct principal_login *login,
		       struct error *err)
{
	struct policy_builder *builder = addition->builder;
	/* Neither may hold a blank. Forges do not tell the case of logins apart. */
	const char *both = arena_printf(builder->policy.arena, "%s %s", login->source,
					login->login);
	const char *key = both != NULL ? folded(builder->policy.arena, both) : NULL;
	if (key == NULL)
		return reader_no_memory(addition->reader, err);
	const struct definition *first = map_get(&builder->logins, key, strlen(key));
	if (first == NULL)
		return builder_define(addition, &builder->logins, node, "login", key,
				      principal, err);
	int code =
		addition->origin == ORIGIN_REPOSITORY && first->origin == ORIGIN_SERVER
			? ERROR_POLICY_OVERRIDE
			: ERROR_CONFIG;
	return reader_fail_code(addition->reader, node, code, err,
				"the login '%s' at '%s' is that of principal '%s' "
				"already: %s",
				login->login, login->source,
				builder->policy.principals[first->index].name,
				first->place);
}

static int add_login(const struct addition *addition, const struct node *node,
		     size_t index, struct principal_login login, struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct principal *principal = &policy->principals[index];
	struct error cause = ERROR_INIT;
	if (name_check_login(login.login, &cause) != 0)
		return reader_fail(addition->reader, node, err, "%s", cause.text);
	int code = claim_login(addition, node, index, &login, err);
	if (code != 0)
		return code;
	struct principal_login *slot =
		ARENA_PUSH(policy->arena, &principal->logins, &principal->login_count,
			   &principal->login_capacity);
	if (slot == NULL)
		return reader_no_memory(addition->reader, err);
	*slot = login;
	return 0;
}

/* {source or kind of source: login or logins} */
static int add_logins(const struct addition *addition, const struct node *node,
		      size_t index, struct error *err)
{
	const struct reader *reader = addition->reader;
	int code = reader_mapping(reader, node, "forge", err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++) {
		struct strings logins = { 0 };
		struct error cause = ERROR_INIT;
		size_t length = 0;
		const char *text = node_text(node_key(node, i), &length);
		const char *source = arena_copy(reader->arena, text, length);
		if (source == NULL)
			return reader_no_memory(reader, err);
		if (strlen(source) != length || name_check(source, &cause) != 0)
			return reader_fail(reader, node_key(node, i), err,
					   "'forge' names sources or kinds of them: %s",
					   cause.code != 0 ? cause.text
							   : "a name holds a NUL byte");
		const struct node *value = node_item(node, i);
		code = reader_strings(reader, value, source, &logins, err);
		for (size_t k = 0; code == 0 && k < logins.count; k++)
			code = add_login(
				addition, reader_strings_node(value, k), index,
				(struct principal_login){ source, logins.items[k] },
				err);
	}
	return code;
}

/* People of a server share addresses if it says so; a repository cannot speak under one
 * of theirs. */
static int claim_email(const struct addition *addition, const struct node *node,
		       const char *email, size_t principal, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	const char *key = folded(builder->policy.arena, email);
	if (key == NULL)
		return reader_no_memory(addition->reader, err);
	const struct definition *first = map_get(&builder->emails, key, strlen(key));
	if (first == NULL && addition->origin == ORIGIN_SERVER)
		return builder_define(addition, &builder->emails, node, "address", key,
				      principal, err);
	if (first == NULL || addition->origin == ORIGIN_SERVER)
		return 0;
	return reader_fail_code(addition->reader, node, ERROR_POLICY_OVERRIDE, err,
				"the address '%s' is that of the server's principal "
				"'%s': %s",
				email, builder->policy.principals[first->index].name,
				first->place);
}

static int add_emails(const struct addition *addition, const struct node *node,
		      size_t principal, struct strings *out, struct error *err)
{
	struct strings emails = { 0 };
	int code = reader_strings(addition->reader, node, "email", &emails, err);
	for (size_t i = 0; code == 0 && i < emails.count; i++) {
		struct error cause = ERROR_INIT;
		if (name_check_email(emails.items[i], &cause) != 0)
			code = reader_fail(addition->reader,
					   reader_strings_node(node, i), err, "%s",
					   cause.text);
		else
			code = claim_email(addition, reader_strings_node(node, i),
					   emails.items[i], principal, err);
	}
	if (code == 0)
		*out = emails;
	return code;
}

/* 'Alice' beside 'alice' would deceive who reads the policy. */
static int claim_folded(const struct addition *addition, const struct node *key,
			const char *what, const char *name, size_t index,
			struct error *err)
{
	struct map *map = &addition->builder->folded;
	const char *lower = folded(addition->reader->arena, name);
	if (lower == NULL)
		return reader_no_memory(addition->reader, err);
	const struct definition *first = map_get(map, lower, strlen(lower));
	if (first == NULL)
		return builder_define(addition, map, key, what, lower, index, err);
	int code =
		addition->origin == ORIGIN_REPOSITORY && first->origin == ORIGIN_SERVER
			? ERROR_POLICY_OVERRIDE
			: ERROR_CONFIG;
	return reader_fail_code(addition->reader, key, code, err,
				"%s '%s' differs only in case from the %s at %s: "
				"choose "
				"another name",
				what, name, first->what, first->place);
}

/* The name at a key of `principals` or `groups`, checked and remembered. */
static int define_person(const struct addition *addition, const struct node *key,
			 const char *what, size_t index, const char **out,
			 struct error *err)
{
	const struct reader *reader = addition->reader;
	struct error cause = ERROR_INIT;
	size_t length = 0;
	const char *text = node_text(key, &length);
	const char *name = arena_copy(reader->arena, text, length);
	if (name == NULL)
		return reader_no_memory(reader, err);
	if (strlen(name) != length || name_check_person(name, &cause) != 0)
		return reader_fail(reader, key, err, "%s",
				   cause.code != 0 ? cause.text
						   : "a name holds a NUL byte");
	int code = builder_define(addition, &addition->builder->people, key, what, name,
				  index, err);
	if (code == 0)
		code = claim_folded(addition, key, what, name, index, err);
	if (code == 0)
		*out = name;
	return code;
}

static int add_principal(const struct addition *addition, const struct node *key,
			 const struct node *node, struct error *err)
{
	static const char *const names[] = { "email",       "ssh",         "openpgp",
					     "forge",       "ssh-ca",      "x509",
					     "valid-after", "valid-before" };
	struct policy *policy = &addition->builder->policy;
	size_t index = policy->principal_count;
	const char *name = NULL;
	int code = define_person(addition, key, "principal", index, &name, err);
	if (code == 0)
		code = reader_mapping(addition->reader, node, name, err);
	if (code == 0)
		code = reader_known_keys(addition->reader, node, "key of a principal",
					 names, sizeof(names) / sizeof(names[0]), err);
	if (code != 0)
		return code;
	struct principal *principal =
		ARENA_PUSH(policy->arena, &policy->principals, &policy->principal_count,
			   &policy->principal_capacity);
	if (principal == NULL)
		return reader_no_memory(addition->reader, err);
	principal->name = name;
	principal->origin = addition->origin;
	code = builder_validity(addition, node, &principal->valid_after,
				&principal->valid_before, err);
	const struct node *emails = node_get(node, "email");
	const struct node *keys = node_get(node, "ssh");
	if (code == 0 && emails != NULL)
		code = add_emails(addition, emails, index, &principal->emails, err);
	const struct node *logins = node_get(node, "forge");
	const struct node *certificates = node_get(node, "openpgp");
	if (code == 0 && keys != NULL)
		code = add_keys(addition, keys, index, err);
	if (code == 0 && certificates != NULL)
		code = add_certificates(addition, certificates, index, err);
	if (code == 0 && logins != NULL)
		code = add_logins(addition, logins, index, err);
	const struct node *authorities = node_get(node, "ssh-ca");
	if (code == 0 && authorities != NULL)
		code = builder_add_ssh_ca(addition, authorities, index, err);
	const struct node *identities = node_get(node, "x509");
	if (code == 0 && identities != NULL)
		code = builder_add_x509(addition, identities, index, err);
	return code;
}

int builder_add_principals(const struct addition *addition, const struct node *node,
			   struct error *err)
{
	int code = reader_mapping(addition->reader, node, "principals", err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = add_principal(addition, node_key(node, i), node_item(node, i),
				     err);
	return code;
}

static int add_group(const struct addition *addition, const struct node *key,
		     const struct node *node, struct error *err)
{
	struct policy_builder *builder = addition->builder;
	struct policy *policy = &builder->policy;
	const char *name = NULL;
	struct strings names = { 0 };
	int code =
		define_person(addition, key, "group", policy->group_count, &name, err);
	if (code == 0)
		code = reader_strings(addition->reader, node, name, &names, err);
	if (code != 0)
		return code;
	struct group *group = ARENA_PUSH(policy->arena, &policy->groups,
					 &policy->group_count, &policy->group_capacity);
	struct group_source *source =
		ARENA_PUSH(policy->arena, &builder->groups, &builder->group_count,
			   &builder->group_capacity);
	if (group == NULL || source == NULL)
		return reader_no_memory(addition->reader, err);
	group->name = name;
	group->origin = addition->origin;
	*source = (struct group_source){ addition->reader, node, names, GROUP_UNSEEN };
	return 0;
}

int builder_add_groups(const struct addition *addition, const struct node *node,
		       struct error *err)
{
	int code = reader_mapping(addition->reader, node, "groups", err);
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = add_group(addition, node_key(node, i), node_item(node, i), err);
	return code;
}

/* The nearest name is a help for people: not worth memory that is not there. */
static int unknown_name(const struct policy_builder *builder,
			const struct name_use *use, struct error *err)
{
	size_t count = builder->people.count;
	const char **names = calloc(count + 1, sizeof(*names));
	const char *nearest = NULL;
	for (size_t i = 0; names != NULL && i < count; i++)
		names[i] = builder->people.entries[i].key;
	if (names != NULL)
		nearest = text_nearest(use->name, names, count);
	int code;
	if (nearest == NULL || strcmp(nearest, use->name) == 0)
		code = reader_fail(use->reader, use->node, err,
				   "no principal or group is named '%s'", use->name);
	else
		code = reader_fail(use->reader, use->node, err,
				   "no principal or group is named '%s'; did you mean "
				   "'%s'?",
				   use->name, nearest);
	free(names);
	return code;
}

/* What the server says must not depend on what a repository says: its names are looked
 * for among its own. */
static int find_person(const struct policy_builder *builder, const struct name_use *use,
		       const struct definition **out, struct error *err)
{
	const struct definition *found =
		map_get(&builder->people, use->name, strlen(use->name));
	if (found == NULL ||
	    (use->origin == ORIGIN_SERVER && found->origin != ORIGIN_SERVER))
		return unknown_name(builder, use, err);
	*out = found;
	return 0;
}

int builder_check_uses(const struct policy_builder *builder, struct error *err)
{
	for (size_t i = 0; i < builder->use_count; i++) {
		const struct definition *found = NULL;
		int code = find_person(builder, &builder->uses[i], &found, err);
		if (code != 0)
			return code;
	}
	return 0;
}

static int add_member(struct policy_builder *builder, const struct reader *reader,
		      struct group *group, struct map *members, const char *name,
		      struct error *err)
{
	if (map_has(members, name, strlen(name)))
		return 0;
	int code = limit_check(&limits_default, LIMIT_POLICY_MEMBERS,
			       ++builder->member_count, reader->file, err);
	if (code != 0)
		return code;
	/* Any address says "there". */
	if (map_put(members, name, strlen(name), group) != 0 ||
	    strings_add(builder->policy.arena, &group->members, name) != 0)
		return reader_no_memory(reader, err);
	return 0;
}

static int resolve(struct policy_builder *builder, size_t index, unsigned int depth,
		   struct error *err);

static int add_name(struct policy_builder *builder, size_t index, size_t item,
		    unsigned int depth, struct map *members, struct error *err)
{
	const struct group_source *source = &builder->groups[index];
	struct group *group = &builder->policy.groups[index];
	struct name_use use = { source->reader,
				reader_strings_node(source->members, item),
				source->names.items[item], group->origin };
	const struct definition *found = NULL;
	int code = find_person(builder, &use, &found, err);
	if (code != 0)
		return code;
	if (strcmp(found->what, "group") != 0)
		return add_member(builder, use.reader, group, members, use.name, err);
	if (builder->groups[found->index].state == GROUP_OPEN)
		return reader_fail(use.reader, use.node, err,
				   "group '%s' contains itself by way of '%s'",
				   use.name, group->name);
	if (depth >= GROUP_DEPTH)
		return reader_fail_code(use.reader, use.node, ERROR_LIMIT, err,
					"groups are nested over %d levels",
					GROUP_DEPTH);
	code = resolve(builder, found->index, depth + 1, err);
	const struct strings *nested = &builder->policy.groups[found->index].members;
	for (size_t i = 0; code == 0 && i < nested->count; i++)
		code = add_member(builder, use.reader, group, members, nested->items[i],
				  err);
	return code;
}

static int resolve(struct policy_builder *builder, size_t index, unsigned int depth,
		   struct error *err)
{
	struct group_source *source = &builder->groups[index];
	if (source->state == GROUP_RESOLVED)
		return 0;
	source->state = GROUP_OPEN;
	struct map members = MAP_INIT;
	int code = 0;
	for (size_t i = 0; code == 0 && i < source->names.count; i++)
		code = add_name(builder, index, i, depth, &members, err);
	map_release(&members);
	source->state = GROUP_RESOLVED;
	return code;
}

int builder_resolve_groups(struct policy_builder *builder, struct error *err)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < builder->group_count; i++)
		code = resolve(builder, i, 0, err);
	return code;
}
