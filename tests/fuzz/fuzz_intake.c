/* tests/fuzz/fuzz_intake.c - bytes of a client: intake's whole way through HTTP,
 * routes, rights, parameters and bodies, up to the question to control. Behind each
 * client nothing is left: no connection, no memory of bodies, nobody who waits. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "intake/state.h"

#define TURNS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct intake intake;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_length;
static int control; /* the other end */

static int listen_here(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			      "gitgate-fuzz-%d", (int)getpid());

	address_length = (socklen_t)(sizeof(sa_family_t) + 1 + (unsigned int)length);
	if (bind(fd, (struct sockaddr *)&address, address_length) != 0 ||
	    listen(fd, 16) != 0)
		abort();
	return fd;
}

static void add_source(void)
{
	const char *secrets[] = { "secret" };
	struct msg_sources head = { 1 };
	struct msg_source source = { .name = "forge",
				     .kind = "gitea",
				     .secrets = { secrets, 1 } };

	if (!sources_begin(&intake.sources, &head) ||
	    !sources_add(&intake.sources, &source))
		abort();
}

static void start(void)
{
	static struct intake_setup setup = { .anonymous_read = true };
	struct intake_listener listener = { .local = true, .address = "fuzz" };
	int pair[2];

	log_set_level(LOG_LEVEL_ERROR);
	intake.setup = &setup;
	intake.limits = &limits_default;
	intake.peer_maximum = 100;
	if (channel_pair(pair, NULL) != 0 ||
	    channel_open(&intake.channel, pair[0], true, NULL) != 0)
		abort();
	control = pair[1];
	intake.events = events_new(&intake);
	if (!intake.events || hooks_open(&intake, NULL) != 0)
		abort();
	add_source();
	listener.fd = listen_here();
	if (door_open(&intake, &listener, NULL) != 0)
		abort();
}

static void forget_questions(void)
{
	char bytes[65536];
	bool pending = true;

	while (pending && channel_flush(&intake.channel, &pending, NULL) == 0)
		while (recv(control, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			;
	while (recv(control, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void turn(void)
{
	for (int i = 0; i < TURNS; i++) {
		MHD_run(intake.doors[0].daemon);
		requests_give_up(&intake);
		events_end(intake.events);
	}
	forget_questions();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!intake.setup)
		start();
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(client, (struct sockaddr *)&address, address_length) != 0)
		abort();
	turn();
	if (size > 0 && send(client, data, size, MSG_NOSIGNAL) < 0)
		abort();
	turn();
	close(client);
	turn();
	if (intake.peer_count || intake.waiting || intake.inflight ||
	    intake.used_count || events_followers(intake.events))
		abort();
	return 0;
}
