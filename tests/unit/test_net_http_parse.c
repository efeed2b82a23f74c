/* tests/unit/test_net_http_parse.c - what addresses and headers mean. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "net/http.h"
#include "net/http_address.h"
#include "net/http_head.h"
#include "unit.h"

#define NOW (INT64_C(1790000000) * CLOCK_SECOND)

/* --- addresses --- */

START_TEST(addresses_of_one_origin_are_known)
{
	static const char *const same[][2] = {
		{ "https://git.example.org", "https://git.example.org/" },
		{ "https://git.example.org/api", "HTTPS://Git.Example.ORG:443/x?y#z" },
		{ "http://git.example.org:80", "http://git.example.org?x" },
		{ "http://127.0.0.1:8080", "http://127.0.0.1:8080#x" },
		{ "https://[::1]:8443/", "https://[::1]:8443/@/://" },
		{ "https://[2001:DB8::1]", "https://[2001:db8::1]:443" },
		{ "http://a_b/", "http://a_b" },
	};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		ck_assert_msg(http_same_origin(same[i][0], same[i][1]), "%s, %s",
			      same[i][0], same[i][1]);
}
END_TEST

START_TEST(anything_odd_is_of_no_origin)
{
	static const char *const others[] = {
		"",
		"/",
		"//git.example.org",
		"git.example.org",
		"http://git.example.org",
		"https://git.example.org:8443",
		"https://git.example.org:80",
		"https://git.example.org:",
		"https://git.example.org:0443",
		"https://git.example.org:443x",
		"https://git.example.org:4430000000000000443",
		"https://git.example.org:65979", /* 443 in 16 bits */
		"https://git.example.org:-443",
		"https://git.example.org:443:443",
		"https://git.example.org.",
		"https://git.example.org.evil.example",
		"https://git.example.orgevil",
		"https://evil.example/https://git.example.org",
		"https://user@git.example.org",
		"https://user:pass@git.example.org",
		"https://git.example.org@evil.example",
		"https://git.example.org:443@evil.example",
		"https://a@b@git.example.org",
		"https://@git.example.org",
		"https://git.example.org\\@evil.example",
		"https://git.example.org\\.evil.example",
		"https:\\\\git.example.org",
		"https:/git.example.org",
		"https:git.example.org",
		"https:///git.example.org",
		"https://git.example.org%2eevil.example",
		"https://git.example.org%00.evil.example",
		"https://git%2eexample.org",
		"https://git.example.org\n.evil.example",
		"https://git.example.org\t",
		" https://git.example.org",
		"https://git.example.org ",
		"https://git.example.org/a b",
		"https://git.example.org/\x7f",
		"https://git.example.org/\xc3\xa9",
		"https://git\xe2\x80\xa4\x65xample.org",
		"ftp://git.example.org",
		"httpss://git.example.org",
		"https://[git.example.org]",
		"https://[::1",
		"https://[]",
		"https://[fe80::1%25eth0]",
		"https://",
		"https://:443",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ck_assert_msg(!http_same_origin("https://git.example.org", others[i]),
			      "%s", others[i]);
		ck_assert_msg(!http_same_origin(others[i], "https://git.example.org"),
			      "%s", others[i]);
	}
	char longest[400] = "https://";
	memset(longest + 8, 'a', 300);
	ck_assert(!http_same_origin(longest, longest));
	/* Not even of its own. */
	ck_assert(!http_same_origin("https://a@b/", "https://a@b/"));
	ck_assert(!http_same_origin("https://a\\b", "https://a\\b"));
}
END_TEST

