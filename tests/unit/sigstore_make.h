/* tests/unit/sigstore_make.h - a Sigstore of our own: a Fulcio, its log of certificates
 * and a Rekor, in software; signatures as gitsign makes them, genuine or wrong in
 * exactly one way. */
#ifndef TESTS_UNIT_SIGSTORE_MAKE_H
#define TESTS_UNIT_SIGSTORE_MAKE_H

#include <stdint.h>

#include "base/buf.h"
#include "cms_make.h"

#define SIGSTORE_ISSUER "https://issuer.example.org"

struct sigstore_made {
	struct identity *root;
	struct identity *ca;
	void *rekor; /* EVP_PKEY */
	void *ct;
	void *stranger; /* the key of a log that nobody names */
};

enum sigstore_wrong {
	SIGSTORE_RIGHT = 0,
	/* the certificate */
	ISSUER_MISSING,
	ISSUER_NOT_UTF8,
	ISSUER_TRAILING,
	ISSUER_EMPTY,
	ISSUER_TWICE,
	ISSUER_WITH_BLANK,
	ISSUERS_DIFFER,
	SUBJECT_MISSING,
	SUBJECT_TWO,
	SUBJECT_DNS,
	USAGE_OTHER,
	USAGE_MISSING,
	/* its timestamp */
	SCT_NONE,
	SCT_TWICE,
	SCT_CUT,
	SCT_TRAILING,
	SCT_VERSION_2,
	SCT_HASH_SHA1,
	SCT_EMPTY,
	SCT_OTHER_LOG,
	SCT_FLIPPED,
	SCT_OTHER_TIME,
	SCT_OTHER_ISSUER,
	/* the attribute */
	ENTRY_NONE,
	ENTRY_TWICE,
	ENTRY_TWO_VALUES,
	ENTRY_NOT_OCTETS,
	ENTRY_EMPTY,
	/* its form */
	ENTRY_CUT,
	ENTRY_TRAILING,
	ENTRY_FIELD_UNKNOWN,
	ENTRY_FIELD_TWICE,
	ENTRY_FIELD_TYPE,
	ENTRY_NUMBER_LONG,
	ENTRY_KIND_OTHER,
	ENTRY_VERSION_OTHER,
	ENTRY_LOG_ID_SHORT,
	ENTRY_TIME_NONE,
	ENTRY_TIME_HUGE,
	ENTRY_INDEX_NEGATIVE,
	ENTRY_PROMISE_NONE,
	ENTRY_PROOF_NONE,
	ENTRY_HASH_SHORT,
	ENTRY_ROOT_SHORT,
	ENTRY_HASHES_MANY,
	/* what it says */
	LOG_OTHER,
	BODY_OTHER,
	PATH_SHORT,
	PATH_LONG,
	PATH_INDEX_BEYOND,
	PATH_TREE_EMPTY,
	OF_OTHER_SIGNATURE,
	OF_OTHER_CERTIFICATE,
	OF_OTHER_DIGEST,
	PATH_INDEX_OTHER,
	PATH_HASH_FLIPPED,
	CHECKPOINT_NONE,
	CHECKPOINT_NO_ORIGIN,
	CHECKPOINT_NO_BLANK_LINE,
	CHECKPOINT_LINE_OTHER,
	CHECKPOINT_LINE_NOT_BASE64,
	CHECKPOINT_SIZE_OTHER,
	CHECKPOINT_SIZE_LEADING_ZERO,
	CHECKPOINT_ROOT_OTHER,
	CHECKPOINT_NO_SIGNATURE,
	CHECKPOINT_OTHER_HINT,
	CHECKPOINT_FLIPPED,
	CHECKPOINT_BY_OTHER,
	CHECKPOINT_ORIGIN_OTHER,
	PROMISE_FLIPPED,
	PROMISE_BY_OTHER,
	PROMISE_OTHER_TIME,
	PROMISE_OTHER_INDEX,
	PROMISE_OTHER_BODY,
	TIME_EARLY,
	TIME_LATE,
	/* an entry about an object */
	OBJECT_OTHER,
	OBJECT_SIGNATURE_OTHER,
	OBJECT_SIGNATURE_NOT_BASE64,
	OBJECT_SIGNATURE_NONE,
	OBJECT_BODY_NONE,
};

/* What differs without being wrong; 0 or NULL: as gitsign does by default. */
struct sigstore_how {
	enum sigstore_wrong wrong;
	const char *algorithm;  /* of the signer's key */
	const char *digest;     /* of the signature */
	const char *san;        /* "email:alice@example.org" */
	const char *issuer;     /* SIGSTORE_ISSUER */
	const char *old_issuer; /* the old extension: the same; "": not there */
	bool only_old_issuer;
	bool no_sct;
	bool with_body;
	bool more_certificates; /* the CA and the root stand before the signer's */
	bool more_scts;         /* by a log that is not known, too */
	bool witnessed;         /* the checkpoint has a signature by somebody else */
	bool other_lines;       /* and a line that says something else */
	int64_t at;             /* seconds from CMS_MADE_AT that the log says */
	int64_t lives_before;   /* of the certificate: seconds before CMS_MADE_AT */
	int64_t lives_after;    /* and behind; both 0: 10 and 590 */
	/* The log is told of this object, not of the signature, which brings no entry.
	 */
	const char *object;
	unsigned int tree_size;  /* 0: 7 */
	unsigned int leaf_index; /* of 7: 4 */
};

/* "EC", "RSA" or "ED25519" for the keys of the logs; NULL: EC. */
struct sigstore_made *sigstore_made_new(const char *log_algorithm);
void sigstore_made_free(struct sigstore_made *made);
/* What a policy names, in PEM form. */
void sigstore_authorities_pem(struct buf *out, const struct sigstore_made *made);
/* The same as `cosign trusted-root create` writes it. */
void sigstore_trusted_root(struct buf *out, const struct sigstore_made *made);
void sigstore_key_pem(struct buf *out, void *key);
/* SubjectPublicKeyInfo. */
void sigstore_key_der(struct buf *out, void *key);
/* Appends a signature over the payload, as text. */
void sigstore_sign(struct buf *out, const struct sigstore_made *made,
		   const void *payload, size_t length, const struct sigstore_how *how);
/* The entry alone, of the last signature that was made. */
const struct buf *sigstore_last_entry(void);
/* In two steps: a signature without an entry, and its signer, to be freed; then the
 * entry about the object that was made of it. */
struct identity *sigstore_sign_online(struct buf *out, const struct sigstore_made *made,
				      const void *payload, size_t length,
				      const struct sigstore_how *how);
void sigstore_tell(const struct sigstore_made *made, const struct identity *signer,
		   const struct sigstore_how *how);

#endif
