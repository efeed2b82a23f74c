/* trust/openpgp_packet.c - packets, and their numbers. The signature packet is in
 * openpgp_signature.c. */
#include "trust/openpgp_packet.h"

#include "base/error.h"

#define MARK        0x80
#define NEW_FORMAT  0x40
#define FIVE_OCTETS 255

static uint32_t big_endian(const unsigned char *bytes, size_t count)
{
	uint32_t value = 0;
	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static int head_cut(struct error *err)
{
	return error_set(err, ERROR_OPENPGP_PACKET_HEAD,
			 "the OpenPGP packet ends within its head");
}

/* After the first byte, which says how many follow. */
static int old_length(const struct octets *rest, size_t *head, size_t *length,
		      struct error *err)
{
	unsigned int kind = rest->bytes[0] & 3;
	size_t count = (size_t)1 << kind;
	if (kind == 3)
		return error_set(err, ERROR_OPENPGP_PACKET_INDETERMINATE,
				 "the OpenPGP packet has no length of its own");
	if (rest->length < 1 + count)
		return head_cut(err);
	*length = big_endian(rest->bytes + 1, count);
	*head = 1 + count;
	return 0;
}

static int new_length(const struct octets *rest, size_t *head, size_t *length,
		      struct error *err)
{
	if (rest->length < 2)
		return head_cut(err);
	unsigned int first = rest->bytes[1];
	if (first >= 224 && first < FIVE_OCTETS)
		return error_set(err, ERROR_OPENPGP_PACKET_PARTIAL,
				 "the OpenPGP packet is cut into parts");
	size_t count = first < 192 ? 1 : first < 224 ? 2 : 5;
	if (rest->length < 1 + count)
		return head_cut(err);
	if (count == 1)
		*length = first;
	else if (count == 2)
		*length = ((size_t)(first - 192) << 8) + rest->bytes[2] + 192;
	else
		*length = big_endian(rest->bytes + 2, 4);
	*head = 1 + count;
	return 0;
}

int openpgp_packet_next(struct octets *rest, struct openpgp_packet *out,
			struct error *err)
{
	size_t head = 0;
	size_t length = 0;
	if (rest->length == 0)
		return head_cut(err);
	unsigned int first = rest->bytes[0];
	if (!(first & MARK))
		return error_set(err, ERROR_OPENPGP_PACKET_MARK,
				 "an OpenPGP packet cannot start with the byte %02x",
				 first);
	int rc = first & NEW_FORMAT ? new_length(rest, &head, &length, err)
				    : old_length(rest, &head, &length, err);
	if (rc != 0)
		return rc;
	if (length > rest->length - head)
		return error_set(err, ERROR_OPENPGP_PACKET_TRUNCATED,
				 "the OpenPGP packet says it has %zu bytes, and there "
				 "are %zu",
				 length, rest->length - head);
	out->tag = first & NEW_FORMAT ? first & 0x3F : first >> 2 & 0x0F;
	out->body = (struct octets){ rest->bytes + head, length };
	*rest = (struct octets){ rest->bytes + head + length,
				 rest->length - head - length };
	return 0;
}

int openpgp_number(struct octets *rest, struct octets *out, struct error *err)
{
	size_t bits = rest->length < 2 ? 0 : big_endian(rest->bytes, 2);
	size_t length = (bits + 7) / 8;
	if (rest->length < 2 || rest->length - 2 < length)
		return error_set(err, ERROR_OPENPGP_NUMBER_TRUNCATED,
				 "a number of the OpenPGP signature or key ends too "
				 "early");
	struct octets number = { rest->bytes + 2, length };
	if (length != 0 && bits % 8 != 0 && number.bytes[0] >> bits % 8 != 0)
		return error_set(err, ERROR_OPENPGP_NUMBER_FORM,
				 "a number of the OpenPGP signature or key has more "
				 "than the %zu bits that it says",
				 bits);
	*rest = (struct octets){ number.bytes + length, rest->length - 2 - length };
	while (number.length != 0 && number.bytes[0] == 0) {
		number.bytes++;
		number.length--;
	}
	*out = number;
	return 0;
}
