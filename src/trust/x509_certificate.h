/* trust/x509_certificate.h - what a signer's certificate says. Inside trust/ only. */
#ifndef TRUST_X509_CERTIFICATE_H
#define TRUST_X509_CERTIFICATE_H

#include <openssl/x509.h>

#include "trust/wire.h"

struct arena;
struct error;
struct x509_fact;

#define X509_FINGERPRINT_BYTES 80 /* "X509:" and 64 digits */

/* One certificate in DER, to its last byte. NULL: it cannot be read. */
X509 *x509_certificate_read(struct wire_string der);
/* "X509:<SHA-256 of it>". 0 or ERROR_MEMORY. */
int x509_certificate_fingerprint(char out[X509_FINGERPRINT_BYTES],
				 struct wire_string der);
/* Who it says the signer is: subject, issuer, serial and names of the fact. */
int x509_certificate_names(struct x509_fact *fact, struct arena *arena, X509 *signer,
			   struct error *err);
/* Whether it may sign commits at all, by its usages. */
int x509_certificate_usage(X509 *signer, struct error *err);

#endif
