/* tests/fuzz/fuzz_forge_bitbucket_server.c - any bytes as a payload of
 * bitbucket_server. */
#include "forge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return forge_fuzz(FORGE_BITBUCKET_SERVER, false, data, size);
}
