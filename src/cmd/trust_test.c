/* cmd/trust_test.c - `gitgate trust test COMMIT`: the signatures alone, of a commit or
 * of a tag and its commit, as the rules of kind signatures see them. Received now. */
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
#include "job/judge.h"
#include "model/facts.h"
#include "model/finding.h"
#include "model/policy.h"
#include "policy/evaluate.h"
#include "policy/report.h"
#include "repo/repo.h"

#define FALLBACK_REF   "refs/heads/main"
#define NAME_BYTES_MAX 4096

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

/* The object that a revision names: a commit, or an annotated tag that leads to one. */
static int find_object(const char *revision, struct repo **repo, struct oid *id,
		       struct error *err)
{
	static const char *const where[] = { "rev-parse", "--path-format=absolute",
					     "--git-common-dir", NULL };
	const char *const what[] = { "rev-parse",        "--verify", "-q",
				     "--end-of-options", revision,   NULL };
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf line = BUF_INIT(NAME_BYTES_MAX);
	int status = 1;

	int rc = git_run(NULL, where, NULL, &path, err);
	if (rc == 0)
		rc = git_run(NULL, what, &status, &line, err);
	if (rc == 0 && (status != 0 || oid_parse(line.data, line.length, id) != 0))
		rc = error_set(err, ERROR_NOT_FOUND,
			       "'%s' is not a commit in this repository", revision);
	if (rc == 0)
		rc = repo_open(repo, path.data, NULL, err);
	buf_release(&path);
	buf_release(&line);
	return rc;
}

/* A commit's parents: with them hidden it alone is new. */
static int read_parents(const struct trust *trust, struct repo *repo,
			const struct oid *id, struct oid **out, size_t *count,
			struct error *err)
{
	struct object object;
	struct commit_text text;

	int rc = repo_read_commit(repo, id,
				  limits_default.values[LIMIT_GIT_COMMIT_BYTES],
				  &object, &text, err);
	if (rc != 0)
		return rc;
	*out = arena_copy(trust->arena, text.parents,
			  text.parent_count * sizeof(text.parents[0]));
	*count = text.parent_count;
	repo_object_release(&object);
	return *out ? 0 : no_memory(err);
}

/* The policy with nothing but what it says about signatures; behind its rules one that
 * asks for nothing, so that facts are collected in any case. */
static int narrow(const struct trust *trust, struct policy *out, struct error *err)
{
	static struct rule_signatures any;

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
				       .on_paths = rule->on_paths,
				       .signatures = rule->signatures };
	}
	out->rules[out->rule_count] = (struct rule){ .name = "", .signatures = &any };
	return 0;
}

