/* forge/call.h - calls of a forge's API with JSON both ways; for forge/ only.
 *
 * One call, one reply, every status mapped to one error (see forge/forge.h); the text
 * of an error names method, path, status and what the forge said, escaped and bounded.
 * What the reply says about limits goes to forge->budget. What a reply holds is read by
 * fields, which fail together: one check at the end, as with buffers. */
#ifndef FORGE_CALL_H
#define FORGE_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/oid.h"
#include "forge/driver.h"

struct arena;
struct buf;
struct error;
struct http_header;
struct node;

#define CALL_TARGET_BYTES 2048 /* of a path or address, with the NUL */
#define CALL_TEXT_BYTES   4096 /* of a field; longer ones are as if unreadable */
#define CALL_TITLE_BYTES  512  /* of what is cut instead */
#define CALL_BODY_BYTES   ((size_t)4 << 20) /* of a request: for BUF_INIT() */

/* --- one call --- */

struct call {
	const char *method;
	const char *target;     /* call_target(), or an address that the forge gave */
	const struct buf *body; /* JSON; NULL: none */
	const char *right;      /* what the token needs for it, for the text of a 403:
				   "write:repository"; NULL: not known */
	bool conflict_passes;   /* 409 is ERROR_FORGE (again later), not refused */
	const struct http_header *headers; /* end with a NULL name; NULL: none */
};

struct call_reply {
	int status;
	const struct node *body; /* NULL: it has none */
	const char *next;        /* rel="next" of Link, or "" */
	const char *scopes;      /* of the token, when the forge says: "" */
	int64_t date;            /* the forge's clock, 0: not said */
};

/* 0 for 2xx, with the reply in the arena (`out` may be NULL: the body is not read
 * then). Errors as forge/forge.h has them; *retry_at is set when the forge said when to
 * come back, and always with ERROR_RATE_LIMITED. ERROR_MEMORY for a NULL target or a
 * failed body. */
int forge_call(struct forge *forge, const struct call *call, struct arena *arena,
	       struct call_reply *out, int64_t *retry_at, struct error *err);
/* The same, and *id is the "id" of what was made. 204: it was taken, and has the one
 * that it had. */
int forge_call_made(struct forge *forge, const struct call *call, struct arena *arena,
		    const char **id, int64_t *retry_at, struct error *err);
/* GET without more. */
int forge_get(struct forge *forge, const char *target, const char *right,
	      struct arena *arena, struct call_reply *out, int64_t *retry_at,
	      struct error *err);

/* Builds a path below the base. Of the pattern {} takes a string as one segment or
 * query value, {/} a string whose slashes stay, both percent-encoded; {#} takes a
 * uint64_t: call_target(arena, "/repos/{/}/issues/{#}/comments", name, number). NULL:
 * out of memory, too long, or a segment that is "." or "..". */
const char *call_target(struct arena *arena, const char *pattern, ...);

/* --- lists --- */

/* Takes one page. `next` holds the address of the next one (from Link), "" for none:
 * forges that say it otherwise write it there; "" ends the list. The page's nodes are
 * gone afterwards. */
typedef int (*call_page)(void *data, const struct call_reply *page,
			 char next[CALL_TARGET_BYTES], struct error *err);
/* GETs page after page. More than forge.pages of them: ERROR_LIMIT. */
int forge_call_pages(struct forge *forge, const char *target, const char *right,
		     call_page take, void *data, int64_t *retry_at, struct error *err);

/* --- what a reply holds --- */

/* The node under a dotted path ("head.repo.full_name"), or NULL. */
const struct node *call_child(const struct node *node, const char *path);

struct call_fields {
	struct arena *arena; /* texts are copied to it */
	const struct node *node;
	const char *what;    /* "the merge request" */
	int code;            /* sticks */
	const char *missing; /* the path that was missing or unreadable */
};

enum call_need {
	CALL_OPTIONAL = 0, /* absent, null or of another type: the value for nothing */
	CALL_NEEDED,       /* then it fails */
};

void call_fields_begin(struct call_fields *fields, struct arena *arena,
		       const struct node *node, const char *what);
/* A string, or a number as it is written; never NULL, "" for nothing. Too long fails
 * always. */
const char *call_text(struct call_fields *fields, const char *path,
		      enum call_need need);
