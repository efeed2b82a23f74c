/* conf/policy_revoked.c - keys that no longer count: in the policy and in a file. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "conf/options.h"
#include "conf/policy_builder.h"
#include "doc/doc.h"
#include "trust/openpgp_ring.h"
#include "trust/ssh_key.h"
#include "trust/x509_certificate.h"

#define REASON_NONE      "no reason given"
#define X509_TEXT_LENGTH ((size_t)5 + 64) /* "X509:" and the digits */

/* Of an OpenPGP key or subkey, as gpg prints it: 40 digits, with or without blanks. */
static bool openpgp_fingerprint(const char *text, size_t length, char *out)
{
	char digits[OPENPGP_FINGERPRINT_TEXT_BYTES];
	size_t count = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == ' ')
			continue;
		if (count + 1 == sizeof(digits))
			return false;
		digits[count++] = (char)toupper((unsigned char)text[i]);
	}
	digits[count] = '\0';
	if (openpgp_fingerprint_check(digits) != 0)
		return false;
	memcpy(out, digits, sizeof(digits));
	return true;
}

/* Of an X.509 certificate, as openssl x509 -fingerprint -sha256 prints it or as
 * findings do. */
static bool x509_fingerprint(const char *text, size_t length, char *out)
{
	char digits[X509_FINGERPRINT_BYTES] = "X509:";
	size_t count = strlen(digits);
	if (length > 5 && strncmp(text, "X509:", 5) == 0) {
		text += 5;
		length -= 5;
	}
	for (size_t i = 0; i < length; i++) {
		if (text[i] == ':' && i % 3 == 2)
			continue;
		if (!isxdigit((unsigned char)text[i]) || count == X509_TEXT_LENGTH)
			return false;
		digits[count++] = (char)tolower((unsigned char)text[i]);
	}
	if (count != X509_TEXT_LENGTH)
		return false;
	memcpy(out, digits, count + 1);
	return true;
}

/* A public key or a fingerprint. A key that cannot be read is refused: what it was
 * meant to revoke would stay good. */
static int fingerprint_of(const char *text, size_t length, char *out, struct error *err)
{
	if (openpgp_fingerprint(text, length, out))
		return 0;
	if (length > 5 && strncmp(text, "X509:", 5) == 0 &&
	    x509_fingerprint(text, length, out))
		return 0;
	enum ssh_key_type type = SSH_KEY_UNKNOWN;
	char copy[SSH_FINGERPRINT_BYTES];
	if (length < sizeof(copy)) {
		memcpy(copy, text, length);
		copy[length] = '\0';
		if (ssh_fingerprint_check(copy) == 0) {
			memcpy(out, copy, length + 1);
			return 0;
		}
	}
	if (length >= 7 && memcmp(text, "SHA256:", 7) == 0)
		return error_set(err, ERROR_CONFIG,
				 "not a fingerprint: 'SHA256:' and 43 characters, as "
				 "ssh-keygen -l prints it");
	struct error cause = ERROR_INIT;
	if (ssh_key_check(text, length, &type, out, &cause) == 0)
		return 0;
	return error_set(err, ERROR_CONFIG,
			 "neither a public key nor a fingerprint (%s); of other keys "
			 "give the fingerprint that ssh-keygen -l prints",
			 cause.text);
}

int builder_push_revocation(const struct addition *addition, const char *fingerprint,
			    const char *reason, int64_t since, struct error *err)
{
	struct policy *policy = &addition->builder->policy;
	struct revocation *revocation =
		ARENA_PUSH(policy->arena, &policy->revocations,
			   &policy->revocation_count, &policy->revocation_capacity);
	const char *copy = arena_string(policy->arena, fingerprint);
	if (revocation == NULL || copy == NULL)
		return reader_no_memory(addition->reader, err);
	*revocation = (struct revocation){ copy, reason, since };
	return 0;
}

/* What a revoked key is given by: exactly one of these. */
static int find_form(const struct reader *reader, const struct node *node,
		     const struct node **key, bool *is_x509, struct error *err)
{
	static const char *const forms[] = { "ssh", "openpgp", "x509" };
	size_t count = 0;
	for (size_t i = 0; i < 3; i++) {
		const struct node *found = node_get(node, forms[i]);
		if (found == NULL)
			continue;
		*key = found;
		*is_x509 = i == 2;
		count++;
	}
	if (count == 1)
		return 0;
	return reader_fail(reader, node, err,
			   count == 0 ? "a revoked key needs 'ssh', its public line "
					"or fingerprint, or 'openpgp', its "
					"fingerprint, or 'x509', its certificate's"
				      : "a revoked key is either 'ssh' or 'openpgp' or "
					"'x509'");
}

