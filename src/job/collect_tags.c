/* job/collect_tags.c - facts about annotated tags that a change brings: who signed
 * them, from the name that is pushed down to the commit. */
#include "job/judge.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/facts.h"
#include "repo/repo.h"
#include "trust/signature.h"

/* More than repo_peel() follows. */
#define TAGS_MAX 16

static int copy_tag(struct arena *arena, const struct tag_text *text,
		    struct commit_fact *out)
{
	out->tag = arena_copy(arena, text->name.bytes, text->name.length);
	out->message = arena_copy(arena, text->message.bytes, text->message.length);
	out->message_length = text->message.length;
	out->committer.name =
		arena_copy(arena, text->tagger.name.bytes, text->tagger.name.length);
	out->committer.email =
		arena_copy(arena, text->tagger.email.bytes, text->tagger.email.length);
	out->committer.when = text->tagger.seconds * CLOCK_SECOND;
	out->author = out->committer;
	return out->tag && out->message && out->committer.name && out->committer.email
		       ? 0
		       : ERROR_MEMORY;
}

int collect_tag(const struct collector *collector, const struct oid *id,
		const struct tag_text *text, struct commit_fact *out, struct error *err)
{
	struct trust_span payload[3];

	out->id = *id;
	if (copy_tag(collector->arena, text, out) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < text->payload_count; i++)
		payload[i] = (struct trust_span){ text->payload[i].bytes,
						  text->payload[i].length };
	out->signature.status = SIGNATURE_NONE;
	if (text->signature.length == 0)
		return 0;
	return collect_signature(collector, id, payload, text->payload_count,
				 text->signature.bytes, text->signature.length,
				 &out->signature, err);
}

static int add_tag(struct collector *collector, const struct oid *id,
		   const struct tag_text *text, struct error *err)
{
	struct facts *facts = collector->facts;
	struct commit_fact *fact = ARENA_PUSH(collector->arena, &facts->tags,
					      &facts->tag_count, &facts->tag_capacity);

	return fact ? collect_tag(collector, id, text, fact, err)
		    : error_set(err, ERROR_MEMORY, "out of memory");
}

/* The object at `at`: a tag is added and `at` moved to what it names. */
static int visit(struct collector *collector, struct oid *at, bool *is_tag,
		 struct error *err)
{
	const struct judge *judge = collector->judge;
	const struct limits *limits = judge->limits ? judge->limits : &limits_default;
	enum object_type type;
	struct object object;
	struct tag_text text;

	int rc = repo_stat(judge->repo, at, &type, NULL, err);
	*is_tag = rc == 0 && type == OBJECT_TAG;
	if (!*is_tag)
		return rc;
	rc = repo_read(judge->repo, at, limits->values[LIMIT_GIT_COMMIT_BYTES], &object,
		       err);
	if (rc != 0)
		return rc;
	rc = tag_split(&text, object.bytes, object.length, at->length, err);
	if (rc == 0)
		rc = add_tag(collector, at, &text, err);
	if (rc == 0)
		*at = text.target;
	repo_object_release(&object);
	return rc;
}

int collect_tags(struct collector *collector, struct error *err)
{
	struct oid at = collector->judge->change->new_id;
	bool is_tag = !collector->judge->merge;

	for (size_t i = 0; is_tag && i < TAGS_MAX; i++) {
		int rc = visit(collector, &at, &is_tag, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}
