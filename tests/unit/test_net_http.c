/* tests/unit/test_net_http.c - requests against a server that misbehaves as it is
 * told. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "http_server.h"
#include "net/http.h"
#include "unit.h"

#define TOKEN "very-secret-token"

static struct server server, other;
static struct http_client *client;
static struct http_reply reply;
static struct error err;
static char base[64];

static void open_client(const char *host, int64_t timeout)
{
	snprintf(base, sizeof(base), "http://%s:%d/api", host, server.port);
	struct http_options options = { .base = base,
					.authorization = "Bearer " TOKEN,
					.timeout = timeout };
	ck_assert_msg(http_client_new(&client, &options, &err) == 0, "%s", err.text);
}

static void open_all(void)
{
	server_start(&server, NULL);
	open_client("127.0.0.1", 10 * CLOCK_SECOND);
}

static void close_all(void)
{
	http_client_free(client);
	server_stop(&server);
}

static int request(const char *method, const char *target, const char *body)
{
	error_clear(&err);
	int code = http_request(client, method, target, NULL, body,
				body != NULL ? strlen(body) : 0, &reply, &err);
	ck_assert_msg((code == 0) == (err.code == 0), "%d %s", code, err.text);
	ck_assert_ptr_null(strstr(err.text, "secret"));
	return code;
}

static int get(const char *target)
{
	return request("GET", target, NULL);
}

static bool server_heard(const char *text)
{
	return strstr(server.shared->heard, text) != NULL;
}

/* --- requests --- */

START_TEST(a_request_says_what_it_must)
{
	open_all();
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		    "Content-Type: application/json; charset=utf-8\r\n"
		    "X-RateLimit-Remaining: 4999\r\nX-OAuth-Scopes: repo:status\r\n"
		    "Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}");
	ck_assert_msg(get("/repos/a%%2Fb?x=y") == 0, "%s", err.text);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.body.data, "{}");
	ck_assert_int_eq(reply.date, 784111777 * CLOCK_SECOND);
	ck_assert_int_eq(reply.remaining, 4999);
	ck_assert_int_eq(reply.retry_after, 0);
	ck_assert_str_eq(reply.content_type, "application/json; charset=utf-8");
	ck_assert_str_eq(reply.scopes, "repo:status");
	ck_assert_str_eq(reply.next, "");
	ck_assert(server_heard("GET /api/repos/a%%2Fb?x=y HTTP/1.1\r\n"));
	ck_assert(server_heard("\r\nAuthorization: Bearer " TOKEN "\r\n"));
	ck_assert(server_heard("\r\nAccept: application/json\r\n"));
	ck_assert(server_heard("\r\nUser-Agent: gitgate\r\n"));
	http_reply_release(&reply);
	ck_assert_int_eq(get("/"), 0);
	ck_assert(!server_heard("Cookie"));
	http_reply_release(&reply);
	close_all();
}
END_TEST

START_TEST(methods_and_bodies_go_as_they_are)
{
	static const struct {
		const char *method, *body, *heard;
	} cases[] = {
		{ "POST", "{\"a\":1}", "Content-Length: 7\r\n" },
		{ "POST", NULL, "Content-Length: 0\r\n" },
		{ "PUT", "{\"a\":1}", "\r\n\r\n{\"a\":1}" },
		{ "PATCH", "{\"a\":1}", "Content-Type: application/json\r\n" },
		{ "DELETE", NULL, "\r\n\r\n" },
		{ "HEAD", NULL, "\r\n\r\n" },
	};
	open_all();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char first[50];
		server_reset(&server);
		server_says(&server, SERVER_CLOSE,
			    "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
		ck_assert_msg(request(cases[i].method, "/x", cases[i].body) == 0, "%s",
			      err.text);
		ck_assert_int_eq(reply.status, 201);
		snprintf(first, sizeof(first), "%s /api/x HTTP/1.1\r\n",
			 cases[i].method);
		ck_assert(server_heard(first));
		ck_assert_msg(server_heard(cases[i].heard), "%s", server.shared->heard);
		ck_assert(!server_heard("Expect"));
		http_reply_release(&reply);
	}
	close_all();
}
END_TEST

