/* job/forge_sources.c - of what a commit with a single parent was squashed or rebased
 * by the forge.
 *
 * The commit does not say it. So heads that are known here and bring something new are
 * tried: first those of merge requests that the message names ("#12", "!12"), then the
 * newest ones of merge requests and branches; git is asked only about what principals
 * have signed. Squashed: merging the head into the parent gives the tree. Rebased: the
 * commits of the head, in their order and all of them, give one commit of the forge
 * each, but for those that bring nothing any more. Which of them gave which is guessed
 * by author and message, and proved by the trees. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "job/forge_made.h"
#include "job/judge.h"
#include "model/facts.h"
#include "repo/repo.h"

#define NAMED_MAX 8    /* numbers of one message */
#define KNOWN_MAX 1024 /* heads that are looked at, the newest of all */

struct head {
	const char *ref;
	struct oid commit;
	int64_t when;    /* of its committer */
	uint64_t number; /* 0: a branch */
	enum { VERIFIED_UNKNOWN = 0, VERIFIED, UNVERIFIED } tip;
};

/* The commits that a head brings to a parent, oldest first. */
struct list {
	const struct head *head;
	struct commit_fact *commits;
	size_t count;
	size_t capacity;
	bool linear;                          /* each the only parent of the next */
	const struct commit_fact *unverified; /* the first; NULL: none */
};

/* A way in which one head may have given some commits in a row. */
struct plan {
	const struct list *list;
	size_t first_step;
	size_t step_count;
	size_t gives; /* commits */
	struct plan *next;
};

struct single {
	const struct commit_fact *commit;
	struct forge_made_fact *fact;
	struct single *child; /* the next commit by the forge; NULL: none, or several */
	size_t children;
	bool has_parent; /* that is by the forge too */
	bool planned;
	struct plan *plans;
	const struct list *unverified; /* that was left out because of that */
};

struct forge_sources {
	struct single *singles;
	size_t count;
	size_t capacity;
	struct head *heads; /* the newest first */
	size_t head_count;
	size_t head_capacity;
};

static int no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}

int forge_sources_add(struct forge_made *forge, const struct commit_fact *commit,
		      struct forge_made_fact *fact, struct error *err)
{
	struct arena *arena = forge->collector->arena;

	if (!forge->sources)
		forge->sources = arena_new_of(arena, struct forge_sources);
	if (!forge->sources)
		return no_memory(err);
	struct single *single =
		ARENA_PUSH(arena, &forge->sources->singles, &forge->sources->count,
			   &forge->sources->capacity);
	if (!single)
		return no_memory(err);
	*single = (struct single){ .commit = commit, .fact = fact };
	return 0;
}

/* --- heads --- */

