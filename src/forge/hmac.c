/* forge/hmac.c - any sender that signs: <header> = sha256=<hex> over the body. */
#include "forge/authenticate.h"
#include "forge/driver.h"
#include "forge/read.h"

static int authenticate(const struct forge_webhook *webhook,
			struct forge_authentic *out, struct error *err)
{
	int code = authenticate_hex(webhook, webhook->signature_header,
				    "sha256=", webhook->body, webhook->length, err);
	if (code == 0)
		code = authenticate_label(webhook, "X-Request-Id", &out->forge_id, err);
	if (code == 0)
		code = authenticate_content(webhook, false, &out->form, err);
	return code;
}

const struct forge_driver forge_hmac = {
	.kind = FORGE_HMAC,
	.authenticate = authenticate,
	.read = read_generic,
};
