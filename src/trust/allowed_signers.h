/* trust/allowed_signers.h - OpenSSH's files of allowed signers.
 *
 * Read as ssh-keygen reads them, but that a line which it would skip as wrong refuses
 * the file here: somebody meant something by it. Threads: any. Source: ssh-keygen(1),
 * ALLOWED SIGNERS. */
#ifndef TRUST_ALLOWED_SIGNERS_H
#define TRUST_ALLOWED_SIGNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trust/ssh_key.h"

struct arena;
struct error;

/* What a time without 'Z' means. A policy is read by several processes, some of which
 * cannot see the local zone: there it is refused. */
enum allowed_times { TIMES_UTC_ONLY = 0, TIMES_LOCAL };

struct allowed_signer {
	unsigned int line;
	const char *principals; /* patterns, separated by commas */
	bool authority;         /* the key is a CA's */
	const char *namespaces; /* patterns; NULL: all */
	int64_t valid_after;    /* microseconds, inclusive; 0: no bound */
	int64_t valid_before;   /* inclusive */
	const char *key;        /* "type base64 [comment]" */
	char fingerprint[SSH_FINGERPRINT_BYTES];
};

/* Calls `visit` for each line that is not blank or a comment; text lives in the arena.
 * ERROR_ALLOWED_SIGNERS_... with "name:line: ...", or what `visit` answers. */
int allowed_signers_read(const char *text, size_t length, const char *name,
			 enum allowed_times times, struct arena *arena,
			 int (*visit)(void *data, const struct allowed_signer *signer,
				      struct error *err),
			 void *data, struct error *err);

/* OpenSSH's pattern lists: commas, '*', '?'; one that begins with '!' and matches
 * forbids the whole. Case counts. */
bool pattern_list_matches(const char *list, const char *text);

#endif
