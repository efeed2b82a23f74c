/* tests/unit/test_policy_files.c - rules of kind files, every reason and its twin. */
#include "unit.h"

#include "policy_scene.h"

static const char *forbidden[] = { "*.p12", ".env" };
static const char *executable[] = { "bin/*", "*.sh" };

static void prepare(struct scene *scene)
{
	scene->files_rule = (struct rule_files){
		.max_size = 1000,
		.forbid = { forbidden, 2, 2 },
		.name = scene_pattern(scene, "^[A-Za-z0-9./_-]+$"),
		.executable = { executable, 2, 2 },
		.no_case_collisions = true,
		.symlinks = "inside",
		.submodules = false,
	};
	scene->rules[0].files = &scene->files_rule;
}

static void prepare_largest(struct scene *scene)
{
	prepare(scene);
	scene->files[0].size = 1000;
}

static void prepare_script(struct scene *scene)
{
	prepare(scene);
	scene->files[0].path = "bin/run";
	scene->files[0].mode = 0100755;
}

static void prepare_link(struct scene *scene)
{
	prepare(scene);
	scene->files[0].mode = 0120000;
	scene->files[0].link_target = "../other/file";
}

static void prepare_submodule(struct scene *scene)
{
	prepare(scene);
	scene->files_rule.submodules = true;
	scene->files[0].mode = 0160000;
	scene->files[0].size = 0;
}

static void spoil_size(struct scene *scene)
{
	scene->files[0].size = 1001;
}

static void spoil_forbidden(struct scene *scene)
{
	scene->files[0].path = "deploy/keys/server.p12";
}

static void spoil_hidden(struct scene *scene)
{
	scene->files[0].path = "deploy/.env";
}

static void spoil_name(struct scene *scene)
{
	scene->files[0].path = "deploy/with blank";
}

static void spoil_name_encoding(struct scene *scene)
{
	scene->files[0].path = "deploy/\xff";
}

static void spoil_executable(struct scene *scene)
{
	scene->files[0].path = "doc/run";
}

static void spoil_case(struct scene *scene)
{
	scene->files[0].collides_with = "deploy/web/App.yaml";
}

static void spoil_mode(struct scene *scene)
{
	scene->files[0].mode = 0100664;
}

static void spoil_link(struct scene *scene)
{
	scene->files_rule.symlinks = "forbid";
}

static void spoil_link_word(struct scene *scene)
{
	scene->files_rule.symlinks = NULL;
}

static void spoil_link_target(struct scene *scene)
{
	scene->files[0].link_target = "/etc/passwd";
}

static void spoil_link_missing(struct scene *scene)
{
	scene->files[0].link_target = NULL;
}

static void spoil_submodule(struct scene *scene)
{
	scene->files_rule.submodules = false;
}

static void spoil_path(struct scene *scene)
{
	scene->files[0].code = ERROR_UNSAFE_PATH;
	scene->files[0].reason = "it has a component '..'";
}

START_TEST(every_file_is_judged)
{
	static const struct scene_case cases[] = {
		{ "size", spoil_size, ERROR_RULE_FILE_SIZE,
		  "1001 bytes, over max-size 1000" },
		{ "forbidden", spoil_forbidden, ERROR_RULE_FILE_FORBIDDEN, "'*.p12'" },
		{ "hidden", spoil_hidden, ERROR_RULE_FILE_FORBIDDEN, "'.env'" },
		{ "name", spoil_name, ERROR_RULE_FILE_NAME, "does not match" },
		{ "encoding", spoil_name_encoding, ERROR_PATTERN, "cannot be matched" },
		{ "case", spoil_case, ERROR_RULE_FILE_CASE, "deploy/web/App.yaml" },
		{ "mode", spoil_mode, ERROR_RULE_FILE_MODE, "100664" },
		{ "unsafe path", spoil_path, ERROR_UNSAFE_PATH, "component '..'" },
	};
	SCENE_RUN(cases, prepare_largest);
}
END_TEST

