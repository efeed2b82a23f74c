/* policy/signer.c - who made a good signature, and whether it counted then. */
#include "policy/signer.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/facts.h"
#include "model/krl.h"
#include "policy/evaluation.h"

#define MEND_KEY   "sign again with a key that is valid"
#define MEND_RENEW "let the certificate be renewed, then sign again"

/* A push is no commit: nothing to point at. */
static struct place place_of(const struct signer *signer)
{
	return (struct place){ .commit = signer->thing ? NULL : &signer->commit->id };
}

/* --- revocation --- */

/* Of a key: what was claimed and received before still counts. */
static int check_revoked(struct evaluation *evaluation, const struct signer *signer,
			 const char *fingerprint, int code, const char *what,
			 bool *refused)
{
	const struct place place = place_of(signer);
	const struct revocation *revocation =
		policy_revocation(evaluation->policy, fingerprint);
	char since[CLOCK_TEXT_BYTES] = "";
	*refused =
		revocation != NULL &&
		(revocation->since == 0 || signer->received_at >= revocation->since ||
		 signer->claimed_at >= revocation->since ||
		 signer->commit->signature.made_at >= revocation->since);
	if (!*refused)
		return 0;
	if (revocation->since != 0)
		clock_format(revocation->since, 0, since);
	return evaluation_find(evaluation, code, &place,
			       "sign again with another key of yours (git config "
			       "user.signingKey)",
			       "the %s %s is revoked%s%s%s%s", what, fingerprint,
			       *since != '\0' ? " since " : "", since,
			       revocation->reason != NULL ? ": " : "",
			       revocation->reason != NULL ? revocation->reason : "");
}

static int check_lists(struct evaluation *evaluation, const struct signer *signer,
		       bool *refused)
{
	const struct place place = place_of(signer);
	const struct policy *policy = evaluation->policy;
	*refused = false;
	for (size_t i = 0; i < policy->krl_count; i++) {
		const char *why =
			krl_revokes(&policy->krls[i], &signer->commit->signature);
		if (why == NULL)
			continue;
		*refused = true;
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_LISTED, &place,
				       "sign again with another key of yours",
				       "signed by the key %s, but %s is revoked by "
				       "'%s'",
				       signer->commit->signature.fingerprint, why,
				       policy->krls[i].file);
	}
	return 0;
}

/* What is said of an OpenPGP primary key is said of its subkeys. */
static int check_primary(struct evaluation *evaluation, const struct signer *signer,
			 bool *refused)
{
	const struct principal_key *key = NULL;
	if (policy_principal_by_key(evaluation->policy,
				    signer->commit->signature.fingerprint,
				    &key) == NULL ||
	    key->certificate == NULL)
		return 0;
	return check_revoked(evaluation, signer, key->certificate,
			     ERROR_RULE_SIGNATURE_KEY_REVOKED, "key", refused);
}

static int check_revocations(struct evaluation *evaluation, const struct signer *signer,
			     bool *refused)
{
	const struct signature_fact *signature = &signer->commit->signature;
	int code = check_revoked(evaluation, signer, signature->fingerprint,
				 ERROR_RULE_SIGNATURE_KEY_REVOKED, "key", refused);
	if (code == 0 && !*refused && signature->certificate != NULL)
		code = check_revoked(evaluation, signer, signature->certificate->ca,
				     ERROR_RULE_SIGNATURE_CA_REVOKED, "CA", refused);
	if (code == 0 && !*refused)
		code = check_primary(evaluation, signer, refused);
	if (code == 0 && !*refused)
		code = check_lists(evaluation, signer, refused);
	return code;
}

/* --- who --- */

static int find_by_key(struct evaluation *evaluation, struct signer *signer)
{
	const char *fingerprint = signer->commit->signature.fingerprint;
	const struct place place = place_of(signer);
	signer->principal =
		policy_principal_by_key(evaluation->policy, fingerprint, &signer->key);
	if (signer->principal != NULL)
		return 0;
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_UNKNOWN_KEY, &place,
			       "ask for the key to be added under principals in the "
			       "policy, or sign with one that stands there",
			       "signed by the key %s, which no principal holds",
			       fingerprint);
}

