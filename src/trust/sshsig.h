/* trust/sshsig.h - the parts of an SSH signature. Inside trust/ only.
 *
 * Source: OpenSSH's PROTOCOL.sshsig. */
#ifndef TRUST_SSHSIG_H
#define TRUST_SSHSIG_H

#include <stdbool.h>
#include <stddef.h>

#include "trust/verifier.h"
#include "trust/wire.h"

struct buf;
struct error;

#define SSHSIG_BEGIN_LINE "-----BEGIN SSH SIGNATURE-----"

/* Text that starts with the BEGIN line to the bytes within. ERROR_SSHSIG_... */
int sshsig_dearmor(struct buf *out, const char *text, size_t length, struct error *err);

/* The signature as a key of one type makes it. */
struct sshsig_inner {
	struct wire_string type;
	struct wire_string signature;
	struct wire_string key_state; /* security keys: flags and counter, 5 bytes */
	unsigned char flags;
	enum trust_hash hash; /* of RSA */
};

/* Splits the field `signature` and checks that it can come from a key of this type. */
int sshsig_inner_parse(struct sshsig_inner *out, struct wire_string field,
		       const struct ssh_type *type, struct error *err);

/* Checks it over `data`, the bytes that ssh-keygen hands to the key. 0 or why not. */
int sshsig_inner_check(const struct sshsig_inner *inner,
		       const struct verifier *verifier, const struct trust_span *data,
		       struct error *err);

#endif
