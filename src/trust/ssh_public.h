/* trust/ssh_public.h - an OpenSSH public key in its wire form, and what OpenSSL makes
 * of it.
 *
 * Inside trust/ only. Sources: RFC 4253 section 6.6, RFC 5656, RFC 8709, PROTOCOL.u2f.
 */
#ifndef TRUST_SSH_PUBLIC_H
#define TRUST_SSH_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>

#include "trust/ssh_key.h"
#include "trust/wire.h"

struct error;

enum ssh_family { SSH_FAMILY_UNKNOWN = 0, SSH_ED25519, SSH_ECDSA, SSH_RSA };

struct ssh_type {
	enum ssh_key_type type;
	enum ssh_family family;
	bool security_key;
	const char *name;        /* "ecdsa-sha2-nistp256" */
	const char *certificate; /* the type of a certificate of such a key */
	const char *curve;       /* "nistp256"; NULL: no ECDSA */
	const char *group;       /* OpenSSL's name of the curve */
	const char *digest;      /* that ECDSA signs, OpenSSL's name */
	size_t coordinate;       /* bytes of one coordinate of a point */
};

struct ssh_public {
	const struct ssh_type *type;
	struct wire_string blob;     /* all of it */
	struct wire_string key;      /* Ed25519: 32 bytes; ECDSA: the point; RSA: n */
	struct wire_string exponent; /* RSA: e */
	struct wire_string application; /* security keys */
};

/* The row of a name, or NULL. */
const struct ssh_type *ssh_type_by_name(struct wire_string name);
bool ssh_type_is_certificate(struct wire_string name);
/* The row of the key in a certificate of this type, or NULL. */
const struct ssh_type *ssh_type_by_certificate(struct wire_string name);

/* Reads and checks the fields behind the type, which the caller has set; the last one
 * is the application of security keys. ERROR_SSH_KEY_... */
int ssh_public_read_fields(struct ssh_public *public, struct wire *wire,
			   struct error *err);

/* Splits and checks the form; spans point into the blob. ERROR_SSH_KEY_... */
int ssh_public_parse(struct ssh_public *out, const void *blob, size_t length,
		     struct error *err);

#endif
