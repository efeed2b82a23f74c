/* policy/signatures.c - rules of kind signatures: who must have signed every commit.
 *
 * trust/ said whether the bytes verify under a key; here is asked who holds the key and
 * whether it counted, both when the commit was received and at the time it claims: the
 * claim alone can be backdated, the receipt alone would let an old signature in that
 * was made before the key was anybody's. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/change.h"
#include "model/facts.h"
#include "policy/evaluation.h"
#include "policy/signer.h"

/* How far a committer's clock may be ahead of ours. */
#define CLAIM_SLACK (24 * 3600 * CLOCK_SECOND)

#define MEND_UNKNOWN_KEY                                                               \
	"ask for the key to be added under principals in the policy, or sign with "    \
	"one "                                                                         \
	"that stands there"

static int find(struct evaluation *evaluation, const struct commit_fact *commit,
		int code, const char *mend, const char *message)
{
	const struct place place = { .commit = &commit->id };
	return evaluation_find(evaluation, code, &place, mend, "%s", message);
}

static int find_unsigned(struct evaluation *evaluation,
			 const struct commit_fact *commit, int code,
			 const char *message)
{
	char mend[MEND_BYTES];
	if (commit->tag != NULL)
		return find(evaluation, commit, code,
			    "make the tag again, signed: git tag -f -s NAME", message);
	mend_by_command(evaluation, commit, "sign it",
			"git commit --amend --no-edit -S", mend);
	return find(evaluation, commit, code, mend, message);
}

static int find_bad(struct evaluation *evaluation, const struct commit_fact *commit)
{
	const struct signature_fact *signature = &commit->signature;
	int code = signature->code != 0 ? signature->code : ERROR_RULE_SIGNATURE_BAD;
	char message[1024];
	if (code == ERROR_OPENPGP_KEY_UNKNOWN)
		return find(evaluation, commit, code, MEND_UNKNOWN_KEY,
			    signature->reason);
	snprintf(message, sizeof(message), "the signature is bad: %s",
		 signature->reason != NULL ? signature->reason : error_meaning(code));
	return find_unsigned(evaluation, commit, code, message);
}

static int check_allowed(struct evaluation *evaluation, const struct signer *signer)
{
	const struct place place = { .commit = &signer->commit->id };
	if (policy_names_include(evaluation->policy, &evaluation->rule->signatures->by,
				 signer->principal->name))
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_NOT_ALLOWED, &place,
			       "let one of those named under 'by' sign it, or ask for "
			       "the signer to be added there",
			       "signed by '%s', whose signature does not count here",
			       signer->principal->name);
}

static int check_times(struct evaluation *evaluation, const struct signer *signer)
{
	const struct place place = { .commit = &signer->commit->id };
	const int64_t made_at = signer->commit->signature.made_at;
	char claimed[CLOCK_TEXT_BYTES];
	char received[CLOCK_TEXT_BYTES];
	bool refused;
	int code = signer_check_validity(evaluation, signer, &refused);
	int64_t latest = made_at > signer->claimed_at ? made_at : signer->claimed_at;
	if (code != 0 || refused || latest <= signer->received_at + CLAIM_SLACK)
		return code;
	clock_format(latest, 0, claimed);
	clock_format(signer->received_at, 0, received);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_FUTURE, &place,
			       "set the clock of the machine that signs, then make the "
			       "commit again",
			       "it claims to be from %s but was received at %s",
			       claimed, received);
}

static bool is_address_of(const struct principal *principal, const char *email)
{
	for (size_t i = 0; i < principal->emails.count; i++)
		if (strcasecmp(principal->emails.items[i], email) == 0)
			return true;
	return false;
}

static int check_committer(struct evaluation *evaluation, const struct signer *signer)
{
	const char *email = signer->commit->committer.email;
	const struct place place = { .commit = &signer->commit->id };
	if (!evaluation->rule->signatures->committer ||
	    is_address_of(signer->principal, email))
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_COMMITTER, &place,
			       "commit under an address of yours: git config "
			       "user.email ADDRESS, then make the commit again",
			       "signed by '%s', but the committer's address is '%.*s'",
			       signer->principal->name, SHOWN_BYTES, email);
}

/* A tag's author is its tagger, who is its committer too. */
static int check_author(struct evaluation *evaluation, const struct signer *signer)
{
	const struct rule_signatures *options = evaluation->rule->signatures;
	const struct commit_fact *commit = signer->commit;
	const struct place place = { .commit = &commit->id };
	if (!options->author || (commit->tag != NULL && options->committer) ||
	    is_address_of(signer->principal, commit->author.email))
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_AUTHOR, &place,
			       "sign only what you wrote yourself, or take it over: "
			       "git "
			       "commit --amend --reset-author",
			       "signed by '%s', but the author's address is '%.*s'",
			       signer->principal->name, SHOWN_BYTES,
			       commit->author.email);
}

