/* net/http.c - requests to one origin, over libcurl, within bounds. */
#include "net/http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "net/http_address.h"
#include "net/http_head.h"
#include "net/http_library.h"

#define REDIRECTS_MAXIMUM 5
#define CONNECT_TIMEOUT   (10 * CLOCK_SECOND)
#define DEFAULT_TIMEOUT   (30 * CLOCK_SECOND)
#define MILLISECOND       (CLOCK_SECOND / 1000)
#define LINES_MAXIMUM     24
/* A server closes idle connections some time; libcurl sends again what meets one that
 * was just closed, so that hardly any may be. */
#define IDLE_SECONDS 5L

struct http_client {
	const struct http_library *curl;
	CURL *easy;
	char *base;
	struct http_address origin; /* of `base` */
	char *authorization;        /* whole header lines; secret */
	char *header;
	char *accept;
	char *authorities;
	char *certificate;
	char *key; /* secret */
	char *server_name;
	char *detour; /* libcurl's: from the server's name to the base's host */
	int64_t timeout;
	char detail[CURL_ERROR_SIZE];
};

/* --- clients --- */

static void wipe(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static bool is_token(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr("\"(),/:;<=>?@[\\]{}", text[i]) != NULL || text[i] <= ' ' ||
		    text[i] > '~')
			return false;
	return length > 0;
}

/* "name: value" into *out. Neither is ever part of an error. */
static int make_line(char **out, const char *name, const char *value, struct error *err)
{
	if (!is_token(name, strlen(name)) || has_control(value) || *value == '\0')
		return error_set(err, ERROR_USAGE,
				 "a header of a request is empty or has a control "
				 "byte (does a secret's file hold more than one "
				 "line?)");
	if (asprintf(out, "%s: %s", name, value) < 0) {
		*out = NULL;
		return error_set(err, ERROR_MEMORY, "no memory for a request");
	}
	return 0;
}

/* Takes a whole line. */
static int copy_line(char **out, const char *line, struct error *err)
{
	size_t length = strcspn(line, ":");
	if (!is_token(line, length) || line[length] == '\0' || has_control(line))
		return error_set(err, ERROR_USAGE,
				 "the header that identifies us is not one line "
				 "\"name: value\"");
	*out = strdup(line);
	return *out != NULL ? 0
			    : error_set(err, ERROR_MEMORY, "no memory for a request");
}

static int check_base(const char *base, struct http_address *origin, struct error *err)
{
	size_t length = strlen(base);
	if (!http_address_parse(base, origin) || strpbrk(base, "?#") != NULL ||
	    base[length - 1] == '/')
		return error_set(
			err, ERROR_USAGE,
			"'%.*s' is not the base address of an API: "
			"\"https://host[:port][/path]\" without user, query "
			"and slash at its end",
			strchr(base, '@') != NULL ? 0 : (int)strcspn(base, "?#"), base);
	return 0;
}

/* NULL stays NULL. */
static int copy_text(char **out, const char *text, struct error *err)
{
	if (text == NULL)
		return 0;
	*out = strdup(text);
	return *out != NULL
		       ? 0
		       : error_set(err, ERROR_MEMORY, "no memory for a client of HTTP");
}

/* The name stands in the address that libcurl sees, so that it is what the certificate
 * is compared with; the connection goes to the host of the base. */
static int copy_server_name(struct http_client *client, const char *name,
			    struct error *err)
{
	const struct http_address *origin = &client->origin;
	struct http_address read;
	char address[sizeof(read.host) + 16];

	if (name == NULL)
		return 0;
	int length = snprintf(address, sizeof(address), "https://%s", name);
	bool is_name = length < (int)sizeof(address) && origin->secure &&
		       http_address_parse(address, &read) && *read.rest == '\0' &&
		       strcasecmp(read.host, name) == 0;
	if (!is_name)
		return error_set(err, ERROR_USAGE,
				 "'%.200s' is not the name of a host for TLS", name);
	if (asprintf(&client->detour, "%s:%u:%s:%u", name, origin->port, origin->host,
		     origin->port) < 0) {
		client->detour = NULL;
		return error_set(err, ERROR_MEMORY, "no memory for a client of HTTP");
	}
	return copy_text(&client->server_name, name, err);
}

