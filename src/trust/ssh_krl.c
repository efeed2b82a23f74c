/* trust/ssh_krl.c - OpenSSH's binary key revocation lists to model/krl.h. */
#include "trust/ssh_krl.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "model/krl.h"
#include "trust/ssh_key.h"
#include "trust/wire.h"

#define MAGIC       "SSHKRL\n"
#define MAGIC_BYTES 8 /* with its NUL */
#define FORMAT      1
#define SHA1_BYTES  20

enum section {
	SECTION_CERTIFICATES = 1,
	SECTION_KEYS = 2,
	SECTION_SHA1 = 3,
	SECTION_SIGNATURE = 4,
	SECTION_SHA256 = 5,
	SECTION_EXTENSION = 255,
};

enum part {
	PART_SERIALS = 0x20,
	PART_RANGE = 0x21,
	PART_BITMAP = 0x22,
	PART_KEY_IDS = 0x23,
	PART_EXTENSION = 0x39,
};

struct reading {
	struct krl *krl;
	struct arena *arena;
	const char *ca; /* of the section that is being read; NULL: any */
	size_t entries;
	struct error *err;
};

bool ssh_krl_is(const void *bytes, size_t length)
{
	return length >= MAGIC_BYTES - 1 && memcmp(bytes, MAGIC, MAGIC_BYTES - 1) == 0;
}

static int truncated(const struct reading *reading, const char *what)
{
	return error_set(reading->err, ERROR_SSH_KRL_TRUNCATED,
			 "the revocation list ends within its %s", what);
}

static int no_memory(const struct reading *reading)
{
	return error_set(reading->err, ERROR_MEMORY,
			 "out of memory while reading a revocation list");
}

static int count_entry(struct reading *reading)
{
	return limit_check(&limits_default, LIMIT_SSH_KRL_ENTRIES, ++reading->entries,
			   "the revocation list", reading->err);
}

static int read_head(struct reading *reading, struct wire *wire)
{
	struct wire_string magic;
	struct wire_string reserved;
	struct wire_string comment;
	uint32_t format;
	uint64_t date;
	uint64_t flags;
	if (!wire_take(wire, MAGIC_BYTES, &magic) ||
	    memcmp(magic.bytes, MAGIC, MAGIC_BYTES) != 0)
		return error_set(reading->err, ERROR_SSH_KRL_MAGIC,
				 "not an OpenSSH key revocation list");
	if (!wire_u32(wire, &format))
		return truncated(reading, "format");
	if (format != FORMAT)
		return error_set(reading->err, ERROR_SSH_KRL_FORMAT,
				 "the revocation list is of format %u, not %d", format,
				 FORMAT);
	if (!wire_u64(wire, &reading->krl->version) || !wire_u64(wire, &date) ||
	    !wire_u64(wire, &flags) || !wire_string(wire, &reserved) ||
	    !wire_string(wire, &comment))
		return truncated(reading, "head");
	return 0;
}

static int add_range(struct reading *reading, uint64_t first, uint64_t last)
{
	struct krl *krl = reading->krl;
	if (first == 0)
		return error_set(reading->err, ERROR_SSH_KRL_SERIAL_ZERO,
				 "the revocation list names the serial 0, which "
				 "certificates without a serial have");
	int rc = count_entry(reading);
	if (rc != 0)
		return rc;
	struct krl_range *range = ARENA_PUSH(reading->arena, &krl->ranges,
					     &krl->range_count, &krl->range_capacity);
	if (range == NULL)
		return no_memory(reading);
	*range = (struct krl_range){ reading->ca, first, last };
	return 0;
}

static int read_serials(struct reading *reading, struct wire *wire)
{
	int rc = 0;
	if (wire->left == 0)
		return error_set(reading->err, ERROR_SSH_KRL_EMPTY,
				 "a list of serials of the revocation list is empty");
	while (rc == 0 && wire->left != 0) {
		uint64_t serial;
		if (!wire_u64(wire, &serial))
			return truncated(reading, "list of serials");
		rc = add_range(reading, serial, serial);
	}
	return rc;
}

static int read_range(struct reading *reading, struct wire *wire)
{
	uint64_t first;
	uint64_t last;
	if (!wire_u64(wire, &first) || !wire_u64(wire, &last))
		return truncated(reading, "range of serials");
	if (first > last)
		return error_set(reading->err, ERROR_SSH_KRL_RANGE,
				 "a range of serials of the revocation list ends "
				 "before it begins");
	return add_range(reading, first, last);
}

static bool bit_is_set(struct wire_string bits, size_t bit)
{
	return (bits.bytes[bits.length - 1 - bit / 8] >> (bit % 8) & 1) != 0;
}

