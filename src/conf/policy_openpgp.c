/* conf/policy_openpgp.c - OpenPGP certificates of principals: from files or as text, by
 * way of their compiled form. Each key and subkey becomes a key of the principal, with
 * the times in which it counts; each revocation becomes one of the policy. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "trust/openpgp_ring.h"

static const char armored[] = "-----BEGIN PGP ";

/* The bytes of a certificate: the text itself when it is one, or else of the file that
 * it names. */
static int load(const struct addition *addition, const struct node *node,
		struct policy_file *out, struct error *err)
{
	const char *text = NULL;
	int code = reader_string(addition->reader, node, "openpgp", &text, err);
	if (code != 0)
		return code;
	if (strncmp(text, armored, sizeof(armored) - 1) != 0)
		return builder_load(addition, node, text, out, err);
	*out = (struct policy_file){ "the key", text, strlen(text) };
	return 0;
}

static int compile(const struct addition *addition, const struct node *node,
		   const struct policy_file *file, struct error *err)
{
	const struct policy_loader *loader = addition->loader;
	struct policy *policy = &addition->builder->policy;
	struct policy_file compiled = { 0 };
	struct error cause = ERROR_INIT;
	if (loader == NULL || loader->compile == NULL)
		return reader_fail_code(addition->reader, node, ERROR_UNSUPPORTED, err,
					"OpenPGP keys cannot be read here");
	int code = policy->openpgp != NULL ? 0
					   : openpgp_ring_new(&policy->openpgp, &cause);
	if (code == 0)
		code = loader->compile(loader->data, file->bytes, file->length,
				       &compiled, &cause);
	if (code == 0)
		code = openpgp_ring_add(policy->openpgp, compiled.bytes,
					compiled.length, &cause);
	if (code != 0)
		return reader_fail_code(addition->reader, node, code, err,
					"not a usable OpenPGP key: %s", cause.text);
	return 0;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Bounds are inclusive; 0: none. */
static int64_t sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static int push_key(const struct addition *addition, const struct node *node,
		    size_t principal, const struct openpgp_key *key,
		    const struct principal_key *bounds, struct error *err)
{
	struct arena *arena = addition->builder->policy.arena;
	struct principal_key made = *bounds;
	made.fingerprint = arena_string(arena, key->fingerprint);
	made.certificate = arena_string(arena, key->certificate);
	made.valid_after = later(bounds->valid_after, key->from * CLOCK_SECOND);
	if (key->until != 0)
		made.valid_before =
			sooner(bounds->valid_before, key->until * CLOCK_SECOND - 1);
	if (made.fingerprint == NULL || made.certificate == NULL)
		return reader_no_memory(addition->reader, err);
	return builder_add_key(addition, node, principal, &made, err);
}

/* One that was made in the first second of 1970 counts for ever, as a hard one. */
static int push_revocation(const struct addition *addition,
			   const struct openpgp_key *key, struct error *err)
{
	bool soft = key->revoked == OPENPGP_REVOKED_SOFT;
	if (key->revoked == OPENPGP_REVOKED_NOT)
		return 0;
	return builder_push_revocation(addition, key->fingerprint,
				       soft ? "its owner replaced or retired it"
					    : "its owner revoked it",
				       soft ? key->revoked_at * CLOCK_SECOND : 0, err);
}

int builder_add_openpgp(const struct addition *addition, const struct node *node,
			const struct node *key, size_t principal,
			const struct principal_key *bounds, struct error *err)
{
	const struct policy *policy = &addition->builder->policy;
	size_t at = policy->openpgp == NULL ? 0 : openpgp_ring_count(policy->openpgp);
	struct policy_file file = { 0 };
	int code = load(addition, key, &file, err);
	if (code == 0)
		code = compile(addition, key, &file, err);
	for (; code == 0 && at < openpgp_ring_count(policy->openpgp); at++) {
		const struct openpgp_key *compiled =
			openpgp_ring_key(policy->openpgp, at);
		code = push_key(addition, node, principal, compiled, bounds, err);
		if (code == 0)
			code = push_revocation(addition, compiled, err);
	}
	return code;
}
