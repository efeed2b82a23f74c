/* trust/cms.c - splits detached CMS signatures. */
#include "trust/cms.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "trust/armor.h"
#include "trust/der.h"

/* Object identifiers, as they are encoded. */
#define OID_DATA           "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_SIGNED_DATA    "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_CONTENT_TYPE   "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_MESSAGE_DIGEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_SIGNING_TIME   "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"
#define OID_PSS            "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define ATTRIBUTES_MAX     32

static const struct armor_form form = {
	.what = "X.509 signature",
	.begin = CMS_BEGIN_LINE,
	.end = "-----END SIGNED MESSAGE-----",
	.bad_begin = ERROR_CMS_BEGIN,
	.bad_cr = ERROR_CMS_CR,
	.bad_line = ERROR_CMS_LINE,
	.no_end = ERROR_CMS_END_MISSING,
	.no_newline = ERROR_CMS_END_NEWLINE,
	.trailing = ERROR_CMS_TRAILING_TEXT,
	.bad_base64 = ERROR_CMS_BASE64,
};

int cms_dearmor(struct buf *out, const char *text, size_t length, struct error *err)
{
	return armor_read(out, &form, text, length, err);
}

static int bad_form(const char *what, struct error *err)
{
	return error_set(err, ERROR_CMS_FORM,
			 "the X.509 signature is malformed at its %s", what);
}

static bool oid_is(struct wire_string oid, const char *bytes)
{
	return wire_string_is(oid, bytes);
}

static bool small_number(const struct der_item *item, unsigned char *out)
{
	if (item->content.length != 1)
		return false;
	*out = item->content.bytes[0];
	return true;
}

/* The identifier of an AlgorithmIdentifier; its parameters say nothing that matters
 * for what is accepted. */
static bool take_algorithm(struct wire *wire, struct wire_string *oid)
{
	struct der_item sequence;
	struct der_item identifier;
	if (!der_take(wire, DER_SEQUENCE, &sequence))
		return false;
	struct wire within = der_within(&sequence);
	if (!der_take(&within, DER_OID, &identifier))
		return false;
	*oid = identifier.content;
	return true;
}

/* --- algorithms --- */

static const struct {
	const char *oid;
	bool weak;
	enum trust_hash hash;
} digests[] = {
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x01", false, TRUST_SHA256 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x02", false, TRUST_SHA384 },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x03", false, TRUST_SHA512 },
	{ "\x2b\x0e\x03\x02\x1a", true, TRUST_SHA256 },             /* SHA-1 */
	{ "\x2a\x86\x48\x86\xf7\x0d\x02\x05", true, TRUST_SHA256 }, /* MD5 */
};

static int read_digest(struct wire_string oid, enum trust_hash *hash, struct error *err)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (!oid_is(oid, digests[i].oid))
			continue;
		if (digests[i].weak)
			return error_set(err, ERROR_CMS_DIGEST_WEAK,
					 "the X.509 signature uses SHA-1 or MD5");
		*hash = digests[i].hash;
		return 0;
	}
	return error_set(err, ERROR_CMS_DIGEST_UNKNOWN,
			 "the X.509 signature uses a digest other than SHA-256, "
			 "SHA-384 and SHA-512");
}

/* Some name the key alone, some the digest too, which must then be the same. */
static const struct {
	const char *oid;
	enum cms_family family;
	bool any;
	enum trust_hash hash;
} algorithms[] = {
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", CMS_RSA, true, TRUST_SHA256 },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", CMS_RSA, false, TRUST_SHA256 },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", CMS_RSA, false, TRUST_SHA384 },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", CMS_RSA, false, TRUST_SHA512 },
	{ "\x2a\x86\x48\xce\x3d\x02\x01", CMS_ECDSA, true, TRUST_SHA256 },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x02", CMS_ECDSA, false, TRUST_SHA256 },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x03", CMS_ECDSA, false, TRUST_SHA384 },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x04", CMS_ECDSA, false, TRUST_SHA512 },
	{ "\x2b\x65\x70", CMS_ED25519, false, TRUST_SHA512 },
};

