/* trust/sigstore.c - roots of Sigstore, and what they say of a signature of gitsign. */
#include "trust/sigstore.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/facts.h"
#include "trust/der.h"
#include "trust/log_key.h"
#include "trust/rekor.h"
#include "trust/rekor_entry.h"
#include "trust/sct.h"
#include "trust/x509.h"
#include "trust/x509_certificate.h"

/* Certificate authorities that follow one another. */
struct authority {
	struct x509_authorities *certificates;
	int64_t valid_after;
	int64_t valid_before;
};

struct root {
	bool by_server;
	bool require_sct;
	struct authority *authorities;
	size_t authority_count;
	struct log_keys rekor;
	struct log_keys certificates;
};

struct sigstore {
	struct root *roots;
	size_t count;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for a root of Sigstore");
}

/* --- building --- */

int sigstore_new(struct sigstore **out, struct error *err)
{
	struct sigstore *sigstore = calloc(1, sizeof(*sigstore));
	if (sigstore == NULL)
		return no_memory(err);
	*out = sigstore;
	return 0;
}

static void root_release(struct root *root)
{
	for (size_t i = 0; i < root->authority_count; i++)
		x509_authorities_free(root->authorities[i].certificates);
	free(root->authorities);
	log_keys_release(&root->rekor);
	log_keys_release(&root->certificates);
}

void sigstore_free(struct sigstore *sigstore)
{
	if (sigstore == NULL)
		return;
	for (size_t i = 0; i < sigstore->count; i++)
		root_release(&sigstore->roots[i]);
	free(sigstore->roots);
	free(sigstore);
}

int sigstore_begin(struct sigstore *sigstore, bool by_server, bool require_sct,
		   struct error *err)
{
	int rc = limit_check(&limits_default, LIMIT_SIGSTORE_ROOTS, sigstore->count + 1,
			     "roots of Sigstore", err);
	if (rc != 0)
		return rc;
	struct root *roots =
		realloc(sigstore->roots, (sigstore->count + 1) * sizeof(*roots));
	if (roots == NULL)
		return no_memory(err);
	sigstore->roots = roots;
	roots[sigstore->count++] =
		(struct root){ .by_server = by_server, .require_sct = require_sct };
	return 0;
}

static struct root *last_root(const struct sigstore *sigstore)
{
	return &sigstore->roots[sigstore->count - 1];
}

int sigstore_add_authorities(struct sigstore *sigstore, const char *pem, size_t length,
			     int64_t valid_after, int64_t valid_before,
			     struct error *err)
{
	struct root *root = last_root(sigstore);
	struct authority authority = { NULL, valid_after, valid_before };
	int rc = limit_check(&limits_default, LIMIT_SIGSTORE_KEYS,
			     root->authority_count + 1, "authorities of Sigstore", err);
	if (rc == 0)
		rc = x509_authorities_new(&authority.certificates, err);
	if (rc != 0)
		return rc;
	rc = x509_authorities_add(authority.certificates, pem, length, root->by_server,
				  err);
	struct authority *grown =
		rc != 0 ? NULL
			: realloc(root->authorities,
				  (root->authority_count + 1) * sizeof(*grown));
	if (grown == NULL) {
		x509_authorities_free(authority.certificates);
		return rc != 0 ? rc : no_memory(err);
	}
	root->authorities = grown;
	grown[root->authority_count++] = authority;
	return 0;
}

static struct log_keys *keys_of(const struct sigstore *sigstore, enum sigstore_log log)
{
	struct root *root = last_root(sigstore);
	return log == SIGSTORE_REKOR ? &root->rekor : &root->certificates;
}

int sigstore_add_keys(struct sigstore *sigstore, enum sigstore_log log, const char *pem,
		      size_t length, struct error *err)
{
	return log_keys_add_pem(keys_of(sigstore, log), pem, length, err);
}

int sigstore_add_key(struct sigstore *sigstore, enum sigstore_log log, const void *der,
		     size_t length, int64_t valid_after, int64_t valid_before,
		     struct error *err)
{
	return log_keys_add(keys_of(sigstore, log), der, length, valid_after,
			    valid_before, err);
}

