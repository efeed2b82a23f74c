/* tests/unit/test_job_judge.c - judging what real git made: every commit of the range,
 * merges, paths, documents, policies, the memory of facts. */
#include "unit.h"

#include "judge_place.h"
#include "base/buf.h"

#define SIGNED "  - name: signed\n    signatures: {by: [alice]}\n"
#define FILES                                                                          \
	"  - name: files\n    files: {forbid: [\"*.p12\"], no-case-collisions: "       \
	"true}\n"

/* --- commits and signatures --- */

START_TEST(signed_commits_pass_and_others_do_not)
{
	struct place place;
	place_open(&place);
	place_rules(&place, SIGNED);
	place_judge(&place, place_commit(&place, "good"));
	expect_pass(&place);
	ck_assert_uint_eq(place.judged.commits, 1);

	DO(&place.scratch, "git", "commit", "-q", "--allow-empty", "-m", "plain");
	place_judge(&place, scratch_id(&place.scratch, "HEAD"));
	const struct finding *finding =
		expect_refused(&place, ERROR_RULE_SIGNATURE_MISSING);
	struct oid head = scratch_id(&place.scratch, "HEAD");
	ck_assert(oid_equal(&finding->commit, &head));
	ck_assert_uint_eq(place.verdict.errors, 1);

	DO(&place.scratch, "git", "-c", "user.signingKey=./mallory", "commit", "-q",
	   "--amend", "--allow-empty", "-S", "-m", "strange");
	place_judge(&place, scratch_id(&place.scratch, "HEAD"));
	expect_refused(&place, ERROR_RULE_SIGNATURE_UNKNOWN_KEY);
	place_close(&place);
}
END_TEST

/* One unsigned commit, hidden where only the way to it differs. */
START_TEST(an_unsigned_commit_is_found_wherever_it_hides)
{
	static const char *const places[] = { "under a signed one", "side parent",
					      "third parent", "new root" };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct place place;
		struct scratch *scratch = &place.scratch;
		place_open(&place);
		place_rules(&place, SIGNED);
		if (i == 3)
			DO(scratch, "git", "checkout", "-q", "--orphan", "hidden");
		else
			DO(scratch, "git", "checkout", "-q", "-b", "hidden");
		DO(scratch, "git", "commit", "-q", "--allow-empty", "-m", "hidden");
		struct oid hidden = scratch_id(scratch, "HEAD");
		if (i > 0) {
			DO(scratch, "git", "checkout", "-q", "-b", "other", "main");
			place_commit(&place, "other");
			DO(scratch, "git", "checkout", "-q", "main");
			place_commit(&place, "mine");
		}
		if (i == 2)
			DO(scratch, "git", "merge", "-q", "-S", "-m", "all", "other",
			   "hidden");
		else if (i > 0)
			DO(scratch, "git", "merge", "-q", "-S", "--no-ff",
			   "--allow-unrelated-histories", "-m", "merge", "hidden");
		else
			place_commit(&place, "above");
		place_judge(&place, scratch_id(scratch, "HEAD"));
		const struct finding *finding =
			expect_refused(&place, ERROR_RULE_SIGNATURE_MISSING);
		ck_assert_msg(oid_equal(&finding->commit, &hidden), "%s", places[i]);
		ck_assert_uint_eq(place.verdict.errors, 1);
		place_close(&place);
	}
}
END_TEST

START_TEST(trusted_history_is_not_judged)
{
	struct place place;
	place_open(&place);
	place_rules(&place, SIGNED);
	struct oid first = place_commit(&place, "one");
	struct oid second = place_commit(&place, "two");
	struct push push = { .old_id = first, .new_id = second };
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_pass(&place);
	ck_assert_uint_eq(place.judged.commits, 1);
	place_close(&place);
}
END_TEST

START_TEST(a_malformed_commit_is_refused_whatever_rules_look_at)
{
	struct place place;
	size_t length;
	place_open(&place);
	place_rules(&place, "  - name: refs\n    refs: {delete: false}\n");
	place_commit(&place, "good");
	char *raw = scratch_cat(&place.scratch, "commit", "HEAD", &length);
	raw[length - 1] = '\0'; /* a NUL in the message */
	struct oid bad = scratch_object(&place.scratch, "commit", raw, length);
	place_judge(&place, bad);
	expect_refused(&place, ERROR_COMMIT_NUL_MESSAGE);
	free(raw);
	place_close(&place);
}
END_TEST

