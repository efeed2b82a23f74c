/* forge/bitbucket_server.c - Bitbucket Data Center: who signed, and its driver.
 *
 * Source: Atlassian's "Event payload" and "Manage webhooks" of Bitbucket Data Center.
 * Its X-Hub-Signature is SHA-256, unlike the header of that name at GitHub. */
#include "forge/authenticate.h"
#include "forge/bitbucket.h"
#include "forge/driver.h"
#include "forge/read.h"

static int authenticate(const struct forge_webhook *webhook,
			struct forge_authentic *out, struct error *err)
{
	int code = authenticate_hex(webhook, "X-Hub-Signature",
				    "sha256=", webhook->body, webhook->length, err);
	if (code == 0)
		code = authenticate_label(webhook, "X-Event-Key", &out->event, err);
	if (code == 0)
		code = authenticate_label(webhook, "X-Request-Id", &out->forge_id, err);
	if (code == 0)
		code = authenticate_content(webhook, false, &out->form, err);
	return code;
}

const struct forge_driver forge_bitbucket_server = {
	.kind = FORGE_BITBUCKET_SERVER,
	.head_ref = "refs/pull-requests/%llu/from",
	.authenticate = authenticate,
	.read = read_bitbucket_server,
	.open = server_open,
	.status = server_status,
	.comment_bytes = BITBUCKET_COMMENT_BYTES,
	.comment = server_comment,
	.merge_request = server_merge_request,
	.open_merge_requests = server_open_merge_requests,
	.commit_merge_requests = server_commit_merge_requests,
	.test = server_test,
	.hook = server_hook,
};
