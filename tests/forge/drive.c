/* tests/forge/drive.c - one question or command to a forge's API, for tests that hold
 * what we send against published descriptions of it.
 *
 *   drive KIND BASE TOKEN status NAME COMMIT CONTEXT STATE TEXT [LINK [REF
 * [FINDING...]]] drive KIND BASE TOKEN comment NAME NUMBER COMMIT STATE TEXT [REF
 * [FINDING...]] drive KIND BASE TOKEN merge-request NAME NUMBER drive KIND BASE TOKEN
 * open NAME drive KIND BASE TOKEN commit NAME COMMIT drive KIND BASE TOKEN test NAME
 * BRANCH [HOOK-URL] drive KIND BASE TOKEN hook NAME HOOK-URL SECRET
 *
 * TOKEN: "app:ID:FILE" for an App with its key, "user:NAME:TOKEN" with a name, or the
 * token. FINDING: "severity|rule|path|line|message|mend". Prints what came of it, one
 * fact a line; exit 0, or 1 with "error CODE: text". Key and base come from the
 * command line of a test: nothing else may call it so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/text.h"
#include "forge/forge.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define MOST        32 /* findings */

struct drive {
	struct forge *forge;
	struct arena *arena;
	char **arguments; /* behind the verb */
	int count;
	int64_t retry_at;
	struct error err;
};

static const char *argument(const struct drive *drive, int index)
{
	return index < drive->count ? drive->arguments[index] : "";
}

static uint64_t number(const struct drive *drive, int index)
{
	uint64_t value = 0;
	return text_parse_u64(argument(drive, index), &value) == 0 ? value : 0;
}

static struct oid commit(const struct drive *drive, int index)
{
	struct oid id = OID_INIT;
	const char *hex = argument(drive, index);
	if (oid_parse(hex, strlen(hex), &id) != 0)
		id = (struct oid)OID_INIT;
	return id;
}

/* --- reports --- */

static const char *part(char **rest)
{
	char *piece = *rest != NULL ? strsep(rest, "|") : NULL;
	return piece != NULL ? piece : "";
}

static size_t read_findings(const struct drive *drive, int from,
			    struct msg_finding_row findings[MOST])
{
	size_t count = 0;
	for (int i = from; i < drive->count && count < MOST; i++) {
		char *rest = drive->arguments[i];
		struct msg_finding_row *row = &findings[count++];
		*row = (struct msg_finding_row){ 0 };
		row->severity = part(&rest);
		row->rule = part(&rest);
		row->path = part(&rest);
		if (text_parse_u64(part(&rest), &row->line) != 0)
			row->line = 0;
		row->message = part(&rest);
		row->mend = part(&rest);
	}
	return count;
}

static int report(struct drive *drive, const struct msg_report_item *item, int from)
{
	struct msg_finding_row findings[MOST];
	size_t count = read_findings(drive, from, findings);
	const char *ref = "";
	int code = forge_report(drive->forge, item, findings, count, drive->arena, &ref,
				&drive->retry_at, &drive->err);
	if (code == 0)
		printf("ref %s\n", ref);
	return code;
}

static int drive_status(struct drive *drive)
{
	struct msg_report_item item = {
		.id = 1,
		.kind = "status",
		.name = argument(drive, 0),
		.commit = commit(drive, 1),
		.context = argument(drive, 2),
		.state = argument(drive, 3),
		.description = argument(drive, 4),
		.link = argument(drive, 5),
		.forge_ref = argument(drive, 6),
	};
	return report(drive, &item, 7);
}

static int drive_comment(struct drive *drive)
{
	struct msg_report_item item = {
		.id = 1,
		.kind = "comment",
		.name = argument(drive, 0),
		.number = number(drive, 1),
		.commit = commit(drive, 2),
		.context = "gitgate/policy",
		.state = argument(drive, 3),
		.description = argument(drive, 4),
		.forge_ref = argument(drive, 5),
	};
	return report(drive, &item, 6);
}

/* --- questions --- */

static const char *text(const char *value)
{
	return value != NULL && value[0] != '\0' ? value : "-";
}

static void show(const struct forge_merge_request *request)
{
	const struct msg_merge_request_row *row = &request->row;
	printf("merge-request %llu %s head %s %s %s base %s %s author %s draft %d "
	       "merge %s updated %lld title %s\n",
	       (unsigned long long)row->number, text(row->state),
	       text(oid_text(&row->head)), text(row->head_ref),
	       text(row->head_repository), text(row->base_ref),
	       text(oid_text(&row->base)), text(row->author), row->draft,
	       text(oid_text(&row->merge_commit)), (long long)row->updated_at,
	       text(row->title));
	for (size_t i = 0; i < request->review_count; i++) {
		const struct msg_review_row *review = &request->reviews[i];
		printf("review %s %s %s %lld\n", text(review->reviewer),
		       text(review->state), text(oid_text(&review->commit)),
		       (long long)review->submitted_at);
	}
}