START_TEST(callers_headers_are_added)
{
	const struct http_header headers[] = { { "X-GitHub-Api-Version", "2022-11-28" },
					       { "content-type", "text/plain" },
					       { NULL, NULL } };
	const struct http_header split[] = { { "X-A", "b\r\nX-C: d" }, { NULL, NULL } };
	const struct http_header odd[] = { { "X A", "b" }, { NULL, NULL } };
	const struct http_header empty[] = { { "X-A", "" }, { NULL, NULL } };
	open_all();
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert_int_eq(
		http_request(client, "POST", "/x", headers, "a", 1, &reply, NULL), 0);
	ck_assert_int_eq(reply.status, 204);
	ck_assert_uint_eq(reply.body.length, 0);
	ck_assert(server_heard("\r\nX-GitHub-Api-Version: 2022-11-28\r\n"));
	ck_assert(server_heard("\r\ncontent-type: text/plain\r\n"));
	ck_assert(!server_heard("Content-Type: application/json"));
	http_reply_release(&reply);
	server_reset(&server);
	ck_assert_int_eq(http_request(client, "GET", "/", split, NULL, 0, &reply, NULL),
			 ERROR_USAGE);
	ck_assert_int_eq(http_request(client, "GET", "/", odd, NULL, 0, &reply, NULL),
			 ERROR_USAGE);
	ck_assert_int_eq(http_request(client, "GET", "/", empty, NULL, 0, &reply, NULL),
			 ERROR_USAGE);
	ck_assert_int_eq(http_request(client, "GET /x HTTP/1.1\r\nA:", "/", NULL, NULL,
				      0, &reply, NULL),
			 ERROR_USAGE);
	ck_assert_uint_eq(server.shared->connections, 0);
	close_all();
}
END_TEST

START_TEST(credentials_can_change)
{
	open_all();
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert_int_eq(http_client_authorize(client, "Bearer fresh", &err), 0);
	ck_assert_int_eq(get("/"), 0);
	ck_assert(server_heard("Authorization: Bearer fresh\r\n"));
	ck_assert(!server_heard(TOKEN));
	http_reply_release(&reply);
	ck_assert_int_eq(http_client_authorize(client, "Bearer secret\nX: y", &err),
			 ERROR_USAGE);
	ck_assert_ptr_null(strstr(err.text, "secret\n"));
	server_reset(&server);
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert_int_eq(get("/"), 0);
	ck_assert(server_heard("Authorization: Bearer fresh\r\n"));
	http_reply_release(&reply);
	server_reset(&server);
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert_int_eq(http_client_authorize(client, NULL, NULL), 0);
	ck_assert_int_eq(get("/"), 0);
	ck_assert(!server_heard("Authorization"));
	http_reply_release(&reply);
	close_all();
}
END_TEST

START_TEST(bad_options_are_refused)
{
	static const char *const bases[] = {
		"",
		"git.example.org",
		"/api",
		"https://git.example.org/",
		"https://git.example.org/api/",
		"https://git.example.org?secret",
		"https://git.example.org#x",
		"https://user:secret@git.example.org",
		"https://git.example.org\\api",
		"ftp://git.example.org",
		"https://git.example.org:",
		"https://git.example.org/\n",
	};
	struct http_options good = { .base = "https://git.example.org" };
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct http_options options = { .base = bases[i] };
		error_clear(&err);
		ck_assert_msg(http_client_new(&client, &options, &err) == ERROR_USAGE,
			      "%s", bases[i]);
		ck_assert_ptr_null(strstr(err.text, "secret@"));
		ck_assert_ptr_null(strstr(err.text, "?secret"));
	}
	struct http_options options = good;
	options.authorization = "Bearer secret\r\nA: b";
	ck_assert_int_eq(http_client_new(&client, &options, NULL), ERROR_USAGE);
	options = good;
	options.authorization = "";
	ck_assert_int_eq(http_client_new(&client, &options, NULL), ERROR_USAGE);
	options = good;
	options.header = "PRIVATE-TOKEN";
	ck_assert_int_eq(http_client_new(&client, &options, NULL), ERROR_USAGE);
	options.header = "PRIVATE-TOKEN: a\nb: c";
	ck_assert_int_eq(http_client_new(&client, &options, NULL), ERROR_USAGE);
	ck_assert_int_eq(http_client_new(&client, &good, NULL), 0);
	http_client_free(client);
	http_client_free(NULL);
}
END_TEST

