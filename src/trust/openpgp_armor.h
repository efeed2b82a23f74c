/* trust/openpgp_armor.h - the armor around OpenPGP data (RFC 4880 section 6.2), read
 * strictly: one block, nothing before or behind it but one empty line, which GitHub
 * writes. Inside trust/ only. */
#ifndef TRUST_OPENPGP_ARMOR_H
#define TRUST_OPENPGP_ARMOR_H

#include <stddef.h>

struct buf;
struct error;

#define OPENPGP_SIGNATURE_BLOCK "PGP SIGNATURE"
#define OPENPGP_KEY_BLOCK       "PGP PUBLIC KEY BLOCK"

/* The decoded data of the one block of this kind that `text` is. The headers Version
 * and Comment may stand once each; the checksum is optional and checked when it is
 * there. ERROR_OPENPGP_ARMOR_..., ERROR_MEMORY, ERROR_LIMIT. */
int openpgp_dearmor(struct buf *out, const char *kind, const char *text, size_t length,
		    struct error *err);

#endif