static int copy_options(struct http_client *client, const struct http_options *options,
			struct error *err)
{
	const char *accept =
		options->accept != NULL ? options->accept : "application/json";
	int code = check_base(options->base, &client->origin, err);
	if (code == 0)
		code = make_line(&client->accept, "Accept", accept, err);
	if (code == 0 && options->authorization != NULL)
		code = make_line(&client->authorization, "Authorization",
				 options->authorization, err);
	if (code == 0 && options->header != NULL)
		code = copy_line(&client->header, options->header, err);
	if (code != 0)
		return code;
	client->timeout = options->timeout > 0 ? options->timeout : DEFAULT_TIMEOUT;
	code = copy_text(&client->base, options->base, err);
	if (code == 0)
		code = copy_text(&client->authorities, options->authorities, err);
	if (code == 0)
		code = copy_text(&client->certificate, options->certificate, err);
	if (code == 0)
		code = copy_text(&client->key, options->key, err);
	if (code == 0)
		code = check_base(client->base, &client->origin, err);
	return code == 0 ? copy_server_name(client, options->server_name, err) : code;
}

int http_client_new(struct http_client **out, const struct http_options *options,
		    struct error *err)
{
	const struct http_library *curl = http_library(err);
	if (curl == NULL)
		return ERROR_UNSUPPORTED;
	struct http_client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return error_set(err, ERROR_MEMORY, "no memory for a client of HTTP");
	client->curl = curl;
	int code = copy_options(client, options, err);
	if (code == 0)
		client->easy = curl->easy_init();
	if (code == 0 && client->easy == NULL)
		code = error_set(err, ERROR_MEMORY, "no memory for a client of HTTP");
	if (code != 0) {
		http_client_free(client);
		return code;
	}
	*out = client;
	return 0;
}

void http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	if (client->easy != NULL)
		client->curl->easy_cleanup(client->easy);
	wipe(&client->authorization);
	wipe(&client->header);
	wipe(&client->key);
	free(client->accept);
	free(client->authorities);
	free(client->certificate);
	free(client->server_name);
	free(client->detour);
	free(client->base);
	free(client);
}

int http_client_authorize(struct http_client *client, const char *authorization,
			  struct error *err)
{
	char *line = NULL;
	if (authorization != NULL) {
		int code = make_line(&line, "Authorization", authorization, err);
		if (code != 0)
			return code;
	}
	wipe(&client->authorization);
	client->authorization = line;
	return 0;
}

bool http_client_is_said(const struct http_client *client, const char *text)
{
	const char *secret = client->authorization != NULL
				     ? strrchr(client->authorization, ' ')
				     : NULL;
	return secret != NULL && strstr(text, secret + 1) != NULL;
}

/* --- one request --- */

/* The header lines of a request: libcurl only reads the list, so it is our own, and
 * what is secret in it has no copy. */
struct lines {
	struct curl_slist nodes[LINES_MAXIMUM];
	size_t count;
	char *owned[LINES_MAXIMUM];
	size_t owned_count;
};

struct exchange {
	struct http_client *client;
	const char *method;
	const void *body;
	size_t length;
	int64_t deadline; /* clock_monotonic() */
	struct lines lines;
	struct buf address;
	struct buf named;          /* the address with the server's name as its host */
	struct curl_slist detours; /* `client->detour` */
	struct http_head head;
	struct buf reply;
	const char *failed; /* why a callback stopped the transfer; NULL */
	int failed_code;
	int option_failed; /* of libcurl */
	struct error *err;
};

static bool is_get(const struct exchange *exchange)
{
	return strcmp(exchange->method, "GET") == 0;
}

