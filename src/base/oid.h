/* base/oid.h - git object ids, SHA-1 or SHA-256. */
#ifndef BASE_OID_H
#define BASE_OID_H

#include <stdbool.h>
#include <stddef.h>

#define OID_MAX_BYTES 32
#define OID_HEX_BYTES (2 * OID_MAX_BYTES + 1)

/* length 0: no id at all. A null id (all zero, as git writes for "does not exist") has
 * its length and is_null. */
struct oid {
	unsigned char length; /* 0, 20 or 32 */
	unsigned char bytes[OID_MAX_BYTES];
};

#define OID_INIT                                                                       \
	{                                                                              \
		0,                                                                     \
		{                                                                      \
			0                                                              \
		}                                                                      \
	}

/* Exactly 40 or 64 lower-case digits, nothing behind. 0 or ERROR_ENCODING. */
int oid_parse(const char *hex, size_t length, struct oid *out);
void oid_hex(const struct oid *oid, char out[OID_HEX_BYTES]); /* "" for length 0 */
bool oid_equal(const struct oid *a, const struct oid *b);
int oid_compare(const struct oid *a,
		const struct oid *b);    /* total order: length, then bytes */
bool oid_is_null(const struct oid *oid); /* length 0 or all zero */
void oid_set_bytes(struct oid *oid, const void *bytes,
		   size_t length); /* length 20 or 32 */

/* For messages: the first 10 digits. The buffer is one of 8 that are used in turn, per
 * thread. */
const char *oid_short(const struct oid *oid);
/* The same with all digits. */
const char *oid_text(const struct oid *oid);

#endif
