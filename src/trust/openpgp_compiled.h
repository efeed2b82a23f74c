/* trust/openpgp_compiled.h - compiled forms of OpenPGP keys: kept by the digest of the
 * key's bytes, made by gitgate-trust-compile when they are missing.
 *
 * That program alone links librnp; it runs as a child with nothing but the key. Whoever
 * can write where they are kept can write the refs too: their sum is against damage. */
#ifndef TRUST_OPENPGP_COMPILED_H
#define TRUST_OPENPGP_COMPILED_H

#include <stddef.h>

struct buf;
struct error;

/* Appends the compiled form of a key file's bytes. `directory` is where compiled forms
 * are kept (made when missing, files replaced as a whole; what cannot be written is not
 * kept); NULL: they are not. ERROR_OPENPGP_..., ERROR_CHILD, ERROR_MEMORY, ... */
int openpgp_compiled(struct buf *out, const char *directory, const void *bytes,
		     size_t length, struct error *err);

#endif
