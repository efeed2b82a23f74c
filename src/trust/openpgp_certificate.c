/* trust/openpgp_certificate.c - walks the packets of certificates and judges each key
 * by the signatures behind it. */
#include "trust/openpgp_certificate.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "trust/openpgp_armor.h"
#include "trust/openpgp_public.h"
#include "trust/openpgp_ring_find.h"

#define RSA_BITS_MINIMUM  2048
#define KEYS_MAXIMUM      256 /* of one certificate; people have under ten */
#define EMAILS_MAXIMUM    256
#define EMAIL_BYTES_MAX   254
#define REASON_SUPERSEDED 1
#define REASON_RETIRED    3

/* A packet that is no signature, and the signatures that follow it. */
struct component {
	unsigned int tag;
	struct octets body;
	struct octets signatures; /* packets */
};

struct compiled_key {
	struct openpgp_public public;
	enum openpgp_use use;
	int64_t from;
	int64_t until;
	enum openpgp_revoked revoked;
	int64_t revoked_at;
};

struct email {
	char address[EMAIL_BYTES_MAX + 1];
};

struct certificate {
	struct openpgp_public primary;
	EVP_PKEY *ready; /* of the primary key; NULL: it verifies nothing */
	unsigned char frame[3];
	struct openpgp_signature governing; /* of the primary key */
	bool sha1; /* has a self-signature that is valid but for SHA-1 */
	bool is_governed;
	struct compiled_key *keys; /* the primary key is the first */
	size_t count;
	struct email *emails;
	size_t email_count;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for an OpenPGP key");
}

/* --- packets --- */

static bool is_skipped(unsigned int tag)
{
	return tag == OPENPGP_TAG_MARKER || tag == OPENPGP_TAG_TRUST;
}

/* Takes the next component and its signatures off `rest`. */
static int next_component(struct octets *rest, struct component *out, struct error *err)
{
	struct openpgp_packet packet;
	int rc = openpgp_packet_next(rest, &packet, err);
	if (rc != 0)
		return rc;
	*out = (struct component){ packet.tag, packet.body, { rest->bytes, 0 } };
	while (rest->length != 0) {
		struct octets ahead = *rest;
		rc = openpgp_packet_next(&ahead, &packet, err);
		if (rc != 0)
			return rc;
		if (packet.tag != OPENPGP_TAG_SIGNATURE && !is_skipped(packet.tag))
			break;
		*rest = ahead;
	}
	out->signatures.length = (size_t)(rest->bytes - out->signatures.bytes);
	return 0;
}

/* The next signature that can be read; false: none is left. What cannot be read is
 * another version or damaged, and proves nothing. */
static bool next_signature(struct octets *rest, struct openpgp_signature *out)
{
	struct openpgp_packet packet;
	while (rest->length != 0 && openpgp_packet_next(rest, &packet, NULL) == 0)
		if (packet.tag == OPENPGP_TAG_SIGNATURE &&
		    openpgp_signature_parse(out, packet.body, NULL) == 0)
			return true;
	return false;
}

/* --- what signatures over keys are over --- */

struct frames {
	unsigned char head[5];
	struct octets pieces[5];
	size_t count;
};

static void frame_key(unsigned char head[3], size_t length)
{
	head[0] = 0x99;
	head[1] = (unsigned char)(length >> 8);
	head[2] = (unsigned char)length;
}

/* The primary key, and behind it a user id, an attribute or a subkey. */
static void make_frames(struct frames *out, const struct certificate *certificate,
			const struct component *component)
{
	size_t length = component->body.length;
	out->count = 0;
	out->pieces[out->count++] = (struct octets){ certificate->frame, 3 };
	out->pieces[out->count++] = certificate->primary.body;
	if (component->tag == OPENPGP_TAG_PUBLIC_KEY)
		return;
	if (component->tag == OPENPGP_TAG_PUBLIC_SUBKEY) {
		frame_key(out->head, length);
		out->pieces[out->count++] = (struct octets){ out->head, 3 };
	} else {
		out->head[0] = component->tag == OPENPGP_TAG_USER_ID ? 0xB4 : 0xD1;
		for (size_t i = 0; i < 4; i++)
			out->head[1 + i] = (unsigned char)(length >> (24 - 8 * i));
		out->pieces[out->count++] = (struct octets){ out->head, 5 };
	}
	out->pieces[out->count++] = component->body;
}