static int read_signature_algorithm(struct cms *cms, struct wire_string oid,
				    struct error *err)
{
	if (oid_is(oid, OID_PSS))
		return error_set(err, ERROR_CMS_PSS,
				 "the X.509 signature is of the form RSA-PSS, which is "
				 "not accepted");
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (!oid_is(oid, algorithms[i].oid))
			continue;
		if (!algorithms[i].any && algorithms[i].hash != cms->hash)
			return error_set(err, ERROR_CMS_ALGORITHM_DIGEST,
					 "the X.509 signature names two different "
					 "digests");
		cms->family = algorithms[i].family;
		return 0;
	}
	return error_set(err, ERROR_CMS_ALGORITHM,
			 "the X.509 signature uses an algorithm other than RSA, ECDSA "
			 "and Ed25519 with SHA-2");
}

/* --- signed attributes --- */

static bool two_digits(const unsigned char **at, int *out)
{
	if ((*at)[0] < '0' || (*at)[0] > '9' || (*at)[1] < '0' || (*at)[1] > '9')
		return false;
	*out = ((*at)[0] - '0') * 10 + (*at)[1] - '0';
	*at += 2;
	return true;
}

/* YYMMDDHHMMSSZ, or with four digits of the year: the only forms of DER. */
bool cms_time(unsigned char tag, struct wire_string text, int64_t *out)
{
	size_t length = tag == DER_TIME ? 15 : 13;
	int part[7] = { 0 };
	if ((tag != DER_TIME && tag != DER_UTC_TIME) || text.length != length ||
	    text.bytes[length - 1] != 'Z')
		return false;
	const unsigned char *at = text.bytes;
	for (int i = tag == DER_TIME ? 0 : 1; i < 7; i++)
		if (!two_digits(&at, &part[i]))
			return false;
	int year = part[0] * 100 + part[1];
	if (tag == DER_UTC_TIME)
		year = part[1] + (part[1] < 50 ? 2000 : 1900);
	struct tm tm = { .tm_year = year - 1900,
			 .tm_mon = part[2] - 1,
			 .tm_mday = part[3],
			 .tm_hour = part[4],
			 .tm_min = part[5],
			 .tm_sec = part[6] };
	if (part[2] < 1 || part[2] > 12 || part[3] < 1 || part[3] > 31 ||
	    part[4] > 23 || part[5] > 59 || part[6] > 59)
		return false;
	*out = (int64_t)timegm(&tm) * CLOCK_SECOND;
	return true;
}

struct attributes {
	struct wire_string seen[ATTRIBUTES_MAX];
	size_t seen_count;
	bool content_type;
	bool digest;
	bool time;
};

/* Exactly one value. */
static int take_value(struct wire *attribute, struct der_item *out, struct error *err)
{
	struct der_item set;
	if (!der_take(attribute, DER_SET, &set) || attribute->left != 0)
		return bad_form("signed attributes", err);
	struct wire values = der_within(&set);
	if (!der_next(&values, out) || values.left != 0)
		return error_set(err, ERROR_CMS_ATTRIBUTE_VALUES,
				 "a signed attribute of the X.509 signature has not "
				 "exactly one value");
	return 0;
}

static int read_content_type(struct attributes *attributes,
			     const struct der_item *value, struct error *err)
{
	attributes->content_type = true;
	if (value->tag != DER_OID || !oid_is(value->content, OID_DATA))
		return error_set(err, ERROR_CMS_ATTRIBUTE_TYPE,
				 "the signed attributes of the X.509 signature speak "
				 "of other content than data");
	return 0;
}

static int read_message_digest(struct attributes *attributes, struct cms *cms,
			       const struct der_item *value, struct error *err)
{
	attributes->digest = true;
	cms->digest = value->content;
	return value->tag == DER_OCTETS ? 0 : bad_form("message digest", err);
}

static int read_signing_time(struct attributes *attributes, struct cms *cms,
			     const struct der_item *value, struct error *err)
{
	attributes->time = true;
	if (cms_time(value->tag, value->content, &cms->signed_at))
		return 0;
	return error_set(err, ERROR_CMS_TIME_FORM,
			 "the signing time of the X.509 signature is not a time");
}

