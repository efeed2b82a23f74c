/* cmd/demo_forge_steps.c - the end of the story: the same policy for a repository that
 * a forge hosts. Nothing stops a push there, so the verdict comes as a status on
 * exactly that commit, and nothing that failed is deployed. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cmd/demo.h"

#define POLICY        "gitgate/policy"
#define TARGET        "gitgate/" DEMO_FORGE_TARGET
#define CONTENT_BYTES 65536

static const char manifest[] = "name: shop\nreplicas: 3\ngreeting: by the forge\n";

/* git push to the forge, which takes everything. */
static int push(struct demo *demo, const char *id, const char *ref, struct error *err)
{
	const char *refspec = arena_printf(demo->arena, "+%s:%s", id, ref);

	if (!refspec)
		return error_set(err, ERROR_MEMORY, "out of memory");
	return demo_git(demo, NULL, err, "push", "-q", "forge", refspec, NULL);
}

/* The target has exactly this content; NULL: nothing at all. */
static int check_live(struct demo *demo, const char *content, struct error *err)
{
	const char *link = arena_printf(demo->arena, "%s/current", demo->forge.live);
	const char *file = arena_printf(demo->arena, "%s/current/" DEMO_LIVE_FILE,
					demo->forge.live);
	struct buf text = BUF_INIT(CONTENT_BYTES);
	struct stat status;
	int rc = 0;

	if (!link || !file)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (!content && lstat(link, &status) == 0)
		return demo_unseen(err, "something is live in '%s'", demo->forge.live);
	if (content)
		rc = buf_read_file(&text, file, err);
	if (rc == 0 && content && strcmp(text.data, content) != 0)
		rc = demo_unseen(err, "other content is live:\n%s", text.data);
	buf_release(&text);
	return rc;
}

static int check_reason(const struct demo_told *told, const char *reason,
			struct error *err)
{
	return strstr(told->text, reason)
		       ? 0
		       : demo_unseen(err, "the status does not say '%s', but '%s'",
				     reason, told->text);
}

static const char *passed(const struct demo_told *told)
{
	return demo_duration(told->told_at - told->webhook_at);
}

int demo_unsigned_lands(struct demo *demo, struct error *err)
{
	struct demo_told told;
	char id[DEMO_ID_BYTES];

	int rc = demo_git(demo, NULL, err, "checkout", "-q", "-b", "forge", NULL);
	if (rc == 0)
		rc = demo_commit(demo, manifest, "past every hook", false, id, err);
	if (rc == 0)
		rc = push(demo, id, DEMO_BRANCH, err);
	if (rc == 0)
		rc = demo_forge_wait_status(demo, id, POLICY, "failure", &told, err);
	if (rc == 0)
		rc = check_reason(&told, "main-is-signed", err);
	if (rc == 0)
		rc = demo_forge_check_only(demo, id, err);
	if (rc == 0)
		rc = check_live(demo, NULL, err);
	if (rc != 0)
		return rc;
	demo_say("=> status on commit %.10s, %s after the webhook; nothing is live:",
		 id, passed(&told));
	demo_say("   " POLICY ": failure:%s", told.text);
	return 0;
}

int demo_mended_is_deployed(struct demo *demo, struct error *err)
{
	struct demo_told policy, target;
	char id[DEMO_ID_BYTES];

	int rc = demo_git(demo, NULL, err, "commit", "-q", "--amend", "--no-edit", "-S",
			  NULL);
	if (rc == 0)
		rc = demo_head(demo, id, err);
	if (rc == 0)
		rc = push(demo, id, DEMO_BRANCH, err);
	if (rc == 0)
		rc = demo_forge_wait_status(demo, id, POLICY, "success", &policy, err);
	if (rc == 0)
		rc = demo_forge_wait_status(demo, id, TARGET, "success", &target, err);
	if (rc == 0)
		rc = check_live(demo, manifest, err);
	if (rc != 0)
		return rc;
	demo_say("=> " POLICY ": success on commit %.10s, %s after the webhook", id,
		 passed(&policy));
	demo_say("   " TARGET ": success, %s after the webhook, and live in www/",
		 passed(&target));
	return 0;
}

int demo_merge_request_fails(struct demo *demo, struct error *err)
{
	struct demo_told status, comment;
	char id[DEMO_ID_BYTES];

	int rc = demo_git(demo, NULL, err, "checkout", "-q", "-b", "typo", NULL);
	if (rc == 0)
		rc = demo_commit(demo, demo_broken_manifest, "a typing mistake", true,
				 id, err);
	if (rc == 0)
		rc = push(demo, id, "refs/pull/1/head", err);
	if (rc == 0)
		rc = demo_forge_wait_status(demo, id, POLICY, "failure", &status, err);
	if (rc == 0)
		rc = check_reason(&status, DEMO_MANIFEST ":2: ", err);
	if (rc == 0)
		rc = demo_forge_wait_comment(demo, id, &comment, err);
	if (rc == 0)
		rc = check_live(demo, manifest, err);
	if (rc == 0)
		rc = demo_git(demo, NULL, err, "checkout", "-q", "main", NULL);
	if (rc != 0)
		return rc;
	demo_say("=> status on its head %.10s, %s after the webhook:", id,
		 passed(&status));
	demo_say("   " POLICY ": failure:%s", status.text);
	demo_say("   and a comment: %s", comment.text);
	return 0;
}
