/* forge/github.c - GitHub: who signed, and its driver.
 *
 * Source: GitHub's "Validating webhook deliveries" and "Webhook events and payloads".
 */
#include "forge/authenticate.h"
#include "forge/driver.h"
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
	.name = "github",
	.api = "https://api.github.com",
	.head_ref = "refs/pull/%llu/head",
	.authenticate = authenticate,
	.read = read_github,
};
