/* trust/ssh_certificate.c - splits OpenSSH certificates and checks who made them. */
#include "trust/ssh_certificate.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "model/facts.h"
#include "trust/sshsig.h"
#include "trust/verifier.h"

#define TYPE_USER 1
#define TYPE_HOST 2
/* OpenSSH's own limit. */
#define PRINCIPALS_MAX 256
/* A person works with one certificate at a time. */
#define KEPT_CERTIFICATES 8

/* Digests of certificates that held, of this thread. */
static _Thread_local struct digest kept[KEPT_CERTIFICATES];
static _Thread_local size_t next_kept;

static int truncated(const char *what, struct error *err)
{
	return error_set(err, ERROR_SSH_CERT_TRUNCATED,
			 "the certificate ends within its %s", what);
}

static int read_type(struct ssh_certificate *certificate, struct wire *wire,
		     struct error *err)
{
	struct wire_string name;
	struct wire_string nonce;
	if (!wire_string(wire, &name))
		return truncated("type", err);
	certificate->type = ssh_type_by_certificate(name);
	if (certificate->type == NULL)
		return error_set(err, ERROR_SSH_CERT_KEY_TYPE,
				 "certificates of type '%.*s' are not accepted",
				 (int)(name.length < 64 ? name.length : 64),
				 (const char *)name.bytes);
	return wire_string(wire, &nonce) ? 0 : truncated("nonce", err);
}

static void put_length(struct buf *out, size_t length)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_byte(out, (unsigned char)(length >> shift & 0xff));
}

/* The fields of the key stand in a certificate as they do in the plain key. */
static int read_key(const struct ssh_certificate *certificate, struct wire *wire,
		    struct buf *plain, struct error *err)
{
	struct ssh_public public = { .type = certificate->type };
	const unsigned char *start = wire->at;
	int rc = ssh_public_read_fields(&public, wire, err);
	if (rc != 0)
		return rc;
	put_length(plain, strlen(public.type->name));
	buf_add_string(plain, public.type->name);
	buf_add(plain, start, (size_t)(wire->at - start));
	return buf_status(plain, "public key", err);
}

static bool is_text(struct wire_string string)
{
	return string.length == 0 || memchr(string.bytes, 0, string.length) == NULL;
}

static int read_principals(struct ssh_certificate *certificate, struct error *err)
{
	struct wire wire = { certificate->principals.bytes,
			     certificate->principals.length };
	while (wire.left != 0) {
		struct wire_string principal;
		if (!wire_string(&wire, &principal))
			return error_set(err, ERROR_SSH_CERT_PRINCIPALS_FORM,
					 "the certificate's list of principals ends "
					 "within one");
		if (principal.length == 0 || !is_text(principal))
			return error_set(err, ERROR_SSH_CERT_PRINCIPAL,
					 "a principal of the certificate is empty or "
					 "holds a NUL byte");
		if (++certificate->principal_count > PRINCIPALS_MAX)
			return error_set(err, ERROR_SSH_CERT_PRINCIPALS_MANY,
					 "the certificate has over %d principals",
					 PRINCIPALS_MAX);
	}
	if (certificate->principal_count == 0)
		return error_set(err, ERROR_SSH_CERT_PRINCIPALS_NONE,
				 "the certificate names no principal: it would speak "
				 "for everybody");
	return 0;
}

