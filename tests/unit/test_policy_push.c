/* tests/unit/test_policy_push.c - rules of kind push, every reason and its twin. */
#include "unit.h"

#include "policy_scene.h"

#define SECONDS(time) ((time) / CLOCK_SECOND)

static struct rule_push rule;
static struct push_fact pushes[2];

/* A push that Alice signed a minute ago, with the nonce that git gave. */
static void prepare(struct scene *scene)
{
	static const char *emails[] = { "alice@example.org", "a@example.org" };
	static const char *by[] = { "alice" };
	rule = (struct rule_push){ .by = { by, 1, 1 }, .slop = 300 };
	scene->rules[0].push = &rule;
	scene->principals[0].emails = (struct strings){ emails, 2, 2 };
	pushes[0] = (struct push_fact){
		.certificate = scene->commits[0],
		.pushee = "git.example.org:acme/shop.git",
		.nonce = PUSH_NONCE_OK,
		.nonce_text = "1795253340-0123456789abcdef",
		.nonce_given = "1795253340-0123456789abcdef",
	};
	pushes[0].certificate.id = scene_id(0x77);
	pushes[0].certificate.committer =
		(struct ident_fact){ SCENE_KEY, "", SCENE_TIME - 60 * CLOCK_SECOND };
	pushes[1] = pushes[0];
	scene->facts.kinds |= FACTS_PUSH;
	scene->facts.push_knowledge = PUSH_RECEIVED;
	scene->facts.pushes = pushes;
	scene->facts.push_count = 1;
}

static void prepare_delete(struct scene *scene)
{
	prepare(scene);
	scene->change.new_id = (struct oid){ .length = 20 };
	scene->facts.kinds = FACTS_REF | FACTS_PUSH;
}

static void prepare_slop(struct scene *scene)
{
	prepare(scene);
	pushes[0].nonce = PUSH_NONCE_SLOP;
	pushes[0].nonce_given = "1795253640-fedcba9876543210"; /* 300 s later */
}

static void prepare_recorded(struct scene *scene)
{
	prepare(scene);
	scene->facts.push_knowledge = PUSH_RECORDED;
	scene->facts.push_count = 2;
	pushes[1].nonce = pushes[0].nonce = PUSH_NONCE_UNKNOWN;
}

static void unsign(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate = (struct commit_fact){ 0 };
}

static void lose(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.code = ERROR_PUSH_OBJECT_MISSING;
	pushes[0].certificate.reason = "it cannot be read";
}

static void spoil_signature(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.signature =
		(struct signature_fact){ .status = SIGNATURE_BAD,
					 .code = ERROR_SSHSIG_MISMATCH,
					 .reason = "it does not belong to the bytes" };
}

static void forget_signature(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.signature = (struct signature_fact){ 0 };
}

static void sign_by_nobody(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.signature.fingerprint = "SHA256:nobody";
}

static void sign_by_bob(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.signature.fingerprint = "SHA256:bob";
	pushes[0].certificate.committer.name = "SHA256:bob";
}

static void revoke(struct scene *scene)
{
	scene->revocations[0] = (struct revocation){ SCENE_KEY, "lost", 0 };
	scene->policy.revocation_count = 1;
}

static void expire(struct scene *scene)
{
	scene->keys[0].valid_before = SCENE_TIME - SCENE_HOUR;
}

static void begin_later(struct scene *scene)
{
	scene->keys[0].valid_after = SCENE_TIME - 30 * CLOCK_SECOND;
}

static void claim_tomorrow(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.committer.when = SCENE_TIME + 25 * SCENE_HOUR;
}

static void name_bob(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.committer.name = "SHA256:bob";
}

static void name_bob_by_address(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.committer.name = "Alice <bob@example.org>";
}

static void name_a_key(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.committer.name = "0xDEADBEEF";
}

static void name_nobody(struct scene *scene)
{
	(void)scene;
	pushes[0].certificate.committer.name = "Alice";
}

static void go_nowhere(struct scene *scene)
{
	(void)scene;
	pushes[0].pushee = "";
}

static void go_elsewhere(struct scene *scene)
{
	(void)scene;
	pushes[0].pushee = "git.example.org:acme/other.git";
}

static void go_to_the_workshop(struct scene *scene)
{
	(void)scene;
	pushes[0].pushee = "git.example.org:acme/workshop.git";
}

static void want_other_address(struct scene *scene)
{
	static const char *to[] = { "https://git.example.org/**" };
	(void)scene;
	rule.to = (struct strings){ to, 1, 1 };
}

#define NONCE_CASE(name, value)                                                        \
	static void nonce_##name(struct scene *scene)                                  \
	{                                                                              \
		(void)scene;                                                           \
		pushes[0].nonce = (value);                                             \
	}
NONCE_CASE(unknown, PUSH_NONCE_UNKNOWN)
NONCE_CASE(missing, PUSH_NONCE_MISSING)
NONCE_CASE(bad, PUSH_NONCE_BAD)
NONCE_CASE(unsolicited, PUSH_NONCE_UNSOLICITED)

