/* job/fetch_log.c - what a fetch brought is looked through for signatures whose log
 * entry is missing, and the log is asked for it. */
#include "job/fetch_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "job/judge.h"
#include "job/rekor_client.h"
#include "job/wanted_proofs.h"
#include "model/facts.h"
#include "model/messages.h"
#include "repo/repo.h"
#include "trust/signature.h"
#include "trust/sigstore.h"

#define WANTED_FILE   "wanted"
#define ARENA_BYTES   ((size_t)64 << 20)
#define INQUIRY_BYTES ((size_t)48 << 20) /* one object, its signature, the replies */
#define HIDDEN_MAX    1000 /* tips that bound the walk: more cost more than they save */
#define TAGS_MAX      16   /* of a chain, as job/collect_tags.c */
#define ASKING        (30 * CLOCK_SECOND) /* of one fetch: others wait for it */
/* gitsign tells the log before the push, but the log's index comes a moment later. */
#define PAUSE_SECONDS 2
#define REQUESTS_EACH 2 /* an object: one for the index, one for the entry */

struct fetch_log {
	const struct msg_fetch *request;
	struct arena *arena;
	const char *directory; /* of proofs */
	const char *mark;      /* stands while what is new was not looked at */
	bool everything;       /* what was not judged, not only what is new */
	struct map before;     /* ids that the mirror's refs had */
	struct oid *hidden;
	size_t hidden_count, hidden_capacity;
	struct oid *tips;
	size_t tip_count, tip_capacity;
	struct repo *repo;
	struct wanted_proofs wanted;
	struct rekor_client *client;
	struct error problem; /* of the log */
	int64_t deadline;
	uint64_t stored;
	struct error *err;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory while looking for proofs");
}

/* --- before --- */

static int hide(struct fetch_log *log, const struct oid *id)
{
	struct oid *slot = ARENA_PUSH(log->arena, &log->hidden, &log->hidden_count,
				      &log->hidden_capacity);

	if (!slot)
		return no_memory(log->err);
	*slot = *id;
	return 0;
}

static int remember_tip(void *data, const char *name, const struct oid *id)
{
	struct fetch_log *log = data;
	struct oid *key = arena_copy(log->arena, id, sizeof(*id));
	(void)name;

	if (!key ||
	    map_put(&log->before, (const char *)key->bytes, key->length, key) != 0)
		return no_memory(log->err);
	return log->hidden_count < HIDDEN_MAX ? hide(log, id) : 0;
}

static int set_mark(struct fetch_log *log)
{
	int fd FD_CLOSING =
		open(log->mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 ? 0
		       : error_set_errno(log->err, errno, "cannot write '%s'",
					 log->mark);
}

static int begin(struct fetch_log *log)
{
	const struct msg_fetch *request = log->request;
	const char *wanted = NULL;

	log->arena = arena_new(ARENA_BYTES);
	if (log->arena) {
		log->directory = arena_printf(log->arena, "%s/%s", request->mirror,
					      PROOF_DIRECTORY);
		log->mark = arena_printf(log->arena, "%s/unseen", log->directory);
		wanted = arena_printf(log->arena, "%s/%s", log->directory, WANTED_FILE);
	}
	if (!log->directory || !log->mark || !wanted)
		return no_memory(log->err);
	log->everything =
		request->again || path_exists(log->mark) || !path_exists(wanted);
	int rc = path_make_directories(log->directory, 0755, log->err);
	if (rc == 0)
		rc = set_mark(log);
	if (rc == 0)
		rc = wanted_proofs_open(&log->wanted, log->arena, wanted, log->err);
	for (size_t i = 0; rc == 0 && i < request->judged.count; i++)
		rc = hide(log, &request->judged.items[i]);
	if (rc != 0 || log->everything)
		return rc;
	rc = repo_open(&log->repo, request->mirror, NULL, log->err);
	if (rc == 0)
		rc = repo_each_ref(log->repo, remember_tip, log, log->err);
	repo_close(log->repo);
	log->repo = NULL;
	return rc;
}

/* What comes while no log is configured is looked at when one is: the file says that
 * all was. */
static void forget(const struct msg_fetch *request)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%s", request->mirror, PROOF_DIRECTORY,
		 WANTED_FILE);
	unlink(path);
}

