/* forge/gitlab_report.c - telling GitLab: commit statuses and the one note of a merge
 * request.
 *
 * A commit status is a small state machine: while it is open, posting its own state is
 * refused ("Cannot transition status"), and once it has ended, posting makes another
 * one. So what stands there is read first where it may be what we say already. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/gitlab.h"
#include "forge/markdown.h"
#include "net/http.h"

/* Description, ref and target_url: at most 255 characters. */
#define FIELD_CHARACTERS  255
#define DESCRIPTION_BYTES 1024

#define RIGHT_API "the scope 'api' and the role Developer"

int gitlab_open(struct forge *forge, const struct msg_forge_session *session,
		struct error *err)
{
	const char *header = NULL;
	if (session->token && session->token[0] != '\0') {
		header =
			arena_printf(forge->arena, "PRIVATE-TOKEN: %s", session->token);
		if (!header)
			return error_set(err, ERROR_MEMORY,
					 "out of memory for a session");
	}
	bool own = session->api && session->api[0] != '\0';
	bool private_authority = session->authorities && session->authorities[0];
	struct http_options options = {
		.base = own ? session->api : forge_api(forge->driver->kind),
		.header = header,
		.authorities = private_authority ? session->authorities : NULL,
		.timeout = session->timeout,
	};
	forge->budget.remaining = -1;
	return http_client_new(&forge->http, &options, err);
}

/* --- statuses --- */

struct status {
	const char *state;
	const char *description;
	const char *ref; /* "" : not said */
	const char *link;
};

static const char *state_of(enum call_state state)
{
	switch (state) {
	case CALL_PENDING:
		return "pending";
	case CALL_RUNNING:
		return "running";
	case CALL_SUCCESS:
		return "success";
	case CALL_CANCELLED:
		return "canceled";
	case CALL_SKIPPED:
		return "skipped";
	case CALL_STATE_UNKNOWN:
	case CALL_FAILURE:
	case CALL_ERROR:
		break;
	}
	return "failed";
}

/* A branch or tag as GitLab names it; "" for other refs. */
static const char *short_ref(const char *ref)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/" };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (text_starts_with(ref, prefixes[i]) &&
		    strlen(ref + strlen(prefixes[i])) <= FIELD_CHARACTERS)
			return ref + strlen(prefixes[i]);
	return "";
}

static int make_status(const struct msg_report_item *item, struct arena *arena,
		       struct status *out, struct error *err)
{
	char safe[DESCRIPTION_BYTES];
	text_escape_into(safe, sizeof(safe), item->description,
			 strlen(item->description));
	*out = (struct status){
		.state = state_of(call_state_by_name(item->state)),
		.description = call_cut(arena, safe, FIELD_CHARACTERS),
		.ref = short_ref(item->ref),
		.link = strlen(item->link) <= FIELD_CHARACTERS ? item->link : "",
	};
	return out->description
		       ? 0
		       : error_set(err, ERROR_MEMORY, "out of memory for a status");
}

/* The newest of the context, of our ref where that is said. */
static bool is_status(struct call_fields *fields, const struct msg_report_item *item,
		      const struct status *status)
{
	return strcmp(call_text(fields, "name", CALL_OPTIONAL), item->context) == 0 &&
	       (status->ref[0] == '\0' ||
		strcmp(call_text(fields, "ref", CALL_OPTIONAL), status->ref) == 0);
}

/* What stands there: *id "" for nothing; *same: it says what we say, at least its state
 * (`state_only`). */
