/* cmd/poll.c - `gitgate poll`: have repositories looked at now. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/service.h"
#include "doc/doc.h"
#include "net/local.h"

#define OUTPUT_BYTES ((size_t)4 << 20)
#define PATH_BYTES   4096
#define TIMEOUT      (30 * CLOCK_SECOND)

struct poll {
	struct service service;
	struct buf out;
	struct json json;
	bool as_json;
};

static int poll_one(struct poll *poll, const char *name, struct error *err)
{
	struct buf path = BUF_INIT(PATH_BYTES);
	const struct node *answer;

	buf_add_string(&path, "/api/v1/repositories/");
	local_escape(&path, name);
	buf_add_string(&path, "/poll");
	int rc = buf_status(&path, "the request", err);
	if (rc == 0)
		rc = service_post(&poll->service, path.data, NULL, TIMEOUT, &answer,
				  err);
	buf_release(&path);
	if (rc != 0)
		return rc;
	if (poll->as_json) {
		json_string(&poll->json, name);
		return 0;
	}
	text_escape_string(&poll->out, name);
	buf_add_string(&poll->out, ": is looked at\n");
	return 0;
}

static int poll_all(struct poll *poll, struct error *err)
{
	struct msg_query query = { .what = "repositories" };
	const struct node *rows;

	int rc = service_list(&poll->service, &query, &rows, NULL, err);
	for (size_t i = 0; rc == 0 && i < node_count(rows); i++) {
		const char *name = row_text(node_item(rows, i), "name");
		if (name)
			rc = poll_one(poll, name, err);
		/* The store remembers repositories that are configured no more. */
		if (rc == ERROR_NOT_FOUND) {
			error_clear(err);
			rc = 0;
		}
	}
	return rc;
}

/* What was asked for before something failed is said all the same. */
static int work(struct poll *poll, char **names, int count, struct error *err)
{
	json_begin(&poll->json, &poll->out);
	if (poll->as_json) {
		json_object(&poll->json);
		json_key(&poll->json, "polled");
		json_array(&poll->json);
	}
	int rc = count == 0 ? poll_all(poll, err) : 0;
	for (int i = 0; rc == 0 && i < count; i++)
		rc = poll_one(poll, names[i], err);
	if (poll->as_json) {
		json_array_end(&poll->json);
		json_object_end(&poll->json);
		buf_add_byte(&poll->out, '\n');
	}
	return rc;
}

int cmd_poll(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct poll poll = { .out = BUF_INIT(OUTPUT_BYTES) };
	const char *config = CMD_CONFIG_FILE, *socket = NULL;
	bool all = false;
	const struct cmd_option options[] = {
		{ "all", 'a', NULL, "every repository", NULL, &all },
		{ "json", 0, NULL, "as JSON", NULL, &poll.as_json },
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &config, NULL },
		{ "socket", 0, "PATH", "the service's local socket", &socket, NULL },
	};
	int operands;

	int rc = cmd_parse(argc, argv, "poll", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	int count = argc - operands;
	if (all ? count > 0 : count == 0)
		return cmd_usage("poll", "repositories, or --all");
	rc = service_open(&poll.service, socket, config, false, &err);
	if (rc == 0) {
		rc = work(&poll, argv + operands, count, &err);
		int written = cmd_write(&poll.out);
		rc = rc != 0 ? cmd_fail(&err) : written;
	} else {
		rc = cmd_fail(&err);
	}
	service_close(&poll.service);
	buf_release(&poll.out);
	return rc;
}
