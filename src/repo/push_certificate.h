/* repo/push_certificate.h - our own splitter of push certificates (git push --signed):
 * exactly the bytes that were signed.
 *
 * git keeps what the client sent as a blob: "certificate version 0.1", pusher, pushee,
 * nonce and push options as headers, an empty line, a line "<old> <new> <ref>" for each
 * update, and the signature. Refused is what git never writes: NUL, other headers,
 * another order, an update twice, anything behind the signature, no signature. Each
 * refusal has its own code (PUSH_...). Source: gitprotocol-pack(5), git's send-pack.c
 * and receive-pack.c. */
#ifndef REPO_PUSH_CERTIFICATE_H
#define REPO_PUSH_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "repo/object.h"

struct arena;
struct error;
struct limits;

struct push_update {
	struct oid old_id; /* null: the ref is created */
	struct oid new_id; /* null: it is deleted */
	const char *ref;
};

struct push_certificate {
	struct span pusher; /* as git names the key that signs: "SHA256:...", an OpenPGP
			       key's id, "name <address>", or what user.signingKey
			       says */
	int64_t seconds;    /* when, the pusher says */
	struct span pushee; /* the address that was pushed to; empty: not said */
	struct span nonce;  /* empty: not said */
	struct span *options;
	size_t option_count;
	struct push_update *updates; /* at least one; each ref once */
	size_t update_count;
	struct span payload;
	struct span signature; /* armor */
};

/* Spans point into `text`, the rest lives in the arena. ERROR_PUSH_..., ERROR_LIMIT
 * (git.refs_per_push), ERROR_MEMORY. */
int push_certificate_split(struct push_certificate *out, struct arena *arena,
			   const char *text, size_t length, size_t hash_bytes,
			   const struct limits *limits, struct error *err);

#endif