static int drive_merge_request(struct drive *drive)
{
	struct forge_merge_request request;
	int code = forge_merge_request(drive->forge, argument(drive, 0),
				       number(drive, 1), drive->arena, &request,
				       &drive->retry_at, &drive->err);
	if (code == 0)
		show(&request);
	return code;
}

static int show_all(int code, const struct forge_merge_request *requests, size_t count)
{
	for (size_t i = 0; code == 0 && i < count; i++)
		show(&requests[i]);
	if (code == 0)
		printf("count %zu\n", count);
	return code;
}

static int drive_open(struct drive *drive)
{
	struct forge_merge_request *requests = NULL;
	size_t count = 0;
	int code = forge_open_merge_requests(drive->forge, argument(drive, 0),
					     drive->arena, &requests, &count,
					     &drive->retry_at, &drive->err);
	return show_all(code, requests, count);
}

static int drive_commit(struct drive *drive)
{
	struct forge_merge_request *requests = NULL;
	struct oid id = commit(drive, 1);
	size_t count = 0;
	int code = forge_commit_merge_requests(drive->forge, argument(drive, 0), &id,
					       drive->arena, &requests, &count,
					       &drive->retry_at, &drive->err);
	return show_all(code, requests, count);
}

/* --- set-up --- */

static int drive_test(struct drive *drive)
{
	static const char *const results[] = { "unknown", "good", "warning", "bad" };
	struct forge_set_up set_up = {
		.name = argument(drive, 0),
		.branch = argument(drive, 1),
		.hook_url = drive->count > 2 ? argument(drive, 2) : NULL,
	};
	struct forge_check *checks = NULL;
	size_t count = 0;
	int code = forge_test(drive->forge, &set_up, drive->arena, &checks, &count,
			      &drive->err);
	for (size_t i = 0; code == 0 && i < count; i++)
		printf("%s: %s: %s%s%s\n", results[checks[i].result], checks[i].what,
		       checks[i].text, checks[i].mend != NULL ? "; mend: " : "",
		       checks[i].mend != NULL ? checks[i].mend : "");
	return code;
}

static int drive_hook(struct drive *drive)
{
	struct forge_set_up set_up = { .name = argument(drive, 0),
				       .hook_url = argument(drive, 1),
				       .secret = argument(drive, 2) };
	const char *done = "";
	int code = forge_hook(drive->forge, &set_up, drive->arena, &done, &drive->err);
	if (code == 0)
		printf("%s\n", done);
	return code;
}

/* --- the session --- */

static const struct verb {
	const char *name;
	int (*run)(struct drive *drive);
} verbs[] = {
	{ "status", drive_status },
	{ "comment", drive_comment },
	{ "merge-request", drive_merge_request },
	{ "open", drive_open },
	{ "commit", drive_commit },
	{ "test", drive_test },
	{ "hook", drive_hook },
};

static int read_credential(char *token, struct msg_forge_session *session,
			   struct buf *key, struct error *err)
{
	char *rest = token;
	if (text_starts_with(token, "app:")) {
		strsep(&rest, ":");
		if (text_parse_u64(strsep(&rest, ":"), &session->app_id) != 0)
			return error_set(err, ERROR_USAGE, "no id of an App");
		int code = buf_read_file(key, rest != NULL ? rest : "", err);
		session->app_key = key->data;
		return code;
	}
	session->token = token;
	if (text_starts_with(token, "user:")) {
		strsep(&rest, ":");
		session->username = strsep(&rest, ":");
		session->token = rest != NULL ? rest : "";
	}
	return 0;
}

static int run(struct drive *drive, const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return verbs[i].run(drive);
	}
	return error_set(&drive->err, ERROR_USAGE, "no verb '%s'", name);
}

int main(int argc, char **argv)
{
	struct drive drive = { .arguments = argv + 5, .count = argc - 5 };
	struct buf key = BUF_INIT(1 << 20);
	if (argc < 6) {
		fprintf(stderr, "usage: drive KIND BASE TOKEN VERB ARGUMENT...\n");
		return 2;
	}
	struct msg_forge_session session = {
		.source = "drive", .kind = argv[1], .api = argv[2], .timeout = 20000000
	};
	drive.arena = arena_new(ARENA_BYTES);
	int code = drive.arena == NULL
			   ? ERROR_MEMORY
			   : read_credential(argv[3], &session, &key, &drive.err);
	if (code == 0)
		code = forge_open(&drive.forge, &session, &drive.err);
	if (code == 0)
		code = run(&drive, argv[4]);
	if (code != 0)
		printf("error %s: %s\n", error_name(code), drive.err.text);
	if (drive.retry_at != 0)
		printf("retry-at %lld\n", (long long)drive.retry_at);
	forge_close(drive.forge);
	arena_free(drive.arena);
	buf_release(&key);
	return code == 0 ? 0 : 1;
}
