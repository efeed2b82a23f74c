/* tests/fuzz/fuzz_forge_generic.c - any bytes as a payload of generic. */
#include "forge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return forge_fuzz(FORGE_STANDARD, false, data, size);
}
