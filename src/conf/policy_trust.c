/* conf/policy_trust.c - who vouches for whom: OpenSSH's CAs and files of allowed
 * signers, X.509 identities and authorities, revocation lists. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "model/krl.h"
#include "trust/allowed_signers.h"
#include "trust/ssh_key.h"
#include "trust/ssh_krl.h"
#include "trust/x509.h"

/* Below the arena of a policy. */
#define SCRATCH_BYTES ((size_t)64 << 20)

/* The code of what is wrong with a file's content, at the place that names the file. */
static int fail_by(const struct addition *addition, const struct node *node,
		   const char *file, const struct error *cause, struct error *err)
{
	return reader_fail_code(addition->reader, node, cause->code, err, "'%s': %s",
				file, cause->text);
}

/* --- principals: ssh-ca --- */

static int add_authority(const struct addition *addition, struct principal *principal,
			 const struct principal_authority *authority, struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct principal_authority *slot =
		ARENA_PUSH(policy->arena, &principal->authorities,
			   &principal->authority_count, &principal->authority_capacity);
	if (slot == NULL)
		return reader_no_memory(addition->reader, err);
	*slot = *authority;
	return 0;
}

/* The names by which others know a principal: its own, and its addresses. */
static int names_of(const struct addition *addition, const struct principal *principal,
		    const char *patterns, struct strings *out, struct error *err)
{
	struct arena *arena = addition->builder->policy.arena;
	int rc = 0;
	if (patterns == NULL || pattern_list_matches(patterns, principal->name))
		rc = strings_add(arena, out, principal->name);
	for (size_t i = 0; rc == 0 && i < principal->emails.count; i++)
		if (patterns == NULL ||
		    pattern_list_matches(patterns, principal->emails.items[i]))
			rc = strings_add(arena, out, principal->emails.items[i]);
	return rc == 0 ? 0 : reader_no_memory(addition->reader, err);
}

static int read_authority(const struct addition *addition, const struct node *node,
			  const struct principal *principal,
			  struct principal_authority *out, struct error *err)
{
	static const char *const names[] = { "key", "principals", "valid-after",
					     "valid-before" };
	const struct reader *reader = addition->reader;
	const struct node *line = node;
	const struct node *listed = NULL;
	int code = 0;
	if (node_kind(node) == NODE_MAPPING) {
		code = reader_known_keys(reader, node, "key of an ssh-ca", names, 4,
					 err);
		line = node_get(node, "key");
		listed = node_get(node, "principals");
		if (code == 0 && line == NULL)
			code = reader_fail(reader, node, err,
					   "an ssh-ca needs 'key', its public line");
		if (code == 0)
			code = builder_validity(addition, node, &out->valid_after,
						&out->valid_before, err);
		if (code == 0 && listed != NULL)
			code = reader_strings(reader, listed, "principals", &out->names,
					      err);
	}
	if (code == 0)
		code = builder_ssh_line(addition, line, "ssh-ca", NULL,
					&out->fingerprint, err);
	if (code == 0 && listed == NULL)
		code = names_of(addition, principal, NULL, &out->names, err);
	return code;
}

int builder_add_ssh_ca(const struct addition *addition, const struct node *node,
		       size_t index, struct error *err)
{
	struct principal *principal = &addition->builder->policy.principals[index];
	char shown[READER_SHOWN_BYTES];
	enum node_kind kind = node_kind(node);
	if (kind != NODE_SEQUENCE && kind != NODE_STRING && kind != NODE_MAPPING)
		return reader_fail(addition->reader, node, err,
				   "'ssh-ca' must be a list of public keys of CAs, "
				   "found %s",
				   reader_shown(node, shown));
	size_t count = kind == NODE_SEQUENCE ? node_count(node) : 1;
	int code = 0;
	for (size_t i = 0; code == 0 && i < count; i++) {
		struct principal_authority authority = { 0 };
		code = read_authority(addition, reader_strings_node(node, i), principal,
				      &authority, err);
		if (code == 0)
			code = add_authority(addition, principal, &authority, err);
	}
	return code;
}

/* --- principals: x509 --- */

static int read_field(const struct addition *addition, const struct node *node,
		      const char *name, const char **out, struct error *err)
{
	const struct node *value = node_get(node, name);
	return value == NULL ? 0
			     : reader_string(addition->reader, value, name, out, err);
}

static int check_san(const struct addition *addition, const struct node *node,
		     const char *san, struct error *err)
{
	if (san == NULL || strncmp(san, "email:", 6) == 0 ||
	    strncmp(san, "uri:", 4) == 0 || strncmp(san, "dns:", 4) == 0)
		return 0;
	return reader_fail(addition->reader, node_get(node, "san"), err,
			   "'san' must begin with 'email:', 'uri:' or 'dns:'");
}