/* Pairs of name and data, in rising order of names. `known` takes one by one. */
static int read_pairs(struct wire_string list, const char *what,
		      int (*known)(struct ssh_certificate *certificate,
				   struct wire_string name, struct wire_string data,
				   struct error *err),
		      struct ssh_certificate *certificate, struct error *err)
{
	struct wire wire = { list.bytes, list.length };
	struct wire_string last = { NULL, 0 };
	while (wire.left != 0) {
		struct wire_string name;
		struct wire_string data;
		if (!wire_string(&wire, &name) || !wire_string(&wire, &data))
			return error_set(err, ERROR_SSH_CERT_OPTIONS_FORM,
					 "the certificate's %s end within one", what);
		size_t common = name.length < last.length ? name.length : last.length;
		int order = common == 0 ? 0 : memcmp(last.bytes, name.bytes, common);
		if (last.bytes != NULL &&
		    (order > 0 || (order == 0 && last.length >= name.length)))
			return error_set(err, ERROR_SSH_CERT_OPTIONS_ORDER,
					 "the certificate's %s are not in order, each "
					 "once",
					 what);
		last = name;
		int rc = known == NULL ? 0 : known(certificate, name, data, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int take_critical(struct ssh_certificate *certificate, struct wire_string name,
			 struct wire_string data, struct error *err)
{
	(void)data;
	if (wire_string_is(name, "verify-required")) {
		certificate->verify_required = true;
		return 0;
	}
	if (wire_string_is(name, "force-command") || wire_string_is(name, "source-"
									  "address"))
		return 0;
	return error_set(err, ERROR_SSH_CERT_CRITICAL,
			 "the certificate's critical option '%.*s' is not known",
			 (int)(name.length < 64 ? name.length : 64),
			 (const char *)name.bytes);
}

static int check_kind(uint32_t kind, struct error *err)
{
	if (kind == TYPE_HOST)
		return error_set(err, ERROR_SSH_CERT_HOST,
				 "the certificate is a host's, not a user's");
	if (kind != TYPE_USER)
		return error_set(err, ERROR_SSH_CERT_KIND,
				 "the certificate is of the unknown kind %u", kind);
	return 0;
}

static int read_who(struct ssh_certificate *certificate, struct wire *wire,
		    struct error *err)
{
	uint32_t kind;
	if (!wire_u64(wire, &certificate->serial))
		return truncated("serial", err);
	if (!wire_u32(wire, &kind))
		return truncated("kind", err);
	int rc = check_kind(kind, err);
	if (rc != 0)
		return rc;
	if (!wire_string(wire, &certificate->key_id))
		return truncated("key id", err);
	if (!is_text(certificate->key_id))
		return error_set(err, ERROR_SSH_CERT_KEY_ID,
				 "the certificate's key id holds a NUL byte");
	if (!wire_string(wire, &certificate->principals))
		return truncated("principals", err);
	return read_principals(certificate, err);
}

static int read_when(struct ssh_certificate *certificate, struct wire *wire,
		     struct error *err)
{
	if (!wire_u64(wire, &certificate->valid_after) ||
	    !wire_u64(wire, &certificate->valid_before))
		return truncated("validity", err);
	if (certificate->valid_after >= certificate->valid_before)
		return error_set(err, ERROR_SSH_CERT_VALIDITY,
				 "the certificate is never valid: it ends before it "
				 "begins");
	return 0;
}

static int read_options(struct ssh_certificate *certificate, struct wire *wire,
			struct error *err)
{
	struct wire_string critical;
	struct wire_string extensions;
	struct wire_string reserved;
	if (!wire_string(wire, &critical) || !wire_string(wire, &extensions) ||
	    !wire_string(wire, &reserved))
		return truncated("options", err);
	int rc = read_pairs(critical, "critical options", take_critical, certificate,
			    err);
	if (rc == 0)
		rc = read_pairs(extensions, "extensions", NULL, certificate, err);
	if (rc == 0 && reserved.length != 0)
		return error_set(err, ERROR_SSH_CERT_RESERVED,
				 "the reserved field of the certificate is not empty");
	return rc;
}

static int read_ca(struct ssh_certificate *certificate, struct wire *wire,
		   const void *blob, struct error *err)
{
	if (!wire_string(wire, &certificate->ca))
		return truncated("CA key", err);
	certificate->is_signed = (struct wire_string){
		blob, (size_t)(wire->at - (const unsigned char *)blob)
	};
	if (!wire_string(wire, &certificate->signature))
		return truncated("signature", err);
	if (wire->left != 0)
		return error_set(err, ERROR_SSH_CERT_TRAILING,
				 "%zu bytes follow the last field of the certificate",
				 wire->left);
	return 0;
}

int ssh_certificate_parse(struct ssh_certificate *out, struct buf *plain,
			  const void *blob, size_t length, struct error *err)
{
	struct ssh_certificate certificate = { .serial = 0 };
	struct wire wire = { blob, length };
	int rc = read_type(&certificate, &wire, err);
	if (rc == 0)
		rc = read_key(&certificate, &wire, plain, err);
	if (rc == 0)
		rc = read_who(&certificate, &wire, err);
	if (rc == 0)
		rc = read_when(&certificate, &wire, err);
	if (rc == 0)
		rc = read_options(&certificate, &wire, err);
	if (rc == 0)
		rc = read_ca(&certificate, &wire, blob, err);
	if (rc == 0)
		*out = certificate;
	return rc;
}

/* What is wrong with a CA's key or signature gets a code of certificates, so that it
 * cannot be taken for a fault of the signature itself. */
static int ca_fault(const struct error *cause, struct error *err)
{
	switch (cause->code) {
	case ERROR_MEMORY:
		return error_set(err, ERROR_MEMORY, "%s", cause->text);
	case ERROR_SSHSIG_MISMATCH:
		return error_set(err, ERROR_SSH_CERT_MISMATCH,
				 "the CA did not sign this certificate");
	case ERROR_SSHSIG_RSA_SHA1:
		return error_set(err, ERROR_SSH_CERT_SHA1,
				 "the CA signed the certificate with SHA-1: let it be "
				 "made again (ssh-keygen -t rsa-sha2-512)");
	default:
		return error_set(err, ERROR_SSH_CERT_SIGNATURE,
				 "the CA's signature on the certificate: %s",
				 cause->text);
	}
}

static int get_ca(const struct verifier **out,
		  const struct ssh_certificate *certificate, struct error *err)
{
	struct wire wire = { certificate->ca.bytes, certificate->ca.length };
	struct wire_string name;
	struct error cause = ERROR_INIT;
	if (wire_string(&wire, &name) && ssh_type_is_certificate(name))
		return error_set(err, ERROR_SSH_CERT_CHAINED,
				 "the CA of the certificate is a certificate itself");
	int rc = verifier_get(out, certificate->ca.bytes, certificate->ca.length,
			      &cause);
	if (rc == ERROR_MEMORY)
		return error_set(err, rc, "%s", cause.text);
	if (rc != 0)
		return error_set(err, ERROR_SSH_CERT_CA_KEY,
				 "the CA's key in the certificate: %s", cause.text);
	return 0;
}

static int check_signature(const struct ssh_certificate *certificate,
			   const struct verifier *ca, struct error *err)
{
	struct sshsig_inner inner;
	struct error cause = ERROR_INIT;
	struct digest digest;
	struct trust_span data = { (const char *)certificate->is_signed.bytes,
				   certificate->is_signed.length };
	size_t whole =
		(size_t)(certificate->signature.bytes + certificate->signature.length -
			 certificate->is_signed.bytes);
	if (digest_of(data.bytes, whole, &digest) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < KEPT_CERTIFICATES; i++)
		if (digest_equal(&kept[i], &digest))
			return 0;
	int rc = sshsig_inner_parse(&inner, certificate->signature, ca->public.type,
				    &cause);
	if (rc == 0)
		rc = sshsig_inner_check(&inner, ca, &data, &cause);
	if (rc != 0)
		return ca_fault(&cause, err);
	kept[next_kept] = digest;
	next_kept = (next_kept + 1) % KEPT_CERTIFICATES;
	return 0;
}

static int64_t to_microseconds(uint64_t seconds)
{
	const uint64_t most = (uint64_t)INT64_MAX / (uint64_t)CLOCK_SECOND;
	return seconds >= most ? INT64_MAX : (int64_t)seconds * CLOCK_SECOND;
}

static int fill_fact(struct certificate_fact *fact, struct arena *arena,
		     const struct ssh_certificate *certificate,
		     const struct verifier *ca)
{
	struct wire wire = { certificate->principals.bytes,
			     certificate->principals.length };
	struct wire_string principal;
	fact->ca = arena_string(arena, ca->fingerprint);
	fact->ca_sha1 = arena_string(arena, ca->sha1);
	fact->serial = certificate->serial;
	fact->key_id = arena_copy(arena, certificate->key_id.bytes,
				  certificate->key_id.length);
	fact->valid_after = to_microseconds(certificate->valid_after);
	fact->valid_before = to_microseconds(certificate->valid_before);
	fact->principals = arena_array(arena, certificate->principal_count,
				       sizeof(*fact->principals));
	if (fact->ca == NULL || fact->ca_sha1 == NULL || fact->key_id == NULL ||
	    fact->principals == NULL)
		return ERROR_MEMORY;
	while (wire_string(&wire, &principal)) {
		char *copy = arena_copy(arena, principal.bytes, principal.length);
		if (copy == NULL)
			return ERROR_MEMORY;
		fact->principals[fact->principal_count++] = copy;
	}
	return 0;
}

int ssh_certificate_check(const struct ssh_certificate *certificate,
			  struct certificate_fact **out, struct arena *arena,
			  struct error *err)
{
	const struct verifier *ca;
	int rc = get_ca(&ca, certificate, err);
	if (rc == 0)
		rc = check_signature(certificate, ca, err);
	if (rc != 0)
		return rc;
	struct certificate_fact *fact = arena_new_of(arena, struct certificate_fact);
	if (fact == NULL || fill_fact(fact, arena, certificate, ca) != 0)
		return error_set(err, ERROR_MEMORY,
				 "out of memory while reading a certificate");
	*out = fact;
	return 0;
}
