/* intake/hook.c - webhooks: whose signature is it? Then control gets the bytes as they
 * came, and the sender waits until they are on disk.
 *
 * Nothing is parsed here. Whatever is wrong with a signature gets one and the same
 * answer, and as much work: a source that does not exist has a secret, too. */
#include "intake/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/path.h"
#include "base/random.h"

#define INLINE_BYTES   ((size_t)512 << 10) /* larger bodies travel as memory */
#define HEADERS_MAX    64                  /* as http.max_headers; more are not seen */
#define LOG_EVERY      CLOCK_SECOND
#define NOBODYS_SECRET 32

/* --- headers --- */

struct headers {
	size_t count;
	struct {
		const char *name;
		size_t length; /* of the name */
		const char *value;
	} items[HEADERS_MAX];
};

static enum MHD_Result take_header(void *data, enum MHD_ValueKind kind,
				   const char *name, size_t name_length,
				   const char *value, size_t value_length)
{
	struct headers *headers = data;

	(void)kind;
	(void)value_length;
	if (headers->count == HEADERS_MAX)
		return MHD_NO;
	headers->items[headers->count].name = name;
	headers->items[headers->count].length = name_length;
	headers->items[headers->count++].value = value ? value : "";
	return MHD_YES;
}

static const char *find_header(void *data, const char *name, bool *twice)
{
	const struct headers *headers = data;
	const char *value = NULL;
	size_t length = strlen(name);

	*twice = false;
	for (size_t i = 0; i < headers->count; i++) {
		if (headers->items[i].length != length ||
		    strncasecmp(headers->items[i].name, name, length) != 0)
			continue;
		*twice = value != NULL;
		if (*twice)
			return NULL;
		value = headers->items[i].value;
	}
	return value;
}

/* --- authentication --- */

/* What is asked of a source that does not exist: a signature that is well-formed and
 * wrong, so that all of the work is done. */
static const char *find_nothing(void *data, const char *name, bool *twice)
{
	(void)data;
	(void)name;
	*twice = false;
	return "sha256="
	       "0000000000000000000000000000000000000000000000000000000000000000";
}

static void authenticate_nobody(const struct request *request)
{
	static char secret[2 * NOBODYS_SECRET + 1];
	const char *secrets[] = { secret };
	unsigned char bytes[NOBODYS_SECRET];
	struct forge_authentic authentic;
	struct forge_webhook webhook = {
		.kind = FORGE_HMAC,
		.secrets = secrets,
		.secret_count = 1,
		.signature_header = "X-Hub-Signature-256",
		.header = find_nothing,
		.body = request->body.data,
		.length = request->body.length,
		.now = clock_now(),
	};

	if (!*secret) {
		random_bytes(bytes, sizeof(bytes));
		hex_encode(bytes, sizeof(bytes), secret);
	}
	forge_authenticate(&webhook, &authentic, NULL);
}

static int authenticate(const struct request *request, const struct source *source,
			struct headers *headers, struct forge_authentic *out,
			struct error *err)
{
	const char *secrets[SOURCE_SECRETS];
	struct forge_webhook webhook = {
		.kind = source->kind,
		.secrets = secrets,
		.secret_count = source->secret_count,
		.signature_header = source->header,
		.plain_token = source->plain_token,
		.header = find_header,
		.header_data = headers,
		.body = request->body.data,
		.length = request->body.length,
		.now = clock_now(),
	};

	for (size_t i = 0; i < source->secret_count; i++)
		secrets[i] = source->secrets[i];
	MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, take_header,
				    headers);
	return forge_authenticate(&webhook, out, err);
}

/* One line a second tells of all that were refused. */
static bool log_is_due(const struct refusals *refusals)
{
	return !refusals->logged_at ||
	       clock_monotonic() - refusals->logged_at >= LOG_EVERY;
}

/* What was sent is not told. `err` NULL: this one is only counted. */
static void log_refusal(struct request *request, const struct source *source,
			const struct error *err)
{
	struct refusals *refusals = &request->intake->refusals;
	char address[INET6_ADDRSTRLEN];

	metric_add(METRIC_DELIVERIES_REFUSED, 1);
	refusals->count++;
	if (!err)
		return;
	log_warning("webhooks were refused", LOG_U("count", refusals->count),
		    LOG_S("source", source ? source->name : NULL),
		    LOG_S("address", address_text(&request->client, address)),
		    LOG_S("reason", source ? err->text
					   : "there is no such source, or it has no "
					     "secret"));
	refusals->count = 0;
	refusals->logged_at = clock_monotonic();
}

/* --- hand-over --- */

