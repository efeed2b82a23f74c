/* cmd/demo_forge.h - a small forge for the demonstration: it hosts a repository without
 * any of our hooks, sends signed webhooks about what is pushed there, and takes the
 * statuses and comments that come back. It speaks as Gitea does, as far as gitgate
 * asks.
 *
 * It is a process of its own, which ends with the service. Everything that it sent and
 * got is a line of its journal, which the demonstration reads, and anybody:
 *   TIME webhook EVENT COMMIT STATUS
 *   TIME status COMMIT CONTEXT STATE DESCRIPTION
 *   TIME comment COMMIT NUMBER TEXT
 * Only demo*.c include it. */
#ifndef CMD_DEMO_FORGE_H
#define CMD_DEMO_FORGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct demo;
struct error;

#define DEMO_FORGE_SOURCE     "forge"
#define DEMO_FORGE_NAME       "acme/site" /* of the repository, there */
#define DEMO_FORGE_REPOSITORY "site"      /* and here */
#define DEMO_FORGE_TARGET     "www"
#define DEMO_FORGE_SECRET     41 /* bytes of a secret, with a NUL */

struct demo_forge {
	const char *hosting; /* the bare repository */
	const char *pushes; /* a pipe with a name: its post-receive hook writes there */
	const char *journal;
	const char *live; /* the directory of the target */
	const char *secret_file;
	const char *token_file;
	char secret[DEMO_FORGE_SECRET]; /* of the webhook */
	char token[DEMO_FORGE_SECRET];  /* of the API */
	int listener;
	int service_listener; /* the service's; it is handed over */
	int pipe;
	unsigned int port;
	unsigned int service_port;
	pid_t process; /* 0: none */
};

/* What the forge was told about a commit. */
struct demo_told {
	int64_t webhook_at; /* when its webhook was sent */
	int64_t told_at;
	char text[512];
};

/* Repository, secrets, and both ends of the network, on free ports. */
int demo_forge_fill(struct demo *demo, struct error *err);
/* Beside a service that runs. */
int demo_forge_start(struct demo *demo, struct error *err);
void demo_forge_stop(struct demo *demo);

/* Waits until the last status of the commit in this context has this state. */
int demo_forge_wait_status(struct demo *demo, const char *id, const char *context,
			   const char *state, struct demo_told *told,
			   struct error *err);
/* Waits for a comment on merge request 1, with this head. */
int demo_forge_wait_comment(struct demo *demo, const char *id, struct demo_told *told,
			    struct error *err);
/* Refuses when a status about any other commit came. */
int demo_forge_check_only(struct demo *demo, const char *id, struct error *err);

/* The process itself (demo_forge_serve.c): ends with `service`, or on a signal. */
void demo_forge_serve(const struct demo_forge *forge, pid_t service);

/* --- the last steps of the story (demo_forge_steps.c) --- */

int demo_unsigned_lands(struct demo *demo, struct error *err);
int demo_mended_is_deployed(struct demo *demo, struct error *err);
int demo_merge_request_fails(struct demo *demo, struct error *err);

#endif
