/* job/collect_waivers.c - facts about waivers: what stands beneath refs/waivers/, and
 * who signed it.
 *
 * A ref there names a commit, and nothing more: neither it nor what it points to makes
 * a commit known or trusted. */
#include "job/judge.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "model/facts.h"
#include "model/finding.h"
#include "model/policy.h"
#include "repo/repo.h"

/* What a waiver points to: git knows it without being given it. */
#define EMPTY_TREE_SHA1 "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
#define EMPTY_TREE_SHA256                                                              \
	"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"

/* Says of the waiver that it is none; 0, as this is a fact like another. */
static int spoil(const struct collector *collector, struct waiver_fact *out, int code,
		 const char *reason, struct error *err)
{
	out->code = code;
	out->reason = arena_string(collector->arena, reason);
	return out->reason ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static bool is_empty_tree(const struct tag_text *text)
{
	const struct oid *id = &text->target;
	struct oid empty;

	return oid_parse(id->length == 20 ? EMPTY_TREE_SHA1 : EMPTY_TREE_SHA256,
			 2 * (size_t)id->length, &empty) == 0 &&
	       text->target_type.length == 4 &&
	       memcmp(text->target_type.bytes, "tree", 4) == 0 && oid_equal(id, &empty);
}

/* The tag says where it belongs; elsewhere it is another's. */
static bool is_placed(const struct waiver_fact *fact)
{
	const char *place = fact->ref + strlen("refs/");

	return strcmp(fact->tag.tag, place) == 0 &&
	       oid_equal(&fact->waiver.commit, &fact->commit) &&
	       strcmp(fact->waiver.rule, fact->rule) == 0;
}

static int read_tag(const struct collector *collector, const struct tag_text *text,
		    struct waiver_fact *out, struct error *err)
{
	struct error problem = ERROR_INIT;

	if (!is_empty_tree(text))
		return spoil(collector, out, ERROR_WAIVER_OBJECT,
			     "its tag points at something; a waiver's points at the "
			     "empty tree",
			     err);
	int rc = collect_tag(collector, &out->tag.id, text, &out->tag, err);
	if (rc != 0)
		return rc;
	rc = waiver_parse(&out->waiver, collector->arena, text->message.bytes,
			  text->message.length, &problem);
	if (rc == ERROR_WAIVER_FORM)
		return spoil(collector, out, rc, problem.text, err);
	if (rc != 0)
		return error_set(err, rc, "%s", problem.text);
	if (!is_placed(out))
		return spoil(collector, out, ERROR_WAIVER_PLACE,
			     "its tag or its text is about another commit or rule than "
			     "its ref",
			     err);
	return 0;
}

int collect_waiver(const struct collector *collector, const char *ref,
		   const struct oid *id, struct waiver_fact *out, struct error *err)
{
	const struct judge *judge = collector->judge;
	const struct limits *limits = judge->limits ? judge->limits : &limits_default;
	struct error problem = ERROR_INIT;
	struct object object;
	struct tag_text text;

	*out = (struct waiver_fact){ .ref = arena_string(collector->arena, ref) };
	out->tag.id = *id;
	if (!out->ref)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = waiver_read_ref(out->ref, &out->commit, &out->rule, &problem);
	if (rc != 0)
		return spoil(collector, out, rc, problem.text, err);
	rc = repo_read(judge->repo, id, limits->values[LIMIT_GIT_COMMIT_BYTES], &object,
		       &problem);
	if (rc == ERROR_LIMIT)
		return spoil(collector, out, ERROR_WAIVER_OBJECT, problem.text, err);
	if (rc != 0)
		return error_set(err, rc, "%s", problem.text);
	if (object.type != OBJECT_TAG)
		rc = spoil(collector, out, ERROR_WAIVER_OBJECT,
			   "it is not an annotated tag", err);
	else if (tag_split(&text, object.bytes, object.length, id->length, &problem) !=
		 0)
		rc = spoil(collector, out, ERROR_WAIVER_OBJECT, problem.text, err);
	else
		rc = read_tag(collector, &text, out, err);
	repo_object_release(&object);
	return rc;
}

/* --- those about a change --- */

/* What is found about one commit by one rule. */
struct wanted {
	struct collector *collector;
	struct map commits; /* id -> any address */
	const struct verdict *verdict;
	struct error *err;
};

static int want(struct wanted *wanted, const struct oid *commit)
{
	if (commit->length == 0 ||
	    map_put(&wanted->commits, (const char *)commit->bytes, commit->length,
		    wanted) == 0)
		return 0;
	return error_set(wanted->err, ERROR_MEMORY, "out of memory");
}

static bool has_rule(const struct collector *collector, const char *name)
{
	const struct policy *policy = collector->policy;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (strcmp(policy->rules[i].name, name) == 0)
			return true;
	return false;
}

/* Whether something is to be waived by it; one of a rule that is not there is told. */
static bool is_needed(const struct wanted *wanted, const struct oid *commit,
		      const char *rule)
{
	const struct verdict *verdict = wanted->verdict;
	const struct oid *content = &wanted->collector->facts->content;

	if (!map_has(&wanted->commits, (const char *)commit->bytes, commit->length))
		return false;
	for (size_t i = 0; i < verdict->count; i++) {
		const struct finding *finding = &verdict->findings[i];
		const struct oid *about =
			finding->commit.length ? &finding->commit : content;
		if (strcmp(finding->rule, rule) == 0 && oid_equal(about, commit))
			return true;
	}
	return !has_rule(wanted->collector, rule);
}

static int add_waiver(void *data, const char *name, const struct oid *id)
{
	struct wanted *wanted = data;
	struct collector *collector = wanted->collector;
	const struct limits *limits =
		collector->judge->limits ? collector->judge->limits : &limits_default;
	struct facts *facts = collector->facts;
	struct oid commit;
	const char *rule;

	/* One that is about no commit is about none of these. */
	if (waiver_read_ref(name, &commit, &rule, NULL) != 0 ||
	    !is_needed(wanted, &commit, rule))
		return 0;
	int rc = limit_check(limits, LIMIT_WAIVERS, facts->waiver_count + 1,
			     "the change", wanted->err);
	if (rc != 0)
		return rc;
	struct waiver_fact *fact =
		ARENA_PUSH(collector->arena, &facts->waivers, &facts->waiver_count,
			   &facts->waiver_capacity);
	return fact ? collect_waiver(collector, name, id, fact, wanted->err)
		    : error_set(wanted->err, ERROR_MEMORY, "out of memory");
}

int collect_waivers(struct collector *collector, const struct verdict *verdict,
		    struct error *err)
{
	struct wanted wanted = { collector, MAP_INIT, verdict, err };
	int rc = want(&wanted, &collector->facts->content);

	for (size_t i = 0; rc == 0 && i < verdict->count; i++)
		if (verdict->findings[i].kind) /* of a rule */
			rc = want(&wanted, &verdict->findings[i].commit);
	if (rc == 0)
		rc = repo_each_ref_beneath(collector->judge->repo, WAIVER_REFS,
					   add_waiver, &wanted, err);
	map_release(&wanted.commits);
	return rc;
}
