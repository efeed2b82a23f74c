/* cmd/details.c - `gitgate status NAME`: all about one target or repository. */
#include "cmd/details.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/forge_details.h"
#include "cmd/table.h"
#include "doc/doc.h"

#define RECENT 5   /* deployments or verdicts shown */
#define JUDGED 200 /* verdicts in which those of the tips are looked for */

struct details {
	struct status *status;
	struct arena *arena;
	const struct node *target;
	const struct node *repository;
	const struct node *deployments;
	const struct node *refs;
	const struct node *verdicts;
	const struct node *findings; /* of the newest verdict */
	const struct node *judged;   /* verdicts, for what the tips got */
	struct forge_details forge;  /* of a repository */
};

size_t quarantine_count(const struct status *status, const char *target)
{
	size_t count = 0;

	for (size_t i = 0; target && i < node_count(status->quarantine); i++) {
		const char *name = row_text(node_item(status->quarantine, i), "target");
		if (name && strcmp(name, target) == 0)
			count++;
	}
	return count;
}

static const struct node *find_row(const struct node *rows, const char *name)
{
	for (size_t i = 0; i < node_count(rows); i++) {
		const char *other = row_text(node_item(rows, i), "name");
		if (other && strcmp(other, name) == 0)
			return node_item(rows, i);
	}
	return NULL;
}

static int not_found(const struct status *status, const char *name, struct error *err)
{
	size_t count = node_count(status->targets) + node_count(status->repositories);
	const char **names = calloc(count + 1, sizeof(*names));
	size_t used = 0;

	for (size_t i = 0; names && i < count; i++) {
		size_t targets = node_count(status->targets);
		const struct node *row =
			i < targets ? node_item(status->targets, i)
				    : node_item(status->repositories, i - targets);
		if (row_text(row, "name"))
			names[used++] = row_text(row, "name");
	}
	const char *nearest = text_nearest(name, names, used);
	int rc = nearest ? error_set(err, ERROR_NOT_FOUND,
				     "no target or repository '%s'; did you mean '%s'?",
				     name, nearest)
			 : error_set(err, ERROR_NOT_FOUND,
				     "no target or repository '%s'", name);
	free(names);
	return rc;
}

/* --- reading --- */

/* The verdict that let a target's live commit in. */
static int read_live_verdict(struct details *details, struct error *err)
{
	struct service *service = &details->status->service;
	struct msg_query change = { .what = "changes",
				    .id = row_number(details->target, "change") };
	struct msg_query verdict = { .what = "verdicts" };
	const struct node *row = NULL;

	if (!change.id)
		return 0;
	int rc = service_first(service, &change, &row, err);
	if (rc == 0)
		verdict.id = row_number(row, "verdict");
	if (rc == 0 && verdict.id)
		rc = service_list(service, &verdict, &details->verdicts, NULL, err);
	return err->code ? rc : 0;
}

static int read_target(struct details *details, struct error *err)
{
	struct msg_query deployments = { .what = "deployments",
					 .target = row_text(details->target, "name"),
					 .limit = RECENT };

	int rc = service_list(&details->status->service, &deployments,
			      &details->deployments, NULL, err);
	return rc == 0 ? read_live_verdict(details, err) : rc;
}

static int read_repository(struct details *details, struct error *err)
{
	const char *name = row_text(details->repository, "name");
	struct msg_query refs = { .what = "refs", .repository = name };
	struct msg_query verdicts = { .what = "verdicts",
				      .repository = name,
				      .limit = RECENT };
	struct msg_query judged = { .what = "verdicts",
				    .repository = name,
				    .limit = JUDGED };

	int rc = service_list(&details->status->service, &refs, &details->refs, NULL,
			      err);
	if (rc == 0)
		rc = service_list(&details->status->service, &verdicts,
				  &details->verdicts, NULL, err);
	if (rc == 0)
		rc = service_list(&details->status->service, &judged, &details->judged,
				  NULL, err);
	return rc == 0 ? forge_details_read(&details->forge, details->status, name, err)
		       : rc;
}

static int read_findings(struct details *details, struct error *err)
{
	struct msg_query findings = { .what = "findings" };

	if (node_count(details->verdicts) == 0)
		return 0;
	findings.id = row_number(node_item(details->verdicts, 0), "id");
	return service_list(&details->status->service, &findings, &details->findings,
			    NULL, err);
}

/* --- writing --- */

static void write_line(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, "  %-12s ", key);
	text_escape_string(out, value ? value : "-");
	buf_add_byte(out, '\n');
}

static void write_heading(const struct details *details, struct buf *out,
			  const char *kind, const struct node *row)
{
	buf_addf(out, "%s ", kind);
	tone_write(out, details->status->colour, TONE_STRONG, row_text(row, "name"));
	buf_add_byte(out, '\n');
}

