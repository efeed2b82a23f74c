/* tests/unit/test_forge_hints.c - what the real material does not show: every action of
 * part 1 for each forge, and payloads that are hostile, odd or incomplete. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "forge/forge.h"
#include "forge_lines.h"
#include "unit.h"

#define MEMORY       ((size_t)256 << 20)
#define ZERO         "0000000000000000000000000000000000000000"
#define ONE          "1111111111111111111111111111111111111111"
#define TWO          "2222222222222222222222222222222222222222"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What forge_read() makes of it, in lines without their label. */
static void read_text(enum forge_kind kind, const char *event, const void *body,
		      size_t length, bool form, struct buf *out)
{
	struct msg_read_item item = { .delivery = 7, .event = event, .form = form };
	struct arena *arena = arena_new(MEMORY);
	struct error err = ERROR_INIT;
	struct msg_hint_row *rows = NULL;
	size_t count = 0;
	int code = forge_read(kind, &item, body, length, &limits_default, arena, &rows,
			      &count, &err);
	ck_assert_int_eq(code == 0, count > 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(rows[i].delivery, 7);
	add_lines(out, "", code, rows, count, &err);
	arena_free(arena);
}

static void gives(enum forge_kind kind, const char *event, const char *body,
		  const char *expected)
{
	struct buf got = BUF_INIT(1 << 20);
	read_text(kind, event, body, strlen(body), false, &got);
	ck_assert_msg(strcmp(got.data, expected) == 0,
		      "%s %s: %s\nexpected:\n%sgot:\n%s", forge_name(kind), event, body,
		      expected, got.data);
	buf_release(&got);
}

struct row {
	const char *event;
	const char *body;
	const char *expected;
};

static void all_give(enum forge_kind kind, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		gives(kind, rows[i].event, rows[i].body, rows[i].expected);
}

/* --- GitHub --- */

#define HUB "\"repository\":{\"full_name\":\"a/b\"},\"sender\":{\"login\":\"ann\"}"
#define PULL(merged)                                                                   \
	HUB ",\"pull_request\":{\"number\":7,\"merged\":" merged ",\"base\":{\"ref\":" \
	    "\"main\",\"sha\":"                                                        \
	    "\"" ONE "\"},\"head\":{\"ref\":\"topic\",\"sha\":\"" TWO "\"}}"
#define PULL_LINE(kind, action)                                                        \
	" -> " kind " a/b refs/heads/main " ONE " " TWO " 7 " action " ann\n"

static const struct row github_rows[] = {
	{ "push",
	  "{\"ref\":\"refs/heads/main\",\"before\":\"" ONE "\",\"after\":\"" TWO
	  "\",\"created\":false,\"deleted\":false,\"forced\":true," HUB "}",
	  " -> push a/b refs/heads/main " ONE " " TWO " - forced ann\n" },
	{ "push",
	  "{\"ref\":\"refs/heads/gh-readonly-queue/main/pr-1-" ONE
	  "\",\"before\":\"" ZERO "\",\"after\":\"" TWO "\",\"created\":true," HUB "}",
	  " -> push a/b refs/heads/gh-readonly-queue/main/pr-1-" ONE " 0 " TWO " - "
	  "created"
	  " ann"
	  "\n" },
	{ "create", "{\"ref\":\"a/b\",\"ref_type\":\"branch\"," HUB "}",
	  " -> push a/b refs/heads/a/b - - - created ann\n" },
	{ "create", "{\"ref\":null,\"ref_type\":\"repository\"," HUB "}",
	  " -> ignored a/b - - - - - ann (what was made or deleted is neither a "
	  "branch nor a tag)\n" },
	{ "delete", "{\"ref\":\"v1\",\"ref_type\":\"tag\"," HUB "}",
	  " -> push a/b refs/tags/v1 - - - deleted ann\n" },
	{ "pull_request", "{\"action\":\"closed\"," PULL("true") "}",
	  PULL_LINE("merge-request", "merged") },
	{ "pull_request", "{\"action\":\"closed\"," PULL("false") "}",
	  PULL_LINE("merge-request", "closed") },
	{ "pull_request", "{\"action\":\"synchronize\"," PULL("false") "}",
	  PULL_LINE("merge-request", "updated") },
	{ "pull_request", "{\"action\":\"reopened\"," PULL("false") "}",
	  PULL_LINE("merge-request", "reopened") },
	{ "pull_request",
	  "{\"action\":\"edited\",\"changes\":{\"base\":{\"ref\":{\"from\":\"x\"}}}"
	  "," PULL("false") "}",
	  PULL_LINE("merge-request", "retargeted") },
	{ "pull_request",
	  "{\"action\":\"edited\",\"changes\":{\"title\":{\"from\":\"x\"}}," PULL(
		  "false") "}",
	  PULL_LINE("merge-request", "edited") },
	{ "pull_request", "{\"action\":\"never_heard_of\"," PULL("false") "}",
	  PULL_LINE("merge-request", "edited") },
	{ "pull_request", "{\"action\":\"labeled\"," PULL("false") "}",
	  " -> ignored a/b - - - - - ann (labels decide nothing)\n" },
	{ "pull_request_review",
	  "{\"action\":\"submitted\",\"review\":{\"state\":\"changes_requested\"}"
	  "," PULL("false") "}",
	  PULL_LINE("review", "changes-requested") },
	{ "pull_request_review",
	  "{\"action\":\"dismissed\",\"review\":{\"state\":\"approved\"}," PULL(
		  "false") "}",
	  PULL_LINE("review", "dismissed") },
	{ "pull_request_review",
	  "{\"action\":\"edited\",\"review\":{\"state\":\"approved\"}," PULL(
		  "false") "}",
	  PULL_LINE("review", "approved") },
	{ "merge_group",
	  "{\"action\":\"destroyed\",\"merge_group\":{\"head_sha\":\"" TWO
	  "\",\"head_ref\":\"refs/heads/q\",\"base_sha\":\"" ONE "\"}," HUB "}",
	  " -> merge-queue a/b refs/heads/q " ONE " " TWO " - destroyed ann\n" },
	{ "check_run",
	  "{\"action\":\"rerequested\",\"check_run\":{\"check_suite\":{\"head_branch\":"
	  "null,\"head_sha\":\"" TWO "\"},\"pull_requests\":[]}," HUB "}",
	  " -> push a/b - - " TWO " - rerequested ann\n" },
	{ "check_suite",
	  "{\"action\":\"rerequested\",\"check_suite\":{\"head_sha\":\"" TWO
	  "\",\"head_branch\":\"t\",\"pull_requests\":[{\"number\":1,\"base\":{\"ref\":"
	  "\"main\",\"sha\":\"" ONE "\"}},{\"number\":2}]}," HUB "}",
	  " -> merge-request a/b refs/heads/main " ONE " " TWO " 1 rerequested ann\n "
	  "-> merge-request a/b - "
	  "- " TWO " 2 "
	  "rerequested "
	  "ann\n" },
	{ "issue_comment", "{\"action\":\"created\"," HUB "}",
	  " -> ignored a/b - - - - - ann (comments decide nothing)\n" },
	{ "never_heard_of", "{" HUB "}",
	  " -> ignored a/b - - - - - ann (event 'never_heard_of' is not one that "
	  "gitgate looks at)\n" },
	{ "ev\x1b[2Jil", "{" HUB "}",
	  " -> ignored a/b - - - - - ann (event 'ev\\x1b[2Jil' is not one that gitgate "
	  "looks at)\n" },
	{ "", "{" HUB "}",
	  " -> syntax: the delivery does not say which event it is\n" },
};

START_TEST(github_actions)
{
	all_give(FORGE_GITHUB, github_rows, COUNT(github_rows));
}
END_TEST

/* --- GitLab --- */

#define LAB "\"project\":{\"path_with_namespace\":\"g/s/p\"}"
#define LAB_REQUEST(action, more)                                                      \
	"{\"object_kind\":\"merge_request\",\"user\":{\"username\":\"ann\"}," LAB      \
	",\"object_attributes\":{\"iid\":3,\"target_branch\":\"main\",\"action\":"     \
	"\"" action "\",\"last_commit\":{\"id\":\"" TWO "\"}" more
#define LAB_LINE(kind, action)                                                         \
	" -> " kind " g/s/p refs/heads/main - " TWO " 3 " action " ann\n"

static const struct row gitlab_rows[] = {
	{ "", LAB_REQUEST("open", "}}"), LAB_LINE("merge-request", "opened") },
	{ "", LAB_REQUEST("close", "}}"), LAB_LINE("merge-request", "closed") },
	{ "", LAB_REQUEST("reopen", "}}"), LAB_LINE("merge-request", "reopened") },
	{ "", LAB_REQUEST("merge", "}}"), LAB_LINE("merge-request", "merged") },
	{ "", LAB_REQUEST("update", ",\"oldrev\":\"" ONE "\"}}"),
	  LAB_LINE("merge-request", "updated") },
	{ "", LAB_REQUEST("update", "},\"changes\":{\"target_branch\":{}}}"),
	  LAB_LINE("merge-request", "retargeted") },
	{ "", LAB_REQUEST("update", "},\"changes\":{\"title\":{}}}"),
	  LAB_LINE("merge-request", "edited") },
	{ "", LAB_REQUEST("approved", "}}"), LAB_LINE("review", "approved") },
	{ "", LAB_REQUEST("approval", "}}"), LAB_LINE("review", "approved") },
	{ "", LAB_REQUEST("unapproved", "}}"), LAB_LINE("review", "dismissed") },
	{ "", LAB_REQUEST("unapproval", ",\"system\":true}}"),
	  LAB_LINE("review", "dismissed") },
	{ "", LAB_REQUEST("never_heard_of", "}}"),
	  LAB_LINE("merge-request", "edited") },
	{ "Issue Hook",
	  "{\"object_kind\":\"push\",\"ref\":\"refs/heads/x\",\"before\":\"" ONE
	  "\",\"after\":\"" ZERO "\",\"user_username\":\"ann\"," LAB "}",
	  " -> push g/s/p refs/heads/x " ONE " 0 - deleted ann\n" },
	{ "",
	  "{\"event_name\":\"repository_update\",\"changes\":[{\"ref\":\"refs/heads/"
	  "a\","
	  "\"before\":\"" ZERO "\",\"after\":\"" TWO "\"},{\"ref\":\"refs/tags/"
	  "b\",\"before\":\"" ONE "\",\"after\":\"" TWO "\"}]," LAB "}",
	  " -> push g/s/p refs/heads/a 0 " TWO " - created -\n -> push g/s/p "
	  "refs/tags/b " ONE " " TWO " - updated -\n" },
	{ "", "{\"event_name\":\"repository_update\",\"changes\":[]," LAB "}",
	  " -> ignored g/s/p - - - - - - (it names nothing to look at)\n" },
	{ "", "{\"event_name\":\"repository_update\"," LAB "}",
	  " -> syntax: the payload of event 'repository_update' has no usable list of "
	  "changes\n" },
	{ "Push Hook", "{}",
	  " -> syntax: the delivery does not say which event it is\n" },
};

START_TEST(gitlab_actions)
{
	all_give(FORGE_GITLAB, gitlab_rows, COUNT(gitlab_rows));
}
END_TEST

/* --- Gitea and Forgejo --- */

static const struct row gitea_rows[] = {
	{ "pull_request", "{\"action\":\"synchronized\"," PULL("false") "}",
	  PULL_LINE("merge-request", "updated") },
	{ "pull_request_sync", "{\"action\":\"synchronized\"," PULL("false") "}",
	  PULL_LINE("merge-request", "updated") },
	{ "pull_request", "{\"action\":\"closed\"," PULL("true") "}",
	  PULL_LINE("merge-request", "merged") },
	{ "pull_request", "{\"action\":\"closed\"," PULL("false") "}",
	  PULL_LINE("merge-request", "closed") },
	{ "pull_request", "{\"action\":\"reopened\"," PULL("false") "}",
	  PULL_LINE("merge-request", "reopened") },
	{ "pull_request",
	  "{\"action\":\"edited\",\"changes\":{\"ref\":{\"from\":\"x\"}}," PULL(
		  "false") "}",
	  PULL_LINE("merge-request", "retargeted") },
	{ "pull_request", "{\"action\":\"edited\"," PULL("false") "}",
	  PULL_LINE("merge-request", "edited") },
	{ "pull_request_review_request",
	  "{\"action\":\"review_requested\"," PULL("false") "}",
	  " -> ignored a/b - - - - - ann (a wish for a review is no review)\n" },
	{ "pull_request_approved", "{\"action\":\"reviewed\"," PULL("false") "}",
	  PULL_LINE("review", "approved") },
	{ "pull_request_rejected", "{\"action\":\"reviewed\"," PULL("false") "}",
	  PULL_LINE("review", "changes-requested") },
	{ "pull_request_review_comment", "{\"action\":\"reviewed\"," PULL("false") "}",
	  PULL_LINE("review", "commented") },
	{ "push",
	  "{\"ref\":\"refs/tags/v1\",\"before\":\"" ONE "\",\"after\":\"" TWO "\"," HUB
	  "}",
	  " -> push a/b refs/tags/v1 " ONE " " TWO " - updated ann\n" },
	{ "delete", "{\"ref\":\"v1\",\"ref_type\":\"tag\"," HUB "}",
	  " -> push a/b refs/tags/v1 - - - deleted ann\n" },
	{ "never_heard_of", "{" HUB "}",
	  " -> ignored a/b - - - - - ann (event 'never_heard_of' is not one that "
	  "gitgate looks at)\n" },
};

START_TEST(gitea_and_forgejo_actions)
{
	all_give(FORGE_GITEA, gitea_rows, COUNT(gitea_rows));
	all_give(FORGE_FORGEJO, gitea_rows, COUNT(gitea_rows));
}
END_TEST

/* --- Bitbucket --- */

#define CLOUD "\"repository\":{\"full_name\":\"t/r\"},\"actor\":{\"nickname\":\"ann\"}"
#define CLOUD_REF(type, name, id)                                                      \
	"{\"type\":\"" type "\",\"name\":\"" name "\",\"target\":{\"hash\":\"" id "\"" \
	"}}"
#define CLOUD_CHANGES                                                                  \
	"{\"old\":null,\"new\":" CLOUD_REF(                                            \
		"branch", "a",                                                         \
		TWO) "},"                                                              \
		     "{\"old\":" CLOUD_REF(                                            \
			     "tag", "b",                                               \
			     ONE) ",\"new\":null},"                                    \
				  "{\"old\":" CLOUD_REF(                               \
					  "branch", "c",                               \
					  ONE) ",\"new\":" CLOUD_REF("branch", "c",    \
								     TWO) ",\"forced"  \
									  "\":true}"
#define CLOUD_PULL                                                                     \
	"{" CLOUD ",\"pullrequest\":{\"id\":5,\"destination\":{\"branch\":{\"name\":"  \
	"\"main\"},\"commit\":{\"hash\":\"ce5965ddd289\"}}}}"
#define CLOUD_LINE(kind, action)                                                       \
	" -> " kind " t/r refs/heads/main - - 5 " action " ann\n"

static const struct row cloud_rows[] = {
	{ "repo:push", "{\"push\":{\"changes\":[" CLOUD_CHANGES "]}," CLOUD "}",
	  " -> push t/r refs/heads/a - " TWO " - created ann\n"
	  " -> push t/r refs/tags/b " ONE " - - deleted ann\n"
	  " -> push t/r refs/heads/c " ONE " " TWO " - forced ann\n" },
	{ "repo:push", "{\"push\":{\"changes\":[]}," CLOUD "}",
	  " -> ignored t/r - - - - - ann (it names nothing to look at)\n" },
	{ "repo:push",
	  "{\"push\":{\"changes\":[{\"old\":null,\"new\":null}]}," CLOUD "}",
	  " -> syntax: the payload of event 'repo:push' has no usable type of a "
	  "ref\n" },
	{ "pullrequest:changes_request_created", CLOUD_PULL,
	  CLOUD_LINE("review", "changes-requested") },
	{ "pullrequest:changes_request_removed", CLOUD_PULL,
	  CLOUD_LINE("review", "dismissed") },
	{ "pullrequest:updated", CLOUD_PULL, CLOUD_LINE("merge-request", "updated") },
};

#define SERVER_REPOSITORY "{\"slug\":\"shop\",\"project\":{\"key\":\"ACME\"}}"
#define SERVER_PULL(key, more)                                                         \
	"{\"eventKey\":\"" key "\",\"actor\":{\"name\":\"ann\"},\"pullRequest\":{"     \
	"\"id\":5,\"fromRef\":{"                                                       \
	"\"latestCommit\":\"" TWO "\"},\"toRef\":{\"id\":\"refs/heads/"                \
	"main\",\"latestCommit\":\"" ONE "\",\"repository\":" SERVER_REPOSITORY        \
	"}}" more "}"
#define SERVER_LINE(kind, action)                                                      \
	" -> " kind " ACME/shop refs/heads/main " ONE " " TWO " 5 " action " ann\n"

static const struct row server_rows[] = {
	{ "", SERVER_PULL("pr:from_ref_updated", ""),
	  SERVER_LINE("merge-request", "updated") },
	{ "", SERVER_PULL("pr:reopened", ""),
	  SERVER_LINE("merge-request", "reopened") },
	{ "",
	  SERVER_PULL("pr:modified", ",\"previousTarget\":{\"id\":\"refs/heads/old\"}"),
	  SERVER_LINE("merge-request", "retargeted") },
	{ "", SERVER_PULL("pr:reviewer:changes_requested", ""),
	  SERVER_LINE("review", "changes-requested") },
	{ "pr:merged", SERVER_PULL("pr:opened", ""),
	  SERVER_LINE("merge-request", "opened") },
	{ "diagnostics:ping", "{\"test\":true}", " -> ping - - - - - - -\n" },
	{ "",
	  "{\"eventKey\":\"repo:refs_changed\",\"repository\":" SERVER_REPOSITORY
	  ",\"changes\":[{\"ref\":{\"id\":\"refs/heads/a\"},\"fromHash\":\"" ZERO
	  "\",\"toHash\":\"" TWO "\"},{\"ref\":{\"id\":\"refs/tags/"
	  "b\"},\"fromHash\":\"" ONE "\",\"toHash\":\"" ZERO "\""
	  "}]"
	  "}",
	  " -> push ACME/shop refs/heads/a 0 " TWO " - created -\n"
	  " -> push ACME/shop refs/tags/b " ONE " 0 - deleted -\n" },
};

START_TEST(bitbucket_actions)
{
	all_give(FORGE_BITBUCKET_CLOUD, cloud_rows, COUNT(cloud_rows));
	all_give(FORGE_BITBUCKET_SERVER, server_rows, COUNT(server_rows));
}
END_TEST

/* --- any sender --- */

static const struct row generic_rows[] = {
	{ "", "{\"repository\":\"a/b\"}", " -> push a/b - - - - updated -\n" },
	{ "",
	  "{\"repository\":{\"full_name\":\"a/b\"},\"ref\":\"refs/heads/main\","
	  "\"old\":\"" ONE "\",\"new\":\"" TWO "\",\"sender\":\"ann\"}",
	  " -> push a/b refs/heads/main " ONE " " TWO " - updated ann\n" },
	{ "",
	  "{\"type\":\"repository.push\",\"timestamp\":\"2026-11-21T05:00:00Z\","
	  "\"data\":{\"repository\":\"a/b\",\"ref\":\"refs/heads/main\",\"before\":"
	  "\"" ZERO "\",\"after\":\"" TWO "\",\"sender\":{\"login\":\"ann\"}}}",
	  " -> push a/b refs/heads/main 0 " TWO " - created ann\n" },
	{ "", "{\"type\":\"endpoint.ping\",\"data\":{}}", " -> ping - - - - - - -\n" },
	{ "", "{\"event\":\"ping\"}", " -> ping - - - - - - -\n" },
	{ "", "{\"repository\":\"a/b\",\"ref\":\"main\"}",
	  " -> ignored a/b - - - - - - (the ref is not the name of a ref that gitgate "
	  "handles)\n" },
	{ "", "{\"ref\":\"refs/heads/main\"}",
	  " -> syntax: the payload of event 'push' has no usable name of a "
	  "repository\n" },
};

START_TEST(payloads_of_any_sender)
{
	all_give(FORGE_HMAC, generic_rows, COUNT(generic_rows));
	all_give(FORGE_STANDARD, generic_rows, COUNT(generic_rows));
}
END_TEST

/* --- hostile and odd ones --- */

#define REF(name) "{\"ref\":" name ",\"before\":\"x\",\"after\":\"" TWO "\"," HUB "}"
#define NAMED(name)                                                                    \
	"{\"ref\":\"refs/heads/main\",\"repository\":{\"full_name\":" name "}}"
#define BAD_REF(problem) " -> ignored a/b - - - - - ann (the ref " problem ")\n"
#define BAD_NAME(problem)                                                              \
	" -> ignored - - - - - - - (the repository's name " problem ")\n"
#define NOT_HANDLED "is not the name of a ref that gitgate handles"

static const struct row hostile_rows[] = {
	{ "push", REF("\"refs/heads/../x\""), BAD_REF(NOT_HANDLED) },
	{ "push", REF("\"--upload-pack=x\""), BAD_REF(NOT_HANDLED) },
	{ "push", REF("\"refs/heads/--upload-pack=x\""), BAD_REF(NOT_HANDLED) },
	{ "push", REF("\"main\""), BAD_REF(NOT_HANDLED) },
	{ "push", REF("\"\""), BAD_REF(NOT_HANDLED) },
	{ "push", REF("\"refs/heads/a b\""), BAD_REF(NOT_HANDLED) },
	{ "push", REF("\"refs/heads/a\\nb\""), BAD_REF("holds control characters") },
	{ "push", REF("\"refs/heads/\\u202ex\""), BAD_REF("holds control characters") },
	{ "push", REF("7"), BAD_REF("is not text") },
	{ "push", REF("[\"refs/heads/main\"]"), BAD_REF("is not text") },
	{ "push", REF("null"),
	  " -> syntax: the payload of event 'push' has no usable ref\n" },
	{ "push", NAMED("\"a/b\\u0007\""), BAD_NAME("holds control characters") },
	{ "push", NAMED("{\"x\":1}"), BAD_NAME("is not text") },
	{ "push", NAMED("null"),
	  " -> syntax: the payload of event 'push' has no usable name of a "
	  "repository\n" },
	{ "push",
	  "{\"ref\":\"refs/heads/main\",\"before\":\"" ONE "\",\"after\":\"2222\","
	  "\"repository\":{\"full_"
	  "name\":\"a/"
	  "b\"},\"sender\":{"
	  "\"login\":\"x\\u001b[2J\"}}",
	  " -> push a/b refs/heads/main " ONE " - - updated -\n" },
	{ "pull_request", "{\"action\":\"opened\"," HUB "}",
	  " -> syntax: the payload of event 'pull_request' has no usable number of a "
	  "merge request\n" },
	{ "pull_request",
	  "{\"action\":\"opened\",\"pull_request\":{\"number\":-1}," HUB "}",
	  " -> syntax: the payload of event 'pull_request' has no usable number of a "
	  "merge request\n" },
	{ "pull_request",
	  "{\"action\":\"opened\",\"pull_request\":{\"number\":\"7\"}," HUB "}",
	  " -> syntax: the payload of event 'pull_request' has no usable number of a "
	  "merge request\n" },
	{ "pull_request",
	  "{\"action\":\"opened\",\"pull_request\":{\"number\":18446744073709551616}"
	  "," HUB "}",
	  " -> syntax: the payload of event 'pull_request' has no usable number of a "
	  "merge request\n" },
	{ "pull_request",
	  "{\"action\":\"opened\",\"pull_request\":{\"number\":7,\"base\":{\"ref\":\"a "
	  "b\"},\"head\":7}," HUB "}",
	  " -> merge-request a/b - - - 7 opened ann\n" },
	{ "push", "[]", " -> syntax: the payload is not an object\n" },
};

START_TEST(hostile_payloads_name_nothing_odd)
{
	all_give(FORGE_GITHUB, hostile_rows, COUNT(hostile_rows));
}
END_TEST

START_TEST(a_name_of_401_bytes_is_too_long)
{
	char body[1000];
	char name[402];
	memset(name, 'a', sizeof(name));
	name[401] = '\0';
	snprintf(body, sizeof(body),
		 "{\"ref\":\"refs/heads/x\",\"repository\":{\"full_name\":\"%s\"}}",
		 name);
	gives(FORGE_GITHUB, "push", body, BAD_NAME("is too long"));
}
END_TEST

/* What no reader of ours takes: then everything of the source is looked at. */
START_TEST(unreadable_payloads_say_so)
{
	static const struct {
		const char *body;
		int code;
	} rows[] = {
		{ "", ERROR_SYNTAX },
		{ "{", ERROR_SYNTAX },
		{ "{} {}", ERROR_SYNTAX },
		{ "{\"a\":1,\"a\":2}", ERROR_DUPLICATE_KEY },
		{ "{\"a\":\"\xff\"}", ERROR_ENCODING },
		{ "payload=%7B%7D", ERROR_SYNTAX },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena *arena = arena_new(MEMORY);
		struct msg_read_item item = { .event = "push" };
		struct msg_hint_row *out = (struct msg_hint_row *)&item;
		struct error err = ERROR_INIT;
		size_t count = 42;
		int code = forge_read(FORGE_GITHUB, &item, rows[i].body,
				      strlen(rows[i].body), &limits_default, arena,
				      &out, &count, &err);
		ck_assert_msg(code == rows[i].code, "%s: %s", rows[i].body, err.text);
		ck_assert_int_eq(err.code, code);
		ck_assert(out == (struct msg_hint_row *)&item && count == 42);
		arena_free(arena);
	}
}
END_TEST

START_TEST(more_hints_than_the_limit_are_an_error)
{
	struct buf body = BUF_INIT(1 << 20);
	struct buf got = BUF_INIT(1 << 20);
	buf_add_string(&body, "{\"eventKey\":\"repo:refs_changed\","
			      "\"repository\":" SERVER_REPOSITORY ",\"changes\":[");
	for (int i = 0; i < 1001; i++)
		buf_addf(&body, "%s{\"ref\":{\"id\":\"refs/heads/%d\"}}",
			 i > 0 ? "," : "", i);
	buf_add_string(&body, "]}");
	read_text(FORGE_BITBUCKET_SERVER, "", body.data, body.length, false, &got);
	ck_assert_ptr_nonnull(strstr(got.data, "limit: "));
	ck_assert_ptr_nonnull(strstr(got.data, "forge.hints"));
	buf_release(&got);
	buf_release(&body);
}
END_TEST

START_TEST(forms_are_decoded)
{
	static const char form[] = "payload=%7B%22event%22%3a%22ping%22,+%22x%22:%22%"
				   "C3%BC%2B%26%22%7D";
	struct buf got = BUF_INIT(1 << 20);
	read_text(FORGE_GITHUB, "ping", form, strlen(form), true, &got);
	ck_assert_str_eq(got.data, " -> ping - - - - - - -\n");
	buf_reset(&got);
	read_text(FORGE_GITHUB, "ping", "payload=%7B%7D&x=1", 18, true, &got);
	ck_assert_ptr_nonnull(strstr(got.data, "encoding: "));
	buf_release(&got);
}
END_TEST

/* --- the table of forges --- */

static const struct {
	enum forge_kind kind;
	const char *name;
	const char *api;
} forges[] = {
#define FORGE_KIND(kind, name, api) { FORGE_##kind, name, api },
#include "model/forge_kinds.def"
#undef FORGE_KIND
};

START_TEST(the_drivers_are_those_of_the_configuration)
{
	ck_assert_uint_eq(COUNT(forges), FORGE_COUNT - 1);
	for (size_t i = 0; i < COUNT(forges); i++) {
		ck_assert_int_eq(forge_by_name(forges[i].name), forges[i].kind);
		ck_assert_str_eq(forge_name(forges[i].kind), forges[i].name);
		ck_assert_str_eq(forge_api(forges[i].kind), forges[i].api);
	}
	ck_assert_int_eq(forge_by_name("GitHub"), FORGE_UNKNOWN);
	ck_assert_int_eq(forge_by_name(NULL), FORGE_UNKNOWN);
	ck_assert_str_eq(forge_name(FORGE_UNKNOWN), "unknown");
	ck_assert_str_eq(forge_api(FORGE_COUNT), "");
}
END_TEST

START_TEST(heads_stand_under_each_forges_ref)
{
	char ref[100];
	ck_assert(forge_head_ref(FORGE_GITHUB, 7, ref, sizeof(ref)));
	ck_assert_str_eq(ref, "refs/pull/7/head");
	ck_assert(forge_head_ref(FORGE_GITLAB, 7, ref, sizeof(ref)));
	ck_assert_str_eq(ref, "refs/merge-requests/7/head");
	ck_assert(
		forge_head_ref(FORGE_FORGEJO, 18446744073709551615u, ref, sizeof(ref)));
	ck_assert_str_eq(ref, "refs/pull/18446744073709551615/head");
	ck_assert(forge_head_ref(FORGE_BITBUCKET_SERVER, 7, ref, sizeof(ref)));
	ck_assert_str_eq(ref, "refs/pull-requests/7/from");
	ck_assert(!forge_head_ref(FORGE_BITBUCKET_CLOUD, 7, ref, sizeof(ref)));
	ck_assert(!forge_head_ref(FORGE_HMAC, 7, ref, sizeof(ref)));
	ck_assert(!forge_head_ref(FORGE_GITHUB, 7, ref, 16));
	ck_assert(!forge_has_api(FORGE_STANDARD));
}
END_TEST

UNIT_MAIN("forge", github_actions, gitlab_actions, gitea_and_forgejo_actions,
	  bitbucket_actions, payloads_of_any_sender, hostile_payloads_name_nothing_odd,
	  a_name_of_401_bytes_is_too_long, unreadable_payloads_say_so,
	  more_hints_than_the_limit_are_an_error, forms_are_decoded,
	  the_drivers_are_those_of_the_configuration, heads_stand_under_each_forges_ref)
