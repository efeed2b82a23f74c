/* trust/openpgp_split.c - keyrings in parts: one certificate each, as armored text. */
#include "trust/openpgp_split.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "trust/openpgp_armor.h"
#include "trust/openpgp_packet.h"

#define BEGIN         "-----BEGIN " OPENPGP_KEY_BLOCK "-----"
#define END           "-----END " OPENPGP_KEY_BLOCK "-----"
#define LINE_LENGTH   64
#define ANY_PACKET    0x80 /* the first bit of every packet */
#define ARMORED_BYTES ((size_t)16 << 20)

struct split {
	int (*visit)(void *data, const char *armored, size_t length, struct error *err);
	void *data;
};

static const char *find(const char *bytes, size_t length, const char *text)
{
	return memmem(bytes, length, text, strlen(text));
}

bool openpgp_looks_like(const char *bytes, size_t length)
{
	return (length > 0 && ((unsigned char)bytes[0] & ANY_PACKET) != 0) ||
	       find(bytes, length, BEGIN) != NULL;
}

static int give(const struct split *split, struct octets packets, struct error *err)
{
	struct buf base64 = BUF_INIT(ARMORED_BYTES);
	struct buf text = BUF_INIT(ARMORED_BYTES);
	int rc = limit_check(&limits_default, LIMIT_OPENPGP_KEY_BYTES, packets.length,
			     "an OpenPGP key", err);
	base64_encode(packets.bytes, packets.length, &base64);
	buf_add_string(&text, BEGIN "\n\n");
	for (size_t at = 0; at < base64.length; at += LINE_LENGTH) {
		size_t left = base64.length - at;
		buf_add(&text, base64.data + at,
			left < LINE_LENGTH ? left : LINE_LENGTH);
		buf_add_byte(&text, '\n');
	}
	buf_add_string(&text, END "\n");
	if (rc == 0)
		rc = buf_status(&base64, "an OpenPGP key", err);
	if (rc == 0)
		rc = buf_status(&text, "an OpenPGP key", err);
	if (rc == 0)
		rc = split->visit(split->data, text.data, text.length, err);
	buf_release(&base64);
	buf_release(&text);
	return rc;
}

static int split_packets(const struct split *split, const void *bytes, size_t length,
			 struct error *err)
{
	struct octets rest = { bytes, length };
	struct octets certificate = { NULL, 0 };
	int rc = 0;
	while (rc == 0 && rest.length > 0) {
		const unsigned char *start = rest.bytes;
		struct openpgp_packet packet;
		rc = openpgp_packet_next(&rest, &packet, err);
		if (rc != 0)
			return rc;
		if (packet.tag == OPENPGP_TAG_SECRET_KEY)
			return error_set(err, ERROR_OPENPGP_CERTIFICATE_SECRET,
					 "there is a secret key in it: export the "
					 "public one (gpg --export)");
		if (packet.tag == OPENPGP_TAG_PUBLIC_KEY) {
			if (certificate.bytes != NULL)
				rc = give(split, certificate, err);
			certificate = (struct octets){ start, 0 };
		}
		if (certificate.bytes != NULL)
			certificate.length = (size_t)(rest.bytes - certificate.bytes);
	}
	if (rc == 0 && certificate.bytes != NULL)
		rc = give(split, certificate, err);
	return rc;
}

/* One block with its END line, and a line feed that the last one of a file may lack. */
static int split_block(const struct split *split, const char *block, size_t length,
		       struct error *err)
{
	struct buf text = BUF_INIT(ARMORED_BYTES);
	struct buf packets = BUF_INIT(ARMORED_BYTES);
	for (size_t i = 0; i < length; i++)
		if (block[i] != '\r')
			buf_add_byte(&text, block[i]);
	buf_add_byte(&text, '\n');
	int rc = buf_status(&text, "an OpenPGP key", err);
	if (rc == 0)
		rc = openpgp_dearmor(&packets, OPENPGP_KEY_BLOCK, text.data,
				     text.length, err);
	if (rc == 0)
		rc = split_packets(split, packets.data, packets.length, err);
	buf_release(&text);
	buf_release(&packets);
	return rc;
}

int openpgp_split(const char *bytes, size_t length,
		  int (*visit)(void *data, const char *armored, size_t length,
			       struct error *err),
		  void *data, struct error *err)
{
	const struct split split = { visit, data };
	const char *stop = bytes + length;
	int rc = 0;
	if (length > 0 && ((unsigned char)bytes[0] & ANY_PACKET) != 0)
		return split_packets(&split, bytes, length, err);
	while (rc == 0 && bytes < stop) {
		const char *begin = find(bytes, (size_t)(stop - bytes), BEGIN);
		if (begin == NULL)
			return 0;
		const char *end = find(begin, (size_t)(stop - begin), END);
		if (end == NULL)
			return error_set(err, ERROR_OPENPGP_ARMOR_END_MISSING,
					 "the OpenPGP armor has no END line");
		bytes = end + strlen(END);
		rc = split_block(&split, begin, (size_t)(bytes - begin), err);
	}
	return rc;
}