int sigstore_check(const struct sigstore *sigstore, struct error *err)
{
	const struct root *root = last_root(sigstore);
	if (root->authority_count == 0)
		return error_set(err, ERROR_SIGSTORE_INCOMPLETE,
				 "a root of Sigstore needs authorities");
	if (root->rekor.count == 0)
		return error_set(err, ERROR_SIGSTORE_INCOMPLETE,
				 "a root of Sigstore needs the key of a Rekor log: it "
				 "alone proves when a signature was made");
	if (root->require_sct && root->certificates.count == 0)
		return error_set(err, ERROR_SIGSTORE_INCOMPLETE,
				 "a root of Sigstore needs the key of a log of "
				 "certificates, or 'require-sct: false'");
	return 0;
}

/* --- tracing --- */

/* NULL: out of memory; it was read before. */
static X509 *read_signer(const struct x509_fact *fact, struct wire_string *der)
{
	struct wire wire = { fact->certificates, fact->certificates_length };
	struct der_item item;
	if (!der_take(&wire, DER_SEQUENCE, &item))
		return NULL;
	*der = item.whole;
	return x509_certificate_read(item.whole);
}

static int check_transparency(const struct root *root, const struct x509_fact *fact,
			      struct error *why)
{
	struct wire_string der;
	if (!root->require_sct)
		return 0;
	X509 *signer = read_signer(fact, &der);
	if (signer == NULL)
		return error_set(why, ERROR_MEMORY, "out of memory");
	int rc = sct_check(signer, &fact->issuer_key, &root->certificates, why);
	X509_free(signer);
	return rc;
}

static int check_time(const struct authority *authority, const struct x509_fact *fact,
		      int64_t when, struct error *why)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(when, 0, text);
	if (when < authority->valid_after || when > authority->valid_before)
		return error_set(why, ERROR_SIGSTORE_AUTHORITY_TIME,
				 "the log took the signature at %s, when the authority "
				 "did not count",
				 text);
	if (when < fact->valid_after)
		return error_set(why, ERROR_REKOR_TIME_EARLY,
				 "the log took the signature at %s, before its "
				 "certificate was valid",
				 text);
	if (when > fact->valid_before)
		return error_set(why, ERROR_REKOR_TIME_LATE,
				 "the log took the signature at %s, after its "
				 "certificate had expired",
				 text);
	return 0;
}

/* Of the entries that are stored the one about this object, by this certificate; others
 * may have told the log of the same object. */
static int find_stored(const struct x509_fact *fact, struct rekor_entry *out,
		       struct error *why)
{
	const struct sigstore_fact *sigstore = fact->sigstore;
	struct wire stored = { sigstore->stored, sigstore->stored_length };
	struct wire_string bytes;
	struct wire_string der;
	X509 *signer = read_signer(fact, &der);
	int rc = ERROR_REKOR_FORM;
	if (signer == NULL)
		return error_set(why, ERROR_MEMORY, "out of memory");
	error_set(why, rc, "the log entries that are stored are malformed");
	for (size_t i = 0; i < REKOR_STORED_MAX && rc != 0 && rc != ERROR_MEMORY &&
			   rekor_stored_next(&stored, &bytes);
	     i++) {
		struct error cause = ERROR_INIT;
		rc = rekor_entry_parse(out, bytes.bytes, bytes.length, &cause);
		if (rc == 0)
			rc = rekor_check_object(out->body, sigstore->object, signer,
						der, &cause);
		*why = cause;
	}
	X509_free(signer);
	return rc;
}

