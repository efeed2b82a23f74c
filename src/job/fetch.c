/* job/fetch.c - brings a bare mirror up to date with git, and tells control every ref.
 *
 * git gets a cleared environment, a private configuration file and no hooks,
 * submodules, filters or shell. Credentials are files in a private directory inside the
 * mirror that goes away with the job; redirects are not followed, so they reach only
 * the configured scheme, host and port. */
#include "job/fetch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "base/program.h"
#include "base/spawn.h"
#include "base/text.h"
#include "ipc/message.h"
#include "job/fetch_log.h"
#include "job/fetch_proofs.h"
#include "model/change.h"
#include "model/messages.h"
#include "repo/repo.h"

#define FETCH_ARENA_BYTES ((size_t)64 << 20)
#define ARGUMENTS_MAX     96
#define WALK_FDS          16
#define LISTING_BYTES     ((size_t)32 << 20) /* git.refs refs with long names */
#define WANTED_BYTES      ((size_t)1 << 20)
#define WANTED_ATTEMPTS   64 /* of git, to find those that cannot be fetched */
#define SCRATCH_SECONDS   3600

struct fetch {
	const struct msg_fetch *request;
	struct arena *arena;
	const char *private;   /* directory: configuration and credentials */
	bool interrupted;      /* the last job was ended in the middle */
	struct fetch_log *log; /* NULL: none is asked */
	const char *arguments[ARGUMENTS_MAX];
	size_t argument_count;
	const char *environment[16];
	struct error *err;
};

static void add_argument(struct fetch *fetch, const char *argument)
{
	if (fetch->argument_count < ARGUMENTS_MAX - 1)
		fetch->arguments[fetch->argument_count++] = argument;
}

static void add_setting(struct fetch *fetch, const char *setting)
{
	add_argument(fetch, "-c");
	add_argument(fetch, setting);
}

static int write_private(struct fetch *fetch, const char *name, const char *text,
			 const char **path)
{
	char *file = arena_printf(fetch->arena, "%s/%s", fetch->private, name);

	if (!file)
		return error_set(fetch->err, ERROR_MEMORY, "out of memory");
	if (path)
		*path = file;
	return path_write_atomic(file, text, strlen(text), 0600, fetch->err);
}

/* A value in git's configuration syntax: quoted, so that no byte of it is special. */
static void add_quoted(struct buf *out, const char *value)
{
	buf_add_byte(out, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, (unsigned char)*value);
	}
	buf_add_byte(out, '"');
}

/* These authorities alone: libcurl reads the system's directory beside the file that it
 * is given, so it is given a directory too, which is empty. */
static int write_authorities(struct fetch *fetch)
{
	const char *none =
		arena_printf(fetch->arena, "%s/no-authorities", fetch->private);

	if (!none)
		return error_set(fetch->err, ERROR_MEMORY, "out of memory");
	if (mkdir(none, 0700) != 0)
		return error_set_errno(fetch->err, errno, "cannot make '%s'", none);
	return write_private(fetch, "authorities.pem", fetch->request->authorities,
			     NULL);
}

static int write_configuration(struct fetch *fetch)
{
	struct buf text = BUF_INIT(65536);

	buf_add_string(&text, "[safe]\n\tdirectory = ");
	add_quoted(&text, fetch->request->mirror);
	if (fetch->request->is_local) {
		buf_add_string(&text, "\n\tdirectory = ");
		add_quoted(&text, fetch->request->url);
	}
	buf_add_string(&text, "\n");
	int rc = buf_status(&text, "git's configuration", fetch->err);
	if (rc == 0)
		rc = write_private(fetch, "config", text.data, NULL);
	buf_release(&text);
	return rc;
}

/* The host in "https://host:port/path". */
static char *url_host(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	return arena_copy(arena, host, length);
}

