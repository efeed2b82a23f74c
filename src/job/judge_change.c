/* job/judge_change.c - the way of one judgement: policy, facts, evaluation. */
#include "job/judge.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "conf/policy_bundle.h"
#include "conf/policy_parse.h"
#include "model/facts.h"
#include "model/policy.h"
#include "model/finding.h"
#include "model/waiver.h"
#include "policy/evaluate.h"
#include "repo/repo.h"

#define POLICY_FILE       ".gitgate.yaml"
#define JUDGE_ARENA_BYTES ((size_t)1 << 30)

static const struct limits *limits_of(const struct judge *judge)
{
	return judge->limits ? judge->limits : &limits_default;
}

/* The files that a repository's policy was built from, its own first. */
struct sources {
	struct arena *arena;
	struct tree_entry *items; /* `name` is the path */
	size_t count;
	size_t capacity;
};

/* Loads files that a repository's policy names from the protected commit's tree. */
struct tree_loader {
	const struct judge *judge;
	struct repo *repo;
	struct oid tree;
	struct arena *arena;
	size_t maximum;
	struct sources *sources; /* NULL: nobody asks */
};

static int add_source(struct sources *sources, const char *name,
		      const struct tree_entry *entry, struct error *err)
{
	if (!sources)
		return 0;
	struct tree_entry *slot = ARENA_PUSH(sources->arena, &sources->items,
					     &sources->count, &sources->capacity);
	const char *kept = arena_string(sources->arena, name);
	if (!slot || !kept)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*slot = *entry;
	slot->name = kept;
	return 0;
}

static int find_file(const struct tree_loader *loader, const char *name,
		     struct tree_entry *out, struct error *err)
{
	struct error problem = ERROR_INIT;

	int rc = repo_tree_find(loader->repo, &loader->tree, name, out, &problem);
	if (rc == ERROR_NOT_FOUND)
		return error_set(err, ERROR_CONFIG, "'%s' is not in the repository",
				 name);
	if (rc != 0)
		return error_set(err, rc, "'%s': %s", name, problem.text);
	if (!repo_is_file(out->mode))
		return error_set(err, ERROR_CONFIG, "'%s' is not a regular file", name);
	return add_source(loader->sources, name, out, err);
}

static int load_from_tree(void *data, const char *name, struct policy_file *out,
			  struct error *err)
{
	struct tree_loader *loader = data;
	struct tree_entry entry;
	struct object object;

	int rc = find_file(loader, name, &entry, err);
	if (rc != 0)
		return rc;
	rc = repo_read(loader->repo, &entry.id, loader->maximum, &object, err);
	if (rc != 0)
		return error_context(err, "'%s'", name);
	char *bytes = arena_copy(loader->arena, object.bytes, object.length);
	size_t length = object.length;
	repo_object_release(&object);
	char *kept = arena_string(loader->arena, name);
	if (!bytes || !kept)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*out = (struct policy_file){ kept, bytes, length };
	return 0;
}

/* --- a large file, read when it is needed --- */

struct blob_source {
	struct repo *repo;
	struct oid id;
	size_t maximum;
	const char *name;
};

static int read_blob_source(void *data, struct buf *out, struct error *err)
{
	const struct blob_source *source = data;
	struct object object;

	int rc = repo_read(source->repo, &source->id, source->maximum, &object, err);
	if (rc != 0)
		return error_context(err, "'%s'", source->name);
	buf_add(out, object.bytes, object.length);
	repo_object_release(&object);
	return 0;
}

static int find_in_tree(void *data, const char *name, struct policy_source *out,
			struct error *err)
{
	const struct tree_loader *loader = data;
	struct blob_source *source = arena_new_of(loader->arena, struct blob_source);
	struct tree_entry entry;
	uint64_t size = 0;
	char id[OID_HEX_BYTES];

	int rc = find_file(loader, name, &entry, err);
	if (rc != 0)
		return rc;
	rc = repo_stat(loader->repo, &entry.id, NULL, &size, err);
	if (rc != 0)
		return error_context(err, "'%s'", name);
	oid_hex(&entry.id, id);
	const char *identity = arena_printf(loader->arena, "blob %s", id);
	const char *kept = arena_string(loader->arena, name);
	if (!source || !identity || !kept)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*source = (struct blob_source){ loader->repo, entry.id, loader->maximum, kept };
	*out = (struct policy_source){ .size = size,
				       .identity = identity,
				       .read = read_blob_source,
				       .data = source };
	return 0;
}

