/* tests/unit/test_intake_access.c - who may what: tokens over a network, users over the
 * local socket; addresses, proxies and how many connections each may have. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "intake/address.h"
#include "intake/intake.h"
#include "intake_fixture.h"
#include "unit.h"

#define TOKEN  "ggt_0123456789abcdef"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"
#define HEX64  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void request(int client, const char *line, const char *headers, const char *body)
{
	struct buf text = BUF_INIT(65536);

	buf_addf(&text, "%s HTTP/1.1\r\nHost: x\r\n%s", line, headers);
	if (body)
		buf_addf(&text, "Content-Length: %zu\r\n", strlen(body));
	buf_addf(&text, "\r\n%s", body ? body : "");
	client_send(client, text.data);
	buf_release(&text);
}

static void expect(int client, int status, const char *says)
{
	struct answer answer;

	client_receive(client, &answer);
	ck_assert_msg(answer.status == status, "%d: %s", answer.status,
		      answer.body.data);
	if (says)
		ck_assert_msg(strstr(answer.body.data, says) != NULL, "%s",
			      answer.body.data);
	bool told = strstr(answer.head.data, "WWW-Authenticate: Bearer") != NULL;
	ck_assert_int_eq(told, status == 401);
	answer_release(&answer);
}

static void check_token(const struct digest *token)
{
	struct digest wanted;

	ck_assert_int_eq(digest_of(TOKEN, strlen(TOKEN), &wanted), 0);
	ck_assert(digest_equal(token, &wanted));
}

static void open_guarded(struct fixture *fixture)
{
	struct intake_setup setup = { .connections = 0 };

	fixture_open_with(fixture, &setup);
}

START_TEST(reading_over_a_network_needs_a_token)
{
	static const char *const lines[] = {
		"GET /api/v1",         "GET /api/v1/openapi.json",
		"GET /api/v1/targets", "GET /api/v1/deliveries?source=a",
		"GET /metrics",        "GET /api/v1/events",
	};
	struct fixture fixture;

	open_guarded(&fixture);
	for (int door = 0; door < DOORS; door++) {
		if (door == DOOR_LOCAL || (door == DOOR_NETWORK6 && !fixture.port6))
			continue;
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
			int client = client_connect(&fixture, door);
			request(client, lines[i], "", NULL);
			expect(client, 401, "'read'");
			close(client);
		}
		int client = client_connect(&fixture, door);
		request(client, "GET /healthz", "", NULL);
		expect(client, 200, "ok");
		request(client, "GET /readyz", "", NULL);
		expect(client, 503, "not ready");
		close(client);
	}
	ck_assert(control_is_quiet(&fixture));
	fixture_close(&fixture);
}
END_TEST

START_TEST(control_hears_the_digest_of_the_token_and_decides)
{
	struct fixture fixture;

	open_guarded(&fixture);
	int client = client_connect(&fixture, DOOR_NETWORK);
	request(client, "GET /api/v1/targets", BEARER, NULL);
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->what, "targets");
	ck_assert_uint_eq(query->uid, UINT64_MAX);
	check_token(&query->token);
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(client, 200, "items");
	request(client, "GET /api/v1/targets", BEARER, NULL);
	query = control_expect(&fixture, MESSAGE_query);
	control_answer(&fixture, query->request, ERROR_UNAUTHENTICATED, "who?", 0, 0);
	expect(client, 401, "who?");
	request(client, "POST /api/v1/targets/web/deploy", BEARER, "{}");
	struct msg_command *command = control_expect(&fixture, MESSAGE_command);
	ck_assert_str_eq(command->verb, "deploy");
	ck_assert_uint_eq(command->uid, UINT64_MAX);
	check_token(&command->token);
	control_answer(&fixture, command->request, ERROR_PERMISSION, "no scope", 0, 0);
	expect(client, 403, "no scope");
	close(client);
	/* Who comes by the local socket has a uid, and a token if there is one. */
	client = client_connect(&fixture, DOOR_LOCAL);
	request(client, "GET /api/v1/targets", "", NULL);
	query = control_expect(&fixture, MESSAGE_query);
	ck_assert_uint_eq(query->uid, geteuid());
	ck_assert(digest_is_none(&query->token));
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(client, 200, NULL);
	request(client, "GET /api/v1/targets", BEARER, NULL);
	query = control_expect(&fixture, MESSAGE_query);
	check_token(&query->token);
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(client, 200, NULL);
	close(client);
	fixture_close(&fixture);
}
END_TEST

