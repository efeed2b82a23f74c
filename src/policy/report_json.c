/* policy/report_json.c - findings as JSON; its keys stay. */
#include "policy/report.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/oid.h"
#include "base/text.h"
#include "model/change.h"
#include "model/finding.h"

/* Text that was not escaped yet. */
static void put_escaped(struct json *json, const char *key, const char *text)
{
	struct buf escaped;
	if (text == NULL) {
		json_put_string(json, key, NULL);
		return;
	}
	buf_init(&escaped, json->out->maximum);
	text_escape_string(&escaped, text);
	if (escaped.failed != 0 && json->out->failed == 0)
		json->out->failed = escaped.failed;
	json_put_string(json, key, escaped.data);
	buf_release(&escaped);
}

static void put_oid(struct json *json, const char *key, const struct oid *oid)
{
	json_put_string(json, key, oid_is_null(oid) ? NULL : oid_text(oid));
}

static void put_position(struct json *json, const char *key, uint32_t number)
{
	json_key(json, key);
	if (number == 0)
		json_null(json);
	else
		json_unsigned(json, number);
}

static void put_change(struct json *json, const struct change *change)
{
	static const struct change none;
	const struct change *from = change != NULL ? change : &none;
	put_escaped(json, "repository", from->repository);
	put_escaped(json, "ref", from->ref);
	json_put_string(json, "change",
			change != NULL ? change_kind_name(change_kind(change)) : NULL);
	put_oid(json, "old", &from->old_id);
	put_oid(json, "new", &from->new_id);
	put_escaped(json, "pusher", from->pusher);
	json_put_time(json, "received_at", from->received_at);
}

static void put_waiver(struct json *json, const struct finding_waiver *waiver)
{
	json_key(json, "waived");
	json_object(json);
	put_escaped(json, "by", waiver->by);
	json_put_time(json, "until", waiver->until);
	put_escaped(json, "reason", waiver->reason);
	put_oid(json, "waiver", &waiver->id);
	json_object_end(json);
}

static void put_finding(struct json *json, const struct finding *finding)
{
	json_object(json);
	json_put_string(json, "severity", severity_name(finding->severity));
	json_put_string(json, "code", error_name(finding->code));
	put_escaped(json, "rule", finding->rule);
	put_escaped(json, "kind", finding->kind);
	put_escaped(json, "message", finding->message);
	put_escaped(json, "mend", finding->mend);
	put_oid(json, "commit", &finding->commit);
	put_escaped(json, "path", finding->path);
	put_position(json, "line", finding->line);
	put_position(json, "column", finding->column);
	if (finding->waiver != NULL)
		put_waiver(json, finding->waiver);
	json_object_end(json);
}

/* Only documents that were not judged are listed: the rest is in the findings. */
static void put_files(struct json *json, const struct report_files *files)
{
	json_key(json, "files");
	json_object(json);
	json_put_unsigned(json, "files", files->count);
	json_put_unsigned(json, "documents", files->documents);
	json_put_unsigned(json, "valid", files->valid);
	json_put_unsigned(json, "invalid", files->invalid);
	json_put_unsigned(json, "skipped", files->skipped);
	json_put_unsigned(json, "templates", files->templates);
	json_put_unsigned(json, "without_schema", files->without_schema);
	json_put_unsigned(json, "others", files->others);
	json_put_unsigned(json, "links", files->links);
	json_put_unsigned(json, "ignored", files->ignored);
	json_key(json, "skipped_files");
	json_array(json);
	for (size_t i = 0; i < files->count; i++) {
		const struct report_file *file = &files->files[i];
		if (file->skipped == NULL)
			continue;
		json_object(json);
		put_escaped(json, "path", file->path);
		json_put_string(json, "reason", file->skipped);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void put_item(struct json *json, const struct report_item *item)
{
	const struct verdict *verdict = item->verdict;
	char policy[DIGEST_HEX_BYTES];
	digest_hex(&verdict->policy, policy);
	json_object(json);
	put_change(json, item->change);
	json_put_string(json, "result", verdict_name(verdict->result));
	json_put_string(json, "policy",
			digest_is_none(&verdict->policy) ? NULL : policy);
	json_put_unsigned(json, "errors", verdict->errors);
	json_put_unsigned(json, "warnings", verdict->warnings);
	json_put_unsigned(json, "waived", verdict->waived);
	json_put_unsigned(json, "dropped", verdict->dropped);
	json_key(json, "findings");
	json_array(json);
	for (size_t i = 0; i < verdict->count; i++)
		put_finding(json, &verdict->findings[i]);
	json_array_end(json);
	if (item->files != NULL)
		put_files(json, item->files);
	json_object_end(json);
}

/* The worst of all: one that is unknown makes the whole unknown. */
static enum verdict_result overall(const struct report_item *items, size_t count)
{
	enum verdict_result result = VERDICT_PASS;
	for (size_t i = 0; i < count; i++) {
		switch (items[i].verdict->result) {
		case VERDICT_UNKNOWN:
			return VERDICT_UNKNOWN;
		case VERDICT_FAIL:
			result = VERDICT_FAIL;
			break;
		case VERDICT_PASS:
			break;
		}
	}
	return result;
}

void report_json(struct buf *out, const struct report_item *items, size_t count)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "result", verdict_name(overall(items, count)));
	json_key(&json, "changes");
	json_array(&json);
	for (size_t i = 0; i < count; i++)
		put_item(&json, &items[i]);
	json_array_end(&json);
	json_object_end(&json);
	buf_add_byte(out, '\n');
}