START_TEST(another_header_can_identify_us)
{
	server_start(&server, NULL);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d", server.port);
	struct http_options options = { .base = base,
					.header = "PRIVATE-TOKEN: " TOKEN,
					.accept = "application/vnd.github+json" };
	ck_assert_int_eq(http_client_new(&client, &options, NULL), 0);
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert_int_eq(get("/x"), 0);
	ck_assert(server_heard("GET /x HTTP/1.1\r\n"));
	ck_assert(server_heard("\r\nPRIVATE-TOKEN: " TOKEN "\r\n"));
	ck_assert(server_heard("\r\nAccept: application/vnd.github+json\r\n"));
	ck_assert(!server_heard("Authorization"));
	http_reply_release(&reply);
	close_all();
}
END_TEST

START_TEST(nothing_comes_from_the_environment)
{
	char proxy[64];
	open_all();
	server_start(&other, NULL);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", other.port);
	setenv("http_proxy", proxy, 1);
	setenv("ALL_PROXY", proxy, 1);
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert_int_eq(get("/x"), 0);
	ck_assert_uint_eq(other.shared->connections, 0);
	http_reply_release(&reply);
	server_stop(&other);
	close_all();
}
END_TEST

START_TEST(connections_are_used_again)
{
	open_all();
	server_says(&server, SERVER_KEEP,
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(request(i == 1 ? "HEAD" : "GET", "/x", NULL), 0);
		if (i != 1)
			ck_assert_str_eq(reply.body.data, "[]");
		http_reply_release(&reply);
	}
	ck_assert_uint_eq(server.shared->requests, 3);
	ck_assert_uint_eq(server.shared->connections, 1);
	close_all();
}
END_TEST

/* --- where a request may go --- */

START_TEST(paths_stay_below_the_base)
{
	static const char *const bad[] = { "/..",        "/../x",   "/a/../../x",
					   "/./x",       "/a/.",    "/%2e%2E/x",
					   "/.%2e/x",    "/a b",    "/a\\b",
					   "/a\r\nX: y", "/a#b",    "/\xc3\xa9",
					   "/a/%2e",     "/../?a=b" };
	static const char *const good[] = { "/...",       "/.a",        "/a..",
					    "/%2e%2e%2e", "/x?a=/../b", "/a/%2fb" };
	static const char *const foreign[] = {
		"",      "x",       "http://evil.example/", "?x",
		"https", "mailto:", "http://127.0.0.1:1/x"
	};
	open_all();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(get(bad[i]) == ERROR_USAGE, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		ck_assert_msg(get(foreign[i]) == ERROR_FORBIDDEN_HOST, "%s",
			      foreign[i]);
	ck_assert_uint_eq(server.shared->connections, 0);
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(get(good[i]) == 0, "%s", err.text);
		ck_assert_msg(server_heard(good[i]), "%s", good[i]);
		http_reply_release(&reply);
	}
	/* Two slashes at its start make no host of it. */
	ck_assert_int_eq(get("//evil.example/"), 0);
	ck_assert(server_heard("GET /api//evil.example/ HTTP/1.1"));
	http_reply_release(&reply);
	close_all();
}
END_TEST

START_TEST(absolute_addresses_of_the_origin_are_taken)
{
	char address[100];
	open_all();
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 204 No Content\r\n\r\n");
	snprintf(address, sizeof(address), "HTTP://127.0.0.1:%d/elsewhere?page=2#x",
		 server.port);
	ck_assert_int_eq(get(address), 0);
	ck_assert(server_heard("GET /elsewhere?page=2 HTTP/1.1\r\n"));
	http_reply_release(&reply);
	close_all();
}
END_TEST

/* --- redirects --- */

struct redirect {
	const char *location; /* {own}, {other}: host and port; {p}, {o}: the ports */
	const char *path;     /* that is asked for then; NULL: refused */
};

