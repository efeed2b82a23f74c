/* forge/gitlab.c - GitLab: who signed, and its driver.
 *
 * Source: GitLab's "Webhooks" (user/project/integrations/webhooks) and "System hooks".
 */
#include "forge/authenticate.h"
#include "forge/driver.h"
#include "forge/gitlab.h"
#include "forge/read.h"

/* The signature, once it is sent, decides: a bad one is never made good by the token
 * beside it. */
static int authenticate_sender(const struct forge_webhook *webhook, bool *weak,
			       struct error *err)
{
	bool twice = false;
	const char *signature =
		webhook->header(webhook->header_data, "webhook-signature", &twice);
	if (signature != NULL || twice || !webhook->plain_token)
		return authenticate_standard(webhook, err);
	int code = authenticate_token(webhook, "X-Gitlab-Token", err);
	*weak = code == 0;
	return code;
}

/* The id that stays over retries. */
static int find_id(const struct forge_webhook *webhook, const char **id,
		   struct error *err)
{
	int code = authenticate_label(webhook, "webhook-id", id, err);
	if (code == 0 && (*id)[0] == 0)
		code = authenticate_label(webhook, "Idempotency-Key", id, err);
	return code;
}

static int authenticate(const struct forge_webhook *webhook,
			struct forge_authentic *out, struct error *err)
{
	int code = authenticate_sender(webhook, &out->weak, err);
	if (code == 0)
		code = authenticate_label(webhook, "X-Gitlab-Event", &out->event, err);
	if (code == 0)
		code = find_id(webhook, &out->forge_id, err);
	if (code == 0)
		code = authenticate_content(webhook, false, &out->form, err);
	return code;
}

const struct forge_driver forge_gitlab = {
	.kind = FORGE_GITLAB,
	.head_ref = "refs/merge-requests/%llu/head",
	.authenticate = authenticate,
	.read = read_gitlab,
	.open = gitlab_open,
	.status = gitlab_status,
	.comment_bytes = 1000000,
	.comment = gitlab_comment,
	.merge_request = gitlab_merge_request,
	.open_merge_requests = gitlab_open_merge_requests,
	.commit_merge_requests = gitlab_commit_merge_requests,
	.test = gitlab_test,
	.hook = gitlab_hook,
};