/* netrc cannot carry blanks; curl's quoted form escapes the rest. */
static int write_netrc(struct fetch *fetch)
{
	const struct msg_fetch *request = fetch->request;
	struct buf text = BUF_INIT(131072);

	if (!request->secret || !*request->secret)
		return 0;
	buf_addf(&text, "machine %s login ", url_host(fetch->arena, request->url));
	add_quoted(&text,
		   request->username && *request->username ? request->username : "git");
	buf_add_string(&text, " password ");
	add_quoted(&text, request->secret);
	buf_add_byte(&text, '\n');
	int rc = buf_status(&text, "the credentials", fetch->err);
	if (rc == 0)
		rc = write_private(fetch, ".netrc", text.data, NULL);
	buf_release(&text);
	return rc;
}

static int write_ssh(struct fetch *fetch)
{
	const struct msg_fetch *request = fetch->request;
	const char *key = NULL, *hosts = NULL, *config = NULL;
	char *wrapper = NULL;

	int rc = program_find(&wrapper, "gitgate-ssh", fetch->err);
	if (rc == 0)
		rc = write_private(fetch, "known_hosts",
				   request->known_hosts ? request->known_hosts : "",
				   &hosts);
	if (rc == 0 && request->ssh_key && *request->ssh_key)
		rc = write_private(fetch, "ssh_key", request->ssh_key, &key);
	if (rc == 0) {
		const char *text = arena_printf(fetch->arena,
						"Host *\n"
						"BatchMode yes\n"
						"StrictHostKeyChecking yes\n"
						"UserKnownHostsFile \"%s\"\n"
						"GlobalKnownHostsFile /dev/null\n"
						"%s%s%s"
						"IdentitiesOnly yes\n"
						"IdentityAgent none\n"
						"ForwardAgent no\n"
						"ConnectTimeout 20\n",
						hosts, key ? "IdentityFile \"" : "",
						key ? key : "", key ? "\"\n" : "");
		rc = text ? write_private(fetch, "ssh_config", text, &config)
			  : error_set(fetch->err, ERROR_MEMORY, "out of memory");
	}
	if (rc == 0) {
		fetch->environment[6] =
			arena_printf(fetch->arena, "GIT_SSH=%s", wrapper);
		fetch->environment[7] = "GIT_SSH_VARIANT=ssh";
		fetch->environment[8] =
			arena_printf(fetch->arena, "GITGATE_SSH_CONFIG=%s", config);
	}
	free(wrapper);
	return rc;
}

static int prepare(struct fetch *fetch)
{
	struct arena *arena = fetch->arena;
	const struct msg_fetch *request = fetch->request;

	fetch->environment[0] = "PATH=" SPAWN_PATH;
	fetch->environment[1] = "LC_ALL=C.UTF-8";
	fetch->environment[2] = arena_printf(arena, "HOME=%s", fetch->private);
	fetch->environment[3] =
		arena_printf(arena, "GIT_CONFIG_GLOBAL=%s/config", fetch->private);
	fetch->environment[4] = "GIT_CONFIG_NOSYSTEM=1";
	fetch->environment[5] = "GIT_TERMINAL_PROMPT=0";
	int rc = write_configuration(fetch);
	if (rc == 0)
		rc = write_netrc(fetch);
	if (rc == 0 && text_starts_with(request->url, "ssh://"))
		rc = write_ssh(fetch);
	if (rc == 0 && request->authorities && *request->authorities)
		rc = write_authorities(fetch);
	return rc;
}