static int find_by_certificate(struct evaluation *evaluation, struct signer *signer)
{
	const struct certificate_fact *certificate =
		signer->commit->signature.certificate;
	const struct place place = place_of(signer);
	const struct principal *found = NULL;
	int count = policy_principal_by_certificate(evaluation->policy, certificate,
						    &found, &signer->authority);
	if (count == 1) {
		signer->principal = found;
		return 0;
	}
	if (count < 0)
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_UNKNOWN_CA,
				       &place,
				       "ask for the CA to be added as ssh-ca under "
				       "principals in the policy",
				       "signed by a certificate of the CA %s, which "
				       "speaks for no principal",
				       certificate->ca);
	if (count == 0)
		return evaluation_find(
			evaluation, ERROR_RULE_SIGNATURE_CERTIFICATE_NAME, &place,
			"let the certificate name you as the policy does "
			"(ssh-keygen -n)",
			"signed by the certificate '%.*s', which names nobody for whom "
			"its CA may speak (it names '%.*s'%s)",
			SHOWN_BYTES, certificate->key_id, SHOWN_BYTES,
			certificate->principals[0],
			certificate->principal_count > 1 ? " and others" : "");
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_CERTIFICATE_NAMES,
			       &place,
			       "let the certificate name one person alone "
			       "(ssh-keygen -n)",
			       "signed by the certificate '%.*s', which speaks for %d "
			       "principals: who signed cannot be told",
			       SHOWN_BYTES, certificate->key_id, count);
}

static int check_chain(struct evaluation *evaluation, const struct signer *signer,
		       bool *refused)
{
	const struct x509_fact *x509 = signer->commit->signature.x509;
	const struct place place = place_of(signer);
	*refused = x509->chain != X509_CHAIN_GOOD;
	if (x509->chain == X509_CHAIN_BAD)
		return evaluation_find(evaluation, x509->code, &place,
				       "sign again with a certificate of an authority "
				       "that the policy names",
				       "signed by the X.509 certificate of '%.*s': %s "
				       "(%s)",
				       SHOWN_BYTES, x509->subject,
				       error_meaning(x509->code), x509->reason);
	if (*refused)
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_X509_UNTRACED,
				       &place, NULL,
				       "the X.509 signature was not traced to an "
				       "authority");
	return 0;
}

static int find_by_x509(struct evaluation *evaluation, struct signer *signer)
{
	const struct x509_fact *x509 = signer->commit->signature.x509;
	const struct place place = place_of(signer);
	const struct principal *found = NULL;
	bool refused;
	int code = check_chain(evaluation, signer, &refused);
	if (code != 0 || refused)
		return code;
	int count = policy_principal_by_x509(evaluation->policy, x509, &found);
	if (count == 0)
		return evaluation_find(
			evaluation, ERROR_RULE_SIGNATURE_X509_NAME, &place,
			"ask for the identity to be added as x509 under "
			"principals in the policy",
			"signed by the X.509 certificate of '%.*s' (%s), "
			"which is no principal's",
			SHOWN_BYTES, x509->subject,
			x509->name_count != 0 ? x509->names[0] : "no other name");
	if (count > 1)
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_X509_NAMES,
				       &place,
				       "narrow the identities under x509 in the policy",
				       "signed by the X.509 certificate of '%.*s', "
				       "which "
				       "is that of %d principals",
				       SHOWN_BYTES, x509->subject, count);
	if (found->origin == ORIGIN_SERVER && !x509->by_server)
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_X509_ORIGIN,
				       &place,
				       "sign with a certificate of an authority of the "
				       "server",
				       "'%s' is the server's principal, but the "
				       "authority that "
				       "vouches for the certificate is the "
				       "repository's",
				       found->name);
	signer->principal = found;
	return 0;
}

int signer_find(struct evaluation *evaluation, struct signer *signer, bool *refused)
{
	const struct signature_fact *signature = &signer->commit->signature;
	int code = check_revocations(evaluation, signer, refused);
	if (code != 0 || *refused)
		return code;
	if (signature->x509 != NULL && signature->x509->sigstore != NULL)
		code = signer_find_by_sigstore(evaluation, signer);
	else if (signature->x509 != NULL)
		code = find_by_x509(evaluation, signer);
	else if (signature->certificate != NULL)
		code = find_by_certificate(evaluation, signer);
	else
		code = find_by_key(evaluation, signer);
	*refused = signer->principal == NULL;
	return code;
}

/* --- when --- */

/* A span in which something counted; what is said when a time lies outside. */
struct span_of_time {
	const char *what; /* "the key SHA256:..." */
	int64_t after;    /* inclusive */
	int64_t before;   /* inclusive */
	int early;
	int late;
	const char *mend;
};

