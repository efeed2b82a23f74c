/* cmd/demo.h - what the files of `gitgate demo` share: the stage on which the story
 * plays. Only demo*.c include it.
 *
 * Everything lies in one private directory; git, ssh-keygen and gitgate run with an
 * environment of their own, so that nothing of the user's gets in or is touched. */
#ifndef CMD_DEMO_H
#define CMD_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/spawn.h"
#include "cmd/demo_forge.h"
#include "cmd/service.h"

struct arena;
struct error;

#define DEMO_TARGET      "web"
#define DEMO_REPOSITORY  "shop"
#define DEMO_MANIFEST    "deploy/web/app.yaml"
#define DEMO_LIVE_FILE   "app.yaml"
#define DEMO_BRANCH      "refs/heads/main"
#define DEMO_TIMEOUT     (20 * CLOCK_SECOND) /* for anything that the service does */
#define DEMO_ID_BYTES    65
#define DEMO_ENVIRONMENT 8 /* variables, and a NULL */

struct demo {
	bool keep;
	struct arena *arena;
	char *program; /* gitgate itself */
	const char *place;
	const char *repository; /* bare */
	const char *work;       /* alice's clone */
	const char *live;       /* the target's directory */
	const char *config;
	const char *socket;
	const char *log; /* of the service */
	const char **environment;
	pid_t service; /* 0: none */
	struct service api;
	struct demo_forge forge;
	/* what the last push did */
	struct spawn_result push;
	int64_t pushed_at;            /* wall clock, when git push began */
	char release[256];            /* where `current` led when last looked at */
	char good[2][DEMO_ID_BYTES];  /* commits that were deployed */
	const char *good_manifest[2]; /* their content */
};

/* Set by SIGINT, SIGTERM and SIGHUP: the story ends at the next look. */
bool demo_interrupted(void);
int demo_check_interrupted(struct error *err);

/* A line of the story. */
void demo_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "38 ms"; one of four buffers in turn. */
const char *demo_duration(int64_t duration);

extern const char demo_broken_manifest[];

/* A step that did not go as it should: ERROR_DEMO with a reason. */
int demo_unseen(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- the stage (demo_stage.c) --- */

/* Makes the private directory and names what lies in it. */
int demo_stage_make(struct demo *demo, struct error *err);
/* Keys, repository with hooks, the forge's, configuration, alice's clone. */
int demo_stage_fill(struct demo *demo, struct error *err);
int demo_stage_remove(struct demo *demo, struct error *err);

/* Runs a program to its end; arguments end with NULL. Any exit status is fine. */
int demo_run(struct demo *demo, const char *directory, const char *const *arguments,
	     const struct buf *input, struct spawn_result *result, struct error *err);
/* git in alice's clone, which must succeed; its first line of output to `line`, which
 * may be NULL. */
int demo_git(struct demo *demo, struct buf *line, struct error *err, ...)
	__attribute__((sentinel));
/* Puts the manifest into the clone and commits it; the new id to `id`. */
int demo_commit(struct demo *demo, const char *manifest, const char *message,
		bool signs, char id[DEMO_ID_BYTES], struct error *err);
/* The commit with one byte of its signature changed, as an object of the clone. */
int demo_forge(struct demo *demo, const char *id, char forged[DEMO_ID_BYTES],
	       struct error *err);
/* What HEAD of the clone is. */
int demo_head(struct demo *demo, char id[DEMO_ID_BYTES], struct error *err);
/* git push of a commit to main; what came of it in demo->push. */
int demo_push(struct demo *demo, const char *id, struct error *err);
/* Where main of the bare repository stands; empty when there is none. */
int demo_tip(struct demo *demo, char id[DEMO_ID_BYTES], struct error *err);

/* --- the service (demo_service.c) --- */

/* Starts `gitgate serve` and waits until it is ready. */
int demo_service_start(struct demo *demo, struct error *err);
void demo_service_stop(struct demo *demo);
void demo_service_show_log(const struct demo *demo);
/* The commit has a verdict that passed. */
int demo_wait_judged(struct demo *demo, const char *id, struct error *err);
/* The newest deployment of the target is of this commit, for this cause, and done. */
int demo_wait_deployed(struct demo *demo, const char *id, const char *cause,
		       struct error *err);
/* Between two looks; an error when there is no reason to look again. */
int demo_wait_a_little(struct demo *demo, int64_t deadline, struct error *err);
/* Waits until another release than the last seen one is live and holds exactly this;
 * *when: wall clock of the switch. */
int demo_wait_live(struct demo *demo, const char *content, int64_t *when,
		   struct error *err);
/* Somebody writes into the live release. */
int demo_edit_live(struct demo *demo, const char *content, struct error *err);

#endif
