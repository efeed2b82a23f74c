/* tests/unit/test_cluster_client.c - what a client says to an API server, and what the
 * server's refusals become. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "cluster/access.h"
#include "cluster/client.h"
#include "http_server.h"
#include "net/http.h"
#include "unit.h"

#define TOKEN "very-secret-token"

static struct server server;
static struct http_client *client;
static struct error err;

static int open_client(const char *address, const char *name, const char *authorities)
{
	const struct cluster_access access = { .name = "a cluster",
					       .server = address,
					       .server_name = name,
					       .authorities = authorities,
					       .token = TOKEN };
	error_clear(&err);
	return cluster_client_new(&client, &access, 10 * CLOCK_SECOND, &err);
}

static int get(const char *target)
{
	struct http_reply reply = { 0 };
	error_clear(&err);
	int rc = cluster_get(client, target, &reply, &err);
	ck_assert_ptr_null(strstr(err.text, "very-")); /* nor a part of it */
	if (rc == 0)
		http_reply_release(&reply);
	return rc;
}

/* --- refusals --- */

#define STATUS(message) "{\"kind\": \"Status\", \"message\": " message "}"
#define LONG                                                                           \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaa"

static const struct {
	int status;
	const char *body;
	int code;
	const char *says;
} refusals[] = {
	{ 200, "{}", 0, "" },
	{ 201, "{}", 0, "" },
	{ 401, STATUS("\"Unauthorized\""), ERROR_UNAUTHENTICATED,
	  "the server answered 401 to GET /openapi/v2: Unauthorized (who asks" },
	{ 403, STATUS("\"forbidden: User \\\"u\\\" cannot get\""), ERROR_PERMISSION,
	  "403 to GET /openapi/v2: forbidden: User \"u\" cannot get (who asks has "
	  "too" },
	{ 404, "404 page not found", ERROR_NOT_FOUND,
	  "the server answered 404 to GET /openapi/v2" },
	{ 404, STATUS("\"not here\""), ERROR_NOT_FOUND, "v2: not here" },
	{ 429, STATUS("\"too many\""), ERROR_RATE_LIMITED, "v2: too many" },
	{ 500, STATUS("\"a\\u001b[31mb\\u202e\""), ERROR_NETWORK,
	  "v2: a\\x1b[31mb\\u{202e}" },
	{ 500, STATUS("7"), ERROR_NETWORK, "500 to GET /openapi/v2" },
	{ 500, "[]", ERROR_NETWORK, "500 to GET /openapi/v2" },
	{ 500, STATUS("\"" LONG LONG LONG LONG LONG LONG "b\""), ERROR_NETWORK,
	  "v2: aaa" },
	{ 500, STATUS("\"'" TOKEN "' is not good\""), ERROR_NETWORK,
	  "500 to GET /openapi/v2" },
	{ 500,
	  STATUS("\"" LONG LONG LONG LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "a"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaa " TOKEN "\""),
	  ERROR_NETWORK, "500 to GET /openapi/v2" },
	{ 503, "", ERROR_NETWORK, "503 to GET /openapi/v2" },
	{ 302, "", ERROR_NETWORK, "302 to GET /openapi/v2" },
};

START_TEST(a_refusal_has_the_servers_words)
{
	char address[64];
	server_start(&server, NULL);
	snprintf(address, sizeof(address), "http://127.0.0.1:%d", server.port);
	ck_assert_msg(open_client(address, NULL, NULL) == 0, "%s", err.text);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		server_reset(&server);
		server_says(&server, SERVER_KEEP,
			    "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n\r\n%s",
			    refusals[i].status, strlen(refusals[i].body),
			    refusals[i].body);
		int rc = get("/openapi/v2");
		ck_assert_msg(rc == refusals[i].code, "%zu: %d %s", i, rc, err.text);
		ck_assert_msg(strstr(err.text, refusals[i].says) != NULL, "%zu: %s", i,
			      err.text);
		ck_assert_msg(strlen(err.text) < 600 && !strchr(err.text, '\033'),
			      "%zu: %s", i, err.text);
	}
	ck_assert_ptr_nonnull(strstr(server.shared->heard, "Authorization: "
							   "Bearer " TOKEN "\r\n"));
	ck_assert_ptr_nonnull(strstr(server.shared->heard, "Accept: "
							   "application/json\r\n"));
	http_client_free(client);
	server_stop(&server);
}
END_TEST