static const struct redirect redirects[] = {
	/* ours */
	{ "http://{own}/x", "/x" },
	{ "HTTP://{own}/x", "/x" },
	{ "http://{own}", "/" },
	{ "http://{own}?x=y", "/?x=y" },
	{ "http://{own}/x#http://{other}/", "/x" },
	{ "http://{own}/@{other}/", "/@{other}/" },
	{ "http://{own}/http://{other}/", "/http://{other}/" },
	{ "http://{own}/?u=http://{other}/", "/?u=http://{other}/" },
	{ "//{own}/x", "/x" },
	{ "/x", "/x" },
	{ "/x?y=z", "/x?y=z" },
	{ "/%2f%2f{other}/", "/%2f%2f{other}/" },
	{ "/%5c%5c{other}/", "/%5c%5c{other}/" },
	{ "/.//{other}/", "//{other}/" },
	{ "/;@{other}/", "/;@{other}/" },
	{ "?x=y", "/api/a/b?x=y" },
	{ "x", "/api/a/x" },
	{ "./x", "/api/a/x" },
	{ "../x", "/api/x" },
	{ "../../../../x", "/x" },
	{ "x@{other}", "/api/a/x@{other}" },
	{ "@{other}/", "/api/a/@{other}/" },
	/* elsewhere */
	{ "http://{other}/", NULL },
	{ "http://{other}", NULL },
	{ "HTTP://{other}/", NULL },
	{ "//{other}/", NULL },
	{ "///{other}/", NULL },
	{ "////{other}/", NULL },
	{ "/\\{other}/", NULL },
	{ "\\\\{other}/", NULL },
	{ "\\/{other}/", NULL },
	{ "/\\/{other}/", NULL },
	{ "http:{other}/", NULL },
	{ "http:/{other}/", NULL },
	{ "http:///{other}/", NULL },
	{ "http:\\\\{other}/", NULL },
	{ "http://\\{other}/", NULL },
	{ "http://{own}@{other}/", NULL },
	{ "http://{own}:x@{other}/", NULL },
	{ "http://x@{own}@{other}/", NULL },
	{ "http://{own}\\@{other}/", NULL },
	{ "http://{own}%40{other}/", NULL },
	{ "http://{own}%2f@{other}/", NULL },
	{ "http://{own}%23@{other}/", NULL },
	{ "http://{own};@{other}/", NULL },
	{ "http://{own}&@{other}/", NULL },
	{ "http://user:pass@{other}/", NULL },
	{ "http://user:pass@{own}/", NULL },
	{ "http://@{own}/", NULL },
	{ "http://{own}.:{o}/", NULL },
	{ "http://127.0.0.1.:{p}/", NULL },
	{ "http://127.0.0.1:{o}/", NULL },
	{ "http://127.0.0.1:{p}:{o}/", NULL },
	{ "http://127.0.0.1:{o}:{p}/", NULL },
	{ "http://127.0.0.1:0{o}/", NULL },
	{ "http://127.0.0.1:0{p}/", NULL },
	{ "http://127.0.0.1:/", NULL },
	{ "http://127.0.0.1/", NULL },
	{ "http://127.1:{o}/", NULL },
	{ "http://127.1:{p}/", NULL },
	{ "http://0x7f000001:{o}/", NULL },
	{ "http://2130706433:{p}/", NULL },
	{ "http://0:{o}/", NULL },
	{ "http://localhost:{p}/", NULL },
	{ "http://localhost:{o}/", NULL },
	{ "http://[::1]:{p}/", NULL },
	{ "http://[::ffff:127.0.0.1]:{o}/", NULL },
	{ "http://[127.0.0.1]:{o}/", NULL },
	{ "http://127.0.0.1:{p}.evil.example:{o}/", NULL },
	{ "http://%31%32%37.0.0.1:{o}/", NULL },
	{ "http://127\xe3\x80\x82\x30.0.1:{o}/", NULL },
	{ "https://{own}/", NULL },
	{ "https://{other}/", NULL },
	{ "ftp://{other}/", NULL },
	{ "file:///etc/passwd", NULL },
	{ "gopher://{other}/", NULL },
	{ "dict://{other}/", NULL },
	{ "javascript:alert(1)", NULL },
	{ "data:text/plain,x", NULL },
	{ "mailto:a@b", NULL },
	{ "http://{other}\t/", NULL },
	{ "http:// {other}/", NULL },
	{ "ht tp://{other}/", NULL },
	{ "http://{own} {other}/", NULL },
	{ "http://{own}/\xc3\xa9", NULL },
};

