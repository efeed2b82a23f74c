/* tests/fuzz/fuzz_openpgp_key.c - bytes as a file of OpenPGP keys: what is compiled of
 * them, a ring takes. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "trust/openpgp_certificate.h"
#include "trust/openpgp_ring.h"

#define MEMORY_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf compiled = BUF_INIT(MEMORY_BYTES);
	struct openpgp_ring *ring = NULL;
	int code = openpgp_compile_file(&compiled, data, size, NULL);
	if (code != 0 && compiled.length != 0)
		abort();
	if (code == 0 &&
	    (openpgp_ring_new(&ring, NULL) != 0 ||
	     openpgp_ring_add(ring, compiled.data, compiled.length, NULL) != 0 ||
	     openpgp_ring_count(ring) == 0))
		abort();
	openpgp_ring_free(ring);
	buf_release(&compiled);
	return 0;
}
