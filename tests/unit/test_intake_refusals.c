/* tests/unit/test_intake_refusals.c - whatever is not a good request gets its status
 * and code, and control never hears of it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "intake_fixture.h"
#include "unit.h"

#define HOST "Host: x\r\n"
#define A40  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct refusal {
	const char *request; /* its line and headers; or "POST path" when body is set */
	const char *body;
	int status;
	const char *code; /* NULL: the HTTP library answers before us */
	const char *says; /* in the answer */
};

static const struct refusal local_refusals[] = {
	/* routes */
	{ "GET /nope HTTP/1.1\r\n" HOST, NULL, 404, "not-found", "/api/v1" },
	{ "GET / HTTP/1.1\r\n" HOST, NULL, 404, "not-found", NULL },
	{ "GET /api/v1/repositoriez HTTP/1.1\r\n" HOST, NULL, 404, "not-found",
	  "did you mean '/api/v1/repositories'" },
	{ "GET /api/v1/ HTTP/1.1\r\n" HOST, NULL, 404, "not-found", NULL },
	{ "GET /healthz/ HTTP/1.1\r\n" HOST, NULL, 404, "not-found", NULL },
	{ "GET //healthz HTTP/1.1\r\n" HOST, NULL, 404, "not-found", NULL },
	{ "POST /api/v1/targets/web/explode", "{}", 404, "not-found", NULL },
	{ "POST /api/v1/targets//deploy", "{}", 404, "not-found", NULL },
	{ "POST /api/v1/targets/a/b/deploy", "{}", 404, "not-found", NULL },
	{ "POST /api/v1/repositories/x/polls", "{}", 404, "not-found", NULL },
	/* methods */
	{ "POST /healthz", "{}", 405, "usage", "GET, HEAD" },
	{ "POST /api/v1/targets", "{}", 405, "usage", "GET, HEAD" },
	{ "DELETE /api/v1/targets HTTP/1.1\r\n" HOST, NULL, 405, "usage", NULL },
	{ "OPTIONS /metrics HTTP/1.1\r\n" HOST, NULL, 405, "usage", NULL },
	{ "TRACE /metrics HTTP/1.1\r\n" HOST, NULL, 405, "usage", NULL },
	{ "GET /api/v1/hints HTTP/1.1\r\n" HOST, NULL, 405, "usage", "POST" },
	{ "HEAD /api/v1/hintz HTTP/1.1\r\n" HOST, NULL, 404, NULL, NULL },
	{ "PUT /api/v1/hints HTTP/1.1\r\nContent-Length: 0\r\n" HOST, NULL, 405,
	  "usage", "POST" },
	{ "get /healthz HTTP/1.1\r\n" HOST, NULL, 405, "usage", NULL },
	/* parameters */
	{ "GET /api/v1/deployments?targt=web HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  "did you mean 'target'" },
	{ "GET /api/v1/targets?target=web HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  "no parameter 'target'" },
	{ "GET /api/v1/changes?limit=0 HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  "limit" },
	{ "GET /api/v1/changes?limit=201 HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  "200" },
	{ "GET /api/v1/changes?limit=-1 HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /api/v1/changes?limit=1e2 HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /api/v1/changes?limit=+1 HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /api/v1/changes?limit HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /api/v1/changes?limit= HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /api/v1/changes?before=0x10 HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  NULL },
	{ "GET /api/v1/changes?before=99999999999999999999 HTTP/1.1\r\n" HOST, NULL,
	  400, "usage", NULL },
	{ "GET /api/v1/changes?limit=1&limit=2 HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  "twice" },
	{ "GET /api/v1/changes?Limit=1 HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /api/v1/refs HTTP/1.1\r\n" HOST, NULL, 400, "usage", "'repository'" },
	{ "GET /api/v1/findings HTTP/1.1\r\n" HOST, NULL, 400, "usage", "'id'" },
	{ "GET /api/v1/findings?id=0 HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /api/v1/refs?repository= HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  "empty" },
	{ "GET /api/v1/refs?repository=%ff HTTP/1.1\r\n" HOST, NULL, 400, "encoding",
	  "UTF-8" },
	/* addresses */
	{ "GET /healthz%00 HTTP/1.1\r\n" HOST, NULL, 400, "usage", "escape" },
	{ "GET /api/v1/refs?repository=a%00b HTTP/1.1\r\n" HOST, NULL, 400, "usage",
	  "escape" },
	{ "GET /api%2fv1/targets HTTP/1.1\r\n" HOST, NULL, 400, "usage", "escape" },
	{ "GET /healthz?%zz HTTP/1.1\r\n" HOST, NULL, 400, "usage", "escape" },
	{ "GET /healthz?% HTTP/1.1\r\n" HOST, NULL, 400, "usage", "escape" },
	{ "GET /health\x7fz HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET /healthz#x HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	{ "GET http://x/healthz HTTP/1.1\r\n" HOST, NULL, 400, "usage", NULL },
	/* framing */
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: "
	  "3\r\n",
	  NULL, 400, "usage", "twice" },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: "
	  "2\r\n",
	  NULL, 400, "usage", "twice" },
	{ "GET /healthz HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 0\r\n",
	  NULL, 400, "usage", "twice" },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Content-Length: "
	  "2\r\nTransfer-Encoding: chunked\r\n",
	  NULL, 400, "usage", "exclude" },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Transfer-Encoding: "
	  "chunked\r\nContent-Length: 2\r\n",
	  NULL, 400, "usage", "exclude" },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST, NULL, 411, "usage", NULL },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n", NULL,
	  411, "usage", NULL },
	{ "POST /api/v1/hints HTTP/1.0\r\n", NULL, 411, "usage", NULL },
	{ "GET /healthz HTTP/1.1\r\n" HOST "Content-Length: 2\r\n", NULL, 400, "usage",
	  "body" },
	{ "GET /healthz HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n", NULL, 400,
	  "usage", "body" },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Content-Length: x\r\n", NULL, 400,
	  NULL, NULL },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Content-Length: -1\r\n", NULL, 400,
	  NULL, NULL },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Content-Length: "
	  "99999999999999999999999\r\n",
	  NULL, 413, NULL, NULL },
	{ "POST /api/v1/hints HTTP/1.1\r\n" HOST "Content-Length: 8388609\r\n", NULL,
	  413, "limit", "http.hint_body" },
	{ "POST /api/v1/targets/web/deploy HTTP/1.1\r\n" HOST "Content-Length: "
	  "1048577\r\n",
	  NULL, 413, "limit", "http.api_body" },
	{ "GET /healthz HTTP/1.1\r\n" HOST "Bad Name: x\r\n", NULL, 400, NULL, NULL },
	{ "GET /healthz HTTP/1.1\r\n", NULL, 400, NULL, NULL },
	/* bodies */
	{ "POST /api/v1/targets/web/deploy", "{", 400, "syntax", "line 1" },
	{ "POST /api/v1/targets/web/deploy", "[]", 400, "syntax", "object" },
	{ "POST /api/v1/targets/web/deploy", "\"x\"", 400, "syntax", NULL },
	{ "POST /api/v1/targets/web/deploy", "{\"reason\":\"a\",\"reason\":\"b\"}", 400,
	  "duplicate-key", NULL },
	{ "POST /api/v1/targets/web/deploy", "{\"comit\":\"\"}", 400, "usage",
	  "did you mean 'commit'" },
	{ "POST /api/v1/targets/web/deploy", "{\"generation\":1}", 400, "usage",
	  "generation" },
	{ "POST /api/v1/targets/web/deploy", "{\"commit\":\"abc\"}", 400, "usage",
	  "40 or 64" },
	{ "POST /api/v1/targets/web/deploy", "{\"commit\":\"" A40 "A\"}", 400, "usage",
	  NULL },
	{ "POST /api/v1/targets/web/deploy", "{\"commit\":\"" B64 "b\"}", 413, "limit",
	  NULL },
	{ "POST /api/v1/targets/web/deploy", "{\"commit\":1}", 400, "usage", NULL },
	{ "POST /api/v1/targets/web/deploy", "{\"release\":\"yes\"}", 400, "usage",
	  NULL },
	{ "POST /api/v1/targets/web/deploy", "{\"reason\":[]}", 400, "usage", NULL },
	{ "POST /api/v1/targets/web/deploy", "{\"reason\":\"a\\u0000b\"}", 400, NULL,
	  NULL },
	{ "POST /api/v1/targets/web/rollback", "{\"generation\":0}", 400, "usage",
	  NULL },
	{ "POST /api/v1/targets/web/rollback", "{\"generation\":\"1\"}", 400, "usage",
	  NULL },
	{ "POST /api/v1/targets/web/rollback", "{\"generation\":1.5}", 400, "usage",
	  NULL },
	{ "POST /api/v1/targets/web/rollback", "{\"commit\":\"" A40 "\"}", 400, "usage",
	  NULL },
	{ "POST /api/v1/targets/%ff/suspend", "{}", 400, "encoding", NULL },
	{ "POST /api/v1/backup", "{\"reason\":\"x\"}", 400, "usage", NULL },
	/* hints */
	{ "POST /api/v1/hints", "", 400, "usage", "'repository'" },
	{ "POST /api/v1/hints", "{}", 400, "usage", "'repository'" },
	{ "POST /api/v1/hints", "{\"path\":\"a/b\"}", 400, "usage", "absolute" },
	{ "POST /api/v1/hints", "{\"repository\":\"r\",\"refs\":{}}", 400, "usage",
	  "array" },
	{ "POST /api/v1/hints", "{\"repository\":\"r\",\"refs\":[1]}", 400, "usage",
	  NULL },
	{ "POST /api/v1/hints",
	  "{\"repository\":\"r\",\"refs\":[{\"ref\":\"refs/heads/a\",\"new\":\"" A40
	  "\"}]}",
	  400, "usage", "'old'" },
	{ "POST /api/v1/hints",
	  "{\"repository\":\"r\",\"refs\":[{\"ref\":\"refs/heads/a\",\"old\":\"" A40
	  "\",\"new\":\"" B64 "\"}]}",
	  400, "usage", NULL },
	{ "POST /api/v1/hints",
	  "{\"repository\":\"r\",\"refs\":[{\"ref\":\"refs/heads/a b\",\"old\":\"" A40
	  "\",\"new\":\"" A40 "\"}]}",
	  400, "unsafe-path", NULL },
	{ "POST /api/v1/hints", "{\"repository\":\"r\",\"pusher\":1}", 400, "usage",
	  NULL },
	{ "POST /api/v1/hints", "{\"repository\":\"r\",\"uid\":0}", 400, "usage",
	  "unknown key" },
};

