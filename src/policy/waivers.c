/* policy/waivers.c - which waivers count, and what they cover. */
#include "policy/waivers.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "base/text.h"
#include "model/change.h"
#include "model/facts.h"
#include "model/finding.h"
#include "policy/evaluation.h"
#include "policy/signer.h"

#define DAY (24 * 3600 * CLOCK_SECOND)

/* How far the clock of who signs may be ahead of ours. */
#define CLAIM_SLACK DAY

#define MEND_AGAIN                                                                     \
	"make it again: gitgate waive COMMIT --rule NAME --reason TEXT --until DATE"

/* Why a waiver does not count; code 0: it does. */
struct objection {
	int code;
	char text[1024];
	const char *mend;
};

/* One waiver that is looked at. */
struct look {
	const struct evaluation *gate;
	const struct waiver_fact *fact;
	int64_t now;
	const struct waiver_right *right;
	const struct principal *by;
	struct objection objection;
};

static bool object(struct look *look, int code, const char *mend, const char *format,
		   ...) __attribute__((format(printf, 4, 5)));

/* Always false: what was looked at is not as it must be. */
static bool object(struct look *look, int code, const char *mend, const char *format,
		   ...)
{
	struct objection *objection = &look->objection;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(objection->text, sizeof(objection->text), format, arguments);
	va_end(arguments);
	objection->code = code;
	objection->mend = mend;
	return false;
}

/* --- what it is about --- */

static bool check_form(struct look *look)
{
	const struct waiver_fact *fact = look->fact;
	if (fact->code == 0)
		return true;
	return object(look, fact->code, MEND_AGAIN, "%s",
		      fact->reason != NULL ? fact->reason : error_meaning(fact->code));
}

static bool check_repository(struct look *look)
{
	const char *repository = look->gate->facts->change->repository;
	const char *named = look->fact->waiver.repository;
	if (repository == NULL)
		return object(look, ERROR_WAIVER_REPOSITORY,
			      "say it: --repository NAME",
			      "it is for the repository '%s', and the name of this one "
			      "is not known here",
			      named);
	if (strcmp(repository, named) == 0)
		return true;
	return object(look, ERROR_WAIVER_REPOSITORY,
		      "make it again for this one: gitgate waive --repository NAME",
		      "it is for the repository '%s', this one is '%s'", named,
		      repository);
}

