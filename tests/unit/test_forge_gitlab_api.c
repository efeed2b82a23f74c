/* tests/unit/test_forge_gitlab_api.c - what GitLab is told and asked. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/call.h"
#include "forge_scene.h"
#include "unit.h"

#define SHA     "a7e1c0cceef744e6c13a9a728027f837b84b23be"
#define BASE    "2608b60d023280134ca16252505ce307bf0eec97"
#define OLD     "1111111111111111111111111111111111111111"
#define NAME    "acme/tools/shop"
#define PROJECT "/projects/acme%2Ftools%2Fshop"
#define FIND                                                                           \
	"GET " PROJECT "/repository/commits/" SHA "/statuses?name=gitgate%2Fpolicy&"   \
	"per_page=100"
#define POST "POST " PROJECT "/statuses/" SHA
#define NOTES                                                                          \
	"GET " PROJECT "/merge_requests/8/"                                            \
	"notes?sort=asc&order_by=created_at&per_page=100"
#define REQUEST  "GET " PROJECT "/merge_requests/8"
#define APPROVED "GET " PROJECT "/merge_requests/8/approvals"
#define VERSIONS "GET " PROJECT "/merge_requests/8/versions?per_page=100"
#define SETTINGS "GET " PROJECT "/approvals"

static struct scene scene;
static struct arena *arena;
static struct forge *forge;
static struct error err;
static struct msg_report_item item;
static struct forge_merge_request request;
static const char *ref;
static int64_t retry_at;

static void begin(void)
{
	struct msg_forge_session session = { .kind = "gitlab", .token = "glpat-t0ken" };
	scene_begin(&scene);
	forge = scene_open(&scene, &session);
	arena = arena_new((size_t)64 << 20);
	item = (struct msg_report_item){ .id = 12,
					 .kind = "status",
					 .name = NAME,
					 .context = "gitgate/policy",
					 .state = "failure",
					 .description = "refused",
					 .link = "https://gate.example.org/c/1",
					 .ref = "refs/heads/topic",
					 .number = 8 };
	ck_assert_int_eq(oid_parse(SHA, strlen(SHA), &item.commit), 0);
}

static void end(void)
{
	forge_close(forge);
	arena_free(arena);
	scene_end(&scene);
}

static int report(void)
{
	err = (struct error)ERROR_INIT;
	return forge_report(forge, &item, NULL, 0, arena, &ref, &retry_at, &err);
}

static void must_report(void)
{
	int rc = report();
	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_uint_eq(scene_strangers(&scene), 0);
}

static const char *said(const char *line, const char *path)
{
	return scene_text(&scene, scene_last(&scene, line), path);
}

/* --- statuses --- */

START_TEST(status_is_posted)
{
	begin();
	scene_always(&scene, FIND, 200,
		     "[{\"id\":3,\"name\":\"gitgate/policy\",\"ref\":\"other\","
		     "\"status\":\"failed\",\"description\":\"refused\"}]");
	scene_always(&scene, POST, 201, "{\"id\":44}");
	must_report();
	ck_assert_str_eq(ref, "44");
	ck_assert_str_eq(said(POST, "state"), "failed");
	ck_assert_str_eq(said(POST, "name"), "gitgate/policy");
	ck_assert_str_eq(said(POST, "description"), "refused");
	ck_assert_str_eq(said(POST, "ref"), "topic");
	ck_assert_str_eq(said(POST, "target_url"), "https://gate.example.org/c/1");
	const char *head = scene_last(&scene, POST)->head;
	ck_assert_ptr_nonnull(strstr(head, "\r\nPRIVATE-TOKEN: glpat-t0ken"));
	ck_assert_ptr_null(strcasestr(head, "\r\nAuthorization:"));
	end();
}
END_TEST

