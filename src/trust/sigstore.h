/* trust/sigstore.h - who may vouch for signatures of gitsign: the authorities of
 * Fulcio, and the keys of Rekor's log and of the log of certificates, offline.
 *
 * A certificate of Fulcio lives for minutes, and what a signature says of its own time
 * proves nothing. So the log entry that came with it must be of exactly this signature,
 * and its time, which the log signed, must be one at which the certificate was valid.
 * A root is one deployment of Sigstore: parts of different roots never vouch together.
 * Source: sigstore/gitsign docs, sigstore client specification section 4. */
#ifndef TRUST_SIGSTORE_H
#define TRUST_SIGSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct signature_fact;
struct sigstore;

enum sigstore_log { SIGSTORE_LOG_UNKNOWN = 0, SIGSTORE_REKOR, SIGSTORE_CT };

int sigstore_new(struct sigstore **out, struct error *err);
void sigstore_free(struct sigstore *sigstore);

/* Begins another root, to which the functions below add. `by_server`: the server's
 * policy names it. `require_sct`: certificates must stand in a log of certificates.
 * ERROR_LIMIT, ERROR_MEMORY. */
int sigstore_begin(struct sigstore *sigstore, bool by_server, bool require_sct,
		   struct error *err);
/* Certificates in PEM form, at least one of them self-signed; others help to build
 * chains. They count from `valid_after` to `valid_before` (microseconds, inclusive). */
int sigstore_add_authorities(struct sigstore *sigstore, const char *pem, size_t length,
			     int64_t valid_after, int64_t valid_before,
			     struct error *err);
/* Public keys in PEM form, at least one, or exactly one in DER. */
int sigstore_add_keys(struct sigstore *sigstore, enum sigstore_log log, const char *pem,
		      size_t length, struct error *err);
int sigstore_add_key(struct sigstore *sigstore, enum sigstore_log log, const void *der,
		     size_t length, int64_t valid_after, int64_t valid_before,
		     struct error *err);
/* Whether the root has what it needs. ERROR_SIGSTORE_INCOMPLETE. */
int sigstore_check(const struct sigstore *sigstore, struct error *err);

/* For a signature without an entry of its own: entries about the object of that id, as
 * rekor_stored_add() wrote them. The bytes are copied. 0 or ERROR_MEMORY. */
int sigstore_use_stored(struct signature_fact *fact, struct arena *arena,
			const char *object, const void *stored, size_t length);

/* Whether one of those that are in use is about the object, by a signature of the key
 * of the signer's certificate; no root is asked. 0, ERROR_REKOR_..., ERROR_MEMORY. */
int sigstore_check_stored(const struct signature_fact *fact, struct error *why);

/* Fills the part of fact->x509 about the chain, and fact->made_at with the time that is
 * proven. Only for facts with x509->sigstore. `sigstore` NULL: there is no root.
 * Negative: memory. */
int sigstore_trace(struct signature_fact *fact, struct arena *arena,
		   const struct sigstore *sigstore, struct error *err);

#endif
