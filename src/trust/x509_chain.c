/* trust/x509_chain.c - authorities, their revocation lists, and chains to them. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/facts.h"
#include "trust/der.h"
#include "trust/public_key.h"
#include "trust/x509.h"
#include "trust/x509_certificate.h"

/* 112 bits: no SHA-1, no RSA under 2048 bits, in the whole chain. */
#define SECURITY_LEVEL 2

/* A chain that was traced before: commits of a push come from few people. */
struct traced {
	unsigned char *certificates; /* as they came with the signature */
	size_t length;
	struct x509_fact
		answer; /* the part of x509_trace(); its reason is a constant */
};
#define TRACED_MAX 64

struct traces {
	struct traced items[TRACED_MAX];
	size_t count; /* ever */
};

struct x509_authorities {
	STACK_OF(X509) * of_server;
	STACK_OF(X509) * of_all;
	STACK_OF(X509) * helpers;
	STACK_OF(X509_CRL) * lists;
	size_t count;
	struct traces *traces;
};

static void forget_traces(struct traces *traces)
{
	for (size_t i = 0; i < TRACED_MAX; i++)
		free(traces->items[i].certificates);
	*traces = (struct traces){ .count = 0 };
}

static int no_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY, "out of memory for certificates");
}

int x509_authorities_new(struct x509_authorities **out, struct error *err)
{
	struct x509_authorities *authorities = calloc(1, sizeof(*authorities));
	if (authorities == NULL)
		return no_memory(err);
	authorities->of_server = sk_X509_new_null();
	authorities->of_all = sk_X509_new_null();
	authorities->helpers = sk_X509_new_null();
	authorities->lists = sk_X509_CRL_new_null();
	authorities->traces = calloc(1, sizeof(*authorities->traces));
	if (authorities->of_server == NULL || authorities->of_all == NULL ||
	    authorities->helpers == NULL || authorities->lists == NULL ||
	    authorities->traces == NULL) {
		x509_authorities_free(authorities);
		return no_memory(err);
	}
	*out = authorities;
	return 0;
}

void x509_authorities_free(struct x509_authorities *authorities)
{
	if (authorities == NULL)
		return;
	sk_X509_pop_free(authorities->of_server, X509_free);
	sk_X509_pop_free(authorities->of_all, X509_free);
	sk_X509_pop_free(authorities->helpers, X509_free);
	sk_X509_CRL_pop_free(authorities->lists, X509_CRL_free);
	if (authorities->traces != NULL)
		forget_traces(authorities->traces);
	free(authorities->traces);
	free(authorities);
}

/* One more reference to the certificate, in a stack. */
static int push(STACK_OF(X509) * stack, X509 *certificate, struct error *err)
{
	if (X509_up_ref(certificate) != 1)
		return no_memory(err);
	if (sk_X509_push(stack, certificate) > 0)
		return 0;
	X509_free(certificate);
	return no_memory(err);
}

static int add_certificate(struct x509_authorities *authorities, X509 *certificate,
			   bool by_server, size_t *roots, struct error *err)
{
	if (X509_self_signed(certificate, 1) != 1)
		return push(authorities->helpers, certificate, err);
	(*roots)++;
	int rc = push(authorities->of_all, certificate, err);
	if (rc == 0 && by_server)
		rc = push(authorities->of_server, certificate, err);
	return rc;
}

int x509_authorities_add(struct x509_authorities *authorities, const char *pem,
			 size_t length, bool by_server, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(length == 0 ? "" : pem, (int)length);
	size_t roots = 0;
	forget_traces(authorities->traces);
	int rc = bio == NULL ? no_memory(err) : 0;
	while (rc == 0) {
		X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (certificate == NULL)
			break;
		rc = limit_check(&limits_default, LIMIT_X509_CERTIFICATES,
				 ++authorities->count, "authorities", err);
		if (rc == 0)
			rc = add_certificate(authorities, certificate, by_server,
					     &roots, err);
		X509_free(certificate);
	}
	BIO_free(bio);
	if (!pem_has_ended() && rc == 0)
		rc = error_set(err, ERROR_X509_AUTHORITIES_FORM,
			       "a certificate is malformed");
	if (rc == 0 && roots == 0)
		rc = error_set(err, ERROR_X509_AUTHORITIES_NONE,
			       "there is no self-signed certificate in PEM form that "
			       "could be an authority");
	return rc;
}

