/* tests/unit/test_intake_api.c - what intake asks control and answers its clients, in
 * its own profile of rights. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "intake_fixture.h"
#include "unit.h"

const bool fixture_is_confined = true;

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z40 "0000000000000000000000000000000000000000"

static void expect_answer(int client, int status, const char *body)
{
	struct answer answer;

	client_receive(client, &answer);
	ck_assert_msg(answer.status == status, "%d: %s", answer.status,
		      answer.body.data);
	if (body)
		ck_assert_str_eq(answer.body.data, body);
	answer_release(&answer);
}

static void tell_state(struct fixture *fixture, bool ready, bool draining)
{
	struct msg_state state = { .ready = ready, .draining = draining };

	control_send(fixture, MESSAGE_state, &state);
	/* A question behind it: when that is answered, the state was heard. */
	int client = client_connect(fixture, true);
	if (!draining) {
		client_get(client, "/api/v1/targets");
		struct msg_query *query = control_expect(fixture, MESSAGE_query);
		control_answer(fixture, query->request, 0, NULL, 0, 0);
		expect_answer(client, 200, "{\"items\":[],\"next\":0}");
	} else {
		usleep(100000);
	}
	close(client);
}

START_TEST(health_and_readiness)
{
	struct fixture fixture;
	struct answer answer;

	fixture_open(&fixture, NULL, 0);
	for (int local = 0; local < 2; local++) {
		int client = client_connect(&fixture, local);
		client_get(client, "/healthz");
		expect_answer(client, 200, "ok\n");
		client_get(client, "/readyz"); /* the same connection */
		client_receive(client, &answer);
		ck_assert_int_eq(answer.status, local ? 200 : 503);
		ck_assert_str_eq(answer.body.data, local ? "ready\n" : "not ready\n");
		if (!local)
			ck_assert_ptr_nonnull(strstr(answer.head.data, "Retry-After"));
		answer_release(&answer);
		tell_state(&fixture, true, false);
		close(client);
	}
	tell_state(&fixture, false, false);
	int client = client_connect(&fixture, true);
	client_get(client, "/readyz");
	expect_answer(client, 503, NULL);
	client_send(client, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_receive_head(client, &answer);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.body.length, 0);
	answer_release(&answer);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(metrics_and_index)
{
	struct fixture fixture;
	struct answer answer;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, false);
	client_get(client, "/metrics");
	client_receive(client, &answer);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_nonnull(strstr(answer.head.data, "version=0.0.4"));
	ck_assert_ptr_nonnull(strstr(answer.body.data, "\ngitgate_http_connections "
						       "1\n"));
	answer_release(&answer);
	client_get(client, "/api/v1");
	client_receive(client, &answer);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_nonnull(strstr(answer.body.data, "\"path\":\"/api/v1/"
						       "findings\",\"parameters\":["
						       "\"id\"],\"local_only\":false"));
	ck_assert_ptr_nonnull(strstr(answer.body.data, "\"path\":\"/api/v1/targets/"
						       "{name}/deploy\""));
	answer_release(&answer);
	close(client);
	fixture_close(&fixture);
}
END_TEST

/* Every list: one row of its kind, by its JSON. */
static const struct {
	const char *path;
	enum message_type type;
	const char *json;
} lists[] = {
	{ "repositories", MESSAGE_repository_row, "\"name\":null,\"wanted\":0" },
	{ "refs?repository=r", MESSAGE_ref_row, "\"ref\":null,\"tip\":null" },
	{ "deliveries", MESSAGE_delivery_row, "\"id\":0,\"source\":null" },
	{ "changes", MESSAGE_change_row, "\"id\":0,\"repository\":null" },
	{ "verdicts", MESSAGE_verdict_row, "\"id\":0,\"change\":0" },
	{ "findings?id=7", MESSAGE_finding_row, "\"severity\":null,\"code\":null" },
	{ "deployments", MESSAGE_deployment_row, "\"id\":0,\"target\":null" },
	{ "targets", MESSAGE_target_row, "\"name\":null,\"generation\":0" },
	{ "quarantine", MESSAGE_quarantine_row, "\"target\":null,\"commit\":null" },
	{ "outbox", MESSAGE_outbox_row, "\"id\":0,\"repository\":null" },
	{ "ledger", MESSAGE_ledger_row, "\"sequence\":0,\"at\":null" },
};

