/* trust/ssh_key.h - OpenSSH public keys: text form, wire form, fingerprints.
 *
 * Types: ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa (2048 bits and more),
 * sk-ssh-ed25519@openssh.com, sk-ecdsa-sha2-nistp256@openssh.com. Others are refused by
 * name; certificates with their own code. */
#ifndef TRUST_SSH_KEY_H
#define TRUST_SSH_KEY_H

#include <stddef.h>

struct arena;
struct error;

enum ssh_key_type {
	SSH_KEY_UNKNOWN = 0,
	SSH_KEY_ED25519,
	SSH_KEY_ECDSA_256,
	SSH_KEY_ECDSA_384,
	SSH_KEY_ECDSA_521,
	SSH_KEY_RSA,
	SSH_KEY_SK_ED25519,
	SSH_KEY_SK_ECDSA_256,
};

#define SSH_FINGERPRINT_BYTES 64
#define SSH_SHA1_BYTES        41

/* A line "type base64 [comment]", with or without its LF; options in front are refused.
 * Fills the type and the fingerprint ("SHA256:..." without padding, as ssh-keygen -l
 * prints). ERROR_SSH_KEY_... with what is wrong, ERROR_MEMORY. */
int ssh_key_check(const char *line, size_t length, enum ssh_key_type *type,
		  char fingerprint[SSH_FINGERPRINT_BYTES], struct error *err);

/* The fingerprint of any bytes that are a public key. 0 or ERROR_MEMORY. */
int ssh_fingerprint_make(char out[SSH_FINGERPRINT_BYTES], const void *blob,
			 size_t length);
/* The same of a digest that is there already. */
int ssh_fingerprint_write(char out[SSH_FINGERPRINT_BYTES],
			  const unsigned char digest[32]);

/* "SHA256:<43 base64 digits>" well-formed? 0 or ERROR_ENCODING. */
int ssh_fingerprint_check(const char *fingerprint);

#endif
