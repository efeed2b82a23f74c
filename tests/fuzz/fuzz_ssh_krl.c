/* tests/fuzz/fuzz_ssh_krl.c - any bytes as an OpenSSH revocation list. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/facts.h"
#include "model/krl.h"
#include "trust/ssh_krl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *principals[] = { "alice" };
static const struct certificate_fact certificate = {
	.ca = "SHA256:ca",
	.ca_sha1 = "00",
	.serial = 7,
	.key_id = "id",
	.principals = principals,
	.principal_count = 1,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)64 << 20);
	struct signature_fact fact = { .fingerprint = "SHA256:key",
				       .sha1 = "11",
				       .certificate = &certificate };
	struct error err = ERROR_INIT;
	struct krl krl;
	int rc = ssh_krl_parse(&krl, arena, data, size, &err);
	if (rc != err.code)
		abort();
	if (rc == 0)
		krl_revokes(&krl, &fact);
	for (size_t i = 0; rc == 0 && i < krl.range_count; i++)
		if (krl.ranges[i].first == 0 ||
		    krl.ranges[i].first > krl.ranges[i].last)
			abort();
	arena_free(arena);
	return 0;
}
