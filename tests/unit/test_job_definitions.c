/* tests/unit/test_job_definitions.c - definitions of kinds that change: what is read
 * because of it, and what is not. What is found: tests/e2e/29-changed-definitions.bats.
 */
#include "base/limits.h"
#include "conf_bundle.h"
#include "doc/doc.h"
#include "doc/kubernetes_changes.h"
#include "judge_place.h"

#define RULE                                                                           \
	"  - name: shape\n    paths: [\"deploy/**\"]\n"                                \
	"    schema: {kubernetes: k.bundle, crds: [\"crds/*\"]}\n"

/* --- comparing --- */

static const char *const definition = "apiVersion: apiextensions.k8s.io/v1\nkind: "
				      "CustomResourceDefinition\n"
				      "metadata: {name: %s}\nspec: {group: "
				      "example.org, names: {kind: %s}, versions: "
				      "[{name: v1, served: true, schema: "
				      "{openAPIV3Schema: {type: object, properties: "
				      "{spec: {type: %s}}}}}]}\n";

static void add(struct kubernetes_changes *changes, bool before, const char *path,
		const char *text)
{
	struct arena *arena = arena_new(1u << 20);
	struct docs docs = { 0 };
	struct doc_problem problem;
	struct error err = ERROR_INIT;
	ck_assert_msg(docs_parse_file(&docs, arena, path, text, strlen(text), NULL,
				      &problem) == 0,
		      "%s", problem.message);
	for (size_t i = 0; i < docs.count; i++)
		ck_assert_int_eq(kubernetes_changes_add(changes, path, before,
							docs.roots[i], &err),
				 0);
	arena_free(arena);
}

/* Each side as "PATH=KIND:TYPE[:NAME] ...", the answer as "KIND@PATH", "!" for one that
 * is gone. */
static void add_side(struct kubernetes_changes *changes, bool before, const char *side)
{
	char path[64];
	char kind[64];
	char type[64];
	char name[64];
	for (int used = 0; *side != '\0'; side += used) {
		char text[1024];
		snprintf(name, sizeof(name), "a");
		int found = sscanf(side, " %63[^=]=%63[^:]:%63[a-z!]%n:%63[a-z]%n",
				   path, kind, type, &used, name, &used);
		ck_assert_int_ge(found, 3);
		snprintf(text, sizeof(text), definition, name, kind, type);
		add(changes, before, path, text);
	}
}

