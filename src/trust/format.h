/* trust/format.h - what the drivers of signature formats share. Inside trust/ only. */
#ifndef TRUST_FORMAT_H
#define TRUST_FORMAT_H

#include "trust/signature.h"

/* Turns a cause into an answer: SIGNATURE_BAD with its code and text, or, when memory
 * ran out, an error. */
int signature_refused(struct signature_fact *out, struct arena *arena,
		      const struct error *cause, struct error *err);

extern const struct signature_format format_ssh;
extern const struct signature_format format_openpgp;
extern const struct signature_format format_openpgp_message;
extern const struct signature_format format_x509;

#endif
