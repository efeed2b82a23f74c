/* job/collect_push.c - facts about the push by which a change comes: who signed it. */
#include "job/judge.h"

#include "base/arena.h"
#include "base/error.h"
#include "job/judge_push.h"
#include "model/facts.h"
#include "trust/signature.h"

int collect_push_signature(const struct collector *collector, struct push_fact *fact,
			   const struct push_certificate *text, struct error *err)
{
	const struct trust_span payload = { text->payload.bytes, text->payload.length };

	return collect_signature(collector, &fact->certificate.id, &payload, 1,
				 text->signature.bytes, text->signature.length,
				 &fact->certificate.signature, err);
}

/* The signature is looked at with the keys of the policy that counts for this ref. */
static int add_received(struct collector *collector, const struct judge_push *push,
			struct error *err)
{
	struct facts *facts = collector->facts;
	struct push_fact *fact =
		arena_copy(collector->arena, &push->fact, sizeof(push->fact));

	if (!fact)
		return error_set(err, ERROR_MEMORY, "out of memory");
	facts->pushes = fact;
	facts->push_count = 1;
	if (fact->certificate.id.length == 0 || fact->certificate.code != 0)
		return 0;
	return collect_push_signature(collector, fact, &push->text, err);
}

int collect_push(struct collector *collector, struct error *err)
{
	const struct judge_push *push = collector->judge->push;
	struct facts *facts = collector->facts;

	facts->kinds |= FACTS_PUSH;
	if (!push || collector->judge->merge)
		return 0;
	facts->push_knowledge = push->knowledge;
	switch (push->knowledge) {
	case PUSH_RECEIVED:
		return add_received(collector, push, err);
	case PUSH_RECORDED:
		return collect_recorded_pushes(collector, err);
	case PUSH_NOT_KNOWN:
	case PUSH_TO_COME:
		break;
	}
	return 0;
}