/* The same, cut at CALL_TITLE_BYTES. */
const char *call_title(struct call_fields *fields, const char *path);
/* A whole id; an abbreviated one counts as nothing. */
void call_oid(struct call_fields *fields, const char *path, enum call_need need,
	      struct oid *out);
uint64_t call_number(struct call_fields *fields, const char *path, enum call_need need);
bool call_boolean(struct call_fields *fields, const char *path); /* absent: false */
/* RFC 3339, as microseconds; 0 for nothing. */
int64_t call_time(struct call_fields *fields, const char *path);
/* 0, ERROR_MEMORY, or ERROR_FORGE with what is missing in what. */
int call_fields_status(const struct call_fields *fields, struct error *err);

/* A branch's name as a full ref, also that of a branch that is called "refs/x"; "" for
 * nothing. */
const char *call_branch(struct call_fields *fields, const char *path,
			enum call_need need);

/* The reviews of a merge request, one a reviewer; they are added oldest first. */
struct call_reviews {
	struct arena *arena;
	struct msg_review_row *items;
	size_t count;
	size_t capacity;
};
/* The last one of a person counts, but a comment takes nothing back. Without a reviewer
 * or state it is left out. ERROR_MEMORY, or ERROR_LIMIT over forge.reviews. */
int call_review_add(struct call_reviews *reviews, const struct msg_review_row *review,
		    struct error *err);

/* A list of numbers that grows in an arena (merge requests). */
struct call_numbers {
	uint64_t *items;
	size_t count;
	size_t capacity;
};
/* ERROR_MEMORY, or ERROR_LIMIT over forge.merge_requests. */
int call_numbers_add(struct call_numbers *numbers, struct arena *arena, uint64_t number,
		     struct error *err);

/* --- what is posted --- */

/* States of a report_item; each driver has a table of its forge's words. */
enum call_state {
	CALL_STATE_UNKNOWN = 0,
	CALL_PENDING,
	CALL_RUNNING,
	CALL_SUCCESS,
	CALL_FAILURE,
	CALL_ERROR, /* a fault of gitgate's own, or of what it needs */
	CALL_CANCELLED,
	CALL_SKIPPED, /* it does not apply */
};
#define CALL_STATE_COUNT (CALL_SKIPPED + 1)
enum call_state call_state_by_name(const char *name); /* "pending", "success" ... */
/* The text, cut with "..." behind so many code points; NULL: out of memory. */
const char *call_cut(struct arena *arena, const char *text, size_t characters);

/* --- checks of forge_test() --- */

struct call_checks {
	struct arena *arena;
	struct forge_check *items;
	size_t count;
	size_t capacity;
	bool failed; /* out of memory */
};
/* Texts are copied. `mend` NULL: nothing to do. */
void call_check(struct call_checks *checks, enum forge_check_result result,
		const char *what, const char *mend, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* The forge's clock (Date of a reply) beside ours. */
void call_check_clock(struct call_checks *checks, int64_t date);
/* The webhooks that send to one address. */
struct call_hooks {
	struct arena *arena;
	const char *url;
	const char **ids;
	size_t count;
	size_t capacity;
	bool active; /* of the last one */
	bool pushes;
	bool merge_requests;
};
int call_hook_add(struct call_hooks *hooks, const char *id, struct error *err);
/* Notes in a list of names of events whether pushes are among them (by that name), and
 * merge requests (names that begin with `prefix`). */
void call_hook_events(struct call_hooks *hooks, const struct node *list,
		      const char *push, const char *prefix);
/* The first of a page's webhooks that sends to `url`, the member at that path; NULL:
 * none does. */
const struct node *call_hook_find(const struct call_reply *page, const char *path,
				  const char *url);
/* Sends a body that holds a secret; it is wiped and released. */
int call_hook_send(struct forge *forge, const struct call *call, struct buf *body,
		   struct arena *arena, struct call_reply *reply, struct error *err);
void call_check_hook(struct call_checks *checks, const struct call_hooks *hooks);
/* False, with a check that says so, when our address is not known. */
bool call_check_hook_url(struct call_checks *checks, const char *url);
/* The line of forge_hook(): "made the webhook of ...". */
int call_hook_done(struct arena *arena, const char *done,
		   const struct forge_set_up *set_up, const char **text,
		   struct error *err);
/* Hands the list over. */
int call_checks_take(const struct call_checks *checks, struct forge_check **out,
		     size_t *count, struct error *err);

#endif