START_TEST(executables_links_and_submodules_are_judged)
{
	static const struct scene_case scripts[] = {
		{ "executable", spoil_executable, ERROR_RULE_FILE_EXECUTABLE,
		  "executable bit" },
	};
	static const struct scene_case links[] = {
		{ "forbidden", spoil_link, ERROR_RULE_FILE_SYMLINK, "not allowed" },
		{ "no word", spoil_link_word, ERROR_RULE_FILE_SYMLINK, "not allowed" },
		{ "absolute", spoil_link_target, ERROR_RULE_FILE_SYMLINK_LEAVES,
		  "'/etc/passwd' is absolute" },
		{ "unread", spoil_link_missing, ERROR_RULE_FILE_SYMLINK_LEAVES,
		  "cannot be read" },
	};
	static const struct scene_case submodules[] = {
		{ "submodule", spoil_submodule, ERROR_RULE_FILE_SUBMODULE,
		  "not allowed" },
	};
	SCENE_RUN(scripts, prepare_script);
	SCENE_RUN(links, prepare_link);
	SCENE_RUN(submodules, prepare_submodule);
}
END_TEST

START_TEST(links_must_stay_in_the_tree)
{
	static const struct {
		const char *path;
		const char *target;
		bool inside;
	} cases[] = {
		{ "link", "file", true },
		{ "link", "dir/file", true },
		{ "link", "./dir//file/", true },
		{ "link", ".", true },
		{ "a/link", "../file", true },
		{ "a/link", "..", true },
		{ "a/b/link", "../../file", true },
		{ "a/b/link", "./.././../c/d", true },
		{ "a/link", "..file", true },
		{ "a/link", "...", true },
		{ "link", "..", false },
		{ "link", "../file", false },
		{ "a/link", "../../file", false },
		{ "a/b/link", "../../../file", false },
		{ "link", "/etc/passwd", false },
		{ "link", "//x", false },
		{ "link", "", false },
		/* Harmless by its names, but 'dir' can be a link to elsewhere. */
		{ "link", "dir/../file", false },
		{ "a/b/link", "../c/../d", false },
		{ "link", ".git/config", false },
		{ "a/link", "../.GIT/hooks/post-checkout", false },
		{ "link", "a/\xff", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		scene_start(&scene);
		prepare_link(&scene);
		scene.files[0].path = cases[i].path;
		scene.files[0].link_target = cases[i].target;
		if (cases[i].inside)
			scene_passes(&scene, cases[i].target);
		else
			scene_fails(&scene, cases[i].target,
				    ERROR_RULE_FILE_SYMLINK_LEAVES, "target");
		scene.files_rule.symlinks = "allow";
		scene_passes(&scene, "all are allowed");
		scene_end(&scene);
	}
}
END_TEST

START_TEST(long_targets_are_refused_not_cut)
{
	static char target[20000];
	struct scene scene;
	for (size_t i = 0; i + 3 < sizeof(target); i += 2)
		memcpy(target + i, "a/", 3);
	scene_start(&scene);
	prepare_link(&scene);
	scene.files[0].link_target = target;
	scene_fails(&scene, "long", ERROR_RULE_FILE_SYMLINK_LEAVES, "too long");
	scene_end(&scene);
}
END_TEST

START_TEST(deletions_and_paths_out_of_scope_are_not_asked)
{
	const char *paths[] = { "src/**" };
	struct scene scene;
	scene_start(&scene);
	prepare(&scene);
	spoil_size(&scene);
	scene.files[0].change = FILE_DELETED;
	scene_passes(&scene, "deleted");
	scene.files[0].change = FILE_UNKNOWN;
	scene_fails(&scene, "unknown", ERROR_RULE_FILE_SIZE, "");
	scene.files[0].change = FILE_MODIFIED;
	scene_fails(&scene, "modified", ERROR_RULE_FILE_SIZE, "");
	scene.rules[0].on_paths = (struct strings){ paths, 1, 1 };
	scene_passes(&scene, "out of scope");
	scene.files[0].path = "src/large";
	scene_fails(&scene, "in scope", ERROR_RULE_FILE_SIZE, "");
	scene_end(&scene);
}
END_TEST

START_TEST(options_that_are_off_ask_nothing)
{
	struct scene scene;
	scene_start(&scene);
	scene.files_rule = (struct rule_files){ .symlinks = "inside" };
	scene.rules[0].files = &scene.files_rule;
	scene.files[0].size = UINT64_MAX;
	scene.files[0].mode = 0100755;
	scene.files[0].collides_with = "deploy/web/App.yaml";
	scene_passes(&scene, "nothing is asked");
	scene_end(&scene);
}
END_TEST

UNIT_MAIN("policy files", every_file_is_judged,
	  executables_links_and_submodules_are_judged, links_must_stay_in_the_tree,
	  long_targets_are_refused_not_cut,
	  deletions_and_paths_out_of_scope_are_not_asked,
	  options_that_are_off_ask_nothing)
