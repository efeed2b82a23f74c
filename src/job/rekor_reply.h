/* job/rekor_reply.h - what a Rekor log answers, read strictly.
 *
 * Only the form is looked at: whether an entry proves anything is trust/sigstore.h's.
 * Source: sigstore/rekor openapi.yaml, LogEntry. */
#ifndef JOB_REKOR_REPLY_H
#define JOB_REKOR_REPLY_H

#include <stdbool.h>

struct arena;
struct buf;
struct node;

/* Appends the entry of {"UUID": {"body": ..., ...}} as rekor_stored_add() writes it.
 * False: it is not of that form, or over sigstore.proof_bytes. */
bool rekor_reply_entry(struct arena *arena, const struct node *reply,
		       struct buf *stored);
/* The name of an entry, which becomes part of an address: hexadecimal digits. NULL: it
 * is none. */
const char *rekor_reply_name(const struct node *node);

#endif