static void add_line(struct lines *lines, char *line)
{
	if (line == NULL)
		return;
	if (lines->count > 0)
		lines->nodes[lines->count - 1].next = &lines->nodes[lines->count];
	lines->nodes[lines->count++] = (struct curl_slist){ line, NULL };
}

static int add_callers_line(struct lines *lines, const struct http_header *header,
			    struct error *err)
{
	char *line = NULL;
	if (lines->count == LINES_MAXIMUM)
		return error_set(err, ERROR_USAGE, "a request has too many headers");
	int code = make_line(&line, header->name, header->value, err);
	if (code != 0)
		return code;
	lines->owned[lines->owned_count++] = line;
	add_line(lines, line);
	return 0;
}

/* Whoever stands before the server chooses by it, as by TLS' own name. */
static int add_host_line(struct lines *lines, const struct http_address *origin,
			 struct error *err)
{
	struct buf host = BUF_INIT(sizeof(origin->host) + 8);

	http_address_add_host(&host, origin);
	const struct http_header header = { "Host", host.data };
	int code = buf_status(&host, "a host", err);
	if (code == 0)
		code = add_callers_line(lines, &header, err);
	buf_release(&host);
	return code;
}

static int fill_lines(struct exchange *exchange, const struct http_header *headers,
		      struct error *err)
{
	static char agent[] = "User-Agent: gitgate";
	static char no_expect[] = "Expect:"; /* no pause before the body */
	static char json[] = "Content-Type: application/json";
	struct lines *lines = &exchange->lines;
	bool has_type = false;
	add_line(lines, agent);
	add_line(lines, exchange->client->accept);
	add_line(lines, exchange->client->authorization);
	add_line(lines, exchange->client->header);
	add_line(lines, no_expect);
	if (exchange->client->server_name != NULL) {
		int code = add_host_line(lines, &exchange->client->origin, err);
		if (code != 0)
			return code;
	}
	for (; headers != NULL && headers->name != NULL; headers++) {
		int code = add_callers_line(lines, headers, err);
		if (code != 0)
			return code;
		has_type = has_type || strcasecmp(headers->name, "Content-Type") == 0;
	}
	if (exchange->body != NULL && !has_type && lines->count < LINES_MAXIMUM)
		add_line(lines, json);
	return 0;
}

static void release_lines(struct lines *lines)
{
	for (size_t i = 0; i < lines->owned_count; i++)
		wipe(&lines->owned[i]);
}

/* Whether a path holds "." or ".." as a segment, escaped or not: the server would leave
 * the base. */
static bool climbs(const char *path)
{
	size_t length = strcspn(path, "?");
	for (size_t at = 0; at < length;) {
		size_t dots = 0;
		at++; /* the slash */
		size_t end = at + strcspn(path + at, "/?");
		for (; at < end; dots++) {
			if (path[at] == '.')
				at += 1;
			else if (strncasecmp(path + at, "%2e", 3) == 0)
				at += 3;
			else
				break;
		}
		if (at == end && (dots == 1 || dots == 2))
			return true;
		at = end;
	}
	return false;
}

static int find_address(const struct http_client *client, const char *target,
			struct buf *out, struct error *err)
{
	if (*target != '/') {
		if (strstr(target, "://") != NULL &&
		    http_address_resolve(client->base, target, out) == 0)
			return buf_status(out, "an address", err);
		return error_set(err, ERROR_FORBIDDEN_HOST,
				 "an address is not of the configured scheme, host and "
				 "port of '%s'",
				 client->base);
	}
	if (!http_address_is_plain(target) || strchr(target, '#') != NULL ||
	    climbs(target))
		return error_set(err, ERROR_USAGE,
				 "'%.*s' is not a path of an API: it must be escaped",
				 (int)strcspn(target, "?#"), target);
	buf_add_string(out, client->base);
	buf_add_string(out, target);
	return buf_status(out, "an address", err);
}

/* --- libcurl: callbacks and options --- */

static size_t stop(struct exchange *exchange, int code, const char *reason)
{
	exchange->failed_code = code;
	exchange->failed = reason;
	return 0;
}

