/* tests/unit/test_policy_refs.c - rules of kind refs, every reason and its twin. */
#include "unit.h"

#include "policy_scene.h"

static void prepare(struct scene *scene)
{
	scene->refs = (struct rule_refs){
		.create = true, .update = true, .remove = true, .force = true
	};
	scene->rules[0].refs = &scene->refs;
}

static void prepare_create(struct scene *scene)
{
	prepare(scene);
	scene->change.old_id = (struct oid){ .length = 20 };
}

static void prepare_delete(struct scene *scene)
{
	prepare(scene);
	scene->change.new_id = (struct oid){ .length = 20 };
	scene->facts.kinds = FACTS_REF;
}

static void prepare_forced(struct scene *scene)
{
	prepare(scene);
	scene->facts.forced = true;
}

static void forbid_create(struct scene *scene)
{
	scene->refs.create = false;
}

static void forbid_update(struct scene *scene)
{
	scene->refs.update = false;
}

static void forbid_remove(struct scene *scene)
{
	scene->refs.remove = false;
}

static void forbid_force(struct scene *scene)
{
	scene->refs.force = false;
}

static void name_other(struct scene *scene)
{
	scene->refs.name = scene_pattern(scene, "^refs/heads/feature/");
}

static void name_endless(struct scene *scene)
{
	static char ref[200];
	snprintf(ref, sizeof(ref), "refs/heads/%0180d!", 0);
	scene->change.ref = ref;
	scene->refs.name = scene_pattern(scene, "^refs/heads/(0+)+\\1[12]$");
}

START_TEST(updates_are_judged)
{
	static const struct scene_case cases[] = {
		{ "update", forbid_update, ERROR_RULE_REF_UPDATE, "must not be moved" },
		{ "name", name_other, ERROR_RULE_REF_NAME,
		  "'refs/heads/main' does not match '^refs/heads/feature/'" },
		{ "endless", name_endless, ERROR_LIMIT, "over the limit regex.steps" },
	};
	SCENE_RUN(cases, prepare);
}
END_TEST

START_TEST(forced_updates_are_judged)
{
	static const struct scene_case cases[] = {
		{ "force", forbid_force, ERROR_RULE_REF_FORCE,
		  "3333333333 does not contain 2222222222" },
		{ "update", forbid_update, ERROR_RULE_REF_UPDATE, "must not be moved" },
	};
	SCENE_RUN(cases, prepare_forced);
}
END_TEST

START_TEST(creations_are_judged)
{
	static const struct scene_case cases[] = {
		{ "create", forbid_create, ERROR_RULE_REF_CREATE,
		  "'refs/heads/main' must not be created" },
		{ "name", name_other, ERROR_RULE_REF_NAME, "does not match" },
	};
	SCENE_RUN(cases, prepare_create);
}
END_TEST

START_TEST(deletions_are_judged)
{
	static const struct scene_case cases[] = {
		{ "delete", forbid_remove, ERROR_RULE_REF_DELETE,
		  "'refs/heads/main' must not be deleted" },
	};
	SCENE_RUN(cases, prepare_delete);
}
END_TEST

START_TEST(each_option_forbids_its_own_update_alone)
{
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	scene.refs.create = scene.refs.remove = scene.refs.force = false;
	scene_passes(&scene, "a fast-forward");
	prepare_create(&scene);
	scene.refs.update = scene.refs.remove = scene.refs.force = false;
	scene_passes(&scene, "a creation");
	scene.change.old_id = scene_id(0x22);
	prepare_delete(&scene);
	scene.refs.create = scene.refs.update = scene.refs.force = false;
	scene.refs.name = scene_pattern(&scene, "^refs/heads/feature/");
	scene_passes(&scene, "a deletion, whatever the name");
	scene_end(&scene);
}
END_TEST

UNIT_MAIN("policy refs", updates_are_judged, forced_updates_are_judged,
	  creations_are_judged, deletions_are_judged,
	  each_option_forbids_its_own_update_alone)
