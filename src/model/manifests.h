/* model/manifests.h - what the judge checked, packed as one block of bytes that goes
 * sealed to the target.
 *
 * Integers are little-endian. A reader accepts exactly the layout below: every offset,
 * order, path and the digest are checked before the first entry is used. */
/* clang-format off
 *
 * header  magic "GGMANIF1", u32 version, u32 count of entries, u8 id length, 7 zero bytes,
 *         commit id (32 bytes, zero-padded), tree id (32), policy digest (32),
 *         u64 size of the table, u64 size of the data
 * table   sorted by path (bytewise), each: u32 mode, u32 path length, u64 offset in the
 *         data, u64 size, blob id (32), path
 * data    the blobs in the order of the table, nothing between
 * digest  SHA-256 over all before it: the manifests' name */
/* clang-format on */
#ifndef MODEL_MANIFESTS_H
#define MODEL_MANIFESTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/oid.h"

struct arena;
struct error;

struct manifest {
	const char *path; /* relative, checked by path_check() */
	uint32_t mode;    /* 0100644, 0100755 or 0120000 */
	struct oid blob;
	const unsigned char *data; /* borrowed from the block */
	uint64_t size;
};

struct manifests {
	struct oid commit;
	struct oid tree;
	struct digest policy;
	struct digest digest;
	struct manifest *entries;
	size_t count;
};

/* Reads and checks a block that stays mapped while `out` is used; entries live in the
 * arena. ERROR_MANIFESTS, ERROR_UNSAFE_PATH, ERROR_LIMIT, ERROR_MEMORY. */
int manifests_read(struct manifests *out, struct arena *arena, const void *block,
		   size_t length, struct error *err);

/* Writes a block: `entries` sorted by path, `data` fetched entry by entry through
 * `load` (which gives a pointer valid until the next call), the bytes handed to `sink`
 * in order. No I/O here. Fills `digest`. */
struct manifests_io {
	int (*load)(void *data, const struct manifest *entry, const void **bytes,
		    struct error *err);
	int (*sink)(void *data, const void *bytes, size_t length, struct error *err);
	void *data;
};
int manifests_write(const struct manifests *manifests, const struct manifests_io *io,
		    struct digest *digest, struct error *err);

#endif
