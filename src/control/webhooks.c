/* control/webhooks.c - webhooks: who may send them, and their way to disk.
 *
 * Intake gets the sources' secrets, checks the signature and hands the bytes over; here
 * they are stored as they came, in the round's transaction. Intake answers 202 after
 * its commit. Reading them is the work of a job (work_read.c). */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/metrics.h"
#include "control/state.h"

/* --- sources, to intake --- */

static int read_secrets(struct control *control, const struct conf_source_entry *entry,
			struct msg_source *source)
{
	struct error err = ERROR_INIT;
	char *secrets[2] = { NULL, NULL };
	const char **copies = arena_array(control->round, 2, sizeof(*copies));
	size_t count = 0;

	if (!copies)
		return ERROR_MEMORY;
	int rc = config_secrets(entry->options.secrets_file, secrets, &err);
	for (int i = 0; rc == 0 && i < 2 && secrets[i]; i++) {
		copies[count] = arena_string(control->round, secrets[i]);
		if (!copies[count++])
			rc = error_set(&err, ERROR_MEMORY, "out of memory");
	}
	config_secret_wipe(secrets[0]);
	config_secret_wipe(secrets[1]);
	if (rc != 0)
		log_error("a source takes no webhooks: its secret cannot be read",
			  LOG_S("source", entry->name), LOG_E(&err));
	source->secrets = (struct msg_strings){ copies, count };
	return rc;
}

/* A source whose secret cannot be had does not exist for intake. */
void sources_send(struct control *control)
{
	const struct config *config = control->config;
	struct msg_sources head = { 0 };
	struct msg_source **rows =
		arena_array(control->round, config->source_count + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < config->source_count; i++) {
		const struct conf_source_entry *entry = &config->sources[i];
		struct msg_source *source =
			arena_new_of(control->round, struct msg_source);
		if (!source || !is_set(entry->options.secrets_file) ||
		    read_secrets(control, entry, source) != 0)
			continue;
		source->name = entry->name;
		source->kind = entry->options.kind;
		source->header = entry->options.header;
		source->plain_token = entry->options.plain_token;
		rows[head.count++] = source;
	}
	answer_put(control, MESSAGE_sources, &head);
	for (size_t i = 0; i < head.count; i++)
		answer_put(control, MESSAGE_source, rows[i]);
}

/* --- deliveries, from intake --- */

/* What is stored and not read yet is bounded; the forge, or a poll, comes again. */
static int check_backlog(struct control *control, struct error *err)
{
	uint64_t count = 0, bytes = 0;
	const uint64_t *limits = control->config->limits.values;
	int rc = store_webhook_backlog(control->store, &count, &bytes, err);

	if (rc == 0 && count >= limits[LIMIT_DELIVERIES_WAITING])
		rc = error_set(err, ERROR_BUSY,
			       "more deliveries wait than deliveries.waiting");
	if (rc == 0 && bytes >= limits[LIMIT_DELIVERIES_BYTES])
		rc = error_set(err, ERROR_BUSY,
			       "deliveries that wait have more bytes than "
			       "deliveries.bytes");
	if (rc == ERROR_BUSY)
		metric_add(METRIC_DELIVERIES_OVERLOAD, 1);
	return rc;
}

static int store_body(struct control *control, const struct msg_webhook *webhook,
		      const void *body, size_t length, uint64_t *id, struct error *err)
{
	struct msg_delivery_row row = {
		.source = webhook->source,
		.event = webhook->event,
		.event_type = webhook->event_type,
		.forge_id = webhook->forge_id,
		.form = webhook->form,
		.digest = webhook->digest,
		.bytes = length,
		.received_at = webhook->received_at,
	};

	return store_webhook_add(control->store, &row, body, length, id, err);
}

/* Bodies that are too large for a message come as sealed memory. */
static int store_descriptor(struct control *control, const struct msg_webhook *webhook,
			    int fd, uint64_t *id, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || status.st_size <= 0 ||
	    (uint64_t)status.st_size != webhook->bytes)
		return error_set(err, ERROR_MESSAGE,
				 "a delivery's memory is not what was said");
	size_t length = (size_t)status.st_size;
	void *body = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (body == MAP_FAILED)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = store_body(control, webhook, body, length, id, err);
	munmap(body, length);
	return rc;
}

void webhook_take(struct control *control, const struct msg_webhook *webhook, int fd)
{
	struct error err = ERROR_INIT;
	uint64_t id = 0;

	int rc = config_source(control->config, webhook->source ? webhook->source : "")
			 ? check_backlog(control, &err)
			 : error_set(&err, ERROR_NOT_FOUND,
				     "the source is not "
				     "configured any more");
	if (rc == 0)
		rc = control_write(control);
	if (rc == 0 && fd >= 0)
		rc = store_descriptor(control, webhook, fd, &id, &err);
	else if (rc == 0)
		rc = store_body(control, webhook, webhook->body.data,
				webhook->body.length, &id, &err);
	if (rc == 0) {
		metric_add(METRIC_DELIVERIES, 1);
		control->round_webhooks++;
	}
	struct msg_answer answer = {
		.request = webhook->request,
		.code = rc,
		.text = rc ? arena_string(control->round, err.text) : NULL,
		.id = id,
	};
	answer_put(control, MESSAGE_answer, &answer);
}