static void write_target(const struct details *details, struct buf *out)
{
	const struct node *target = details->target;
	const char *name = row_text(target, "name");
	char generation[32];

	snprintf(generation, sizeof(generation), "%llu",
		 (unsigned long long)row_number(target, "generation"));
	write_heading(details, out, "target", target);
	write_line(out, "commit", row_text(target, "commit"));
	write_line(out, "generation", generation);
	write_line(out, "release", row_text(target, "release"));
	write_line(out, "suspended", row_flag(target, "suspended") ? "yes" : "no");
	if (row_text(target, "held"))
		write_line(out, "held", row_text(target, "held"));
	write_line(out, "observed",
		   age_text(details->arena, row_time(target, "observed_at")));
	write_line(out, "drift",
		   row_flag(target, "drifted")
			   ? (row_text(target, "drift") ? row_text(target, "drift")
							: "yes")
			   : "none");
	for (size_t i = 0; i < node_count(details->status->quarantine); i++) {
		const struct node *row = node_item(details->status->quarantine, i);
		const char *whose = row_text(row, "target");
		if (whose && strcmp(whose, name) == 0)
			write_line(out, "quarantine",
				   arena_printf(
					   details->arena, "%s %s, by %s: %s",
					   row_short(row, "commit"),
					   age_text(details->arena, row_time(row, "sinc"
										  "e")),
					   row_text(row, "actor") ? row_text(row, "acto"
										  "r")
								  : "-",
					   row_text(row, "reason") ? row_text(row, "rea"
										   "so"
										   "n")
								   : "-"));
	}
}

static void write_deployments(const struct details *details, struct buf *out)
{
	struct table table;

	if (node_count(details->deployments) == 0)
		return;
	table_init(&table, details->arena, 7);
	const char *const headings[] = { "GENERATION", "STATE", "COMMIT", "CAUSE",
					 "BY",         "WHEN",  "REASON" };
	for (size_t i = 0; i < 7; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(details->deployments); i++) {
		const struct node *row = node_item(details->deployments, i);
		int64_t when = row_time(row, "ended_at");
		table_addf(&table, TONE_PLAIN, "%llu",
			   (unsigned long long)row_number(row, "generation"));
		table_add(&table, state_tone(row_text(row, "state")),
			  row_text(row, "state"));
		table_add(&table, TONE_PLAIN, row_short(row, "commit"));
		table_add(&table, TONE_PLAIN, row_text(row, "cause"));
		table_add(&table, TONE_PLAIN, row_text(row, "actor"));
		table_add(&table, TONE_PLAIN,
			  age_text(details->arena,
				   when ? when : row_time(row, "queued_at")));
		table_add(&table, TONE_PLAIN, row_text(row, "reason"));
	}
	buf_add_byte(out, '\n');
	table_write(&table, details->status->colour, "  ", out);
}

/* What the tip of a ref got, as far as is known. */
static const char *tip_verdict(const struct details *details, const struct node *ref)
{
	const char *name = row_text(ref, "ref");
	const char *tip = row_text(ref, "tip");
	const char *accepted = row_text(ref, "accepted");

	for (size_t i = 0; name && tip && i < node_count(details->judged); i++) {
		const struct node *row = node_item(details->judged, i);
		const char *commit = row_text(row, "commit");
		const char *of = row_text(row, "ref");
		if (commit && of && strcmp(commit, tip) == 0 && strcmp(of, name) == 0)
			return row_text(row, "result");
	}
	if (tip && accepted && strcmp(tip, accepted) == 0)
		return "pass";
	return "-";
}

static void write_refs(const struct details *details, struct buf *out)
{
	static const char *const headings[] = { "REF", "TIP", "VERDICT", "ACCEPTED",
						"SEEN" };
	struct table table;

	table_init(&table, details->arena, 5);
	for (size_t i = 0; i < 5; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(details->refs); i++) {
		const struct node *ref = node_item(details->refs, i);
		const char *tip = row_text(ref, "tip");
		const char *accepted = row_text(ref, "accepted");
		const char *verdict = tip_verdict(details, ref);
		bool equal = tip && accepted && strcmp(tip, accepted) == 0;
		table_add(&table, TONE_PLAIN, row_text(ref, "ref"));
		table_add(&table, TONE_PLAIN, row_short(ref, "tip"));
		table_add(&table, state_tone(verdict), verdict);
		table_add(&table, equal ? TONE_GOOD : TONE_WARN,
			  row_short(ref, "accepted"));
		table_add(&table, TONE_PLAIN,
			  age_text(details->arena, row_time(ref, "seen_at")));
	}
	buf_add_byte(out, '\n');
	table_write(&table, details->status->colour, "  ", out);
}

static void write_repository(const struct details *details, struct buf *out)
{
	const struct node *row = details->repository;

	write_heading(details, out, "repository", row);
	write_line(out, "head", row_text(row, "head"));
	write_line(out, "fetched",
		   age_text(details->arena, row_time(row, "fetched_at")));
	write_line(out, "hinted", age_text(details->arena, row_time(row, "hinted_at")));
	forge_details_lines(&details->forge, details->status, out);
	write_line(out, "problem",
		   row_text(row, "problem") ? row_text(row, "problem") : "none");
	if (node_count(details->refs))
		write_refs(details, out);
	forge_details_tables(&details->forge, details->status, out);
}

