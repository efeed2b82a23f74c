/* job/collect_commits.c - facts about every commit of the range, and their signatures.
 */
#include "job/judge.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "job/signature_queue.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"
#include "trust/openpgp_ring.h"
#include "trust/signature.h"

static const char *copy_span(struct arena *arena, struct span span)
{
	return arena_copy(arena, span.bytes, span.length);
}

/* What SSH and X.509 signatures say depends on the object's bytes alone, so they need
 * no context; OpenPGP's depend on the keys too. */
const struct digest *signature_context(const struct collector *collector,
				       const char *armor, size_t length)
{
	static const char openpgp[] = "-----BEGIN PGP ";
	static const struct digest no_context;
	const struct openpgp_ring *ring = collector->policy->openpgp;

	if (!ring || length < sizeof(openpgp) ||
	    memcmp(armor, openpgp, sizeof(openpgp) - 1) != 0)
		return &no_context;
	return openpgp_ring_digest(ring);
}

int collect_signature(const struct collector *collector, const struct oid *id,
		      const struct trust_span *payload, size_t payload_count,
		      const char *armor, size_t length, struct signature_fact *out,
		      struct error *err)
{
	const struct signature_keys keys = { collector->policy->openpgp };
	const struct digest *context = signature_context(collector, armor, length);
	struct recalled recalled = { id, context, out, false };

	recall_signatures(collector, &recalled, 1);
	if (recalled.known)
		return trace_signature(collector, id, out, err);
	int rc = signature_verify_with(out, collector->arena, &keys, payload,
				       payload_count, armor, length, err);
	if (rc != 0)
		return rc;
	remember_signature(collector, id, context, out);
	return trace_signature(collector, id, out, err);
}

static int copy_ident(struct arena *arena, const struct ident *ident,
		      struct ident_fact *out)
{
	out->name = copy_span(arena, ident->name);
	out->email = copy_span(arena, ident->email);
	out->when = ident->seconds * CLOCK_SECOND;
	return out->name && out->email ? 0 : ERROR_MEMORY;
}

static int copy_commit(struct arena *arena, const struct commit_text *text,
		       struct commit_fact *out)
{
	out->tree = text->tree;
	out->parent_count = text->parent_count;
	out->parents = arena_copy(arena, text->parents,
				  text->parent_count * sizeof(text->parents[0]));
	out->message = copy_span(arena, text->message);
	out->message_length = text->message.length;
	if (copy_ident(arena, &text->author, &out->author) != 0 ||
	    copy_ident(arena, &text->committer, &out->committer) != 0)
		return ERROR_MEMORY;
	return out->parents && out->message ? 0 : ERROR_MEMORY;
}

static int collect_commit_signature(const struct collector *collector,
				    const struct oid *id,
				    const struct commit_text *text,
				    struct signature_fact *out, struct error *err)
{
	struct trust_span payload[3];
	size_t length;

	if (text->signature.length == 0) {
		out->status = SIGNATURE_NONE;
		return 0;
	}
	char *armor = signature_unfold(collector->arena, text->signature, &length);
	if (!armor)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < text->payload_count; i++)
		payload[i] = (struct trust_span){ text->payload[i].bytes,
						  text->payload[i].length };
	return collect_signature(collector, id, payload, text->payload_count, armor,
				 length, out, err);
}

