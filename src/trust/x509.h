/* trust/x509.h - who may vouch for X.509 certificates: authorities and their
 * revocation lists, and the way from a signer's certificate to one of them.
 *
 * Authorities are self-signed certificates that the configuration names; others in the
 * same file only help to build chains. Once any revocation list is configured, every
 * certificate of a chain but the authority's needs one by its issuer. Times are told,
 * not judged: policy/ does that. OpenSSL does the work. Threads: one
 * at a time. Source: RFC 5280. */
#ifndef TRUST_X509_H
#define TRUST_X509_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;
struct signature_fact;
struct x509_authorities;

int x509_authorities_new(struct x509_authorities **out, struct error *err);
void x509_authorities_free(struct x509_authorities *authorities);

/* Adds a file of PEM certificates, at least one of them self-signed. `by_server`: the
 * server's policy names it. ERROR_X509_..., ERROR_LIMIT, ERROR_MEMORY. */
int x509_authorities_add(struct x509_authorities *authorities, const char *pem,
			 size_t length, bool by_server, struct error *err);
/* Adds a file of PEM revocation lists, at least one. */
int x509_lists_add(struct x509_authorities *authorities, const char *pem, size_t length,
		   struct error *err);

/* Fills the part of fact->x509 about the chain. `authorities` NULL: there are none.
 * The last chains are remembered until something is added. Negative: memory. */
int x509_trace(struct signature_fact *fact, const struct x509_authorities *authorities,
	       struct error *err);

/* Makes the fact of a signature that was found good before, from the certificates that
 * it had then and the time that it named. False: they cannot be read. */
bool x509_recall(struct signature_fact *fact, struct arena *arena,
		 const void *certificates, size_t length);

#endif