static int compile_for_tree(void *data, const void *bytes, size_t length,
			    struct policy_file *out, struct error *err)
{
	const struct tree_loader *loader = data;
	const struct judge *judge = loader->judge;

	if (!judge->compile)
		return error_set(err, ERROR_UNSUPPORTED,
				 "OpenPGP keys cannot be read here");
	return policy_compile_into(loader->arena, judge->compile, judge->compile_data,
				   bytes, length, out, err);
}

/* Adds the .gitgate.yaml of a tree to a policy that holds the floor; a tree without one
 * adds nothing. */
static int add_repository_policy(const struct judge *judge, const struct oid *tree,
				 struct policy *policy, struct sources *sources,
				 bool *found, struct error *err)
{
	struct tree_loader loader = {
		.judge = judge,
		.repo = judge->repo,
		.tree = *tree,
		.arena = policy->arena,
		.maximum = limits_of(judge)->values[LIMIT_SCHEMA_BUNDLE_BYTES],
		.sources = sources,
	};
	struct policy_file file;
	struct tree_entry entry;
	struct error missing = ERROR_INIT;

	*found = false;
	int rc = repo_tree_find(judge->repo, tree, POLICY_FILE, &entry, &missing);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc != 0)
		return error_set(err, rc, "%s", missing.text);
	rc = load_from_tree(&loader, POLICY_FILE, &file, err);
	if (rc != 0)
		return rc;
	*found = true;
	struct policy_loader access = { load_from_tree, &loader, compile_for_tree,
					find_in_tree };
	return policy_add_repository(policy, &file, &access, err);
}

/* `tree` NULL: the repository's part comes from judge->own; of length 0: there is none.
 */
static int new_policy(const struct judge *judge, const struct oid *tree,
		      struct sources *sources, struct policy **out, struct error *err)
{
	struct policy *policy = NULL;
	bool found = !tree;

	int rc = judge->floor ? judge->floor(judge->floor_data, &policy, err)
			      : policy_new(&policy, err);
	if (rc == 0 && !tree)
		rc = judge->own(judge->own_data, policy, err);
	else if (rc == 0 && tree->length)
		rc = add_repository_policy(judge, tree, policy, sources, &found, err);
	if (rc == 0 && !judge->floor && !found)
		rc = error_set(err, ERROR_NO_POLICY,
			       "there is no policy: neither a server's floor nor a "
			       ".gitgate.yaml on the protected side");
	if (rc == 0)
		rc = policy_finish(policy, err);
	if (rc != 0) {
		policy_free(policy);
		return rc;
	}
	*out = policy;
	return 0;
}

static int load_policy(const struct judge *judge, struct sources *sources,
		       struct policy **out, struct error *err)
{
	struct oid tree = OID_INIT;
	int rc = 0;

	if (!judge->own && judge->policy_commit.length)
		rc = repo_commit_tree(judge->repo, &judge->policy_commit,
				      limits_of(judge)->values[LIMIT_GIT_COMMIT_BYTES],
				      &tree, err);
	return rc == 0 ? new_policy(judge, judge->own ? NULL : &tree, sources, out, err)
		       : rc;
}

int judge_policy(const struct judge *judge, struct policy **out, struct error *err)
{
	return load_policy(judge, NULL, out, err);
}

/* Ends a judgement before evaluation: a verdict that fails with one finding of the
 * gate. */
static int refuse(struct verdict *verdict, const struct error *cause, int code,
		  const char *mend, const struct oid *commit, struct error *err)
{
	struct finding finding = {
		.severity = SEVERITY_ERROR,
		.code = code,
		.rule = "gitgate",
		.message = cause->text,
		.mend = mend,
		.commit = *commit,
	};
	int rc = verdict_init(verdict, err);
	if (rc == 0)
		rc = verdict_add(verdict, &finding, err);
	if (rc != 0) {
		verdict_release(verdict);
		return rc;
	}
	verdict_conclude(verdict);
	return 0;
}

/* Causes that are the fault of what was pushed or configured: they refuse with a
 * reason. The others (memory, disk, missing objects) are errors, which refuse too but
 * may pass later. */
static bool is_refusal(int code)
{
	return error_exit_code(code) == 1 || code == ERROR_LIMIT ||
	       code == ERROR_CONFIG || code == ERROR_SYNTAX ||
	       code == ERROR_DUPLICATE_KEY || code == ERROR_SCHEMA ||
	       code == ERROR_PATTERN || code == ERROR_ENCODING;
}

