/* forge/github_checks.c - telling GitHub as an App: a check run of each context, with
 * the findings as annotations.
 *
 * A check run is made once and brought up to date until it is completed; then it stays,
 * and a new verdict makes a new one (the newest of a name counts). Annotations are only
 * ever appended, 50 at a time; so the run is completed by the call that brings the last
 * ones, and what a lost reply left behind is read from the run itself: external_id says
 * which report it holds, annotations_count how far that came. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "doc/doc.h"
#include "forge/github.h"
#include "forge/markdown.h"

/* GitHub's own maxima: 50 annotations a call, 65535 characters of summary, 255 of an
 * annotation's title, 64 KB of its message. */
#define ANNOTATIONS_A_CALL 50
#define SUMMARY_BYTES      65535
#define TITLE_BYTES        (255 + 1)
#define MESSAGE_BYTES      4096
/* Ours: six calls. The summary holds the rest. */
#define ANNOTATIONS 300

#define RIGHT_CHECKS "'Checks: write' of the App"

/* What GitHub has. */
struct run {
	const char *id; /* "": none that can be used */
	const char *external_id;
	bool completed;
	uint64_t annotations;
};

/* What shall be there. */
struct check {
	struct forge *forge;
	const struct msg_report_item *item;
	const struct msg_finding_row **notes; /* findings that become annotations */
	size_t note_count;
	const char *status;
	const char *conclusion; /* NULL: not completed */
	const char *summary;
	char title[TITLE_BYTES];
	char external_id[96];
	struct arena *arena;
	int64_t *retry_at;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for a check run");
}

static const char *conclusion_of(enum call_state state)
{
	switch (state) {
	case CALL_PENDING:
	case CALL_RUNNING:
		return NULL;
	case CALL_SUCCESS:
		return "success";
	case CALL_CANCELLED:
		return "cancelled";
	case CALL_SKIPPED:
		return "skipped";
	case CALL_STATE_UNKNOWN:
	case CALL_ERROR:
	case CALL_FAILURE:
		break;
	}
	return "failure";
}

/* --- what shall be there --- */

static int choose_notes(struct check *check, const struct msg_finding_row *findings,
			size_t count, struct error *err)
{
	size_t most = count < ANNOTATIONS ? count : ANNOTATIONS;
	check->notes = arena_array(check->arena, most + 1, sizeof(*check->notes));
	if (!check->notes)
		return no_memory(err);
	for (size_t i = 0; i < count && check->note_count < most; i++)
		if (findings[i].path && findings[i].path[0] != '\0' &&
		    findings[i].line > 0)
			check->notes[check->note_count++] = &findings[i];
	return 0;
}

static int make_summary(struct check *check, const struct msg_finding_row *findings,
			size_t count, struct error *err)
{
	struct buf text = BUF_INIT(SUMMARY_BYTES);
	int rc = markdown_comment(check->item, findings, count, SUMMARY_BYTES, &text,
				  err);
	if (!rc) {
		check->summary =
			arena_string(check->arena, markdown_without_marker(text.data));
		rc = check->summary ? 0 : no_memory(err);
	}
	buf_release(&text);
	return rc;
}

static int make_check(struct check *check, const struct msg_finding_row *findings,
		      size_t count, struct error *err)
{
	const struct msg_report_item *item = check->item;
	const char *title = item->description[0] ? item->description : item->context;
	enum call_state state = call_state_by_name(item->state);
	check->conclusion = conclusion_of(state);
	check->status = check->conclusion       ? "completed"
			: state == CALL_RUNNING ? "in_progress"
						: "queued";
	text_escape_into(check->title, sizeof(check->title), title, strlen(title));
	snprintf(check->external_id, sizeof(check->external_id),
		 "gitgate-%" PRIu64 "-%" PRId64 "-%.16s", item->id, item->created_at,
		 item->state);
	int rc = make_summary(check, findings, count, err);
	if (!rc && check->conclusion)
		rc = choose_notes(check, findings, count, err);
	return rc;
}

/* --- what GitHub has --- */