/* What intake answers by itself, it does when control agrees to the token. */
START_TEST(own_answers_wait_for_consent)
{
	static const struct {
		const char *line;
		const char *says;
	} rows[] = {
		{ "GET /metrics", "gitgate_http_requests_total" },
		{ "GET /api/v1", "endpoints" },
		{ "GET /api/v1/openapi.json", "\"openapi\":\"3.1.0\"" },
	};
	struct fixture fixture;

	open_guarded(&fixture);
	int client = client_connect(&fixture, DOOR_NETWORK);
	for (size_t i = 0; i < 3; i++)
		for (int good = 0; good < 2; good++) {
			request(client, rows[i].line, BEARER, NULL);
			struct msg_query *query =
				control_expect(&fixture, MESSAGE_query);
			ck_assert_str_eq(query->what, "token");
			check_token(&query->token);
			control_answer(&fixture, query->request,
				       good ? 0 : ERROR_UNAUTHENTICATED, NULL, 0, 0);
			expect(client, good ? 200 : 401, good ? rows[i].says : NULL);
		}
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(what_is_no_bearer_token_is_refused)
{
	static const char *const headers[] = {
		"Authorization: Basic YTpi\r\n",
		"Authorization: Bearer\r\n",
		"Authorization: Bearer \r\n",
		"Authorization: Bearer a b\r\n",
		"Authorization: bearer" TOKEN "\r\n",
		"Authorization: " TOKEN "\r\n",
		"Authorization: \r\n",
		BEARER BEARER,
		BEARER "authorization: Bearer x\r\n",
	};
	struct fixture fixture;

	open_guarded(&fixture);
	for (int door = 0; door < 2; door++)
		for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
			int client = client_connect(&fixture, door);
			request(client, "GET /api/v1/targets", headers[i], NULL);
			expect(client, 401, "bearer");
			close(client);
		}
	ck_assert(control_is_quiet(&fixture));
	fixture_close(&fixture);
}
END_TEST