static int check_time(struct evaluation *evaluation, const struct signer *signer,
		      const struct span_of_time *span, int64_t when, const char *how,
		      bool *refused)
{
	const struct place place = place_of(signer);
	char bound[CLOCK_TEXT_BYTES];
	char when_text[CLOCK_TEXT_BYTES];
	bool early = when < span->after;
	*refused = early || when > span->before;
	if (!*refused)
		return 0;
	clock_format(early ? span->after : span->before, 0, bound);
	clock_format(when, 0, when_text);
	return evaluation_find(
		evaluation, early ? span->early : span->late, &place, span->mend,
		"%s of '%s' is valid %s %s; the %s was %s at %s", span->what,
		signer->principal->name, early ? "only from" : "only until", bound,
		signer->thing ? signer->thing : "commit", how, when_text);
}

static int check_span(struct evaluation *evaluation, const struct signer *signer,
		      const struct span_of_time *span, bool *refused)
{
	int code = check_time(evaluation, signer, span, signer->received_at, "received",
			      refused);
	if (code == 0 && !*refused)
		code = check_time(evaluation, signer, span, signer->claimed_at,
				  signer->thing ? "made, it says,"
						: "committed, it says,",
				  refused);
	return code;
}

static int64_t or_start(int64_t after)
{
	return after != 0 ? after : INT64_MIN;
}

static int64_t or_end(int64_t before)
{
	return before != 0 ? before : INT64_MAX;
}

/* A signature may say itself when it ends: OpenPGP's do when they are told to. */
static int check_own_end(struct evaluation *evaluation, const struct signer *signer,
			 bool *refused)
{
	const struct place place = place_of(signer);
	const int64_t end = signer->commit->signature.expires_at;
	char text[CLOCK_TEXT_BYTES];
	*refused =
		end != 0 && (signer->received_at >= end || signer->claimed_at >= end);
	if (!*refused)
		return 0;
	clock_format(end, 0, text);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_EXPIRED, &place,
			       "sign again without an end (no default-sig-expire "
			       "in gpg.conf)",
			       "the signature expired, by its own word, at %s", text);
}

static int check_key(struct evaluation *evaluation, const struct signer *signer,
		     bool *refused)
{
	char what[128];
	struct span_of_time span = { what,
				     or_start(signer->key->valid_after),
				     or_end(signer->key->valid_before),
				     ERROR_RULE_SIGNATURE_KEY_NOT_YET_VALID,
				     ERROR_RULE_SIGNATURE_KEY_EXPIRED,
				     MEND_KEY };
	const int64_t made_at = signer->commit->signature.made_at;
	snprintf(what, sizeof(what), "the key %s", signer->key->fingerprint);
	int code = check_span(evaluation, signer, &span, refused);
	if (code == 0 && !*refused && made_at != 0)
		code = check_time(evaluation, signer, &span, made_at,
				  "signed, it says,", refused);
	return code == 0 && !*refused ? check_own_end(evaluation, signer, refused)
				      : code;
}

/* A certificate's end is the first moment in which it no longer counts. */
static int check_certificate(struct evaluation *evaluation, const struct signer *signer,
			     bool *refused)
{
	const struct certificate_fact *certificate =
		signer->commit->signature.certificate;
	const struct principal_authority *authority = signer->authority;
	char what[256];
	struct span_of_time span = { what,
				     certificate->valid_after,
				     certificate->valid_before == INT64_MAX
					     ? INT64_MAX
					     : certificate->valid_before - 1,
				     ERROR_RULE_SIGNATURE_CERTIFICATE_EARLY,
				     ERROR_RULE_SIGNATURE_CERTIFICATE_LATE,
				     MEND_RENEW };
	snprintf(what, sizeof(what), "the certificate '%.*s'", SHOWN_BYTES,
		 certificate->key_id);
	int code = check_span(evaluation, signer, &span, refused);
	if (code != 0 || *refused)
		return code;
	struct span_of_time of_ca = { what,
				      or_start(authority->valid_after),
				      or_end(authority->valid_before),
				      ERROR_RULE_SIGNATURE_CA_EARLY,
				      ERROR_RULE_SIGNATURE_CA_LATE,
				      MEND_RENEW };
	snprintf(what, sizeof(what), "the CA %s for certificates", certificate->ca);
	return check_span(evaluation, signer, &of_ca, refused);
}