int x509_lists_add(struct x509_authorities *authorities, const char *pem, size_t length,
		   struct error *err)
{
	BIO *bio = BIO_new_mem_buf(length == 0 ? "" : pem, (int)length);
	size_t count = 0;
	forget_traces(authorities->traces);
	int rc = bio == NULL ? no_memory(err) : 0;
	while (rc == 0) {
		X509_CRL *list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
		if (list == NULL)
			break;
		rc = limit_check(&limits_default, LIMIT_X509_CERTIFICATES, ++count,
				 "revocation lists", err);
		if (rc == 0 && X509_CRL_get0_nextUpdate(list) == NULL)
			rc = error_set(err, ERROR_X509_LIST_ENDLESS,
				       "a revocation list does not say until when it "
				       "is current");
		if (rc != 0 || sk_X509_CRL_push(authorities->lists, list) <= 0) {
			X509_CRL_free(list);
			rc = rc != 0 ? rc : no_memory(err);
		}
	}
	BIO_free(bio);
	if (!pem_has_ended() && rc == 0)
		rc = error_set(err, ERROR_X509_LIST_FORM,
			       "a revocation list is malformed");
	if (rc == 0 && count == 0)
		rc = error_set(err, ERROR_X509_LIST_NONE,
			       "there is no revocation list in PEM form");
	return rc;
}

/* --- the way to an authority --- */

/* OpenSSL says of one that may not sign certificates that it is no CA. */
static int code_of_ca(X509_STORE_CTX *context)
{
	X509 *ca = X509_STORE_CTX_get_current_cert(context);
	if (ca != NULL && (X509_get_extension_flags(ca) & EXFLAG_CA) != 0 &&
	    (X509_get_key_usage(ca) & KU_KEY_CERT_SIGN) == 0)
		return error_here(ERROR_X509_CA_USAGE);
	return error_here(ERROR_X509_NOT_CA);
}

static int code_of(X509_STORE_CTX *context)
{
	switch (X509_STORE_CTX_get_error(context)) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return error_here(ERROR_X509_UNKNOWN_AUTHORITY);
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return error_here(ERROR_X509_SELF_SIGNED);
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return error_here(ERROR_X509_FOREIGN_AUTHORITY);
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return error_here(ERROR_X509_SIGNATURE);
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		return code_of_ca(context);
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
		return error_here(ERROR_X509_PATH_LENGTH);
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
		return error_here(ERROR_X509_CRITICAL);
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_EE_KEY_TOO_SMALL:
		return error_here(ERROR_X509_KEY_SMALL);
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return error_here(ERROR_X509_DIGEST_WEAK);
	case X509_V_ERR_CERT_REVOKED:
		if (X509_STORE_CTX_get_error_depth(context) == 0)
			return error_here(ERROR_X509_REVOKED);
		return error_here(ERROR_X509_CA_REVOKED);
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
		return error_here(ERROR_X509_LIST_MISSING);
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
		return error_here(ERROR_X509_LIST_SIGNATURE);
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
		return error_here(ERROR_X509_CONSTRAINTS);
	default:
		return error_here(ERROR_X509_CHAIN);
	}
}

static bool time_of(const ASN1_TIME *time, int64_t *out)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*out = (int64_t)timegm(&tm) * CLOCK_SECOND;
	return true;
}

/* The time in which every certificate of the chain was valid. */
static bool bound_times(struct x509_fact *fact, STACK_OF(X509) * chain)
{
	fact->valid_after = INT64_MIN;
	fact->valid_before = INT64_MAX;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		const X509 *certificate = sk_X509_value(chain, i);
		int64_t after;
		int64_t before;
		if (!time_of(X509_get0_notBefore(certificate), &after) ||
		    !time_of(X509_get0_notAfter(certificate), &before))
			return false;
		if (after > fact->valid_after)
			fact->valid_after = after;
		if (before < fact->valid_before)
			fact->valid_before = before;
	}
	return true;
}