/* --- what a ref may name --- */

START_TEST(tags_lead_to_commits_or_are_refused)
{
	struct place place;
	struct scratch *scratch = &place.scratch;
	place_open(&place);
	place_rules(&place, SIGNED);
	place_commit(&place, "good");
	DO(scratch, "git", "-c", "tag.gpgSign=false", "tag", "-a", "-m", "v1", "v1");
	struct push push = { .ref = "refs/tags/v1",
			     .new_id = scratch_id(scratch, "v1") };
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_pass(&place);

	push.ref = "refs/heads/main";
	push.new_id = scratch_id(scratch, "HEAD:start");
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_refused(&place, ERROR_NOT_A_COMMIT);
	push.new_id = scratch_id(scratch, "HEAD^{tree}");
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_refused(&place, ERROR_NOT_A_COMMIT);
	place_close(&place);
}
END_TEST

START_TEST(what_is_not_there_is_an_error_not_a_verdict)
{
	struct place place;
	place_open(&place);
	place_rules(&place, SIGNED);
	struct push push = { .old_id = place.anchor, .new_id = place.anchor };
	push.new_id.bytes[3] ^= 1;
	ck_assert_int_lt(place_push(&place, &push), 0);
	ck_assert_int_eq(place.verdict.result, VERDICT_UNKNOWN);
	place_close(&place);
}
END_TEST

START_TEST(deletions_and_forced_moves_are_rules_about_refs)
{
	struct place place;
	place_open(&place);
	place_rules(&place, "  - name: refs\n    refs: {delete: false, force: "
			    "false}\n");
	struct oid tip = place_commit(&place, "one");
	struct push push = { .old_id = tip, .new_id = { .length = 20 } };
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_refused(&place, ERROR_RULE_REF_DELETE);
	ck_assert_uint_eq(place.judged.tip.length, 0);
	push.new_id = place.anchor;
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_refused(&place, ERROR_RULE_REF_FORCE);
	push.old_id = place.anchor;
	push.new_id = tip;
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_pass(&place);
	place_close(&place);
}
END_TEST

/* --- policies --- */

START_TEST(without_anchor_or_policy_nothing_passes)
{
	struct place place;
	place_open(&place);
	place_rules(&place, SIGNED);
	struct push push = { .new_id = place_commit(&place, "good"),
			     .no_anchor = true };
	ck_assert_int_eq(place_push(&place, &push), 0);
	const struct finding *finding = expect_refused(&place, ERROR_NO_ANCHOR);
	ck_assert_ptr_nonnull(strstr(finding->mend, "--anchor"));
	push.no_anchor = false;
	push.no_floor = true;
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_refused(&place, ERROR_NO_POLICY);
	place_close(&place);
}
END_TEST

/* The pushed .gitgate.yaml does not judge its own push. */
START_TEST(policy_comes_from_the_protected_side)
{
	struct place place;
	place_open(&place);
	place_rules(&place, SIGNED);
	place_write(&place, ".gitgate.yaml",
		    "version: 1\nrules:\n  - name: no-keys\n    files: {forbid: "
		    "[\"*.p12\"]}\n");
	struct oid protected = place_commit(&place, "policy");
	place_write(&place, ".gitgate.yaml",
		    "version: 1\nrules:\n  - name: lax\n    refs: {delete: false}\n");
	place_write(&place, "key.p12", "secret");
	struct push push = { .old_id = protected,
			     .new_id = place_commit(&place, "loosen"),
			     .policy_commit = protected };
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_refused(&place, ERROR_RULE_FILE_FORBIDDEN);
	place_close(&place);
}
END_TEST

START_TEST(broken_policies_are_refused_on_both_sides)
{
	static const char *const broken[] = {
		"rules: [",
		"version: 1\nrulez: []\n",
		"version: 1\nrules:\n  - name: x\n    files: {max-size: lots}\n",
		"version: 1\nrules:\n  - name: x\n    schema: {file: missing.json}\n",
		"version: 1\nprincipals: {alice: {ssh: []}}\n",
	};
	struct place place;
	place_open(&place);
	place_rules(&place, SIGNED);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		place_write(&place, ".gitgate.yaml", broken[i]);
		struct oid tip = place_commit(&place, "broken");
		place_judge(&place, tip);
		const struct finding *finding =
			expect_refused(&place, ERROR_POLICY_PUSHED_BROKEN);
		ck_assert_ptr_nonnull(strstr(finding->message, ".gitgate.yaml"));
		struct push push = { .old_id = tip,
				     .new_id = place_commit(&place, "after"),
				     .policy_commit = tip };
		ck_assert_int_eq(place_push(&place, &push), 0);
		expect_refused(&place, ERROR_POLICY_BROKEN);
	}
	place_close(&place);
}
END_TEST

