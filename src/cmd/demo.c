/* cmd/demo.c - `gitgate demo`: the whole way of a change, told while it happens.
 *
 * A step is over only when what it promises was seen: in the answer of git, in the
 * repository, in the service's own records, or in the live directory. */
#include "cmd/demo.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/program.h"
#include "base/text.h"
#include "cmd/cmd.h"

#define ARENA_BYTES ((size_t)4 << 20)

static const char *const manifests[] = {
	"name: shop\nreplicas: 2\ngreeting: welcome\n",
	"name: shop\nreplicas: 3\ngreeting: sale today\n",
};
const char demo_broken_manifest[] = "name: shop\nreplcas: 2\ngreeting: welcome\n";

/* --- interruption --- */

static volatile sig_atomic_t interrupted;

static void take_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = take_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool demo_interrupted(void)
{
	return interrupted;
}

int demo_check_interrupted(struct error *err)
{
	return interrupted ? error_set(err, ERROR_CANCELLED, "interrupted") : 0;
}

int demo_unseen(struct error *err, const char *format, ...)
{
	char text[900];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(err, ERROR_DEMO, "%s", text);
}

/* --- telling --- */

void demo_say(const char *format, ...)
{
	va_list arguments;

	fputs("  ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fputc('\n', stdout);
	fflush(stdout);
}

const char *demo_duration(int64_t duration)
{
	static char texts[4][CLOCK_TEXT_BYTES];
	static unsigned int next;
	char *text = texts[next++ % 4];

	duration_format(duration, text);
	return text;
}

/* The lines that came from the hooks, without those that only count. */
static void say_remote(const struct demo *demo)
{
	const char *line = demo->push.errors.data;

	while (*line) {
		size_t length = strcspn(line, "\n");
		const char *next = line + length + (line[length] == '\n');
		while (length > 0 && line[length - 1] == ' ')
			length--;
		if (text_starts_with(line, "remote:") && length > strlen("remote:") &&
		    !text_starts_with(line, "remote: summary:") &&
		    !text_starts_with(line, "remote: gitgate: push refused"))
			demo_say("%.*s", (int)length, line);
		line = next;
	}
}

/* --- refused pushes --- */

static bool was_said(const struct demo *demo, const char *text)
{
	return strstr(demo->push.errors.data, text) != NULL;
}

/* Pushes what must be refused, for a reason that must be told. */
static int push_refused(struct demo *demo, const char *id, const char *reason,
			struct error *err)
{
	char before[DEMO_ID_BYTES], after[DEMO_ID_BYTES];

	int rc = demo_tip(demo, before, err);
	if (rc == 0)
		rc = demo_push(demo, id, err);
	if (rc != 0)
		return rc;
	say_remote(demo);
	if (demo->push.status == 0)
		return demo_unseen(err, "git push was accepted");
	if (!was_said(demo, "pre-receive hook declined"))
		return demo_unseen(err, "it was not the hook that refused:\n%s",
				   demo->push.errors.data);
	if (!was_said(demo, reason))
		return demo_unseen(err, "the hook did not say '%s'", reason);
	if (!was_said(demo, "mend: "))
		return demo_unseen(err, "the hook did not say how to mend it");
	rc = demo_tip(demo, after, err);
	if (rc == 0 && strcmp(before, after) != 0)
		return demo_unseen(err, "main moved from '%s' to '%s'", before, after);
	if (rc == 0)
		demo_say("=> refused; main is as it was");
	return rc;
}

static int unsigned_is_refused(struct demo *demo, struct error *err)
{
	char id[DEMO_ID_BYTES];

	int rc = demo_commit(demo, manifests[0], "the shop opens", false, id, err);
	return rc == 0 ? push_refused(demo, id, "main-is-signed", err) : rc;
}

static int broken_is_refused(struct demo *demo, struct error *err)
{
	char id[DEMO_ID_BYTES];

	int rc = demo_git(demo, NULL, err, "update-ref", "-d", "HEAD", NULL);
	if (rc == 0)
		rc = demo_commit(demo, demo_broken_manifest, "two replicas", true, id,
				 err);
	return rc == 0 ? push_refused(demo, id, DEMO_MANIFEST ":2:1: ", err) : rc;
}

static int forged_is_refused(struct demo *demo, struct error *err)
{
	char forged[DEMO_ID_BYTES];

	int rc = demo_git(demo, NULL, err, "update-ref", "-d", "HEAD", NULL);
	if (rc == 0)
		rc = demo_commit(demo, manifests[0], "the shop opens", true,
				 demo->good[0], err);
	if (rc == 0)
		rc = demo_forge(demo, demo->good[0], forged, err);
	return rc == 0 ? push_refused(demo, forged, "main-is-signed", err) : rc;
}

/* --- accepted pushes --- */

static int push_deployed(struct demo *demo, size_t index, struct error *err)
{
	const char *id = demo->good[index];
	char tip[DEMO_ID_BYTES];
	int64_t live_at;

	int rc = demo_push(demo, id, err);
	if (rc != 0)
		return rc;
	say_remote(demo);
	if (demo->push.status != 0)
		return demo_unseen(err, "git push was refused:\n%s",
				   demo->push.errors.data);
	rc = demo_tip(demo, tip, err);
	if (rc == 0 && strcmp(tip, id) != 0)
		return demo_unseen(err, "main is at '%s' and not at '%s'", tip, id);
	if (rc == 0)
		rc = demo_wait_live(demo, manifests[index], &live_at, err);
	if (rc == 0)
		rc = demo_wait_judged(demo, id, err);
	if (rc == 0)
		rc = demo_wait_deployed(demo, id, "push", err);
	if (rc == 0)
		demo_say("=> accepted, judged again by the service, and live as %s",
			 demo->release);
	if (rc == 0)
		demo_say("   %s from the begin of git push to live",
			 demo_duration(live_at - demo->pushed_at));
	return rc;
}

static int good_is_deployed(struct demo *demo, struct error *err)
{
	return push_deployed(demo, 0, err);
}

static int second_is_deployed(struct demo *demo, struct error *err)
{
	int rc = demo_commit(demo, manifests[1], "a sale", true, demo->good[1], err);

	return rc == 0 ? push_deployed(demo, 1, err) : rc;
}

/* --- drift and rollback --- */

static int edit_corrected(struct demo *demo, size_t index, struct error *err)
{
	int64_t edited_at = clock_now(), live_at;

	demo_say("$ echo 'greeting: hacked' > live/current/" DEMO_LIVE_FILE);
	int rc = demo_edit_live(demo, "greeting: hacked\n", err);
	if (rc == 0)
		rc = demo_wait_live(demo, manifests[index], &live_at, err);
	if (rc == 0)
		rc = demo_wait_deployed(demo, demo->good[index], "drift", err);
	if (rc == 0)
		demo_say("=> corrected after %s: %s is live, with the content of "
			 "commit "
			 "%.10s",
			 demo_duration(live_at - edited_at), demo->release,
			 demo->good[index]);
	return rc;
}

static int edit_is_corrected(struct demo *demo, struct error *err)
{
	return edit_corrected(demo, 1, err);
}

/* One of our own commands, shown as it would be typed. */
static int command(struct demo *demo, struct spawn_result *result, struct error *err,
		   const char *verb, const char *option, const char *value)
{
	const char *const arguments[] = { demo->program, verb,         DEMO_TARGET,
					  "--config",    demo->config, option,
					  value,         NULL };

	demo_say("$ gitgate %s " DEMO_TARGET "%s%s%s%s", verb, option ? " " : "",
		 option ? option : "", value ? " " : "", value ? value : "");
	return demo_run(demo, demo->place, arguments, NULL, result, err);
}

static int in_quarantine(struct demo *demo, const char *id, struct error *err)
{
	const struct msg_query query = { .what = "quarantine", .target = DEMO_TARGET };
	const struct node *row;

	int rc = service_first(&demo->api, &query, &row, err);
	if (rc == ERROR_NOT_FOUND || (rc == 0 && strcmp(row_text(row, "commit"), id)))
		rc = demo_unseen(err, "commit %.10s is not in the quarantine", id);
	service_forget(&demo->api, NULL);
	return rc;
}

static int rollback_is_done(struct demo *demo, struct error *err)
{
	struct spawn_result result = { 0 };
	int64_t live_at;

	int rc = command(demo, &result, err, "rollback", "--reason", "prices");
	if (rc == 0 && result.status != 0)
		rc = demo_unseen(err, "gitgate rollback ended with %d: %s",
				 result.status, result.errors.data);
	spawn_result_release(&result);
	if (rc == 0)
		rc = demo_wait_live(demo, manifests[0], &live_at, err);
	if (rc == 0)
		rc = demo_wait_deployed(demo, demo->good[0], "rollback", err);
	if (rc == 0)
		rc = in_quarantine(demo, demo->good[1], err);
	if (rc == 0)
		demo_say("=> %s is live: commit %.10s again; %.10s is in quarantine",
			 demo->release, demo->good[0], demo->good[1]);
	return rc;
}

static int rollback_stays(struct demo *demo, struct error *err)
{
	struct spawn_result result = { 0 };

	int rc = edit_corrected(demo, 0, err);
	if (rc == 0)
		rc = command(demo, &result, err, "deploy", NULL, NULL);
	if (rc == 0 && result.status == 0)
		rc = demo_unseen(err, "the bad commit was deployed again");
	if (rc == 0 && !strstr(result.errors.data, "quarantine"))
		rc = demo_unseen(err, "gitgate deploy failed for another reason: %s",
				 result.errors.data);
	if (rc == 0)
		demo_say("=> refused: the tip of main stays in quarantine until it is "
			 "released");
	spawn_result_release(&result);
	return rc;
}

/* --- the story --- */

static const struct {
	const char *title;
	int (*run)(struct demo *demo, struct error *err);
} steps[] = {
	{ "An unsigned commit is pushed", unsigned_is_refused },
	{ "A signed manifest that breaks its schema is pushed", broken_is_refused },
	{ "A signature with one changed byte is pushed", forged_is_refused },
	{ "The same commit with its true signature is pushed", good_is_deployed },
	{ "A second good commit is pushed", second_is_deployed },
	{ "Somebody edits the deployed file by hand", edit_is_corrected },
	{ "A rollback is asked for", rollback_is_done },
	{ "Somebody edits again: correcting drift does not undo the rollback",
	  rollback_stays },
	{ "An unsigned commit lands at a forge, which has none of our hooks",
	  demo_unsigned_lands },
	{ "It is mended there: git commit --amend -S; git push --force",
	  demo_mended_is_deployed },
	{ "A merge request brings the manifest that breaks its schema",
	  demo_merge_request_fails },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static int set_up(struct demo *demo, struct error *err)
{
	int64_t start;

	int rc = demo_stage_fill(demo, err);
	if (rc != 0)
		return error_context(err, "the stage could not be set up");
	demo_say("shop.git: a bare repository; 'gitgate init' put the hooks in");
	demo_say("gitgate.yaml: alice signs main; " DEMO_MANIFEST " keeps to "
		 "schema.json");
	start = clock_monotonic();
	rc = demo_service_start(demo, err);
	if (rc == 0)
		rc = demo_forge_start(demo, err);
	if (rc == 0)
		demo_say("gitgate serve: ready after %s, with an SQLite store; live/ "
			 "is the "
			 "target",
			 demo_duration(clock_monotonic() - start));
	if (rc == 0)
		demo_say("forge/: hosts acme/site, sends webhooks and takes statuses, "
			 "as Gitea; www/ is the target");
	return rc;
}

static int play(struct demo *demo, struct error *err)
{
	printf("gitgate demo in %s\n", demo->place);
	int rc = set_up(demo, err);
	for (size_t i = 0; rc == 0 && i < STEPS; i++) {
		printf("%zu. %s\n", i + 1, steps[i].title);
		fflush(stdout);
		rc = steps[i].run(demo, err);
		spawn_result_release(&demo->push);
		if (rc == 0)
			rc = demo_check_interrupted(err);
		if (rc != 0)
			error_context(err, "step %zu (%s)", i + 1, steps[i].title);
	}
	return rc;
}

static void say_how_to_look_around(const struct demo *demo)
{
	printf("It goes on running. Look around:\n");
	demo_say("cd '%s'", demo->place);
	demo_say("%s status --config gitgate.yaml      (or log, forge test forge)",
		 demo->program);
	demo_say("cat live/current/" DEMO_LIVE_FILE "; tail service.log");
	demo_say("cd work; edit " DEMO_MANIFEST "; git commit -a -S -m mine");
	demo_say("git push origin main            (or forge HEAD:main)");
	demo_say("curl http://127.0.0.1:%u/      what the forge sent and got",
		 demo->forge.port);
	demo_say("kill %d && sleep 1 && rm -r '%s'      to end it", (int)demo->service,
		 demo->place);
}

static void end(struct demo *demo, int rc, struct error *err)
{
	struct error removing = ERROR_INIT;

	if (interrupted) {
		error_clear(err);
		error_set(err, ERROR_CANCELLED, "interrupted; nothing is left behind");
	} else if (rc != 0) {
		fflush(stdout);
		demo_service_show_log(demo);
	}
	service_close(&demo->api);
	if (demo->keep && !interrupted && demo->service > 0) {
		say_how_to_look_around(demo);
		return;
	}
	demo_service_stop(demo);
	demo_forge_stop(demo);
	if (demo_stage_remove(demo, &removing) != 0) {
		if (err->code != 0)
			cmd_fail(&removing); /* the first cause is told at the end */
		error_set(err, removing.code, "%s", removing.text);
	} else if (rc == 0) {
		printf("All %zu steps were seen. Nothing is left behind.\n", STEPS);
	}
}

int cmd_demo(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct demo demo = {
		.arena = arena_new(ARENA_BYTES),
		.forge = { .listener = -1, .service_listener = -1, .pipe = -1 }
	};
	const struct cmd_option options[] = {
		{ "keep", 0, NULL,
		  "leave it running at the end, and say how to look around", NULL,
		  &demo.keep },
	};
	int operands;

	int done = cmd_parse(argc, argv, "demo", options, 1, &operands);
	if (done == 0 && operands < argc)
		done = cmd_usage("demo", "unexpected argument '%s'", argv[operands]) +
		       1;
	if (done != 0) {
		arena_free(demo.arena);
		return done - 1;
	}
	catch_signals();
	int rc = program_self(&demo.program, &err);
	if (rc == 0)
		rc = demo_stage_make(&demo, &err);
	if (rc == 0) {
		rc = play(&demo, &err);
		end(&demo, rc, &err);
	}
	free(demo.program);
	arena_free(demo.arena);
	return err.code == 0 ? 0 : cmd_fail(&err);
}
