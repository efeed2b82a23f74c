/* cmd/rollback.c - `gitgate rollback`: bring a target back and quarantine what is live.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/request.h"

static void say(const struct request *request, const char *text)
{
	struct buf out = BUF_INIT(65536);

	text_escape_string(&out, request->target);
	buf_add_string(&out, ": ");
	text_escape_string(&out, text ? text : "goes back");
	buf_add_byte(&out, '\n');
	cmd_write(&out);
	buf_release(&out);
}

static int ask(struct request *request, uint64_t generation, uint64_t *id,
	       struct error *err)
{
	struct buf body = BUF_INIT(65536);
	const struct node *answer;
	struct json json;

	json_begin(&json, &body);
	json_object(&json);
	if (generation)
		json_put_unsigned(&json, "generation", generation);
	if (request->reason)
		json_put_string(&json, "reason", request->reason);
	json_object_end(&json);
	int rc = service_command(&request->service, request->target, "rollback", &body,
				 &answer, err);
	if (rc == 0) {
		*id = row_number(answer, "id");
		if (!request->json)
			say(request, row_text(answer, "text"));
	}
	buf_release(&body);
	return rc;
}

int cmd_rollback(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct request request = REQUEST_INIT;
	const char *to = NULL;
	const struct cmd_option options[] = {
		{ "to", 0, "GENERATION", "to this one, not the newest good one before",
		  &to, NULL },
		REQUEST_OPTIONS(&request),
		REQUEST_WAIT_OPTIONS(&request),
	};
	uint64_t generation = 0, id = 0;
	int operands;

	int rc = cmd_parse(argc, argv, "rollback", options,
			   sizeof(options) / sizeof(options[0]), &operands);
	if (rc != 0)
		return rc - 1;
	if (argc - operands != 1)
		return cmd_usage("rollback", "exactly one target");
	if (to && (text_parse_u64(to, &generation) != 0 || generation == 0))
		return cmd_usage("rollback", "--to needs a generation's number");
	request.target = argv[operands];
	rc = service_open(&request.service, request.socket, request.config, false,
			  &err);
	if (rc == 0)
		rc = ask(&request, generation, &id, &err);
	if (rc != 0)
		rc = request_fail(&err);
	else if (!request.no_wait)
		rc = request_wait(&request, id);
	service_close(&request.service);
	return rc;
}
