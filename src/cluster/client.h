/* cluster/client.h - HTTP to the API server of a cluster, as cluster/access.h says. */
#ifndef CLUSTER_CLIENT_H
#define CLUSTER_CLIENT_H

#include <stdint.h>

struct cluster_access;
struct error;
struct http_client;
struct http_reply;

/* A client of net/http.h that is bound to the server; it keeps copies. `timeout` in
 * microseconds, for a whole request. ERROR_USAGE, ERROR_UNSUPPORTED (no libcurl). */
int cluster_client_new(struct http_client **out, const struct cluster_access *access,
		       int64_t timeout, struct error *err);

/* 0 for a reply of 2xx; others are an error with the server's own words (the message of
 * a Status, Kubernetes API conventions, "Response Status Kind"): ERROR_UNAUTHENTICATED
 * (401), ERROR_PERMISSION (403), ERROR_NOT_FOUND (404), ERROR_RATE_LIMITED (429),
 * otherwise ERROR_NETWORK. `request` names what was asked: "GET /openapi/v2". Words
 * that hold our token are left out. */
int cluster_reply_check(const struct http_client *client,
			const struct http_reply *reply, const char *request,
			struct error *err);
/* GET, with the reply checked: the caller releases `out` after success. Errors of
 * http_request() as well. */
int cluster_get(struct http_client *client, const char *target, struct http_reply *out,
		struct error *err);

#endif