START_TEST(status_that_stands_there_is_not_posted_again)
{
	begin();
	item.forge_ref = "3";
	scene_always(&scene, FIND, 200,
		     "[{\"id\":9,\"name\":\"gitgate/policy\",\"ref\":\"topic\","
		     "\"status\":\"failed\",\"description\":\"refused\"},"
		     "{\"id\":3,\"name\":\"gitgate/policy\",\"ref\":\"topic\","
		     "\"status\":\"pending\",\"description\":null}]");
	must_report();
	ck_assert_str_eq(ref, "9");
	ck_assert_uint_eq(scene_count(&scene, POST), 0);
	end();
}
END_TEST

START_TEST(states_become_those_of_gitlab)
{
	static const char *const states[][2] = {
		{ "pending", "pending" }, { "running", "running" },
		{ "success", "success" }, { "failure", "failed" },
		{ "error", "failed" },    { "cancelled", "canceled" },
		{ "skipped", "skipped" },
	};
	begin();
	scene_always(&scene, FIND, 200, "[]");
	scene_always(&scene, POST, 201, "{\"id\":1}");
	item.ref = "refs/merge-requests/8/head";
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		item.state = states[i][0];
		must_report();
		ck_assert_str_eq(said(POST, "state"), states[i][1]);
		ck_assert_str_eq(said(POST, "ref"), "-");
	}
	end();
}
END_TEST

START_TEST(same_state_that_is_refused_counts_as_posted)
{
	static const char refusal[] = "{\"message\":\"Cannot transition status via "
				      ":enqueue from :pending (Reason(s): Status "
				      "cannot "
				      "transition via \\\"enqueue\\\")\"}";
	begin();
	item.state = "pending";
	item.forge_ref = "9";
	scene_always(&scene, POST, 400, refusal);
	scene_once(&scene, FIND, 200,
		   "[{\"id\":9,\"name\":\"gitgate/policy\",\"ref\":\"topic\","
		   "\"status\":\"pending\",\"description\":\"older\"}]");
	must_report();
	ck_assert_str_eq(ref, "9");
	scene_once(&scene, FIND, 200,
		   "[{\"id\":9,\"name\":\"gitgate/policy\",\"ref\":\"topic\","
		   "\"status\":\"running\"}]");
	ck_assert_int_eq(report(), ERROR_FORGE_REFUSED);
	end();
}
END_TEST

START_TEST(refusals_are_told_apart)
{
	static const struct {
		int status;
		const char *head;
		int code;
	} cases[] = {
		{ 400, "", ERROR_FORGE_REFUSED },
		{ 401, "", ERROR_FORGE_DENIED },
		{ 403, "", ERROR_FORGE_DENIED },
		{ 404, "", ERROR_NOT_FOUND },
		{ 409, "", ERROR_FORGE },
		{ 422, "", ERROR_FORGE_REFUSED },
		{ 429, "Retry-After: 30\r\n", ERROR_RATE_LIMITED },
		{ 500, "", ERROR_FORGE },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, FIND, 200, "[]");
		scene_headers(&scene, POST, cases[i].status, cases[i].head,
			      "{\"message\":\"401 Unauthorized\"}");
		ck_assert_int_eq(report(), cases[i].code);
		ck_assert_ptr_null(strstr(err.text, "t0ken"));
	}
	end();
}
END_TEST

/* --- the note --- */

START_TEST(note_is_made_found_and_updated)
{
	static const char post[] = "POST " PROJECT "/merge_requests/8/notes";
	static const char put[] = "PUT " PROJECT "/merge_requests/8/notes/71";
	begin();
	item.kind = "comment";
	scene_always(&scene, "GET /user", 200, "{\"username\":\"gate\"}");
	scene_once(&scene, NOTES, 200,
		   "[{\"id\":1,\"author\":{\"username\":\"mallory\"},\"body\":"
		   "\"<!-- gitgate -->\\nfine\"}]");
	scene_always(&scene, post, 201, "{\"id\":71}");
	must_report();
	ck_assert_str_eq(ref, "71");
	ck_assert(text_starts_with(said(post, "body"), "<!-- gitgate -->\n"));
	scene_once(&scene, NOTES, 200,
		   "[{\"id\":71,\"author\":{\"username\":\"gate\"},\"body\":"
		   "\"<!-- gitgate -->\\nolder\"}]");
	scene_once(&scene, put, 200, "{\"id\":71}");
	must_report();
	item.forge_ref = "71";
	scene_once(&scene, put, 404, "{}");
	scene_once(&scene, NOTES, 200, "[]");
	must_report();
	ck_assert_uint_eq(scene_count(&scene, post), 2);
	end();
}
END_TEST

