/* trust/der.c - walks over BER and DER. */
#include "trust/der.h"

/* What nests deeper is no signature, and the walk over indefinite lengths recurses. */
#define DEPTH_MAX 16

static bool read_length(struct wire *wire, bool *indefinite, size_t *length)
{
	unsigned char first;
	if (!wire_byte(wire, &first))
		return false;
	*indefinite = first == 0x80;
	*length = first;
	if (first <= 0x80)
		return true;
	size_t value = 0;
	/* Four bytes say more than any input has. */
	if ((first & 0x7f) > 4)
		return false;
	for (int i = first & 0x7f; i > 0; i--) {
		unsigned char byte;
		if (!wire_byte(wire, &byte))
			return false;
		value = value << 8 | byte;
	}
	*length = value;
	return true;
}

static bool next_at(struct wire *wire, struct der_item *out, unsigned int depth);

/* Up to the two zero bytes that end an item of indefinite length. */
static bool take_indefinite(struct wire *wire, struct wire_string *content,
			    unsigned int depth)
{
	const unsigned char *start = wire->at;
	for (;;) {
		struct der_item item;
		if (wire->left >= 2 && wire->at[0] == 0 && wire->at[1] == 0) {
			*content = (struct wire_string){ start,
							 (size_t)(wire->at - start) };
			wire->at += 2;
			wire->left -= 2;
			return true;
		}
		if (!next_at(wire, &item, depth + 1))
			return false;
	}
}

static bool next_at(struct wire *wire, struct der_item *out, unsigned int depth)
{
	struct wire rest = *wire;
	struct der_item item;
	size_t length;
	if (depth > DEPTH_MAX || !wire_byte(&rest, &item.tag) || item.tag == 0 ||
	    (item.tag & 0x1f) == 0x1f || !read_length(&rest, &item.indefinite, &length))
		return false;
	if (item.indefinite) {
		if ((item.tag & DER_CONSTRUCTED) == 0 ||
		    !take_indefinite(&rest, &item.content, depth))
			return false;
	} else if (!wire_take(&rest, length, &item.content)) {
		return false;
	}
	item.whole = (struct wire_string){ wire->at, (size_t)(rest.at - wire->at) };
	*wire = rest;
	*out = item;
	return true;
}

bool der_next(struct wire *wire, struct der_item *out)
{
	return next_at(wire, out, 0);
}

bool der_is_next(const struct wire *wire, unsigned char tag)
{
	return wire->left != 0 && *wire->at == tag;
}

bool der_take(struct wire *wire, unsigned char tag, struct der_item *out)
{
	return der_is_next(wire, tag) && der_next(wire, out);
}

struct wire der_within(const struct der_item *item)
{
	return (struct wire){ item->content.bytes, item->content.length };
}

static bool is_shortest(const struct der_item *item)
{
	size_t length = item->content.length;
	size_t head = item->whole.length - length;
	size_t needed = 2;
	for (size_t rest = length; length >= 0x80 && rest != 0; rest >>= 8)
		needed++;
	return !item->indefinite && head == needed;
}

static bool is_strict_at(struct wire wire, unsigned int depth)
{
	while (wire.left != 0) {
		struct der_item item;
		if (!next_at(&wire, &item, depth) || !is_shortest(&item) ||
		    item.tag == (DER_SEQUENCE & ~DER_CONSTRUCTED) ||
		    item.tag == (DER_SET & ~DER_CONSTRUCTED))
			return false;
		if ((item.tag & DER_CONSTRUCTED) != 0 &&
		    !is_strict_at(der_within(&item), depth + 1))
			return false;
	}
	return true;
}

bool der_is_strict(struct wire_string bytes)
{
	return is_strict_at((struct wire){ bytes.bytes, bytes.length }, 0);
}