/* "refs/pull/12/head", and how the others call it: 12; 0: it is none of these. */
static uint64_t number_of(const char *ref)
{
	static const struct {
		const char *start;
		const char *end;
	} forms[] = {
		{ "refs/pull/", "/head" },
		{ "refs/merge-requests/", "/head" },
		{ "refs/pull-requests/", "/from" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t length = strlen(forms[i].start);
		char *end;
		if (strncmp(ref, forms[i].start, length) != 0 ||
		    !isdigit((unsigned char)ref[length]))
			continue;
		uint64_t number = strtoull(ref + length, &end, 10);
		return strcmp(end, forms[i].end) == 0 ? number : 0;
	}
	return 0;
}

static int commit_time(const struct forge_made *forge, const struct oid *id,
		       int64_t *when)
{
	struct object object;
	struct commit_text text;

	int rc = repo_read_commit(forge->collector->judge->repo, id,
				  limits_default.values[LIMIT_GIT_COMMIT_BYTES],
				  &object, &text, NULL);
	if (rc != 0)
		return rc;
	*when = text.committer.seconds;
	repo_object_release(&object);
	return 0;
}

/* What cannot be read cannot be what the forge made it of. */
static int add_head(void *data, const char *name, const struct oid *id)
{
	struct forge_made *forge = data;
	struct forge_sources *sources = forge->sources;
	struct arena *arena = forge->collector->arena;
	struct head head = { .number = number_of(name) };

	if ((head.number == 0 && !text_starts_with(name, "refs/heads/")) ||
	    repo_peel(forge->collector->judge->repo, id, &head.commit, NULL) != 0 ||
	    commit_time(forge, &head.commit, &head.when) != 0)
		return 0;
	head.ref = arena_string(arena, name);
	struct head *added = ARENA_PUSH(arena, &sources->heads, &sources->head_count,
					&sources->head_capacity);
	if (!head.ref || !added)
		return ERROR_MEMORY;
	*added = head;
	return 0;
}

static int compare_heads(const void *first, const void *second)
{
	const struct head *a = first;
	const struct head *b = second;

	if (a->when != b->when)
		return a->when > b->when ? -1 : 1;
	int order = oid_compare(&a->commit, &b->commit);
	/* One of a merge request before a branch: it is what people know it by. */
	if (order == 0)
		order = (a->number == 0) - (b->number == 0);
	return order ? order : strcmp(a->ref, b->ref);
}

static int find_heads(struct forge_made *forge, struct error *err)
{
	struct forge_sources *sources = forge->sources;

	int rc = repo_each_ref(forge->collector->judge->repo, add_head, forge, err);
	if (rc != 0)
		return rc == ERROR_MEMORY ? no_memory(err) : rc;
	if (sources->head_count)
		qsort(sources->heads, sources->head_count, sizeof(*sources->heads),
		      compare_heads);
	size_t kept = 0;
	for (size_t i = 0; i < sources->head_count; i++)
		if (kept == 0 || !oid_equal(&sources->heads[kept - 1].commit,
					    &sources->heads[i].commit))
			sources->heads[kept++] = sources->heads[i];
	sources->head_count = kept;
	return 0;
}

/* Numbers behind "#" or "!"; how many. */
static size_t find_numbers(const struct commit_fact *commit,
			   uint64_t numbers[NAMED_MAX])
{
	const char *at = commit->message;
	const char *end = at + commit->message_length;
	size_t count = 0;

	for (; at < end && count < NAMED_MAX; at++) {
		uint64_t number = 0;
		if (*at != '#' && *at != '!')
			continue;
		while (at + 1 < end && isdigit((unsigned char)at[1]) &&
		       number < 1 << 30)
			number = number * 10 + (uint64_t)(*++at - '0');
		if (number)
			numbers[count++] = number;
	}
	return count;
}

/* --- the commits of a head --- */

struct collecting {
	struct forge_made *forge;
	struct list *list;
	const struct oid *unwanted; /* the head holds what it should have given */
	bool found_unwanted;
	struct error *err;
};

static int add_source(void *data, const struct oid *id, const struct commit_text *text,
		      const struct object *object, const struct error *problem)
{
	struct collecting *collecting = data;
	struct list *list = collecting->list;
	struct collector *collector = collecting->forge->collector;

	(void)object;
	if (oid_equal(id, collecting->unwanted)) {
		collecting->found_unwanted = true;
		return 1;
	}
	struct commit_fact *fact = ARENA_PUSH(collector->arena, &list->commits,
					      &list->count, &list->capacity);
	if (!fact)
		return no_memory(collecting->err);
	return collect_commit(collector, id, text, problem, true, fact,
			      collecting->err);
}

static void finish_list(struct list *list)
{
	for (size_t i = 0; i < list->count / 2; i++) {
		struct commit_fact other = list->commits[i];
		list->commits[i] = list->commits[list->count - 1 - i];
		list->commits[list->count - 1 - i] = other;
	}
	list->linear = true;
	for (size_t i = 0; i < list->count; i++) {
		const struct commit_fact *commit = &list->commits[i];
		if (commit->code != 0 || commit->parent_count != 1 ||
		    (i && !oid_equal(&commit->parents[0], &list->commits[i - 1].id)))
			list->linear = false;
	}
}

/* What a head brings to the commit's parent; `out` NULL: nothing that it could be made
 * of. */
static int collect_list(struct forge_made *forge, const struct commit_fact *commit,
			const struct head *head, struct list **out, struct error *err)
{
	struct collector *collector = forge->collector;
	struct list *list = arena_new_of(collector->arena, struct list);
	struct collecting collecting = { forge, list, &commit->id, false, err };
	struct range range = {
		.tips = &head->commit,
		.tip_count = 1,
		.hidden = &commit->parents[0],
		.hidden_count = 1,
		.maximum = (size_t)limits_default.values[LIMIT_FORGE_MADE_SOURCES],
	};

	*out = NULL;
	if (!list)
		return no_memory(err);
	int rc = repo_range(collector->judge->repo, &range, add_source, &collecting,
			    err);
	/* Too long, or not all here: then it is no candidate. */
	if (rc == ERROR_LIMIT || rc == ERROR_NOT_FOUND) {
		error_clear(err);
		return 0;
	}
	if (rc < 0)
		return rc;
	if (collecting.found_unwanted || list->count == 0)
		return 0;
	list->head = head;
	finish_list(list);
	for (size_t i = 0; i < list->count && !list->unverified; i++)
		if (forge_made_unverified(forge, &list->commits[i]))
			list->unverified = &list->commits[i];
	*out = list;
	return 0;
}

/* Those that the forge made in it are made again too. */
static int take_nested(struct forge_made *forge, const struct list *list,
		       struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < list->count; i++)
		if (forge_made_by_key(forge->collector, &list->commits[i]))
			rc = forge_made_take(forge, &list->commits[i], true, err);
	return rc;
}

