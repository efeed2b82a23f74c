/* repo/lines.h - the lines that commits and tags are made of: a reader of headers, and
 * the parts both share.
 *
 * Inside repo/ only. A header is a name, a blank and a value; lines that start with a
 * blank continue the value of the header before. */
#ifndef REPO_LINES_H
#define REPO_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "repo/object.h"

struct error;

/* What is wrong with the lines has another code in a commit than in a tag. */
struct lines_codes {
	const char *what; /* "commit" */
	int empty;
	int nul_header;
	int nul_message;
	int unterminated;
	int no_blank;
	int carriage_return;
	int header_name;
	int continuation;
	int continuation_first;
};

struct lines {
	const struct lines_codes *codes;
	const char *object;
	size_t length;
	size_t at; /* of the next header, or of the message after the blank line */
};

struct header {
	struct span name;
	struct span value; /* to before the last LF, continuation lines included */
	size_t start;      /* offsets in the object: from the name ... */
	size_t end;        /* ... to behind the last LF */
	bool continued;
};

/* Refuses empty objects and NUL anywhere. */
int lines_open(struct lines *lines, const struct lines_codes *codes, const char *object,
	       size_t length, struct error *err);
/* 1: a header; 0: the blank line, `at` is the message. */
int lines_next(struct lines *lines, struct header *header, struct error *err);
/* Whether a header of this name stands at or behind the present line. */
bool lines_have(const struct lines *lines, const char *name);
/* Refuses a header that is continued. */
int header_is_single(const struct lines *lines, const struct header *header,
		     struct error *err);

bool span_is(struct span span, const char *text);
bool span_starts_with(struct span span, const char *text);

/* "name <email> seconds zone", as git's fsck demands it; `header` names it in
 * messages. */
int ident_parse(struct ident *out, const struct lines *lines,
		const struct header *header, struct error *err);

/* A full object id of the repository's hash; what is said of a header that is none. */
bool id_read(struct oid *out, const struct header *header, size_t hash_bytes);
int id_refuse(const struct lines *lines, const struct header *header, size_t hash_bytes,
	      int code, struct error *err);

/* The object without `count` (at most 2) headers, in order; empty pieces are left out.
 */
void payload_without(struct span payload[3], size_t *payload_count, const char *object,
		     size_t length, const struct header *cuts, size_t count);

#endif