/* As the judge collects them: for the tags, if it is one, and the commit. */
static int collect(struct trust *trust, struct repo *repo, const struct policy *policy,
		   const struct change *change, struct facts *facts, struct error *err)
{
	struct policy asking = *policy;
	struct judge judge = { .repo = repo, .change = change, .from_root = true };
	struct collector collector = { .judge = &judge,
				       .policy = &asking,
				       .arena = trust->arena,
				       .facts = facts };
	struct oid *parents = NULL;

	asking.rule_count++;
	facts->change = change;
	facts->kinds = FACTS_REF;
	int rc = repo_peel(repo, &change->new_id, &collector.tip, err);
	if (rc == 0)
		rc = read_parents(trust, repo, &collector.tip, &parents,
				  &judge.trusted_count, err);
	judge.trusted = parents;
	if (rc == 0)
		rc = collect_commits(&collector, err);
	if (rc == 0)
		rc = collect_touched(&collector, err);
	map_release(&collector.by_id);
	return rc;
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

/* Who holds what it was signed with. */
static const char *holder_of(const struct trust *trust,
			     const struct signature_fact *signature)
{
	const struct policy *policy = trust->policy;
	const struct principal_authority *authority;
	const struct principal_sigstore *identity;
	const struct principal *holder = NULL;
	bool elsewhere;
	int count = 0;

	if (signature->x509 && signature->x509->chain != X509_CHAIN_GOOD)
		return signature->x509->sigstore ? "nobody: its time is not proven"
						 : "nobody: no authority vouches for "
						   "the certificate";
	if (signature->x509 && signature->x509->sigstore)
		count = policy_principal_by_sigstore(policy, signature->x509, &holder,
						     &identity, &elsewhere);
	else if (signature->x509)
		count = policy_principal_by_x509(policy, signature->x509, &holder);
	else if (signature->certificate)
		count = policy_principal_by_certificate(policy, signature->certificate,
							&holder, &authority);
	else
		holder = policy_principal_by_key(policy, signature->fingerprint, NULL);
	if (count > 1)
		return "several, so nobody";
	return holder ? holder->name : "nobody in this policy";
}

static void say_certificate(const struct trust *trust,
			    const struct certificate_fact *certificate)
{
	say(trust, "id", certificate->key_id);
	say(trust, "CA", certificate->ca);
	for (size_t i = 0; i < certificate->principal_count; i++)
		say(trust, "names", certificate->principals[i]);
	say_time(trust, "from", certificate->valid_after);
	if (certificate->valid_before != INT64_MAX)
		say_time(trust, "until", certificate->valid_before);
}

/* By way of Sigstore: the names of the certificate are what it says of the signer. */
static void say_sigstore(const struct trust *trust, const struct x509_fact *x509)
{
	for (size_t i = 0; i < x509->name_count; i++)
		say(trust, "names", x509->names[i]);
	say(trust, "told by", x509->sigstore->issuer);
	if (x509->chain == X509_CHAIN_BAD)
		say(trust, "proof", x509->reason);
	if (x509->chain == X509_CHAIN_GOOD)
		buf_addf(trust->out, "%-10s entry %" PRIu64 " of the log\n", "proof",
			 x509->sigstore->log_index);
}

static void say_x509(const struct trust *trust, const struct x509_fact *x509)
{
	say(trust, "subject", x509->subject);
	say(trust, "issuer", x509->issuer);
	for (size_t i = 0; i < x509->name_count; i++)
		say(trust, "names", x509->names[i]);
	if (x509->chain == X509_CHAIN_BAD)
		say(trust, "chain", x509->reason);
	if (x509->chain == X509_CHAIN_GOOD) {
		say_time(trust, "from", x509->valid_after);
		say_time(trust, "until", x509->valid_before);
	}
	say_time(trust, "signed", x509->signed_at);
}

static void say_key(const struct trust *trust, const struct signature_fact *signature)
{
	const struct principal_key *key = NULL;

	say(trust, "key", signature->fingerprint);
	policy_principal_by_key(trust->policy, signature->fingerprint, &key);
	if (key && key->certificate && strcmp(key->certificate, key->fingerprint) != 0)
		say(trust, "subkey of", key->certificate);
	if (signature->security_key)
		say(trust, "touched",
		    signature->user_verified ? "yes, and its user verified" : "yes");
	if (signature->certificate)
		say_certificate(trust, signature->certificate);
	if (signature->x509 && signature->x509->sigstore)
		say_sigstore(trust, signature->x509);
	else if (signature->x509)
		say_x509(trust, signature->x509);
	say(trust, "holder", holder_of(trust, signature));
}

static const char *status_text(enum signature_status status)
{
	switch (status) {
	case SIGNATURE_NONE:
		return "none";
	case SIGNATURE_GOOD:
		return "good";
	case SIGNATURE_BAD:
		return "bad";
	case SIGNATURE_UNKNOWN:
		break;
	}
	return "not looked at";
}

static void say_signer(const struct trust *trust, const struct commit_fact *commit)
{
	const struct signature_fact *signature = &commit->signature;

	say(trust, commit->tag ? "tag" : "commit", oid_text(&commit->id));
	if (commit->tag)
		say(trust, "name", commit->tag);
	if (commit->code != 0) {
		say(trust, "malformed", commit->reason);
		return;
	}
	say(trust, "signature", status_text(signature->status));
	if (signature->reason)
		say(trust, "because", signature->reason);
	if (signature->format)
		say(trust, "format", signature->format);
	if (signature->fingerprint)
		say_key(trust, signature);
	say_time(trust, "signed", signature->made_at);
	say_time(trust, "ends", signature->expires_at);
	say_time(trust, commit->tag ? "tagged" : "committed", commit->committer.when);
	say(trust, commit->tag ? "tagger" : "committer", commit->committer.email);
	if (!commit->tag)
		say(trust, "author", commit->author.email);
}

static int judge_signatures(struct trust *trust, const struct policy *policy,
			    const struct facts *facts, struct error *err)
{
	struct verdict verdict = { 0 };
	bool asked = false;

	for (size_t i = 0; i < policy->rule_count; i++)
		asked |= rule_applies(&policy->rules[i], facts->change->repository,
				      facts->change->ref);
	if (!asked && !trust->check.json) {
		buf_addf(trust->out, "%-10s no rule asks for signatures on ", "counts");
		text_escape_string(trust->out, facts->change->ref);
		buf_add_byte(trust->out, '\n');
		return 0;
	}
	int rc = policy_evaluate(policy, facts, clock_now(), &verdict, err);
	if (rc == 0) {
		const struct report_item item = { facts->change, &verdict, NULL };
		if (trust->check.json)
			report_json(trust->out, &item, 1);
		else
			report_text(trust->out, &item, 1, cmd_colour(STDOUT_FILENO));
		trust->code = verdict.result == VERDICT_PASS ? 0 : 1;
	}
	verdict_release(&verdict);
	return rc;
}

/* The name under which it would be pushed, when none is given. */
static const char *likely_ref(struct trust *trust, const struct facts *facts)
{
	if (trust->check.ref)
		return trust->check.ref;
	if (facts->tag_count == 0)
		return FALLBACK_REF;
	return arena_printf(trust->arena, "refs/tags/%s", facts->tags[0].tag);
}

static int test(struct trust *trust, struct repo *repo, const struct oid *id,
		struct error *err)
{
	struct facts facts = { 0 };
	struct policy policy;
	struct change change = {
		.repository = trust->check.repository,
		.ref = trust->check.ref ? trust->check.ref : FALLBACK_REF,
		.old_id = OID_INIT,
		.new_id = *id,
		.received_at = clock_now(),
	};

	int rc = narrow(trust, &policy, err);
	if (rc == 0)
		rc = collect(trust, repo, &policy, &change, &facts, err);
	const char *ref = rc == 0 ? likely_ref(trust, &facts) : NULL;
	if (rc == 0 && !ref)
		rc = no_memory(err);
	/* Which rules speak about a tag is known only when its name is. */
	if (rc == 0 && strcmp(ref, change.ref) != 0) {
		change.ref = ref;
		facts = (struct facts){ 0 };
		rc = collect(trust, repo, &policy, &change, &facts, err);
	}
	for (size_t i = 0; rc == 0 && !trust->check.json && i < facts.tag_count; i++)
		say_signer(trust, &facts.tags[i]);
	for (size_t i = 0; rc == 0 && !trust->check.json && i < facts.commit_count; i++)
		say_signer(trust, &facts.commits[i]);
	return rc == 0 ? judge_signatures(trust, &policy, &facts, err) : rc;
}

int trust_test(struct trust *trust, char **operands, struct error *err)
{
	struct repo *repo = NULL;
	struct oid id;

	int rc = trust_policy(trust, err);
	if (rc == 0)
		rc = find_object(operands[0], &repo, &id, err);
	if (rc == 0)
		rc = test(trust, repo, &id, err);
	repo_close(repo);
	return rc;
}