/* --- merge requests --- */

#define MR(state, source, more)                                                        \
	"{\"iid\":8,\"state\":\"" state "\",\"sha\":\"" SHA                            \
	"\",\"title\":\"A title\",\"draft\":true,\"source_branch\":\"topic\","         \
	"\"target_branch\":\"main\",\"author\":{\"username\":\"alice\"},"              \
	"\"source_project_id\":" source ",\"target_project_id\":10,"                   \
	"\"diff_refs\":{\"start_sha\":\"" BASE "\"}" more "}"
#define NO_APPROVAL "{\"approved\":true,\"approved_by\":[]}"

static int ask(void)
{
	err = (struct error)ERROR_INIT;
	return forge_merge_request(forge, NAME, 8, arena, &request, &retry_at, &err);
}

static void must_ask(void)
{
	int rc = ask();
	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_uint_eq(scene_strangers(&scene), 0);
}

START_TEST(merge_request_is_read)
{
	begin();
	scene_always(&scene, REQUEST, 200, MR("opened", "10", ""));
	scene_always(&scene, APPROVED, 200, NO_APPROVAL);
	must_ask();
	ck_assert_str_eq(request.row.state, "open");
	ck_assert_str_eq(oid_text(&request.row.head), SHA);
	ck_assert_str_eq(oid_text(&request.row.base), BASE);
	ck_assert_str_eq(request.row.head_ref, "refs/heads/topic");
	ck_assert_str_eq(request.row.base_ref, "refs/heads/main");
	ck_assert_str_eq(request.row.head_repository, NAME);
	ck_assert_str_eq(request.row.author, "alice");
	ck_assert(request.row.draft);
	ck_assert_uint_eq(request.row.merge_commit.length, 0);
	ck_assert_uint_eq(request.review_count, 0);
	end();
}
END_TEST

START_TEST(states_and_merge_commits_are_read)
{
	static const struct {
		const char *body;
		const char *state;
		const char *commit;
	} cases[] = {
		{ MR("closed", "10", ",\"merge_commit_sha\":\"" OLD "\""), "closed",
		  "" },
		{ MR("locked", "10", ""), "open", "" },
		{ MR("merged", "10", ",\"merge_commit_sha\":\"" OLD "\""), "merged",
		  OLD },
		{ MR("merged", "10",
		     ",\"merge_commit_sha\":null,\"squash_commit_sha\":\"" OLD "\""),
		  "merged", OLD },
		{ MR("merged", "10", ""), "merged", SHA },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, REQUEST, 200, cases[i].body);
		scene_always(&scene, APPROVED, 200, NO_APPROVAL);
		must_ask();
		ck_assert_str_eq(request.row.state, cases[i].state);
		ck_assert_str_eq(oid_text(&request.row.merge_commit), cases[i].commit);
	}
	end();
}
END_TEST

START_TEST(forks_never_bear_the_projects_name)
{
	static const struct {
		const char *source;
		int status;
		const char *name;
	} cases[] = { { "99", 200, "mallory/shop" },
		      { "99", 404, "project 99" },
		      { "99", 403, "project 99" },
		      { "null", 200, "" } };
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, REQUEST, 200,
			     cases[i].source[0] == 'n' ? MR("opened", "null", "")
						       : MR("opened", "99", ""));
		scene_always(&scene, "GET /projects/99", cases[i].status,
			     "{\"path_with_namespace\":\"mallory/shop\"}");
		scene_always(&scene, APPROVED, 200, NO_APPROVAL);
		must_ask();
		ck_assert_str_eq(request.row.head_repository, cases[i].name);
	}
	end();
}
END_TEST

