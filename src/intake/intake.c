/* intake/intake.c - the loop of the process that speaks HTTP. */
#include "intake/intake.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "intake/state.h"

#define ARENA_BYTES   ((size_t)16 << 20)
#define STATE_STALE   (30 * CLOCK_SECOND) /* control speaks every 5 s */
#define LAST_WORDS    (2 * CLOCK_SECOND)  /* for answers when control is gone */
#define MILLISECOND   (CLOCK_SECOND / 1000)
#define CHECK_EVERY   (500 * MILLISECOND) /* while somebody is connected */
#define CHECK_SOON    (5 * MILLISECOND)   /* when not all was done */
#define LAST_WAIT     10                  /* ms */
#define MESSAGES_MAX  256                 /* heard before HTTP gets its turn again */
#define OTHER_FILES   64                  /* descriptors that are not connections */
#define FILES_MAXIMUM 65536

uint64_t intake_limit(const struct intake *intake, enum limit limit)
{
	return intake->limits->values[limit];
}

bool intake_is_ready(const struct intake *intake)
{
	return intake->ready && !intake->draining && !intake->gone &&
	       clock_monotonic() - intake->told_at < STATE_STALE;
}

/* As many connections as were asked for, or as there can be. */
static uint64_t find_maximum(uint64_t wanted)
{
	struct rlimit files;
	uint64_t maximum = wanted ? wanted : 1;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return maximum;
	if (files.rlim_max > FILES_MAXIMUM)
		files.rlim_cur = FILES_MAXIMUM;
	else
		files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < 2 * OTHER_FILES)
		return OTHER_FILES;
	uint64_t room = files.rlim_cur - OTHER_FILES;
	return maximum < room ? maximum : room;
}

/* Only the end of the channel ends this process: while control drains, it serves. */
static void ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static int take_proxies(struct intake *intake, struct error *err)
{
	const struct intake_setup *setup = intake->setup;
	int rc = 0;

	intake->proxies = calloc(setup->proxy_count + 1, sizeof(*intake->proxies));
	if (!intake->proxies)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; rc == 0 && i < setup->proxy_count; i++)
		rc = network_parse(setup->proxies[i], &intake->proxies[i], err);
	if (rc == 0)
		intake->proxy_count = setup->proxy_count;
	return rc;
}

int intake_check_proxy(const char *text, struct error *err)
{
	struct network network;

	return network_parse(text, &network, err);
}

static int prepare(struct intake *intake, struct error *err)
{
	int rc = take_proxies(intake, err);

	if (rc == 0)
		rc = hooks_open(intake, err);
	if (rc == 0) {
		intake->events = events_new(intake);
		if (!intake->events)
			rc = error_set(err, ERROR_MEMORY, "out of memory");
	}
	return rc;
}

static int start(struct intake *intake, int control_fd, struct error *err)
{
	const struct intake_setup *setup = intake->setup;
	struct sandbox_state state = { 0 };

	int rc = channel_open(&intake->channel, control_fd, true, err);
	if (rc == 0) {
		channel_cork(&intake->channel);
		channel_read_ahead(&intake->channel);
	}
	if (rc == 0 && setup->listener_count > INTAKE_LISTENERS_MAX)
		rc = error_set(err, ERROR_LIMIT, "more than %d listening sockets",
			       INTAKE_LISTENERS_MAX);
	if (rc == 0)
		rc = prepare(intake, err);
	if (rc == 0) {
		intake->peer_maximum = find_maximum(setup->connections);
		rc = sandbox_enter(PROFILE_INTAKE, NULL, &setup->sandbox, &state, err);
	}
	for (size_t i = 0; rc == 0 && i < setup->listener_count; i++)
		rc = door_open(intake, &setup->listeners[i], err);
	if (rc == 0)
		log_info("serving", LOG_U("listeners", intake->door_count),
			 LOG_U("connections", intake->peer_maximum),
			 LOG_I("landlock", state.landlock_abi),
			 LOG_B("seccomp", state.seccomp),
			 LOG_S("missing", state.missing));
	return rc;
}

/* A source's secrets came through here: what was handed out is not needed any more. */
static void wipe_input(const struct channel *channel, enum message_type type)
{
	if (type == MESSAGE_source && channel->taken > 0)
		explicit_bzero(channel->input->data, channel->taken);
}

