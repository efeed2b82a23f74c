/* policy/report_sarif.c - findings as SARIF, for code scanning and editors.
 *
 * Source: OASIS SARIF 2.1.0 (section numbers below). One run; a rule of the policy is a
 * reportingDescriptor, a finding is a result. */
#include "policy/report.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/oid.h"
#include "base/text.h"
#include "model/change.h"
#include "model/finding.h"
#include "model/policy.h"

#define SCHEMA                                                                         \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/"                   \
	"sarif-schema-2.1.0.json"

struct sarif {
	struct json json;
	struct buf scratch; /* text on its way to a string */
	struct map rules;   /* name -> a finding of it, in order of first occurrence */
};

static void fail(struct sarif *sarif, int code)
{
	if (sarif->json.out->failed == 0)
		sarif->json.out->failed = code;
}

static void put_scratch(struct sarif *sarif, const char *key)
{
	if (sarif->scratch.failed != 0)
		fail(sarif, sarif->scratch.failed);
	json_put_string(&sarif->json, key, sarif->scratch.data);
	buf_reset(&sarif->scratch);
}

static void put_text(struct sarif *sarif, const char *key, const char *text)
{
	if (text == NULL)
		return;
	text_escape_string(&sarif->scratch, text);
	put_scratch(sarif, key);
}

/* 3.11.5, 3.11.6: in a message braces stand for placeholders unless doubled, and
 * "[text](target)" is a link: text that others wrote must make neither. */
static void add_message(struct buf *out, const char *text)
{
	struct buf escaped;
	buf_init(&escaped, out->maximum);
	text_escape_string(&escaped, text);
	for (const char *at = escaped.data; *at != '\0'; at++) {
		if (*at == '{' || *at == '}')
			buf_add_byte(out, (unsigned char)*at);
		if (at[0] == ']' && at[1] == '(')
			buf_add_byte(out, '\\');
		buf_add_byte(out, (unsigned char)*at);
	}
	if (escaped.failed != 0 && out->failed == 0)
		out->failed = escaped.failed;
	buf_release(&escaped);
}

/* 3.11: a message object. */
static void put_message(struct sarif *sarif, const char *key, const char *text,
			const char *mend)
{
	json_key(&sarif->json, key);
	json_object(&sarif->json);
	add_message(&sarif->scratch, text);
	if (mend != NULL) {
		buf_add_string(&sarif->scratch, ". Mend: ");
		add_message(&sarif->scratch, mend);
	}
	put_scratch(sarif, "text");
	json_object_end(&sarif->json);
}

/* --- rules --- */

static void collect_rules(struct sarif *sarif, const struct report_item *items,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct verdict *verdict = items[i].verdict;
		for (size_t f = 0; f < verdict->count; f++) {
			struct finding *finding = &verdict->findings[f];
			const char *name = finding->rule;
			if (map_has(&sarif->rules, name, strlen(name)))
				continue;
			if (map_put(&sarif->rules, name, strlen(name), finding) != 0)
				fail(sarif, ERROR_MEMORY);
		}
	}
}

static size_t rule_index(const struct sarif *sarif, const char *name)
{
	const void *first = map_get(&sarif->rules, name, strlen(name));
	size_t i = 0;
	while (i < sarif->rules.count && sarif->rules.entries[i].value != first)
		i++;
	return i;
}

/* What the kind of a rule asks, as the manual says it. */
static const char *rule_help(const char *kind)
{
	for (int i = 0; kind != NULL && i < RULE_KIND_COUNT; i++)
		if (strcmp(rule_kind_rows[i].name, kind) == 0)
			return rule_kind_rows[i].help;
	return "what the gate itself refuses, whatever the rules say";
}

static void put_rules(struct sarif *sarif)
{
	json_key(&sarif->json, "rules");
	json_array(&sarif->json);
	for (size_t i = 0; i < sarif->rules.count; i++) {
		const struct finding *finding = sarif->rules.entries[i].value;
		json_object(&sarif->json);
		put_text(sarif, "id", finding->rule);
		put_message(sarif, "shortDescription", rule_help(finding->kind), NULL);
		json_object_end(&sarif->json);
	}
	json_array_end(&sarif->json);
}

