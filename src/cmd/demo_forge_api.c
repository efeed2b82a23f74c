/* cmd/demo_forge_api.c - what the demonstration's forge answers: of Gitea's API what
 * gitgate asks, and a page for people with everything that went in and out. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/demo.h"
#include "cmd/demo_forge_serve.h"
#include "doc/doc.h"

#define API         "/api/v1"
#define REPOSITORY  API "/repos/" DEMO_FORGE_NAME
#define ARENA_BYTES ((size_t)8 << 20)

/* One request while it is answered: `what` stands where the route has its star. */
struct asked {
	struct forge_memory *memory;
	const struct forge_request *request;
	const char *what;
	struct buf *out;
	struct json json;
};

static int problem(struct asked *asked, int status, const char *text)
{
	buf_reset(asked->out);
	json_begin(&asked->json, asked->out);
	json_object(&asked->json);
	json_put_string(&asked->json, "message", text);
	json_object_end(&asked->json);
	return status;
}

static const char *text_of(const struct node *body, const char *key)
{
	const char *text = node_text(node_get(body, key), NULL);

	return text ? text : "";
}

/* The body as an object; arena_free() in every case. */
static const struct node *read_body(const struct asked *asked, struct arena **arena)
{
	struct docs docs = { 0 };
	struct doc_problem why;

	*arena = arena_new(ARENA_BYTES);
	if (!*arena || docs_parse(&docs, *arena, DOC_JSON, asked->request->body,
				  asked->request->length, &limits_default, &why) != 0)
		return NULL;
	return docs.count == 1 ? docs.roots[0] : NULL;
}

static uint64_t number_of(const char *text)
{
	uint64_t number = 0;

	return text_parse_u64(text, &number) == 0 ? number : 0;
}

/* --- statuses --- */

static void write_status(struct json *json, const struct forge_status *status)
{
	json_object(json);
	json_put_unsigned(json, "id", status->id);
	json_put_string(json, "context", status->context);
	json_put_string(json, "status", status->state);
	json_put_string(json, "description", status->description);
	json_put_string(json, "target_url", status->link);
	json_object_end(json);
}

/* The newest first. */
static int list_statuses(struct asked *asked)
{
	const struct forge_memory *memory = asked->memory;

	json_array(&asked->json);
	for (uint64_t i = 0; i < FORGE_STATUSES && i < memory->last_id; i++) {
		const struct forge_status *status =
			&memory->statuses[(memory->last_id - i) % FORGE_STATUSES];
		if (status->id && strcmp(status->commit, asked->what) == 0)
			write_status(&asked->json, status);
	}
	json_array_end(&asked->json);
	return 200;
}

static int take_status(struct asked *asked)
{
	struct forge_memory *memory = asked->memory;
	struct arena *arena;
	const struct node *body = read_body(asked, &arena);
	int result = 422;

	if (body) {
		uint64_t id = ++memory->last_id;
		struct forge_status *status = &memory->statuses[id % FORGE_STATUSES];
		status->id = id;
		snprintf(status->commit, sizeof(status->commit), "%s", asked->what);
		snprintf(status->context, sizeof(status->context), "%s",
			 text_of(body, "context"));
		snprintf(status->state, sizeof(status->state), "%s",
			 text_of(body, "state"));
		snprintf(status->description, sizeof(status->description), "%s",
			 text_of(body, "description"));
		snprintf(status->link, sizeof(status->link), "%s",
			 text_of(body, "target_url"));
		forge_note(memory, clock_now(), "status %s %s %s %s", status->commit,
			   status->context, status->state, status->description);
		write_status(&asked->json, status);
		result = 201;
	}
	arena_free(arena);
	return result == 201 ? result : problem(asked, result, "no status");
}

/* --- merge requests --- */

void forge_write_pull(struct json *json, const struct forge_memory *memory,
		      uint64_t number)
{
	const struct forge_pull *pull = &memory->pulls[number - 1];

	json_object(json);
	json_put_unsigned(json, "number", number);
	json_put_string(json, "state", "open");
	json_put_boolean(json, "merged", false);
	json_put_boolean(json, "draft", false);
	json_put_string(json, "title", "a merge request");
	json_put_time(json, "updated_at", clock_now());
	json_key(json, "user");
	json_object(json);
	json_put_string(json, "login", "alice");
	json_object_end(json);
	json_key(json, "head");
	json_object(json);
	json_put_string(json, "sha", pull->head);
	json_put_string(json, "ref", "a-branch");
	json_key(json, "repo");
	json_object(json);
	json_put_string(json, "full_name", DEMO_FORGE_NAME);
	json_object_end(json);
	json_object_end(json);
	json_key(json, "base");
	json_object(json);
	json_put_string(json, "sha", memory->main);
	json_put_string(json, "ref", "main");
	json_object_end(json);
	json_object_end(json);
}