static void fill_in(const char *pattern, char *out, size_t size)
{
	FILE *text = fmemopen(out, size, "w");
	for (; *pattern != '\0'; pattern++) {
		if (strncmp(pattern, "{own}", 5) == 0)
			fprintf(text, "127.0.0.1:%d", server.port);
		else if (strncmp(pattern, "{other}", 7) == 0)
			fprintf(text, "127.0.0.1:%d", other.port);
		else if (strncmp(pattern, "{p}", 3) == 0)
			fprintf(text, "%d", server.port);
		else if (strncmp(pattern, "{o}", 3) == 0)
			fprintf(text, "%d", other.port);
		else
			fputc(*pattern, text);
		if (*pattern == '{')
			pattern = strchr(pattern, '}');
	}
	fclose(text);
}

static void try_redirect(const struct redirect *redirect, int status)
{
	char location[200] = "", path[200] = "", line[250];
	server_reset(&server);
	fill_in(redirect->location, location, sizeof(location));
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
		    status, location);
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 200 OK\r\n\r\n[]");
	int code = get("/a/b?secret=1");
	if (redirect->path == NULL) {
		ck_assert_msg(code == ERROR_FORBIDDEN_HOST, "%s: %d, %s", location,
			      code, err.text);
		ck_assert_ptr_null(strstr(err.text, "pass"));
		ck_assert_uint_eq(server.shared->requests, 1);
		return;
	}
	fill_in(redirect->path, path, sizeof(path));
	snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n", path);
	ck_assert_msg(code == 0, "%s: %s", location, err.text);
	ck_assert_msg(server_heard(line), "%s: not '%s' in: %s", location, line,
		      server.shared->heard);
	ck_assert_str_eq(reply.body.data, "[]");
	http_reply_release(&reply);
}

START_TEST(no_redirect_leads_to_another_host)
{
	static const int statuses[] = { 301, 302, 303, 307, 308 };
	size_t count = sizeof(redirects) / sizeof(redirects[0]);
	open_all();
	server_start(&other, NULL);
	server_says(&other, SERVER_CLOSE, "HTTP/1.1 200 OK\r\n\r\nevil");
	for (size_t i = 0; i < count; i++)
		try_redirect(&redirects[i], statuses[i % 5]);
	usleep(20000);
	ck_assert_uint_eq(other.shared->connections, 0);
	ck_assert_uint_eq(other.shared->heard_length, 0);
	printf("# %zu redirects, no byte to another host\n", count);
	server_stop(&other);
	close_all();
}
END_TEST

START_TEST(only_reading_follows_redirects)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE",
					       "HEAD" };
	open_all();
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		server_reset(&server);
		server_says(&server, SERVER_CLOSE,
			    "HTTP/1.1 307 Moved\r\nLocation: /x\r\nContent-Length: 0"
			    "\r\n\r\n");
		ck_assert_int_eq(request(methods[i], "/a", NULL), 0);
		ck_assert_int_eq(reply.status, 307);
		ck_assert_uint_eq(server.shared->requests, 1);
		http_reply_release(&reply);
	}
	close_all();
}
END_TEST

START_TEST(what_only_looks_like_a_redirect_is_a_reply)
{
	static const char *const replies[] = {
		"HTTP/1.1 301 Moved\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: \r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /x\r\nLocation: /y\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n\r\n",
		"HTTP/1.1 300 Choices\r\nLocation: /x\r\n\r\n",
		"HTTP/1.1 201 Created\r\nLocation: http://evil.example/x\r\n\r\n",
		"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\n\r\n",
	};
	open_all();
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		server_reset(&server);
		server_says(&server, SERVER_CLOSE, "%s", replies[i]);
		ck_assert_msg(get("/a") == 0, "%s", err.text);
		ck_assert_int_eq(reply.status, (int)strtol(replies[i] + 9, NULL, 10));
		ck_assert_uint_eq(server.shared->requests, 1);
		http_reply_release(&reply);
	}
	close_all();
}
END_TEST

START_TEST(redirects_end)
{
	open_all();
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 302 Found\r\nLocation: ?x\r\nContent-Length: 0\r\n\r\n");
	ck_assert_int_eq(get("/a"), ERROR_LIMIT);
	ck_assert_uint_eq(server.shared->requests, 6);
	server_reset(&server);
	for (int i = 0; i < 5; i++)
		server_says(&server, SERVER_CLOSE,
			    "HTTP/1.1 302 Found\r\nLocation: /%d\r\n"
			    "Content-Length: 5\r\n\r\nmoved",
			    i);
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 200 OK\r\n\r\n[]");
	ck_assert_int_eq(get("/a"), 0);
	ck_assert_str_eq(reply.body.data, "[]");
	http_reply_release(&reply);
	close_all();
}
END_TEST

