/* net/http_head.c - what a reply's headers say: dates, limits, pages. */
#include "net/http_head.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#define BLANKS " \t"
/* RFC 9110, 5.6.2 */
#define TOKEN                                                                          \
	"!#$%&'*+-.^_`|~0123456789"                                                    \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Forges' windows are an hour long; who says more is asked again after a day. */
#define RETRY_MAXIMUM (24 * 60 * 60 * CLOCK_SECOND)
/* Smaller numbers in RateLimit-Reset are seconds from now, as its draft of an RFC has
 * it; larger ones are seconds since 1970, as GitHub and GitLab send them. */
#define EPOCH_MINIMUM INT64_C(1000000000)
#define EPOCH_MAXIMUM INT64_C(253402300799) /* the end of the year 9999 */

void http_head_init(struct http_head *head)
{
	size_t maximum = limits_default.values[LIMIT_HTTP_HEADER_BYTES];
	memset(head, 0, sizeof(*head));
	buf_init(&head->location, maximum);
	buf_init(&head->links, 2 * maximum);
	head->retry_duration = head->remaining = head->reset = -1;
}

void http_head_release(struct http_head *head)
{
	buf_release(&head->location);
	buf_release(&head->links);
}

/* --- dates --- */

/* A number of exactly `digits` digits from 0 to `maximum`; -1: it is none. */
static int take_number(const char *text, int digits, int maximum)
{
	int value = 0;
	for (int i = 0; i < digits; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value <= maximum ? value : -1;
}

static int take_month(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int month = 0; month < 12; month++)
		if (strncmp(text, months + 3 * month, 3) == 0)
			return month;
	return -1;
}

int64_t http_head_parse_date(const char *text)
{
	static const char shape[] = "Aaa, 00 Aaa 0000 00:00:00 GMT";
	if (strlen(text) != sizeof(shape) - 1)
		return 0;
	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (strchr("Aa0", shape[i]) == NULL && text[i] != shape[i])
			return 0;
	struct tm tm = { .tm_mday = take_number(text + 5, 2, 31),
			 .tm_mon = take_month(text + 8),
			 .tm_year = take_number(text + 12, 4, 9999) - 1900,
			 .tm_hour = take_number(text + 17, 2, 23),
			 .tm_min = take_number(text + 20, 2, 59),
			 .tm_sec = take_number(text + 23, 2, 60) };
	if (tm.tm_mday < 1 || tm.tm_mon < 0 || tm.tm_year < 70 || tm.tm_hour < 0 ||
	    tm.tm_min < 0 || tm.tm_sec < 0)
		return 0;
	return (int64_t)timegm(&tm) * CLOCK_SECOND;
}

/* --- links --- */

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, BLANKS);
}

/* Whether a list of relation types holds "next". */
static bool holds_next(const char *types)
{
	while (*types != '\0') {
		types = skip_blanks(types);
		size_t length = strcspn(types, BLANKS);
		if (length == strlen("next") && strncasecmp(types, "next", length) == 0)
			return true;
		types += length;
	}
	return false;
}

/* The value of a parameter at *at, a token or a quoted string, into `out`. */
static int take_value(const char **at, struct buf *out)
{
	const char *here = *at;
	if (*here != '"') {
		size_t length = strspn(here, TOKEN);
		buf_add(out, here, length);
		*at = here + length;
		return length > 0 ? 0 : ERROR_SYNTAX;
	}
	for (here++; *here != '"' && *here != '\0'; here++) {
		if (*here == '\\')
			here++;
		if (*here == '\0')
			return ERROR_SYNTAX;
		buf_add_byte(out, (unsigned char)*here);
	}
	if (*here == '\0')
		return ERROR_SYNTAX;
	*at = here + 1;
	return 0;
}

struct link {
	const char *target;
	size_t length;
	bool has_rel; /* the first counts: RFC 8288, 3.3 */
	bool is_next;
	bool is_of_another; /* an anchor: it says something about another page */
};

