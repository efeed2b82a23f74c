/* trust/ssh.c - the driver for SSH signatures (OpenSSH's PROTOCOL.sshsig). */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "trust/format.h"
#include "trust/ssh_certificate.h"
#include "trust/sshsig.h"

#define MAGIC         "SSHSIG"
#define MAGIC_BYTES   6
#define VERSION       1
#define NAMESPACE     "git"
#define USER_VERIFIED 0x04

struct sshsig {
	struct wire_string public_key;
	struct wire_string hash_name;
	struct wire_string signature;
	enum trust_hash hash;
};

/* The key that signed, and what its certificate demands of it. */
struct signer {
	const struct verifier *verifier;
	bool verify_required;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY,
			 "out of memory while verifying a signature");
}

static int read_field(struct wire *wire, struct wire_string *field, const char *what,
		      struct error *err)
{
	if (wire_string(wire, field))
		return 0;
	return error_set(err, ERROR_SSHSIG_TRUNCATED,
			 "the SSH signature ends within its %s", what);
}

static int read_start(struct wire *wire, struct error *err)
{
	struct wire_string magic;
	uint32_t version;
	if (!wire_take(wire, MAGIC_BYTES, &magic) || !wire_string_is(magic, MAGIC))
		return error_set(err, ERROR_SSHSIG_MAGIC,
				 "the SSH signature does not start with '" MAGIC "'");
	if (!wire_u32(wire, &version))
		return error_set(err, ERROR_SSHSIG_TRUNCATED,
				 "the SSH signature ends within its version");
	if (version != VERSION)
		return error_set(err, ERROR_SSHSIG_VERSION,
				 "the SSH signature is of version %u, not %d", version,
				 VERSION);
	return 0;
}

static int check_namespace(struct wire_string name, struct error *err)
{
	if (name.length == 0)
		return error_set(err, ERROR_SSHSIG_NAMESPACE_EMPTY,
				 "the SSH signature has no namespace");
	if (!wire_string_is(name, NAMESPACE))
		return error_set(err, ERROR_SSHSIG_NAMESPACE,
				 "the SSH signature was made for '%.*s', not "
				 "for '" NAMESPACE "'",
				 (int)(name.length < 64 ? name.length : 64),
				 (const char *)name.bytes);
	return 0;
}

static int check_hash(struct sshsig *sshsig, struct error *err)
{
	struct wire_string name = sshsig->hash_name;
	if (wire_string_is(name, "sha256"))
		sshsig->hash = TRUST_SHA256;
	else if (wire_string_is(name, "sha512"))
		sshsig->hash = TRUST_SHA512;
	else
		return error_set(err, ERROR_SSHSIG_HASH,
				 "the SSH signature uses the hash '%.*s', not sha256 "
				 "or sha512",
				 (int)(name.length < 64 ? name.length : 64),
				 (const char *)name.bytes);
	return 0;
}

/* The fields behind the public key. OpenSSH rebuilds what was signed with an empty
 * `reserved`, so another one could never verify. */
static int read_rest(struct sshsig *sshsig, struct wire *wire, struct error *err)
{
	struct wire_string name;
	struct wire_string reserved;
	int rc = read_field(wire, &name, "namespace", err);
	if (rc == 0)
		rc = check_namespace(name, err);
	if (rc == 0)
		rc = read_field(wire, &reserved, "reserved field", err);
	if (rc == 0 && reserved.length != 0)
		return error_set(err, ERROR_SSHSIG_RESERVED,
				 "the reserved field of the SSH signature is not "
				 "empty");
	if (rc == 0)
		rc = read_field(wire, &sshsig->hash_name, "hash algorithm", err);
	if (rc == 0)
		rc = check_hash(sshsig, err);
	if (rc == 0)
		rc = read_field(wire, &sshsig->signature, "signature", err);
	if (rc == 0 && wire->left != 0)
		return error_set(err, ERROR_SSHSIG_TRAILING,
				 "%zu bytes follow the last field of the SSH signature",
				 wire->left);
	return rc;
}

static size_t put_string(unsigned char *out, const void *bytes, size_t length)
{
	out[0] = out[1] = out[2] = 0;
	out[3] = (unsigned char)length; /* all strings here are under 256 bytes */
	memcpy(out + 4, bytes, length);
	return 4 + length;
}

/* What ssh-keygen hands to the key: a frame around the digest of the message. */
static int signed_data(unsigned char out[128], struct trust_span *data,
		       const struct sshsig *sshsig, const struct trust_span *payload,
		       size_t payload_count, struct error *err)
{
	unsigned char digest[TRUST_HASH_BYTES_MAX];
	size_t length;
	if (trust_digest(sshsig->hash, payload, payload_count, digest, &length) != 0)
		return no_memory(err);
	size_t at = MAGIC_BYTES;
	memcpy(out, MAGIC, MAGIC_BYTES);
	at += put_string(out + at, NAMESPACE, strlen(NAMESPACE));
	at += put_string(out + at, "", 0);
	at += put_string(out + at, sshsig->hash_name.bytes, sshsig->hash_name.length);
	at += put_string(out + at, digest, length);
	*data = (struct trust_span){ (const char *)out, at };
	return 0;
}