static int check_entry(const struct root *root, const struct authority *authority,
		       struct x509_fact *fact, struct error *why)
{
	struct sigstore_fact *sigstore = fact->sigstore;
	struct wire_string body = { (const unsigned char *)sigstore->body,
				    sigstore->body_length };
	struct rekor_entry entry;
	int rc;
	if (sigstore->entry != NULL)
		rc = rekor_entry_parse(&entry, sigstore->entry, sigstore->entry_length,
				       why);
	else if (sigstore->stored != NULL)
		rc = find_stored(fact, &entry, why);
	else
		rc = error_set(why, ERROR_REKOR_NONE,
			       "the signature brings no log entry that proves when it "
			       "was made, and none is stored");
	if (rc == 0 && sigstore->entry == NULL)
		body = entry.body;
	if (rc == 0)
		rc = rekor_verify(&entry, &root->rekor, body, why);
	if (rc != 0)
		return rc;
	sigstore->logged_at = (int64_t)entry.integrated_time * CLOCK_SECOND;
	sigstore->log_index = entry.log_index;
	return check_time(authority, fact, sigstore->logged_at, why);
}

static int refuse(struct x509_fact *fact, struct arena *arena, const struct error *why,
		  struct error *err)
{
	if (why->code == ERROR_MEMORY)
		return error_set(err, ERROR_MEMORY, "%s", why->text);
	fact->chain = X509_CHAIN_BAD;
	fact->code = why->code;
	fact->reason = arena_string(arena, why->text);
	return fact->reason == NULL ? no_memory(err) : 0;
}

/* `led`: the certificate leads to this authority, whatever else is wrong. */
static int trace_to(struct signature_fact *signature, struct arena *arena,
		    const struct root *root, const struct authority *authority,
		    bool *led, struct error *err)
{
	struct x509_fact *fact = signature->x509;
	struct error why = ERROR_INIT;
	int rc = x509_trace(signature, authority->certificates, err);
	*led = rc == 0 && fact->chain == X509_CHAIN_GOOD;
	if (rc == 0 && !*led) {
		fact->reason = arena_printf(arena, "%s (%s)", error_meaning(fact->code),
					    fact->reason);
		return fact->reason == NULL ? no_memory(err) : 0;
	}
	if (rc != 0)
		return rc;
	fact->by_server = root->by_server;
	if (check_transparency(root, fact, &why) != 0 ||
	    check_entry(root, authority, fact, &why) != 0)
		return refuse(fact, arena, &why, err);
	signature->made_at = fact->sigstore->logged_at;
	fact->code = 0;
	fact->reason = NULL;
	return 0;
}

/* What is told is the way that went furthest. */
static int trace(struct signature_fact *signature, struct arena *arena,
		 const struct sigstore *sigstore, struct error *err)
{
	struct x509_fact *fact = signature->x509;
	struct x509_fact furthest = *fact;
	bool any_led = false;
	for (size_t i = 0; i < sigstore->count; i++) {
		const struct root *root = &sigstore->roots[i];
		for (size_t k = 0; k < root->authority_count; k++) {
			bool led = false;
			int rc = trace_to(signature, arena, root, &root->authorities[k],
					  &led, err);
			if (rc != 0 || fact->chain == X509_CHAIN_GOOD)
				return rc;
			if (led || !any_led)
				furthest = *fact;
			any_led |= led;
		}
	}
	*fact = furthest;
	return 0;
}

int sigstore_use_stored(struct signature_fact *fact, struct arena *arena,
			const char *object, const void *stored, size_t length)
{
	struct sigstore_fact *sigstore = fact->x509->sigstore;
	sigstore->stored = arena_copy(arena, stored, length);
	sigstore->stored_length = length;
	sigstore->object = arena_string(arena, object);
	return sigstore->stored != NULL && sigstore->object != NULL ? 0 : ERROR_MEMORY;
}

int sigstore_check_stored(const struct signature_fact *fact, struct error *why)
{
	struct rekor_entry entry;
	return find_stored(fact->x509, &entry, why);
}

int sigstore_trace(struct signature_fact *fact, struct arena *arena,
		   const struct sigstore *sigstore, struct error *err)
{
	struct error why = ERROR_INIT;
	if (sigstore != NULL)
		return trace(fact, arena, sigstore, err);
	error_set(&why, ERROR_SIGSTORE_NO_ROOT, "the policy names no root of Sigstore");
	return refuse(fact->x509, arena, &why, err);
}
