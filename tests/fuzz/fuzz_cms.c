/* tests/fuzz/fuzz_cms.c - any bytes as an X.509 signature: as text, and within a frame;
 * what is good is traced. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "model/facts.h"
#include "trust/signature.h"
#include "trust/x509.h"

#define MEMORY_BYTES ((size_t)16 << 20)
#define BEGIN        "-----BEGIN SIGNED MESSAGE-----\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verify(const char *text, size_t length)
{
	static const struct trust_span payload = { "payload", 7 };
	struct arena *arena = arena_new(MEMORY_BYTES);
	struct signature_fact fact;
	if (signature_verify(&fact, arena, &payload, 1, text, length, NULL) != 0)
		abort();
	bool good = fact.status == SIGNATURE_GOOD;
	if (good == (fact.status == SIGNATURE_BAD) || good != (fact.code == 0) ||
	    good != (fact.reason == NULL) || (good && fact.fingerprint == NULL))
		abort();
	if (good && x509_trace(&fact, NULL, NULL) != 0)
		abort();
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT(MEMORY_BYTES);
	struct buf base64 = BUF_INIT(MEMORY_BYTES);
	buf_add_string(&text, BEGIN);
	buf_add(&text, data, size);
	verify(text.data, text.length);
	buf_reset(&text);
	buf_add_string(&text, BEGIN);
	base64_encode(data, size, &base64);
	for (size_t at = 0; at < base64.length; at += 64) {
		size_t left = base64.length - at;
		buf_add(&text, base64.data + at, left < 64 ? left : 64);
		buf_add_byte(&text, '\n');
	}
	buf_add_string(&text, "-----END SIGNED MESSAGE-----\n");
	if (text.failed == 0)
		verify(text.data, text.length);
	buf_release(&base64);
	buf_release(&text);
	return 0;
}