static void write_request(const struct refusal *row, struct buf *out)
{
	if (row->body)
		buf_addf(out, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
			 row->request, strlen(row->body), row->body);
	else
		buf_addf(out, "%s\r\n", row->request);
}

static void check_refusal(const struct fixture *fixture, const struct refusal *row,
			  bool local)
{
	struct buf request = BUF_INIT((size_t)1 << 20);
	struct answer answer;
	char code[64];

	write_request(row, &request);
	int client = client_connect(fixture, local);
	client_send(client, request.data);
	if (strncmp(row->request, "HEAD", 4) == 0)
		client_receive_head(client, &answer);
	else
		client_receive(client, &answer);
	ck_assert_msg(answer.status == row->status, "%s%s: %d, not %d: %s",
		      row->request, row->body ? row->body : "", answer.status,
		      row->status, answer.body.data);
	snprintf(code, sizeof(code), "{\"error\":{\"code\":\"%s\"",
		 row->code ? row->code : "");
	if (row->code) {
		ck_assert_msg(strncmp(answer.body.data, code, strlen(code)) == 0,
			      "%s%s: %s", row->request, row->body ? row->body : "",
			      answer.body.data);
		ck_assert_ptr_nonnull(strstr(answer.head.data, "Cache-Control: "
							       "no-store"));
		ck_assert_ptr_nonnull(strstr(answer.head.data, "X-Content-Type-Options:"
							       " nosniff"));
	}
	if (row->says)
		ck_assert_msg(strstr(answer.body.data, row->says) != NULL, "%s: %s",
			      row->request, answer.body.data);
	if (row->status == 405)
		ck_assert_ptr_nonnull(strstr(answer.head.data, "Allow: "));
	close(client);
	answer_release(&answer);
	buf_release(&request);
}

