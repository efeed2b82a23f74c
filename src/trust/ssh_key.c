/* trust/ssh_key.c - OpenSSH public keys as lines of text. */
#include "trust/ssh_key.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "trust/ssh_public.h"
#include "trust/verifier.h"

/* RSA-16384 takes 2.8 KiB. */
#define LINE_BYTES_MAX 16384

struct words {
	struct wire_string type;
	struct wire_string base64;
	struct wire_string rest;
};

static struct wire_string next_word(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
	const char *start = *at;
	while (*at < end && **at != ' ' && **at != '\t')
		(*at)++;
	return (struct wire_string){ (const unsigned char *)start,
				     (size_t)(*at - start) };
}

static bool has_control(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)line[i];
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return true;
	}
	return false;
}

static int split_line(struct words *words, const char *line, size_t length,
		      struct error *err)
{
	if (length > LINE_BYTES_MAX || has_control(line, length))
		return error_set(err, ERROR_SSH_KEY_LINE,
				 "the public key line holds a control byte or is over "
				 "%d bytes",
				 LINE_BYTES_MAX);
	const char *at = line;
	const char *end = line + length;
	words->type = next_word(&at, end);
	words->base64 = next_word(&at, end);
	words->rest = next_word(&at, end);
	if (words->type.length == 0)
		return error_set(err, ERROR_SSH_KEY_EMPTY,
				 "the public key line is empty");
	return 0;
}

/* "cert-authority ssh-ed25519 AAAA...": the way of authorized_keys, not of a key. */
static bool starts_with_options(const struct words *words)
{
	return memchr(words->type.bytes, '=', words->type.length) != NULL ||
	       memchr(words->type.bytes, '"', words->type.length) != NULL ||
	       memchr(words->type.bytes, ',', words->type.length) != NULL ||
	       ssh_type_by_name(words->base64) != NULL;
}

static int check_type_word(const struct words *words, struct error *err)
{
	int shown = (int)(words->type.length < 64 ? words->type.length : 64);
	const char *name = (const char *)words->type.bytes;
	if (ssh_type_is_certificate(words->type))
		return error_set(err, ERROR_SSH_KEY_CERTIFICATE,
				 "'%.*s' is a certificate; name the public key itself",
				 shown, name);
	if (ssh_type_by_name(words->type) == NULL) {
		if (starts_with_options(words))
			return error_set(err, ERROR_SSH_KEY_OPTIONS,
					 "the public key line starts with options; it "
					 "must start with the key's type");
		return error_set(err, ERROR_SSH_KEY_TYPE,
				 "the public key type '%.*s' is not accepted", shown,
				 name);
	}
	if (words->base64.length == 0)
		return error_set(err, ERROR_SSH_KEY_LINE,
				 "nothing follows the type '%.*s' on the public key "
				 "line",
				 shown, name);
	return 0;
}

static int check_blob(const struct words *words, const struct buf *blob,
		      enum ssh_key_type *type, char fingerprint[SSH_FINGERPRINT_BYTES],
		      struct error *err)
{
	const struct verifier *verifier;
	struct wire wire = { (const unsigned char *)blob->data, blob->length };
	struct wire_string name;
	if (wire_string(&wire, &name) && ssh_type_by_name(name) != NULL &&
	    ssh_type_by_name(name) != ssh_type_by_name(words->type))
		return error_set(err, ERROR_SSH_KEY_TYPE_MISMATCH,
				 "the line says '%.*s', the key itself is of type "
				 "'%.*s'",
				 (int)words->type.length,
				 (const char *)words->type.bytes, (int)name.length,
				 (const char *)name.bytes);
	int rc = verifier_get(&verifier, blob->data, blob->length, err);
	if (rc == 0) {
		*type = verifier->public.type->type;
		memcpy(fingerprint, verifier->fingerprint, SSH_FINGERPRINT_BYTES);
	}
	return rc;
}

int ssh_key_check(const char *line, size_t length, enum ssh_key_type *type,
		  char fingerprint[SSH_FINGERPRINT_BYTES], struct error *err)
{
	struct words words;
	struct buf blob = BUF_INIT(LINE_BYTES_MAX);
	if (length != 0 && line[length - 1] == '\n')
		length--;
	int rc = split_line(&words, line, length, err);
	if (rc == 0)
		rc = check_type_word(&words, err);
	if (rc != 0)
		return rc;
	rc = base64_decode((const char *)words.base64.bytes, words.base64.length,
			   &blob);
	if (rc == ERROR_ENCODING)
		rc = error_set(err, ERROR_SSH_KEY_BASE64,
			       "the second word of the public key line is not "
			       "well-formed base64");
	else if (rc != 0)
		rc = error_set(err, rc, "out of memory while reading a public key");
	else
		rc = check_blob(&words, &blob, type, fingerprint, err);
	buf_release(&blob);
	return rc;
}

int ssh_fingerprint_check(const char *fingerprint)
{
	struct buf digest = BUF_INIT(DIGEST_BYTES);
	char padded[SSH_FINGERPRINT_BYTES];
	size_t length = strnlen(fingerprint, SSH_FINGERPRINT_BYTES);
	if (length != strlen("SHA256:") + 43 || strncmp(fingerprint, "SHA256:", 7) != 0)
		return ERROR_ENCODING;
	memcpy(padded, fingerprint + 7, 43);
	padded[43] = '=';
	int rc = base64_decode(padded, 44, &digest);
	buf_release(&digest);
	return rc;
}

int ssh_fingerprint_write(char out[SSH_FINGERPRINT_BYTES],
			  const unsigned char digest[32])
{
	struct buf text = BUF_INIT(SSH_FINGERPRINT_BYTES - 1);
	buf_add_string(&text, "SHA256:");
	base64_encode(digest, DIGEST_BYTES, &text);
	int rc = buf_status(&text, "fingerprint", NULL);
	if (rc == 0) {
		/* 32 bytes need one '=' of padding, which OpenSSH leaves out. */
		memcpy(out, text.data, text.length);
		out[text.length - 1] = '\0';
	}
	buf_release(&text);
	return rc;
}

int ssh_fingerprint_make(char out[SSH_FINGERPRINT_BYTES], const void *blob,
			 size_t length)
{
	struct digest digest;
	if (digest_of(blob, length, &digest) != 0)
		return ERROR_MEMORY;
	return ssh_fingerprint_write(out, digest.bytes);
}