static void begin_git(struct fetch *fetch)
{
	const struct msg_fetch *request = fetch->request;

	fetch->argument_count = 0;
	add_argument(fetch, "git");
	add_setting(fetch, "core.hooksPath=/dev/null");
	add_setting(fetch, "fetch.fsckObjects=true");
	add_setting(fetch, "transfer.fsckObjects=true");
	add_setting(fetch, "protocol.allow=never");
	add_setting(fetch, request->is_local ? "protocol.file.allow=always"
			   : text_starts_with(request->url, "ssh://") ? "protocol.ssh."
									"allow=always"
			   : text_starts_with(request->url, "https://") ? "protocol."
									  "https.allow="
									  "always"
									: "protocol."
									  "file.allow="
									  "always");
	add_setting(fetch, "http.followRedirects=false");
	add_setting(fetch, "submodule.recurse=false");
	add_setting(fetch, "gc.autoDetach=false");
	/* What was accepted once is needed to judge what comes, and to go back to. */
	add_setting(fetch, "gc.pruneExpire=never");
	add_setting(fetch, "core.fsyncMethod=batch");
	add_setting(fetch, "core.fsync=objects,reference");
	if (request->authorities && *request->authorities) {
		add_setting(fetch, arena_printf(fetch->arena,
						"http.sslCAInfo=%s/authorities.pem",
						fetch->private));
		add_setting(fetch, arena_printf(fetch->arena,
						"http.sslCAPath=%s/no-authorities",
						fetch->private));
	}
	for (size_t i = 0; i < request->fsck.count; i++)
		add_setting(fetch, arena_printf(fetch->arena, "fetch.fsck.%s",
						request->fsck.items[i]));
}

/* What git said, on one line: the first lines name the cause, the last only that it
 * failed. */
static int git_failed(struct fetch *fetch, const struct spawn_result *result)
{
	char said[600];
	size_t length = 0;

	for (const char *at = result->errors.data; *at && length < sizeof(said) - 2;
	     at++) {
		if (*at != '\n')
			said[length++] = *at;
		else if (at[1]) {
			said[length++] = ';';
			said[length++] = ' ';
		}
	}
	said[length] = '\0';
	return error_set(fetch->err, ERROR_CHILD, "git ended with status %d: %s",
			 result->status, said);
}

/* `input` NULL: none. */
static int run_git(struct fetch *fetch, const struct buf *input,
		   struct spawn_result *result)
{
	fetch->arguments[fetch->argument_count] = NULL;
	struct spawn spawn = {
		.arguments = fetch->arguments,
		.environment = fetch->environment,
		.directory = fetch->private,
		.input = input ? input->data : NULL,
		.input_length = input ? input->length : 0,
		/* Two must not write the mirror at once. */
		.orphan_signal = SIGKILL,
		.timeout = fetch->request->timeout,
		.output_maximum = LISTING_BYTES,
	};
	int rc = spawn_run(&spawn, result, fetch->err);
	return rc == 0 && result->status != 0 ? git_failed(fetch, result) : rc;
}

static int make_mirror(struct fetch *fetch)
{
	struct spawn_result result;
	const char *head =
		arena_printf(fetch->arena, "%s/HEAD", fetch->request->mirror);

	if (path_exists(head) && !fetch->interrupted)
		return 0;
	begin_git(fetch);
	add_argument(fetch, "init");
	add_argument(fetch, "-q");
	add_argument(fetch, "--bare");
	add_argument(fetch, "--template=");
	add_argument(fetch, "--");
	add_argument(fetch, fetch->request->mirror);
	int rc = run_git(fetch, NULL, &result);
	spawn_result_release(&result);
	return rc;
}

static void begin_fetch(struct fetch *fetch)
{
	begin_git(fetch);
	add_argument(fetch, arena_printf(fetch->arena, "--git-dir=%s",
					 fetch->request->mirror));
	add_argument(fetch, "fetch");
	add_argument(fetch, "-q");
	add_argument(fetch, "--no-tags");
	add_argument(fetch, "--no-write-fetch-head");
	add_argument(fetch, "--no-recurse-submodules");
}

static int fetch_refs(struct fetch *fetch)
{
	const struct msg_fetch *request = fetch->request;
	struct spawn_result result;

	begin_fetch(fetch);
	add_argument(fetch, "--prune");
	add_argument(fetch, "--end-of-options");
	add_argument(fetch, request->url);
	for (size_t i = 0; i < request->refspecs.count; i++)
		add_argument(fetch, request->refspecs.items[i]);
	int rc = run_git(fetch, NULL, &result);
	spawn_result_release(&result);
	return rc;
}

/* --- refs beside the ordinary ones: heads of merge requests --- */

/* One that is gone, or whose objects are refused, must not keep the others away. */
struct wanted {
	const char **refs;
	size_t count;
	size_t attempts; /* that are left */
};