/* --- plans --- */

static const struct recompute_step *first_wrong(const struct forge_made *forge,
						const struct plan *plan)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (forge->steps[plan->first_step + i].result != RECOMPUTE_SAME)
			return &forge->steps[plan->first_step + i];
	return NULL;
}

static const struct plan *find_plan(const struct forge_made *forge,
				    const struct single *single)
{
	for (const struct plan *plan = single->plans; plan; plan = plan->next)
		if (plan->gives && !first_wrong(forge, plan))
			return plan;
	return NULL;
}

static struct plan *add_plan(struct forge_made *forge, struct single *single,
			     const struct list *list, size_t gives, struct error *err)
{
	struct plan *plan = arena_new_of(forge->collector->arena, struct plan);

	if (!plan) {
		no_memory(err);
		return NULL;
	}
	*plan = (struct plan){ .list = list,
			       .first_step = forge->step_count,
			       .gives = gives };
	/* The longest first: what a shorter one leaves over stands alone. */
	struct plan **at = &single->plans;
	while (*at && (*at)->gives >= gives)
		at = &(*at)->next;
	plan->next = *at;
	*at = plan;
	return plan;
}

static int plan_squash(struct forge_made *forge, struct single *single,
		       const struct list *list, struct error *err)
{
	struct plan *plan = add_plan(forge, single, list, 1, err);
	const struct recompute_step question = {
		.ours = single->commit->parents[0],
		.theirs = list->head->commit,
		.expected = single->commit->tree,
	};
	size_t step;

	if (!plan)
		return ERROR_MEMORY;
	int related = repo_is_related(forge->collector->judge->repo, &question.ours,
				      &question.theirs, err);
	if (related < 0)
		return related;
	if (related == 0) {
		single->plans = single->plans == plan ? plan->next : single->plans;
		plan->gives = 0; /* never holds */
		return 0;
	}
	plan->step_count = 1;
	return forge_made_ask(forge, &question, &step, err);
}

static size_t message_length(const struct commit_fact *commit)
{
	size_t length = commit->message_length;

	while (length && isspace((unsigned char)commit->message[length - 1]))
		length--;
	return length;
}

static bool looks_like(const struct commit_fact *a, const struct commit_fact *b)
{
	size_t length = message_length(a);

	return a->author.when == b->author.when &&
	       strcmp(a->author.name, b->author.name) == 0 &&
	       strcmp(a->author.email, b->author.email) == 0 &&
	       length == message_length(b) &&
	       memcmp(a->message, b->message, length) == 0;
}

/* How many commits from this one on the list would give. */
static size_t count_given(const struct single *single, const struct list *list)
{
	size_t gives = 0;

	for (size_t i = 0; single && i < list->count; i++)
		if (looks_like(&list->commits[i], single->commit)) {
			gives++;
			single = single->child;
		}
	return gives;
}

static int plan_rebase(struct forge_made *forge, struct single *single,
		       const struct list *list, size_t gives, struct error *err)
{
	struct plan *plan = add_plan(forge, single, list, gives, err);
	const struct single *next = single;
	struct recompute_step question = { .pick = true };

	if (!plan)
		return ERROR_MEMORY;
	int rc = forge_made_tree(forge, &single->commit->parents[0], &question.ours,
				 err);
	if (rc == 0)
		rc = forge_made_tree(forge, &list->commits[0].parents[0],
				     &question.base, err);
	for (size_t i = 0; rc == 0 && i < list->count; i++) {
		const struct commit_fact *source = &list->commits[i];
		size_t step;
		question.theirs = source->tree;
		question.expected = question.ours;
		if (next && looks_like(source, next->commit)) {
			question.expected = next->commit->tree;
			next = next->child;
		}
		rc = forge_made_ask(forge, &question, &step, err);
		plan->step_count++;
		question.ours = question.expected;
		question.base = source->tree;
	}
	return rc;
}

