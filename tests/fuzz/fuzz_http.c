/* tests/fuzz/fuzz_http.c - addresses that a reply refers to, and its headers.
 *
 * Input: an address, a line feed, a reply's headers. What must hold: a resolved address
 * is of the origin it started from, and reading it again changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/http.h"
#include "net/http_address.h"
#include "net/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FROM "https://git.example.org:8443/api/v1/x?y"

static void check(const char *from, const char *reference)
{
	struct http_address address;
	struct buf once = BUF_INIT(65536), again = BUF_INIT(65536);
	if (http_address_resolve(from, reference, &once) == 0 && once.failed == 0) {
		if (!http_same_origin(from, once.data) ||
		    !http_address_parse(once.data, &address) || address.rest[0] != '/')
			abort();
		if (http_address_resolve(once.data, once.data, &again) != 0 ||
		    strcmp(once.data, again.data) != 0)
			abort();
	}
	if (http_same_origin(from, reference) != http_same_origin(reference, from))
		abort();
	buf_release(&once);
	buf_release(&again);
}

static void check_head(const struct http_head *head)
{
	const int64_t now = INT64_C(1790000000000000), day = INT64_C(86400000000);
	struct buf next = BUF_INIT(65536);
	int64_t when = http_head_retry_at(head, now);
	if (when != 0 && (when < now || when > now + day))
		abort();
	if (http_head_next_link(head->links.data, &next) == 0)
		check(FROM, next.data);
	check(FROM, head->location.data);
	buf_release(&next);
}

static void read_head(const char *text, size_t length)
{
	struct http_head head;
	const char *reason = NULL;
	int code = 0;
	http_head_init(&head);
	while (code == 0 && length > 0) {
		const char *end = memchr(text, '\n', length);
		size_t line = end != NULL ? (size_t)(end - text) + 1 : length;
		code = http_head_line(&head, text, line, &reason);
		text += line;
		length -= line;
	}
	check_head(&head);
	http_head_release(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	char *end = memchr(text, '\n', size);
	if (end != NULL)
		*end = '\0';
	check(FROM, text);
	check(text, "//git.example.org/x");
	check(text, "../x");
	http_head_parse_date(text);
	if (end != NULL)
		read_head(end + 1, size - (size_t)(end + 1 - text));
	free(text);
	return 0;
}