static int read_x509(const struct addition *addition, const struct node *node,
		     struct principal_x509 *out, struct error *err)
{
	static const char *const names[] = { "email", "subject", "san", "issuer",
					     "serial" };
	struct principal_x509 x509 = { 0 };
	int code = reader_mapping(addition->reader, node, "x509", err);
	if (code == 0)
		code = reader_known_keys(addition->reader, node,
					 "key of an X.509 identity", names, 5, err);
	if (code == 0)
		code = read_field(addition, node, "email", &x509.email, err);
	if (code == 0)
		code = read_field(addition, node, "subject", &x509.subject, err);
	if (code == 0)
		code = read_field(addition, node, "san", &x509.san, err);
	if (code == 0)
		code = read_field(addition, node, "issuer", &x509.issuer, err);
	if (code == 0)
		code = read_field(addition, node, "serial", &x509.serial, err);
	if (code == 0)
		code = check_san(addition, node, x509.san, err);
	if (code != 0)
		return code;
	if (x509.email == NULL && x509.subject == NULL && x509.san == NULL &&
	    (x509.issuer == NULL || x509.serial == NULL))
		return reader_fail(addition->reader, node, err,
				   "an X.509 identity needs 'email', 'subject', 'san', "
				   "or 'issuer' and 'serial': else it would be "
				   "everybody's");
	*out = x509;
	return 0;
}

int builder_add_x509(const struct addition *addition, const struct node *node,
		     size_t index, struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct principal *principal = &policy->principals[index];
	size_t count = node_kind(node) == NODE_SEQUENCE ? node_count(node) : 1;
	int code = 0;
	for (size_t i = 0; code == 0 && i < count; i++) {
		struct principal_x509 x509;
		code = read_x509(addition, reader_strings_node(node, i), &x509, err);
		if (code != 0)
			return code;
		struct principal_x509 *slot =
			ARENA_PUSH(policy->arena, &principal->x509,
				   &principal->x509_count, &principal->x509_capacity);
		if (slot == NULL)
			return reader_no_memory(addition->reader, err);
		*slot = x509;
	}
	return code;
}

/* --- files of allowed signers --- */

struct signers {
	const struct addition *addition;
	const struct node *node;
	const char *file;
};

static int add_signer_authority(const struct signers *signers,
				const struct allowed_signer *signer,
				struct principal *principal, struct error *err)
{
	struct principal_authority authority = {
		.fingerprint = arena_string(signers->addition->builder->policy.arena,
					    signer->fingerprint),
		.valid_after = signer->valid_after,
		.valid_before = signer->valid_before,
	};
	if (authority.fingerprint == NULL)
		return reader_no_memory(signers->addition->reader, err);
	int code = names_of(signers->addition, principal, signer->principals,
			    &authority.names, err);
	if (code == 0 && authority.names.count != 0)
		code = add_authority(signers->addition, principal, &authority, err);
	return code;
}

static int add_signer_key(const struct signers *signers,
			  const struct allowed_signer *signer, size_t index,
			  struct error *err)
{
	struct arena *arena = signers->addition->builder->policy.arena;
	struct principal_key key = {
		.text = arena_string(arena, signer->key),
		.fingerprint = arena_string(arena, signer->fingerprint),
		.valid_after = signer->valid_after,
		.valid_before = signer->valid_before,
	};
	struct error cause = ERROR_INIT;
	if (key.text == NULL || key.fingerprint == NULL)
		return reader_no_memory(signers->addition->reader, err);
	int code =
		builder_add_key(signers->addition, signers->node, index, &key, &cause);
	if (code == 0)
		return 0;
	return reader_fail_code(signers->addition->reader, signers->node, code, err,
				"%s:%u: %s", signers->file, signer->line, cause.text);
}

/* A file adds to the people of its own side alone: a repository cannot give one of the
 * server's another key. */
static int add_signer(void *data, const struct allowed_signer *signer,
		      struct error *err)
{
	const struct signers *signers = data;
	struct policy *policy = &signers->addition->builder->policy;
	int code = 0;
	if (signer->namespaces != NULL &&
	    !pattern_list_matches(signer->namespaces, "git"))
		return 0;
	for (size_t i = 0; code == 0 && i < policy->principal_count; i++) {
		struct principal *principal = &policy->principals[i];
		struct strings names = { 0 };
		if (principal->origin != signers->addition->origin)
			continue;
		code = names_of(signers->addition, principal, signer->principals,
				&names, err);
		if (code != 0 || names.count == 0)
			continue;
		code = signer->authority
			       ? add_signer_authority(signers, signer, principal, err)
			       : add_signer_key(signers, signer, i, err);
	}
	return code;
}

