/* policy/signatures.c - rules of kind signatures: who must have signed every commit.
 *
 * trust/ said whether the bytes verify under a key; here is asked who holds the key and
 * whether it counted, both when the commit was received and at the time it claims: the
 * claim alone can be backdated, the receipt alone would let an old signature in that
 * was made before the key was anybody's. */
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/change.h"
#include "model/facts.h"
#include "policy/evaluation.h"

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

/* Who signed, and with what. */
struct signer {
	const struct commit_fact *commit;
	const struct principal *principal;
	const struct principal_key *key;
	int64_t received_at;
	int64_t claimed_at;
};

static int check_revocation(struct evaluation *evaluation, const struct signer *signer,
			    const char *fingerprint, bool *revoked)
{
	const struct place place = { .commit = &signer->commit->id };
	const struct revocation *revocation =
		policy_revocation(evaluation->policy, fingerprint);
	char since[CLOCK_TEXT_BYTES] = "ever";
	*revoked =
		revocation != NULL &&
		(revocation->since == 0 || signer->received_at >= revocation->since ||
		 signer->claimed_at >= revocation->since ||
		 signer->commit->signature.made_at >= revocation->since);
	if (!*revoked)
		return 0;
	if (revocation->since != 0)
		clock_format(revocation->since, 0, since);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_KEY_REVOKED, &place,
			       "sign with another key of yours (git config "
			       "user.signingKey), then make the commit again",
			       "the key %s is revoked since %s%s%s", fingerprint, since,
			       revocation->reason != NULL ? ": " : "",
			       revocation->reason != NULL ? revocation->reason : "");
}

static int find_unknown_key(struct evaluation *evaluation,
			    const struct commit_fact *commit)
{
	const struct place place = { .commit = &commit->id };
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_UNKNOWN_KEY, &place,
			       MEND_UNKNOWN_KEY,
			       "signed by the key %s, which no principal holds",
			       commit->signature.fingerprint);
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

/* `what` says which of the two times is looked at. */
static int check_validity(struct evaluation *evaluation, const struct signer *signer,
			  int64_t when, const char *what, bool *valid)
{
	const struct principal_key *key = signer->key;
	const struct place place = { .commit = &signer->commit->id };
	char bound[CLOCK_TEXT_BYTES];
	char when_text[CLOCK_TEXT_BYTES];
	const bool early = key->valid_after != 0 && when < key->valid_after;
	const bool late = key->valid_before != 0 && when > key->valid_before;
	*valid = !early && !late;
	if (*valid)
		return 0;
	clock_format(early ? key->valid_after : key->valid_before, 0, bound);
	clock_format(when, 0, when_text);
	return evaluation_find(
		evaluation,
		early ? ERROR_RULE_SIGNATURE_KEY_NOT_YET_VALID
		      : ERROR_RULE_SIGNATURE_KEY_EXPIRED,
		&place, "sign with a key that is valid, then make the commit again",
		"the key %s of '%s' is valid %s %s; the commit was %s at %s",
		key->fingerprint, signer->principal->name,
		early ? "only from" : "only until", bound, what, when_text);
}

/* A signature may say itself when it ends: OpenPGP's do when they are told to. */
static int check_own_end(struct evaluation *evaluation, const struct signer *signer)
{
	const struct place place = { .commit = &signer->commit->id };
	const int64_t end = signer->commit->signature.expires_at;
	char text[CLOCK_TEXT_BYTES];
	if (end == 0 || (signer->received_at < end && signer->claimed_at < end))
		return 0;
	clock_format(end, 0, text);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_EXPIRED, &place,
			       "sign without an end (no default-sig-expire in "
			       "gpg.conf), then make the commit again",
			       "the signature expired, by its own word, at %s", text);
}

static int check_times(struct evaluation *evaluation, const struct signer *signer)
{
	const struct place place = { .commit = &signer->commit->id };
	const int64_t made_at = signer->commit->signature.made_at;
	char claimed[CLOCK_TEXT_BYTES];
	char received[CLOCK_TEXT_BYTES];
	bool valid;
	int code = check_validity(evaluation, signer, signer->received_at, "received",
				  &valid);
	if (code == 0 && valid)
		code = check_validity(evaluation, signer, signer->claimed_at,
				      "committed, it says,", &valid);
	if (code == 0 && valid && made_at != 0)
		code = check_validity(evaluation, signer, made_at, "signed, it says,",
				      &valid);
	if (code == 0 && valid)
		code = check_own_end(evaluation, signer);
	int64_t latest = made_at > signer->claimed_at ? made_at : signer->claimed_at;
	if (code != 0 || latest <= signer->received_at + CLAIM_SLACK)
		return code;
	clock_format(latest, 0, claimed);
	clock_format(signer->received_at, 0, received);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_FUTURE, &place,
			       "set the clock of the machine that signs, then make the "
			       "commit again",
			       "it claims to be from %s but was received at %s",
			       claimed, received);
}

static int check_committer(struct evaluation *evaluation, const struct signer *signer)
{
	const struct strings *emails = &signer->principal->emails;
	const char *email = signer->commit->committer.email;
	const struct place place = { .commit = &signer->commit->id };
	if (!evaluation->rule->signatures->committer)
		return 0;
	for (size_t i = 0; i < emails->count; i++)
		if (strcasecmp(emails->items[i], email) == 0)
			return 0;
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_COMMITTER, &place,
			       "commit under an address of yours: git config "
			       "user.email ADDRESS, then make the commit again",
			       "signed by '%s', but the committer's address is '%.*s'",
			       signer->principal->name, SHOWN_BYTES, email);
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
	return code == 0 ? check_user_verified(evaluation, signer) : code;
}

static int check_good(struct evaluation *evaluation, const struct commit_fact *commit)
{
	struct signer signer = {
		.commit = commit,
		.received_at = evaluation->facts->change->received_at,
		.claimed_at = commit->committer.when,
	};
	bool revoked;
	if (commit->signature.fingerprint == NULL)
		return find_unsigned(evaluation, commit, ERROR_RULE_SIGNATURE_UNCHECKED,
				     "the signature names no key");
	signer.principal = policy_principal_by_key(
		evaluation->policy, commit->signature.fingerprint, &signer.key);
	int code = check_revocation(evaluation, &signer, commit->signature.fingerprint,
				    &revoked);
	/* What is said of an OpenPGP primary key is said of its subkeys. */
	if (code == 0 && !revoked && signer.principal != NULL &&
	    signer.key->certificate != NULL)
		code = check_revocation(evaluation, &signer, signer.key->certificate,
					&revoked);
	if (code != 0 || revoked)
		return code;
	if (signer.principal == NULL)
		return find_unknown_key(evaluation, commit);
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

int rule_signatures_evaluate(struct evaluation *evaluation)
{
	const struct facts *facts = evaluation->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->commit_count; i++)
		if (facts->commits[i].code == 0)
			code = check_commit(evaluation, &facts->commits[i]);
	return code;
}
