/* tests/unit/test_policy_approvals.c - rules of kind approvals: whose word counts,
 * about what, and that no approval is stale or borrowed whatever happened in which
 * order. */
#include "unit.h"

#include <stdlib.h>

#include "policy_scene.h"

#define REVIEWS_MAX 64
#define HEAD        SCENE_COMMIT
#define OTHER_HEAD  0x34

/* Who is who at the source "work", which is of kind "gitea". */
static struct principal_login alice_logins[] = { { "gitea", "alice" } };
static struct principal_login bob_logins[] = { { "work", "bob" },
					       { "gitea", "bobby" } };
static struct principal_login carol_logins[] = { { "work", "carol" },
						 { "work", "double" },
						 { "other", "dave-there" } };
static struct principal_login dave_logins[] = { { "gitea", "dave" },
						{ "gitea", "double" },
						{ "github", "octodave" } };
static struct principal_login mallory_logins[] = { { "work", "mallory" } };

static const char *members[] = { "alice", "bob", "carol", "dave" };
static const char *alice_mail[] = { "alice@example.org" };
static const char *bob_mail[] = { "bob@example.org", "bob@home.example" };

#define PRINCIPAL(person, ...)                                                         \
	{                                                                              \
		.name = #person, .logins = person##_logins,                            \
		.login_count = sizeof(person##_logins) / sizeof(person##_logins[0]),   \
		__VA_ARGS__                                                            \
	}
static struct principal people[] = {
	PRINCIPAL(alice, .emails = { alice_mail, 1, 0 }),
	PRINCIPAL(bob, .emails = { bob_mail, 2, 0 }),
	PRINCIPAL(carol, .emails = { NULL, 0, 0 }),
	PRINCIPAL(dave, .emails = { NULL, 0, 0 }),
	PRINCIPAL(mallory, .emails = { NULL, 0, 0 }),
};

/* A scene with a merge request by Alice, which brings the scene's commit to main. */
struct place {
	struct scene scene;
	struct group group;
	struct rule_approvals approvals;
	struct merge_request_fact request;
	struct review_fact reviews[REVIEWS_MAX];
	const char *from[1];
	const char *emails[4];
	const char *paths[1];
	int64_t time;
};

static void place_start(struct place *place)
{
	memset(place, 0, sizeof(*place));
	scene_start(&place->scene);
	place->group =
		(struct group){ .name = "maintainers", .members = { members, 4, 0 } };
	place->scene.policy.principals = people;
	place->scene.policy.principal_count = sizeof(people) / sizeof(people[0]);
	place->scene.policy.groups = &place->group;
	place->scene.policy.group_count = 1;
	place->from[0] = "maintainers";
	place->approvals = (struct rule_approvals){ .count = 1,
						    .from = { place->from, 1, 0 },
						    .not_author = true,
						    .no_objections = true };
	place->scene.rules[0].approvals = &place->approvals;
	place->request = (struct merge_request_fact){ .source = "work",
						      .forge = "gitea",
						      .number = 7,
						      .author = "alice",
						      .base_ref = "refs/heads/main",
						      .head = scene_id(HEAD),
						      .same_content = true,
						      .reviews = place->reviews,
						      .emails = place->emails };
	place->scene.facts.merge_request = &place->request;
	place->scene.facts.kinds |= FACTS_REVIEWS;
	place->time = SCENE_TIME - SCENE_HOUR;
}

static void add_review(struct place *place, const char *login, enum review_state state,
		       struct oid commit, int64_t when)
{
	ck_assert_uint_lt(place->request.review_count, REVIEWS_MAX);
	place->reviews[place->request.review_count++] =
		(struct review_fact){ login, state, commit, when };
}

/* "LOGIN" "+-~!?" "hon": approves, asks for changes, comments, was dismissed, said
 * something unknown; about the head, another one, nobody knows what. */
static bool say_review(struct place *place, char *word)
{
	static const enum review_state states[] = { REVIEW_APPROVED,
						    REVIEW_CHANGES_REQUESTED,
						    REVIEW_COMMENTED, REVIEW_DISMISSED,
						    REVIEW_UNKNOWN };
	size_t length = strlen(word);
	const char *sign = length > 2 ? strchr("+-~!?", word[length - 2]) : NULL;
	if (!sign)
		return false;
	struct oid commit = scene_id(word[length - 1] == 'h' ? HEAD : OTHER_HEAD);
	if (word[length - 1] == 'n')
		commit.length = 0;
	word[length - 2] = '\0';
	add_review(place, word, states[sign - "+-~!?"], commit, place->time);
	place->time += CLOCK_SECOND;
	return true;
}

static struct strings one_string(const char **slot, const char *value)
{
	*slot = value;
	return (struct strings){ slot, 1, 0 };
}

static bool set(struct place *place, const char *word)
{
	struct change *change = &place->scene.change;
	const char *value = strchr(word, '=');
	value = value ? value + 1 : "";
	if (strncmp(word, "count=", 6) == 0)
		place->approvals.count = strtoul(value, NULL, 10);
	else if (strncmp(word, "author=", 7) == 0)
		place->request.author = value;
	else if (strncmp(word, "from=", 5) == 0)
		place->from[0] = value;
	else if (strncmp(word, "email=", 6) == 0)
		place->emails[place->request.email_count++] = value;
	else if (strncmp(word, "base=", 5) == 0)
		place->request.base_ref = value;
	else if (strncmp(word, "ref=", 4) == 0)
		change->ref = value;
	else if (strncmp(word, "paths=", 6) == 0)
		place->scene.rules[0].on_paths = one_string(place->paths, value);
	else if (strncmp(word, "source=", 7) == 0)
		place->request.source = value;
	else if (strncmp(word, "forge=", 6) == 0)
		place->request.forge = value;
	else
		return false;
	return true;
}

static bool turn(struct place *place, const char *word)
{
	if (strcmp(word, "authors-may") == 0)
		place->approvals.not_author = false;
	else if (strcmp(word, "objections-may") == 0)
		place->approvals.no_objections = false;
	else if (strcmp(word, "no-author") == 0)
		place->request.author = NULL;
	else if (strcmp(word, "no-base") == 0)
		place->request.base_ref = NULL;
	else if (strcmp(word, "none") == 0)
		place->request = (struct merge_request_fact){ .number = 0 };
	else if (strcmp(word, "unread") == 0)
		place->scene.facts.merge_request = NULL;
	else if (strcmp(word, "uncollected") == 0)
		place->scene.facts.kinds &= ~(unsigned int)FACTS_REVIEWS;
	else if (strcmp(word, "unlisted") == 0)
		place->scene.facts.kinds &= ~(unsigned int)FACTS_FILES;
	else if (strcmp(word, "edited") == 0)
		place->request.same_content = false;
	else if (strcmp(word, "headless") == 0)
		place->request.head.length = 0;
	else if (strcmp(word, "at-once") == 0)
		place->time -= CLOCK_SECOND;
	else if (strcmp(word, "before") == 0)
		place->time -= SCENE_HOUR;
	else if (strcmp(word, "created") == 0)
		place->scene.change.old_id = scene_id(0);
	else if (strcmp(word, "deleted") == 0)
		place->scene.change.new_id = scene_id(0);
	else
		return false;
	return true;
}

static const struct {
	const char *story;
	int code; /* 0: it passes */
	const char *message;
} situations[] = {
	/* who */
	{ "bob+h", 0, NULL },
	{ "dave+h", 0, NULL },
	{ "BOB+h", 0, NULL },
	{ "from=bob bob+h", 0, NULL },
	{ "bobby+h", 0, NULL },
	{ "", ERROR_REVIEWS_MISSING, "0 of 1 approvals of the head 333333333333" },
	{ "mallory+h", ERROR_REVIEWS_MISSING, "'mallory' is none of those" },
	{ "eve+h", ERROR_REVIEWS_MISSING, "the login 'eve' belongs to no one" },
	{ "from=bob carol+h", ERROR_REVIEWS_MISSING, "'carol' is none of those" },
	{ "octodave+h", ERROR_REVIEWS_MISSING, "'octodave' belongs to no one" },
	{ "forge=github octodave+h", 0, NULL },
	{ "source=other carol+h", ERROR_REVIEWS_MISSING, "'carol' belongs to no one" },
	{ "source=other dave-there+h", 0, NULL },
	{ "double+h", ERROR_REVIEWS_MISSING, "'double' belongs to no one" },
	/* how many */
	{ "count=2 bob+h", ERROR_REVIEWS_MISSING, "1 of 2 approvals of the head" },
	{ "count=2 bob+h carol+h", 0, NULL },
	{ "count=2 bob+h bobby+h", ERROR_REVIEWS_MISSING, "1 of 2 approvals" },
	{ "count=2 bob+h bob+h", ERROR_REVIEWS_MISSING, ": by 'bob'" },
	{ "count=2 bob+h mallory+h", ERROR_REVIEWS_MISSING, ": by 'bob'; not counted" },
	{ "count=3 bob+h carol+h dave+h", 0, NULL },
	{ "count=4 bob+h carol+h dave+h alice+h", ERROR_REVIEWS_MISSING, "3 of 4" },
	/* about what */
	{ "bob+o", ERROR_REVIEWS_MISSING,
	  "'bob' approved another head (343434343434)" },
	{ "bob+n", ERROR_REVIEWS_MISSING, "approved what the forge does not name" },
	{ "bob+h bobby+o", ERROR_REVIEWS_MISSING, "another head" },
	{ "bob+o bob+h", 0, NULL },
	{ "headless bob+n", ERROR_REVIEWS_OTHER_CONTENT, "not exactly" },
	{ "bob+h edited", ERROR_REVIEWS_OTHER_CONTENT, "not exactly what merging" },
	{ "bob+h base=refs/heads/release", ERROR_REVIEWS_MISSING,
	  "goes to 'refs/heads/release'" },
	{ "bob+h ref=refs/heads/release", ERROR_REVIEWS_MISSING,
	  "goes to 'refs/heads/main'" },
	{ "bob+h no-base", ERROR_REVIEWS_MISSING, "goes to ''" },
	{ "bob+h base=refs/tags/main", ERROR_REVIEWS_MISSING,
	  "goes to 'refs/tags/main'" },
	/* the last word */
	{ "bob+h bob~h", 0, NULL },
	{ "bob+h bob~o", 0, NULL },
	{ "bob~h", ERROR_REVIEWS_MISSING, "0 of 1" },
	{ "bob+h bob!h", ERROR_REVIEWS_MISSING, "the review by 'bob' was dismissed" },
	{ "bob!h bob+h", 0, NULL },
	{ "bob+h bobby!h", ERROR_REVIEWS_MISSING, "was dismissed" },
	{ "bob+h bob?h", ERROR_REVIEWS_MISSING, "is not understood here" },
	{ "bob+h at-once bob!h", ERROR_REVIEWS_MISSING, "was dismissed" },
	{ "bob!h at-once bob+h", ERROR_REVIEWS_MISSING, "was dismissed" },
	{ "bob!h before bob+h", ERROR_REVIEWS_MISSING, "was dismissed" },
	/* objections */
	{ "bob+h carol-h", ERROR_REVIEWS_OBJECTION, "changes are asked for" },
	{ "bob+h carol-o", ERROR_REVIEWS_OBJECTION, "by 'carol'" },
	{ "bob+h carol-n", ERROR_REVIEWS_OBJECTION, "by 'carol'" },
	{ "bob+h carol-h carol+h", 0, NULL },
	{ "bob+h carol-h carol!h", 0, NULL },
	{ "bob+h carol-h carol~h", ERROR_REVIEWS_OBJECTION, "by 'carol'" },
	{ "bob+h mallory-h", 0, NULL },
	{ "bob+h eve-h", 0, NULL },
	{ "bob+h carol-h objections-may", 0, NULL },
	{ "bob+h alice-h", ERROR_REVIEWS_OBJECTION, "by 'alice'" },
	/* authors */
	{ "alice+h", ERROR_REVIEWS_MISSING, "'alice' opened the merge request" },
	{ "alice+h authors-may", 0, NULL },
	{ "author=bobby bob+h", ERROR_REVIEWS_MISSING, "'bob' opened" },
	{ "author=BOB bob+h", ERROR_REVIEWS_MISSING, "'bob' opened" },
	{ "author=double carol+h", ERROR_REVIEWS_MISSING, "'carol' opened" },
	{ "author=double dave+h", ERROR_REVIEWS_MISSING, "'dave' opened" },
	{ "author=eve bob+h", 0, NULL },
	{ "email=bob@example.org bob+h", ERROR_REVIEWS_MISSING, "made a commit of it" },
	{ "email=x@y email=Bob@Home.example bob+h", ERROR_REVIEWS_MISSING, "made a" },
	{ "email=bob@example.org bob+h carol+h", 0, NULL },
	{ "email=bob@example.org bob+h authors-may", 0, NULL },
	{ "author= bob+h", ERROR_REVIEWS_UNKNOWN, "who opened the merge request" },
	{ "no-author bob+h", ERROR_REVIEWS_UNKNOWN, "who opened" },
	{ "no-author authors-may bob+h", 0, NULL },
	/* where; the change touches deploy/web/app.yaml */
	{ "paths=deploy/** none", ERROR_REVIEWS_MISSING, "no merge request" },
	{ "paths=deploy/** bob+h", 0, NULL },
	{ "paths=docs/** none", 0, NULL },
	{ "paths=docs/** none unlisted", ERROR_REVIEWS_MISSING, "no merge request" },
	{ "paths=app.yaml unread", ERROR_REVIEWS_UNKNOWN, "the forge keeps" },
	/* nothing to know */
	{ "none", ERROR_REVIEWS_MISSING, "no merge request brings this" },
	{ "none created", ERROR_REVIEWS_MISSING, "no merge request brings this" },
	{ "none ref=refs/tags/v1", ERROR_REVIEWS_MISSING, "to 'refs/tags/v1'" },
	{ "bob+h unread", ERROR_REVIEWS_UNKNOWN, "the forge keeps the reviews" },
	{ "bob+h uncollected", ERROR_RULE_FACTS_MISSING, "was not collected" },
	{ "none deleted", 0, NULL },
	{ "unread deleted", 0, NULL },
};

START_TEST(each_situation_has_its_end)
{
	for (size_t i = 0; i < sizeof(situations) / sizeof(situations[0]); i++) {
		struct place place;
		char story[200];
		place_start(&place);
		snprintf(story, sizeof(story), "%s", situations[i].story);
		for (char *rest, *word = strtok_r(story, " ", &rest); word;
		     word = strtok_r(NULL, " ", &rest))
			ck_assert_msg(turn(&place, word) || set(&place, word) ||
					      say_review(&place, word),
				      "what is '%s'?", word);
		if (situations[i].code == 0)
			scene_passes(&place.scene, situations[i].story);
		else
			scene_fails(&place.scene, situations[i].story,
				    situations[i].code, situations[i].message);
		scene_end(&place.scene);
	}
}
END_TEST

/* The first look at a branch: it stands at its anchor, and came by no merge request. */
START_TEST(what_stays_where_it_was_needs_no_word)
{
	struct place place;
	place_start(&place);
	place.request.number = 0;
	scene_fails(&place.scene, "moved", ERROR_REVIEWS_MISSING, "no merge request");
	place.scene.change.old_id = place.scene.change.new_id;
	scene_passes(&place.scene, "unmoved");
	scene_end(&place.scene);
}
END_TEST

START_TEST(a_finding_says_whose_word_counts_and_how_to_mend_it)
{
	struct place place;
	place_start(&place);
	place.approvals.count = 4;
	add_review(&place, "bob", REVIEW_APPROVED, scene_id(HEAD), 1);
	add_review(&place, "alice", REVIEW_APPROVED, scene_id(HEAD), 2);
	add_review(&place, "carol", REVIEW_APPROVED, scene_id(OTHER_HEAD), 3);
	add_review(&place, "dave", REVIEW_APPROVED, (struct oid)OID_INIT, 4);
	add_review(&place, "e\x1bve", REVIEW_APPROVED, scene_id(HEAD), 5);
	scene_judge(&place.scene);
	const struct finding *finding = &place.scene.verdict.findings[0];
	ck_assert_str_eq(finding->message, "1 of 4 approvals of the head 333333333333 "
					   "of merge request "
					   "7: by 'bob'; not counted: 'alice' opened "
					   "the merge request, "
					   "'carol' approved another head "
					   "(343434343434), 'dave' approved "
					   "what the forge does not name, the login "
					   "'e\\x1bve' belongs to "
					   "no one principal");
	ck_assert_str_eq(finding->mend, "have 3 more of [maintainers] who did not "
					"write it approve "
					"merge request 7 as it is now; where the forge "
					"does not say "
					"what was reviewed, make it reset approvals "
					"when the branch is "
					"pushed to");
	ck_assert_str_eq(finding->kind, "approvals");
	struct oid head = scene_id(HEAD);
	ck_assert(oid_equal(&finding->commit, &head));
	scene_end(&place.scene);
}
END_TEST

/* Many reviewers with long names: the message ends, and says that there are more. */
START_TEST(a_crowd_fits)
{
	struct place place;
	char names[REVIEWS_MAX][256];
	place_start(&place);
	for (int i = 0; i < REVIEWS_MAX; i++) {
		memset(names[i], 'x', 255);
		snprintf(names[i] + 240, 16, "%d", i);
		add_review(&place, names[i], REVIEW_APPROVED, scene_id(HEAD), i);
	}
	scene_fails(&place.scene, "crowd", ERROR_REVIEWS_MISSING, ", and more");
	scene_end(&place.scene);
}
END_TEST

START_TEST(a_warning_warns)
{
	struct place place;
	place_start(&place);
	place.scene.rules[0].severity = SEVERITY_WARNING;
	place.scene.facts.merge_request = NULL;
	scene_judge(&place.scene);
	ck_assert_int_eq(place.scene.verdict.result, VERDICT_PASS);
	ck_assert_uint_eq(place.scene.verdict.warnings, 1);
	scene_end(&place.scene);
}
END_TEST

/* --- A1: a forge, people who do what they like, and a model of what counts --- */

#define PEOPLE  5 /* of `people`; the last one's word counts nowhere */
#define LOGINS  6 /* two of them Bob's */
#define HEADS   4
#define REFS    2
#define STEPS   60
#define STORIES 1500

static const char *const login_names[LOGINS] = { "alice", "bob",  "bobby",
						 "carol", "dave", "mallory" };
static const int owner_of[LOGINS] = { 0, 1, 1, 2, 3, 4 };
static const char *const ref_names[REFS] = { "refs/heads/main", "refs/heads/release" };

/* What each person last meant, written down as it happens. */
struct meaning {
	enum { SILENT, YES, NO, WITHDRAWN } word;
	int head;
};

struct world {
	struct place place;
	uint64_t random;
	int head;           /* the merge request's, 0 to HEADS - 1 */
	int base;           /* index in ref_names */
	int author;         /* index in login_names */
	int writers[HEADS]; /* who made the commits of a head: a person */
	struct meaning meant[PEOPLE];
	/* the forge's memory: one effective review a login */
	struct review_fact kept[LOGINS];
	int64_t time;
};

static unsigned int roll(struct world *world, unsigned int sides)
{
	world->random += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t mixed = world->random;
	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned int)((mixed ^ mixed >> 31) % sides);
}

