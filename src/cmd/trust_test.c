/* cmd/trust_test.c - `gitgate trust test COMMIT`: the signature alone, as the rules of
 * kind signatures see it. Received now. */
#include "cmd/trust.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/git.h"
#include "cmd/table.h"
#include "job/judge.h"
#include "model/facts.h"
#include "model/finding.h"
#include "model/policy.h"
#include "policy/evaluate.h"
#include "policy/report.h"
#include "repo/repo.h"
#include "trust/signature.h"

#define FALLBACK_REF   "refs/heads/main"
#define NAME_BYTES_MAX 4096

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static int find_commit(const char *revision, struct repo **repo, struct oid *id,
		       struct error *err)
{
	static const char *const where[] = { "rev-parse", "--path-format=absolute",
					     "--git-common-dir", NULL };
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf name = BUF_INIT(NAME_BYTES_MAX);
	struct buf line = BUF_INIT(NAME_BYTES_MAX);
	int status = 1;

	buf_addf(&name, "%s^{commit}", revision);
	const char *const what[] = { "rev-parse",        "--verify", "-q",
				     "--end-of-options", name.data,  NULL };
	int rc = buf_status(&name, "the commit", err);
	if (rc == 0)
		rc = git_run(NULL, where, NULL, &path, err);
	if (rc == 0)
		rc = git_run(NULL, what, &status, &line, err);
	if (rc == 0 && (status != 0 || oid_parse(line.data, line.length, id) != 0))
		rc = error_set(err, ERROR_NOT_FOUND,
			       "'%s' is not a commit in this repository", revision);
	if (rc == 0)
		rc = repo_open(repo, path.data, NULL, err);
	buf_release(&path);
	buf_release(&name);
	buf_release(&line);
	return rc;
}

static int verify(const struct trust *trust, const struct repo *repo,
		  const struct oid *id, const struct commit_text *text,
		  struct signature_fact *out, struct error *err)
{
	const struct signature_keys keys = { trust->policy->openpgp };
	struct trust_span payload[3];
	size_t length;

	if (text->signature.length == 0) {
		out->status = SIGNATURE_NONE;
		return 0;
	}
	char *armor = signature_unfold(trust->arena, text->signature, &length);
	if (!armor)
		return no_memory(err);
	for (size_t i = 0; i < text->payload_count; i++)
		payload[i] = (struct trust_span){ text->payload[i].bytes,
						  text->payload[i].length };
	int rc = signature_verify_with(out, trust->arena, &keys, payload,
				       text->payload_count, armor, length, err);
	return rc == 0 ? trace_signature(trust->policy, trust->arena, repo, id, out,
					 err)
		       : rc;
}

static int read_fact(const struct trust *trust, struct repo *repo,
		     struct commit_fact *out, struct error *err)
{
	struct object object;
	struct commit_text text;

	int rc = repo_read(repo, &out->id,
			   limits_default.values[LIMIT_GIT_COMMIT_BYTES], &object, err);
	if (rc != 0)
		return rc;
	rc = commit_split(&text, object.bytes, object.length, repo_hash_bytes(repo),
			  err);
	if (rc == 0) {
		struct span email = text.committer.email;
		out->committer.when = text.committer.seconds * CLOCK_SECOND;
		out->committer.email =
			arena_copy(trust->arena, email.bytes, email.length);
		rc = out->committer.email ? verify(trust, repo, &out->id, &text,
						   &out->signature, err)
					  : no_memory(err);
	}
	repo_object_release(&object);
	return rc;
}

/* The policy with nothing but what it says about signatures. */
static int narrow(const struct trust *trust, struct policy *out, struct error *err)
{
	*out = *trust->policy;
	out->rules =
		arena_array(trust->arena, out->rule_count + 1, sizeof(*out->rules));
	out->rule_count = 0;
	if (!out->rules)
		return no_memory(err);
	for (size_t i = 0; i < trust->policy->rule_count; i++) {
		const struct rule *rule = &trust->policy->rules[i];
		if (!rule->signatures)
			continue;
		out->rules[out->rule_count++] =
			(struct rule){ .name = rule->name,
				       .origin = rule->origin,
				       .severity = rule->severity,
				       .on_repositories = rule->on_repositories,
				       .on_refs = rule->on_refs,
				       .signatures = rule->signatures };
	}
	return 0;
}

static void say(const struct trust *trust, const char *label, const char *text)
{
	buf_addf(trust->out, "%-10s ", label);
	text_escape_string(trust->out, text);
	buf_add_byte(trust->out, '\n');
}

