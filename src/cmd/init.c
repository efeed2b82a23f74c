/* cmd/init.c - `gitgate init`: puts the gate before a bare repository, or takes it
 * away.
 *
 * Everything is written as the repository's owner (also when root runs it: what root
 * would write into a directory of another user, that user could redirect), and in an
 * order that leaves no moment without the hook that was there. */
#include "cmd/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/path.h"
#include "base/program.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/git.h"
#include "cmd/hook_file.h"
#include "cmd/owner.h"
#include "cmd/push_settings.h"
#include "repo/repo.h"

#define ARENA_BYTES ((size_t)16 << 20)

static char *printed(struct init *init, const char *directory, const char *name)
{
	return arena_printf(init->arena, "%s/%s", directory, name);
}

/* --- git's configuration --- */

static int run_git(struct init *init, const char *const *arguments, int *status,
		   struct buf *line)
{
	return git_run(init->home, arguments, status, line, init->err);
}

static int config_set(struct init *init, const char *key, const char *value)
{
	const char *const arguments[] = {
		"config",
		"--file",
		printed(init, init->path, "config"),
		"--replace-all",
		key,
		value,
		NULL,
	};
	return run_git(init, arguments, NULL, NULL);
}

static int config_add(struct init *init, const char *key, const char *value)
{
	const char *const arguments[] = {
		"config", "--file", printed(init, init->path, "config"), "--add", key,
		value,    NULL,
	};
	return run_git(init, arguments, NULL, NULL);
}

/* What is not there need not be removed. */
static int config_remove(struct init *init, const char *verb, const char *key)
{
	const char *const arguments[] = {
		"config", "--file", printed(init, init->path, "config"),
		verb,     key,      NULL,
	};
	int status;

	return run_git(init, arguments, &status, NULL);
}

/* --- hooks --- */

/* Where git looks for the hooks of this repository, with all of its owner's
 * configuration counted in: a hook that git never runs guards nothing. */
static int find_hooks_directory(struct init *init)
{
	const char *const arguments[] = {
		arena_printf(init->arena, "--git-dir=%s", init->path),
		"rev-parse",
		"--path-format=absolute",
		"--git-path",
		"hooks",
		NULL,
	};
	struct buf found = BUF_INIT(PATH_MAX);

	int rc = run_git(init, arguments, NULL, &found);
	if (rc == 0) {
		init->hooks_directory = arena_string(init->arena, found.data);
		rc = init->hooks_directory ? 0 : init_no_memory(init);
	}
	buf_release(&found);
	size_t length = strlen(init->path);
	if (rc != 0)
		return rc;
	if (strncmp(init->hooks_directory, init->path, length) != 0 ||
	    init->hooks_directory[length] != '/' ||
	    strstr(init->hooks_directory, "/../"))
		return error_set(init->err, ERROR_CONFIG,
				 "git runs the hooks in '%s', not those of '%s': "
				 "core.hooksPath is set; unset it ('git config "
				 "--show-origin core.hooksPath' tells where), or have "
				 "those hooks call gitgate's programs",
				 init->hooks_directory, init->path);
	return path_make_directories(init->hooks_directory, 0755, init->err);
}

static int find_programs(struct init *init)
{
	static const char *const names[2][2] = {
		{ "pre-receive", "gitgate-pre-receive" },
		{ "post-receive", "gitgate-post-receive" },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < 2; i++) {
		char *target = NULL;
		init->hooks[i].name = names[i][0];
		rc = program_find(&target, names[i][1], init->err);
		if (rc != 0)
			break;
		init->hooks[i].target = arena_string(init->arena, target);
		free(target);
		if (!init->hooks[i].target)
			rc = init_no_memory(init);
	}
	return rc;
}

static int install_hook(struct init *init, const struct init_hook *hook)
{
	char *path = printed(init, init->hooks_directory, hook->name);

	if (!path)
		return init_no_memory(init);
	int rc = hook_file_put(path, hook->target, init->err);
	if (rc != 0)
		return rc;
	printf("hook %s -> %s\n", hook->name, hook->target);
	const char *saved = arena_printf(init->arena, "%s" HOOK_SAVED, path);
	if (saved && path_exists(saved))
		printf("  the hook that was there runs afterwards: %s\n", saved);
	return 0;
}

static int remove_hook(struct init *init, const struct init_hook *hook)
{
	char *path = printed(init, init->hooks_directory, hook->name);
	enum hook_standing before, after;

	if (!path)
		return init_no_memory(init);
	int rc = hook_file_look(path, &before, init->err);
	if (rc == 0)
		rc = hook_file_remove(path, init->err);
	if (rc == 0)
		rc = hook_file_look(path, &after, init->err);
	if (rc != 0)
		return rc;
	if (before == HOOK_OTHER)
		printf("hook %s: not gitgate's, left alone\n", hook->name);
	else if (after == HOOK_OTHER)
		printf("hook %s: the earlier one is back\n", hook->name);
	else
		printf("hook %s: removed\n", hook->name);
	return 0;
}