int fetch_log_begin(struct fetch_log **out, const struct msg_fetch *request,
		    struct error *err)
{
	*out = NULL;
	if (!request->log || !*request->log) {
		forget(request);
		return 0;
	}
	struct fetch_log *log = calloc(1, sizeof(*log));
	if (!log)
		return no_memory(err);
	log->request = request;
	log->err = err;
	int rc = begin(log);
	if (rc == 0)
		*out = log;
	else
		fetch_log_free(log);
	return rc;
}

void fetch_log_free(struct fetch_log *log)
{
	if (!log)
		return;
	rekor_client_free(log->client);
	wanted_proofs_release(&log->wanted);
	map_release(&log->before);
	repo_close(log->repo);
	arena_free(log->arena);
	free(log);
}

/* --- what is new --- */

static bool has_proof(const struct fetch_log *log, const struct oid *id)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", log->directory, oid_text(id));
	return path_exists(path);
}

static int want(struct fetch_log *log, const struct oid *id)
{
	return has_proof(log, id) ? 0 : wanted_proofs_add(&log->wanted, id, log->err);
}

/* Whose it is, and whether a proof came with it, is looked at when it is asked for. */
static bool may_need_proof(const char *signature, size_t length)
{
	static const char first_line[] = "-----BEGIN SIGNED MESSAGE-----";
	const size_t bytes = sizeof(first_line) - 1;

	return length > bytes && memcmp(signature, first_line, bytes) == 0;
}

static int see_commit(void *data, const struct oid *id, const struct commit_text *text,
		      const struct object *object, const struct error *problem)
{
	struct fetch_log *log = data;
	(void)object;
	(void)problem;

	if (!text || !may_need_proof(text->signature.bytes, text->signature.length))
		return 0;
	return want(log, id);
}

/* A tag is wanted, and *id is what it names. */
static int see_tag(struct fetch_log *log, struct oid *id)
{
	const size_t most = (size_t)limits_default.values[LIMIT_GIT_COMMIT_BYTES];
	struct object object;
	struct tag_text text;
	int rc = repo_read(log->repo, id, most, &object, NULL);

	if (rc != 0)
		return rc;
	rc = tag_split(&text, object.bytes, object.length, id->length, NULL);
	if (rc == 0 && may_need_proof(text.signature.bytes, text.signature.length))
		rc = want(log, id);
	if (rc == 0)
		*id = text.target;
	repo_object_release(&object);
	return rc;
}

/* What is malformed is the judge's business. */
static int see_ref(void *data, const char *name, const struct oid *tip)
{
	struct fetch_log *log = data;
	enum object_type type = OBJECT_TAG;
	struct oid id = *tip;

	if (text_starts_with(name, "refs/gitgate/") ||
	    map_has(&log->before, (const char *)id.bytes, id.length))
		return 0;
	for (size_t i = 0; i < TAGS_MAX && type == OBJECT_TAG; i++) {
		if (repo_stat(log->repo, &id, &type, NULL, NULL) != 0)
			return 0;
		int rc = type == OBJECT_TAG ? see_tag(log, &id) : 0;
		if (rc == ERROR_MEMORY || rc == ERROR_LIMIT)
			return rc;
		if (rc != 0)
			return 0;
	}
	if (type != OBJECT_COMMIT)
		return 0;
	struct oid *slot =
		ARENA_PUSH(log->arena, &log->tips, &log->tip_count, &log->tip_capacity);
	if (!slot)
		return no_memory(log->err);
	*slot = id;
	return 0;
}

static int look(struct fetch_log *log)
{
	int rc = repo_each_ref(log->repo, see_ref, log, log->err);
	const struct range range = {
		.tips = log->tips,
		.tip_count = log->tip_count,
		.hidden = log->hidden,
		.hidden_count = log->hidden_count,
	};

	return rc == 0 && log->tip_count
		       ? repo_range(log->repo, &range, see_commit, log, log->err)
		       : rc;
}

