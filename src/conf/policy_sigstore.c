/* conf/policy_sigstore.c - roots of Sigstore, as files of their own or as Sigstore's
 * trusted_root.json; identities that they vouch for. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "trust/sigstore.h"

/* The public root has 7 KiB. */
#define SCRATCH_BYTES ((size_t)64 << 20)
#define DER_BYTES_MAX ((size_t)64 << 10)
#define PEM_BYTES_MAX ((size_t)1 << 20)

/* The code of what is wrong with a file's content, at the place that names the file. */
static int fail_by(const struct addition *addition, const struct node *node,
		   const char *file, const struct error *cause, struct error *err)
{
	return reader_fail_code(addition->reader, node, cause->code, err, "'%s': %s",
				file, cause->text);
}

/* --- principals: sigstore --- */

static int read_identity(const struct addition *addition, const struct node *node,
			 struct principal_sigstore *out, struct error *err)
{
	static const char *const names[] = { "issuer", "subject", "valid-after",
					     "valid-before" };
	const struct reader *reader = addition->reader;
	const struct node *issuer = node_get(node, "issuer");
	const struct node *subject = node_get(node, "subject");
	struct principal_sigstore identity = { 0 };
	int code = reader_mapping(reader, node, "sigstore", err);
	if (code == 0)
		code = reader_known_keys(reader, node, "key of a Sigstore identity",
					 names, 4, err);
	if (code == 0 && (issuer == NULL || subject == NULL))
		code = reader_fail(reader, node, err,
				   "a Sigstore identity needs 'issuer' and 'subject': "
				   "a "
				   "subject is somebody's only as one issuer says it");
	if (code == 0)
		code = reader_string(reader, issuer, "issuer", &identity.issuer, err);
	if (code == 0)
		code = reader_string(reader, subject, "subject", &identity.subject,
				     err);
	if (code == 0 && strstr(identity.subject, "://") == NULL &&
	    strchr(identity.subject, '@') == NULL)
		code = reader_fail(reader, subject, err,
				   "'subject' must be an address, such as "
				   "alice@example.org, or a URI, such as "
				   "https://github.com/acme/shop/.github/workflows/"
				   "release.yml@refs/heads/main");
	if (code == 0 && strchr(identity.subject, '*') != NULL)
		code = reader_fail(reader, subject, err,
				   "'subject' is compared exactly: '*' stands for "
				   "nothing; list each subject");
	if (code == 0)
		code = builder_validity(addition, node, &identity.valid_after,
					&identity.valid_before, err);
	if (code == 0)
		*out = identity;
	return code;
}

int builder_add_sigstore_identity(const struct addition *addition,
				  const struct node *node, size_t index,
				  struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct principal *principal = &policy->principals[index];
	size_t count = node_kind(node) == NODE_SEQUENCE ? node_count(node) : 1;
	for (size_t i = 0; i < count; i++) {
		struct principal_sigstore identity;
		int code = read_identity(addition, reader_strings_node(node, i),
					 &identity, err);
		if (code != 0)
			return code;
		struct principal_sigstore *slot = ARENA_PUSH(
			policy->arena, &principal->sigstore, &principal->sigstore_count,
			&principal->sigstore_capacity);
		if (slot == NULL)
			return reader_no_memory(addition->reader, err);
		*slot = identity;
	}
	return 0;
}

/* --- roots: trusted_root.json --- */

/* The file while it is read. Source: sigstore/protobuf-specs sigstore_trustroot.proto,
 * in the JSON form of protocol buffers. */
struct trusted_root {
	struct reader reader; /* says places in it */
	struct sigstore *sigstore;
};

static int bad_root(const struct trusted_root *root, const struct node *node,
		    const char *what, struct error *err)
{
	return reader_fail_code(&root->reader, node, ERROR_SIGSTORE_ROOT_FORM, err,
				"%s", what);
}

static int read_bytes(const struct trusted_root *root, const struct node *node,
		      struct buf *out, struct error *err)
{
	size_t length = 0;
	const char *text =
		node_kind(node) == NODE_STRING ? node_text(node, &length) : NULL;
	if (text == NULL || length == 0 || base64_decode(text, length, out) != 0)
		return bad_root(root, node, "'rawBytes' must be base64", err);
	return 0;
}

static int read_time(const struct trusted_root *root, const struct node *node,
		     int64_t *out, struct error *err)
{
	if (node == NULL)
		return 0;
	if (node_kind(node) == NODE_STRING &&
	    clock_parse(node_text(node, NULL), out) == 0)
		return 0;
	return bad_root(root, node, "a time is not of the form 2026-11-21T09:30:00Z",
			err);
}

static int read_span(const struct trusted_root *root, const struct node *node,
		     int64_t *after, int64_t *before, struct error *err)
{
	const struct node *span = node_get(node, "validFor");
	*after = INT64_MIN;
	*before = INT64_MAX;
	int code = read_time(root, node_get(span, "start"), after, err);
	return code == 0 ? read_time(root, node_get(span, "end"), before, err) : code;
}