static void write_finding(const struct details *details, const struct node *row,
			  struct buf *out)
{
	unsigned long long line = row_number(row, "line");
	const char *severity = row_text(row, "severity");
	const char *path = row_text(row, "path");

	buf_add_string(out, "    ");
	if (path) {
		text_escape_string(out, path);
		if (line)
			buf_addf(out, ":%llu:%llu", line,
				 (unsigned long long)row_number(row, "column"));
		buf_add_string(out, ": ");
	} else if (row_text(row, "commit")) {
		buf_addf(out, "%s: ", row_short(row, "commit"));
	}
	if (row_text(row, "waived_by"))
		buf_add_string(out, "waived ");
	tone_write(out, details->status->colour, state_tone(severity),
		   severity ? severity : "error");
	buf_add_string(out, ": ");
	text_escape_string(out,
			   row_text(row, "message") ? row_text(row, "message") : "");
	if (row_text(row, "rule")) {
		buf_add_string(out, " [");
		text_escape_string(out, row_text(row, "rule"));
		buf_add_byte(out, ']');
	}
	buf_add_byte(out, '\n');
	if (row_text(row, "waived_by")) {
		char until[CLOCK_TEXT_BYTES];
		clock_format(row_time(row, "waived_until"), 0, until);
		buf_add_string(out, "      waived by '");
		text_escape_string(out, row_text(row, "waived_by"));
		buf_addf(out, "' until %s: ", until);
		text_escape_string(out, row_text(row, "waived_reason")
						? row_text(row, "waived_reason")
						: "");
		buf_add_byte(out, '\n');
	} else if (row_text(row, "mend")) {
		buf_add_string(out, "      mend: ");
		text_escape_string(out, row_text(row, "mend"));
		buf_add_byte(out, '\n');
	}
}

static void write_verdicts(const struct details *details, struct buf *out)
{
	if (node_count(details->verdicts))
		buf_add_string(out, "\n  verdicts\n");
	for (size_t i = 0; i < node_count(details->verdicts); i++) {
		const struct node *row = node_item(details->verdicts, i);
		const char *result = row_text(row, "result");
		buf_addf(out, "  %s ", row_short(row, "commit"));
		text_escape_string(out,
				   row_text(row, "ref") ? row_text(row, "ref") : "-");
		buf_add_byte(out, ' ');
		tone_write(out, details->status->colour, state_tone(result),
			   result ? result : "unknown");
		buf_addf(out, ", %s: commits %llu, errors %llu, warnings %llu",
			 age_text(details->arena, row_time(row, "judged_at")),
			 (unsigned long long)row_number(row, "commits"),
			 (unsigned long long)row_number(row, "errors"),
			 (unsigned long long)row_number(row, "warnings"));
		if (row_text(row, "reason")) {
			buf_add_string(out, ": ");
			text_escape_string(out, row_text(row, "reason"));
		}
		buf_add_byte(out, '\n');
		for (size_t j = 0; i == 0 && j < node_count(details->findings); j++)
			write_finding(details, node_item(details->findings, j), out);
	}
}

static void write_json(const struct details *details, struct buf *out)
{
	const struct {
		const char *key;
		const struct node *node;
	} members[] = {
		{ "target", details->target },
		{ "deployments", details->deployments },
		{ "repository", details->repository },
		{ "refs", details->refs },
		{ "verdicts", details->verdicts },
		{ "findings", details->findings },
	};
	struct json json;

	json_begin(&json, out);
	json_object(&json);
	json_put_boolean(&json, "running", details->status->service.store == NULL);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!members[i].node)
			continue;
		json_key(&json, members[i].key);
		json_node(&json, members[i].node);
	}
	if (details->repository)
		forge_details_json(&details->forge, &json);
	json_object_end(&json);
	buf_add_byte(out, '\n');
}

static int write_one(struct details *details, struct buf *out, struct error *err)
{
	int rc = details->target ? read_target(details, err)
				 : read_repository(details, err);

	if (rc == 0)
		rc = read_findings(details, err);
	if (rc != 0)
		return rc;
	if (details->status->json) {
		write_json(details, out);
		return 0;
	}
	if (details->target)
		write_target(details, out);
	else
		write_repository(details, out);
	write_deployments(details, out);
	write_verdicts(details, out);
	return 0;
}

int details_write(struct status *status, const char *name, struct buf *out,
		  struct error *err)
{
	struct details target = { .status = status,
				  .arena = status->service.arena,
				  .target = find_row(status->targets, name) };
	struct details repository = { .status = status,
				      .arena = status->service.arena,
				      .repository =
					      find_row(status->repositories, name) };
	int rc = 0;

	if (!target.target && !repository.repository)
		return not_found(status, name, err);
	if (target.target)
		rc = write_one(&target, out, err);
	if (rc == 0 && target.target && repository.repository && !status->json)
		buf_add_byte(out, '\n');
	if (rc == 0 && repository.repository && !(status->json && target.target))
		rc = write_one(&repository, out, err);
	return rc;
}