static void nonce_other(struct scene *scene)
{
	(void)scene;
	pushes[0].nonce_given = "1795253341-0123456789abcdef";
}

static void nonce_form(struct scene *scene)
{
	(void)scene;
	pushes[0].nonce_text = pushes[0].nonce_given = "now";
}

static void nonce_without_code(struct scene *scene)
{
	(void)scene;
	pushes[0].nonce_text = pushes[0].nonce_given = "1795253340-";
}

static void nonce_old(struct scene *scene)
{
	(void)scene;
	pushes[0].nonce_text = pushes[0].nonce_given = "1795166000-0123456789abcdef";
}

static void nonce_of_tomorrow(struct scene *scene)
{
	(void)scene;
	pushes[0].nonce_text = pushes[0].nonce_given = "1795340000-0123456789abcdef";
}

static void slop_over(struct scene *scene)
{
	(void)scene;
	pushes[0].nonce_given = "1795253641-fedcba9876543210";
}

static void slop_none(struct scene *scene)
{
	(void)scene;
	rule.slop = 0;
}

static void other_updates(struct scene *scene)
{
	(void)scene;
	pushes[0].updates_code = ERROR_RULE_PUSH_UPDATES_NEW;
	pushes[0].updates_reason = "moved elsewhere";
}

static void know_nothing(struct scene *scene)
{
	scene->facts.push_knowledge = PUSH_NOT_KNOWN;
}

static void count_two(struct scene *scene)
{
	scene->facts.push_count = 2;
}

static void second_by_bob(struct scene *scene)
{
	(void)scene;
	pushes[1].certificate.signature.fingerprint = "SHA256:bob";
	pushes[1].certificate.committer.name = "SHA256:bob";
}

static void leave_a_gap(struct scene *scene)
{
	scene->facts.push_gap = "no signed push is recorded";
}

