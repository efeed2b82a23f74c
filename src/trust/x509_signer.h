/* trust/x509_signer.h - certificates of signers that were read before. Inside trust/
 * only.
 *
 * Reading a certificate takes longer than verifying a signature by it, and the commits
 * of a push come from few people: each thread keeps the last few. Threads: any. */
#ifndef TRUST_X509_SIGNER_H
#define TRUST_X509_SIGNER_H

#include "model/facts.h"
#include "trust/x509_certificate.h"

struct x509_signer {
	X509 *certificate;
	struct x509_fact names; /* subject, issuer, serial, names; the rest is empty */
	char fingerprint[X509_FINGERPRINT_BYTES];
};

/* The signer of a certificate in DER, the thread's own until it asked for so many
 * others that this one makes room. ERROR_CMS_CERTIFICATE_FORM, ERROR_X509_NAME...,
 * ERROR_MEMORY. */
int x509_signer_get(const struct x509_signer **out, struct wire_string der,
		    struct error *err);

/* Makes fact->x509 with the signer's names, and the fingerprint. ERROR_MEMORY. */
int x509_signer_tell(const struct x509_signer *signer, struct signature_fact *fact,
		     struct arena *arena, struct error *err);

#endif
