/* trust/der.h - walks over BER and DER, item by item; nothing is copied.
 *
 * Lengths may be indefinite where items are constructed, as gpgsm writes them; numbers
 * of tags over 30 are not read. Inside trust/ only. Source: ITU-T X.690. */
#ifndef TRUST_DER_H
#define TRUST_DER_H

#include <stdbool.h>

#include "trust/wire.h"

enum der_tag {
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_UTC_TIME = 0x17,
	DER_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1,
	DER_CONTEXT_0_PRIMITIVE = 0x80,
};

#define DER_CONSTRUCTED 0x20

struct der_item {
	unsigned char tag;
	bool indefinite;
	struct wire_string content; /* without the end mark */
	struct wire_string whole;   /* with tag and length */
};

/* The next item. False: there is none that is whole. */
bool der_next(struct wire *wire, struct der_item *out);
/* The next item when it has this tag; otherwise nothing is taken. */
bool der_take(struct wire *wire, unsigned char tag, struct der_item *out);
bool der_is_next(const struct wire *wire, unsigned char tag);
struct wire der_within(const struct der_item *item);
/* Whether these bytes are items of DER as far as their frames tell: lengths definite
 * and shortest, sequences and sets constructed, in all that is constructed. */
bool der_is_strict(struct wire_string bytes);

#endif
