/* forge/authenticate.h - the ways in which forges sign; for forge/ only.
 *
 * Each signs the body with every secret first, whatever the headers are, and compares
 * in constant time: a refusal takes as long as a good signature, for any reason. 0 or
 * ERROR_UNAUTHENTICATED, whose text is for the log and holds nothing that was sent. */
#ifndef FORGE_AUTHENTICATE_H
#define FORGE_AUTHENTICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "forge/forge.h"

struct error;

#define FORGE_SECRETS_MAX 2

/* One header: 0 with its value, NULL when absent; ERROR_UNAUTHENTICATED when it is
 * there twice. */
int authenticate_header(const struct forge_webhook *webhook, const char *name,
			const char **value, struct error *err);
/* The same for what names an event or a delivery: "" when absent; refused when over 200
 * bytes or not printable ASCII. */
int authenticate_label(const struct forge_webhook *webhook, const char *name,
		       const char **value, struct error *err);
/* Prefix ("sha256=" or "") and 64 hexadecimal digits: HMAC-SHA-256 over some bytes. */
int authenticate_hex(const struct forge_webhook *webhook, const char *header,
		     const char *prefix, const void *bytes, size_t length,
		     struct error *err);
/* Standard Webhooks 1.0.0: webhook-signature = "v1,<base64>" once or more, by blanks,
 * over webhook-id "." webhook-timestamp "." body; keys "whsec_<base64>" of 24 to 64
 * bytes, other secrets never match; five minutes either way. */
int authenticate_standard(const struct forge_webhook *webhook, struct error *err);
/* A header that is the secret itself. */
int authenticate_token(const struct forge_webhook *webhook, const char *header,
		       struct error *err);

/* Whether the body is a form (by Content-Type). */
bool authenticate_is_form(const struct forge_webhook *webhook);
/* ERROR_USAGE: neither JSON nor, where that is allowed, a form. */
int authenticate_content(const struct forge_webhook *webhook, bool form_allowed,
			 bool *form, struct error *err);

#endif