static void put_tool(struct sarif *sarif)
{
	json_key(&sarif->json, "tool");
	json_object(&sarif->json);
	json_key(&sarif->json, "driver");
	json_object(&sarif->json);
	json_put_string(&sarif->json, "name", "gitgate");
	put_rules(sarif);
	json_object_end(&sarif->json);
	json_object_end(&sarif->json);
}

/* --- invocation (3.20) --- */

static void put_notification(struct sarif *sarif, const char *level, const char *text)
{
	json_object(&sarif->json);
	json_put_string(&sarif->json, "level", level);
	put_message(sarif, "message", text, NULL);
	json_object_end(&sarif->json);
}

static void put_invocations(struct sarif *sarif, const struct report_item *items,
			    size_t count)
{
	bool successful = true;
	for (size_t i = 0; i < count; i++)
		if (items[i].verdict->result == VERDICT_UNKNOWN)
			successful = false;
	json_key(&sarif->json, "invocations");
	json_array(&sarif->json);
	json_object(&sarif->json);
	json_put_boolean(&sarif->json, "executionSuccessful", successful);
	json_key(&sarif->json, "toolExecutionNotifications");
	json_array(&sarif->json);
	for (size_t i = 0; i < count; i++) {
		if (items[i].verdict->result == VERDICT_UNKNOWN)
			put_notification(sarif, "error",
					 "a change was left without a verdict, so it "
					 "is refused");
		if (items[i].verdict->dropped > 0)
			put_notification(sarif, "warning",
					 "there are more findings, over the limit "
					 "findings");
	}
	json_array_end(&sarif->json);
	json_object_end(&sarif->json);
	json_array_end(&sarif->json);
}

/* --- results (3.27) --- */

/* 3.4.3: a path is a relative URI, so all but the unreserved characters and '/' are
 * percent-encoded. */
static void put_uri(struct sarif *sarif, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
				    "yz0123456789-._~/";
	for (const char *at = path; *at != '\0'; at++) {
		if (strchr(plain, *at) != NULL)
			buf_add_byte(&sarif->scratch, (unsigned char)*at);
		else
			buf_addf(&sarif->scratch, "%%%02X", (unsigned char)*at);
	}
	put_scratch(sarif, "uri");
}

static void put_physical(struct sarif *sarif, const struct finding *finding)
{
	json_key(&sarif->json, "physicalLocation");
	json_object(&sarif->json);
	json_key(&sarif->json, "artifactLocation");
	json_object(&sarif->json);
	put_uri(sarif, finding->path);
	json_object_end(&sarif->json);
	if (finding->line > 0) {
		json_key(&sarif->json, "region");
		json_object(&sarif->json);
		json_put_unsigned(&sarif->json, "startLine", finding->line);
		if (finding->column > 0)
			json_put_unsigned(&sarif->json, "startColumn", finding->column);
		json_object_end(&sarif->json);
	}
	json_object_end(&sarif->json);
}

/* 3.33: what has no file is named by ref and commit. */
static void put_logical(struct sarif *sarif, const struct change *change,
			const struct finding *finding)
{
	json_key(&sarif->json, "logicalLocations");
	json_array(&sarif->json);
	json_object(&sarif->json);
	text_escape_string(&sarif->scratch, change != NULL ? change->ref : "files");
	if (finding->commit.length > 0)
		buf_addf(&sarif->scratch, "@%s", oid_text(&finding->commit));
	put_scratch(sarif, "fullyQualifiedName");
	json_object_end(&sarif->json);
	json_array_end(&sarif->json);
}

static void put_locations(struct sarif *sarif, const struct change *change,
			  const struct finding *finding)
{
	json_key(&sarif->json, "locations");
	json_array(&sarif->json);
	json_object(&sarif->json);
	if (finding->path != NULL)
		put_physical(sarif, finding);
	put_logical(sarif, change, finding);
	json_object_end(&sarif->json);
	json_array_end(&sarif->json);
}

static void hash_string(struct hasher *hasher, const char *string)
{
	if (string == NULL)
		string = "";
	hasher_add_field(hasher, string, strlen(string));
}

/* 3.27.17: the same finding in another run has the same fingerprint: neither its line
 * nor the ids of the change are in it. */
