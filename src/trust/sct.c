/* trust/sct.c - signed certificate timestamps within a certificate. */
#include "trust/sct.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/clock.h"
#include "trust/der.h"
#include "trust/log_key.h"

#define SCTS_MAX      16
#define SIGNED_MAX    ((size_t)128 << 10)
#define VERSION_1     0
#define HASH_SHA256   4 /* RFC 5246 section 7.4.1.4.1 */
#define TIME_MAX_MSEC (INT64_MAX / 1000)

struct sct {
	const unsigned char *log; /* DIGEST_BYTES */
	uint64_t milliseconds;
	struct wire_string extensions;
	struct wire_string signature;
};

static int bad_form(struct error *err)
{
	return error_set(err, ERROR_SCT_FORM,
			 "the certificate timestamps in the signer's certificate are "
			 "malformed");
}

static int missing(struct error *err)
{
	return error_set(err, ERROR_SCT_MISSING,
			 "the signer's certificate has no timestamp by a log of "
			 "certificates");
}

static int no_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY,
			 "out of memory while reading certificate timestamps");
}

static bool take_short(struct wire *wire, struct wire_string *out)
{
	unsigned char high;
	unsigned char low;
	return wire_byte(wire, &high) && wire_byte(wire, &low) &&
	       wire_take(wire, (size_t)high << 8 | low, out);
}

/* The list, which stands in an octet string of its own. */
static int find_list(X509 *certificate, struct wire *out, struct error *err)
{
	int at = X509_get_ext_by_NID(certificate, NID_ct_precert_scts, -1);
	struct der_item item;
	struct wire_string list;
	if (at < 0)
		return missing(err);
	if (X509_get_ext_by_NID(certificate, NID_ct_precert_scts, at) >= 0)
		return bad_form(err);
	const ASN1_OCTET_STRING *value =
		X509_EXTENSION_get_data(X509_get_ext(certificate, at));
	struct wire wire = { ASN1_STRING_get0_data(value),
			     (size_t)ASN1_STRING_length(value) };
	if (!der_take(&wire, DER_OCTETS, &item) || wire.left != 0)
		return bad_form(err);
	wire = der_within(&item);
	if (!take_short(&wire, &list) || wire.left != 0)
		return bad_form(err);
	if (list.length == 0)
		return missing(err);
	*out = (struct wire){ list.bytes, list.length };
	return 0;
}

/* The algorithm must be SHA-256 with what kind of key the log has: the key knows. */
static int read_sct(struct wire_string bytes, struct sct *out, struct error *err)
{
	struct wire wire = { bytes.bytes, bytes.length };
	struct wire_string log;
	unsigned char version;
	unsigned char hash;
	unsigned char algorithm;
	if (!wire_byte(&wire, &version))
		return bad_form(err);
	if (version != VERSION_1)
		return error_set(err, ERROR_SCT_VERSION,
				 "a certificate timestamp in the signer's certificate "
				 "is of version %u, which is not read",
				 version + 1u);
	if (!wire_take(&wire, DIGEST_BYTES, &log) ||
	    !wire_u64(&wire, &out->milliseconds) || out->milliseconds > TIME_MAX_MSEC ||
	    !take_short(&wire, &out->extensions) || !wire_byte(&wire, &hash) ||
	    hash != HASH_SHA256 || !wire_byte(&wire, &algorithm) ||
	    !take_short(&wire, &out->signature) || wire.left != 0)
		return bad_form(err);
	out->log = log.bytes;
	return 0;
}

static void put_number(struct buf *out, uint64_t number, int bytes)
{
	for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
		buf_add_byte(out, (unsigned char)(number >> shift));
}

/* What Fulcio's log saw: the certificate before the timestamps were put into it. */
static int put_certificate(struct buf *out, X509 *certificate)
{
	unsigned char *der = NULL;
	int length = -1;
	X509 *before = X509_dup(certificate);
	int at = before == NULL ? -1
				: X509_get_ext_by_NID(before, NID_ct_precert_scts, -1);
	if (at >= 0) {
		X509_EXTENSION_free(X509_delete_ext(before, at));
		length = i2d_re_X509_tbs(before, &der);
	}
	if (length > 0) {
		put_number(out, (uint64_t)length, 3);
		buf_add(out, der, (size_t)length);
	}
	OPENSSL_free(der);
	X509_free(before);
	return length > 0 ? 0 : ERROR_MEMORY;
}

static int check_signature(const struct sct *sct, X509 *certificate,
			   const struct digest *issuer_key, const struct log_key *log,
			   struct error *err)
{
	struct buf text = BUF_INIT(SIGNED_MAX);
	put_number(&text, VERSION_1, 1);
	put_number(&text, 0, 1); /* certificate_timestamp */
	put_number(&text, sct->milliseconds, 8);
	put_number(&text, 1, 2); /* precert_entry */
	buf_add(&text, issuer_key->bytes, DIGEST_BYTES);
	int answer = put_certificate(&text, certificate);
	put_number(&text, sct->extensions.length, 2);
	buf_add(&text, sct->extensions.bytes, sct->extensions.length);
	if (answer == 0)
		answer = text.failed != 0 ? ERROR_MEMORY
					  : log_key_verify(log, text.data, text.length,
							   sct->signature);
	buf_release(&text);
	if (answer < 0)
		return no_memory(err);
	if (answer == 0)
		return error_set(err, ERROR_SCT_SIGNATURE,
				 "the certificate timestamp in the signer's "
				 "certificate "
				 "was not signed by the key of its log");
	return 0;
}

static int check_sct(const struct sct *sct, X509 *certificate,
		     const struct digest *issuer_key, const struct log_keys *logs,
		     bool *known, struct error *err)
{
	const struct log_key *log = log_keys_find(logs, sct->log);
	const int64_t when = (int64_t)sct->milliseconds * (CLOCK_SECOND / 1000);
	*known = log != NULL;
	if (log == NULL)
		return 0;
	if (when < log->valid_after || when > log->valid_before)
		return error_set(err, ERROR_SCT_LOG_TIME,
				 "the certificate timestamp in the signer's "
				 "certificate "
				 "is of a time at which its log did not count");
	return check_signature(sct, certificate, issuer_key, log, err);
}

/* Logs that are not known say nothing; one that is known must not be wrong. */
int sct_check(void *certificate, const struct digest *issuer_key,
	      const struct log_keys *logs, struct error *err)
{
	struct wire list;
	bool found = false;
	int rc = find_list(certificate, &list, err);
	for (size_t i = 0; rc == 0 && list.left != 0; i++) {
		struct wire_string bytes;
		struct sct sct;
		bool known = false;
		if (i == SCTS_MAX || !take_short(&list, &bytes))
			return bad_form(err);
		rc = read_sct(bytes, &sct, err);
		if (rc == 0)
			rc = check_sct(&sct, certificate, issuer_key, logs, &known,
				       err);
		found |= known;
	}
	if (rc == 0 && !found)
		rc = error_set(err, ERROR_SCT_LOG_UNKNOWN,
			       "no certificate timestamp in the signer's certificate "
			       "is "
			       "by a log that the policy names");
	return rc;
}