static size_t take_head(char *line, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	const char *reason = "no memory for a reply";
	int code = http_head_line(&exchange->head, line, size * count, &reason);
	return code == 0 ? size * count : stop(exchange, code, reason);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
	struct exchange *exchange = data;
	buf_add(&exchange->reply, bytes, size * count);
	if (exchange->reply.failed == 0)
		return size * count;
	return stop(exchange, exchange->reply.failed,
		    exchange->reply.failed == ERROR_LIMIT ? "the reply is over the "
							    "limit http.reply_bytes"
							  : "no memory for a reply");
}

static void set_number(struct exchange *exchange, CURLoption option, long value)
{
	const struct http_client *client = exchange->client;
	if (client->curl->easy_setopt(client->easy, option, value) != CURLE_OK)
		exchange->option_failed = (int)option;
}

static void set_large(struct exchange *exchange, CURLoption option, curl_off_t value)
{
	const struct http_client *client = exchange->client;
	if (client->curl->easy_setopt(client->easy, option, value) != CURLE_OK)
		exchange->option_failed = (int)option;
}

static void set_pointer(struct exchange *exchange, CURLoption option, const void *value)
{
	const struct http_client *client = exchange->client;
	if (client->curl->easy_setopt(client->easy, option, value) != CURLE_OK)
		exchange->option_failed = (int)option;
}

/* Text that the client keeps for as long as libcurl needs it. */
static void set_blob(struct exchange *exchange, CURLoption option, char *text)
{
	struct curl_blob blob = { text, strlen(text), CURL_BLOB_NOCOPY };
	set_pointer(exchange, option, &blob);
}

static void set_callbacks(struct exchange *exchange)
{
	const struct http_client *client = exchange->client;
	client->curl->easy_setopt(client->easy, CURLOPT_HEADERFUNCTION, take_head);
	client->curl->easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, take_body);
	set_pointer(exchange, CURLOPT_HEADERDATA, exchange);
	set_pointer(exchange, CURLOPT_WRITEDATA, exchange);
}