static int check_anchor(const struct judge *judge, struct error *err)
{
	if (judge->trusted_count || judge->from_root)
		return 0;
	return error_set(err, ERROR_NO_ANCHOR,
			 "nothing says up to where the history of '%s' is trusted",
			 judge->change->ref);
}

/* Leaves out what is trusted only by refs with weaker guards. */
static int narrow_trust(struct judge *judge, const struct policy *policy,
			struct arena *arena, struct error *err)
{
	const char *repository = judge->change->repository;
	struct oid *kept = arena_array(arena, judge->trusted_count + 1, sizeof(*kept));
	size_t count = 0;

	if (!kept)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < judge->trusted_count; i++) {
		const char *ref = judge->trusted_refs ? judge->trusted_refs[i] : "";
		if (!*ref ||
		    policy_guards_as_well(policy, repository, judge->change->ref, ref))
			kept[count++] = judge->trusted[i];
	}
	judge->trusted = kept;
	judge->trusted_count = count;
	judge->trusted_refs = NULL;
	return 0;
}

/* Whether a tree holds exactly the files that the present policy was built from: 1, 0,
 * or why that cannot be known. */
static int has_sources(struct repo *repo, const struct oid *tree,
		       const struct sources *sources, struct error *err)
{
	for (size_t i = 0; i < sources->count; i++) {
		struct tree_entry entry;
		struct error missing = ERROR_INIT;
		int rc = repo_tree_find(repo, tree, sources->items[i].name, &entry,
					&missing);
		if (rc == ERROR_NOT_FOUND)
			return 0;
		if (rc != 0)
			return error_set(err, rc, "%s", missing.text);
		if (entry.mode != sources->items[i].mode ||
		    !oid_equal(&entry.id, &sources->items[i].id))
			return 0;
	}
	return sources->count > 0;
}

/* The pushed policy must be one that the next push can be judged by, with all the files
 * that it names. */
static int check_pushed_policy(const struct collector *collector,
			       const struct sources *sources, struct error *err)
{
	struct tree_entry after;
	struct repo *repo = collector->judge->repo;
	const struct kubernetes_bundle *bundle;
	struct policy *policy = NULL;
	struct error missing = ERROR_INIT;

	int rc = has_sources(repo, &collector->tip_tree, sources, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = repo_tree_find(repo, &collector->tip_tree, POLICY_FILE, &after, &missing);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc != 0)
		return error_set(err, rc, "%s", missing.text);
	rc = new_policy(collector->judge, &collector->tip_tree, NULL, &policy, err);
	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++)
		if (policy->rules[i].origin == ORIGIN_REPOSITORY &&
		    policy->rules[i].kubernetes)
			rc = policy_bundle_open(policy->rules[i].kubernetes, &bundle,
						err);
	policy_free(policy);
	return rc;
}

/* A merge request of which the base has everything: there is nothing to judge. */
static int find_nothing(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;

	if (!judge->merge || collector->facts->commit_count)
		return 0;
	int contained = repo_is_ancestor(judge->repo, &collector->tip,
					 &judge->change->old_id, err);
	collector->brings_nothing = contained == 1;
	return contained < 0 ? contained : 0;
}

static int collect(struct collector *collector, unsigned int needed, struct error *err)
{
	const struct judge *judge = collector->judge;
	struct facts *facts = collector->facts;

	facts->change = judge->change;
	facts->kinds = FACTS_REF;
	int rc = needed & FACTS_PUSH ? collect_push(collector, err) : 0;
	if (rc != 0 || change_kind(judge->change) == CHANGE_DELETE)
		return rc;
	if (!judge->merge)
		facts->content = collector->tip;
	/* Always: a malformed commit is refused whatever the rules look at. */
	rc = collect_commits(collector, err);
	if (rc == 0)
		rc = find_nothing(collector, err);
	if (rc != 0 || collector->brings_nothing)
		return rc;
	if (needed & FACTS_TOUCHED)
		rc = collect_touched(collector, err);
	if (rc == 0 && needed & FACTS_FILES)
		rc = collect_files(collector, err);
	if (rc == 0 && needed & FACTS_DOCUMENTS)
		rc = collect_documents(collector, err);
	if (rc == 0 && needed & FACTS_REVIEWS)
		rc = collect_reviews(collector, err);
	return rc;
}