/* --- writing --- */

static const struct {
	const char *key;
	const char *value;
	const char *why;
} settings[] = {
	{ "receive.fsckObjects", "true", "malformed objects stay in the quarantine" },
	{ "transfer.fsckObjects", "true", "also when this repository fetches" },
	{ "receive.shallowUpdate", "false", "no history with missing parts" },
	{ "core.logAllRefUpdates", "true", "what refs were is kept" },
};

static int write_settings(struct init *init)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int rc = config_set(init, settings[i].key, settings[i].value);
		if (rc != 0)
			return rc;
		printf("set %s = %s: %s\n", settings[i].key, settings[i].value,
		       settings[i].why);
	}
	return 0;
}

static int write_own_section(struct init *init)
{
	int rc = config_set(init, "gitgate.name", init->name);

	if (rc == 0)
		rc = init->config
			     ? config_set(init, "gitgate.config", init->config)
			     : config_remove(init, "--unset-all", "gitgate.config");
	if (rc == 0)
		rc = config_remove(init, "--unset-all", "gitgate.anchor");
	for (size_t i = 0; rc == 0 && i < init->anchors.count; i++) {
		rc = config_add(init, "gitgate.anchor", init->anchors.items[i]);
		printf("trusted up to %s\n", init->anchors.items[i]);
	}
	return rc;
}

static int write_push_settings(struct init *init)
{
	if (!init_wants_signed_pushes(init))
		return 0;
	int rc = push_settings_set(init->path, init->home, init->err);
	if (rc == 0)
		printf("signed pushes are asked for: '%s/" PUSH_SETTINGS_FILE
		       "' holds the secret of their nonces; who may not read it cannot "
		       "use this repository with git\n",
		       init->path);
	return rc;
}

/* The name of the service's socket, for post-receive; empty: there is none. */
static int write_socket(struct init *init)
{
	char *directory = printed(init, init->path, INIT_PRIVATE);
	char *file = directory ? printed(init, directory, "socket") : NULL;
	char *socket = NULL;

	if (!file)
		return init_no_memory(init);
	int rc = 0;
	if (init->socket && strcmp(init->socket, "none") == 0)
		socket = strdup("");
	else
		rc = cmd_socket(init->socket, init->config, &socket, init->err);
	if (rc == 0)
		rc = path_make_directories(directory, 0755, init->err);
	if (rc == 0) {
		const char *line = arena_printf(init->arena, "%s\n", socket);
		rc = line ? path_write_atomic(file, line, strlen(line), 0644, init->err)
			  : init_no_memory(init);
	}
	if (rc == 0 && *socket)
		printf("the service at %s is told of every push\n", socket);
	free(socket);
	return rc;
}

static bool has_policy(struct init *init)
{
	const char *const arguments[] = {
		arena_printf(init->arena, "--git-dir=%s", init->path),
		"rev-parse",
		"--verify",
		"-q",
		"HEAD:" INIT_POLICY_FILE,
		NULL,
	};
	int status = 1;

	return run_git(init, arguments, &status, NULL) == 0 && status == 0;
}

static void warn(struct init *init)
{
	if (!init->config && !has_policy(init))
		fprintf(stderr,
			"gitgate: warning: there is no policy yet: every push is "
			"refused until\n"
			"  the server's configuration is given (--config FILE)%s\n",
			init->anchor ? " or the default branch holds "
				       "a " INIT_POLICY_FILE
				     : "");
	const char *const arguments[] = {
		"config",
		"--file",
		printed(init, init->path, "config"),
		"--get-regexp",
		"^receive\\.fsck\\.",
		NULL,
	};
	struct buf found = BUF_INIT(4096);
	int status;
	if (run_git(init, arguments, &status, &found) == 0 && status == 0)
		fprintf(stderr,
			"gitgate: warning: this repository lets some malformed objects "
			"in: %s\n",
			found.data);
	buf_release(&found);
}

static int install(struct init *init)
{
	int rc = init_decide_anchors(init);

	if (rc == 0)
		rc = init_check_floor(init);
	if (rc == 0)
		rc = find_hooks_directory(init);
	if (rc == 0 && init->from_root)
		rc = init_judge_history(init);
	if (rc == 0)
		rc = write_settings(init);
	if (rc == 0)
		rc = write_own_section(init);
	if (rc == 0)
		rc = write_socket(init);
	if (rc == 0)
		rc = write_push_settings(init);
	/* Last: a hook without its settings would refuse everything. */
	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = install_hook(init, &init->hooks[i]);
	if (rc == 0) {
		printf("%s is guarded\n", init->path);
		fflush(stdout);
		warn(init);
	}
	return rc;
}