static int read_attribute(struct attributes *attributes, struct cms *cms,
			  const struct der_item *item, struct error *err)
{
	struct wire wire = der_within(item);
	struct der_item type;
	struct der_item value;
	if (!der_take(&wire, DER_OID, &type))
		return bad_form("signed attributes", err);
	for (size_t i = 0; i < attributes->seen_count; i++)
		if (attributes->seen[i].length == type.content.length &&
		    memcmp(attributes->seen[i].bytes, type.content.bytes,
			   type.content.length) == 0)
			return error_set(err, ERROR_CMS_ATTRIBUTE_TWICE,
					 "a signed attribute of the X.509 signature "
					 "stands there twice");
	if (attributes->seen_count == ATTRIBUTES_MAX)
		return error_set(err, ERROR_CMS_ATTRIBUTES_MANY,
				 "the X.509 signature has over %d signed attributes",
				 ATTRIBUTES_MAX);
	attributes->seen[attributes->seen_count++] = type.content;
	if (oid_is(type.content, OID_CONTENT_TYPE)) {
		int rc = take_value(&wire, &value, err);
		return rc == 0 ? read_content_type(attributes, &value, err) : rc;
	}
	if (oid_is(type.content, OID_MESSAGE_DIGEST)) {
		int rc = take_value(&wire, &value, err);
		return rc == 0 ? read_message_digest(attributes, cms, &value, err) : rc;
	}
	if (oid_is(type.content, OID_SIGNING_TIME)) {
		int rc = take_value(&wire, &value, err);
		return rc == 0 ? read_signing_time(attributes, cms, &value, err) : rc;
	}
	return 0;
}

static int missing_attribute(const struct attributes *attributes, struct error *err)
{
	if (!attributes->content_type)
		return error_set(err, ERROR_CMS_ATTRIBUTE_TYPE_MISSING,
				 "the X.509 signature does not sign the type of its "
				 "content");
	if (!attributes->digest)
		return error_set(err, ERROR_CMS_ATTRIBUTE_DIGEST_MISSING,
				 "the X.509 signature does not sign a digest of its "
				 "content");
	if (!attributes->time)
		return error_set(err, ERROR_CMS_ATTRIBUTE_TIME_MISSING,
				 "the X.509 signature does not say when it was made");
	return 0;
}

static int read_attributes(struct cms *cms, struct wire *signer, struct error *err)
{
	struct attributes attributes = { .seen_count = 0 };
	struct der_item list;
	struct der_item item;
	if (!der_is_next(signer, DER_CONTEXT_0))
		return error_set(err, ERROR_CMS_ATTRIBUTES_NONE,
				 "the X.509 signature has no signed attributes");
	if (!der_next(signer, &list))
		return bad_form("signed attributes", err);
	/* Others write them anew before they look: here what stands there is signed. */
	if (!der_is_strict(list.whole))
		return error_set(err, ERROR_CMS_ATTRIBUTES_FORM,
				 "the signed attributes of the X.509 signature are not "
				 "in DER");
	cms->attributes = list.whole;
	struct wire within = der_within(&list);
	int rc = 0;
	while (rc == 0 && within.left != 0)
		rc = der_take(&within, DER_SEQUENCE, &item)
			     ? read_attribute(&attributes, cms, &item, err)
			     : bad_form("signed attributes", err);
	return rc == 0 ? missing_attribute(&attributes, err) : rc;
}

/* --- the signer --- */

static int read_identifier(struct cms *cms, struct wire *signer, unsigned char version,
			   struct error *err)
{
	struct der_item item;
	struct der_item issuer;
	struct der_item serial;
	if (version == 3 && der_take(signer, DER_CONTEXT_0_PRIMITIVE, &item)) {
		cms->key_identifier = item.content;
		return item.content.length != 0 ? 0 : bad_form("signer's key", err);
	}
	if (version != 1)
		return error_set(err, ERROR_CMS_SIGNER_VERSION,
				 "the signer of the X.509 signature is of version %u, "
				 "which does not fit",
				 version);
	if (!der_take(signer, DER_SEQUENCE, &item))
		return bad_form("signer's name", err);
	struct wire name = der_within(&item);
	if (!der_take(&name, DER_SEQUENCE, &issuer) ||
	    !der_take(&name, DER_INTEGER, &serial) || name.left != 0)
		return bad_form("signer's name", err);
	cms->issuer = issuer.whole;
	cms->serial = serial.content;
	return 0;
}