/* --- pages --- */

START_TEST(the_next_page_is_of_the_origin)
{
	static const struct {
		const char *link;
		int code;
		const char *next;
	} cases[] = {
		{ "<http://{own}/x?page=2>; rel=\"next\"", 0, "http://{own}/x?page=2" },
		{ "</x?page=2>; rel=\"next\", </x>; rel=first", 0,
		  "http://{own}/x?page=2" },
		{ "<?page=2>; rel=\"next\"", 0, "http://{own}/api/a?page=2" },
		{ "<http://evil.example/>; rel=\"prev\"", 0, "" },
		{ "<http://{other}/x?page=2>; rel=\"next\"", ERROR_FORBIDDEN_HOST, "" },
		{ "<https://{own}/x?page=2>; rel=\"next\"", ERROR_FORBIDDEN_HOST, "" },
		{ "<//{other}/x?page=2>; rel=\"next\"", ERROR_FORBIDDEN_HOST, "" },
		{ "<http://u@{own}/x?page=2>; rel=\"next\"", ERROR_FORBIDDEN_HOST, "" },
		{ "http://{own}/x?page=2; rel=\"next\"", ERROR_NETWORK, "" },
	};
	open_all();
	other.port = 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char link[200] = "", next[200] = "";
		server_reset(&server);
		fill_in(cases[i].link, link, sizeof(link));
		fill_in(cases[i].next, next, sizeof(next));
		server_says(&server, SERVER_CLOSE,
			    "HTTP/1.1 200 OK\r\nLink: %s\r\n\r\n[]", link);
		ck_assert_msg(get("/a?b") == cases[i].code, "%s: %s", link, err.text);
		if (cases[i].code == 0) {
			ck_assert_str_eq(reply.next, next);
			http_reply_release(&reply);
		}
		/* Nobody turns pages of an answer to a change. */
		ck_assert_int_eq(request("POST", "/a", "{}"), 0);
		ck_assert_str_eq(reply.next, "");
		http_reply_release(&reply);
	}
	close_all();
}
END_TEST

START_TEST(a_next_page_with_too_long_an_address_is_an_error)
{
	open_all();
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 200 OK\r\nLink: </%02040d>; rel=next\r\n\r\n[]", 1);
	ck_assert_int_eq(get("/a"), ERROR_LIMIT);
	close_all();
}
END_TEST

/* --- replies that break --- */

START_TEST(replies_are_whole_or_an_error)
{
	static const struct {
		enum server_act act;
		const char *bytes;
		int code;
		const char *body;
	} cases[] = {
		{ SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", 0,
		  "abcde" },
		{ SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
		  ERROR_NETWORK, NULL },
		{ SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		  ERROR_NETWORK, NULL },
		{ SERVER_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, "" },
		{ SERVER_KEEP, "HTTP/1.1 204 No Content\r\n\r\n", 0, "" },
		{ SERVER_CLOSE,
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nLink: x\r\n\r\n",
		  0, "abcde" },
		{ SERVER_CLOSE,
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		  ERROR_NETWORK, NULL },
		{ SERVER_CLOSE,
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n",
		  ERROR_NETWORK, NULL },
		{ SERVER_CLOSE,
		  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
		  "Link: </style.css>; rel=preload\r\n\r\n"
		  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
		  0, "[]" },
		{ SERVER_SLOW, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", 0,
		  "[]" },
		{ SERVER_CLOSE, "HTTP/1.0 200 OK\r\n\r\nuntil the end", 0,
		  "until the end" },
		{ SERVER_CLOSE, "", ERROR_NETWORK, NULL },
		{ SERVER_RESET, "", ERROR_NETWORK, NULL },
		{ SERVER_RESET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
		  ERROR_NETWORK, NULL },
		{ SERVER_CLOSE, "HTTP/1.1 200 OK\r\n", ERROR_NETWORK, NULL },
		{ SERVER_CLOSE, "SSH-2.0-OpenSSH_9.2\r\n", ERROR_NETWORK, NULL },
		{ SERVER_CLOSE, "<html>hello</html>\n", ERROR_NETWORK, NULL },
		{ SERVER_CLOSE, "HTTP/1.1 200 OK\r\nno colon\r\n\r\nabc", ERROR_NETWORK,
		  NULL },
		{ SERVER_CLOSE,
		  "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\nabc", ERROR_LIMIT,
		  NULL },
		{ SERVER_FLOOD, "HTTP/1.1 200 OK\r\n\r\n", ERROR_LIMIT, NULL },
		{ SERVER_HANG, "", ERROR_TIMEOUT, NULL },
		{ SERVER_HANG, "HTTP/1.1 200 OK\r\nContent-Le", ERROR_TIMEOUT, NULL },
		{ SERVER_HANG, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
		  ERROR_TIMEOUT, NULL },
		{ SERVER_HANG, "HTTP/1.1 100 Continue\r\n\r\n", ERROR_TIMEOUT, NULL },
	};
	server_start(&server, NULL);
	open_client("127.0.0.1", 2 * CLOCK_SECOND);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		server_reset(&server);
		server_says(&server, cases[i].act, "%s", cases[i].bytes);
		memset(&reply, 0x55, sizeof(reply));
		int code = get("/a?secret");
		ck_assert_msg(code == cases[i].code, "%zu, '%s': %d, %s", i,
			      cases[i].bytes, code, err.text);
		if (code == 0) {
			ck_assert_str_eq(reply.body.data, cases[i].body);
			http_reply_release(&reply);
		} else {
			ck_assert_ptr_nonnull(strstr(err.text, "GET "
							       "http://127.0.0.1:"));
			ck_assert_int_eq(reply.status, 0x55555555);
		}
	}
	close_all();
}
END_TEST

