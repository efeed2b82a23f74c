/* cmd/forge_details.c - `gitgate status REPOSITORY`: deliveries, merge requests and
 * what the forge was told. */
#include "cmd/forge_details.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/details.h"
#include "cmd/table.h"
#include "conf/config.h"
#include "doc/doc.h"

#define OUTBOX_SHOWN 10

/* --- reading --- */

/* The service's rows do not say where a repository is at home: its configuration does,
 * for those who may read it. */
static void read_home(struct forge_details *details, struct status *status,
		      const char *repository)
{
	struct config *config = NULL;

	if (config_load(&config, status->config, NULL) != 0)
		return;
	const struct conf_repository_entry *entry =
		config_repository(config, repository);
	if (entry && entry->options.source && *entry->options.source) {
		details->source =
			arena_string(status->service.arena, entry->options.source);
		details->full_name =
			arena_string(status->service.arena, entry->options.full_name);
	}
	config_free(config);
}

static int read_delivery(struct forge_details *details, struct status *status,
			 const char *repository, struct error *err)
{
	struct msg_query query = { .what = "deliveries",
				   .repository = repository,
				   .limit = 1 };

	service_first(&status->service, &query, &details->delivery, err);
	return err->code;
}

/* The verdict of its newest change, if that was judged. */
static int read_verdict(struct service *service, struct merge_details *merge,
			struct error *err)
{
	struct msg_query change = { .what = "changes",
				    .id = row_number(merge->row, "change") };
	struct msg_query verdict = { .what = "verdicts" };
	const struct node *row = NULL;

	if (!change.id)
		return 0;
	int rc = service_first(service, &change, &row, err);
	verdict.id = rc == 0 ? row_number(row, "verdict") : 0;
	if (verdict.id)
		service_first(service, &verdict, &merge->verdict, err);
	return err->code;
}

static int read_merge(struct service *service, struct merge_details *merge,
		      const char *repository, struct error *err)
{
	struct msg_query reviews = { .what = "reviews",
				     .repository = repository,
				     .number = row_number(merge->row, "number") };

	int rc = read_verdict(service, merge, err);
	if (rc == 0 && reviews.number)
		rc = service_list(service, &reviews, &merge->reviews, NULL, err);
	return rc;
}

static int read_merges(struct forge_details *details, struct status *status,
		       const char *repository, struct error *err)
{
	struct msg_query query = { .what = "merge-requests",
				   .repository = repository,
				   .state = "open",
				   .limit = 200 };

	int rc = service_list(&status->service, &query, &details->merges, NULL, err);
	for (size_t i = 0;
	     rc == 0 && i < node_count(details->merges) && i < MERGES_SHOWN; i++) {
		struct merge_details *merge = &details->merge[i];
		merge->row = node_item(details->merges, i);
		rc = read_merge(&status->service, merge, repository, err);
		details->merge_count = i + 1;
	}
	return rc;
}

int forge_details_read(struct forge_details *details, struct status *status,
		       const char *repository, struct error *err)
{
	struct msg_query outbox = { .what = "outbox",
				    .repository = repository,
				    .limit = OUTBOX_SHOWN };

	*details = (struct forge_details){ 0 };
	read_home(details, status, repository);
	int rc = read_delivery(details, status, repository, err);
	if (rc == 0)
		rc = read_merges(details, status, repository, err);
	if (rc == 0)
		rc = service_list(&status->service, &outbox, &details->outbox, NULL,
				  err);
	return rc;
}

/* --- writing --- */

static void write_line(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, "  %-12s ", key);
	text_escape_string(out, value ? value : "-");
	buf_add_byte(out, '\n');
}

static const char *delivery_text(const struct forge_details *details,
				 struct arena *arena)
{
	const struct node *row = details->delivery;
	const char *event = row_text(row, "event");
	const char *kind = row_text(row, "kind");

	if (!row)
		return "never";
	if (!event)
		event = kind ? kind : row_text(row, "source");
	return arena_printf(arena, "%s, %s (%llu, %s)",
			    age_text(arena, row_time(row, "received_at")),
			    event ? event : "-",
			    (unsigned long long)row_number(row, "id"),
			    row_text(row, "state") ? row_text(row, "state") : "-");
}

void forge_details_lines(const struct forge_details *details, struct status *status,
			 struct buf *out)
{
	if (details->source) {
		write_line(out, "source", details->source);
		write_line(out, "name there", details->full_name);
	}
	write_line(out, "delivery", delivery_text(details, status->service.arena));
}

