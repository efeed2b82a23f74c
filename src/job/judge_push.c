/* job/judge_push.c - reads the certificate of a push, and compares it with the push. */
#include "job/judge_push.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/map.h"
#include "repo/repo.h"

const struct judge_push judge_push_to_come = { .knowledge = PUSH_TO_COME };
const struct judge_push judge_push_recorded = { .knowledge = PUSH_RECORDED };

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

/* --- the blob --- */

/* Reads the blob into the arena: its bytes are needed as long as the push is judged. */
static int read_blob(struct repo *repo, const struct oid *id, struct arena *arena,
		     const struct limits *limits, const char **bytes, size_t *length,
		     struct error *why)
{
	uint64_t maximum = limits->values[LIMIT_GIT_PUSH_CERTIFICATE_BYTES];
	struct error problem = ERROR_INIT;
	struct object object;

	int rc = repo_read(repo, id, maximum, &object, &problem);
	if (rc == ERROR_MEMORY)
		return no_memory(why);
	if (rc == ERROR_LIMIT)
		return error_set(why, ERROR_PUSH_OBJECT_LARGE,
				 "the push certificate is over the limit %s (%llu)",
				 limit_name(LIMIT_GIT_PUSH_CERTIFICATE_BYTES),
				 (unsigned long long)maximum);
	if (rc != 0)
		return error_set(why, ERROR_PUSH_OBJECT_MISSING,
				 "the push certificate %s cannot be read: %s",
				 oid_text(id), problem.text);
	if (object.type != OBJECT_BLOB)
		rc = error_set(why, ERROR_PUSH_OBJECT_TYPE,
			       "the push certificate %s is not a blob", oid_text(id));
	*bytes = rc == 0 ? arena_copy(arena, object.bytes, object.length) : NULL;
	*length = object.length;
	repo_object_release(&object);
	return rc != 0 || *bytes ? rc : no_memory(why);
}

static int fill(struct push_fact *fact, const struct push_certificate *text,
		struct arena *arena)
{
	struct commit_fact *certificate = &fact->certificate;

	certificate->committer.name =
		arena_copy(arena, text->pusher.bytes, text->pusher.length);
	certificate->committer.email = "";
	certificate->committer.when = text->seconds * CLOCK_SECOND;
	certificate->author = certificate->committer;
	fact->pushee = arena_copy(arena, text->pushee.bytes, text->pushee.length);
	fact->nonce_text = arena_copy(arena, text->nonce.bytes, text->nonce.length);
	return certificate->committer.name && fact->pushee && fact->nonce_text
		       ? 0
		       : ERROR_MEMORY;
}

/* Turns a cause into a fact. */
static int is_wrong(struct push_fact *fact, struct arena *arena,
		    const struct error *cause, struct error *err)
{
	fact->certificate.code = cause->code;
	fact->certificate.reason = arena_string(arena, cause->text);
	return fact->certificate.reason ? 0 : no_memory(err);
}

int judge_push_certificate(struct push_fact *fact, struct push_certificate *text,
			   struct arena *arena, struct repo *repo, const struct oid *id,
			   const struct limits *limits, struct error *err)
{
	struct error why = ERROR_INIT;
	const char *bytes = NULL;
	size_t length = 0;

	fact->certificate.id = *id;
	int rc = read_blob(repo, id, arena, limits, &bytes, &length, &why);
	if (rc == 0)
		rc = push_certificate_split(text, arena, bytes, length, id->length,
					    limits, &why);
	if (rc == 0)
		rc = fill(fact, text, arena);
	if (rc == ERROR_MEMORY)
		return no_memory(err);
	return rc == 0 ? 0 : is_wrong(fact, arena, &why, err);
}

/* --- whether it names exactly what is pushed --- */

static const struct push_update *find_update(const struct map *updates, const char *ref)
{
	return map_get(updates, ref, strlen(ref));
}

static int index_updates(struct map *out, const struct push_update *updates,
			 size_t count, struct error *why)
{
	for (size_t i = 0; i < count; i++)
		if (map_put(out, updates[i].ref, strlen(updates[i].ref),
			    (void *)(uintptr_t)&updates[i]) != 0)
			return no_memory(why);
	return 0;
}

/* One update of the push, and what the certificate says of its ref. */
static int compare_update(const struct push_update *pushed,
			  const struct push_update *named, struct error *why)
{
	if (!named)
		return error_set(why, ERROR_RULE_PUSH_UPDATES_FEWER,
				 "the push certificate does not name '%s', which is "
				 "pushed",
				 pushed->ref);
	if (!oid_equal(&pushed->old_id, &named->old_id))
		return error_set(why, ERROR_RULE_PUSH_UPDATES_OLD,
				 "the push certificate says that '%s' is at %s, the "
				 "push says at %s",
				 pushed->ref, oid_text(&named->old_id),
				 oid_text(&pushed->old_id));
	if (!oid_equal(&pushed->new_id, &named->new_id))
		return error_set(why, ERROR_RULE_PUSH_UPDATES_NEW,
				 "the push certificate moves '%s' to %s, the push to "
				 "%s",
				 pushed->ref, oid_text(&named->new_id),
				 oid_text(&pushed->new_id));
	return 0;
}

