/* tests/fuzz/fuzz_ssh_certificate.c - any bytes as an OpenSSH certificate, alone and as
 * the key of a signature: answered with a reason, whatever they are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/facts.h"
#include "trust/ssh_certificate.h"
#include "trust/verifier.h"

#define MEMORY_BYTES ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ssh_certificate *certificate)
{
	struct arena *arena = arena_new(MEMORY_BYTES);
	struct certificate_fact *fact = NULL;
	struct error err = ERROR_INIT;
	int rc = ssh_certificate_check(certificate, &fact, arena, &err);
	if ((rc == 0) != (fact != NULL) || rc != err.code)
		abort();
	if (fact != NULL && (fact->principal_count == 0 ||
			     fact->principal_count != certificate->principal_count))
		abort();
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssh_certificate certificate;
	struct buf plain = BUF_INIT(MEMORY_BYTES);
	struct error err = ERROR_INIT;
	int rc = ssh_certificate_parse(&certificate, &plain, data, size, &err);
	if (rc != err.code)
		abort();
	if (rc == 0)
		check(&certificate);
	buf_release(&plain);
	return 0;
}