/* `gives`: how many commits the longest rebase explains. */
static int plan_head(struct forge_made *forge, struct single *single,
		     const struct head *head, size_t *gives, bool *used,
		     struct error *err)
{
	struct list *list;

	int rc = collect_list(forge, single->commit, head, &list, err);
	*used = list && !list->unverified;
	if (rc != 0 || !list)
		return rc;
	if (list->unverified) {
		if (!single->unverified)
			single->unverified = list;
		return 0;
	}
	rc = take_nested(forge, list, err);
	size_t given = list->linear ? count_given(single, list) : 0;
	if (rc == 0 && given)
		rc = plan_rebase(forge, single, list, given, err);
	/* Several commits with the very words of the list's own are no squash. */
	if (rc == 0 && given < 2)
		rc = plan_squash(forge, single, list, err);
	*gives = *gives > given ? *gives : given;
	return rc;
}

static bool is_named(const struct head *head, const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; head->number && i < count; i++)
		if (numbers[i] == head->number)
			return true;
	return false;
}

/* Anybody may open merge requests: what nobody known has signed must not keep others
 * from being looked at. */
static int verify_tip(struct forge_made *forge, struct head *head, struct error *err)
{
	struct repo *repo = forge->collector->judge->repo;
	struct commit_fact fact = { .code = 0 };
	struct object object;
	struct commit_text text;
	struct error problem = ERROR_INIT;

	if (head->tip != VERIFIED_UNKNOWN)
		return 0;
	head->tip = UNVERIFIED;
	if (repo_read(repo, &head->commit,
		      (size_t)limits_default.values[LIMIT_GIT_COMMIT_BYTES], &object,
		      NULL) != 0)
		return 0;
	int rc = commit_split(&text, object.bytes, object.length, repo_hash_bytes(repo),
			      &problem);
	rc = collect_commit(forge->collector, &head->commit, rc == 0 ? &text : NULL,
			    &problem, true, &fact, err);
	if (rc == 0 && !forge_made_unverified(forge, &fact))
		head->tip = VERIFIED;
	repo_object_release(&object);
	return rc;
}

static int plan_heads(struct forge_made *forge, struct single *single, bool named,
		      size_t *gives, size_t *used, struct error *err)
{
	struct forge_sources *sources = forge->sources;
	uint64_t numbers[NAMED_MAX];
	size_t count = find_numbers(single->commit, numbers), looked = 0;
	size_t maximum = (size_t)limits_default.values[LIMIT_FORGE_MADE_HEADS];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sources->head_count && *used < maximum; i++) {
		struct head *head = &sources->heads[i];
		bool useful = false;
		if (find_plan(forge, single)) /* it is so, without git */
			break;
		if (is_named(head, numbers, count) != named)
			continue;
		if (++looked > KNOWN_MAX)
			break;
		if (!named)
			rc = verify_tip(forge, head, err);
		if (rc == 0 && (named || head->tip == VERIFIED))
			rc = plan_head(forge, single, head, gives, &useful, err);
		*used += useful;
	}
	return rc;
}

static int plan_single(struct forge_made *forge, struct single *single, size_t *gives,
		       struct error *err)
{
	size_t used = 0;

	*gives = 0;
	single->planned = true;
	int rc = plan_heads(forge, single, true, gives, &used, err);
	return rc == 0 ? plan_heads(forge, single, false, gives, &used, err) : rc;
}

static void link_singles(struct forge_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		for (size_t j = 0; j < sources->count; j++) {
			struct single *parent = &sources->singles[j];
			if (!oid_equal(&sources->singles[i].commit->parents[0],
				       &parent->commit->id))
				continue;
			sources->singles[i].has_parent = true;
			parent->child =
				parent->children++ ? NULL : &sources->singles[i];
		}
	/* A child where the way forks begins anew. */
	for (size_t i = 0; i < sources->count; i++)
		if (sources->singles[i].children > 1)
			for (size_t j = 0; j < sources->count; j++)
				if (oid_equal(&sources->singles[j].commit->parents[0],
					      &sources->singles[i].commit->id))
					sources->singles[j].has_parent = false;
}