/* 0: there is no such one. */
static uint64_t pull_asked(const struct asked *asked)
{
	uint64_t number = number_of(asked->what);

	return number <= FORGE_PULLS && number && asked->memory->pulls[number - 1].open
		       ? number
		       : 0;
}

static int list_pulls(struct asked *asked)
{
	json_array(&asked->json);
	for (uint64_t i = 0; i < FORGE_PULLS; i++)
		if (asked->memory->pulls[i].open)
			forge_write_pull(&asked->json, asked->memory, i + 1);
	json_array_end(&asked->json);
	return 200;
}

static int show_pull(struct asked *asked)
{
	uint64_t number = pull_asked(asked);

	if (number)
		forge_write_pull(&asked->json, asked->memory, number);
	return number ? 200 : problem(asked, 404, "no such pull request");
}

static int list_nothing(struct asked *asked)
{
	json_array(&asked->json);
	json_array_end(&asked->json);
	return 200;
}

/* --- comments --- */

static void write_comment(struct json *json, const struct forge_comment *comment)
{
	json_object(json);
	json_put_unsigned(json, "id", comment->id);
	json_put_string(json, "body", comment->body.data);
	json_key(json, "user");
	json_object(json);
	json_put_string(json, "login", "gitgate");
	json_object_end(json);
	json_object_end(json);
}

static int list_comments(struct asked *asked)
{
	uint64_t number = number_of(asked->what);

	json_array(&asked->json);
	for (size_t i = 0; i < FORGE_COMMENTS; i++)
		if (asked->memory->comments[i].id &&
		    asked->memory->comments[i].number == number)
			write_comment(&asked->json, &asked->memory->comments[i]);
	json_array_end(&asked->json);
	return 200;
}

/* The line with a finding, or else the first one with text; without the Markdown that
 * makes it code. */
static void get_gist(const char *body, char out[FORGE_TEXT_BYTES])
{
	const char *place = strstr(body, DEMO_MANIFEST);
	const char *text = place ? place : body + strspn(body, "\n");
	size_t length = 0;

	for (; *text && *text != '\n' && length < FORGE_TEXT_BYTES - 1; text++)
		if (*text != '`')
			out[length++] = *text;
	out[length] = '\0';
}

static int put_comment(struct asked *asked, struct forge_comment *comment, int status)
{
	char text[FORGE_TEXT_BYTES];
	struct arena *arena;
	const struct node *body = read_body(asked, &arena);

	if (body) {
		buf_release(&comment->body);
		buf_init(&comment->body, FORGE_BODY_BYTES);
		buf_add_string(&comment->body, text_of(body, "body"));
		get_gist(comment->body.data, text);
		forge_note(asked->memory, clock_now(), "comment %s %llu %s",
			   asked->memory->pulls[comment->number - 1].head,
			   (unsigned long long)comment->number, text);
		write_comment(&asked->json, comment);
	}
	arena_free(arena);
	return body ? status : problem(asked, 422, "no comment");
}

static int add_comment(struct asked *asked)
{
	struct forge_memory *memory = asked->memory;
	uint64_t number = pull_asked(asked);

	for (size_t i = 0; number && i < FORGE_COMMENTS; i++) {
		struct forge_comment *comment = &memory->comments[i];
		if (comment->id)
			continue;
		comment->id = i + 1;
		comment->number = number;
		int status = put_comment(asked, comment, 201);
		if (status != 201)
			comment->id = 0;
		return status;
	}
	return problem(asked, 404, "no such pull request, or no room");
}

static int change_comment(struct asked *asked)
{
	uint64_t id = number_of(asked->what);

	if (id < 1 || id > FORGE_COMMENTS || !asked->memory->comments[id - 1].id)
		return problem(asked, 404, "no such comment");
	return put_comment(asked, &asked->memory->comments[id - 1], 200);
}

