/* trust/sshsig_inner.c - the signature within an SSH signature, one way for each kind
 * of key.
 *
 * Sources: RFC 8709 (Ed25519), RFC 5656 (ECDSA), RFC 8332 (RSA), PROTOCOL.u2f (security
 * keys). */
#include <string.h>

#include "base/error.h"
#include "trust/sshsig.h"

#define FLAG_PRESENT  0x01
#define FLAG_RESERVED 0xe2 /* attested data, extensions: not in signatures; unused */
#define STATE_BYTES   5    /* flags and counter */
#define RSA_BYTES_MAX 2048
/* SEQUENCE of two INTEGERs of 521 bits and a sign each, with their headers. */
#define DER_BYTES_MAX (3 + 2 * (2 + 67))

static int check_type(struct sshsig_inner *inner, const struct ssh_type *type,
		      struct error *err)
{
	int shown = (int)(inner->type.length < 64 ? inner->type.length : 64);
	const char *name = (const char *)inner->type.bytes;
	bool rsa = type->family == SSH_RSA;
	if (rsa && wire_string_is(inner->type, "rsa-sha2-256")) {
		inner->hash = TRUST_SHA256;
		return 0;
	}
	if (rsa && wire_string_is(inner->type, "rsa-sha2-512")) {
		inner->hash = TRUST_SHA512;
		return 0;
	}
	if (wire_string_is(inner->type, "ssh-rsa"))
		return error_set(err, ERROR_SSHSIG_RSA_SHA1,
				 "the SSH signature uses RSA with SHA-1");
	if (shown > 9 && memcmp(name, "webauthn-", 9) == 0)
		return error_set(err, ERROR_SSHSIG_WEBAUTHN,
				 "the SSH signature is of the type '%.*s', which is "
				 "not accepted",
				 shown, name);
	if (rsa || !wire_string_is(inner->type, type->name))
		return error_set(err, ERROR_SSHSIG_TYPE,
				 "a key of type '%s' does not make signatures of type "
				 "'%.*s'",
				 type->name, shown, name);
	return 0;
}

static int inner_truncated(struct error *err)
{
	return error_set(err, ERROR_SSHSIG_INNER_TRUNCATED,
			 "the inner signature of the SSH signature ends within a "
			 "field");
}

/* What a security key adds behind its signature. */
static int read_state(struct sshsig_inner *inner, struct wire *wire, struct error *err)
{
	if (!wire_take(wire, STATE_BYTES, &inner->key_state))
		return inner_truncated(err);
	inner->flags = inner->key_state.bytes[0];
	if ((inner->flags & FLAG_PRESENT) == 0)
		return error_set(err, ERROR_SSHSIG_PRESENCE,
				 "the security key signed without anybody touching it");
	if ((inner->flags & FLAG_RESERVED) != 0)
		return error_set(err, ERROR_SSHSIG_FLAGS,
				 "the security key's flags 0x%02x are not understood",
				 inner->flags);
	return 0;
}

int sshsig_inner_parse(struct sshsig_inner *out, struct wire_string field,
		       const struct ssh_type *type, struct error *err)
{
	struct sshsig_inner inner = { .hash = TRUST_SHA256 };
	struct wire wire = { field.bytes, field.length };
	if (!wire_string(&wire, &inner.type))
		return inner_truncated(err);
	int rc = check_type(&inner, type, err);
	if (rc != 0)
		return rc;
	if (!wire_string(&wire, &inner.signature))
		return inner_truncated(err);
	if (type->security_key)
		rc = read_state(&inner, &wire, err);
	if (rc == 0 && wire.left != 0)
		return error_set(err, ERROR_SSHSIG_INNER_TRAILING,
				 "%zu bytes follow the inner signature of the SSH "
				 "signature",
				 wire.left);
	if (rc == 0)
		*out = inner;
	return rc;
}

static int wrong_length(const struct sshsig_inner *inner, struct error *err)
{
	return error_set(err, ERROR_SSHSIG_LENGTH,
			 "the inner signature of the SSH signature has %zu bytes, "
			 "which is wrong for its key",
			 inner->signature.length);
}

static int check_ed25519(const struct sshsig_inner *inner,
			 const struct verifier *verifier, const struct trust_span *data,
			 struct error *err)
{
	if (inner->signature.length != 64)
		return wrong_length(inner, err);
	return verifier_check(verifier, TRUST_SHA512, data, inner->signature.bytes,
			      inner->signature.length, err);
}

/* Leading zero bytes may have been dropped (RFC 8332 section 3 forbids it, OpenSSH
 * accepts it); a longer one is refused. */
