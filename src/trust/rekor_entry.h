/* trust/rekor_entry.h - the form of an entry of a Rekor log, as gitsign puts it into a
 * signature: a TransparencyLogEntry in protocol buffers.
 *
 * No cryptography here. Fields that are not known, or stand there
 * twice, refuse. Sources: sigstore/protobuf-specs sigstore_rekor.proto and
 * sigstore_common.proto, protobuf.dev "Encoding". */
#ifndef TRUST_REKOR_ENTRY_H
#define TRUST_REKOR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/wire.h"

struct buf;
struct error;

/* A tree of 2^64 leaves is no deeper. */
#define REKOR_HASHES_MAX 64
#define REKOR_HASH_BYTES 32

struct rekor_entry {
	uint64_t log_index;         /* over all trees of the log */
	struct wire_string log_id;  /* SHA-256 of the log's key: 32 bytes */
	uint64_t integrated_time;   /* seconds, as the log says; fits int64_t */
	struct wire_string promise; /* signed entry timestamp */
	/* The proof that the entry is in a tree. */
	uint64_t leaf_index; /* in that tree: below tree_size */
	uint64_t tree_size;
	struct wire_string root; /* 32 bytes */
	struct wire_string hashes[REKOR_HASHES_MAX];
	size_t hash_count;
	struct wire_string checkpoint; /* a signed note */
	struct wire_string body;       /* length 0: it is not in there */
};

/* Splits and checks the form; spans point into the bytes. ERROR_REKOR_... */
int rekor_entry_parse(struct rekor_entry *out, const void *bytes, size_t length,
		      struct error *err);

/* The same as bytes that rekor_entry_parse() reads; what is wrong with it is buf's. */
void rekor_entry_write(struct buf *out, const struct rekor_entry *entry);

/* Entries one after another, each behind its length: the form in which they are stored.
 * REKOR_STORED_MAX at most are looked at. */
#define REKOR_STORED_MAX 16
void rekor_stored_add(struct buf *out, const struct rekor_entry *entry);
/* The next. False: there is none that is whole. */
bool rekor_stored_next(struct wire *stored, struct wire_string *out);

#endif
