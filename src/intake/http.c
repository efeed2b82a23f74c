/* intake/http.c - the HTTP library: one daemon for each listening socket, run by our
 * own loop (no thread of its own). */
#include "intake/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

/* A connection's memory: the request line and headers must fit, with what the library
 * adds. Only touched as far as it is used. */
#define CONNECTION_BYTES ((size_t)40 << 10)

/* GnuTLS's words for TLS 1.2 and later. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* The request's line is there; its URI is still as it came. */
static void *begin_request(void *data, const char *uri,
			   struct MHD_Connection *connection)
{
	struct door *door = data;
	struct peer *peer = peer_of(connection);
	struct request *request = peer ? calloc(1, sizeof(*request)) : NULL;

	if (!request)
		return NULL;
	request->intake = door->intake;
	request->peer = peer;
	request->connection = connection;
	peer_use(peer);
	request->uri_length = strlen(uri);
	request->uri_bad = !uri_is_sound(uri);
	buf_init(&request->body, 0);
	buf_init(&request->out,
		 (size_t)intake_limit(door->intake, LIMIT_HTTP_MAX_BODY));
	peer_wait(peer, door->intake, LIMIT_HTTP_HEADER_DEADLINE);
	return request;
}

static void end_request(void *data, struct MHD_Connection *connection,
			void **request_data, enum MHD_RequestTerminationCode code)
{
	struct request *request = *request_data;

	(void)data;
	(void)connection;
	(void)code;
	if (!request)
		return;
	events_leave(request);
	client_leave(request);
	body_drop(request);
	peer_wait(request->peer, request->intake, LIMIT_HTTP_IDLE_DEADLINE);
	buf_release(&request->out);
	free(request);
	*request_data = NULL;
}

static enum MHD_Result take_head(struct request *request, const char *method,
				 const char *path)
{
	request->has_head = true;
	peer_wait(request->peer, request->intake, LIMIT_HTTP_BODY_DEADLINE);
	return head_check(request, method, path) || request->drops_body
		       ? MHD_YES
		       : answer_send(request);
}

/* Called with the headers, with every piece of the body, at the end, and once more when
 * the connection was suspended. */
static enum MHD_Result serve(void *data, struct MHD_Connection *connection,
			     const char *path, const char *method, const char *version,
			     const char *piece, size_t *length, void **request_data)
{
	struct request *request = *request_data;

	(void)data;
	(void)connection;
	(void)version;
	if (!request)
		return MHD_NO; /* out of memory */
	if (!request->has_head)
		return take_head(request, method, path);
	if (*length > 0) {
		/* What is refused already is read to its end: then the answer is. */
		if (!request->status && !body_take(request, piece, *length))
			body_drop(request);
		*length = 0;
		return MHD_YES;
	}
	if (!request->status && !request->follower)
		request_run(request);
	if (request->id)
		return MHD_YES;
	return request->follower ? events_send(request) : answer_send(request);
}

static bool is_network(int fd)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
	       address.ss_family != AF_UNIX;
}

/* The library takes them as void pointers, and changes nothing. */
static void *text_of(const char *text)
{
	return (void *)(uintptr_t)text;
}

int door_open(struct intake *intake, const struct intake_listener *listener,
	      struct error *err)
{
	struct door *door = &intake->doors[intake->door_count];

	*door = (struct door){ .intake = intake,
			       .local = listener->local,
			       .network = is_network(listener->fd),
			       .address = listener->address };
	struct MHD_OptionItem tls[] = {
		{ listener->tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
		  text_of(intake->setup->certificate) },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, text_of(intake->setup->key) },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, text_of(PRIORITIES) },
		{ MHD_OPTION_END, 0, NULL },
	};
	door->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			(listener->tls ? MHD_USE_TLS : 0),
		0, peer_accept, door, serve, door, MHD_OPTION_ARRAY, tls,
		MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)intake->peer_maximum, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
		peer_notice, door, MHD_OPTION_URI_LOG_CALLBACK, begin_request, door,
		MHD_OPTION_NOTIFY_COMPLETED, end_request, door, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		door->daemon
			? MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD)
			: NULL;
	if (!info) {
		door_close(door);
		return error_set(err, ERROR_IO, "cannot serve HTTP on '%s'",
				 listener->address);
	}
	door->epoll = info->epoll_fd;
	intake->door_count++;
	return 0;
}

void door_close(struct door *door)
{
	if (door->daemon)
		MHD_stop_daemon(door->daemon);
	door->daemon = NULL;
}

const char *intake_library_version(void)
{
	return MHD_get_version();
}