/* "2 approved, 1 changes-requested" */
static const char *reviews_text(struct arena *arena, const struct node *reviews)
{
	static const char *const states[] = { "approved", "changes-requested",
					      "commented", "dismissed" };
	const char *text = NULL;

	for (size_t state = 0; state < 4; state++) {
		size_t count = 0;
		for (size_t i = 0; i < node_count(reviews); i++) {
			const char *is = row_text(node_item(reviews, i), "state");
			count += is && strcmp(is, states[state]) == 0;
		}
		if (count)
			text = arena_printf(arena, "%s%s%zu %s", text ? text : "",
					    text ? ", " : "", count, states[state]);
		if (count && !text)
			return NULL;
	}
	return text;
}

static void add_merge(struct table *table, struct arena *arena,
		      const struct merge_details *merge)
{
	const struct node *row = merge->row;
	const char *problem = row_text(row, "problem");
	const char *result = row_text(merge->verdict, "result");
	const char *verdict = result ? result : problem ? problem : "waiting";

	table_addf(table, TONE_PLAIN, "%llu",
		   (unsigned long long)row_number(row, "number"));
	table_add(table, TONE_PLAIN, row_short(row, "head"));
	table_add(table, TONE_PLAIN, row_text(row, "base_ref"));
	table_add(table,
		  result    ? state_tone(result)
		  : problem ? TONE_BAD
			    : TONE_WARN,
		  verdict);
	table_add(table, TONE_PLAIN, reviews_text(arena, merge->reviews));
	table_add(table, TONE_PLAIN, row_text(row, "author"));
	table_add(table, TONE_PLAIN, row_text(row, "title"));
}

static void write_merges(const struct forge_details *details, struct status *status,
			 struct buf *out)
{
	static const char *const headings[] = { "MERGE REQUEST", "HEAD",    "BASE",
						"VERDICT",       "REVIEWS", "BY",
						"TITLE" };
	struct table table;

	table_init(&table, status->service.arena, 7);
	for (size_t i = 0; i < 7; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < details->merge_count; i++)
		add_merge(&table, status->service.arena, &details->merge[i]);
	buf_add_byte(out, '\n');
	table_write(&table, status->colour, "  ", out);
	if (node_count(details->merges) > details->merge_count)
		buf_addf(out, "  and %zu more\n",
			 node_count(details->merges) - details->merge_count);
}

static void add_told(struct table *table, struct arena *arena, const struct node *row)
{
	const char *state = row_text(row, "state");
	const char *context = row_text(row, "context");
	const char *problem = row_text(row, "problem");
	int64_t done = row_time(row, "done_at");
	const char *posted = done && problem ? "given up"
			     : done          ? age_text(arena, done)
					     : "waiting";

	if (!context)
		context = arena_printf(arena, "comment on %llu",
				       (unsigned long long)row_number(row, "number"));
	table_add(table, TONE_PLAIN, row_short(row, "commit"));
	table_add(table, TONE_PLAIN, context);
	table_add(table, state_tone(state), state);
	table_add(table, !done ? TONE_WARN : problem ? TONE_BAD : TONE_PLAIN, posted);
	table_add(table, problem ? TONE_BAD : TONE_PLAIN,
		  problem ? problem : row_text(row, "description"));
}

static void write_told(const struct forge_details *details, struct status *status,
		       struct buf *out)
{
	static const char *const headings[] = { "COMMIT", "STATUS", "STATE", "POSTED",
						"TEXT" };
	struct table table;

	table_init(&table, status->service.arena, 5);
	for (size_t i = 0; i < 5; i++)
		table_add(&table, TONE_FAINT, headings[i]);
	for (size_t i = 0; i < node_count(details->outbox); i++)
		add_told(&table, status->service.arena, node_item(details->outbox, i));
	buf_add_byte(out, '\n');
	table_write(&table, status->colour, "  ", out);
}

void forge_details_tables(const struct forge_details *details, struct status *status,
			  struct buf *out)
{
	if (details->merge_count)
		write_merges(details, status, out);
	if (node_count(details->outbox))
		write_told(details, status, out);
}

static void merge_json(const struct merge_details *merge, struct json *json)
{
	json_object(json);
	json_key(json, "merge_request");
	json_node(json, merge->row);
	json_key(json, "verdict");
	json_node(json, merge->verdict);
	json_key(json, "reviews");
	json_node(json, merge->reviews);
	json_object_end(json);
}

void forge_details_json(const struct forge_details *details, struct json *json)
{
	json_put_string(json, "source", details->source);
	json_put_string(json, "full_name", details->full_name);
	json_key(json, "delivery");
	json_node(json, details->delivery);
	json_key(json, "merge_requests");
	json_array(json);
	for (size_t i = 0; i < details->merge_count; i++)
		merge_json(&details->merge[i], json);
	json_array_end(json);
	json_key(json, "statuses");
	json_node(json, details->outbox);
}
