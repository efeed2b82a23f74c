/* trust/armor.h - base64 between a BEGIN and an END line, exactly: the frame that SSH
 * and CMS signatures share. Inside trust/ only. */
#ifndef TRUST_ARMOR_H
#define TRUST_ARMOR_H

#include <stddef.h>

struct buf;
struct error;

/* One kind of signature: its lines, and a code for each way of being wrong. */
struct armor_form {
	const char *what; /* "SSH signature" */
	const char *begin;
	const char *end;
	int bad_begin; /* something behind the BEGIN line */
	int bad_cr;
	int bad_line;
	int no_end;
	int no_newline; /* behind the END line */
	int trailing;   /* something behind it */
	int bad_base64;
};

/* Text that starts with the BEGIN line to the bytes within. */
int armor_read(struct buf *out, const struct armor_form *form, const char *text,
	       size_t length, struct error *err);

#endif