static int read_run(struct check *check, const struct node *node, struct run *out,
		    struct error *err)
{
	struct call_fields fields;
	struct oid commit;
	call_fields_begin(&fields, check->arena, node, "the check run");
	const char *id = call_text(&fields, "id", CALL_NEEDED);
	const char *name = call_text(&fields, "name", CALL_NEEDED);
	const char *status = call_text(&fields, "status", CALL_NEEDED);
	uint64_t app = call_number(&fields, "app.id", CALL_OPTIONAL);
	call_oid(&fields, "head_sha", CALL_NEEDED, &commit);
	struct run run = {
		.id = id,
		.external_id = call_text(&fields, "external_id", CALL_OPTIONAL),
		.completed = strcmp(status, "completed") == 0,
		.annotations =
			call_number(&fields, "output.annotations_count", CALL_OPTIONAL),
	};
	int rc = call_fields_status(&fields, err);
	bool ours = (app == 0 || app == check->forge->app_id) &&
		    strcmp(name, check->item->context) == 0 &&
		    oid_equal(&commit, &check->item->commit);
	if (!rc && ours)
		*out = run;
	return rc;
}

/* By the id that we know; none when it is gone. */
static int get_run(struct check *check, struct run *out, struct error *err)
{
	struct call_reply reply;
	struct error cause = ERROR_INIT;
	int rc = forge_get(check->forge,
			   call_target(check->arena, "/repos/{/}/check-runs/{}",
				       check->item->name, check->item->forge_ref),
			   RIGHT_CHECKS, check->arena, &reply, check->retry_at, &cause);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc)
		return error_set(err, rc, "%s", cause.text);
	return read_run(check, reply.body, out, err);
}

