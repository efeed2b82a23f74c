/* trust/openpgp_split.h - keyrings in parts: one certificate each, as armored text.
 *
 * For importing only: nothing here says whether a key is any good. Source: RFC 4880
 * sections 6.2 and 11.1. */
#ifndef TRUST_OPENPGP_SPLIT_H
#define TRUST_OPENPGP_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

struct error;

/* Whether a file looks like OpenPGP public keys, armored or binary. */
bool openpgp_looks_like(const char *bytes, size_t length);

/* Calls `visit` with the armored text of each certificate of a file: armored blocks
 * (text around them is passed over) or binary packets. ERROR_OPENPGP_..., ERROR_LIMIT
 * (openpgp.key_bytes), ERROR_MEMORY, or what `visit` answers. */
int openpgp_split(const char *bytes, size_t length,
		  int (*visit)(void *data, const char *armored, size_t length,
			       struct error *err),
		  void *data, struct error *err);

#endif