static void hear(struct intake *intake)
{
	struct error err = ERROR_INIT;
	int rc = 1;

	for (int i = 0; rc == 1 && i < MESSAGES_MAX; i++) {
		struct arena *arena = arena_new(ARENA_BYTES);
		enum message_type type = MESSAGE_NONE;
		void *message = NULL;
		rc = arena ? channel_receive(&intake->channel, arena, &type, &message,
					     NULL, &err)
			   : ERROR_MEMORY;
		if (rc == 1 && !control_hear(intake, type, message))
			rc = error_set(&err, ERROR_MESSAGE,
				       "an unexpected message from control");
		arena_free(arena);
		wipe_input(&intake->channel, type);
	}
	intake->hears_more = rc == 1;
	if (rc < 0) {
		if (rc != ERROR_CLOSED)
			log_error("the channel to control broke", LOG_E(&err));
		intake->gone = true;
	}
}

/* Whether a door has work that no descriptor tells of. */
static bool has_work(const struct door *door)
{
	MHD_UNSIGNED_LONG_LONG wait;

	return door->stirred ||
	       (MHD_get_timeout(door->daemon, &wait) == MHD_YES && wait == 0);
}

/* Milliseconds until something is due. */
static int find_timeout(const struct intake *intake)
{
	for (size_t i = 0; i < intake->door_count; i++)
		if (has_work(&intake->doors[i]))
			return 0;
	if (intake->hears_more)
		return 0;
	if (!intake->peers)
		return -1;
	int64_t left = intake->next_check - clock_monotonic();
	return left <= 0 ? 0 : (int)(left / MILLISECOND) + 1;
}

static void check_deadlines(struct intake *intake)
{
	int64_t now = clock_monotonic();

	if (now < intake->next_check || !intake->peers)
		return;
	requests_check(intake, now);
	events_check(intake->events, now);
	intake->next_check =
		now + (peers_check(intake, now) ? CHECK_EVERY : CHECK_SOON);
}

static void turn(struct intake *intake)
{
	struct pollfd polls[INTAKE_LISTENERS_MAX + 1];
	bool queued = false;

	if (!intake->gone && channel_flush(&intake->channel, &queued, NULL) != 0)
		intake->gone = true;
	for (size_t i = 0; i < intake->door_count; i++)
		polls[i] = (struct pollfd){ intake->doors[i].epoll, POLLIN, 0 };
	polls[intake->door_count] =
		(struct pollfd){ intake->gone ? -1 : intake->channel.fd,
				 (short)(queued ? POLLIN | POLLOUT : POLLIN), 0 };
	poll(polls, intake->door_count + 1,
	     intake->gone ? LAST_WAIT : find_timeout(intake));
	if (polls[intake->door_count].revents || intake->hears_more)
		hear(intake);
	if (intake->gone)
		requests_give_up(intake);
	for (size_t i = 0; i < intake->door_count; i++) {
		struct door *door = &intake->doors[i];
		if (!polls[i].revents && !has_work(door))
			continue;
		door->stirred = false;
		MHD_run(door->daemon);
	}
	check_deadlines(intake);
}

/* Nobody is left without an answer. */
static void end(struct intake *intake)
{
	int64_t until = clock_monotonic() + LAST_WORDS;
	bool waited = intake->waiting != NULL;

	requests_give_up(intake);
	if (intake->events)
		events_end(intake->events);
	do {
		turn(intake);
	} while (waited && intake->peers && clock_monotonic() < until);
	for (size_t i = 0; i < intake->door_count; i++)
		door_close(&intake->doors[i]);
	hooks_close(intake);
	events_free(intake->events);
	crowd_release(&intake->connections);
	crowd_release(&intake->requests);
	free(intake->proxies);
}

int intake_main(int control_fd, const struct intake_setup *setup)
{
	struct error err = ERROR_INIT;
	struct intake intake = {
		.setup = setup,
		.limits = setup->limits ? setup->limits : &limits_default,
	};

	ignore_signals();
	int rc = start(&intake, control_fd, &err);
	while (rc == 0 && !intake.gone)
		turn(&intake);
	if (rc != 0) {
		log_error("HTTP cannot be served", LOG_E(&err));
		intake.gone = true;
	}
	end(&intake);
	channel_close(&intake.channel);
	return rc == 0 ? 0 : error_exit_code(rc);
}