/* --- how it is set up, for `gitgate forge test` --- */

static int show_repository(struct asked *asked)
{
	json_object(&asked->json);
	json_put_string(&asked->json, "full_name", DEMO_FORGE_NAME);
	json_key(&asked->json, "permissions");
	json_object(&asked->json);
	json_put_boolean(&asked->json, "push", true);
	json_put_boolean(&asked->json, "admin", true);
	json_object_end(&asked->json);
	json_object_end(&asked->json);
	return 200;
}

static void put_texts(struct json *json, const char *key, const char *const *texts)
{
	json_key(json, key);
	json_array(json);
	for (; *texts; texts++)
		json_string(json, *texts);
	json_array_end(json);
}

static int list_hooks(struct asked *asked)
{
	static const char *const events[] = { "push", "pull_request", NULL };
	char url[96];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/hooks/" DEMO_FORGE_SOURCE,
		 asked->memory->forge->service_port);
	json_array(&asked->json);
	json_object(&asked->json);
	json_put_unsigned(&asked->json, "id", 1);
	json_put_string(&asked->json, "url", url);
	json_put_boolean(&asked->json, "active", true);
	put_texts(&asked->json, "events", events);
	json_object_end(&asked->json);
	json_array_end(&asked->json);
	return 200;
}

/* Nobody clicked 'Enable status check' here. */
static int list_protections(struct asked *asked)
{
	static const char *const contexts[] = { NULL };

	json_array(&asked->json);
	json_object(&asked->json);
	json_put_string(&asked->json, "rule_name", "main");
	json_put_boolean(&asked->json, "enable_status_check", false);
	put_texts(&asked->json, "status_check_contexts", contexts);
	json_object_end(&asked->json);
	json_array_end(&asked->json);
	return 200;
}

/* --- the rest --- */

static int show_user(struct asked *asked)
{
	json_object(&asked->json);
	json_put_string(&asked->json, "login", "gitgate");
	json_object_end(&asked->json);
	return 200;
}

static int show_page(struct asked *asked)
{
	return buf_read_file(asked->out, asked->memory->forge->journal, NULL) == 0
		       ? 200
		       : 500;
}

/* A star is one component of the path, which must match as a whole. */
static const struct {
	const char *method;
	const char *path;
	int (*answer)(struct asked *asked);
} routes[] = {
	{ "GET", API "/user", show_user },
	{ "GET", REPOSITORY, show_repository },
	{ "GET", REPOSITORY "/hooks", list_hooks },
	{ "GET", REPOSITORY "/branch_protections", list_protections },
	{ "GET", REPOSITORY "/commits/*/statuses", list_statuses },
	{ "POST", REPOSITORY "/statuses/*", take_status },
	{ "GET", REPOSITORY "/pulls", list_pulls },
	{ "GET", REPOSITORY "/pulls/*", show_pull },
	{ "GET", REPOSITORY "/pulls/*/reviews", list_nothing },
	{ "GET", REPOSITORY "/issues/*/comments", list_comments },
	{ "POST", REPOSITORY "/issues/*/comments", add_comment },
	{ "PATCH", REPOSITORY "/issues/comments/*", change_comment },
};

static bool matches(const char *path, const char *route, char what[FORGE_ID_BYTES])
{
	size_t before = strcspn(route, "*");
	const char *after = route[before] ? route + before + 1 : route + before;

	what[0] = '\0';
	if (strncmp(path, route, before) != 0)
		return false;
	path += before;
	size_t length = route[before] ? strcspn(path, "/") : 0;
	if (length >= FORGE_ID_BYTES || strcmp(path + length, after) != 0)
		return false;
	memcpy(what, path, length);
	what[length] = '\0';
	return true;
}

int forge_answer(struct forge_memory *memory, const struct forge_request *request,
		 struct buf *out)
{
	char what[FORGE_ID_BYTES];
	struct asked asked = {
		.memory = memory, .request = request, .what = what, .out = out
	};

	json_begin(&asked.json, out);
	if (strcmp(request->method, "GET") == 0 && strcmp(request->path, "/") == 0)
		return show_page(&asked);
	if (!request->authorized)
		return problem(&asked, 401, "no valid token");
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(request->method, routes[i].method) == 0 &&
		    matches(request->path, routes[i].path, what))
			return routes[i].answer(&asked);
	return problem(&asked, 404, "not found");
}
