/* model/krl.h - an OpenSSH key revocation list as data: who is revoked by it.
 *
 * Read by trust/ssh_krl.h; all of it lives in the arena of the policy. */
#ifndef MODEL_KRL_H
#define MODEL_KRL_H

#include <stddef.h>
#include <stdint.h>

#include "model/policy.h"

struct signature_fact;

/* Serials of certificates, both ends inclusive. */
struct krl_range {
	const char *ca; /* fingerprint of their CA; NULL: of any */
	uint64_t first;
	uint64_t last;
};

struct krl_key_id {
	const char *ca; /* as above */
	const char *key_id;
};

struct krl {
	const char *file; /* as messages show it */
	uint64_t version; /* as the list says */
	struct krl_range *ranges;
	size_t range_count;
	size_t range_capacity;
	struct krl_key_id *key_ids;
	size_t key_id_count;
	size_t key_id_capacity;
	struct strings fingerprints; /* "SHA256:..." */
	struct strings sha1;         /* hexadecimal */
};

/* Why the list revokes what signed: "its key", "its CA's key", "the serial of its
 * certificate", "the key id of its certificate". NULL: it does not. */
const char *krl_revokes(const struct krl *krl, const struct signature_fact *signature);

#endif
