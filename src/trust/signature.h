/* trust/signature.h - verifies bytes against a detached signature, one driver a format.
 *
 * Says whether the mathematics holds and under which key; who holds the key, and when
 * it counts, is policy's question (policy/signatures.c). Each way of being wrong has
 * its own code in errors.def (SSHSIG_..., SSH_KEY_..., OPENPGP_..., SIGNATURE_...).
 * Keys are kept ready between calls, by each thread. Threads: any. Sources:
 * OpenSSH PROTOCOL.sshsig, PROTOCOL.u2f, RFC 5656, 8332, 8709. */
#ifndef TRUST_SIGNATURE_H
#define TRUST_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "model/facts.h"

struct arena;
struct error;
struct openpgp_ring;

struct trust_span {
	const char *bytes;
	size_t length;
};

/* What a signature is verified with when it does not carry its key. */
struct signature_keys {
	const struct openpgp_ring *openpgp; /* NULL: none */
};

/* Fills `out` (text in the arena). A bad signature is not an error: 0 with
 * SIGNATURE_BAD, code and reason. Negative: memory. `armor` is the signature as text;
 * the format is told by its first line alone, as git does. */
int signature_verify(struct signature_fact *out, struct arena *arena,
		     const struct trust_span *payload, size_t payload_count,
		     const char *armor, size_t armor_length, struct error *err);

/* The same, with keys of the policy. */
int signature_verify_with(struct signature_fact *out, struct arena *arena,
			  const struct signature_keys *keys,
			  const struct trust_span *payload, size_t payload_count,
			  const char *armor, size_t armor_length, struct error *err);

/* Fills in what an SSH certificate of a signature that was found good before says; the
 * CA's signature on it is checked again. False: it does not hold. */
bool signature_recall_certificate(struct signature_fact *fact, struct arena *arena,
				  const void *blob, size_t length);

/* The formats of this build, for `doctor` and tests. */
struct signature_format {
	const char *name;       /* "ssh" */
	const char *first_line; /* "-----BEGIN SSH SIGNATURE-----" */
	/* must: as signature_verify_with() */
	int (*verify)(struct signature_fact *out, struct arena *arena,
		      const struct signature_keys *keys,
		      const struct trust_span *payload, size_t payload_count,
		      const char *armor, size_t armor_length, struct error *err);
};
extern const struct signature_format *const signature_formats[]; /* ends with NULL */

#endif