static int find_status(struct forge *forge, const struct msg_report_item *item,
		       const struct status *status, bool state_only,
		       struct arena *arena, const char **id, bool *same,
		       int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	*id = "";
	*same = false;
	int rc = forge_get(forge,
			   call_target(arena,
				       "/projects/{}/repository/commits/{}/statuses"
				       "?name={}&per_page=" GITLAB_PAGE_SIZE,
				       item->name, oid_text(&item->commit),
				       item->context),
			   RIGHT_API, arena, &reply, retry_at, err);
	if (rc)
		return rc;
	uint64_t newest = 0;
	for (size_t i = 0;
	     node_kind(reply.body) == NODE_SEQUENCE && i < node_count(reply.body);
	     i++) {
		struct call_fields fields;
		call_fields_begin(&fields, arena, node_item(reply.body, i), "a status");
		uint64_t number = call_number(&fields, "id", CALL_NEEDED);
		if (number >= newest && is_status(&fields, item, status)) {
			newest = number;
			*id = call_text(&fields, "id", CALL_NEEDED);
			*same = strcmp(call_text(&fields, "status", CALL_NEEDED),
				       status->state) == 0 &&
				(state_only || strcmp(call_text(&fields, "description",
								CALL_OPTIONAL),
						      status->description) == 0);
		}
		rc = call_fields_status(&fields, err);
		if (rc)
			return rc;
	}
	return 0;
}

static void write_status(struct buf *out, const struct msg_report_item *item,
			 const struct status *status)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "state", status->state);
	json_put_string(&json, "name", item->context);
	json_put_string(&json, "description", status->description);
	if (status->ref[0])
		json_put_string(&json, "ref", status->ref);
	if (status->link[0])
		json_put_string(&json, "target_url", status->link);
	json_object_end(&json);
}

static int post_status(struct forge *forge, const struct msg_report_item *item,
		       const struct status *status, struct arena *arena,
		       const char **id, int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	write_status(&body, item, status);
	struct call call = {
		.method = "POST",
		.target = call_target(arena, "/projects/{}/statuses/{}", item->name,
				      oid_text(&item->commit)),
		.body = &body,
		.right = RIGHT_API,
		.conflict_passes = true, /* another update of the commit goes on */
	};
	int rc = forge_call_made(forge, &call, arena, id, retry_at, err);
	buf_release(&body);
	return rc;
}

/* Refused as "Cannot transition": good when the state is there already. */
static int look_again(struct forge *forge, const struct msg_report_item *item,
		      const struct status *status, struct arena *arena, const char **id,
		      const struct error *refused, int64_t *retry_at, struct error *err)
{
	bool same = false;
	if (refused->code != ERROR_FORGE_REFUSED || !strstr(refused->text, "Cannot "
									   "transitio"
									   "n"))
		return error_set(err, refused->code, "%s", refused->text);
	int rc =
		find_status(forge, item, status, true, arena, id, &same, retry_at, err);
	if (!rc && !same)
		rc = error_set(err, refused->code, "%s", refused->text);
	return rc;
}

int gitlab_status(struct forge *forge, const struct msg_report_item *item,
		  const struct msg_finding_row *findings, size_t finding_count,
		  struct arena *arena, const char **forge_ref, int64_t *retry_at,
		  struct error *err)
{
	struct status status;
	struct error refused = ERROR_INIT;
	const char *id = "";
	bool same = false;
	(void)findings;
	(void)finding_count;
	int rc = make_status(item, arena, &status, err);
	bool open = strcmp(status.state, "pending") == 0 ||
		    strcmp(status.state, "running") == 0;
	if (!rc && (item->forge_ref[0] == '\0' || !open))
		rc = find_status(forge, item, &status, false, arena, &id, &same,
				 retry_at, err);
	if (rc)
		return rc;
	if (!same &&
	    post_status(forge, item, &status, arena, &id, retry_at, &refused) != 0)
		rc = look_again(forge, item, &status, arena, &id, &refused, retry_at,
				err);
	if (!rc)
		*forge_ref = id;
	return rc;
}

/* --- the note --- */

struct note_search {
	struct arena *arena;
	const char *login;
	const char *body;
	const char *id; /* NULL: not found yet */
	bool same;      /* it says what we say */
};

static int look_at_note(struct note_search *search, const struct node *note,
			struct error *err)
{
	struct call_fields fields;
	size_t length = 0;
	const struct node *body = call_child(note, "body");
	const char *text =
		node_kind(body) == NODE_STRING ? node_text(body, &length) : "";
	call_fields_begin(&fields, search->arena, note, "a note");
	const char *login = call_text(&fields, "author.username", CALL_OPTIONAL);
	if (text_starts_with(text, MARKDOWN_MARKER) &&
	    strcasecmp(login, search->login) == 0) {
		search->id = call_text(&fields, "id", CALL_NEEDED);
		search->same = length == strlen(search->body) &&
			       strcmp(text, search->body) == 0;
	}
	return call_fields_status(&fields, err);
}