int forge_sources_plan(struct forge_made *forge, struct error *err)
{
	struct forge_sources *sources = forge->sources;

	int rc = find_heads(forge, err);
	link_singles(sources);
	for (size_t i = 0; rc == 0 && i < sources->count; i++) {
		struct single *single = &sources->singles[i];
		if (single->has_parent)
			continue;
		while (rc == 0 && single) {
			size_t gives;
			rc = plan_single(forge, single, &gives, err);
			/* What a rebase explains needs no other explanation. */
			for (gives = gives ? gives : 1; single && gives; gives--)
				single = single->child;
		}
	}
	return rc;
}

/* --- what git answered --- */

static void accept(const struct plan *plan, struct single **at)
{
	for (size_t i = 0; i < plan->gives; i++, *at = (*at)->child)
		*(*at)->fact = (struct forge_made_fact){
			.same = true,
			.source = plan->list->head->ref,
			.sources = plan->list->commits,
			.source_count = plan->list->count,
		};
}

static const char *why_not(const struct forge_made *forge, const struct plan *plan)
{
	struct arena *arena = forge->collector->arena;
	const struct recompute_step *step = first_wrong(forge, plan);
	const char *what = step->pick ? "rebasing" : "squashing";

	switch (step->result) {
	case RECOMPUTE_CONFLICT:
		return arena_printf(arena, "%s %s conflicts", what,
				    plan->list->head->ref);
	case RECOMPUTE_DIFFERENT:
		return arena_printf(arena, "%s %s gives another tree: '%s' differs",
				    what, plan->list->head->ref,
				    forge_made_difference(forge, step));
	case RECOMPUTE_SAME:
	case RECOMPUTE_UNKNOWN:
		break;
	}
	return NULL;
}

static int refuse_unverified(struct forge_made *forge, struct single *single,
			     struct error *err)
{
	const struct list *list = single->unverified;
	const char *reason =
		arena_printf(forge->collector->arena,
			     "no verified head gives it, and of the commits of %s %s "
			     "is not "
			     "verified: %s",
			     list->head->ref, oid_short(&list->unverified->id),
			     forge_made_unverified(forge, list->unverified));

	return reason ? forge_made_refuse(forge, single->fact, ERROR_RULE_FORGE_SOURCE,
					  reason, err)
		      : no_memory(err);
}

static int refuse_plans(struct forge_made *forge, struct single *single,
			struct error *err)
{
	size_t ways = 0;

	for (const struct plan *plan = single->plans; plan; plan = plan->next)
		ways++;
	const char *reason = why_not(forge, single->plans);
	if (!reason) /* git was not asked */
		return 0;
	if (ways > 1)
		reason = arena_printf(forge->collector->arena,
				      "%s (the first of %zu ways that were tried)",
				      reason, ways);
	return reason ? forge_made_refuse(forge, single->fact,
					  ERROR_RULE_FORGE_NOT_FROM_SOURCE, reason, err)
		      : no_memory(err);
}

static int refuse(struct forge_made *forge, struct single *single, struct error *err)
{
	if (!single->planned)
		return forge_made_refuse(forge, single->fact,
					 ERROR_RULE_FORGE_NOT_FROM_SOURCE,
					 "it was rebased together with the one before "
					 "it, which is refused",
					 err);
	if (single->plans)
		return refuse_plans(forge, single, err);
	if (single->unverified)
		return refuse_unverified(forge, single, err);
	return forge_made_refuse(forge, single->fact, ERROR_RULE_FORGE_NO_SOURCE,
				 "it is no merge, and no verified head of a merge "
				 "request or branch is known here of which it could be "
				 "made",
				 err);
}

int forge_sources_conclude(struct forge_made *forge, struct error *err)
{
	struct forge_sources *sources = forge->sources;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sources->count; i++) {
		struct single *single = &sources->singles[i];
		if (single->has_parent)
			continue;
		while (rc == 0 && single) {
			const struct plan *plan = find_plan(forge, single);
			if (plan) {
				accept(plan, &single);
				continue;
			}
			rc = refuse(forge, single, err);
			single = single->child;
		}
	}
	return rc;
}