static int check_wanted(struct fetch *fetch, struct wanted *wanted)
{
	const struct msg_strings *refs = &fetch->request->wanted_refs;

	wanted->refs = arena_array(fetch->arena, refs->count + 1, sizeof(char *));
	if (!wanted->refs)
		return error_set(fetch->err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < refs->count; i++) {
		int rc = ref_check(refs->items[i], fetch->err);
		if (rc != 0)
			return rc;
		wanted->refs[wanted->count++] = refs->items[i];
	}
	return 0;
}

static int try_wanted(struct fetch *fetch, const char *const *refs, size_t count)
{
	struct spawn_result result;
	struct buf input = BUF_INIT(WANTED_BYTES);

	begin_fetch(fetch);
	add_argument(fetch, "--stdin");
	add_argument(fetch, "--end-of-options");
	add_argument(fetch, fetch->request->url);
	for (size_t i = 0; i < count; i++)
		buf_addf(&input, "+%s:%s\n", refs[i], refs[i]);
	int rc = buf_status(&input, "the wanted refs", fetch->err);
	if (rc == 0) {
		rc = run_git(fetch, &input, &result);
		spawn_result_release(&result);
	}
	buf_release(&input);
	return rc;
}

/* In halves, until each that cannot be had stands alone. */
static int fetch_each(struct fetch *fetch, struct wanted *wanted, size_t first,
		      size_t count)
{
	struct error problem = ERROR_INIT;
	struct error *err = fetch->err;

	if (count == 0)
		return 0;
	if (wanted->attempts == 0)
		return error_set(err, ERROR_LIMIT, "too many cannot be had");
	wanted->attempts--;
	fetch->err = &problem;
	int rc = try_wanted(fetch, wanted->refs + first, count);
	fetch->err = err;
	if (rc == 0)
		return 0;
	if (rc != ERROR_CHILD)
		return error_set(err, rc, "%s", problem.text);
	if (count == 1) {
		log_warning("a ref is left out: it cannot be fetched",
			    LOG_S("ref", wanted->refs[first]), LOG_E(&problem));
		return 0;
	}
	rc = fetch_each(fetch, wanted, first, count / 2);
	return rc == 0 ? fetch_each(fetch, wanted, first + count / 2, count - count / 2)
		       : rc;
}

static bool tells(const char *listing, const char *ref)
{
	size_t length = strlen(ref);

	for (const char *at = strstr(listing, ref); at; at = strstr(at + 1, ref))
		if (at != listing && at[-1] == '\t' && at[length] == '\n')
			return true;
	return false;
}

/* Leaves those that the remote has. */
static int drop_absent(struct fetch *fetch, struct wanted *wanted)
{
	struct spawn_result result;
	size_t kept = 0;

	begin_git(fetch);
	add_argument(fetch, "ls-remote");
	add_argument(fetch, "--refs");
	add_argument(fetch, "--end-of-options");
	add_argument(fetch, fetch->request->url);
	int rc = run_git(fetch, NULL, &result);
	for (size_t i = 0; rc == 0 && i < wanted->count; i++)
		if (tells(result.output.data, wanted->refs[i]))
			wanted->refs[kept++] = wanted->refs[i];
	if (rc == 0)
		wanted->count = kept;
	spawn_result_release(&result);
	return rc;
}

/* What cannot be had is missing when a merge is made of it, and said there. */
static int fetch_wanted(struct fetch *fetch)
{
	struct wanted wanted = { .attempts = WANTED_ATTEMPTS };
	struct error problem = ERROR_INIT;
	struct error *err = fetch->err;

	if (fetch->request->wanted_refs.count == 0)
		return 0;
	int rc = check_wanted(fetch, &wanted);
	if (rc != 0)
		return rc;
	fetch->err = &problem;
	rc = try_wanted(fetch, wanted.refs, wanted.count);
	fetch->err = err;
	if (rc != ERROR_CHILD)
		return rc == 0 ? 0 : error_set(err, rc, "%s", problem.text);
	rc = drop_absent(fetch, &wanted);
	if (rc == 0)
		rc = fetch_each(fetch, &wanted, 0, wanted.count);
	if (rc != ERROR_LIMIT)
		return rc;
	log_warning("refs of merge requests are left out", LOG_E(err));
	error_clear(err);
	return 0;
}