/* --- paths --- */

struct tree_case {
	const char *paths[4];
	int code; /* 0: passes */
	const char *path;
};

START_TEST(names_that_differ_in_case_only_collide)
{
	static const struct tree_case cases[] = {
		{ { "a/Read.me", "a/read.me" }, ERROR_RULE_FILE_CASE, "a/" },
		{ { "Start" }, ERROR_RULE_FILE_CASE, "Start" }, /* with what is there */
		{ { "dir/one", "Dir/two" }, ERROR_RULE_FILE_CASE, NULL },
		{ { "a/x", "b/X" }, 0, NULL },
		{ { "a/x", "a/xx" }, 0, NULL },
		{ { "a.p12" }, ERROR_RULE_FILE_FORBIDDEN, "a.p12" },
		{ { "a.p12x", "b.yaml" }, 0, NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		place_open(&place);
		place_rules(&place, FILES);
		for (int j = 0; cases[i].paths[j]; j++)
			place_write(&place, cases[i].paths[j], "text\n");
		place_judge(&place, place_commit(&place, "files"));
		if (cases[i].code == 0) {
			expect_pass(&place);
		} else {
			const struct finding *finding =
				expect_refused(&place, cases[i].code);
			if (cases[i].path)
				ck_assert_ptr_nonnull(
					strstr(finding->path, cases[i].path));
		}
		place_close(&place);
	}
}
END_TEST

/* Either side is without fault; together they are not. */
START_TEST(a_merge_that_brings_colliding_names_together_is_seen)
{
	for (int turn = 0; turn < 2; turn++) {
		struct place place;
		struct scratch *scratch = &place.scratch;
		place_open(&place);
		place_rules(&place, FILES);
		DO(scratch, "git", "checkout", "-q", "-b", "side");
		place_write(&place, "Name", "one\n");
		place_commit(&place, "upper");
		DO(scratch, "git", "checkout", "-q", "main");
		place_write(&place, "name", "two\n");
		place_commit(&place, "lower");
		if (turn)
			DO(scratch, "git", "checkout", "-q", "side");
		DO(scratch, "git", "merge", "-q", "-S", "-m", "merge",
		   turn ? "main" : "side");
		place_judge(&place, scratch_id(scratch, "HEAD"));
		expect_refused(&place, ERROR_RULE_FILE_CASE);
		place_close(&place);
	}
}
END_TEST

/* What a merge itself brings is the merge's; what its parents brought is not said
 * twice. */
START_TEST(evil_merges_are_seen_and_honest_ones_are_not_blamed)
{
	struct place place;
	struct scratch *scratch = &place.scratch;
	place_open(&place);
	place_rules(&place, FILES);
	DO(scratch, "git", "checkout", "-q", "-b", "side");
	place_write(&place, "side.p12", "side\n");
	struct oid side = place_commit(&place, "side");
	DO(scratch, "git", "checkout", "-q", "main");
	place_write(&place, "main", "main\n");
	place_commit(&place, "main");
	DO(scratch, "git", "merge", "-q", "-S", "-m", "merge", "side");
	place_judge(&place, scratch_id(scratch, "HEAD"));
	const struct finding *finding =
		expect_refused(&place, ERROR_RULE_FILE_FORBIDDEN);
	ck_assert_uint_eq(place.verdict.errors, 1);
	ck_assert(oid_equal(&finding->commit, &side));

	/* The side is trusted now, and the merge brings something of its own. */
	place_write(&place, "evil.p12", "evil\n");
	DO(scratch, "git", "add", "-A");
	DO(scratch, "git", "commit", "-q", "--amend", "--allow-empty", "-S", "-m",
	   "merge");
	struct oid merge = scratch_id(scratch, "HEAD");
	struct push push = { .old_id = side, .new_id = merge };
	ck_assert_int_eq(place_push(&place, &push), 0);
	finding = expect_refused(&place, ERROR_RULE_FILE_FORBIDDEN);
	ck_assert_uint_eq(place.verdict.errors, 1);
	ck_assert_str_eq(finding->path, "evil.p12");
	ck_assert(oid_equal(&finding->commit, &merge));
	place_close(&place);
}
END_TEST

/* A file that comes and goes within the push was pushed all the same. */
START_TEST(what_a_later_commit_takes_out_is_seen)
{
	struct place place;
	place_open(&place);
	place_rules(&place, FILES);
	place_write(&place, "key.p12", "secret");
	struct oid bad = place_commit(&place, "in");
	DO(&place.scratch, "git", "rm", "-q", "key.p12");
	place_judge(&place, place_commit(&place, "out"));
	const struct finding *finding =
		expect_refused(&place, ERROR_RULE_FILE_FORBIDDEN);
	ck_assert(oid_equal(&finding->commit, &bad));
	place_close(&place);
}
END_TEST

struct entry_case {
	const char *mode;
	const char *target; /* of a link */
	int code;
};

START_TEST(links_submodules_and_modes)
{
	static const struct entry_case cases[] = {
		{ "120000", "b/c", 0 },
		{ "120000", "../start", 0 },
		{ "120000", "../../etc/passwd", ERROR_RULE_FILE_SYMLINK_LEAVES },
		{ "120000", "/etc/passwd", ERROR_RULE_FILE_SYMLINK_LEAVES },
		{ "120000", "x/../../../y", ERROR_RULE_FILE_SYMLINK_LEAVES },
		{ "160000", NULL, ERROR_RULE_FILE_SUBMODULE },
		{ "100755", "text", ERROR_RULE_FILE_EXECUTABLE },
		{ "100644", "text", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		struct scratch *scratch = &place.scratch;
		char entry[128];
		place_open(&place);
		place_rules(&place, "  - name: files\n    files: {executable: "
				    "[\"bin/*\"]}\n");
		struct oid id =
			cases[i].target
				? scratch_object(scratch, "blob", cases[i].target,
						 strlen(cases[i].target))
				: place.anchor;
		snprintf(entry, sizeof(entry), "%s,%s,a/entry", cases[i].mode,
			 oid_text(&id));
		DO(scratch, "git", "update-index", "--add", "--cacheinfo", entry);
		DO(scratch, "git", "commit", "-q", "-S", "-m", "entry");
		place_judge(&place, scratch_id(scratch, "HEAD"));
		if (cases[i].code == 0)
			expect_pass(&place);
		else
			expect_refused(&place, cases[i].code);
		place_close(&place);
	}
}
END_TEST

/* --- documents --- */

static const char schema[] = "{\"type\": \"object\", \"properties\": {\"replicas\": "
			     "{\"type\": \"integer\"}}}";
#define DOCUMENTS                                                                      \
	"  - name: shape\n    paths: [\"deploy/**\"]\n    schema: {file: s.json}\n"

START_TEST(documents_are_judged_with_positions)
{
	static const struct {
		const char *path;
		const char *text;
		int code;
		uint32_t line;
		uint32_t column;
	} cases[] = {
		{ "deploy/a.yaml", "replicas: 3\n", 0, 0, 0 },
		{ "deploy/a.yaml", "name: x\nreplicas: \"3\"\n", ERROR_SCHEMA_MISMATCH,
		  2, 11 },
		{ "deploy/b/c.json", "{\"replicas\":\n  true}", ERROR_SCHEMA_MISMATCH,
		  2, 3 },
		{ "deploy/a.yaml", "a: 1\na: 2\n", ERROR_DUPLICATE_KEY, 2, 1 },
		{ "deploy/a.yaml", "a: [\n", ERROR_SYNTAX, 0, 0 },
		{ "deploy/a.yaml", "a: {{ .Values.x }}\nb: {{- end }}\n",
		  ERROR_DOCUMENT_TEMPLATE, 0, 0 },
		{ "elsewhere/a.yaml", "a: [\n", 0, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		place_open(&place);
		place_rules(&place, DOCUMENTS);
		place.files[0] = "s.json";
		place.files[1] = schema;
		place_write(&place, cases[i].path, cases[i].text);
		place_judge(&place, place_commit(&place, "document"));
		if (cases[i].code == 0) {
			expect_pass(&place);
		} else {
			const struct finding *finding =
				expect_refused(&place, cases[i].code);
			ck_assert_str_eq(finding->path, cases[i].path);
			if (cases[i].line) {
				ck_assert_uint_eq(finding->line, cases[i].line);
				ck_assert_uint_eq(finding->column, cases[i].column);
			}
		}
		place_close(&place);
	}
}
END_TEST

/* A document that was there before is nobody's fault; one that is too large is said to
 * be so. */
START_TEST(only_changed_documents_are_read)
{
	struct place place;
	struct limits limits = limits_default;
	place_open(&place);
	place_rules(&place, DOCUMENTS);
	place.files[0] = "s.json";
	place.files[1] = schema;
	place_write(&place, "deploy/old.yaml", "replicas: many\n");
	struct oid old = place_commit(&place, "old");
	place_write(&place, "deploy/new.yaml", "replicas: 1\n");
	struct push push = { .old_id = old, .new_id = place_commit(&place, "new") };
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_pass(&place);
	limits.values[LIMIT_GIT_BLOB_BYTES] = 4;
	place.limits = &limits;
	ck_assert_int_eq(place_push(&place, &push), 0);
	const struct finding *finding = expect_refused(&place, ERROR_DOCUMENT_SIZE);
	ck_assert_ptr_nonnull(strstr(finding->message, "git.blob_bytes"));
	place_close(&place);
}
END_TEST

/* --- the memory of facts --- */

struct memory {
	struct fact_cache cache;
	char kinds[16][32];
	struct oid keys[16];
	struct digest contexts[16];
	char values[16][160];
	size_t count, hits;
	const char *lie;
};

static const char *memory_get(void *data, const char *kind,
			      const struct digest *context, const struct oid *key,
			      struct arena *arena)
{
	struct memory *memory = data;
	if (memory->lie)
		return memory->lie;
	for (size_t i = 0; i < memory->count; i++)
		if (strcmp(memory->kinds[i], kind) == 0 &&
		    oid_equal(&memory->keys[i], key) &&
		    digest_equal(&memory->contexts[i], context)) {
			memory->hits++;
			return arena_string(arena, memory->values[i]);
		}
	return NULL;
}

static void memory_put(void *data, const char *kind, const struct digest *context,
		       const struct oid *key, const char *value)
{
	struct memory *memory = data;
	ck_assert_uint_lt(memory->count, 16);
	size_t i = memory->count++;
	snprintf(memory->kinds[i], sizeof(memory->kinds[i]), "%s", kind);
	snprintf(memory->values[i], sizeof(memory->values[i]), "%s", value);
	memory->keys[i] = *key;
	memory->contexts[i] = *context;
}

START_TEST(good_facts_are_remembered_and_bad_ones_are_not)
{
	struct place place;
	struct memory memory = {
		.cache = { .get = memory_get, .put = memory_put, .data = &memory }
	};
	place_open(&place);
	place_rules(&place, SIGNED DOCUMENTS);
	place.files[0] = "s.json";
	place.files[1] = schema;
	place.cache = &memory.cache;
	place_write(&place, "deploy/a.yaml", "replicas: 3\n");
	struct oid tip = place_commit(&place, "good");
	place_judge(&place, tip);
	expect_pass(&place);
	ck_assert_uint_eq(memory.count, 2);
	ck_assert_uint_eq(memory.hits, 0);
	place_judge(&place, tip);
	expect_pass(&place);
	ck_assert_uint_eq(memory.count, 2);
	ck_assert_uint_eq(memory.hits, 2);

	/* Facts, not verdicts: another policy judges the remembered facts anew. */
	char rules[256];
	snprintf(rules, sizeof(rules), "%s",
		 "  - name: nobody\n    signatures: {by: [bob]}\n");
	snprintf(place.floor, sizeof(place.floor),
		 "principals:\n  bob: {email: [b@example.org]}\nrules:\n%s", rules);
	place_judge(&place, tip);
	expect_refused(&place, ERROR_RULE_SIGNATURE_UNKNOWN_KEY);

	place_rules(&place, SIGNED DOCUMENTS);
	place_write(&place, "deploy/a.yaml", "replicas: x\n");
	DO(&place.scratch, "git", "add", "-A");
	DO(&place.scratch, "git", "commit", "-q", "-m", "bad");
	size_t before = memory.count;
	place_judge(&place, scratch_id(&place.scratch, "HEAD"));
	expect_refused(&place, ERROR_RULE_SIGNATURE_MISSING);
	expect_refused(&place, ERROR_SCHEMA_MISMATCH);
	ck_assert_uint_eq(memory.count, before);
	place_close(&place);
}
END_TEST

/* A remembered text that is not one is looked at anew. */
START_TEST(remembered_nonsense_is_no_signature)
{
	static const char *const lies[] = { "", "good", "bad ssh SHA256:x", "good ssh",
					    "GOOD ssh SHA256:x" };
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct place place;
		struct memory memory = { .cache = { .get = memory_get,
						    .put = memory_put,
						    .data = &memory },
					 .lie = lies[i] };
		place_open(&place);
		place_rules(&place, SIGNED);
		place.cache = &memory.cache;
		place_judge(&place, place_commit(&place, "good"));
		expect_pass(&place);
		DO(&place.scratch, "git", "-c", "user.signingKey=./mallory", "commit",
		   "-q", "--amend", "--allow-empty", "-S", "-m", "strange");
		place_judge(&place, scratch_id(&place.scratch, "HEAD"));
		expect_refused(&place, ERROR_RULE_SIGNATURE_UNKNOWN_KEY);
		place_close(&place);
	}
}
END_TEST

START_TEST(a_file_of_facts_survives_torn_and_foreign_lines)
{
	struct scratch scratch;
	struct digest context = { { 7 } };
	struct oid key = { .length = 20, .bytes = { 1, 2, 3 } };
	struct oid other = { .length = 20, .bytes = { 9 } };
	struct arena *arena = arena_new(1 << 20);
	scratch_open(&scratch);
	DO(&scratch, "mkdir", "gitgate");
	for (int turn = 0; turn < 4; turn++) {
		struct fact_file *file = fact_file_open(scratch.directory);
		struct fact_cache cache = fact_file_cache(file);
		const char *known =
			cache.get(cache.data, "kind-1", &context, &key, arena);
		if (turn == 0) {
			ck_assert_ptr_null(known);
			cache.put(cache.data, "kind-1", &context, &key, "value");
			cache.put(cache.data, "kind-1", &context, &other, "a\tb");
		} else if (turn < 3) {
			ck_assert_str_eq(known, "value");
		} else {
			ck_assert_ptr_null(known); /* its one line was damaged */
		}
		ck_assert_ptr_null(
			cache.get(cache.data, "kind-1", &context, &other, arena));
		ck_assert_ptr_null(
			cache.get(cache.data, "kind-2", &context, &key, arena));
		fact_file_close(file);
		size_t length;
		char *text = scratch_read(&scratch, "gitgate/facts", &length);
		struct buf damaged = BUF_INIT(65536);
		if (turn == 1) { /* torn and foreign lines beside it */
			buf_add(&damaged, text, length);
			buf_add_string(&damaged, "nonsense\n\n\t\t\t\n");
			buf_add(&damaged, text, length - 3);
		} else if (turn == 2) { /* its value is another */
			text[length - 12] ^= 1;
			buf_add(&damaged, text, length);
			for (char *at = strstr(damaged.data, "\tvalue"); at;
			     at = strstr(at + 1, "\tvalue"))
				at[1] = 'V';
		} else {
			buf_add(&damaged, text, length);
		}
		scratch_write(&scratch, "gitgate/facts", damaged.data, damaged.length);
		buf_release(&damaged);
		free(text);
	}
	arena_free(arena);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("job", signed_commits_pass_and_others_do_not,
	  an_unsigned_commit_is_found_wherever_it_hides, trusted_history_is_not_judged,
	  a_malformed_commit_is_refused_whatever_rules_look_at,
	  tags_lead_to_commits_or_are_refused,
	  what_is_not_there_is_an_error_not_a_verdict,
	  deletions_and_forced_moves_are_rules_about_refs,
	  without_anchor_or_policy_nothing_passes, policy_comes_from_the_protected_side,
	  broken_policies_are_refused_on_both_sides,
	  names_that_differ_in_case_only_collide,
	  a_merge_that_brings_colliding_names_together_is_seen,
	  evil_merges_are_seen_and_honest_ones_are_not_blamed,
	  what_a_later_commit_takes_out_is_seen, links_submodules_and_modes,
	  documents_are_judged_with_positions, only_changed_documents_are_read,
	  good_facts_are_remembered_and_bad_ones_are_not,
	  remembered_nonsense_is_no_signature,
	  a_file_of_facts_survives_torn_and_foreign_lines)
