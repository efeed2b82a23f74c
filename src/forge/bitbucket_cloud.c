/* forge/bitbucket_cloud.c - Bitbucket Cloud: who signed, and its driver.
 *
 * Source: Atlassian's "Event payloads" and "Manage webhooks" of Bitbucket Cloud. Its
 * X-Hub-Signature is SHA-256, unlike the header of that name at GitHub. */
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
		code = authenticate_label(webhook, "X-Request-UUID", &out->forge_id,
					  err);
	if (code == 0)
		code = authenticate_content(webhook, false, &out->form, err);
	return code;
}

const struct forge_driver forge_bitbucket_cloud = {
	.kind = FORGE_BITBUCKET_CLOUD,
	.authenticate = authenticate,
	.read = read_bitbucket_cloud,
	.open = cloud_open,
	.status = cloud_status,
	.comment_bytes = BITBUCKET_COMMENT_BYTES,
	.comment = cloud_comment,
	.merge_request = cloud_merge_request,
	.open_merge_requests = cloud_open_merge_requests,
	.commit_merge_requests = cloud_commit_merge_requests,
	.test = cloud_test,
	.hook = cloud_hook,
};