static void say_time(const struct trust *trust, const char *label, int64_t when)
{
	char text[CLOCK_TEXT_BYTES];

	if (when == 0)
		return;
	clock_format(when, 0, text);
	say(trust, label, text);
}

/* By X.509, and by way of Sigstore, the policy does not know keys but names. */
static const struct principal *say_x509(const struct trust *trust,
					const struct x509_fact *x509)
{
	const struct sigstore_fact *sigstore = x509->sigstore;
	const struct principal *holder = NULL;
	const struct principal_sigstore *identity;
	bool elsewhere;
	int count = sigstore
			    ? policy_principal_by_sigstore(trust->policy, x509, &holder,
							   &identity, &elsewhere)
			    : policy_principal_by_x509(trust->policy, x509, &holder);

	if (x509->subject[0])
		say(trust, "subject", x509->subject);
	for (size_t i = 0; i < x509->name_count; i++)
		say(trust, "name", x509->names[i]);
	say(trust, "issued by", sigstore ? sigstore->issuer : x509->issuer);
	if (x509->chain == X509_CHAIN_BAD)
		say(trust, "because", x509->reason);
	if (sigstore && x509->chain == X509_CHAIN_GOOD)
		buf_addf(trust->out, "%-10s entry %" PRIu64 " of the log\n", "proof",
			 sigstore->log_index);
	return count == 1 ? holder : NULL;
}

static void say_signer(const struct trust *trust, const struct commit_fact *commit)
{
	const struct signature_fact *signature = &commit->signature;
	const struct principal_key *key = NULL;
	const struct principal *holder =
		policy_principal_by_key(trust->policy, signature->fingerprint, &key);

	say(trust, "commit", oid_text(&commit->id));
	say(trust, "signature",
	    signature->status == SIGNATURE_NONE   ? "none"
	    : signature->status == SIGNATURE_GOOD ? "good"
						  : "bad");
	if (signature->reason)
		say(trust, "because", signature->reason);
	if (signature->format)
		say(trust, "format", signature->format);
	if (signature->fingerprint)
		say(trust, "key", signature->fingerprint);
	if (key && key->certificate && strcmp(key->certificate, key->fingerprint) != 0)
		say(trust, "subkey of", key->certificate);
	if (signature->x509)
		holder = say_x509(trust, signature->x509);
	if (signature->fingerprint)
		say(trust, "holder", holder ? holder->name : "nobody in this policy");
	say_time(trust, "signed", signature->made_at);
	say_time(trust, "ends", signature->expires_at);
	say_time(trust, "committed", commit->committer.when);
}

static int judge(struct trust *trust, const struct commit_fact *commit,
		 struct error *err)
{
	const struct change change = {
		.repository = trust->check.repository,
		.ref = trust->check.ref ? trust->check.ref : FALLBACK_REF,
		.old_id = OID_INIT,
		.new_id = commit->id,
		.received_at = clock_now(),
	};
	struct commit_fact copy = *commit;
	struct facts facts = {
		.change = &change,
		.kinds = FACTS_REF | FACTS_COMMITS | FACTS_SIGNATURES,
		.commits = &copy,
		.commit_count = 1,
	};
	struct policy policy;
	struct verdict verdict = { 0 };

	int rc = narrow(trust, &policy, err);
	if (rc == 0 && policy.rule_count == 0) {
		say(trust, "counts", "no rule of this policy asks for signatures");
		return 0;
	}
	if (rc == 0)
		rc = policy_evaluate(&policy, &facts, clock_now(), &verdict, err);
	if (rc == 0) {
		const struct report_item item = { &change, &verdict };
		if (trust->check.json)
			report_json(trust->out, &item, 1);
		else
			report_text(trust->out, &item, 1, cmd_colour(STDOUT_FILENO));
		trust->code = verdict.result == VERDICT_PASS ? 0 : 1;
	}
	verdict_release(&verdict);
	return rc;
}

int trust_test(struct trust *trust, char **operands, struct error *err)
{
	struct repo *repo = NULL;
	struct commit_fact commit = { .code = 0 };

	int rc = trust_policy(trust, err);
	if (rc == 0)
		rc = find_commit(operands[0], &repo, &commit.id, err);
	if (rc == 0)
		rc = read_fact(trust, repo, &commit, err);
	if (rc == 0 && !trust->check.json)
		say_signer(trust, &commit);
	if (rc == 0)
		rc = judge(trust, &commit, err);
	repo_close(repo);
	return rc;
}
