/* trust/ssh_public.c - splits the wire form of OpenSSH public keys. */
#include "trust/ssh_public.h"

#include <string.h>

#include "base/error.h"

#define RSA_BITS_MIN      2048
#define RSA_BITS_MAX      16384
#define RSA_EXPONENT_BITS 64
#define ED25519_BYTES     32
#define CERTIFICATE       "-cert-v01@openssh.com"

static const struct ssh_type types[] = {
	{ SSH_KEY_ED25519, SSH_ED25519, false, "ssh-ed25519", "ssh-ed25519" CERTIFICATE,
	  NULL, NULL, NULL, 0 },
	{ SSH_KEY_ECDSA_256, SSH_ECDSA, false, "ecdsa-sha2-nistp256",
	  "ecdsa-sha2-nistp256" CERTIFICATE, "nistp256", "prime256v1", "SHA256", 32 },
	{ SSH_KEY_ECDSA_384, SSH_ECDSA, false, "ecdsa-sha2-nistp384",
	  "ecdsa-sha2-nistp384" CERTIFICATE, "nistp384", "secp384r1", "SHA384", 48 },
	{ SSH_KEY_ECDSA_521, SSH_ECDSA, false, "ecdsa-sha2-nistp521",
	  "ecdsa-sha2-nistp521" CERTIFICATE, "nistp521", "secp521r1", "SHA512", 66 },
	{ SSH_KEY_RSA, SSH_RSA, false, "ssh-rsa", "ssh-rsa" CERTIFICATE, NULL, NULL,
	  NULL, 0 },
	{ SSH_KEY_SK_ED25519, SSH_ED25519, true, "sk-ssh-ed25519@openssh.com",
	  "sk-ssh-ed25519" CERTIFICATE, NULL, NULL, NULL, 0 },
	{ SSH_KEY_SK_ECDSA_256, SSH_ECDSA, true, "sk-ecdsa-sha2-nistp256@openssh.com",
	  "sk-ecdsa-sha2-nistp256" CERTIFICATE, "nistp256", "prime256v1", "SHA256",
	  32 },
};

const struct ssh_type *ssh_type_by_name(struct wire_string name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (wire_string_is(name, types[i].name))
			return &types[i];
	return NULL;
}

const struct ssh_type *ssh_type_by_certificate(struct wire_string name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (wire_string_is(name, types[i].certificate))
			return &types[i];
	return NULL;
}

bool ssh_type_is_certificate(struct wire_string name)
{
	size_t suffix = strlen(CERTIFICATE);
	return name.length > suffix &&
	       memcmp(name.bytes + name.length - suffix, CERTIFICATE, suffix) == 0;
}

static int read_field(struct wire *wire, struct wire_string *field, const char *what,
		      struct error *err)
{
	if (wire_string(wire, field))
		return 0;
	return error_set(err, ERROR_SSH_KEY_TRUNCATED,
			 "the public key ends within its %s", what);
}

static int read_ed25519(struct ssh_public *public, struct wire *wire, struct error *err)
{
	int rc = read_field(wire, &public->key, "point", err);
	if (rc == 0 && public->key.length != ED25519_BYTES)
		return error_set(err, ERROR_SSH_KEY_LENGTH,
				 "the Ed25519 public key has %zu bytes, not %d",
				 public->key.length, ED25519_BYTES);
	return rc;
}

static int read_ecdsa(struct ssh_public *public, struct wire *wire, struct error *err)
{
	struct wire_string curve;
	int rc = read_field(wire, &curve, "curve", err);
	if (rc != 0)
		return rc;
	if (!wire_string_is(curve, public->type->curve))
		return error_set(err, ERROR_SSH_KEY_CURVE,
				 "the public key of type '%s' names the curve '%.*s'",
				 public->type->name,
				 (int)(curve.length < 64 ? curve.length : 64),
				 (const char *)curve.bytes);
	rc = read_field(wire, &public->key, "point", err);
	if (rc != 0)
		return rc;
	if (public->key.length != 1 + 2 * public->type->coordinate ||
	    public->key.bytes[0] != 0x04)
		return error_set(err, ERROR_SSH_KEY_POINT,
				 "the ECDSA public key is not an uncompressed point of "
				 "'%s'",
				 public->type->curve);
	return 0;
}

