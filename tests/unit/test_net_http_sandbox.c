/* tests/unit/test_net_http_sandbox.c - a job of the profile report reaches its forge,
 * and one of the profile fetch its log, by address and by name, with and without TLS.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "http_server.h"
#include "net/http.h"
#include "sandbox/landlock.h"
#include "sandbox/sandbox.h"
#include "unit.h"

#define NOBODY     65534
#define UNCONFINED 99

static struct server server;
static char *place, *certificate;
static struct buf authority = BUF_INIT(65536);

/* --- in the job --- */

/* 0, or the code of its error without its sign. */
static int ask(const char *scheme, const char *host, const char *authorities)
{
	char base[100];
	struct http_client *client;
	struct http_reply reply;
	struct error err = ERROR_INIT;
	snprintf(base, sizeof(base), "%s://%s:%d", scheme, host, server.port);
	struct http_options options = { .base = base,
					.authorities = authorities,
					.timeout = 5 * CLOCK_SECOND };
	int code = http_client_new(&client, &options, &err);
	if (code != 0)
		return -code;
	code = http_request(client, "GET", "/", NULL, NULL, 0, &reply, &err);
	if (code == 0 && strcmp(reply.body.data, "[]") != 0)
		code = ERROR_INTERNAL;
	if (code == 0)
		http_reply_release(&reply);
	else
		fprintf(stderr, "# %s\n", err.text);
	http_client_free(client);
	return -code;
}

static int ask_plain(void)
{
	return ask("http", "127.0.0.1", NULL);
}

static int ask_by_name(void)
{
	return ask("http", "localhost", NULL);
}

static int ask_secure(void)
{
	return ask("https", "127.0.0.1", authority.data);
}

static int ask_secure_by_name(void)
{
	return ask("https", "localhost", authority.data);
}

/* The system's authorities can be read, and ours is not one of them. */
static int ask_with_the_systems_authorities(void)
{
	return ask("https", "127.0.0.1", NULL);
}

/* libcurl knows "localhost" itself; the resolver, in a thread, knows the others. */
static int resolve(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int result = getaddrinfo("localhost", "443", &hints, &found);
	if (result == 0)
		freeaddrinfo(found);
	return result == 0 ? 0 : 1;
}

static int ask_by_another_name(void)
{
	for (struct hostent *host = gethostent(); host != NULL; host = gethostent()) {
		bool is_loopback = host->h_addrtype == AF_INET &&
				   memcmp(host->h_addr, "\x7f\0\0\1", 4) == 0;
		if (is_loopback && strcmp(host->h_name, "localhost") != 0)
			return ask("http", host->h_name, NULL);
	}
	fprintf(stderr, "# /etc/hosts has no second name for 127.0.0.1\n");
	return 0;
}

static int resolve_in_vain(void)
{
	int code = ask("http", "no-such-host.invalid", NULL);
	return code == -ERROR_NETWORK || code == -ERROR_TIMEOUT ? 0 : code;
}

static int read_key(void)
{
	int fd = open(certificate, O_RDONLY);
	return fd < 0 ? errno : 0;
}

/* --- running it --- */

static int run_as(enum profile profile, int (*body)(void), uid_t uid, int abi,
		  bool prepared)
{
	struct sandbox_options options = { .uid = uid,
					   .gid = uid,
					   .landlock_abi_maximum = abi };
	int status = -1;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		struct error err = ERROR_INIT;
		if ((prepared && http_library_init(&err) != 0) ||
		    sandbox_enter(profile, NULL, &options, NULL, &err) != 0) {
			fprintf(stderr, "# %s\n", err.text);
			_exit(UNCONFINED);
		}
		_exit(body());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "it was ended by signal %d", WTERMSIG(status));
	ck_assert_int_ne(WEXITSTATUS(status), UNCONFINED);
	return WEXITSTATUS(status);
}

static int run_job(int (*body)(void), uid_t uid, int abi, bool prepared)
{
	return run_as(PROFILE_REPORT, body, uid, abi, prepared);
}

static bool open_server(const char *name)
{
	ck_assert_int_eq(path_make_temporary(&place, "gitgate-report", NULL), 0);
	if (name != NULL) {
		certificate = path_join(place, "server.pem");
		if (!server_certificate(certificate, name)) {
			printf("# skipped: there is no openssl\n");
			return false;
		}
		buf_read_file(&authority, certificate, NULL);
	}
	server_start(&server, certificate);
	server_says(&server, SERVER_CLOSE,
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
	return true;
}

static void close_server(void)
{
	int root = open("/", O_PATH);
	server_stop(&server);
	path_remove_tree(root, place + 1, NULL);
	close(root);
	free(place);
	free(certificate);
	buf_release(&authority);
}

static void each_way(int (*body)(void), int wanted)
{
	ck_assert_int_eq(run_job(body, 0, 0, true), wanted);
	ck_assert_int_eq(run_job(body, 0, 2, true), wanted); /* kernel 6.1 */
	if (geteuid() == 0)
		ck_assert_int_eq(run_job(body, NOBODY, 0, true), wanted);
}

START_TEST(a_job_reaches_its_forge)
{
	open_server(NULL);
	each_way(ask_plain, 0);
	each_way(ask_by_name, 0);
	each_way(resolve, 0);
	each_way(ask_by_another_name, 0);
	close_server();
}
END_TEST

START_TEST(a_job_reaches_its_forge_by_tls)
{
	if (!open_server("IP:127.0.0.1,DNS:localhost"))
		return;
	each_way(ask_secure, 0);
	each_way(ask_secure_by_name, 0);
	each_way(ask_with_the_systems_authorities, -ERROR_NETWORK);
	if (landlock_abi(0) > 0)
		ck_assert_int_eq(run_job(read_key, 0, 0, true), EACCES);
	close_server();
}
END_TEST

START_TEST(a_name_that_is_none_is_an_error)
{
	open_server(NULL);
	ck_assert_int_eq(run_job(resolve_in_vain, 0, 0, true), 0);
	close_server();
}
END_TEST

START_TEST(what_was_not_prepared_cannot_be_loaded)
{
	open_server(NULL);
	if (landlock_abi(0) > 0)
		ck_assert_int_eq(run_job(ask_plain, 0, 0, false), -ERROR_UNSUPPORTED);
	close_server();
}
END_TEST

/* It runs programs, so code can be loaded when it is needed: most fetches ask nobody.
 */
START_TEST(a_fetch_reaches_a_log_without_being_prepared)
{
	static int (*const bodies[])(void) = { ask_secure, ask_secure_by_name };
	if (!open_server("IP:127.0.0.1,DNS:localhost"))
		return;
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(run_as(PROFILE_FETCH, bodies[i], 0, 0, false), 0);
		ck_assert_int_eq(run_as(PROFILE_FETCH, bodies[i], 0, 2, false), 0);
		if (geteuid() == 0)
			ck_assert_int_eq(
				run_as(PROFILE_FETCH, bodies[i], NOBODY, 0, false), 0);
	}
	if (landlock_abi(0) > 0)
		ck_assert_int_eq(run_as(PROFILE_FETCH, read_key, 0, 0, false), EACCES);
	close_server();
}
END_TEST

UNIT_MAIN("net-http-sandbox", a_job_reaches_its_forge, a_job_reaches_its_forge_by_tls,
	  a_name_that_is_none_is_an_error, what_was_not_prepared_cannot_be_loaded,
	  a_fetch_reaches_a_log_without_being_prepared)