START_TEST(every_bad_request_gets_its_status_and_code)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	for (size_t i = 0; i < sizeof(local_refusals) / sizeof(local_refusals[0]); i++)
		check_refusal(&fixture, &local_refusals[i], true);
	ck_assert(control_is_quiet(&fixture));
	fixture_close(&fixture);
}
END_TEST

START_TEST(other_listeners_take_no_hints_and_no_commands_without_a_token)
{
	static const struct refusal rows[] = {
		{ "POST /api/v1/hints", "{\"repository\":\"r\"}", 403, "permission",
		  "local" },
		{ "POST /api/v1/targets/web/deploy", "{}", 401, "unauthenticated",
		  "'deploy'" },
		{ "POST /api/v1/targets/web/rollback", "{}", 401, "unauthenticated",
		  "'deploy'" },
		{ "POST /api/v1/targets/web/suspend", "{}", 401, "unauthenticated",
		  "'deploy'" },
		{ "POST /api/v1/targets/web/resume", "{}", 401, "unauthenticated",
		  "'deploy'" },
		{ "POST /api/v1/repositories/r/poll", "{}", 401, "unauthenticated",
		  "'poll'" },
		{ "POST /api/v1/deliveries/7/replay", "{}", 401, "unauthenticated",
		  "'poll'" },
		{ "POST /api/v1/tokens", "{}", 403, "permission", "local" },
		{ "POST /api/v1/tokens/7/revoke", "{}", 403, "permission", "local" },
		{ "GET /api/v1/tokens HTTP/1.1\r\n" HOST, NULL, 403, "permission",
		  "local" },
		{ "POST /api/v1/backup", "{}", 403, "permission", NULL },
		{ "POST /api/v1/backup HTTP/1.1\r\n" HOST "Content-Length: "
		  "999999999\r\n",
		  NULL, 403, "permission", NULL },
		{ "POST /api/v1/targets", "{}", 405, "usage", NULL },
		{ "POST /nope", "{}", 404, "not-found", NULL },
	};
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_refusal(&fixture, &rows[i], false);
	ck_assert(control_is_quiet(&fixture));
	fixture_close(&fixture);
}
END_TEST

