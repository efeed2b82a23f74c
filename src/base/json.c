/* base/json.c - writes JSON that is valid by construction and safe to show. */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#define MAXIMUM_DEPTH 32

void json_begin(struct json *json, struct buf *out)
{
	*json = (struct json){ .out = out };
}

/* The comma that the next key or value needs. */
static void separate(struct json *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (json->depth == 0 || json->depth > MAXIMUM_DEPTH)
		return;
	uint32_t bit = UINT32_C(1) << (json->depth - 1);
	if (json->has_item & bit)
		buf_add_byte(json->out, ',');
	json->has_item |= bit;
}

static void open_level(struct json *json, char bracket)
{
	separate(json);
	buf_add_byte(json->out, (unsigned char)bracket);
	json->depth++;
	if (json->depth <= MAXIMUM_DEPTH)
		json->has_item &= ~(UINT32_C(1) << (json->depth - 1));
	else if (json->out->failed == 0)
		json->out->failed = ERROR_LIMIT;
}

static void close_level(struct json *json, char bracket)
{
	assert(json->depth > 0 && !json->after_key);
	json->depth--;
	buf_add_byte(json->out, (unsigned char)bracket);
}

void json_object(struct json *json)
{
	open_level(json, '{');
}

void json_object_end(struct json *json)
{
	close_level(json, '}');
}

void json_array(struct json *json)
{
	open_level(json, '[');
}

void json_array_end(struct json *json)
{
	close_level(json, ']');
}

static void add_escaped_code_point(struct buf *out, uint32_t code_point)
{
	switch (code_point) {
	case '"':
		buf_add(out, "\\\"", 2);
		return;
	case '\\':
		buf_add(out, "\\\\", 2);
		return;
	case '\n':
		buf_add(out, "\\n", 2);
		return;
	case '\r':
		buf_add(out, "\\r", 2);
		return;
	case '\t':
		buf_add(out, "\\t", 2);
		return;
	}
	if (code_point < 0x10000) {
		buf_addf(out, "\\u%04x", (unsigned int)code_point);
		return;
	}
	uint32_t rest = code_point - 0x10000;
	buf_addf(out, "\\u%04x\\u%04x", (unsigned int)(0xd800 + (rest >> 10)),
		 (unsigned int)(0xdc00 + (rest & 0x3ff)));
}

static size_t plain_run(const char *value, size_t length)
{
	size_t run = 0;
	while (run < length && value[run] >= 0x20 && value[run] < 0x7f &&
	       value[run] != '"' && value[run] != '\\')
		run++;
	return run;
}

static void add_quoted(struct buf *out, const char *value, size_t length)
{
	buf_add_byte(out, '"');
	while (length > 0) {
		size_t run = plain_run(value, length);
		buf_add(out, value, run);
		value += run;
		length -= run;
		if (length == 0)
			break;
		uint32_t code_point = 0;
		size_t count = text_utf8_next(value, length, &code_point);
		if (count == 0)
			buf_add_string(out, "\xef\xbf\xbd");
		else if (count > 1 && text_is_shown(code_point))
			buf_add(out, value, count);
		else
			add_escaped_code_point(out, code_point);
		count = count == 0 ? 1 : count;
		value += count;
		length -= count;
	}
	buf_add_byte(out, '"');
}

void json_key(struct json *json, const char *key)
{
	assert(!json->after_key);
	separate(json);
	add_quoted(json->out, key, strlen(key));
	buf_add_byte(json->out, ':');
	json->after_key = true;
}

void json_bytes(struct json *json, const char *value, size_t length)
{
	separate(json);
	add_quoted(json->out, value, length);
}

void json_string(struct json *json, const char *value)
{
	if (value == NULL)
		json_null(json);
	else
		json_bytes(json, value, strlen(value));
}

void json_integer(struct json *json, int64_t value)
{
	separate(json);
	buf_addf(json->out, "%" PRId64, value);
}

void json_unsigned(struct json *json, uint64_t value)
{
	separate(json);
	buf_addf(json->out, "%" PRIu64, value);
}

void json_boolean(struct json *json, bool value)
{
	separate(json);
	buf_add_string(json->out, value ? "true" : "false");
}

void json_null(struct json *json)
{
	separate(json);
	buf_add_string(json->out, "null");
}

void json_raw(struct json *json, const char *text, size_t length)
{
	separate(json);
	buf_add(json->out, text, length);
}

void json_put_string(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_string(json, value);
}

void json_put_integer(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_integer(json, value);
}

void json_put_unsigned(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_unsigned(json, value);
}

void json_put_boolean(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_boolean(json, value);
}

void json_put_time(struct json *json, const char *key, int64_t when)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(when, 1, text);
	json_put_string(json, key, when == 0 ? NULL : text);
}