/* One "; name" or "; name=value" at *at, behind the semicolon. */
static int take_parameter(const char **at, struct link *link)
{
	const char *name = skip_blanks(*at);
	size_t length = strspn(name, TOKEN);
	struct buf value = BUF_INIT(65536);
	int code = 0;
	*at = skip_blanks(name + length);
	if (length > 0 && **at == '=') {
		*at = skip_blanks(*at + 1);
		code = take_value(at, &value);
		*at = skip_blanks(*at);
	}
	if (length == strlen("rel") && strncasecmp(name, "rel", length) == 0 &&
	    !link->has_rel) {
		link->has_rel = true;
		link->is_next = holds_next(value.data);
	}
	if (length == strlen("anchor") && strncasecmp(name, "anchor", length) == 0)
		link->is_of_another = true;
	if (code == 0)
		code = value.failed;
	buf_release(&value);
	return code;
}

static int take_link(const char **at, struct link *link)
{
	if (**at != '<')
		return ERROR_SYNTAX;
	*link = (struct link){ .target = *at + 1, .length = strcspn(*at + 1, "<>\"") };
	*at = link->target + link->length;
	if (**at != '>')
		return ERROR_SYNTAX;
	*at = skip_blanks(*at + 1);
	while (**at == ';') {
		++*at;
		int code = take_parameter(at, link);
		if (code != 0)
			return code;
	}
	return **at == ',' || **at == '\0' ? 0 : ERROR_SYNTAX;
}

int http_head_next_link(const char *links, struct buf *next)
{
	struct link found = { .target = NULL };
	const char *at = links + strspn(links, BLANKS ",");
	while (*at != '\0') {
		struct link link;
		if (take_link(&at, &link) != 0)
			return ERROR_SYNTAX;
		bool counts = link.is_next && !link.is_of_another;
		bool differs = counts && found.target != NULL &&
			       (link.length != found.length ||
				memcmp(link.target, found.target, link.length) != 0);
		if (differs || (counts && link.length == 0))
			return ERROR_SYNTAX;
		if (counts)
			found = link;
		at += strspn(at, BLANKS ",");
	}
	if (found.target != NULL)
		buf_add(next, found.target, found.length);
	return 0;
}

/* --- headers --- */

static int64_t parse_count(const char *text, int64_t maximum)
{
	uint64_t value;
	if (text_parse_u64(text, &value) != 0)
		return -1;
	return value < (uint64_t)maximum ? (int64_t)value : maximum;
}

static void take_date(struct http_head *head, const char *value)
{
	head->date = http_head_parse_date(value);
}

static void take_retry_after(struct http_head *head, const char *value)
{
	int64_t seconds = parse_count(value, RETRY_MAXIMUM / CLOCK_SECOND);
	if (seconds >= 0)
		head->retry_duration = seconds * CLOCK_SECOND;
	else
		head->retry_date = http_head_parse_date(value);
}

/* Of several windows the tightest counts. */
static void take_remaining(struct http_head *head, const char *value)
{
	int64_t remaining = parse_count(value, INT64_MAX);
	if (remaining >= 0 && (head->remaining < 0 || remaining < head->remaining))
		head->remaining = remaining;
}

static void take_reset(struct http_head *head, const char *value)
{
	int64_t reset = parse_count(value, EPOCH_MAXIMUM);
	if (reset > head->reset)
		head->reset = reset;
}

static void take_location(struct http_head *head, const char *value)
{
	/* Two of them: ambiguous, which an empty one is as well. */
	buf_reset(&head->location);
	if (!head->has_location)
		buf_add_string(&head->location, value);
	head->has_location = true;
}

static void take_links(struct http_head *head, const char *value)
{
	if (head->links.length > 0)
		buf_add_string(&head->links, ", ");
	buf_add_string(&head->links, value);
}

