/* cmd/listen.c - listening sockets. */
#include "cmd/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "conf/config.h"

#define BACKLOG      4096
#define FIRST_PASSED 3 /* of systemd's descriptors */
#define FILE_BYTES   ((size_t)1 << 20)

static bool is_network(int fd)
{
	struct sockaddr_storage address = { .ss_family = AF_UNIX };
	socklen_t length = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
	       address.ss_family != AF_UNIX;
}

static int add_listener(struct listeners *listeners, int fd, bool local,
			const char *address, struct error *err)
{
	if (listeners->count == LISTENERS_MAX) {
		close(fd);
		return error_set(err, ERROR_LIMIT,
				 "more than %d addresses to listen on", LISTENERS_MAX);
	}
	listeners->items[listeners->count++] = (struct intake_listener){
		.fd = fd, .local = local, .address = address
	};
	return 0;
}

/* Whether somebody answers on a socket file. */
static bool is_served(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served = fd >= 0 && connect(fd, (const struct sockaddr *)address,
					 sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return served;
}

/* What an earlier service left; anything but a socket is somebody's file. */
static int remove_socket(const char *path, struct error *err)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return 0;
	if (!S_ISSOCK(status.st_mode))
		return error_set(err, ERROR_EXISTS,
				 "cannot listen on '%s': there is something that is no "
				 "socket; move it away, or name another one",
				 path);
	unlink(path);
	return 0;
}

static int listen_unix(struct listeners *listeners, const char *path, bool local,
		       struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_LIMIT,
				 "the socket's name '%s' is over %zu bytes", path,
				 sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	if (is_served(&address))
		return error_set(err, ERROR_BUSY,
				 "another service answers on '%s': is gitgate running?",
				 path);
	int rc = remove_socket(path, err);
	if (rc != 0)
		return rc;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, 0666) != 0 || listen(fd, BACKLOG) != 0) {
		int number = errno;
		if (fd >= 0)
			close(fd);
		return error_set_errno(err, number, "cannot listen on '%s'", path);
	}
	return add_listener(listeners, fd, local, path, err);
}

static int parse_address(const char *text, struct sockaddr_storage *out,
			 socklen_t *length, struct error *err)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	char host[INET6_ADDRSTRLEN] = "";
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;
	size_t size = colon ? (size_t)(colon - text) : 0;

	memset(out, 0, sizeof(*out));
	if (colon && size < sizeof(host) + 2 && text_parse_u64(colon + 1, &port) == 0 &&
	    port <= 65535) {
		bool bracketed = *text == '[' && text[size - 1] == ']';
		size_t skip = bracketed ? 1 : 0;
		if (size - 2 * skip < sizeof(host))
			memcpy(host, text + skip, size - 2 * skip);
		if (bracketed && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
			v6->sin6_family = AF_INET6;
			v6->sin6_port = htons((uint16_t)port);
			*length = sizeof(*v6);
			return 0;
		}
		if (!bracketed && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
			v4->sin_family = AF_INET;
			v4->sin_port = htons((uint16_t)port);
			*length = sizeof(*v4);
			return 0;
		}
	}
	return error_set(err, ERROR_CONFIG,
			 "cannot listen on '%s': write 127.0.0.1:8420, [::1]:8420 or "
			 "unix:/path",
			 text);
}

static int listen_tcp(struct listeners *listeners, const char *text, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t length = 0;
	int on = 1;

	int rc = parse_address(text, &address, &length, err);
	if (rc != 0)
		return rc;
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (address.ss_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		int number = errno;
		if (fd >= 0)
			close(fd);
		return error_set_errno(err, number, "cannot listen on '%s'", text);
	}
	return add_listener(listeners, fd, false, text, err);
}

/* Source: sd_listen_fds(3). The variables are taken out, so that no child believes in
 * them. */
static int take_passed(struct listeners *listeners, const struct config *config,
		       struct error *err)
{
	const char *pid = getenv("LISTEN_PID");
	const char *number = getenv("LISTEN_FDS");
	uint64_t owner = 0, count = 0;
	int rc = 0;

