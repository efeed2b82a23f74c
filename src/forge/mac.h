/* forge/mac.h - HMAC-SHA-256 over some pieces; for forge/, and for the forge of
 * `gitgate demo`. */
#ifndef FORGE_MAC_H
#define FORGE_MAC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"

struct mac_piece {
	const void *bytes;
	size_t length;
};

/* False: out of memory. Threads: any. */
bool mac_sign(const void *key, size_t key_length, const struct mac_piece *pieces,
	      size_t count, struct digest *out);

#endif