static int digest_webhook(const struct source *source,
			  const struct forge_authentic *authentic,
			  const struct buf *body, struct digest *out)
{
	const char *texts[] = { forge_name(source->kind), authentic->event,
				authentic->event_type };
	struct hasher *hasher = hasher_new();

	if (!hasher)
		return ERROR_MEMORY;
	for (size_t i = 0; i < 3; i++)
		hasher_add(hasher, texts[i] ? texts[i] : "",
			   texts[i] ? strlen(texts[i]) + 1 : 1);
	hasher_add(hasher, body->data, body->length);
	return hasher_finish(hasher, out);
}

/* A body as memory that nobody can change any more. */
static int seal(const struct buf *body, int *out, struct error *err)
{
	FD_CLOSING int fd = memfd_create("webhook", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return error_set_errno(err, errno, "cannot make memory for a webhook");
	int rc = fd_write_all(fd, body->data, body->length, err);
	if (rc != 0)
		return rc;
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
		return error_set_errno(err, errno, "cannot seal a webhook's memory");
	*out = fd;
	fd = -1;
	return 0;
}

static void hand_over(struct request *request, const struct source *source,
		      const struct forge_authentic *authentic)
{
	FD_CLOSING int fd = -1;
	struct error err = ERROR_INIT;
	struct msg_webhook webhook = {
		.source = source->name,
		.event = authentic->event,
		.event_type = authentic->event_type,
		.forge_id = authentic->forge_id,
		.form = authentic->form,
		.bytes = request->body.length,
		.received_at = clock_now(),
	};

	if (!request_may_ask(request))
		return;
	int rc = digest_webhook(source, authentic, &request->body, &webhook.digest);
	if (rc == 0 && request->body.length > INLINE_BYTES)
		rc = seal(&request->body, &fd, &err);
	else
		webhook.body =
			(struct msg_bytes){ request->body.data, request->body.length };
	if (rc != 0) {
		log_error("a webhook cannot be handed over", LOG_E(&err));
		answer_error(request, 0, ERROR_BUSY, "the service is busy; try again");
		return;
	}
	webhook.request = ++request->intake->last_id;
	request->id = webhook.request;
	request_ask(request, MESSAGE_webhook, &webhook, &fd, fd >= 0 ? 1 : 0);
	/* What was reserved stays until the answer: control's queue holds the bytes. */
	buf_release(&request->body);
}

void hook_run(struct request *request)
{
	struct intake *intake = request->intake;
	struct headers headers = { .count = 0 };
	struct forge_authentic authentic = { .event = NULL };
	struct error err = ERROR_INIT;

	/* Before control has told all sources, none can be said not to exist. */
	if (!intake->sources.known) {
		answer_error(request, 0, ERROR_BUSY,
			     "the service is starting; try again");
		return;
	}
	const struct source *source = sources_find(&intake->sources, request->name);
	/* A reason that nobody reads is not written. */
	struct error *why = log_is_due(&intake->refusals) ? &err : NULL;
	int rc = ERROR_UNAUTHENTICATED;
	if (source)
		rc = authenticate(request, source, &headers, &authentic, why);
	else
		authenticate_nobody(request);
	if (rc == ERROR_USAGE) {
		answer_error(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, ERROR_USAGE,
			     "the delivery is authentic, but nobody reads its content "
			     "type: set it to application/json");
	} else if (rc == 0) {
		hand_over(request, source, &authentic);
	} else {
		log_refusal(request, source, why);
		request->status = MHD_HTTP_UNAUTHORIZED;
	}
}

/* --- the answer to bad authentication --- */

static struct MHD_Response *make_refusal(bool last)
{
	static char text[] = "{\"error\":{\"code\":\"unauthenticated\",\"message\":"
			     "\"the signature is not that of this source\"}}";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return NULL;
	answer_headers(response, "application/json");
	MHD_add_response_header(response, "WWW-Authenticate",
				"Signature realm=\"gitgate\"");
	if (last)
		MHD_add_response_header(response, "Connection", "close");
	return response;
}

int hooks_open(struct intake *intake, struct error *err)
{
	for (int last = 0; last < 2; last++) {
		intake->unauthenticated[last] = make_refusal(last);
		if (!intake->unauthenticated[last])
			return error_set(err, ERROR_MEMORY, "out of memory");
	}
	return 0;
}

void hooks_close(struct intake *intake)
{
	for (int last = 0; last < 2; last++)
		if (intake->unauthenticated[last])
			MHD_destroy_response(intake->unauthenticated[last]);
	sources_release(&intake->sources);
}

enum MHD_Result hook_refuse(struct request *request)
{
	return answer_queue(
		request, request->status,
		request->intake->unauthenticated[answer_is_last(request->intake)]);
}
