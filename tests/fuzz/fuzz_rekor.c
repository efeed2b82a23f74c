/* tests/fuzz/fuzz_rekor.c - any bytes as an entry of a Rekor log; one that can be read
 * is checked to its end, under a key that nobody signs with. */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "trust/log_key.h"
#include "trust/rekor.h"
#include "trust/rekor_entry.h"

#define MEMORY_BYTES ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The entry's own log is one that counts, so that what is behind is reached. */
static void verify(const struct rekor_entry *entry)
{
	static const unsigned char point[32] = { 9 };
	struct log_key key = { .valid_after = INT64_MIN, .valid_before = INT64_MAX };
	struct log_keys keys = { &key, 1 };
	struct wire_string body = entry->body;
	if (body.length == 0)
		body = (struct wire_string){ point, sizeof(point) };
	key.key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point,
					      sizeof(point));
	memcpy(key.id.bytes, entry->log_id.bytes, DIGEST_BYTES);
	if (key.key != NULL && rekor_verify(entry, &keys, body, NULL) == 0)
		abort();
	EVP_PKEY_free(key.key);
}

/* What is written is read back, to the same bytes. */
static void write_again(const struct rekor_entry *entry)
{
	struct buf once = BUF_INIT(MEMORY_BYTES);
	struct buf twice = BUF_INIT(MEMORY_BYTES);
	struct rekor_entry again;
	rekor_entry_write(&once, entry);
	if (rekor_entry_parse(&again, once.data, once.length, NULL) != 0)
		abort();
	rekor_entry_write(&twice, &again);
	if (once.length != twice.length ||
	    memcmp(once.data, twice.data, once.length) != 0)
		abort();
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rekor_entry entry;
	struct error err = ERROR_INIT;
	int rc = rekor_entry_parse(&entry, data, size, &err);
	if (rc != err.code || (rc == 0 && entry.log_id.length != DIGEST_BYTES))
		abort();
	if (rc == 0) {
		write_again(&entry);
		verify(&entry);
	}
	return 0;
}
