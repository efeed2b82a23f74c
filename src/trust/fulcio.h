/* trust/fulcio.h - what certificates by Sigstore's Fulcio say: who told it who the
 * signer is. Inside trust/ only.
 *
 * They live for minutes, so such a signature counts only with a proof of when it was
 * made (trust/sigstore.h). Source: sigstore/fulcio docs/oid-info.md and
 * docs/certificate-specification.md. */
#ifndef TRUST_FULCIO_H
#define TRUST_FULCIO_H

#include <openssl/x509.h>
#include <stdbool.h>

struct arena;
struct error;
struct x509_fact;

/* Whether it has any of Fulcio's extensions. */
bool fulcio_made(X509 *certificate);
/* Sets fact->sigstore with its issuer, and checks that the certificate is for signing
 * code and names exactly one subject. ERROR_FULCIO_..., ERROR_MEMORY. */
int fulcio_read(struct x509_fact *fact, struct arena *arena, X509 *certificate,
		struct error *err);

#endif