static struct oid head_id(int head)
{
	return scene_id((unsigned char)(0x40 + head));
}

static void review(struct world *world, int login, enum review_state state)
{
	struct meaning *meant = &world->meant[owner_of[login]];
	world->kept[login] =
		(struct review_fact){ login_names[login], state, head_id(world->head),
				      ++world->time };
	*meant = (struct meaning){ state == REVIEW_APPROVED ? YES : NO, world->head };
}

/* The forge changes the review that stands there; its time stays. For a person with two
 * logins only the later word matters. */
static void dismiss(struct world *world, int login)
{
	struct review_fact *kept = &world->kept[login];
	struct meaning *meant = &world->meant[owner_of[login]];
	if (!kept->reviewer)
		return;
	kept->state = REVIEW_DISMISSED;
	for (int i = 0; i < LOGINS; i++)
		if (owner_of[i] == owner_of[login] && i != login &&
		    world->kept[i].submitted_at > kept->submitted_at)
			return;
	meant->word = WITHDRAWN;
}

static void step(struct world *world)
{
	int login = (int)roll(world, LOGINS);
	switch (roll(world, 8)) {
	case 0:
	case 1:
	case 2:
		review(world, login, REVIEW_APPROVED);
		break;
	case 3:
		review(world, login, REVIEW_CHANGES_REQUESTED);
		break;
	case 4:
		dismiss(world, login);
		break;
	case 5: /* a push, or a force-push back to what was there before */
		world->head = (int)roll(world, HEADS);
		break;
	case 6:
		world->base = (int)roll(world, REFS);
		break;
	case 7: /* somebody else reopens it under another name */
		if (roll(world, 4) == 0)
			world->author = login;
		break;
	}
}