static int add_log(const struct trusted_root *root, enum sigstore_log kind,
		   const struct node *node, struct error *err)
{
	const struct node *key = node_get(node, "publicKey");
	const struct node *hash = node_get(node, "hashAlgorithm");
	struct error cause = ERROR_INIT;
	struct buf der = BUF_INIT(DER_BYTES_MAX);
	int64_t after;
	int64_t before;
	if (hash != NULL && (node_kind(hash) != NODE_STRING ||
			     strcmp(node_text(hash, NULL), "SHA2_256") != 0))
		return bad_root(root, hash, "only 'SHA2_256' is known", err);
	if (node_kind(key) != NODE_MAPPING || node_get(key, "rawBytes") == NULL)
		return bad_root(root, node, "a log needs 'publicKey' with 'rawBytes'",
				err);
	int code = read_span(root, key, &after, &before, err);
	if (code == 0)
		code = read_bytes(root, node_get(key, "rawBytes"), &der, err);
	if (code == 0 && sigstore_add_key(root->sigstore, kind, der.data, der.length,
					  after, before, &cause) != 0)
		code = reader_fail_code(&root->reader, key, cause.code, err, "%s",
					cause.text);
	buf_release(&der);
	return code;
}

static void put_pem(struct buf *out, const struct buf *der)
{
	struct buf text = BUF_INIT(2 * DER_BYTES_MAX);
	base64_encode(der->data, der->length, &text);
	buf_add_string(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < text.length; at += 64) {
		size_t left = text.length - at;
		buf_add(out, text.data + at, left < 64 ? left : 64);
		buf_add_byte(out, '\n');
	}
	buf_add_string(out, "-----END CERTIFICATE-----\n");
	buf_release(&text);
}

static int add_authority(const struct trusted_root *root, const struct node *node,
			 struct error *err)
{
	const struct node *list = node_get(node_get(node, "certChain"), "certificates");
	struct error cause = ERROR_INIT;
	struct buf pem = BUF_INIT(PEM_BYTES_MAX);
	int64_t after;
	int64_t before;
	int code = read_span(root, node, &after, &before, err);
	if (code == 0 && node_kind(list) != NODE_SEQUENCE)
		code = bad_root(root, node,
				"an authority needs 'certChain' with 'certificates'",
				err);
	for (size_t i = 0; code == 0 && i < node_count(list); i++) {
		const struct node *item = node_item(list, i);
		struct buf der = BUF_INIT(DER_BYTES_MAX);
		code = node_get(item, "rawBytes") == NULL
			       ? bad_root(root, item, "a certificate needs 'rawBytes'",
					  err)
			       : read_bytes(root, node_get(item, "rawBytes"), &der,
					    err);
		put_pem(&pem, &der);
		buf_release(&der);
	}
	if (code == 0 && pem.failed != 0)
		code = bad_root(root, node, "the chain is too large", err);
	if (code == 0 && sigstore_add_authorities(root->sigstore, pem.data, pem.length,
						  after, before, &cause) != 0)
		code = reader_fail_code(&root->reader, node, cause.code, err, "%s",
					cause.text);
	buf_release(&pem);
	return code;
}

static int add_list(const struct trusted_root *root, const struct node *top,
		    const char *name, enum sigstore_log kind, struct error *err)
{
	const struct node *list = node_get(top, name);
	int code = 0;
	if (list == NULL)
		return 0;
	if (node_kind(list) != NODE_SEQUENCE)
		return bad_root(root, list, "a list is needed here", err);
	for (size_t i = 0; code == 0 && i < node_count(list); i++)
		code = kind == SIGSTORE_LOG_UNKNOWN
			       ? add_authority(root, node_item(list, i), err)
			       : add_log(root, kind, node_item(list, i), err);
	return code;
}

static int add_trusted_root(const struct trusted_root *root, const struct node *top,
			    struct error *err)
{
	static const char type[] = "application/vnd.dev.sigstore.trustedroot";
	const struct node *media = node_get(top, "mediaType");
	if (node_kind(media) != NODE_STRING ||
	    strncmp(node_text(media, NULL), type, sizeof(type) - 1) != 0)
		return bad_root(root, top,
				"'mediaType' must say that it is a trusted root of "
				"Sigstore",
				err);
	int code = add_list(root, top, "certificateAuthorities", SIGSTORE_LOG_UNKNOWN,
			    err);
	if (code == 0)
		code = add_list(root, top, "tlogs", SIGSTORE_REKOR, err);
	return code == 0 ? add_list(root, top, "ctlogs", SIGSTORE_CT, err) : code;
}

