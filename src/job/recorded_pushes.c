/* job/recorded_pushes.c - the signed pushes that led a ref from where it was accepted
 * to where it is, from those that the hook kept (hooks/record.h).
 *
 * The line of records is walked from its end: the push that brought the new id, the one
 * before it that brought that one's old id, and so on. What is kept there is worth what
 * its signatures are worth. */
#include "job/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "job/judge_push.h"
#include "model/facts.h"
#include "repo/repo.h"

#define RECORD_REF  "refs/gitgate/pushes"
#define CERTIFICATE "certificate"

struct walk {
	struct collector *collector;
	const struct limits *limits;
	struct oid at;   /* the next record; length 0: there is none */
	struct oid want; /* what the push to look for brought */
	size_t capacity;
	struct error *err;
};

static bool same(const struct oid *a, const struct oid *b)
{
	return oid_is_null(a) ? oid_is_null(b) : oid_equal(a, b);
}

/* The certificate's blob, and moves on. A record that is none ends the walk. */
static int read_record(struct walk *walk, struct oid *certificate)
{
	const struct judge *judge = walk->collector->judge;
	struct object object;
	struct commit_text text;
	struct tree_entry entry = { 0 };
	struct error why = ERROR_INIT;

	int rc = repo_read(judge->repo, &walk->at,
			   walk->limits->values[LIMIT_GIT_COMMIT_BYTES], &object, &why);
	walk->at = (struct oid)OID_INIT;
	if (rc != 0)
		return rc == ERROR_MEMORY ? error_set(walk->err, rc, "%s", why.text)
					  : 0;
	if (object.type == OBJECT_COMMIT &&
	    commit_split(&text, object.bytes, object.length,
			 repo_hash_bytes(judge->repo), NULL) == 0) {
		if (repo_tree_find(judge->repo, &text.tree, CERTIFICATE, &entry,
				   NULL) == 0)
			*certificate = entry.id;
		if (text.parent_count == 1)
			walk->at = text.parents[0];
	}
	repo_object_release(&object);
	return 0;
}

static const struct push_update *find_update(const struct walk *walk,
					     const struct push_certificate *text)
{
	const char *ref = walk->collector->judge->change->ref;

	for (size_t i = 0; i < text->update_count; i++)
		if (strcmp(text->updates[i].ref, ref) == 0 &&
		    same(&text->updates[i].new_id, &walk->want))
			return &text->updates[i];
	return NULL;
}

/* Adds the push when it brought what is wanted; then what was there before it is. */
static int try_certificate(struct walk *walk, const struct oid *id)
{
	struct collector *collector = walk->collector;
	struct facts *facts = collector->facts;
	struct push_certificate text = { 0 };
	struct push_fact fact = { 0 };

	int rc = judge_push_certificate(&fact, &text, collector->arena,
					collector->judge->repo, id, walk->limits,
					walk->err);
	const struct push_update *update =
		rc == 0 && fact.certificate.code == 0 ? find_update(walk, &text) : NULL;
	if (!update)
		return rc;
	struct push_fact *slot = ARENA_PUSH(collector->arena, &facts->pushes,
					    &facts->push_count, &walk->capacity);
	if (!slot)
		return error_set(walk->err, ERROR_MEMORY, "out of memory");
	*slot = fact;
	walk->want = update->old_id;
	return collect_push_signature(collector, slot, &text, walk->err);
}

static int explain_gap(struct walk *walk)
{
	const struct change *change = walk->collector->judge->change;
	struct facts *facts = walk->collector->facts;

	facts->push_gap = arena_printf(
		walk->collector->arena,
		"no signed push is recorded (in " RECORD_REF ") that moved '%s' to %s; "
		"it "
		"was accepted at %s",
		change->ref,
		oid_is_null(&walk->want) ? "nothing" : oid_text(&walk->want),
		oid_is_null(&change->old_id) ? "nothing" : oid_text(&change->old_id));
	return facts->push_gap ? 0
			       : error_set(walk->err, ERROR_MEMORY, "out of memory");
}

int collect_recorded_pushes(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;
	struct walk walk = {
		.collector = collector,
		.limits = judge->limits ? judge->limits : &limits_default,
		.want = judge->change->new_id,
		.err = err,
	};
	size_t left = walk.limits->values[LIMIT_GIT_RECORDED_PUSHES];
	struct error why = ERROR_INIT;

	int rc = repo_ref(judge->repo, RECORD_REF, &walk.at, &why);
	if (rc != 0 && rc != ERROR_NOT_FOUND)
		return error_set(err, rc, "%s", why.text);
	rc = 0;
	while (rc == 0 && !same(&walk.want, &judge->change->old_id)) {
		struct oid certificate = OID_INIT;
		if (walk.at.length == 0 || left-- == 0)
			return explain_gap(&walk);
		rc = read_record(&walk, &certificate);
		if (rc == 0 && certificate.length)
			rc = try_certificate(&walk, &certificate);
	}
	return rc;
}