/* Whether a signature says that the primary key made it. */
static bool is_own(const struct certificate *certificate,
		   const struct openpgp_signature *signature)
{
	const unsigned char *fingerprint = certificate->primary.fingerprint;
	if (signature->issuer_fingerprint.length != 0)
		return memcmp(signature->issuer_fingerprint.bytes, fingerprint,
			      OPENPGP_FINGERPRINT_BYTES) == 0;
	return signature->issuer.length == 0 ||
	       memcmp(signature->issuer.bytes,
		      fingerprint + OPENPGP_FINGERPRINT_BYTES - OPENPGP_KEY_ID_BYTES,
		      OPENPGP_KEY_ID_BYTES) == 0;
}

static bool has_strong_hash(const struct openpgp_signature *signature)
{
	return signature->hash == OPENPGP_SHA256 || signature->hash == OPENPGP_SHA384 ||
	       signature->hash == OPENPGP_SHA512;
}

/* 1: the primary key made it; 0: no; negative: memory. */
static int verify_own(const struct certificate *certificate,
		      const struct component *component,
		      const struct openpgp_signature *signature, struct error *err)
{
	struct frames frames;
	struct error cause = ERROR_INIT;
	if (certificate->ready == NULL || !is_own(certificate, signature))
		return 0;
	make_frames(&frames, certificate, component);
	int rc = openpgp_public_verify(&certificate->primary, certificate->ready,
				       signature, frames.pieces, frames.count, &cause);
	if (rc == ERROR_MEMORY)
		return no_memory(err);
	return rc == 0;
}

/* --- revocations --- */

static bool is_revocation(const struct openpgp_signature *signature,
			  const struct component *component)
{
	switch (component->tag) {
	case OPENPGP_TAG_PUBLIC_KEY:
		return signature->type == OPENPGP_TYPE_REVOKE_KEY;
	case OPENPGP_TAG_PUBLIC_SUBKEY:
		return signature->type == OPENPGP_TYPE_REVOKE_SUBKEY;
	default:
		return signature->type == OPENPGP_TYPE_REVOKE_USER;
	}
}

/* Only two reasons leave older signatures good; no reason is none of them. */
static void revoke(struct compiled_key *key, const struct openpgp_signature *signature)
{
	bool soft = signature->has_reason && (signature->reason == REASON_SUPERSEDED ||
					      signature->reason == REASON_RETIRED);
	enum openpgp_revoked revoked =
		soft ? OPENPGP_REVOKED_SOFT : OPENPGP_REVOKED_HARD;
	if (revoked < key->revoked)
		return;
	if (revoked > key->revoked || signature->created < key->revoked_at)
		key->revoked_at = signature->created;
	key->revoked = revoked;
}

/* A revocation that cannot be read or checked is believed: whoever has the file that it
 * stands in can take the key away altogether. */
static void revoke_unread(struct compiled_key *key)
{
	key->revoked = OPENPGP_REVOKED_HARD;
}

/* Whether a packet that cannot be parsed would be a revocation: its type stands at the
 * same place whatever follows. */
static bool is_unread_revocation(struct octets body, const struct component *component)
{
	const struct openpgp_signature signature = {
		.type = body.length < 3 ? 0 : body.bytes[body.bytes[0] < 4 ? 2 : 1],
	};
	return is_revocation(&signature, component);
}

static int take_revocation(const struct certificate *certificate,
			   const struct component *component, struct octets body,
			   struct compiled_key *key, struct error *err)
{
	struct openpgp_signature signature;
	if (openpgp_signature_parse(&signature, body, NULL) != 0) {
		if (is_unread_revocation(body, component))
			revoke_unread(key);
		return 0;
	}
	if (!is_revocation(&signature, component))
		return 0;
	/* One by another key may be a designated revoker's. */
	if (!is_own(certificate, &signature) ||
	    (!has_strong_hash(&signature) && signature.hash != OPENPGP_SHA1)) {
		revoke_unread(key);
		return 0;
	}
	int rc = verify_own(certificate, component, &signature, err);
	if (rc == 1)
		revoke(key, &signature);
	return rc < 0 ? rc : 0;
}