START_TEST(tokens_are_made_and_ended_on_the_local_socket)
{
	struct fixture fixture;

	open_guarded(&fixture);
	int client = client_connect(&fixture, DOOR_LOCAL);
	client_post(client, "/api/v1/tokens",
		    "{\"name\":\"ci\",\"scopes\":[\"read\",\"deploy\"],\"expires\":"
		    "\"2030-01-02T03:04:05Z\",\"digest\":\"" HEX64 "\"}");
	struct msg_command *command = control_expect(&fixture, MESSAGE_command);
	ck_assert_str_eq(command->verb, "token-create");
	ck_assert_str_eq(command->name, "ci");
	ck_assert_str_eq(command->scopes, "read deploy");
	ck_assert_int_eq(command->expires_at, INT64_C(1893553445000000));
	char hex[DIGEST_HEX_BYTES];
	digest_hex(&command->digest, hex);
	ck_assert_str_eq(hex, HEX64);
	ck_assert_uint_eq(command->uid, geteuid());
	control_answer(&fixture, command->request, 0, NULL, 3, 0);
	expect(client, 202, "\"id\":3");
	client_post(client, "/api/v1/tokens/3/revoke", "");
	command = control_expect(&fixture, MESSAGE_command);
	ck_assert_str_eq(command->verb, "token-revoke");
	ck_assert_uint_eq(command->id, 3);
	control_answer(&fixture, command->request, 0, NULL, 3, 0);
	expect(client, 202, NULL);
	client_get(client, "/api/v1/tokens");
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->what, "tokens");
	struct msg_token_row row = { .id = 3, .name = "ci", .digest = { { 1 } } };
	control_reply(&fixture, query->request, MESSAGE_token_row, &row);
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	struct answer answer;
	client_receive(client, &answer);
	ck_assert_ptr_nonnull(strstr(answer.body.data, "\"name\":\"ci\""));
	ck_assert_ptr_null(strstr(answer.body.data, "digest"));
	answer_release(&answer);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(bad_tokens_are_not_made)
{
	static const char *const bodies[] = {
		"",
		"{}",
		"{\"name\":\"ci\"}",
		"{\"name\":\"ci\",\"scopes\":[],\"digest\":\"" HEX64 "\"}",
		"{\"name\":\"ci\",\"scopes\":\"read\",\"digest\":\"" HEX64 "\"}",
		"{\"name\":\"ci\",\"scopes\":[\"admin\"],\"digest\":\"" HEX64 "\"}",
		"{\"name\":\"ci\",\"scopes\":[1],\"digest\":\"" HEX64 "\"}",
		"{\"name\":\"\",\"scopes\":[\"read\"],\"digest\":\"" HEX64 "\"}",
		"{\"scopes\":[\"read\"],\"digest\":\"" HEX64 "\"}",
		"{\"name\":\"ci\",\"scopes\":[\"read\"],\"digest\":\"" HEX64 "0\"}",
		"{\"name\":\"ci\",\"scopes\":[\"read\"],\"digest\":\"secret\"}",
		"{\"name\":\"ci\",\"scopes\":[\"read\"],\"digest\":\"" HEX64 "\","
		"\"expires"
		"\":"
		"\"soon\""
		"}",
		"{\"name\":\"ci\",\"scopes\":[\"read\"],\"digest\":\"" HEX64 "\","
		"\"text\":"
		"\"x\"}",
	};
	static const char *const paths[] = {
		"/api/v1/tokens/0/revoke",
		"/api/v1/tokens/-1/revoke",
		"/api/v1/tokens/x/revoke",
		"/api/v1/deliveries/1x/replay",
		"/api/v1/deliveries/99999999999999999999/replay",
	};
	struct fixture fixture;

	open_guarded(&fixture);
	int client = client_connect(&fixture, DOOR_LOCAL);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		client_post(client, "/api/v1/tokens", bodies[i]);
		struct answer answer;
		client_receive(client, &answer);
		ck_assert_msg(answer.status == 400 || answer.status == 413, "%s: %d %s",
			      bodies[i], answer.status, answer.body.data);
		answer_release(&answer);
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		client_post(client, paths[i], "");
		expect(client, 400, "number");
	}
	ck_assert(control_is_quiet(&fixture));
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(replays_need_the_scope_poll)
{
	struct fixture fixture;

	open_guarded(&fixture);
	int client = client_connect(&fixture, DOOR_NETWORK);
	request(client, "POST /api/v1/deliveries/12/replay", "", "");
	expect(client, 401, "'poll'");
	request(client, "POST /api/v1/deliveries/12/replay", BEARER, "");
	struct msg_command *command = control_expect(&fixture, MESSAGE_command);
	ck_assert_str_eq(command->verb, "replay");
	ck_assert_uint_eq(command->id, 12);
	ck_assert_ptr_null(command->target);
	check_token(&command->token);
	control_answer(&fixture, command->request, 0, "again", 13, 0);
	expect(client, 202, "\"id\":13,\"text\":\"again\"");
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(new_lists_take_their_filters)
{
	struct fixture fixture;

	open_guarded(&fixture);
	int client = client_connect(&fixture, DOOR_LOCAL);
	client_get(client, "/api/v1/"
			   "merge-requests?repository=shop&state=open&number=7");
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->what, "merge-requests");
	ck_assert_str_eq(query->state, "open");
	ck_assert_uint_eq(query->number, 7);
	struct msg_merge_request_row row = { .repository = "shop", .number = 7 };
	control_reply(&fixture, query->request, MESSAGE_merge_request_row, &row);
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(client, 200, "\"number\":7");
	client_get(client, "/api/v1/reviews?repository=shop&number=7");
	query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->what, "reviews");
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(client, 200, NULL);
	client_get(client, "/api/v1/reviews?repository=shop");
	expect(client, 400, "'number'");
	client_get(client, "/api/v1/sources");
	query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->what, "sources");
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(client, 200, NULL);
	client_get(client, "/api/v1/deliveries?source=forge&state=waiting&"
			   "repository=shop&id=9");
	query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->source, "forge");
	ck_assert_str_eq(query->state, "waiting");
	ck_assert_str_eq(query->repository, "shop");
	ck_assert_uint_eq(query->id, 9);
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(client, 200, NULL);
	close(client);
	fixture_close(&fixture);
}
END_TEST

/* --- addresses --- */

