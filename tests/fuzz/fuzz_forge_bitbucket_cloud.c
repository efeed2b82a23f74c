/* tests/fuzz/fuzz_forge_bitbucket_cloud.c - any bytes as a payload of bitbucket_cloud.
 */
#include "forge_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return forge_fuzz(FORGE_BITBUCKET_CLOUD, false, data, size);
}