START_TEST(every_list_is_asked_for_and_written)
{
	static const max_align_t empty[32];
	struct fixture fixture;
	struct answer answer;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, false);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char path[64];
		ck_assert_uint_le(message_row(lists[i].type)->size, sizeof(empty));
		snprintf(path, sizeof(path), "/api/v1/%s", lists[i].path);
		client_get(client, path);
		struct msg_query *query = control_expect(&fixture, MESSAGE_query);
		ck_assert_uint_eq(strlen(query->what), strcspn(lists[i].path, "?"));
		ck_assert_int_eq(
			strncmp(query->what, lists[i].path, strlen(query->what)), 0);
		ck_assert_uint_eq(query->uid, UINT64_MAX);
		control_reply(&fixture, query->request, lists[i].type, empty);
		control_reply(&fixture, query->request, lists[i].type, empty);
		control_answer(&fixture, query->request, 0, NULL, 0, 41 + i);
		client_receive(client, &answer);
		ck_assert_int_eq(answer.status, 200);
		ck_assert_ptr_nonnull(strstr(answer.body.data, lists[i].json));
		ck_assert_int_eq(strncmp(answer.body.data, "{\"items\":[{",
					 strlen("{\"items\":[{")),
				 0);
		ck_assert_ptr_nonnull(strstr(answer.body.data, "},{"));
		ck_assert_ptr_nonnull(strstr(answer.body.data, "}],\"next\":"));
		answer_release(&answer);
	}
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(parameters_become_filters)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, true);
	client_get(client, "/api/v1/deployments?repository=a%20b&target=w&"
			   "ref=refs%2Fheads%2Fmain&state=failed&before=9&limit=200&"
			   "id=5");
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	ck_assert_str_eq(query->repository, "a b");
	ck_assert_str_eq(query->target, "w");
	ck_assert_str_eq(query->ref, "refs/heads/main");
	ck_assert_str_eq(query->state, "failed");
	ck_assert_uint_eq(query->before, 9);
	ck_assert_uint_eq(query->limit, 200);
	ck_assert_uint_eq(query->id, 5);
	ck_assert_uint_eq(query->uid, geteuid());
	control_answer(&fixture, query->request, ERROR_STORE, "the \"store\"\nfailed",
		       0, 0);
	expect_answer(client, 500,
		      "{\"error\":{\"code\":\"store\",\"message\":\"the "
		      "\\\"store\\\"\\nfailed\"}}");
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(hints_go_to_control_with_the_peers_uid)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, true);
	client_post(client, "/api/v1/hints",
		    "{\"path\":\"/srv/a.git\",\"refs\":["
		    "{\"ref\":\"refs/heads/a\",\"old\":\"" A40 "\",\"new\":\"" B40
		    "\"},{\"ref\":\"refs/heads/b\",\"old\":\"" Z40 "\",\"new\":\"" B40
		    "\"}],\"pusher\":null}");
	struct msg_notify *notify = control_expect(&fixture, MESSAGE_notify);
	ck_assert_uint_eq(notify->uid, geteuid());
	ck_assert_ptr_null(notify->repository);
	ck_assert_ptr_null(notify->pusher);
	ck_assert_str_eq(notify->path, "/srv/a.git");
	ck_assert_uint_eq(notify->refs.count, 2);
	ck_assert_str_eq(notify->refs.items[0], A40 " " B40 " refs/heads/a");
	ck_assert_str_eq(notify->refs.items[1], Z40 " " B40 " refs/heads/b");
	ck_assert_int_gt(notify->at, 0);
	control_answer(&fixture, notify->request, 0, "stored", 12, 0);
	expect_answer(client, 202, "{\"delivery\":12}");
	client_post(client, "/api/v1/hints",
		    "{\"repository\":\"shop\",\"pusher\":\"alice\"}");
	notify = control_expect(&fixture, MESSAGE_notify);
	ck_assert_str_eq(notify->repository, "shop");
	ck_assert_str_eq(notify->pusher, "alice");
	ck_assert_uint_eq(notify->refs.count, 0);
	control_answer(&fixture, notify->request, ERROR_PERMISSION, NULL, 0, 0);
	expect_answer(client, 403,
		      "{\"error\":{\"code\":\"permission\",\"message\":\"the rights of "
		      "this user do not suffice\"}}");
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(a_hint_of_very_many_refs_says_look)
{
	struct buf body = BUF_INIT((size_t)8 << 20);
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	buf_add_string(&body, "{\"repository\":\"shop\",\"refs\":[");
	for (int i = 0; i < 10000; i++)
		buf_addf(&body,
			 "%s{\"ref\":\"refs/heads/branch-%d\",\"old\":\"" Z40
			 "\",\"new\":\"" A40 "\"}",
			 i ? "," : "", i);
	buf_add_string(&body, "]}");
	int client = client_connect(&fixture, true);
	client_post(client, "/api/v1/hints", body.data);
	struct msg_notify *notify = control_expect(&fixture, MESSAGE_notify);
	ck_assert_str_eq(notify->repository, "shop");
	ck_assert_uint_eq(notify->refs.count, 0);
	control_answer(&fixture, notify->request, 0, NULL, 1, 0);
	expect_answer(client, 202, "{\"delivery\":1}");
	close(client);
	buf_release(&body);
	fixture_close(&fixture);
}
END_TEST

