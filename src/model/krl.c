/* model/krl.c - who is revoked by an OpenSSH revocation list. */
#include "model/krl.h"

#include <string.h>

#include "model/facts.h"

static bool names_key(const struct krl *krl, const char *fingerprint, const char *sha1)
{
	return (fingerprint != NULL && strings_have(&krl->fingerprints, fingerprint)) ||
	       (sha1 != NULL && strings_have(&krl->sha1, sha1));
}

static bool by_ca(const char *ca, const struct certificate_fact *certificate)
{
	return ca == NULL || strcmp(ca, certificate->ca) == 0;
}

/* As OpenSSH: serial 0 means that the CA counts none, so no list can name it. */
static bool names_serial(const struct krl *krl,
			 const struct certificate_fact *certificate)
{
	for (size_t i = 0; certificate->serial != 0 && i < krl->range_count; i++)
		if (certificate->serial >= krl->ranges[i].first &&
		    certificate->serial <= krl->ranges[i].last &&
		    by_ca(krl->ranges[i].ca, certificate))
			return true;
	return false;
}

static bool names_key_id(const struct krl *krl,
			 const struct certificate_fact *certificate)
{
	for (size_t i = 0; i < krl->key_id_count; i++)
		if (strcmp(krl->key_ids[i].key_id, certificate->key_id) == 0 &&
		    by_ca(krl->key_ids[i].ca, certificate))
			return true;
	return false;
}

const char *krl_revokes(const struct krl *krl, const struct signature_fact *signature)
{
	const struct certificate_fact *certificate = signature->certificate;
	if (names_key(krl, signature->fingerprint, signature->sha1))
		return "its key";
	if (certificate == NULL)
		return NULL;
	if (names_key(krl, certificate->ca, certificate->ca_sha1))
		return "its CA's key";
	if (names_serial(krl, certificate))
		return "the serial of its certificate";
	if (names_key_id(krl, certificate))
		return "the key id of its certificate";
	return NULL;
}
