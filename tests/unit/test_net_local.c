/* tests/unit/test_net_local.c - the client of the local socket against answers of every
 * kind. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "net/local.h"
#include "unit.h"

#define LONG_NAME                                                                      \
	"a-directory-with-a-name-that-is-so-long-that-no-address-of-a-socket-holds-"   \
	"it-"                                                                          \
	"whole-as-these-are-at-most-107-bytes"

struct server {
	char *directory;
	char *path;
	pid_t pid;
	int request; /* read end: what the client sent */
};

static int listen_at(const char *directory, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);

	ck_assert_int_eq(chdir(directory), 0);
	ck_assert(length < sizeof(address.sun_path));
	memcpy(address.sun_path, name, length);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)),
			 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	return fd;
}

/* Takes one connection, reads what comes at first, answers and closes; an answer of
 * NULL: reads on and says nothing. */
static void serve(int listener, int copy, const char *answer, size_t length)
{
	char bytes[4096];
	int fd = accept(listener, NULL, NULL);

	ssize_t got = read(fd, bytes, sizeof(bytes));
	if (got > 0)
		fd_write_all(copy, bytes, (size_t)got, NULL);
	if (!answer)
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
	else
		fd_write_all(fd, answer, length, NULL);
	_exit(0);
}

static void begin(struct server *server, const char *below, const char *answer,
		  size_t length)
{
	int both[2];
	char *place;

	ck_assert_int_eq(path_make_temporary(&server->directory, "local", NULL), 0);
	place = path_join(server->directory, below);
	ck_assert_int_eq(path_make_directories(place, 0700, NULL), 0);
	int listener = listen_at(place, "s");
	server->path = path_join(place, "s");
	ck_assert_int_eq(pipe(both), 0);
	server->pid = fork();
	ck_assert_int_ge(server->pid, 0);
	if (server->pid == 0) {
		close(both[0]);
		serve(listener, both[1], answer, length);
	}
	close(both[1]);
	close(listener);
	server->request = both[0];
	free(place);
}

static void end(struct server *server)
{
	char *name = strrchr(server->directory, '/');

	waitpid(server->pid, NULL, 0);
	ck_assert_int_eq(chdir("/"), 0);
	*name++ = '\0';
	int parent FD_CLOSING =
		open(server->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(path_remove_tree(parent, name, NULL), 0);
	close(server->request);
	free(server->directory);
	free(server->path);
}

static int ask(struct server *server, const char *below, const char *answer,
	       size_t length, struct local_reply *reply, struct error *err)
{
	begin(server, below, answer, length);
	int rc = local_request(server->path, "POST", "/x?y=1", "{}", 2,
			       5 * CLOCK_SECOND, reply, err);
	return rc;
}

START_TEST(whole_replies_are_taken_whatever_their_status)
{
	static const struct {
		const char *answer;
		int status;
		const char *body;
	} cases[] = {
		{ "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}" },
		{ "HTTP/1.1 202 Accepted\r\ncontent-length:2\r\n\r\n{}", 202, "{}" },
		{ "HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end" },
		{ "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "" },
		{ "HTTP/1.0 503 \r\nX: y\r\nZ:\r\n\r\nbusy", 503, "busy" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server;
		struct local_reply reply;
		struct error err = ERROR_INIT;
		int rc = ask(&server, ".", cases[i].answer, strlen(cases[i].answer),
			     &reply, &err);
		ck_assert_msg(rc == 0, "case %zu: %s", i, err.text);
		ck_assert_int_eq(reply.status, cases[i].status);
		ck_assert_str_eq(reply.body.data, cases[i].body);
		local_reply_release(&reply);
		end(&server);
	}
}
END_TEST

START_TEST(what_is_no_whole_reply_is_an_error)
{
	static const struct {
		const char *answer;
		int code;
	} cases[] = {
		{ "", ERROR_CLOSED },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n{}", ERROR_CLOSED },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n{}", ERROR_CLOSED },
		{ "HTTP/1.0 200 OK\r\nContent-Le", ERROR_CLOSED },
		{ "HTTP/1.0 20\r\n\r\n", ERROR_SYNTAX },
		{ "HTTP/2 200 OK, more\r\n\r\n", ERROR_SYNTAX },
		{ "SSH-2.0-OpenSSH\r\n\r\n", ERROR_SYNTAX },
		{ "\r\n\r\n", ERROR_SYNTAX },
		{ "HTTP/1.0 200 OK\r\nno colon\r\n\r\n", ERROR_SYNTAX },
		{ "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", ERROR_SYNTAX },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 0x2\r\n\r\n{}", ERROR_SYNTAX },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		  ERROR_SYNTAX },
		{ "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  ERROR_SYNTAX },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server;
		struct local_reply reply;
		struct error err = ERROR_INIT;
		int rc = ask(&server, ".", cases[i].answer, strlen(cases[i].answer),
			     &reply, &err);
		ck_assert_msg(rc == cases[i].code, "case %zu: %d %s", i, rc, err.text);
		ck_assert_str_ne(err.text, "");
		local_reply_release(&reply);
		end(&server);
	}
}
END_TEST

START_TEST(a_nul_byte_in_the_headers_is_an_error)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\nA: \0b\r\n\r\n";
	struct server server;
	struct local_reply reply;

	ck_assert_int_eq(ask(&server, ".", answer, sizeof(answer) - 1, &reply, NULL),
			 ERROR_SYNTAX);
	local_reply_release(&reply);
	end(&server);
}
END_TEST

START_TEST(the_request_is_plain_http)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\n\r\n";
	struct server server;
	struct local_reply reply;
	struct buf seen = BUF_INIT(8192);

	ck_assert_int_eq(ask(&server, ".", answer, sizeof(answer) - 1, &reply, NULL),
			 0);
	ck_assert_int_eq(buf_read_fd(&seen, server.request, NULL), 0);
	ck_assert(strstr(seen.data, "POST /x?y=1 HTTP/1.0\r\n") == seen.data);
	ck_assert(strstr(seen.data, "Content-Length: 2\r\n") != NULL);
	buf_release(&seen);
	local_reply_release(&reply);
	end(&server);
}
END_TEST

START_TEST(names_longer_than_an_address_are_reached)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\n\r\nfar";
	struct server server;
	struct local_reply reply;

	ck_assert_int_eq(
		ask(&server, LONG_NAME, answer, sizeof(answer) - 1, &reply, NULL), 0);
	ck_assert_str_eq(reply.body.data, "far");
	local_reply_release(&reply);
	end(&server);
}
END_TEST