/* What must never happen, whatever was asked for. */
static void set_bounds(struct exchange *exchange)
{
	const struct http_client *client = exchange->client;
	int64_t left = exchange->deadline - clock_monotonic();
	int64_t connect = left < CONNECT_TIMEOUT ? left : CONNECT_TIMEOUT;
	set_number(exchange, CURLOPT_NOSIGNAL, 1);
	set_number(exchange, CURLOPT_QUICK_EXIT, 1); /* of a resolver's thread */
	set_number(exchange, CURLOPT_TIMEOUT_MS, (long)(left / MILLISECOND) + 1);
	set_number(exchange, CURLOPT_CONNECTTIMEOUT_MS,
		   (long)(connect / MILLISECOND) + 1);
	set_number(exchange, CURLOPT_MAXAGE_CONN, IDLE_SECONDS);
	set_large(exchange, CURLOPT_MAXFILESIZE_LARGE,
		  (curl_off_t)limits_default.values[LIMIT_HTTP_REPLY_BYTES]);
	set_pointer(exchange, CURLOPT_PROTOCOLS_STR,
		    client->origin.secure ? "https" : "http");
	set_number(exchange, CURLOPT_FOLLOWLOCATION, 0);
	set_number(exchange, CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
	set_number(exchange, CURLOPT_HTTP09_ALLOWED, 0);
	set_number(exchange, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	set_pointer(exchange, CURLOPT_PROXY, "");
	set_number(exchange, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_number(exchange, CURLOPT_SSL_VERIFYPEER, 1);
	set_number(exchange, CURLOPT_SSL_VERIFYHOST, 2);
	if (client->authorities != NULL) {
		set_blob(exchange, CURLOPT_CAINFO_BLOB, client->authorities);
		/* Without it the system's own would count as well. */
		set_pointer(exchange, CURLOPT_CAPATH, NULL);
	}
}

/* With an empty password: a key that has one is refused, nobody is asked. */
static void set_identity(struct exchange *exchange)
{
	const struct http_client *client = exchange->client;
	if (client->certificate == NULL)
		return;
	set_blob(exchange, CURLOPT_SSLCERT_BLOB, client->certificate);
	set_blob(exchange, CURLOPT_SSLKEY_BLOB, client->key);
	set_pointer(exchange, CURLOPT_KEYPASSWD, "");
}

static void set_address(struct exchange *exchange)
{
	const struct http_client *client = exchange->client;
	struct http_address address;
	if (client->server_name == NULL ||
	    !http_address_parse(exchange->address.data, &address)) {
		set_pointer(exchange, CURLOPT_URL, exchange->address.data);
		return;
	}
	buf_reset(&exchange->named);
	buf_addf(&exchange->named, "https://%s:%u%s", client->server_name, address.port,
		 address.rest);
	exchange->detours.data = client->detour;
	set_pointer(exchange, CURLOPT_URL, exchange->named.data);
	set_pointer(exchange, CURLOPT_CONNECT_TO, &exchange->detours);
}

static void set_request(struct exchange *exchange)
{
	set_pointer(exchange, CURLOPT_HTTPHEADER, exchange->lines.nodes);
	set_pointer(exchange, CURLOPT_ERRORBUFFER, exchange->client->detail);
	if (strcmp(exchange->method, "HEAD") == 0)
		set_number(exchange, CURLOPT_NOBODY, 1);
	else if (!is_get(exchange) &&
		 (exchange->body != NULL || strcmp(exchange->method, "DELETE") != 0)) {
		set_pointer(exchange, CURLOPT_POSTFIELDS,
			    exchange->body != NULL ? exchange->body : "");
		set_large(exchange, CURLOPT_POSTFIELDSIZE_LARGE,
			  (curl_off_t)exchange->length);
	}
	/* When a kept connection breaks before the first byte of a reply, curl sends
	 * the request once more, whatever it is: what may have been done would be done
	 * twice. */
	set_number(exchange, CURLOPT_FRESH_CONNECT,
		   strcmp(exchange->method, "GET") != 0 &&
			   strcmp(exchange->method, "HEAD") != 0);
	set_pointer(exchange, CURLOPT_CUSTOMREQUEST, exchange->method);
}

/* --- what went wrong --- */

static const struct {
	CURLcode result;
	int code;
	const char *text;
	bool has_detail; /* libcurl's text tells more; it holds no part of ours */
} faults[] = {
	{ CURLE_OPERATION_TIMEDOUT, ERROR_TIMEOUT, "no whole reply came in time",
	  false },
	{ CURLE_COULDNT_RESOLVE_HOST, ERROR_NETWORK,
	  "the name of the host was not found", false },
	{ CURLE_PARTIAL_FILE, ERROR_NETWORK, "the reply was cut short", false },
	{ CURLE_GOT_NOTHING, ERROR_NETWORK, "the connection was closed without a reply",
	  false },
	{ CURLE_SEND_ERROR, ERROR_NETWORK, "the connection broke", true },
	{ CURLE_RECV_ERROR, ERROR_NETWORK, "the connection broke", true },
	{ CURLE_PEER_FAILED_VERIFICATION, ERROR_NETWORK,
	  "the certificate is not to be trusted", true },
	{ CURLE_SSL_CONNECT_ERROR, ERROR_NETWORK, "TLS failed", true },
	{ CURLE_SSL_CERTPROBLEM, ERROR_NETWORK,
	  "our own certificate and its key cannot be used", true },
	{ CURLE_SSL_CACERT_BADFILE, ERROR_NETWORK,
	  "the certificates of the authorities cannot be read", false },
	{ CURLE_UNSUPPORTED_PROTOCOL, ERROR_NETWORK,
	  "the other side does not speak HTTP", false },
	{ CURLE_WEIRD_SERVER_REPLY, ERROR_NETWORK, "the other side does not speak HTTP",
	  false },
	{ CURLE_FILESIZE_EXCEEDED, ERROR_LIMIT,
	  "the reply is over the limit http.reply_bytes", false },
	{ CURLE_OUT_OF_MEMORY, ERROR_MEMORY, "no memory for a request", false },
};

static int connect_failed(const struct exchange *exchange)
{
	const struct http_client *client = exchange->client;
	long number = 0;
	client->curl->easy_getinfo(client->easy, CURLINFO_OS_ERRNO, &number);
	const char *reason = number != 0 ? strerrordesc_np((int)number) : NULL;
	return error_set(exchange->err, ERROR_NETWORK, "no connection to '%s': %s",
			 client->origin.host,
			 reason != NULL ? reason : "nobody answers");
}

static int request_failed(const struct exchange *exchange, CURLcode result)
{
	const struct http_client *client = exchange->client;
	if (exchange->failed != NULL) {
		int code = exchange->failed_code;
		return error_set(exchange->err,
				 code == ERROR_SYNTAX ? ERROR_NETWORK : code, "%s",
				 exchange->failed);
	}
	if (result == CURLE_COULDNT_CONNECT)
		return connect_failed(exchange);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].result == result)
			return error_set(exchange->err, faults[i].code, "%s%s%s",
					 faults[i].text,
					 faults[i].has_detail ? ": " : "",
					 faults[i].has_detail ? client->detail : "");
	return error_set(exchange->err, ERROR_NETWORK, "%s",
			 client->curl->easy_strerror(result));
}

/* --- hops --- */

static int perform(struct exchange *exchange)
{
	struct http_client *client = exchange->client;
	http_head_release(&exchange->head);
	http_head_init(&exchange->head);
	buf_reset(&exchange->reply);
	if (exchange->deadline <= clock_monotonic())
		return request_failed(exchange, CURLE_OPERATION_TIMEDOUT);
	client->curl->easy_reset(client->easy); /* keeps connections */
	client->detail[0] = '\0';
	set_callbacks(exchange);
	set_bounds(exchange);
	set_identity(exchange);
	set_address(exchange);
	set_request(exchange);
	if (exchange->named.failed != 0)
		return buf_status(&exchange->named, "an address", exchange->err);
	if (exchange->option_failed != 0)
		return error_set(exchange->err, ERROR_UNSUPPORTED,
				 "this libcurl does not take its option %d",
				 exchange->option_failed);
	CURLcode result = client->curl->easy_perform(client->easy);
	/* libcurl takes a reply that ends within its headers for whole. */
	if (result == CURLE_OK && !exchange->head.is_complete)
		result = CURLE_PARTIAL_FILE;
	return result == CURLE_OK ? 0 : request_failed(exchange, result);
}

static int status_of(const struct exchange *exchange)
{
	long status = 0;
	exchange->client->curl->easy_getinfo(exchange->client->easy,
					     CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static bool is_redirect(const struct exchange *exchange)
{
	int status = status_of(exchange);
	return is_get(exchange) && exchange->head.location.length > 0 &&
	       (status == 301 || status == 302 || status == 303 || status == 307 ||
		status == 308);
}

/* Puts what a reply refers to into `out`; another origin is an error that names its
 * host, but nothing else of it. */
static int resolve(const struct exchange *exchange, const char *reference,
		   const char *what, struct buf *out)
{
	struct http_address other;
	if (http_address_resolve(exchange->address.data, reference, out) == 0)
		return buf_status(out, what, exchange->err);
	bool readable = http_address_parse(reference, &other);
	return error_set(exchange->err, ERROR_FORBIDDEN_HOST,
			 "%s leads to %s://%s, port %u, which is not the configured "
			 "scheme, host and port (does the other side know its own "
			 "address?)",
			 what, !readable || other.secure ? "https" : "http",
			 readable ? other.host : "(unreadable)",
			 readable ? other.port : 0);
}

static int follow(struct exchange *exchange)
{
	struct buf next = BUF_INIT(exchange->address.maximum);
	int code = resolve(exchange, exchange->head.location.data, "a redirect", &next);
	if (code != 0) {
		buf_release(&next);
		return code;
	}
	buf_release(&exchange->address);
	exchange->address = next;
	return perform(exchange);
}

static int perform_all(struct exchange *exchange)
{
	int code = perform(exchange);
	for (int hops = 0; code == 0 && is_redirect(exchange); hops++) {
		if (hops == REDIRECTS_MAXIMUM)
			return error_set(exchange->err, ERROR_LIMIT,
					 "more than %d redirects", REDIRECTS_MAXIMUM);
		code = follow(exchange);
	}
	return code;
}

/* --- the reply --- */

/* The next page's address. A list whose rest cannot be had is no list. */
static int find_next(const struct exchange *exchange, struct http_reply *out)
{
	struct buf reference = BUF_INIT(sizeof(out->next) - 1);
	struct buf next = BUF_INIT(sizeof(out->next) - 1);
	const char *what = "the Link to the next page";
	int code = 0;
	if (is_get(exchange) && out->status < 300)
		code = http_head_next_link(exchange->head.links.data, &reference);
	if (code == 0)
		code = buf_status(&reference, what, exchange->err);
	else
		code = error_set(exchange->err, ERROR_NETWORK,
				 "the reply's Link header cannot be read");
	if (code == 0 && reference.length > 0)
		code = resolve(exchange, reference.data, what, &next);
	if (code == 0)
		memcpy(out->next, next.data, next.length + 1);
	buf_release(&reference);
	buf_release(&next);
	return code;
}

static int make_reply(struct exchange *exchange, struct http_reply *out)
{
	const struct http_head *head = &exchange->head;
	struct http_reply reply = {
		.status = status_of(exchange),
		.date = head->date,
		.retry_after = http_head_retry_at(head, clock_now()),
		.remaining = head->remaining,
	};
	int code = find_next(exchange, &reply);
	if (code != 0)
		return code;
	memcpy(reply.content_type, head->content_type, sizeof(reply.content_type));
	memcpy(reply.scopes, head->scopes, sizeof(reply.scopes));
	reply.body = exchange->reply;
	buf_init(&exchange->reply, 0);
	*out = reply;
	return 0;
}

static bool is_method(const char *method)
{
	size_t length = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return length > 0 && length <= 16 && method[length] == '\0';
}

static int run(struct exchange *exchange, const char *target,
	       const struct http_header *headers, struct http_reply *out)
{
	int code = 0;
	if (!is_method(exchange->method))
		return error_set(exchange->err, ERROR_USAGE, "there is no such method");
	code = find_address(exchange->client, target, &exchange->address,
			    exchange->err);
	if (code == 0)
		code = fill_lines(exchange, headers, exchange->err);
	if (code == 0)
		code = perform_all(exchange);
	if (code == 0)
		code = make_reply(exchange, out);
	if (code != 0 && exchange->address.length > 0)
		error_context(exchange->err, "%s %.*s", exchange->method,
			      (int)strcspn(exchange->address.data, "?#"),
			      exchange->address.data);
	return code;
}

int http_request(struct http_client *client, const char *method, const char *target,
		 const struct http_header *headers, const void *body, size_t length,
		 struct http_reply *out, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct exchange exchange = {
		.client = client,
		.method = method,
		.body = body,
		.length = body != NULL ? length : 0,
		.deadline = clock_monotonic() + client->timeout,
		.err = err != NULL ? err : &ignored,
	};
	buf_init(&exchange.address, limits_default.values[LIMIT_HTTP_URI_BYTES]);
	buf_init(&exchange.named,
		 exchange.address.maximum + sizeof(struct http_address));
	buf_init(&exchange.reply, limits_default.values[LIMIT_HTTP_REPLY_BYTES]);
	http_head_init(&exchange.head);
	int code = run(&exchange, target, headers, out);
	release_lines(&exchange.lines);
	http_head_release(&exchange.head);
	buf_release(&exchange.address);
	buf_release(&exchange.named);
	buf_release(&exchange.reply);
	return code;
}

void http_reply_release(struct http_reply *reply)
{
	buf_release(&reply->body);
}
