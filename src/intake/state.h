/* intake/state.h - what the files of intake share; for intake/ only.
 *
 * One thread. A request lives from its first line until its answer is sent; while it
 * waits for control its connection is suspended, so that nothing of it moves. A peer
 * lives as long as its connection. */
#ifndef INTAKE_STATE_H
#define INTAKE_STATE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "intake/intake.h"
#include "intake/routes.h"
#include "ipc/message.h"

struct arena;
struct error;

#define INTAKE_LISTENERS_MAX 32
#define NO_DEADLINE          INT64_MAX
#define NOBODY               UINT64_MAX /* the uid of who came over a network */

struct intake;

/* One listening socket with its daemon of the HTTP library. */
struct door {
	struct intake *intake;
	struct MHD_Daemon *daemon;
	int epoll;
	bool local;
	const char *address;
};

/* One connection. */
struct peer {
	struct peer *previous;
	struct peer *next;
	struct door *door;
	int fd;
	uint64_t uid;
	int64_t deadline; /* clock_monotonic(): then it is cut off */
};

struct request {
	struct intake *intake;
	struct peer *peer;
	struct MHD_Connection *connection;
	const struct route *route;
	char name[ROUTE_NAME_BYTES]; /* what stands for {name} in the path */
	size_t uri_length;
	bool uri_bad;    /* it is ambiguous: bad escapes, NUL, escaped slash */
	bool has_head;   /* the headers were looked at */
	size_t reserved; /* of intake->inflight */
	struct buf body;

	/* while it waits for control */
	struct request *previous;
	struct request *next;
	uint64_t id; /* 0: it does not wait */
	int64_t deadline;

	/* the answer; status 0: none yet */
	unsigned int status;
	const char *type;
	const char *allow; /* with 405 */
	struct buf out;
	struct json json; /* rows are being written to `out` */
	bool has_rows;
};

struct intake {
	const struct intake_setup *setup;
	const struct limits *limits;
	struct channel channel;
	struct door doors[INTAKE_LISTENERS_MAX];
	size_t door_count;
	struct peer *peers;
	uint64_t peer_count;
	uint64_t peer_maximum;
	struct request *waiting; /* oldest first */
	struct request *waiting_last;
	uint64_t waiting_count;
	uint64_t last_id;
	uint64_t inflight; /* bytes reserved for bodies */
	bool ready;        /* as control said last, at told_at */
	bool draining;
	bool gone; /* control closed the channel */
	int64_t told_at;
	int64_t next_check; /* of deadlines: each look takes time for every peer */
};

uint64_t intake_limit(const struct intake *intake, enum limit limit);
bool intake_is_ready(const struct intake *intake);

/* --- http.c: the HTTP library --- */
int door_open(struct intake *intake, const struct intake_listener *listener,
	      struct error *err);
void door_close(struct door *door);

/* --- peers.c: connections and their deadlines --- */
/* Of the library: opens and closes a connection. */
void peer_notice(void *data, struct MHD_Connection *connection, void **socket_data,
		 enum MHD_ConnectionNotificationCode code);
/* Of the library: whether a new connection is taken. */
enum MHD_Result peer_accept(void *data, const struct sockaddr *address,
			    socklen_t length);
struct peer *peer_of(struct MHD_Connection *connection);
void peer_wait(struct peer *peer, const struct intake *intake, enum limit seconds);
/* Cuts off whoever is late. */
void peers_check(struct intake *intake, int64_t now);

/* --- framing.c: is it one request and no other? --- */
/* Of a raw URI, as it came. */
bool uri_is_sound(const char *uri);
/* Looks at line and headers before anything of the body is read. false: `request` has
 * its answer. */
bool head_check(struct request *request, const char *method, const char *path);

/* --- parameters.c, body.c: what was asked, as a message --- */
int query_read(const struct request *request, struct msg_query *query,
	       struct error *err);
int hint_read(const struct request *request, struct arena *arena,
	      struct msg_notify *notify, struct error *err);
int command_read(const struct request *request, struct arena *arena,
		 struct msg_command *command, struct error *err);

/* --- ask.c: answering at once, or asking control --- */
/* The whole request is there. Its answer is set, or it waits and is suspended. */
void request_run(struct request *request);
/* Rows and answers of control. false: it broke its word. */
bool control_hear(struct intake *intake, enum message_type type, const void *message);
/* Answers who has waited too long. */
void requests_check(struct intake *intake, int64_t now);
/* Control is gone: answers all. */
void requests_give_up(struct intake *intake);

/* --- answer.c: answers --- */
void answer_set(struct request *request, unsigned int status, const char *type);
/* {"error": ...}; status 0: the code's own. */
void answer_error(struct request *request, unsigned int status, int code,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
void answer_failure(struct request *request, const struct error *err);
/* Hands it to the library. */
enum MHD_Result answer_send(struct request *request);

#endif
