/* trust/rekor_object.c - entries of a Rekor log about an object of git, by its id. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "trust/rekor.h"

#define BODY_BYTES_MAX ((size_t)512 << 10)

static int no_memory(struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERROR_MEMORY, "out of memory while reading a log entry");
}

static int of_another(struct error *err)
{
	return error_set(err, ERROR_REKOR_OBJECT,
			 "the log entry that is stored is of another object or another "
			 "certificate");
}

/* What the log must hold but for the signature: what stands before and behind it. */
static int find_signature(struct wire_string body, const char *id,
			  struct wire_string der, struct wire_string *out,
			  struct error *err)
{
	static const char mark[] = "\"signature\":{\"content\":\"";
	const struct wire_string nothing = { NULL, 0 };
	struct buf frame = BUF_INIT(BODY_BYTES_MAX);
	struct digest digest;
	int rc = digest_of(id, strlen(id), &digest);
	if (rc == 0)
		rc = rekor_body(&frame, "sha256", digest.bytes, DIGEST_BYTES, nothing,
				der);
	if (rc != 0) {
		buf_release(&frame);
		return no_memory(err);
	}
	size_t before = (size_t)(strstr(frame.data, mark) + strlen(mark) - frame.data);
	size_t behind = frame.length - before;
	bool same = body.length > frame.length &&
		    memcmp(body.bytes, frame.data, before) == 0 &&
		    memcmp(body.bytes + body.length - behind, frame.data + before,
			   behind) == 0;
	if (same)
		*out = (struct wire_string){ body.bytes + before,
					     body.length - frame.length };
	buf_release(&frame);
	return same ? 0 : of_another(err);
}

static int verify(EVP_PKEY *key, const char *id, const struct buf *signature,
		  struct error *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const char *hash =
		key != NULL && EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";
	int answer = -1;
	if (context != NULL && key != NULL &&
	    EVP_DigestVerifyInit_ex(context, NULL, hash, NULL, NULL, key, NULL) == 1)
		answer = EVP_DigestVerify(context,
					  (const unsigned char *)signature->data,
					  signature->length, (const unsigned char *)id,
					  strlen(id)) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	if (answer < 0)
		return no_memory(err);
	if (answer == 0)
		return error_set(err, ERROR_REKOR_OBJECT_SIGNATURE,
				 "the signature in the log entry that is stored was "
				 "not "
				 "made by the signer's key over this object");
	return 0;
}

int rekor_check_object(struct wire_string body, const char *id, void *certificate,
		       struct wire_string der, struct error *err)
{
	struct buf signature = BUF_INIT(BODY_BYTES_MAX);
	struct wire_string text = { NULL, 0 };
	int rc = find_signature(body, id, der, &text, err);
	if (rc == 0 &&
	    base64_decode((const char *)text.bytes, text.length, &signature) != 0)
		rc = of_another(err);
	if (rc == 0)
		rc = verify(X509_get0_pubkey(certificate), id, &signature, err);
	buf_release(&signature);
	return rc;
}
