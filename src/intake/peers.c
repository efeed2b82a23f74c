/* intake/peers.c - connections: who is at the other end, and until when they are waited
 * for.
 *
 * The HTTP library's own timeout counts from the last byte, so a client that sends a
 * byte now and then would stay for ever. These deadlines do not move with bytes. */
#include "intake/state.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/metrics.h"

/* Connections that only the local socket may use: nobody from elsewhere can keep the
 * command line and hooks out. */
#define LOCAL_RESERVE 64

/* Connections cut off at one time: thousands that came together also end together, and
 * nobody else shall wait for that. */
#define CUT_AT_MOST 64

static uint64_t uid_of(int fd)
{
	struct ucred who;
	socklen_t length = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0)
		return NOBODY;
	return who.uid;
}

void peer_resume(struct peer *peer, struct MHD_Connection *connection)
{
	peer->door->stirred = true;
	MHD_resume_connection(connection);
}

void peer_wait(struct peer *peer, const struct intake *intake, enum limit seconds)
{
	if (peer)
		peer->deadline = clock_monotonic() +
				 (int64_t)intake_limit(intake, seconds) * CLOCK_SECOND;
}

bool peer_is_proxy(const struct intake *intake, const struct address *address)
{
	for (size_t i = 0; i < intake->proxy_count; i++)
		if (network_holds(&intake->proxies[i], address))
			return true;
	return false;
}

static void find_address(struct peer *peer, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (info && info->client_addr)
		peer->address = address_of_socket(info->client_addr);
	peer->is_proxy = peer_is_proxy(peer->door->intake, &peer->address);
}

void peer_use(struct peer *peer)
{
	struct intake *intake = peer->door->intake;

	intake->used_count += !peer->is_used;
	peer->is_used = true;
}

static struct peer *peer_open(struct door *door, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct intake *intake = door->intake;
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!info || !peer) {
		free(peer);
		return NULL;
	}
	peer->door = door;
	peer->fd = info->connect_fd;
	peer->uid = door->local ? uid_of(peer->fd) : NOBODY;
	if (door->network)
		find_address(peer, connection);
	else
		peer->is_proxy = !door->local;
	peer->is_counted = door->network && !peer->is_proxy;
	if (peer->is_counted)
		crowd_enter(&intake->connections, &peer->address, UINT64_MAX);
	peer->next = intake->peers;
	if (peer->next)
		peer->next->previous = peer;
	intake->peers = peer;
	metric_set(METRIC_HTTP_CONNECTIONS, (int64_t)++intake->peer_count);
	peer_wait(peer, intake, LIMIT_HTTP_HEADER_DEADLINE);
	return peer;
}

static void peer_close(struct peer *peer)
{
	struct intake *intake = peer->door->intake;

	if (peer->previous)
		peer->previous->next = peer->next;
	else
		intake->peers = peer->next;
	if (peer->next)
		peer->next->previous = peer->previous;
	if (peer->is_counted)
		crowd_leave(&intake->connections, &peer->address);
	intake->used_count -= peer->is_used;
	metric_set(METRIC_HTTP_CONNECTIONS, (int64_t)--intake->peer_count);
	free(peer);
}

void peer_notice(void *data, struct MHD_Connection *connection, void **socket_data,
		 enum MHD_ConnectionNotificationCode code)
{
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*socket_data = peer_open(data, connection);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		if (*socket_data)
			peer_close(*socket_data);
		*socket_data = NULL;
		break;
	}
}

/* One address has at most http.per_address connections: more are closed as they come,
 * before they cost anything. */
static bool is_crowded(const struct intake *intake, const struct address *address)
{
	return !peer_is_proxy(intake, address) &&
	       crowd_count(&intake->connections, address) >=
		       intake_limit(intake, LIMIT_HTTP_PER_ADDRESS);
}

enum MHD_Result peer_accept(void *data, const struct sockaddr *address,
			    socklen_t length)
{
	const struct door *door = data;
	const struct intake *intake = door->intake;
	uint64_t reserve = door->local ? 0 : LOCAL_RESERVE;

	(void)length;
	if (intake->peer_count + reserve >= intake->peer_maximum)
		return MHD_NO;
	if (!door->network)
		return MHD_YES;
	struct address client = address_of_socket(address);
	return is_crowded(intake, &client) ? MHD_NO : MHD_YES;
}

struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

bool peers_check(struct intake *intake, int64_t now)
{
	unsigned int count = 0;

	for (struct peer *peer = intake->peers; peer; peer = peer->next) {
		if (peer->deadline > now)
			continue;
		/* The library sees the end and closes. */
		shutdown(peer->fd, SHUT_RDWR);
		peer->deadline = NO_DEADLINE;
		if (++count == CUT_AT_MOST)
			return false;
	}
	return true;
}
