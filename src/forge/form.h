/* forge/form.h - a payload that comes as a form; for forge/ only. */
#ifndef FORGE_FORM_H
#define FORGE_FORM_H

#include <stddef.h>

struct buf;
struct error;

/* Decodes "payload=<urlencoded>": that one field and nothing else, every '%' with two
 * digits, nothing that a form must encode. ERROR_ENCODING; ERROR_MEMORY; ERROR_LIMIT
 * when `out` has not room for `length` bytes. */
int form_payload(const void *body, size_t length, struct buf *out, struct error *err);

#endif