static int check_user(const struct sshsig_inner *inner, const struct signer *signer,
		      struct signature_fact *out, struct error *err)
{
	out->user_verified = signer->verifier->public.type->security_key &&
			     (inner->flags & USER_VERIFIED) != 0;
	if (signer->verify_required && !out->user_verified)
		return error_set(err, ERROR_SSH_CERT_VERIFY_REQUIRED,
				 "the certificate demands that the security key "
				 "verifies its user, and it did not");
	return 0;
}

static int check_under(const struct signer *signer, struct wire *wire,
		       struct signature_fact *out, const struct trust_span *payload,
		       size_t payload_count, struct error *err)
{
	const struct verifier *verifier = signer->verifier;
	struct sshsig sshsig = { .hash = TRUST_SHA256 };
	struct sshsig_inner inner;
	unsigned char bytes[128];
	struct trust_span data;
	int rc = read_rest(&sshsig, wire, err);
	if (rc == 0)
		rc = sshsig_inner_parse(&inner, sshsig.signature, verifier->public.type,
					err);
	if (rc == 0)
		rc = signed_data(bytes, &data, &sshsig, payload, payload_count, err);
	if (rc == 0)
		rc = sshsig_inner_check(&inner, verifier, &data, err);
	return rc == 0 ? check_user(&inner, signer, out, err) : rc;
}

static bool is_certificate(struct wire_string key)
{
	struct wire wire = { key.bytes, key.length };
	struct wire_string name;
	return wire_string(&wire, &name) && ssh_type_is_certificate(name);
}

/* The CA first: its verifier may be gone once that of the key within is made. */
static int get_certified(struct signer *signer, struct wire_string key,
			 struct signature_fact *out, struct arena *arena,
			 struct error *err)
{
	struct ssh_certificate certificate;
	struct certificate_fact *fact = NULL;
	struct buf plain = BUF_INIT(limits_default.values[LIMIT_SIG_BYTES]);
	int rc =
		ssh_certificate_parse(&certificate, &plain, key.bytes, key.length, err);
	if (rc == 0)
		rc = ssh_certificate_check(&certificate, &fact, arena, err);
	if (rc == 0)
		rc = verifier_get(&signer->verifier, plain.data, plain.length, err);
	buf_release(&plain);
	if (rc != 0)
		return rc;
	signer->verify_required = certificate.verify_required;
	out->certificate = fact;
	out->certificate_blob = arena_copy(arena, key.bytes, key.length);
	out->certificate_blob_length = key.length;
	return out->certificate_blob == NULL ? no_memory(err) : 0;
}

/* The fingerprint is told as soon as the key could be read, for good and bad. */
static int check_blob(struct wire *wire, struct signature_fact *out,
		      struct arena *arena, const struct trust_span *payload,
		      size_t payload_count, struct error *err)
{
	struct wire_string key;
	struct signer signer = { .verify_required = false };
	int rc = read_start(wire, err);
	if (rc == 0)
		rc = read_field(wire, &key, "public key", err);
	if (rc == 0)
		rc = is_certificate(key) ? get_certified(&signer, key, out, arena, err)
					 : verifier_get(&signer.verifier, key.bytes,
							key.length, err);
	if (rc != 0)
		return rc;
	out->fingerprint = arena_string(arena, signer.verifier->fingerprint);
	out->sha1 = arena_string(arena, signer.verifier->sha1);
	if (out->fingerprint == NULL || out->sha1 == NULL)
		return no_memory(err);
	out->security_key = signer.verifier->public.type->security_key;
	return check_under(&signer, wire, out, payload, payload_count, err);
}

static int verify(struct signature_fact *out, struct arena *arena,
		  const struct signature_keys *keys, const struct trust_span *payload,
		  size_t payload_count, const char *armor, size_t armor_length,
		  struct error *err)
{
	(void)keys;
	struct error why = ERROR_INIT;
	struct buf blob = BUF_INIT(limits_default.values[LIMIT_SIG_BYTES]);
	int rc = sshsig_dearmor(&blob, armor, armor_length, &why);
	if (rc == 0) {
		struct wire wire = { (const unsigned char *)blob.data, blob.length };
		rc = check_blob(&wire, out, arena, payload, payload_count, &why);
	}
	buf_release(&blob);
	if (rc != 0)
		return signature_refused(out, arena, &why, err);
	out->status = SIGNATURE_GOOD;
	return 0;
}

const struct signature_format format_ssh = {
	.name = "ssh",
	.first_line = SSHSIG_BEGIN_LINE,
	.verify = verify,
};

bool signature_recall_certificate(struct signature_fact *fact, struct arena *arena,
				  const void *blob, size_t length)
{
	struct signer signer = { .verify_required = false };
	struct signature_fact recalled = { .status = SIGNATURE_UNKNOWN };
	struct wire_string key = { blob, length };
	bool holds = get_certified(&signer, key, &recalled, arena, NULL) == 0 &&
		     strcmp(signer.verifier->fingerprint, fact->fingerprint) == 0;
	if (!holds || (signer.verify_required && !fact->user_verified))
		return false;
	fact->certificate = recalled.certificate;
	fact->certificate_blob = recalled.certificate_blob;
	fact->certificate_blob_length = recalled.certificate_blob_length;
	return true;
}