static void put_fingerprint(struct sarif *sarif, const struct change *change,
			    const struct finding *finding)
{
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	struct hasher *hasher = hasher_new();
	if (hasher == NULL) {
		fail(sarif, ERROR_MEMORY);
		return;
	}
	hash_string(hasher, finding->rule);
	hash_string(hasher, error_name(finding->code));
	hash_string(hasher, change != NULL ? change->ref : NULL);
	hash_string(hasher, finding->path != NULL ? NULL : oid_text(&finding->commit));
	hash_string(hasher, finding->path);
	hash_string(hasher, finding->message);
	if (hasher_finish(hasher, &digest) != 0) {
		fail(sarif, ERROR_MEMORY);
		return;
	}
	digest_hex(&digest, hex);
	json_key(&sarif->json, "partialFingerprints");
	json_object(&sarif->json);
	json_put_string(&sarif->json, "gitgate/v1", hex);
	json_object_end(&sarif->json);
}

static void put_properties(struct sarif *sarif, const struct change *change,
			   const struct finding *finding)
{
	json_key(&sarif->json, "properties");
	json_object(&sarif->json);
	json_put_string(&sarif->json, "code", error_name(finding->code));
	put_text(sarif, "kind", finding->kind);
	put_text(sarif, "mend", finding->mend);
	if (finding->commit.length > 0)
		json_put_string(&sarif->json, "commit", oid_text(&finding->commit));
	if (change != NULL)
		put_text(sarif, "ref", change->ref);
	json_object_end(&sarif->json);
}

/* 3.27.23, 3.35: accepted by somebody, outside of the code. */
static void put_suppressions(struct sarif *sarif, const struct finding_waiver *waiver)
{
	char until[CLOCK_TEXT_BYTES];
	clock_format(waiver->until, 0, until);
	json_key(&sarif->json, "suppressions");
	json_array(&sarif->json);
	json_object(&sarif->json);
	json_put_string(&sarif->json, "kind", "external");
	json_put_string(&sarif->json, "status", "accepted");
	buf_add_string(&sarif->scratch, "waived by '");
	text_escape_string(&sarif->scratch, waiver->by);
	buf_addf(&sarif->scratch, "' until %s (%s): ", until, oid_text(&waiver->id));
	text_escape_string(&sarif->scratch, waiver->reason);
	put_scratch(sarif, "justification");
	json_object_end(&sarif->json);
	json_array_end(&sarif->json);
}

static void put_result(struct sarif *sarif, const struct change *change,
		       const struct finding *finding)
{
	json_object(&sarif->json);
	put_text(sarif, "ruleId", finding->rule);
	json_put_unsigned(&sarif->json, "ruleIndex", rule_index(sarif, finding->rule));
	json_put_string(&sarif->json, "level", severity_name(finding->severity));
	put_message(sarif, "message", finding->message, finding->mend);
	put_locations(sarif, change, finding);
	put_fingerprint(sarif, change, finding);
	if (finding->waiver != NULL)
		put_suppressions(sarif, finding->waiver);
	put_properties(sarif, change, finding);
	json_object_end(&sarif->json);
}

static void put_results(struct sarif *sarif, const struct report_item *items,
			size_t count)
{
	json_key(&sarif->json, "results");
	json_array(&sarif->json);
	for (size_t i = 0; i < count; i++)
		for (size_t f = 0; f < items[i].verdict->count; f++)
			put_result(sarif, items[i].change,
				   &items[i].verdict->findings[f]);
	json_array_end(&sarif->json);
}

void report_sarif(struct buf *out, const struct report_item *items, size_t count)
{
	struct sarif sarif = { .rules = MAP_INIT };
	json_begin(&sarif.json, out);
	buf_init(&sarif.scratch, out->maximum);
	collect_rules(&sarif, items, count);
	json_object(&sarif.json);
	json_put_string(&sarif.json, "$schema", SCHEMA);
	json_put_string(&sarif.json, "version", "2.1.0");
	json_key(&sarif.json, "runs");
	json_array(&sarif.json);
	json_object(&sarif.json);
	put_tool(&sarif);
	put_invocations(&sarif, items, count);
	json_put_string(&sarif.json, "columnKind", "unicodeCodePoints");
	put_results(&sarif, items, count);
	json_object_end(&sarif.json);
	json_array_end(&sarif.json);
	json_object_end(&sarif.json);
	buf_add_byte(out, '\n');
	map_release(&sarif.rules);
	buf_release(&sarif.scratch);
}