static bool writes(const struct world *world, int person)
{
	return person == owner_of[world->author] ||
	       person == world->writers[world->head];
}

/* What the model says about pushing a head, merged, to a ref. */
static bool may_go(const struct world *world, int head, int ref, bool edited)
{
	uint64_t approvals = 0;
	bool objected = false;
	if (edited || head != world->head || ref != world->base)
		return false;
	for (int person = 0; person < PEOPLE - 1; person++) {
		const struct meaning *meant = &world->meant[person];
		approvals += meant->word == YES && meant->head == head &&
			     !writes(world, person);
		objected |= meant->word == NO;
	}
	return approvals >= world->place.approvals.count && !objected;
}

/* What the job makes of it, as the judge is told. */
static bool rule_lets(struct world *world, int head, int ref, bool edited)
{
	static const char *const mails[PEOPLE] = { "alice@example.org",
						   "bob@home.example", "c@x", "d@x",
						   "m@x" };
	struct place *place = &world->place;
	struct merge_request_fact *request = &place->request;
	place->scene.change.ref = ref_names[ref];
	request->author = login_names[world->author];
	request->base_ref = ref_names[world->base];
	request->head = head_id(world->head);
	request->same_content = !edited && head == world->head;
	place->emails[0] = mails[world->writers[world->head]];
	request->email_count = 1;
	request->review_count = 0;
	for (int i = 0; i < LOGINS; i++)
		if (world->kept[i].reviewer)
			place->reviews[request->review_count++] = world->kept[i];
	scene_judge(&place->scene);
	return place->scene.verdict.result == VERDICT_PASS;
}

