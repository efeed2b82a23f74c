/* forge/standard.c - Standard Webhooks.
 *
 * Source: the Standard Webhooks specification 1.0.0. */
#include "forge/authenticate.h"
#include "forge/driver.h"
#include "forge/read.h"

static int authenticate(const struct forge_webhook *webhook,
			struct forge_authentic *out, struct error *err)
{
	int code = authenticate_standard(webhook, err);
	if (code == 0)
		code = authenticate_label(webhook, "webhook-id", &out->forge_id, err);
	if (code == 0)
		code = authenticate_content(webhook, false, &out->form, err);
	return code;
}

const struct forge_driver forge_standard = {
	.kind = FORGE_STANDARD,
	.authenticate = authenticate,
	.read = read_generic,
};