/* Without them those signatures are refused, and it is said why. */
static void bring_proofs(const struct fetch *fetch)
{
	const struct msg_fetch *request = fetch->request;
	struct error problem = ERROR_INIT;

	if (request->is_local &&
	    fetch_proofs(request->url, request->mirror, &problem) != 0)
		log_warning("stored log entries are left out", LOG_E(&problem));
}

/* As above: a log that cannot be asked stops no fetch. */
static void begin_log(struct fetch *fetch)
{
	struct error problem = ERROR_INIT;

	if (fetch_log_begin(&fetch->log, fetch->request, &problem) != 0)
		log_warning("the log is not asked", LOG_E(&problem));
}

/* The branch that HEAD names at the source: read in place when it is local, asked
 * otherwise. */
static int find_head(struct fetch *fetch, const char **head)
{
	const struct msg_fetch *request = fetch->request;
	struct spawn_result result;
	struct repo *repo = NULL;
	char *name = NULL;

	*head = NULL;
	if (request->is_local) {
		if (repo_open(&repo, request->url, NULL, NULL) == 0 &&
		    repo_head(repo, &name, NULL) == 0)
			*head = arena_string(fetch->arena, name);
		free(name);
		repo_close(repo);
		return 0;
	}
	begin_git(fetch);
	add_argument(fetch, "ls-remote");
	add_argument(fetch, "--symref");
	add_argument(fetch, "--end-of-options");
	add_argument(fetch, request->url);
	add_argument(fetch, "HEAD");
	int rc = run_git(fetch, NULL, &result);
	if (rc == 0 && text_starts_with(result.output.data, "ref: ")) {
		const char *start = result.output.data + 5;
		*head = arena_copy(fetch->arena, start, strcspn(start, "\t\n"));
	}
	spawn_result_release(&result);
	return rc;
}

struct sender {
	struct channel *channel;
	struct error *err;
};

static int send_ref(void *data, const char *name, const struct oid *id)
{
	struct sender *sender = data;
	struct msg_ref_row row = { .ref = name, .tip = *id };

	/* Records of signed pushes are for the judge, who looks for himself. */
	if (!text_starts_with(name, "refs/") || text_starts_with(name, "refs/gitgate/"))
		return 0;
	/* Neither told nor stored, so neither judged nor deployed; one name must not
	 * stop all other refs. */
	if (!text_is_utf8(name, strlen(name))) {
		log_warning("a ref is left out: its name is not UTF-8",
			    LOG_S("ref", name));
		return 0;
	}
	return channel_send(sender->channel, MESSAGE_ref_row, &row, NULL, 0,
			    sender->err);
}

static int send_refs(struct fetch *fetch, struct channel *channel)
{
	struct sender sender = { channel, fetch->err };
	struct repo *repo = NULL;

	int rc = repo_open(&repo, fetch->request->mirror, NULL, fetch->err);
	if (rc == 0)
		rc = repo_each_ref(repo, send_ref, &sender, fetch->err);
	repo_close(repo);
	return rc;
}

/* Where judges have merges made. What is old was left by one that was killed. */
static int tend_scratch(struct fetch *fetch)
{
	const char *path =
		arena_printf(fetch->arena, "%s/scratch", fetch->request->mirror);
	int rc = path ? path_make_directories(path, 0700, fetch->err)
		      : error_set(fetch->err, ERROR_MEMORY, "out of memory");
	int directory = -1;

	if (rc == 0) {
		directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (directory < 0)
			rc = error_set_errno(fetch->err, errno, "cannot open '%s'",
					     path);
	}
	DIR *stream = directory >= 0 ? fdopendir(directory) : NULL;
	if (!stream) {
		fd_close(&directory);
		return rc != 0 ? rc
			       : error_set(fetch->err, ERROR_MEMORY, "out of memory");
	}
	int64_t before = clock_now() / CLOCK_SECOND - SCRATCH_SECONDS;
	for (const struct dirent *entry; (entry = readdir(stream));) {
		struct stat status;
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) ==
			    0 &&
		    status.st_mtime < before)
			path_remove_tree(directory, entry->d_name, NULL);
	}
	closedir(stream);
	return 0;
}

