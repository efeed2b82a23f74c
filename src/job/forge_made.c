/* job/forge_made.c - makes again what the forge made, and compares. */
#include "job/forge_made.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "job/judge.h"
#include "model/facts.h"
#include "model/policy.h"
#include "repo/repo.h"

/* A result that was the same once, by everything that it depends on. What differed is
 * asked again: a newer git may see it otherwise. */
#define MEMORY_KIND "forge-made-1"

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

static const struct limits *limits_of(const struct forge_made *forge)
{
	const struct limits *limits = forge->collector->judge->limits;

	return limits ? limits : &limits_default;
}

bool forge_made_by_key(const struct collector *collector,
		       const struct commit_fact *commit)
{
	const struct policy *policy = collector->policy;
	const struct change *change = collector->judge->change;

	if (commit->code != 0 || commit->signature.status != SIGNATURE_GOOD)
		return false;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (rule_applies(&policy->rules[i], change->repository, change->ref) &&
		    rule_is_forge_key(policy, &policy->rules[i],
				      commit->signature.fingerprint))
			return true;
	return false;
}

static bool has_holder(const struct policy *policy,
		       const struct signature_fact *signature)
{
	const struct principal *found;
	const struct principal_key *key;
	const struct principal_authority *authority;
	const struct principal_sigstore *identity;
	bool elsewhere;

	if (signature->x509 && signature->x509->sigstore)
		return policy_principal_by_sigstore(policy, signature->x509, &found,
						    &identity, &elsewhere) == 1;
	if (signature->x509)
		return policy_principal_by_x509(policy, signature->x509, &found) == 1;
	if (signature->certificate)
		return policy_principal_by_certificate(policy, signature->certificate,
						       &found, &authority) == 1;
	return signature->fingerprint &&
	       policy_principal_by_key(policy, signature->fingerprint, &key);
}

const char *forge_made_unverified(const struct forge_made *forge,
				  const struct commit_fact *commit)
{
	if (commit->code != 0)
		return "it is malformed";
	if (commit->signature.status == SIGNATURE_NONE)
		return "it is not signed";
	if (commit->signature.status != SIGNATURE_GOOD)
		return "its signature is bad";
	if (!has_holder(forge->collector->policy, &commit->signature))
		return "no principal holds the key that signed it";
	return NULL;
}

int forge_made_refuse(struct forge_made *forge, struct forge_made_fact *fact, int code,
		      const char *reason, struct error *err)
{
	fact->same = false;
	fact->code = code;
	fact->reason = arena_string(forge->collector->arena, reason);
	return fact->reason ? 0 : no_memory(err);
}

int forge_made_tree(const struct forge_made *forge, const struct oid *commit,
		    struct oid *tree, struct error *err)
{
	return repo_commit_tree(forge->collector->judge->repo, commit,
				limits_of(forge)->values[LIMIT_GIT_COMMIT_BYTES], tree,
				err);
}

/* --- what needs no git --- */

static void settle(struct recompute_step *step, const struct oid *tree)
{
	step->tree = *tree;
	step->result =
		oid_equal(tree, &step->expected) ? RECOMPUTE_SAME : RECOMPUTE_DIFFERENT;
}

/* One side is what both were made from: the other one is the result. */
static int settle_merge(const struct forge_made *forge, struct recompute_step *step,
			struct error *err)
{
	struct repo *repo = forge->collector->judge->repo;
	const struct oid *later = NULL;
	struct oid tree;

	int contained = repo_is_ancestor(repo, &step->ours, &step->theirs, err);
	if (contained == 1)
		later = &step->theirs;
	else if (contained == 0)
		contained = repo_is_ancestor(repo, &step->theirs, &step->ours, err);
	if (contained < 0)
		return contained;
	if (!later && contained == 1)
		later = &step->ours;
	int rc = later ? forge_made_tree(forge, later, &tree, err) : 0;
	if (rc == 0 && later)
		settle(step, &tree);
	return rc;
}

static void settle_pick(struct recompute_step *step)
{
	if (oid_equal(&step->ours, &step->base))
		settle(step, &step->theirs);
	else if (oid_equal(&step->theirs, &step->base) ||
		 oid_equal(&step->theirs, &step->ours))
		settle(step, &step->ours);
}

/* --- what is remembered --- */

