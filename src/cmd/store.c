/* cmd/store.c - `gitgate store`: backup, restore, check. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/service.h"
#include "conf/config.h"

#define BACKUP_TIMEOUT (30 * 60 * CLOCK_SECOND)
#define BLOCK_BYTES    65536

struct care {
	const char *config_file;
	const char *socket;
	const char *file;
	struct config *config;
	struct service service;
	bool running;
};

/* Whether the service runs; reads the configuration. */
static int look(struct care *care, struct error *err)
{
	struct error silence = ERROR_INIT;

	int rc = config_load(&care->config, care->config_file, err);
	if (rc != 0)
		return rc;
	const char *socket = care->socket ? care->socket : care->config->server.socket;
	rc = service_open(&care->service, socket, care->config_file, false, &silence);
	care->running = rc == 0;
	if (rc != 0 && rc != ERROR_NOT_FOUND)
		return error_set(err, rc, "%s", silence.text);
	return 0;
}

static int refuse_existing(const char *file, struct error *err)
{
	struct stat status;

	if (lstat(file, &status) == 0)
		return error_set(err, ERROR_EXISTS,
				 "'%s' exists; a backup overwrites nothing", file);
	return 0;
}

/* --- backup --- */

static int copy_bytes(int from, int to, const char *name, struct error *err)
{
	char *block = malloc(BLOCK_BYTES);
	ssize_t got = 0;
	int rc = block ? 0 : error_set(err, ERROR_MEMORY, "out of memory");

	while (rc == 0 && (got = read(from, block, BLOCK_BYTES)) != 0) {
		if (got > 0)
			rc = fd_write_all(to, block, (size_t)got, err);
		else if (errno != EINTR)
			rc = error_set_errno(err, errno, "cannot read '%s'", name);
	}
	free(block);
	return rc;
}

/* To another file system: a copy that is whole or not there. */
static int copy_file(const char *from, const char *to, struct error *err)
{
	int input FD_CLOSING = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (input < 0)
		return error_set_errno(err, errno, "cannot read '%s'", from);
	int output FD_CLOSING = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (output < 0)
		return error_set_errno(err, errno, "cannot make '%s'", to);
	int rc = copy_bytes(input, output, from, err);
	if (rc == 0)
		rc = fd_sync(output, to, err);
	if (rc != 0)
		unlink(to);
	return rc;
}

/* Takes the copy that the service made, which stands beside its store. */
static int take_copy(const char *copy, const char *file, struct error *err)
{
	int rc = 0;

	if (link(copy, file) != 0) {
		if (errno == EEXIST)
			return refuse_existing(file, err);
		rc = copy_file(copy, file, err);
	}
	if (rc != 0)
		return error_context(err, "the copy is whole, in '%s'", copy);
	if (unlink(copy) != 0)
		return error_set_errno(err, errno, "cannot remove '%s'", copy);
	return 0;
}

static int backup_running(struct care *care, struct error *err)
{
	const struct node *answer;

	int rc = service_post(&care->service, "/api/v1/backup", NULL, BACKUP_TIMEOUT,
			      &answer, err);
	if (rc != 0)
		return rc;
	const char *copy = row_text(answer, "text");
	if (!copy)
		return error_set(err, ERROR_INTERNAL,
				 "the service did not say where its copy is");
	return take_copy(copy, care->file, err);
}

static int backup_stopped(const struct care *care, struct error *err)
{
	struct store_backup *progress = NULL;
	struct store *store = NULL;

	int rc = store_open(&store, care->config->server.store, STORE_EXISTING, err);
	if (rc != 0)
		return rc;
	do {
		rc = store_backup_step(store, care->file, &progress, err);
	} while (rc == 1);
	store_backup_free(progress);
	store_close(store);
	return rc;
}

static int backup(struct care *care, struct error *err)
{
	int rc = refuse_existing(care->file, err);

	if (rc == 0)
		rc = care->running ? backup_running(care, err)
				   : backup_stopped(care, err);
	if (rc == 0)
		printf("the store is copied\n");
	return rc;
}

/* --- restore and check --- */

static int restore(struct care *care, struct error *err)
{
	if (care->running)
		return error_set(err, ERROR_BUSY,
				 "the service is running: stop it, then restore");
	int rc = store_restore(care->config->server.store, care->file, err);
	if (rc == 0)
		printf("restored; the store that was there has the ending "
		       ".before-restore\n");
	return rc;
}

static void print_problem(void *data, const char *problem)
{
	struct buf line = BUF_INIT(65536);

	(void)data;
	text_escape_string(&line, problem);
	printf("%s\n", line.data);
	buf_release(&line);
}

static int check(struct care *care, struct error *err)
{
	struct store *store = NULL;
	uint64_t records = 0;

	if (care->running)
		return error_set(err, ERROR_BUSY,
				 "the service is running and has the store for itself: "
				 "stop it, or check a backup with --file");
	const char *location = care->file ? care->file : care->config->server.store;
	int rc = store_open(&store, location, STORE_READ_ONLY, err);
	if (rc != 0)
		return rc;
	rc = store_check(store, print_problem, NULL, err);
	int ledger = store_ledger_check(store, &records, rc < 0 ? NULL : err);
	store_close(store);
	if (rc < 0)
		return rc;
	if (ledger != 0)
		return ledger;
	if (rc > 0)
		return error_set(err, ERROR_STORE_DAMAGED, "'%s' has %d problems",
				 location, rc);
	printf("the store is sound; its ledger has %llu records\n",
	       (unsigned long long)records);
	return 0;
}

/* --- the command --- */

static const struct {
	const char *name;
	int operands; /* FILE */
	int (*run)(struct care *care, struct error *err);
} verbs[] = {
	{ "backup", 1, backup },
	{ "restore", 1, restore },
	{ "check", 0, check },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int run(struct care *care, size_t verb)
{
	struct error err = ERROR_INIT;

	int rc = 0;
	/* A backup can be checked while the service runs and without a configuration.
	 */
	bool alone = verbs[verb].run == check && care->file;
	if (!alone)
		rc = look(care, &err);
	if (rc == 0)
		rc = verbs[verb].run(care, &err);
	service_close(&care->service);
	config_free(care->config);
	return rc == 0 ? 0 : cmd_fail(&err);
}

int cmd_store(int argc, char **argv)
{
	struct care care = { .config_file = CMD_CONFIG_FILE };
	const struct cmd_option options[] = {
		{ "file", 0, "FILE", "check: this backup, not the store", &care.file,
		  NULL },
		{ "config", 'c', "FILE", "the configuration (" CMD_CONFIG_FILE ")",
		  &care.config_file, NULL },
		{ "socket", 0, "PATH", "the service's local socket", &care.socket,
		  NULL },
	};
	const char *names[VERBS];
	int operands;

	int rc = cmd_parse(argc, argv, "store", options, 3, &operands);
	if (rc != 0)
		return rc - 1;
	const char *word = operands < argc ? argv[operands] : "";
	int rest = argc - operands - 1;
	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(word, verbs[i].name) != 0)
			continue;
		if (rest != verbs[i].operands || (care.file && verbs[i].operands))
			return cmd_usage("store",
					 verbs[i].operands ? "%s takes one FILE"
							   : "%s takes no operand",
					 word);
		if (verbs[i].operands)
			care.file = argv[operands + 1];
		return run(&care, i);
	}
	const char *nearest = text_nearest(word, names, VERBS);
	return nearest ? cmd_usage("store", "unknown '%s'; did you mean '%s'?", word,
				   nearest)
		       : cmd_usage("store", "backup FILE, restore FILE or check");
}