static int find_more(const struct push_told *told, const struct push_certificate *text,
		     struct error *why)
{
	struct map pushed = MAP_INIT;

	int rc = index_updates(&pushed, told->updates, told->update_count, why);
	for (size_t i = 0; rc == 0 && i < text->update_count; i++)
		if (!find_update(&pushed, text->updates[i].ref))
			rc = error_set(why, ERROR_RULE_PUSH_UPDATES_MORE,
				       "the push certificate names '%s', which is not "
				       "pushed",
				       text->updates[i].ref);
	map_release(&pushed);
	return rc;
}

static int compare_order(const struct push_told *told,
			 const struct push_certificate *text, struct error *why)
{
	for (size_t i = 0; i < text->update_count; i++)
		if (strcmp(text->updates[i].ref, told->updates[i].ref) != 0)
			return error_set(why, ERROR_RULE_PUSH_UPDATES_ORDER,
					 "the push certificate names '%s' where '%s' "
					 "is "
					 "pushed",
					 text->updates[i].ref, told->updates[i].ref);
	return 0;
}

static int compare_updates(const struct push_told *told,
			   const struct push_certificate *text, struct error *why)
{
	struct map named = MAP_INIT;

	int rc = index_updates(&named, text->updates, text->update_count, why);
	for (size_t i = 0; rc == 0 && i < told->update_count; i++)
		rc = compare_update(&told->updates[i],
				    find_update(&named, told->updates[i].ref), why);
	map_release(&named);
	if (rc == 0 && text->update_count != told->update_count)
		rc = find_more(told, text, why);
	return rc == 0 ? compare_order(told, text, why) : rc;
}

static int compare_options(const struct push_told *told,
			   const struct push_certificate *text, struct error *why)
{
	bool equal = text->option_count == told->option_count;

	for (size_t i = 0; equal && i < text->option_count; i++)
		equal = strlen(told->options[i]) == text->options[i].length &&
			memcmp(told->options[i], text->options[i].bytes,
			       text->options[i].length) == 0;
	if (equal)
		return 0;
	return error_set(why, ERROR_RULE_PUSH_OPTIONS,
			 "the push certificate does not name exactly the push options "
			 "that were sent");
}

/* What differs is a fact. */
static int compare(struct judge_push *push, const struct push_told *told,
		   struct arena *arena, struct error *err)
{
	struct error why = ERROR_INIT;

	int rc = compare_updates(told, &push->text, &why);
	if (rc == 0)
		rc = compare_options(told, &push->text, &why);
	if (rc == 0)
		return 0;
	push->fact.updates_code = why.code;
	push->fact.updates_reason = arena_string(arena, why.text);
	return rc != ERROR_MEMORY && push->fact.updates_reason ? 0 : no_memory(err);
}

/* --- what git says --- */

static enum push_nonce nonce_by_name(const char *name)
{
	static const struct {
		const char *name;
		enum push_nonce nonce;
	} names[] = {
		{ "OK", PUSH_NONCE_OK },
		{ "SLOP", PUSH_NONCE_SLOP },
		{ "MISSING", PUSH_NONCE_MISSING },
		{ "BAD", PUSH_NONCE_BAD },
		{ "UNSOLICITED", PUSH_NONCE_UNSOLICITED },
	};

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].nonce;
	return PUSH_NONCE_UNKNOWN;
}

int judge_push_read(struct judge_push *out, struct arena *arena, struct repo *repo,
		    const struct push_told *told, const struct limits *limits,
		    struct error *err)
{
	struct judge_push push = { .knowledge = PUSH_RECEIVED };
	const char *name = told->certificate;
	struct oid id;
	int rc = 0;

	push.fact.nonce = nonce_by_name(told->nonce_status);
	push.fact.nonce_given = told->nonce ? told->nonce : "";
	if (name && oid_parse(name, strlen(name), &id) == 0) {
		rc = judge_push_certificate(&push.fact, &push.text, arena, repo, &id,
					    limits, err);
		if (rc == 0 && push.fact.certificate.code == 0)
			rc = compare(&push, told, arena, err);
	} else if (name) {
		push.fact.certificate.id = told->updates[0].new_id;
		push.fact.certificate.code = ERROR_PUSH_OBJECT_MISSING;
		push.fact.certificate.reason = "git names a push certificate that has "
					       "no "
					       "full object id";
	}
	if (rc == 0)
		*out = push;
	return rc;
}
