/* trust/x509_people.c - who certificates in a PEM file are about. */
#include "trust/x509_people.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/facts.h"
#include "trust/x509_certificate.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"

bool x509_looks_like(const char *bytes, size_t length)
{
	return memmem(bytes, length, BEGIN, strlen(BEGIN)) != NULL;
}

static int describe(struct arena *arena, X509 *certificate, struct x509_person *out,
		    struct error *err)
{
	struct x509_fact *fact = arena_new_of(arena, struct x509_fact);
	struct error cause = ERROR_INIT;
	struct tm end;
	if (fact == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = x509_certificate_names(fact, arena, certificate, &cause);
	if (rc == 0)
		rc = x509_certificate_usage(certificate, &cause);
	if (rc == ERROR_MEMORY)
		return error_set(err, rc, "%s", cause.text);
	*out = (struct x509_person){ .fact = fact,
				     .is_authority = X509_check_ca(certificate) != 0 };
	if (rc == 0 && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
		rc = error_set(&cause, ERROR_X509_EXTENSIONS, "its end is malformed");
	else if (rc == 0)
		out->valid_before = (int64_t)timegm(&end) * CLOCK_SECOND;
	if (rc != 0)
		out->problem = arena_string(arena, cause.text);
	ERR_clear_error();
	return rc != 0 && out->problem == NULL
		       ? error_set(err, ERROR_MEMORY, "out of memory")
		       : 0;
}

int x509_people(const char *pem, size_t length, struct arena *arena,
		int (*visit)(void *data, const struct x509_person *person,
			     struct error *err),
		void *data, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(length == 0 ? "" : pem, (int)length);
	size_t count = 0;
	int rc = bio == NULL ? error_set(err, ERROR_MEMORY, "out of memory") : 0;
	while (rc == 0) {
		struct x509_person person;
		X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (certificate == NULL)
			break;
		rc = limit_check(&limits_default, LIMIT_X509_CERTIFICATES, ++count,
				 "certificates", err);
		if (rc == 0)
			rc = describe(arena, certificate, &person, err);
		if (rc == 0)
			rc = visit(data, &person, err);
		X509_free(certificate);
	}
	BIO_free(bio);
	unsigned long left = ERR_peek_last_error();
	if (rc == 0 && left != 0 && ERR_GET_REASON(left) != PEM_R_NO_START_LINE)
		rc = error_set(err, ERROR_X509_AUTHORITIES_FORM,
			       "a certificate is malformed");
	ERR_clear_error();
	return rc;
}
