/* tests/fuzz/fuzz_openpgp_compiled.c - text as the compiled form of OpenPGP keys, with
 * the sum that belongs to it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "trust/openpgp_ring.h"

#define MEMORY_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT(MEMORY_BYTES);
	struct openpgp_ring *ring = NULL;
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	if (digest_of(data, size, &digest) != 0 || openpgp_ring_new(&ring, NULL) != 0)
		abort();
	digest_hex(&digest, hex);
	buf_add(&text, data, size);
	buf_addf(&text, "sha256 %s\n", hex);
	int code = openpgp_ring_add(ring, text.data, text.length, NULL);
	for (size_t i = 0; code == 0 && i < openpgp_ring_count(ring); i++) {
		const struct openpgp_key *key = openpgp_ring_key(ring, i);
		if (openpgp_fingerprint_check(key->fingerprint) != 0 ||
		    openpgp_fingerprint_check(key->certificate) != 0 ||
		    key->use == OPENPGP_USE_UNKNOWN || key->algorithm == NULL)
			abort();
	}
	openpgp_ring_free(ring);
	buf_release(&text);
	return 0;
}