/* Waivers are looked for only when there is something to waive: what is in order costs
 * nothing. They are read now, whatever was true when the change came. */
static int evaluate_facts(struct collector *collector, struct verdict *verdict,
			  struct error *err)
{
	int64_t now = clock_now();

	int rc =
		policy_evaluate(collector->policy, collector->facts, now, verdict, err);
	if (rc != 0 || verdict->count == 0)
		return rc;
	rc = collect_waivers(collector, verdict, err);
	if (rc == 0 && collector->facts->waiver_count == 0)
		return 0;
	verdict_release(verdict);
	return rc == 0 ? policy_evaluate(collector->policy, collector->facts, now,
					 verdict, err)
		       : rc;
}

static int evaluate(struct collector *collector, struct verdict *verdict,
		    struct error *err)
{
	if (!collector->brings_nothing)
		return evaluate_facts(collector, verdict, err);
	int rc = verdict_init(verdict, err);
	if (rc == 0) {
		verdict->policy = collector->policy->digest;
		verdict_conclude(verdict);
	}
	return rc;
}

/* The tree of the old tip, when that tip was judged: what equals it needs no second
 * look. */
static int find_base_tree(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;
	const struct oid *old_id = &judge->change->old_id;

	if (oid_is_null(old_id))
		return 0;
	for (size_t i = 0; i < judge->trusted_count; i++)
		if (oid_equal(&judge->trusted[i], old_id)) {
			struct error gone = ERROR_INIT;
			int rc = repo_commit_tree(
				judge->repo, old_id,
				limits_of(judge)->values[LIMIT_GIT_COMMIT_BYTES],
				&collector->base_tree, &gone);
			/* An anchor of another repository, or forgotten history: then
			 * everything is looked at. */
			return rc == 0 || rc == ERROR_NOT_FOUND
				       ? 0
				       : error_set(err, rc, "%s", gone.text);
		}
	return 0;
}

static int find_tip(struct collector *collector, struct error *err)
{
	const struct judge *judge = collector->judge;

	if (change_kind(judge->change) == CHANGE_DELETE)
		return 0;
	int rc = repo_peel(judge->repo, &judge->change->new_id, &collector->tip, err);
	if (rc == ERROR_NOT_FOUND &&
	    repo_stat(judge->repo, &judge->change->new_id, NULL, NULL, NULL) == 0) {
		error_clear(err);
		return error_set(err, ERROR_NOT_A_COMMIT,
				 "'%s' would name something that does not lead to a "
				 "commit",
				 judge->change->ref);
	}
	if (rc == 0)
		rc = repo_commit_tree(judge->repo, &collector->tip,
				      limits_of(judge)->values[LIMIT_GIT_COMMIT_BYTES],
				      &collector->tip_tree, err);
	if (rc == 0 && judge->merge)
		collector->tip_tree = judge->merge->tree;
	if (rc == 0)
		rc = find_base_tree(collector, err);
	return rc;
}

static int check_merge(const struct judge *judge, struct error *err)
{
	if (!judge->merge || !judge->merge->conflicts)
		return 0;
	return error_set(err, ERROR_MERGE_CONFLICT,
			 "it cannot be merged into '%s' without conflicts%s%s",
			 judge->change->ref, *judge->merge->conflicts ? ": " : "",
			 judge->merge->conflicts);
}

/* The refusal of a policy that cannot be used; *mend says what to do. */
static int blame_policy(int code, const char **mend)
{
	if (!is_refusal(code) || code == ERROR_NO_POLICY)
		return code;
	*mend = "the policy that counts is the one on the protected side; an "
		"administrator must mend it there";
	return ERROR_POLICY_BROKEN;
}

/* Up to where every fact can be collected: the policy that counts, what is trusted, the
 * merge, the tip. `mend`: what to do about a refusal. */
static int prepare(struct collector *collector, struct judge *judge,
		   struct policy **policy, const char **mend, struct error *err)
{
	bool deletes = change_kind(judge->change) == CHANGE_DELETE;
	struct sources sources = { .arena = collector->arena };

