/* tests/unit/test_review_judge.c - trust that one ref lends to another: what nobody had
 * to sign on a branch does not come to main by way of it. */
#include "unit.h"

#include "judge_place.h"

#define MAIN_SIGNED                                                                    \
	"  - name: main-is-signed\n    refs: [refs/heads/main]\n    signatures: {by: " \
	"[alice]}\n"
#define FILES "  - name: files\n    files: {forbid: [\"*.p12\"]}\n"

/* Judges main at HEAD, where `ref` has been accepted at HEAD as well. */
static void judge_main(struct place *place, const char *ref, struct oid trusted_id)
{
	struct repo *repo = NULL;
	struct oid head = scratch_id(&place->scratch, "HEAD");
	struct change change = { .repository = "shop",
				 .ref = "refs/heads/main",
				 .old_id = place->anchor,
				 .new_id = head,
				 .pusher = "alice",
				 .received_at = clock_now() };
	const struct oid trusted[] = { place->anchor, trusted_id };
	const char *const refs[] = { "", ref };
	struct judge judge = { .change = &change,
			       .trusted = trusted,
			       .trusted_count = 2,
			       .trusted_refs = refs,
			       .floor = place_floor,
			       .floor_data = place };
	verdict_release(&place->verdict);
	ck_assert_int_eq(repo_open(&repo, place->scratch.directory, NULL, &place->err),
			 0);
	judge.repo = repo;
	ck_assert_int_eq(
		judge_change(&judge, &place->verdict, &place->judged, &place->err), 0);
	repo_close(repo);
}

START_TEST(a_branch_that_nobody_guards_lends_no_trust)
{
	struct place place;
	place_open(&place);
	place_rules(&place, MAIN_SIGNED FILES);
	DO(&place.scratch, "git", "commit", "-q", "--allow-empty", "-m", "plain");
	struct oid head = scratch_id(&place.scratch, "HEAD");
	judge_main(&place, "refs/heads/develop", head);
	ck_assert_int_eq(place.verdict.result, VERDICT_FAIL);
	/* main itself, and an anchor, do */
	judge_main(&place, "refs/heads/main", head);
	ck_assert_int_eq(place.verdict.result, VERDICT_PASS);
	judge_main(&place, "", head);
	ck_assert_int_eq(place.verdict.result, VERDICT_PASS);
	place_close(&place);
}
END_TEST

START_TEST(a_branch_with_guards_of_the_same_kinds_lends_trust)
{
	struct place place;
	place_open(&place);
	place_rules(&place, MAIN_SIGNED "  - name: releases-too\n    refs: "
					"[refs/heads/release/*]\n"
					"    signatures: {by: [alice]}\n" FILES);
	DO(&place.scratch, "git", "commit", "-q", "--allow-empty", "-m", "plain");
	struct oid head = scratch_id(&place.scratch, "HEAD");
	judge_main(&place, "refs/heads/release/1", head);
	ck_assert_int_eq(place.verdict.result, VERDICT_PASS);
	/* a warning guards nothing */
	place_rules(&place, MAIN_SIGNED "  - name: releases-too\n    refs: "
					"[refs/heads/release/*]\n"
					"    severity: warn\n    signatures: {by: "
					"[alice]}\n" FILES);
	judge_main(&place, "refs/heads/release/1", head);
	ck_assert_int_eq(place.verdict.result, VERDICT_FAIL);
	/* nor does one where nobody reviews */
	place_rules(&place, MAIN_SIGNED "  - name: releases-too\n    refs: "
					"[refs/heads/release/*]\n"
					"    signatures: {by: [alice]}\n"
					"  - name: main-is-reviewed\n    refs: "
					"[refs/heads/main]\n"
					"    approvals: {from: [alice]}\n");
	judge_main(&place, "refs/heads/release/1", head);
	ck_assert_ptr_nonnull(place_finding(&place, ERROR_RULE_SIGNATURE_MISSING));
	place_close(&place);
}
END_TEST

/* Who may sign: on main alice, elsewhere as the case says. */
START_TEST(a_branch_lends_trust_where_the_same_people_sign_or_fewer)
{
	static const struct {
		const char *main, *other;
		bool lends;
	} cases[] = {
		{ "signatures: {by: [alice]}", "signatures: {by: [alice]}", true },
		{ "signatures: {by: [both]}", "signatures: {by: [alice]}", true },
		{ "signatures: {by: [both]}", "signatures: {by: [bob, alice]}", true },
		{ "signatures: {by: [alice]}", "signatures: {by: [bob]}", false },
		{ "signatures: {by: [alice]}", "signatures: {by: [both]}", false },
		{ "signatures: {by: [alice], match-committer: true}",
		  "signatures: {by: [alice]}", false },
		{ "signatures: {by: [alice]}",
		  "paths: [\"*.c\"]\n    signatures: {by: [alice]}", false },
		{ "paths: [\"*.c\"]\n    signatures: {by: [alice]}",
		  "signatures: {by: [alice]}", true },
		{ "signatures: {by: [alice]}\n    commits: {message: x}",
		  "signatures: {by: [alice]}\n    commits: {message: x}", true },
		{ "signatures: {by: [alice]}\n    commits: {message: x}",
		  "signatures: {by: [alice]}\n    commits: {message: y}", false },
		{ "signatures: {by: [alice]}\n    files: {max-size: 1}",
		  "signatures: {by: [alice]}\n    files: {max-size: 2}", false },
		{ "signatures: {by: [alice]}\n    files: {forbid: [a, b]}",
		  "signatures: {by: [alice]}\n    files: {forbid: [a, b]}", true },
		{ "signatures: {by: [alice]}\n    files: {forbid: [a, b]}",
		  "signatures: {by: [alice]}\n    files: {forbid: [a]}", false },
		{ "signatures: {by: [alice]}\n    schema: {}",
		  "signatures: {by: [alice]}", false },
		{ "signatures: {by: [alice]}",
		  "signatures: {by: [alice]}\n    refs: {only: [refs/heads/other], "
		  "force: false}",
		  true },
	};
	struct place place;
	place_open(&place);
	DO(&place.scratch, "git", "commit", "-q", "--allow-empty", "-m", "plain");
	struct oid head = scratch_id(&place.scratch, "HEAD");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool own = strstr(cases[i].other, "only:") != NULL;
		snprintf(place.floor, sizeof(place.floor),
			 "principals:\n  alice: {ssh: [\"%s\"]}\n  bob: {}\n"
			 "groups: {both: [alice, bob]}\nrules:\n"
			 "  - name: main\n    refs: [refs/heads/main]\n    %s\n"
			 "  - name: other\n%s    %s\n",
			 place.alice, cases[i].main,
			 own ? "" : "    refs: [refs/heads/other]\n", cases[i].other);
		judge_main(&place, "refs/heads/other", head);
		ck_assert_msg((place.verdict.result == VERDICT_PASS) == cases[i].lends,
			      "case %zu: %s / %s", i, cases[i].main, cases[i].other);
	}
	place_close(&place);
}
END_TEST

UNIT_MAIN("review of the judge", a_branch_that_nobody_guards_lends_no_trust,
	  a_branch_with_guards_of_the_same_kinds_lends_trust,
	  a_branch_lends_trust_where_the_same_people_sign_or_fewer)
