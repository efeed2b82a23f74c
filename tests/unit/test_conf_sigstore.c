/* tests/unit/test_conf_sigstore.c - roots of Sigstore in a policy: trusted_root.json
 * with each thing that can be wrong in it, files in PEM form, whose root it is. */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "conf/policy_parse.h"
#include "model/facts.h"
#include "model/policy.h"
#include "sigstore_make.h"
#include "trust/signature.h"
#include "trust/sigstore.h"

#define BY_ROOT  "sigstore: {trusted-root: root.json}\n"
#define BY_FILES "sigstore: {authorities: ca.pem, rekor-keys: rekor.pem, "

static struct sigstore_made *made;
static struct buf contents[4] = { BUF_INIT(1 << 20), BUF_INIT(1 << 20),
				  BUF_INIT(1 << 20), BUF_INIT(1 << 20) };
static const char *const names[4] = { "root.json", "ca.pem", "rekor.pem", "ct.pem" };

static void begin(void)
{
	made = sigstore_made_new(NULL);
	sigstore_trusted_root(&contents[0], made);
	sigstore_authorities_pem(&contents[1], made);
	sigstore_key_pem(&contents[2], made->rekor);
	sigstore_key_pem(&contents[3], made->ct);
}

static void end(void)
{
	for (size_t i = 0; i < 4; i++)
		buf_release(&contents[i]);
	sigstore_made_free(made);
}

static int load(void *data, const char *name, struct policy_file *out,
		struct error *err)
{
	(void)data;
	for (size_t i = 0; i < 4; i++)
		if (strcmp(names[i], name) == 0) {
			*out = (struct policy_file){ names[i], contents[i].data,
						     contents[i].length };
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "no file '%s'", name);
}

static int build(struct policy **out, const char *server, const char *repository,
		 struct error *err)
{
	static const struct policy_loader loader = { load, NULL, NULL, NULL };
	const struct policy_file floor = { "gitgate.yaml", server, strlen(server) };
	const struct policy_file own = { ".gitgate.yaml", repository,
					 strlen(repository) };
	struct policy *policy = NULL;
	int code = policy_new(&policy, err);
	if (code == 0)
		code = policy_add_server(policy, &floor, &loader, NULL, err);
	if (code == 0)
		code = policy_add_repository(policy, &own, &loader, err);
	if (code == 0)
		code = policy_finish(policy, err);
	if (code == 0)
		*out = policy;
	else
		policy_free(policy);
	return code;
}

/* A genuine signature, traced by this policy. */
static int trace(const struct policy *policy, bool *by_server)
{
	static const struct sigstore_how how;
	struct arena *arena = arena_new(1 << 20);
	struct buf armor = BUF_INIT(1 << 20);
	struct trust_span payload = { "payload", 7 };
	struct signature_fact fact;
	sigstore_sign(&armor, made, "payload", 7, &how);
	ck_assert_int_eq(signature_verify(&fact, arena, &payload, 1, armor.data,
					  armor.length, NULL),
			 0);
	ck_assert_int_eq(sigstore_trace(&fact, arena, policy->sigstore, NULL), 0);
	int code = fact.x509->code;
	*by_server = fact.x509->by_server;
	buf_release(&armor);
	arena_free(arena);
	return code;
}

START_TEST(each_form_of_a_root_vouches)
{
	static const struct {
		const char *server;
		const char *repository;
		int code;
		bool by_server;
	} cases[] = {
		{ BY_ROOT, "", 0, true },
		{ BY_FILES "ct-keys: ct.pem}\n", "", 0, true },
		{ BY_FILES "require-sct: false}\n", "", 0, true },
		{ "", BY_ROOT, 0, false },
		{ BY_ROOT, BY_ROOT, 0, true },
		{ "sigstore: [{trusted-root: root.json}]\n", "", 0, true },
		{ "", "", ERROR_SIGSTORE_NO_ROOT, false },
		{ "sigstore: {trusted-root: root.json, ct-keys: rekor.pem}\n", "", 0,
		  true },
		{ BY_FILES "ct-keys: rekor.pem}\n", "", ERROR_SCT_LOG_UNKNOWN, true },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		bool by_server;
		ck_assert_msg(
			build(&policy, cases[i].server, cases[i].repository, &err) == 0,
			"%s", err.text);
		int code = trace(policy, &by_server);
		ck_assert_msg(code == cases[i].code, "%zu: %s", i, error_name(code));
		ck_assert_int_eq(by_server, cases[i].by_server);
		policy_free(policy);
	}
	end();
}
END_TEST

