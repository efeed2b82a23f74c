/* doc/scalar.h - what a plain YAML scalar is to its reader; for doc/ only.
 *
 * By the core schema of YAML 1.2.2, 10.3.2; or as Kubernetes reads (sigs.k8s.io/yaml:
 * the resolver of go-yaml v2, then JSON). */
#ifndef DOC_SCALAR_H
#define DOC_SCALAR_H

#include "doc/doc.h"

struct buf;

/* What YAML 1.1, YAML 1.2 and Kubernetes do not agree about. */
enum scalar_doubt {
	DOUBT_NONE = 0,
	DOUBT_WORD,       /* yes, no, on, off, y, n */
	DOUBT_ZERO,       /* 010 */
	DOUBT_ZERO_EIGHT, /* 08 */
	DOUBT_OCTAL,      /* 0o10 */
	DOUBT_NUMBER,     /* 1_000, 0b11, -0x1f */
	DOUBT_BASE_60,    /* 12:30 */
	DOUBT_DATE,       /* 2026-11-21 */
	DOUBT_EXPONENT,   /* 1e3 */
	DOUBT_NOT_JSON,   /* .inf, .nan */
	DOUBT_ROUNDED,    /* integers of more than 64 bits */
	DOUBT_MERGE,      /* << */
};

/* How the JSON text of a scalar follows from what is written. */
enum scalar_form {
	FORM_WRITTEN = 0, /* it is the same */
	FORM_BOOLEAN,
	FORM_DECIMAL, /* signs, zeros, points and underscores want mending */
	FORM_VALUE,   /* of an integer in another base */
};

struct reading {
	enum node_kind kind;
	bool truth; /* of a boolean */
	enum scalar_form form;
	bool negative; /* with FORM_VALUE */
	uint64_t value;
	enum scalar_doubt doubt;
};

/* `format`: DOC_YAML or DOC_KUBERNETES. 0, or ERROR_LIMIT for an integer in another
 * base that has more than 64 bits. */
int scalar_read(struct reading *out, enum doc_format format, const char *text,
		size_t length);
/* Appends the JSON text, where the form is not FORM_WRITTEN. */
void scalar_write(struct buf *out, const struct reading *reading, const char *text,
		  size_t length);
/* What to say behind the scalar, and how to mend it. */
const char *scalar_doubt_message(enum scalar_doubt doubt);
const char *scalar_doubt_mend(enum scalar_doubt doubt);

#endif
