/* job/wanted_proofs.c - a line for each object: "ID ATTEMPTS DUE", DUE in seconds. */
#include "job/wanted_proofs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/path.h"

#define LINE_BYTES   96 /* of 64 digits and two numbers */
#define ATTEMPTS_MAX 30 /* six in the first hour, then one an hour: a day */
#define LONGEST      (3600 * CLOCK_SECOND)

static size_t most(void)
{
	return (size_t)limits_default.values[LIMIT_GIT_COMMITS_PER_PUSH];
}

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory for missing log entries");
}

static struct wanted_proof *push(struct wanted_proofs *wanted, const struct oid *id)
{
	struct oid *key = arena_copy(wanted->arena, id, sizeof(*id));
	struct wanted_proof *proof = key ? ARENA_PUSH(wanted->arena, &wanted->items,
						      &wanted->count, &wanted->capacity)
					 : NULL;

	if (!proof ||
	    map_put(&wanted->known, (const char *)key->bytes, key->length, key) != 0)
		return NULL;
	proof->id = *id;
	return proof;
}

static bool is_known(const struct wanted_proofs *wanted, const struct oid *id)
{
	return map_has(&wanted->known, (const char *)id->bytes, id->length);
}

static int read_line(struct wanted_proofs *wanted, const char *line)
{
	char hex[OID_HEX_BYTES];
	unsigned int attempts;
	int64_t due;
	struct oid id;

	if (sscanf(line, "%64[0-9a-f] %u %" SCNd64, hex, &attempts, &due) != 3 ||
	    oid_parse(hex, strlen(hex), &id) != 0 || is_known(wanted, &id) ||
	    attempts > ATTEMPTS_MAX || due < 0 || due > INT64_MAX / CLOCK_SECOND)
		return 0;
	struct wanted_proof *proof = push(wanted, &id);
	if (!proof)
		return ERROR_MEMORY;
	proof->attempts = attempts;
	proof->due = due * CLOCK_SECOND;
	return 0;
}

int wanted_proofs_open(struct wanted_proofs *wanted, struct arena *arena,
		       const char *path, struct error *err)
{
	struct buf text = BUF_INIT(most() * LINE_BYTES);
	int rc = 0;

	*wanted = (struct wanted_proofs){
		.arena = arena,
		.path = arena_string(arena, path),
	};
	if (!wanted->path)
		return no_memory(err);
	/* An empty file is written, too: that one is there says that all before was
	 * looked at. */
	wanted->changed = buf_read_file(&text, path, NULL) != 0;
	const char *line = wanted->changed ? "" : text.data;
	while (rc == 0 && *line && wanted->count < most()) {
		rc = read_line(wanted, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	buf_release(&text);
	return rc == 0 ? 0 : no_memory(err);
}

void wanted_proofs_release(struct wanted_proofs *wanted)
{
	map_release(&wanted->known);
}

int wanted_proofs_add(struct wanted_proofs *wanted, const struct oid *id,
		      struct error *err)
{
	if (is_known(wanted, id))
		return 0;
	int rc = limit_check(&limits_default, LIMIT_GIT_COMMITS_PER_PUSH,
			     wanted->count + 1, "missing log entries", err);
	if (rc != 0)
		return rc;
	wanted->changed = true;
	return push(wanted, id) ? 0 : no_memory(err);
}

/* 2, 8, 32, 128, 512, 2048 seconds, then an hour. */
static int64_t delay(unsigned int attempts)
{
	int64_t time = 2 * CLOCK_SECOND;

	for (unsigned int i = 1; i < attempts && time < LONGEST; i++)
		time *= 4;
	return time < LONGEST ? time : LONGEST;
}

void wanted_proof_missed(struct wanted_proofs *wanted, struct wanted_proof *proof)
{
	wanted->changed = true;
	proof->attempts++;
	proof->due = clock_now() + delay(proof->attempts);
	if (proof->attempts < ATTEMPTS_MAX)
		return;
	log_warning("the log is not asked any more: it had no entry for a day",
		    LOG_S("object", oid_text(&proof->id)));
	proof->done = true;
}

void wanted_proof_end(struct wanted_proofs *wanted, struct wanted_proof *proof)
{
	wanted->changed = true;
	proof->done = true;
}

int64_t wanted_proofs_due(const struct wanted_proofs *wanted)
{
	int64_t first = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		const struct wanted_proof *proof = &wanted->items[i];
		int64_t due = proof->due > 0 ? proof->due : clock_now();
		if (!proof->done && (first == 0 || due < first))
			first = due;
	}
	return first;
}

int wanted_proofs_save(struct wanted_proofs *wanted, struct error *err)
{
	struct buf text = BUF_INIT(most() * LINE_BYTES);

	if (!wanted->changed)
		return 0;
	for (size_t i = 0; i < wanted->count; i++) {
		const struct wanted_proof *proof = &wanted->items[i];
		if (!proof->done)
			buf_addf(&text, "%s %u %" PRId64 "\n", oid_text(&proof->id),
				 proof->attempts, proof->due / CLOCK_SECOND);
	}
	int rc = buf_status(&text, "missing log entries", err);
	if (rc == 0)
		rc = path_write_atomic(wanted->path, text.length ? text.data : "",
				       text.length, 0600, err);
	if (rc == 0)
		wanted->changed = false;
	buf_release(&text);
	return rc;
}