static int check_rsa(const struct sshsig_inner *inner, const struct verifier *verifier,
		     const struct trust_span *data, struct error *err)
{
	unsigned char padded[RSA_BYTES_MAX];
	size_t modulus = wire_magnitude(verifier->public.key).length;
	if (inner->signature.length == 0 || inner->signature.length > modulus ||
	    modulus > sizeof(padded))
		return wrong_length(inner, err);
	size_t missing = modulus - inner->signature.length;
	memset(padded, 0, missing);
	memcpy(padded + missing, inner->signature.bytes, inner->signature.length);
	return verifier_check(verifier, inner->hash, data, padded, modulus, err);
}

static int read_numbers(struct wire_string numbers[2], struct wire_string field,
			size_t coordinate, struct error *err)
{
	struct wire wire = { field.bytes, field.length };
	if (!wire_string(&wire, &numbers[0]) || !wire_string(&wire, &numbers[1]))
		return error_set(err, ERROR_SSHSIG_ECDSA_TRUNCATED,
				 "the numbers of the ECDSA signature end within a "
				 "field");
	if (wire.left != 0)
		return error_set(err, ERROR_SSHSIG_ECDSA_TRAILING,
				 "%zu bytes follow the numbers of the ECDSA signature",
				 wire.left);
	for (size_t i = 0; i < 2; i++)
		if (!wire_is_positive(numbers[i]) ||
		    wire_magnitude(numbers[i]).length > coordinate)
			return error_set(err, ERROR_SSHSIG_NUMBER,
					 "a number of the ECDSA signature is not "
					 "positive, in its shortest form and below the "
					 "curve's order");
	return 0;
}

/* SSH writes the two numbers as DER does, only the frame differs. */
static size_t write_der(unsigned char out[DER_BYTES_MAX],
			const struct wire_string numbers[2])
{
	size_t at = 0;
	size_t content = numbers[0].length + numbers[1].length + 4;
	out[at++] = 0x30;
	if (content > 0x7f)
		out[at++] = 0x81;
	out[at++] = (unsigned char)content;
	for (size_t i = 0; i < 2; i++) {
		out[at++] = 0x02;
		out[at++] = (unsigned char)numbers[i].length;
		memcpy(out + at, numbers[i].bytes, numbers[i].length);
		at += numbers[i].length;
	}
	return at;
}

static int check_ecdsa(const struct sshsig_inner *inner,
		       const struct verifier *verifier, const struct trust_span *data,
		       struct error *err)
{
	struct wire_string numbers[2];
	unsigned char der[DER_BYTES_MAX];
	int rc = read_numbers(numbers, inner->signature,
			      verifier->public.type->coordinate, err);
	if (rc != 0)
		return rc;
	size_t length = write_der(der, numbers);
	return verifier_check(verifier, TRUST_SHA256, data, der, length, err);
}

/* A security key signs the digests of its application and of the data, and its state
 * between them. */
static int wrap_for_security_key(unsigned char out[32 + STATE_BYTES + 32],
				 const struct sshsig_inner *inner,
				 const struct verifier *verifier,
				 const struct trust_span *data, struct error *err)
{
	unsigned char digest[TRUST_HASH_BYTES_MAX];
	size_t length;
	struct trust_span application = {
		(const char *)verifier->public.application.bytes,
		verifier->public.application.length
	};
	if (trust_digest(TRUST_SHA256, &application, 1, digest, &length) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	memcpy(out, digest, 32);
	memcpy(out + 32, inner->key_state.bytes, STATE_BYTES);
	if (trust_digest(TRUST_SHA256, data, 1, digest, &length) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	memcpy(out + 32 + STATE_BYTES, digest, 32);
	return 0;
}

int sshsig_inner_check(const struct sshsig_inner *inner,
		       const struct verifier *verifier, const struct trust_span *data,
		       struct error *err)
{
	unsigned char wrapped[32 + STATE_BYTES + 32];
	struct trust_span by_security_key = { (const char *)wrapped, sizeof(wrapped) };
	if (verifier->public.type->security_key) {
		int rc = wrap_for_security_key(wrapped, inner, verifier, data, err);
		if (rc != 0)
			return rc;
		data = &by_security_key;
	}
	switch (verifier->public.type->family) {
	case SSH_ED25519:
		return check_ed25519(inner, verifier, data, err);
	case SSH_ECDSA:
		return check_ecdsa(inner, verifier, data, err);
	case SSH_RSA:
		return check_rsa(inner, verifier, data, err);
	case SSH_FAMILY_UNKNOWN:
		break;
	}
	return error_set(err, ERROR_INTERNAL, "a key type without a family");
}