int builder_add_allowed_signers(const struct addition *addition,
				const struct node *node, struct error *err)
{
	struct signers signers = { addition, node, NULL };
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	int code = reader_string(addition->reader, node, "allowed-signers",
				 &signers.file, err);
	if (code == 0)
		code = builder_load(addition, node, signers.file, &file, err);
	if (code != 0)
		return code;
	struct arena *scratch = arena_new(SCRATCH_BYTES);
	if (scratch == NULL)
		return reader_no_memory(addition->reader, err);
	code = allowed_signers_read(file.bytes, file.length, signers.file,
				    TIMES_UTC_ONLY, scratch, add_signer, &signers,
				    &cause);
	arena_free(scratch);
	if (code == 0)
		return 0;
	return reader_fail_code(addition->reader, node, code, err, "%s", cause.text);
}

/* --- files of authorities and revocation lists --- */

static int authorities_of(const struct addition *addition,
			  struct x509_authorities **out, struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	int rc = 0;
	if (policy->authorities == NULL)
		rc = x509_authorities_new(&policy->authorities, err);
	*out = policy->authorities;
	return rc;
}

static int load_named(const struct addition *addition, const struct node *node,
		      const char *key, const char **name, struct policy_file *file,
		      struct error *err)
{
	int code = reader_string(addition->reader, node, key, name, err);
	return code == 0 ? builder_load(addition, node, *name, file, err) : code;
}

int builder_add_authorities(const struct addition *addition, const struct node *node,
			    struct error *err)
{
	struct x509_authorities *authorities = NULL;
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	const char *name = NULL;
	int code = load_named(addition, node, "authorities", &name, &file, err);
	if (code == 0)
		code = authorities_of(addition, &authorities, err);
	if (code != 0)
		return code;
	if (x509_authorities_add(authorities, file.bytes, file.length,
				 addition->origin == ORIGIN_SERVER, &cause) != 0)
		return fail_by(addition, node, name, &cause, err);
	return 0;
}

static int add_krl(const struct addition *addition, const struct node *node,
		   struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	const char *name = NULL;
	struct krl krl;
	int code = load_named(addition, node, "krl", &name, &file, err);
	if (code != 0)
		return code;
	if (!ssh_krl_is(file.bytes, file.length))
		return reader_fail_code(addition->reader, node, ERROR_SSH_KRL_MAGIC,
					err,
					"'%s' is not a binary OpenSSH revocation list "
					"(ssh-keygen -k); a list of keys, one a line, "
					"is named by 'revoked-keys-file'",
					name);
	if (ssh_krl_parse(&krl, policy->arena, file.bytes, file.length, &cause) != 0)
		return fail_by(addition, node, name, &cause, err);
	krl.file = name;
	struct krl *slot = ARENA_PUSH(policy->arena, &policy->krls, &policy->krl_count,
				      &policy->krl_capacity);
	if (slot == NULL)
		return reader_no_memory(addition->reader, err);
	*slot = krl;
	return 0;
}

static int add_crl(const struct addition *addition, const struct node *node,
		   struct error *err)
{
	struct x509_authorities *authorities = NULL;
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	const char *name = NULL;
	int code = load_named(addition, node, "crl", &name, &file, err);
	if (code == 0)
		code = authorities_of(addition, &authorities, err);
	if (code != 0)
		return code;
	if (x509_lists_add(authorities, file.bytes, file.length, &cause) != 0)
		return fail_by(addition, node, name, &cause, err);
	return 0;
}

/* One file or several. */
static int add_each(const struct addition *addition, const struct node *node,
		    int (*add)(const struct addition *addition, const struct node *node,
			       struct error *err),
		    struct error *err)
{
	if (node == NULL)
		return 0;
	size_t count = node_kind(node) == NODE_SEQUENCE ? node_count(node) : 1;
	int code = 0;
	for (size_t i = 0; code == 0 && i < count; i++)
		code = add(addition, reader_strings_node(node, i), err);
	return code;
}

int builder_add_lists(const struct addition *addition, const struct node *node,
		      struct error *err)
{
	static const char *const names[] = { "krl", "crl" };
	int code = reader_mapping(addition->reader, node, "revoked", err);
	if (code == 0)
		code = reader_known_keys(addition->reader, node, "key of 'revoked'",
					 names, 2, err);
	if (code == 0)
		code = add_each(addition, node_get(node, "krl"), add_krl, err);
	if (code == 0)
		code = add_each(addition, node_get(node, "crl"), add_crl, err);
	return code;
}