/* Runs of bits become ranges: the lowest bit is the serial `offset`. */
static int read_bitmap(struct reading *reading, struct wire *wire)
{
	uint64_t offset;
	struct wire_string number;
	if (!wire_u64(wire, &offset) || !wire_string(wire, &number))
		return truncated(reading, "bitmap of serials");
	if (!wire_is_positive(number))
		return error_set(reading->err, ERROR_SSH_KRL_BITMAP,
				 "a bitmap of the revocation list is empty or not a "
				 "number in its shortest form");
	struct wire_string bits = wire_magnitude(number);
	size_t count = wire_bits(number);
	if (offset > UINT64_MAX - (count - 1)) /* positive: a bit is set */
		return error_set(reading->err, ERROR_SSH_KRL_BITMAP_END,
				 "a bitmap of the revocation list goes beyond the last "
				 "serial");
	int rc = 0;
	for (size_t bit = 0; rc == 0 && bit < count;) {
		size_t first = bit;
		while (bit < count && bit_is_set(bits, bit))
			bit++;
		if (bit > first)
			rc = add_range(reading, offset + first, offset + bit - 1);
		else
			bit++;
	}
	return rc;
}

static int read_key_ids(struct reading *reading, struct wire *wire)
{
	struct krl *krl = reading->krl;
	while (wire->left != 0) {
		struct wire_string id;
		int rc = count_entry(reading);
		if (rc != 0)
			return rc;
		if (!wire_string(wire, &id))
			return truncated(reading, "list of key ids");
		if (id.length != 0 && memchr(id.bytes, 0, id.length) != NULL)
			return error_set(reading->err, ERROR_SSH_KRL_KEY_ID,
					 "a key id of the revocation list holds a NUL "
					 "byte");
		struct krl_key_id *slot =
			ARENA_PUSH(reading->arena, &krl->key_ids, &krl->key_id_count,
				   &krl->key_id_capacity);
		char *copy = arena_copy(reading->arena, id.bytes, id.length);
		if (slot == NULL || copy == NULL)
			return no_memory(reading);
		*slot = (struct krl_key_id){ reading->ca, copy };
	}
	return 0;
}

static int read_extension(struct reading *reading, struct wire *wire)
{
	struct wire_string name;
	struct wire_string data;
	unsigned char critical;
	if (!wire_string(wire, &name) || !wire_byte(wire, &critical) ||
	    !wire_string(wire, &data))
		return truncated(reading, "extension");
	if (critical != 0)
		return error_set(reading->err, ERROR_SSH_KRL_EXTENSION,
				 "the revocation list needs the extension '%.*s', "
				 "which "
				 "is not known",
				 (int)(name.length < 64 ? name.length : 64),
				 (const char *)name.bytes);
	return 0;
}

static int read_part(struct reading *reading, unsigned char type, struct wire *wire)
{
	switch (type) {
	case PART_SERIALS:
		return read_serials(reading, wire);
	case PART_RANGE:
		return read_range(reading, wire);
	case PART_BITMAP:
		return read_bitmap(reading, wire);
	case PART_KEY_IDS:
		return read_key_ids(reading, wire);
	case PART_EXTENSION:
		return read_extension(reading, wire);
	default:
		return error_set(reading->err, ERROR_SSH_KRL_PART,
				 "the revocation list has a part of the unknown type "
				 "0x%02x about certificates",
				 type);
	}
}

static int read_ca(struct reading *reading, struct wire_string key)
{
	char fingerprint[SSH_FINGERPRINT_BYTES];
	reading->ca = NULL;
	if (key.length == 0)
		return 0;
	if (ssh_fingerprint_make(fingerprint, key.bytes, key.length) != 0)
		return no_memory(reading);
	reading->ca = arena_string(reading->arena, fingerprint);
	return reading->ca == NULL ? no_memory(reading) : 0;
}

/* Reads a list of (type, content), each content to its end. */
static int read_contents(struct reading *reading, struct wire *wire, const char *what,
			 int (*read)(struct reading *reading, unsigned char type,
				     struct wire *wire))
{
	int rc = 0;
	while (rc == 0 && wire->left != 0) {
		unsigned char type;
		struct wire_string content;
		if (!wire_byte(wire, &type) || !wire_string(wire, &content))
			return truncated(reading, what);
		struct wire within = { content.bytes, content.length };
		rc = read(reading, type, &within);
		if (rc == 0 && within.left != 0)
			return error_set(reading->err, ERROR_SSH_KRL_TRAILING,
					 "%zu bytes follow the content of a %s of the "
					 "revocation list",
					 within.left, what);
	}
	return rc;
}

