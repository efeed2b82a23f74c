/* repo/signed_tail.h - the signature at the end of a tag or push certificate.
 *
 * Inside repo/ only. git takes the last line that starts like an armor for the start of
 * the signature, and does not look what follows it (parse_signed_buffer()); here there
 * is one armor, and it ends the text. */
#ifndef REPO_SIGNED_TAIL_H
#define REPO_SIGNED_TAIL_H

#include <stddef.h>

struct error;
struct lines;

struct signed_tail_codes {
	int begin; /* something behind the first line */
	int twice;
	int unfinished; /* no last line */
	int newline;    /* the last line does not end */
	int trailing;   /* something behind it */
};

/* Looks from lines->at on. *start: the offset of the armor, which goes to the end; the
 * length of the text: there is none. */
int signed_tail_find(const struct lines *lines, const struct signed_tail_codes *codes,
		     size_t *start, struct error *err);

#endif
