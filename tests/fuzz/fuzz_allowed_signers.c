/* tests/fuzz/fuzz_allowed_signers.c - any text as a file of allowed signers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "trust/allowed_signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visit(void *data, const struct allowed_signer *signer, struct error *err)
{
	(void)data;
	(void)err;
	if (signer->line == 0 || *signer->principals == '\0' ||
	    ssh_fingerprint_check(signer->fingerprint) != 0 ||
	    signer->valid_after < 0 ||
	    (signer->valid_before != 0 && signer->valid_before <= signer->valid_after))
		abort();
	if (signer->namespaces != NULL)
		pattern_list_matches(signer->namespaces, "git");
	pattern_list_matches(signer->principals, "alice@example.org");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)64 << 20);
	struct error err = ERROR_INIT;
	int rc = allowed_signers_read((const char *)data, size, "signers",
				      size % 2 == 0 ? TIMES_UTC_ONLY : TIMES_LOCAL,
				      arena, visit, NULL, &err);
	if (rc != err.code)
		abort();
	arena_free(arena);
	return 0;
}
