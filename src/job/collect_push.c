/* job/collect_push.c - facts about the push by which a change comes: who signed it. */
#include "job/judge.h"

#include "base/arena.h"
#include "base/error.h"
#include "job/judge_push.h"
#include "model/facts.h"
#include "trust/signature.h"

/* The signature is looked at with the keys of the policy that counts for this ref. */
static int add_push(struct collector *collector, const struct push_fact *push,
		    const struct push_certificate *text, struct error *err)
{
	struct facts *facts = collector->facts;
	const struct trust_span payload = { text->payload.bytes, text->payload.length };
	struct push_fact *fact = arena_copy(collector->arena, push, sizeof(*push));

	if (!fact)
		return error_set(err, ERROR_MEMORY, "out of memory");
	facts->pushes = fact;
	facts->push_count = 1;
	if (fact->certificate.id.length == 0 || fact->certificate.code != 0)
		return 0;
	return collect_signature(collector, &fact->certificate.id, &payload, 1,
				 text->signature.bytes, text->signature.length,
				 &fact->certificate.signature, err);
}

int collect_push(struct collector *collector, struct error *err)
{
	const struct judge_push *push = collector->judge->push;
	struct facts *facts = collector->facts;

	facts->kinds |= FACTS_PUSH;
	if (!push || collector->judge->merge)
		return 0;
	facts->push_knowledge = push->knowledge;
	if (push->knowledge != PUSH_RECEIVED)
		return 0;
	return add_push(collector, &push->fact, &push->text, err);
}