START_TEST(a_definition_is_its_spec)
{
	static const struct {
		const char *before;
		const char *after;
		const char *changed;
	} cases[] = {
		{ "", "", "" },
		{ "a=Thing:object", "a=Thing:object", "" },
		{ "a=Thing:object", "a=Thing:string", "Thing@a" },
		{ "a=Thing:object:x", "a=Thing:object:y", "" },
		{ "a=Thing:object", "b=Thing:object", "Thing@b" },
		{ "a=Thing:object b=Thing:string", "a=Thing:string b=Thing:object",
		  "Thing@b" },
		{ "a=Thing:!x", "a=Thing:!x", "Thing@a" },
		{ "a=Thing:object", "b=Thing:string", "Thing@b" },
		{ "a=Thing:object", "", "!Thing@a" },
		{ "", "a=Thing:object", "Thing@a" },
		{ "a=Thing:object b=Other:string", "b=Other:string", "!Thing@a" },
		{ "a=Thing:object a=Other:string", "a=Thing:string a=Other:number",
		  "Thing@a Other@a" },
		{ "a=Thing:object b=Thing:string", "b=Thing:string", "!Thing@a" },
		{ "a=Thing:object b=Thing:object", "b=Thing:object", "!Thing@a" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kubernetes_changes *changes = NULL;
		const struct kubernetes_change *change;
		struct error err = ERROR_INIT;
		char found[256] = "";
		ck_assert_int_eq(kubernetes_changes_new(&changes, &err), 0);
		add_side(changes, true, cases[i].before);
		add_side(changes, false, cases[i].after);
		ck_assert_int_eq(kubernetes_changes_finish(changes, &err), 0);
		for (size_t j = 0; (change = kubernetes_changes_item(changes, j)); j++)
			snprintf(found + strlen(found), sizeof(found) - strlen(found),
				 "%s%s%s@%s", j ? " " : "", change->removed ? "!" : "",
				 change->kind, change->path);
		ck_assert_msg(strcmp(found, cases[i].changed) == 0, "%zu: %s", i,
			      found);
		kubernetes_changes_free(changes);
	}
}
END_TEST

START_TEST(a_change_is_found_by_group_and_kind)
{
	static const struct {
		const char *kind;
		bool found;
	} cases[] = {
		{ "example.org/v1/Thing", true },
		{ "example.org/v2/Thing", true },
		{ "example.org/v1/Things", false },
		{ "example.com/v1/Thing", false },
		{ "v1/Thing", false },
		{ "Thing", false },
		{ "", false },
	};
	struct kubernetes_changes *changes = NULL;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(kubernetes_changes_new(&changes, &err), 0);
	add(changes, false, "x", "kind: CustomResourceDefinition\nspec: {group: a}\n");
	add(changes, false, "x",
	    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
	    "spec: {group: a}\n");
	add_side(changes, false, "a=Thing:object");
	ck_assert_int_eq(kubernetes_changes_finish(changes, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg((kubernetes_changes_find(changes, cases[i].kind) !=
			       NULL) == cases[i].found,
			      "%s", cases[i].kind);
	char longest[2000];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	longest[5] = longest[9] = '/';
	ck_assert_ptr_null(kubernetes_changes_find(changes, longest));
	kubernetes_changes_free(changes);
}
END_TEST

/* --- judging --- */

static void define(struct place *place, const char *kind, const char *type)
{
	char path[64];
	char text[1024];
	snprintf(path, sizeof(path), "crds/%s.yaml", kind);
	snprintf(text, sizeof(text), definition, kind, kind, type);
	place_write(place, path, text);
}

/* Two kinds, a resource of each, and what names none. */
static struct oid begin(struct place *place, struct buf *bundle)
{
	*bundle = conf_bundle();
	place_open(place);
	place_rules(place, RULE);
	place->files[0] = "k.bundle";
	place->files[1] = bundle->data;
	place->lengths[0] = bundle->length;
	define(place, "Widget", "object");
	define(place, "Gadget", "object");
	place_write(place, "deploy/widget.yaml",
		    "{apiVersion: example.org/v1, kind: Widget, spec: {}}\n");
	place_write(place, "deploy/gadget.yaml",
		    "{apiVersion: example.org/v1, kind: Gadget, spec: {}}\n");
	place_write(place, "deploy/thing.yaml", "{apiVersion: v1, kind: Thing}\n");
	struct oid tip = place_commit(place, "all");
	place_judge(place, tip);
	expect_pass(place);
	return tip;
}

static void lose_blob(struct place *place, const char *path)
{
	char name[128];
	snprintf(name, sizeof(name), "HEAD:%s", path);
	const struct oid id = scratch_id(&place->scratch, name);
	const char *hex = oid_text(&id);
	snprintf(name, sizeof(name), ".git/objects/%.2s/%s", hex, hex + 2);
	DO(&place->scratch, "rm", "-f", name);
}

static int push(struct place *place, struct oid from)
{
	struct push push = { .old_id = from, .new_id = place_commit(place, "next") };
	return place_push(place, &push);
}

/* A document that changes makes nobody read another. */
START_TEST(nothing_is_searched_when_no_definition_changes)
{
	struct place place;
	struct buf bundle;
	struct oid tip = begin(&place, &bundle);
	place_write(&place, "deploy/widget.yaml",
		    "# Another.\n{apiVersion: example.org/v1, kind: Widget}\n");
	struct push push = { .old_id = tip, .new_id = place_commit(&place, "next") };
	lose_blob(&place, "deploy/gadget.yaml");
	lose_blob(&place, "deploy/thing.yaml");
	ck_assert_msg(place_push(&place, &push) == 0, "%s", place.err.text);
	expect_pass(&place);
	place_close(&place);
	buf_release(&bundle);
}
END_TEST

/* Once it does, every file that the rule covers is read, or the judge fails. */
START_TEST(everything_is_searched_when_one_changes)
{
	struct place place;
	struct buf bundle;
	struct oid tip = begin(&place, &bundle);
	define(&place, "Widget", "string");
	ck_assert_int_eq(push(&place, tip), 0);
	const struct finding *found = expect_refused(&place, ERROR_SCHEMA_MISMATCH);
	ck_assert_str_eq(found->path, "deploy/widget.yaml");
	ck_assert_uint_eq(place.verdict.count, 1);
	struct push again = { .old_id = tip, .new_id = place_commit(&place, "same") };
	lose_blob(&place, "deploy/thing.yaml");
	ck_assert_int_ne(place_push(&place, &again), 0);
	place_close(&place);
	buf_release(&bundle);
}
END_TEST

START_TEST(the_search_has_a_limit)
{
	struct place place;
	struct buf bundle;
	struct limits limits = limits_default;
	struct oid tip = begin(&place, &bundle);
	place.limits = &limits;
	define(&place, "Widget", "integer");
	limits.values[LIMIT_SCHEMA_SEARCHED_FILES] = 3;
	ck_assert_int_eq(push(&place, tip), 0);
	expect_refused(&place, ERROR_SCHEMA_MISMATCH);
	limits.values[LIMIT_SCHEMA_SEARCHED_FILES] = 2;
	ck_assert_int_eq(push(&place, tip), 0);
	const struct finding *found = expect_refused(&place, ERROR_LIMIT);
	ck_assert_msg(strstr(found->message, "schema.searched_files") != NULL, "%s",
		      found->message);
	place_close(&place);
	buf_release(&bundle);
}
END_TEST

/* What is broken in the definition is told at the resources, and lets nothing in. */
START_TEST(a_definition_that_cannot_be_compiled_is_told_by_its_resources)
{
	struct place place;
	struct buf bundle;
	struct oid tip = begin(&place, &bundle);
	define(&place, "Widget", "'no-such-type'");
	ck_assert_int_eq(push(&place, tip), 0);
	const struct finding *found = expect_refused(&place, ERROR_SCHEMA);
	ck_assert_str_eq(found->path, "deploy/widget.yaml");
	ck_assert_msg(strstr(found->message, "crds/Widget.yaml") != NULL, "%s",
		      found->message);
	place_close(&place);
	buf_release(&bundle);
}
END_TEST

UNIT_MAIN("job/definitions", a_definition_is_its_spec,
	  a_change_is_found_by_group_and_kind,
	  nothing_is_searched_when_no_definition_changes,
	  everything_is_searched_when_one_changes, the_search_has_a_limit,
	  a_definition_that_cannot_be_compiled_is_told_by_its_resources)
