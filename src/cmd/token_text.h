/* cmd/token_text.h - what `gitgate token` makes of random bytes and of words. Pure, but
 * for the randomness. */
#ifndef CMD_TOKEN_TEXT_H
#define CMD_TOKEN_TEXT_H

#include <stdint.h>

#include "base/hash.h"

struct error;
struct json;

#define TOKEN_PREFIX     "gg_"
#define TOKEN_SECRET     32 /* random bytes */
#define TOKEN_TEXT_BYTES 48 /* the prefix, 43 digits and a NUL fit */

/* A fresh token, "gg_" and 43 digits of base64url (RFC 4648 section 5, no padding), and
 * its SHA-256, which is all that the service ever gets. ERROR_MEMORY. The caller wipes
 * `text`. */
int token_make(char text[TOKEN_TEXT_BYTES], struct digest *digest, struct error *err);
/* "read,poll" as a list of words. ERROR_USAGE: an unknown one (the nearest is named),
 * none, or one twice. Nothing is written then. */
int token_scopes(const char *text, struct json *json, struct error *err);
/* "90d" from `now` on, or a date or time; NULL: 0, never. ERROR_USAGE: it cannot be
 * read, or is over already. */
int token_expiry(const char *text, int64_t now, int64_t *out, struct error *err);

#endif