static int read_signature(struct cms *cms, struct wire *signer, struct error *err)
{
	struct wire_string oid;
	struct der_item signature;
	struct der_item unsigned_attributes;
	if (!take_algorithm(signer, &oid))
		return bad_form("signature algorithm", err);
	int rc = read_signature_algorithm(cms, oid, err);
	if (rc != 0)
		return rc;
	if (!der_take(signer, DER_OCTETS, &signature))
		return bad_form("signature", err);
	cms->signature = signature.content;
	if (der_is_next(signer, DER_CONTEXT_1)) {
		if (!der_next(signer, &unsigned_attributes))
			return bad_form("unsigned attributes", err);
		cms->unsigned_attributes = unsigned_attributes.content;
	}
	if (signer->left != 0)
		return error_set(err, ERROR_CMS_SIGNER_TRAILING,
				 "%zu bytes follow the last field of the X.509 "
				 "signature's signer",
				 signer->left);
	return 0;
}

static int read_signer(struct cms *cms, const struct der_item *item, struct error *err)
{
	struct wire signer = der_within(item);
	struct der_item number;
	struct wire_string oid;
	unsigned char version;
	if (!der_take(&signer, DER_INTEGER, &number) ||
	    !small_number(&number, &version))
		return bad_form("signer's version", err);
	int rc = read_identifier(cms, &signer, version, err);
	if (rc != 0)
		return rc;
	if (!take_algorithm(&signer, &oid))
		return bad_form("digest algorithm", err);
	rc = read_digest(oid, &cms->hash, err);
	if (rc == 0)
		rc = read_attributes(cms, &signer, err);
	if (rc == 0)
		rc = read_signature(cms, &signer, err);
	return rc;
}

static int read_signers(struct cms *cms, struct wire *data, struct error *err)
{
	struct der_item set;
	struct der_item signer;
	struct der_item second;
	if (!der_take(data, DER_SET, &set))
		return bad_form("signers", err);
	struct wire signers = der_within(&set);
	if (signers.left == 0)
		return error_set(err, ERROR_CMS_SIGNER_NONE,
				 "the X.509 signature has no signer");
	if (!der_take(&signers, DER_SEQUENCE, &signer))
		return bad_form("signers", err);
	if (signers.left != 0)
		return der_next(&signers, &second)
			       ? error_set(err, ERROR_CMS_SIGNER_TWO,
					   "the X.509 signature has more than one "
					   "signer")
			       : bad_form("signers", err);
	return read_signer(cms, &signer, err);
}

/* --- what stands around the signer --- */

static int read_content(struct wire *data, struct error *err)
{
	struct der_item sequence;
	struct der_item type;
	if (!der_take(data, DER_SEQUENCE, &sequence))
		return bad_form("content", err);
	struct wire within = der_within(&sequence);
	if (!der_take(&within, DER_OID, &type))
		return bad_form("content", err);
	if (!oid_is(type.content, OID_DATA))
		return error_set(err, ERROR_CMS_CONTENT_TYPE,
				 "the X.509 signature is over other content than data");
	if (within.left != 0)
		return error_set(err, ERROR_CMS_EMBEDDED,
				 "the X.509 signature holds content of its own: it "
				 "must be detached");
	return 0;
}

static int read_certificates(struct cms *cms, struct wire *data, struct error *err)
{
	struct der_item list;
	struct der_item item;
	if (!der_is_next(data, DER_CONTEXT_0))
		return 0;
	if (!der_next(data, &list))
		return bad_form("certificates", err);
	struct wire within = der_within(&list);
	while (within.left != 0) {
		if (!der_next(&within, &item))
			return bad_form("certificates", err);
		if (item.tag != DER_SEQUENCE || item.indefinite)
			return error_set(err, ERROR_CMS_CERTIFICATE_KIND,
					 "the X.509 signature holds a certificate of "
					 "another kind");
		if (cms->certificate_count == CMS_CERTIFICATES_MAX)
			return error_set(err, ERROR_CMS_CERTIFICATES_MANY,
					 "the X.509 signature holds over %d "
					 "certificates",
					 CMS_CERTIFICATES_MAX);
		cms->certificates[cms->certificate_count++] = item.whole;
	}
	return 0;
}

/* The digest must be among those that are announced in front. */
static int read_digests(struct wire *data, struct wire *announced, struct error *err)
{
	struct der_item set;
	if (!der_take(data, DER_SET, &set))
		return bad_form("digest algorithms", err);
	*announced = der_within(&set);
	return 0;
}

