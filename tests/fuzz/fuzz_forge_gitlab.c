/* tests/fuzz/fuzz_forge_gitlab.c - any bytes as a payload of gitlab. */
#include "forge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return forge_fuzz(FORGE_GITLAB, false, data, size);
}
