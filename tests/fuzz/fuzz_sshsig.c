/* tests/fuzz/fuzz_sshsig.c - an SSH signature as text, the same bytes as the content of
 * an armor, and as a line with a key: answered with a reason, whatever they are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "trust/signature.h"
#include "trust/ssh_key.h"

#define MEMORY_BYTES ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verify(const char *armor, size_t length)
{
	static const struct trust_span payload = { "payload", 7 };
	struct arena *arena = arena_new(MEMORY_BYTES);
	struct signature_fact fact;
	if (signature_verify(&fact, arena, &payload, 1, armor, length, NULL) != 0)
		abort();
	bool good = fact.status == SIGNATURE_GOOD;
	if (good == (fact.status == SIGNATURE_BAD) || good != (fact.code == 0) ||
	    good != (fact.reason == NULL) || (good && fact.fingerprint == NULL))
		abort();
	if (fact.fingerprint != NULL && ssh_fingerprint_check(fact.fingerprint) != 0)
		abort();
	arena_free(arena);
}

static void verify_armored(const uint8_t *data, size_t size)
{
	struct buf base64 = BUF_INIT(MEMORY_BYTES);
	struct buf armor = BUF_INIT(MEMORY_BYTES);
	base64_encode(data, size, &base64);
	buf_add_string(&armor, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t at = 0; at < base64.length; at += 70) {
		size_t left = base64.length - at;
		buf_add(&armor, base64.data + at, left < 70 ? left : 70);
		buf_add_byte(&armor, '\n');
	}
	buf_add_string(&armor, "-----END SSH SIGNATURE-----\n");
	if (armor.failed == 0)
		verify(armor.data, armor.length);
	buf_release(&armor);
	buf_release(&base64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum ssh_key_type type = SSH_KEY_UNKNOWN;
	char fingerprint[SSH_FINGERPRINT_BYTES];
	verify((const char *)data, size);
	verify_armored(data, size);
	if (ssh_key_check((const char *)data, size, &type, fingerprint, NULL) == 0 &&
	    (type == SSH_KEY_UNKNOWN || ssh_fingerprint_check(fingerprint) != 0))
		abort();
	return 0;
}
