/* tests/unit/test_job_documents.c - documents: cost follows the change, and what was
 * good under exactly the same is not read again. */
#include "unit.h"

#include "base/limits.h"
#include "judge_place.h"

#define KNOWN_MAX 4096

static const char schema[] = "{\"type\": \"object\", \"properties\": {\"replicas\": "
			     "{\"type\": \"integer\"}}}";
#define RULE "  - name: shape\n    paths: [\"deploy/**\"]\n    schema: {file: s.json}\n"

/* --- a memory that counts --- */

struct known {
	char kind[32];
	struct digest context;
	struct oid key;
};

struct memory {
	struct fact_cache cache;
	struct known known[KNOWN_MAX];
	size_t count;
	size_t messages; /* questions, of one or of many */
	size_t asked;
	size_t hits;
};

static const char *look_up(struct memory *memory, const char *kind,
			   const struct digest *context, const struct oid *key)
{
	memory->asked++;
	for (size_t i = 0; i < memory->count; i++) {
		const struct known *known = &memory->known[i];
		if (strcmp(known->kind, kind) == 0 && oid_equal(&known->key, key) &&
		    digest_equal(&known->context, context)) {
			memory->hits++;
			return "good";
		}
	}
	return NULL;
}

static const char *get(void *data, const char *kind, const struct digest *context,
		       const struct oid *key, struct arena *arena)
{
	struct memory *memory = data;
	(void)arena;
	memory->messages++;
	return look_up(memory, kind, context, key);
}

static void get_all(void *data, const char *kind, const struct digest *context,
		    const struct oid *keys, size_t count, const char **values,
		    struct arena *arena)
{
	struct memory *memory = data;
	(void)arena;
	memory->messages++;
	for (size_t i = 0; i < count; i++)
		values[i] = look_up(memory, kind, context, &keys[i]);
}

static void put(void *data, const char *kind, const struct digest *context,
		const struct oid *key, const char *value)
{
	struct memory *memory = data;
	ck_assert_str_eq(value, "good");
	ck_assert_uint_lt(memory->count, KNOWN_MAX);
	struct known *known = &memory->known[memory->count++];
	snprintf(known->kind, sizeof(known->kind), "%s", kind);
	known->context = *context;
	known->key = *key;
}

/* Its questions are about documents alone: nothing else is remembered in these tests.
 */
static struct memory *memory_new(bool many)
{
	struct memory *memory = calloc(1, sizeof(*memory));
	memory->cache = (struct fact_cache){
		.get = get, .put = put, .get_all = many ? get_all : NULL, .data = memory
	};
	return memory;
}

static void begin(struct place *place, struct memory *memory, const char *rules)
{
	place_open(place);
	place_rules(place, rules);
	place->files[0] = "s.json";
	place->files[1] = schema;
	place->cache = memory ? &memory->cache : NULL;
}

/* Nobody can read it from here on. */
static void lose_blob(struct place *place, const char *path)
{
	char name[128];
	snprintf(name, sizeof(name), "HEAD:%s", path);
	const struct oid id = scratch_id(&place->scratch, name);
	const char *hex = oid_text(&id);
	snprintf(name, sizeof(name), ".git/objects/%.2s/%s", hex, hex + 2);
	DO(&place->scratch, "rm", "-f", name);
}

/* --- the tests --- */

START_TEST(a_good_document_is_read_once)
{
	for (int many = 0; many < 2; many++) {
		struct place place;
		struct memory *memory = memory_new(many);
		begin(&place, memory, RULE);
		place_write(&place, "deploy/a.yaml", "replicas: 3\n");
		struct oid tip = place_commit(&place, "good");
		place_judge(&place, tip);
		expect_pass(&place);
		ck_assert_uint_eq(memory->count, 1);

		/* Whoever parses it again needs its bytes. */
		lose_blob(&place, "deploy/a.yaml");
		place_judge(&place, tip);
		expect_pass(&place);
		ck_assert_uint_eq(memory->hits, 1);
		ck_assert_uint_eq(memory->count, 1);

		place.cache = NULL;
		struct push push = { .old_id = place.anchor, .new_id = tip };
		ck_assert_int_ne(place_push(&place, &push), 0);
		place.cache = &memory->cache;

		/* Where it lies does not matter. */
		DO(&place.scratch, "git", "hash-object", "-w", "deploy/a.yaml");
		DO(&place.scratch, "git", "mv", "deploy/a.yaml", "deploy/b.yml");
		tip = place_commit(&place, "moved");
		lose_blob(&place, "deploy/b.yml");
		place_judge(&place, tip);
		expect_pass(&place);
		ck_assert_uint_eq(memory->hits, 2);

		place_close(&place);
		free(memory);
	}
}
END_TEST

