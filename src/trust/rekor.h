/* trust/rekor.h - whether a Rekor log holds exactly one signature, and since when; all
 * offline, by the key of the log.
 *
 * Inside trust/ only. Sources: sigstore/rekor types/hashedrekord and
 * pkg/verify, RFC 6962 section 2.1, RFC 9162 section 2.1.3.2, C2SP signed-note and
 * tlog-checkpoint. */
#ifndef TRUST_REKOR_H
#define TRUST_REKOR_H

#include <stddef.h>

#include "trust/wire.h"

struct buf;
struct error;
struct log_keys;
struct rekor_entry;

/* Appends what the log must hold of a signature, byte for byte: a hashedrekord over a
 * digest ("sha256" and so on), the signature, and the signer's certificate in DER. 0 or
 * ERROR_MEMORY. */
int rekor_body(struct buf *out, const char *algorithm, const void *digest,
	       size_t digest_length, struct wire_string signature,
	       struct wire_string certificate);

/* Whether this body of an entry is about the object of that id ("3f1c...", as gitsign
 * tells the log of it in its online mode): over the id as text, with a signature by the
 * key of the certificate (X509, and the same in DER), and nothing else. 0,
 * ERROR_REKOR_OBJECT, ERROR_REKOR_OBJECT_SIGNATURE, ERROR_MEMORY. */
int rekor_check_object(struct wire_string body, const char *id, void *certificate,
		       struct wire_string der, struct error *err);

/* Whether the entry proves that its log took this body at its time. 0, ERROR_REKOR_...,
 * ERROR_MEMORY. */
int rekor_verify(const struct rekor_entry *entry, const struct log_keys *keys,
		 struct wire_string body, struct error *err);

#endif