static int check_rsa_size(const struct ssh_public *public, struct error *err)
{
	size_t bits = wire_bits(public->key);
	if (bits < RSA_BITS_MIN)
		return error_set(err, ERROR_SSH_KEY_RSA_SMALL,
				 "the RSA public key has %zu bits; at least %d are "
				 "needed",
				 bits, RSA_BITS_MIN);
	if (bits > RSA_BITS_MAX)
		return error_set(err, ERROR_SSH_KEY_RSA_LARGE,
				 "the RSA public key has %zu bits; at most %d are read",
				 bits, RSA_BITS_MAX);
	bits = wire_bits(public->exponent);
	bool odd = (public->exponent.bytes[public->exponent.length - 1] & 1) != 0;
	if (!odd || bits < 2 || bits > RSA_EXPONENT_BITS)
		return error_set(err, ERROR_SSH_KEY_RSA_EXPONENT,
				 "the RSA public key's exponent is even, one or over "
				 "%d bits",
				 RSA_EXPONENT_BITS);
	return 0;
}

static int read_rsa(struct ssh_public *public, struct wire *wire, struct error *err)
{
	int rc = read_field(wire, &public->exponent, "exponent", err);
	if (rc == 0)
		rc = read_field(wire, &public->key, "modulus", err);
	if (rc != 0)
		return rc;
	if (!wire_is_positive(public->exponent) || !wire_is_positive(public->key))
		return error_set(err, ERROR_SSH_KEY_NUMBER,
				 "a number of the RSA public key is not positive and "
				 "in its shortest form");
	return check_rsa_size(public, err);
}

static int read_key(struct ssh_public *public, struct wire *wire, struct error *err)
{
	switch (public->type->family) {
	case SSH_ED25519:
		return read_ed25519(public, wire, err);
	case SSH_ECDSA:
		return read_ecdsa(public, wire, err);
	case SSH_RSA:
		return read_rsa(public, wire, err);
	case SSH_FAMILY_UNKNOWN:
		break;
	}
	return error_set(err, ERROR_INTERNAL, "a key type without a family");
}

int ssh_public_read_fields(struct ssh_public *public, struct wire *wire,
			   struct error *err)
{
	int rc = read_key(public, wire, err);
	if (rc == 0 && public->type->security_key)
		rc = read_field(wire, &public->application, "application", err);
	if (rc == 0 && public->type->security_key && public->application.length == 0)
		return error_set(err, ERROR_SSH_KEY_APPLICATION,
				 "the security key's application is empty");
	return rc;
}

static int read_type(struct ssh_public *public, struct wire *wire, struct error *err)
{
	struct wire_string name;
	int rc = read_field(wire, &name, "type", err);
	if (rc != 0)
		return rc;
	int shown = (int)(name.length < 64 ? name.length : 64);
	if (ssh_type_is_certificate(name))
		return error_set(err, ERROR_SSH_KEY_CERTIFICATE,
				 "the key is a certificate ('%.*s'), where only a "
				 "plain public key can stand",
				 shown, (const char *)name.bytes);
	public->type = ssh_type_by_name(name);
	if (public->type == NULL)
		return error_set(err, ERROR_SSH_KEY_TYPE,
				 "the public key type '%.*s' is not accepted", shown,
				 (const char *)name.bytes);
	return 0;
}

int ssh_public_parse(struct ssh_public *out, const void *blob, size_t length,
		     struct error *err)
{
	struct ssh_public public = { .blob = { blob, length } };
	struct wire wire = { blob, length };
	int rc = read_type(&public, &wire, err);
	if (rc == 0)
		rc = ssh_public_read_fields(&public, &wire, err);
	if (rc != 0)
		return rc;
	if (wire.left != 0)
		return error_set(err, ERROR_SSH_KEY_TRAILING,
				 "%zu bytes follow the last field of the public key",
				 wire.left);
	*out = public;
	return 0;
}