START_TEST(commands_go_to_control)
{
	static const struct {
		const char *path;
		const char *body;
		const char *verb;
		const char *target;
		const char *repository;
	} rows[] = {
		{ "targets/web/deploy",
		  "{\"commit\":\"" A40 "\",\"release\":true,\"reason\":\"r\"}",
		  "deploy", "web", NULL },
		{ "targets/web%20two/deploy", "", "deploy", "web two", NULL },
		{ "targets/web/rollback", "{\"generation\":3,\"reason\":\"r\"}",
		  "rollback", "web", NULL },
		{ "targets/web/suspend", "{\"reason\":null}", "suspend", "web", NULL },
		{ "targets/web/resume", "{}", "resume", "web", NULL },
		{ "repositories/shop/poll", "", "poll", NULL, "shop" },
		{ "backup", "", "backup", NULL, NULL },
	};
	struct fixture fixture;
	char path[128];

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(path, sizeof(path), "/api/v1/%s", rows[i].path);
		client_post(client, path, rows[i].body);
		struct msg_command *asked = control_expect(&fixture, MESSAGE_command);
		ck_assert_str_eq(asked->verb, rows[i].verb);
		ck_assert_uint_eq(asked->uid, geteuid());
		ck_assert_pstr_eq(asked->target, rows[i].target);
		ck_assert_pstr_eq(asked->repository, rows[i].repository);
		ck_assert_int_eq(asked->release, i == 0);
		ck_assert_uint_eq(asked->commit.length, i == 0 ? 20 : 0);
		ck_assert_uint_eq(asked->generation, i == 2 ? 3 : 0);
		ck_assert_pstr_eq(asked->reason, i == 0 || i == 2 ? "r" : NULL);
		control_answer(&fixture, asked->request, 0, "t", i, 0);
		snprintf(path, sizeof(path), "{\"id\":%zu,\"text\":\"t\"}", i);
		expect_answer(client, 202, path);
	}
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(answers_find_their_questions_in_any_order)
{
	enum { CLIENTS = 40 };
	int clients[CLIENTS];
	uint64_t requests[CLIENTS];
	struct fixture fixture;
	char text[64];

	fixture_open(&fixture, NULL, 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = client_connect(&fixture, true);
		client_post(clients[i], "/api/v1/targets/web/resume", "");
		struct msg_command *asked = control_expect(&fixture, MESSAGE_command);
		requests[i] = asked->request;
	}
	for (int i = 0; i < CLIENTS; i++) {
		int turn = (i * 17 + 5) % CLIENTS;
		control_answer(&fixture, requests[turn], 0, NULL, (uint64_t)turn, 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(text, sizeof(text), "{\"id\":%d,\"text\":null}", i);
		expect_answer(clients[i], 202, text);
		close(clients[i]);
	}
	fixture_close(&fixture);
}
END_TEST

START_TEST(clients_that_leave_harm_nobody)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	for (int i = 0; i < 20; i++) {
		int gone = client_connect(&fixture, i % 2);
		client_get(gone, "/api/v1/targets");
		struct msg_query *query = control_expect(&fixture, MESSAGE_query);
		close(gone);
		struct msg_target_row row = { .name = "web" };
		control_reply(&fixture, query->request, MESSAGE_target_row, &row);
		control_answer(&fixture, query->request, 0, NULL, 0, 0);
		/* An answer that nobody waits for. */
		control_answer(&fixture, query->request, 0, NULL, 0, 0);
	}
	int client = client_connect(&fixture, true);
	client_get(client, "/healthz");
	expect_answer(client, 200, "ok\n");
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(a_draining_service_says_so)
{
	struct fixture fixture;
	struct answer answer;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, true);
	tell_state(&fixture, true, true);
	client_post(client, "/api/v1/targets/web/deploy", "{}");
	client_receive(client, &answer);
	ck_assert_int_eq(answer.status, 503);
	ck_assert_ptr_nonnull(strstr(answer.head.data, "Retry-After"));
	answer_release(&answer);
	client_get(client, "/readyz");
	expect_answer(client, 503, NULL);
	client_get(client, "/healthz");
	expect_answer(client, 200, NULL);
	ck_assert(control_is_quiet(&fixture));
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(when_control_goes_who_waits_is_told)
{
	int clients[10];
	struct fixture fixture;
	struct answer answer;

	fixture_open(&fixture, NULL, 0);
	for (int i = 0; i < 10; i++) {
		clients[i] = client_connect(&fixture, i % 2);
		client_get(clients[i], "/api/v1/targets");
		control_expect(&fixture, MESSAGE_query);
	}
	shutdown(fixture.control.fd, SHUT_RDWR);
	for (int i = 0; i < 10; i++) {
		client_receive(clients[i], &answer);
		ck_assert_int_eq(answer.status, 503);
		ck_assert_ptr_nonnull(strstr(answer.head.data, "Retry-After"));
		answer_release(&answer);
		close(clients[i]);
	}
	fixture_close(&fixture);
}
END_TEST

START_TEST(a_control_that_breaks_its_word_ends_intake)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, true);
	client_get(client, "/api/v1/targets");
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	struct msg_ref_row row = { .ref = "not a target" };
	control_reply(&fixture, query->request, MESSAGE_ref_row, &row);
	expect_answer(client, 503, NULL);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(slow_clients_are_cut_off)
{
	struct limits limits = limits_default;
	struct fixture fixture;

	limits.values[LIMIT_HTTP_HEADER_DEADLINE] = 1;
	limits.values[LIMIT_HTTP_BODY_DEADLINE] = 1;
	limits.values[LIMIT_HTTP_IDLE_DEADLINE] = 1;
	fixture_open(&fixture, &limits, 0);
	int silent = client_connect(&fixture, false);
	int body = client_connect(&fixture, true);
	client_send(body, "POST /api/v1/hints HTTP/1.1\r\nHost: x\r\n"
			  "Content-Length: 100\r\n\r\n{");
	int idle = client_connect(&fixture, false);
	client_get(idle, "/healthz");
	expect_answer(idle, 200, NULL);
	/* A byte now and then does not help. */
	int slow = client_connect(&fixture, false);
	client_send(slow, "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ");
	bool cut = false;
	for (int i = 0; !cut && i < 100; i++) {
		client_send(slow, "a");
		usleep(100000);
		char byte;
		ssize_t got = recv(slow, &byte, 1, MSG_DONTWAIT);
		cut = got == 0 || (got < 0 && errno != EAGAIN);
	}
	ck_assert(cut);
	ck_assert(client_is_cut(silent, 20));
	ck_assert(client_is_cut(body, 20));
	ck_assert(client_is_cut(idle, 20));
	int client = client_connect(&fixture, true);
	client_get(client, "/healthz");
	expect_answer(client, 200, "ok\n");
	close(client);
	close(slow);
	close(idle);
	close(body);
	close(silent);
	fixture_close(&fixture);
}
END_TEST

