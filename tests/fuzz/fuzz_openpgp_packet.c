/* tests/fuzz/fuzz_openpgp_packet.c - bytes as what an OpenPGP armor holds. */
#include "base/buf.h"
#include "base/hash.h"
#include "openpgp_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf base64 = BUF_INIT(MEMORY_BYTES);
	struct buf armor = BUF_INIT(MEMORY_BYTES);
	base64_encode(data, size, &base64);
	buf_add_string(&armor, "-----BEGIN PGP SIGNATURE-----\n\n");
	for (size_t at = 0; at < base64.length; at += 64) {
		size_t left = base64.length - at;
		buf_add(&armor, base64.data + at, left < 64 ? left : 64);
		buf_add_byte(&armor, '\n');
	}
	buf_add_string(&armor, "-----END PGP SIGNATURE-----\n");
	if (armor.failed == 0)
		openpgp_fuzz_verify(armor.data, armor.length);
	buf_release(&armor);
	buf_release(&base64);
	return 0;
}