START_TEST(what_decides_makes_it_forgotten)
{
	static const char strict[] = "{\"required\": [\"name\"]}";
	struct limits limits = limits_default;
	limits.values[LIMIT_YAML_DEPTH] = 1;
	static const struct {
		const char *rules;
		const char *schema;
		bool limited;
		const char *moved; /* read as another dialect there */
		int code;          /* 0: it passes, but is read again */
	} cases[] = {
		{ RULE, strict, false, NULL, ERROR_SCHEMA_MISMATCH },
		{ RULE, schema, true, NULL, ERROR_LIMIT },
		{ RULE, schema, false, "deploy/a.json", ERROR_SYNTAX },
		{ "  - name: shape\n    paths: [\"deploy/**\"]\n"
		  "    schema: {file: s.json, unambiguous: true}\n",
		  schema, false, NULL, ERROR_DOCUMENT_AMBIGUOUS },
		{ "  - name: shape\n    paths: [\"deploy/**\"]\n"
		  "    schema: {file: s.json, kinds: [Shop]}\n",
		  schema, false, NULL, 0 },
		{ "  - name: other\n    severity: warn\n    paths: [\"**\"]\n"
		  "    schema: {file: s.json}\n",
		  schema, false, NULL, 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		struct memory *memory = memory_new(i % 2);
		begin(&place, memory, RULE);
		place_write(&place, "deploy/a.yaml", "replicas: 0o10\nmore: {a: {}}\n");
		place_judge(&place, place_commit(&place, "good"));
		expect_pass(&place);
		place_rules(&place, cases[i].rules);
		place.files[1] = cases[i].schema;
		place.limits = cases[i].limited ? &limits : NULL;
		if (cases[i].moved)
			DO(&place.scratch, "git", "mv", "deploy/a.yaml",
			   cases[i].moved);
		place_judge(&place, place_commit(&place, "again"));
		if (cases[i].code < 0)
			expect_refused(&place, cases[i].code);
		else
			expect_pass(&place);
		/* The last differs in nothing that decides about the document. */
		ck_assert_uint_eq(memory->hits, cases[i].code == 1);
		place_close(&place);
		free(memory);
	}
}
END_TEST

START_TEST(bad_documents_are_not_remembered)
{
	static const char *const texts[] = { "replicas: x\n", "a: [\n", "a: 1\na: 2\n",
					     "{{ .x }}: 1\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct place place;
		struct memory *memory = memory_new(true);
		begin(&place, memory, RULE);
		place_write(&place, "deploy/a.yaml", texts[i]);
		struct oid tip = place_commit(&place, "bad");
		for (int turn = 0; turn < 2; turn++) {
			place_judge(&place, tip);
			ck_assert_int_eq(place.verdict.result, VERDICT_FAIL);
			ck_assert_uint_eq(memory->count, 0);
		}
		place_close(&place);
		free(memory);
	}
}
END_TEST

START_TEST(problems_are_told_in_the_order_of_their_places)
{
	struct place place;
	begin(&place, NULL, RULE);
	place.files[1] = "{\"required\": [\"name\"], \"properties\": {\"replicas\": "
			 "{\"type\": \"integer\"}}}";
	place_write(&place, "deploy/a.yaml", "kind: x\nreplicas: x\n");
	place_judge(&place, place_commit(&place, "two problems"));
	ck_assert_uint_eq(place.verdict.count, 2);
	ck_assert_uint_eq(place.verdict.findings[0].line, 1);
	ck_assert_ptr_nonnull(strstr(place.verdict.findings[0].message, "needs "
									"'name'"));
	ck_assert_uint_eq(place.verdict.findings[1].line, 2);
	place_close(&place);
}
END_TEST

/* One of two rules found it bad: the other's word is remembered, and is its own. */
START_TEST(each_rule_remembers_for_itself)
{
	struct place place;
	struct memory *memory = memory_new(true);
	begin(&place, memory,
	      RULE "  - name: names\n    paths: [\"deploy/*\"]\n"
		   "    schema: {file: n.json}\n");
	place.files[2] = "n.json";
	place.files[3] = "{\"required\": [\"name\"]}";
	place_write(&place, "deploy/a.yaml", "replicas: 3\n");
	struct oid tip = place_commit(&place, "half good");
	for (size_t turn = 0; turn < 2; turn++) {
		place_judge(&place, tip);
		expect_refused(&place, ERROR_SCHEMA_MISMATCH);
		ck_assert_uint_eq(place.verdict.errors, 1);
		ck_assert_uint_eq(memory->count, 1);
		ck_assert_uint_eq(memory->hits, turn);
	}
	place_close(&place);
	free(memory);
}
END_TEST

/* The same bytes mean another schema elsewhere. */
START_TEST(what_names_its_schema_is_not_remembered_for_other_places)
{
	struct place place;
	struct memory *memory = memory_new(true);
	begin(&place, memory,
	      "  - name: named\n    paths: [\"**/x.json\"]\n"
	      "    schema: {inline-schemas: [a/s.json, b/s.json]}\n");
	place.files[0] = "a/s.json";
	place.files[2] = "b/s.json";
	place.files[3] = "{\"required\": [\"name\"]}";
	place_write(&place, "a/x.json", "{\"$schema\": \"s.json\"}");
	place_judge(&place, place_commit(&place, "here"));
	expect_pass(&place);
	place_write(&place, "b/x.json", "{\"$schema\": \"s.json\"}");
	place_judge(&place, place_commit(&place, "there"));
	expect_refused(&place, ERROR_SCHEMA_MISMATCH);
	place_close(&place);
	free(memory);
}
END_TEST

START_TEST(one_changed_file_of_many_is_the_only_one_looked_at)
{
	struct place place;
	struct memory *memory = memory_new(true);
	char name[64];
	begin(&place, memory, RULE);
	for (int i = 0; i < 1200; i++) {
		snprintf(name, sizeof(name), "deploy/%d/%d.yaml", i % 20, i);
		char text[64];
		snprintf(text, sizeof(text), "replicas: %d\n", i);
		place_write(&place, name, text);
	}
	struct oid all = place_commit(&place, "all");
	place_judge(&place, all);
	expect_pass(&place);
	ck_assert_uint_eq(memory->count, 1200);
	/* Not a message for each. */
	ck_assert_uint_eq(memory->messages, 3);
	ck_assert_uint_eq(memory->asked, 1200);

	place_write(&place, "deploy/7/7.yaml", "replicas: 70000\n");
	struct push push = { .old_id = all, .new_id = place_commit(&place, "one") };
	ck_assert_int_eq(place_push(&place, &push), 0);
	expect_pass(&place);
	ck_assert_uint_eq(memory->asked, 1201);
	ck_assert_uint_eq(memory->count, 1201);

	/* As a new ref, with everything in it. */
	place_judge(&place, push.new_id);
	expect_pass(&place);
	ck_assert_uint_eq(memory->hits, 1200);
	ck_assert_uint_eq(memory->count, 1201);
	place_close(&place);
	free(memory);
}
END_TEST

/* More than the file may hold: what fits is kept. */
START_TEST(a_full_file_of_facts_keeps_what_fits)
{
	struct scratch scratch;
	struct arena *arena = arena_new(1 << 24);
	struct digest context = { { 1 } };
	struct oid key = { .length = 20 };
	size_t known = 0;
	scratch_open(&scratch);
	DO(&scratch, "mkdir", "gitgate");
	for (int turn = 0; turn < 2; turn++) {
		struct fact_file *file = fact_file_open(scratch.directory);
		struct fact_cache cache = fact_file_cache(file);
		for (unsigned int i = 0; i < 40000; i++) {
			memcpy(key.bytes, &i, sizeof(i));
			if (turn == 0)
				cache.put(cache.data, "yaml-document-3", &context, &key,
					  "good");
			else
				known += cache.get(cache.data, "yaml-document-3",
						   &context, &key, arena) != NULL;
		}
		fact_file_close(file);
	}
	ck_assert_uint_gt(known, 20000);
	ck_assert_uint_lt(known, 40000);
	arena_free(arena);
	scratch_close(&scratch);
}
END_TEST

UNIT_MAIN("job/documents", a_good_document_is_read_once,
	  what_decides_makes_it_forgotten, bad_documents_are_not_remembered,
	  problems_are_told_in_the_order_of_their_places,
	  each_rule_remembers_for_itself,
	  what_names_its_schema_is_not_remembered_for_other_places,
	  one_changed_file_of_many_is_the_only_one_looked_at,
	  a_full_file_of_facts_keeps_what_fits)