static int check_announced(const struct cms *cms, struct wire announced,
			   struct error *err)
{
	struct error ignored = ERROR_INIT;
	while (announced.left != 0) {
		struct wire_string oid;
		enum trust_hash hash;
		if (!take_algorithm(&announced, &oid))
			return bad_form("digest algorithms", err);
		if (read_digest(oid, &hash, &ignored) == 0 && hash == cms->hash)
			return 0;
	}
	return error_set(err, ERROR_CMS_DIGEST_UNLISTED,
			 "the X.509 signature uses a digest that it does not announce");
}

static int read_signed_data(struct cms *cms, const struct der_item *item,
			    struct error *err)
{
	struct wire data = der_within(item);
	struct wire announced;
	struct der_item number;
	unsigned char version;
	if (!der_take(&data, DER_INTEGER, &number) || !small_number(&number, &version))
		return bad_form("version", err);
	if (version != 1 && version != 3)
		return error_set(err, ERROR_CMS_VERSION,
				 "the X.509 signature is of version %u, not 1 or 3",
				 version);
	int rc = read_digests(&data, &announced, err);
	if (rc == 0)
		rc = read_content(&data, err);
	if (rc == 0)
		rc = read_certificates(cms, &data, err);
	if (rc == 0 && der_is_next(&data, DER_CONTEXT_1))
		return error_set(err, ERROR_CMS_LISTS,
				 "the X.509 signature brings revocation lists of its "
				 "own");
	if (rc == 0)
		rc = read_signers(cms, &data, err);
	if (rc == 0 && data.left != 0)
		return error_set(err, ERROR_CMS_TRAILING_FIELDS,
				 "something follows the signer of the X.509 signature");
	return rc == 0 ? check_announced(cms, announced, err) : rc;
}

int cms_parse(struct cms *out, const void *bytes, size_t length, struct error *err)
{
	struct cms cms = { .hash = TRUST_SHA256 };
	struct wire all = { bytes, length };
	struct der_item outer;
	struct der_item type;
	struct der_item holder;
	struct der_item data;
	if (!der_take(&all, DER_SEQUENCE, &outer))
		return bad_form("beginning", err);
	if (all.left != 0)
		return error_set(err, ERROR_CMS_TRAILING,
				 "%zu bytes follow the X.509 signature within its "
				 "frame",
				 all.left);
	struct wire within = der_within(&outer);
	if (!der_take(&within, DER_OID, &type))
		return bad_form("type", err);
	if (!oid_is(type.content, OID_SIGNED_DATA))
		return error_set(err, ERROR_CMS_TYPE,
				 "the X.509 signature is CMS of another type than "
				 "signed data");
	if (!der_take(&within, DER_CONTEXT_0, &holder) || within.left != 0)
		return bad_form("beginning", err);
	struct wire held = der_within(&holder);
	if (!der_take(&held, DER_SEQUENCE, &data) || held.left != 0)
		return bad_form("signed data", err);
	int rc = read_signed_data(&cms, &data, err);
	if (rc == 0)
		*out = cms;
	return rc;
}

static int bad_unsigned(struct error *err)
{
	return error_set(err, ERROR_CMS_UNSIGNED,
			 "an unsigned attribute of the X.509 signature is malformed or "
			 "stands there twice");
}

int cms_unsigned(const struct cms *cms, const char *type, struct wire_string *out,
		 struct error *err)
{
	struct wire list = { cms->unsigned_attributes.bytes,
			     cms->unsigned_attributes.length };
	struct wire_string found = { NULL, 0 };
	while (list.left != 0) {
		struct der_item item;
		struct der_item oid;
		struct der_item set;
		struct der_item value;
		if (!der_take(&list, DER_SEQUENCE, &item))
			return bad_unsigned(err);
		struct wire attribute = der_within(&item);
		if (!der_take(&attribute, DER_OID, &oid))
			return bad_unsigned(err);
		if (!oid_is(oid.content, type))
			continue;
		if (found.length != 0 || !der_take(&attribute, DER_SET, &set) ||
		    attribute.left != 0)
			return bad_unsigned(err);
		struct wire values = der_within(&set);
		if (!der_take(&values, DER_OCTETS, &value) || values.left != 0 ||
		    value.content.length == 0)
			return bad_unsigned(err);
		found = value.content;
	}
	*out = found;
	return 0;
}