static int take_notes(void *data, const struct call_reply *page,
		      char next[CALL_TARGET_BYTES], struct error *err)
{
	struct note_search *search = data;
	if (node_kind(page->body) != NODE_SEQUENCE)
		return error_set(err, ERROR_FORGE, "the forge's list of notes is none");
	for (size_t i = 0; !search->id && i < node_count(page->body); i++) {
		int rc = look_at_note(search, node_item(page->body, i), err);
		if (rc)
			return rc;
	}
	if (search->id)
		next[0] = '\0';
	return 0;
}

static int own_login(struct forge *forge, struct arena *arena, const char **out,
		     int64_t *retry_at, struct error *err)
{
	struct call_reply reply;
	struct call_fields fields;
	int rc = forge_get(forge, "/user", RIGHT_API, arena, &reply, retry_at, err);
	if (rc)
		return rc;
	call_fields_begin(&fields, arena, reply.body, "the token's user");
	const char *login = call_text(&fields, "username", CALL_NEEDED);
	rc = call_fields_status(&fields, err);
	if (!rc)
		*out = login;
	return rc;
}

/* A merge request with more notes than are read gets one more. */
static int find_note(struct forge *forge, const struct msg_report_item *item,
		     struct note_search *search, int64_t *retry_at, struct error *err)
{
	struct error cause = ERROR_INIT;
	int rc = own_login(forge, search->arena, &search->login, retry_at, err);
	if (rc)
		return rc;
	rc = forge_call_pages(forge,
			      call_target(search->arena,
					  "/projects/{}/merge_requests/{#}/notes"
					  "?sort=asc&order_by=created_at"
					  "&per_page=" GITLAB_PAGE_SIZE,
					  item->name, item->number),
			      RIGHT_API, take_notes, search, retry_at, &cause);
	if (rc && rc != ERROR_LIMIT)
		return error_set(err, rc, "%s", cause.text);
	return 0;
}

/* POST for a new one (`id` NULL), PUT otherwise. */
static int send_note(struct forge *forge, const struct msg_report_item *item,
		     const char *id, const char *text, struct arena *arena,
		     const char **out, int64_t *retry_at, struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	struct json json;
	json_begin(&json, &body);
	json_object(&json);
	json_put_string(&json, "body", text);
	json_object_end(&json);
	struct call call = {
		.method = id ? "PUT" : "POST",
		.target =
			id ? call_target(arena,
					 "/projects/{}/merge_requests/{#}/notes/{}",
					 item->name, item->number, id)
			   : call_target(arena, "/projects/{}/merge_requests/{#}/notes",
					 item->name, item->number),
		.body = &body,
		.right = RIGHT_API,
	};
	int rc = forge_call_made(forge, &call, arena, out, retry_at, err);
	buf_release(&body);
	return rc;
}

int gitlab_comment(struct forge *forge, const struct msg_report_item *item,
		   const char *body, struct arena *arena, const char **forge_ref,
		   int64_t *retry_at, struct error *err)
{
	struct note_search search = { .arena = arena, .body = body };
	struct error gone = ERROR_INIT;
	int rc;
	if (item->forge_ref[0] != '\0') {
		rc = send_note(forge, item, item->forge_ref, body, arena, forge_ref,
			       retry_at, &gone);
		if (rc != ERROR_NOT_FOUND) /* otherwise somebody deleted it */
			return rc ? error_set(err, rc, "%s", gone.text) : 0;
	}
	rc = find_note(forge, item, &search, retry_at, err);
	if (rc)
		return rc;
	if (search.id && search.same) {
		*forge_ref = search.id;
		return 0;
	}
	return send_note(forge, item, search.id, body, arena, forge_ref, retry_at, err);
}
