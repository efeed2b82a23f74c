/* cmd/init_history.c - what `gitgate init` finds: the repository, its history, and up
 * to where that is trusted. */
#include "cmd/init.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/push_settings.h"
#include "conf/config.h"
#include "conf/policy_bundle.h"
#include "conf/policy_parse.h"
#include "job/judge.h"
#include "job/judge_push.h"
#include "model/change.h"
#include "model/finding.h"
#include "policy/report.h"
#include "repo/repo.h"

int init_no_memory(struct init *init)
{
	return error_set(init->err, ERROR_MEMORY, "out of memory");
}

static int take_word(void *data, const char *value)
{
	bool *is_true = data;

	*is_true = strcmp(value, "true") == 0 || strcmp(value, "yes") == 0 ||
		   strcmp(value, "on") == 0 || strcmp(value, "1") == 0;
	return 0;
}

int init_open_repository(struct init *init)
{
	bool bare = false;

	int rc = repo_open(&init->repo, init->path, NULL, init->err);
	if (rc == 0)
		rc = repo_config_each(init->repo, "core.bare", take_word, &bare,
				      init->err);
	if (rc != 0)
		return rc;
	init->path = repo_path(init->repo);
	if (!bare)
		return error_set(init->err, ERROR_USAGE,
				 "'%s' is not a bare repository; hooks guard the "
				 "repository that is pushed to ('git clone --bare' "
				 "makes one)",
				 init->path);
	return 0;
}

static int count_ref(void *data, const char *name, const struct oid *id)
{
	size_t *count = data;
	(void)name;
	(void)id;

	++*count;
	return 0;
}

static int keep_anchor(void *data, const char *value)
{
	struct init *init = data;
	const char **slot = ARENA_PUSH(init->arena, &init->anchors.items,
				       &init->anchors.count, &init->anchors.capacity);

	if (!slot || !(*slot = arena_string(init->arena, value)))
		return init_no_memory(init);
	return 0;
}

/* The refs that are to be anchored: those named, or the default branch. */
static int find_refs(struct init *init)
{
	char *head = NULL;

	for (size_t i = 0; i < init->ref_count; i++) {
		int rc = ref_check(init->refs[i], init->err);
		if (rc != 0)
			return error_context(init->err, "--ref");
	}
	if (init->ref_count)
		return 0;
	int rc = repo_head(init->repo, &head, init->err);
	if (rc == 0) {
		init->refs[0] = arena_string(init->arena, head);
		init->ref_count = 1;
		rc = init->refs[0] ? 0 : init_no_memory(init);
	}
	free(head);
	return rc;
}

