/* doc/schema_format_idn.h - internationalized hostnames by libidn2; for doc/ only.
 *
 * Not linked: it brings libunistring, and every push would pay for loading both. Loaded
 * at the first name that needs it, so that is refused in a process that may not open
 * files any more unless idn_load() was called before. */
#ifndef DOC_SCHEMA_FORMAT_IDN_H
#define DOC_SCHEMA_FORMAT_IDN_H

#include <stddef.h>

struct error;

/* 0, or ERROR_UNSUPPORTED: it is not installed, or cannot be opened. */
int idn_load(struct error *err);
/* Whether a UTF-8 name is one by RFC 5891: every label is a valid U-label, A-label or
 * plain one. 1, 0, ERROR_UNSUPPORTED or ERROR_MEMORY. */
int idn_is_name(const char *text, size_t length, struct error *err);
/* The same, when it is mapped to lower case and NFC first (UTS #46). */
int idn_is_mappable(const char *text, size_t length, struct error *err);

#endif
