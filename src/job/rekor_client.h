/* job/rekor_client.h - asks a Rekor log for what it knows of an object of git, as
 * gitsign told it in its online mode: by the digest of the object's id.
 *
 * What it answers is believed by nobody: each gate checks what was stored. Requests go
 * to the one address alone (net/http.h). Threads: one a client. Source: sigstore/rekor
 * openapi.yaml, /api/v1/index/retrieve and /api/v1/log/entries. */
#ifndef JOB_REKOR_CLIENT_H
#define JOB_REKOR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct error;
struct oid;
struct rekor_client;

struct rekor_client_options {
	const char *url;         /* "https://rekor.sigstore.dev" */
	const char *authorities; /* PEM text; NULL or "": the system's */
	int64_t timeout;         /* of one request */
};

/* ERROR_USAGE: what is wrong with the address; ERROR_UNSUPPORTED: no libcurl. */
int rekor_client_new(struct rekor_client **out,
		     const struct rekor_client_options *options, struct error *err);
void rekor_client_free(struct rekor_client *client);

/* Whether one entry, as rekor_stored_add() wrote it, is worth keeping: the search ends
 * with it then, and it alone is appended. */
typedef bool (*rekor_client_take)(void *data, const struct buf *stored);

/* Appends the entries about an object, REKOR_STORED_MAX at most are looked at; *count
 * says how many. `take` NULL: all of them are kept. Anybody may tell the log of any
 * object, so one that cannot be read hides no other. `arena`: for the replies.
 * ERROR_NOT_FOUND: none; ERROR_SYNTAX or ERROR_LIMIT: what was answered cannot be read;
 * rekor_client_is_down() for the rest. */
int rekor_client_find(struct rekor_client *client, struct arena *arena,
		      const struct oid *id, rekor_client_take take, void *data,
		      struct buf *stored, size_t *count, struct error *err);

/* Whether such an error says something about the log and not about one object. */
bool rekor_client_is_down(int code);
/* How many requests were made; when it wants to be asked again (clock_now() terms), 0:
 * it did not say. */
uint64_t rekor_client_requests(const struct rekor_client *client);
int64_t rekor_client_retry_at(const struct rekor_client *client);

#endif