int collect_commit(const struct collector *collector, const struct oid *id,
		   const struct commit_text *text, const struct error *problem,
		   bool with_signature, struct commit_fact *out, struct error *err)
{
	out->id = *id;
	if (!text) {
		out->code = problem->code;
		out->reason = arena_string(collector->arena, problem->text);
		return 0;
	}
	if (copy_commit(collector->arena, text, out) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (!with_signature)
		return 0;
	return collect_commit_signature(collector, id, text, &out->signature, err);
}

const struct commit_fact *collect_find(const struct collector *collector,
				       const struct oid *id)
{
	return map_get(&collector->by_id, (const char *)id->bytes, id->length);
}

int collect_tree(const struct collector *collector, const struct oid *id,
		 struct oid *tree, struct error *err)
{
	const struct commit_fact *fact = collect_find(collector, id);
	const struct judge *judge = collector->judge;
	const struct limits *limits = judge->limits ? judge->limits : &limits_default;

	if (fact && fact->code == 0) {
		*tree = fact->tree;
		return 0;
	}
	return repo_commit_tree(judge->repo, id, limits->values[LIMIT_GIT_COMMIT_BYTES],
				tree, err);
}

struct visit {
	struct collector *collector;
	struct signature_queue *signatures; /* NULL: nobody asks for them */
	struct error *err;
};

static int add_commit(void *data, const struct oid *id, const struct commit_text *text,
		      const struct object *object, const struct error *problem)
{
	struct visit *visit = data;
	struct collector *collector = visit->collector;
	struct facts *facts = collector->facts;
	(void)object;

	struct commit_fact *fact =
		ARENA_PUSH(collector->arena, &facts->commits, &facts->commit_count,
			   &facts->commit_capacity);
	if (!fact)
		return error_set(visit->err, ERROR_MEMORY, "out of memory");
	int rc = collect_commit(collector, id, text, problem, false, fact, visit->err);
	if (rc != 0 || !text || !visit->signatures)
		return rc;
	if (text->signature.length == 0) {
		fact->signature.status = SIGNATURE_NONE;
		return 0;
	}
	return signature_queue_claim(visit->signatures, facts->commit_count - 1, id,
				     text, visit->err);
}

/* The signature can be verified while the walk goes on. */
static int see_commit(void *data, const struct oid *id, const struct commit_text *text)
{
	const struct visit *visit = data;

	if (text->signature.length == 0)
		return 0;
	return signature_queue_add(visit->signatures, id, text, visit->err);
}

static int walk(struct visit *visit)
{
	struct collector *collector = visit->collector;
	const struct judge *judge = collector->judge;
	const struct limits *limits = judge->limits ? judge->limits : &limits_default;
	struct range range = {
		.tips = &collector->tip,
		.tip_count = 1,
		.hidden = judge->trusted,
		.hidden_count = judge->trusted_count,
		.maximum = limits->values[LIMIT_GIT_COMMITS_PER_PUSH],
		.seen = visit->signatures ? see_commit : NULL,
	};
	return repo_range(judge->repo, &range, add_commit, visit, visit->err);
}

static int index_commits(struct collector *collector, struct error *err)
{
	const struct facts *facts = collector->facts;

	for (size_t i = 0; i < facts->commit_count; i++) {
		struct commit_fact *fact = &facts->commits[i];
		if (map_put(&collector->by_id, (const char *)fact->id.bytes,
			    fact->id.length, fact) != 0)
			return error_set(err, ERROR_MEMORY, "out of memory");
	}
	return 0;
}

static int find_forced(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;
	struct oid old_tip;

	if (change_kind(judge->change) != CHANGE_UPDATE || judge->merge)
		return 0;
	/* What is not a commit cannot be contained in anything. */
	int contained =
		repo_peel(judge->repo, &judge->change->old_id, &old_tip, NULL) != 0
			? 0
			: repo_is_ancestor(judge->repo, &old_tip, &collector->tip, err);
	if (contained < 0)
		return contained;
	collector->facts->forced = !contained;
	return 0;
}

int collect_commits(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;
	unsigned int needed = policy_facts_needed(
		collector->policy, judge->change->repository, judge->change->ref);
	struct visit visit = { collector, NULL, err };
	int rc = 0;

	if (needed & FACTS_SIGNATURES)
		rc = signature_queue_new(&visit.signatures, collector, err);
	if (rc == 0)
		rc = walk(&visit);
	if (rc == 0)
		rc = index_commits(collector, err);
	/* A walk of its own, while the threads verify. */
	if (rc == 0)
		rc = find_forced(collector, err);
	if (rc == 0 && visit.signatures)
		rc = signature_queue_finish(visit.signatures, err);
	signature_queue_free(visit.signatures);
	if (rc != 0)
		return rc;
	collector->facts->kinds |= FACTS_COMMITS;
	if (!(needed & FACTS_SIGNATURES))
		return 0;
	collector->facts->kinds |= FACTS_SIGNATURES;
	rc = collect_forge_made(collector, err);
	return rc == 0 ? collect_tags(collector, err) : rc;
}