static int check_user_verified(struct evaluation *evaluation,
			       const struct signer *signer)
{
	const struct signature_fact *signature = &signer->commit->signature;
	const struct place place = { .commit = &signer->commit->id };
	if (!evaluation->rule->signatures->user_verified || !signature->security_key ||
	    signature->user_verified)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_NOT_USER_VERIFIED,
			       &place,
			       "make the key ask for its PIN: ssh-keygen -t ed25519-sk "
			       "-O verify-required",
			       "the security key %s signed without verifying its user",
			       signature->fingerprint);
}

static int check_signer(struct evaluation *evaluation, const struct signer *signer)
{
	int code = check_allowed(evaluation, signer);
	if (code == 0)
		code = check_times(evaluation, signer);
	if (code == 0)
		code = check_committer(evaluation, signer);
	if (code == 0)
		code = check_author(evaluation, signer);
	return code == 0 ? check_user_verified(evaluation, signer) : code;
}

static int check_good(struct evaluation *evaluation, const struct commit_fact *commit)
{
	struct signer signer = {
		.commit = commit,
		.received_at = evaluation->facts->change->received_at,
		.claimed_at = commit->committer.when,
	};
	bool refused;
	if (commit->signature.fingerprint == NULL)
		return find_unsigned(evaluation, commit, ERROR_RULE_SIGNATURE_UNCHECKED,
				     "the signature names no key");
	int code = signer_find(evaluation, &signer, &refused);
	if (code != 0 || refused)
		return code;
	return check_signer(evaluation, &signer);
}

static int check_commit(struct evaluation *evaluation, const struct commit_fact *commit)
{
	switch (commit->signature.status) {
	case SIGNATURE_NONE:
		return find_unsigned(evaluation, commit, ERROR_RULE_SIGNATURE_MISSING,
				     "the commit is not signed");
	case SIGNATURE_BAD:
		return find_bad(evaluation, commit);
	case SIGNATURE_GOOD:
		return check_good(evaluation, commit);
	case SIGNATURE_UNKNOWN:
		break;
	}
	return find(evaluation, commit, ERROR_RULE_SIGNATURE_UNCHECKED, NULL,
		    "the signature was not looked at");
}

/* A tag that somebody signed says one thing under one name: pushed under another, an
 * old release would pass for a new one. */
static int check_tag_name(struct evaluation *evaluation, const struct commit_fact *tag)
{
	static const char tags[] = "refs/tags/";
	const char *ref = evaluation->facts->change->ref;
	const struct place place = { .commit = &tag->id };
	if (strncmp(ref, tags, sizeof(tags) - 1) != 0 ||
	    strcmp(ref + sizeof(tags) - 1, tag->tag) == 0)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_TAG_NAME, &place,
			       "push it under the name that it has",
			       "the signed tag is named '%.*s', not as it is pushed",
			       SHOWN_BYTES, tag->tag);
}

/* The outermost tag has the name that is pushed; those beneath have their own. */
static int check_tag(struct evaluation *evaluation, const struct commit_fact *tag,
		     bool outermost)
{
	if (tag->signature.status == SIGNATURE_NONE) {
		if (!evaluation->rule->signatures->tags)
			return 0;
		return find_unsigned(evaluation, tag, ERROR_RULE_SIGNATURE_TAG_MISSING,
				     "the tag is not signed");
	}
	int code = outermost ? check_tag_name(evaluation, tag) : 0;
	return code == 0 ? check_commit(evaluation, tag) : code;
}

/* A rule with paths speaks about the commits that touch one, and about no tag. */
static bool concerns(const struct rule *rule, const struct commit_fact *commit)
{
	if (rule->on_paths.count == 0)
		return true;
	for (size_t i = 0; i < commit->touched_count; i++)
		if (commit->touched[i] == rule)
			return true;
	return false;
}

int rule_signatures_evaluate(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	const struct rule *rule = evaluation->rule;
	int code = 0;
	if (rule->on_paths.count != 0 && (facts->kinds & FACTS_TOUCHED) == 0)
		return evaluation_find(evaluation, ERROR_RULE_FACTS_MISSING, NULL, NULL,
				       "which commits touch the paths of rule '%s' was "
				       "not collected",
				       rule->name);
	for (size_t i = 0; code == 0 && i < facts->commit_count; i++)
		if (facts->commits[i].code == 0 && concerns(rule, &facts->commits[i]))
			code = check_commit(evaluation, &facts->commits[i]);
	if (rule->on_paths.count != 0)
		return code;
	for (size_t i = 0; code == 0 && i < facts->tag_count; i++)
		code = check_tag(evaluation, &facts->tags[i], i == 0);
	return code;
}