/* --- asking --- */

/* Of one object. */
struct inquiry {
	struct fetch_log *log;
	struct arena *arena;
	const struct oid *id;
	struct signature_fact fact;
};

static int verify(struct inquiry *inquiry, const struct span *payload, size_t count,
		  const char *armor, size_t length)
{
	struct trust_span spans[3];

	for (size_t i = 0; i < count; i++)
		spans[i] = (struct trust_span){ payload[i].bytes, payload[i].length };
	return signature_verify(&inquiry->fact, inquiry->arena, spans, count, armor,
				length, NULL);
}

static int verify_commit(struct inquiry *inquiry, const struct object *object)
{
	struct commit_text text;
	size_t length = 0;
	int rc = commit_split(&text, object->bytes, object->length, inquiry->id->length,
			      NULL);
	char *armor =
		rc == 0 ? signature_unfold(inquiry->arena, text.signature, &length)
			: NULL;

	if (rc == 0 && !armor)
		return ERROR_MEMORY;
	return rc == 0 ? verify(inquiry, text.payload, text.payload_count, armor,
				length)
		       : rc;
}

static int verify_tag(struct inquiry *inquiry, const struct object *object)
{
	struct tag_text text;
	int rc = tag_split(&text, object->bytes, object->length, inquiry->id->length,
			   NULL);

	return rc == 0 ? verify(inquiry, text.payload, text.payload_count,
				text.signature.bytes, text.signature.length)
		       : rc;
}

/* Whether it is gitsign's, good, and without a proof of its own: nobody is asked of
 * anything else. */
static bool needs_proof(struct inquiry *inquiry)
{
	const size_t most = (size_t)limits_default.values[LIMIT_GIT_COMMIT_BYTES];
	const struct signature_fact *fact = &inquiry->fact;
	struct object object;
	int rc = repo_read(inquiry->log->repo, inquiry->id, most, &object, NULL);

	if (rc != 0)
		return false;
	rc = object.type == OBJECT_COMMIT ? verify_commit(inquiry, &object)
	     : object.type == OBJECT_TAG  ? verify_tag(inquiry, &object)
					  : ERROR_NOT_FOUND;
	repo_object_release(&object);
	return rc == 0 && fact->status == SIGNATURE_GOOD && fact->x509 &&
	       fact->x509->sigstore && !fact->x509->sigstore->entry;
}

static bool fits(void *data, const struct buf *stored)
{
	struct inquiry *inquiry = data;
	struct error why = ERROR_INIT;

	return sigstore_use_stored(&inquiry->fact, inquiry->arena,
				   oid_text(inquiry->id), stored->data,
				   stored->length) == 0 &&
	       sigstore_check_stored(&inquiry->fact, &why) == 0;
}

static int store(struct inquiry *inquiry, const struct buf *entry, struct error *err)
{
	struct fetch_log *log = inquiry->log;
	const char *path = arena_printf(inquiry->arena, "%s/%s", log->directory,
					oid_text(inquiry->id));

	if (!path)
		return no_memory(err);
	int rc = path_write_atomic(path, entry->data, entry->length, 0644, err);
	if (rc == 0) {
		log->stored++;
		log_info("a log entry is stored",
			 LOG_S("repository", log->request->repository),
			 LOG_S("object", oid_text(inquiry->id)));
	}
	return rc;
}

static void search(struct inquiry *inquiry, struct wanted_proof *proof)
{
	struct fetch_log *log = inquiry->log;
	struct buf entry = BUF_INIT(limits_default.values[LIMIT_SIGSTORE_PROOF_BYTES]);
	struct error problem = ERROR_INIT;
	size_t count = 0;
	int rc = rekor_client_find(log->client, inquiry->arena, inquiry->id, fits,
				   inquiry, &entry, &count, &problem);

	if (rc == 0)
		rc = store(inquiry, &entry, &problem);
	buf_release(&entry);
	if (rc == 0) {
		wanted_proof_end(&log->wanted, proof);
		return;
	}
	/* One that makes the log stumble must not stand before the others again. */
	wanted_proof_missed(&log->wanted, proof);
	if (rekor_client_is_down(rc))
		log->problem = problem;
	else
		log_info("the log has no entry that fits",
			 LOG_S("repository", log->request->repository),
			 LOG_S("object", oid_text(inquiry->id)), LOG_E(&problem));
}

