/* trust/openpgp_certificate.h - compiles OpenPGP certificates: which of their keys may
 * sign, and when (RFC 4880 sections 5.2.3, 11.1, 12.1).
 *
 * A primary key needs a self-signature; a subkey a binding signature by the primary key
 * and, to sign, one by itself that it belongs there. The latest valid one governs flags
 * and expiry. SHA-1 and MD5 do not count in these; in revocations SHA-1 does.
 * Signatures by others are passed over; revocations by others that the owner named
 * (designated revokers) cannot be checked here and count as hard. */
#ifndef TRUST_OPENPGP_CERTIFICATE_H
#define TRUST_OPENPGP_CERTIFICATE_H

#include <stddef.h>

struct buf;
struct error;

/* Compiles binary packets: one certificate or more. Appends the text that
 * openpgp_ring_add() reads. ERROR_OPENPGP_CERTIFICATE_..., ERROR_MEMORY, ERROR_LIMIT.
 */
int openpgp_compile(struct buf *out, const void *packets, size_t length,
		    struct error *err);
/* As openpgp_compile(), from a file as people write it: armored or binary. */
int openpgp_compile_file(struct buf *out, const void *bytes, size_t length,
			 struct error *err);

#endif