static int parse_trusted_root(struct sigstore *sigstore, struct arena *scratch,
			      const struct policy_file *file, const char *name,
			      struct error *err)
{
	const struct trusted_root root = { { name, scratch, NULL }, sigstore };
	struct docs docs = { 0 };
	struct doc_problem problem = { 0 };
	int code = docs_parse(&docs, scratch, DOC_JSON, file->bytes, file->length,
			      &limits_default, &problem);
	if (code != 0)
		return error_set(err, code, "%s:%u:%u: %s", name, problem.line,
				 problem.column, problem.message);
	if (docs.count != 1)
		return error_set(err, ERROR_SIGSTORE_ROOT_FORM, "%s: it is empty",
				 name);
	return add_trusted_root(&root, docs.roots[0], err);
}

/* --- roots --- */

static int load(const struct addition *addition, const struct node *node,
		const char *what, const char **name, struct policy_file *file,
		struct error *err)
{
	int code = reader_string(addition->reader, node, what, name, err);
	return code == 0 ? builder_load(addition, node, *name, file, err) : code;
}

static int read_trusted_root(const struct addition *addition, struct sigstore *sigstore,
			     const struct node *node, struct error *err)
{
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	const char *name = NULL;
	int code = load(addition, node, "trusted-root", &name, &file, err);
	if (code != 0)
		return code;
	struct arena *scratch = arena_new(SCRATCH_BYTES);
	if (scratch == NULL)
		return reader_no_memory(addition->reader, err);
	code = parse_trusted_root(sigstore, scratch, &file, name, &cause);
	arena_free(scratch);
	return code == 0 ? 0
			 : reader_fail_code(addition->reader, node, code, err, "%s",
					    cause.text);
}

static int read_authorities(const struct addition *addition, struct sigstore *sigstore,
			    const struct node *node, struct error *err)
{
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	const char *name = NULL;
	int code = load(addition, node, "authorities", &name, &file, err);
	if (code == 0 && sigstore_add_authorities(sigstore, file.bytes, file.length,
						  INT64_MIN, INT64_MAX, &cause) != 0)
		code = fail_by(addition, node, name, &cause, err);
	return code;
}

static int read_keys(const struct addition *addition, struct sigstore *sigstore,
		     enum sigstore_log log, const struct node *node, const char *what,
		     struct error *err)
{
	struct policy_file file = { 0 };
	struct error cause = ERROR_INIT;
	const char *name = NULL;
	int code = load(addition, node, what, &name, &file, err);
	if (code == 0 &&
	    sigstore_add_keys(sigstore, log, file.bytes, file.length, &cause) != 0)
		code = fail_by(addition, node, name, &cause, err);
	return code;
}

static int read_parts(const struct addition *addition, struct sigstore *sigstore,
		      const struct node *node, struct error *err)
{
	const struct node *trusted = node_get(node, "trusted-root");
	const struct node *authorities = node_get(node, "authorities");
	const struct node *rekor = node_get(node, "rekor-keys");
	const struct node *certificates = node_get(node, "ct-keys");
	int code = 0;
	if (trusted != NULL)
		code = read_trusted_root(addition, sigstore, trusted, err);
	if (code == 0 && authorities != NULL)
		code = read_authorities(addition, sigstore, authorities, err);
	if (code == 0 && rekor != NULL)
		code = read_keys(addition, sigstore, SIGSTORE_REKOR, rekor,
				 "rekor-keys", err);
	if (code == 0 && certificates != NULL)
		code = read_keys(addition, sigstore, SIGSTORE_CT, certificates,
				 "ct-keys", err);
	return code;
}

static int add_root(const struct addition *addition, struct sigstore *sigstore,
		    const struct node *node, struct error *err)
{
	static const char *const names[] = { "trusted-root", "authorities",
					     "rekor-keys", "ct-keys", "require-sct" };
	const struct node *sct = node_get(node, "require-sct");
	struct error cause = ERROR_INIT;
	bool require_sct = true;
	int code = reader_mapping(addition->reader, node, "sigstore", err);
	if (code == 0)
		code = reader_known_keys(addition->reader, node,
					 "key of a root of Sigstore", names, 5, err);
	if (code == 0 && sct != NULL)
		code = reader_boolean(addition->reader, sct, "require-sct",
				      &require_sct, err);
	if (code == 0 && sigstore_begin(sigstore, addition->origin == ORIGIN_SERVER,
					require_sct, &cause) != 0)
		code = reader_fail_code(addition->reader, node, cause.code, err, "%s",
					cause.text);
	if (code == 0)
		code = read_parts(addition, sigstore, node, err);
	if (code == 0 && sigstore_check(sigstore, &cause) != 0)
		code = reader_fail_code(addition->reader, node, cause.code, err,
					"%s: name 'trusted-root', or 'authorities', "
					"'rekor-keys' and 'ct-keys'",
					cause.text);
	return code;
}

int builder_add_sigstore(const struct addition *addition, const struct node *node,
			 struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	size_t count = node_kind(node) == NODE_SEQUENCE ? node_count(node) : 1;
	int code = policy->sigstore == NULL ? sigstore_new(&policy->sigstore, err) : 0;
	for (size_t i = 0; code == 0 && i < count; i++)
		code = add_root(addition, policy->sigstore,
				reader_strings_node(node, i), err);
	return code;
}