START_TEST(no_approval_is_stale_or_borrowed)
{
	size_t passed = 0, refused = 0;
	for (uint64_t story = 0; story < STORIES; story++) {
		struct world world = { .random = story * 7919 };
		place_start(&world.place);
		world.place.approvals.count = 1 + roll(&world, 2);
		world.author = (int)roll(&world, LOGINS);
		for (int i = 0; i < HEADS; i++) /* Carol and Dave have no address */
			world.writers[i] = (int)roll(&world, 2);
		for (int i = 0; i < STEPS; i++) {
			step(&world);
			int head =
				roll(&world, 4) ? world.head : (int)roll(&world, HEADS);
			int ref =
				roll(&world, 4) ? world.base : (int)roll(&world, REFS);
			bool edited = roll(&world, 8) == 0;
			bool may = may_go(&world, head, ref, edited);
			ck_assert_msg(
				rule_lets(&world, head, ref, edited) == may,
				"story %d, step %d: the model says %s: %s", (int)story,
				i, may ? "yes" : "no",
				may ? world.place.scene.verdict.findings[0].message
				    : "let in");
			passed += may;
			refused += !may;
		}
		scene_end(&world.place.scene);
	}
	/* Neither side is empty. */
	ck_assert_uint_gt(passed, 1000);
	ck_assert_uint_gt(refused, 1000);
}
END_TEST

UNIT_MAIN("policy/approvals", each_situation_has_its_end,
	  what_stays_where_it_was_needs_no_word,
	  a_finding_says_whose_word_counts_and_how_to_mend_it, a_crowd_fits,
	  a_warning_warns, no_approval_is_stale_or_borrowed)