static int work(struct fetch *fetch, struct channel *channel,
		struct msg_fetched *result)
{
	const char **head = &result->head;
	int rc = prepare(fetch);

	if (rc == 0)
		rc = make_mirror(fetch);
	if (rc == 0)
		rc = tend_scratch(fetch);
	if (rc == 0)
		begin_log(fetch);
	if (rc == 0)
		rc = fetch_refs(fetch);
	if (rc == 0)
		rc = fetch_wanted(fetch);
	if (rc == 0)
		bring_proofs(fetch);
	if (rc == 0)
		rc = find_head(fetch, head);
	if (*head && !text_is_utf8(*head, strlen(*head)))
		*head = NULL;
	if (rc == 0)
		fetch_log_end(fetch->log, result);
	if (rc == 0)
		rc = send_refs(fetch, channel);
	return rc;
}

/* git that was killed leaves locks, which would stop every later fetch, and parts of
 * packs. Nobody else works in the mirror, so they are nobody's. */
static int remove_leftover(const char *path, const struct stat *status, int kind,
			   struct FTW *where)
{
	const char *name = path + where->base;
	(void)status;

	if (kind == FTW_DP && text_starts_with(name, "tmp_objdir-"))
		rmdir(path);
	else if (kind != FTW_DP &&
		 (text_ends_with(name, ".lock") || text_starts_with(name, "tmp_") ||
		  strstr(path, "/objects/tmp_objdir-")))
		unlink(path);
	return 0;
}

static int remove_private(const char *mirror, struct error *err)
{
	int directory FD_CLOSING = open(mirror, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return error_set_errno(err, errno, "cannot open '%s'", mirror);
	return path_remove_tree(directory, "gitgate", err);
}

/* A private directory beneath the mirror; what an earlier job left there goes away
 * first. */
static int make_private(struct fetch *fetch)
{
	const char *mirror = fetch->request->mirror;

	fetch->private = arena_printf(fetch->arena, "%s/gitgate", mirror);
	int rc = path_make_directories(mirror, 0700, fetch->err);
	fetch->interrupted = fetch->private && path_exists(fetch->private);
	if (rc == 0 && fetch->interrupted)
		nftw(mirror, remove_leftover, WALK_FDS, FTW_PHYS | FTW_DEPTH);
	if (rc == 0)
		rc = remove_private(mirror, fetch->err);
	if (rc == 0 && mkdir(fetch->private, 0700) != 0)
		rc = error_set_errno(fetch->err, errno, "cannot make '%s'",
				     fetch->private);
	return rc;
}

int job_fetch(struct channel *channel)
{
	struct error err = ERROR_INIT;
	struct fetch fetch = { .arena = arena_new(FETCH_ARENA_BYTES), .err = &err };
	enum message_type type;
	void *request = NULL;
	struct msg_fetched result = { .code = 0 };

	if (!fetch.arena ||
	    channel_receive(channel, fetch.arena, &type, &request, NULL, &err) != 1 ||
	    type != MESSAGE_fetch) {
		arena_free(fetch.arena);
		return 1;
	}
	fetch.request = request;
	int rc = make_private(&fetch);
	if (rc == 0)
		rc = work(&fetch, channel, &result);
	if (fetch.private)
		remove_private(fetch.request->mirror, NULL);
	result.code = rc;
	result.text = rc == 0 ? NULL : err.text;
	rc = channel_send(channel, MESSAGE_fetched, &result, NULL, 0, NULL);
	fetch_log_free(fetch.log);
	arena_free(fetch.arena);
	return rc == 0 ? 0 : 1;
}
