/* base/json.h - writes JSON. (doc/ reads it.)
 *
 * Commas and nesting are kept by the writer; output is compact and valid by
 * construction: strings that are not UTF-8 get U+FFFD for each bad byte. Failure sticks
 * in the buffer (buf_status()). Depth at most 32. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct json {
	struct buf *out;
	unsigned int depth;
	uint32_t has_item; /* bit per depth */
	bool after_key;
};

void json_begin(struct json *json, struct buf *out);
void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);
void json_string(struct json *json, const char *value); /* NULL writes null */
void json_bytes(struct json *json, const char *value, size_t length);
void json_integer(struct json *json, int64_t value);
void json_unsigned(struct json *json, uint64_t value);
void json_boolean(struct json *json, bool value);
void json_null(struct json *json);
void json_raw(struct json *json, const char *text,
	      size_t length); /* one complete JSON value, trusted */

/* key and value in one call */
void json_put_string(struct json *json, const char *key, const char *value);
void json_put_integer(struct json *json, const char *key, int64_t value);
void json_put_unsigned(struct json *json, const char *key, uint64_t value);
void json_put_boolean(struct json *json, const char *key, bool value);
void json_put_time(struct json *json, const char *key,
		   int64_t when); /* RFC 3339 with milliseconds; null for 0 */

#endif
