/* tests/unit/intake_fixture.h - intake in a process of its own, and us at both ends:
 * clients that speak raw bytes, and a control that answers as the test wants. */
#ifndef TESTS_UNIT_INTAKE_FIXTURE_H
#define TESTS_UNIT_INTAKE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/limits.h"
#include "ipc/message.h"

struct arena;

enum fixture_door { DOOR_NETWORK = 0, DOOR_LOCAL, DOOR_NETWORK6, DOOR_PROXY, DOORS };

struct fixture {
	char directory[64];
	char socket[96];
	char proxy_socket[96]; /* what a proxy on this machine speaks to */
	uint16_t port;
	uint16_t port6; /* 0: this machine has no IPv6 */
	pid_t pid;
	struct channel control;
	struct arena *arena; /* messages received */
};

/* One answer as it came. */
struct answer {
	int status; /* 0: the connection ended without one */
	struct buf head;
	struct buf body;
};

/* Whether the test was linked with the real sandbox; defined by the test or by
 * intake_unconfined.c. */
extern const bool fixture_is_confined;

/* `limits` NULL: the defaults; `connections` 0: 100. Everybody may read. */
void fixture_open(struct fixture *fixture, const struct limits *limits,
		  uint64_t connections);
/* The same with rights, proxies and TLS (of the network doors) as in `setup`. */
struct intake_setup;
void fixture_open_with(struct fixture *fixture, const struct intake_setup *setup);
/* Closes the channel; intake must end with status 0. */
void fixture_close(struct fixture *fixture);

/* true is DOOR_LOCAL. */
int client_connect(const struct fixture *fixture, int door);
void client_send(int client, const char *text);
void client_send_bytes(int client, const void *bytes, size_t length);
/* Waits for one answer. */
void client_receive(int client, struct answer *answer);
/* The same where no body follows (HEAD). */
void client_receive_head(int client, struct answer *answer);
/* true when the other side closes within `seconds` (what it sends before is dropped).
 */
bool client_is_cut(int client, int seconds);
void answer_release(struct answer *answer);

/* "GET <path> HTTP/1.1", "POST <path>" with a body. */
void client_get(int client, const char *path);
void client_post(int client, const char *path, const char *body);

/* The next message, which must be of this type. */
void *control_expect(struct fixture *fixture, enum message_type type);
/* The same with its descriptors (MESSAGE_FDS_MAX). */
void *control_expect_fds(struct fixture *fixture, enum message_type type, int *fds);
/* true when no message comes for a moment. */
bool control_is_quiet(const struct fixture *fixture);
void control_send(struct fixture *fixture, enum message_type type, const void *message);
void control_reply(struct fixture *fixture, uint64_t request, enum message_type type,
		   const void *row);
void control_answer(struct fixture *fixture, uint64_t request, int code,
		    const char *text, uint64_t id, uint64_t next);
/* Webhooks of one source of kind 'hmac', header X-Hub-Signature-256; NULL: no source.
 */
void control_sources(struct fixture *fixture, const char *name, const char *secret,
		     const char *other_secret);

#endif