static int check_lists_current(struct evaluation *evaluation,
			       const struct signer *signer, bool *refused)
{
	const struct x509_fact *x509 = signer->commit->signature.x509;
	const struct place place = place_of(signer);
	char until[CLOCK_TEXT_BYTES];
	*refused = x509->lists_until != 0 && signer->received_at > x509->lists_until;
	if (!*refused)
		return 0;
	clock_format(x509->lists_until, 0, until);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_X509_LISTS, &place,
			       "ask for the file of revocation lists (revoked: crl) to "
			       "be renewed",
			       "a revocation list about the certificate of '%s' was "
			       "current only until %s",
			       signer->principal->name, until);
}

/* The signature says itself when it was made: that is a claim as well. */
static int check_x509(struct evaluation *evaluation, const struct signer *signer,
		      bool *refused)
{
	const struct x509_fact *x509 = signer->commit->signature.x509;
	char what[256];
	/* Whole seconds: the last one counts to its end. */
	struct span_of_time span = { what,
				     x509->valid_after,
				     x509->valid_before > INT64_MAX - CLOCK_SECOND
					     ? INT64_MAX
					     : x509->valid_before + CLOCK_SECOND - 1,
				     ERROR_RULE_SIGNATURE_X509_EARLY,
				     ERROR_RULE_SIGNATURE_X509_LATE,
				     MEND_RENEW };
	snprintf(what, sizeof(what), "the X.509 certificate '%.*s'", SHOWN_BYTES,
		 x509->subject);
	int code = check_span(evaluation, signer, &span, refused);
	if (code == 0 && !*refused)
		code = check_time(evaluation, signer, &span, x509->signed_at,
				  "signed, it says,", refused);
	if (code == 0 && !*refused)
		code = check_lists_current(evaluation, signer, refused);
	return code;
}

/* That the certificate was valid when it signed is proven; here is asked whether the
 * person counted then, and when the commit was received. */
static int check_identity(struct evaluation *evaluation, const struct signer *signer,
			  bool *refused)
{
	const struct principal_sigstore *identity = signer->identity;
	char what[256];
	struct span_of_time span = { what,
				     or_start(identity->valid_after),
				     or_end(identity->valid_before),
				     ERROR_RULE_SIGNATURE_SIGSTORE_EARLY,
				     ERROR_RULE_SIGNATURE_SIGSTORE_LATE,
				     "ask for the identity to be renewed in the "
				     "policy" };
	snprintf(what, sizeof(what), "the identity '%.*s'", SHOWN_BYTES,
		 identity->subject);
	int code = check_span(evaluation, signer, &span, refused);
	if (code == 0 && !*refused)
		code = check_time(evaluation, signer, &span,
				  signer->commit->signature.made_at, "signed", refused);
	return code;
}

/* By way of Sigstore the time is proven, which that of X.509 is not. */
static int64_t signed_at(const struct signature_fact *signature)
{
	return signature->x509 != NULL && signature->x509->sigstore == NULL
		       ? signature->x509->signed_at
		       : signature->made_at;
}

/* Whatever they sign with, people come and go. */
static int check_principal(struct evaluation *evaluation, const struct signer *signer,
			   bool *refused)
{
	const struct signature_fact *signature = &signer->commit->signature;
	const int64_t made_at = signed_at(signature);
	const struct span_of_time span = {
		"a signature",
		or_start(signer->principal->valid_after),
		or_end(signer->principal->valid_before),
		ERROR_RULE_SIGNATURE_PRINCIPAL_EARLY,
		ERROR_RULE_SIGNATURE_PRINCIPAL_LATE,
		"let somebody sign it who counts now",
	};
	int code = check_span(evaluation, signer, &span, refused);
	if (code == 0 && !*refused && made_at != 0)
		code = check_time(evaluation, signer, &span, made_at,
				  "signed, it says,", refused);
	return code;
}

int signer_check_validity(struct evaluation *evaluation, const struct signer *signer,
			  bool *refused)
{
	const struct signature_fact *signature = &signer->commit->signature;
	int code = check_principal(evaluation, signer, refused);
	if (code != 0 || *refused)
		return code;
	if (signer->identity != NULL)
		return check_identity(evaluation, signer, refused);
	if (signature->x509 != NULL)
		return check_x509(evaluation, signer, refused);
	if (signature->certificate != NULL)
		return check_certificate(evaluation, signer, refused);
	return check_key(evaluation, signer, refused);
}