/* What was compiled of OpenPGP keys. */
static void remove_shelf(const struct init *init)
{
	int fd FD_CLOSING = open(init->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		path_remove_tree(fd, INIT_PRIVATE "/openpgp", NULL);
}

static int uninstall(struct init *init)
{
	int rc = find_hooks_directory(init);

	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = remove_hook(init, &init->hooks[i]);
	if (rc == 0)
		rc = config_remove(init, "--remove-section", "gitgate");
	if (rc == 0)
		rc = push_settings_remove(init->path, init->home, init->err);
	if (rc != 0)
		return rc;
	unlink(arena_printf(init->arena, "%s/" INIT_PRIVATE "/socket", init->path));
	unlink(arena_printf(init->arena, "%s/" INIT_PRIVATE "/facts", init->path));
	remove_shelf(init);
	rmdir(arena_printf(init->arena, "%s/" INIT_PRIVATE, init->path));
	printf("%s is no longer guarded; git's own checks (receive.fsckObjects and the "
	       "like) stay\n",
	       init->path);
	return 0;
}

/* "shop" of "/srv/git/shop.git". */
static const char *default_name(struct init *init)
{
	const char *base = strrchr(init->path, '/') + 1;
	size_t length = strlen(base);

	if (length > 4 && text_ends_with(base, ".git"))
		length -= 4;
	return arena_copy(init->arena, base, length);
}

static int work(struct init *init, const char *repository)
{
	char path[PATH_MAX];

	if (!realpath(repository, path))
		return error_set_errno(init->err, errno, "cannot find '%s'",
				       repository);
	init->path = path;
	int rc = find_programs(init);
	if (rc == 0)
		rc = owner_become(path, &init->home, init->err);
	if (rc == 0)
		rc = init_open_repository(init);
	if (rc != 0)
		return rc;
	if (!init->name)
		init->name = default_name(init);
	if (!init->name)
		return init_no_memory(init);
	return init->remove ? uninstall(init) : install(init);
}

/* --- the command line --- */

/* --ref may be given many times, which the table of options cannot say: taken out
 * before. Returns the new count of arguments, or -1. */
static int take_refs(struct init *init, int argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		const char *value = NULL;
		if (strcmp(argv[i], "--ref") == 0 && i + 1 < argc)
			value = argv[++i];
		else if (text_starts_with(argv[i], "--ref="))
			value = argv[i] + strlen("--ref=");
		if (!value)
			argv[kept++] = argv[i];
		else if (init->ref_count == INIT_REFS_MAXIMUM)
			return -1;
		else
			init->refs[init->ref_count++] = value;
	}
	argv[kept] = NULL;
	return kept;
}

static int parse(struct init *init, int argc, char **argv, const char **repository)
{
	const char *unused = NULL;
	const struct cmd_option options[] = {
		{ "anchor", 0, "COMMIT",
		  "trust the history up to this commit (HEAD: what is there now)",
		  &init->anchor, NULL },
		{ "from-root", 0, NULL, "trust nothing: judge the whole history", NULL,
		  &init->from_root },
		{ "ref", 0, "REF",
		  "the ref that --anchor or --from-root speaks of; may be repeated "
		  "(default: HEAD's branch)",
		  &unused, NULL },
		{ "config", 0, "FILE",
		  "the server's configuration, whose rules are the floor",
		  &init->config, NULL },
		{ "name", 0, "NAME", "the repository's name in the server's rules",
		  &init->name, NULL },
		{ "socket", 0, "PATH",
		  "where the service is told of pushes ('none': nowhere)",
		  &init->socket, NULL },
		{ "remove", 0, NULL, "take the hooks out and restore earlier ones",
		  NULL, &init->remove },
	};
	size_t count = sizeof(options) / sizeof(options[0]);

	argc = take_refs(init, argc, argv);
	if (argc < 0)
		return cmd_usage("init", "--ref may be given %d times",
				 INIT_REFS_MAXIMUM) +
		       1;
	int operands = 0;
	int done = cmd_parse(argc, argv, "init", options, count, &operands);
	if (done != 0)
		return done;
	if (argc - operands > 1)
		return cmd_usage("init", "one repository, not also '%s'",
				 argv[operands + 1]) +
		       1;
	*repository = argv[operands];
	if (!*repository)
		return cmd_usage("init", "which repository?") + 1;
	if (init->anchor && init->from_root)
		return cmd_usage("init", "--anchor or --from-root, not both") + 1;
	if (init->remove && (init->anchor || init->from_root))
		return cmd_usage("init", "--remove stands alone") + 1;
	return 0;
}

int cmd_init(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct init init = { .arena = arena_new(ARENA_BYTES), .err = &err };
	const char *repository = NULL;

	int done = parse(&init, argc, argv, &repository);
	if (done != 0) {
		arena_free(init.arena);
		return done - 1;
	}
	int rc = init.arena ? work(&init, repository) : init_no_memory(&init);
	repo_close(init.repo);
	free(init.home);
	arena_free(init.arena);
	return rc == 0 ? 0 : cmd_fail(&err);
}