static void inquire(struct fetch_log *log, struct wanted_proof *proof)
{
	struct inquiry inquiry = {
		.log = log,
		.arena = arena_new(INQUIRY_BYTES),
		.id = &proof->id,
	};

	if (inquiry.arena && (has_proof(log, &proof->id) || !needs_proof(&inquiry)))
		wanted_proof_end(&log->wanted, proof);
	else if (inquiry.arena)
		search(&inquiry, proof);
	arena_free(inquiry.arena);
}

static bool may_ask(const struct fetch_log *log)
{
	return log->client && log->problem.code == 0 &&
	       rekor_client_requests(log->client) + REQUESTS_EACH <=
		       log->request->log_requests &&
	       clock_monotonic() < log->deadline;
}

static int by_attempts(const void *a, const void *b)
{
	unsigned int one = ((const struct wanted_proof *)a)->attempts;
	unsigned int other = ((const struct wanted_proof *)b)->attempts;

	return (one > other) - (one < other);
}

/* Those first that were asked for least. True: some of them for the first time, and in
 * vain. */
static bool ask(struct fetch_log *log, bool all)
{
	struct wanted_proofs *wanted = &log->wanted;
	bool in_vain = false;

	if (wanted->count)
		qsort(wanted->items, wanted->count, sizeof(wanted->items[0]),
		      by_attempts);
	for (size_t i = 0; i < wanted->count && may_ask(log); i++) {
		struct wanted_proof *proof = &wanted->items[i];
		if (proof->done || (!all && proof->due > clock_now()))
			continue;
		inquire(log, proof);
		in_vain |= !proof->done && proof->attempts == 1;
	}
	return in_vain;
}

static void open_client(struct fetch_log *log)
{
	const struct rekor_client_options options = {
		.url = log->request->log,
		.authorities = log->request->log_authorities,
		.timeout = log->request->log_timeout,
	};

	if (log->wanted.count && log->request->log_requests >= REQUESTS_EACH)
		rekor_client_new(&log->client, &options, &log->problem);
}

/* The mark is taken away also when not all could be looked at: it would not be
 * otherwise the next time. */
static int work(struct fetch_log *log)
{
	const struct timespec pause = { .tv_sec = PAUSE_SECONDS };
	int looked = repo_open(&log->repo, log->request->mirror, NULL, log->err);

	if (looked == 0)
		looked = look(log);
	int rc = wanted_proofs_save(&log->wanted, log->err);
	if (rc == 0)
		unlink(log->mark);
	if (rc == 0 && log->repo) {
		open_client(log);
		log->deadline = clock_monotonic() + ASKING;
		if (ask(log, log->request->again) && may_ask(log)) {
			nanosleep(&pause, NULL);
			ask(log, false);
		}
		rc = wanted_proofs_save(&log->wanted, log->err);
	}
	return looked != 0 ? looked : rc;
}

void fetch_log_end(struct fetch_log *log, struct msg_fetched *result)
{
	struct error err = ERROR_INIT;

	if (!log)
		return;
	log->err = &err;
	if (work(log) != 0)
		log_warning("the log was not asked about all that came",
			    LOG_S("repository", log->request->repository), LOG_E(&err));
	result->proofs = log->stored;
	result->proofs_due = wanted_proofs_due(&log->wanted);
	result->log_code = log->problem.code;
	result->log_text = log->problem.code ? log->problem.text : NULL;
	if (!log->client)
		return;
	result->log_requests = rekor_client_requests(log->client);
	result->log_retry_at = rekor_client_retry_at(log->client);
}
