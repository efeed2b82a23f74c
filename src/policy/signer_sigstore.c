/* policy/signer_sigstore.c - who made a good signature by way of Sigstore (gitsign). */
#include "base/error.h"
#include "model/facts.h"
#include "policy/evaluation.h"
#include "policy/signer.h"

#define MEND_AGAIN "make the commit again with gitsign"
#define MEND_STORE                                                                     \
	"let the log entry be stored again where it is judged: gitgate trust proof "   \
	"--rekor=ADDRESS COMMIT"
#define MEND_REKOR                                                                     \
	"let gitsign use a log of Rekor 1 (git config gitsign.rekor ADDRESS), then "   \
	"make the commit again"
#define MEND_POLICY "ask for the root of Sigstore to be added or renewed in the policy"

/* What helps against most is to sign again. */
static const struct {
	int code;
	const char *mend;
} mends[] = {
	{ ERROR_REKOR_NONE, "let gitsign put the log entry into the signature (git "
			    "config "
			    "gitsign.rekorMode offline), then make the commit again; "
			    "or let the entry be "
			    "stored where it is judged: gitgate trust proof "
			    "--rekor=ADDRESS COMMIT (a service with 'rekor' "
			    "configured asks the log by itself, and judges again "
			    "once it has the entry)" },
	{ ERROR_REKOR_OBJECT, MEND_STORE },
	{ ERROR_REKOR_OBJECT_SIGNATURE, MEND_STORE },
	{ ERROR_REKOR_VERSION, MEND_REKOR },
	{ ERROR_REKOR_TIME_MISSING, MEND_REKOR },
	{ ERROR_SIGSTORE_NO_ROOT, "ask for 'sigstore' to be added to the policy, or "
				  "sign with another key" },
	{ ERROR_X509_UNKNOWN_AUTHORITY, MEND_POLICY },
	{ ERROR_X509_FOREIGN_AUTHORITY, MEND_POLICY },
	{ ERROR_X509_SIGNATURE, MEND_POLICY },
	{ ERROR_REKOR_LOG_UNKNOWN, MEND_POLICY },
	{ ERROR_REKOR_LOG_TIME, MEND_POLICY },
	{ ERROR_SCT_LOG_UNKNOWN, MEND_POLICY },
	{ ERROR_SCT_LOG_TIME, MEND_POLICY },
	{ ERROR_SIGSTORE_AUTHORITY_TIME, MEND_POLICY },
};

static const char *mend_of(int code)
{
	for (size_t i = 0; i < sizeof(mends) / sizeof(mends[0]); i++)
		if (mends[i].code == code)
			return mends[i].mend;
	return MEND_AGAIN;
}

/* Without its kind: "alice@example.org". */
static const char *subject_of(const struct x509_fact *x509)
{
	const char *name = x509->names[0];
	while (*name != '\0' && *name != ':')
		name++;
	return *name == ':' ? name + 1 : name;
}

static int find_chain(struct evaluation *evaluation, const struct signer *signer)
{
	const struct x509_fact *x509 = signer->commit->signature.x509;
	const struct place place = { .commit = &signer->commit->id };
	if (x509->chain == X509_CHAIN_BAD)
		return evaluation_find(evaluation, x509->code, &place,
				       mend_of(x509->code),
				       "signed by way of Sigstore as '%.*s': %s",
				       SHOWN_BYTES, subject_of(x509), x509->reason);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_X509_UNTRACED, &place,
			       NULL,
			       "the signature was not traced to a root of Sigstore");
}

static int find_nobody(struct evaluation *evaluation, const struct signer *signer,
		       bool elsewhere)
{
	const struct x509_fact *x509 = signer->commit->signature.x509;
	const struct place place = { .commit = &signer->commit->id };
	if (elsewhere)
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_SIGSTORE_ISSUER,
				       &place,
				       "sign in with the issuer that the policy names",
				       "signed by way of Sigstore as '%.*s', but it "
				       "was '%.*s' who "
				       "said so, whom the policy does not name for "
				       "this subject",
				       SHOWN_BYTES, subject_of(x509), SHOWN_BYTES,
				       x509->sigstore->issuer);
	return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_SIGSTORE_NAME, &place,
			       "ask for the identity to be added as sigstore under "
			       "principals in the policy",
			       "signed by way of Sigstore as '%.*s' (issuer '%.*s'), "
			       "which is no principal's",
			       SHOWN_BYTES, subject_of(x509), SHOWN_BYTES,
			       x509->sigstore->issuer);
}

int signer_find_by_sigstore(struct evaluation *evaluation, struct signer *signer)
{
	const struct x509_fact *x509 = signer->commit->signature.x509;
	const struct place place = { .commit = &signer->commit->id };
	const struct principal *found = NULL;
	bool elsewhere;
	if (x509->chain != X509_CHAIN_GOOD)
		return find_chain(evaluation, signer);
	int count = policy_principal_by_sigstore(evaluation->policy, x509, &found,
						 &signer->identity, &elsewhere);
	if (count == 0)
		return find_nobody(evaluation, signer, elsewhere);
	if (count > 1)
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_SIGSTORE_NAMES,
				       &place,
				       "give the identity to one principal alone in "
				       "the policy",
				       "signed by way of Sigstore as '%.*s', which is "
				       "%d principals: "
				       "who signed cannot be told",
				       SHOWN_BYTES, subject_of(x509), count);
	if (found->origin == ORIGIN_SERVER && !x509->by_server)
		return evaluation_find(evaluation, ERROR_RULE_SIGNATURE_SIGSTORE_ORIGIN,
				       &place,
				       "sign by a root of Sigstore that the server "
				       "names",
				       "'%s' is the server's principal, but the root "
				       "of Sigstore that "
				       "vouches for the signature is the repository's",
				       found->name);
	signer->principal = found;
	return 0;
}