static int context_of(const struct recompute_step *step, struct digest *out)
{
	struct hasher *hasher = hasher_new();

	if (!hasher)
		return ERROR_MEMORY;
	hasher_add_field(hasher, step->pick ? "pick" : "merge", step->pick ? 4 : 5);
	hasher_add_field(hasher, step->base.bytes, step->base.length);
	hasher_add_field(hasher, step->ours.bytes, step->ours.length);
	hasher_add_field(hasher, step->theirs.bytes, step->theirs.length);
	return hasher_finish(hasher, out);
}

static void recall(const struct forge_made *forge, struct recompute_step *step)
{
	const struct fact_cache *cache = forge->collector->judge->cache;
	struct digest context;

	if (!cache || !cache->get || context_of(step, &context) != 0)
		return;
	const char *value = cache->get(cache->data, MEMORY_KIND, &context,
				       &step->expected, forge->collector->arena);
	if (value && strcmp(value, "same") == 0)
		settle(step, &step->expected);
}

static void remember(const struct forge_made *forge, const struct recompute_step *step)
{
	const struct fact_cache *cache = forge->collector->judge->cache;
	struct digest context;

	if (cache && cache->put && step->result == RECOMPUTE_SAME &&
	    context_of(step, &context) == 0)
		cache->put(cache->data, MEMORY_KIND, &context, &step->expected, "same");
}

/* --- questions --- */

int forge_made_ask(struct forge_made *forge, const struct recompute_step *question,
		   size_t *step, struct error *err)
{
	struct recompute_step *added =
		ARENA_PUSH(forge->collector->arena, &forge->steps, &forge->step_count,
			   &forge->step_capacity);
	int rc = 0;

	if (!added)
		return no_memory(err);
	*added = *question;
	*step = forge->step_count - 1;
	if (added->pick)
		settle_pick(added);
	else
		rc = settle_merge(forge, added, err);
	if (rc == 0 && added->result == RECOMPUTE_UNKNOWN)
		recall(forge, added);
	if (rc != 0 || added->result != RECOMPUTE_UNKNOWN)
		return rc;
	return limit_check(limits_of(forge), LIMIT_FORGE_MADE_MERGES, ++forge->open,
			   "what the forge made", err);
}

/* Of the commits that are judged; the others were verified before. */
static const struct commit_fact *find_unverified(const struct forge_made *forge,
						 const struct commit_fact *merge)
{
	for (size_t i = 0; i < merge->parent_count; i++) {
		const struct commit_fact *parent =
			collect_find(forge->collector, &merge->parents[i]);
		if (parent && forge_made_unverified(forge, parent))
			return parent;
	}
	return NULL;
}

static int refuse_parent(struct forge_made *forge, struct made *made,
			 const struct commit_fact *parent, struct error *err)
{
	const char *reason = arena_printf(
		forge->collector->arena, "its parent %s is not verified: %s",
		oid_short(&parent->id), forge_made_unverified(forge, parent));

	return reason ? forge_made_refuse(forge, made->fact, ERROR_RULE_FORGE_SOURCE,
					  reason, err)
		      : no_memory(err);
}

static int ask_merge(struct forge_made *forge, struct made *made, struct error *err)
{
	const struct commit_fact *unverified = find_unverified(forge, made->commit);
	const struct commit_fact *commit = made->commit;
	struct recompute_step question = {
		.ours = commit->parents[0],
		.theirs = commit->parents[1],
		.expected = commit->tree,
	};

	if (unverified)
		return refuse_parent(forge, made, unverified, err);
	int related = repo_is_related(forge->collector->judge->repo, &question.ours,
				      &question.theirs, err);
	if (related < 0)
		return related;
	if (related == 0)
		return forge_made_refuse(forge, made->fact, ERROR_RULE_FORGE_UNRELATED,
					 "its parents have no history in common", err);
	made->asked = true;
	return forge_made_ask(forge, &question, &made->step, err);
}

int forge_made_take(struct forge_made *forge, struct commit_fact *commit, bool nested,
		    struct error *err)
{
	struct arena *arena = forge->collector->arena;
	struct made *made = ARENA_PUSH(arena, &forge->made, &forge->made_count,
				       &forge->made_capacity);
	struct forge_made_fact *fact = arena_new_of(arena, struct forge_made_fact);

