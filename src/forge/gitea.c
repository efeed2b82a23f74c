/* forge/gitea.c - Gitea and Forgejo: who signed, and their drivers.
 *
 * Every delivery carries headers in GitHub's, Gogs' and Gitea's names, Forgejo's its
 * own besides; without a secret they are sent empty. A form is signed as the JSON that
 * it carries. Source: Gitea's services/webhook/deliver.go; Forgejo's documentation of
 * webhooks. */
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "forge/authenticate.h"
#include "forge/driver.h"
#include "forge/form.h"
#include "forge/gitea.h"
#include "forge/read.h"

struct signature_header {
	const char *name;
	const char *prefix;
};

static const struct signature_header signature_headers[] = {
	{ "X-Forgejo-Signature", "" },
	{ "X-Gitea-Signature", "" },
	{ "X-Hub-Signature-256", "sha256=" },
	{ NULL, NULL },
};

/* The first that is there decides, also when it is empty or there twice; the last also
 * when none is there. */
static const struct signature_header *find_signature(
	const struct forge_webhook *webhook)
{
	const struct signature_header *header = signature_headers;
	if (webhook->kind == FORGE_GITEA)
		header++;
	for (; header[1].name != NULL; header++) {
		bool twice = false;
		if (webhook->header(webhook->header_data, header->name, &twice) !=
			    NULL ||
		    twice)
			break;
	}
	return header;
}

static int authenticate_sender(const struct forge_webhook *webhook, struct error *err)
{
	const struct signature_header *header = find_signature(webhook);
	if (!authenticate_is_form(webhook))
		return authenticate_hex(webhook, header->name, header->prefix,
					webhook->body, webhook->length, err);
	struct buf text = BUF_INIT(webhook->length);
	int problem = form_payload(webhook->body, webhook->length, &text, NULL);
	const void *bytes = problem == 0 ? text.data : webhook->body;
	size_t length = problem == 0 ? text.length : webhook->length;
	int code = authenticate_hex(webhook, header->name, header->prefix, bytes,
				    length, err);
	buf_release(&text);
	if (code == 0 && problem != 0)
		code = error_set(
			err, problem == ERROR_MEMORY ? problem : ERROR_UNAUTHENTICATED,
			"the form is not one field 'payload', urlencoded");
	return code;
}

/* A header under Forgejo's name, else Gitea's. */
static int find_label(const struct forge_webhook *webhook, const char *forgejo,
		      const char *gitea, const char **value, struct error *err)
{
	int code = 0;
	*value = "";
	if (webhook->kind == FORGE_FORGEJO)
		code = authenticate_label(webhook, forgejo, value, err);
	if (code == 0 && (*value)[0] == '\0')
		code = authenticate_label(webhook, gitea, value, err);
	return code;
}

static int authenticate(const struct forge_webhook *webhook,
			struct forge_authentic *out, struct error *err)
{
	int code = authenticate_sender(webhook, err);
	if (code == 0)
		code = find_label(webhook, "X-Forgejo-Event", "X-Gitea-Event",
				  &out->event, err);
	if (code == 0)
		code = find_label(webhook, "X-Forgejo-Event-Type", "X-Gitea-Event-Type",
				  &out->event_type, err);
	if (code == 0)
		code = find_label(webhook, "X-Forgejo-Delivery", "X-Gitea-Delivery",
				  &out->forge_id, err);
	if (code == 0)
		code = authenticate_content(webhook, true, &out->form, err);
	return code;
}

const struct forge_driver forge_gitea = {
	.kind = FORGE_GITEA,
	.head_ref = "refs/pull/%llu/head",
	.authenticate = authenticate,
	.read = read_gitea,
	.open = gitea_open,
	.status = gitea_status,
	.comment_bytes = GITEA_COMMENT_BYTES,
	.comment = gitea_comment,
	.merge_request = gitea_merge_request,
	.open_merge_requests = gitea_open_merge_requests,
	.commit_merge_requests = gitea_commit_merge_requests,
	.test = gitea_test,
	.hook = gitea_hook,
};

const struct forge_driver forge_forgejo = {
	.kind = FORGE_FORGEJO,
	.head_ref = "refs/pull/%llu/head",
	.authenticate = authenticate,
	.read = read_gitea,
	.open = gitea_open,
	.status = gitea_status,
	.comment_bytes = GITEA_COMMENT_BYTES,
	.comment = gitea_comment,
	.merge_request = gitea_merge_request,
	.open_merge_requests = gitea_open_merge_requests,
	.commit_merge_requests = gitea_commit_merge_requests,
	.test = gitea_test,
	.hook = gitea_hook,
};
