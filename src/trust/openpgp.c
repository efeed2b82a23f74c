/* trust/openpgp.c - the driver for OpenPGP signatures: a detached signature of version
 * 4 over bytes, by a key of the policy. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "trust/format.h"
#include "trust/openpgp_armor.h"
#include "trust/openpgp_ring_find.h"

#define PIECES_MAXIMUM 8

/* Exactly one packet, and that a signature over data. */
static int read_packet(struct openpgp_signature *out, struct octets rest,
		       struct error *err)
{
	struct openpgp_packet packet;
	int rc = openpgp_packet_next(&rest, &packet, err);
	if (rc == 0 && packet.tag != OPENPGP_TAG_SIGNATURE)
		rc = error_set(err, ERROR_OPENPGP_PACKET_KIND,
			       "the OpenPGP packet is of kind %u, not a signature",
			       packet.tag);
	if (rc == 0 && rest.length != 0)
		rc = error_set(err, ERROR_OPENPGP_PACKET_TRAILING,
			       "%zu bytes follow the one OpenPGP signature",
			       rest.length);
	if (rc == 0)
		rc = openpgp_signature_parse(out, packet.body, err);
	return rc == 0 ? openpgp_signature_check_data(out, err) : rc;
}

#define REFUSE(code, why)                                                              \
	error_set(err, (code), "the OpenPGP key %s " why, key->fingerprint)
#define ANEW                                                                           \
	"; its owner makes it anew by gpg --cert-digest-algo SHA256 "                  \
	"--quick-set-expire"

static int check_use(const struct openpgp_key *key, struct error *err)
{
	switch (key->use) {
	case OPENPGP_USE_SIGN:
		return 0;
	case OPENPGP_USE_NOT_SIGNING:
		return REFUSE(ERROR_OPENPGP_KEY_NOT_SIGNING, "was not made for "
							     "signing");
	case OPENPGP_USE_SELF_SIGNATURE:
		return REFUSE(ERROR_OPENPGP_KEY_SELF_SIGNATURE, "has no valid "
								"self-signature");
	case OPENPGP_USE_SELF_SIGNATURE_SHA1:
		return REFUSE(ERROR_OPENPGP_KEY_SELF_SIGNATURE_SHA1, "has a "
								     "self-signature "
								     "with SHA-1 "
								     "only" ANEW);
	case OPENPGP_USE_BINDING:
		return REFUSE(ERROR_OPENPGP_KEY_BINDING, "is not bound by a valid "
							 "signature of its primary "
							 "key");
	case OPENPGP_USE_BINDING_SHA1:
		return REFUSE(ERROR_OPENPGP_KEY_BINDING_SHA1, "is bound to its primary "
							      "key with SHA-1 "
							      "only" ANEW);
	case OPENPGP_USE_BACK_SIGNATURE:
		return REFUSE(ERROR_OPENPGP_KEY_BACK_SIGNATURE, "did not sign that it "
								"belongs to its "
								"primary key");
	case OPENPGP_USE_BACK_SIGNATURE_SHA1:
		return REFUSE(ERROR_OPENPGP_KEY_BACK_SIGNATURE_SHA1, "signed with "
								     "SHA-1 only that "
								     "it belongs to "
								     "its primary "
								     "key" ANEW);
	case OPENPGP_USE_UNSUPPORTED:
		return REFUSE(ERROR_OPENPGP_KEY_UNSUPPORTED, "is of an algorithm or "
							     "curve that is not read");
	case OPENPGP_USE_WEAK:
		return REFUSE(ERROR_OPENPGP_KEY_WEAK, "is, or belongs to, an RSA key "
						      "under 2048 bits");
	case OPENPGP_USE_UNKNOWN:
		break;
	}
	return error_set(err, ERROR_INTERNAL, "a key of unknown use");
}

static int check_bytes(const struct signature_keys *keys, const struct openpgp_key *key,
		       const struct openpgp_signature *signature,
		       const struct trust_span *payload, size_t count,
		       struct error *err)
{
	struct octets pieces[PIECES_MAXIMUM];
	const struct openpgp_public *public;
	EVP_PKEY *ready;
	if (count > PIECES_MAXIMUM)
		return error_set(err, ERROR_INTERNAL,
				 "a payload of %zu pieces is not expected", count);
	for (size_t i = 0; i < count; i++)
		pieces[i] = (struct octets){ (const unsigned char *)payload[i].bytes,
					     payload[i].length };
	int rc = openpgp_ring_public(keys->openpgp, key, &public, &ready, err);
	return rc == 0 ? openpgp_public_verify(public, ready, signature, pieces, count,
					       err)
		       : rc;
}

/* The fingerprint is told as soon as the key is found, for good and bad. */
static int check_packet(struct signature_fact *out, struct arena *arena,
			const struct signature_keys *keys, struct octets packet,
			const struct trust_span *payload, size_t payload_count,
			struct error *err)
{
	struct openpgp_signature signature;
	const struct openpgp_key *key;
	int rc = read_packet(&signature, packet, err);
	if (rc == 0)
		rc = openpgp_ring_find(keys->openpgp, &signature, &key, err);
	if (rc != 0)
		return rc;
	out->fingerprint = arena_string(arena, key->fingerprint);
	if (out->fingerprint == NULL)
		return error_set(err, ERROR_MEMORY,
				 "out of memory while verifying a signature");
	out->made_at = signature.created * CLOCK_SECOND;
	if (signature.lifetime != 0)
		out->expires_at = out->made_at + signature.lifetime * CLOCK_SECOND;
	rc = check_use(key, err);
	return rc == 0 ? check_bytes(keys, key, &signature, payload, payload_count, err)
		       : rc;
}

static int verify(struct signature_fact *out, struct arena *arena,
		  const struct signature_keys *keys, const struct trust_span *payload,
		  size_t payload_count, const char *armor, size_t armor_length,
		  struct error *err)
{
	struct error why = ERROR_INIT;
	struct buf data = BUF_INIT(limits_default.values[LIMIT_SIG_BYTES]);
	int rc = openpgp_dearmor(&data, OPENPGP_SIGNATURE_BLOCK, armor, armor_length,
				 &why);
	if (rc == 0) {
		const struct octets packet = { (const unsigned char *)data.data,
					       data.length };
		rc = check_packet(out, arena, keys, packet, payload, payload_count,
				  &why);
	}
	buf_release(&data);
	if (rc != 0)
		return signature_refused(out, arena, &why, err);
	out->status = SIGNATURE_GOOD;
	return 0;
}

/* git takes it for a signature; what gpg --detach-sign writes is never one. */
static int verify_message(struct signature_fact *out, struct arena *arena,
			  const struct signature_keys *keys,
			  const struct trust_span *payload, size_t payload_count,
			  const char *armor, size_t armor_length, struct error *err)
{
	struct error why = ERROR_INIT;
	(void)keys;
	(void)payload;
	(void)payload_count;
	(void)armor;
	(void)armor_length;
	error_set(&why, ERROR_OPENPGP_ARMOR_MESSAGE,
		  "it is an OpenPGP message, not a detached signature");
	return signature_refused(out, arena, &why, err);
}

const struct signature_format format_openpgp = {
	.name = "openpgp",
	.first_line = "-----BEGIN PGP SIGNATURE-----",
	.verify = verify,
};

const struct signature_format format_openpgp_message = {
	.name = "openpgp",
	.first_line = "-----BEGIN PGP MESSAGE-----",
	.verify = verify_message,
};