/* By commit and context: the newest of the App. */
static int find_run(struct check *check, struct run *out, struct error *err)
{
	struct call_reply reply;
	int rc =
		forge_get(check->forge,
			  call_target(check->arena,
				      "/repos/{/}/commits/{}/check-runs?check_name={}"
				      "&filter=latest&app_id={#}&per_"
				      "page=" GITHUB_PAGE_SIZE,
				      check->item->name, oid_text(&check->item->commit),
				      check->item->context, check->forge->app_id),
			  RIGHT_CHECKS, check->arena, &reply, check->retry_at, err);
	if (rc)
		return rc;
	const struct node *list = call_child(reply.body, "check_runs");
	for (size_t i = 0; node_kind(list) == NODE_SEQUENCE && i < node_count(list) &&
			   out->id[0] == '\0';
	     i++) {
		rc = read_run(check, node_item(list, i), out, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* --- posting --- */

static void write_note(struct json *json, const struct msg_finding_row *finding)
{
	char text[MESSAGE_BYTES];
	char title[TITLE_BYTES];
	bool warning =
		strcmp(finding->severity ? finding->severity : "", "warning") == 0;
	const char *message = finding->message ? finding->message : "";
	struct buf whole = BUF_INIT(4 * MESSAGE_BYTES);
	bool waived = finding->waived_by && finding->waived_by[0];
	buf_addf(&whole, "%s", message[0] ? message : "refused");
	if (waived)
		buf_addf(&whole, " - waived by '%s': %s", finding->waived_by,
			 finding->waived_reason ? finding->waived_reason : "");
	else if (finding->mend && finding->mend[0])
		buf_addf(&whole, " - mend: %s", finding->mend);
	text_escape_into(text, sizeof(text), whole.data, whole.length);
	buf_release(&whole);
	const char *rule = finding->rule ? finding->rule : "";
	text_escape_into(title, sizeof(title), rule, strlen(rule));
	json_object(json);
	json_put_string(json, "path", finding->path);
	json_put_unsigned(json, "start_line", finding->line);
	json_put_unsigned(json, "end_line", finding->line);
	if (finding->column > 0) {
		json_put_unsigned(json, "start_column", finding->column);
		json_put_unsigned(json, "end_column", finding->column);
	}
	json_put_string(json, "annotation_level",
			waived    ? "notice"
			: warning ? "warning"
				  : "failure");
	json_put_string(json, "message", text);
	if (title[0])
		json_put_string(json, "title", title);
	json_object_end(json);
}

static void write_output(struct json *json, const struct check *check, size_t from,
			 size_t count)
{
	json_key(json, "output");
	json_object(json);
	json_put_string(json, "title", check->title);
	json_put_string(json, "summary", check->summary);
	if (count > 0) {
		json_key(json, "annotations");
		json_array(json);
		for (size_t i = from; i < from + count; i++)
			write_note(json, check->notes[i]);
		json_array_end(json);
	}
	json_object_end(json);
}

static void write_check(struct buf *out, const struct check *check, bool fresh,
			size_t from, size_t count)
{
	struct json json;
	bool last = from + count == check->note_count;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "name", check->item->context);
	if (fresh)
		json_put_string(&json, "head_sha", oid_text(&check->item->commit));
	json_put_string(&json, "external_id", check->external_id);
	if (check->item->link[0])
		json_put_string(&json, "details_url", check->item->link);
	json_put_string(&json, "status", last ? check->status : "in_progress");
	if (last && check->conclusion)
		json_put_string(&json, "conclusion", check->conclusion);
	write_output(&json, check, from, count);
	json_object_end(&json);
}

/* One call: `id` "" makes a run, and is then its id. */
static int post(struct check *check, const char **id, size_t from, size_t count,
		struct error *err)
{
	struct buf body = BUF_INIT(CALL_BODY_BYTES);
	bool fresh = (*id)[0] == '\0';
	struct call_reply reply;
	struct call_fields fields;
	write_check(&body, check, fresh, from, count);
	struct call call = {
		.method = fresh ? "POST" : "PATCH",
		.target = fresh ? call_target(check->arena, "/repos/{/}/check-runs",
					      check->item->name)
				: call_target(check->arena, "/repos/{/}/check-runs/{}",
					      check->item->name, *id),
		.body = &body,
		.right = RIGHT_CHECKS,
	};
	int rc = forge_call(check->forge, &call, check->arena, &reply, check->retry_at,
			    err);
	buf_release(&body);
	if (rc)
		return rc;
	call_fields_begin(&fields, check->arena, reply.body, "the check run");
	const char *made = call_text(&fields, "id", CALL_NEEDED);
	rc = call_fields_status(&fields, err);
	if (!rc)
		*id = made;
	return rc;
}

static int post_all(struct check *check, const char **id, size_t from,
		    struct error *err)
{
	int rc;
	do {
		size_t rest = check->note_count - from;
		size_t count = rest < ANNOTATIONS_A_CALL ? rest : ANNOTATIONS_A_CALL;
		rc = post(check, id, from, count, err);
		from += count;
	} while (!rc && from < check->note_count);
	return rc;
}

/* What to do with the run that is there. */
static int bring_up_to_date(struct check *check, const struct run *run, const char **id,
			    struct error *err)
{
	bool ours = strcmp(run->external_id, check->external_id) == 0;
	size_t from = 0;
	*id = run->id;
	if (ours && (run->completed || !check->conclusion))
		return 0; /* the reply was lost, not the call */
	if (run->completed || (!ours && run->annotations > 0))
		*id = ""; /* it tells of something else, and stays */
	else if (ours)
		from = run->annotations < check->note_count ? run->annotations
							    : check->note_count;
	return post_all(check, id, from, err);
}

int github_check_run(struct forge *forge, const struct msg_report_item *item,
		     const struct msg_finding_row *findings, size_t finding_count,
		     struct arena *arena, const char **forge_ref, int64_t *retry_at,
		     struct error *err)
{
	struct check check = {
		.forge = forge, .item = item, .arena = arena, .retry_at = retry_at
	};
	struct run run = { .id = "", .external_id = "" };
	const char *id = "";
	int rc = make_check(&check, findings, finding_count, err);
	if (!rc && item->forge_ref[0])
		rc = get_run(&check, &run, err);
	if (!rc && run.id[0] == '\0')
		rc = find_run(&check, &run, err);
	if (!rc)
		rc = bring_up_to_date(&check, &run, &id, err);
	if (!rc)
		*forge_ref = id;
	return rc;
}
