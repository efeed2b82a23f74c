/* trust/ssh_certificate.h - OpenSSH certificates: a key that a CA speaks for.
 *
 * Only certificates of users are read, with at least one principal and no critical
 * option that is unknown. "force-command" and "source-address" are about logins and
 * change nothing here, as in ssh-keygen -Y; "verify-required" is held. Inside trust/
 * only. Source: OpenSSH PROTOCOL.certkeys. */
#ifndef TRUST_SSH_CERTIFICATE_H
#define TRUST_SSH_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/ssh_public.h"
#include "trust/wire.h"

struct arena;
struct buf;
struct certificate_fact;
struct error;

struct ssh_certificate {
	const struct ssh_type *type; /* of the key within */
	uint64_t serial;
	struct wire_string key_id;
	struct wire_string principals; /* packed strings, checked */
	size_t principal_count;
	uint64_t valid_after;  /* seconds, inclusive */
	uint64_t valid_before; /* exclusive */
	bool verify_required;
	struct wire_string ca;        /* the public key that signed */
	struct wire_string is_signed; /* everything before the signature */
	struct wire_string signature;
};

/* Splits and checks the form; `plain` gets the wire form of the key within. Spans point
 * into the blob. ERROR_SSH_CERT_..., ERROR_SSH_KEY_... of the key within. */
int ssh_certificate_parse(struct ssh_certificate *out, struct buf *plain,
			  const void *blob, size_t length, struct error *err);

/* Checks the CA's signature and makes the fact, in the arena. The last few that held
 * are remembered by the thread. */
int ssh_certificate_check(const struct ssh_certificate *certificate,
			  struct certificate_fact **out, struct arena *arena,
			  struct error *err);

#endif
