/* repo/object.h - our own splitter of raw commit and tag objects: exactly the bytes
 * that were signed.
 *
 * Source: git's commit.c, fsck.c, gitformat-signature (facts in the form of
 * PROTOCOLS 5.1, 5.2). Anything ambiguous is refused: NUL anywhere, missing, duplicate,
 * reordered or unknown-before-committer headers, a second signature header,
 * continuation lines that continue nothing, idents that git's fsck refuses, CR at the
 * end of a header. Each refusal has its own code in errors.def (COMMIT_..., TAG_...).
 * Nothing is copied: spans point into the object. */
#ifndef REPO_OBJECT_H
#define REPO_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"

struct arena;
struct error;

struct span {
	const char *bytes;
	size_t length;
};

struct ident {
	struct span name;
	struct span email;
	int64_t seconds; /* since 1970 */
	int zone;        /* minutes east of UTC */
};

#define COMMIT_PARENTS_MAX 64

struct commit_text {
	struct oid tree;
	struct oid parents[COMMIT_PARENTS_MAX];
	size_t parent_count;
	struct ident author;
	struct ident committer;
	struct span encoding; /* empty: UTF-8 */
	struct span message;
	struct span signature;  /* the header's raw value lines as they stand, with the
				   continuation blanks; empty: unsigned */
	struct span payload[3]; /* what was signed: the object without the signature
				   header(s), in order */
	size_t payload_count;
};

/* `hash_bytes` 20 or 32: the repository's format; decides which of gpgsig and
 * gpgsig-sha256 is the signature. */
int commit_split(struct commit_text *out, const char *object, size_t length,
		 size_t hash_bytes, struct error *err);

struct tag_text {
	struct oid target;
	struct span target_type; /* "commit", ... */
	struct span name;
	struct ident tagger;   /* seconds 0 and empty spans when missing */
	struct span message;   /* without the signature */
	struct span signature; /* armor, empty: unsigned */
	struct span payload[3];
	size_t payload_count;
};

int tag_split(struct tag_text *out, const char *object, size_t length,
	      size_t hash_bytes, struct error *err);

/* The signature value with the continuation blanks taken out: armor text ending in LF.
 * A lone blank line at its end, which some libraries write, is dropped. NULL: out of
 * memory.
 */
char *signature_unfold(struct arena *arena, struct span signature, size_t *length);

#endif
