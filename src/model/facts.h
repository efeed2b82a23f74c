/* model/facts.h - what evaluation needs, and nothing else.
 *
 * Collected by job/judge, evaluated by policy/. Everything lives in the arena of the
 * job. Raw text here is NOT escaped: verdict_add() escapes. */
#ifndef MODEL_FACTS_H
#define MODEL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/oid.h"
#include "model/change.h"
#include "model/facts_kind.h"
#include "model/waiver.h"

struct rule;

enum signature_status {
	SIGNATURE_UNKNOWN = 0, /* not looked at: counts as bad */
	SIGNATURE_NONE,
	SIGNATURE_GOOD, /* the bytes verify under the key; who holds it is policy's
			   question */
	SIGNATURE_BAD,
};

/* What an OpenSSH certificate says. Its form and its CA's signature hold; whether the
 * CA is anybody's is policy's question. */
struct certificate_fact {
	const char *ca; /* fingerprint of the key that signed it */
	const char *ca_sha1;
	uint64_t serial;
	const char *key_id;
	const char **principals;
	size_t principal_count; /* at least one */
	int64_t valid_after;    /* microseconds; the certificate counts from here */
	int64_t valid_before;   /* until before here; INT64_MAX: for ever */
};

/* What an X.509 signature says. The signature holds under the first certificate; the
 * chain is looked at by trust/x509.h, x509_trace(), with the authorities of a policy.
 */
struct sigstore_fact;
struct x509_fact {
	const char *subject; /* RFC 2253 */
	const char *issuer;
	const char *serial; /* hexadecimal */
	const char **names; /* "email:...", "uri:...", "dns:..." */
	size_t name_count;
	int64_t signed_at;        /* as the signature says */
	const void *certificates; /* DER one after another, the signer's first */
	size_t certificates_length;
	/* From here by x509_trace(). */
	enum { X509_UNTRACED = 0, X509_CHAIN_BAD, X509_CHAIN_GOOD } chain;
	bool by_server; /* the chain ends at an authority of the server's policy */
	int code;       /* of a bad chain */
	const char *reason;
	int64_t valid_after;  /* of all certificates of the chain, inclusive */
	int64_t valid_before; /* inclusive */
	int64_t lists_until;  /* when the first of its revocation lists ends; 0: none */
	struct digest issuer_key; /* of the key that signed the signer's, in DER */
	struct sigstore_fact *sigstore; /* the signer's is of Fulcio; NULL: it is not */
};

/* What a signature of gitsign says beside; see trust/sigstore.h, sigstore_trace(). */
struct sigstore_fact {
	const char *issuer; /* who told Fulcio who the signer is: an address */
	const char *body;   /* what Rekor's log must hold of the signature */
	size_t body_length;
	const void *entry; /* of the log, as it came with the signature; NULL: none */
	size_t entry_length;
	/* Entries about the object that was signed, as they were stored beside the
	 * repository; see sigstore_use_stored(). NULL: none. */
	const void *stored;
	size_t stored_length;
	const char *object; /* its id */
	/* From here by sigstore_trace(). */
	int64_t logged_at;  /* when the log took it: proven, where the chain is good */
	uint64_t log_index; /* its place in the log */
};

struct signature_fact {
	enum signature_status status;
	int code;                /* why it is bad: enum error_code */
	const char *reason;      /* one sentence for people; NULL when good */
	const char *format;      /* "ssh", "openpgp", "x509"; NULL: none */
	const char *fingerprint; /* of the key: "SHA256:...", of OpenPGP 40 upper-case
				    digits; NULL when it could not be read */
	int64_t made_at;    /* microseconds, as the signature claims; 0: it does not */
	int64_t expires_at; /* microseconds, by its own word; 0: never */
	bool user_verified; /* a security key says so; false for other keys */
	bool security_key;
	const char *sha1; /* of an SSH key: hexadecimal, for revocation lists; may be
			     NULL */
	const struct certificate_fact *certificate; /* SSH by way of a CA; NULL: not */
	const void *certificate_blob; /* its bytes, for memories; NULL: none */
	size_t certificate_blob_length;
	struct x509_fact *x509; /* NULL: another format */
};

struct ident_fact {
	const char *name;
	const char *email;
	int64_t when; /* microseconds, as claimed */
};

struct commit_fact;

/* What making a commit again gave that the forge made and signed. */
struct forge_made_fact {
	bool same;          /* exactly its tree */
	int code;           /* why not: enum error_code */
	const char *reason; /* then: one sentence */
	/* Of one that was squashed or rebased: the ref whose head gives it, and the
	 * commits that it was made of, which must be verified as well. NULL: a merge,
	 * made of its parents. */
	const char *source;
	const struct commit_fact *sources;
	size_t source_count;
};

struct commit_fact {
	struct oid id;
	struct oid tree;
	struct oid *parents;
	size_t parent_count;
	struct ident_fact author;
	struct ident_fact committer;
	const char *message; /* without the headers; may hold any UTF-8 or not */
	size_t message_length;
	struct signature_fact signature;
	const struct forge_made_fact *forge_made; /* NULL: not looked at */
	const char *tag; /* of an annotated tag, told in the same way (the tagger is
			    author and committer): its name; NULL: a commit */
	/* FACTS_TOUCHED: rules of kind signatures with paths of which it touches one */
	const struct rule **touched;
	size_t touched_count;
	int code; /* not 0: the object is malformed, everything else may be missing */
	const char *reason; /* then: one sentence */
};