static void take_content_type(struct http_head *head, const char *value)
{
	snprintf(head->content_type, sizeof(head->content_type), "%s", value);
}

static void take_scopes(struct http_head *head, const char *value)
{
	snprintf(head->scopes, sizeof(head->scopes), "%s", value);
}

static const struct {
	const char *name;
	void (*take)(struct http_head *head, const char *value);
} known[] = {
	{ "Date", take_date },
	{ "Retry-After", take_retry_after },
	{ "X-RateLimit-Remaining", take_remaining }, /* GitHub */
	{ "X-RateLimit-Reset", take_reset },
	{ "RateLimit-Remaining", take_remaining }, /* GitLab */
	{ "RateLimit-Reset", take_reset },
	{ "Location", take_location },
	{ "Link", take_links },
	{ "Content-Type", take_content_type },
	{ "X-OAuth-Scopes", take_scopes },
};

static int take_header(struct http_head *head, char *line, const char **reason)
{
	char *value = strchr(line, ':');
	for (const char *at = line; *at != '\0'; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
			value = NULL;
	if (value == NULL || value == line || strchr(BLANKS, *line) != NULL) {
		*reason = "a header of the reply cannot be read";
		return ERROR_SYNTAX;
	}
	*value++ = '\0';
	value += strspn(value, BLANKS);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(line, known[i].name) == 0)
			known[i].take(head, value);
	return 0;
}

/* A status line: what came before was another reply. */
static void begin(struct http_head *head, const char *line, size_t length)
{
	http_head_release(head);
	http_head_init(head);
	const char *blank = memchr(line, ' ', length);
	head->is_interim =
		blank != NULL && blank + 1 < line + length && blank[1] == '1';
}

int http_head_line(struct http_head *head, const char *line, size_t length,
		   const char **reason)
{
	struct buf text = BUF_INIT(limits_default.values[LIMIT_HTTP_HEADER_BYTES]);
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		begin(head, line, length);
		return 0;
	}
	if (head->is_complete)
		return 0;
	while (length > 0 && strchr("\r\n \t", line[length - 1]) != NULL &&
	       line[length - 1] != '\0')
		length--;
	if (length == 0) {
		head->is_complete = !head->is_interim;
		return 0;
	}
	head->bytes += length;
	if (++head->count > limits_default.values[LIMIT_HTTP_MAX_HEADERS] ||
	    head->bytes > limits_default.values[LIMIT_HTTP_HEADER_BYTES]) {
		*reason = "the reply's headers are over the limit http.max_headers or "
			  "http.header_bytes";
		return ERROR_LIMIT;
	}
	buf_add(&text, line, length);
	int code = text.failed;
	if (code == 0 && memchr(line, '\0', length) != NULL) {
		*reason = "a header of the reply holds a NUL byte";
		code = ERROR_SYNTAX;
	}
	if (code == 0)
		code = take_header(head, text.data, reason);
	buf_release(&text);
	return code;
}

/* --- limits --- */

/* A time of the server's clock by ours: clocks differ. */
static int64_t by_our_clock(const struct http_head *head, int64_t when, int64_t now)
{
	return head->date != 0 ? now + (when - head->date) : when;
}

int64_t http_head_retry_at(const struct http_head *head, int64_t now)
{
	int64_t when = 0;
	if (head->retry_duration >= 0)
		when = now + head->retry_duration;
	else if (head->retry_date != 0)
		when = by_our_clock(head, head->retry_date, now);
	else if (head->remaining == 0 && head->reset >= EPOCH_MINIMUM)
		when = by_our_clock(head, head->reset * CLOCK_SECOND, now);
	else if (head->remaining == 0 && head->reset >= 0)
		when = now + head->reset * CLOCK_SECOND;
	else
		return 0;
	if (when < now)
		when = now;
	return when < now + RETRY_MAXIMUM ? when : now + RETRY_MAXIMUM;
}
