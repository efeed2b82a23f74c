/* cmd/request.c - asking for something to be done to a target, and waiting. */
#include "cmd/request.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/table.h"
#include "doc/doc.h"
#include "model/deployment.h"

#define POLL_EVERY      100 /* ms */
#define WAIT_DEFAULT    (15 * 60 * CLOCK_SECOND)
#define ABSENCE_MAXIMUM (60 * CLOCK_SECOND) /* of the service, while we wait */
#define LINE_BYTES      8192

struct wait {
	struct request *request;
	uint64_t deployment;
	int64_t until;
	int64_t absent_since; /* 0: the service answers */
	char state[32];       /* shown last */
	bool terminal;
};

static int wait_time(const char *text, int64_t *out, struct error *err)
{
	*out = WAIT_DEFAULT;
	if (text && duration_parse(text, out) != 0)
		return error_set(err, ERROR_USAGE,
				 "'%s' is not a duration such as 90s or 10m", text);
	return 0;
}

/* Progress, on a terminal only: one line that is written over. */
static void show_state(struct wait *wait, const char *state)
{
	if (!wait->terminal || strcmp(wait->state, state) == 0)
		return;
	text_escape_into(wait->state, sizeof(wait->state), state, strlen(state));
	fprintf(stderr, "\r\033[K%s: %s ...", wait->request->target, wait->state);
}

static void clear_state(const struct wait *wait)
{
	if (wait->terminal && wait->state[0])
		fputs("\r\033[K", stderr);
}

static bool is_over(const char *state)
{
	enum deployment_state known = deployment_state_by_name(state);

	return deployment_state_is_terminal(known) || known == DEPLOYMENT_IN_DOUBT;
}

static int print_end(const struct wait *wait, const struct node *row)
{
	const char *state = row_text(row, "state");
	bool good = deployment_state_by_name(state) == DEPLOYMENT_DEPLOYED;
	struct buf out = BUF_INIT((size_t)1 << 20);
	struct json json;

	if (wait->request->json) {
		json_begin(&json, &out);
		json_node(&json, row);
	} else {
		text_escape_string(&out, wait->request->target);
		buf_add_string(&out, ": ");
		tone_write(&out, cmd_colour(STDOUT_FILENO), state_tone(state), state);
		buf_addf(&out, " %s (generation %llu)", row_short(row, "commit"),
			 (unsigned long long)row_number(row, "generation"));
		if (!good && row_text(row, "reason")) {
			buf_add_string(&out, ": ");
			text_escape_string(&out, row_text(row, "reason"));
		}
	}
	buf_add_byte(&out, '\n');
	int rc = cmd_write(&out);
	buf_release(&out);
	return rc != 0 ? rc : good ? 0 : 1;
}

/* The row, or NULL in *row while the service is away for a moment (it may be starting
 * again). */
static int read_row(struct wait *wait, const struct node **row, struct error *err)
{
	struct msg_query query = { .what = "deployments", .id = wait->deployment };
	struct error away = ERROR_INIT;

	*row = NULL;
	int rc = service_forget(&wait->request->service, err);
	if (rc != 0)
		return rc;
	rc = service_first(&wait->request->service, &query, row, &away);
	if (rc == 0) {
		wait->absent_since = 0;
		return 0;
	}
	int64_t now = clock_monotonic();
	if (!wait->absent_since)
		wait->absent_since = now;
	if (now - wait->absent_since < ABSENCE_MAXIMUM)
		return 0;
	return error_set(err, rc, "%s",
			 away.code ? away.text : "the deployment is gone");
}

static bool is_suspended(struct request *request)
{
	struct msg_query query = { .what = "targets" };
	const struct node *rows;

	if (service_list(&request->service, &query, &rows, NULL, NULL) != 0)
		return false;
	for (size_t i = 0; i < node_count(rows); i++) {
		const char *name = row_text(node_item(rows, i), "name");
		if (name && strcmp(name, request->target) == 0)
			return row_flag(node_item(rows, i), "suspended");
	}
	return false;
}

static int wait_on(struct wait *wait, int *code, struct error *err)
{
	for (;;) {
		const struct node *row;
		int rc = read_row(wait, &row, err);
		if (rc != 0)
			return rc;
		const char *state = row ? row_text(row, "state") : "waiting";
		if (row && state && is_over(state)) {
			clear_state(wait);
			*code = print_end(wait, row);
			return 0;
		}
		if (clock_monotonic() >= wait->until)
			return error_set(err, ERROR_TIMEOUT,
					 "'%s' is not at its end yet; 'gitgate status "
					 "%s' "
					 "says more",
					 wait->request->target, wait->request->target);
		show_state(wait, state ? state : "unknown");
		poll(NULL, 0, POLL_EVERY);
	}
}

int request_wait(struct request *request, uint64_t deployment)
{
	struct error err = ERROR_INIT;
	struct wait wait = { .request = request, .deployment = deployment };
	int64_t time = 0;
	int code = 0;

	int rc = wait_time(request->timeout, &time, &err);
	if (rc != 0)
		return cmd_fail(&err);
	if (is_suspended(request)) {
		printf("%s: suspended; the deployment waits for 'gitgate resume %s'\n",
		       request->target, request->target);
		return 0;
	}
	wait.until = clock_monotonic() + time;
	wait.terminal = isatty(STDERR_FILENO) && !request->json;
	rc = wait_on(&wait, &code, &err);
	if (rc != 0)
		clear_state(&wait);
	return rc == 0 ? code : cmd_fail(&err);
}

int request_fail(const struct error *err)
{
	int code = cmd_fail(err);

	return err->code == ERROR_STALE || err->code == ERROR_TARGET_NEWER ? 1 : code;
}

static int ask(struct request *request, const char *verb, struct error *err)
{
	struct buf body = BUF_INIT(LINE_BYTES);
	const struct node *answer;
	struct json json;

	json_begin(&json, &body);
	json_object(&json);
	if (request->reason)
		json_put_string(&json, "reason", request->reason);
	json_object_end(&json);
	int rc = service_open(&request->service, request->socket, request->config,
			      false, err);
	if (rc == 0)
		rc = service_command(&request->service, request->target, verb, &body,
				     &answer, err);
	service_close(&request->service);
	buf_release(&body);
	return rc;
}

int request_simple(int argc, char **argv, const char *verb, const char *done)
{
	struct error err = ERROR_INIT;
	struct request request = REQUEST_INIT;
	const struct cmd_option options[] = { REQUEST_OPTIONS(&request) };
	char shown[256];
	int operands;

	int rc = cmd_parse(argc, argv, verb, options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	if (argc - operands != 1)
		return cmd_usage(verb, "exactly one target");
	request.target = argv[operands];
	if (ask(&request, verb, &err) != 0)
		return cmd_fail(&err);
	text_escape_into(shown, sizeof(shown), request.target, strlen(request.target));
	printf("%s: %s\n", shown, done);
	return 0;
}