	int rc = ref_check(judge->change->ref, err);
	if (rc == 0 && !deletes)
		rc = check_anchor(judge, err);
	if (rc == 0) {
		rc = load_policy(judge, &sources, policy, err);
		if (rc != 0)
			rc = blame_policy(rc, mend);
	}
	if (rc == 0)
		rc = narrow_trust(judge, *policy, collector->arena, err);
	if (rc == 0 && !deletes)
		rc = check_anchor(judge, err);
	if (rc == ERROR_NO_ANCHOR)
		*mend = judge->anchor_hint ? judge->anchor_hint
					   : "set one: gitgate init REPOSITORY "
					     "--anchor HEAD";
	if (rc == 0) {
		rc = check_merge(judge, err);
		if (rc != 0)
			*mend = "merge the base into it, or rebase it, and solve the "
				"conflicts";
	}
	if (rc == 0)
		rc = find_tip(collector, err);
	if (rc == 0 && !deletes) {
		rc = check_pushed_policy(collector, &sources, err);
		if (rc != 0 && is_refusal(rc)) {
			rc = ERROR_POLICY_PUSHED_BROKEN;
			*mend = "mend the file; 'gitgate check' shows the same before "
				"a push";
		}
	}
	return rc;
}

static int judge_with(struct collector *collector, struct verdict *verdict,
		      struct judged *judged, struct error *err)
{
	struct judge judge = *collector->judge;
	const struct change *change = judge.change;
	struct policy *policy = NULL;
	struct error cause = ERROR_INIT;
	const char *mend = NULL;

	collector->judge = &judge;
	int rc = prepare(collector, &judge, &policy, &mend, &cause);
	unsigned int needed =
		policy ? policy_facts_needed(policy, change->repository, change->ref)
		       : 0;
	if (rc == 0) {
		collector->policy = policy;
		rc = collect(collector, needed, &cause);
		if (rc != 0 && collector->policy_broken)
			rc = blame_policy(rc, &mend);
	}
	if (rc == 0)
		rc = evaluate(collector, verdict, &cause);
	else if (is_refusal(rc)) {
		struct digest digest =
			policy ? policy->digest : (struct digest){ { 0 } };
		rc = refuse(verdict, &cause, rc, mend, &collector->tip, err);
		if (rc == 0)
			verdict->policy = digest;
	}
	policy_free(policy);
	if (rc != 0)
		return error_set(err, rc, "%s", cause.text);
	judged->commits = collector->facts->commit_count;
	judged->tip = collector->tip;
	judged->needs_merges = collector->needs_merges;
	judged->needs_reviews = change_kind(change) != CHANGE_DELETE &&
				!judge.reviews && needed & FACTS_REVIEWS &&
				!collector->brings_nothing;
	return 0;
}

/* --- refs/waivers/ --- */

/* The new one, and the one that stands there. */
static int collect_pushed_waiver(struct collector *collector, struct error *err)
{
	const struct change *change = collector->judge->change;
	struct facts *facts = collector->facts;
	struct waiver_fact *waivers =
		arena_array(collector->arena, 2, sizeof(*waivers));

	facts->change = change;
	facts->waivers = waivers;
	if (!waivers)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (change_kind(change) == CHANGE_DELETE)
		return 0;
	int rc = collect_waiver(collector, change->ref, &change->new_id, &waivers[0],
				err);
	facts->waiver_count = 1;
	if (rc == 0 && change_kind(change) == CHANGE_UPDATE) {
		rc = collect_waiver(collector, change->ref, &change->old_id,
				    &waivers[1], err);
		facts->waiver_count = 2;
	}
	return rc;
}

/* Not by the policy's rules, which are about branches and tags; but by its people, and
 * the rules that it has. */
static int judge_waiver(struct collector *collector, struct verdict *verdict,
			struct error *err)
{
	struct policy *policy = NULL;

	int rc = load_policy(collector->judge, NULL, &policy, err);
	if (rc != 0)
		return rc;
	collector->policy = policy;
	rc = collect_pushed_waiver(collector, err);
	if (rc == 0)
		rc = policy_evaluate_waiver(policy, collector->facts, clock_now(),
					    verdict, err);
	policy_free(policy);
	return rc;
}

int judge_change(const struct judge *judge, struct verdict *verdict,
		 struct judged *judged, struct error *err)
{
	struct facts facts = { 0 };
	struct collector collector = {
		.judge = judge,
		.arena = arena_new(JUDGE_ARENA_BYTES),
		.facts = &facts,
	};

	if (!collector.arena)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = waiver_is_ref(judge->change->ref)
			 ? judge_waiver(&collector, verdict, err)
			 : judge_with(&collector, verdict, judged, err);
	map_release(&collector.by_id);
	arena_free(collector.arena);
	return rc;
}