static void check_long(const struct fixture *fixture, const char *before, size_t count,
		       const char *piece, const char *after, int status)
{
	struct buf request = BUF_INIT((size_t)1 << 20);
	struct answer answer;

	buf_add_string(&request, before);
	for (size_t i = 0; i < count; i++)
		buf_add_string(&request, piece);
	buf_add_string(&request, after);
	int client = client_connect(fixture, true);
	client_send(client, request.data);
	client_receive(client, &answer);
	ck_assert_int_eq(answer.status, status);
	close(client);
	answer_release(&answer);
	buf_release(&request);
}

START_TEST(long_addresses_and_headers_are_refused)
{
	const char *end = "\r\n\r\n";
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	check_long(&fixture, "GET /healthz?", 8000, "a", " HTTP/1.1\r\nHost: x\r\n\r\n",
		   200);
	check_long(&fixture, "GET /healthz?", 9000, "a", " HTTP/1.1\r\nHost: x\r\n\r\n",
		   414);
	check_long(&fixture, "GET /healthz?", 90000, "a",
		   " HTTP/1.1\r\nHost: x\r\n\r\n", 414);
	check_long(&fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\n", 63, "A: b\r\n",
		   "\r\n", 200);
	check_long(&fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\n", 64, "A: b\r\n",
		   "\r\n", 431);
	check_long(&fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ", 16000, "b", end,
		   200);
	check_long(&fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ", 17000, "b", end,
		   431);
	check_long(&fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ", 70000, "b", end,
		   431);
	fixture_close(&fixture);
}
END_TEST

START_TEST(long_reasons_are_refused)
{
	struct buf body = BUF_INIT(65536);
	struct refusal row = { "POST /api/v1/targets/web/suspend", NULL, 413, "limit",
			       "1000" };
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	buf_add_string(&body, "{\"reason\":\"");
	for (int i = 0; i < 1001; i++)
		buf_add_byte(&body, 'x');
	buf_add_string(&body, "\"}");
	row.body = body.data;
	check_refusal(&fixture, &row, true);
	buf_release(&body);
	fixture_close(&fixture);
}
END_TEST

UNIT_MAIN("intake refusals", every_bad_request_gets_its_status_and_code,
	  other_listeners_take_no_hints_and_no_commands_without_a_token,
	  long_addresses_and_headers_are_refused, long_reasons_are_refused)
