/* doc/schema_uri.h - resolves the references of schemas; for doc/ only.
 *
 * Source: RFC 3986, section 5.2. Nothing is fetched: a URI is a name here. */
#ifndef DOC_SCHEMA_URI_H
#define DOC_SCHEMA_URI_H

#include <stddef.h>

struct arena;

/* The reference in the light of `base`, without fragment, in the arena; NULL: out of
 * memory. */
char *uri_resolve(struct arena *arena, const char *base, const char *reference);
/* What follows the first '#', percent-decoded, in the arena; "" for none; NULL: out of
 * memory. */
char *uri_fragment(struct arena *arena, const char *reference);

#endif