START_TEST(base_is_the_branchs_tip_while_there_is_no_diff)
{
	begin();
	scene_always(&scene, REQUEST, 200,
		     "{\"iid\":8,\"state\":\"opened\",\"sha\":\"" SHA
		     "\",\"source_branch\":\"topic\",\"target_branch\":\"feature/x\","
		     "\"source_project_id\":10,\"target_project_id\":10,"
		     "\"diff_refs\":null}");
	scene_always(&scene, "GET " PROJECT "/repository/branches/feature%2Fx", 200,
		     "{\"commit\":{\"id\":\"" BASE "\"}}");
	scene_always(&scene, APPROVED, 200, NO_APPROVAL);
	must_ask();
	ck_assert_str_eq(oid_text(&request.row.base), BASE);
	end();
}
END_TEST

#define APPROVALS(when)                                                                \
	"{\"approved\":true,\"approved_by\":[{\"user\":{\"username\":\"bob\"}" when    \
	"}]}"

START_TEST(commit_of_an_approval_is_only_said_when_it_is_known)
{
	static const char versions[] =
		"[{\"head_commit_sha\":\"" SHA "\",\"created_at\":\"2026-11-21T10:00:"
		"00.000Z\"},"
		"{\"head_commit_sha\":\"" OLD "\",\"created_at\":\"2026-11-21T09:00:00."
		"000Z\"}]";
	static const struct {
		int settings;
		const char *settings_body;
		const char *approvals;
		const char *commit;
	} cases[] = {
		{ 404, "{}", APPROVALS(""), "" },
		{ 200, "{\"reset_approvals_on_push\":false}", APPROVALS(""), "" },
		{ 200, "{\"reset_approvals_on_push\":true}", APPROVALS(""), SHA },
		{ 404, "{}", APPROVALS(",\"approved_at\":\"2026-11-21T09:30:00.000Z\""),
		  OLD },
		{ 404, "{}", APPROVALS(",\"approved_at\":\"2026-11-21T10:30:00.000Z\""),
		  SHA },
		{ 404, "{}", APPROVALS(",\"approved_at\":\"2026-11-21T08:30:00.000Z\""),
		  "" },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scene_reset(&scene);
		scene_always(&scene, REQUEST, 200, MR("opened", "10", ""));
		scene_always(&scene, APPROVED, 200, cases[i].approvals);
		scene_always(&scene, SETTINGS, cases[i].settings,
			     cases[i].settings_body);
		scene_always(&scene, VERSIONS, 200, versions);
		must_ask();
		ck_assert_uint_eq(request.review_count, 1);
		ck_assert_str_eq(request.reviews[0].reviewer, "bob");
		ck_assert_str_eq(request.reviews[0].state, "approved");
		ck_assert_str_eq(oid_text(&request.reviews[0].commit), cases[i].commit);
	}
	end();
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	static const char *const bodies[] = {
		"[]",
		"{\"iid\":8}",
		"{\"iid\":9,\"state\":\"opened\",\"sha\":\"" SHA "\",\"source_branch\":"
		"\"a\",\"target_"
		"branch\":\"b\","
		"\"target_project_id\":1}",
		"{\"iid\":8,\"state\":\"opened\",\"sha\":\"a7e1c0c\","
		"\"source_branch\":\"a\",\"target_branch\":\"b\","
		"\"target_project_id\":1}",
		"nonsense",
	};
	begin();
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		scene_reset(&scene);
		scene_always(&scene, REQUEST, 200, bodies[i]);
		scene_always(&scene, APPROVED, 200, NO_APPROVAL);
		ck_assert_int_eq(ask(), ERROR_FORGE);
	}
	end();
}
END_TEST