	if (!made || !fact)
		return no_memory(err);
	*made = (struct made){ .commit = commit, .fact = fact };
	commit->forge_made = fact;
	if (commit->parent_count == 0)
		return forge_made_refuse(forge, fact, ERROR_RULE_FORGE_ROOT,
					 "it has no parent, so it is no merge", err);
	if (commit->parent_count > 2)
		return forge_made_refuse(forge, fact, ERROR_RULE_FORGE_OCTOPUS,
					 "it merges more than two parents, which no "
					 "forge does",
					 err);
	if (commit->parent_count == 2)
		return ask_merge(forge, made, err);
	if (nested)
		return forge_made_refuse(forge, fact, ERROR_RULE_FORGE_NO_SOURCE,
					 "it was edited there, or squashed or rebased "
					 "before it was squashed or rebased again",
					 err);
	return forge_sources_add(forge, commit, fact, err);
}

/* --- answers --- */

struct difference {
	struct arena *arena;
	const char *path;
};

static int take_first(void *data, const char *path, uint32_t old_mode,
		      const struct oid *old_id, uint32_t new_mode,
		      const struct oid *new_id)
{
	struct difference *difference = data;

	(void)old_mode;
	(void)old_id;
	(void)new_mode;
	(void)new_id;
	difference->path = arena_string(difference->arena, path);
	return 1;
}

const char *forge_made_difference(const struct forge_made *forge,
				  const struct recompute_step *step)
{
	struct difference difference = { forge->collector->arena, NULL };

	repo_tree_diff(forge->collector->judge->repo, &step->tree, &step->expected,
		       take_first, &difference, NULL);
	return difference.path ? difference.path : "";
}

static int conclude_merge(struct forge_made *forge, const struct made *made,
			  struct error *err)
{
	const struct recompute_step *step = &forge->steps[made->step];
	const char *reason;

	switch (step->result) {
	case RECOMPUTE_SAME:
		made->fact->same = true;
		return 0;
	case RECOMPUTE_CONFLICT:
		return forge_made_refuse(forge, made->fact, ERROR_RULE_FORGE_CONFLICT,
					 "its parents conflict, and who resolved that "
					 "must sign it",
					 err);
	case RECOMPUTE_DIFFERENT:
		reason = arena_printf(forge->collector->arena,
				      "merging its parents gives another tree: '%s' "
				      "differs",
				      forge_made_difference(forge, step));
		return reason ? forge_made_refuse(forge, made->fact,
						  ERROR_RULE_FORGE_DIFFERENT, reason,
						  err)
			      : no_memory(err);
	case RECOMPUTE_UNKNOWN:
		break;
	}
	return 0;
}

static int ask_git(struct forge_made *forge, struct error *err)
{
	const struct judge *judge = forge->collector->judge;
	struct arena *arena = forge->collector->arena;
	struct recompute_step *open =
		arena_array(arena, forge->open + 1, sizeof(*open));
	size_t count = 0;

	if (!open)
		return no_memory(err);
	for (size_t i = 0; i < forge->step_count; i++)
		if (forge->steps[i].result == RECOMPUTE_UNKNOWN)
			open[count++] = forge->steps[i];
	int rc = judge->recompute(judge->recompute_data, open, count, err);
	if (rc != 0)
		return rc;
	count = 0;
	for (size_t i = 0; i < forge->step_count; i++)
		if (forge->steps[i].result == RECOMPUTE_UNKNOWN) {
			forge->steps[i] = open[count++];
			remember(forge, &forge->steps[i]);
		}
	return 0;
}

static int conclude(struct forge_made *forge, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < forge->made_count; i++)
		if (forge->made[i].asked)
			rc = conclude_merge(forge, &forge->made[i], err);
	return rc == 0 && forge->sources ? forge_sources_conclude(forge, err) : rc;
}

int collect_forge_made(struct collector *collector, struct error *err)
{
	struct forge_made forge = { .collector = collector };
	struct facts *facts = collector->facts;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < facts->commit_count; i++)
		if (forge_made_by_key(collector, &facts->commits[i]))
			rc = forge_made_take(&forge, &facts->commits[i], false, err);
	if (rc == 0 && forge.sources)
		rc = forge_sources_plan(&forge, err);
	if (rc == 0 && forge.open && !collector->judge->recompute)
		collector->needs_merges = true;
	else if (rc == 0 && forge.open)
		rc = ask_git(&forge, err);
	return rc == 0 ? conclude(&forge, err) : rc;
}