START_TEST(references_are_resolved)
{
	static const struct {
		const char *from, *reference, *address; /* NULL: refused */
	} cases[] = {
		{ "https://h/a/b?c#d", "", "https://h/a/b?c" },
		{ "https://h/a/b?c#d", "#x", "https://h/a/b?c" },
		{ "https://h/a/b?c", "?x=y", "https://h/a/b?x=y" },
		{ "https://h/a/b?c", "d", "https://h/a/d" },
		{ "https://h/a/b?c/d", "e?f#g", "https://h/a/e?f" },
		{ "https://h/a/b", "../d", "https://h/a/../d" },
		{ "https://h", "d", "https://h/d" },
		{ "https://h?q", "d", "https://h/d" },
		{ "https://h?q", "#d", "https://h/?q" },
		{ "https://h", "?d", "https://h/?d" },
		{ "https://h/a", "/d", "https://h/d" },
		{ "https://h/a", "/", "https://h/" },
		{ "https://h:8443/a", "https://H:8443", "https://h:8443/" },
		{ "https://h:8443/a", "HTTPS://h:8443/d?e=f&g#i",
		  "https://h:8443/d?e=f&g" },
		{ "https://h/a", "https://h:443/d", "https://h/d" },
		{ "https://h/a", "https://h?d", "https://h/?d" },
		{ "https://h/a", "//h/d", "https://h/d" },
		{ "https://h/a", "//h", "https://h/" },
		{ "http://[::1]:3000/a", "//[::1]:3000/d", "http://[::1]:3000/d" },
		{ "https://h/a", "/d:e@f", "https://h/d:e@f" },
		{ "https://h/a", "./d:e", "https://h/./d:e" },
		{ "https://h/a", "d:e", NULL },
		{ "https://h/a", "//evil/d", NULL },
		{ "https://h/a", "///evil/d", NULL },
		{ "https://h/a", "//h@evil/d", NULL },
		{ "https://h/a", "http://h/d", NULL },
		{ "https://h/a", "javascript:alert(1)", NULL },
		{ "https://h/a", "/d\\e", NULL },
		{ "https://h/a", "/d\re", NULL },
		{ "nonsense", "/d", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT(1000);
		int code =
			http_address_resolve(cases[i].from, cases[i].reference, &out);
		ck_assert_msg(code == (cases[i].address ? 0 : ERROR_FORBIDDEN_HOST),
			      "%s: %d", cases[i].reference, code);
		ck_assert_str_eq(out.data, cases[i].address ? cases[i].address : "");
		buf_release(&out);
	}
}
END_TEST

START_TEST(values_are_escaped)
{
	struct buf out = BUF_INIT(1000);
	http_escape(&out, "a/b c?d#e&f=g+h%i~j-k.l_m\\\n\xc3\xa9:@");
	ck_assert_str_eq(out.data, "a%2Fb%20c%3Fd%23e%26f%3Dg%2Bh%25i~j-k.l_m%5C%0A%C3%"
				   "A9%3A%40");
	buf_release(&out);
}
END_TEST

/* --- headers --- */

START_TEST(links_are_read)
{
	static const struct {
		const char *links, *next; /* NULL: it cannot be read */
	} cases[] = {
		{ "", "" },
		{ " , ,", "" },
		{ "<https://h/?page=2>; rel=\"next\"", "https://h/?page=2" },
		{ "<https://h/?page=2>; rel=next", "https://h/?page=2" },
		{ "<https://h/?page=2>;rel = \"next\" ", "https://h/?page=2" },
		{ "<a>; REL=\"NEXT\"", "a" },
		{ "<a>; rel=\"prev next\"", "a" },
		{ "<a>; rel=\"  last\tnext \"", "a" },
		{ "<a>; rel=\"nextish\"", "" },
		{ "<a>; rel=\"prev\"; rel=\"next\"", "" },
		{ "<a>; title=\"; rel=\\\"next\\\"\"; rel=last", "" },
		{ "<a>; title=\"<b>; rel=next, \"; rel=next", "a" },
		{ "<a>; title*=UTF-8'en'x; rel=next", "a" },
		{ "<a>; rel", "" },
		{ "<a>; rel; rel=next", "" },
		{ "<a>;; rel=next;", "a" },
		{ "<a>; anchor=\"/other\"; rel=next", "" },
		{ "<p>; rel=prev, <n>; rel=next, <l>; rel=last", "n" },
		{ "<p>; rel=prev,<n,m;o>; rel=next", "n,m;o" },
		{ "<a>; rel=next, <a>; rel=next", "a" },
		{ "<a>", "" },
		{ "<>; rel=prev", "" },
		{ "<>; rel=next", NULL },
		{ "<a>; rel=next, <b>; rel=next", NULL },
		{ "<a>; rel=next, <ab>; rel=next", NULL },
		{ "a; rel=next", NULL },
		{ "<a; rel=next", NULL },
		{ "<a<b>; rel=next", NULL },
		{ "<a>; rel=\"next", NULL },
		{ "<a>; rel=\"next\\", NULL },
		{ "<a>; rel=", NULL },
		{ "<a>; rel=next <b>; rel=prev", NULL },
		{ "<a> rel=next", NULL },
		{ "<a>; rel=\"next\"x", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf next = BUF_INIT(1000);
		int code = http_head_next_link(cases[i].links, &next);
		ck_assert_msg(code == (cases[i].next ? 0 : ERROR_SYNTAX), "%s: %d",
			      cases[i].links, code);
		ck_assert_str_eq(next.data, cases[i].next ? cases[i].next : "");
		buf_release(&next);
	}
}
END_TEST

START_TEST(dates_are_read)
{
	static const struct {
		const char *text;
		int64_t seconds; /* 0: it is none */
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Thu, 29 Feb 2024 23:59:60 GMT", 1709251200 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 0 },
		{ "Sun Nov  6 08:49:37 1994", 0 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", 0 },
		{ "Sun, 06 Nov 1994 08:49:37 +0000", 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", 0 },
		{ "Sun, 06 Nov 1994 08:49:37", 0 },
		{ "Sun, 06 Nov 1969 08:49:37 GMT", 0 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 32 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nix 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:49:61 GMT", 0 },
		{ "Sun, -6 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 1994 08:49:3x GMT", 0 },
		{ "", 0 },
		{ "0", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(http_head_parse_date(cases[i].text) ==
				      cases[i].seconds * CLOCK_SECOND,
			      "%s", cases[i].text);
}
END_TEST

static int feed(struct http_head *head, const char *text)
{
	int code = 0;
	const char *reason = NULL;
	while (*text != '\0' && code == 0) {
		size_t length = strcspn(text, "\n") + 1;
		code = http_head_line(head, text, length, &reason);
		text += length;
	}
	ck_assert((code == 0) == (reason == NULL));
	return code;
}

#define OK "HTTP/1.1 200 OK\r\n"

START_TEST(when_to_come_back_is_understood)
{
	static const struct {
		const char *headers;
		int64_t seconds; /* from now; -1: nothing said */
	} cases[] = {
		{ "", -1 },
		{ "Retry-After: 0\r\n", 0 },
		{ "retry-after:  120 \r\n", 120 },
		{ "Retry-After: 99999999999999999\r\n", 86400 },
		{ "Retry-After: 99999999999999999999999\r\n", -1 },
		{ "Retry-After: -1\r\n", -1 },
		{ "Retry-After: 1.5\r\n", -1 },
		{ "Retry-After: soon\r\n", -1 },
		{ "Retry-After:\r\n", -1 },
		/* 1790000000 is Mon, 21 Sep 2026 14:13:20 GMT */
		{ "Retry-After: Mon, 21 Sep 2026 14:14:20 GMT\r\n", 60 },
		{ "Retry-After: Mon, 21 Sep 2026 14:10:20 GMT\r\n", 0 },
		{ "Retry-After: Mon, 21 Sep 2099 14:10:20 GMT\r\n", 86400 },
		/* the server's clock is an hour ahead */
		{ "Date: Mon, 21 Sep 2026 15:13:20 GMT\r\n"
		  "Retry-After: Mon, 21 Sep 2026 15:13:50 GMT\r\n",
		  30 },
		{ "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1790000100\r\n",
		  100 },
		{ "x-ratelimit-remaining: 1\r\nx-ratelimit-reset: 1790000100\r\n", -1 },
		{ "x-ratelimit-remaining: 0\r\n", -1 },
		{ "x-ratelimit-reset: 1790000100\r\n", -1 },
		{ "RateLimit-Remaining: 0\r\nRateLimit-Reset: 1790000007\r\n", 7 },
		{ "RateLimit-Remaining: 0\r\nRateLimit-Reset: 45\r\n", 45 },
		{ "RateLimit-Remaining: 0\r\nRateLimit-Reset: 1780000000\r\n", 0 },
		{ "RateLimit-Remaining: 0\r\nRateLimit-Reset: 18446744073709551615\r\n",
		  86400 },
		{ "Date: Mon, 21 Sep 2026 14:03:20 GMT\r\nRateLimit-Remaining: 0\r\n"
		  "RateLimit-Reset: 1789999410\r\n",
		  10 },
		{ "Retry-After: 5\r\nX-RateLimit-Remaining: 0\r\n"
		  "X-RateLimit-Reset: 1790000100\r\n",
		  5 },
		{ "X-RateLimit-Remaining: 50\r\nRateLimit-Remaining: 0\r\n"
		  "RateLimit-Reset: 1790000007\r\n",
		  7 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head head;
		http_head_init(&head);
		ck_assert_int_eq(feed(&head, OK), 0);
		ck_assert_int_eq(feed(&head, cases[i].headers), 0);
		int64_t wanted = cases[i].seconds < 0
					 ? 0
					 : NOW + cases[i].seconds * CLOCK_SECOND;
		ck_assert_msg(http_head_retry_at(&head, NOW) == wanted, "%s",
			      cases[i].headers);
		http_head_release(&head);
	}
}
END_TEST

START_TEST(only_the_last_reply_counts_and_no_trailer)
{
	struct http_head head;
	http_head_init(&head);
	ck_assert_int_eq(feed(&head, "HTTP/1.1 100 Continue\r\nLocation: /x\r\n\r\n"
				     "HTTP/1.1 103 Early Hints\r\nLink: <a>; "
				     "rel=next\r\n"
				     "\r\nHTTP/2 200 \r\ncontent-type: "
				     "application/json\r\n"
				     "x-oauth-scopes: repo, admin:repo_hook\r\n"
				     "link: <a>; rel=prev\r\nlink: <b>; "
				     "rel=next\r\n\r\n"
				     "Location: /trailer\r\nLink: <c>; rel=next\r\n"),
			 0);
	ck_assert(!head.has_location);
	ck_assert_str_eq(head.links.data, "<a>; rel=prev, <b>; rel=next");
	ck_assert_str_eq(head.content_type, "application/json");
	ck_assert_str_eq(head.scopes, "repo, admin:repo_hook");
	http_head_release(&head);
}
END_TEST

START_TEST(two_locations_are_none)
{
	struct http_head head;
	http_head_init(&head);
	ck_assert_int_eq(feed(&head, OK "Location: /x\r\nlocation: /y\r\n\r\n"), 0);
	ck_assert_uint_eq(head.location.length, 0);
	http_head_release(&head);
}
END_TEST

START_TEST(headers_that_cannot_be_read_are_errors)
{
	static const char *const lines[] = { "no colon\r\n",   ": x\r\n",
					     " folded: x\r\n", "\tfolded: x\r\n",
					     "A: b\rc\r\n",    "A: \x1b[0m\r\n",
					     "A: \x7f\r\n" };
	const char *reason = NULL;
	struct http_head head;
	http_head_init(&head);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(feed(&head, OK), 0);
		ck_assert_msg(feed(&head, lines[i]) == ERROR_SYNTAX, "%zu", i);
	}
	ck_assert_int_eq(http_head_line(&head, "A: b\0c\r\n", 8, &reason),
			 ERROR_SYNTAX);
	/* Long values are cut, not overrun. */
	char line[600];
	snprintf(line, sizeof(line), "Content-Type: %0500d\r\n", 7);
	ck_assert_int_eq(feed(&head, line), 0);
	ck_assert_uint_eq(strlen(head.content_type), sizeof(head.content_type) - 1);
	http_head_release(&head);
}
END_TEST

START_TEST(headers_are_bounded)
{
	struct http_head head;
	char line[2048];
	int code = 0, count;
	http_head_init(&head);
	feed(&head, OK);
	for (count = 0; code == 0; count++)
		code = feed(&head, "A: b\r\n");
	ck_assert_int_eq(code, ERROR_LIMIT);
	ck_assert_int_eq(count, 65);
	feed(&head, OK);
	snprintf(line, sizeof(line), "A: %01500d\r\n", 7);
	code = 0;
	for (count = 0; code == 0; count++)
		code = feed(&head, line);
	ck_assert_int_eq(code, ERROR_LIMIT);
	ck_assert_int_eq(count, 11);
	http_head_release(&head);
}
END_TEST

UNIT_MAIN("net-http-parse", addresses_of_one_origin_are_known,
	  anything_odd_is_of_no_origin, references_are_resolved, values_are_escaped,
	  links_are_read, dates_are_read, when_to_come_back_is_understood,
	  only_the_last_reply_counts_and_no_trailer, two_locations_are_none,
	  headers_that_cannot_be_read_are_errors, headers_are_bounded)
