/* tests/fuzz/fuzz_openpgp_split.c - bytes as a keyring: its parts are armor that is
 * taken apart again into one part. */
#include <stdint.h>
#include <stdlib.h>

#include "trust/openpgp_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parts {
	size_t count;
	int depth;
};

static int visit(void *data, const char *armored, size_t length, struct error *err)
{
	struct parts *parts = data;
	struct parts own = { .depth = parts->depth + 1 };

	parts->count++;
	if (!openpgp_looks_like(armored, length))
		abort();
	if (parts->depth == 0 &&
	    (openpgp_split(armored, length, visit, &own, err) != 0 || own.count != 1))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = { .depth = 0 };

	openpgp_split((const char *)data, size, visit, &parts, NULL);
	return 0;
}
