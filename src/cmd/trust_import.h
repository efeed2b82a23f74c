/* cmd/trust_import.h - people while they are imported: gathered by
 * cmd/trust_import_read.c, written by cmd/trust_import.c.
 *
 * Text lives in the arena of the command. */
#ifndef CMD_TRUST_IMPORT_H
#define CMD_TRUST_IMPORT_H

#include <stdint.h>

#include "base/map.h"
#include "model/policy.h"

struct arena;
struct error;

/* One entry under a format of a person. */
struct import_entry {
	const char *format;        /* "ssh", "openpgp", "ssh-ca", "x509" */
	const char *text;          /* public line or armored text; NULL: x509 */
	const char *remark;        /* for who reads it; may be NULL */
	struct strings principals; /* of ssh-ca */
	struct principal_x509 identity;
	int64_t valid_after;
	int64_t valid_before;
};

struct import_person {
	const char *name;
	struct strings emails;
	struct import_entry *entries;
	size_t entry_count;
	size_t entry_capacity;
};

struct import {
	struct arena *arena;
	const char *name; /* whose everything is from now on; NULL: as the files say */
	struct import_person *people;
	size_t person_count;
	size_t person_capacity;
	struct map names;       /* name -> that it is taken */
	struct map emails;      /* address in lower case -> 1 + index of a person */
	struct map keys;        /* what was imported -> that it was */
	struct strings refused; /* "what: why" */
};

/* Reads one file of any form. What does not count is added to `refused`; an error when
 * the file cannot be read as a whole. */
int import_read(struct import *import, const char *file, const char *bytes,
		size_t length, struct error *err);

/* cmd/trust_import_forge.c: what the forge at trust->forge shows of these users. A user
 * that it does not know: ERROR_NOT_FOUND. */
struct trust;
int import_from_forge(struct import *import, const struct trust *trust, char **users,
		      struct error *err);

#endif