/* Revocations of the primary key and of subkeys; they do not end. */
static int find_revocations(const struct certificate *certificate,
			    const struct component *component, struct compiled_key *key,
			    struct error *err)
{
	struct octets rest = component->signatures;
	struct openpgp_packet packet;
	int rc = 0;
	while (rc == 0 && rest.length != 0 &&
	       openpgp_packet_next(&rest, &packet, NULL) == 0)
		if (packet.tag == OPENPGP_TAG_SIGNATURE)
			rc = take_revocation(certificate, component, packet.body, key,
					     err);
	return rc;
}

/* --- self-signatures --- */

static bool is_self_type(const struct openpgp_signature *signature,
			 const struct component *component)
{
	switch (component->tag) {
	case OPENPGP_TAG_PUBLIC_KEY:
		return signature->type == OPENPGP_TYPE_DIRECT;
	case OPENPGP_TAG_PUBLIC_SUBKEY:
		return signature->type == OPENPGP_TYPE_BINDING;
	default:
		return signature->type >= OPENPGP_TYPE_CERTIFY &&
		       signature->type <= OPENPGP_TYPE_CERTIFY_LAST;
	}
}

/* The latest valid one. 1, 0: none, negative: memory. *sha1 when there is one that is
 * valid but for its hash. */
static int find_latest(const struct certificate *certificate,
		       const struct component *component, struct openpgp_signature *out,
		       bool *sha1, struct error *err)
{
	struct octets rest = component->signatures;
	struct openpgp_signature signature;
	bool found = false;
	while (next_signature(&rest, &signature)) {
		bool strong = has_strong_hash(&signature);
		if (!is_self_type(&signature, component) ||
		    (!strong && signature.hash != OPENPGP_SHA1) ||
		    (found && signature.created < out->created))
			continue;
		int rc = verify_own(certificate, component, &signature, err);
		if (rc < 0)
			return rc;
		if (rc == 1 && strong)
			*out = signature;
		found |= rc == 1 && strong;
		*sha1 |= rc == 1 && !strong;
	}
	return found;
}