/* --- the name that the certificate must have --- */

static char *place;

static char *certificate_of(const char *name)
{
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-cluster", &err), 0);
	char *file = path_join(place, "server.pem");
	if (server_certificate(file, name))
		return file;
	free(file);
	return NULL;
}

START_TEST(a_server_may_have_another_name_than_its_address)
{
	struct buf authorities = BUF_INIT(65536);
	char address[64], host[64];
	char *file = certificate_of("DNS:example.org");

	if (file) {
		ck_assert_int_eq(buf_read_file(&authorities, file, &err), 0);
		server_start(&server, file);
		snprintf(address, sizeof(address), "https://127.0.0.1:%d/api",
			 server.port);
		snprintf(host, sizeof(host), "Host: 127.0.0.1:%d\r\n", server.port);
		server_says(&server, SERVER_KEEP,
			    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
		ck_assert_int_eq(open_client(address, NULL, authorities.data), 0);
		ck_assert_int_eq(get("/x"), ERROR_NETWORK);
		http_client_free(client);
		ck_assert_int_eq(open_client(address, "example.com", authorities.data),
				 0);
		ck_assert_int_eq(get("/x"), ERROR_NETWORK);
		ck_assert_ptr_nonnull(strstr(err.text, "'example.com'"));
		http_client_free(client);
		/* refused before a byte was said */
		ck_assert_ptr_null(strstr(server.shared->heard, "GET"));
		ck_assert_int_eq(open_client(address, "example.org", authorities.data),
				 0);
		ck_assert_msg(get("/x?a=b") == 0, "%s", err.text);
		ck_assert_ptr_nonnull(strstr(server.shared->heard, "GET /api/x?a=b "
								   "HTTP"));
		ck_assert_ptr_nonnull(strstr(server.shared->heard, host));
		ck_assert_ptr_null(strstr(server.shared->heard, "Host: example.org"));
		/* a redirect is within the address, not within the name */
		server_reset(&server);
		server_says(&server, SERVER_KEEP,
			    "HTTP/1.1 302 x\r\nLocation: %s/y\r\n"
			    "Content-Length: 0\r\n\r\n",
			    address);
		server_says(&server, SERVER_KEEP,
			    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
		ck_assert_msg(get("/x") == 0, "%s", err.text);
		ck_assert_ptr_nonnull(strstr(server.shared->heard, "GET /api/y HTTP"));
		server_reset(&server);
		server_says(&server, SERVER_KEEP,
			    "HTTP/1.1 302 x\r\nLocation: https://example.org:%d/y\r\n"
			    "Content-Length: 0\r\n\r\n",
			    server.port);
		ck_assert_int_eq(get("/x"), ERROR_FORBIDDEN_HOST);
		http_client_free(client);
		server_stop(&server);
	}
	free(file);
	buf_release(&authorities);
	ck_assert_int_eq(path_remove_named(place, &err), 0);
	free(place);
}
END_TEST

START_TEST(what_is_no_name_is_refused)
{
	static const char *const names[] = { "",     "a b", "h:1",
					     "h/x",  "u@h", "Example.org",
					     "h\nX", "[",   "%41" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int rc = open_client("https://127.0.0.1:1", names[i], NULL);
		ck_assert_msg(i == 5 ? rc == 0 : rc == ERROR_USAGE, "'%s': %d %s",
			      names[i], rc, err.text);
		if (rc == 0)
			http_client_free(client);
	}
	/* there is no certificate to compare it with */
	ck_assert_int_eq(open_client("http://127.0.0.1:1", "h", NULL), ERROR_USAGE);
}
END_TEST

UNIT_MAIN("cluster-client", a_refusal_has_the_servers_words,
	  a_server_may_have_another_name_than_its_address, what_is_no_name_is_refused)