START_TEST(addresses_and_networks_are_read_strictly)
{
	static const struct {
		const char *text;
		const char *shown; /* NULL: none */
	} addresses[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:80", "192.0.2.1" },
		{ "[2001:db8::1]:443", "2001:db8::1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "2001:DB8::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "unknown", NULL },
		{ "192.0.2.256", NULL },
		{ "192.0.2.1:x", NULL },
		{ "192.0.2.1:99999", NULL },
		{ "192.0.2", NULL },
		{ "[2001:db8::1", NULL },
		{ "[2001:db8::1]x", NULL },
		{ "_hidden", NULL },
		{ "", NULL },
		{ "1.2.3.4 ", NULL },
	};
	static const struct {
		const char *network;
		const char *address;
		int holds; /* -1: it is no network */
	} networks[] = {
		{ "10.0.0.0/8", "10.255.0.1", 1 },
		{ "10.0.0.0/8", "11.0.0.1", 0 },
		{ "10.0.0.0/8", "::ffff:10.0.0.1", 1 },
		{ "10.0.0.0/8", "::1", 0 },
		{ "192.0.2.128/25", "192.0.2.127", 0 },
		{ "192.0.2.128/25", "192.0.2.200", 1 },
		{ "192.0.2.1", "192.0.2.1", 1 },
		{ "192.0.2.1", "192.0.2.2", 0 },
		{ "0.0.0.0/0", "8.8.8.8", 1 },
		{ "::/0", "8.8.8.8", 0 },
		{ "::1", "::1", 1 },
		{ "2001:db8::/33", "2001:db8:7fff::1", 1 },
		{ "2001:db8::/33", "2001:db8:8000::1", 0 },
		{ "10.0.0.0/33", "10.0.0.1", -1 },
		{ "10.0.0.1/8", "10.0.0.1", -1 },
		{ "10.0.0.0/", "10.0.0.1", -1 },
		{ "10.0.0.0/8x", "10.0.0.1", -1 },
		{ "localhost", "127.0.0.1", -1 },
		{ "[::1]", "::1", -1 },
		{ "", "::1", -1 },
	};
	char text[INET6_ADDRSTRLEN];
	struct address address;
	struct network network;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		bool good = address_parse(addresses[i].text, strlen(addresses[i].text),
					  &address);
		ck_assert_msg(good == (addresses[i].shown != NULL), "%s",
			      addresses[i].text);
		if (good)
			ck_assert_str_eq(address_text(&address, text),
					 addresses[i].shown);
	}
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		int rc = network_parse(networks[i].network, &network, NULL);
		ck_assert_msg((rc == 0) == (networks[i].holds >= 0), "%s",
			      networks[i].network);
		if (rc != 0)
			continue;
		ck_assert(address_parse(networks[i].address,
					strlen(networks[i].address), &address));
		ck_assert_msg(network_holds(&network, &address) == networks[i].holds,
			      "%s %s", networks[i].network, networks[i].address);
	}
}
END_TEST

static struct address address_of(const char *text)
{
	struct address address = { 0 };

	ck_assert(address_parse(text, strlen(text), &address));
	return address;
}

START_TEST(neighbours_in_a_64_count_as_one)
{
	struct crowd crowd = { NULL };
	struct address first = address_of("2001:db8:1:2::1");
	struct address neighbour = address_of("2001:db8:1:2:ffff::9");
	struct address other = address_of("2001:db8:1:3::1");
	struct address v4 = address_of("192.0.2.1"), next = address_of("192.0.2.2");

	ck_assert(crowd_enter(&crowd, &first, 2));
	ck_assert(crowd_enter(&crowd, &neighbour, 2));
	ck_assert(!crowd_enter(&crowd, &first, 2));
	ck_assert(!crowd_enter(&crowd, &neighbour, 2));
	ck_assert(crowd_enter(&crowd, &other, 2));
	ck_assert(crowd_enter(&crowd, &v4, 1));
	ck_assert(!crowd_enter(&crowd, &v4, 1));
	ck_assert(crowd_enter(&crowd, &next, 1));
	crowd_leave(&crowd, &neighbour);
	ck_assert(crowd_enter(&crowd, &first, 2));
	for (int i = 0; i < 100; i++)
		crowd_leave(&crowd, &v4); /* more often than it came */
	ck_assert_uint_eq(crowd_count(&crowd, &v4), 0);
	ck_assert_uint_eq(crowd_count(&crowd, &first), 2);
	crowd_release(&crowd);
}
END_TEST