/* A user id may be certified again after it was revoked. */
static int is_user_revoked(const struct certificate *certificate,
			   const struct component *component, int64_t certified,
			   struct error *err)
{
	struct octets rest = component->signatures;
	struct openpgp_signature signature;
	while (next_signature(&rest, &signature)) {
		if (!is_revocation(&signature, component) ||
		    signature.created < certified)
			continue;
		int rc = verify_own(certificate, component, &signature, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void earliest(int64_t *until, int64_t other)
{
	if (other != 0 && (*until == 0 || other < *until))
		*until = other;
}

/* How long a key counts by the signature that governs it. */
static int64_t end_of(const struct openpgp_public *public,
		      const struct openpgp_signature *signature)
{
	int64_t until = 0;
	if (signature->key_lifetime != 0)
		until = public->created + signature->key_lifetime;
	if (signature->lifetime != 0)
		earliest(&until, signature->created + signature->lifetime);
	return until;
}

static bool may_sign(const struct openpgp_signature *signature)
{
	return signature->flags.length != 0 &&
	       signature->flags.bytes[0] & OPENPGP_FLAG_SIGN;
}

/* --- user ids --- */

static void add_email(struct certificate *certificate, struct octets user)
{
	const char *text = (const char *)user.bytes;
	size_t length = user.length;
	const char *open = length == 0 ? NULL : memrchr(text, '<', length);
	if (open != NULL && text[length - 1] == '>') {
		length = (size_t)(text + length - 1 - (open + 1));
		text = open + 1;
	}
	if (length == 0 || length > EMAIL_BYTES_MAX || !memchr(text, '@', length) ||
	    certificate->email_count == EMAILS_MAXIMUM)
		return;
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return;
	struct email *email = &certificate->emails[certificate->email_count++];
	memcpy(email->address, text, length);
	email->address[length] = '\0';
}

static int take_user(struct certificate *certificate, const struct component *component,
		     struct error *err)
{
	struct openpgp_signature latest;
	int rc = find_latest(certificate, component, &latest, &certificate->sha1, err);
	if (rc <= 0)
		return rc;
	rc = is_user_revoked(certificate, component, latest.created, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (component->tag == OPENPGP_TAG_USER_ID)
		add_email(certificate, component->body);
	if (!certificate->is_governed ||
	    latest.created > certificate->governing.created)
		certificate->governing = latest;
	certificate->is_governed = true;
	return 0;
}

/* --- keys --- */

static enum openpgp_use use_of_material(const struct openpgp_public *public,
					EVP_PKEY *ready)
{
	if (ready == NULL)
		return OPENPGP_USE_UNSUPPORTED;
	if (public->family == OPENPGP_FAMILY_RSA &&
	    EVP_PKEY_get_bits(ready) < RSA_BITS_MINIMUM)
		return OPENPGP_USE_WEAK;
	return OPENPGP_USE_SIGN;
}

/* Whether the subkey itself signed that it belongs to the primary key, and when that
 * ends. 0, or negative: memory. */
static int check_back(const struct certificate *certificate,
		      const struct component *component,
		      const struct openpgp_signature *binding, struct compiled_key *key,
		      EVP_PKEY *ready, struct error *err)
{
	struct openpgp_signature back;
	struct frames frames;
	struct error cause = ERROR_INIT;
	key->use = OPENPGP_USE_BACK_SIGNATURE;
	if (binding->embedded.length == 0 ||
	    openpgp_signature_parse(&back, binding->embedded, NULL) != 0 ||
	    back.type != OPENPGP_TYPE_BACK ||
	    (!has_strong_hash(&back) && back.hash != OPENPGP_SHA1))
		return 0;
	make_frames(&frames, certificate, component);
	int rc = openpgp_public_verify(&key->public, ready, &back, frames.pieces,
				       frames.count, &cause);
	if (rc == ERROR_MEMORY)
		return no_memory(err);
	if (rc != 0)
		return 0;
	key->use = has_strong_hash(&back) ? OPENPGP_USE_SIGN
					  : OPENPGP_USE_BACK_SIGNATURE_SHA1;
	if (back.lifetime != 0)
		earliest(&key->until, back.created + back.lifetime);
	return 0;
}

static int judge_subkey(const struct certificate *certificate,
			const struct component *component, struct compiled_key *key,
			EVP_PKEY *ready, struct error *err)
{
	struct openpgp_signature binding;
	enum openpgp_use material = use_of_material(&key->public, ready);
	bool sha1 = false;
	int rc = find_latest(certificate, component, &binding, &sha1, err);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		key->use = sha1 ? OPENPGP_USE_BINDING_SHA1 : OPENPGP_USE_BINDING;
		return 0;
	}
	key->until = end_of(&key->public, &binding);
	if (!may_sign(&binding) || material != OPENPGP_USE_SIGN) {
		key->use = !may_sign(&binding) ? OPENPGP_USE_NOT_SIGNING : material;
		return 0;
	}
	return check_back(certificate, component, &binding, key, ready, err);
}

static struct compiled_key *new_key(struct certificate *certificate, struct error *err)
{
	if (certificate->count == KEYS_MAXIMUM) {
		error_set(err, ERROR_OPENPGP_CERTIFICATE_FORM,
			  "the OpenPGP key has more than %d subkeys", KEYS_MAXIMUM - 1);
		return NULL;
	}
	return &certificate->keys[certificate->count++];
}

static int take_subkey(struct certificate *certificate,
		       const struct component *component, struct error *err)
{
	struct compiled_key *key = new_key(certificate, err);
	if (key == NULL)
		return ERROR_OPENPGP_CERTIFICATE_FORM;
	int rc = openpgp_public_parse(&key->public, component->body, err);
	if (rc != 0)
		return rc;
	EVP_PKEY *ready = openpgp_public_ready(&key->public);
	rc = judge_subkey(certificate, component, key, ready, err);
	if (rc == 0)
		rc = find_revocations(certificate, component, key, err);
	EVP_PKEY_free(ready);
	key->from = key->public.created;
	return rc;
}

/* The primary key's own signatures; user ids may govern it later. */
static int take_primary(struct certificate *certificate,
			const struct component *component, struct error *err)
{
	int rc = openpgp_public_parse(&certificate->primary, component->body, err);
	if (rc != 0)
		return rc;
	certificate->ready = openpgp_public_ready(&certificate->primary);
	frame_key(certificate->frame, component->body.length);
	rc = find_latest(certificate, component, &certificate->governing,
			 &certificate->sha1, err);
	if (rc < 0)
		return rc;
	certificate->is_governed = rc == 1;
	struct compiled_key *key = new_key(certificate, err);
	assert(key != NULL); /* the first */
	key->public = certificate->primary;
	key->from = certificate->primary.created;
	return find_revocations(certificate, component, key, err);
}

static int take_component(struct certificate *certificate,
			  const struct component *component, struct error *err)
{
	switch (component->tag) {
	case OPENPGP_TAG_USER_ID:
	case OPENPGP_TAG_USER_ATTRIBUTE:
		return take_user(certificate, component, err);
	case OPENPGP_TAG_PUBLIC_SUBKEY:
		return take_subkey(certificate, component, err);
	case OPENPGP_TAG_SECRET_SUBKEY:
		return error_set(err, ERROR_OPENPGP_CERTIFICATE_SECRET,
				 "a secret subkey stands among public ones");
	default:
		return error_set(err, ERROR_OPENPGP_CERTIFICATE_ORDER,
				 "a packet of kind %u stands within an OpenPGP key",
				 component->tag);
	}
}

/* What holds for the primary key holds for its subkeys. */
static void finish(struct certificate *certificate)
{
	struct compiled_key *primary = &certificate->keys[0];
	const struct openpgp_signature *governing = &certificate->governing;
	if (certificate->is_governed)
		primary->until = end_of(&certificate->primary, governing);
	primary->use = use_of_material(&certificate->primary, certificate->ready);
	const enum openpgp_use ungoverned = certificate->sha1
						    ? OPENPGP_USE_SELF_SIGNATURE_SHA1
						    : OPENPGP_USE_SELF_SIGNATURE;
	if (primary->use == OPENPGP_USE_SIGN && !certificate->is_governed)
		primary->use = ungoverned;
	/* Without flags a primary key may do what its algorithm can. */
	if (primary->use == OPENPGP_USE_SIGN && governing->has_flags &&
	    !may_sign(governing))
		primary->use = OPENPGP_USE_NOT_SIGNING;
	for (size_t i = 1; i < certificate->count; i++) {
		struct compiled_key *key = &certificate->keys[i];
		earliest(&key->until, primary->until);
		if (key->from < primary->from)
			key->from = primary->from;
		if (key->use == OPENPGP_USE_SIGN && !certificate->is_governed)
			key->use = ungoverned;
		if (key->use == OPENPGP_USE_SIGN && primary->use == OPENPGP_USE_WEAK)
			key->use = OPENPGP_USE_WEAK;
	}
}

/* --- the text --- */

static void write_key(struct buf *out, const struct compiled_key *key, bool primary)
{
	buf_addf(out, "%s %s %" PRId64 " %" PRId64 " %s %" PRId64 " ",
		 primary ? "primary" : "subkey", openpgp_use_names[key->use], key->from,
		 key->until, openpgp_revoked_names[key->revoked], key->revoked_at);
	for (size_t i = 0; i < key->public.body.length; i++)
		buf_addf(out, "%02x", key->public.body.bytes[i]);
	buf_add_byte(out, '\n');
}

static void write_certificate(struct buf *out, const struct certificate *certificate)
{
	for (size_t i = 0; i < certificate->count; i++)
		write_key(out, &certificate->keys[i], i == 0);
	for (size_t i = 0; i < certificate->email_count; i++)
		buf_addf(out, "email %s\n", certificate->emails[i].address);
}

/* Takes one certificate off `rest`: its primary key was read into `first`. */
static int compile_one(struct buf *out, const struct component *first,
		       struct octets *rest, struct error *err)
{
	struct certificate certificate = {
		.keys = calloc(KEYS_MAXIMUM, sizeof(*certificate.keys)),
		.emails = calloc(EMAILS_MAXIMUM, sizeof(*certificate.emails)),
	};
	int rc = certificate.keys == NULL || certificate.emails == NULL
			 ? no_memory(err)
			 : take_primary(&certificate, first, err);
	while (rc == 0 && rest->length != 0) {
		struct octets ahead = *rest;
		struct component component;
		rc = next_component(&ahead, &component, err);
		if (rc == 0 && (component.tag == OPENPGP_TAG_PUBLIC_KEY ||
				component.tag == OPENPGP_TAG_SECRET_KEY))
			break;
		if (rc == 0)
			rc = take_component(&certificate, &component, err);
		*rest = ahead;
	}
	if (rc == 0) {
		finish(&certificate);
		write_certificate(out, &certificate);
	}
	EVP_PKEY_free(certificate.ready);
	free(certificate.keys);
	free(certificate.emails);
	return rc;
}

static int check_first(const struct component *first, struct error *err)
{
	if (first->tag == OPENPGP_TAG_SECRET_KEY)
		return error_set(err, ERROR_OPENPGP_CERTIFICATE_SECRET,
				 "the file holds a secret key; take it away, and write "
				 "what 'gpg --export --armor' prints");
	if (first->tag != OPENPGP_TAG_PUBLIC_KEY)
		return error_set(err, ERROR_OPENPGP_CERTIFICATE_ORDER,
				 "an OpenPGP key does not start with its public key "
				 "but with a packet of kind %u",
				 first->tag);
	return 0;
}

static int compile_all(struct buf *out, struct octets rest, struct error *err)
{
	size_t count = 0;
	int rc = 0;
	while (rc == 0 && rest.length != 0) {
		struct component first;
		rc = next_component(&rest, &first, err);
		if (rc != 0 || is_skipped(first.tag))
			continue;
		rc = check_first(&first, err);
		if (rc == 0)
			rc = compile_one(out, &first, &rest, err);
		count++;
	}
	if (rc == 0 && count == 0)
		rc = error_set(err, ERROR_OPENPGP_CERTIFICATE_EMPTY,
			       "the file holds no OpenPGP key");
	return rc;
}

int openpgp_compile(struct buf *out, const void *packets, size_t length,
		    struct error *err)
{
	const struct octets rest = { packets, length };
	size_t start = out->length;
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	int rc = limit_check(&limits_default, LIMIT_OPENPGP_KEY_BYTES, length,
			     "the OpenPGP key", err);
	buf_add_string(out, OPENPGP_COMPILED_FIRST_LINE "\n");
	if (rc == 0)
		rc = compile_all(out, rest, err);
	if (rc == 0)
		rc = buf_status(out, "compiled OpenPGP key", err);
	if (rc == 0 && digest_of(out->data + start, out->length - start, &digest) != 0)
		rc = no_memory(err);
	if (rc == 0) {
		digest_hex(&digest, hex);
		buf_addf(out, "sha256 %s\n", hex);
		rc = buf_status(out, "compiled OpenPGP key", err);
	}
	if (rc != 0)
		buf_truncate(out, start);
	return rc;
}

int openpgp_compile_file(struct buf *out, const void *bytes, size_t length,
			 struct error *err)
{
	static const char armored[] = "-----BEGIN ";
	struct buf packets = BUF_INIT(limits_default.values[LIMIT_OPENPGP_KEY_BYTES]);
	if (length < sizeof(armored) - 1 ||
	    memcmp(bytes, armored, sizeof(armored) - 1) != 0)
		return openpgp_compile(out, bytes, length, err);
	int rc = openpgp_dearmor(&packets, OPENPGP_KEY_BLOCK, bytes, length, err);
	if (rc == 0)
		rc = openpgp_compile(out, packets.data, packets.length, err);
	buf_release(&packets);
	return rc;
}
