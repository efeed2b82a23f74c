/* trust/unsupported.c - formats that git knows and this version does not verify: they
 * are told apart by name, so that people know what to do. */
#include "base/error.h"
#include "trust/format.h"

#define MEND "sign with an SSH or OpenPGP key (git config gpg.format ssh)"

static int refuse(struct signature_fact *out, struct arena *arena, int code,
		  const char *format, struct error *err)
{
	struct error why = ERROR_INIT;
	error_set(&why, code,
		  "the signature is %s, which this version does not verify; " MEND,
		  format);
	return signature_refused(out, arena, &why, err);
}

static int verify_x509(struct signature_fact *out, struct arena *arena,
		       const struct signature_keys *keys,
		       const struct trust_span *payload, size_t payload_count,
		       const char *armor, size_t armor_length, struct error *err)
{
	(void)keys;
	(void)payload;
	(void)payload_count;
	(void)armor;
	(void)armor_length;
	return refuse(out, arena, ERROR_SIGNATURE_FORMAT_X509, "X.509", err);
}

const struct signature_format format_x509 = {
	.name = "x509",
	.first_line = "-----BEGIN SIGNED MESSAGE-----",
	.verify = verify_x509,
};