START_TEST(lists_are_read_whole)
{
	char link[200];
	struct forge_merge_request *all = NULL;
	size_t count = 0;
	begin();
	scene_always(&scene, REQUEST, 200, MR("opened", "10", ""));
	scene_always(&scene, APPROVED, 200, NO_APPROVAL);
	snprintf(link, sizeof(link), "Link: <%s/more?page=2>; rel=\"next\"\r\n",
		 scene.base);
	scene_headers(&scene,
		      "GET " PROJECT "/merge_requests?state=opened&per_page=100", 200,
		      link, "[]");
	scene_always(&scene, "GET /more?page=2", 200,
		     "[{\"iid\":8,\"state\":\"opened\"}]");
	scene_always(&scene,
		     "GET " PROJECT "/repository/commits/" SHA "/merge_requests?per_"
		     "page=100",
		     200,
		     "[{\"iid\":7,\"state\":\"closed\"},{\"iid\":8,\"state\":"
		     "\"merged\"}]");
	ck_assert_int_eq(forge_open_merge_requests(forge, NAME, arena, &all, &count,
						   &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(forge_commit_merge_requests(forge, NAME, &item.commit, arena,
						     &all, &count, &retry_at, &err),
			 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(scene_strangers(&scene), 0);
	end();
}
END_TEST

/* Every merge request of the shared data. */
START_TEST(real_merge_requests_are_read)
{
	static const struct {
		const char *file;
		const char *name;
		unsigned int number;
		const char *state;
		const char *author;
	} cases[] = {
		{ "pull-request.json", "lukemassa/atlantis-test", 8, "closed",
		  "lukemassa" },
		{ "pipeline-remaining-approvals.json", "lkysow/atlantis-example", 13,
		  "open", "lkysow" },
		{ "pipeline-success.json", "lkysow/atlantis-example", 13, "open",
		  "lkysow" },
		{ "pipeline-work-in-progress.json", "lkysow/atlantis-example", 13,
		  "open", "lkysow" },
		{ "merge-success.json", "lkysow/atlantis-example", 13, "merged",
		  "lkysow" },
	};
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char what[128];
		char line[256];
		snprintf(what, sizeof(what), "atlantis-gitlab/%s", cases[i].file);
		char *body = scene_shared(&scene, what);
		if (!body)
			continue;
		const char *slash = strchr(cases[i].name, '/');
		scene_reset(&scene);
		snprintf(line, sizeof(line),
			 "GET /projects/%.*s%%2F%s/merge_requests/%u",
			 (int)(slash - cases[i].name), cases[i].name, slash + 1,
			 cases[i].number);
		scene_always(&scene, line, 200, body);
		strncat(line, "/approvals", sizeof(line) - strlen(line) - 1);
		scene_always(&scene, line, 200, NO_APPROVAL);
		snprintf(line, sizeof(line),
			 "GET /projects/%.*s%%2F%s/repository/branches/patch-1",
			 (int)(slash - cases[i].name), cases[i].name, slash + 1);
		scene_always(&scene, line, 200, "{\"commit\":{\"id\":\"" BASE "\"}}");
		err = (struct error)ERROR_INIT;
		int rc = forge_merge_request(forge, cases[i].name, cases[i].number,
					     arena, &request, &retry_at, &err);
		ck_assert_msg(rc == 0, "%s: %s", cases[i].file, err.text);
		ck_assert_msg(strcmp(request.row.state, cases[i].state) == 0, "%s: %s",
			      cases[i].file, request.row.state);
		ck_assert_str_eq(request.row.author, cases[i].author);
		ck_assert_str_eq(request.row.head_repository, cases[i].name);
		ck_assert((request.row.merge_commit.length > 0) ==
			  (strcmp(cases[i].state, "merged") == 0));
	}
	end();
}
END_TEST

UNIT_MAIN("forge/gitlab api", status_is_posted,
	  status_that_stands_there_is_not_posted_again, states_become_those_of_gitlab,
	  same_state_that_is_refused_counts_as_posted, refusals_are_told_apart,
	  note_is_made_found_and_updated, merge_request_is_read,
	  states_and_merge_commits_are_read, forks_never_bear_the_projects_name,
	  base_is_the_branchs_tip_while_there_is_no_diff,
	  commit_of_an_approval_is_only_said_when_it_is_known,
	  what_cannot_be_read_is_an_error, lists_are_read_whole,
	  real_merge_requests_are_read)