	bool ours = pid && number && text_parse_u64(pid, &owner) == 0 &&
		    owner == (uint64_t)getpid() &&
		    text_parse_u64(number, &count) == 0 && count <= LISTENERS_MAX;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (int i = 0; ours && rc == 0 && i < (int)count; i++) {
		struct sockaddr_un address = { 0 };
		socklen_t length = sizeof(address);
		int fd = FIRST_PASSED + i;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
			return error_set_errno(err, errno,
					       "descriptor %d is not a socket", fd);
		bool local = address.sun_family == AF_UNIX &&
			     strcmp(address.sun_path, config->server.socket) == 0;
		rc = add_listener(listeners, fd, local, "passed by the system", err);
	}
	return rc;
}

static bool have_local(const struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (listeners->items[i].local)
			return true;
	return false;
}

static bool is_given(const char *file)
{
	return file && *file;
}

int listeners_open(struct listeners *out, const struct config *config,
		   struct error *err)
{
	struct listeners listeners = { .count = 0 };

	int rc = take_passed(&listeners, config, err);
	if (rc == 0 && !have_local(&listeners))
		rc = listen_unix(&listeners, config->server.socket, true, err);
	for (size_t i = 0; rc == 0 && i < config->server.listen.count; i++) {
		const char *address = config->server.listen.items[i];
		rc = text_starts_with(address, "unix:")
			     ? listen_unix(&listeners, address + strlen("unix:"), false,
					   err)
			     : listen_tcp(&listeners, address, err);
	}
	if (rc != 0) {
		listeners_close(&listeners);
		return rc;
	}
	bool tls = is_given(config->server.tls_certificate);
	for (size_t i = 0; i < listeners.count; i++)
		listeners.items[i].tls = tls && is_network(listeners.items[i].fd);
	*out = listeners;
	return 0;
}

void listeners_close(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		close(listeners->items[i].fd);
	listeners->count = 0;
}

/* --- TLS, proxies --- */

static int read_file(const char *file, char **out, struct error *err)
{
	struct buf text = BUF_INIT(FILE_BYTES);

	int rc = buf_read_file(&text, file, err);
	if (rc == 0 && memchr(text.data, '\0', text.length))
		rc = error_set(err, ERROR_CONFIG, "'%s' is not PEM", file);
	if (rc == 0) {
		*out = strdup(text.data);
		if (!*out)
			rc = error_set(err, ERROR_MEMORY, "out of memory");
	}
	explicit_bzero(text.data, text.capacity ? text.length : 0);
	buf_release(&text);
	return rc;
}

static int check_key(const char *file, struct error *err)
{
	struct stat status;

	if (stat(file, &status) != 0)
		return error_set_errno(err, errno, "cannot read '%s'", file);
	if (status.st_mode & S_IRWXO)
		return error_set(err, ERROR_CONFIG,
				 "everybody can read the private key '%s': chmod o= it",
				 file);
	return 0;
}

int listen_tls_read(struct listen_tls *out, const struct config *config,
		    struct error *err)
{
	const char *certificate = config->server.tls_certificate;
	const char *key = config->server.tls_key;
	struct listen_tls tls = { NULL, NULL };

	if (!is_given(certificate) && !is_given(key)) {
		*out = tls;
		return 0;
	}
	if (!is_given(certificate) || !is_given(key))
		return error_set(err, ERROR_CONFIG,
				 "TLS needs tls-certificate-file and tls-key-file");
	int rc = check_key(key, err);
	if (rc == 0)
		rc = read_file(certificate, &tls.certificate, err);
	if (rc == 0)
		rc = read_file(key, &tls.key, err);
	if (rc != 0) {
		listen_tls_release(&tls);
		return error_context(err, "TLS for the addresses of 'listen'");
	}
	*out = tls;
	return 0;
}

void listen_tls_release(struct listen_tls *tls)
{
	if (tls->key)
		explicit_bzero(tls->key, strlen(tls->key));
	free(tls->key);
	free(tls->certificate);
	*tls = (struct listen_tls){ NULL, NULL };
}

int listen_check_proxies(const struct config *config, struct error *err)
{
	const struct strings *proxies = &config->server.trusted_proxies;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < proxies->count; i++)
		rc = intake_check_proxy(proxies->items[i], err);
	return rc == 0 ? 0 : error_context(err, "option 'trusted-proxies'");
}