START_TEST(waiting_for_control_is_no_slowness_of_the_client)
{
	struct limits limits = limits_default;
	struct fixture fixture;

	limits.values[LIMIT_HTTP_HEADER_DEADLINE] = 1;
	limits.values[LIMIT_HTTP_BODY_DEADLINE] = 1;
	fixture_open(&fixture, &limits, 0);
	int client = client_connect(&fixture, true);
	client_post(client, "/api/v1/targets/web/resume", "");
	struct msg_command *asked = control_expect(&fixture, MESSAGE_command);
	sleep(3);
	control_answer(&fixture, asked->request, 0, NULL, 1, 0);
	expect_answer(client, 202, NULL);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(the_local_socket_stays_open_to_us_when_the_network_is_full)
{
	enum { CLIENTS = 50, CONNECTIONS = 80 };
	int clients[CLIENTS];
	struct fixture fixture;

	fixture_open(&fixture, NULL, CONNECTIONS);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = client_connect(&fixture, false);
	int client = client_connect(&fixture, true);
	client_get(client, "/healthz");
	expect_answer(client, 200, "ok\n");
	int refused = 0;
	for (int i = 0; i < CLIENTS; i++)
		refused += client_is_cut(clients[i], i < 17 ? 0 : 1);
	ck_assert_int_ge(refused, CLIENTS - (CONNECTIONS - 64) - 1);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	close(client);
	fixture_close(&fixture);
}
END_TEST

START_TEST(among_many_connections_each_ends_with_its_answer)
{
	enum { CLIENTS = 300 };
	int clients[CLIENTS];
	struct fixture fixture;
	struct answer answer;

	fixture_open(&fixture, NULL, 2 * CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = client_connect(&fixture, true);
		client_get(clients[i], "/healthz");
		client_receive(clients[i], &answer);
		ck_assert_int_eq(answer.status, 200);
		bool ends = strstr(answer.head.data, "Connection: close") != NULL;
		ck_assert_int_eq(ends, i >= 256);
		answer_release(&answer);
		if (ends)
			ck_assert(client_is_cut(clients[i], 20));
	}
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	fixture_close(&fixture);
}
END_TEST

START_TEST(what_waits_is_bounded)
{
	struct limits limits = limits_default;
	struct fixture fixture;

	limits.values[LIMIT_HTTP_PENDING] = 1;
	fixture_open(&fixture, &limits, 0);
	int first = client_connect(&fixture, true);
	int second = client_connect(&fixture, true);
	client_get(first, "/api/v1/targets");
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	client_get(second, "/api/v1/targets");
	expect_answer(second, 503, NULL);
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect_answer(first, 200, NULL);
	close(first);
	close(second);
	fixture_close(&fixture);
}
END_TEST

START_TEST(bodies_in_flight_are_bounded)
{
	struct limits limits = limits_default;
	struct fixture fixture;

	limits.values[LIMIT_HTTP_INFLIGHT_BYTES] = 1000;
	fixture_open(&fixture, &limits, 0);
	int first = client_connect(&fixture, true);
	client_send(first, "POST /api/v1/hints HTTP/1.1\r\nHost: x\r\n"
			   "Content-Length: 900\r\n\r\n{");
	usleep(200000);
	int second = client_connect(&fixture, true);
	client_post(second, "/api/v1/hints",
		    "{\"repository\":\"a-name-of-some-length-for-more-than-100-bytes\","
		    "\"pusher\":\"somebody who has a rather long name as well\"}");
	expect_answer(second, 503, NULL);
	close(first);
	close(second);
	usleep(200000);
	int third = client_connect(&fixture, true);
	client_post(third, "/api/v1/hints", "{\"repository\":\"r\"}");
	struct msg_notify *notify = control_expect(&fixture, MESSAGE_notify);
	control_answer(&fixture, notify->request, 0, NULL, 1, 0);
	expect_answer(third, 202, NULL);
	close(third);
	fixture_close(&fixture);
}
END_TEST

START_TEST(requests_in_a_row_are_answered_in_a_row)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL, 0);
	int client = client_connect(&fixture, true);
	client_send(client, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
			    "GET /api/v1/targets HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_answer(client, 200, NULL);
	struct msg_query *query = control_expect(&fixture, MESSAGE_query);
	control_answer(&fixture, query->request, 0, NULL, 0, 0);
	expect_answer(client, 200, "{\"items\":[],\"next\":0}");
	client_get(client, "/healthz");
	expect_answer(client, 200, "ok\n");
	close(client);
	fixture_close(&fixture);
}
END_TEST

UNIT_MAIN("intake", health_and_readiness, metrics_and_index,
	  every_list_is_asked_for_and_written, parameters_become_filters,
	  hints_go_to_control_with_the_peers_uid, a_hint_of_very_many_refs_says_look,
	  commands_go_to_control, answers_find_their_questions_in_any_order,
	  clients_that_leave_harm_nobody, a_draining_service_says_so,
	  when_control_goes_who_waits_is_told,
	  a_control_that_breaks_its_word_ends_intake, slow_clients_are_cut_off,
	  waiting_for_control_is_no_slowness_of_the_client,
	  the_local_socket_stays_open_to_us_when_the_network_is_full,
	  among_many_connections_each_ends_with_its_answer, what_waits_is_bounded,
	  bodies_in_flight_are_bounded, requests_in_a_row_are_answered_in_a_row)
