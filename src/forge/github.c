/* forge/github.c - GitHub: who signed, and its driver.
 *
 * Source: GitHub's "Validating webhook deliveries" and "Webhook events and payloads".
 */
#include "forge/authenticate.h"
#include "forge/driver.h"
#include "forge/github.h"
#include "forge/read.h"

static int authenticate(const struct forge_webhook *webhook,
			struct forge_authentic *out, struct error *err)
{
	int code = authenticate_hex(webhook, "X-Hub-Signature-256",
				    "sha256=", webhook->body, webhook->length, err);
	if (code == 0)
		code = authenticate_label(webhook, "X-GitHub-Event", &out->event, err);
	if (code == 0)
		code = authenticate_label(webhook, "X-GitHub-Delivery", &out->forge_id,
					  err);
	if (code == 0)
		code = authenticate_content(webhook, true, &out->form, err);
	return code;
}

const struct forge_driver forge_github = {
	.kind = FORGE_GITHUB,
	.head_ref = "refs/pull/%llu/head",
	.authenticate = authenticate,
	.read = read_github,
	.open = github_open,
	.status = github_status,
	.comment_bytes = 65536,
	.comment = github_comment,
	.merge_request = github_merge_request,
	.open_merge_requests = github_open_merge_requests,
	.commit_merge_requests = github_commit_merge_requests,
	.test = github_test,
	.hook = github_hook,
};
