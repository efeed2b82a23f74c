/* tests/fuzz/openpgp_fuzz.h - verifies whatever it is given as an OpenPGP signature by
 * a fixed key over "payload": the answer must be consistent. */
#ifndef TESTS_FUZZ_OPENPGP_FUZZ_H
#define TESTS_FUZZ_OPENPGP_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "trust/openpgp_ring.h"
#include "trust/signature.h"

#define MEMORY_BYTES ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The compiled key of the seeds ed.sig and ed.pkt. */
static const char openpgp_fuzz_key[] =
	"gitgate-openpgp-2\n"
	"primary sign 1795244637 0 valid 0 "
	"046b01425d16092b06010401da470f010107402e9bf6df"
	"95d5730dcbdbb00c1a254fc10a7aa6df6b4d6062e327beb7ac59b1a0\n"
	"email ed@example.org\n"
	"sha256 03f6e00c218c080dd69b5916c9c5e23b1062841a68736173cd334097d2b487a0\n";

static void openpgp_fuzz_verify(const char *armor, size_t length)
{
	static const struct trust_span payload = { "payload", 7 };
	static struct openpgp_ring *ring;
	struct signature_fact fact;
	struct arena *arena = arena_new(MEMORY_BYTES);
	if (ring == NULL && (openpgp_ring_new(&ring, NULL) != 0 ||
			     openpgp_ring_add(ring, openpgp_fuzz_key,
					      sizeof(openpgp_fuzz_key) - 1, NULL) != 0))
		abort();
	const struct signature_keys keys = { .openpgp = ring };
	if (signature_verify_with(&fact, arena, &keys, &payload, 1, armor, length,
				  NULL) != 0)
		abort();
	bool good = fact.status == SIGNATURE_GOOD;
	if (good == (fact.status == SIGNATURE_BAD) || good != (fact.code == 0) ||
	    good != (fact.reason == NULL) || (good && fact.fingerprint == NULL))
		abort();
	if (fact.fingerprint != NULL && strcmp(fact.format, "openpgp") == 0 &&
	    openpgp_fingerprint_check(fact.fingerprint) != 0)
		abort();
	arena_free(arena);
}

#endif