/* The nearest name is a help for people: not worth memory that is not there. */
static bool object_to_rule(struct look *look)
{
	const struct policy *policy = look->gate->policy;
	struct arena *arena = look->gate->verdict->arena;
	const char **names = arena_array(arena, policy->rule_count + 1, sizeof(*names));
	const char *nearest = NULL;
	for (size_t i = 0; names != NULL && i < policy->rule_count; i++)
		names[i] = policy->rules[i].name;
	if (names != NULL)
		nearest = text_nearest(look->fact->waiver.rule, names,
				       policy->rule_count);
	return object(look, ERROR_WAIVER_RULE,
		      "name a rule as findings show it, in brackets",
		      "the policy has no rule '%s'%s%s%s", look->fact->waiver.rule,
		      nearest != NULL ? "; did you mean '" : "",
		      nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static bool check_rule(struct look *look)
{
	const struct policy *policy = look->gate->policy;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (strcmp(policy->rules[i].name, look->fact->waiver.rule) == 0)
			return true;
	return object_to_rule(look);
}

/* --- when --- */

static bool check_claim(struct look *look)
{
	const struct commit_fact *tag = &look->fact->tag;
	char claimed[CLOCK_TEXT_BYTES];
	int64_t latest = tag->signature.made_at > tag->committer.when
				 ? tag->signature.made_at
				 : tag->committer.when;
	if (latest <= look->now + CLAIM_SLACK)
		return true;
	clock_format(latest, 0, claimed);
	return object(look, ERROR_WAIVER_FUTURE,
		      "set the clock of the machine that signs, then make it again",
		      "it claims to be signed at %s, which has not come yet", claimed);
}

static bool check_until(struct look *look)
{
	const struct waiver *waiver = &look->fact->waiver;
	uint64_t days = limits_default.values[LIMIT_WAIVER_DAYS];
	char until[CLOCK_TEXT_BYTES];
	clock_format(waiver->until, 0, until);
	if (look->now > waiver->until)
		return object(look, ERROR_WAIVER_ENDED, MEND_AGAIN, "it ended at %s",
			      until);
	if (waiver->until - look->fact->tag.committer.when <= (int64_t)days * DAY)
		return true;
	return object(look, ERROR_WAIVER_LONG, "choose an earlier --until",
		      "it would end at %s, more than %llu days after it was signed "
		      "(limit waiver.days)",
		      until, (unsigned long long)days);
}

static bool check_withdrawn(struct look *look)
{
	if (!look->fact->waiver.withdrawn)
		return true;
	return object(look, ERROR_WAIVER_WITHDRAWN, MEND_AGAIN, "'%s' withdrew it: %s",
		      look->by->name, look->fact->waiver.reason);
}

/* --- who --- */

static bool right_covers(const struct waiver_right *right, const char *rule)
{
	for (size_t i = 0; i < right->rules.count; i++)
		if (glob_match(right->rules.items[i], rule))
			return true;
	return right->rules.count == 0;
}

static bool check_somebody(struct look *look)
{
	const struct policy *policy = look->gate->policy;
	for (size_t i = 0; i < policy->waiver_right_count; i++)
		if (right_covers(&policy->waiver_rights[i], look->fact->waiver.rule))
			return true;
	return object(look, ERROR_WAIVER_NOBODY,
		      "an administrator names under 'waivers' in the server's "
		      "gitgate.yaml who may",
		      "the server lets nobody waive the rule '%s'",
		      look->fact->waiver.rule);
}

static bool check_signature(struct look *look)
{
	const struct signature_fact *signature = &look->fact->tag.signature;
	switch (signature->status) {
	case SIGNATURE_GOOD:
		if (signature->fingerprint != NULL)
			return true;
		return object(look, ERROR_WAIVER_SIGNATURE, MEND_AGAIN,
			      "its signature names no key");
	case SIGNATURE_NONE:
		return object(look, ERROR_WAIVER_UNSIGNED, MEND_AGAIN,
			      "it is not signed");
	case SIGNATURE_BAD:
		return object(look, ERROR_WAIVER_SIGNATURE, MEND_AGAIN,
			      "its signature is bad: %s",
			      signature->reason != NULL
				      ? signature->reason
				      : error_meaning(signature->code));
	case SIGNATURE_UNKNOWN:
		break;
	}
	return object(look, ERROR_WAIVER_SIGNATURE, NULL,
		      "its signature was not looked at");
}

/* What signer.c finds goes to a verdict of its own: of a waiver it is no finding but
 * the reason why it does not count. */
static int find_signer(struct look *look, struct error *err)
{
	struct verdict reasons = { .arena = NULL };
	struct evaluation evaluation = { .policy = look->gate->policy,
					 .facts = look->gate->facts,
					 .verdict = &reasons,
					 .err = err };
	struct signer signer = { .commit = &look->fact->tag,
				 .received_at = look->now,
				 .claimed_at = look->fact->tag.committer.when };
	bool refused;
	int code = verdict_init(&reasons, err);
	if (code == 0)
		code = signer_find(&evaluation, &signer, &refused);
	if (code == 0 && !refused)
		code = signer_check_validity(&evaluation, &signer, &refused);
	if (code == 0 && (refused || reasons.count != 0))
		object(look, ERROR_WAIVER_SIGNATURE,
		       "let somebody sign it who may waive, with a key that counts now",
		       "%s",
		       reasons.count != 0 ? reasons.findings[0].message
					  : "its signer is not known");
	else if (code == 0)
		look->by = signer.principal;
	verdict_release(&reasons);
	return code;
}

static bool check_right(struct look *look)
{
	const struct policy *policy = look->gate->policy;
	/* The server's names are the server's alone, and so are its groups; this says
	 * so once more. */
	bool server = look->by->origin == ORIGIN_SERVER;
	for (size_t i = 0; server && i < policy->waiver_right_count; i++) {
		const struct waiver_right *right = &policy->waiver_rights[i];
		if (right_covers(right, look->fact->waiver.rule) &&
		    policy_names_include(policy, &right->by, look->by->name))
			return true;
	}
	return object(look, ERROR_WAIVER_SIGNER,
		      "let somebody sign it whom the server names under 'waivers'",
		      "it is signed by '%s', who may not waive the rule '%s'",
		      look->by->name, look->fact->waiver.rule);
}

/* Everything but whether it still stands. The objection says why not. */
static int look_at(struct look *look, struct error *err)
{
	if (!check_form(look) || !check_repository(look) || !check_rule(look) ||
	    !check_somebody(look) || !check_signature(look) || !check_claim(look))
		return 0;
	int code = find_signer(look, err);
	if (code == 0 && look->by != NULL)
		check_right(look);
	return code;
}

/* --- a change that uses waivers --- */

static int ignore(struct evaluation *gate, const struct look *look)
{
	const struct waiver_fact *fact = look->fact;
	char message[2048];
	struct finding finding = {
		.severity = SEVERITY_WARNING,
		.code = look->objection.code,
		.rule = "gitgate",
		.message = message,
		.mend = look->objection.mend,
		.commit = fact->commit,
	};
	snprintf(message, sizeof(message),
		 "the waiver %s of the rule '%.*s' does not count: %s",
		 oid_short(&fact->tag.id), SHOWN_BYTES, fact->rule,
		 look->objection.text);
	return verdict_add(gate->verdict, &finding, gate->err);
}

/* The same, and whether it still stands. */
static int look_for_use(struct look *look, struct error *err)
{
	int code = look_at(look, err);
	if (code == 0 && look->objection.code == 0 && check_withdrawn(look))
		check_until(look);
	return code;
}

int waivers_admit(struct evaluation *gate, int64_t now)
{
	const struct facts *facts = gate->facts;
	struct admitted_waiver *admitted = arena_array(
		gate->verdict->arena, facts->waiver_count + 1, sizeof(*admitted));
	int code = 0;
	if (admitted == NULL)
		return error_set(gate->err, ERROR_MEMORY, "no memory for waivers");
	gate->waivers = admitted;
	for (size_t i = 0; code == 0 && i < facts->waiver_count; i++) {
		struct look look = { .gate = gate,
				     .fact = &facts->waivers[i],
				     .now = now };
		code = look_for_use(&look, gate->err);
		if (code == 0 && look.objection.code == 0)
			admitted[gate->waiver_count++] =
				(struct admitted_waiver){ look.fact, look.by };
	}
	return code;
}

int waivers_tell(struct evaluation *gate, int64_t now)
{
	const struct facts *facts = gate->facts;
	int code = 0;
	for (size_t i = 0; code == 0 && i < facts->waiver_count; i++) {
		struct look look = { .gate = gate,
				     .fact = &facts->waivers[i],
				     .now = now };
		code = look_for_use(&look, gate->err);
		if (code == 0 && look.objection.code != 0)
			code = ignore(gate, &look);
	}
	return code;
}

bool waivers_cover(const struct evaluation *evaluation, const struct oid *commit,
		   struct finding_waiver *out)
{
	const struct rule *rule = evaluation->rule;
	/* What happens to a ref is no commit's fault. */
	if (rule == NULL || strcmp(evaluation->kind, "refs") == 0)
		return false;
	if (commit->length == 0)
		commit = &evaluation->facts->content;
	for (size_t i = 0; i < evaluation->waiver_count; i++) {
		const struct admitted_waiver *admitted = &evaluation->waivers[i];
		const struct waiver *waiver = &admitted->fact->waiver;
		if (strcmp(waiver->rule, rule->name) != 0 ||
		    !oid_equal(&waiver->commit, commit))
			continue;
		*out = (struct finding_waiver){ admitted->fact->tag.id,
						admitted->by->name, waiver->reason,
						waiver->until };
		return true;
	}
	return false;
}

/* --- a push of a waiver --- */

static int refuse(struct evaluation *gate, const struct look *look)
{
	return evaluation_find(gate, look->objection.code, NULL, look->objection.mend,
			       "the waiver is refused: %s", look->objection.text);
}

/* An old one, of which anybody may have a copy, never comes back over a newer one, or a
 * withdrawal would last until the next push. */
static bool check_newer(struct look *look, const struct waiver_fact *before)
{
	char text[CLOCK_TEXT_BYTES];
	if (before->code != 0 ||
	    look->fact->tag.committer.when > before->tag.committer.when)
		return true;
	clock_format(before->tag.committer.when, 0, text);
	return object(look, ERROR_WAIVER_OLDER, MEND_AGAIN,
		      "the one that stands there was signed at %s, this one not later",
		      text);
}

int waivers_check_push(struct evaluation *gate, int64_t now)
{
	const struct facts *facts = gate->facts;
	struct look look = { .gate = gate, .fact = &facts->waivers[0], .now = now };
	if (change_kind(facts->change) == CHANGE_DELETE)
		return evaluation_find(gate, ERROR_WAIVER_DELETE, NULL,
				       "withdraw it: gitgate waive COMMIT --rule NAME "
				       "--withdraw --reason TEXT",
				       "a waiver must not be deleted: nothing would "
				       "keep it from being pushed again");
	if (facts->waiver_count == 0)
		return error_set(gate->err, ERROR_INTERNAL,
				 "a push of a waiver was given without it");
	int code = look_at(&look, gate->err);
	if (code != 0)
		return code;
	if (look.objection.code == 0 && !look.fact->waiver.withdrawn)
		check_until(&look);
	if (look.objection.code == 0 && facts->waiver_count > 1)
		check_newer(&look, &facts->waivers[1]);
	return look.objection.code != 0 ? refuse(gate, &look) : 0;
}
