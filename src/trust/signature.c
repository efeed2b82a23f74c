/* trust/signature.c - the table of signature formats, and the choice by first line. */
#include "trust/signature.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "trust/format.h"

const struct signature_format *const signature_formats[] = {
	&format_ssh, &format_openpgp, &format_openpgp_message, &format_x509, NULL,
};

int signature_refused(struct signature_fact *out, struct arena *arena,
		      const struct error *cause, struct error *err)
{
	if (cause->code == ERROR_MEMORY)
		return error_set(err, ERROR_MEMORY, "%s", cause->text);
	char *reason = arena_string(arena, cause->text);
	if (reason == NULL)
		return error_set(err, ERROR_MEMORY,
				 "out of memory while refusing a signature");
	out->status = SIGNATURE_BAD;
	out->code = cause->code;
	out->reason = reason;
	return 0;
}

static const struct signature_format *format_of(const char *armor, size_t length)
{
	for (size_t i = 0; signature_formats[i] != NULL; i++) {
		size_t first = strlen(signature_formats[i]->first_line);
		if (length >= first &&
		    memcmp(armor, signature_formats[i]->first_line, first) == 0)
			return signature_formats[i];
	}
	return NULL;
}

static int check_armor(const struct signature_format *format, size_t length,
		       struct error *why)
{
	if (length == 0)
		return error_set(why, ERROR_SIGNATURE_EMPTY, "the signature is empty");
	if (length > limits_default.values[LIMIT_SIG_BYTES])
		return error_set(
			why, ERROR_SIGNATURE_SIZE,
			"the signature has %zu bytes, over the limit %s (%llu)", length,
			limit_name(LIMIT_SIG_BYTES),
			(unsigned long long)limits_default.values[LIMIT_SIG_BYTES]);
	if (format == NULL)
		return error_set(why, ERROR_SIGNATURE_FORMAT_UNKNOWN,
				 "the first line of the signature is of no known "
				 "format");
	return 0;
}

int signature_verify_with(struct signature_fact *out, struct arena *arena,
			  const struct signature_keys *keys,
			  const struct trust_span *payload, size_t payload_count,
			  const char *armor, size_t armor_length, struct error *err)
{
	const struct signature_format *format = format_of(armor, armor_length);
	struct signature_fact fact = { .status = SIGNATURE_UNKNOWN };
	struct error why = ERROR_INIT;
	int rc;
	if (format != NULL)
		fact.format = format->name;
	if (check_armor(format, armor_length, &why) != 0)
		rc = signature_refused(&fact, arena, &why, err);
	else
		rc = format->verify(&fact, arena, keys, payload, payload_count, armor,
				    armor_length, err);
	if (rc == 0)
		*out = fact;
	return rc;
}

int signature_verify(struct signature_fact *out, struct arena *arena,
		     const struct trust_span *payload, size_t payload_count,
		     const char *armor, size_t armor_length, struct error *err)
{
	static const struct signature_keys none;
	return signature_verify_with(out, arena, &none, payload, payload_count, armor,
				     armor_length, err);
}