/* The best list of each issuer counts, the earliest of those ends the chain's. */
static bool bound_lists(struct x509_fact *fact, STACK_OF(X509) * chain,
			STACK_OF(X509_CRL) * lists)
{
	fact->lists_until = 0;
	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		const X509_NAME *issuer = X509_get_issuer_name(sk_X509_value(chain, i));
		int64_t latest = 0;
		for (int k = 0; k < sk_X509_CRL_num(lists); k++) {
			X509_CRL *list = sk_X509_CRL_value(lists, k);
			int64_t until;
			if (X509_NAME_cmp(X509_CRL_get_issuer(list), issuer) != 0)
				continue;
			if (!time_of(X509_CRL_get0_nextUpdate(list), &until))
				return false;
			if (until > latest)
				latest = until;
		}
		if (fact->lists_until == 0 || latest < fact->lists_until)
			fact->lists_until = latest;
	}
	return true;
}

/* OpenSSL lets old forms of CAs pass; here each says that it is one. */
static bool all_are_cas(STACK_OF(X509) * chain)
{
	for (int i = 1; i < sk_X509_num(chain); i++)
		if (X509_check_ca(sk_X509_value(chain, i)) != 1)
			return false;
	return true;
}

/* Of the key that signed the signer's certificate. */
static int take_issuer_key(struct x509_fact *fact, STACK_OF(X509) * chain,
			   struct error *err)
{
	unsigned char *der = NULL;
	if (sk_X509_num(chain) < 2)
		return 0;
	int length =
		i2d_X509_PUBKEY(X509_get_X509_PUBKEY(sk_X509_value(chain, 1)), &der);
	int rc = length > 0 ? digest_of(der, (size_t)length, &fact->issuer_key)
			    : ERROR_MEMORY;
	OPENSSL_free(der);
	return rc == 0 ? 0 : no_memory(err);
}

/* `why` is a constant. */
static int bad_chain(struct x509_fact *fact, int code, const char *why)
{
	fact->chain = X509_CHAIN_BAD;
	fact->code = code;
	fact->reason = why;
	return 0;
}

static void prepare(X509_STORE_CTX *context, const struct x509_authorities *authorities,
		    STACK_OF(X509) * trusted)
{
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
	unsigned long flags = X509_V_FLAG_NO_CHECK_TIME;
	if (sk_X509_CRL_num(authorities->lists) > 0) {
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
		X509_STORE_CTX_set0_crls(context, authorities->lists);
	}
	X509_VERIFY_PARAM_set_flags(parameters, flags);
	X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
	X509_STORE_CTX_set0_trusted_stack(context, trusted);
}

static int take_answer(struct x509_fact *fact,
		       const struct x509_authorities *authorities,
		       X509_STORE_CTX *context, int answer, struct error *err)
{
	int why = X509_STORE_CTX_get_error(context);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	if (answer < 0 || why == X509_V_ERR_OUT_OF_MEM)
		return no_memory(err);
	if (answer == 0)
		return bad_chain(fact, code_of(context),
				 X509_verify_cert_error_string(why));
	if (!all_are_cas(chain))
		return bad_chain(fact, error_here(ERROR_X509_NOT_CA),
				 "a certificate of the chain is not a CA's");
	if (!bound_times(fact, chain) || !bound_lists(fact, chain, authorities->lists))
		return bad_chain(fact, error_here(ERROR_X509_TIME),
				 "a time in the chain is malformed");
	if (sk_X509_CRL_num(authorities->lists) == 0)
		fact->lists_until = 0;
	fact->chain = X509_CHAIN_GOOD;
	return take_issuer_key(fact, chain, err);
}

static int trace_to(struct x509_fact *fact, const struct x509_authorities *authorities,
		    STACK_OF(X509) * trusted, X509 *signer, STACK_OF(X509) * others,
		    struct error *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	int rc;
	if (store == NULL || context == NULL ||
	    X509_STORE_CTX_init(context, store, signer, others) != 1) {
		rc = no_memory(err);
	} else {
		prepare(context, authorities, trusted);
		rc = take_answer(fact, authorities, context, X509_verify_cert(context),
				 err);
	}
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	ERR_clear_error();
	return rc;
}