START_TEST(one_address_has_a_bounded_number_of_connections)
{
	enum { MAXIMUM = 5 };
	struct limits limits = limits_default;
	struct fixture fixture;
	int clients[MAXIMUM];

	limits.values[LIMIT_HTTP_PER_ADDRESS] = MAXIMUM;
	fixture_open(&fixture, &limits, 0);
	for (int i = 0; i < MAXIMUM; i++) {
		clients[i] = client_connect(&fixture, DOOR_NETWORK);
		client_get(clients[i], "/healthz");
		expect(clients[i], 200, NULL);
	}
	int more = client_connect(&fixture, DOOR_NETWORK);
	ck_assert(client_is_cut(more, 10));
	close(more);
	/* The local socket and proxies are not bound by it. */
	for (int i = 0; i < 2 * MAXIMUM; i++) {
		int client = client_connect(&fixture, i % 2 ? DOOR_LOCAL : DOOR_PROXY);
		client_get(client, "/healthz");
		expect(client, 200, NULL);
		if (i < 2 * MAXIMUM - 2)
			continue;
		close(client);
	}
	close(clients[0]);
	usleep(100000);
	clients[0] = client_connect(&fixture, DOOR_NETWORK);
	client_get(clients[0], "/healthz");
	expect(clients[0], 200, NULL);
	for (int i = 0; i < MAXIMUM; i++)
		close(clients[i]);
	fixture_close(&fixture);
}
END_TEST

/* Behind proxies each client has its own bound; what it writes itself into the header
 * does not count. */
START_TEST(clients_behind_proxies_are_told_apart)
{
	static const char *const proxies[] = { "127.0.0.0/8", "10.0.0.0/8" };
	static const struct {
		const char *headers;
		int status;
	} rows[] = {
		{ "X-Forwarded-For: 192.0.2.7\r\n", 429 },
		{ "X-Forwarded-For: 8.8.8.8, 192.0.2.7\r\n", 429 },
		{ "X-Forwarded-For: 192.0.2.7, 10.1.2.3\r\n", 429 },
		{ "X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-For: 192.0.2.7\r\n", 429 },
		{ "X-Forwarded-For: 192.0.2.7:4711\r\n", 429 },
		{ "x-forwarded-for:192.0.2.7,,10.0.0.9 , 127.0.0.1\r\n", 429 },
		{ "X-Forwarded-For: 192.0.2.7, 8.8.8.8\r\n", 200 },
		{ "X-Forwarded-For: 192.0.2.7, junk\r\n", 200 },
		{ "X-Forwarded-For: 192.0.2.8\r\n", 200 },
		{ "X-Forwarded-For: 10.0.0.1\r\n", 200 },
		{ "", 200 },
	};
	struct limits limits = limits_default;
	struct intake_setup setup = {
		.limits = &limits,
		.anonymous_read = true,
		.proxies = proxies,
		.proxy_count = 2,
	};
	struct fixture fixture;

	limits.values[LIMIT_HTTP_PER_ADDRESS] = 1;
	fixture_open_with(&fixture, &setup);
	int waiting = client_connect(&fixture, DOOR_NETWORK);
	request(waiting, "GET /api/v1/targets", "X-Forwarded-For: 192.0.2.7\r\n", NULL);
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int door = 0; door < 2; door++) {
			int client = client_connect(&fixture,
						    door ? DOOR_PROXY : DOOR_NETWORK);
			request(client, "GET /healthz", rows[i].headers, NULL);
			struct answer answer;
			client_receive(client, &answer);
			ck_assert_msg(answer.status == rows[i].status, "%s: %d",
				      rows[i].headers, answer.status);
			if (answer.status == 429)
				ck_assert_ptr_nonnull(strstr(answer.head.data, "Retry-"
									       "Afte"
									       "r"));
			answer_release(&answer);
			close(client);
		}
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect(waiting, 200, NULL);
	/* Its request has ended: it may again. */
	request(waiting, "GET /healthz", "X-Forwarded-For: 192.0.2.7\r\n", NULL);
	expect(waiting, 200, NULL);
	close(waiting);
	fixture_close(&fixture);
}
END_TEST

UNIT_MAIN("intake access", reading_over_a_network_needs_a_token,
	  control_hears_the_digest_of_the_token_and_decides,
	  own_answers_wait_for_consent, what_is_no_bearer_token_is_refused,
	  tokens_are_made_and_ended_on_the_local_socket, bad_tokens_are_not_made,
	  replays_need_the_scope_poll, new_lists_take_their_filters,
	  addresses_and_networks_are_read_strictly, neighbours_in_a_64_count_as_one,
	  one_address_has_a_bounded_number_of_connections,
	  clients_behind_proxies_are_told_apart)