START_TEST(a_service_that_says_nothing_is_given_up)
{
	struct server server;
	struct local_reply reply;

	begin(&server, ".", NULL, 0);
	int64_t start = clock_monotonic();
	int rc = local_request(server.path, "GET", "/", NULL, 0, CLOCK_SECOND / 5,
			       &reply, NULL);
	ck_assert_int_eq(rc, ERROR_TIMEOUT);
	ck_assert_int_ge(clock_monotonic() - start, CLOCK_SECOND / 5);
	local_reply_release(&reply);
	end(&server);
}
END_TEST

START_TEST(no_service_is_not_found)
{
	struct server server;
	struct local_reply reply;
	struct error err = ERROR_INIT;

	int rc = local_request("/nonexistent/gitgate.sock", "GET", "/", NULL, 0,
			       CLOCK_SECOND, &reply, &err);
	ck_assert_int_eq(rc, ERROR_NOT_FOUND);
	ck_assert(strstr(err.text, "is gitgate running?") != NULL);
	local_reply_release(&reply);
	/* A socket that nobody listens at any more. */
	static const char answer[] = "HTTP/1.0 200 OK\r\n\r\n";
	ck_assert_int_eq(ask(&server, ".", answer, sizeof(answer) - 1, &reply, NULL),
			 0);
	local_reply_release(&reply);
	waitpid(server.pid, NULL, 0);
	rc = local_request(server.path, "GET", "/", NULL, 0, CLOCK_SECOND, &reply,
			   NULL);
	ck_assert_int_eq(rc, ERROR_NOT_FOUND);
	local_reply_release(&reply);
	end(&server);
}
END_TEST

static int take_piece(void *data, const char *bytes, size_t length)
{
	struct buf *all = data;

	buf_add(all, bytes, length);
	return strstr(all->data, "stop") != NULL;
}

START_TEST(a_stream_is_handed_over_piece_by_piece)
{
	static const char *const answers[] = {
		"HTTP/1.0 200 OK\r\n\r\ndata: 1\n\ndata: 2\n\n",
		"HTTP/1.0 200 OK\r\n\r\ndata: stop\n\n",
	};
	for (size_t i = 0; i < 2; i++) {
		struct server server;
		struct buf all = BUF_INIT(1024);
		begin(&server, ".", answers[i], strlen(answers[i]));
		ck_assert_int_eq(
			local_stream(server.path, "/events", take_piece, &all, NULL),
			0);
		ck_assert_str_eq(all.data, strstr(answers[i], "data"));
		buf_release(&all);
		end(&server);
	}
}
END_TEST

START_TEST(a_stream_that_is_refused_is_an_error)
{
	static const struct {
		const char *answer;
		int code;
	} cases[] = {
		{ "HTTP/1.0 403 Forbidden\r\n\r\nno", ERROR_PERMISSION },
		{ "HTTP/1.0 401 Unauthorized\r\n\r\nno", ERROR_PERMISSION },
		{ "HTTP/1.0 404 Not Found\r\n\r\nno", ERROR_UNSUPPORTED },
		{ "HTTP/1.0 503 Busy\r\n\r\nno", ERROR_CLOSED },
		{ "HTTP/1.0 429 Slow\r\n\r\nno", ERROR_CLOSED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server;
		struct buf all = BUF_INIT(1024);
		begin(&server, ".", cases[i].answer, strlen(cases[i].answer));
		ck_assert_int_eq(
			local_stream(server.path, "/events", take_piece, &all, NULL),
			cases[i].code);
		ck_assert_uint_eq(all.length, 0);
		end(&server);
	}
}
END_TEST

START_TEST(query_values_are_escaped)
{
	struct buf out = BUF_INIT(256);

	local_escape(&out, "refs/heads/ä b&c=~x_1.-");
	ck_assert_str_eq(out.data, "refs%2Fheads%2F%C3%A4%20b%26c%3D~x_1.-");
	buf_release(&out);
}
END_TEST

UNIT_MAIN("net", whole_replies_are_taken_whatever_their_status,
	  what_is_no_whole_reply_is_an_error, a_nul_byte_in_the_headers_is_an_error,
	  the_request_is_plain_http, names_longer_than_an_address_are_reached,
	  a_service_that_says_nothing_is_given_up, no_service_is_not_found,
	  a_stream_is_handed_over_piece_by_piece, a_stream_that_is_refused_is_an_error,
	  query_values_are_escaped)
