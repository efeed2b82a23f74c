/* forge/forge.h - the forges: who signed a webhook, what it says, and how a forge is
 * asked and told.
 *
 * One driver a forge (forge/<kind>.c): a const struct of functions on plain parameters;
 * callers use the wrappers here. Three uses, by three processes that share nothing:
 *   intake   forge_authenticate(): bytes and headers, no parsing
 *   read     forge_read(): an authentic payload to hints; no network
 *   report   forge_open() and what takes a session: HTTP to the configured API only
 * Nothing from a payload is ever used as an address; ids that are in it are hints, the
 * truth is read from the API or fetched. Facts about each forge: what its published
 * documents say; each file names them. */
#ifndef FORGE_FORGE_H
#define FORGE_FORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/oid.h"
#include "model/messages.h"

struct arena;
struct buf;
struct error;
struct limits;

enum forge_kind {
	FORGE_UNKNOWN = 0,
#define FORGE_KIND(NAME, shown, api) FORGE_##NAME,
#include "model/forge_kinds.def"
#undef FORGE_KIND
	FORGE_COUNT
};

enum forge_kind forge_by_name(const char *name); /* FORGE_UNKNOWN */
const char *forge_name(enum forge_kind kind);    /* "bitbucket-cloud" */
const char *forge_api(enum forge_kind kind);     /* default base address, "" */
bool forge_has_api(enum forge_kind kind);
/* The ref under which the forge offers the head of a merge request
 * ("refs/pull/7/head"); false: it has none (bitbucket-cloud, hmac, standard-webhooks).
 */
bool forge_head_ref(enum forge_kind kind, uint64_t number, char *out, size_t size);

/* --- intake --- */

/* A request's header, or NULL; two of one name: NULL and *twice = true. */
typedef const char *(*forge_header)(void *data, const char *name, bool *twice);

struct forge_webhook {
	enum forge_kind kind;
	const char *const *secrets; /* 1 or 2 */
	size_t secret_count;
	const char *signature_header; /* of FORGE_HMAC */
	bool plain_token;             /* GitLab's X-Gitlab-Token is accepted */
	forge_header header;
	void *header_data;
	const void *body;
	size_t length;
	int64_t now; /* clock_now(): of signed timestamps, 5 minutes either way */
};

struct forge_authentic {
	const char *event;      /* borrowed from the headers; "" */
	const char *event_type; /* Gitea's finer one; "" */
	const char *forge_id;   /* the delivery's id at the forge; "" */
	bool form;              /* the body is payload=<urlencoded> */
	bool weak;              /* by a plain token */
};

/* 0; ERROR_UNAUTHENTICATED for every reason (the text, for the log only, says which,
 * and never holds what was sent; for a timestamp outside the window: the clocks'
 * offset); ERROR_USAGE when authentic, but of a content type that nobody reads (415).
 * Constant time in the secrets. A secret is never empty; an absent, empty or repeated
 * signature header never matches. */
int forge_authenticate(const struct forge_webhook *webhook, struct forge_authentic *out,
		       struct error *err);

/* --- read --- */

/* Hints in the arena; at least one (of kind "ignored" or "ping" when there is nothing
 * to look at, with the reason). ERROR_SYNTAX, ERROR_LIMIT ... when it cannot be read:
 * look everywhere. Every string is bounded and UTF-8; refs are full and pass
 * ref_check(), ids are whole or have no length. */
int forge_read(enum forge_kind kind, const struct msg_read_item *item, const void *body,
	       size_t length, const struct limits *limits, struct arena *arena,
	       struct msg_hint_row **out, size_t *count, struct error *err);

/* --- report --- */

struct forge; /* a session: one API, one credential */

/* Takes what it needs from the message (copied). ERROR_USAGE: the base address or key
 * is bad. */
int forge_open(struct forge **out, const struct msg_forge_session *session,
	       struct error *err);
void forge_close(struct forge *forge);
/* What the last replies said about limits, and the installation token in use. */
void forge_budget(const struct forge *forge, struct msg_forge_budget *out);

/* The functions below: 0, or ERROR_NETWORK, ERROR_TIMEOUT (again later),
 * ERROR_RATE_LIMITED
 * (*retry_at says when), ERROR_FORGE (it failed: 5xx, unreadable; again later),
 * ERROR_FORGE_DENIED (401, 403: the token lacks a right; the text says which),
 * ERROR_NOT_FOUND, ERROR_FORGE_REFUSED (4xx: never again as it is). Texts name method,
 * path and status, never credentials, and what the forge said (escaped, bounded). */

/* Posts a status, or for an App a check run with annotations; or the one comment of a
 * merge request, made or updated in place. Idempotent: what is there already is not
 * posted again. `item->forge_ref` as it came the last time; the new one in the arena.
 */
int forge_report(struct forge *forge, const struct msg_report_item *item,
		 const struct msg_finding_row *findings, size_t finding_count,
		 struct arena *arena, const char **forge_ref, int64_t *retry_at,
		 struct error *err);

struct forge_merge_request {
	/* repository is left NULL; head and base of one that is not open may be unknown
	 * (length 0): its commits may be gone */
	struct msg_merge_request_row row;
	struct msg_review_row *reviews; /* the last effective one a reviewer */
	size_t review_count;
};

/* One merge request with its reviews. */
int forge_merge_request(struct forge *forge, const char *name, uint64_t number,
			struct arena *arena, struct forge_merge_request *out,
			int64_t *retry_at, struct error *err);
/* All open ones, bounded by forge.merge_requests; reviews are read too. One that cannot
 * be read, for reasons of its own, has its number and no state. */
int forge_open_merge_requests(struct forge *forge, const char *name,
			      struct arena *arena, struct forge_merge_request **out,
			      size_t *count, int64_t *retry_at, struct error *err);
/* Those that a commit came by (merged or open). */
int forge_commit_merge_requests(struct forge *forge, const char *name,
				const struct oid *commit, struct arena *arena,
				struct forge_merge_request **out, size_t *count,
				int64_t *retry_at, struct error *err);

/* --- set-up: gitgate forge test | hook --- */

enum forge_check_result {
	FORGE_CHECK_UNKNOWN = 0, /* could not be found out; the text says why */
	FORGE_CHECK_GOOD,
	FORGE_CHECK_WARNING,
	FORGE_CHECK_BAD,
};

struct forge_check {
	enum forge_check_result result;
	const char *what; /* "token", "repository acme/shop", "webhook", "required
			     status", "clock" */
	const char *text; /* what was found */
	const char *mend; /* what to do or click; NULL */
};

struct forge_set_up {
	const char *name;     /* full name of the repository */
	const char *branch;   /* whose required statuses are looked at: "main" */
	const char *hook_url; /* public-url/hooks/<source>; NULL: not known */
	const char *secret;   /* of the webhook, for forge_hook() */
};

/* Looks at token, repository, webhook, required status and clock. 0 with the checks; an
 * error only when nothing could be asked at all. */
int forge_test(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, struct forge_check **out, size_t *count,
	       struct error *err);
/* Creates the webhook or brings it up to date (events, secret, JSON). *text: what was
 * done, one line. */
int forge_hook(struct forge *forge, const struct forge_set_up *set_up,
	       struct arena *arena, const char **text, struct error *err);

#endif
