/* tests/fuzz/fuzz_openpgp_armor.c - an OpenPGP signature as text: answered with a
 * reason, whatever it is. */
#include "openpgp_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	openpgp_fuzz_verify((const char *)data, size);
	return 0;
}