static int read_certificates(struct reading *reading, struct wire *wire)
{
	struct wire_string ca;
	struct wire_string reserved;
	if (!wire_string(wire, &ca) || !wire_string(wire, &reserved))
		return truncated(reading, "section about certificates");
	int rc = read_ca(reading, ca);
	if (rc == 0)
		rc = read_contents(reading, wire, "part", read_part);
	return rc;
}

static int add_string(struct reading *reading, struct strings *strings,
		      const char *text)
{
	const char *copy = arena_string(reading->arena, text);
	const char **slot = ARENA_PUSH(reading->arena, &strings->items, &strings->count,
				       &strings->capacity);
	if (copy == NULL || slot == NULL)
		return no_memory(reading);
	*slot = copy;
	return 0;
}

static int read_keys(struct reading *reading, struct wire *wire)
{
	char fingerprint[SSH_FINGERPRINT_BYTES];
	int rc = 0;
	while (rc == 0 && wire->left != 0) {
		struct wire_string key;
		if (!wire_string(wire, &key))
			return truncated(reading, "list of keys");
		if (key.length == 0)
			return error_set(reading->err, ERROR_SSH_KRL_KEY,
					 "a key of the revocation list is empty");
		rc = count_entry(reading);
		if (rc == 0 &&
		    ssh_fingerprint_make(fingerprint, key.bytes, key.length) != 0)
			rc = no_memory(reading);
		if (rc == 0)
			rc = add_string(reading, &reading->krl->fingerprints,
					fingerprint);
	}
	return rc;
}

static int read_digests(struct reading *reading, struct wire *wire, size_t length)
{
	char text[SSH_FINGERPRINT_BYTES];
	int rc = 0;
	while (rc == 0 && wire->left != 0) {
		struct wire_string digest;
		if (!wire_string(wire, &digest))
			return truncated(reading, "list of fingerprints");
		if (digest.length != length)
			return error_set(reading->err, ERROR_SSH_KRL_DIGEST,
					 "a fingerprint of the revocation list has %zu "
					 "bytes, not %zu",
					 digest.length, length);
		rc = count_entry(reading);
		if (rc != 0)
			return rc;
		if (length == SHA1_BYTES)
			hex_encode(digest.bytes, length, text);
		else if (ssh_fingerprint_write(text, digest.bytes) != 0)
			return no_memory(reading);
		rc = add_string(reading,
				length == SHA1_BYTES ? &reading->krl->sha1
						     : &reading->krl->fingerprints,
				text);
	}
	return rc;
}

static int read_section(struct reading *reading, unsigned char type, struct wire *wire)
{
	switch (type) {
	case SECTION_CERTIFICATES:
		return read_certificates(reading, wire);
	case SECTION_KEYS:
		return read_keys(reading, wire);
	case SECTION_SHA1:
		return read_digests(reading, wire, SHA1_BYTES);
	case SECTION_SHA256:
		return read_digests(reading, wire, DIGEST_BYTES);
	case SECTION_EXTENSION:
		return read_extension(reading, wire);
	default:
		return error_set(reading->err, ERROR_SSH_KRL_SECTION,
				 "the revocation list has a section of the unknown "
				 "type %u",
				 type);
	}
}

/* A signature is (4, key, signature) without a length around; it and others like it
 * stand at the end. */
static int skip_signatures(struct reading *reading, struct wire *wire)
{
	while (wire->left != 0) {
		unsigned char type;
		struct wire_string key;
		struct wire_string signature;
		if (!wire_byte(wire, &type) || !wire_string(wire, &key) ||
		    !wire_string(wire, &signature))
			return truncated(reading, "signature");
		if (type != SECTION_SIGNATURE)
			return error_set(reading->err, ERROR_SSH_KRL_AFTER_SIGNATURE,
					 "a section of the revocation list follows its "
					 "signature");
	}
	return 0;
}

static int read_sections(struct reading *reading, struct wire *wire)
{
	int rc = 0;
	while (rc == 0 && wire->left != 0) {
		if (*wire->at == SECTION_SIGNATURE)
			return skip_signatures(reading, wire);
		struct wire_string content;
		unsigned char type = *wire->at;
		struct wire one = { wire->at, wire->left };
		if (!wire_byte(wire, &type) || !wire_string(wire, &content))
			return truncated(reading, "section");
		one.left = (size_t)(wire->at - one.at);
		rc = read_contents(reading, &one, "section", read_section);
	}
	return rc;
}

int ssh_krl_parse(struct krl *out, struct arena *arena, const void *bytes,
		  size_t length, struct error *err)
{
	struct krl krl = { .version = 0 };
	struct reading reading = { &krl, arena, NULL, 0, err };
	struct wire wire = { bytes, length };
	int rc = read_head(&reading, &wire);
	if (rc == 0)
		rc = read_sections(&reading, &wire);
	if (rc == 0)
		*out = krl;
	return rc;
}
