/* tests/fuzz/fuzz_forge_gitea.c - any bytes as a payload of gitea. */
#include "forge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return forge_fuzz(FORGE_GITEA, false, data, size);
}
