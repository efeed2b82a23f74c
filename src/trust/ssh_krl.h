/* trust/ssh_krl.h - reads OpenSSH's binary key revocation lists.
 *
 * Stricter than OpenSSH: what is not understood refuses the whole list, and so does a
 * list that is cut anywhere. A signature within a list is skipped, as OpenSSH before
 * 9.4 did: who may change the list is said by who may change the file. Source: OpenSSH
 * PROTOCOL.krl. */
#ifndef TRUST_SSH_KRL_H
#define TRUST_SSH_KRL_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;
struct krl;

/* Whether the bytes are a binary list at all. */
bool ssh_krl_is(const void *bytes, size_t length);

/* Fills `out` from the arena, but for `file`. ERROR_SSH_KRL_..., ERROR_MEMORY. */
int ssh_krl_parse(struct krl *out, struct arena *arena, const void *bytes,
		  size_t length, struct error *err);

#endif
