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
#include "intake/address.h"
#include "intake/intake.h"
#include "intake/routes.h"
#include "intake/sources.h"
#include "ipc/message.h"

struct arena;
struct error;
struct events;
struct follower;

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
	bool network; /* not a unix socket */
	bool stirred; /* a connection goes on */
	const char *address;
};

/* One connection. */
struct peer {
	struct peer *previous;
	struct peer *next;
	struct door *door;
	int fd;
	uint64_t uid;
	int64_t deadline;       /* clock_monotonic(): then it is cut off */
	struct address address; /* none: a unix socket */
	bool is_proxy;          /* its X-Forwarded-For counts */
	bool is_counted;        /* among the connections of its address */
	bool is_used;           /* it had a request */
};

struct request {
	struct intake *intake;
	struct peer *peer;
	struct MHD_Connection *connection;
	const struct route *route;
	char name[ROUTE_NAME_BYTES]; /* what stands for {name} in the path */
	size_t uri_length;
	bool uri_bad;     /* it is ambiguous: bad escapes, NUL, escaped slash */
	bool has_head;    /* the headers were looked at */
	bool drops_body;  /* it is refused, once its body has come */
	size_t announced; /* bytes of the body, by its header */
	size_t reserved;  /* of intake->inflight */
	struct buf body;
	struct address client; /* behind a proxy: who came to it */
	bool is_counted;       /* among the requests of `client` */
	struct digest token;   /* of its bearer token; none: it has none */
	bool asks_token;       /* control is asked for the token, no more */
	struct follower *follower;

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

/* Webhooks that were refused since the log last said so. */
struct refusals {
	uint64_t count;
	int64_t logged_at;
};

struct intake {
	const struct intake_setup *setup;
	const struct limits *limits;
	struct channel channel;
	struct door doors[INTAKE_LISTENERS_MAX];
	size_t door_count;
	struct network *proxies;
	size_t proxy_count;
	struct sources sources;
	struct crowd connections; /* of each address */
	struct crowd requests;    /* of each client behind a proxy */
	struct events *events;
	struct refusals refusals;
	struct MHD_Response *unauthenticated[2]; /* a webhook's 401; [1]: and close */
	struct peer *peers;
	uint64_t peer_count;
	uint64_t used_count; /* those that had a request */
	uint64_t peer_maximum;
	struct request *waiting; /* oldest first */
	struct request *waiting_last;
	uint64_t waiting_count;
	uint64_t last_id;
	uint64_t inflight; /* bytes reserved for bodies */
	bool ready;        /* as control said last, at told_at */
	bool draining;
	bool gone;       /* control closed the channel */
	bool hears_more; /* messages were read and not looked at */
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
/* Whether an address is that of a trusted proxy. */
bool peer_is_proxy(const struct intake *intake, const struct address *address);
/* It has a request. */
void peer_use(struct peer *peer);
struct peer *peer_of(struct MHD_Connection *connection);
/* A suspended connection goes on. */
void peer_resume(struct peer *peer, struct MHD_Connection *connection);
void peer_wait(struct peer *peer, const struct intake *intake, enum limit seconds);
/* Cuts off who is late; false: there are more of them. */
bool peers_check(struct intake *intake, int64_t now);

/* --- framing.c: is it one request and no other? --- */
/* Of a raw URI, as it came. */
bool uri_is_sound(const char *uri);
/* Looks at line and headers before anything of the body is read. false: `request` has
 * its answer. */
bool head_check(struct request *request, const char *method, const char *path);
/* One more piece of the body. false: `request` has its answer. */
bool body_take(struct request *request, const char *piece, size_t length);
/* The body is not needed any more. */
void body_drop(struct request *request);

/* --- access.c: who asks, and may they? --- */
/* The client behind a trusted proxy. false: `request` has its answer (429). */
bool client_find(struct request *request);
void client_leave(struct request *request);
/* By the route's scope and the token that came. What only control can know is asked
 * with the request. false: `request` has its answer (401, 403). */
bool access_check(struct request *request);
/* Whether control must be asked for the token before intake answers by itself. */
bool access_is_open(const struct request *request);

/* --- parameters.c, body.c: what was asked, as a message --- */
int query_read(const struct request *request, struct msg_query *query,
	       struct error *err);
int hint_read(const struct request *request, struct arena *arena,
	      struct msg_notify *notify, struct error *err);
int command_read(const struct request *request, struct arena *arena,
		 struct msg_command *command, struct error *err);

/* --- hook.c: webhooks --- */
int hooks_open(struct intake *intake, struct error *err);
void hooks_close(struct intake *intake);
/* The whole body is there: authenticates it, hands it to control and waits; or sets the
 * answer. */
void hook_run(struct request *request);
enum MHD_Result hook_refuse(struct request *request);

/* --- ask.c: answering at once, or asking control --- */
/* The whole request is there. Its answer is set, or it waits and is suspended. */
void request_run(struct request *request);
/* Whether control can be asked now; otherwise `request` has its answer. */
bool request_may_ask(struct request *request);
/* Sends a question, with descriptors (which stay the caller's), and waits. */
void request_ask(struct request *request, enum message_type type, const void *message,
		 const int *fds, int fd_count);
/* Rows and answers of control. false: it broke its word. */
bool control_hear(struct intake *intake, enum message_type type, const void *message);
/* Answers who has waited too long. */
void requests_check(struct intake *intake, int64_t now);
/* Control is gone: answers all. */
void requests_give_up(struct intake *intake);

/* --- events.c: what happens, for followers --- */
struct events *events_new(struct intake *intake);
void events_free(struct events *events);
/* false: control broke its word. */
bool events_add(struct events *events, const struct msg_event *event);
/* Sets the answer, or the request follows. */
void events_follow(struct request *request);
enum MHD_Result events_send(struct request *request);
void events_leave(struct request *request);
/* Comments that keep connections alive; followers that are too slow. */
void events_check(struct events *events, int64_t now);
/* Ends every stream. */
void events_end(struct events *events);
size_t events_followers(const struct events *events);

/* --- openapi.c: the document --- */
void openapi_write(struct buf *out);

/* --- answer.c: answers --- */
void answer_set(struct request *request, unsigned int status, const char *type);
/* {"error": ...}; status 0: the code's own. */
void answer_error(struct request *request, unsigned int status, int code,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
void answer_failure(struct request *request, const struct error *err);
/* The headers of every answer. */
void answer_headers(struct MHD_Response *response, const char *type);
/* Whether the connection ends with its answer. */
bool answer_is_last(const struct intake *intake);
/* Hands it to the library. */
enum MHD_Result answer_send(struct request *request);
/* The same of a response that is made already. */
enum MHD_Result answer_queue(struct request *request, unsigned int status,
			     struct MHD_Response *response);

#endif