/* For what a revoked key still counts: `since` becomes 0 where for nothing. */
static int read_why(const struct addition *addition, const struct node *node,
		    const char **out, int64_t *since, struct error *err)
{
	static const struct option_row words = { .type = VALUE_WORD,
						 .key = "reason",
						 .unit = "",
						 .help = "'compromised', 'superseded' "
							 "or 'retired'" };
	const struct reader *reader = addition->reader;
	const struct node *time = node_get(node, "since");
	const struct node *remark = node_get(node, "note");
	const char *reason = NULL, *note = "";
	char when[CLOCK_TEXT_BYTES] = "";
	int64_t at = 0;
	int code = 0;
	if (node_get(node, "reason") != NULL)
		code = reader_value(reader, node_get(node, "reason"), &words, &reason,
				    err);
	if (code == 0 && time != NULL)
		code = reader_time(reader, time, "since", &at, err);
	if (code == 0 && remark != NULL)
		code = reader_string(reader, remark, "note", &note, err);
	if (code == 0 && time != NULL && reason == NULL)
		code = reader_fail(reader, time, err,
				   "'since' needs a 'reason': 'superseded' or "
				   "'retired' leave older signatures good, "
				   "'compromised' none");
	if (code != 0)
		return code;
	bool none = reason != NULL && strcmp(reason, "compromised") == 0;
	if (none && at != 0)
		clock_format(at, 0, when);
	*out = arena_printf(reader->arena, "%s%s%s%s%s%s",
			    reason != NULL ? reason : REASON_NONE,
			    *when != '\0' ? ", known since " : "", when,
			    *note != '\0' ? " (" : "", note, *note != '\0' ? ")" : "");
	*since = none ? 0 : at;
	return *out != NULL ? 0 : reader_no_memory(reader, err);
}

/* {ssh, openpgp or x509; reason, since, note} or a string alone. */
static int add_revoked(const struct addition *addition, const struct node *node,
		       struct error *err)
{
	static const char *const names[] = { "ssh",    "openpgp", "x509",
					     "reason", "since",   "note" };
	const struct reader *reader = addition->reader;
	const struct node *key = node;
	const char *text = NULL, *reason = REASON_NONE;
	int64_t since = 0;
	bool is_x509 = false;
	int code = 0;
	if (node_kind(node) == NODE_MAPPING) {
		code = reader_known_keys(reader, node, "key of a revoked key", names,
					 sizeof(names) / sizeof(names[0]), err);
		if (code == 0)
			code = find_form(reader, node, &key, &is_x509, err);
		if (code == 0)
			code = read_why(addition, node, &reason, &since, err);
	}
	if (code == 0)
		code = reader_string(reader, key, "revoked-keys", &text, err);
	if (code != 0)
		return code;
	size_t length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		length--;
	char fingerprint[X509_FINGERPRINT_BYTES];
	struct error cause = ERROR_INIT;
	if (is_x509 && !x509_fingerprint(text, length, fingerprint))
		return reader_fail(reader, key, err,
				   "not the fingerprint of a certificate: 64 digits, "
				   "as openssl x509 -noout -fingerprint -sha256 prints "
				   "them");
	if (!is_x509 && fingerprint_of(text, length, fingerprint, &cause) != 0)
		return reader_fail(reader, key, err, "%s", cause.text);
	return builder_push_revocation(addition, fingerprint, reason, since, err);
}

int builder_add_revoked(const struct addition *addition, const struct node *node,
			struct error *err)
{
	char shown[READER_SHOWN_BYTES];
	if (node_kind(node) != NODE_SEQUENCE)
		return reader_fail(addition->reader, node, err,
				   "'revoked-keys' must be a list, found %s",
				   reader_shown(node, shown));
	int code = 0;
	for (size_t i = 0; code == 0 && i < node_count(node); i++)
		code = add_revoked(addition, node_item(node, i), err);
	return code;
}

static int add_line(const struct addition *addition, const char *name,
		    unsigned int number, const char *line, size_t length,
		    struct error *err)
{
	char fingerprint[X509_FINGERPRINT_BYTES];
	struct error cause = ERROR_INIT;
	while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
		length--;
	while (length > 0 && (line[0] == ' ' || line[0] == '\t')) {
		line++;
		length--;
	}
	if (length == 0 || line[0] == '#')
		return 0;
	if (fingerprint_of(line, length, fingerprint, &cause) != 0)
		return error_set(err, ERROR_CONFIG, "%s:%u:1: %s", name, number,
				 cause.text);
	const char *reason =
		arena_printf(addition->reader->arena, "listed in %s", name);
	if (reason == NULL)
		return reader_no_memory(addition->reader, err);
	return builder_push_revocation(addition, fingerprint, reason, 0, err);
}

int builder_add_revoked_file(const struct addition *addition, const struct node *node,
			     struct error *err)
{
	const char *name = NULL;
	struct policy_file file = { 0 };
	int code =
		reader_string(addition->reader, node, "revoked-keys-file", &name, err);
	if (code == 0)
		code = builder_load(addition, node, name, &file, err);
	if (code != 0)
		return code;
	if (file.length >= 6 && memcmp(file.bytes, "SSHKRL", 6) == 0)
		return reader_fail(addition->reader, node, err,
				   "'%s' is a binary OpenSSH revocation list; list "
				   "public "
				   "keys or fingerprints, one a line",
				   name);
	const char *end = file.length == 0 ? file.bytes : file.bytes + file.length;
	unsigned int number = 1;
	for (const char *at = file.bytes; code == 0 && at < end; number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		code = add_line(addition, name, number, at, (size_t)(stop - at), err);
		at = stop + 1;
	}
	return code;
}
