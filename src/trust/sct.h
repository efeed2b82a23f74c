/* trust/sct.h - signed certificate timestamps: that a certificate stands in a public
 * log. Inside trust/ only. Source: RFC 6962 sections 3.2 and 3.3. */
#ifndef TRUST_SCT_H
#define TRUST_SCT_H

struct digest;
struct error;
struct log_keys;

/* Whether one of the timestamps in `certificate` (X509) is by one of the logs.
 * `issuer_key`: SHA-256 of the key of its issuer in DER. 0, ERROR_SCT_...,
 * ERROR_MEMORY. */
int sct_check(void *certificate, const struct digest *issuer_key,
	      const struct log_keys *logs, struct error *err);

#endif