enum file_change { FILE_UNKNOWN = 0, FILE_ADDED, FILE_MODIFIED, FILE_DELETED };

struct file_fact {
	enum file_change change;
	const char *path;
	uint32_t mode; /* git's: 0100644, 0100755, 0120000, 0160000; of the old side
			  when deleted */
	struct oid blob;
	uint64_t size;             /* bytes; 0 for submodules and deletions */
	struct oid commit;         /* which introduced it */
	const char *link_target;   /* of symbolic links; NULL otherwise */
	const char *collides_with; /* another path of the same commit that differs only
				      in case; NULL: none */
	int code; /* not 0: the path itself is unsafe (ERROR_UNSAFE_PATH) */
	const char *reason;
};

/* What one rule's look at one document found wrong. */
struct document_fact {
	const struct rule *rule;
	const char *path;
	struct oid blob;
	int code; /* enum error_code: ERROR_SYNTAX, ERROR_DUPLICATE_KEY, ERROR_LIMIT,
		     ERROR_SCHEMA_MISMATCH, ... */
	const char *message;
	const char *mend; /* may be NULL */
	uint32_t line;
	uint32_t column;
	bool advice; /* worth saying, but it refuses nothing */
};

enum review_state {
	REVIEW_UNKNOWN = 0, /* counts as nothing */
	REVIEW_APPROVED,
	REVIEW_CHANGES_REQUESTED,
	REVIEW_COMMENTED,
	REVIEW_DISMISSED,
};

/* The last effective review of one person, as the forge tells it. */
struct review_fact {
	const char *reviewer; /* login */
	enum review_state state;
	struct oid commit; /* what was looked at; length 0: the forge does not say */
	int64_t submitted_at;
};

/* The merge request by which the content comes. */
struct merge_request_fact {
	const char *source;   /* its name in the configuration */
	const char *forge;    /* its kind: "gitea" */
	uint64_t number;      /* 0: there is none */
	const char *author;   /* login */
	const char *base_ref; /* the full ref that it is to be merged into */
	struct oid head;
	bool same_content; /* what is judged is exactly the result of merging the head
			      into the tip that was accepted before */
	bool fork;
	struct review_fact *reviews;
	size_t review_count;
	/* Of the authors and committers of its commits that were not judged before. */
	const char **emails;
	size_t email_count;
	size_t email_capacity;
};

enum push_knowledge {
	PUSH_NOT_KNOWN = 0, /* nobody here knows how the change was pushed */
	PUSH_TO_COME,       /* it is not pushed yet, or was before there was a gate */
	PUSH_RECEIVED,      /* git told the hook: one push */
	PUSH_RECORDED,      /* those kept in the repository */
};

enum push_nonce { /* what git says, see git-receive-pack(1) */
		  PUSH_NONCE_UNKNOWN = 0,
		  PUSH_NONCE_OK,
		  PUSH_NONCE_SLOP, /* ours, but given by another process */
		  PUSH_NONCE_MISSING,
		  PUSH_NONCE_BAD,
		  PUSH_NONCE_UNSOLICITED,
};

struct push_fact {
	/* Told as a commit is: the blob's id (length 0: the push is not signed), the
	 * pusher as committer with no address, the signature; code and reason when it
	 * cannot be read. */
	struct commit_fact certificate;
	const char *pushee; /* "": it does not say */
	/* Of a push that was received: */
	enum push_nonce nonce;
	const char *nonce_text;  /* in the certificate; "": none */
	const char *nonce_given; /* as git says that it gave it; "": not said */
	int updates_code;        /* not 0: it does not name exactly what is pushed */
	const char *updates_reason;
};

/* What stands at one ref beneath refs/waivers/. Whether it counts is policy's question.
 */
struct waiver_fact {
	const char *ref;
	struct oid commit;      /* that the ref names */
	const char *rule;       /* that the ref names */
	struct commit_fact tag; /* told as a tag is: id, tagger, signature */
	struct waiver waiver;   /* of this commit and rule */
	int code;               /* not 0: it is no waiver; beside the ref only the tag's
				   id is there */
	const char *reason;     /* then: one sentence */
};

struct facts {
	const struct change *change;
	/* FACTS_REVIEWS; NULL: they are not known here, and the rule refuses */
	const struct merge_request_fact *merge_request;
	/* FACTS_PUSH */
	enum push_knowledge push_knowledge;
	struct push_fact *pushes; /* the latest first */
	size_t push_count;
	const char *push_gap; /* recorded ones do not lead there: why; NULL: they do */
	unsigned int kinds; /* which were collected: a rule that needs others refuses */
	bool forced;        /* the new tip does not contain the old one */
	struct commit_fact *commits;
	size_t commit_count;
	size_t commit_capacity;
	struct commit_fact *tags; /* annotated ones that the change brings */
	size_t tag_count;
	size_t tag_capacity;
	/* About the commits of the change, as far as something is found about them; of
	 * a push to refs/waivers/ the new one and, behind it, the one it replaces. */
	struct waiver_fact *waivers;
	size_t waiver_count;
	size_t waiver_capacity;
	bool waivers_left_out; /* there are more than the limit waivers */
	/* The commit whose content findings without a commit are about; length 0: there
	 * is none, as of a merge that is not made yet. */
	struct oid content;
	struct file_fact *files;
	size_t file_count;
	size_t file_capacity;
	struct document_fact
		*documents; /* findings about documents, not all documents */
	size_t document_count;
	size_t document_capacity;
	size_t documents_checked;
	size_t documents_skipped; /* no schema was asked about them, as a rule says */
};

#endif