START_TEST(headers_are_bounded)
{
	open_all();
	server_says(&server, SERVER_CLOSE, "HTTP/1.1 200 OK\r\nX: %017000d\r\n\r\nabc",
		    1);
	ck_assert_int_eq(get("/"), ERROR_LIMIT);
	close_all();
}
END_TEST

START_TEST(the_timeout_is_for_the_whole)
{
	server_start(&server, NULL);
	open_client("127.0.0.1", CLOCK_SECOND / 2);
	/* Each of the redirects is quick enough by itself. */
	server_says(&server, SERVER_SLOW,
		    "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
	int64_t begin = clock_monotonic();
	ck_assert_int_eq(get("/"), ERROR_TIMEOUT);
	ck_assert_int_lt(clock_monotonic() - begin, 5 * CLOCK_SECOND);
	ck_assert_uint_gt(server.shared->requests, 1);
	close_all();
}
END_TEST

START_TEST(a_limit_is_told_with_its_end)
{
	open_all();
	clock_set_for_tests(INT64_C(1790000000) * CLOCK_SECOND);
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\n\r\n{}");
	ck_assert_int_eq(get("/"), 0);
	ck_assert_int_eq(reply.status, 429);
	ck_assert_int_eq(reply.retry_after, INT64_C(1790000017) * CLOCK_SECOND);
	ck_assert_int_eq(reply.remaining, -1);
	http_reply_release(&reply);
	server_reset(&server);
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 403 Forbidden\r\nx-ratelimit-remaining: 0\r\n"
		    "x-ratelimit-reset: 1790000300\r\n\r\n{}");
	ck_assert_int_eq(get("/"), 0);
	ck_assert_int_eq(reply.remaining, 0);
	ck_assert_int_eq(reply.retry_after, INT64_C(1790000300) * CLOCK_SECOND);
	http_reply_release(&reply);
	clock_set_for_tests(-1);
	close_all();
}
END_TEST

START_TEST(nobody_there_is_an_error)
{
	open_all();
	server_stop(&server);
	ck_assert_int_eq(get("/a?secret"), ERROR_NETWORK);
	ck_assert_ptr_nonnull(strstr(err.text, "refused"));
	http_client_free(client);
	open_client("no-such-host.invalid", 3 * CLOCK_SECOND);
	int code = get("/a?secret");
	/* A machine without a name server may wait for one. */
	ck_assert(code == ERROR_NETWORK || code == ERROR_TIMEOUT);
	http_client_free(client);
}
END_TEST

/* --- TLS --- */

static char *place;

static void open_place(void)
{
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-http", NULL), 0);
}

static void close_place(void)
{
	int root = open("/", O_PATH);
	path_remove_tree(root, place + 1, NULL);
	close(root);
	free(place);
}