START_TEST(a_push_is_refused_for_each_reason)
{
	static const struct scene_case cases[] = {
		{ "unsigned", unsign, ERROR_RULE_PUSH_NOT_SIGNED, "is not signed" },
		{ "lost", lose, ERROR_PUSH_OBJECT_MISSING, "cannot be read" },
		{ "bad signature", spoil_signature, ERROR_SSHSIG_MISMATCH,
		  "the signature of the push is bad" },
		{ "not looked at", forget_signature, ERROR_RULE_PUSH_UNCHECKED,
		  "was not looked at" },
		{ "unknown key", sign_by_nobody, ERROR_RULE_SIGNATURE_UNKNOWN_KEY,
		  "which no principal holds" },
		{ "not allowed", sign_by_bob, ERROR_RULE_PUSH_NOT_ALLOWED,
		  "'bob', who may not push here" },
		{ "revoked", revoke, ERROR_RULE_SIGNATURE_KEY_REVOKED, "lost" },
		{ "expired", expire, ERROR_RULE_SIGNATURE_KEY_EXPIRED,
		  "the push was received at" },
		{ "not yet valid", begin_later, ERROR_RULE_SIGNATURE_KEY_NOT_YET_VALID,
		  "the push was made, it says, at" },
		{ "future", claim_tomorrow, ERROR_RULE_PUSH_FUTURE,
		  "claims to be from" },
		{ "other key named", name_bob, ERROR_RULE_PUSH_PUSHER,
		  "says that 'SHA256:bob' pushes" },
		{ "other address named", name_bob_by_address, ERROR_RULE_PUSH_PUSHER,
		  "bob@example.org" },
		{ "other id named", name_a_key, ERROR_RULE_PUSH_PUSHER, "0xDEADBEEF" },
		{ "no address", name_nobody, ERROR_RULE_PUSH_PUSHER, "'Alice'" },
		{ "no pushee", go_nowhere, ERROR_RULE_PUSH_PUSHEE_MISSING,
		  "does not say where" },
		{ "other pushee", go_elsewhere, ERROR_RULE_PUSH_PUSHEE, "other.git" },
		{ "a name that ends so", go_to_the_workshop, ERROR_RULE_PUSH_PUSHEE,
		  "workshop.git" },
		{ "other address", want_other_address, ERROR_RULE_PUSH_PUSHEE,
		  "not this repository" },
		{ "nonce unknown", nonce_unknown, ERROR_RULE_PUSH_NONCE_UNKNOWN,
		  "git does not say" },
		{ "nonce missing", nonce_missing, ERROR_RULE_PUSH_NONCE_MISSING,
		  "has no nonce" },
		{ "nonce bad", nonce_bad, ERROR_RULE_PUSH_NONCE_BAD,
		  "not one that this repository gave" },
		{ "nonce unsolicited", nonce_unsolicited,
		  ERROR_RULE_PUSH_NONCE_UNSOLICITED, "gives none" },
		{ "nonce other", nonce_other, ERROR_RULE_PUSH_NONCE_OTHER,
		  "not the one that git looked at" },
		{ "nonce form", nonce_form, ERROR_RULE_PUSH_NONCE_FORM,
		  "not one that git gives" },
		{ "nonce without code", nonce_without_code, ERROR_RULE_PUSH_NONCE_FORM,
		  "not one that git gives" },
		{ "nonce old", nonce_old, ERROR_RULE_PUSH_NONCE_OLD, "push.nonce_age" },
		{ "nonce of tomorrow", nonce_of_tomorrow, ERROR_RULE_PUSH_NONCE_OLD,
		  "push.nonce_age" },
		{ "other updates", other_updates, ERROR_RULE_PUSH_UPDATES_NEW,
		  "moved elsewhere" },
		{ "not known", know_nothing, ERROR_RULE_PUSH_NOT_KNOWN,
		  "is not known here" },
		{ "two pushes", count_two, ERROR_RULE_PUSH_NOT_KNOWN,
		  "is not known here" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

START_TEST(deletions_must_be_signed_too)
{
	static const struct scene_case cases[] = {
		{ "unsigned", unsign, ERROR_RULE_PUSH_NOT_SIGNED, "is not signed" },
		{ "not allowed", sign_by_bob, ERROR_RULE_PUSH_NOT_ALLOWED, "bob" },
	};
	SCENE_RUN(cases, prepare_delete);
}
END_TEST

START_TEST(slop_has_a_limit)
{
	static const struct scene_case cases[] = {
		{ "over", slop_over, ERROR_RULE_PUSH_NONCE_SLOP, "301 seconds" },
		{ "none", slop_none, ERROR_RULE_PUSH_NONCE_SLOP, "0 are allowed" },
		{ "old", nonce_old, ERROR_RULE_PUSH_NONCE_OLD, "push.nonce_age" },
	};
	SCENE_RUN(cases, prepare_slop);
}
END_TEST

/* Of those that were kept, everything counts but the nonce, which only the hook can
 * judge. */
START_TEST(recorded_pushes_are_judged_again)
{
	static const struct scene_case cases[] = {
		{ "the second", second_by_bob, ERROR_RULE_PUSH_NOT_ALLOWED, "bob" },
		{ "pushee", go_elsewhere, ERROR_RULE_PUSH_PUSHEE, "other.git" },
		{ "gap", leave_a_gap, ERROR_RULE_PUSH_NOT_RECORDED,
		  "no signed push is recorded" },
	};
	SCENE_RUN(cases, prepare_recorded);
}
END_TEST

static void passes_as(struct scene *scene, const char *name)
{
	pushes[0].certificate.committer.name = name;
	scene_passes(scene, name);
}

START_TEST(pushers_are_named_in_several_ways)
{
	static const char fingerprint[] = "0123456789ABCDEF0123456789ABCDEF01234567";
	static const char primary[] = "AAAABBBBCCCCDDDDEEEEFFFF0000111122223333";
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	passes_as(&scene, "Alice <alice@example.org>");
	passes_as(&scene, "somebody <A@EXAMPLE.ORG>");
	passes_as(&scene, "a@example.org");
	pushes[0].certificate.signature.fingerprint = fingerprint;
	scene.keys[0].fingerprint = fingerprint;
	scene.keys[0].certificate = primary;
	passes_as(&scene, fingerprint);
	passes_as(&scene, "0123456789abcdef01234567");
	passes_as(&scene, "0x01234567!");
	passes_as(&scene, primary);
	passes_as(&scene, "22223333");
	scene_end(&scene);
}
END_TEST

static void passes_to(struct scene *scene, const char *address)
{
	pushes[0].pushee = address;
	scene_passes(scene, address);
}

START_TEST(a_repository_has_several_addresses)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	passes_to(&scene, "/srv/git/shop.git");
	passes_to(&scene, "../shop");
	passes_to(&scene, "shop.git/");
	passes_to(&scene, "git.example.org:shop");
	scene.change.repository = "acme/shop";
	passes_to(&scene, "https://git.example.org/acme/shop.git");
	rule.to = SCENE_STRINGS("nowhere", "https://git.example.org/**");
	passes_to(&scene, "https://git.example.org/other/name.git");
	scene_end(&scene);
}
END_TEST

START_TEST(what_is_not_pushed_yet_is_not_asked)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.facts.push_knowledge = PUSH_TO_COME;
	scene.facts.push_count = 0;
	scene_passes(&scene, "to come");
	scene.facts.push_knowledge = PUSH_RECORDED;
	scene_passes(&scene, "nothing moved");
	scene.facts.kinds &= ~(unsigned int)FACTS_PUSH;
	scene_fails(&scene, "not collected", ERROR_RULE_FACTS_MISSING, "the-rule");
	scene_end(&scene);
}
END_TEST

UNIT_MAIN("policy push", a_push_is_refused_for_each_reason,
	  deletions_must_be_signed_too, slop_has_a_limit,
	  recorded_pushes_are_judged_again, pushers_are_named_in_several_ways,
	  a_repository_has_several_addresses, what_is_not_pushed_yet_is_not_asked)