/* Replaces what was set for the same refs; others stay. */
static int set_anchors(struct init *init, const char *value)
{
	struct strings old = init->anchors;

	init->anchors = (struct strings){ 0 };
	for (size_t i = 0; i < old.count; i++) {
		size_t length = (size_t)(strrchr(old.items[i], '=') - old.items[i]);
		bool replaced = false;
		for (size_t j = 0; j < init->ref_count; j++)
			replaced |= strlen(init->refs[j]) == length &&
				    memcmp(init->refs[j], old.items[i], length) == 0;
		int rc = replaced ? 0 : keep_anchor(init, old.items[i]);
		if (rc != 0)
			return rc;
	}
	for (size_t j = 0; j < init->ref_count; j++) {
		char *anchor = arena_printf(init->arena, "%s=%s", init->refs[j], value);
		int rc = anchor ? keep_anchor(init, anchor) : init_no_memory(init);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int resolve_anchor(struct init *init, const char **out)
{
	struct oid id, commit;

	int rc = repo_resolve(init->repo, init->anchor, &id, init->err);
	if (rc == 0)
		rc = repo_peel(init->repo, &id, &commit, init->err);
	if (rc != 0)
		return error_context(init->err, "--anchor '%s'", init->anchor);
	*out = arena_string(init->arena, oid_text(&commit));
	return *out ? 0 : init_no_memory(init);
}

int init_decide_anchors(struct init *init)
{
	const char *value = "root";
	size_t refs = 0;

	int rc = repo_config_each(init->repo, "gitgate.anchor", keep_anchor, init,
				  init->err);
	for (size_t i = 0; rc == 0 && i < init->anchors.count; i++)
		if (!strchr(init->anchors.items[i], '='))
			rc = error_set(init->err, ERROR_REPO_CONFIG,
				       "gitgate.anchor '%s' is not REF=COMMIT",
				       init->anchors.items[i]);
	if (rc == 0)
		rc = repo_each_ref(init->repo, count_ref, &refs, init->err);
	if (rc != 0)
		return rc;
	if (!init->anchor && !init->from_root) {
		if (init->anchors.count)
			return 0;
		if (refs)
			return error_set(init->err, ERROR_NO_ANCHOR,
					 "'%s' has a history already: say up to where "
					 "it is "
					 "trusted with 'gitgate init %s --anchor "
					 "HEAD', or have "
					 "all of it judged with --from-root",
					 init->path, init->path);
	}
	rc = find_refs(init);
	if (rc == 0 && init->anchor)
		rc = resolve_anchor(init, &value);
	return rc == 0 ? set_anchors(init, value) : rc;
}

/* Where the hook keeps what was compiled of OpenPGP keys: filled now, the first push
 * need not do it. NULL: nowhere, only slower. */
static char *shelf_of(const struct init *init)
{
	return arena_printf(init->arena, "%s/" INIT_PRIVATE "/openpgp", init->path);
}

int init_check_floor(struct init *init)
{
	struct policy *policy = NULL;
	char path[PATH_MAX];

	if (!init->config && access(CMD_CONFIG_FILE, F_OK) == 0)
		init->config = CMD_CONFIG_FILE;
	if (!init->config)
		return 0;
	if (!realpath(init->config, path))
		return error_set_errno(init->err, errno, "--config '%s'", init->config);
	init->config = arena_string(init->arena, path);
	if (!init->config)
		return init_no_memory(init);
	path_make_directories(arena_printf(init->arena, "%s/" INIT_PRIVATE, init->path),
			      0755, NULL);
	int rc =
		config_load_floor(&policy, path, init->name, shelf_of(init), init->err);
	if (rc == 0)
		rc = policy_finish(policy, init->err);
	if (rc == 0)
		rc = policy_open_bundles(policy, init->err);
	policy_free(policy);
	if (rc != 0)
		return error_context(init->err,
				     "the hooks of '%s' could not use the server's "
				     "configuration",
				     init->path);
	return 0;
}

static int load_floor(void *data, struct policy **out, struct error *err)
{
	const struct init *init = data;

	return config_load_floor(out, init->config, init->name, shelf_of(init), err);
}

static int judge_ref(struct init *init, const char *ref, const struct oid *tip)
{
	struct change change = {
		.repository = init->name,
		.ref = ref,
		.new_id = *tip,
		.received_at = clock_now(),
	};
	struct judge judge = {
		.repo = init->repo,
		.change = &change,
		.from_root = true,
		.floor = init->config ? load_floor : NULL,
		.floor_data = init,
		.compile = policy_compile_by_program,
		.push = &judge_push_to_come,
	};
	struct verdict verdict = { 0 };
	struct judged judged;
	struct buf text = BUF_INIT((size_t)16 << 20);

	int rc = repo_peel(init->repo, tip, &judge.policy_commit, init->err);
	if (rc == 0)
		rc = judge_change(&judge, &verdict, &judged, init->err);
	if (rc == 0) {
		struct report_item item = { &change, &verdict, NULL };
		report_text(&text, &item, 1, false);
		fputs(text.data, stdout);
		if (verdict.result != VERDICT_PASS)
			rc = error_set(init->err, ERROR_DENIED,
				       "what '%s' holds already does not pass; trust "
				       "it "
				       "with --anchor, or mend it first",
				       ref);
	}
	buf_release(&text);
	verdict_release(&verdict);
	return rc;
}

int init_judge_history(struct init *init)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < init->ref_count; i++) {
		struct oid tip;
		if (repo_ref(init->repo, init->refs[i], &tip, NULL) == 0)
			rc = judge_ref(init, init->refs[i], &tip);
	}
	return rc;
}

bool init_wants_signed_pushes(struct init *init)
{
	const struct change change = { .repository = init->name };
	struct judge judge = {
		.repo = init->repo,
		.change = &change,
		.floor = init->config ? load_floor : NULL,
		.floor_data = init,
		.compile = policy_compile_by_program,
	};
	struct policy *policy = NULL;
	struct oid head;
	bool wanted = false;

	if (repo_resolve(init->repo, "HEAD", &head, NULL) == 0)
		judge.policy_commit = head;
	if (judge_policy(&judge, &policy, NULL) != 0)
		return false;
	wanted = push_settings_wanted(policy);
	policy_free(policy);
	return wanted;
}