static char *certificate(const char *file, const char *name)
{
	char *path = path_join(place, file);
	if (server_certificate(path, name))
		return path;
	printf("# skipped: there is no openssl\n");
	free(path);
	return NULL;
}

static int get_secure(const char *host, const char *authority)
{
	struct buf pem = BUF_INIT(65536);
	snprintf(base, sizeof(base), "https://%s:%d", host, server.port);
	struct http_options options = { .base = base,
					.authorization = "Bearer " TOKEN,
					.timeout = 5 * CLOCK_SECOND };
	if (authority != NULL) {
		ck_assert_int_eq(buf_read_file(&pem, authority, NULL), 0);
		options.authorities = pem.data;
	}
	server_reset(&server);
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
	ck_assert_int_eq(http_client_new(&client, &options, &err), 0);
	buf_release(&pem);
	int code = get("/x");
	if (code == 0)
		http_reply_release(&reply);
	http_client_free(client);
	return code;
}

START_TEST(certificates_are_verified)
{
	open_place();
	char *good = certificate("good.pem", "IP:127.0.0.1");
	char *wrong = good ? certificate("wrong.pem", "DNS:example.org") : NULL;
	if (wrong != NULL) {
		server_start(&server, good);
		ck_assert_msg(get_secure("127.0.0.1", good) == 0, "%s", err.text);
		ck_assert(server_heard("Bearer " TOKEN));
		/* unknown authorities: the system's, another one */
		ck_assert_int_eq(get_secure("127.0.0.1", NULL), ERROR_NETWORK);
		ck_assert_ptr_nonnull(strstr(err.text, "not to be trusted"));
		ck_assert_int_eq(get_secure("127.0.0.1", wrong), ERROR_NETWORK);
		/* another name than the certificate's */
		ck_assert_int_eq(get_secure("localhost", good), ERROR_NETWORK);
		ck_assert_uint_eq(server.shared->heard_length, 0);
		server_stop(&server);
		server_start(&server, wrong);
		ck_assert_int_eq(get_secure("127.0.0.1", wrong), ERROR_NETWORK);
		ck_assert_uint_eq(server.shared->heard_length, 0);
		server_stop(&server);
		/* no TLS at all */
		server_start(&server, NULL);
		ck_assert_int_eq(get_secure("127.0.0.1", good), ERROR_NETWORK);
		ck_assert_ptr_null(strstr(server.shared->heard, TOKEN));
		server_stop(&server);
	}
	free(good);
	free(wrong);
	close_place();
}
END_TEST

START_TEST(authorities_that_cannot_be_read_are_none)
{
	open_place();
	char *good = certificate("good.pem", "IP:127.0.0.1");
	char *bad = path_join(place, "bad.pem");
	ck_assert_int_eq(path_write_atomic(bad, "nonsense", 8, 0600, NULL), 0);
	if (good != NULL) {
		server_start(&server, good);
		ck_assert_int_eq(get_secure("127.0.0.1", bad), ERROR_NETWORK);
		ck_assert_uint_eq(server.shared->heard_length, 0);
		server_stop(&server);
	}
	free(good);
	free(bad);
	close_place();
}
END_TEST

START_TEST(the_library_says_its_version)
{
	ck_assert_int_eq(http_library_init(NULL), 0);
	ck_assert_ptr_nonnull(strstr(http_library_version(), "libcurl "));
}
END_TEST

UNIT_MAIN("net-http", a_request_says_what_it_must, methods_and_bodies_go_as_they_are,
	  callers_headers_are_added, credentials_can_change, bad_options_are_refused,
	  another_header_can_identify_us, nothing_comes_from_the_environment,
	  connections_are_used_again, paths_stay_below_the_base,
	  absolute_addresses_of_the_origin_are_taken, no_redirect_leads_to_another_host,
	  only_reading_follows_redirects, what_only_looks_like_a_redirect_is_a_reply,
	  redirects_end, the_next_page_is_of_the_origin,
	  a_next_page_with_too_long_an_address_is_an_error,
	  replies_are_whole_or_an_error, headers_are_bounded,
	  the_timeout_is_for_the_whole, a_limit_is_told_with_its_end,
	  nobody_there_is_an_error, certificates_are_verified,
	  authorities_that_cannot_be_read_are_none, the_library_says_its_version)