START_TEST(each_wrong_trusted_root_is_refused)
{
	static const struct {
		const char *find;
		const char *replacement;
		const char *says;
	} cases[] = {
		{ "{\"mediaType\"", "{\"mediaTypo\"", "'mediaType' must say" },
		{ "dev.sigstore.trustedroot", "dev.sigstore.bundle",
		  "'mediaType' must say" },
		{ "{\"mediaType\"", "[{\"mediaType\"", "root.json:" },
		{ "SHA2_256", "SHA2_512", "only 'SHA2_256'" },
		{ "\"publicKey\"", "\"publicKeys\"", "a log needs 'publicKey'" },
		{ "{\"rawBytes\": \"MFk", "{\"rawBytes\": \"!Fk", "must be base64" },
		{ "{\"rawBytes\": \"MFk", "{\"rawBytes\": \"AAA",
		  "a key of a log is malformed" },
		{ "{\"rawBytes\": \"MII", "{\"rawBytes\": \"AAA",
		  "a certificate is malformed" },
		{ "\"certChain\"", "\"chain\"", "needs 'certChain'" },
		{ "{\"rawBytes\": \"MII", "{\"raw\": \"MII",
		  "a certificate needs 'rawBytes'" },
		{ "2022-04-13T20:06:15.000Z", "yesterday", "a time is not" },
		{ "\"tlogs\"", "\"logs\"", "the key of a Rekor log" },
		{ "\"ctlogs\"", "\"logs\"", "the key of a log of" },
		{ "\"certificateAuthorities\"", "\"authorities\"",
		  "needs authorities" },
		{ "\"tlogs\": [", "\"tlogs\": {}, \"x\": [", "a list is needed" },
		{ "\"tlogs\"", "\"ctlogs\"", "ctlogs" }, /* twice */
	};
	begin();
	struct buf genuine = BUF_INIT(1 << 20);
	buf_add(&genuine, contents[0].data, contents[0].length);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = strstr(genuine.data, cases[i].find);
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_msg(at != NULL, "%s", cases[i].find);
		buf_reset(&contents[0]);
		buf_add(&contents[0], genuine.data, (size_t)(at - genuine.data));
		buf_add_string(&contents[0], cases[i].replacement);
		buf_add_string(&contents[0], at + strlen(cases[i].find));
		ck_assert_msg(build(&policy, BY_ROOT, "", &err) != 0, "'%s' was taken",
			      cases[i].replacement);
		ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "'%s': %s",
			      cases[i].replacement, err.text);
		ck_assert_ptr_nonnull(strstr(err.text, "gitgate.yaml:1:"));
	}
	buf_release(&genuine);
	end();
}
END_TEST

START_TEST(a_root_needs_all_its_parts)
{
	static const struct {
		const char *server;
		const char *says;
	} cases[] = {
		{ BY_FILES "}\n", "the key of a log of certificates" },
		{ "sigstore: {authorities: ca.pem, ct-keys: ct.pem}\n", "the key of a "
									"Rekor log" },
		{ "sigstore: {rekor-keys: rekor.pem, ct-keys: ct.pem}\n", "needs "
									  "authoritie"
									  "s" },
		{ BY_FILES "ct-keys: none.pem}\n", "no file 'none.pem'" },
		{ BY_FILES "ct-keys: ca.pem}\n", "not 'PUBLIC KEY'" },
		{ "sigstore: {trusted-root: ca.pem}\n", "ca.pem:1:" },
		{ BY_FILES "require-sct: maybe}\n", "must be true or false" },
		{ "sigstore: {authorities: rekor.pem}\n", "no self-signed" },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *policy = NULL;
		struct error err = ERROR_INIT;
		ck_assert_msg(build(&policy, cases[i].server, "", &err) != 0, "%s",
			      cases[i].server);
		ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%s%s",
			      cases[i].server, err.text);
	}
	end();
}
END_TEST

/* What is remembered by a policy's digest is forgotten when a key changes. */
START_TEST(the_files_are_in_the_digest)
{
	struct policy *before = NULL;
	struct policy *after = NULL;
	begin();
	ck_assert_int_eq(build(&before, BY_ROOT, "", NULL), 0);
	buf_add_byte(&contents[0], '\n');
	ck_assert_int_eq(build(&after, BY_ROOT, "", NULL), 0);
	ck_assert(!digest_equal(&before->digest, &after->digest));
	policy_free(before);
	policy_free(after);
	end();
}
END_TEST

UNIT_MAIN("conf/sigstore", each_form_of_a_root_vouches,
	  each_wrong_trusted_root_is_refused, a_root_needs_all_its_parts,
	  the_files_are_in_the_digest)
