/* tests/fuzz/fuzz_forge_github.c - any bytes as a payload of github. */
#include "forge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return forge_fuzz(FORGE_GITHUB, false, data, size);
}
