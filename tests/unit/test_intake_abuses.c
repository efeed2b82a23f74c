/* tests/unit/test_intake_abuses.c - H3: abuses of HTTP, as raw bytes. None reaches
 * control, none is taken for another request, none ends intake. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "intake_fixture.h"
#include "unit.h"

#define HOST        "Host: x\r\n"
#define POST        "POST /hooks/forge HTTP/1.1\r\n" HOST
#define SIGNED      "X-Hub-Signature-256: sha256=" ZEROS "\r\n"
#define ZEROS       "0000000000000000000000000000000000000000000000000000000000000000"
#define NEXT        "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
#define BYTES(text) text, sizeof(text) - 1
#define CUT         0  /* the connection ends without an answer */
#define MORE        -1 /* it waits for the rest, until its deadline */

struct abuse {
	const char *name;
	const char *bytes;
	size_t length;
	int status;
	int other; /* as good */
};

static const struct abuse abuses[] = {
	/* two lengths, or a length that is none */
	{ "two lengths", BYTES(POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
	  400, 0 },
	{ "two lengths that differ",
	  BYTES(POST "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" NEXT), 400,
	  0 },
	{ "lengths in other letters",
	  BYTES(POST "Content-Length: 2\r\ncontent-length: 3\r\n\r\n{}" NEXT), 400, 0 },
	{ "a list of lengths", BYTES(POST "Content-Length: 2, 2\r\n\r\n{}"), 400, 0 },
	{ "a length with a sign", BYTES(POST "Content-Length: +2\r\n\r\n{}"), 400, 0 },
	{ "a negative length", BYTES(POST "Content-Length: -2\r\n\r\n{}"), 400, 0 },
	{ "a hexadecimal length", BYTES(POST "Content-Length: 0x2\r\n\r\n{}"), 400, 0 },
	{ "a length with a point", BYTES(POST "Content-Length: 2.0\r\n\r\n{}"), 400,
	  0 },
	{ "an empty length", BYTES(POST "Content-Length: \r\n\r\n{}"), 400, 0 },
	{ "a length in words", BYTES(POST "Content-Length: two\r\n\r\n{}"), 400, 0 },
	{ "a length and rubbish", BYTES(POST "Content-Length: 2 x\r\n\r\n{}"), 400, 0 },
	{ "a length over 2^64",
	  BYTES(POST "Content-Length: 18446744073709551618\r\n\r\n{}"), 413, 400 },
	{ "a length of 2^63",
	  BYTES(POST "Content-Length: 9223372036854775808\r\n\r\n{}"), 413, 400 },
	{ "a length over the limit", BYTES(POST "Content-Length: 27262977\r\n\r\n{}"),
	  413, 0 },
	{ "no length", BYTES(POST "\r\n{}"), 411, 0 },
	{ "no length, HTTP/1.0", BYTES("POST /hooks/forge HTTP/1.0\r\n\r\n{}"), 411,
	  0 },
	/* chunks */
	{ "chunks",
	  BYTES(POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), 411,
	  0 },
	{ "chunks and a length",
	  BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: "
		     "2\r\n\r\n0\r\n\r\n" NEXT),
	  400, 0 },
	{ "a length and chunks",
	  BYTES(POST "Content-Length: 2\r\nTransfer-Encoding: "
		     "chunked\r\n\r\n0\r\n\r\n" NEXT),
	  400, 0 },
	{ "chunks twice",
	  BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "0\r\n\r\n"),
	  411, 400 },
	{ "an unknown encoding and a length",
	  BYTES(POST "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}"), 400,
	  0 },
	{ "identity and a length",
	  BYTES(POST "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}"), 400,
	  0 },
	{ "an encoding behind a tab",
	  BYTES(POST "Transfer-Encoding:\tchunked\r\nContent-Length: 2\r\n\r\n{}"), 400,
	  0 },
	{ "an encoding with a blank in its name",
	  BYTES(POST "Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}"), 400,
	  0 },
	{ "an encoding in a continued line",
	  BYTES(POST "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: "
		     "2\r\n\r\n{}"),
	  401, 400 },
	{ "a body that is encoded",
	  BYTES(POST SIGNED "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
	  415, 0 },
	{ "a GET with a body",
	  BYTES("GET /healthz HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), 400,
	  0 },
	{ "a GET with chunks",
	  BYTES("GET /healthz HTTP/1.1\r\n" HOST "Transfer-Encoding: "
		"chunked\r\n\r\n0\r\n\r\n"),
	  400, 0 },
	/* the first line */
	{ "no method", BYTES(" /hooks/forge HTTP/1.1\r\n" HOST "\r\n"), 400, CUT },
	{ "no path", BYTES("POST\r\n" HOST "\r\n"), 400, CUT },
	{ "no version", BYTES("POST /hooks/forge\r\n" HOST "\r\n"), 400, 411 },
	{ "another protocol", BYTES("POST /hooks/forge SPDY/3\r\n" HOST "\r\n"), 400,
	  505 },
	{ "HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400, 505 },
	{ "HTTP/0.9", BYTES("GET /healthz\r\n\r\n"), 400, 505 },
	{ "HTTP/1.", BYTES("GET /healthz HTTP/1.\r\n" HOST "\r\n"), 400, 505 },
	{ "HTTP/11.1", BYTES("GET /healthz HTTP/11.1\r\n" HOST "\r\n"), 400, 505 },
	{ "http in small letters", BYTES("GET /healthz http/1.1\r\n" HOST "\r\n"), 400,
	  505 },
	{ "a blank in the path", BYTES("GET /healthz x HTTP/1.1\r\n" HOST "\r\n"), 400,
	  CUT },
	{ "a tab for a blank", BYTES("GET\t/healthz\tHTTP/1.1\r\n" HOST "\r\n"), 400,
	  CUT },
	{ "TLS", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400,
	  CUT },
	{ "SSH", BYTES("SSH-2.0-OpenSSH_9.2\r\n\r\n"), 400, CUT },
	{ "CONNECT", BYTES("CONNECT example.org:443 HTTP/1.1\r\n" HOST "\r\n"), 400,
	  405 },
	{ "an absolute address",
	  BYTES("GET http://evil.example/healthz HTTP/1.1\r\n" HOST "\r\n"), 400, 404 },
	{ "a star", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 400, 0 },
	{ "PUT",
	  BYTES("PUT /hooks/forge HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 405,
	  0 },
	{ "GET of a hook", BYTES("GET /hooks/forge HTTP/1.1\r\n" HOST "\r\n"), 405, 0 },
	{ "HEAD of a hook", BYTES("HEAD /hooks/forge HTTP/1.1\r\n" HOST "\r\n"), 405,
	  0 },
	{ "post in small letters",
	  BYTES("post /hooks/forge HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 405,
	  0 },
	/* paths */
	{ "an escaped slash", BYTES("GET /api%2fv1 HTTP/1.1\r\n" HOST "\r\n"), 400, 0 },
	{ "an escaped NUL", BYTES("GET /healthz%00 HTTP/1.1\r\n" HOST "\r\n"), 400, 0 },
	/* the library ends the path there, and drops what is behind */
	{ "a NUL", BYTES("GET /healthz\0 HTTP/1.1\r\n" HOST "\r\n"), 400, 200 },
	{ "half an escape", BYTES("GET /healthz% HTTP/1.1\r\n" HOST "\r\n"), 400, 0 },
	{ "a bad escape", BYTES("GET /health%zz HTTP/1.1\r\n" HOST "\r\n"), 400, 0 },
	{ "a byte over 127", BYTES("GET /health\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"), 400,
	  0 },
	{ "a fragment", BYTES("GET /healthz#a HTTP/1.1\r\n" HOST "\r\n"), 400, 0 },
	{ "dots", BYTES("GET /hooks/../api/v1 HTTP/1.1\r\n" HOST "\r\n"), 404, 0 },
	{ "escaped dots", BYTES("GET /%2e%2e/etc/passwd HTTP/1.1\r\n" HOST "\r\n"), 404,
	  0 },
	{ "a backslash", BYTES("GET \\healthz HTTP/1.1\r\n" HOST "\r\n"), 400, 0 },
	{ "no source",
	  BYTES("POST /hooks/ HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 404, 0 },
	{ "a source with a slash",
	  BYTES("POST /hooks/a/b HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 404,
	  0 },
	/* headers */
	{ "no host", BYTES("GET /healthz HTTP/1.1\r\n\r\n"), 400, 0 },
	{ "a header without colon",
	  BYTES("GET /healthz HTTP/1.1\r\n" HOST "nonsense\r\n\r\n"), 400, CUT },
	{ "a header without name",
	  BYTES("GET /healthz HTTP/1.1\r\n" HOST ": value\r\n\r\n"), 400, 200 },
	{ "a blank in a name",
	  BYTES("GET /healthz HTTP/1.1\r\n" HOST "Bad Name: x\r\n\r\n"), 400, 0 },
	{ "a blank before the colon",
	  BYTES("GET /healthz HTTP/1.1\r\n" HOST "Name : x\r\n\r\n"), 400, 0 },
	{ "a NUL in a name", BYTES("GET /healthz HTTP/1.1\r\n" HOST "A\0B: x\r\n\r\n"),
	  400, 0 },
	{ "the signature twice",
	  BYTES(POST SIGNED SIGNED "Content-Length: 2\r\n\r\n{}"), 401, 0 },
	{ "the signature in a continued line",
	  BYTES(POST "X-Hub-Signature-256:\r\n sha256=" ZEROS "\r\nContent-Length: "
		     "2\r\n\r\n{}"),
	  401, 400 },
	{ "an unknown expectation",
	  BYTES(POST "Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}"), 401, 417 },
	{ "an upgrade",
	  BYTES("GET /healthz HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: "
		"h2c\r\n\r\n"),
	  200, 0 },
	/* ends */
	{ "bare line feeds",
	  BYTES("POST /hooks/forge HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}"), 401,
	  400 },
	{ "a second request in the body",
	  BYTES(POST "Content-Length: 49\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n"
		     "\r\n123456789012345"),
	  401, 0 },
	{ "an unfinished line", BYTES("GET /healthz HTT"), MORE, 0 },
	{ "unfinished headers", BYTES(POST "Content-Le"), MORE, 0 },
	{ "an unfinished body", BYTES(POST "Content-Length: 20\r\n\r\n{}"), MORE, 0 },
	{ "blank lines for ever", BYTES("\r\n\r\n\r\n\r\n\r\n\r\n"), MORE, 400 },
};
#define ABUSES (sizeof(abuses) / sizeof(abuses[0]))

/* Status of the first answer; CUT, or MORE when nothing comes. */
static int status_of(int client, struct buf *seen)
{
	struct pollfd entry = { client, POLLIN, 0 };
	char bytes[4096];

	while (!strstr(seen->data, "\r\n\r\n")) {
		if (poll(&entry, 1, seen->length ? 5000 : 300) != 1)
			return MORE;
		ssize_t got = recv(client, bytes, sizeof(bytes), 0);
		if (got <= 0)
			return CUT;
		buf_add(seen, bytes, (size_t)got);
	}
	return (int)strtol(seen->data + strlen("HTTP/1.1 "), NULL, 10);
}

static void check_alive(const struct fixture *fixture, const char *name)
{
	struct answer answer;
	int client = client_connect(fixture, DOOR_NETWORK);

	client_send(client, NEXT);
	client_receive(client, &answer);
	ck_assert_msg(answer.status == 200, "behind '%s': %d", name, answer.status);
	answer_release(&answer);
	close(client);
}

static void check_abuse(const struct fixture *fixture, const struct abuse *abuse,
			int door)
{
	struct buf seen = BUF_INIT((size_t)1 << 20);
	char bytes[4096];
	int client = client_connect(fixture, door);

	client_send_bytes(client, abuse->bytes, abuse->length);
	int status = status_of(client, &seen);
	ck_assert_msg(
		status == abuse->status || (status && status == abuse->other) ||
			(status == CUT && abuse->other == CUT && abuse->status == 400),
		"%s: %d, not %d: %s", abuse->name, status, abuse->status, seen.data);
	/* What is ambiguous is never followed by the answer to a second request. */
	if (status == 400 || status == 413 || status == 411) {
		struct pollfd entry = { client, POLLIN, 0 };
		while (poll(&entry, 1, 2000) == 1) {
			ssize_t got = recv(client, bytes, sizeof(bytes), 0);
			if (got <= 0)
				break;
			buf_add(&seen, bytes, (size_t)got);
		}
		ck_assert_msg(strstr(seen.data, "\nok\n") == NULL, "%s: %s",
			      abuse->name, seen.data);
	}
	close(client);
	buf_release(&seen);
	check_alive(fixture, abuse->name);
}

START_TEST(every_abuse_is_refused_and_harms_nobody)
{
	struct fixture fixture;

	ck_assert_uint_ge(ABUSES, 60);
	fixture_open(&fixture, NULL, 0);
	control_sources(&fixture, "forge", "a secret", NULL);
	usleep(100000);
	for (size_t i = 0; i < ABUSES; i++)
		for (int door = 0; door < 2; door++)
			check_abuse(&fixture, &abuses[i], door);
	ck_assert(control_is_quiet(&fixture));
	fixture_close(&fixture);
}
END_TEST

/* Sent a byte at a time, everything means the same. */
START_TEST(abuses_in_single_bytes_mean_the_same)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	control_sources(&fixture, "forge", "a secret", NULL);
	usleep(100000);
	for (size_t i = 0; i < ABUSES; i += 3) {
		struct buf seen = BUF_INIT((size_t)1 << 20);
		int client = client_connect(&fixture, DOOR_LOCAL);
		for (size_t at = 0; at < abuses[i].length; at++)
			client_send_bytes(client, abuses[i].bytes + at, 1);
		int status = status_of(client, &seen);
		ck_assert_msg(status != 200 || abuses[i].status == 200, "%s: %s",
			      abuses[i].name, seen.data);
		ck_assert_msg(status != 202, "%s", abuses[i].name);
		close(client);
		buf_release(&seen);
	}
	check_alive(&fixture, "single bytes");
	ck_assert(control_is_quiet(&fixture));
	fixture_close(&fixture);
}
END_TEST

UNIT_MAIN("intake abuses", every_abuse_is_refused_and_harms_nobody,
	  abuses_in_single_bytes_mean_the_same)