/* What came with the signature, and what helps to build chains. */
static int read_others(const struct x509_fact *fact,
		       const struct x509_authorities *authorities, X509 **signer,
		       STACK_OF(X509) * others, bool *readable, struct error *err)
{
	struct wire wire = { fact->certificates, fact->certificates_length };
	struct der_item item;
	int rc = 0;
	*readable = true;
	while (rc == 0 && der_take(&wire, DER_SEQUENCE, &item)) {
		X509 *certificate = x509_certificate_read(item.whole);
		if (certificate == NULL) {
			*readable = false;
			return 0;
		}
		if (*signer == NULL) {
			*signer = certificate;
			continue;
		}
		rc = push(others, certificate, err);
		X509_free(certificate);
	}
	for (int i = 0; rc == 0 && i < sk_X509_num(authorities->helpers); i++)
		rc = push(others, sk_X509_value(authorities->helpers, i), err);
	return rc;
}

/* The server's authorities first: what leads to one of them is the server's. */
static int trace(struct x509_fact *fact, const struct x509_authorities *authorities,
		 struct error *err)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *signer = NULL;
	bool readable = false;
	int rc = others == NULL ? no_memory(err)
				: read_others(fact, authorities, &signer, others,
					      &readable, err);
	if (rc == 0 && (!readable || signer == NULL)) {
		rc = bad_chain(fact, error_here(ERROR_X509_FORM),
			       "a certificate that came with the signature is "
			       "malformed");
	} else if (rc == 0) {
		rc = trace_to(fact, authorities, authorities->of_server, signer, others,
			      err);
		fact->by_server = rc == 0 && fact->chain == X509_CHAIN_GOOD;
		if (rc == 0 && !fact->by_server &&
		    sk_X509_num(authorities->of_all) >
			    sk_X509_num(authorities->of_server))
			rc = trace_to(fact, authorities, authorities->of_all, signer,
				      others, err);
	}
	X509_free(signer);
	sk_X509_pop_free(others, X509_free);
	return rc;
}

/* --- chains that were traced before --- */

static void take_traced(struct x509_fact *fact, const struct x509_fact *answer)
{
	fact->chain = answer->chain;
	fact->by_server = answer->by_server;
	fact->code = answer->code;
	fact->reason = answer->reason;
	fact->valid_after = answer->valid_after;
	fact->valid_before = answer->valid_before;
	fact->lists_until = answer->lists_until;
	fact->issuer_key = answer->issuer_key;
}

static bool recall_trace(const struct traces *traces, struct x509_fact *fact)
{
	for (size_t i = 0; i < TRACED_MAX; i++) {
		const struct traced *item = &traces->items[i];
		if (item->certificates != NULL &&
		    item->length == fact->certificates_length &&
		    memcmp(item->certificates, fact->certificates, item->length) == 0) {
			take_traced(fact, &item->answer);
			return true;
		}
	}
	return false;
}

/* Without memory it is traced again. */
static void remember_trace(struct traces *traces, const struct x509_fact *fact)
{
	struct traced *item = &traces->items[traces->count % TRACED_MAX];
	unsigned char *copy = malloc(fact->certificates_length);
	if (copy == NULL)
		return;
	memcpy(copy, fact->certificates, fact->certificates_length);
	free(item->certificates);
	item->certificates = copy;
	item->length = fact->certificates_length;
	take_traced(&item->answer, fact);
	traces->count++;
}

int x509_trace(struct signature_fact *signature,
	       const struct x509_authorities *authorities, struct error *err)
{
	struct x509_fact *fact = signature->x509;
	if (authorities == NULL)
		return bad_chain(fact, error_here(ERROR_X509_NO_AUTHORITIES),
				 "the policy names no authorities");
	if (recall_trace(authorities->traces, fact))
		return 0;
	int rc = trace(fact, authorities, err);
	if (rc == 0)
		remember_trace(authorities->traces, fact);
	return rc;
}
